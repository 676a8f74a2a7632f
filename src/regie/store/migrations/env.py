"""How Alembic meets our tables: on the connection that it is given, in the transaction that is open."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlmodel.sql.sqltypes import AutoString

from regie.store.tables import UTCDateTime, metadata


def include_name(name: str | None, kind: str, parents: Any) -> bool:
    """Leave out what is no table of ours, such as those of an extension."""
    return kind != "table" or name in metadata.tables


def render_item(kind: str, value: Any, _context: AutogenContext) -> str | Literal[False]:
    """Write our own types as what they are in the database: a migration must outlive our code."""
    if kind == "type" and isinstance(value, AutoString):
        return "sa.String()"
    if kind == "type" and isinstance(value, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
    include_name=include_name,
    render_item=render_item,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
