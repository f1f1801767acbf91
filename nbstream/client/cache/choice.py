"""Whether a request uses the cache, from its options and the settings; and where the cache is."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from nbstream.client import metering, settings
from nbstream.language import _
from nbstream.model.caching import Caching
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from nbstream.client.options import Options

#: The folder of the cache, beside the notebook. It is no hidden one, as it may be committed.
FOLDER = "nbstream_cache"
_SUFFIX = ".ipynb"
#: The variable in which a Jupyter server names the notebook of a kernel.
_NOTEBOOK = "JPY_SESSION_NAME"


def _working_directory() -> Path | None:
    try:
        return Path.cwd()
    except OSError:
        # It was deleted.
        return None


#: A cell may change it later.
_began_in = _working_directory()
#: When this process began, nearly, in seconds since the Unix epoch.
BEGAN = time.time()


def caching_of(options: Options) -> Caching | None:
    """Return what a request asks of the cache; None if it does not use it.

    Raises:
        RequestError: if an option is not valid, or needs the cache, which is off.
    """
    given, is_fresh = options.get("cache"), bool(options.get("fresh"))
    sample: object = options.get("sample")
    chosen: object = settings.current().cache if given is None else given
    if not isinstance(chosen, str | bool | os.PathLike):
        raise RequestError(_("`cache=` is a {kind}: it must be True, False, or a folder.", kind=type(chosen).__name__))
    if sample is not None and (isinstance(sample, bool) or not isinstance(sample, int) or sample < 1):
        raise RequestError(_("`sample=` is {sample!r}: it must be a whole number of at least 1.", sample=sample))
    if not chosen:
        for name, is_given in (("fresh", is_fresh), ("sample", sample is not None)):
            if is_given:
                raise RequestError(_("`{name}=` needs the cache, which is off: give `cache=` as well.", name=name))
        return None
    return Caching("" if chosen is True else os.fspath(chosen), sample or 1, is_fresh)


def problems() -> str:
    """Return a sentence about replies that could not be kept since the last call, or nothing."""
    # Where no request has used the cache, its module is not loaded.
    module = sys.modules.get("nbstream.client.cache.files")
    return str(module.problems()) if module is not None else ""


def folder_of(caching: Caching) -> Path:
    """Return the folder of the cache: the user's, or the one beside the notebook."""
    beside = beside_the_notebook()
    return beside / Path(caching.folder).expanduser() if caching.folder else beside / FOLDER


def beside_the_notebook() -> Path:
    """Return the notebook's folder; if that is not known, the one in which the kernel began."""
    for notebook in map(Path, (metering.origin_here().notebook, os.environ.get(_NOTEBOOK, ""))):
        # A program may be anywhere, as pytest's is.
        if notebook.suffix == _SUFFIX and notebook.is_absolute() and notebook.parent.is_dir():
            return notebook.parent
    return _began_in or Path()
