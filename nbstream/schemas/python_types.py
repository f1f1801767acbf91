"""Shapes of Python types and of the parameters of functions, made by pydantic."""

from __future__ import annotations

import contextlib
import enum
import functools
import inspect
import json
import re
import types
import typing
import warnings
from typing import TYPE_CHECKING, Any

import typing_extensions
from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticSchemaGenerationError, PydanticUndefinedAnnotation
from pydantic.json_schema import GenerateJsonSchema, PydanticJsonSchemaWarning

from nbstream.language import _, marked
from nbstream.model.exceptions import RequestError
from nbstream.model.printable import one_line
from nbstream.model.problem import Problem, path_of
from nbstream.schemas.json_schema import simple
from nbstream.schemas.shape import Shape
from nbstream.schemas.typed_dicts import understood_by_pydantic

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_KINDS = marked("a pydantic model, a dataclass, a TypedDict, or a type such as `list[str]`")
_LONGEST_VALUE = 40
_CLASS_END = "'>"
#: Words of pydantic, and those of `json_schema` for the same.
_WORDS = {
    "be a valid string": "be a string",
    "be a valid integer": "be a whole number",
    "be a valid number": "be a number",
    "be a valid boolean": "be true or false",
    "be a valid array": "be a list",
    "be a valid list": "be a list",
}
_SHOULD = "It should be "


class _Schema(GenerateJsonSchema):
    """Without the titles that pydantic makes of the names of fields: they only repeat the names."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False


def shape_of(type_: Any) -> Shape:
    """Return the shape of a type: a pydantic model, a dataclass, a TypedDict, `list[Person]`.

    A value is checked strictly: the text "3" is no number. Its form is that of JSON: a date is a
    text, a tuple a list, an Enum one of its values.

    Raises:
        RequestError: if the type has no JSON schema.
    """
    name = _name(type_)
    if isinstance(type_, str) or not _may_be_a_type(type_):
        given = one_line(repr(type_))
        shown = given if len(given) <= _LONGEST_VALUE else f"A value of the type {type(type_).__name__}"
        raise RequestError(_("{shown} is not a type: give {kinds}.", shown=shown, kinds=_(_KINDS)))
    adapter, schema = _described(type_, name)
    return Shape(schema, name, lambda value: _checked(adapter, value))


def shape_of_parameters(function: Callable[..., Any]) -> Shape:
    """Return the shape of the arguments of `function`, by its hints; a value is a dict of them.

    Arguments that the caller leaves out are not in the dict, so the function's own defaults hold.
    The schema names the defaults that JSON can write. A text in `Annotated[str, "…"]` describes its
    parameter. `*args` and `**kwargs` are left out.

    Raises:
        RequestError: if a parameter has no hint, or a hint has no JSON schema, or a parameter
            cannot be given by name.
    """
    name = getattr(function, "__name__", None) or type(function).__name__
    parameters = _parameters(function, name)
    module = getattr(_written(function), "__module__", None) or __name__
    fields: dict[str, Any] = {}
    for each in parameters:
        hint = each.annotation
        # Quoted although annotations are postponed.
        hint = typing.ForwardRef(hint, module=module) if isinstance(hint, str) else hint
        fields[each.name] = hint if each.default is each.empty else typing_extensions.NotRequired[hint]
    made: Any = typing_extensions.TypedDict(name, fields)  # type: ignore[misc]
    # Forward references within a hint, such as `list["Person"]`, are names of that module.
    made.__module__ = module
    with_config(ConfigDict(extra="forbid"))(made)
    adapter, schema = _described(made, f"{name}()")
    schema.pop("title", None)
    for each in parameters:
        entry = schema.setdefault("properties", {}).get(each.name, {})
        texts = [text for text in getattr(each.annotation, "__metadata__", ()) if isinstance(text, str)]
        if texts:
            entry.setdefault("description", texts[0])
        if each.default is not each.empty and (default := _as_json(adapter, each)) is not ...:
            entry.setdefault("default", default)
    return Shape(schema, name, lambda value: _checked(adapter, value))


def _written(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function whose source has the hints."""
    while isinstance(function, functools.partial):
        function = function.func
    unwrapped: Callable[..., Any] = inspect.unwrap(function)
    return unwrapped


