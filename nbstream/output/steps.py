"""One request of a reply: the model's thoughts, its text, and the cards of its calls.

The live view shows the HTML of a step as soon as the next one begins, and the settled output shows
the same. The Markdown and the lines of text have the same order and the same words.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from nbstream.language import _
from nbstream.markdown.parser import unix_lines
from nbstream.markdown.rendering import to_html
from nbstream.model.presentation import Presentation
from nbstream.model.printable import printable
from nbstream.output import json_answer, wording
from nbstream.output.card_lines import card_lines
from nbstream.output.card_markdown import card_markdown
from nbstream.output.cards import card_html
from nbstream.output.markdown_text import folded, literal, model_text, quoted
from nbstream.output.sentences import asked_again

if TYPE_CHECKING:
    from nbstream.markdown.rendering import Renderer
    from nbstream.model.presentation import ReasoningDisplay
    from nbstream.model.reply import Reply

_DEFAULT = Presentation()
#: JupyterLab styles these classes as it styles a Markdown cell.
_AS_MARKDOWN = "jp-RenderedHTMLCommon jp-RenderedMarkdown"
_QUIET = "opacity:.72"
_SMALL = f"{_QUIET};font-size:.83em;line-height:1.62"


def step_html(
    step: Reply,
    presentation: Presentation = _DEFAULT,
    renderer: Renderer | None = None,
    *,
    repeated: bool = False,
    settled: bool = True,
) -> str:
    """Return a finished step, after which another one began.

    Args:
        step: one of `reply.steps`.
        presentation: how the reply is shown.
        renderer: rendered the same texts live, and remembers their HTML.
        repeated: whether the next step asks again for an answer, so that this one does not count.
        settled: whether it is for a file, and not for the live view; only formulas differ.
    """
    display = "closed" if presentation.reasoning == "auto" else presentation.reasoning
    answer = answer_html(step, renderer, name="nbstream-said", settled=settled)
    if repeated and answer:
        summary = f'<span style="{_QUIET};font-size:.93em;cursor:pointer">{_(wording.FIRST_ANSWER)}</span>'
        answer = f"<div><details><summary>{summary}</summary>{answer}</details></div>"
    parts = [thought_html(step, display, renderer, settled=settled), answer, *cards_html(step)]
    if repeated:
        parts.append(f'<div class="nbstream-note" style="{_SMALL};margin:.3em 0">{escape(asked_again(step))}</div>')
    return "\n".join(['<div class="nbstream-step">', *filter(None, parts), "</div>"])


def thought_html(
    step: Reply, display: ReasoningDisplay, renderer: Renderer | None = None, *, settled: bool = True
) -> str:
    """Return the reasoning of a step, behind how long it took; nothing if there was none."""
    if not step.reasoning:
        return ""
    words = _thought(step)
    if display == "hidden":
        return f'<div class="nbstream-thought" style="{_QUIET};margin:0 0 .6em">{words}</div>'
    html = to_html(step.reasoning, settled=settled, renderer=renderer)
    tag = "<details open>" if display == "open" else "<details>"
    return (
        f'<div class="nbstream-thought" style="margin:0 0 .6em">{tag}<summary>'
        f'<span style="{_QUIET};font-size:.93em;cursor:pointer">{words}</span></summary>'
        f'<div class="{_AS_MARKDOWN}" style="{_QUIET};font-size:.93em;border-left:2px solid rgba(128,128,128,.4);'
        f'margin:.4em 0 .8em .25em;padding:0 0 0 .9em">{html}</div>'
        "</details></div>"
    )


def answer_html(
    step: Reply, renderer: Renderer | None = None, *, name: str = "nbstream-answer", settled: bool = True
) -> str:
    """Return the answer of a step, or what the model said before it called a tool."""
    if not step.answer:
        return ""
    if step.request.structure is not None:
        html = json_answer.html(step.answer, renderer, settled=settled)
    else:
        html = to_html(step.answer, settled=settled, renderer=renderer)
    return f'<div class="{_AS_MARKDOWN} {name}" style="padding:0">{html}</div>'


def answer_markdown(step: Reply) -> str:
    """Return the answer of a step as Markdown; a structured one as a block of code, and a table."""
    found = json_answer.markdown(step.answer) if step.request.structure is not None else ""
    return found or model_text(step.answer)


def answer_text(step: Reply) -> str:
    """Return the answer of a step as plain text."""
    found = json_answer.text(step.answer) if step.request.structure is not None else ""
    return found or printable(unix_lines(step.answer)).strip("\n")


def cards_html(step: Reply, *, ended: bool = True) -> list[str]:
    """Return the cards of a step's calls; `ended` says whether anything more can come of them.

    They are the items of a list, which sets them apart where styles are removed.
    """
    cards = "\n".join(f'<li style="margin:0">{card_html(call, ended=ended)}</li>' for call in step.tool_calls)
    return [f'<ul style="list-style:none;margin:0;padding:0">\n{cards}\n</ul>'] if cards else []


def step_markdown(step: Reply, presentation: Presentation = _DEFAULT, *, repeated: bool = False) -> list[str]:
    """Return a finished step as blocks of Markdown; the parameters are those of `step_html`."""
    display = "closed" if presentation.reasoning == "auto" else presentation.reasoning
    answer = answer_markdown(step)
    if repeated and answer:
        answer = folded(wording.FIRST_ANSWER, answer)
    parts = [*thought_markdown(step, display), answer, *cards_markdown(step)]
    return [each for each in (*parts, f"<small>{literal(asked_again(step))}</small>" if repeated else "") if each]


def thought_markdown(step: Reply, display: ReasoningDisplay) -> list[str]:
    """Return the reasoning of a step as Markdown; none if there was none."""
    if not step.reasoning:
        return []
    words = _thought(step)
    if display == "hidden":
        return [words]
    return [folded(words, quoted(model_text(step.reasoning)), is_open=display == "open")]


def cards_markdown(step: Reply, *, ended: bool = True) -> list[str]:
    """Return the cards of a step's calls as Markdown; `ended` is as for `cards_html`."""
    return [card_markdown(call, ended=ended) for call in step.tool_calls]


def step_text(step: Reply, *, repeated: bool = False) -> list[str]:
    """Return a finished step as paragraphs of text; of reasoning only how long it took."""
    answer = answer_text(step)
    note = asked_again(step) if repeated else ""
    return [each for each in (wording.thought(step), answer, *cards_text(step), note) if each]


def cards_text(step: Reply, *, ended: bool = True) -> list[str]:
    """Return the cards of a step's calls as text; `ended` is as for `cards_html`."""
    return ["\n".join(card_lines(call, ended=ended)) for call in step.tool_calls]


def _thought(step: Reply) -> str:
    """Return the summary of the reasoning, as HTML; its duration if that is known."""
    return escape(wording.thought(step) or "Thought")
