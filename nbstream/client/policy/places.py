"""Where files named `nbstream.toml` are looked for, the nearest one first.

1. The folder of the notebook, if it is known, else the working directory; then each folder above.
2. Jupyter's folders for configuration: the user's, such as `~/.jupyter`, and those that
   JUPYTER_CONFIG_PATH names.
3. Those of the Python environment and of the machine, such as `/etc/jupyter`. No variable of the
   environment takes one of these away.

A file of the first kind may have come with somebody's notebook, so it may not name servers or
prices: `Place.is_nearby`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = "nbstream.toml"
#: Set by Jupyter's server for the kernel of a notebook: the path of the notebook.
_NOTEBOOK_VARIABLE = "JPY_SESSION_NAME"


class Place(NamedTuple):
    """Where a file may be.

    Attributes:
        path: the path of the file.
        is_nearby: whether it is found from the folder of the notebook.
    """

    path: Path
    is_nearby: bool


def _of_variable() -> str:
    return os.environ.get(_NOTEBOOK_VARIABLE, "")


#: Returns the path of the notebook; "" if it is not known.
notebook: Callable[[], str] = _of_variable


def users_own() -> Path:
    """Return where the user's own file is, or would be."""
    from jupyter_core.paths import jupyter_config_dir  # noqa: PLC0415  (not before the first request)

    return Path(jupyter_config_dir()) / NAME


def configured() -> list[Path]:
    """Return where the files of the user, the environment and the machine may be."""
    from jupyter_core import paths  # noqa: PLC0415  (not before the first request)

    # With JUPYTER_NO_CONFIG, Jupyter reads the first folder only; forced rules hold all the same.
    folders = [*paths.jupyter_config_path(), *paths.ENV_CONFIG_PATH, *paths.SYSTEM_CONFIG_PATH]
    return [Path(folder) / NAME for folder in dict.fromkeys(map(str, folders))]


def places() -> list[Place]:
    """Return all places, the nearest one first."""
    configuration = configured()
    known = set(configuration)
    nearby = (folder / NAME for folder in _folders())
    return [
        *(Place(path, is_nearby=True) for path in nearby if path not in known),
        *(Place(path, is_nearby=False) for path in configuration),
    ]


def _folders() -> list[Path]:
    """Return the folder of the notebook, and those above it."""
    path = Path(notebook())
    try:
        # Some servers give the path below their own root, which is not known here.
        start = path.parent if path.is_absolute() and path.parent.is_dir() else Path.cwd()
    except OSError:
        # The working directory has been deleted.
        return []
    return [start, *start.parents]
