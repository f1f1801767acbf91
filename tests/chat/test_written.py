"""What a user wrote of a prompt, apart from the values and files that were attached."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nbstream
from nbstream.chat.written import written

if TYPE_CHECKING:
    from pathlib import Path

    from nbstream.simulator.server import Simulator


def test_what_was_attached_is_told_apart(simulator: Simulator, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Attached: no\n")
    chat = nbstream.Chat("plan")
    prompt = "What is {{ x }}?\n\nAttached: nothing"
    options = {"values": {"x": 1, "df": "a\nb"}, "fill": True, "files": str(tmp_path / "notes.txt")}
    reply = chat.stream(prompt, schema="name", **options).result()
    turn = chat.turns[0]
    found = written(turn.prompt, reply.request.inserted)
    assert found.text == "What is 1?\n\nAttached: nothing"
    assert (found.above, f"{found.text}{found.below}") == ("", turn.prompt)
    assert found.changed("Why?").startswith("Why?\n\nAttached: df")


def test_a_prompt_that_was_changed_is_the_users_own(simulator: Simulator) -> None:
    chat = nbstream.Chat("plan")
    chat.stream("one", values={"x": "v"}).result()
    chat.edit(0, prompt="two")
    assert written(chat.turns[0].prompt, chat.turns[0].reply.request.inserted) == ("", "two", "")
    assert written("", chat.turns[0].reply.request.inserted) == ("", "", "")
