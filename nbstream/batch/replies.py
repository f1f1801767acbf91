"""What a job brought: a list of replies in the order of the prompts, and a data frame."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, overload

from nbstream.batch.lines import from_line
from nbstream.batch.sums import Sums
from nbstream.batch.verdict import is_whole
from nbstream.language import _
from nbstream.model.exceptions import NbstreamError
from nbstream.model.reply import Reply, ReplyError
from nbstream.model.spend import Spend

if TYPE_CHECKING:
    from typing import Self

    from nbstream.batch.stores import Lines
    from nbstream.model.structure import Structure
    from nbstream.model.usage import Cost, Usage

_NOT_ASKED = -1


class Replies(Sequence[Reply]):
    """The replies of a job, in the order of its prompts.

    A reply is read from the job's file each time it is asked for, so that any number of them takes
    little memory. A prompt that was not asked, because the job was stopped, has a reply whose
    status is "pending".

    Attributes:
        index: the index of the frame that the rows came from, if it has one; the frame of the
            replies gets the same.
        structure: the form of the answers that was asked for, with the type of their data.
        lost: what replies cost that failed, so that their prompts were asked again.
    """

    def __init__(self, stores: Sequence[Lines], length: int = 0) -> None:
        self._stores = tuple(stores)
        #: For each prompt the offset of its line, and the number of its store.
        self._places = array("q", [_NOT_ASKED]) * length
        self.index: Any = None
        self.structure: Structure | None = None
        self.lost = Spend()

    def put(self, position: int, store: int, offset: int) -> None:
        """Note where the reply of the prompt at `position` stands."""
        missing = position + 1 - len(self._places)
        if missing > 0:
            self._places.extend([_NOT_ASKED] * missing)
        self._places[position] = offset * len(self._stores) + store

    def cut(self, length: int) -> None:
        """Take `length` as the number of prompts."""
        del self._places[length:]

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> Reply: ...

    @overload
    def __getitem__(self, index: slice) -> list[Reply]: ...

    def __getitem__(self, index: int | slice) -> Reply | list[Reply]:
        if isinstance(index, slice):
            return [self[position] for position in range(*index.indices(len(self)))]
        place = self._places[index]
        if place == _NOT_ASKED:
            return Reply()
        offset, store = divmod(place, len(self._stores))
        try:
            reply = from_line(self._stores[store].read(offset))
        except ValueError:
            raise NbstreamError(_("The file of the answers was changed: this answer is not there any more.")) from None
        if self.structure is None or reply.request.structure is None:
            return reply
        # A file does not hold the function that makes a value of the type.
        structure = replace(reply.request.structure, check=self.structure.check)
        return replace(reply, request=replace(reply.request, structure=structure))

    def __iter__(self) -> Iterator[Reply]:
        return (self[position] for position in range(len(self)))

    @property
    def answers(self) -> list[str]:
        """The text of each answer; empty where there is none."""
        return [reply.answer for reply in self]

    @property
    def data(self) -> list[Any]:
        """The structured answers, of the type that `schema=` names; None where there is none."""
        return [reply.data for reply in self]

    def frame(self) -> Any:
        """Return the answers as a pandas DataFrame, in the order of the prompts.

        With `schema=` or `json=True` the columns are the fields of the answers, and an answer that
        is a list has a row for each item. Otherwise the columns are `prompt` and `answer`. If a
        prompt failed, the column `error` says why. The index is that of the frame whose rows were
        asked, so that `rows.join(replies.frame())` has both; otherwise it counts the prompts.

        Raises:
            RequestError: if pandas is not installed.
        """
        from nbstream.batch.data_frame import frame_of  # noqa: PLC0415  (pandas, only where it is used)

        return frame_of(self, self.index)

    @property
    def failed(self) -> dict[int, Reply]:
        """The replies that are no whole answer, by their position: what the job left to do."""
        return {position: reply for position, reply in enumerate(self) if not is_whole(reply)}

    @property
    def usage(self) -> Usage | None:
        """The tokens of all replies together, as far as the server reported them."""
        return self._sums().usage

    @property
    def cost(self) -> Cost | None:
        """What all replies certainly cost together, a lower bound if that is not all.

        None if no price is known, or if they were paid in two currencies.
        """
        return self.spend.cost

    @property
    def spend(self) -> Spend:
        """What all replies cost together: what is certain, estimated, and not known."""
        return self._sums().spend

    def raise_for_status(self) -> Self:
        """Return the replies if each is complete.

        Raises:
            ReplyError: if one is not; it is about the first one.
        """
        for position, reply in enumerate(self):
            try:
                reply.raise_for_status()
            except ReplyError as error:
                raise ReplyError(f"Prompt {position}: {error}", reply) from None
        return self

    def _sums(self) -> Sums:
        sums = Sums(self.lost)
        for reply in self:
            if reply.ended:
                sums.add(reply)
        return sums

    def __repr__(self) -> str:
        asked = len(self._places) - self._places.count(_NOT_ASKED)
        return f"<Replies to {asked:,} of {len(self):,} prompts>"
