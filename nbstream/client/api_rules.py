"""The rules of a request that depend on the API of its server.

Messages and parameters have the form of chat completions for both APIs; `model.messages_body`
writes them in Anthropic's form.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from nbstream.language import _
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from nbstream.client.endpoints import Endpoint
    from nbstream.client.thinking import ThinkingField

#: The switches for thinking that Anthropic's API has.
_SWITCHES = ("thinking", "adaptive", "budget", "none")
#: The first version of Claude that takes `adaptive`.
_FIRST_ADAPTIVE = (4, 6)
#: The key of a message with content blocks that names the server they came from. It is never sent.
ORIGIN = "content_blocks_from"
#: Of each token, at DeepSeek (API reference, `top_logprobs`, November 2026).
_MOST_ALTERNATIVES = 20
_THOUGHTS = ("thinking", "redacted_thinking")
#: Blocks that only the server can read that wrote them.
_OF_SERVER = ("redacted_thinking", "server_tool_use", "web_search_tool_result", "web_fetch_tool_result")


def first_parameters(endpoint: Endpoint, max_tokens: int | None) -> dict[str, Any]:
    """Return the parameters that each request to a server has."""
    limit = endpoint.facts.default_max_tokens if max_tokens is None else max_tokens
    limited: dict[str, Any] = {} if limit is None else {endpoint.facts.max_tokens_field: limit}
    if endpoint.facts.api == "anthropic":
        # Its streams always have usage.
        return {"stream": True, **limited}
    # DeepSeek always reports usage; vLLM, SGLang and OpenRouter only if asked to.
    return {"stream": True, "stream_options": {"include_usage": True}, **limited}


def probabilities(endpoint: Endpoint, alternatives: Any) -> dict[str, Any]:
    """Return the parameters that ask for the probabilities of tokens; none if it is None.

    Raises:
        RequestError: if it is no number of alternatives, or if the API has no probabilities.
    """
    if alternatives is None:
        return {}
    if isinstance(alternatives, bool) or not isinstance(alternatives, int) or alternatives < 0:
        raise RequestError(
            _("`logprobs=` is {alternatives!r}: it must be a whole number of at least 0.", alternatives=alternatives)
        )
    if endpoint.facts.api == "anthropic":
        raise RequestError(
            _("`logprobs=` cannot be sent to this server: Anthropic's API has no probabilities of tokens.")
        )
    if endpoint.on_deepseek and alternatives > _MOST_ALTERNATIVES:
        raise RequestError(
            _(
                "`logprobs=` is {alternatives}: DeepSeek gives at most {most_alternatives}.",
                alternatives=alternatives,
                most_alternatives=_MOST_ALTERNATIVES,
            )
        )
    return {"logprobs": True, "top_logprobs": alternatives}


def switch_of(endpoint: Endpoint, model: str, chosen: ThinkingField | str) -> Any:
    """Return the field that switches thinking on and off.

    The setting is for all servers, but one of chat completions has no meaning in the other API.
    Claude before 4.6 knows only budgets, and Claude 5 refuses them (Anthropic's guide to adaptive
    thinking, November 2026).
    """
    if chosen and (endpoint.facts.api != "anthropic" or chosen in _SWITCHES):
        return chosen
    field = endpoint.facts.thinking_field
    return "budget" if field == "adaptive" and _version_of(model) < _FIRST_ADAPTIVE else field


def _version_of(model: str) -> tuple[int, int]:
    """Return the version in the id of a model of Claude; of any other model, the newest one.

    `claude-3-7-sonnet-20250219` is 3.7, and `claude-opus-4-1` is 4.1.
    """
    found = [int(each) for each in re.findall(r"(?<!\d)\d{1,2}(?!\d)", model.lower().rpartition("claude")[2])]
    if "claude" not in model.lower() or not found:
        return _FIRST_ADAPTIVE
    return found[0], found[1] if len(found) > 1 else 0


def fitted(messages: Iterable[Mapping[str, Any]], endpoint: Endpoint, model: str) -> Iterator[Mapping[str, Any]]:
    """Yield the messages as this server can read them.

    Content blocks go back to the API that they came from. Claude checks the signatures of thoughts,
    so it gets only those that it has signed itself; others are no part of the history there.
    """
    is_anthropic = endpoint.facts.api == "anthropic"
    checks = is_anthropic and "claude" in model.lower() and not endpoint.on_deepseek
    for message in messages:
        if not is_anthropic and "content_blocks" in message:
            yield {name: value for name, value in message.items() if name not in ("content_blocks", ORIGIN)}
        elif is_anthropic and message.get("role") == "assistant":
            yield _readable(message, endpoint.origin, checks=checks)
        else:
            yield message


def _readable(message: Mapping[str, Any], origin: str, *, checks: bool) -> Mapping[str, Any]:
    is_own = message.get(ORIGIN, origin) == origin
    found = {name: value for name, value in message.items() if name != ORIGIN}
    if checks:
        found.pop("reasoning_content", None)
    blocks = found.get("content_blocks")
    if isinstance(blocks, list | tuple):
        foreign = () if is_own else (*_OF_SERVER, *(_THOUGHTS if checks else ()))
        found["content_blocks"] = [
            block for block in blocks if block.get("type") not in foreign and not (checks and _is_unsigned(block))
        ]
    return found


def _is_unsigned(block: Mapping[str, Any]) -> bool:
    return block.get("type") == "thinking" and not block.get("signature")
