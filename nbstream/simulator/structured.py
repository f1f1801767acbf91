"""Makes answers to requests for JSON: they fit the schema in the prompt, or are made wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from nbstream.simulator import arguments, messages, scenarios

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NAME = "structured"


def answer(turns: Sequence[Mapping[str, Any]], plan: scenarios.Plan) -> str | None:
    """Return the answer to the last message; None if no message holds a schema.

    A scenario of an earlier message goes on, since a request that asks again has no directive of
    its own: the answers are wrong `times` times.
    """
    schema = next(filter(None, (_schema_in(messages.text(each)) for each in reversed(turns))), None)
    options, tries = _options(turns, plan)
    if schema is None:
        return None
    wrong = options["wrong"] if tries <= options["times"] else "no"
    value: Any = arguments.fitting(schema, tries - 1, items=options["rows"])
    if wrong == "fields":
        value = arguments.unfitting(schema)
    indent, separators = (2, None) if options["form"] == "indented" else (None, (",", ":"))
    text = json.dumps(value, ensure_ascii=False, indent=indent, separators=separators)
    match wrong:
        case "fences":
            return f"```json\n{text}\n```"
        case "comma":
            return f"{text[:-1]},{text[-1]}"
        case "text":
            return f"Here is the JSON:\n\n{text}"
        case "cut":
            return text[: len(text) // 2]
        case "empty":
            return ""
        case "spaces":
            return " " * len(text)
    return text


def was_asked(turns: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether a message of the user names the scenario, and no later one another."""
    named = [each["simulate"] for each in turns if isinstance(each.get("simulate"), str)]
    return bool(named) and _NAME in scenarios.parse(named[-1])


def _schema_in(text: str) -> dict[str, Any] | None:
    """Return the last line of a text that is a JSON schema of an object."""
    for line in reversed(text.split("\n")):
        if line.startswith("{") and '"type"' in line:
            try:
                found = json.loads(line)
            except ValueError:
                continue
            if isinstance(found, dict) and found.get("type") == "object":
                return found
    return None


def _options(turns: Sequence[Mapping[str, Any]], plan: scenarios.Plan) -> tuple[Mapping[str, Any], int]:
    """Return the options of the scenario, and how many times it was asked for."""
    default = scenarios.parse(_NAME).scenarios[_NAME]
    users = [each for each in turns if each["role"] == "user"]
    for tries, each in enumerate(reversed(users), 1):
        directive = each.get("simulate")
        found = scenarios.parse(directive).get(_NAME) if isinstance(directive, str) else None
        if found is not None:
            return found, tries
    return plan.get(_NAME) or default, 1
