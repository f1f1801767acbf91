"""What came of a tool call, as facts: for its card, for the model, and for a file.

Every value here consists of texts, numbers, truth values and tuples only, so that a journal and a
saved chat can keep it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

#: How a call went.
#:
#: - `done`: the function ran and returned.
#: - `failed`: the function ran and raised, or its server reported an error.
#: - `invalid`: nothing ran, as the arguments do not fit, or there is no tool of this name.
#: - `interrupted`: ■ was pressed while the function ran, and it did not return.
#: - `denied`: nothing ran, as the user, or the tool's own rule, denied it.
#: - `stopped`: nothing ran, as the reply was stopped first.
CallOutcome: TypeAlias = Literal["done", "failed", "invalid", "interrupted", "denied", "stopped"]

ShownKind: TypeAlias = Literal["text", "json", "table", "image"]


@dataclass(frozen=True, slots=True)
class Shown:
    """One value that the reader of a reply sees in the card of a call.

    All of its texts are untrusted: they come from a tool, and may repeat what a model wrote.

    Attributes:
        kind: what the other fields hold. A `text` is in `text`, in the language `language`. A
            `json` is a text as well, and may be cut off. A `table` is in `columns` and `rows`. An
            `image` is in `data`.
        origin: whether the function returned it, or displayed it while it ran (`display`,
            `plt.show`, an open figure).
        what: what the value is, such as `pandas DataFrame, 10,000 rows, 3 columns`; may be empty.
        note: how much of it is here, such as `5 of 10,000 rows`; may be empty.
        is_cut: whether a part of the value is left out; `note` says which.
        text: a text, or a JSON text.
        language: the language of a text, such as `markdown`, `latex`, `html` or `csv`; empty for a
            plain text. A text of any language is shown as text; its HTML is never inserted.
        columns: the names of a table's columns; those of its index come first, and may be empty.
        rows: the cells of a table as texts, row by row, each row as long as `columns`.
        numeric: for each column whether it holds numbers, which are aligned at the right.
        data: the bytes of an image, in base64.
        media_type: the type of an image: `image/png`, `image/jpeg`, `image/gif` or `image/webp`.
    """

    kind: ShownKind = "text"
    origin: Literal["returned", "displayed"] = "returned"
    what: str = ""
    note: str = ""
    is_cut: bool = False
    text: str = ""
    language: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    numeric: tuple[bool, ...] = ()
    data: str = ""
    media_type: str = ""


@dataclass(frozen=True, slots=True)
class Printed:
    """What a function printed, to stdout and stderr in their order; the middle may be missing.

    It is what a screen would show: without escape sequences, and with overwritten lines gone.

    Attributes:
        head: the beginning; all of it if `left_out` is 0.
        left_out: how many characters are missing between `head` and `tail`.
        tail: the end; empty if nothing is missing.
    """

    head: str = ""
    left_out: int = 0
    tail: str = ""

    @property
    def length(self) -> int:
        """How many characters were printed."""
        return len(self.head) + self.left_out + len(self.tail)


@dataclass(frozen=True, slots=True)
class ToolOutcome:
    """What came of one call.

    Attributes:
        outcome: how it went.
        content: the text that the model reads as the call's result; never empty, at most 20,000
            characters. What is cut is named within the text.
        left_out: how many characters of the result `content` leaves out.
        error: of a failed call, type and message of the exception in one line, such as
            `ValueError: no such town`; of an invalid call, what is wrong with it. The reader sees
            it. Otherwise empty.
        traceback: the frames of the user's own code from which an exception was raised, as text of
            a few lines, without the line of the exception itself; may be empty. Only the reader
            sees it, never the model.
        printed: what the function printed; only the reader sees it.
        shown: what the reader sees of displayed values and of the result, in this order. A result
            that is a short text, or None, is shown by `content` alone.
        not_shown: how many displayed values were left out of `shown`, because there were too many.
        seconds: how long the function ran, until its result was described.
        interrupted: whether ■ was pressed meanwhile. A function may have handled it and returned,
            so this may be true of a call that is `done`.
    """

    outcome: CallOutcome
    content: str
    left_out: int = 0
    error: str = ""
    traceback: str = ""
    printed: Printed = Printed()
    shown: tuple[Shown, ...] = ()
    not_shown: int = 0
    seconds: float = 0.0
    interrupted: bool = False


def tool_outcome(fields: dict[str, Any]) -> ToolOutcome:
    """Return the outcome that `dataclasses.asdict` and JSON made `fields` of.

    Raises:
        TypeError: if they are of no outcome.
    """
    others = dict(fields)
    shown = tuple(shown_value(each) for each in others.pop("shown", ()))
    return ToolOutcome(printed=Printed(**others.pop("printed", {})), shown=shown, **others)


def shown_value(fields: dict[str, Any]) -> Shown:
    """Return the shown value that `dataclasses.asdict` and JSON made `fields` of.

    Raises:
        TypeError: if they are of none.
    """
    others = {name: value for name, value in fields.items() if name not in ("columns", "rows", "numeric")}
    columns, rows, numeric = (tuple(fields.get(name, ())) for name in ("columns", "rows", "numeric"))
    return Shown(columns=columns, rows=tuple(map(tuple, rows)), numeric=numeric, **others)
