"""Values that JSON does not have are one clear line before anything is sent."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import json
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nbstream
from nbstream.client.json_values import JsonValues
from nbstream.output.sentences import notes
from tests.hostile.server import HostileServer, Request, Response, chunk


class Scalar:
    """A scalar in the manner of numpy, JAX and PyTorch."""

    shape = ()

    def __init__(self, value: object) -> None:
        self._value = value

    def item(self) -> object:
        return self._value


class LongDouble(float):
    """Its `item` returns the same type, as numpy's longdouble does."""


class Array:
    shape = (2,)

    def tolist(self) -> list[int]:
        return [1, 2]


class Colour(enum.Enum):
    RED = 1


class Tone(enum.StrEnum):
    CALM = "calm"


class Level(enum.IntEnum):
    HIGH = 2


@dataclasses.dataclass
class Turn:
    role: str = "user"


def told(value: object, place: str = "seed") -> str:
    with pytest.raises(nbstream.RequestError) as caught:
        JsonValues().read(value, place)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (Scalar(3), 3),
        (Scalar(0.5), 0.5),
        (Scalar(True), True),  # noqa: FBT003
        (Scalar("x"), "x"),
        (Level.HIGH, 2),
        (Tone.CALM, "calm"),
        ((1, [2], MappingProxyType({"a": range(2)})), [1, [2], {"a": [0, 1]}]),
        ({1234: -100}, {"1234": -100}),
        ("\ud83d\ude00", "😀"),
        (None, None),
    ],
)
def test_values_are_read_as_json_has_them(value: object, read: object) -> None:
    values = JsonValues()
    assert values.read(value, "seed") == read
    assert json.loads(json.dumps(values.read(value, "seed"))) == read
    assert values.warnings == []


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (float("nan"), "it is nan, which is no number in JSON"),
        (float("-inf"), "it is -inf, which is no number in JSON"),
        (Scalar(float("nan")), "it is nan"),
        ({1, 2}, "JSON has no set. Give a list."),
        (frozenset(), "JSON has no frozenset. Give a list."),
        (Decimal("0.1"), "JSON has no Decimal. Give a float, or its text."),
        (Fraction(1, 3), "JSON has no Fraction. Give a float"),
        (1j, "JSON has no complex."),
        (Path("a.txt"), "Path. Give its text, as with `str(…)`, or the file's text."),
        (b"x", "JSON has no bytes. Decode it to text first"),
        (bytearray(), "JSON has no bytearray. Decode it"),
        (dt.datetime(2026, 1, 1, tzinfo=dt.UTC), "JSON has no datetime. Give its text, as with `.isoformat()`."),
        (Scalar(dt.date(2026, 1, 1)), "JSON has no date."),
        (Colour.RED, "JSON has no Colour. Give its `.value`."),
        (nbstream.Reply(), "JSON has no Reply. Give its text, as with `.answer`."),
        (Turn(), "JSON has no Turn. Give a dict, as with `dataclasses.asdict(…)`."),
        (Array(), "JSON has no Array. Give a list, as with `.tolist()`."),
        (iter([1]), "Give a list."),
        (object(), "JSON has no object."),
        ({(1, 2): 3}, "its key (1, 2) is no text"),
        ({None: 3}, "its key None is no text"),
    ],
)
def test_other_values_are_told_with_what_to_give(value: object, words: str) -> None:
    assert told(value).startswith("`seed` cannot be sent: ")
    assert words in told(value)


def test_a_number_that_python_does_not_write_is_told() -> None:
    assert "more than 3,000 digits" in told(10**5000)


def test_the_place_is_named() -> None:
    assert told([{"role": "user", "content": b"x"}], "messages").startswith("`messages[0].content` cannot")
    assert told({"a": [1, {"b": {2}}]}, "metadata").startswith("`metadata.a[1].b` cannot")


