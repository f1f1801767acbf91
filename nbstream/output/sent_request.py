"""The output of `%deepseek request`: an account of the request, or the program that sends it."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from nbstream.language import _, listed, marked, plural
from nbstream.model.printable import one_line, printable
from nbstream.model.request import CHAT, MESSAGES
from nbstream.output.settled import one_block
from nbstream.output.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from nbstream.model.request import Inserted, Request

#: The languages of `%deepseek request`, with the names by which Pygments knows them.
LANGUAGES = {"json": "json", "python": "python", "curl": "sh", "node": "javascript"}
_FORMS = marked(
    "To send it again: %deepseek request json, python, curl or node; in Python reply.request.python() and so on."
)
#: The characters that are shown of a text: of its beginning and of its end.
_FIRST, _LAST = 1_500, 300
#: The content blocks that are shown as other parts of a message.
_SHOWN_BLOCKS = ("text", "thinking", "tool_use")
#: Of more messages the oldest ones are counted, except for the system prompt.
_MOST_MESSAGES = 40
#: The characters of each base64 digit are 6 bits.
_BYTES_PER_DIGIT = 3 / 4
_KILOBYTE = 1_000
_ROOT = '<div class="nbstream nbstream-sent mathjax_ignore tex2jax_ignore" style="overflow-wrap:break-word">'
_CODE_ROOT = '<div class="nbstream nbstream-settled mathjax_ignore tex2jax_ignore">'
_TEXT = "white-space:pre-wrap;margin:.3em 0 .8em;padding-left:.9em;border-left:2px solid rgba(128,128,128,.4)"


@dataclass(frozen=True, slots=True)
class Part:
    """A message, or another text that was sent: its title, and its text."""

    title: str
    text: str


def account_text(request: Request, before: int = 0, *, is_sent: bool = True) -> str:
    """Return the account as plain text.

    Args:
        request: the request.
        before: how many requests of the same reply were sent before it.
        is_sent: whether it was sent, so that there are commands about it.
    """
    blocks = [_facts(request).text()]
    for part in _parts(request):
        lines = "".join(f"\n    {line}".rstrip() for line in _cut(part.text).split("\n")) if part.text else ""
        blocks.append(part.title + lines)
    return "\n\n".join([*blocks, *_inserted(request), *_before(before), *_forms(is_sent=is_sent)])


def account_html(request: Request, before: int = 0, *, is_sent: bool = True) -> str:
    """Return the account as HTML; each message can be closed. The parameters are the same."""
    blocks = [_ROOT, _facts(request).html()]
    for part in _parts(request):
        text = f'<div style="{_TEXT}">{escape(_cut(part.text))}</div>' if part.text else ""
        blocks.append(f"<details open><summary>{escape(part.title)}</summary>{text}</details>")
    lines = "".join(
        f"<div>{escape(line)}</div>" for line in [*_inserted(request), *_before(before), *_forms(is_sent=is_sent)]
    )
    return one_block("\n".join([*blocks, f'<div style="opacity:.72;font-size:.83em">{lines}</div></div>']))


def _forms(*, is_sent: bool) -> list[str]:
    return [_(_FORMS)] if is_sent else []


def code_html(code: str, language: str) -> str:
    """Return a program in colours, complete.

    Args:
        code: its text.
        language: one of `LANGUAGES`.
    """
    from nbstream.markdown.highlight import highlight  # noqa: PLC0415  (Pygments, only where it is used)
    from nbstream.markdown.html import code_block  # noqa: PLC0415  (markdown-it, likewise)

    name = LANGUAGES[language]
    return one_block(f"{_CODE_ROOT}{code_block(highlight(code, name), name)}</div>")


def _before(count: int) -> list[str]:
    """Return where the earlier requests of the same reply are."""
    if not count:
        return []
    return [
        plural(
            "The request before it, in the same reply: reply.steps[0].request.",
            "The {n:,} requests before it, in the same reply: reply.steps[0].request and so on.",
            count,
        )
    ]


def _facts(request: Request) -> Table:
    """Return where the request went and its parameters; long values are cut."""
    rows = [(_("model"), request.model), *_key(request), *_turn(request)]
    for name, value in _fields(request).items():
        if name == "tools" and isinstance(value, list):
            rows.append((name, ", ".join(map(_tool_name, value))))
        elif not (_is_completion(request) and name in ("prompt", "suffix")):
            rows.append((name, _json(value)))
    keys = "".join(f"&{name}=…" for name, _value in request.address.query_variables)
    url = request.url + (keys if request.address.query else keys.replace("&", "?", 1))
    return Table(f"POST {printable(url)}", (_("field"), _("value")), rows)


def _fields(request: Request) -> Mapping[str, Any]:
    """Return the fields of the body without the conversation."""
    if request.address.call != MESSAGES:
        return request.parameters
    return {name: value for name, value in request.body().items() if name not in ("model", "messages", "system")}


def _key(request: Request) -> list[tuple[str, str]]:
    words = {
        "argument": _("given as api_key="),
        "environment": _("from the variable {key_variable}", key_variable=request.address.key_variable),
        "prompt": _("typed for %deepseek key"),
        "keyring": _("from the keyring"),
        "colab": _("from Colab's secrets"),
        "elsewhere": _(
            "none: {key_variable} belongs to another server",
            key_variable=request.key_variable or _("that of the environment"),
        ),
        "none": _("none"),
    }.get(request.key_origin)
    return [(_("key"), words)] if words else []


def _turn(request: Request) -> list[tuple[str, str]]:
    if (turn := request.turn) is None:
        return []
    number = _("turn {number}", number=turn.index + 1)
    version = [_("version {number}", number=turn.version)] if turn.version > 1 else []
    before = plural("{n} turn before it", "{n} turns before it", turn.before)
    return [(_("chat"), listed([turn.chat, number, *version, before]))]


def _is_completion(request: Request) -> bool:
    return request.address.call not in (CHAT, MESSAGES)


def _parts(request: Request) -> Iterator[Part]:
    """Yield the messages, or the texts of a completion."""
    if _is_completion(request):
        for name in ("prompt", "suffix"):
            if isinstance(text := request.parameters.get(name), str):
                yield Part(f"{name} · {_size(text)}", text)
        return
    left_out = max(0, len(request.messages) - _MOST_MESSAGES)
    called: dict[str, str] = {}
    for number, message in enumerate(request.messages, 1):
        if number <= left_out and message.get("role") != "system":
            called |= _called(message)
            continue
        yield from parts_of(number, message, called)
        if number == 1 and left_out > 1:
            yield Part(
                _("… {left_out:,} earlier messages: %deepseek request json shows all of them", left_out=left_out - 1),
                "",
            )


def parts_of(number: int, message: Mapping[str, Any], called: dict[str, str]) -> Iterator[Part]:
    """Yield the parts of one message: reasoning, content and tool calls.

    Args:
        number: its number in the request.
        message: the message.
        called: the names of the tools that were called before, by the ids of the calls; gets those
            that this message calls.
    """
    called |= _called(message)
    role = f"{number} · {one_line(str(message.get('role')))}"
    text, items = _content(message.get("content"))
    if (name := called.get(str(message.get("tool_call_id")))) is not None:
        items.insert(0, _("result of {name}", name=name))
    for name, value in message.items():
        if name not in ("role", "content", "reasoning_content", "tool_calls", "content_blocks"):
            items.append(f"{one_line(name)}: {_json(value)}")
    reasoning, blocks = message.get("reasoning_content"), message.get("content_blocks")
    if isinstance(blocks, list):
        yield from _thoughts(role, blocks)
        items += [one_line(str(block.get("type"))) for block in blocks if block.get("type") not in _SHOWN_BLOCKS]
    elif isinstance(reasoning, str):
        yield Part(f"{role} · reasoning_content · {_size(reasoning)}", reasoning)
    size = [_size(text)] if text or not items else []
    yield Part(" · ".join([role, *size, *items]), text)
    for call in _calls(message):
        function = call.get("function")
        arguments = function.get("arguments", "") if isinstance(function, dict) else ""
        yield Part(" · ".join([role, _("calls {name}", name=_tool_name(call))]), str(arguments))


def _called(message: Mapping[str, Any]) -> dict[str, str]:
    return {str(call.get("id")): _tool_name(call) for call in _calls(message)}


def _thoughts(role: str, blocks: list[dict[str, Any]]) -> Iterator[Part]:
    """Yield the thoughts of a message that has content blocks."""
    for block in blocks:
        if block.get("type") == "thinking":
            text = str(block.get("thinking"))
            signed = [_("signed")] if block.get("signature") else []
            yield Part(f"{role} · thinking · {listed([_size(text), *signed])}", text)


def _calls(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    calls = message.get("tool_calls")
    return [call for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []


def _content(content: Any) -> tuple[str, list[str]]:
    """Return the text of a message's content, and an item for each other part."""
    if not isinstance(content, list):
        return content if isinstance(content, str) else "", []
    texts, items = [], []
    for part in content:
        if isinstance(part, dict) and isinstance(part.get("text"), str):
            texts.append(part["text"])
        elif isinstance(part, dict) and isinstance(image := part.get("image_url"), dict):
            items.append(_image(str(image.get("url", ""))))
        else:
            items.append(_json(part))
    return "\n".join(texts), items


