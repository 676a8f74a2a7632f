"""People who take part: the list, one person, an absence. Whoever sees partners looks; an administrator changes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from starlette.responses import RedirectResponse, Response

from regie.actions.keep_people import (
    PartnerForm,
    add_partner,
    change_partner,
    drop_absence,
    erase_partner,
    note_absence,
    seen_of,
)
from regie.core.definition import HearsWhen
from regie.core.ids import PersonId
from regie.core.permissions import Actor, Permission, may, nothing_here, trajects_with
from regie.errors import Conflict, NotFound, Refused, RegieError
from regie.reports.people import PartnerRow, list_held_steps, list_partners, make_farewell
from regie.web.deps import Bell, ContextNow, Now, PagesNow, Reading, Shell, ShellNow, Today, needs
from regie.web.language import N_
from regie.web.pages import FormError, Pages, read_day, refusal_words
from regie.web.routes.admin import Looker
from regie.web.visitor import LANGUAGES

router = APIRouter()

HERE = "/beheer/partners"
ON_A_PAGE = 50
LONGEST_SEARCH = 100

Keeper = Annotated[Actor, needs(Permission.MANAGE_PARTNERS)]
Id = Annotated[str, Path(pattern=r"^p[0-9]{1,15}$")]
Typed = Annotated[str, Form(max_length=3000)]
Seen = Annotated[str, Form(max_length=20_000)]

LABELS: Mapping[str, str] = {
    "naam": N_("Naam"),
    "e-mail": N_("E-mailadres"),
    "organisatie": N_("Organisatie"),
    "spreektaal": N_("Taal"),
    "ritme": N_("Wanneer mail"),
    "vervanger": N_("Vervanger"),
}
RHYTHMS: Mapping[str, str] = {
    "": N_("Zoals het bij de rol past"),
    HearsWhen.AT_ONCE.value: N_("Meteen"),
    HearsWhen.DAILY.value: N_("Eén overzicht per werkdag"),
    HearsWhen.WEEKLY.value: N_("Eén overzicht per week"),
    HearsWhen.BIWEEKLY.value: N_("Eén overzicht per twee weken"),
}
_NO_DAY = N_("Kies een dag.")
_NO_CHOICE = N_("Kies iets uit de lijst.")
_FIELD_OF: Mapping[str, str] = {
    "name-missing": "naam",
    "address-invalid": "email",
    "address-taken": "email",
    "own-deputy": "vervanger",
    "unknown-person": "vervanger",
    "language-unknown": "spreektaal",
}


@dataclass(frozen=True, slots=True)
class Change:
    """What somebody else changed since the page was shown."""

    label: str
    was: str
    now: str


def get_typed(
    naam: Typed = "", email: Typed = "", organisatie: Typed = "", spreektaal: Typed = "", ritme: Typed = "",
    vervanger: Typed = "",
) -> dict[str, str]:  # fmt: skip
    """What stands in the form of a person, by the names that the page has for it."""
    return dict(zip(LABELS, (naam, email, organisatie, spreektaal, ritme, vervanger), strict=True))


AsTyped = Annotated[dict[str, str], Depends(get_typed)]


@router.get(HERE)
def show_partners(
    request: Request,
    actor: Looker,
    pages: PagesNow,
    context: ContextNow,
    session: Reading,
    today: Today,
    zoek: str = "",
    zonder_adres: Annotated[str, Query(alias="zonder-adres")] = "",
    blad: Annotated[int, Query(ge=1, le=10_000)] = 1,
    gedaan: str = "",
) -> Response:
    """Everybody, by name, with what they play; narrowed by words."""
    search = zoek.strip()[:LONGEST_SEARCH]
    rows = list_partners(
        session,
        context.shelf.get,
        pages.language(request),
        today,
        seen=trajects_with(actor, Permission.SEE_PARTNERS),
        search=search,
        without_address=zonder_adres == "ja",
    )
    skip = (blad - 1) * ON_A_PAGE
    return pages.render(
        request,
        "admin/partners.html",
        rows=rows[skip : skip + ON_A_PAGE],
        total=len(rows),
        sheet=blad,
        sheets=-(-len(rows) // ON_A_PAGE),
        search=search,
        without_address=zonder_adres == "ja",
        longest_search=LONGEST_SEARCH,
        can_keep=may(actor, Permission.MANAGE_PARTNERS),
        done=gedaan,
    )


@router.get(f"{HERE}/nieuw")
def show_new(
    request: Request, actor: Keeper, pages: PagesNow, context: ContextNow, session: Reading, today: Today
) -> Response:
    """An empty form."""
    everybody = list_partners(session, context.shelf.get, pages.language(request), today)
    return _form(request, pages, everybody, None, dict.fromkeys(LABELS, "") | {"spreektaal": "nl"})


@router.post(f"{HERE}/nieuw")
def add(
    request: Request,
    actor: Keeper,
    pages: PagesNow,
    context: ContextNow,
    session: Reading,
    now: Now,
    today: Today,
    typed: AsTyped,
) -> Response:
    """Add somebody."""
    errors = _choices_wrong(typed, pages, request)
    if not errors:
        try:
            own = add_partner(context, actor, _read(typed), now)
        except (Refused, NotFound) as error:
            errors = [_error(error, pages, request)]
        else:
            return RedirectResponse(f"{HERE}/{own}?gedaan=ja", 303)
    everybody = list_partners(session, context.shelf.get, pages.language(request), today)
    return _form(request, pages, everybody, None, typed, errors=errors, status=422)


@router.get(HERE + "/{person_id}")
def show_partner(
    request: Request, actor: Looker, person_id: Id, shell: ShellNow, session: Reading, today: Today, gedaan: str = ""
) -> Response:
    """One person: how to reach them, what they play, which steps they hold."""
    return _person(request, shell, actor, session, today, person_id, is_done=bool(gedaan))


@router.post(HERE + "/{person_id}")
def change(
    request: Request,
    actor: Keeper,
    person_id: Id,
    shell: ShellNow,
    session: Reading,
    now: Now,
    today: Today,
    bell: Bell,
    typed: AsTyped,
    gezien: Seen = "",
) -> Response:
    """Change somebody; what another changed meanwhile is shown, and what was typed is kept."""
    pages = shell.pages
    seen = read_seen(gezien)
    errors = _choices_wrong(typed, pages, request)
    if errors:
        return _person(request, shell, actor, session, today, person_id, typed=typed, errors=errors, seen=seen)
    try:
        change_partner(shell.context, actor, PersonId(person_id), _read(typed), seen, now)
    except Conflict as error:
        if error.code != "seen-changed":
            raise
        return _person(request, shell, actor, session, today, person_id, typed=typed, changed_from=seen)
    except (Refused, NotFound) as error:
        if error.code == "unknown-person" and error.facts.get("person") == person_id:
            raise
        errors = [_error(error, pages, request)]
        return _person(request, shell, actor, session, today, person_id, typed=typed, errors=errors, seen=seen)
    bell()
    return RedirectResponse(f"{HERE}/{person_id}?gedaan=ja", 303)


@router.get(HERE + "/{person_id}/wissen")
def ask_erase(
    request: Request, actor: Keeper, person_id: Id, shell: ShellNow, session: Reading, today: Today
) -> Response:
    """What goes with somebody who is erased."""
    return _farewell(request, shell, session, today, PersonId(person_id))


@router.post(HERE + "/{person_id}/wissen")
def erase(
    request: Request,
    actor: Keeper,
    person_id: Id,
    shell: ShellNow,
    session: Reading,
    now: Now,
    today: Today,
    bell: Bell,
    gezien: Seen = "",
) -> Response:
    """Erase somebody; who changed meanwhile is shown again first."""
    try:
        erase_partner(shell.context, actor, PersonId(person_id), read_seen(gezien), now)
    except Conflict as error:
        if error.code != "seen-changed":
            raise
        return _farewell(request, shell, session, today, PersonId(person_id), status=409)
    bell()
    return RedirectResponse(f"{HERE}?gedaan=gewist", 303)


@router.post(HERE + "/{person_id}/afwezig")
def add_absence(
    request: Request,
    actor: Keeper,
    person_id: Id,
    shell: ShellNow,
    session: Reading,
    now: Now,
    today: Today,
    eerste: Annotated[str, Form(max_length=20)] = "",
    laatste: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Note that somebody is away."""
    pages = shell.pages
    away = {"eerste": eerste, "laatste": laatste}
    first, last = read_day(eerste), read_day(laatste)
    errors = [
        FormError(name, pages.words(request, _NO_DAY))
        for name, day in (("eerste", first), ("laatste", last))
        if day is None
    ]
    if first is not None and last is not None:
        try:
            note_absence(shell.context, actor, PersonId(person_id), first, last, now, today)
        except Refused as error:
            errors = [FormError("laatste", refusal_words(error, pages, request))]
        else:
            return RedirectResponse(f"{HERE}/{person_id}?gedaan=ja", 303)
    return _person(request, shell, actor, session, today, person_id, errors=errors, away=away)


