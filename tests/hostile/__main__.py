"""`python -m tests.hostile`: runs all experiments and prints their counts as a Markdown table.

`benchmarks.reliability` makes its table from the same rows.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from playwright.sync_api import sync_playwright

from tests.browser.lab import CHROMIUM_FLAGS, Lab, chromium
from tests.hostile import corpus, keys, pages, rendering

if TYPE_CHECKING:
    from collections.abc import Iterator


class Row(NamedTuple):
    """The result of one experiment: its name, and the count of each kind of fault."""

    experiment: str
    tried: str
    wrong: dict[str, int]


def measure() -> Iterator[Row]:
    """Run every experiment, which takes about a minute, and yield its row."""
    count = rendering.render_all()
    yield Row(
        "payloads rendered alone",
        f"{count.renderings:,} renderings of {count.payloads:,}",
        {"faults": len(count.faults)},
    )
    replies = [reply for number in range(10) for reply in rendering.fields(number).values()]
    wrong = sum(len(rendering.faults_around(reply)) for reply in replies)
    yield Row("hostile names, errors and counts", f"{len(replies)} replies", {"faults": wrong})
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name, sync_playwright() as playwright:
        folder = Path(name)
        lab = Lab(folder / "lab", {})
        browser = playwright.chromium.launch_persistent_context(
            folder / "profile", executable_path=chromium(), headless=True, args=CHROMIUM_FLAGS
        )
        try:
            found, notebook = pages.attack_lab(browser, lab)
            yield _row("JupyterLab, live and settled", found)
            yield _row("exported by nbconvert, and bare", pages.attack_export(browser, notebook, folder))
        finally:
            browser.close()
            lab.end_sessions()
            lab.stop()
    ended = keys.end_every_way()
    yield Row("key, after every end of a request", f"{ended.places} places", {"sightings": len(ended.seen)})
    led, elsewhere = keys.redirect_every_way()
    tried = f"{led.places} places, {len(keys.REDIRECTS)} statuses"
    yield Row("key, behind redirects", tried, {"sightings": len(led.seen), "requests elsewhere": len(elsewhere)})
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        kernel = keys.look_into_kernel(Path(name))
    yield Row("key, in a kernel's messages and files", f"{kernel.places} places", {"sightings": len(kernel.seen)})


def _row(experiment: str, found: pages.Findings) -> Row:
    kinds = ("scripts", "dialogs", "requests", "controls", "links", "attributes")
    tried = f"{found.payloads} payloads in {len(found.places)} places"
    return Row(experiment, tried, {kind: len(getattr(found, kind)) for kind in kinds})


def main() -> int:
    """Print the table; return 1 if anything went wrong, else 0."""
    assert len(corpus.page()) >= 300, "too few payloads"
    print("| experiment | tried | went wrong |")
    print("|:--|:--|:--|")
    total = 0
    for row in measure():
        total += sum(row.wrong.values())
        print(
            f"| {row.experiment} | {row.tried} | {', '.join(f'{n} {kind}' for kind, n in row.wrong.items())} |",
            flush=True,
        )
    return int(total > 0)


if __name__ == "__main__":
    sys.exit(main())
