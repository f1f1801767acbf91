"""The static form of an Inspector, for a notebook's file: it reads well without styles."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from nbstream.language import _, joined, listed
from nbstream.model.printable import one_line, printable
from nbstream.output import cost_account, time_account
from nbstream.output.durations import seconds
from nbstream.output.hidden_reasoning import without_reasoning
from nbstream.output.sent_request import account_html, account_text
from nbstream.output.settled import one_block
from nbstream.output.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nbstream.model.reply import Reply

_ROOT = '<div class="nbstream nbstream-kept mathjax_ignore tex2jax_ignore" style="overflow-wrap:break-word">'
_CODE = "white-space:pre-wrap;font-family:monospace;font-size:.92em"
#: So many tokens are listed, the least probable ones, and so many alternatives of each.
_MOST_TOKENS, _MOST_ALTERNATIVES = 20, 5


def bundle(
    reply: Reply, times: Sequence[float], lines: Sequence[tuple[str, str]], *, hides_reasoning: bool = False
) -> dict[str, str]:
    """Return the static form as HTML and as text.

    Args:
        reply: the reply.
        times: when each line of the last response came, in seconds since its request.
        lines: for the first ones what it is, and what it means; the others are counted.
        hides_reasoning: whether reasoning is left out of the request and the tokens; the lines are
            given without it.
    """
    step = reply.steps[-1]
    request = without_reasoning(step.request) if hides_reasoning else step.request
    before = len(reply.steps) - 1
    sections = [(_("Time"), _time(step)), (_("Cost"), [cost_account.cost_account(step).table()])]
    if before:
        sections[1][1].append(_steps(reply))
    sections += [
        (_("Stream"), list(_stream(times, lines))),
        (_("Tokens"), list(_tokens(step, hides_reasoning=hides_reasoning))),
    ]
    head = _("What the reply of {model} is made of", model=one_line(reply.model) or _("a model"))
    html = [_ROOT, f"<div>{escape(head)}</div>", _section(_("Request"), account_html(request, before))]
    html += [_section(name, "".join(table.html() for table in tables)) for name, tables in sections if tables]
    text = [head, account_text(request, before)]
    text += [f"{name}\n\n" + "\n\n".join(table.text() for table in tables) for name, tables in sections if tables]
    return {"text/html": one_block("\n".join([*html, "</div>"])), "text/plain": "\n\n".join(text)}


def _section(name: str, html: str) -> str:
    return f"<details><summary>{escape(name)}</summary>{html}</details>"


def _time(step: Reply) -> list[Table]:
    spans = time_account.spans(step)
    rows = [(each.name, _("{seconds:.2f} s", seconds=each.start), seconds(each.seconds)) for each in spans]
    found = [Table("", (_("what"), _("from"), _("how long")), rows, frozenset({1, 2}))]
    if facts := time_account.facts(step):
        found.append(Table("", (_("what"), _("number")), facts, frozenset({1})))
    return found


def _steps(reply: Reply) -> Table:
    lines = cost_account.costs_of_steps(reply.steps)
    return Table("", (_("request"), _("cost")), lines, frozenset({1}))


def _stream(times: Sequence[float], lines: Sequence[tuple[str, str]]) -> Iterator[Table]:
    if not lines:
        return
    rows = [
        (_("{seconds:.3f} s", seconds=at), printable(raw), words)
        for at, (raw, words) in zip(times, lines, strict=False)
    ]
    more = len(times) - len(rows)
    silences = [
        _("{duration} from {begin:.2f} s on", duration=seconds(end - begin), begin=begin)
        for begin, end in time_account.gaps(times)
    ]
    notes = [
        _("{more:,} more lines.", more=more) if more else "",
        _("Silences: {silences}.", silences=listed(silences)) if silences else "",
    ]
    yield Table(
        _("{count:,} lines", count=len(times)),
        (_("time"), _("line"), _("meaning")),
        rows,
        frozenset({0}),
        joined(*notes),
    )


def _tokens(step: Reply, *, hides_reasoning: bool) -> Iterator[Table]:
    shown = [each for each in step.logprobs if not (hides_reasoning and each.channel == "reasoning")]
    known = [(each.probability, place, each) for place, each in enumerate(shown) if each.probability is not None]
    if not known:
        return
    rows = []
    for probability, _place, token in sorted(known, key=lambda each: each[:2])[:_MOST_TOKENS]:
        others = [
            f"{each.text!r} {each.probability:.0%}"
            for each in token.alternatives[:_MOST_ALTERNATIVES]
            if each.probability is not None and each.text != token.text
        ]
        rows.append((repr(token.text), token.channel, f"{probability:.1%}", ", ".join(others)))
    title = _("The least probable of {count:,} tokens", count=len(shown))
    yield Table(title, ("token", "in", "probability", "instead"), rows, frozenset({2}))
