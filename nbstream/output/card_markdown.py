"""The card of a tool call as Markdown, in the order and words of its HTML."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from nbstream.language import _
from nbstream.output import call_words, lengths
from nbstream.output.call_values import asked_arguments, used_arguments
from nbstream.output.markdown_text import code, fenced, folded, literal, quoted

if TYPE_CHECKING:
    from nbstream.model.tool_call import ToolCall
    from nbstream.model.tool_result import Shown, ToolOutcome
    from nbstream.output.call_values import Argument, Arguments


def card_markdown(call: ToolCall, *, ended: bool = False) -> str:
    """Return the card of a call as Markdown, in a quote; `ended` is as for `cards.card_html`."""
    words = " · ".join([f"**{literal(call_words.name(call))}**", *map(literal, call_words.head(call, ended=ended))])
    whole = call_words.shows_all(call, ended=ended)
    parts = [words, _arguments_markdown(used_arguments(call), whole=whole)]
    if call.edited is not None:
        asked = _arguments_markdown(asked_arguments(call), whole=whole) or _("none")
        parts.append(folded(_(call_words.WRITTEN), asked))
    printed = call_words.printed_text(call.printed)
    parts.append(_block_markdown(_("Printed"), printed, last=True) if printed.strip() else "")
    if call.outcome is not None:
        parts += _outcome_markdown(call, call.outcome)
    return quoted("\n\n".join(filter(None, parts)))


def _arguments_markdown(arguments: Arguments, *, whole: bool) -> str:
    if arguments.named:
        return "\n".join(_argument_markdown(each, whole=whole) for each in arguments.named)
    return fenced(arguments.text if whole else _kept(arguments.text)) if arguments.text else ""


def _argument_markdown(argument: Argument, *, whole: bool) -> str:
    text, change = argument.value.text, f" ({argument.change})" if argument.change else ""
    name = "- " + _("{label}:", label=f"{literal(' '.join(argument.name.split()))}{change}")
    if lengths.is_line(text):
        return f"{name} {code(text)}"
    block = fenced(text if whole else _kept(text), "json" if argument.value.is_json else "")
    return f"{name}\n\n" + "\n".join(f"  {line}" if line else "" for line in block.split("\n")) + "\n"


def _outcome_markdown(call: ToolCall, outcome: ToolOutcome) -> list[str]:
    parts = [f"**{literal(lengths.line(outcome.error))}**"] if outcome.error.strip() else []
    parts += [fenced(outcome.traceback)] if outcome.traceback.strip() else []
    parts += [_shown_markdown(each) for each in call_words.shown_values(outcome)]
    parts += [note] if (note := call_words.not_shown(outcome)) else []
    if call_words.shows_content(outcome):
        is_shown = call_words.shows_result(outcome)
        label, text = call_words.result_label(call, outcome, is_shown=is_shown), outcome.content
        note = lengths.left_out(outcome.left_out)
        parts.append(_block_markdown(label, text, note))
    return parts


def _block_markdown(label: str, text: str, note: str = "", *, last: bool = False) -> str:
    if lengths.is_preview(text):
        return _("{label}: {text}", label=label, text=code(lengths.line(text)))
    block = fenced(_kept(text))
    if lengths.is_short(text) and not note:
        return _("{label}:", label=label) + f"\n\n{block}" if label else block
    return folded(escape(lengths.summary(label, text, note, last=last)), block)


def _shown_markdown(shown: Shown) -> str:
    caption = literal(call_words.caption(shown))
    match shown.kind:
        case "table":
            body = _table_markdown(shown)
        case "image":
            # Its bytes are in the HTML; not every program that converts Markdown takes them.
            body = "\\[" + _("{kind}, not shown here", kind=literal(lengths.line(shown.media_type))) + "\\]"
        case kind:
            language = kind if kind == "json" else ""
            block = fenced(_kept(shown.text), language)
            body = block if lengths.is_short(shown.text) else folded(escape(lengths.summary("", shown.text)), block)
    return "\n\n".join(filter(None, [caption, body]))


def _table_markdown(shown: Shown) -> str:
    rules = ["--:" if numeric else ":--" for numeric in (*shown.numeric, *[False] * len(shown.columns))]
    rows = [shown.columns, *shown.rows]
    lines = [f"| {' | '.join(literal(lengths.line(cell)) for cell in row)} |" for row in rows]
    return "\n".join([lines[0], f"|{'|'.join(rules[: len(shown.columns)])}|", *lines[1:]])


def _kept(text: str) -> str:
    return lengths.kept(text, lengths.KEPT_IN_MARKDOWN)
