"""A chat as HTML, as Markdown, and as a line of a table."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING

from nbstream.language import _, listed, marked, plural
from nbstream.model.presentation import Presentation
from nbstream.model.printable import printable
from nbstream.output import chat_figures, settled, spending
from nbstream.output.markdown_text import literal
from nbstream.output.widths import padded, width_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nbstream.chat.conversation import Chat
    from nbstream.chat.turn import Turn
    from nbstream.model.reply import Reply

#: So much HTML of turns is made: with that of 500 turns, a page is busy for half a second.
LARGEST_HTML = 150_000
_LEFT_OUT = marked("{turns} before these: nbstream.Chat({name!r}).markdown() gives them")
_LEFT_OUT_BUT_IN_FILE = marked(
    "{turns} before these: the notebook's file has them as Markdown, and nbstream.Chat({name!r}).markdown() gives them"
)
_HEADINGS = (marked("chat"), marked("turns"), marked("tokens"), marked("cost"), marked("model"))


def turns(count: int) -> str:
    """Return a number of turns in words."""
    return plural("{n} turn", "{n} turns", count) if count else _("no turns")


def html(chat: Chat) -> str:
    """Return the conversation as HTML that reads from top to bottom, for any front end.

    Of a long one it has the last turns; the Markdown has all.
    """
    turns, found, characters = chat.turns, list[str](), 0
    for number in range(len(turns), 0, -1):
        found.append(turn_html(turns[number - 1], number))
        characters += len(found[-1])
        if characters > LARGEST_HTML:
            break
    return html_around(chat, found[::-1], len(turns) - len(found))


def turn_html(turn: Turn, number: int) -> str:
    """Return the HTML of a turn; `number` is its place, counted from 1."""
    prompt = _prompt(_("Turn {number}", number=number), turn.prompt, turn.marks())
    return prompt + settled.settled_html(_shown(turn), Presentation(reasoning="closed"))


def html_around(chat: Chat, of_turns: Sequence[str], left_out: int = 0, *, in_markdown: bool = True) -> str:
    """Return the HTML of a conversation.

    Args:
        chat: the chat.
        of_turns: the HTML of its turns, or of the last ones.
        left_out: how many turns before them are left out.
        in_markdown: whether the Markdown beside it has those.
    """
    parts = [_head(f"<strong>{escape(printable(chat.name))}</strong>", summary(chat))]
    if chat.system:
        parts.append(_prompt(_("System prompt"), chat.system, []))
    if left_out:
        parts.append(_head("", [_left_out(chat, left_out, _LEFT_OUT_BUT_IN_FILE if in_markdown else _LEFT_OUT)]))
    parts += of_turns
    if not of_turns:
        parts.append(f"<p><em>{_('No turn yet.')}</em></p>")
    if chat.aside:
        parts.append(_head("", [_("set aside, as their cells were deleted: {turns}", turns=turns(len(chat.aside)))]))
    root = '<div class="nbstream-chat mathjax_ignore tex2jax_ignore" style="overflow-wrap:break-word">'
    return settled.one_block(f"{root}{''.join(parts)}</div>")


def markdown(chat: Chat) -> str:
    """Return the conversation as Markdown: headings, quoted prompts, answers and footers."""
    return markdown_around(chat, [turn_markdown(turn, number) for number, turn in enumerate(chat.turns, 1)])


def turn_markdown(turn: Turn, number: int) -> str:
    """Return the Markdown of a turn; `number` is its place, counted from 1."""
    marks = f" ({listed(turn.marks())})" if turn.marks() else ""
    answer = settled.settled_markdown(_shown(turn), Presentation(reasoning="closed")).strip("\n")
    return f"## {_('Turn {number}', number=number)}{marks}\n\n{_fenced(turn.prompt)}\n\n{answer}"


def markdown_around(chat: Chat, of_turns: Sequence[str], left_out: int = 0) -> str:
    """Return the Markdown of a conversation, from that of its last turns; `left_out` have none."""
    parts = [f"# {literal(chat.name)}"]
    if chat.system:
        parts.append(f"{_('System prompt:')}\n\n{_fenced(chat.system)}")
    if left_out:
        parts.append(literal(_left_out(chat, left_out)))
    return "\n\n".join([*parts, *of_turns]) + "\n"


def table(chats: Sequence[Chat], default: str) -> str:
    """Return a table of chats as text: turns, tokens, cost and model; `default` is marked."""
    rows = [
        tuple(map(_, _HEADINGS)),
        *((f"{chat.name}{' *' if chat.name == default else ''}", *_figures(chat)) for chat in chats),
    ]
    widths = [max(width_of(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    last = len(_HEADINGS) - 1
    lines = [
        "  ".join(
            padded(cell, width, to_right=column not in (0, last))
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    if any(chat.name == default for chat in chats):
        lines.append(_("* the chat of cells that name none"))
    return "\n".join(lines)


def summary(chat: Chat) -> list[str]:
    """Return the items of a chat's own footer: turns, tokens, cost and model."""
    count, tokens, cost, model = _figures(chat)
    items = [turns(int(count)), _("{tokens} tokens", tokens=tokens) if tokens else "", cost, model]
    return [item for item in items if item]


def _figures(chat: Chat) -> tuple[str, str, str, str]:
    replies = chat_figures.replies(chat)
    known = [reply.usage for reply in replies if reply.usage is not None]
    tokens = sum((usage.prompt_tokens or 0) + (usage.completion_tokens or 0) for usage in known)
    said = _("{count:,}", count=tokens) if len(known) == len(replies) else _("at least {count:,}", count=tokens)
    models = list(dict.fromkeys(printable(reply.model) for reply in replies if reply.model))
    cost = spending.amount(chat_figures.spend(replies))
    return str(len(chat.turns)), said if known else "", cost, ", ".join(models)


def _shown(turn: Turn) -> Reply:
    """Return the reply of a turn, without its place in the chat, which stands above it."""
    reply = turn.version.shown
    return replace(reply, request=replace(reply.request, turn=None))


def _left_out(chat: Chat, count: int, sentence: str = _LEFT_OUT) -> str:
    return _(sentence, turns=turns(count), name=chat.name)


def _head(title: str, items: Iterable[str]) -> str:
    words = escape(" · ".join(items))
    return f'<div style="margin:0 0 .6em">{title} <span style="opacity:.72;font-size:.83em">{words}</span></div>'


def _prompt(title: str, text: str, marks: Sequence[str]) -> str:
    """Return a prompt as it was written, set off from the answer below it."""
    label = escape(" · ".join([title, *marks]))
    return (
        '<div style="border-top:1px solid rgba(128,128,128,.3);padding:.6em 0 0;margin:.8em 0 .5em">'
        f'<div style="opacity:.72;font-size:.83em">{label}</div>'
        # Where styles are removed, as on GitHub, the prompt still differs from the answer.
        f'<strong style="display:block;white-space:pre-wrap;font-weight:600">{escape(printable(text))}</strong></div>'
    )


def _fenced(text: str) -> str:
    """Return a text in a quote of its own, exactly as it is."""
    return "\n".join(f"> {literal(line)}  " if line.strip() else ">" for line in printable(text).split("\n"))
