"""Facts to sentences: how a reply ended, and the notes beside it.

What to do about a failure is in `remedies`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias, assert_never

from nbstream.exchange.actions import actions
from nbstream.model.printable import one_line
from nbstream.output.audience import spoken
from nbstream.output.remedies import LIMITS, remedy, thinking_setting

if TYPE_CHECKING:
    from nbstream.model.failure import Failure
    from nbstream.model.presentation import Audience
    from nbstream.model.reply import Reply
    from nbstream.model.request import Request
    from nbstream.model.warning import ReplyWarning

#: What a finish reason other than "stop" means, and what to do about it.
_CUT_OFF = {
    "content_filter": "The server's content filter ended the answer. What arrived is kept.",
    "insufficient_system_resource": "The server ran out of resources and ended the answer. {Again} later.",
    "aborted": "The server aborted the answer. {Again}.",
    "pause_turn": "The server paused the answer, as its own tools took long. What arrived is kept; ask it to go on.",
}
#: The same, where the reply can be continued.
_CUT_OFF_WITHIN = {
    "insufficient_system_resource": "The server ran out of resources and ended the answer. {Resume} goes on with it.",
    "aborted": "The server aborted the answer. {Resume} goes on with it.",
}
#: The answer was cut off: at the limit of the request, before it, or without one.
_AT_LIMIT = "The answer was cut off at the limit of {limit:,} tokens. "
_BEFORE_LIMIT = (
    "The answer was cut off before the limit of {limit:,} tokens: the model's context is full, or the server has a "
    "lower limit. "
)
_WITHOUT_LIMIT = "The answer was cut off at the server's own limit of tokens, or as the model's context is full. "
_AT_BUDGET = (
    "The reply was cut off at {limit:,} tokens, for which a budget had room. With a larger one, {{resume}} goes on "
    "with it, and {{retry}} asks anew."
)
#: What to do about each of them, without and with a server that goes on with an answer.
_ADVICE = {
    _AT_LIMIT: ("Raise `max_tokens=`, or ask it to go on.", "Go on with {resume}, or raise `max_tokens=`."),
    _BEFORE_LIMIT: (
        "Shorten the prompt, or leave out earlier turns.",
        "Go on with {resume}, shorten the prompt, or leave out earlier turns.",
    ),
    _WITHOUT_LIMIT: (
        "Set a higher `max_tokens=`, or shorten the prompt.",
        "Go on with {resume}, set a higher `max_tokens=`, or shorten the prompt.",
    ),
}
#: The reply was stopped.
_GO_ON = "{Resume} goes on with this reply, and {retry} asks the prompt anew."
_ASK_ANEW = "{retry} asks the prompt anew."
#: The model thought and did not answer.
_THOUGHT_TO_LIMIT = (
    "Thinking used up {} before an answer began. {}, lower `effort=`, or do without thinking (`thinking=False`)."
)
_ENDED_THINKING = "The answer is empty: the model ended while thinking. Its answer may stand in the reasoning."
_SPACES_FOR_JSON = "The answer is empty. In JSON mode, DeepSeek replaces output that is not JSON by spaces."
_JSON_IN_REASONING = (
    "The answer is empty, and the JSON that was asked for stands in the reasoning: the server put it there, as vLLM "
    "does if it has a reasoning parser and the model does not think."
)
#: The model ended by itself, or asks for tool calls.
NORMAL_ENDS = ("stop", "tool_calls", "function_call")
_NOT_FITTING = "The answer is not the JSON that was asked for, so reply.data is None."
#: An alert names so many problems of a structured answer.
_MOST_PROBLEMS = 3
_DAMAGED = "Words may be missing from this reply: a part of the stream could not be read. {Again}."
_UNKNOWN_END = "The server ended the answer for a reason that nbstream does not know: {}. It may not be whole."

#: Calls without a result: no functions were given for them, or the reply ended before.
_NOTHING_RAN = "Nothing was run: the model asks for {}. Give its functions with `tools=`."
_UNDECIDED = "Not run: {}. {{Resume}} goes on with the reply, and asks for {} again."

_UNSEEN = "The page was reloaded while a reply arrived, and may not show it. %deepseek show {} shows it again."
_KIB = 1024
#: Warnings on what a reply costs, and on where that is kept.
_MoneyKind: TypeAlias = Literal[
    "bad_prices", "lowered", "budget_lowered", "budget_unpriced", "budget_not_held", "not_recorded", "ledger_damaged"
]
#: A note shows this many characters of what a warning is about.
_LONGEST_SAID = 120


def alert(reply: Reply, audience: Audience) -> str:
    """Return what happened to a reply that is not whole and what to do next; empty for any other.

    A stop is no alert. A refusal is one, with the model's own words.
    """
    if reply.error is not None:
        return f"{message(reply.error)} {remedy(reply.error, reply, audience)}"
    if reply.refusal:
        # The words grow while they arrive; at the end all of them are shown.
        said = reply.refusal if reply.ended else one_line(reply.refusal)
        return "The model refused to answer" + ("." if said == reply.answer else f": {said}")
    reason = reply.finish_reason
    if reply.ended and reason == "length":
        return spoken(_cut_off_at_length(reply), audience)
    if reply.ended and reason in _CUT_OFF:
        known = {**_CUT_OFF, **_CUT_OFF_WITHIN} if "continue" in actions(reply) else _CUT_OFF
        return spoken(known[reason], audience)
    if reply.status == "truncated":
        return spoken(_DAMAGED, audience)
    if reply.ended and reason is not None and reason not in NORMAL_ENDS:
        return _UNKNOWN_END.format(reason)
    if reply.status == "complete" and not has_answer(reply):
        return spoken(_without_answer(reply), audience)
    if reply.status == "complete" and reply.problems and not reply.tool_calls:
        return _not_fitting(reply)
    return ""


def _not_fitting(reply: Reply) -> str:
    return f"{_NOT_FITTING} {_problems(reply)}"


def asked_again(step: Reply) -> str:
    """Return why another answer was asked for, after the structured answer of `step`."""
    return f"The answer did not fit, so it was asked for once more. {_problems(step)}".rstrip()


def _problems(reply: Reply) -> str:
    problems = reply.problems
    said = " ".join(one_line(str(each)) for each in problems[:_MOST_PROBLEMS])
    more = len(problems) - _MOST_PROBLEMS
    rest = f" {more} more {'is' if more == 1 else 'are'} in reply.problems." if more > 0 else ""
    return f"{said}{rest}"


def has_answer(reply: Reply) -> bool:
    """Return whether a reply has an answer of more than white space, or tool calls."""
    return bool(reply.answer.strip() or reply.tool_calls)


def _without_answer(reply: Reply) -> str:
    # All of it may be white space, which is not in `answer`.
    content = reply.message["content"]
    if content and "response_format" in reply.request.parameters:
        return _SPACES_FOR_JSON
    if reply.request.structure is not None and _stands_in_reasoning(reply):
        return _JSON_IN_REASONING
    if reply.reasoning.strip():
        # Some servers say "stop" at the limit.
        return _cut_off_at_length(reply) if _has_reached_limit(reply) else _ENDED_THINKING
    return "The answer is empty." if content else "The reply is empty."


def _stands_in_reasoning(reply: Reply) -> bool:
    from nbstream.schemas.reading import stands_in_reasoning  # noqa: PLC0415  (only where it is used)

    return stands_in_reasoning(reply)


def _limit_and_use(reply: Reply) -> tuple[int | None, int | None]:
    """Return the most tokens that were asked for, and how many the reply has."""
    given = (reply.request.parameters.get(name) for name in LIMITS)
    limit = next((value for value in given if isinstance(value, int)), None)
    return limit, reply.last_usage.completion_tokens if reply.last_usage is not None else None


def _has_reached_limit(reply: Reply) -> bool:
    limit, used = _limit_and_use(reply)
    return limit is not None and used is not None and used >= limit


def _cut_off_at_length(reply: Reply) -> str:
    limit, used = _limit_and_use(reply)
    is_before = limit is not None and used is not None and used < limit
    if limit is not None and not is_before and any(each.kind == "budget_lowered" for each in reply.warnings):
        return _AT_BUDGET.format(limit=limit)
    if reply.reasoning.strip() and not has_answer(reply):
        if limit is None or is_before:
            return _THOUGHT_TO_LIMIT.format(
                "the tokens that the server allows, or the model's context,",
                "Set a higher `max_tokens=`, shorten the prompt",
            )
        return _THOUGHT_TO_LIMIT.format(f"the limit of {limit:,} tokens", "Raise `max_tokens=`")
    text = _WITHOUT_LIMIT if limit is None else _BEFORE_LIMIT if is_before else _AT_LIMIT
    return text.format(limit=limit) + _ADVICE[text]["continue" in actions(reply)]


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
    return _GO_ON if "continue" in found else _ASK_ANEW if found else ""


def _of_pending(reply: Reply) -> str:
    """Return what to do about calls that have no result when the reply has ended."""
    names = list(dict.fromkeys(one_line(call.name) for call in reply.pending))
    if reply.status == "complete" and "continue" not in actions(reply):
        return _NOTHING_RAN.format(", ".join(names))
    it = "it" if len(names) == 1 else "them"
    return _UNDECIDED.format(", ".join(names), it)


def _is_in_alert(warning: ReplyWarning, reply: Reply) -> bool:
    """Return whether the reply's alert says the same."""
    error = reply.error
    return error is not None and error.cause == "unreadable" and warning.kind == "unreadable" and warning.count == 1


