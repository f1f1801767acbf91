"""The `usage` of a chunk, in the ways of counting of different servers."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

from nbstream.model.usage import Usage

#: A larger number of tokens is a mistake, and would spoil all sums: no model takes that much.
_MOST_TOKENS = 1_000_000_000
#: The only currency of `Usage.cost`, and the fields of a usage that may name another one.
_DOLLARS = "USD"
_CURRENCIES = ("currency", "cost_currency")
#: The names of the counts in chat completions, and in some servers (mlx-vlm) those of other APIs.
_PROMPT, _COMPLETION = ("prompt_tokens", "input_tokens"), ("completion_tokens", "output_tokens")
_DECIMAL = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,30})?")


def usage_of(raw: dict[str, Any]) -> Usage | None:
    """Return the usage that `raw` holds; None if it has no number, or nothing but zeros."""
    prompt, completion, total = _first(raw, _PROMPT), _first(raw, _COMPLETION), count(raw.get("total_tokens"))
    hit, miss = count(raw.get("prompt_cache_hit_tokens")), count(raw.get("prompt_cache_miss_tokens"))
    if hit is None:
        hit = _detail(raw, "prompt_tokens_details", "cached_tokens")
    if hit is None:
        # Kimi
        hit = count(raw.get("cached_tokens"))
    if completion and not prompt:
        # Every prompt has tokens: a server that does not count those fills in zeros.
        prompt, total = None, None
        hit, miss = hit or None, miss or None
    reasoning = _detail(raw, "completion_tokens_details", "reasoning_tokens")
    if reasoning is None:
        reasoning = count(raw.get("reasoning_tokens"))
    written = _detail(raw, "prompt_tokens_details", "cache_write_tokens")
    if written is None:
        # LiteLLM, of Anthropic's models
        written = count(raw.get("cache_creation_input_tokens"))
    if written is None:
        written = _detail(raw, "prompt_tokens_details", "cache_creation_tokens")
    cost = _cost(raw)
    if not any((prompt, completion, total, hit, miss, reasoning, cost)):
        return None
    usage = Usage(prompt, completion, total, hit, miss, reasoning, cost, cache_write_tokens=written)
    return _with_whole_output(_with_cache(_with_whole_prompt(usage)))


def count(value: object) -> int | None:
    """Return a number of tokens, or None; some servers send `12.0` for 12."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_TOKENS:
        return value
    return None


def _with_whole_prompt(usage: Usage) -> Usage:
    """Return a usage whose `prompt_tokens` include those that were in the cache, or written to it.

    Gateways to Anthropic's models may count these apart, as its API does: then there are more of
    them than tokens in the prompt, or the total has them, too.
    """
    prompt, hit, completion = usage.prompt_tokens, usage.cache_hit_tokens, usage.completion_tokens
    if prompt is None or hit is None or usage.cache_miss_tokens is not None:
        return usage
    apart = hit + (usage.cache_write_tokens or 0)
    is_in_total = bool(apart) and completion is not None and usage.total_tokens == prompt + apart + completion
    if hit <= prompt and (not is_in_total or usage.reasoning_tokens == apart):
        return usage
    total = None if completion is None else prompt + apart + completion
    return replace(usage, prompt_tokens=prompt + apart, total_tokens=total)


def _with_cache(usage: Usage) -> Usage:
    """Return a usage whose `prompt_tokens` are the sum of its split, or that has no split.

    Numbers that contradict each other make no exact cost: the larger prompt, without a split, makes
    an upper bound.
    """
    prompt, hit, miss = usage.prompt_tokens, usage.cache_hit_tokens, usage.cache_miss_tokens
    if prompt is None or (hit is None and miss is None):
        return usage
    hit = max(0, prompt - (miss or 0)) if hit is None else hit
    miss = max(0, prompt - hit) if miss is None else miss
    both = hit + miss
    if both == prompt:
        return replace(usage, cache_hit_tokens=hit, cache_miss_tokens=miss)
    completion = usage.completion_tokens
    total = None if completion is None else both + completion
    if miss == prompt or (total is not None and total == usage.total_tokens):
        # The prompt is told without the part that was in the cache.
        return replace(usage, prompt_tokens=both, total_tokens=total, cache_hit_tokens=hit, cache_miss_tokens=miss)
    return replace(usage, prompt_tokens=max(prompt, both), cache_hit_tokens=None, cache_miss_tokens=None)


def _with_whole_output(usage: Usage) -> Usage:
    """Return a usage whose `completion_tokens` include the reasoning, or that has no split.

    xAI and Gemini count reasoning apart: prompt + completion + reasoning = total. Gemini's API and
    gateways to it may leave out how much it is: then only the total has it.
    """
    prompt, completion, total, reasoning = (
        usage.prompt_tokens,
        usage.completion_tokens,
        usage.total_tokens,
        usage.reasoning_tokens,
    )
    if prompt is not None and total is not None and total > prompt + (completion or 0):
        is_apart = completion is not None and prompt + completion + (reasoning or 0) == total
        completion = total - prompt
        reasoning = reasoning if is_apart else None
    if reasoning and completion is not None and reasoning > completion:
        reasoning = None
    return replace(usage, completion_tokens=completion, reasoning_tokens=reasoning)


def _cost(raw: dict[str, Any]) -> float | None:
    """Return the cost that the server reports, in US dollars; None if that is not known."""
    told = raw.get("cost")
    places = [raw]
    if isinstance(told, dict):
        # Perplexity tells the parts, too: a search has a price of its own.
        places.append(told)
        told = told.get("total_cost")
    if any(place.get(name) not in (None, "", _DOLLARS) for place in places for name in _CURRENCIES):
        return None
    own, details = amount(told), raw.get("cost_details")
    upstream = amount(details.get("upstream_inference_cost")) if isinstance(details, dict) else None
    if raw.get("is_byok") is True or (own is not None and upstream is not None and upstream > own):
        # With a key of the user's own, OpenRouter bills its fee, and the provider bills the rest.
        return None if own is None or upstream is None else float(Decimal(str(own)) + Decimal(str(upstream)))
    return own


def _first(raw: dict[str, Any], names: tuple[str, ...]) -> int | None:
    return next((number for name in names if (number := count(raw.get(name))) is not None), None)


def _detail(raw: dict[str, Any], field: str, name: str) -> int | None:
    details = raw.get(field)
    return count(details.get(name)) if isinstance(details, dict) else None


def amount(value: object) -> float | None:
    """Return a sum of money, or None; some gateways send `"0.12"` for 0.12."""
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        value = float(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            return None
        return number if math.isfinite(number) and number >= 0 else None
    return None
