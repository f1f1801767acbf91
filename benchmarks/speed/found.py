"""What was measured, looked up: medians by way and plan. This module must not know how it is reported."""

from __future__ import annotations

import json
import statistics
from functools import cache
from typing import TYPE_CHECKING, Any

from benchmarks.render import TOKEN_CHARACTERS, prose
from benchmarks.speed.recording import answer
from nbstream.markdown.rendering import to_html
from nbstream.model.events import Answer
from nbstream.model.reply import Reply, reduce
from nbstream.output.bundle import bundle

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.speed.ways import Way

Row = dict[str, Any]


class Found:
    """The results of all sections that were measured.

    Args:
        results: what `speed.json` holds.
    """

    def __init__(self, results: dict[str, Any]) -> None:
        self._results = results

    def rows(self, section: str) -> list[Row]:
        """Return the rows of a section; none if it was not measured."""
        found: list[Row] = self._results.get(section, {}).get("rows", [])
        return found

    def median(self, section: str, way: Way, name: str, *, tokens: int, rate: float) -> float:
        """Return the median of a figure over the tries of a plan without reasoning; not a number if there was none."""
        plan = {"tokens": tokens, "rate": rate, "reasoning": 0}
        tries = [
            each[name]
            for row in self.rows(section)
            if row["way"] == way.name and plan.items() <= row["plan"].items()
            for each in row["tries"]
        ]
        return statistics.median(tries) if tries else float("nan")

    def started(self, way: str, name: str) -> float:
        """Return the median of a figure of the start; not a number if there was none."""
        tries = [row[name] for row in self.rows("start") if row["way"] == way and name in row]
        return statistics.median(tries) if tries else float("nan")


def middle(row: Row, value: Callable[[Row], float]) -> float:
    """Return the median of a figure over a row's tries."""
    return statistics.median(map(value, row["tries"]))


@cache
def saved_prose(tokens: int) -> float:
    """Return how many bytes the settled output of prose has in a file, for each byte of the text."""
    text = prose(tokens * TOKEN_CHARACTERS)
    reply = reduce(Reply(requested_model="deepseek-flash"), Answer(1.0, text))
    forms, _ = bundle(reply, "auto")
    return sum(len(json.dumps(form)) for form in forms.values()) / len(text)


@cache
def final_html(tokens: int) -> int:
    """Return how many bytes the HTML of the whole answer has."""
    return len(to_html(answer(tokens)).encode())
