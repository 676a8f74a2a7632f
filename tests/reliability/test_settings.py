"""T18: what makes a commit survive a power cut is set on every connection, also on later and parallel ones."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from sqlalchemy import Connection, Engine, text

from regie.errors import Conflict
from regie.store.session import create_engine_for, read_scope, write_scope
from tests.support.databases import on_postgresql, on_sqlite

FULL = 2


def pragmas(connection: Connection) -> tuple[object, ...]:
    names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    return tuple(connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names)


@on_sqlite
def test_t18_every_connection_to_sqlite_is_safe_while_others_are_open(engine: Engine, database_url: str) -> None:
    with ExitStack() as open_ones:
        seen = [pragmas(open_ones.enter_context(engine.execution_options(regie_reading=True).connect())) for _ in "123"]
        engine.dispose()
        later = create_engine_for(database_url)
        with read_scope(later) as session:
            seen.append(pragmas(session.connection()))
        later.dispose()

    assert seen == [("wal", FULL, 1, 30_000)] * 4


@on_sqlite
def test_t18_a_writer_has_the_write_lock_before_it_reads_anything(engine: Engine, database_url: str) -> None:
    impatient = create_engine_for(database_url, busy_timeout_ms=1)

    with write_scope(engine), pytest.raises(Conflict, match="in use by somebody else"), write_scope(impatient):
        pytest.fail("two writers at once")

    impatient.dispose()


@on_postgresql
def test_t18_every_connection_to_postgresql_waits_for_the_disk_also_where_the_database_says_otherwise(
    engine: Engine, database_url: str
) -> None:
    with engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(
            text(f"ALTER DATABASE {engine.url.database} SET synchronous_commit = off")
        )
    engine.dispose()

    with ExitStack() as open_ones:
        connections = [open_ones.enter_context(engine.connect()) for _ in "123"]
        seen = {each.exec_driver_sql("SHOW synchronous_commit").scalar() for each in connections}

    assert seen == {"on"}
