"""What an instrument sends, and what messages of its page do, without a kernel."""

from __future__ import annotations

import threading
import time
from collections import deque
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nbstream
from nbstream.client import settings
from nbstream.model.presentation import presentation_of
from tests import needs

needs.bundle()
from nbstream.widgets.instruments.answers import Answers  # noqa: E402  (only where the page was built)
from nbstream.widgets.instruments.instrument import Instrument  # noqa: E402  (as above)

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbstream.model.events import Event
    from nbstream.simulator.server import Simulator

PRESENTATION = presentation_of(settings.current(), {}, "python")


class Stepped(Instrument):
    """An instrument without a thread: a test lets it send its frames."""

    def __init__(self) -> None:
        self.title = "first"
        self.messages: list[dict[str, Any]] = []
        self.taken: list[str] = []
        self.calls: list[str] = []
        self.on_change: Callable[[], object] = list
        super().__init__()

    def _own(self) -> dict[str, Any]:
        return {"title": self.title}

    def _on_page(self, message: dict[str, Any]) -> dict[str, Any]:
        self.taken.append(message["type"])
        return {"told": len(self.taken)}

    def _on_change(self) -> None:
        self.calls.append(self.title)
        self.on_change()

    def _wake(self) -> None:
        pass

    def send(self, content: dict[str, Any], buffers: Any = None) -> None:  # noqa: ARG002  (as ipywidgets)
        self.messages.append(deepcopy(content))

    def entitle(self, title: str) -> None:
        self.title = title
        self.changed()

    def page(self, number: int, **message: Any) -> dict[str, Any]:
        return self._on_message({"page": "p", "number": number, **message})


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def run_of(prompt: str) -> nbstream.Run:
    return nbstream.stream(f"{prompt} [simulate: normal tokens=30 rate=0]")


def test_a_keyframe_is_the_state_after_its_frame_and_no_later_one() -> None:
    instrument = Stepped()
    instrument.entitle("between")
    keyframe = instrument._keyframe()
    instrument.entitle("first")
    instrument._step()
    # No frame follows, as nothing has changed since the last one.
    assert (keyframe["seq"], keyframe["own"], instrument.messages) == (0, {"title": "first"}, [])


def test_a_change_that_comes_while_a_frame_is_made_is_followed_too() -> None:
    instrument = Stepped()

    def meanwhile() -> None:
        if instrument.title == "one":
            instrument.entitle("two")

    instrument.on_change = meanwhile
    instrument.entitle("one")
    instrument._step()
    instrument._step()
    assert instrument.calls == ["one", "two"]
    assert instrument.messages[-1]["own"] == {"title": "two"}


def test_what_events_change_is_in_the_frame_with_them(simulator: Simulator) -> None:
    class Telling(Stepped):
        def _on_end(self, key: str, reply: nbstream.Reply) -> None:  # noqa: ARG002
            self.entitle(reply.status)

    instrument = Telling()
    run = run_of("What events change")
    instrument.replies.show("one", run, PRESENTATION)
    run.result(20)
    instrument._step()
    (frame,) = instrument.messages
    assert instrument.calls == ["complete"]
    assert (frame["own"], frame["shown"]["one"]["state"]["meta"]["status"]) == ({"title": "complete"}, "complete")


