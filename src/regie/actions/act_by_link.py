"""What somebody does by the link in a mail: the link is checked, the event goes through the one door, the use is noted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from sqlmodel import Session

from regie.actions.apply_event import Applied, apply_in
from regie.actions.context import Context
from regie.actions.hand_over_files import hand_over_files
from regie.core.acting import answers_of
from regie.core.events import HandedToColleague, StepEvent, StepFinished
from regie.core.ids import PersonId
from regie.core.permissions import nothing_here
from regie.errors import Refused
from regie.mailbox import check_email
from regie.store.file_bytes import FileRoom
from regie.store.fresh_links import ask_fresh_link
from regie.store.links import Link, find_link, note_used
from regie.store.people import find_person, get_person, save_person
from regie.store.session import in_transaction, read_scope
from regie.uploads import Upload

E = TypeVar("E", bound=StepEvent)


def act_by_link(
    context: Context, token: str, make: Callable[..., StepEvent], now: datetime, *, request_id: str
) -> Applied:
    """Let who holds a link do something to their one step.

    Args:
        make: gives the event, from the ``key`` and ``cycle`` of the step, and ``by`` whom.
        request_id: of one press of one button; the same one twice has one effect.

    Raises:
        NotFound: ``nothing-here``, there is no such link.
        Refused: ``link-ended``, ``not-allowed`` by the part that the link gives, or the rules say no.
        Conflict: somebody else was first.
    """

    def work(session: Session) -> Applied:
        link = _live(session, context, token, now)
        event = _allowed(link, make(key=link.key, cycle=link.cycle, by=link.person))
        applied = apply_in(session, context, link.traject_id, event, now, request_id)
        note_used(session, link.id, now)
        return applied

    return in_transaction(context.engine, work)


def finish_by_link(
    context: Context,
    room: FileRoom,
    token: str,
    make: Callable[..., StepFinished],
    uploads: Sequence[Upload],
    now: datetime,
    *,
    request_id: str,
) -> Applied:
    """The same for a step that is finished with files as evidence; the bytes stand before anything is decided.

    Raises:
        Incomplete: ``files-full``, ``files-unwritable``.
        besides what ``act_by_link`` raises, and what ``uploads`` says of a file that may not come in.
    """
    if not uploads:
        return act_by_link(context, token, make, now, request_id=request_id)
    with read_scope(context.engine) as session:
        link = _live(session, context, token, now)
    event = _allowed(link, make(key=link.key, cycle=link.cycle, by=link.person))
    applied = hand_over_files(context, room, link.traject_id, event, uploads, now, request_id=request_id)
    in_transaction(context.engine, lambda session: note_used(session, link.id, now))
    return applied


def hand_over_by_link(
    context: Context,
    token: str,
    name: str,
    email: str,
    reason: str,
    now: datetime,
    *,
    seen_version: int,
    request_id: str,
) -> Applied:
    """Give a step to a colleague, who is put on file when nobody has their address yet.

    Somebody who is on file keeps the name that stands there: a link changes nobody else.

    Raises:
        Refused: ``address-invalid``, ``name-missing``; besides what ``act_by_link`` raises.
    """

    def work(session: Session) -> Applied:
        link = _live(session, context, token, now)
        given = HandedToColleague(key=link.key, cycle=link.cycle, by=link.person, to=None, seen_version=seen_version)
        _allowed(link, given)  # before anybody is put on file
        address = check_email(email.strip())
        colleague = find_person(session, address)
        if colleague is None:
            of = get_person(session, link.person)
            colleague = save_person(
                session, name=name, email=address, language=of.language, organisation=of.organisation
            )
        event = replace(given, to=PersonId(colleague), reason=reason)
        applied = apply_in(session, context, link.traject_id, event, now, request_id)
        note_used(session, link.id, now)
        return applied

    return in_transaction(context.engine, work)


def ask_again(context: Context, asked: Link | str, now: datetime) -> None:
    """Note that somebody wants a fresh link; says nothing about whether anybody is known."""
    in_transaction(context.engine, lambda session: ask_fresh_link(session, asked, now, secret=context.link_key))


def _allowed(link: Link, event: E) -> E:
    """Give an event that the part of who holds the link allows."""
    if type(event) not in answers_of(link.acts_as, is_deputy=link.deputy_for is not None):
        raise Refused(f"who {link.acts_as} may not do this by a link", code="not-allowed")
    return event


def _live(session: Session, context: Context, token: str, now: datetime) -> Link:
    link = find_link(session, token, now, secret=context.link_key)
    if link is None:
        raise nothing_here()
    if not link.is_live:
        raise Refused(f"this link works no longer: {link.ended}", code="link-ended", ended=str(link.ended))
    return link
