"""The words in which two texts differ.

Words are compared as `words.py` describes. Python's `difflib` finds what two texts have in common,
but its time grows with the square of their length where they share few words. So the texts are cut
first, at words that each of them has once ("patience diff"), and `difflib` compares what is between
two cuts. What two texts have in common by chance, as a lone "the" between two differences, is told
as a difference: a reader sees two passages then, and not a mosaic.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from nbstream.comparison.words import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nbstream.comparison.words import Word

Kind: TypeAlias = Literal["both", "first", "second"]
#: Two positions at which the same word stands.
_Pair: TypeAlias = tuple[int, int]

#: `difflib` compares at most so many pairs of words; longer passages without a cut differ whole.
_MOST_PAIRS = 1_000_000
#: A common passage between two differences is told as one if it has at least so many words, or so
#: many letters.
_LEAST_WORDS = 3
_LEAST_LETTERS = 14


class Piece(NamedTuple):
    """A passage that both texts have, or one of them.

    Attributes:
        kind: which text has it.
        first: as it stands in the first text; empty if only the second one has it.
        second: as it stands in the second text; the white space may differ.
    """

    kind: Kind
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class Differences:
    """How two texts differ.

    Attributes:
        pieces: the passages in their order. All `first` together are the first text, all `second`
            the second.
        common: how many words both have.
        only_first: how many words only the first text has.
        only_second: how many words only the second text has.
    """

    pieces: tuple[Piece, ...]
    common: int
    only_first: int
    only_second: int

    @property
    def are_equal(self) -> bool:
        """Whether the texts have the same words."""
        return not self.only_first and not self.only_second

    @property
    def share(self) -> float:
        """Which part of all words the texts have in common, from 0 to 1."""
        total = 2 * self.common + self.only_first + self.only_second
        return 2 * self.common / total if total else 1.0


def differences(first: str, second: str) -> Differences:
    """Return how two texts differ in their words."""
    ones, others = words_of(first), words_of(second)
    blocks = _without_chance(list(_blocks([each.key for each in ones], [each.key for each in others])), ones, others)
    pieces: list[Piece] = []
    counts: Counter[Kind] = Counter()
    at, other_at = 0, 0

    def add(kind: Kind, some: Sequence[Word], others: Sequence[Word]) -> None:
        if some or others:
            pieces.append(Piece(kind, _text(some), _text(others)))
            # Line ends are no words.
            counts[kind] += sum(1 for each in (some or others) if not each.key.isspace())

    for begin, other_begin, size in (*blocks, (len(ones), len(others), 0)):
        add("first", ones[at:begin], ())
        add("second", (), others[other_at:other_begin])
        at, other_at = begin + size, other_begin + size
        add("both", ones[begin:at], others[other_begin:other_at])
    return Differences(tuple(pieces), counts["both"], counts["first"], counts["second"])


def _text(words: Sequence[Word]) -> str:
    return "".join(each.text for each in words)


def _blocks(ones: Sequence[str], others: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Yield where both sequences have the same words, in order: two positions and a length."""
    at, other_at = 0, 0
    block: tuple[int, int, int] | None = None
    for begin, other_begin in (*_anchors(ones, others), (len(ones), len(others))):
        for found in _between(ones[at:begin], others[other_at:other_begin]):
            one, other, size = found[0] + at, found[1] + other_at, found[2]
            if block is not None and (block[0] + block[2], block[1] + block[2]) == (one, other):
                block = block[0], block[1], block[2] + size
                continue
            if block is not None:
                yield block
            block = one, other, size
        at, other_at = begin, other_begin
    if block is not None:
        yield block


def _between(ones: Sequence[str], others: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Yield the common blocks between two cuts; the first word after a cut is the same."""
    start = 0
    least = min(len(ones), len(others))
    while start < least and ones[start] == others[start]:
        start += 1
    end = 0
    while end < least - start and ones[-1 - end] == others[-1 - end]:
        end += 1
    if start:
        yield 0, 0, start
    inner, other = ones[start : len(ones) - end], others[start : len(others) - end]
    if inner and other and len(inner) * len(other) <= _MOST_PAIRS:
        for block in SequenceMatcher(None, inner, other, autojunk=False).get_matching_blocks():
            if block.size:
                yield block.a + start, block.b + start, block.size
    if end:
        yield len(ones) - end, len(others) - end, end


def _anchors(ones: Sequence[str], others: Sequence[str]) -> list[_Pair]:
    """Return where both texts have a pair of words that each of them has only once, in their order.

    Pairs, because most words of a long text come again and again, but most pairs do not.
    """
    places, other_places = _once(ones), _once(others)
    common = sorted((place, other_places[pair]) for pair, place in places.items() if pair in other_places)
    return _longest_rise(common)


def _once(words: Sequence[str]) -> dict[tuple[str, str], int]:
    """Return the pairs of neighbours that come once, with their position."""
    pairs = list(pairwise(words))
    counts = Counter(pairs)
    return {pair: at for at, pair in enumerate(pairs) if counts[pair] == 1}


def _longest_rise(pairs: Sequence[_Pair]) -> list[_Pair]:
    """Return the longest part of `pairs` in which the second positions rise."""
    ends: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for index, (_, other) in enumerate(pairs):
        length = bisect_left(ends, other)
        before.append(last[length - 1] if length else -1)
        ends[length : length + 1] = [other]
        last[length : length + 1] = [index]
    found: list[_Pair] = []
    index = last[-1] if last else -1
    while index >= 0:
        found.append(pairs[index])
        index = before[index]
    return found[::-1]


def _without_chance(
    blocks: list[tuple[int, int, int]], ones: Sequence[Word], others: Sequence[Word]
) -> list[tuple[int, int, int]]:
    """Return the blocks without those that are too short to be more than chance.

    The beginning and the end of both texts stay, and a block with little else around it.
    """
    kept = []
    for at, (begin, other_begin, size) in enumerate(blocks):
        before = blocks[at - 1] if at else (0, 0, 0)
        after = blocks[at + 1] if at + 1 < len(blocks) else (len(ones), len(others), 0)
        around = min(
            max(begin - before[0] - before[2], other_begin - before[1] - before[2]),
            max(after[0] - begin - size, after[1] - other_begin - size),
        )
        words = [each.key for each in ones[begin : begin + size] if each.key.strip()]
        is_long = len(words) >= _LEAST_WORDS or sum(map(len, words)) >= _LEAST_LETTERS
        if is_long or around <= size or (not words and around <= _LEAST_WORDS):
            kept.append((begin, other_begin, size))
    return kept
