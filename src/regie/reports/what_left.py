"""What left the building and to whom, and which links stand out: for who keeps that in order.

Every step under its title, and each message with what it is about. Costs the same few statements for any page.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select, tuple_
from sqlmodel import Session

from regie.core.definition import Definition, Kind, text_in
from regie.core.ids import OccurrenceKey, StepId
from regie.core.lines import WHOLE_CYCLE
from regie.errors import NotFound, Refused
from regie.notify.render import render
from regie.store.definitions import DefinitionShelf
from regie.store.links import Link, get_link, list_links
from regie.store.outbox import OutboxEntry, OutboxLine, list_messages, preview_letter
from regie.store.tables import MessageStatus, cycle, traject
from regie.text.phrases import start_with_capital, words_in

Place = tuple[str, int]
"""Short name and cycle."""


@dataclass(frozen=True, slots=True)
class About:
    """One thing that a message is about. ``kind``: in words; ``title``: of the step, empty for the whole cycle."""

    traject: str
    traject_title: str
    cycle: int
    key: str
    title: str
    kind: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message with what it is about, as far as its reader may see that."""

    entry: OutboxEntry
    about: tuple[About, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as people see it now, or why it is not shown: ``secret``, ``confidential`` or ``over``."""

    subject: str = ""
    text: str = ""
    hidden: str = ""


@dataclass(frozen=True, slots=True)
class LinkView:
    """A link with the title of its step."""

    link: Link
    title: str


# --- deliveries --------------------------------------------------------------------------------------


def list_deliveries(
    session: Session,
    shelf: DefinitionShelf,
    language: str,
    *,
    within: Collection[int] | None,
    status: str = "",
    person_name: str = "",
    traject_id: int | None = None,
    before: tuple[datetime, str] | None = None,
    limit: int = 50,
) -> tuple[Delivery, ...]:
    """Give messages, the newest first.

    Args:
        within: the trajects that the reader may see messages of; None for all, also those about none.
    """
    entries = list_messages(
        session,
        status=MessageStatus(status) if status else None,
        traject_id=traject_id,
        within=within,
        person_name=person_name,
        before=before,
        limit=limit,
    )
    return _with_titles(session, shelf, entries, language)


def get_delivery(
    session: Session, shelf: DefinitionShelf, message_id: str, language: str, *, within: Collection[int] | None
) -> Delivery:
    """Give one message.

    Raises:
        NotFound: ``unknown-message``; also when the reader may not see it.
    """
    entries = list_messages(session, message_id=message_id, within=within, limit=1)
    if not entries:
        raise NotFound(f"no message '{message_id[:60]}'", code="unknown-message", message_id=message_id[:60])
    return _with_titles(session, shelf, entries, language)[0]


def show_message(
    session: Session,
    shelf: DefinitionShelf,
    message_id: str,
    now: datetime,
    *,
    within: Collection[int] | None,
    sees_confidential: Callable[[int], bool],
    environment: str = "",
) -> Shown:
    """Write a message as its reader would get it now, without a link that opens anything.

    Args:
        within: of other trajects nothing is shown.
        sees_confidential: whether the reader may see what is confidential in a traject.
    """
    try:
        letter = preview_letter(session, message_id, shelf, now)
    except Refused:  # a code to sign in with is for who gets it
        return Shown(hidden="secret")
    if letter is None:
        return Shown(hidden="over")
    parts = tuple(each for each in letter.parts if within is None or each.traject_id in within)
    if not parts:
        return Shown(hidden="over")
    for part in parts:
        steps = part.definition.steps
        named = [steps.get(line.key.step) for line in part.lines]
        may_be_secret = any(step is not None and step.confidential_until is not None for step in named)
        if (may_be_secret or part.is_hidden) and not sees_confidential(part.traject_id):
            return Shown(hidden="confidential")
    bare = tuple(replace(each, links={}) for each in parts)
    written = render(replace(letter, parts=bare), base_url="", environment=environment)
    return Shown(written.subject, written.text)


def _with_titles(
    session: Session, shelf: DefinitionShelf, entries: Iterable[OutboxEntry], language: str
) -> tuple[Delivery, ...]:
    found = list(entries)
    definitions, titles = _definitions(
        session, shelf, {(line.traject, line.cycle) for each in found for line in each.lines}
    )
    return tuple(
        Delivery(each, tuple(_about(line, definitions, titles, language) for line in each.lines)) for each in found
    )


def _about(
    line: OutboxLine, definitions: Mapping[Place, Definition], titles: Mapping[str, str], language: str
) -> About:
    definition = definitions[line.traject, line.cycle]
    key = OccurrenceKey(StepId(line.step), line.key)
    kind = start_with_capital(_say_kind(line.kind, language))
    title = "" if key == WHOLE_CYCLE else title_of(definition, key, language)
    return About(line.traject, titles[line.traject], line.cycle, "" if key == WHOLE_CYCLE else str(key), title, kind)


def _say_kind(told_as: str, language: str) -> str:
    """``te laat``; of an escalation and the like the rest of the name, which tells two notices apart, is left out."""
    fitting = [
        each for each in Kind if told_as == each.value or told_as.startswith((f"{each.value}-", f"{each.value} "))
    ]
    return words_in(language).kinds[max(fitting, key=lambda each: len(each.value))] if fitting else told_as


def title_of(definition: Definition, key: OccurrenceKey, language: str) -> str:
    """The title of a step, with which copy it is; of a step that the definition no longer has, its id."""
    step = definition.steps.get(key.step)
    title = text_in(step.title, language) if step is not None else str(key.step)
    return f"{title} ({key.key})" if key.key else title


# --- links -------------------------------------------------------------------------------------------


def list_link_views(
    session: Session,
    shelf: DefinitionShelf,
    language: str,
    now: datetime,
    *,
    within: Collection[int] | None,
    person_name: str = "",
    step: str = "",
    traject_id: int | None = None,
    only_live: bool = True,
    before_id: int | None = None,
    limit: int = 50,
) -> tuple[tuple[LinkView, ...], int | None]:
    """Give links, the newest first, and from where the next page goes on; None when there is none."""
    found = list_links(
        session,
        now,
        traject_id=traject_id,
        step=step or None,
        within=within,
        person_name=person_name,
        only_open=only_live,
        before_id=before_id,
        limit=limit + 1,
    )
    more = found[limit - 1].id if len(found) > limit else None
    shown = [each for each in found[:limit] if each.is_live or not only_live]
    definitions, _ = _definitions(session, shelf, {(each.slug, each.cycle) for each in shown})
    views = (LinkView(each, title_of(definitions[each.slug, each.cycle], each.key, language)) for each in shown)
    return tuple(views), more


def get_link_view(session: Session, shelf: DefinitionShelf, link_id: int, language: str, now: datetime) -> LinkView:
    """Give one link.

    Raises:
        NotFound: ``unknown-link``.
    """
    found = get_link(session, link_id, now)
    definitions, _ = _definitions(session, shelf, {(found.slug, found.cycle)})
    return LinkView(found, title_of(definitions[found.slug, found.cycle], found.key, language))


def _definitions(
    session: Session, shelf: DefinitionShelf, places: Collection[Place]
) -> tuple[Mapping[Place, Definition], Mapping[str, str]]:
    if not places:
        return {}, {}
    wanted = (
        select(traject.c.slug, traject.c.title, cycle.c.number, cycle.c.definition_hash)
        .join(traject, traject.c.id == cycle.c.traject_id)
        .where(tuple_(traject.c.slug, cycle.c.number).in_(sorted(places)))
    )
    rows = session.connection().execute(wanted).all()
    return (
        {(row.slug, row.number): shelf.get(row.definition_hash, session) for row in rows},
        {row.slug: row.title for row in rows},
    )
