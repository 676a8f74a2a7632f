"""People and roles as administrators see them: who plays what, who is away, which steps somebody holds; and as CSV."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from regie.core.definition import Definition, HearsWhen, text_in
from regie.core.ids import PersonId, RoleId
from regie.core.traject import State
from regie.reports.csv_table import csv_bytes
from regie.store.definitions import list_definitions
from regie.store.mentions import find_mentions
from regie.store.partners import COLUMNS
from regie.store.people import Contact, get_person, list_people
from regie.store.person_steps import list_person_steps
from regie.store.portfolio import RunningCycle, list_running_cycles
from regie.store.tables import EVERY_TRAJECT, DefinitionStatus
from regie.text.phrases import STATES

Shelf = Callable[[str, Session], Definition]
Seen = Collection[int] | None
"""The ids of the trajects that may be seen; None for all."""

_RHYTHMS: Mapping[HearsWhen | None, str] = {
    None: "",
    HearsWhen.AT_ONCE: "direct",
    HearsWhen.DAILY: "dagelijks",
    HearsWhen.WEEKLY: "wekelijks",
    HearsWhen.BIWEEKLY: "tweewekelijks",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where roles are played: a traject that runs, or with ``slug`` empty every one."""

    id: int
    slug: str
    title: str
    roles: Mapping[RoleId, str]
    """Each with its title, in the order of the definition."""


@dataclass(frozen=True, slots=True)
class PlayedRole:
    id: RoleId
    title: str
    place: str
    """Title of the traject; empty for every traject."""
    slug: str


@dataclass(frozen=True, slots=True)
class PartnerRow:
    """Somebody in the list."""

    contact: Contact
    deputy: str
    roles: tuple[PlayedRole, ...]
    is_away: bool


@dataclass(frozen=True, slots=True)
class HeldStep:
    """An open step that is somebody's."""

    title: str
    key: str
    traject: str
    slug: str
    cycle: int
    state: str
    due_on: date | None
    is_late: bool


@dataclass(frozen=True, slots=True)
class Player:
    """Somebody who plays a role, in the traject itself or everywhere."""

    id: PersonId
    name: str
    organisation: str
    has_address: bool
    is_everywhere: bool
    away_until: date | None
    deputy: str


@dataclass(frozen=True, slots=True)
class RoleRow:
    """A role in a place. ``players``: who plays it there now; those bound in a traject stand in the place of the others."""

    id: RoleId
    title: str
    players: tuple[Player, ...]
    instead_of: tuple[Player, ...] = ()
    """Who plays it everywhere else, when the traject has its own."""


def list_places(session: Session, shelf: Shelf, language: str, seen: Seen = None) -> tuple[Place, ...]:
    """Give every traject that runs and first, when all may be seen, the whole of Regie."""
    newest = {each.traject_id: each for each in list_running_cycles(session, seen)}
    places = [
        Place(each.traject_id, each.slug, each.title, _roles_of(shelf(each.definition_hash, session), language))
        for each in newest.values()
    ]
    if seen is not None:
        return tuple(places)
    known: dict[RoleId, str] = {}
    for place in places:
        known |= {role: title for role, title in place.roles.items() if role not in known}
    if not known:
        active = [each for each in list_definitions(session) if each.status is DefinitionStatus.ACTIVE]
        for each in active:
            known |= _roles_of(shelf(each.content_hash, session), language)
    return (Place(EVERY_TRAJECT, "", "", known), *places)


def _roles_of(definition: Definition, language: str) -> dict[RoleId, str]:
    return {role: text_in(definition.roles[role].title, language) for role in definition.partner_roles()}


def list_partners(
    session: Session,
    shelf: Shelf,
    language: str,
    today: date,
    *,
    seen: Seen = None,
    search: str = "",
    without_address: bool = False,
) -> tuple[PartnerRow, ...]:
    """Give people by name, each with their roles; as many queries for one as for thousands.

    Args:
        seen: only who plays a role in these trajects, or everywhere.
        search: words that all stand in name, organisation, address or role.
    """
    people = list_people(session)
    running = list_running_cycles(session, seen)
    titles = _titles(session, shelf, language, running)
    places = {each.traject_id: (each.title, each.slug) for each in running}
    names = {each.id: each.name for each in people}
    rows = [
        PartnerRow(
            each,
            names.get(each.deputy, "") if each.deputy else "",
            tuple(
                PlayedRole(role, titles.get(role, role), *places.get(traject_id, ("", "")))
                for role, traject_id in each.roles
                if traject_id == EVERY_TRAJECT or traject_id in places
            ),
            any(away.begins_on <= today <= away.ends_on for away in each.away),
        )
        for each in people
    ]
    words = search.casefold().split()
    return tuple(
        row
        for row in rows
        if (seen is None or row.roles)
        and not (without_address and row.contact.email)
        and all(word in _words_of(row) for word in words)
    )


def _titles(session: Session, shelf: Shelf, language: str, running: Sequence[RunningCycle]) -> dict[RoleId, str]:
    titles: dict[RoleId, str] = {}
    for content_hash in sorted({each.definition_hash for each in running}):
        titles |= _roles_of(shelf(content_hash, session), language)
    return titles


