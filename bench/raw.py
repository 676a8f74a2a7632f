"""The raw side of a comparison: the least SQL that does the same, by the sqlite3 module itself.

What must be written is read off: the rows that differ after Regie did it to one copy of the database. To another copy
they are written by hand: only the columns that changed, each row by its number, like rows together. What must be
known before anybody can decide is read by hand too. All of it is one transaction; nothing is decided or planned.
The ratio is then the price of everything that Regie is, at the same durability.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

Rows = Mapping[str, Mapping[int, Mapping[str, Any]]]
"""Table, number of the row, column, value."""

Statements = Sequence[tuple[str, list[tuple[Any, ...]]]]

KNOWN_BEFORE_A_CHANGE = (
    "SELECT zone, checked_at, next_look_on, version FROM traject WHERE id = :id",
    "SELECT number, kind, definition_hash, answers, state FROM cycle WHERE traject_id = :id",
    "SELECT anchor, target, actual FROM anchor WHERE traject_id = :id AND cycle = 1",
    "SELECT list, key, happens_on, number FROM item WHERE traject_id = :id AND cycle = 1",
    """SELECT id, step, key, started_on, finished_on, outcome, out_state, told, state, early_start, early_finish,
              late_start, late_finish, slack_working_days, critical, due_on, legal_on, version
       FROM occurrence WHERE traject_id = :id AND cycle = 1""",
    """SELECT role, person.id, language, hears, deputy_id FROM role_binding JOIN person ON person.id = person_id
       WHERE traject_id IN (:id, 0)""",
    "SELECT mac FROM history WHERE traject_id = :id ORDER BY seq DESC LIMIT 1",
)
"""What replanning a traject and telling its people follows from."""

KNOWN_BEFORE_A_START = (
    "SELECT 1 FROM definition LIMIT 1",
    "SELECT 1 FROM traject WHERE id = :id",
    """SELECT role, person.id, language, hears, deputy_id FROM role_binding JOIN person ON person.id = person_id
       WHERE traject_id IN (:id, 0)""",
)


def open_raw(path: Path) -> sqlite3.Connection:
    """Open a database the way Regie does: WAL, synchronous FULL, foreign keys."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.row_factory = sqlite3.Row
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def read_rows(connection: sqlite3.Connection) -> Rows:
    """Read all rows of all tables."""
    tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return {
        table: {
            row["rowid"]: {name: row[name] for name in row.keys() if name != "rowid"}  # noqa: SIM118 - no mapping
            for row in connection.execute(f'SELECT rowid AS rowid, * FROM "{table}"')
        }
        for (table,) in tables.fetchall()
    }


def least_writes(before: Rows, after: Rows) -> Statements:
    """Say with the fewest and narrowest statements how the rows before become the rows after."""
    statements: dict[str, list[tuple[Any, ...]]] = {}
    for table, rows in after.items():
        for number, row in rows.items():
            old = before[table].get(number)
            if old is None:
                given = {name: value for name, value in row.items() if value is not None}
                named, marks = ", ".join(f'"{name}"' for name in given), ", ".join("?" for _ in given)
                put = f'INSERT INTO "{table}" ({named}) VALUES ({marks})'
                statements.setdefault(put, []).append(tuple(given.values()))
            elif changed := {name: value for name, value in row.items() if old[name] != value}:
                pairs = ", ".join(f'"{name}" = ?' for name in changed)
                put = f'UPDATE "{table}" SET {pairs} WHERE rowid = ?'
                statements.setdefault(put, []).append((*changed.values(), number))
    # a foreign key holds at the end of each statement: tables in the order in which they refer to each other
    order = ("definition", "traject", "cycle", "anchor", "item", "occurrence", "message", "notice")
    return sorted(statements.items(), key=lambda each: _rank(each[0], order))


def do_the_least(connection: sqlite3.Connection, reads: Sequence[str], writes: Statements, traject_id: int) -> float:
    """Read and write in one durable transaction; seconds that it took."""
    began = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    for read in reads:
        connection.execute(read, {"id": traject_id}).fetchall()
    for write, rows in writes:
        connection.executemany(write, rows)
    connection.execute("COMMIT")
    return time.perf_counter() - began


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _rank(statement: str, order: Sequence[str]) -> int:
    table = statement.split('"')[1]
    return order.index(table) if table in order else len(order)
