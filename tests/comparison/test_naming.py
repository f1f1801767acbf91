"""Names of columns: what differs stands in them, what is equal is said once."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbstream.chat.conversation import Chat
from nbstream.client import models
from nbstream.comparison.columns import prepared
from nbstream.comparison.specs import read_specs
from nbstream.model.exceptions import NbstreamWarning

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator

FLASH, PRO = models.ALIASES["flash"], models.ALIASES["pro"]
TERSE, KIND = "You answer in one sentence, and never more.", "You answer in one sentence, and kindly."


def names(specs: list[Any], **common: Any) -> tuple[list[str], str]:
    with warnings.catch_warnings():
        # As of a temperature without effect.
        warnings.simplefilter("ignore", NbstreamWarning)
        columns, same = prepared(read_specs("Why is the sky blue?", specs, common), common)
    return [column.name for column in columns], same


@pytest.mark.parametrize(
    ("specs", "common", "expected", "same"),
    [
        (["flash", "pro"], {}, ["flash", "pro"], ""),
        (["flash", "pro"], {"temperature": 0}, ["flash", "pro"], "temperature 0"),
        (
            [{"effort": "low"}, {"effort": "max"}],
            {"model": "pro"},
            ["effort low", "effort max"],
            PRO,
        ),
        ([{}, {"effort": "max"}], {}, ["effort by default", "effort max"], FLASH),
        (
            [{"thinking": True}, {"thinking": False}, {}],
            {},
            ["thinking", "no thinking", "thinking by default"],
            FLASH,
        ),
        (
            [{"model": "flash", "temperature": 0.5}, {"model": "pro", "temperature": 1.0}],
            {},
            ["flash · temperature 0.5", "pro · temperature 1"],
            "",
        ),
        (
            [{"system": TERSE}, {"system": KIND}, {}],
            {},
            ["“…in one sentence, and never more.”", "“…in one sentence, and kindly.”", "no system prompt"],
            FLASH,
        ),
        # Two words for one model are no difference.
        (["flash", FLASH], {}, ["answer 1", "answer 2"], FLASH),
        (["pro", "flash", "pro"], {}, ["pro (1)", "flash", "pro (2)"], ""),
        ([{"name": "mine", "model": "pro"}, "flash"], {}, ["mine", "flash"], ""),
        (
            [{"prompt": "Why is the sky blue?"}, {"prompt": "Why is the sea blue?"}],
            {},
            ["“Why is the sky blue?”", "“Why is the sea blue?”"],
            FLASH,
        ),
        (
            [{"extra_body": {"seed": 1}}, {"extra_body": {"seed": 2}}],
            {},
            ["seed 1", "seed 2"],
            FLASH,
        ),
    ],
)
def test_columns_are_named_by_what_differs(
    simulator: Simulator, specs: list[Any], common: dict[str, Any], expected: list[str], same: str
) -> None:
    found, said = names(specs, **common)
    assert found == expected
    assert said == same


def test_endpoints_are_named_where_they_differ(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", "router-key-0123456789")
    key = "sk-0123456789abcdef0123456789abcdef"
    found, same = names(["flash", {"base_url": "http://127.0.0.1:9/v1?key=hunter2hunter2hunter2", "api_key": key}])
    assert found[1] == "127.0.0.1:9" or "127.0.0.1:9" in found[1]
    found, same = names(["openrouter/a/b", "openrouter/a/c"])
    assert found == ["a/b", "a/c"]
    assert same == "openrouter"
    found, same = names(["openrouter/a/b", "flash"])
    assert found == ["openrouter/a/b", "flash"]
    # Neither a key nor the query of a base URL.
    columns, said = prepared(read_specs("Why?", [{"base_url": f"{simulator.url}?key={key}"}, {"api_key": key}], {}), {})
    assert key not in repr(columns) + said + "".join(column.name for column in columns)


def test_a_chat_is_named(simulator: Simulator) -> None:
    Chat("naming-a"), Chat("naming-b")
    assert names(["flash", Chat("naming-a"), Chat("naming-b")])[0] == ["no chat", "chat naming-a", "chat naming-b"]
    assert names(["flash", "pro"], chat="naming-a")[1] == "chat naming-a"


OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "model": st.sampled_from(["flash", "pro", FLASH]),
        "thinking": st.booleans(),
        "effort": st.sampled_from(["low", "max"]),
        "temperature": st.sampled_from([0, 0.5, 1]),
        "system": st.sampled_from(["", TERSE, KIND, TERSE + "!", "\u202eevil <b>", "a\nb", "a b"]),
        "name": st.just(""),
        "stop": st.sampled_from(["x", ["x", "y"]]),
    },
)


@given(st.lists(OPTIONS, min_size=2, max_size=6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
def test_names_are_never_equal_and_of_one_line(simulator: Simulator, specs: list[dict[str, Any]]) -> None:
    found, _ = names(specs)
    assert len(set(found)) == len(specs)
    assert all(name and "\n" not in name and "\u202e" not in name for name in found)
