"""Rewrites TeX to the subset that latex2mathml converts correctly, or refuses it.

TeX is refused if it is wrong, nested too deeply, or does more than describe a formula. Of the
beginning of a formula, open groups are closed, or the incomplete end is left out. The facts about
single commands are in `tables`.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from nbstream.markdown.math import tables
from nbstream.markdown.math.characters import FIRST_WORD, Word, styled
from nbstream.markdown.math.symbols import LENGTH, array, em, to_symbols, words

if TYPE_CHECKING:
    from collections.abc import Sequence


#: The deepest nesting that is converted. A matrix within a matrix takes 17 nested calls in
#: latex2mathml, and Python allows 1000 nested calls in all.
MOST_LEVELS = 24


class Unconvertible(ValueError):  # noqa: N818  (describes the TeX, not a fault)
    """TeX that cannot be converted: wrong, nested too deeply, or more than a formula."""


class _Incomplete(Exception):  # noqa: N818  (normal for a formula that is streamed)
    """The beginning of a formula ends within a command."""


class _OpenGroup:
    r"""An open group: braces, an optional argument, `\left` or an environment."""

    def __init__(self, kind: str, end: str = "", bars: Sequence[int] = ()) -> None:
        self.kind = kind
        self.end = end
        #: The columns that have a line before them, and the current column.
        self.bars = bars
        self.column = 0
        #: How many arguments are missing, how many nested commands the next argument is in (as in
        #: "\hat\vec x"), and how many commands apply to the rest of the group.
        self.wanted = 0
        self.chain = 0
        self.styles = 0


class Rewriting:
    """One pass over the symbols of a formula, with a stack of open groups.

    Args:
        symbols: The symbols, from `to_symbols`.
        finished: Whether the formula is complete. If not, its end is completed or left out.
    """

    def __init__(self, symbols: Sequence[str], *, finished: bool) -> None:
        self._symbols = list(symbols)
        self._finished = finished
        self._at = 0
        self._groups = [_OpenGroup("")]
        self._has_rows = False
        self._written: list[str] = []
        self.words: list[Word] = []

    def rewritten(self) -> str:
        """Return TeX for latex2mathml, in which characters from `FIRST_WORD` on stand for `words`.

        Raises:
            Unconvertible: The TeX is wrong, nested too deeply, or more than a formula.
        """
        if not self._finished and self._symbols and re.fullmatch(r"\\([A-Za-z]+\*?)?", self._symbols[-1]):
            # "\in" may become "\int".
            self._symbols.pop()
        try:
            while self._at < len(self._symbols):
                self._step(self._next())
        except _Incomplete:
            pass
        if self._finished and len(self._groups) > 1:
            raise Unconvertible
        while len(self._groups) > 1:
            self._close()
        self._fill()
        if self._has_rows:
            # Rows outside an environment are an error in TeX, but the meaning is clear.
            return " ".join([tables.ALIGNED[0], *self._written, tables.ALIGNED[1]])
        return " ".join(self._written)

    def _next(self) -> str:
        self._at += 1
        return self._symbols[self._at - 1]

    def _peek(self) -> str:
        while self._at < len(self._symbols) and (
            self._symbols[self._at].isspace() or self._symbols[self._at][0] == "%"
        ):
            self._at += 1
        return self._symbols[self._at] if self._at < len(self._symbols) else ""

    def _broken(self) -> Exception:
        return Unconvertible() if self._finished or self._at < len(self._symbols) else _Incomplete()

    def _step(self, symbol: str) -> None:
        symbol = tables.SYNONYMS.get(symbol, symbol)
        group = self._groups[-1]
        if tables.SKIPPED.fullmatch(symbol):
            return
        if symbol == "{":
            self._open("{", "{", "}")
        elif symbol == "}" or (symbol == "]" and group.kind == "["):
            if group.kind != ("{" if symbol == "}" else "["):
                raise Unconvertible
            self._close()
        elif symbol == "&" or symbol.startswith("\\\\"):
            self._end_cell(symbol[:2])
        elif symbol in ("^", "_"):
            self._fill()
            self._written.append(symbol)
            group.wanted = 1
        elif symbol[0].isdigit():
            self._number(symbol)
        elif symbol[0] == "\\":
            self._command(symbol)
        else:
            self._atom(symbol)

    def _command(self, symbol: str) -> None:
        if symbol == "\\" or tables.REFUSED.fullmatch(symbol):
            raise self._broken()
        name = found[0] if (found := tables.COMMAND.match(symbol)) else symbol
        if name in (r"\begin", r"\end"):
            self._environment(re.findall("[A-Za-z]+", symbol)[1], is_end=name == r"\end")
        elif name != symbol:
            # The symbol includes its argument. Colours and labels are left out; a space is kept.
            if not name.endswith(("color", "label")) and (length := re.search(LENGTH, symbol)):
                self._atom(rf"\hspace{{{em(length[1], length[2])}}}")
        elif symbol in (r"\left", r"\right", r"\middle") or tables.SIZED.fullmatch(symbol):
            self._delimiter(symbol)
        elif tables.TEXT.fullmatch(symbol):
            self._text(symbol)
        elif symbol in tables.AROUND:
            if self._peek() != "{":
                raise self._broken()
            self._at += 1
            start, end = tables.AROUND[symbol]
            self._open("{", f"{{ {start}", f"{end} }}")
        elif symbol == r"\arg":
            self._atom(self._word("mi", "arg"))
        elif symbol == r"\not" and self._peek() in ("=", "<", ">"):
            self._atom(unicodedata.normalize("NFC", self._next() + "\u0338"))
        elif symbol == r"\dots":
            self._atom(r"\cdots" if tables.BETWEEN.fullmatch(self._peek()) else r"\ldots")
        else:
            self._plain_command(symbol)

    def _plain_command(self, symbol: str) -> None:
        group = self._groups[-1]
        chain = group.chain
        self._atom(symbol)
        wanted = 2 if tables.TWO_ARGUMENTS.fullmatch(symbol) else 1 if tables.ONE_ARGUMENT.fullmatch(symbol) else 0
        if wanted:
            group.wanted += wanted
            group.chain = chain + 1
        if tables.STYLE.fullmatch(symbol):
            group.styles += 1
        self._check_levels()
        if tables.OPTIONAL_ARGUMENT.fullmatch(symbol) and self._peek() == "[":
            self._at += 1
            self._written.append("[")
            self._groups.append(_OpenGroup("[", "]"))

    def _check_levels(self) -> None:
        if sum(1 + each.chain + each.styles for each in self._groups) > MOST_LEVELS:
            raise Unconvertible

    def _atom(self, written: str) -> None:
        group = self._groups[-1]
        self._written.append(written)
        group.wanted = max(0, group.wanted - 1)
        group.chain *= bool(group.wanted)

    def _word(self, tag: str, text: str, *, movable: bool = False) -> str:
        self.words.append(Word(tag, text, movable))
        return chr(FIRST_WORD + len(self.words) - 1)

    def _number(self, digits: str) -> None:
        # An argument is one digit: the 2 of "x^23", the 1 and the 2 of "\frac12".
        while digits and self._groups[-1].wanted:
            self._atom(digits[0])
            digits = digits[1:]
        if digits:
            self._atom(self._word("mn", digits.replace("{,}", ",")) if "{" in digits else digits)

    def _open(self, kind: str, start: str, end: str, bars: Sequence[int] = ()) -> None:
        self._written.append(start)
        self._groups.append(_OpenGroup(kind, end, bars))
        self._check_levels()

    def _fill(self) -> None:
        self._written.extend(["{}"] * self._groups[-1].wanted)
        self._groups[-1].wanted = 0

    def _close(self) -> None:
        self._fill()
        if self._written[-1] == "&":
            # latex2mathml drops a row that ends with "&".
            self._written.append("{}")
        group = self._groups.pop()
        if group.kind == "[":
            self._written.append(group.end)
        else:
            self._atom(group.end)

    def _end_cell(self, symbol: str) -> None:
        group = self._groups[-1]
        self._fill()
        if not group.kind:
            self._has_rows = True
        elif symbol == "&" and not group.kind.startswith("begin"):
            raise Unconvertible
        group.column = group.column + 1 if symbol == "&" else 0
        self._written.extend(["&", "|", "&"] if group.column in group.bars else [symbol])

    def _delimiter(self, symbol: str) -> None:
        if self._peek() not in tables.DELIMITERS:
            raise self._broken()
        delimiter = tables.DELIMITERS[self._next()]
        if symbol == r"\left":
            self._open("left", rf"\left {delimiter}", r"\right .")
        elif symbol != r"\right":
            if delimiter != ".":
                self._atom(f"{symbol} {delimiter}")
        elif self._groups[-1].kind == "left":
            self._groups[-1].end = rf"\right {delimiter}"
            self._close()
        else:
            raise Unconvertible

    def _environment(self, name: str, *, is_end: bool) -> None:
        if is_end:
            if self._groups[-1].kind != f"begin {name}":
                raise Unconvertible
            self._close()
            return
        if name not in tables.ENVIRONMENTS:
            raise Unconvertible
        start, end = tables.ENVIRONMENTS[name]
        bars: Sequence[int] = ()
        if self._peek() == "[" and "".join(self._symbols[self._at : self._at + 3]) in ("[t]", "[b]", "[c]"):
            self._at += 3
        if name in ("array", "subarray", "alignat", "alignedat"):
            if self._peek() != "{":
                raise self._broken()
            columns = [each for each in self._argument() if each in "lcr|"]
            if name == "array":
                start, bars = array(columns)
        self._open(f"begin {name}", f"{{ {start}", f"{end} }}", bars)

    def _argument(self) -> list[str]:
        """Return the symbols of the next group. Of an incomplete formula, the group may be open."""
        depth, start = 0, self._at
        while self._at < len(self._symbols):
            symbol = self._next()
            depth += (symbol == "{") - (symbol == "}")
            if not depth:
                return self._symbols[start + 1 : self._at - 1]
        if self._finished:
            raise Unconvertible
        return self._symbols[start + 1 :]

    def _text(self, command: str) -> None:
        if self._peek() != "{":
            raise self._broken()
        text = "".join(self._argument())
        if command.startswith(r"\tag"):
            self._written.append(r"\qquad")
            self._atom(self._word("mtext", words(text) if command[-1] == "*" else f"({words(text)})"))
        elif command.startswith(r"\operatorname"):
            is_movable = command[-1] == "*"
            name = words(text).replace("\xa0", "\u2009")
            self._atom(self._word("mo" if is_movable else "mi", name, movable=is_movable))
        else:
            symbols = ["{"]
            for number, piece in enumerate(re.split(r"(?<!\\)\$", text)):
                if number % 2:
                    symbols += ["{", *to_symbols(piece), "}"]
                elif piece:
                    symbols.append(self._word("mtext", styled(words(piece), tables.TEXT_STYLES.get(command, ""))))
            self._symbols[self._at : self._at] = [*symbols, "}"]
