"""What an Inspector answers its page: all of a reply, in parts, and only what is asked for."""

from __future__ import annotations

import json
import re
import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nbstream
from nbstream.client.trace import MOST_BYTES, trace_of
from nbstream.model.events import Answer, Moved, Reasoning
from nbstream.model.reduction import reduced
from nbstream.model.request import Request
from nbstream.model.saved_values import decode, encode
from nbstream.output.time_account import gaps
from nbstream.widgets import front_ends
from nbstream.widgets.inspector import chunks
from nbstream.widgets.inspector.inspection import Inspection
from nbstream.widgets.inspector.inspector import Inspector
from nbstream.widgets.inspector.stream_rows import Row, StreamRows

if TYPE_CHECKING:
    from pathlib import Path

    from nbstream.model.reply import Reply

pytestmark = pytest.mark.usefixtures("simulator")


class Page:
    """What the page does with the answers about a stream."""

    def __init__(self, inspector: Inspector) -> None:
        self._inspector = inspector
        self._number = 0
        self._page = uuid.uuid4().hex
        self.times: list[float] = []
        self.kinds = ""
        self.sizes: list[int] = []
        self.grown: list[tuple[int, int]] = []
        self.epochs: list[dict[str, Any]] = []
        self.note = ""

    def ask(self, **message: Any) -> dict[str, Any]:
        self._number += 1
        answer = self._inspector._on_message({"page": self._page, "number": self._number, **message})
        return json.loads(json.dumps(answer, allow_nan=False))  # type: ignore[no-any-return]

    def read(self, step: int = 0) -> None:
        """Ask until the kernel has no more lines."""
        deadline = time.monotonic() + 20
        while True:
            answer = self.ask(type="stream", step=step, first=len(self.times))
            assert len(answer["times"]) <= chunks.MOST_INDEXED
            for text in answer["texts"]:
                if text["epoch"] == len(self.epochs):
                    self.epochs.append(dict(text))
                else:
                    for name in ("reasoning", "answer"):
                        self.epochs[text["epoch"]][name] += text[name]
            at = self.times[-1] if self.times else 0.0
            for ticks in answer["times"]:
                at += ticks / 10_000
                self.times.append(at)
            self.kinds += answer["kinds"]
            self.sizes += answer["sizes"]
            self.grown += [tuple(answer["grown"][at : at + 2]) for at in range(0, len(answer["grown"]), 2)]
            self.note = answer["note"]
            if not answer["more"]:
                return
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def texts_at(self, line: int) -> tuple[str, str]:
        """Return the texts after a line, as the scrubber shows them."""
        epoch = [each for each in self.epochs if each["line"] <= line][-1]
        sizes = [*epoch["base"]]
        for grown in self.grown[epoch["line"] : line + 1]:
            sizes = [sizes[0] + grown[0], sizes[1] + grown[1]]
        cut = [
            epoch[name].encode("utf-16-le")[: 2 * size]
            for name, size in zip(("reasoning", "answer"), sizes, strict=True)
        ]
        return cut[0].decode("utf-16-le"), cut[1].decode("utf-16-le")


def ask(prompt: str, **options: Any) -> Reply:
    return nbstream.stream(prompt, **options).result(20)


def texts_of(reply: Reply) -> tuple[str, str]:
    return reply.reasoning, reply.message["content"]


def test_a_stream_comes_in_parts_and_replays_the_reply() -> None:
    reply = ask("[simulate: queue seconds=0.2 every=0.1]median")
    page = Page(Inspector(reply))
    page.read()
    trace = trace_of(reply)
    assert trace is not None
    lines = [line for line in trace.responses[0].iter_lines() if line.data]
    assert len(page.times) >= len(lines)
    assert page.times == sorted(page.times)
    rows = page._inspector._inspection.read_all(0)
    assert rows is not None
    assert rows.gaps() == gaps(row.at for row in rows.rows)
    assert page.texts_at(len(page.times) - 1) == texts_of(reply)
    sizes = [sum(map(len, page.texts_at(line))) for line in range(0, len(page.times), 50)]
    assert sizes == sorted(sizes)
    assert {"k", "r", "a", "u"} <= set(page.kinds)
    first = page.ask(type="lines", step=0, first=0, count=100)["lines"]
    assert first[0] == [": keep-alive", "a comment: keep-alive"]
    # What each chunk repeats is left out.
    assert first[20][0].startswith('data: …"delta":{')
    assert first[20][1].startswith("reasoning “")
    place = page.kinds.index("a")
    whole = page.ask(type="line", step=0, place=place)
    assert json.loads(whole["raw"].removeprefix("data: "))["choices"][0]["delta"]["content"]
    assert whole["meanings"][0].startswith("answer")


