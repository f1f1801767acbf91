"""The table of scenarios, the parser of their text form, and the help text made from the table.

To add a scenario, add a row to `SCENARIOS`, and ask the plan for it where it takes effect: in
`routes` before an answer, in `completion` for its content, in `chunks` for its format, in `sending`
for its timing and for faults of the connection.
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
    """A scenario has a name, an option or a value that is not in the table."""


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError
    return number


def seconds(text: str) -> float:
    """Return the number in `text`.

    Raises:
        ValueError: if it is not a number of 0 or more.
    """
    number = float(text)
    if math.isnan(number) or number < 0:
        raise ValueError(f"{text!r} is not a number of 0 or more")
    return number


def _word(text: str) -> str:
    if not text:
        raise ValueError
    return text


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a scenario, written as `name=value`.

    Attributes:
        read: converts the text of the value, or raises ValueError.
        default: the value if the option is not given.
        choices: the permitted values; empty if there is no such list.
        meaning: the help text, for common options.
        value: what the help text shows in place of the value, for common options.
    """

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


def _choice(name: str, *choices: str) -> Option:
    """Return an option with these values, of which the first is the default."""
    return Option(name, _word, choices[0], choices)


STATUS = "STATUS"
#: The directive of a line that says which tool is called.
CALL = "call"
#: The context window of DeepSeek's models, in tokens.
WINDOW = 1_048_576
_STATUS = re.compile(r"[45]\d\d")

#: A fault happens after this many deltas, or after this many bytes of the body (without HTTP's
#: chunk framing).
_AFTER = Option("after", _count, 20)
_BYTE = Option("byte", _count)