@router.post(HERE + "/{person_id}/terug")
def remove_absence(
    actor: Keeper, person_id: Id, context: ContextNow, now: Now, eerste: Annotated[str, Form(max_length=20)] = ""
) -> Response:
    """Take an absence back; when it is gone already, that is well."""
    if (day := read_day(eerste)) is not None:
        drop_absence(context, actor, PersonId(person_id), day, now)
    return RedirectResponse(f"{HERE}/{person_id}?gedaan=ja", 303)


# --- pages ---------------------------------------------------------------------------------------------


def _person(
    request: Request,
    shell: Shell,
    actor: Actor,
    session: Reading,
    today: date,
    person_id: str,
    *,
    typed: Mapping[str, str] | None = None,
    errors: Sequence[FormError] = (),
    seen: Mapping[str, str] | None = None,
    changed_from: Mapping[str, str] | None = None,
    away: Mapping[str, str] | None = None,
    is_done: bool = False,
) -> Response:
    pages = shell.pages
    language = pages.language(request)
    everybody = list_partners(
        session, shell.context.shelf.get, language, today, seen=trajects_with(actor, Permission.SEE_PARTNERS)
    )
    row = next((each for each in everybody if each.contact.id == person_id), None)
    if row is None:
        raise nothing_here()
    now = seen_of(row.contact)
    names = {each.contact.id: each.contact.name for each in everybody}
    changes = [
        Change(
            pages.words(request, LABELS[name]),
            _said(name, (changed_from or {}).get(name, ""), names, pages, request),
            _said(name, value, names, pages, request),
        )
        for name, value in now.items()
        if changed_from is not None and changed_from.get(name) != value
    ]
    steps = list_held_steps(session, shell.context.shelf.get, row.contact.id, today, language, actor.trajects)
    return _form(
        request,
        pages,
        everybody,
        row,
        typed or now,
        seen=seen if seen is not None else now,
        errors=errors,
        changes=changes,
        steps=steps,
        away=away or {"eerste": "", "laatste": ""},
        absences=[each for each in row.contact.away if each.ends_on >= today],
        today=today,
        can_keep=may(actor, Permission.MANAGE_PARTNERS),
        sees_all=trajects_with(actor, Permission.SEE_PARTNERS) is None,
        is_done=is_done,
        status=409 if changed_from is not None else 422 if errors else 200,
    )


