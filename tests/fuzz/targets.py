"""The fuzz targets: one function for each part of nbstream that reads untrusted input.

Each target takes bytes, makes an input of them and asserts the laws that hold for every input. The
first bytes say into which pieces the input is cut. Hypothesis, atheris and kept files call these.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypeVar
from xml.etree import ElementTree as ET

from rich.cells import cell_len

from nbstream.markdown.growing_blocks import GrowingBlocks
from nbstream.markdown.math import to_mathml, to_text
from nbstream.markdown.parser import parse, unix_lines
from nbstream.markdown.rendering import to_html
from nbstream.model.events import Ended, Event, Started
from nbstream.model.reduction import reduce
from nbstream.model.reply import Reply
from nbstream.model.request import Request
from nbstream.output import sentences, settled, wording
from nbstream.output.terminal.rows import LONGEST_ROW, to_rows
from nbstream.widgets.markdown_document import MarkdownDocument
from nbstream.wire.anthropic_messages import MessagesDecoder
from nbstream.wire.openai_chat import ChunkDecoder
from nbstream.wire.response import ResponseDecoder
from tests.fuzz.words import (
    BLOCK_TYPES,
    DELTA_TYPES,
    FORMULA_WORDS,
    FREQUENT_WORDS,
    JSON_KEYS,
    JSON_LEAVES,
    MARKDOWN_WORDS,
    MESSAGE_KEYS,
)
from tests.widgets.page_state import apply, empty_state, html_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from nbstream.markdown.parser import Block

Slices = TypeVar("Slices", str, bytes)

#: The first byte says how many of the next bytes are sizes of pieces: fewer than this.
MAX_SIZES = 8
_MAX_PIECES = 32
_MAX_VALUES = 24
_MAX_LEVELS = 6
#: One in this many replies is also rendered, which takes as long as decoding a hundred.
_RENDER_EVERY = 16
_NO_FIELD = '"x": 0'
_STYLE = re.compile(r"\x1b\[[0-9;]*m")
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_TAG = re.compile(r'<(/?)([a-zA-Z][a-zA-Z0-9]*)((?: [a-z-]+(?:="[^"<>]*")?)*)>')
_VOID = ("br", "hr")
_TAGS = {
    *("a", "blockquote", "br", "code", "div", "em", "h1", "h2", "h3"),
    *("h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "s"),
    *("details", "small", "span", "strong", "summary", "sup", "table"),
    *("tbody", "td", "th", "thead", "tr", "ul", "math"),
    *("menclose", "mfrac", "mi", "mn", "mo", "mover"),
    *("mpadded", "mphantom", "mroot", "mrow", "mspace", "msqrt", "mstyle"),
    *("msub", "msubsup", "msup", "mtable", "mtd", "mtext", "mtr", "munder", "munderover"),
}


def decode(data: bytes) -> None:
    """Check that the events do not depend on the pieces and the last one is the end."""
    sizes, payload = _with_sizes(data)
    whole = _events([payload])
    assert _events(_cut(payload, sizes)) == whole
    _check_reply(whole)


def chunks(data: bytes) -> None:
    """Check the same for chunks with fields of wrong types, and the decoder of chunks alone."""
    sizes, payload = _with_sizes(data)
    values = list(_Chunks(payload))
    decoder, events = ChunkDecoder(), list[Event]()
    for value in values:
        try:
            chunk = json.loads(value)
        except RecursionError:
            continue
        if isinstance(chunk, dict) and not decoder.failed:
            events += decoder.feed(chunk, 1.0, name="error" if len(payload) % 16 == 0 else "message")
    if not decoder.failed:
        events += [*decoder.flush(1.0), Ended(2.0, "served")]
    _check_reply(events)
    stream = "".join(f"data: {value}\n\n" for value in values).encode()
    streamed = _events([stream])
    assert _events(_cut(stream, sizes)) == streamed
    _check_reply(streamed)


def messages(data: bytes) -> None:
    """Check the same for the payloads of Anthropic's API."""
    sizes, payload = _with_sizes(data)
    stream = "".join(f"data: {value}\n\n" for value in _Payloads(payload)).encode()
    streamed = _events([stream], MessagesDecoder())
    assert _events(_cut(stream, sizes), MessagesDecoder()) == streamed
    _check_reply(streamed)


