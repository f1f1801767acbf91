"""Structured answers as a reader sees them: settled, live, in a terminal; what is said of them."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest

from nbstream.markdown.rendering import to_html
from nbstream.model.events import Answer, Ended, Finished, Reasoning, Started
from nbstream.model.presentation import Presentation
from nbstream.model.reduction import reduce
from nbstream.model.reply import Reply
from nbstream.model.request import Request
from nbstream.model.structure import Structure
from nbstream.output import json_answer
from nbstream.output.sentences import alert
from nbstream.output.settled import bundle, settled_html, settled_markdown, settled_text
from nbstream.output.terminal.formatted import FormattedWriter
from nbstream.output.terminal.view import write
from nbstream.widgets.reply_patches import ReplyPatches
from tests.output.emulator import EmulatedTerminal
from tests.widgets.page_state import apply, empty_state, html_of

PEOPLE = [{"name": "Ada", "age": 36, "tags": ["x", "y"]}, {"name": "Grace <b>", "age": None}]
LIST = Structure({"type": "array", "items": {"type": "object", "required": ["name"]}}, wrapper="items")


def reply(answer: Any, structure: Structure | None = LIST, reason: str = "stop") -> Reply:
    text = answer if isinstance(answer, str) else json.dumps(answer)
    value = Reply()
    for event in (
        Started(0, Request("m", structure=structure)),
        Answer(1, text),
        Finished(2, reason),
        Ended(2, "served"),
    ):
        value = reduce(value, event)
    return value


def test_a_list_of_flat_objects_is_also_a_table() -> None:
    ended = reply({"items": PEOPLE})
    html, markdown, text = settled_html(ended), settled_markdown(ended), settled_text(ended)
    assert '<span class="nt">"items"</span>' in html
    assert '<td style="text-align:right" dir="auto">36</td>' in html
    assert "Grace &lt;b&gt;</td>" in html
    assert "x, y</td>" in html
    assert "| Grace \\<b\\> |  |  |" in markdown
    assert '```json\n{\n  "items": [\n' in markdown
    assert re.search(r"^Ada +36 +x, y$", text, re.MULTILINE)
    # In Markdown it is the same table.
    assert to_html(markdown).count("<td") == html.count("<td")


@pytest.mark.parametrize(
    "value", [{"a": 1}, [], [1, 2], [{}], [{"a": {"b": 1}}], {"a": [{"b": 1}], "c": 2}, {"a": [{"b": [{}]}]}]
)
def test_what_is_no_list_of_flat_objects_is_no_table(value: Any) -> None:
    assert json_answer.table_html(json.dumps(value)) == ""


def test_a_long_or_wide_table_is_cut_visibly() -> None:
    rows = [{f"c{at}": "x" * 500 for at in range(40)} for _ in range(250)]
    html = json_answer.table_html(json.dumps(rows))
    assert html.count("<tr") == 101
    assert html.count("<th>") == 30
    assert "100 of 250 rows and 30 of 40 columns are shown." in html
    assert "x" * 301 not in html
    assert "overflow-x:auto" in html


def test_the_answer_is_what_the_model_wrote_and_copying_gives_the_shown_json() -> None:
    ended = reply("```json\n" + json.dumps({"items": PEOPLE}) + "\n```")
    assert ended.answer.startswith("```json")
    data, metadata = bundle(ended, Presentation())
    start, end = metadata["nbstream"]["answer"]
    copied = data["text/plain"].encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le")
    assert copied == json.dumps({"items": PEOPLE}, indent=2)


@pytest.mark.parametrize(
    "answer", [json.dumps({"items": PEOPLE}), '```json\n{"items": []}\n```', "I cannot **do** that.", '{"a": 1']
)
def test_what_the_page_shows_at_the_end_is_what_is_settled(answer: str) -> None:
    ended = reply(answer)
    patches, page = ReplyPatches(Reply(request=ended.request), Presentation(), foreground=True), empty_state()
    patches.feed([Answer(1, answer)], ended)
    patch = patches.patch(1, final=True)
    assert patch is not None
    apply(page, patch["answer"])
    live = "".join(html_of(page).split())
    assert live
    assert live in "".join(settled_html(ended).split())


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"items": PEOPLE}, ""),
        ({"items": [{"nam": 1}]}, "so reply.data is None. [0].name: It is missing."),
        ({"items": [{}] * 5}, "2 more are in reply.problems."),
        ('{"items": []} Done.', "After the JSON there is more text"),
        ("", "The reply is empty."),
        ("   ", "The answer is empty."),
    ],
)
def test_what_is_wrong_is_said(answer: Any, said: str) -> None:
    message = alert(reply(answer), "cell")
    assert said in message
    assert bool(message) is bool(said)
    assert "\n" not in message


def test_json_that_a_server_puts_into_the_reasoning_is_found_there() -> None:
    value = Reply()
    request = Request("m", structure=LIST)
    for event in (Started(0, request), Reasoning(1, '{"items": []}'), Finished(2, "stop"), Ended(2, "served")):
        value = reduce(value, event)
    assert "the JSON that was asked for stands in the reasoning" in alert(value, "cell")
    assert value.data is None


def test_a_truncated_answer_says_what_to_raise() -> None:
    assert "--max-tokens" in alert(reply('{"items": [', reason="length"), "cell")


def test_a_terminal_shows_indented_json_and_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = EmulatedTerminal(monkeypatch, 80, 40)
    write(reply({"items": PEOPLE}), Presentation(), terminal)
    shown = "\n".join(terminal.rows)
    assert "    {\n" in shown
    assert '"name": "Ada",' in shown
    assert "Grace <b>" in shown
    plain = io.StringIO()
    write(reply({"items": PEOPLE}), Presentation(), plain)
    assert plain.getvalue().startswith(json.dumps({"items": PEOPLE}))


@pytest.mark.parametrize("size", [1, 7, 50])
def test_json_grows_in_a_terminal_and_stands_there_once(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    text = json.dumps({"items": [{"name": f"person {number}", "age": number} for number in range(30)]})
    terminal, whole = EmulatedTerminal(monkeypatch, 60, 12), EmulatedTerminal(monkeypatch, 60, 12)
    writer = FormattedWriter(terminal, is_json=True)
    writer.begin("answer", "")
    grew = False
    for at in range(0, len(text), size):
        writer.feed(text[at : at + size])
        writer.show()
        grew = grew or '      "name": "person 3",' in terminal.rows
    writer.begin("end", "")
    writer.show()
    assert grew
    write(reply(text), Presentation(), whole)
    shown = terminal.rows
    assert shown == whole.rows[: len(shown)]
    # Once in the JSON, once in the table.
    assert sum("person 17" in row for row in shown) == 2
