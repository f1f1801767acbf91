"""Branches of a chat: a version that was asked anew has turns of its own after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nbstream
from nbstream.chat import again
from nbstream.chat.cells import outside
from nbstream.chat.turn import Version
from nbstream.chat.turn_list import TurnList
from nbstream.client import notes
from nbstream.model.exceptions import RequestError
from nbstream.model.reply import Reply
from tests.chat.conftest import bodies
from tests.chat.test_chat import ask, sent, texts

if TYPE_CHECKING:
    from pathlib import Path

    from nbstream.chat.conversation import Chat
    from nbstream.simulator.server import Simulator
    from tests.chat.conftest import Cells


def branch(chat: Chat, index: int, answer: str | None = None, **options: object) -> None:
    prompt = None if answer is None else f"[simulate: echo] {answer}"
    chat.branch(index, prompt, **options).result()


def with_turns(*words: str) -> Chat:
    chat = nbstream.Chat("plan")
    for word in words:
        ask(chat, word)
    return chat


def test_what_follows_a_version_is_what_followed_it(simulator: Simulator) -> None:
    chat = with_turns("one", "two", "three")
    branch(chat, 1, "TWO")
    assert sent(simulator) == ["user: one", "assistant: one", "user: TWO"]
    assert texts(chat) == ["one", "TWO"]
    ask(chat, "four")
    assert sent(simulator)[2:] == ["user: TWO", "assistant: TWO", "user: four"]
    chat.turns[1].use(0)
    assert texts(chat) == ["one", "two", "three"]
    assert not any(turn.outdated for turn in chat.turns)
    ask(chat, "five")
    chat.turns[1].use(1)
    assert texts(chat) == ["one", "TWO", "four"]
    chat.turns[1].use(0)
    assert texts(chat) == ["one", "two", "three", "five"]
    # Each reply was paid for, whichever branch it is in.
    assert len(chat.every_turn) == 5


def test_a_retry_of_the_last_turn_has_what_follows_for_itself(simulator: Simulator) -> None:
    chat = with_turns("one")
    branch(chat, 0)
    assert [bodies(simulator)[at]["messages"] for at in (0, 1)] == [bodies(simulator)[0]["messages"]] * 2
    ask(chat, "two")
    chat.turns[0].use(0)
    assert texts(chat) == ["one"]
    chat.turns[0].use(1)
    assert texts(chat) == ["one", "two"]


def test_branches_within_branches(simulator: Simulator) -> None:
    chat = with_turns("one", "two", "three")
    branch(chat, 1, "TWO")
    ask(chat, "3")
    branch(chat, 0, "ONE")
    ask(chat, "II")
    assert texts(chat) == ["ONE", "II"]
    chat.turns[0].use(0)
    assert texts(chat) == ["one", "TWO", "3"]
    chat.turns[1].use(0)
    assert texts(chat) == ["one", "two", "three"]
    chat.turns[0].use(1)
    assert texts(chat) == ["ONE", "II"]


def test_a_branch_is_one_change_to_undo(simulator: Simulator) -> None:
    chat = with_turns("one", "two")
    branch(chat, 0, "ONE")
    chat.undo()
    assert texts(chat) == ["one", "two"]
    assert len(chat.turns[0].versions) == 1


def test_a_cell_has_a_turn_of_its_own_in_each_branch(simulator: Simulator, cells: Cells) -> None:
    chat = nbstream.Chat("plan")
    for cell, word in (("a", "one"), ("b", "two")):
        cells.run(cell)
        ask(chat, word)
    branch(chat, 0, "ONE")
    cells.run("b")
    ask(chat, "TWO")
    assert texts(chat) == ["ONE", "TWO"]
    chat.turns[0].use(0)
    assert texts(chat) == ["one", "two"]
    cells.run("b")
    ask(chat, "two!")
    assert texts(chat) == ["one", "two!"]
    chat.turns[0].use(1)
    assert texts(chat) == ["ONE", "TWO"]


def test_branches_are_saved_and_loaded(simulator: Simulator, tmp_path: Path) -> None:
    chat = with_turns("one", "two")
    branch(chat, 0, "ONE")
    ask(chat, "three")
    chat.save(tmp_path / "plan.json")
    loaded = nbstream.Chat.load(tmp_path / "plan.json", "copy")
    assert texts(loaded) == ["ONE", "three"]
    loaded.turns[0].use(0)
    assert texts(loaded) == ["one", "two"]
    assert texts(chat.fork("fork")) == ["ONE", "three"]


def test_a_fork_has_the_turns_that_followed_one_that_is_set_aside(
    simulator: Simulator, cells: Cells, tmp_path: Path
) -> None:
    chat = nbstream.Chat("plan")
    for cell in ("a", "b"):
        cells.run(cell)
        ask(chat, cell)
    branch(chat, 0, "A")
    ask(chat, "c")
    chat.turns[0].use(0)
    chat.turns[0].use(1)
    chat.set_aside(["a"])
    forked = chat.fork("forked")
    assert texts(forked) == texts(chat) == ["c"]
    forked.save(tmp_path / "forked.json")
    assert texts(nbstream.Chat.load(tmp_path / "forked.json", "loaded")) == ["c"]


def test_a_continued_version_keeps_the_turns_that_follow_it(simulator: Simulator) -> None:
    chat = nbstream.Chat("plan")
    chat.stream("[simulate: truncate after=5] x", thinking=False).result()
    branch(chat, 0)
    ask(chat, "two")
    turn = chat.turns[0]
    turn.use(0)
    turn.use(1)
    run = nbstream.stream("[simulate: echo] all", thinking=False)
    chat.continue_version(turn, turn.reply, run)
    run.result()
    assert texts(chat) == ["all", "two"]
    turn.use(0)
    assert len(chat) == 1


def test_turns_that_answered_a_shorter_reply_are_outdated(simulator: Simulator, tmp_path: Path) -> None:
    chat = nbstream.Chat("plan")
    chat.stream("[simulate: truncate after=5] x", thinking=False).result()
    ask(chat, "two")
    turn = chat.turns[0]
    for _ in range(2):
        run = nbstream.stream("[simulate: echo] all", thinking=False)
        chat.continue_version(turn, turn.reply, run)
        run.result()
    assert [each.outdated for each in chat.turns] == [False, True]
    chat.save(tmp_path / "continued.json")
    assert [each.outdated for each in nbstream.Chat.load(tmp_path / "continued.json", "loaded").turns] == [False, True]
    ask(chat, "three")
    assert [each.outdated for each in chat.turns] == [False, True, False]
    for _ in range(3):
        chat.undo()
    assert [each.outdated for each in chat.turns] == [False, False]


def test_an_answer_of_the_users_own_is_not_replaced_by_going_on(simulator: Simulator) -> None:
    chat = nbstream.Chat("plan")
    reply = chat.stream("[simulate: truncate after=5] x").result()
    chat.edit(0, answer="my own")
    # As by Continue below the reply in its cell, which shows the model's text.
    run = again.start(again.another("continue", reply, {}), reply, "continue")
    run.result()
    turn = chat.turns[0]
    assert (turn.answer, len(turn.versions)) == ("my own", 2)
    assert turn.versions[0].reply is run.reply


def test_a_branch_changes_options_and_keeps_those_of_the_turn(simulator: Simulator) -> None:
    chat = nbstream.Chat("plan")
    ask(chat, "one", max_tokens=50)
    branch(chat, 0, model="pro")
    first, second = bodies(simulator)
    assert (second["model"], second["max_tokens"]) == ("deepseek-v4-pro", 50)
    assert first["messages"] == second["messages"]


def test_a_value_that_was_edited_away_is_not_listed(simulator: Simulator) -> None:
    chat = nbstream.Chat("plan")
    chat.stream("[simulate: echo] a {{ x }}", thinking=False, fill={"x": "value"}, values={"y": "other"}).result()
    assert [each.name for each in chat.turns[0].reply.request.inserted] == ["x", "y"]
    run = chat.branch(0, "[simulate: echo] a value")
    assert [each.name for each in run.result().request.inserted] == ["x"]
    assert bodies(simulator)[-1]["messages"][-1]["content"] == "[simulate: echo] a value"
    assert chat.turns[0].edited


def test_a_new_branch_stops_what_arrives_in_the_old_one(simulator: Simulator) -> None:
    chat = with_turns("one")
    run = chat.stream("[simulate: silence] x")
    branch(chat, 0, "ONE")
    assert run.result().status == "cancelled"
    assert texts(chat) == ["ONE"]


def test_a_branch_that_cannot_be_asked_changes_and_stops_nothing(simulator: Simulator) -> None:
    chat = with_turns("one")
    run = chat.stream("[simulate: silence] x")
    wrong: list[tuple[int, str | None, dict[str, object]]] = [
        (0, " ", {}),
        (0, None, {"temperature": -1}),
        (7, None, {}),
        (0, None, {"system": "x"}),
    ]
    for index, prompt, options in wrong:
        with pytest.raises(RequestError):
            chat.branch(index, prompt, **options)
    assert not run.receiver.cancelling
    assert (len(chat), len(chat.turns[0].versions)) == (2, 1)
    run.cancel()


def test_what_is_asked_outside_of_cells_belongs_to_none(simulator: Simulator, cells: Cells) -> None:
    chat = nbstream.Chat("plan")
    cells.run("a")
    with outside():
        ask(chat, "one")
    ask(chat, "two")
    assert [turn.state.place for turn in chat.turns] == [None, ("a", 0)]


def test_listeners_hear_of_each_change_once_it_is_made(simulator: Simulator) -> None:
    chat = with_turns("one")
    heard: list[list[str]] = []

    def listen() -> None:
        heard.append(texts(chat))

    chat.add_listener(listen)
    with notes.taken() as said:
        ask(chat, "two")
        chat.turns[0].use(0)
        chat.hide(0)
        chat.undo()
        chat.clear()
        chat.system = "Be brief."
        chat.system = "Be brief."
    assert len(heard) == 6
    assert len(heard[0]) == 2
    assert heard[-1] == []
    assert len(said) == 4
    chat.remove_listener(listen)
    chat.undo()
    assert len(heard) == 6


Steps = st.lists(st.tuples(st.sampled_from(["ask", "branch", "use", "undo"]), st.integers(0, 7), st.integers(0, 3)))


@given(Steps)
def test_each_turn_answers_the_turns_before_it(steps: list[tuple[str, int, int]]) -> None:
    """Without edits, what is sent before a turn is what it answered, on every branch."""
    turns = TurnList(lambda _index: None)

    def version(before: int | None) -> Version:
        found = turns.present if before is None else turns.present[:before]
        return Version((), Reply(), frozenset(each.version.number for each in found))

    for step, index, number in steps:
        present = turns.present
        if step == "ask":
            turns.ask(None, version(None), None)
        elif step == "undo":
            turns.undo()
        elif present:
            at = index % len(present)
            turn = present[at]
            if step == "branch":
                turns.branch(turn, version(at))
            else:
                turns.select(turn, number % len(turn.versions))
        seen: set[int] = set()
        for turn in turns.present:
            assert turn.version.after == seen
            assert not turn.outdated
            seen.add(turn.version.number)
