"""The plan of a traject: drawn and as a table, on paper and as a file. These pages only show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import partial
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from regie.reports.csv_table import MEDIA_TYPE
from regie.reports.gantt import render_gantt, render_png
from regie.reports.gantt_drawing import Unit
from regie.reports.plan_chart import make_chart
from regie.reports.plan_page import PlanPage, make_plan_page
from regie.reports.plan_table import SPREADSHEET, plan_csv, plan_rows, plan_spreadsheet, say_actual, say_notable
from regie.reports.plan_view import Bar, GanttView, Wanted, say_slack
from regie.web.deps import ContextNow, PagesNow, Reading, SeesConfidential, Today
from regie.web.routes.trajects import CycleNumber

router = APIRouter()

Id = Annotated[str, Query(max_length=100)]
SHEET = "blad"
"""The zoom that puts everything on one sheet."""


class Shown(StrEnum):
    """What of the plan is shown."""

    BOTH = ""
    CHART = "balken"
    TABLE = "tabel"


class Kind(StrEnum):
    """As what file the plan can be had."""

    SVG = "svg"
    PNG = "png"
    CSV = "csv"
    XLSX = "xlsx"


_MAKERS: Mapping[Kind, tuple[str, Callable[[GanttView], bytes]]] = {
    Kind.SVG: ("image/svg+xml", lambda view: render_gantt(view).encode()),
    Kind.PNG: ("image/png", render_png),
    Kind.CSV: (MEDIA_TYPE, plan_csv),
    Kind.XLSX: (SPREADSHEET, plan_spreadsheet),
}
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""For a file: the picture has its style in it, and no file may do anything else when a browser shows it."""


def get_plan(
    request: Request,
    slug: str,
    sees: SeesConfidential,
    pages: PagesNow,
    context: ContextNow,
    session: Reading,
    today: Today,
    doorloop: CycleNumber = 0,
    fase: Id = "",
    thema: Id = "",
    rol: Id = "",
    stand: Id = "",
) -> PlanPage:
    """The plan that the address asks for, as far as the reader may see it.

    Raises:
        NotFound: ``nothing-here``, ``unknown-cycle``.
    """
    return make_plan_page(
        session,
        context.shelf,
        slug,
        today,
        pages.language(request),
        cycle=doorloop,
        wanted=Wanted(fase, thema, rol, stand),
        sees_confidential=sees,
    )


ThePlan = Annotated[PlanPage, Depends(get_plan)]


@router.get("/trajecten/{slug}/planning")
def show_plan(
    request: Request,
    plan: ThePlan,
    pages: PagesNow,
    schaal: Id = Unit.QUARTER,
    toon: Id = "",
    fase: Id = "",
    thema: Id = "",
    rol: Id = "",
    stand: Id = "",
) -> Response:
    """The plan as a picture and as the same table."""
    language = pages.language(request)
    chosen = {"doorloop": plan.cycle or "", "fase": fase, "thema": thema, "rol": rol, "stand": stand}
    filters = {name: value for name, value in chosen.items() if value}
    zoom = schaal if schaal in (*Unit, SHEET) else Unit.QUARTER.value
    shown = Shown(toon) if toon in [*Shown] else Shown.BOTH
    unit = None if zoom == SHEET else Unit(zoom)
    is_drawn = shown is not Shown.TABLE and bool(plan.view.phases)
    return pages.render(
        request,
        "plan.html",
        plan=plan,
        view=plan.view,
        chart=make_chart(plan.view, unit, partial(step_address, plan.traject)) if is_drawn else None,
        rows=list(plan_rows(plan.view)) if shown is not Shown.CHART else None,
        zoom=zoom,
        shown=shown.value,
        filters=filters,
        narrowed=any((fase, thema, rol, stand)),
        units=[*Unit, SHEET],
        kinds=[*Kind],
        address=partial(_address, plan, filters | {"schaal": zoom, "toon": shown.value}),
        file=partial(_file_address, plan, filters),
        step_address=partial(step_address, plan.traject),
        say_actual=partial(say_actual, language=language),
        say_notable=partial(say_notable, language=language),
        say_slack=partial(say_slack, language=language),
    )


@router.get("/trajecten/{slug}/planning.{kind}")
def download_plan(plan: ThePlan, kind: Kind) -> Response:
    """The plan as a file, with the same filters."""
    media_type, make = _MAKERS[kind]
    name = f"planning-{plan.traject}-{plan.view.today.isoformat()}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Security-Policy": _POLICY}
    return Response(make(plan.view), media_type=media_type, headers=headers)


def step_address(slug: str, bar: Bar) -> str:
    """The address of the page of a step."""
    return f"/trajecten/{quote(slug, safe='')}/stappen/{quote(str(bar.key), safe='')}?doorloop={bar.cycle}"


def _address(plan: PlanPage, now: dict[str, str | int], **changes: str | int) -> str:
    query = {name: value for name, value in (now | changes).items() if value not in ("", 0)}
    return f"/trajecten/{quote(plan.traject, safe='')}/planning?{urlencode(query)}"


def _file_address(plan: PlanPage, filters: dict[str, str | int], kind: str) -> str:
    query = f"?{urlencode(filters)}" if filters else ""
    return f"/trajecten/{quote(plan.traject, safe='')}/planning.{kind}{query}"
