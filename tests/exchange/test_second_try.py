"""When a structured answer is asked for again, and what the model is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nbstream.exchange.second_try import question_after
from nbstream.model.events import (
    Answer,
    Event,
    Finished,
    Reasoning,
    Refusal,
    Responded,
    Started,
    Stepped,
    ToolCallDelta,
    Warned,
)
from nbstream.model.reduction import reduce
from nbstream.model.reply import Reply
from nbstream.model.request import Request
from nbstream.model.structure import Structure
from nbstream.model.warning import ReplyWarning

PEOPLE = Structure(
    {
        "type": "array",
        "items": {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]},
    },
    wrapper="items",
)


def reply(*events: Event, structure: Structure | None = PEOPLE, reason: str | None = "stop") -> Reply:
    value = Reply()
    finished = [Finished(2, reason)] if reason else []
    for event in (Started(0, Request("m", structure=structure)), *events, *finished, Responded(3)):
        value = reduce(value, event)
    return value


def test_the_model_is_told_what_is_wrong_and_where() -> None:
    question = question_after(reply(Answer(1, '{"items": [{"age": 1}, {"age": "x"}, {}]}')))
    assert question == (
        "Your answer was not the JSON that was asked for:\n"
        '- items[1].age: It should be a whole number, and is "x".\n'
        "- items[2].age: It is missing.\n"
        "Answer again, with the whole JSON object and nothing else."
    )
    whole = question_after(reply(Answer(1, "Sure! Here.")))
    assert whole is not None
    assert "- It is not JSON: it begins with “Sure! Here.”." in whole


@pytest.mark.parametrize("answer", ["", "   ", "\n"])
def test_an_empty_answer_is_asked_for_again(answer: str) -> None:
    question = question_after(reply(Answer(1, answer)))
    assert question == "Your answer was empty. Answer again, with the whole JSON object and nothing else."


def test_of_many_problems_the_first_are_told() -> None:
    question = question_after(reply(Answer(1, '{"items": [' + ", ".join(["{}"] * 30) + "]}")))
    assert question is not None
    assert question.count("It is missing.") == 10
    assert "- and 20 more\n" in question


WRONG = Answer(1, "{}")


@pytest.mark.parametrize(
    "asked",
    [
        reply(Answer(1, '{"items": []}')),
        reply(Answer(1, '```json\n{"items": []}\n```')),
        reply(WRONG, structure=None),
        reply(WRONG, structure=replace(PEOPLE, tries=1)),
        reply(WRONG, reason="length"),
        reply(Reasoning(1, '{"items": []}')),
        reply(WRONG, reason="content_filter"),
        reply(WRONG, Refusal(1, "No.")),
        reply(WRONG, ToolCallDelta(1, 0, "i", "tool", "{}")),
        reply(WRONG, Warned(1, ReplyWarning("unreadable"))),
    ],
    ids=[
        "fits",
        "fits in fences",
        "any text",
        "one try",
        "cut off",
        "in the reasoning",
        "filtered",
        "refused",
        "calls",
        "damaged",
    ],
)
def test_what_is_not_asked_for_again(asked: Reply) -> None:
    assert question_after(asked) is None


def test_there_are_as_many_tries_as_were_allowed() -> None:
    structure = replace(PEOPLE, tries=3)
    value, questions = reply(WRONG, structure=structure), 0
    while question_after(value) is not None:
        questions += 1
        for event in (
            Stepped(4, Request("m", structure=structure), None, "again"),
            WRONG,
            Finished(5, "stop"),
            Responded(6),
        ):
            value = reduce(value, event)
    assert questions == 2


def test_only_the_answer_after_the_tools_counts() -> None:
    value = reply(ToolCallDelta(1, 0, "i", "tool", "{}"), reason="tool_calls")
    assert question_after(value) is None
    for event in (Stepped(4, Request("m", structure=PEOPLE)), WRONG, Finished(5, "stop"), Responded(6)):
        value = reduce(value, event)
    assert question_after(value) is not None
