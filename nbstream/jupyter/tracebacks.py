"""Tracebacks as plain text for a model: the user's frames, and of many the first and the last."""

from __future__ import annotations

import traceback

from IPython import get_ipython

from nbstream.language import _

#: So many frames are kept.
_MOST_FRAMES = 12


def text_of(error: BaseException) -> str:
    """Return an exception with its causes as Python writes it, without the frames of IPython.

    Cells are named as IPython does: `Cell In[3]`.
    """
    try:
        found = traceback.TracebackException.from_exception(error)
        _tidy(found, set())
        return "".join(found.format())
    except Exception as broken:  # noqa: BLE001  (the exception's own `__str__` may raise anything)
        return f"{type(error).__name__} (its text cannot be read: {type(broken).__name__})"


def _tidy(found: traceback.TracebackException, seen: set[int]) -> None:
    if id(found) in seen:
        return
    seen.add(id(found))
    is_of_cell = False
    if isinstance(getattr(found, "filename", None), str):
        # A syntax error names its file itself; the frames are those of the parser.
        found.filename, is_of_cell = _named(found.filename)
    own = [] if is_of_cell else [_frame(each) for each in found.stack if not _is_ipython(each.filename)]
    if len(own) > _MOST_FRAMES:
        half = _MOST_FRAMES // 2
        note = _("({count:,} more frames, left out)", count=len(own) - 2 * half)
        own = [*own[:half], traceback.FrameSummary(note, None, "…", lookup_line=False, line=""), *own[-half:]]
    found.stack = traceback.StackSummary.from_list(own)
    for each in (found.__cause__, found.__context__, *(getattr(found, "exceptions", None) or ())):
        if each is not None:
            _tidy(each, seen)


def _frame(frame: traceback.FrameSummary) -> traceback.FrameSummary:
    name, is_cell = _named(frame.filename)
    if not is_cell:
        return frame
    return traceback.FrameSummary(name, frame.lineno, frame.name, lookup_line=False, line=frame.line)


def _named(path: str) -> tuple[str, bool]:
    """Return the name of a file for the reader, and whether it is a cell."""
    compiler = getattr(get_ipython(), "compile", None)
    named = getattr(compiler, "format_code_name", lambda _path: None)(path)
    return (" ".join(named), True) if named is not None else (path, False)


def _is_ipython(path: str) -> bool:
    return "/IPython/core/" in path.replace("\\", "/")
