"""How Alembic meets our tables: on the connection that it is given, in the transaction that is open."""

from __future__ import annotations

from typing import Any

from alembic import context

from regie.store.tables import metadata


def include_name(name: str | None, kind: str, parents: Any) -> bool:
    """Leave out what is no table of ours, such as those of an extension."""
    return kind != "table" or name in metadata.tables


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
    include_name=include_name,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
