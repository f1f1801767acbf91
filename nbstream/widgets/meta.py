"""What the page shows around a reply's text, as the page protocol's `Meta`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.output import wording

if TYPE_CHECKING:
    from nbstream.client.settings import ReasoningDisplay
    from nbstream.model.reply import Reply
    from nbstream.widgets.protocol import Meta


def meta_of(reply: Reply, *, elapsed: float, reasoning: ReasoningDisplay, foreground: bool) -> Meta:
    """Return what is shown around a reply.

    Args:
        reply: the reply so far.
        elapsed: seconds since its run started.
        reasoning: how reasoning is shown.
        foreground: whether a cell waits for the run, so that interrupting the kernel would stop it.
    """
    started = reply.timing.reasoning_started
    return {
        "status": reply.status,
        "elapsed": elapsed,
        "reasoning_elapsed": elapsed - started if started is not None and reply.status == "reasoning" else None,
        "reasoning": reasoning,
        "label": wording.label(reply),
        "note": wording.note(reply),
        "thought": wording.thought(reply),
        "tool_calls": _tool_calls(reply),
        "alert": wording.alert(reply),
        "footer": wording.footer(reply),
        "answer_tokens": _answer_tokens(reply),
        "foreground": foreground,
    }


def _tool_calls(reply: Reply) -> list[str]:
    """Return the lines of the tool calls; while the arguments grow, only the names, which do not change."""
    if reply.ended:
        return wording.tool_calls(reply)
    return [f"{call.name or 'a tool'}(…)" for call in reply.tool_calls]


def _answer_tokens(reply: Reply) -> int | None:
    usage = reply.usage
    if not reply.ended or usage is None or usage.completion_tokens is None:
        return None
    return max(0, usage.completion_tokens - (usage.reasoning_tokens or 0))
