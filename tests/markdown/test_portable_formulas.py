# ruff: noqa: RUF001  (the punctuation of Chinese looks like ours)
r"""Formulas in the Markdown of a file: pandoc, GitHub and notebooks know them by their dollars."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbstream.markdown.math import for_dollars
from nbstream.markdown.portable import portable
from nbstream.markdown.rendering import to_html

SOURCE = re.compile(r'<code class="nbstream-tex">([^<]*)</code>')
FORMULA = re.compile(r'<(div|span) class="nbstream-math[^>]*>(\\[\[(])(.*?)\\[\])]</\1>\n?', re.DOTALL)
#: In a table, bars are written as TeX. Blanks beside them mean nothing.
BAR = re.compile(r" *(?:\\(?:vert|(Vert))(?![A-Za-z])|(\\)?\|) *")
#: A displayed formula may be a block or all that a paragraph has.
ALONE = re.compile(r"\s*(?:<p>)?<formula>(?:</p>)?\s*")
IN_BRACES = re.compile(r"\{(.*)\}", re.DOTALL)


def shown(text: str) -> tuple[list[tuple[str, bool]], str]:
    """Return the formulas of a text, as a file has them, and the HTML around them."""
    html = to_html(text, settled=True)
    formulas = []
    for _, opener, written in FORMULA.findall(html):
        display = opener == r"\["
        tex = for_dollars(BAR.sub(_bar, unescape(written)), display=display)
        whole = IN_BRACES.fullmatch(tex)
        formulas.append((whole[1] if whole and not display else tex, display))
    # What MathJax refuses is source; its lines are joined as those of a formula.
    html = SOURCE.sub(lambda found: " ".join(for_dollars(unescape(found[1]), display=False).split()), html)
    html = FORMULA.sub("<formula>", html).replace("\u200b", "")
    return formulas, ALONE.sub("<formula>", html)


def _bar(found: re.Match[str]) -> str:
    return r"\|" if found[1] or found[2] else "|"


def assert_kept(text: str) -> None:
    """Assert that exported Markdown shows the same, and that its export is the same text."""
    written = portable(text)
    assert shown(written) == shown(text), written
    assert portable(written) == written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (r"So \(x\) and \[y\] is", "So $x$ and $$y$$ is"),
        ("\\( a\n+b \\) c", "$a +b$ c"),
        (r"其中 $ a_1 $是首项，$ d $是公差。", "其中 $a_1$是首项，$d$是公差。"),
        ("\\[ a\n\n= b \\]\nafter", "$$a = b$$\nafter"),
        ("$$\na\n\n= b\n$$", "$$a = b$$"),
        (r"Thus \boxed{4}.", r"Thus $\boxed{4}$."),
        (r"\boxed{4}", r"$$\boxed{4}$$"),
        (
            "\\begin{align}\na&=b \\tag{1}\\\\\nc&=d\n\\end{align}",
            r"$$\begin{aligned}a&=b \qquad\text{(1)}\\ c&=d \end{aligned}$$",
        ),
        ("> - \\[x\n>   +y\\]\n> q", "> - $$x +y$$\n> q"),
        (r"The end \(\frac{a}{b", r"The end $\frac{a}{b}$"),
        ("\\[ \\frac{a}{b", r"$$\frac{a}{b}$$"),
        (r"\(x\)2, 3\(y\)", "$x$&#8203;2, 3&#8203;$y$"),
        (r"\(5\) and \(two words\)", "$5$ and ${two words}$"),
        (r"\(\text{if $x$}\)", r"${\text{if }x}$"),
        (r"\[x\tag{1}\] \(y\tag{2}\)", r"$$x\tag{1}$$ $y\qquad\text{(2)}$"),
        ("|a|b|\n|-|-|\n|\\(P(A\\|B)\\)|$ x $|", "|a|b|\n|-|-|\n|$P(A\\vert B)$|$x$|"),
        (r"\(x\)\(y\)$z$", "$x$&#8203;$y$&#8203;$z$"),
        ("so\n$$x$$\nis\nso", "so\n$$x$$\nis  \nso"),
        # Money.
        (r"costs $5 or $6, $HOME/$USER", r"costs \$5 or \$6, \$HOME/\$USER"),
        (r"for $5, \(x\)", r"for \$5, $x$"),
        ("only $5\n\nand $6", "only $5\n\nand $6"),
        ("|$5|$6|\n|-|-|\n|\\$7|8|", "|\\$5|\\$6|\n|-|-|\n|\\$7|8|"),
        ("|$5|$9k$|\n|-|-|\n|$7|$12$|", "|\\$5|$9k$|\n|-|-|\n|\\$7|$12$|"),
        # Code and escapes are no formulas.
        ("`\\(x\\)` and `$5` `$6`", "`\\(x\\)` and `$5` `$6`"),
        ("```\n\\[x\\] $5 $6\n```", "```\n\\[x\\] $5 $6\n```"),
        (r"a \[x] b", r"a \[x] b"),
    ],
)
def test_formulas_are_written_with_dollars(text: str, written: str) -> None:
    assert portable(text) == written
    assert_kept(text)


@pytest.mark.parametrize(
    ("tex", "written"),
    [
        (r"\begin{gather*}a\\b\end{gather*}", r"\begin{gathered}a\\b\end{gathered}"),
        (r"\begin{equation}a\label{e}\end{equation}", "a"),
        (r"\begin{rcases}a\end{rcases}", r"\left.\begin{array}{ll}a\end{array}\right\}"),
        ("a % note\n+ 5\\%", r"a + 5\%"),
        ("a\\ ", r"a\ {}"),
    ],
)
def test_latex_takes_the_formula_in_math_mode(tex: str, written: str) -> None:
    assert for_dollars(tex, display=True) == written
    assert for_dollars(written, display=True) == written


pieces = st.sampled_from(
    [
        r"\(x\)", r"\( a_1 + 2 \)", r"\(two words\)", "$ n $", "$a^2$", "$$b$$", r"\[c|d\]", "\\[\ne\n\n=f\n\\]\n",
        r"\boxed{4}", "\n\\begin{align}a&=b\\tag{1}\\end{align}\n", r"\(\frac{a}{b", "\\(g\n+h\\)",
        r"\(\text{if $x$}\)", "$5", "$", "2", "k", " ", " and ", "，", "\n", "\n\n", "- ", "> ", "1. ", "# ",
        "**", "`", "\n\n|a|b|\n|-|-|\n|\\(P(A|B)\\)\\[c\\]|$5 $d$|\n", "[l](http://m.n)", "\\", "\\$",
    ]
)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(st.lists(pieces, max_size=12).map("".join))
def test_what_is_written_has_the_same_formulas_and_text(text: str) -> None:
    assert_kept(text)
