"""Changes TeX that latex2mathml takes and MathJax refuses, or finds what stays as source."""

from __future__ import annotations

import re

from nbstream.markdown.math.chemistry import without_ce
from nbstream.markdown.math.mathjax_commands import are_known

#: Commands that one version lacks, and the same in others.
_OTHERS = {
    "\\bm": "\\boldsymbol",
    "\\dag": "\\dagger",
    "\\ddag": "\\ddagger",
    "\\degree": "{}^{\\circ}",
    "\\copyright": "\\text{\N{COPYRIGHT SIGN}}",
    "\\llbracket": "[\\![",
    "\\rrbracket": "]\\!]",
}
_OTHER = re.compile(rf"(?:{'|'.join(map(re.escape, _OTHERS))})(?![A-Za-z])")
_STATES = {"bra": (r"\langle ", "|"), "ket": ("|", r"\rangle"), "braket": (r"\langle ", r"\rangle")}
_STATE = re.compile(r"\\(bra|ket|braket)\s*\{((?:[^{}]|\{[^{}]*\})*)\}")
#: What may hold `&` without an environment, in plain TeX.
_TABLES = re.compile(r"\\(?:begin|p?matrix|cases|eqalign|displaylines)")
_AMPERSAND = re.compile(r"(?<!\\)(?:\\\\)*&")
_DISPLAYED = re.compile(r"\\(begin|end)\{dcases\}")
_COLOURED = re.compile(r"\\textcolor\s*\{([^{}\\]*)\}\s*\{((?:[^{}]|\{[^{}]*\})*)\}")
#: A name for references, of which a reply has none; MathJax would number the formula.
_LABEL = re.compile(r"\\label\s*\{[^{}]*\}\s*")
#: MathJax 2 has no stroke through a term: one through each letter and digit says the same.
_STRUCK = re.compile(r"\\([bx]?)cancel\s*(?:\{([A-Za-z0-9()+\-.,^ ]{1,20})\}|([A-Za-z0-9]))")
_SIGN = re.compile(r"[A-Za-z0-9]")
_STROKES = {"": "/", "b": "\\backslash", "x": "\\times"}
_ALIGNED = re.compile(r"\s*\\begin\{(aligned|split|gathered|align|gather)\*?\}(.*)\\end\{\1\*?\}\s*", re.DOTALL)
_TAG = re.compile(r"\\tag(\*?)\s*\{([^{}]*)\}")
_ROW_END = re.compile(r"(\\\\)")
_TEXT = re.compile(r"(\\text\w*)\{([^{}$\\]*_[^{}$\\]*)\}")


def for_mathjax(tex: str) -> str | None:
    """Return TeX that MathJax 2 and 3 typeset, or None if the formula is to be shown as source."""
    tex = _with_tags(_with_known_commands(tex))
    return tex if are_known(tex) else None


def _with_known_commands(tex: str) -> str:
    if "\\" not in tex and "&" not in tex:
        return tex
    tex = _OTHER.sub(lambda found: _OTHERS[found[0]], without_ce(tex))
    if "\\textcolor" in tex:
        tex = _COLOURED.sub(r"{\\color{\1}{\2}}", tex)
    if "\\bra" in tex or "\\ket" in tex:
        tex = _STATE.sub(_as_brackets, tex)
    if "&" in tex and not _TABLES.search(tex) and _AMPERSAND.search(tex):
        tex = rf"\begin{{aligned}}{tex}\end{{aligned}}"
    if "\\label" in tex:
        tex = _LABEL.sub("", tex)
    if "cancel" in tex:
        tex = _STRUCK.sub(_with_stroke, tex)
    return _DISPLAYED.sub(r"\\\1{cases}", tex)


def _as_brackets(found: re.Match[str]) -> str:
    left, right = _STATES[found[1]]
    return f"{{{left}{found[2]}{right}}}"


def _with_stroke(found: re.Match[str]) -> str:
    stroke = rf"{{\rlap{{\,{_STROKES[found[1]]}}}"
    return "{" + _SIGN.sub(lambda sign: f"{stroke}{sign[0]}}}", found[2] or found[3]) + "}"


def _with_tags(tex: str) -> str:
    r"""Return TeX with as many tags as MathJax takes.

    That is one `\tag` for a formula, or one for each row of `align`, but none in `aligned`; the
    others become text. MathJax 3 takes no `_` in `\text`.
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
