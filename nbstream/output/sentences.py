"""Facts to sentences: how a reply ended, and the notes beside it.

What to do about a failure is in `remedies`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.exchange.actions import actions
from nbstream.language import _, joined, listed, marked, plural
from nbstream.model.printable import one_line
from nbstream.model.warning import DAMAGES
from nbstream.output import problem_words
from nbstream.output.audience import spoken
from nbstream.output.failure_words import message
from nbstream.output.remedies import LIMITS, remedy
from nbstream.output.warning_words import warning_sentence

if TYPE_CHECKING:
    from nbstream.model.presentation import Audience
    from nbstream.model.reply import Reply
    from nbstream.model.warning import ReplyWarning

#: What a finish reason other than "stop" means, and what to do about it.
_CUT_OFF = {
    "content_filter": marked("The server's content filter ended the answer. What arrived is kept."),
    "insufficient_system_resource": marked("The server ran out of resources and ended the answer. {Again} later."),
    "aborted": marked("The server aborted the answer. {Again}."),
    "pause_turn": marked(
        "The server paused the answer, as its own tools took long. What arrived is kept; ask it to go on."
    ),
}
#: The same, where the reply can be continued.
_CUT_OFF_WITHIN = {
    "insufficient_system_resource": marked(
        "The server ran out of resources and ended the answer. {Resume} goes on with it."
    ),
    "aborted": marked("The server aborted the answer. {Resume} goes on with it."),
}
#: The answer was cut off: at the limit of the request, before it, or without one.
_AT_LIMIT = marked("The answer was cut off at the limit of {limit:,} tokens.")
_BEFORE_LIMIT = marked(
    "The answer was cut off before the limit of {limit:,} tokens: the model's context is full, or the server has a "
    "lower limit."
)
_WITHOUT_LIMIT = marked(
    "The answer was cut off at the server's own limit of tokens, or as the model's context is full."
)
_AT_BUDGET = marked(
    "The reply was cut off at {limit:,} tokens, for which a budget had room. With a larger one, {{resume}} goes on "
    "with it, and {{retry}} asks anew."
)
#: What to do about each of them, without and with a server that goes on with an answer.
_ADVICE = {
    _AT_LIMIT: (
        marked("Raise `max_tokens=`, or ask it to go on."),
        marked("Go on with {resume}, or raise `max_tokens=`."),
    ),
    _BEFORE_LIMIT: (
        marked("Shorten the prompt, or leave out earlier turns."),
        marked("Go on with {resume}, shorten the prompt, or leave out earlier turns."),
    ),
    _WITHOUT_LIMIT: (
        marked("Set a higher `max_tokens=`, or shorten the prompt."),
        marked("Go on with {resume}, set a higher `max_tokens=`, or shorten the prompt."),
    ),
}
#: The reply was stopped.
_GO_ON = marked("{Resume} goes on with this reply, and {retry} asks the prompt anew.")
_ASK_ANEW = marked("{retry} asks the prompt anew.")
#: The model thought and did not answer.
_THOUGHT_TO_LIMIT = marked(
    "Thinking used up the limit of {limit:,} tokens before an answer began. Raise `max_tokens=`, lower `effort=`, or "
    "do without thinking (`thinking=False`)."
)
_THOUGHT_TO_OWN_LIMIT = marked(
    "Thinking used up the tokens that the server allows, or the model's context, before an answer began. Set a higher "
    "`max_tokens=`, shorten the prompt, lower `effort=`, or do without thinking (`thinking=False`)."
)
_ENDED_THINKING = marked("The answer is empty: the model ended while thinking. Its answer may stand in the reasoning.")
_SPACES_FOR_JSON = marked("The answer is empty. In JSON mode, DeepSeek replaces output that is not JSON by spaces.")
_JSON_IN_REASONING = marked(
    "The answer is empty, and the JSON that was asked for stands in the reasoning: the server put it there, as vLLM "
    "does if it has a reasoning parser and the model does not think."
)
#: The model ended by itself, or asks for tool calls.
NORMAL_ENDS = ("stop", "tool_calls", "function_call")
_NOT_FITTING = marked("The answer is not the JSON that was asked for, so reply.data is None.")
#: An alert names so many problems of a structured answer.
_MOST_PROBLEMS = 3
_DAMAGED = marked("Words may be missing from this reply: a part of the stream could not be read. {Again}.")
#: An alert shows so many characters of a part that could not be read.
_LONGEST_PART = 60
_UNKNOWN_END = marked(
    "The server ended the answer for a reason that nbstream does not know: {reason}. It may not be whole."
)

#: Calls without a result: no functions were given for them, or the reply ended before.
_NOTHING_RAN = marked("Nothing was run: the model asks for {names}. Give its functions with `tools=`.")
_UNDECIDED = (
    marked("Not run: {names}. {{Resume}} goes on with the reply, and asks for it again."),
    marked("Not run: {names}. {{Resume}} goes on with the reply, and asks for them again."),
)

_UNSEEN = marked(
    "The page was reloaded while a reply arrived, and may not show it. %deepseek show {number} shows it again."
)


def alert(reply: Reply, audience: Audience) -> str:
    """Return what happened to a reply that is not whole and what to do next; empty for any other.

    A stop is no alert. A refusal is one, with the model's own words.
    """
    if reply.error is not None:
        return joined(message(reply.error), remedy(reply.error, reply, audience))
    if reply.refusal:
        # The words grow while they arrive; at the end all of them are shown.
        said = reply.refusal if reply.ended else one_line(reply.refusal)
        if said == reply.answer:
            return _("The model refused to answer.")
        return _("The model refused to answer: {said}", said=said)
    reason = reply.finish_reason
    if reply.ended and reason == "length":
        return spoken(_cut_off_at_length(reply), audience)
    if reply.ended and reason in _CUT_OFF:
        known = {**_CUT_OFF, **_CUT_OFF_WITHIN} if "continue" in actions(reply) else _CUT_OFF
        return spoken(_(known[reason]), audience)
    if reply.status == "truncated":
        return joined(spoken(_(_DAMAGED), audience), _unreadable(reply))
    if reply.ended and reason is not None and reason not in NORMAL_ENDS:
        return _(_UNKNOWN_END, reason=reason)
    if reply.status == "complete" and not has_answer(reply):
        return spoken(_without_answer(reply), audience)
    if reply.status == "complete" and reply.problems and not reply.tool_calls:
        return _not_fitting(reply)
    return ""


def _unreadable(reply: Reply) -> str:
    """Return how the part begins that could not be read; empty if it is not known."""
    parts = [one_line(each.said) for each in reply.warnings if each.kind in DAMAGES and each.count == 1]
    if not any(parts):
        return ""
    said = parts[0] if len(parts[0]) <= _LONGEST_PART else f"{parts[0][:_LONGEST_PART]}…"
    return _("The part begins with {said}", said=said)


def _not_fitting(reply: Reply) -> str:
    return joined(_(_NOT_FITTING), _problems(reply))


def asked_again(step: Reply) -> str:
    """Return why another answer was asked for, after the structured answer of `step`."""
    return joined(_("The answer did not fit, so it was asked for once more."), _problems(step))


def _problems(reply: Reply) -> str:
    problems = reply.problems
    said = [problem_words.said(each) for each in problems[:_MOST_PROBLEMS]]
    more = len(problems) - _MOST_PROBLEMS
    if more > 0:
        said.append(plural("{n} more is in reply.problems.", "{n} more are in reply.problems.", more))
    return joined(*said)


def has_answer(reply: Reply) -> bool:
    """Return whether a reply has an answer of more than white space, or tool calls."""
    return bool(reply.answer.strip() or reply.tool_calls)


def _without_answer(reply: Reply) -> str:
    # All of it may be white space, which is not in `answer`.
    content = reply.message["content"]
    if content and "response_format" in reply.request.parameters:
        return _(_SPACES_FOR_JSON)
    if reply.request.structure is not None and _stands_in_reasoning(reply):
        return _(_JSON_IN_REASONING)
    if reply.reasoning.strip():
        # Some servers say "stop" at the limit.
        return _cut_off_at_length(reply) if _has_reached_limit(reply) else _(_ENDED_THINKING)
    return _("The answer is empty.") if content else _("The reply is empty.")


def _stands_in_reasoning(reply: Reply) -> bool:
    from nbstream.schemas.reading import stands_in_reasoning  # noqa: PLC0415  (only where it is used)

    return stands_in_reasoning(reply)


def _limit_and_use(reply: Reply) -> tuple[int | None, int | None]:
    """Return the most tokens that were asked for, and how many the reply has."""
    given = (reply.request.parameters.get(name) for name in LIMITS)
    limit = next((value for value in given if isinstance(value, int)), None)
    return limit, reply.own.usage.completion_tokens if reply.own.usage is not None else None


def _has_reached_limit(reply: Reply) -> bool:
    limit, used = _limit_and_use(reply)
    return limit is not None and used is not None and used >= limit


def _cut_off_at_length(reply: Reply) -> str:
    limit, used = _limit_and_use(reply)
    is_before = limit is not None and used is not None and used < limit
    if limit is not None and not is_before and any(each.kind == "budget_lowered" for each in reply.warnings):
        return _(_AT_BUDGET, limit=limit)
    if reply.reasoning.strip() and not has_answer(reply):
        if limit is None or is_before:
            return _(_THOUGHT_TO_OWN_LIMIT)
        return _(_THOUGHT_TO_LIMIT, limit=limit)
    text = _WITHOUT_LIMIT if limit is None else _BEFORE_LIMIT if is_before else _AT_LIMIT
    said = _(text) if limit is None else _(text, limit=limit)
    return joined(said, _(_ADVICE[text]["continue" in actions(reply)]))


def notes(reply: Reply, audience: Audience, *, has_buttons: bool = True) -> list[str]:
    """Return a sentence for each warning of the reply, to be shown quietly below the answer.

    Args:
        reply: the reply.
        audience: the reader.
        has_buttons: whether there are buttons that go on with the reply; if not, a stopped reply
            names the commands.
    """
    # Several other choices, or several fields of them, are one note.
    warnings = [each for each in reply.warnings if not _is_in_alert(each, reply)]
    said = [warning_sentence(warning, reply.request, audience) for warning in warnings]
    pending = [spoken(_of_pending(reply), audience)] if reply.pending else []
    stopped = [] if has_buttons or audience == "python" else [spoken(_of_stopped(reply), audience)]
    return list(dict.fromkeys(filter(None, [*pending, *said, *stopped])))


def _of_stopped(reply: Reply) -> str:
    """Return how to go on with a reply that the user stopped; empty for another one."""
    found = actions(reply) if reply.status == "cancelled" else []
    return _(_GO_ON) if "continue" in found else _(_ASK_ANEW) if found else ""


def _of_pending(reply: Reply) -> str:
    """Return what to do about calls that have no result when the reply has ended."""
    names = list(dict.fromkeys(one_line(call.name) for call in reply.pending))
    if reply.status == "complete" and "continue" not in actions(reply):
        return _(_NOTHING_RAN, names=listed(names))
    return plural(*_UNDECIDED, len(names), names=listed(names))


def _is_in_alert(warning: ReplyWarning, reply: Reply) -> bool:
    """Return whether the reply's alert says the same."""
    error = reply.error
    if error is None:
        return reply.status == "truncated" and warning.kind in DAMAGES and warning.count == 1
    # A stream that broke mostly did so within an event.
    return warning.kind == "cut_event" or (
        error.cause == "unreadable" and warning.kind == "unreadable" and warning.count == 1
    )


def unseen(back: int) -> str:
    """Return the notice for a reply that no page may show; `back` is its number for `show`."""
    return _(_UNSEEN, number=back)
