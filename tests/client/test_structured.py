"""Structured answers from request to data: what is sent, what comes of it, what a file keeps."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

import nbstream
from nbstream.client.start import source_of
from nbstream.client.structured import structure_of
from nbstream.model.problem import Problem
from nbstream.model.reduction import reduce
from nbstream.model.reply import Reply
from nbstream.model.saved_values import decode, encode
from nbstream.model.serialization import decode_event, encode_event
from tests.chat.conftest import bodies as sent
from tests.client.test_continuation import resume, retry

if TYPE_CHECKING:
    from pathlib import Path

    from nbstream.client.options import Options
    from nbstream.simulator.server import Simulator


@dataclasses.dataclass
class Person:
    name: str
    age: int


LINE = "[name, age int, mood good|bad]"


def ask(schema: Any = LINE, scenario: str = "structured", **options: Any) -> Reply:
    options = {"tries": 1, "schema": schema, "thinking": False, **options}
    return nbstream.stream(f"[simulate: {scenario}]Some people.", **options).result(20)


@pytest.mark.usefixtures("simulator")
def test_data_has_the_form_that_was_asked_for() -> None:
    reply = ask()
    assert [row.keys() for row in reply.data] == [{"name": 0, "age": 0, "mood": 0}.keys()] * 3
    assert reply.problems == ()
    assert reply.data is reply.data
    assert json.loads(reply.answer) == {"items": reply.data}
    assert ask(Person).data == Person("name", 2)
    assert ask(list[Person], "structured rows=2").data == [Person("name", 2), Person("name 2", 3)]
    assert isinstance(ask(int).data, int)
    assert ask(None, json=True).data["simulated"]
    assert ask(scenario="structured wrong=fences").problems == ()


@pytest.mark.usefixtures("simulator")
def test_a_reply_that_is_no_structured_answer_has_no_data() -> None:
    reply = ask(None)
    assert (reply.data, reply.problems, reply.partial) == (None, (), None)


@pytest.mark.usefixtures("simulator")
@pytest.mark.parametrize(
    ("scenario", "path", "message"),
    [
        ("structured wrong=empty", "", "The answer is empty."),
        ("structured wrong=spaces", "", "The answer is empty."),
        ("structured wrong=cut", "", "The JSON is not whole: the answer ends within it."),
        ("structured wrong=text", "", "It is not JSON: it begins with “Here is the JSON:"),
        ("structured wrong=comma", "", "It is not valid JSON at line 1"),
        ("structured wrong=fields", "", "It should be a list, and is a string."),
        ("structured truncate after=9", "", "The JSON is not whole: the answer ends within it."),
        ("reset after=0", "", "The answer is empty."),
    ],
)
def test_a_wrong_answer_has_problems_and_never_raises(scenario: str, path: str, message: str) -> None:
    reply = ask(LINE if "fields" not in scenario else "items list[int]", scenario)
    assert reply.data is None
    problem = reply.problems[0]
    assert (problem.path, message[:20]) == (path or problem.path, problem.message[:20])
    with pytest.raises(nbstream.ReplyError, match="There is no structured answer"):
        reply.frame()


def test_the_request_keeps_what_stands_before_the_instruction(simulator: Simulator) -> None:
    chat = nbstream.Chat("structured", model="flash", thinking=False)
    first = chat.stream("First.").result(20)
    second = chat.stream("[simulate: structured]Some people.", schema=LINE, tries=1).result(20)
    third = chat.stream("Third.").result(20)
    assert second.data
    bodies = sent(simulator)
    assert "response_format" not in bodies[0]
    assert bodies[1]["response_format"] == {"type": "json_object"}
    assert "response_format" not in bodies[2]
    # Each request has the messages of the one before it, byte for byte, and what came back.
    for before, after, reply in ((bodies[0], bodies[1], first), (bodies[1], bodies[2], second)):
        kept = [*before["messages"], {"role": "assistant", "content": str(reply.message["content"])}]
        assert after["messages"][: len(kept)] == kept
    inserted = second.request.inserted[-1]
    assert bodies[1]["messages"][-1]["content"].endswith(f"Some people.\n\n{inserted.text}")
    assert inserted.name == "JSON"
    assert third.data is None


def test_messages_and_parts_get_the_instruction_too() -> None:
    parts = [{"type": "text", "text": "Hi"}]
    options: Options = {"api_key": "k", "json": True, "messages": [{"role": "user", "content": parts}]}
    content = source_of(None, options).request.messages[-1]["content"]
    assert content[0] == parts[0]
    assert "JSON" in content[1]["text"]
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes?"}]
    messages = source_of(None, {"api_key": "k", "json": True, "messages": turns}).request.messages
    assert list(messages[:2]) == turns
    assert messages[2]["role"] == "user"


def test_what_the_user_gives_in_the_body_goes_first() -> None:
    options: Any = {"api_key": "k", "json": True, "extra_body": {"response_format": {"type": "text"}}}
    assert source_of("Hi", options).request.parameters["response_format"] == {"type": "text"}


@pytest.mark.usefixtures("simulator")
def test_frames() -> None:
    pd = pytest.importorskip("pandas")
    rows = ask()
    pd.testing.assert_frame_equal(rows.frame(), pd.DataFrame(rows.data))
    assert ask(list[Person]).frame()["name"].tolist() == ["name", "name 2", "name 3"]
    assert ask("people [name, age int]").frame().columns.tolist() == ["name", "age"]
    assert ask("name, age int").frame().shape == (1, 2)
    assert ask(list[int]).frame()["value"].tolist() == [2, 3, 4]
    with pytest.raises(nbstream.ReplyError, match="no structured answer: ask with"):
        ask(None).frame()


@pytest.mark.usefixtures("simulator")
def test_a_file_keeps_plain_data(tmp_path: Path) -> None:
    chat = nbstream.Chat("kept-data", schema=list[Person], thinking=False, tries=1)
    reply = chat.stream("[simulate: structured rows=1]Some people.").result(20)
    assert reply.data == [Person("name", 2)]
    chat.save(tmp_path / "kept.json")
    loaded = nbstream.Chat.load(tmp_path / "kept.json", "kept-data-again")
    assert loaded.turns[0].reply.data == [{"name": "name", "age": 2}]
    # The chat asks for the same form, as plain JSON.
    again = loaded.stream("[simulate: structured rows=1]Others.").result(20)
    assert again.data == [{"name": "name", "age": 2}]
    wrong = loaded.stream("[simulate: structured wrong=fields]Others.").result(20)
    kept = decode(json.loads(json.dumps(encode(wrong))))
    assert kept.problems == wrong.problems != ()


@pytest.mark.usefixtures("simulator")
def test_a_journal_keeps_how_to_read_the_answer() -> None:
    run = nbstream.stream("[simulate: structured rows=1]Some people.", schema=list[Person])
    reply = run.result(20)
    lines = [encode_event(each) for each in run.receiver.wait(0).events]
    assert not any("Some people" in line for line in lines)
    again = Reply()
    for line in lines:
        again = reduce(again, decode_event(line))
    assert reply.data == [Person("name", 2)]
    assert again.data == [{"name": "name", "age": 2}]


@pytest.mark.usefixtures("simulator")
def test_a_reply_that_goes_on_or_is_asked_anew_keeps_its_form() -> None:
    cut = ask(list[Person], "structured truncate after=12")
    assert cut.status == "truncated"
    assert cut.problems == (Problem("", "The JSON is not whole: the answer ends within it."),)
    whole = resume(cut, extra_body={"simulate": "structured"}).result(20)
    assert whole.answer == ask(list[Person]).answer
    assert whole.data == ask(list[Person]).data
    assert retry(ask(list[Person])).result(20).data == whole.data


@pytest.mark.usefixtures("simulator")
def test_partial_grows_while_the_reply_arrives() -> None:
    run = nbstream.stream("[simulate: structured rows=4 rate=400]Some people.", schema=list[Person], thinking=False)
    seen: list[Any] = []
    while not run.done:
        run.receiver.wait(len(seen), timeout=0.01)
        seen.append(run.reply.partial)
    assert all(each is None or isinstance(each, list) for each in seen)
    sizes = [len(each) for each in seen if isinstance(each, list)]
    assert sizes == sorted(sizes)
    assert run.reply.partial == [vars(each) for each in run.reply.data]
    assert len(set(sizes)) > 1


def test_a_schema_that_is_changed_later_changes_nothing_that_was_sent() -> None:
    schema: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "string"}}}
    first = source_of("Hi", {"api_key": "k", "schema": schema}).request
    schema["properties"]["a"]["type"] = "integer"
    second = source_of("Hi", {"api_key": "k", "schema": schema}).request
    assert '"a": {"type": "string"}' in first.inserted[0].text
    assert '"a": {"type": "integer"}' in second.inserted[0].text
    assert first.structure is not None
    assert first.structure.schema == {"type": "object", "properties": {"a": {"type": "string"}}}


def test_a_form_is_made_once_for_many_requests() -> None:
    structure = structure_of({"schema": list[Person]})
    requests = [source_of("Hi", {"api_key": "k", "schema": structure}).request for _ in range(2)]
    assert all(each.structure is structure for each in requests)
