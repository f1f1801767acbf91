"""What the page shows around a reply's text, as the page protocol's `Meta`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nbstream.exchange.actions import actions
from nbstream.model import rates
from nbstream.output import sentences, wording

if TYPE_CHECKING:
    from nbstream.model.presentation import Presentation
    from nbstream.model.reply import Reply
    from nbstream.widgets.protocol import Meta

_CLOCKS = ("clock", "elapsed", "reasoning_elapsed")


def meta_of(reply: Reply, presentation: Presentation, *, elapsed: float, foreground: bool) -> Meta:
    """Return the texts around a reply.

    Args:
        reply: the reply so far.
        presentation: how it is shown.
        elapsed: seconds since the request was sent.
        foreground: whether a cell waits for the run, so that ■ would stop it.
    """
    is_reasoning = reply.status == "reasoning"
    return {
        "status": reply.status,
        "clock": elapsed,
        "elapsed": wording.waited(reply, elapsed),
        "reasoning_elapsed": reply.timing.reasoning_until(elapsed) if is_reasoning else None,
        "reasoning": wording.reasoning_display(reply, presentation),
        "label": wording.label(reply),
        "note": wording.note(reply),
        "thought": wording.thought(reply),
        "notes": sentences.notes(reply, presentation.audience, has_buttons=presentation.has_buttons),
        "alert": sentences.alert(reply, presentation.audience),
        "footer": _footer(reply, presentation),
        "answer_tokens": rates.answer_tokens(reply) if reply.ended else None,
        "actions": actions(reply) if reply.ended else [],
        "foreground": foreground,
    }


def _footer(reply: Reply, presentation: Presentation) -> list[str]:
    if not presentation.has_footer:
        return []
    return wording.footer(reply if presentation.names_turn else _without_turn(reply))


def _without_turn(reply: Reply) -> Reply:
    # The footer is empty until the end.
    return replace(reply, request=replace(reply.request, turn=None)) if reply.ended else reply


def without_clocks(meta: Meta) -> dict[str, object]:
    """Return the fields that do not count time; the page counts on by its own clock."""
    return {name: value for name, value in meta.items() if name not in _CLOCKS}
