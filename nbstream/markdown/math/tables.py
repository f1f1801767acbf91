"""Tables of TeX's commands and environments: refused, skipped, their arguments, their replacements.

`rewriting` reads these tables. Environments and replacements are written in TeX for latex2mathml.
"""

from __future__ import annotations

import re

COMMAND = re.compile(r"\\[A-Za-z]+\*?")
# Commands that define macros, link, style, load files or draw; commands that latex2mathml converts
# wrongly; and commands whose argument is missing (with its argument, such a command is a symbol of
# its own, see `symbols`).
REFUSED = re.compile(
    r"\\(?:[gex]?def|let|(?:re)?new\w+|providecommand|DeclareMathOperator|require|include\w*|input|unicode|rule|href|url"
    r"|style|class|css\w*|html\w*|raise|lower|move\w+|skew|verb|catcode|csname|char|mathchoice|f?colorbox|sideset|root"
    r"|genfrac|\w+withdelims|above|brac[ek]|smash|[rlc]lap|[lr]eftroot|uproot|shove\w+|(?:[pbvBV]|small)?matrix|cases"
    r"|array|eqalign\w*|displaylines|split|align|(?:text)?color|label|begin|end|[hm]space|[hm]skip|m?kern)"
)
SKIPPED = re.compile(
    r"\s+|%.*|\\(?:nonumber|notag|hline|cr|displaylimits|nolimits|allowbreak|nobreak|(?:math)?strut"
    r"|[hH]uge|LARGE|[lL]arge|normalsize|small|footnotesize|scriptsize|tiny)"
)
_ARROW = r"x(?:\w*(?:arrow|harpoon\w*)|longequal|mapsto|tofrom)"
ONE_ARGUMENT = re.compile(
    r"\\(?:sqrt|not|[mp]od|pmod|boxed|[bx]?cancel|sout|[hv]?phantom|bm|bold(?:symbol)?|pmb|Bbb|mit|scr|tt|oldstyle|vcenter"
    r"|math(?!strut)\w+|(?:wide)?(?:hat|tilde|check)|bar|vec|d{1,4}ot|acute|grave|breve|(?:over|under)(?!set)\w+"
    rf"|{_ARROW})"
)
TWO_ARGUMENTS = re.compile(r"\\(?:[cdt]?frac|[dt]?binom|(?:over|under)set|stackrel)")
OPTIONAL_ARGUMENT = re.compile(rf"\\(?:sqrt|{_ARROW})")
# Commands that apply to the rest of their group, so that the rest is one level deeper.
STYLE = re.compile(r"\\(?:(?:display|text|script(?:script)?)style|over|atop|choose)")
TEXT = re.compile(r"\\(?:text(?:bf|it|md|normal|rm|sf|tt|up)?|emph|[mhf]box|operatorname\*?|tag\*?)")
SIZED = re.compile(r"\\(?:big|Big|bigg|Bigg)[lrm]?")
# "\dots" before one of these is centred, otherwise it is on the baseline.
BETWEEN = re.compile(r"[-+=<>]|\\(?:[cl]dot|times|[lg]eq?|pm|to|o(?:plus|times)|cup|cap|wedge|vee)")
DELIMITERS = {each: each for each in "()[]|/.⟨⟩‖⌊⌋⌈⌉↑↓"} | {
    name: character
    for character, names in {
        "{": r"\{ \lbrace",
        "}": r"\} \rbrace",
        "[": r"\lbrack",
        "]": r"\rbrack",
        "⟨": r"\langle <",
        "⟩": r"\rangle >",
        "|": r"\vert \lvert \rvert",
        "‖": r"\| \Vert \lVert \rVert",
        "⌊": r"\lfloor",
        "⌋": r"\rfloor",
        "⌈": r"\lceil",
        "⌉": r"\rceil",
        "↑": r"\uparrow",
        "↓": r"\downarrow",
        "\\": r"\backslash",
    }.items()
    for name in names.split()
}
SYNONYMS = (
    {name: character for name, character in DELIMITERS.items() if name[0] == "\\" and character in "⟨⟩‖|[]"}
    | {r"\lbrace": r"\{", r"\rbrace": r"\}", r"\hdots": r"\ldots", r"\dag": r"\dagger", r"\space": "~"}
    | {r"\colon": ":", r"\P": "¶", r"\copyright": "©", r"\qed": "∎", r"\AA": "Å", r"\ss": "ß"}
)
# The replacements for the beginning and the end of an environment. The braces after the beginning
# hold the alignment of the columns.
_ARRAY = r"\begin{array} {c}", r"\end{array}"
ALIGNED = r"\begin{align*} {}", r"\end{align*}"
_CENTRED = r"\begin{displaylines} {}", r"\end{displaylines}"
_SMALL = r"\begin{smallmatrix} {}", r"\end{smallmatrix}"
_CASES = r"\begin{array} {l}"
ENVIRONMENTS = {
    **dict.fromkeys(("matrix", "subarray", "array"), _ARRAY),
    "smallmatrix": _SMALL,
    **{
        f"{letter}matrix": (rf"\left {left} {_ARRAY[0]}", rf"{_ARRAY[1]} \right {right}")
        for letter, left, right in (("p", "(", ")"), ("b", "[", "]"), ("B", r"\{", r"\}"), ("v", *"||"), ("V", *"‖‖"))
    },
    **dict.fromkeys(("cases", "dcases"), (rf"\left \{{ {_CASES}", rf"{_ARRAY[1]} \right .")),
    "rcases": (rf"\left . {_CASES}", rf"{_ARRAY[1]} \right \}}"),
    **dict.fromkeys(("align", "aligned", "alignat", "alignedat", "flalign", "split", "eqnarray"), ALIGNED),
    **dict.fromkeys(("gather", "gathered", "multline", "multlined"), _CENTRED),
    **dict.fromkeys(("equation", "math", "displaymath"), ("", "")),
}
# Commands that are replaced by text before and after their argument.
AROUND = {r"\bra": ("⟨", "|"), r"\ket": ("|", "⟩"), r"\braket": ("⟨", "⟩"), r"\substack": _SMALL}
TEXT_STYLES = {r"\textbf": "BOLD", r"\textit": "ITALIC", r"\emph": "ITALIC", r"\texttt": "MONOSPACE"}
