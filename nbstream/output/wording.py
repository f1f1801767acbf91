"""The words around a reply: label, duration of the reasoning, tool calls and footer.

They are the same live, settled, in Markdown and in a terminal. A number that is not certain is left
out, or labelled as an estimate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.model import rates
from nbstream.model.events import Retrying, Waiting
from nbstream.model.printable import printable
from nbstream.output import call_words, spending, step_times
from nbstream.output.durations import seconds
from nbstream.output.price_words import source_of
from nbstream.output.recorded_words import is_partly_cached, recorded_items
from nbstream.output.sentences import NORMAL_ENDS, has_answer, message

if TYPE_CHECKING:
    from nbstream.model.presentation import Presentation, ReasoningDisplay
    from nbstream.model.reply import Reply

#: A turn before a turn has another version now.
ANSWERED_EARLIER = "answered an earlier version"
#: An answer that was asked for once more.
FIRST_ANSWER = "The first answer, which did not fit"
_MINUTE = 60.0
#: Less time of tools or decisions is not worth telling.
_LEAST_SECONDS = 0.05
#: Less of the context window is not worth telling.
_WORTH_TELLING = 0.2
#: The footer names so many values and files of the prompt, each with so many characters.
_MOST_INSERTED = 6
_LONGEST_NAME = 48
#: A label names so many tools.
_MOST_NAMES = 3
_RUNNING = ("running", "stopping")


def reasoning_display(reply: Reply, presentation: Presentation) -> ReasoningDisplay:
    """Return how the reasoning is shown: by default it stays open if no answer follows it."""
    return "open" if stays_open(reply, presentation) else presentation.reasoning


def stays_open(reply: Reply, presentation: Presentation) -> bool:
    """Return whether the reasoning stays open because the reply has ended without an answer."""
    return presentation.reasoning == "auto" and reply.ended and not has_answer(reply)


def label(reply: Reply) -> str:
    """Return what the reader is waiting for; empty while text arrives."""
    if reply.status == "pending":
        return "Connecting"
    if reply.status == "calling":
        return _calling(reply)
    if reply.status != "waiting":
        return ""
    if isinstance(reply.wait, Retrying):
        return f"Attempt {reply.wait.attempt} of {reply.wait.attempts} failed, trying again"
    again = "Asking again, waiting" if reply.cause == "again" else "Waiting"
    return f"{again} for {reply.model}"


def waited(reply: Reply, elapsed: float) -> float:
    """Return how long the reader has waited, `elapsed` seconds after the reply began.

    That is without the time of an earlier part, until the server goes on with it. In a later
    request it counts from there; while tools run or are asked for, from the last such moment.
    """
    since = 0.0
    if reply.status in ("pending", "waiting"):
        before = reply.earlier.timing.ended if reply.earlier is not None else None
        since = before or reply.timing.begun
    elif reply.status == "calling":
        running = [call.began for call in reply.tool_calls if call.state in _RUNNING]
        asked = [call.asked for call in reply.tool_calls if call.state == "asking"]
        since = next((at for at in (*running, *asked, step_times.last_moment(reply)) if at is not None), 0.0)
    return max(0.0, elapsed - since)


def _calling(reply: Reply) -> str:
    """Return what happens to the calls of the last response."""
    calls = reply.tool_calls
    for call in calls:
        if call.state in _RUNNING:
            name = call_words.short_name(call)
            return f"Stopping when {name} has returned" if call.state == "stopping" else f"Running {name}"
    asked = [call_words.short_name(call) for call in calls if call.state == "asking"]
    if asked:
        return f"Waiting for your decision about {_listed(asked)}"
    left = [call_words.short_name(call) for call in calls if call.outcome is None]
    return f"Calling {_listed(left)}" if left else "Sending the results"


def _listed(names: list[str]) -> str:
    """Return names for a sentence, each once; of many, the first ones."""
    names = list(dict.fromkeys(names))
    shown = ", ".join(names[:_MOST_NAMES])
    return f"{shown} and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else shown


def activity(reply: Reply) -> str:
    """Return what the model does while its text arrives, or what happens to its calls."""
    if reply.status == "calling":
        return _calling(reply)
    if arriving := [call_words.short_name(call) for call in reply.tool_calls if call.state == "arriving"]:
        return f"Calling {_listed(arriving)}"
    return "Thinking" if reply.status == "reasoning" else "Answering"


def note(reply: Reply) -> str:
    """Return what the server, or the retry logic, last said before the first delta.

    While a tool runs: what the user is asked meanwhile.
    """
    if reply.status == "calling" and any(call.state in _RUNNING for call in reply.tool_calls):
        asked = [call_words.short_name(call) for call in reply.tool_calls if call.state == "asking"]
        return f"waiting for your decision about {_listed(asked)}" if asked else ""
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
    if step_times.is_cached(reply):
        return "Thought"
    if duration < 1:
        return "Thought for less than a second"
    # Whole seconds: the reader watched them being counted.
    return f"Thought for {duration:.0f} s" if duration < _MINUTE else f"Thought for {seconds(duration)}"


def footer(reply: Reply) -> list[str]:
    """Return the footer's items in reading order; empty until the reply has ended."""
    if not reply.ended:
        return []
    items = [f"Stopped after {seconds(step_times.last_moment(reply))}"] if reply.status == "cancelled" else []
    items += _turn(reply)
    items += [_models(reply)] if reply.model else []
    if reply.earlier is not None and reply.earlier.requests:
        items.append("continued" if reply.earlier.requests == 1 else f"continued {reply.earlier.requests} times")
    if reply.simulated:
        items.append("simulated")
    if len(reply.steps) > 1:
        items.append(f"{len(reply.steps)} requests")
    items += _times(reply) + _tokens(reply)
    if (first := step_times.first_delta(reply)) is not None:
        items.append(f"first token {seconds(first)}")
    items += _rate(reply)
    items += _context(reply)
    recorded = recorded_items(reply)
    items += recorded
    if not recorded or is_partly_cached(reply):
        items += _cost(reply)
    if reply.finish_reason and reply.finish_reason not in NORMAL_ENDS:
        items.append(f"finish reason {reply.finish_reason}")
    return items + _inserted(reply)


