"""Streams in the manner of servers make the replies that are kept with them, in any pieces."""

from __future__ import annotations

import json
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.faults.losses import reply_of
from tests.wire import messages
from tests.wire.recorded import FOLDER, MESSAGES, MESSAGES_NAMES, NAMES, as_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nbstream.model.reply import Reply


def test_there_are_streams_of_many_servers() -> None:
    assert len(NAMES) >= 40
    assert len({name.split("-")[0] for name in NAMES}) >= 16
    assert len(MESSAGES_NAMES) >= 20
    assert len({name.split("-")[0] for name in MESSAGES_NAMES}) >= 8


@pytest.mark.parametrize("name", NAMES)
def test_a_stream_makes_its_reply_in_any_pieces(name: str) -> None:
    _check(FOLDER, name, reply_of)


@pytest.mark.parametrize("name", MESSAGES_NAMES)
def test_a_stream_of_messages_makes_its_reply_in_any_pieces(name: str) -> None:
    _check(MESSAGES, name, messages.reply_of)


def _check(folder: Path, name: str, reply_of: Callable[[list[bytes]], Reply]) -> None:
    data = (folder / f"{name}.sse").read_bytes()
    expected = json.loads((folder / f"{name}.json").read_text("utf-8"))
    whole = reply_of([data])
    assert as_json(whole) == expected
    chance = Random(name)
    for _ in range(20):
        points = sorted(chance.choices(range(len(data) + 1), k=chance.randrange(1, 40)))
        pieces = [data[a:b] for a, b in zip([0, *points], [*points, len(data)], strict=True)]
        assert reply_of(pieces) == whole
    assert reply_of([data[at : at + 1] for at in range(len(data))]) == whole
