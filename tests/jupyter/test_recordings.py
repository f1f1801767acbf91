"""The flags of recordings on real ipykernels."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests import kernels

if TYPE_CHECKING:
    from pathlib import Path

    from nbstream.simulator.server import Simulator
    from tests.jupyter.kernel import Kernel

pytestmark = pytest.mark.kernel


def test_flags_in_a_kernel(kernel: Kernel, server: Simulator, tmp_path: Path) -> None:
    path = tmp_path / "lesson.jsonl"
    kernel.run(f"%%deepseek --record {path} -o live\n[simulate: tokens=30 rate=60] flags of a lesson")
    assert len(server.log()) == 1
    kernel.run(f"%%deepseek --replay {path} --speed max -o again\n[simulate: tokens=30 rate=60] flags of a lesson")
    assert kernel.evaluate("(live.answer == again.answer, str(again.cost), again.recorded is not None)") == [
        True,
        "$0",
        True,
    ]
    for flags, said in {
        f"--record {path} --replay {path}": "--record and --replay: a reply that is replayed cannot be recorded.",
        "--speed 4": "--speed is how fast a recording is replayed: it needs --replay.",
        f"--replay {path} --speed fast": '--speed must be a number greater than 0, such as 4, or "max".',
        f"--replay {tmp_path}/none.jsonl": "There is no recording",
        f"--record {tmp_path}": "cannot be written",
    }.items():
        cell = kernel.run(f"%%deepseek {flags}\nhello")
        assert cell.outputs_of("error") == []
        assert said in cell.text("stderr")
        assert cell.text("stderr").count("\n") == 1
    assert "not with a command" in kernel.run(f"%deepseek retry --record {path}").text("stderr")
    # ■ ends a replay, which keeps what it has shown.
    prompt = "[simulate: tokens=30 rate=60] flags of a lesson"
    cell = kernel.send(f"%%deepseek --replay {path} --speed 0.05 -o stopped\n{prompt}")
    kernel.until(lambda: bool(cell.outputs), "the replay is shown")
    kernel.interrupt()
    kernel.finish(cell)
    assert kernel.evaluate("(stopped.status, nbstream.last is stopped)") == ["cancelled", True]
    assert len(server.log()) == 1


@pytest.mark.parametrize("shared_kernel", [kernels.NEWEST], indirect=True)
def test_a_background_reply_that_cannot_be_recorded_says_so(kernel: Kernel, tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    flags = f"--background --record {folder}/lesson.jsonl"
    kernel.run(f"%%deepseek {flags}\n[simulate: tokens=60 rate=60] record in the background")
    shutil.rmtree(folder)
    kernel.until(lambda: "could not be recorded in" in str(kernel.messages), "the cell says it")
    assert "lesson.jsonl: No such file or directory" in str(kernel.messages)
