"""Which server a model's name chooses, and which key goes to it."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nbstream
from nbstream.client import keys, settings
from nbstream.client.addresses import origin_of
from nbstream.client.continuation import retried
from nbstream.client.endpoint_facts import check_entry, presets
from nbstream.client.endpoints import endpoint_for
from nbstream.client.known_endpoints import known_endpoints
from nbstream.client.routing import route
from nbstream.client.secret import Secret
from nbstream.client.start import start_run
from nbstream.model.exceptions import RequestError
from nbstream.model.failure import Failure
from nbstream.model.reply import Reply
from nbstream.model.request import Request
from nbstream.output.remedies import remedy
from nbstream.simulator.log import key_digest
from nbstream.simulator.server import Simulator

pytestmark = pytest.mark.usefixtures("clean")

KEY = "sk-canary-0123456789"
OTHER_KEY = "sk-other-9876543210"


def chosen(model: str, **options: Any) -> tuple[str, str]:
    """Return the base URL and the model's id that a name chooses."""
    found = route(model, **options)
    return found.endpoint.base_url, found.model


OLLAMA = "http://localhost:11434/v1"
OPENROUTER = "https://openrouter.ai/api/v1"
DEEPSEEK = "https://api.deepseek.com"


@pytest.mark.parametrize(
    ("model", "url", "asked"),
    [
        ("flash", DEEPSEEK, "deepseek-flash"),
        ("pro", DEEPSEEK, "deepseek-v4-pro"),
        ("deepseek/flash", DEEPSEEK, "deepseek-flash"),
        ("ollama/qwen3:8b", OLLAMA, "qwen3:8b"),
        ("ollama/pro", OLLAMA, "pro"),
        ("ollama/hf.co/bartowski/Qwen3-8B-GGUF:Q4_K_M", OLLAMA, "hf.co/bartowski/Qwen3-8B-GGUF:Q4_K_M"),
        ("openrouter/deepseek/deepseek-v4-pro", OPENROUTER, "deepseek/deepseek-v4-pro"),
        ("openrouter/openai/gpt-oss-20b", OPENROUTER, "openai/gpt-oss-20b"),
        # An id of OpenRouter's own, which begins with its name.
        ("openrouter/auto", OPENROUTER, "openrouter/auto"),
        ("openrouter/openrouter/auto", OPENROUTER, "openrouter/auto"),
        ("openai/gpt-6", "https://api.openai.com/v1", "gpt-6"),
        ("mistral/magistral-medium-latest", "https://api.mistral.ai/v1", "magistral-medium-latest"),
        ("vllm/Qwen/Qwen3-8B", "http://localhost:8000/v1", "Qwen/Qwen3-8B"),
        ("lmstudio/qwen/qwen3-4b", "http://localhost:1234/v1", "qwen/qwen3-4b"),
    ],
)
def test_the_word_before_the_first_slash_chooses_an_endpoint(model: str, url: str, asked: str, all_keys: None) -> None:
    assert chosen(model) == (url, asked)


SLASHES = ["deepseek/deepseek-v4-pro", "openai/gpt-oss-20b", "ollama/qwen3:8b", "openrouter/auto", "qwen/qwen3-8b"]


@pytest.mark.parametrize("model", SLASHES)
@pytest.mark.parametrize(
    "url", [OPENROUTER, "http://localhost:4000/v1", "http://localhost:8000/v1", "https://gateway.example/v1"]
)
@pytest.mark.parametrize("how", ["option", "setting", "environment"])
def test_an_id_with_a_slash_stays_the_id_of_a_server_that_has_such_ids(
    model: str, url: str, how: str, all_keys: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"base_url": url} if how == "option" else {}
    if how == "setting":
        settings.current().base_url = url
    if how == "environment":
        monkeypatch.setenv("DEEPSEEK_BASE_URL", url)
    assert chosen(model, **options) == (url, model)


