"""`reply.to_dict()`: JSON that says what a reply is made of, without the user's texts."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import nbstream
from nbstream.model.presentation import Presentation
from nbstream.output.settled import bundle
from nbstream.tools.tool import tool

if TYPE_CHECKING:
    from pathlib import Path

    from nbstream.simulator.server import Simulator

KEY = "sk-0123456789abcdef0123456789"


@tool(consent="never")
def weather(city: str) -> str:
    """Return the weather, says Xylophone.

    Args:
        city: the city.
    """
    return f"{city}: sunny"


def asked(simulator: Simulator, **options: Any) -> nbstream.Reply:
    options |= {"tools": [weather], "stop": ["Xylophone"], "effort": "low", "api_key": KEY}
    extra = {"chat_template_kwargs": {"note": "Xylophone", "mode": "fast"}, "user_id": "Xylophone", "token": KEY}
    prompt = "The secret word is Xylophone."
    return nbstream.stream(prompt, system="Xylophone", extra_body=extra, **options).result(30)


def test_it_has_the_facts_and_none_of_the_texts(simulator: Simulator) -> None:
    reply = asked(simulator)
    assert reply.status == "complete"
    found = reply.to_dict()
    text = json.dumps(found)
    assert "Xylophone" not in text
    assert KEY not in text
    assert reply.answer[:20] not in text
    assert (found["status"], found["finish_reason"], found["simulated"]) == ("complete", "stop", True)
    assert (found["model"], found["asked_model"]) == ("deepseek-flash", "deepseek-flash")
    assert found["server"] == simulator.url.removeprefix("http://").partition("/")[0]
    assert found["nbstream"] == nbstream.__version__
    assert found["parameters"]["tools"] == ["weather"]
    assert found["parameters"]["reasoning_effort"] == "low"
    assert {"chat_template_kwargs", "stop", "token", "user_id"} <= {*found["left_out"]}
    assert reply.usage is not None
    assert found["usage"]["completion_tokens"] == reply.usage.completion_tokens
    assert reply.cost is not None
    cost = found["cost"]
    assert Decimal(cost["amount"]) == reply.cost.amount
    assert sum(map(Decimal, cost["parts"].values())) == reply.cost.amount
    assert cost["source"] == reply.cost.source
    assert found["timing"]["ended"] > 0
    assert found["started"].endswith("+00:00")


def test_the_prompt_is_in_it_if_it_is_asked_for(simulator: Simulator) -> None:
    found = asked(simulator).to_dict(prompt=True)
    assert [each["content"] for each in found["messages"]] == ["Xylophone", "The secret word is Xylophone."]
    assert found["parameters"]["stop"] == ["Xylophone"]
    assert "left_out" not in found
    assert KEY not in json.dumps(found)


def test_a_failed_reply_and_a_replayed_one_have_it(simulator: Simulator, tmp_path: Path) -> None:
    failed = nbstream.stream("[simulate: 402] Xylophone").result(30).to_dict()
    assert (failed["status"], failed["error"], failed["usage"], failed["cost"]) == ("failed", "refused", None, None)
    assert "Xylophone" not in json.dumps(failed)
    with nbstream.record(tmp_path / "a.jsonl"):
        sent = nbstream.stream("hello").result(30)
    with nbstream.replay(tmp_path / "a.jsonl", speed="max"):
        replayed = nbstream.stream("hello").result(30)
    assert sent.cost is not None
    found = json.loads(json.dumps(replayed.to_dict()))
    assert found["cost"]["amount"] == "0"
    assert found["recorded"]["from"] == "recording"
    assert Decimal(found["recorded"]["cost"]["amount"]) == sent.cost.amount


def test_a_settled_output_has_it_where_the_cell_asked_for_it(simulator: Simulator) -> None:
    reply = nbstream.stream("hello").result(30)
    _, without = bundle(reply, Presentation())
    assert "provenance" not in without["nbstream"]
    _, facts = bundle(reply, Presentation(provenance="facts"))
    assert facts["nbstream"]["provenance"] == reply.to_dict()
    _, whole = bundle(reply, Presentation(provenance="prompt"))
    assert whole["nbstream"]["provenance"] == reply.to_dict(prompt=True)
