"""Leaves the icons out of the theme's script that no page shows. Each page loads all 2000."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_SCRIPT = "_static/scripts/fontawesome.js"
#: An icon in Font Awesome's script: its name, its size, its other names, its code and its shape.
_ICON = re.compile(
    r"""(?: "(?P<quoted>[\w-]+)" | \b(?P<plain>\w+) ) :\[ \d+,\d+, \[(?P<others>[^]]*)\],
    "[0-9a-f]+", (?: "[^"]*" | \[[^]]*\] ) \],?""",
    re.VERBOSE,
)
_SHOWN = re.compile(r"\bfa-([\w-]+)")


def setup(app: Sphinx) -> None:
    """Shorten the script when all pages are written."""
    app.connect("build-finished", _shorten)


def _shorten(app: Sphinx, _error: Exception | None) -> None:
    script = Path(app.outdir) / _SCRIPT
    if not script.is_file():
        return
    # The theme's own script draws some, too.
    sources = [*Path(app.outdir).rglob("*.html"), script.with_name("pydata-sphinx-theme.js")]
    shown = {name for each in sources for name in _SHOWN.findall(each.read_text("utf-8"))}

    def kept(icon: re.Match[str]) -> str:
        names = {icon["quoted"] or icon["plain"], *re.findall(r'"([\w-]+)"', icon["others"])}
        return icon[0] if names & shown else ""

    script.write_text(_ICON.sub(kept, script.read_text("utf-8")), "utf-8")
