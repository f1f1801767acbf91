"""The words about a tool call: its state, and who decided. They are the same in every output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.language import _, marked, plural
from nbstream.model.printable import one_line, visible
from nbstream.output.durations import seconds
from nbstream.output.lengths import is_preview, left_out

if TYPE_CHECKING:
    from nbstream.model.events import DecidedBy
    from nbstream.model.tool_call import ToolCall
    from nbstream.model.tool_result import Printed, Shown, ToolOutcome

_LEAST_SECONDS = 0.05
#: A button or a sentence shows so much of a name; the card has all of it.
_LONGEST_NAME = 40
#: Of a call without an outcome: while the reply goes on, and after its end.
_OPEN = {
    "arriving": (marked("arguments arrive"), marked("not run: its arguments are not whole")),
    "open": (marked("not run yet"), marked("not run")),
    "asking": (marked("waits for your decision"), marked("not run: not decided")),
    "running": (marked("running"), marked("had not returned")),
    "stopping": (marked("running, the reply stops when it has returned"), marked("had not returned")),
}
#: What decided: that a call runs, and that it does not.
_DECIDED: dict[DecidedBy, tuple[str, str]] = {
    "user": (marked("allowed by the user"), marked("denied by the user")),
    "user_all": (marked("allowed by the user for this reply"), marked("denied by the user")),
    "request": (marked("allowed by the request"), marked("denied by the request")),
    "never": (marked("allowed without asking"), marked("denied")),
    "rule": (marked("allowed by its rule"), marked("denied by its rule")),
    "nobody": (marked("allowed"), marked("denied: nobody could be asked")),
}
#: The label of the arguments that the user changed.
WRITTEN = marked("The arguments that the model wrote")
#: The results of calls that did not run begin so.
_NOT_RUN = marked("not run")


def name(call: ToolCall) -> str:
    """Return the name of the tool, on one line and with nothing invisible."""
    return visible(" ".join(call.name.split())) or _("a tool without a name")


def short_name(call: ToolCall) -> str:
    """Return the name of the tool for a button or a sentence; a long one is cut."""
    known = name(call)
    return known if len(known) <= _LONGEST_NAME else f"{known[: _LONGEST_NAME - 1]}…"


def state(call: ToolCall, *, ended: bool) -> str:
    """Return how far a call is; `ended` says whether the reply has ended."""
    outcome = call.outcome
    if outcome is None:
        return _(_OPEN[call.state][ended]) if call.state in _OPEN else call.state
    match outcome.outcome:
        case "done":
            if outcome.interrupted:
                return _("ran {duration}, interrupted", duration=_duration(outcome))
            return _("ran {duration}", duration=_duration(outcome))
        case "failed":
            return _("failed after {duration}", duration=_duration(outcome))
        case "interrupted":
            return _("interrupted after {duration}", duration=_duration(outcome))
        case "denied":
            return _(_DECIDED[call.decided_by][1]) if call.decided_by else _("denied")
        case "stopped":
            said = one_line(outcome.content)
            # What the model reads is English; the known sentences have a translation.
            return _(said) if said.startswith(_NOT_RUN) else _("not run: stopped")
        case "invalid":
            return _("not run: invalid call")


def head(call: ToolCall, *, ended: bool) -> list[str]:
    """Return what stands beside the name: the state, what decided it, and why."""
    is_denied = call.state == "denied"
    decided = [] if is_denied or call.decided_by is None else [_(_DECIDED[call.decided_by][0])]
    reason = visible(" ".join(call.reason.split()))
    return [
        state(call, ended=ended),
        *decided,
        *([_("“{reason}”", reason=reason) if is_denied else reason] if reason else []),
    ]


def shows_all(call: ToolCall, *, ended: bool) -> bool:
    """Return whether no part of the arguments is left out: the user still decides about them."""
    return call.outcome is None and call.state in ("open", "asking") and not ended


def result_label(call: ToolCall, outcome: ToolOutcome, *, is_shown: bool) -> str:
    """Return what the text is that the model reads.

    Args:
        call: the call.
        outcome: what came of it.
        is_shown: whether the result itself is shown beside the text.
    """
    is_result = outcome.outcome == "done" and call.edited is None
    return _("Result") if is_result and not is_shown else _("Read by the model")


def shows_content(outcome: ToolOutcome) -> bool:
    """Return whether the text that the model reads says more than all that is shown already."""
    if any(_is_content(each, outcome) for each in shown_values(outcome)):
        return False
    if outcome.outcome in ("failed", "invalid"):
        return "\n" in outcome.content.strip() or outcome.error.strip() not in outcome.content
    return outcome.outcome == "done"


def shown_values(outcome: ToolOutcome) -> list[Shown]:
    """Return the values that have a place of their own: a short result stands in one line."""
    if not is_preview(outcome.content):
        return list(outcome.shown)
    return [each for each in outcome.shown if not _is_content(each, outcome)]


def shows_result(outcome: ToolOutcome) -> bool:
    """Return whether the value that the function returned is among `shown_values`."""
    return any(each.origin == "returned" for each in shown_values(outcome))


def _is_content(shown: Shown, outcome: ToolOutcome) -> bool:
    """Return whether a value is the text that the model reads, maybe with other white space."""
    is_whole = shown.origin == "returned" and shown.kind in ("json", "text") and not shown.is_cut
    return is_whole and "".join(shown.text.split()) == "".join(outcome.content.split())


def not_shown(outcome: ToolOutcome) -> str:
    """Return the note for displayed values that are not shown."""
    count = outcome.not_shown
    if not count:
        return ""
    return plural("{n:,} more displayed value is not shown", "{n:,} more displayed values are not shown", count)


def caption(shown: Shown) -> str:
    """Return what a shown value is, and how much of it is there."""
    words = [shown.what, shown.note or (_("cut") if shown.is_cut else "")]
    return visible(" · ".join(" ".join(each.split()) for each in words if each))


def printed_text(printed: Printed) -> str:
    """Return what was printed, with a line for what is missing."""
    if not printed.left_out:
        return printed.head + printed.tail
    return f"{printed.head}\n[… {left_out(printed.left_out)} …]\n{printed.tail}"


def _duration(outcome: ToolOutcome) -> str:
    return seconds(outcome.seconds) if outcome.seconds >= _LEAST_SECONDS else _("less than 0.1 s")
