"""The type that an expression such as `list[Person]` names; nothing is evaluated.

Names, dots, brackets, `|` and the texts and numbers of `Literal` are all that may stand in it.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import types
import typing
from typing import TYPE_CHECKING, Any

from nbstream.language import _
from nbstream.model.exceptions import RequestError
from nbstream.model.printable import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping


def type_named(text: str, namespace: Mapping[str, Any]) -> Any:
    """Return the type that `text` names.

    Args:
        text: such as `Person`, `models.Person`, `list[Person]`, `dict[str, int] | None`.
        namespace: the variables; then come Python's own names, and those of `typing`.

    Raises:
        RequestError: if it names no type.
    """
    try:
        expression = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise RequestError(
            _("--as {text}: this is no type, as `Person` or `list[Person]` is.", text=one_line(text))
        ) from None
    return _Reader(text, namespace).read(expression)


class _Reader:
    def __init__(self, text: str, namespace: Mapping[str, Any]) -> None:
        self._text = text
        self._namespace = namespace

    def read(self, node: ast.expr) -> Any:
        match node:
            case ast.Name(id=name):
                return self._named(name)
            case ast.Constant(value=None):
                return None
            case ast.Attribute(value=value, attr=name):
                return self._attribute(self.read(value), name)
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                return self._union(self.read(left), self.read(right))
            case ast.Subscript(value=value, slice=inner):
                return self._of(self.read(value), inner)
        raise self._wrong(
            _("only names, dots, brackets and | may stand here, not `{unparse}`", unparse=one_line(ast.unparse(node)))
        )

    def _named(self, name: str) -> Any:
        for place in (self._namespace, vars(builtins), vars(typing)):
            if name in place:
                return place[name]
        raise self._wrong(_("there is no variable `{name}`", name=name))

    def _attribute(self, owner: Any, name: str) -> Any:
        # Only where looking runs no code of an object.
        if not isinstance(owner, types.ModuleType | type):
            raise self._wrong(_("`{name}` is looked up in modules and classes only", name=name))
        try:
            return inspect.getattr_static(owner, name)
        except AttributeError:
            raise self._wrong(
                _("there is no `{name}` in `{getattr}`", name=name, getattr=getattr(owner, "__name__", owner))
            ) from None

    def _union(self, left: Any, right: Any) -> Any:
        for each in (left, right):
            if not _is_type(each):
                raise self._wrong(_("a type is expected on both sides of |"))
        return typing.Union[left, right]  # noqa: UP007  (values, not hints)

    def _of(self, owner: Any, inner: ast.expr) -> Any:
        if not _is_type(owner):
            raise self._wrong(_("brackets follow types only"))
        nodes = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        is_literal = owner is typing.Literal
        arguments = tuple(self._argument(each, is_literal=is_literal) for each in nodes)
        try:
            return owner[arguments if len(arguments) > 1 else arguments[0]]
        except Exception as error:  # noqa: BLE001  (the class is the user's)
            raise self._wrong(one_line(str(error)) or type(error).__name__) from None

    def _argument(self, node: ast.expr, *, is_literal: bool) -> Any:
        if isinstance(node, ast.Constant) and (node.value is ... or (is_literal and isinstance(node.value, str | int))):
            return node.value
        return self.read(node)

    def _wrong(self, reason: str) -> RequestError:
        return RequestError(_("--as {text}: {reason}.", text=one_line(self._text), reason=reason))


def _is_type(value: Any) -> bool:
    if value is None or isinstance(value, type | types.UnionType):
        return True
    return typing.get_origin(value) is not None or type(value).__module__ == "typing"
