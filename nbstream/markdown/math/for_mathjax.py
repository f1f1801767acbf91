"""Changes TeX that latex2mathml takes and MathJax refuses: tags, and underscores in text."""

from __future__ import annotations

import re

_ALIGNED = re.compile(r"\s*\\begin\{(aligned|split|gathered|align|gather)\*?\}(.*)\\end\{\1\*?\}\s*", re.DOTALL)
_TAG = re.compile(r"\\tag(\*?)\s*\{([^{}]*)\}")
_ROW_END = re.compile(r"(\\\\)")
_TEXT = re.compile(r"(\\text\w*)\{([^{}$\\]*_[^{}$\\]*)\}")


def for_mathjax(tex: str) -> str:
    r"""Return TeX that MathJax 2 and 3 typeset.

    MathJax takes one `\tag` for a formula, or one for each row of `align`, but none in `aligned`;
    the others become text. MathJax 3 takes no `_` in `\text`.
    """
    if "\\text" in tex:
        tex = _TEXT.sub(_without_underscores, tex)
    if "\\tag" not in tex:
        return tex
    whole = _ALIGNED.fullmatch(tex)
    if whole and "\\begin" not in whole[2]:
        name = "gather*" if whole[1].startswith("gather") else "align*"
        rows = "".join(_with_one_tag(part) for part in _ROW_END.split(whole[2]))
        return rf"\begin{{{name}}}{rows}\end{{{name}}}"
    return tags_as_text(tex) if "\\begin" in tex else _with_one_tag(tex)


def tags_as_text(tex: str) -> str:
    r"""Return TeX in which each `\tag` is text, with the brackets that it would have."""
    return _TAG.sub(_as_text, tex)


def _with_one_tag(tex: str) -> str:
    first = _TAG.search(tex)
    return tex[: first.end()] + _TAG.sub(_as_text, tex[first.end() :]) if first else tex


def _without_underscores(text: re.Match[str]) -> str:
    return r"{" + r"\_".join(f"{text[1]}{{{part}}}" if part else "" for part in text[2].split("_")) + "}"


def _as_text(tag: re.Match[str]) -> str:
    return rf"\qquad\text{{{tag[2]}}}" if tag[1] else rf"\qquad\text{{({tag[2]})}}"