SCENARIOS = (
    Scenario("normal", "Reasoning, then the answer, as DeepSeek streams them."),
    Scenario(
        STATUS,
        "A number from 400 to 599, such as `429 times=1 retry-after=2`: refuses with that HTTP status. "
        "With `times`, refuses each prompt that many times, then answers it once. `form` is the form "
        "of the header Retry-After.",
        (
            Option("times", _count),
            Option("retry-after", seconds),
            _choice("form", "seconds", "milliseconds", "date"),
            _choice("body", "json", "string", "message", "html", "octet", "empty", "endless", "broken", "stalled"),
        ),
    ),
    Scenario(
        "queue",
        "Sends `: keep-alive` every `every` seconds, for `seconds` seconds (`inf`: without end), then answers.",
        (Option("seconds", seconds, 5), Option("every", seconds, 1)),
    ),
    Scenario(
        "headers-late",
        "Sends nothing, not even headers, for N seconds (`inf`: without end), then answers.",
        (Option("seconds", seconds, 5),),
    ),
    Scenario(
        "silence",
        "Sends nothing more after N deltas, and keeps the socket open; after=0: sends only the headers.",
        (_AFTER,),
    ),
    Scenario(
        "reset",
        "Resets the connection (RST) in the middle of the event after N deltas, or after N bytes of the body.",
        (_AFTER, _BYTE),
    ),
    Scenario(
        "close",
        "Ends after N deltas or bytes, without a finish reason: ends the body correctly (`clean`), closes the "
        "connection within the body (`cut`), or closes it after an invalid HTTP chunk (`wrong`).",
        (_AFTER, _BYTE, _choice("ending", "clean", "cut", "wrong")),
    ),
    Scenario(
        "damage",
        "Sends only the first half of the event after N deltas, and goes on with the next one.",
        (_AFTER,),
    ),
    Scenario(
        "window",
        "Has a context window of N tokens; refuses a prompt that does not fit, as DeepSeek does.",
        (Option("size", _count, WINDOW),),
    ),
    Scenario("truncate", "Stops after N deltas with finish_reason `length`.", (Option("after", _count, 50),)),
    Scenario(
        "finish",
        "Finishes with that reason, such as `aborted` or `insufficient_system_resource`, after N deltas or at the end.",
        (Option("reason", _word, "content_filter"), Option("after", _count)),
    ),
    Scenario("no-done", "Never sends `[DONE]`."),
    Scenario(
        "linger",
        "Keeps the connection open after the end, and sends `: keep-alive` every N seconds.",
        (Option("every", seconds, 1),),
    ),
    Scenario("garbage", "Answers with bytes that are not HTTP."),
    Scenario("html", "Answers 200 with an HTML page, such as the login page of a proxy."),
    Scenario("json", "Answers 200 with one JSON document, even if the request asks for a stream."),
    Scenario("one-byte", "Sends each byte in a separate packet (on Linux; elsewhere in a separate write)."),
    Scenario(
        "error-in-band",
        "Sends an error in the stream after N deltas, and ends.",
        (
            Option("after", _count, 10),
            _choice("shape", "object", "string", "message", "openrouter", "event", "html", "text", "empty"),
            Option("status", _count),
        ),
    ),
    Scenario("think-tags", "Sends reasoning within content, in <think> tags that are split over two deltas."),
    Scenario("reasoning", "Sends reasoning in the field `reasoning`."),
    Scenario("details", "Sends reasoning in the field `reasoning_details`."),
    Scenario(
        "thoughts",
        "Below `/anthropic`, sends thoughts without their text, but with a signature (`omitted`), or encrypted.",
        (_choice("kind", "omitted", "encrypted"),),
    ),
    Scenario("usage-separate", "Sends usage in a separate chunk, with empty choices."),
    Scenario("usage-every", "Sends usage with every chunk."),
    Scenario("crlf", "Ends lines with CR LF."),
    Scenario("cr", "Ends lines with CR."),
    Scenario("bom", "Starts the body with a byte order mark."),
    Scenario("surrogates", r"Sends an emoji as `\ud83c` in one delta and `\udf0a` in the next."),
    Scenario(
        "tool-call",
        "Calls the request's tools in `steps` steps of `calls` parallel calls, then answers. Before the calls come "
        "the reasoning and `say` tokens of an answer. The arguments fit the tool's schema, are new in each call, and "
        "come in tokens, whole or in single characters (`pieces`); one of them gets `size` characters. `broken`: "
        "arguments that are cut off (`json`) or do not fit (`arguments`), or a tool that the request does not have "
        "(`unknown`), in the first step only; or, in each step, calls without a `name` or an `id`, or all with the "
        "same `index` or id (`same-id`), or calls where `tool_choice` allows none (`choice`). `repeat=denied` calls "
        "again while the result has the word denied, `repeat=always` for ever.",
        (
            Option("calls", _count, 1),
            Option("say", _count, 0),
            Option("steps", _count, 1),
            _choice("pieces", "token", "whole", "character"),
            Option("size", _count),
            _choice("broken", "no", "json", "arguments", "unknown", "name", "id", "index", "same-id", "choice"),
            _choice("repeat", "no", "denied", "always"),
        ),
    ),
    Scenario(
        CALL,
        "In a line of the prompt, before a tool's name and its arguments: calls that tool, with these arguments, in "
        "that step. See above.",
        (Option("step", _count, 1),),
    ),
    Scenario(
        "structured",
        "Answers by the JSON schema in the prompt, with `rows` items in each list. The first `times` "
        "answers are `wrong`: within code fences, with a surplus comma, with other types of values (`fields`), behind "
        "some words (`text`), cut off, empty, or replaced by spaces.",
        (
            Option("rows", _count, 3),
            _choice("form", "compact", "indented"),
            _choice("wrong", "no", "fences", "comma", "fields", "text", "cut", "empty", "spaces"),
            Option("times", _count, 1),
        ),
    ),
    Scenario("repeat-prefix", "Repeats the prefix that it is to continue, as some servers do."),
    Scenario(
        "beta",
        "Refuses every request below `/beta` with the HTTP status `status`; answers all others.",
        (Option("status", _count, 503),),
    ),
    Scenario("echo", "Answers with the prompt, unchanged, after the line that says that the reply is simulated."),
    Scenario(
        "flood",
        "Sends `times` more deltas (N: without end) of `size` characters between the answer and its end. `calls` "
        "starts a new tool call with each, `line` is one line without an end. Use tokens=0 for a short answer.",
        (
            Option("size", _count, 4096),
            Option("times", _count),
            _choice("kind", "answer", "reasoning", "call", "calls", "comment", "line"),
        ),
    ),
    Scenario("recording", "Sends the recording that the simulator was started with, byte for byte."),
    Scenario(
        "whitespace",
        "Sends line breaks up to max_tokens, as a model in a loop does.",
    ),
    Scenario("spaces", "Replaces the answer by spaces, as DeepSeek does in JSON mode with output that is not JSON."),
)

