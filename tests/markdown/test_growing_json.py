"""JSON that grows: indented, coloured, the same however it comes, and in linear time."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbstream.markdown import growing_json, highlight
from nbstream.markdown.growing_json import GrowingJson, JsonMarkdown, indented, json_html
from nbstream.markdown.json_tokens import PIECE, JsonTokens
from nbstream.markdown.rendering import to_html
from nbstream.output.json_answer import table_html
from nbstream.widgets.document_writer import DocumentWriter
from tests.schemas.schemas import VALUES
from tests.schemas.test_answers import FORMS, INDENTS

ROOTS = VALUES.map(lambda value: [value]) | VALUES.map(lambda value: {"key": value})
#: What models write: JSON in any form, JSON that is none, and other text.
ANSWERS = (
    st.builds(
        lambda value, form, indent: form.format("§").replace("§", json.dumps(value, indent=indent, ensure_ascii=False)),
        ROOTS,
        FORMS,
        INDENTS,
    )
    | st.text(st.sampled_from('{}[],:"\\ab1 \n`~te-.'), max_size=40)
    | st.text(max_size=20)
    | st.sampled_from(["Hello **world**", "```python\nx = 1\n```", '{"a": 1} Done.', '{"a": "' + "long " * 900 + '"}'])
)


# The first one loads the parser.
to_html("")


def chunks(text: str, sizes: list[int]) -> list[str]:
    made, at = [], 0
    for size in [*sizes, len(text)]:
        made.append(text[at : at + size])
        at += size
    return [each for each in made if each]


def text_of(html: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", html))


@given(ROOTS, FORMS, INDENTS)
def test_json_is_indented_as_python_does(value: Any, form: str, indent: Any) -> None:
    text = form.format("§").replace("§", json.dumps(value, indent=indent, ensure_ascii=False))
    assert indented(text) == (json.dumps(value, indent=2, ensure_ascii=False), True)


@settings(deadline=None)
@given(ANSWERS, st.lists(st.integers(1, 9), max_size=60))
def test_any_frame_is_what_the_text_so_far_gives(text: str, sizes: list[int]) -> None:
    writer = DocumentWriter()
    growing, so_far = GrowingJson(writer, below=table_html), ""
    markdown, written = JsonMarkdown(), ""
    for chunk in chunks(text, sizes):
        so_far += chunk
        growing.feed(chunk)
        growing.frame()
        written += markdown.feed(chunk)
        alone = DocumentWriter()
        at_once = GrowingJson(alone, below=table_html)
        at_once.feed(so_far)
        at_once.frame()
        assert writer.html == alone.html
    growing.finish()
    # What is settled is the same.
    assert writer.html == json_html(text, below=table_html)
    at_once_markdown = JsonMarkdown()
    assert written + markdown.finish() == at_once_markdown.feed(text) + at_once_markdown.finish()


@given(ANSWERS)
def test_nothing_is_lost_but_white_space_and_fences(text: str) -> None:
    def letters(shown: str) -> str:
        return re.sub(r"[\s`~]|^json(?=[{\[])", "", shown)

    found = indented(text)
    if found is None:
        assert json_html(text) == to_html(text)
        return
    begins = re.sub(r"^\s*[`~]{3,}[^\n]*\n", "", text)
    assert letters(found[0]) == letters(begins)


@given(ROOTS)
def test_colours_are_those_of_other_code(value: Any) -> None:
    code = json.dumps(value, indent=2, ensure_ascii=False)
    ours = re.findall(r'<span class="(\w+)">([^<]*)</span>', json_html(code))
    theirs = re.findall(r'<span class="(\w+)">([^<]*)</span>', highlight.highlight(code, "json"))
    words = [(name, text) for name, text in ours if name != "p" and len(text) < PIECE]
    assert words == [(name, text) for name, text in theirs if name != "p"]


@pytest.mark.parametrize(
    "text", ['{"a": "<img src=x onerror=alert(1)>", "b\u202e": "</code></pre><script>"}', '[{"<b>": "|<i>"}]']
)
def test_hostile_text_is_escaped(text: str) -> None:
    html = json_html(text, below=table_html)
    assert not re.search(r"<(img|script|i|b)[ >]", html)
    assert "\u202e" not in html


@pytest.mark.parametrize("text", ["[" * 50_000, '{"a":' * 50_000, "[" * 50_000 + "]" * 50_000])
def test_deep_nesting_costs_no_more_than_its_length(text: str) -> None:
    found = indented(text)
    assert found is not None
    assert len(found[0]) < 100 * len(text)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([{"name": "Ada", "age": 36, "tags": ["a", "b"]}] * 900),
        '{"text": "' + "many words " * 4_000 + '"}',
        "{}" + " \n" * 20_000,
        " " * 40_000,
        "[" + "1" * 40_000,
        "{} and more" + "x" * 40_000,
    ],
    ids=["rows", "one long string", "white space after it", "white space before it", "one long number", "more text"],
)
def test_the_work_of_a_frame_does_not_grow_with_the_text(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read = 0
    original = highlight.plain

    def counting(code: str) -> str:
        nonlocal read
        read += len(code)
        return original(code)

    monkeypatch.setattr(growing_json, "plain", counting)
    writer = DocumentWriter()
    growing, most = GrowingJson(writer), 0
    for at in range(0, len(text), 60):
        read = 0
        growing.feed(text[at : at + 60])
        growing.frame()
        most = max(most, read, len(json.dumps(writer.take())))
    assert most < 4 * PIECE


def test_the_end_is_told_from_a_beginning() -> None:
    tokens = JsonTokens()
    tokens.feed('{"a": 1')
    assert not tokens.is_whole
    tokens.feed("}")
    assert tokens.is_whole
    tokens.feed(" x")
    assert not tokens.is_whole
