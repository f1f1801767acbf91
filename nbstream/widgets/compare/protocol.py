"""The own state of a comparison in its page, and the messages of that page."""

from __future__ import annotations

from typing import Literal, NotRequired, TypeAlias, TypedDict


class CompareFigure(TypedDict):
    """One figure of a column, in words."""

    label: str
    text: str
    #: Whether it is clearly the best of all columns.
    best: bool


class CompareColumn(TypedDict):
    """One column, from left to right."""

    #: The key of its reply.
    key: str
    name: str
    #: What is said below its name, in place of a reply or beside it; may be empty.
    note: str
    figures: list[CompareFigure]
    #: Whether its reply goes on or has not begun.
    live: bool
    #: Whether it was chosen in a blind comparison.
    chosen: bool


class CompareChoice(TypedDict):
    """One button of the blind choice."""

    value: str
    label: str
    #: The key of the keyboard, which is a letter.
    key: str


class CompareDifferences(TypedDict):
    """The word differences of two answers."""

    #: The keys of the columns.
    first: str
    second: str
    #: Their names.
    names: list[str]
    summary: str
    #: For each passage 0 if both have it, 1 or 2 if only the first or the second has it; its text.
    pieces: list[tuple[int, str]]


class CompareOwn(TypedDict):
    """The own state of a comparison."""

    columns: list[CompareColumn]
    #: How far it is, in words.
    state: str
    #: What is the same in all columns, and what is to be known of the figures.
    notes: list[str]
    #: Whether a column goes on.
    live: bool
    #: Whether names and figures are hidden.
    hidden: bool
    #: What can be chosen now; empty without a blind choice, before all have ended, and after it.
    choices: list[CompareChoice]
    #: What was chosen, in words.
    verdict: str
    #: Whether at least two answers can be compared in their words.
    comparable: bool
    #: The differences that are shown; None if none are.
    differences: CompareDifferences | None


class CompareStop(TypedDict):
    """Stop all columns."""

    type: Literal["stop"]


class CompareChoose(TypedDict):
    """Choose in a blind comparison."""

    type: Literal["choose"]
    choice: str


class CompareShow(TypedDict):
    """Show the differences of two columns by their keys; without keys, show none."""

    type: Literal["differences"]
    first: NotRequired[str]
    second: NotRequired[str]


ComparePageMessage: TypeAlias = CompareStop | CompareChoose | CompareShow
