"""When a run reads and tells: in frames, which are rarer where more comes than anybody could follow."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

import nbstream
from nbstream.client.frames import EARLY_SECONDS, FRAME_SECONDS, READING_SECONDS, Bursts, Frames
from nbstream.client.loop import background_loop
from nbstream.client.receiver import Receiver
from nbstream.client.retry import Limits
from nbstream.client.run import Run
from nbstream.client.sources.replay import ReplaySource
from nbstream.model.events import Answer, Reasoning
from tests.client.test_run import events_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from nbstream.simulator.server import Simulator


def pause(characters: int) -> float:
    """Return how long after a frame the next one comes, if each brings so many characters."""
    frames, now = Frames(), 100.0
    for _ in range(5):
        now = frames.due
        frames.told(now, characters)
    return frames.due - now


def test_thirty_frames_a_second_while_it_can_be_followed() -> None:
    assert pause(0) == pause(5) == pause(20) == pytest.approx(FRAME_SECONDS)


def test_fewer_where_it_cannot_but_never_less_than_fourteen() -> None:
    assert FRAME_SECONDS < pause(45) < pause(60) < pause(10_000) == pytest.approx(0.07)


def test_frames_that_come_early_are_not_more_frames() -> None:
    frames = Frames()
    frames.told(100.0, 0)
    for _ in range(10):
        frames.told(frames.due - EARLY_SECONDS, 0)
    assert frames.due == pytest.approx(100 + 11 * FRAME_SECONDS)
    # One that comes late, as after a silence, has none to make up for.
    frames.told(200.0, 0)
    assert frames.due == pytest.approx(200 + FRAME_SECONDS)


def test_what_has_just_come_is_told_early_and_everything_else_when_it_is_due() -> None:
    frames = Frames()
    frames.due = 100.0
    early = 100 - EARLY_SECONDS
    for now, is_fresh, at in (
        (99.0, True, 100),
        (99.0, False, 100),
        (early, True, early + READING_SECONDS),
        (early, False, 100),
        (101.0, False, 101 + READING_SECONDS),
        (101.0, True, 101 + READING_SECONDS),
    ):
        assert frames.telling_at(now, is_fresh=is_fresh) == pytest.approx(at)
    assert frames.reading_at == pytest.approx(early)


def test_pieces_that_come_together_are_one_burst() -> None:
    async def look() -> list[bool]:
        bursts = Bursts(asyncio.get_running_loop())
        seen = [bursts.begins_with(b"1")]
        await asyncio.sleep(0.001)
        seen += [bursts.begins_with(b"2"), bursts.begins_with(b"3")]
        await asyncio.sleep(0.001)
        seen.append(bursts.begins_with(b"4"))
        # A rest is no wait for the network.
        await asyncio.sleep(0.001)
        bursts.watch()
        seen.append(bursts.begins_with(b"5"))
        return seen

    assert asyncio.run(look()) == [False, True, False, True, False]


def test_after_a_large_burst_there_is_probably_more() -> None:
    async def look() -> list[bool]:
        bursts = Bursts(asyncio.get_running_loop())
        seen = []
        for piece in (b"x" * 40_000, b"x" * 30_000, b"x", b"x"):
            await asyncio.sleep(0.001)
            assert bursts.begins_with(piece)
            seen.append(bursts.left_more)
        return seen

    assert asyncio.run(look()) == [False, True, False, False]


def test_a_frame_tells_all_that_had_come(simulator: Simulator) -> None:
    """What is read at the end of a rest belongs to the frame that the rest was for, not to the one after it."""
    loop = background_loop()
    run = nbstream.stream("[simulate: normal tokens=400 rate=400]")
    ages: list[float] = []

    async def look() -> None:
        # As often as the loop can: what is in the reply, and what has been told.
        while not run.done:
            untold = len(run.receiver._pending)
            ages.append(untold)
            await asyncio.sleep(0.001)

    asyncio.run_coroutine_threadsafe(look(), loop).result(60)
    told = [event for event in events_of(run) if isinstance(event, Answer | Reasoning)]
    assert simulator.log()[-1]["deltas_sent"] > 5 * len(told)
    # For most of the time between two frames next to nothing has been read, so next to nothing waits.
    assert sum(count <= 2 for count in ages) > 0.5 * len(ages)


def test_what_has_come_together_is_told_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rest after the first piece of a burst would have the others told a frame late, and so on for ever."""
    come = told = 0
    left: list[int] = []

    class Together(ReplaySource):
        async def _replay(self) -> AsyncIterator[bytes]:
            nonlocal come
            for _ in range(20):
                await asyncio.sleep(0.045)
                come += 10
                for _ in range(10):
                    yield b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'

    flush = Receiver._flush

    def look(run: Receiver) -> None:
        nonlocal told
        told += sum(isinstance(event, Answer) for event in run._pending)
        left.append(come - told)
        flush(run)

    monkeypatch.setattr(Receiver, "_flush", look)
    Run(Together([]), Limits()).result(20)
    assert told == 200
    assert not any(left)
