"""The HTML of Markdown, also of hostile Markdown."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbstream.markdown.rendering import to_html

CODE = '<div class="nbstream-code highlight" dir="ltr" style="margin:0 0 1em;padding:.4em .8em">'
PRE = '<pre style="margin:0;background:none;line-height:1.31;white-space:pre;overflow-x:auto">'
LINES = ' style="padding:0;background:none;white-space:pre">'
CODE_END = "</code></pre></div>\n"
LANGUAGE = '<span class="nbstream-language" style="display:block;opacity:.72;font-size:.8em;line-height:1.6">'
TASK = '<li class="nbstream-task" style="list-style:none">'
NOTE = "<sup>"
FOOTNOTE = '<div class="nbstream-footnote" style="font-size:.9em;margin:.4em 0"><sup>'
TARGET = 'rel="noopener noreferrer" target="_blank"'
LINK = f'{TARGET} style="text-decoration:underline"'
IMAGE = 'class="nbstream-image"'
ALT = '<span class="nbstream-alt">'
DASHED = 'style="border:1px dashed rgba(128,128,128,.7);padding:.1em .4em;unicode-bidi:isolate"'


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("a *b* **c** `d` ~~e~~", "<p>a <em>b</em> <strong>c</strong> <code>d</code> <s>e</s></p>\n"),
        ("a\\\nb", "<p>a<br>\nb</p>\n"),
        ("---", "<hr>\n"),
        ("# a\n\nb\n===", "<h1>a</h1>\n<h1>b</h1>\n"),
        ("```no x\n<a>\n```", f'{CODE}{LANGUAGE}no</span>{PRE}<code class="language-no"{LINES}&lt;a&gt;\n{CODE_END}'),
        (
            "```py\n1",
            f'{CODE}{LANGUAGE}py</span>{PRE}<code class="language-py"{LINES}<span class="mi">1</span>{CODE_END}',
        ),
        ("```\n\ufeffa", f"{CODE}{PRE}<code{LINES}\ufeffa{CODE_END}"),
        ("    a", f"{CODE}{PRE}<code{LINES}a\n{CODE_END}"),
        ("- [ ] a\n- [x] b", f"<ul>\n{TASK}☐ a</li>\n{TASK}☑ b</li>\n</ul>\n"),
        ("- [ ]\n- [y] b", "<ul>\n<li>[ ]</li>\n<li>[y] b</li>\n</ul>\n"),
        ("a[^1]\n\n[^1]: *b*\n\n    c", f"<p>a{NOTE}1</sup></p>\n{FOOTNOTE}1</sup> <em>b</em>\n<p>c</p>\n</div>\n"),
        ("[^0-9] [^2]", f"<p>[^0-9] {NOTE}2</sup></p>\n"),
        ("[^a]\n\n[^a]: b", f"<p>{NOTE}a</sup></p>\n{FOOTNOTE}a</sup> b</div>\n"),
        ("3. a\n4. b", '<ol start="3">\n<li>a</li>\n<li>b</li>\n</ol>\n'),
        ("- a\n\n- b", "<ul>\n<li>\n<p>a</p>\n</li>\n<li>\n<p>b</p>\n</li>\n</ul>\n"),
        (
            "|a|\n|-:|\n|1|",
            (
                '<div class="nbstream-table" style="overflow-x:auto;overflow-wrap:normal"><table>\n'
                '<tr style="border-bottom:1px solid rgba(128,128,128,.6)">\n'
                '<th><span style="display:block;text-align:right">a</span></th>\n</tr>\n<tr>\n'
                '<td style="text-align:right">1</td>\n</tr>\n</table></div>\n'
            ),
        ),
        ("a\r\nb\rc", "<p>a<br>\nb<br>\nc</p>\n"),
        ("$5 and $6 www.example.org", "<p>$5 and $6 www.example.org</p>\n"),
    ],
)
def test_markdown_becomes_html(markdown: str, html: str) -> None:
    assert to_html(markdown) == html


FORMULAS = [
    ("$x_1$", "x_1", False),
    ("a $x*y$, $z*w$b", "x*y", False),
    ("设$x$为", "x", False),
    ("$5$", "5", False),
    ("$2 x$", "2 x", False),
    ("$$x$$", "x", True),
    ("so $$x$$.", "x", True),
    ("\\(x\\)", "x", False),
    ("so \\[x\\].", "x", True),
    ("\\[\n- x\n\\]", "- x", True),
    ("text\n$$\nx\n= y\n$$\ntext", "x\n= y", True),
    ("- a\n\n  $$\n  x\n  $$", "x", True),
    ("> $$x\n> y$$", "x\ny", True),
    ("$a \\text{\\$} b$", "a \\text{\\$} b", False),
]


@pytest.mark.parametrize(("markdown", "tex", "is_display"), FORMULAS)
def test_a_formula_is_tex_in_the_file_and_mathml_in_the_live_view(markdown: str, tex: str, is_display: bool) -> None:  # noqa: FBT001
    start, end = ("\\[", "\\]") if is_display else ("\\(", "\\)")
    settled = re.sub(' style="[^"]*"', "", to_html(markdown, settled=True))
    assert f'class="nbstream-math mathjax_process tex2jax_process">{start}{tex}{end}<' in settled
    assert "<math" not in settled
    live = to_html(markdown)
    assert ('<math display="block"' in live or 'display="block"' in live) == is_display
    assert "<math" in live


@pytest.mark.parametrize("settled", [True, False])
def test_a_formula_of_many_signs_scrolls_in_its_own_box(settled: bool) -> None:  # noqa: FBT001
    def is_boxed(tex: str) -> bool:
        return "overflow-x:auto" in to_html(f"so ${tex}$.", settled=settled)

    assert is_boxed(" + ".join(f"a_{{{number}}}" for number in range(30)))
    assert not is_boxed(r"\frac{\partial u}{\partial t} = \mathbf{x} \cdot \boldsymbol{\varepsilon}")
    assert ("overflow-x:auto" in to_html("$$x$$", settled=settled)) == settled


@pytest.mark.parametrize(
    "text",
    [
        "$5 and $6",
        "US$5 or US$6",
        "$5-$6",
        "$5 million (US$)",
        "from $5, about 6$ each",
        "the $HOME and the $PATH of it",
        "`$x$`",
        "```\n$x$ and $$y$$\n```",
        "\\$x$",
        "$ x$",
        "$x $",
        "$x$5",
        "**$9** and 10$",
        "`$x` and y$ `z`",
        "a $$ b",
        "\\\\(x\\\\)",
        "\\( \\)",
    ],
)
def test_money_and_code_are_not_formulas(text: str) -> None:
    assert "nbstream-math" not in to_html(text, settled=True)
    assert "<math" not in to_html(text)


@pytest.mark.parametrize(
    "text", ["$" + "5" * 80_000 + "$", "$5" + " aa" * 40_000 + "+$", "\\(" * 40_000, "\\[" * 40_000, "[^" * 40_000]
)
def test_a_long_text_that_may_hold_formulas_or_footnotes_is_rendered_in_time(text: str) -> None:
    # A search that is quadratic would run into the test's time-out.
    assert to_html(f"a {text}").startswith("<p>a ")


@pytest.mark.parametrize("macro", ["\\href{javascript:x}{y}", "\\def\\x{y}", "\\require{html}", "\\class{a}{b}"])
def test_a_formula_with_a_macro_that_affects_the_page_stays_source(macro: str) -> None:
    for settled in (True, False):
        html = to_html(f"${macro}$", settled=settled)
        assert html.startswith('<p><code class="nbstream-tex">')


LINE = "Some *words* with `code`, [a link](http://x.y), $x_1$ and **much more**, again and again."


@pytest.mark.parametrize(("joint", "shown"), [(" ", " "), ("\n", "<br>\n")])
def test_a_long_paragraph_is_parsed_like_a_short_one(joint: str, shown: str) -> None:
    text = joint.join([LINE] * 200)
    short = to_html(LINE).removeprefix("<p>").removesuffix("</p>\n")
    assert to_html(text) == f"<p>{shown.join([short] * 200)}</p>\n"


def test_emphasis_may_span_a_long_paragraph() -> None:
    words = "word " * 2_000
    assert to_html(f"**{words}end**") == f"<p><strong>{words}end</strong></p>\n"


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("[a](https://x.y 'T')", f'<a href="https://x.y" title="T" {LINK}>a</a>'),
        ("[a](mailto:x@y.z)", f'<a href="mailto:x@y.z" {LINK}>a</a>'),
        ("<http://x.y>", f'<a href="http://x.y" {LINK}>http://x.y</a>'),
        ("[a]\n\n[a]: http://x.y", f'<a href="http://x.y" {LINK}>a</a>'),
        ("[a](javascript:b)", "a"),
        ("[a](&#106;avascript:b)", "a"),
        ("[a](data:text/html,b)", "a"),
        ("[a](//x.y)", "a"),
        ("[a](b.html)", "a"),
        ("[a](http:b)", "a"),
        ("[a](#b)", "a"),
        ("[a]()", "a"),
        ("[<http://x.y>](http://z.w)", f'<a href="http://z.w" {LINK}>http://x.y</a>'),
        ("<javascript:a>", "&lt;javascript:a&gt;"),
        ("<b onclick=c>", "&lt;b onclick=c&gt;"),
    ],
)
def test_only_web_and_mail_addresses_become_links(markdown: str, html: str) -> None:
    assert to_html(markdown) == f"<p>{html}</p>\n"


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        (
            "![a *cat*](https://x.y/c.png 'T')",
            f'<a {IMAGE} href="https://x.y/c.png" {TARGET} {DASHED}>Image from x.y not loaded: {ALT}a cat</span></a>',
        ),
        (
            "![](http://x.y)",
            f'<a {IMAGE} href="http://x.y" {TARGET} {DASHED}>Image from x.y not loaded</a>',
        ),
        ("![a](b.png)", f"<span {IMAGE} {DASHED}>Image not loaded: {ALT}a</span></span>"),
        (
            "![<b>](data:image/png;base64,AA)",
            f"<span {IMAGE} {DASHED}>Image not loaded: {ALT}&lt;b&gt;</span></span>",
        ),
        ("![a](http:///c.png)", f"<span {IMAGE} {DASHED}>Image not loaded: {ALT}a</span></span>"),
        (
            "![a](http://x.y:80@z.w:8/c)",
            f'<a {IMAGE} href="http://x.y:80@z.w:8/c" {TARGET} {DASHED}>Image from z.w not loaded: {ALT}a</span></a>',
        ),
        (
            "[![a](https://x.y/c.svg)](https://z.w)",
            f'<a href="https://z.w" {LINK}><span {IMAGE} {DASHED}>Image from x.y not loaded: {ALT}a</span></span></a>',
        ),
    ],
)
def test_an_image_is_a_label(markdown: str, html: str) -> None:
    assert to_html(markdown) == f"<p>{html}</p>\n"


#: The attributes that each tag may have.
ALLOWED = {
    **dict.fromkeys(["p", "h1", "h2", "h3", "h4", "h5", "h6", "th", "sup"], frozenset()),
    **dict.fromkeys(["blockquote", "hr", "br", "em", "strong", "s", "sub", "kbd"], frozenset()),
    "table": {"dir"},
    "ul": {"dir", "style"},
    **{key: {"style", "dir"} for key in ["td", "tr"]},
    "ol": {"start", "dir", "style"},
    "pre": {"style"},
    "code": {"class", "style"},
    "span": {"class", "style", "dir"},
    "div": {"class", "style", "dir"},
    "li": {"class", "style", "dir"},
    "a": {"class", "style", "href", "title", "rel", "target"},
}


class Inspector(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._in_math = False
        self.tags = 0

    def handle_endtag(self, tag: str) -> None:
        self._in_math = self._in_math and tag != "math"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags += 1
        self._in_math = self._in_math or tag == "math"
        if self._in_math:
            # What may be in one is for the tests of formulas.
            assert tag.startswith("m")
            assert not any(name.startswith("on") or name in ("href", "src", "style", "class") for name, _ in attrs)
            return
        assert {name for name, _ in attrs} <= ALLOWED[tag]
        for name, value in attrs:
            assert value is not None
            if name == "href":
                assert value.lower().startswith(("http://", "https://", "mailto:"))
                assert dict(attrs)["rel"] == "noopener noreferrer"
            if name == "style":
                assert re.fullmatch(r"text-align:(left|right|center)|[a-z0-9.:;%(), -]*", value)
            if name == "class":
                assert re.match(r"nbstream-(?!live|settled)|language-|[a-z0-9]{1,3}$", value)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)

    def handle_pi(self, data: str) -> None:
        raise AssertionError(data)

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(data)


hostile = st.lists(
    st.sampled_from(
        [
            *(
                "<img src=x onerror=y>",
                "<script>",
                "<!--",
                "<!a>",
                "<?a?>",
                "<![CDATA[",
                "</p>",
                "<a href='x'>",
                "'",
                ">",
            ),
            *(
                "[a](",
                "![a](",
                "![",
                "](",
                ")",
                "[a]: ",
                "[a]",
                "javascript:x",
                "http://x.y/",
                "HTTPS:",
                "mailto:",
                "data:a",
            ),
            *(
                "\n",
                "\n\n",
                "```",
                "`",
                "- ",
                "> ",
                "|a|\n|:-|\n|",
                " onclick=x ",
                "&quot;",
                "&#58;",
                "\0",
                "\x01",
                " ",
            ),
            *('```a"b=c\n', "~~~ <b\n", "2. ", "# ", "//", "\u2028", "<http://", "id=a", "{#a}", '"', "a", "\\"),
        ]
    ),
    max_size=25,
).map("".join)


@settings(max_examples=300, deadline=None)
@given(hostile, st.booleans())
def test_the_html_has_only_known_tags_and_attributes(text: str, final: bool) -> None:  # noqa: FBT001
    inspector = Inspector()
    html = to_html(text, final=final)
    inspector.feed(html)
    inspector.close()
    # What it read as a tag is all that can be one; each has been looked at.
    assert inspector.tags == len(re.findall(r"<[^/]", html))
