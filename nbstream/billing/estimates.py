"""About how many tokens a request has, and what they cost, where no server has counted them.

A server reports the tokens at the end of a response. So of one that was stopped or that broke, only
these estimates are known. They are kept apart from what is certain.

What is billed then is seldom documented. Those who compared found: the prompt from the moment at
which the server begins with it, and the output until it notices that nobody reads any more (LiteLLM
30630, bitrouter 537, OpenRouter's documentation of cancelled streams); some servers, as Bedrock and
xAI, bill all of the output, also where a client gave up before the first token (LiteLLM 34147).
Thus the estimates count the prompt, and the text that came.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nbstream.billing import prices
from nbstream.billing.image_tokens import image_tokens
from nbstream.model.events import Estimated, Waiting
from nbstream.model.reduction import reduce
from nbstream.model.reply import Reply
from nbstream.model.request import Request
from nbstream.model.token_estimate import estimate_tokens
from nbstream.model.usage import CostParts, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbstream.model.events import Ended
    from nbstream.model.failure import Failure
    from nbstream.model.usage import Cost

#: What the template of a model adds: to each prompt, to each message, and to the tools, which it
#: explains to the model.
_PER_PROMPT, _PER_MESSAGE, _PER_TOOLS = 4, 3, 120
#: Fields of the request that a server adds to the prompt; others are parameters.
_SENT_FIELDS = ("tools", "functions", "system", "prompt", "suffix", "guided_json")
#: A text has at most about this many times the tokens that are estimated.
_SURE = 1.5
#: Statuses of a gateway that did not wait for the server behind it, which goes on.
_GATEWAY_GAVE_UP = (504, 524)


def prompt_tokens_estimate(request: Request) -> int:
    """Return about how many tokens the prompt of a request has: its messages, tools and images.

    It is 0 for a request that is not known, as that of a recording.
    """
    parameters = request.parameters
    # Without tools, DeepSeek ignores the reasoning of earlier turns.
    names = ("content", "reasoning_content") if parameters.get("tools") else ("content",)
    total = 0
    for message in request.messages:
        total += _PER_MESSAGE + sum(_tokens(message.get(name)) for name in names)
        total += _tokens(message.get("tool_calls"))
    total += sum(_tokens(parameters.get(name)) for name in _SENT_FIELDS)
    form = parameters.get("response_format")
    total += _tokens(form.get("json_schema")) if isinstance(form, dict) else 0
    total += _PER_TOOLS if parameters.get("tools") else 0
    return total + _PER_PROMPT if total else 0


def choices_of(request: Request) -> int:
    """Return how many replies a request asks for at once."""
    choices = request.parameters.get("n")
    return choices if isinstance(choices, int) and choices > 1 else 1


def estimated_usage(of: Request | Reply) -> Usage:
    """Return the tokens of a request, or of the last request of a reply so far.

    Each number is the server's if it has reported it, and an estimate otherwise.

    Args:
        of: a request that is not sent yet, or a reply; it may still arrive.
    """
    if not isinstance(of, Reply):
        prompt = prompt_tokens_estimate(of)
        return Usage(prompt, 0, prompt, cache_miss_tokens=prompt, cache_hit_tokens=0)
    reported, more = of.own.usage or Usage(), unreported(of) or Usage(0, 0)
    prompt = (reported.prompt_tokens or 0) + (more.prompt_tokens or 0)
    output = (reported.completion_tokens or 0) + (more.completion_tokens or 0)
    whole = replace(reported, prompt_tokens=prompt, completion_tokens=output, total_tokens=prompt + output)
    return whole if reported.prompt_tokens is not None else replace(whole, **_uncached(of, prompt))


def unreported(reply: Reply) -> Usage | None:
    """Return about how many tokens of the last request no report counts; None if there are none."""
    usage = reply.own.usage
    if reply.last_step.recorded is not None or (usage is not None and usage.cost is not None and reply.own.is_counted):
        return None
    prompt = _prompt_of(reply) if usage is None or usage.prompt_tokens is None else 0
    reported = None if usage is None else usage.completion_tokens
    # Of replies that are asked for at once, one is shown, and the others are about as long.
    brought = reply.own.tokens * choices_of(reply.request)
    output = brought if reported is None or not reply.own.is_counted else 0
    if reported is not None and output:
        # A server that counts so far, as vLLM can, is right; others report a number at the start.
        output = 0 if output <= _SURE * reported else output - reported
    return Usage(prompt, output) if prompt or output else None


def estimated(reply: Reply, end: Ended, currency: str = "USD", *, has_data: bool) -> Estimated | None:
    """Return the event with the estimate for what the server did not report of the last request.

    Args:
        reply: the reply before its end, or before its next attempt.
        end: how the response ended.
        currency: the currency of the cost.
        has_data: whether the server sent anything but comments.

    Returns:
        None if all is reported, or if nothing can have been billed. Without a known price, the
        event has no cost. If all tokens are reported and their cost may be both higher and lower
        than what is known, the cost is such an estimate.
    """
    after = reduce(reply, end)
    missing = unreported(after)
    if missing is None and (after.own.is_counted or after.own.has_grown):
        return _rough(after, end.at, currency)
    if not _may_be_billed(reply, end.failure, has_data=has_data):
        return None
    return Estimated(end.at, missing or Usage(0, 0), cost_of_estimate(after, currency))


def lost(reply: Reply, end: Ended, currency: str = "USD", *, has_data: bool) -> Estimated | None:
    """Return the event with the estimate for an attempt that broke, and is made again.

    Nothing of it is certain, so the estimate is all that it took; the arguments are those of
    `estimated`.
    """
    if not _may_be_billed(reply, end.failure, has_data=has_data):
        return None
    usage = estimated_usage(reduce(reply, end))
    if not (usage.prompt_tokens or usage.completion_tokens):
        return None
    cost = prices.priced(reply, usage, currency, is_rough=True)
    return Estimated(end.at, usage, None if cost is None else replace(cost, at_most=False, at_least=False))


def cost_of_estimate(reply: Reply, currency: str = "USD") -> Cost | None:
    """Return the cost of what no report counts, by the price of the time of the request.

    It is the difference that the missing tokens make, as there are prices that change with their
    number.
    """
    whole = prices.priced(reply, estimated_usage(reply), currency, is_rough=True)
    known = prices.cost_of(reply, currency)
    if whole is None:
        return None
    if known is None:
        return replace(whole, at_most=False, at_least=False)
    parts = None
    if whole.parts is not None and known.parts is not None:
        pairs = zip(_amounts(whole.parts), _amounts(known.parts), strict=True)
        parts = CostParts(*(of_all - of_known for of_all, of_known in pairs))
    return replace(whole, amount=whole.amount - known.amount, parts=parts, at_most=False, at_least=False)


def _rough(reply: Reply, at: float, currency: str) -> Estimated | None:
    """Return the estimate for tokens that are all reported, and whose cost is not even a bound."""
    usage = reply.own.usage
    if usage is None or reply.last_step.recorded is not None or prices.cost_of(reply, currency) is not None:
        return None
    cost = prices.priced(reply, usage, currency, is_rough=True)
    return None if cost is None else Estimated(at, Usage(0, 0), replace(cost, at_most=False, at_least=False))


def _prompt_of(reply: Reply) -> int:
    """Return about how many tokens the prompt of the last request has.

    After a step whose tokens were reported, only what the request adds to it is estimated.
    """
    messages, steps = reply.request.messages, reply.steps
    before = steps[-2] if len(steps) > 1 else None
    usage = before.own.usage if before is not None else None
    if before is None or usage is None or usage.prompt_tokens is None or usage.completion_tokens is None:
        return prompt_tokens_estimate(reply.request)
    # The first one of these is the reply to the step before.
    added = messages[len(before.request.messages) + 1 :]
    if not added:
        return prompt_tokens_estimate(reply.request)
    new = prompt_tokens_estimate(Request(messages=added)) - _PER_PROMPT
    return usage.prompt_tokens + usage.completion_tokens + new


def _may_be_billed(reply: Reply, failure: Failure | None, *, has_data: bool) -> bool:
    """Return whether a server may have billed a request of which it did not report all tokens."""
    if reply.own.has_grown or (failure is None and reply.own.usage is not None):
        return True
    if reply.timing.started is None:
        return False
    if failure is None:
        # It was stopped. A comment says that the request waits for its turn.
        return has_data or not isinstance(reply.wait, Waiting)
    match failure.kind:
        case "refused":
            return failure.status_code in _GATEWAY_GAVE_UP
        case "stalled":
            return has_data or failure.cause == "no_byte"
        case "disconnected" | "white_space" | "too_large":
            return has_data
    return False


def _uncached(reply: Reply, prompt: int) -> dict[str, int]:
    """Return the split of an estimated prompt: what the request before it had is in the cache."""
    before = next((step.own.usage for step in reversed(reply.steps[:-1]) if step.own.usage is not None), None)
    hit = 0
    if before is not None and before.cache_hit_tokens is not None and before.prompt_tokens is not None:
        hit = min(before.prompt_tokens, prompt)
    return {"cache_hit_tokens": hit, "cache_miss_tokens": prompt - hit}


def _amounts(parts: CostParts) -> tuple[Any, ...]:
    return parts.hit, parts.miss, parts.reasoning, parts.answer


def _tokens(value: Any) -> int:
    """Return about how many tokens a value has: a text, the parts of a message, tools."""
    if value is None:
        return 0
    if isinstance(value, str):
        return estimate_tokens(value)
    if isinstance(value, list):
        return sum(_of_part(each) for each in value)
    return _of_part(value)


def _of_part(part: Any) -> int:
    if not isinstance(part, dict):
        return _tokens(part) if isinstance(part, str | list) else 0
    kind = part.get("type")
    if kind == "text":
        return _tokens(part.get("text"))
    if kind in ("image_url", "image"):
        return image_tokens(_address(part))
    # Of other content, as tools, the JSON text is what a model reads.
    return estimate_tokens(json.dumps(part, ensure_ascii=False, default=str))


def _address(part: Mapping[str, Any]) -> str:
    """Return the address of an image, in the form of chat completions or of Anthropic's API."""
    image = part.get("image_url")
    if isinstance(image, dict):
        image = image.get("url")
    source = part.get("source")
    if isinstance(source, dict) and source.get("type") == "base64":
        image = f"data:{source.get('media_type')};base64,{source.get('data')}"
    return image if isinstance(image, str) else ""
