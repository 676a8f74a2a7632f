"""The few words in which SQLite and PostgreSQL differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

Statement = Any
PerDialect = Mapping[str, Statement]


def per_dialect(build: Callable[[Any], Statement]) -> PerDialect:
    """Prepare a statement once for each database, from its own ``insert``, which knows ON CONFLICT."""
    return {"sqlite": build(sqlite.insert), "postgresql": build(postgresql.insert)}


def said_for(connection: Connection, statements: PerDialect) -> Statement:
    """Give the statement for the database at hand."""
    return statements[connection.dialect.name]