def _parameters(function: Callable[..., Any], name: str) -> Sequence[inspect.Parameter]:
    try:
        signature = _signature(function)
    except (NameError, AttributeError) as error:
        raise RequestError(
            _("A hint of `{name}` cannot be read: {error}.", name=name, error=one_line(str(error)))
        ) from None
    except (TypeError, ValueError) as error:
        raise RequestError(
            _("The parameters of `{name}` are not known: {error}.", name=name, error=one_line(str(error)))
        ) from None
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters = [each for each in signature.parameters.values() if each.kind not in variadic]
    for each in parameters:
        if each.kind is inspect.Parameter.POSITIONAL_ONLY:
            raise RequestError(
                _("The parameter `{name}` of `{name2}` cannot be given by name.", name=each.name, name2=name)
            )
        if each.annotation is each.empty:
            raise RequestError(
                _(
                    "The parameter `{name}` of `{name2}` has no type hint: add one, as in `{name}: str`.",
                    name=each.name,
                    name2=name,
                )
            )
    return parameters


def _signature(function: Callable[..., Any]) -> inspect.Signature:
    """Return the signature with the parameters' hints as types; the hint of the result may be any.

    Raises:
        NameError: if a name in the hint of a parameter is not known.
        AttributeError: the same, of an attribute of a module.
    """
    unknown: dict[str, Any] = {}
    while True:
        try:
            return inspect.signature(function, eval_str=True, locals=unknown or None)
        except NameError as error:
            # Imported for type checkers only, as people do with the types of results.
            written = [each.annotation for each in inspect.signature(function).parameters.values()]
            name = re.compile(rf"\b{re.escape(error.name or '')}\b")
            is_of_parameter = any(isinstance(each, str) and name.search(each) for each in written)
            if not error.name or error.name in unknown or is_of_parameter:
                raise
            unknown[error.name] = _Unknown


class _WithAnyAttribute(type):
    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return cls


class _Unknown(metaclass=_WithAnyAttribute):
    """Stands for a type, or a module, that is not known."""

    def __class_getitem__(cls, _: Any) -> type[_Unknown]:
        return cls


def _as_json(adapter: TypeAdapter[Any], parameter: inspect.Parameter) -> Any:
    """Return the default of a parameter as a JSON value; an ellipsis if JSON cannot write it."""
    try:
        with warnings.catch_warnings():
            # A default that is not of its own hint, as in `x: int = None`.
            warnings.simplefilter("ignore")
            written = adapter.dump_json({parameter.name: parameter.default})
        return json.loads(written)[parameter.name]
    except Exception:  # noqa: BLE001  (a default may be anything)
        return ...


def _described(type_: Any, name: str) -> tuple[TypeAdapter[Any], dict[str, Any]]:
    """Return pydantic's adapter of a type, and its JSON schema."""
    try:
        with warnings.catch_warnings(), understood_by_pydantic(type_):
            # Of defaults that JSON cannot write.
            warnings.simplefilter("ignore", PydanticJsonSchemaWarning)
            adapter = TypeAdapter(type_)
            if not adapter.pydantic_complete:
                adapter.rebuild(raise_errors=True)
            return adapter, adapter.json_schema(schema_generator=_Schema)
    except PydanticUndefinedAnnotation as error:
        raise RequestError(
            _(
                "{name} has no JSON schema: the name `{name2}` in one of its hints is not known. Define it at the "
                "top level of a cell or module.",
                name=name,
                name2=error.name,
            )
        ) from None
    except Exception as error:  # noqa: BLE001  (types have hooks, which may raise anything)
        raise RequestError(_("{name} has no JSON schema: {reason}", name=name, reason=_reason(error))) from None


def _reason(error: Exception) -> str:
    said = one_line(str(error).partition("\n")[0])
    if isinstance(error, PydanticSchemaGenerationError):
        # "Unable to generate pydantic-core schema for <class 'a.B'>. Set `arbitrary_types_allowed…"
        part = said.partition(" for ")[2].partition(". Set ")[0]
        return _("{name} is not {kinds}.", name=part.rpartition(".")[2].rstrip(_CLASS_END), kinds=_(_KINDS))
    if isinstance(error, PydanticInvalidForJsonSchema):
        return _("JSON cannot write a part of it.")
    return said if said.endswith(".") else f"{said or type(error).__name__}."


