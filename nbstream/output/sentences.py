"""Facts to sentences: what happened to a reply, what was kept and what to do next.

Every remedy stands here. It names options and settings as its audience writes them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, assert_never

from nbstream.client import models
from nbstream.model.printable import one_line

if TYPE_CHECKING:
    from nbstream.model.failure import Failure
    from nbstream.model.presentation import Audience
    from nbstream.model.reply import Reply
    from nbstream.model.warning import ReplyWarning

#: What a finish reason other than "stop" means, and what to do about it.
_CUT_OFF = {
    "length": "The answer was cut off at the limit of tokens. Raise `max_tokens=`, or ask it to go on.",
    "content_filter": "The server's content filter ended the answer. What arrived is kept.",
    "insufficient_system_resource": "The server ran out of resources and ended the answer. {Again} later.",
    "aborted": "The server aborted the answer. {Again}.",
}
#: The model ended by itself, or asks for tool calls.
NORMAL_ENDS = ("stop", "tool_calls", "function_call")
_DAMAGED = "Words may be missing from this reply: a part of the stream could not be read. {Again}."
_UNKNOWN_END = "The server ended the answer for a reason that nbstream does not know: {}. It may not be whole."

_BY_STATUS = {
    400: "The request was not accepted as it is; change it and {again}.",
    401: "Check DEEPSEEK_API_KEY, and that it belongs to this server.",
    402: "Top up the account, then {again}.",
    403: "The key may not use this model or this server.",
    404: "Check the model's name and the base URL; many servers need it to end in /v1.",
    408: "The server did not wait any longer; {again}.",
    409: "The server was busy with something that excludes this request; {again}.",
    413: "The prompt is larger than the server accepts.",
    422: "A parameter is out of the range that the server accepts.",
    429: "The server accepts no more requests at the moment; wait, then {again}.",
}
_SERVER_FAULT = "The fault is on the server's side; {again} later."
_BASE_URL = "Check the base URL: it ends where /chat/completions begins, often in /v1. A proxy may also be in between."
#: The remedies that follow from kind and cause alone.
_BY_CAUSE = {
    ("refused", "redirect"): "Neither prompt nor key was sent there; set the base URL if you trust it.",
    ("refused", "no_key"): "No key was sent: DEEPSEEK_API_KEY belongs to another server. Set DEEPSEEK_BASE_URL and "
    "DEEPSEEK_API_KEY together for {server}, or give `api_key=` to nbstream.ask.",
    ("refused", "unknown_thinking"): "If it does not know `thinking`, leave out `thinking=True` and `thinking=False`, "
    "or set `settings.thinking_field`.",
    ("unreachable", "loopback"): "Check that the server is running.",
    ("unreachable", ""): "Check the network and the base URL.",
    ("too_large", "reply"): "To accept more: `settings.max_bytes = {twice}`",
    ("too_large", "event"): "To accept more: `settings.max_bytes = {twice}`",
    ("white_space", ""): "With response_format json_object, DeepSeek does this when no message says “json”: "
    "name JSON in the prompt and {again}.",
    ("not_a_stream", "page"): _BASE_URL,
    ("not_a_stream", ""): "Check the base URL and the model.",
    ("internal", ""): "Please report this.",
}

_UNSEEN = "The page was reloaded while a reply arrived, and may not show it. %deepseek show {} shows it again."

_OPTION = re.compile(r"`(\w+)=(True|False)?`")
_SETTING = re.compile(r"`settings\.(\w+)([^`]*)`")
_FLAGS = {"model": "-m", "thinkingTrue": "--think", "thinkingFalse": "--no-think", "extra_body": "--raw-body"}
_KIB = 1024
#: A note shows this many characters of what a warning is about.
_LONGEST_SAID = 120


def name_options(text: str, audience: Audience) -> str:
    """Return a text with its options and settings named as the audience writes them.

    Args:
        text: options are in it as `max_tokens=`, settings as `settings.max_bytes`, both between
            backticks.
        audience: the reader.
    """
    if audience == "python":
        return _SETTING.sub(r"nbstream.settings.\1\2", text)
    text = _SETTING.sub(r"%config DeepSeekMagics.\1\2", text)
    return _OPTION.sub(lambda found: _FLAGS.get(found[1] + (found[2] or ""), f"--{found[1].replace('_', '-')}"), text)


def alert(reply: Reply, audience: Audience) -> str:
    """Return what happened to a reply that is not whole and what to do next; empty for any other.

    A stop is no alert.
    """
    if reply.error is not None:
        return f"{message(reply.error)} {remedy(reply.error, reply, audience)}"
    reason = reply.finish_reason
    if reply.ended and reason in _CUT_OFF:
        return _spoken(_CUT_OFF[reason], audience)
    if reply.status == "truncated":
        return _spoken(_DAMAGED, audience)
    if reply.ended and reason is not None and reason not in NORMAL_ENDS:
        return _UNKNOWN_END.format(reason)
    if reply.status == "complete" and not (reply.answer or reply.tool_calls):
        return "The answer is empty." if reply.reasoning else "The reply is empty."
    return ""


def notes(reply: Reply, audience: Audience) -> list[str]:
    """Return a sentence for each warning of the reply, to be shown quietly below the answer."""
    return [_note(warning, audience) for warning in reply.warnings]


def _note(warning: ReplyWarning, audience: Audience) -> str:
    count = warning.count
    said = one_line(warning.said[:_LONGEST_SAID])
    said = said if len(warning.said) <= _LONGEST_SAID else said + "…"
    match warning.kind:
        case "unreadable":
            what = "One event" if count == 1 else f"{count:,} events"
            text = f"{what} of the stream could not be read" + (f": {said}" if said else ".")
        case "other_text":
            text = f"The server sent text that is not shown, in `{warning.where}`: {said}"
        case "other_choice":
            text = "The server sent more than one answer. The others are in `reply.warnings`."
        case "raw_tool_call":
            text = f"The server did not parse a tool call, so it stands in the answer as text: {said}"
        case _:  # pragma: no cover
            assert_never(warning.kind)
    return _spoken(text, audience)


def unseen(back: int) -> str:
    """Return the notice for a reply that no page may show; `back` is its number for `show`."""
    return _UNSEEN.format(back)


def message(failure: Failure) -> str:
    """Return one sentence: what happened."""
    return _sentence(_message(failure))


def _message(failure: Failure) -> str:
    server, said, limit = failure.server or "The server", failure.said, failure.limit or 0
    match failure.kind, failure.cause:
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
        case "not_a_stream", _:
            return f"{server} answered 200 with something that is not a stream: {said}"
        case "kernel_ended", _:
            return "The kernel ended while this reply arrived"
        case _:
            return f"nbstream failed: {said}"


def remedy(failure: Failure, reply: Reply, audience: Audience) -> str:
    """Return what was kept of `reply`, which ended with `failure`, and what to do next."""
    is_kept = bool(reply.reasoning or reply.answer or reply.tool_calls)
    advice = _BY_CAUSE.get((failure.kind, failure.cause), "")
    if failure.cause == "retired_model":
        advice = models.retired(reply.request.model)
    elif not advice and (status := failure.status_code) is not None:
        advice = _BY_STATUS.get(status, _SERVER_FAULT if status >= 500 else "")  # noqa: PLR2004  (HTTP's server errors)
    if not advice:
        return _spoken("What arrived is kept; {again}." if is_kept else "Nothing of it had arrived; {again}.", audience)
    twice = f"{2 * (failure.limit or 0):.0f}"
    advice = advice.replace("{server}", failure.server).replace("{twice}", twice)
    return _spoken(f"What arrived is kept. {advice}" if is_kept else advice, audience)


def _spoken(text: str, audience: Audience) -> str:
    again = "run the cell again" if audience == "cell" else "ask again"
    text = text.replace("{again}", again).replace("{Again}", again.capitalize())
    return name_options(text, audience)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else text + "."


def _size(size: float) -> str:
    """Return a number of bytes for reading: `8 MiB`, `12.5 KiB`, `900 bytes`."""
    for unit, name in ((_KIB * _KIB, "MiB"), (_KIB, "KiB")):
        if size >= unit:
            return f"{round(size / unit, 1):g} {name}"
    return f"{size:,.0f} bytes"
