"""Requests whose programs are run: a corpus of what users send, and any body that JSON has."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

_PNG = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9Q"
    "DwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Returns the weather of a city; \"rain\", 'sun' or `snow`.\nIn °C.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "enum": ["Köln", "成都"]}, "days": {"type": ["integer", "null"]}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}
_CALL = {"id": "call_00_x", "type": "function", "function": {"name": "weather", "arguments": '{"city": "成都"}'}}
#: Texts that break programs which were made without care, or that copying changes.
TRAPS = (
    "JSON\nKEY\nEOF\nEOF \n'JSON'\n\nJSON",
    '$HOME ${HOME} $(id) `id` \\$HOME $$ !! !-1 hello! "!" ~ * ? && ; | > /dev/null',
    '\'single\' "double" `back` \'\'\'three\'\'\' """three""" ```sh\n$ ls\n``` ends with quotes: """"',
    '"""\nbegins and ends with them, over\nmany lines of more than ninety characters, so that it is not on one\n"""',
    "\\ \\\\ \\n \\x41 \\u0041 \\N{BULLET} \\frac{1}{2} \\` \\${x} ends with a backslash, over\nseveral long lines \\",
    "${process.env.HOME} `${`nested`}` $${x} $ {x} </script> <!-- --> over\nseveral long lines, longer than others",
    "{name} {{ name }} {0} %s %(name)s f'{x}' #{x} <%= x %>",
    "\x00 \x01 \x1b[31m \x7f \x85 \xa0 \xad tab\tend\r\ncr\rlf\n\u2028\u2029\ufeff\u200b\u200e\u202e\u2066 \uffff",
    "trailing blank \nand tab\t\n over lines that are so long that they would not be on one line of the program   ",
    "中文，标点「」。\n日本語\u3000全角\n한국어 العربية עברית हिन्दी فارسی\u200cها\n\ttoo long for one line",  # noqa: RUF001
    "👩\u200d👩\u200d👧\u200d👦 🇩🇪 👍🏽 𝒳 𠜎 e\u0301 é\nand enough more words so that the line is a long one",  # noqa: RUF001
    "%matplotlib inline\n!ls\n%%bash\nls?\n?ls\n>>> x\nIn [1]: x\n... and a long line that makes the text one of many",
    "@file.txt",
    "-",
    "",
)


#: Further fields of a body with keys, and the variables from which a program reads them.
WITH_KEYS: dict[str, Any] = {
    "api_key": "sk-of-a-gateway-0123",
    "proxies": [
        {"headers": {"Authorization": "Bearer sk-of-a-proxy-4567", "X-Title": "$PATH `id` \\"}},
        {"headers": {"authorization": "Basic $HOME:`id`89"}, "url": "https://a.test/?q=1&key=%2Fsk&sig=$1"},
    ],
}
VARIABLES = {
    "BODY_API_KEY": WITH_KEYS["api_key"],
    "BODY_AUTHORIZATION": "Bearer sk-of-a-proxy-4567",
    "BODY_AUTHORIZATION_2": "Basic $HOME:`id`89",
    "BODY_URL": "https://a.test/?q=1&key=%2Fsk&sig=$1",
}


def _asked(text: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text}]


