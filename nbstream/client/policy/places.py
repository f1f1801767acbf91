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
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = "nbstream.toml"
#: Set by Jupyter's server for the kernel of a notebook: the path of the notebook.
_NOTEBOOK_VARIABLE = "JPY_SESSION_NAME"
#: The variables on which Jupyter's folders depend.
_OF_JUPYTER = (
    *("HOME", "APPDATA", "XDG_CONFIG_HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_CONFIG_PATH", "JUPYTER_NO_CONFIG"),
    *("JUPYTER_PREFER_ENV_PATH", "JUPYTER_PLATFORM_DIRS"),
)
#: Each setting that is read asks for the places.
_REMEMBERED = 16


class Place(NamedTuple):
    """Where a file may be.

    Attributes:
        path: the path of the file.
        is_nearby: whether it is found from the folder of the notebook.
    """

    path: Path
    is_nearby: bool


def _not_known() -> str:
    return ""


#: Returns the path of the notebook on any thread, "" if it is not known. `import nbstream` sets it.
notebook: Callable[[], str] = _not_known


def users_own() -> Path:
    """Return where the user's own file is, or would be."""
    from jupyter_core.paths import jupyter_config_dir  # noqa: PLC0415  (not before the first request)

    return Path(jupyter_config_dir()) / NAME


def configured() -> list[Path]:
    """Return where the files of the user, the environment and the machine may be."""
    return [place.path for place in places() if not place.is_nearby]


def places() -> tuple[Place, ...]:
    """Return all places, the nearest one first."""
    from jupyter_core import paths  # noqa: PLC0415  (not before the first request)

    variables = tuple(map(os.environ.get, _OF_JUPYTER))
    system = (*paths.ENV_CONFIG_PATH, *paths.SYSTEM_CONFIG_PATH)
    return _places(notebook() or os.environ.get(_NOTEBOOK_VARIABLE, ""), _working_folder(), variables, system)


def _working_folder() -> str:
    try:
        return os.getcwd()  # noqa: PTH109  (a path object for each setting that is read takes longer)
    except OSError:
        # It has been deleted.
        return ""


@lru_cache(_REMEMBERED)
def _places(of: str, working: str, _variables: tuple[str | None, ...], system: tuple[str, ...]) -> tuple[Place, ...]:
    """Return all places; every setting is asked for them.

    Args:
        of: the path of the notebook; "" if it is not known.
        working: the working directory; "" if there is none.
        _variables: the values of the variables on which Jupyter's folders depend.
        system: the folders of the environment and of the machine.
    """
    from jupyter_core.paths import jupyter_config_path  # noqa: PLC0415  (as above)

    # With JUPYTER_NO_CONFIG, Jupyter reads the first folder only; forced rules hold all the same.
    configuration = [Path(folder) / NAME for folder in dict.fromkeys(map(str, [*jupyter_config_path(), *system]))]
    known = set(configuration)
    nearby = (folder / NAME for folder in _folders(Path(of), working))
    return (
        *(Place(path, is_nearby=True) for path in nearby if path not in known),
        *(Place(path, is_nearby=False) for path in configuration),
    )


def _folders(of: Path, working: str) -> list[Path]:
    """Return the folder of the notebook, and those above it."""
    # Some servers give the path below their own root, which is not known here.
    if of.is_absolute() and of.parent.is_dir():
        return [*of.parents]
    return [Path(working), *Path(working).parents] if working else []
