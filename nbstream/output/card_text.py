"""The card of a tool call as Markdown and as lines of text, in the order and words of its HTML."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from nbstream.markdown.parser import unix_lines
from nbstream.model.printable import printable
from nbstream.output import call_words, lengths
from nbstream.output.call_values import asked_arguments, used_arguments
from nbstream.output.markdown_text import fenced, folded, literal, quoted

if TYPE_CHECKING:
    from nbstream.model.tool_call import ToolCall
    from nbstream.model.tool_result import Shown, ToolOutcome
    from nbstream.output.call_values import Argument, Arguments

_INDENT = "    "
#: A longer text is cut to so many lines, each of so many characters, and a table to so many rows.
_LINES, _WIDTH, _ROWS = 8, 400, 8


def card_markdown(call: ToolCall, *, ended: bool = False) -> str:
    """Return the card of a call as Markdown, in a quote; `ended` is as for `cards.card_html`."""
    words = " · ".join([f"**{literal(call_words.name(call))}**", *map(literal, call_words.head(call, ended=ended))])
    whole = call_words.shows_all(call, ended=ended)
    parts = [words, _arguments_markdown(used_arguments(call), whole=whole)]
    if call.edited is not None:
        asked = _arguments_markdown(asked_arguments(call), whole=whole) or "none"
        parts.append(folded(call_words.WRITTEN, asked))
    printed = call_words.printed_text(call.printed)
    parts.append(_block_markdown("Printed", printed, last=True) if printed.strip() else "")
    if call.outcome is not None:
        parts += _outcome_markdown(call, call.outcome)
    return quoted("\n\n".join(filter(None, parts)))


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
        lines += _indented([f"{call_words.WRITTEN}:", *_indented(_argument_lines(asked_arguments(call), whole=whole))])
    printed = call_words.printed_text(call.printed)
    if printed.strip():
        lines += _indented(["Printed:", *_indented(_cut(printed, whole=whole))])
    if call.outcome is not None:
        lines += _indented(_outcome_lines(call, call.outcome, whole=whole))
    return lines


def _arguments_markdown(arguments: Arguments, *, whole: bool) -> str:
    if arguments.named:
        return "\n".join(_argument_markdown(each, whole=whole) for each in arguments.named)
    return fenced(arguments.text if whole else lengths.kept(arguments.text)) if arguments.text else ""


def _argument_markdown(argument: Argument, *, whole: bool) -> str:
    text, change = argument.value.text, f" ({argument.change})" if argument.change else ""
    name = f"- {literal(' '.join(argument.name.split()))}{change}:"
    if lengths.is_line(text):
        return f"{name} {literal(text)}"
    block = fenced(text if whole else lengths.kept(text), "json" if argument.value.is_json else "")
    return f"{name}\n\n" + "\n".join(f"  {line}" if line else "" for line in block.split("\n")) + "\n"


def _outcome_markdown(call: ToolCall, outcome: ToolOutcome) -> list[str]:
    parts = [f"**{literal(lengths.line(outcome.error))}**"] if outcome.error.strip() else []
    parts += [fenced(outcome.traceback)] if outcome.traceback.strip() else []
    parts += [_shown_markdown(each) for each in outcome.shown]
    parts += [note] if (note := call_words.not_shown(outcome)) else []
    if call_words.shows_content(outcome):
        label, text = call_words.result_label(call, outcome), outcome.content
        note = lengths.left_out(outcome.left_out)
        parts.append(_block_markdown(label, text, note))
    return parts


def _block_markdown(label: str, text: str, note: str = "", *, last: bool = False) -> str:
    if lengths.is_preview(text):
        return f"{label}: {literal(lengths.line(text))}"
    block = fenced(text)
    if lengths.is_short(text) and not note:
        return f"{label}:\n\n{block}" if label else block
    return folded(escape(lengths.summary(label, text, note, last=last)), block)


def _shown_markdown(shown: Shown) -> str:
    caption = literal(call_words.caption(shown))
    match shown.kind:
        case "table":
            body = _table_markdown(shown)
        case "image":
            # Its bytes are in the HTML; not every program that converts Markdown takes them.
            body = f"\\[{literal(lengths.line(shown.media_type))}, not shown here\\]"
        case kind:
            language = kind if kind == "json" else ""
            block = fenced(shown.text, language)
            body = block if lengths.is_short(shown.text) else folded(escape(lengths.summary("", shown.text)), block)
    return "\n\n".join(filter(None, [caption, body]))


def _table_markdown(shown: Shown) -> str:
    rules = ["--:" if numeric else ":--" for numeric in (*shown.numeric, *[False] * len(shown.columns))]
    rows = [shown.columns, *shown.rows]
    lines = [f"| {' | '.join(literal(lengths.line(cell)) for cell in row)} |" for row in rows]
    return "\n".join([lines[0], f"|{'|'.join(rules[: len(shown.columns)])}|", *lines[1:]])


def _argument_lines(arguments: Arguments, *, whole: bool) -> list[str]:
    if not arguments.named:
        return _cut(arguments.text, whole=whole) if arguments.text else []
    lines = []
    for argument in arguments.named:
        change = f" ({argument.change})" if argument.change else ""
        name = f"{' '.join(argument.name.split())}{change}:"
        first, *rest = _cut(argument.value.text, whole=whole)
        lines += [f"{name} {first}"] if not rest else [name, *_indented([first, *rest])]
    return lines


def _outcome_lines(call: ToolCall, outcome: ToolOutcome, *, whole: bool) -> list[str]:
    lines = [lengths.line(outcome.error)] if outcome.error.strip() else []
    lines += _cut(outcome.traceback, whole=whole) if outcome.traceback.strip() else []
    for shown in outcome.shown:
        lines += _shown_lines(shown)
    lines += [note] if (note := call_words.not_shown(outcome)) else []
    if call_words.shows_content(outcome):
        label, text = call_words.result_label(call, outcome), outcome.content
        first, *rest = _cut(text, whole=whole)
        lines += [f"{label}: {first}"] if not rest else [f"{label}:", *_indented([first, *rest])]
        lines += [note] if (note := lengths.left_out(outcome.left_out)) else []
    return lines


def _shown_lines(shown: Shown) -> list[str]:
    caption = call_words.caption(shown) or {"image": "An image", "table": "A table"}.get(shown.kind, "Shown")
    if shown.origin == "returned" and shown.kind != "table":
        # The text that the model reads says the same.
        return [caption] if shown.kind == "image" else []
    if shown.kind == "image":
        return [caption]
    if shown.kind == "table":
        return [f"{caption}:", *_indented(_table_lines(shown))]
    return [f"{caption}:", *_indented(_cut(shown.text, whole=False))]


def _table_lines(shown: Shown) -> list[str]:
    from nbstream.output.tables import Table  # noqa: PLC0415  (only where it is used)

    numbers = frozenset(at for at, numeric in enumerate(shown.numeric) if numeric)
    lines = Table("", shown.columns, shown.rows[:_ROWS], numbers).text().split("\n")
    more = len(shown.rows) - _ROWS
    return [*lines, *([f"… {more:,} more rows"] if more > 0 else [])]


def _cut(text: str, *, whole: bool) -> list[str]:
    """Return the lines of a text; of a long one the first ones, and how many more there are."""
    lines = printable(unix_lines(text)).strip("\n").split("\n")
    if whole:
        return lines
    shown = [line if len(line) <= _WIDTH else f"{line[:_WIDTH]}… ({len(line):,} characters)" for line in lines[:_LINES]]
    more = len(lines) - len(shown)
    return [*shown, f"… {more:,} more {'line' if more == 1 else 'lines'}"] if more else shown


def _indented(lines: list[str]) -> list[str]:
    return [f"{_INDENT}{line}" for line in lines]
