"""The replies of a comparison: those of its columns, and those that its page shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

from nbstream.model.reply import Reply
from nbstream.widgets.instruments.shown_replies import ShownReplies

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Collection

    from nbstream.comparison.columns import Column


class ComparedReplies(ShownReplies, Sequence[Reply]):
    """The replies of a comparison in the order of the specs, and by key those in its page."""

    def __init__(
        self,
        state: threading.RLock,
        wake: Callable[[], None],
        drawing: Collection[str],
        columns: Sequence[Column],
    ) -> None:
        super().__init__(state, wake, drawing)
        self._columns = columns

    def __len__(self) -> int:
        return len(self._columns)

    @overload
    def __getitem__(self, index: int) -> Reply: ...

    @overload
    def __getitem__(self, index: slice) -> list[Reply]: ...

    def __getitem__(self, index: int | slice) -> Reply | list[Reply]:
        if isinstance(index, slice):
            return [column.reply for column in self._columns[index]]
        return self._columns[index].reply

    def __contains__(self, value: object) -> bool:
        return value in self._shown if isinstance(value, str) else any(value is each for each in self)

    def __repr__(self) -> str:
        return repr(list(self))