def _may_be_a_type(type_: Any) -> bool:
    return (
        type_ is None
        or type_ is Any
        or isinstance(type_, type | types.UnionType | types.GenericAlias)
        or typing.get_origin(type_) is not None
        or type(type_).__name__ in ("NewType", "TypeAliasType")
    )


def _name(type_: Any) -> str:
    is_class = isinstance(type_, type) and not isinstance(type_, types.GenericAlias)
    if is_class:
        return str(type_.__name__)
    return one_line(typing_name(type_))


def typing_name(type_: Any) -> str:
    """Return a type as code, without the names of modules: `list[Person] | None`."""
    if isinstance(type_, types.UnionType) or typing.get_origin(type_) is typing.Union:
        return " | ".join(typing_name(each) for each in typing.get_args(type_))
    if type_ is None or type_ is types.NoneType:
        return "None"
    origin = typing.get_origin(type_)
    if origin is typing.Literal:
        names = [each.name if isinstance(each, enum.Enum) else repr(each) for each in typing.get_args(type_)]
        return f"Literal[{', '.join(names)}]"
    if origin is typing.Annotated:
        return typing_name(typing.get_args(type_)[0])
    if origin is not None:
        own = getattr(origin, "__name__", str(origin))
        return f"{own}[{', '.join('...' if each is ... else typing_name(each) for each in typing.get_args(type_))}]"
    return str(getattr(type_, "__name__", type_))


def _checked(adapter: TypeAdapter[Any], value: Any) -> tuple[Any, tuple[Problem, ...]]:
    try:
        return adapter.validate_json(json.dumps(value), strict=True), ()
    except ValidationError as error:
        # To JSON 3.0 is a whole number as 3 is; pydantic, being strict, takes only 3 for one.
        if any(each["type"] == "int_type" and _is_whole(each["input"]) for each in error.errors()):
            with contextlib.suppress(ValidationError):
                return adapter.validate_json(json.dumps(_with_whole_numbers(value)), strict=True), ()
        return None, _problems(error, value)
    except RecursionError:
        raise
    except Exception as error:  # noqa: BLE001  (validators of the user's type may raise anything)
        said = one_line(f"{type(error).__name__}: {error}".removesuffix(": "))
        return None, (Problem("", f"Its check raised {said}"),)


def _is_whole(value: Any) -> bool:
    return isinstance(value, float) and value.is_integer()


def _with_whole_numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_whole_numbers(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_whole_numbers(each) for each in value]
    return int(value) if _is_whole(value) else value


def _problems(error: ValidationError, value: Any) -> tuple[Problem, ...]:
    """Return a problem for each place; the members of a union each have one for the same place."""
    found: dict[str, list[str]] = {}
    ends: dict[str, str] = {}
    for each in error.errors(include_url=False, include_context=False):
        path, given = _place(each["loc"], value, is_missing=each["type"] == "missing")
        said = found.setdefault(path, [])
        if (message := _message(each["type"], each["msg"])) not in said:
            said.append(message)
        ends[path] = f", and is {given}" if message.startswith(_SHOULD) else ""
    return tuple(Problem(path, f"{_any_of(said)}{ends[path]}.") for path, said in found.items())


def _message(kind: str, said: str) -> str:
    if kind == "missing":
        return "It is missing"
    if kind == "extra_forbidden":
        return "There is no such field"
    said = said.removeprefix("Value error, ").removeprefix("Assertion failed, ").removeprefix("Input ")
    for theirs, ours in _WORDS.items():
        said = said.replace(theirs, ours)
    return one_line(f"It {said}" if said.startswith("should ") else said).rstrip(".")


def _any_of(said: list[str]) -> str:
    return ", or ".join([said[0], *(each.removeprefix(_SHOULD) for each in said[1:])])


def _place(steps: Sequence[str | int], value: Any, *, is_missing: bool) -> tuple[str, str]:
    """Return the path to a value, and how a simple value reads.

    Pydantic names members of unions on the way (`int`, `function-after[…]`), which are no keys.
    """
    taken: list[str | int] = []
    for number, step in enumerate(steps):
        is_last = number == len(steps) - 1
        has_key = isinstance(value, dict) and step in value
        if has_key or (isinstance(value, list) and isinstance(step, int) and step < len(value)):
            value = value[step]
        elif not (is_last and is_missing):
            continue
        taken.append(step)
    return path_of(taken), simple(value)
