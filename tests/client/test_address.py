"""What a request knows of its address: the path and the query, and where keys are found."""

from __future__ import annotations

import pytest

from nbstream.client.endpoint_facts import EndpointFacts
from nbstream.client.endpoints import Endpoint, endpoint_for
from nbstream.client.request_builder import build_request
from nbstream.client.secret import Secret
from nbstream.model.request import Address, Request

KEY = "sk-0123456789abcdef0123456789"
ENVIRONMENT = {"DEEPSEEK_API_KEY": KEY, "DEEPSEEK_BASE_URL": "https://one.example/v1"}


def request(url: str | None, key: str | None = None) -> Request:
    return build_request(endpoint_for(url, key, ENVIRONMENT), "m", [{"role": "user", "content": "Hi"}], {})


@pytest.mark.parametrize(
    ("url", "path"),
    [
        (None, "/v1"),
        ("https://one.example/beta/", "/beta"),
        ("https://one.example", ""),
        ("https://one.example/a/v1/chat/completions", "/a/v1"),
    ],
)
def test_the_path_of_the_base_url_is_known(url: str | None, path: str) -> None:
    assert request(url).address == Address(path, key_variable="DEEPSEEK_API_KEY")


def test_a_variable_is_named_for_its_own_server_only() -> None:
    assert request("https://one.example", KEY).address.key_variable == "DEEPSEEK_API_KEY"
    assert request("https://two.example", "another").address.key_variable == "API_KEY"
    assert request("https://two.example").address.key_variable == ""


def test_keys_in_the_query_are_named_and_not_kept() -> None:
    secret = "aB3" * 8
    asked = request(f"https://two.example/v1?api-version=2026-01-01&api-key={secret}&sig=short&x={secret}")
    assert asked.address == Address(
        "/v1",
        query=(("api-version", "2026-01-01"),),
        query_variables=(("api-key", "URL_API_KEY"), ("sig", "URL_SIG"), ("x", "URL_X")),
    )
    assert secret not in repr(asked) + repr(asked.address)


def test_a_key_in_the_path_is_not_kept() -> None:
    assert request(f"https://two.example/{KEY}/v1", KEY).address.path == "/KEY/v1"


@pytest.mark.parametrize(
    ("facts", "variable"),
    [
        ({"key_variable": "GPU_KEY", "key_home": "https://gpu.example"}, "GPU_KEY"),
        # Its value would go to a server for which it was not set.
        ({"key_variable": "GPU_KEY", "key_home": "https://other.example"}, "API_KEY"),
        ({"key_variable": "GPU_KEY"}, "API_KEY"),
        ({"key_variable": "x; rm", "key_home": "https://gpu.example"}, "API_KEY"),
    ],
)
def test_the_variable_of_an_endpoint_is_for_its_own_server_only(facts: dict[str, str], variable: str) -> None:
    endpoint = Endpoint("https://gpu.example/v1", Secret("x"), facts=EndpointFacts(**facts))  # type: ignore[arg-type]
    assert endpoint.address.key_variable == variable
