"""The exercises and predictions of lesson 9, when things go wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from nbstream.lesson.exercises import Exercise, Prediction
from nbstream.lesson.trying import Wrong, by_trying, result_of
from nbstream.model.failure import Failure
from nbstream.model.reply import Reply
from nbstream.model.text import Text
from nbstream.model.usage import Cost

if TYPE_CHECKING:
    from collections.abc import Sequence


def _refused(status: int, *, after: float | None = None, answer: str = "") -> Reply:
    failure = Failure("refused", status_code=status, retry_after=after)
    return Reply(status="failed", error=failure, _answer=Text().append(answer) if answer else Text())


_WHOLE = Reply(status="complete", finish_reason="stop", _answer=Text().append("Because of the water."))
_BROKEN = Reply(status="failed", error=Failure("disconnected", "connection"), _answer=Text().append("Because"))

#: What should be done about each reply, and what the reply is.
_ADVICE = (
    (_WHOLE, "use", "a complete reply"),
    (Reply(status="truncated", finish_reason="length"), "continue", "a reply that was cut off at a limit of length"),
    (Reply(status="truncated", finish_reason="stop"), "look", "a reply of which a part is damaged"),
    (Reply(status="truncated", finish_reason="content_filter"), "look", "a reply that a filter of the server ended"),
    (Reply(status="cancelled"), "look", "a reply that you stopped"),
    (_BROKEN, "look", "a reply whose connection broke, so that its failure has no status"),
    *((_refused(status), "later", f"a refusal with {status}") for status in (408, 429, 500, 503)),
    *((_refused(status), "fix", f"a refusal with {status}") for status in (400, 401, 402, 404, 422)),
)

#: More requests than any right loop sends.
_TOO_MANY = 8


class _Script:
    """Prepared replies, and a record of what a student's loop does with them."""

    def __init__(self, replies: Sequence[Reply]) -> None:
        self._replies = replies
        self.asked = 0
        self.waits: list[float] = []

    def ask(self) -> Reply:
        """Return the next reply; the last one again and again."""
        self.asked += 1
        if self.asked > _TOO_MANY:
            raise Wrong("Your loop asks and asks, though no request is answered. Four requests are the most.")
        return self._replies[min(self.asked, len(self._replies)) - 1]

    def sleep(self, seconds: float) -> None:
        """Note how long the loop would have waited."""
        self.waits.append(seconds)


#: The replies, how many of them a right loop asks for, how long it waits, and what they are.
_LOOPS: tuple[tuple[tuple[Reply, ...], int, list[float], str], ...] = (
    ((_WHOLE,), 1, [], "a complete reply at once"),
    ((_refused(503), _WHOLE), 2, [1], "503, then a complete reply"),
    ((_refused(429, after=7), _WHOLE), 2, [7], "429 with Retry-After: 7, then a complete reply"),
    ((_refused(429, after=0), _WHOLE), 2, [0], "429 with Retry-After: 0, then a complete reply"),
    ((_refused(402),), 1, [], "402: no money"),
    ((_refused(500),), 4, [1, 2, 4], "500, for ever"),
    ((_refused(503), _refused(429, after=9), _refused(503), _WHOLE), 4, [1, 9, 4], "503, 429 with Retry-After: 9, 503"),
    ((_refused(500, answer="Because"),), 1, [], "500, after a part of the answer had arrived"),
    ((_BROKEN,), 1, [], "a connection that broke after the first words"),
    ((Reply(status="cancelled"),), 1, [], "a reply that was stopped"),
)


def _advice(function: Any) -> str:
    for reply, expected, what in _ADVICE:
        found = result_of(function, reply)
        if found != expected:
            return f"{what.capitalize()}: your function returned {found!r}, and the table says {expected!r}."
    return ""


def _patient(function: Any) -> str:
    for replies, requests, waits, what in _LOOPS:
        script = _Script(replies)
        found = result_of(function, script.ask, script.sleep)
        case = f"If the server sends {what}"
        if script.asked != requests:
            return f"{case}, there should be {_requests(requests)}, and there were {script.asked}."
        # To wait for 0 seconds and not to wait is the same.
        if [wait for wait in script.waits if wait] != [wait for wait in waits if wait]:
            return f"{case}, the loop should {_waits(waits)}; what it did: {_waits(script.waits)}."
        if found is not replies[min(requests, len(replies)) - 1]:
            return f"{case}, the loop should return the last reply, and returned {type(found).__name__}."
    return ""


