"""The descriptors of stdout and stderr, after a tool that closes them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests import needs

pytestmark = needs.linux("the descriptors of a process are files of /proc")

_SETUP = """
import fcntl, os, select, socket, sqlite3, subprocess, sys, tempfile
from nbstream.tools.descriptors import DescriptorCapture
from nbstream.tools.interruption import Interruption
from nbstream.tools.capture import Capture
from nbstream.tools.streams import routing

def new_capture():
    return Capture(print, Interruption())

def start():
    return DescriptorCapture.start(new_capture(), [])

def file_of(descriptor):
    return os.readlink(f"/proc/self/fd/{descriptor}")

# As a kernel does, which shows what arrives in this pipe.
own_stdout, number = os.pipe()
os.dup2(number, 1)
before = file_of(1)

def arrived(seconds=20):
    return os.read(own_stdout, 99) if select.select([own_stdout], [], [], seconds)[0] else b""
"""

_OTHER_FILE = """
capture = start()
os.close(1)
with tempfile.TemporaryFile() as other:
    # The number of the closed descriptor is the next one.
    assert other.fileno() == 1
    assert not capture.holds(1)
    assert capture.stop() == [1]
    other.write(b"kept")
    other.flush()
    assert os.pread(1, 10, 0) == b"kept"
    assert start() is None
# The other file is closed, and the number free.
assert start() is not None
"""

#: Between a look at the number and what follows from it, another thread may get the number.
_CONNECTION_AT_THE_LAST_MOMENT = """
pair = []

def connect(frame, event, called):
    if event == "c_call" and called in (os.dup2, fcntl.fcntl) and not pair:
        pair.extend(socket.socketpair())

capture = start()
os.close(1)
sys.setprofile(connect)
lost = capture.stop()
sys.setprofile(None)
assert pair[0].fileno() == 1
pair[0].send(b"heard")
assert pair[1].recv(9) == b"heard"
assert lost == [1]
"""

_LATE_PROGRAM = """
capture = start()
program = subprocess.Popen(["/bin/sh", "-c", "read line; echo late"], stdin=subprocess.PIPE)
os.close(1)
with tempfile.TemporaryFile() as other:
    assert other.fileno() == 1
    capture.stop()
    program.communicate(b"\\n")
    assert arrived() == b"late\\n"
    assert other.read() == b""
"""

_STREAM = """
other = tempfile.TemporaryFile()
watched = os.dup(other.fileno())
sys.stdout, sys.stderr = open(os.devnull, "w"), tempfile.TemporaryFile("w+")
capture = new_capture()
with routing.captured(capture), capture.running():
    assert sys.stdout.fileno() == 1
    os.close(1)
    connection = os.dup(watched)
    assert connection == 1
    subprocess.run(["/bin/echo", "a program"], stdout=sys.stdout)
    if not (child := os.fork()):
        print("a fork")
        os._exit(0)
    os.waitpid(child, 0)
assert os.pread(watched, 99, 0) == b""
sys.stderr.seek(0)
(line,) = sys.stderr.readlines()
assert line.startswith("A tool closed descriptor 1, and another file"), line
"""

_ONE_OF_TWO_CALLS = """
sys.stdout = sys.stderr = open(os.devnull, "w")
first, second = (routing.captured(new_capture()) for _ in range(2))
first.__enter__()
second.__enter__()
first.__exit__(None, None, None)
os.write(1, b"of nobody")
assert arrived() == b"of nobody"
second.__exit__(None, None, None)
"""

_HISTORY = """
capture = start()
os.close(1)
with tempfile.TemporaryDirectory() as folder, sqlite3.connect(f"{folder}/history.sqlite") as history:
    history.execute("create table lines (text)")
    assert file_of(1) == os.devnull
    assert capture.stop() == []
    assert file_of(1) == before
    history.execute("insert into lines values ('kept')")
    assert start() is not None
"""


def _run(code: str) -> str:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", _SETUP + code]
    run = subprocess.run(command, stderr=subprocess.PIPE, text=True, cwd=root, check=False)
    return "" if run.returncode == 0 else run.stderr or f"status {run.returncode}"


def test_a_file_that_got_the_number_of_a_closed_descriptor_stays_open() -> None:
    assert _run(_OTHER_FILE) == ""


def test_a_connection_that_gets_the_number_at_the_last_moment_is_heard() -> None:
    assert _run(_CONNECTION_AT_THE_LAST_MOMENT) == ""


def test_a_program_that_outlives_the_call_writes_into_no_other_file() -> None:
    assert _run(_LATE_PROGRAM) == ""


def test_what_a_tool_prints_goes_into_no_file_that_got_the_number_and_the_user_is_told() -> None:
    assert _run(_STREAM) == ""


def test_what_is_written_after_the_first_of_two_calls_arrives_at_once() -> None:
    assert _run(_ONE_OF_TWO_CALLS) == ""


def test_a_closed_descriptor_is_put_back_though_sqlite_filled_its_number() -> None:
    assert _run(_HISTORY) == ""
