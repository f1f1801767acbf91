"""Reads the body of a chat request as strictly as DeepSeek does.

The result is a `ChatRequest` or a `Refusal`. The rules are those of DeepSeek's API reference of
October 2026; the error messages follow DeepSeek's own.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, NoReturn

from nbstream.simulator import scenarios

#: Each model id that a request may name, and the id in the answer; `deepseek-v4-flash` is a legacy
#: alias.
MODELS = {
    "deepseek-flash": "deepseek-flash",
    "deepseek-v4-pro": "deepseek-v4-pro",
    "deepseek-v4-flash": "deepseek-flash",
}

_EFFORTS = {"none": "none", "minimal": "low", "low": "low", "medium": "high", "high": "high", "xhigh": "high"}
_EFFORTS |= {"max": "max", "ultra": "max"}
#: The largest permitted `max_tokens`.
MAX_TOKENS = 393_216
_DEFAULT_MAX_TOKENS = {"none": 8_192, "low": 65_536, "high": 65_536, "max": 131_072}
_ROLES = ("system", "user", "assistant", "tool")
_MAX_STOPS = 16
_RANGES = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
    "top_logprobs": (0, 20),
}
_DIRECTIVE = re.compile(r"\[simulate:([^\]]*)\][ \t]*\n?")

_NOT_PASSED_BACK = "The `reasoning_content` in the thinking mode must be passed back to the API."


class Refusal(Exception):  # noqa: N818 - an answer, not a defect
    """The server refuses the request with an HTTP status.

    `error` is the error object of the answer's body.
    """

    def __init__(self, status: int, message: str, kind: str = "invalid_request_error") -> None:
        super().__init__(message)
        self.status = status
        self.error = {"message": message, "type": kind, "param": None, "code": "invalid_request_error"}


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A chat request after all defaults and mappings are applied.

    Attributes:
        prompt: the last user message, without its directive.
        context: the text whose tokens count as the prompt's.
        effort: none, low, high or max; with none there is no reasoning.
        plan: the scenarios for this request.
        tool_results: the contents of the tool messages at the end of the conversation.
    """

    model: str
    prompt: str
    context: str
    effort: str
    max_tokens: int
    plan: scenarios.Plan
    stream: bool = False
    json_mode: bool = False
    stop: tuple[str, ...] = ()
    tools: tuple[dict[str, Any], ...] = ()
    tools_required: bool = False
    tool_results: tuple[str, ...] = field(default=())


def read(body: bytes, default: scenarios.Plan) -> ChatRequest:
    """Return the request in `body`.

    Args:
        body: the body of the HTTP request.
        default: the plan for a request that does not name a scenario.

    Raises:
        Refusal: if DeepSeek would refuse the request, or the scenario is not valid.
    """
    document = _document(body)
    messages = _messages(document)
    model = document.get("model")
    if not isinstance(model, str):
        _refuse_format("missing field `model`")
    if model not in MODELS:
        raise Refusal(400, "Model Not Exist")
    plan = _plan(document, messages, default)
    effort = _effort(document)
    _check_ranges(document)
    tools = _tools(document)
    choice = document.get("tool_choice", "auto" if tools else "none")
    required = choice == "required" or isinstance(choice, dict)
    if effort != "none":
        if required:
            raise Refusal(400, "Thinking mode does not support this tool_choice")
        if tools and any(
            message["role"] == "assistant" and message.get("reasoning_content") is None for message in messages
        ):
            raise Refusal(400, _NOT_PASSED_BACK)
    context = "\n".join(f"<{message['role']}>{_content(message, tools)}" for message in messages)
    json_mode = _json_mode(document)
    if json_mode and "json" not in context.lower():
        plan = scenarios.Plan(plan.text, {**plan.scenarios, "whitespace": {}}, plan.common)
    return ChatRequest(
        model=MODELS[model],
        prompt=_last_user_text(messages),
        context=context + (json.dumps(tools, ensure_ascii=False) if tools else ""),
        effort=effort,
        max_tokens=_max_tokens(document, effort),
        plan=plan,
        stream=_flag(document, "stream"),
        json_mode=json_mode,
        stop=_stop(document),
        tools=() if choice == "none" else tools,
        tools_required=required,
        tool_results=_tool_results(messages),
    )


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refusal(400, f"Failed to parse the request body as JSON: {error}") from None
    if not isinstance(document, dict):
        _refuse_format("expected an object")
    return document


def _messages(document: dict[str, Any]) -> list[dict[str, Any]]:
    messages = document.get("messages")
    if not isinstance(messages, list):
        _refuse_format("missing field `messages`")
    if not messages:
        raise Refusal(400, "Empty input messages")
    for number, message in enumerate(messages):
        if not isinstance(message, dict) or "role" not in message:
            _refuse_format(f"messages[{number}]: missing field `role`")
        if message["role"] not in _ROLES:
            expected = ", ".join(f"`{role}`" for role in _ROLES)
            raise Refusal(
                400,
                "Failed to deserialize the JSON body into the target type: "
                f"messages[{number}].role: unknown variant `{message['role']}`, expected one of {expected}",
            )
        content = message.get("content")
        parts = content if isinstance(content, list) else []
        if not isinstance(content, str | list | None) or not all(isinstance(part, dict) for part in parts):
            _refuse_format(f"messages[{number}]: invalid type of `content`")
    return [_without_directive(message) for message in messages]


