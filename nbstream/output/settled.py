"""The settled output of a reply, which stays in the file: HTML, Markdown and plain text.

It holds no script, no widget state and no request. The HTML must read well where styles, ids and
ARIA are removed (an untrusted notebook, GitHub), so structure alone carries it; its colours are the
page's own, dimmed. JupyterLab's sanitised export shows a `<p>` or a `<summary>` as text, so these
have no attributes: classes and styles are on a div or a span around them or in them. Markdown has
the same order and the same words.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import blake2s
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from nbstream.exchange.actions import actions
from nbstream.markdown.parser import unix_lines
from nbstream.model.presentation import Presentation
from nbstream.model.printable import printable, storable
from nbstream.model.text import utf16_length
from nbstream.output import json_answer, sentences, wording
from nbstream.output.markdown_text import literal
from nbstream.output.steps import (
    answer_html,
    answer_markdown,
    answer_text,
    cards_html,
    cards_markdown,
    cards_text,
    step_html,
    step_markdown,
    step_text,
    thought_html,
    thought_markdown,
)

if TYPE_CHECKING:
    from typing import Any

    from nbstream.markdown.rendering import Renderer
    from nbstream.model.reply import Reply

_DEFAULT = Presentation()
# MathJax typesets dollars in any HTML output, so that "$5 and $6" becomes a formula: these classes
# tell MathJax 3 (Lab, Notebook) and MathJax 2 (nbconvert) to leave the reply alone.
# A long word wraps, as it does live: otherwise the whole reply would scroll. An untrusted notebook
# has no "anywhere".
_ROOT = '<div class="nbstream nbstream-settled {} mathjax_ignore tex2jax_ignore" style="overflow-wrap:break-word">'
_QUIET = "opacity:.72"
_SMALL = f"{_QUIET};font-size:.83em;line-height:1.62"
# The same measures as in the live footer, so that it does not jump when the reply settles. Each
# item begins with its separator; the first one in a line stands outside, where it is cut off. The
# further lines of a long item do not.
_FOOTER = "margin:.15em 0 .3em;overflow:hidden"
_ITEMS = f"{_SMALL};margin-left:-.6em;font-variant-numeric:tabular-nums"
_FIRST_ITEM = '<span style="display:inline-block;padding-left:.6em">'
_SEPARATOR = '<span style="display:inline-block;width:.6em;margin-left:-.6em;white-space:nowrap">·&nbsp;</span>'
_ITEM = f"{_FIRST_ITEM}{_SEPARATOR}"


def bundle(
    reply: Reply, presentation: Presentation, renderer: Renderer | None = None, run_id: str = ""
) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the settled output of a reply, for every front end and export, and its metadata.

    Args:
        reply: the reply.
        presentation: how it is shown.
        renderer: rendered the same texts live, and remembers their HTML.
        run_id: the id of its run, if a page can ask this kernel to go on with the reply.

    Returns:
        The data by MIME type, and what the page needs, below "nbstream". The page copies the
        answer: `{"answer": [start, end], "in": "text/plain"}` says where the model's own text of it
        stands, in UTF-16 code units; `{"answer": text}` is the text, if it stands nowhere. The page
        makes the buttons that go on with a reply, as in a file they would do nothing: `{"again":
        {"run": …, "can": […]}}`. `{"provenance": {…}}` is `reply.to_dict()`, if that was asked for.
    """
    presentation = replace(presentation, has_buttons=bool(run_id) and presentation.has_buttons)
    data = {
        "text/html": settled_html(reply, presentation, renderer),
        "text/markdown": settled_markdown(reply, presentation),
        "text/plain": settled_text(reply, presentation),
    }
    metadata = _place_of_answer(reply, data["text/plain"])
    if run_id and (can := actions(reply)):
        metadata["again"] = {"run": run_id, "can": can}
    if presentation.provenance:
        # The page also copies it into the metadata of the cell.
        metadata["provenance"] = reply.to_dict(prompt=presentation.provenance == "prompt")
    return data, {"nbstream": metadata} if metadata else {}


def _notes(reply: Reply, presentation: Presentation) -> list[str]:
    return sentences.notes(reply, presentation.audience, has_buttons=presentation.has_buttons)


def _footer(reply: Reply, presentation: Presentation) -> list[str]:
    return wording.footer(reply) if presentation.has_footer else []


