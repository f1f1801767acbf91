"""What is advised after a failure, with real requests; how often a request is repeated."""

from __future__ import annotations

import json
import ssl
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

import nbstream
from nbstream.client import connections, settings
from nbstream.output.sentences import alert
from tests import needs
from tests.hostile.server import HostileServer, Request, Response, chunk, event

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

JSON = {"Content-Type": "application/json"}
BALANCE = (
    'litellm.BadRequestError: DeepseekException - {"error":{"message":"Insufficient Balance","type":"unknown_error"}}'
)


def refusal(status: int, message: str, **fields: Any) -> Response:
    return Response([json.dumps({"error": {"message": message, **fields}}).encode()], status, JSON)


def in_band(message: str, **fields: Any) -> Response:
    return Response([event({"error": {"message": message, **fields}})])


def ask(response: Response, path: str = "v1", **options: Any) -> tuple[nbstream.Reply, int]:
    """Return the reply, and how many requests were sent."""
    with HostileServer({path: lambda _: response}) as server:
        reply = nbstream.stream("hello", base_url=f"{server.url}/{path}", **options).result(30)
        return reply, len(server.requests)


@pytest.mark.parametrize(
    "response",
    [
        refusal(400, BALANCE),
        refusal(402, "Payment Required"),
        refusal(429, "Insufficient Balance"),
        refusal(429, "You exceeded your current quota", code="insufficient_quota"),
        refusal(500, BALANCE, code="500"),
        in_band("Insufficient Balance"),
        in_band(BALANCE, code=500),
        in_band("no", code=402),
        Response([json.dumps({"error": BALANCE}).encode()], 200, JSON),
    ],
)
def test_a_balance_error_in_any_form_is_told_once(response: Response) -> None:
    reply, requests = ask(response)
    assert requests == 1
    # What a proxy hands on is about its own account.
    told = "whoever runs it can top it up" if "litellm." in alert(reply, "cell") else "Top up the account"
    assert told in alert(reply, "cell")


def test_lm_studio_without_v1_is_told_to_add_it() -> None:
    body = json.dumps({"error": "Unexpected endpoint or method. (POST /chat/completions)"}).encode()
    reply, requests = ask(Response([body], 200, JSON), path="lm")
    assert requests == 1
    assert "Unexpected endpoint or method" in alert(reply, "cell")
    assert "end in /v1" in alert(reply, "cell")


@pytest.mark.parametrize("status", [200, 400])
def test_llama_server_with_a_prompt_that_is_too_long_is_told_so(status: int) -> None:
    # textgen 7257: with status 200, although the body says 400.
    said = "the request exceeds the available context size. try increasing the context size"
    body = refusal(status, said, code=400, type="exceed_context_size_error", n_prompt_tokens=14429, n_ctx=8192)
    reply, requests = ask(body)
    assert requests == 1
    assert "The prompt is too long" in alert(reply, "cell")


def test_a_wait_in_the_words_of_an_error_is_told_and_kept() -> None:
    reply, requests = ask(refusal(429, "Rate limit reached for m. Please try again in 6m0s."))
    assert requests == 1
    assert "asks to wait 360 s (6 min)" in alert(reply, "cell")
    reply, requests = ask(refusal(429, "Rate limit reached for m. Please try again in 20ms."))
    assert requests == 3


def test_a_wait_that_is_longer_than_ours_is_told() -> None:
    refused = refusal(429, "Rate Limit Reached")
    reply, requests = ask(Response(refused.pieces, 429, {**JSON, "Retry-After": "100"}))
    assert requests == 1
    assert "asks to wait 100 s; run the cell again after that" in alert(reply, "cell")
    reply, _ = ask(Response(refused.pieces, 503, {**JSON, "Retry-After": "3600"}))
    assert "asks to wait 3600 s (60 min)" in alert(reply, "cell")


def test_an_empty_stream_is_not_told_to_run_the_cell_again() -> None:
    reply, requests = ask(Response())
    assert requests == 1
    assert "with nothing in it" in alert(reply, "cell")
    assert "longer than the model's context" in alert(reply, "cell")
    assert "run the cell again" not in alert(reply, "cell")


@pytest.mark.parametrize("status", [400, 500])
def test_a_prompt_that_is_too_long_is_not_told_to_raise_the_limit(status: int) -> None:
    said = "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens."
    for limit, words in ((None, "shorten it"), (4000, "lower --max-tokens")):
        reply, requests = ask(refusal(status, said), max_tokens=limit)
        assert requests == 1
        assert "The prompt is too long" in alert(reply, "cell")
        assert words in alert(reply, "cell")


