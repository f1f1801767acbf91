"""The progress of a lesson: what was predicted and solved, as a table that stays in the file."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from nbstream.language import _, marked, plural
from nbstream.lesson.cards import CLASSES, MARKS, METADATA, compared, html_of, markdown_of, prediction_mark

if TYPE_CHECKING:
    from nbstream.lesson.exercises import Expectation, Result

_CELL = "padding:.15em .8em .15em 0;border:0;text-align:left;vertical-align:top"
_WORDS = {
    "open": marked("not done yet: {task}"),
    "wrong": marked("not yet right: {task}"),
    "right": marked("right: {task}"),
}


@dataclass(frozen=True, slots=True)
class Progress:
    """What came of the exercises and predictions of a lesson. At the end of a cell it is a table.

    Attributes:
        number: the lesson.
        title: its title.
        exercises: what came of each exercise.
        predictions: what came of each prediction.
    """

    number: int
    title: str
    exercises: tuple[Result, ...]
    predictions: tuple[Expectation, ...]

    @property
    def solved(self) -> int:
        """How many exercises are right."""
        return sum(each.state == "right" for each in self.exercises)

    @property
    def is_complete(self) -> bool:
        """Whether all exercises are right."""
        return self.solved == len(self.exercises)

    def __repr__(self) -> str:
        rows = [(mark, what, said) for (mark, _), what, said in self._rows()]
        width = max((len(what) for _, what, _ in rows), default=0)
        return "\n".join([self._title, *(f"{mark}  {what:{width}}  {said}".rstrip() for mark, what, said in rows)])

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, str], dict[str, Any]]:
        told = {
            "kind": "progress",
            "lesson": self.number,
            "solved": self.solved,
            "exercises": {each.name: each.state for each in self.exercises},
            "predictions": {each.name: each.state for each in self.predictions},
        }
        data = {"text/html": self._html(), "text/markdown": self._markdown(), "text/plain": repr(self)}
        return data, {METADATA: told}

    def _html(self) -> str:
        rows = "".join(
            f'<tr><td style="{_CELL};color:{colour};font-weight:600">{mark}</td>'
            f'<td style="{_CELL};white-space:nowrap">{html_of(what)}</td><td style="{_CELL}">{html_of(said)}</td></tr>'
            for (mark, colour), what, said in self._rows()
        )
        return (
            f'<div class="{CLASSES}" style="margin:.5em 0;line-height:1.5">'
            f'<div style="font-weight:600">{escape(self._title)}</div>'
            f'<table style="border-collapse:collapse;margin:.4em 0">{rows}</table></div>'
        )

    def _markdown(self) -> str:
        rows = [f"| {mark} | {markdown_of(what)} | {markdown_of(said)} |" for (mark, _), what, said in self._rows()]
        return "\n".join([f"**{self._title}**", "", "| | | |", "|---|---|---|", *rows])

    @property
    def _title(self) -> str:
        done = plural(
            "{n} of {all} exercises right", "{n} of {all} exercises right", self.solved, all=len(self.exercises)
        )
        return _("Lesson {number} · {title}", number=self.number, title=_(self.title)) + f" · {done}"

    def _rows(self) -> list[tuple[tuple[str, str], str, str]]:
        """Return a mark with its colour, what it is about, and what came of it."""
        rows = [
            (prediction_mark(each), _("prediction {name}", name=f"`{each.name}`"), _outcome(each))
            for each in self.predictions
        ]
        rows += [
            (MARKS[each.state], _("exercise {name}", name=f"`{each.name}`"), _(_WORDS[each.state], task=each.task))
            for each in self.exercises
        ]
        return rows


def _outcome(found: Expectation) -> str:
    if found.expected and found.actual:
        return compared(found, found.words(found.expected), found.words(found.actual))
    if found.expected:
        return _("You expect: {expected}", expected=found.words(found.expected))
    return _("not predicted")
