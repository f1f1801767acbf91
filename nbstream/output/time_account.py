"""Where the time of one request went: waiting, reasoning, answer, tools, and tokens a second."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import nlargest
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, TypeAlias

from nbstream.language import _
from nbstream.model import rates
from nbstream.model.token_estimate import estimate_tokens
from nbstream.output import call_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from nbstream.model.reply import Reply

SpanKind: TypeAlias = Literal["wait", "reasoning", "answer", "end", "asked", "tool"]
#: The curve has so many stretches, and none is shorter than this: bytes that arrive within one
#: frame have the same time.
_STRETCHES = 60
_LEAST_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, in seconds since the request was sent."""

    kind: SpanKind
    name: str
    start: float
    end: float

    @property
    def seconds(self) -> float:
        """How long it is."""
        return max(0.0, self.end - self.start)


@dataclass(frozen=True, slots=True)
class Rate:
    """Tokens a second in a stretch of time, in seconds since the request was sent."""

    start: float
    end: float
    tokens: float
    kind: Literal["reasoning", "answer"]

    @property
    def per_second(self) -> float:
        """The rate."""
        return self.tokens / (self.end - self.start)


def spans(step: Reply, now: float | None = None) -> list[Span]:
    """Return what happened in one step, in order; times without an end go on until `now`.

    Args:
        step: one of `reply.steps`.
        now: seconds since the run began, while the step is live.
    """
    timing = step.timing
    if step.earlier is not None and step.earlier.requests:
        # Its times go on from those of the part before it.
        begun = step.earlier.timing.ended or 0.0
    else:
        begun = timing.begun
    last = timing.ended if timing.ended is not None else max(now or 0.0, begun)
    found = []
    first = timing.first_delta if timing.first_delta is not None and timing.first_delta >= begun else last
    found.append(Span("wait", _("until the first token") if first < last else "waiting", 0.0, first - begun))
    if timing.reasoning_started is not None and timing.reasoning_started >= begun:
        end = timing.reasoning_ended if timing.reasoning_ended is not None else last
        found.append(Span("reasoning", _("reasoning"), timing.reasoning_started - begun, end - begun))
    if timing.answer_started is not None and timing.answer_started >= begun:
        end = timing.last_delta if timing.last_delta is not None else last
        name = _("answer") if not step.tool_calls else _("answer and tool calls") if step.answer else _("tool calls")
        found.append(Span("answer", name, timing.answer_started - begun, max(end, timing.answer_started) - begun))
        if timing.ended is not None and timing.ended > end:
            found.append(Span("end", _("until the server ended the response"), end - begun, timing.ended - begun))
    for call in step.tool_calls:
        name = call_words.short_name(call)
        if call.asked is not None and call.decided_by != "nobody":
            until = call.decided if call.decided is not None else now or call.asked
            found.append(Span("asked", _("your decision about {name}", name=name), call.asked - begun, until - begun))
        if call.began is not None:
            until = call.began + call.outcome.seconds if call.outcome is not None else now or call.began
            found.append(Span("tool", name, call.began - begun, until - begun))
    return found


def facts(step: Reply) -> list[tuple[str, str]]:
    """Return the numbers of one step, each with its name; one that is not certain is left out."""
    found = []
    rate, out = rates.tokens_per_second(step), rates.answer_tokens(step)
    reasoned = step.usage.reasoning_tokens if step.usage is not None else None
    seconds = step.timing.reasoning_seconds
    if rate is not None:
        found.append((_("tokens a second, from the first token on"), f"{rate:.1f}"))
    if reasoned and seconds and seconds >= 1:
        found.append((_("tokens of reasoning a second"), _("{reasoned:.1f}", reasoned=reasoned / seconds)))
    if out is not None:
        found.append((_("tokens of the answer"), f"{out:,}"))
    return found


def curve(deltas: Sequence[tuple[float, Literal["reasoning", "answer"], str]], total: int | None = None) -> list[Rate]:
    """Return the tokens a second over the time of a response.

    Servers count only all tokens together. They are shared out over the deltas by the length of
    their texts, so a rate is an estimate, and without `total` a rougher one.

    Args:
        deltas: for each the seconds since the request was sent, in order, and its text.
        total: the tokens of all deltas as the server counted them.
    """
    if not deltas:
        return []
    begin, end = deltas[0][0], deltas[-1][0]
    width = max((end - begin) / _STRETCHES, _LEAST_SECONDS)
    weights = [max(len(text), 1) for _, _, text in deltas]
    whole = total or sum(estimate_tokens(text) for _, _, text in deltas) or 1
    unit = whole / sum(weights)
    stretches: dict[tuple[int, Literal["reasoning", "answer"]], float] = {}
    for (at, kind, _text), weight in zip(deltas, weights, strict=True):
        place = int((at - begin) / width), kind
        stretches[place] = stretches.get(place, 0.0) + weight * unit
    return [
        Rate(begin + number * width, begin + (number + 1) * width, tokens, kind)
        for (number, kind), tokens in sorted(stretches.items())
    ]


def gaps(times: Iterable[float], least: float = 1.0, most: int = 5) -> list[tuple[float, float]]:
    """Return the longest silences: for each its beginning and its end, in the order of time.

    Args:
        times: when something arrived, in order.
        least: a silence has at least so many seconds.
        most: how many are returned.
    """
    return gaps_of(longest(silences(times), most), least)


def gaps_of(found: Iterable[tuple[float, float]], least: float = 1.0) -> list[tuple[float, float]]:
    """Return the silences of at least so many seconds, in the order of time."""
    return sorted(gap for gap in found if gap[1] - gap[0] >= least)


def longest(found: Iterable[tuple[float, float]], most: int = 5) -> list[tuple[float, float]]:
    """Return the longest of some stretches, without an order."""
    return nlargest(most, found, key=lambda gap: gap[1] - gap[0])


def silences(times: Iterable[float]) -> Iterator[tuple[float, float]]:
    """Yield the stretches between times that follow each other."""
    yield from pairwise(times)
