"""Hostile text in every field of a reply, without a browser."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest

from nbstream.markdown.code_blocks import CodeBlock
from nbstream.markdown.math import MOST_CHARACTERS
from nbstream.markdown.rendering import to_html
from nbstream.model.presentation import Presentation
from nbstream.model.tool_call import ToolCall
from nbstream.output.settled import bundle, settled_html, settled_markdown, settled_text
from nbstream.output.wording import footer
from nbstream.widgets.markdown_document import MarkdownDocument
from tests.hostile import allowed, corpus, rendering

#: A terminal's window title, its clipboard, a link, a line that is written over; and the same in
#: C1's characters.
TERMINAL = (
    "\x1b]0;x\x07 \x1b]52;c;eA==\x07 \x1b]8;;http://evil.test\x07x\x1b]8;;\x07 a\rb \x9d52;c;eA==\x9c \x9b2J \x00 \x7f"
)
#: Each way to turn the direction of the text that follows.
DIRECTIONS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def chunk(**delta: object) -> str:
    return f"data: {json.dumps({'choices': [{'delta': delta}]})}\n\n"


END = 'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\n'


def test_no_single_payload_gets_through() -> None:
    # A third of the combinations; `python -m tests.hostile` goes through all of them.
    count = rendering.render_all(corpus.markdown()[::3])
    assert count.payloads >= 2_000
    assert count.faults == {}


def test_no_tex_gets_through() -> None:
    count = rendering.render_all(each for each in corpus.markdown() if each.name.startswith(("TeX", "nested")))
    assert count.payloads >= 200
    assert count.faults == {}


def test_the_lists_of_allowed_html_find_faults() -> None:
    for html in (
        "<img src=x>",
        "<p onclick=x>y</p>",
        "<a href='javascript:x' rel='noopener noreferrer' target='_blank'>y</a>",
        "<a href='java\tscript:x' rel='noopener noreferrer' target='_blank'>y</a>",
        "<a href='https://x.y' target='_blank'>z</a>",
        "<p style='background:url(x)'>y</p>",
        "<p id=x>y</p>",
        "<p>x",
        "</div>",
        "<!-- x -->",
        "<math><mi href=x>y</mi></math>",
    ):
        assert allowed.faults(html, settled=False), html
    assert allowed.faults("<math><mi>x</mi></math>", settled=True)
    assert rendering.macros(r'<span class="nbstream-math">\(\href{x}{y}\)</span>') == [r"\href"]


@pytest.mark.parametrize("name", rendering.fields(1))
def test_hostile_text_in_any_field_of_a_reply_is_harmless(name: str) -> None:
    reply = rendering.fields(1)[name]
    assert reply.ended
    assert rendering.faults_around(reply) == []


def test_a_token_count_too_large_for_a_float_is_left_out() -> None:
    usage = dict.fromkeys(("prompt_tokens", "completion_tokens", "prompt_cache_hit_tokens"), 10**400)
    reply = rendering.reply_of(
        chunk(content="x") + f'data: {{"choices": [{{"finish_reason": "stop"}}], "usage": {json.dumps(usage)}}}\n\n'
    )
    assert reply.answer == "x"
    assert "in " not in " ".join(footer(reply))
    assert "usage not reported" in settled_html(reply)


def test_a_formula_that_is_too_long_is_not_typeset() -> None:
    assert "nbstream-math" in to_html(f"${'x' * (MOST_CHARACTERS - 1)}$", settled=True)
    long = to_html(f"${'x' * (MOST_CHARACTERS + 1)}$", settled=True)
    assert "nbstream-math" not in long


def test_no_control_sequence_of_a_terminal_is_kept() -> None:
    call = {"index": 0, "function": {"name": TERMINAL, "arguments": f"{TERMINAL}\n\n{DIRECTIONS}"}}
    text = f"{TERMINAL}\n\n~~~\n{TERMINAL}\n~~~"
    reply = rendering.reply_of(
        chunk(reasoning_content=text, content=None) + chunk(content=text, tool_calls=[call]) + END
    )
    data, _ = bundle(reply, Presentation(reasoning="open"))
    assert OBEYED.findall(data["text/plain"] + data["text/markdown"]) == []
    # The name of a tool is one line, which no line of its own can end.
    assert sum(line.startswith("> **\\\\u001b") for line in data["text/markdown"].split("\n")) == 1
    assert rendering.terminal(text) == []
    assert OBEYED.findall(repr(CodeBlock(TERMINAL, TERMINAL)) + repr(ToolCall(TERMINAL, TERMINAL, TERMINAL))) == []


def test_lone_surrogates_do_not_break_the_file() -> None:
    half = "\\ud800"
    body = (
        f'data: {{"id": "{half}", "model": "{half}", "system_fingerprint": "{half}", "choices": [{{"delta": {{'
        f'"reasoning_content": "{half} a", "content": "{half} b", "tool_calls": [{{"index": 0, "id": "{half}", '
        f'"function": {{"name": "{half}", "arguments": "{half}"}}}}]}}, "finish_reason": "{half} x"}}]}}\n\n'
    )
    error = f'data: {{"error": {{"message": "{half}", "code": "{half}"}}}}\n\n'
    for reply in (rendering.reply_of(body), rendering.reply_of(error)):
        data, metadata = bundle(reply, Presentation(reasoning="open"))
        for written in (*data.values(), *map(str, metadata), str(reply.error), repr(reply)):
            assert written.encode().decode() == written


def test_the_answer_is_found_in_the_settled_text() -> None:
    reply = rendering.reply_of(chunk(content="one\r\ntwo \x1b[2J") + END)
    data, metadata = bundle(reply, Presentation())
    start, end = metadata["nbstream"]["answer"]
    assert data[metadata["nbstream"]["in"]][start:end] == "one\ntwo \ufffd[2J"
    assert settled_text(reply).startswith("one\ntwo \ufffd[2J\n")


def test_an_answer_with_directional_controls_is_kept_for_copying() -> None:
    reply = rendering.reply_of(chunk(content="a \u2067b\u2069\n\x1bc") + END)
    _, metadata = bundle(reply, Presentation())
    assert metadata == {"nbstream": {"answer": "a \u2067b\u2069\n\ufffdc"}}


def test_directional_characters_in_code_are_replaced() -> None:
    for text in (f"~~~python\n{DIRECTIONS}\n~~~", f"    {DIRECTIONS}", f"`{DIRECTIONS}`", f"~~~{DIRECTIONS}\n~~~"):
        for html in (to_html(text), to_html(text, settled=True), to_html(text, final=False)):
            assert not re.search(f"[{DIRECTIONS}]", html)
            assert html.count("\ufffd") >= len(DIRECTIONS)
    call = {"index": 0, "function": {"name": "f", "arguments": DIRECTIONS}}
    reply = rendering.reply_of(chunk(tool_calls=[call]) + END)
    assert not re.search(f"[{DIRECTIONS}]", settled_html(reply) + settled_markdown(reply))
    # In prose it is what Arabic and Hebrew are written with; its block is as far as it goes.
    assert "\u2067" in to_html("\u2067x\u2069")


def test_a_directional_override_ends_with_its_block() -> None:
    reply = rendering.reply_of(chunk(reasoning_content="\u202eone", content="\u202etwo ![a](http://b.c/d)") + END)
    reader = Blocks()
    reader.feed(settled_html(reply))
    # As HTML has it, whatever was not ended ends where a block does (CSS Writing Modes 3, 2.4.5).
    assert [text for text in reader.texts if "\u202e" in text] == [
        "\u202eone",
        "\u202etwo Image from b.c not loaded: a",
    ]
    assert "unicode-bidi:isolate" in to_html("![a](http://b.c/d)")


class Blocks(HTMLParser):
    """Collects the text of each innermost block."""

    def __init__(self) -> None:
        super().__init__()
        self.texts = [""]

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002  (as the parser calls it)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("a", "span", "code", "strong", "em", "small"):
            self.texts.append("")

    def handle_data(self, data: str) -> None:
        self.texts[-1] += data


@pytest.mark.parametrize("text", ["[" * 150, "![a " * 60 + "](b)", "a [b](c) " * 40 + "[" * 80 + " *d*"])
def test_each_frame_of_unmatched_brackets_equals_a_full_rendering(text: str) -> None:
    stream = MarkdownDocument()
    for at in range(0, len(text), 7):
        stream.feed(text[at : at + 7])
        stream.frame()
        assert stream.html == to_html(text[: at + 7], final=False)
    stream.finish()
    assert stream.html == to_html(text)
