"""Directives that write the reference from the code: docstrings, help texts and settings."""

from __future__ import annotations

import argparse
from importlib import import_module
from typing import TYPE_CHECKING, Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.domains.python._object import PyObject
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

import nbstream
from nbstream import cli
from nbstream.client import settings
from nbstream.jupyter import commands, magic

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from docutils.nodes import Node
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

#: Names that a star import leaves out, see `nbstream.__all__`.
_PUBLIC = {*nbstream.__all__, "map"}
#: What is documented where else: values and not objects with docstrings.
_VALUES = {"last", "settings"}
#: Public for other modules of nbstream, and of no use to others.
_INTERNAL = {
    "Run": "wake",
    "Reply": "ended, last_step, own",
    "Chat": "add_listener, branch, continue_version, end_cell, position_of, question, remove_listener, renewed, "
    "revision, set_aside, turn_of",
    "Replies": "cut, put",
    "Compare": "shown_names, transcribe",
    "Spend": "as_one, of",
}
#: Some methods of these are in a base class.
_INHERITS = {"Chat"}
#: These are made by users. Others come from nbstream, so how they are made is not said.
_MADE = {"Chat", "ChatPanel", "Compare", "Description", "Inspector", "ReplyView"}
#: A page is built anew when one of these has changed.
_SOURCES = (cli, commands, magic, settings)


def setup(app: Sphinx) -> None:
    """Add the directives."""
    for name, directive in (
        ("api", _Api),
        ("magic-options", _MagicOptions),
        ("magic-commands", _MagicCommands),
        ("settings", _Settings),
        ("shell-options", _ShellOptions),
    ):
        app.add_directive(name, directive)
    app.connect("env-check-consistency", _check_names)
    app.connect("missing-reference", _resolve_short_name)
    app.connect("autodoc-process-signature", _without_making)
    for each in PyObject.doc_field_types:
        if each.name == "variable":
            each.label = "Attributes"
            # Without it, a link is looked for from an attribute's name.
            each.rolename = ""


class _Written(SphinxDirective):
    """A directive that stands for Markdown, which it makes."""

    def markdown(self) -> Iterable[str]:
        raise NotImplementedError

    def run(self) -> list[Node]:
        for each in _SOURCES:
            self.env.note_dependency(str(each.__file__))
        source, line = self.get_source_info()
        text = [line for each in self.markdown() for line in each.splitlines() or [""]]
        node = nodes.Element()
        self.state.nested_parse(StringList(text, source), line, node)
        return list(node.children)


class _Api(_Written):
    """Documents public names by their docstrings.

    `ask` is `nbstream.ask`; a value that public names lead to has its module: `model.usage.Cost`.
    """

    has_content = True

    def markdown(self) -> Iterator[str]:
        names = " ".join(self.content).split()
        yield "```{eval-rst}"
        for name in names:
            module, _, attribute = f"nbstream.{name}".rpartition(".")
            value = getattr(import_module(module), attribute)
            if isinstance(value, type):
                kind = "exception" if issubclass(value, Exception) else "class"
            else:
                kind = "function"
            yield f".. auto{kind}:: nbstream.{name}"
            if kind == "class":
                yield "   :members:"
                if name in _INTERNAL:
                    yield f"   :exclude-members: {_INTERNAL[name]}"
                if name in _INHERITS:
                    yield "   :inherited-members:"
            yield ""
        yield "```"


class _MagicOptions(_Written):
    """The options of `%%deepseek`, from its parser."""

    def markdown(self) -> Iterator[str]:
        yield from _option_table(magic.DeepSeekMagics.deepseek.parser)


class _ShellOptions(_Written):
    """The options of a command of `nbstream`, from its parser."""

    required_arguments = 1

    def markdown(self) -> Iterator[str]:
        (subparsers,) = [each for each in cli.parser()._actions if isinstance(each, argparse._SubParsersAction)]  # noqa: SLF001  (argparse has no other way)
        yield from _option_table(subparsers.choices[self.arguments[0]])


class _MagicCommands(_Written):
    """The commands of `%deepseek`, from their declarations."""

    def markdown(self) -> Iterator[str]:
        yield from _table(
            ("command", "what it does"),
            ((_code(f"%deepseek {each.usage}"), each.summary) for each in commands.COMMANDS.values()),
        )


class _Settings(_Written):
    """The settings, from their traits."""

    def markdown(self) -> Iterator[str]:
        rows = []
        for name, trait in sorted(settings.Settings.class_traits(config=True).items()):
            values = getattr(trait, "values", None)
            help_text = trait.help + (" One of " + ", ".join(map(_value, values)) + "." if values else "")
            rows.append((_code(name), _value(trait.default()), help_text))
        yield from _table(("setting", "default", "what it is"), rows)


def _option_table(parser: argparse.ArgumentParser) -> Iterator[str]:
    rows = []
    for each in parser._actions:  # noqa: SLF001  (argparse has no other way)
        if each.help in (None, argparse.SUPPRESS) or isinstance(each, argparse._HelpAction):  # noqa: SLF001
            continue
        value = _metavar(each)
        names = each.option_strings or [value]
        shown = ", ".join(_code(name) for name in [*names[:-1], _with_value(names[-1], each, value)])
        # argparse writes %% for a percent sign.
        rows.append((shown, each.help.replace("%%", "%")))
    yield from _table(("option", "what it does"), rows)


def _metavar(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    if action.choices is not None:
        return "|".join(map(str, action.choices))
    return str(action.metavar or action.dest.upper())


def _with_value(name: str, action: argparse.Action, value: str) -> str:
    if not action.option_strings or not value:
        return name
    return f"{name} [{value}]" if action.nargs == "?" else f"{name} {value}"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield _row(head)
    yield _row(("---",) * len(head))
    for row in rows:
        yield _row(row)


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def _code(text: str) -> str:
    return f"`{text}`"


def _value(value: Any) -> str:
    return _code(repr(value))


def _check_names(_app: Sphinx, env: BuildEnvironment) -> None:
    documented = env.get_domain("py").objects  # type: ignore[attr-defined]
    if missing := sorted(name for name in _PUBLIC - _VALUES if f"nbstream.{name}" not in documented):
        raise ExtensionError(f"The reference lacks {', '.join(missing)}: see reference/python.md.")


def _without_making(
    _app: Sphinx, kind: str, name: str, _value: object, _options: object, signature: str, returns: str
) -> tuple[str, str] | None:
    """Leave out how a value is made that only nbstream makes."""
    if kind == "class" and name.rpartition(".")[2] not in _MADE:
        return "", ""
    return signature, returns


def _resolve_short_name(app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.Element) -> Node | None:
    """Let a name in a signature lead to a public one: `nbstream.model.reply.Reply` to `Reply`."""
    name = node.get("reftarget", "").rpartition(".")[2]
    if node.get("refdomain") != "py" or name not in _PUBLIC:
        return None
    domain = env.get_domain("py")
    return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", f"nbstream.{name}", node, content)
