"""The lessons of the course: their numbers, titles, notebooks, and what one learns in each."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, cast

from nbstream.language import _, marked
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbstream.lesson.exercises import Exercise, Prediction

_WRITTEN = Path(__file__).parent / "written"


@dataclass(frozen=True, slots=True)
class Lesson:
    """One lesson.

    Attributes:
        number: from 1 to 10.
        title: its title.
        notebook: the name of its notebook, without the ending.
        learns: what one learns, in one sentence.
        only_offline: whether it needs the simulator, as a real server does not fail on demand.
    """

    number: int
    title: str
    notebook: str
    learns: str
    only_offline: bool = False

    @property
    def written(self) -> list[Path]:
        """The files of its written replies, in all languages."""
        places = (_WRITTEN, *(each for each in sorted(_WRITTEN.iterdir()) if each.is_dir()))
        files = (place / f"{self.number:02}.toml" for place in places)
        return [file for file in files if file.is_file()]

    @property
    def exercises(self) -> Sequence[Exercise]:
        """Its exercises, in their order in the notebook."""
        return cast("Sequence[Exercise]", self._checks("EXERCISES"))

    @property
    def predictions(self) -> Sequence[Prediction]:
        """Its predictions, in their order in the notebook."""
        return cast("Sequence[Prediction]", self._checks("PREDICTIONS"))

    def _checks(self, name: str) -> object:
        module = f"nbstream.lesson.checks_{self.number:02}"
        return getattr(import_module(module), name, ()) if find_spec(module) else ()


LESSONS = (
    Lesson(
        1,
        marked("A first stream"),
        "01_first_stream",
        marked("Read a reply while it streams, stop it, and use it as a value."),
    ),
    Lesson(
        2,
        marked("Tokens, cache and cost"),
        "02_tokens_cache_cost",
        marked("Calculate what a request costs, and see a cache hit."),
    ),
    Lesson(
        3,
        marked("Watching a model think"),
        "03_thinking",
        marked("Choose how much a model reasons, and when it is worth it."),
    ),
    Lesson(
        4, marked("The wire"), "04_the_wire", marked("Read the stream of a reply by hand, with cURL, Python and Node.")
    ),
    Lesson(
        5,
        marked("A conversation is a list"),
        "05_conversation",
        marked("Edit what a model remembers: turns, versions, branches."),
    ),
    Lesson(
        6, marked("Prompts with data"), "06_data", marked("Send a table, a picture or an error, and see what was sent.")
    ),
    Lesson(7, marked("Answers in types"), "07_types", marked("Ask for JSON in a form, and check what comes back.")),
    Lesson(
        8, marked("Tools, and saying no"), "08_tools", marked("Let a model call your functions, under your control.")
    ),
    Lesson(
        9,
        marked("When things go wrong"),
        "09_faults",
        marked("Stop, fail, retry and continue, and keep what arrived."),
        only_offline=True,
    ),
    Lesson(
        10, marked("Comparing models"), "10_comparing", marked("Compare answers blind, and read their probabilities.")
    ),
)


def lesson_of(number: object) -> Lesson:
    """Return a lesson.

    Raises:
        RequestError: if there is none with this number.
    """
    for lesson in LESSONS:
        if lesson.number == number and not isinstance(number, bool):
            return lesson
    raise RequestError(
        _("There is no lesson {number}: the course has lessons 1 to {last}.", number=repr(number), last=len(LESSONS))
    )
