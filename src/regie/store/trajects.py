"""The one road between rows and core values: ``load_traject`` and ``save_changes``.

Written for the two paths that are walked all day, finishing a step and sweeping: every statement is prepared
once, reads one kind of row of one traject, and only what changed is written.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, insert, or_, select, union, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from regie.core.changes import Changes
from regie.core.engine import local_day
from regie.core.events import ClockSetBack, GateDecided, Tick
from regie.core.ids import AnchorId, ListId, OccurrenceKey, PersonId, RoleId
from regie.core.traject import AnchorDates, Cycle, CycleState, Item, Occurrence, Person, Traject
from regie.errors import Conflict, NotFound
from regie.failpoints import failpoint
from regie.store.cycles import ADD_OCCURRENCES, create_cycle, write_cycle
from regie.store.definitions import DefinitionShelf
from regie.store.dialects import Reading, Writing
from regie.store.history import append_history, find_request
from regie.store.notices import Post, queue_messages
from regie.store.partners import load_others, load_people
from regie.store.rows import (
    DERIVED,
    FACTS,
    OCCURRENCE_COLUMNS,
    derived_row,
    facts_of,
    occurrence_row,
    to_answers,
    to_occurrence,
)
from regie.store.session import is_reading
from regie.store.tables import anchor, cycle, decision, history, item, occurrence, traject
from regie.store.webhook_queue import queue_events

__all__ = [
    "Saved",
    "claim_due",
    "create_cycle",
    "create_traject",
    "find_request",
    "find_started",
    "find_traject_id",
    "load_cycles",
    "load_traject",
    "mark_dirty",
    "save_changes",
]


@dataclass(frozen=True, slots=True)
class Saved:
    """What was written. ``seq``: number of the history row; 0 when there was nothing to record."""

    new_notices: int = 0
    new_messages: int = 0
    seq: int = 0


# --- make --------------------------------------------------------------------------------------------


def create_traject(session: Session, *, slug: str, title: str, zone: str, now: datetime) -> int:
    """Make a traject without cycles; give its id.

    Raises:
        Conflict: ``slug-taken``.
    """
    row = {"slug": slug, "title": title, "zone": zone, "version": 0, "running": False, "dirty": False}
    connection = session.connection()
    try:
        with connection.begin_nested():
            made = connection.execute(insert(traject), {**row, "created_at": now}).inserted_primary_key
    except IntegrityError:
        raise Conflict(
            f"there is a traject '{slug}' already", code="slug-taken", hint="choose another short name", slug=slug
        ) from None
    assert made is not None  # one row was inserted
    return int(made[0])


# --- load --------------------------------------------------------------------------------------------

_TRAJECT = select(
    traject.c.slug, traject.c.title, traject.c.zone, traject.c.checked_at, traject.c.next_look_on, traject.c.version
).where(traject.c.id == bindparam("id"))
_TRAJECT_TO_CHANGE = _TRAJECT.with_for_update()
_CYCLES = (
    select(
        cycle.c.number,
        cycle.c.kind,
        cycle.c.parent,
        cycle.c.definition_hash,
        cycle.c.answers,
        cycle.c.state,
        cycle.c.ended_because,
    )
    .where(cycle.c.traject_id == bindparam("id"))
    .order_by(cycle.c.number)
)
_ANCHORS = select(anchor.c.cycle, anchor.c.anchor, anchor.c.target, anchor.c.actual).where(
    anchor.c.traject_id == bindparam("id")
)
_ITEMS = (
    select(item.c.cycle, item.c.list, item.c.key, item.c.happens_on, item.c.number)
    .where(item.c.traject_id == bindparam("id"))
    .order_by(item.c.position)
)
_OCCURRENCES = Reading(
    select(*OCCURRENCE_COLUMNS)
    .where(occurrence.c.traject_id == bindparam("id"), occurrence.c.cycle == bindparam("number"))
    .order_by(occurrence.c.id)
)


def load_traject(
    session: Session,
    traject_id: int,
    shelf: DefinitionShelf,
    *,
    for_change: bool = True,
    whole: bool = False,
    also: Collection[PersonId] = (),
) -> Traject:
    """Read a traject. Of cycles that ended the occurrences are left out, unless ``whole``.

    Args:
        also: people who are about to get a step here, whatever role they play.
        for_change: on PostgreSQL the traject is locked until the transaction ends; SQLite has one writer.

    Raises:
        NotFound: ``unknown-traject``.
    """
    return _load(session, traject_id, shelf, for_change, whole=whole, also=also)


def load_cycles(
    session: Session, traject_id: int, shelf: DefinitionShelf, numbers: Collection[int], *, for_change: bool = True
) -> Traject:
    """Read a traject with the occurrences of some of its cycles only.

    Raises:
        NotFound: ``unknown-traject``.
    """
    return _load(session, traject_id, shelf, for_change, wanted=numbers)


def _load(
    session: Session,
    traject_id: int,
    shelf: DefinitionShelf,
    for_change: bool,
    *,
    whole: bool = False,
    wanted: Collection[int] | None = None,
    also: Collection[PersonId] = (),
) -> Traject:
    connection = session.connection()
    own = {"id": traject_id}
    row = connection.execute(_TRAJECT_TO_CHANGE if for_change else _TRAJECT, own).first()
    if row is None:
        raise NotFound(f"no traject with number {traject_id}", code="unknown-traject")
    cycle_rows = connection.execute(_CYCLES, own).all()
    anchors: dict[int, dict[AnchorId, AnchorDates]] = {}
    for number, name, target, actual in connection.execute(_ANCHORS, own):
        anchors.setdefault(number, {})[name] = AnchorDates(target, actual)
    items: dict[int, dict[ListId, list[Item]]] = {}
    for number, name, key, happens_on, amount in connection.execute(_ITEMS, own):
        items.setdefault(number, {}).setdefault(name, []).append(Item(key, happens_on, amount))
    cycles: list[Cycle] = []
    for number, kind, parent, definition_hash, answers, state, ended_because in cycle_rows:
        definition = shelf.get(definition_hash, session)
        kinds = {question.id: question.kind for question in definition.questions.values()}
        lists = {name: tuple(found) for name, found in items.get(number, {}).items()}
        is_wanted = number in wanted if wanted is not None else whole or state == CycleState.RUNNING.value
        cycles.append(
            Cycle(
                number,
                kind,
                definition,
                to_answers(answers, kinds),
                anchors.get(number, {}),
                _load_occurrences(connection, traject_id, number) if is_wanted else {},
                lists,
                parent,
                CycleState(state),
                ended_because,
            )
        )
    slug, title, zone, checked_at, next_look_on, version = row
    people = load_people(session, traject_id)
    others = load_others(session, _named_besides(people, cycles, also))
    return Traject(
        traject_id, slug, title, tuple(cycles), people, zone, checked_at, next_look_on, version, others=others
    )


def _named_besides(
    people: Mapping[RoleId, tuple[Person, ...]], cycles: Iterable[Cycle], also: Iterable[PersonId]
) -> set[str]:
    """Who has a step, gets one or waits for an answer without playing a role."""
    named: set[str] = set(also)
    for passed in cycles:
        for each in passed.occurrences.values():
            if each.assigned_to is not None or each.askers:
                named.update((*each.askers, *((each.assigned_to,) if each.assigned_to else ())))
    return named - {each.id for playing in people.values() for each in playing} if named else named


def _load_occurrences(connection: Connection, traject_id: int, number: int) -> Mapping[OccurrenceKey, Occurrence]:
    """In the order in which they came to be, which the core keeps to."""
    rows = _OCCURRENCES.rows(connection, {"id": traject_id, "number": number})
    return {found.key: found for found in map(to_occurrence, rows)}


def find_traject_id(session: Session, slug: str) -> int:
    """Give the id of a traject by its short name.

    Raises:
        NotFound: ``unknown-traject``; names the ones that look like it.
    """
    connection = session.connection()
    found: int | None = connection.scalar(select(traject.c.id).where(traject.c.slug == slug))
    if found is not None:
        return found
    known = list(connection.scalars(select(traject.c.slug).order_by(traject.c.slug)))
    close = get_close_matches(slug, known, n=3)
    hint = f"did you mean {' or '.join(close)}?" if close else f"there are: {', '.join(known[:10])}" if known else ""
    raise NotFound(
        f"no traject '{slug[:60]}'",
        code="unknown-traject",
        hint=hint or "there are no trajects yet",
        slug=slug[:60],
        close=close,
    )


def list_slugs(session: Session, within: Collection[int] | None = None) -> Mapping[str, str]:
    """Give short names with titles, in order of title; ``within``: only of these trajects."""
    wanted = select(traject.c.slug, traject.c.title).order_by(traject.c.title, traject.c.slug)
    if within is not None:
        wanted = wanted.where(traject.c.id.in_(sorted(within)))
    return {row.slug: row.title for row in session.connection().execute(wanted)}


def find_started(session: Session, slug: str, request_id: str) -> int | None:
    """Give the id of a traject that a request started."""
    began = select(traject.c.id).join(history, (history.c.traject_id == traject.c.id) & (history.c.seq == 1))
    found: int | None = session.connection().scalar(
        began.where(traject.c.slug == slug, history.c.request_id == request_id)
    )
    return found


# --- save --------------------------------------------------------------------------------------------

_SEEN = (traject.c.id == bindparam("own_id"), traject.c.version == bindparam("seen"))
_PUT_TRAJECT = Writing(
    update(traject)
    .where(*_SEEN)
    .values(
        version=bindparam("version"),
        running=bindparam("running"),
        next_look_on=bindparam("next_look_on"),
        checked_at=bindparam("checked_at"),
        dirty=False,
    )
)
# Of an empty look nothing is kept, unless it says when to look next: the state at this moment is the one
# that the last kept look led to.
_PUT_NEXT_LOOK = Writing(
    update(traject)
    .where(*_SEEN, or_(traject.c.dirty.is_(True), traject.c.next_look_on.is_distinct_from(bindparam("next_look_on"))))
    .values(next_look_on=bindparam("next_look_on"), checked_at=bindparam("checked_at"), dirty=False)
)
_THIS_OCCURRENCE = (
    occurrence.c.traject_id == bindparam("own_id"),
    occurrence.c.cycle == bindparam("own_cycle"),
    occurrence.c.step == bindparam("own_step"),
    occurrence.c.key == bindparam("own_key"),
)
_PUT_DERIVED = Writing(update(occurrence).where(*_THIS_OCCURRENCE).values({name: bindparam(name) for name in DERIVED}))
_PUT_OCCURRENCE = Writing(
    update(occurrence).where(*_THIS_OCCURRENCE).values({name: bindparam(name) for name in (*FACTS, *DERIVED)})
)


@dataclass(slots=True)
class _Rows:
    """The occurrences to write: new ones, those of which a fact changed, and those of which only what follows did.

    ``has_news``: something else changed than dates.
    """

    added: list[dict[str, Any]] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)
    derived: list[dict[str, Any]] = field(default_factory=list)
    has_news: bool = False


def save_changes(
    session: Session,
    before: Traject,
    changes: Changes,
    now: datetime,
    *,
    ids: Callable[[], str],
    audit_key: bytes,
    office: Callable[[datetime], datetime],
    request_id: str = "",
    channel: str = "email",
    brake_at: int = 200,
    files: Mapping[str, str] | None = None,
) -> Saved:
    """Write what changed, its record and its messages, in the transaction that is open.

    Time alone is recorded only when it changed a state or told somebody something: dates that moved with the
    day leave no trace, and a look that found nothing writes nothing.

    Args:
        before: the traject as it was loaded in this transaction.
        office: gives the first moment at which a message that can wait may leave.
        brake_at: number of messages in 24 hours from which the rest may be held.
        files: the files that the event gives as evidence, with their SHA-256: sealed with it.

    Raises:
        Conflict: ``traject-changed``, somebody else was first.
    """
    if changes.clock_went_back:
        return Saved()
    connection = session.connection()
    in_sweep = isinstance(changes.event, Tick)
    rows = _compare(before, changes)
    is_worth_recording = (
        not in_sweep
        or isinstance(changes.event, ClockSetBack)
        or rows.has_news
        or bool(changes.cycles or changes.messages)
    )
    seq = before.version + 1 if is_worth_recording else 0
    if not (is_worth_recording or rows.derived):
        _PUT_NEXT_LOOK.run(connection, [_traject_row(before, changes, before.version)])
        return Saved()
    _put_traject(connection, before, changes, seq or before.version)
    if rows.added:
        ADD_OCCURRENCES.run(connection, rows.added)
    if rows.changed:
        _PUT_OCCURRENCE.run(connection, rows.changed)
    if rows.derived:
        _PUT_DERIVED.run(connection, rows.derived)
    for each in changes.cycles:
        old = before.cycle(each.number)
        assert old is not None  # a cycle is made by create_cycle, before it is loaded
        write_cycle(connection, before.id, old, each)
    if isinstance(changes.event, GateDecided):
        _write_decision(connection, before.id, changes.event, changes, now)
    new_notices = new_messages = 0
    if changes.messages:
        post = Post(ids, office, channel, brake_at, in_sweep)
        new_notices, new_messages = queue_messages(connection, before.id, changes.messages, now, post)
    if is_worth_recording:
        append_history(
            connection,
            before.id,
            seq,
            changes,
            now,
            audit_key,
            request_id=request_id,
            new_notices=new_notices,
            files=files,
        )
        queue_events(connection, before, changes, seq, now, ids)
    failpoint("sweep.before_commit")
    return Saved(new_notices, new_messages, seq)


def _compare(before: Traject, changes: Changes) -> _Rows:
    rows = _Rows()
    cycles = {each.number: each for each in before.cycles}
    for number, new in (*changes.added, *changes.updated):
        old = cycles[number].occurrences.get(new.key)
        if old is None:
            rows.added.append(occurrence_row(before.id, cycles[number], new, new.version))
            rows.has_news = True
            continue
        own = {"own_id": before.id, "own_cycle": number, "own_step": new.key.step, "own_key": new.key.key}
        if facts_of(old) != facts_of(new):
            rows.changed.append({**occurrence_row(before.id, cycles[number], new, old.version + 1), **own})
            rows.has_news = True
            continue
        # what was told is no business of who has the step before them
        rises = old.state is not new.state
        was_told = old.told != new.told
        if rises or was_told or old.planned != new.planned:
            rows.derived.append({**derived_row(new, old.version + rises), **own})
            rows.has_news = rows.has_news or rises or was_told
    return rows


def _traject_row(before: Traject, changes: Changes, version: int) -> dict[str, Any]:
    return {
        "own_id": before.id,
        "seen": before.version,
        "version": version,
        "running": bool(changes.traject.running()),
        "next_look_on": changes.next_look_on,
        "checked_at": changes.traject.checked_at,
    }


def _put_traject(connection: Connection, before: Traject, changes: Changes, version: int) -> None:
    if _PUT_TRAJECT.run(connection, [_traject_row(before, changes, version)]) != 1:
        raise Conflict(
            f"traject '{before.slug}' was changed by somebody else",
            code="traject-changed",
            hint="look at it again, then decide",
            traject=before.slug,
            version=before.version,
        )


def _write_decision(
    connection: Connection, traject_id: int, event: GateDecided, changes: Changes, now: datetime
) -> None:
    row = {
        "traject_id": traject_id,
        "cycle": event.cycle,
        "step": event.key.step,
        "key": event.key.key,
        "outcome": event.outcome,
        "decided_by": event.decided_by,
        "decided_on": event.on or local_day(now, changes.traject.zone),
        "reason": event.reason,
        "document": event.document,
        "held_until": event.held_until,
        "recorded_at": now,
        "recorded_by": event.by,
    }
    connection.execute(insert(decision), row)


# --- sweep -------------------------------------------------------------------------------------------

_RUNNING = traject.c.running.is_(True)
# from one zone straight to the next by index, however many trajects are in each
_FIRST_ZONE = select(func.min(traject.c.zone).label("zone")).where(_RUNNING).cte("zones", recursive=True)
_ZONES_CTE = _FIRST_ZONE.union_all(
    select(
        select(func.min(traject.c.zone)).where(_RUNNING, traject.c.zone > _FIRST_ZONE.c.zone).scalar_subquery()
    ).where(_FIRST_ZONE.c.zone.is_not(None))
)
_ZONES = select(_ZONES_CTE.c.zone).where(_ZONES_CTE.c.zone.is_not(None))


@lru_cache(maxsize=32)
def _due_in(zones: int) -> Select[tuple[int]]:
    """What is due in so many zones; a selection for each, by index: an OR would walk through all trajects."""
    marked = select(traject.c.id).where(traject.c.dirty.is_(True), traject.c.id > bindparam("after_id"))
    come = (
        select(traject.c.id).where(
            _RUNNING, traject.c.zone == bindparam(f"zone_{n}"), traject.c.next_look_on <= bindparam(f"day_{n}")
        )
        for n in range(zones)
    )
    return (
        select(traject.c.id)
        .where(traject.c.id.in_(union(marked, *come)), traject.c.id > bindparam("after_id"))
        .order_by(traject.c.id)
        .limit(bindparam("most"))
    )


def claim_due(session: Session, now: datetime, limit: int, after_id: int = 0) -> list[int]:
    """Give the ids of trajects that were marked or whose next look has come, in order, by index.

    Which day it is, is asked of the clock in each traject's own zone. In a transaction that may write, PostgreSQL
    locks them, and leaves out those that another one has locked.
    """
    connection = session.connection()
    values: dict[str, Any] = {"after_id": after_id, "most": limit}
    zones = list(connection.scalars(_ZONES))
    for n, zone in enumerate(zones):
        values |= {f"zone_{n}": zone, f"day_{n}": local_day(now, zone)}
    wanted = _due_in(len(zones))
    return list(connection.scalars(wanted if is_reading(session) else wanted.with_for_update(skip_locked=True), values))


def mark_dirty(session: Session, traject_ids: Iterable[int]) -> None:
    """Ask for a look at trajects, whatever the day."""
    rows = [{"own_id": traject_id} for traject_id in traject_ids]
    if rows:
        marking = update(traject).where(traject.c.id == bindparam("own_id")).values(dirty=True)
        session.connection().execute(marking, rows)