def _waits(seconds: list[float]) -> str:
    return f"wait for {', then '.join(map(str, seconds))} seconds" if any(seconds) else "not wait"


def _requests(count: int) -> str:
    return "1 request" if count == 1 else f"{count} requests"


def _bill(function: Any) -> str:
    def money(amount: str) -> Cost:
        return Cost(Decimal(amount), "USD", "off-peak", datetime(2026, 9, 10, tzinfo=UTC))

    certain, guessed, none = Reply(cost=money("0.25")), Reply(estimate=money("0.5")), Reply()
    both = Reply(cost=money("2"), estimate=money("1"))
    tried: tuple[tuple[list[Reply], str, str, str], ...] = (
        ([certain, certain], "0.50", "0", "two replies with a certain cost"),
        ([none], "0", "0", "a reply that cost nothing"),
        ([certain, guessed, none], "0.25", "0.5", "a certain cost, an estimate, and neither"),
        ([both, guessed], "2", "1.5", "a reply that has both"),
    )
    for replies, exact, about, what in tried:
        sums = result_of(function, replies, read=_two_sums)
        if sums != (Decimal(exact), Decimal(about)):
            return f"For {what}, the sums should be {exact} and {about}; they were {sums[0]} and {sums[1]}."
    return ""


def _two_sums(found: Any) -> tuple[Decimal, Decimal]:
    if not isinstance(found, tuple | list):
        raise Wrong("The function should return two sums: return certain, estimated.")
    certain, estimated = (Decimal(str(each)) for each in found)
    return certain, estimated


def _broken(reply: Any) -> object:
    return "b" if reply.status == "failed" and reply.answer else ...


def _continued(reply: Any) -> str:
    """Return what the last request was billed for: its input is the prompt and the first part."""
    before = reply.usage.prompt_tokens - reply.own.usage.prompt_tokens
    return "b" if reply.own.usage.prompt_tokens > before > 0 else "a"


def _why_continued(reply: Any) -> str:
    own = reply.own.usage
    return (
        "The server remembers nothing. The second request sends the prompt and the first part of the answer again, as "
        f"input: {own.prompt_tokens} tokens in. As output only the new tokens count: {own.completion_tokens}. "
        "Input costs less than output, and a part of it may come from the server's cache."
    )


EXERCISES = (
    Exercise(
        "advice",
        "Write a function that says what to do about a reply.",
        "a function of a reply",
        by_trying(_advice),
        "Five words for all ways in which a reply can end.",
    ),
    Exercise(
        "patient",
        "Write a loop that asks again where that is right, and waits before.",
        "a function of `ask` and `sleep`",
        by_trying(_patient),
        "It gives an overloaded server time, does not pay twice, and comes to an end.",
    ),
    Exercise(
        "bill",
        "Add up what is certain, and what is estimated.",
        "a function of a list of replies",
        by_trying(_bill),
        "Two numbers, and each is what it says. `reply.spend` and `nbstream.Spend` do the same.",
    ),
)

PREDICTIONS = (
    Prediction(
        "broken",
        "The connection breaks after 40 tokens. Does nbstream send the request again by itself?",
        "What arrived is kept, and was probably paid. A second request would cost the same again, and bring another "
        "answer, which does not fit this beginning. So nbstream leaves the decision to you.",
        {
            "a": "yes, because a broken connection is a matter of chance",
            "b": "no, because a part of the answer has already arrived",
        },
        _broken,
        of_failures=True,
    ),
    Prediction(
        "continued",
        "What does the request cost that goes on with an answer?",
        _why_continued,
        {
            "a": "only the new tokens of the answer",
            "b": "the new tokens, and as input the prompt and the first part of the answer",
            "c": "the whole answer again, old and new tokens",
        },
        _continued,
    ),
)
