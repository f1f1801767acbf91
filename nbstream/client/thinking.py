"""The fields with which servers switch thinking on and off.

Most servers ignore a field that they do not know, and go on thinking. What each of them takes was
seen in November 2026 in their documentation and source, and in runs of vLLM, llama-server and
llama-cpp-python.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias, get_args

from nbstream.language import _
from nbstream.model.exceptions import RequestError

ThinkingField: TypeAlias = Literal[
    "thinking",  # DeepSeek, Zhipu, Moonshot, Volcengine
    "chat_template_kwargs",  # vLLM, SGLang, llama.cpp, mlx_lm
    "reasoning_effort",  # Ollama, OpenAI
    "enable_thinking",  # DashScope, SiliconFlow, ModelScope
    "reasoning",  # OpenRouter
    "adaptive",  # Claude since 4.6: it decides itself how much it thinks, within its effort
    "budget",  # Claude up to 4.5, which takes no other form
    "none",  # servers that take none of these
]
ReasoningRule: TypeAlias = Literal[
    "never",  # the request has no tools
    "always",  # DeepSeek with tools: "" where there was no reasoning
    "as_received",  # any other server with tools: the field that the server itself sent
    "blocks",  # Anthropic's API: the content blocks, as the server sent them
    "blocks_always",  # DeepSeek with this API: the same, and thoughts without a signature
]
#: The least budget that Anthropic's API takes, and our share of the limit of the reply, which has
#: to be larger than the budget (its guide to extended thinking, November 2026).
_LEAST_BUDGET = 1_024
_BUDGET_SHARE = 0.5
FIELDS: tuple[ThinkingField, ...] = get_args(ThinkingField)


def switch(
    field: ThinkingField, *, thinking: bool, effort: str = "medium", max_tokens: int | None = None
) -> dict[str, Any]:
    """Return the fields of a request that switch thinking on or off.

    Args:
        field: the server's field.
        thinking: whether the model thinks.
        effort: the one that switches it on, where the field is the effort.
        max_tokens: the limit of the reply, which limits a budget for thinking.

    Raises:
        RequestError: if the limit leaves no room for thinking.
    """
    match field:
        case "adaptive" | "budget" if not thinking:
            return {"thinking": {"type": "disabled"}}
        case "adaptive":
            # The newest models leave out their thoughts unless they are asked for a summary.
            return {"thinking": {"type": "adaptive", "display": "summarized"}}
        case "budget":
            budget = max(_LEAST_BUDGET, int((max_tokens or 0) * _BUDGET_SHARE))
            if max_tokens is not None and max_tokens <= budget:
                raise RequestError(
                    _(
                        "`max_tokens=` {max_tokens:,} is too little: this model thinks with at least {least_budget:,} "
                        "tokens, and the limit includes them. Raise it, or leave out `thinking=True`.",
                        max_tokens=max_tokens,
                        least_budget=_LEAST_BUDGET,
                    )
                )
            return {"thinking": {"type": "enabled", "budget_tokens": budget}}
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


def rule_for(fields: object, *, is_deepseek: bool, has_blocks: bool = False) -> ReasoningRule:
    """Return whether earlier messages carry their reasoning in a request.

    Args:
        fields: the fields of the request.
        is_deepseek: whether DeepSeek's rules hold for it.
        has_blocks: whether it goes to Anthropic's API, where messages are lists of blocks.
    """
    if has_blocks:
        return "blocks_always" if is_deepseek else "blocks"
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
