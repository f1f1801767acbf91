"""The exercises and predictions of lesson 1, a first stream."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from nbstream.language import _, marked
from nbstream.lesson.evidence import folded, is_near, number_of, prompt_of, replies, replies_to, reply_of
from nbstream.lesson.exercises import Exercise, Prediction

if TYPE_CHECKING:
    from nbstream.model.reply import Reply
    from nbstream.model.usage import Usage

#: The prompts of the notebook, in each of its languages.
_MEDIAN = ("Why does the median resist outliers, and the mean not?", "为什么中位数能抵抗异常值，而平均数不能？")  # noqa: RUF001
_ZERO = ("Tell the story of the number zero, in about 300 words.", "用大约四百字讲讲数字零的故事。")
_LITERAL = "{name}"
_CENT = Decimal("0.01")


def _first(actual: Any) -> object:
    reply: Reply = reply_of(actual)
    if not reply.reasoning:
        return "b"
    answered, thought = reply.timing.answer_started, reply.timing.reasoning_started
    return "a" if answered is not None and thought is not None and thought < answered else "c"


def _cost(actual: Any) -> object:
    cost = reply_of(actual).cost
    if cost is None:
        return ...
    return "a" if cost.amount >= 10 * _CENT else "b" if cost.amount >= _CENT / 2 else "c"


def _kept(actual: Any) -> object:
    reply = reply_of(actual)
    if reply.status != "cancelled":
        # Nobody has stopped it, so it does not show what happens then.
        return ...
    return "b" if reply.answer or reply.reasoning else "a"


PREDICTIONS = (
    Prediction(
        "first",
        marked("What arrives first?"),
        marked(
            "A model that thinks writes its reasoning first and its answer after it, word by word. The server sends "
            "each piece at once, and the cell shows it at once. That is a stream."
        ),
        {
            "a": marked("The reasoning, piece by piece; then the answer, piece by piece."),
            "b": marked("The whole answer at once, after a wait."),
            "c": marked("The answer, piece by piece; then the reasoning, which explains it."),
        },
        _first,
    ),
    Prediction(
        "cost",
        marked("What did this reply cost?"),
        marked(
            "You pay for each token, a piece of a word. A million tokens of output cost about a dollar at DeepSeek, "
            "and this reply has a few hundred. The footer has the exact sum, and lesson 2 calculates it."
        ),
        {
            "a": marked("Ten cents or more."),
            "b": marked("About one cent."),
            "c": marked("Less than half a cent."),
        },
        _cost,
    ),
    Prediction(
        "kept",
        marked("You stop a reply in the middle. What do you have?"),
        marked(
            "What has arrived is in your notebook already, so it stays. Stop closes the connection, so the server "
            "learns that nobody reads any more, and writes nothing further."
        ),
        {
            "a": marked("Nothing: an unfinished reply is thrown away."),
            "b": marked("The text up to the moment of the stop, and no more."),
            "c": marked("All of it: the rest arrives later, without being shown."),
        },
        _kept,
        of_failures=True,
    ),
)


def _quoted() -> str:
    return _("Give the reply itself: the name after `-o`, without quotes.")


def _check_own(value: object) -> str:
    if isinstance(value, str):
        return _quoted()
    reply = reply_of(value)
    known = {folded(prompt) for prompt in (*_MEDIAN, *_ZERO)}
    if prompt_of(reply) in known or _LITERAL in prompt_of(reply):
        return _("This is the reply to a question of the notebook. Ask one of your own, with another name after `-o`.")
    if reply.status != "complete":
        return _("This reply is not complete: it is {status}. Ask again and let it end.", status=reply.status)
    return ""


def _check_share(value: object) -> str:
    number = number_of(value)
    asked = [reply for prompt in _MEDIAN for reply in replies_to(prompt)]
    usages = [reply.usage for reply in asked if reply.usage is not None]
    if not usages:
        return _("Run the cell with the question about the median first: this exercise is about its reply.")
    shares = [_shares(usage) for usage in usages]
    if any(is_near(number, right, 0.006) for right, *_rest in shares):
        return ""
    if any(is_near(number, 100 * right, 0.6) for right, *_rest in shares):
        return _("That is per cent. Give a share between 0 and 1.")
    if any(is_near(number, thought / (output + thought), 0.006) for thought, output in _counts(usages)):
        return _("`completion_tokens` has the tokens of the reasoning in it already: do not add them once more.")
    if any(is_near(number, of_answer, 0.006) for _right, of_answer, _total in shares):
        return _("`completion_tokens` has the tokens of the reasoning in it already: do not take them off.")
    if any(is_near(number, of_total, 0.006) for *_rest, of_total in shares):
        return _("That is the share of all tokens. Leave out the prompt: the model has not written it.")
    return _("Divide the tokens of the reasoning by all tokens that the model wrote. Both are in `reply.usage`.")


def _counts(usages: list[Usage]) -> list[tuple[int, int]]:
    """Return the tokens of the reasoning and of the whole output of each."""
    return [(usage.reasoning_tokens or 0, usage.completion_tokens or 1) for usage in usages]


def _shares(usage: Usage) -> tuple[float, float, float]:
    """Return the share of the reasoning in the output, in the answer, and in all tokens."""
    thought, output = usage.reasoning_tokens or 0, usage.completion_tokens or 1
    total = output + (usage.prompt_tokens or 0)
    return thought / output, thought / max(1, output - thought), thought / total


def _check_stopped(value: object) -> str:
    if isinstance(value, str):
        return _quoted()
    reply = reply_of(value)
    if reply.status == "complete":
        return _("This reply is complete. Run its cell again, and press Stop while the answer is being written.")
    if reply.status != "cancelled":
        return _("This reply was not stopped: its status is {status}.", status=reply.status)
    if not reply.answer:
        return _("You were faster than the answer: only reasoning has arrived. Stop a moment later.")
    return ""


def _check_sent(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    if _LITERAL not in value:
        return _("In the text that was sent there are braces. Look into `literal.request.messages`.")
    sent = {
        message["content"]
        for reply in replies()
        if _LITERAL in prompt_of(reply)
        for message in reply.request.messages
        if message.get("role") == "user"
    }
    if value in sent:
        return ""
    if folded(value) in map(folded, sent):
        return _("Nearly: the line ends or blanks differ. Do not copy it by hand: take it out of the reply.")
    return _("Take the text out of the reply: the last message in `literal.request.messages`, its `content`.")


EXERCISES = (
    Exercise(
        "share",
        marked("Calculate the share of the reasoning in what the model wrote: a number between 0 and 1."),
        marked("a number"),
        _check_share,
        marked("You pay for reasoning as for the answer, so this share is a share of the price, too."),
    ),
    Exercise(
        "stopped",
        marked("Stop the story of zero while its answer is being written, and give the reply."),
        marked("a reply"),
        _check_stopped,
        marked("A stopped reply is a value like any other: its text is kept, and `status` says what happened."),
    ),
    Exercise(
        "sent",
        marked("Give the text that was sent to the model, taken out of the reply `literal`."),
        marked("a text"),
        _check_sent,
        marked("The prompt was sent letter by letter: braces, `$` and `%` mean nothing special."),
    ),
    Exercise(
        "own",
        marked("Ask a question of your own with `%%deepseek -o mine`, and give the reply."),
        marked("a reply"),
        _check_own,
        marked("Every reply with a name can be used in the next cells."),
    ),
)
