from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError, StatementError
from sqlmodel import Session

from regie.errors import Conflict, Incomplete, Refused
from regie.store import session as store
from regie.store.migrations import alembic_config, run_migrations
from regie.store.session import (
    check_schema,
    create_engine_for,
    current_revision,
    head_revision,
    in_transaction,
    read_scope,
    upgrade,
    write_scope,
)
from regie.store.tables import mark, metadata, tally
from tests.store.world import at_once
from tests.support.databases import Databases, engine_on, on_postgresql, on_sqlite

NOON = datetime(2027, 6, 3, 12, 0, tzinfo=UTC)


def put_mark(session: Session, name: str) -> None:
    session.connection().execute(mark.insert(), {"name": name, "value": {}})


def marks(engine: Engine) -> list[str]:
    with read_scope(engine) as session:
        return sorted(session.connection().scalars(mark.select()))


@pytest.fixture
def locked_sqlite(databases: Databases) -> Iterator[str]:
    url = databases.new("sqlite")
    other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield url
    other.close()


# --- settings of every connection ---------------------------------------------------------------------


def test_every_connection_has_the_settings_that_the_promises_rest_on(engine: Engine) -> None:
    seen = []
    with engine.connect() as first, engine.connect() as second:
        # two at once, so that the second is no reused first
        for connection in (first, second):
            if engine.dialect.name == "sqlite":
                names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
                seen.append([connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names])
                connection.rollback()
            else:
                names = ("synchronous_commit", "lock_timeout", "TimeZone", "transaction_isolation")
                seen.append([connection.exec_driver_sql(f"SHOW {name}").scalar() for name in names])

    expected = ["wal", 2, 1, 30_000] if engine.dialect.name == "sqlite" else ["on", "30s", "UTC", "read committed"]
    assert seen == [expected, expected]


@on_postgresql
def test_a_server_that_commits_carelessly_is_overruled(database_url: str, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"ALTER DATABASE {engine.url.database} SET synchronous_commit = off"))

    with engine_on(database_url) as fresh, fresh.connect() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"


@on_postgresql
def test_a_connection_that_only_read_writes_as_always_afterwards(engine: Engine) -> None:
    levels = []
    for scope in (read_scope, write_scope):
        with scope(engine) as session:
            levels.append(session.connection().exec_driver_sql("SHOW transaction_isolation").scalar())

    assert levels == ["repeatable read", "read committed"]


def test_a_row_without_its_parent_is_refused(engine: Engine) -> None:
    with pytest.raises(IntegrityError), write_scope(engine) as session:
        session.connection().execute(
            text("INSERT INTO absence (person_id, begins_on, ends_on) VALUES ('p9', '2027-06-01', '2027-06-02')")
        )


# --- transactions -------------------------------------------------------------------------------------


def test_what_a_write_scope_wrote_is_there_afterwards(engine: Engine) -> None:
    with write_scope(engine) as session:
        put_mark(session, "kept")

    assert marks(engine) == ["kept"]


def test_after_an_error_nothing_of_a_transaction_is_left(engine: Engine) -> None:
    def work(session: Session) -> None:
        put_mark(session, "lost")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        in_transaction(engine, work)

    assert marks(engine) == []


def test_what_a_read_scope_writes_is_thrown_away(engine: Engine) -> None:
    with read_scope(engine) as session:
        put_mark(session, "lost")

    assert marks(engine) == []


def test_a_read_scope_sees_one_moment_while_others_write(engine: Engine) -> None:
    with read_scope(engine) as session:
        before = list(session.connection().scalars(mark.select()))
        in_transaction(engine, lambda other: put_mark(other, "new"))

        assert list(session.connection().scalars(mark.select())) == before == []


def test_two_that_read_and_then_write_at_once_wait_for_each_other(engine: Engine) -> None:
    """With a plain BEGIN one of the two would fail at once on SQLite."""

    def count_up(session: Session) -> None:
        connection = session.connection()
        if engine.dialect.name == "postgresql":
            connection.execute(text("LOCK TABLE tally"))
        rows = connection.execute(tally.select()).all()
        connection.execute(tally.insert(), {"hour": NOON + timedelta(hours=len(rows)), "messages": 1})

    def work() -> None:
        for _ in range(20):
            in_transaction(engine, count_up)

    at_once([work, work])

    with read_scope(engine) as session:
        assert len(session.connection().execute(tally.select()).all()) == 40


