"""`describe`: how a value reads to a model. Open to users by `@nbstream.describe.register`.

Libraries are recognised by the names of a value's classes, so none is imported: a value of pandas
is only there if pandas is.
"""

from __future__ import annotations

import enum
import json
import sys
import traceback
import types
from dataclasses import replace
from functools import singledispatch
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, overload

from nbstream.model.reply import Reply
from nbstream.prompt import arrays, data_frames, pictures
from nbstream.prompt.code import source
from nbstream.prompt.containers import ARRAYS, OBJECTS, attributes_of, describe_container, has_fields
from nbstream.prompt.description import LIMIT, Description, bounded, counted
from nbstream.prompt.safe_repr import plain_text, short_repr

if TYPE_CHECKING:
    from collections.abc import Callable

#: Describes a value.
Describer: TypeAlias = "Callable[[Any], Description | str]"
_F = TypeVar("_F", bound="Callable[..., Description | str]")

#: By the library of a class, and the name of the class.
_BY_CLASS: dict[tuple[str, str], Callable[[Any], Description]] = {
    ("pandas", "DataFrame"): data_frames.pandas_frame,
    ("pandas", "Series"): data_frames.pandas_series,
    ("pandas", "Index"): data_frames.pandas_index,
    ("modin", "DataFrame"): data_frames.pandas_frame,
    ("modin", "Series"): data_frames.pandas_series,
    ("polars", "DataFrame"): data_frames.polars_frame,
    ("polars", "LazyFrame"): data_frames.lazy_frame,
    ("polars", "Series"): data_frames.polars_series,
    ("pyarrow", "Table"): data_frames.arrow_table,
    ("pyarrow", "RecordBatch"): data_frames.arrow_table,
    ("pyarrow", "Array"): data_frames.arrow_array,
    ("pyarrow", "ChunkedArray"): data_frames.arrow_array,
    ("numpy", "ndarray"): arrays.numpy_array,
    ("torch", "Tensor"): arrays.other_array,
    ("jaxlib", "ArrayImpl"): arrays.other_array,
    ("tensorflow", "Tensor"): arrays.other_array,
    ("cupy", "ndarray"): arrays.other_array,
    ("dask", "Array"): arrays.other_array,
    ("h5py", "Dataset"): arrays.other_array,
    ("zarr", "Array"): arrays.other_array,
    ("PIL", "Image"): pictures.pil_image,
    ("matplotlib", "FigureBase"): pictures.figure,
    ("matplotlib", "Axes"): pictures.figure,
    ("seaborn", "Grid"): pictures.figure,
}
_HEADS: dict[Callable[[Any], Description] | None, Callable[[Any, int], data_frames.Head]] = {
    data_frames.pandas_frame: data_frames.pandas_head,
    data_frames.polars_frame: data_frames.polars_head,
    data_frames.arrow_table: data_frames.arrow_head,
}
#: Their own texts are short, although they are mappings or sequences.
_OWN_REPR = frozenset({"xarray"})
_MOST_IN_CONTAINER = 50


@singledispatch
def _describe(value: object) -> Description | str:
    """Describe a value of any other type."""
    return _any(value)


def _any(value: Any) -> Description:
    if has_fields(value):
        return describe_container(value, _leaf)
    text = plain_text(value, LIMIT)
    if text is not None:
        return Description(text, type(value).__name__)
    if getattr(value, "shape", None) == () and callable(getattr(value, "item", None)):
        # A scalar of numpy, or of a library like it.
        return Description(str(value), type(value).__name__)
    if (attributes := attributes_of(value)) is not None:
        described = describe_container(attributes, _leaf)
        return replace(described, kind=f"{type(value).__qualname__} object, its attributes")
    kind = f"{type(value).__module__.split('.')[0]}.{type(value).__qualname__}"
    return Description(short_repr(value, sys.maxsize), kind)


@_describe.register
def _(value: str) -> Description:
    return Description(str.__str__(value), "text")


@_describe.register(bytes)
@_describe.register(bytearray)
@_describe.register(memoryview)
def _(value: bytes | bytearray | memoryview) -> Description:
    size = value.nbytes if isinstance(value, memoryview) else len(value)
    if pictures.media_type(bytes(value[:16])) and size <= pictures.MOST_BYTES:
        return pictures.image_bytes(bytes(value))
    shown = min(size, 1_000)
    note = counted(size, "byte") if shown == size else f"first {shown:,} of {counted(size, 'byte')}"
    return Description(repr(bytes(value[:shown])), type(value).__name__, note, shown < size)


