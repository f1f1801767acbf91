"""Reads `df`, `x.shape` and `d["key"][0]`: names, attributes and indices, without calls."""

from __future__ import annotations

import ast
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from nbstream.language import _
from nbstream.model.exceptions import RequestError
from nbstream.model.printable import one_line
from nbstream.prompt.secrets import ENVIRONMENT, is_environment, is_secret_name

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST_SHOWN = 60


def value_of(expression: str, namespace: Mapping[str, Any], option: str = "`values=`") -> Any:
    """Return the value of an expression in `namespace`.

    An attribute may be a property, whose code runs, and so does the code of an index.

    Args:
        expression: a name with attributes and indices; an index is a literal, a name or a slice.
        namespace: the variables.
        option: names the option in an error.

    Raises:
        RequestError: if it is no such expression, if there is no such value, or if it is secret.
    """
    place = f"{option} {shown(expression)}"
    try:
        return _Reader(namespace, place).read(ast.parse(expression.strip(), mode="eval").body)
    except RequestError:
        raise
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise RequestError(_("{place}: this is not a name such as df, x.shape or d['key'][0].", place=place)) from None


def shown(expression: str) -> str:
    """Return an expression for a message."""
    line = one_line(expression)
    return line if len(line) <= _LONGEST_SHOWN else line[: _LONGEST_SHOWN - 1] + "…"


def refuse(place: str, name: str) -> None:
    """Refuse a value for its name.

    Raises:
        RequestError: always.
    """
    raise RequestError(
        _(
            "{place}: {name} looks like the name of a secret, so nothing was sent. If it is none, give the value "
            "another name.",
            place=place,
            name=shown(name),
        )
    )


def refuse_part(place: str, name: str) -> None:
    """Refuse a value for the name of a part of it.

    Raises:
        RequestError: always.
    """
    if name == ENVIRONMENT:
        raise RequestError(
            _("{place}: {environment} has keys, so nothing was sent.", place=place, environment=ENVIRONMENT)
        )
    raise RequestError(
        _(
            "{place} has {name}, which looks like the name of a secret, so nothing was sent. Leave it out, or "
            "give it another name if it is none.",
            place=place,
            name=shown(name),
        )
    )


class _Reader:
    def __init__(self, namespace: Mapping[str, Any], place: str) -> None:
        self._namespace = namespace
        self._place = place

    def read(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Name):
            return self._checked(node.id, self._variable(node.id))
        if isinstance(node, ast.Attribute):
            owner = self.read(node.value)
            return self._checked(node.attr, self._step(lambda: getattr(owner, node.attr)))
        if isinstance(node, ast.Subscript):
            owner, index = self.read(node.value), self._index(node.slice)
            return self._checked(index if isinstance(index, str) else "", self._step(lambda: owner[index]))
        raise RequestError(
            _(
                "{place}: only names, attributes and indices are read, such as df, x.shape or d['key'][0]; no calls "
                "and no operators. Put the result into a variable first.",
                place=self._place,
            )
        )

    def _variable(self, name: str) -> Any:
        try:
            return self._namespace[name]
        except KeyError:
            pass
        near = [each for each in get_close_matches(name, map(str, self._namespace), 1) if not is_secret_name(each)]
        advice = f" Did you mean {near[0]}?" if near else ""
        raise RequestError(
            _(
                "{place}: there is no variable {name}, so nothing was sent.{advice}",
                place=self._place,
                name=name,
                advice=advice,
            )
        )

    def _step(self, take: Any) -> Any:
        try:
            return take()
        except Exception as error:  # noqa: BLE001  (a property, or an index, may raise anything)
            said = shown(f"{type(error).__name__}: {error}")
        raise RequestError(
            _("{place}: there is no such value ({said}), so nothing was sent.", place=self._place, said=said)
        )

    def _checked(self, name: str, value: Any) -> Any:
        if is_environment(value):
            refuse_part(self._place, ENVIRONMENT)
        if name and is_secret_name(name, value):
            refuse(self._place, name)
        return value

    def _index(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
            number = node.operand.value
            if isinstance(number, int | float):
                return -number
        if isinstance(node, ast.Slice):
            return slice(*(None if each is None else self._index(each) for each in (node.lower, node.upper, node.step)))
        if isinstance(node, ast.Tuple):
            return tuple(self._index(each) for each in node.elts)
        if isinstance(node, ast.List):
            return [self._index(each) for each in node.elts]
        return self.read(node)