_SHORT_WARNINGS = {
    "cut_event": "The stream ended within an event: {said}",
    "repeated": "The server repeated the text that it was to continue; it is shown once.",
    "asked_anew": "The reply had ended while the model was thinking, so the request was sent anew.",
    "cache_unusable": "{where} in the cache cannot be used: {said}. So the request was sent.",
    "cache_read_only": "The reply is not kept in the cache {where}: {said}.",
}


def warning_sentence(warning: ReplyWarning, request: Request, audience: Audience = "cell") -> str:
    """Return what a warning says."""
    count = warning.count
    said = one_line(warning.said[:_LONGEST_SAID])
    said = said if len(warning.said) <= _LONGEST_SAID else said + "…"
    match warning.kind:
        case "cut_event" | "repeated" | "asked_anew" | "cache_unusable" | "cache_read_only":
            text = _SHORT_WARNINGS[warning.kind].format(where=one_line(warning.where), said=said)
        case "unreadable":
            what = "One event" if count == 1 else f"{count:,} events"
            text = f"{what} of the stream could not be read" + (f": {said}" if said else ".")
        case "other_text":
            text = f"The server sent text that is not shown, in `{warning.where}`: {said}"
        case "other_choice":
            text = "The server sent more than one answer. The others are in `reply.warnings`."
        case "replaced":
            what = "One character" if count == 1 else f"{count:,} characters"
            text = (
                f"{what} of {warning.where} cannot be sent, as in file names of an unknown encoding: sent as “\ufffd”."
            )
        case "thought_anyway":
            text = (
                f"The model thought although `{warning.where}` switched it off. {thinking_setting(request)} names the "
                "field that the server takes: chat_template_kwargs for vLLM, SGLang, llama.cpp and mlx_lm, "
                "reasoning_effort for Ollama."
            )
        case "not_kept":
            text = f"The server sent data that is not kept, in `{warning.where}`."
        case "left_out":
            text = f"The reply was continued without `{warning.where}`, as a part of JSON is none: check the whole."
        case "raw_tool_call":
            text = f"The server did not parse a tool call, so it stands in the answer as text: {said}"
        case "max_steps":
            text = (
                "The model called tools in as many requests as `max_steps=` allows, so the last request asked for an "
                "answer without them."
            )
        case "repeated_call":
            text = (
                "The model made the same call three times, with the same arguments, so the last request asked for an "
                "answer without tools."
            )
        case "denials":
            text = "Three calls in a row were denied, so the last request asked for an answer without tools."
        case "nobody_asked":
            text = (
                f"{one_line(warning.where)} was not run, as nobody could be asked. Name it in `allow=` to let it run "
                'without asking, or mark it with @nbstream.tool(consent="never") if it only reads.'
            )
        case _:
            text = _on_money(warning, warning.kind)
    return spoken(text, audience)


