"""Which rule counts: a forced one is never weakened, and the nearest default wins."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbstream.client.endpoints import Endpoint
from nbstream.client.policy import enforcing
from nbstream.client.policy.files import Found
from nbstream.client.policy.reading import rules_of
from nbstream.client.policy.rules import combined
from nbstream.client.policy.toml_file import TomlFile

if TYPE_CHECKING:
    from nbstream.client.policy import Rules

HOSTS = ["a.example", "b.example", "*.example", "c.example:8000", "localhost"]
MODELS = ["flash", "deepseek-*", "gpt-*", "*"]
URLS = ["https://a.example/v1", "https://x.b.example", "http://c.example:8000", "http://127.0.0.1:11434"]
IDS = ["deepseek-v4-flash", "gpt-5", "deepseek-v4-pro"]


def some(values: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), max_size=3)


FORCED = st.fixed_dictionaries(
    {},
    optional={
        "hosts": some(HOSTS),
        "models": some(MODELS),
        "max_tokens": st.integers(1, 50),
        "tools": st.booleans(),
        "budget": st.fixed_dictionaries({}, optional={"day": st.decimals("0.01", 9, places=2).map(str)}),
    },
)
DEFAULTS = st.fixed_dictionaries(
    {},
    optional={
        "model": st.sampled_from(IDS),
        "max_tokens": st.integers(1, 100),
        "budget": st.fixed_dictionaries({}, optional={"day": st.decimals("0.01", 9, places=2).map(str)}),
    },
)
FILES = st.lists(st.tuples(DEFAULTS, FORCED), max_size=4)


def read(at: int, defaults: dict[str, Any], forced: dict[str, Any]) -> Rules:
    file = TomlFile(Path(f"/{at}/nbstream.toml"), "", {**defaults, "forced": forced})
    return rules_of(Found(file, is_nearby=at == 0))


def refuses(rules: Rules, url: str, body: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> bool:
    with monkeypatch.context() as patch:
        patch.setattr("nbstream.client.policy.current", lambda: rules)
        return bool(enforcing.refusal(Endpoint(url), body))


@given(
    files=FILES,
    url=st.sampled_from(URLS),
    model=st.sampled_from(IDS),
    max_tokens=st.integers(1, 60),
    tools=st.booleans(),
)
def test_what_one_file_refuses_no_other_file_allows(
    files: list[Any], url: str, model: str, max_tokens: int, *, tools: bool
) -> None:
    monkeypatch = pytest.MonkeyPatch()
    body = {"model": model, "max_tokens": max_tokens, **({"tools": [{"type": "function"}]} if tools else {})}
    each = [read(at, *file) for at, file in enumerate(files)]
    # Neither the order of the files nor their number helps: a request passes if it passes each.
    assert refuses(combined(each), url, body, monkeypatch) == any(
        refuses(rules, url, body, monkeypatch) for rules in each
    )


@given(FILES)
def test_the_nearest_default_and_the_strictest_bound_count(files: list[Any]) -> None:
    rules = combined([read(at, *file) for at, file in enumerate(files)])
    for name in ("model", "max_tokens"):
        nearest = next((defaults[name] for defaults, _ in files if name in defaults), None)
        assert (rules.defaults[name].value if name in rules.defaults else None) == nearest
    limits = [forced["max_tokens"] for _, forced in files if "max_tokens" in forced]
    assert (rules.max_tokens.value if rules.max_tokens else None) == (min(limits) if limits else None)
    default = next((each["budget"]["day"] for each, _ in files if "day" in each.get("budget", {})), None)
    forced = [each["budget"]["day"] for _, each in files if "day" in each.get("budget", {})]
    found = {rule.is_forced: str(rule.value) for rule in rules.budgets}
    assert found.get(False) == default
    assert found.get(True) == min(forced, key=float, default=None)
    assert len(rules.budgets) == len(found)
