"""Calendar feeds: whose they are, and what each calendar shows. Reading one writes nothing.

What is shown of a step is noted in the transaction that changes the step, for who has a feed; whoever's roles or
language change is noted by the next sweep. Kept are facts; ``reports.ical`` makes words of them.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, delete, exists, func, insert, or_, select, union_all, update
from sqlmodel import Session

from regie.core.ids import AnchorId, OccurrenceKey, PersonId, RoleId, StepId
from regie.core.messages import is_secret
from regie.core.traject import AnchorDates, CycleState, State, Traject
from regie.errors import NotFound
from regie.feeds import hash_token, make_feed_token, make_uid
from regie.store.definitions import DefinitionShelf
from regie.store.history import canonical
from regie.store.tables import (
    EVERY_TRAJECT,
    EntryStatus,
    anchor,
    cycle,
    feed,
    feed_entry,
    occurrence,
    person,
    role_binding,
    traject,
)

FORM = 1
"""Raise it when ``reports.ical`` says the same facts in other words: every entry is then a new version of itself."""

Place = tuple[str, int, int, str, str]
"""Person, traject, cycle, step and key."""


@dataclass(frozen=True, slots=True)
class Feed:
    """The feed that a person has now.

    Args:
        token: empty when it was made with another key, and nobody can make it again.
    """

    person: PersonId
    language: str
    number: int
    made_at: datetime
    token: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What a calendar shows of one step.

    Args:
        shown: facts, as ``_shown`` writes them.
    """

    uid: str
    key: OccurrenceKey
    status: EntryStatus
    sequence: int
    shown: str
    changed_at: datetime


# --- whose -------------------------------------------------------------------------------------------

_LIVE = feed.c.ended_at.is_(None)
_FEEDS = select(
    feed.c.person_id, feed.c.number, feed.c.token_hash, feed.c.made_at, person.c.language
).join_from(feed, person, feed.c.person_id == person.c.id)  # fmt: skip
_BY_TOKEN = _FEEDS.where(feed.c.token_hash == bindparam("own_hash"), _LIVE)
_OF_PERSON = _FEEDS.where(feed.c.person_id == bindparam("own_person"), _LIVE)


def find_feed_by_token(session: Session, token: str, key: bytes) -> Feed | None:
    """Give the feed of a token; None when it is wrong, cut, or of a feed that was renewed or stopped. Writes nothing.

    Whatever the token is, that costs one hash and one look in an index.
    """
    row = session.connection().execute(_BY_TOKEN, {"own_hash": hash_token(token)}).first()
    found = None if row is None else _feed(row, key)
    return found if found is not None and found.token else None


def find_feed(session: Session, person_id: PersonId, key: bytes) -> Feed | None:
    """Give the feed that a person has now."""
    row = session.connection().execute(_OF_PERSON, {"own_person": person_id}).first()
    return None if row is None else _feed(row, key)


def _feed(row: Any, key: bytes) -> Feed:
    token = make_feed_token(key, row.person_id, row.number, row.made_at)
    is_ours = hmac.compare_digest(hash_token(token), row.token_hash)
    return Feed(PersonId(row.person_id), row.language, row.number, row.made_at, token if is_ours else "")


def open_feed(session: Session, person_id: PersonId, key: bytes, now: datetime, *, renew: bool = False) -> Feed:
    """Give the feed of a person, made when there is none, or when ``renew`` ends the one there is.

    It is stale until a sweep has looked, because of who changes a step at this very moment.

    Raises:
        NotFound: ``unknown-person``, also when somebody was erased.
    """
    connection = session.connection()
    _lock_person(connection, person_id)
    found = find_feed(session, person_id, key)
    if found is not None and found.token and not renew:
        return found
    close_feed(session, person_id, now)
    last: int | None = connection.scalar(select(func.max(feed.c.number)).where(feed.c.person_id == person_id))
    number = (last or 0) + 1
    token_hash = hash_token(make_feed_token(key, person_id, number, now))
    row = {"person_id": person_id, "number": number, "token_hash": token_hash, "made_at": now, "is_stale": True}
    connection.execute(insert(feed), row)
    made = find_feed(session, person_id, key)
    assert made is not None  # it was made just now
    return made


