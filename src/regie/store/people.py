"""Who plays which role, how to reach them, and when they are away.

Names and addresses stay here: the core gets ids and habits, and the id of a person says nothing about who it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, or_, select, update
from sqlmodel import Session

from regie.core.definition import Definition, HearsWhen
from regie.core.ids import PersonId, RoleId
from regie.core.traject import Absence, Person
from regie.errors import NotFound, Refused
from regie.mailbox import check_email
from regie.store.dialects import per_dialect, said_for
from regie.store.feeds import erase_feeds, mark_stale
from regie.store.locks import Lock, take_lock
from regie.store.tables import (
    EVERY_TRAJECT,
    absence,
    link_request,
    organisation,
    person,
    role_binding,
    sign_in_code,
    signed_in,
)

NEW_IN_A_ROLE = "new in a role"
"""Stands among the requests for links in the place of the seal of an address, for who did not ask."""

_HEARS: Mapping[str, HearsWhen] = {each.value: each for each in HearsWhen}

_BOUND = (
    select(
        role_binding.c.traject_id,
        role_binding.c.role,
        person.c.id,
        person.c.language,
        person.c.hears,
        person.c.deputy_id,
        absence.c.begins_on,
        absence.c.ends_on,
    )
    .join_from(role_binding, person, role_binding.c.person_id == person.c.id)
    .outerjoin(absence, absence.c.person_id == person.c.id)
    .order_by(
        role_binding.c.traject_id.desc(), role_binding.c.role, role_binding.c.position, person.c.id, absence.c.begins_on
    )
)
_PEOPLE = _BOUND.where(or_(role_binding.c.traject_id == bindparam("id"), role_binding.c.traject_id == EVERY_TRAJECT))
_PEOPLE_OF = _BOUND.where(role_binding.c.traject_id.in_(bindparam("ids", expanding=True)))


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody as the administrator sees them. ``roles``: (role, traject id), 0 for every traject."""

    id: PersonId
    name: str
    email: str
    language: str = "nl"
    hears: HearsWhen | None = None
    deputy: PersonId | None = None
    organisation: str = ""
    away: tuple[Absence, ...] = ()
    roles: tuple[tuple[RoleId, int], ...] = ()

    @property
    def full_name(self) -> str:
        """Their name, with the organisation they are of."""
        return f"{self.name} ({self.organisation})" if self.organisation else self.name


# --- for the core ------------------------------------------------------------------------------------


def load_people(session: Session, traject_id: int) -> Mapping[RoleId, tuple[Person, ...]]:
    """Give who plays each role in a traject.

    People bound to a role in the traject itself stand in the place of those who play it everywhere.
    """
    return _playing(session.connection().execute(_PEOPLE, {"id": traject_id}))


def load_people_of(session: Session, traject_ids: Collection[int]) -> Mapping[int, Mapping[RoleId, tuple[Person, ...]]]:
    """The same for several trajects at once."""
    wanted = sorted({*traject_ids, EVERY_TRAJECT})
    rows = session.connection().execute(_PEOPLE_OF, {"ids": wanted}).all()
    return {each: _playing(row for row in rows if row.traject_id in (each, EVERY_TRAJECT)) for each in traject_ids}


def _playing(rows: Iterable[Any]) -> Mapping[RoleId, tuple[Person, ...]]:
    found: dict[RoleId, dict[PersonId, Person]] = {}
    bound_in: dict[RoleId, int] = {}
    for bound, role, name, language, hears, deputy, begins_on, ends_on in rows:
        if bound_in.setdefault(role, bound) != bound:
            continue  # safe: rows of the traject itself come first
        people = found.setdefault(role, {})
        known = people.get(name)
        away = (*(known.away if known else ()), *((Absence(begins_on, ends_on),) if begins_on else ()))
        people[name] = Person(name, language, _HEARS[hears] if hears else None, away, deputy)
    return {role: tuple(people.values()) for role, people in found.items()}


