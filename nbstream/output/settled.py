"""What stays in the file: a reply as static HTML and as Markdown, without script, state or request.

The HTML reads well where styles, ids and ARIA are taken away (an untrusted notebook, GitHub), so structure alone
carries it; its colours are the page's own, dimmed. Markdown has the same order and the same words. This module must
not know widgets, comms or IPython.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from nbstream.markdown.parser import unix_lines
from nbstream.markdown.rendering import to_html
from nbstream.model.printable import printable, storable
from nbstream.output import wording

if TYPE_CHECKING:
    from nbstream.model.reply import Reply

# MathJax typesets dollars in any HTML output, so that "$5 and $6" becomes a formula: these classes tell MathJax 3 (Lab,
# Notebook) and MathJax 2 (nbconvert) to leave the reply alone.
_ROOT = '<div class="nbstream nbstream-settled mathjax_ignore tex2jax_ignore">'
# What makes it look as a Markdown cell does, where the page knows how that is.
_AS_MARKDOWN = "jp-RenderedHTMLCommon jp-RenderedMarkdown"
_QUIET = "opacity:.72"
# The live footer's own measures, so that it does not jump when the reply settles.
_FOOTER = "margin:.15em 0 .3em;line-height:1.35;font-variant-numeric:tabular-nums"


def to_static_html(reply: Reply, *, reasoning: str = "auto") -> str:
    """Return the reply as HTML: reasoning, answer, alert, footer.

    Args:
        reply: what is shown.
        reasoning: closed (or auto), open, or hidden: then only that there was some is told.
    """
    parts = [_ROOT]
    if reply.reasoning and reasoning == "hidden":
        parts.append(f'<p class="nbstream-thought" style="{_QUIET};margin:0 0 .6em">{escape(thought(reply))}</p>')
    elif reply.reasoning:
        is_open = " open" if reasoning == "open" else ""
        parts.append(
            f'<details class="nbstream-thought" style="margin:0 0 .6em"{is_open}>'
            f'<summary style="{_QUIET};font-size:.93em;cursor:pointer">{escape(thought(reply))}</summary>'
            f'<div class="{_AS_MARKDOWN}" style="{_QUIET};font-size:.93em;border-left:2px solid rgba(128,128,128,.4);'
            f'margin:.4em 0 .8em .25em;padding:0 0 0 .9em">{to_html(reply.reasoning, settled=True)}</div>'
            "</details>"
        )
    if reply.answer:
        html = to_html(reply.answer, settled=True)
        parts.append(f'<div class="{_AS_MARKDOWN} nbstream-answer" style="padding:0">{html}</div>')
    if lines := wording.tool_calls(reply):
        calls = "".join(f"<li><code>{escape(line)}</code></li>" for line in lines)
        parts.append(f"<p>The model asks for these calls; nothing was run:</p><ul>{calls}</ul>")
    if alert := wording.alert(reply):
        parts.append(f'<p class="nbstream-alert" style="margin:.3em 0"><strong>{escape(alert)}</strong></p>')
    if items := wording.footer(reply):
        words = " · ".join(f'<span style="white-space:nowrap">{escape(item)}</span>' for item in items)
        parts.append(f'<p class="nbstream-footer" style="{_FOOTER}"><small style="{_QUIET}">{words}</small></p>')
    parts.append("</div>")
    return one_block("\n".join(parts))


def to_markdown(reply: Reply, *, reasoning: str = "auto") -> str:
    """Return the reply as Markdown, in the same order and words; `reasoning` is as for `to_static_html`."""
    parts = []
    if reply.reasoning and reasoning == "hidden":
        parts.append(escape(thought(reply)))
    elif reply.reasoning:
        start = "<details open>" if reasoning == "open" else "<details>"
        words = f"<summary>{escape(thought(reply))}</summary>"
        parts.append(f"{start}{words}\n\n{_quoted(reply.reasoning)}\n\n</details>")
    if answer := answer_in_markdown(reply):
        parts.append(answer)
    if lines := wording.tool_calls(reply):
        calls = "\n".join(f"    {line}" for line in lines)
        parts.append(f"The model asks for these calls; nothing was run:\n\n{calls}")
    if alert := wording.alert(reply):
        parts.append(f"**{_literal(alert)}**")
    if items := wording.footer(reply):
        parts.append(f"<small>{_literal(' · '.join(items))}</small>")
    return "\n\n".join(parts) + "\n"


def answer_in_markdown(reply: Reply) -> str:
    """Return the answer as `to_markdown` has it: what a model wrote, with the lines' ends and characters of a text."""
    return storable(unix_lines(reply.answer)).strip("\n")


def to_plain(reply: Reply) -> str:
    """Return the reply as plain text; of the reasoning only its duration, as in a closed panel."""
    answer = printable(unix_lines(reply.answer)).strip("\n")
    parts = [wording.thought(reply), answer, *wording.tool_calls(reply), wording.alert(reply)]
    parts.append(" · ".join(wording.footer(reply)))
    return "\n\n".join(part for part in parts if part)


def thought(reply: Reply) -> str:
    """Return the summary of the reasoning; its duration if that is known."""
    return wording.thought(reply) or "Thought"


def one_block(html: str) -> str:
    """Return `html` without blank lines: in Markdown, as in `nbconvert --to markdown`, one would end the HTML block.

    Within preformatted text a blank line is written as a character reference, which a browser shows as the same.
    """
    lines = html.replace("\r\n", "\n").split("\n")
    return "".join(
        line + ("" if last else "&#10;" if not line.strip() and index else "\n")
        for index, line in enumerate(lines)
        for last in (index == len(lines) - 1,)
    )


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in storable(unix_lines(text)).strip("\n").split("\n"))


def _literal(text: str) -> str:
    return "".join(f"\\{char}" if char in "\\`*_[]<>&$~|" else char for char in text)
