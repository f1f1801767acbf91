"""Reads the messages of a chat request: their form, their chains of tools, and their text."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from nbstream.simulator import scenarios
from nbstream.simulator.refusal import Refusal, refuse_format

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_ROLES = ("system", "user", "assistant", "tool")
_DIRECTIVE = re.compile(r"\[simulate:([^\]]*)\][ \t]*\n?")
#: A line that says which tool is called, and how: a directive, the tool's name, its arguments.
_CALL_LINE = re.compile(
    rf"^[ \t]*\[simulate:[ \t]*({scenarios.CALL}\b[^\]]*)\][ \t]*(\S+)[ \t]*([{{\[].*)$\n?", re.MULTILINE
)
_NOT_PASSED_BACK = "The `{}` in the thinking mode must be passed back to the API."
_INSUFFICIENT = (
    "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. "
    "(insufficient tool messages following tool_calls message)"
)
_ORPHAN = "Messages with role 'tool' must be a response to a preceding message with 'tool_calls'"
_NO_PREFIX = (
    "The last message of {} must be a user message, or an assistant message with prefix mode on (refer to "
    "https://api-docs.deepseek.com/guides/chat_prefix_completion)."
)
_IMAGE = "<image>"


def read(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the messages of a request's body.

    The directive of a user's message is moved from its text to the key `simulate`.

    Raises:
        Refusal: if DeepSeek would refuse the messages.
    """
    messages = document.get("messages")
    if not isinstance(messages, list):
        refuse_format("missing field `messages`")
    if not messages:
        raise Refusal(400, "Empty input messages")
    for number, message in enumerate(messages):
        _check(message, number)
    _check_tool_chains(messages)
    return [without_directive(message) for message in messages]


def check_reasoning(messages: list[dict[str, Any]], *, has_tools: bool, is_message: bool = False) -> None:
    """Refuse an assistant's message without `reasoning_content`, as DeepSeek does while thinking.

    By its documentation, each such message needs the field if the request has tools. Answers that
    users report refuse only the last one before results of tools. Both are refused here. An empty
    string is accepted, null is not.
    """
    own = [message for message in messages if message["role"] == "assistant"]
    checked = own if has_tools else own[-1:] if messages[-1]["role"] == "tool" else []
    if any(message.get("reasoning_content") is None for message in checked):
        raise Refusal(400, _NOT_PASSED_BACK.format("content[].thinking" if is_message else "reasoning_content"))


def check_last(messages: list[dict[str, Any]], model: str, *, beta: bool) -> None:
    """Refuse a last message of the assistant that is no prefix, as DeepSeek does while thinking.

    A prefix is one only below `/beta`, whose error users report from other paths, too.
    """
    if messages[-1]["role"] == "assistant" and not (beta and messages[-1].get("prefix") is True):
        raise Refusal(400, _NO_PREFIX.format(model))


def text(message: Mapping[str, Any], *, sees_images: bool = True) -> str:
    """Return the text of a message; an image is a word, or nothing if the model does not see it."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    image = _IMAGE if sees_images else ""
    return "\n".join(str(part.get("text", image)) for part in content)


def context(messages: Iterable[dict[str, Any]], *, with_reasoning: bool, sees_images: bool) -> str:
    """Return the text of all messages whose tokens count as the prompt's.

    Args:
        messages: the messages.
        with_reasoning: whether the model reads earlier reasoning, which it does with tools only.
        sees_images: whether the model sees images.
    """
    parts = []
    for message in messages:
        calls = message.get("tool_calls")
        reasoning = message.get("reasoning_content") if with_reasoning else None
        written = json.dumps(calls, ensure_ascii=False) if calls else ""
        parts.append(f"<{message['role']}>{reasoning or ''}{text(message, sees_images=sees_images)}{written}")
    return "\n".join(parts)


def last_of_user(messages: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the last message of the user; without one, an empty one."""
    return next((message for message in reversed(messages) if message["role"] == "user"), {})


def prefix(messages: list[dict[str, Any]]) -> tuple[str, str] | None:
    """Return the reasoning and the content that the reply continues, or None.

    The last message is then the assistant's and has `"prefix": true` (DeepSeek's documentation,
    "Chat Prefix Completion").
    """
    last = messages[-1]
    if last["role"] != "assistant" or last.get("prefix") is not True:
        return None
    return str(last.get("reasoning_content") or ""), text(last)


def _check(message: Any, number: int) -> None:
    if not isinstance(message, dict) or "role" not in message:
        refuse_format(f"messages[{number}]: missing field `role`")
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
        refuse_format(f"messages[{number}]: invalid type of `content`")
    if message["role"] == "assistant" and content is None and not message.get("tool_calls"):
        raise Refusal(400, "Invalid assistant message: content or tool_calls must be set")


def _check_tool_chains(messages: list[dict[str, Any]]) -> None:
    """Refuse a tool call without a result, and a result without a call."""
    open_calls: set[str] = set()
    for message in messages:
        if message["role"] == "tool":
            answered = str(message.get("tool_call_id"))
            if answered not in open_calls:
                raise Refusal(400, _ORPHAN)
            open_calls.discard(answered)
            continue
        if open_calls:
            raise Refusal(400, _INSUFFICIENT)
        calls = message.get("tool_calls") if message["role"] == "assistant" else None
        open_calls = {str(call.get("id")) for call in calls or () if isinstance(call, dict)}
    if open_calls:
        raise Refusal(400, _INSUFFICIENT)


def without_directive(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message with its directives moved from the text to other keys.

    The key `simulate` gets the text of the last directive, and `calls` a pair for each line that
    says which tool is called: the text of its directive, and name and arguments.
    """
    whole = text(message) if message["role"] == "user" else ""
    if _DIRECTIVE.search(whole) is None:
        return message
    calls = [(said, (name, given.strip())) for said, name, given in _CALL_LINE.findall(whole)]
    directives = _DIRECTIVE.findall(_CALL_LINE.sub("", whole))
    content = message["content"]
    if isinstance(content, str):
        content = _plain(content)
    else:
        content = [part | {"text": _plain(str(part["text"]))} if "text" in part else part for part in content]
    named = {"simulate": directives[-1]} if directives else {}
    return message | {"content": content} | named | ({"calls": calls} if calls else {})


def _plain(content: str) -> str:
    return _DIRECTIVE.sub("", _CALL_LINE.sub("", content))
