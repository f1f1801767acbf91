"""The fields with which servers switch thinking on and off.

Most servers ignore a field that they do not know, and go on thinking. What each of them takes was
seen in November 2026 in their documentation and source, and in runs of vLLM, llama-server and
llama-cpp-python.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias, get_args

ThinkingField: TypeAlias = Literal[
    "thinking",  # DeepSeek, Zhipu, Moonshot, Volcengine
    "chat_template_kwargs",  # vLLM, SGLang, llama.cpp, mlx_lm
    "reasoning_effort",  # Ollama, OpenAI
    "enable_thinking",  # DashScope, SiliconFlow, ModelScope
    "reasoning",  # OpenRouter
    "none",  # servers that take none of these
]
ReasoningRule: TypeAlias = Literal[
    "never",  # the request has no tools
    "always",  # DeepSeek with tools: "" where there was no reasoning
    "as_received",  # any other server with tools: the field that the server itself sent
]
FIELDS: tuple[ThinkingField, ...] = get_args(ThinkingField)


def switch(field: ThinkingField, *, thinking: bool, effort: str = "medium") -> dict[str, Any]:
    """Return the fields of a request that switch thinking on or off.

    `effort` is the one that switches it on, where the field is the effort.
    """
    match field:
        case "thinking":
            return {"thinking": {"type": "enabled" if thinking else "disabled"}}
        case "chat_template_kwargs":
            # Templates of Qwen, GLM and others read the second name, those of DeepSeek the first.
            return {"chat_template_kwargs": {"thinking": thinking, "enable_thinking": thinking}}
        case "reasoning_effort":
            return {"reasoning_effort": effort if thinking else "none"}
        case "enable_thinking":
            return {"enable_thinking": thinking}
        case "reasoning":
            return {"reasoning": {"enabled": thinking}}
        case "none":
            return {}


def rule_for(fields: object, *, is_deepseek: bool) -> ReasoningRule:
    """Return whether earlier messages carry their reasoning in a request with these fields."""
    if not (isinstance(fields, Mapping) and fields.get("tools")):
        return "never"
    return "always" if is_deepseek else "as_received"


def field_that_switches_off(parameters: Mapping[str, Any]) -> str:
    """Return the name of the field that switches thinking off; empty if no field does."""
    for name in ("thinking", "chat_template_kwargs", "reasoning_effort", "enable_thinking", "reasoning", "think"):
        value = parameters.get(name)
        values = list(value.values()) if isinstance(value, dict) else [value]
        if any(each is False or each in ("disabled", "none") for each in values):
            return name
    return ""
