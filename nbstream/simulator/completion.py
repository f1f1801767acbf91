"""One completion, worked out before a byte of it is sent: its deltas, its finish reason and its usage.

Here the scenarios that change *what* is said have their effect. This module must not know how chunks are written
(`chunks`) or when they are sent (`api`).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from nbstream.simulator import prepared_texts, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from nbstream.simulator.chat_request import ChatRequest

_PAIR = re.compile("(?<=[\ud800-\udbff])(?=[\udc00-\udfff])")
_DEPTH = 8


@dataclass(frozen=True, slots=True)
class Delta:
    """One token. For a call, `call` says which; its first delta has an id and a name and no text."""

    kind: Literal["reasoning", "answer", "call"]
    text: str
    call: int = 0
    id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """What will be answered. `prompt_tokens` contains `hit_tokens`, which came from the prefix cache."""

    id: str
    created: int
    model: str
    deltas: tuple[Delta, ...]
    finish_reason: str
    prompt_tokens: int
    hit_tokens: int

    def usage(self, sent: int | None = None) -> dict[str, Any]:
        """Return the usage in DeepSeek's shape, after `sent` deltas or after all of them."""
        deltas = self.deltas[:sent]
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": len(deltas),
            "total_tokens": self.prompt_tokens + len(deltas),
            "prompt_tokens_details": {"cached_tokens": self.hit_tokens},
            "completion_tokens_details": {"reasoning_tokens": sum(each.kind == "reasoning" for each in deltas)},
            "prompt_cache_hit_tokens": self.hit_tokens,
            "prompt_cache_miss_tokens": self.prompt_tokens - self.hit_tokens,
        }

    def text(self, kind: Literal["reasoning", "answer"]) -> str:
        """Return all the text of one kind."""
        return "".join(delta.text for delta in self.deltas if delta.kind == kind)

    def calls(self) -> list[dict[str, Any]]:
        """Return the tool calls as a message that is not streamed has them."""
        heads = [delta for delta in self.deltas if delta.name is not None]
        return [
            {
                "index": head.call,
                "id": head.id,
                "type": "function",
                "function": {"name": head.name, "arguments": self._arguments(head.call)},
            }
            for head in heads
        ]

    def _arguments(self, call: int) -> str:
        return "".join(delta.text for delta in self.deltas if delta.kind == "call" and delta.call == call)


def complete(
    request: ChatRequest, *, completion_id: str, created: int, prompt_tokens: int, hit_tokens: int
) -> Completion:
    """Work out the completion of `request`."""
    calls = request.tools_required or ("tool-call" in request.plan and not request.tool_results)
    finish_reason = "tool_calls" if request.tools and calls else "stop"
    said = _deltas(request, completion_id, calls=finish_reason == "tool_calls")
    if "surrogates" in request.plan:
        said = _halved(said)
    deltas = tuple(islice(said, request.max_tokens + 1))
    if len(deltas) > request.max_tokens:
        deltas, finish_reason = deltas[:-1], "length"
    if (truncate := request.plan.get("truncate")) is not None:
        deltas, finish_reason = deltas[: truncate["after"]], "length"
    if (finish := request.plan.get("finish")) is not None:
        deltas, finish_reason = deltas[: finish["after"]], finish["reason"]
    return Completion(completion_id, created, request.model, deltas, finish_reason, prompt_tokens, hit_tokens)


def _deltas(request: ChatRequest, salt: str, *, calls: bool) -> Iterator[Delta]:
    script = prepared_texts.script(request)
    yield from _reasoning(script.reasoning, request)
    if calls:
        options = request.plan.get("tool-call") or {"calls": 1, "say": 0}
        yield from (Delta("answer", token) for token in tokens.split(script.answer)[: options["say"]])
        yield from _calls(request.tools, options["calls"], salt)
    else:
        yield from (Delta("answer", token) for token in tokens.split(script.answer))


def _reasoning(text: str, request: ChatRequest) -> Iterator[Delta]:
    if not text:
        return
    words = tokens.split(text)
    if "think-tags" in request.plan:
        words = ["<thi", "nk>\n", *words, "\n</thi", "nk>\n\n"]
    yield from (Delta("reasoning", word) for word in words)


def _calls(tools: tuple[dict[str, Any], ...], count: int, salt: str) -> Iterator[Delta]:
    for index in range(count):
        function = tools[index % len(tools)]["function"]
        yield Delta("call", "", index, f"call_{index:02}_{salt[:8]}", function["name"])
        arguments = _example(function.get("parameters"), "")
        for token in tokens.split(json.dumps(arguments if isinstance(arguments, dict) else {}, ensure_ascii=False)):
            yield Delta("call", token, index)


def _example(schema: Any, name: str, depth: int = 0) -> Any:
    """Return a value that fits a plain JSON schema; what it does not understand becomes a word."""
    if not isinstance(schema, dict) or depth > _DEPTH:
        return name
    choices = schema.get("enum")
    if isinstance(choices, list) and choices:
        return choices[0]
    match schema.get("type", "string" if name else "object"):
        case "object":
            properties = schema.get("properties")
            wanted = properties if isinstance(properties, dict) else {}
            return {key: _example(value, key, depth + 1) for key, value in wanted.items()}
        case "array":
            return [_example(schema.get("items"), name, depth + 1)]
        case "integer":
            return 2
        case "number":
            return 2.5
        case "boolean":
            return True
        case _:
            return {"city": "Hangzhou", "date": "2026-11-21"}.get(name, name)


def _halved(deltas: Iterable[Delta]) -> Iterator[Delta]:
    """Split each delta between the surrogates of a character beyond the basic plane."""
    for delta in deltas:
        if not delta.text:
            yield delta
            continue
        units = delta.text.encode("utf-16-le", "surrogatepass")
        text = "".join(chr(int.from_bytes(units[at : at + 2], "little")) for at in range(0, len(units), 2))
        yield from (Delta(delta.kind, part, delta.call) for part in _PAIR.split(text))
