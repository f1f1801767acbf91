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
from nbstream.language import _
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
        sys.stderr.write(f"Note: {said}\n")
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
        rows.append(["folder", str(folder)])
        rows.append(["replies", f"{found.replies:,}" + (f", {found.used:,} used by this kernel" if found.used else "")])
        if found.size:
            rows.append(["size", f"{max(1, round(found.size / _KILOBYTE)):,} kB"])
        if found.first is not None and found.last is not None:
            first, last = _day(found.first), _day(found.last)
            rows.append(["received", first if first == last else f"{first} to {last}"])
        rows += [
            ["cost then", str(Cost(amount, currency, "", None))] for currency, amount in found.costs.items() if amount
        ]
        rows += [["cannot be used", name] for name in found.damaged]
    is_on = "on" if settings.current().cache else "off"
    note = f"The setting cache is {is_on}. A folder may be committed: it has all prompts and replies, and no key."
    show_table(Table("", ["cache", ""], rows, note=note), context)


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
        replies = "1 reply" if deleted == 1 else f"{deleted:,} replies"
        sys.stdout.write(f"{replies} deleted from {one_line(str(folder))}.\n")


def _why() -> str:
    reply = history.last_reply()
    if reply is None:
        raise RequestError(_("There is no reply yet."))
    request, caching = reply.request, reply.request.caching
    if caching is None:
        return "The last request did not use the cache: --cache was not given, and the setting cache is off."
    if reply.recorded is not None:
        return "The last request was answered by the cache."
    if caching.is_fresh:
        return "The last request was to be sent anew."
    place = files.place_of(request, caching, KeyRedactor())
    found = stock.difference(place, request)
    if not found:
        return f"No reply to a request of this kind had been kept in {one_line(str(place.path.parent))}."
    # A prompt may repeat a key.
    redactor = KeyRedactor(*map(Secret, secrets_of(os.environ)))
    return f"The nearest request in the cache differs in {redactor.redact_error(one_line(found))}"


def _folders() -> list[Path]:
    """Return the folder of the setting, and those that cells of this kernel have named."""
    chosen = settings.current().cache
    usual = choice.folder_of(Caching(chosen if isinstance(chosen, str) else ""))
    return [*dict.fromkeys([usual, *sorted({path.parent for path in files.used})])]


def _day(instant: float) -> str:
    day = datetime.fromtimestamp(instant).astimezone()
    return f"{day.day} {day:%B %Y}"
