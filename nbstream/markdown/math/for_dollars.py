r"""Changes TeX so that LaTeX takes it between dollars, where it is already in math mode."""

from __future__ import annotations

import re

from nbstream.markdown.math.for_mathjax import for_mathjax, tags_as_text

_ENVIRONMENT = re.compile(
    r"\\(begin|end)\{(alignat|align|flalign|eqnarray|gather|multline|multlined|equation|displaymath|math|dcases|rcases)"
    r"\*?\}"
)
#: What begins and ends an environment that LaTeX, with amsmath alone, takes in math mode.
_WITHIN_MATH = {
    "align": (r"\begin{aligned}", r"\end{aligned}"),
    "alignat": (r"\begin{alignedat}", r"\end{alignedat}"),
    "flalign": (r"\begin{aligned}", r"\end{aligned}"),
    "eqnarray": (r"\begin{array}{rcl}", r"\end{array}"),
    "gather": (r"\begin{gathered}", r"\end{gathered}"),
    "multline": (r"\begin{gathered}", r"\end{gathered}"),
    "multlined": (r"\begin{gathered}", r"\end{gathered}"),
    "dcases": (r"\begin{cases}", r"\end{cases}"),
    "rcases": (r"\left.\begin{array}{ll}", r"\end{array}\right\}"),
}
_NUMBERING = re.compile(r"\\(?:nonumber|notag)(?![A-Za-z])|\\label\s*\{[^{}]*\}")
_DOLLARS_IN_TEXT = re.compile(r"(\\text\w*|\\mbox)\{([^{}$\\]*(?:\$[^{}$]+\$[^{}$\\]*)+)\}")
_COMMENT = re.compile(r"(\\.)|%[^\n]*(?:\n|$)", re.DOTALL)
_LINE_END = re.compile(r"\s*\n\s*")
_ENDS_IN_BACKSLASH = re.compile(r"(?<!\\)(?:\\\\)*\\$")


def for_dollars(tex: str, *, display: bool) -> str:
    r"""Return TeX, in one line, that pandoc, LaTeX and MathJax take between dollars.

    `align` becomes `aligned`, and `\tag` becomes text where LaTeX refuses it.

    Args:
        tex: complete TeX, without its delimiters.
        display: whether two dollars surround it.
    """
    if "%" in tex:
        tex = _COMMENT.sub(lambda found: found[1] or "", tex)
    tex = _LINE_END.sub(" ", tex.strip())
    if "\\tag" in tex and ("\\begin" in tex or not display):
        tex = tags_as_text(tex)
    tex = for_mathjax(tex) or tex
    if "\\begin" in tex:
        tex = _NUMBERING.sub("", _ENVIRONMENT.sub(_within_math, tex))
    if "$" in tex:
        tex = _DOLLARS_IN_TEXT.sub(_without_dollars, tex)
    tex = tex.strip()
    # A dollar after a backslash ends nothing.
    return tex + " {}" if _ENDS_IN_BACKSLASH.search(tex) else tex


def _within_math(found: re.Match[str]) -> str:
    return _WITHIN_MATH.get(found[2], ("", ""))[found[1] == "end"]


def _without_dollars(text: re.Match[str]) -> str:
    parts = text[2].split("$")
    return (
        "{" + "".join(part if at % 2 else f"{text[1]}{{{part}}}" if part else "" for at, part in enumerate(parts)) + "}"
    )