def _times(reply: Reply) -> list[str]:
    """Return how long it took; the time of tools and decisions is told apart from the server's."""
    server = step_times.server_seconds(reply)
    others = {"tools": step_times.tool_seconds(reply), "consent": step_times.consent_seconds(reply)}
    others = {name: spent for name, spent in others.items() if spent >= _LEAST_SECONDS}
    items = []
    if server is not None and (others or reply.status != "cancelled"):
        items.append(f"server {seconds(server)}" if others else seconds(server))
    return items + [f"{name} {seconds(spent)}" for name, spent in others.items()]


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
    usage, missing = reply.usage, _unreported(reply)
    if usage is None and reply.error is not None and reply.error.kind == "budget" and not reply.has_grown:
        return ["not sent"]
    if usage is None:
        return [f"usage not reported ({missing})" if missing else "usage not reported"]
    items = []
    if usage.prompt_tokens is not None:
        cached = f" ({usage.cache_hit_tokens:,} cached)" if usage.cache_hit_tokens else ""
        items.append(f"in {usage.prompt_tokens:,}{cached}")
    if usage.reasoning_tokens:
        items.append(f"thought {usage.reasoning_tokens:,}")
    if (out := rates.answer_tokens(reply)) is not None:
        items.append(f"out {out:,}")
    return [*items, f"{missing}, not reported"] if missing else items


def _unreported(reply: Reply) -> str:
    """Return about how many tokens no report counts: `about 1,200 tokens in, 340 out`."""
    given, received = reply.unreported_prompt_tokens, reply.unreported_tokens
    if not given:
        return f"about {received:,} tokens out" if received else ""
    return f"about {given:,} tokens in" + (f", {received:,} out" if received else "")


def _context(reply: Reply) -> list[str]:
    """Return how full the context window is, from a fifth of it on."""
    usage, window = reply.last_usage, reply.request.context_window
    if usage is None or usage.prompt_tokens is None or not window:
        return []
    share = (usage.prompt_tokens + (usage.completion_tokens or 0)) / window
    return [f"context {share:.0%} full"] if share >= _WORTH_TELLING else []


def _rate(reply: Reply) -> list[str]:
    rate = rates.tokens_per_second(reply)
    return [f"{rate:.0f} tok/s"] if rate is not None else []


def _cost(reply: Reply) -> list[str]:
    cost, spend = reply.cost or reply.estimate, reply.spend
    if cost is None:
        return []
    words = [spending.amount(spend), cost.tier]
    source = source_of(cost, reply.timing.continued or reply.timing.started)
    return [" ".join(word for word in words if word) + f" ({source})"]