def close_feed(session: Session, person_id: PersonId, now: datetime) -> bool:
    """Let the address of a person's feed stop working; say whether there was one."""
    ending = update(feed).where(feed.c.person_id == person_id, _LIVE).values(ended_at=now, is_stale=False)
    return session.connection().execute(ending).rowcount > 0


@dataclass(frozen=True, slots=True)
class LiveFeed:
    """A calendar feed that works, as an administrator sees it: without its address."""

    person: PersonId
    name: str
    made_at: datetime


def list_feeds(session: Session, *, person_name: str = "", limit: int = 200) -> tuple[LiveFeed, ...]:
    """Give the feeds that work, the newest first."""
    wanted = select(feed.c.person_id, person.c.name, feed.c.made_at).join_from(
        feed, person, feed.c.person_id == person.c.id
    )
    wanted = wanted.where(_LIVE)
    if person_name:
        wanted = wanted.where(func.lower(person.c.name).contains(person_name.lower(), autoescape=True))
    rows = session.connection().execute(wanted.order_by(feed.c.made_at.desc(), feed.c.person_id).limit(limit))
    return tuple(LiveFeed(PersonId(row.person_id), row.name, row.made_at) for row in rows)


def erase_feeds(session: Session, person_id: PersonId) -> None:
    """Leave nothing of the feeds of somebody, nor of what was in them."""
    for table in (feed_entry, feed):
        session.connection().execute(delete(table).where(table.c.person_id == person_id))


def mark_stale(session: Session, person_id: PersonId, role: RoleId | None = None) -> None:
    """Have the next sweep look at all steps of a person; with ``role`` also of everybody who plays it anywhere."""
    others = select(role_binding.c.person_id).where(role_binding.c.role == role)
    them = feed.c.person_id == person_id
    whom = them if role is None else or_(them, feed.c.person_id.in_(others))
    session.connection().execute(update(feed).where(_LIVE, whom).values(is_stale=True))


def list_stale(session: Session) -> tuple[PersonId, ...]:
    """Give whose feed must be looked at."""
    wanted = select(feed.c.person_id).where(_LIVE, feed.c.is_stale.is_(True)).order_by(feed.c.person_id)
    return tuple(PersonId(each) for each in session.connection().scalars(wanted))


def _lock_person(connection: Connection, person_id: PersonId) -> None:
    # not so hard that rows that refer to the person have to wait
    wanted = select(person.c.id).where(person.c.id == person_id, person.c.erased_at.is_(None))
    if connection.scalar(wanted.with_for_update(key_share=True)) is None:
        raise NotFound(f"no person '{person_id}'", code="unknown-person", person=person_id)


# --- noting what is shown ----------------------------------------------------------------------------

_SHOWN_OF_TRAJECT = select(feed_entry.c.person_id).where(
    feed_entry.c.traject_id == bindparam("own_traject"), feed_entry.c.status == EntryStatus.OPEN.value
)
_WATCHERS = (
    select(feed.c.person_id, person.c.language)
    .join_from(feed, person, feed.c.person_id == person.c.id)
    .where(
        _LIVE,
        or_(
            feed.c.person_id.in_(bindparam("people", expanding=True)),
            feed.c.person_id.in_(_SHOWN_OF_TRAJECT),
        ),
    )
    .order_by(feed.c.person_id)
    .with_for_update(of=feed)
)
_OWNER = (
    select(feed.c.person_id, person.c.language)
    .join_from(feed, person, feed.c.person_id == person.c.id)
    .where(_LIVE, feed.c.person_id == bindparam("own_person"))
    .with_for_update(of=feed)
)


def note_traject(session: Session, shelf: DefinitionShelf, key: bytes, after: Traject, now: datetime) -> int:
    """Note what the calendars of all who have a feed show of a traject that was just saved; give how many entries changed.

    Costs one statement when nobody there has a feed.
    """
    people = {each.id for playing in after.people.values() for each in playing}
    for running in after.running():
        people |= {each.assigned_to for each in running.occurrences.values() if each.assigned_to is not None}
    values = {"people": sorted(people), "own_traject": after.id}
    watchers = {row.person_id: row.language for row in session.connection().execute(_WATCHERS, values)}
    return _note(session, shelf, key, watchers, now, after.id) if watchers else 0


