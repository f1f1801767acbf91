"""The log, start and stop, and the command `nbstream simulate`."""

from __future__ import annotations

import errno
import json
import re
import signal
import socket
import subprocess
import sys
import threading

import pytest

from nbstream.simulator.server import Simulator
from tests import needs
from tests.simulator.client import KEY, body_of, chat, logged, open_raw, read_until, request


def test_a_client_that_disconnects_during_the_stream(sim: Simulator) -> None:
    with open_raw(sim, body_of("median", "normal rate=100")) as raw:
        read_until(raw, b"\n\n", 5)
    entry = logged(sim)
    assert entry["outcome"] == "disconnected"
    assert entry["deltas_sent"] >= 3


def test_a_client_that_does_not_read_and_disconnects(sim: Simulator) -> None:
    asked = body_of("median", "normal tokens=200000", reasoning_effort="none", max_tokens=200_000)
    with open_raw(sim, asked, buffer=1 << 14) as raw:
        read_until(raw, b"\n\n")
    entry = logged(sim)
    assert entry["outcome"] == "disconnected"
    assert entry["deltas_sent"] < 150_000


def test_the_log_over_http_has_no_api_key(sim: Simulator) -> None:
    chat(sim, "what is logged", max_tokens=1)
    request(sim, "POST", "/chat/completions", b"{rubbish")
    request(sim, "GET", "/models", key=None)
    text = request(sim, "GET", "/_log", key=None).body.decode()
    assert KEY not in text
    first, second, third = json.loads(text)
    assert first["body"]["messages"] == [{"role": "user", "content": "what is logged"}]
    assert (first["path"], first["model"], first["scenario"]) == ("/chat/completions", "deepseek-flash", "normal")
    assert first["key_digest"] == second["key_digest"] != KEY
    assert (second["status"], second["body"]) == (400, "{rubbish")
    assert (third["status"], third["key_digest"]) == (401, None)
    assert request(sim, "DELETE", "/_log").json == []
    assert sim.log() == []


def test_it_closes_everything_when_stopped_and_can_start_again() -> None:
    before = threading.active_count()
    simulator = Simulator(rate=0, first_token=0)
    with simulator:
        url = simulator.url
        silent = open_raw(simulator, body_of("x", "silence after=0"))
        read_until(silent, b"\r\n\r\n")
        idle = socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])))
    with silent, idle:
        assert silent.recv(1) == b""
        assert idle.recv(1) == b""
    simulator.stop()
    assert simulator.log()[-1]["outcome"] == "stopped"
    assert threading.active_count() == before
    with pytest.raises(ConnectionRefusedError):
        chat(simulator, "x")
    with simulator:
        assert simulator.url == url
        assert chat(simulator, "x").status == 200


@needs.linux("only there is 127.0.0.2 an address of this machine")
def test_it_listens_on_the_loopback_address_only(sim: Simulator) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", int(sim.url.rpartition(":")[2])), timeout=10)


def test_a_port_in_use_is_an_error_at_the_start(sim: Simulator) -> None:
    with pytest.raises(OSError) as raised:  # noqa: PT011  (the message is the system's)
        Simulator(port=int(sim.url.rpartition(":")[2])).start()
    assert raised.value.errno == errno.EADDRINUSE


COMMAND = (
    # The parent process may ignore Ctrl-C, as a shell does for programs in the background.
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "import argparse, sys; from nbstream.simulator import server; "
    "parser = argparse.ArgumentParser(); server.add_arguments(parser); sys.exit(server.main(parser.parse_args()))"
)


@needs.posix("a process there cannot be sent Ctrl-C alone")
def test_the_command_prints_how_to_use_it_and_stops_on_ctrl_c() -> None:
    arguments = [sys.executable, "-X", "dev", "-c", COMMAND, "--port", "0", "--scenario", "429 times=1"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"DEEPSEEK_BASE_URL=(http://127\.0\.0\.1:(\d+)) DEEPSEEK_API_KEY=simulated", line)
        assert found, line
        taken = subprocess.run(
            [sys.executable, "-c", COMMAND, "--port", found[2]], capture_output=True, text=True, check=False
        )
        address = ("127.0.0.1", int(found[2]))
        with socket.create_connection(address):
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate()
    assert (process.returncode, output, errors) == (0, "", "")
    assert taken.returncode == 1
    assert taken.stderr == f"nbstream simulate: cannot listen on port {found[2]}: it is in use\n"


@pytest.mark.parametrize("wrong", [["--port", "70000"], ["--rate", "-1"], ["--scenario", "nothing"]])
def test_the_command_refuses_wrong_arguments(wrong: list[str]) -> None:
    done = subprocess.run([sys.executable, "-c", COMMAND, *wrong], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert wrong[1] in done.stderr
