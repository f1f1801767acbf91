"""Secrets are removed from cells and outputs, and ordinary code is not touched."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbstream.model.hidden_text import MARK
from nbstream.prompt.redaction import Redaction

KEY = "sk-0123456789abcdefABCDEF"


@pytest.mark.parametrize(
    "text",
    [
        f"os.environ['DEEPSEEK_API_KEY'] = '{KEY}'",
        f'client = OpenAI(api_key="{KEY}")',
        f"print({KEY})",
        f"{{'HOME': '/root', 'OPENAI_API_KEY': '{KEY}', 'PATH': '/bin'}}",
        f"%env MISTRAL_API_KEY={KEY}",
        f"headers = {{'Authorization': 'Bearer {KEY}'}}",
        f"https://user:{KEY}@example.org/repo.git",
        f"!curl -H 'x-api-key: {KEY}' https://example.org",
        f"os.putenv('HF_TOKEN', '{KEY}')",
    ],
)
def test_a_key_is_removed(text: str) -> None:
    redaction = Redaction()
    assert redaction.remove(text) == text.replace(KEY, MARK)
    assert redaction.count == 1


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("password = 'hunter2'", "hunter2"),
        ('DB_PASSWORD: str = "a b c"', "a b c"),
        ("token = 'Zm9vYmFyYmF6cXV4'", "Zm9vYmFyYmF6cXV4"),
        ("ghp_abcdefghijklmnopqrstuv123456", "ghp_abcdefghijklmnopqrstuv123456"),
        ("AKIAABCDEFGHIJKLMNOP", "AKIAABCDEFGHIJKLMNOP"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abcdefghijk", None),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY-----", "MIIE\nabc"),
    ],
)
def test_other_secrets_are_removed(text: str, secret: str | None) -> None:
    redaction = Redaction()
    removed = redaction.remove(text)
    assert MARK in removed
    assert (secret or text) not in removed


@pytest.mark.parametrize(
    "text",
    [
        "tokenizer = AutoTokenizer.from_pretrained('bert-base-uncased')",
        "max_tokens = 'eight hundred'",
        "tokens = ['first_token', 'second_token']",
        "for token in tokens: print(token)",
        "author = 'Somebody Else'",
        "df.groupby('token')['count'].sum()",
        "secret_santa(names)",
        "key = 'a'; value = d[key]",
        "def check(password: str) -> bool: ...",
        "os.environ['DEEPSEEK_API_KEY'] = getpass.getpass()",
        "url = 'https://example.org:8080/path@2x.png'",
        "keys = sorted(counts, key=counts.get)",
        "password = input('Password: ')",
        "monkey = 'an animal of the jungle'",
    ],
)
def test_ordinary_code_stays(text: str) -> None:
    redaction = Redaction()
    assert redaction.remove(text) == text
    assert redaction.count == 0


def test_known_secrets_are_removed_wherever_they_stand() -> None:
    redaction = Redaction(["some words", "own-key", "own-key-of-20-chars-"])
    assert redaction.remove("(own-key-of-20-chars-) some words") == f"({MARK}) {MARK}"
    assert redaction.count == 2


@given(st.text(max_size=40), st.text(max_size=40))
def test_the_key_of_the_request_never_stays(before: str, after: str) -> None:
    assert KEY not in Redaction([KEY]).remove(before + KEY + after)


@pytest.mark.parametrize(
    "piece",
    [
        *("token", "token='", "secret_", "api_key", "password", "password='a ", "token]", "token' , '", "token "),
        *("://", "://a:", "a:", "-----BEGIN PRIVATE KEY-----", "sk-", "eyJa-", "Bearer "),
    ],
)
def test_the_work_is_linear_in_the_length_of_a_text(piece: str) -> None:
    # A text of this length takes hours if the work is quadratic or worse; pytest's limit ends it.
    text = piece * 20_000
    assert len(Redaction().remove(text)) <= len(text) + len(MARK) * 20_000