def test_a_live_stream_grows_and_is_whole_at_the_end() -> None:
    run = nbstream.stream("median")
    inspector = Inspector(run)
    page = Page(inspector)
    page.read()
    assert run.result(20).ended
    page.read()
    assert page.texts_at(len(page.times) - 1) == texts_of(run.reply)
    assert not inspector._answers
    own = inspector._own()
    assert (own["live"], own["steps"]) == (False, ["the request"])
    assert own["version"] > 0
    assert run.receiver.trace.is_precise


def test_an_answer_that_was_reasoning_replays_as_it_came() -> None:
    rows = StreamRows(0.0)
    events: list[Any] = [Answer(1, "Hm🌍"), Moved(2, "reasoning", "Hm🌍"), Answer(3, "Yes")]
    for at, event in enumerate(events):
        grown = rows._grow((event,))
        rows.rows.append(Row(float(at), "a", b"data: {}", (event,), "", grown))
    answer = chunks.stream(rows, 0, more=False, note="")
    assert [(each["epoch"], each["line"], each["base"]) for each in answer["texts"]] == [(0, 0, (0, 0)), (1, 1, (4, 0))]
    assert [(each["reasoning"], each["answer"]) for each in answer["texts"]] == [("", "Hm🌍"), ("Hm🌍", "Yes")]


EVENTS = st.lists(
    st.one_of(
        st.builds(Reasoning, st.just(1.0), st.sampled_from(["a", "🌍", "日本"])),
        st.builds(Answer, st.just(1.0), st.sampled_from(["b", "🎉x"])),
    ),
    max_size=12,
)


@given(EVENTS, st.integers(1, 5), st.booleans())
def test_every_moment_is_that_of_the_reply(events: list[Any], part: int, moves: bool) -> None:  # noqa: FBT001
    if moves and events:
        middle = len(events) // 2
        said = str(reduced(events[:middle])._answer)
        events.insert(middle, Moved(1.0, "reasoning", said))
    rows = StreamRows(0.0)
    for event in events:
        rows.rows.append(Row(0.0, "a", b"", (event,), "", rows._grow((event,))))
    page = Page.__new__(Page)
    page.times, page.grown, page.epochs = [], [], []
    first = 0
    original = chunks.MOST_INDEXED
    chunks.MOST_INDEXED = part
    try:
        while first < len(events):
            answer = chunks.stream(rows, first, more=False, note="")
            for text in answer["texts"]:
                if text["epoch"] == len(page.epochs):
                    page.epochs.append(dict(text))
                else:
                    for name in ("reasoning", "answer"):
                        page.epochs[text["epoch"]][name] += text[name]
            page.grown += [tuple(answer["grown"][at : at + 2]) for at in range(0, len(answer["grown"]), 2)]  # type: ignore[misc]
            first += len(answer["times"])
    finally:
        chunks.MOST_INDEXED = original
    for line in range(len(events)):
        reply = reduced(events[: line + 1])
        assert page.texts_at(line) == (reply.reasoning, str(reply._answer))


def test_attempts_and_refusals_are_lines_too() -> None:
    reply = ask("[simulate: 503 times=1]median", max_tokens=5)
    page = Page(Inspector(reply))
    page.read()
    shown = [each[1] for each in page.ask(type="lines", step=0, first=0, count=200)["lines"]]
    assert any(each.startswith("status 503") for each in shown)
    assert "attempt 2" in shown
    assert page.texts_at(len(page.times) - 1) == texts_of(reply)


