"""A tool: a function that a model may call, with its schema and its rule of consent."""

from __future__ import annotations

import functools
import inspect
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, overload

from nbstream.language import _
from nbstream.model.exceptions import RequestError
from nbstream.model.printable import one_line
from nbstream.tools.docstrings import read_docstring

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from nbstream.schemas.shape import Shape

_F = TypeVar("_F", bound="Callable[..., Any]")

Decision: TypeAlias = Literal["allow", "ask", "deny"]

#: DeepSeek's API reference, "tools", November 2026; OpenAI allows 64 characters.
_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")
_LONGEST_NAME = 128
_LONGEST_SHOWN = 60
#: The attribute of a decorated function that keeps its settings.
_SETTINGS = "__nbstream_tool__"
_LAMBDA = "<lambda>"


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool that is about to run, as a rule of consent sees it.

    Attributes:
        name: the name of the tool.
        arguments: the arguments by name, as JSON values. They are a copy: the function gets others.
        arguments_text: the arguments as the model wrote them.
    """

    name: str
    arguments: Mapping[str, Any]
    arguments_text: str = ""


#: `ask`: the user is asked before each call. `never`: it runs without a question, as what only
#: reads may. A function decides for each call: it returns "allow", "ask" or "deny".
Consent: TypeAlias = "Literal['ask', 'never'] | Callable[[Call], Decision]"


@dataclass(frozen=True, slots=True, repr=False)
class Tool:
    """A function that a model may call.

    Attributes:
        name: the name by which the model calls it.
        description: what it does, as the model reads it; may be empty.
        shape: the JSON schema of its arguments, and their check.
        function: what runs; its arguments are given by name. It may be asynchronous.
        consent: whether the user is asked before a call.
        server: the MCP server that it is from; empty for a function of the session.
        claims: what the server says of it, such as `read only`. No claim grants consent.
    """

    name: str
    description: str
    shape: Shape
    function: Callable[..., Any]
    consent: Consent = "ask"
    server: str = ""
    claims: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise RequestError(
                _(
                    "{name!r} cannot be the name of a tool: it must have 1 to 128 letters (A to Z), digits, `_` or "
                    "`-`. Give it another name with `@nbstream.tool(name=…)`.",
                    name=_shown(self.name),
                )
            )
        check_consent(self.consent)

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The JSON schema of the arguments: an object."""
        return self.shape.json_schema

    def __repr__(self) -> str:
        says = f" of {self.server}" if self.server else ""
        says += f" ({', '.join(self.claims)})" if self.claims else ""
        first = one_line(self.description.split("\n", 1)[0])
        says += f": {first}" if first else ""
        return f"<Tool {self.name}({', '.join(self.parameters.get('properties', {}))}){says}>"

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call the function, as Python code does; nothing is checked, asked or captured."""
        return self.function(*arguments, **named)


@dataclass(frozen=True, slots=True)
class _Settings:
    name: str | None
    description: str | None
    consent: Consent


@overload
def tool(function: _F, /) -> _F: ...
@overload
def tool(
    *, consent: Consent = "ask", name: str | None = None, description: str | None = None
) -> Callable[[_F], _F]: ...
def tool(
    function: Any = None, /, *, consent: Consent = "ask", name: str | None = None, description: str | None = None
) -> Any:
    """Mark a function as a tool that a model may call: `@nbstream.tool` or `@nbstream.tool(…)`.

    The function stays as it is. A model can call it only in a request that names it, as in
    `ask(…, tools=[function])` or `%%deepseek -T function`. Its parameters need type hints. Its
    docstring tells the model what it does, and what its parameters mean. What it prints is for you,
    and what it returns is for the model.

    An asynchronous function runs on a loop of its own, not on that of the notebook, which waits:
    open its clients within such functions. They can be used again by the next call.

    Args:
        function: the function, a method, or an asynchronous function.
        consent: "ask" asks you before each call. "never" runs calls without asking, for what only
            reads. A function decides for each call: it gets the call, with `name` and `arguments`,
            and returns "allow", "ask" or "deny".
        name: the name that the model sees; the default is the function's.
        description: what the model reads; the default is the docstring.

    Raises:
        RequestError: if an argument is not valid.
    """
    check_consent(consent)
    if name is not None and not _NAME.fullmatch(str(name)):
        raise RequestError(
            _("`name=` is {name}: it must have 1 to 128 letters (A to Z), digits, `_` or `-`.", name=_shown(repr(name)))
        )
    if description is not None and not isinstance(description, str):
        raise RequestError(_("`description=` must be a text, not {kind}.", kind=type(description).__name__))
    settings = _Settings(name, description, consent)
    return _mark(function, settings) if function is not None else lambda marked: _mark(marked, settings)


def tool_of(value: Any) -> Tool:
    """Return a tool, or a function, as a tool.

    Args:
        value: a tool; or a function or method whose parameters have hints, decorated or not.

    Raises:
        RequestError: if it cannot be a tool.
    """
    if isinstance(value, Tool):
        return value
    if isinstance(value, str):
        raise RequestError(
            _("{value!r} is a text, not a function: give the function itself as a tool.", value=_shown(value))
        )
    if isinstance(value, type):
        raise RequestError(
            _("{value} is a class: a tool is a function, such as one that makes or uses it.", value=value.__name__)
        )
    if not callable(value):
        raise RequestError(
            _("A {kind} is no tool: give a function with hints and a docstring.", kind=type(value).__name__)
        )
    settings: _Settings = getattr(value, _SETTINGS, None) or _Settings(None, None, "ask")
    name = settings.name or _name_of(value)
    if name == _LAMBDA:
        raise RequestError(_("A lambda has no name and no hints: give a function that was made with `def` as a tool."))
    _check_parameters(value, name)
    function = _without_bound(value)
    from nbstream.schemas.python_types import shape_of_parameters  # noqa: PLC0415  (it imports pydantic)

    documented = read_docstring(inspect.getdoc(_written(value)) or "")
    shape = shape_of_parameters(function)
    for parameter, text in documented.parameters.items():
        schema = shape.json_schema.get("properties", {}).get(parameter)
        if isinstance(schema, dict):
            schema.setdefault("description", text)
    description = documented.text if settings.description is None else settings.description
    return Tool(name, description, shape, function, settings.consent)


def tools_of(values: Any) -> tuple[Tool, ...]:
    """Return what `tools=` names as tools.

    Args:
        values: a list of tools and functions; a list within it, such as the tools of a server, is
            opened. Or one tool, or None.

    Tools of servers that have the name of another tool get the name of their server before it.

    Raises:
        RequestError: if one of them cannot be a tool, or if two have the same name.
    """
    tools: list[Tool] = []
    for value in _listed(values):
        for made in map(tool_of, _listed(value)):
            if all(made.name != each.name or made.function != each.function for each in tools):
                tools.append(made)
    names = Counter(each.name for each in tools)
    tools = [_with_server(each) if names[each.name] > 1 else each for each in tools]
    for name, count in Counter(each.name for each in tools).items():
        if count > 1:
            raise RequestError(
                _(
                    "Two tools are called `{name}`: give one of them another name with `@nbstream.tool(name=…)`.",
                    name=name,
                )
            )
    return tuple(tools)


def _with_server(made: Tool) -> Tool:
    """Return a tool under a name that has the name of its server."""
    longest = _LONGEST_NAME - len(made.name) - 1
    return replace(made, name=f"{made.server[:longest]}_{made.name}") if made.server and longest > 0 else made


def _listed(values: Any) -> Sequence[Any]:
    if values is None:
        return ()
    return values if isinstance(values, Sequence) and not isinstance(values, str) else (values,)


def check_consent(consent: Any) -> None:
    """Check a rule of consent.

    Raises:
        RequestError: if it is none.
    """
    if consent not in ("ask", "never") and not (callable(consent) and not isinstance(consent, type)):
        raise RequestError(
            _('`consent=` is {consent}: it must be "ask", "never" or a function.', consent=_shown(repr(consent)))
        )


def _mark(function: Any, settings: _Settings) -> Any:
    if isinstance(function, staticmethod | classmethod):
        _mark(function.__func__, settings)
        return function
    if not callable(function) or isinstance(function, type):
        what = "a class" if isinstance(function, type) else f"a {type(function).__name__}"
        raise RequestError(_("`@nbstream.tool` marks functions, not {what}.", what=what))
    try:
        setattr(function, _SETTINGS, settings)
    except (AttributeError, TypeError):
        # A bound method or a built-in function takes no attributes.
        return _remade(function, settings)
    return function


def _remade(function: Any, settings: _Settings) -> Any:
    @functools.wraps(function)
    def remade(*arguments: Any, **named: Any) -> Any:
        return function(*arguments, **named)

    return _mark(remade, settings)


def _without_bound(value: Any) -> Any:
    """Return a `functools.partial` as a function without the parameters that it has bound."""
    if not isinstance(value, functools.partial) or not value.keywords:
        return value
    try:
        signature = inspect.signature(value, eval_str=True)
    except (NameError, AttributeError, TypeError, ValueError):
        return value
    free = [each for each in signature.parameters.values() if each.name not in value.keywords]

    @functools.wraps(value)
    def bound(**named: Any) -> Any:
        return value(**named)

    vars(bound)["__signature__"] = signature.replace(parameters=free)
    bound.__name__ = _name_of(value)
    return bound


def _written(value: Any) -> Any:
    """Return the function that somebody wrote, and documented."""
    while isinstance(value, functools.partial):
        value = value.func
    is_object = not (inspect.isroutine(value) or isinstance(value, type))
    return type(value).__call__ if is_object and not hasattr(value, "__wrapped__") and not value.__doc__ else value


def _name_of(value: Any) -> str:
    while isinstance(value, functools.partial):
        value = value.func
    name = getattr(value, "__name__", None)
    if isinstance(name, str) and name:
        return name
    if value is None or not type(value).__name__:
        raise RequestError(_("A tool needs a name: give one with `@nbstream.tool(name=…)`."))
    return type(value).__name__


def _check_parameters(value: Any, name: str) -> None:
    try:
        parameters = inspect.signature(value).parameters.values()
    except (TypeError, ValueError):
        # The shape's own error says more.
        return
    for each in parameters:
        if type(each.default).__name__ == "FieldInfo":
            raise RequestError(
                _(
                    "The default of `{name}` in `{name2}` is a `Field`, which only pydantic's models read: write "
                    "`{name}: Annotated[…, Field(…)] = …`.",
                    name=each.name,
                    name2=name,
                )
            )
    several = [each for each in parameters if each.kind is inspect.Parameter.VAR_POSITIONAL]
    named = [each for each in parameters if each.kind is inspect.Parameter.VAR_KEYWORD]
    if several or (named and len(parameters) == 1):
        what = f"`*{several[0].name}`" if several else f"`**{named[0].name}` only"
        raise RequestError(
            _(
                "`{name}` takes {what}, so a model cannot know its arguments: give a function with named parameters.",
                name=name,
                what=what,
            )
        )


def _shown(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= _LONGEST_SHOWN else f"{line[: _LONGEST_SHOWN - 1]}…"
