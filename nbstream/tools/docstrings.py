"""Docstrings of functions: what the function does, and what its parameters mean.

The styles are those of Google, NumPy, and Sphinx with reStructuredText. The sections of parameters
become descriptions in the schema; the model reads everything else as the description of the tool.
"""

from __future__ import annotations

import inspect
import re
from typing import NamedTuple

_SECTIONS = "args|arguments|parameters|params|keyword args|keyword arguments|other parameters"
_GOOGLE = re.compile(rf"(?:{_SECTIONS}):[ \t]*", re.IGNORECASE)
_NUMPY = re.compile(rf"(?:{_SECTIONS})[ \t]*", re.IGNORECASE)
_UNDERLINE = re.compile(r"-{3,}[ \t]*")
#: `name: …`, `name (type, optional): …`, `*names: …`
_GOOGLE_ENTRY = re.compile(r"\*{0,2}(?P<name>\w+)[ \t]*(?:\([^\n]*?\))?[ \t]*:(?!:)[ \t]*(?P<text>.*)")
#: `name`, `name : type`, `name, other : type`
_NUMPY_ENTRY = re.compile(r"(?P<names>\*{0,2}\w+(?:[ \t]*,[ \t]*\*{0,2}\w+)*)[ \t]*(?::.*)?")
#: `:param name: …`, `:param type name: …`, `@param name: …`
_FIELD = re.compile(
    r"[ \t]*[:@](?:param|parameter|arg|argument|key|keyword)[ \t]+"
    r"(?:[^:\n]*[ \t])?\*{0,2}(?P<name>\w+)[ \t]*:(?P<text>.*)"
)
_TYPE_FIELD = re.compile(r"[ \t]*[:@](?:type|kwtype)[ \t]+\w+[ \t]*:.*")
_ANY_FIELD = re.compile(r"[ \t]*[:@][a-z]+(?:[ \t]+[^:\n]*)?:")


class Documented(NamedTuple):
    """What a docstring says.

    Attributes:
        text: the docstring without its sections of parameters.
        parameters: the descriptions of parameters by their names, each in one line.
    """

    text: str
    parameters: dict[str, str]


def read_docstring(docstring: str) -> Documented:
    """Return what a docstring says of a function and of its parameters."""
    lines = inspect.cleandoc(docstring).split("\n")
    kept: list[str] = []
    parameters: dict[str, list[str]] = {}
    at = 0
    while at < len(lines):
        line = lines[at]
        if _GOOGLE.fullmatch(line) and _is_indented(lines, at + 1):
            at = _read_google(lines, at + 1, parameters)
        elif _NUMPY.fullmatch(line) and at + 1 < len(lines) and _UNDERLINE.fullmatch(lines[at + 1]):
            at = _read_numpy(lines, at + 2, parameters)
        elif found := _FIELD.fullmatch(line):
            at = _read_field(lines, at + 1, parameters.setdefault(found["name"], [found["text"]]))
        elif _TYPE_FIELD.fullmatch(line):
            at = _read_field(lines, at + 1, [])
        else:
            kept.append(line.rstrip())
            at += 1
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()
    described = {name: " ".join(" ".join(words).split()) for name, words in parameters.items()}
    return Documented(text, {name: words for name, words in described.items() if words})


def _is_indented(lines: list[str], at: int) -> bool:
    rest = next((line for line in lines[at:] if line.strip()), "")
    return rest[:1].isspace()


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _read_google(lines: list[str], at: int, parameters: dict[str, list[str]]) -> int:
    """Read entries, each with further lines that are indented more; return where they end."""
    own = next(_indent(line) for line in lines[at:] if line.strip())
    words: list[str] = []
    while at < len(lines) and (not lines[at].strip() or lines[at][:1].isspace()):
        line = lines[at]
        found = _GOOGLE_ENTRY.fullmatch(line.strip()) if _indent(line) <= own and line.strip() else None
        if found:
            words = parameters.setdefault(found["name"], [found["text"]])
        else:
            words.append(line)
        at += 1
    return at


def _read_numpy(lines: list[str], at: int, parameters: dict[str, list[str]]) -> int:
    """Read entries with their descriptions indented below; return where the section ends."""
    named: list[str] = []
    while at < len(lines):
        line = lines[at]
        if at + 1 < len(lines) and line.strip() and _UNDERLINE.fullmatch(lines[at + 1]):
            # The heading of the next section.
            break
        if line.strip() and not line[:1].isspace():
            found = _NUMPY_ENTRY.fullmatch(line.rstrip())
            if found is None:
                break
            named = [each.strip().lstrip("*") for each in found["names"].split(",")]
            parameters.update({name: [] for name in named if name not in parameters})
        else:
            for name in named:
                parameters[name].append(line)
        at += 1
    return at


def _read_field(lines: list[str], at: int, words: list[str]) -> int:
    """Read the lines of a field up to the next one, or to an empty line; return where it ends."""
    while at < len(lines) and lines[at].strip() and not _ANY_FIELD.match(lines[at]):
        words.append(lines[at])
        at += 1
    return at
