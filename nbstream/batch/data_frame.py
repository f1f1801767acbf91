"""The replies of a job as a DataFrame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbstream.language import _
from nbstream.model.exceptions import RequestError
from nbstream.schemas.data_frames import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nbstream.model.reply import Reply

_ERROR = "error"


def frame_of(replies: Iterable[Reply], index: Any) -> Any:
    """Return a frame; see `Replies.frame`.

    Args:
        replies: the replies.
        index: the labels of their rows; None counts them.

    Raises:
        RequestError: if pandas is not installed.
    """
    try:
        import pandas as pd  # noqa: PLC0415  (heavy, and not a dependency)
    except ImportError:
        raise RequestError(_("A DataFrame needs pandas, which is not installed: `%pip install pandas`.")) from None
    rows: list[dict[str, Any]] = []
    positions: list[int] = []
    for position, reply in enumerate(replies):
        for row in _rows(reply):
            rows.append(row)
            positions.append(position)
    frame = pd.DataFrame(rows) if rows else pd.DataFrame({"prompt": [], "answer": []})
    if _ERROR in frame.columns:
        frame[_ERROR] = frame.pop(_ERROR)
    if index is None or len(index) < len(set(positions)):
        frame.index = pd.Index(positions, dtype="int64")
    else:
        frame.index = index.take(positions)
    return frame


def _rows(reply: Reply) -> list[dict[str, Any]]:
    error = _why(reply)
    if reply.request.structure is not None:
        if not error:
            return rows_of(reply.data)
        return [{_ERROR: error}]
    messages = reply.request.messages
    content = messages[-1].get("content") if messages else None
    row: dict[str, Any] = {"prompt": content if isinstance(content, str) else None, "answer": reply.answer or None}
    return [{**row, _ERROR: error} if error else row]


def _why(reply: Reply) -> str:
    """Return why there is no whole answer; empty if there is one."""
    if reply.error is not None:
        return str(reply.error)
    if not reply.ended:
        return "not asked"
    if reply.request.structure is not None and reply.problems:
        return str(reply.problems[0])
    return "" if reply.status == "complete" else reply.status
