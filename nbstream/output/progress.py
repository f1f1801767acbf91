"""How far a job of many prompts has come, in words: live, settled and in a terminal."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from nbstream.language import _, joined, plural
from nbstream.model.printable import printable
from nbstream.output import failure_words, sentences, settled, spending
from nbstream.output.durations import seconds
from nbstream.output.markdown_text import literal
from nbstream.output.token_words import tokens_in

if TYPE_CHECKING:
    from typing import Any

    from nbstream.batch.progress import Progress
    from nbstream.model.failure import Failure
    from nbstream.model.presentation import Audience

_ROOT = '<div class="nbstream nbstream-job mathjax_ignore tex2jax_ignore" style="overflow-wrap:break-word">'
_NOTE = '<div class="nbstream-note" style="opacity:.72;font-size:.83em;line-height:1.62;margin:.3em 0">{}</div>'
_ALERT = '<div class="nbstream-alert" style="margin:.3em 0"><strong>{}</strong></div>'
#: So many kinds of failures are told; the others are in the result.
_MOST_KINDS = 3
_MINUTE = 60
#: A slower rate is told by the minute.
_A_SECOND = 1.0


def label(progress: Progress) -> str:
    """Return what the job does. It stays the same, as a screen reader says each change."""
    if progress.total is None:
        return _("Asking prompts")
    return plural("Asking {n:,} prompt", "Asking {n:,} prompts", progress.total)


def prompts(number: int) -> str:
    """Return a number of prompts in words."""
    return plural("{n:,} prompt", "{n:,} prompts", number)


def note(progress: Progress) -> str:
    """Return how far the job has come, and what it waits for."""
    done = _("{count:,} done", count=progress.answered + progress.kept)
    return " · ".join([done, *_others(progress), *_taken(progress), *_pace(progress), *_wait(progress)])


def line(progress: Progress) -> str:
    """Return one line for a terminal: what the job does, for how long, and how far it has come."""
    return " · ".join([label(progress), seconds(progress.elapsed), note(progress)])


def footer(progress: Progress) -> list[str]:
    """Return the items of the line that stays, in reading order."""
    items = [_("Stopped after {duration}", duration=seconds(progress.elapsed))] if progress.end == "stopped" else []
    of = prompts(progress.taken if progress.total is None else progress.total)
    items += [_("{answered:,} of {prompts} answered", answered=progress.answered, prompts=of), *_others(progress)]
    items += [printable(", ".join(progress.models))] if progress.models else []
    items += [_("simulated")] if progress.is_simulated else []
    items += [seconds(progress.elapsed)] if progress.end != "stopped" else []
    usage = progress.usage
    if usage is not None and usage.prompt_tokens is not None:
        items.append(tokens_in(usage.prompt_tokens, usage.cache_hit_tokens))
    if usage is not None and usage.completion_tokens is not None:
        items.append(_("out {count:,}", count=usage.completion_tokens))
    items += _cost(progress)
    return items + ([printable(_("saved in {file}", file=progress.file))] if progress.file else [])


def notes(progress: Progress, audience: Audience) -> list[str]:
    """Return what failed, by its reason, and what to do about it."""
    kinds = progress.failures[:_MOST_KINDS] if progress.end not in ("hopeless", "alike") else ()
    found = [_with_times(count, failure_words.message(failure)) for failure, count in kinds]
    more = progress.failed - sum(count for _failure, count in kinds) if kinds else 0
    found += [_with_times(more, _("another failure, which is in the result."))] if more else []
    rest = progress.rest
    if not progress.end and progress.failed:
        found.append(
            _("The same call asks these again, and keeps the other answers.")
            if audience == "python"
            else _("Running the cell again asks these again, and keeps the other answers.")
        )
    elif progress.end and rest is None:
        found.append(
            _("What was answered is kept: the same call asks only the rest.")
            if audience == "python"
            else _("What was answered is kept: running the cell again asks only the rest.")
        )
    elif progress.end and rest:
        kept = progress.answered + progress.kept
        found.append(_kept(kept, rest, audience) if kept else _("Nothing was answered."))
    return found


def alert(progress: Progress, audience: Audience) -> str:
    """Return why the job ended early; empty if it did not, or if it was stopped."""
    reason = sentences.alert(progress.reason, audience) if progress.reason is not None else ""
    match progress.end:
        case "hopeless":
            return joined(_("The job has ended, as the other prompts would fail, too."), reason)
        case "alike":
            said = _("The job has ended, as none of the first {failed:,} prompts was accepted.", failed=progress.failed)
            return joined(said, reason)
        case "disk":
            what = progress.file or _("A temporary file")
            said = _("The job has ended: {file} could not be written: {reason}.", file=what, reason=progress.said)
            kept = _("What was answered since then is in nbstream.last_map, for as long as the kernel runs.")
            return joined(said, kept if progress.file else "")
        case "input":
            return _("The job has ended, as the prompts could not be read further: {said}", said=progress.said)
    return ""


def bundle(progress: Progress, audience: Audience) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the output that stays in the file, by MIME type, and its metadata."""
    said, told, items = alert(progress, audience), notes(progress, audience), footer(progress)
    html = [_ROOT, *([_ALERT.format(escape(said))] if said else []), *(_NOTE.format(escape(each)) for each in told)]
    html += [settled.footer_html(items), "</div>"]
    words = " · ".join(items)
    markdown = [*([f"**{literal(said)}**"] if said else [])]
    markdown += [f"<small>{literal(each)}</small>" for each in [*told, words]]
    data = {
        "text/html": settled.one_block("\n".join(html)),
        "text/markdown": "\n\n".join(markdown) + "\n",
        "text/plain": text(progress, audience),
    }
    return data, {}


