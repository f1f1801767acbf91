"""What a failure says: one sentence on what happened; what to do about it is in `remedies`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.language import _, joined

if TYPE_CHECKING:
    from nbstream.model.failure import Failure

_KIB = 1024


def message(failure: Failure) -> str:
    """Return one sentence: what happened."""
    return _sentence(_message(failure))


def _message(failure: Failure) -> str:
    server, said, limit = failure.server or _("The server"), failure.said, failure.limit or 0
    match failure.kind, failure.cause:
        case "not_recorded", "differs":
            return _(
                "{server} has no response to this request, so nothing was sent. The nearest recorded request "
                "differs in {said}",
                server=server,
                said=said,
            )
        case "not_recorded", _:
            return _(
                "{server} has no response to a request of this kind ({said}), so nothing was sent",
                server=server,
                said=said,
            )
        case "budget", "line":
            return _("Stopped at {said}", said=said)
        case "budget", "unpriced":
            return _(
                "Nothing was sent: the price of {server} is not known, so {said}, cannot be held",
                server=server,
                said=said,
            )
        case "budget", _:
            return _("Nothing was sent: {said}", said=said)
        case "unsent", _:
            return _("Nothing was sent: {said}", said=said)
        case "refused", "redirect":
            return _(
                "{server} answered {status_code}: it redirects to {said}",
                server=server,
                status_code=failure.status_code,
                said=said,
            )
        case "refused", _:
            if said:
                return _(
                    "{server} answered {status_code}: {said}", server=server, status_code=failure.status_code, said=said
                )
            return _("{server} answered {status_code}", server=server, status_code=failure.status_code)
        case "in_band", _:
            return _("The server reported an error: {said}", said=said or _("without a message"))
        case "unreachable", _:
            return _("{server} could not be reached: {said}", server=server, said=said)
        case "disconnected", "connection":
            return _(
                "The connection to {server} broke before the reply was complete ({said})", server=server, said=said
            )
        case "disconnected", _:
            ended = _("{server} ended the stream without saying that the reply is complete.", server=server)
            odd = _("It had sent something that is not a chunk: {said}", said=said) if said else ""
            return joined(ended, odd)
        case "stalled", "no_byte":
            return _("{server} sent nothing for {limit:g} s", server=server, limit=limit)
        case "stalled", "no_data":
            return _("{server} kept the connection open but sent no data for {limit:g} s", server=server, limit=limit)
        case "stalled", _:
            return _("{server} sent nothing more for {limit:g} s", server=server, limit=limit)
        case "too_large", "tool_calls":
            return _(
                "{server} began more than {limit:,.0f} tool calls, so nbstream closed the connection",
                server=server,
                limit=limit,
            )
        case "too_large", "answer":
            return _(
                "{server} answered with more than {size}, so nbstream closed the connection",
                server=server,
                size=_size(limit),
            )
        case "too_large", "event":
            return _(
                "{server} sent a single piece of more than {size}, so nbstream closed the connection",
                server=server,
                size=_size(limit),
            )
        case "too_large", _:
            return _("The reply grew beyond {size}, so nbstream closed the connection", size=_size(limit))
        case "white_space", _:
            return _(
                "{server} sent more than {limit:,.0f} characters of white space in a row, so nbstream closed the "
                "connection",
                server=server,
                limit=limit,
            )
        case "not_a_stream", "empty":
            return _("{server} answered 200 with nothing in it", server=server)
        case "not_a_stream", "page":
            if said:
                return _(
                    "{server} answered with a web page titled “{said}” instead of a stream", server=server, said=said
                )
            return _("{server} answered with a web page instead of a stream", server=server)
        case "not_a_stream", "not_json":
            return _("{server} answered with something that is not JSON: {said}", server=server, said=said)
        case "not_a_stream", "no_list":
            return _("{server} answered with something else: {said}", server=server, said=said)
        case "not_a_stream", "other_api":
            return _(
                "{server} speaks another API than chat completions: its first event was “{said}”",
                server=server,
                said=said,
            )
        case "not_a_stream", _:
            return _("{server} answered 200 with something that is not a stream: {said}", server=server, said=said)
        case "worker", "executor":
            return _("The executor does not work any more: {said}", said=said)
        case "worker", _:
            return _("A worker of the executor failed: {said}", said=said)
        case "kernel_ended", _:
            return _("The kernel ended while this reply arrived")
        case _:
            return _("nbstream failed: {said}", said=said)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…", "。", "\uff01", "\uff1f")) else text + _(".")


def _size(size: float) -> str:
    """Return a number of bytes for reading: `8 MiB`, `12.5 KiB`, `900 bytes`."""
    for unit, name in ((_KIB * _KIB, "MiB"), (_KIB, "KiB")):
        if size >= unit:
            return f"{round(size / unit, 1):g} {name}"
    return _("{size:,.0f} bytes", size=size)
