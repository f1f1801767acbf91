"""What a reply is made of, as JSON: for papers, courses and files. Without its texts."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from nbstream.model import representation
from nbstream.model.rates import tokens_per_second

if TYPE_CHECKING:
    from nbstream.model.reply import Reply
    from nbstream.model.request import Request
    from nbstream.model.usage import Cost

#: The parameters whose texts are words of an API. Other texts of a request are the user's own.
_WORDS = frozenset(
    ("effort", "format", "mode", "reasoning_effort", "service_tier", "summary", "tool_choice", "type", "verbosity")
)
_LONGEST_WORD = 40
_TOOLS = "tools"


def provenance(reply: Reply, *, prompt: bool = False) -> dict[str, Any]:
    """Return model, parameters, tokens, cost, timing and so on; see `Reply.to_dict`."""
    request = reply.request
    found = {
        "nbstream": representation.version,
        "status": reply.status,
        "finish_reason": reply.finish_reason,
        "model": reply.model,
        "asked_model": request.model,
        "server": request.host,
        "endpoint": request.endpoint_name,
        "id": reply.id,
        "system_fingerprint": reply.system_fingerprint,
        "simulated": reply.simulated,
        "started": _instant(reply.steps[0].timing.started),
        **_parameters(request, prompt=prompt),
        "usage": None if reply.usage is None else asdict(reply.usage),
        "cost": _money(reply.cost),
        "estimate": _money(reply.estimate),
        "timing": _timing(reply),
        "requests": len(reply.steps),
        "error": None if reply.error is None else reply.error.kind,
        "warnings": [each.kind for each in reply.warnings],
    }
    if reply.recorded is not None:
        at, cost = _instant(reply.recorded.instant), _money(reply.recorded.cost)
        found["recorded"] = {"from": reply.recorded.kind, "at": at, "cost": cost}
    if prompt:
        found["messages"] = _plain([*request.messages])
    return found


def _parameters(request: Request, *, prompt: bool) -> dict[str, Any]:
    """Return the parameters; without the prompt, those that hold texts of the user are named."""
    if prompt:
        return {"parameters": _plain(dict(request.parameters))}
    kept: dict[str, Any] = {}
    left_out = []
    for name, value in request.parameters.items():
        if name == _TOOLS and isinstance(value, list):
            kept[name] = [_tool_name(each) for each in value]
        elif _has_only_words(name, value):
            kept[name] = _plain(value)
        else:
            left_out.append(name)
    return {"parameters": kept, **({"left_out": sorted(left_out)} if left_out else {})}


def _has_only_words(name: str, value: Any) -> bool:
    if isinstance(value, str):
        return name in _WORDS and len(value) <= _LONGEST_WORD
    if isinstance(value, dict):
        return all(isinstance(key, str) and _has_only_words(key, each) for key, each in value.items())
    if isinstance(value, list | tuple):
        return all(_has_only_words(name, each) for each in value)
    return True


def _tool_name(tool: Any) -> str | None:
    function = tool.get("function", tool) if isinstance(tool, dict) else {}
    name = function.get("name") if isinstance(function, dict) else None
    return name if isinstance(name, str) else None


def _money(cost: Cost | None) -> dict[str, Any] | None:
    """Return a cost; amounts are texts, so that they stay exact."""
    if cost is None:
        return None
    found: dict[str, Any] = _plain(asdict(cost))
    return found


def _timing(reply: Reply) -> dict[str, float | None]:
    timing, speed = reply.steps[0].timing, tokens_per_second(reply)
    ended = reply.timing.ended
    return {
        "first_token": None if timing.first_delta is None else round(timing.first_delta, 3),
        "reasoning": None if timing.reasoning_seconds is None else round(timing.reasoning_seconds, 3),
        "ended": None if ended is None else round(ended, 3),
        "tokens_per_second": None if speed is None else round(speed, 1),
    }


def _instant(at: float | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def _plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Decimal):
        return f"{value:f}"
    # A text of a class of its own, such as a hidden one, as what it shows.
    return value if value is None or isinstance(value, bool | int | float) else str(value)