def text(progress: Progress, audience: Audience) -> str:
    """Return the lines that stay, as plain text."""
    lines = [alert(progress, audience), *notes(progress, audience), " · ".join(footer(progress))]
    return "\n".join(printable(each) for each in lines if each)


def _with_times(count: int, said: str) -> str:
    return _("{prompts}: {sentence}", prompts=prompts(count), sentence=said)


def _kept(kept: int, rest: int, audience: Audience) -> str:
    if audience == "python":
        return plural(
            "{n:,} answer is kept: the same call asks only the other {rest:,}.",
            "{n:,} answers are kept: the same call asks only the other {rest:,}.",
            kept,
            rest=rest,
        )
    return plural(
        "{n:,} answer is kept: running the cell again asks only the other {rest:,}.",
        "{n:,} answers are kept: running the cell again asks only the other {rest:,}.",
        kept,
        rest=rest,
    )


def _others(progress: Progress) -> list[str]:
    items = [_("{kept:,} kept from before", kept=progress.kept)] if progress.kept else []
    return items + ([_("{failed:,} failed", failed=progress.failed)] if progress.failed else [])


def _taken(progress: Progress) -> list[str]:
    usage = progress.usage
    tokens = (usage.prompt_tokens or 0) + (usage.completion_tokens or 0) if usage is not None else 0
    return [*([_("{tokens:,} tokens", tokens=tokens)] if tokens else []), *_cost(progress)]


def _cost(progress: Progress) -> list[str]:
    spend = progress.spend
    dates = [each.dated for each in (*spend.exact, *spend.about) if each.dated is not None]
    said = spending.amount(spend)
    if said and progress.is_over and dates:
        said = _("{amount} (prices of {day})", amount=said, day=f"{max(dates):%Y-%m-%d}")
    notes = [spending.unknown(spend), spending.free(spend)] if progress.is_over else []
    return [said, *filter(None, notes)] if said else []


def _pace(progress: Progress) -> list[str]:
    items = []
    if (rate := progress.rate) is not None:
        items.append(
            _("{rate:.1f} a second", rate=rate) if rate >= _A_SECOND else _("{rate:.1f} a minute", rate=rate * _MINUTE)
        )
    if progress.left is not None and not progress.is_over:
        items.append(_("about {duration} left", duration=_rough(progress.left)))
    return items


def _rough(duration: float) -> str:
    """Return a duration that is not certain: `5 s`, `3 min`, `2 h 10 min`."""
    if duration < _MINUTE:
        return _("{seconds} s", seconds=max(1, round(duration)))
    minutes = round(duration / _MINUTE)
    return (
        _("{minutes} min", minutes=minutes)
        if minutes < _MINUTE
        else _("{hours} h {minutes:02d} min", hours=minutes // _MINUTE, minutes=minutes % _MINUTE)
    )


def _wait(progress: Progress) -> list[str]:
    failure = progress.waits_for
    if failure is None or progress.is_over:
        return []
    return [_("{short}, next request in {wait}", short=_short(failure), wait=seconds(progress.wait))]


def _short(failure: Failure) -> str:
    return printable(failure_words.message(failure).rstrip("."))
