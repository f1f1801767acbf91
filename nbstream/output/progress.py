"""How far a job of many prompts has come, in words: live, settled and in a terminal."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from nbstream.model.printable import printable
from nbstream.output import sentences, settled, spending
from nbstream.output.durations import seconds
from nbstream.output.markdown_text import literal

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
    return f"Asking {prompts(progress.total)}" if progress.total is not None else "Asking prompts"


def prompts(number: int) -> str:
    """Return a number of prompts in words."""
    return f"{number:,} {'prompt' if number == 1 else 'prompts'}"


def note(progress: Progress) -> str:
    """Return how far the job has come, and what it waits for."""
    done = f"{progress.answered + progress.kept:,} done"
    return " · ".join([done, *_others(progress), *_taken(progress), *_pace(progress), *_wait(progress)])


def line(progress: Progress) -> str:
    """Return one line for a terminal: what the job does, for how long, and how far it has come."""
    return " · ".join([label(progress), seconds(progress.elapsed), note(progress)])


def footer(progress: Progress) -> list[str]:
    """Return the items of the line that stays, in reading order."""
    items = [f"Stopped after {seconds(progress.elapsed)}"] if progress.end == "stopped" else []
    of = prompts(progress.taken if progress.total is None else progress.total)
    items += [f"{progress.answered:,} of {of} answered", *_others(progress)]
    items += [printable(", ".join(progress.models))] if progress.models else []
    items += ["simulated"] if progress.is_simulated else []
    items += [seconds(progress.elapsed)] if progress.end != "stopped" else []
    usage = progress.usage
    if usage is not None and usage.prompt_tokens is not None:
        cached = f" ({usage.cache_hit_tokens:,} cached)" if usage.cache_hit_tokens else ""
        items.append(f"in {usage.prompt_tokens:,}{cached}")
    if usage is not None and usage.completion_tokens is not None:
        items.append(f"out {usage.completion_tokens:,}")
    items += _cost(progress)
    return items + ([printable(f"saved in {progress.file}")] if progress.file else [])


def notes(progress: Progress, audience: Audience) -> list[str]:
    """Return what failed, by its reason, and what to do about it."""
    kinds = progress.failures[:_MOST_KINDS] if progress.end not in ("hopeless", "alike") else ()
    found = [f"{_times(count)}{sentences.message(failure)}" for failure, count in kinds]
    more = progress.failed - sum(count for _, count in kinds) if kinds else 0
    found += [f"{_times(more)}another failure, which is in the result."] if more else []
    rest = progress.rest
    if not progress.end and progress.failed:
        found.append(f"{_again(audience)} asks these again, and keeps the other answers.")
    elif progress.end and rest is None:
        found.append(f"What was answered is kept: {_again(audience, 0)} asks only the rest.")
    elif progress.end and rest:
        kept = progress.answered + progress.kept
        what = f"{kept:,} {'answer is' if kept == 1 else 'answers are'} kept: {_again(audience, 0)} asks only the other"
        found.append(f"{what} {rest:,}." if kept else "Nothing was answered.")
    return found


def alert(progress: Progress, audience: Audience) -> str:
    """Return why the job ended early; empty if it did not, or if it was stopped."""
    reason = sentences.alert(progress.reason, audience) if progress.reason is not None else ""
    match progress.end:
        case "hopeless":
            return f"The job has ended, as the other prompts would fail, too. {reason}"
        case "alike":
            return f"The job has ended, as none of the first {progress.failed:,} prompts was accepted. {reason}"
        case "disk":
            what = progress.file or "A temporary file"
            kept = " What was answered since then is in nbstream.last_map, for as long as the kernel runs."
            return f"The job has ended: {what} could not be written: {progress.said}.{kept if progress.file else ''}"
        case "input":
            return f"The job has ended, as the prompts could not be read further: {progress.said}"
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


def _times(count: int) -> str:
    return f"{prompts(count)}: "


def _again(audience: Audience, start: int = 1) -> str:
    words = "Running the cell again" if audience != "python" else "The same call"
    return words if start else words[0].lower() + words[1:]


def _others(progress: Progress) -> list[str]:
    items = [f"{progress.kept:,} kept from before"] if progress.kept else []
    return items + ([f"{progress.failed:,} failed"] if progress.failed else [])


def _taken(progress: Progress) -> list[str]:
    usage = progress.usage
    tokens = (usage.prompt_tokens or 0) + (usage.completion_tokens or 0) if usage is not None else 0
    return [*([f"{tokens:,} tokens"] if tokens else []), *_cost(progress)]


def _cost(progress: Progress) -> list[str]:
    spend = progress.spend
    dates = [each.dated for each in (*spend.exact, *spend.about) if each.dated is not None]
    dated = f" (prices of {max(dates):%Y-%m-%d})" if progress.is_over and dates else ""
    said = spending.amount(spend)
    notes = [spending.unknown(spend), spending.free(spend)] if progress.is_over else []
    return [f"{said}{dated}", *filter(None, notes)] if said else []


def _pace(progress: Progress) -> list[str]:
    items = []
    if (rate := progress.rate) is not None:
        items.append(f"{rate:.1f} a second" if rate >= _A_SECOND else f"{rate * _MINUTE:.1f} a minute")
    if progress.left is not None and not progress.is_over:
        items.append(f"about {_rough(progress.left)} left")
    return items


def _rough(duration: float) -> str:
    """Return a duration that is not certain: `5 s`, `3 min`, `2 h 10 min`."""
    if duration < _MINUTE:
        return f"{max(1, round(duration))} s"
    minutes = round(duration / _MINUTE)
    return f"{minutes} min" if minutes < _MINUTE else f"{minutes // _MINUTE} h {minutes % _MINUTE:02d} min"


def _wait(progress: Progress) -> list[str]:
    failure = progress.waits_for
    if failure is None or progress.is_over:
        return []
    return [f"{_short(failure)}, next request in {seconds(progress.wait)}"]


def _short(failure: Failure) -> str:
    return printable(sentences.message(failure).rstrip("."))