def _farewell(
    request: Request, shell: Shell, session: Reading, today: date, person_id: PersonId, *, status: int = 200
) -> Response:
    found = make_farewell(session, shell.context.shelf.get, person_id, today, shell.pages.language(request))
    return shell.pages.render(
        request,
        "admin/partner_erase.html",
        status=status,
        found=found,
        seen=json.dumps(dict(seen_of(found.contact)), ensure_ascii=False, sort_keys=True),
        is_changed=status != 200,
    )


def _form(
    request: Request,
    pages: Pages,
    everybody: Sequence[PartnerRow],
    row: PartnerRow | None,
    typed: Mapping[str, str],
    *,
    seen: Mapping[str, str] | None = None,
    errors: Sequence[FormError] = (),
    status: int = 200,
    **more: Any,
) -> Response:
    own = row.contact.id if row else ""
    return pages.render(
        request,
        "admin/partner.html" if row else "admin/partner_new.html",
        status=status,
        row=row,
        typed=typed,
        seen=json.dumps(dict(seen or {}), ensure_ascii=False, sort_keys=True),
        errors=list(errors),
        rhythms={code: pages.words(request, text) for code, text in RHYTHMS.items()},
        deputies={each.contact.id: each.contact.full_name for each in everybody if each.contact.id != own},
        organisations=sorted({each.contact.organisation for each in everybody} - {""}),
        **more,
    )


def _said(name: str, value: str, names: Mapping[PersonId, str], pages: Pages, request: Request) -> str:
    """How a value that a page can change is called."""
    if name == "vervanger":
        return names.get(PersonId(value), value)
    if name == "ritme" and value in RHYTHMS:
        return pages.words(request, RHYTHMS[value])
    return value


# --- what was typed ------------------------------------------------------------------------------------


def read_seen(text: str) -> dict[str, str]:
    """What a form says that its page showed; nothing when that cannot be read."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}


def _choices_wrong(typed: Mapping[str, str], pages: Pages, request: Request) -> list[FormError]:
    wrong = [
        name for name, options in (("spreektaal", LANGUAGES), ("ritme", tuple(RHYTHMS))) if typed[name] not in options
    ]
    return [FormError(name, pages.words(request, _NO_CHOICE)) for name in wrong]


def _read(typed: Mapping[str, str]) -> PartnerForm:
    return PartnerForm(
        typed["naam"],
        typed["e-mail"],
        typed["organisatie"],
        typed["spreektaal"],
        HearsWhen(typed["ritme"]) if typed["ritme"] else None,
        PersonId(typed["vervanger"]) if typed["vervanger"] else None,
    )


def _error(error: RegieError, pages: Pages, request: Request) -> FormError:
    named = str(error.facts.get("field", ""))
    field = named if named in ("naam", "organisatie") else _FIELD_OF.get(error.code, "naam")
    return FormError(field, refusal_words(error, pages, request))
