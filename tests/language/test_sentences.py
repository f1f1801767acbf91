"""Every sentence that a person reads is marked, and has a translation in each catalogue."""

from __future__ import annotations

import ast
import re
import string
from functools import cache
from gettext import c2py
from typing import TYPE_CHECKING

import pytest

from nbstream.language import catalogues, po_file
from tests.language import extraction
from tests.language.extraction import MARKS, PACKAGE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: The functions and exceptions whose arguments are read by a person.
_SAY = {
    *("RequestError", "UsageError", "NbstreamError", "NbstreamWarning", "EntryError", "FormatError", "UnusableError"),
    *("ArgumentTypeError", "keyboard_interrupt", "say", "tell", "notify", "_fail", "_wrong", "_error", "error"),
}
#: Their arguments of these names, wherever they are.
_READ = {"help", "description", "epilog"}
#: All prose in these is for people, apart from what follows.
_FOR_PEOPLE = (
    *("output/", "widgets/", "jupyter/commands/", "shell/", "cli.py", "demo.py", "usage_command.py"),
    *("client/price_questions.py", "jupyter/asking.py", "jupyter/magic.py", "jupyter/magic_options.py"),
)
#: A log, a program or a developer reads these.
_FOR_OTHERS = {
    *("exception", "compile", "import_module", "getLogger", "Thread", "TypeVar", "cast", "ContextVar"),
    *("TypeError", "AttributeError", "NotImplementedError"),
}
_NOT_READ = {"__repr__", "_plain", "records"}
#: The simulator is a tool of developers. What a model reads is English, as are errors for it.
_ENGLISH = ("simulator/", "tools/arguments.py", "tools/servers.py", "tools/fitting.py", "tools/result.py")
_PROSE = re.compile(r"[A-Za-z]{2,},? [a-z]{2,}")
_MARKUP = re.compile(r"[<>]|rgba\(|[a-z-]+:[^ ].*;|^[\w-]+:[\w.]+$|&nbsp;|color-scheme|^--? |^\.nb")
_IGNORED = re.compile(
    # Classes of elements, and the start of a sequence or of a protocol's line.
    r"^(nbstream|jp-|lm-)[\w -]*$|^(mathjax|tex2jax)|noopener|^bold|^BOLD|userSpaceOnUse|^system-ui|^max-"
    # The names of front ends, of types and of commands that are typed as they are.
    r"|^(VS Code|marimo run|marimo export|a terminal)$|^c\.DeepSeekMagics|^%%?deepseek |^nbstream "
)


