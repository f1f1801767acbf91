"""A request as an ES module for Node, with `fetch` or with the package `openai`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbstream.model.hidden_text import hidden_in
from nbstream.model.request import CHAT, FIM, MESSAGES, MESSAGES_VERSION
from nbstream.snippets.literals import JAVASCRIPT, javascript_rounds, json_parts, template
from nbstream.snippets.several import note_on_several

if TYPE_CHECKING:
    from nbstream.model.request import Request

#: The SDK's method for each call.
METHODS = {CHAT: "client.chat.completions.create", FIM: "client.completions.create"}

_JSON_TYPE = '"Content-Type": "application/json"'

_EVENTS = """\
// Yields the data of each event; a piece may end in the middle of a line or of a character.
async function* events(body) {
  let rest = "";
  let data = [];
  for await (const piece of body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + piece).split(/\\r\\n|\\n|\\r(?!$)/);
    rest = lines.pop();
    for (const line of lines) {
      if (line.startsWith("data:")) {
        data.push(line.slice(5));
      } else if (line === "" && data.length > 0) {
        yield data.join("\\n").trim();
        data = [];
      }
    }
  }
  if (rest.startsWith("data:")) data.push(rest.slice(5));
  if (data.length > 0) yield data.join("\\n").trim();
}
"""
_CHECK = """\
if (!response.ok) {
  throw new Error(`${response.status}: ${await response.text()}`);
}
"""
_EVENT_LOOP = """\
for await (const data of events(response.body)) {
  if (data === "[DONE]") break;
  const chunk = JSON.parse(data);
  if (chunk.error) throw new Error(JSON.stringify(chunk.error));
"""
_BEGIN = """\
// The reasoning goes to stderr, the answer to stdout.
let usage;
let thinking = false;
"""
_CHUNK_LOOP = "for await (const chunk of stream) {\n"
_PRINT_CHAT = """\
  usage = chunk.usage ?? usage;
  const delta = {choice}?.delta ?? {};
  const thought = delta.reasoning_content || delta.reasoning;
  if (thought) {
    process.stderr.write(thought);
    thinking = true;
  }
  if (delta.content) {
    if (thinking) process.stderr.write("\\n\\n");
    thinking = false;
    process.stdout.write(delta.content);
  }
"""
_PRINT_CALLS = """\
  for (const call of delta.tool_calls ?? []) {
    if (call.function.name) process.stderr.write(`\\n${call.function.name}: `);
    process.stderr.write(call.function.arguments ?? "");
  }
"""
_PRINT_TEXT = """\
  usage = chunk.usage ?? usage;
  process.stdout.write({choice}?.text ?? "");
"""
_PRINT_MESSAGE = """\
  usage = chunk.usage ?? usage;
  const delta = chunk.delta ?? {};
  if (chunk.content_block?.type === "tool_use") {
    process.stderr.write(`\\n${chunk.content_block.name}: `);
  }
  if (delta.thinking) {
    process.stderr.write(delta.thinking);
    thinking = true;
  }
  if (delta.text) {
    if (thinking) process.stderr.write("\\n\\n");
    thinking = false;
    process.stdout.write(delta.text);
  }
  if (delta.partial_json) process.stderr.write(delta.partial_json);
"""
_PRINT_USAGE = """\
}
process.stdout.write("\\n");
console.error(usage);"""
_PRINT_WHOLE = """\
const { message } = completion.choices[0];
const thought = message.reasoning_content || message.reasoning;
if (thought) console.error(`${thought}\\n`);
console.log(message.content ?? "");
for (const call of message.tool_calls ?? []) {
  console.error(`${call.function.name}: ${call.function.arguments}`);
}
console.error(completion.usage);"""
_PRINT_WHOLE_MESSAGE = """\
for (const block of completion.content) {
  if (block.type === "thinking") console.error(`${block.thinking}\\n`);
  if (block.type === "text") console.log(block.text);
  if (block.type === "tool_use") console.error(`${block.name}: ${JSON.stringify(block.input)}`);
}
console.error(completion.usage);"""
_PRINT_WHOLE_TEXT = """\
console.log(completion.choices[0].text);
console.error(completion.usage);"""


def with_fetch(request: Request) -> str:
    """Return the program with `fetch`."""
    address, lines = request.address, []
    where = JAVASCRIPT.write(request.url)
    if address.query_variables:
        lines.append(f"const url = new URL({where});")
        lines += [
            f"url.searchParams.set({JAVASCRIPT.write(name)}, process.env.{variable});"
            for name, variable in address.query_variables
        ]
        where = "url"
    before, body = _body(request, 1, len("body: JSON.stringify("))
    headers = [_JSON_TYPE]
    if address.call == MESSAGES:
        headers.append(f'"anthropic-version": "{MESSAGES_VERSION}"')
    if address.key_variable:
        is_own = address.key_header == "x-api-key"
        headers.append('"x-api-key": key' if is_own else "Authorization: `Bearer ${key}`")
    options = [
        'method: "POST"',
        f"headers: {JAVASCRIPT.broken('{', headers, '}', 1)}",
        f"body: {body}" if before else f"body: JSON.stringify({body})",
    ]
    return "\n".join(
        [
            f"// For Node 20 or newer. {_todo(request)}",
            *_checked_keys(request),
            *lines,
            *before,
            f"const response = await fetch({where}, {JAVASCRIPT.broken('{', options, '}', 0)});",
            _CHECK,
            _EVENTS + "\n" + _reading(request, _EVENT_LOOP)
            if _streams(request)
            else "const completion = await response.json();\n" + _reading(request, ""),
        ]
    )


def with_sdk(request: Request) -> str:
    """Return the program with the package `openai`, of the last version that runs on Node 20."""
    address = request.address
    options = [
        f"apiKey: {'key' if address.key_variable else JAVASCRIPT.write('none')}",
        f"baseURL: {JAVASCRIPT.write(request.endpoint + address.path)}",
    ]
    query = [f"{JAVASCRIPT.key(name)} {JAVASCRIPT.write(value)}" for name, value in address.query]
    query += [f"{JAVASCRIPT.key(name)} process.env.{variable}" for name, variable in address.query_variables]
    if query:
        options.append(f"defaultQuery: {JAVASCRIPT.broken('{', query, '}', 1)}")
    name = "stream" if _streams(request) else "completion"
    before, body = _body(request, 0, len(f"const {name} = await {METHODS[address.call]}("))
    if before:
        # The SDK takes no JSON text as the argument of its own method.
        sent = ["body", f"headers: {{ {_JSON_TYPE} }}", f"stream: {JAVASCRIPT.write(_streams(request))}"]
        call = f"client.post({JAVASCRIPT.write(address.call)}, {JAVASCRIPT.broken('{', sent, '}', 0)})"
    else:
        call = f"{METHODS[address.call]}({body})"
    return "\n".join(
        [
            "// Install the SDK with `npm install openai@6`: version 7 needs Node 22, version 6 runs on Node 20.",
            f"// {_todo(request)}",
            'import OpenAI from "openai";',
            "",
            *_checked_keys(request),
            f"const client = new OpenAI({JAVASCRIPT.broken('{', options, '}', 0)});",
            "",
            *before,
            f"const {name} = await {call};",
            "",
            _reading(request, _CHUNK_LOOP if _streams(request) else ""),
        ]
    )


def _streams(request: Request) -> bool:
    return request.body().get("stream") is True


def _todo(request: Request) -> str:
    keys = " and ".join(request.variables)
    return f"{f'Set {keys}, save' if keys else 'Save'} this as request.mjs, and run `node request.mjs`."


def _checked_keys(request: Request) -> list[str]:
    """Return the lines that read the key: without one the SDK would send that of OPENAI_API_KEY.

    A key in the body without its variable would be left out.
    """
    variable = request.address.key_variable
    lines = []
    if variable:
        lines += [f"const key = process.env.{variable};", f'if (!key) throw new Error("Set {variable} first.");']
    for each in dict.fromkeys(text.variable for text in hidden_in(request.parameters)):
        lines.append(f'if (!process.env.{each}) throw new Error("Set {each} first.");')
    return [*lines, ""] if lines else []


def _body(request: Request, level: int, taken: int) -> tuple[list[str], str]:
    """Return the lines that come before the request, and the expression of the body.

    There are such lines if the expression is a JSON text instead of an object.
    """
    body = request.body()
    if not javascript_rounds(body):
        return [], JAVASCRIPT.write(body, level, taken)
    parts = json_parts(body)
    parts = [template(part)[1:-1] if place % 2 == 0 else _as_json(part) for place, part in enumerate(parts)]
    text = f"`{''.join(parts)}`"
    return ["// JSON text, as JavaScript would round a number of this body.", f"const body = {text};", ""], "body"


def _as_json(variable: str) -> str:
    return f"${{JSON.stringify(process.env.{variable})}}"


def _reading(request: Request, loop: str) -> str:
    """Return the lines that print what arrives."""
    is_chat = request.address.call == CHAT
    if request.address.call == MESSAGES:
        return f"{_BEGIN}{loop}{_PRINT_MESSAGE}{_PRINT_USAGE}" if loop else _PRINT_WHOLE_MESSAGE
    note = note_on_several(request, "//")
    if not loop:
        return note + (_PRINT_WHOLE if is_chat else _PRINT_WHOLE_TEXT)
    # Each chunk has a part of one of several answers.
    choice = "chunk.choices?.find((each) => each.index === 0)" if note else "chunk.choices?.[0]"
    if not is_chat:
        return f"{note}let usage;\n{loop}{_PRINT_TEXT.replace('{choice}', choice)}{_PRINT_USAGE}"
    calls = _PRINT_CALLS if request.body().get("tools") else ""
    return f"{note}{_BEGIN}{loop}{_PRINT_CHAT.replace('{choice}', choice)}{calls}{_PRINT_USAGE}"
