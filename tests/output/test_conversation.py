"""A chat as HTML, Markdown and a table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

import nbstream
from nbstream.chat import conversation as chats
from nbstream.output import conversation
from nbstream.sessions.per_session import PerSession

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator

TRAPS = "<script>alert(1)</script> **bold** $5 and $6\n\n\n# no heading\n| a | b |\n\u202eabc `x` &amp; [l](http://x)"


@pytest.fixture
def chat(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> nbstream.Chat:
    monkeypatch.setattr(chats, "_chats", PerSession(dict))
    made = nbstream.Chat("plan", system="Be **brief**.", thinking=False)
    for text in ("one", TRAPS, "three"):
        made.stream(f"[simulate: echo] {text}").result()
    return made


def test_the_html_reads_as_a_conversation(chat: nbstream.Chat) -> None:
    chat.hide(0)
    chat.edit(1, answer="my *own*")
    html = conversation.html(chat)
    order = [
        "Be **brief**.",
        "Turn 1 · hidden",
        "Turn 2 · version 2 of 2 · edited",
        "<em>own</em>",
        "Turn 3 · answered",
    ]
    places = [html.index(each) for each in order]
    assert places == sorted(places)
    # Prompts are literal, and no blank line ends the HTML block of a Markdown file.
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; **bold** $5 and $6" in html
    assert "\u202e" not in html
    assert "\n\n" not in html
    # Where a turn stands is said once.
    assert "plan · turn" not in html
    assert chat._repr_html_() == html


def test_the_markdown_shows_prompts_as_they_are(chat: nbstream.Chat) -> None:
    text = conversation.markdown(chat)
    assert [line for line in text.splitlines() if line.startswith("#")][:2] == ["# plan", "## Turn 1"]
    quoted = text[text.index("## Turn 2") : text.index("## Turn 3")]
    assert r"> [simulate: echo] \<script\>alert(1)".replace("[", r"\[").replace("]", r"\]", 1) in quoted
    assert chat.markdown() == text == chat._repr_markdown_()


def test_the_table_counts_every_version_that_was_paid_for(chat: nbstream.Chat) -> None:
    def tokens() -> int:
        row = conversation.table([chat], "").splitlines()[1]
        return int(re.split(r"\s{2,}", row)[2].replace(",", ""))

    before = tokens()
    usages = [turn.reply.usage for turn in chat.turns]
    assert before == sum((each.prompt_tokens or 0) + (each.completion_tokens or 0) for each in usages if each)
    # An edited version was not paid for.
    chat.edit(0, answer="x")
    assert tokens() == before


def test_of_a_stopped_reply_the_cost_is_estimated(chat: nbstream.Chat) -> None:
    run = chat.stream("[simulate: silence after=3] x")
    while not run.reply.answer:
        run.receiver.wait(0, timeout=0.01)
    run.cancel()
    run.result()
    assert [item for item in conversation.summary(chat) if " + about $" in item]
    assert any(re.fullmatch("at least [0-9,]+ tokens", item) for item in conversation.summary(chat))


def test_an_empty_chat_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chats, "_chats", PerSession(dict))
    empty = nbstream.Chat("new")
    assert "No turn yet" in conversation.html(empty)
    assert conversation.markdown(empty) == "# new\n"
    assert conversation.table([empty], "new").splitlines()[1].split() == ["new", "*", "0"]


def test_a_turn_with_tools_shows_its_requests_and_cards(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    @nbstream.tool(consent="never")
    def weather(city: str) -> str:
        """Tell the weather."""
        return f"sunny in {city}"

    monkeypatch.setattr(chats, "_chats", PerSession(dict))
    made = nbstream.Chat("trip", thinking=False)
    prompt = "Where? [simulate: tool-call steps=2 calls=2 tokens=20]"
    reply = made.stream(prompt, tools=[weather]).result()
    assert len(reply.steps) == 3
    html, text = conversation.html(made), conversation.markdown(made)
    assert html.count('class="nbstream-card ') == text.count("**weather**") == 4
    assert text.count("Result: `sunny in ") == 4
    assert "3 requests" in html
    assert "3 requests" in text
    assert "trip · turn" not in html
