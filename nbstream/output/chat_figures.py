"""What a chat has cost, and how full the model's context is."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from nbstream.model.token_estimate import estimate_tokens
from nbstream.model.usage import Cost

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
        about = "about " if self.is_estimate else ""
        limit = f" of {self.window:,}" if self.window else ""
        return f"{about}{self.tokens:,}{limit} tokens"


def replies(chat: Chat) -> list[Reply]:
    """Return each reply of a chat once, with those of old versions, as all were paid for."""
    versions = [version for turn in chat.every_turn for version in turn.versions]
    return list({id(reply): reply for reply in (version.reply for version in versions)}.values())


def cost(of: Iterable[Reply]) -> str:
    """Return what replies cost together: `at least $0.0023`; empty if no cost is known."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    costs = [(each.cost, each) for each in of if each.cost is not None or not _is_free(each)]
    for known, _ in costs:
        if known is not None:
            sums[known.currency] += known.amount
    if not sums:
        return ""
    at_least = any(known is None or known.at_least for known, _ in costs)
    at_most = any(known is not None and known.at_most for known, _ in costs)
    bound = "about" if at_least and at_most else "at least" if at_least else "at most" if at_most else ""
    would = "would cost" if any(each.simulated for _, each in costs) else ""
    amounts = " + ".join(str(Cost(amount, currency, "", None)) for currency, amount in sums.items())
    return " ".join(filter(None, (would, bound, amounts)))


def running_cost(of: Sequence[Reply]) -> tuple[str, str]:
    """Return what a chat cost so far: the sum and of how many replies, and what it leaves out."""
    found = cost(of)
    if not found:
        return "", ""
    known = sum(each.cost is not None for each in of)
    count = f"{len(of):,} {'reply' if len(of) == 1 else 'replies'}"
    unknown = "" if known == len(of) else f" The cost of {len(of) - known:,} is not known."
    note = "All replies that are in the chat, with those of other versions and branches, and without those that were "
    return f"{found} for {count}", f"{note}undone or cleared.{unknown}"


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
    usage, window = reply.last_usage, reply.last_step.request.context_window
    is_as_sent = last.after == {turn.version.number for turn in sent[:-1]} and not last.edited
    if is_as_sent and usage is not None and usage.prompt_tokens is not None and usage.completion_tokens is not None:
        return ContextUse(usage.prompt_tokens + usage.completion_tokens, window, is_estimate=False)
    texts = [chat.system or "", *(f"{turn.prompt}{turn.answer}" for turn in sent)]
    return ContextUse(sum(map(estimate_tokens, texts)), window, is_estimate=True)


def _is_free(reply: Reply) -> bool:
    """Return whether nothing can have been paid for a reply, as it failed before a token."""
    return reply.status == "failed" and not (reply.reasoning or reply.answer or reply.tool_calls)
