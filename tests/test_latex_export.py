"""The LaTeX that nbconvert makes of a reply's Markdown, with pandoc."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import nbformat
from nbformat.v4 import new_code_cell, new_notebook, new_output

from nbstream.model.events import Answer, Ended
from nbstream.model.reduction import reduce
from nbstream.model.reply import Reply
from nbstream.output.settled import settled_markdown, settled_text
from tests import needs

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
    shown = new_output("display_data", {"text/markdown": settled_markdown(reply)})
    path = tmp_path / "formulas.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("", outputs=[shown])]), path)
    command = [sys.executable, "-m", "nbconvert", "--to", "latex", "--log-level", "WARN", str(path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    latex = " ".join(path.with_suffix(".tex").read_text("utf-8").split())
    assert r"So \(x^2\) and \(y\) for \$5 or \$6." in latex
    assert r"\[a = b \tag{1}\]" in latex
    assert r"\[\begin{aligned}c &= d \end{aligned}\]" in latex


def test_the_plain_text_has_the_models_own_formulas() -> None:
    """Copy answer takes them from there."""
    reply = reduce(reduce(Reply(), Answer(1.0, ANSWER)), Ended(2.0, "served"))
    assert ANSWER.strip() in settled_text(reply)
