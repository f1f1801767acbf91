"""Whether a call may run: only what the user wrote and clicked decides."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbstream.tools.consent import judge
from nbstream.tools.tool import tool_of

if TYPE_CHECKING:
    from nbstream.tools.tool import Call


def delete(path: str) -> None:
    """Delete a file."""


TOOL = tool_of(delete)
ARGUMENTS = {"path": "a", "deep": ["x"]}


def _with(consent: Any) -> Any:
    return dataclasses.replace(TOOL, consent=consent)


def test_a_tool_asks_unless_it_was_allowed() -> None:
    assert judge(TOOL, ARGUMENTS) == ("ask", "")
    assert judge(TOOL, ARGUMENTS, allowed=["delete"]).decision == "allow"
    assert judge(TOOL, ARGUMENTS, granted={"delete"}).decision == "allow"
    assert judge(TOOL, ARGUMENTS, allowed=["delete_all", "Delete", "del"]).decision == "ask"
    assert judge(_with("never"), ARGUMENTS) == ("allow", "")


@pytest.mark.parametrize("decision", ["allow", "ask", "deny"])
def test_a_function_decides(decision: Any) -> None:
    found = judge(_with(lambda _call: decision), ARGUMENTS)
    assert found.decision == decision
    assert bool(found.reason) == (decision == "deny")


def test_what_a_function_denies_is_denied_whatever_was_allowed() -> None:
    assert judge(_with(lambda _call: "deny"), ARGUMENTS, allowed=["delete"], granted=["delete"]).decision == "deny"


def test_a_function_sees_a_copy_of_the_call() -> None:
    seen: list[Call] = []

    def rule(call: Call) -> Any:
        seen.append(call)
        dict(call.arguments)["deep"].append("changed")
        return "allow"

    arguments = {"path": "a", "deep": ["x"]}
    judge(_with(rule), arguments, '{"path": "a"}')
    assert arguments == {"path": "a", "deep": ["x"]}
    assert (seen[0].name, seen[0].arguments_text) == ("delete", '{"path": "a"}')


class _LikeAllow(str):
    __slots__ = ()


class _EqualToAll:
    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return hash("allow")

    def __repr__(self) -> str:
        raise ValueError


async def _allow(_call: Any) -> str:
    return "allow"


def _exits(_call: Any) -> str:
    raise SystemExit


@pytest.mark.parametrize(
    "rule",
    [
        lambda _call: True,
        lambda _call: None,
        lambda _call: "ALLOW",
        lambda _call: "allow ",
        lambda _call: b"allow",
        lambda _call: ["allow"],
        lambda _call: _LikeAllow("allow"),
        lambda _call: _EqualToAll(),
        lambda _call: 1 / 0,
        lambda: "allow",
        _allow,
        _exits,
    ],
)
def test_a_rule_that_does_not_work_asks_and_says_why(rule: Any) -> None:
    found = judge(_with(rule), ARGUMENTS, allowed=["delete"], granted=["delete"])
    assert found.decision == "ask"
    assert "`consent=` of `delete`" in found.reason


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.lists(st.text())))
def test_no_other_value_allows(value: Any) -> None:
    expected = value if value in ("allow", "deny") else "ask"
    assert judge(_with(lambda _call: value), {}).decision == expected


def test_a_claim_of_a_server_is_told_and_grants_nothing() -> None:
    served = dataclasses.replace(TOOL, server="files", claims=("only reads", "reaches nothing outside"))
    assert judge(served, {}) == (
        "ask",
        "From the MCP server files, which says of it: only reads, reaches nothing outside.",
    )
    assert judge(dataclasses.replace(served, claims=()), {}).reason == "From the MCP server files."
    broken = judge(dataclasses.replace(_with(lambda _call: None), server="files", claims=("only reads",)), {})
    assert broken.reason.endswith("not allow, ask or deny. From the MCP server files, which says of it: only reads.")
    assert judge(served, {}, allowed=["delete"]) == ("allow", "")
