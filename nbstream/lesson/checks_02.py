"""The exercises and predictions of lesson 2, tokens, cache and cost."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from nbstream.language import _, marked
from nbstream.lesson.evidence import is_near, number_of, replies_to, reply_of
from nbstream.lesson.exercises import Exercise, Prediction

if TYPE_CHECKING:
    from nbstream.model.reply import Reply

#: The prompt that is sent several times, in each language of the notebook.
_LINE = ("Which line of this text is about errors?", "这段文本的哪一行讲的是错误？")  # noqa: RUF001
#: A class of 30 students, each with 20 requests.
_REQUESTS = 600
_MILLION = 1_000_000


def _cached() -> list[Reply]:
    """Return the replies whose prompt was in the cache, as far as their cost is known."""
    asked = [reply for prompt in _LINE for reply in replies_to(prompt)]
    return [reply for reply in asked if reply.cost is not None and reply.usage is not None and _hits(reply)]


def _hits(reply: Reply) -> int:
    return (reply.usage.cache_hit_tokens if reply.usage is not None else 0) or 0


def _longer(actual: Any) -> object:
    words, digits = (reply_of(each).usage for each in actual)
    if words is None or digits is None or words.prompt_tokens is None or digits.prompt_tokens is None:
        return ...
    difference = words.prompt_tokens - digits.prompt_tokens
    return "a" if difference > 0 else "b" if difference < 0 else "c"


def _again(actual: Any) -> object:
    reply = reply_of(actual)
    if reply.usage is None or reply.usage.cache_hit_tokens is None:
        return ...
    return "a" if not _hits(reply) else "c" if _hits(reply) == reply.usage.prompt_tokens else "b"


def _front(actual: Any) -> object:
    reply = reply_of(actual)
    return ... if reply.usage is None else "a" if _hits(reply) else "b"


def _bill(actual: Any) -> object:
    amount = Decimal(str(number_of(actual)))
    if _check_class(actual):
        # A sum that is not right does not show what they pay.
        return ...
    return "a" if amount >= 10 else "b" if amount >= 1 else "c"  # noqa: PLR2004  (see the choices)


PREDICTIONS = (
    Prediction(
        "digits",
        marked("Both prompts have the same number of characters. Which one has more tokens?"),
        marked(
            "A token is a piece of text that is common. A common word is one token. Of long numbers, only short groups "
            "of digits are common, so a number is cut into many pieces."
        ),
        {
            "a": marked("The one with the sentence."),
            "b": marked("The one with the digits."),
            "c": marked("Both have the same number of tokens."),
        },
        _longer,
    ),
    Prediction(
        "again",
        marked("You send the same prompt again. How much of it comes from the server's cache?"),
        marked(
            "The server keeps its work on the beginning of a prompt, in whole blocks of 64 tokens. The rest of the "
            "prompt, less than a block, is not kept. A real server may need some seconds, and does not promise a hit."
        ),
        {
            "a": marked("Nothing."),
            "b": marked("Most of it."),
            "c": marked("All of it."),
        },
        _again,
    ),
    Prediction(
        "front",
        marked("You put one word in front of the same text. How much of the prompt comes from the cache?"),
        marked(
            "What a model works out for a token depends on all tokens before it. So only a beginning that is the same, "
            "token by token, can be used again. One new word at the front changes all that follows."
        ),
        {
            "a": marked("As much as before: nearly all of the text is the same."),
            "b": marked("Nothing."),
        },
        _front,
    ),
    Prediction(
        "bill",
        marked("30 students send this request 20 times each. What do all of them cost together?"),
        marked("Short questions to a small model are cheap. Long prompts and long reasoning are what makes a bill."),
        {
            "a": marked("More than 10 dollars."),
            "b": marked("Between 1 and 10 dollars."),
            "c": marked("Less than 1 dollar."),
        },
        _bill,
    ),
)


def _check_cost(value: object) -> str:
    number = number_of(value)
    found = _cached()
    if not found:
        return _no_hit()
    if any(value == reply.cost.amount for reply in found if reply.cost is not None):
        return ""
    for reply in found:
        right, usage = float(reply.cost.amount), reply.usage  # type: ignore[union-attr]
        if is_near(number, right, right * 1e-6):
            return _("The sum is right, but `float` rounds. Give the prices to `Decimal` as text, in quotes.")
        if _is_rounded(number, right):
            return _("Nearly: this number is rounded. Give the whole sum, with all its digits.")
        if is_near(number, right * _MILLION, right):
            return _("The prices are for a million tokens: divide by 1,000,000.")
        if is_near(number, _without_cache(reply), right * 1e-6):
            return _("That is the cost without the cache. Tokens from the cache have a price of their own.")
        prompt, output = usage.prompt_tokens or 0, usage.completion_tokens or 0  # type: ignore[union-attr]
        if number in (prompt, output, prompt + output):
            return _("These are tokens. Multiply each kind of token by its own price, and add up.")
    return _("Three products are needed: tokens from the cache, other tokens of the prompt, and tokens of the output.")


def _is_rounded(number: float, right: float) -> bool:
    """Return whether a number is the right one, rounded to fewer digits."""
    return number > 0 and any(round(right, digits) == number for digits in range(3, 12))


def _without_cache(reply: Reply) -> float:
    parts, usage = reply.cost.parts, reply.usage  # type: ignore[union-attr]
    misses = usage.cache_miss_tokens or 0  # type: ignore[union-attr]
    if parts is None or not misses:
        return 0.0
    return float(parts.total - parts.hit + parts.miss / misses * _hits(reply))


def _check_times(value: object) -> str:
    number = number_of(value)
    ratios = [ratio for reply in _cached() if (ratio := _ratio(reply))]
    if not ratios:
        return _no_hit()
    if any(is_near(number, ratio, 0.5) for ratio in ratios):
        return ""
    if any(is_near(number, 1 / ratio, 0.01) for ratio in ratios):
        return _("The other way round: divide the higher price by the lower one.")
    return _("Divide the price of “input” by the price “from the cache”. Both are in the table above.")


def _ratio(reply: Reply) -> float:
    """Return how many times as much a token costs that is not in the cache."""
    parts, misses = reply.cost.parts, reply.usage.cache_miss_tokens or 0  # type: ignore[union-attr]
    if parts is None or not parts.hit or not misses:
        return 0.0
    return float(parts.miss / misses / (parts.hit / _hits(reply)))


def _check_class(value: object) -> str:
    number = number_of(value)
    amounts = [float(reply.cost.amount) for reply in _cached() if reply.cost is not None]
    if not amounts:
        return _no_hit()
    sums = [_REQUESTS * amount for amount in amounts]
    # For a bill, whole cents are enough.
    if any(
        is_near(number, total, amount) or number == round(total, 2) for total, amount in zip(sums, amounts, strict=True)
    ):
        return ""
    if any(is_near(number, times * amount, amount / 100) for times in (1, 20, 30, 50) for amount in amounts):
        return _("Count the requests: 30 students with 20 requests each.")
    return _("Multiply the cost of one request, `second.cost.amount`, by the number of requests.")


def _no_hit() -> str:
    return _("Run the cells above first: this exercise is about `second`, whose prompt was in the cache.")


EXERCISES = (
    Exercise(
        "cost",
        marked("Calculate the cost of `second` from its tokens and the prices, exactly, as a `Decimal`."),
        marked("a number"),
        _check_cost,
        marked("This is how the footer gets its number, too; `second.cost.parts` has the parts of the sum."),
    ),
    Exercise(
        "times",
        marked("How many times as much does a token of the prompt cost if it is not in the cache?"),
        marked("a number"),
        _check_times,
        marked("So put what stays the same at the beginning of a prompt, and what changes at its end."),
    ),
    Exercise(
        "class",
        marked("Calculate what 30 students pay together who send the request of `second` 20 times each."),
        marked("a number"),
        _check_class,
        marked("`nbstream estimate` in a terminal calculates the same for a model and for any number of calls."),
    ),
)
