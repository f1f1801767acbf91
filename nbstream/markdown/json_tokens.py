"""Growing JSON as coloured, indented tokens, each handed over once.

JSON is indented by its brackets and commas alone, so what is not JSON is shown as well: as it was
written, from the place where the brackets do not match.
"""

from __future__ import annotations

import re
from typing import NamedTuple

#: A string is handed over in pieces of so many characters, and no word is longer.
PIECE = 1_000
_DEEPEST_INDENT = 40
_CLOSING = {"{": "}", "[": "]"}
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_WORDS = ("true", "false", "null")
#: White space, a bracket or sign, a quote, or a word.
_NEXT = re.compile(r'\s+|[{}\[\],:"]|[^\s{}\[\],:"]+')
_END_OF_STRING = re.compile(r'["\\]')


class Token(NamedTuple):
    """A piece of text, and the class that gives Pygments' style its colour; empty for none."""

    text: str
    colour: str = ""


class JsonTokens:
    """Turns JSON that grows into tokens, with a line for each item.

    Args:
        fenced: whether a code fence opened before it; then its end is left out.
    """

    def __init__(self, *, fenced: bool = False) -> None:
        self._fenced = fenced
        self._made: list[Token] = []
        #: The open brackets; whether the next item begins a line, and whether a comma says so.
        self._stack: list[str] = []
        self._is_fresh = False
        self._follows_comma = False
        self._expects_key = False
        self._follows_value = False
        #: The string in progress: the part that was not handed over; None outside of strings.
        self._string: str | None = None
        self._is_key = False
        self._is_escaped = False
        self._word = ""
        #: After the last bracket: white space and a closing fence so far; None before.
        self._after: list[str] | None = None
        self._is_raw = False

    @property
    def is_whole(self) -> bool:
        """Whether the outermost bracket has closed, and nothing but a fence followed."""
        return self._after is not None and not self._is_raw

    def feed(self, text: str) -> list[Token]:
        """Append `text` and return the tokens that are finished."""
        at = 0
        while at < len(text):
            if self._is_raw:
                self._write(text[at:])
                break
            if self._string is not None:
                at = self._read_string(text, at)
            elif self._after is not None:
                self._read_after(text[at:], self._after)
                break
            else:
                at = self._read_next(text, at)
        made, self._made = self._made, []
        return made

    def pending(self) -> list[Token]:
        """Return the unfinished token as it is so far."""
        if self._string is not None:
            return [Token(self._string, "nt" if self._is_key else "s2")]
        return [Token(self._word, _colour_of(self._word))] if self._word else []

    def finish(self) -> list[Token]:
        """Return the rest: the text is complete."""
        rest = self.pending()
        self._string, self._word = None, ""
        return rest

    def _read_next(self, text: str, at: int) -> int:
        found = _NEXT.match(text, at)
        assert found is not None  # noqa: S101  (each character is of one of the kinds)
        piece = found[0]
        if piece.isspace() or piece in '{}[],:"':
            self._end_word()
        if piece == '"':
            self._begin_value()
            self._string, self._is_key, self._is_escaped = '"', self._expects_key, False
        elif piece in _CLOSING:
            self._begin_value()
            self._write(piece, "p")
            self._stack.append(piece)
            self._is_fresh, self._expects_key, self._follows_value = True, piece == "{", False
        elif piece in ("}", "]"):
            self._close(piece)
        elif piece == ",":
            self._begin_item()
            self._write(",", "p")
            self._is_fresh = self._follows_comma = True
            self._expects_key, self._follows_value = self._stack[-1:] == ["{"], False
        elif piece == ":":
            self._begin_item()
            self._write(":", "p")
            self._write(" ")
            self._expects_key = self._follows_value = False
        elif not piece.isspace():
            if not self._word:
                self._begin_value()
            self._word += piece
            if len(self._word) > PIECE:
                self._end_word()
                self._is_raw = True
        return found.end()

    def _read_string(self, text: str, at: int) -> int:
        """Read on in a string, and hand over each whole piece of it."""
        start, end = at, len(text)
        if self._is_escaped:
            self._is_escaped = False
            at += 1
        is_closed = False
        while not is_closed and (found := _END_OF_STRING.search(text, at)):
            if found[0] == '"':
                end, is_closed = found.end(), True
            elif found.end() == len(text):
                self._is_escaped = True
                break
            else:
                at = found.end() + 1
        string, colour = (self._string or "") + text[start:end], "nt" if self._is_key else "s2"
        whole = len(string) - len(string) % PIECE
        for first in range(0, whole, PIECE):
            self._write(string[first : first + PIECE], colour)
        self._string = string[whole:]
        if is_closed:
            self._write(self._string, colour)
            self._string, self._expects_key, self._follows_value = None, False, True
        return end

    def _read_after(self, text: str, after: list[str]) -> None:
        after.append(text)
        if set(text.strip()) - set("`~" if self._fenced else ""):
            self._write("".join(after))
            self._is_raw = True

    def _begin_item(self) -> None:
        """Begin the first line within a bracket."""
        if self._is_fresh:
            self._new_line()
            self._is_fresh = self._follows_comma = False

    def _begin_value(self) -> None:
        self._begin_item()
        if self._follows_value:
            self._write(" ")

    def _close(self, piece: str) -> None:
        if not self._stack or _CLOSING[self._stack[-1]] != piece:
            self._write(piece)
            self._is_raw = True
            return
        self._stack.pop()
        if not self._is_fresh or self._follows_comma:
            self._new_line()
        self._is_fresh = self._follows_comma = False
        self._write(piece, "p")
        self._expects_key, self._follows_value = False, True
        if not self._stack:
            self._after = []

    def _end_word(self) -> None:
        if self._word:
            self._write(self._word, _colour_of(self._word))
            self._word, self._follows_value = "", True

    def _new_line(self) -> None:
        self._write("\n" + "  " * min(len(self._stack), _DEEPEST_INDENT))

    def _write(self, text: str, colour: str = "") -> None:
        if text:
            self._made.append(Token(text, colour))


def _colour_of(word: str) -> str:
    if word in _WORDS:
        return "kc"
    found = _NUMBER.fullmatch(word)
    return "" if found is None else "mf" if found[1] or found[2] else "mi"
