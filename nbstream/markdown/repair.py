"""Completes half-written Markdown, so that it already looks as it will when it is complete.

`is_withheld` looks at a line that has no end yet, `repair` at the text of a paragraph, heading or
cell.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from nbstream.markdown.addresses import HALF_ADDRESS, address_at
from nbstream.markdown.delimiters import CLOSERS, braces_open, formula_at, half_formula, opener_at
from nbstream.markdown.emphasis import is_hopeless, is_undecided, run_at
from nbstream.markdown.lists import BULLETS
from nbstream.markdown.open_markers import Opener, OpenMarkers
from nbstream.markdown.tags import HALF_TAG, TAG
from nbstream.markdown.tex_or_text import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

#: An open bracket that is more than this many characters back does not begin a link: "[0, 1)".
_LONGEST_LABEL = 120


# A line of markers only: "-" may become an item, a rule, an underline or a word, "1" an item,
# "[ ]" a task, "|-" a table; "```p" has half of its language, "[1]: http" half of its definition,
# "[^1]" its footnote, "$$" and "\begin{al" their formulas.
_WITHHELD = re.compile(
    rf"(?:[-+*=_#|:>\s{BULLETS}]|`{{1,2}}(?!`)|~{{1,2}}(?!~)|\d{{1,9}}[.)](?=\s|$))*+"
    r"(?:\d{0,9}|`{3,}+[^`]*|~{3,}.*|\[(?:[ xX]?\]?|\^[^\]\s]*\]?:?)\s*|\${1,2}\s*"
    r"|\\(?:\[|b(?:o|ox|oxe|oxed|oxed\{|e|eg|egi|egin|egin\{[A-Za-z]*\*?)?)?\s*)"
)
_NAME = re.compile(r"_*[A-Za-z]\w*")
_DEFINITION = re.compile(r"\s*\[[^\]]*\]:")
_HALF_DEFINITION = re.compile(_DEFINITION.pattern + r"\s*\S*(?:\s+[\"'(].*)?")
#: The length of "https://".
_LONGEST_HALF = 8

_SPECIAL = re.compile(r"[\\`*_~!\[\]<$&:]")
_BACKTICKS = re.compile(r"`+")
_HALF_AUTOLINK = re.compile(r"<https?:/{0,2}[^\s<>]*$", re.IGNORECASE)
#: "[1" may become "[1]" or "[1](https://…)".
_NUMBER = re.compile(r"\[[\d,;\u2013 -]{0,12}]?$")
_HALF_NOTE = re.compile(r"\[(?:\^[^\]\s]{0,30})?$")
_HALF_ENTITY = re.compile(r"&(?:#?[a-z0-9]{0,9})$", re.IGNORECASE)
_AUTOLINK = re.compile(r"<[a-zA-Z][^\s<>]*>")
_TARGET = re.compile(r"\((?:[^()\\]|\\.|\([^()]*\))*\)|\[[^\]]*\]", re.DOTALL)
_HALF_TARGET = re.compile(r"""\([^\s()]*(?:\([^\s()]*\)?)?(?:\s+(?:["'(][^"']*["')]?\s*)?)?|\[[^\]\n]*|""")


def is_withheld(line: str, *, may_define: bool) -> bool:
    """Return whether an incomplete line must not be shown yet.

    The next characters must not move a line that is shown to another block: "#" alone would end a
    list, while "#hashtag" belongs to its last item.

    Args:
        line: the line so far.
        may_define: whether a definition may stand there, as `may_define` tells.
    """
    return bool(_WITHHELD.fullmatch(line) or (may_define and _HALF_DEFINITION.fullmatch(line)))


def may_define(lines: Iterable[str], *, before: bool = True) -> bool:
    """Return whether a definition may follow `lines`.

    Elsewhere "[label]:" is text.

    Args:
        lines: complete lines.
        before: whether a definition may stand before them.
    """
    for line in lines:
        before = line.strip() == "" or (before and _DEFINITION.match(line) is not None)
    return before


class Repaired(NamedTuple):
    """A repaired text, and whether the formula at its end was incomplete before the repair."""

    text: str
    ends_in_formula: bool = False


def repair(text: str, *, ends_line: bool = False) -> Repaired:
    """Return a growing text with its half-written end completed, or left out.

    Emphasis, strikethrough, code and formulas are closed. A dollar that may be money is left out
    until it shows what it is. A half link becomes the plain text of its label; a half image
    is left out. A last line that begins with a pipe is left out, as it may be the head of a table.

    Args:
        text: the text, without white space at its end.
        ends_line: whether its last line is complete.
    """
    *lines, last = text.split("\n")
    if last.lstrip().startswith("|"):
        text = "\n".join(lines)
    return _Scanner(text, ends_line=ends_line).repaired()


class _Scanner:
    """Reads a text once and notes the constructs that are open at its end."""

    def __init__(self, text: str, *, ends_line: bool) -> None:
        self._text = text
        self._ends_line = ends_line
        self._markers = OpenMarkers()
        #: Whether a word has a star after it: then one before a word begins a footnote.
        self._has_note = False
        #: Positions where the label of a link or an image begins.
        self._brackets: list[int] = []
        #: The closing delimiter of a formula that is open at the end of the text.
        self._formula = ""

    def repaired(self) -> Repaired:
        end: int | None = 0
        while end is not None and (special := _SPECIAL.search(self._text, end)):
            end = self._step(special[0], special.start())
        if end is not None and not self._ends_line:
            half = HALF_ADDRESS.search(self._text, max(0, len(self._text) - _LONGEST_HALF))
            self._text = self._text[: half.start()] if half else self._text
        self._drop_brackets()
        return Repaired(self._markers.close(self._text, self._formula), self._formula != "")

    def _step(self, char: str, at: int) -> int | None:
        """Read a construct; return its end, or None if it extends to the end of the text."""
        text = self._text
        match char:
            case "$" | "\\" if opener := opener_at(text, at):
                return self._formula_from(at, opener)
            case "\\":
                if at + 1 == len(text):
                    self._text = text[:at]
                return at + 2
            case "`":
                return self._code(at)
            case "*" | "_" | "~":
                return self._delimiter(at)
            case "!" if not text.startswith("[", at + 1):
                return at + 1
            case "[" if not self._ends_line and (
                _HALF_NOTE.match(text, at) or (_NUMBER.match(text, at) and _may_be_link(text, at))
            ):
                self._text = text[:at]
                return None
            case "!" | "[":
                self._brackets.append(at)
                return at + (2 if char == "!" else 1)
            case "]" if self._brackets:
                return self._label(self._brackets[-1], at)
            case "<":
                return self._tag(at)
            case ":" if address := address_at(text, at):
                return address[1]
            case "&" if _HALF_ENTITY.match(text, at) and not self._ends_line:
                self._text = text[:at]
                return None
        return at + 1

    def _formula_from(self, at: int, opener: str) -> int | None:
        if formula := formula_at(self._text, at):
            return formula.end
        kind, rest = half_formula(self._text, at)
        if kind is Kind.TEXT:
            # The marks in a name are hardly Markdown: "$__filter".
            name = _NAME.match(rest) if opener == "$" else None
            return at + len(opener) + (name.end() if name else 0)
        # Half of the closing delimiter, or of a command.
        rest = rest.removesuffix("$" if opener == "$$" else "\\").rstrip()
        completed = self._text[:at] + opener + rest
        closer = "}" * braces_open(opener + rest) if opener == "\\boxed{" else CLOSERS[opener]
        if kind is Kind.UNDECIDED or not formula_at(completed + closer, at):
            self._text = self._text[:at]
        else:
            self._text, self._formula = completed, closer
        return None

    def _code(self, at: int) -> int | None:
        run = "`" * _backticks(self._text, at)
        closing = re.compile(rf"(?<!`){run}(?!`)").search(self._text, at + len(run))
        if closing:
            return closing.end()
        self._text = self._text.rstrip("`")
        if self._text[at + len(run) :].strip():
            self._markers.push(Opener("`", at, len(run)))
        else:
            self._text = self._text[:at]
        return None

    def _delimiter(self, at: int) -> int | None:
        text = self._text
        marker = text[at]
        end, can_open, can_close = run_at(text, at, len(text))
        if marker in "*_" and not self._ends_line and is_undecided(text, at):
            self._text = text[:at]
            return None
        if end == len(text) and not (self._ends_line and can_close and not self._markers.has(marker)):
            # What follows decides what it is, or it is written again where everything is closed.
            if can_close:
                self._markers.expect_end(text, at)
            self._text = text[:at]
            return None
        rest = end - at
        if marker == "~" and rest == 1:
            return end
        while can_close and rest and self._markers.has(marker):
            opener = self._markers.pop_to(marker)
            used = 2 if min(rest, opener.length) > 1 else 1
            if opener.length > used:
                self._markers.push(opener._replace(length=opener.length - used))
            rest -= used
        if can_open and rest:
            is_note = self._has_note and marker == "*" and rest == 1
            self._markers.push(Opener(marker, end - rest, rest, is_note or is_hopeless(text, at)))
        elif marker == "*" and rest == 1:
            self._has_note = self._has_note or can_close
        return end

    def _tag(self, at: int) -> int | None:
        text = self._text
        if found := TAG.match(text, at):
            closing = f"</{found['name']}>".lower()
            if found["close"] and self._markers.has(closing):
                self._markers.pop_to(closing)
            elif found["name"] and not found["close"] and not text[found.end() : found.end() + 1].isspace():
                self._markers.push(Opener(closing, at, len(found[0])))
            return found.end()
        if autolink := _AUTOLINK.match(text, at):
            return autolink.end()
        if self._ends_line:
            return at + 1
        if _HALF_AUTOLINK.match(text, at):
            # It looks as an address without brackets does.
            self._text = text[:at] + text[at + 1 :]
            return at
        if HALF_TAG.match(text, at):
            self._text = text[:at]
            return None
        return at + 1

    def _label(self, start: int, end: int) -> int | None:
        """Read the target after a label; text[start:end] is the label without its "]"."""
        text = self._text
        if target := _TARGET.match(text, end + 1):
            self._brackets.pop()
            return target.end()
        # "[3][4]" are two sources.
        is_number = text[start + 1 : end].isdigit() and text.startswith("[", end + 1)
        if not is_number and _HALF_TARGET.fullmatch(text, end + 1) and _may_be_link(text, start):
            # The label's own bracket is still in `_brackets`, and dropped with the others.
            self._text = text[:end]
            return None
        self._brackets.pop()
        return end + 1

    def _drop_brackets(self) -> None:
        image = next((at for at in self._brackets if self._text[at] == "!"), len(self._text))
        self._text = self._text[:image]
        self._markers.drop_from(image)
        for at in reversed(self._brackets):
            text = self._text
            if at < len(text) - _LONGEST_LABEL:
                break
            if at < image and _may_be_link(text, at):
                self._text = text[:at] + text[at + 1 :]
                self._markers.move_left(at)


def _backticks(text: str, at: int) -> int:
    run = _BACKTICKS.match(text, at)
    return len(run[0]) if run else 0


def _may_be_link(text: str, bracket: int) -> bool:
    """Return whether a bracket may begin a link, unlike the one of an index: `a[0`."""
    before = text[bracket - 1 : bracket]
    return text[bracket] == "!" or not (before.isalnum() or before == "]" or text.startswith("^", bracket + 1))
