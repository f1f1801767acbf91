"""An exception of a tool: type and message for the model, and for the reader its place."""

from __future__ import annotations

import linecache
import sys
import sysconfig
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbstream.model.printable import one_line, storable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

#: Of a group of exceptions, and of the notes of one, so many are named.
_MOST_PARTS = 10
_FIRST_FRAMES, _LAST_FRAMES = 3, 5
#: A traceback is followed for so many frames: an endless recursion has a thousand, C code allows
#: more.
_MOST_FRAMES = 20_000
_PACKAGE = str(Path(__file__).parents[1])
_OTHERS = tuple(
    {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")} | {_PACKAGE, "<frozen"}
)


def exception_text(error: BaseException) -> str:
    """Return type and message of an exception, with its notes, and the parts of a group."""
    lines = [_type_and_message(error)]
    lines += [_text(note) for note in _listed(getattr(error, "__notes__", ()))]
    if isinstance(error, BaseExceptionGroup):
        lines += [f"- {_type_and_message(each)}" for each in error.exceptions[:_MOST_PARTS]]
    return "\n".join(lines)


def exception_line(error: BaseException) -> str:
    """Return type and message of an exception in one line."""
    return one_line(_type_and_message(error))


def user_frames(error: BaseException) -> str:
    """Return the frames of the user's own code from which an exception was raised.

    Frames of libraries are left out. The last frame comes last; of many, the middle is left out.
    """
    frames = [_frame(*each) for each in _walked(error.__traceback__) if _is_users(each[0].tb_frame.f_code.co_filename)]
    if len(frames) > _FIRST_FRAMES + _LAST_FRAMES:
        count = len(frames) - _FIRST_FRAMES - _LAST_FRAMES
        frames = [*frames[:_FIRST_FRAMES], f"… {count:,} more …", *frames[-_LAST_FRAMES:]]
    return "\n".join(frames)


def _type_and_message(error: BaseException) -> str:
    name = type(error).__qualname__
    message = _text(error)
    return f"{name}: {message}" if message else name


def _text(value: object) -> str:
    """Return the text of an exception, or of a note, which may be any object."""
    try:
        return storable(str(value)).strip()
    except Exception as raised:  # noqa: BLE001  (the class is the user's)
        return f"(its text cannot be read: it raised {type(raised).__qualname__})"


def _listed(notes: Any) -> list[Any]:
    return list(notes)[:_MOST_PARTS] if isinstance(notes, list | tuple) else []


def _walked(at: TracebackType | None) -> Iterator[tuple[TracebackType, int]]:
    for _ in range(_MOST_FRAMES):
        if at is None:
            return
        yield at, at.tb_lineno
        at = at.tb_next


def _is_users(filename: str) -> bool:
    return not filename.startswith(_OTHERS)


def _frame(at: TracebackType, line: int) -> str:
    code = at.tb_frame.f_code
    source = linecache.getline(code.co_filename, line, at.tb_frame.f_globals).strip()
    return one_line(f"{_place(code.co_filename)}, line {line}, in {code.co_name}") + (
        f"\n    {one_line(source)}" if source else ""
    )


def _place(filename: str) -> str:
    """Return the name of a file, or of a cell of the notebook."""
    ipython: Any = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    named = getattr(getattr(shell, "compile", None), "format_code_name", None)
    if named is not None and (found := named(filename)):
        return " ".join(found)
    return filename if filename.startswith("<") else Path(filename).name


def without_frames(error: BaseException) -> None:
    """Let go of what the frames of an exception refer to: a tool's data may be large."""
    if error.__traceback__ is not None:
        traceback.clear_frames(error.__traceback__)
        error.__traceback__ = None