def note_person(
    session: Session,
    shelf: DefinitionShelf,
    key: bytes,
    person_id: PersonId,
    now: datetime,
    *,
    stays_stale: bool = False,
) -> int:
    """Note what the calendar of a person shows, over all trajects; give how many entries changed.

    Args:
        stays_stale: a sweep must look once more.
    """
    connection = session.connection()
    owner = {row.person_id: row.language for row in connection.execute(_OWNER, {"own_person": person_id})}
    changed = _note(session, shelf, key, owner, now) if owner else 0
    if not stays_stale:
        done = update(feed).where(feed.c.person_id == person_id, feed.c.is_stale.is_(True)).values(is_stale=False)
        connection.execute(done)
    return changed


_PUT_ENTRY = (
    update(feed_entry)
    .where(*(feed_entry.c[name] == bindparam(f"own_{name}") for name in ("person_id", "traject_id", "cycle", "step", "key")))
    .values({name: bindparam(name) for name in ("status", "sequence", "shown", "changed_at", "ended_at")})
)  # fmt: skip


def _note(
    session: Session,
    shelf: DefinitionShelf,
    key: bytes,
    people: Mapping[str, str],
    now: datetime,
    traject_id: int | None = None,
) -> int:
    """Bring what is noted up to what is so. The feeds of these people are locked, so one does this at a time."""
    connection = session.connection()
    wanted = _wanted(session, connection, shelf, people, traject_id)
    added, changed = [], []
    for row in connection.execute(_noted(sorted(people), traject_id)):
        place: Place = (row.person_id, row.traject_id, row.cycle, row.step, row.key)
        shown, status, ended_at = wanted.pop(place, None), EntryStatus.OPEN, None
        if shown is None:
            if row.status != EntryStatus.OPEN.value:
                continue
            shown, ended_at = row.shown, now
            status = EntryStatus.DONE if row.state == State.DONE.value else EntryStatus.CANCELLED
        if (row.status, row.shown) != (status.value, shown):
            names = ("own_person_id", "own_traject_id", "own_cycle", "own_step", "own_key")
            new = {"status": status.value, "sequence": row.sequence + 1, "shown": shown, "ended_at": ended_at}
            # also when the clock was set back, the newest version has the newest moment
            changed.append({**dict(zip(names, place, strict=True)), **new, "changed_at": max(now, row.changed_at)})
    for place, shown in wanted.items():
        who, number, pass_, step, copy = place
        added.append(
            {
                "person_id": who,
                "traject_id": number,
                "cycle": pass_,
                "step": step,
                "key": copy,
                "uid": make_uid(key, number, pass_, step, copy, who),
                "status": EntryStatus.OPEN.value,
                "sequence": 0,
                "shown": shown,
                "changed_at": now,
                "ended_at": None,
            }
        )
    if changed:
        connection.execute(_PUT_ENTRY, changed)
    if added:
        connection.execute(insert(feed_entry), added)
    return len(changed) + len(added)


def _noted(people: Sequence[str], traject_id: int | None) -> Select[Any]:
    names = ("traject_id", "cycle", "step", "key")
    found = (
        select(*feed_entry.columns, occurrence.c.state)
        .outerjoin(occurrence, and_(*(occurrence.c[name] == feed_entry.c[name] for name in names)))
        .where(feed_entry.c.person_id.in_(people))
    )
    return found if traject_id is None else found.where(feed_entry.c.traject_id == traject_id)


def _wanted(
    session: Session, connection: Connection, shelf: DefinitionShelf, people: Mapping[str, str], traject_id: int | None
) -> dict[Place, str]:
    """What the calendars of people should show: open steps with a date, of who plays the role or was handed them."""
    rows = connection.execute(_steps_of(sorted(people), traject_id)).all()
    anchors: dict[tuple[int, int], dict[AnchorId, AnchorDates]] = {}
    if rows:
        of_these = anchor.c.traject_id.in_(sorted({row.traject_id for row in rows}))
        for each in connection.execute(select(anchor).where(of_these)):
            place = anchors.setdefault((each.traject_id, each.cycle), {})
            place[AnchorId(each.anchor)] = AnchorDates(each.target, each.actual)
    found: dict[Place, str] = {}
    for row in rows:
        step = shelf.get(row.definition_hash, session).steps.get(StepId(row.step))
        if step is not None:
            hides = is_secret(step, anchors.get((row.traject_id, row.cycle), {}))
            shown = _shown(row, people[row.person_id], is_secret=hides)
            found[row.person_id, row.traject_id, row.cycle, row.step, row.key] = shown
    return found