#: Options that every scenario has; they may be written anywhere in its text.
COMMON = (
    Option("tokens", _count, meaning="length of the answer: about N tokens, and no more"),
    Option("topic", _word, meaning="the text to answer with: en-median, zh-recursion, ...", value="NAME"),
    Option("rate", seconds, meaning="tokens per second, instead of --rate; 0: as fast as possible"),
    Option("first-token", seconds, meaning="seconds before the first token, instead of --first-token"),
)

_BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
_COMMON = {option.name: option for option in COMMON}


@dataclass(frozen=True, slots=True)
class Plan:
    """The scenarios for one request.

    Attributes:
        text: the text that was parsed.
        scenarios: the options of each scenario, by the scenario's name.
        common: the common options that were given.
    """

    text: str = "normal"
    scenarios: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    common: Mapping[str, Any] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.scenarios

    def get(self, name: str) -> Mapping[str, Any] | None:
        """Return the options of scenario `name`, or None if it is not in the plan."""
        return self.scenarios.get(name)


def parse(text: str) -> Plan:
    """Parse a text of the form `name key=value …`.

    Several scenarios can be combined; an option belongs to the name before it.

    Raises:
        ScenarioError: if a name, an option or a value is not in the table.
    """
    chosen: dict[str, dict[str, Any]] = {}
    common: dict[str, Any] = {}
    current = Scenario("", "")
    for word in text.split():
        name, equals, value = word.partition("=")
        if not equals:
            current = _scenario(name)
            defaults = {option.name: option.default for option in current.options}
            chosen[current.name] = defaults | ({"status": int(name)} if current.name == STATUS else {})
            continue
        own = {option.name: option for option in current.options}
        option = own.get(name) or _COMMON.get(name)
        if option is None:
            raise ScenarioError(f"The scenario {current.name or 'normal'!r} has no option {name!r}.")
        (chosen[current.name] if name in own else common)[name] = _value(option, value)
    return Plan(" ".join(text.split()) or "normal", chosen, common)


def _scenario(name: str) -> Scenario:
    found = _BY_NAME.get(STATUS if _STATUS.fullmatch(name) else name)
    if found is None or name == STATUS:
        known = ", ".join("400-599" if known == STATUS else known for known in _BY_NAME)
        raise ScenarioError(f"Unknown scenario {name!r}. The simulator knows: {known}.")
    return found


def _value(option: Option, text: str) -> Any:
    try:
        value = option.read(text)
    except ValueError:
        raise ScenarioError(f"The option {option.name!r} cannot be {text!r}.") from None
    if option.choices and value not in option.choices:
        raise ScenarioError(f"The option {option.name!r} must be one of {', '.join(option.choices)}, not {text!r}.")
    return value


def table(width: int = 80) -> str:
    """Return the help text on scenarios, wrapped at `width` columns."""
    lines = [
        "A scenario is taken from the first of these that is present:",
        '  1. the field `simulate` of the request\'s body: {"simulate": "reset after=20"}',
        "  2. a directive in the last user message: [simulate: reset after=20]",
        "  3. the option --scenario",
        "",
        *textwrap.wrap(
            "Lines of the last user message may say which tools are called, one call each; calls of the same step are "
            "parallel. Everything after the name is sent as it is, to the end of the line:",
            width,
        ),
        '  [simulate: call] weather {"city": "Paris"}',
        '  [simulate: call step=2] add {"a": 1, "b": 2}',
        "",
        *textwrap.wrap(
            "Several scenarios can be combined (`think-tags one-byte`); an option belongs to the name before it. The "
            "list below shows each option with its default value, or with all its values, the default first. N is a "
            "number; such an option has no default.",
            width,
        ),
        "",
        "options of every scenario:",
        *(f"  {option.name + '=' + option.value:15}{option.meaning}" for option in COMMON),
        "",
        "scenarios:",
    ]
    for scenario in SCENARIOS:
        head = " ".join([scenario.name, *map(str, scenario.options)])
        lines += textwrap.wrap(head, width, initial_indent=" " * 2, subsequent_indent=" " * 6, break_on_hyphens=False)
        lines += textwrap.wrap(scenario.summary, width, initial_indent=" " * 6, subsequent_indent=" " * 6)
    return "\n".join(lines)
