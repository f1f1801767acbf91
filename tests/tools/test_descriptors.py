"""The descriptors of stdout and stderr, after a tool that closes them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests import needs

pytestmark = needs.linux("the descriptors of a process are files of /proc")

_CODE = """
import os, tempfile
from nbstream.tools.descriptors import DescriptorCapture
from nbstream.tools.interruption import Interruption
from nbstream.tools.recording import Recording

def start():
    return DescriptorCapture.start(Recording(print, Interruption()), [])

capture = start()
assert capture is not None
os.close(1)
with tempfile.TemporaryFile() as other:
    # The number of the closed descriptor is the next one.
    assert other.fileno() == 1
    capture.stop()
    other.write(b"kept")
    other.flush()
    assert os.pread(1, 10, 0) == b"kept"
    assert start() is None
"""


def test_a_file_that_got_the_number_of_a_closed_descriptor_stays_open() -> None:
    run = subprocess.run(
        [sys.executable, "-c", _CODE], capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False
    )
    assert run.returncode == 0, run.stderr
