"""A municipality with a database: people, a traject, and things that happen to it."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import Engine, event
from sqlmodel import Session

from regie.core.changes import Changes
from regie.core.definition import Anchor, Definition, HearsWhen
from regie.core.engine import advance
from regie.core.events import CycleStarted, Event, Tick
from regie.core.ids import AnchorId, ListId, PersonId, RoleId
from regie.core.opening import open_cycle
from regie.core.traject import Cycle, Item, Traject
from regie.store.definitions import DefinitionShelf, save_definition
from regie.store.outbox import (
    Claimed,
    claim,
    load_letter,
    mark_refused,
    mark_sent,
    mark_uncertain,
    retry,
)
from regie.store.partners import bind_role, save_person
from regie.store.session import in_transaction, read_scope
from regie.store.tables import metadata
from regie.store.trajects import Saved, create_cycle, create_traject, load_traject, save_changes
from regie.text.letter import Letter
from tests.support import builders as b

T = TypeVar("T")

KEY = b"sealed with thirty-two characters"
MONDAY = b.MONDAY
OPENING = date(2027, 6, 1)
ROLES = ("maker", "boss", "lead", "other")


def straight_on(moment: datetime) -> datetime:
    """Office hours that never close."""
    return moment


class World:
    """One database with one definition; each role of the builders is played by one person, ``p1`` to ``p4``."""

    def __init__(self, engine: Engine, definition: Definition, *, brake_at: int = 200) -> None:
        self.engine = engine
        self.definition = definition
        self.shelf = DefinitionShelf(engine)
        self.shelf.put(definition)
        self.brake_at = brake_at
        self.key = KEY
        self.office: Callable[[datetime], datetime] = straight_on
        self._ids = itertools.count(1)
        self.people: dict[str, PersonId] = {}
        in_transaction(engine, self._move_in)

    def _move_in(self, session: Session) -> None:
        save_definition(session, {"workflow.yaml": "regie: 1"}, self.definition, b.at(MONDAY))
        for role in ROLES:
            self.people[role] = save_person(session, name=f"Naam van {role}", email=f"{role}@voorbeeld.nl")
            bind_role(session, RoleId(role), self.people[role])

    def hears(self, role: str, rhythm: HearsWhen) -> None:
        def change(session: Session) -> None:
            save_person(
                session,
                person_id=self.people[role],
                name=f"Naam van {role}",
                email=f"{role}@voorbeeld.nl",
                hears=rhythm,
            )

        in_transaction(self.engine, change)

    def new_id(self) -> str:
        return f"m{next(self._ids):05}"

    def opens(
        self,
        *,
        start: date = MONDAY,
        targets: Mapping[str, date] | None = None,
        answers: Mapping[str, object] | None = None,
        items: Mapping[ListId, tuple[Item, ...]] | None = None,
        **more: Any,
    ) -> Cycle:
        """A cycle that is ready to be stored."""
        wanted = {AnchorId(name): day for name, day in (targets or {}).items()}
        return open_cycle(
            self.definition, start_on=start, answers=answers or {}, targets=wanted, items=items or {}, **more
        )

    def starts(
        self, slug: str = "de-wilg", *, start: date = MONDAY, zone: str = "Europe/Amsterdam", **more: Any
    ) -> int:
        """Start a traject with its first cycle; give its id."""
        cycle = self.opens(start=start, **more)

        def make(session: Session) -> int:
            traject_id = create_traject(session, slug=slug, title="Opvang De Wilg", zone=zone, now=b.at(start))
            create_cycle(session, traject_id, cycle, "first")
            return traject_id

        traject_id = in_transaction(self.engine, make)
        self.happens(traject_id, CycleStarted(cycle=1), b.at(start))
        return traject_id

    def happens(self, traject_id: int, event_: Event, now: datetime, *, request_id: str = "") -> tuple[Changes, Saved]:
        """Let something happen: load, decide, save."""
        return in_transaction(
            self.engine, lambda session: self.happens_in(session, traject_id, event_, now, request_id=request_id)
        )

    def happens_in(
        self, session: Session, traject_id: int, event_: Event, now: datetime, *, request_id: str = ""
    ) -> tuple[Changes, Saved]:
        before = load_traject(session, traject_id, self.shelf)
        changes = advance(before, event_, now)
        return changes, self.saves(session, before, changes, now, request_id=request_id)

    def saves(
        self, session: Session, before: Traject, changes: Changes, now: datetime, *, request_id: str = ""
    ) -> Saved:
        return save_changes(
            session,
            before,
            changes,
            now,
            ids=self.new_id,
            audit_key=self.key,
            office=self.office,
            request_id=request_id,
            brake_at=self.brake_at,
        )

    def sweeps(self, traject_id: int, day: date, hour: int = 9) -> tuple[Changes, Saved]:
        return self.happens(traject_id, Tick(), b.at(day, hour))

    def loads(self, traject_id: int, *, whole: bool = False) -> Traject:
        with read_scope(self.engine) as session:
            return load_traject(session, traject_id, self.shelf, for_change=False, whole=whole)

    def rows(self, table: str) -> list[dict[str, Any]]:
        """All rows of a table, in order of its key."""
        found = metadata.tables[table]
        with read_scope(self.engine) as session:
            rows = session.connection().execute(found.select().order_by(*found.primary_key.columns))
            return [dict(row._mapping) for row in rows]

    def everything(self) -> dict[str, list[dict[str, Any]]]:
        """The whole database, to see whether anything at all was written."""
        return {name: self.rows(name) for name in sorted(metadata.tables)}


def at_once(works: Sequence[Callable[[], T]]) -> list[T]:
    """Do all of it at the same moment, each in a thread of its own; an error of any of them is ours."""
    barrier = threading.Barrier(len(works), timeout=20)

    def begin(work: Callable[[], T]) -> T:
        barrier.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(begin, works))


class Watched:
    """The statements of an engine; of writing ones which table, and how many rows of values."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.writes: dict[str, int] = {}
        self.reads: list[tuple[str, Any]] = []

    def __enter__(self) -> Watched:
        event.listen(self._engine, "before_cursor_execute", self._note)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(self._engine, "before_cursor_execute", self._note)

    def _note(self, _c: object, _cursor: object, statement: str, values: Any, _context: object, many: bool) -> None:
        words = statement.split()
        if words[0] == "SELECT":
            self.reads.append((statement, values))
        if words[0] in ("INSERT", "UPDATE", "DELETE"):
            table = words[1] if words[0] == "UPDATE" else words[2]
            name = f"{words[0].lower()} {table}"
            self.writes[name] = self.writes.get(name, 0) + (len(values) if many else 1)


