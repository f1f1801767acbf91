"""Functions of users that a widget calls when something happens."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Generic, ParamSpec

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")

_log = logging.getLogger("nbstream")


def attempt(function: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
    """Call what is the user's code, or calls it; what it raises is logged."""
    try:
        function(*args, **kwargs)
    except Exception:  # noqa: BLE001  (see above)
        _log.exception("nbstream: a callback of a widget failed")


class Callbacks(Generic[P]):
    """Functions that are called in their order. One that raises does not keep the others."""

    def __init__(self) -> None:
        self._functions: tuple[Callable[P, object], ...] = ()

    def change(self, function: Callable[P, object], *, remove: bool) -> None:
        """Add a function, once; or remove it."""
        others = tuple(each for each in self._functions if each != function)
        self._functions = others if remove else (*others, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Call all of them."""
        for function in self._functions:
            attempt(function, *args, **kwargs)
