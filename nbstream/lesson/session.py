"""The lesson of this session: who answers, and what was predicted and solved so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from nbstream.language import _, listed, marked
from nbstream.lesson import live as own_server
from nbstream.lesson import offline
from nbstream.lesson.course import lesson_of
from nbstream.lesson.progress import Progress
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nbstream.lesson.course import Lesson
    from nbstream.lesson.exercises import Exercise, Expectation, Prediction, Result

_T = TypeVar("_T", "Exercise", "Prediction")
_NO_EXERCISE = marked("This lesson has no exercise {name}. It has: {there}.")
_NO_PREDICTION = marked("This lesson has no prediction {name}. It has: {there}.")


@dataclass(slots=True)
class Session:
    """A lesson that has been started.

    Attributes:
        lesson: the lesson.
        url: the base URL that its requests go to.
        server: live, the user's own server in a sentence; offline empty.
        cost: live, what the lesson may cost, as a sentence.
    """

    lesson: Lesson
    url: str = ""
    server: str = ""
    cost: str = ""
    _results: dict[str, Result] = field(default_factory=dict)
    _expectations: dict[str, Expectation] = field(default_factory=dict)

    def predict(self, name: str, choice: object) -> Expectation:
        """Record a prediction; see `lesson.predict`."""
        prediction = self._found(name, self.lesson.predictions, _NO_PREDICTION)
        made = self._expectations[name] = prediction.made(choice)
        return made

    def reveal(self, name: str, actual: object) -> Expectation:
        """Compare a prediction with what happened; see `lesson.reveal`."""
        prediction = self._found(name, self.lesson.predictions, _NO_PREDICTION)
        found = self._expectations[name] = prediction.compared(self._expectations.get(name), actual)
        return found

    def check(self, name: str, value: object) -> Result:
        """Mark an exercise; see `lesson.check`."""
        result = self._found(name, self.lesson.exercises, _NO_EXERCISE).marked(value)
        self._results[name] = result
        return result

    def progress(self) -> Progress:
        """Return what was predicted and solved so far, and what is open."""
        return Progress(
            self.lesson.number,
            self.lesson.title,
            tuple(self._results.get(each.name) or each.marked(...) for each in self.lesson.exercises),
            tuple(self._expectations.get(each.name) or each.made(...) for each in self.lesson.predictions),
        )

    def _found(self, name: str, all_of_them: Iterable[_T], missing: str) -> _T:
        known = {each.name: each for each in all_of_them}
        if name not in known:
            raise RequestError(_(missing, name=name, there=listed(known) or "-"))
        return known[name]


#: The lesson that was started last; a process is one student.
_current: Session | None = None


def begin(number: int, *, live: bool) -> Session:
    """Start a lesson, and return its session; see `lesson.start`.

    Raises:
        RequestError: if there is no such lesson, or its requests cannot go to the server.
    """
    global _current  # noqa: PLW0603  (one for each process, as its environment is)
    lesson = lesson_of(number)
    # The same lesson goes on: a first cell that runs again must not take away what was solved.
    session = _current if _current is not None and _current.lesson == lesson else Session(lesson)
    if live and lesson.only_offline:
        raise RequestError(
            _(
                "Lesson {number} runs only offline, as a real server does not fail on demand. Write "
                "lesson.start({number}).",
                number=lesson.number,
            )
        )
    if live and own_server.is_allowed():
        session.server, session.url, session.cost = own_server.switch_to(lesson)
    else:
        session.server, session.cost = "", ""
        session.url = offline.switch_to(lesson)
    _current = session
    return session


def current() -> Session:
    """Return the session of the lesson that was started.

    Raises:
        RequestError: if none was.
    """
    if _current is None:
        raise RequestError(_("No lesson has been started: run the first cell of the notebook first."))
    return _current
