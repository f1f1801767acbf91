"""What a lesson's exercises and predictions are, and what came of them.

Each lesson has a module `checks_01`, … with `EXERCISES` and `PREDICTIONS`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from nbstream.language import _, listed
from nbstream.model.exceptions import RequestError
from nbstream.model.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import EllipsisType

#: What came of an exercise or a prediction: nothing yet, a choice that waits for the run, right,
#: or not (yet) right.
State: TypeAlias = Literal["open", "made", "right", "wrong"]

#: What a check returns: a hint, "" for a value that is right, or `NOT_DONE`.
Hint: TypeAlias = "str | EllipsisType"
#: For a value that is still as the notebook gives it, such as a function without a body.
NOT_DONE = ...
#: Numbers from here on are shown without digits after the point.
_LARGE = 1000


@dataclass(frozen=True, slots=True)
class Exercise:
    """An exercise and its check.

    Attributes:
        name: the name in the notebook, such as `total`.
        task: what to do, in one sentence; as `marked`, like all texts here.
        expects: what kind of value the answer is, such as “a whole number”.
        check: returns a hint for a value that is not right, "" for one that is, and `NOT_DONE` for
            one that nobody has worked on. A hint says what is missing and where to look; it does
            not have the solution. It may raise anything for a value of another kind.
        learned: one sentence for a right answer: what it shows.
    """

    name: str
    task: str
    expects: str
    check: Callable[[object], Hint]
    learned: str = ""

    def marked(self, value: object) -> Result:
        """Return what a value is worth; `...` is not done yet."""
        if value is ...:
            return Result(self.name, _(self.task))
        hint: Hint
        try:
            hint = self.check(value)
        except Exception:  # noqa: BLE001  (the value may be anything)
            hint = _(
                "Your answer cannot be checked: it is {kind}, and this exercise expects {expects}.",
                kind=kind_of(value),
                expects=_(self.expects),
            )
        if hint is ...:
            return Result(self.name, _(self.task))
        return Result(self.name, _(self.task), "wrong" if hint else "right", hint or _(self.learned))


@dataclass(frozen=True, slots=True)
class Prediction:
    """A question whose answer the run shows.

    Attributes:
        name: the name in the notebook.
        question: the question.
        why: why it is as it is, in one to three sentences; or a function that says so of what
            happened.
        choices: the choices by their letter; none if the prediction is a number.
        choice_of: returns the letter, or the number, that something that happened amounts to; `...`
            if it does not show that, as a reply that nobody has stopped.
        close: how far a number may be off, as a share of the actual one.
        of_failures: whether a reply that was stopped or that failed shows what happens; any other
            prediction needs a complete one.
    """

    name: str
    question: str
    why: str | Callable[[object], str]
    choices: Mapping[str, str] = field(default_factory=dict)
    choice_of: Callable[[object], object] = lambda actual: actual
    close: float = 0.25
    of_failures: bool = False

    def made(self, choice: object) -> Expectation:
        """Return a prediction that waits for the run.

        Raises:
            RequestError: if there is no such choice.
        """
        expected = self._open()
        if choice is ...:
            return expected
        return replace(expected, state="made", expected=self._read(choice))

    def compared(self, before: Expectation | None, actual: object) -> Expectation:
        """Return what came of a prediction.

        Args:
            before: the prediction as it was made; None if it was not.
            actual: what happened.

        Raises:
            RequestError: if what happened is no answer to the question.
        """
        expected = before or self._open()
        if not self.of_failures:
            _refuse_failed(actual)
        try:
            found = ... if actual is ... else self.choice_of(actual)
        except Exception:  # noqa: BLE001  (the value may be anything)
            raise RequestError(
                _(
                    "What you gave, {kind}, does not show what happened. Run the cells above, then this one again as "
                    "it was.",
                    kind=kind_of(actual),
                )
            ) from None
        if found is ...:
            return expected
        shown = self._read(found)
        why = _(self.why) if isinstance(self.why, str) else self.why(actual)
        # A comparison without a prediction is none: the student has looked first.
        state: State = "open" if not expected.expected else "right" if self._is_near(expected, shown) else "wrong"
        return replace(expected, state=state, actual=shown, said=why)

    def _open(self) -> Expectation:
        choices = {letter: _(words) for letter, words in self.choices.items()}
        return Expectation(self.name, _(self.question), choices=choices)

    def _is_near(self, before: Expectation, shown: str) -> bool:
        if self.choices:
            return before.expected == shown
        guess, found = float(before.expected), float(shown)
        return abs(guess - found) <= abs(found) * self.close

    def _read(self, choice: object) -> str:
        if not self.choices:
            try:
                number = float(choice)  # type: ignore[arg-type]
            except (TypeError, ValueError):
                said = _(
                    "The prediction {name} is a number, not {kind}. Write a number alone, such as 3, without a word.",
                    name=self.name,
                    kind=kind_of(choice),
                )
                raise RequestError(said) from None
            return f"{number:.0f}" if abs(number) >= _LARGE else f"{number:.4g}"
        letter = str(choice).strip().lower()
        if letter not in self.choices:
            there = listed(self.choices)
            said = _(
                "The prediction {name} has the choices {there}. Write one letter in quotes, such as {example}.",
                name=self.name,
                there=there,
                example=f'"{next(iter(self.choices))}"',
            )
            raise RequestError(said)
        return letter


@dataclass(frozen=True, slots=True)
class Result:
    """What came of an exercise.

    Attributes:
        name: the exercise.
        task: what was to be done.
        state: open, right or wrong.
        said: a hint, or what a right answer shows.
    """

    name: str
    task: str
    state: State = "open"
    said: str = ""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What came of a prediction.

    Attributes:
        name: the prediction.
        question: its question.
        state: open, made, right or wrong.
        expected: what the student expected: a letter or a number; empty before.
        actual: what happened; empty before.
        said: why.
        choices: the choices by their letter.
    """

    name: str
    question: str
    state: State = "open"
    expected: str = ""
    actual: str = ""
    said: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)

    def words(self, choice: str) -> str:
        """Return a choice in words; a number as it is."""
        return self.choices.get(choice, choice)


def _refuse_failed(actual: object) -> None:
    """Refuse a reply that failed, or one among several: it does not show what a model does.

    Raises:
        RequestError: if there is one.
    """
    for each in actual if isinstance(actual, tuple) else (actual,):
        if isinstance(each, Reply) and each.status in ("failed", "cancelled"):
            raise RequestError(
                _(
                    "This reply did not come to its end ({status}), so it does not show what happens. Read the line "
                    "below it, run its cell again, and then this one.",
                    status=each.status,
                )
            )


def kind_of(value: object) -> str:
    """Return what a value is, for a sentence: `a list`, `an int`."""
    name = type(value).__name__
    if value is None:
        return "None"
    return f"an {name}" if name[0].lower() in "aeiou" else f"a {name}"
