"""Settled formulas are typeset by MathJax 3 (Lab, Notebook) and by MathJax 2 (nbconvert)."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from nbstream.markdown.math import for_mathjax
from tests import needs
from tests.markdown.test_math import FORMULAS

needs.npm_packages("mathjax-full", "mathjax", "jsdom")
pytestmark = needs.command("node", "nodejs")

_JS = Path(__file__).parents[2] / "js"
#: What MathJax 2, MathJax 3 or both do not typeset yet.
REFUSED = {
    r"a &= b \\ c &= d",
    r"\langle \psi | \hat{H} | \phi \rangle = \bra{\psi}\ket{\phi}",
    r"\frac12 x^23 \cancel{x}",
    r"\textcolor{red}{x} + \color{#ff0000} y",
}
#: Proofs, whose tags and texts are rewritten for MathJax.
PROOFS = (
    r"\begin{aligned} a &= b \tag{1} \\ &= c \tag{2} \end{aligned}",
    r"a = b \tag{1} \quad c = d \tag{2}",
    r"f(x) = \begin{cases} 1 \tag{*} \\ 0 \end{cases}",
    r"\text{loss_total} = \text{a_b_c} + x_1",
    r"\begin{gathered} x = 1 \tag*{(A)} \\ y = 2 \end{gathered}",
)


def errors(formulas: list[str]) -> list[tuple[str, str]]:
    """Return for each displayed formula the errors of MathJax 3 and 2, "" if it was typeset."""
    given = json.dumps([(for_mathjax(tex), True) for tex in formulas])
    run = subprocess.run(["node", "typeset.mjs"], cwd=_JS, input=given, capture_output=True, text=True, check=True)
    return [(new, old) for new, old in json.loads(run.stdout)]


def test_formulas_are_typeset_by_both_versions() -> None:
    formulas = [*FORMULAS, *PROOFS]
    found = dict(zip(formulas, errors(formulas), strict=True))
    assert {tex: both for tex, both in found.items() if any(both) and tex not in REFUSED} == {}
    assert {tex for tex in REFUSED if not any(found[tex])} == set()
