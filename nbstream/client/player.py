"""A recording that answers requests in place of a server.

A base URL of the form `replay:lesson.jsonl` names one; `replay:lesson.jsonl?speed=4` plays it four
times as fast, and `speed=max` without any wait.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from nbstream.client.addresses import REPLAY
from nbstream.language import _
from nbstream.model.exceptions import RequestError
from nbstream.model.printable import one_line
from nbstream.recordings import recording
from nbstream.recordings.lines import FormatError
from nbstream.sessions.per_session import PerSession

if TYPE_CHECKING:
    import os

    from nbstream.recordings.recording import Recording

#: How fast a recording is played: 2 is twice as fast as it was recorded; "max" does not wait.
Speed: TypeAlias = float | str
_SPEED = "?speed="

#: The recordings that flags and base URLs have named in this session, with the time and the size of
#: their files. All cells share one, as they shared it when they recorded.
_loaded: PerSession[dict[Path, tuple[tuple[int, int], Recording]]] = PerSession(dict)


@dataclass(frozen=True, eq=False)
class Player:
    """A recording, and how fast it is played.

    Attributes:
        recording: the recording.
        path: its file.
        speed: 2 is twice as fast as it was recorded; infinity does not wait.
    """

    recording: Recording
    path: Path
    speed: float = 1.0

    @property
    def url(self) -> str:
        """The base URL that names it, for another process."""
        return f"{REPLAY}{self.path.absolute()}{_SPEED}{self.speed}"


def player_of(path: str | os.PathLike[str], speed: Speed | None = None, *, is_shared: bool = True) -> Player:
    """Return a player of a file.

    Args:
        path: the file.
        speed: see `Speed`; the default is 1.
        is_shared: whether it goes on where the last one of this file in this session was. Otherwise
            it begins with the first response to each request.

    Raises:
        RequestError: if the speed is not valid, or the file is no recording.
    """
    factor = _factor(speed)
    file = Path(path).expanduser()
    try:
        state = file.stat()
        stamp, loaded = (state.st_mtime_ns, state.st_size), _loaded.get()
        place = file.resolve()
        if not is_shared:
            return Player(_loaded_from(file), file, factor)
        if place not in loaded or loaded[place][0] != stamp:
            loaded[place] = stamp, _loaded_from(file)
        return Player(loaded[place][1], file, factor)
    except FileNotFoundError:
        raise RequestError(_("There is no recording {path}. Nothing was sent.", path=one_line(str(path)))) from None
    except OSError as error:
        raise RequestError(
            _(
                "The recording {path} cannot be read: {strerror}. Nothing was sent.",
                path=one_line(str(path)),
                strerror=error.strerror or error,
            )
        ) from None
    except FormatError as error:
        raise RequestError(
            _(
                "The recording {path} cannot be replayed: {error}. Nothing was sent.",
                path=one_line(str(path)),
                error=error,
            )
        ) from None


def _loaded_from(file: Path) -> Recording:
    found = recording.load(file)
    # It stands in sentences, also in terminals.
    found.name = one_line(found.name)
    return found


def player_at(url: str) -> Player:
    """Return the player that a base URL of the form `replay:…` names.

    Raises:
        RequestError: as for `player_of`.
    """
    path, has_speed, speed = url.strip().removeprefix(REPLAY).partition(_SPEED)
    return player_of(path, speed if has_speed else None)


def _factor(speed: Speed | None) -> float:
    try:
        factor = 1.0 if speed is None else math.inf if speed == "max" else float(speed)
    except (TypeError, ValueError):
        factor = 0.0
    if not factor > 0:
        raise RequestError(_('`speed=` must be a number greater than 0, such as 4, or "max".'))
    return factor