def load_others(session: Session, wanted: Collection[str]) -> tuple[Person, ...]:
    """Give people by id, in order of id; who is not known, or was erased, is left out."""
    if not wanted:
        return ()
    found: dict[str, Person] = {}
    query = (
        select(
            person.c.id, person.c.language, person.c.hears, person.c.deputy_id, absence.c.begins_on, absence.c.ends_on
        )
        .outerjoin(absence, absence.c.person_id == person.c.id)
        .where(person.c.id.in_(sorted(wanted)), person.c.erased_at.is_(None))
        .order_by(person.c.id, absence.c.begins_on)
    )
    for name, language, hears, deputy, begins_on, ends_on in session.connection().execute(query):
        known = found.get(name)
        away = (*(known.away if known else ()), *((Absence(begins_on, ends_on),) if begins_on else ()))
        found[name] = Person(name, language, _HEARS[hears] if hears else None, away, deputy)
    return tuple(found.values())


def unfilled_roles(session: Session, definition: Definition, traject_id: int) -> tuple[RoleId, ...]:
    """Give the partner roles of a definition that nobody plays in a traject, in the order of the definition."""
    people = load_people(session, traject_id)
    return tuple(role for role in definition.partner_roles() if not people.get(role))


# --- for the administrator ---------------------------------------------------------------------------


def save_person(
    session: Session,
    *,
    name: str,
    email: str = "",
    language: str = "nl",
    hears: HearsWhen | None = None,
    organisation: str = "",
    deputy: PersonId | None = None,
    person_id: PersonId | None = None,
) -> PersonId:
    """Add somebody, or change somebody whose ``person_id`` or address is known; give the id.

    Raises:
        Refused: ``address-invalid``, ``name-missing``, ``language-unknown``, ``address-taken``, ``own-deputy``.
        NotFound: ``unknown-person``.
    """
    if not name.strip():
        raise Refused("a person needs a name", code="name-missing")
    if language not in ("nl", "en"):
        raise Refused(
            f"there is no language '{language[:20]}'", code="language-unknown", hint="nl or en", language=language[:20]
        )
    address = check_email(email.strip()) if email.strip() else ""
    take_lock(session, Lock.PEOPLE)
    connection = session.connection()
    by_address = find_person(session, address) if address else None
    if person_id is not None and by_address not in (None, person_id):
        raise Refused("somebody else has this address", code="address-taken", hint="one person has one address")
    known = person_id or by_address
    if known is not None:
        _find(connection, known)
    if deputy is not None:
        _find(connection, deputy)
        if deputy == known:
            raise Refused("nobody is their own deputy", code="own-deputy")
    own = known or _next_person_id(connection)
    row = {
        "name": " ".join(name.split()),
        "email": address,
        "address_key": address.lower() or own,
        "language": language,
        "hears": hears.value if hears else None,
        "deputy_id": deputy,
        "organisation_id": _organisation_id(connection, organisation),
    }
    if known is None:
        connection.execute(insert(person), {"id": own, **row})
    else:
        connection.execute(update(person).where(person.c.id == known), row)
        mark_stale(session, known)
    return own


def find_person(session: Session, email: str) -> PersonId | None:
    """Give who has an e-mail address, in capitals or not."""
    wanted = select(person.c.id).where(person.c.address_key == email.strip().lower())
    found: str | None = session.connection().scalar(wanted)
    return PersonId(found) if found is not None else None


def _find(connection: Connection, person_id: PersonId) -> None:
    if connection.scalar(select(person.c.id).where(person.c.id == person_id)) is None:
        raise NotFound(f"no person '{person_id}'", code="unknown-person", person=person_id)


def _next_person_id(connection: Connection) -> PersonId:
    # numbers are not used again: erased people keep their row
    taken = [int(each[1:]) for each in connection.scalars(select(person.c.id)) if each[1:].isdigit()]
    return PersonId(f"p{max(taken, default=0) + 1}")


def _organisation_id(connection: Connection, name: str) -> int | None:
    plain = " ".join(name.split())
    if not plain:
        return None
    wanted = select(organisation.c.id).where(organisation.c.name == plain)
    known: int | None = connection.scalar(wanted)
    if known is None:
        connection.execute(said_for(connection, _ADD_ORGANISATION), [{"name": plain}])
        known = connection.scalar(wanted)
    return known


