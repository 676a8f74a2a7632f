"""Somebody asks for a fresh link, or is new in a role. It goes to the address on file, and to nobody else.

Asking does the same for every address, known or not, and only writes down that somebody asked; the mail is made later,
by whoever delivers. So neither the answer nor the time that it takes tells whether an address is known.

What was asked of a role before somebody came to play it, was asked of others. Who is new in a role is told it in the same
way, once: what a sweep told them already, or will tell them, is not in it.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from regie.core.acting import ActingAs, acts_as
from regie.core.definition import Kind
from regie.core.engine import local_day
from regie.core.ids import OccurrenceKey, PersonId, RoleId
from regie.core.lines import Line
from regie.core.permissions import OneStep
from regie.core.recipients import present
from regie.core.traject import Cycle, Occurrence, State, Traject
from regie.store.definitions import DefinitionShelf
from regie.store.links import Link, Wanted, issue_link
from regie.store.notices import queue_answer
from regie.store.people import NEW_IN_A_ROLE
from regie.store.tables import NoticeState, link, link_request, notice, occurrence, person, traject
from regie.store.trajects import load_traject
from regie.store.validity import still_true

log = logging.getLogger(__name__)

MOST_PER_HOUR = 3
HOUR = timedelta(hours=1)
KEPT = timedelta(days=1)
LONGEST_ADDRESS = 254
MOST_LINES = 30

_ACTIVE = (State.READY, State.IN_PROGRESS, State.WAITING_FOR_PARTNER, State.FOR_DECISION)
_BY_ADDRESS = select(person.c.id).where(person.c.address_key == bindparam("address"), person.c.erased_at.is_(None))
_ADDRESS_OF = select(person.c.address_key).where(person.c.id == bindparam("own_id"))
_ASKED = (
    select(func.count())
    .select_from(link_request)
    .where(link_request.c.address_seal == bindparam("seal"), link_request.c.asked_at > bindparam("since"))
)
_WAITING = (
    select(link_request)
    .where(link_request.c.handled_at.is_(None))
    .order_by(link_request.c.id)
    .with_for_update(skip_locked=True)
)


def ask_fresh_link(session: Session, asked: Link | str, now: datetime, *, secret: bytes) -> None:
    """Note that somebody wants a fresh link: for the step of a link that ended, or for all that an address may act on.

    There is one answer, and this gives none. More than three times in an hour for one address is not noted.

    Args:
        secret: the key of the links; seals the address, so that what a stranger typed is not kept.
    """
    connection = session.connection()
    if isinstance(asked, Link):
        address, link_id = connection.scalar(_ADDRESS_OF, {"own_id": asked.person}) or "", asked.id
    else:
        address, link_id = asked[:LONGEST_ADDRESS].strip().lower(), None
    seal = hmac.new(secret, b"address " + address.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
    known = connection.scalar(_BY_ADDRESS, {"address": address.encode("utf-8", "replace").decode().replace("\x00", "")})
    asked_before = connection.scalar(_ASKED, {"seal": seal, "since": now - HOUR}) or 0
    if asked_before < MOST_PER_HOUR:
        row = {"address_seal": seal, "person_id": known, "link_id": link_id, "asked_at": now}
        connection.execute(insert(link_request), row)


def queue_fresh_links(
    session: Session,
    shelf: DefinitionShelf,
    now: datetime,
    *,
    ids: Callable[[], str],
    brake_at: int = 200,
    office: Callable[[datetime, Traject], datetime] = lambda moment, _: moment,
) -> int:
    """Put one message in the outbox for each request that somebody on file made; give how many.

    A request that cannot be answered delays only itself.

    Args:
        office: gives the first moment, from a moment on, at which a message that nobody waits for may leave.
    """
    connection = session.connection()
    requests = connection.execute(_WAITING).all()
    if not requests:
        return 0
    made = 0
    for each in requests:
        connection.execute(update(link_request).where(link_request.c.id == each.id).values(handled_at=now))
        if each.person_id is None:
            continue
        savepoint = connection.begin_nested()
        try:
            is_new = each.address_seal == NEW_IN_A_ROLE
            found = list(_lines(session, PersonId(each.person_id), each.link_id, f"link-{each.id}", shelf, now, is_new))
            if found:
                leaves_at = None
                if is_new:
                    leaves_at = office(now, load_traject(session, found[0][0], shelf, for_change=False))
                queue_answer(connection, PersonId(each.person_id), found, now, ids(), brake_at, leaves_at=leaves_at)
                made += 1
            savepoint.commit()
        except SQLAlchemyError:
            raise
        except Exception as error:  # noqa: BLE001 - one request must not hold up the mail of everybody
            savepoint.rollback()
            log.error("link.request_failed id=%s error=%s", each.id, type(error).__name__)
    old = link_request.c.handled_at.is_not(None) & (link_request.c.asked_at < now - KEPT)
    connection.execute(delete(link_request).where(old))
    return made


def issue_for(
    session: Session,
    to: PersonId,
    place: OneStep,
    shelf: DefinitionShelf,
    now: datetime,
    *,
    secret: bytes,
    request_id: str,
) -> str | None:
    """Give the token of a link for somebody who is signed in; None when they may not act on the step today.

    Args:
        request_id: stands in the list of links in the place of a message.

    Raises:
        NotFound: ``unknown-traject``.
    """
    loaded = load_traject(session, place.traject_id, shelf)
    today = local_day(now, loaded.zone)
    cycle = next((each for each in loaded.running() if each.number == place.cycle), None)
    found = cycle.occurrences.get(place.key) if cycle is not None else None
    if cycle is None or found is None:
        return None
    step = cycle.definition.steps[place.key.step]
    roles = _with_own_step(to, loaded, cycle, found, _roles_of(to, loaded, today), today)
    for role, deputy_for in roles.items():
        if (part := acts_as(step, found, role)) is not None:
            wanted = Wanted(place.traject_id, place.cycle, place.key, to, role, part, deputy_for)
            return issue_link(session, wanted, secret, request_id, now)
    return None


def _lines(
    session: Session,
    to: PersonId,
    link_id: int | None,
    about: str,
    shelf: DefinitionShelf,
    now: datetime,
    is_new: bool,
) -> Iterator[tuple[int, Line]]:
    """What the person may act on now, the soonest first; with a link that one step only; for who is new what is untold."""
    connection = session.connection()
    only = connection.execute(select(link).where(link.c.id == link_id)).first() if link_id is not None else None
    if only is not None:
        numbers = [only.traject_id]
    else:
        active = occurrence.c.state.in_([each.value for each in _ACTIVE])
        numbers = list(
            connection.scalars(
                select(traject.c.id)
                .where(traject.c.running.is_(True))
                .where(select(occurrence.c.id).where(occurrence.c.traject_id == traject.c.id, active).exists())
                .order_by(traject.c.id)
            )
        )
    found: list[tuple[int, Line]] = []
    for number in numbers:
        loaded = load_traject(session, number, shelf, for_change=False)
        today = local_day(now, loaded.zone)
        roles = _roles_of(to, loaded, today)
        told = _told_to(connection, to, number) if is_new and roles else frozenset()
        for cycle in loaded.running():
            for key, each in cycle.occurrences.items():
                if is_new and ((cycle.number, key.step, key.key) in told or _is_still_told(each)):
                    continue
                if only is not None and (cycle.number, key.step, key.key) != (only.cycle, only.step, only.key):
                    continue
                own = _with_own_step(to, loaded, cycle, each, roles, today)
                line = _line(cycle, key, each, own, today, is_wanted=only is not None, is_new=is_new)
                if line is not None:
                    found.append((number, replace(line, happening=about)))
    found.sort(key=lambda each: (each[1].due_on or date.max, each[0], str(each[1].key)))
    yield from found[:MOST_LINES]


def _told_to(connection: Connection, to: PersonId, traject_id: int) -> frozenset[tuple[int, str, str]]:
    """The steps about which somebody was told anything."""
    wanted = select(notice.c.cycle, notice.c.step, notice.c.key).where(
        notice.c.traject_id == traject_id,
        notice.c.recipient == to,
        notice.c.state != NoticeState.WITHDRAWN.value,
    )
    return frozenset((row.cycle, row.step, row.key) for row in connection.execute(wanted.distinct()))


def _is_still_told(found: Occurrence) -> bool:
    """Whether the next sweep is the first that tells of this step, and so tells whoever is new as well."""
    return found.state is State.READY and Kind.READY.value not in found.told


def _roles_of(to: PersonId, traject_: Traject, today: date) -> dict[RoleId, PersonId | None]:
    """The roles for which somebody may act today, each with who is away when it is in their place."""
    roles: dict[RoleId, PersonId | None] = {}
    for role, people in traject_.people.items():
        for each in people:
            reader, deputy_for = present(each, traject_.person, today)
            if each.id == to:
                roles[role] = None
            elif reader.id == to:
                roles.setdefault(role, deputy_for)
    return roles


def _with_own_step(
    to: PersonId,
    traject_: Traject,
    cycle: Cycle,
    found: Occurrence,
    roles: dict[RoleId, PersonId | None],
    today: date,
) -> dict[RoleId, PersonId | None]:
    """The same roles for one step: without its own role when it was handed to another, with it when to this person."""
    step = cycle.definition.steps[found.step]
    if found.assigned_to is None or step.responsible is None:
        return roles
    if (assigned := traject_.person(found.assigned_to)) is None:
        return roles
    others = {role: deputy_for for role, deputy_for in roles.items() if role != step.responsible}
    reader, deputy_for = present(assigned, traject_.person, today)
    if assigned.id == to:
        return {step.responsible: None, **others}
    return {step.responsible: deputy_for, **others} if reader.id == to else others


def _line(
    cycle: Cycle,
    key: OccurrenceKey,
    found: Occurrence,
    roles: dict[RoleId, PersonId | None],
    today: date,
    *,
    is_wanted: bool,
    is_new: bool,
) -> Line | None:
    """Ask for the step as it stands today, when the person may act on it.

    What was declined is asked of the lead; who declined it gets it again only when they ask for that very step.
    """
    if not is_wanted and (found.state not in _ACTIVE or found.declined):
        return None
    step = cycle.definition.steps[key.step]
    for role, deputy_for in roles.items():
        part = acts_as(step, found, role)
        if part is None:
            continue
        planned = found.planned
        kind = _kind(found, today)
        if is_new and kind is Kind.DUE_SOON:
            kind = Kind.HANDED_OVER  # somebody was at it, and it is theirs now
        said = "accountable" if part is ActingAs.DECIDER else "responsible"
        if kind is Kind.HANDED_OVER and part is ActingAs.ASKED:
            said = str(role)
        line = Line(
            kind,
            cycle.number,
            key,
            role,
            said,
            due_on=planned.due_on if planned else None,
            legal_on=planned.legal_on if planned else None,
            deputy_for=deputy_for,
        )
        return still_true(line, cycle, today)
    return None


def _kind(found: Occurrence, today: date) -> Kind:
    due_on = found.planned.due_on if found.planned else None
    if found.state is State.FOR_DECISION:
        return Kind.DECISION_NEEDED
    if found.state is State.READY and (due_on is None or today < due_on):
        return Kind.READY
    if due_on is None or found.state is State.NOT_YET:
        return Kind.HANDED_OVER
    return Kind.DUE_SOON if today < due_on else Kind.DUE if today == due_on else Kind.OVERDUE