def _words_of(row: PartnerRow) -> str:
    contact = row.contact
    roles = [word for role in row.roles for word in (role.id, role.title)]
    return " ".join([contact.name, contact.organisation, contact.email, *roles]).casefold()


def list_held_steps(
    session: Session, shelf: Shelf, person_id: PersonId, today: date, language: str, seen: Seen = None
) -> tuple[HeldStep, ...]:
    """Give the open steps of somebody, the earliest due first.

    Raises:
        NotFound: ``unknown-person``.
    """
    get_person(session, person_id)
    found = []
    for each in list_person_steps(session, [person_id], date.max):
        if not each.state.is_open or (seen is not None and each.traject_id not in seen):
            continue
        step = shelf(each.definition_hash, session).steps.get(each.key.step)
        title = text_in(step.title, language) if step else str(each.key.step)
        found.append(
            HeldStep(
                f"{title} ({each.key.key})" if each.key.key else title,
                str(each.key),
                each.traject_title,
                each.traject,
                each.cycle,
                STATES[language][State(each.state)],
                each.due_on,
                each.due_on is not None and each.due_on < today,
            )
        )
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Farewell:
    """What goes with somebody who is erased.

    Args:
        steps: that are theirs now.
        alone: roles that only they play in a place.
        stands_in_for: names of those whom they deputise.
        lines, files: how many lines of the history and names of files name them, and lose their words.
    """

    contact: Contact
    steps: tuple[HeldStep, ...]
    alone: tuple[PlayedRole, ...]
    stands_in_for: tuple[str, ...]
    lines: int
    files: int


def make_farewell(session: Session, shelf: Shelf, person_id: PersonId, today: date, language: str) -> Farewell:
    """Say what goes with somebody, before they are erased.

    Raises:
        NotFound: ``unknown-person``.
    """
    contact = get_person(session, person_id)
    everybody = list_partners(session, shelf, language, today)
    others = {role for each in everybody if each.contact.id != person_id for role in each.roles}
    own = next(each for each in everybody if each.contact.id == person_id)
    named = find_mentions(session, contact.name, contact.email)
    return Farewell(
        contact,
        list_held_steps(session, shelf, person_id, today, language),
        tuple(role for role in own.roles if role not in others),
        tuple(each.contact.full_name for each in everybody if each.contact.deputy == person_id),
        len(named.lines),
        len(named.files),
    )


def list_roles(session: Session, place: Place, today: date) -> tuple[RoleRow, ...]:
    """Give each role of a place with who plays it; a few queries, however many."""
    people = list_people(session)
    names = {each.id: each.name for each in people}
    bound: dict[tuple[RoleId, int], list[Player]] = {}
    for each in people:
        away = next((gone for gone in each.away if gone.begins_on <= today <= gone.ends_on), None)
        for role, traject_id in each.roles:
            player = Player(
                each.id,
                each.name,
                each.organisation,
                bool(each.email),
                traject_id == EVERY_TRAJECT,
                away.ends_on if away else None,
                names.get(each.deputy, "") if each.deputy else "",
            )
            bound.setdefault((role, traject_id), []).append(player)
    rows = []
    for role, title in place.roles.items():
        everywhere = tuple(bound.get((role, EVERY_TRAJECT), ()))
        own = tuple(bound.get((role, place.id), ())) if place.id != EVERY_TRAJECT else ()
        rows.append(RoleRow(role, title, own or everywhere, everywhere if own else ()))
    return tuple(rows)


# --- CSV -----------------------------------------------------------------------------------------------


def people_csv(people: Sequence[Contact], traject_id: int = EVERY_TRAJECT) -> bytes:
    """Write people as the list that can be imported again, with semicolons as Dutch spreadsheets want them.

    Args:
        traject_id: whose roles; 0 for those of every traject.
    """
    addresses = {each.id: each.email for each in people}

    def cells(each: Contact) -> tuple[str, ...]:
        roles = ", ".join(role for role, bound_in in each.roles if bound_in == traject_id)
        deputy = addresses.get(each.deputy, "") if each.deputy else ""
        return each.organisation, each.name, each.email, roles, each.language, _RHYTHMS[each.hears], deputy

    return csv_bytes(COLUMNS, map(cells, people))


def example_csv(roles: Sequence[RoleId]) -> bytes:
    """Give a list to start from: the columns, and two rows that can be imported as they are."""
    first, second = (*roles, "projectleider", "projectleider")[:2]
    second_id, first_id = PersonId("p2"), PersonId("p1")
    organisation = "GGD Voorbeeldregio"
    return people_csv([
        Contact(
            second_id, "Bram Bos", "b.bos@ggd.example", hears=HearsWhen.WEEKLY, organisation=organisation,
            roles=((RoleId(second), EVERY_TRAJECT),),
        ),
        Contact(
            first_id, "Anna Berg", "a.berg@ggd.example", deputy=second_id, organisation=organisation,
            roles=((RoleId(first), EVERY_TRAJECT),),
        ),
    ])  # fmt: skip
