"""Makes a response that is kept small, without a change of its reply."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING

from nbstream.model.reduction import reduced
from nbstream.wire.joined_chunks import joined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from nbstream.client.sources import Decoder
    from nbstream.model.reply import Reply
    from nbstream.recordings.taken import Taken

#: Times are kept to the millisecond.
_MILLI = 3


def compacted(taken: Taken, decoder: Callable[[], Decoder]) -> Taken:
    """Return a response with adjacent chunks of text joined, if its reply is exactly the same.

    Args:
        taken: the response.
        decoder: makes its decoder.
    """
    ends = [*accumulate(len(piece) for _, piece in taken.pieces)]
    body = b"".join(piece for _, piece in taken.pieces)
    # A joined chunk has the time of its last byte.
    parts = [(round(taken.pieces[bisect_left(ends, end)][0], _MILLI), data) for end, data in joined(body)]
    pieces = [data for _, data in parts]
    if sum(map(len, pieces)) >= len(body) or _reply(pieces, decoder()) != _reply([body], decoder()):
        return taken
    return replace(taken, pieces=parts)


def _reply(pieces: Iterable[bytes], decoder: Decoder) -> Reply:
    """Return the reply of a response, with all times 0."""
    events = [event for piece in pieces for event in decoder.feed(piece, 0.0)]
    return reduced([*events, *decoder.finish(0.0)])
