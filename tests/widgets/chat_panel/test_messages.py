"""What a page sends to the widget itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nbstream
from nbstream.widgets.chat_panel.panel import ChatPanel

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator


def test_the_texts_that_a_page_asks_for_are_not_kept(simulator: Simulator) -> None:
    chat = nbstream.Chat("plan")
    chat.stream("[simulate: echo] " + "long " * 2000).result()
    panel = ChatPanel(chat)
    key = panel._own()["rows"][0]["key"]
    for number in (1, 2, 2):
        answer = panel._on_message({"type": "text", "row": key, "part": "prompt", "page": "p", "number": number})
        assert answer == {"text": chat.turns[0].prompt}
    assert "long long" not in str(panel._answers)
    panel.close()
