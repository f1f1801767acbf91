"""The words around a reply: label, duration of the reasoning, tool calls and footer.

They are the same live, settled, in Markdown and in a terminal. A number that is not certain is left
out, or labelled as an estimate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.language import _, joined, listed, marked, plural
from nbstream.model import rates
from nbstream.model.events import Retrying, Waiting
from nbstream.model.printable import printable
from nbstream.model.unreported import unreported_output, unreported_prompt
from nbstream.output import call_words, spending, step_times
from nbstream.output.durations import seconds
from nbstream.output.failure_words import message
from nbstream.output.price_words import source_of
from nbstream.output.recorded_words import is_partly_cached, recorded_items
from nbstream.output.sentences import NORMAL_ENDS, has_answer
from nbstream.output.token_words import tokens_in

if TYPE_CHECKING:
    from nbstream.model.presentation import Presentation, ReasoningDisplay
    from nbstream.model.reply import Reply

#: A turn before a turn has another version now.
ANSWERED_EARLIER = marked("answered an earlier version")
#: An answer that was asked for once more.
FIRST_ANSWER = marked("The first answer, which did not fit")
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
        return _("Connecting")
    if reply.status == "calling":
        return _calling(reply)
    if reply.status != "waiting":
        return ""
    if isinstance(reply.wait, Retrying):
        return _(
            "Attempt {attempt} of {attempts} failed, trying again",
            attempt=reply.wait.attempt,
            attempts=reply.wait.attempts,
        )
    if reply.cause == "again":
        return _("Asking again, waiting for {model}", model=reply.model)
    return _("Waiting for {model}", model=reply.model)


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
            if call.state == "stopping":
                return _("Stopping when {name} has returned", name=name)
            return _("Running {name}", name=name)
    asked = [call_words.short_name(call) for call in calls if call.state == "asking"]
    if asked:
        return _("Waiting for your decision about {names}", names=_listed(asked))
    left = [call_words.short_name(call) for call in calls if call.outcome is None]
    return _("Calling {names}", names=_listed(left)) if left else _("Sending the results")


def _listed(names: list[str]) -> str:
    """Return names for a sentence, each once; of many, the first ones."""
    names = list(dict.fromkeys(names))
    shown = listed(names[:_MOST_NAMES])
    more = len(names) - _MOST_NAMES
    return _("{names} and {more} more", names=shown, more=more) if more > 0 else shown


def activity(reply: Reply) -> str:
    """Return what the model does while its text arrives, or what happens to its calls."""
    if reply.status == "calling":
        return _calling(reply)
    if arriving := [call_words.short_name(call) for call in reply.tool_calls if call.state == "arriving"]:
        return _("Calling {names}", names=_listed(arriving))
    return _("Thinking") if reply.status == "reasoning" else _("Answering")


def note(reply: Reply) -> str:
    """Return what the server, or the retry logic, last said before the first delta.

    While a tool runs: what the user is asked meanwhile.
    """
    if reply.status == "calling" and any(call.state in _RUNNING for call in reply.tool_calls):
        asked = [call_words.short_name(call) for call in reply.tool_calls if call.state == "asking"]
        return _("waiting for your decision about {names}", names=_listed(asked)) if asked else ""
    if isinstance(reply.wait, Waiting):
        said = reply.wait.note
        return _("the server says {said}", said=said) if said else _("the server is there")
    if isinstance(reply.wait, Retrying):
        next_attempt = _("Next attempt in {duration}", duration=seconds(reply.wait.delay))
        return joined(message(reply.wait.failure), next_attempt)
    return ""


def thought(reply: Reply) -> str:
    """Return `Thought for 12 s`, once reasoning has ended; nothing if there was none."""
    duration = reply.timing.reasoning_seconds
    if not reply.reasoning or duration is None:
        return ""
    if step_times.is_cached(reply):
        return _("Thought")
    if duration < 1:
        return _("Thought for less than a second")
    # Whole seconds: the reader watched them being counted.
    if duration < _MINUTE:
        return _("Thought for {duration:.0f} s", duration=duration)
    return _("Thought for {duration}", duration=seconds(duration))


def footer(reply: Reply) -> list[str]:
    """Return the footer's items in reading order; empty until the reply has ended."""
    if not reply.ended:
        return []
    items = []
    if reply.status == "cancelled":
        items.append(_("Stopped after {duration}", duration=seconds(step_times.last_moment(reply))))
    items += _turn(reply)
    items += [_models(reply)] if reply.model else []
    if reply.earlier is not None and reply.earlier.requests:
        items.append(plural("continued", "continued {n} times", reply.earlier.requests))
    if reply.simulated:
        items.append(_("simulated"))
    if len(reply.steps) > 1:
        items.append(plural("{n:,} request", "{n:,} requests", len(reply.steps)))
    items += _times(reply) + _tokens(reply)
    if (first := step_times.first_delta(reply)) is not None:
        items.append(_("first token {duration}", duration=seconds(first)))
    items += _rate(reply)
    items += _context(reply)
    recorded = recorded_items(reply)
    items += recorded
    if not recorded or is_partly_cached(reply):
        items += _cost(reply)
    if reply.finish_reason and reply.finish_reason not in NORMAL_ENDS:
        items.append(_("finish reason {reason}", reason=reply.finish_reason))
    return items + _inserted(reply)


