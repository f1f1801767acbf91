"""Blocks in the Markdown of a file: other programs read the same blocks in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt

from nbstream.markdown.portable import portable
from nbstream.markdown.rendering import to_html

if TYPE_CHECKING:
    from markdown_it.token import Token


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("• a\n  ◦ b\n• c", "* a\n  + b\n* c"),
        ("•a\n•b", "* a\n* b"),
        ("So:\n2. b\n3. c", "So:\n\n2. b\n3. c"),
        ("So:\n- b\n# H\n> q", "So:\n\n- b\n\n# H\n> q"),
        ("So:\n```py\nx\n```", "So:\n\n```py\nx\n```"),
        ("So:```py\nx\n```", "So:\n\n```py\nx\n```"),
        ("- So:```py\n  x\n  ```", "- So:\n  ```py\n  x\n  ```"),
        ("```md\n```py\nx\n```\n```\nAfter", "````md\n```py\nx\n```\n````\nAfter"),
        ("> ~~~md\n> ~~~~py\n> x\n> ~~~~\n> ~~~", "> ~~~~~md\n> ~~~~py\n> x\n> ~~~~\n> ~~~~~"),
        ("```md\n```py\nx", "````md\n```py\nx"),
        ("|a|b|\n|-|-|\n|1|2|3|", "|a|b|\n|-|-|\n|1|2 \\| 3|"),
        ("|a|b|\n|-|-|\n|$|x|$|`y|z`|", "|a|b|\n|-|-|\n|$\\vert x\\vert$|`y|z`|"),
        ("|a|\n|-|\n|$P(A\\|B)$ and $\\|v\\|$|", "|a|\n|-|\n|$P(A\\vert B)$ and $\\Vert v\\Vert$|"),
        # What is right stays as it is.
        ("- a\n- b\n\n1. c", "- a\n- b\n\n1. c"),
        ("````md\n```\n````", "````md\n```\n````"),
    ],
)
def test_blocks_are_written_as_others_know_them(text: str, written: str) -> None:
    assert portable(text) == written
    assert portable(written) == written
    shown = re.sub(r"\\vert ?", "|", re.sub(r"\\Vert ?", r"\\|", to_html(written, settled=True)))
    assert shown == to_html(text, settled=True)


def test_a_plain_parser_finds_the_same_code() -> None:
    text = portable("Take:```markdown\n# A\n\n```py\nx\n```\n\nB\n```\nAfter\n")
    fences = [token for token in MarkdownIt().parse(text) if token.type == "fence"]
    assert [fence.content for fence in fences] == ["# A\n\n```py\nx\n```\n\nB\n"]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("A ![plot](https://x.org/a.png) B", "A [Image from x.org not loaded: plot](<https://x.org/a.png>) B"),
        ("![](https://x.org/a.png)", "[Image from x.org not loaded](<https://x.org/a.png>)"),
        (
            "[![Build *1*](https://x.org/b.svg)](https://ci.org)",
            "[Image from x.org not loaded: Build 1](https://ci.org)",
        ),
        ("![a][r]\n\n[r]: https://x.org/p_q.png", None),
        (
            "|a|\n|-|\n|![b](https://x.org/y.png)|",
            "|a|\n|-|\n|[Image from x.org not loaded: b](<https://x.org/y.png>)|",
        ),
        ("![a_b_ $5](plot.png) $6 and $7", "Image not loaded: a\\_b\\_ \\$5 \\$6 and \\$7"),
        ("![a](data:image/png;base64,AAAA)", "Image not loaded: a"),
        ("![a ![b](https://x.org) c](https://y.org)", "[Image from y.org not loaded: a b c](<https://y.org>)"),
        ("`![a](b)`", "`![a](b)`"),
    ],
)
def test_an_image_is_a_link_that_loads_nothing(text: str, written: str | None) -> None:
    """LaTeX cannot be typeset with an address as an image, and other programs would load it."""
    found = portable(text)
    assert written is None or found == written
    assert portable(found) == found
    assert "<img" not in MarkdownIt("gfm-like", {"linkify": False}).render(found)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("<b>raw</b> <script>alert(1)</script>", "\\<b>raw\\</b> \\<script>alert(1)\\</script>"),
        ("<div\nid=x>\n\n*a*\n\n</div>", None),
        ("a\n<!-- b -->\nc", None),
        ("Use `List<int>` or List<int>, as 1 < 2.", "Use `List<int>` or List\\<int>, as 1 < 2."),
        ("- <details>\n  <summary>a</summary>", None),
        ("|a|\n|-|\n|<i>b</i>|", None),
        ("<img src=x onerror=alert(1)>", None),
        ("<pre>\n**a**", None),
        # Tags that are rendered here are rendered elsewhere, and addresses are links.
        ("H<sub>2</sub>O<br>x", "H<sub>2</sub>O<br>x"),
        ("<https://x.org>", "<https://x.org>"),
    ],
)
def test_raw_html_is_text_for_others(text: str, written: str | None) -> None:
    found = portable(text)
    assert written is None or found == written
    assert portable(found) == found
    assert to_html(found, settled=True) == to_html(text, settled=True)
    types = {each.type for token in MarkdownIt("gfm-like", {"linkify": False}).parse(found) for each in _all(token)}
    assert "html_block" not in types
    assert "html_inline" not in types or "<sub>" in text


def _all(token: Token) -> list[Token]:
    return [token, *(token.children or [])]
