"""Make, renew and stop the calendar feed of a person, and bring what it shows up to date."""

from __future__ import annotations

import logging
from datetime import datetime
from functools import partial

from sqlmodel import Session

from regie.actions.context import Context
from regie.actions.faults import is_about_the_database, where
from regie.core.ids import PersonId
from regie.errors import Incomplete, RegieError
from regie.feeds import feed_key
from regie.store.feeds import Feed, close_feed, list_stale, note_person, open_feed
from regie.store.session import in_transaction, read_scope

log = logging.getLogger(__name__)


def make_agenda(context: Context, person_id: PersonId, now: datetime, *, renew: bool = False) -> Feed:
    """Give the feed of a person, made and filled when there is none. Asked twice it is made once.

    Args:
        renew: end the address that there is, and make another; the entries stay what they are.

    Raises:
        NotFound: ``unknown-person``.
        Incomplete: ``no-link-key``.
    """
    key = feed_key(context.link_key)
    if not key:
        raise Incomplete("there is no key to make addresses with", code="no-link-key", hint="set REGIE_LINK_KEY")

    def work(session: Session) -> Feed:
        made = open_feed(session, person_id, key, now, renew=renew)
        note_person(session, context.shelf, key, person_id, now, stays_stale=True)
        return made

    return in_transaction(context.engine, work)


def stop_agenda(context: Context, person_id: PersonId, now: datetime) -> bool:
    """Let the address of a person's feed stop working; say whether there was one."""
    return in_transaction(context.engine, lambda session: close_feed(session, person_id, now))


def refresh_agendas(context: Context, now: datetime) -> int:
    """Look at all steps of whoever's roles or language changed, one transaction a person; give for how many."""
    key = feed_key(context.link_key)
    if not key:
        return 0
    with read_scope(context.engine) as session:
        stale = list_stale(session)
    for person_id in stale:
        try:
            in_transaction(context.engine, partial(_note, context, key, person_id, now))
        except Exception as error:
            if isinstance(error, RegieError) and is_about_the_database(error):
                raise  # the next person would fare no better
            log.error("agenda.failed person=%s error=%s at=%s", person_id, type(error).__name__, where(error))
    return len(stale)


def _note(context: Context, key: bytes, person_id: PersonId, now: datetime, session: Session) -> int:
    return note_person(session, context.shelf, key, person_id, now)
