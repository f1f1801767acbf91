"""Runs the programs that a request becomes, as a user does: each in a process of its own.

`run_all` runs many at once: those of Python in one interpreter, as it takes a second to import the
SDK, and those of Node in one Node.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.needs import NPM_PACKAGES
from tests.snippets.bodies import VARIABLES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

KEY = "sk-of-the-environment-0123456789"

#: The names of the programs, each with the ending of its file.
ENDINGS = {"python": "py", "curl": "sh", "node": "mjs", "sdk": "mjs"}

_DRIVER_PYTHON = """\
import contextlib, io, json, runpy, sys, traceback
for path in sys.argv[1:]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            runpy.run_path(path, run_name="__main__")
        except Exception:
            traceback.print_exc()
    print(json.dumps([out.getvalue(), err.getvalue()]))
"""
_DRIVER_NODE = """\
import { pathToFileURL } from "node:url";
const results = [];
const write = process.stdout.write.bind(process.stdout);
for (const path of process.argv.slice(2)) {
  const texts = ["", ""];
  process.stdout.write = (text) => { texts[0] += text; return true; };
  process.stderr.write = (text) => { texts[1] += text; return true; };
  try {
    await import(pathToFileURL(path).href);
  } catch (error) {
    texts[1] += error.stack;
  }
  results.push(texts);
}
write(results.map((each) => JSON.stringify(each) + "\\n").join(""));
"""


class Output(NamedTuple):
    """What a program wrote, and its exit code."""

    out: str
    err: str
    code: int = 0


def code(request: Any, name: str) -> str:
    """Return the text of a program of `request`."""
    made: str = request.node(sdk=True) if name == "sdk" else getattr(request, name)()
    return made


def environment(key: str | None = KEY) -> dict[str, str]:
    """Return an environment with nothing but what a program needs."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TMPDIR") if name in os.environ}
    return {**kept, "PYTHONUTF8": "1", **VARIABLES, **({"DEEPSEEK_API_KEY": key, "API_KEY": key} if key else {})}


def run(
    folder: Path, name: str, text: str, shell: str = "sh", python: str | Path = sys.executable, **env: str
) -> Output:
    """Run one program in `folder`."""
    path = _write(folder, name, 0, text)
    command = {"python": str(python), "curl": shell}.get(name, "node")
    ended = subprocess.run(
        [command, path], capture_output=True, check=False, env=environment() | env, cwd=folder, timeout=60
    )
    return Output(ended.stdout.decode(), ended.stderr.decode(), ended.returncode)


def run_all(folder: Path, name: str, texts: Sequence[str]) -> list[Output]:
    """Run many programs of one kind."""
    if name == "curl":
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(lambda each: run(_folder(folder, each[0]), name, each[1]), enumerate(texts)))
    paths = [str(_write(folder, name, number, text)) for number, text in enumerate(texts)]
    driver = folder / ("driver.py" if name == "python" else "driver.mjs")
    driver.write_text(_DRIVER_PYTHON if name == "python" else _DRIVER_NODE, "utf-8")
    command = [sys.executable if name == "python" else "node", str(driver), *paths]
    ended = subprocess.run(command, capture_output=True, check=False, env=environment(), cwd=folder, timeout=100)
    assert ended.returncode == 0, ended.stderr.decode()[-2_000:]
    written: list[list[str]] = [json.loads(line) for line in ended.stdout.decode().split("\n") if line]
    return [Output(out, err) for out, err in written]


def _folder(folder: Path, number: int) -> Path:
    made = folder / str(number)
    made.mkdir(exist_ok=True)
    return made


def _write(folder: Path, name: str, number: int, text: str) -> Path:
    if name == "sdk" and not (folder / "node_modules").exists():
        (folder / "node_modules").symlink_to(NPM_PACKAGES)
    path = folder / f"{name}{number}.{ENDINGS[name]}"
    # As an editor saves it.
    path.write_bytes(f"{text}\n".encode())
    return path