_ADD_ORGANISATION = per_dialect(lambda insert_: insert_(organisation).on_conflict_do_nothing())


def bind_role(session: Session, role: RoleId, person_id: PersonId, traject_id: int = EVERY_TRAJECT) -> bool:
    """Let somebody play a role, after those who play it already; say whether that is new.

    Args:
        traject_id: 0 for every traject.

    Raises:
        NotFound: ``unknown-person``.
    """
    take_lock(session, Lock.PEOPLE)
    connection = session.connection()
    _find(connection, person_id)
    bound = connection.execute(
        select(role_binding.c.person_id, role_binding.c.position).where(
            role_binding.c.traject_id == traject_id, role_binding.c.role == role
        )
    ).all()
    if any(row.person_id == person_id for row in bound):
        return False
    last = max((row.position for row in bound), default=-1)
    row = {"traject_id": traject_id, "role": role, "person_id": person_id, "position": last + 1}
    connection.execute(insert(role_binding), row)
    mark_stale(session, person_id, role)
    return True


def tell_new_player(session: Session, person_id: PersonId, now: datetime) -> None:
    """Note that somebody plays a role from now on, for ``fresh_links`` to tell them what was asked before they came."""
    row = {"address_seal": NEW_IN_A_ROLE, "person_id": person_id, "link_id": None, "asked_at": now}
    session.connection().execute(insert(link_request), row)


def unbind_role(session: Session, role: RoleId, person_id: PersonId, traject_id: int = EVERY_TRAJECT) -> bool:
    """Let somebody play a role no longer; say whether they did."""
    binding = (
        (role_binding.c.traject_id == traject_id)
        & (role_binding.c.role == role)
        & (role_binding.c.person_id == person_id)
    )
    was_bound = session.connection().execute(delete(role_binding).where(binding)).rowcount > 0
    if was_bound:
        mark_stale(session, person_id, role)
    return was_bound


def set_absence(session: Session, person_id: PersonId, begins_on: date, ends_on: date) -> None:
    """Note that somebody is away, first and last day inclusive. The same first day again replaces it.

    Raises:
        Refused: ``dates-reversed``.
        NotFound: ``unknown-person``.
    """
    if ends_on < begins_on:
        raise Refused(
            f"an absence cannot end on {ends_on}, before it begins on {begins_on}",
            code="dates-reversed",
            begins_on=begins_on,
            ends_on=ends_on,
        )
    take_lock(session, Lock.PEOPLE)
    connection = session.connection()
    _find(connection, person_id)
    clear_absence(session, person_id, begins_on)
    row = {"person_id": person_id, "begins_on": begins_on, "ends_on": ends_on}
    connection.execute(insert(absence), row)


def clear_absence(session: Session, person_id: PersonId, begins_on: date) -> bool:
    """Take back an absence that was to begin on a day; say whether there was one."""
    own = (absence.c.person_id == person_id) & (absence.c.begins_on == begins_on)
    return session.connection().execute(delete(absence).where(own)).rowcount > 0


def set_deputy(session: Session, person_id: PersonId, deputy: PersonId | None) -> None:
    """Say who hears it while somebody is away; None: nobody.

    Raises:
        Refused: ``own-deputy``.
        NotFound: ``unknown-person``.
    """
    connection = session.connection()
    for each in (person_id, *((deputy,) if deputy else ())):
        _find(connection, each)
    if deputy == person_id:
        raise Refused("nobody is their own deputy", code="own-deputy")
    connection.execute(update(person).where(person.c.id == person_id).values(deputy_id=deputy))


def set_habits(session: Session, person_id: PersonId, *, language: str, hears: HearsWhen | None) -> None:
    """Keep in which language and how often somebody wants to hear; None: as their role does.

    Raises:
        Refused: ``language-unknown``.
        NotFound: ``unknown-person``.
    """
    if language not in ("nl", "en"):
        raise Refused(
            f"there is no language '{language[:20]}'", code="language-unknown", hint="nl or en", language=language[:20]
        )
    connection = session.connection()
    _find(connection, person_id)
    row = {"language": language, "hears": hears.value if hears else None}
    connection.execute(update(person).where(person.c.id == person_id).values(**row))


