"""docs/tasks/classroom.md: a real LiteLLM proxy, and a kernel in a folder below a class's file."""

from __future__ import annotations

import json
import re
import secrets
import subprocess
import sys
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

import nbstream
from nbstream.client import settings
from nbstream.client.settings import Settings
from nbstream.output import sentences
from nbstream.simulator.log import key_digest
from tests import kernels
from tests.browser import servers
from tests.browser.servers import Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nbstream.simulator.server import Simulator
    from tests.jupyter.kernel import Kernel

pytestmark = pytest.mark.kernel

PAGE = (kernels.ROOT / "docs" / "tasks" / "classroom.md").read_text("utf-8")


def block(beginning: str) -> str:
    """Return the block of code of the page that begins so."""
    (found,) = [text for text in re.findall(r"```\w+\n(.*?)```", PAGE, re.DOTALL) if text.startswith(beginning)]
    return str(found)


@pytest.fixture
def proxy(tmp_path: Path, simulator: Simulator) -> Iterator[Server]:
    """LiteLLM as the page says, with the simulator as the provider."""
    folder = tmp_path / "proxy"
    folder.mkdir()
    (folder / "config.yaml").write_text(block("model_list:"))
    (folder / "students.py").write_text(block('"""Whose a key is'))
    environment = {
        "PROVIDER_URL": simulator.url,
        "DEEPSEEK_API_KEY": "sk-of-the-provider",
        "LITELLM_MASTER_KEY": f"sk-{secrets.token_hex(32)}",
        # It must not ask the network for prices.
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }
    arguments = ["-m", "litellm.proxy.proxy_cli", "--config", "config.yaml", "--port", "{port}", "--host", "127.0.0.1"]
    server = Server("litellm", arguments, folder, environment, "health/liveliness", seconds=240)
    yield server
    server.stop()


