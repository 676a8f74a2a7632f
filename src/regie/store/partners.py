"""The front door to people and roles, and the import of a whole list of partners.

A list is taken as a whole or not at all: every row that is wrong is named, with its number and the reason.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from operator import itemgetter

from sqlmodel import Session

from regie.core.definition import HearsWhen
from regie.core.ids import PersonId, RoleId
from regie.errors import Refused
from regie.failpoints import failpoint
from regie.mailbox import check_email
from regie.plain_text import check_plain
from regie.store.people import (
    Contact,
    bind_role,
    clear_absence,
    erase_person,
    find_person,
    get_person,
    list_people,
    load_people,
    save_person,
    set_absence,
    set_deputy,
    unbind_role,
    unfilled_roles,
)
from regie.store.tables import EVERY_TRAJECT

__all__ = [
    "Contact",
    "ImportReport",
    "RowProblem",
    "bind_role",
    "clear_absence",
    "erase_person",
    "find_person",
    "get_person",
    "import_people",
    "list_people",
    "load_people",
    "save_person",
    "set_absence",
    "set_deputy",
    "unbind_role",
    "unfilled_roles",
]

COLUMNS = ("organisatie", "naam", "e-mail", "rol", "taal", "ritme", "vervanger")
REQUIRED = ("naam", "e-mail", "rol")
RHYTHMS: Mapping[str, HearsWhen] = {
    "direct": HearsWhen.AT_ONCE,
    "dagelijks": HearsWhen.DAILY,
    "wekelijks": HearsWhen.WEEKLY,
    "tweewekelijks": HearsWhen.BIWEEKLY,
    **{each.value: each for each in HearsWhen},
}
LANGUAGES: Mapping[str, str] = {"nl": "nl", "en": "en", "nederlands": "nl", "engels": "en"}


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong with a row. Repeats no name and no address: this ends up in logs."""

    row: int
    column: str
    reason: str

    def __str__(self) -> str:
        return f"row {self.row}, {self.column}: {self.reason}"


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, or with ``dry_run`` would do. With problems nothing was stored.

    Args:
        bound: how many times somebody got a role.
    """

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    bound: int = 0
    problems: tuple[RowProblem, ...] = ()
    is_dry_run: bool = False

    @property
    def is_stored(self) -> bool:
        return not self.problems and not self.is_dry_run


@dataclass(slots=True)
class _Partner:
    """One person, gathered from all rows with the same address."""

    row: int
    name: str
    email: str
    organisation: str = ""
    language: str = ""
    hears: HearsWhen | None = None
    deputy: str = ""
    roles: dict[RoleId, int] = field(default_factory=dict)
    """Each with the row that gave it: the order of the list is the order of preference."""


def import_people(
    session: Session,
    rows: Iterable[Mapping[str, str | None]],
    *,
    dry_run: bool = False,
    traject_id: int = EVERY_TRAJECT,
    roles: Collection[RoleId] | None = None,
    first_row: int = 1,
) -> ImportReport:
    """Store people and their roles: new ones are added, known ones (by address) brought up to date.

    Nobody loses a role by it. What a known person has and the list leaves empty stays as it is. Somebody may stand
    in several rows, and a row may name several roles, with a comma or semicolon between them.

    Args:
        rows: per row the value of each of ``COLUMNS``; ``vervanger`` is an address.
        traject_id: where they play these roles; 0 for every traject.
        roles: the roles that there are; None when that is not known.
        first_row: number of the first row, as the reader of the report counts.
    """
    partners, problems = _gather(rows, roles, first_row)
    for each in partners.values():
        if each.deputy and each.deputy.lower() not in partners and find_person(session, each.deputy) is None:
            problems.append(RowProblem(each.row, "vervanger", "there is nobody with this address"))
        if each.deputy.lower() == each.email.lower() and each.deputy:
            problems.append(RowProblem(each.row, "vervanger", "nobody is their own deputy"))
    if problems:
        return ImportReport(problems=tuple(sorted(problems, key=lambda each: each.row)), is_dry_run=dry_run)
    # stored and thrown away: a rehearsal that takes another road proves nothing
    savepoint = session.connection().begin_nested()
    report = _store(session, list(partners.values()), traject_id, dry_run)
    if dry_run:
        savepoint.rollback()
    else:
        savepoint.commit()
    return report


def _gather(
    rows: Iterable[Mapping[str, str | None]], roles: Collection[RoleId] | None, first_row: int
) -> tuple[dict[str, _Partner], list[RowProblem]]:
    partners: dict[str, _Partner] = {}
    problems: list[RowProblem] = []
    for number, raw in enumerate(rows, start=first_row):
        row = {str(name).strip().lower(): " ".join((value or "").split()) for name, value in raw.items()}
        if "email" in row:
            row.setdefault("e-mail", row.pop("email"))
        found = [*_check_texts(number, raw), *_check_columns(number, row)]
        if not found:
            found = _take(number, row, partners, roles)
        problems += found
    return partners, problems


def _check_texts(number: int, raw: Mapping[str, str | None]) -> Iterable[RowProblem]:
    """Asked of what stands in the list: taken for white space, some of these would vanish."""
    for name, value in raw.items():
        try:
            check_plain(value or "", str(name), is_long=True)
        except Refused as error:
            yield RowProblem(number, str(name)[:40], f"{error} [{error.code}]")


def _check_columns(number: int, row: Mapping[str, str]) -> Iterable[RowProblem]:
    for name in row:
        if name not in COLUMNS:
            yield RowProblem(number, name[:40] or "?", f"there is no such column; there are: {', '.join(COLUMNS)}")
    for name in REQUIRED:
        if not row.get(name):
            yield RowProblem(number, name, "is missing")


def _take(
    number: int, row: Mapping[str, str], partners: dict[str, _Partner], roles: Collection[RoleId] | None
) -> list[RowProblem]:
    """Add a row to what is known of its person; give what is wrong with it."""
    problems: list[RowProblem] = []
    for column in ("e-mail", "vervanger"):
        try:
            check_email(row.get(column) or "niemand@example.nl")
        except Refused as error:
            problems.append(RowProblem(number, column, str(error)))
    language, hears = row.get("taal", "").lower(), row.get("ritme", "").lower()
    if language and language not in LANGUAGES:
        problems.append(RowProblem(number, "taal", f"'{language[:20]}' is not one of {', '.join(LANGUAGES)}"))
    if hears and hears not in RHYTHMS:
        problems.append(RowProblem(number, "ritme", f"'{hears[:20]}' is not one of {', '.join(RHYTHMS)}"))
    named = [RoleId(part.strip()) for part in row["rol"].replace(";", ",").split(",") if part.strip()]
    problems += [RowProblem(number, "rol", reason) for role in named if (reason := _unknown(role, roles))]
    if problems:
        return problems
    partner = partners.setdefault(row["e-mail"].lower(), _Partner(number, row["naam"], row["e-mail"]))
    news = {
        "naam": (partner.name, row["naam"]),
        "organisatie": (partner.organisation, row.get("organisatie", "")),
        "taal": (partner.language, LANGUAGES.get(language, "")),
        "ritme": (partner.hears, RHYTHMS.get(hears)),
        "vervanger": (partner.deputy, row.get("vervanger", "")),
    }
    for column, (known, new) in news.items():
        if known and new and known != new:
            problems.append(RowProblem(number, column, f"differs from row {partner.row}, with the same address"))
    partner.organisation = partner.organisation or row.get("organisatie", "")
    partner.language = partner.language or LANGUAGES.get(language, "")
    partner.hears = partner.hears or RHYTHMS.get(hears)
    partner.deputy = partner.deputy or row.get("vervanger", "")
    for role in named:
        partner.roles.setdefault(role, number)
    return problems


def _unknown(role: RoleId, roles: Collection[RoleId] | None) -> str:
    if roles is None or role in roles:
        return ""
    close = get_close_matches(role, roles, n=1)
    return f"there is no role '{role[:40]}'" + (f"; did you mean '{close[0]}'?" if close else "")


def _store(session: Session, partners: Sequence[_Partner], traject_id: int, dry_run: bool) -> ImportReport:
    before: dict[PersonId, Contact] = {}
    ids: dict[str, PersonId] = {}
    for each in partners:
        known = find_person(session, each.email)
        old = get_person(session, known) if known else Contact(PersonId(""), "", "")
        if known:
            before[known] = old
        ids[each.email.lower()] = save_person(
            session,
            person_id=known,
            name=each.name,
            email=each.email,
            language=each.language or old.language,
            hears=each.hears or old.hears,
            organisation=each.organisation or old.organisation,
            deputy=old.deputy,
        )
        failpoint("import.mid")
    for each in partners:
        deputy = ids.get(each.deputy.lower()) or find_person(session, each.deputy)
        if each.deputy and deputy:
            set_deputy(session, ids[each.email.lower()], deputy)
    wanted = sorted(
        ((row, role, ids[each.email.lower()]) for each in partners for role, row in each.roles.items()),
        key=itemgetter(0),
    )
    bound = sum(bind_role(session, role, own, traject_id) for _, role, own in wanted)
    changed = sum(replace(get_person(session, own), roles=old.roles) != old for own, old in before.items())
    added = len(partners) - len(before)
    return ImportReport(added, changed, len(before) - changed, bound, is_dry_run=dry_run)