def test_without_the_raw_bytes_the_other_tabs_work() -> None:
    reply = ask("median", logprobs=2, max_tokens=9)
    trace = trace_of(reply)
    assert trace is not None
    trace.drop()
    other = decode(json.loads(json.dumps(encode(reply))))
    for each in (reply, other):
        page = Page(Inspector(each))
        answer = page.ask(type="stream", step=0, first=0)
        assert answer["note"].startswith("The raw bytes of this reply are not in this kernel")
        assert (answer["total"], answer["more"]) == (0, False)
        assert page.ask(type="tokens", step=0, first=0)["total"] == 9
        assert page.ask(type="time", step=0)["spans"]
        assert page.ask(type="cost", step=0)["total"].startswith("$")
        assert page.ask(type="messages", step=0)["messages"]
        assert page.ask(type="line", step=0, place=0) == {"raw": "", "left_out": 0, "meanings": []}
        assert page.ask(type="lines", step=0, first=3, count=9) == {"first": 3, "lines": []}
    assert MOST_BYTES


def test_lines_that_were_read_stay_when_the_bytes_are_dropped() -> None:
    reply = ask("median", max_tokens=9)
    inspector = Inspector(reply)
    page = Page(inspector)
    page.read()
    trace = trace_of(reply)
    assert trace is not None
    trace.drop()
    again = Page(inspector)
    again.read()
    assert (again.times, again.note) == (page.times, "")
    assert again.ask(type="line", step=0, place=len(page.times) - 1)["meanings"]


def test_the_lines_of_a_few_replies_are_kept_and_others_are_read_again() -> None:
    inspectors = [Inspector(ask("[simulate: echo]x", thinking=False)) for _ in range(10)]
    pages = [Page(each) for each in inspectors]
    for page in pages:
        page.read()
    read = [bool(each._inspection._rows) for each in inspectors]
    assert read == [False] * 2 + [True] * 8
    again = Page(inspectors[0])
    again.read()
    assert again.times == pages[0].times


def test_a_recording_is_looked_at_like_a_reply(tmp_path: Path) -> None:
    path = tmp_path / "lesson.jsonl"
    with nbstream.record(path):
        first = ask("[simulate: normal rate=400 tokens=60]median", logprobs=1)
    before = Page(Inspector(first))
    before.read()
    reply = ask("[simulate: normal rate=400 tokens=60]median", logprobs=1, base_url=f"replay:{path}")
    page = Page(Inspector(reply))
    page.read()
    assert page.kinds == before.kinds
    assert page.sizes == before.sizes
    assert page.texts_at(len(page.times) - 1) == texts_of(reply) == texts_of(first)
    assert page.ask(type="tokens", step=0, first=0)["total"] == len(first.logprobs)
    assert page.ask(type="request", step=0, language="json")["text"]
    cost = page.ask(type="cost", step=0)
    assert cost["total"] == before.ask(type="cost", step=0)["total"]
    assert cost["notes"][-1].startswith("The response was recorded at ")
    assert f"{cost['total']}. To replay it costs nothing." in cost["notes"][-1]


def test_each_step_of_a_reply_with_tools_is_looked_at_by_itself() -> None:
    def get_weather(city: str) -> str:
        """Return the weather."""
        return f"sunny in {city}"

    reply = ask("[simulate: tool-call]weather", tools=[nbstream.tool(consent="never")(get_weather)])
    inspector = Inspector(reply)
    assert len(inspector._own()["steps"]) == len(reply.steps) == 2
    page = Page(inspector)
    page.read(0)
    assert "c" in page.kinds
    second = Page(inspector)
    second.read(1)
    assert second.texts_at(len(second.times) - 1)[1] == reply.message["content"]
    kinds = [span["kind"] for span in page.ask(type="time", step=0)["spans"]]
    assert "tool" in kinds
    assert len(page.ask(type="cost", step=0)["steps"]) == 3
    assert len(page.ask(type="messages", step=1)["messages"]) > len(page.ask(type="messages", step=0)["messages"])


