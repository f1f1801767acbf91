"""The user's own endpoints, in a file and in the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from nbstream.client import settings
from nbstream.client.routing import route
from nbstream.client.secret import Secret
from nbstream.model.exceptions import RequestError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("clean")

KEY = "sk-canary-0123456789"
OTHER_KEY = "sk-other-9876543210"


GPU = '[endpoints.gpu]\nbase_url = "http://gpu/v1"\n'


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (
            '[endpoints.gpu]\nbase_url = "http://gpu/v1"\nthinking_feild = "none"\n',
            3,
            "gpu.thinking_feild: there is no such field",
        ),
        (
            '\n[endpoints.gpu]\n\nbase_url = "http://gpu/v1"\nschema = "yaml"\n',
            5,
            "gpu.schema: it must be one of json_object",
        ),
        ('[endpoints.gpu]\nschema = "none"\n', 1, "gpu: it has no base_url"),
        (
            '[endpoints.gpu]\nbase_url = "http://gpu/v1"\napi_key = "sk-canary-0123456789"\n',
            3,
            "a key does not belong here",
        ),
        ("[endpoints.gpu\n", 1, "Expected"),
        ('[endpoints.gpu]\nbase_url = "x\n', 2, "Illegal character"),
        ("[endpoints.gpu]\nbase_url =", 2, "Invalid value"),
        ('modle = "pro"\n', 1, "there is no setting modle"),
        ("endpoints = 3\n", 1, "must be a table"),
        ('[endpoints."a/b"]\nbase_url = "http://gpu/v1"\n', 1, "the name of an endpoint"),
        ('[endpoints]\none.base_url = "http://a"\none.context_window = -1\n', 3, "it must be a number of tokens"),
    ],
)
def test_an_error_of_the_file_names_the_file_and_the_line(clean: Path, text: str, line: int, words: str) -> None:
    file = clean / "nbstream.toml"
    file.write_text(text)
    with pytest.raises(RequestError) as caught:
        route("ollama/x")
    said = str(caught.value)
    assert said.startswith(f"{file}, line {line}: ")
    assert words in said
    assert "\n" not in said
    assert KEY not in said


def test_the_file_and_the_settings_replace_presets_field_by_field(clean: Path) -> None:
    file = clean / "nbstream.toml"
    file.write_text(
        '[endpoints.vllm]\nbase_url = "http://gpu:8000/v1"\n[endpoints.mine]\nbase_url = "https://a.example"\n'
    )
    facts = route("vllm/x").endpoint.facts
    assert (facts.base_url, facts.continuing) == ("http://gpu:8000/v1", "continue_final_message")
    assert route("mine/a/b").endpoint.base_url == "https://a.example"
    settings.current().endpoints = {"vllm": {"thinking_field": "none"}}
    facts = route("vllm/x").endpoint.facts
    assert (facts.base_url, facts.thinking_field) == ("http://gpu:8000/v1", "none")
    # A change is read by the next request.
    file.write_text('[endpoints.vllm]\nbase_url = "http://other:8000/v1"\n')
    assert route("vllm/x").endpoint.base_url == "http://other:8000/v1"
    file.unlink()
    assert route("vllm/x").endpoint.base_url == "http://localhost:8000/v1"


@pytest.mark.parametrize(
    ("endpoints", "words"),
    [
        ({"gpu": {"api_key": KEY}}, "endpoints['gpu']['api_key']: a key does not belong here"),
        ({"gpu": {"base_url": 3}}, "['base_url']: it must be text"),
        ({"gpu": "http://gpu"}, "it must have fields"),
        ({"a b": {"base_url": "http://gpu"}}, "the name of an endpoint"),
    ],
)
def test_a_wrong_setting_is_one_line_where_it_is_set(endpoints: dict[str, Any], words: str) -> None:
    with pytest.raises(RequestError) as caught:
        settings.current().endpoints = endpoints
    assert words in str(caught.value)
    assert KEY not in str(caught.value)
    assert settings.current().endpoints == {}


def test_the_files_of_jupyters_folders_replace_one_another_field_by_field(
    clean: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As of a hub and of its user: the first of Jupyter's folders goes before the second.
    first = clean / "first"
    first.mkdir()
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(first))
    (clean / "nbstream.toml").write_text(f'{GPU}key_variable = "GPU_KEY"\nschema = "none"\n')
    monkeypatch.setenv("GPU_KEY", KEY)
    assert route("gpu/x").endpoint.api_key == Secret(KEY)
    own = first / "nbstream.toml"
    own.write_text('[endpoints.gpu]\nthinking_field = "none"\n')
    endpoint = route("gpu/x").endpoint
    assert (endpoint.facts.thinking_field, endpoint.facts.schema, endpoint.api_key) == ("none", "none", Secret(KEY))
    own.write_text('[endpoints.gpu]\nbase_url = "http://elsewhere:8000/v1"\n')
    endpoint = route("gpu/x").endpoint
    # The key stays with the server for which it was named.
    assert (endpoint.base_url, endpoint.api_key) == ("http://elsewhere:8000/v1", None)
