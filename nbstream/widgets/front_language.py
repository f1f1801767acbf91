"""The language of a front end whose page has told nothing yet.

JupyterLab keeps it in a file of its settings; a terminal has it in the environment. Nothing else is
guessed.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from nbstream.widgets import front_ends

#: Set for the kernel of a notebook that a Jupyter server started.
_OF_SERVER = "JPY_SESSION_NAME"
#: Where JupyterLab keeps its users' settings, if not beside Jupyter's configuration.
_FOLDER_VARIABLE = "JUPYTERLAB_SETTINGS_DIR"
_FILE = Path("@jupyterlab", "translation-extension", "plugin.jupyterlab-settings")
#: The file is JSON with comments. A line that is a comment is none of the setting.
_LOCALE = re.compile(r'^[^/\n]*"locale"\s*:\s*"([\w-]+)"', re.MULTILINE)
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
    from jupyter_core.paths import jupyter_config_dir  # noqa: PLC0415  (at its first use)

    folder = os.environ.get(_FOLDER_VARIABLE) or Path(jupyter_config_dir(), "lab", "user-settings")
    with suppress(OSError, ValueError):
        if found := _LOCALE.search((Path(folder) / _FILE).read_text("utf-8")):
            return found[1]
    return ""
