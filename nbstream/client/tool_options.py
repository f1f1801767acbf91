"""The options about tools: as fields of a request, and whether they can be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbstream.client.thinking import field_that_switches_off
from nbstream.language import _, listed
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbstream.client.endpoints import Endpoint
    from nbstream.client.options import Options
    from nbstream.tools.tool import Tool

_CHOICES = ("auto", "none", "required")
MAX_STEPS = 8


def given_tools(options: Options) -> tuple[Tool, ...]:
    """Return the tools that the options name.

    Raises:
        RequestError: if one of them cannot be a tool.
    """
    if not options.get("tools"):
        return ()
    from nbstream.tools.tool import tools_of  # noqa: PLC0415  (only where it is used)

    tools = tools_of(options.get("tools"))
    if "tools" in (options.get("extra_body") or {}):
        raise RequestError(_("`tools=` and the tools of `extra_body=` cannot be given together: give only one."))
    return tools


def check(options: Options, tools: tuple[Tool, ...]) -> None:
    """Check the options about the tools of a request.

    Raises:
        RequestError: if one of them does not fit to the tools.
    """
    names = [tool.name for tool in tools]
    known = _("The tools are {names}.", names=listed(names)) if names else _("No tools are given.")
    for name in allowed(options):
        if name not in names:
            raise RequestError(
                _("`allow=` names {name!r}, which is no tool of this request. {known}", name=name, known=known)
            )
    steps = options.get("max_steps")
    if steps is not None and (type(steps) is not int or steps < 1):
        raise RequestError(_("`max_steps=` is {steps!r}: it must be a whole number of at least 1.", steps=steps))
    choice = options.get("tool_choice")
    if choice is None or "tools" in (options.get("extra_body") or {}):
        return
    if not tools:
        raise RequestError(_("`tool_choice=` needs tools: name them in `tools=`."))
    if choice not in (*_CHOICES, *names):
        raise RequestError(
            _(
                "`tool_choice=` is {choice!r}: it must be {choices}, or the name of a tool.",
                choice=choice,
                choices=listed(_CHOICES),
            )
        )


def allowed(options: Options) -> tuple[str, ...]:
    """Return the names of the tools that run without asking."""
    names = options.get("allow") or ()
    return (names,) if isinstance(names, str) else tuple(names)


def place_of(tools: tuple[Tool, ...], endpoint: Endpoint) -> Endpoint:
    """Return where a request with these tools goes: strict tools are at DeepSeek's `/beta`."""
    return endpoint.beta if _is_strict(tools, endpoint) else endpoint


def fields(tools: tuple[Tool, ...], options: Options, endpoint: Endpoint) -> dict[str, Any]:
    """Return the fields of a request with these tools."""
    if not tools and options.get("tool_choice") is None:
        return {}
    from nbstream.tools.definitions import definitions  # noqa: PLC0415  (as above)

    choice = options.get("tool_choice")
    chosen: Any = choice if choice in (None, *_CHOICES) else {"type": "function", "function": {"name": choice}}
    made = {"tools": definitions(tools, strict=_is_strict(tools, endpoint)) or None, "tool_choice": chosen}
    return {name: value for name, value in made.items() if value is not None}


def check_choice(parameters: Mapping[str, Any], *, is_deepseek: bool) -> None:
    """Refuse a demand to call a tool that DeepSeek refuses while the model thinks.

    Source: DeepSeek's error "Thinking mode does not support this tool_choice", November 2026.

    Raises:
        RequestError: if the request makes such a demand.
    """
    is_demand = parameters.get("tool_choice") not in (None, "auto", "none")
    if is_deepseek and is_demand and not field_that_switches_off(parameters):
        raise RequestError(
            _(
                "`tool_choice=` cannot demand a call while the model thinks: DeepSeek refuses that. Set "
                "`thinking=False`, or leave the choice to the model (`tool_choice=` auto)."
            )
        )


def _is_strict(tools: tuple[Tool, ...], endpoint: Endpoint) -> bool:
    if not (tools and endpoint.facts.has_beta):
        return False
    from nbstream.tools.definitions import are_strict  # noqa: PLC0415  (as above)

    return are_strict(tools)
