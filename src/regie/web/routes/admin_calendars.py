"""The days that plans count with: by year, a question about one day, and a road to change them by a new version."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from regie.actions.keep_definitions import keep_draft
from regie.core.calendar import NamedPeriod
from regie.core.definition import Definition, text_in
from regie.core.ids import BodyId
from regie.core.meetings import Recess, YearlyPeriod
from regie.core.permissions import Actor, Permission
from regie.core.span import Span
from regie.definitions import check_sources
from regie.definitions.day_changes import DECREE_DAY, BodyDays, OwnDays, read_days, write_days
from regie.definitions.findings import Finding
from regie.errors import Conflict, RegieError
from regie.reports.calendar_year import (
    FIRST_YEAR,
    LAST_YEAR,
    MOST_DAYS,
    DayAnswer,
    known_through,
    look_at_day,
    make_year,
)
from regie.reports.definition_view import show_source
from regie.reports.kept_definitions import Kept, get_kept, list_calendars
from regie.text.refusals import say_refusal
from regie.web.deps import ContextNow, Now, PagesNow, Reading, Today, needs
from regie.web.language import N_
from regie.web.pages import FormError, Pages, read_day, refusal_words

router = APIRouter()

HERE = "/beheer/kalenders"
_LONGEST = 20_000
_LONGEST_REASON = 200
_YEARLY = re.compile(r"(\d\d)-(\d\d)")
_WORDS = {
    "day": N_("Schrijf elke dag op een eigen regel, zoals: 2027-12-24 Kerstavond. Dit klopt niet: %(line)s"),
    "date": N_("Schrijf elke dag op een eigen regel, zoals: 2027-05-31. Dit klopt niet: %(line)s"),
    "recess": N_(
        "Schrijf elk reces op een eigen regel, zoals: 2027-07-10 2027-08-22 zomerreces, of ieder jaar: 07-10 08-22 zomerreces. "
        "Dit klopt niet: %(line)s"
    ),
    "year": N_("Schrijf een jaar, zoals 2029."),
    "weeks": N_("Schrijf om de hoeveel weken het vergadert: 0 tot en met 99."),
    "first": N_("Kies de eerste vergadering: een dag van maandag tot en met vrijdag."),
    "papers": N_("Schrijf de aanlevertermijn met een eenheid, zoals 5wd of 10d."),
    "version": N_("Geef de nieuwe versie een naam van hoogstens 40 tekens."),
    "same": N_("Er is niets veranderd aan de dagen."),
    "wrong": N_("Zo klopt het stappenplan niet meer. Er is niets bewaard; hieronder staat waarom."),
    "question-day": N_("Kies een dag tussen 1990 en 2200."),
    "count": N_("Schrijf een heel getal, van -5000 tot en met 5000."),
}

Manager = Annotated[Actor, needs(Permission.MANAGE_CALENDARS)]


@dataclass(frozen=True, slots=True)
class BodyTyped:
    """What was typed for one body."""

    id: str
    title: str
    weeks: str
    first: str
    dates: str
    papers: str
    recess: str


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed in the whole form."""

    version: str
    closed: str
    worked: str
    decreed: str
    known: str
    bodies: tuple[BodyTyped, ...] = field(default=())


@router.get(HERE)
def show_calendars(
    request: Request, actor: Manager, pages: PagesNow, context: ContextNow, session: Reading
) -> Response:
    """The versions whose days count: those that run, are active or are a draft."""
    return pages.render(request, "admin/calendars.html", rows=list_calendars(session, context.shelf))


