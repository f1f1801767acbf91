# ruff: noqa: RUF001  (texts of many scripts)
"""Web addresses in a text are links, and links that lead nowhere are their text, in each frame."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbstream.markdown.growing_blocks import GrowingBlocks
from nbstream.markdown.rendering import to_html
from nbstream.output.terminal.rows import to_rows
from tests.hostile.allowed import faults
from tests.markdown.test_specification import check

HREF = re.compile(r'<a href="([^"]*)"[^>]*>(.*?)</a>')
STYLES = re.compile(r"\x1b\[[0-9;]*m")

#: Each text, and the addresses that are links in it.
LINKED = [
    ("https://example.com/a，谢谢", "https://example.com/a"),
    ("见https://example.com/a。然后", "https://example.com/a"),
    ("（https://example.com/a）", "https://example.com/a"),
    ("「https://example.com/a」を見る", "https://example.com/a"),
    ("网址：https://example.com；备用：http://example.org/b！", "https://example.com http://example.org/b"),
    ("访问https://example.com查看", "https://example.com"),
    ("https://example.com、https://example.org", "https://example.com https://example.org"),
    ("자세한 내용은 https://example.kr/a를", "https://example.kr/a"),
    ("„https://example.de“ und «https://example.fr»", "https://example.de https://example.fr"),
    ("see https://example.com/a.", "https://example.com/a"),
    ("see https://example.com/a?b=c&d=e!", "https://example.com/a?b=c&d=e"),
    ("see https://example.com/a, or https://example.com/b; ok", "https://example.com/a https://example.com/b"),
    ("(https://example.com/a)", "https://example.com/a"),
    ("(see https://example.com/a_(b))", "https://example.com/a_(b)"),
    ("(https://example.com/a).", "https://example.com/a"),
    ("[https://example.com/a]", "https://example.com/a"),
    ("[1] https://example.com/a[0]", "https://example.com/a[0]"),
    ("**https://example.com/a**", "https://example.com/a"),
    ("**网址：https://example.com/a**提示", "https://example.com/a"),
    ("*https://example.com/a_b_c*", "https://example.com/a_b_c"),
    ("_https://example.com/a_", "https://example.com/a"),
    ("~~https://example.com/~a~~", "https://example.com/~a"),
    ('"https://example.com/a"', "https://example.com/a"),
    ("'https://example.com/a'", "https://example.com/a"),
    ("https://example.com/a#b:c", "https://example.com/a#b:c"),
    ("https://example.com:8080/a", "https://example.com:8080/a"),
    ("http://localhost:8888/lab", "http://localhost:8888/lab"),
    ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
    ("打开https://example.com/docs查看", "https://example.com/docs"),
    ("HTTPS://EXAMPLE.COM/A", "HTTPS://EXAMPLE.COM/A"),
    ("https://zh.example.org/wiki/北京", "https://zh.example.org/wiki/北京"),
    ("https://example.com/a...", "https://example.com/a"),
    ("https://example.com/a…", "https://example.com/a"),
    ("https://example.com/a&amp;b", "https://example.com/a&amp;b"),
    ("https://example.com/a<br>b", "https://example.com/a"),
    ("- https://example.com/a\n- https://example.com/b", "https://example.com/a https://example.com/b"),
    ("# https://example.com/a", "https://example.com/a"),
    ("a[^1]\n\n[^1]: https://example.com/a", "https://example.com/a"),
    ("<https://example.com/a>", "https://example.com/a"),
    ("https://example.com/a\nhttps://example.com/b", "https://example.com/a https://example.com/b"),
    ("url=https://example.com/a", "https://example.com/a"),
    ("https://example.com/%E4%BD%A0", "https://example.com/%E4%BD%A0"),
    ("https://example.com/a*b", "https://example.com/a"),
]
NOT_LINKED = [
    "`https://example.com/a`",
    "```\nhttps://example.com/a\n```",
    "$\\text{https://example.com}$",
    "\\(https://example.com\\)",
    "www.example.com and example.com",
    "ftp://example.com javascript://example.com file:///etc data:a mailto:a@b.c vscode://a",
    "xhttps://example.com",
    "https:// and http: and https",
    "https:///a",
    "https\\://example.com",
]


def links(html: str) -> list[str]:
    return [unescape(text) for _, text in HREF.findall(html)]


def words(html: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", html))


@pytest.mark.parametrize(("text", "addresses"), LINKED)
def test_addresses_are_links(text: str, addresses: str) -> None:
    html = to_html(text)
    assert links(html) == addresses.split(" ")
    assert faults(html, settled=True) == []
    for href, _ in HREF.findall(html):
        assert re.match("https?://", href, re.IGNORECASE)


@pytest.mark.parametrize("text", NOT_LINKED)
def test_these_are_not(text: str) -> None:
    assert "<a " not in to_html(text)
    assert "<a " not in to_html(text, final=False)


@pytest.mark.parametrize(("text", "addresses"), LINKED)
def test_a_growing_address_is_a_link_from_its_host_on(text: str, addresses: str) -> None:
    # A bracket that may begin a link is left out.
    whole = words(to_html(text)).strip().replace("[", "")
    for at in range(1, len(text) + 1):
        html = to_html(text[:at], final=False)
        assert whole.startswith(words(html).strip().replace("[", ""))
        # Neither a scheme alone nor any other part of an address is seen as text.
        outside = HREF.sub("", html)
        assert not re.search(r"https?\b", words(outside)), html
        assert len(links(html)) <= len(addresses.split(" "))


def test_a_link_has_one_address() -> None:
    html = to_html("[https://example.com/a](https://example.org) and [see http://a.b now](https://c.d)")
    assert links(html) == ["https://example.com/a", "see http://a.b now"]
    assert links(to_html("see http://[::1]:80/a.")) == ["http://[::1]:80/a"]
    assert re.findall('href="([^"]*)"', html) == ["https://example.org", "https://c.d"]
    assert 'href="https://xn--bcher-kva.example/"' in to_html("[a](https://bücher.example/)")


def test_a_directional_override_ends_an_address() -> None:
    assert links(to_html("https://example.com/\u202egnp.exe")) == ["https://example.com/"]


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("[First](#first)", "First"),
        ("- [Install](#install)", None),
        ("[guide](docs/guide.md)", "guide"),
        ("[**License**](LICENSE)", "<strong>License</strong>"),
        ("[a](./b.md 'title') [c](../d)", "a c"),
        ("[a](</b c>)", "a"),
        ("见[附录](appendix.md)。", "见附录。"),
        ("[a](javascript:alert(1))", "a"),
        ("[a](vbscript:b) [c](file:///d) [e](data:f)", "a c e"),
        ("[a](tel:+49)", "a"),
        ("[`code`](#c)", "<code>code</code>"),
        ("[a [b] c](#d)", "a [b] c"),
        ("*[a](#b)*", "<em>a</em>"),
        # These are no links.
        ("handlers[0](event)", "handlers[0](event)"),
        ("a [b] (c)", "a [b] (c)"),
        ("[a](b c)", "[a](b c)"),
        ("\\[a](#b)", "[a](#b)"),
        ("`[a](#b)`", "<code>[a](#b)</code>"),
        ("[](#a)", "[](#a)"),
        ("[x] done", "[x] done"),
    ],
)
def test_a_link_without_a_web_address_is_its_text(markdown: str, html: str | None) -> None:
    shown = to_html(markdown)
    assert "<a " not in shown
    assert html is None or shown == f"<p>{html}</p>\n"
    for at in range(1, len(markdown) + 1):
        assert "<a " not in to_html(markdown[:at], final=False)
    blocks = GrowingBlocks()
    rows = [row for each in [*blocks.feed(markdown), *blocks.finish()] for row in to_rows(each.block, 80)]
    assert "\x1b[4m" not in "".join(rows)
    assert html is None or STYLES.sub("", "\n".join(rows)) == words(html)


def test_a_terminal_shows_an_address_once() -> None:
    blocks = GrowingBlocks()
    pieces = [*blocks.feed("see https://example.com/a."), *blocks.finish()]
    rows = "".join(row for each in pieces for row in to_rows(each.block, 80))
    assert STYLES.sub("", rows) == "see https://example.com/a."


pieces = st.lists(
    st.sampled_from(
        [
            *(
                "http",
                "s",
                "://",
                "https://",
                "example.com",
                "/a",
                "?b=c",
                "#",
                "(",
                ")",
                "[",
                "](",
                "]",
                "，",
                "。",
                "中",
            ),
            *("*", "**", "_", "~~", "`", "$", "<", ">", " ", "\n", ":", ".", "&amp;", "\\", "@", "!", "|", "<br>"),
        ]
    ),
    max_size=16,
)


@settings(max_examples=500, deadline=None)
@given(pieces)
def test_each_frame_of_addresses_is_right(parts: list[str]) -> None:
    check(parts)
    html = to_html("".join(parts))
    assert faults(html, settled=False) == []


@pytest.mark.parametrize(
    "piece", ["https://a.b/", "https://a.b/(", "https:", "[a](#b)", "[a](", "https://a.b/c[", "h", ".", ";"]
)
def test_many_addresses_are_rendered_in_time(piece: str) -> None:
    # A quadratic search would run into the test's time-out.
    assert to_html(piece * 8_000).startswith("<p>")
    assert to_html(piece * 8_000, final=False).startswith("<p>")
    assert to_html("https://a.b/" + piece[-1] * 40_000 + "a").startswith("<p>")
