"""Reads the body of a request to DeepSeek's Anthropic-compatible endpoint, as strictly as it does.

The body becomes a request of chat completions, whose rules hold here as well: DeepSeek refuses both
with the same errors. The fields are those of DeepSeek's guide "Using the Anthropic API" and of
answers that its users report, until November 2026.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from nbstream.simulator import chat_request
from nbstream.simulator.refusal import Refusal, refuse_format

if TYPE_CHECKING:
    from nbstream.simulator import scenarios

_THINKING = ("enabled", "adaptive", "disabled")
_CHOICES = {"auto": "auto", "any": "required", "none": "none"}
#: Fields that both APIs have.
_SHARED = ("temperature", "top_p", "stream", "simulate")
_TEXTS = ("text", "thinking", "redacted_thinking", "tool_use", "server_tool_use", "web_search_tool_result")


def read(body: bytes, default: scenarios.Plan) -> chat_request.ChatRequest:
    """Return the request in `body`.

    Args:
        body: the body of the HTTP request.
        default: the plan for a request that does not name a scenario.

    Raises:
        Refusal: if DeepSeek would refuse the request, or the scenario is not valid.
    """
    document = chat_request.document_of(body)
    if document.get("max_tokens") is None:
        refuse_format("missing field `max_tokens`")
    thinking = _thinking(document)
    translated: dict[str, Any] = {
        "model": _model(document.get("model")),
        "messages": _messages(document, continues=not thinking),
        "max_tokens": document["max_tokens"],
        "stop": document.get("stop_sequences"),
        "thinking": {"type": "enabled" if thinking else "disabled"},
        **({"reasoning_effort": _effort(document)} if thinking else {}),
        **{name: document[name] for name in _SHARED if name in document},
    }
    if tools := _tools(document):
        translated["tools"] = tools
    if (choice := document.get("tool_choice")) is not None:
        translated["tool_choice"] = _choice(choice)
    # An assistant's last message is the beginning of the answer, as a prefix below `/beta`.
    return chat_request.read_document(translated, default, beta=True, is_message=True)


def _model(name: Any) -> Any:
    """Return the id of DeepSeek's model in place of one of Claude's."""
    if not isinstance(name, str) or not name.startswith("claude") or name in chat_request.MODELS:
        return name
    return "deepseek-v4-pro" if name.startswith("claude-opus") else "deepseek-flash"


def _thinking(document: dict[str, Any]) -> bool:
    thinking = document.get("thinking")
    kind = "enabled" if thinking is None else thinking.get("type") if isinstance(thinking, dict) else None
    if kind not in _THINKING:
        refuse_format("thinking.type: expected `enabled`, `adaptive` or `disabled`")
    return kind != "disabled"


def _effort(document: dict[str, Any]) -> Any:
    config = document.get("output_config") or {}
    if not isinstance(config, dict):
        refuse_format("output_config: expected an object")
    return config.get("effort", "high")


def _messages(document: dict[str, Any], *, continues: bool) -> list[dict[str, Any]]:
    messages = document.get("messages")
    if not isinstance(messages, list):
        refuse_format("missing field `messages`")
    found: list[dict[str, Any]] = []
    if document.get("system"):
        found.append({"role": "system", "content": _text_of(document["system"], "system")})
    for number, message in enumerate(messages):
        where = f"messages[{number}]"
        if not isinstance(message, dict) or "role" not in message:
            refuse_format(f"{where}: missing field `role`")
        blocks = _blocks(message.get("content"), where)
        match message["role"]:
            case "user":
                found += _of_user(blocks, where)
            case "assistant":
                found.append(_of_assistant(blocks, where))
            case role:
                raise Refusal(400, f"{where}.role: unknown variant `{role}`, expected `user` or `assistant`")
    if continues and found and found[-1]["role"] == "assistant":
        found[-1]["prefix"] = True
    return found


def _blocks(content: Any, where: str) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if not isinstance(content, list) or not all(isinstance(block, dict) and "type" in block for block in content):
        refuse_format(f"{where}.content: expected a string or a sequence of blocks")
    return content


def _text_of(content: Any, where: str) -> str:
    blocks = _blocks(content, where)
    if any(block["type"] != "text" or not isinstance(block.get("text"), str) for block in blocks):
        refuse_format(f"{where}: expected text")
    return "\n\n".join(block["text"] for block in blocks)


def _of_user(blocks: list[dict[str, Any]], where: str) -> list[dict[str, Any]]:
    """Return the results of tools as messages of their own, before the rest of the message."""
    results: list[dict[str, Any]] = []
    parts: list[dict[str, Any]] = []
    for block in blocks:
        match block["type"]:
            case "tool_result":
                inner = _blocks(block.get("content") or "", where)
                content = [_part(each, where) for each in inner]
                results.append({"role": "tool", "tool_call_id": block.get("tool_use_id"), "content": content})
            case _:
                parts.append(_part(block, where))
    return [*results, *([{"role": "user", "content": parts}] if parts else [])]


def _part(block: dict[str, Any], where: str) -> dict[str, Any]:
    kind = block["type"]
    if kind == "text" and isinstance(block.get("text"), str):
        return {"type": "text", "text": block["text"]}
    if kind != "image" or not isinstance(block.get("source"), dict):
        refuse_format(f"{where}.content: a block of type `{kind}` is not supported here")
    return {"type": "image_url", "image_url": {"url": "image"}}


def _of_assistant(blocks: list[dict[str, Any]], where: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": ""}
    calls: list[dict[str, Any]] = []
    for block in blocks:
        match block["type"]:
            case "text" if isinstance(block.get("text"), str):
                message["content"] += block["text"]
            case "thinking" if isinstance(block.get("thinking"), str) and isinstance(block.get("signature"), str):
                message["reasoning_content"] = message.get("reasoning_content", "") + block["thinking"]
            case "tool_use" if isinstance(block.get("input"), dict) and isinstance(block.get("name"), str):
                arguments = json.dumps(block["input"], ensure_ascii=False)
                function = {"name": block["name"], "arguments": arguments}
                calls.append({"id": block.get("id"), "type": "function", "function": function})
            case "redacted_thinking" | "server_tool_use" | "web_search_tool_result":
                message.setdefault("reasoning_content", "")
            case kind:
                refuse_format(f"{where}.content: not a block of type `{kind}`, expected one of {', '.join(_TEXTS)}")
    return message | ({"tool_calls": calls} if calls else {})


def _tools(document: dict[str, Any]) -> list[dict[str, Any]]:
    tools = document.get("tools") or []
    if not isinstance(tools, list):
        refuse_format("tools: expected a sequence")
    found = []
    for number, tool in enumerate(tools):
        if isinstance(tool, dict) and isinstance(tool.get("type"), str) and tool["type"] != "custom":
            # A tool that the server runs itself.
            continue
        if not isinstance(tool, dict) or not isinstance(tool.get("input_schema"), dict):
            refuse_format(f"tools[{number}]: missing field `input_schema`")
        function = {
            "name": tool.get("name"),
            "description": tool.get("description"),
            "parameters": tool["input_schema"],
        }
        found.append({"type": "function", "function": function})
    return found


def _choice(choice: Any) -> Any:
    kind = choice.get("type") if isinstance(choice, dict) else None
    if kind == "tool" and isinstance(choice.get("name"), str):
        return {"type": "function", "function": {"name": choice["name"]}}
    if not isinstance(kind, str) or kind not in _CHOICES:
        refuse_format("tool_choice.type: expected `auto`, `any`, `tool` or `none`")
    return _CHOICES[kind]
