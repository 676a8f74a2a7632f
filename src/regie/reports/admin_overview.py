"""What needs the attention of an administrator: roles that nobody plays, people without an address, post that failed."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from sqlmodel import Session

from regie.core.definition import Definition, text_in
from regie.core.ids import PersonId, RoleId
from regie.store.outbox import outbox_counts
from regie.store.people import list_people
from regie.store.portfolio import list_players, list_running_cycles
from regie.store.tables import EVERY_TRAJECT, MessageStatus


@dataclass(frozen=True, slots=True)
class Unfilled:
    """A traject that runs with roles that nobody plays."""

    traject: str
    title: str
    roles: tuple[tuple[RoleId, str], ...]


@dataclass(frozen=True, slots=True)
class Post:
    """How many messages wait for a person to look at them."""

    failed: int = 0
    uncertain: int = 0
    held: int = 0

    def __bool__(self) -> bool:
        return bool(self.failed or self.uncertain or self.held)


def list_unfilled(
    session: Session,
    shelf: Callable[[str, Session], Definition],
    language: str,
    seen: Collection[int] | None = None,
) -> tuple[Unfilled, ...]:
    """Give the running trajects in which partner roles are unfilled; two queries, however many there are.

    Args:
        seen: only these trajects; None for all.
    """
    newest = {each.traject_id: each for each in list_running_cycles(session, None if seen is None else frozenset(seen))}
    players = list_players(session, traject_ids=list(newest))
    found = []
    for each in newest.values():
        definition = shelf(each.definition_hash, session)
        empty = tuple(
            (role, text_in(definition.roles[role].title, language))
            for role in definition.partner_roles()
            if not (players.get((each.traject_id, role)) or players.get((EVERY_TRAJECT, role)))
        )
        if empty:
            found.append(Unfilled(each.slug, each.title, empty))
    return tuple(found)


def list_unreachable(session: Session, seen: Collection[int] | None = None) -> tuple[tuple[PersonId, str], ...]:
    """Give who plays a role and has no e-mail address; with ``seen`` only those of these trajects."""
    return tuple(
        (each.id, each.name)
        for each in list_people(session)
        if not each.email
        and any(seen is None or traject_id == EVERY_TRAJECT or traject_id in seen for _, traject_id in each.roles)
    )


def count_post(session: Session) -> Post:
    counts = outbox_counts(session)
    return Post(
        counts.get(MessageStatus.FAILED, 0), counts.get(MessageStatus.UNCERTAIN, 0), counts.get(MessageStatus.HELD, 0)
    )
