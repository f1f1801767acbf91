"""The settled output of a reply: its HTML, Markdown and text, the footer, and hostile replies."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from nbstream.billing.prices import cost_of
from nbstream.client.endpoints import endpoint_for
from nbstream.client.start import source_of
from nbstream.markdown.rendering import to_html
from nbstream.model.events import (
    Answer,
    Ended,
    Event,
    Finished,
    Identified,
    Reasoning,
    Retrying,
    Started,
    ToolCallDelta,
    UsageReported,
    Waiting,
    Warned,
)
from nbstream.model.failure import Failure
from nbstream.model.presentation import Presentation, ReasoningDisplay
from nbstream.model.reduction import reduce
from nbstream.model.reply import SIMULATED_FINGERPRINT, Reply, ReplyError
from nbstream.model.request import Request
from nbstream.model.usage import Usage
from nbstream.model.warning import ReplyWarning
from nbstream.output import sentences, wording
from nbstream.output.settled import bundle, one_block, settled_html, settled_markdown, settled_text
from nbstream.output.terminal.view import write
from tests.output.html_words import Tags

NOON = 1_795_262_400.0  # 2026-11-21 12:00 UTC, a Saturday: off-peak
USAGE = Usage(2211, 1052, 3263, 1984, 227, 640)


def reply(*events: Event, model: str = "deepseek-v4-pro") -> Reply:
    value = reduce(Reply(), Started(0, Request(model, endpoint_for(api_key="x", environ={}).origin), NOON))
    for event in events:
        value = reduce(value, event)
    return replace(value, cost=cost_of(value))


WHOLE = reply(
    Reasoning(0.9, "First, *think*.\n\nThen `a < b`."),
    Answer(12.9, "It costs $5 and $6.\n\n```py\na\n\n\nb\n```\n"),
    Finished(18.4, "stop"),
    UsageReported(18.4, USAGE),
    Ended(18.4, "served"),
)


def test_the_footer_lists_model_time_tokens_and_cost() -> None:
    assert wording.footer(WHOLE) == [
        "deepseek-v4-pro",
        "18 s",
        "in 2,211 (1,984 cached)",
        "thought 640",
        "out 412",
        "first token 0.9 s",
        "60 tok/s",
        "$0.0023 off-peak (prices of 2026-08-16)",
    ]


def test_a_stopped_reply_shows_no_usage_and_no_cost() -> None:
    stopped = reply(Answer(1, "word " * 100), Ended(14.1, "cancelled"))
    assert wording.footer(stopped)[0] == "Stopped after 14 s"
    assert "usage not reported (about 96 tokens out)" in wording.footer(stopped)
    assert sentences.alert(stopped, "cell") == ""
    assert not any("$" in item for item in wording.footer(stopped))


def test_a_stopped_reply_names_commands_where_there_are_no_buttons() -> None:
    go_on = "%deepseek continue goes on with this reply, and %deepseek retry asks the prompt anew."
    asked = source_of("Hi", {"model": "deepseek-flash", "base_url": "http://127.0.0.1:1"}).request
    stopped = reply(Started(0, asked), Answer(1, "word"), Ended(14.1, "cancelled"))
    cell = Presentation(audience="cell")
    assert not any("%deepseek" in text for text in bundle(stopped, cell, run_id="run")[0].values())
    # In VS Code and Colab, in a file, and in a terminal.
    for shown in (bundle(stopped, replace(cell, has_buttons=False), run_id="run"), bundle(stopped, cell)):
        assert all(go_on in text for text in shown[0].values())
    out = io.StringIO()
    write(stopped, Presentation(audience="terminal"), out)
    assert go_on in " ".join(out.getvalue().split())
    thinking = reply(Started(0, asked), Reasoning(1, "word"), Ended(14.1, "cancelled"))
    assert sentences.notes(thinking, "terminal", has_buttons=False) == ["%deepseek retry asks the prompt anew."]
    complete = reply(Started(0, asked), Answer(1, "word"), Finished(2, "stop"), Ended(14.1, "served"))
    assert sentences.notes(complete, "terminal", has_buttons=False) == []


def test_a_model_without_a_price_shows_no_cost() -> None:
    other = reply(Answer(1, "x"), Finished(2, "stop"), UsageReported(2, USAGE), Ended(2, "served"), model="qwen3")
    assert not any("$" in item for item in wording.footer(other))


def test_a_simulated_reply_is_labelled() -> None:
    items = wording.footer(
        reply(
            Identified(0, model="deepseek-flash", system_fingerprint=SIMULATED_FINGERPRINT),
            Answer(1, "x"),
            Finished(2, "stop"),
            UsageReported(2, USAGE),
            Ended(2, "served"),
        )
    )
    assert "simulated" in items
    assert any(item.startswith("would cost $") for item in items)


@pytest.mark.parametrize("reason", ["length", "content_filter", "insufficient_system_resource", "aborted"])
def test_a_truncated_reply_shows_the_finish_reason(reason: str) -> None:
    cut = reply(Answer(1, "x"), Finished(2, reason), Ended(2, "served"))
    assert cut.status == "truncated"
    assert sentences.alert(cut, "cell")
    assert f"finish reason {reason}" in wording.footer(cut)


def test_a_damaged_reply_says_so_in_every_form_and_is_not_complete() -> None:
    unreadable = Warned(1, ReplyWarning("unreadable", '{"id": "x", <b>'))
    damaged = reply(Answer(1, "Yes"), unreadable, Finished(2, "stop"), Ended(2, "served"))
    assert damaged.status == "truncated"
    with pytest.raises(ReplyError, match="could not be read"):
        damaged.raise_for_status()
    for text in (settled_html(damaged), settled_markdown(damaged), settled_text(damaged)):
        plain = unescape(text.replace("\\", ""))
        # What happened and what to do comes first, and the technical part last.
        assert plain.index("Yes") < plain.index("Words may be missing") < plain.index('begins with {"id": "x", <b>')
        assert "One event" not in plain


def test_a_broken_connection_is_told_in_plain_words_first() -> None:
    error = Failure("disconnected", "connection", "DeepSeek", "ReadError")
    broken = reply(Answer(1, "Yes"), Warned(1, ReplyWarning("cut_event", '{"id": "x"')), Ended(2, "failed", error))
    assert sentences.notes(broken, "cell", has_buttons=True) == []
    assert sentences.alert(broken, "cell").startswith(
        "The connection to DeepSeek broke before the reply was complete (ReadError). What arrived is kept"
    )
    with pytest.raises(ReplyError, match="The reply failed, and this exception's `reply` has what arrived"):
        broken.raise_for_status()


def test_warnings_of_one_kind_and_place_are_joined() -> None:
    others = [Warned(1, ReplyWarning("other_choice", text, "choices[1]")) for text in ("Bo", "nn")]
    events = [Warned(1, ReplyWarning("unreadable", text)) for text in ("{", "[")]
    assert reply(*others, *events).warnings == (
        ReplyWarning("other_choice", "Bonn", "choices[1]", 2),
        ReplyWarning("unreadable", "{\n[", "", 2),
    )


def test_waiting_and_retrying_are_shown() -> None:
    waiting = reply(Waiting(3, "keep-alive"))
    assert wording.label(waiting) == "Waiting for deepseek-v4-pro"
    assert wording.note(waiting) == "the server says keep-alive"
    failure = Failure("refused", server="DeepSeek", status_code=503)
    retrying = reply(Retrying(3, 1, 3, 2.0, failure))
    assert wording.label(retrying) == "Attempt 1 of 3 failed, trying again"
    assert "503" in wording.note(retrying)


@pytest.mark.parametrize(
    ("ended", "shown"), [(0.5, "less than a second"), (12.4, "12 s"), (59.6, "60 s"), (125.0, "2 min 05 s")]
)
def test_the_duration_of_the_reasoning_is_shown(ended: float, shown: str) -> None:
    assert wording.thought(reply(Reasoning(0, "x"), Answer(ended, "y"))).endswith(shown)


def test_without_reasoning_no_duration_is_shown() -> None:
    assert wording.thought(reply(Answer(1, "x"), Ended(2, "cancelled"))) == ""


@pytest.mark.parametrize("end", [Ended(9, "cancelled"), Ended(9, "failed", Failure("kernel_ended"))])
def test_reasoning_is_left_open_if_it_is_all_there_is(end: Ended) -> None:
    thoughts = reply(Reasoning(1, "The answer may be 7."), end)
    answered = reply(Reasoning(1, "Hm."), Answer(2, "It is 7."), end)
    cases: tuple[tuple[Reply, ReasoningDisplay, bool], ...] = (
        (thoughts, "auto", True),
        (thoughts, "closed", False),
        (answered, "auto", False),
        (answered, "open", True),
    )
    for value, shown, is_open in cases:
        presentation = Presentation(reasoning=shown)
        for text in (settled_html(value, presentation), settled_markdown(value, presentation)):
            assert ("<details open>" in text, "<details>" in text) == (is_open, not is_open)


#: What JupyterLab's sanitised export leaves as a tag.
EXPORTED = set("a abbr acronym b blockquote code div em i li ol pre span strong table td tr ul".split())  # noqa: SIM905


def test_a_tag_that_an_export_shows_as_text_has_no_attributes() -> None:
    class Attributes(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            seen.add(tag)
            assert tag in EXPORTED or not attrs or (tag, attrs) == ("details", [("open", None)])

    seen: set[str] = set()
    rtl = "הבית\n\n## הבית\n\n1. הבית\n\n| a | הבית |\n|--:|:-:|\n| 1 | ~~2~~ |\n\n[^1]\n\n[^1]: $x$ [a](https://b.c)\n"
    parts = Answer(2, rtl), ToolCallDelta(3, 0, "id", "look", "{}"), Ended(4, "failed", Failure("stalled", "no_byte"))
    for presentation in (Presentation(reasoning="open"), Presentation(reasoning="hidden")):
        Attributes().feed(settled_html(reply(Reasoning(1, rtl), *parts), presentation))
    assert {"p", "h2", "th", "sup", "s", "details", "summary"} < seen
    assert not seen & {"small", "thead", "tbody"}


def test_a_footer_has_a_separator_before_each_item_but_the_first() -> None:
    words = Tags(settled_html(WHOLE)).text
    assert words.rstrip().endswith(" · ".join(wording.footer(WHOLE)))


def test_html_markdown_and_text_have_the_same_parts_in_the_same_order() -> None:
    html, markdown, plain = settled_html(WHOLE), settled_markdown(WHOLE), settled_text(WHOLE)
    # In the Markdown, dollars that could be those of a formula are escaped.
    for text in (Tags(html).text, markdown.replace("\\$", "$"), plain):
        places = [text.index(part) for part in ("Thought for 12 s", "$5 and $6", "deepseek-v4-pro · 18 s")]
        assert places == sorted(places)


def test_the_settled_html_contains_the_live_html() -> None:
    # `one_block` writes blank lines in another way, which a page shows as the same.
    assert one_block(to_html(WHOLE.answer)).strip() in settled_html(WHOLE)


def test_the_html_is_unchanged_inside_markdown() -> None:
    html = settled_html(WHOLE)
    assert "\n\n" not in html
    again = MarkdownIt("commonmark", {"html": True}).render(f"before\n\n{html}\n\nafter")
    assert html in again


def test_code_keeps_its_blank_lines() -> None:
    assert re.search(r"<code[^>]*>(<[^>]*>)?a(<[^>]*>)?\n\n\n(<[^>]*>)?b", settled_html(WHOLE).replace("&#10;", "\n"))


def test_the_html_has_no_scripts_and_loads_nothing() -> None:
    page = Tags(settled_html(WHOLE))
    assert not page.tags & {"script", "style", "img", "iframe", "button", "svg", "link"}
    assert page.attributes <= {"class", "style", "dir", "href", "rel", "target"}
    assert "mathjax_ignore tex2jax_ignore" in settled_html(WHOLE)


@settings(deadline=None)
@given(st.text(alphabet="<>\"&'/ scriptimgonerror=x\n`*[]()!:", max_size=60))
def test_text_from_a_model_never_becomes_a_script_or_handler(text: str) -> None:
    hostile = reply(
        Reasoning(0, text),
        Answer(1, text),
        ToolCallDelta(1, 0, "id", text, text),
        Identified(1, model=text),
        Ended(2, "failed", Failure("in_band", said=text)),
    )
    page = Tags(settled_html(hostile))
    assert not page.tags & {"script", "style", "img", "iframe", "button", "svg", "link"}
    assert not any(name.startswith("on") for name in page.attributes)
