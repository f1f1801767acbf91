"""Names options and settings as the reader writes them: in a cell, in Python or in a terminal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nbstream.language import _, marked

if TYPE_CHECKING:
    from nbstream.model.presentation import Audience

_OPTION = re.compile(r"`(\w+)=(True|False)?`")
_SETTING = re.compile(r"`settings\.(\w+)([^`]*)`")
_FLAGS = {"model": "-m", "thinkingTrue": "--think", "thinkingFalse": "--no-think", "extra_body": "--raw-body"}
_FLAGS |= {"values": "-v", "files": "--file", "fillTrue": "--fill", "tools": "-T", "jsonTrue": "--json"}
#: How each audience sends a request again, goes on with a reply, and asks its prompt anew.
_WORDS: dict[Audience, tuple[str, str, str]] = {
    "cell": (marked("run the cell again"), "%deepseek continue", "%deepseek retry"),
    "python": (marked("ask again"), "reply.resume()", "nbstream.ask"),
    "terminal": (marked("ask again"), "%deepseek continue", "%deepseek retry"),
    "panel": (marked("ask again"), marked("Continue"), marked("Retry")),
}
#: Options of `nbstream.ask` for which the magic has no flag.
_ONLY_IN_PYTHON = ("api_key", "messages")


def name_options(text: str, audience: Audience) -> str:
    """Return a text with its options and settings named as the audience writes them.

    Args:
        text: options are in it as `max_tokens=`, settings as `settings.max_bytes`, both between
            backticks.
        audience: the reader.
    """
    if audience in ("python", "panel"):
        return _SETTING.sub(r"nbstream.settings.\1\2", text)
    text = _SETTING.sub(r"%config DeepSeekMagics.\1\2", text)
    return _OPTION.sub(lambda found: _flag(found[1], found[2] or ""), text)


def spoken(text: str, audience: Audience) -> str:
    """Return a text with what the audience does about a reply in place of words in braces.

    `{again}` sends the request again, `{resume}` goes on with the last reply, and `{retry}` asks
    its prompt anew. Options and settings are named as by `name_options`.
    """
    again, resume, retry = map(_, _WORDS[audience])
    words = {"again": again, "Again": again.capitalize(), "resume": resume, "Resume": resume, "retry": retry}
    for name, said in words.items():
        text = text.replace(f"{{{name}}}", said)
    return name_options(text, audience)


def _flag(option: str, value: str) -> str:
    if option in _ONLY_IN_PYTHON:
        return _("{option}= of nbstream.ask", option=option)
    return _FLAGS.get(option + value, f"--{option.replace('_', '-')}")
