"""Names and values that are not sent, as they are secret.

The names follow what people call secrets: `OPENAI_API_KEY`, `hf_token`, `password`. A harmless
value with such a name can be assigned to another one, so in doubt a name is refused.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from nbstream.prompt.containers import ARRAYS, attributes_of, entries_of
from nbstream.prompt.description import LIMIT

#: Stands for the environment of the process, as the name of a secret.
ENVIRONMENT = "os.environ"
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|\d+")
_CERTAIN = re.compile(r"passw(?:or)?d|passphrase|secret(?!ar|e|ion)|credential|api[_-]?key|authorization|bearer")
#: Words before `key` and `token` that name no secret.
_HARMLESS_KEYS = frozenset(
    {"primary", "foreign", "sort", "group", "cache", "partition", "row", "column", "col", "index", "dict", "map"}
    | {"public", "join", "natural", "surrogate", "lookup", "unique", "hash", "range", "object", "answer", "issue"}
    | {"project", "order", "product", "customer", "json", "first", "last"}
)
_HARMLESS_TOKENS = frozenset(
    {"eos", "bos", "pad", "unk", "sep", "cls", "mask", "stop", "end", "start", "special", "next", "first", "last"}
)
#: The shapes that large services give their keys; a placeholder has no digit, or no letter.
KEY_SHAPES = (
    r"\b(?:sk-(?=[\w-]{0,200}\d)(?=[\d_-]{0,200}[A-Za-z])[\w-]{16,}|gh[pousr]_\w{20,}|github_pat_\w{20,}|hf_\w{20,}"
    r"|glpat-[\w-]{16,}|AKIA[0-9A-Z]{16}|AIza[\w-]{30,}|xox[abprs]-[\w-]{10,}"
    r"|eyJ[\w-]{10,2000}\.[\w-]{10,8000}\.[\w-]{10,})"
)
_PRIVATE_KEY = "PRIVATE KEY-----"
_SHAPES = re.compile(rf"-----BEGIN [A-Z ]*{_PRIVATE_KEY}|{KEY_SHAPES}")
_CREDENTIAL = re.compile(r"(?=[^\d]*\d)(?=[^A-Za-z]*[A-Za-z])[\w+/=.:-]{16,}")
#: Files of settings, and tables whose first line may have the names of columns.
_SETTINGS = frozenset({".json", ".toml", ".yaml", ".yml", ".ini", ".cfg", ".conf", ".properties"})
_TABLES = frozenset({".csv", ".tsv"})
#: A name with a text; no number, no reference to a variable, and no placeholder in brackets.
_ASSIGNMENT = re.compile(
    r"(?<![\w-])(?P<name>[A-Za-z_][\w-]*)[\"']?[ \t]*[:=][ \t]*[\"']?"
    r"(?!(?:true|false|null|none|[\d.]+)\b(?![\"'])|[$<{\[])(?P<value>[^\s\"',]+)",
    re.IGNORECASE,
)
#: So many values of a container are looked at: in a description, each takes a character at least.
_MOST_VALUES = LIMIT
_DEEPEST = 40
#: So many entries of the process's environment make a dict a copy of it.
_ENTRIES_OF_ENVIRONMENT = 5
_SCALARS = (str, bytes, int, float, type(None))
#: A shorter value of the environment may be any word.
_SHORTEST = 8
_LONG = 16
#: So many characters from its beginning are much of a secret; at the end of a text, fewer are.
_MUCH = 14
_LEAST = 8
_LIBRARIES_WITH_COLUMNS = frozenset({"pandas", "polars", "modin", "geopandas"})
_NUMERIC = re.compile(r"u?int|float|bool|date|time", re.IGNORECASE)


def is_secret_name(name: str, value: object = "text") -> bool:
    """Return whether a name says that its value is secret; a count or a flag never is."""
    if value is None or isinstance(value, bool):
        return False
    if _CERTAIN.search(name.lower()):
        return True
    if isinstance(value, int | float):
        return False
    words = [word.lower() for word in _WORD.findall(name)]
    for at, word in enumerate(words):
        before = words[at - 1] if at else ""
        rest = words[at + 1 :]
        if word in ("key", "keys") and before and before not in _HARMLESS_KEYS:
            if all(each.isdigit() or each == "id" for each in rest):
                return True
        elif word == "token" and before not in _HARMLESS_TOKENS and all(each.isdigit() for each in rest):
            return True
    if name.isupper() and "TOKEN" in name:
        return True
    return "token" in name.lower() and any(_CREDENTIAL.fullmatch(text) for text in _texts(value))


def is_environment(value: object) -> bool:
    """Return whether a value is `os.environ`, or a copy of it."""
    if value is os.environ or value is getattr(os, "environb", None):
        return True
    if not isinstance(value, Mapping) or type(value).__module__.split(".")[0] in _LIBRARIES_WITH_COLUMNS:
        return False
    if isinstance(value, type(os.environ)):
        return True
    entries = entries_of(value)
    if entries is None or len(entries) < min(_ENTRIES_OF_ENVIRONMENT, len(os.environ)):
        return False
    same = sum(1 for name, text in os.environ.items() if text and entries.get(name) == text)
    return same >= min(_ENTRIES_OF_ENVIRONMENT, len(os.environ))


def secret_in(value: Any) -> str:
    """Return the name of a secret within a value, `ENVIRONMENT`, or empty.

    Looks at as much of a container as a description can show.
    """
    attributes = attributes_of(value)
    pending: list[tuple[Any, int]] = [(value if attributes is None else attributes, 0)]
    looked_at = 0
    while pending and looked_at < _MOST_VALUES:
        each, depth = pending.pop()
        looked_at += 1
        if isinstance(each, _SCALARS):
            continue
        if is_environment(each):
            return ENVIRONMENT
        if (column := _secret_column(each)) or depth > _DEEPEST:
            return column
        if (entries := entries_of(each)) is not None:
            inner = list(islice(entries.items(), _MOST_VALUES - looked_at))
            for name, item in inner:
                if isinstance(name, str) and is_secret_name(name, item) and not _is_word(name, item):
                    return name
            pending += [(item, depth + 1) for _, item in reversed(inner)]
        elif isinstance(each, ARRAYS):
            pending += [(item, depth + 1) for item in reversed(list(islice(each, _MOST_VALUES - looked_at)))]
    return ""


def secret_in_file(text: str, suffix: str) -> str:
    """Return the name of a secret in a file of settings, or of a column of a table; or empty.

    Args:
        text: the file's text.
        suffix: the ending of its name, such as `.toml`.
    """
    if suffix in _TABLES:
        columns = re.split(r"[,;\t]", text.partition("\n")[0])
        names = [(name.strip().strip("\"'"), "text") for name in columns]
    elif suffix in _SETTINGS:
        names = [(found["name"], found["value"]) for found in _ASSIGNMENT.finditer(text)]
    else:
        return ""
    return next((name for name, value in names if is_secret_name(name) and not _is_word(name, value)), "")


def secret_in_text(text: str, secrets: Iterable[str]) -> bool:
    """Return whether a text has one of the `secrets`, or the key of a well-known service.

    Much of a secret is one, too: a cell of a table is cut, and so is the end of a text.
    """
    for secret in secrets:
        if secret[:_MUCH] in text or any(text.endswith(secret[:size]) for size in range(_LEAST, len(secret))):
            return True
    return _SHAPES.search(text) is not None


def is_key(text: str) -> bool:
    """Return whether a text is the key of a well-known service, or has a private key."""
    return re.fullmatch(KEY_SHAPES, text) is not None or _PRIVATE_KEY in text


def secrets_of(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the values of the variables of an environment that are secret by their names."""
    found = {value.strip() for name, value in environ.items() if is_secret_name(name, value)}
    return tuple(value for value in found if _is_no_word(value) and not _is_path(value))


