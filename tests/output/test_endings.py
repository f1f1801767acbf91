"""What is said about a reply that ended without an answer or at a limit; the rate of a reply."""

from __future__ import annotations

import pytest

from nbstream.model.events import Answer, Ended, Event, Finished, Reasoning, Started, ToolCallDelta, UsageReported
from nbstream.model.failure import Failure
from nbstream.model.presentation import Audience, Presentation
from nbstream.model.reduction import reduce
from nbstream.model.reply import Reply
from nbstream.model.request import Request
from nbstream.model.usage import Usage
from nbstream.output.sentences import alert
from nbstream.output.settled import settled_html, settled_markdown, settled_text
from nbstream.output.wording import footer, reasoning_display
from nbstream.widgets.meta import meta_of


def reply(*events: Event, end: float = 9.0, reason: str | None = "stop", **parameters: object) -> Reply:
    value = reduce(Reply(), Started(0, Request("m", parameters=parameters)))
    finish = [Finished(end, reason)] if reason else []
    for event in (*events, *finish, Ended(end, "served")):
        value = reduce(value, event)
    return value


@pytest.mark.parametrize("answer", ["", "\n\n"])
def test_a_model_that_ends_while_thinking_is_said_to(answer: str) -> None:
    ended = reply(Reasoning(0, "So it is 42."), Answer(1, answer))
    assert alert(ended, "cell") == (
        "The answer is empty: the model ended while thinking. Its answer may stand in the reasoning."
    )


@pytest.mark.parametrize(
    ("audience", "options"),
    [
        ("cell", "Raise --max-tokens, lower --effort, or do without thinking (--no-think)."),
        ("terminal", "Raise --max-tokens, lower --effort, or do without thinking (--no-think)."),
        ("python", "Raise `max_tokens=`, lower `effort=`, or do without thinking (`thinking=False`)."),
    ],
)
def test_thinking_that_used_up_the_limit_is_said_to(audience: Audience, options: str) -> None:
    ended = reply(Reasoning(0, "So"), UsageReported(1, Usage(9, 64)), reason="length", max_tokens=64)
    assert alert(ended, audience) == f"Thinking used up the limit of 64 tokens before an answer began. {options}"


def test_a_server_may_say_stop_at_the_limit() -> None:
    ended = reply(Reasoning(0, "So"), UsageReported(1, Usage(9, 64)), reason="stop", max_tokens=64)
    assert alert(ended, "cell").startswith("Thinking used up the limit of 64 tokens before an answer began. Raise")


@pytest.mark.parametrize("parameters", [{}, {"max_tokens": 64}])
def test_thinking_that_used_up_the_context_is_said_to(parameters: dict[str, int]) -> None:
    ended = reply(Reasoning(0, "So"), UsageReported(1, Usage(4000, 40)), reason="length", **parameters)
    said = alert(ended, "cell")
    assert "the model's context" in said
    assert "shorten the prompt, lower --effort" in said


@pytest.mark.parametrize(
    ("limit", "used", "says", "not_said"),
    [
        (64, 64, "at the limit of 64 tokens. Raise --max-tokens", "context"),
        (64, None, "at the limit of 64 tokens. Raise --max-tokens", "context"),
        (64, 40, "the model's context is full", "Raise"),
        (None, 40, "shorten the prompt", "Raise"),
    ],
)
def test_a_full_context_is_not_told_to_raise_the_limit(
    limit: int | None, used: int | None, says: str, not_said: str
) -> None:
    usage = [UsageReported(1, Usage(4000, used))] if used is not None else []
    parameters = {} if limit is None else {"max_tokens": limit}
    said = alert(reply(Answer(0, "It is"), *usage, reason="length", **parameters), "cell")
    assert says in said
    assert not_said not in said


def test_spaces_in_place_of_json_are_explained() -> None:
    assert "replaces output that is not JSON" in alert(
        reply(Answer(0, "   "), response_format={"type": "json_object"}), "cell"
    )
    assert alert(reply(Answer(0, "   ")), "cell") == "The answer is empty."
    assert alert(reply(), "cell") == "The reply is empty."


@pytest.mark.parametrize(
    "ended",
    [
        reply(Reasoning(0, "So")),
        reply(Reasoning(0, "So"), Answer(1, " \n")),
        reply(Reasoning(0, "So"), reason="length"),
        reduce(reduce(Reply(), Reasoning(0, "So")), Ended(1, "cancelled")),
        reduce(reduce(Reply(), Reasoning(0, "So")), Ended(1, "failed", Failure("disconnected"))),
    ],
)
def test_reasoning_without_an_answer_stays_open(ended: Reply) -> None:
    assert meta_of(ended, Presentation(), elapsed=9, foreground=True)["reasoning"] == "open"
    assert "<details" in settled_html(ended)
    assert " open>" in settled_html(ended)
    assert "<details open>" in settled_markdown(ended)
    assert "\n\nSo\n\n" in settled_text(ended)
    for chosen in ("closed", "hidden"):
        assert reasoning_display(ended, Presentation(reasoning=chosen)) == chosen


@pytest.mark.parametrize(
    "whole", [reply(Reasoning(0, "So"), Answer(1, "yes")), reply(Reasoning(0, "So"), ToolCallDelta(1, 0, name="look"))]
)
def test_reasoning_before_an_answer_closes(whole: Reply) -> None:
    assert meta_of(whole, Presentation(), elapsed=9, foreground=True)["reasoning"] == "auto"
    assert " open>" not in settled_html(whole)
    assert "So" not in settled_text(whole)


def rate(*events: Event, end: float = 9.0) -> str | None:
    return next((item for item in footer(reply(*events, end=end)) if "tok/s" in item), None)


def test_no_rate_is_claimed_for_text_that_came_at_once() -> None:
    usage = UsageReported(9, Usage(1, 101))
    assert rate(Answer(3, "a"), usage) is None
    # The end of the stream may come long after the text.
    assert rate(Answer(3, "a"), Answer(3.9, "b"), usage) is None
    assert rate(Answer(3, "a"), Answer(4, "b"), usage, end=8) == "20 tok/s"


def test_reasoning_that_was_not_streamed_does_not_count_into_the_rate() -> None:
    usage = UsageReported(9, Usage(1, 1011, reasoning_tokens=1000))
    assert rate(Answer(3, "a"), Answer(5, "b"), usage, end=5) == "5 tok/s"
    # A summary of the reasoning is not the reasoning.
    summary = Reasoning(1, "They ask for a sum, which is easy.")
    assert rate(summary, Answer(3, "a"), Answer(5, "b"), usage, end=5) == "5 tok/s"
    assert rate(Reasoning(0, "word " * 800), Answer(3, "a"), Answer(5, "b"), usage, end=5) == "202 tok/s"
