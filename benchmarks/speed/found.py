"""The stored results: medians by way and plan."""

from __future__ import annotations

import json
import statistics
from functools import cache
from typing import TYPE_CHECKING, Any

from benchmarks.render import TOKEN_CHARACTERS, prose
from benchmarks.speed.recording import answer
from nbstream.markdown.rendering import to_html
from nbstream.model.events import Answer
from nbstream.model.presentation import Presentation
from nbstream.model.reduction import reduce
from nbstream.model.reply import Reply
from nbstream.model.request import Request
from nbstream.output.settled import bundle

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.speed.ways import Way

Row = dict[str, Any]


class Found:
    """The results of all measured sections.

    Args:
        results: the content of `speed.json`.
    """

    def __init__(self, results: dict[str, Any]) -> None:
        self._results = results

    @property
    def machine(self) -> str:
        """The system and Python that the newest section was measured on."""
        return str(self._results["machine"])

    def measured(self, section: str) -> str:
        """Return when a section was measured."""
        return str(self._results[section]["measured"])

    def rows(self, section: str) -> list[Row]:
        """Return the rows of a section, or an empty list."""
        found: list[Row] = self._results.get(section, {}).get("rows", [])
        return found

    def median(self, section: str, way: Way, name: str, *, tokens: int, rate: float) -> float:
        """Return the median of a quantity over the tries of a plan without reasoning, or NaN."""
        plan = {"tokens": tokens, "rate": rate, "reasoning": 0}
        tries = [
            each[name]
            for row in self.rows(section)
            if row["way"] == way.name and plan.items() <= row["plan"].items()
            for each in row["tries"]
        ]
        return statistics.median(tries) if tries else float("nan")

    def started(self, way: str, name: str) -> float:
        """Return the median of a quantity of the section `start`, or NaN."""
        tries = [row[name] for row in self.rows("start") if row["way"] == way and name in row]
        return statistics.median(tries) if tries else float("nan")


def middle(row: Row, value: Callable[[Row], float]) -> float:
    """Return the median of a quantity over the tries of a row."""
    return statistics.median(map(value, row["tries"]))


@cache
def saved_prose(tokens: int) -> float:
    """Return the bytes of the settled output of prose in a file, per character of the text."""
    text = prose(tokens * TOKEN_CHARACTERS)
    reply = reduce(Reply(request=Request("deepseek-flash")), Answer(1.0, text))
    forms, _ = bundle(reply, Presentation())
    return sum(len(json.dumps(form)) for form in forms.values()) / len(text)


@cache
def final_html(tokens: int) -> int:
    """Return the number of bytes of the HTML of the whole answer."""
    return len(to_html(answer(tokens)).encode())
