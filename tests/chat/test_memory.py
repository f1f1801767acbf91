"""What a live chat keeps in memory grows with its turns, and not with their square."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import nbstream

if TYPE_CHECKING:
    from nbstream.chat.conversation import Chat
    from nbstream.simulator.server import Simulator

_TURNS = 20


def messages(chat: Chat) -> list[Any]:
    """Return every message that the requests of a chat and its versions hold, each once."""
    versions = [version for turn in chat.turns for version in turn.versions]
    held = [each for version in versions for each in (*version.sent, *version.messages("never"))]
    held += [each for version in versions for step in version.reply.steps for each in step.request.messages]
    return [*{id(each): each for each in held}.values()]


@pytest.mark.parametrize(
    ("model", "most"), [("flash", 2), ("deepseek-anthropic/flash", 4)], ids=["completions", "messages"]
)
def test_requests_share_the_messages_before_theirs(simulator: Simulator, model: str, most: int) -> None:
    chat = nbstream.Chat("plan", model=model)
    for number in range(_TURNS):
        chat.stream(f"[simulate: normal tokens=3] {number}").result(20)
    assert len(chat.turns[-1].reply.request.messages) == 2 * _TURNS - 1
    assert len(messages(chat)) <= most * _TURNS


def test_a_request_has_a_message_that_was_edited(simulator: Simulator) -> None:
    chat = nbstream.Chat("plan", system="Be brief.")
    for number in range(3):
        chat.stream(f"[simulate: normal tokens=3] {number}").result(20)
    chat.edit(0, answer="My own \ud83d\ude00.")
    chat.hide(1)
    chat.stream("[simulate: normal tokens=3] last").result(20)
    found = chat.turns[-1].reply.request.messages
    assert [each["content"] for each in found[:3]] == ["Be brief.", chat.turns[0].prompt, "My own \U0001f600."]
    assert found[3] is chat.turns[2].version.sent[0]
    assert len(found) == 6
