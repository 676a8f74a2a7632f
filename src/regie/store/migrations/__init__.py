"""The steps from one version of the database to the next; they run from the installed package.

Revisions are numbered, so that older and newer can be told apart without Alembic, which is imported only when
there is something to do.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

HEAD = "0009"
"""The last revision in ``versions``; a test keeps the two together."""

_ADVISORY_LOCK = 7_304_411
"""Of two upgrades at once, on PostgreSQL one waits; the number is arbitrary, and Regie's."""


def alembic_config(connection: Connection) -> Any:
    """Give the settings with which Alembic works on an open connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def run_migrations(engine: Engine, revision: str = "head") -> None:
    """Run the steps that are missing, in one transaction."""
    from alembic import command

    with engine.connect() as connection:
        _set_foreign_keys(connection, "OFF")
        try:
            with connection.begin():
                if connection.dialect.name == "postgresql":
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
                command.upgrade(alembic_config(connection), revision)
                _check_foreign_keys(connection)
        finally:
            _set_foreign_keys(connection, "ON")


def _set_foreign_keys(connection: Connection, value: str) -> None:
    """SQLite changes a table by making it anew; its children must bear that. No effect inside a transaction."""
    if connection.dialect.name == "sqlite":
        driver: Any = connection.connection.driver_connection
        driver.execute(f"PRAGMA foreign_keys = {value}").close()


def _check_foreign_keys(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        assert not broken, f"a migration left rows without parent: {broken[:3]}"
