"""The words around a reply: label, duration of the reasoning, tool calls and footer.

They are the same live, settled, in Markdown and in a terminal. A number that is not certain is left
out, or labelled as an estimate.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nbstream.model.events import Retrying, Waiting
from nbstream.model.printable import printable
from nbstream.model.usage import estimate_tokens
from nbstream.output.durations import seconds
from nbstream.output.sentences import NORMAL_ENDS, has_answer, message

if TYPE_CHECKING:
    from nbstream.model.presentation import Presentation, ReasoningDisplay
    from nbstream.model.reply import Reply
    from nbstream.model.timing import Timing

#: A turn before a turn has another version now.
ANSWERED_EARLIER = "answered an earlier version"
#: An answer that was asked for once more.
FIRST_ANSWER = "The first answer, which did not fit"
_LINE_END = re.compile(r"\s*[\r\n]\s*")
_MINUTE = 60.0
#: A rate is claimed only over text that arrived over at least this many seconds.
_LEAST_SECONDS = 1.0
#: Less of the context window is not worth telling.
_WORTH_TELLING = 0.2
#: A text has at most about this many times the tokens that are estimated from its length.
_MOST_PER_ESTIMATE = 4
#: The footer names so many values and files of the prompt, each with so many characters.
_MOST_INSERTED = 6
_LONGEST_NAME = 40


def reasoning_display(reply: Reply, presentation: Presentation) -> ReasoningDisplay:
    """Return how the reasoning is shown: by default it stays open if no answer follows it."""
    return "open" if stays_open(reply, presentation) else presentation.reasoning


def stays_open(reply: Reply, presentation: Presentation) -> bool:
    """Return whether the reasoning stays open because the reply has ended without an answer."""
    return presentation.reasoning == "auto" and reply.ended and not has_answer(reply)


def label(reply: Reply) -> str:
    """Return what the reader is waiting for; empty once there is text."""
    if reply.status == "pending":
        return "Connecting"
    if reply.status != "waiting":
        return ""
    if isinstance(reply.wait, Retrying):
        return f"Attempt {reply.wait.attempt} of {reply.wait.attempts} failed, trying again"
    return f"Waiting for {reply.model}"


def waited(reply: Reply, elapsed: float) -> float:
    """Return how long the reader has waited, `elapsed` seconds after the reply began.

    Without the time of an earlier part, until the server goes on with it.
    """
    is_waiting = reply.status in ("pending", "waiting")
    before = reply.earlier.timing.ended if reply.earlier is not None and is_waiting else None
    return max(0.0, elapsed - (before or 0.0))


def activity(reply: Reply) -> str:
    """Return what the model does while its text arrives."""
    return "Thinking" if reply.status == "reasoning" else "Answering"


def note(reply: Reply) -> str:
    """Return what the server, or the retry logic, last said before the first delta."""
    if isinstance(reply.wait, Waiting):
        said = reply.wait.note
        return f"the server says {said}" if said else "the server is there"
    if isinstance(reply.wait, Retrying):
        return f"{message(reply.wait.failure)} Next attempt in {seconds(reply.wait.delay)}"
    return ""


def thought(reply: Reply) -> str:
    """Return `Thought for 12 s`, once reasoning has ended; nothing if there was none."""
    duration = reply.timing.reasoning_seconds
    if not reply.reasoning or duration is None:
        return ""
    if duration < 1:
        return "Thought for less than a second"
    # Whole seconds: the reader watched them being counted.
    return f"Thought for {duration:.0f} s" if duration < _MINUTE else f"Thought for {seconds(duration)}"


def tool_calls(reply: Reply) -> list[str]:
    """Return a line for each tool call that the model asks for. Nothing has been run.

    While the reply is received, the arguments are left out: they are incomplete.
    """
    if not reply.ended:
        return [printable(f"{call.name or 'a tool'}(…)") for call in reply.tool_calls]
    calls = [f"{call.name or 'a tool'}({call.arguments})" for call in reply.tool_calls]
    # In JSON a line's end is a space.
    return [printable(_LINE_END.sub(" ", call)) for call in calls]


def footer(reply: Reply) -> list[str]:
    """Return the footer's items in reading order; empty until the reply has ended."""
    if not reply.ended:
        return []
    items = [f"Stopped after {seconds(reply.timing.ended or 0)}"] if reply.status == "cancelled" else []
    items += _turn(reply)
    items += [_models(reply)] if reply.model else []
    if reply.earlier is not None and reply.earlier.requests:
        items.append("continued" if reply.earlier.requests == 1 else f"continued {reply.earlier.requests} times")
    if reply.simulated:
        items.append("simulated")
    if reply.timing.ended is not None and reply.status != "cancelled":
        items.append(seconds(reply.timing.ended))
    items += _tokens(reply)
    if (first := reply.timing.first_delta) is not None:
        items.append(f"first token {seconds(first)}")
    items += _rate(reply)
    items += _context(reply)
    items += _cost(reply)
    if reply.finish_reason and reply.finish_reason not in NORMAL_ENDS:
        items.append(f"finish reason {reply.finish_reason}")
    return items + _inserted(reply)


