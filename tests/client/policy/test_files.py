"""Files of rules: where they are found, what may stand in them, and errors with file and line."""

from __future__ import annotations

import os
import re
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from nbstream.billing import user_prices
from nbstream.client import keys, policy, settings
from nbstream.client.policy import places
from nbstream.client.routing import route
from nbstream.model.exceptions import RequestError
from tests import needs

if TYPE_CHECKING:
    from tests.client.policy.conftest import Machine

KEY = "sk-canary-0123456789abcdef"


def test_the_files_are_found_upwards_then_the_users_then_the_systems(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, file in enumerate(machine.files, 1):
        file.write_text(f"max_tokens = {number}\n")
    for number, file in enumerate(machine.files, 1):
        assert policy.current().defaults["max_tokens"].value == number
        assert settings.checked().max_tokens == number
        file.unlink()
    assert settings.checked().max_tokens is None
    # The folder of the notebook counts, wherever the kernel has gone.
    machine.lesson.write_text("max_tokens = 7\n")
    monkeypatch.chdir("/")
    assert settings.checked().max_tokens is None
    monkeypatch.setenv("JPY_SESSION_NAME", str(machine.lesson.parent / "lesson.ipynb"))
    assert settings.checked().max_tokens == 7


def test_no_variable_of_the_environment_takes_the_systems_file_away(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.system.write_text('[forced]\nhosts = ["llm.school.example"]\n')
    monkeypatch.setenv("JUPYTER_NO_CONFIG", "1")
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "/nowhere")
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", "/nowhere")
    (rule,) = policy.current().hosts
    assert (rule.value, rule.where) == (("llm.school.example",), f"{machine.system}, line 2")


def test_a_choice_goes_before_a_default(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.lesson.write_text('model = "pro"\nbase_url = "ollama"\n')
    assert (settings.checked().model, settings.current().base_url) == ("pro", "ollama")
    assert route().endpoint.name == "ollama"
    settings.current().model = "flash"
    assert (settings.current().model, settings.current().rule_of("model")) == ("flash", None)
    monkeypatch.setenv("DEEPSEEK_BASE_URL", "http://127.0.0.1:9")
    assert settings.checked().base_url == ""


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("model =", 1, "Invalid value"),
        ("\nmodle = 'pro'\n", 2, "there is no setting modle"),
        ("max_tokens = 0\n", 1, "max_tokens"),
        ('hosts = ["a.example"]\n', 1, "hosts stands below [forced]"),
        ("[forced]\n\nmodel = 'pro'\n", 3, "model cannot be forced"),
        ("[forced]\nhosts = 'a.example'\n", 2, "hosts must be a list of texts"),
        ("[forced]\nhosts = ['a b']\n", 2, "'a b' is no host"),
        ("[forced]\nmax_tokens = true\n", 2, "a whole number"),
        ("[forced]\ntools = 'off'\n", 2, "true or false"),
        ("user_id = true\n", 1, "a text of your own"),
        ("[budget]\nweek = '1'\n", 2, "there is no budget week"),
        ("[forced.budget]\nday = '1 EUR'\n", 2, 'day must be money, as "0.50"'),
        ("[forced]\nbudget = { notebook = 'x' }\n", 2, "notebook must be money"),
        (f"system = '{KEY}'\n", 1, "a key does not belong into this file"),
        ("[forced]\napi_key = 'x'\n", 2, "a key does not belong"),
    ],
)
def test_an_error_names_the_file_and_the_line_and_nothing_is_sent(
    machine: Machine, text: str, line: int, words: str
) -> None:
    for file in (machine.system, machine.lesson):
        file.write_text(text)
        with pytest.raises(RequestError) as caught:
            route("ollama/x")
        said = str(caught.value)
        assert said.startswith(f"{file}, line {line}: ")
        assert words in said
        assert said.endswith("Nothing is sent until it is mended.")
        assert "\n" not in said
        assert KEY not in said
        file.unlink()


