"""`%deepseek request` on real ipykernels, and in a shell of a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from nbstream.simulator.server import Simulator
    from tests.jupyter.kernel import Kernel

pytestmark = pytest.mark.kernel

FORMS = {"json": "json()", "python": "python()", "curl": "curl()", "node": "node()", "node sdk": "node(sdk=True)"}


def shown(kernel: Kernel, command: str) -> dict[str, str]:
    """Return the data that a command displays, by MIME type."""
    (output,) = kernel.run(f"%deepseek {command}").outputs_of("display_data")
    data: dict[str, str] = output["content"]["data"]
    return data


def error_of(kernel: Kernel, command: str) -> str:
    """Return the only line on stderr, and assert that there is no traceback."""
    cell = kernel.run(f"%deepseek {command}")
    assert cell.outputs_of("error") == []
    line = cell.text("stderr").removesuffix("\n")
    assert "\n" not in line
    return line


def test_each_form_is_shown_in_colours_and_copies_exactly(kernel: Kernel) -> None:
    kernel.run(
        "%%deepseek --no-think --stop 'it''s' -s 'Be brief.'\n[simulate: tokens=9] 你好 ${x} `y`\n\n\u2028 \"z\""
    )
    for form, method in FORMS.items():
        data = shown(kernel, f"request {form}")
        assert data["text/plain"] == kernel.evaluate(f"nbstream.last.request.{method}")
        assert 'class="nbstream-code highlight"' in data["text/html"]
        assert '<span class="s2">' in data["text/html"] or '<span class="l">' in data["text/html"]
        assert "simulated" not in data["text/plain"]


@pytest.mark.parametrize(
    "scenario", ["status=401", "close after=3", "truncate after=3", "finish reason=aborted after=1"]
)
def test_the_request_of_a_reply_that_failed_is_shown(kernel: Kernel, scenario: str) -> None:
    kernel.run(f"%%deepseek\n[simulate: {scenario}] Why is the sky blue?")
    data = shown(kernel, "request")
    assert "Why is the sky blue?" in data["text/plain"]
    assert "Why is the sky blue?" in data["text/html"]
    assert data["text/plain"].startswith("POST http://127.0.0.1:")


def test_the_request_of_a_reply_that_is_still_arriving_is_shown(kernel: Kernel, server: Simulator) -> None:
    kernel.run("%%deepseek --background\n[simulate: silence after=5] Why?")
    assert "Why?" in shown(kernel, "request python")["text/plain"]
    kernel.run("%deepseek cancel")
    assert "Why?" in shown(kernel, "request python")["text/plain"]


def test_a_form_that_does_not_exist_is_a_one_line_error(kernel: Kernel) -> None:
    kernel.run("%%deepseek\n[simulate: tokens=9] Hi")
    for word in ("rust", "python sdk", "sdk"):
        assert error_of(kernel, f"request {word}") == (
            f"UsageError: %deepseek request {word}: the forms are json, python, curl, node, and node sdk."
        )


def test_without_a_reply_it_is_a_one_line_error(kernel: Kernel) -> None:
    kernel.run("from nbstream.client.history import _replies; kept = [*_replies.get()]; _replies.get().clear()")
    try:
        assert error_of(kernel, "request") == "UsageError: There is no reply yet, so no request was sent."
        assert error_of(kernel, "request curl") == "UsageError: There is no reply yet, so no request was sent."
    finally:
        kernel.run("_replies.get().extend(kept)")


def test_a_recording_has_no_request(kernel: Kernel) -> None:
    kernel.run(
        "from tests.pieces import PiecesSource\nfrom nbstream.client.start import start_run\n"
        "reply = start_run(PiecesSource([(0, b'data: [DONE]\\n\\n')])).result()"
    )
    for word in ("", " python"):
        assert error_of(kernel, f"request{word}").startswith("UsageError: The request of this reply is not known")
