"""Messages and codes from error bodies of every form."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbstream.model.printable import one_line
from nbstream.model.reply import Reply
from nbstream.output.failure_words import message
from nbstream.output.sentences import alert
from nbstream.wire import server_errors
from nbstream.wire.response import ResponseDecoder
from tests.hints import hint_of
from tests.wire.test_invariants import reply_of

ROUND_TRIP = "The `reasoning_content` in the thinking mode must be passed back to the API."


@pytest.mark.parametrize(
    ("body", "said", "code"),
    [
        ('{"error": {"message": "no such model", "type": "t", "param": null, "code": "c"}}', "no such model", "c"),
        ('{"error": {"message": "no", "type": "t", "code": null}}', "no", "t"),
        ('{"error": {"message": "no", "code": 400}}', "no", "400"),
        ('\ufeff{"error": {"message": "no"}}', "no", None),
        ('{"error": "no"}', "no", None),
        ('{"error": "no", "code": 7}', "no", "7"),
        ('{"error": {"error": {"message": "no"}}}', "no", None),
        ('{"message": "no", "status": "s"}', "no", "s"),
        ('{"detail": "no"}', "no", None),
        ('[{"error": {"message": "no", "status": "s"}}]', "no", "s"),
        ('{"odd": "<b>"}', '{"odd": "<b>"}', None),
        ('"no"', "no", None),
        ("no", "no", None),
        ("<html><title>502 Bad &amp; <i>Gateway</i></title><p>x", "502 Bad & Gateway", None),
        ("\ufeff\n<center>no</center>", "no", None),
        ("\x00\x1b[31mno\u202e\r\nreally", "[31mno really", None),
    ],
)
def test_message_and_code_are_found(body: str, said: str, code: str | None) -> None:
    failure = server_errors.from_status(418, body, "DeepSeek")
    assert message(failure) == f"DeepSeek answered 418: {said}."
    assert (failure.kind, failure.status_code, failure.code) == ("refused", 418, code)


@pytest.mark.parametrize("body", ["", " \n", "[]", "null", "\x00", "{", '{"error": {"message": {"message": []}}}'])
def test_an_empty_body_gives_a_whole_sentence(body: str) -> None:
    said = message(server_errors.from_status(500, body, "DeepSeek"))
    assert said.startswith("DeepSeek answered 500")
    assert said.endswith(".")
    assert not said.endswith((": .", ".."))


@pytest.mark.parametrize(
    ("status", "words", "hint"),
    [
        (400, ROUND_TRIP, "not accepted as it is"),
        (400, "Thinking mode does not support this tool_choice", "not accepted as it is"),
        (400, "Unknown parameter: thinking", "DeepSeekMagics.thinking_field"),
        (422, "Unexpected keys in the request: {'thinking'}", "DeepSeekMagics.thinking_field"),
        (422, "top_p", "out of the range"),
        (401, "no", "DEEPSEEK_API_KEY"),
        (402, "Insufficient Balance", "Top up"),
        (403, "no", "may not use"),
        (404, "no", "/v1"),
        (413, "no", "larger"),
        (429, "no", "wait"),
        (500, "no", "server's side"),
        (503, "thinking", "server's side"),
        (418, "no", "Nothing of it had arrived"),
    ],
)
def test_the_remedy_fits_the_status_and_the_message(status: int, words: str, hint: str) -> None:
    failure = server_errors.from_status(status, json.dumps({"error": {"message": words}}), "DeepSeek")
    assert hint in hint_of(failure)
    assert alert(Reply(status="failed", error=failure), "cell") == f"{message(failure)} {hint_of(failure)}"


def test_the_field_of_a_fastapi_error_is_in_the_message() -> None:
    # Most servers of open models use it: https://fastapi.tiangolo.com/tutorial/handling-errors
    wrong = {"type": "extra_forbidden", "loc": ["body", "thinking"], "msg": "Extra inputs are not permitted"}
    failure = server_errors.from_status(422, json.dumps({"detail": [wrong]}), "The server")
    assert message(failure) == "The server answered 422: body.thinking: Extra inputs are not permitted."
    assert "DeepSeekMagics.thinking_field" in hint_of(failure)


@pytest.mark.parametrize(
    ("code", "status", "hint"),
    [
        (429, 429, "wait"),
        ("402", 402, "Top up"),
        (502, 502, "server's side"),
        ("²", None, "Nothing of it"),
        (40101, None, "Nothing of it"),
        (None, None, "Nothing of it"),
    ],
)
def test_a_numeric_code_in_band_is_a_status(code: object, status: int | None, hint: str) -> None:
    failure = server_errors.from_chunk({"error": {"message": "no", "code": code}}, "The server")
    assert failure is not None
    assert (failure.kind, failure.status_code) == ("in_band", status)
    assert hint in hint_of(failure)


@pytest.mark.parametrize(
    "chunk",
    [
        {"error": None, "choices": []},
        {"error": "", "choices": [{"error": None}]},
        {"choices": [], "message": "no error"},
        {"usage": {}, "detail": "no error"},
        {"choices": 5},
        {},
    ],
)
def test_a_chunk_without_an_error_is_not_a_failure(chunk: dict[str, object]) -> None:
    assert server_errors.from_chunk(chunk, "The server") is None


def test_an_error_without_a_message_has_a_sentence() -> None:
    failure = server_errors.from_chunk(
        {"error": {"message": {"message": None, "detail": [[]]}, "code": 500}}, "The server"
    )
    assert failure is not None
    assert message(failure)
    nothing = server_errors.from_data("", "The server")
    assert message(nothing) == "The server reported an error: without a message."


def test_a_web_page_is_distinguished_from_text_and_from_an_empty_body() -> None:
    page = server_errors.from_body("\n<html><title>Sign in</title>", "The server")
    assert message(page) == "The server answered with a web page titled “Sign in” instead of a stream."
    assert "base URL" in hint_of(page)
    text = server_errors.from_body('{"error": {"message": "no", "code": "c"}}', "The server")
    assert (message(text), text.code) == ("The server answered 200 with something that is not a stream: no.", "c")
    assert message(server_errors.from_body(" \n", "The server")) == "The server answered 200 with nothing in it."


def test_messages_begin_with_the_name_of_the_server() -> None:
    for data in (b"", b"<html>", b"text", b"data: {}\n\n"):
        decoder = ResponseDecoder("My server")
        error = reply_of([*decoder.feed(data, 0), *decoder.finish(0)]).error
        assert error is not None
        assert message(error).startswith("My server ")


@given(st.text(st.characters(), max_size=400))
def test_any_text_becomes_one_short_printable_line(text: str) -> None:
    line = one_line(text)
    assert not set(line) & set("\x00\x1b\r\n\u2028\u202e\ufeff\ud800")
    assert len(line) <= 300
    assert one_line(line) == line


def test_only_a_long_line_is_cut() -> None:
    assert one_line("x" * 300) == "x" * 300
    assert one_line("x" * 301) == "x" * 299 + "…"


@pytest.mark.timeout(30)
@pytest.mark.parametrize("begun", ["<title>", "<title ", "<", "<a <title>x"])
def test_a_page_of_unclosed_tags_is_read_in_linear_time(begun: str) -> None:
    failure = server_errors.from_body(begun * (1 << 18), "The server")
    assert message(failure).startswith("The server answered with a web page")
