"""A request as a Python program with the `openai` SDK, 2.x or 3.x."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbstream.model.request import CHAT, FIM
from nbstream.snippets.literals import PYTHON
from nbstream.snippets.several import note_on_several

if TYPE_CHECKING:
    from nbstream.model.request import Request

_COMMON = (
    "model stream stream_options frequency_penalty logit_bias logprobs max_tokens n presence_penalty seed stop "
    "temperature top_p user"
)
_CHAT = (
    "messages audio function_call functions max_completion_tokens metadata modalities parallel_tool_calls prediction "
    "prompt_cache_key reasoning_effort response_format safety_identifier service_tier store tool_choice tools "
    "top_logprobs verbosity web_search_options"
)
#: For each call its method, and the fields that both major versions of the SDK have as parameters.
#: All others go into `extra_body`.
METHODS = {
    CHAT: ("client.chat.completions.create", frozenset(f"{_COMMON} {_CHAT}".split())),
    FIM: ("client.completions.create", frozenset(f"{_COMMON} prompt best_of echo suffix".split())),
}

_PRINT_CHAT = """\
# The reasoning goes to stderr, the answer to stdout.
usage = None
thinking = False
for chunk in stream:
    usage = chunk.usage or usage
    choices = {choices}
    if not choices:
        continue
    delta = choices[0].delta
    thought = getattr(delta, "reasoning_content", None)
    thought = thought or getattr(delta, "reasoning", None)
    if thought:
        print(thought, end="", file=sys.stderr, flush=True)
        thinking = True
    if delta.content:
        if thinking:
            print("\\n", file=sys.stderr)
            thinking = False
        print(delta.content, end="", flush=True)
"""
_PRINT_CALLS = """\
    for call in delta.tool_calls or []:
        if call.function.name:
            print(f"\\n{call.function.name}: ", end="", file=sys.stderr)
        print(call.function.arguments or "", end="", file=sys.stderr, flush=True)
"""
_PRINT_TEXT = """\
usage = None
for chunk in stream:
    usage = chunk.usage or usage
    choices = {choices}
    if choices:
        print(choices[0].text, end="", flush=True)
"""
_PRINT_USAGE = """\
print()
print(usage, file=sys.stderr)"""
_PRINT_WHOLE = """\
message = completion.choices[0].message
thought = getattr(message, "reasoning_content", None)
thought = thought or getattr(message, "reasoning", None)
if thought:
    print(thought, end="\\n\\n", file=sys.stderr)
print(message.content or "")
for call in message.tool_calls or []:
    print(f"{call.function.name}: {call.function.arguments}", file=sys.stderr)
print(completion.usage, file=sys.stderr)"""
_PRINT_WHOLE_TEXT = """\
print(completion.choices[0].text)
print(completion.usage, file=sys.stderr)"""


def code(request: Request) -> str:
    """Return the program."""
    address, body = request.address, request.body()
    method, known = METHODS[address.call]
    arguments: dict[str, Any] = {name: value for name, value in body.items() if name in known}
    if extra := {name: value for name, value in body.items() if name not in known}:
        arguments["extra_body"] = extra
    is_chat, streams = address.call == CHAT, body.get("stream") is True
    if not streams:
        reading = _PRINT_WHOLE if is_chat else _PRINT_WHOLE_TEXT
    elif is_chat:
        reading = _PRINT_CHAT + (_PRINT_CALLS if body.get("tools") else "") + _PRINT_USAGE
    else:
        reading = _PRINT_TEXT + _PRINT_USAGE
    note = note_on_several(request, "#")
    # Each chunk has a part of one of the answers.
    choices = "[each for each in chunk.choices if each.index == 0]" if note else "chunk.choices"
    keys = " and ".join(request.variables)
    todo = f", and set {keys}" if keys else ""
    return "\n".join(
        [
            f"# Install the SDK with `pip install openai`{todo}.",
            *(["import os"] if keys else []),
            "import sys",
            "",
            "from openai import OpenAI",
            "",
            f"client = {PYTHON.broken('OpenAI(', _client(request), ')', 0)}",
            "",
            f"{'stream' if streams else 'completion'} = {PYTHON.broken(f'{method}(', _keywords(arguments), ')', 0)}",
            "",
            note + reading.replace("{choices}", choices),
        ]
    )


def _client(request: Request) -> list[str]:
    """Return the arguments of the client."""
    address = request.address
    # Without a key the SDK raises an error; the server ignores this one.
    key = f'os.environ["{address.key_variable}"]' if address.key_variable else '"none"'
    arguments = [f"api_key={key}", f"base_url={PYTHON.write(request.endpoint + address.path)}"]
    query = [f"{PYTHON.write(name)}: {PYTHON.write(value)}" for name, value in address.query]
    query += [f'{PYTHON.write(name)}: os.environ["{variable}"]' for name, variable in address.query_variables]
    if query:
        arguments.append(f"default_query={PYTHON.broken('{', query, '}', 1)}")
    return arguments


def _keywords(arguments: dict[str, Any]) -> list[str]:
    return [f"{name}={PYTHON.write(value, 1, len(name) + 2)}" for name, value in arguments.items()]
