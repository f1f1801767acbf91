"""Chats against the simulator: their messages, the turn of a cell, and every change of a turn."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import nbstream
from nbstream.exchange import round_trip
from nbstream.model.exceptions import NbstreamWarning, RequestError
from nbstream.output import sentences
from nbstream.output.wording import footer
from tests.chat.conftest import bodies

if TYPE_CHECKING:
    from pathlib import Path

    from nbstream.chat.conversation import Chat
    from nbstream.exchange.round_trip import Message
    from nbstream.model.reply import Reply
    from nbstream.simulator.server import Simulator
    from tests.chat.conftest import Cells


#: The simulator begins each echo with it.
MARK = "*Simulated: no model was called.*\n\n"


def ask(chat: Chat, answer: str, **options: object) -> Reply:
    """Ask for an answer of these words."""
    return chat.stream(f"[simulate: echo] {answer}", thinking=False, **options).result()


def texts(chat: Chat) -> list[str]:
    return [turn.answer.removeprefix(MARK) for turn in chat.turns]


def sent(simulator: Simulator) -> list[str]:
    """Return the roles and texts of the last request, without the simulator's directives."""
    return [
        f"{each['role']}: {each['content'].removeprefix('[simulate: echo] ').removeprefix(MARK)}"
        for each in bodies(simulator)[-1]["messages"]
    ]


def test_each_prompt_is_sent_after_the_turns_before_it(simulator: Simulator) -> None:
    chat = nbstream.Chat("plan", system="Be brief.")
    replies = [ask(chat, word) for word in ("one", "two", "three")]
    assert sent(simulator) == [
        "system: Be brief.", "user: one", "assistant: one", "user: two", "assistant: two", "user: three"
    ]  # fmt: skip
    assert texts(chat) == ["one", "two", "three"]
    assert [reply.request.turn and reply.request.turn.before for reply in replies] == [0, 1, 2]
    assert footer(replies[0])[:2] == ["plan", "turn 1"]
    assert footer(replies[1])[:3] == ["plan", "turn 2", "1 turn before it"]
    assert footer(replies[2])[:3] == ["plan", "turn 3", "2 turns before it"]


def test_a_chat_is_known_by_its_name(simulator: Simulator) -> None:
    chat = nbstream.Chat("plan", system="Be brief.")
    ask(chat, "one")
    again = nbstream.Chat("plan")
    assert again is chat
    assert (again.system, texts(again)) == ("Be brief.", ["one"])
    ask(nbstream.Chat("other"), "two")
    assert sent(simulator) == ["user: two"]


@pytest.mark.parametrize("name", ["", "two words", "off", "-c", "a\nb", " plan", "\u202eplan"])
def test_a_name_is_one_word(name: str) -> None:
    with pytest.raises(RequestError, match="no name of a chat"):
        nbstream.Chat(name)


def test_no_chat_unless_it_is_named(simulator: Simulator) -> None:
    ask(nbstream.Chat("plan"), "one")
    nbstream.stream("[simulate: echo] two").result()
    assert sent(simulator) == ["user: two"]


def test_a_cell_that_is_run_again_replaces_its_own_turn(simulator: Simulator, cells: Cells) -> None:
    chat = nbstream.Chat("plan")
    for cell, word in (("a", "one"), ("b", "two"), ("c", "three")):
        cells.run(cell)
        ask(chat, word)
    cells.run("b")
    reply = ask(chat, "TWO")
    assert sent(simulator) == ["user: one", "assistant: one", "user: TWO"]
    assert footer(reply)[:3] == ["plan", "turn 2, version 2", "1 turn before it"]
    assert texts(chat) == ["one", "TWO", "three"]
    assert [version.answer.removeprefix(MARK) for version in chat.turns[1].versions] == ["two", "TWO"]
    assert [turn.outdated for turn in chat.turns] == [False, False, True]
    assert "answered an earlier version" in repr(chat.turns[2])
    # A later cell sends the later turns, too.
    cells.run("d")
    ask(chat, "four")
    assert sent(simulator)[-5:] == [
        "user: TWO", "assistant: TWO", "user: three", "assistant: three", "user: four"
    ]  # fmt: skip
    cells.run("c")
    ask(chat, "THREE")
    assert [turn.outdated for turn in chat.turns] == [False, False, False, True]


