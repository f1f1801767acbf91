"""The notebooks of the course as pages: copies in `docs/course`, where Sphinx reads them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config

_NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
_PLACE = "course"
_FILES = ("index.ipynb", "[0-9][0-9]_*.ipynb", "instruments.ipynb", "pictures/*.png", "zh/*.ipynb", "zh/pictures/*.png")


def setup(app: Sphinx) -> None:
    """Copy the notebooks before Sphinx looks for pages."""
    app.connect("config-inited", _copy)


def _copy(app: Sphinx, _config: Config) -> None:
    place = Path(app.srcdir) / _PLACE
    wanted = {path.relative_to(_NOTEBOOKS) for pattern in _FILES for path in _NOTEBOOKS.glob(pattern)}
    for old in place.rglob("*.*"):
        if old.relative_to(place) not in wanted:
            old.unlink()
    for name in wanted:
        copy = place / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if not copy.is_file() or copy.read_bytes() != (_NOTEBOOKS / name).read_bytes():
            shutil.copyfile(_NOTEBOOKS / name, copy)
