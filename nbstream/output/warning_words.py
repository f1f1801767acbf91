"""What the warnings of a reply say: what could not be read, is not shown, or concerns money."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias, assert_never

from nbstream.language import _, joined, marked, plural
from nbstream.model.printable import one_line
from nbstream.output.audience import spoken
from nbstream.output.remedies import thinking_setting

if TYPE_CHECKING:
    from nbstream.model.presentation import Audience
    from nbstream.model.request import Request
    from nbstream.model.warning import ReplyWarning

#: Warnings on what a reply costs, and on where that is kept.
_MoneyKind: TypeAlias = Literal[
    "bad_prices", "lowered", "budget_lowered", "budget_unpriced", "budget_not_held", "not_recorded", "ledger_damaged"
]
#: A note shows this many characters of what a warning is about.
_LONGEST_SAID = 120
_SHORT_WARNINGS = {
    "cut_event": marked("The last piece of the stream is not whole, so it is not shown: {said}"),
    "repeated": marked("The server repeated the text that it was to continue; it is shown once."),
    "asked_anew": marked("The reply had ended while the model was thinking, so the request was sent anew."),
    "cache_unusable": marked("{where} in the cache cannot be used: {said}. So the request was sent."),
    "cache_read_only": marked("The reply is not kept in the cache {where}: {said}."),
}


def warning_sentence(warning: ReplyWarning, request: Request, audience: Audience = "cell") -> str:
    """Return what a warning says."""
    count = warning.count
    said = one_line(warning.said[:_LONGEST_SAID])
    said = said if len(warning.said) <= _LONGEST_SAID else said + "…"
    match warning.kind:
        case "cut_event" | "repeated" | "asked_anew" | "cache_unusable" | "cache_read_only":
            text = _(_SHORT_WARNINGS[warning.kind], where=one_line(warning.where), said=said)
        case "unreadable":
            if said:
                text = plural(
                    "One event of the stream could not be read: {said}",
                    "{n:,} events of the stream could not be read: {said}",
                    count,
                    said=said,
                )
            else:
                text = plural(
                    "One event of the stream could not be read.", "{n:,} events of the stream could not be read.", count
                )
        case "other_text":
            text = _("The server sent text that is not shown, in `{where}`: {said}", where=warning.where, said=said)
        case "other_choice":
            text = _("The server sent more than one answer. The others are in `reply.warnings`.")
        case "replaced":
            text = plural(
                "One character of {where} cannot be sent, as in file names of an unknown encoding: sent as “\ufffd”.",
                "{n:,} characters of {where} cannot be sent, as in file names of an unknown encoding: sent as “�”.",
                count,
                where=warning.where,
            )
        case "thought_anyway":
            text = _(
                "The model thought although `{where}` switched it off. {thinking_setting} names the field that the "
                "server takes: chat_template_kwargs for vLLM, SGLang, llama.cpp and mlx_lm, reasoning_effort for "
                "Ollama.",
                where=warning.where,
                thinking_setting=thinking_setting(request),
            )
        case "not_kept":
            text = _("The server sent data that is not kept, in `{where}`.", where=warning.where)
        case "left_out":
            text = _(
                "The reply was continued without `{where}`, as a part of JSON is none: check the whole.",
                where=warning.where,
            )
        case "raw_tool_call":
            text = _("The server did not parse a tool call, so it stands in the answer as text: {said}", said=said)
        case "max_steps":
            text = _(
                "The model called tools in as many requests as `max_steps=` allows, so the last request asked for an "
                "answer without them."
            )
        case "repeated_call":
            text = _(
                "The model made the same call three times, with the same arguments, so the last request asked for an "
                "answer without tools."
            )
        case "denials":
            text = _("Three calls in a row were denied, so the last request asked for an answer without tools.")
        case "nobody_asked":
            text = _(
                "{where} was not run, as nobody could be asked. Name it in `allow=` to let it run without asking, or "
                'mark it with @nbstream.tool(consent="never") if it only reads.',
                where=one_line(warning.where),
            )
        case _:
            text = _on_money(warning, warning.kind)
    return spoken(text, audience)


def _on_money(warning: ReplyWarning, kind: _MoneyKind) -> str:
    """Return what a warning on prices, budgets or the ledger says."""
    said, where = one_line(warning.said), one_line(warning.where)
    match kind:
        case "bad_prices":
            return joined(_("The cost is not known, as your prices cannot be read."), said)
        case "lowered" | "budget_lowered":
            return _("The reply was asked for in at most {said}.", said=said)
        case "budget_unpriced":
            return _(
                "The price of {said} is not known, so what it costs does not count in {where}.", said=said, where=where
            )
        case "budget_not_held":
            return _(
                "The ledger cannot be used, so the budgets of the notebook, the day and the month are not held. "
                "%deepseek usage says why."
            )
        case "not_recorded":
            return _(
                "The ledger {where} cannot be written ({said}), so it lacks this request and later ones until it "
                "can. The reply is not affected. NBSTREAM_LEDGER names another file, or is off.",
                where=where,
                said=said,
            )
        case "ledger_damaged":
            return _(
                "The ledger {where} was damaged, so a new one was begun. The old file is {said}.",
                where=where,
                said=said,
            )
        case _:  # pragma: no cover
            assert_never(kind)
