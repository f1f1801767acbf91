"""The way of an answer from the server's bytes to the page's patches, and nothing else: `python -m benchmarks.hotpath`.

No socket, no thread, no clock: the same work each time, so that what it takes can be counted in instructions instead of
seconds (`tests/test_cost.py`). It prints what the page is sent. This module must not know how anything is counted.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest.mock import patch

from benchmarks.speed import prototype
from benchmarks.speed.recording import Plan, deltas, event, last_events
from nbstream.markdown.rendering import preload
from nbstream.model.coalesce import coalesce
from nbstream.model.events import Event, Started
from nbstream.model.reply import Reply, reduce
from nbstream.widgets import live_view
from nbstream.wire.response import StreamDecoder

if TYPE_CHECKING:
    from collections.abc import Iterator

_RATE = 500
_FRAMES_PER_SECOND = 30


class Sent(NamedTuple):
    """What the page was sent: how many messages, and bytes of them as JSON."""

    messages: int
    bytes: int


class _Run:
    """As much of a run as a view looks at."""

    id = "hotpath"

    def __init__(self) -> None:
        self.reply = Reply(requested_model="deepseek-flash")
        self.elapsed = 0.0


class _Widget:
    """Takes what a widget would send."""

    model_id = "hotpath"

    def __init__(self, *_: object) -> None:
        self.sent: list[str] = []

    def send(self, content: dict[str, Any]) -> None:
        self.sent.append(json.dumps(content))

    def receive(self, _: object) -> None: ...

    def bundle(self, text: str) -> dict[str, str]:
        return {"text/plain": text}

    def close(self) -> None: ...


def frames(tokens: int) -> Iterator[bytes]:
    """Yield the bytes of an answer as they arrive in a thirtieth of a second each, at 500 tokens a second."""
    plan = Plan(tokens, 0)
    events = [event(*delta) for delta in deltas(plan)]
    step = _RATE / _FRAMES_PER_SECOND
    for number in range(int(tokens / step) + 1):
        if piece := b"".join(events[round(number * step) : round((number + 1) * step)]):
            yield piece
    yield last_events(plan)


def walk(pieces: list[bytes]) -> Sent:
    """Take `pieces` all the way."""
    preload()
    run, decoder = _Run(), StreamDecoder("The server")
    shown: list[Any] = []
    with (
        patch.object(live_view, "ReplyWidget", _Widget),
        patch.object(live_view, "display", lambda *_, **__: None),
        patch.object(live_view, "update_display", lambda *data, **__: shown.extend(data)),
    ):
        run.reply = reduce(run.reply, Started(0.0, "deepseek-flash", "https://api.deepseek.com", 1_790_000_000.0))
        view = live_view.LiveView(run, None, "auto", foreground=True)  # type: ignore[arg-type]
        for piece in pieces:
            run.elapsed += 1 / _FRAMES_PER_SECOND
            events: list[Event] = decoder.feed(piece, run.elapsed)
            for each in events:
                run.reply = reduce(run.reply, each)
            view.update(coalesce(events))
        view.settle(run.reply)
    assert run.reply.status == "complete"
    sent = [*view._widget.sent, *map(json.dumps, shown)]  # noqa: SLF001
    return Sent(len(sent), sum(map(len, sent)))


def once(tokens: int) -> int:
    """Read the chunks' JSON and render the text once, with nothing of ours: what the way is compared with."""
    parser, text = prototype.markdown(), []
    for line in b"".join(frames(tokens)).splitlines():
        if line.startswith(b"data: {"):
            text += [choice["delta"]["content"] for choice in json.loads(line[6:])["choices"]]
    return len(parser.render("".join(text)))


def main() -> None:
    """Go once."""
    parser = argparse.ArgumentParser(description="Takes an answer from the server's bytes to the page's patches.")
    parser.add_argument("--tokens", type=int, default=10_000, help="length of the answer (10000)")
    parser.add_argument("--mode", choices=("walk", "once"), default="walk", help="the whole way, or what is least")
    arguments = parser.parse_args()
    began = time.process_time()
    done = once(arguments.tokens) if arguments.mode == "once" else walk(list(frames(arguments.tokens)))
    print(done, f"{time.process_time() - began:.2f} s")


if __name__ == "__main__":
    main()
