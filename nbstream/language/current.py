"""The current language: what the setting says, or else what the front end of the session has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.language import catalogues
from nbstream.sessions.per_session import PerSession

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbstream.language.catalogue import Catalogue

#: The value of the setting that leaves it to the front end.
AUTO = "auto"


class _Told:
    """What a session knows of its front end.

    Attributes:
        page: the code of the language that a page has told; empty before.
        before: the same before any page has told it; None until it is asked for.
    """

    def __init__(self) -> None:
        self.page = ""
        self.before: str | None = None


_told = PerSession(_Told)


def _auto() -> str:
    return AUTO


def _unknown() -> str:
    return ""


#: Returns the setting of this session; `nbstream.client.settings` sets it.
setting: Callable[[], str] = _auto
#: Returns the language of a front end that has told nothing yet, "" if nobody knows it.
#: `import nbstream` sets it.
of_front_end: Callable[[], str] = _unknown


def catalogue() -> Catalogue | None:
    """Return the catalogue of the current language; None for English, which needs none."""
    chosen = setting()
    if chosen == catalogues.ENGLISH:
        return None
    return catalogues.of_language(_of_front_end() if chosen == AUTO else chosen)


def code() -> str:
    """Return the code of the current language, such as `en` or `zh`."""
    chosen = setting()
    return (_of_front_end() or catalogues.ENGLISH) if chosen == AUTO else chosen


def chosen() -> str:
    """Return the code of the language that the user has set; "" if it is left to the front end."""
    return "" if setting() == AUTO else setting()


def tell(tag: object) -> None:
    """Take the language that a page tells, as in `zh-CN`; what names no language is passed over."""
    if isinstance(tag, str) and (found := catalogues.code_of(tag)):
        _told.get().page = found


def _of_front_end() -> str:
    told = _told.get()
    if told.page:
        return told.page
    if told.before is None:
        told.before = catalogues.code_of(of_front_end())
    return told.before