def test_a_value_that_contains_itself_or_is_too_deep_is_told() -> None:
    ring: list[Any] = []
    ring.append({"again": ring})
    assert told(ring) == "`seed[0].again` cannot be sent: it contains itself."
    deep: Any = 1
    for _ in range(250):
        deep = [deep]
    assert "nested more than 200 levels" in told(deep)
    twice = [1]
    assert JsonValues().read([twice, twice], "seed") == [[1], [1]]


#: With halves of surrogate pairs, which no encoding has.
TEXTS = st.text(max_size=8) | st.text("aé\ud83d\ude00\udfff", max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda each: st.lists(each, max_size=4) | st.dictionaries(TEXTS, each, max_size=4) | st.tuples(each),
    max_leaves=6,
)


@settings(max_examples=400)
@given(VALUES | st.lists(st.binary(max_size=2) | st.sets(st.integers(), max_size=2), max_size=1))
def test_whatever_is_read_can_be_encoded(value: Any) -> None:
    try:
        read = JsonValues().read(value, "seed")
    except nbstream.RequestError:
        return
    text = json.dumps(read, ensure_ascii=False, allow_nan=False).encode()
    assert json.loads(text) == read


@pytest.mark.parametrize(
    "options",
    [
        {"messages": [{"role": "user", "content": b"x"}]},
        {"extra_body": {"seed": {1}}},
        {"extra_body": {"logit_bias": {"1": float("nan")}}},
        {"extra_body": {"messages": "x"}},
        {"extra_body": [1]},
        {"stop": [b"x"]},
        {"temperature": "0.5"},
        {"temperature": Decimal("0.5")},
        {"temperature": float("nan")},
        {"top_p": [0.5]},
        {"max_tokens": "5"},
        {"max_tokens": 2.5},
        {"max_tokens": float("nan")},
    ],
)
def test_nothing_is_sent_of_a_request_that_cannot_be_encoded(options: dict[str, Any]) -> None:
    with HostileServer({"v1": lambda _: Response([chunk(content="yes", finish="stop")])}) as server:
        prompt = () if "messages" in options else ("hello",)
        with pytest.raises(nbstream.RequestError) as caught:
            nbstream.stream(*prompt, base_url=f"{server.url}/v1", **options)
        assert server.requests == []
    assert "\n" not in str(caught.value)


def test_scalars_are_sent_as_numbers_and_lone_surrogates_as_a_mark() -> None:
    def answer(request: Request) -> Response:
        bodies.append(json.loads(request.body))
        return Response([chunk(content="yes", finish="stop")])

    bodies: list[Any] = []
    with HostileServer({"v1": answer}) as server:
        reply = nbstream.stream(
            "Which is older, caf\udce9.txt or b\udcff\udcfe.txt? 😀",
            base_url=f"{server.url}/v1",
            thinking=False,
            temperature=Scalar(0.5),  # type: ignore[arg-type]
            max_tokens=Scalar(7),  # type: ignore[arg-type]
            extra_body={"seed": Scalar(3)},
        ).result(20)
    (body,) = bodies
    assert (body["temperature"], body["max_tokens"], body["seed"]) == (0.5, 7, 3)
    assert body["messages"][0]["content"] == "Which is older, caf\ufffd.txt or b\ufffd\ufffd.txt? 😀"
    assert reply.status == "complete"
    assert [(each.kind, each.where, each.count) for each in reply.warnings] == [("replaced", "messages[0].content", 3)]
    (note,) = notes(reply, "cell")
    assert note.startswith("3 characters of messages[0].content cannot be sent")


def test_numpy_is_read_without_being_imported() -> None:
    numpy = pytest.importorskip("numpy")
    read = JsonValues().read(
        [numpy.int64(3), numpy.float32(0.5), numpy.bool_(1), numpy.str_("x"), numpy.longdouble(2)], "seed"
    )
    assert json.dumps(read) == '[3, 0.5, true, "x", 2.0]'
    assert "Give a list, as with `.tolist()`" in told(numpy.zeros(3))
    assert "JSON has no datetime" in told(numpy.datetime64("2026-01-01T00:00"))
    code = "import sys, nbstream; nbstream.stream; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
