"""The course: lessons that run offline, predictions, and exercises that code marks.

    %load_ext nbstream
    from nbstream import lesson
    lesson.start(1)

The notebooks are in `notebooks/`. No model is needed to mark an exercise, and nothing about the
student is sent anywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbstream.lesson import session, showing
from nbstream.lesson.cards import opening_card, prediction_card, result_card

if TYPE_CHECKING:
    from nbstream.lesson.progress import Progress

    #: The base URL of the lesson's server: of the simulator, or of the real one.
    url: str

__all__ = ["check", "predict", "progress", "reveal", "start", "url"]


def start(number: int, *, live: bool = False) -> None:
    """Begin a lesson: choose who answers its requests, and say so.

    Offline, a simulator on this machine answers. It knows the lesson's own prompts, and its replies
    to them were written by the authors of the course. It needs no key and costs nothing. Programs
    that the notebook starts find it in `DEEPSEEK_BASE_URL` and `DEEPSEEK_API_KEY`, and
    `lesson.url` is its address. To start a lesson again starts its simulator afresh and keeps what
    was solved.

    Args:
        number: the lesson, from 1 to 10.
        live: whether to ask the server and the model of your own settings, with your own key.

    Raises:
        RequestError: if there is no such lesson; live, if there is no key.
    """
    begun = session.begin(number, live=live)
    showing.show(opening_card(begun.lesson, begun.server, begun.cost))


def predict(name: str, choice: object) -> None:
    """Record what you expect, before you run the cell that shows it.

    Args:
        name: the prediction's name, as the notebook gives it.
        choice: the letter of your choice, or a number; `...` is none yet.

    Raises:
        RequestError: if the lesson has no such prediction, or the prediction no such choice.
    """
    showing.show(prediction_card(session.current().predict(name, choice)))


def reveal(name: str, actual: object) -> None:
    """Compare a prediction with what happened, and say why it happened.

    Args:
        name: the prediction's name.
        actual: what happened, such as a reply or a number; `...` is nothing yet.

    Raises:
        RequestError: if the lesson has no such prediction.
    """
    showing.show(prediction_card(session.current().reveal(name, actual)))


def check(name: str, value: object) -> None:
    """Mark an exercise, by code: it is right, or a hint says what is missing.

    Args:
        name: the exercise's name, as the notebook gives it.
        value: your answer; `...` is none yet.

    Raises:
        RequestError: if the lesson has no such exercise.
    """
    showing.show(result_card(session.current().check(name, value)))


def progress() -> Progress:
    """Return a table of all exercises and predictions of the lesson, which stays in the file."""
    return session.current().progress()


def __getattr__(name: str) -> Any:
    if name == "url":
        return session.current().url
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
