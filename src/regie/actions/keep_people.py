"""An administrator keeps people and roles in order: add, change, away, who plays what, and a whole list at once.

Everything asks ``MANAGE_PARTNERS`` and is noted in the access log, ids only. What was changed since somebody looked is
not overwritten: the page says what it showed, and that is compared in the same transaction.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from regie.actions.apply_event import apply_in
from regie.actions.context import Context
from regie.actions.keep_preferences import add_absence_in
from regie.actions.read_people_list import read_list
from regie.core.definition import HearsWhen
from regie.core.events import HandedToColleague
from regie.core.ids import PersonId, RoleId
from regie.core.permissions import Actor, Permission, require
from regie.errors import Conflict, Refused
from regie.plain_text import check_plain
from regie.store.access_log import What, note_access
from regie.store.locks import Lock, take_lock
from regie.store.mentions import Mentions, erase_mentions, find_mentions
from regie.store.partners import ImportedPerson, ImportReport, import_people, tell_new_players
from regie.store.people import (
    Contact,
    bind_role,
    clear_absence,
    erase_person,
    find_person,
    get_person,
    list_people,
    save_person,
    tell_new_player,
    unbind_role,
)
from regie.store.person_steps import list_handed_to
from regie.store.portfolio import list_running_cycles
from regie.store.session import in_transaction
from regie.store.tables import EVERY_TRAJECT
from regie.store.trajects import mark_dirty

__all__ = [
    "MOST_LIST_BYTES",
    "MOST_LIST_ROWS",
    "ImportedPerson",
    "PartnerForm",
    "Weighed",
    "add_partner",
    "change_partner",
    "drop_absence",
    "erase_partner",
    "import_list",
    "leave_role",
    "note_absence",
    "play_role",
    "players_seen",
    "seen_of",
    "weigh_list",
]

MOST_LIST_BYTES = 500_000
MOST_LIST_ROWS = 2_000
_MOST_PASSES = 4


@dataclass(frozen=True, slots=True)
class PartnerForm:
    """What an administrator says of somebody. ``hears``: None for as their role does."""

    name: str
    email: str = ""
    organisation: str = ""
    language: str = "nl"
    hears: HearsWhen | None = None
    deputy: PersonId | None = None


@dataclass(frozen=True, slots=True)
class Weighed:
    """What an import would do, and the seal on it.

    Args:
        people: what it would make of the rows that are right, also when others are wrong.
        seal: stays the same as long as the list, the place and the outcome do.
    """

    report: ImportReport
    people: tuple[ImportedPerson, ...]
    seal: str


def seen_of(contact: Contact) -> Mapping[str, str]:
    """What a page shows of somebody that it can change, to compare later."""
    return {
        "naam": contact.name,
        "e-mail": contact.email,
        "organisatie": contact.organisation,
        "spreektaal": contact.language,
        "ritme": contact.hears.value if contact.hears else "",
        "vervanger": contact.deputy or "",
    }


def add_partner(context: Context, actor: Actor, form: PartnerForm, now: datetime) -> PersonId:
    """Add somebody; give the id.

    Raises:
        Refused: ``not-allowed``; ``address-taken`` and what ``store.people.save_person`` refuses.
    """
    require(actor, Permission.MANAGE_PARTNERS)
    _check(form)

    def work(session: Session) -> PersonId:
        take_lock(session, Lock.PEOPLE)
        if form.email.strip() and find_person(session, form.email) is not None:
            raise Refused("somebody else has this address", code="address-taken", hint="one person has one address")
        own = _save(session, form, None)
        note_access(session, actor.name, What.PARTNER_ADDED, now, about=f"person:{own}")
        return own

    return in_transaction(context.engine, work)


def change_partner(
    context: Context, actor: Actor, person_id: PersonId, form: PartnerForm, seen: Mapping[str, str], now: datetime
) -> None:
    """Change somebody as they were seen.

    Raises:
        Refused: ``not-allowed``, and what ``store.people.save_person`` refuses.
        NotFound: ``unknown-person``.
        Conflict: ``seen-changed``.
    """
    require(actor, Permission.MANAGE_PARTNERS)
    _check(form)

    def work(session: Session) -> None:
        take_lock(session, Lock.PEOPLE)
        if seen_of(get_person(session, person_id)) != seen:
            raise _changed()
        _save(session, form, person_id)
        note_access(session, actor.name, What.PARTNER_CHANGED, now, about=f"person:{person_id}")

    in_transaction(context.engine, work)


def erase_partner(
    context: Context, actor: Actor, person_id: PersonId, seen: Mapping[str, str], now: datetime
) -> Mentions:
    """Erase somebody: name, address, habits, roles, absences, calendar, and where others named them. It cannot be undone.

    The id and what they did stay in the record. Steps that were handed to them go back to the role, who hears that;
    their links, sign-in codes and sessions work no longer.

    Returns:
        The lines of the history and the files from which the name was taken.

    Raises:
        Refused: ``not-allowed``.
        NotFound: ``unknown-person``, also when they were erased before.
        Conflict: ``seen-changed``.
    """
    require(actor, Permission.MANAGE_PARTNERS)

    def work(session: Session) -> Mentions:
        take_lock(session, Lock.PEOPLE)
        found = get_person(session, person_id)
        if seen_of(found) != seen:
            raise _changed()
        for traject_id, cycle, key in list_handed_to(session, person_id):
            back = HandedToColleague(key=key, cycle=cycle, to=None, by=actor.name)
            apply_in(session, context, traject_id, back, now)
        named = find_mentions(session, found.name, found.email)
        erase_mentions(session, named)
        erase_person(session, person_id, now)
        about = f"person:{person_id} lines:{len(named.lines)} files:{len(named.files)}"
        note_access(session, actor.name, What.PARTNER_ERASED, now, about=about)
        _look_again(session, EVERY_TRAJECT)
        return named

    return in_transaction(context.engine, work)


def note_absence(
    context: Context, actor: Actor, person_id: PersonId, begins_on: date, ends_on: date, now: datetime, today: date
) -> None:
    """Note that somebody is away; the same rules as for what they note themselves.

    Raises:
        Refused: ``not-allowed``, and what ``add_absence_in`` refuses.
        NotFound: ``unknown-person``.
    """
    require(actor, Permission.MANAGE_PARTNERS)

    def work(session: Session) -> None:
        add_absence_in(session, person_id, begins_on, ends_on, today)
        note_access(session, actor.name, What.PARTNER_CHANGED, now, about=f"person:{person_id} away")

    in_transaction(context.engine, work)


def drop_absence(context: Context, actor: Actor, person_id: PersonId, begins_on: date, now: datetime) -> None:
    """Take an absence back; when it is gone already, that is well."""
    require(actor, Permission.MANAGE_PARTNERS)

    def work(session: Session) -> None:
        if clear_absence(session, person_id, begins_on):
            note_access(session, actor.name, What.PARTNER_CHANGED, now, about=f"person:{person_id} back")

    in_transaction(context.engine, work)


def play_role(
    context: Context,
    actor: Actor,
    role: RoleId,
    person_id: PersonId,
    traject_id: int,
    seen: Sequence[str],
    now: datetime,
) -> bool:
    """Let somebody play a role; say whether that is new. With the next mail they hear what is asked of it.

    Args:
        traject_id: 0 for every traject.
        seen: who was seen playing it in that place, in order.

    Raises:
        Refused: ``not-allowed``.
        NotFound: ``unknown-person``.
        Conflict: ``seen-changed``.
    """
    place = (role, person_id, traject_id)
    return _turn_role(context, actor, place, seen, now, bind_role, What.ROLE_BOUND)


def leave_role(
    context: Context,
    actor: Actor,
    role: RoleId,
    person_id: PersonId,
    traject_id: int,
    seen: Sequence[str],
    now: datetime,
) -> bool:
    """Let somebody play a role no longer; arguments and errors as ``play_role``."""
    place = (role, person_id, traject_id)
    return _turn_role(context, actor, place, seen, now, unbind_role, What.ROLE_UNBOUND)


def _turn_role(
    context: Context,
    actor: Actor,
    place: tuple[RoleId, PersonId, int],
    seen: Sequence[str],
    now: datetime,
    turn: Callable[[Session, RoleId, PersonId, int], bool],
    what: What,
) -> bool:
    require(actor, Permission.MANAGE_PARTNERS)
    role, person_id, traject_id = place

    def work(session: Session) -> bool:
        take_lock(session, Lock.PEOPLE)
        if what is What.ROLE_BOUND:
            get_person(session, person_id)  # also of who was erased
        _compare_players(session, role, traject_id, seen)
        if not turn(session, role, person_id, traject_id):
            return False
        note_access(
            session, actor.name, what, now, about=f"person:{person_id} role:{role} traject:{traject_id or 'all'}"
        )
        if what is What.ROLE_BOUND:
            tell_new_player(session, person_id, now)
        _look_again(session, traject_id)
        return True

    return in_transaction(context.engine, work)


def players_seen(people: Sequence[Contact], role: RoleId, traject_id: int) -> list[str]:
    """Who plays a role in exactly this place, in order of their ids: what a page shows, to compare later."""
    return sorted(each.id for each in people if (role, traject_id) in each.roles)


# --- a whole list --------------------------------------------------------------------------------------


def weigh_list(context: Context, actor: Actor, text: str, traject_id: int, roles: Collection[RoleId] | None) -> Weighed:
    """Say what an import would do, row by row; nothing is stored.

    Args:
        traject_id: where they play their roles; 0 for every traject.
        roles: the roles that there are; None when that is not known.

    Raises:
        Refused: ``not-allowed``, ``list-too-large``, ``list-too-long``, ``list-empty`` and what ``read_list`` refuses.
    """
    require(actor, Permission.MANAGE_PARTNERS)
    rows, first = _rows_of(text)

    def work(session: Session) -> Weighed:
        def rehearse(left: Sequence[Mapping[str, str | None]]) -> ImportReport:
            return import_people(session, left, dry_run=True, traject_id=traject_id, roles=roles, first_row=first)

        report = rehearse(rows)
        wrong, rest = {each.row for each in report.problems}, report
        # what is left may lean on a row that is wrong, as somebody does on their deputy
        for _ in range(_MOST_PASSES):
            if not rest.problems or min(wrong) < first:
                break
            rest = rehearse([{} if number in wrong else row for number, row in enumerate(rows, start=first)])
            wrong |= {each.row for each in rest.problems}
        return Weighed(report, rest.people, _seal(text, traject_id, report))

    return in_transaction(context.engine, work)


def import_list(
    context: Context,
    actor: Actor,
    text: str,
    traject_id: int,
    roles: Collection[RoleId] | None,
    seal: str,
    now: datetime,
) -> ImportReport:
    """Import a list exactly as it was weighed.

    Raises:
        Refused: as ``weigh_list``.
        Conflict: ``people-changed``: it would do something else now; weigh it again.
    """
    require(actor, Permission.MANAGE_PARTNERS)
    rows, first = _rows_of(text)

    def work(session: Session) -> ImportReport:
        report = import_people(session, rows, traject_id=traject_id, roles=roles, first_row=first)
        if report.problems or _seal(text, traject_id, report) != seal:
            raise Conflict("the people changed since this was checked", code="people-changed", hint="check it again")
        about = f"added:{report.added} changed:{report.changed} bound:{report.bound} traject:{traject_id or 'all'}"
        note_access(session, actor.name, What.PARTNERS_IMPORTED, now, about=about)
        if report.bound:
            tell_new_players(session, report, now)
            _look_again(session, traject_id)
        return report

    return in_transaction(context.engine, work)


def _rows_of(text: str) -> tuple[list[dict[str, str | None]], int]:
    if len(text.encode("utf-8", "replace")) > MOST_LIST_BYTES:
        most = MOST_LIST_BYTES // 1000
        raise Refused(f"this list is larger than {most} kB", code="list-too-large", hint="divide it", most=most)
    rows, first = read_list(text)
    if not any(any((value or "").strip() for value in row.values()) for row in rows):
        raise Refused("there is no partner in this list", code="list-empty", hint="a row per partner, under the names")
    if len(rows) > MOST_LIST_ROWS:
        raise Refused(
            f"this list has {len(rows)} rows, more than {MOST_LIST_ROWS}",
            code="list-too-long",
            hint="divide it",
            found=len(rows),
            most=MOST_LIST_ROWS,
        )
    return rows, first


def _seal(text: str, traject_id: int, report: ImportReport) -> str:
    """What stays the same as long as the same list does the same to the same people."""
    said = [
        text,
        traject_id,
        report.bound,
        [(each.rows, repr(each.before), repr(each.after)) for each in report.people],
    ]
    return hashlib.sha256(json.dumps(said, ensure_ascii=True).encode()).hexdigest()


# --- inside --------------------------------------------------------------------------------------------


def _check(form: PartnerForm) -> None:
    check_plain(form.name, "naam")
    check_plain(form.organisation, "organisatie")


def _save(session: Session, form: PartnerForm, person_id: PersonId | None) -> PersonId:
    if form.deputy is not None:
        get_person(session, form.deputy)  # nobody is deputised by who was erased
    return save_person(
        session,
        name=form.name,
        email=form.email,
        language=form.language,
        hears=form.hears,
        organisation=form.organisation,
        deputy=form.deputy,
        person_id=person_id,
    )


def _compare_players(session: Session, role: RoleId, traject_id: int, seen: Sequence[str]) -> None:
    if players_seen(list_people(session), role, traject_id) != list(seen):
        raise _changed()


def _changed() -> Conflict:
    return Conflict("somebody else changed this meanwhile", code="seen-changed", hint="look at what it is now")


def _look_again(session: Session, traject_id: int) -> None:
    """Have the next sweep see to it that who plays a role now hears what is asked of it."""
    everywhere = {each.traject_id for each in list_running_cycles(session)}
    mark_dirty(session, sorted(everywhere if traject_id == EVERY_TRAJECT else everywhere & {traject_id}))
