"""Large notebooks and replies: `python -m benchmarks.scale`, which takes ten minutes.

Measures 50 cells that stream at once, a notebook of 300 settled replies, 500,000 tokens of
reasoning, and a chat of 200 turns, in a real JupyterLab, with the memory of kernel and page. Writes
`benchmarks/results/scale.md`. Has the requirements of the browser tests (see `tests/run`).
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from nbformat.v4 import new_code_cell, new_notebook, new_output

from benchmarks.speed import page, recording, server, ways
from benchmarks.speed.recording import Plan
from nbstream.model.events import Answer, Ended, Finished, Reasoning, Started
from nbstream.model.presentation import Presentation
from nbstream.model.reduction import reduce
from nbstream.model.reply import Reply
from nbstream.model.request import Request
from nbstream.output.settled import bundle

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.speed.page import Bench
    from tests.browser.lab import NotebookPage

Rows = list[tuple[str, str, str]]

RESULTS = Path(__file__).parent / "results" / "scale.md"
_REPLIES = 300
_CELLS = 50
_TURNS = 200
_TRACE = 500_000

_COUNT = """
import gc, json, threading
from pathlib import Path
import psutil
from nbstream.widgets import channels, kept_views
gc.collect()
Path("count.json").write_text(json.dumps({
    "kernel MB": psutil.Process().memory_info().rss / 1e6,
    "threads": sum(each.name.startswith("nbstream-") for each in threading.enumerate()),
    "widgets": len(kept_views._kept),
    "receivers": len(channels._receivers),
}))
"""
_CHAT = f"""
messages, seconds = [], []
for turn in range({_TURNS}):
    messages.append({{"role": "user", "content": f"Question {{turn}}?"}})
    began = time.monotonic()
    reply = nbstream.ask(messages=messages, model="200-0-50-0", base_url=SERVER, api_key=KEY)
    seconds.append(time.monotonic() - began)
    messages.append({{"role": "assistant", "content": reply.answer}})