@needs.posix("another user's file is another thing there")
@pytest.mark.skipif(os.name == "posix" and os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read_is_not_passed_over(machine: Machine) -> None:
    machine.system.write_text("model = 'pro'\n")
    machine.system.chmod(0)
    with pytest.raises(RequestError, match=r"cannot be read: Permission denied. Nothing is sent"):
        route("ollama/x")


def test_a_folder_with_that_name_is_not_passed_over(machine: Machine) -> None:
    machine.system.mkdir()
    with pytest.raises(RequestError, match=r"nbstream.toml cannot be read: .* Nothing is sent"):
        route("ollama/x")


@needs.posix("there are no named pipes")
def test_a_pipe_with_that_name_does_not_hang_the_request(machine: Machine) -> None:
    os.mkfifo(machine.system)
    with pytest.raises(RequestError, match=r"nbstream.toml cannot be read: it is a pipe. Nothing is sent"):
        route("ollama/x")


@pytest.mark.parametrize("table", ["[endpoints.deepseek]\nbase_url = 'https://evil.example'\n", "[[prices]]\n"])
def test_a_file_beside_a_notebook_names_no_servers_and_no_prices(machine: Machine, table: str) -> None:
    machine.course.write_text(table)
    with pytest.raises(RequestError, match="line 1: a file beside a notebook cannot name"):
        route("ollama/x")
    if "endpoints" in table:
        machine.course.rename(machine.user)
        assert route("deepseek/x", without_key=True).endpoint.base_url == "https://evil.example"


def test_a_server_that_only_a_file_beside_the_notebook_names_gets_nothing(machine: Machine) -> None:
    machine.course.write_text("base_url = 'https://llm.school.example/v1'\n")
    with pytest.raises(RequestError) as caught:
        route("x")
    assert str(caught.value).startswith(f"Nothing was sent: {machine.course}, line 1 names the server https://llm.")
    # A server that the user names is asked as ever.
    assert route("x", "ollama").endpoint.name == "ollama"
    keys.keep("https://llm.school.example", KEY)
    assert route("x").endpoint.base_url == "https://llm.school.example/v1"
    keys.forget("https://llm.school.example")
    machine.user.write_text("[endpoints.school]\nbase_url = 'https://llm.school.example/v1'\n")
    assert route("x").endpoint.name == "school"
    machine.user.unlink()
    machine.course.rename(machine.system)
    assert route("x").endpoint.base_url == "https://llm.school.example/v1"


def test_budgets_are_values(machine: Machine) -> None:
    machine.lesson.write_text('[budget]\nnotebook = "0.50"\nper_cell = 2\ntokens = 200_000\n')
    machine.system.write_text('[forced.budget]\nday = "3 cny"\nmonth = "1_000_000 tokens"\n')
    found = {(rule.name, rule.is_forced): rule for rule in policy.current().budgets}
    assert {key: str(rule.value) for key, rule in found.items()} == {
        ("budget.notebook", False): "0.50",
        ("budget.per_cell", False): "2",
        ("budget.tokens", False): "200,000 tokens",
        ("budget.day", True): "3 CNY",
        ("budget.month", True): "1,000,000 tokens",
    }
    assert found["budget.notebook", False].value.amount == Decimal("0.50")
    assert found["budget.day", True].where == f"{machine.system}, line 2"


def test_the_places_are_those_of_the_docs(machine: Machine) -> None:
    found = [(place.path, place.is_nearby) for place in places.places()]
    assert found[:2] == [(machine.lesson, True), (machine.course, True)]
    configured = [path for path, is_nearby in found if not is_nearby]
    assert (configured[0], configured[-1]) == (machine.user, machine.system)


def test_prices_stand_in_the_same_file_to_the_last_digit(machine: Machine) -> None:
    row = '[[prices]]\nhost = "llm.school.example"\nmodel = "qwen3"\nmiss = 0.1000000001\noutput = 0.40\n'
    machine.system.write_text(f'model = "pro"\n{row}')
    machine.user.write_text(row.replace("0.40", "0.50"))
    found = [(each.place, each.rows[0]) for each in user_prices.user_prices()]
    assert [place for place, _ in found] == [str(machine.user), str(machine.system)]
    assert "0.1000000001" in str(found[0][1])
    machine.system.write_text("[[prices]]\nmodel = 3\n")
    with pytest.raises(RequestError, match=re.escape(f"{machine.system}, row 1 of prices")):
        user_prices.user_prices()
