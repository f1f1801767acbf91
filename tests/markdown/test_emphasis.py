# ruff: noqa: RUF001  (texts of many scripts)
"""Emphasis beside Chinese, Japanese and Korean, and stars that are signs, in each frame."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from nbstream.markdown.emphasis import CJK
from nbstream.markdown.growing_blocks import GrowingBlocks
from nbstream.markdown.rendering import to_html
from nbstream.output.terminal.rows import to_rows

TAG = re.compile(r"<[^>]*>")

#: Each text, and what of it is emphasised.
EMPHASISED = [
    ("**提示：**先存档。", "提示："),
    ("见**「附录」**说明", "「附录」"),
    ("- **步骤一：**打开", "步骤一："),
    ("请用**“快速启动”**模式", "“快速启动”"),
    ("**第1步（必做）**：备份", "第1步（必做）"),
    ("安装**《用户手册》**中的驱动", "《用户手册》"),
    ("价格是**¥128.00**元", "¥128.00"),
    ("占比**35%**左右", "35%"),
    ("这是**重点**内容", "重点"),
    ("共**3**个，其中*2*个", "3|2"),
    ("**注意！**不要断电", "注意！"),
    ("**为什么？**因为冷", "为什么？"),
    ("**`pip`**是工具", "pip"),
    ("**[文档](https://example.com/a)**的说明", "文档"),
    ("他说：*“不行。”*然后走了", "“不行。”"),
    ("~~旧价：~~新价", "旧价："),
    ("***重要：***读两遍", "重要："),
    ("||**甲**||", "甲"),
    ("「**甲。**」乙", "甲。"),
    ("（**甲**）乙", "甲"),
    ("**手順１：**電源を切る", "手順１："),
    ("これは**「重要」**です。", "「重要」"),
    ("**ﾎﾞﾀﾝ｡**を押す", "ﾎﾞﾀﾝ｡"),
    ("社名は**（株）ヤマ**です", "（株）ヤマ"),
    ("**注意：**ｶﾀｶﾅ", "注意："),
    ("辻\U000e0100**(つじ)**さん", "(つじ)"),
    ("**참고(필독):**다음", "참고(필독):"),
    ("**‘서울’**은 수도", "‘서울’"),
    ("이것은 **중요(!)**합니다.", "중요(!)"),
    ("**데이터(data)**를 읽는다", "데이터(data)"),
    ("> **结论：**可以", "结论："),
    ("1. **甲：**乙\n2. **丙：**丁", "甲：|丙："),
    ("Das ist **„wichtig“** hier", "„wichtig“"),
    ("C'est **« important »** ici", "« important »"),
    ("هذا **مهم**، جدا", "مهم"),
    ("यह **महत्वपूर्ण** है", "महत्वपूर्ण"),
    ("walk**ed** and go**ing**", "ed|ing"),
    ("**H**2O and *n* items, *9 lives*", "H|n|9 lives"),
    ("the book *1984* is", "1984"),
    ("*Note:* see (*ibid.*), ok", "Note:|ibid."),
    ("**Berlin, Germany** and *Rome, Italy*", "Berlin, Germany|Rome, Italy"),
    ("H**2**O", "2"),
    ("__also__ and __two words__", "also|two words"),
    ("__强调__，", "强调"),
    ("**a**b**c** and **/etc/hosts**", "a|c|/etc/hosts"),
    ("*see x**2 and y**2 here*", "see x**2 and y**2 here"),
    ("**Step 1**and **Q**2", "Step 1|Q"),
]
#: Texts in which no star is a marker.
COMPUTED = [
    "(1/4)*1 + (3/4)*(1/2)",
    "2*3*4 = 24",
    "150 kg *9.8 m/s² *5 m",
    "Compute 234*17 first, then 3*4.",
    "2**3 is 8, and 2**10 is 1024",
    "x**2 + y**2 = r**2",
    "x**n + y**n = z**n",
    "(a+b)**2 - (a-b)**2 = 4*a*b",
    "10**-3 and 10**-6",
    "2**(n+1) - 2**n",
    "a * b * c",
    "a*b + c*d",
    "foo*bar*baz",
    "f(x)*g(x)*h(x)",
    "[1, 2]*3 and [0]*n + [1]*m",
    "{2}*{3}*{4}",
    "|a|*|b|*|c|",
    "3.5*2.1*1.05",
    "π*r²*h",
    "x²*y²*z²",
    "50%*20 + 30%*10",
    "2*-3*-4",
    "4*√2*√3",
    "`a`*`b`*`c`",
    "n_1*n_2*n_3",
    "5* and 6* stars",
    "Price* and tax* are net.",
    "def f(*args, **kwargs): g(*args, **kwargs)",
    "char *p, *q; int *r = &x;",
    "**kwargs is a dict, *args a tuple.",
    "copy *.py and *.txt files",
    "α*β*γ",
    "а*б*в",
    "र*स*ल",
    "12*7=84, 84*3=252",
    "3*4\n5*6\n7*8",
    "speed = 5 *3 *2",
    "(2+3)*(4+5)*(6+7)",
    "＊＊要点＊＊ ＊一＊",
    "2*x + 3*y",
    "a[1]*b[2]*c[3]",
    "5 * 3 and 4 * 2",
    "10%*200=20, 5!*3",
    "src/*.py and lib/*.py, packages/*/src and a/*/b",
    "**/*.py and src/**/*.ts",
    'the "*" and the "*" sign, (*) and (*)',
    "“*”和“*”、「*」と「*」",
    "a[*] and b[*], COUNT(*) + COUNT(*), '**' and '**'",
    "__init__ and __init__.py, __main__, __post_init__(self)",
    "if __name__ == '__main__': call __str__ or __call__",
    "mid_snake_case and snake_post_ and post_",
]


def frames(text: str) -> list[str]:
    return [*(to_html(text[:at], final=False) for at in range(1, len(text))), to_html(text)]


def words(html: str) -> str:
    return TAG.sub("", html).replace("&quot;", '"').replace("&amp;", "&")


@pytest.mark.parametrize(("text", "emphasised"), EMPHASISED)
def test_emphasis_is_seen_in_each_frame(text: str, emphasised: str) -> None:
    *growing, whole = frames(text)
    found = re.findall(r"<(strong|em|s)>(.*?)</\1>", whole)
    assert [words(content) for _, content in found] == emphasised.split("|")
    for frame in [*growing, whole]:
        assert not re.search(r"(?<![xy*])\*|~", words(frame)), frame


@pytest.mark.parametrize(("text", "emphasised"), EMPHASISED)
def test_emphasis_is_seen_in_a_terminal(text: str, emphasised: str) -> None:
    blocks = GrowingBlocks()
    rows = "\n".join(row for piece in [*blocks.feed(text), *blocks.finish()] for row in to_rows(piece.block, 80))
    assert not re.search(r"(?<![xy*])\*|~", rows)
    for each in emphasised.split("|"):
        assert re.search(r"\x1b\[[0-9;]*m" + re.escape(each) + r"\x1b\[0m", rows)


@pytest.mark.parametrize("text", COMPUTED)
def test_signs_stay_in_each_frame(text: str) -> None:
    for at in range(1, len(text) + 1):
        frame = to_html(text[:at], final=False)
        assert not re.search("<(em|strong)>", frame), frame
        # A star is not shown before it is known what it is.
        shown = words(frame).strip()
        assert text.replace("`", "").replace("[", "").startswith(shown.replace("[", ""))
        assert len(shown) >= at - 14 - 2 * text.count("`") or text[0] == "|"
    assert words(to_html(text)).strip() == text.replace("`", "")


def test_the_ranges_are_those_of_unicode() -> None:
    for code in range(0x110000):
        char = chr(code)
        name = unicodedata.name(char, "")
        # Wide since Unicode 16, and Hangul, which counts in any width.
        if (
            not name
            or 0x1D300 <= code <= 0x1D376
            or name.startswith(("HANGUL", "HEXAGRAM", "TRIGRAM", "DIGRAM", "MONO"))
        ):
            continue
        is_wide = unicodedata.east_asian_width(char) in "WFH"
        # Other wide characters are emoji.
        assert is_wide or not CJK.match(char), name
        if is_wide and not CJK.match(char):
            assert code in range(0x231A, 0x2B56) or code >= 0x1F004, name


@pytest.mark.parametrize(
    ("text", "html"),
    [
        # A variation selector that makes a quotation mark wide, and one that does not.
        ("“\ufe01甲”\ufe01**Lab**tag", "“\ufe01甲”\ufe01<strong>Lab</strong>tag"),
        ("**‘\ufe01甲’\ufe01**tag", "<strong>‘\ufe01甲’\ufe01</strong>tag"),
        ("**“Lab”**tag", "**“Lab”**tag"),
        ("海\ufe00**(A)**", "海\ufe00<strong>(A)</strong>"),
        ("正。\ufe01_Title._", "正。\ufe01<em>Title.</em>"),
        ("x**㊙**y", "x<strong>㊙</strong>y"),
        ("a**🎉**a", "a**🎉**a"),
        ("z~~(old)~~new", "z~~(old)~~new"),
        ("新~~(旧)~~x", "新~~(旧)~~x"),
        ("新~~(旧)~~价", "新<s>(旧)</s>价"),
        ("_强调_内容", "_强调_内容"),
        ("snake_case_name 和 _强调_。", "snake_case_name 和 <em>强调</em>。"),
    ],
)
def test_the_rule_for_cjk(text: str, html: str) -> None:
    assert to_html(text) == f"<p>{html}</p>\n"


marks = st.lists(
    st.sampled_from(["*", "**", "_", "__", "~~", "a", "b c", " ", ".", "(", ")", "é", "»"]), max_size=14
).map("".join)


@settings(max_examples=500, deadline=None)
@given(marks)
def test_without_cjk_and_signs_the_rule_is_commonmarks(text: str) -> None:
    text = "» " + re.sub(r"(?<=[ab)cé])\*(?=[ab(é])", "* ", text)
    theirs = MarkdownIt("commonmark", {"breaks": True, "html": False, "xhtmlOut": False}).enable("strikethrough")
    if not re.search(r"(?<=[ab)cé])\*\*?(?=[ab(é])", text):
        assert to_html(text) == theirs.render(text)
