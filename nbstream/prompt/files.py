"""Files as text or as images, read only as far as they are shown."""

from __future__ import annotations

import codecs
import json
import os
import stat
from pathlib import Path, PurePath
from typing import Any

from nbstream.language import _
from nbstream.model.exceptions import RequestError
from nbstream.model.printable import one_line, storable
from nbstream.prompt import pictures
from nbstream.prompt.description import LIMIT, Description, bounded, counted

#: A larger file is not read to its end to count its lines or characters.
_MOST_BYTES = 64 * 1024 * 1024
#: At most four bytes for each character in UTF-8, UTF-16 and UTF-32.
_HEAD_BYTES = 8 * LIMIT
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BY_LINES = (".csv", ".tsv", ".jsonl", ".ndjson", ".log")
_SIZES = ("bytes", "KiB", "MiB", "GiB", "TiB")
#: Files that hold keys, whatever is in them.
_SECRET_FILES = (".env", ".netrc", ".pgpass", ".pypirc", ".npmrc", "id_rsa", "id_ed25519", "id_ecdsa", "id_dsa")
_SECRET_ENDINGS = (".pem", ".key", ".p12", ".pfx", ".kdbx")


def file_name(path: str | os.PathLike[str]) -> str:
    """Return a file's name for a label: without the folders of this machine, in one line."""
    given = PurePath(os.fspath(path))
    name = given.name if given.is_absolute() or given.parts[:1] in (("..",), ("~",)) else str(given)
    return one_line(storable(name)) or "file"


def read_file(path: str | os.PathLike[str]) -> Description:
    """Return the description of a file: an image, a notebook's sources, or text.

    Raises:
        RequestError: if it cannot be read, is binary, too large an image, or named like a secret.
    """
    place = f"`files=` {file_name(path)}"
    where = Path(os.fspath(path)).expanduser()
    name = where.name.lower()
    if name in _SECRET_FILES or name.startswith(".env.") or name.endswith(_SECRET_ENDINGS):
        raise RequestError(_("{place}: such files hold keys, so nothing was sent.", place=place))
    try:
        size = _size_of(where, place)
        with where.open("rb") as file:
            data = file.read(_HEAD_BYTES)
            is_image = bool(pictures.media_type(data))
            if (is_image and size <= pictures.MOST_BYTES) or (not is_image and size <= _MOST_BYTES):
                data += file.read(_MOST_BYTES)
    except FileNotFoundError:
        raise RequestError(
            _("{place}: there is no such file in {folder}, so nothing was sent.", place=place, folder=_folder(where))
        ) from None
    except RequestError:
        raise
    except (OSError, ValueError) as error:
        # A path with a null character is a ValueError.
        reason = getattr(error, "strerror", None) or str(error)
        raise RequestError(
            _("{place} cannot be read: {reason}. Nothing was sent.", place=place, reason=one_line(reason))
        ) from None
    if is_image and size > pictures.MOST_BYTES:
        raise RequestError(
            _("{place} has {size}: an image may have at most 32 MiB. Nothing was sent.", place=place, size=_size(size))
        )
    if is_image:
        return pictures.image_bytes(data)
    is_whole = len(data) >= size
    text = _decoded(data, place, is_whole=is_whole)
    if where.suffix.lower() == ".ipynb" and is_whole and (notebook := _notebook(text)):
        return notebook
    return _text(text, where.suffix.lower(), size, is_whole=is_whole)


def _size_of(path: Path, place: str) -> int:
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise RequestError(_("{place} is a folder: give its files one by one. Nothing was sent.", place=place))
    if not stat.S_ISREG(status.st_mode):
        raise RequestError(_("{place} is no regular file, so nothing was sent.", place=place))
    return status.st_size


def _decoded(data: bytes, place: str, *, is_whole: bool) -> str:
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    if encoding == "utf-8" and b"\0" in data:
        raise RequestError(
            _(
                "{place} is neither text nor an image that models take (PNG, JPEG, GIF, WebP), so nothing was sent.",
                place=place,
            )
        )
    try:
        # The head of a larger file may end within a character.
        return codecs.getincrementaldecoder(encoding)().decode(data, final=is_whole)
    except UnicodeDecodeError:
        raise RequestError(
            _(
                "{place} is not text in UTF-8, so nothing was sent. If it is text in another encoding, read it in "
                "Python and give its text.",
                place=place,
            )
        ) from None


def _text(text: str, suffix: str, size: int, *, is_whole: bool) -> Description:
    lines = text.count("\n") + (not text.endswith("\n") and bool(text))
    kind = "file"
    if is_whole and len(text) <= LIMIT:
        return Description(text, kind, counted(lines, "line"), language=suffix.removeprefix("."))
    of = counted(len(text), "character") if is_whole else _size(size)
    head = text[:LIMIT]
    if suffix in _BY_LINES and "\n" in head:
        head = head[: head.rindex("\n") + 1]
        whole = counted(lines, "line") if is_whole else _size(size)
        shown = f"first {counted(head.count(chr(10)), 'line')} of {whole}"
    else:
        shown = f"first {len(head):,} of {of}" if is_whole else f"first {counted(len(head), 'character')} of {of}"
    return Description(head, kind, shown, is_cut=True, language=suffix.removeprefix("."))


def _notebook(text: str) -> Description | None:
    """Return the sources of a notebook's cells; None if it is none."""
    try:
        cells: list[dict[str, Any]] = json.loads(text)["cells"]
        sources = [(str(each["cell_type"]), "".join(each["source"])) for each in cells]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    parts = [f"[cell {number}, {kind}]\n{source}" for number, (kind, source) in enumerate(sources, 1)]
    kind, shown = "notebook", f"{counted(len(parts), 'cell')} without outputs"
    return bounded(Description("\n\n".join(parts), kind, shown, language="text"))


def _folder(path: Path) -> str:
    return "this folder" if not path.is_absolute() and len(path.parts) == 1 else "its folder"


def _size(size: float) -> str:
    unit = 0
    while size >= 1024 and unit < len(_SIZES) - 1:  # noqa: PLR2004  (a KiB)
        size /= 1024
        unit += 1
    return f"{size:,.1f} {_SIZES[unit]}" if unit else f"{size:,.0f} bytes"
