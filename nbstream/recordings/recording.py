"""A recording that is played: which of its responses answers a request."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbstream.language import _
from nbstream.recordings import lines
from nbstream.recordings.lines import FormatError
from nbstream.recordings.matching import Difference, key_of, nearest_difference

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from nbstream.recordings.taken import Asked, Taken


class Recording:
    """Recorded responses, in the order in which they were recorded.

    Args:
        taken: the responses.
        name: the name in a sentence.
    """

    def __init__(self, taken: Iterable[Taken], name: str) -> None:
        self.taken = list(taken)
        self.name = name
        self._by_key: dict[str, list[Taken]] = {}
        for each in self.taken:
            self._by_key.setdefault(key_of(each.asked), []).append(each)
        self._played: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    @property
    def usual(self) -> str:
        """The base URL of the server that was the usual one; empty for DeepSeek's own."""
        return next((each.usual for each in self.taken if each.usual), "")

    @property
    def endpoints(self) -> dict[str, dict[str, Any]]:
        """The entries of the endpoints that belonged to the user who recorded, by name."""
        found = [dict(each.endpoint) for each in self.taken if each.endpoint]
        return {str(each.pop("name", "")): each for each in found}

    def response_to(self, asked: Asked, *, any_host: bool = False) -> Taken | None:
        """Return the next response to a request; None if there is none.

        A request that was recorded several times gets its responses in order, and then again.
        Those from the same host go before others. A question without a body, such as which models
        there are, has no meaning without the host.

        Args:
            asked: the request.
            any_host: whether the host is not known, as in a server that plays a recording.
        """
        found = self._by_key.get(key_of(asked), [])
        own = [each for each in found if each.asked.origin == asked.origin]
        if not own and (any_host or asked.body is not None):
            own = found
        if not own:
            return None
        place = key_of(asked), own[0].asked.origin
        with self._lock:
            number = self._played[place]
            self._played[place] += 1
        return own[number % len(own)]

    def difference(self, asked: Asked) -> Difference | None:
        """Return where a request without a response differs from the nearest recorded one."""
        if asked.body is None:
            return None
        return nearest_difference(asked, self.taken)


def load(path: str | os.PathLike[str]) -> Recording:
    """Return the recording of a file.

    Raises:
        OSError: if the file cannot be read.
        FormatError: if it is no recording, or one of a newer version.
    """
    with Path(path).open("rb") as file:
        try:
            return Recording(lines.read(file), Path(path).name)
        except RecursionError:
            raise FormatError(_("a request in it is nested too deeply")) from None
