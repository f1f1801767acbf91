"""What is in a folder of the cache: its replies, added up, deleted, and compared with a request."""

from __future__ import annotations

import contextlib
import re
import time
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from nbstream.client.cache import files
from nbstream.client.cache.identity import without_asker
from nbstream.language import _
from nbstream.recordings import seal
from nbstream.recordings.lines import FormatError
from nbstream.recordings.matching import nearest_difference
from nbstream.recordings.taken import Asked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nbstream.client.cache.files import Place
    from nbstream.model.request import Request
    from nbstream.recordings.taken import Taken

#: No other file of the folder is touched.
_DIGITS = 64
_NAME = re.compile(rf"[0-9a-f]{{{_DIGITS}}}(-\d+)?\{files.ENDING}")
#: An unfinished file of this age, in seconds, is left over from a process that was killed.
_LEFT_OVER = 600.0


@dataclass(slots=True)
class Stock:
    """What is in a folder.

    Attributes:
        replies: how many replies there are.
        size: their bytes.
        used: how many of them this process has used.
        damaged: the names of the files that cannot be used.
        first: when the oldest one was received, in seconds since the Unix epoch.
        last: the same of the newest one.
        costs: what they cost then, by currency.
    """

    replies: int = 0
    size: int = 0
    used: int = 0
    damaged: list[str] = field(default_factory=list)
    first: float | None = None
    last: float | None = None
    costs: dict[str, Decimal] = field(default_factory=dict)


def stock_of(folder: Path) -> Stock:
    """Return what is in a folder."""
    found = Stock()
    for path in _files(folder):
        found.replies += 1
        try:
            data = path.read_bytes()
            taken = seal.unsealed(data)
        except (OSError, FormatError):
            found.damaged.append(path.name)
            continue
        found.size += len(data)
        found.used += path in files.used
        found.first = min(taken.instant, found.first or taken.instant)
        found.last = max(taken.instant, found.last or 0.0)
        _add_cost(found, taken)
    return found


def clear(folder: Path, *, unused_since: float | None = None) -> int:
    """Delete replies; return how many.

    Args:
        folder: the folder; it is deleted as well if nothing is left in it.
        unused_since: if it is given, only those are deleted that no process has used since, in
            seconds since the Unix epoch.

    Raises:
        OSError: if one cannot be deleted.
    """
    deleted = 0
    for path in _files(folder):
        is_used = path in files.used or (unused_since is not None and path.stat().st_mtime >= unused_since)
        if unused_since is None or not is_used:
            path.unlink()
            files.used.discard(path)
            deleted += 1
    for path in folder.glob(f".*{files.UNFINISHED}"):
        if path.stat().st_mtime < time.time() - _LEFT_OVER:
            path.unlink()
    with contextlib.suppress(OSError):
        folder.rmdir()
    return deleted


def difference(place: Place, request: Request) -> str:
    """Return in which field a request differs from the nearest one that is kept; or nothing.

    Args:
        place: where the reply to the request is kept.
        request: the request.
    """
    kept = []
    asked = Asked("POST", request.url, without_asker(request.body()))
    for path in _files(place.path.parent):
        # Other samples of the same request do not differ.
        if path.name[:_DIGITS] != place.digest:
            with contextlib.suppress(OSError, FormatError):
                kept.append(seal.unsealed(path.read_bytes()))
    found = nearest_difference(asked, kept)
    if found is not None:
        return _("{path}: kept {recorded}, asked {asked}", path=found.path, recorded=found.recorded, asked=found.asked)
    other = next((each.asked.url for each in kept if each.asked.body == asked.body), "")
    return _("the address: kept {other}, asked {url}", other=other, url=asked.url) if other else ""


def _files(folder: Path) -> Iterator[Path]:
    try:
        found = sorted(folder.iterdir())
    except OSError:
        return
    yield from (path for path in found if _NAME.fullmatch(path.name))


def _add_cost(stock: Stock, taken: Taken) -> None:
    cost = taken.cost or {}
    with contextlib.suppress(ArithmeticError, KeyError):
        currency = str(cost["currency"])
        stock.costs[currency] = stock.costs.get(currency, Decimal(0)) + Decimal(str(cost["amount"]))