def test_an_unknown_server_on_this_machine_leaves_the_names_of_endpoints(
    all_keys: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator = "http://127.0.0.1:9876"
    monkeypatch.setenv("DEEPSEEK_BASE_URL", simulator)
    assert chosen("ollama/qwen3:8b") == (OLLAMA, "qwen3:8b")
    assert chosen("openrouter/deepseek/deepseek-v4-pro") == (OPENROUTER, "deepseek/deepseek-v4-pro")
    for model in ("openai/gpt-oss-20b", "deepseek/deepseek-v4-pro", "mistral/x", "qwen/qwen3-8b"):
        assert chosen(model) == (simulator, model)
    assert chosen("flash") == (simulator, "deepseek-flash")


def test_a_base_url_of_the_request_makes_any_name_literal(all_keys: None) -> None:
    settings.current().endpoints = {"gpu": {"base_url": "http://gpu:8000/v1"}}
    for model in (*SLASHES, "gpu/x", "ollama", "nowhere/x"):
        assert chosen(model, base_url=DEEPSEEK) == (DEEPSEEK, model)
        assert chosen(model, base_url="ollama") == (OLLAMA, model)


def test_the_usual_server_may_be_an_endpoint(all_keys: None) -> None:
    settings.current().base_url = "openrouter"
    assert chosen("deepseek/deepseek-v4-pro") == (OPENROUTER, "deepseek/deepseek-v4-pro")
    # Its own name, before an id with a slash, is not a part of the id.
    assert chosen("openrouter/deepseek/deepseek-v4-pro") == (OPENROUTER, "deepseek/deepseek-v4-pro")
    assert chosen("openrouter/auto") == (OPENROUTER, "openrouter/auto")
    settings.current().endpoints = {"gpu": {"base_url": "http://gpu:8000/v1"}}
    assert chosen("gpu/openai/gpt-oss-20b") == ("http://gpu:8000/v1", "openai/gpt-oss-20b")


def test_aliases_may_name_an_endpoint(all_keys: None) -> None:
    settings.current().aliases = {"local": "ollama/qwen3:8b", "best": "local", "flash": "openrouter/x/y"}
    assert chosen("local") == chosen("best") == (OLLAMA, "qwen3:8b")
    assert chosen("flash") == (OPENROUTER, "x/y")
    assert chosen("deepseek/flash") == (DEEPSEEK, "deepseek-flash")
    settings.current().model = "local"
    assert route().endpoint.base_url == OLLAMA


@pytest.mark.parametrize(
    ("model", "words"),
    [
        # A typing error must not bring the prompt to DeepSeek.
        ("opnrouter/deepseek/deepseek-v4-pro", "opnrouter/… names no endpoint: there are deepseek, openrouter"),
        ("Ollama/qwen3", "names no endpoint"),
        ("ollama/", "ollama is an endpoint"),
        ("ollama", "as in ollama/MODEL"),
        ("deepseek/deepseek-chat", "retired"),
        ("deepseek-reasoner", "retired"),
    ],
)
def test_a_name_that_chooses_nothing_is_an_error_before_anything_is_sent(
    model: str, words: str, all_keys: None
) -> None:
    with pytest.raises(RequestError) as caught:
        route(model)
    assert words in str(caught.value)


def test_a_server_keeps_its_facts_wherever_its_address_comes_from(
    all_keys: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert route("x", OPENROUTER).endpoint.facts.thinking_field == "reasoning"
    assert route("x", "http://127.0.0.1:11434").endpoint.facts.thinking_field == "reasoning_effort"
    assert route("flash").endpoint.continuing == "prefix"
    assert route("flash").endpoint.for_continuing.base_url == f"{DEEPSEEK}/beta"
    assert route("vllm/x").endpoint.continuing == "continue_final_message"
    assert route("ollama/x").endpoint.continuing == ""
    assert route("x", "https://unknown.example").endpoint.facts.is_unknown
    monkeypatch.setenv("DEEPSEEK_BASE_URL", OPENROUTER)
    facts = route("x/y").endpoint.facts
    assert (facts.name, facts.thinking_field, facts.key_variable) == ("openrouter", "reasoning", "DEEPSEEK_API_KEY")


def test_the_simulator_is_taken_for_deepseek(simulator: Simulator) -> None:
    endpoint = route("pro").endpoint
    assert (endpoint.name, endpoint.continuing) == ("deepseek", "prefix")
    assert endpoint.for_continuing.base_url == f"{simulator.url}/beta"
    assert endpoint.server == simulator.url.removeprefix("http://")
    assert endpoint.facts.window("deepseek-v4-pro") == 1_048_576
    assert route("qwen3").endpoint.continuing == ""


def test_a_request_knows_its_endpoint(simulator: Simulator) -> None:
    request = nbstream.stream("hello").result(20).request
    assert (request.endpoint_name, request.context_window) == ("deepseek", 1_048_576)
    assert request.key_variable == "DEEPSEEK_API_KEY"


def test_a_request_that_is_sent_again_has_the_present_key(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPSEEK_API_KEY", "bad-key")
    refused = nbstream.stream("hello").result(20)
    assert refused.error is not None
    assert refused.error.cause == "key"
    keys.keep(origin_of(simulator.url), KEY)
    assert start_run(retried(refused, {})).result(20).status == "complete"
    keys.forget(origin_of(simulator.url))
    assert start_run(retried(refused, {})).result(20).status == "failed"
    # A key that was given by hand stays.
    given = nbstream.stream("hello", api_key=OTHER_KEY).result(20)
    assert start_run(retried(given, {})).result(20).request.key_origin == "argument"
    digests = {key_digest(key): key for key in ("bad-key", KEY, OTHER_KEY)}
    sent = [digests[entry["key_digest"]] for entry in simulator.log()]
    assert sent == ["bad-key", KEY, "bad-key", OTHER_KEY, OTHER_KEY]


def test_the_program_of_a_request_reads_the_variable_of_its_endpoint(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHER_KEY", OTHER_KEY)
    settings.current().endpoints = {"other": {"base_url": simulator.url, "key_variable": "OTHER_KEY"}}
    request = nbstream.stream("hello", model="other/deepseek-flash").result(20).request
    for program in (request.python(), request.curl(), request.node()):
        assert "OTHER_KEY" in program
        assert "DEEPSEEK_API_KEY" not in program
        assert OTHER_KEY not in program


NAMES = st.sampled_from([*presets(), "gpu", "proxy"])
URLS = st.sampled_from(
    [
        *(facts.base_url for facts in presets().values()),
        "http://gpu:8000/v1",
        "https://proxy.example/v1",
        "https://evil.example",
        "http://127.0.0.1:8000",
        "http://api.deepseek.com",
        "https://api.deepseek.com.evil.example",
    ]
)


@given(
    environ=st.dictionaries(
        st.sampled_from([each.key_variable for each in presets().values() if each.key_variable]),
        st.integers(0, 99).map(lambda number: f"sk-canary-{number:02d}-0123456789"),
    ),
    urls=st.dictionaries(
        st.sampled_from([each.url_variable for each in presets().values() if each.url_variable]), URLS
    ),
    own=st.dictionaries(NAMES, st.fixed_dictionaries({"base_url": URLS})),
    name=st.one_of(st.just(""), NAMES, URLS),
)
def test_a_key_goes_to_the_server_of_its_variable_only(
    environ: dict[str, str], urls: dict[str, str], own: dict[str, Any], name: str
) -> None:
    """No entry without a key_variable, no URL and no variable brings a key to another origin."""
    known = known_endpoints(environ | urls, own)
    if name in ("gpu", "proxy") and name not in known.by_name:
        return
    endpoint = endpoint_for(name, environ=environ | urls, known=known, without_key=True)
    if endpoint.api_key is None:
        return
    homes = {
        origin_of(urls.get(each.url_variable, "") or each.base_url)
        for each in presets().values()
        if environ.get(each.key_variable) == endpoint.api_key.reveal()
    }
    assert endpoint.origin in homes


def test_an_own_endpoint_gets_the_key_that_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    moved = {"openai": {"base_url": "https://proxy.example/v1"}}
    settings.current().endpoints = moved
    with pytest.raises(RequestError) as caught:
        route("openai/gpt-6")
    assert "OPENAI_API_KEY belongs to https://api.openai.com: give the endpoint openai a key_variable" in str(
        caught.value
    )
    settings.current().endpoints = {"openai": {**moved["openai"], "key_variable": "OPENAI_API_KEY"}}
    endpoint = route("openai/gpt-6").endpoint
    assert (endpoint.api_key, endpoint.facts.thinking_field) == (Secret(KEY), "reasoning_effort")
    # And the key does not go to OpenAI any more.
    assert route("x", "https://api.openai.com/v1", "other").endpoint.api_key == Secret("other")


@pytest.mark.parametrize("name", [name for name, facts in presets().items() if facts.needs_key])
def test_a_key_that_is_missing_is_told_with_its_variable_and_the_command(name: str) -> None:
    with pytest.raises(RequestError) as caught:
        route(f"{name}/x")
    first, second = str(caught.value).splitlines()
    assert presets()[name].key_variable in first
    assert f"%deepseek key {name}" in first
    assert "nbstream demo" in second


def test_no_key_crosses_between_two_servers(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    with Simulator(port=0, rate=0, first_token=0) as other:
        monkeypatch.setenv("OTHER_KEY", OTHER_KEY)
        monkeypatch.setenv("DEEPSEEK_API_KEY", KEY)
        settings.current().endpoints = {
            "other": {"base_url": other.url, "key_variable": "OTHER_KEY"},
            "bare": {"base_url": f"{other.url.replace('127.0.0.1', 'localhost')}/v1"},
        }
        given = "sk-given-0123456789"
        for model in ("flash", "other/deepseek-v4-pro", "bare/deepseek-flash"):
            nbstream.stream("hello", model=model).result(20)
        nbstream.stream("hello", base_url=f"{other.url}/v1").result(20)
        nbstream.stream("hello", base_url=f"{other.url}/v1", api_key=given).result(20)
        digests = {key_digest(key): key for key in (KEY, OTHER_KEY, given, "")}
        assert [digests[entry["key_digest"]] for entry in simulator.log()] == [KEY]
        assert [digests[entry["key_digest"]] for entry in other.log()] == [
            OTHER_KEY,
            "",
            OTHER_KEY,
            "sk-given-0123456789",
        ]
        assert [entry["model"] for entry in other.log()][:2] == ["deepseek-v4-pro", "deepseek-flash"]


def test_every_preset_can_be_asked(all_keys: None) -> None:
    for name, facts in presets().items():
        endpoint = endpoint_for(name)
        assert endpoint.base_url == facts.base_url
        assert (endpoint.api_key is None) == (not facts.key_variable)
        assert endpoint.server.startswith(facts.title)


def test_a_server_of_an_older_version_is_known_and_named() -> None:
    """llama.cpp's port was 8080 before it was 9931."""
    for port in (8080, 9931):
        assert endpoint_for(f"http://127.0.0.1:{port}/v1").facts.thinking_field == "chat_template_kwargs"
    failure = Failure("unreachable", "loopback", "llama.cpp at localhost:9931", "All connection attempts failed")
    for name, told in (("llamacpp", True), ("ollama", False)):
        request = Request(endpoint="http://localhost:9931", endpoint_name=name)
        said = remedy(failure, Reply(request=request), "cell")
        assert ("Older versions listen at http://localhost:8080/v1: --base-url http://localhost" in said) == told


@pytest.mark.parametrize("name", presets())
def test_every_preset_is_valid(name: str) -> None:
    text = files("nbstream.client").joinpath("presets.toml").read_text("utf-8")
    entry = tomllib.loads(text)[name]
    assert entry.pop("url_variable", "X_BASE").endswith(("_BASE", "_BASE_URL"))
    assert entry["base_url"].endswith(entry.pop("url_suffix", ""))
    check_entry(entry)
    assert presets()[name].key_home == entry["base_url"]
