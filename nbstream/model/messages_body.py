"""From a request in the form of chat completions to the body of Anthropic's Messages API.

Messages, tools and parameters have one form everywhere in nbstream, that of chat completions. What
is in Anthropic's form already, as in `extra_body=`, stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nbstream.model.blocks import call_block

#: Parameters of chat completions that have no place in this API; its streams always have usage.
_LEFT_OUT = frozenset({"stream_options"})
_RENAMED = {"stop": "stop_sequences", "max_completion_tokens": "max_tokens"}
_CHOICES = {"auto": "auto", "none": "none", "required": "any"}
_SYSTEM = ("system", "developer")
#: The signature of thoughts that have none, for a server that does not check it.
_NO_SIGNATURE = ""


def messages_body(model: str, messages: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON object that is sent to `/v1/messages`.

    Args:
        model: the id of the model.
        messages: the turns, oldest first; an assistant's may have `content_blocks`, its content in
            the form of this API, which go back verbatim.
        parameters: every other field of the request.
    """
    system, turns = _split(messages)
    body: dict[str, Any] = {"model": model, **({"system": system} if system else {}), "messages": turns}
    for name, value in parameters.items():
        match name:
            case "tools":
                body[name] = [_tool(each) for each in value] if isinstance(value, list) else value
            case "tool_choice":
                body[name] = _choice(value)
            case "parallel_tool_calls":
                pass
            case "reasoning_effort":
                if value == "none":
                    body.setdefault("thinking", {"type": "disabled"})
                else:
                    body["output_config"] = {**body.get("output_config", {}), "effort": value}
            case "response_format":
                if (form := _format(value)) is not None:
                    body["output_config"] = {**body.get("output_config", {}), "format": form}
            case "user" | "user_id":
                body["metadata"] = {"user_id": value}
            case "stop":
                body["stop_sequences"] = [value] if isinstance(value, str) else value
            case _ if name not in _LEFT_OUT:
                body[_RENAMED.get(name, name)] = value
    if parameters.get("parallel_tool_calls") is False and body.get("tools"):
        chosen = body.get("tool_choice", {"type": "auto"})
        if isinstance(chosen, dict) and chosen.get("type") != "none":
            body["tool_choice"] = {**chosen, "disable_parallel_tool_use": True}
    return body


def _split(messages: Sequence[Mapping[str, Any]]) -> tuple[Any, list[dict[str, Any]]]:
    """Return the system prompt, and the turns; neighbours of one role are one turn."""
    system: list[Any] = []
    turns: list[dict[str, Any]] = []
    for message in messages:
        role = message.get("role")
        if role in _SYSTEM:
            system += _parts(message.get("content"))
            continue
        content = _content(message)
        if not content:
            # As that of a reply that was stopped before its first word; an empty turn is refused.
            continue
        role = "assistant" if role == "assistant" else "user"
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] = [*_parts(turns[-1]["content"]), *_parts(content)]
        else:
            turns.append({"role": role, "content": content})
    texts = [part["text"] for part in system if set(part) == {"type", "text"}]
    return ("\n\n".join(texts) if len(texts) == len(system) else system), turns


def _content(message: Mapping[str, Any]) -> Any:
    content = message.get("content")
    match message.get("role"):
        case "assistant":
            return _of_assistant(message)
        case "tool":
            failed = {"is_error": True} if message.get("is_error") is True else {}
            given = content if isinstance(content, str) else _parts(content)
            result = {"type": "tool_result", "tool_use_id": message.get("tool_call_id"), "content": given, **failed}
            return [result]
    return content if isinstance(content, str) else _parts(content)


def _of_assistant(message: Mapping[str, Any]) -> Any:
    calls = [call for call in message.get("tool_calls") or () if isinstance(call, Mapping)]
    blocks = message.get("content_blocks")
    if isinstance(blocks, Sequence) and blocks:
        wanted = {call.get("id") for call in calls}
        # A call that was cut off is no part of the history, and has no result.
        found = [dict(each) for each in blocks if each.get("type") != "tool_use" or each.get("id") in wanted]
        present = {each.get("id") for each in found if each.get("type") == "tool_use"}
        calls = [call for call in calls if call.get("id") not in present]
    else:
        found = _parts(message.get("content"))
        if isinstance(refusal := message.get("refusal"), str) and not found:
            found = _parts(refusal)
        if isinstance(thought := message.get("reasoning_content"), str):
            found = [{"type": "thinking", "thinking": thought}, *found]
    for block in found:
        if block.get("type") == "thinking":
            block.setdefault("signature", _NO_SIGNATURE)
    if len(found) == 1 and not calls and set(found[0]) == {"type", "text"}:
        return found[0]["text"]
    return [*found, *map(_call, calls)]


def _call(call: Mapping[str, Any]) -> dict[str, Any]:
    function = call.get("function") or {}
    return call_block(str(call.get("id", "")), str(function.get("name", "")), str(function.get("arguments") or ""))


def _parts(content: Any) -> list[dict[str, Any]]:
    """Return content as blocks; a text without a character is none."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    if isinstance(content, Mapping):
        content = [content]
    return [_part(part) for part in content or () if part and not _is_empty(part)]


def _part(part: Any) -> dict[str, Any]:
    if not isinstance(part, Mapping):
        return {"type": "text", "text": str(part)}
    image = part.get("image_url")
    if part.get("type") != "image_url" or image is None:
        return dict(part)
    url = str(image.get("url", "") if isinstance(image, Mapping) else image)
    head, comma, data = url.partition(",")
    if head.startswith("data:") and comma:
        kind = head.removeprefix("data:").partition(";")[0]
        return {"type": "image", "source": {"type": "base64", "media_type": kind, "data": data}}
    return {"type": "image", "source": {"type": "url", "url": url}}


def _is_empty(part: Any) -> bool:
    return isinstance(part, Mapping) and part.get("type") == "text" and not part.get("text")


def _tool(tool: Any) -> Any:
    function = tool.get("function") if isinstance(tool, Mapping) else None
    if not isinstance(function, Mapping):
        return tool
    others = {name: value for name, value in function.items() if name not in ("name", "parameters")}
    schema = function.get("parameters") or {"type": "object", "properties": {}}
    return {"name": function.get("name"), **others, "input_schema": schema}


def _choice(choice: Any) -> Any:
    if isinstance(choice, str):
        return {"type": _CHOICES.get(choice, choice)}
    function = choice.get("function") if isinstance(choice, Mapping) else None
    return {"type": "tool", "name": function.get("name")} if isinstance(function, Mapping) else choice


def _format(form: Any) -> dict[str, Any] | None:
    """Return the form of the answer; None for JSON without a schema, which this API cannot ask."""
    inner = form.get("json_schema") if isinstance(form, Mapping) else None
    if not isinstance(inner, Mapping):
        return None
    return {"type": "json_schema", "schema": inner.get("schema", {})}
