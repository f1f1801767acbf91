"""The style of a notebook's outputs, taken from JupyterLab's own style sheets.

nbconvert brings them. Only the rules for text are taken, and of the variables those that they and
the page's code use.
"""

from __future__ import annotations

import re
from pathlib import Path

import tinycss2
from jupyter_core.paths import jupyter_path
from jupyterlab_pygments import JupyterStyle  # type: ignore[import-untyped]
from pygments.formatters import HtmlFormatter

_OURS = Path(__file__).parents[2] / "js/src"
_TEXT = "jp-RenderedHTMLCommon"
#: Classes that a selector may have besides, as the page's code sets them, too.
_OTHERS = {"jp-RenderedMarkdown", "list-inline"}
_VARIABLE = re.compile(r"--jp-[\w-]+")
#: The elements with the values of the light theme, and of the dark one.
_LIGHT, _DARK = ".nbstream-player", 'html[data-theme="dark"] .nbstream-player'


def rules() -> str:
    """Return JupyterLab's rules for text and for code in colours."""
    found = []
    for rule in tinycss2.parse_stylesheet(_sheet("index"), skip_comments=True, skip_whitespace=True):
        if rule.type == "qualified-rule":
            selectors = [each.strip() for each in tinycss2.serialize(rule.prelude).split(",")]
            if kept := [each for each in selectors if _is_for_text(each)]:
                found.append(f"{', '.join(kept)} {{{tinycss2.serialize(rule.content)}}}")
    colours = HtmlFormatter(style=JupyterStyle).get_style_defs(".highlight")  # type: ignore[no-untyped-call]
    return "\n".join([*found, colours]) + "\n"


def variables() -> str:
    """Return the variables of JupyterLab's light and dark theme, as far as they are used."""
    used = set(_VARIABLE.findall(rules()))
    for sheet in sorted(_OURS.rglob("*.css")):
        used.update(_VARIABLE.findall(sheet.read_text("utf-8")))
    light, dark = _values("theme-light"), _values("theme-dark")
    # A variable may be made of others.
    while more := {name for each in used for name in _VARIABLE.findall(light.get(each, ""))} - used:
        used |= more
    shown = {name: light[name] for name in sorted(used) if name in light}
    changed = {name: dark[name] for name in shown if dark.get(name, shown[name]) != shown[name]}
    return _block(_LIGHT, shown) + _block(_DARK, changed)


def _is_for_text(selector: str) -> bool:
    classes = set(re.findall(r"\.([\w-]+)", selector))
    return _TEXT in classes and classes - {_TEXT} <= _OTHERS


def _values(sheet: str) -> dict[str, str]:
    found = {}
    for rule in tinycss2.parse_stylesheet(_sheet(sheet), skip_comments=True, skip_whitespace=True):
        if rule.type == "qualified-rule" and tinycss2.serialize(rule.prelude).strip() == ":root":
            for each in tinycss2.parse_declaration_list(rule.content, skip_comments=True, skip_whitespace=True):
                if each.type == "declaration":
                    found[each.name] = tinycss2.serialize(each.value).strip()
    return found


def _block(selector: str, values: dict[str, str]) -> str:
    return selector + " {\n" + "".join(f"  {name}: {value};\n" for name, value in values.items()) + "}\n"


def _sheet(name: str) -> str:
    for folder in jupyter_path("nbconvert", "templates", "lab", "static"):
        path = Path(folder) / f"{name}.css"
        if path.is_file():
            return path.read_text("utf-8")
    raise FileNotFoundError(f"nbconvert has no style sheet {name}.css")
