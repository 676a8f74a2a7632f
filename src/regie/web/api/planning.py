"""``/datums``, ``/lijsten``, ``/planning``, ``/geschiedenis`` and ``/rollen`` of a traject."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from regie.core.definition import text_in
from regie.core.events import AnchorMoved, ItemsChanged
from regie.core.ids import AnchorId, ListId
from regie.core.permissions import Permission
from regie.core.traject import AnchorDates, Cycle, Item, State, Traject
from regie.errors import NotFound
from regie.reports.api_views import Happened, list_happened, list_partners
from regie.reports.step_view import look_at_cycle
from regie.reports.subject import Subject, phase_rows, phase_windows
from regie.reports.traject_home import say_event
from regie.text.sentences import why
from regie.web.api import models as m
from regie.web.api.access import (
    MOST_ROWS,
    PREFIX,
    ApiRoute,
    CycleNumber,
    IdempotencyKey,
    IfMatch,
    Seen,
    Trial,
    answer_tagged,
    check_mark,
    mark_of,
    needs_in_traject,
)
from regie.web.api.doing import perform, say_findings
from regie.web.api.looking import SeesTraject, SubjectNow
from regie.web.api.steps import title_of
from regie.web.deps import Now, PagesNow, Reading, ShellNow, Today
from regie.web.handing_out import send_report

router = APIRouter(prefix=PREFIX, route_class=ApiRoute)

AnchorName = Annotated[
    str, Path(alias="anker", max_length=100, pattern=r"^[A-Za-z0-9_-]+$", description="De ankerdatum, zoals `opening`.")
]
ListName = Annotated[
    str, Path(alias="lijst", max_length=100, pattern=r"^[A-Za-z0-9_-]+$", description="De lijst, zoals `arrival`.")
]
_DONE = {200: {"model": m.Gedaan, "description": "Getoond en niet opgeslagen, of al eerder gedaan."}}


@router.get(
    "/trajecten/{slug}/stuurgroepverslag",
    tags=["planning"],
    operation_id="haalStuurgroepverslag",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}}},
)
def get_report(subject: SubjectNow, session: Reading, now: Now) -> Response:
    """Haal het verslag voor de stuurgroep op: een pagina A4 als PDF."""
    return send_report(session, subject, now)


# --- anchors -----------------------------------------------------------------------------------------


@router.get("/trajecten/{slug}/datums", tags=["datums"], operation_id="lijstDatums", response_model=m.Datums)
def list_anchors(subject: SubjectNow) -> m.Datums:
    """Geef de ankerdatums van een doorloop: de streefdatum, wat gebeurde, en waar het plan uitkomt."""
    return m.Datums(datums=[_anchor(subject, each) for each in subject.definition.anchors])


@router.get("/trajecten/{slug}/datums/{anker}", tags=["datums"], operation_id="toonDatum", response_model=m.Datum)
def show_anchor(
    request: Request,
    subject: SubjectNow,
    anchor: AnchorName,
) -> Response:
    """Geef een ankerdatum. Met een ETag."""
    if AnchorId(anchor) not in subject.definition.anchors:
        raise NotFound(f"no anchor '{anchor}'", code="unknown-anchor", anchor=anchor)
    mark = _mark_of_anchor(subject.cycle, AnchorId(anchor))
    return answer_tagged(request, _anchor(subject, AnchorId(anchor)), mark)


def _anchor(subject: Subject, anchor: AnchorId) -> m.Datum:
    dates = subject.cycle.anchors.get(anchor, AnchorDates())
    return m.Datum(
        anker=anchor,
        titel=text_in(subject.definition.anchors[anchor].title, subject.language),
        streefdatum=dates.target,
        gebeurd_op=dates.actual,
        gepland_op=subject.plan.anchor_on(anchor),
        doorloop=subject.cycle.number,
    )


def _mark_of_anchor(cycle: Cycle, anchor: AnchorId) -> str:
    dates = cycle.anchors.get(anchor, AnchorDates())
    return mark_of([cycle.number, anchor, dates.target, dates.actual])


@router.post(
    "/trajecten/{slug}/datums/{anker}/verzettingen",
    tags=["datums"],
    operation_id="postVerzetting",
    status_code=201,
    response_model=m.Gedaan,
    responses=_DONE,  # type: ignore[arg-type]
)
def move_anchor(
    request: Request,
    seen: Annotated[Seen, needs_in_traject(Permission.MOVE_ANCHOR)],
    anchor: AnchorName,
    body: m.Verzetting,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,
    trial: Trial = False,
    cycle: CycleNumber = 0,
) -> Response:
    """Verzet een streefdatum. Met `proef=true` ziet u eerst wie en wat meeschuift."""

    def check(traject: Traject) -> None:
        chosen = traject.choose_cycle(cycle)
        check_mark(if_match, _mark_of_anchor(chosen, AnchorId(anchor)), trial=trial)

    def make(number: int) -> AnchorMoved:
        return AnchorMoved(anchor=AnchorId(anchor), target=body.naar, reason=body.reden, cycle=number)

    return perform(request, seen, make, cycle=cycle, trial=trial, key=idempotency_key, texts=[body.reden], check=check)


# --- growing lists -----------------------------------------------------------------------------------


@router.get("/trajecten/{slug}/lijsten", tags=["lijsten"], operation_id="lijstLijsten", response_model=m.Lijsten)
def list_lists(subject: SubjectNow) -> m.Lijsten:
    """Geef de lijsten van een doorloop, zoals de momenten van instroom."""
    return m.Lijsten(lijsten=[_list(subject, each) for each in subject.definition.lists])


@router.get("/trajecten/{slug}/lijsten/{lijst}", tags=["lijsten"], operation_id="toonLijst", response_model=m.Lijst)
def show_list(
    request: Request,
    subject: SubjectNow,
    name: ListName,
) -> Response:
    """Geef een lijst met haar items. Met een ETag."""
    if ListId(name) not in subject.definition.lists:
        raise NotFound(f"no list '{name}'", code="unknown-list", list=name, options=list(subject.definition.lists))
    return answer_tagged(request, _list(subject, ListId(name)), _mark_of_list(subject.cycle, ListId(name)))


def _list(subject: Subject, name: ListId) -> m.Lijst:
    return m.Lijst(
        lijst=name,
        titel=text_in(subject.definition.lists[name].title, subject.language),
        doorloop=subject.cycle.number,
        items=[m.Item(sleutel=each.key, op=each.on, aantal=each.number) for each in subject.cycle.items.get(name, ())],
    )


def _mark_of_list(cycle: Cycle, name: ListId) -> str:
    return mark_of([cycle.number, name, [(each.key, each.on, each.number) for each in cycle.items.get(name, ())]])


@router.put(
    "/trajecten/{slug}/lijsten/{lijst}",
    tags=["lijsten"],
    operation_id="putLijst",
    status_code=201,
    response_model=m.Gedaan,
    responses=_DONE,  # type: ignore[arg-type]
)
def change_list(
    request: Request,
    seen: Annotated[Seen, needs_in_traject(Permission.CHANGE_LIST)],
    name: ListName,
    body: m.NieuweItems,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,
    trial: Trial = False,
    cycle: CycleNumber = 0,
) -> Response:
    """Zet de items van een lijst zoals ze voortaan zijn; open stappen van wat er niet meer in staat, vervallen.

    Een item zonder dag blijft op de ankerdatum van de lijst, ook als die verschuift.
    """

    def check(traject: Traject) -> None:
        check_mark(if_match, _mark_of_list(traject.choose_cycle(cycle), ListId(name)), trial=trial)

    def make(number: int) -> ItemsChanged:
        items = tuple(Item(each.sleutel, each.op, each.aantal) for each in body.items)
        return ItemsChanged(list=ListId(name), items=items, cycle=number)

    texts = [each.sleutel for each in body.items]
    return perform(request, seen, make, cycle=cycle, trial=trial, key=idempotency_key, texts=texts, check=check)


# --- plan and record ---------------------------------------------------------------------------------


@router.get("/trajecten/{slug}/planning", tags=["planning"], operation_id="toonPlanning", response_model=m.Planning)
def show_plan(
    request: Request,
    subject: SubjectNow,
) -> Response:
    """Geef het plan zoals het vandaag uitkomt: datums, speling, de kritieke keten, en wat niet houdt."""
    plan = subject.plan
    body = m.Planning(
        doorloop=subject.cycle.number,
        vandaag=subject.today,
        eerste_dag=plan.start_on,
        laatste_dag=plan.finish_on,
        stappen=[
            m.GeplandeStap(
                sleutel=str(key),
                titel=title_of(subject, key),
                fase=step.phase,
                stand=m.STANDS[occurrence.state],
                begin_op=planned.early_start,
                einde_op=planned.early_finish,
                uiterlijk_begin_op=planned.late_start,
                uiterlijk_einde_op=planned.late_finish,
                speling_werkdagen=planned.slack_working_days,
                is_kritiek=planned.critical,
                vervalt_op=planned.due_on,
                wettelijk_op=planned.legal_on,
                waarom=why(plan, key, subject.language) if key in plan else "",
            )
            for key, occurrence, step, planned in subject.planned_steps()
        ],
        fasen=[
            m.Fase(titel=title, eerste_dag=first, laatste_dag=last, stappen=count, klaar=int(row[-1]))
            for (title, first, last, count), row in zip(phase_windows(subject), phase_rows(subject), strict=True)
        ],
        bevindingen=list(say_findings(plan.findings, subject.definition, subject.language)),
    )
    return answer_tagged(request, body)


@router.get(
    "/trajecten/{slug}/geschiedenis",
    tags=["geschiedenis"],
    operation_id="lijstGeschiedenis",
    response_model=m.Geschiedenis,
)
def list_record(
    request: Request,
    seen: SeesTraject,
    session: Reading,
    shell: ShellNow,
    pages: PagesNow,
    after: Annotated[int, Query(alias="na", ge=0, le=2_000_000_000, description="Ga verder na dit volgnummer.")] = 0,
    size: Annotated[
        int, Query(alias="paginaGrootte", ge=1, le=MOST_ROWS, description=f"Hoeveel per pagina, hoogstens {MOST_ROWS}.")
    ] = 50,
) -> m.Geschiedenis:
    """Geef wat er met een traject gebeurde, de oudste eerst. Wat vertrouwelijk is, staat er zonder woorden."""
    found = list_happened(
        session,
        shell.context.shelf,
        seen.traject_id,
        after=after,
        limit=size + 1,
        sees_confidential=seen.sees_confidential,
    )
    rows = found[:size]
    return m.Geschiedenis(
        gebeurtenissen=[_happened(each, pages.language(request)) for each in rows],
        volgende=rows[-1].seq if len(found) > size else None,
    )


@router.get(
    "/trajecten/{slug}/geschiedenis/{volgnummer}",
    tags=["geschiedenis"],
    operation_id="toonGebeurtenis",
    response_model=m.Gebeurtenis,
)
def show_record(
    request: Request,
    seen: SeesTraject,
    number: Annotated[int, Path(alias="volgnummer", ge=1, le=2_000_000_000)],
    session: Reading,
    shell: ShellNow,
    pages: PagesNow,
) -> m.Gebeurtenis:
    """Geef een gebeurtenis uit de geschiedenis."""
    found = list_happened(
        session,
        shell.context.shelf,
        seen.traject_id,
        after=number - 1,
        limit=1,
        sees_confidential=seen.sees_confidential,
    )
    if not found or found[0].seq != number:
        raise NotFound(f"nothing has number {number}", code="nothing-here")
    return _happened(found[0], pages.language(request))


def _happened(entry: Happened, language: str) -> m.Gebeurtenis:
    return m.Gebeurtenis(
        volgnummer=entry.seq,
        op=entry.at,
        doorloop=entry.cycle,
        soort=entry.event,
        wat=say_event(entry.event, language),
        door=entry.name,
        stap=str(entry.key) if entry.key else None,
        overgangen=[
            m.Overgang(stap=step, van=m.say_state(before), naar=m.STANDS[State(after)])
            for step, before, after in entry.transitions
        ],
        woorden={
            name: "; ".join(map(str, said)) if isinstance(said, list) else str(said)
            for name, said in entry.words.items()
        },
    )


@router.get("/trajecten/{slug}/rollen", tags=["partners"], operation_id="lijstRollen", response_model=m.Rollen)
def list_roles(
    seen: Annotated[Seen, needs_in_traject(Permission.SEE_PARTNERS)],
    session: Reading,
    shell: ShellNow,
    pages: PagesNow,
    request: Request,
    today: Today,
) -> m.Rollen:
    """Geef de rollen van een traject: wie ze vervult, wie geen adres heeft, en welke niemand vervult."""
    subject = look_at_cycle(
        session, shell.context.shelf, seen.traject_id, today, pages.language(request), sees_confidential=seen.sees_confidential
    )  # fmt: skip
    people = list_partners(session, {seen.traject_id})
    rows = []
    for each in subject.definition.roles.values():
        if each.is_group:
            continue
        here = [who for who in people if any(role == each.id and at == seen.traject_id for role, at in who.roles)]
        here = here or [who for who in people if any(role == each.id for role, _ in who.roles)]
        rows.append(
            m.Rol(
                rol=each.id,
                titel=text_in(each.title, subject.language),
                mensen=[who.name for who in here],
                zonder_adres=[who.name for who in here if not who.email],
                is_leeg=not here,
            )
        )
    return m.Rollen(rollen=rows)
