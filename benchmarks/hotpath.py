"""The path of an answer from the server's bytes to the page's patches.

Run `python -m benchmarks.hotpath`.

It uses no socket, no thread and no clock, so that each run does the same work and
`tests/test_cost.py` can count its instructions. Prints the number of messages and bytes for the
page.
"""

from __future__ import annotations

import argparse
import json
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest.mock import patch

from benchmarks.speed import prototype
from benchmarks.speed.recording import Plan, deltas, event, last_events
from nbstream.client.frames import FRAME_SECONDS
from nbstream.markdown.rendering import preload
from nbstream.model.coalesce import coalesce
from nbstream.model.events import Event, Started
from nbstream.model.presentation import Presentation
from nbstream.model.reduction import reduce
from nbstream.model.reply import Reply
from nbstream.model.request import Request
from nbstream.widgets import live_view
from nbstream.wire.response import ResponseDecoder

if TYPE_CHECKING:
    from collections.abc import Iterator

_RATE = 500
_FRAMES_PER_SECOND = 1 / FRAME_SECONDS


class Sent(NamedTuple):
    """Number of messages that the page was sent, and their bytes as JSON."""

    messages: int
    bytes: int


class _Run:
    """The part of a run that a view uses."""

    id = "hotpath"

    def __init__(self) -> None:
        self.reply = Reply(request=Request("deepseek-flash"))
        self.elapsed = 0.0
        self.receiver = SimpleNamespace(questions=SimpleNamespace(), cancelling=False)


class _Widget:
    """Collects the messages that a widget would send."""

    model_id = "hotpath"

    def __init__(self, *_: object, **__: object) -> None:
        self.sent: list[str] = []

    def send(self, content: dict[str, Any]) -> None:
        self.sent.append(json.dumps(content))

    def receive(self, _: object) -> None: ...

    def bundle(self, text: str) -> dict[str, str]:
        return {"text/plain": text}

    def close(self) -> None: ...


def frames(tokens: int) -> Iterator[bytes]:
    """Yield an answer in pieces, one for each frame at 500 tokens a second."""
    plan = Plan(tokens, 0)
    events = [event(*delta) for delta in deltas(plan)]
    step = _RATE / _FRAMES_PER_SECOND
    for number in range(int(tokens / step) + 1):
        if piece := b"".join(events[round(number * step) : round((number + 1) * step)]):
            yield piece
    yield last_events(plan)


def walk(pieces: list[bytes]) -> Sent:
    """Decode, reduce and render `pieces`, and return the size of the result."""
    preload()
    run, decoder = _Run(), ResponseDecoder("The server")
    shown: list[Any] = []
    with (
        patch.object(live_view, "ReplyWidget", _Widget),
        patch.object(live_view, "display", lambda *_, **__: None),
        patch.object(live_view, "update_display", lambda *data, **__: shown.extend(data)),
    ):
        run.reply = reduce(
            run.reply, Started(0.0, Request("deepseek-flash", "https://api.deepseek.com"), 1_790_000_000.0)
        )
        view = live_view.LiveView(run, None, Presentation(), foreground=True)  # type: ignore[arg-type]
        for piece in pieces:
            run.elapsed += 1 / _FRAMES_PER_SECOND
            # As the receiver does: what a frame brings is joined before it is reduced.
            events: list[Event] = coalesce(decoder.feed(piece, run.elapsed))
            for each in events:
                run.reply = reduce(run.reply, each)
            view.update(events, run.reply)
        view.settle(run.reply)
    assert run.reply.status == "complete"
    sent = [*view._widget.sent, *map(json.dumps, shown)]  # noqa: SLF001
    return Sent(len(sent), sum(map(len, sent)))


def once(tokens: int) -> int:
    """Parse the chunks and render the text once, without nbstream, to compare `walk` with."""
    parser, text = prototype.markdown(), []
    for line in b"".join(frames(tokens)).splitlines():
        if line.startswith(b"data: {"):
            text += [choice["delta"]["content"] for choice in json.loads(line[6:])["choices"]]
    return len(parser.render("".join(text)))


def main() -> None:
    """Run one mode once."""
    parser = argparse.ArgumentParser(
        description="Decodes and renders an answer, from the server's bytes to the page's patches."
    )
    parser.add_argument("--tokens", type=int, default=10_000, help="length of the answer (default 10000)")
    parser.add_argument(
        "--mode",
        choices=("walk", "once"),
        default="walk",
        help="the whole path (default), or only parsing and one rendering",
    )
    arguments = parser.parse_args()
    began = time.process_time()
    done = once(arguments.tokens) if arguments.mode == "once" else walk(list(frames(arguments.tokens)))
    print(done, f"{time.process_time() - began:.2f} s")


if __name__ == "__main__":
    main()
