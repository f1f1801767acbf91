"""Chats in files: a loaded chat equals the saved one."""

from __future__ import annotations

import json
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nbstream
from nbstream.chat import saved
from nbstream.model.exceptions import NbstreamWarning, RequestError
from nbstream.model.saved_values import decode, encode
from nbstream.model.usage import Cost, CostParts, Usage
from tests.chat.conftest import bodies
from tests.hostile import keys
from tests.hostile.server import HostileServer, Request, Response, chunk

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator
    from tests.chat.conftest import Cells


#: A chat whose only version was sent after others.
DAMAGED = (
    '{"format": 3, "chat": "x", "system": null, "defaults": {}, "messages": [], "turns": [{"current": 0, "hidden": '
    'false, "aside": false, "cell": null, "versions": [{"number": 0, "after": [], "sent": %s, "edited": null, '
    '"prompt_edited": false, "request_messages": [], "reply": {"_": "Reply"}}]}]}'
)


def test_a_loaded_chat_goes_on_as_the_saved_one(simulator: Simulator, cells: Cells, tmp_path: Path) -> None:
    chat = nbstream.Chat("plan", system="Kurz, bitte. 好", model="pro", max_tokens=200)
    for cell, scenario in (
        ("a", "normal tokens=20"),
        ("b", "402"),
        ("c", "truncate after=3"),
        ("a", "normal tokens=9"),
    ):
        cells.run(cell)
        chat.stream(f"[simulate: {scenario}] ünï \U0001f600", extra_body={"seed": 1}).result()
    chat.edit(2, answer="my own")
    chat.hide(1)
    path = tmp_path / "plan.json"
    chat.save(path)
    loaded = nbstream.Chat.load(path, "again")
    assert loaded is nbstream.Chat("again")
    assert (loaded.system, loaded.defaults) == (chat.system, chat.defaults)
    assert loaded.messages == chat.messages
    for one, other in zip(chat.turns, loaded.turns, strict=True):
        assert one.marks() == other.marks()
        assert [each.answer for each in one.versions] == [each.answer for each in other.versions]
        for old, new in zip(one.versions, other.versions, strict=True):
            for field in fields(old.reply):
                assert getattr(old.reply, field.name) == getattr(new.reply, field.name), field.name
            assert (old.sent, old.edited, old.ended) == (new.sent, new.edited, new.ended)
    # Running a cell again replaces its turn in the loaded chat, too.
    cells.run("a")
    loaded.stream("[simulate: normal tokens=3] x").result()
    assert len(loaded.turns[0].versions) == 3
    assert len(bodies(simulator)[-1]["messages"]) == 2
    # A second save and load changes nothing.
    chat.save(path)
    assert json.loads(path.read_text("utf-8")) == json.loads(chat.to_json())


def test_a_file_does_not_grow_with_the_square_of_its_turns(simulator: Simulator) -> None:
    chat = nbstream.Chat("plan")
    sizes = []
    for number in range(60):
        chat.stream(f"[simulate: echo] {number}", thinking=False).result()
        if number % 20 in (9, 19):
            sizes.append(len(chat.to_json()))
    assert sizes[5] - sizes[4] < 1.1 * (sizes[1] - sizes[0])


@given(st.lists(st.integers(0, 30)))
def test_numbers_are_the_same_after_they_were_written_as_runs(numbers: list[int]) -> None:
    messages = saved._Messages([{"role": "user", "content": str(number)} for number in range(31)])
    runs = json.loads(json.dumps(saved._runs(numbers)))
    assert [int(each["content"]) for each in messages.at(runs)] == numbers
    assert len(saved._runs(range(10**4))) == 1
    assert saved._renumbered(runs, {number: number + 100 for number in range(31)}) == {each + 100 for each in numbers}


def test_a_chat_can_load_a_file_under_its_own_name(simulator: Simulator, tmp_path: Path) -> None:
    chat = nbstream.Chat("plan")
    chat.stream("[simulate: normal tokens=3] x").result()
    chat.save(tmp_path / "plan.json")
    other = nbstream.Chat("other")
    assert other.load(tmp_path / "plan.json") is other
    assert (other.name, other.messages) == ("other", chat.messages)
    assert "chat.load(path)" in (nbstream.Chat.load.__doc__ or "")


def test_loading_over_a_chat_can_be_undone(simulator: Simulator, tmp_path: Path) -> None:
    chat = nbstream.Chat("plan")
    chat.stream("[simulate: normal tokens=3] x").result()
    chat.save(tmp_path / "plan.json")
    chat.stream("[simulate: normal tokens=3] y").result()
    with pytest.warns(NbstreamWarning, match="2 turns of the chat plan are replaced"):
        nbstream.Chat.load(tmp_path / "plan.json")
    assert len(chat) == 1
    chat.undo()
    assert len(chat) == 2


