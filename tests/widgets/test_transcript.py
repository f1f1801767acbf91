"""When the static transcript of an instrument is renewed, and in the name of which cell."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

import nbstream
from tests import needs

needs.bundle()
from nbstream.widgets import front_ends  # noqa: E402  (only where the page was built)
from nbstream.widgets.instruments import transcript  # noqa: E402
from nbstream.widgets.instruments.instrument import Instrument  # noqa: E402  (as above)
from nbstream.widgets.instruments.pump import Pump  # noqa: E402  (as above)

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbstream.simulator.server import Simulator


class Kernel:
    """What an instrument uses of an ipykernel; it notes the updates of outputs."""

    iopub_socket = None

    def __init__(self) -> None:
        self.updates: list[tuple[str, str, str]] = []
        self.at_end: list[Callable[[object], object]] = []
        self.session = SimpleNamespace(send=self._send)
        events = SimpleNamespace(register=self._register, unregister=lambda _, function: self.at_end.remove(function))
        self.shell = SimpleNamespace(events=events)
        self._request: dict[str, Any] = {}
        self.begin("first")

    def begin(self, cell: str) -> None:
        """Run a cell; its request has a new name each time."""
        number = self._request.get("header", {}).get("number", 0) + 1
        self._request = {"header": {"msg_id": f"{cell}/{number}", "number": number}, "metadata": {"cellId": cell}}

    def end(self) -> None:
        for function in [*self.at_end]:
            function(None)

    def get_parent(self, _channel: str) -> dict[str, Any]:
        return self._request

    def _register(self, event: str, function: Callable[[object], object]) -> None:
        assert event == "post_run_cell"
        self.at_end.append(function)

    def _send(self, _socket: None, kind: str, content: dict[str, Any], parent: dict[str, Any]) -> None:
        if kind == "update_display_data":
            place = content["transient"]["display_id"]
            self.updates.append((parent["header"]["msg_id"], place, content["data"]["text/html"]))


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    made = Kernel()
    monkeypatch.setattr(front_ends, "running_kernel", lambda: made)
    monkeypatch.setattr(front_ends, "current", lambda: front_ends.JUPYTER)
    return made


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def finished(prompt: str) -> nbstream.Reply:
    return nbstream.stream(f"[simulate: echo] {prompt}").result(20)


def places(view: nbstream.ReplyView) -> list[str]:
    return [*view._transcript._places]


def test_each_place_is_renewed_whatever_another_one_was_displayed_with(simulator: Simulator, kernel: Kernel) -> None:
    view = nbstream.ReplyView()
    view._transcript.display(None)
    reply = finished("In two places.")
    view.show(reply)
    # Before the first place is renewed.
    kernel.begin("second")
    view._transcript.display(None)
    first, second = places(view)
    wait_for(lambda: kernel.updates)
    view.close()
    assert [(cell, place) for cell, place, _ in kernel.updates] == [("first/1", first)]
    assert first != second
    assert "In two places." in kernel.updates[0][2]


def test_a_cell_that_is_run_again_has_one_place(simulator: Simulator, kernel: Kernel) -> None:
    view = nbstream.ReplyView()
    for cell in ("a", "b", "a", "b", "b"):
        kernel.begin(cell)
        view._transcript.display(None)
        view._transcript.display(None)
    assert len(places(view)) == 4
    view.show(finished("Run again."))
    wait_for(lambda: len(kernel.updates) == 4)
    view.close()
    assert [cell for cell, *_ in kernel.updates] == ["a/4", "a/4", "b/6", "b/6"]


def test_what_ended_just_before_its_view_was_closed_is_in_the_file(simulator: Simulator, kernel: Kernel) -> None:
    view = nbstream.ReplyView()
    view._transcript.display(None)
    view.show(finished("Closed at once."))
    view.close()
    wait_for(lambda: kernel.updates)
    assert "Closed at once." in kernel.updates[0][2]


def test_a_page_that_has_another_one_gets_it_again(simulator: Simulator, kernel: Kernel) -> None:
    view = nbstream.ReplyView()
    view._transcript.display(None)
    view.show(finished("Not for a page that was being reloaded \N{WATER WAVE}."))
    wait_for(lambda: len(kernel.updates) == 1)
    length = len(kernel.updates[0][2].encode("utf-16-le")) // 2
    view._on_message({"type": "transcript", "lengths": [length], "page": "here", "number": 1})
    view._on_message({"type": "transcript", "lengths": [12], "page": "reloaded", "number": 1})
    wait_for(lambda: len(kernel.updates) == 2)
    view.close()
    assert kernel.updates[1] == kernel.updates[0]


@pytest.mark.usefixtures("kernel")
def test_an_inspector_offers_to_stay_where_that_works(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    reply = finished("Looked into.")
    offers = {}
    for front_end in (front_ends.JUPYTER, front_ends.VOILA):
        monkeypatch.setattr(front_ends, "current", lambda front_end=front_end: front_end)
        inspector = nbstream.Inspector(reply)
        offers[front_end.name] = inspector._own()["can_keep"]
        inspector.close()
    assert offers == {"Jupyter": True, "Voilà": False}


def test_headings_are_not_in_the_table_of_contents(simulator: Simulator, kernel: Kernel) -> None:
    view = nbstream.ReplyView()
    view._transcript.display(None)
    view.show(finished("## A heading\n\nand `<h2>` in code"))
    wait_for(lambda: kernel.updates)
    view.close()
    html = kernel.updates[0][2]
    assert '<h2 class="jp-toc-ignore">A heading</h2>' in html
    assert "<code" in html
    assert "&lt;h2&gt;" in html


def test_where_nobody_watches_a_cell_ends_with_the_reply_in_the_file(
    simulator: Simulator, kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(front_ends, "current", lambda: front_ends.NOBODY)
    view = nbstream.ReplyView()
    view._transcript.display(None)
    kernel.end()
    assert kernel.updates == []
    kernel.begin("next")
    view.ask("Nobody watches [simulate: normal tokens=60 rate=200]")
    kernel.end()
    # nbclient takes an update only of the cell that runs.
    assert "next/2" in {cell for cell, *_ in kernel.updates}
    (html,) = {html for cell, _, html in kernel.updates if cell == "next/2"}
    assert "nbstream-settled" in html
    sent = len(kernel.updates)
    kernel.begin("last")
    monkeypatch.setattr(view, "_bundle", None)
    kernel.end()
    assert len(kernel.updates) == sent
    view.close()
    assert kernel.at_end == []


def test_what_a_cell_changes_is_in_the_file_though_the_thread_comes_too_late(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Titled(Instrument):
        title = "first"

        def _on_change(self) -> None:
            self.transcribe()

        def _plain(self) -> str:
            return self.title

    monkeypatch.setattr(front_ends, "current", lambda: front_ends.NOBODY)
    monkeypatch.setattr(Pump, "wake", lambda _: None)
    instrument = Titled()
    instrument._transcript.display(None)
    kernel.end()
    assert kernel.updates == []
    kernel.begin("next")
    instrument.title = "second"
    instrument.changed()
    kernel.end()
    ((cell, _, html),) = kernel.updates
    assert (cell, "second" in html) == ("next/2", True)
    instrument.close()


def test_a_comparison_is_renewed_once_all_columns_have_ended(
    simulator: Simulator, kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transcript, "_LATER_SECONDS", 1_000)
    specs = [
        {"model": "flash", "prompt": "[simulate: echo] The quick one."},
        {"model": "flash", "prompt": "[simulate: echo rate=20] The slow one, which has some more words to say."},
    ]
    compared = nbstream.Compare(None, specs)
    compared._transcript.display(None)
    compared.wait(60)
    wait_for(lambda: kernel.updates)
    compared.close()
    (update,) = kernel.updates
    assert "The quick one." in update[2]
    assert "some more words to say." in update[2]