Path("turns.txt").write_text(f"{{sum(seconds[5:25]) / 20:.4f}} {{sum(seconds[-20:]) / 20:.4f}}")
Path("done").touch()
"""


def main() -> None:
    """Measure and write the table."""
    rows: Rows = []
    specs = ways.prepare()
    with (
        server.running() as url,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        page.bench(Path(folder), specs, url) as bench,
    ):
        for experiment in (_many_cells, _many_replies, _long_trace, _long_chat):
            for row in experiment(bench):
                rows.append(row)
                print(*row, sep=" | ", flush=True)
    lines = [
        "# Large notebooks and replies",
        "Written by `python -m benchmarks.scale`.",
        "| experiment | quantity | value |\n|:--|:--|--:|",
    ]
    table = "\n".join(f"| {what} | {name} | {value} |" for what, name, value in rows)
    RESULTS.write_text("\n\n".join(lines) + f"\n{table}\n", "utf-8")


def _many_cells(bench: Bench) -> Rows:
    what = f"{_CELLS} cells at once, 500 tokens each at 50/s"
    plan = Plan(500, 50)
    ask = f"%%deepseek --background --base-url {bench.server} -m {plan.name}\n"
    waiting = (
        "from nbstream.client import history\n"
        "for each in list(history._replies.get()):\n"
        "    each.future.result(60)\n"
        "Path('done').touch()"
    )
    cells = ["%load_ext nbstream", *(f"{ask}Question {number}?" for number in range(_CELLS)), waiting, _COUNT]

    def run(notebook: NotebookPage) -> None:
        # Shift+Enter from the first of these cells on, as a person would.
        notebook.cell(2).locator(".jp-InputArea-editor .cm-content").click()
        notebook.page.keyboard.press("Escape")
        for _ in range(_CELLS + 2):
            notebook.page.keyboard.press("Shift+Enter")

    rows, settled = _measured(bench, what, cells, run, last=_CELLS + 4)
    # The short answer that warms up the kernel is settled as well.
    settled -= 1
    return [*rows, (what, "settled outputs in the file", f"{settled} of {_CELLS}")]


def _long_trace(bench: Bench) -> Rows:
    what = f"{_TRACE:,} tokens of reasoning, at once"
    plan = Plan(100, 0, _TRACE)

    def run(notebook: NotebookPage) -> None:
        notebook.run(2)

    return _measured(bench, what, [page.show(plan), _COUNT], run, last=3)[0]


def _long_chat(bench: Bench) -> Rows:
    what = f"a chat of {_TURNS} turns in one cell"

    def run(notebook: NotebookPage) -> None:
        notebook.run(2)

    rows, _ = _measured(bench, what, [_CHAT, _COUNT], run, last=3)
    first, last = map(float, (bench.folder / "turns.txt").read_text().split())
    return [*rows, (what, "turns 6 to 25 / last 20, ms each", f"{1e3 * first:.0f} / {1e3 * last:.0f}")]


def _many_replies(bench: Bench) -> Rows:
    what = f"a notebook of {_REPLIES} settled replies is opened"
    notebook = new_notebook()
    for number in range(_REPLIES):
        data, metadata = bundle(_reply(number), Presentation())
        outputs = [new_output("display_data", data=data, metadata=metadata)]
        notebook.cells.append(new_code_cell(f"%%deepseek\nQuestion {number}?", outputs=outputs, execution_count=1))
    notebook.metadata["kernelspec"] = {"name": "benchmarks", "display_name": "benchmarks", "language": "python"}
    nbformat.write(notebook, bench.folder / "many.ipynb")
    plain = new_notebook(cells=[new_code_cell(cell.source) for cell in notebook.cells], metadata=notebook.metadata)
    nbformat.write(plain, bench.folder / "none.ipynb")
    rows = []
    for name, words in (("none.ipynb", "the same without outputs"), ("many.ipynb", what)):
        cost = bench.opens(name)
        size = (bench.folder / name).stat().st_size
        rows += [
            (words, "file MB", f"{size / 1e6:.1f}"),
            (words, "first cell is visible after s", f"{cost['seconds']:.1f}"),
            (words, "page CPU s until it is quiet", f"{cost['page']:.1f}"),
            (words, "page MB", f"{cost['heap'] / 1e6:.0f}"),
        ]
    return rows


def _reply(number: int) -> Reply:
    """Return a reply of about 300 tokens that differs from the others."""
    text = recording.answer(50_000)[number * 600 :][:1_200]
    reply = Reply(request=Request("deepseek-flash"))
    for event in (
        Started(0.0, Request("deepseek-flash", "https://api.deepseek.com"), 1_790_000_000.0),
        Reasoning(0.5, f"Thought {number}: " + text[:300]),
        Answer(2.0, text),
        Finished(4.0, "stop"),
        Ended(4.0, "served"),
    ):
        reply = reduce(reply, event)
    return reply


def _measured(
    bench: Bench, what: str, cells: list[str], run: Callable[[NotebookPage], None], last: int
) -> tuple[Rows, int]:
    """Run cells in a page and measure the cost.

    Returns the rows, with what kernel and page hold after the last cell has counted it, and the
    number of settled outputs in the file.
    """
    with bench.opened(ways.OURS, cells) as notebook:
        before = bench.counted(notebook)
        kernel = bench.kernel()
        memory = kernel.memory_info().rss / 1e6
        cpu, began = sum(kernel.cpu_times()[:2]), time.monotonic()
        run(notebook)
        bench.wait_for_kernel()
        seconds = time.monotonic() - began
        cpu = sum(kernel.cpu_times()[:2]) - cpu
        bench.wait_until_quiet(notebook)
        after = bench.counted(notebook)
        notebook.page.wait_for_timeout(500)
        notebook.run_and_wait(last)
        counts = json.loads((bench.folder / "count.json").read_text())
        notebook.save()
        saved = nbformat.read(notebook.path, as_version=4)
    settled = sum("nbstream-settled" in str(output) for cell in saved.cells for output in cell.outputs)
    rows = [
        (what, "seconds", f"{seconds:.1f}"),
        (what, "kernel CPU s", f"{cpu:.1f}"),
        (what, "page CPU s", f"{after['page'] - before['page']:.1f}"),
        (what, "page MB before → after", f"{before['heap'] / 1e6:.0f} → {after['heap'] / 1e6:.0f}"),
        (what, "kernel MB before → after", f"{memory:.0f} → {counts.pop('kernel MB'):.0f}"),
        *((what, name, f"{value:,.0f}") for name, value in counts.items()),
    ]
    return rows, settled


if __name__ == "__main__":
    main()