def _is_path(value: str) -> bool:
    try:
        return Path(value).exists()
    except OSError:
        # It is too long for a path.
        return False


def _is_no_word(value: str) -> bool:
    """Return whether a text may be searched for: a short one may be any word."""
    if len(value) < _SHORTEST or len(set(value)) <= 3:  # noqa: PLR2004  (as in "xxxxxxxx")
        return False
    return len(value) >= _LONG or _has_letters_and_digits(value)


def _is_word(name: str, value: object) -> bool:
    """Return whether an entry called `token` is one of a text, and none that gives access."""
    is_short = isinstance(value, str) and len(value) < _LONG
    return name == "token" and is_short and not _has_letters_and_digits(str(value))


def _has_letters_and_digits(text: str) -> bool:
    return any(map(str.isalpha, text)) and any(map(str.isdigit, text))


def _secret_column(value: Any) -> str:
    if type(value).__module__.split(".")[0] not in _LIBRARIES_WITH_COLUMNS or not hasattr(value, "dtypes"):
        return ""
    try:
        columns = list(islice(value.columns, _MOST_VALUES))
        kinds = list(islice(value.dtypes, _MOST_VALUES))
    except Exception:  # noqa: BLE001  (a Series has no columns; another library's code may raise anything)
        return ""
    for name, kind in zip(columns, kinds, strict=False):
        # A column of words may be called `token`.
        if isinstance(name, str) and not _NUMERIC.match(str(kind)) and name != "token" and is_secret_name(name):
            return name
    return ""


def _texts(value: object) -> list[str]:
    if isinstance(value, bytes):
        return [value[:1_000].decode("latin-1")]
    if isinstance(value, str):
        return [value]
    items = list(islice(value, 100)) if isinstance(value, ARRAYS) else []
    return [item for item in items if isinstance(item, str)]
