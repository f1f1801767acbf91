"""Live views whose replies have ended, and that are kept for pages which show them still.

A page that was reloaded in mid-stream, or a second tab, draws the widget until it has fetched the
settled output. A file that was saved in mid-stream holds nothing but the widget, so a view is kept
until Jupyter has saved again.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from nbstream.sessions.process_lock import ProcessLock

if TYPE_CHECKING:
    from nbstream.widgets.pages import Pages
    from nbstream.widgets.shown import Watched


class View(Protocol):
    """A live view; `settled_at` is in seconds of the monotonic clock, None before the end."""

    run: Watched
    pages: Pages
    settled_at: float | None
    is_reported_lost: bool

    def close(self) -> None:
        """Close the widget."""


#: At most this many views are kept, besides those that a page draws.
_MOST = 8
#: JupyterLab and Notebook 7 save by themselves every two minutes.
GRACE_SECONDS = 130.0
#: A page that draws the reply asks for its settled output well before.
_ASKS_WITHIN_SECONDS = 5.0

_kept: list[View] = []
#: Views settle on the threads of background replies, too.
_lock = ProcessLock()


def keep(view: View) -> None:
    """Keep `view`, and close the oldest ones that no page draws if there are too many."""
    with _lock:
        _kept.append(view)
        unseen = [each for each in _kept if not each.pages.draws]
        dropped = unseen[: max(0, len(_kept) - _MOST)]
        for each in dropped:
            _kept.remove(each)
    for each in dropped:
        each.close()


def is_kept(view: View) -> bool:
    """Return whether `view` is kept."""
    with _lock:
        return view in _kept


def release(view: View) -> None:
    """Close `view`, unless a page still draws it."""
    with _lock:
        if view not in _kept or view.pages.draws:
            return
        _kept.remove(view)
    view.close()


def lost() -> list[View]:
    """Return the views whose settled output no page may show, each once, after a reload."""
    now = time.monotonic()
    with _lock:
        found = [
            view
            for view in _kept
            if view.settled_at is not None
            and now - view.settled_at > _ASKS_WITHIN_SECONDS
            and len(view.pages.known) > 1
            and not (view.pages.settled or view.is_reported_lost)
        ]
    for view in found:
        view.is_reported_lost = True
    return found
