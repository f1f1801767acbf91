"""What the last request of a reply brought and cost by itself, without the requests before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nbstream.model.token_estimate import estimate_pieces

if TYPE_CHECKING:
    from nbstream.model.text import Text
    from nbstream.model.usage import Cost, Usage


@dataclass(frozen=True, slots=True)
class OwnFigures:
    """The figures of one request.

    Attributes:
        usage: the tokens as the server counted them; None if it did not.
        cost: what it certainly cost; None if that is not known.
        estimate: about what it cost beside that.
        unreported: about how many tokens the server did not report. None before the end, and if the
            server reported all or nothing can have been billed.
        is_over: whether the server has ended it.
        texts: each text of the reply, and how many of its characters were there before.
        calls: how many tools it asks for.
    """

    usage: Usage | None
    cost: Cost | None
    estimate: Cost | None
    unreported: Usage | None
    is_over: bool
    texts: tuple[tuple[Text, int], ...]
    calls: int

    @property
    def is_counted(self) -> bool:
        """Whether the tokens that the server reported are all of it.

        Some servers report them so far with each piece, and Anthropic's API those of the prompt at
        the beginning; after a stop, these are a part.
        """
        return self.usage is not None and self.is_over

    @property
    def has_grown(self) -> bool:
        """Whether it brought text or tool calls."""
        return bool(self.calls) or any(text.length > start for text, start in self.texts)

    @property
    def tokens(self) -> int:
        """About how many tokens it brought; label the number as an estimate."""
        return estimate_pieces(piece for text, start in self.texts for piece in text.slices(start))