@on_postgresql
def test_a_deadlock_is_tried_again(engine: Engine) -> None:
    for name in ("a", "b"):
        in_transaction(engine, lambda session, name=name: put_mark(session, name))
    barrier = threading.Barrier(2, timeout=20)
    tries: list[str] = []

    def touch_both(session: Session, names: tuple[str, str]) -> None:
        tries.append(names[0])
        for place, name in enumerate(names):
            session.connection().execute(mark.update().where(mark.c.name == name).values(value={"by": names[0]}))
            if place == 0 and len(tries) <= 2:
                barrier.wait()

    at_once(
        [
            lambda: in_transaction(engine, lambda session: touch_both(session, ("a", "b"))),
            lambda: in_transaction(engine, lambda session: touch_both(session, ("b", "a"))),
        ]
    )

    assert len(tries) == 3


def test_a_locked_database_is_said_to_be_locked(locked_sqlite: str) -> None:
    with (
        engine_on(locked_sqlite, busy_timeout_ms=50) as engine,
        pytest.raises(Conflict, match="in use by somebody else") as error,
    ):
        in_transaction(engine, lambda session: put_mark(session, "x"), attempts=2)

    assert error.value.code == "database-locked"


def test_a_locked_database_can_still_be_read(locked_sqlite: str) -> None:
    with engine_on(locked_sqlite, busy_timeout_ms=50) as engine:
        assert marks(engine) == []


@on_postgresql
def test_a_row_that_stays_locked_is_said_to_be_locked(database_url: str, engine: Engine) -> None:
    with engine_on(database_url, busy_timeout_ms=50) as impatient:
        in_transaction(engine, lambda session: put_mark(session, "x"))
        with write_scope(engine) as holding:
            holding.connection().execute(mark.update().values(value={"held": True}))
            with pytest.raises(Conflict) as error, write_scope(impatient) as session:
                session.connection().execute(mark.update().values(value={}))

    assert error.value.code == "database-locked"


def test_moments_come_back_aware_and_in_utc(engine: Engine) -> None:
    in_amsterdam = NOON.astimezone(timezone(timedelta(hours=2)))
    with write_scope(engine) as session:
        session.connection().execute(tally.insert(), {"hour": in_amsterdam, "messages": 1})

    with read_scope(engine) as session:
        found = session.connection().scalar(tally.select())

    assert (found, found.tzinfo) == (NOON, UTC)


def test_a_moment_without_zone_is_refused(engine: Engine) -> None:
    with pytest.raises(StatementError, match="needs a time zone"), write_scope(engine) as session:
        session.connection().execute(tally.insert(), {"hour": NOON.replace(tzinfo=None), "messages": 1})


# --- a database that is not there, or not ours ----------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("sqlite:////nowhere/at/all/regie.db", id="folder-is-missing"),
        pytest.param("postgresql+psycopg://regie:s3cret@127.0.0.1:1/regie", id="server-is-down"),
    ],
)
def test_a_database_that_cannot_be_reached_is_named_without_its_password(url: str) -> None:
    with engine_on(url) as engine, pytest.raises(Incomplete, match="cannot be reached") as error, write_scope(engine):
        pass

    assert error.value.code == "database-unreachable"
    assert "s3cret" not in repr(error.value) + str(error.value) + repr(error.value.__cause__)
    assert error.value.__suppress_context__


@on_postgresql
def test_a_user_that_is_not_let_in_is_told_so_without_the_password(database_url: str) -> None:
    wrong = make_url(database_url).set(username="nobody", password="s3cret").render_as_string(hide_password=False)

    with engine_on(wrong) as engine, pytest.raises(Incomplete) as error, read_scope(engine) as session:
        session.connection()

    assert error.value.code == "database-unreachable"
    assert "s3cret" not in str(error.value)


@pytest.mark.parametrize(
    "url",
    ["sqlite://", "sqlite:///:memory:", "mysql://regie:s3cret@host/regie", "no address", "", "sqlite+nothing:///x"],
)
def test_an_address_of_another_kind_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(Refused, match="no database address") as error:
        create_engine_for(url)

    assert error.value.code == "database-url-invalid"
    assert "s3cret" not in str(error.value)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_text("these are my notes\n" * 100)

    with engine_on(f"sqlite:///{path}") as engine, pytest.raises(Conflict, match="no database of Regie") as error:
        check_schema(engine)

    assert error.value.code == "database-version"


