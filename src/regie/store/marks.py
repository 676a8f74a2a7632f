"""Named values that must outlive the process: when the last sweep was, which dates were last reported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, select

from regie.store.dialects import per_dialect, said_for
from regie.store.tables import mark

_READ = select(mark.c.value).where(mark.c.name == bindparam("mark"))


def _put(insert: Any) -> Any:
    putting = insert(mark)
    return putting.on_conflict_do_update(index_elements=["name"], set_={"value": putting.excluded.value})


_PUT = per_dialect(_put)


def read_mark(connection: Connection, name: str) -> Mapping[str, Any] | None:
    """Give what was noted under a name; ``None`` when nothing was."""
    found: Mapping[str, Any] | None = connection.scalar(_READ, {"mark": name})
    return found


def put_mark(connection: Connection, name: str, value: Mapping[str, Any]) -> None:
    """Note a value under a name, in place of what was there."""
    connection.execute(said_for(connection, _PUT), [{"name": name, "value": dict(value)}])
