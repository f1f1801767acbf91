"""An API key is sent to its own server only, and is in no output, file, log or traceback."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nbstream
from nbstream.client.endpoints import endpoint_for
from nbstream.client.redacted_decoder import RedactedDecoder
from nbstream.client.redaction import SHORTEST_KEY, KeyRedactor
from nbstream.client.secret import Secret
from nbstream.model.events import (
    Answer,
    Ended,
    Finished,
    Noted,
    Reasoning,
    ToolCallDelta,
    UsageReported,
    Waiting,
    Warned,
)
from nbstream.model.hidden_text import MARK
from nbstream.model.reduction import reduce
from nbstream.model.reply import Reply
from nbstream.model.usage import Usage
from nbstream.model.warning import ReplyWarning
from nbstream.output.failure_words import message
from nbstream.wire.response import ResponseDecoder
from tests.hints import hint_of
from tests.hostile import keys
from tests.hostile.server import HostileServer, Request, Response, chunk, event

if TYPE_CHECKING:
    from pathlib import Path

    from nbstream.model.events import Event
    from nbstream.model.failure import Failure


@pytest.mark.parametrize("in_body", [False, True])
def test_the_key_is_in_no_output_however_a_request_ends(in_body: bool) -> None:  # noqa: FBT001  (pytest passes it by name)
    found = keys.end_every_way(in_body=in_body)
    assert found.places > 500
    assert found.seen == []


def test_neither_prompt_nor_key_follows_a_redirect() -> None:
    found, elsewhere = keys.redirect_every_way()
    assert found.places > 300
    assert found.seen == []
    assert elsewhere == []


@pytest.mark.kernel
def test_the_key_is_in_no_output_of_a_kernel(tmp_path: Path) -> None:
    found = keys.look_into_kernel(tmp_path)
    assert found.places > 200
    assert found.seen == []


def test_the_search_finds_a_key() -> None:
    found = keys.Sightings()
    found.look("nowhere", "canary")
    for place, text in (
        ("plain", keys.KEY),
        ("URL", "canary-key%2F0f3b%2B7e91%3D%3D"),
        ("JSON", r"canary-key\/0f3b+7e91=="),
    ):
        found.look(place, text)
    assert found.seen == ["plain", "URL", "JSON"]
    assert found.places == 4


def test_the_message_of_a_redirect_has_its_target_without_user_and_query() -> None:
    answers = {"from": lambda _: Response([], 307, {"Location": "https://user:x@other.test:8443/v1/chat?key=x#y"})}
    with HostileServer(answers) as server:
        reply = nbstream.stream("hello", base_url=f"{server.url}/from", api_key="x").result(20)
    assert reply.error is not None
    assert "it redirects to https://other.test:8443/v1/chat" in message(reply.error)
    assert "Neither prompt nor key was sent there" in hint_of(reply)
    assert "\n" not in str(reply.error)


def test_a_key_is_sent_to_its_own_server_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(_: Request) -> Response:
        return Response([chunk(content="yes", finish="stop")])

    with HostileServer({"v1": answer}) as own, HostileServer({"v1": answer}) as other:
        monkeypatch.setenv("DEEPSEEK_BASE_URL", f"{own.url}/v1")
        monkeypatch.setenv("DEEPSEEK_API_KEY", keys.KEY)
        port = own.url.rpartition(":")[2]
        for url in (f"{own.url}/v1/", f"{other.url}/v1", f"http://localhost:{port}/v1"):
            assert nbstream.stream("hello", base_url=url).result(20).answer == "yes"
        sent, to_other_name = own.requests
        assert sent.key == keys.KEY
        assert keys.KEY not in to_other_name.text + other.requests[0].text
        assert "authorization" not in other.requests[0].headers


def test_the_keys_of_a_chat_go_to_its_own_server_only() -> None:
    def answer(_: Request) -> Response:
        return Response([chunk(content="yes", finish="stop")])

    body = {"seed": 1, "proxy": {"api_key": keys.KEY}}
    with HostileServer({"v1": answer}) as own, HostileServer({"v1": answer}) as other:
        chat = nbstream.Chat("keys", base_url=f"{own.url}/v1", api_key=keys.KEY, extra_body=body)
        assert chat.stream("hello").result(20).answer == "yes"
        assert chat.stream("hello", model="another").result(20).answer == "yes"
        with pytest.warns(nbstream.NbstreamWarning, match=f"keys are for {own.url}, and are not sent to {other.url}"):
            assert chat.stream("hello", base_url=f"{other.url}/v1").result(20).answer == "yes"
        given = {"api_key": "another-key-0123456789", "extra_body": {"seed": 2}}
        chat.stream("hello", base_url=f"{other.url}/v1", **given).result(20)
    assert [each.key for each in own.requests] == [keys.KEY, keys.KEY]
    assert all(keys.KEY in each.headers["authorization"] for each in own.requests)
    assert not any(keys.KEY in each.text for each in other.requests)
    assert [each.key for each in other.requests] == ["", given["api_key"]]
    assert b'"seed":1' in other.requests[0].body.replace(b" ", b"")


def test_a_key_in_the_query_of_the_base_url_is_in_no_output() -> None:
    def refuse(request: Request) -> Response:
        assert keys.KEY in unquote(request.path)
        return Response([f"Cannot POST {request.path} with {keys.KEY}".encode()], 404, {"Content-Type": "text/plain"})

    with HostileServer({"v1": refuse}) as server:
        run = nbstream.stream(
            "hello", base_url=f"{server.url}/v1?api-version=2026-01-01&key={quote(keys.KEY, safe='')}"
        )
        reply = run.result(20)
    assert reply.error is not None
    shown = repr(vars(run.receiver._source)) + repr(reply.error) + repr(reply.request)
    assert not any(spelling in shown for spelling in keys.spellings(keys.KEY))
    assert "2026-01-01" in reply.error.said


def test_the_message_does_not_repeat_an_invalid_base_url() -> None:
    for url in (keys.KEY, f"https://user:{keys.KEY}@host:x", f"https://user:{keys.KEY}@host"):
        with pytest.raises(nbstream.RequestError) as caught:
            endpoint_for(url, environ={})
        assert "canary" not in str(caught.value)


KEYS = st.text('abcde/+"<1', min_size=SHORTEST_KEY, max_size=24).filter(lambda key: len(set(key)) > 3)
DUMMIES = (
    "x",
    "1",
    "null",
    "none",
    "None",
    "EMPTY",
    "ollama",
    "sk-no-key-required",
    "lm-studio",
    "unused",
    "xxxxxxxxxxxxxxxx",
)


class Events:
    """A decoder that returns given events, one for each piece."""

    delivered = finished = ended = False
    has_usage = False
    payloads = 0

    def __init__(self, events: list[Event]) -> None:
        self._events = list(events)

    def feed(self, _piece: bytes, _at: float) -> list[Event]:
        return [self._events.pop(0)]

    def flush(self, _at: float) -> list[Event]:
        return []

    def finish(self, at: float, _failure: Failure | None = None) -> list[Event]:
        return [Ended(at, "served")]


def through(key: str, events: list[Event], *, stopped: bool = False) -> list[Event]:
    decoder = RedactedDecoder(Events(events), KeyRedactor(Secret(key)))
    found = [event for _ in events for event in decoder.feed(b"", 0)]
    return found + (decoder.flush(9) if stopped else decoder.finish(9))


def text_of(events: list[Event], kind: type[Answer | Reasoning]) -> str:
    return "".join(event.text for event in events if isinstance(event, kind))


PARTS = st.lists(st.sampled_from(["key", "url", "json", "half", "other half", "a", "b\n", "é"]), max_size=8)


def spelled(key: str, part: str) -> str:
    spellings = {
        "key": key,
        "url": quote(key, safe=""),
        "json": json.dumps(key)[1:-1],
        "half": key[:7],
        "other half": key[7:],
    }
    return spellings.get(part, part)


@given(key=KEYS, parts=PARTS, data=st.data(), stopped=st.booleans())
def test_the_key_is_in_no_text_however_it_is_split(
    key: str, parts: list[str], data: st.DataObject, *, stopped: bool
) -> None:
    text = "".join(spelled(key, part) for part in parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=12)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    beside: list[Event] = [UsageReported(0, Usage(1)), Waiting(0, "x"), Noted(0, "n", {"a": 1}), Finished(0, "stop")]
    for kind in (Reasoning, Answer):
        events = [each for piece in pieces for each in (kind(0, piece), *data.draw(st.sampled_from([[], beside])))]
        found = text_of(through(key, events, stopped=stopped), kind)
        assert found == text_of(through(key, [kind(0, text)]), kind)
        assert not any(spelling in found for spelling in (key, quote(key, safe=""), json.dumps(key)[1:-1]))
        if not any(spelling in text for spelling in KeyRedactor(Secret(key)).forms):
            assert found == text
    calls: list[Event] = [ToolCallDelta(0, index, arguments=piece) for piece in pieces for index in (0, 1)]
    for index in (0, 1):
        found = "".join(
            each.arguments for each in through(key, calls) if isinstance(each, ToolCallDelta) and each.index == index
        )
        assert key not in found
        if not any(spelling in text for spelling in KeyRedactor(Secret(key)).forms):
            assert found == text


@given(KEYS, st.integers(1, 15), st.integers(1, 15))
def test_the_key_is_in_no_text_that_is_interrupted_by_another(key: str, first: int, second: int) -> None:
    pieces = [key[:first], key[first : first + second], key[first + second :]]
    events: list[Event] = [each for piece in pieces for each in (Reasoning(0, piece), Answer(0, piece))]
    for kind in (Reasoning, Answer):
        assert key not in text_of(through(key, events), kind)


@given(KEYS, PARTS, st.data())
def test_the_key_is_in_no_warning(key: str, parts: list[str], data: st.DataObject) -> None:
    text = "".join(spelled(key, part) for part in parts)
    size = data.draw(st.integers(1, 9))
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    warned = [Warned(0, ReplyWarning("other_text", piece, "choices[0].audio")) for piece in pieces]
    reply = Reply()
    for each in through(key, [*warned, Warned(0, ReplyWarning("unreadable", text))]):
        reply = reduce(reply, each)
    assert not any(key in warning.said for warning in reply.warnings)
    growing = next((warning for warning in reply.warnings if warning.kind == "other_text"), ReplyWarning("other_text"))
    if key not in text and quote(key, safe="") not in text and json.dumps(key)[1:-1] not in text:
        assert growing.said == text
        assert growing.count == max(1, len(pieces))


@pytest.mark.parametrize("key", ["1234567890123456", "reasoning_content", "finish_reason: stop", "completion_tokens"])
def test_neither_numbers_nor_names_nor_structure_are_changed(key: str) -> None:
    number = 1234567890123456
    data = chunk(reasoning_content=key, finish="stop")[:-3] + (
        b', "usage": {"completion_tokens": 9, "prompt_tokens": 5}, "serial": %d}\n\n' % number
    )
    decoder = RedactedDecoder(ResponseDecoder("s"), KeyRedactor(Secret(key)))
    reply = Reply()
    for each in [*decoder.feed(data, 0), *decoder.finish(1)]:
        reply = reduce(reply, each)
    assert (reply.status, reply.reasoning, reply.finish_reason) == ("complete", MARK, "stop")
    assert reply.usage is not None
    assert (reply.usage.completion_tokens, reply.extras) == (9, {"serial": number})


def test_the_key_is_in_no_other_field_of_the_response() -> None:
    other = {keys.KEY: [{"url": f"https://a.b/?key={quote(keys.KEY, safe='')}", "score": 1, "none": None}]}
    data = event({"citations": other, "choices": [{"delta": {"content": "yes"}, "finish_reason": "stop"}]})
    decoder = RedactedDecoder(ResponseDecoder("s"), KeyRedactor(Secret(keys.KEY)))
    reply = Reply()
    for each in [*decoder.feed(data, 0), *decoder.finish(1)]:
        reply = reduce(reply, each)
    deep = event({"odd": json.loads("[" * 400 + json.dumps(keys.KEY) + "]" * 400)})
    assert keys.KEY not in repr(RedactedDecoder(ResponseDecoder("s"), KeyRedactor(Secret(keys.KEY))).feed(deep, 0))
    assert reply.extras == {"citations": {MARK: [{"url": f"https://a.b/?key={MARK}", "score": 1, "none": None}]}}


def test_much_of_a_key_is_not_shown_where_a_text_is_interrupted() -> None:
    key = "sk-0123456789abcdef01239f3a"
    events: list[Event] = [Reasoning(0, key[:20]), Answer(0, "x"), Reasoning(0, key[20:]), Answer(0, key[:15])]
    found = through(key, events)
    assert text_of(found, Reasoning) == f"{MARK}{key[20:]}"
    assert text_of(found, Answer) == f"x{MARK}"
    assert text_of(through("sk-or-v1-0123456789", [Answer(0, "It begins with sk-or-v1-")]), Answer)[-9:] == "sk-or-v1-"


def test_a_key_that_is_escaped_in_json_is_read_and_removed() -> None:
    escaped = "".join(f"\\u{ord(char):04x}" for char in keys.KEY)
    data = b'data: {"choices": [{"delta": {"content": "is %b"}}]}\n\n' % escaped.encode()
    events = RedactedDecoder(ResponseDecoder("s"), KeyRedactor(Secret(keys.KEY))).feed(data, 0)
    assert text_of(events, Answer) == f"is {MARK}"


@pytest.mark.parametrize("key", DUMMIES)
def test_a_word_in_place_of_a_key_changes_no_text(key: str) -> None:
    redactor = KeyRedactor(Secret(key))
    said = f"{key}: null is 1, {key[:2]}****{key[-2:]} x {key}"
    assert redactor.redact_error(said) == redactor.redact(said) == said
    assert not redactor.forms

    def answer(_: Request) -> Response:
        body = {"error": {"message": f"model {key} not found: null 1 x", "code": 1, "param": None}}
        return Response([json.dumps(body).encode()], 404, {"Content-Type": "application/json"})

    with HostileServer({"v1": answer}) as server:
        error = nbstream.stream("hello", base_url=f"{server.url}/v1", api_key=key).result(20).error
    assert error is not None
    assert error.said == f"model {key} not found: null 1 x"


def test_a_short_key_is_left_in_an_answer_and_removed_from_errors() -> None:
    key = "pass-1234"
    assert text_of(through(key, [Answer(0, "pass-1234")]), Answer) == key
    redactor = KeyRedactor(Secret(key))
    assert redactor.redact_error("bad key pass-1234, not my-pass-1234s") == f"bad key {MARK}, not my-pass-1234s"
    assert KeyRedactor(None).redact_error("none") == "none"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Your api key: ****9f3a is invalid", "Your api key: <secret> is invalid"),
        ("Incorrect API key provided: sk-01234*****9f3a. Find it", "Incorrect API key provided: <secret>. Find it"),
        ("key sk-01...9f3a", "key <secret>"),
        ("key sk-01…9f3a", "key <secret>"),
        ("key=sk-0xxxxxxxx9f3a!", "key=<secret>!"),
        ("a key ending in 9f3a", "a key <secret>"),
        ("Received API Key = sk-...9f3a, Key Hash = 8", "Received API Key = <secret>, Key Hash = 8"),
        ("key sk-0123456789abcd…", "key <secret>"),
        ("key 0123456789abc is", "key <secret> is"),
        ("**bold** and *** and wait... done", "**bold** and *** and wait... done"),
        ("Your api key: ****1234 is invalid", "Your api key: ****1234 is invalid"),
        ("tokens 10**9", "tokens 10**9"),
        ("keys 1***, sk-01***9f3a", "keys 1***, <secret>"),
        ("wait…sk-01*****9f3a", "wait…<secret>"),
    ],
)
def test_what_a_server_leaves_of_the_key_is_removed(said: str, shown: str) -> None:
    key = "sk-0123456789abcdef01239f3a"
    assert KeyRedactor(Secret(key)).redact_error(said) == shown

    def refuse(_: Request) -> Response:
        return Response([json.dumps({"error": {"message": said}}).encode()], 401, {"Content-Type": "application/json"})

    def report(_: Request) -> Response:
        return Response([event({"error": {"message": said}})])

    with HostileServer({"refuse": refuse, "report": report}) as server:
        for path in ("refuse", "report"):
            error = nbstream.stream("hello", base_url=f"{server.url}/{path}", api_key=key).result(20).error
            assert error is not None
            assert error.said == shown


@pytest.mark.parametrize(
    "said",
    [
        r"abcd/\u002Befgh01234567==",
        r"abcd/\u002befgh01234567==",
        r"abcd/+efgh01234567\u003d\u003d",
        "abcd/+efgh01234567==",
    ],
)
def test_a_key_with_characters_that_some_servers_escape(said: str) -> None:
    redactor = KeyRedactor(Secret("abcd/+efgh01234567=="))
    assert redactor.redact_error(f'{{"detail": "{said}"}}') == '{"detail": "<secret>"}'


def test_a_long_line_of_base64_in_an_error_is_read_once() -> None:
    redactor = KeyRedactor(Secret("sk-0123456789abcdef01239f3a"))
    # In a time that grows with the square of its length, this would take half an hour.
    long = "QUJD" * 50_000
    assert redactor.redact_error(f"{long} sk-01****9f3a") == f"{long} <secret>"


@given(st.text(max_size=200), KEYS)
def test_redacting_an_error_leaves_no_long_part_of_the_key(text: str, key: str) -> None:
    redactor = KeyRedactor(Secret(key))
    for part in (text, text + key[:9], key[3:] + text, text[:5] + key + text[5:]):
        found = redactor.redact_error(part)
        assert not any(key[at : at + 8] in found for at in range(len(key) - 7) if key[at : at + 8] not in MARK)
