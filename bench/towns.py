"""A town full of trajects in a real SQLite file, quickly: one is started for real, the others are its copies."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import Engine, text

from regie.actions.context import Context
from regie.actions.start_traject import NewTraject, start_traject
from regie.core.definition import Definition
from regie.definitions import load_definition, sources_of
from regie.store.partners import bind_role, save_person
from regie.store.session import create_engine_for, upgrade, write_scope

START = date(2026, 12, 1)
NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
OPENING = date(2028, 7, 3)
COPIED = ("cycle", "anchor", "item", "occurrence")
TOLD = ("decision", "history", "message", "notice", "link", "feed_entry")
"""What happened to a traject and what was told of it; only where pages are measured."""


def open_town(path: Path) -> tuple[Context, Definition, dict[str, str]]:
    """Make an empty database with the people of all roles."""
    engine = create_engine_for(f"sqlite:///{path}")
    upgrade(engine)
    definition, sources = load_definition("opvang"), dict(sources_of("opvang"))
    with write_scope(engine) as session:
        for role in definition.partner_roles():
            person = save_person(session, name=f"Contact {role}", email=f"{role}@gemeente.example")
            bind_role(session, role, person)
    return Context.on(engine, b"k" * 32), definition, sources


def new_traject(number: int) -> NewTraject:
    return NewTraject(f"Locatie {number}", START, targets={"opening": OPENING}, slug=f"locatie-{number}")


def start_one(context: Context, definition: Definition, sources: dict[str, str], number: int) -> int:
    """Start a traject for real."""
    return start_traject(context, sources, definition, new_traject(number), NOW)[0]


def copy_traject(engine: Engine, original: int, made: int, size: int, *, whole: bool = False) -> None:
    """Copy a traject with all its rows in plain SQL, until there are ``size`` copies; ``made`` are there.

    Args:
        whole: with what happened and was told.
    """
    tables = (*COPIED, *TOLD) if whole else COPIED
    with engine.connect() as connection:
        columns = {
            table: [row[1] for row in connection.execute(text(f"PRAGMA table_info({table})"))]
            for table in ("traject", *tables)
        }
    chunk = 500
    for first in range(made, size, chunk):
        numbers = range(first, min(first + chunk, size))
        with write_scope(engine) as session:
            connection = session.connection()
            for number in numbers:
                new_id = 1_000_000 + number
                _copy_rows(connection, "traject", columns["traject"], "id", original, new_id, slug=f"'copy-{number}'")
                for table in tables:
                    _copy_rows(connection, table, columns[table], "traject_id", original, new_id)


def _copy_rows(connection, table, columns, owner, original, new_id, **given) -> None:  # type: ignore[no-untyped-def]
    of_own = {"idempotency_key", "message_id", "token_hash", "uid"} | ({"id"} if table == "message" else set())
    chosen = [name for name in columns if name != "id" or table in ("traject", "message")]
    values = []
    for name in chosen:
        if name == owner:
            values.append(str(new_id))
        elif name in of_own:
            values.append(f"'{new_id}:' || \"{name}\"")
        elif name == "digest_on":
            values.append("NULL")
        else:
            values.append(given.get(name, f'"{name}"'))
    names = ", ".join(f'"{name}"' for name in chosen)
    which = f"{owner} = {original}"
    if table == "message":
        which = f"id IN (SELECT message_id FROM notice WHERE traject_id = {original})"
    connection.execute(text(f'INSERT INTO "{table}" ({names}) SELECT {", ".join(values)} FROM "{table}" WHERE {which}'))
