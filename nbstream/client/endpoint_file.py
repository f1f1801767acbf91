"""Endpoints in files named `nbstream.toml`, in Jupyter's folders for configuration.

    [endpoints.gpu]
    base_url = "http://gpu-box:8000/v1"
    key_variable = "GPU_BOX_KEY"
    thinking_field = "chat_template_kwargs"

The user's own folder is `~/.jupyter`, or JUPYTER_CONFIG_DIR. The others, such as `/etc/jupyter`,
are for whoever runs a hub; `jupyter --paths` lists them, and the first ones go before the others. A
file in the folder of a notebook has no endpoints: whoever wrote the notebook could send a key
elsewhere with them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbstream.client.endpoint_facts import EntryError, check_entry, presets
from nbstream.client.known_endpoints import check_name
from nbstream.client.policy import files, places
from nbstream.client.policy.files import UNREAD
from nbstream.language import _, joined
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from nbstream.client.policy.toml_file import TomlFile

_TABLE = "endpoints"
#: The files as they were checked last, by path.
_last: dict[Path, TomlFile] = {}


def path() -> Path:
    """Return where the user's own file is, or would be."""
    return places.users_own()


def entries() -> Mapping[Path, Mapping[str, Mapping[str, Any]]]:
    """Return the endpoints of each file that is there; a later one goes before an earlier one.

    A change of a file is read by the next request.

    Raises:
        RequestError: if a file cannot be read or is not valid; names the file and the line.
    """
    found: dict[Path, Mapping[str, Any]] = {}
    names = set(presets())
    for file, is_nearby in reversed(files.found()):
        # With endpoints, a file beside a notebook is refused as a whole.
        if not is_nearby and (of_file := _entries_of(file)):
            for name, entry in of_file.items():
                if name not in names and "base_url" not in entry:
                    raise _error(file, _("{name}: it has no base_url", name=name), name)
            names.update(of_file)
            found[file.path] = of_file
    return found


def _entries_of(file: TomlFile) -> Mapping[str, Any]:
    table: Any = file.document.get(_TABLE, {})
    if _last.get(file.path) is file:
        return dict(table)
    if not isinstance(table, dict):
        raise _error(file, _("{table} must be a table", table=_TABLE))
    for name, entry in table.items():
        try:
            check_name(name)
            check_entry(entry)
        except EntryError as error:
            what = f"{name}.{error.field}" if error.field else name
            raise _error(file, f"{what}: {error.reason}", name, *filter(None, (error.field,))) from None
    _last[file.path] = file
    return table


def _error(file: TomlFile, reason: str, *keys: str) -> RequestError:
    return RequestError(joined(str(file.error(reason, _TABLE, *keys)), _(UNREAD)))
