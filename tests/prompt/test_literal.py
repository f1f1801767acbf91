"""A prompt that nobody asked to change arrives byte for byte."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import nbstream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nbstream.simulator.server import Simulator

#: NBSTREAM_PROMPTS=10000 tries as many prompts as issue 12 asks for; that takes two minutes.
PROMPTS = int(os.environ.get("NBSTREAM_PROMPTS", "300"))

#: Each option of a request that inserts nothing, with values that a server takes.
OPTIONS: dict[str, Any] = {
    "model": st.sampled_from(["flash", "pro", "deepseek-flash"]),
    "system": st.text(min_size=1),
    "thinking": st.booleans(),
    "effort": st.sampled_from(["low", "high", "max"]),
    "max_tokens": st.integers(1, 1_000),
    "temperature": st.floats(0, 2),
    "top_p": st.floats(0.01, 1),
    "stop": st.lists(st.text(min_size=1), max_size=4),
    "values": st.just({}) | st.none(),
    "files": st.just([]) | st.none(),
    "fill": st.sampled_from([False, None]),
    "extra_body": st.dictionaries(st.sampled_from(["seed", "user_id"]), st.just("1")),
}
#: Texts that other tools have expanded, and texts that are easily lost.
NOTEWORTHY = st.sampled_from(
    [
        *("{", "}", "{{ name }}", "{name}", "{'a': 1}", "$HOME", "$x$", "%s", "%%", "%d", "\\n", "\\frac{1}{2}"),
        *("!ls", "?", "@df", "`", "-v", "\r\n", "\r", "\n", "\t", " ", "\u2028", "\ufeff", "\0", "\x1b[0m"),
        *("🎉", "e\u0301", "\U0010ffff"),
    ]
)
TEXTS = st.lists(NOTEWORTHY | st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=8).map("".join)
PROMPT = TEXTS.filter(lambda text: text.strip() and "[simulate:" not in text)


@pytest.fixture(autouse=True)
def _without_notes() -> Iterator[None]:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", nbstream.NbstreamWarning)
        yield


@given(PROMPT, st.fixed_dictionaries({}, optional=OPTIONS))
@example("{{ os.environ }} {name} %s $HOME", {"fill": False, "values": {}})
@settings(max_examples=PROMPTS, deadline=None)
def test_a_prompt_arrives_byte_for_byte(simulator_of_module: Simulator, prompt: str, options: dict[str, Any]) -> None:
    for given_options in ({}, options):
        # A long log takes long to copy.
        simulator_of_module.clear_log()
        run = nbstream.stream(prompt, **given_options)
        message = run.receiver.reply.request.messages[-1]
        assert message == {"role": "user", "content": prompt}
        run.result(30)
        body = simulator_of_module.log()[-1]["body"]
        assert body["messages"][-1] == {"role": "user", "content": prompt}
        assert body["messages"][-1]["content"].encode() == prompt.encode()
        assert len(body["messages"]) == 1 + bool(given_options.get("system"))


@pytest.fixture(scope="module")
def simulator_of_module() -> Iterator[Simulator]:
    from nbstream.client import settings as client_settings
    from nbstream.simulator.server import Simulator

    with Simulator(port=0, scenario="402") as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEEPSEEK_BASE_URL", server.url)
        patch.setenv("DEEPSEEK_API_KEY", "simulated")
        client_settings.use(None)
        yield server
