"""The value that a tool returns: the text that the model reads, and what the reader sees.

A value is described at once: it may change later.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import os
import re
import sys
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from nbstream.model.printable import storable
from nbstream.model.reply import Reply
from nbstream.model.tool_result import Shown
from nbstream.prompt.containers import ARRAYS, OBJECTS, has_fields
from nbstream.prompt.data_frames import WHOLE, cell_text
from nbstream.prompt.describe import container_as_json, head_of, is_own, is_picture, whole
from nbstream.prompt.description import Description, bounded, counted
from nbstream.prompt.redaction import Redaction
from nbstream.prompt.secrets import ENVIRONMENT, secret_in, secret_in_text, secrets_of
from nbstream.prompt.shortening import without_middle
from nbstream.tools.capture import shown_of
from nbstream.tools.exception_text import exception_text

if TYPE_CHECKING:
    from collections.abc import Iterable

#: The most characters that a model gets of one result.
MOST_CHARACTERS = 20_000
#: So many items of a generator are read: a generator may never end.
MOST_ITEMS = 1_000
#: A list, or a dict, of so few values may have tables and figures among them.
_MOST_PARTS = 10
_MOST_IMAGE_BYTES = 8 * 1024 * 1024
_MOST_COLUMNS = 50
_NUMERIC = re.compile(r"u?int|float|double|decimal", re.IGNORECASE)
_LAZY = (map, filter, zip, enumerate, reversed)
NOTHING = "The function returned None: it has no result."
_RICH = ("_repr_mimebundle_", "_repr_png_", "_repr_jpeg_", "_repr_markdown_", "_repr_latex_", "_repr_html_")


class Result(NamedTuple):
    """A described result.

    Attributes:
        content: the text for the model.
        left_out: how many characters of the result it leaves out.
        shown: what the reader sees besides.
    """

    content: str
    left_out: int = 0
    shown: tuple[Shown, ...] = ()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A result that another program has made, such as a server: texts and images.

    Attributes:
        text: the text for the model.
        shown: what the reader sees besides.
        is_error: whether the program reports an error.
    """

    text: str
    shown: tuple[Shown, ...] = ()
    is_error: bool = False


def is_lazy(value: Any) -> bool:
    """Return whether a value makes its items one by one, as a generator does."""
    return (
        isinstance(value, Generator)
        or type(value) in _LAZY
        or (isinstance(value, Iterator) and type(value).__module__ == itertools.__name__)
    )


def listed(values: Iterator[Any]) -> list[Any]:
    """Return the items of a generator, at most `MOST_ITEMS`; a text says if there may be more."""
    items = list(islice(values, MOST_ITEMS + 1))
    if len(items) > MOST_ITEMS:
        items[-1] = f"… only the first {MOST_ITEMS:,} items were read …"
        if isinstance(values, Generator):
            with contextlib.suppress(Exception):
                values.close()
    return items


def result_of(value: Any, secrets: Iterable[str] = ()) -> Result:
    """Describe what a tool returned.

    Args:
        value: the value.
        secrets: texts that must not be sent, besides those of the environment.
    """
    known = (*secrets, *secrets_of(os.environ))
    if isinstance(value, Prepared):
        return _safe(_text_result(value.text or NOTHING, value.shown), known)
    if found := _secret_in(value):
        name = "the environment" if found == ENVIRONMENT else f"`{storable(found)[:60]}`, which looks like a secret"
        return Result(f"The result is not shown to you: it has {name}. Return the other values only.")
    return _safe(_described(value), known)


def error_result(text: str, secrets: Iterable[str] = ()) -> Result:
    """Return the text of an error as a result."""
    return _safe(_text_result(text), (*secrets, *secrets_of(os.environ)))


def _secret_in(value: Any) -> str:
    return secret_in(value) if is_own(value) else ""


def _safe(result: Result, secrets: tuple[str, ...]) -> Result:
    """Return a result without secrets: known ones and those of a known shape."""
    redaction = Redaction(secrets)
    content = redaction.remove(result.content)
    if secret_in_text(content, secrets):
        return Result("The result is not shown to you: it has a part of an API key or of another secret.")
    shown = tuple(
        replace(
            each,
            text=redaction.remove(each.text),
            rows=tuple(tuple(map(redaction.remove, row)) for row in each.rows),
        )
        for each in result.shown
    )
    return Result(content, result.left_out, shown)


def _described(value: Any) -> Result:
    if value is None:
        return Result(NOTHING)
    if isinstance(value, bool):
        return Result("true" if value else "false")
    if isinstance(value, BaseException):
        return _text_result(exception_text(value))
    if not is_own(value):
        return _of_description(whole(value))
    if isinstance(value, str):
        return _text_result(str.__str__(value) or "The function returned an empty text.")
    if is_picture(value) or isinstance(value, Description | Reply):
        return _of_description(whole(value))
    if (parts := _parts_of(value)) is not None:
        return _joined(parts)
    if isinstance(value, (*OBJECTS, *ARRAYS)) or has_fields(value):
        return _of_description(container_as_json(value, MOST_CHARACTERS - 200))
    table = _table_of(value)
    result = _of_description(whole(value))
    if table is not None:
        return result._replace(shown=(table,))
    rich = _rich_of(value)
    return result if rich is None else result._replace(shown=(rich,))


