"""The exercises and predictions of lesson 3, watching a model think."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from nbstream.language import _, listed, marked
from nbstream.lesson.evidence import is_near, number_of, replies_to, reply_of
from nbstream.lesson.exercises import Exercise, Prediction

if TYPE_CHECKING:
    from nbstream.model.reply import Reply

#: The prompts of the notebook, in each of its languages.
_PEN = (
    (
        "A notebook and a pen cost 11 euros together. The notebook costs 10 euros more than the pen. "
        "What does the pen cost?"
    ),
    "一个笔记本和一支笔一共 11 元，笔记本比笔贵 10 元。笔多少钱？",  # noqa: RUF001
)
#: A price of half a euro, as models write it.
_RIGHT = re.compile(r"0[.,]50?\b|\b50 ?(?:cent|ct)|½|\bhalf\b", re.IGNORECASE)
_CAPITAL = re.compile("canberra|堪培拉", re.IGNORECASE)
#: How far a difference of two numbers with one digit after the point may be off.
_ROUNDED = 0.11
_FOUND = "0.50"
_NONE = "none"


def _effort(reply: Reply) -> str:
    """Return how much a request let the model think: none, low, high or max."""
    sent = reply.request.parameters
    if reply.usage is not None and not reply.reasoning:
        return _NONE
    return str(sent.get("reasoning_effort") or "high")


def _by_effort() -> dict[str, Reply]:
    """Return the newest reply about the pen for each effort."""
    found: dict[str, Reply] = {}
    for prompt in _PEN:
        for reply in replies_to(prompt):
            found.setdefault(_effort(reply), reply)
    return found


def _is_right(reply: Reply) -> bool:
    return _RIGHT.search(reply.answer) is not None


def _quick(actual: Any) -> object:
    reply = reply_of(actual)
    return "b" if _is_right(reply) else "a" if re.search(r"\b1\b", reply.answer) else "c"


def _easy(actual: Any) -> object:
    quick, slow = (reply_of(each) for each in actual)
    if quick.cost is None or slow.cost is None:
        return ...
    right = [_CAPITAL.search(each.answer) is not None for each in (quick, slow)]
    if not right[0]:
        return "a"
    return "b" if slow.cost.amount > quick.cost.amount else "c"


def _why_quick(actual: Any) -> str:
    if reply_of(actual).simulated:
        return _(
            "Without reasoning, the first number that comes to mind is the answer. The authors of the course wrote "
            "this wrong answer on purpose; a real model may well know the puzzle."
        )
    return _("Without reasoning, the first number that comes to mind is the answer; but this puzzle is well known.")


PREDICTIONS = (
    Prediction(
        "quick",
        marked("What does the model answer if it may not think first?"),
        _why_quick,
        {
            "a": marked("1 euro."),
            "b": marked("50 cents."),
            "c": marked("Something else."),
        },
        _quick,
    ),
    Prediction(
        "ratio",
        marked("How many times as many tokens does the model write with `max` as with `low`?"),
        marked(
            "With more effort, a model solves the same thing in several ways and checks each of them. For a small "
            "puzzle, that is a lot of text for the same result."
        ),
    ),
    Prediction(
        "easy",
        marked("An easy question, once without reasoning and once with it. What is the difference?"),
        marked(
            "A fact that the model knows does not get better by thinking about it. You wait longer and pay more for "
            "the same sentence."
        ),
        {
            "a": marked("Only the answer with reasoning is right."),
            "b": marked("Both are right, and the one with reasoning costs more."),
            "c": marked("Both are right, and they cost the same."),
        },
        _easy,
    ),
)


def _check_wait(value: object) -> str:
    number, found = number_of(value), _by_effort()
    if not {"low", "max"} <= found.keys():
        return _ask_first()
    low, high = (found[effort].timing.answer_started or 0.0 for effort in ("low", "max"))
    if is_near(number, high - low, _ROUNDED):
        return ""
    if is_near(number, low - high, _ROUNDED):
        return _("The other way round: take the seconds of `low` off those of `max`.")
    if is_near(number, high, _ROUNDED):
        return _("That is the whole wait with `max`. How much longer is it than with `low`?")
    return _("Look at `timing.answer_started` of both replies: seconds from the request to the answer's first word.")


def _check_thought(value: object) -> str:
    number, found = number_of(value), _by_effort()
    reply = found.get("max")
    if reply is None:
        return _ask_first()
    if reply.cost is None or reply.cost.parts is None:
        return _("The cost of this reply is not known, so its parts are not, either. Start the lesson offline.")
    share = float(reply.cost.parts.reasoning / reply.cost.amount)
    if is_near(number, share, 0.01):
        return ""
    if is_near(number, 100 * share, 1):
        return _("That is per cent. Give a share between 0 and 1.")
    return _("Divide `cost.parts.reasoning` by `cost.amount`, both of the reply with `max`.")


def _check_least(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    found = _by_effort()
    if len(found) < 4:  # noqa: PLR2004  (the efforts that there are)
        return _ask_first()
    value = value.strip().lower()
    if value not in found:
        return _("Give the name of an effort: {names}.", names=listed(sorted(found)))
    right = {effort: reply for effort, reply in found.items() if _is_right(reply)}
    if value not in right:
        return _("Read its answer again, and check it: do both prices add up to 11, and is their difference 10?")
    costs = {effort: reply.cost.amount for effort, reply in right.items() if reply.cost is not None}
    if costs and costs.get(value) != min(costs.values()):
        return _("Its answer is right, but there is a cheaper one that is right, too.")
    return ""


def _check_early(value: object) -> str:
    number = number_of(value)
    texts = [reply.reasoning for prompt in _PEN for reply in replies_to(prompt) if _effort(reply) == "max"]
    places = [text.find(_FOUND) / len(text) for text in texts if _FOUND in text]
    if not places:
        return _ask_first()
    if any(is_near(number, place, 0.01) for place in places):
        return ""
    if any(is_near(number, 100 * place, 1) for place in places):
        return _("That is per cent. Give a share between 0 and 1.")
    if any(is_near(number, place * len(text), 1) for text in texts for place in places):
        return _("That is the place of the text. Divide it by the length of the reasoning.")
    return _("`text.find('0.50')` says how many characters stand before it, and `len(text)` how many there are.")


def _ask_first() -> str:
    return _("Run the cell that asks with all four efforts first.")


EXERCISES = (
    Exercise(
        "wait",
        marked("How many seconds longer did you wait for the first word of the answer with `max` than with `low`?"),
        marked("a number"),
        _check_wait,
        marked("While a model thinks, you wait. The footer says how long it took until the first token of any kind."),
    ),
    Exercise(
        "thought",
        marked("Which share of the cost was reasoning, with `max`? Give a number between 0 and 1."),
        marked("a number"),
        _check_thought,
        marked("Reasoning has the price of output. With much effort, it is nearly all of the price."),
    ),
    Exercise(
        "least",
        marked("Which is the cheapest effort whose answer is right? Give its name."),
        marked("a text"),
        _check_least,
        marked("This is how to choose an effort: try the cheap ones on questions whose answer you know."),
    ),
    Exercise(
        "early",
        marked("Which share of the reasoning with `max` stands before the first 0.50? A number between 0 and 1."),
        marked("a number"),
        _check_early,
        marked(
            "The model had the answer early. All the rest was to make sure: useful if you cannot check it yourself."
        ),
    ),
)
