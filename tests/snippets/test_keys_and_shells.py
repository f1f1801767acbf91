"""Programs show no key, and do the same in each shell and in IPython."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pexpect
import psutil
import pytest
from hypothesis import given
from IPython.core.inputtransformer2 import TransformerManager

import nbstream
from nbstream.client.start import source_of
from nbstream.snippets import code_of
from nbstream.snippets.python import METHODS
from tests import kernels, needs
from tests.client.test_openai_2 import OLDEST
from tests.hostile.server import HostileServer, Response, chunk
from tests.snippets import bodies
from tests.snippets.programs import KEY, code, environment, run
from tests.snippets.test_programs import CORPUS, NAMES, asked, check, sent

if TYPE_CHECKING:
    from pathlib import Path

    from nbstream.simulator.server import Simulator

pytestmark = pytest.mark.filterwarnings("ignore::nbstream.NbstreamWarning")
SHELLS = [pytest.param(name, marks=needs.command(name, name)) for name in ("sh", "bash", "dash", "zsh")]
OTHER = "sk-given-as-an-argument-0123456789"
BANGS = 'Hello!world !! !-1 !$ "quoted!" \\ $HOME `id`\nend!\n!ls'


def ask(simulator: Simulator, text: str, extra_body: dict[str, Any] | None = None) -> Any:
    messages = [{"role": "user", "content": text}]
    return asked(simulator, {"messages": messages, "thinking": False, "extra_body": extra_body})


@needs.command("curl", "curl")
@needs.posix("it has no sh")
@pytest.mark.parametrize("extra", [None, bodies.WITH_KEYS], ids=["plain", "keys"])
@pytest.mark.parametrize("shell", SHELLS)
def test_a_command_for_curl_runs_in_each_shell(
    simulator: Simulator, shell: str, extra: dict[str, Any] | None, tmp_path: Path
) -> None:
    reply = ask(simulator, "[simulate: tokens=9]" + "\n".join(bodies.TRAPS) * 20, extra)
    wanted = sent(simulator)
    output = run(tmp_path, "curl", code(reply.request, "curl"), shell)
    assert sent(simulator) == wanted
    check("curl", output, reply)


@needs.command("curl", "curl")
@needs.posix("it has no pseudo-terminal")
@pytest.mark.parametrize("extra", [None, bodies.WITH_KEYS], ids=["plain", "keys"])
@pytest.mark.parametrize("shell", SHELLS)
def test_a_command_for_curl_can_be_pasted(
    simulator: Simulator, shell: str, extra: dict[str, Any] | None, tmp_path: Path
) -> None:
    # A shell with a history reads `!` in its own way.
    reply = ask(simulator, f"[simulate: tokens=9]{BANGS}", extra)
    wanted = sent(simulator)
    options = {"bash": ["--norc"], "zsh": ["-f"]}.get(shell, [])
    env = environment() | {"HOME": str(tmp_path), "TERM": "dumb", "PS1": "ready> "}
    with pexpect.spawn(shell, [*options, "-i"], env=env, encoding="utf-8", timeout=30) as terminal:
        terminal.sendline("echo begin''ning")
        terminal.expect("beginning")
        terminal.sendline(f"{code(reply.request, 'curl')}\necho en''ded")
        terminal.expect("ended")
    assert sent(simulator) == wanted


@needs.linux("the arguments of a process are read in /proc")
@needs.command("curl", "curl")
def test_the_key_is_in_no_argument_of_a_process(simulator: Simulator, tmp_path: Path) -> None:
    reply = ask(simulator, "Hi")
    stalled = source_of(
        "[simulate: silence after=1] Hi", {"base_url": simulator.url, "api_key": OTHER, "thinking": False}
    ).request
    assert reply.request.address.key_variable == stalled.address.key_variable == "DEEPSEEK_API_KEY"
    simulator.clear_log()
    with subprocess.Popen(["sh", "-c", stalled.curl()], env=environment(), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"data:")
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        arguments = [argument for each in family for argument in each.cmdline()]
        for each in family:
            each.kill()
    assert any("curl" in argument for argument in arguments)
    assert KEY not in " ".join(arguments)


@pytest.mark.parametrize("language", ["json", "python", "curl", "node", "sdk"])
def test_no_program_has_a_key_that_was_given(simulator: Simulator, language: str) -> None:
    url = f"{simulator.url}/v1?api-version=7&key={OTHER}x"
    request = source_of("Hi", {"base_url": url, "api_key": OTHER, "extra_body": bodies.WITH_KEYS}).request
    text = code(request, language)
    assert OTHER not in text
    assert not [value for value in bodies.VARIABLES.values() if value in text]
    assert language == "json" or [name for name in bodies.VARIABLES if name not in text] == []
    assert language == "json" or ("DEEPSEEK_API_KEY" in text and "URL_KEY" in text and "api-version" in text)


@pytest.mark.parametrize("name", NAMES)
def test_keys_in_the_query_come_from_the_environment(name: str, tmp_path: Path) -> None:
    secret, version = "sk+the/key=of-the-query &c", "2026-01-01 preview"
    with HostileServer({"v1": lambda _: Response([chunk(content="Hi", finish="stop")])}) as server:
        url = f"{server.url}/v1?api-version=2026-01-01+preview&key={OTHER}"
        request = source_of("Hi", {"base_url": url}).request
        output = run(tmp_path, name, code(request, name), URL_KEY=secret)
        assert "Hi" in output.out, output.err
        assert parse_qs(urlsplit(server.requests[-1].path).query) == {"api-version": [version], "key": [secret]}
        assert urlsplit(server.requests[-1].path).path == "/v1/chat/completions"
        # The SDK needs some key.
        assert server.requests[-1].key in ("", "none")


@pytest.mark.parametrize("name", CORPUS)
def test_ipython_runs_a_program_as_python_does(name: str) -> None:
    options = {key: value for key, value in CORPUS[name].items() if key != "beta"}
    text = source_of(None, {"base_url": "http://127.0.0.1:1", **options}).request.python()  # type: ignore[typeddict-item]
    assert TransformerManager().transform_cell(text) == f"{text}\n"


@given(bodies.OPTIONS)
def test_ipython_runs_any_program_as_python_does(options: dict[str, Any]) -> None:
    text = source_of(None, {"base_url": "http://127.0.0.1:1", **options}).request.python()  # type: ignore[typeddict-item]
    assert TransformerManager().transform_cell(text) == f"{text}\n"


@pytest.mark.kernel
def test_a_python_program_runs_with_openai_2(simulator: Simulator, tmp_path: Path) -> None:
    for name in ("all options", "extra fields", "numbers", "tool results", "image", "prefix", "not streamed"):
        reply = asked(simulator, CORPUS[name])
        wanted = sent(simulator)
        output = run(tmp_path, "python", code(reply.request, "python"), python=kernels.python(OLDEST))
        assert sent(simulator) == wanted
        check("python", output, reply)


@pytest.mark.kernel
@pytest.mark.parametrize("kernel", [OLDEST, kernels.NEWEST])
def test_both_versions_of_the_sdk_have_the_parameters(kernel: str) -> None:
    lines = ["import inspect, openai, os", "client = openai.OpenAI(api_key='x')"]
    for method, known in METHODS.values():
        lines.append(f"assert {set(known)!r} <= set(inspect.signature({method}).parameters)")
    subprocess.run([kernels.python(kernel), "-c", "\n".join(lines)], check=True, env=os.environ)


def test_a_request_that_is_not_known_is_an_error() -> None:
    for language in ("json", "python", "curl", "node"):
        with pytest.raises(nbstream.RequestError, match="not known"):
            code_of(nbstream.Reply().request, language)
