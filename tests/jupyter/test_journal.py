"""Recovery of a partial reply after the kernel was killed."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from nbstream.markdown.rendering import to_html
from tests import kernels
from tests.jupyter.conftest import CANARY_KEY
from tests.jupyter.kernel import Kernel
from tests.jupyter.test_kernels import CANARY_PROMPT, SILENT, begin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from nbstream.simulator.server import Simulator
    from tests.jupyter.kernel import Cell

pytestmark = pytest.mark.kernel
oldest_and_newest = pytest.mark.parametrize("name", [kernels.NEWEST, "ipykernel-6.29"])


@pytest.fixture
def start(server: Simulator, tmp_path: Path) -> Iterator[Callable[..., Kernel]]:
    """Return a function that starts a kernel; all kernels share the Jupyter folders of one user."""
    started: list[Kernel] = []

    def make(name: str = kernels.NEWEST, **environ: str) -> Kernel:
        own = {
            "DEEPSEEK_BASE_URL": server.url,
            "DEEPSEEK_API_KEY": CANARY_KEY,
            "IPYTHONDIR": str(tmp_path / "ipython"),
            "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime"),
            "JPY_SESSION_NAME": "/home/somebody/one.ipynb",
        }
        started.append(Kernel(name, own | environ))
        started[-1].run("%load_ext nbstream")
        started[-1].run("import nbstream")
        return started[-1]

    yield make
    for kernel in started:
        kernel.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of the journals."""
    return tmp_path / "runtime" / "nbstream"


def journals(folder: Path) -> list[Path]:
    """Return the journal files in the folder."""
    return sorted(folder.glob("*"))


def stream_until_silent(kernel: Kernel, server: Simulator, folder: Path, options: str = "") -> None:
    """Start a cell whose server stops sending, and wait until the received text is on the disk."""
    before = len(journals(folder))
    kernel.send(f"%%deepseek -s {CANARY_PROMPT} {options}\n[simulate: {SILENT}] {CANARY_PROMPT}")
    kernel.until(lambda: server.log() and server.log()[-1]["deltas_sent"] == 20, "the server is silent")
    kernel.until(lambda: len(journals(folder)) > before, "a journal exists")
    kernel.until(
        lambda: all("Reasoning" in path.read_text() for path in journals(folder)), "the received text is written"
    )


def received(kernel: Kernel, server: Simulator) -> str:
    """Send the same request again, stop it, and return its reasoning."""
    server.clear_log()
    kernel.run(f"run = nbstream.stream('[simulate: {SILENT}] {CANARY_PROMPT}', system={CANARY_PROMPT!r})")
    kernel.until(lambda: server.log() and server.log()[-1]["deltas_sent"] == 20, "the server is silent")
    kernel.pause(0.3)
    kernel.run("run.cancel(); _ = run.result()")
    text: str = kernel.evaluate("run.reply.reasoning")
    assert len(text) > 20
    return text


def settle(kernel: Kernel, cell: Cell, folder: Path) -> None:
    """Wait until the output has settled and its journal is deleted."""
    kernel.finish(cell)
    kernel.until(lambda: kernel.updates_of(cell) and not journals(folder), "it settles")


@oldest_and_newest
def test_the_reply_of_a_killed_kernel_is_recovered(
    start: Callable[..., Kernel], server: Simulator, folder: Path, name: str
) -> None:
    first = start(name)
    stream_until_silent(first, server, folder)
    (path,) = journals(folder)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert CANARY_KEY not in path.read_text()
    assert CANARY_PROMPT not in path.read_text()

    second = start(name)
    # The first kernel still receives the reply, so there is nothing to recover.
    assert "nothing to recover" in second.run("%deepseek show --recover").text("stderr")
    first.kill()
    shown = second.run("%deepseek show --recover")
    (output,) = shown.outputs_of("display_data")
    last = second.evaluate("[nbstream.last.status, nbstream.last.error.kind, nbstream.last.reasoning]")
    assert last == ["failed", "kernel_ended", received(second, server)]
    assert to_html(last[2]).strip() in output["content"]["data"]["text/html"]
    assert "The kernel ended while this reply arrived." in output["content"]["data"]["text/html"]
    assert journals(folder) == []
    assert "nothing to recover" in second.run("%deepseek show --recover").text("stderr")


