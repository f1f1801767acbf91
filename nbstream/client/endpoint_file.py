"""Endpoints in files named `nbstream.toml`, in Jupyter's folders for configuration.

    [endpoints.gpu]
    base_url = "http://gpu-box:8000/v1"
    key_variable = "GPU_BOX_KEY"
    thinking_field = "chat_template_kwargs"

The user's own folder is `~/.jupyter`, or JUPYTER_CONFIG_DIR. The others, such as `/etc/jupyter`,
are for whoever runs a hub; `jupyter --paths` lists them, and the first ones go before the others. A
file in the folder of a notebook is not read: whoever wrote the notebook could send a key elsewhere
with it.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbstream.client.endpoint_facts import EntryError, check_entry, presets
from nbstream.client.known_endpoints import check_name
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "nbstream.toml"
_TABLE = "endpoints"
#: The files as they were read last, by path: their time and size, and their entries.
_last: dict[Path, tuple[tuple[int, int], Mapping[str, Any]]] = {}


def path() -> Path:
    """Return where the user's own file is, or would be."""
    from jupyter_core.paths import jupyter_config_dir  # noqa: PLC0415  (not before the first request)

    return Path(jupyter_config_dir()) / NAME


def entries() -> Mapping[Path, Mapping[str, Mapping[str, Any]]]:
    """Return the endpoints of each file that is there; a later one goes before an earlier one.

    A change of a file is read by the next request.

    Raises:
        RequestError: if a file cannot be read or is not valid; names the file and the line.
    """
    found: dict[Path, Mapping[str, Any]] = {}
    names = set(presets())
    for place in reversed(_paths()):
        if of_file := _entries_of(place):
            for name, entry in of_file.items():
                if name not in names and "base_url" not in entry:
                    line = _line_of(place.read_text("utf-8"), name, "")
                    raise RequestError(f"{place}, line {line}: {name}: it has no base_url.")
            names.update(of_file)
            found[place] = of_file
    return found


def _paths() -> list[Path]:
    from jupyter_core.paths import jupyter_config_path  # noqa: PLC0415  (not before the first request)

    return [Path(folder) / NAME for folder in jupyter_config_path()]


def _entries_of(place: Path) -> Mapping[str, Any]:
    try:
        state = place.stat()
        stamp = state.st_mtime_ns, state.st_size
        if place not in _last or _last[place][0] != stamp:
            _last[place] = stamp, _read(place)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise RequestError(f"{place} cannot be read: {error.strerror}.") from None
    return _last[place][1]


def _read(place: Path) -> dict[str, Any]:
    try:
        text = place.read_text("utf-8")
        document = tomllib.loads(text)
    except UnicodeDecodeError:
        raise RequestError(f"{place} is not UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at (?:line (\d+), column \d+|end of document)\)", str(error))
        line = int(found[1]) if found and found[1] else text.count("\n") + 1
        reason = str(error)[: found.start()].strip() if found else str(error)
        raise RequestError(f"{place}, line {line}: {reason}.") from None
    for name in document:
        if name != _TABLE:
            line = _line_of(text, "", name)
            raise RequestError(
                f"{place}, line {line}: there is only the table {_TABLE}; {name} is none of it. Settings stand in "
                "ipython_config.py, as c.DeepSeekMagics."
            )
    table = document.get(_TABLE, {})
    if not isinstance(table, dict):
        raise RequestError(f"{place}, line {_line_of(text, '', _TABLE)}: {_TABLE} must be a table.")
    for name, entry in table.items():
        try:
            check_name(name)
            check_entry(entry)
        except EntryError as error:
            what = f"{name}.{error.field}" if error.field else name
            line = _line_of(text, name, error.field)
            raise RequestError(f"{place}, line {line}: {what}: {error.reason}.") from None
    return table


def _line_of(text: str, table: str, key: str) -> int:
    """Return the line, counted from 1, of a key in a table, as near as it can be found."""
    start = 0
    if table:
        header = rf"^\s*\[\s*{_TABLE}\s*\.\s*[\"']?{re.escape(table)}[\"']?\s*[.\]]|^\s*{re.escape(table)}\s*[=.]"
        found = re.search(header, text, re.MULTILINE)
        start = found.start() if found else 0
    if key:
        found = re.compile(rf"^\s*\[?\s*[\"']?{re.escape(key)}\b|\b{re.escape(key)}\s*=", re.MULTILINE).search(
            text, start
        )
        start = found.start() if found else start
    # A match may begin with empty lines.
    start += len(text[start:]) - len(text[start:].lstrip())
    return text.count("\n", 0, start) + 1
