"""What is wrong with the JSON of an answer, for people.

A problem is an English text, as the model is told it, too. See `nbstream.schemas`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.language import _, marked
from nbstream.language.known_texts import KnownTexts
from nbstream.model.printable import one_line

if TYPE_CHECKING:
    from nbstream.model.problem import Problem

_TEXTS = KnownTexts(
    marked("The answer is empty."),
    marked("The JSON is not whole: the answer ends within it."),
    marked("It is not JSON: it begins with “{start}”."),
    marked("It is not valid JSON at line {line}, column {column}, before “{start}”: {reason}."),
    marked("After the JSON there is more text, at line {line}, column {column}: “{start}”."),
    # Python's reasons.
    marked("expecting value"),
    marked("expecting property name enclosed in double quotes"),
    marked("expecting ':' delimiter"),
    marked("expecting ',' delimiter"),
    marked("illegal trailing comma before end of object"),
    marked("illegal trailing comma before end of array"),
    marked("invalid control character"),
    marked("invalid \\escape"),
    marked("JSON has no {name}."),
    marked("The number is too large."),
    marked("A number is too large."),
    marked("The key {key} is there twice."),
    marked("The key {key} is there {count} times."),
    marked("It is nested too deeply."),
    marked("It is missing."),
    marked("There is no such field."),
    marked("Its name is not allowed."),
    marked("It should not be there."),
    marked("It is there twice."),
    marked("It has {count} items of the kind that it should contain."),
    marked("It fits {count} of the possible forms, and should fit one."),
    marked("Its check raised {error}"),
    marked("It should be something else than {value}."),
    marked("It should be an object or a list, and is {value}."),
    marked("It should {wanted}, and is a list."),
    marked("It should {wanted}, and is an object."),
    marked("It should {wanted}, and is {value}."),
    # As pydantic says it.
    marked("List should have at least {count} items after validation, not {found}."),
    marked("List should have at least {count} item after validation, not {found}."),
    marked("String should have at least {count} characters."),
    marked("String should have at least {count} character."),
    marked("List should have at most {count} items after validation, not {found}."),
    marked("List should have at most {count} item after validation, not {found}."),
    marked("String should have at most {count} characters."),
    marked("String should have at most {count} character."),
    marked("String should match pattern {pattern}."),
    # What it should.
    marked("be greater than or equal to {limit}"),
    marked("be less than or equal to {limit}"),
    marked("be greater than {limit}"),
    marked("{first}, or {others}"),
    marked("have at least {count} characters"),
    marked("have at most {count} characters"),
    marked("have at least {count} items"),
    marked("have at most {count} items"),
    marked("have at least {count} fields"),
    marked("have at most {count} fields"),
    marked("match the pattern {pattern}"),
    marked("be at least {limit}"),
    marked("be at most {limit}"),
    marked("be more than {limit}"),
    marked("be less than {limit}"),
    marked("be a multiple of {number}"),
    marked("be a string"),
    marked("be a number"),
    marked("be a whole number"),
    marked("be true or false"),
    marked("be a list"),
    marked("be an object"),
    marked("be {kind}"),
    # What values are.
    marked("true or false"),
    marked("{one} or {another}"),
    marked("a string"),
    marked("a number"),
    marked("a whole number"),
    marked("a list"),
    marked("an object"),
)


def said(problem: Problem) -> str:
    """Return a problem in one line."""
    message = _TEXTS.said(one_line(problem.message))
    return _("{path}: {message}", path=one_line(problem.path), message=message) if problem.path else message