def _models(reply: Reply) -> str:
    """Return the model's name; of a reply that another model continued, both."""
    before = reply.earlier.model if reply.earlier is not None else ""
    return f"{before}, then {reply.model}" if before and before != reply.model else reply.model


def _inserted(reply: Reply) -> list[str]:
    """Return an item for each value or file in the prompt; of many, for the first ones."""
    inserted = reply.request.inserted
    items = []
    for each in inserted[:_MOST_INSERTED]:
        name = each.name if len(each.name) <= _LONGEST_NAME else each.name[: _LONGEST_NAME - 1] + "…"
        items.append(printable(f"{name}: {each.shown}" if each.shown else name))
    more = len(inserted) - len(items)
    return [*items, f"{more:,} more attached"] if more else items


def answer_tokens(reply: Reply) -> int | None:
    """Return the number of tokens after the reasoning, or None if the server did not say."""
    usage = reply.usage
    if usage is None or usage.completion_tokens is None:
        return None
    return max(0, usage.completion_tokens - (usage.reasoning_tokens or 0))


def _turn(reply: Reply) -> list[str]:
    """Return the place of a reply in its chat: `plan`, `turn 3`, `2 turns before it`."""
    turn = reply.request.turn
    if turn is None:
        return []
    version = f", version {turn.version}" if turn.version > 1 else ""
    items = [printable(turn.chat), f"turn {turn.index + 1}{version}"]
    if turn.before:
        items.append(f"{turn.before} {'turn' if turn.before == 1 else 'turns'} before it")
    elif turn.index:
        items.append("no turn before it was sent")
    return [*items, ANSWERED_EARLIER] if turn.outdated else items


def _tokens(reply: Reply) -> list[str]:
    usage = reply.usage
    if usage is None:
        about = reply.estimated_output_tokens
        return [f"usage not reported (about {about:,} tokens out)" if about else "usage not reported"]
    items = []
    if usage.prompt_tokens is not None:
        cached = f" ({usage.cache_hit_tokens:,} cached)" if usage.cache_hit_tokens else ""
        items.append(f"in {usage.prompt_tokens:,}{cached}")
    if usage.reasoning_tokens:
        items.append(f"thought {usage.reasoning_tokens:,}")
    if (out := answer_tokens(reply)) is not None:
        items.append(f"out {out:,}")
    if about := reply.unreported_tokens:
        items.append(f"about {about:,} more out, not reported")
    return items


def _context(reply: Reply) -> list[str]:
    """Return how full the context window is, from a fifth of it on."""
    usage, window = reply.last_usage, reply.request.context_window
    if usage is None or usage.prompt_tokens is None or not window:
        return []
    share = (usage.prompt_tokens + (usage.completion_tokens or 0)) / window
    return [f"context {share:.0%} full"] if share >= _WORTH_TELLING else []


def _rate(reply: Reply) -> list[str]:
    """Return the tokens per second, if the text was seen arriving over at least a second."""
    usage, timing = reply.usage, reply.timing
    if usage is None or usage.completion_tokens is None:
        return []
    if reply.earlier is not None and reply.earlier.requests:
        # The time that the last request waited is in between.
        return []
    # Some servers count reasoning that they do not stream, or of which they stream a summary.
    hidden = (usage.reasoning_tokens or 0) > _MOST_PER_ESTIMATE * estimate_tokens(reply.reasoning)
    rate = _tokens_per_second(timing, answer_tokens(reply), timing.answer_started) if hidden else None
    if rate is None and not (hidden and not reply.reasoning):
        rate = _tokens_per_second(timing, usage.completion_tokens, timing.first_delta)
    return [f"{rate:.0f} tok/s"] if rate is not None else []


def _tokens_per_second(timing: Timing, tokens: int | None, first: float | None) -> float | None:
    """Return the rate of tokens of which the first came at `first`; None if it is not certain."""
    last = timing.last_delta
    if not tokens or tokens < 2 or first is None or last is None or last - first < _LEAST_SECONDS:  # noqa: PLR2004
        return None
    # The time since the first token went into the others.
    return (tokens - 1) / (max(last, timing.finished or 0) - first)


def _cost(reply: Reply) -> list[str]:
    cost = reply.cost
    if cost is None:
        return []
    words = [
        "would cost" if reply.simulated else "",
        "at most" if cost.at_most else "",
        "at least" if cost.at_least else "",
        str(cost),
        cost.tier,
    ]
    source = f"prices of {cost.dated:%Y-%m-%d}" if cost.dated else "as the server says"
    return [" ".join(word for word in words if word) + f" ({source})"]
