"""A request to Anthropic's API as a Python program with the `anthropic` SDK, 2.x."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbstream.snippets.literals import PYTHON

if TYPE_CHECKING:
    from nbstream.model.request import Request

METHOD = "client.messages.create"
#: The parameters of the SDK's method in each of its versions (2.14 has lost those of sampling). All
#: other fields go into `extra_body`.
_PARAMETERS = "model messages max_tokens system stream metadata stop_sequences thinking tool_choice tools service_tier"
KNOWN = frozenset(_PARAMETERS.split())

_PRINT = """\
# The reasoning goes to stderr, the answer to stdout.
usage = None
thinking = False
for event in stream:
    if event.type == "message_delta":
        usage = event.usage
    elif event.type == "content_block_start" and event.content_block.type == "tool_use":
        print(f"\\n{event.content_block.name}: ", end="", file=sys.stderr)
    elif event.type == "content_block_delta" and event.delta.type == "thinking_delta":
        print(event.delta.thinking, end="", file=sys.stderr, flush=True)
        thinking = True
    elif event.type == "content_block_delta" and event.delta.type == "text_delta":
        if thinking:
            print("\\n", file=sys.stderr)
            thinking = False
        print(event.delta.text, end="", flush=True)
    elif event.type == "content_block_delta" and event.delta.type == "input_json_delta":
        print(event.delta.partial_json, end="", file=sys.stderr, flush=True)
print()
print(usage, file=sys.stderr)"""
_PRINT_WHOLE = """\
for block in message.content:
    if block.type == "thinking":
        print(block.thinking, end="\\n\\n", file=sys.stderr)
    elif block.type == "text":
        print(block.text)
    elif block.type == "tool_use":
        print(f"{block.name}: {block.input}", file=sys.stderr)
print(message.usage, file=sys.stderr)"""


def code(request: Request) -> str:
    """Return the program."""
    body = request.body()
    streams = body.get("stream") is True
    arguments: dict[str, Any] = {name: value for name, value in body.items() if name in KNOWN}
    if extra := {name: value for name, value in body.items() if name not in KNOWN}:
        arguments["extra_body"] = extra
    keywords = [f"{name}={PYTHON.write(value, 1, len(name) + 2)}" for name, value in arguments.items()]
    keys = " and ".join(request.variables)
    todo = f", and set {keys}" if keys else ""
    return "\n".join(
        [
            f'# Install the SDK with `pip install "anthropic>=2"`{todo}.',
            *(["import os"] if keys else []),
            "import sys",
            "",
            "from anthropic import Anthropic",
            "",
            f"client = {PYTHON.broken('Anthropic(', _client(request), ')', 0)}",
            "",
            f"{'stream' if streams else 'message'} = {PYTHON.broken(f'{METHOD}(', keywords, ')', 0)}",
            "",
            _PRINT if streams else _PRINT_WHOLE,
        ]
    )


def _client(request: Request) -> list[str]:
    """Return the arguments of the client.

    A key that is given keeps the SDK from sending the one of ANTHROPIC_API_KEY.
    """
    address = request.address
    name = "api_key" if address.key_header == "x-api-key" else "auth_token"
    key = f'os.environ["{address.key_variable}"]' if address.key_variable else '"none"'
    arguments = [f"{name}={key}", f"base_url={PYTHON.write(request.endpoint + address.path)}"]
    query = [f"{PYTHON.write(each)}: {PYTHON.write(value)}" for each, value in address.query]
    query += [f'{PYTHON.write(each)}: os.environ["{variable}"]' for each, variable in address.query_variables]
    if query:
        arguments.append(f"default_query={PYTHON.broken('{', query, '}', 1)}")
    return arguments
