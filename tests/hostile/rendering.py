"""Renders every payload in every form of output, without a browser, and counts faults.

`render_all()` renders the payloads of the corpus; `fields()` makes replies with a hostile text in
every field.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from markdown_it import MarkdownIt

from nbstream.markdown.growing_blocks import GrowingBlocks
from nbstream.markdown.rendering import to_html
from nbstream.model.events import Started
from nbstream.model.reduction import reduce
from nbstream.model.reply import Reply
from nbstream.model.request import Request
from nbstream.output.settled import settled_html, settled_markdown, settled_text
from nbstream.output.terminal.rows import to_rows
from nbstream.widgets.markdown_document import MarkdownDocument
from nbstream.wire.response import ResponseDecoder
from tests.hostile import corpus
from tests.hostile.allowed import faults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_WIDTH = 80
#: The only escape codes that nbstream itself writes into a terminal's row.
_STYLES = re.compile(r"\x1b\[[0-9;]*m")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass
class Count:
    """Number of payloads and renderings, and the faults of each payload, by its name."""

    payloads: int = 0
    renderings: int = 0
    faults: dict[str, list[str]] = field(default_factory=dict)


def render_all(payloads: Iterable[corpus.Payload] | None = None) -> Count:
    """Render every payload: in the live view, as settled output, in a terminal."""
    count = Count()
    for payload in corpus.markdown() if payloads is None else payloads:
        count.payloads += 1
        found = []
        for name, render in RENDERINGS.items():
            count.renderings += 1
            found += [f"{name}: {each}" for each in render(payload.text)]
        if found:
            count.faults[payload.name] = found
    return count


def live(text: str) -> list[str]:
    """Return the faults of each frame of a live view."""
    stream = MarkdownDocument()
    found: list[str] = []
    for at in range(0, len(text), max(1, len(text) // 4)):
        stream.feed(text[at : at + max(1, len(text) // 4)])
        stream.frame()
        found += faults(stream.html, settled=False)
    stream.finish()
    return [*found, *faults(stream.html, settled=False)]


def settled(text: str) -> list[str]:
    """Return the faults of the settled output, and its dangerous TeX macros."""
    html = to_html(text, settled=True)
    return [*faults(html, settled=True), *macros(html)]


def terminal(text: str) -> list[str]:
    """Return the control characters in the rows for a terminal."""
    blocks = GrowingBlocks()
    pieces = [*blocks.feed(text), *blocks.finish()]
    rows = [row for piece in pieces for row in to_rows(piece.block, _WIDTH)]
    return [repr(each[0]) for row in rows for each in _CONTROL.finditer(_STYLES.sub("", row))]


RENDERINGS: dict[str, Callable[[str], list[str]]] = {"live": live, "settled": settled, "terminal": terminal}

_TYPESET = re.compile(r'class="nbstream-math[^"]*"[^>]*>([^<]*)<')
#: TeX macros of MathJax 2 and 3 that do more than draw.
_MACROS = re.compile(
    r"\\(?:href|url|style|class|cssId|html\w*|data|unicode|require|mmlToken|bbox|toggle|texttip|mathtip|includegraphics"
    r"|def|gdef|edef|xdef|let|newcommand|renewcommand|providecommand|newenvironment|renewenvironment|Newextarrow"
    r"|Declare\w+|definecolor|setOptions|mathtoolsset|newtagform|renewtagform|usetagform|label|ref|eqref|refeq"
    r"|begingroup|csname|input|write\d*|include)(?![A-Za-z])"
)


def macros(html: str) -> list[str]:
    """Return the macros in the formulas of `html` that do more than draw."""
    return [each[0] for tex in _TYPESET.findall(html) for each in _MACROS.finditer(tex)]


def fields(number: int) -> dict[str, Reply]:
    """Return replies with a hostile text in every field, by how each reply ended."""
    text = corpus.field(number)
    calls = [{"index": 0, "id": text, "function": {"name": text, "arguments": f"{text}\n\n{text}\r\r{text}"}}]
    identity = {"id": text, "model": text, "system_fingerprint": text, "object": text}
    first = {**identity, "choices": [{"index": 0, "delta": {"role": text, "tool_calls": calls}}]}
    usage: dict[str, Any] = dict.fromkeys(
        ("prompt_tokens", "completion_tokens", "total_tokens", "prompt_cache_hit_tokens"), text
    )
    nested = {"prompt_tokens_details": text, "completion_tokens_details": {"reasoning_tokens": text}}
    last = {**identity, "choices": [{"delta": {}, "finish_reason": text}], "usage": usage | nested}
    errors: dict[str, Any] = {
        "object": {"error": {"message": text, "type": text, "param": text, "code": text}},
        "string": {"error": text},
        "list": {"error": [{"msg": text, "loc": [text]}]},
        "choice": {"choices": [{"error": {"message": text}}]},
        "message": {"message": text, "code": text},
        "other": {"error": {text: text}},
    }
    bodies = {"finished": [first, last]} | {f"error: {name}": [first, error] for name, error in errors.items()}
    replies = {
        name: reply_of("".join(f": {text}\n\ndata: {json.dumps(each)}\n\n" for each in body))
        for name, body in bodies.items()
    }
    replies["an event named error"] = reply_of(f"event: error\ndata: {text}\n\n")
    replies["a page"] = reply_of(f"<html><title>{text}</title><body>{text}")
    replies["plain JSON"] = reply_of(json.dumps(errors["object"]))
    replies["not JSON"] = reply_of(f"data: {text}\n\n")
    return replies


def reply_of(body: str) -> Reply:
    """Return the reply to which the body of a response is decoded."""
    decoder = ResponseDecoder("The server")
    reply = reduce(Reply(), Started(0, Request("deepseek-flash", "http://127.0.0.1:1"), 0))
    for event in [*decoder.feed(body.encode("utf-8", "surrogatepass"), 1), *decoder.finish(2)]:
        reply = reduce(reply, event)
    return reply


def faults_around(reply: Reply) -> list[str]:
    """Return the faults in the settled output of a reply that has no text."""
    html = settled_html(reply)
    found = faults(html, settled=True) + macros(html)
    # Rendered by a Markdown renderer that allows HTML, as on GitHub.
    around = MarkdownIt("commonmark", {"html": True}).render(settled_markdown(reply))
    found += [f"Markdown: {each}" for each in faults(around, settled=True)]
    found += [f"Markdown: {each}" for each in re.findall(r"<(?:a|img)\b[^>]*>", around)]
    found += ["a blank line"] if re.search(r"[\n\r][ \t]*[\n\r]", html) else []
    return found + [f"text: {each[0]!r}" for each in _CONTROL.finditer(settled_text(reply) + settled_markdown(reply))]
