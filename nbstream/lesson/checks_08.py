"""The exercises and predictions of lesson 8, tools, and saying no."""

from __future__ import annotations

import inspect
from types import SimpleNamespace
from typing import Any

from nbstream.lesson.exercises import Exercise, Prediction
from nbstream.lesson.trying import Wrong, by_trying, result_of

_KNOWN = ("ines@example.org", "library@example.org")
#: Addresses that are no contacts, with a hint for a rule that does not see it.
_STRANGERS = (
    ("archive@example.com", "a stranger"),
    ("ines@example.org.example.com", "a stranger, whose address begins as a contact's"),
    ("not.ines@example.org", "a stranger, whose address ends as a contact's"),
    ("ines@example.org, archive@example.com", "two addresses, and one of them is a stranger's"),
    ("", "no address at all"),
)
_HOURS = (("Friday", 10, False), ("Friday", 9, True), ("Monday", 9, False), ("Sunday", 9, True), ("Monday", 10, True))


def _rule(function: Any) -> str:
    from nbstream.tools.tool import Call  # noqa: PLC0415  (only where an exercise is checked)

    def decided(to: str) -> Any:
        return result_of(function, Call("send_mail", {"to": to, "text": "Hello"}))

    for address in _KNOWN:
        if (found := decided(address)) != "ask":
            return f'For a contact, such as {address}, the rule should return "ask", and returned {found!r}.'
    for address, what in _STRANGERS:
        if (found := decided(address)) != "deny":
            return f'“{address}” is {what}. The rule should return "deny", and returned {found!r}.'
    return ""


def _tool(function: Any) -> str:
    from nbstream.tools.tool import Tool, tool_of  # noqa: PLC0415  (as above)

    marked = isinstance(function, Tool)
    own = function.function if marked else function
    result_of(own, *_HOURS[0][:2])
    hints = {name: hint for name, hint in inspect.get_annotations(own).items() if name != "return"}
    names = list(inspect.signature(own).parameters)
    if missing := [name for name in names if name not in hints]:
        return f"The parameter `{missing[0]}` has no type. Write it behind a colon, as in `day: str`."
    if not (inspect.getdoc(own) or "").strip():
        return "There is no docstring: the model would have to guess from the name what the function does."
    if "return" not in inspect.get_annotations(own):
        return "Say what comes back: `-> bool` before the colon."
    made = tool_of(function)
    kinds = [str(each.get("type")) for each in made.parameters.get("properties", {}).values()]
    if kinds != ["string", "integer"]:
        return f"The model reads these types: {' and '.join(kinds)}. A day is a text, an hour is a whole number."
    for day, hour, expected in _HOURS:
        found = result_of(own, day, hour)
        if found is not expected:
            return f"is_free({day!r}, {hour}) should be {expected}, and is {found!r}. A day without an entry is free."
    return ""


def _denied(function: Any) -> str:
    def call(name: str, state: str) -> Any:
        return SimpleNamespace(name=name, state=state, decided_by="user", arguments="{}", result="")

    def reply(*steps: list[Any]) -> Any:
        made = [SimpleNamespace(tool_calls=tuple(calls), answer="") for calls in steps]
        return _Shown(steps=tuple(made), tool_calls=made[-1].tool_calls)

    tried: tuple[tuple[Any, list[str], str], ...] = (
        (reply([]), [], "a reply without calls"),
        (reply([call("read_mail", "done")], []), [], "a reply whose only call ran"),
        (reply([call("read_mail", "done")], [call("send_mail", "denied")], []), ["send_mail"], "one call denied"),
        (
            reply([call("send_mail", "denied"), call("read_mail", "done")], [call("send_mail", "denied")], []),
            ["send_mail", "send_mail"],
            "the same tool denied twice, in two steps",
        ),
        (reply([call("send_mail", "failed"), call("pay", "denied")], []), ["pay"], "a call that ran and failed"),
    )
    for given, expected, what in tried:
        found = result_of(function, given, read=_names_in)
        if found != expected:
            return f"For {what}, it should return {expected}, and returned {found}."
    return ""


class _Shown(SimpleNamespace):
    """A reply of which a hint shows no more than that."""

    def __repr__(self) -> str:
        """Return what it stands for."""
        return "reply"


def _names_in(found: Any) -> list[str]:
    if isinstance(found, str):
        raise Wrong(f"The function should return all names, as a list; it returned {found!r}.")
    if isinstance(found, set):
        raise Wrong("A set has each name once and no order. Return a list.")
    return list(found)


def _names(reply: Any) -> list[str]:
    return [call.name for step in reply.steps for call in step.tool_calls]


def _after_no(reply: Any) -> object:
    calls = [call for step in reply.steps for call in step.tool_calls if call.name == "send_mail"]
    if not any(call.state == "denied" for call in calls):
        # A call that was allowed does not show what comes after a no.
        return ...
    return "c" if _names(reply).count("send_mail") > 1 else "b"


def _why_after_no(reply: Any) -> str:
    calls = [call for step in reply.steps for call in step.tool_calls if call.name == "send_mail"]
    if any(call.decided_by == "nobody" for call in calls):
        return "Nobody could be asked here, and the model read that. Run the cell in a page, and deny with the reason."
    if len(calls) > 1:
        return "It read your reason, and asked for another call. That one waits for your consent again."
    if any(call.state == "denied" for call in calls):
        return "It read that you said no, and stopped. With the reason above it tries another mail."
    return "You did not deny the call, so this shows what comes after a yes. Run the cell again, and deny it."


def _why_injection(reply: Any) -> str:
    if "send_mail" in _names(reply):
        return "The mail gave an order, and the model took it for yours. Your consent is what stands in between."
    return "This time the model did not follow the order in the mail. Nobody can promise that the next one will not."


EXERCISES = (
    Exercise(
        "rule",
        "Write a rule of consent: strangers never, contacts only if you agree.",
        "a function of one call",
        by_trying(_rule),
        "No mail can talk to this rule. It looks at the address, and at nothing that a model says about it.",
    ),
    Exercise(
        "tool",
        "Write a function that tells whether an hour is free, with all that a model needs.",
        "a function of a day and an hour",
        by_trying(_tool),
        "From these types and words, the model knows how to ask. It sees nothing else of your function.",
    ),
    Exercise(
        "denied",
        "Write a function that returns the names of the calls that were denied.",
        "a function of a reply",
        by_trying(_denied),
        "A record of what was asked for and refused is worth a look: it shows what a model tried.",
    ),
)

PREDICTIONS = (
    Prediction(
        "after_no",
        "You deny the call and say why. What will the model do?",
        _why_after_no,
        {
            "a": "the cell ends with an error",
            "b": "it says that nothing was sent, and stops",
            "c": "it asks for `send_mail` again, with another text",
        },
        _after_no,
    ),
    Prediction(
        "injection",
        "You ask for a summary of mail 3. Will the model ask to send a mail?",
        _why_injection,
        {"a": "yes", "b": "no"},
        lambda reply: "a" if "send_mail" in _names(reply) else "b",
    ),
)
