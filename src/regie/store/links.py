"""Action links: made when a message is handed over, looked up when somebody opens one.

A link is one step of one person. Whether it works follows from the facts at the moment of looking: the step, the
cycle, who plays which role today. So looking writes nothing, and nothing has to remember to end a link.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update
from sqlmodel import Session

from regie.core.acting import ActingAs
from regie.core.engine import local_day
from regie.core.ids import OccurrenceKey, PersonId, RoleId, StepId
from regie.core.recipients import present
from regie.core.traject import CycleState, Person, State
from regie.errors import NotFound, Refused
from regie.links import LinkFacts, hash_token, make_token
from regie.store.history import canonical
from regie.store.people import load_others, load_people, load_people_of
from regie.store.tables import cycle, history, link, occurrence, person, traject

ACT = "act"
"""The one purpose that there is: to act on a step."""

EXPIRES_AFTER = timedelta(days=30)
NEW_AFTER = timedelta(days=14)
"""From this age on a next message gets a link of its own, so that it works long enough for who reads it late."""


class LinkEnd(StrEnum):
    """Why a link works no longer. Of the first three nothing may be told but that it ended."""

    REVOKED = "revoked"
    ERASED = "erased"
    NOT_YOURS = "not yours"
    DONE = "done"
    LEFT_OUT = "left out"
    WITHDRAWN = "withdrawn"
    CYCLE_ENDED = "cycle ended"
    EXPIRED = "expired"

    @property
    def tells(self) -> bool:
        """Whether who holds the link may still see what became of the step."""
        return self not in (LinkEnd.REVOKED, LinkEnd.ERASED, LinkEnd.NOT_YOURS)


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a step, by the record: when and by whom it came to the state in which it stands."""

    state: State
    outcome: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Link:
    """A link as it stands now.

    Args:
        person: who holds it; ``deputy_for`` in whose place they act.
        role: for which they may act; ``acts_as`` as what.
        used_at: when somebody last acted by it.
        ended: why it works no longer; None while it does.
        settled: what became of the step, once it is over and this link may tell.
    """

    id: int
    person: PersonId
    person_name: str
    language: str
    traject_id: int
    slug: str
    title: str
    cycle: int
    key: OccurrenceKey
    number: int
    role: RoleId
    acts_as: ActingAs
    deputy_for: PersonId | None
    message_id: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str
    revoked_because: str
    is_in_running_cycle: bool
    ended: LinkEnd | None
    settled: Settled | None = None

    @property
    def is_live(self) -> bool:
        return self.ended is None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A link that a message needs: for whom, for which step, and as what they may act."""

    traject_id: int
    cycle: int
    key: OccurrenceKey
    person: PersonId
    role: RoleId
    acts_as: ActingAs
    deputy_for: PersonId | None = None


# --- making ------------------------------------------------------------------------------------------

_OF_PERSON = (
    select(link)
    .where(
        link.c.traject_id == bindparam("own_traject"),
        link.c.cycle == bindparam("own_cycle"),
        link.c.step == bindparam("own_step"),
        link.c.key == bindparam("own_key"),
        link.c.person_id == bindparam("own_person"),
    )
    .order_by(link.c.number)
)


def issue_link(session: Session, wanted: Wanted, secret: bytes, message_id: str, now: datetime) -> str:
    """Give the token for a message that is about to be handed over; the row commits before the mail leaves.

    The same message gets the same link again, and another one too while the link it knows is young. The caller holds
    the lock of the traject, so two messages never make the same number.
    """
    connection = session.connection()
    place = {
        "own_traject": wanted.traject_id,
        "own_cycle": wanted.cycle,
        "own_step": wanted.key.step,
        "own_key": wanted.key.key,
        "own_person": wanted.person,
    }
    rows = connection.execute(_OF_PERSON, place).all()
    for row in reversed(rows):
        token = make_token(secret, _facts(row))
        if _may_serve(row, wanted, message_id, now) and hash_token(token) == row.token_hash:
            return token
    facts = LinkFacts(
        wanted.traject_id,
        wanted.cycle,
        wanted.key.step,
        wanted.key.key,
        wanted.person,
        rows[-1].number + 1 if rows else 1,
        ACT,
        now,
    )
    token = make_token(secret, facts)
    connection.execute(
        insert(link),
        {
            "traject_id": wanted.traject_id,
            "cycle": wanted.cycle,
            "step": wanted.key.step,
            "key": wanted.key.key,
            "person_id": wanted.person,
            "number": facts.number,
            "purpose": ACT,
            "token_hash": hash_token(token),
            "role": wanted.role,
            "acts_as": wanted.acts_as.value,
            "deputy_for": wanted.deputy_for,
            "message_id": message_id,
            "created_at": now,
            "expires_at": now + EXPIRES_AFTER,
            "revoked_because": "",
        },
    )
    return token


def _may_serve(row: Any, wanted: Wanted, message_id: str, now: datetime) -> bool:
    is_same = (row.role, row.acts_as, row.deputy_for) == (wanted.role, wanted.acts_as.value, wanted.deputy_for)
    if not is_same or row.revoked_at is not None or now >= row.expires_at:
        return False
    return bool(row.message_id == message_id or now - row.created_at < NEW_AFTER)


def _facts(row: Any) -> LinkFacts:
    return LinkFacts(
        row.traject_id, row.cycle, row.step, row.key, row.person_id, row.number, row.purpose, row.created_at
    )


# --- looking -----------------------------------------------------------------------------------------

_LINKS = (
    select(
        *link.columns,
        traject.c.slug,
        traject.c.title,
        traject.c.zone,
        cycle.c.state.label("cycle_state"),
        person.c.name.label("person_name"),
        person.c.language,
        person.c.erased_at,
        occurrence.c.state,
        occurrence.c.responsible,
        occurrence.c.waiting_for,
        occurrence.c.assigned_to,
        occurrence.c.outcome,
    )
    .join(traject, traject.c.id == link.c.traject_id)
    .join(cycle, (cycle.c.traject_id == link.c.traject_id) & (cycle.c.number == link.c.cycle))
    .join(person, person.c.id == link.c.person_id)
    .join(
        occurrence,
        (occurrence.c.traject_id == link.c.traject_id)
        & (occurrence.c.cycle == link.c.cycle)
        & (occurrence.c.step == link.c.step)
        & (occurrence.c.key == link.c.key),
    )
)
_BY_HASH = _LINKS.where(link.c.token_hash == bindparam("own_hash"))


@dataclass(frozen=True, slots=True)
class _People:
    """Who plays which role in a traject, and who has a step there without a role."""

    roles: Mapping[RoleId, tuple[Person, ...]]
    others: tuple[Person, ...] = ()

    def find(self, wanted: PersonId) -> Person | None:
        known = (*self.roles.values(), self.others)
        return next((each for them in known for each in them if each.id == wanted), None)


def find_link(session: Session, token: str, now: datetime, *, secret: bytes) -> Link | None:
    """Give the link of a token as it stands now; None when there is none. Writes nothing.

    A token that is wrong, cut or made with another key costs one hash and one look in an index, and tells nothing.
    """
    row = session.connection().execute(_BY_HASH, {"own_hash": hash_token(token)}).first()
    if row is None or not hmac.compare_digest(hash_token(make_token(secret, _facts(row))), row.token_hash):
        return None
    found = _as_it_stands(row, _load_people(session, row), now)
    return _with_settled(session.connection(), found, row)


def list_links(
    session: Session,
    now: datetime,
    *,
    traject_id: int | None = None,
    step: str | None = None,
    person_id: str | None = None,
    limit: int = 200,
    within: Collection[int] | None = None,
    person_name: str = "",
    only_open: bool = False,
    before_id: int | None = None,
) -> tuple[Link, ...]:
    """Give links, the newest first; without what became of their steps.

    Args:
        within: only of these trajects; ``person_name``: only of who has this in their name.
        only_open: not those that were taken away, have expired, or are about a step or cycle that is over. What is
            left may still have ended, as for who no longer plays the role.
        before_id: the last one of the page before.
    """
    wanted = _LINKS
    if within is not None:
        wanted = wanted.where(link.c.traject_id.in_(sorted(within)))
    if person_name:
        wanted = wanted.where(func.lower(person.c.name).contains(person_name.lower(), autoescape=True))
    if only_open:
        over = [each.value for each in State if not each.is_open]
        wanted = wanted.where(
            link.c.revoked_at.is_(None),
            link.c.expires_at > now,
            occurrence.c.state.not_in(over),
            cycle.c.state == CycleState.RUNNING.value,
        )
    if before_id is not None:
        wanted = wanted.where(link.c.id < before_id)
    if traject_id is not None:
        wanted = wanted.where(link.c.traject_id == traject_id)
    if step is not None:
        wanted = wanted.where(link.c.step == step)
    if person_id is not None:
        wanted = wanted.where(link.c.person_id == person_id)
    rows = session.connection().execute(wanted.order_by(link.c.created_at.desc(), link.c.id.desc()).limit(limit)).all()
    others = load_others(session, {row.assigned_to for row in rows if row.assigned_to})
    roles = load_people_of(session, {row.traject_id for row in rows})
    people = {each: _People(playing, others) for each, playing in roles.items()}
    return tuple(_as_it_stands(row, people[row.traject_id], now) for row in rows)


def get_link(session: Session, link_id: int, now: datetime) -> Link:
    """Give one link, with what became of its step.

    Raises:
        NotFound: ``unknown-link``.
    """
    row = session.connection().execute(_LINKS.where(link.c.id == link_id)).first()
    if row is None:
        raise _unknown(link_id)
    return _with_settled(session.connection(), _as_it_stands(row, _load_people(session, row), now), row)


def _load_people(session: Session, row: Any) -> _People:
    others = load_others(session, {row.assigned_to}) if row.assigned_to else ()
    return _People(load_people(session, row.traject_id), others)


def _unknown(link_id: int) -> NotFound:
    return NotFound(f"no link {link_id}", code="unknown-link", hint="regie link list shows them", link=link_id)


def _as_it_stands(row: Any, people: _People, now: datetime) -> Link:
    return Link(
        row.id,
        PersonId(row.person_id),
        row.person_name,
        row.language,
        row.traject_id,
        row.slug,
        row.title,
        row.cycle,
        OccurrenceKey(StepId(row.step), row.key),
        row.number,
        RoleId(row.role),
        ActingAs(row.acts_as),
        PersonId(row.deputy_for) if row.deputy_for else None,
        row.message_id,
        row.created_at,
        row.expires_at,
        row.used_at,
        row.revoked_at,
        row.revoked_by or "",
        row.revoked_because,
        row.cycle_state == CycleState.RUNNING.value,
        _why_ended(row, people, now),
    )


_ENDED_BY: Mapping[State, LinkEnd] = {
    State.DONE: LinkEnd.DONE,
    State.WITHDRAWN: LinkEnd.WITHDRAWN,
    State.WAIVED: LinkEnd.LEFT_OUT,
    State.NOT_APPLICABLE: LinkEnd.LEFT_OUT,
    State.DROPPED: LinkEnd.LEFT_OUT,
}


def _why_ended(row: Any, people: _People, now: datetime) -> LinkEnd | None:
    """What tells least comes first: a link that was taken away says nothing of the step any more."""
    if row.revoked_at is not None:
        return LinkEnd.REVOKED
    if row.erased_at is not None:
        return LinkEnd.ERASED
    state = State(row.state)
    if not _still_plays(row, people, local_day(now, row.zone)) or (state.is_open and not _still_asked(row)):
        return LinkEnd.NOT_YOURS
    if state in _ENDED_BY:
        return _ENDED_BY[state]
    if row.cycle_state != CycleState.RUNNING.value:
        return LinkEnd.CYCLE_ENDED
    return LinkEnd.EXPIRED if now >= row.expires_at else None


def _still_plays(row: Any, people: _People, today: date) -> bool:
    """Whether the person plays the role, or is the deputy today of who does.

    To whom the step was handed over plays it in place of the people of the role, which do so no longer.
    """
    playing = people.roles.get(RoleId(row.role), ())
    if row.assigned_to and row.role == row.responsible:
        assigned = people.find(PersonId(row.assigned_to))
        playing = (assigned,) if assigned is not None else playing
    wanted = row.deputy_for or row.person_id
    principal = next((each for each in playing if each.id == wanted), None)
    if principal is None:
        return False
    return row.deputy_for is None or present(principal, people.find, today)[0].id == row.person_id


def _still_asked(row: Any) -> bool:
    """Whether the role still has the part in the open step that it had; who decides stands in the definition."""
    match ActingAs(row.acts_as):
        case ActingAs.RESPONSIBLE:
            return bool(row.responsible == row.role)
        case ActingAs.ASKED:
            return bool(row.waiting_for == row.role)
        case ActingAs.DECIDER:
            return True


def _with_settled(connection: Connection, found: Link, row: Any) -> Link:
    state = State(row.state)
    if found.ended is None or not found.ended.tells or state.is_open:
        return found
    settled = _settled(connection, found, state, row.outcome or "")
    return replace(found, settled=settled)


def _settled(connection: Connection, found: Link, state: State, outcome: str) -> Settled | None:
    """Find in the record when the step last came to where it stands, the newest first."""
    begins = canonical([found.cycle, str(found.key)])[:-1] + ","
    wanted = (
        select(history.c.at, history.c.by, history.c.payload)
        .where(history.c.traject_id == found.traject_id, history.c.payload.contains(begins, autoescape=True))
        .order_by(history.c.seq.desc())
    )
    for at, by, payload in connection.execute(wanted):
        for number, key, _before, after, *_ in json.loads(payload)["transitions"]:
            if (number, key, after) == (found.cycle, str(found.key), state.value):
                return Settled(state, outcome, at, by)
    return None


# --- ending and using ---------------------------------------------------------------------------------

_REVOKE = (
    update(link)
    .where(link.c.id == bindparam("own_id"), link.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("at"), revoked_by=bindparam("by"), revoked_because=bindparam("because"))
)


def revoke_link(session: Session, link_id: int, now: datetime, *, by: str, reason: str) -> bool:
    """Take a link away for good; say whether it was still there to take. Who and why is kept with it.

    Raises:
        NotFound: ``unknown-link``.
        Refused: ``reason-missing``.
    """
    if not reason.strip():
        raise Refused("say why this link is taken away", code="reason-missing", deed="revoke")
    connection = session.connection()
    if connection.scalar(select(func.count()).where(link.c.id == link_id)) == 0:
        raise _unknown(link_id)
    values = {"own_id": link_id, "at": now, "by": by, "because": reason.strip()}
    return connection.execute(_REVOKE, values).rowcount == 1


def revoke_links(session: Session, link_ids: Iterable[int], now: datetime, *, by: str, reason: str) -> int:
    """Take several links away; give how many were still there to take."""
    return sum(revoke_link(session, each, now, by=by, reason=reason) for each in link_ids)


def note_used(session: Session, link_id: int, now: datetime) -> None:
    """Note that somebody acted by a link, in the transaction of that act. A link works until its step is over."""
    session.connection().execute(update(link).where(link.c.id == link_id).values(used_at=now))