def _on_money(warning: ReplyWarning, kind: _MoneyKind) -> str:
    """Return what a warning on prices, budgets or the ledger says."""
    said, where = one_line(warning.said), one_line(warning.where)
    match kind:
        case "bad_prices":
            return f"The cost is not known, as your prices cannot be read. {said}"
        case "lowered" | "budget_lowered":
            return f"The reply was asked for in at most {said}."
        case "budget_unpriced":
            return f"The price of {said} is not known, so what it costs does not count in {where}."
        case "budget_not_held":
            return (
                "The ledger cannot be used, so the budgets of the notebook, the day and the month are not held. "
                "%deepseek usage says why."
            )
        case "not_recorded":
            return (
                f"The ledger {where} cannot be written ({said}), so it lacks this "
                "request and later ones until it can. The reply is not affected. NBSTREAM_LEDGER names another file, "
                "or is off."
            )
        case "ledger_damaged":
            return f"The ledger {where} was damaged, so a new one was begun. The old file is {said}."
        case _:  # pragma: no cover
            assert_never(kind)


def unseen(back: int) -> str:
    """Return the notice for a reply that no page may show; `back` is its number for `show`."""
    return _UNSEEN.format(back)


def message(failure: Failure) -> str:
    """Return one sentence: what happened."""
    return _sentence(_message(failure))


