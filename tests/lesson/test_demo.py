"""`nbstream demo` ends with its terminal."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.kernel
@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_demo_whose_terminal_is_closed_leaves_no_server(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "nbstream.cli", "demo", "--no-browser", "--folder", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        said = "".join(iter(demo.stdout.readline, "Press Ctrl-C to stop it. Your work stays in " + f"{tmp_path}.\n"))
        demo.send_signal(signal.SIGTERM)
        assert demo.wait(60) == 0
    found = re.search(r"http://127\.0\.0\.1:(\d+)/", said)
    assert found, said
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", int(found[1])), 5):
        pass
