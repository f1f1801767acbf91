"""From a reply to the messages that go back to the server: the only place that decides this.

DeepSeek's rule (its guide to the thinking mode, as it stood in November 2026, and live answers):
with `tools`, each assistant message carries `reasoning_content` verbatim, "" where there was none;
without tools the field is ignored, so it is not sent. Other servers refuse fields that they do not
know (Groq, Mistral), so there a message has only the field that the server itself sent.

In Anthropic's API the content of a reply is a list of blocks, which go back as they came, with the
signatures of the thoughts. Of a reply of another server, DeepSeek gets the reasoning there as well.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

from nbstream.client.api_rules import ORIGIN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from nbstream.client.thinking import ReasoningRule
    from nbstream.model.reply import Reply

Message: TypeAlias = "Mapping[str, Any]"

_WITH_BLOCKS = ("blocks", "blocks_always")
#: The result of a call that nothing has run: a chain of tools without results is refused.
NOT_RUN = "This call was not run."


def messages_of(reply: Reply, rule: ReasoningRule, answer: str | None = None) -> tuple[Message, ...]:
    """Return the messages that stand for `reply` in the next request.

    A stopped or truncated reply is sent with what arrived. Calls of tools that have no result get
    one that says so; calls that were cut off are left out.

    Args:
        reply: a reply that has ended.
        rule: whether reasoning goes back.
        answer: replaces the answer, if the user edited it.
    """
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
    calls = [call for call in received.get("tool_calls", ()) if _is_whole(call)] if answer is None else []
    if not calls:
        return (message,)
    message["tool_calls"] = calls
    results = [{"role": "tool", "tool_call_id": call["id"], "content": NOT_RUN} for call in calls]
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


def _is_whole(call: Mapping[str, Any]) -> bool:
    try:
        json.loads(call["function"]["arguments"] or "{}")
    except ValueError:
        return False
    return bool(call["id"] and call["function"]["name"])
