"""The descriptors of stdout and stderr, after a tool that closes them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests import needs

pytestmark = needs.linux("the descriptors of a process are files of /proc")

_SETUP = """
import os, sqlite3, tempfile
from nbstream.tools.descriptors import DescriptorCapture
from nbstream.tools.interruption import Interruption
from nbstream.tools.capture import Capture

def start():
    return DescriptorCapture.start(Capture(print, Interruption()), [])

def file_of(descriptor):
    return os.readlink(f"/proc/self/fd/{descriptor}")

before = file_of(1)
capture = start()
assert capture is not None
os.close(1)
"""

_OTHER_FILE = """
with tempfile.TemporaryFile() as other:
    # The number of the closed descriptor is the next one.
    assert other.fileno() == 1
    capture.stop()
    other.write(b"kept")
    other.flush()
    assert os.pread(1, 10, 0) == b"kept"
    assert start() is None
"""

_HISTORY = """
with tempfile.TemporaryDirectory() as folder, sqlite3.connect(f"{folder}/history.sqlite") as history:
    history.execute("create table lines (text)")
    assert file_of(1) == os.devnull
    capture.stop()
    assert file_of(1) == before
    history.execute("insert into lines values ('kept')")
    assert start() is not None
"""


def _run(code: str) -> str:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", _SETUP + code]
    run = subprocess.run(command, capture_output=True, text=True, cwd=root, check=False)
    return "" if run.returncode == 0 else run.stderr or f"status {run.returncode}"


def test_a_file_that_got_the_number_of_a_closed_descriptor_stays_open() -> None:
    assert _run(_OTHER_FILE) == ""


def test_a_closed_descriptor_is_put_back_though_sqlite_filled_its_number() -> None:
    assert _run(_HISTORY) == ""
