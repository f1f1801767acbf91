"""A text that is being changed, until it is sent: a reload and a refusal keep it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from nbstream.model.exceptions import RequestError
from nbstream.widgets.chat_panel.drafts import Drafts
from tests.widgets.chat_panel.test_state import echo

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator
    from tests.widgets.chat_panel.conftest import Panel


def editing(row: str, text: str, part: str = "prompt") -> dict[str, Any]:
    return {"row": row, "part": part, "text": text}


def opened(panel: Panel) -> Any:
    return panel.own["draft"]["editing"]


def test_an_open_form_is_a_part_of_the_draft_until_it_is_sent(simulator: Simulator, panel: Panel) -> None:
    panel.ask(echo("one"))
    form = editing(panel.rows[0]["key"], echo("two"))
    panel.page("draft", text="typed", editing=form)
    assert opened(panel) == form
    # A prompt that is sent meanwhile leaves it open.
    panel.ask(echo("more"))
    assert (panel.own["draft"]["text"], opened(panel)) == ("", form)
    panel.page("edit", **form, number=50)
    # Sent before, and on another channel.
    panel.page("draft", text="", editing=form, number=49)
    assert opened(panel) is None
    panel.wait(lambda own: own["rows"][0]["versions"] == 2 and not own["arriving"])


@pytest.mark.parametrize("part", ["prompt", "answer"])
def test_a_refused_edit_opens_its_form_again(simulator: Simulator, panel: Panel, part: str) -> None:
    panel.ask(echo("one"))
    key = panel.rows[0]["key"]
    if part == "prompt":
        panel.page("choose", option="model", value="ollama/")
    else:
        panel.page("retry", row=key)
        # As a slow page sends it: the turn arrives again by then.
        panel.chat.edit = refuse  # type: ignore[method-assign]
    form = editing(key, echo("my own"), part)
    panel.page("draft", text="typed", editing=form)
    assert panel.page("edit", **form) == {}
    own = panel.wait(lambda own: own["remark"] and not own["arriving"])
    draft = own["draft"]
    assert (draft["page"], draft["put_editing"], draft["editing"]) == ("", draft["number"], form)
    # A page that does not know of it yet does not close it.
    panel.page("draft", text="typed", seen=draft["number"] - 1)
    assert opened(panel) == form
    assert [row["kind"] for row in own["rows"]] == ["turn"]
    # While another form is open, its text is not replaced.
    other = editing(key, "in the other form", "prompt" if part == "answer" else "answer")
    panel.page("draft", text="typed", editing=other)
    panel.state.asking.change(lambda: panel.state._actions._give_back(panel.chat.turns[0], form))  # type: ignore[arg-type]
    panel.wait(lambda _: not panel.state.asking.worker.is_busy)
    assert opened(panel) == other
    assert panel.own["draft"]["text"] == ("typed" if part == "prompt" else f"{form['text']}\n\ntyped")


def refuse(*_: object, **__: object) -> None:
    raise RequestError("This turn is still arriving.")


def test_the_text_of_a_turn_that_is_gone_is_in_the_input_field(simulator: Simulator, panel: Panel) -> None:
    panel.ask(echo("one"))
    form = editing(panel.rows[0]["key"], "my own", "answer")
    panel.chat.clear()
    panel.page("draft", text="typed", editing=form)
    assert "Its text is in the input field" in panel.page("edit", **form)["problem"]
    assert (panel.own["draft"]["text"], panel.own["draft"]["editing"]) == ("my own\n\ntyped", None)


def test_a_long_draft_goes_only_to_a_page_that_asks_for_it(panel: Panel) -> None:
    text = "long " * 1000
    panel.page("draft", text=text, editing=editing("t1", text))
    draft = panel.own["draft"]
    assert (draft["page"], draft["is_whole"], draft["text"], draft["editing"]) == ("p", False, "", None)
    whole = panel.page("written", page="q")["draft"]
    assert (whole["number"], whole["text"], whole["editing"]["text"]) == (draft["number"], text, text)


@pytest.mark.parametrize("value", [5, [], {"text": None}, {"row": 3, "part": [], "text": "x"}])
def test_any_editing_of_a_page_is_none_or_whole(value: Any) -> None:
    drafts = Drafts()
    drafts.take({"page": "p", "number": 1, "editing": value})
    assert drafts.state["editing"] in (None, editing("", "x"))