def markdown(data: bytes) -> None:
    """Check that every frame, and the last one, equals a full rendering of the text so far."""
    sizes, payload = _with_sizes(data)
    text = _text(payload, MARKDOWN_WORDS, FREQUENT_WORDS)
    # A reference that is defined after its use is resolved only at the end.
    each_frame = "]:" not in text
    growing, page, so_far = MarkdownDocument(), empty_state(), ""
    for piece in _cut(text, sizes):
        so_far += piece
        growing.feed(piece)
        apply(page, growing.frame())
        assert page == growing.state
        if each_frame:
            assert html_of(page) == to_html(so_far, final=False)
    apply(page, growing.finish())
    assert page == growing.state
    assert (len(page["groups"]), page["tail"]) == (1, "")
    assert html_of(page) == to_html(text)
    _check_html(html_of(page))


def terminal(data: bytes) -> None:
    """Check that no row has control characters or is too wide, however the text is cut."""
    sizes, payload = _with_sizes(data)
    text = _text(payload, MARKDOWN_WORDS, FREQUENT_WORDS)
    width = 16 + (sizes[0] if sizes else 64) % 150
    growing, pieces = GrowingBlocks(), []
    for part in _cut(text, sizes):
        pieces += growing.feed(part)
        in_progress = growing.in_progress()
        for piece in () if isinstance(in_progress, str) else in_progress:
            _check_rows(piece.block, width, fit=True)
    pieces += growing.finish()
    for piece in pieces:
        _check_rows(piece.block, width, fit=False)
    if "]:" not in text:
        # List items are rendered one by one, so white space may differ.
        assert _visible_text(piece.block for piece in pieces) == _visible_text(parse(unix_lines(text)).blocks)


def formula(data: bytes) -> None:
    """Check that any TeX becomes well-formed XML and some text; unfinished TeX may be nothing."""
    tex = _text(data, FORMULA_WORDS)
    for finished in (True, False):
        html = to_mathml(tex, display=bool(len(tex) % 2), finished=finished)
        assert html or not finished
        if html:
            assert ET.fromstring(html).tag in ("math", "code")
            _check_html(html)
    assert to_text(tex).strip("\n") or not tex.strip("\n")


TARGETS: dict[str, Callable[[bytes], None]] = {
    "decode": decode,
    "chunks": chunks,
    "messages": messages,
    "markdown": markdown,
    "terminal": terminal,
    "formula": formula,
}


def finding(name: str, data: bytes) -> Exception | None:
    """Return the exception that the target `name` raises for `data`, or None."""
    try:
        TARGETS[name](data)
    except Exception as error:  # noqa: BLE001  (any exception is a finding)
        return error
    return None


def _with_sizes(data: bytes) -> tuple[bytes, bytes]:
    count = data[0] % MAX_SIZES if data else 0
    return data[1 : 1 + count], data[1 + count :]


def _cut(text: Slices, sizes: bytes) -> Iterator[Slices]:
    """Yield `text` in pieces of these sizes, repeated; the pieces of a long text are larger."""
    at = turn = 0
    unit = 1 + len(text) // _MAX_PIECES
    while at < len(text):
        size = unit + sizes[turn % len(sizes)] if sizes else unit
        yield text[at : at + size]
        at, turn = at + size, turn + 1


