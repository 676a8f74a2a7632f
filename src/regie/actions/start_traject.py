"""Start a traject: check the answers, make the traject and its first cycle, plan it, tell people."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlmodel import Session

from regie.actions.apply_event import Applied, apply_in
from regie.actions.context import Context
from regie.core.changes import Changes
from regie.core.definition import Definition
from regie.core.engine import advance
from regie.core.events import CycleStarted
from regie.core.ids import AnchorId, ListId, RoleId
from regie.core.opening import open_cycle
from regie.core.traject import Cycle, Item, Person, Traject
from regie.errors import Refused
from regie.plain_text import check_texts
from regie.store.definitions import check_may_start, save_definition
from regie.store.session import in_transaction
from regie.store.trajects import create_cycle, create_traject, find_started

LONGEST_SLUG = 60


@dataclass(frozen=True, slots=True)
class NewTraject:
    """What a project lead fills in. Answers and targets are as typed; they are checked here."""

    title: str
    start_on: date
    answers: Mapping[str, object] = field(default_factory=dict)
    targets: Mapping[str, date] = field(default_factory=dict)
    items: Mapping[ListId, tuple[Item, ...]] = field(default_factory=dict)
    slug: str = ""
    zone: str = "Europe/Amsterdam"
    by: str = "regie"


def start_traject(
    context: Context,
    sources: Mapping[str, str],
    definition: Definition,
    new: NewTraject,
    now: datetime,
    *,
    request_id: str = "",
) -> tuple[int, Applied]:
    """Store the definition, the traject and its first cycle, all or nothing.

    Args:
        request_id: of one press of one button; the same one twice starts one traject.

    Raises:
        Refused: an answer or a target is missing or wrong, all of them are named; ``title-missing``, ``slug-invalid``,
            ``slug-reserved``, ``bad-slug``, ``control-character``, ``definition-not-active``.
        Conflict: ``slug-taken``.
    """
    cycle = _first_cycle(definition, new)
    slug = new.slug or slug_of(new.title)
    event = CycleStarted(by=new.by, cycle=1)

    def work(session: Session) -> tuple[int, Applied]:
        known = find_started(session, slug, request_id) if request_id else None
        if known is not None:
            return known, apply_in(session, context, known, event, now, request_id)
        check_may_start(session, save_definition(session, sources, definition, now))
        traject_id = create_traject(session, slug=slug, title=new.title, zone=new.zone, now=now)
        create_cycle(session, traject_id, cycle, f"first:{traject_id}")
        return traject_id, apply_in(session, context, traject_id, event, now, request_id)

    return in_transaction(context.engine, work)


def preview_start(
    definition: Definition,
    new: NewTraject,
    now: datetime,
    *,
    people: Mapping[RoleId, tuple[Person, ...]] | None = None,
) -> Changes:
    """Plan a traject without a database: what it would look like.

    Args:
        people: who plays which role, to know who would be told.
    """
    cycle = _first_cycle(definition, new)
    traject = Traject(0, new.slug or slug_of(new.title), new.title, (cycle,), people or {}, zone=new.zone)
    return advance(traject, CycleStarted(by=new.by, cycle=1), now)


def _first_cycle(definition: Definition, new: NewTraject) -> Cycle:
    check_texts(new)
    if not new.title.strip():
        raise Refused("a traject needs a name", code="title-missing")
    check_slug(new.slug or slug_of(new.title))
    targets = {AnchorId(anchor): day for anchor, day in new.targets.items()}
    return open_cycle(definition, start_on=new.start_on, answers=new.answers, targets=targets, items=new.items)


RESERVED = frozenset({"nieuw"})
"""Short names that are addresses of pages."""


def check_slug(slug: str) -> str:
    """Return a short name that can stand in an address.

    Raises:
        Refused: ``slug-invalid``, ``slug-reserved``.
    """
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug) or len(slug) > LONGEST_SLUG:
        raise Refused(
            f"'{slug[:LONGEST_SLUG]}' is no short name",
            code="slug-invalid",
            hint="small letters, digits and hyphens",
            slug=slug[:LONGEST_SLUG],
        )
    if slug in RESERVED:
        raise Refused(f"'{slug}' is taken by Regie itself", code="slug-reserved", hint="choose another", slug=slug)
    return slug


def slug_of(title: str) -> str:
    """Make the short name of a traject from its title: ``Opvang De Wilg`` becomes ``opvang-de-wilg``."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_SLUG].strip("-")
    if not slug:
        raise Refused(
            f"cannot make a short name from '{title}'", code="bad-slug", hint="give one with --slug", title=title
        )
    return slug
