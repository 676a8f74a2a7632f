"""The raw side of a comparison: the same statements, sent by the sqlite3 module itself.

What Regie sends while it works is written down on one copy of the database, and sent again, without Regie and
without SQLAlchemy, to another copy. The ratio is then the price of everything around the SQL.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

Sent = tuple[str, Any, bool]


@contextmanager
def written_down(engine: Engine) -> Iterator[list[Sent]]:
    """Write down every statement that an engine sends, with its parameters."""
    sent: list[Sent] = []

    def note(_connection, _cursor, statement, parameters, _context, executemany) -> None:  # type: ignore[no-untyped-def]
        sent.append((statement, parameters, executemany))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


def open_raw(path: Path) -> sqlite3.Connection:
    """Open a database the way Regie does: WAL, synchronous FULL, foreign keys."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def send_again(connection: sqlite3.Connection, sent: list[Sent]) -> float:
    """Send statements in one transaction, read all that they give; seconds that it took."""
    began = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    for statement, parameters, executemany in sent:
        if statement.startswith(("BEGIN", "COMMIT", "ROLLBACK")):
            continue
        if executemany:
            connection.executemany(statement, parameters)
        else:
            connection.execute(statement, parameters).fetchall()
    connection.execute("COMMIT")
    return time.perf_counter() - began


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
