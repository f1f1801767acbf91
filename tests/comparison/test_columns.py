"""The requests of a comparison: all are checked before one is sent, and each goes its own way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from nbstream.chat.conversation import Chat
from nbstream.comparison.columns import Column, prepared
from nbstream.comparison.specs import read_specs
from nbstream.model.exceptions import NbstreamWarning, RequestError

if TYPE_CHECKING:
    from nbstream.model.reply import Reply
    from nbstream.simulator.server import Simulator

KEY = "sk-0123456789abcdef0123456789abcdef"


def columns_of(prompt: str, specs: list[Any], **common: Any) -> list[Column]:
    return prepared(read_specs(prompt, specs, common), common)[0]


def replies_of(columns: list[Column]) -> list[Reply]:
    runs = [column.start() for column in columns]
    return [run.result(30) for run in runs]


def test_a_failed_column_does_not_end_the_others(simulator: Simulator) -> None:
    specs: list[Any] = [
        {"prompt": "a [simulate: echo]"},
        {"prompt": "b [simulate: 400]"},
        {"prompt": "c [simulate: reset after=3]"},
    ]
    first, second, third = replies_of(columns_of("", specs, thinking=False))
    assert first.status == "complete"
    assert second.status == "failed"
    assert third.status in ("failed", "truncated")


def test_nothing_is_sent_if_one_request_is_not_valid(simulator: Simulator) -> None:
    with pytest.raises(RequestError, match="Column 2: `effort=`"):
        columns_of("Why?", ["flash", {"effort": "huge"}])
    assert not simulator.log()


def test_a_chat_is_asked_and_stays_as_it_is(simulator: Simulator) -> None:
    chat = Chat("compared", system="Be terse.", thinking=False)
    chat.ask("One [simulate: echo]")
    replies = replies_of(columns_of("Two [simulate: echo]", [chat, {"chat": chat, "system": "Be kind."}]))
    assert len(chat) == 1
    assert [message["role"] for message in replies[0].request.messages] == ["system", "user", "assistant", "user"]
    assert replies[0].request.messages[0]["content"] == "Be terse."
    assert replies[1].request.messages[0]["content"] == "Be kind."
    assert chat.system == "Be terse."
    assert all(reply.request.turn is None for reply in replies)


def test_calls_of_tools_are_shown_and_none_runs(simulator: Simulator) -> None:
    ran = []

    def look(place: str) -> str:
        """Look at a place."""
        ran.append(place)
        return "fog"

    prompt = 'Look.\n[simulate: call] look {"place": "north"}'
    replies = replies_of(columns_of(prompt, ["flash", "pro"], tools=[look], allow=["look"], thinking=False))
    assert not ran
    assert [[call.name for call in reply.pending] for reply in replies] == [["look"], ["look"]]


def test_a_key_for_all_columns_goes_to_its_own_server_only(simulator: Simulator) -> None:
    with pytest.warns(NbstreamWarning, match="The keys for all columns are for"):
        own, other = columns_of("Why?", ["flash", {"base_url": "http://127.0.0.1:9/v1"}], api_key=KEY)
    assert [secret.reveal() for secret in own.source.secrets if secret.reveal() == KEY] == [KEY]
    assert KEY not in [secret.reveal() for secret in other.source.secrets]
    assert KEY not in repr([own, other])


def test_data_and_schemas_are_in_every_column(simulator: Simulator) -> None:
    columns = columns_of("Say {{ word }}.", ["flash", "pro"], fill=True, values={"word": "fog"}, schema="answer")
    for column in columns:
        assert "Say fog." in str(column.source.request.messages[-1]["content"])
        assert column.source.request.structure is not None
