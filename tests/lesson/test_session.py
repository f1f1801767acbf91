"""A lesson that is started: who answers, what it changes, and what comes back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from typing import TYPE_CHECKING

import psutil
import pytest

import nbstream
from nbstream import lesson
from nbstream.client import settings
from nbstream.lesson import offline, session
from nbstream.lesson.exercises import Exercise, Prediction
from nbstream.lesson.live import DEMO_VARIABLE, OFFLINE_VARIABLE
from nbstream.model.exceptions import RequestError
from nbstream.simulator.child import ChildSimulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_MEDIAN = "Why does the median resist outliers, and the mean not?"


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A process without a lesson, a key and a configuration, whose lessons stream at once."""
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path_factory.getbasetemp() / "no-configuration"))
    monkeypatch.setenv(offline.RATE_VARIABLE, "0")
    monkeypatch.delenv("DEEPSEEK_BASE_URL", raising=False)
    monkeypatch.delenv("DEEPSEEK_API_KEY", raising=False)
    settings.use(None)
    session._current = None
    yield
    offline.restore()
    settings.use(None)
    session._current = None


def test_started_again_it_keeps_its_address_and_what_was_solved(capsys: pytest.CaptureFixture[str]) -> None:
    lesson.start(1)
    url = lesson.url
    assert nbstream.stream(_MEDIAN).result().simulated
    lesson.predict("first", "a")
    lesson.start(1)
    assert lesson.url == url
    assert lesson.progress().predictions[0].state == "made"
    reply = nbstream.stream(_MEDIAN).result()
    assert "salaries" in reply.answer
    # Its simulator is a fresh one: nothing is in its cache.
    assert reply.usage is not None
    assert reply.usage.cache_hit_tokens == 0
    # Programs that the notebook starts find it, too.
    assert os.environ["DEEPSEEK_BASE_URL"] == url
    # Another lesson begins anew.
    lesson.start(2)
    assert [each.state for each in lesson.progress().predictions] == ["open"] * 4
    assert "Offline" in capsys.readouterr().out


