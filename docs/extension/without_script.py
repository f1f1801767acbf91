"""Light and dark for readers without script: the theme chooses between both by a script only."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import tinycss2

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx

_FILE = "_static/without_script.css"
#: The style sheets with rules for each of both.
_SHEETS = ("styles/pydata-sphinx-theme.css", "pygments.css", "variables.css", "site.css")
#: What the theme calls the page of a reader that has not chosen, which is that without script.
_UNKNOWN = '[data-theme="auto"]'


def setup(app: Sphinx) -> None:
    """Add a style sheet that only browsers without script load."""
    app.connect("html-page-context", _add_link)
    app.connect("build-finished", _write)


def _add_link(_app: Sphinx, _page: str, _template: str, context: dict[str, Any], _tree: nodes.document | None) -> None:
    link = f'<noscript><link rel="stylesheet" href="{context["pathto"](_FILE, resource=True)}"></noscript>'
    context["metatags"] = context.get("metatags", "") + link


def _write(app: Sphinx, _error: Exception | None) -> None:
    static = Path(app.outdir) / "_static"
    if not static.is_dir():
        return
    light: list[str] = []
    dark: list[str] = []
    for sheet in _SHEETS:
        rules = tinycss2.parse_stylesheet((static / sheet).read_text("utf-8"), skip_comments=True)
        for rule in rules:
            if rule.type != "qualified-rule":
                continue
            selector = tinycss2.serialize(rule.prelude)
            content = tinycss2.serialize(rule.content)
            for theme, found in (("light", light), ("dark", dark)):
                for named in (f"[data-theme={theme}]", f'[data-theme="{theme}"]'):
                    if named in selector:
                        found.append(f"{selector.replace(named, _UNKNOWN)}{{{content}}}")
    dark_only = "\n".join(["@media (prefers-color-scheme: dark) {", *dark, "}"])
    (app.outdir / _FILE).write_text("\n".join([*light, dark_only]) + "\n", "utf-8")
