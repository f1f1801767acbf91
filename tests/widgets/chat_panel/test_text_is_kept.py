"""Whatever users press, and whenever: each prompt that they sent is somewhere, and once."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nbstream
from tests.widgets.chat_panel.conftest import Panel

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator

ACTIONS = ("send", "slow", "failing", "unsendable", "stop", "unqueue", "send_queued", "send_unsent", "take", "wait")
_numbers = iter(range(10**6))
_chats = iter(range(10**6))


def places(panel: Panel) -> Counter[str]:
    """Return where each sent prompt is: a turn, the queue, an unsent row, or the input field."""
    own = panel.own
    found = Counter[str]()
    queued = own["queued"]
    texts = [turn.prompt for turn in panel.chat.turns] + [each.prompt for each in panel.state.asking.unsent]
    texts += [queued["prompt"]] if queued is not None else []
    for text in (*texts, own["draft"]["text"]):
        found.update(word for word in text.split() if word.startswith("prompt-"))
    return found


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(ACTIONS), min_size=3, max_size=14))
def test_no_prompt_is_lost_or_asked_twice(simulator: Simulator, actions: list[str]) -> None:
    panel = Panel(nbstream.Chat(f"plan-{next(_chats)}", thinking=False))
    sent: list[str] = []
    typed = ""

    def send(scenario: str) -> None:
        nonlocal typed
        word = f"prompt-{next(_numbers)}"
        sent.append(word)
        # The page sends what is in its field, and the field is empty then.
        panel.page("send", text=f"{typed}\n{word} {scenario}" if typed else f"{word} {scenario}")
        typed = ""

    for action in actions:
        own = panel.own
        queued: Any = own["queued"]
        unsent = [row["key"] for row in own["rows"] if row["kind"] == "unsent"]
        match action:
            case "send":
                send("[simulate: echo]")
            case "slow":
                send("[simulate: normal tokens=10 rate=500]")
            case "failing":
                send("[simulate: reset after=2]")
            case "unsendable":
                panel.page("choose", option="model", value="ollama/")
                send("[simulate: echo]")
                # Options count when the request is made.
                panel.wait(lambda _: not panel.state.asking.worker.is_busy)
                panel.page("choose", option="model", value="")
            case "stop":
                panel.page("stop")
            case "unqueue" if queued is not None:
                panel.page("unqueue", queued=queued["id"], text=typed)
                typed = panel.own["draft"]["text"]
            case "send_queued" if queued is not None:
                panel.page("send_queued", queued=queued["id"])
            case "send_unsent" if unsent:
                panel.page("send_unsent", row=unsent[0])
            case "take" if unsent:
                panel.page("edit", row=unsent[0], text=typed)
                typed = panel.own["draft"]["text"]
            case "wait":
                panel.wait(lambda own: not own["arriving"])
    panel.wait(lambda own: not own["arriving"] and not panel.state.asking.worker.is_busy and not waits(own))
    assert places(panel) == Counter(sent)
    panel.state.close()


def waits(own: Any) -> bool:
    """Return whether a queued prompt is going to be sent."""
    return own["queued"] is not None and not own["queued"]["held"]
