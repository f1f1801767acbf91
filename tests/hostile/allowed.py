"""The elements, attributes and values that nbstream's HTML may have, and a check against them.

The lists are written by hand, not taken from the renderer, because they are used to test it.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

_VOID = frozenset(("br", "hr", "img"))
_WORD = re.compile(r"\w+")
_WEB = frozenset(
    _WORD.findall(
        "div span p br hr h1 h2 h3 h4 h5 h6 ul ol li blockquote pre code em strong s sub sup kbd small a details "
        "summary table thead tbody tr th td img"
    )
)
_MATH = frozenset(
    _WORD.findall(
        "math mi mn mo mtext mspace mrow mfrac msqrt mroot mstyle mpadded mphantom menclose msub msup msubsup munder "
        "mover munderover mtable mtr mtd"
    )
)
_MATH_VALUE = re.compile(r"[a-z]+(?: [a-z]+)*|-?[0-9.]*em|[0-2]")
_STYLE = re.compile(r"(?:[a-z-]+:(?:[\w.%# -]|rgba\([\d,.]+\)|!important)+(?:;|$))*")
_CLASS = re.compile(
    r"(?:(?:nbstream(?:(?:-[a-z]+)+|-[0-9a-f]{10})?|highlight|jp-RenderedHTMLCommon|jp-RenderedMarkdown|lm-Widget|lm-mod-hidden|mathjax_(?:ignore|process)"
    r"|tex2jax_(?:ignore|process)|[a-z][a-z0-9]{0,2})(?: |$))+"
)
_LANGUAGE = re.compile(r"language-[^\s]+")
#: An image that a tool returned; its bytes are in the page.
_IMAGE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/]*={0,2}")
_SCHEMES = ("http", "https", "mailto")


def faults(html: str, *, settled: bool) -> list[str]:
    """Return a short description of each thing in `html` that is not allowed.

    Args:
        html: the rendered HTML.
        settled: whether it is the settled output, in which a formula is TeX and not MathML.
    """
    reader = _Reader(_WEB if settled else _WEB | _MATH)
    reader.feed(html)
    reader.close()
    return [*reader.found, *(f"<{tag}> has no end" for tag in reader.open)]


class _Reader(HTMLParser):
    def __init__(self, elements: frozenset[str]) -> None:
        super().__init__(convert_charrefs=True)
        self._elements = elements
        self.open: list[str] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self._elements:
            self.found.append(f"<{tag}>")
        values = dict(attrs)
        if len(values) < len(attrs):
            self.found.append(f"<{tag}> has an attribute twice")
        for name, value in attrs:
            if value is None and name == "open" and tag == "details":
                continue
            if value is None or not self._is_allowed(tag, name, value):
                self.found.append(f"<{tag} {name}={value!r}>")
        if tag == "a" and (values.get("rel"), values.get("target")) != ("noopener noreferrer", "_blank"):
            self.found.append(f"<a rel={values.get('rel')} target={values.get('target')}>")
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(f"<{tag} {attrs}/>")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.found.append(f"</{tag}>")

    def handle_comment(self, data: str) -> None:
        self.found.append(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self.found.append(f"<!{decl}>")

    def unknown_decl(self, data: str) -> None:
        self.found.append(f"<![{data}]>")

    def handle_pi(self, data: str) -> None:
        self.found.append(f"<?{data}>")

    def _is_allowed(self, tag: str, name: str, value: str) -> bool:
        if tag in _MATH:
            return (
                name
                in ("display", "mathvariant", "stretchy", "movablelimits", "largeop", "lspace", "rspace", "minsize")
                or name in ("maxsize", "form", "width", "linethickness", "accent", "displaystyle", "scriptlevel")
                or name in ("columnalign", "notation")
            ) and _MATH_VALUE.fullmatch(value) is not None
        match tag, name:
            case "a", "href":
                return _is_allowed_url(value)
            case "a", "rel" | "target":
                return True  # `handle_starttag` checks both together
            case "a", "title":
                return True
            case "ol", "start":
                return value.isdecimal()
            case "code", "class" if value.startswith("language-"):
                return _LANGUAGE.fullmatch(value) is not None
            case "img", "src":
                return _IMAGE.fullmatch(value) is not None
            case "img", "alt":
                return True
            case _, "class":
                return _CLASS.fullmatch(value) is not None
            case _, "style":
                return _STYLE.fullmatch(value) is not None and "url" not in value
            case _, "dir":
                return value in ("rtl", "ltr", "auto")
        return False


def _is_allowed_url(url: str) -> bool:
    """Return whether a browser may open `url`.

    A browser ignores tabs, line ends, and control characters and spaces at both ends.
    """
    try:
        scheme = urlsplit(re.sub("[\t\r\n]", "", url).strip("".join(map(chr, range(33))))).scheme
    except ValueError:
        scheme = ""
    return scheme in _SCHEMES and url.isprintable() and url.isascii()
