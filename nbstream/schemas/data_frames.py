"""Structured answers and other rows as DataFrames."""

from __future__ import annotations

from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any

from nbstream.language import _, marked
from nbstream.model.exceptions import RequestError
from nbstream.model.reply import ReplyError

if TYPE_CHECKING:
    from nbstream.model.reply import Reply

_MISSING = marked("A DataFrame needs pandas, which is not installed: `%pip install pandas`.")


def frame_of(reply: Reply) -> Any:
    """Return the structured answer of a reply as a DataFrame.

    Raises:
        ReplyError: if there is none.
        RequestError: if pandas is not installed.
    """
    if reply.request.structure is None:
        raise ReplyError("The reply is no structured answer: ask with `schema=` or `json=True`.", reply)
    if not reply.ended:
        raise ReplyError("The reply is still arriving.", reply)
    if reply.problems:
        raise ReplyError(f"There is no structured answer. {reply.problems[0]}", reply)
    try:
        import pandas as pd  # noqa: PLC0415  (heavy, and not a dependency)
    except ImportError:
        raise RequestError(_(_MISSING)) from None
    return pd.DataFrame(rows_of(reply.data))


def frame_or_rows(rows: list[dict[str, Any]]) -> Any:
    """Return rows as a DataFrame, or as they are where pandas is not installed."""
    return frame_of_rows(rows) if has_pandas() else rows


def has_pandas() -> bool:
    """Return whether pandas can be used: it may be installed, and not fit its libraries."""
    try:
        import pandas as pd  # noqa: F401, PLC0415  (as above)
    except Exception:  # noqa: BLE001  (numpy of another version is a ValueError)
        return False
    return True


def frame_of_rows(rows: list[dict[str, Any]], index: str | None = None) -> Any:
    """Return rows as a DataFrame.

    Args:
        rows: the rows.
        index: the column that labels them; None counts them.

    Raises:
        RequestError: if pandas is not installed.
    """
    try:
        import pandas as pd  # noqa: PLC0415  (as above)
    except ImportError:
        raise RequestError(_(_MISSING)) from None
    frame = pd.DataFrame(rows)
    return frame.set_index(index) if index is not None and rows else frame


def rows_of(data: Any) -> list[dict[str, Any]]:
    """Return the rows of a structured answer: one for each item of a list, otherwise one."""
    return [_row(each) for each in _items(data)]


def _items(data: Any) -> list[Any]:
    if isinstance(data, list | tuple | set | frozenset) and not hasattr(data, "_fields"):
        return list(data)
    row = _row(data)
    inner = next(iter(row.values())) if len(row) == 1 else None
    is_list = isinstance(inner, list) and inner and all(isinstance(each, dict) for each in inner)
    return inner if is_list and isinstance(inner, list) else [row]


def _row(item: Any) -> dict[str, Any]:
    """Return the fields of an object, and any other value as a field of its own."""
    if isinstance(item, dict):
        return item
    if hasattr(item, "model_dump"):
        made: dict[str, Any] = item.model_dump()
        return made
    if is_dataclass(item) and not isinstance(item, type):
        return asdict(item)
    if hasattr(item, "_asdict"):
        return dict(item._asdict())
    return {"value": item}
