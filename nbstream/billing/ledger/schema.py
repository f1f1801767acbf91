"""The tables of the ledger, as the steps from each version of the file to the next one.

A step that was released never changes: a new version adds a step. What a step does must leave the
statements of earlier versions working, as kernels with both may write at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

#: The columns of sums, and what a new row adds to each. Money is exact: a column `…_pico` is an
#: integer, in 10⁻¹² of the currency; it is null where the amount is no such number, and then only
#: the column with its text has it.
_SUMS = {
    "requests": "1",
    "unreported": "NEW.completion IS NULL",
    "unknown": "NEW.unknown",
    "prompt": "ifnull(NEW.prompt, 0)",
    "unsplit": "CASE WHEN NEW.hit IS NULL THEN ifnull(NEW.prompt, 0) ELSE 0 END",
    **{
        each: f"ifnull(NEW.{each}, 0)"
        for each in (
            *("hit", "miss", "completion", "reasoning", "about_prompt", "about_completion"),
            *("amount_pico", "hit_pico", "miss_pico", "reasoning_pico", "answer_pico", "about_pico"),
        )
    },
}
_OF_MONEY = ("kind", "currency", "about_currency", "bound")
#: The tables of sums, and what each sum in them is for. A trigger keeps them right whoever writes.
#: `days` tells more, and has many rows in the ledger of a busy user; `day_totals` has few.
SUMS = {"days": ("day", "notebook", "chat", "model", *_OF_MONEY), "day_totals": ("day", *_OF_MONEY)}


def _table(name: str) -> str:
    keys = SUMS[name]
    columns = [f"{each} TEXT NOT NULL" for each in keys] + [f"{each} INTEGER NOT NULL" for each in _SUMS]
    return f"CREATE TABLE {name} (\n    {', '.join(columns)},\n    PRIMARY KEY ({', '.join(keys)})\n) WITHOUT ROWID;\n"


def _adding(name: str) -> str:
    values = [*(f"NEW.{each}" for each in SUMS[name]), *_SUMS.values()]
    sums = ", ".join(f"{each} = {each} + excluded.{each}" for each in _SUMS)
    return f"    INSERT INTO {name} VALUES ({', '.join(values)}) ON CONFLICT DO UPDATE SET {sums};\n"  # noqa: S608  (of our own words)


def retold(day: str) -> tuple[str, str]:
    """Return the statements that make the totals of a day anew from `days`."""
    keys = ", ".join(SUMS["day_totals"])
    sums = ", ".join(f"sum({each})" for each in _SUMS)
    return (
        f"DELETE FROM day_totals WHERE day = {day}",  # noqa: S608  (as above)
        f"INSERT INTO day_totals SELECT {keys}, {sums} FROM days WHERE day = {day} GROUP BY {keys}",  # noqa: S608  (as above)
    )


_ROWS = """
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
"""
_REQUESTS = (
    _ROWS
    + "".join(map(_table, SUMS))
    + "CREATE TRIGGER requests_are_added AFTER INSERT ON requests BEGIN\n"
    + "".join(map(_adding, SUMS))
    + "END;\n"
)

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
