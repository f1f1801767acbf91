"""The figures, the settled table and the differences of a comparison."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from nbstream.comparison.differences import differences
from nbstream.model.failure import Failure
from nbstream.model.presentation import Presentation
from nbstream.model.reply import Reply
from nbstream.model.request import Request
from nbstream.model.text import Text
from nbstream.model.timing import Timing
from nbstream.model.usage import Cost, Usage
from nbstream.output.compared import settled
from nbstream.output.compared.differences import AnswerDifferences
from nbstream.output.compared.figures import UNKNOWN, figures_of, notes_of
from nbstream.output.compared.rows import rows_of
from nbstream.output.compared.settled import HIDDEN, Compared
from nbstream.widgets.compare.state import veiled
from tests.output.html_words import Tags

PRICES = datetime(2026, 10, 1, tzinfo=UTC)


def reply(answer: str = "An answer.", *, cost: str | None = "0.0010", first: float = 0.5, **fields: Any) -> Reply:
    timing = Timing(started=1.0, first_delta=first, answer_started=first, last_delta=first + 4, ended=first + 4)
    given: dict[str, Any] = {
        "status": "complete",
        "finish_reason": "stop",
        "timing": timing,
        "request": Request("deepseek-flash"),
        "usage": Usage(20, 401, 421),
        "cost": Cost(Decimal(cost), "USD", "", PRICES) if cost is not None else None,
    }
    return Reply(**{**given, **fields}, _answer=Text().append(answer))


def texts(replies: list[Reply]) -> list[dict[str, str]]:
    return [{each.label: each.text for each in column} for column in figures_of(replies)]


def test_figures_have_the_same_labels_in_the_same_order() -> None:
    slow = reply(first=2.0, usage=Usage(20, 1401, 1421, reasoning_tokens=1000), cost="0.0100")
    columns = figures_of([reply(), slow])
    assert [[each.label for each in column] for column in columns] == [
        ["first token", "time", "tok/s", "in", "thought", "out", "cost"]
    ] * 2
    assert texts([reply(), slow])[0] == {
        "first token": "0.5 s",
        "time": "4.5 s",
        "tok/s": "100",
        "in": "20",
        "thought": UNKNOWN,
        "out": "401",
        "cost": "$0.0010",
    }
    assert [each.label for each in columns[0] if each.is_best] == ["first token", "time", "cost"]


def test_a_figure_is_not_the_best_if_another_one_is_unknown_or_nearly_the_same() -> None:
    assert not any(each.is_best for each in figures_of([reply(), reply(cost=None)])[0] if each.label == "cost")
    assert not any(each.is_best for column in figures_of([reply(first=1.0), reply(first=1.01)]) for each in column)


def test_what_is_not_known_is_a_dash_an_estimate_or_a_bound() -> None:
    stopped = reply("x" * 300, status="cancelled", finish_reason=None, usage=None, cost=None)
    bound = reply(cost=None)
    bound = Reply(**{**_fields(bound), "cost": Cost(Decimal("0.0020"), "USD", "peak", PRICES, at_most=True)})
    first, second = texts([stopped, bound])
    assert (first["state"], first["out"], first["cost"], first["tok/s"]) == ("stopped", "≈ 35", UNKNOWN, UNKNOWN)
    assert second["cost"] == "≤ $0.0020"
    assert notes_of([stopped, bound]) == [
        "≈ is an estimate, as the server did not report it",
        "≤ and ≥ are bounds",
        "prices of 2026-10-01",
        "peak tier",
    ]


def _fields(value: Reply) -> dict[str, Any]:
    return {name: getattr(value, name) for name in ("status", "finish_reason", "timing", "request", "usage")}


def test_figures_of_replies_that_arrive_have_places_and_claim_nothing() -> None:
    arriving = Reply("answering", timing=Timing(started=1.0, first_delta=0.7))
    (column,) = texts([arriving])
    assert column["first token"] == "0.7 s"
    assert {column[label] for label in ("time", "tok/s", "in", "out", "cost")} == {UNKNOWN}
    assert notes_of([arriving]) == []


def compared(**changes: Any) -> Compared:
    replies = [reply("**One** answer.\n\n```python\nx = 1\n```"), reply("Another answer.")]
    given: dict[str, Any] = {"names": ["flash", "pro"], "replies": replies, "same": "temperature 0"}
    return Compared(**{**given, **changes})


def test_it_settles_to_a_table_and_the_answers_below_their_names() -> None:
    bundle = settled.bundle(compared(), Presentation())
    assert bundle["text/plain"].splitlines()[:4] == [
        "       first token   time  tok/s  in  out     cost",
        "flash        0.5 s  4.5 s    100  20  401  $0.0010",
        "pro          0.5 s  4.5 s    100  20  401  $0.0010",
        "All columns: temperature 0",
    ]
    assert "── flash ──\n\n**One** answer." in bundle["text/plain"]
    assert "| flash | 0.5 s | 4.5 s | 100 | 20 | 401 | \\$0.0010 |" in bundle["text/markdown"]
    assert "### pro\n\nAnother answer." in bundle["text/markdown"]
    html = bundle["text/html"]
    assert html.count("<th") == 9
    assert "<strong>One</strong>" in html
    assert "<script" not in html
    assert "id=" not in html
    # A blank line would end the block of HTML in Markdown.
    assert "\n\n" not in html
    # The figures stand in the table, and not below each answer.
    assert "deepseek-flash" not in html


def test_a_failed_column_says_why_and_the_others_are_there() -> None:
    failed = reply("", status="failed", error=Failure("refused", "balance", "DeepSeek", "No balance", 402), usage=None)
    bundle = settled.bundle(compared(replies=[reply(), failed]), Presentation())
    for text in bundle.values():
        assert "An answer." in text
        assert "402" in text
        assert "failed" in text


def test_a_hidden_comparison_has_letters_and_texts_only() -> None:
    replies = [
        reply("One", first=0.123, request=Request("secret-model-a", "https://secret.example")),
        reply("", status="failed", error=Failure("refused", "balance", "secret", "secret words", 402), usage=None),
    ]
    hidden = compared(
        names=["A", "B"], replies=[veiled(_shown(each), each) for each in replies], same="secret", is_hidden=True
    )
    bundle = settled.bundle(hidden, Presentation())
    for text in bundle.values():
        assert "secret" not in text
        assert "402" not in text
        assert "0.1" not in text
        assert "$" not in text
        assert HIDDEN.split(" ", maxsplit=1)[0] in text
    rows = rows_of([("secret", "A", replies[0]), ("secret", "B", replies[1])], None, hides=True)
    assert rows == [{"letter": "A", "answer": "One"}, {"letter": "B", "answer": ""}]


def _shown(value: Reply) -> Reply:
    """Return what a page shows of a reply in a blind comparison."""
    status: Any = "complete" if value.answer else "cancelled"
    return Reply(status, request=Request("A"), _answer=Text().append(value.answer))


def test_rows_are_data() -> None:
    rows = rows_of([("flash", "A", reply()), ("pro", "B", reply("x", cost=None))], "A", hides=False)
    assert rows[0] | {"seconds": 4.5} == {
        "name": "flash",
        "letter": "A",
        "chosen": True,
        "model": "deepseek-flash",
        "status": "complete",
        "first_token_s": 0.5,
        "seconds": 4.5,
        "tokens_per_s": 100.0,
        "prompt_tokens": 20,
        "cached_tokens": None,
        "reasoning_tokens": None,
        "answer_tokens": 401,
        "cost": 0.001,
        "cost_about": None,
        "currency": "USD",
        "error": None,
        "answer": "An answer.",
    }
    assert (rows[1]["chosen"], rows[1]["cost"]) == (False, None)
    assert [row["chosen"] for row in rows_of([("a", "A", reply())], "tie", hides=False)] == [None]
    assert "letter" not in rows_of([("a", "", reply())], None, hides=False)[0]


HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "</div></td><script>alert(1)</script><style>*{}</style>",
    "$\\href{javascript:1}{x}$ | `x` ** [a](javascript:1)",
    "\u202eevil\u2028<b>\x1b[31m",
]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_in_every_field_is_text(hostile: str) -> None:
    def html(words: str) -> Tags:
        failed = reply("x", status="failed", request=Request(words), error=Failure("refused", said=words))
        names = [words, words]
        whole = compared(names=names, replies=[reply("An answer."), failed], same=words, verdict=words)
        shown = AnswerDifferences(words, words, differences(f"{words} a", f"{words} b"))
        return Tags(settled.bundle(whole, Presentation())["text/html"] + shown.html())

    plain, found = html("words"), html(hostile)
    assert found.tags == plain.tags
    assert found.attributes == plain.attributes
    whole = compared(names=[hostile, hostile], same=hostile, verdict=hostile)
    bundle = settled.bundle(whole, Presentation())
    assert "\x1b" not in "".join(bundle.values())
    assert "\u202e" not in "".join(bundle.values())
    assert not re.findall(r"(?<!\\)<(img|script|style|b)\b", bundle["text/markdown"])


def test_differences_are_marked_by_more_than_colour() -> None:
    shown = AnswerDifferences("flash", "pro", differences("The cat sat there.", "The dog sat there."))
    assert str(shown).endswith("The [-cat-] {+dog+} sat there.")
    assert "80% of the words in common" in str(shown)
    html = shown.html()
    assert 'The <del style="color:#c4473d">cat </del><ins style="color:#2f8f4e">dog </ins>sat there.' in html
    assert AnswerDifferences("a", "b", differences("x", "x")).__repr__() == (
        "<AnswerDifferences: a and b have the same words>"
    )
