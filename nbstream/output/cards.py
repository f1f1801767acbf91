"""The card of a tool call as HTML: what the model asked for, who decided, and what came of it.

The live view and the settled output show the same card. Everything in it is untrusted: a model
wrote the name and the arguments, and a tool the rest. It is escaped text; the only element that
shows anything else is an image of one of four types, as a data URL. As in all settled output,
structure alone carries a card, and tags that an export shows as text have no attributes.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from nbstream.language import _
from nbstream.markdown.highlight import highlight
from nbstream.markdown.html import code_block
from nbstream.model.printable import printable
from nbstream.output import call_words, lengths
from nbstream.output.call_values import asked_arguments, used_arguments

if TYPE_CHECKING:
    from nbstream.model.tool_call import ToolCall
    from nbstream.model.tool_result import Shown, ToolOutcome
    from nbstream.output.call_values import Argument, Arguments, Value

#: The types of images; each may be shown where its bytes are in the page.
IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]*={0,2}\s*", re.ASCII)

_AS_MARKDOWN = "jp-RenderedHTMLCommon jp-RenderedMarkdown"
_QUIET = "opacity:.72"
_SMALL = f"{_QUIET};font-size:.93em"
#: The start tag of a card.
ROOT = (
    f'<div class="nbstream-card {_AS_MARKDOWN}" style="border:1px solid rgba(128,128,128,.3);border-radius:3px;'
    'margin:.5em 0 .8em;padding:.45em .8em;overflow-wrap:break-word">'
)
# The page looks as much into a tool's results as into the answer: what is long scrolls in its box.
_BOX = "max-height:24em;overflow:auto"
_PRE = f'<pre style="margin:0;padding:0;background:none;white-space:pre-wrap;{_BOX}">'
# Notebooks give the font of code to this element, within a `pre` as well.
_IN_PRE = '<code style="background:none;padding:0;white-space:pre-wrap">'
_CELL = "text-align:left;vertical-align:top;padding:.1em 1.2em .1em 0;white-space:normal"
_TABLE = '<table style="margin:.25em 0;border:none;border-collapse:collapse">'
_ROW = '<tr style="background:none">'
# JupyterLab's sanitised export shows the tag of an image as text, with all of its bytes. It drops
# styles and keeps classes: these two of JupyterLab hide the text there, and nothing elsewhere.
_FRAME = '<span class="lm-Widget lm-mod-hidden" style="display:block !important;overflow:visible">'
_FITTING = "max-width:100%;height:auto"
_DETAIL = '<div style="margin:.3em 0 0">'


def card_html(call: ToolCall, *, ended: bool = False) -> str:
    """Return the card of a tool call. The live view draws its three parts apart.

    Args:
        call: the call.
        ended: whether the reply has ended, so that nothing more comes of the call.
    """
    parts = [head_html(call, ended=ended), call_arguments_html(call, ended=ended), results_html(call)]
    return "\n".join([ROOT, *filter(None, parts), "</div>"])


def head_html(call: ToolCall, *, ended: bool) -> str:
    """Return the first part of a card: the tool's name, and how far the call is."""
    words = "".join(f" · {escape(each)}" for each in call_words.head(call, ended=ended))
    name = f'<strong><code dir="ltr">{escape(call_words.name(call))}</code></strong>'
    return (
        f'<div class="nbstream-card-head" style="margin:0">{name}'
        f'<span class="nbstream-card-state" style="{_SMALL}">{words}</span></div>'
    )


def call_arguments_html(call: ToolCall, *, ended: bool) -> str:
    """Return the second part of a card: with what the tool runs, and what the model wanted."""
    whole = call_words.shows_all(call, ended=ended)
    html = arguments_html(used_arguments(call), whole=whole)
    if call.edited is None:
        return html
    asked = arguments_html(asked_arguments(call), whole=whole) or f"<div>{_('none')}</div>"
    return f'{html}<div style="margin:0">{_details(_(call_words.WRITTEN), asked)}</div>'


def results_html(call: ToolCall) -> str:
    """Return the last part of a card: what was printed, and what came of the call."""
    printed = call_words.printed_text(call.printed)
    html = _text_html(_("Printed"), printed, last=True) if printed.strip() else ""
    return html if call.outcome is None else html + _outcome_html(call, call.outcome)


def arguments_html(arguments: Arguments, *, whole: bool) -> str:
    """Return arguments as a table, or as the text that they are."""
    if arguments.named:
        rows = "".join(_row(each, whole=whole) for each in arguments.named)
        return f'<div style="margin:0;overflow-x:auto">{_TABLE}{rows}</table></div>'
    if not arguments.text:
        return ""
    note = _("{left_out:,} characters before it", left_out=arguments.left_out) if arguments.left_out else ""
    text = arguments.text if whole else lengths.kept(arguments.text)
    return (f'<div style="{_SMALL}">{note}</div>' if note else "") + f'<div style="margin:0">{_pre(text)}</div>'


