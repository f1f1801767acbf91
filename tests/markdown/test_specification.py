"""The examples of CommonMark and GFM are rendered as specified, however they are split.

Where this project differs on purpose, an example's number stands under the policy that makes the
difference. With that policy lifted, and nothing else, it is what the specification says.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from markdown_it.rules_block import list_block

from nbstream.markdown import parser
from nbstream.markdown.parser import unix_lines
from nbstream.markdown.rendering import to_html
from nbstream.widgets.markdown_document import MarkdownDocument
from tests import needs
from tests.markdown import gfm, specification
from tests.markdown.specification import Example, examples, normal, ours, without_style
from tests.widgets.page_state import apply, empty_state, html_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


needs.npm_packages()


def numbers(text: str) -> frozenset[int]:
    """Return numbers that are written as in "1 3-5"."""
    ranges = [part.partition("-") for part in text.split()]
    return frozenset(n for first, _, last in ranges for n in range(int(first), int(last or first) + 1))


#: Every single example of these sections is read as the specification says.
EXACT = {
    *("Tabs", "Precedence", "Thematic breaks", "ATX headings", "Setext headings", "Indented code blocks"),
    *("Fenced code blocks", "Paragraphs", "Blank lines", "Block quotes", "List items", "Inlines"),
    *("Soft line breaks", "Textual content"),
}
#: Examples of the other sections that differ because there is no raw HTML: what would be a tag is
#: text.
RAW_HTML = {
    "Backslash escapes": numbers("21"),
    "Entity and numeric character references": numbers("31"),
    "HTML blocks": numbers("148-191"),
    "Link reference definitions": numbers("201"),
    "Lists": numbers("308-309"),
    "Code spans": numbers("344"),
    "Emphasis and strong emphasis": numbers("475-477"),
    "Links": numbers("491 494 524 536"),
    "Raw HTML": numbers("613-617 623 625-631"),
    "Hard line breaks": numbers("642-643"),
}
#: Those that differ because only web and mail addresses are links': another link, or its
#: definition, is text.
ADDRESSES = {
    "Backslash escapes": numbers("22-23"),
    "Entity and numeric character references": numbers("32-33"),
    "Link reference definitions": numbers("192-196 198 200 202-208 210 214-218"),
    "Lists": numbers("317"),
    "Emphasis and strong emphasis": numbers("404 419 422 433 473-474"),
    "Links": numbers("482-484 489 492 495-496 498-507 509-510 512 514-519 521-522 527-535 537-545 549-550 553-571"),
    "Images": numbers("573 576-577 582-589 591-593"),
    "Autolinks": numbers("596 598-599 601"),
}
#: Those that differ because `\[` and `\(` begin formulas.
FORMULAS = {"Backslash escapes": numbers("12")}

#: Those that differ because a star between two words is a sign.
SIGNS = {"Emphasis and strong emphasis": numbers("355-356 370 429")}

#: Those that differ because an address without brackets is a link.
BARE_ADDRESSES = {"Autolinks": numbers("602 608 611")}

#: Those that differ because a list may begin with any number right after a text, and because only
#: its first two items decide how far its items are apart.
LISTS = {"Lists": numbers("304 314-317 320 325-326")}

POLICIES = (RAW_HTML, ADDRESSES, FORMULAS, SIGNS, BARE_ADDRESSES, LISTS)

#: What GitHub reads in another way: one tilde is "about", and three are two and one to markdown-it.
NOT_AS_GITHUB = {"~a~ b": "<p>~a~ b</p>\n", "a ~~~b~~~": "<p>a ~<s>b</s>~</p>\n"}

WITH_ADDRESSES = [each for each in examples().values() if each.number in ADDRESSES.get(each.section, ())]
TEXTS = [each.markdown for each in examples().values()] + [each.markdown for each in gfm.EXAMPLES]
TAGS = re.compile(r"</?([^\s>]*)[^>]*>")
FORMULA = re.compile(r"<math.*?</math>", re.DOTALL)
_TEXT = "code br em strong s a span sub sup kbd"
_BLOCKS = "p h1 h2 h3 h4 h5 h6 blockquote ul ol li pre hr div table thead tbody tr th td"
KNOWN_TAGS = {*_TEXT.split(), *_BLOCKS.split()}


@contextmanager
def lifted(*policies: dict[str, frozenset[int]]) -> Iterator[None]:
    """Let policies not hold for a while. Line ends in a paragraph are never shown meanwhile."""

    parser.markdown_parser.cache_clear()
    markdown = parser.markdown_parser()
    markdown.options["breaks"] = False
    # A raw tag may stand within a link.
    markdown.any_target = ADDRESSES in policies or RAW_HTML in policies
    markdown.has_signs = SIGNS not in policies
    markdown.options["html"] = RAW_HTML in policies
    if FORMULAS in policies:
        markdown.disable(["math_inline", "math_block"])
    if BARE_ADDRESSES in policies:
        markdown.disable("bare_address")
    if LISTS in policies:
        markdown.block.ruler.at("list", list_block, {"alt": ["paragraph", "reference", "blockquote"]})
    try:
        yield
    finally:
        parser.markdown_parser.cache_clear()


def name(example: Example | gfm.Example) -> str:
    return f"{example.number}-{example.section}" if isinstance(example, Example) else example.rule


def joined(html: str) -> str:
    """Return HTML without line breaks, which this project has at each line end of a paragraph."""
    return normal(without_style(html)).replace("<br>\n", "\n")


def differs(example: Example, policy: dict[str, frozenset[int]]) -> bool:
    return example.number in policy.get(example.section, ())


def test_the_specification_is_complete() -> None:
    sections = {example.section for example in examples().values()}
    assert len(examples()) == 652
    assert EXACT | RAW_HTML.keys() | ADDRESSES.keys() | FORMULAS.keys() == sections
    assert not EXACT & (RAW_HTML.keys() | ADDRESSES.keys() | FORMULAS.keys())


def test_a_missing_specification_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(specification, "_FILE", tmp_path / "spec.txt")
    with pytest.raises(FileNotFoundError, match="npm ci"):
        examples.__wrapped__()


@pytest.mark.parametrize("example", examples().values(), ids=name)
def test_an_example_is_rendered_as_specified(example: Example) -> None:
    broken = [policy for policy in POLICIES if differs(example, policy)]
    expected = normal(ours(example.html, raw_html=RAW_HTML in broken))
    shipped = to_html(example.markdown)
    assert set(TAGS.findall(FORMULA.sub("", shipped))) <= KNOWN_TAGS
    assert (joined(shipped) == joined(expected)) is not bool(broken)
    with lifted(*broken):
        assert normal(without_style(to_html(example.markdown))) == expected


@pytest.mark.parametrize("example", gfm.EXAMPLES, ids=name)
def test_an_example_is_rendered_as_on_github(example: gfm.Example) -> None:
    expected = normal(ours(example.html))
    assert joined(to_html(example.markdown)) == joined(expected)
    with lifted():
        assert normal(without_style(to_html(example.markdown))) == expected


@pytest.mark.parametrize(("text", "html"), NOT_AS_GITHUB.items())
def test_these_texts_are_not_rendered_as_on_github(text: str, html: str) -> None:
    assert to_html(text) == html


def check(parts: Iterable[str], *, each_frame: bool = True) -> None:
    """Stream `parts` to a page, with a frame after each of them."""
    growing, page, so_far = MarkdownDocument(), empty_state(), ""
    for part in parts:
        so_far += part
        growing.feed(part)
        apply(page, growing.frame())
        assert not each_frame or html_of(page) == to_html(so_far, final=False)
    apply(page, growing.finish())
    assert html_of(page) == growing.html == to_html(so_far)


def check_each_split(text: str, *, each_frame: bool = True) -> None:
    for at in range(1, len(text) + 1):
        check((text[:at], text[at:]), each_frame=each_frame)


@pytest.mark.parametrize("example", [*examples().values(), *gfm.EXAMPLES], ids=name)
def test_each_split_in_two_is_right(example: Example | gfm.Example) -> None:
    check_each_split(example.markdown)


@pytest.mark.parametrize("example", WITH_ADDRESSES, ids=name)
def test_each_split_in_two_is_right_if_any_address_may_be_a_link(example: Example) -> None:
    # What is defined after its use is put right at the end, so the frames are looked at with the
    # definitions first.
    with lifted(ADDRESSES):
        definitions = parser.parse(example.markdown).definitions
        check_each_split(example.markdown, each_frame=not definitions)
        if definitions:
            lines = example.markdown.split("\n")
            first = ["\n".join(lines[slice(*each["map"])]) for each in definitions.values()]
            check_each_split("\n\n".join([*first, example.markdown]))


@settings(max_examples=600, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(TEXTS), st.sampled_from(["\n", "\n\n", "\n- ", "\n> ", " "])), max_size=4),
    st.lists(st.integers(0, 300), max_size=8),
)
def test_random_splits_of_examples_in_a_row_are_right(chosen: list[tuple[str, str]], cuts: list[int]) -> None:
    text = "".join(example.rstrip("\n") + end for example, end in chosen)
    points = sorted({cut % (len(text) + 1) for cut in cuts})
    parts = [text[start:end] for start, end in zip([0, *points], [*points, len(text)], strict=True)]
    assume(not parser.parse(unix_lines(text)).definitions)
    check(parts)
