"""The targets for nbstream's speed, mostly ratios within one run, and whether they are met."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.render import TOKEN_CHARACTERS
from benchmarks.speed.found import final_html, middle, saved_prose
from benchmarks.speed.recording import Plan
from benchmarks.speed.ways import ONCE, OURS, PROTOTYPE, SDK, TEN_HERTZ, UPDATE

if TYPE_CHECKING:
    from benchmarks.speed.found import Found
    from benchmarks.speed.ways import Way

_RATE = 500
_USUAL = asdict(Plan(10_000, _RATE))


class Target(NamedTuple):
    """One target; `found` is NaN if it was not measured."""

    what: str
    limit: float
    found: float
    unit: str = "times"
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the target is met."""
        return self.found >= self.limit if self.at_least else self.found <= self.limit


def targets(found: Found) -> list[Target]:
    """Return the targets that were measured."""
    every = [*_kernel(found), *_bytes(found), *_page(found), *_time(found)]
    return [target for target in every if not math.isnan(target.found)]


def _kernel(found: Found) -> list[Target]:
    def ratio(tokens: int, rate: float) -> float:
        ours, floor = (found.median("kernel", way, "cpu", tokens=tokens, rate=rate) for way in (OURS, SDK))
        return ours / floor

    return [
        Target("kernel CPU, 10,000 tokens at once / the SDK's chunks", 0.5, ratio(10_000, 0)),
        Target("kernel CPU, 50,000 tokens at once / the SDK's chunks", 0.5, ratio(50_000, 0)),
        Target("kernel CPU, 10,000 tokens at 500/s / the SDK's chunks", 1.0, ratio(10_000, _RATE)),
    ]


def _bytes(found: Found) -> list[Target]:
    def sent(way: Way, tokens: int, rate: float) -> float:
        return found.median("kernel", way, "bytes", tokens=tokens, rate=rate)

    of_html = [
        Target(f"bytes, {tokens:,} tokens {words} / the final HTML", 4, sent(OURS, tokens, rate) / final_html(tokens))
        for tokens in (10_000, 50_000)
        for rate, words in ((0, "at once"), (_RATE, "at 500/s"))
    ]

    def in_page(section: str) -> float:
        row = next((each for each in found.rows(section) if each["way"] == OURS.name and each["plan"] == _USUAL), None)
        return middle(row, lambda each: each["sent"][1]) / final_html(10_000) if row else math.nan

    of_html += [
        Target("the same, in a page that shows the start of the answer", 4, in_page("page")),
        Target("the same, scrolled with the text", 4, in_page("followed")),
    ]
    loop = sent(UPDATE, 10_000, _RATE) / sent(OURS, 10_000, _RATE)
    return [*of_html, Target("bytes of the per-delta loop / ours, 10,000 tokens at 500/s", 150, loop, at_least=True)]


def _page(found: Found) -> list[Target]:
    def page(way: Way, tokens: int = 10_000, name: str = "page") -> float:
        return found.median("page", way, name, tokens=tokens, rate=_RATE)

    # A page that shows nothing is not idle either, so its time is subtracted.
    idle = page(SDK) / page(SDK, name="seconds")
    net, once = (page(way) - idle * page(way, name="seconds") for way in (OURS, ONCE))
    file = page(OURS, name="file") / (10_000 * TOKEN_CHARACTERS)

    def own(tokens: int) -> float:
        ours = {"way": OURS.name, "plan": asdict(Plan(tokens, _RATE))}
        tries = [each for row in found.rows("page") if ours.items() <= row.items() for each in row["tries"]]
        return max((len(each["own_tasks"]) for each in tries), default=math.nan)

    streaming = page(OURS, name="streaming") / page(PROTOTYPE, name="streaming")
    along = [found.median("followed", way, "streaming", tokens=10_000, rate=_RATE) for way in (OURS, PROTOTYPE)]
    return [
        Target("page CPU while streaming / the prototype's, 10,000 tokens at 500/s", 0.4, streaming),
        Target("the same, scrolled with the text", 0.4, along[0] / along[1]),
        Target("page CPU with the settling / the prototype's, which has none", 0.4, page(OURS) / page(PROTOTYPE)),
        Target("page CPU / the 10 Hz loop's, 10,000 tokens at 500/s", 0.1, page(OURS) / page(TEN_HERTZ)),
        Target("page CPU / the finished HTML once, both minus the idle page's", 12, net / once),
        Target("page CPU, 50,000 / 10,000 tokens at 500/s", 5.5, page(OURS, 50_000) / page(OURS)),
        Target("tasks over 50 ms of our own, 50,000 tokens at 500/s", 0, own(50_000), ""),
        Target("the saved output / the answer's text, with formulas and colours", 7, file),
        Target("the same, prose alone, without a page", 4, saved_prose(10_000)),
    ]


def _time(found: Found) -> list[Target]:
    def delay(name: str, tokens: int, rate: float) -> float:
        return found.median("delay", OURS, name, tokens=tokens, rate=rate)

    first = found.started("%%deepseek", "first_pixel") - found.started("an empty widget", "first_pixel")
    return [
        Target("from the server's write to the document at 100/s, p50", 20, delay("dom_p50", 2_000, 100), "ms"),
        Target("from the server's write to the document at 100/s, p95", 50, delay("dom_p95", 2_000, 100), "ms"),
        Target("from the server's write to the document at 1,000/s, p95", 80, delay("dom_p95", 10_000, 1_000), "ms"),
        Target("first pixel, delay after an empty widget's", 100, first, "ms"),
    ]
