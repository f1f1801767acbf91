"""The sentences in the code of nbstream that are marked for translation.

`python -m tests.language.extraction` brings the catalogues up to date: new sentences are added
without a translation, and those that are gone are taken away.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from babel.messages.pofile import read_po

from nbstream.language import catalogues

if TYPE_CHECKING:
    from babel.messages import Catalog

PACKAGE = Path(__file__).parents[2] / "nbstream"
#: The page's code, whose sentences are in the same catalogues (`js/language.mjs` reads them).
PAGE = PACKAGE.parent / "js" / "src"
#: The functions that mark a sentence, and how many of their arguments are one.
MARKS = {"_": 1, "marked": 1, "plural": 2}
_TEXT = r'("(?:[^"\\\n]|\\.)*")'
_IN_PAGE = re.compile(rf"(?<![\w.])(?:_|marked)\(\s*{_TEXT}")
_PLURAL_IN_PAGE = re.compile(rf"(?<![\w.])plural\(\s*{_TEXT},\s*{_TEXT}")
#: What `listed` puts between words.
_BETWEEN = (", ", " and ", " or ", ", and ")
#: The help of the magic begins with the docstring of this method.
_DOCUMENTED = ("jupyter/magic.py", "deepseek")
#: The language's rule of plural forms is in the head of its catalogue.
_FORMS = re.compile(r"nplurals=(\d)")


class Sentence(NamedTuple):
    """A marked sentence.

    Attributes:
        key: the English sentence, that for 1 if it has two forms.
        many: the other form; empty if there is one alone.
    """

    key: str
    many: str = ""


def sentences() -> dict[Sentence, str]:
    """Return all marked sentences in the order of the catalogues, each with its first module."""
    found = dict.fromkeys(map(Sentence, _BETWEEN), "language/__init__.py")
    for path in sorted(PACKAGE.rglob("*.py")):
        module = path.relative_to(PACKAGE).as_posix()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and (sentence := _of_call(node)) is not None:
                found.setdefault(sentence, module)
            elif isinstance(node, ast.FunctionDef) and (module, node.name) == _DOCUMENTED:
                found.setdefault(Sentence(inspect.cleandoc(ast.get_docstring(node) or "")), module)
    for path in sorted(PAGE.rglob("*.ts")):
        text = path.read_text("utf-8")
        for alone in _IN_PAGE.findall(text):
            found.setdefault(Sentence(json.loads(alone)), f"js/src/{path.name}")
        for one, many in _PLURAL_IN_PAGE.findall(text):
            found.setdefault(Sentence(json.loads(one), json.loads(many)), f"js/src/{path.name}")
    return dict(sorted(found.items(), key=lambda each: (each[0].key.lower(), each[0])))


def _of_call(node: ast.Call) -> Sentence | None:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    given = [each.value for each in node.args[: MARKS.get(name, 0)] if isinstance(each, ast.Constant)]
    texts = [each for each in given if isinstance(each, str)]
    return Sentence(*texts) if texts and len(texts) == MARKS[name] else None


def read(path: Path) -> Catalog:
    """Return the catalogue in a file."""
    with path.open("rb") as file:
        return read_po(file, locale=path.stem, abort_invalid=True)


def forms_of(catalogue: Catalog, key: str) -> tuple[str, ...]:
    """Return the translation of a sentence in each of its forms; empty if there is none."""
    found = catalogue.get(key)
    said = found.string if found is not None else ""
    forms = tuple(said) if isinstance(said, tuple | list) else (said,)
    return tuple(str(each) for each in forms) if all(forms) else ()


def update(path: Path) -> list[str]:
    """Bring a catalogue up to date; return the sentences without a translation."""
    old, missing = read(path), []
    head = path.read_text("utf-8").partition("\n\n")[0]
    count = int(found[1]) if (found := _FORMS.search(head)) else 1
    entries = [head]
    for key, many in sentences():
        forms = forms_of(old, key)
        missing += [] if forms else [key]
        lines = [f"msgid {_quoted(key)}"]
        if many:
            lines.append(f"msgid_plural {_quoted(many)}")
            said = forms if len(forms) == count else (forms or ("",))[:1] * count
            lines += [f"msgstr[{at}] {_quoted(each)}" for at, each in enumerate(said)]
        else:
            lines.append(f"msgstr {_quoted(forms[0] if forms else '')}")
        entries.append("\n".join(lines))
    path.write_text("\n\n".join(entries) + "\n", "utf-8")
    return missing


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


if __name__ == "__main__":
    for name in catalogues.languages().values():
        for each in update(catalogues.FOLDER / f"{name}.po"):
            print(f"{name}: no translation of {each!r}")