def test_an_old_version_can_be_used_again(simulator: Simulator, cells: Cells) -> None:
    chat = nbstream.Chat("plan")
    for cell, word in (("a", "one"), ("b", "two"), ("a", "ONE")):
        cells.run(cell)
        ask(chat, word)
    assert [turn.outdated for turn in chat.turns] == [False, True]
    chat.turns[0].use(0)
    assert [turn.outdated for turn in chat.turns] == [False, False]
    cells.run("c")
    ask(chat, "three")
    assert sent(simulator)[:2] == ["user: one", "assistant: one"]
    with pytest.raises(RequestError, match="2 versions"):
        chat.turns[0].use(2)


def test_a_loop_in_a_cell_asks_several_turns(simulator: Simulator, cells: Cells) -> None:
    chat = nbstream.Chat("plan")
    for words in (("one", "two", "three"), ("ONE", "TWO")):
        running = cells.run("a")
        for word in words:
            ask(chat, word)
        chat.end_cell(running)
    assert sent(simulator) == ["user: ONE", "assistant: ONE", "user: TWO"]
    assert texts(chat) == ["ONE", "TWO"]
    assert [turn.answer.removeprefix(MARK) for turn in chat.aside] == ["three"]
    cells.run("b")
    with pytest.warns(NbstreamWarning, match=r"Turn 3 of the chat plan is set aside .*restore\(\)"):
        ask(chat, "four")
    assert chat.restore() == 1
    assert texts(chat) == ["ONE", "TWO", "three", "four"]


def test_without_cells_a_prompt_is_a_new_turn(simulator: Simulator) -> None:
    chat = nbstream.Chat("plan")
    for _ in range(2):
        ask(chat, "one")
    assert sent(simulator) == ["user: one", "assistant: one", "user: one"]


def test_the_turn_of_a_deleted_cell_is_set_aside_and_told_once(
    simulator: Simulator, cells: Cells, recwarn: pytest.WarningsRecorder
) -> None:
    chat = nbstream.Chat("plan")
    for cell, word in (("a", "one"), ("b", "two")):
        cells.run(cell)
        ask(chat, word)
    chat.set_aside({"a", "unknown"})
    for cell, word in (("c", "three"), ("d", "four")):
        cells.run(cell)
        ask(chat, word)
    assert [str(each.message)[:50] for each in recwarn] == ["Turn 1 of the chat plan is set aside and not sent "]
    assert sent(simulator) == ["user: two", "assistant: two", "user: three", "assistant: three", "user: four"]
    # Its deletion was undone, and the cell is run again.
    cells.run("a")
    ask(chat, "ONE")
    assert texts(chat) == ["ONE", "two", "three", "four"]
    assert sent(simulator) == ["user: ONE"]


def test_a_stopped_or_truncated_turn_is_sent_with_what_arrived(simulator: Simulator) -> None:
    chat = nbstream.Chat("plan")
    cut = chat.stream("[simulate: truncate after=5] x", thinking=False).result()
    run = chat.stream("[simulate: silence after=3] y")
    while not run.reply.reasoning:
        run.receiver.wait(0, timeout=0.01)
    run.cancel()
    stopped = run.result()
    assert (cut.status, stopped.status, stopped.answer) == ("truncated", "cancelled", "")
    ask(chat, "z")
    messages = bodies(simulator)[-1]["messages"]
    assert [each["content"] for each in messages if each["role"] == "assistant"] == [cut.message["content"], ""]
    assert all("reasoning_content" not in each for each in messages)


def test_a_turn_that_failed_without_a_token_is_not_sent(simulator: Simulator) -> None:
    chat = nbstream.Chat("plan")
    ask(chat, "one")
    failed = chat.stream("[simulate: 402] two").result()
    assert failed.status == "failed"
    reply = ask(chat, "three")
    assert sent(simulator) == ["user: one", "assistant: one", "user: three"]
    assert footer(reply)[:3] == ["plan", "turn 3", "1 turn before it"]
    half = chat.stream("[simulate: reset after=5] four", thinking=False).result()
    assert (half.status, bool(half.answer)) == ("failed", True)
    ask(chat, "five")
    assert bodies(simulator)[-1]["messages"][-2] == {"role": "assistant", "content": half.message["content"]}


