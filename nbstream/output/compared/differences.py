"""The word differences of two answers for a reader: underlined and struck out, and in colours."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from nbstream.language import _
from nbstream.model.printable import printable, storable
from nbstream.output.settled import one_block

if TYPE_CHECKING:
    from nbstream.comparison.differences import Differences, Piece

#: Colours that are readable on white and on black, and are no more than a second sign.
_STYLE = {"first": "color:#c4473d", "second": "color:#2f8f4e"}
_TAGS = {"first": "del", "second": "ins"}


@dataclass(frozen=True, slots=True)
class AnswerDifferences:
    """The words in which two answers differ; it shows itself.

    Attributes:
        first: the name of the first answer's column.
        second: the name of the second answer's column.
        found: the passages that both have, or one of them.
    """

    first: str
    second: str
    found: Differences

    def __str__(self) -> str:
        """Return both texts in one, marked as by wdiff: `[-only first-]`, `{+only second+}`."""
        marks = {"first": ("[-", "-]"), "second": ("{+", "+}"), "both": ("", "")}
        passages = [_marked(piece, *marks[piece.kind]) for piece in self.found.pieces]
        return f"{summary(self.first, self.second, self.found)}\n\n{printable(''.join(passages))}"

    def __repr__(self) -> str:
        return f"<AnswerDifferences: {summary(self.first, self.second, self.found)}>"

    def _repr_mimebundle_(self, **_options: object) -> dict[str, str]:
        return {"text/html": self.html(), "text/plain": str(self)}

    def html(self) -> str:
        """Return both texts in one as HTML that reads well without styles."""
        passages = "".join(map(_html, self.found.pieces))
        only_first, only_second = _("only {name}", name=self.first), _("only {name}", name=self.second)
        legend = f"{_element('first', only_first)} · {_element('second', only_second)}"
        words = escape(printable(summary(self.first, self.second, self.found)))
        return one_block(
            '<div class="nbstream nbstream-differences mathjax_ignore tex2jax_ignore" style="overflow-wrap:break-word">'
            f'<div style="opacity:.72;font-size:.83em;line-height:1.62">{words} · {legend}</div>'
            f'<div style="white-space:pre-wrap;margin:.4em 0">{passages}</div></div>'
        )


def summary(first: str, second: str, found: Differences) -> str:
    """Return how much two answers have in common."""
    if found.are_equal:
        return _("{first} and {second} have the same words", first=first, second=second)
    return _(
        "{share:.0%} of the words in common · {only_first:,} only in {first}, {only_second:,} only in {second}",
        share=found.share,
        only_first=found.only_first,
        first=first,
        only_second=found.only_second,
        second=second,
    )


def _html(piece: Piece) -> str:
    if piece.kind == "both":
        return escape(storable(piece.second))
    return _element(piece.kind, piece.first or piece.second)


def _element(kind: str, words: str) -> str:
    tag = _TAGS[kind]
    return f'<{tag} style="{_STYLE[kind]}">{escape(storable(words))}</{tag}>'


def _marked(piece: Piece, begin: str, end: str) -> str:
    """Return a passage between marks, without the white space at its end."""
    words = piece.second or piece.first
    body = words.rstrip()
    return f"{begin}{body}{end}{words[len(body) :]}" if begin and body else words
