"""Imports follow the rules of ARCHITECTURE.md.

The rules: a package imports only the packages below it, each third-party library is imported in one
place, there are no circular imports, and loading the extension imports no heavy library.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "nbstream"
MODULES = sorted(PACKAGE.rglob("*.py"))

#: The packages that each package may import besides itself.
ALLOWED = {
    "model": {"language"},
    "sessions": set(),
    "language": {"sessions"},
    "wire": {"language", "model"},
    "billing": {"language", "sessions", "model"},
    "markdown": {"language", "model"},
    "prompt": {"language", "model"},
    "snippets": {"language", "model"},
    "loops": {"sessions"},
    "schemas": {"language", "sessions", "model"},
    "tools": {"language", "schemas", "prompt", "loops", "model"},
    "client": {"language", "tools", "schemas", "prompt", "billing", "wire", "loops", "sessions", "recordings", "model"},
    "exchange": {"language", "client", "tools", "schemas", "prompt", "sessions", "model"},
    "batch": {"language", "exchange", "client", "schemas", "prompt", "sessions", "model"},
    "chat": {"language", "exchange", "client", "tools", "schemas", "prompt", "sessions", "model"},
    "comparison": {"language", "chat", "exchange", "client", "tools", "model"},
    "output": {
        "language",
        *("comparison", "batch", "chat", "exchange", "client", "tools", "schemas"),
        *("prompt", "snippets", "billing", "markdown", "model"),
    },
    "widgets": {
        "language",
        "output",
        "comparison",
        "batch",
        "chat",
        "exchange",
        "client",
        "tools",
        "markdown",
        "sessions",
        "model",
    },
    "jupyter": {
        "language",
        *("widgets", "output", "comparison", "batch", "chat", "exchange", "client", "tools", "schemas"),
        *("prompt", "snippets", "markdown", "sessions", "model"),
    },
    "simulator": {"language", "recordings", "model"},
    "lesson": {
        *("language", "widgets", "chat", "prompt", "output", "simulator", "client", "tools", "schemas"),
        *("billing", "model"),
    },
    "shell": {"language", "lesson", "output", "client", "billing", "model"},
    "recordings": {"language"},
}
#: The files or folders that may import each third-party library.
IMPORTED_IN = {
    "babel": ["language/catalogue.py"],
    "openai": ["client/connections.py"],
    "markdown_it": ["markdown/"],
    "mdit_py_plugins": ["markdown/syntax.py"],
    "pygments": ["markdown/highlight.py"],
    "latex2mathml": ["markdown/math/tree.py"],
    "rich": ["output/terminal/rows.py"],
    "anywidget": ["widgets/page_widget.py"],
    "ipywidgets": ["widgets/page_widget.py", "widgets/output_widgets.py", "widgets/restoring.py"],
    "traitlets": ["client/settings.py", "widgets/"],
    "IPython": ["__init__.py", "jupyter/", "lesson/showing.py", "tools/", "widgets/"],
    "pydantic": ["schemas/python_types.py"],
    "pydantic_core": ["schemas/"],
    "typing_extensions": ["schemas/"],
    "pandas": ["schemas/data_frames.py", "batch/data_frame.py"],
    "mcp": ["tools/mcp_servers.py"],
    "jupyter_core": [
        "widgets/front_language.py",
        "billing/user_prices.py",
        "jupyter/journal.py",
        "client/policy/places.py",
    ],
    "genai_prices": ["billing/genai_data.py"],
    "keyring": ["client/keys.py"],
    "google": ["client/keys.py"],
    "platformdirs": ["billing/ledger/place.py"],
    "psutil": ["billing/ledger/place.py", "sessions/processes.py", "widgets/front_ends.py"],
    "marimo": ["jupyter/marimo_notebook.py"],
    "nbclient": ["demo.py", "lesson/marking.py"],
    "nbformat": ["demo.py", "lesson/marking.py"],
}

#: The packages and modules that are imported at their first use, and not by `%load_ext`; and the
#: light ones among them that `%load_ext` imports.
LATER = (
    *(
        "batch.",
        "billing.ledger.",
        "chat.",
        "comparison.",
        "lesson.",
        "markdown.",
        "prompt.",
        "schemas.",
        "snippets.",
        "tools.",
    ),
    *("jupyter.commands.", "jupyter.completion.", "output.conversation", "output.settled", "widgets.live_view"),
    *(
        "model.messages_body",
        "output.card_lines",
        "output.usage_pictures.",
        "widgets.usage.",
        "wire.anthropic_messages",
    ),
)
AT_ONCE = {
    *("chat.front_end", "chat.names", "prompt.session"),
    *("jupyter.commands.command", "jupyter.commands.explanations"),
    *("jupyter.completion.matcher", "jupyter.completion.words"),
}


def imports(module: Path) -> set[str]:
    """Return the dotted names that `module` imports, type imports included."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import"
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_allowed_packages(module: Path) -> None:
    place = module.relative_to(PACKAGE).as_posix()
    folder = place.split("/")[0]
    for name in imports(module):
        top, *rest = name.split(".")
        if top == "nbstream" and rest and folder in ALLOWED:
            assert rest[0] in {folder, *ALLOWED[folder]}, f"{place} imports {name}"
        elif top != "nbstream" and top not in sys.stdlib_module_names:
            assert any(place.startswith(there) for there in IMPORTED_IN.get(top, [])), f"{place} imports {name}"


def test_the_table_of_architecture_md_says_the_same() -> None:
    text = (PACKAGE.parent / "ARCHITECTURE.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)/` \|.*\| ([^|]+) \|$", text, re.MULTILINE)
    assert {name: set(re.findall(r"\w+", allowed)) for name, allowed in rows} == ALLOWED


def test_there_are_no_circular_imports() -> None:
    names = {".".join(("nbstream", *path.relative_to(PACKAGE).with_suffix("").parts)): path for path in MODULES}
    names = {name.removesuffix(".__init__"): path for name, path in names.items()}
    graph = {
        name: {each if each in names else each.rpartition(".")[0] for each in imports(path)} & names.keys() - {name}
        for name, path in names.items()
    }
    # The package's own `__init__` re-exports names of all modules. No module imports it.
    del graph["nbstream"]
    # It raises `CycleError` for a circle.
    assert graph.keys() <= set(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_module_has_a_docstring(module: Path) -> None:
    assert ast.get_docstring(ast.parse(module.read_text("utf-8")))


def loaded_with_extension() -> set[str]:
    """Return the modules of a new process after `%load_ext nbstream`."""
    code = (
        "import sys, nbstream; from IPython.core.interactiveshell import InteractiveShell as S;"
        "shell = S.instance(); shell.run_line_magic('load_ext', 'nbstream');"
        "assert 'deepseek' in shell.magics_manager.magics['cell'];"
        "print(*sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(result.stdout.split())


def test_loading_the_extension_imports_no_heavy_library() -> None:
    assert (
        not {"babel", "openai", "pydantic", "markdown_it", "anywidget", "ipywidgets", "keyring"}
        & loaded_with_extension()
    )


def test_loading_the_extension_imports_only_what_a_plain_cell_uses() -> None:
    # Chats, tools, schemas, programs, files, values, each command and completion wait for their
    # first use.
    loaded = {name.removeprefix("nbstream.") for name in loaded_with_extension() if name.startswith("nbstream.")}
    assert not {name for name in loaded if name.startswith(LATER)} - AT_ONCE
