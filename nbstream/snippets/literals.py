"""JSON values as literals of Python, JavaScript and JSON: exact for every value, and readable.

A character that a reader cannot see, or that a page or a terminal changes when text is copied, is
written as an escape: controls, spaces other than U+0020 and U+3000, and marks that reorder text
("Trojan Source", CVE-2021-42574). So the text on the page is the text that runs.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nbstream.model.hidden_text import HiddenText

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

#: The columns of a line that holds more than one value.
WIDTH = 88

# The joiners U+200C and U+200D stay, as emoji and Persian need them.
_UNSEEN = (
    "\x00-\x1f\x7f-\xa0\xad\u061c\u115f\u1160\u180e\u2000-\u200b\u200e\u200f\u2028-\u202f\u205f-\u206f\u2800\u3164"
    "\ud800-\udfff\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U000e0000-\U000e007f"
)
_ESCAPED = re.compile(rf"[\\{_UNSEEN}]")
_ESCAPED_IN_JSON = re.compile(f"[{_UNSEEN}]")
_SHORT = {"\\": r"\\", "\n": r"\n", "\r": r"\r", "\t": r"\t"}
_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*", re.ASCII)
#: Stands on both sides of a variable's name in a text.
_PLACE = "\0"
_BYTE, _ASTRAL = 0x100, 0x10000
#: The largest whole number up to which JavaScript holds each one.
_MAX_SAFE_INTEGER = 2**53 - 1
#: A blank at the end of a line is lost in many editors.
_BLANK_AT_END = re.compile(r"[ \u3000](?:\n|\Z)")
#: IPython also removes the prompts of examples at the beginning of a line, as `>>>`.
_BLANK_OR_PROMPT = re.compile(r"[ \u3000](?:\n|\Z)|^\s*>>>", re.MULTILINE)


@dataclass(frozen=True)
class Language:
    """How a language writes values.

    Attributes:
        constants: its words for true, false and null.
        key: writes the key of an object, with the colon.
        line: writes a text on one line.
        lines: writes a text over several lines; None if the language cannot.
        one_line: finds texts that have to be written on one line.
        padding: stands between a brace and what it encloses on the same line.
        indent: the spaces of one level.
        trailing_comma: whether a comma follows the last value, where each has a line of its own.
        hidden: writes the expression for a text that is read from a variable of the environment.
    """

    constants: tuple[str, str, str]
    key: Callable[[str], str]
    line: Callable[[str], str]
    lines: Callable[[str], str] | None
    padding: str
    indent: int
    trailing_comma: bool
    hidden: Callable[[HiddenText], str]
    one_line: re.Pattern[str] = _BLANK_AT_END

    def write(self, value: Any, level: int = 0, taken: int = 0) -> str:
        """Return the literal of `value`.

        Args:
            value: a value that JSON has.
            level: how deeply the line is indented on which it begins.
            taken: the columns of that line that something else needs, without its indentation.
        """
        room = WIDTH - self.indent * level - taken
        if isinstance(value, HiddenText):
            return self.hidden(value)
        if isinstance(value, str):
            line = self.line(value)
            is_long = len(line) > room and "\n" in value and not self.one_line.search(value)
            return self.lines(value) if self.lines is not None and is_long else line
        short = self._short(value, room)
        if short is not None:
            return short
        if isinstance(value, dict):
            keys = [self.key(key) for key in value]
            items = [
                f"{key} {self.write(each, level + 1, len(key) + 2)}"
                for key, each in zip(keys, value.values(), strict=True)
            ]
            return self.broken("{", items, "}", level)
        return self.broken("[", [self.write(each, level + 1, 1) for each in value], "]", level)

    def broken(self, opener: str, items: Iterable[str], closer: str, level: int) -> str:
        """Return `items` between two brackets, each on a line of its own."""
        begin, end = "\n" + " " * self.indent * (level + 1), "\n" + " " * self.indent * level
        comma = "," if self.trailing_comma else ""
        return f"{opener}{begin}{f',{begin}'.join(items)}{comma}{end}{closer}"

    def _short(self, value: Any, room: int) -> str | None:
        """Return `value` on one line, or None if it has more than `room` characters.

        A number is written in any case.
        """
        if isinstance(value, HiddenText):
            return self.hidden(value) if len(self.hidden(value)) <= room else None
        if isinstance(value, str):
            # The literal is no shorter than the text.
            line = self.line(value) if len(value) <= room else ""
            return line if line and len(line) <= room else None
        if isinstance(value, bool | None):
            return self.constants[2 if value is None else 0 if value else 1]
        if isinstance(value, int | float):
            return repr(value).replace("e+", "e")
        pairs = value.items() if isinstance(value, dict) else ((None, each) for each in value)
        parts: list[str] = []
        room -= 2
        for key, each in pairs:
            name = "" if key is None else f"{self.key(key)} "
            part = self._short(each, room - len(name))
            if part is None:
                return None
            parts.append(name + part)
            room -= len(parts[-1]) + 2
            # The last one has neither a comma nor a blank after it.
            if room + len(", ") < 0:
                return None
        padding = self.padding if parts else ""
        inner = f"{padding}{', '.join(parts)}{padding}" if isinstance(value, dict) else ", ".join(parts)
        return f"{{{inner}}}" if isinstance(value, dict) else f"[{inner}]"


def _escapes(astral: str) -> Callable[[re.Match[str]], str]:
    """Return the function that escapes a character; `astral` is the format above U+FFFF."""

    def escape(found: re.Match[str]) -> str:
        code = ord(found[0])
        if found[0] in _SHORT:
            return _SHORT[found[0]]
        return (r"\x{:02x}" if code < _BYTE else r"\u{:04x}" if code < _ASTRAL else astral).format(code)

    return escape


_in_python = _escapes(r"\U{:08x}")
_in_javascript = _escapes(r"\u{{{:x}}}")


def _in_json(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < _ASTRAL:
        return f"\\u{code:04x}"
    high, low = divmod(code - _ASTRAL, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"


def _quoted(text: str, escape: Callable[[re.Match[str]], str]) -> str:
    quote = "'" if text.count('"') > text.count("'") else '"'
    return quote + _ESCAPED.sub(escape, text).replace(quote, f"\\{quote}") + quote


def _with_lines(text: str, escape: Callable[[re.Match[str]], str]) -> str:
    """Return `text` with escapes, and its line ends as they are."""
    return "\n".join(_ESCAPED.sub(escape, line) for line in text.split("\n"))


def _triple_quoted(text: str) -> str:
    inner = re.sub(r'^"|"{3,}|"\Z', lambda found: '\\"' * len(found[0]), _with_lines(text, _in_python))
    return f'"""{inner}"""'


def template(text: str) -> str:
    """Return `text` as a template literal of JavaScript."""
    return "`" + _with_lines(text, _in_javascript).replace("`", r"\`").replace("${", r"\${") + "`"


def _json_line(text: str) -> str:
    return _ESCAPED_IN_JSON.sub(_in_json, json.dumps(text, ensure_ascii=False))


def _javascript_key(name: str) -> str:
    if name == "__proto__":
        # As a plain key it would set the object's prototype.
        return '["__proto__"]:'
    return f"{name}:" if _IDENTIFIER.fullmatch(name) else f"{_quoted(name, _in_javascript)}:"


PYTHON = Language(
    constants=("True", "False", "None"),
    key=lambda name: f"{_quoted(name, _in_python)}:",
    line=lambda text: _quoted(text, _in_python),
    lines=_triple_quoted,
    padding="",
    indent=4,
    trailing_comma=True,
    hidden=lambda text: f'os.environ["{text.variable}"]',
    one_line=_BLANK_OR_PROMPT,
)
JAVASCRIPT = Language(
    constants=("true", "false", "null"),
    key=_javascript_key,
    line=lambda text: _quoted(text, _in_javascript),
    lines=template,
    padding=" ",
    indent=2,
    trailing_comma=True,
    hidden=lambda text: f"process.env.{text.variable}",
)
JSON = Language(
    constants=("true", "false", "null"),
    key=lambda name: f"{_json_line(name)}:",
    line=_json_line,
    lines=None,
    padding="",
    indent=2,
    trailing_comma=False,
    hidden=_json_line,
)


def json_parts(body: Any) -> list[str]:
    """Return JSON text in parts; every second one names a variable, whose value belongs there."""
    # JSON text has no such character.
    language = replace(JSON, hidden=lambda text: f"{_PLACE}{text.variable}{_PLACE}")
    return language.write(body).split(_PLACE)


def javascript_rounds(value: Any) -> bool:
    """Return whether JavaScript would write a whole number of `value` otherwise, by rounding it."""
    if isinstance(value, dict | list | tuple):
        inner: Iterable[Any] = value.values() if isinstance(value, dict) else value
        return any(map(javascript_rounds, inner))
    is_whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return is_whole and abs(value) > _MAX_SAFE_INTEGER
