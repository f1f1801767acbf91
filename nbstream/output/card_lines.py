"""The card of a tool call as lines of text, in the order and words of its HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.language import _, plural
from nbstream.model.printable import printable
from nbstream.output import call_words, lengths
from nbstream.output.call_values import asked_arguments, used_arguments
from nbstream.output.tables import Table

if TYPE_CHECKING:
    from nbstream.model.tool_call import ToolCall
    from nbstream.model.tool_result import Shown, ToolOutcome
    from nbstream.output.call_values import Arguments

_INDENT = "    "
#: A longer text is cut to so many lines, each of so many characters, and a table to so many rows.
_LINES, _WIDTH, _ROWS = 8, 400, 8


def card_lines(call: ToolCall, *, ended: bool = False, whole: bool = False) -> list[str]:
    """Return the card of a call as lines of text, for a terminal.

    Args:
        call: the call.
        ended: as for `cards.card_html`.
        whole: whether long texts are not cut, as in a question.
    """
    lines = [" · ".join([call_words.name(call), *call_words.head(call, ended=ended)])]
    lines += _indented(_argument_lines(used_arguments(call), whole=whole))
    if call.edited is not None:
        lines += _indented(
            [
                _("{label}:", label=_(call_words.WRITTEN)),
                *_indented(_argument_lines(asked_arguments(call), whole=whole)),
            ]
        )
    printed = call_words.printed_text(call.printed)
    if printed.strip():
        lines += _indented(_labelled(_("Printed"), _cut(printed, whole=whole)))
    if call.outcome is not None:
        lines += _indented(_outcome_lines(call, call.outcome, whole=whole))
    return lines


def _argument_lines(arguments: Arguments, *, whole: bool) -> list[str]:
    if not arguments.named:
        return _cut(arguments.text, whole=whole) if arguments.text else []
    lines = []
    for argument in arguments.named:
        change = f" ({argument.change})" if argument.change else ""
        name = f"{' '.join(argument.name.split())}{change}"
        lines += _labelled(name, _cut(argument.value.text, whole=whole))
    return lines


def _outcome_lines(call: ToolCall, outcome: ToolOutcome, *, whole: bool) -> list[str]:
    lines = [lengths.line(outcome.error)] if outcome.error.strip() else []
    lines += _cut(outcome.traceback, whole=whole) if outcome.traceback.strip() else []
    for shown in outcome.shown:
        lines += _shown_lines(shown)
    lines += [note] if (note := call_words.not_shown(outcome)) else []
    if outcome.outcome == "done" or call_words.shows_content(outcome):
        is_shown = any(each.origin == "returned" and each.kind in ("table", "image") for each in outcome.shown)
        label = call_words.result_label(call, outcome, is_shown=is_shown)
        lines += _labelled(label, _cut(outcome.content, whole=whole))
        lines += [note] if (note := lengths.left_out(outcome.left_out)) else []
    return lines


def _shown_lines(shown: Shown) -> list[str]:
    caption = call_words.caption(shown) or _kind(shown.kind)
    if shown.origin == "returned" and shown.kind != "table":
        # The text that the model reads says the same.
        return [caption] if shown.kind == "image" else []
    if shown.kind == "image":
        return [caption]
    if shown.kind == "table":
        return [_("{label}:", label=caption), *_indented(_table_lines(shown))]
    return [_("{label}:", label=caption), *_indented(_cut(shown.text, whole=False))]


def _kind(kind: str) -> str:
    return {"image": _("An image"), "table": _("A table")}.get(kind, _("Shown"))


def _table_lines(shown: Shown) -> list[str]:
    numbers = frozenset(at for at, numeric in enumerate(shown.numeric) if numeric)
    lines = Table("", shown.columns, shown.rows[:_ROWS], numbers).text().split("\n")
    more = len(shown.rows) - _ROWS
    return [*lines, *([_("… {more:,} more rows", more=more)] if more > 0 else [])]


def _cut(text: str, *, whole: bool) -> list[str]:
    """Return the lines of a text; of a long one the first ones, and how many more there are."""
    lines = printable(text.replace("\r\n", "\n").replace("\r", "\n")).strip("\n").split("\n")
    if whole:
        return lines
    shown = [
        line if len(line) <= _WIDTH else _("{line}… ({count:,} characters)", line=line[:_WIDTH], count=len(line))
        for line in lines[:_LINES]
    ]
    more = len(lines) - len(shown)
    return [*shown, plural("… {n:,} more line", "… {n:,} more lines", more)] if more else shown


def _labelled(label: str, lines: list[str]) -> list[str]:
    """Return lines behind a label, or below it if there are several."""
    if len(lines) == 1:
        return [_("{label}: {text}", label=label, text=lines[0])]
    return [_("{label}:", label=label), *_indented(lines)]


def _indented(lines: list[str]) -> list[str]:
    return [f"{_INDENT}{line}" for line in lines]