@servers.needs("litellm")
@pytest.mark.timeout(300)  # its modules are compiled at the first start
def test_a_key_and_a_budget_for_each_student(
    proxy: Server, simulator: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    students = tmp_path / "proxy" / "students.json"
    printed = subprocess.run(
        [sys.executable, "students.py", "ada", "bob", "eve"], cwd=students.parent, check=True, stdout=subprocess.PIPE
    )
    given = dict(line.split() for line in printed.stdout.decode().splitlines())
    entries = json.loads(students.read_text())
    assert not any(key in students.read_text() for key in given.values())
    # In place of the limits on the page, so that few requests reach them.
    limits = {"ada": {"max_budget": 0.00005}, "bob": {"rpm_limit": 1}, "eve": {"max_budget": 0.00002}}
    students.write_text(json.dumps({key: {**each, "limits": limits[each["name"]]} for key, each in entries.items()}))
    monkeypatch.delenv("DEEPSEEK_BASE_URL")
    settings.use(Settings(endpoints={"school": {"base_url": f"{proxy.url}/v1", "key_variable": "SCHOOL_LLM_KEY"}}))
    settings.current().retries = 0

    def stream(name: str, model: str = "deepseek-flash") -> nbstream.Run:
        monkeypatch.setenv("SCHOOL_LLM_KEY", given.get(name, "sk-nobody-0123456789"))
        return nbstream.stream("Hello", model=f"school/{model}", max_tokens=60)

    def refusal(reply: nbstream.Reply) -> tuple[str, str]:
        assert reply.error is not None, reply
        return reply.error.cause, sentences.alert(reply, "cell")

    # The proxy's own key goes to the provider, and its cost comes back.
    reply = stream("ada").result()
    assert reply.usage is not None
    assert reply.cost is not None
    miss, cost = reply.usage.prompt_tokens, Decimal("0.00000014")
    assert miss is not None
    assert abs(reply.cost.amount - (miss * cost + 60 * 2 * cost)) < Decimal("1e-15")
    assert reply.cost.source == "server"
    key = "sk-of-the-provider"
    assert simulator.log()[-1]["key_digest"] == key_digest(key)
    replies = [stream("ada").result() for _ in range(4)]
    served = [reply for reply in replies if reply.error is None]
    assert len(served) == 2
    cause, said = refusal(replies[-1])
    assert cause == "key_budget"
    assert "Budget has been exceeded" in said
    assert "not a limit of speed" in said
    # A limit of speed is another thing, and the proxy says how long it holds.
    assert stream("bob").result().error is None
    limited = stream("bob").result()
    cause, said = refusal(limited)
    assert (cause, limited.error and limited.error.status_code) == ("rate", 429)
    assert limited.error is not None
    assert limited.error.retry_after
    assert "budget" not in said.lower()
    # Other students have what is theirs.
    cause, said = refusal(stream("eve", "deepseek-v4-pro").result())
    assert cause == "key_model"
    assert "Your key may not use this model" in said
    assert refusal(stream("mallory").result())[0] == "key"
    # Budgets hold for requests at the same time, too, but for the last ones that pass.
    sent = len(simulator.log())
    runs = [stream("eve") for _ in range(10)]
    causes = [run.result().error for run in runs]
    assert [each.cause for each in causes if each is not None].count("key_budget") >= 7
    assert len(simulator.log()) - sent <= 3


@pytest.fixture
def lesson(kernel: Kernel, server: Simulator, tmp_path: Path) -> Iterator[Path]:
    """The folder of a notebook, two below that of the course."""
    folder = tmp_path / "course" / "week 1"
    folder.mkdir(parents=True)
    kernel.run(f"import os; before = os.getcwd(); os.chdir({str(folder)!r})")
    yield folder
    kernel.run("os.chdir(before); nbstream.settings.model = 'flash'")


def test_a_notebook_below_the_file_of_a_course(kernel: Kernel, server: Simulator, lesson: Path) -> None:
    file = lesson.parent / "nbstream.toml"
    host = server.url.removeprefix("http://")
    text = (
        f'max_tokens = 300\n[budget]\nday = "15000"\n[forced]\nhosts = ["{host}"]\nmodels = ["flash"]\n'
        f'max_tokens = 500\ntools = false\nuser_id = "biology"\n'
    )
    file.write_text(text)
    cell = kernel.run("%%deepseek\nhello")
    assert cell.status == "ok"
    body = server.log()[-1]["body"]
    assert (body["max_tokens"], len(body["user_id"])) == (300, 32)
    # A limit that is lowered is seen below the reply.
    kernel.run("%%deepseek --max-tokens 9000\nhello")
    shown = "".join(
        output["content"]["data"]["text/plain"]
        for output in kernel.run("nbstream.show(nbstream.last)").outputs_of("display_data")
    )
    assert server.log()[-1]["body"]["max_tokens"] == 500
    assert f"500 tokens instead of 9,000, as {file}, line 7 forces" in shown
    sent = len(server.log())
    for code, words in (
        ("%%deepseek -m ollama/qwen3\nhello", f"localhost:11434 is not one of the allowed hosts .{host}.*, line 5"),
        ("%%deepseek -m pro\nhello", f"deepseek-v4-pro is not one of the allowed models .flash.*{file}, line 6"),
        ("def add(a: int, b: int) -> int:\n    'Add.'\n    return a + b", ""),
        ("%%deepseek -T add\nhello", f"tools are off, .*{file}, line 8"),
        ("_ = nbstream.ask('hi', base_url='http://localhost:1', api_key='k')", f"localhost:1 is not .*{file}, line 5"),
    ):
        cell = kernel.run(code)
        said = cell.text("stderr") + "".join(each["content"]["evalue"] for each in cell.outputs_of("error"))
        assert re.search(words, said), said
        assert said.count("\n") <= 2
    assert len(server.log()) == sent
    # Where the notebook is decides, and not where the kernel has gone; as VS Code tells it.
    kernel.run(f"os.chdir(before); __vsc_ipynb_file__ = {str(lesson / 'lesson.ipynb')!r}")
    assert "tools are off" in kernel.run("%%deepseek -T add\nhello").text("stderr")
    kernel.run(f"del __vsc_ipynb_file__; os.chdir({str(lesson)!r})")
    kernel.run("nbstream.settings.model = 'pro'")
    (output,) = kernel.run("%deepseek config").outputs_of("display_data")
    rows = [re.split(r"  +", line) for line in output["content"]["data"]["text/plain"].splitlines()]
    found = {row[0]: row[1:] for row in rows}
    assert found["model"] == ["pro", "%config, or nbstream.settings"]
    assert found["max_tokens"] == ["300", f"{file}, line 1"]
    assert found["budget.day"] == ["15000", f"{file}, line 3"]
    assert found["hosts"] == [host, f"{file}, line 5, forced"]
    assert found["max_tokens, at most"] == ["500", f"{file}, line 7, forced"]
    assert found["tools of a model"] == ["off", f"{file}, line 8, forced"]
    assert found["user_id"] == ["a hash of your user name", f"{file}, line 9, forced"]
    file.write_text(text + "[forced")
    said = kernel.run("%%deepseek\nhello").text("stderr")
    assert f"{file}, line 10: " in said
    assert "Nothing is sent until it is mended." in said
    assert len(server.log()) == sent
