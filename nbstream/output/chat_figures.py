"""What a chat has cost, and how full the model's context is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nbstream.language import _, joined, plural
from nbstream.model.spend import Spend
from nbstream.model.token_estimate import estimate_tokens
from nbstream.output import spending

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nbstream.chat.conversation import Chat
    from nbstream.model.reply import Reply


@dataclass(frozen=True, slots=True)
class ContextUse:
    """How full the context of the model was with the last request and its reply.

    Attributes:
        tokens: those of both.
        window: the most that the model takes; None if it is not known.
        is_estimate: whether the tokens are estimated.
    """

    tokens: int
    window: int | None
    is_estimate: bool

    def __str__(self) -> str:
        fields = {"count": self.tokens, "window": self.window}
        if self.window and self.is_estimate:
            return _("about {count:,} of {window:,} tokens", **fields)
        if self.window:
            return _("{count:,} of {window:,} tokens", **fields)
        return _("about {count:,} tokens", **fields) if self.is_estimate else _("{count:,} tokens", **fields)


def replies(chat: Chat) -> list[Reply]:
    """Return each reply of a chat once, with those of old versions, as all were paid for."""
    versions = [version for turn in chat.every_turn for version in turn.versions]
    return list({id(reply): reply for reply in (version.reply for version in versions)}.values())


def spend(of: Iterable[Reply]) -> Spend:
    """Return what replies cost together."""
    return Spend.total(reply.spend for reply in of)


def running_cost(of: Sequence[Reply]) -> tuple[str, str]:
    """Return what a chat cost so far: the sum and of how many replies, and what it leaves out."""
    total = spend(of)
    found = spending.amount(total)
    if not found:
        return "", ""
    said = plural("{amount} for {n:,} reply", "{amount} for {n:,} replies", len(of), amount=found)
    note = _(
        "All replies that are in the chat, with those of other versions and branches, and without those that were "
        "undone or cleared."
    )
    return said, joined(note, *spending.notes(total))


def context(chat: Chat) -> ContextUse | None:
    """Return how full the context is; None before the first reply has ended.

    The tokens are the server's own count if the turns that would be sent now are those of the last
    request with its reply, and else an estimate from the length of all texts.
    """
    sent = [turn for turn in chat.turns if turn.version.ended and not (turn.hidden or turn.version.is_empty)]
    if not sent:
        return None
    last = sent[-1].version
    reply = last.reply
    usage, window = reply.own.usage, reply.last_step.request.context_window
    is_as_sent = last.after == {turn.version.number for turn in sent[:-1]} and not last.edited
    if is_as_sent and usage is not None and usage.prompt_tokens is not None and usage.completion_tokens is not None:
        return ContextUse(usage.prompt_tokens + usage.completion_tokens, window, is_estimate=False)
    texts = [chat.system or "", *(f"{turn.prompt}{turn.answer}" for turn in sent)]
    return ContextUse(sum(map(estimate_tokens, texts)), window, is_estimate=True)
