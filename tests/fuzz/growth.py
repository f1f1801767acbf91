"""Looks for inputs whose cost grows faster than their size.

Usage: `python -m tests.fuzz.growth [--subject html] [--tries 2000]`.

A text of four times the size should cost four times as much. A text that costs more than eight
times as much is tried again at larger sizes and printed. This measures time, so it is not a test:
a person has to look at the output. Tests elsewhere count the work of the cases it has found.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import time
from typing import TYPE_CHECKING, NamedTuple

from pygments.lexers import get_all_lexers

from nbstream.markdown import highlight
from nbstream.markdown.growing_blocks import GrowingBlocks
from nbstream.markdown.math import to_mathml, to_text
from nbstream.markdown.rendering import to_html
from nbstream.model.events import Started
from nbstream.model.reduction import reduce
from nbstream.model.reply import Reply
from nbstream.model.request import Request
from nbstream.output.settled import one_block
from nbstream.output.terminal.rows import to_rows
from nbstream.widgets.markdown_document import MarkdownDocument
from nbstream.wire.response import ResponseDecoder
from tests.fuzz.words import DICTIONARY, FORMULA_WORDS, JSON_KEYS, MARKDOWN_WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType

#: A text of four times the size is a finding if it costs more than this factor.
MAX_FACTOR = 8.0
#: Shorter times, in seconds, are ignored as noise.
_MIN_SECONDS = 0.04
#: A try that takes longer, in seconds, is ended, and is a finding.
_MAX_SECONDS = 20.0
#: Number of frames while a text grows.
_FRAMES = 12

_SHORT = tuple(word for word in MARKDOWN_WORDS if len(word) < 40)
_CODE = (
    *(
        "a",
        "A",
        "1",
        " ",
        "  ",
        "\n",
        "\t",
        '"',
        "'",
        '"""',
        "`",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "<",
        ">",
        "/",
        "\\",
        "//",
    ),
    *(
        "/*",
        "*/",
        "#",
        "--",
        "%",
        "$",
        "${",
        "#{",
        "@",
        "!",
        "=",
        ":",
        "::",
        ";",
        ",",
        ".",
        "|",
        "&",
        "~",
        "^",
        "?",
        "+",
    ),
    *(
        "*",
        "<?",
        "?>",
        "<!--",
        "<a",
        "</",
        "=>",
        "->",
        "\\n",
        "if ",
        "function ",
        "class ",
        "def ",
        "end",
        "é",
        "0x",
        "1e",
    ),
    "_",
)


class Subject(NamedTuple):
    """A function to measure, the words of its inputs, and its smallest input in characters."""

    words: Sequence[str]
    size: int
    work: Callable[[str], object]


class Finding(NamedTuple):
    """A text that costs too much.

    Attributes:
        made_of: the words that the text repeats.
        seconds: the cost at the last two sizes.
        size: the larger of the two sizes, in characters.
    """

    subject: str
    made_of: str
    seconds: tuple[float, float]
    size: int

    def __str__(self) -> str:
        once, more = self.seconds
        return f"{self.subject}: {more / once:.1f} ({once:.3f} s, {more:.3f} s at {self.size}): {self.made_of}"


class TooLongError(Exception):
    """A try took too long and was ended."""