def _place_of_answer(reply: Reply, text: str) -> dict[str, Any]:
    answer = storable(unix_lines(reply.answer)).strip("\n")
    if reply.request.structure is not None:
        # It stands there with other white space.
        answer = json_answer.code(answer) or answer
    if not answer:
        return {}
    found = text.find(answer)
    if found < 0:
        # It has directional controls, which are replaced in plain text.
        return {"answer": answer}
    start = utf16_length(text[:found])
    return {"answer": [start, start + utf16_length(answer)], "in": "text/plain"}


def settled_html(reply: Reply, presentation: Presentation = _DEFAULT, renderer: Renderer | None = None) -> str:
    """Return the reply as HTML: reasoning, answer, notes, alert, footer.

    Args:
        reply: the reply.
        presentation: how it is shown.
        renderer: as for `bundle`.
    """
    parts = [_ROOT.format(_name(reply))]
    for step, following in pairwise(reply.steps):
        parts.append(step_html(step, presentation, renderer, repeated=following.cause == "again"))
    parts += [
        thought_html(reply, wording.reasoning_display(reply, presentation), renderer),
        answer_html(reply, renderer),
        *cards_html(reply, ended=reply.ended),
    ]
    parts += [
        f'<div class="nbstream-note" style="{_SMALL};margin:.3em 0">{escape(note)}</div>'
        for note in _notes(reply, presentation)
    ]
    if alert := sentences.alert(reply, presentation.audience):
        parts.append(f'<div class="nbstream-alert" style="margin:.3em 0"><strong>{escape(alert)}</strong></div>')
    if items := _footer(reply, presentation):
        parts.append(footer_html(items))
    parts.append("</div>")
    return one_block("\n".join(filter(None, parts)))


def footer_html(items: list[str]) -> str:
    """Return the items of a footer as HTML: one quiet line, which wraps between two items."""
    words = " ".join(f"{_ITEM if at else _FIRST_ITEM}{escape(item)}</span>" for at, item in enumerate(items))
    return f'<div style="{_FOOTER}"><div class="nbstream-footer" style="{_ITEMS}">{words}</div></div>'


def settled_markdown(reply: Reply, presentation: Presentation = _DEFAULT) -> str:
    """Return the reply as Markdown, in the same order and words, for any program to show it."""
    parts = []
    for step, following in pairwise(reply.steps):
        parts += step_markdown(step, presentation, repeated=following.cause == "again")
    parts += thought_markdown(reply, wording.reasoning_display(reply, presentation))
    if answer := answer_markdown(reply):
        parts.append(answer)
    parts += cards_markdown(reply, ended=reply.ended)
    parts += [f"<small>{literal(note)}</small>" for note in _notes(reply, presentation)]
    if alert := sentences.alert(reply, presentation.audience):
        parts.append(f"**{literal(alert)}**")
    if items := _footer(reply, presentation):
        parts.append(f"<small>{literal(' · '.join(items))}</small>")
    return "\n\n".join(parts) + "\n"


def settled_text(reply: Reply, presentation: Presentation = _DEFAULT) -> str:
    """Return the reply as plain text; of reasoning before an answer only how long it took."""
    parts = []
    for step, following in pairwise(reply.steps):
        parts += step_text(step, repeated=following.cause == "again")
    # Without an answer, the reasoning may hold it.
    if wording.stays_open(reply, presentation):
        answer = printable(unix_lines(reply.reasoning)).strip("\n")
    else:
        answer = answer_text(reply)
    notes, alert = (
        _notes(reply, presentation),
        sentences.alert(reply, presentation.audience),
    )
    parts += [wording.thought(reply), answer, *cards_text(reply, ended=reply.ended), *notes, alert]
    parts.append(" · ".join(_footer(reply, presentation)))
    return "\n\n".join(part for part in parts if part)


def _name(reply: Reply) -> str:
    """Return a class by which the page finds the output's data, wherever it shows the HTML."""
    text = f"{reply.reasoning}\0{reply.answer}".encode("utf-8", "surrogatepass")
    return f"nbstream-{blake2s(text, digest_size=5).hexdigest()}"


def one_block(html: str) -> str:
    """Return `html` without blank lines, each of which would end the HTML block in Markdown.

    Within preformatted text a blank line is written as a character reference, which a browser shows
    as the same.
    """
    lines = html.replace("\r\n", "\n").split("\n")
    return "".join(
        line + ("" if last else "&#10;" if not line.strip() and index else "\n")
        for index, line in enumerate(lines)
        for last in (index == len(lines) - 1,)
    )
