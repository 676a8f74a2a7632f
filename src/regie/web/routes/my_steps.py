"""What is asked of a partner and their organisation, over all trajects, and how they want to hear of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from regie.actions.keep_preferences import add_absence, keep_preferences, take_back_absence
from regie.actions.open_own_step import open_own_step
from regie.clock import local_date
from regie.core.definition import HearsWhen
from regie.core.ids import OccurrenceKey, PersonId, StepId
from regie.core.permissions import OneStep, Permission
from regie.errors import NotFound, Refused
from regie.links import PATH
from regie.reports.my_steps import PARTS, make_my_steps
from regie.web import visitor
from regie.web.deps import (
    ContextNow,
    Now,
    PagesNow,
    Partner,
    PartnerNow,
    Reading,
    ShellNow,
    colleagues_of,
    contact_of,
    note_refusal,
)
from regie.web.language import N_
from regie.web.pages import FormError, Pages, read_day, refusal_words

router = APIRouter()

HERE = "/mijn-stappen"
PREFERENCES = f"{HERE}/voorkeuren"
ON_A_PAGE = 20
_YEAR_SECONDS = 31_536_000
_PART_NAMES: Mapping[str, str] = {"gevraagd": "asked", "wacht": "waiting", "komt": "coming", "gedaan": "done"}
"""How each part is called in the address of its own page."""

_NO_DAY = N_("Kies een dag.")
_TITLES: Mapping[str, str] = {
    "asked": N_("Nu gevraagd"),
    "waiting": N_("Wacht op een ander"),
    "coming": N_("Komt nog"),
    "done": N_("Gedaan in de afgelopen vier weken"),
}
_RHYTHMS: Mapping[str, str] = {
    "": N_("Zoals het bij uw rol past"),
    HearsWhen.AT_ONCE.value: N_("Meteen"),
    HearsWhen.DAILY.value: N_("Eén overzicht per werkdag"),
    HearsWhen.WEEKLY.value: N_("Eén overzicht per week"),
    HearsWhen.BIWEEKLY.value: N_("Eén overzicht per twee weken"),
}


@router.get(HERE)
def show_my_steps(
    request: Request,
    pages: PagesNow,
    shell: ShellNow,
    partner: PartnerNow,
    session: Reading,
    now: Now,
    deel: Annotated[str, Query(max_length=20)] = "",
    blad: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """Late first; of each part a page, and of one part the pages after it."""
    if deel and deel not in _PART_NAMES:
        raise HTTPException(404)
    part = _PART_NAMES.get(deel, "")
    found = make_my_steps(
        session,
        shell.context.shelf.get,
        partner.id,
        local_date(now, shell.settings.timezone),
        language=pages.language(request),
        part=part,
        skip=(blad - 1) * ON_A_PAGE if part else 0,
        most=ON_A_PAGE,
    )
    names = {own: name for name, own in _PART_NAMES.items()}
    return pages.render(
        request,
        "my_steps/list.html",
        found=found,
        parts_shown=[
            (each, names[each], pages.words(request, _TITLES[each]), getattr(found, each))
            for each in PARTS
            if each == part or (not part and getattr(found, each))
        ],
        part=part,
        sheet=blad,
        sheets=-(-found.totals.get(part, 0) // ON_A_PAGE),
        on_a_page=ON_A_PAGE,
    )


@router.post(f"{HERE}/open")
def open_step(
    request: Request,
    context: ContextNow,
    partner: PartnerNow,
    now: Now,
    traject: Annotated[int, Form(ge=1, le=2**62)] = 0,
    doorloop: Annotated[int, Form(ge=1, le=10_000)] = 0,
    stap: Annotated[str, Form(max_length=200)] = "",
    sleutel: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Lead to the page on which a step is acted on, by a link of the reader's own. Of another organisation it is 404."""
    place = OneStep(traject, doorloop, OccurrenceKey(StepId(stap), sleutel))
    try:
        token = open_own_step(context, partner.actor, partner.id, place, now)
    except NotFound:
        note_refusal(context, partner.actor, now, Permission.ACT_ON_OWN_STEP)
        raise
    return RedirectResponse(f"/{PATH}/{token}", 303)


