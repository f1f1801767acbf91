"""The command cache: what is in it, what of it is deleted, and why a request was not answered."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from typing import TYPE_CHECKING

from nbstream.client import history, settings
from nbstream.client.cache import choice, files, stock
from nbstream.client.redaction import KeyRedactor
from nbstream.client.secret import Secret
from nbstream.jupyter.commands.servers import show_table
from nbstream.language import _, date_text, joined, plural
from nbstream.model.caching import Caching
from nbstream.model.exceptions import RequestError
from nbstream.model.printable import one_line
from nbstream.model.usage import Cost
from nbstream.prompt.secrets import secrets_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from nbstream.jupyter.commands.command import Context

_FORMS = ("", "clear", "clear --unused", "why")
_KILOBYTE = 1_000


def cache(words: Sequence[str], context: Context) -> None:
    """Say what is in the cache, clear it, or say why the last request was sent."""
    form = " ".join(words)
    if form not in _FORMS:
        raise RequestError(_("%deepseek cache takes nothing, clear, clear --unused, or why."))
    if said := choice.problems():
        sys.stderr.write(_("Note: {note}\n", note=said))
    if form == "why":
        sys.stdout.write(f"{_why()}\n")
    elif form:
        _clear(only_unused=form.endswith("--unused"))
    else:
        _show(context)


def _show(context: Context) -> None:
    from nbstream.output.tables import Table  # noqa: PLC0415  (only where it is used)

    rows = []
    for folder in _folders():
        found = stock.stock_of(folder)
        rows.append([_("folder"), str(folder)])
        counts = {"count": found.replies, "used": found.used}
        shown = _("{count:,}, {used:,} used by this kernel", **counts) if found.used else _("{count:,}", **counts)
        rows.append([_("replies"), shown])
        if found.size:
            rows.append([_("size"), _("{size:,.0f} kB", size=max(1, round(found.size / _KILOBYTE)))])
        if found.first is not None and found.last is not None:
            first, last = _day(found.first), _day(found.last)
            rows.append([_("received"), first if first == last else _("{first} to {last}", first=first, last=last)])
        rows += [
            [_("cost then"), str(Cost(amount, currency, "", None))]
            for currency, amount in found.costs.items()
            if amount
        ]
        rows += [[_("cannot be used"), name] for name in found.damaged]
    note = joined(
        _("The setting cache is on.") if settings.current().cache else _("The setting cache is off."),
        _("A folder may be committed: it has all prompts and replies, and no key."),
    )
    show_table(Table("", [_("cache"), ""], rows, note=note), context)


def _clear(*, only_unused: bool) -> None:
    if only_unused and not files.used:
        raise RequestError(
            _(
                "No cell of this kernel has used the cache yet, so every reply would be deleted. Run the notebook "
                "first; %deepseek cache clear deletes all."
            )
        )
    for folder in _folders():
        try:
            deleted = stock.clear(folder, unused_since=choice.BEGAN if only_unused else None)
        except OSError as error:
            raise RequestError(
                _(
                    "{folder} cannot be cleared: {strerror}.",
                    folder=one_line(str(folder)),
                    strerror=error.strerror or error,
                )
            ) from None
        name = one_line(str(folder))
        said = plural(
            "{n:,} reply deleted from {folder}.", "{n:,} replies deleted from {folder}.", deleted, folder=name
        )
        sys.stdout.write(f"{said}\n")


def _why() -> str:
    reply = history.last_reply()
    if reply is None:
        raise RequestError(_("There is no reply yet."))
    request, caching = reply.request, reply.request.caching
    if caching is None:
        return _("The last request did not use the cache: --cache was not given, and the setting cache is off.")
    if reply.recorded is not None:
        return _("The last request was answered by the cache.")
    if caching.is_fresh:
        return _("The last request was to be sent anew.")
    place = files.place_of(request, caching, KeyRedactor())
    found = stock.difference(place, request)
    if not found:
        return _(
            "No reply to a request of this kind had been kept in {folder}.", folder=one_line(str(place.path.parent))
        )
    # A prompt may repeat a key.
    redactor = KeyRedactor(*map(Secret, secrets_of(os.environ)))
    difference = redactor.redact_error(one_line(found))
    return _("The nearest request in the cache differs in {difference}", difference=difference)


def _folders() -> list[Path]:
    """Return the folder of the setting, and those that cells of this kernel have named."""
    chosen = settings.current().cache
    usual = choice.folder_of(Caching(chosen if isinstance(chosen, str) else ""))
    return [*dict.fromkeys([usual, *sorted({path.parent for path in files.used})])]


def _day(instant: float) -> str:
    day = datetime.fromtimestamp(instant).astimezone()
    return date_text(day, f"{day.day} {day:%B %Y}", "yMMMMd")
