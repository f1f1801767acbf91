"""What Markdown becomes, and what it never becomes, whatever a model writes."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbstream.render.markdown import to_html

TARGET = 'rel="noopener noreferrer" target="_blank"'


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("a *b* **c** `d` ~~e~~", "<p>a <em>b</em> <strong>c</strong> <code>d</code> <s>e</s></p>\n"),
        ("a\\\nb", "<p>a<br>\nb</p>\n"),
        ("---", "<hr>\n"),
        ("# a\n\nb\n===", "<h1>a</h1>\n<h1>b</h1>\n"),
        ("```py x\n<a>\n```", '<pre><code class="language-py">&lt;a&gt;\n</code></pre>\n'),
        ("    a", "<pre><code>a\n</code></pre>\n"),
        ("3. a\n4. b", '<ol start="3">\n<li>a</li>\n<li>b</li>\n</ol>\n'),
        ("- a\n\n- b", "<ul>\n<li>\n<p>a</p>\n</li>\n<li>\n<p>b</p>\n</li>\n</ul>\n"),
        (
            "|a|\n|-:|\n|1|",
            (
                '<table>\n<thead>\n<tr>\n<th style="text-align:right">a</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n'
                '<td style="text-align:right">1</td>\n</tr>\n</tbody>\n</table>\n'
            ),
        ),
        ("a\r\nb\rc", "<p>a\nb\nc</p>\n"),
        ("$5 and $6 www.example.org", "<p>$5 and $6 www.example.org</p>\n"),
    ],
)
def test_markdown_becomes_html(markdown: str, html: str) -> None:
    assert to_html(markdown) == html


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("[a](https://x.y 'T')", f'<a href="https://x.y" title="T" {TARGET}>a</a>'),
        ("[a](mailto:x@y.z)", f'<a href="mailto:x@y.z" {TARGET}>a</a>'),
        ("<http://x.y>", f'<a href="http://x.y" {TARGET}>http://x.y</a>'),
        ("[a]\n\n[a]: http://x.y", f'<a href="http://x.y" {TARGET}>a</a>'),
        ("[a](javascript:b)", "[a](javascript:b)"),
        ("[a](&#106;avascript:b)", "[a](javascript:b)"),
        ("[a](data:text/html,b)", "[a](data:text/html,b)"),
        ("[a](//x.y)", "[a](//x.y)"),
        ("[a](b.html)", "[a](b.html)"),
        ("[a](http:b)", "[a](http:b)"),
        ("[a](#b)", "[a](#b)"),
        ("[a]()", "a"),
        ("[<http://x.y>](http://z.w)", f'<a href="http://z.w" {TARGET}>http://x.y</a>'),
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
            f'<a class="nbstream-image" href="https://x.y/c.png" {TARGET}>Image from x.y not loaded: a cat</a>',
        ),
        ("![](http://x.y)", f'<a class="nbstream-image" href="http://x.y" {TARGET}>Image from x.y not loaded</a>'),
        ("![a](b.png)", '<span class="nbstream-image">Image not loaded: a</span>'),
        ("![<b>](data:image/png;base64,AA)", '<span class="nbstream-image">Image not loaded: &lt;b&gt;</span>'),
        ("![a](http:///c.png)", '<span class="nbstream-image">Image not loaded: a</span>'),
        (
            "![a](http://x.y:80@z.w:8/c)",
            f'<a class="nbstream-image" href="http://x.y:80@z.w:8/c" {TARGET}>Image from z.w not loaded: a</a>',
        ),
        (
            "[![a](https://x.y/c.svg)](https://z.w)",
            f'<a href="https://z.w" {TARGET}><span class="nbstream-image">Image from x.y not loaded: a</span></a>',
        ),
    ],
)
def test_an_image_is_a_label(markdown: str, html: str) -> None:
    assert to_html(markdown) == f"<p>{html}</p>\n"


#: The attributes that each tag may have.
ALLOWED = {
    **dict.fromkeys(
        ["p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "li", "blockquote", "pre", "hr", "br"], frozenset()
    ),
    **dict.fromkeys(["em", "strong", "s", "table", "thead", "tbody", "tr"], frozenset()),
    **dict.fromkeys(["td", "th"], frozenset({"style"})),
    "ol": {"start"},
    "code": {"class"},
    "span": {"class"},
    "a": {"class", "href", "title", "rel", "target"},
}


class Inspector(HTMLParser):
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert {name for name, _ in attrs} <= ALLOWED[tag]
        for name, value in attrs:
            assert value is not None
            if name == "href":
                assert value.lower().startswith(("http://", "https://", "mailto:"))
                assert dict(attrs)["rel"] == "noopener noreferrer"
            if name == "style":
                assert value in ("text-align:left", "text-align:right", "text-align:center")
            if name == "class":
                assert value == "nbstream-image" or value.startswith("language-")

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
def test_nothing_but_known_tags_and_attributes_comes_out(text: str, final: bool) -> None:  # noqa: FBT001
    inspector = Inspector(convert_charrefs=True)
    inspector.feed(to_html(text, final=final))
    inspector.close()
