"""Which links and calendars open something without an account, and taking them away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Form, Query
from fastapi import Path as InPath
from starlette.responses import RedirectResponse, Response

from regie.actions.keep_deliveries import end_feed
from regie.actions.revoke_link import revoke
from regie.core.ids import PersonId
from regie.core.permissions import Actor, Permission
from regie.errors import Refused
from regie.plain_text import without_control
from regie.reports.what_left import LinkView, get_link_view, list_link_views
from regie.web import left_words
from regie.web.counter import Counter, CounterNow
from regie.web.deps import (
    Bell,
    ContextNow,
    Now,
    demand,
    feeds_of,
    needs,
    needs_in_some,
    slugs_of,
    traject_in,
)
from regie.web.language import N_
from regie.web.pages import FormError

router = APIRouter()

HERE = "/beheer/links"
ON_A_PAGE = 50
_LONGEST_SEARCH = 100
_RIGHT = Permission.REVOKE_LINKS
Keeper = Annotated[Actor, needs(_RIGHT)]
Within = Annotated[frozenset[int] | None, needs_in_some(_RIGHT)]
LinkNumber = Annotated[int, InPath(ge=1, le=2**62)]
Search = Annotated[str, Query(max_length=1_000)]
_WHY = N_("Zeg waarom u deze link intrekt.")


@router.get(HERE)
def show_links(
    counter: CounterNow,
    within: Within,
    persoon: Search = "",
    stap: Search = "",
    traject: Search = "",
    alle: str = "",
    voor: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    gedaan: str = "",
) -> Response:
    """The links that work, the newest first, with whose they are; and the calendars of people."""
    person, step = (without_control(each.strip(), _LONGEST_SEARCH) for each in (persoon, stap))
    session = counter.session
    slugs = slugs_of(session, within)
    own = traject_in(session, traject) if traject in slugs else None
    views, more = list_link_views(
        session,
        counter.context.shelf,
        counter.language,
        counter.now,
        within=within,
        person_name=person,
        step=step,
        traject_id=own,
        only_live=alle != "ja",
        before_id=voor,
        limit=ON_A_PAGE,
    )
    return counter.render(
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
    actor: Keeper,
    within: Within,
    context: ContextNow,
    now: Now,
    persoon: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """End the calendar of somebody; when it is gone already, that is well. It shows all trajects, so it asks all."""
    if within is not None:
        demand(context, actor, Permission.MANAGE_PARTNERS, now)
    end_feed(context, PersonId(persoon), by=actor.name, now=now)
    return RedirectResponse(f"{HERE}?gedaan=agenda", 303)


@router.get(f"{HERE}/{{number}}")
def show_link(counter: CounterNow, actor: Keeper, number: LinkNumber, gedaan: str = "") -> Response:
    """One link: whose, for which step, and whether it works."""
    return _one(counter, number, is_done=gedaan == "ja")


def _one(
    counter: Counter, number: int, *, errors: Sequence[FormError] = (), reason: str = "", is_done: bool = False
) -> Response:
    view = _find(counter, number)
    return counter.render(
        "left/link.html",
        422 if errors else 200,
        view=view,
        states=left_words.LINKS,
        sees_traject=counter.may(Permission.SEE_TRAJECT, view.link.traject_id),
        errors=list(errors),
        reason=reason,
        is_done=is_done,
    )


def _find(counter: Counter, number: int) -> LinkView:
    view = get_link_view(counter.session, counter.context.shelf, number, counter.language, counter.now)
    counter.demand(_RIGHT, view.link.traject_id)
    return view


@router.post(f"{HERE}/{{number}}")
def revoke_link(
    counter: CounterNow,
    actor: Keeper,
    number: LinkNumber,
    bell: Bell,
    reden: Annotated[str, Form(max_length=20_000)] = "",
) -> Response:
    """Take a link away, for a reason that is kept; asked twice it is done once."""
    _find(counter, number)
    try:
        revoke(counter.context, number, reden, counter.now, by=actor.name)
    except Refused as error:
        wrong = counter.words(_WHY) if error.code == "reason-missing" else counter.say(error)
        return _one(counter, number, errors=[FormError("reden", wrong)], reason=reden)
    bell()
    return RedirectResponse(f"{HERE}/{number}?gedaan=ja", 303)
