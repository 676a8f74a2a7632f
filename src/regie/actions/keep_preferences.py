"""A partner says how they want to hear from Regie, when they are away, and who hears it then."""

from __future__ import annotations

from datetime import date, timedelta

from sqlmodel import Session

from regie.actions.context import Context
from regie.core.definition import HearsWhen
from regie.core.ids import PersonId
from regie.errors import Refused
from regie.store.locks import Lock, take_lock
from regie.store.people import clear_absence, get_person, set_absence, set_deputy, set_habits
from regie.store.person_steps import get_group
from regie.store.session import in_transaction

MOST_ABSENCES = 20
LONGEST_ABSENCE = timedelta(days=366)


def keep_preferences(
    context: Context, person: PersonId, *, language: str, hears: HearsWhen | None, deputy: PersonId | None
) -> None:
    """Keep the preferences of a person, all or none.

    Args:
        hears: None: as their role does.
        deputy: a colleague, or whom the administrator chose before.

    Raises:
        Refused: ``deputy-elsewhere``, ``language-unknown``.
    """

    def work(session: Session) -> None:
        take_lock(session, Lock.PEOPLE)
        now = get_person(session, person)
        if deputy is not None and deputy != now.deputy and deputy not in get_group(session, person).names:
            raise Refused("a deputy is of the same organisation", code="deputy-elsewhere", hint="choose a colleague")
        set_habits(session, person, language=language, hears=hears)
        set_deputy(session, person, deputy)

    in_transaction(context.engine, work)


def add_absence(context: Context, person: PersonId, begins_on: date, ends_on: date, today: date) -> None:
    """Note an absence, first and last day inclusive; the same first day again replaces it. Errors as ``add_absence_in``."""
    in_transaction(context.engine, lambda session: add_absence_in(session, person, begins_on, ends_on, today))


def add_absence_in(session: Session, person: PersonId, begins_on: date, ends_on: date, today: date) -> None:
    """The same inside a transaction that is already open.

    Raises:
        NotFound: ``unknown-person``.
        Refused: ``dates-reversed``, ``absence-past``, ``absence-too-long``, ``absences-too-many``.
    """
    take_lock(session, Lock.PEOPLE)
    others = [each for each in get_person(session, person).away if each.begins_on != begins_on]
    if begins_on <= ends_on < today:
        raise Refused("this absence is over already", code="absence-past", hint="choose a last day that is to come")
    if ends_on - begins_on > LONGEST_ABSENCE:
        raise Refused("an absence lasts at most a year", code="absence-too-long", hint="choose an earlier last day")
    if len(others) >= MOST_ABSENCES:
        raise Refused("there are too many absences", code="absences-too-many", hint="take one away first")
    set_absence(session, person, begins_on, ends_on)


def take_back_absence(context: Context, person: PersonId, begins_on: date) -> bool:
    """Take back an absence; say whether there was one."""
    return in_transaction(context.engine, lambda session: clear_absence(session, person, begins_on))
