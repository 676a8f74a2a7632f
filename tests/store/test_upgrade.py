"""A database of the first version, with a town in it, comes along: whole, once, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import count
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, event, inspect

from regie.actions.apply_event import apply_event
from regie.actions.context import Context
from regie.actions.reconcile import reconcile
from regie.core.events import StepFinished
from regie.core.ids import OccurrenceKey, StepId
from regie.core.traject import State
from regie.errors import Conflict
from regie.store.history import list_history, verify
from regie.store.migrations import run_migrations
from regie.store.session import check_schema, current_revision, head_revision, read_scope, upgrade
from regie.store.tables import metadata
from regie.store.trajects import find_traject_id, load_traject
from tests.reliability.conftest import AUDIT_KEY, moment
from tests.support.databases import engine_on

FILLED = Path(__file__).with_name("filled_0001.sql").read_text(encoding="utf-8")
ADDED = {"occurrence": ("proposed_on", "proposal_reason", "assigned_to", "declined", "askers")}
"""Columns that later versions added, and that say nothing of what was there before."""
NUMBERED_BY_THE_DATABASE = ("traject", "occurrence", "notice")


@pytest.fixture
def first(empty_database_url: str) -> Iterator[Engine]:
    """A database as it was at version 0001, filled by the SQL of that time."""
    with engine_on(empty_database_url) as engine:
        run_migrations(engine, "0001")
        with engine.begin() as connection:
            for line in FILLED.splitlines():
                if line.startswith("INSERT"):
                    connection.exec_driver_sql(line)
            if engine.dialect.name == "postgresql":
                for table in NUMBERED_BY_THE_DATABASE:
                    connection.exec_driver_sql(
                        f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
                    )
        yield engine


def rows(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """What stands in each table that is there and has rows; later versions add tables."""
    with engine.execution_options(regie_reading=True).connect() as connection:
        there = set(inspect(connection).get_table_names()) & set(metadata.tables)
        found = {
            name: sorted(
                (
                    tuple(value for column, value in row._mapping.items() if column not in ADDED.get(name, ()))
                    for row in connection.exec_driver_sql(f"SELECT * FROM {name}")
                ),
                key=repr,
            )
            for name in there
        }
    return {name: of_table for name, of_table in found.items() if of_table}


def sweep_index(engine: Engine) -> list[str | None]:
    found = {each["name"]: each["column_names"] for each in inspect(engine).get_indexes("traject")}
    return found["ix_traject_sweep"]


def test_a_filled_database_of_the_first_version_is_refused_until_it_is_upgraded(first: Engine) -> None:
    with pytest.raises(Conflict, match="regie db upgrade"):
        check_schema(first)
    assert current_revision(first) == "0001"


def test_upgrading_keeps_every_row_and_doing_it_again_changes_nothing(first: Engine) -> None:
    before = rows(first)

    assert upgrade(first) == head_revision()
    once = rows(first)
    assert upgrade(first) == head_revision()

    assert once == rows(first) == before
    assert sum(map(len, before.values())) == len(FILLED.splitlines()) - 1
    with first.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "target_metadata": metadata})
        assert compare_metadata(context, metadata) == []


def test_what_was_begun_in_the_first_version_goes_on(first: Engine) -> None:
    upgrade(first)
    numbers = count(100)
    context = Context.on(first, AUDIT_KEY, ids=lambda: f"id-{next(numbers)}")
    b = OccurrenceKey(StepId("b"))

    with read_scope(first) as session:
        traject_id = find_traject_id(session, "de-wilg")
        traject = load_traject(session, traject_id, context.shelf, for_change=False)
    apply_event(context, traject_id, StepFinished(key=b, by="p4"), moment(date(2027, 2, 10), 10))
    swept = reconcile(context, moment(date(2027, 2, 11)))

    states = {str(key): each.state for key, each in traject.cycles[0].occurrences.items()}
    assert states == {"a": State.DONE, "b": State.READY, "c": State.NOT_YET}
    assert (traject.version, traject.cycles[0].occurrences[b].planned.due_on) == (3, date(2027, 2, 1))
    assert swept.failed == ()
    with read_scope(first) as session:
        assert verify(session, AUDIT_KEY) == ()
        assert [each.event for each in list_history(session, traject_id)][:4] == [
            "CycleStarted", "StepFinished", "Tick", "StepFinished",
        ]  # fmt: skip


def test_an_upgrade_that_breaks_off_half_way_leaves_the_first_version_whole(first: Engine) -> None:
    before, index = rows(first), sweep_index(first)

    def break_off(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "CREATE INDEX ix_traject_sweep" in statement:  # the old one has been dropped by then
            raise KeyboardInterrupt

    event.listen(first, "before_cursor_execute", break_off)
    with pytest.raises(KeyboardInterrupt):
        upgrade(first)
    event.remove(first, "before_cursor_execute", break_off)

    assert (current_revision(first), sweep_index(first), rows(first)) == ("0001", index, before)
    assert upgrade(first) == head_revision()
    assert sweep_index(first) == ["running", "zone", "next_look_on"]
    assert rows(first) == before
