"""For project leads: all trajects, one traject, one step. These pages only show; what can be done is a page of its own."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from regie.core.permissions import Actor, Permission, may
from regie.reports.portfolio import make_portfolio, narrow
from regie.reports.step_view import make_step_view
from regie.reports.traject_home import LATELY_DAYS, make_traject_home
from regie.web.acts import BY_PATH, acts_for
from regie.web.deps import (
    ActorNow,
    ContextNow,
    Now,
    PagesNow,
    Reading,
    SeenTraject,
    SeesConfidential,
    StepKey,
    Today,
    needs,
)

router = APIRouter()

_LONGEST_SEARCH = 100
CycleNumber = Annotated[int, Query(ge=0, le=100_000)]


@router.get("/trajecten")
def show_portfolio(
    request: Request,
    actor: Annotated[Actor, needs(Permission.SEE_PORTFOLIO)],
    pages: PagesNow,
    context: ContextNow,
    session: Reading,
    today: Today,
    zoek: str = "",
    problemen: str = "",
) -> Response:
    """All trajects of the reader, the most threatened first."""
    every = make_portfolio(session, context.shelf.get, today, pages.language(request), seen=actor.trajects)
    search, only_problems = zoek.strip()[:_LONGEST_SEARCH], problemen == "ja"
    rows = narrow(every, search, only_problems=only_problems)
    return pages.render(
        request,
        "portfolio.html",
        rows=rows,
        total=len(every),
        search=search,
        only_problems=only_problems,
        longest_search=_LONGEST_SEARCH,
        may_start=may(actor, Permission.START_TRAJECT),
        today=today,
    )


@router.get("/trajecten/{slug}")
def show_traject(
    request: Request,
    slug: str,
    actor: ActorNow,
    traject_id: SeenTraject,
    sees: SeesConfidential,
    pages: PagesNow,
    context: ContextNow,
    session: Reading,
    today: Today,
    now: Now,
    doorloop: CycleNumber = 0,
) -> Response:
    """One traject: what threatens the opening, what is late or due, decisions, and what was told and said."""
    home = make_traject_home(
        session,
        context.shelf,
        slug,
        today,
        now,
        pages.language(request),
        cycle=doorloop,
        sees_confidential=sees,
    )
    return pages.render(
        request,
        "traject.html",
        home=home,
        lately_days=LATELY_DAYS,
        may_rerun=may(actor, Permission.START_CYCLE, traject_id=traject_id),
        may_close=may(actor, Permission.CLOSE_TRAJECT, traject_id=traject_id),
    )


@router.get("/trajecten/{slug}/stappen/{key}")
def show_step(
    request: Request,
    slug: str,
    key: StepKey,
    actor: ActorNow,
    sees: SeesConfidential,
    pages: PagesNow,
    context: ContextNow,
    session: Reading,
    today: Today,
    doorloop: CycleNumber = 0,
    gedaan: str = "",
) -> Response:
    """One step: state, people, dates and why, what comes before and after, evidence, remarks and history."""
    language = pages.language(request)
    view = make_step_view(
        session,
        context.shelf,
        slug,
        key,
        today,
        language,
        cycle=doorloop,
        sees_confidential=sees,
    )
    acts = tuple(acts_for(view, actor))
    done = BY_PATH[gedaan].done if gedaan in BY_PATH else ""
    return pages.render(
        request,
        "step.html",
        view=view,
        acts=[(each.path, pages.words(request, each.title), each.group) for each in acts],
        done=pages.words(request, done) if done else "",
    )
