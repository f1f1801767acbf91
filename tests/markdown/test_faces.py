# ruff: noqa: RUF001  (texts of many scripts)
"""What has been read does not change: each frame shows a beginning of what the whole text shows."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbstream.markdown.rendering import to_html
from tests.markdown.test_specification import check

TEXTS = [
    "6! = 6*5*4*3*2*1 = 720",
    "SELECT * FROM t WHERE $__filter(x) AND COUNT(*) > 1",
    "见 https://example.com/docs（中文说明）了解更多",
    "https://example.com/安装包（正式版）和https://example.com/s?wd=中文",
    "链接:https://www.example.com こちら→https://example.com",
    "【视频】《片名》，http://t.example/RZ（分享自 @网站）《甲》购买http://t.example/R《乙》",
    "PR：https://example.com/pull/45（`fix/a` → `main`）",
    "https://bücher.example/ä and http://пример.example/б",
    "This is **bold text** and ~~struck~~ text",
    "** __ and my name is **Bob** ok",
    "It is 20~25°C today, 10~20 people, ~~old~~ new, ~5",
    'text <div class="a"> more, and x<y, a<b>c, List<int> and <T>',
    "a&b, AT&T, R&D &copy; 2026 &nbsp;x &unknown; &#38; &",
    "**1.先备份**2.再操作",
    "* **开源：**代码公开\n* **免费：**不付费",
    "\\*\\*新增\\*\\*能力",
    "see [1], [2, 3] and [3][4], array[0], x[i][j]",
    "Footnote[^1] and [^note] text",
    "A*B*C, a*-b, \"x\"*3, 'ab'*2, x*(-1), (-1)**n, 2**-1, n!*m!, 5 %*3",
    "Great!*sigh* and *sigh* (sigh*)",
    'He said *"no"*, then *left*.',
    "1*2, 3 * 4, 5* 6, 7 *8",
    "**Note**: *this* is __that__; ***all*** ok",
    "*a* *b* *c* **d** **e** *f g*",
    "“*引用*”和‘**强调**’",
    "Use **Ctrl+C**/**Ctrl+V** or *Ctrl*+*C*",
    "foo_bar_baz and _foo_ and __bar__.",
    "email me@example.com or <me@example.com> or <https://example.com>",
    "C++ <- R, a <= b, a <-b, x <3 love",
    "word<sup>1</sup>, <sub>2</sub>, <b>bold</b>, <kbd>X</kbd><br>end",
    "*x*² + *y*² = *z*², *H*₂O",
    "- [ ] *todo* **x**\n- [x] `done`",
    "price*: 5 and tax*: 6, *without VAT",
    "`**` and `*`, `a*b*c`, `<br>`",
    "Visit **https://example.com/a**, or *https://example.com/b*!",
    "[here](https://example.com/a_b) and [there](#b), [**c**](d.md)",
    "二次方は x**2、三次方は x**3 です",
    "价格：3*128元，共2*3箱",
    "Öffne „**Datei**“, dann »*Neu*«, dann ‚**Ok**‘.",
    "L'**« accent »** et l'*élision* : **« oui »**.",
    "यह *बहुत* **अच्छा** है।",
    "هذا *مهم* و**جيد** جدًا.",
]


def words(html: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", html))


@pytest.mark.parametrize("text", TEXTS)
def test_each_frame_shows_a_beginning_of_the_whole(text: str) -> None:
    whole = words(to_html(text))
    for at in range(1, len(text) + 1):
        frame = words(to_html(text[:at], final=False)).rstrip()
        assert whole.startswith(frame), text[:at]
    check(text)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(TEXTS), min_size=2, max_size=3), st.sampled_from(["\n\n", "\n", "，", " "]), st.data())
def test_texts_in_a_row_are_split_anywhere(texts: list[str], joint: str, data: st.DataObject) -> None:
    text = joint.join(texts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    check(text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True))
