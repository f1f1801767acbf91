"""The LaTeX that nbconvert makes of a reply's Markdown, with pandoc."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import nbformat
from nbformat.v4 import new_code_cell, new_notebook, new_output

from nbstream.model.events import Answer, CallChanged, Ended
from nbstream.model.reduction import reduce
from nbstream.model.reply import Reply
from nbstream.output.settled import settled_markdown, settled_text
from tests import needs
from tests.output.exchanges import DONE, FIRST, THIRD, asked, reply_of

if TYPE_CHECKING:
    from pathlib import Path

ANSWER = r"""So \(x^2\) and $ y $ for $5 or $6.

\[
a

= b \tag{1}
\]

\begin{align}
c &= d
\end{align}
"""


@needs.command("pandoc", "pandoc")
def test_the_latex_export_has_the_formulas_and_the_money(tmp_path: Path) -> None:
    reply = reduce(reduce(Reply(), Answer(1.0, ANSWER)), Ended(2.0, "served"))
    latex = _latex(settled_markdown(reply), tmp_path)
    assert r"So \(x^2\) and \(y\) for \$5 or \$6." in latex
    assert r"\[a = b \tag{1}\]" in latex
    assert r"\[\begin{aligned}c &= d \end{aligned}\]" in latex


def _latex(markdown: str, tmp_path: Path) -> str:
    """Return the LaTeX of Markdown in a notebook, with single spaces."""
    shown = new_output("display_data", {"text/markdown": markdown})
    path = tmp_path / "formulas.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("", outputs=[shown])]), path)
    command = [sys.executable, "-m", "nbconvert", "--to", "latex", "--log-level", "WARN", str(path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return " ".join(path.with_suffix(".tex").read_text("utf-8").split())


def test_the_plain_text_has_the_models_own_formulas() -> None:
    """Copy answer takes them from there."""
    reply = reduce(reduce(Reply(), Answer(1.0, ANSWER)), Ended(2.0, "served"))
    assert ANSWER.strip() in settled_text(reply)


@needs.command("pandoc", "pandoc")
def test_the_latex_export_has_the_arguments_as_the_model_wrote_them(tmp_path: Path) -> None:
    call = {"what": "a -- 'b' \"c\" $5_x", "options": {"x": "y"}, "code": "first\n  second $x$"}
    reply = reply_of(FIRST[:1], asked(0.0, ("look_up", call)), [CallChanged(2.0, 0, outcome=DONE)], THIRD)
    latex = _latex(settled_markdown(reply), tmp_path)
    _, _, rest = latex.partition("what: ")
    what, _, _ = rest.partition(r"\item")
    # As code: no dash, no quotation mark and no formula is made of it.
    assert what.startswith(r"\texttt{a")
    assert r"\$5\_x}" in what
    assert "``" not in what
    assert "\\begin{verbatim} first second $x$ \\end{verbatim}" in latex
    assert r"\textbf{look\_up}" in latex
    assert r"Paris \textbar{} Lyon" in latex
