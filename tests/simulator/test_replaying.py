"""The simulator answers from a recording, as nbstream itself does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import nbstream
from nbstream.client import listings, settings
from nbstream.client.routing import server
from nbstream.simulator.server import Simulator
from tests.recordings.conftest import told

if TYPE_CHECKING:
    from pathlib import Path

PROMPTS = {
    "normal tokens=20": "complete",
    "503 times=1 tokens=5": "complete",
    "429 retry-after=0.1": "failed",
    "reset after=5": "failed",
    "silence after=4": "failed",
    "json tokens=5": "complete",
}


def ask(prompt: str, model: str = "flash") -> nbstream.Reply:
    return nbstream.stream(f"[simulate: {prompt}] from a server", model=model).result(30)


@pytest.fixture
def recorded(tmp_path: Path, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Path:
    chosen = settings.Settings(bytes_idle=0.5, payload_idle=1.0, retries=1)
    monkeypatch.setattr(settings, "current", lambda: chosen)
    return tmp_path / "lesson.jsonl"


def test_a_recording_is_served_as_it_was_recorded(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with nbstream.record(recorded):
        live = [ask(prompt) for prompt in PROMPTS]
        live.append(ask("normal tokens=9", "deepseek-anthropic/flash"))
        models, left = listings.models_of(server(), "USD"), listings.balance_of(server())
    assert [each.status for each in live] == [*PROMPTS.values(), "complete"]
    with Simulator(replay=recorded, speed=50) as other:
        monkeypatch.setenv("DEEPSEEK_BASE_URL", other.url)
        served = [ask(prompt) for prompt in PROMPTS]
        served.append(ask("normal tokens=9", "deepseek-anthropic/flash"))
        assert listings.models_of(server(), "USD") == models
        assert listings.balance_of(server()) == left
        for one, two in zip(served, live, strict=True):
            found, expected = told(one), told(two)
            # The host has another port.
            errors = [each.pop("error") for each in (found, expected)]
            assert found == expected
            assert [each and (each.kind, each.status_code) for each in errors[:1]] == [
                each and (each.kind, each.status_code) for each in errors[1:]
            ]
        unknown = ask("normal tokens=21")
        assert unknown.error is not None
        assert unknown.error.status_code == 400
        assert 'differs in messages[0].content: recorded "[simulate: normal tokens=2' in unknown.error.said


def test_the_command_serves_a_recording(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with nbstream.record(recorded):
        live = ask("normal tokens=20")
    command = [sys.executable, "-m", "nbstream.cli", "simulate", "--port", "0", "--replay", str(recorded)]
    with subprocess.Popen([*command, "--speed", "max"], stdout=subprocess.PIPE, text=True, env=os.environ) as started:
        assert started.stdout is not None
        found = re.match(r"Replaying .*lesson\.jsonl at (http://\S+): ", started.stdout.readline())
        assert found is not None
        monkeypatch.setenv("DEEPSEEK_BASE_URL", found[1])
        reply = ask("normal tokens=20")
        started.terminate()
    assert reply.answer == live.answer
    recorded.write_text("x\n")
    for arguments in ([], ["--speed", "0"]):
        ended = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
        assert ended.returncode
        assert "cannot be replayed: it is no recording" in ended.stderr or "is not a speed" in ended.stderr
