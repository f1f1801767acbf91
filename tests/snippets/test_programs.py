"""The programs of a request, run against the simulator: they send the same body and print the same.

Each program of the corpus is run in a process of its own at least for curl; see `programs.run_all`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import nbstream
from nbstream.client.fill_in import filling_in
from nbstream.client.start import source_of, start_run
from tests import needs
from tests.hostile.server import HostileServer, Response, event
from tests.pieces import PiecesSource
from tests.snippets import bodies
from tests.snippets.programs import KEY, Output, code, run, run_all

if TYPE_CHECKING:
    from pathlib import Path

    from nbstream.client.options import Options
    from nbstream.model.reply import Reply
    from nbstream.simulator.server import Simulator

pytestmark = pytest.mark.filterwarnings("ignore::nbstream.NbstreamWarning")
SCENARIOS = ["one-byte tokens=4", "cr", "crlf", "bom", "no-done", "queue seconds=0.2 every=0.05"]
CORPUS = bodies.corpus()
NAMES = [
    pytest.param("python"),
    pytest.param("curl", marks=[needs.command("curl", "curl"), needs.posix("there is no /dev/fd")]),
    pytest.param("node", marks=needs.command("node", "nodejs")),
    pytest.param(
        "sdk",
        marks=[
            needs.command("node", "nodejs"),
            needs.npm_package("openai"),
            needs.posix("it makes a link"),
        ],
    ),
]


def asked(simulator: Simulator, options: dict[str, Any]) -> Reply:
    """Return the reply to a request with `options`; `beta` sends it to that path."""
    options = dict(options)
    base_url = f"{simulator.url}/beta" if options.pop("beta", False) else f"{simulator.url}/v1"
    return nbstream.stream(base_url=base_url, api_key="another-key-than-that-of-the-programs", **options).result()


def filled_in(simulator: Simulator) -> Reply:
    """Return the reply to a request without messages."""
    source = filling_in(
        'def f(x):\n    """`${x}`"""\n', "\n    return y\n", {"base_url": simulator.url, "api_key": KEY}
    )
    return start_run(source).result()


def sent(simulator: Simulator) -> list[tuple[str, str]]:
    """Return the path and the body of each request that has arrived, and forget them."""
    entries = simulator.log()
    simulator.clear_log()
    return [(entry["path"], bodies.canonical(entry["body"])) for entry in entries]


def check(name: str, output: Output, reply: Reply) -> None:
    """Assert that a program has printed what `reply` holds."""
    if name == "curl":
        # It prints the response as it is.
        replayed = start_run(PiecesSource([(0, output.out.encode())], speed=0)).result()
        assert (replayed.message, replayed.status) == (reply.message, reply.status)
        return
    assert output.out == f"{reply.message['content'] or ''}\n"
    if reply.reasoning:
        assert output.err.startswith(f"{reply.reasoning}\n\n" if reply.answer else reply.reasoning)
    for call in reply.tool_calls:
        assert f"{call.name}: {call.arguments}" in output.err
    assert reply.usage is not None
    assert str(reply.usage.prompt_tokens) in output.err


@pytest.mark.parametrize("name", NAMES)
def test_each_program_sends_the_body_and_prints_the_reply(simulator: Simulator, name: str, tmp_path: Path) -> None:
    replies = [*(asked(simulator, options) for options in CORPUS.values()), filled_in(simulator)]
    wanted = sent(simulator)
    outputs = run_all(tmp_path, name, [code(reply.request, name) for reply in replies])
    # Programs for curl run side by side.
    assert sorted(sent(simulator)) == sorted(wanted)
    for case, output, reply in zip([*CORPUS, "without messages"], outputs, replies, strict=True):
        assert reply.status == "complete", case
        check(name, output, reply)


@pytest.mark.parametrize("name", NAMES)
def test_a_program_runs_in_a_process_of_its_own(simulator: Simulator, name: str, tmp_path: Path) -> None:
    reply = asked(simulator, CORPUS["all options"])
    wanted = sent(simulator)
    output = run(tmp_path, name, code(reply.request, name))
    assert sent(simulator) == wanted
    assert output.code == 0, output.err
    check(name, output, reply)


@pytest.mark.parametrize("name", NAMES)
@settings(
    max_examples=2, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(options=st.lists(bodies.OPTIONS, min_size=12, max_size=12))
def test_each_program_sends_any_body(
    simulator: Simulator, name: str, tmp_path: Path, options: list[dict[str, Any]]
) -> None:
    given_options: list[Options] = [{"base_url": simulator.url, "api_key": "x" * 20, **each} for each in options]  # type: ignore[typeddict-item]
    requests = [source_of(None, each).request for each in given_options]
    simulator.clear_log()
    outputs = run_all(tmp_path, name, [code(request, name) for request in requests])
    arrived = sorted(body for _, body in sent(simulator))
    assert arrived == sorted(bodies.canonical(request.body()) for request in requests), outputs


@needs.command("node", "nodejs")
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_fetch_reads_a_stream_however_it_is_sent(simulator: Simulator, scenario: str, tmp_path: Path) -> None:
    prompt = f"[simulate: {scenario}] 你好"
    reply = asked(simulator, {"messages": [{"role": "user", "content": prompt}], "thinking": False})
    assert reply.status == "complete"
    output = run(tmp_path, "node", code(reply.request, "node"))
    assert output.code == 0, output.err
    check("node", output, reply)


@pytest.mark.parametrize("name", NAMES)
def test_reasoning_and_usage_are_read_wherever_they_are(simulator: Simulator, name: str, tmp_path: Path) -> None:
    prompt = "[simulate: reasoning usage-separate tokens=40] Hi"
    reply = asked(simulator, {"messages": [{"role": "user", "content": prompt}]})
    check(name, run(tmp_path, name, code(reply.request, name)), reply)
    assert reply.reasoning_field == "reasoning"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("is_chat", [True, False])
def test_of_several_answers_the_first_is_printed(name: str, is_chat: bool, tmp_path: Path) -> None:  # noqa: FBT001
    def part(index: int, text: str) -> bytes:
        shown = {"delta": {"content": text}} if is_chat else {"text": text}
        return event({"choices": [{"index": index, **shown, "finish_reason": None}]})

    pieces = [part(0, "a"), part(1, "X"), part(0, "b"), part(1, "Y"), b"data: [DONE]\n\n"]
    with HostileServer({"v1": lambda _: Response(pieces), "beta": lambda _: Response(pieces)}) as server:
        options: Options = {"base_url": f"{server.url}/v1", "api_key": KEY, "extra_body": {"n": 2}}
        source = source_of("Hi", options) if is_chat else filling_in("Hi", "", {**options, "base_url": server.url})
        reply = start_run(source).result()
        output = run(tmp_path, name, code(source.request, name))
    # Nothing is lost: the reply shows one, and reports the other.
    assert reply.answer == "ab"
    assert [each.said for each in reply.warnings if each.kind == "other_choice"] == ["XY"]
    if name != "curl":
        assert output.out == "ab\n", output.err
        assert "Only the first of the 2 answers is printed." in code(source.request, name)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scenario", ["status=402", "error-in-band after=3"])
def test_an_error_of_the_server_is_printed(simulator: Simulator, name: str, scenario: str, tmp_path: Path) -> None:
    reply = asked(simulator, {"messages": [{"role": "user", "content": f"[simulate: {scenario}] Hi"}]})
    assert reply.error is not None
    output = run(tmp_path, name, code(reply.request, name))
    said = output.out if name == "curl" else output.err
    assert str(reply.error.said).rstrip(".") in said
    assert name == "curl" or output.code != 0


@pytest.mark.parametrize("name", NAMES)
def test_without_its_key_a_program_sends_nothing(simulator: Simulator, name: str, tmp_path: Path) -> None:
    reply = asked(simulator, {"messages": [{"role": "user", "content": "Hi"}]})
    simulator.clear_log()
    run(tmp_path, name, code(reply.request, name), DEEPSEEK_API_KEY="", OPENAI_API_KEY="sk-of-another-server")
    assert simulator.log() == []
