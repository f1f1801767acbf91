# ruff: noqa: RUF001  (the characters of mathematics look like others)
"""Formulas become MathML and text. TeX that is refused is shown as source."""

from __future__ import annotations

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbstream.markdown.math import MOST_CHARACTERS, MOST_LEVELS, to_mathml, to_text

#: Formulas that models write, and their text on a terminal.
FORMULAS = {
    r"\frac{a+b}{c}": "(a + b)/c",
    r"x^2 + y_i^{n+1} = \alpha_{ij}": "x² + yᵢⁿ⁺¹ = αᵢⱼ",
    r"\sqrt{x} + \sqrt{x^2+1} + \sqrt[3]{y}": "√x + √(x² + 1) + ∛y",
    r"x = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a}": "x = (−b ± √(b² − 4ac))/(2a)",
    r"\sum_{i=1}^{n} i^2 = \frac{n(n+1)}{6}": "∑ᵢ₌₁ⁿ i² = n(n + 1)/6",
    r"\prod_{k=1}^\infty \left(1 - \frac{1}{k^2}\right)": "∏ₖ₌₁^∞ (1 − 1/k²)",
    r"\lim_{x \to 0} \frac{\sin x}{x} = 1": "lim_(x→0) (sin x)/x = 1",
    r"\int_{-\infty}^{\infty} e^{-x^2} \, dx = \sqrt{\pi}": "∫_(−∞)^∞ e^(−x²) dx = √π",
    r"A = \begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}": "A = (1 2; 3 4)",
    r"\begin{bmatrix} a & b \\ c & d \end{bmatrix}^{-1}": "[a b; c d]⁻¹",
    r"\det \begin{vmatrix} \lambda - 1 & 2 \\ 3 & \lambda \end{vmatrix} = 0": "det |λ − 1, 2; 3, λ| = 0",
    r"f(x) = \begin{cases} x^2 & \text{if } x \geq 0 \\ -x & \text{otherwise} \end{cases}": (
        "f(x) = { x²  if x ≥ 0\n         −x  otherwise"
    ),
    r"\begin{aligned} (a+b)^2 &= (a+b)(a+b) \\ &= a^2 + 2ab + b^2 \end{aligned}": (
        "(a + b)² = (a + b)(a + b)\n         = a² + 2ab + b²"
    ),
    r"\begin{align*} y &= mx \\ 2y &= 2mx \end{align*}": " y = mx\n2y = 2mx",
    r"\begin{gather} a = b \\ c = d \end{gather}": "a = b\nc = d",
    r"a &= b \\ c &= d": "a = b\nc = d",
    r"\begin{equation} E = mc^2 \tag{1} \label{eq:e} \end{equation}": "E = mc²  (1)",
    r"\begin{array}{cc|c} 1 & 2 & 3 \\ 4 & 5 & 6 \end{array}": "1  2  |  3\n4  5  |  6",
    r"f: \mathbb{R}^n \to \mathbb{R}, \quad \mathbb{E}[X] = \mathbf{12}": "f: ℝⁿ → ℝ,  𝔼[X] = 𝟏𝟐",
    r"f'(x) + f''(x) = 0": "f′(x) + f″(x) = 0",
    r"\operatorname{rank}(A) \leq \min(m, n)": "rank(A) ≤ min(m, n)",
    r"\hat{\theta} = \operatorname*{arg\,max}_{\theta} \mathcal{L}(\theta)": "θ̂ = arg max_θ ℒ(θ)",
    r"\boxed{x = 42}": "[x = 42]",
    r"\vec{F} = m\vec{a}, \|\vec{v}\| = \sqrt{v_x^2}": "F⃗ = ma⃗, ‖v⃗‖ = √vₓ²",
    r"\frac{dy}{dx} = \frac{\partial^2 u}{\partial t^2}": "dy/dx = ∂²u/∂t²",
    r"\langle \psi | \hat{H} | \phi \rangle = \bra{\psi}\ket{\phi}": "⟨ψ|Ĥ|ϕ⟩ = ⟨ψ||ϕ⟩",
    r"v = 3 \times 10^8 \,\text{m/s}": "v = 3 × 10⁸ m/s",
    r"g = 9.81\ \mathrm{m\,s^{-2}}": "g = 9.81 m s⁻²",
    r"\mathrm{H_2O} + \text{CO}_2 \rightarrow \mathrm{H_2CO_3}": "H₂O + CO₂ → H₂CO₃",
    r"P(A \mid B) = \frac{P(B \mid A)P(A)}{P(B)}": "P(A ∣ B) = P(B ∣ A)P(A)/P(B)",
    r"\binom{n}{k} = \frac{n!}{k!(n-k)!}": "(n choose k) = n!/(k!(n − k)!)",
    r"T(n) = 2T\left(\frac{n}{2}\right) + \mathcal{O}(n \log n)": "T(n) = 2T(n/2) + 𝒪(n log n)",
    r"|x - a| < \delta \implies |-x| < \epsilon": "|x − a| < δ ⟹ |−x| < ϵ",
    r"\left\{ x \in \mathbb{R} \,\middle|\, x^2 < 2 \right\}": "{x ∈ ℝ | x² < 2}",
    r"a_1, \dots, a_n \text{ and } a_1 + \dots + a_n": "a₁, …, aₙ and a₁ + ⋯ + aₙ",
    r"\overline{AB}, \bar{x} = \frac{1}{n} x \underline{y}": "A̅B̅, x̄ = 1/n xy̲",
    r"\underbrace{1 + \cdots + 1}_{n \text{ times}} = n": "(1 + ⋯ + 1)_(n times) = n",
    r"\sigma(x) = \frac{1}{1 + e^{-x}}": "σ(x) = 1/(1 + e⁻ˣ)",
    r"\text{softmax}\left(\frac{QK^\top}{\sqrt{d_k}}\right)V": "softmax(QKᵀ/√dₖ)V",
    r"\theta = 45^\circ, \sin^2\theta": "θ = 45°, sin² θ",
    r"x \equiv 3 \pmod{7}, a \bmod b": "x ≡ 3  (mod 7), a mod b",
    r"\sum_{\substack{1 \le i \\ i \ne j}} a_{ij}": "∑_(1 ≤ i; i ≠ j) aᵢⱼ",
    r"\left. \frac{df}{dx} \right|_{x=0}": "df/dx|ₓ₌₀",
    r"N = 1{,}000{,}000 \approx 50\%": "N = 1,000,000 ≈ 50%",
    r"A \xrightarrow{f} B \xrightarrow[g]{h} C": "A →ᶠ B →_gʰ C",
    r"\bigl( \tfrac{1}{2} \bigr) \big\langle x \big\rangle": "(1/2)⟨x⟩",
    r"\lfloor x \rfloor \not= y, x \notin \emptyset": "⌊x⌋ ≠ y, x ∉ ∅",
    r"\frac12 x^23 \cancel{x}": "1/2 x²3x̶",
    r"\text{if $x_1 > 0$ and 50\% of \textbf{it}}": "if x₁ > 0 and 50% of it",
    r"{n \choose k} = {a \over b}": "(n choose k) = a/b",
    r"\textcolor{red}{x} + \color{#ff0000} y": "x + y",
}
ELEMENTS = {
    *("math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "mfrac", "msqrt", "mroot", "msub", "msup", "msubsup"),
    *("munder", "mover", "munderover", "mtable", "mtr", "mtd", "mstyle", "mpadded", "mphantom", "menclose"),
}
ATTRIBUTES = {
    *("display", "mathvariant", "stretchy", "movablelimits", "largeop", "lspace", "rspace", "minsize", "maxsize"),
    *("form", "width", "linethickness", "accent", "displaystyle", "scriptlevel", "columnalign", "notation"),
}
CHILDREN = {"mfrac": 2, "mroot": 2, "msub": 2, "msup": 2, "munder": 2, "mover": 2, "msubsup": 3, "munderover": 3}


def assert_harmless(html: str) -> None:
    root = ET.fromstring(html)
    if root.tag == "code":
        assert root.attrib == {"class": "nbstream-tex"}
        assert len(root) == 0
        return
    assert root.tag == "math"
    for element in root.iter():
        assert element.tag in ELEMENTS
        assert set(element.attrib) <= ATTRIBUTES
        assert len(element) == CHILDREN.get(element.tag, len(element))
        for value in element.attrib.values():
            assert re.fullmatch(r"[a-z ]+|-?[0-4]?(\.\d+)?(em)?", value)


def seen(html: str) -> str:
    return "".join(ET.fromstring(html).itertext()) if html else ""


@pytest.mark.parametrize(("tex", "text"), FORMULAS.items())
def test_text_on_a_terminal(tex: str, text: str) -> None:
    assert to_text(tex) == text


@pytest.mark.parametrize("tex", FORMULAS)
@pytest.mark.parametrize("display", [True, False])
def test_formulas_become_listed_mathml(tex: str, display: bool) -> None:  # noqa: FBT001
    html = to_mathml(tex, display=display)
    assert html.startswith('<math display="block">' if display else "<math>")
    assert "\\" not in html
    assert_harmless(html)


@pytest.mark.parametrize(
    ("tex", "html"),
    [
        ("a", "<mi>a</mi>"),
        (r"\sum_i", '<munder><mo movablelimits="true">∑</mo><mi>i</mi></munder>'),
        (r"\sum\limits_i", '<munder><mo movablelimits="false">∑</mo><mi>i</mi></munder>'),
        (r"\max_i", '<munder><mo movablelimits="true" lspace="0em" rspace="0em">max</mo><mi>i</mi></munder>'),
        (r"\int_0", "<msub><mo>∫</mo><mn>0</mn></msub>"),
        (
            r"2\sin x",
            '<mn>2</mn><mspace width="0.167em"></mspace><mi>sin</mi><mspace width="0.167em"></mspace><mi>x</mi>',
        ),
        (r"\sin(x)", '<mi>sin</mi><mo stretchy="false">(</mo><mi>x</mi><mo stretchy="false">)</mo>'),
        (r"\mathbf{x}\mathbb{RP}", "<mi>𝐱</mi><mrow><mi>ℝ</mi><mi>ℙ</mi></mrow>"),
        (r"\mathrm{d}\Gamma", '<mi mathvariant="normal">d</mi><mi mathvariant="normal">Γ</mi>'),
        (r"\infty", "<mi>∞</mi>"),
        (r"a-b", "<mi>a</mi><mo>−</mo><mi>b</mi>"),
        (r"\overline{AB}", '<menclose notation="top"><mrow><mi>A</mi><mi>B</mi></mrow></menclose>'),
        (r"\boxed{x}", '<menclose notation="box"><mi>x</mi></menclose>'),
        (r"\text{a  < b}", "<mtext>a\xa0&lt;\xa0b</mtext>"),
        (r"\frac{a}{}", "<mfrac><mi>a</mi><mrow></mrow></mfrac>"),
    ],
)
def test_the_mathml_is_what_tex_means(tex: str, html: str) -> None:
    assert to_mathml(tex, display=False) == f"<math>{html}</math>"


def test_columns_of_an_alignment_are_right_and_left() -> None:
    html = to_mathml(r"\begin{align} a &= b & c &= d \\ &= e \end{align}", display=True)
    assert re.findall('columnalign="(.*?)"', html) == ["right", "left", "right", "left", "right", "left"]
    assert "(1)" not in html


@pytest.mark.parametrize("tex", FORMULAS)
def test_a_growing_formula_never_shows_source_and_never_vanishes(tex: str) -> None:
    shown = ""
    for end in range(1, len(tex) + 1):
        html = to_mathml(tex[:end], display=True, finished=False)
        assert "\\" not in html
        assert "<code" not in html
        assert html or not shown, tex[:end]
        shown = seen(html) or shown
    assert shown


@pytest.mark.parametrize(
    ("beginning", "shown"),
    [
        (r"x \i", "x"),
        (r"x + \in", "x+"),
        (r"\frac{a", "a"),
        (r"\frac{a}", "a"),
        (r"a^", "a"),
        (r"\left( a", "(a"),
        (r"\left( a \right", "(a"),
        (r"a \left", "a"),
        (r"a \begin{pma", "a"),
        (r"\begin{pmatrix} 1 & 2 \\ 3", "(123)"),
        (r"\begin{cases} x &", "{x"),
        (r"\begin{cases} x \end{ca", "{x"),
        (r"\text{wor", "wor"),
        (r"\sqrt[3", "3"),
        (r"a \begin{array}{c", "a"),
        (r"a} + b", "a"),
        (r"a^b^c + d", "ab"),
        (r"\frac{", ""),
        ("\\", ""),
        ("", ""),
    ],
)
def test_an_incomplete_end_is_completed_or_left_out(beginning: str, shown: str) -> None:
    assert seen(to_mathml(beginning, display=False, finished=False)) == shown


@pytest.mark.parametrize(
    "tex",
    [
        r"\href{javascript:alert(1)}{x}",
        r"\style{position:fixed}{x}",
        r"\class{stop}{x}",
        r"\unicode{60}",
        r"\includegraphics{a.png}",
        r"\def\a{\a\a}\a",
        r"\newcommand{\a}{b}\a",
        r"\rule{99em}{99em}",
        r"\raise{99em}{x}",
        r"a^b^c",
        r"\frac{a}{b",
        r"\left( a",
        r"\begin{tikzpicture} a \end{tikzpicture}",
        r"\frac{}{}",
        r"\,\\",
        "   ",
        "",
    ],
)
def test_refused_tex_is_shown_as_source(tex: str) -> None:
    html = to_mathml(tex, display=True)
    assert html == f'<code class="nbstream-tex">{tex}</code>'
    assert to_text(tex) == tex


def test_markup_is_escaped_in_every_form() -> None:
    tex = r"\text{<script>} <b> \operatorname*{<i>} \tag{&lt;} &#x3c;"
    assert "<script>" not in to_mathml(tex, display=True)
    assert_harmless(to_mathml(tex, display=True))
    assert to_mathml(r"<b> \def", display=True) == r'<code class="nbstream-tex">&lt;b&gt; \def</code>'
    assert "<mtext>&lt;script&gt;</mtext>" in to_mathml(r"\text{<script>}", display=True)


@pytest.mark.parametrize("length", ["9999em", "-9999em", "9999in", "1.2.3em"])
def test_lengths_are_limited(length: str) -> None:
    for width in re.findall('width="(.*?)em"', to_mathml(rf"a\hspace{{{length}}}b", display=True)):
        assert -1 <= float(width) <= 4


@pytest.mark.parametrize(
    "part",
    ["{", r"\frac", r"\Bbb", r"\xmapsto", r"\sqrt{", r"\left(", r"\begin{matrix}", r"\hat", "x^{", r"\displaystyle "],
)
def test_depth_is_bounded(part: str) -> None:
    for tex in (part * 10_000, part * (MOST_CHARACTERS // len(part))):
        assert to_mathml(tex, display=True).startswith("<code")
        assert_harmless(to_mathml(tex, display=True, finished=False) or "<math/>")
        assert to_text(tex) == tex


@pytest.mark.parametrize("part", ["(", "[", r"\{", r"\sin(", r"\bigl("])
def test_unmatched_brackets_do_not_count_as_nesting(part: str) -> None:
    assert to_mathml(part * 200, display=True).startswith("<math")


def test_the_deepest_formula_converts_far_down_the_stack() -> None:
    deepest = r"\begin{pmatrix}" * (MOST_LEVELS - 1) + "x" + r"\end{pmatrix}" * (MOST_LEVELS - 1)

    def called(depth: int) -> str:
        return called(depth - 1) if depth else to_mathml(deepest, display=True)

    assert called(400).startswith("<math")


def test_a_very_long_formula_is_shown_as_source() -> None:
    assert to_mathml("x" * MOST_CHARACTERS, display=True).startswith("<math")
    assert to_mathml("x" * (MOST_CHARACTERS + 1), display=True).startswith("<code")


def test_threads_get_the_same_results() -> None:
    formulas = [f"{tex} + {number}" for number in range(20) for tex in FORMULAS if "begin" not in tex]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda tex: to_mathml(tex, display=True), formulas))
    assert together == [to_mathml(tex, display=True) for tex in formulas]


def test_latex2mathml_is_loaded_with_the_first_formula() -> None:
    code = (
        "import sys; from nbstream.markdown.math import to_mathml; before = 'latex2mathml' in sys.modules;"
        "to_mathml('x', display=True); print(before, 'latex2mathml' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False True"


PARTS = [
    *re.findall(r"\\[a-zA-Z]+|\\.|\S", " ".join(FORMULAS)),
    *(r"\begin{array}{", r"\begin{", r"\href", r"\class{a}", r"\unicode", r"\over", r"\text{", r"\tag", r"\limits"),
    *(
        r"\operatorname*{",
        r"\rm",
        r"\sqrt[",
        r"\TeX",
        r"\idotsint",
        r"\atop",
        r"\hspace{1",
        "&#x3c;",
        "<b>",
        "\n",
        "é",
        "中",
    ),
]


@settings(max_examples=200, deadline=None)
@given(st.text() | st.lists(st.sampled_from(PARTS), max_size=40).map("".join), st.booleans())
def test_any_text_is_harmless(tex: str, finished: bool) -> None:  # noqa: FBT001
    html = to_mathml(tex, display=False, finished=finished)
    if html or finished:
        assert_harmless(html)
    assert to_mathml(tex, display=False, finished=finished) == html
    assert isinstance(to_text(tex), str)
