"""Settled output as marimo shows it: with its own formulas, and in its own style of text."""

from __future__ import annotations

import re

#: What `markdown/html.py` writes for a formula; the text of a model cannot make it.
_FORMULA = re.compile(
    r'<(span|div) class="nbstream-math mathjax_process tex2jax_process"([^>]*)>\\([(\[])(.*?)\\[)\]]</\1>', re.DOTALL
)
#: marimo's class of coloured code; and a root to which the page adds no buttons, as their style is
#: only in the live view.
_CLASSES = {
    '<div class="nbstream-code highlight': '<div class="nbstream-code codehilite highlight',
    '<div class="nbstream nbstream-settled': '<div class="nbstream',
}
_ENDS = {"(": ")", "[": "]"}


def html_for_marimo(settled: str) -> str:
    """Return settled HTML for a cell of marimo, where a formula is an element of marimo's."""
    html = _FORMULA.sub(_formula, settled)
    for ours, theirs in _CLASSES.items():
        html = html.replace(ours, theirs)
    return f'<div class="prose dark:prose-invert">{html}</div>'


def _formula(match: re.Match[str]) -> str:
    tag, attributes, start, tex = match.groups()
    return f'<{tag}{attributes}><marimo-tex class="arithmatex">||{start}{tex}||{_ENDS[start]}</marimo-tex></{tag}>'
