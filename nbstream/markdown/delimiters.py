r"""Finds formulas in a text: `$…$`, `$$…$$`, `\(…\)`, `\[…\]`, and TeX that needs no delimiters.

`\boxed{…}` and `\begin{align}…\end{align}` are formulas by themselves. A dollar may be money, so
text between single dollars counts as a formula only if it looks like one.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from nbstream.markdown import tex_or_text
from nbstream.markdown.tex_or_text import Kind

#: The closing delimiter of each opening one.
CLOSERS = {"$$": "$$", "$": "$", "\\(": "\\)", "\\[": "\\]", "\\boxed{": "}"}

# A backslash escapes the next character.
_FORMULAS = {
    "$$": re.compile(r"\$\$(?!\$)((?:\\.|(?!\$\$)[^\\])+)\$\$", re.DOTALL),
    "$": re.compile(r"(?<![0-9A-Za-z$])\$(?!\$)((?:\\.|[^$\\])+)\$", re.DOTALL),
    "\\(": re.compile(r"\\\(((?:\\[^)]|[^\\])+)\\\)", re.DOTALL),
    "\\[": re.compile(r"\\\[((?:\\[^]]|[^\\])+)\\\]", re.DOTALL),
}
_ENDS = {"$$": re.compile(r"(?:\\.|(?!\$\$)[^\\])*\$\$"), "\\[": re.compile(r"(?:\\[^]]|[^\\])*\\\]")}
_OPENER = re.compile(r"\$\$?|\\[(\[]|\\boxed\{")
_ENVIRONMENTS = (
    "equation|align|aligned|alignat|alignedat|flalign|gather|gathered|multline|multlined|split|eqnarray|cases|dcases"
    "|rcases|array|matrix|pmatrix|bmatrix|Bmatrix|vmatrix|Vmatrix|smallmatrix|displaymath|math"
)
_BLOCK_OPENER = re.compile(rf"\$\$(?!\$)|\\\[|\\boxed\{{|\\begin\{{(?:{_ENVIRONMENTS})\*?\}}")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n)+")
#: A closing delimiter is searched for within this many characters: a text may have an opening
#: delimiter in each word, and no closing one.
_LONGEST = 20_000
#: A formula that has no end in its paragraph may be this long. Longer ones are text.
_LONGEST_HALF = 4_000


class Formula(NamedTuple):
    """A formula in a text: its TeX, its opening delimiter, and the position after its end."""

    tex: str
    opener: str
    end: int

    @property
    def is_display(self) -> bool:
        """Whether it is shown on a line of its own."""
        return self.opener in ("$$", "\\[")


def opener_at(text: str, at: int) -> str:
    """Return the opening delimiter at `at`, or ""."""
    found = _OPENER.match(text, at)
    return found[0] if found else ""


def formula_at(text: str, at: int) -> Formula | None:
    """Return the complete formula that begins at `at`, or None."""
    opener = opener_at(text, at)
    # Without a closing delimiter each opening one would cause a search of the whole text.
    has_end = opener != "" and text.find(CLOSERS[opener], at + len(opener), at + _LONGEST) > 0
    if not has_end:
        return None
    if opener == "\\boxed{":
        return _boxed(text, at)
    found = _FORMULAS[opener].match(text, at)
    if found is None or not found[1].strip():
        return None
    if opener == "$" and not tex_or_text.between_dollars(found[1], text[found.end() : found.end() + 4]):
        return None
    return Formula(without_blank_lines(found[1]), opener, found.end())


def half_formula(text: str, at: int) -> tuple[Kind, str]:
    """Return what an opening delimiter without a closing one begins at `at`, and the text after it.

    The text ends with the paragraph, cell or heading.
    """
    opener = opener_at(text, at)
    rest = text[at + len(opener) : at + _LONGEST_HALF + len(opener)]
    if opener == "$":
        if text[at - 1 : at].isascii() and (text[at - 1 : at].isalnum() or text[at - 1 : at] == "$"):
            return Kind.TEXT, rest
        return (Kind.TEXT if "$" in rest else tex_or_text.after_dollar(rest)), rest
    if len(rest) == _LONGEST_HALF or rest.startswith("$") or tex_or_text.is_prose(rest):
        return Kind.TEXT, rest
    if opener != "\\boxed{" and CLOSERS[opener] in rest:
        return Kind.TEXT, rest
    if opener in ("\\(", "\\[") and tex_or_text.is_escaped_bracket(rest):
        return Kind.TEXT, rest
    if not rest.strip() or (opener == "$$" and not tex_or_text.has_sign(rest)):
        return Kind.UNDECIDED, rest
    return Kind.TEX, rest


def braces_open(tex: str) -> int:
    """Return how many braces of `tex` are not closed."""
    braces = _BRACE.findall(tex)
    return max(0, braces.count("{") - braces.count("}"))


def without_blank_lines(tex: str) -> str:
    """Return TeX without its blank lines, which LaTeX and Markdown do not allow in a formula."""
    return _BLANK_LINES.sub("\n", tex.strip()) if "\n" in tex else tex.strip()


def _boxed(text: str, at: int) -> Formula | None:
    depth = 0
    for found in _BRACE.finditer(text, at + len("\\boxed"), at + _LONGEST):
        depth += (found[0] == "{") - (found[0] == "}")
        if depth == 0:
            tex = text[at : found.end()]
            is_empty = not tex[len("\\boxed{") : -1].strip()
            return None if is_empty else Formula(without_blank_lines(tex), "\\boxed{", found.end())
    return None


class BlockDelimiters:
    """The delimiters of a formula on lines of its own, which is read line by line."""

    def __init__(self, opener: str) -> None:
        self.opener = opener
        #: Whether the delimiters are TeX themselves, and belong to the formula.
        self.are_tex = opener not in _ENDS
        self._depth = 1
        if opener == "\\boxed{":
            self._marks = _BRACE
        elif self.are_tex:
            self._marks = re.compile(r"\\(?:begin|end)" + re.escape(opener.removeprefix("\\begin")))

    @classmethod
    def at_start_of(cls, line: str) -> BlockDelimiters | None:
        """Return the delimiters of which `line` begins with the opening one, or None."""
        found = _BLOCK_OPENER.match(line)
        return cls(found[0]) if found else None

    def end_in(self, line: str) -> int | None:
        """Return the position after the closing delimiter in the formula's next line, or None.

        Args:
            line: a line of the formula; the first one without the opening delimiter.
        """
        if not self.are_tex:
            ends = _ENDS[self.opener].match(line)
            return ends.end() if ends else None
        for found in self._marks.finditer(line):
            self._depth += found[0] == "{" or found[0].startswith("\\begin")
            self._depth -= found[0] == "}" or found[0].startswith("\\end")
            if self._depth == 0:
                return found.end()
        return None
