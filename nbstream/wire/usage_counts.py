"""The `usage` of a chunk, in the ways of counting of different servers."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from nbstream.model.usage import Usage

#: A larger number is a mistake: up to here all JSON parsers agree (RFC 8259, section 6).
_MAX_SAFE_INTEGER = (1 << 53) - 1


def usage_of(raw: dict[str, Any]) -> Usage | None:
    """Return the usage that `raw` holds; None if it has no number, or nothing but zeros."""
    names = ("prompt_tokens", "prompt_cache_hit_tokens", "prompt_cache_miss_tokens")
    prompt, hit, miss = (count(raw.get(name)) for name in names)
    if hit is None:
        hit = _detail(raw, "prompt_tokens_details", "cached_tokens")
    if hit is None:
        # Kimi
        hit = count(raw.get("cached_tokens"))
    completion, total = count(raw.get("completion_tokens")), count(raw.get("total_tokens"))
    if completion and not prompt:
        # Every prompt has tokens: a server that does not count those fills in zeros.
        prompt, total = None, None
        hit, miss = hit or None, miss or None
    if prompt is not None and miss is None and hit is not None:
        miss = max(0, prompt - hit)
    elif prompt is not None and hit is None and miss is not None:
        hit = max(0, prompt - miss)
    reasoning = _detail(raw, "completion_tokens_details", "reasoning_tokens")
    if reasoning is None:
        reasoning = count(raw.get("reasoning_tokens"))
    usage = _with_split(Usage(prompt, completion, total, hit, miss, reasoning))
    told = raw.get("cost")
    # Perplexity tells the parts, too: a search has a price of its own.
    cost = amount(told.get("total_cost") if isinstance(told, dict) else told)
    if not any((prompt, completion, total, hit, miss, reasoning, cost)):
        return None
    written = _detail(raw, "prompt_tokens_details", "cache_write_tokens")
    if written is None:
        # LiteLLM, of Anthropic's models
        written = count(raw.get("cache_creation_input_tokens"))
    return replace(usage, cost=cost, cache_write_tokens=written)


def count(value: object) -> int | None:
    """Return a number of tokens, or None; some servers send `12.0` for 12."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX_SAFE_INTEGER:
        return value
    return None


def _with_split(usage: Usage) -> Usage:
    """Return a usage whose `completion_tokens` include the reasoning, or that has no split.

    xAI and Gemini count reasoning apart: prompt + completion + reasoning = total.
    """
    prompt, completion, total, reasoning = (
        usage.prompt_tokens,
        usage.completion_tokens,
        usage.total_tokens,
        usage.reasoning_tokens,
    )
    if not reasoning or completion is None:
        return usage
    if prompt is not None and total is not None and prompt + completion != total:
        if prompt + completion + reasoning == total:
            return replace(usage, completion_tokens=completion + reasoning)
        return replace(usage, reasoning_tokens=None)
    return usage if reasoning <= completion else replace(usage, reasoning_tokens=None)


def _detail(raw: dict[str, Any], field: str, name: str) -> int | None:
    details = raw.get(field)
    return count(details.get(name)) if isinstance(details, dict) else None


def amount(value: object) -> float | None:
    """Return a sum of money, or None."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            return None
        return number if math.isfinite(number) and number >= 0 else None
    return None