def _shown(row: Any, language: str, *, is_secret: bool) -> str:
    days = [_written(each) for each in (row.due_on, row.promised_on, row.legal_on)]
    return canonical([FORM, language, row.definition_hash, "" if is_secret else row.title, is_secret, *days])


def _written(day: date | None) -> str:
    return day.isoformat() if day is not None else ""


def _steps_of(people: Sequence[str], traject_id: int | None) -> Select[Any]:
    """Each open step with a date once for everybody of these whose it is."""
    own = role_binding.alias("own")
    in_place_of_everyone = exists().where(
        own.c.traject_id == occurrence.c.traject_id, own.c.role == role_binding.c.role
    )
    plays = and_(
        or_(
            role_binding.c.role == occurrence.c.waiting_for,
            # who was handed it does it in place of the role, and who said it is not theirs has it no longer
            and_(
                role_binding.c.role == occurrence.c.responsible,
                occurrence.c.assigned_to.is_(None),
                occurrence.c.declined.is_(False),
            ),
        ),
        or_(
            role_binding.c.traject_id == occurrence.c.traject_id,
            and_(role_binding.c.traject_id == EVERY_TRAJECT, ~in_place_of_everyone),
        ),
    )
    columns = [
        occurrence.c[name] for name in ("traject_id", "cycle", "step", "key", "due_on", "promised_on", "legal_on")
    ]
    is_open = [
        occurrence.c.is_open.is_(True),
        or_(
            occurrence.c.due_on.is_not(None), occurrence.c.promised_on.is_not(None), occurrence.c.legal_on.is_not(None)
        ),
    ]
    if traject_id is not None:
        is_open.append(occurrence.c.traject_id == traject_id)
    by_role = (
        select(*columns, role_binding.c.person_id)
        .join_from(occurrence, role_binding, plays)
        .where(role_binding.c.person_id.in_(people), *is_open)
    )
    handed = select(*columns, occurrence.c.assigned_to.label("person_id")).where(
        occurrence.c.assigned_to.in_(people), *is_open
    )
    found = union_all(by_role, handed).subquery()
    return (
        select(found, cycle.c.definition_hash, traject.c.title)
        .join_from(found, cycle, and_(cycle.c.traject_id == found.c.traject_id, cycle.c.number == found.c.cycle))
        .join(traject, traject.c.id == found.c.traject_id)
        .where(cycle.c.state == CycleState.RUNNING.value)
        .order_by(found.c.traject_id, found.c.cycle, found.c.step, found.c.key)
    )


# --- reading -----------------------------------------------------------------------------------------

_ENTRIES = (
    select(
        feed_entry.c.uid,
        feed_entry.c.step,
        feed_entry.c.key,
        feed_entry.c.status,
        feed_entry.c.sequence,
        feed_entry.c.shown,
        feed_entry.c.changed_at,
    )
    .where(
        feed_entry.c.person_id == bindparam("own_person"),
        or_(feed_entry.c.ended_at.is_(None), feed_entry.c.ended_at > bindparam("since")),
    )
    .order_by(feed_entry.c.uid)
)
_STATUSES: Mapping[str, EntryStatus] = {each.value: each for each in EntryStatus}


def list_entries(session: Session, person_id: PersonId, since: datetime) -> tuple[Entry, ...]:
    """Give what the calendar of a person shows, with what ended after a moment, in a fixed order."""
    rows: Iterable[Any] = session.connection().execute(_ENTRIES, {"own_person": person_id, "since": since})
    return tuple(
        Entry(
            row.uid,
            OccurrenceKey(StepId(row.step), row.key),
            _STATUSES[row.status],
            row.sequence,
            row.shown,
            row.changed_at,
        )
        for row in rows
    )
