"""The table of scenarios: their names and options, how one is written, and the help that is made from the table.

This module must not know how a scenario is played (`completion`, `chunks`, `player`) or how a request carries it.
"""

from __future__ import annotations

import math
import re
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class ScenarioError(ValueError):
    """A scenario is not written as the table says; the message says how it is."""


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError
    return number


def seconds(text: str) -> float:
    """Read a number of 0 or more; raises ValueError for anything else."""
    number = float(text)
    if math.isnan(number) or number < 0:
        raise ValueError
    return number


def _word(text: str) -> str:
    if not text:
        raise ValueError
    return text


@dataclass(frozen=True, slots=True)
class Option:
    """One `name=value`; `read` turns the written value into the one that is used, or raises ValueError."""

    name: str
    read: Callable[[str], Any]
    default: Any = None
    choices: tuple[str, ...] = ()
    meaning: str = ""
    value: str = "N"

    def __str__(self) -> str:
        shown = "|".join(self.choices) or ("N" if self.default is None else f"{self.default}")
        return f"[{self.name}={shown}]"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One row of the table."""

    name: str
    summary: str
    options: tuple[Option, ...] = ()


STATUS = "STATUS"
_STATUS = re.compile(r"[45]\d\d")

#: Where a fault strikes: before the delta after this many, or at this byte of the body, counted before chunking.
_AFTER = Option("after", _count, 20)
_BYTE = Option("byte", _count)

#: Deltas of one kind; calls that are always new ones; comments; one line that never ends.
FLOODS = ("answer", "reasoning", "call", "calls", "comment", "line")

SCENARIOS = (
    Scenario("normal", "Reasoning, then the answer, as DeepSeek streams them."),
    Scenario(
        STATUS,
        "A number of 400-599, such as `429 times=1 retry-after=2`: refuses with that HTTP status, every time, or so "
        "many times for each identical prompt, after which one request succeeds. Retry-After is written in that form.",
        (
            Option("times", _count),
            Option("retry-after", seconds),
            Option("form", _word, "seconds", ("seconds", "milliseconds", "date")),
            Option(
                "body",
                _word,
                "json",
                ("json", "string", "message", "html", "octet", "empty", "endless", "broken", "stalled"),
            ),
        ),
    ),
    Scenario(
        "queue",
        "Sends `: keep-alive` every so many seconds for so long (`inf`: for ever), then answers.",
        (Option("seconds", seconds, 5), Option("every", seconds, 1)),
    ),
    Scenario(
        "headers-late",
        "Sends nothing at all, not even headers, for so long (`inf`: for ever), then answers.",
        (Option("seconds", seconds, 5),),
    ),
    Scenario("silence", "Stalls with the socket open after so many deltas; 0: headers, then nothing.", (_AFTER,)),
    Scenario("reset", "Resets the connection (RST) in the middle of the next event.", (_AFTER, _BYTE)),
    Scenario(
        "close",
        "Ends without a finish reason: the body is ended properly (`clean`), the connection just closes (`cut`), or "
        "after something that is no chunk of HTTP (`wrong`).",
        (_AFTER, _BYTE, Option("ending", _word, "clean", ("clean", "cut", "wrong"))),
    ),
    Scenario("truncate", "Stops after so many deltas with finish_reason `length`.", (Option("after", _count, 50),)),
    Scenario(
        "finish",
        "Finishes with that reason (aborted, insufficient_system_resource, any), after so many deltas or at the end.",
        (Option("reason", _word, "content_filter"), Option("after", _count)),
    ),
    Scenario("no-done", "Never sends `[DONE]`."),
    Scenario("linger", "Never hangs up: sends `: keep-alive` after the end, for ever.", (Option("every", seconds, 1),)),
    Scenario("garbage", "Answers with something that is no HTTP."),
    Scenario("html", "Answers 200 with an HTML page, as a proxy's login does."),
    Scenario("json", "Answers 200 with a plain JSON completion, though a stream was asked for."),
    Scenario("one-byte", "Sends each byte in a packet of its own (on Linux; elsewhere in a write of its own)."),
    Scenario(
        "error-in-band",
        "Sends an error object in the stream after so many deltas, and ends.",
        (
            Option("after", _count, 10),
            Option(
                "shape",
                _word,
                "object",
                ("object", "string", "message", "openrouter", "event", "html", "text", "empty"),
            ),
            Option("status", _count),
        ),
    ),
    Scenario("think-tags", "Reasoning comes as `<think>` inside content, the tags split over two deltas."),
    Scenario("reasoning", "Reasoning comes in the field `reasoning`."),
    Scenario("details", "Reasoning comes in the field `reasoning_details`."),
    Scenario("usage-separate", "Usage comes in a chunk of its own, with empty choices."),
    Scenario("usage-every", "Usage comes with every chunk."),
    Scenario("crlf", "Lines end in CR LF."),
    Scenario("cr", "Lines end in CR."),
    Scenario("bom", "The body begins with a byte order mark."),
    Scenario("surrogates", r"An emoji comes as `\ud83c` in one delta and `\udf0a` in the next."),
    Scenario(
        "tool-call",
        "Says so many tokens of an answer, then calls the request's tools, so many of them; once they have answered, "
        "answers.",
        (Option("calls", _count, 1), Option("say", _count, 0)),
    ),
    Scenario("echo", "The answer is the prompt, unchanged, after the line that says that it is simulated."),
    Scenario(
        "flood",
        "After the answer, before its end: so many deltas of so many characters each (N: for ever); `calls` are always "
        "new ones, `line` is one that never ends. With tokens=0 little comes before it.",
        (Option("size", _count, 4096), Option("times", _count), Option("kind", _word, "answer", FLOODS)),
    ),
    Scenario("recording", "Plays the recording that the simulator was given, byte for byte."),
    Scenario("whitespace", "Sends line breaks up to max_tokens, as JSON mode does when no message says json."),
)

#: Options of every scenario; they are written anywhere in it.
COMMON = (
    Option("tokens", _count, meaning="the answer is about, and at most, N tokens long"),
    Option("topic", _word, meaning="the prepared text to answer with: en-median, zh-recursion, ...", value="NAME"),
    Option("rate", seconds, meaning="tokens per second, instead of --rate; 0: as fast as possible"),
    Option("first-token", seconds, meaning="seconds before the first token, instead of --first-token"),
)

_BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
_COMMON = {option.name: option for option in COMMON}


@dataclass(frozen=True, slots=True)
class Plan:
    """What to play: the scenarios named, each with all of its options, and the common options that were given."""

    written: str = "normal"
    steps: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    common: Mapping[str, Any] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.steps

    def get(self, name: str) -> Mapping[str, Any] | None:
        """Return the options of scenario `name`, or None if the plan does not have it."""
        return self.steps.get(name)


def parse(text: str) -> Plan:
    """Read `name key=value …`. Several names combine; an option belongs to the name before it.

    Raises:
        ScenarioError: if a name, an option or a value is not in the table.
    """
    steps: dict[str, dict[str, Any]] = {}
    common: dict[str, Any] = {}
    current = Scenario("", "")
    for word in text.split():
        name, equals, value = word.partition("=")
        if not equals:
            current = _scenario(name)
            defaults = {option.name: option.default for option in current.options}
            steps[current.name] = defaults | ({"status": int(name)} if current.name == STATUS else {})
            continue
        own = {option.name: option for option in current.options}
        option = own.get(name) or _COMMON.get(name)
        if option is None:
            raise ScenarioError(f"The scenario {current.name or 'normal'!r} has no option {name!r}.")
        (steps[current.name] if name in own else common)[name] = _value(option, value)
    return Plan(" ".join(text.split()) or "normal", steps, common)


def _scenario(name: str) -> Scenario:
    found = _BY_NAME.get(STATUS if _STATUS.fullmatch(name) else name)
    if found is None or name == STATUS:
        known = ", ".join("400-599" if each == STATUS else each for each in _BY_NAME)
        raise ScenarioError(f"Unknown scenario {name!r}. The simulator knows: {known}.")
    return found


def _value(option: Option, text: str) -> Any:
    try:
        value = option.read(text)
    except ValueError:
        raise ScenarioError(f"The option {option.name!r} cannot be {text!r}.") from None
    if option.choices and value not in option.choices:
        raise ScenarioError(f"The option {option.name!r} is one of {', '.join(option.choices)}, not {text!r}.")
    return value


def table(width: int = 80) -> str:
    """Return the help on scenarios, made from the table."""
    lines = [
        "how a scenario is chosen, the first that is there:",
        '  1. the field `simulate` of the request\'s body: {"simulate": "reset after=20"}',
        "  2. a directive in the last user message: [simulate: reset after=20]",
        "  3. --scenario",
        "",
        *textwrap.wrap(
            "Names combine (`think-tags one-byte`); an option belongs to the name before it. The defaults are shown, "
            "of several values the first; N means that the option is not set unless you do so.",
            width,
        ),
        "",
        "options of every scenario:",
        *(f"  {option.name + '=' + option.value:15}{option.meaning}" for option in COMMON),
        "",
        "scenarios:",
    ]
    for scenario in SCENARIOS:
        lines += _indented(" ".join([scenario.name, *map(str, scenario.options)]), width)
        lines += textwrap.wrap(scenario.summary, width, initial_indent=" " * 6, subsequent_indent=" " * 6)
    return "\n".join(lines)


def _indented(text: str, width: int) -> list[str]:
    return (
        [f"  {text}"]
        if len(text) < width
        else textwrap.wrap(text, width, initial_indent="  ", subsequent_indent="      ")
    )
