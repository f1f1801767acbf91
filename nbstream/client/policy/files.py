"""The files of rules that there are, as they are now: a change is read by the next request."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from nbstream.client.policy.places import Place, places
from nbstream.client.policy.toml_file import TomlFile, read
from nbstream.language import _, joined, marked
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from pathlib import Path

#: What is said of a file that cannot be read. Its rules may be forced, so it is not passed over.
UNREAD = marked("Nothing is sent until it is mended.")


class Found(NamedTuple):
    """A file, and whether it was found from the folder of the notebook."""

    file: TomlFile
    is_nearby: bool


class _Seen(NamedTuple):
    """A file as it was read last; it is read again if its time or size differs."""

    stamp: tuple[int, int, int]
    file: TomlFile


_last: dict[Path, _Seen] = {}


def found() -> list[Found]:
    """Return the files that there are, the nearest one first.

    Raises:
        RequestError: if one cannot be read, or is not TOML; names the file and the line.
    """
    files = ((_file(place), place) for place in places())
    return [Found(file, place.is_nearby) for file, place in files if file is not None]


def _file(place: Place) -> TomlFile | None:
    path = place.path
    try:
        state = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if place.is_nearby:
            # A folder above that this user may not look into.
            return None
        raise RequestError(
            joined(_("{path} cannot be read: {strerror}.", path=path, strerror=error.strerror), _(UNREAD))
        ) from None
    stamp = state.st_mtime_ns, state.st_size, state.st_ino
    seen = _last.get(path)
    if seen is None or seen.stamp != stamp:
        try:
            seen = _last[path] = _Seen(stamp, read(path))
        except OSError as error:
            raise RequestError(
                joined(_("{path} cannot be read: {strerror}.", path=path, strerror=error.strerror), _(UNREAD))
            ) from None
        except RequestError as error:
            raise RequestError(joined(str(error), _(UNREAD))) from None
    return seen.file
