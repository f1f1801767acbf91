"""What argparse says about wrong options, in the current language."""

from __future__ import annotations

from nbstream.language import marked
from nbstream.language.known_texts import KnownTexts

#: As in Python 3.11 to 3.14.
_TEXTS = KnownTexts(
    marked("argument {option}: expected one argument"),
    marked("argument {option}: expected at least one argument"),
    marked("argument {option}: expected at most one argument"),
    marked("argument {option}: expected {count} arguments"),
    marked("argument {option}: invalid int value: {value}"),
    marked("argument {option}: invalid float value: {value}"),
    marked("argument {option}: invalid {kind} value: {value}"),
    marked("argument {option}: invalid choice: {value} (choose from {choices})"),
    marked("argument {option}: ignored explicit argument {value}"),
    marked("argument {option}: not allowed with argument {other}"),
    # What the reader of an option says of its value is in the current language.
    marked("argument {option}: {reason}"),
    marked("ambiguous option: {option} could match {options}"),
    marked("one of the arguments {options} is required"),
    marked("the following arguments are required: {options}"),
    marked("unrecognized arguments: {words}"),
)


def said(message: str) -> str:
    """Return an error message of argparse in the current language."""
    return _TEXTS.said(message)
