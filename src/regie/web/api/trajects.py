"""``/trajecten`` and ``/doorlopen``: what there is, how it stands, starting and closing."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from regie.actions.apply_event import Applied
from regie.actions.close_traject import close_traject, preview_close
from regie.actions.start_cycle import NextCycle, preview_cycle, start_cycle
from regie.actions.start_traject import NewTraject, preview_start, start_traject
from regie.core.changes import Changes
from regie.core.permissions import Actor, Permission
from regie.core.privacy import has_citizen_number
from regie.core.traject import Cycle, CycleState
from regie.reports.api_views import find_definition, read_traject
from regie.reports.portfolio import PortfolioRow, make_portfolio, narrow
from regie.reports.traject_home import OpenStep, SaidLine, ToldLine, TrajectHome, make_traject_home
from regie.text.rules import say_cycle
from regie.web.api import models as m
from regie.web.api.access import (
    PREFIX,
    ApiRoute,
    CycleNumber,
    IdempotencyKey,
    Page,
    PerPage,
    Seen,
    Trial,
    answer_done,
    answer_tagged,
    needs,
    needs_in_traject,
    own_request,
)
from regie.web.api.doing import PRIVATE, done_facts, place_of, say_effects, say_findings
from regie.web.api.looking import SeesTraject
from regie.web.deps import ContextNow, Now, PagesNow, Reading, ShellNow, Today, reading, ring

router = APIRouter(prefix=PREFIX, route_class=ApiRoute)

_DONE = {200: {"model": m.Gedaan, "description": "Getoond en niet opgeslagen, of al eerder gedaan."}}


@router.get("/trajecten", tags=["trajecten"], operation_id="lijstTrajecten", response_model=m.Trajecten)
def list_portfolio(
    request: Request,
    actor: Annotated[Actor, needs(Permission.SEE_PORTFOLIO)],
    session: Reading,
    context: ContextNow,
    pages: PagesNow,
    today: Today,
    search: Annotated[str, Query(alias="zoek", max_length=100, description="Woorden in wat er staat.")] = "",
    only_problems: Annotated[
        bool, Query(alias="problemen", description="Alleen waar iets te laat is of een datum niet houdt.")
    ] = False,
    page: Page = 1,
    size: PerPage = 50,
) -> m.Trajecten:
    """Geef de trajecten die lopen en die u mag zien, de meest bedreigde eerst, met de cijfers van de portefeuille."""
    every = make_portfolio(session, context.shelf.get, today, pages.language(request), seen=actor.trajects)
    rows = narrow(every, search, only_problems=only_problems)
    return m.Trajecten(
        trajecten=[_row(each) for each in rows[(page - 1) * size : page * size]],
        paginering=m.Paginering(pagina=page, pagina_grootte=size, totaal=len(rows)),
    )


def _row(row: PortfolioRow) -> m.TrajectRegel:
    decision, opening, ball = row.next_decision, row.opening, row.ball
    return m.TrajectRegel(
        slug=row.traject,
        titel=row.title,
        doorloop=row.cycle,
        soort=row.kind,
        volgend_besluit=m.VolgendBesluit(
            stap=decision.step, titel=decision.title, besluit_door=decision.decided_by, op=decision.on
        )
        if decision
        else None,
        opening=m.Opening(
            titel=opening.title,
            streefdatum=opening.target_on,
            gepland_op=opening.planned_on,
            ruimte_werkdagen=opening.room,
        )
        if opening
        else None,
        open=row.open,
        te_laat=row.late,
        wachtend=row.waiting,
        na_vervaldatum=row.after_due,
        na_wettelijke_datum=row.after_legal,
        aan_zet=m.AanZet(
            stap=ball.step, titel=ball.title, rol=ball.role, mensen=list(ball.people), vervalt_op=ball.due_on
        )
        if ball
        else None,
    )


@router.post(
    "/trajecten",
    tags=["trajecten"],
    operation_id="postTraject",
    status_code=201,
    response_model=m.GestartTraject,
    responses={200: {"model": m.GestartTraject, "description": "Getoond en niet opgeslagen, of al eerder gedaan."}},
)
def start(
    request: Request,
    actor: Annotated[Actor, needs(Permission.START_TRAJECT)],
    body: m.NieuwTraject,
    shell: ShellNow,
    now: Now,
    today: Today,
    idempotency_key: IdempotencyKey = None,
    trial: Trial = False,
) -> Response:
    """Start een traject. Met `proef=true` ziet u het plan, en wat er niet in past, zonder dat er iets wordt opgeslagen."""
    context, language = shell.context, shell.pages.language(request)
    with reading(shell) as session:
        definition, sources = find_definition(session, context.shelf, body.stappenplan)
    new = NewTraject(
        body.titel,
        body.begin_op or today,
        body.antwoorden,
        body.streefdatums,
        slug=body.slug or "",
        zone=shell.settings.timezone,
        by=actor.name,
    )
    changes = preview_start(definition, new, now)
    effects, applied = [], []
    if not trial:
        traject_id, done = start_traject(
            context, sources, definition, new, now, request_id=own_request(actor, idempotency_key)
        )
        applied.append(done)
        ring(shell, traject_id, done.changes)
    effects.append(say_effects(request, changes.traject, changes, now, language, sees_confidential=True))
    warnings = [PRIVATE] if has_citizen_number(body.titel) else []
    slug, cycle = changes.traject.slug, changes.traject.cycles[0]
    answer = m.GestartTraject(
        **done_facts(effects, warnings, applied),
        slug=slug,
        stappen=sum(not each.state.is_out for each in cycle.occurrences.values()),
        niet_van_toepassing=sum(each.state.is_out for each in cycle.occurrences.values()),
        klaar_op=changes.plans[0][1].finish_on if changes.plans else None,
        bevindingen=list(say_findings(changes.findings, cycle.definition, language)),
    )
    place = f"{PREFIX}/trajecten/{slug}" if applied else ""
    return answer_done(answer, place, is_saved=bool(applied) and not applied[0].repeated)


@router.get("/trajecten/{slug}", tags=["trajecten"], operation_id="toonTraject", response_model=m.Traject)
def show(
    request: Request,
    seen: SeesTraject,
    session: Reading,
    shell: ShellNow,
    pages: PagesNow,
    today: Today,
    now: Now,
    cycle: CycleNumber = 0,
) -> Response:
    """Geef hoe een traject ervoor staat: wat de opening bedreigt, wat te laat is of deze week moet, besluiten, fasen."""
    home = make_traject_home(
        session,
        shell.context.shelf,
        seen.slug,
        today,
        now,
        pages.language(request),
        cycle=cycle,
        sees_confidential=seen.sees_confidential,
    )
    return answer_tagged(request, _home(home))


def _home(home: TrajectHome) -> m.Traject:
    return m.Traject(
        slug=home.traject,
        titel=home.title,
        doorloop=home.cycle,
        doorlopen=list(home.cycles),
        soort=home.kind,
        is_afgelopen=home.is_over,
        vandaag=home.today,
        stappen=home.steps,
        klaar=home.done,
        wachtend=home.waiting,
        dreigingen=[m.Dreiging(zin=each.sentence, keten=list(each.chain)) for each in home.threats],
        streefdatums=[
            m.Streefdatum(
                titel=each.title,
                streefdatum=each.target_on,
                gepland_op=each.planned_on,
                ruimte_werkdagen=each.room,
                zin=each.sentence,
            )
            for each in home.aims
        ],
        te_laat=[_open(each) for each in home.late],
        deze_week=[_open(each) for each in home.due],
        besluiten=[
            m.KomendBesluit(
                stap=each.step,
                titel=each.title,
                besluit_door=each.decided_by,
                op=each.on,
                stukken_uiterlijk=each.papers_due_on,
                stukken_te_laat=each.papers_late,
                stand=each.state,
            )
            for each in home.decisions
        ],
        meer_besluiten=home.more_decisions,
        verteld=[_line(each) for each in home.told],
        gezegd=[_line(each) for each in home.said],
        fasen=[
            m.Fase(
                titel=each.title,
                eerste_dag=each.first_on,
                laatste_dag=each.last_on,
                stappen=each.steps,
                klaar=each.done,
            )
            for each in home.phases
        ],
    )


def _open(step: OpenStep) -> m.OpenStap:
    return m.OpenStap(stap=step.step, titel=step.title, aan_zet=step.holder, stand=step.state, vervalt_op=step.due_on)


def _line(line: ToldLine | SaidLine) -> m.Bericht:
    return m.Bericht(op=line.at, naam=line.name, wat=line.what, stap=line.step, titel=line.title)


@router.post(
    "/trajecten/{slug}/afsluitingen",
    tags=["trajecten"],
    operation_id="postAfsluiting",
    status_code=201,
    response_model=m.Gedaan,
    responses=_DONE,  # type: ignore[arg-type]
)
def close(
    request: Request,
    seen: Annotated[Seen, needs_in_traject(Permission.CLOSE_TRAJECT)],
    body: m.Afsluiting,
    shell: ShellNow,
    now: Now,
    idempotency_key: IdempotencyKey = None,
    trial: Trial = False,
) -> Response:
    """Sluit een traject af: wat nog open staat, wordt ingetrokken, en niemand hoort er nog over."""
    context, language = shell.context, shell.pages.language(request)
    warnings = [PRIVATE] if has_citizen_number(body.reden) else []
    with reading(shell) as session:
        before = read_traject(session, context.shelf, seen.traject_id)
    found: tuple[Changes, ...] = ()
    applied: tuple[Applied, ...] = ()
    if trial:
        found = preview_close(context, seen.traject_id, body.reden, now, by=seen.actor.name)
    else:
        applied = close_traject(
            context,
            seen.traject_id,
            body.reden,
            now,
            by=seen.actor.name,
            request_id=own_request(seen.actor, idempotency_key),
        )
        found = tuple(each.changes for each in applied if each.changes is not None)
        ring(shell, seen.traject_id)
    effects = [
        say_effects(request, before, each, now, language, sees_confidential=seen.sees_confidential) for each in found
    ]
    answer = m.Gedaan(**done_facts(effects, warnings, applied))
    return answer_done(answer, place_of(seen.slug, applied), is_saved=bool(applied) and not applied[0].repeated)


# --- cycles ------------------------------------------------------------------------------------------


@router.get(
    "/trajecten/{slug}/doorlopen", tags=["doorlopen"], operation_id="lijstDoorlopen", response_model=m.Doorlopen
)
def list_cycles(request: Request, seen: SeesTraject, session: Reading, shell: ShellNow, pages: PagesNow) -> m.Doorlopen:
    """Geef de doorlopen van een traject."""
    traject = read_traject(session, shell.context.shelf, seen.traject_id)
    return m.Doorlopen(doorlopen=[_cycle(each, pages.language(request)) for each in traject.cycles])


@router.get(
    "/trajecten/{slug}/doorlopen/{nummer}", tags=["doorlopen"], operation_id="toonDoorloop", response_model=m.Doorloop
)
def show_cycle(
    request: Request,
    seen: SeesTraject,
    nummer: Annotated[int, Path(ge=1, le=100_000)],
    session: Reading,
    shell: ShellNow,
    pages: PagesNow,
) -> Response:
    """Geef een doorloop. Met een ETag."""
    found = read_traject(session, shell.context.shelf, seen.traject_id).get_cycle(nummer)
    return answer_tagged(request, _cycle(found, pages.language(request)))


def _cycle(cycle: Cycle, language: str) -> m.Doorloop:
    definition = cycle.definition
    return m.Doorloop(
        nummer=cycle.number,
        soort=cycle.kind,
        soort_tekst=say_cycle(definition, cycle.kind, language),
        is_afgelopen=cycle.state is CycleState.ENDED,
        beeindigd_omdat=cycle.ended_because,
        vorige_doorloop=cycle.parent,
        stappenplan=definition.id,
        stappenplan_versie=definition.version,
        antwoorden={
            str(name): sorted(answer)
            if isinstance(answer, frozenset)
            else answer
            if isinstance(answer, bool | int)
            else str(answer)
            for name, answer in cycle.answers.items()
        },
    )


@router.post(
    "/trajecten/{slug}/doorlopen",
    tags=["doorlopen"],
    operation_id="postDoorloop",
    status_code=201,
    response_model=m.GeopendeDoorloop,
    responses={200: {"model": m.GeopendeDoorloop, "description": "Getoond en niet opgeslagen, of al eerder gedaan."}},
)
def start_next(
    request: Request,
    seen: Annotated[Seen, needs_in_traject(Permission.START_CYCLE)],
    body: m.NieuweDoorloop,
    shell: ShellNow,
    now: Now,
    today: Today,
    idempotency_key: IdempotencyKey = None,
    trial: Trial = False,
) -> Response:
    """Open de volgende doorloop volgens de regels van het stappenplan; `naDoorloop` is de laatste die u zag."""
    context, language = shell.context, shell.pages.language(request)
    new = NextCycle(
        body.soort,
        body.begin_op or today,
        own_request(seen.actor, idempotency_key) or context.ids(),
        body.antwoorden,
        body.streefdatums,
        seen.actor.name,
        body.na_doorloop,
    )
    changes: Changes | None
    if trial:
        changes = preview_cycle(context, seen.traject_id, new, now)
        applied, number = [], changes.event.cycle
    else:
        number, done = start_cycle(context, seen.traject_id, new, now)
        applied, changes = [done], done.changes
        ring(shell, seen.traject_id, changes)
    effects, cycle = [], None
    if changes is not None:
        effects = [say_effects(request, changes.traject, changes, now, language, sees_confidential=False)]
        cycle = changes.traject.cycle(number)
    occurrences = cycle.occurrences if cycle else {}
    answer = m.GeopendeDoorloop(
        **done_facts(effects, (), applied),
        nummer=number,
        stappen=sum(not each.state.is_out for each in occurrences.values()),
        overgenomen=sum(each.kept_from is not None for each in occurrences.values()),
        klaar_op=next((plan.finish_on for each, plan in changes.plans if each == number), None)
        if changes is not None
        else None,
        bevindingen=list(say_findings(changes.findings, cycle.definition, language))
        if changes is not None and cycle is not None
        else [],
    )
    place = f"{PREFIX}/trajecten/{seen.slug}/doorlopen/{number}" if applied else ""
    return answer_done(answer, place, is_saved=bool(applied) and not applied[0].repeated)