# --- preferences -------------------------------------------------------------------------------------


@router.get(PREFERENCES)
def show_preferences(
    request: Request,
    pages: PagesNow,
    shell: ShellNow,
    partner: PartnerNow,
    session: Reading,
    now: Now,
    bewaard: str = "",
) -> Response:
    """Language, rhythm, deputy and absence."""
    return _preferences(request, shell.pages, partner, session, local_date(now, shell.settings.timezone), bewaard)


@router.post(PREFERENCES)
def save_preferences(
    request: Request,
    pages: PagesNow,
    shell: ShellNow,
    partner: PartnerNow,
    session: Reading,
    now: Now,
    spreektaal: Annotated[str, Form(max_length=8)] = "",
    ritme: Annotated[str, Form(max_length=20)] = "",
    vervanger: Annotated[str, Form(max_length=60)] = "",
) -> Response:
    """Keep them; the pages go on in the language that was chosen."""
    if spreektaal not in visitor.LANGUAGES or ritme not in _RHYTHMS:
        raise HTTPException(400)
    hears = HearsWhen(ritme) if ritme else None
    deputy = PersonId(vervanger) if vervanger else None
    try:
        keep_preferences(shell.context, partner.id, language=spreektaal, hears=hears, deputy=deputy)
    except Refused as error:
        errors = [FormError("vervanger", refusal_words(error, pages, request))]
        today = local_date(now, shell.settings.timezone)
        return _preferences(request, pages, partner, session, today, errors=errors)
    response = RedirectResponse(f"{PREFERENCES}?bewaard=ja", 303)
    name = visitor.cookie_name("language", secure=pages.secure)
    response.set_cookie(name, spreektaal, _YEAR_SECONDS, path="/", secure=pages.secure, httponly=True, samesite="lax")
    return response


@router.post(f"{PREFERENCES}/afwezig")
def save_absence(
    request: Request,
    pages: PagesNow,
    shell: ShellNow,
    partner: PartnerNow,
    session: Reading,
    now: Now,
    eerste: Annotated[str, Form(max_length=20)] = "",
    laatste: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Note an absence."""
    today = local_date(now, shell.settings.timezone)
    typed = {"eerste": eerste, "laatste": laatste}
    days = {name: read_day(text) for name, text in typed.items()}
    errors = [FormError(name, pages.words(request, _NO_DAY)) for name, day in days.items() if day is None]
    if days["eerste"] is not None and days["laatste"] is not None:
        try:
            add_absence(shell.context, partner.id, days["eerste"], days["laatste"], today)
        except Refused as error:
            errors = [FormError("laatste", refusal_words(error, pages, request))]
    if errors:
        return _preferences(request, pages, partner, session, today, errors=errors, typed=typed)
    return RedirectResponse(f"{PREFERENCES}?bewaard=ja", 303)


@router.post(f"{PREFERENCES}/terug")
def remove_absence(
    context: ContextNow, partner: PartnerNow, eerste: Annotated[str, Form(max_length=20)] = ""
) -> Response:
    """Take an absence back; when it is gone already, that is well."""
    if (day := read_day(eerste)) is not None:
        take_back_absence(context, partner.id, day)
    return RedirectResponse(f"{PREFERENCES}?bewaard=ja", 303)


def _preferences(
    request: Request,
    pages: Pages,
    partner: Partner,
    session: Reading,
    today: date,
    saved: str = "",
    *,
    errors: list[FormError] | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    contact = contact_of(session, partner.id)
    deputies = dict(colleagues_of(session, partner.id))
    if contact.deputy is not None and contact.deputy not in deputies:
        deputies[contact.deputy] = contact_of(session, contact.deputy).name
    return pages.render(
        request,
        "my_steps/preferences.html",
        status=422 if errors else 200,
        contact=contact,
        rhythms={code: pages.words(request, text) for code, text in _RHYTHMS.items()},
        rhythm=contact.hears.value if contact.hears else "",
        deputies=deputies,
        away=[each for each in contact.away if each.ends_on >= today],
        today=today,
        errors=errors or [],
        typed=typed or {"eerste": "", "laatste": ""},
        is_saved=bool(saved) and not errors,
    )
