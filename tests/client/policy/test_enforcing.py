"""Forced rules hold, whatever a notebook does: against the simulator, over real sockets."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

import nbstream
from nbstream.client import settings
from nbstream.client.listings import models_of
from nbstream.client.queries import QueryError
from nbstream.client.routing import server
from nbstream.client.start import source_of, start_run
from nbstream.model.exceptions import RequestError
from nbstream.output import sentences, warning_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbstream.simulator.server import Simulator
    from tests.client.policy.conftest import Machine

pytestmark = pytest.mark.usefixtures("simulator")


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def refused(ask: Callable[[], Any], *words: str) -> str:
    with pytest.raises(RequestError) as caught:
        ask()
    said = str(caught.value)
    assert said.startswith("Nothing was sent: ")
    assert said.count("\n") < 2
    for word in words:
        assert word in said
    return said


def test_no_way_leads_to_another_host(machine: Machine, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.system.write_text('[forced]\nhosts = ["llm.school.example"]\n')
    machine.lesson.write_text('[forced]\nhosts = ["127.0.0.1"]\n')
    where = f"{machine.system}, line 2"
    host = urlsplit(simulator.url).netloc
    ways: list[Callable[[], Any]] = [
        lambda: nbstream.stream("Hello"),
        lambda: nbstream.stream("Hello", base_url=simulator.url),
        lambda: nbstream.stream("Hello", base_url=f"{simulator.url}/v1", api_key="k"),
        lambda: nbstream.stream("Hello", model="mine/x"),
        lambda: nbstream.Chat("rules").stream("Hello"),
        lambda: nbstream.complete("def f(", suffix=")"),
    ]
    settings.current().endpoints = {"mine": {"base_url": simulator.url}}
    for way in ways:
        refused(way, f"{host} is not one of the allowed hosts (llm.school.example). That is forced by {where}")
    settings.current().base_url = simulator.url
    refused(ways[0], where)
    monkeypatch.setenv("JUPYTER_NO_CONFIG", "1")
    refused(ways[0], where)
    with pytest.raises(QueryError) as caught:
        models_of(server(simulator.url, without_key=True), "USD")
    assert (caught.value.failure.kind, caught.value.failure.cause) == ("unsent", "policy")
    assert simulator.log() == []


def test_a_rule_that_comes_later_holds_for_what_was_made_before(machine: Machine, simulator: Simulator) -> None:
    reply = nbstream.stream("Hello", max_tokens=5).result()
    source = source_of("Hello", {})
    machine.system.write_text('[forced]\nmodels = ["pro"]\n')
    failed = start_run(source).result()
    assert failed.error is not None
    assert (failed.error.kind, failed.error.cause) == ("unsent", "policy")
    said = sentences.alert(failed, "cell")
    assert "Nothing was sent: deepseek-flash is not one of the allowed models (pro)" in said
    refused(lambda: nbstream.resume(reply), "allowed models (pro)")
    assert len(simulator.log()) == 1


@pytest.mark.parametrize(
    "options",
    [
        {"model": "pro"},
        {"extra_body": {"model": "deepseek-v4-pro"}},
        {"extra_body": {"models": ["deepseek-flash", "gpt-5"]}},
        {"model": "deepseek/deepseek-v4-pro"},
    ],
)
def test_another_model_is_refused(machine: Machine, simulator: Simulator, options: dict[str, Any]) -> None:
    machine.course.write_text('[forced]\nmodels = ["flash"]\n')
    refused(lambda: nbstream.stream("Hello", **options), f"{machine.course}, line 2", "allowed models")
    assert nbstream.stream("Hello").result().status == "complete"
    assert len(simulator.log()) == 1


@pytest.mark.parametrize("options", [{"tools": [add]}, {"extra_body": {"tools": [{"type": "function"}]}}])
def test_tools_are_off(machine: Machine, simulator: Simulator, options: dict[str, Any]) -> None:
    machine.system.write_text("[forced]\ntools = false\n")
    machine.lesson.write_text("[forced]\ntools = true\n")
    refused(lambda: nbstream.stream("Hello", **options), "tools are off", f"{machine.system}, line 2")
    assert simulator.log() == []


@pytest.mark.parametrize(
    ("options", "sent", "warned"),
    [
        ({}, 300, False),
        ({"max_tokens": 100}, 100, False),
        ({"max_tokens": 9_000}, 300, True),
        ({"extra_body": {"max_tokens": 9_000}}, 300, True),
        ({"extra_body": {"max_tokens": 9_000}, "max_tokens": 20}, 300, True),
    ],
)
def test_a_limit_of_tokens_is_lowered_where_one_sees_it(
    machine: Machine, simulator: Simulator, options: dict[str, Any], sent: int, *, warned: bool
) -> None:
    machine.system.write_text("[forced]\nmax_tokens = 300\n")
    machine.lesson.write_text("max_tokens = 4000\n[forced]\nmax_tokens = 500\n")
    settings.current().max_tokens = None
    reply = nbstream.stream("Hello", **options).result()
    assert simulator.log()[-1]["body"]["max_tokens"] == sent
    assert reply.request.parameters["max_tokens"] == sent
    told = [warning_words.warning_sentence(each, reply.request) for each in reply.warnings]
    assert any("300 tokens instead of 9,000" in each and str(machine.system) in each for each in told) == warned


def test_a_default_limit_is_for_who_names_none(machine: Machine, simulator: Simulator) -> None:
    machine.lesson.write_text("max_tokens = 200\n")
    for given, sent in ((None, 200), (400, 400)):
        reply = nbstream.stream("Hello", max_tokens=given).result()
        assert (simulator.log()[-1]["body"]["max_tokens"], reply.warnings) == (sent, ())


def test_the_user_is_a_hash(machine: Machine, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.lesson.write_text('user_id = "biology 2026"\n')
    seen = []
    for name in ("ada", "ada", "bob"):
        monkeypatch.setenv("JUPYTERHUB_USER", name)
        nbstream.stream("Hello").result()
        seen.append(simulator.log()[-1]["body"]["user_id"])
    assert seen[0] == seen[1] != seen[2]
    assert all(len(each) == 32 and "ada" not in each for each in seen)
    nbstream.stream("Hello", extra_body={"user_id": "mine"}).result()
    assert simulator.log()[-1]["body"]["user_id"] == "mine"
    machine.system.write_text('[forced]\nuser_id = "school"\n')
    nbstream.stream("Hello", extra_body={"user_id": "mine"}).result()
    assert simulator.log()[-1]["body"]["user_id"] not in ("mine", *seen)


class Redirecting(BaseHTTPRequestHandler):
    """Redirects every request to the address in `to`."""

    to = ""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(307)
        self.send_header("Location", f"{self.to}/chat/completions")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        pass


def test_a_redirect_leads_to_no_other_host(machine: Machine, simulator: Simulator) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), type("", (Redirecting,), {"to": simulator.url})) as allowed:
        machine.system.write_text(f'[forced]\nhosts = ["127.0.0.1:{allowed.server_port}"]\n')
        thread = threading.Thread(target=allowed.serve_forever)
        thread.start()
        reply = nbstream.stream("Hello", base_url=f"http://127.0.0.1:{allowed.server_port}").result()
        allowed.shutdown()
        thread.join()
    assert reply.error is not None
    assert (reply.error.cause, reply.error.status_code) == ("redirect", 307)
    assert simulator.log() == []


def test_a_replay_needs_no_allowed_host(machine: Machine, simulator: Simulator) -> None:
    file = machine.lesson.with_name("lesson.jsonl")
    machine.lesson.write_text('user_id = "course"\n')
    with nbstream.record(file):
        recorded = nbstream.stream("Hello").result()
    machine.system.write_text(
        '[forced]\nhosts = []\nmodels = []\nmax_tokens = 1\nuser_id = "other"\n[forced.budget]\nday = "0"\n'
    )
    with nbstream.replay(file):
        assert nbstream.stream("Hello").result().answer == recorded.answer
    refused(lambda: nbstream.stream("Hello"), "(there are none)")
    assert len(simulator.log()) == 1
    assert recorded.request.parameters["user_id"]
