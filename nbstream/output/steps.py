"""One request of a reply as HTML: the model's thoughts, its text, and the cards of its calls.

The live view shows a step so as soon as the next one begins, and the settled output shows the same.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from nbstream.markdown.rendering import to_html
from nbstream.model.presentation import Presentation
from nbstream.output import wording
from nbstream.output.cards import card_html

if TYPE_CHECKING:
    from nbstream.markdown.rendering import Renderer
    from nbstream.model.presentation import ReasoningDisplay
    from nbstream.model.reply import Reply

_DEFAULT = Presentation()
#: JupyterLab styles these classes as it styles a Markdown cell.
_AS_MARKDOWN = "jp-RenderedHTMLCommon jp-RenderedMarkdown"
_QUIET = "opacity:.72"


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
        summary = f'<span style="{_QUIET};font-size:.93em;cursor:pointer">{wording.FIRST_ANSWER}</span>'
        answer = f"<div><details><summary>{summary}</summary>{answer}</details></div>"
    parts = [thought_html(step, display, renderer, settled=settled), answer, *cards_html(step)]
    return "\n".join(['<div class="nbstream-step">', *filter(None, parts), "</div>"])


def thought_html(
    step: Reply, display: ReasoningDisplay, renderer: Renderer | None = None, *, settled: bool = True
) -> str:
    """Return the reasoning of a step, behind how long it took; nothing if there was none."""
    if not step.reasoning:
        return ""
    words = escape(wording.thought(step) or "Thought")
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
    html = to_html(step.answer, settled=settled, renderer=renderer)
    return f'<div class="{_AS_MARKDOWN} {name}" style="padding:0">{html}</div>'


def cards_html(step: Reply, *, ended: bool = True) -> list[str]:
    """Return the cards of a step's calls; `ended` says whether anything more can come of them."""
    return [card_html(call, ended=ended) for call in step.tool_calls]
