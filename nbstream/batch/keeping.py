"""Keeps the replies of a job: answers in the file of `save=`, all others in a temporary file."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from nbstream.batch import lines
from nbstream.batch.replies import Replies

if TYPE_CHECKING:
    from nbstream.batch.stores import AnswerFile, Lines
    from nbstream.model.request import Request

_TEMPORARY, _SAVED = 0, 1


class KeptReplies:
    """The replies of a job and their files.

    Args:
        temporary: for the replies that `saved` does not get; it may have answers already.
        saved: the file for the answers; without it they are in `temporary`, too.
        length: how many prompts there are; 0 if that is not known.

    Attributes:
        replies: the replies so far.
    """

    def __init__(self, temporary: Lines, saved: AnswerFile | None, length: int) -> None:
        self._temporary, self._saved = temporary, saved
        self.replies = Replies((temporary,) if saved is None else (temporary, saved), length)
        #: Every request so far, and how often those were asked that came more than once.
        self._seen: set[int] = set()
        self._repeats: Counter[int] = Counter()

    @property
    def name(self) -> str:
        """The name of the file of `save=`; empty without one."""
        return self._saved.name if self._saved is not None else ""

    def key_of(self, request: Request) -> int:
        """Return the key of a request that is asked now, which tells it from earlier equal ones."""
        key = lines.key_of(request)
        if key in self._seen:
            self._repeats[key] += 1
            return lines.repeated(key, self._repeats[key] + 1)
        self._seen.add(key)
        return key

    def keep(self, position: int, key: int) -> bool:
        """Keep the answer of an earlier job, and return whether there is one."""
        for number, store in ((_SAVED, self._saved), (_TEMPORARY, self._temporary)):
            offset = store.whole.get(key) if store is not None else None
            if offset is not None:
                self.replies.put(position, number, offset)
                return True
        return False

    def write(self, position: int, line: bytes, *, is_saved: bool, key: int | None) -> str | None:
        """Write the reply to the prompt at `position`.

        Args:
            position: the position of the prompt.
            line: the reply as a line.
            is_saved: whether it belongs into the file of `save=`.
            key: the key of its request, if it is a whole answer.

        Returns:
            Why the disk refused it; None if it did not. What the file of `save=` does not get is
            in the temporary one, if that has room.
        """
        problem = None
        number, store = (_SAVED, self._saved) if is_saved and self._saved is not None else (_TEMPORARY, self._temporary)
        try:
            offset = store.append(line)
        except OSError as error:
            problem = error.strerror or str(error)
            if number == _TEMPORARY:
                return problem
            number, store = _TEMPORARY, self._temporary
            try:
                offset = store.append(line)
            except OSError:
                return problem
        if key is not None and self._saved is None:
            # A later job may need it; of a file, only those that were there before are looked up.
            store.whole[key] = offset
        self.replies.put(position, number, offset)
        return problem

    def release(self) -> None:
        """Let another job write to the file of `save=`."""
        if self._saved is not None:
            self._saved.release()
