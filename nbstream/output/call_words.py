"""The words about a tool call: its state, and who decided. They are the same in every output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.model.printable import visible
from nbstream.output.durations import seconds

if TYPE_CHECKING:
    from nbstream.model.tool_call import ToolCall
    from nbstream.model.tool_result import Printed, Shown, ToolOutcome

_LEAST_SECONDS = 0.05
#: Of a call without an outcome: while the reply goes on, and after its end.
_OPEN = {
    "arriving": ("arguments arrive", "not run: its arguments are not whole"),
    "open": ("not run yet", "not run"),
    "asking": ("waits for your decision", "not run: not decided"),
    "running": ("running", "had not returned"),
}


def name(call: ToolCall) -> str:
    """Return the name of the tool, on one line and with nothing invisible."""
    return visible(" ".join(call.name.split())) or "a tool without a name"


def state(call: ToolCall, *, ended: bool) -> str:
    """Return how far a call is; `ended` says whether the reply has ended."""
    outcome = call.outcome
    if outcome is None:
        return _OPEN[call.state][ended] if call.state in _OPEN else call.state
    match outcome.outcome:
        case "done":
            return f"ran {_duration(outcome)}" + (", interrupted" if outcome.interrupted else "")
        case "failed":
            return f"failed after {_duration(outcome)}"
        case "interrupted":
            return f"interrupted after {_duration(outcome)}"
        case "denied":
            return "denied"
        case "stopped":
            return "not run: stopped"
        case "invalid":
            return "not run: invalid call"


def head(call: ToolCall, *, ended: bool) -> list[str]:
    """Return what stands beside the name: the state, then what decided it."""
    reason = visible(" ".join(call.reason.split()))
    return [state(call, ended=ended), *([reason] if reason else [])]


def result_label(outcome: ToolOutcome) -> str:
    """Return what the text is that the model reads: the result itself, or a text made of it."""
    return "Read by the model" if any(each.origin == "returned" for each in outcome.shown) else "Result"


def shows_content(outcome: ToolOutcome) -> bool:
    """Return whether the text that the model reads says more than the state and the error."""
    if outcome.outcome == "done":
        return True
    return outcome.outcome == "failed" and outcome.error.strip() not in outcome.content


def left_out(count: int) -> str:
    """Return the note for characters that are not there."""
    return f"{count:,} characters are left out" if count else ""


def not_shown(outcome: ToolOutcome) -> str:
    """Return the note for displayed values that are not shown."""
    count = outcome.not_shown
    return f"{count:,} more displayed {'value is' if count == 1 else 'values are'} not shown" if count else ""


def caption(shown: Shown) -> str:
    """Return what a shown value is, and how much of it is there."""
    words = [shown.what, shown.note or ("cut" if shown.is_cut else "")]
    return visible(" · ".join(" ".join(each.split()) for each in words if each))


def printed_text(printed: Printed) -> str:
    """Return what was printed, with a line for what is missing."""
    if not printed.left_out:
        return printed.head + printed.tail
    return f"{printed.head}\n[… {left_out(printed.left_out)} …]\n{printed.tail}"


def _duration(outcome: ToolOutcome) -> str:
    return seconds(outcome.seconds) if outcome.seconds >= _LEAST_SECONDS else "less than 0.1 s"