def test_a_hook_that_fails_keeps_no_frame_and_no_end(simulator: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    class Failing(Stepped):
        def _on_events(self, key: str, events: list[Event], reply: nbstream.Reply) -> None:  # noqa: ARG002
            raise RuntimeError("of a subclass")

        def _on_end(self, key: str, reply: nbstream.Reply) -> None:  # noqa: ARG002
            self.taken.append(reply.status)

    instrument = Failing()
    run = run_of("A hook that fails")
    instrument.replies.show("one", run, PRESENTATION)
    run.result(20)
    instrument._step()
    assert instrument.taken == ["complete"]
    assert instrument.messages[-1]["shown"]["one"]["state"]["meta"]["status"] == "complete"
    assert "of a subclass" in caplog.text


def test_a_message_is_acted_upon_once_however_late_its_second_copy_comes() -> None:
    instrument = Stepped()
    assert instrument.page(1, type="ask") == {"told": 1}
    assert instrument.page(1, type="ask") == {"told": 1}
    for number in range(2, 800):
        instrument.page(number, type="other")
    assert instrument.page(1, type="ask") == {}
    assert instrument.taken.count("ask") == 1
    assert len(instrument._answers) == 500


def test_a_message_that_takes_long_holds_up_its_second_copy_alone() -> None:
    answers, begun, goes_on = Answers(), threading.Event(), threading.Event()

    def act() -> dict[str, Any]:
        begun.set()
        assert goes_on.wait(20)
        return {"told": answers.answer("p", 1, lambda: {"told": "twice"})}

    def tell() -> None:
        told.append(answers.answer("p", 1, act))

    told: list[dict[str, Any] | None] = []
    copies = [threading.Thread(target=tell) for _ in range(2)]
    for each in copies:
        each.start()
    assert begun.wait(20)
    # Such as a Stop, of this page and of another one.
    assert answers.answer("p", 2, lambda: {"told": "stop"}) == {"told": "stop"}
    assert answers.answer("q", 1, lambda: {"told": "stop"}) == {"told": "stop"}
    assert told == []
    goes_on.set()
    for each in copies:
        each.join(20)
    assert told == [{"told": None}] * 2


def test_a_page_that_says_no_number_gets_the_whole_state(caplog: pytest.LogCaptureFixture) -> None:
    instrument = Stepped()
    instrument.entitle("second")
    instrument._step()
    said: list[Any] = [None, "1", {}]
    for number, seq in enumerate(said, 1):
        instrument.page(number, type="hello", seq=seq)
        assert instrument._frames.needs_keyframe()
    assert (instrument._outbox, caplog.text) == (deque(), "")


@given(st.lists(st.integers(1, 40), max_size=200), st.sets(st.integers(1, 40)))
def test_each_number_counts_once_in_any_order(numbers: list[int], noted: set[int]) -> None:
    answers, acted = Answers(), []
    for number in noted:
        answers.note("p", number)
    for number in numbers:
        answers.answer("p", number, lambda number=number: acted.append(number))  # type: ignore[misc]
    assert sorted(acted) == sorted(set(numbers) - noted)


def test_a_stop_that_comes_late_does_not_stop_the_reply_in_its_place(simulator: Simulator) -> None:
    instrument = Stepped()
    first = instrument.replies.show("one", run_of("Stopped late"), PRESENTATION)
    run = nbstream.stream("In its place [simulate: normal tokens=5000 rate=50]")
    second = instrument.replies.show("one", run, PRESENTATION)
    instrument.page(1, type="cancel", reply="one", run=first.id)
    assert not run.receiver.cancelling
    instrument.page(2, type="cancel", reply="one", run=second.id)
    assert run.receiver.cancelling


def test_text_may_wait_only_if_no_page_has_its_end_on_the_screen(simulator: Simulator) -> None:
    instrument = Stepped()
    shown = instrument.replies.show("one", run_of("On a screen"), PRESENTATION)
    number = iter(range(1, 100))

    def tell(page: str, kind: str, **message: Any) -> bool:
        instrument._on_message({"page": page, "number": next(number), "type": kind, **message})
        return shown._screens.show_end

    assert tell("a", "mounted")
    assert not tell("a", "visibility", reply="one", seq=1, visible=False)
    # The other page has its end on the screen, and has nothing to report.
    assert tell("b", "mounted")
    assert not tell("b", "visibility", reply="one", seq=1, visible=False)
    assert tell("a", "visibility", reply="one", seq=2, visible=True)
    # A report that comes late counts no more.
    assert tell("a", "visibility", reply="one", seq=1, visible=False)
    assert not tell("a", "left")


def test_what_is_shown_twice_still_tells_when_one_of_them_is_hidden(simulator: Simulator) -> None:
    class Waking(Stepped):
        def _wake(self) -> None:
            woken.append(1)

    woken: list[int] = []
    instrument = Waking()
    run = nbstream.stream("Shown twice [simulate: normal tokens=5000 rate=200]")
    for key in ("one", "two"):
        instrument.replies.show(key, run, PRESENTATION)
    instrument.replies.hide("one")
    before = len(woken)
    wait_for(lambda: len(woken) > before)
    instrument.replies.hide("two")
    run.cancel()
    run.result()
    after = len(woken)
    run.receiver.wake()
    assert len(woken) == after, "nothing of the run is shown any more"


def test_an_observer_that_fails_leaves_a_view_its_other_traits(
    simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    view, ends = nbstream.ReplyView(), []

    def fails(_: Any) -> None:
        raise RuntimeError("of an observer")

    view.observe(fails, ["answer", "status"])
    view.on_end(lambda reply: ends.append(reply.status))
    view.ask("Failing observer [simulate: normal tokens=30 rate=0]")
    wait_for(lambda: ends)
    assert (ends, view.status, view.value == view.answer == view.reply.answer) == (["complete"], "complete", True)
    assert "of an observer" in caplog.text
    view.close()


def test_traits_are_those_of_the_reply_that_is_shown_last(simulator: Simulator) -> None:
    old, new = (run_of(f"Shown {which}").result(20) for which in ("first", "last"))
    run = nbstream.stream("Shown while its traits are set [simulate: normal tokens=5000 rate=200]")
    view = nbstream.ReplyView()
    reached, go_on = threading.Event(), threading.Event()

    def hold(change: Any) -> None:
        if change.new and threading.current_thread() is not threading.main_thread():
            reached.set()
            go_on.wait(20)

    # The widget's thread has set the text of the run, and not yet its status, when another is
    # shown.
    view.observe(hold, "reasoning")
    view.observe(hold, "answer")
    view.show(run)
    assert reached.wait(20)
    view.unobserve_all()
    view.show(old)
    view.show(new)
    go_on.set()
    wait_for(lambda: not view._pump.is_running)
    assert (view.status, view.answer, view.value) == ("complete", new.answer, new.answer)
    assert view.reply == new
    view.close()
    run.cancel()


def test_a_frame_that_is_not_sent_is_followed_by_the_whole_state(caplog: pytest.LogCaptureFixture) -> None:
    class Failing(Instrument):
        def __init__(self) -> None:
            self.title, self.sent = "first", list[int]()
            self.failures = 1
            super().__init__()

        def _own(self) -> dict[str, Any]:
            return {"title": self.title}

        def send(self, content: dict[str, Any], buffers: Any = None) -> None:  # noqa: ARG002  (as ipywidgets)
            if self.failures:
                self.failures -= 1
                raise RuntimeError("of a socket")
            self.sent.append(content["seq"])

        def send_state(self, key: Any = None) -> None:
            if key == "keyframe":
                self.sent.append(self._keyframe()["seq"])
                assert self._keyframe()["own"] == {"title": self.title}

    instrument = Failing()
    instrument.title = "second"
    instrument.changed()
    wait_for(lambda: instrument.sent)
    # A page that has had no frame takes a keyframe with a later number only.
    assert instrument.sent[0] > 0
    assert "of a socket" in caplog.text
    instrument.close()


@pytest.mark.parametrize("shown", ["a prompt", 1, nbstream.stream])
def test_a_view_refuses_what_is_no_reply_and_says_what_to_do(shown: Any) -> None:
    with pytest.raises(nbstream.RequestError, match=r"not \w+: .*ask"):
        nbstream.ReplyView(shown)
    view = nbstream.ReplyView()
    with pytest.raises(nbstream.RequestError):
        view.show(shown)
    view.close()
