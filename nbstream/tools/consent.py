"""Whether a call may run: a pure rule, which nothing that a model writes can change."""

from __future__ import annotations

import copy
import inspect
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from nbstream.model.printable import one_line
from nbstream.tools.tool import Call, Decision

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from nbstream.tools.tool import Tool

_DECISIONS = ("allow", "ask", "deny")
_LONGEST_REPR = 60


class Judgement(NamedTuple):
    """Whether a call may run.

    Attributes:
        decision: "allow", "ask" or "deny".
        reason: why a call was denied, for the model and the reader. If the user is asked, what they
            should know: why a rule did not decide, and from which server the tool is, with what
            the server says of it. Otherwise empty.
    """

    decision: Decision
    reason: str = ""


def judge(
    tool: Tool,
    arguments: Mapping[str, Any],
    arguments_text: str = "",
    *,
    allowed: Collection[str] = (),
    granted: Collection[str] = (),
) -> Judgement:
    """Return whether a call may run without asking.

    A rule that is a function comes first: what it denies is denied, whatever was allowed. Its
    "allow" counts, as the user wrote it. If it raises, or returns anything else than "allow", "ask"
    or "deny", the user is asked, whatever was allowed.

    Args:
        tool: the tool.
        arguments: the arguments of the call, as JSON values.
        arguments_text: the arguments as the model wrote them.
        allowed: the names of tools that the request allows, as by `--allow NAME`.
        granted: the names of tools that the user has allowed for the rest of this reply.
    """
    consent = tool.consent
    if consent == "never":
        return Judgement("allow")
    if callable(consent):
        # It may change what it gets.
        decision, note = _decision_of(consent, Call(tool.name, copy.deepcopy(dict(arguments)), arguments_text))
        if decision == "deny":
            return Judgement("deny", f"The rule of the tool `{tool.name}` does not allow this call.")
        if decision == "allow":
            return Judgement("allow")
        if note:
            return Judgement("ask", " ".join(filter(None, (note, _origin(tool)))))
    if tool.name in allowed or tool.name in granted:
        return Judgement("allow")
    return Judgement("ask", _origin(tool))


def _origin(tool: Tool) -> str:
    """Return from which server a tool is; empty for a function of the session."""
    if not tool.server:
        return ""
    claims = f", which says of it: {', '.join(tool.claims)}" if tool.claims else ""
    return f"From the MCP server {tool.server}{claims}."


def _decision_of(consent: Any, call: Call) -> tuple[Decision, str]:
    """Return what a function decides, and a note if that is "ask" for a mistake of the function."""
    try:
        decision = consent(call)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  (the user's function may raise anything, SystemExit included)
        return "ask", f"The function `consent=` of `{call.name}` raised {_said(error)}"
    if inspect.iscoroutine(decision):
        decision.close()
    # An object of another class could be equal to all of them.
    if type(decision) is str and decision in _DECISIONS:
        return cast("Decision", decision), ""
    return "ask", f"The function `consent=` of `{call.name}` returned {_repr(decision)}, not allow, ask or deny."


def _said(error: BaseException) -> str:
    try:
        return one_line(f"{type(error).__name__}: {error}")
    except Exception:  # noqa: BLE001  (an exception's own text may raise)
        return type(error).__name__


def _repr(value: object) -> str:
    try:
        line = one_line(repr(value))
    except Exception:  # noqa: BLE001  (as above)
        line = f"a {type(value).__name__}"
    return line if len(line) <= _LONGEST_REPR else f"{line[: _LONGEST_REPR - 1]}…"
