"""Works out one completion before any of it is sent: its deltas, its finish reason and its usage.

Scenarios about the content of a reply take effect here.

To add a kind of delta, yield it in `_deltas`, and write its JSON in `_fields` in `chunks`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any, Literal

from nbstream.simulator import prepared_texts, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from nbstream.simulator.chat_request import ChatRequest

_BETWEEN_SURROGATES = re.compile("(?<=[\ud800-\udbff])(?=[\udc00-\udfff])")
#: Longer arguments of a call come in pieces of this length.
_LONG = 4096


@dataclass(frozen=True, slots=True)
class Delta:
    """One token.

    Attributes:
        text: the token; empty in the first delta of a tool call.
        call: the index of the tool call, if `kind` is `call`.
        id: the id of the tool call; only its first delta has one.
        name: the name of the function; None in all but the first delta of a tool call.
    """

    kind: Literal["reasoning", "answer", "call"]
    text: str
    call: int = 0
    id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """One reply to a chat request.

    Attributes:
        hit_tokens: the number of `prompt_tokens` that come from the prefix cache.
        reports_usage: see `ChatRequest`.
        logprobs: see `ChatRequest`.
        is_chat: whether it answers a chat request.
        likely: by token its probability, and those of other tokens in its place.
    """

    id: str
    created: int
    model: str
    deltas: tuple[Delta, ...]
    finish_reason: str
    prompt_tokens: int
    hit_tokens: int
    reports_usage: bool = False
    logprobs: int | None = None
    is_chat: bool = True
    likely: Mapping[str, tuple[float, Mapping[str, float]]] = field(default_factory=dict)

    def usage(self, sent: int | None = None) -> dict[str, Any]:
        """Return the usage after the first `sent` deltas (default: all), in DeepSeek's format."""
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

    def joined_deltas(self) -> Iterator[Delta]:
        """Yield the deltas with neighbours of the same kind, call and name joined to one."""
        for (kind, call, name), group in groupby(self.deltas, lambda delta: (delta.kind, delta.call, delta.name)):
            deltas = list(group)
            yield Delta(kind, "".join(delta.text for delta in deltas), call, deltas[0].id, name)


def complete(
    request: ChatRequest, *, completion_id: str, created: int, prompt_tokens: int, hit_tokens: int
) -> Completion:
    """Return the completion of `request`.

    Args:
        request: the request.
        completion_id: the id of the completion.
        created: when it was created, in seconds since the Unix epoch.
        prompt_tokens: number of tokens of the prompt.
        hit_tokens: number of those tokens that were in the prefix cache.
    """
    finish_reason = "tool_calls" if request.calls else "stop"
    stream = _deltas(request, completion_id)
    if "surrogates" in request.plan:
        stream = _split_surrogates(stream)
    deltas = tuple(islice(stream, request.max_tokens + 1))
    if len(deltas) > request.max_tokens:
        deltas, finish_reason = deltas[:-1], "length"
    if (truncate := request.plan.get("truncate")) is not None:
        deltas, finish_reason = deltas[: truncate["after"]], "length"
    if (finish := request.plan.get("finish")) is not None:
        deltas, finish_reason = deltas[: finish["after"]], finish["reason"]
    return Completion(
        completion_id,
        created,
        request.model,
        deltas,
        finish_reason,
        prompt_tokens,
        hit_tokens,
        request.reports_usage,
        request.logprobs,
        request.filled_in is None,
        request.written.probabilities() if request.written is not None else {},
    )


def _deltas(request: ChatRequest, salt: str) -> Iterator[Delta]:
    text = prepared_texts.text_for(request)
    reasoning, answer = tokens.split(text.reasoning), tokens.split(text.answer)
    if reasoning and "think-tags" in request.plan:
        reasoning = ["<thi", "nk>\n", *reasoning, "\n</thi", "nk>\n\n"]
    options = request.plan.get("tool-call") or {"say": 0, "pieces": "token", "broken": "no"}
    yield from (Delta("reasoning", token) for token in reasoning)
    yield from (Delta("answer", token) for token in (answer[: options["say"]] if request.calls else answer))
    for index, call in enumerate(request.calls):
        number = 0 if options["broken"] == "same-id" else index
        yield Delta("call", "", index, f"call_{number:02}_{salt[:8]}" if call.has_id else "", call.name)
        yield from (Delta("call", piece, index) for piece in _pieces(call.arguments, options["pieces"]))


def _pieces(arguments: str, size: str) -> Iterable[str]:
    match size:
        case "whole":
            return [arguments]
        case "character":
            return arguments
        case _ if len(arguments) > _LONG:
            # As tokens, a megabyte would be more of them than a reply may have.
            return (arguments[at : at + _LONG] for at in range(0, len(arguments), _LONG))
        case _:
            return tokens.split(arguments)


def _split_surrogates(deltas: Iterable[Delta]) -> Iterator[Delta]:
    """Split each delta in the middle of every character that UTF-16 writes as a surrogate pair."""
    for delta in deltas:
        if not delta.text:
            yield delta
            continue
        units = delta.text.encode("utf-16-le", "surrogatepass")
        text = "".join(chr(int.from_bytes(units[at : at + 2], "little")) for at in range(0, len(units), 2))
        yield from (Delta(delta.kind, part, delta.call) for part in _BETWEEN_SURROGATES.split(text))
