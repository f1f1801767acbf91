"""The page protocol: its TypeScript, and what its `Meta` holds."""

from __future__ import annotations

import runpy

import pytest

from nbstream.model.events import Answer, Ended, Started, UsageReported
from nbstream.model.presentation import Presentation
from nbstream.model.reduction import reduce
from nbstream.model.reply import Reply
from nbstream.model.request import Request
from nbstream.model.usage import Usage
from nbstream.widgets.meta import meta_of
from tests import kernels

GENERATOR = kernels.ROOT / "js" / "generate_protocol.py"


def test_the_types_of_the_page_are_generated_from_the_protocols() -> None:
    generator = runpy.run_path(str(GENERATOR))
    for source, target in generator["TARGETS"].items():
        assert target.read_text("utf-8") == generator["generate"](source), "run: python js/generate_protocol.py"


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [(Usage(10, 400, 410, reasoning_tokens=300), 100), (Usage(10, 400, 410), 400), (Usage(10), None), (None, None)],
)
def test_meta_counts_the_tokens_of_the_answer_once_the_reply_has_ended(usage: Usage | None, tokens: int | None) -> None:
    reply = reduce(reduce(Reply(), Started(0, Request("m"))), Answer(1, "a"))
    if usage is not None:
        reply = reduce(reply, UsageReported(2, usage))
    going, ended = (
        meta_of(each, Presentation(), elapsed=1, foreground=True) for each in (reply, reduce(reply, Ended(2, "served")))
    )
    assert (going["answer_tokens"], ended["answer_tokens"]) == (None, tokens)
