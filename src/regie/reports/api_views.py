"""What the API shows that no page shows in this form: reads, gathers, decides nothing. See ``docs/adr/0022``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TypeAlias

from sqlmodel import Session

from regie.core.changes import Changes
from regie.core.definition import Definition
from regie.core.ids import OccurrenceKey, PersonId
from regie.core.messages import is_secret
from regie.core.traject import Traject
from regie.definitions import load_definition, sources_of
from regie.definitions.calendars import workflow_defs_dir
from regie.definitions.load import MAIN_FILE
from regie.errors import NotFound
from regie.reports.effect import Effect, effect_of
from regie.reports.traject_home import key_of
from regie.store.access_log import AccessEntry, list_access
from regie.store.definitions import DefinitionShelf, get_sources, list_definitions
from regie.store.history import HistoryEntry, list_history
from regie.store.lately import names_of
from regie.store.links import Link, get_link, list_links
from regie.store.outbox import OutboxEntry, list_messages
from regie.store.people import Contact, list_people
from regie.store.tables import EVERY_TRAJECT, DefinitionStatus, MessageStatus
from regie.store.trajects import load_traject

MailLink: TypeAlias = Link
"""A link in a mail, as it stands."""

STATUSES = tuple(each.value for each in MessageStatus)
"""How a message can stand."""


def read_traject(session: Session, shelf: DefinitionShelf, traject_id: int) -> Traject:
    """Read a traject with all its cycles, of those that ended without their steps."""
    return load_traject(session, traject_id, shelf, for_change=False)


def effect_in(
    session: Session, before: Traject, changes: Changes, today: date, language: str, *, sees_confidential: bool
) -> Effect:
    """What changes lead to, with the names of who hears it; of confidential steps only their own title."""
    names = names_of(session, {each.to for each in changes.messages})
    effect = effect_of(before, changes, today, {PersonId(each): name for each, name in names.items()}, language)
    cycle = changes.traject.cycle(changes.event.cycle)
    if sees_confidential or cycle is None:
        return effect
    steps = cycle.definition.steps
    bare = {
        step.id: step.title.get(language) or next(iter(step.title.values()), str(step.id))
        for step in steps.values()
        if is_secret(step, cycle.anchors)
    }
    return replace(
        effect,
        moved=tuple(replace(each, title=bare.get(each.key.step, each.title)) for each in effect.moved),
        states=tuple(replace(each, title=bare.get(each.key.step, each.title)) for each in effect.states),
    )


# --- the record ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that happened to a traject.

    Args:
        name: what who did it is called.
        key: the step that it was done to; None when it was done to none.
        words: what was typed, by the name of the field; empty when it was erased or is confidential.
    """

    seq: int
    at: datetime
    cycle: int
    event: str
    name: str
    key: OccurrenceKey | None
    transitions: tuple[tuple[str, str | None, str], ...]
    words: Mapping[str, object]


def list_happened(
    session: Session,
    shelf: DefinitionShelf,
    traject_id: int,
    *,
    after: int,
    limit: int,
    sees_confidential: bool = False,
) -> tuple[Happened, ...]:
    """Give what happened to a traject after a number of the record, the oldest first."""
    entries = list_history(session, traject_id, after_seq=after, limit=limit)
    if not entries:
        return ()
    called = names_of(session, {each.by for each in entries})
    cycles = {each.number: each for each in read_traject(session, shelf, traject_id).cycles}

    def is_hidden(entry: HistoryEntry, key: OccurrenceKey | None) -> bool:
        cycle = cycles.get(entry.payload["cycle"])
        if sees_confidential or key is None or cycle is None:
            return False
        step = cycle.definition.steps.get(key.step)
        return step is None or is_secret(step, cycle.anchors)

    return tuple(_happened(entries, called, is_hidden))


def _happened(
    entries: Sequence[HistoryEntry],
    called: Mapping[str, str],
    is_hidden: Callable[[HistoryEntry, OccurrenceKey | None], bool],
) -> Iterator[Happened]:
    for each in entries:
        key = key_of(each)
        yield Happened(
            each.seq,
            each.at,
            each.payload["cycle"],
            each.event,
            called[each.by],
            key,
            tuple((move[1], move[2], move[3]) for move in each.payload["transitions"]),
            {} if is_hidden(each, key) else each.words,
        )


# --- people, messages, access -------------------------------------------------------------------------


def list_partners(session: Session, trajects: Collection[int] | None) -> tuple[Contact, ...]:
    """Give partners by name.

    Args:
        trajects: only who plays a role in one of these, and only those roles; None for everybody.
    """
    people = list_people(session)
    if trajects is None:
        return people
    within = {EVERY_TRAJECT, *trajects}
    here = (replace(each, roles=tuple(role for role in each.roles if role[1] in within)) for each in people)
    return tuple(each for each in here if each.roles)


def list_deliveries(
    session: Session, *, within: Collection[int] | None, status: str | None, traject_id: int | None, limit: int
) -> tuple[OutboxEntry, ...]:
    """Give messages, the newest first.

    Args:
        within: the trajects that the reader may see messages of; None for all.
    """
    return list_messages(session, status=status, traject_id=traject_id, within=within, limit=limit)


def list_mail_links(
    session: Session,
    now: datetime,
    *,
    within: Collection[int] | None,
    traject_id: int | None,
    only_open: bool,
    before: int | None,
    limit: int,
) -> tuple[MailLink, ...]:
    """Give links in mails, the newest first.

    Args:
        within: the trajects that the reader may take links away of; None for all.
        before: the last number of the page before.
    """
    return list_links(
        session, now, within=within, traject_id=traject_id, only_open=only_open, before_id=before, limit=limit
    )


def get_mail_link(session: Session, number: int, now: datetime, within: Collection[int] | None) -> MailLink:
    """Give one link.

    Raises:
        NotFound: ``unknown-link``; also when the reader may not know of it.
    """
    found = get_link(session, number, now)
    if within is not None and found.traject_id not in within:
        raise NotFound(f"no link {number}", code="unknown-link", hint="regie link list shows them", link=number)
    return found


def list_visits(session: Session, *, before: int | None, since: datetime | None, limit: int) -> tuple[AccessEntry, ...]:
    """Give rows of the access log, the newest first."""
    return list_access(session, before_id=before, since=since, limit=limit)


# --- definitions --------------------------------------------------------------------------------------


def find_definition(session: Session, shelf: DefinitionShelf, name: str) -> tuple[Definition, Mapping[str, str]]:
    """Give the newest definition of this id that may be started with, and its texts; else the one that comes along.

    Args:
        name: an id; never a path.

    Raises:
        NotFound: ``definition-not-offered``.
    """
    for each in list_definitions(session):
        if each.id == name and each.status is DefinitionStatus.ACTIVE:
            return shelf.get(each.content_hash, session), get_sources(session, each.content_hash)
    folder = workflow_defs_dir() / name
    if not name.replace("-", "").isalnum() or not (folder / MAIN_FILE).is_file():
        raise NotFound(f"no definition '{name[:60]}'", code="definition-not-offered", definition=name[:60])
    definition = load_definition(folder)
    return shelf.put(definition), sources_of(folder)
