"""The examples of CommonMark's specification, in this project's spelling of HTML.

They come with the npm package `commonmark-spec`, which CommonMark's own authors publish: their
licence is not ours, so none is copied here.
"""

from __future__ import annotations

import html
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

_FILE = Path(__file__).parents[2] / "js" / "node_modules" / "commonmark-spec" / "spec.txt"
_EXAMPLE = re.compile(r"^`{32} example\n([\s\S]*?)^\.\n([\s\S]*?)^`{32}$|^#{1,6} *(.*)$", re.MULTILINE)

_LINK = re.compile(r'<a href="([^"]*)"( title="[^"]*")?>(.*?)</a>', re.DOTALL)
_IMAGE = re.compile(r'<img src="([^"]*)" alt="([^"]*)"(?: title="[^"]*")?>')
_CODE = re.compile(r'<pre><code(?: class="language-([^"]*)")?>.*?</code></pre>', re.DOTALL)
_WEB = re.compile(r"https?://([^/?#]+)")
_VOID = re.compile(r"<(hr|br|img [^>]*?) />")
_CELL = re.compile(r'<(t[hd])(?: align="(\w+)")?>')
_HEAD_CELL = re.compile(r'<th style="([^"]*)">(.*?)</th>', re.DOTALL)
_TASK = re.compile(r'<li>(\n<p>)?<input (checked="" )?disabled="" type="checkbox"> ')
_STYLE = re.compile(r' style="(?!(?:display:block;)?text-align:)[^"]*"')
_COLOUR = re.compile(r'<span class="[a-z][a-z0-9]*">(.*?)</span>', re.DOTALL)
_TARGET = 'rel="noopener noreferrer" target="_blank"'


class Example(NamedTuple):
    """An example of the specification: number, section, Markdown and expected HTML."""

    number: int
    section: str
    markdown: str
    html: str


@cache
def examples() -> dict[int, Example]:
    """Return all examples by their numbers.

    Raises:
        FileNotFoundError: The package is not installed.
    """
    if not _FILE.exists():
        raise FileNotFoundError(f"CommonMark's specification is not there: run `npm ci` in js/ ({_FILE})")
    text, _, _ = _FILE.read_text(encoding="utf-8").partition("<!-- END TESTS -->")
    found: dict[int, Example] = {}
    section = ""
    for match in _EXAMPLE.finditer(text):
        markdown, document, heading = match.groups()
        if heading is not None:
            section = heading
        else:
            number = len(found) + 1
            # A tab can be seen in the specification.
            found[number] = Example(number, section, markdown.replace("→", "\t"), document.replace("→", "\t"))
    return found


def ours(document: str, *, raw_html: bool = False) -> str:
    """Return the specification's HTML in this project's spelling.

    Code has a box and its language's name, a link opens in a new tab, an image is a label, and
    neither is a link without an address. GFM's tables have a box, head cells without attributes and
    no groups of rows, and its tasks are characters.
    With `raw_html` there are tags in it which the author wrote, so that only code is looked for.
    """
    document = _CODE.sub(_box, _VOID.sub(r"<\1>", document))
    if raw_html:
        return document
    document = _IMAGE.sub(_label, document)
    document = _LINK.sub(lambda a: f'<a href="{a[1]}"{a[2] or ""} {_TARGET}>{a[3]}</a>' if a[1] else a[3], document)
    document = document.replace("<table>", '<div class="nbstream-table"><table>').replace("</table>", "</table></div>")
    document = _CELL.sub(lambda cell: f'<{cell[1]} style="text-align:{cell[2] or "left"}">', document)
    document = _HEAD_CELL.sub(r'<th><span style="display:block;\1">\2</span></th>', document)
    document = re.sub(r"</?(thead|tbody)>\n", "", document)
    document = document.replace("<del>", "<s>").replace("</del>", "</s>")
    return _TASK.sub(lambda box: f'<li class="nbstream-task">{box[1] or ""}{"☑" if box[2] else "☐"} ', document)


def without_style(document: str) -> str:
    """Return this project's HTML without colours of code, and without style but a cell's."""
    return _COLOUR.sub(r"\1", _STYLE.sub("", document))


def normal(document: str) -> str:
    """Return HTML in one of the spellings that mean the same."""
    return document.replace("&quot;", '"').replace("<blockquote>\n</blockquote>", "<blockquote></blockquote>")


def _box(code: re.Match[str]) -> str:
    name = f'<span class="nbstream-language">{code[1]}</span>' if code[1] else ""
    return f'<div class="nbstream-code highlight" dir="ltr">{name}{code[0]}</div>'


def _label(image: re.Match[str]) -> str:
    url, alt = image.groups()
    host = _WEB.match(html.unescape(url))
    label = f"Image from {host[1]} not loaded" if host else "Image not loaded"
    label += f': <span class="nbstream-alt">{alt}</span>' if alt else ""
    if not host:
        return f'<span class="nbstream-image">{label}</span>'
    return f'<a class="nbstream-image" href="{url}" {_TARGET}>{label}</a>'
