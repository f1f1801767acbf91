"""A panel without its widget: what a page sends, and what it is shown."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any

import pytest

import nbstream
from nbstream.client import settings
from tests.chat.conftest import bodies
from tests.chat.test_chat import MARK
from tests.priced import SUM
from tests.widgets.chat_panel.conftest import Panel

if TYPE_CHECKING:
    from pathlib import Path

    from nbstream.simulator.server import Simulator


def answers(panel: Panel) -> list[str]:
    return [turn.answer.removeprefix(MARK) for turn in panel.chat.turns]


def echo(text: str) -> str:
    return f"[simulate: echo] {text}"


def test_what_the_panel_asks_and_what_a_cell_asks_is_one_chat(simulator: Simulator, panel: Panel) -> None:
    panel.ask(echo("one"))
    panel.chat.stream(echo("two")).result()
    own = panel.wait(lambda own: own["count"] == 2 and not own["arriving"])
    assert [row["prompt"] for row in own["rows"]] == [echo("one"), echo("two")]
    assert [row["origin"] for row in own["rows"]] == ["panel", "code"]
    assert [row["number"] for row in own["rows"]] == [1, 2]
    panel.ask(echo("three"))
    assert [each["content"].removeprefix(MARK) for each in bodies(simulator)[-1]["messages"]] == [
        echo("one"), "one", echo("two"), "two", echo("three")
    ]  # fmt: skip
    assert set(panel.state.shown()) == {row["reply"] for row in panel.rows}


def test_what_a_cell_asks_is_shown_while_it_arrives(simulator: Simulator, panel: Panel) -> None:
    run = panel.chat.stream("[simulate: silence] x")
    own = panel.wait(lambda own: own["arriving"])
    row = own["rows"][0]
    assert (row["arriving"], own["arriving"]) == (True, [row["key"]])
    assert "stop" in row["actions"]
    assert panel.page("stop", row=row["key"]) == {}
    own = panel.wait(lambda own: not own["arriving"])
    assert run.result().status == "cancelled"
    assert {"retry", "edit", "hide"} <= set(own["rows"][0]["actions"])


def test_what_the_panel_asks_is_its_own_from_the_first_moment(simulator: Simulator, panel: Panel) -> None:
    origins: list[str] = []
    panel.chat.add_listener(lambda: origins.extend(row["origin"] for row in panel.rows))
    panel.ask(echo("one"))
    assert set(origins) == {"panel"}


def test_a_reply_of_another_branch_can_be_stopped(simulator: Simulator, panel: Panel) -> None:
    panel.ask(echo("one"))
    (row,) = panel.rows
    panel.page("edit", row=row["key"], part="prompt", text="[simulate: silence] x")
    panel.wait(lambda own: own["arriving"])
    panel.chat.turns[0].use(0)
    own = panel.wait(lambda own: not own["rows"][0]["arriving"])
    assert own["arriving"] == [row["key"]]
    # What is sent waits for it, as for every reply.
    panel.page("send", text=echo("two"))
    panel.wait(lambda own: own["queued"])
    panel.page("stop")
    own = panel.wait(lambda own: not own["arriving"] and own["queued"] and own["queued"]["held"])
    assert panel.chat.turns[0].versions[1].reply.status == "cancelled"


def test_a_prompt_is_literal(simulator: Simulator, panel: Panel) -> None:
    text = echo("{{ x }} {x} \\frac{1}{2} {{{{ y }}}} <script>")
    panel.ask(text)
    assert bodies(simulator)[-1]["messages"][-1]["content"] == text
    assert panel.rows[0]["prompt"] == text


def test_a_template_is_filled_in_literally(simulator: Simulator, panel: Panel) -> None:
    (template,) = panel.own["templates"]
    assert [part["blank"] or part["text"] for part in template["parts"]] == [
        "Explain ", "topic", " to ", "who", ": ", "topic"
    ]  # fmt: skip
    answer = panel.page("send", template="explain", blanks={"topic": "{{ who }}"})
    assert answer == {"problem": "Fill in who; nothing was sent."}
    assert panel.page("send", template="other", blanks={})["problem"]
    panel.page("send", template="explain", blanks={"topic": "{{ who }}", "who": "me"})
    panel.wait(lambda own: own["count"] == 1)
    assert panel.rows[0]["prompt"] == "Explain {{ who }} to me: {{ who }}"


def test_one_prompt_waits_for_the_end_of_the_reply(simulator: Simulator, panel: Panel) -> None:
    panel.page("send", text="[simulate: normal tokens=40 rate=200] x")
    panel.wait(lambda own: own["arriving"])
    panel.page("send", text=echo("two"))
    own = panel.wait(lambda own: own["queued"] or own["count"] == 2)
    panel.wait(lambda own: own["count"] == 2 and not own["arriving"])
    assert answers(panel)[1] == "two"
    assert panel.own["queued"] is None
    assert own["rows"][0]["prompt"].startswith("[simulate: normal")


def waiting(panel: Panel, text: str = "later") -> str:
    """Let a prompt wait for a silent reply, and return its id."""
    panel.page("send", text="[simulate: silence] x")
    panel.wait(lambda own: own["arriving"])
    panel.page("send", text=text)
    queued = panel.wait(lambda own: own["queued"])["queued"]
    assert queued is not None
    assert (queued["prompt"], queued["held"]) == (text, "")
    return queued["id"]


def test_a_queued_prompt_is_taken_back_before_what_is_typed(simulator: Simulator, panel: Panel) -> None:
    queued = waiting(panel)
    assert panel.page("unqueue", queued="q99", text="typed") == {}
    assert panel.own["queued"] is not None
    panel.page("unqueue", queued=queued, text="typed")
    own = panel.own
    assert (own["queued"], own["draft"]["text"], own["draft"]["page"]) == (None, "later\n\ntyped", "")
    # On the other channel, or in another tab.
    panel.page("unqueue", queued=queued, text="typed")
    assert panel.own["draft"] == own["draft"]
    panel.page("stop")
    panel.wait(lambda own: not own["arriving"])
    assert len(bodies(simulator)) <= 1


def test_a_second_prompt_that_would_wait_is_kept_as_a_row(simulator: Simulator, panel: Panel) -> None:
    waiting(panel)
    panel.page("send", text="even later")
    row = panel.wait(lambda own: len(own["rows"]) == 2)["rows"][-1]
    assert (row["kind"], row["prompt"], row["number"]) == ("unsent", "even later", 0)
    assert "waits already" in row["problem"]
    panel.page("stop")


def test_stop_holds_what_is_queued_until_it_is_sent_or_taken_back(simulator: Simulator, panel: Panel) -> None:
    queued = waiting(panel, echo("later"))
    panel.page("stop")
    own = panel.wait(lambda own: own["queued"] and own["queued"]["held"])
    assert own["queued"] is not None
    assert own["queued"]["held"] == "The reply was stopped, so this was not sent."
    panel.page("send_queued", queued=queued)
    panel.wait(lambda own: own["count"] == 2 and not own["arriving"])
    assert answers(panel)[1] == "later"


def test_stop_at_the_end_of_a_reply_holds_what_is_queued(simulator: Simulator, panel: Panel) -> None:
    panel.page("send", text="[simulate: normal tokens=10 rate=50] one")
    panel.wait(lambda own: own["arriving"])
    panel.page("send", text=echo("two"))
    panel.wait(lambda own: own["queued"])
    # The reply ends, and Stop comes before the worker has sent what is queued.
    is_stopped = threading.Event()
    panel.state.asking.worker.put(is_stopped.wait)
    panel.wait(lambda own: not own["arriving"])
    panel.page("stop")
    is_stopped.set()
    own = panel.wait(lambda own: own["queued"] is None or own["queued"]["held"])
    assert own["queued"] is not None
    assert "stopped" in own["queued"]["held"]
    panel.page("send_queued", queued=own["queued"]["id"])
    panel.wait(lambda own: own["count"] == 2 and not own["arriving"])


def test_a_failure_holds_what_is_queued(simulator: Simulator, panel: Panel) -> None:
    panel.page("send", text="[simulate: reset after=5 rate=20] x")
    panel.wait(lambda own: own["arriving"])
    panel.page("send", text="later")
    own = panel.wait(lambda own: own["queued"] and own["queued"]["held"])
    assert own["queued"] is not None
    assert "failed" in own["queued"]["held"]
    assert own["count"] == 1


def test_what_is_sent_after_stop_is_not_held(simulator: Simulator, panel: Panel) -> None:
    panel.page("send", text="[simulate: silence] x")
    panel.wait(lambda own: own["arriving"])
    panel.page("stop")
    panel.page("send", text=echo("two"))
    panel.wait(lambda own: own["count"] == 2 and not own["arriving"] and own["queued"] is None)
    assert answers(panel)[1] == "two"


def test_stop_right_after_send_stops_what_was_sent(simulator: Simulator, panel: Panel) -> None:
    for _ in range(10):
        count = panel.own["count"]
        panel.page("send", text="[simulate: silence] x")
        panel.page("stop")
        panel.wait(lambda own, count=count: own["count"] == count + 1 and not own["arriving"])  # type: ignore[misc]
    assert {turn.reply.status for turn in panel.chat.turns} == {"cancelled"}


def test_a_prompt_that_cannot_be_sent_is_a_row_and_can_be_sent_again(
    simulator: Simulator, panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel.ask(echo("one"))
    panel.page("choose", option="model", value="ollama/")
    panel.page("send", text=echo("two"))
    row = panel.wait(lambda own: len(own["rows"]) == 2)["rows"][1]
    assert (row["kind"], row["prompt"], row["actions"]) == ("unsent", echo("two"), ["send", "edit", "dismiss"])
    assert row["problem"]
    panel.page("send_unsent", row=row["key"])
    row = panel.wait(lambda own: own["rows"][1:] and own["rows"][1]["key"] != row["key"])["rows"][1]
    panel.page("choose", option="model", value="")
    panel.page("send_unsent", row=row["key"])
    panel.wait(lambda own: own["count"] == 2 and not own["arriving"])
    assert [each["kind"] for each in panel.rows] == ["turn", "turn"]


def test_without_a_key_the_row_says_where_to_enter_one(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEEPSEEK_BASE_URL", raising=False)
    monkeypatch.delenv("DEEPSEEK_API_KEY", raising=False)
    panel.page("send", text="hello")
    row = panel.wait(lambda own: own["rows"])["rows"][0]
    assert "No API key" in row["problem"]
    assert "%deepseek key" in row["problem"]
    panel.page("edit", row=row["key"], text=None)
    assert (panel.rows, panel.own["draft"]["text"]) == ([], "hello")
    panel.page("send", text="hello")
    row = panel.wait(lambda own: own["rows"])["rows"][0]
    panel.page("dismiss", row=row["key"])
    assert (panel.rows, panel.own["draft"]["text"]) == ([], "")


def test_a_refused_prompt_is_a_turn_that_can_be_asked_again(simulator: Simulator, panel: Panel) -> None:
    own = panel.ask("[simulate: 402] one")
    row = own["rows"][0]
    assert (row["kind"], panel.chat.turns[0].reply.status) == ("turn", "failed")
    assert row["actions"][:2] == ["retry", "edit"]
    panel.page("edit", row=row["key"], part="prompt", text=echo("two"))
    panel.wait(lambda own: own["rows"][0]["version"] == 2 and not own["arriving"])
    assert answers(panel) == ["two"]
    assert panel.rows[0]["key"] == row["key"]
    assert panel.rows[0]["reply"] != row["reply"]


def test_edit_begins_a_branch_and_a_version_brings_back_its_own(simulator: Simulator, panel: Panel) -> None:
    for word in ("one", "two", "three"):
        panel.ask(echo(word))
    key = panel.rows[1]["key"]
    panel.page("edit", row=key, part="prompt", text=echo("TWO"))
    panel.wait(lambda own: own["count"] == 2 and not own["arriving"])
    panel.ask(echo("four"))
    assert answers(panel) == ["one", "TWO", "four"]
    assert [(row["version"], row["versions"]) for row in panel.rows] == [(1, 1), (2, 2), (1, 1)]
    panel.page("version", row=key, version=1)
    panel.wait(lambda own: own["rows"][1]["version"] == 1)
    assert answers(panel) == ["one", "two", "three"]
    panel.page("edit", row=key, part="answer", text="my own")
    panel.wait(lambda own: own["count"] == 2)
    assert answers(panel) == ["one", "my own"]
    assert panel.rows[1]["edited"]
    assert panel.page("text", row=key, part="answer") == {"text": "my own"}
    assert panel.page("version", row=key, version=4)["problem"] == "This turn has 3 versions."


def test_retry_asks_with_what_is_chosen(simulator: Simulator, panel: Panel) -> None:
    panel.ask(echo("one"))
    panel.page("choose", option="model", value="pro")
    panel.page("choose", option="thinking", value="on")
    panel.page("choose", option="effort", value="max")
    panel.page("retry", row=panel.rows[0]["key"])
    panel.wait(lambda own: own["rows"][0]["version"] == 2 and not own["arriving"])
    body = bodies(simulator)[-1]
    assert (body["model"], body["thinking"], body["reasoning_effort"]) == (
        "deepseek-v4-pro",
        {"type": "enabled"},
        "max",
    )
    for option, value in (("thinking", "maybe"), ("effort", "huge"), ("colour", "red"), ("thinking", None)):
        assert panel.page("choose", option=option, value=value)["problem"]


def test_a_retry_that_fails_brings_the_answer_back(
    simulator: Simulator, panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings.current(), "endpoints", {"closed": {"base_url": "http://127.0.0.1:9/v1"}})
    monkeypatch.setattr(settings.current(), "retries", 0)
    for word in ("one", "two"):
        panel.ask(echo(word))
    panel.page("choose", option="model", value="closed/m")
    panel.page("retry", row=panel.rows[0]["key"])
    own = panel.wait(lambda own: own["remark"].startswith("The retry brought nothing"))
    assert [(row["version"], row["versions"]) for row in own["rows"]] == [(1, 2), (1, 1)]
    assert answers(panel) == ["one", "two"]
    assert "127.0.0.1:9" in own["remark"]
    # What failed is still there to be looked at.
    panel.page("version", row=own["rows"][0]["key"], version=2)
    own = panel.wait(lambda own: own["rows"][0]["version"] == 2)
    assert (own["count"], panel.chat.turns[0].reply.status) == (1, "failed")


def test_the_default_model_is_that_of_the_next_request(panel: Panel, tmp_path: Path) -> None:
    told: list[str] = []
    panel.chat.add_listener(lambda: told.append(panel.own["choices"]["default_model"]))
    nbstream.Chat("plan", model="pro")
    assert told == ["pro"]
    nbstream.Chat("other", model="another").save(tmp_path / "other")
    panel.chat.load(tmp_path / "other")
    assert told == ["pro", "another"]
    panel.page("undo")
    panel.wait(lambda own: own["choices"]["default_model"] == "pro")


def test_what_is_pressed_twice_is_asked_once(simulator: Simulator, panel: Panel) -> None:
    panel.ask("[simulate: truncate after=5 first-token=0.2] x")
    for button in ("retry", "continue"):
        asked = len(bodies(simulator))
        key = panel.rows[0]["key"]
        # Both, before the page sees what comes of the first.
        with panel.chat._turns.lock:
            for _ in range(2):
                panel.page(button, row=key)
        panel.wait(lambda own: not own["arriving"] and not panel.state.asking.worker.is_busy)
        assert len(bodies(simulator)) == asked + 1
    assert len(panel.chat.turns[0].versions) == 2


def test_a_row_that_is_gone_by_then_is_a_sentence(simulator: Simulator, panel: Panel) -> None:
    panel.ask(echo("one"))
    panel.ask(echo("two"))
    first, last = panel.rows
    for message in (
        {"type": "retry"},
        {"type": "continue"},
        {"type": "hide", "hidden": True},
        {"type": "edit", "part": "answer", "text": "my own"},
    ):
        asked = len(bodies(simulator))
        with panel.chat._turns.lock:
            panel.page("edit", row=first["key"], part="answer", text="another")
            panel.page(**message, row=last["key"])
        own = panel.wait(lambda own: own["remark"].startswith("This turn is not in its chat"))
        assert (own["count"], len(bodies(simulator))) == (1, asked)
        panel.page("undo")
        panel.wait(lambda own: own["count"] == 2 and own["remark"].startswith("Undone"))


def test_the_marks_of_all_rows_are_made_at_once_while_a_request_is_made(
    simulator: Simulator, panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    for word in ("one", "two", "three"):
        panel.ask(echo(word))
    panel.chat.edit(0, prompt="ONE")
    turns = panel.chat._turns
    made, rows = list[Any](), list[Any]()
    original = turns._all_outdated

    def counted() -> Any:
        made.append(1)
        return original()

    monkeypatch.setattr(turns, "_all_outdated", counted)
    with turns.lock:
        turns.revision += 1
        thread = threading.Thread(target=lambda: rows.extend(panel.rows))
        thread.start()
        thread.join()
    assert [row["outdated"] for row in rows] == [False, True, True]
    assert len(made) == 1


def test_a_reply_that_was_cut_off_goes_on_in_its_place(simulator: Simulator, panel: Panel) -> None:
    panel.ask("[simulate: truncate after=5] x")
    row = panel.rows[0]
    assert row["actions"][:3] == ["continue", "retry", "edit"]
    panel.page("continue", row=row["key"])
    panel.wait(lambda own: own["rows"][0]["reply"] != row["reply"] and not own["arriving"])
    assert (len(panel.chat.turns), len(panel.chat.turns[0].versions)) == (1, 1)
    assert panel.chat.turns[0].reply.earlier is not None


def test_hide_and_undo_say_what_they_did(
    simulator: Simulator, panel: Panel, capsys: pytest.CaptureFixture[str]
) -> None:
    panel.ask(echo("one"))
    panel.ask(echo("two"))
    panel.page("hide", row=panel.rows[0]["key"], hidden=True)
    own = panel.wait(lambda own: own["rows"][0]["hidden"])
    own = panel.wait(lambda own: own["remark"])
    assert own["remark"].startswith("From turn 1 on")
    assert "show" in own["rows"][0]["actions"]
    panel.page("undo")
    own = panel.wait(lambda own: own["remark"].startswith("Undone"))
    assert not own["rows"][0]["hidden"]
    assert own["can_undo"]
    for _ in range(2):
        panel.page("undo")
    own = panel.wait(lambda own: own["count"] == 0)
    panel.page("undo")
    panel.wait(lambda own: "nothing to undo" in own["remark"])
    # Not in the output of a cell that happens to run.
    assert capsys.readouterr().out == ""


def test_a_draft_survives_and_an_older_message_does_not_bring_it_back(panel: Panel) -> None:
    panel.page("draft", text="one", number=5)
    draft = panel.own["draft"]
    assert (draft["number"], draft["page"], draft["text"], draft["editing"]) == (1, "p", "one", None)
    panel.page("draft", text="on", number=4)
    assert panel.own["draft"]["text"] == "one"
    panel.page("draft", page="q", text="", template="explain", blanks={"topic": "x", "who": 3}, number=1)
    draft = panel.own["draft"]
    assert (draft["number"], draft["template"], draft["blanks"]) == (2, "explain", {"topic": "x", "who": ""})


def test_sending_clears_the_draft(simulator: Simulator, panel: Panel) -> None:
    panel.page("draft", text=echo("one"), number=7)
    panel.page("send", text=echo("one"), number=8)
    panel.page("draft", text=echo("on"), number=6)
    assert panel.own["draft"]["text"] == ""
    assert panel.page("send", text=" \n", number=9)["problem"].startswith("The prompt is empty")
    panel.wait(lambda own: own["count"] == 1 and not own["arriving"])


def test_a_template_that_is_being_filled_in_is_kept_as_text(simulator: Simulator, panel: Panel) -> None:
    queued = waiting(panel)
    panel.page("draft", template="explain", blanks={"topic": "graphs"})
    panel.page("unqueue", queued=queued)
    assert panel.own["draft"]["text"] == "later\n\nExplain graphs to {{ who }}: graphs"
    panel.page("stop")


def test_gauge_and_cost(simulator: Simulator, panel: Panel) -> None:
    assert (panel.own["context"], panel.own["cost"], panel.own["cost_note"]) == (None, "", "")
    panel.ask(echo("one"))
    own = panel.ask(echo("two"))
    usage = panel.chat.turns[1].reply.usage
    assert usage is not None
    gauge = own["context"]
    assert gauge is not None
    assert gauge["tokens"] == (usage.prompt_tokens or 0) + (usage.completion_tokens or 0)
    assert not gauge["about"]
    assert (gauge["window"] or 0) >= 1_000_000
    assert gauge["text"] == f"{gauge['tokens']:,} of {gauge['window']:,} tokens"
    assert re.match(f"would cost {SUM}", own["cost"])
    assert own["cost"].endswith(" for 2 replies")
    assert "without those that were undone" in own["cost_note"]
    panel.page("hide", row=own["rows"][0]["key"], hidden=True)
    own = panel.wait(lambda own: own["rows"][0]["hidden"])
    assert own["context"] is not None
    assert own["context"]["about"]
    assert own["context"]["text"].startswith("about ")
    panel.page("send", text="[simulate: silence after=3] x")
    panel.wait(lambda own: own["arriving"])
    run = panel.chat.turns[-1]
    while not run.answer:
        panel.wait(lambda own: own)
    panel.page("stop")
    own = panel.wait(lambda own: not own["arriving"])
    assert re.match(rf"would cost {SUM}[\d.]+ \+ about \$[\d.]+ for 3 replies", own["cost"])
    assert own["cost_note"].endswith(" What is “about” is estimated, as no tokens were reported of it.")
    # Not in the cost any more, and it says so.
    panel.page("undo")
    own = panel.wait(lambda own: own["count"] == 2)
    assert own["cost"].endswith(" for 2 replies")


def test_two_panels_on_one_chat(simulator: Simulator, panel: Panel) -> None:
    other = Panel(panel.chat)
    panel.page("send", text="[simulate: silence] x")
    other.wait(lambda own: own["arriving"])
    other.page("send", text=echo("two"))
    other.wait(lambda own: own["queued"])
    assert panel.own["queued"] is None
    other.page("stop")
    panel.wait(lambda own: not own["arriving"])
    queued = other.wait(lambda own: own["queued"] and own["queued"]["held"])["queued"]
    assert queued is not None
    other.page("send_queued", queued=queued["id"])
    panel.wait(lambda own: own["count"] == 2 and not own["arriving"])
    # Also of the other panel: it may be that of the same cell, which was run again.
    panel.wait(lambda own: [row["origin"] for row in own["rows"]] == ["panel", "panel"])
    other.state.close()
    panel.ask(echo("three"))


def test_a_text_of_a_row(simulator: Simulator, panel: Panel) -> None:
    panel.page("choose", option="model", value="pro")
    long = "x" * 5_000
    panel.page("send", text=long)
    panel.wait(lambda own: own["count"] == 1 and not own["arriving"])
    (row,) = panel.rows
    assert (len(row["prompt"]), row["prompt_left_out"]) == (4_000, 1_000)
    assert panel.page("text", row=row["key"], part="prompt") == {"text": long}
    assert panel.page("text", row=row["key"], part="reasoning") == {"text": ""}
    assert panel.page("text", row=row["key"], part="cell") == {"text": f"%%deepseek -c plan -m pro\n{long}"}
    assert panel.page("text", row=row["key"], part="key")["problem"]


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"type": "nonsense"},
        {"type": None},
        {"type": "retry"},
        {"type": "retry", "row": None},
        {"type": "retry", "row": "t99"},
        {"type": "text", "row": []},
        {"type": "stop", "row": {"a": 1}},
        {"type": "send", "text": 5, "template": ["x"], "blanks": 3},
        {"type": "send", "text": None},
        {"type": "draft", "text": 5, "blanks": "x", "number": "y"},
        {"type": "window", "first": "x"},
        {"type": "window", "first": 10**9},
        {"type": "unqueue", "queued": {}},
        {"type": "send_queued"},
        {"type": "dismiss", "row": "u1"},
        {"type": "choose"},
        {"type": "edit", "row": "t1", "text": 5},
        {"type": "version", "row": "t1", "version": "2"},
    ],
)
def test_a_wrong_message_changes_nothing(simulator: Simulator, panel: Panel, message: dict[str, Any]) -> None:
    panel.ask(echo("one"))
    before = panel.own
    panel.state.take(message)
    after = panel.own
    before["draft"] = after["draft"]
    assert after == before


def test_hostile_text_is_text(simulator: Simulator) -> None:
    hostile = "<img src=x onerror=alert(1)> \u202e\x00 ]]> </script>\n# **x**"
    chat = nbstream.Chat("plan", system=hostile, thinking=False)
    panel = Panel(chat, {hostile: f"{hostile} {{{{ {hostile.splitlines()[0]} }}}}"})
    panel.ask(f"[simulate: echo] {hostile}")
    panel.page("choose", option="model", value=hostile)
    panel.page("send", text=hostile)
    own = panel.wait(lambda own: len(own["rows"]) == 2)
    assert own["rows"][1]["prompt"] == hostile
    assert "\n" not in own["choices"]["model"]


def test_no_key_is_in_the_state(simulator: Simulator) -> None:
    key = "sk-canary-0123456789"
    chat = nbstream.Chat("plan", thinking=False, api_key=key, base_url=f"{simulator.url}?token={key}")
    panel = Panel(chat)
    panel.page("models")
    panel.ask(echo("one"))
    row = panel.rows[0]["key"]
    shown = [panel.own, *(panel.page("text", row=row, part=part) for part in ("prompt", "answer", "cell"))]
    panel.page("choose", option="model", value="pro")
    panel.page("retry", row=row)
    panel.wait(lambda own: own["rows"][0]["version"] == 2 and not own["arriving"])
    assert simulator.log()[-1]["status"] == 200
    assert key not in repr([*shown, panel.own, vars(panel.state), vars(panel.state.asking)])


def test_a_chat_of_a_file_goes_on(simulator: Simulator, panel: Panel, tmp_path: Path) -> None:
    panel.ask(echo("one"))
    panel.page("edit", row=panel.rows[0]["key"], part="prompt", text=echo("ONE"))
    panel.wait(lambda own: own["rows"][0]["version"] == 2 and not own["arriving"])
    panel.ask(echo("two"))
    panel.chat.save(tmp_path / "chat.json")
    loaded = Panel(nbstream.Chat.load(tmp_path / "chat.json", "loaded"))
    assert [(row["version"], row["versions"]) for row in loaded.rows] == [(2, 2), (1, 1)]
    loaded.page("version", row=loaded.rows[0]["key"], version=1)
    loaded.wait(lambda own: own["count"] == 1)
    loaded.page("retry", row=loaded.rows[0]["key"])
    loaded.wait(lambda own: own["rows"][0]["version"] == 3 and not own["arriving"])
    assert answers(loaded) == ["one"]
    # The file's own chat is another one.
    assert answers(panel) == ["ONE", "two"]


def test_the_servers_models_can_be_chosen(simulator: Simulator, panel: Panel) -> None:
    assert [each["value"] for each in panel.own["choices"]["models"]][:2] == ["flash", "pro"]
    panel.page("models")
    panel.wait(lambda _: any(entry["path"].endswith("/models") for entry in simulator.log()))
    panel.ask(f"{echo('one')}")
    panel.page("choose", option="model", value="other-model")
    panel.ask(echo("two"))
    panel.page("models")
    own = panel.wait(lambda own: "other-model" in [each["value"] for each in own["choices"]["models"]])
    assert (own["choices"]["model"], own["choices"]["default_model"]) == ("other-model", "flash")