def main() -> None:
    """Try random texts and print the findings."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.growth", description=__doc__)
    parser.add_argument("--subject", choices=SUBJECTS, action="append", help="may be repeated (default: all subjects)")
    parser.add_argument("--tries", type=int, default=200, help="number of tries for each subject (default 200)")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    signal.signal(signal.SIGPROF, _too_long)
    for name in arguments.subject or SUBJECTS:
        rng, found = random.Random(arguments.seed), 0
        for number in range(arguments.tries):
            finding = _try(name, number, rng)
            if finding:
                found += 1
                print(finding, flush=True)
        print(f"{name}: {arguments.tries} tries, {found} cost too much", flush=True)


def _try(name: str, number: int, rng: random.Random) -> Finding | None:
    subject = SUBJECTS[name]
    work, description = subject.work, ""
    if name == "code":
        language = _LANGUAGES[number % len(_LANGUAGES)]
        # Code in a fence always ends with a line end.
        work, description = (lambda text: highlight.highlight(f"{text}\n", language)), f"{language}, "
    words = ["".join(rng.choices(subject.words, k=rng.randint(1, 4))) for _ in range(rng.randint(1, 2))]
    head = "".join(rng.choices(subject.words, k=rng.randint(0, 2)))
    between = rng.choice(["", "", "", "\n"])
    tail = rng.choice(["", "", "x", *words])

    def text(size: int) -> str:
        parts = [word * (size // len(words) // len(word)) for word in words]
        return head + between.join(parts) + tail

    description += repr((head, words, between, tail))
    size = subject.size
    while True:
        small, large = _seconds(work, text(size)), _seconds(work, text(4 * size))
        finding = Finding(name, description, (small, large), 4 * size)
        if large == _MAX_SECONDS:
            return finding
        if large < MAX_FACTOR * small or large < _MIN_SECONDS:
            return None
        if 4 * size >= 16 * subject.size:
            return finding
        size *= 4


def _seconds(work: Callable[[str], object], text: str) -> float:
    """Return the CPU seconds of the faster of two tries."""
    best = _MAX_SECONDS
    for _ in range(2):
        began = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, _MAX_SECONDS)
        try:
            work(text)
        except TooLongError:
            return _MAX_SECONDS
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        best = min(best, time.process_time() - began)
        if best > 1:
            break
    return best


def _too_long(number: int, frame: FrameType | None) -> None:
    raise TooLongError


def _stream(text: str) -> None:
    growing = MarkdownDocument()
    for start in range(0, len(text), step := 1 + len(text) // _FRAMES):
        growing.feed(text[start : start + step])
        growing.frame()
    growing.finish()


def _terminal(text: str) -> None:
    growing = GrowingBlocks()
    pieces = []
    for start in range(0, len(text), step := 1 + len(text) // _FRAMES):
        pieces += growing.feed(text[start : start + step])
        growing.in_progress()
    for piece in [*pieces, *growing.finish()]:
        to_rows(piece.block, 80)


def _formula(tex: str) -> None:
    to_mathml(tex, display=True)
    to_mathml(tex, display=True, finished=False)
    to_text(tex)


def _bytes(text: str) -> None:
    data = text.encode("utf-8", "replace")
    decoder = ResponseDecoder()
    events = [event for start in range(0, len(data), 512) for event in decoder.feed(data[start : start + 512], 1.0)]
    reply = reduce(Reply(), Started(0.0, Request("m")))
    for event in [*events, *decoder.finish(2.0)]:
        reply = reduce(reply, event)


def _deltas(text: str) -> None:
    """Stream one chunk for each word of the text: a delta with it, or a tool call."""
    decoder, reply = ResponseDecoder(), reduce(Reply(), Started(0.0, Request("m")))
    for at, word in enumerate(text.split("\x1f")):
        field, _, value = word.partition("\x1e")
        content: object = value
        if field == "tool_calls":
            index = at if value == "1" else None
            content = [{"id": f"{value}{at}", "index": index, "function": {"arguments": value}}]
        data = f"data: {json.dumps({'choices': [{'delta': {field: content}}]})}\n\n"
        for event in decoder.feed(data.encode(), 1.0):
            reply = reduce(reply, event)
    for event in decoder.finish(2.0):
        reply = reduce(reply, event)


_LANGUAGES = sorted(names[0] for _, names, _, _ in get_all_lexers() if names)

SUBJECTS: dict[str, Subject] = {
    "html": Subject(_SHORT, 5_000, to_html),
    "frame": Subject(_SHORT, 5_000, lambda text: to_html(text, final=False)),
    "stream": Subject(_SHORT, 5_000, _stream),
    "terminal": Subject(_SHORT, 5_000, _terminal),
    "formula": Subject(FORMULA_WORDS, 250, _formula),
    "settled": Subject(_SHORT, 5_000, lambda text: one_block(to_html(text, settled=True))),
    "bytes": Subject((*DICTIONARY, "a", "\ufeff", " ", "{", "[", "<"), 20_000, _bytes),
    "deltas": Subject(
        [f"{key}\x1e{text}\x1f" for key in JSON_KEYS[:5] for text in ("<think>", "</think>", "<", "\n", " ", "1", "")],
        20_000, _deltas,
    ),
    "code": Subject(_CODE, 2_000, lambda text: text),
}  # fmt: skip


if __name__ == "__main__":
    main()
