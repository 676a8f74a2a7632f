"""Which links and calendars open something without an account, and taking them away."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi import Path as InPath
from starlette.responses import RedirectResponse, Response

from regie.actions.keep_deliveries import end_feed
from regie.actions.revoke_link import revoke
from regie.core.ids import PersonId
from regie.core.permissions import Permission, may
from regie.errors import Refused
from regie.plain_text import without_control
from regie.reports.what_left import LinkView, get_link_view, list_link_views
from regie.web import left_words
from regie.web.deps import (
    ActorNow,
    Bell,
    ContextNow,
    Now,
    PagesNow,
    Reading,
    demand,
    feeds_of,
    seen_trajects,
    slugs_of,
    traject_in,
)
from regie.web.language import N_
from regie.web.pages import FormError, refusal_words

router = APIRouter()

HERE = "/beheer/links"
ON_A_PAGE = 50
_LONGEST_SEARCH = 100
_RIGHT = Permission.REVOKE_LINKS
LinkNumber = Annotated[int, InPath(ge=1, le=2**62)]
Search = Annotated[str, Query(max_length=1_000)]
_WHY = N_("Zeg waarom u deze link intrekt.")


@router.get(HERE)
def show_links(
    request: Request,
    actor: ActorNow,
    pages: PagesNow,
    context: ContextNow,
    session: Reading,
    now: Now,
    persoon: Search = "",
    stap: Search = "",
    traject: Search = "",
    alle: str = "",
    voor: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    gedaan: str = "",
) -> Response:
    """The links that work, the newest first, with whose they are; and the calendars of people."""
    within = seen_trajects(context, actor, _RIGHT, now)
    person, step = (without_control(each.strip(), _LONGEST_SEARCH) for each in (persoon, stap))
    slugs = slugs_of(session, within)
    own = traject_in(session, traject) if traject in slugs else None
    views, more = list_link_views(
        session,
        context.shelf,
        pages.language(request),
        now,
        within=within,
        person_name=person,
        step=step,
        traject_id=own,
        only_live=alle != "ja",
        before_id=voor,
        limit=ON_A_PAGE,
    )
    return pages.render(
        request,
        "left/links.html",
        views=views,
        more=more,
        feeds=feeds_of(session, person) if within is None and not (step or own) else (),
        states=left_words.LINKS,
        slugs=slugs,
        search={
            "persoon": person,
            "stap": step,
            "traject": traject if own else "",
            "alle": "ja" if alle == "ja" else "",
        },
        is_done=gedaan == "agenda",
    )


@router.post(f"{HERE}/agenda")
def revoke_feed(
    actor: ActorNow,
    context: ContextNow,
    now: Now,
    persoon: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """End the calendar of somebody; when it is gone already, that is well. It shows all trajects, so it asks all."""
    if seen_trajects(context, actor, _RIGHT, now) is not None:
        demand(context, actor, Permission.MANAGE_PARTNERS, now)
    end_feed(context, PersonId(persoon), by=actor.name, now=now)
    return RedirectResponse(f"{HERE}?gedaan=agenda", 303)


@router.get(f"{HERE}/{{number}}")
def show_link(
    request: Request,
    number: LinkNumber,
    actor: ActorNow,
    pages: PagesNow,
    context: ContextNow,
    session: Reading,
    now: Now,
    gedaan: str = "",
) -> Response:
    """One link: whose, for which step, and whether it works."""
    demand(context, actor, _RIGHT, now)
    view = get_link_view(session, context.shelf, number, pages.language(request), now)
    demand(context, actor, _RIGHT, now, view.link.traject_id)
    return pages.render(
        request,
        "left/link.html",
        view=view,
        states=left_words.LINKS,
        sees_traject=may(actor, Permission.SEE_TRAJECT, traject_id=view.link.traject_id),
        errors=[],
        reason="",
        is_done=gedaan == "ja",
    )


@router.post(f"{HERE}/{{number}}")
def revoke_link(
    request: Request,
    number: LinkNumber,
    actor: ActorNow,
    pages: PagesNow,
    context: ContextNow,
    session: Reading,
    now: Now,
    bell: Bell,
    reden: Annotated[str, Form(max_length=20_000)] = "",
) -> Response:
    """Take a link away, for a reason that is kept; asked twice it is done once."""
    demand(context, actor, _RIGHT, now)
    view: LinkView = get_link_view(session, context.shelf, number, pages.language(request), now)
    demand(context, actor, _RIGHT, now, view.link.traject_id)
    try:
        revoke(context, number, reden, now, by=actor.name)
    except Refused as error:
        wrong = pages.words(request, _WHY) if error.code == "reason-missing" else refusal_words(error, pages, request)
        return pages.render(
            request,
            "left/link.html",
            status=422,
            view=view,
            states=left_words.LINKS,
            sees_traject=may(actor, Permission.SEE_TRAJECT, traject_id=view.link.traject_id),
            errors=[FormError("reden", wrong)],
            reason=reden,
            is_done=False,
        )
    bell()
    return RedirectResponse(f"{HERE}/{number}?gedaan=ja", 303)
