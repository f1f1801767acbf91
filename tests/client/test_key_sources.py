"""Keys that come from the keyring, from Colab, or from a prompt."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING

import pytest

import nbstream
from nbstream.client import keys, settings
from nbstream.client.routing import route
from nbstream.client.secret import Secret
from nbstream.model.exceptions import RequestError
from nbstream.output.sentences import alert

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nbstream.simulator.server import Simulator

# The environments of older kernels are without it, as many users are.
pytest.importorskip("keyring")
import keyring
import keyring.backend
import keyring.errors

pytestmark = pytest.mark.usefixtures("clean")

KEY = "sk-canary-0123456789"
OTHER_KEY = "sk-other-9876543210"


class Backend(keyring.backend.KeyringBackend):
    """A keyring in memory, which may be locked."""

    priority = 1

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False
        self.asked: list[str] = []

    def get_password(self, service: str, username: str) -> str | None:
        self.asked.append(username)
        if self.locked:
            raise keyring.errors.KeyringLocked("The collection is\nlocked.")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.locked:
            raise keyring.errors.PasswordSetError(f"Cannot store {password}")
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def backend() -> Iterator[Backend]:
    before, made = keyring.get_keyring(), Backend()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


def test_a_key_of_the_keyring_goes_to_its_origin(backend: Backend) -> None:
    backend.kept["nbstream", "https://openrouter.ai"] = KEY
    for _ in range(3):
        endpoint = route("openrouter/x/y").endpoint
        assert (endpoint.api_key, endpoint.key_origin) == (Secret(KEY), "keyring")
    assert backend.asked == ["https://openrouter.ai"]
    assert route("x", "https://openrouter.ai:8443/v1").endpoint.api_key is None
    assert route("ollama/x").endpoint.api_key is None
    assert "http://localhost:11434" not in backend.asked


def test_the_environment_goes_before_the_keyring(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    backend.kept["nbstream", "https://openrouter.ai"] = KEY
    monkeypatch.setenv("OPENROUTER_API_KEY", OTHER_KEY)
    assert route("openrouter/x/y").endpoint.api_key == Secret(OTHER_KEY)
    assert backend.asked == []
    keys.keep("https://openrouter.ai", "sk-typed-0123456789")
    assert route("openrouter/x/y").endpoint.key_origin == "prompt"


def test_a_locked_keyring_is_one_line(backend: Backend, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEEPSEEK_API_KEY")
    backend.locked = True
    with pytest.raises(RequestError) as caught:
        route("x/y", "openrouter")
    (line, _offline) = str(caught.value).splitlines()
    assert "The keyring could not be read: KeyringLocked: The collection is locked." in line
    settings.current().endpoints = {"other": {"base_url": simulator.url, "key_variable": "NO_SUCH_KEY"}}
    with pytest.warns(nbstream.NbstreamWarning, match="KeyringLocked"):
        reply = nbstream.stream("hello", model="other/deepseek-flash").result(20)
    assert "Enter one with %deepseek key other, or set NO_SUCH_KEY" in alert(reply, "cell")
    with pytest.raises(RequestError) as unsaved:
        keys.save("https://openrouter.ai", Secret(KEY))
    assert KEY not in str(unsaved.value)
    assert "PasswordSetError" in str(unsaved.value)


def test_a_machine_without_a_keyring_is_no_news() -> None:
    assert os.environ["PYTHON_KEYRING_BACKEND"] == "keyring.backends.fail.Keyring"
    assert route("x", "https://unknown.example").endpoint.key_note == ""
    with pytest.raises(RequestError, match="Set OPENROUTER_API_KEY"):
        route("openrouter/x/y")


@pytest.fixture
def colab(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Put a package in the place of Colab's own, which exists nowhere else."""
    package = tmp_path / "google" / "colab"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "userdata.py").write_text(
        "class SecretNotFoundError(Exception): ...\n"
        "class NotebookAccessError(Exception): ...\n"
        "def get(name):\n"
        f"    if name == 'OPENROUTER_API_KEY': return {KEY!r}\n"
        "    if name == 'MISTRAL_API_KEY': raise NotebookAccessError(f'No access to {name}')\n"
        "    raise SecretNotFoundError(name)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    before = {name for name in sys.modules if name.partition(".")[0] == "google"}
    importlib.import_module("google.colab")

    yield package
    for name in [name for name in sys.modules if name.partition(".")[0] == "google" and name not in before]:
        del sys.modules[name]


def test_colabs_secrets_are_read_in_colab(colab: Path) -> None:
    endpoint = route("openrouter/x/y").endpoint
    assert (endpoint.api_key, endpoint.key_origin) == (Secret(KEY), "colab")
    assert route("x", "https://unknown.example").endpoint.api_key is None
    with pytest.raises(RequestError, match="Set OPENAI_API_KEY"):
        route("openai/x")
    with pytest.raises(RequestError) as caught:
        route("mistral/x")
    assert "Colab did not give the secret MISTRAL_API_KEY: NotebookAccessError" in str(caught.value).splitlines()[0]
