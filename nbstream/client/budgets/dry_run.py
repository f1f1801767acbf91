"""What requests would take, without sending them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from nbstream.billing.estimates import choices_of, prompt_tokens_estimate
from nbstream.client.budgets import needs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nbstream.model.request import Request


@dataclass(frozen=True, slots=True)
class DryRun:
    """What requests would take together.

    Attributes:
        first: the first request.
        count: how many there are.
        models: their models, each once.
        prompt: about how many tokens their prompts have.
        reply: the most tokens that their replies may have.
        is_named: whether each request names its limit; of others it is that of DeepSeek's API.
        lowest: what they cost if every prompt is in the server's cache and nothing is answered.
        highest: what they cost if no prompt is in the cache and every reply is as long as it may
            be.
        currency: of both.
        unpriced: of how many the price is not known; they are in neither.
        has_tools: whether the model may call tools, so that more requests may follow.
    """

    first: Request
    count: int
    models: tuple[str, ...]
    prompt: int
    reply: int
    is_named: bool
    lowest: Decimal
    highest: Decimal
    currency: str
    unpriced: int
    has_tools: bool


def dry_run_of(requests: Iterable[Request], currency: str) -> DryRun | None:
    """Return what requests would take now; None if there are none.

    Args:
        requests: the requests.
        currency: the currency of the account.
    """
    now, found, models = time.time(), [], dict[str, None]()
    first, prompt, reply, unpriced = None, 0, 0, 0
    lowest = highest = Decimal(0)
    is_named = True
    for request in requests:
        first = request if first is None else first
        found.append(bool(request.parameters.get("tools")))
        models[request.model] = None
        tokens, limit = prompt_tokens_estimate(request), needs.limit_of(request)
        most = (needs.default_limit(request) if limit is None else limit) * choices_of(request)
        is_named &= limit is not None
        prompt, reply = prompt + tokens, reply + most
        low = needs.price_of(request, tokens, currency, now, is_cached=True)
        high = needs.price_of(request, tokens, currency, now)
        if low is None or high is None or currency not in {low.currency, high.currency}:
            unpriced += 1
            continue
        lowest, highest = lowest + low.prompt, highest + high.prompt + most * high.token
    if first is None:
        return None
    return DryRun(
        first, len(found), tuple(models), prompt, reply, is_named, lowest, highest, currency, unpriced, any(found)
    )
