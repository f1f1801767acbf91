# ruff: noqa: RUF001  (the punctuation of Chinese looks like ours)
r"""Where formulas are in a text: dollars and money, blank lines, bare `\boxed`, missing ends."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nbstream.markdown.rendering import to_html
from nbstream.widgets.markdown_document import MarkdownDocument


def formulas(text: str) -> list[str]:
    """Return the TeX of the formulas in `text`."""
    html = to_html(text, settled=True)
    return [
        tex.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")
        for tex in re.findall(r'tex2jax_process"[^>]*>\\[(\[](.*?)\\[)\]]</', html, re.DOTALL)
    ]


def checked_frames(text: str) -> list[str]:
    """Return the HTML of each frame, a frame for each character; assert that it is the whole."""
    growing, seen = MarkdownDocument(), []
    for at, character in enumerate(text):
        growing.feed(character)
        growing.frame()
        seen.append(growing.html)
        assert growing.html == to_html(text[: at + 1], final=False)
    growing.finish()
    assert growing.html == to_html(text)
    return seen


BLANK_LINES = {
    "\\[\nd(t)\n=\n\ns_0 + vt\n\\]\n\nNext.": "d(t)\n=\ns_0 + vt",
    "$$\na = b\n\n- c\n\n+ d\n---\n$$\n": "a = b\n- c\n+ d\n---",
    "So:\n$$\n\na\n===\nb\n\n$$\nand": "a\n===\nb",
    "- item\n\n  \\[\n  x\n\n  = 1. y\n  \\]\n": "x\n= 1. y",
    "> \\[\n> x\n>\n> - y\n> ~~~ y\n> \\]\n": None,
    "\\begin{align}\na &= b \\\\\n\nc &= d\n\\end{align}\n": None,
    "\\[\n\\begin{cases}\n1\n\n\n\n\\text{if we want it}\n\\end{cases}\n\\]": None,
}


@pytest.mark.parametrize(("text", "tex"), BLANK_LINES.items())
def test_a_formula_may_contain_blank_lines(text: str, tex: str | None) -> None:
    found = formulas(text)
    assert len(found) == 1
    assert "\n\n" not in found[0]
    if tex is not None:
        assert found == [tex]
    for html in [*checked_frames(text), to_html(text)]:
        assert not re.search("<h1|<h2|<hr|nbstream-code|<li>(?!i|\n)", html)


def test_text_after_a_formula_with_blank_lines_is_a_paragraph_with_it() -> None:
    text = "Then\n\\[\na_1\n\n= b\n\\] holds, and\nmore.\n\n# Next\n"
    checked_frames(text)
    assert formulas(text) == ["a_1\n= b"]
    assert "holds, and" in to_html(text)


NO_END = [
    "\\[\nx = 1\n\n",
    "$$\nx = 1\n\n",
    "$$x = 1\n\n",
    "\\[ x = 1\n\nand = 2\n\n",
    "\\begin{align}\nx &= 1\n\n",
    "Thus:\n\\[\nx = 1\n\n",
]
AFTER = [
    "The answer **is** here.\n\nMore of it.\n",
    "# Heading\n\nText\n",
    "```py\nx\n```\n",
    "- First item\n- second\n",
    "1. First item\n2. second\n",
    "| Step | Value |\n|---|---|\n| a | b |\n",
    "Therefore, $x$ is one.\n",
    "So \\(x\\) is one.\n",
    "\\[\ny\n\\]\n",
    "所以答案是一。\n",
    "---\n\nText\n",
]


@pytest.mark.parametrize("start", NO_END)
@pytest.mark.parametrize("after", AFTER)
def test_a_formula_without_an_end_takes_no_text_with_it(start: str, after: str) -> None:
    checked_frames(start + after)
    assert to_html(start + after).endswith(to_html(after))
    html = to_html(start + after).removesuffix(to_html(after))
    assert html.count("<math") == 1


def test_what_follows_a_formula_without_an_end_is_shown_at_once_and_stays() -> None:
    text = "\\[\nx = 1\n\nThe answer is here, in a longer line of text.\n"
    seen = checked_frames(text)
    shown = [html.split("</math>")[1] for html in seen if "</math>" in html]
    words = [re.sub("<.*?>|\n", "", html).strip() for html in shown]
    assert all(later.startswith(earlier) for earlier, later in pairwise(words))
    assert words[-1] == "The answer is here, in a longer line of text."


@pytest.mark.parametrize("line", ["x = y + 1", "\\alpha", "2"])
def test_a_formula_without_an_end_is_bounded(line: str) -> None:
    html = to_html("\\[\n" + f"{line}\n\n" * 3_000)
    assert html.count("<math") == 1
    assert len(re.sub("<math.*?</math>|<code.*?</code>", "", html)) > 2_000


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("`a` $HOME/$USER and $PATH:$PWD", []),
        ("$A-$B, $A$B, $HOME/bin:$PATH", []),
        ("${HOME}/${USER} and $(pwd)/$(ls)", []),
        ("$5–$10, US$5 to US$9, $1,000 and $2,000, 5$ or 6$", []),
        ("$.50 and $.75, $5/month or $50/year (USD$)", []),
        ("from $23 billion to roughly $14 billion", []),
        ("$/PR is down, $/session is up", []),
        ("$5（约35元）和10$左右", []),
        ("for ($i=0; $i<10; $i++) { echo $i; }", []),
        ('"$@" and "$*", $? and $!', []),
        ("the $x$-axis, the $n$th and $k$-th, two $x$s, $3$D", ["x", "n", "k", "x", "3"]),
        ("$\\alpha$helix, $x^2$y", ["\\alpha", "x^2"]),
        ("It costs $5 for $n$ of $\\frac{a}{b}$.", ["n", "\\frac{a}{b}"]),
        ("其中 $ a_1 $是首项，$ d $是公差。", ["a_1", "d"]),
        ("设 $ x $ 与 $ x + y $，$\\alpha $为角", ["x", "x + y", "\\alpha"]),
        ("$ 5 and $ 6, $ 10 - $ 20", []),
        ("$n \\log n$ and $n log n$", ["n \\log n", "n log n"]),
    ],
)
def test_dollars(text: str, found: list[str]) -> None:
    checked_frames(text)
    assert formulas(text) == found


BARE = {
    "\\boxed{42}": ["\\boxed{42}"],
    "**Final Answer**\n\\boxed{\\frac{1}{2}}\n": ["\\boxed{\\frac{1}{2}}"],
    "So the answer is \\boxed{\\{1, 2\\}}.": ["\\boxed{\\{1, 2\\}}"],
    "\\boxed{42}.\n\nDone.": ["\\boxed{42}"],
    "- one\n\n  \\boxed{\n  x\n  }\n- two": ["\\boxed{x\n}"],
    "> \\begin{align}\n> a &= b\n> \\end{align}\n": ["a &= b"],
    "Text\n\\begin{pmatrix} 1 & 2 \\end{pmatrix}\nmore": ["1 & 2"],
    "\\begin{cases} \\begin{cases} a \\end{cases} \\\\ b \\end{cases}\n": [" b "],
    "`\\boxed{42}`": [],
    "```latex\n\\boxed{42}\n\\begin{align}\na\n\\end{align}\n```\n": [],
    "    \\boxed{42}\n": [],
    "\\begin{itemize}\n\\item a\n\\end{itemize}\n": [],
    "Use \\boxed{} for it.": [],
}


@pytest.mark.parametrize(("text", "found"), BARE.items())
def test_tex_without_delimiters(text: str, found: list[str]) -> None:
    checked_frames(text)
    tex = formulas(text)
    assert len(tex) == len(found)
    assert all(each in whole for each, whole in zip(found, tex, strict=True))


CUT = [
    "\\[\n\\{1, 2, \\frac{3}{4}\\} + \\sum_{i=1}^n x_i\n\\]",
    "Then \\(\\{1, 2\\} \\cup A_1\\)",
    "Then $\\{1, 2\\} \\cup A_1$",
    "Then **$x^2 + \\{y\\}$**",
    "$$\\left\\{ \\frac{a}{b} \\right\\}$$",
    "- $\\{a\\}$",
    "\\boxed{\\{1, 2\\}}",
    "So \\boxed{\\{1, 2\\}}",
    "\\begin{align}\n\\{x\\} &= 1 \\\\\n y &= 2\n\\end{align}",
]


@pytest.mark.parametrize("text", CUT)
@pytest.mark.parametrize("settled", [False, True])
def test_a_formula_that_is_cut_off_stays_a_formula(text: str, settled: bool) -> None:  # noqa: FBT001
    for end in range(1, len(text) + 1):
        frame, last = (to_html(text[:end], final=final) for final in (False, True))
        if "<math" in frame:
            assert "nbstream-math" in to_html(text[:end], settled=True) if settled else "<math" in last
            assert "{" not in re.sub("<math.*?</math>", "", last)


@pytest.mark.parametrize(
    ("beginning", "tex"),
    [
        ("\\{1, \\frac{3}{", "\\{1, \\frac{3}{}"),
        ("\\{1, \\frac{3}", "\\{1, \\frac{3}{}"),
        ("\\left( \\sqrt{x", "\\left( \\sqrt{x}\\right."),
        ("x = \\begin{cases} 1 & \\te", "x = \\begin{cases} 1 &\\end{cases}"),
        ("\\frac{\\frac{a}{b}", "\\frac{\\frac{a}{b}}{}"),
        ("a^", "a"),
    ],
)
def test_a_formula_that_is_cut_off_is_complete_tex_in_the_file(beginning: str, tex: str) -> None:
    assert formulas(f"Then \\({beginning}") == [tex]


@pytest.mark.parametrize("opener", ["\\(", "$"])
def test_a_formula_is_shown_while_it_grows(opener: str) -> None:
    text = f"With {opener}\\frac{{a}}{{b}} + x_1"
    for end in range(len(f"With {opener}\\frac{{a"), len(text)):
        assert "<math" in to_html(text[:end], final=False)
        assert opener not in to_html(text[:end], final=False)


TEXT_OR_TEX = st.lists(
    st.sampled_from(
        [
            *(
                "$",
                "$ ",
                " $",
                "$$",
                "$$\n",
                "\n$$\n",
                "\\(",
                "\\)",
                "\\[\n",
                "\n\\]\n",
                "\\[",
                "\\]",
                "\n\n",
                "\n",
                " ",
            ),
            *("\\boxed{", "}", "{", "\\begin{align}\n", "\\end{align}", "&", "\\\\", "\\", "x", "x = 1", "a_1", "^2"),
            *(
                "The answer",
                "and",
                "5",
                "10",
                "**",
                "`",
                "- ",
                "> ",
                "1. ",
                "# ",
                "---",
                "是首项",
                "，",
                "|",
                "*",
                "```\n",
            ),
            *("\\frac{a}{b}", "\\{", "\\}", "\\text{if so", "HOME", "/", ":", "-", "word word "),
        ]
    ),
    max_size=30,
).map("".join)


@settings(max_examples=600, deadline=None)
@given(TEXT_OR_TEX)
@example("> a\n> $$\n\nb\n")
@example("> $$\n> 5\n\n$$\n")
def test_frames_with_formulas_equal_full_renderings(text: str) -> None:
    checked_frames(text)


@pytest.mark.parametrize(
    ("tex", "settled"),
    [
        ("\\begin{aligned}a&=b\\tag{1}\\\\c&=d\\tag{2}\\end{aligned}",
            "\\begin{align*}a&=b\\tag{1}\\\\c&=d\\tag{2}\\end{align*}"),
        ("\\begin{gathered}a\\tag{*}\\\\b\\end{gathered}", "\\begin{gather*}a\\tag{*}\\\\b\\end{gather*}"),
        ("x\\tag{1}\\tag{2}", "x\\tag{1}\\qquad\\text{(2)}"),
        ("y=\\begin{aligned}a\\tag{1}\\end{aligned}", "y=\\begin{aligned}a\\qquad\\text{(1)}\\end{aligned}"),
        ("\\text{a_b}", "{\\text{a}\\_\\text{b}}"),
        ("x\\tag{1}", "x\\tag{1}"),
    ],
)  # fmt: skip
def test_tags_and_underscores_are_written_as_mathjax_takes_them(tex: str, settled: str) -> None:
    assert formulas(f"$$\n{tex}\n$$") == [settled]


@pytest.mark.parametrize("sign", list(".,;:。，；!"))
@pytest.mark.parametrize("formula", [r"\boxed{42}", "\\begin{align}\na&=b\n\\end{align}"])
def test_a_sign_behind_a_formula_without_delimiters_stays(formula: str, sign: str) -> None:
    assert sign in re.sub(r"<[^>]*>", "", to_html(f"So:\n\n{formula}{sign}\n")).removeprefix("So:")
