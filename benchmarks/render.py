"""The kernel's cost of rendering a growing answer: `python -m benchmarks.render`.

Each text arrives in the pieces of a stream of 500 tokens/s at 30 frames per second. Times are CPU
times of this thread. Seconds are hard to compare between machines, so each row also has the ratio
to rendering the whole text once. No two parts of a text are equal, because caches would make the
second one free. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import itertools
import re
import statistics
import time
from typing import NamedTuple

from nbstream.markdown.rendering import preload, to_html
from nbstream.widgets.markdown_document import MarkdownDocument

#: Approximate number of characters of an English token.
TOKEN_CHARACTERS = 4
_FRAME_TOKENS = 500 / 30

# № is replaced by the number of the part.
_PROSE = """\
The median № resists outliers because only the *order № of the values* counts: move the largest one as far as you like,
and **nothing №** happens. Its cost is `O(n№)` on average, and [a proof](https://example.org/№) is short.

"""
_FORMULAS = r"""
With $\rho_№ = \lambda/\mu$ and \(x_i^№\) it costs $5 to $6.

$$
W_№ = \frac{\rho}{\mu - \lambda} = \int_0^\infty t\, e^{-\mu t}\,\mathrm{d}t
$$

"""
_FUNCTION = '''\
def median№(values: list[float]) -> float:
    """Return the middle of `values`."""
    ordered = sorted(values)  # a copy, №
    return ordered[len(ordered) // №]


'''
_CODE = f"```python\n{_FUNCTION * 5}```\n\n"
_HEAD = "| step | minutes | rows |\n|:-----|--------:|:----:|\n"
_ROW = "| backfill `№` | № | **8,200,000** |\n"
_LIST = "1. One *item №* of a list with $x_№$\n   - and `№` below it\n" * 12 + "\n"
_EVERYTHING = "## Heading №\n\n" + _PROSE * 3 + _FORMULAS + _CODE + _HEAD + _ROW * 12 + "\n" + _LIST


class Cost(NamedTuple):
    """CPU seconds for a text: all frames, the median, the slowest, and rendering it once."""

    total: float
    median: float
    most: float
    once: float


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description="Measures the kernel's time for rendering while an answer arrives.")
    parser.add_argument("--tokens", type=int, default=50_000, help="length of each answer (default 50000)")
    parser.add_argument(
        "--tries", type=int, default=3, help="tries of each kind, of which the median is shown (default 3)"
    )
    arguments = parser.parse_args()
    kinds = {
        "everything": ("", _EVERYTHING),
        "prose": ("", _PROSE),
        "formulas": ("", _FORMULAS),
        "fences of 30 lines": ("", _CODE),
        "tables of 12 rows": ("", _HEAD + _ROW * 12 + "\n"),
        "nested lists": ("", _LIST),
        "one paragraph": ("", _PROSE.replace("\n", " ")),
        "one list": ("", "- Item № with `code` and **more** of it.\n"),
        "one table": (_HEAD, _ROW),
        "one fence": ("```python\n", _FUNCTION),
    }
    print(f"{arguments.tokens} tokens\n")
    print("| answer | CPU s | median frame ms | slowest frame ms | CPU / rendered once |")
    print("|:--|--:|--:|--:|--:|")
    preload()
    for name, (head, part) in kinds.items():
        text = _text(head, part, arguments.tokens * TOKEN_CHARACTERS)
        costs = [_measure(text) for _ in range(arguments.tries)]
        total, median, most, once = (statistics.median(column) for column in zip(*costs, strict=True))
        print(f"| {name} | {total:.2f} | {median * 1e3:.2f} | {most * 1e3:.1f} | {total / once:.1f} |", flush=True)


def everything(size: int) -> str:
    """Return an answer of at least `size` characters with every kind of Markdown."""
    return _text("", _EVERYTHING, size)


def prose(size: int) -> str:
    """Return an answer of at least `size` characters that has only paragraphs."""
    return _text("", _PROSE, size)


def _text(head: str, part: str, size: int) -> str:
    parts = itertools.count()
    text = head
    while len(text) < size:
        text += re.sub("№", lambda _: str(next(parts)), part)
    return text


def _measure(text: str) -> Cost:
    step = round(_FRAME_TOKENS * TOKEN_CHARACTERS)
    growing, frames = MarkdownDocument(), []
    for start in range(0, len(text), step):
        growing.feed(text[start : start + step])
        began = time.thread_time()
        growing.frame()
        frames.append(time.thread_time() - began)
    began = time.thread_time()
    growing.finish()
    frames.append(time.thread_time() - began)
    began = time.thread_time()
    to_html(text)
    return Cost(sum(frames), statistics.median(frames), max(frames), time.thread_time() - began)


if __name__ == "__main__":
    main()
