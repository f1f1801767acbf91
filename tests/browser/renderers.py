"""Takes pictures of settled replies in other programs: `python -m tests.browser.renderers`.

Each program renders the same notebook. Those that are missing on this machine are left out, and
named at the end. The rules of GitHub and of VS Code are rebuilt here, as neither can run here.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image
from playwright.sync_api import sync_playwright

from nbstream.model.presentation import Presentation
from nbstream.output.settled import bundle
from tests import kernels
from tests.browser.hosts import Bare, open_html
from tests.browser.lab import CHROMIUM_FLAGS, chromium
from tests.browser.states import SETTLED, reply_of
from tests.browser.test_export import REPLY
from tests.output.exchanges import WHOLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from nbstream.model.reply import Reply

PICTURES = kernels.ROOT / "docs" / "_static" / "settled"
_WIDTH, _HEIGHT = 820, 1400
_COLOURS = 96
_CELLS = {
    "%%deepseek\nHow much?": REPLY,
    "%%deepseek -m pro\nPlan a migration.": reply_of(SETTLED["failed"]),
    "%%deepseek -T look_up\nWhat is the weather?": WHOLE,
}
_PLAIN = "max-width:{}px;margin:16px auto;padding:0 16px"
_GITHUB = """
body { font: 14px/1.5 sans-serif; color: #1f2328 }
a { color: #0969da }
pre, code { background: #f6f8fa; font: 12px monospace }
pre { padding: 10px; overflow: auto }
table { border-collapse: collapse }
td, th { border: 1px solid #d1d9e0; padding: 4px 10px }
blockquote { border-left: 4px solid #d1d9e0; margin: 0; padding: 0 12px }
"""
_VSCODE = """
body { font: 13px/1.4 sans-serif; background: #1f1f1f; color: #ccc }
a { color: #4daafc }
code, pre { font: 12px monospace }
code { background: #3c3c3c; padding: 1px 3px }
table, tr, th, td { border: none; border-collapse: collapse; text-align: right }
th, td { padding: 4px 8px }
tr:nth-child(even) { background: rgba(130, 130, 130, 0.08) }
"""
#: How a host shows HTML: its styles, and whether it removes those of the reply.
_HOSTS = {"github": (_GITHUB, True), "vscode": (_VSCODE, False)}


def main() -> int:
    """Write a picture for each program into `docs/_static/settled`, and return the exit status."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        source = folder / "replies.ipynb"
        nbformat.write(_notebook(), source)
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_FLAGS)
        page = browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT})
        failed = [each for each, draw in _renderers(source, page).items() if not _drawn(each, draw)]
        browser.close()
    sys.stdout.write(f"Not drawn, as a program is missing: {', '.join(failed) or 'none'}\n")
    return 0


def _notebook() -> Any:
    cells = [new_markdown_cell("# Settled replies")]
    for code, reply in _CELLS.items():
        cells.append(new_code_cell(code, outputs=[_output(reply)]))
    return new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})


def _output(reply: Reply) -> Any:
    data, metadata = bundle(reply, Presentation())
    return new_output("display_data", data, metadata=metadata)


def _renderers(source: Path, page: Page) -> dict[str, Callable[[Path], None]]:
    def export(**options: Any) -> str:
        body, _ = HTMLExporter(**options).from_filename(str(source))  # type: ignore[no-untyped-call]
        return str(body)

    return {
        "nbconvert-light": lambda path: _shot(page, export(theme="light"), path),
        "nbconvert-dark": lambda path: _shot(page, export(theme="dark"), path),
        "nbviewer": lambda path: _shot(page, export(template_name="classic"), path),
        "sanitised": lambda path: _shot(page, export(sanitize_html=True), path),
        "print": lambda path: _printed(page, export(), path),
        "latex": lambda path: _typeset(source, path),
        "jupyter-book": lambda path: _book(source, page, path),
        "pandoc": lambda path: _by_pandoc(source, page, path),
        **{name: lambda path, name=name: _hosted(name, page, path) for name in _HOSTS},  # type: ignore[misc]
    }


def _drawn(name: str, draw: Callable[[Path], None]) -> bool:
    path = PICTURES / f"{name}.png"
    try:
        draw(path)
    except FileNotFoundError:
        return False
    with Image.open(path) as picture:
        # A third of the bytes.
        picture.convert("RGB").quantize(_COLOURS).save(path, optimize=True)
    return True


def _shot(page: Page, html: str, path: Path) -> None:
    page.unroute_all()
    open_html(page, html)
    page.wait_for_timeout(3_000)
    page.screenshot(path=path)


def _hosted(name: str, page: Page, path: Path) -> None:
    style, is_bare = _HOSTS[name]
    parts = []
    for code, reply in _CELLS.items():
        html = bundle(reply, Presentation())[0]["text/html"]
        parts.append(f"<pre>{escape(code)}</pre><div>{Bare(html).html if is_bare else html}</div>")
    width = f"<style>body{{{_PLAIN.format(_WIDTH)}}}</style>"
    _shot(page, f'<!doctype html><meta charset="utf-8"><style>{style}</style>{width}{"".join(parts)}', path)


def _printed(page: Page, html: str, path: Path) -> None:
    """Print as nbconvert's webpdf does: the HTML, by Chromium."""
    page.unroute_all()
    open_html(page, html)
    page.wait_for_timeout(3_000)
    pdf = path.with_suffix(".pdf")
    page.pdf(path=pdf, format="A4")
    _first_page(pdf, path)


def _typeset(source: Path, path: Path) -> None:
    _call(source.parent, sys.executable, "-m", "nbconvert", "--to", "latex", str(source))
    for _ in range(2):
        _call(source.parent, "xelatex", "-interaction=nonstopmode", "replies.tex")
    _first_page(source.with_suffix(".pdf"), path)


def _first_page(pdf: Path, path: Path) -> None:
    _call(path.parent, "pdftoppm", "-r", "90", "-png", "-f", "1", "-l", "1", "-singlefile", str(pdf), path.stem)
    pdf.unlink()


def _book(source: Path, page: Page, path: Path) -> None:
    """Build with Jupyter Book 1; Jupyter Book 2 fetches its theme from the network."""
    folder = source.parent / "book"
    folder.mkdir()
    shutil.copyfile(source, folder / source.name)
    (folder / "_config.yml").write_text('title: Replies\nexecute:\n  execute_notebooks: "off"\n')
    (folder / "_toc.yml").write_text("format: jb-book\nroot: replies\n")
    _call(folder, "jupyter-book", "build", str(folder))
    page.unroute_all()
    page.goto((folder / "_build" / "html" / "replies.html").as_uri(), wait_until="domcontentloaded")
    page.wait_for_timeout(3_000)
    page.screenshot(path=path)


def _by_pandoc(source: Path, page: Page, path: Path) -> None:
    """Convert with pandoc, on which Quarto is built; Quarto's package fetches parts of its own."""
    html = source.with_suffix(".pandoc.html")
    _call(source.parent, "pandoc", "--standalone", "--output", str(html), str(source))
    _shot(page, html.read_text("utf-8"), path)


def _call(folder: Path, *command: str) -> None:
    # LaTeX reports characters that its font lacks by its exit status.
    subprocess.run(command, cwd=folder, capture_output=True, check=command[0] != "xelatex")


if __name__ == "__main__":
    sys.exit(main())