def chain(length: int, **more: Any) -> Definition:
    """Steps ``s1`` to ``s<length>``, each after the one before."""
    steps = [b.step(f"s{number}", "2wd", [f"s{number - 1}"] if number > 1 else ()) for number in range(1, length + 1)]
    return b.definition(*steps, **more)


OPENING_ANCHOR = {"opening": Anchor(AnchorId("opening"), {"nl": "Opening"})}


class PostOffice:
    """The outbox of a world, as a delivering process uses it."""

    def __init__(self, world: World, owner: str = "bezorger-1") -> None:
        self.world = world
        self.owner = owner

    def claims(self, now: datetime, *, limit: int = 50, lease_seconds: int = 600) -> tuple[Claimed, ...]:
        return in_transaction(self.world.engine, lambda session: claim(session, self.owner, now, limit, lease_seconds))

    def letter(self, claimed: Claimed, now: datetime) -> Letter | None:
        return in_transaction(
            self.world.engine,
            lambda session: load_letter(session, claimed.id, self.world.shelf, now, attempt=claimed.attempt),
        )

    def sent(self, claimed: Claimed, now: datetime) -> bool:
        return in_transaction(self.world.engine, lambda session: mark_sent(session, claimed.id, claimed.attempt, now))

    def refused(self, claimed: Claimed, now: datetime, *, permanent: bool = False) -> bool:
        return in_transaction(
            self.world.engine,
            lambda session: mark_refused(session, claimed.id, claimed.attempt, now, "550 no", permanent=permanent),
        )

    def uncertain(self, claimed: Claimed, now: datetime) -> bool:
        return in_transaction(
            self.world.engine, lambda session: mark_uncertain(session, claimed.id, claimed.attempt, now, "no answer")
        )

    def retries(self, message_id: str) -> None:
        in_transaction(self.world.engine, lambda session: retry(session, message_id, "p9"))

    def only_message(self) -> dict[str, Any]:
        (row,) = self.world.rows("message")
        return row

    def delivers(self, now: datetime) -> list[Letter]:
        """Hand over all that is due; give what was sent."""
        letters = []
        for each in self.claims(now):
            found = self.letter(each, now)
            if found is not None:
                letters.append(found)
                self.sent(each, now)
        return letters