@on_sqlite
def test_a_damaged_file_is_named_as_such(database_url: str) -> None:
    path = Path(str(make_url(database_url).database))
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(bytes(range(256)) * 400)

    with engine_on(database_url) as engine, pytest.raises(Incomplete, match="is damaged") as error:
        check_schema(engine)

    assert error.value.code == "database-damaged"


# --- versions -----------------------------------------------------------------------------------------


def test_a_migrated_database_has_the_tables_that_the_code_knows(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "target_metadata": metadata})
        differences = compare_metadata(context, metadata)

    assert differences == []


def test_the_version_is_that_of_the_last_migration(engine: Engine) -> None:
    with engine.connect() as connection:
        script = ScriptDirectory.from_config(alembic_config(connection))

    assert [head_revision()] == script.get_heads()
    assert current_revision(engine) == head_revision()
    check_schema(engine)


def test_an_empty_database_is_refused_until_it_is_upgraded(empty_database_url: str) -> None:
    with engine_on(empty_database_url) as engine:
        with pytest.raises(Conflict, match="the database is empty") as error:
            check_schema(engine)
        upgrade(engine)

        check_schema(engine)

    assert error.value.code == "database-version"


def test_upgrading_twice_changes_nothing(engine: Engine) -> None:
    in_transaction(engine, lambda session: put_mark(session, "kept"))

    assert upgrade(engine) == head_revision()

    assert marks(engine) == ["kept"]


def test_many_that_open_a_new_file_at_once_all_get_in(tmp_path: Path) -> None:
    for number in range(30):
        address = f"sqlite:///{tmp_path / f'{number}.db'}"

        def open_it(address: str = address) -> str:
            with engine_on(address) as engine, engine.connect() as connection:
                return str(connection.exec_driver_sql("PRAGMA journal_mode").scalar_one())

        assert set(at_once([open_it] * 6)) == {"wal"}


def test_two_upgrades_at_once_make_one_database(empty_database_url: str) -> None:
    def run() -> None:
        with engine_on(empty_database_url) as engine:
            upgrade(engine)

    at_once([run, run])

    with engine_on(empty_database_url) as engine:
        check_schema(engine)


def test_an_upgrade_that_breaks_off_leaves_the_database_empty(empty_database_url: str) -> None:
    with engine_on(empty_database_url) as engine:

        def break_off(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            if "CREATE TABLE message" in statement:
                raise KeyboardInterrupt

        event.listen(engine, "before_cursor_execute", break_off)
        with pytest.raises(KeyboardInterrupt):
            run_migrations(engine)
        event.remove(engine, "before_cursor_execute", break_off)

        assert current_revision(engine) is None
        upgrade(engine)
        check_schema(engine)


@pytest.mark.parametrize(
    ("revision", "said"),
    [
        pytest.param("0001", "regie db upgrade", id="older"),
        pytest.param("9999", "a newer Regie", id="newer"),
        pytest.param("f3a9c1", "which no Regie makes", id="unknown"),
        pytest.param("0000", "which no Regie makes", id="nought"),
        pytest.param("", "which no Regie makes", id="nothing"),
    ],
)
def test_a_database_of_another_version_is_refused(engine: Engine, revision: str, said: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})

    with pytest.raises(Conflict, match=said) as error:
        check_schema(engine)

    assert (error.value.code, error.value.facts["found"]) == ("database-version", revision)


@pytest.mark.parametrize("revision", ["9999", "abc", ""])
def test_a_database_of_a_newer_or_unknown_version_is_not_touched_by_an_upgrade(engine: Engine, revision: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})

    with pytest.raises(Conflict) as error:
        upgrade(engine)

    assert error.value.code == "database-version"
    assert current_revision(engine) == revision


def test_a_database_of_two_versions_at_once_is_refused(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO alembic_version (version_num) VALUES ('0001')"))

    for act in (check_schema, upgrade):
        with pytest.raises(Conflict, match="which no Regie makes"):
            act(engine)


def test_a_database_of_another_program_is_refused(empty_database_url: str) -> None:
    with engine_on(empty_database_url) as engine:
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE invoices (id INTEGER)"))

        for act in (check_schema, upgrade):
            with pytest.raises(Conflict, match="not Regie's"):
                act(engine)


def test_patience_is_as_long_as_is_promised() -> None:
    assert store.BUSY_TIMEOUT_MS == 30_000