def test_the_key_of_a_chat_is_not_sent_to_the_server_of_a_file(tmp_path: Path) -> None:
    def answer(_: Request) -> Response:
        return Response([chunk(content="yes", finish="stop")])

    with HostileServer({"v1": answer}) as own, HostileServer({"v1": answer}) as other:
        for name, server in (("theirs", other), ("same", own)):
            nbstream.Chat(name, base_url=f"{server.url}/v1", max_tokens=9).save(tmp_path / name)
        chat = nbstream.Chat("plan", base_url=f"{own.url}/v1", api_key=keys.KEY)
        chat.stream("mine").result(20)
        with pytest.warns(NbstreamWarning) as said:
            chat.load(tmp_path / "theirs")
        chat.stream("hello").result(20)
        assert [keys.KEY in each.text for each in other.requests] == [False]
        assert f"key is for {own.url}, and is not sent to {other.url}" in str(said[0].message)
        # What comes back goes to the server that it was asked on, with its key.
        chat.undo()
        chat.undo()
        chat.stream("again").result(20)
        assert [each.key for each in own.requests] == [keys.KEY] * 2
        assert chat.defaults == {"base_url": f"{own.url}/v1"}
        with pytest.warns(NbstreamWarning, match="are replaced"):
            chat.load(tmp_path / "same")
        chat.stream("hello").result(20)
        assert own.requests[-1].key == keys.KEY
        assert len(other.requests) == 1
        hidden = nbstream.Chat("hidden", base_url=f"{own.url}/v1?token={keys.KEY}", api_key=keys.KEY)
        with pytest.warns(NbstreamWarning, match="is not sent to"):
            hidden.load(tmp_path / "theirs")
        hidden.stream("hello").result(20)
        assert len(other.requests) == 2
        assert keys.KEY not in other.requests[1].text + other.requests[1].path
        assert keys.KEY not in chat.to_json() + str(chat.defaults)


@pytest.mark.parametrize(
    "text",
    [
        *(DAMAGED % each for each in ("[9]", "[-1]", "[[0, 1e9]]", "[[0]]", '[["a", 1]]', "[[[0], 1]]", "5")),
        "",
        "[]",
        "{}",
        '{"format": 9}',
        '{"format": 1, "chat": "x", "turns": [{}]}',
        "\ufeff",
        "[" * 200_000,
    ],
)
def test_a_file_that_is_no_chat_is_one_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(text, "utf-8")
    with pytest.raises(RequestError) as caught:
        nbstream.Chat.load(path)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="cannot be read"):
        nbstream.Chat.load(tmp_path / "none.json")


def test_a_file_makes_no_object_of_another_class() -> None:
    for name in ("Popen", "Chat", "object", "__class__"):
        with pytest.raises(ValueError, match="not a kept value"):
            decode({"_": name, "args": ["ls"]})


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["_", "a", "value"]), inner, max_size=3)
    | st.lists(inner, max_size=3).map(tuple),
    max_leaves=8,
)  # fmt: skip
values = (
    plain
    | st.builds(Usage, st.none() | st.integers(), cost=st.none() | st.floats(allow_nan=False))
    | st.builds(
        Cost,
        st.decimals(allow_nan=False, allow_infinity=False),
        st.just("USD"),
        st.just("peak"),
        st.none() | st.datetimes(),
        parts=st.none() | st.builds(CostParts, st.just(Decimal("0.10")), st.just(Decimal("1E-9"))),
        checked=st.none() | st.dates(),
    )
)


@given(values)
def test_a_value_is_the_same_after_json(value: Any) -> None:
    assert decode(json.loads(json.dumps(encode(value)))) == value


def test_an_amount_keeps_its_digits() -> None:
    assert str(decode(encode(Decimal("0.10")))) == "0.10"


def test_a_file_of_format_1_is_read_whole() -> None:
    chat = nbstream.Chat.load(Path(__file__).parents[1] / "data" / "chats" / "format-1.json")
    first, second = (turn.reply for turn in chat.turns)
    assert [(call.name, call.arguments, call.state) for call in first.tool_calls] == [("look", "{}", "open")]
    assert [(each.kind, each.where) for each in second.warnings] == [("replaced", "messages[3].content")]
    assert [each["role"] for each in chat.messages] == ["user", "assistant", "tool", "user", "assistant"]
    assert [each["role"] for each in second.request.messages] == ["user", "assistant", "tool", "user"]
