"""The language of a front end whose page has told nothing yet.

JupyterLab and Notebook 7 keep it in the settings of the user, or else in those that an
administrator has given to all; without any they have that of the system, if its language pack is
installed. A terminal has it in the environment. Nothing else is guessed.
"""

from __future__ import annotations

import json
import locale
import os
import re
from contextlib import suppress
from importlib.metadata import entry_points
from pathlib import Path

from nbstream.language import catalogues
from nbstream.widgets import front_ends

#: Set for the kernel of a notebook that a Jupyter server started.
_OF_SERVER = "JPY_SESSION_NAME"
#: Where JupyterLab keeps its users' settings, if not beside Jupyter's configuration.
_FOLDER_VARIABLE = "JUPYTERLAB_SETTINGS_DIR"
_FILE = Path("@jupyterlab", "translation-extension", "plugin.jupyterlab-settings")
#: The same setting in a file for all users.
_PLUGIN = "@jupyterlab/translation-extension:plugin"
#: The file is JSON with comments. A line that is a comment is none of the setting.
_LOCALE = re.compile(r'^[^/\n]*"locale"\s*:\s*"([\w-]+)"', re.MULTILINE)
#: The value that leaves it to the system.
_OF_SYSTEM = "default"
#: The language packs of JupyterLab name themselves here.
_PACKS = "jupyterlab.languagepack"
#: Those that count for messages, the strongest first: POSIX, chapter 8.2.
_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")


def language() -> str:
    """Return the language of the current front end, such as `zh_CN`; "" if it is not known."""
    front_end = front_ends.current()
    if front_end is front_ends.TERMINAL:
        return next(filter(None, map(os.environ.get, _VARIABLES)), None) or ""
    # The output of a cell may be captured where a page shows it.
    is_of_server = front_end is front_ends.NOBODY and _OF_SERVER in os.environ
    is_jupyterlab = is_of_server or front_end in (front_ends.JUPYTER, front_ends.SERVER_DOCUMENTS)
    return _of_jupyterlab() if is_jupyterlab else ""


def _of_jupyterlab() -> str:
    found = _of_user() or _of_administrator() or _OF_SYSTEM
    return _of_system() if found == _OF_SYSTEM else found


def _of_user() -> str:
    from jupyter_core.paths import jupyter_config_dir  # noqa: PLC0415  (at its first use)

    folder = os.environ.get(_FOLDER_VARIABLE) or Path(jupyter_config_dir(), "lab", "user-settings")
    with suppress(OSError, ValueError):
        if found := _LOCALE.search((Path(folder) / _FILE).read_text("utf-8")):
            return found[1]
    return ""


def _of_administrator() -> str:
    from jupyter_core.paths import jupyter_config_path, jupyter_path  # noqa: PLC0415  (as above)

    # The strongest first, as jupyterlab_server 2.28 reads them.
    files = [Path(folder, "labconfig", "default_setting_overrides.json") for folder in jupyter_config_path()]
    files += [Path(folder, "overrides.json") for folder in jupyter_path("lab", "settings")]
    for file in files:
        with suppress(OSError, ValueError, AttributeError):
            if isinstance(found := json.loads(file.read_text("utf-8")).get(_PLUGIN, {}).get("locale"), str):
                return found
    return ""


def _of_system() -> str:
    found = locale.getlocale()[0] or ""
    # Looking for packs takes as long as everything else here: not where they make no difference.
    if catalogues.code_of(found) in ("", catalogues.ENGLISH):
        return ""
    return found if found in entry_points(group=_PACKS).names else ""