_CONTACTS = (
    select(person, organisation.c.name.label("organisation"))
    .outerjoin(organisation, organisation.c.id == person.c.organisation_id)
    .where(person.c.erased_at.is_(None))
    .order_by(person.c.name, person.c.id)
)


def get_person(session: Session, person_id: PersonId) -> Contact:
    """Give one person.

    Raises:
        NotFound: ``unknown-person``, also when somebody was erased.
    """
    found = _contacts(session.connection(), person_id)
    if not found:
        raise NotFound(f"no person '{person_id}'", code="unknown-person", person=person_id)
    return found[0]


def list_people(session: Session, traject_id: int | None = None) -> tuple[Contact, ...]:
    """Give everybody who was not erased, by name; with ``traject_id`` only who plays a role in it."""
    found = _contacts(session.connection())
    if traject_id is None:
        return found
    here = (
        replace(each, roles=tuple(role for role in each.roles if role[1] in (EVERY_TRAJECT, traject_id)))
        for each in found
    )
    return tuple(each for each in here if each.roles)


def full_names(session: Session, ids: Collection[PersonId]) -> Mapping[PersonId, str]:
    """What people are called, with the organisation they are of."""
    if not ids:
        return {}
    found = session.connection().execute(_CONTACTS.where(person.c.id.in_(sorted(ids))))
    return {PersonId(row.id): f"{row.name} ({row.organisation})" if row.organisation else row.name for row in found}


def _contacts(connection: Connection, person_id: PersonId | None = None) -> tuple[Contact, ...]:
    people, bindings, absences = _CONTACTS, select(role_binding), select(absence).order_by(absence.c.begins_on)
    if person_id is not None:
        people = people.where(person.c.id == person_id)
        bindings = bindings.where(role_binding.c.person_id == person_id)
        absences = absences.where(absence.c.person_id == person_id)
    roles: dict[str, list[tuple[RoleId, int]]] = {}
    for row in connection.execute(bindings.order_by(role_binding.c.role, role_binding.c.traject_id)):
        roles.setdefault(row.person_id, []).append((RoleId(row.role), row.traject_id))
    away: dict[str, list[Absence]] = {}
    for row in connection.execute(absences):
        away.setdefault(row.person_id, []).append(Absence(row.begins_on, row.ends_on))
    return tuple(
        Contact(
            PersonId(row.id),
            row.name,
            row.email,
            row.language,
            _HEARS[row.hears] if row.hears else None,
            row.deputy_id,
            row.organisation or "",
            tuple(away.get(row.id, ())),
            tuple(roles.get(row.id, ())),
        )
        for row in connection.execute(people)
    )


def erase_person(session: Session, person_id: PersonId, now: datetime) -> None:
    """Erase name, address and habits of somebody; the id stays, so that the record stays whole.

    Raises:
        NotFound: ``unknown-person``.
    """
    take_lock(session, Lock.PEOPLE)
    connection = session.connection()
    _find(connection, person_id)
    for role in connection.scalars(select(role_binding.c.role).where(role_binding.c.person_id == person_id)).all():
        mark_stale(session, person_id, RoleId(role))
    connection.execute(delete(role_binding).where(role_binding.c.person_id == person_id))
    connection.execute(delete(absence).where(absence.c.person_id == person_id))
    connection.execute(delete(sign_in_code).where(sign_in_code.c.person_id == person_id))
    erase_feeds(session, person_id)
    connection.execute(delete(signed_in).where(signed_in.c.person_id == person_id))
    connection.execute(update(person).where(person.c.deputy_id == person_id).values(deputy_id=None))
    connection.execute(delete(link_request).where(link_request.c.person_id == person_id))
    nobody: dict[str, Any] = {"name": "", "email": "", "address_key": person_id, "hears": None, "deputy_id": None}
    connection.execute(
        update(person).where(person.c.id == person_id).values(**nobody, organisation_id=None, erased_at=now)
    )