@router.get(f"{HERE}/{{content_hash}}")
def show_calendar(
    request: Request,
    content_hash: str,
    actor: Manager,
    pages: PagesNow,
    context: ContextNow,
    session: Reading,
    today: Today,
    jaar: Annotated[str, Query(max_length=10)] = "",
    dag: Annotated[str, Query(max_length=20)] = "",
    van: Annotated[str, Query(max_length=20)] = "",
    aantal: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """The days of one year, and answers to questions about a day."""
    kept, definition = _read(session, context, content_hash)
    language = pages.language(request)
    year = int(jaar) if jaar.isascii() and jaar.isdigit() else today.year
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise HTTPException(404)
    errors: list[FormError] = []
    answer: DayAnswer | None = None
    counted: tuple[date, int, date] | None = None
    if dag and (day := _question(dag, "dag", errors, pages, request)):
        answer = look_at_day(definition, day, language)
    if (van or aantal) and (first := _question(van, "van", errors, pages, request)):
        number = _number(aantal, -MOST_DAYS, MOST_DAYS)
        if number is None:
            errors.append(FormError("aantal", pages.words(request, _WORDS["count"])))
        else:
            try:
                counted = (first, number, definition.calendar.add_working_days(first, number))
            except RegieError as error:
                errors.append(FormError("aantal", say_refusal(error, language).message))
    return pages.render(
        request,
        "admin/calendar.html",
        status=422 if errors else 200,
        kept=kept,
        definition=definition,
        bodies=[text_in(each.title, language) for each in definition.bodies.values()],
        year=year,
        first_year=FIRST_YEAR,
        last_year=LAST_YEAR,
        months=make_year(definition, year, language),
        known=known_through(definition),
        asked={"dag": dag, "van": van, "aantal": aantal},
        answer=answer,
        counted=counted,
        errors=errors,
    )


@router.get(f"{HERE}/{{content_hash}}/dagen")
def show_change(
    request: Request, content_hash: str, actor: Manager, pages: PagesNow, context: ContextNow, session: Reading
) -> Response:
    """A form with the days that this version says itself."""
    kept, definition = _read(session, context, content_hash)
    days = read_days(kept.sources)
    return _form(
        request, pages, kept, definition, _typed(days, definition, _next_version(kept), pages.language(request))
    )


@router.post(f"{HERE}/{{content_hash}}/dagen")
def save_change(
    request: Request,
    content_hash: str,
    actor: Manager,
    pages: PagesNow,
    context: ContextNow,
    session: Reading,
    now: Now,
    today: Today,
    versie: Annotated[str, Form(max_length=200)] = "",
    gesloten: Annotated[str, Form(max_length=_LONGEST)] = "",
    gewerkt: Annotated[str, Form(max_length=_LONGEST)] = "",
    gelijkgesteld: Annotated[str, Form(max_length=_LONGEST)] = "",
    bekend: Annotated[str, Form(max_length=20)] = "",
    orgaan: Annotated[list[str] | None, Form()] = None,
    weken: Annotated[list[str] | None, Form()] = None,
    eerste: Annotated[list[str] | None, Form()] = None,
    los: Annotated[list[str] | None, Form()] = None,
    stukken: Annotated[list[str] | None, Form()] = None,
    reces: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Make a draft with these days; what it would do to running trajects is on its own page."""
    kept, definition = _read(session, context, content_hash)
    columns = [each or [] for each in (orgaan, weken, eerste, los, stukken, reces)]
    if len({len(each) for each in columns}) != 1 or any(len(text) > _LONGEST for each in columns for text in each):
        raise HTTPException(400)
    names = {str(body.id): text_in(body.title, pages.language(request)) for body in definition.bodies.values()}
    bodies = tuple(BodyTyped(id_, names[id_], *rest) for id_, *rest in zip(*columns, strict=True) if id_ in names)
    typed = Typed(versie.strip(), gesloten, gewerkt, gelijkgesteld, bekend.strip(), bodies)
    before = read_days(kept.sources)
    reader = _Reader(pages, request)
    days = reader.read(typed, before)
    if not reader.errors and days == before:
        reader.fail("gesloten", "same")
    if reader.errors:
        return _form(request, pages, kept, definition, typed, errors=reader.errors)
    known = definition.legal_calendar.confirmed_years
    texts = write_days(kept.sources, days, typed.version, min(known or {today.year}, default=today.year))
    result = check_sources(texts)
    if result.definition is None:
        reader.fail("versie", "wrong")
        return _form(
            request, pages, kept, definition, typed, errors=reader.errors, findings=result.findings, texts=result.texts
        )
    try:
        new = keep_draft(context, actor, result.sources, result.definition, now, right=Permission.MANAGE_CALENDARS)
    except Conflict as error:
        errors = [FormError("versie", refusal_words(error, pages, request))]
        return _form(request, pages, kept, definition, typed, errors=errors, status=409)
    return RedirectResponse(f"/beheer/stappenplannen/{new}?gedaan=concept", 303)


# --- reading what was typed --------------------------------------------------------------------------


class _Reader:
    """Turns a form into days; ``errors`` gathers all that cannot be read."""

    def __init__(self, pages: Pages, request: Request) -> None:
        self.errors: list[FormError] = []
        self._pages, self._request = pages, request

    def fail(self, field_: str, what: str, line: str = "") -> None:
        said = self._pages.words(self._request, _WORDS[what])
        self.errors.append(FormError(field_, said % {"line": line[:60]} if line else said))

    def read(self, typed: Typed, before: OwnDays) -> OwnDays:
        if not 1 <= len(typed.version) <= 40 or not typed.version.isprintable():
            self.fail("versie", "version")
        known = _number(typed.known, FIRST_YEAR, LAST_YEAR) if typed.known else before.confirmed_through
        if typed.known and known is None:
            self.fail("bekend", "year")
        return OwnDays(
            self._days("gesloten", typed.closed),
            self._days("gewerkt", typed.worked),
            self._days("gelijkgesteld", typed.decreed, DECREE_DAY),
            known,
            {**before.bodies, **{each.id: self._body(each) for each in typed.bodies}},
        )

    def _days(self, field_: str, text: str, default: str = "") -> dict[date, str]:
        found: dict[date, str] = {}
        for line in _lines(text):
            day, _, name = line.partition(" ")
            read, name = _day(day), name.strip() or default
            if read is None or not name or len(name) > _LONGEST_REASON or not name.isprintable():
                self.fail(field_, "day", line)
            else:
                found[read] = name
        return found

    def _body(self, typed: BodyTyped) -> BodyDays:
        weeks, first = _number(typed.weeks or "0", 0, 99), _day(typed.first) if typed.first else None
        if weeks is None:
            self.fail(f"weken-{typed.id}", "weeks")
        if weeks and (first is None or first.weekday() > 4):
            self.fail(f"eerste-{typed.id}", "first")
        dates = [(line, _day(line)) for line in _lines(typed.dates)]
        for line, day in dates:
            if day is None:
                self.fail(f"los-{typed.id}", "date", line)
        papers = typed.papers.strip() or "0wd"
        try:
            if Span.parse(papers).amount < 0:
                self.fail(f"stukken-{typed.id}", "papers")
        except RegieError:
            self.fail(f"stukken-{typed.id}", "papers")
        recess = [(line, _recess(line)) for line in _lines(typed.recess)]
        for line, period in recess:
            if period is None:
                self.fail(f"reces-{typed.id}", "recess", line)
        return BodyDays(
            weeks or 0,
            first if weeks else None,
            tuple(sorted({day for _, day in dates if day is not None})),
            papers,
            tuple(period for _, period in recess if period is not None),
        )


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _day(text: str) -> date | None:
    found = read_day(text) if len(text.strip()) == len("2027-01-01") else None
    return found if found and FIRST_YEAR <= found.year <= LAST_YEAR else None


def _recess(line: str) -> Recess | None:
    parts = line.split(None, 2)
    if len(parts) < 3 or len(parts[2]) > _LONGEST_REASON or not parts[2].isprintable():
        return None
    first, last = _day(parts[0]), _day(parts[1])
    if first and last:
        return NamedPeriod(parts[2], first, last) if first <= last else None
    yearly = [_YEARLY.fullmatch(each) for each in parts[:2]]
    if yearly[0] is None or yearly[1] is None or not all(_day(f"2024-{each[0]}") for each in yearly if each):
        return None
    begins, ends = ((int(each[1]), int(each[2])) for each in yearly if each)
    return YearlyPeriod(parts[2], begins, ends)


def _number(text: str, low: int, high: int) -> int | None:
    if not re.fullmatch(r"-?[0-9]{1,6}", text.strip()):
        return None
    number = int(text)
    return number if low <= number <= high else None


def _question(text: str, field_: str, errors: list[FormError], pages: Pages, request: Request) -> date | None:
    day = _day(text)
    if day is None:
        errors.append(FormError(field_, pages.words(request, _WORDS["question-day"])))
    return day


# --- showing -----------------------------------------------------------------------------------------


def _read(session: Reading, context: ContextNow, content_hash: str) -> tuple[Kept, Definition]:
    kept = get_kept(session, context.shelf, content_hash)
    if kept.definition is None:
        raise HTTPException(404)
    return kept, kept.definition


def _typed(days: OwnDays, definition: Definition, version: str, language: str) -> Typed:
    def said(those: Mapping[date, str]) -> str:
        return "\n".join(f"{day.isoformat()} {name}" for day, name in sorted(those.items()))

    def body(id_: str, found: BodyDays) -> BodyTyped:
        return BodyTyped(
            id_,
            text_in(definition.bodies[BodyId(id_)].title, language),
            str(found.every_weeks),
            found.first_on.isoformat() if found.first_on else "",
            "\n".join(each.isoformat() for each in found.dates),
            found.papers,
            "\n".join(map(_say_recess, found.recess)),
        )

    return Typed(
        version,
        said(days.closed),
        said(days.worked),
        said(days.decreed),
        str(days.confirmed_through or ""),
        tuple(body(id_, found) for id_, found in days.bodies.items() if BodyId(id_) in definition.bodies),
    )


def _say_recess(period: Recess) -> str:
    if isinstance(period, NamedPeriod):
        return f"{period.first.isoformat()} {period.last.isoformat()} {period.name}"
    first, last = (f"{month:02}-{day:02}" for month, day in (period.first, period.last))
    return f"{first} {last} {period.name}"


def _next_version(kept: Kept) -> str:
    """The version with the last number in it raised until nobody has it."""
    taken = {kept.stored.version, *(each.version for each in kept.others)}
    found = kept.stored.version
    while found in taken:
        number = re.search(r"(\d{1,9})(\D*)$", found)
        found = f"{found[: number.start()]}{int(number[1]) + 1}{number[2]}" if number else f"{found}.2"
    return found[:40]


def _form(
    request: Request,
    pages: Pages,
    kept: Kept,
    definition: Definition,
    typed: Typed,
    *,
    errors: Sequence[FormError] = (),
    findings: Sequence[Finding] = (),
    texts: Mapping[str, str] | None = None,
    status: int = 422,
) -> Response:
    return pages.render(
        request,
        "admin/days.html",
        status=status if errors else 200,
        kept=kept,
        typed=typed,
        known=known_through(definition),
        errors=list(errors),
        findings=findings,
        files=[
            show_source(name, text, findings, whole=False)
            for name, text in (texts or {}).items()
            if any(each.mark.file == name for each in findings)
        ],
    )
