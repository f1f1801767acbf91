"""Asks by `input()` whether a tool call may run, where no page shows the question.

That is possible where somebody can type: in a kernel whose front end takes input, and in a
terminal. Everywhere else (nbconvert, papermill, a pipe) the call is denied, by nobody.
"""

from __future__ import annotations

import json
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from nbstream.language import _
from nbstream.model.decision import NOBODY, Decision
from nbstream.output import call_words, questions
from nbstream.widgets import front_ends

if TYPE_CHECKING:
    from nbstream.model.tool_call import ToolCall


def ask(call: ToolCall) -> Decision:
    """Ask the user whether a call may run, on the thread that waits for the reply.

    Raises:
        KeyboardInterrupt: if ■ or Ctrl-C was pressed meanwhile.
    """
    if not can_ask():
        return NOBODY
    name = call_words.short_name(call)
    _write(questions.in_words(call))
    _drop_what_was_typed_before()
    try:
        return _answered(call, name)
    except EOFError:
        # Ctrl-D: nobody answers any more.
        _write("")
        return NOBODY


def can_ask() -> bool:
    """Return whether somebody can read a question here and type an answer."""
    if threading.current_thread() is not threading.main_thread():
        # The cell has ended, and with it its input.
        return False
    if front_ends.current() is not front_ends.TERMINAL:
        return front_ends.takes_input()
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def _answered(call: ToolCall, name: str) -> Decision:
    while True:
        match (
            input(_("y: allow once · a: allow {name} for this reply · e: edit · n: deny > ", name=name)).strip().lower()
        ):
            case "y":
                return Decision("allow")
            case "a":
                return Decision("allow_all")
            case "n":
                return Decision("deny", reason=input(_("Why not? The model reads it; it may stay empty > ")).strip())
            case "e":
                edited = _edited(questions.on_one_line(call.used))
                if edited is not None:
                    return Decision("allow", edited)
            case _:
                _write(_("Please type y, a, e or n."))


def _edited(before: str) -> str | None:
    """Return arguments that the user typed; None if there are none, so that they choose again."""
    while True:
        typed = _input_after(_("The arguments, as JSON on one line; nothing: back > "), before).strip()
        if not typed:
            return None
        try:
            value = json.loads(typed)
        except (ValueError, RecursionError) as error:
            _write(_("That is not JSON: {error}", error=error))
            continue
        if isinstance(value, dict):
            return typed
        _write(_("The arguments must be one JSON object, as {…}."))


def _input_after(prompt: str, text: str) -> str:
    """Return what the user types after `prompt`; in a terminal they can change `text`."""
    if front_ends.running_kernel() is None:
        with suppress(ImportError):  # as on Windows
            import readline  # noqa: PLC0415

            readline.set_startup_hook(lambda: readline.insert_text(text))
            try:
                return input(prompt)
            finally:
                readline.set_startup_hook(None)
    _write(text)
    return input(prompt)


def _drop_what_was_typed_before() -> None:
    """Let no line answer that was typed before the question was shown; ipykernel does the same."""
    if front_ends.running_kernel() is None:
        with suppress(ImportError, OSError):  # as on Windows
            import termios  # noqa: PLC0415

            termios.tcflush(sys.stdin, termios.TCIFLUSH)


def _write(text: str) -> None:
    print(text, flush=True)  # noqa: T201  (the user reads it)