@cache
def _modules() -> dict[str, ast.Module]:
    return {
        path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text("utf-8"))
        for path in sorted(PACKAGE.rglob("*.py"))
    }


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _text(node: ast.AST) -> str:
    """Return the text of a literal, without the values in it."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    return "\0".join(
        str(each.value) for each in parts if isinstance(each, ast.Constant) and isinstance(each.value, str)
    )


def _unmarked(node: ast.AST, *, is_read: bool) -> Iterator[tuple[int, str]]:
    """Yield the prose in a part of a module that no call marks."""
    match node:
        case ast.Call() if _name(node) in MARKS or _name(node) in _FOR_OTHERS:
            return
        case ast.Call():
            says = is_read or _name(node) in _SAY
            for each in [node.func, *node.args]:
                yield from _unmarked(each, is_read=says)
            for keyword in node.keywords:
                yield from _unmarked(keyword.value, is_read=is_read or keyword.arg in _READ)
            return
        case ast.FunctionDef() if node.name in _NOT_READ:
            return
        case ast.Expr(ast.Constant()) | ast.Subscript() | ast.Compare() | ast.Assert():
            # Docstrings, keys and conditions.
            return
        case ast.Constant() | ast.JoinedStr():
            text = _text(node)
            if is_read and _PROSE.search(text) and not _MARKUP.search(text) and not _IGNORED.search(text):
                yield node.lineno, text
    for child in ast.iter_child_nodes(node):
        # The texts of an f-string are one.
        if not isinstance(node, ast.JoinedStr) or isinstance(child, ast.FormattedValue):
            yield from _unmarked(child, is_read=is_read)


def test_every_sentence_for_people_is_marked() -> None:
    found = [
        f"{module}:{line}: {text}"
        for module, tree in _modules().items()
        for line, text in _unmarked(tree, is_read=module.startswith(_FOR_PEOPLE))
        if not module.startswith(_ENGLISH)
    ]
    assert not found, "\n".join(found)


def _marks() -> Iterator[tuple[str, ast.Call]]:
    for module, tree in _modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKS:
                yield f"{module}:{node.lineno}", node


def _fields(sentence: str) -> set[str]:
    """Return the fields of a sentence, without how each is formatted."""
    return {name for _text, name, _form, _kind in string.Formatter().parse(sentence) if name is not None}


def test_each_sentence_has_the_fields_that_it_is_given() -> None:
    found = []
    for where, call in _marks():
        texts = [each.value for each in call.args[: MARKS[ast.unparse(call.func)]] if isinstance(each, ast.Constant)]
        names = {each.arg for each in call.keywords}
        if not texts or not names or None in names:
            continue
        given = names | ({"n"} if ast.unparse(call.func) == "plural" else set())
        wanted = set().union(*(_fields(each) for each in texts if isinstance(each, str)))
        if wanted - given or given - wanted - {"n"}:
            found.append(f"{where}: {wanted ^ given}: {texts[0]!r}")
    assert not found, "\n".join(found)


def test_nothing_else_has_the_name_of_the_mark() -> None:
    # A variable `_` in a function would hide it.
    for module, tree in _modules().items():
        for function in (each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.Lambda)):
            names = [each for each in ast.walk(function) if isinstance(each, ast.Name) and each.id == "_"]
            kinds = {type(each.ctx) for each in names}
            assert kinds != {ast.Load, ast.Store}, f"{module}:{function.lineno} has a variable _"


@pytest.mark.parametrize("name", sorted(catalogues.languages().values()))
def test_each_catalogue_has_all_sentences_and_no_others(name: str) -> None:
    # `python -m tests.language.extraction` brings it up to date.
    path: Path = catalogues.FOLDER / f"{name}.po"
    catalogue, marked = extraction.read(path), extraction.sentences()
    missing = [each.key for each in marked if not extraction.forms_of(catalogue, each.key)]
    assert not missing, "\n".join(["without a translation:", *missing])
    keys = {each.key for each in marked}
    known = [each.id[0] if isinstance(each.id, tuple | list) else each.id for each in catalogue if each.id]
    gone = [each for each in known if each not in keys]
    assert not gone, "\n".join(["not in the code any more:", *map(str, gone)])


@pytest.mark.parametrize("name", sorted(catalogues.languages().values()))
def test_each_catalogue_is_read_as_babel_reads_it(name: str) -> None:
    path = catalogues.FOLDER / f"{name}.po"
    catalogue = extraction.read(path)
    texts, form_of = po_file.read(path)
    assert texts == {each.key: list(extraction.forms_of(catalogue, each.key)) for each in extraction.sentences()}
    rule = c2py(catalogue.plural_expr)
    assert [form_of(number) for number in range(200)] == [rule(number) for number in range(200)]


@pytest.mark.parametrize("name", sorted(catalogues.languages().values()))
def test_each_translation_has_the_fields_of_its_sentence(name: str) -> None:
    catalogue = extraction.read(catalogues.FOLDER / f"{name}.po")
    for key, many in extraction.sentences():
        for form in extraction.forms_of(catalogue, key):
            assert _is_same(key, many or key, form), f"{key!r} has other fields than {form!r}"


def _is_same(one: str, many: str, form: str) -> bool:
    """Return whether a translation has the fields of a sentence; that for 1 may lack its number."""
    try:
        return _fields(form) in (_fields(one), _fields(many))
    except ValueError:
        # Braces that are text, as in an example of a template: the same ones.
        return sorted(re.findall(r"[{}]+", one)) == sorted(re.findall(r"[{}]+", form))
