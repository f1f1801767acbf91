"""The lists of models and the balances of servers: every form and failure, and no key in them."""

from __future__ import annotations

import json
import os
import signal
import threading
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

import nbstream
from nbstream.client import listings, settings
from nbstream.client.endpoints import endpoint_for
from nbstream.client.listings import Balance, ListedModel, balance_of, models_of
from nbstream.client.queries import QueryError
from nbstream.client.routing import route, server
from nbstream.output.servers import MOST_ROWS, balance_line, failed, models_table
from tests.hostile import keys
from tests.hostile.server import HostileServer, Request, Response, chunk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nbstream.client.endpoints import Endpoint
    from nbstream.simulator.server import Simulator

pytestmark = pytest.mark.usefixtures("clean")

LIMITED = "4.50 USD left of this key's limit, 0.50 USD used."
JSON = {"Content-Type": "application/json"}


def says(document: Any, status: int = 200) -> Callable[[Request], Response]:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return lambda _: Response([body], status, JSON)


@pytest.fixture(autouse=True)
def nothing_told() -> Iterator[None]:
    yield
    listings._listed.clear()


def test_the_simulators_models_and_balance(simulator: Simulator) -> None:
    endpoint = server()
    assert models_of(endpoint, "USD") == [
        ListedModel("deepseek-flash", 1_048_576),
        ListedModel("deepseek-v4-pro", 1_048_576),
    ]
    assert balance_of(endpoint) == [Balance(Decimal("10.00"), "USD", Decimal("0.00"))]
    assert [(entry["method"], entry["path"]) for entry in simulator.log()] == [
        ("GET", "/models"),
        ("GET", "/user/balance"),
    ]


