"""Lets pydantic read `typing.TypedDict` on Python 3.11, where it wants `typing_extensions`' own.

Only decorators of pydantic need what a TypedDict lacks on 3.11 (its original bases), and schemas do
without them.
"""

from __future__ import annotations

import dataclasses
import sys
import typing
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typing_extensions

from nbstream.sessions.process_lock import ProcessLock

if TYPE_CHECKING:
    from collections.abc import Iterator

_HOOK = "__get_pydantic_core_schema__"
_lock = ProcessLock()


@contextmanager
def understood_by_pydantic(type_: Any) -> Iterator[None]:
    """Let pydantic read each `typing.TypedDict` that `type_` leads to, within the `with` block."""
    if sys.version_info >= (3, 12):
        yield
        return
    with _lock:
        given = [each for each in _typed_dicts(type_) if not hasattr(each, _HOOK)]
        for each in given:
            setattr(each, _HOOK, _hook(each))
        try:
            yield
        finally:
            for each in given:
                delattr(each, _HOOK)


def _hook(typed_dict: Any) -> Any:
    twin: list[Any] = []

    def schema(_source: Any, handler: Any) -> Any:
        if not twin:
            hints = typing_extensions.get_type_hints(typed_dict, include_extras=True)
            fields = {
                key: _qualified(hint, is_required=key in typed_dict.__required_keys__) for key, hint in hints.items()
            }
            made: Any = typing_extensions.TypedDict(typed_dict.__name__, fields)  # type: ignore[misc]
            made.__module__, made.__doc__ = typed_dict.__module__, typed_dict.__doc__
            twin.append(made)
        return handler.generate_schema(twin[0])

    return staticmethod(schema)


def _qualified(hint: Any, *, is_required: bool) -> Any:
    origin: Any = typing.get_origin(hint)
    if origin in (typing_extensions.Required, typing_extensions.NotRequired):
        return hint
    return typing_extensions.Required[hint] if is_required else typing_extensions.NotRequired[hint]


def _typed_dicts(type_: Any) -> list[Any]:
    found: list[Any] = []
    seen: set[int] = set()
    waiting = [type_]
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        waiting += typing.get_args(each)
        waiting += filter(None, [typing.get_origin(each)])
        is_typed_dict = typing_extensions.is_typeddict(each)
        if is_typed_dict and type(each).__module__ == "typing":
            found.append(each)
        if is_typed_dict or dataclasses.is_dataclass(each) or hasattr(each, "_fields"):
            try:
                waiting += typing_extensions.get_type_hints(each, include_extras=True).values()
            except Exception:  # noqa: BLE001, S112  (pydantic says it better)
                continue
    return found
