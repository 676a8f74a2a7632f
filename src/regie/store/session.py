"""Transactions: how the database is opened, read, written and brought up to date.

On SQLite every transaction that may write starts with BEGIN IMMEDIATE: a read lock that becomes a write
lock fails at once, whatever the timeout. On PostgreSQL writers lock the traject that they load.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, inspect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlmodel import Session

from regie.errors import Conflict, Incomplete, Refused, RegieError
from regie.store.migrations import HEAD, run_migrations

T = TypeVar("T")

BUSY_TIMEOUT_MS = 30_000
"""How long a writer waits for another one."""

_PAUSE_SECONDS = 0.02
_RETRIED = {"40001", "40P01"}  # serialization failure, deadlock
_LOCKED = {*_RETRIED, "55P03"}  # lock timeout
_NUMBERED = re.compile(r"(?!0000)\d{4}", re.ASCII)
READING = "regie_reading"


def create_engine_for(url: str, *, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> Engine:
    """Make the engine for a database address; connects to nothing yet.

    Raises:
        Refused: ``database-url-invalid``; the address is not repeated, it may hold a password.
    """
    try:
        address = make_url(url)
        backend = address.get_backend_name()
        is_in_memory = backend == "sqlite" and address.database in (None, "", ":memory:")
        if backend not in ("sqlite", "postgresql") or is_in_memory:
            # in memory each connection would have a database of its own
            raise ArgumentError(backend)
        if backend == "sqlite":
            engine = create_engine(address, connect_args={"timeout": busy_timeout_ms / 1000})
            _prepare_sqlite(engine, busy_timeout_ms)
        else:
            engine = create_engine(address, connect_args={"connect_timeout": 10}, pool_pre_ping=True)
            _prepare_postgresql(engine, busy_timeout_ms)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError):
        raise Refused(
            "this is no database address Regie can use",
            code="database-url-invalid",
            hint="write sqlite:////path/to/regie.db or postgresql+psycopg://user:password@host/name",
        ) from None
    return engine


def _prepare_sqlite(engine: Engine, busy_timeout_ms: int) -> None:
    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _record: object) -> None:
        # the driver would begin transactions by itself, and always too late
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {busy_timeout_ms}").close()
        _write_ahead(connection, busy_timeout_ms / 1000)
        for setting in ("synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {setting}").close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get(READING, False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _write_ahead(connection: sqlite3.Connection, patience_seconds: float) -> None:
    """Switch to WAL. Of two that switch a new file at once one is refused, without the busy timeout: so wait here."""
    until = time.monotonic() + patience_seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").close()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.005)
        else:
            return


def _prepare_postgresql(engine: Engine, lock_timeout_ms: int) -> None:
    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: object) -> None:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SET TIME ZONE 'UTC'")
            cursor.execute(f"SET lock_timeout = {lock_timeout_ms}")
            cursor.execute("SHOW synchronous_commit")
            if cursor.fetchone()[0] in ("off", "local"):
                cursor.execute("SET synchronous_commit = on")
        connection.autocommit = False


@contextmanager
def write_scope(engine: Engine) -> Iterator[Session]:
    """Give a session in a transaction that may write: committed at the end, rolled back on an error.

    Raises:
        Conflict: ``database-locked``.
        Incomplete: ``database-unreachable``.
    """
    with _plain_errors(engine), _writing(engine) as session:
        yield session


@contextmanager
def read_scope(engine: Engine) -> Iterator[Session]:
    """Give a session that sees one moment of the database, and whose changes are thrown away.

    Raises:
        Conflict: ``database-locked``.
        Incomplete: ``database-unreachable``.
    """
    options: dict[str, Any] = {READING: True}
    if engine.dialect.name == "postgresql":
        options["isolation_level"] = "REPEATABLE READ"
    with _plain_errors(engine), Session(engine.execution_options(**options)) as session:
        session.info[READING] = True
        yield session


def is_reading(session: Session) -> bool:
    """Whether a session is of a ``read_scope``."""
    return bool(session.info.get(READING))


def in_transaction(engine: Engine, work: Callable[[Session], T], attempts: int = 5) -> T:
    """Do work in one transaction; do it all over when the database chose it as the one to give way.

    Raises:
        Conflict: ``database-locked``.
        Incomplete: ``database-unreachable``.
    """
    with _plain_errors(engine):
        deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
        for attempt in range(1, attempts + 1):
            try:
                with _writing(engine) as session:
                    return work(session)
            except DBAPIError as error:
                if not _may_be_retried(error) or attempt == attempts or time.monotonic() > deadline:
                    raise
                time.sleep(_PAUSE_SECONDS * attempt)
    raise AssertionError("unreachable: the last attempt returns or raises")


@contextmanager
def _writing(engine: Engine) -> Iterator[Session]:
    with Session(engine) as session:
        # begins now, so that waiting for another writer comes before any work
        session.connection()
        yield session
        session.commit()


def _may_be_retried(error: DBAPIError) -> bool:
    return _sqlite_code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) or _sql_state(error) in _RETRIED


def _sqlite_code(error: DBAPIError) -> int | None:
    code = getattr(error.orig, "sqlite_errorcode", None)
    return None if code is None else int(code) & 0xFF  # without the extended part


def _sql_state(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)


@contextmanager
def _plain_errors(engine: Engine) -> Iterator[None]:
    """Turn what the driver says about the database itself into an error that names no password."""
    try:
        yield
    except DBAPIError as error:
        plain = _plain_error(engine, error)
        if plain is None:
            raise
        # the driver's own text may hold the address
        raise plain from None


def _plain_error(engine: Engine, error: DBAPIError) -> RegieError | None:
    name = engine.url.set(username=None, password=None, query={}).render_as_string()
    code = _sqlite_code(error)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) or _sql_state(error) in _LOCKED:
        return Conflict(
            f"database '{name}' is in use by somebody else",
            code="database-locked",
            hint="try again in a moment; if it stays so, another program holds it open",
            database=name,
        )
    if code == sqlite3.SQLITE_NOTADB:
        message = f"'{name}' is no database of Regie"
        return _wrong_version(message, "point REGIE_DATABASE_URL at another file", problem="foreign", database=name)
    if code == sqlite3.SQLITE_CORRUPT:
        return Incomplete(
            f"database '{name}' is damaged", code="database-damaged", hint="put back a backup", database=name
        )
    if code == sqlite3.SQLITE_FULL:
        return Incomplete(
            f"the disk of database '{name}' is full", code="database-full", hint="make room, then retry", database=name
        )
    unreachable = code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_PERM)
    if unreachable or (engine.dialect.name == "postgresql" and _is_connection_trouble(error)):
        return Incomplete(
            f"database '{name}' cannot be reached",
            code="database-unreachable",
            hint="is it there, is it running, and may Regie write to it?",
            database=name,
        )
    return None


def _is_connection_trouble(error: DBAPIError) -> bool:
    state = _sql_state(error)
    refused = type(error.orig).__name__ == "OperationalError" and state is None
    # 08: connection, 28: authorisation, 3D: no such database, 57P: shutting down, 53: out of resources
    return refused or error.connection_invalidated or (state or "").startswith(("08", "28", "3D", "57P", "53"))


# --- the version of the database ----------------------------------------------------------------------


def is_there(engine: Engine) -> bool:
    """Whether there is a database to open; asked without making one, as SQLite would."""
    path = engine.url.database or ""
    return engine.dialect.name != "sqlite" or path.startswith("file:") or Path(path).exists()


def head_revision() -> str:
    """Give the version of the database that this version of Regie works with."""
    return HEAD


def current_revision(engine: Engine) -> str | None:
    """Give the version of a database; None when it is empty.

    Raises:
        Conflict: ``database-version``, when there are tables in it that are not Regie's.
    """
    with _plain_errors(engine), engine.execution_options(**{READING: True}).connect() as connection:
        tables = set(inspect(connection).get_table_names())
        if "alembic_version" in tables:
            found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all()
            if found and "traject" in tables:
                return ", ".join(map(str, found))
        if tables - {"alembic_version"}:
            name = engine.url.set(username=None, password=None, query={}).render_as_string()
            message = f"'{name}' holds tables that are not Regie's"
            raise _wrong_version(message, "point REGIE_DATABASE_URL elsewhere", problem="foreign", database=name)
        return None


def check_schema(engine: Engine) -> None:
    """Refuse a database that this version of Regie cannot work with.

    Raises:
        Conflict: ``database-version``; it is empty, older, newer or not Regie's.
    """
    found = current_revision(engine)
    if found == HEAD:
        return
    if found is None:
        raise _wrong_version("the database is empty", "make its tables with: regie db upgrade", problem="empty")
    if not _NUMBERED.fullmatch(found):
        raise _wrong_version(
            f"the database says that it has version '{found}', which no Regie makes",
            "put back a backup",
            found,
            problem="unknown",
        )
    if found < HEAD:
        raise _wrong_version(
            f"the database has version {found}, this Regie needs {HEAD}",
            "make a backup, then: regie db upgrade",
            found,
            problem="older",
        )
    raise _wrong_version(
        f"the database has version {found}, made by a newer Regie than this one ({HEAD})",
        "install that version of Regie, or put back the backup from before the upgrade",
        found,
        problem="newer",
    )


def upgrade(engine: Engine) -> str:
    """Bring a database up to date, all or nothing; doing so twice changes nothing.

    Raises:
        Conflict: ``database-version``, when a newer Regie made it or it is not Regie's.
    """
    found = current_revision(engine)
    if found is not None and (found >= HEAD or not _NUMBERED.fullmatch(found)):
        check_schema(engine)
        return HEAD
    with _plain_errors(engine):
        run_migrations(engine)
    check_schema(engine)
    return HEAD


def _wrong_version(message: str, hint: str, found: str | None = None, **facts: str) -> Conflict:
    return Conflict(message, code="database-version", hint=hint, found=found, needed=HEAD, **facts)
