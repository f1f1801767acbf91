"""`%deepseek models`, `balance`, `key`, `config` and `help` on real ipykernels."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from nbstream.simulator.log import key_digest
from nbstream.simulator.server import Simulator
from tests.jupyter.conftest import CANARY_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.jupyter.kernel import Cell, Kernel

pytestmark = pytest.mark.kernel

TYPED = "canary-typed-key-7c02aa"


@pytest.fixture
def other(kernel: Kernel) -> Iterator[Simulator]:
    """A second server, which is the endpoint `other` without a key."""
    with Simulator(port=0, rate=0, first_token=0) as there:
        there_url = f"{there.url}/v1"
        kernel.run(f"%config DeepSeekMagics.endpoints = {{'other': {{'base_url': {there_url!r}}}}}")
        yield there
        kernel.run("%config DeepSeekMagics.endpoints = {}")
        kernel.run("from nbstream.client import keys; keys._typed.get().clear(); keys._found.get().clear()")


def stderr_of(cell: Cell) -> str:
    """Return the only line on stderr and assert that there is no traceback."""
    assert cell.outputs_of("error") == []
    line = cell.text("stderr").removesuffix("\n")
    assert "\n" not in line
    return line


def data_of(cell: Cell) -> dict[str, str]:
    (output,) = cell.outputs_of("display_data")
    return dict(output["content"]["data"])


def typed(kernel: Kernel, code: str, text: str) -> Cell:
    """Run a cell that asks for a password, answer it, and return the cell."""
    before = len(kernel.messages)
    cell = kernel.send(code)

    def requests() -> list[bool]:
        found = (each for each in kernel.messages[before:] if each["msg_type"] == "input_request")
        return [each["content"]["password"] for each in found]

    kernel.until(requests, "it asks for a key")
    assert requests() == [True]
    kernel.post("stdin", "input_reply", {"value": text})
    return kernel.finish(cell)


def test_the_models_are_a_table(kernel: Kernel, server: Simulator) -> None:
    data = data_of(kernel.run("%deepseek models"))
    assert data["text/plain"].splitlines() == [
        f"{server.url.removeprefix('http://')}: 2 models",
        "   model              context",
        "→  deepseek-flash   1,048,576",
        "   deepseek-v4-pro  1,048,576",
    ]
    assert data["text/html"].count("<tr>") == 3
    assert kernel.run("%deepseek balance").text("stdout").endswith(": 10.00 USD left.\n")
    assert [entry["path"] for entry in server.log()] == ["/models", "/user/balance"]


def test_the_models_of_another_endpoint_are_asked_without_the_key(
    kernel: Kernel, server: Simulator, other: Simulator
) -> None:
    line = stderr_of(kernel.run("%deepseek models other"))
    assert "answered 401" in line
    assert "Enter one with %deepseek key other" in line
    assert [entry["key_digest"] for entry in other.log()] == [key_digest("")]
    assert server.log() == []
    line = stderr_of(kernel.run("%deepseek balance other"))
    assert line.endswith("does not tell a balance, as far as nbstream knows.")


def test_a_typed_key_goes_to_its_server_and_is_nowhere_else(
    kernel: Kernel, server: Simulator, other: Simulator
) -> None:
    cell = typed(kernel, "%deepseek key other", f" {TYPED}\n")
    assert f"The key for {other.url} is kept until this kernel ends" in cell.text("stdout")
    kernel.run("%%deepseek -m other/deepseek-flash -o typed_reply\nhello")
    kernel.run("%%deepseek\nhello")
    assert [entry["key_digest"] for entry in other.log()] == [key_digest(TYPED)]
    assert [entry["key_digest"] for entry in server.log()] == [key_digest(CANARY_KEY)]
    assert kernel.evaluate("[typed_reply.status, typed_reply.request.key_origin]") == ["complete", "prompt"]
    assert TYPED not in kernel.evaluate("repr([_ih, _oh, vars(nbstream.settings), typed_reply])")
    assert not any(TYPED in repr(message["content"]) for message in kernel.messages)
    assert "is deleted from this kernel" in kernel.run("%deepseek key other --forget").text("stdout")
    assert "No key was entered" in kernel.run("%deepseek key other --forget").text("stdout")
    # There is no keyring on this machine.
    line = stderr_of(typed(kernel, "%deepseek key other --save", TYPED))
    assert "The key is not saved" in line


def test_a_key_that_is_refused_names_the_command(kernel: Kernel, other: Simulator) -> None:
    typed(kernel, "%deepseek key other", "bad-key")
    line = stderr_of(kernel.run("%deepseek models other"))
    assert "It is the key that was typed for this server. Enter one with %deepseek key other." in line


@pytest.mark.parametrize("words", [f"{TYPED}", f"other {TYPED}", f"{TYPED} --save", "--save --forget"])
def test_a_key_on_the_line_is_not_repeated(kernel: Kernel, other: Simulator, words: str) -> None:
    line = stderr_of(kernel.run(f"%deepseek key {words}"))
    assert "replace that one where you got it" in line
    assert TYPED not in line


def test_a_key_cannot_be_asked_for_where_nobody_types(kernel: Kernel, other: Simulator) -> None:
    line = stderr_of(kernel.run("%deepseek key other", allow_stdin=False))
    assert "No key can be entered here" in line
    assert "nothing has changed" in typed(kernel, "%deepseek key other", "").text("stdout")


def test_config_tells_where_each_value_comes_from(kernel: Kernel, server: Simulator) -> None:
    kernel.run("%config DeepSeekMagics.retries = 3")
    kernel.run("nbstream.settings.currency = 'CNY'")
    text = data_of(kernel.run("%deepseek config"))["text/plain"]
    kernel.run("nbstream.settings.currency = 'USD'; nbstream.settings.retries = 2")
    rows = {line.split()[0]: " ".join(line.split()[1:]) for line in text.splitlines()}
    assert rows["retries"] == "3 %config, or nbstream.settings"
    assert rows["currency"] == "CNY %config, or nbstream.settings"
    # No test on this kernel sets it.
    assert rows["bytes_idle"] == "120.0 default"
    assert rows["base_url"] == f"{server.url} DEEPSEEK_BASE_URL"
    assert rows["thinking_field"] == "thinking the endpoint deepseek"
    assert rows["key"] == "set, not shown DEEPSEEK_API_KEY"
    assert CANARY_KEY not in text


def test_config_tells_what_is_wrong_and_shows_the_rest(kernel: Kernel) -> None:
    kernel.run("nbstream.settings.model = 'nowhere/x'; nbstream.settings.base_url = 'deepseek'")
    kernel.run("import os; kept = os.environ.pop('DEEPSEEK_BASE_URL')")
    text = data_of(kernel.run("%deepseek config"))["text/plain"]
    assert "nowhere/… names no endpoint: there are deepseek" in text.splitlines()[-1]
    kernel.run("nbstream.settings.model = 'flash'; nbstream.settings.base_url = 'https://user:secret@host.example'")
    text = data_of(kernel.run("%deepseek config"))["text/plain"]
    assert "must not contain a user name or password; set api_key= of nbstream.ask instead." in text.splitlines()[-1]
    assert "secret" not in text
    kernel.run("nbstream.settings.base_url = ''; os.environ['DEEPSEEK_BASE_URL'] = kept")


def test_a_broken_file_is_one_line_with_its_place(kernel: Kernel) -> None:
    kernel.run(
        "import os; from pathlib import Path; file = Path(os.environ['JUPYTER_CONFIG_DIR'], 'nbstream.toml')\n"
        "_ = file.write_text('[endpoints.gpu]\\nurl = 3\\n')"
    )
    for cell in ("%%deepseek\nhello", "%deepseek models"):
        assert "nbstream.toml, line 2: gpu.url: there is no such field" in stderr_of(kernel.run(cell))
    assert "nbstream.toml, line 2: gpu.url" in data_of(kernel.run("%deepseek config"))["text/plain"].splitlines()[-1]
    kernel.run("file.unlink()")
    assert kernel.run("%%deepseek\nhello").status == "ok"


def test_a_wrong_endpoint_is_one_line_and_changes_nothing(kernel: Kernel, other: Simulator) -> None:
    cell = kernel.run("%config DeepSeekMagics.endpoints = {'gpu': {'base_url': 'http://gpu', 'thinking': 'none'}}")
    said = cell.text("stderr") + cell.text("stdout") + repr([each["content"] for each in cell.outputs_of("error")])
    assert "endpoints['gpu']['thinking']: there is no such field" in said
    assert kernel.evaluate("list(nbstream.settings.endpoints)") == ["other"]


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        ("models", ["%deepseek models [ENDPOINT] [WORD]"]),
        ("-m", ["-m, --model MODEL"]),
        ("--max-tokens", ["--max-tokens MAX_TOKENS"]),
        ("retries", ["%config DeepSeekMagics.retries = 2"]),
    ],
)
def test_help_explains_one_word(kernel: Kernel, words: str, lines: list[str]) -> None:
    text = kernel.run(f"%deepseek help {words}").text("stdout")
    assert text.splitlines()[0] == lines[0]
    assert len(text.splitlines()) == 2


def test_help_for_an_unknown_word_names_what_is_like_it(kernel: Kernel) -> None:
    line = stderr_of(kernel.run("%deepseek help --modle"))
    assert line.startswith("UsageError: There is no command, option or setting --modle. Like it are --model")


def test_prices_and_an_estimate_are_tables(kernel: Kernel, server: Simulator) -> None:
    guide = "-m pro --calls 1M --cached 2000 --input 2200 --output 300 --at 2026-04-24 --host api.deepseek.com"
    data = data_of(kernel.run(f"%deepseek estimate {guide}"))
    assert "together                                        $1,682.00" in data["text/plain"].splitlines()
    assert data["text/html"].count("<tr>") == 6
    found = json.loads(kernel.run(f"%deepseek estimate {guide} --json").text("stdout"))
    assert found["costs"][0]["amount"] == "1682"
    data = data_of(kernel.run("%deepseek prices pro --host api.deepseek.com --at '2026-05-01 10:00'"))
    assert [line.split()[-1] for line in data["text/plain"].splitlines()[2:5]] == ["earlier", "$0.87", "later"]
    assert "genai-prices" in data_of(kernel.run("%deepseek prices"))["text/plain"]
    line = stderr_of(kernel.run("%deepseek estimate -m pro --input 12x"))
    assert "Argument --input: 12x is no whole number, such as 2200, 20k or 1.5M." in line
    assert "--host" in stderr_of(kernel.run("%deepseek estimate -m qwen3 --input 5"))
    assert server.log() == []
