"""The house as ARCHITECTURE.md draws it: who imports whom, one door for each third party, and a light entrance."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "nbstream"
MODULES = sorted(PACKAGE.rglob("*.py"))

#: What each folder may import of the others.
ALLOWED = {
    "core": {"core"},
    "render": {"render", "core"},
    "client": {"client", "core"},
    "notebook": {"notebook", "client", "render", "core"},
    "simulator": {"simulator", "core"},
}
#: Where each third party may be imported.
DOORS = {
    "openai": ["client/source.py"],
    "markdown_it": ["render/markdown/"],
    "mdit_py_plugins": ["render/markdown/syntax.py"],
    "pygments": ["render/highlight.py"],
    "latex2mathml": ["render/math/tree.py"],
    "rich": ["render/text.py"],
    "anywidget": ["notebook/widget.py"],
    "ipywidgets": ["notebook/widget.py"],
    "traitlets": ["client/settings.py", "notebook/widget.py"],
    "IPython": ["__init__.py", "notebook/"],
    "jupyter_core": ["notebook/journal.py"],
    "psutil": ["notebook/journal.py"],
    "nbclient": ["demo.py"],
    "nbformat": ["demo.py"],
}


def imports(module: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import"
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_downward_and_through_their_doors(module: Path) -> None:
    place = module.relative_to(PACKAGE).as_posix()
    folder = place.split("/")[0]
    for name in imports(module):
        top, *rest = name.split(".")
        if top == "nbstream" and rest and folder in ALLOWED:
            assert rest[0] in ALLOWED[folder], f"{place} imports {name}"
        elif top != "nbstream" and top not in sys.stdlib_module_names:
            assert any(place.startswith(door) for door in DOORS.get(top, [])), f"{place} imports {name}"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_module_says_its_job(module: Path) -> None:
    assert ast.get_docstring(ast.parse(module.read_text("utf-8")))


def test_the_extension_loads_without_openai_and_markdown_it() -> None:
    code = (
        "import sys, nbstream; from IPython.core.interactiveshell import InteractiveShell as S;"
        "shell = S.instance(); shell.run_line_magic('load_ext', 'nbstream');"
        "assert 'deepseek' in shell.magics_manager.magics['cell'];"
        "print(sorted({'openai', 'markdown_it', 'anywidget', 'ipywidgets'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