def corpus() -> dict[str, dict[str, Any]]:
    """Return options of `nbstream.stream` by a name: what users send, and what breaks programs."""
    say = "[simulate: echo] "
    cases: dict[str, dict[str, Any]] = {
        "plain": {"messages": _asked("[simulate: tokens=90] What is a median?")},
        "no thinking": {"messages": _asked("[simulate: tokens=40] Hi"), "thinking": False},
        "all options": {
            "messages": _asked(f"{say}Tell me a story. END of it"),
            "system": 'You are terse.\nYou\'re "polite".',
            "thinking": True,
            "effort": "max",
            "max_tokens": 4_000,
            "temperature": 0.7,
            "top_p": 0.95,
            "stop": ["END", "\n\n\n", "'", '"'],
        },
        "extra fields": {
            "messages": _asked("[simulate: tokens=40] Give me json"),
            "extra_body": {
                "response_format": {"type": "json_object"},
                "logprobs": True,
                "top_logprobs": 2,
                "user_id": "class-7",
                "chat_template_kwargs": {"thinking": True, "enable_thinking": True},
                "extra_body": {"x": 1},
                "extra_headers": None,
                "timeout": 3,
                "self": "self",
                "class": "a keyword",
                "a-b c": [],
                "__proto__": {"constructor": {"__proto__": None}},
                "Ünïcode": {"": {}},
            },
        },
        "numbers": {
            "messages": _asked("[simulate: tokens=40] Hi"),
            "extra_body": {
                "seed": 2**63 - 1,
                "x": [10**400, -(2**53), 1e22, 1.5e-9, -0.0, 1e300, 2**53 - 1, True, 0.1],
            },
        },
        "keys": {"messages": _asked(f"{say}`$HOME` \\ $"), "extra_body": WITH_KEYS},
        "keys and numbers": {"messages": _asked(say + "${x} \\` $"), "extra_body": {"seed": 2**63 - 1, **WITH_KEYS}},
        "numbers that JavaScript holds": {
            "messages": _asked("[simulate: tokens=40] Hi"),
            "extra_body": {"seed": 2**53 - 1, "x": [0.1, -7]},
        },
        "deep": {
            "messages": _asked("[simulate: tokens=40] Hi"),
            "extra_body": {"deep": json.loads("[" * 60 + '{"a": [1]}' + "]" * 60)},
        },
        "tools": {"messages": _asked("Weather in 成都?"), "extra_body": {"tools": [WEATHER], "tool_choice": "auto"}},
        "tool results": {
            "messages": [
                *_asked("Weather in 成都?"),
                {"role": "assistant", "content": None, "reasoning_content": "I ask.\n", "tool_calls": [_CALL]},
                {"role": "tool", "tool_call_id": "call_00_x", "content": '{"sky": "rain"}'},
            ],
            "extra_body": {"tools": [WEATHER]},
        },
        "conversation": {
            "messages": [
                {"role": "system", "content": "Be brief."},
                *_asked("Name a number."),
                {"role": "assistant", "content": "\n\nSeven.", "reasoning_content": 'Any number…\n\n"7" it is.'},
                *_asked("Why?"),
                {"role": "assistant", "content": "", "reasoning_content": ""},
                *_asked("Go on."),
            ],
        },
        "image": {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "What is this?"},
                        {"type": "image_url", "image_url": {"url": _PNG, "detail": "low"}},
                    ],
                }
            ]
        },
        "prefix": {
            "messages": [*_asked("Write a poem."), {"role": "assistant", "content": "```python\n", "prefix": True}],
            "beta": True,
            "thinking": False,
            "stop": "```",
        },
        "huge prompt": {
            "messages": _asked(
                "[simulate: tokens=40] " + "\n".join(f'{n}: it\'s "{n * n}" ${{x}}' for n in range(20_000))
            )
        },
        "not streamed": {
            "messages": _asked("[simulate: tokens=40] Hi"),
            "extra_body": {"stream": False, "stream_options": None},
        },
        "not streamed, with tools": {
            "messages": _asked("Weather in 成都?"),
            "extra_body": {"stream": False, "stream_options": None, "tools": [WEATHER]},
        },
    }
    for number, text in enumerate(TRAPS):
        cases[f"trap {number}"] = {"messages": _asked(say + text), "stop": [text] if text else None}
    return cases


_KEYS = st.text(max_size=12) | st.sampled_from(["__proto__", "constructor", "model", "messages", "a-b", "π", "1", ""])
_TEXTS = (
    st.text(st.characters(exclude_categories=["Cs"]))
    | st.sampled_from(TRAPS)
    | st.lists(st.text("ab \\\"'`$\n\r{}!", max_size=30), max_size=8).map("".join)
)
_NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
#: Any value that JSON has.
VALUES = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=12,
)
#: Fields of a body besides those that the simulator checks.
FIELDS = st.dictionaries(_KEYS.map(lambda name: f"x{name}") | st.just("__proto__"), VALUES, max_size=4)
#: Options of `nbstream.stream`.
OPTIONS = st.builds(
    lambda text, system, extra: {
        "messages": _asked(f"[simulate: tokens=9]{text}"),
        "system": system or None,
        "extra_body": extra,
    },
    _TEXTS,
    _TEXTS,
    FIELDS,
)


def canonical(body: Any) -> str:
    """Return a text that is the same for equal JSON values; `1.0` is `1`, and `true` is not."""
    return json.dumps(_normal(body), sort_keys=True)


def _normal(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _normal(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_normal(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
