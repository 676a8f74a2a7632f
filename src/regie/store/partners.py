"""The front door to people and roles, and the import of a whole list of partners.

A list is taken as a whole or not at all: every row that is wrong is named, with its number and the reason.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from difflib import get_close_matches
from operator import itemgetter

from sqlmodel import Session

from regie.core.definition import HearsWhen
from regie.core.ids import PersonId, RoleId
from regie.errors import NotFound, Refused, RegieError
from regie.failpoints import failpoint
from regie.mailbox import check_email
from regie.plain_text import check_plain
from regie.store.locks import Lock, take_lock
from regie.store.people import (
    Contact,
    bind_role,
    clear_absence,
    erase_person,
    find_person,
    get_person,
    list_people,
    load_others,
    load_people,
    save_person,
    set_absence,
    set_deputy,
    tell_new_player,
    unbind_role,
    unfilled_roles,
)
from regie.store.tables import EVERY_TRAJECT

__all__ = [
    "Contact",
    "ImportReport",
    "ImportedPerson",
    "RowProblem",
    "bind_role",
    "clear_absence",
    "erase_person",
    "find_person",
    "get_person",
    "import_people",
    "list_people",
    "load_others",
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
    error: RegieError

    @property
    def reason(self) -> str:
        return f"{self.error} [{self.error.code}]"

    def __str__(self) -> str:
        return f"row {self.row}, {self.column}: {self.reason}"


@dataclass(frozen=True, slots=True)
class ImportedPerson:
    """What an import made of one person; ``before`` is absent of who is new, ``rows`` are those that named them."""

    rows: tuple[int, ...]
    before: Contact | None
    after: Contact


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, or with ``dry_run`` would do. With problems nothing was stored.

    Args:
        bound: how many times somebody got a role.
        people: each person of the list, in its order.
    """

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    bound: int = 0
    problems: tuple[RowProblem, ...] = ()
    is_dry_run: bool = False
    people: tuple[ImportedPerson, ...] = field(default=(), compare=False)

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
    rows: list[int] = field(default_factory=list)


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
    in several rows, and a row may name several roles, with a comma or semicolon between them. A row with nothing in it
    counts for the number of the next one, and for nothing else.

    Args:
        rows: per row the value of each of ``COLUMNS``; ``vervanger`` is an address. Under no name at all stands what
            had no column.
        traject_id: where they play these roles; 0 for every traject.
        roles: the roles that there are; None when that is not known.
        first_row: number of the first row, as the reader of the report counts.
    """
    partners, problems = _gather(rows, roles, first_row)
    for each in partners.values():
        if each.deputy and each.deputy.lower() not in partners and find_person(session, each.deputy) is None:
            problems.append(
                RowProblem(each.row, "vervanger", Refused("there is nobody with this address", code="deputy-unknown"))
            )
        if each.deputy.lower() == each.email.lower() and each.deputy:
            problems.append(RowProblem(each.row, "vervanger", Refused("nobody is their own deputy", code="own-deputy")))
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
    numbered = [(number, raw) for number, raw in enumerate(rows, start=first_row) if any(map(_said, raw.values()))]
    partners: dict[str, _Partner] = {}
    problems = _check_columns([(number, [_name(each) for each in raw]) for number, raw in numbered], first_row)
    absent = {each.column for each in problems}
    for number, raw in numbered:
        row = {_name(name): _said(value) for name, value in raw.items()}
        found = [*_check_texts(number, raw), *_check_cells(number, row, absent)]
        problems += [*found, *_take(number, row, partners, roles, is_whole=not (found or absent))]
    return partners, problems


def _name(column: object) -> str:
    name = str(column).strip().lower()
    return "e-mail" if name == "email" else name


def _said(value: str | None) -> str:
    return " ".join((value or "").split())


def _check_columns(rows: Sequence[tuple[int, Collection[str]]], first_row: int) -> list[RowProblem]:
    """Tell once what is wrong with the columns themselves, where it first shows: in the row of names when there is one."""
    problems: list[RowProblem] = []
    for name in {name: None for _, names in rows for name in names if name and name not in COLUMNS}:
        having = [number for number, names in rows if name in names]
        close = get_close_matches(name, COLUMNS, n=1)
        error = Refused(
            f"there is no such column; there are: {', '.join(COLUMNS)}",
            code="column-unknown",
            hint=f"did you mean '{close[0]}'?" if close else "",
            close=close,
            options=COLUMNS,
        )
        in_header = len(having) == len(rows) and first_row > 1
        problems.append(RowProblem(first_row - 1 if in_header else having[0], name[:40], error))
    for name in REQUIRED if rows else ():
        if not any(name in names for _, names in rows):
            error = Refused("this column is not there", code="column-missing")
            problems.append(RowProblem(max(first_row - 1, 1), name, error))
    return problems


def _check_texts(number: int, raw: Mapping[str, str | None]) -> Iterable[RowProblem]:
    """Asked of what stands in the list: taken for white space, some of these would vanish."""
    for name, value in raw.items():
        try:
            check_plain(value or "", str(name), is_long=True)
        except Refused as error:
            yield RowProblem(number, str(name)[:40], error)


def _check_cells(number: int, row: Mapping[str, str], absent: Collection[str]) -> Iterable[RowProblem]:
    if row.get(""):
        yield RowProblem(number, "?", Refused("there is a value under no column", code="cells-too-many"))
    for name in REQUIRED:
        if not row.get(name) and name not in absent:
            yield RowProblem(number, name, Refused("is missing", code="cell-missing"))


def _take(
    number: int,
    row: Mapping[str, str],
    partners: dict[str, _Partner],
    roles: Collection[RoleId] | None,
    *,
    is_whole: bool,
) -> list[RowProblem]:
    """Add a row to what is known of its person, unless something was wrong with it; give what else is."""
    problems: list[RowProblem] = []
    for column in ("e-mail", "vervanger"):
        try:
            check_email(row.get(column) or "niemand@example.nl")
        except Refused as error:
            problems.append(RowProblem(number, column, error))
    language, hears = row.get("taal", "").lower(), row.get("ritme", "").lower()
    for column, value, options in (("taal", language, LANGUAGES), ("ritme", hears, RHYTHMS)):
        if value and value not in options:
            problems.append(RowProblem(number, column, _not_one_of(value, list(options))))
    named = [RoleId(part.strip()) for part in row.get("rol", "").replace(";", ",").split(",") if part.strip()]
    problems += [
        RowProblem(number, "rol", _unknown_role(role, roles))
        for role in named
        if roles is not None and role not in roles
    ]
    if problems or not is_whole:
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
            said = f"differs from row {partner.row}, with the same address"
            problems.append(RowProblem(number, column, Refused(said, code="rows-differ", row=partner.row)))
    partner.organisation = partner.organisation or row.get("organisatie", "")
    partner.language = partner.language or LANGUAGES.get(language, "")
    partner.hears = partner.hears or RHYTHMS.get(hears)
    partner.deputy = partner.deputy or row.get("vervanger", "")
    partner.rows.append(number)
    for role in named:
        partner.roles.setdefault(role, number)
    return problems


def _not_one_of(value: str, options: Sequence[str]) -> Refused:
    said = f"'{value[:20]}' is not one of {', '.join(options)}"
    return Refused(said, code="cell-not-in-list", value=value[:20], options=options)


def _unknown_role(role: RoleId, roles: Collection[RoleId]) -> NotFound:
    close = get_close_matches(role, roles, n=1)
    return NotFound(
        f"there is no role '{role[:40]}'",
        code="unknown-role",
        hint=f"did you mean '{close[0]}'?" if close else "",
        role=role[:40],
        close=close,
    )


def tell_new_players(session: Session, report: ImportReport, now: datetime) -> None:
    """Have everybody who plays a role since an import hear what was asked before they came."""
    for each in report.people:
        if set(each.after.roles) - set(each.before.roles if each.before else ()):
            tell_new_player(session, each.after.id, now)


def _store(session: Session, partners: Sequence[_Partner], traject_id: int, dry_run: bool) -> ImportReport:
    take_lock(session, Lock.PEOPLE)
    known = {each.email.lower(): each for each in list_people(session) if each.email}
    ids: dict[str, PersonId] = {}
    for each in partners:
        found = known.get(each.email.lower())
        old = found or Contact(PersonId(""), "", "")
        ids[each.email.lower()] = save_person(
            session,
            person_id=found.id if found else None,
            name=each.name,
            email=each.email,
            language=each.language or old.language,
            hears=each.hears or old.hears,
            organisation=each.organisation or old.organisation,
            deputy=old.deputy,
        )
        failpoint("import.mid")
    for each in partners:
        deputy = ids.get(each.deputy.lower()) or (found.id if (found := known.get(each.deputy.lower())) else None)
        if each.deputy and deputy:
            set_deputy(session, ids[each.email.lower()], deputy)
    wanted = sorted(
        ((row, role, ids[each.email.lower()]) for each in partners for role, row in each.roles.items()),
        key=itemgetter(0),
    )
    bound = sum(bind_role(session, role, own, traject_id) for _, role, own in wanted)
    now = {each.id: each for each in list_people(session)}
    people = tuple(
        ImportedPerson(tuple(each.rows), known.get(each.email.lower()), now[ids[each.email.lower()]])
        for each in partners
    )
    olds = [(each.before, each.after) for each in people if each.before is not None]
    changed = sum(replace(after, roles=old.roles) != old for old, after in olds)
    return ImportReport(len(people) - len(olds), changed, len(olds) - changed, bound, is_dry_run=dry_run, people=people)