def test_replies_of_the_same_notebook_are_recovered_first(
    start: Callable[..., Kernel], server: Simulator, folder: Path
) -> None:
    for notebook, options in (("mine.ipynb", "-m pro"), ("another.ipynb", "")):
        kernel = start(JPY_SESSION_NAME=notebook)
        stream_until_silent(kernel, server, folder, options)
        kernel.kill()
        server.clear_log()
    kernel = start(JPY_SESSION_NAME="mine.ipynb")
    shown = kernel.run("%deepseek show --recover")
    assert kernel.evaluate("nbstream.last.model") == "deepseek-v4-pro"
    assert shown.text("stdout") == "There is more to recover: 1. %deepseek show --recover shows the next.\n"
    shown = kernel.run("%deepseek show --recover")
    assert shown.text("stdout") == "This reply is from another notebook: another.ipynb\n"
    assert kernel.evaluate("nbstream.last.model") == "deepseek-flash"
    assert journals(folder) == []


@pytest.mark.parametrize("scenario", ["normal tokens=40", "reset after=10", "401"])
def test_the_journal_is_deleted_when_the_output_settles(
    start: Callable[..., Kernel], server: Simulator, folder: Path, scenario: str
) -> None:
    kernel = start()
    for options in ("", "--background"):
        settle(kernel, kernel.send(f"%%deepseek {options}\n[simulate: {scenario}] Why?"), folder)
        assert journals(folder) == []


@oldest_and_newest
def test_a_reply_that_settled_unseen_is_recovered(
    start: Callable[..., Kernel], server: Simulator, folder: Path, name: str
) -> None:
    """When a kernel is restarted, it is interrupted first, and the page ignores what it sends."""
    first = start(name)
    cell, view = begin(first, server, SILENT)
    first.control(view, "mounted", page="one")
    first.interrupt()
    first.finish(cell)
    first.until(lambda: first.updates_of(cell), "it settles")
    (path,) = journals(folder)
    first.kill()
    second = start(name)
    (output,) = second.run("%deepseek show --recover").outputs_of("display_data")
    assert second.evaluate("nbstream.last.status") == "cancelled"
    assert to_html(second.evaluate("nbstream.last.reasoning")).strip() in output["content"]["data"]["text/html"]
    assert not path.exists()


def test_the_journal_is_deleted_when_a_page_shows_the_settled_output(
    start: Callable[..., Kernel], server: Simulator, folder: Path
) -> None:
    kernel = start()
    for options in ("", "--background"):
        cell, view = begin(kernel, server, SILENT, options)
        kernel.control(view, "mounted", page="one")
        kernel.control(view, "cancel", page="one")
        kernel.finish(cell)
        kernel.until(lambda: kernel.updates_of(cell), "it settles")  # noqa: B023
        assert len(journals(folder)) == 1
        kernel.control(view, "unmounted", page="one")
        # The kernel answers when it has heard of it, before the file is deleted.
        kernel.until(lambda: not journals(folder), "the journal is deleted")


def test_a_full_disk_is_noted_once_and_the_reply_completes(start: Callable[..., Kernel], folder: Path) -> None:
    kernel = start()
    # A limit on the size of files makes a write fail as a full disk does.
    kernel.run("import resource; whole = resource.getrlimit(resource.RLIMIT_FSIZE)")
    kernel.run("resource.setrlimit(resource.RLIMIT_FSIZE, (1_500, whole[1]))")
    cells = [kernel.run("%%deepseek\n[simulate: normal tokens=150 rate=300] Why?") for _ in range(2)]
    kernel.run("resource.setrlimit(resource.RLIMIT_FSIZE, whole)")
    first, second = [cell.text("stderr") for cell in cells]
    assert first.startswith("Note: File too large. The reply continues, but what arrives from here on would be lost")
    assert first.count("\n") == 1
    assert second == ""
    assert [cell.status for cell in cells] == ["ok", "ok"]
    assert kernel.evaluate("nbstream.last.status") == "complete"
    assert journals(folder) == []


def test_without_a_writable_folder_the_reply_completes_without_a_journal(
    start: Callable[..., Kernel], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    kernel = start()
    kernel.run(f"import os; os.environ['JUPYTER_RUNTIME_DIR'] = {str(tmp_path / 'file')!r}")
    cell = kernel.run("%%deepseek\nWhy?")
    assert cell.text("stderr").startswith("Note: ")
    assert kernel.evaluate("nbstream.last.status") == "complete"


def test_old_journals_are_deleted(start: Callable[..., Kernel], folder: Path) -> None:
    folder.mkdir(parents=True)
    for name, days in (("old", 8), ("new", 6)):
        path = folder / f"{name}.jsonl"
        path.write_text("of another time")
        then = path.stat().st_mtime - days * 86_400
        os.utime(path, (then, then))
    kernel = start()
    kernel.run("%%deepseek\nWhy?")
    assert [path.name for path in journals(folder)] == ["new.jsonl"]
    # The file does not look like a journal, so it is not offered for recovery.
    assert "nothing to recover" in kernel.run("%deepseek show --recover").text("stderr")