def _without_directive(message: dict[str, Any]) -> dict[str, Any]:
    """Move the directive of a user's message from its text to the key `simulate`."""
    text = _text(message)
    found = _DIRECTIVE.findall(text) if message["role"] == "user" else []
    if not found:
        return message
    return message | {"content": _DIRECTIVE.sub("", text), "simulate": found[-1]}


def _plan(document: dict[str, Any], messages: list[dict[str, Any]], default: scenarios.Plan) -> scenarios.Plan:
    chosen = document.get("simulate")
    if chosen is None:
        users = [message for message in messages if message["role"] == "user"]
        chosen = users[-1].get("simulate") if users else None
    if chosen is None:
        return default
    if not isinstance(chosen, str):
        raise Refusal(400, "The field `simulate` must be a string: the name of a scenario, then key=value.")
    try:
        return scenarios.parse(chosen)
    except scenarios.ScenarioError as error:
        raise Refusal(400, str(error)) from None


def _text(message: dict[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "\n".join(str(part.get("text", "<image>")) for part in content)


def _content(message: dict[str, Any], tools: tuple[dict[str, Any], ...]) -> str:
    """Return the text that the model reads of a message; reasoning only if there are tools."""
    calls = message.get("tool_calls")
    reasoning = message.get("reasoning_content") if tools else None
    return f"{reasoning or ''}{_text(message)}{json.dumps(calls, ensure_ascii=False) if calls else ''}"


def _last_user_text(messages: list[dict[str, Any]]) -> str:
    return next((_text(message) for message in reversed(messages) if message["role"] == "user"), "")


def _tool_results(messages: list[dict[str, Any]]) -> tuple[str, ...]:
    results: list[str] = []
    for message in reversed(messages):
        if message["role"] != "tool":
            break
        results.insert(0, _text(message))
    return tuple(results)


def _effort(document: dict[str, Any]) -> str:
    thinking = document.get("thinking")
    kind = "enabled" if thinking is None else thinking.get("type") if isinstance(thinking, dict) else None
    if kind not in ("enabled", "disabled"):
        _refuse_format("thinking.type: expected `enabled` or `disabled`")
    asked = document.get("reasoning_effort")
    effort = "high" if asked is None else _EFFORTS.get(asked) if isinstance(asked, str) else None
    if effort is None:
        _refuse_format(f"reasoning_effort: unknown variant `{asked}`, expected one of `none`, `low`, `high`, `max`")
    return "none" if kind == "disabled" else effort


def _check_ranges(document: dict[str, Any]) -> None:
    for name, (low, high) in _RANGES.items():
        value = document.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            _refuse_format(f"{name}: invalid type, expected a number")
        if not low <= value <= high:
            raise Refusal(422, f"Invalid {name} value, the valid range of {name} is [{low}, {high}]")


def _max_tokens(document: dict[str, Any], effort: str) -> int:
    value = document.get("max_tokens")
    if value is None:
        return _DEFAULT_MAX_TOKENS[effort]
    if isinstance(value, bool) or not isinstance(value, int):
        _refuse_format("max_tokens: invalid type, expected an integer")
    if not 1 <= value <= MAX_TOKENS:
        # The other ranges are refused with 422; users of DeepSeek report 400 for this one, from
        # 2024 to 2026.
        raise Refusal(400, f"Invalid max_tokens value, the valid range of max_tokens is [1, {MAX_TOKENS}]")
    return value


def _tools(document: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    tools = document.get("tools") or []
    if not isinstance(tools, list):
        _refuse_format("tools: expected a sequence")
    for number, tool in enumerate(tools):
        function = tool.get("function") if isinstance(tool, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            _refuse_format(f"tools[{number}]: missing field `function`")
    return tuple(tools)


def _stop(document: dict[str, Any]) -> tuple[str, ...]:
    value = document.get("stop") or []
    stops = [value] if isinstance(value, str) else value
    if not isinstance(stops, list) or not all(isinstance(stop, str) for stop in stops) or len(stops) > _MAX_STOPS:
        _refuse_format(f"stop: expected a string or up to {_MAX_STOPS} strings")
    return tuple(filter(None, stops))


def _json_mode(document: dict[str, Any]) -> bool:
    value = document.get("response_format") or {"type": "text"}
    kind = value.get("type") if isinstance(value, dict) else None
    if kind not in ("text", "json_object"):
        raise Refusal(400, "This response_format type is unavailable now")
    return bool(kind == "json_object")


def _flag(document: dict[str, Any], name: str) -> bool:
    value = document.get(name)
    if not isinstance(value, bool | None):
        _refuse_format(f"{name}: invalid type, expected a boolean")
    return bool(value)


def _refuse_format(problem: str) -> NoReturn:
    raise Refusal(422, f"Failed to deserialize the JSON body into the target type: {problem}")
