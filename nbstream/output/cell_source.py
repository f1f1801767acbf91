"""A turn of a chat as the source of a cell that asks the same."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

from nbstream.client import models, settings
from nbstream.client.routing import route
from nbstream.client.thinking import field_that_switches_off
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbstream.model.request import Request

#: The fields of a request that an option of the magic of the same name sends.
_SAME_NAME = ("temperature", "top_p")
_LIMITS = ("max_tokens", "max_completion_tokens")


def cell_source(chat: str, prompt: str, request: Request, defaults: Mapping[str, Any]) -> str:
    """Return a `%%deepseek` cell that continues the chat with this prompt and these options.

    Args:
        chat: the name of the chat.
        prompt: the prompt.
        request: the request of the turn; its options are given as flags, as far as the chat has no
            default for them.
        defaults: the options of the chat.
    """
    words = ["%%deepseek", "-c", chat, *_model(request, defaults), *_options(request.parameters, defaults)]
    return f"{' '.join(shlex.quote(word) for word in words)}\n{prompt}"


def _model(request: Request, defaults: Mapping[str, Any]) -> list[str]:
    try:
        usual = route(defaults.get("model"), defaults.get("base_url"), without_key=True)
    except RequestError:
        usual = None
    same_server = usual is not None and usual.endpoint.origin == request.endpoint
    if not request.model or (usual is not None and same_server and usual.model == request.model):
        return []
    if same_server:
        aliases = {**settings.current().aliases, **models.ALIASES}
        return ["-m", next((name for name, model in aliases.items() if model == request.model), request.model)]
    if request.endpoint_name:
        return ["-m", f"{request.endpoint_name}/{request.model}"]
    base_url = f"{request.endpoint}{request.address.path}"
    return ["-m", request.model, "--base-url", base_url]


def _options(fields: Mapping[str, Any], defaults: Mapping[str, Any]) -> list[str]:
    words: list[str] = []
    if "thinking" not in defaults:
        words += _thinking(fields)
    effort = fields.get("reasoning_effort")
    if isinstance(effort, str) and effort != "none" and "effort" not in defaults:
        words += ["--effort", effort]
    limit = next((fields[name] for name in _LIMITS if name in fields), None)
    if limit is not None and "max_tokens" not in defaults:
        words += ["--max-tokens", str(limit)]
    for name in _SAME_NAME:
        if fields.get(name) is not None and name not in defaults:
            words += [f"--{name.replace('_', '-')}", str(fields[name])]
    stop = fields.get("stop")
    if stop and "stop" not in defaults:
        texts = [stop] if isinstance(stop, str) else [*stop]
        if any(text.splitlines() != [text] or text.startswith("-") for text in texts):
            # The flags stand on one line, which other characters end, too; a hyphen begins a flag.
            words += ["--raw-body", json.dumps({"stop": texts})]
        else:
            words += [word for text in texts for word in ("--stop", text)]
    if "tools" not in defaults:
        for tool in fields.get("tools") or ():
            named = tool.get("function", tool).get("name") if isinstance(tool, dict) else None
            words += ["-T", str(named)] if named else []
    return words


def _thinking(fields: Mapping[str, Any]) -> list[str]:
    if field_that_switches_off(fields):
        return ["--no-think"]
    switched = fields.get("thinking")
    kwargs = fields.get("chat_template_kwargs")
    is_on = (
        (isinstance(switched, dict) and switched.get("type") in ("enabled", "adaptive"))
        or (isinstance(kwargs, dict) and kwargs.get("thinking") is True)
        or fields.get("enable_thinking") is True
    )
    return ["--think"] if is_on else []
