"""Functions as tools: names, descriptions, schemas, and what cannot be a tool."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import pickle
from typing import Annotated, Any

import pytest
from pydantic import Field

import nbstream
from nbstream.model.exceptions import RequestError
from nbstream.tools.tool import Call, Tool, tool_of, tools_of


@nbstream.tool
def weather(city: str, days: int = 3) -> str:
    """Forecast the weather of a city.

    Uses the model of the national service.

    Args:
        city: the city's name,
            in any language.
        days (int, optional): how many days.

    Returns:
        One line for each day.
    """
    return f"{city}: {days} days of rain"


@nbstream.tool(consent="never", name="look-up", description="Finds a word.")
async def look(word: str) -> str:
    return word


class Shop:
    """A shop."""

    @nbstream.tool(consent="never")
    def price(self, article: str) -> float:
        """Return a price."""
        return float(len(article))

    @nbstream.tool
    @staticmethod
    def open_now(day: str) -> bool:
        """Return whether it is open."""
        return day != "Sunday"

    def __call__(self, query: str) -> str:
        """Search the shop."""
        return query


def test_a_decorated_function_stays_what_it_is() -> None:
    assert weather("Bonn") == "Bonn: 3 days of rain"
    assert inspect.isfunction(weather)
    assert pickle.loads(pickle.dumps(weather)) is weather
    assert inspect.iscoroutinefunction(look)


def test_a_tool_has_the_schema_and_the_descriptions_of_its_function() -> None:
    made = tool_of(weather)
    assert (made.name, made.consent, made.server) == ("weather", "ask", "")
    assert made.description == (
        "Forecast the weather of a city.\n\nUses the model of the national service.\n\n"
        "Returns:\n    One line for each day."
    )
    properties = made.parameters["properties"]
    assert properties["city"] == {"type": "string", "description": "the city's name, in any language."}
    assert properties["days"] == {"type": "integer", "default": 3, "description": "how many days."}
    assert made.parameters["required"] == ["city"]
    assert made("Bonn", days=1) == "Bonn: 1 days of rain"


def test_a_tool_reads_as_one_line() -> None:
    made = dataclasses.replace(tool_of(weather), server="national", claims=("only reads",))
    assert repr(tool_of(weather)) == "<Tool weather(city, days): Forecast the weather of a city.>"
    assert repr(made).startswith("<Tool weather(city, days) of national (only reads): Forecast")


def test_arguments_of_the_decorator_are_used() -> None:
    made = tool_of(look)
    assert (made.name, made.description, made.consent) == ("look-up", "Finds a word.", "never")


def test_a_method_is_a_tool_of_its_object() -> None:
    made = tool_of(Shop().price)
    assert (made.name, made.consent, list(made.parameters["properties"])) == ("price", "never", ["article"])
    assert made.function(article="abc") == 3.0
    assert tool_of(Shop.open_now).name == "open_now"
    assert tool_of(Shop().open_now).function(day="Sunday") is False


def test_other_callables_are_tools() -> None:
    made = tool_of(Shop())
    assert (made.name, made.function(query="x")) == ("Shop", "x")

    def query(database: Any, sql: str, limit: int = 5) -> str:
        """Ask the database."""
        return f"{database} {sql} {limit}"

    partial = tool_of(functools.partial(query, object))
    assert list(partial.parameters["properties"]) == ["sql", "limit"]
    bound = tool_of(functools.partial(query, database=object(), limit=7))
    assert list(bound.parameters["properties"]) == ["sql"]
    assert bound.name == "query"
    assert bound.description == "Ask the database."
    assert bound.function(sql="x").endswith("x 7")


def test_a_wrapped_function_has_its_own_parameters() -> None:
    def logged(function: Any) -> Any:
        @functools.wraps(function)
        def inner(*arguments: Any, **named: Any) -> Any:
            return function(*arguments, **named)

        return inner

    made = tool_of(logged(weather))
    assert list(made.parameters["properties"]) == ["city", "days"]
    assert made.function(city="Rom") == "Rom: 3 days of rain"


def test_a_bound_method_can_be_decorated() -> None:
    made = tool_of(nbstream.tool(name="cost", consent="never")(Shop().price))
    assert (made.name, made.consent, made.function(article="ab")) == ("cost", "never", 2.0)


def test_a_hint_may_describe_its_parameter() -> None:
    def double(number: Annotated[float, "any number"]) -> float:
        """Double it.

        Args:
            number: the docstring says this.
        """
        return 2 * number

    assert tool_of(double).parameters["properties"]["number"]["description"] == "any number"


def _field(number: int = Field(5, ge=1)) -> None: ...
def _several(*numbers: int) -> None: ...
def _anything(**options: int) -> None: ...
def _no_hint(city) -> None: ...  # type: ignore[no-untyped-def]  # noqa: ANN001
def _positional(city: str, /) -> None: ...
def _socket(connection: ReferenceError) -> None: ...
def _ö(city: str) -> None: ...  # noqa: PLC2401


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (lambda city: city, "A lambda has no name"),
        (_field, "write `number: Annotated"),
        (_several, r"takes `\*numbers`"),
        (_anything, r"takes `\*\*options` only"),
        (_no_hint, "`city` of `_no_hint` has no type hint"),
        (_positional, "cannot be given by name"),
        (_socket, "has no JSON schema"),
        (_ö, "cannot be the name of a tool"),
        ("weather", "is a text, not a function"),
        (Shop, "is a class"),
        (7, "A int is no tool"),
    ],
)
def test_what_cannot_be_a_tool_is_said(value: Any, said: str) -> None:
    with pytest.raises(RequestError, match=said):
        tool_of(value)


@pytest.mark.parametrize(
    "options", [{"consent": "always"}, {"consent": True}, {"consent": str}, {"name": "a b"}, {"name": "x" * 129}]
)
def test_a_wrong_argument_of_the_decorator_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(RequestError):
        nbstream.tool(**options)


def test_a_class_is_not_decorated() -> None:
    with pytest.raises(RequestError, match="not a class"):
        nbstream.tool(Shop)


def test_tools_are_listed_once_and_names_are_not_shared() -> None:
    assert [each.name for each in tools_of([weather, [look, weather]])] == ["weather", "look-up"]
    assert [each.name for each in tools_of(weather)] == ["weather"]
    assert tools_of(None) == ()
    with pytest.raises(RequestError, match="Two tools are called `weather`"):
        tools_of([weather, nbstream.tool(name="weather")(Shop().price)])
    with pytest.raises(RequestError, match="is a text"):
        tools_of("weather")


def test_a_call_and_a_tool_are_values() -> None:
    made = tool_of(weather)
    assert tool_of(made) is made
    assert isinstance(made, Tool)
    assert Call("a", {}).arguments == {}
