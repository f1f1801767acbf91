"""Who answers offline: a simulator on this machine, with the written replies of the lesson.

The environment names it, so that programs that a notebook starts ask it, too. What was there before
comes back with `restore`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from nbstream.client import routing, settings
from nbstream.client.endpoints import KEY_VARIABLE, URL_VARIABLE
from nbstream.client.policy import enforcing
from nbstream.language import _
from nbstream.model.exceptions import RequestError
from nbstream.simulator.child import ChildSimulator
from nbstream.simulator.server import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbstream.lesson.course import Lesson

#: How fast the simulator of a lesson streams, in tokens per second; 0 is as fast as possible. Where
#: nobody watches, as in a test of the course, that saves minutes.
RATE_VARIABLE = "NBSTREAM_LESSON_RATE"
_RATE = 60.0
_FIRST_TOKEN = 0.4
_KEY = "simulated"


@dataclass(frozen=True, slots=True)
class _Before:
    """What a lesson replaced: variables of the environment, and settings."""

    environ: dict[str, str | None]
    base_url: str
    model: str


_server: ChildSimulator | Simulator | None = None
_before: _Before | None = None


def switch_to(lesson: Lesson) -> str:
    """Start the simulator of a lesson, send requests to it, and return its base URL.

    A simulator of an earlier start is ended. The new one has its port, so that what the notebook
    shows of it stays true.

    Raises:
        RequestError: if it cannot start, or rules of a file send requests elsewhere.
    """
    global _before  # noqa: PLW0603  (one for each process, as its environment is)
    url = _started(lesson)
    chosen = settings.current()
    if _before is None:
        names = (URL_VARIABLE, KEY_VARIABLE)
        _before = _Before({name: os.environ.get(name) for name in names}, chosen.base_url, chosen.model)
    os.environ[URL_VARIABLE] = url
    os.environ[KEY_VARIABLE] = _KEY
    for change in (dict[str, str](), {"base_url": url}, {"base_url": url, "model": "flash"}):
        # A setting or a file of the user may name another server, or a model of another one.
        for name, value in change.items():
            setattr(chosen, name, value)
        if _is_asked(url):
            _check_rules()
            return url
    raise RequestError(_("The lesson cannot run offline here: a recording is replayed in place of all servers."))


def restore() -> None:
    """Send requests where they went before the lesson, and end its simulator."""
    global _before, _server  # noqa: PLW0603  (as above)
    if _server is not None:
        _server.stop()
        _server = None
    if _before is None:
        return
    before, _before = _before, None
    for name, value in before.environ.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    chosen = settings.current()
    if chosen.base_url != before.base_url:
        chosen.base_url = before.base_url
    if chosen.model != before.model:
        chosen.model = before.model


def _check_rules() -> None:
    """Refuse a lesson whose requests a rule of a file would refuse, each for itself."""
    endpoint, model = routing.route(without_key=True)
    if said := enforcing.refusal(endpoint, {"model": model}):
        raise RequestError(_("The lesson cannot run offline here: {reason}.", reason=said))


def _is_asked(url: str) -> bool:
    try:
        return urlsplit(routing.server(without_key=True).base_url).netloc == urlsplit(url).netloc
    except RequestError:
        return False


def _started(lesson: Lesson) -> str:
    global _server  # noqa: PLW0603  (as above)
    port = 0
    if _server is not None:
        port = urlsplit(_server.url).port or 0
        _server.stop()
    rate = _rate()
    first_token = _FIRST_TOKEN if rate else 0.0
    written = [str(path) for path in lesson.written]
    problems = []
    ways: tuple[Callable[[], ChildSimulator | Simulator], ...] = (
        lambda: ChildSimulator(port=port, rate=rate, first_token=first_token, written=written).start(),
        lambda: ChildSimulator(rate=rate, first_token=first_token, written=written).start(),
        # Where no process can be started.
        lambda: Simulator(rate=rate, first_token=first_token, written=written).start(),
    )
    for start in ways:
        try:
            _server = start()
        except OSError as error:
            problems.append(str(error))
        else:
            return _server.url
    raise RequestError(_("The simulator of the lesson did not start: {reason}.", reason=problems[-1]))


def _rate() -> float:
    try:
        return max(0.0, float(os.environ.get(RATE_VARIABLE, "")))
    except ValueError:
        return _RATE
