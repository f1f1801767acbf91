"""Writes the tokens of Markdown as HTML. This is the security boundary of every output.

Whatever a model writes, its raw HTML is shown as text, nothing is fetched, and only web and mail
addresses become links. The HTML is readable without a style sheet. Styles that must survive
JupyterLab's sanitiser are inline; it removes ids, data attributes and scripts.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markdown_it.common.utils import escapeHtml, unescapeAll
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from nbstream.language import _
from nbstream.markdown.highlight import highlight, plain
from nbstream.markdown.math import MOST_CHARACTERS, completed, for_mathjax, to_mathml
from nbstream.model.printable import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.utils import EnvType, OptionsDict

_LINK = re.compile(r"https?://[^/?#]|mailto:.", re.IGNORECASE)
_HOST = re.compile(r"https?://(?:[^/?#]*@)?(\[[^]/?#]*]|[^/?#:]+)", re.IGNORECASE)
# JupyterLab gives `highlight` the colour of its editor; a line of code is not broken, but scrolls.
_CODE = '<div class="nbstream-code highlight" dir="ltr" style="margin:0 0 1em;padding:.4em .8em">'
_PRE = '<pre style="margin:0;background:none;line-height:1.31;white-space:pre;overflow-x:auto">'
# JupyterLab would break within words.
_WRAPPED = "word-break:normal;overflow-wrap:anywhere;white-space:pre-wrap"
_LINES = ' style="padding:0;background:none;white-space:pre"'
# A wide formula scrolls in its own box. MathJax gives it margins, which in a box do not collapse
# with those of the block before it.
_BOX = "overflow-x:auto;overflow-y:hidden"
# In a line of text, only one with many signs: on its axis, since such a box has no baseline.
_INLINE_BOX = f"display:inline-block;max-width:100%;vertical-align:middle;{_BOX}"
_MANY_SIGNS = 40
_SIGNS = re.compile(r"\\[a-zA-Z]+|[^\s{}^_\\]")
_LANGUAGE_STYLE = "display:block;opacity:.72;font-size:.8em;line-height:1.6"
_SPACE_BELOW = "margin-bottom:1em"
_FOOTNOTE_STYLE = "font-size:.9em;margin:.4em 0"
#: JupyterLab's sanitised export shows these tags as text, so they get no attributes.
_BARE = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "th"})
_HEAD_STYLE = "border-bottom:1px solid rgba(128,128,128,.6)"
_LINK_ATTRIBUTES = {"rel": "noopener noreferrer", "target": "_blank"}
# In JupyterLab only the colour distinguishes a link from the text around it.
_LINK_STYLE = "text-decoration:underline"
# Isolated, so that a directional override in the text before it does not reverse the host's name.
_IMAGE_STYLE = "border:1px dashed rgba(128,128,128,.7);padding:.1em .4em;unicode-bidi:isolate"

# MathJax typesets the formulas of a file in the reader's page. These macros affect more than their
# formula: by a link, a style, a class, an id or a file, or by redefining macros for the whole page.
_LEADS_OUT = re.compile(
    r"\\(?:href|url|require|class|cssId|style|html\w*|data|unicode|mmlToken|includegraphics|include|input|write"
    r"|bbox|(?:text|math)tip|toggle|label|(?:eq)?ref|refeq|[gex]?def|definecolor|let|(?:re)?new\w*|providecommand"
    r"|Declare\w*|Newextarrow|usetagform|mathtoolsset|setOptions|begingroup|csname)(?![A-Za-z])"
)


def code_block(html: str, language: str, *, wraps: bool = False) -> str:
    """Return a block of code with the name of its language above it.

    Args:
        html: the code's HTML.
        language: the name; may be empty.
        wraps: whether a long line is broken; otherwise it scrolls.
    """
    name = escapeHtml(language)
    label = f'<span class="nbstream-language" style="{_LANGUAGE_STYLE}">{name}</span>' if name else ""
    marked = f' class="language-{name}"' if name else ""
    start = f"{label}{_PRE}<code{marked}{_LINES}>"
    start = start.replace("white-space:pre", _WRAPPED) if wraps else start
    return f"{_CODE}{start}{html}</code></pre></div>\n"


def is_link(url: str) -> bool:
    """Tell whether an address may be a link's."""
    return _LINK.match(url) is not None