def _times(reply: Reply) -> list[str]:
    """Return how long it took; the time of tools and decisions is told apart from the server's."""
    server = step_times.server_seconds(reply)
    tools, consent = step_times.tool_seconds(reply), step_times.consent_seconds(reply)
    others = [_("tools {duration}", duration=seconds(tools))] if tools >= _LEAST_SECONDS else []
    others += [_("consent {duration}", duration=seconds(consent))] if consent >= _LEAST_SECONDS else []
    items = []
    if server is not None and (others or reply.status != "cancelled"):
        items.append(_("server {duration}", duration=seconds(server)) if others else seconds(server))
    return items + others


def _models(reply: Reply) -> str:
    """Return the model's name; of a reply that another model continued, both."""
    before = reply.earlier.model if reply.earlier is not None else ""
    if before and before != reply.model:
        return _("{first}, then {second}", first=before, second=reply.model)
    return reply.model


def _inserted(reply: Reply) -> list[str]:
    """Return an item for each value or file in the prompt; of many, for the first ones."""
    inserted = reply.request.inserted
    items = []
    for each in inserted[:_MOST_INSERTED]:
        name = each.name if len(each.name) <= _LONGEST_NAME else each.name[: _LONGEST_NAME - 1] + "…"
        items.append(printable(_("{label}: {text}", label=name, text=each.shown) if each.shown else name))
    more = len(inserted) - len(items)
    return [*items, _("{count:,} more attached", count=more)] if more else items


def _turn(reply: Reply) -> list[str]:
    """Return the place of a reply in its chat: `plan`, `turn 3`, `2 turns before it`."""
    turn = reply.request.turn
    if turn is None:
        return []
    fields = {"number": turn.index + 1, "version": turn.version}
    place = _("turn {number}, version {version}", **fields) if turn.version > 1 else _("turn {number}", **fields)
    items = [printable(turn.chat), place]
    if turn.before:
        items.append(plural("{n} turn before it", "{n} turns before it", turn.before))
    elif turn.index:
        items.append(_("no turn before it was sent"))
    return [*items, _(ANSWERED_EARLIER)] if turn.outdated else items


def _tokens(reply: Reply) -> list[str]:
    usage, missing = reply.usage, _unreported(reply)
    if usage is None and reply.error is not None and reply.error.kind == "budget" and not reply.own.has_grown:
        return [_("not sent")]
    if usage is None:
        return [_("usage not reported ({missing})", missing=missing) if missing else _("usage not reported")]
    items = []
    if usage.prompt_tokens is not None:
        items.append(tokens_in(usage.prompt_tokens, usage.cache_hit_tokens))
    if usage.reasoning_tokens:
        items.append(_("thought {count:,}", count=usage.reasoning_tokens))
    if (out := rates.answer_tokens(reply)) is not None:
        items.append(_("out {count:,}", count=out))
    return [*items, _("{missing}, not reported", missing=missing)] if missing else items


def _unreported(reply: Reply) -> str:
    """Return about how many tokens no report counts: `about 1,200 tokens in, 340 out`."""
    given, received = unreported_prompt(reply), unreported_output(reply)
    if not given:
        return _("about {count:,} tokens out", count=received) if received else ""
    if received:
        return _("about {given:,} tokens in, {received:,} out", given=given, received=received)
    return _("about {count:,} tokens in", count=given)


def _context(reply: Reply) -> list[str]:
    """Return how full the context window is, from a fifth of it on."""
    usage, window = reply.own.usage, reply.request.context_window
    if usage is None or usage.prompt_tokens is None or not window:
        return []
    share = (usage.prompt_tokens + (usage.completion_tokens or 0)) / window
    return [_("context {share:.0%} full", share=share)] if share >= _WORTH_TELLING else []


def _rate(reply: Reply) -> list[str]:
    rate = rates.tokens_per_second(reply)
    return [_("{rate:.0f} tok/s", rate=rate)] if rate is not None else []


def _cost(reply: Reply) -> list[str]:
    cost, spend = reply.cost or reply.estimate, reply.spend
    if cost is None:
        return []
    words = [spending.amount(spend), _(cost.tier) if cost.tier else ""]
    source = source_of(cost, reply.timing.continued or reply.timing.started)
    amount = " ".join(word for word in words if word)
    return [_("{amount} ({source})", amount=amount, source=source)]
