"""What is asked: the body of one request, checked before it is sent.

Prompts are literal: nothing in them is expanded. This module must not know endpoints, keys or connections.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from nbstream.client import models
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ThinkingField: TypeAlias = Literal["thinking", "chat_template_kwargs", "none"]

#: Every name that a server is known to take; DeepSeek maps minimal to low, medium and xhigh to high, ultra to max.
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max", "ultra")

_LEAST_TOP_P_WHILE_THINKING = 0.95
_NO_EFFECT_WHILE_THINKING = ("temperature", "presence_penalty", "frequency_penalty")


@dataclass(frozen=True, slots=True)
class Request:
    """One request, ready to be sent; fields left at None are the server's to decide."""

    model: str
    messages: tuple[Mapping[str, Any], ...] = field(repr=False)
    thinking: bool | None = None
    effort: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    thinking_field: ThinkingField = "thinking"

    def __post_init__(self) -> None:
        for name, value in (("temperature", self.temperature), ("top-p", self.top_p)):
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise RequestError(f"{name} is {value}: it must be a number from 0 up.")
        if self.max_tokens is not None and self.max_tokens < 1:
            raise RequestError(f"max-tokens is {self.max_tokens}: it must be at least 1.")
        if self.effort is not None and self.effort not in EFFORTS:
            raise RequestError(f"effort is {self.effort!r}: it must be one of {', '.join(EFFORTS)}.")
        if self.thinking is not None and self.thinking_field == "none":
            raise RequestError("This endpoint's thinking cannot be switched: DeepSeekMagics.thinking_field is 'none'.")

    def body(self) -> dict[str, Any]:
        """Return the JSON object to send; `extra_body` goes over everything else."""
        body: dict[str, Any] = {"model": self.model, "messages": list(self.messages), "stream": True}
        # DeepSeek reports usage anyway; vLLM, SGLang and OpenRouter only if asked.
        body["stream_options"] = {"include_usage": True}
        if self.thinking is not None:
            if self.thinking_field == "thinking":
                body["thinking"] = {"type": "enabled" if self.thinking else "disabled"}
            else:
                body["chat_template_kwargs"] = {"thinking": self.thinking, "enable_thinking": self.thinking}
        optional = {
            "reasoning_effort": self.effort,
            "temperature": self.temperature,
            "top_p": self.top_p,
            "max_tokens": self.max_tokens,
            "stop": list(self.stop) or None,
        }
        body.update({name: value for name, value in optional.items() if value is not None})
        body.update(self.extra_body)
        return body

    def without_effect(self) -> list[str]:
        """Return a sentence for each parameter that DeepSeek is known to ignore or change in this combination."""
        if not models.is_deepseek(self.model):
            return []
        body = self.body()
        given = body.get("thinking")
        thinking = not (isinstance(given, dict) and given.get("type") == "disabled") and self.effort != "none"
        top_p = body.get("top_p")
        sentences = []
        if thinking:
            ignored = [name for name in _NO_EFFECT_WHILE_THINKING if body.get(name) is not None]
            if ignored:
                verb = "has" if len(ignored) == 1 else "have"
                sentences.append(f"{' and '.join(ignored)} {verb} no effect while the model thinks (--no-think).")
            if isinstance(top_p, int | float) and top_p < _LEAST_TOP_P_WHILE_THINKING:
                sentences.append(f"top_p {top_p} is raised to {_LEAST_TOP_P_WHILE_THINKING} while the model thinks.")
        else:
            if top_p is not None and top_p != 1:
                sentences.append("top_p has no effect without thinking: DeepSeek fixes it at 1.")
            if self.effort not in (None, "none"):
                sentences.append("effort has no effect without thinking.")
        return sentences


def turns(
    prompt: str | None, messages: Sequence[Mapping[str, Any]] | None, system: str | None
) -> tuple[Mapping[str, Any], ...]:
    """Return the messages to send for a prompt, or for the turns of a conversation.

    Raises:
        RequestError: if neither or both are given, or what is given is empty.
    """
    if (prompt is None) == (messages is None):
        raise RequestError("Give either a prompt or messages.")
    if messages is not None:
        given = tuple(messages)
        if not given or not all(hasattr(turn, "keys") and "role" in turn for turn in given):
            raise RequestError("messages must be a list of objects with a role, and not empty.")
    elif not isinstance(prompt, str):
        raise RequestError(f"The prompt must be text, not {type(prompt).__name__}.")
    elif not prompt.strip():
        raise RequestError("The prompt is empty: write it below the first line of the cell.")
    else:
        given = ({"role": "user", "content": prompt},)
    return ({"role": "system", "content": system}, *given) if system else given
