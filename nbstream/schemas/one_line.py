"""A schema written as one line: `name, age int, bio: one sentence`.

The forms of the `llm` command's concise schemas hold (https://llm.datasette.io, "Schemas"): fields
are separated by commas, or by line ends; a field is a name, a type (`str` if it has none; `int`,
`float`, `bool`), and after a colon a description. More forms are possible here:

- `tags list`, `sizes list[int]`: a list, of texts or of a type;
- `mood good|bad`: one of these texts; `age int|null`: one of these types;
- `nickname?`, `age int?` and `age int optional`: a field that may be left out;
- `author {name, born int}`, `books [title, year int]`: an object, a list of objects;
- `[name, age int]`: the whole value is a list of such objects;
- `bio: "one sentence, in English"`: quotes around a description that has a comma.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NoReturn

from nbstream.language import _, joined
from nbstream.model.exceptions import RequestError
from nbstream.model.printable import one_line
from nbstream.schemas.json_schema import shape_of_schema

if TYPE_CHECKING:
    from nbstream.schemas.shape import Shape

_TYPES = {
    "str": "string",
    "string": "string",
    "text": "string",
    "int": "integer",
    "integer": "integer",
    "float": "number",
    "number": "number",
    "bool": "boolean",
    "boolean": "boolean",
    "null": "null",
    "none": "null",
}
_LIST = ("list", "array")
_OBJECT = ("dict", "object")
_OPTIONAL = "optional"
_NAME = re.compile(r"[^\W\d][\w-]*")
_WORD = re.compile(r"[^\s,:;?|\[\]{}\"]+")
_SPACE = re.compile(r"\s*")
_LINE_SPACE = re.compile(r"[^\S\n]*")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_EXAMPLE = "name, age int, bio: one sentence"
_MARK = "⟨here⟩"
#: So much of the text is shown around a mistake.
_AROUND = 20


def shape_of_line(text: str) -> Shape:
    """Return the shape that a one-line text describes; a value stays as it is.

    Raises:
        RequestError: if the text is not such a schema; the message shows the place of the mistake.
    """
    return shape_of_schema(_Reader(text).schema())


def shape_of_text(text: str) -> Shape:
    """Return the shape that a text describes: a JSON schema as JSON, or a line of fields.

    Raises:
        RequestError: if it is neither.
    """
    if not (text.lstrip().startswith("{") and '"' in text):
        return shape_of_line(text)
    try:
        schema = json.loads(text)
    except ValueError as error:
        raise RequestError(_("`schema=` is no JSON schema: {error}.", error=one_line(str(error)))) from None
    return shape_of_schema(schema)


class _Reader:
    """Reads a text from its beginning to its end.

    Args:
        text: the text. If it has several lines, a line's end separates fields, and commas are part
            of descriptions.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._has_description = False
        self._in_lines = "\n" in text.strip()

    def schema(self) -> dict[str, Any]:
        """Return the schema of the whole text."""
        self._skip()
        if not self._rest:
            self._fail(_("It is empty: name the fields, as in `{example}`.", example=_EXAMPLE))
        if self._takes("["):
            made = {"type": "array", "items": self._object("]")}
        elif self._takes("{"):
            made = self._object("}")
        else:
            return self._object("")
        self._skip()
        if self._rest:
            self._fail(_("Nothing may follow the closing bracket."))
        return made

    @property
    def _rest(self) -> str:
        return self._text[self._at :]

    def _object(self, end: str) -> dict[str, Any]:
        """Read fields up to the closing bracket `end`, or to the end of the text."""
        properties: dict[str, Any] = {}
        required = []
        while True:
            self._skip_separators()
            if not self._rest or (end and self._rest.startswith(end)):
                break
            start = self._at
            name, schema, is_optional = self._field(end)
            if name in properties:
                self._at = start
                self._fail(_("The field `{name}` is there twice.", name=name))
            properties[name] = schema
            required += [] if is_optional else [name]
        if not properties:
            self._fail(_("A field is missing."))
        if end and not self._takes(end):
            self._fail(_("`{end}` is missing.", end=end))
        return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}

    def _field(self, end: str) -> tuple[str, dict[str, Any], bool]:
        found = _NAME.match(self._text, self._at)
        if found is None:
            self._fail(_("The name of a field is expected: letters, digits and _."))
        self._at = found.end()
        name, is_optional = found[0], self._takes("?")
        schema = self._type()
        is_optional = self._takes("?") or self._takes_word(_OPTIONAL) or is_optional
        self._skip_space()
        if self._takes(":"):
            if description := self._description(end):
                schema = {**schema, "description": description}
        elif self._rest and self._rest[0] not in f",\n{end}":
            self._fail(_("After the field `{name}` a comma, or a colon and a description, is expected.", name=name))
        return name, schema, is_optional

    def _type(self) -> dict[str, Any]:
        """Read a type, if there is one; a text is the default."""
        self._skip_space()
        for bracket, closing in (("{", "}"), ("[", "]")):
            if self._takes(bracket):
                inner = self._object(closing)
                return inner if bracket == "{" else {"type": "array", "items": inner}
        start = self._at
        word = self._word()
        if not word or word.lower() == _OPTIONAL:
            self._at = start
            return {"type": "string"}
        self._skip_space()
        if self._rest.startswith("|"):
            return self._choice(word)
        return self._named(word, start)

    def _named(self, word: str, start: int) -> dict[str, Any]:
        kind = word.lower()
        if kind in _LIST:
            return {"type": "array", "items": self._items()}
        if kind not in _TYPES and kind not in _OBJECT:
            self._at = start
            colon = _("A description comes after a colon.")
            if self._has_description:
                colon = _("A description comes after a colon, and in double quotes if it has commas.")
            said = _(
                "`{word}` is no type: there are str, int, float, bool and list, and `good|bad` for one of some texts.",
                word=one_line(word),
            )
            self._fail(joined(said, colon))
        return {"type": _TYPES.get(kind, "object")}

    def _items(self) -> dict[str, Any]:
        if not self._takes("["):
            return {"type": "string"}
        start = self._at
        # One type, or the fields of an object.
        self._skip()
        word = self._word()
        if (word.lower() in _TYPES or word.lower() in (*_LIST, *_OBJECT)) and self._rest[:1] in ("]", "["):
            made = self._named(word, start)
            if not self._takes("]"):
                self._fail(_("`]` is missing."))
            return made
        self._at = start
        return self._object("]")

    def _choice(self, first: str) -> dict[str, Any]:
        """Read the texts or types after the first one, which `|` separates."""
        words = [first]
        while self._takes("|"):
            self._skip_space()
            word = self._word() or self._quoted()
            if not word:
                self._fail(_("After `|` another text is expected."))
            words.append(word)
            self._skip_space()
        kinds = [_TYPES.get(each.lower()) for each in words]
        if all(kinds):
            return {"type": list(dict.fromkeys(kinds))}
        if None in kinds and "null" in kinds:
            return {
                "type": ["string", "null"],
                "enum": [*(each for each in words if _TYPES.get(each.lower()) != "null"), None],
            }
        return {"type": "string", "enum": list(dict.fromkeys(words))}

    def _description(self, end: str) -> str:
        self._has_description = True
        self._skip_space()
        start = self._at
        if quoted := self._quoted():
            self._skip_space()
            if not self._rest or self._rest[0] in f",\n{end}":
                return quoted
            self._at = start
        stop = re.compile(r"\n" if self._in_lines else rf"[,\n{re.escape(end)}]").search(self._text, self._at)
        start, self._at = self._at, stop.start() if stop else len(self._text)
        return self._text[start : self._at].strip()

    def _quoted(self) -> str:
        found = _QUOTED.match(self._text, self._at)
        if found is None:
            return ""
        self._at = found.end()
        return re.sub(r"\\(.)", r"\1", found[1])

    def _word(self) -> str:
        found = _WORD.match(self._text, self._at)
        if found is None:
            return ""
        self._at = found.end()
        return found[0]

    def _takes(self, text: str) -> bool:
        """Go past `text`, with spaces before it, if it is next."""
        at = _LINE_SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]
        if not self._text.startswith(text, at):
            return False
        self._at = at + len(text)
        return True

    def _takes_word(self, word: str) -> bool:
        start = self._at
        self._skip_space()
        if self._word().lower() == word:
            return True
        self._at = start
        return False

    def _skip_space(self) -> None:
        self._at = _LINE_SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]

    def _skip(self) -> None:
        self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]

    def _skip_separators(self) -> None:
        self._skip()
        while self._takes(","):
            self._skip()

    def _fail(self, reason: str) -> NoReturn:
        before, after = self._text[: self._at], self._text[self._at :]
        shown = f"{'…' if len(before) > _AROUND else ''}{before[-_AROUND:]}{_MARK}{after[:_AROUND]}"
        shown += "…" if len(after) > _AROUND else ""
        place = _("At {text}", text=one_line(shown)) if self._text.strip() else ""
        raise RequestError(joined(f"`schema=`: {reason}", place))
