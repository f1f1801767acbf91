"""From a reply to the messages that go back to the server: the only place that decides this.

DeepSeek's rule (its guide to the thinking mode, as it stood in November 2026, and live answers):
with `tools`, each assistant message carries `reasoning_content` verbatim, "" where there was none;
without tools the field is ignored, so it is not sent. Other servers refuse fields that they do not
know (Groq, Mistral), so there a message has only the field that the server itself sent.

In Anthropic's API the content of a reply is a list of blocks, which go back as they came, with the
signatures of the thoughts. Of a reply of another server, DeepSeek gets the reasoning there as well.

Every call has a result, as a chain of tools without results is refused. Arguments that are no JSON
are sent within a JSON object, since many servers read the arguments of earlier calls as JSON, and
answer 400 or 500 if they cannot (chat templates of vLLM and llama.cpp).
"""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

from nbstream.client.api_rules import ORIGIN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from nbstream.client.thinking import ReasoningRule
    from nbstream.model.reply import Reply
    from nbstream.model.tool_call import ToolCall

Message: TypeAlias = "Mapping[str, Any]"

_WITH_BLOCKS = ("blocks", "blocks_always")
#: The result of a call that nothing has run.
NOT_RUN = "This call was not run."
_MOST_ENCODINGS = 3


def messages_of(reply: Reply, rule: ReasoningRule, answer: str | None = None) -> tuple[Message, ...]:
    """Return the messages that stand for `reply` in the next request.

    A stopped or truncated reply is sent with what arrived. A call that nothing has run gets a
    result that says so; a call that was cut off is left out.

    Args:
        reply: a reply, or its steps so far, of which the last one has ended.
        rule: whether reasoning goes back.
        answer: replaces the last answer, if the user edited it.
    """
    found: list[Message] = []
    for step, following in pairwise(reply.steps):
        found += _of_step(step, rule)
        if following.cause == "again":
            # What asked for the answer again; a journal does not hold it.
            found += following.request.messages[-1:]
    return (*found, *_of_step(reply.steps[-1], rule, answer))


def _of_step(reply: Reply, rule: ReasoningRule, answer: str | None = None) -> tuple[Message, ...]:
    received = reply.message
    message: dict[str, Any] = {"role": "assistant", "content": received["content"] if answer is None else answer}
    if "refusal" in received and answer is None:
        message["refusal"] = received["refusal"]
    if rule in _WITH_BLOCKS and answer is None and "content_blocks" in received:
        message |= {"content_blocks": received["content_blocks"], ORIGIN: reply.request.endpoint}
    elif rule in ("always", "blocks_always"):
        message["reasoning_content"] = reply.reasoning
    elif rule == "as_received" and reply.reasoning_field is not None:
        message[reply.reasoning_field] = reply.reasoning
    calls = [call for call in reply.tool_calls if _is_sent(call)] if answer is None else []
    if not calls:
        return (message,)
    ids = _ids(calls)
    message["tool_calls"] = [
        {"id": own_id, "type": "function", "function": {"name": call.name, "arguments": _arguments(call)}}
        for own_id, call in zip(ids, calls, strict=True)
    ]
    results: list[Message] = [
        {
            "role": "tool",
            "tool_call_id": own_id,
            "content": NOT_RUN if call.result is None else call.result,
            # Only Anthropic's API has a field for it.
            **({"is_error": True} if rule in _WITH_BLOCKS and call.state != "done" else {}),
        }
        for own_id, call in zip(ids, calls, strict=True)
    ]
    return (message, *results)


def size_of(messages: Iterable[Message]) -> int:
    """Return about how many characters of text the messages have."""
    return sum(_size(message.get("content")) + _size(message.get("tool_calls")) for message in messages)


def text_of(content: Any) -> str:
    """Return the text of a message's content, of which images are no part."""
    if isinstance(content, list | tuple):
        return "\n".join(str(part["text"]) for part in content if part.get("type") == "text")
    return content if isinstance(content, str) else ""


def _size(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, list | tuple):
        # An image is a part of thousands of characters, but of few tokens.
        parts = [part for part in value if not (isinstance(part, dict) and part.get("type") == "image_url")]
        return sum(len(str(part)) for part in parts)
    return 0


def _is_sent(call: ToolCall) -> bool:
    """Return whether a call is sent: it has a result, or it is whole."""
    return bool(call.name) and (call.result is not None or _object_text(call.arguments) is not None)


def _arguments(call: ToolCall) -> str:
    """Return the arguments as JSON text: the model's own, whatever the user changed in them."""
    text = _object_text(call.arguments)
    return json.dumps({"not_valid": call.arguments}, ensure_ascii=False) if text is None else text


def _object_text(text: str) -> str | None:
    """Return the text of the JSON object that the arguments are; None if they are none.

    Some models and gateways write the object within a JSON string.
    """
    text = text.strip() or "{}"
    for _ in range(_MOST_ENCODINGS):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return None
        if not isinstance(value, str):
            return text if isinstance(value, dict) else None
        text = value
    return None


def _ids(calls: list[ToolCall]) -> list[str]:
    """Return an id for each call: the server's own, unless it is missing or not the only one."""
    found: list[str] = []
    for number, call in enumerate(calls):
        found.append(call.id if call.id and call.id not in found else f"call_{number}")
    return found