def _of_description(description: Description) -> Result:
    if description.image:
        return _image_result(description)
    length = len(description.text)
    description = bounded(description, MOST_CHARACTERS - 500)
    text = storable(description.text)
    is_json = description.language == "json"
    # The name of a type alone says nothing that the value does not.
    head = description.kind if " " in description.kind and not is_json else ""
    note = f"[Not all of it: {description.shown}]" if description.is_cut else ""
    content = "\n".join(part for part in (head[:300], text, note[:200]) if part) or NOTHING
    shown = (Shown("json", text=text, note=description.shown, is_cut=description.is_cut),) if is_json else ()
    return Result(content, length - len(description.text), shown)


def _image_result(description: Description) -> Result:
    what = f"{description.kind}, {description.shown}" if description.shown else description.kind
    data = base64.b64encode(description.image).decode("ascii")
    if len(data) > _MOST_IMAGE_BYTES:
        return Result(f"An {what}: it is too large to be shown.")
    shown = Shown(
        "image",
        what=description.kind,
        note=description.shown,
        is_cut=description.is_cut,
        data=data,
        media_type=description.media_type,
    )
    return Result(f"[{what}: the user sees it, you do not.]", 0, (shown,))


def _text_result(text: str, shown: tuple[Shown, ...] = ()) -> Result:
    text = storable(text)
    if len(text) <= MOST_CHARACTERS:
        return Result(text, 0, shown)
    kept, left_out = without_middle(text, MOST_CHARACTERS - 200)
    # The note within the text gets the length of all of it.
    note = f"… {left_out:,} of {len(text):,} characters were left out …"
    return Result(kept.replace(f"… {left_out:,} characters left out …", note, 1), left_out, shown)


def _parts_of(value: Any) -> list[tuple[str, Any]] | None:
    """Return the values of a short list or dict by their names, if a table or a figure is one."""
    if isinstance(value, dict):
        parts = [(str(name)[:100], each) for name, each in islice(value.items(), _MOST_PARTS + 1)]
    elif isinstance(value, list | tuple) and not has_fields(value):
        parts = [(f"{number}", each) for number, each in enumerate(islice(value, _MOST_PARTS + 1), 1)]
    else:
        return None
    is_rich = any(is_picture(each) or _has_head(each) for _, each in parts)
    return parts if is_rich and len(parts) <= _MOST_PARTS else None


def _joined(parts: list[tuple[str, Any]]) -> Result:
    results = [(name, _described(each)) for name, each in parts]
    share = MOST_CHARACTERS // len(results) - 200
    contents: list[str] = []
    left_out = 0
    for name, result in results:
        kept, cut = without_middle(result.content, share)
        contents.append(f"{name}:\n{kept}")
        left_out += result.left_out + cut
    shown = tuple(each for _, result in results for each in result.shown)
    return Result("\n\n".join(contents), left_out, shown)


def _has_head(value: Any) -> bool:
    try:
        return head_of(value, 0) is not None
    except Exception:  # noqa: BLE001  (another library's code may raise anything)
        return False


def _table_of(value: Any) -> Shown | None:
    """Return the first rows of a table as the reader sees them; None if a value is no table."""
    try:
        head = head_of(value, WHOLE)
        if head is None:
            return None
        names, cells = head.names[:_MOST_COLUMNS], head.cells[:_MOST_COLUMNS]
        columns = [*head.index_cells, *cells]
        shown_rows = len(columns[0]) if columns else 0
        rows = tuple(tuple(storable(cell_text(column[at])) for column in columns) for at in range(shown_rows))
    except Exception:  # noqa: BLE001  (as above)
        return None
    numeric = [*(False for _ in head.index_names), *(bool(_NUMERIC.match(each)) for each in head.dtypes)]
    notes = [f"{shown_rows:,} of {counted(head.rows, 'row')}"] if shown_rows < head.rows else []
    notes += [f"{len(names):,} of {counted(head.columns, 'column')}"] if len(names) < head.columns else []
    return Shown(
        "table",
        what=f"{type(value).__module__.split('.')[0]} {type(value).__name__}, "
        f"{counted(head.rows, 'row')}, {counted(head.columns, 'column')}",
        note=", ".join(notes),
        is_cut=bool(notes),
        columns=tuple(map(storable, (*head.index_names, *names))),
        rows=rows,
        numeric=tuple(numeric[: len(columns)]),
    )


def _rich_of(value: Any) -> Shown | None:
    """Return how a notebook shows a value, if it has more than a text."""
    ipython: Any = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None or not any(hasattr(type(value), name) for name in _RICH):
        return None
    try:
        data, _ = shell.display_formatter.format(value)
    except Exception:  # noqa: BLE001  (as above)
        return None
    others = {kind: each for kind, each in data.items() if kind not in ("text/plain", "text/html")}
    shown = shown_of(others) if others else None
    if shown is None or (shown.kind == "text" and not shown.text) or len(shown.data) > _MOST_IMAGE_BYTES:
        return None
    return replace(shown, origin="returned")