def test_the_advice_on_a_key_fits_how_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = refusal(401, "Authentication Fails")
    monkeypatch.delenv("DEEPSEEK_API_KEY", raising=False)
    monkeypatch.delenv("DEEPSEEK_BASE_URL", raising=False)
    assert "given as api_key=" in alert(ask(refused, api_key="sk-0123456789abcdef")[0], "cell")
    none = alert(ask(refused)[0], "cell")
    assert "No key was sent, as none is set" in none
    monkeypatch.setenv("DEEPSEEK_API_KEY", "sk-0123456789abcdef")
    assert "belongs to another server" in alert(ask(refused)[0], "cell")
    with HostileServer({"v1": lambda _: refused}) as server:
        monkeypatch.setenv("DEEPSEEK_BASE_URL", f"{server.url}/v1")
        assert "Check DEEPSEEK_API_KEY, and" in alert(nbstream.stream("hello").result(30), "cell")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate for 127.0.0.1, and one for another name."""
    folder = tmp_path_factory.mktemp("certificates")
    for name, names in (("own", "IP:127.0.0.1"), ("other", "DNS:other.test")):
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3", "-subj", f"/CN={name}"]
        files = ["-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.pem")]
        subprocess.run([*command, *files, "-addext", f"subjectAltName={names}"], check=True, capture_output=True)
    (folder / "all.pem").write_text("".join((folder / f"{name}.pem").read_text() for name in ("own", "other")))
    return folder


@pytest.fixture
def new_connections(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make each client anew, as it reads the environment only once."""
    monkeypatch.setattr(connections, "_pool", {})
    settings.use(settings.Settings(retries=1))
    yield
    settings.use(None)


def ask_with_tls(certificates: Path, name: str) -> tuple[nbstream.Reply, int]:
    def answer(_: Request) -> Response:
        return Response([chunk(content="yes", finish="stop")])

    with HostileServer({"v1": answer}) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates / f"{name}.pem", certificates / f"{name}.key")
        server._server.socket = context.wrap_socket(server._server.socket, server_side=True)
        url = server.url.replace("http:", "https:")
        run = nbstream.stream("hello", base_url=f"{url}/v1", api_key="sk-0123456789abcdef")
        return run.result(30), len(server.requests)


@pytest.mark.parametrize(("path", "hint"), [("api", "many servers need it to end in /v1"), ("x/v1", "before its /v1")])
def test_v1_is_advised_only_where_it_is_missing(path: str, hint: str) -> None:
    with HostileServer({}) as server:
        reply = nbstream.stream("hello", base_url=f"{server.url}/{path}").result(30)
    assert hint in alert(reply, "cell")


def test_the_query_of_a_base_url_follows_the_path() -> None:
    answer = Response([chunk(content="yes"), chunk(finish="stop"), b"data: [DONE]\n\n"])
    with HostileServer({"openai": lambda _: answer}) as server:
        url = f"{server.url}/openai/deployments/x?api-version=2026-01-01"
        assert nbstream.stream("hello", base_url=url).result(30).answer == "yes"
        assert [each.path for each in server.requests] == [
            "/openai/deployments/x/chat/completions?api-version=2026-01-01"
        ]


@needs.command("openssl", "openssl")
@pytest.mark.usefixtures("new_connections")
def test_an_unknown_certificate_names_ssl_cert_file_and_that_helps(
    certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    reply, _ = ask_with_tls(certificates, "own")
    assert reply.error is not None
    assert reply.error.cause == "untrusted"
    assert "SSL_CERT_FILE" in alert(reply, "cell")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "all.pem"))
    # Proxies are for other machines.
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    connections._pool.clear()
    assert ask_with_tls(certificates, "own")[0].answer == "yes"


@needs.command("openssl", "openssl")
@pytest.mark.usefixtures("new_connections")
def test_a_certificate_for_another_name_is_told(certificates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "all.pem"))
    reply, _ = ask_with_tls(certificates, "other")
    assert "not valid for this name or time" in alert(reply, "cell")
    assert "SSL_CERT_FILE" not in alert(reply, "cell")


def test_https_to_a_server_without_tls_is_told() -> None:
    with HostileServer({}) as server:
        url = server.url.replace("http:", "https:")
        reply = nbstream.stream("hello", base_url=f"{url}/v1").result(30)
        assert server.requests == []
    assert "may have to begin with http://" in alert(reply, "cell")
