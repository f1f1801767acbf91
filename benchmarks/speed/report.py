"""Writes the tables and the plot of the results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.speed.found import final_html, middle
from benchmarks.speed.targets import targets
from benchmarks.speed.ways import OURS, PRINT, PROTOTYPE, SDK, TEN_HERTZ, UPDATE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.speed.found import Found, Row

#: If the page was late by more than this, in seconds, the measurement was ended.
_MAX_LATE = 55
_SECTIONS = ("kernel", "page", "followed", "delay", "start")


def write(found: Found, folder: Path) -> None:
    """Write `speed.md` and `speed.svg` into `folder`."""
    (folder / "speed.md").write_text(tables(found) + "\n", "utf-8")
    _plot(found, folder / "speed.svg")


def tables(found: Found) -> str:
    """Return the tables of the sections that were measured, in Markdown."""
    when = ", ".join(f"{name} {found.measured(name)}" for name in _SECTIONS if found.rows(name))
    head = f"Written by `python -m benchmarks.speed`. {found.machine}. Medians. Measured: {when}."
    sections = {"kernel": _kernel, "page": _page, "followed": _followed, "delay": _delay, "start": _start}
    parts = ["# Speed, compared", head, _targets(found)]
    parts += [table(found) for name, table in sections.items() if found.rows(name)]
    return "\n\n".join(parts)


def _targets(found: Found) -> str:
    rows = [
        [
            each.what,
            f"{'at least' if each.at_least else 'at most'} {each.limit:g}",
            f"{_number(each.found)} {each.unit}",
            "" if each.is_met else "**missed**",
        ]
        for each in targets(found)
    ]
    return _table("Targets and results", ["quantity", "target", "result", ""], rows, words=1)


def _kernel(found: Found) -> str:
    floors = {str(row["plan"]): _of(row, "cpu") for row in found.rows("kernel") if row["way"] == SDK.name}
    rows = []
    for row in found.rows("kernel"):
        floor = floors.get(str(row["plan"]))
        size = _of(row, "bytes")
        ratio = f"{_of(row, 'cpu') / floor:.2f}" if floor else ""
        of_html = f"{size / final_html(row['plan']['tokens']):.1f}"
        figures = [f"{_of(row, 'cpu'):.2f}", ratio, f"{_of(row, 'messages'):,.0f}", f"{size / 1e6:.2f}", of_html]
        rows.append([*_what(row), *figures])
    heads = ["tokens", "tokens/s", "way", "CPU s", "/ the SDK's chunks", "messages", "MB", "/ the final HTML"]
    return _table("The kernel, without a page", heads, rows, words=3)


def _page(found: Found) -> str:
    return _in_a_page("In JupyterLab", found.rows("page"))


def _followed(found: Found) -> str:
    return _in_a_page("In JupyterLab, scrolled with the text", found.rows("followed"))


def _in_a_page(title: str, measured: Sequence[Row]) -> str:
    rows = []
    for row in measured:
        seconds = [f"{_of(row, name):.2f}" for name in ("kernel", "streaming", "page", "browser")]
        if _of(row, "late") > _MAX_LATE:
            rows.append([*_what(row), *seconds, "never caught up", *[""] * 9])
            continue
        tasks = [
            f"{middle(row, lambda each: len(each['long_tasks'])):.0f}",
            f"{middle(row, lambda each: sum(each['long_tasks'])) / 1e3:.2f}",
            f"{middle(row, lambda each: max(each['long_tasks'], default=0)):.0f}",
            f"{middle(row, lambda each: len(each['own_tasks'])):.0f}",
        ]
        rest = [f"{_of(row, 'dropped'):.0f}", f"{_of(row, 'late'):.1f}"]
        sizes = [f"{_of(row, 'heap') / 1e6:.1f}", f"{_of(row, 'file') / 1e3:.0f}"]
        messages, size = middle(row, lambda each: each["sent"][0]), middle(row, lambda each: each["sent"][1])
        sent = [f"{messages:,.0f}", f"{size / 1e6:.2f}"] if messages else ["", ""]
        rows.append([*_what(row), *seconds, *tasks, *rest, *sizes, *sent])
    heads = [
        "tokens",
        "tokens/s",
        "way",
        "kernel CPU s",
        "page CPU s while streaming",
        "with the settling",
        "browser CPU s",
    ]
    heads += ["tasks over 50 ms", "in total s", "longest ms", "our own", "frames dropped", "late s", "heap MB"]
    heads += ["file kB", "messages", "MB"]
    return _table(title, heads, rows, words=3)


def _delay(found: Found) -> str:
    names = ("dom_p50", "dom_p95", "paint_p50", "paint_p95", "seen")
    rows = [[*_what(row), *(f"{_of(row, name):,.0f}" for name in names)] for row in found.rows("delay")]
    heads = ["tokens", "tokens/s", "way", "in the document p50 ms", "p95", "painted p50 ms", "p95", "tokens seen"]
    return _table("From the server's write to the reader", heads, rows, words=3)


def _start(found: Found) -> str:
    loading = ("import openai", "%load_ext nbstream")
    rows = [[f"`{way}` in a new IPython", f"{1e3 * found.started(way, 'seconds'):.0f}"] for way in loading]
    rows += [
        [f"from running the first cell to its first pixel: {way}", f"{found.started(way, 'first_pixel'):.0f}"]
        for way in ("an empty widget", "%%deepseek")
    ]
    return _table("The start", ["", "ms"], rows, words=1)


def _of(row: Row, name: str) -> float:
    return middle(row, lambda each: float(each[name]))


def _what(row: Row) -> list[str]:
    plan = row["plan"]
    thoughts = f" + {plan['reasoning']:,} of reasoning" if plan["reasoning"] else ""
    return [f"{plan['tokens']:,}{thoughts}", f"{plan['rate'] or 'at once'}", row["way"]]


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], *, words: int) -> str:
    """Return a Markdown table; the first `words` columns are text, the others are numbers."""
    rule = [":--"] * words + ["--:"] * (len(heads) - words)
    return f"## {title}\n\n" + "\n".join(f"| {' | '.join(row)} |" for row in (heads, rule, *rows))


def _number(value: float) -> str:
    places = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0  # noqa: PLR2004  (shows three digits)
    return f"{value:,.{places}f}"


def _plot(found: Found, path: Path) -> None:
    from matplotlib import pyplot as plt  # noqa: PLC0415  (takes half a second, and is needed only here)

    ways = [OURS, PROTOTYPE, PRINT, TEN_HERTZ, UPDATE, SDK]
    figure, axes = plt.subplots(1, 2, figsize=(10, 3), sharey=True, layout="constrained")
    for axis, (title, section, name) in zip(
        axes, (("kernel CPU, s", "kernel", "cpu"), ("page CPU, s", "page", "page")), strict=True
    ):
        values = [found.median(section, way, name, tokens=10_000, rate=500) for way in ways]
        bars = axis.barh([way.name for way in ways], values, color=["#1976d2"] + ["#b0b8c0"] * (len(ways) - 1))
        axis.bar_label(bars, fmt="%.1f", padding=3)
        axis.set_title(title, loc="left", fontsize=10)
        axis.spines[["top", "right", "bottom"]].set_visible(False)
        axis.set_xticks([])
        axis.margins(x=0.15)
    axes[0].invert_yaxis()
    figure.suptitle("10,000 tokens at 500 tokens/s", x=0.01, ha="left", fontsize=11)
    figure.savefig(path, metadata={"Date": None})
