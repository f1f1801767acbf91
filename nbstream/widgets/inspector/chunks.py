"""The long lists of an Inspector, in parts: the lines of a stream, and the tokens."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from nbstream.language import _, marked
from nbstream.model.events import Answer, Reasoning, Refusal, Scored
from nbstream.model.printable import printable
from nbstream.model.text import common_prefix
from nbstream.output import stream_words
from nbstream.widgets.inspector.token_units import TokenUnits, bytes_of, shown, written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbstream.model.events import Event
    from nbstream.model.probabilities import Token
    from nbstream.model.reply import Reply
    from nbstream.model.request import Request
    from nbstream.widgets.inspector.protocol import (
        LineAnswer,
        LinesAnswer,
        StreamAnswer,
        StreamText,
        TokenAnswer,
        TokensAnswer,
        TokenView,
    )
    from nbstream.widgets.inspector.stream_rows import StreamRows

#: One answer has at most so many lines of the index, of the text of lines, and tokens.
MOST_INDEXED, MOST_LINES, MOST_TOKENS = 2_000, 200, 500
#: A line is cut to so many characters in the list, and its meaning to so many; a whole line to the
#: last number.
_LONGEST_RAW, _LONGEST_WORDS, _LONGEST_LINE = 300, 240, 40_000
#: So much of a line is compared with the line before, and so much is shown before they differ.
_LONGEST_SAME, _AROUND = 2_000, 24
_TICKS = 10_000
_LEAST_TOKENS = 8
_LETTERS = {"reasoning": "r", "answer": "a", "refusal": "f", "call": "c"}
#: Of tokens that are certain, the list of the least probable ones has none.
_CERTAIN = 0.5
#: In place of bytes and words with reasoning, where it is hidden.
_HIDDEN_BYTES, _HIDDEN_WORDS = marked("[hidden, as there may be reasoning in it]"), marked("reasoning, hidden")


def stream(rows: StreamRows, first: int, *, more: bool, note: str, hides: bool = False) -> StreamAnswer:
    """Return what the page needs of the lines from number `first` on to draw and to replay them.

    Args:
        rows: the lines.
        first: the number of the first one.
        more: whether more of them are being read.
        note: what is missing.
        hides: whether reasoning is hidden; so for the other functions.
    """
    total = len(rows.rows)
    first = min(max(first, 0), total)
    found = rows.rows[first : first + MOST_INDEXED]
    before = rows.rows[first - 1].at if first else 0.0
    times, at = [], round(before * _TICKS)
    for row in found:
        ticks = round(row.at * _TICKS)
        times.append(ticks - at)
        at = ticks
    is_last = first + len(found) == total
    return {
        "first": first,
        "total": total,
        "times": times,
        "kinds": "".join(row.kind for row in found),
        "sizes": [len(row.raw) for row in found],
        "grown": [number for at, row in enumerate(found, first) for number in _grown(rows, at, row.grown, hides=hides)],
        "texts": _texts(rows, first, first + len(found), hides=hides),
        "more": more or not is_last,
        "gaps": rows.gaps() if is_last else [],
        "note": note,
    }


def _grown(rows: StreamRows, number: int, grown: tuple[int, int], *, hides: bool) -> tuple[int, int]:
    """Return how much of both texts that are shown a line added."""
    if not hides:
        return grown
    return 0, (grown[1] if number >= rows.moved else 0)


def _texts(rows: StreamRows, first: int, end: int, *, hides: bool) -> list[StreamText]:
    """Return what the lines from `first` to `end` added to the texts, by epoch."""
    found: list[StreamText] = []
    epochs = rows.epochs[:]
    for number, epoch in enumerate(epochs):
        stop = epochs[number + 1].line if number + 1 < len(epochs) else math.inf
        begins = first <= epoch.line < end or (number == 0 and first == 0)
        if not begins and not (epoch.line < end and stop > first):
            continue
        start = max(first, epoch.line)
        # Of the texts, those that the lines added; an epoch that begins here has its base, too.
        sums = [base + more for base, more in zip(epoch.base, rows.grown(epoch.line, start), strict=True)]
        until = [own + more for own, more in zip(sums, rows.grown(start, int(min(end, stop))), strict=True)]
        texts = ("".join(epoch.reasoning), "".join(epoch.answer))
        cut = [_units(text, 0 if begins else sums[place], until[place]) for place, text in enumerate(texts)]
        base = epoch.base
        if hides:
            # What an earlier epoch has as answer was found to be reasoning.
            is_last = number == len(epochs) - 1
            cut, base = ["", cut[1] if is_last else ""], (0, base[1] if is_last else 0)
        found.append(
            {
                "epoch": number,
                "line": epoch.line,
                "reasoning": cut[0],
                "answer": cut[1],
                "base": (base[0], base[1]),
            }
        )
    return found


def _units(text: str, start: int, end: int) -> str:
    """Return the text from one UTF-16 unit to another."""
    if text.isascii():
        return text[start:end]
    return text.encode("utf-16-le", "surrogatepass")[2 * start : 2 * end].decode("utf-16-le", "surrogatepass")


def lines(rows: StreamRows, first: int, count: int, request: Request, *, hides: bool = False) -> LinesAnswer:
    """Return the text and the meaning of some lines, cut."""
    first = max(first, 0)
    found = rows.rows[first : first + min(max(count, 0), MOST_LINES)]
    shown_lines = []
    before = rows.rows[first - 1].raw if 0 < first <= len(rows.rows) else b""
    for number, row in enumerate(found, first):
        words = " · ".join(_meanings(rows, number, request, hides=hides))
        is_hidden = hides and rows.may_hold_reasoning(number)
        raw = _(_HIDDEN_BYTES) if is_hidden else _raw(_what_differs(row.raw, before), _LONGEST_RAW)
        shown_lines.append((raw, _cut(printable(words), _LONGEST_WORDS)))
        before = row.raw
    return {"first": first, "lines": shown_lines}


def _what_differs(raw: bytes, before: bytes) -> bytes:
    """Return a line without what it repeats of the line before: names that each chunk has."""
    same = common_prefix(raw[:_LONGEST_SAME].decode("latin-1"), before[:_LONGEST_SAME].decode("latin-1"))
    start = raw.rfind(b'"delta"', 0, same + _AROUND)
    start = start if start >= 0 else same - _AROUND
    field = b"data: " if raw.startswith(b"data: ") else b""
    return field + "…".encode() + raw[start:] if start > _AROUND else raw


def line(rows: StreamRows, number: int, request: Request, *, hides: bool = False) -> LineAnswer:
    """Return one line."""
    if not 0 <= number < len(rows.rows):
        return {"raw": "", "left_out": 0, "meanings": []}
    row = rows.rows[number]
    words = [printable(each) for each in _meanings(rows, number, request, hides=hides)]
    if hides and rows.may_hold_reasoning(number):
        return {"raw": _(_HIDDEN_BYTES), "left_out": 0, "meanings": words}
    left_out = max(0, len(row.raw) - _LONGEST_LINE)
    return {"raw": _raw(row.raw, _LONGEST_LINE), "left_out": left_out, "meanings": words}


def _meanings(rows: StreamRows, number: int, request: Request, *, hides: bool) -> list[str]:
    """Return what a line means, a text for each event."""
    row = rows.rows[number]
    if row.words:
        return [row.words]
    if not hides:
        return stream_words.meaning(row.raw, row.decoded, request)
    shown_events = [each for each in row.decoded if not _is_hidden(each, is_reasoning=number < rows.moved)]
    hidden = [_(_HIDDEN_WORDS)] if len(shown_events) < len(row.decoded) else []
    if hidden and not shown_events:
        return hidden
    return [*hidden, *stream_words.meaning(row.raw, shown_events, request)]


def _is_hidden(event: Event, *, is_reasoning: bool) -> bool:
    """Return whether an event is not shown where reasoning is hidden.

    Args:
        event: the event.
        is_reasoning: whether answers were found to be reasoning later.
    """
    match event:
        case Reasoning():
            return True
        case Answer() | Refusal():
            return is_reasoning
        case Scored():
            return is_reasoning or any(each.channel == "reasoning" for each in event.tokens)
    return False


def _raw(raw: bytes, longest: int) -> str:
    """Return bytes as they came; those that are no text are escaped."""
    return _cut(printable(raw[: 4 * longest].decode("utf-8", "backslashreplace")), longest)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def tokens(units: TokenUnits, step: Reply, shown_tokens: Sequence[Token], first: int) -> TokensAnswer:
    """Return some tokens of a step, with the numbers of all.

    Args:
        units: the tokens as they are shown.
        step: the step.
        shown_tokens: those of its tokens that are shown.
        first: the number of the first unit.
    """
    total = len(units.units)
    first = min(max(first, 0), total)
    found: list[TokenView] = [
        {"of": _LETTERS[each.tokens[0].channel], "text": written(each.text), "p": _rounded(each.probability)}
        for each in units.units[first : first + MOST_TOKENS]
    ]
    is_last = first + len(found) == total
    return {
        "first": first,
        "total": total,
        "version": units.version,
        "tokens": found,
        "summary": _summary(shown_tokens) if is_last else [],
        "least": _least(units) if is_last else [],
        "note": "" if total else _why_none(step),
    }


def token(units: TokenUnits, number: int) -> TokenAnswer:
    """Return what could have stood in the place of a token."""
    if not 0 <= number < len(units.units):
        return {"tokens": []}
    places: list[Any] = []
    for each in units.units[number].tokens:
        taken = {"text": written(shown(each)), "p": each.probability, "bytes": bytes_of(each), "taken": True}
        listed = [
            {
                "text": written(shown(other)),
                "p": other.probability,
                "bytes": bytes_of(other),
                "taken": (other.text, other.data) == (each.text, each.data),
            }
            for other in each.alternatives
        ]
        # Servers list the token itself among the likeliest only if it is one of them.
        places.append(listed if any(other["taken"] for other in listed) else [taken, *listed])
    return {"tokens": places}


def _rounded(probability: float | None) -> float | None:
    return None if probability is None else round(probability, 5)


def _summary(found: Sequence[Token]) -> list[tuple[str, str]]:
    logs = [each.logprob for each in found if each.logprob is not None and math.isfinite(each.logprob)]
    if not logs:
        return []
    mean = sum(logs) / len(logs)
    return [
        (_("tokens"), _("{count:,}", count=len(found))),
        (_("mean probability"), _("{share:.0%}", share=sum(map(math.exp, logs)) / len(logs))),
        (_("perplexity"), _("{number:.2f}", number=math.exp(min(-mean, 700)))),
    ]


def _least(units: TokenUnits) -> list[int]:
    known = [(each.probability, place) for place, each in enumerate(units.units) if each.probability is not None]
    return [place for probability, place in sorted(known)[:_LEAST_TOKENS] if probability < _CERTAIN]


def _why_none(step: Reply) -> str:
    if not step.request.parameters.get("logprobs"):
        return _(
            "The request did not ask for probabilities. `%%deepseek --logprobs 5`, or `logprobs=5`, asks for them."
        )
    if step.ended or step.finish_reason:
        return _("The server has sent no probabilities, although the request asked for them.")
    return _("The server has sent no probabilities so far.")
