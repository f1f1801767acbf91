"""What a request knows of its address: the path and the query, and where keys are found."""

from __future__ import annotations

import pytest

from nbstream.client.endpoints import endpoint_for
from nbstream.client.request_builder import build_request
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
