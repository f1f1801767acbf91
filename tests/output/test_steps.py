"""A reply of several requests as settled HTML, Markdown and text."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt

from nbstream.client.structured import structure_of
from nbstream.model.events import Answer, CallChanged, Ended, Finished, Responded, Started, Stepped
from nbstream.model.failure import Failure
from nbstream.model.presentation import Presentation
from nbstream.model.tool_result import Printed, Shown, ToolOutcome
from nbstream.output import sentences
from nbstream.output.cards import card_html
from nbstream.output.settled import bundle, settled_html, settled_markdown, settled_text
from nbstream.output.steps import step_html
from tests.hostile import allowed, corpus
from tests.output.exchanges import ALL, CALLS, FIRST, NOON, THIRD, WHOLE, asked, reply_of, request
from tests.output.html_words import Tags
from tests.output.test_cards import Page

if TYPE_CHECKING:
    from nbstream.model.events import Event
    from nbstream.model.reply import Reply

IN_ORDER = [
    "Thought for less than a second",
    "I look.",
    "weather · ran 1.0 s · allowed by the user",
    "city changed",
    "Bonn am Rhein",
    "The arguments that the model wrote",
    "asking the station",
    "matplotlib Figure",
    "pandas DataFrame, 3 rows, 2 columns · 2 of 3 rows",
    "17.5",
    "Read by the model: sunny",
    "clock · denied by the user · “not now”",
    "Thought for 1 s",
    "weather · failed after 0.5 s · allowed by the user for this reply",
    "Rom",
    "ValueError: no such town",
    "cell 3, line 2",
    "It is sunny in Bonn.",
    "m-1 · 3 requests · server 6.0 s",
]


def words(text: str) -> str:
    """Return the words of a text, without signs of Markdown and brackets."""
    return " ".join(text.replace("**", "").replace("(", "").replace(")", "").replace("Printed: ", "").split())


@pytest.mark.parametrize("form", ["html", "markdown", "text"])
def test_every_form_has_the_same_parts_in_the_same_order(form: str) -> None:
    shown = {
        "html": Page(settled_html(WHOLE)).text.replace("\xa0", " "),
        "markdown": Tags(MarkdownIt("commonmark", {"html": True}).enable("table").render(settled_markdown(WHOLE))).text,
        "text": settled_text(WHOLE),
    }[form]
    found = words(shown)
    at = 0
    for each in IN_ORDER:
        assert each in found[at:], each
        at = found.index(each, at)


def test_the_settled_output_has_every_step_and_card_as_the_live_view_has_it() -> None:
    html = settled_html(WHOLE)
    for step in WHOLE.steps[:-1]:
        assert step_html(step) in html
        assert all(card_html(call, ended=True) in step_html(step) for call in step.tool_calls)


def test_the_last_answer_is_copied_and_no_other_text() -> None:
    data, metadata = bundle(WHOLE, Presentation())
    start, end = metadata["nbstream"]["answer"]
    assert data[metadata["nbstream"]["in"]][start:end] == "It is **sunny** in Bonn."
    assert "answer" not in bundle(reply_of(ALL[:-7], [Ended(13, "cancelled")]), Presentation())[1].get("nbstream", {})


def test_hidden_reasoning_is_in_no_step() -> None:
    hidden = Presentation(reasoning="hidden")
    for text in (settled_html(WHOLE, hidden), settled_markdown(WHOLE, hidden)):
        assert "Look it up" not in text
        assert "Once more" not in text
        assert text.count("Thought for") == 2


def test_open_reasoning_is_open_in_every_step() -> None:
    opened = Presentation(reasoning="open")
    for text in (settled_html(WHOLE, opened), settled_markdown(WHOLE, opened)):
        assert text.count("<details open>") == 2


def second_try(first: str) -> Reply:
    """Return a reply whose answer `first` was asked for once more."""
    structured = replace(request(), structure=structure_of({"schema": "name, age int"}))
    events: list[Event] = [
        Started(0.0, structured, NOON),
        Answer(1.0, first),
        Finished(2.0, "stop"),
        Responded(2.0),
        Stepped(2.0, structured, NOON, "again"),
        Answer(3.0, '{"name": "Ann", "age": 7}'),
        Finished(4.0, "stop"),
        Ended(4.0, "served"),
    ]
    return reply_of(events)


def test_a_second_try_shows_the_first_answer_folded_and_its_problems() -> None:
    reply = second_try('{"name": "Ann", "age": "old"}')
    assert reply.data == {"name": "Ann", "age": 7}
    (problem,) = reply.steps[0].problems
    for text in (Page(settled_html(reply)).text, settled_markdown(reply).replace("\\", ""), settled_text(reply)):
        places = [text.index(each) for each in ("old", f"asked for once more. {problem}", "7")]
        assert places == sorted(places)
    assert "<details><summary>The first answer, which did not fit</summary>" in settled_markdown(reply)


def test_a_second_try_after_nothing_is_told() -> None:
    reply = second_try("   ")
    note = sentences.asked_again(reply.steps[0])
    assert note.startswith("The answer did not fit, so it was asked for once more. ")
    assert note in Page(settled_html(reply)).text
    assert "The first answer" not in settled_html(reply)


def test_a_failure_of_a_later_request_says_that_the_rest_is_kept() -> None:
    failed = reply_of(FIRST, CALLS, THIRD[:1], [Ended(9.0, "failed", Failure("refused", status_code=503))])
    assert "is kept" in sentences.alert(failed, "cell")


def test_tags_that_an_export_shows_as_text_have_no_attributes() -> None:
    # `Page` checks it.
    assert {"details", "summary", "th", "img"} <= Page(settled_html(WHOLE)).tags


@pytest.mark.parametrize("number", range(1, 4))
def test_a_hostile_exchange_is_harmless(number: int) -> None:
    text = corpus.field(number)
    shown = (
        *(Shown("text", what=text, note=text, text=text, language=text), Shown("json", text=text)),
        *(
            Shown("table", columns=(text,), rows=((text,),), numeric=(True,)),
            Shown("image", data=text, media_type=text),
        ),
    )
    outcome = ToolOutcome("done", text, error=text, traceback=text, printed=Printed(text, 3, text), shown=shown)
    calls: list[Event] = [CallChanged(2.0, 0, reason=text, edited=text, outcome=outcome), THIRD[0]]
    reply = reply_of([FIRST[0]], asked(0.0, (text, text), (text, {text: text})), calls, THIRD[1:])
    html = settled_html(reply)
    assert allowed.faults(html, settled=True) == []
    around = MarkdownIt("commonmark", {"html": True}).enable("table").render(settled_markdown(reply))
    assert [each for each in allowed.faults(around, settled=True) if "<a " not in each] == []
    assert "\n\n" not in html


@pytest.mark.parametrize("ends", [False, True])
def test_every_moment_of_an_exchange_can_be_shown(ends: bool) -> None:  # noqa: FBT001
    # A page without widgets gets it while it goes on; any of them may be the last one.
    for size in range(1, len(ALL)):
        reply = reply_of(ALL[:size], [Ended(20.0, "cancelled")] if ends else [])
        data, _ = bundle(reply, Presentation())
        page = Page(data["text/html"])
        for call in (call for step in reply.steps for call in step.tool_calls):
            assert all(call.name in text for text in (page.text, data["text/markdown"], data["text/plain"]))
        assert ("Stopped after" in data["text/plain"]) == (reply.status == "cancelled")
    going = settled_html(reply_of(FIRST, CALLS[:5]))
    assert "weather</code></strong><span" in going
    assert "· running · allowed by the user" in going
