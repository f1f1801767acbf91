"""A comparison in a notebook that nbclient, nbconvert or papermill runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbstream.widgets import front_ends
from nbstream.widgets.compare.compare import Compare
from nbstream.widgets.instruments import transcript
from tests import needs

if TYPE_CHECKING:
    import pytest

    from nbstream.simulator.server import Simulator

needs.bundle()


def test_a_blind_comparison_waits_for_the_whole_answers(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Any] = []
    monkeypatch.setattr(transcript, "display", lambda bundle, **_: shown.append(bundle))
    monkeypatch.setattr(front_ends, "current", lambda: front_ends.NOBODY)
    prompt = "What is a median? [simulate: normal tokens=2000]"
    compare = Compare(prompt, ["flash", "pro"], blind=True, thinking=False)
    compare._ipython_display_()
    (bundle,) = shown
    assert "Not all answers had ended" not in bundle["text/plain"]
    for reply in compare.replies:
        assert reply.answer in bundle["text/plain"]
    assert compare.choice is None
    assert "flash" not in bundle["text/plain"]
    compare.close()
    assert simulator.log()
