"""The cards of tool calls: what they show, and that nothing hostile becomes an element."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from nbstream.model.tool_call import ToolCall
from nbstream.model.tool_result import Printed, Shown, ToolOutcome
from nbstream.output import questions
from nbstream.output.card_lines import card_lines
from nbstream.output.card_markdown import card_markdown
from nbstream.output.cards import card_html
from tests.output.html_words import Tags

if TYPE_CHECKING:
    from nbstream.model.events import CallState

#: The elements of a card, and their attributes.
ELEMENTS = {
    *("div", "strong", "code", "span", "table", "tr", "td", "th", "pre", "details", "summary", "em", "img"),
}
ATTRIBUTES = {"class", "style", "dir", "alt", "src"}
PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()


class Page(Tags):
    """Checks that every element is closed, and collects the sources of pictures."""

    def __init__(self, html: str) -> None:
        self.sources: list[str] = []
        self._open: list[str] = []
        super().__init__(html)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        super().handle_starttag(tag, attrs)
        self.sources += [value or "" for name, value in attrs if name == "src"]
        assert tag not in ("p", "th", "details", "summary") or not attrs or attrs == [("open", None)]
        if tag in ("td", "th", "pre", "div", "summary"):
            self.text += " "
        if tag != "img":
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag


def call_of(arguments: object = None, **fields: object) -> ToolCall:
    text = arguments if isinstance(arguments, str) else json.dumps({} if arguments is None else arguments)
    return replace(ToolCall("id", "weather", text), **fields)  # type: ignore[arg-type]


def text_of(call: ToolCall, *, ended: bool = False) -> str:
    return " ".join(Page(card_html(call, ended=ended)).text.split())


def test_a_card_has_name_state_decision_arguments_and_result() -> None:
    done = ToolOutcome("done", "sunny", seconds=2.13)
    call = call_of({"city": "Bonn", "days": 3, "tags": ["a", "b"]}, reason="allowed once", outcome=done, state="done")
    assert text_of(call) == 'weather · ran 2.1 s · allowed once city Bonn days 3 tags ["a", "b"] Result: sunny'


@pytest.mark.parametrize(
    ("state", "live", "ended"),
    [
        ("arriving", "arguments arrive", "not run: its arguments are not whole"),
        ("open", "not run yet", "not run"),
        ("asking", "waits for your decision", "not run: not decided"),
        ("running", "running", "had not returned"),
    ],
)
def test_a_call_without_an_outcome_says_how_far_it_is(state: CallState, live: str, ended: str) -> None:
    assert text_of(call_of(state=state)).startswith(f"weather · {live}")
    assert text_of(call_of(state=state), ended=True).startswith(f"weather · {ended}")


def test_a_string_that_could_be_another_value_has_quotes() -> None:
    call = call_of({"a": "5", "b": 5, "c": "true", "d": "", "e": " x", "f": "nan", "g": "plain", "h": None})
    for shown in ('a "5"', "b 5", 'c "true"', 'd ""', 'e " x"', 'f "nan"', "g plain", "h null"):
        assert shown in text_of(call)


def test_nothing_that_is_decided_about_is_invisible() -> None:
    call = call_of({"pa\u200bth": "a\u202egnp.exe", "tag": "x\U000e0041"}, name="look\u202eup")
    shown = text_of(call)
    for escape in (r"look\u202eup", r"pa\u200bth", r"a\u202egnp.exe", r"x\U000e0041"):
        assert escape in shown


def test_edited_arguments_are_marked_and_the_model_s_are_kept() -> None:
    call = call_of({"city": "Paris", "days": 3, "old": 1}, edited='{"city": "Bonn", "days": 3, "new": true}')
    shown = text_of(call)
    assert "city changed Bonn days 3 new added true old removed 1" in shown
    assert "The arguments that the model wrote city Paris days 3 old 1" in shown


@pytest.mark.parametrize("text", ['{"a": 1, "a": 2}', "city=Bonn", "[1]", '{"a": ' * 100_000, '{"a": "x'])
def test_what_is_no_json_object_is_shown_as_the_model_wrote_it(text: str) -> None:
    page = Page(card_html(call_of(text, state="open")))
    assert text in page.text
    assert "table" not in page.tags


def test_a_value_is_whole_while_it_is_decided_about_and_cut_visibly_afterwards() -> None:
    text = "".join(f"line {number}\n" for number in range(100_000))
    asked = call_of({"code": text}, state="asking")
    assert text in Page(card_html(asked)).text
    assert "details" not in Page(card_html(asked)).tags
    ran = replace(asked, state="done", outcome=ToolOutcome("done", "ok", seconds=1))
    shown = Page(card_html(ran)).text
    assert f"{len(text) - 20_000:,} characters are left out here" in shown
    assert len(shown) < 21_000


def test_arguments_that_arrive_cost_the_same_at_any_length() -> None:
    html = card_html(call_of('{"code": "' + "x" * 1_000_000, state="arriving"))
    assert len(html) < 2_000
    assert "999,610 characters before it" in html


def test_deep_and_many_arguments_do_not_grow() -> None:
    deep = '{"a": ' + "[" * 90 + ",".join(["[1]"] * 50_000) + "]" * 90 + "}"
    many = json.dumps({f"name{number}": number for number in range(20_000)})
    for text in (deep, many):
        call = call_of(text, state="asking")
        sizes = [
            len(card_html(call)),
            len(card_markdown(call)),
            len("".join(card_lines(call))),
            len(questions.in_words(call)),
        ]
        assert max(sizes) < 2 * len(text)
        assert len(questions.editable(text)) < 2 * len(text)
        assert json.loads(questions.editable(text)) == json.loads(text)


def test_a_long_result_is_folded_and_says_what_is_missing() -> None:
    done = ToolOutcome("done", "one\n" * 200, left_out=5_000, seconds=1)
    html = card_html(call_of(outcome=done))
    assert "<summary>" in html
    assert "Result · 200 lines · 5,000 characters are left out · one" in Page(html).text


def test_an_error_has_the_user_s_frames_and_no_result_that_repeats_it() -> None:
    failed = ToolOutcome(
        "failed",
        "The tool raised ValueError: no such town",
        error="ValueError: no such town",
        traceback="cell 3, line 2",
    )
    shown = text_of(call_of(outcome=failed))
    assert shown == "weather · failed after less than 0.1 s ValueError: no such town cell 3, line 2"


def test_what_does_not_fit_is_seen_at_once() -> None:
    problem = (
        "The arguments do not fit. Nothing was run.\n- days: must be a whole number\nThe parameters are: city, days."
    )
    call = call_of({"days": "x"}, outcome=ToolOutcome("invalid", problem, error="The arguments do not fit."))
    shown = text_of(call)
    assert shown.startswith("weather · not run: invalid call days x The arguments do not fit. Read by the model:")
    assert "- days: must be a whole number" in shown
    assert "<details>" not in card_html(call) + card_markdown(call)
    alone = ToolOutcome("invalid", "There is no tool 'x'. Nothing was run.", error="There is no tool 'x'.")
    assert text_of(call_of(outcome=alone)) == "weather · not run: invalid call There is no tool 'x'."


def test_a_json_result_is_shown_once() -> None:
    shown = Shown("json", what="1 entry", text='{\n  "a": [1, 2]\n}')
    call = call_of(outcome=ToolOutcome("done", '{"a":[1,2]}', shown=(shown,), seconds=1))
    assert text_of(call) == 'weather · ran 1.0 s Result: {"a":[1,2]}'
    assert card_markdown(call).endswith('Result: `{"a":[1,2]}`')
    assert card_lines(call) == ["weather · ran 1.0 s", '    Result: {"a":[1,2]}']
    value = {"words": ["word"] * 30}
    long = replace(shown, text=json.dumps(value, indent=2))
    call = call_of(outcome=ToolOutcome("done", json.dumps(value), shown=(long,), seconds=1))
    assert text_of(call).startswith('weather · ran 1.0 s 1 entry 34 lines · { "words": [ "word", "word", { "words": [')
    assert "model" not in text_of(call) + card_markdown(call)
    assert card_lines(call)[1].startswith("    Result: {")
    cut = call_of(outcome=ToolOutcome("done", json.dumps(value), shown=(replace(long, is_cut=True),)))
    assert "Read by the model" in text_of(cut)


def test_a_table_and_an_image_are_shown() -> None:
    table = Shown(
        "table", what="DataFrame", note="1 of 9 rows", columns=("", "city"), rows=(("0", "<b>"),), numeric=(True,)
    )
    image = Shown("image", what="Figure", data=PIXEL, media_type="image/png", origin="displayed")
    done = ToolOutcome("done", "a text of the table", shown=(image, table), not_shown=2, seconds=1)
    page = Page(card_html(call_of(outcome=done)))
    assert page.sources == [f"data:image/png;base64,{PIXEL}"]
    assert "DataFrame · 1 of 9 rows" in page.text
    assert "<b>" in page.text
    assert "2 more displayed values are not shown" in page.text
    assert "Read by the model:" in page.text


@pytest.mark.parametrize(
    ("media_type", "data"),
    [("image/svg+xml", PIXEL), ("text/html", PIXEL), ("image/png", '" onerror="x'), ('image/png" x="', PIXEL)],
)
def test_an_image_of_another_type_is_not_shown(media_type: str, data: str) -> None:
    shown = Shown("image", data=data, media_type=media_type)
    page = Page(card_html(call_of(outcome=ToolOutcome("done", "x", shown=(shown,)))))
    assert "img" not in page.tags
    assert "is not shown" in page.text


HOSTILE = st.text(alphabet="<>\"&'/ scriptimgonerror=x\n`*[]()!:\u202e\ud800|{}", max_size=60)
TABLES = st.builds(
    lambda a, b: Shown("table", columns=(a, b), rows=((b, a), (a, b)), numeric=(True, False), what=a, note=b),
    HOSTILE,
    HOSTILE,
)
SHOWN = TABLES | st.builds(
    Shown,
    kind=st.sampled_from(["text", "json", "image"]),
    what=HOSTILE,
    note=HOSTILE,
    text=HOSTILE,
    language=st.sampled_from(["", "html", "markdown"]) | HOSTILE,
    data=HOSTILE,
    media_type=HOSTILE,
)
PRINTED = st.builds(Printed, HOSTILE, st.integers(0, 3), HOSTILE)
OUTCOMES = st.none() | st.builds(
    ToolOutcome,
    outcome=st.sampled_from(["done", "failed", "invalid", "interrupted", "denied", "stopped"]),
    content=HOSTILE,
    error=HOSTILE,
    traceback=HOSTILE,
    printed=PRINTED,
    shown=st.lists(SHOWN, max_size=3).map(tuple),
    not_shown=st.integers(0, 2),
)
ARGUMENTS = HOSTILE | st.dictionaries(HOSTILE, HOSTILE | st.lists(HOSTILE) | st.integers(), max_size=3).map(json.dumps)
CALLS = st.builds(
    ToolCall,
    id=HOSTILE,
    name=HOSTILE,
    arguments=ARGUMENTS,
    state=st.sampled_from(["arriving", "open", "asking", "running"]),
    edited=st.none() | ARGUMENTS,
    reason=HOSTILE,
    outcome=OUTCOMES,
    printed=PRINTED,
)


#: What the Markdown of a card may become.
IN_MARKDOWN = {
    *("blockquote", "p", "strong", "ul", "li", "pre", "code", "details", "summary"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\ud800-\udfff]")
RENDERERS = [
    MarkdownIt("commonmark", {"html": True}).enable("table"),
    MarkdownIt("gfm-like", {"html": True, "linkify": False}),
]


@settings(deadline=None)
@given(CALLS, st.booleans())
def test_hostile_text_stays_text_in_the_markdown_of_other_programs(call: ToolCall, ended: bool) -> None:  # noqa: FBT001
    markdown = f"before\n\n{card_markdown(call, ended=ended)}\n\nafter"
    markdown.encode()
    for renderer in RENDERERS:
        html = renderer.render(markdown)
        seen = Tags(html)
        assert seen.tags <= IN_MARKDOWN
        assert seen.attributes <= {"class", "style"}
        assert re.fullmatch(r"<p>before</p>\n<blockquote>.*</blockquote>\n<p>after</p>\n", html, re.DOTALL)


@settings(deadline=None)
@given(CALLS, st.booleans())
def test_no_line_of_text_controls_a_terminal(call: ToolCall, ended: bool) -> None:  # noqa: FBT001
    lines = card_lines(call, ended=ended)
    assert not any(CONTROL.search(line) for line in lines)


@settings(deadline=None)
@given(CALLS, st.booleans())
def test_hostile_text_never_becomes_an_element(call: ToolCall, ended: bool) -> None:  # noqa: FBT001
    html = card_html(call, ended=ended)
    page = Page(html)
    assert page.tags <= ELEMENTS
    assert page.attributes <= ATTRIBUTES
    assert all(source.startswith("data:image/") for source in page.sources)
    assert "\u202e" not in html
    html.encode()