def test_a_turn_that_still_arrives_is_waited_for(simulator: Simulator) -> None:
    chat = nbstream.Chat("plan")
    run = chat.stream("[simulate: silence] x")
    with pytest.raises(RequestError, match="Turn 1 of the chat plan is still arriving"):
        ask(chat, "two")
    with pytest.raises(RequestError, match=r"not written.* still arrives"):
        chat.to_json()
    assert len(bodies(simulator)) <= 1
    run.cancel()
    run.result()
    ask(chat, "two")
    assert len(chat) == 2
    # Nor is a part of a reply written that is not sent, as it is hidden or an old version.
    run = chat.branch(1, "[simulate: silence] x")
    chat.hide(1)
    for _ in range(2):
        with pytest.raises(RequestError, match=r"not written.* still arrives"):
            chat.to_json()
        chat.turns[1].use(0)
    with pytest.raises(RequestError, match=r"not forked.* still arrives"):
        chat.fork("other")
    # What is replaced cannot be seen or stopped any more.
    with pytest.warns(NbstreamWarning, match="are replaced"):
        nbstream.Chat("third").fork("plan")
    assert run.result(20).status == "cancelled"
    chat.undo()
    assert len(chat) == 2
    chat.to_json()


def test_hide_and_edit_tell_from_where_on_the_cache_is_lost(
    simulator: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    chat = nbstream.Chat("plan")
    for word in ("one", "two", "three"):
        ask(chat, word)
    chat.hide(1)
    assert "From turn 2 on, the chat plan differs" in capsys.readouterr().out
    ask(chat, "four")
    assert sent(simulator) == ["user: one", "assistant: one", "user: three", "assistant: three", "user: four"]
    chat.edit(0, answer="1")
    assert "From turn 1 on" in capsys.readouterr().out
    assert (chat.turns[0].answer, chat.turns[0].reply.answer, chat.turns[0].edited) == ("1", f"{MARK}one", True)
    chat.hide(1, hidden=False)
    capsys.readouterr()
    # Nothing was sent after the last turn.
    chat.edit(3, answer="4")
    assert capsys.readouterr().out == ""
    ask(chat, "five")
    assert [line for line in sent(simulator) if "assistant" in line] == [
        "assistant: 1", "assistant: two", "assistant: three", "assistant: 4"
    ]  # fmt: skip
    assert [turn.outdated for turn in chat.turns] == [False, True, True, True, False]


def test_every_change_can_be_undone(simulator: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    chat = nbstream.Chat("plan")
    for word in ("one", "two"):
        ask(chat, word)
    chat.hide(0)
    chat.edit(1, prompt="2?")
    assert chat.turns[1].prompt == "2?"
    chat.clear()
    assert len(chat) == 0
    capsys.readouterr()
    chat.undo()
    assert capsys.readouterr().out == "Undone in the chat plan: the chat was cleared.\n"
    assert chat.turns[1].prompt == "2?"
    chat.undo()
    assert chat.turns[1].prompt == "[simulate: echo] two"
    assert chat.turns[0].hidden
    chat.undo()
    assert not chat.turns[0].hidden
    chat.undo()
    assert texts(chat) == ["one"]
    run = chat.stream("[simulate: silence] x")
    chat.undo()
    assert run.result().status == "cancelled"
    chat.undo()
    assert len(chat) == 0
    with pytest.raises(RequestError, match="nothing to undo"):
        chat.undo()


def test_a_fork_has_the_first_turns(simulator: Simulator) -> None:
    chat = nbstream.Chat("plan", system="Be brief.", model="pro")
    for word in ("one", "two", "three"):
        ask(chat, word)
    fork = chat.fork("other", at=1)
    ask(fork, "TWO")
    assert sent(simulator) == ["system: Be brief.", "user: one", "assistant: one", "user: TWO"]
    assert bodies(simulator)[-1]["model"] == "deepseek-v4-pro"
    assert (texts(chat), texts(fork)) == (["one", "two", "three"], ["one", "TWO"])
    fork.hide(0)
    assert not chat.turns[0].hidden
    with pytest.warns(NbstreamWarning, match="2 turns of the chat other are replaced"):
        chat.fork("other")
    assert texts(fork) == ["one", "two", "three"]
    fork.undo()
    assert texts(fork) == ["one", "TWO"]
    with pytest.raises(RequestError, match="another name"):
        chat.fork("plan")


def test_a_new_system_prompt_holds_from_then_on(simulator: Simulator) -> None:
    chat = nbstream.Chat("plan")
    ask(chat, "one", system="A")
    with pytest.warns(NbstreamWarning, match="another system prompt"):
        ask(chat, "two", system="B")
    ask(chat, "three")
    assert sent(simulator)[0] == "system: B"
    assert chat.messages[0] == {"role": "system", "content": "B"}


def test_a_prompt_that_is_refused_takes_no_turn(simulator: Simulator, cells: Cells) -> None:
    chat = nbstream.Chat("plan")
    cells.run("a")
    with pytest.raises(RequestError):
        ask(chat, "one", messages=[])
    with pytest.raises(RequestError):
        ask(chat, "one", temperature=-1)
    assert (len(chat), bodies(simulator)) == (0, [])
    ask(chat, "one")
    assert len(chat) == 1


def test_the_key_of_a_chat_is_neither_shown_nor_kept(simulator: Simulator) -> None:
    key = "sk-canary-0123456789"
    chat = nbstream.Chat("plan", api_key=key, base_url=f"{simulator.url}?token={key}", max_tokens=50)
    ask(chat, "one")
    assert simulator.log()[-1]["status"] == 200
    shown = [repr(chat), repr(vars(chat)), chat.to_json(), chat.markdown(), chat._repr_html_(), repr(chat.turns)]
    assert key not in "".join(shown)


def test_a_prompt_that_is_too_long_names_the_largest_turns(simulator: Simulator) -> None:
    chat = nbstream.Chat("plan")
    for size in (10, 4000, 20, 6000):
        ask(chat, "word " * size)
    reply = chat.stream("[simulate: window size=1000] x").result()
    assert reply.status == "failed"
    said = sentences.alert(reply, "cell")
    assert "turn 4 (about 18,000 tokens), turn 2 (about 12,000 tokens)" in said
    assert 'nbstream.Chat("plan").hide(3)' in said
    assert chat.turns[-1].version.is_empty


@pytest.mark.parametrize(("share", "shown"), [(0.5, True), (0.21, True), (0.19, False)])
def test_the_footer_tells_how_full_the_context_is_from_a_fifth_on(
    simulator: Simulator, share: float, *, shown: bool
) -> None:
    reply = nbstream.Chat("plan").stream("[simulate: normal tokens=40] x", thinking=False).result()
    usage = reply.usage
    assert usage is not None
    usage = replace(usage, completion_tokens=1_000 - (usage.prompt_tokens or 0))
    sized = replace(reply, usage=usage, request=replace(reply.request, context_window=round(1_000 / share)))
    assert (f"context {share:.0%} full" in footer(sized)) is shown
    # The window of DeepSeek's models is known.
    assert (reply.request.context_window or 0) >= 1_000_000


def test_a_turn_that_is_not_there_is_one_line(simulator: Simulator, tmp_path: Path) -> None:
    chat = nbstream.Chat("plan")
    ask(chat, "one")
    for call in (chat.hide, lambda index: chat.edit(index, answer="x"), lambda at: chat.fork("b", at=2 * at)):
        for index in (1, -3, 99):
            with pytest.raises(RequestError, match="counted from 0"):
                call(index)
    chat.hide(-1)
    assert chat.turns[0].hidden
    with pytest.raises(RequestError, match="cannot be written"):
        chat.save(tmp_path / "missing" / "plan.json")
    for prompt in ("", " \n", None, 3):
        with pytest.raises(RequestError, match="prompt"):
            chat.ask(prompt)  # type: ignore[arg-type]


def test_a_copy_of_a_chat_is_the_chat() -> None:
    chat = nbstream.Chat("plan")
    assert copy.deepcopy(chat) is copy.copy(chat) is pickle.loads(pickle.dumps(chat)) is chat


def test_the_messages_of_a_turn_are_made_once(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Reply] = []
    original = round_trip.messages_of

    def counted(reply: Reply, *rest: Any) -> tuple[Message, ...]:
        made.append(reply)
        return original(reply, *rest)

    monkeypatch.setattr(round_trip, "messages_of", counted)
    chat = nbstream.Chat("plan")
    for _ in range(30):
        chat.stream("[simulate: normal tokens=3] x", thinking=False).result()
    # Each new turn makes those of the turn before it: the cost of a turn does not grow with them.
    assert len(made) == 29
