"""What GitHub leaves of a settled reply's HTML, and a page that loads MathJax without a network."""

from __future__ import annotations

import mimetypes
from html import escape
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests import kernels

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

_ORIGIN = "http://export.invalid"
_MATHJAX = "https://cdnjs.cloudflare.com/ajax/libs/mathjax/2.7.7/"


class Bare(HTMLParser):
    """What GitHub leaves of the HTML: tags and text, without style, class, id and scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = ""
        self._in_script = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_script |= tag in ("script", "style")
        left = "".join(f' {name}="{escape(value or "")}"' for name, value in attrs if name in ("href", "dir"))
        self.html += "" if self._in_script else f"<{tag}{left}>"

    def handle_endtag(self, tag: str) -> None:
        self.html += "" if self._in_script else f"</{tag}>"
        self._in_script &= tag not in ("script", "style")

    def handle_data(self, data: str) -> None:
        self.html += "" if self._in_script else escape(data)


def open_html(page: Page, html: str) -> list[str]:
    """Open `html` as a page and return its requests; MathJax 2.7.7 is served locally."""
    foreign: list[str] = []

    def answer(route: Route) -> None:
        url = route.request.url
        if url == f"{_ORIGIN}/":
            route.fulfill(content_type="text/html", body=html)
        elif url.startswith(_MATHJAX):
            path = kernels.ROOT / "js" / "node_modules" / "mathjax" / urlsplit(url).path.split("/2.7.7/")[1]
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            route.fulfill(content_type=kind, headers={"Access-Control-Allow-Origin": "*"}, body=path.read_bytes())
        elif url == "https://api.cdnjs.com/libraries/mathjax?fields=version":  # asked by MathJax's own latest.js
            route.fulfill(json={"version": "2.7.7"}, headers={"Access-Control-Allow-Origin": "*"})
        elif url.endswith("/require.min.js"):  # nbconvert's template asks for it whatever the notebook has
            route.fulfill(content_type="text/javascript", body="")
        else:
            foreign.append(url)
            route.abort()

    page.route("**/*", answer)
    page.goto(f"{_ORIGIN}/")
    return foreign