def _text(payload: bytes, words: Sequence[str], frequent: Sequence[str] = ()) -> str:
    """Decode the bytes as UTF-8, or let each byte choose a word, half of them a frequent word."""
    if not payload or payload[0] % 2:
        tables = [frequent or words, words]
        return "".join(table[byte // 2 % len(table)] for byte in payload[1:] for table in (tables[byte % 2],))
    return payload[1:].decode("utf-8", "replace")


class _Chunks:
    """JSON values that bytes choose; most are chunks whose fields have values of any type."""

    keys: Sequence[str] = JSON_KEYS

    def __init__(self, payload: bytes) -> None:
        self._bytes = iter(payload)
        self._left = len(payload)

    def __iter__(self) -> Iterator[str]:
        for _ in range(_MAX_VALUES):
            if self._left <= 0:
                return
            kind = self._next() % 8
            if kind == 0:
                yield self._value(0)
            else:
                delta, fields = self._members(1), self._members(1)
                reason = self._value(_MAX_LEVELS) if kind == 1 else "null"
                more = f", {fields}" if fields else ""
                yield f'{{"choices": [{{"delta": {{{delta}}}, "finish_reason": {reason}}}]{more}}}'

    def _next(self) -> int:
        self._left -= 1
        return next(self._bytes, 0)

    def _value(self, level: int) -> str:
        kind = self._next() % 8
        if kind == 0 and level < _MAX_LEVELS:
            return f"[{', '.join(self._value(level + 1) for _ in range(self._next() % 4))}]"
        if kind in (1, 2) and level < _MAX_LEVELS:
            return f"{{{self._members(level + 1)}}}"
        return JSON_LEAVES[self._next() % len(JSON_LEAVES)]

    def _members(self, level: int) -> str:
        count = self._next() % 4
        keys = (self.keys[self._next() % len(self.keys)] for _ in range(count))
        return ", ".join(f'"{key}": {self._value(level)}' for key in keys)


class _Payloads(_Chunks):
    """The same for Anthropic's API; most are events of a content block."""

    keys = MESSAGE_KEYS

    def __iter__(self) -> Iterator[str]:
        for _ in range(_MAX_VALUES):
            if self._left <= 0:
                return
            kind, index, fields = self._next() % 8, self._next() % 3, self._members(1)
            block = f'"index": {index}, "content_block": {{"type": "{self._of(BLOCK_TYPES)}", {fields or _NO_FIELD}}}'
            delta = f'"index": {index}, "delta": {{"type": "{self._of(DELTA_TYPES)}", {fields or _NO_FIELD}}}'
            match kind:
                case 0:
                    yield self._value(0)
                case 1 | 2:
                    yield f'{{"type": "content_block_start", {block}}}'
                case 3:
                    yield f'{{"type": "content_block_stop", "index": {index}}}'
                case 4:
                    yield f'{{"type": "message_delta", "delta": {{{fields}}}, "usage": {self._value(1)}}}'
                case _:
                    yield f'{{"type": "content_block_delta", {delta}}}'

    def _of(self, words: Sequence[str]) -> str:
        return words[self._next() % len(words)]


def _events(pieces: Iterator[bytes] | list[bytes], payloads: MessagesDecoder | None = None) -> list[Event]:
    decoder = ResponseDecoder(payloads=payloads)
    events = [event for piece in pieces for event in decoder.feed(piece, 1.0)]
    return [*events, *decoder.finish(2.0)]


def _check_reply(events: list[Event]) -> None:
    """Check that there is one end, and that the reply can be stored and rendered."""
    assert [isinstance(event, Ended) for event in events].index(True) == len(events) - 1
    # A lone surrogate could not be encoded.
    _ENCODER.encode(events).encode()
    if len(events) == 1:
        # Most inputs have nothing but an end.
        assert not _CONTROL.search(str(getattr(events[0], "failure", "")))
        return
    reply = reduce(Reply(), Started(0.0, Request("deepseek-flash", "https://api.deepseek.com"), 1.8e9))
    for event in events:
        reply = reduce(reply, event)
    assert reply.ended
    assert repr(reply)
    words = [wording.thought(reply), sentences.alert(reply, "cell"), *wording.footer(reply)]
    assert not any(_CONTROL.search(each) for each in words), words
    if sum(map(len, words)) % _RENDER_EVERY == 0:
        _check_html(settled.settled_html(reply))
        settled.settled_markdown(reply).encode()


def _fields(event: Any) -> list[Any]:
    return [getattr(event, name) for name in event.__slots__]


_ENCODER = json.JSONEncoder(ensure_ascii=False, default=_fields)


def _check_html(html: str) -> None:
    """Check that HTML has only known elements, correctly nested."""
    opened: list[str] = []
    for closing, tag, _ in _TAG.findall(html):
        assert tag in _TAGS, tag
        if closing:
            assert opened.pop() == tag
        elif tag not in _VOID:
            opened.append(tag)
    assert not opened
    assert not re.search("[<>]", _TAG.sub("", html))


def _check_rows(block: Block, width: int, *, fit: bool) -> None:
    rows = [_STYLE.sub("", row) for row in to_rows(block, width, fit=fit)]
    assert not any(_CONTROL.search(row) for row in rows), rows
    limits = {"paragraph_open": LONGEST_ROW, "heading_open": LONGEST_ROW, "hr": LONGEST_ROW}
    if fit:
        limits |= {"fence": width, "code_block": width}
    limit = min(width, limits.get(block.tokens[0].type, 0))
    assert not limit or all(cell_len(row.rstrip()) <= limit for row in rows), (limit, rows)


def _visible_text(blocks: Iterator[Block] | Sequence[Block] | Any) -> str:
    return "".join("".join(_STYLE.sub("", row).split()) for block in blocks for row in to_rows(block, 1_000))
