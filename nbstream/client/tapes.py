"""What the requests of this session are recorded in, and what they are replayed from.

Requests are replayed while a `nbstream.replay` is open, or if a base URL of the form `replay:…` is
named: for one request, by the setting `base_url`, or by the environment variable of any endpoint,
such as DEEPSEEK_BASE_URL. None of them goes to a server then, whatever endpoint it names. A request
keeps what was chosen when it was made, and so do those that follow it in its reply.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from nbstream.client import settings
from nbstream.client.addresses import is_replay
from nbstream.client.endpoint_facts import presets
from nbstream.client.notes import warn
from nbstream.language import _
from nbstream.model.exceptions import RequestError
from nbstream.sessions.per_session import PerSession

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nbstream.client.endpoints import Endpoint
    from nbstream.client.player import Player, Speed
    from nbstream.client.recorder import Recorder


class Tapes(NamedTuple):
    """What a request is replayed from, and what it is recorded in."""

    player: Player | None = None
    recorder: Recorder | None = None


_NOTHING = Tapes()
#: The blocks that are open, the innermost last.
_open: PerSession[list[Tapes]] = PerSession(list)
#: That of the request that is being made.
_own: ContextVar[Tapes] = ContextVar("nbstream_tapes", default=_NOTHING)


def current(base_url: str | None = None) -> Tapes:
    """Return what a request that is made now is replayed from and recorded in.

    Args:
        base_url: the base URL that the request names.

    Raises:
        RequestError: if it would be both, or if there is no such recording.
    """
    found = [*reversed(_open.get())]
    found.insert(0, _own.get())
    recorder = next((each.recorder for each in found if each.recorder is not None), None)
    player = _named(str(base_url)) if is_replay(base_url) else None
    player = player or next((each.player for each in found if each.player is not None), None)
    if player is None and (url := replay_url()):
        player = _named(url)
    if player is not None and recorder is not None:
        raise RequestError(
            _(
                "A reply that is replayed from {name} cannot be recorded in {name2}. Nothing was sent.",
                name=player.recording.name,
                name2=recorder.name,
            )
        )
    return Tapes(player, recorder)


def _named(url: str) -> Player:
    from nbstream.client.player import player_at  # noqa: PLC0415  (only where it is used)

    return player_at(url)


def replay_url() -> str:
    """Return the base URL of a recording in the settings or the environment; or nothing."""
    variables = dict.fromkeys(each.url_variable for each in presets().values() if each.url_variable)
    named = (settings.current().base_url, *(os.environ.get(each, "") for each in variables))
    return next((url.strip() for url in named if is_replay(url)), "")


def applied(endpoint: Endpoint) -> Endpoint:
    """Return a server that was used before, for a request that is made now.

    A server that was replayed stays so.
    """
    player, recorder = current()
    if endpoint.player is None and player is not None:
        return replace(endpoint, player=player, api_key=None, key_origin="none", key_note="")
    known = endpoint.recorder
    bound = recorder.bound(known.usual if known else "", known.endpoint if known else None) if recorder else None
    return replace(endpoint, recorder=bound if endpoint.player is None else None)


def tapes_of(recorded: str | None, replayed: str | None, speed: str | None) -> Tapes:
    """Return what the flags of a cell name.

    Raises:
        RequestError: if they do not go together, or a file is not valid.
    """
    if recorded is not None and replayed is not None:
        raise RequestError(_("`record=` and `replay=`: a reply that is replayed cannot be recorded. Leave one out."))
    if speed is not None and replayed is None:
        raise RequestError(_("`speed=` is how fast a recording is replayed: it needs `replay=`."))
    if recorded is not None:
        from nbstream.client.recorder import Recorder  # noqa: PLC0415  (only where it is used)

        return Tapes(recorder=Recorder(recorded))
    if replayed is not None:
        from nbstream.client.player import player_of  # noqa: PLC0415  (only where it is used)

        return Tapes(player_of(replayed, speed))
    return _NOTHING


@contextmanager
def record(path: str | os.PathLike[str]) -> Iterator[None]:
    """Append every response to a recording while the block is open, errors included.

    `nbstream.replay` plays it: without a network, without a key, and at no cost. It has no key, but
    all prompts and replies.

    Args:
        path: the file, such as `lesson.jsonl`; an existing recording grows.

    Raises:
        RequestError: if the file cannot be written, or holds anything but a recording.
    """
    from nbstream.client.recorder import Recorder  # noqa: PLC0415  (only where it is used)

    recorder = Recorder(path)
    with _opened(Tapes(recorder=recorder)):
        try:
            yield
        finally:
            if problem := recorder.flush():
                warn(problem)


@contextmanager
def replay(path: str | os.PathLike[str], speed: Speed | None = None) -> Iterator[None]:
    """Answer every request from a recording while the block is open; none goes to a server.

    A request gets the response that was recorded for exactly this request. Of several, it gets the
    first one, then the next, and after the last one the first one again. A request that was not
    recorded fails.

    Args:
        path: the file.
        speed: 4 is four times as fast as it was recorded, "max" does not wait; the default is 1.

    Raises:
        RequestError: if the file is no recording, or the speed is not valid.
    """
    from nbstream.client.player import player_of  # noqa: PLC0415  (only where it is used)

    with _opened(Tapes(player_of(path, speed, is_shared=False))):
        yield


@contextmanager
def _opened(tapes: Tapes) -> Iterator[None]:
    blocks = _open.get()
    blocks.append(tapes)
    try:
        yield
    finally:
        # By identity, as blocks of several threads may end in any order.
        del blocks[next(place for place, each in enumerate(blocks) if each is tapes)]


@contextmanager
def for_one(tapes: Tapes) -> Iterator[None]:
    """Apply `tapes` to the requests that this thread makes in the block, and to no others."""
    token = _own.set(tapes)
    try:
        yield
    finally:
        _own.reset(token)
