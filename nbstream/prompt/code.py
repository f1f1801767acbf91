"""Functions, classes and modules as their source code."""

from __future__ import annotations

import inspect
from typing import Any

from nbstream.prompt.description import Description
from nbstream.prompt.safe_repr import shortened


def source(value: Any) -> Description:
    """Describe a function or a class by its source, a module by its docstring."""
    name = getattr(value, "__qualname__", getattr(value, "__name__", "?"))
    if inspect.ismodule(value):
        return Description(inspect.getdoc(value) or "", f"module {value.__name__}", "its docstring only", is_cut=True)
    kind = f"{'class' if isinstance(value, type) else 'function'} {name}"
    owner = getattr(value, "__self__", None)
    if owner is not None and not inspect.ismodule(owner):
        # Its repr would have the whole value that it belongs to.
        kind = f"method {name} of a {type(owner).__name__}, not called"
    try:
        return Description(inspect.getsource(inspect.unwrap(value)), kind, "source", language="python")
    except (OSError, TypeError, ValueError):
        pass
    try:
        signature = str(inspect.signature(value))
    except (TypeError, ValueError):
        signature = "(…)"
    text = f"{name}{shortened(signature, 500)}\n{inspect.getdoc(value) or ''}".rstrip()
    return Description(text, kind, "its documentation")
