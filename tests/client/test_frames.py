"""When a run reads, and when it sends a frame."""

from __future__ import annotations

import asyncio
import statistics
from typing import TYPE_CHECKING

import pytest

import nbstream
from nbstream.client.frames import (
    DEBOUNCE_SECONDS,
    FRAME_SECONDS,
    BurstDetector,
    FrameSchedule,
    UnwatchedSchedule,
)
from nbstream.client.loop import background_loop
from nbstream.client.receiver import Receiver
from nbstream.client.retry import Limits
from nbstream.client.run import Run
from nbstream.model.events import Answer, Reasoning
from tests.client.test_run import events_of
from tests.pieces import PiecesSource

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from nbstream.simulator.server import Simulator


def test_late_frames_do_not_make_fewer_frames() -> None:
    frames = FrameSchedule()
    frames.note_sent(100.0)
    first = frames.due
    for _ in range(10):
        frames.note_sent(frames.due + 0.005)
    assert frames.due == pytest.approx(first + 10 * FRAME_SECONDS)


def test_after_a_silence_the_next_frame_comes_sooner() -> None:
    frames = FrameSchedule()
    frames.note_sent(100.0)
    frames.note_sent(200.0)
    assert frames.due == pytest.approx(200 + FRAME_SECONDS / 2)


def test_no_frame_is_sent_before_it_is_due_and_what_just_arrived_waits_for_the_rest_of_a_burst() -> None:
    frames = FrameSchedule()
    frames.due = 100.0
    for now, just_arrived, at in (
        (99.0, True, 100.0),
        (99.0, False, 100.0),
        (100.0, False, 100.0),
        (101.0, True, 101 + DEBOUNCE_SECONDS),
    ):
        assert frames.send_at(now, just_arrived=just_arrived) == pytest.approx(at)


def test_pieces_that_arrive_together_are_one_burst() -> None:
    async def look() -> list[bool]:
        bursts = BurstDetector(asyncio.get_running_loop())
        seen = [bursts.begins_burst(b"1")]
        await asyncio.sleep(0.001)
        seen += [bursts.begins_burst(b"2"), bursts.begins_burst(b"3")]
        await asyncio.sleep(0.001)
        seen.append(bursts.begins_burst(b"4"))
        # A pause is not a wait for the network.
        await asyncio.sleep(0.001)
        bursts.restart()
        seen.append(bursts.begins_burst(b"5"))
        return seen

    assert asyncio.run(look()) == [False, True, False, True, False]


def test_after_a_large_burst_more_data_is_expected() -> None:
    async def look() -> list[bool]:
        bursts = BurstDetector(asyncio.get_running_loop())
        seen = []
        for piece in (b"x" * 40_000, b"x" * 30_000, b"x", b"x"):
            await asyncio.sleep(0.001)
            assert bursts.begins_burst(piece)
            seen.append(bursts.expects_more)
        return seen

    assert asyncio.run(look()) == [False, True, False, False]


def test_a_frame_has_all_data_that_had_arrived(simulator: Simulator) -> None:
    """Data read at the end of a pause belongs to the next frame, not to the one after it."""
    loop = background_loop()
    run = nbstream.stream("[simulate: normal tokens=400 rate=400]")
    pending: list[int] = []

    async def look() -> None:
        # As often as possible: how many events are in the reply, but not sent yet.
        while not run.done:
            pending.append(len(run.receiver._pending))
            await asyncio.sleep(0.001)

    asyncio.run_coroutine_threadsafe(look(), loop).result(60)
    deltas = [event for event in events_of(run) if isinstance(event, Answer | Reasoning)]
    assert simulator.log()[-1]["deltas_sent"] > 5 * len(deltas)
    # For most of the time between two frames, almost nothing was read, so almost nothing waits.
    assert sum(count <= 2 for count in pending) > 0.5 * len(pending)


def test_no_frame_leaves_for_the_next_one_what_had_arrived(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    left: list[int] = []
    sent_count = 0
    flush = Receiver._flush

    def look(run: Receiver) -> None:
        nonlocal sent_count
        sent_count += sum(isinstance(event, Answer | Reasoning) for event in run._pending)
        log = simulator.log()
        left.append((log[-1]["deltas_sent"] if log else 0) - sent_count)
        flush(run)

    monkeypatch.setattr(Receiver, "_flush", look)
    nbstream.stream("[simulate: normal tokens=600 rate=300]").result(60)
    # A frame has twenty tokens; some may leave the server at this moment.
    assert statistics.median(left) < 5


def test_pieces_of_one_burst_are_in_one_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pause after the first piece of a burst would delay the others by a frame, every time."""
    arrived_count = sent_count = 0
    left: list[int] = []

    class Together(PiecesSource):
        async def _replay(self) -> AsyncIterator[bytes]:
            nonlocal arrived_count
            for _ in range(20):
                await asyncio.sleep(0.045)
                arrived_count += 10
                for _ in range(10):
                    yield b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'

    flush = Receiver._flush

    def look(run: Receiver) -> None:
        nonlocal sent_count
        sent_count += sum(isinstance(event, Answer) for event in run._pending)
        left.append(arrived_count - sent_count)
        flush(run)

    monkeypatch.setattr(Receiver, "_flush", look)
    Run(Together([]), Limits()).result(20)
    assert sent_count == 200
    assert not any(left)


def test_a_reply_that_nobody_watches_is_the_same_and_is_kept_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nbstream.client.delivery._MOST_PENDING", 10)
    chunk = b'data: {"choices":[{"delta":{"content":"%d "}}]}\n\n'
    end = b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    pieces = [(0.0, chunk % number) for number in range(200)] + [(0.0, end)]
    watched = Run(PiecesSource(pieces, speed=0)).result(10)
    receiver = Receiver(PiecesSource(pieces, speed=0), Limits(), is_watched=False)
    reply = receiver.future.result(10)
    assert (reply.status, reply.answer) == ("complete", watched.answer)
    assert (receiver.wait(0).events, receiver._pending) == ([], [])


def test_a_reply_that_nobody_watches_is_read_more_and_more_rarely() -> None:
    frames = UnwatchedSchedule()
    pauses = []
    for now in (100.0, 100.1, 101.0, 110.0, 200.0):
        frames.note_sent(now)
        pauses.append(frames.due - now)
    assert pauses == pytest.approx([0, 0.01, 0.1, 0.25, 0.25])