def _row(argument: Argument, *, whole: bool) -> str:
    change = f' <em style="{_SMALL}">{argument.change}</em>' if argument.change else ""
    name = f'<span style="{_QUIET}">{escape(argument.name)}</span>{change}'
    value = _value_html(argument.value, whole=whole)
    return f'{_ROW}<td style="{_CELL}">{name}</td><td style="{_CELL}">{value}</td></tr>'


def _value_html(value: Value, *, whole: bool) -> str:
    text = value.text
    if lengths.is_line(text):
        return f"<code>{escape(text)}</code>" if value.is_json else f'<span dir="auto">{escape(text)}</span>'
    if whole or lengths.is_short(text):
        return _pre(text)
    return _details(lengths.summary("", text), _pre(lengths.kept(text)))


def _outcome_html(call: ToolCall, outcome: ToolOutcome) -> str:
    parts = []
    if outcome.error:
        parts.append(f"<div><strong>{escape(printable(outcome.error))}</strong></div>")
    if outcome.traceback.strip():
        parts.append(_pre(printable(outcome.traceback)))
    parts += [_shown_html(each) for each in call_words.shown_values(outcome)]
    if note := call_words.not_shown(outcome):
        parts.append(f'<div style="{_SMALL}">{note}</div>')
    if call_words.shows_content(outcome):
        parts.append(_content_html(call, outcome))
    return "".join(f"{_DETAIL}{part}</div>" for part in parts)


def _content_html(call: ToolCall, outcome: ToolOutcome) -> str:
    is_shown = call_words.shows_result(outcome)
    label, text = call_words.result_label(call, outcome, is_shown=is_shown), printable(outcome.content)
    if lengths.is_preview(text):
        return _line(label, text)
    if outcome.outcome != "done" and lengths.is_short(text):
        # What is wrong with a call is seen at once.
        return _text_html(label, text)
    return _details(lengths.summary(label, text, lengths.left_out(outcome.left_out)), _pre(text))


def _shown_html(shown: Shown) -> str:
    caption = call_words.caption(shown)
    head = f'<div style="{_SMALL}">{escape(caption)}</div>' if caption else ""
    match shown.kind:
        case "table":
            return head + _shown_table(shown)
        case "image":
            return head + _image(shown)
        case "json":
            return head + _code(shown.text, "json")
        case _ if shown.language:
            return head + _code(shown.text, shown.language)
        case _:
            return head + _text_html("", printable(shown.text))


def _shown_table(shown: Shown) -> str:
    numeric = [*shown.numeric, *[False] * len(shown.columns)]
    style = "vertical-align:top;padding:.2em .7em;white-space:pre-wrap;text-align:"
    aligned = [f"{style}{'right' if each else 'left'}" for each in numeric]
    names = [f'<th><span style="display:block;text-align:{"right" if right else "left"}">' for right in numeric]
    head = "".join(
        f"{name}{escape(printable(column))}</span></th>" for name, column in zip(names, shown.columns, strict=False)
    )
    rows = "".join(
        "<tr>"
        + "".join(f'<td style="{at}">{escape(printable(cell))}</td>' for at, cell in zip(aligned, row, strict=False))
        + "</tr>"
        for row in shown.rows
    )
    return f'<div style="{_BOX};overflow-wrap:normal"><table style="margin:.25em 0"><tr>{head}</tr>{rows}</table></div>'


def _image(shown: Shown) -> str:
    """Return an image, if it is one: its bytes are in the page, and nothing is fetched."""
    if shown.media_type not in IMAGES or not _BASE64.fullmatch(shown.data):
        kind = printable(shown.media_type) or _("unknown")
        return f"<div>{escape(_('An image of the type {kind} is not shown.', kind=kind))}</div>"
    data = "".join(shown.data.split())
    alt = escape(call_words.caption(shown) or _("An image that the tool returned"))
    return f'{_FRAME}<img alt="{alt}" src="data:{shown.media_type};base64,{data}" style="{_FITTING}"></span>'


def _code(text: str, language: str) -> str:
    code = f'<div style="{_BOX}">{code_block(highlight(text, language), "")}</div>'
    return code if lengths.is_short(text) else _details(lengths.summary("", printable(text)), code)


def _text_html(label: str, text: str, *, last: bool = False) -> str:
    """Return a text; folded if it is long, with its first line, or its last one, to be seen."""
    if label and lengths.is_preview(text):
        return f"{_DETAIL}{_line(label, text)}</div>"
    block = _pre(printable(text))
    if not lengths.is_short(text):
        return _DETAIL + _details(lengths.summary(label, printable(text), last=last), block) + "</div>"
    head = f'<div style="{_SMALL}">{_("{label}:", label=label)}</div>' if label else ""
    return f"{_DETAIL}{head}{block}</div>"


def _line(label: str, text: str) -> str:
    head = f'<span style="{_SMALL}">{_("{label}:", label=label)}</span>'
    return f'{head} <span dir="auto">{escape(lengths.line(text))}</span>'


def _pre(text: str) -> str:
    return f"{_PRE}{_IN_PRE}{escape(text)}</code></pre>"


def _details(summary: str, html: str) -> str:
    return f'<details><summary><span style="{_SMALL};cursor:pointer">{escape(summary)}</span></summary>{html}</details>'
