"""A cycle and what hangs on it: its anchors, its items, its first occurrences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlmodel import Session

from regie.core.ids import AnchorId, ListId
from regie.core.traject import AnchorDates, Cycle, Item
from regie.errors import Conflict
from regie.store.dialects import Writing, per_dialect, said_for
from regie.store.rows import DERIVED, FACTS, answers_row, occurrence_row
from regie.store.tables import anchor, cycle, item, occurrence, traject

ADD_OCCURRENCES = Writing(insert(occurrence), ("traject_id", "cycle", "step", "key", "responsible", *FACTS, *DERIVED))
_ADD_ITEMS = insert(item)
_CYCLE_BY_KEY = select(cycle.c.number).where(
    cycle.c.traject_id == bindparam("id"), cycle.c.idempotency_key == bindparam("by_key")
)


def _put_anchors(insert_: Any) -> Any:
    putting = insert_(anchor)
    dates = {name: putting.excluded[name] for name in ("target", "actual")}
    return putting.on_conflict_do_update(index_elements=["traject_id", "cycle", "anchor"], set_=dates)


_PUT_ANCHORS = per_dialect(_put_anchors)
_ADD_CYCLE = Writing(
    per_dialect(lambda insert_: insert_(cycle).on_conflict_do_nothing()), [column.name for column in cycle.columns]
)
_PUT_CYCLE = (
    update(cycle)
    .where(cycle.c.traject_id == bindparam("own_id"), cycle.c.number == bindparam("own_cycle"))
    .values(state=bindparam("state"), ended_because=bindparam("ended_because"))
)
_DROP_ANCHOR = delete(anchor).where(
    anchor.c.traject_id == bindparam("own_id"),
    anchor.c.cycle == bindparam("own_cycle"),
    anchor.c.anchor == bindparam("own_anchor"),
)
_DROP_ITEMS = delete(item).where(
    item.c.traject_id == bindparam("own_id"),
    item.c.cycle == bindparam("own_cycle"),
    item.c.list == bindparam("own_list"),
)


def create_cycle(session: Session, traject_id: int, cycle_: Cycle, idempotency_key: str) -> int:
    """Store a cycle as it was opened; give its number. Asked twice with the same key, it is made once.

    Raises:
        Conflict: ``cycle-taken``, somebody else opened a cycle of this number.
    """
    connection = session.connection()
    row = {
        "traject_id": traject_id,
        "number": cycle_.number,
        "kind": cycle_.kind,
        "parent": cycle_.parent,
        "definition_hash": cycle_.definition.content_hash,
        "answers": answers_row(cycle_.answers),
        "state": cycle_.state.value,
        "ended_because": cycle_.ended_because,
        "idempotency_key": idempotency_key,
    }
    if _ADD_CYCLE.run(connection, [row]) == 0:
        known = find_cycle(session, traject_id, idempotency_key)
        if known is None:
            raise cycle_taken(cycle_.number)
        return known
    _write_anchors(connection, traject_id, cycle_, {})
    _write_items(connection, traject_id, cycle_, {})
    if cycle_.occurrences:
        rows = [occurrence_row(traject_id, cycle_, each, each.version) for each in cycle_.occurrences.values()]
        ADD_OCCURRENCES.run(connection, rows)
    connection.execute(update(traject).where(traject.c.id == traject_id).values(running=True, dirty=True))
    return cycle_.number


def find_cycle(session: Session, traject_id: int, idempotency_key: str) -> int | None:
    """Give the number of the cycle that was opened under a key."""
    found: int | None = session.connection().scalar(_CYCLE_BY_KEY, {"id": traject_id, "by_key": idempotency_key})
    return found


def cycle_taken(number: int) -> Conflict:
    """Say that somebody else opened a cycle first."""
    return Conflict(
        f"cycle {number} was opened by somebody else",
        code="cycle-taken",
        hint="look at it first; then decide whether another one is wanted",
        cycle=number,
    )


def write_cycle(connection: Connection, traject_id: int, old: Cycle, new: Cycle) -> None:
    """Write what changed of a cycle itself; its occurrences are written with those of the whole traject."""
    if (old.state, old.ended_because) != (new.state, new.ended_because):
        row = {"own_id": traject_id, "own_cycle": new.number, "state": new.state.value}
        connection.execute(_PUT_CYCLE, {**row, "ended_because": new.ended_because})
    if old.anchors != new.anchors:
        _write_anchors(connection, traject_id, new, old.anchors)
    if old.items != new.items:
        _write_items(connection, traject_id, new, old.items)


def _write_anchors(connection: Connection, traject_id: int, new: Cycle, old: Mapping[AnchorId, AnchorDates]) -> None:
    changed = [
        {"traject_id": traject_id, "cycle": new.number, "anchor": name, "target": dates.target, "actual": dates.actual}
        for name, dates in new.anchors.items()
        if old.get(name) != dates
    ]
    if changed:
        connection.execute(said_for(connection, _PUT_ANCHORS), changed)
    gone = [{"own_id": traject_id, "own_cycle": new.number, "own_anchor": name} for name in old.keys() - new.anchors]
    if gone:
        connection.execute(_DROP_ANCHOR, gone)


def _write_items(connection: Connection, traject_id: int, new: Cycle, old: Mapping[ListId, tuple[Item, ...]]) -> None:
    for name in {**old, **new.items}:
        items = new.items.get(name, ())
        if old.get(name, ()) == items:
            continue
        if old.get(name):
            connection.execute(_DROP_ITEMS, {"own_id": traject_id, "own_cycle": new.number, "own_list": name})
        rows = [
            {
                "traject_id": traject_id,
                "cycle": new.number,
                "list": name,
                "key": each.key,
                "happens_on": each.on,
                "number": each.number,
                "position": position,
            }
            for position, each in enumerate(items)
        ]
        if rows:
            connection.execute(_ADD_ITEMS, rows)