@pytest.mark.parametrize("path", ["", "/v1", "/beta"])
def test_the_balance_is_asked_at_the_root(simulator: Simulator, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setenv("DEEPSEEK_BASE_URL", simulator.url + path)
    assert balance_of(server())[0].left == 10
    assert simulator.log()[0]["path"] == "/user/balance"


OWN = "the server's list"


@pytest.mark.parametrize(
    ("document", "found"),
    [
        # OpenRouter, with a router that has no price of its own.
        (
            {
                "data": [
                    {
                        "id": "deepseek/deepseek-v4-pro",
                        "context_length": 1048576,
                        "pricing": {"prompt": "0.00000066", "completion": "0.00000198"},
                    },
                    {
                        "id": "openrouter/auto",
                        "context_length": 2000000,
                        "pricing": {"prompt": "-1", "completion": "-1"},
                    },
                    {"id": "x/y:free", "context_length": None, "pricing": {"prompt": "0", "completion": "0"}},
                ]
            },
            [
                ListedModel("deepseek/deepseek-v4-pro", 1_048_576, Decimal("0.66"), Decimal("1.98"), source=OWN),
                ListedModel("openrouter/auto", 2_000_000),
                ListedModel("x/y:free", None, Decimal(0), Decimal(0), source=OWN),
            ],
        ),
        # vLLM and SGLang; llama.cpp; Mistral; a list alone.
        ({"data": [{"id": "Qwen/Qwen3-8B", "max_model_len": 40960}]}, [ListedModel("Qwen/Qwen3-8B", 40_960)]),
        ({"data": [{"id": "m", "meta": {"n_ctx_train": 4096}}], "models": []}, [ListedModel("m", 4_096)]),
        ({"data": [{"id": "m", "meta": {"n_ctx": 512, "n_ctx_train": 4096}}]}, [ListedModel("m", 512)]),
        ({"data": [{"id": "m", "max_context_length": 131072}]}, [ListedModel("m", 131_072)]),
        ([{"id": "m"}], [ListedModel("m")]),
        # What is odd is left out.
        ({"data": [{"id": ""}, {}, "x", None, {"id": 3}, {"id": "a\x1b[31m\u202eb"}]}, [ListedModel("a [31m b")]),
        (
            {"data": [{"id": "m", "context_length": True, "pricing": {"prompt": "NaN", "completion": []}}]},
            [ListedModel("m")],
        ),
        ({"data": []}, []),
    ],
)
def test_the_list_of_every_server_is_read(document: Any, found: list[ListedModel]) -> None:
    with HostileServer({"v1": says(document)}) as there:
        assert models_of(endpoint_for(f"{there.url}/v1", environ={}), "USD") == found
        assert [request.path for request in there.requests] == ["/v1/models"]


def test_prices_of_deepseek_are_those_of_the_table() -> None:
    endpoint = endpoint_for("https://api.deepseek.com", "sk-x", environ={})
    priced = listings._model({"id": "deepseek-v4-pro"}, endpoint, "CNY")
    assert priced.currency == "CNY"
    assert priced.price_in in (Decimal("4.5"), Decimal(9))
    assert priced.price_out in (Decimal("13.5"), Decimal(27))


def test_prices_of_another_provider_are_those_of_a_short_prompt() -> None:
    google = endpoint_for("https://generativelanguage.googleapis.com/v1beta/openai", "sk-x", environ={})
    priced = listings._model({"id": "gemini-2.5-pro"}, google, "CNY")
    assert (priced.currency, priced.price_in, priced.price_out) == ("USD", Decimal("1.25"), Decimal(10))
    table = models_table(google, [ListedModel("new"), priced], "", "")
    assert list(table.headers) == ["model", "in, USD", "out, USD"]
    assert "without a cache; from genai-prices" in table.note


def test_a_context_window_that_a_server_told_is_in_the_next_request() -> None:
    answers = {"v1": says({"data": [{"id": "m", "max_model_len": 4096}]})}
    with HostileServer(answers) as there:
        url = f"{there.url}/v1"
        assert nbstream.stream("hello", model="m", base_url=url).reply.request.context_window is None
        models_of(endpoint_for(url, environ={}), "USD")
        assert nbstream.stream("hello", model="m", base_url=url).reply.request.context_window == 4_096
        assert nbstream.stream("hello", model="n", base_url=url).reply.request.context_window is None


def openrouter(answers: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> HostileServer:
    """Return a server that is asked as OpenRouter is."""
    there = HostileServer({"v1": lambda request: answers[request.path.removeprefix("/v1")](request)})
    settings.current().endpoints = {"openrouter": {"base_url": f"{there.url}/v1", "key_variable": "ROUTER_KEY"}}
    monkeypatch.setenv("ROUTER_KEY", keys.KEY)
    return there


@pytest.mark.parametrize(
    ("answers", "line"),
    [
        ({"/key": says({"data": {"limit": 5, "limit_remaining": 4.5, "usage": 0.5}})}, LIMITED),
        (
            {
                "/key": says({"data": {"label": keys.KEY[:9], "limit": None, "limit_remaining": None, "usage": 3}}),
                "/credits": says({"error": {"message": "Only management keys", "code": 403}}, 403),
            },
            "3.00 USD used with this key, which has no limit.",
        ),
        (
            {
                "/key": says({"data": {"limit_remaining": None, "usage": 3}}),
                "/credits": says({"data": {"total_credits": 12.5, "total_usage": 2.25}}),
            },
            "10.25 USD left, 2.25 USD used.",
        ),
    ],
)
def test_the_balance_of_openrouter(answers: dict[str, Any], line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with openrouter(answers, monkeypatch) as there:
        endpoint = server("openrouter")
        (found,) = balance_of(endpoint)
        assert balance_line(endpoint, found).endswith(line)
        assert {request.key for request in there.requests} == {keys.KEY}


HTML = Response([b"<html><title>Sign in</title>"], 200, {"Content-Type": "text/html"})


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (says({"error": {"message": f"Your api key: ****{keys.KEY[-4:]} is invalid"}}, 401), "as none is set"),
        (says(b"Not found", 404), "Check the model's name"),
        (lambda _: HTML, "answered with something that is not JSON: <html>"),
        (says(b"\xff\xfe{"), "is not JSON"),
        (says(b"[" * 100_000), "is not JSON"),
        (says({"error": "Unexpected endpoint"}), "answered with something else: {'error': 'Unexpected endpoint'}"),
        (says(b""), "is not JSON"),
        (
            lambda _: Response([], 302, {"Location": "https://other.test/models"}),
            "it redirects to https://other.test/models",
        ),
        (lambda _: Response([b'{"data": ['], 200, {"Content-Length": "999"}, resets=True), "broke"),
        (lambda _: Response([b" " * (1 << 20)] * 17), "more than 16 MiB"),
        (says({}, 503), "answered 503"),
    ],
)
def test_every_failure_is_a_sentence(answer: Callable[[Request], Response], words: str) -> None:
    with HostileServer({"v1": answer}) as there:
        endpoint = endpoint_for(f"{there.url}/v1", environ={})
        with pytest.raises(QueryError) as caught:
            models_of(endpoint, "USD")
        said = failed(caught.value, "cell")
        assert words in said
        assert "\n" not in said
        # A question is asked once, and not sent elsewhere.
        assert len(there.requests) == 1


def test_a_server_that_is_not_there_is_told() -> None:
    with pytest.raises(QueryError) as caught:
        models_of(endpoint_for("http://127.0.0.1:9/v1", environ={}), "USD")
    assert "could not be reached" in failed(caught.value, "cell")


def test_the_key_is_in_no_list_and_no_error() -> None:
    def repeat(request: Request) -> Response:
        assert request.key == keys.KEY
        return says({"data": [{"id": f"m-{keys.KEY}"}, {"id": "m", keys.KEY: keys.KEY}]})(request)

    def refuse(request: Request) -> Response:
        return says({"error": {"message": f"bad {request.key} of {request.headers}"}}, 401)(request)

    def page(request: Request) -> Response:
        return says(f"<p>{request.key}</p>".encode())(request)

    with HostileServer({"a": repeat, "b": refuse, "c": page}) as there:
        found = models_of(endpoint_for(f"{there.url}/a", keys.KEY, environ={}), "USD")
        assert [each.id for each in found] == ["m-<secret>", "m"]
        for path in ("b", "c"):
            with pytest.raises(QueryError) as caught:
                models_of(endpoint_for(f"{there.url}/{path}", keys.KEY, environ={}), "USD")
            for text in (failed(caught.value, "cell"), str(caught.value), repr(caught.value.request)):
                assert not any(spelling in text for spelling in keys.spellings(keys.KEY))


def test_ctrl_c_ends_a_question_to_a_silent_server() -> None:
    with HostileServer({"v1": lambda _: Response([threading.Event()])}) as there:

        def interrupt() -> None:
            while not there.requests:
                pass
            os.kill(os.getpid(), signal.SIGINT)

        thread = threading.Thread(target=interrupt)
        # A process that a shell starts in the background ignores the signal.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            thread.start()
            with pytest.raises(KeyboardInterrupt):
                models_of(endpoint_for(f"{there.url}/v1", environ={}), "USD")
            thread.join()
        finally:
            signal.signal(signal.SIGINT, before)


def a_table(count: int, current: str = "", word: str = "") -> Any:
    endpoint: Endpoint = endpoint_for("https://many.example/v1", environ={})
    return models_table(endpoint, [ListedModel(f"model-{number:03d}", 1_000) for number in range(count)], current, word)


def test_a_long_list_is_cut_visibly_and_shows_the_present_model() -> None:
    table = a_table(400, "model-399")
    assert len(table.rows) == MOST_ROWS
    assert table.rows[0] == ("→", "model-399", "1,000")
    assert "360 more: %deepseek models https://many.example/v1 WORD" in table.note
    assert len(a_table(400, word="39").rows) == 14
    assert a_table(400, word="nothing").rows == []
    assert a_table(1).title == "many.example: 1 model"


def test_a_table_is_aligned_and_harmless() -> None:
    endpoint = endpoint_for("https://many.example/v1", environ={})
    models = [
        ListedModel("<b>$x$</b>", 8_192, Decimal("0.000001"), Decimal("12.5")),
        ListedModel("b", None, Decimal(0)),
    ]
    table = models_table(endpoint, models, "b", "")
    assert table.text().splitlines() == [
        "many.example: 2 models",
        "   model       context    in, USD  out, USD",
        "   <b>$x$</b>    8,192  0.0000010     12.50",
        "→  b                         free",
        "Prices are per million tokens at this moment, without a cache.",
    ]
    html = table.html()
    assert "&lt;b&gt;$x$&lt;/b&gt;" in html
    assert "mathjax_ignore" in html
    assert "<script" not in html


def test_a_question_uses_no_prompt_and_no_other_key(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    with HostileServer({"v1": says({"data": [{"id": "m"}]})}) as there:
        settings.current().endpoints = {"other": {"base_url": f"{there.url}/v1"}}
        models_of(server("other", without_key=True), "USD")
        assert "authorization" not in there.requests[0].headers
        assert there.requests[0].body == b""
        assert route("other/m").endpoint.api_key is None


def test_a_reply_can_follow_a_question_on_its_connection() -> None:
    def answer(request: Request) -> Response:
        return (
            says({"data": []})(request)
            if request.path.endswith("models")
            else Response([chunk(content="yes", finish="stop")])
        )

    with HostileServer({"v1": answer}) as there:
        models_of(endpoint_for(f"{there.url}/v1", environ={}), "USD")
        assert nbstream.stream("hello", base_url=f"{there.url}/v1").result(20).answer == "yes"


def test_the_models_that_a_server_listed_are_known_without_asking_again() -> None:
    with HostileServer({"v1": says({"data": [{"id": "a"}, {"id": "b/c"}]})}) as there:
        url = f"{there.url}/v1"
        assert listings.listed(url) == []
        models_of(endpoint_for(url, environ={}), "USD")
        assert listings.listed(there.url) == ["a", "b/c"]
        assert len(there.requests) == 1