@_describe.register
def _(value: BaseException) -> Description:
    text = "".join(traceback.format_exception(value)).rstrip()
    return Description(text, "exception with its traceback", language="text", keeps_end=True)


@_describe.register(types.FunctionType)
@_describe.register(types.MethodType)
@_describe.register(types.BuiltinFunctionType)
@_describe.register(types.ModuleType)
@_describe.register(type)
def _(value: object) -> Description:
    return source(value)


@_describe.register
def _(value: Description) -> Description:
    return value


@_describe.register
def _(value: Reply) -> Description:
    return Description(value.answer, "answer of a model", counted(len(value.answer), "character"))


def _container(value: Any) -> Description:
    return describe_container(value, _leaf)


for _kind in (*OBJECTS, *ARRAYS):
    _describe.register(_kind, _container)
# A member of an enumeration may also be a number, a text or a tuple.
_describe.register(enum.Enum, _describe.dispatch(object))
#: The functions that this module registers; any other one is a user's.
_OWN = frozenset(_describe.registry.values())


class Describe:
    """Describes values to a model; a generic function.

    `@nbstream.describe.register` adds a function for a type, as with `functools.singledispatch`. It
    returns a `Description`, or a text.
    """

    @overload
    def register(self, kind: type, /) -> Callable[[_F], _F]: ...
    @overload
    def register(self, kind: type, function: _F, /) -> _F: ...
    @overload
    def register(self, kind: _F, /) -> _F: ...
    def register(self, kind: Any, function: Any = None, /) -> Any:
        """Register a function for a type, as `functools.singledispatch` does."""
        return _describe.register(kind, function)

    def dispatch(self, kind: type) -> Describer:
        """Return the function for a type."""
        return _describe.dispatch(kind)

    def __repr__(self) -> str:
        return "<function nbstream.describe>"

    def __call__(self, value: Any) -> Description:
        """Return what a model is told about a value, at most 8,000 characters."""
        return bounded(whole(value))


def whole(value: Any) -> Description:
    """Return the description of a value before it is cut to its limit.

    Raises:
        Exception: whatever a function raises that a user has registered.
    """
    function = _describe.dispatch(type(value))
    if function not in _OWN:
        made = function(value)
        return made if isinstance(made, Description) else Description(str(made), type(value).__name__)
    try:
        made = (_of_library(value) or function)(value)
    except Exception as error:  # noqa: BLE001  (the value's own code may raise anything)
        made = Description(
            short_repr(value, LIMIT), f"{type(value).__qualname__}, which raised {type(error).__name__}", is_cut=True
        )
    return made if isinstance(made, Description) else Description(made)


def is_own(value: Any) -> bool:
    """Return whether a function of this package describes a value, and none of the user's."""
    return _describe.dispatch(type(value)) in _OWN


def head_of(value: Any, most: int) -> data_frames.Head | None:
    """Return the first rows of a table, at most so many; None if a value is no table.

    Raises:
        Exception: whatever the library raises.
    """
    make = _HEADS.get(_of_library(value))
    return make(value, most) if make is not None else None


def is_picture(value: Any) -> bool:
    """Return whether a value is a figure or an image of a library."""
    return _of_library(value) in (pictures.figure, pictures.pil_image)


def container_as_json(value: Any, limit: int) -> Description:
    """Describe a container, or a value with fields, as JSON of at most `limit` characters."""
    return describe_container(value, _leaf, limit)


def _of_library(value: Any) -> Callable[[Any], Description] | None:
    for kind in type(value).__mro__:
        library = kind.__module__.split(".")[0]
        if library in _OWN_REPR:
            return _any
        if found := _BY_CLASS.get((library, kind.__name__)):
            return found
    return None


def _leaf(value: Any) -> str | None:
    """Return the JSON of a value of another library within a container, or None."""
    if getattr(value, "shape", None) == () and callable(getattr(value, "item", None)):
        item = value.item()
        text = plain_text(item, 100) if not isinstance(item, bool) else str(item).lower()
        return text if isinstance(item, int | float) or text is None else json.dumps(text)
    found = _of_library(value)
    if found is None:
        return None
    if found is arrays.numpy_array and value.size <= _MOST_IN_CONTAINER and value.dtype.kind in "biu":
        return str(value.tolist())
    is_picture = found in (pictures.figure, pictures.pil_image)
    return json.dumps(f"<{type(value).__name__ if is_picture else found(value).kind}>", ensure_ascii=False)


describe = Describe()
