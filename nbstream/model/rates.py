"""How fast the tokens of a reply arrived."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.model.token_estimate import estimate_tokens

if TYPE_CHECKING:
    from nbstream.model.reply import Reply
    from nbstream.model.timing import Timing

#: A rate is claimed only over text that arrived over at least this many seconds.
_LEAST_SECONDS = 1.0
#: A text has at most about this many times the tokens that are estimated from its length.
_MOST_PER_ESTIMATE = 4


def tokens_per_second(reply: Reply) -> float | None:
    """Return the rate of the tokens that were seen arriving over at least a second in a request.

    None if there was no such request. The time before the first token of each is not in it.
    """
    found = [each for each in map(_arrived, reply.steps) if each is not None]
    return sum(tokens for tokens, _ in found) / sum(seconds for _, seconds in found) if found else None


def answer_tokens(reply: Reply) -> int | None:
    """Return the number of tokens after the reasoning, or None if the server did not say."""
    usage = reply.usage
    if usage is None or usage.completion_tokens is None:
        return None
    return max(0, usage.completion_tokens - (usage.reasoning_tokens or 0))


def _arrived(step: Reply) -> tuple[float, float] | None:
    """Return how many tokens of a request came after the first one, and in how many seconds."""
    usage, timing = step.usage, step.timing
    if step.recorded is not None and step.recorded.kind == "cache":
        # The time is that of reading a file.
        return None
    if usage is None or usage.completion_tokens is None:
        return None
    if step.earlier is not None and step.earlier.requests:
        # The time that the last request waited is in between.
        return None
    # Some servers count reasoning that they do not stream, or of which they stream a summary.
    hidden = (usage.reasoning_tokens or 0) > _MOST_PER_ESTIMATE * estimate_tokens(step.reasoning)
    found = _since(timing, answer_tokens(step), timing.answer_started) if hidden else None
    if found is None and not (hidden and not step.reasoning):
        found = _since(timing, usage.completion_tokens, timing.first_delta)
    return found


def _since(timing: Timing, tokens: int | None, first: float | None) -> tuple[float, float] | None:
    """Return the tokens after the first one, which came at `first`; None if that is not certain."""
    last = timing.last_delta
    if not tokens or tokens < 2 or first is None or last is None or last - first < _LEAST_SECONDS:  # noqa: PLR2004
        return None
    return tokens - 1, max(last, timing.finished or 0) - first
