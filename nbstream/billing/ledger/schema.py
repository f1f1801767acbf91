"""The tables of the ledger, as the steps from each version of the file to the next one.

A step that was released never changes: a new version adds a step. What a step does must leave the
statements of earlier versions working, as kernels with both may write at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

#: `days` holds sums of `requests`, so that a year is added up in milliseconds. A trigger keeps it
#: right whoever writes. Money is exact: a column `…_pico` is an integer, in 10⁻¹² of the currency;
#: it is null where the amount is no such number, and then only the column with its text has it.
_REQUESTS = """
CREATE TABLE requests (
    id INTEGER PRIMARY KEY,
    instant REAL NOT NULL,
    day TEXT NOT NULL,
    notebook TEXT NOT NULL DEFAULT '',
    cell TEXT NOT NULL DEFAULT '',
    chat TEXT NOT NULL DEFAULT '',
    visitor INTEGER NOT NULL DEFAULT 0,
    asked TEXT NOT NULL DEFAULT '',
    model TEXT NOT NULL DEFAULT '',
    host TEXT NOT NULL DEFAULT '',
    kind TEXT NOT NULL DEFAULT 'server',
    cause TEXT NOT NULL DEFAULT '',
    attempt INTEGER NOT NULL DEFAULT 1,
    status TEXT NOT NULL DEFAULT '',
    finish TEXT NOT NULL DEFAULT '',
    failure TEXT NOT NULL DEFAULT '',
    prompt INTEGER,
    hit INTEGER,
    miss INTEGER,
    completion INTEGER,
    reasoning INTEGER,
    about_prompt INTEGER,
    about_completion INTEGER,
    first_token REAL,
    seconds REAL,
    speed REAL,
    currency TEXT NOT NULL DEFAULT '',
    amount TEXT,
    amount_pico INTEGER,
    parts TEXT,
    hit_pico INTEGER,
    miss_pico INTEGER,
    reasoning_pico INTEGER,
    answer_pico INTEGER,
    source TEXT NOT NULL DEFAULT '',
    tier TEXT NOT NULL DEFAULT '',
    bound TEXT NOT NULL DEFAULT '',
    about_currency TEXT NOT NULL DEFAULT '',
    about TEXT,
    about_pico INTEGER,
    unknown INTEGER NOT NULL DEFAULT 0,
    version TEXT NOT NULL DEFAULT ''
);
CREATE INDEX requests_of_day ON requests (day);
CREATE INDEX requests_of_cell ON requests (notebook, cell);
CREATE INDEX requests_with_long_amounts ON requests (day)
    WHERE (amount IS NOT NULL AND amount_pico IS NULL) OR (about IS NOT NULL AND about_pico IS NULL)
        OR (parts IS NOT NULL AND hit_pico IS NULL);
CREATE TABLE days (
    day TEXT NOT NULL,
    notebook TEXT NOT NULL,
    chat TEXT NOT NULL,
    model TEXT NOT NULL,
    kind TEXT NOT NULL,
    currency TEXT NOT NULL,
    about_currency TEXT NOT NULL,
    bound TEXT NOT NULL,
    requests INTEGER NOT NULL,
    unreported INTEGER NOT NULL,
    unknown INTEGER NOT NULL,
    prompt INTEGER NOT NULL,
    unsplit INTEGER NOT NULL,
    hit INTEGER NOT NULL,
    miss INTEGER NOT NULL,
    completion INTEGER NOT NULL,
    reasoning INTEGER NOT NULL,
    about_prompt INTEGER NOT NULL,
    about_completion INTEGER NOT NULL,
    amount_pico INTEGER NOT NULL,
    hit_pico INTEGER NOT NULL,
    miss_pico INTEGER NOT NULL,
    reasoning_pico INTEGER NOT NULL,
    answer_pico INTEGER NOT NULL,
    about_pico INTEGER NOT NULL,
    PRIMARY KEY (day, notebook, chat, model, kind, currency, about_currency, bound)
) WITHOUT ROWID;
CREATE TRIGGER requests_are_added AFTER INSERT ON requests BEGIN
    INSERT INTO days VALUES (
        NEW.day, NEW.notebook, NEW.chat, NEW.model, NEW.kind, NEW.currency, NEW.about_currency, NEW.bound,
        1, NEW.completion IS NULL, NEW.unknown,
        ifnull(NEW.prompt, 0), CASE WHEN NEW.hit IS NULL THEN ifnull(NEW.prompt, 0) ELSE 0 END,
        ifnull(NEW.hit, 0), ifnull(NEW.miss, 0), ifnull(NEW.completion, 0), ifnull(NEW.reasoning, 0),
        ifnull(NEW.about_prompt, 0), ifnull(NEW.about_completion, 0),
        ifnull(NEW.amount_pico, 0), ifnull(NEW.hit_pico, 0), ifnull(NEW.miss_pico, 0),
        ifnull(NEW.reasoning_pico, 0), ifnull(NEW.answer_pico, 0), ifnull(NEW.about_pico, 0)
    )
    ON CONFLICT DO UPDATE SET
        requests = requests + excluded.requests,
        unreported = unreported + excluded.unreported,
        unknown = unknown + excluded.unknown,
        prompt = prompt + excluded.prompt,
        unsplit = unsplit + excluded.unsplit,
        hit = hit + excluded.hit,
        miss = miss + excluded.miss,
        completion = completion + excluded.completion,
        reasoning = reasoning + excluded.reasoning,
        about_prompt = about_prompt + excluded.about_prompt,
        about_completion = about_completion + excluded.about_completion,
        amount_pico = amount_pico + excluded.amount_pico,
        hit_pico = hit_pico + excluded.hit_pico,
        miss_pico = miss_pico + excluded.miss_pico,
        reasoning_pico = reasoning_pico + excluded.reasoning_pico,
        answer_pico = answer_pico + excluded.answer_pico,
        about_pico = about_pico + excluded.about_pico;
END;
"""

#: Of the unit "", an amount is in tokens; of a currency, in 10⁻¹² of it.
_BUDGETS = """
CREATE TABLE budgets (
    scope TEXT NOT NULL,
    notebook TEXT NOT NULL,
    unit TEXT NOT NULL,
    most TEXT NOT NULL,
    since REAL NOT NULL,
    allows_unknown INTEGER NOT NULL,
    PRIMARY KEY (scope, notebook, unit)
) WITHOUT ROWID;
CREATE TABLE reservations (
    name TEXT NOT NULL,
    unit TEXT NOT NULL,
    instant REAL NOT NULL,
    notebook TEXT NOT NULL,
    amount INTEGER NOT NULL,
    machine TEXT NOT NULL,
    process INTEGER NOT NULL,
    began REAL NOT NULL,
    PRIMARY KEY (name, unit)
) WITHOUT ROWID;
"""

#: The statements of each step: the first one makes version 1 of an empty file.
STEPS: tuple[str, ...] = (_REQUESTS, _BUDGETS)


def migrate(connection: sqlite3.Connection, version: int) -> None:
    """Bring the file from `version` to the newest one. The caller holds the write lock."""
    for step in STEPS[version:]:
        for statement in _statements(step):
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {len(STEPS)}")


def _statements(script: str) -> list[str]:
    """Return the statements of a script; `executescript` would commit before it."""
    import sqlite3  # noqa: PLC0415  (at the first request)

    found, current = [], ""
    for line in script.splitlines(keepends=True):
        current += line
        if sqlite3.complete_statement(current):
            found.append(current)
            current = ""
    return found
