"""The rows of a comparison's frame: a row for each column, as data and not as words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbstream.output.compared.figures import row_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nbstream.model.reply import Reply


def rows_of(columns: Iterable[tuple[str, str, Reply]], chosen: str | None, *, hides: bool) -> list[dict[str, Any]]:
    """Return a row for each column.

    Args:
        columns: name, letter and reply of each; the letter is empty if there was no blind choice.
        chosen: the choice; None without one.
        hides: whether names and figures are hidden. The rows have only letters and answers then.
    """
    rows = []
    for name, letter, reply in columns:
        answer: dict[str, Any] = {"answer": reply.answer, **_data(reply)}
        if hides:
            rows.append({"letter": letter, "answer": reply.answer})
            continue
        blind: dict[str, Any] = {"letter": letter, "chosen": _is_chosen(letter, chosen)} if letter else {}
        rows.append({"name": name, **blind, "model": reply.model, **row_of(reply), **answer})
    return rows


def frame_of(columns: Iterable[tuple[str, str, Reply]], chosen: str | None, *, hides: bool) -> Any:
    """Return the rows as a DataFrame, or as they are without pandas; arguments as for `rows_of`."""
    from nbstream.schemas.data_frames import frame_or_rows  # noqa: PLC0415  (only where it is used)

    return frame_or_rows(rows_of(columns, chosen, hides=hides))


def _data(reply: Reply) -> dict[str, Any]:
    return {"data": reply.data} if reply.request.structure is not None else {}


def _is_chosen(letter: str, choice: str | None) -> bool | None:
    """Return whether a column was chosen; None for a tie, and without a choice."""
    if choice is None or choice == "tie":
        return None
    return letter == choice
