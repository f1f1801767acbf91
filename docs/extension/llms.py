"""The documentation for language models: `llms.txt` lists the pages, `llms-full.txt` holds them.

The form of `llms.txt` is that of https://llmstxt.org. Without an address of the site, which is not
known when it is built, links are relative.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from docutils import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

_HEAD = """# nbstream

> Think with a language model inside a Jupyter notebook: `%%deepseek` streams a model's reasoning and
> answer into the cell, with a Stop that stops and an honest line on tokens, time and cost.
"""
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)


def setup(app: Sphinx) -> None:
    """Write both files beside the pages."""
    app.connect("build-finished", _write)


def _write(app: Sphinx, error: Exception | None) -> None:
    if error is not None or app.builder.format != "html":
        return
    env, names = app.env, list(_in_order(app.env, app.config.root_doc))
    lines = [f"- [{env.titles[name].astext()}]({name}.html){_summary(env, name)}" for name in names]
    texts = [f"<!-- {name} -->\n\n{_text(env, name).strip()}\n" for name in names]
    folder = Path(app.outdir)
    (folder / "llms.txt").write_text(_HEAD + "\n## Pages\n\n" + "\n".join(lines) + "\n", "utf-8")
    (folder / "llms-full.txt").write_text("\n".join([_HEAD, *texts]), "utf-8")


def _in_order(env: BuildEnvironment, name: str) -> Iterator[str]:
    """Yield a page and those below it, in the order of the table of contents."""
    yield name
    for below in env.toctree_includes.get(name, ()):
        yield from _in_order(env, below)


def _summary(env: BuildEnvironment, name: str) -> str:
    for paragraph in env.get_doctree(name).findall(nodes.paragraph):
        return ": " + " ".join(paragraph.astext().split())
    return ""


def _text(env: BuildEnvironment, name: str) -> str:
    """Return a page as it was written; the reference, made from the code, as plain text."""
    path = Path(env.doc2path(name))
    if name.startswith("reference/"):
        return str(env.get_doctree(name).astext())
    if path.suffix == ".ipynb":
        cells = nbformat.read(path, as_version=4).cells
        return "\n\n".join(f"```\n{each.source}\n```" if each.cell_type == "code" else each.source for each in cells)
    return _FRONT_MATTER.sub("", path.read_text("utf-8"))