class Elements(RendererHTML):
    """HTML that fetches nothing and survives JupyterLab's sanitiser.

    The environment has three entries. `inline` renders the inline tokens of a text. `remember`
    calls a function unless its result for the same arguments is known. `settled` says how formulas
    are written: as TeX for MathJax, because MathML does not survive an untrusted notebook, or as
    MathML, because MathJax does not process a live view.
    """

    def render(self, tokens: Sequence[Token], options: OptionsDict, env: EnvType) -> str:
        """Return the HTML of block tokens."""
        parts = []
        for at, token in enumerate(tokens):
            if token.type == "inline":
                parts.append(token.meta.get("task", "") + env["inline"](token))
            elif rule := self.rules.get(token.type):
                parts.append(rule(tokens, at, options, env))
            else:
                parts.append(self.renderToken(tokens, at, options, env))
        return "".join(parts)

    def renderToken(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:  # noqa: N802
        """Write a tag; attributes that it must not have stand on a span in it."""
        token = tokens[idx]
        if token.tag not in _BARE or token.hidden:
            return super().renderToken(tokens, idx, options, env)
        if token.nesting < 0:
            # Before it stand its text and the tag that begins it.
            return ("</span>" if tokens[idx - 2].attrs else "") + super().renderToken(tokens, idx, options, env)
        if not token.attrs:
            return super().renderToken(tokens, idx, options, env)
        attributes = token.attrs
        token.attrs = {}
        tag = super().renderToken(tokens, idx, options, env)
        token.attrs = attributes
        style = f"display:block;{attributes.get('style', '')}".rstrip(";")
        span = Token("", "span", 1, {**attributes, "style": style})
        return f"{tag}<span{self.renderAttrs(span)}>"

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:  # noqa: ARG002
        """Show the name of the language above the code, and colours once the code is complete."""
        token = tokens[idx]
        language, *_ = (*printable(unescapeAll(token.info)).split(maxsplit=1), "")
        code = plain(token.content) if token.meta.get("open") else env["remember"](highlight, token.content, language)
        return code_block(code, language)

    def code_block(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:  # noqa: ARG002
        """Show indented code, which has no language."""
        return f"{_CODE}{_PRE}<code{_LINES}>{plain(tokens[idx].content)}</code></pre></div>\n"

    def softbreak(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:  # noqa: ARG002
        """Keep the end of a line: poems, addresses and dialogues are written so."""
        if not options["breaks"] or any(is_displayed(each) for each in tokens[max(0, idx - 1) : idx + 2]):
            # A displayed formula stands on a line of its own.
            return "\n"
        return "<br>\n"

    def code_inline(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:  # noqa: ARG002
        """Show code in a text."""
        return f"<code>{escapeHtml(printable(tokens[idx].content))}</code>"

    def math_inline(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:  # noqa: ARG002
        """Show a formula in a text."""
        return _formula(tokens[idx], "span", env)

    def math_block(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:  # noqa: ARG002
        """Show a formula on lines of its own."""
        before = tokens[idx - 1] if idx else None
        html = _formula(tokens[idx], "div", env, follows_margin=not before or not (before.hidden or before.nesting > 0))
        if not html:
            return ""
        return f"{html}\n" if env["settled"] else f'<div class="nbstream-math">{html}</div>\n'

    def table_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Let a wide table scroll in its own box."""
        table = self.renderToken(tokens, idx, options, env)
        return f'<div class="nbstream-table" style="overflow-x:auto;overflow-wrap:normal">{table}'

    def table_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Close what `table_open` opened."""
        return f"{self.renderToken(tokens, idx, options, env).rstrip()}</div>\n"

    def thead_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:  # noqa: ARG002
        """Write nothing: the export shows this tag as text. The row has its line."""
        return ""

    thead_close = tbody_open = tbody_close = thead_open

    def tr_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Underline the head of a table."""
        if tokens[idx - 1].type == "thead_open":
            tokens[idx].attrSet("style", _HEAD_STYLE)
        return self.renderToken(tokens, idx, options, env)

    def th_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Align a cell even if its column does not: JupyterLab aligns an output's cells right."""
        cell = tokens[idx]
        if cell.attrGet("style") is None:
            cell.attrSet("style", "text-align:left" if cell.attrGet("dir") is None else "text-align:right")
        return self.renderToken(tokens, idx, options, env)

    td_open = th_open

    def bullet_list_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Begin a list; with a space below it within an item, where notebooks show none."""
        token = tokens[idx]
        if token.meta.get("space_below"):
            token.attrSet("style", _SPACE_BELOW)
        return self.renderToken(tokens, idx, options, env)

    ordered_list_open = bullet_list_open

    def footnote_ref(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:  # noqa: ARG002
        """Show a footnote's label; not as a link, as an untrusted notebook has no ids."""
        return f"<sup>{escapeHtml(tokens[idx].content)}</sup>"

    def footnote_reference_open(
        self,
        tokens: Sequence[Token],
        idx: int,
        options: OptionsDict,  # noqa: ARG002
        env: EnvType,  # noqa: ARG002
    ) -> str:
        """Begin a footnote where it stands."""
        label = escapeHtml(tokens[idx].meta["label"])
        return f'<div class="nbstream-footnote" style="{_FOOTNOTE_STYLE}"><sup>{label}</sup> '

    def footnote_reference_close(
        self,
        tokens: Sequence[Token],  # noqa: ARG002
        idx: int,  # noqa: ARG002
        options: OptionsDict,  # noqa: ARG002
        env: EnvType,  # noqa: ARG002
    ) -> str:
        """End a footnote."""
        return "</div>\n"

    def link_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Open a link in a new tab. A link without an address, or within another, is text."""
        links = env.setdefault("links", [])
        links.append(bool(tokens[idx].attrs["href"]) and not any(links))
        tokens[idx].attrs |= {**_LINK_ATTRIBUTES, "style": _LINK_STYLE}
        return self.renderToken(tokens, idx, options, env) if links[-1] else ""

    def link_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Close what `link_open` opened."""
        return self.renderToken(tokens, idx, options, env) if env["links"].pop() else ""

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Write a label with the image's host. Loading the image would identify the reader."""
        url = str(tokens[idx].attrs["src"])
        alt = self.renderInlineAsText(tokens[idx].children, options, env).strip()
        label = escapeHtml(image_words(url))
        if alt:
            # The page finds the description by its class when it loads the image.
            label += f': <span class="nbstream-alt">{escapeHtml(printable(alt))}</span>'
        if not is_on_web(url) or any(env.get("links", ())):
            return f'<span class="nbstream-image" style="{_IMAGE_STYLE}">{label}</span>'
        attributes = "".join(f' {name}="{value}"' for name, value in _LINK_ATTRIBUTES.items())
        return f'<a class="nbstream-image" href="{escapeHtml(url)}"{attributes} style="{_IMAGE_STYLE}">{label}</a>'

    def definition(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:  # noqa: ARG002
        """Show nothing: a definition of a reference is not visible."""
        return ""


def is_on_web(url: str) -> bool:
    """Return whether an image has an address that a reader may open."""
    return _HOST.match(url) is not None


def image_words(url: str) -> str:
    """Return the words in place of an image, before its description."""
    web = _HOST.match(url)
    return printable(_("Image from {host} not loaded", host=web[1]) if web else _("Image not loaded"))


def is_displayed(token: Token) -> bool:
    """Tell whether a token of a text is a formula on a line of its own."""
    return token.type == "math_inline" and bool(token.meta["display"])


def _formula(token: Token, tag: str, env: EnvType, *, follows_margin: bool = False) -> str:
    tex, display = token.content, token.meta["display"]
    if not tex:
        return ""
    style = ""
    if display:
        style = f' style="display:block;{_BOX}{";margin-top:-1em" if follows_margin else ""}"'
    elif len(tex) > _MANY_SIGNS and len(_SIGNS.findall(tex)) > _MANY_SIGNS:
        style = f' style="{_INLINE_BOX}"'
    if not env["settled"]:
        if token.meta["finished"]:
            math = str(env["remember"](_finished_formula, tex, display))
        else:
            math = to_mathml(tex, display=display, finished=False)
        return f'<span class="nbstream-math"{style}>{math}</span>' if style and not display else math
    if not token.meta["finished"]:
        if not (tex := completed(tex)).strip():
            return ""
    elif (source := str(env["remember"](_finished_formula, tex, display))).startswith("<code"):
        return source
    typeset = for_mathjax(tex) if len(tex) <= MOST_CHARACTERS else None
    if typeset is None or _LEADS_OUT.search(typeset):
        return f'<code class="nbstream-tex">{escapeHtml(printable(tex))}</code>'
    start, end = ("\\[", "\\]") if display else ("\\(", "\\)")
    # MathJax 3 (Lab, Notebook) and MathJax 2 (nbconvert) ignore the reply as a whole; these classes
    # make them process the formula.
    return (
        f'<{tag} class="nbstream-math mathjax_process tex2jax_process"{style}>{start}{escapeHtml(typeset)}{end}</{tag}>'
    )


def _finished_formula(tex: str, display: bool) -> str:  # noqa: FBT001  (what it returns is remembered by its arguments)
    return to_mathml(tex, display=display)