def test_hidden_reasoning_is_hidden_while_it_arrives() -> None:
    kind = "[simulate: think-tags rate=400]median"
    run = nbstream.stream(kind, logprobs=1)
    page = Page(Inspector(run, reasoning="hidden"))
    found: list[Any] = []
    while not run.done:
        time.sleep(0.05)
        total = page.ask(type="stream", step=0, first=0)["total"]
        found += [page.ask(type="lines", step=0, first=max(0, total - 60), count=60)]
        found += [page.ask(type="line", step=0, place=total - 1), page.ask(type="tokens", step=0, first=0)]
    thoughts, answer = texts_of(run.reply)
    words = {word for word in re.findall(r"[a-z]{6,}", thoughts) if word not in f"{answer} {kind} {OWN_WORDS}"}
    assert len(words) > 5
    assert len(found) > 10
    assert not {word for word in words if word in json.dumps(found)}


def test_a_cell_that_hides_reasoning_has_an_inspector_that_does(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("IPython")
    from nbstream.jupyter import magic

    shown: list[Any] = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    monkeypatch.setattr(front_ends, "current", lambda: front_ends.JUPYTER)
    for reasoning in ("hidden", "open"):
        run = nbstream.stream("[simulate: echo]x", thinking=False)
        magic._show_inspector(run, reasoning)
        run.result(20)
    assert [each._inspection.hides_reasoning for each in shown] == [True, False]


def test_what_was_found_to_be_reasoning_is_hidden_too() -> None:
    rows = StreamRows(0.0)
    events: list[Any] = [Answer(1, "Secret"), Moved(2, "reasoning", "Secret"), Answer(3, "Yes")]
    for at, event in enumerate(events):
        rows._note_reasoning((event,), at)
        rows.rows.append(Row(float(at), "a", b"data: Secret", (event,), "", rows._grow((event,))))
    rows.rows[-1] = rows.rows[-1]._replace(raw=b"data: Yes")
    answer = chunks.stream(rows, 0, more=False, note="", hides=True)
    assert [(each["reasoning"], each["answer"], each["base"]) for each in answer["texts"]] == [
        ("", "", (0, 0)),
        ("", "Yes", (0, 0)),
    ]
    assert answer["grown"] == [0, 0, 0, 0, 0, 3]
    shown = chunks.lines(rows, 0, 9, Request(), hides=True)["lines"]
    assert "Secret" not in json.dumps([shown, [chunks.line(rows, at, Request(), hides=True) for at in range(3)]])
    assert shown[-1] == ("data: Yes", "answer “Yes”")


#: Words that an Inspector says itself.
OWN_WORDS = "finish_reason answer together"
#: Prompts whose reasoning comes in a field, between tags, in lists, and goes back to the server.
THINKING = {
    "as a field": "[simulate: normal rate=4000]median",
    "between tags": "[simulate: think-tags rate=4000]median",
    "in lists": "[simulate: details rate=4000]median",
    "with tools": "[simulate: tool-call rate=4000]weather",
    "with tools, in blocks": "[simulate: tool-call rate=4000]weather",
}


@pytest.mark.parametrize("kind", THINKING)
def test_hidden_reasoning_is_neither_in_the_page_nor_in_the_file(kind: str) -> None:
    def get_weather(city: str) -> str:
        """Return the weather."""
        return f"sunny in {city}"

    tools = [nbstream.tool(consent="never")(get_weather)] if "tools" in kind else None
    more: dict[str, Any] = {"model": "deepseek-anthropic/flash"} if "blocks" in kind else {"logprobs": 2}
    reply = ask(THINKING[kind], tools=tools, **more)
    answers = " ".join(step.message["content"] or "" for step in reply.steps) + THINKING[kind]
    thoughts = " ".join(step.reasoning for step in reply.steps)
    words = {word for word in re.findall(r"[a-z]{6,}", thoughts) if word not in f"{answers} {OWN_WORDS}"}
    assert len(words) > 5

    def shown(inspector: Inspector) -> str:
        page = Page(inspector)
        found: list[Any] = []
        for step in range(len(reply.steps)):
            page.times, page.epochs, page.grown = [], [], []
            page.read(step)
            found += [page.epochs, page.ask(type="lines", step=step, first=0, count=200)]
            found += [page.ask(type="line", step=step, place=place) for place in range(0, len(page.times), 5)]
            found += [page.ask(type="tokens", step=step, first=first) for first in (0, 500, 1000)]
            found += [page.ask(type=name, step=step) for name in ("messages", "time", "cost")]
            found += [page.ask(type="request", step=step, language=name) for name in ("json", "python")]
            assert page.texts_at(len(page.times) - 1)[1] == (reply.steps[step].message["content"] or "")
        inspector.keep()
        return json.dumps([found, inspector._bundle()])

    hidden, whole = shown(Inspector(reply, reasoning="hidden")), shown(Inspector(reply))
    assert not {word for word in words if word in hidden}
    assert {word for word in words if word in whole}
    assert "The reasoning is hidden" in hidden
    assert "The reasoning is hidden" not in whole


def test_tokens_come_in_parts_with_their_alternatives_on_demand() -> None:
    reply = ask("median", logprobs=3)
    page = Page(Inspector(reply))
    found: list[dict[str, Any]] = []
    answer: dict[str, Any] = {"total": 1}
    while len(found) < answer["total"]:
        answer = page.ask(type="tokens", step=0, first=len(found))
        assert len(answer["tokens"]) <= chunks.MOST_TOKENS
        found += answer["tokens"]
    for letter, text in (("r", reply.reasoning), ("a", reply.message["content"])):
        assert "".join(each["text"] for each in found if each["of"] == letter) == text
    assert dict(answer["summary"])["tokens"] == f"{len(reply.logprobs):,}"
    emoji = next(place for place, each in enumerate(found) if "🍜" in each["text"] or "📊" in each["text"])
    places = page.ask(type="token", step=0, place=emoji)["tokens"]
    assert len(places) == 2
    assert all(each[0]["taken"] and len(each) == 3 for each in places)
    assert page.ask(type="token", step=0, place=10**6) == {"tokens": []}
    assert "did not ask" in Page(Inspector(ask("median", max_tokens=3))).ask(type="tokens", step=0, first=0)["note"]


HOSTILE = ("</script><img src=x onerror=alert(1)>", "\u202e\x00\x1b[31m", "{{7*7}}", "'; DROP", "\ud83d")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_only_text(text: str) -> None:
    reply = ask(f"[simulate: echo]{text}", system=text, values={"x": text}, logprobs=2, thinking=False)
    inspector = Inspector(reply)
    page = Page(inspector)
    page.read()
    for question in ("messages", "time", "cost"):
        page.ask(type=question, step=0)
    page.ask(type="tokens", step=0, first=0)
    for language in ("json", "python", "curl", "node"):
        assert "<img" not in page.ask(type="request", step=0, language=language)["html"]
    inspector.keep()
    data, _ = inspector._bundle()
    assert "<img" not in data["text/html"]
    assert "\x1b" not in data["text/html"] + data["text/plain"]


def test_nothing_of_it_is_kept_unless_asked() -> None:
    reply = ask("median of SECRET-WORD", logprobs=1)
    inspector = Inspector(reply)
    assert "SECRET-WORD" not in json.dumps(inspector._bundle()) + json.dumps(inspector._own())
    Page(inspector).ask(type="keep", kept=True)
    data, _ = inspector._bundle()
    for word in ("SECRET-WORD", "until the first token", "nbstream&#x27;s table", "The least probable of"):
        assert word in data["text/html"]
    assert "SECRET-WORD" in data["text/plain"]
    assert inspector._own()["kept"]
    Page(inspector).ask(type="keep", kept=False)


def test_a_long_message_is_cut_and_given_whole_on_demand() -> None:
    text = "".join(f"{number} " for number in range(20_000))
    inspection = Inspection(ask(text + "[simulate: tokens=3]"))
    (message,) = inspection.messages(0)["messages"]
    assert message["left_out"] > 90_000
    shown = "".join(part["text"] for part in message["parts"])
    assert shown.startswith("0 1 2 ")
    assert "characters are not shown here" in shown
    assert len(shown) < 5_000
    (whole,) = inspection.messages(0, 0)["messages"]
    assert "".join(part["text"] for part in whole["parts"]).startswith(text)


def test_what_is_no_reply_is_one_line() -> None:
    with pytest.raises(nbstream.RequestError, match="not str"):
        Inspector("hello")  # type: ignore[arg-type]
    with pytest.raises(nbstream.RequestError, match="`tab=` is 'x'"):
        Inspector(ask("median", max_tokens=1), tab="x")
    assert Request().messages == ()