def _image(url: str) -> str:
    """Return what an image is: the type and size of a data URL, or else its address."""
    head, comma, data = url.partition(",")
    if not (head.startswith("data:") and comma):
        return _("image at {url}", url=one_line(url))
    size = len(data) * _BYTES_PER_DIGIT
    shown = _("{size:,.0f} kB", size=size / _KILOBYTE) if size >= _KILOBYTE else _("{size:.0f} bytes", size=size)
    return listed([one_line(head.removeprefix("data:").partition(";")[0]), shown, _("not shown")])


def _inserted(request: Request) -> list[str]:
    """Return a line for each value or file that was put into the prompt."""
    return [_inserted_line(each) for each in request.inserted]


def _inserted_line(inserted: Inserted) -> str:
    facts = inserted_facts(inserted)
    name = _("{name} ({facts})", name=inserted.name, facts=facts) if facts else inserted.name
    match inserted.place:
        case "above":
            return one_line(_("Put above the prompt: {name}", name=name))
        case "below":
            return one_line(_("Put below the prompt: {name}", name=name))
        case _:
            return one_line(_("Put in the prompt: {name}", name=name))


def inserted_facts(inserted: Inserted) -> str:
    """Return what a value or a file is, and how much of it was sent."""
    return one_line(listed(list(filter(None, [_(inserted.kind), inserted.shown, _("cut") if inserted.is_cut else ""]))))


def _tool_name(tool: Any) -> str:
    # A tool of Anthropic's API has its name at the top.
    function = tool.get("function", tool if "name" in tool else None) if isinstance(tool, dict) else None
    return one_line(str(function.get("name"))) if isinstance(function, dict) else _("a tool")


def _size(text: str) -> str:
    return plural("{n:,} character", "{n:,} characters", len(text))


def _cut(text: str) -> str:
    """Return a text as it can be shown; of a long one its beginning and its end."""
    left_out = len(text) - _FIRST - _LAST
    if left_out <= 0:
        return printable(text)
    note = _("{count:,} characters are not shown here", count=left_out)
    return printable(f"{text[:_FIRST]}\n[… {note} …]\n{text[-_LAST:]}")


def _json(value: Any) -> str:
    """Return a value as JSON on one line, cut if it is long."""
    if isinstance(value, str):
        return one_line(value)
    from nbstream.snippets.literals import JSON  # noqa: PLC0415  (only where it is used)

    return one_line(JSON.write(value))