def _message(failure: Failure) -> str:
    server, said, limit = failure.server or "The server", failure.said, failure.limit or 0
    match failure.kind, failure.cause:
        case "not_recorded", "differs":
            nearest = f"The nearest recorded request differs in {said}"
            return f"{server} has no response to this request, so nothing was sent. {nearest}"
        case "not_recorded", _:
            return f"{server} has no response to a request of this kind ({said}), so nothing was sent"
        case "budget", "line":
            return f"Stopped at {said}"
        case "budget", "unpriced":
            price = f"the price of {server} is not known"
            return f"Nothing was sent: {price}, so {said}, cannot be held"
        case "budget", _:
            return f"Nothing was sent: {said}"
        case "unsent", _:
            return f"Nothing was sent: {said}"
        case "refused", "redirect":
            return f"{server} answered {failure.status_code}: it redirects to {said}"
        case "refused", _:
            return f"{server} answered {failure.status_code}" + (f": {said}" if said else "")
        case "in_band", _:
            return f"The server reported an error: {said or 'without a message'}"
        case "unreachable", _:
            return f"{server} could not be reached: {said}"
        case "disconnected", "connection":
            return f"The connection to {server} broke: {said}"
        case "disconnected", _:
            odd = f" It had sent something that is not a chunk: {said}" if said else ""
            return f"{server} ended the stream without saying that the reply is complete.{odd}"
        case "stalled", "no_byte":
            return f"{server} sent nothing for {limit:g} s"
        case "stalled", "no_data":
            return f"{server} kept the connection open but sent no data for {limit:g} s"
        case "stalled", _:
            return f"{server} sent nothing more for {limit:g} s"
        case "too_large", "tool_calls":
            return f"{server} began more than {limit:,.0f} tool calls, so nbstream closed the connection"
        case "too_large", "answer":
            return f"{server} answered with more than {_size(limit)}, so nbstream closed the connection"
        case "too_large", "event":
            return f"{server} sent a single piece of more than {_size(limit)}, so nbstream closed the connection"
        case "too_large", _:
            return f"The reply grew beyond {_size(limit)}, so nbstream closed the connection"
        case "white_space", _:
            space = f"{limit:,.0f} characters of white space in a row"
            return f"{server} sent more than {space}, so nbstream closed the connection"
        case "not_a_stream", "empty":
            return f"{server} answered 200 with nothing in it"
        case "not_a_stream", "page":
            return f"{server} answered with a web page{f' titled “{said}”' if said else ''} instead of a stream"
        case "not_a_stream", "not_json":
            return f"{server} answered with something that is not JSON: {said}"
        case "not_a_stream", "no_list":
            return f"{server} answered with something else: {said}"
        case "not_a_stream", "other_api":
            return f"{server} speaks another API than chat completions: its first event was “{said}”"
        case "not_a_stream", _:
            return f"{server} answered 200 with something that is not a stream: {said}"
        case "worker", "executor":
            return f"The executor does not work any more: {said}"
        case "worker", _:
            return f"A worker of the executor failed: {said}"
        case "kernel_ended", _:
            return "The kernel ended while this reply arrived"
        case _:
            return f"nbstream failed: {said}"


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else text + "."


def _size(size: float) -> str:
    """Return a number of bytes for reading: `8 MiB`, `12.5 KiB`, `900 bytes`."""
    for unit, name in ((_KIB * _KIB, "MiB"), (_KIB, "KiB")):
        if size >= unit:
            return f"{round(size / unit, 1):g} {name}"
    return f"{size:,.0f} bytes"
