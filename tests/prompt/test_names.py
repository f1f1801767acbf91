"""Names, attributes and indices; names and values that are secret."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbstream.model.exceptions import RequestError
from nbstream.prompt.names import value_of
from nbstream.prompt.secrets import (
    is_environment,
    is_secret_name,
    secret_in,
    secret_in_file,
    secret_in_text,
    secrets_of,
)


class Squares:
    def __getitem__(self, index: Any) -> Any:
        return index

    @property
    def broken(self) -> int:
        raise ZeroDivisionError("division by zero")


SPACE = {
    "df": [1, 2, 3],
    "d": {"key": [5, {"inner": "x"}], "a b": 7, 3: "three", "a]'": 8},
    "i": 1,
    "x": SimpleNamespace(shape=(2, 3), y=SimpleNamespace(z=4)),
    "squares": Squares(),
    "os": os,
    "OPENAI_API_KEY": "abc",
    "config": {"db": {"password": "x", "host": "h"}, "tokens": 12},
    "größe": 9,
}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("df", [1, 2, 3]),
        (" df ", [1, 2, 3]),
        ("df[0]", 1),
        ("df[-1]", 3),
        ("df[i]", 2),
        ("df[1:]", [2, 3]),
        ("df[::-1]", [3, 2, 1]),
        ("df[:i]", [1]),
        ("x.shape", (2, 3)),
        ("x.y.z", 4),
        ("x.shape[0]", 2),
        ('d["key"][0]', 5),
        ("d['key'][1]['inner']", "x"),
        ("d['a b']", 7),
        ('d["a]\'"]', 8),
        ("d[3]", "three"),
        ("squares[1, 2:3]", (1, slice(2, 3))),
        ("squares['a', -2.5]", ("a", -2.5)),
        ("squares[['a', 'b']]", ["a", "b"]),
        ("squares[...]", ...),
        ("config['db']['host']", "h"),
        ("config['tokens']", 12),
        ("größe", 9),
    ],
)
def test_names_attributes_and_indices_are_read(expression: str, value: object) -> None:
    assert value_of(expression, SPACE) == value


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("dg", "there is no variable dg, so nothing was sent. Did you mean d?"),
        ("nothing.at.all", "there is no variable nothing"),
        ("df[10]", "there is no such value (IndexError: list index out of range), so nothing was sent."),
        ("d['no']", "there is no such value (KeyError: 'no')"),
        ("x.no", "there is no such value (AttributeError: "),
        ("squares.broken", "ZeroDivisionError: division by zero"),
        ("df.sort()", "no calls and no operators"),
        ("len(df)", "no calls and no operators"),
        ("df[len(df)]", "no calls and no operators"),
        ("1 + 1", "no calls and no operators"),
        ("df + df", "no calls and no operators"),
        ("'text'", "no calls and no operators"),
        ("[1]", "no calls and no operators"),
        ("lambda: 1", "no calls and no operators"),
        ("(yield)", "no calls and no operators"),
        ("[each for each in df]", "no calls and no operators"),
        ("f'{df}'", "no calls and no operators"),
        ("df :=", "this is not a name"),
        ("df.", "this is not a name"),
        ("import os", "this is not a name"),
        ("", "this is not a name"),
        ("a b", "this is not a name"),
        ("df\0", "this is not a name"),
        ("(" * 5_000, "this is not a name"),
        ("x" + "[0]" * 5_000, "this is not a name"),
        ("squares" + "[0]" * 5_000, "this is not a name"),
        ("-" * 5_000 + "1", "this is not a name"),
    ],
)
def test_anything_else_is_one_line(expression: str, says: str) -> None:
    with pytest.raises(RequestError) as caught:
        value_of(expression, SPACE)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300
    assert caught.value.__cause__ is None


@given(st.text())
def test_any_text_is_a_value_or_one_line(expression: str) -> None:
    said = ""
    try:
        value_of(expression, SPACE)
    except RequestError as error:
        said = str(error)
    assert len(said.splitlines()) <= 1


@pytest.mark.parametrize(
    "expression",
    [
        "OPENAI_API_KEY",
        "os.environ",
        "os.environ['HOME']",
        "os.environb",
        "os.environ._data",
        "config['db']['password']",
        "config['db']['password'][0]",
    ],
)
def test_secrets_are_refused_on_the_way(expression: str) -> None:
    with pytest.raises(RequestError, match="othing was sent"):
        value_of(expression, SPACE)


@pytest.mark.parametrize(
    "name",
    [
        *("OPENAI_API_KEY", "DEEPSEEK_KEY", "api_key", "apiKey", "apikey", "APIKEY", "aws_secret_access_key"),
        *("secret", "client_secret", "SECRETS", "password", "Password", "db_password", "dbPassword", "passwd"),
        *("passphrase", "credentials", "token", "hf_token", "accessToken", "GITHUB_TOKEN", "MYTOKEN2", "TOKENS"),
        *("token_2", "Authorization", "bearer", "ssh_key", "keys_of_api_keys", "aws_access_key_id", "private_keys"),
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name, "text")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("df", "text"),
        ("key", "a"),
        ("keys", ["a"]),
        ("primary_key", "id"),
        ("sort_key", "name"),
        ("monkey", "x"),
        ("tokens", ["the", "cat"]),
        ("tokenizer", object()),
        ("n_tokens", 12),
        ("MAX_TOKENS", 4_096),
        ("prompt_tokens", 12),
        ("eos_token", "</s>"),
        ("password", None),
        ("has_password", True),
        ("secretary", "x"),
        ("compass", "x"),
        ("keyboard", "x"),
        ("key_error", "x"),
    ],
)
def test_names_of_other_things(name: str, value: object) -> None:
    assert not is_secret_name(name, value)


def test_a_list_of_credentials_is_secret_although_words_are_not() -> None:
    assert is_secret_name("tokens", ["q8Zr5Tt0aLm3Xv7Bn2Ck"])


def test_secrets_within_a_value() -> None:
    assert secret_in({"a": [{"b": ({"api_key": "x"},)}]}) == "api_key"
    assert secret_in([os.environ]) == "os.environ"
    assert secret_in({"env": dict(os.environ)}) == "os.environ"
    assert secret_in(SimpleNamespace(password="x")) == "password"
    assert secret_in(pd.DataFrame({"user": ["u"], "password": ["x"]})) == "password"
    assert secret_in(pd.DataFrame({"token": ["the", "cat"], "sort_key": ["a", "b"], "api_key": [1, 2]})) == ""
    assert secret_in([{"token": "Paris", "label": "LOC"}, {"token": "2026"}]) == ""
    assert secret_in([{"token": "abc123"}]) == "token"
    assert secret_in({"usage": {"prompt_tokens": 3}, "keys": ["a"]}) == ""

    class Client:
        def __init__(self) -> None:
            self.api_key = "x"

    assert secret_in(Client()) == "api_key"
    endless: list[Any] = []
    endless.append(endless)
    assert secret_in(endless) == ""
    assert secret_in(list(range(10_000_000))) == ""


def test_the_environment_and_its_copies() -> None:
    assert is_environment(os.environ)
    assert is_environment(dict(os.environ))
    assert is_environment({**os.environ, "more": "x"})
    assert not is_environment({})
    assert not is_environment({"HOME": os.environ.get("HOME", "")})


def test_which_variables_of_the_environment_are_secret() -> None:
    environ = {"A_TOKEN": "abcdefgh1", "B_KEY": "short", "PATH": "/usr/bin/long", "C_PASSWORD": "aaaaaaaaaaaa"}
    environ |= {"POSTGRES_PASSWORD": "postgres", "APPLICATION_CREDENTIALS": __file__, "D_SECRET": "a1b2" * 9_000}
    assert tuple(sorted(secrets_of(environ), key=len)) == ("abcdefgh1", "a1b2" * 9_000)


@pytest.mark.parametrize(
    ("suffix", "text", "name"),
    [
        (".toml", "[db]\nhost = 'h'\npassword = 'x1'\n", "password"),
        (".json", '{"a": [1], "api_key": "x"}', "api_key"),
        (".yaml", "login:\n  client_secret: abc\n", "client_secret"),
        (".yaml", "x-api-key: abc\npin: 1\n", "x-api-key"),
        (".json", '{"password": "123456"}', "password"),
        (".json", "a" * 8_000, ""),
        (".ini", "[a]\ntoken=ab12", "token"),
        (".csv", "name;password\na;b\n", "password"),
        (".tsv", 'id\t"api_key"\n', "api_key"),
        (".json", '{"max_tokens": 400, "password": null, "token": "Paris", "sort_key": "a"}', ""),
        (".yaml", "password: ${DB_PASSWORD}\napi_key: <your key>\n", ""),
        (".csv", "name,key,tokens\n", ""),
        (".py", "password = input()", ""),
        (".md", "password: the word", ""),
    ],
)
def test_names_of_secrets_in_files(suffix: str, text: str, name: str) -> None:
    assert secret_in_file(text, suffix) == name


@pytest.mark.parametrize(
    ("text", "is_secret"),
    [
        ("x = 'sk-proj-abc123def456ghi789jkl012'", True),
        ("ghp_" + "a1" * 18, True),
        ("AKIAIOSFODNN7EXAMPLE", True),
        ("glpat-abcdEFGH1234ijkl", True),
        ("Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N", True),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl", True),
        ("the value is my-own-secret-1234 here", True),
        ("sk-learn is a library, sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxx a placeholder", False),
        ("-----BEGIN PUBLIC KEY-----", False),
        ("task-force-of-2026-in-the-middle-of-everything", False),
    ],
)
def test_keys_in_texts(text: str, is_secret: bool) -> None:  # noqa: FBT001
    assert secret_in_text(text, ["my-own-secret-1234"]) is is_secret