def test_live_without_a_key_is_one_line_and_with_one_it_names_server_and_cost(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lesson.start(1)
    with pytest.raises(RequestError, match=r"^No key for DeepSeek: enter it with %deepseek key deepseek[^\n]*$"):
        lesson.start(1, live=True)
    # The simulator has gone, and with it what named it.
    assert "DEEPSEEK_BASE_URL" not in os.environ
    assert "DEEPSEEK_API_KEY" not in os.environ
    monkeypatch.setenv("DEEPSEEK_API_KEY", "sk-canary-4711")
    lesson.start(1)
    assert os.environ["DEEPSEEK_API_KEY"] == "simulated"
    capsys.readouterr()
    lesson.start(1, live=True)
    said = capsys.readouterr().out
    assert "Live: deepseek-flash at DeepSeek." in said
    assert "would cost about $0.0" in said
    assert "canary" not in said
    assert os.environ["DEEPSEEK_API_KEY"] == "sk-canary-4711"
    assert lesson.url == "https://api.deepseek.com"


def test_the_lesson_on_faults_sends_nothing_to_a_real_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPSEEK_API_KEY", "sk-canary-4711")
    with pytest.raises(RequestError, match=r"^Lesson 9 runs only offline[^\n]*lesson.start\(9\)\.$"):
        lesson.start(9, live=True)
    lesson.start(9)
    assert nbstream.stream(_MEDIAN).result().simulated


@pytest.mark.parametrize(("number", "name"), [(1, "first"), (1, "cost"), (2, "again"), (7, "few"), (8, "after_no")])
def test_a_reply_that_failed_shows_no_outcome(number: int, name: str) -> None:
    lesson.start(number)
    refused = nbstream.stream("Hello [simulate: 401]").result()
    assert refused.status == "failed"
    with pytest.raises(RequestError, match=r"did not come to its end \(failed\)"):
        lesson.reveal(name, refused)
    assert {each.state for each in lesson.progress().predictions} == {"open"}


def test_in_the_demo_live_asks_the_server_that_its_user_had_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPSEEK_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("DEEPSEEK_API_KEY", "simulated")
    monkeypatch.setenv(DEMO_VARIABLE, "")
    lesson.start(1)
    with pytest.raises(RequestError, match="No key for DeepSeek"):
        lesson.start(1, live=True)


def test_who_runs_the_notebooks_of_others_keeps_them_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPSEEK_API_KEY", "sk-canary-4711")
    monkeypatch.setenv(OFFLINE_VARIABLE, "1")
    lesson.start(1, live=True)
    assert nbstream.stream(_MEDIAN).result().simulated


def test_settings_that_name_another_server_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    nbstream.settings.base_url = "http://127.0.0.1:9"
    nbstream.settings.model = "ollama/qwen3:8b"
    lesson.start(1)
    assert nbstream.stream(_MEDIAN).result().simulated
    offline.restore()
    assert (nbstream.settings.base_url, nbstream.settings.model) == ("http://127.0.0.1:9", "ollama/qwen3:8b")


def test_a_rule_that_forbids_the_simulator_is_said_at_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "nbstream.toml").write_text('[forced]\nhosts = ["llm.school.example"]\n', "utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RequestError, match=r"cannot run offline here: 127\.0\.0\.1.* is not one of the allowed hosts"):
        lesson.start(1)


@pytest.mark.parametrize(
    ("number", "call", "said"),
    [
        (None, lambda: lesson.start(12), "There is no lesson 12: the course has lessons 1 to 10."),
        (None, lambda: lesson.start("1"), "There is no lesson '1'"),  # type: ignore[arg-type]
        (None, lambda: lesson.check("own", 1), "No lesson has been started"),
        (1, lambda: lesson.check("sum", 1), "It has: share, stopped, sent, own."),
        (1, lambda: lesson.predict("first", "z"), "has the choices a, b, c. Write one letter in quotes"),
        (3, lambda: lesson.predict("ratio", "many"), "is a number, not a str"),
        (1, lambda: lesson.reveal("first", 3), "does not show what happened"),
    ],
)
def test_a_mistake_is_one_clear_line(number: int | None, call: Callable[[], object], said: str) -> None:
    if number is not None:
        lesson.start(number)
    with pytest.raises(RequestError) as caught:
        call()
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_check_may_raise_anything_and_a_prediction_may_be_left_out() -> None:
    exercise = Exercise("sum", "Add.", "a number", lambda value: "" if value > 1 else "More.")  # type: ignore[operator]
    assert exercise.marked(...).state == "open"
    assert exercise.marked(2).state == "right"
    assert exercise.marked(1).said == "More."
    assert "it is a list, and this exercise expects a number" in exercise.marked([]).said
    guess = Prediction("many", "How many?", "So.")
    assert guess.compared(guess.made(8), 10).state == "right"
    assert guess.compared(guess.made(7), 10).state == "wrong"
    late = guess.compared(None, 10)
    assert (late.state, late.actual, late.said) == ("open", "10", "So.")


def test_a_kernel_that_is_killed_takes_its_simulator_with_it() -> None:
    code = (
        "from nbstream.simulator.child import ChildSimulator; import time;"
        "child = ChildSimulator(rate=0, first_token=0).start(); print(child._process.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, encoding="utf-8") as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        os.kill(parent.pid, signal.SIGKILL)
        child.wait(20)


def test_it_streams_while_the_kernel_computes() -> None:
    body = {"model": "deepseek-flash", "stream": True, "messages": [{"role": "user", "content": _MEDIAN}]}
    headers = {"Authorization": "Bearer simulated"}
    server = ChildSimulator(rate=4000, first_token=0).start()
    try:
        request = urllib.request.Request(f"{server.url}/chat/completions", json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request) as response:
            response.readline()
            # One call that keeps Python's lock, so a server on a thread could not send a thing.
            sum(range(30_000_000))
            released = time.time()
            response.read()
        with urllib.request.urlopen(f"{server.url}/_log") as log:
            (entry,) = json.load(log)
    finally:
        server.stop()
    assert entry["outcome"] == "served"
    assert entry["ended"] < released


def test_a_child_that_cannot_start_says_why() -> None:
    with pytest.raises(OSError, match=r"not_there\.toml"):
        ChildSimulator(rate=0, first_token=0, written=["not_there.toml"]).start()
