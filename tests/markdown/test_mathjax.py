"""Settled formulas in MathJax 3, as JupyterLab has it, and MathJax 2, as nbconvert has it."""

from __future__ import annotations

import json
import re
import subprocess
from html import unescape

import pytest

from nbstream.markdown.math import to_mathml
from nbstream.markdown.rendering import to_html
from tests import needs
from tests.kernels import ROOT
from tests.markdown.test_math import FORMULAS

TYPESET = ROOT / "js" / "typeset.mjs"
SETTLED = re.compile(r"mathjax_process[^>]*>\\(\[|\()(.*?)\\(?:\]|\))</", re.DOTALL)
LINES = [line for line in (ROOT / "tests/data/formulas.txt").read_text("utf-8").splitlines() if line and line[0] != "#"]
#: Broken on purpose, or with what a page must not be asked for, or what one version lacks.
SOURCE = {
    "x^2'",
    r"\begin{aligned} a &= b",
    r"\unicode{x2713}",
    r"\enspace \thinspace",
    r"\sout{x}",
    r"\hline",
    r"\nothingknown{x}",
    r"\limits",
}

needs.npm_packages("mathjax-full", "mathjax", "jsdom")
pytestmark = needs.command("node", "nodejs")


def markdown(line: str) -> str:
    return f"$${line[3:]}$$" if line.startswith("$$ ") else rf"\({line}\)"


def errors(formulas: list[tuple[str, bool]]) -> list[tuple[str, str, str]]:
    """Return the formulas that a version refuses, each with the two errors."""
    command = ["node", str(TYPESET)]
    ended = subprocess.run(command, input=json.dumps(formulas), capture_output=True, text=True, check=True)
    results = json.loads(ended.stdout)
    assert len(results) == len(formulas)
    return [(tex, *each) for (tex, _), each in zip(formulas, results, strict=True) if any(each)]


def settled_formulas(text: str) -> list[tuple[str, bool]]:
    return [(unescape(tex), opener == "[") for opener, tex in SETTLED.findall(to_html(text, settled=True))]


def test_an_error_is_seen() -> None:
    assert [tex for tex, *_ in errors([(r"\frac{1}{2}", False), (r"\nothing", False), ("a & b", True)])] == [
        r"\nothing",
        "a & b",
    ]


def test_every_formula_of_the_answers_is_typeset_by_both() -> None:
    texts = [path.read_text("utf-8") for path in sorted((ROOT / "tests/data/answers").glob("*.md"))]
    found = [formula for text in texts for formula in settled_formulas(text)]
    assert len(found) > 300
    assert errors(found) == []


def test_the_formulas_that_become_mathml_are_typeset_by_both() -> None:
    found = [formula for tex in FORMULAS for formula in settled_formulas(f"$${tex}$$")]
    assert len(found) > 30
    assert errors(found) == []


def test_every_settled_formula_is_typeset_by_both_or_shown_as_source() -> None:
    assert len(LINES) > 300
    found = {line: settled_formulas(markdown(line)) for line in LINES}
    assert {line for line, formulas in found.items() if not formulas} == SOURCE
    assert all(len(formulas) <= 1 for formulas in found.values())
    assert errors([formula for formulas in found.values() for formula in formulas]) == []


@pytest.mark.parametrize("line", LINES)
def test_a_formula_is_source_live_if_it_is_settled(line: str) -> None:
    tex = line.removeprefix("$$ ")
    is_source = "<code" in to_mathml(tex, display=line.startswith("$$ "))
    assert is_source == (line in SOURCE)
    assert ("nbstream-tex" in to_html(markdown(line))) == is_source


def test_a_formula_that_was_cut_off_is_typeset_by_both() -> None:
    beginnings = [
        (opener + tex[:end])
        for opener, tex in (("$$", line[3:]) if line.startswith("$$ ") else (r"\(", line) for line in LINES[::11])
        for end in range(1, len(tex) + 1)
    ]
    found = [formula for beginning in beginnings for formula in settled_formulas(beginning)]
    assert len(found) > 500
    assert errors(found) == []
