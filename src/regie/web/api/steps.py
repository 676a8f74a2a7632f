"""``/stappen`` and ``/besluiten``: the steps of a traject, and what is done to them."""

# no postponed annotations here: the routes of the acts are made from a table, with their own types

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from regie.core.events import StepEvent
from regie.core.ids import OccurrenceKey
from regie.core.permissions import NEEDED
from regie.core.traject import Occurrence
from regie.errors import NotFound
from regie.reports.step_view import RelatedStep, StepView, view_step
from regie.reports.subject import Subject, coming_gates
from regie.text.phrases import words_in
from regie.text.rules import say_body
from regie.uploads import KINDS
from regie.web.api import models as m
from regie.web.api.access import (
    PREFIX,
    ApiRoute,
    CycleNumber,
    FilesRoute,
    IdempotencyKey,
    IfMatch,
    Page,
    PerPage,
    Seen,
    Trial,
    answer_tagged,
    needs_in_traject,
    seen_version,
)
from regie.web.api.acts import ACTS, ActRoute, StepAbout
from regie.web.api.doing import perform
from regie.web.api.looking import SeesTraject, SubjectNow
from regie.web.deps import Now, Reading, ShellNow
from regie.web.handing_out import send_file

router = APIRouter(prefix=PREFIX, route_class=ApiRoute)

Key = Annotated[
    str,
    Path(
        alias="sleutel",
        description="De stap, met zijn exemplaar als er meer van zijn: `f2-instroom@tweede`.",
        pattern=r"^[A-Za-z0-9_-]+(@[A-Za-z0-9._-]+)?$",
        max_length=200,
        openapi_examples={"stap": {"value": "f0-startnota"}},
    ),
]


@router.get("/trajecten/{slug}/stappen", tags=["stappen"], operation_id="lijstStappen", response_model=m.Stappen)
def list_steps(
    subject: SubjectNow,
    state: Annotated[m.Stand | None, Query(alias="stand", description="Alleen met deze stand.")] = None,
    phase: Annotated[str | None, Query(alias="fase", max_length=100, description="Alleen van deze fase.")] = None,
    track: Annotated[str | None, Query(alias="thema", max_length=100, description="Alleen van dit thema.")] = None,
    role: Annotated[str | None, Query(alias="rol", max_length=100, description="Alleen van deze rol.")] = None,
    late: Annotated[bool, Query(alias="teLaat", description="Alleen wat te laat is.")] = False,
    page: Page = 1,
    size: PerPage = 50,
) -> m.Stappen:
    """Geef de stappen van een doorloop, in de volgorde van het plan."""
    steps = subject.definition.steps
    rows = [
        m.StapRegel(**facts_of(subject, each))
        for key, each in subject.cycle.occurrences.items()
        if (state is None or m.STANDS[each.state] is state)
        and (not phase or steps[key.step].phase == phase)
        and (not track or steps[key.step].track == track)
        and (not role or steps[key.step].responsible == role)
        and (not late or is_late(subject, each))
    ]
    return m.Stappen(
        doorloop=subject.cycle.number,
        stappen=rows[(page - 1) * size : page * size],
        paginering=m.Paginering(pagina=page, pagina_grootte=size, totaal=len(rows)),
    )


@router.get("/trajecten/{slug}/stappen/{sleutel}", tags=["stappen"], operation_id="toonStap", response_model=m.Stap)
def show_step(
    request: Request,
    seen: SeesTraject,
    subject: SubjectNow,
    key: Key,
    session: Reading,
) -> Response:
    """Geef een stap: stand, mensen, datums met uitleg, verbanden, bewijs en geschiedenis. Met een ETag."""
    view = view_step(session, subject, OccurrenceKey.read(key), sees_confidential=seen.sees_confidential)
    return answer_tagged(request, _step(subject, view, subject.language), view.occurrence.version)


def is_late(subject: Subject, occurrence: Occurrence) -> bool:
    due_on = occurrence.planned.due_on if occurrence.planned else None
    return occurrence.state.is_open and due_on is not None and due_on < subject.today


def facts_of(subject: Subject, occurrence: Occurrence) -> dict[str, Any]:
    """What a list shows of a step."""
    step, planned = subject.definition.steps[occurrence.key.step], occurrence.planned
    return {
        "sleutel": str(occurrence.key),
        "exemplaar": occurrence.key.key,
        "titel": title_of(subject, occurrence.key),
        "fase": step.phase,
        "thema": step.track,
        "verantwoordelijk": step.responsible,
        "eindverantwoordelijk": step.accountable,
        "is_besluit": step.gate is not None,
        "stand": m.STANDS[occurrence.state],
        "is_te_laat": is_late(subject, occurrence),
        "is_kritiek": bool(planned and planned.critical),
        "begonnen_op": occurrence.started_on,
        "klaar_op": occurrence.finished_on,
        "begin_op": planned.early_start if planned else None,
        "einde_op": planned.early_finish if planned else None,
        "uiterlijk_begin_op": planned.late_start if planned else None,
        "uiterlijk_einde_op": planned.late_finish if planned else None,
        "speling_werkdagen": planned.slack_working_days if planned else None,
        "vervalt_op": planned.due_on if planned else None,
        "wettelijk_op": planned.legal_on if planned else None,
        "toegezegd_op": occurrence.promised_on,
        "voorgesteld_op": occurrence.proposed_on,
        "versie": occurrence.version,
    }


def title_of(subject: Subject, key: OccurrenceKey) -> str:
    return subject.say_step(key)


def _step(subject: Subject, view: StepView, language: str) -> m.Stap:
    occurrence = view.occurrence
    verbs = words_in(language).verbs
    return m.Stap(
        **{**facts_of(subject, occurrence), "titel": view.title},
        doorloop=view.cycle,
        klaar_als=view.done_when,
        toelichting=view.remark,
        fase_titel=view.phase,
        thema_titel=view.track,
        aan_zet=view.holder,
        overgedragen_aan=view.assigned_to,
        is_afgewezen=occurrence.declined,
        heeft_vraag=bool(occurrence.askers),
        reden_voorstel=occurrence.proposal_reason,
        is_vertrouwelijk=view.is_confidential,
        besluit_door=view.decided_by,
        uitkomst=view.outcome,
        uitkomsten=list(view.outcomes),
        bewijs_verplicht=view.evidence_required,
        waarom=view.why,
        waarom_begin=view.why_start,
        waarom_einde=view.why_finish,
        keten=list(view.chain),
        mensen=[m.Deelnemer(deel=each.part, rol=each.role, mensen=list(each.people)) for each in view.parts],
        ervoor=[_related(each) for each in view.before],
        erna=[_related(each) for each in view.after],
        bewijs=[
            m.Bewijs(tekst=each.text, adres=each.url, bestand=each.file.id if each.file else None)
            for each in view.evidence
        ],
        geschiedenis=[
            m.StapGeschiedenis(
                op=each.at,
                door=each.name,
                wat=each.what,
                van=each.move[0] if each.move else None,
                naar=each.move[1] if each.move else None,
                woorden=list(each.words),
            )
            for each in view.happened
        ],
        wat_kan=[verbs[each] for each in view.may],
    )


def _related(step: RelatedStep) -> m.VerwanteStap:
    return m.VerwanteStap(
        stap=str(step.key),
        titel=step.title,
        verband=step.says,
        tussentijd=step.lag,
        stand=m.STANDS[step.state],
        houdt=step.is_satisfied,
        bij_begin=step.at_start,
        op=step.on,
    )


# --- files -------------------------------------------------------------------------------------------


@router.get(
    "/trajecten/{slug}/bestanden/{bestand}",
    tags=["stappen"],
    operation_id="haalBestand",
    response_class=Response,
    responses={
        200: {
            "content": {
                each: {"schema": {"type": "string", "format": "binary"}} for each in sorted(set(KINDS.values()))
            }
        }
    },
)
def get_file(
    seen: SeesTraject,
    file_id: Annotated[
        str,
        Path(
            alias="bestand", max_length=64, pattern=r"^[0-9A-Za-z-]+$", description="Zoals bij `bewijs` van een stap."
        ),
    ],
    shell: ShellNow,
    session: Reading,
    now: Now,
) -> Response:
    """Haal een bestand op dat als bewijs gegeven is."""
    return send_file(shell, session, file_id, seen.actor, now, traject_id=seen.traject_id)


# --- decisions ---------------------------------------------------------------------------------------


@router.get(
    "/trajecten/{slug}/besluiten", tags=["besluiten"], operation_id="lijstBesluiten", response_model=m.Besluiten
)
def list_gates(subject: SubjectNow) -> m.Besluiten:
    """Geef de besluiten van een doorloop: wie besluit, wanneer, met welke uitkomsten, en wanneer de stukken er zijn."""
    return m.Besluiten(doorloop=subject.cycle.number, besluiten=_gates(subject))


@router.get(
    "/trajecten/{slug}/besluiten/{sleutel}",
    tags=["besluiten"],
    operation_id="toonBesluit",
    response_model=m.BesluitRegel,
)
def show_gate(
    request: Request,
    subject: SubjectNow,
    key: Key,
) -> Response:
    """Geef een besluit. Met een ETag."""
    found = next((each for each in _gates(subject) if each.sleutel == key), None)
    if found is None:
        raise NotFound(
            f"no gate '{key}' in cycle {subject.cycle.number}",
            code="unknown-step",
            step=key,
            cycle=subject.cycle.number,
        )
    return answer_tagged(request, found, found.versie)


def _gates(subject: Subject) -> list[m.BesluitRegel]:
    papers = {each.key: each.papers_due_on for each in coming_gates(subject)}
    rows = []
    for key, each in subject.cycle.occurrences.items():
        gate = subject.definition.steps[key.step].gate
        if gate is not None:
            rows.append(
                m.BesluitRegel(
                    sleutel=str(key),
                    titel=title_of(subject, key),
                    besluit_door=say_body(subject.definition, gate.decided_by, subject.language),
                    uitkomsten=list(gate.outcomes),
                    stand=m.STANDS[each.state],
                    uitkomst=each.outcome,
                    gepland_op=each.planned.early_finish if each.planned else None,
                    stukken_uiterlijk=papers.get(key),
                    versie=each.version,
                )
            )
    return rows


# --- acts --------------------------------------------------------------------------------------------


def _add(act: ActRoute) -> None:
    permission = NEEDED[act.event]

    def post(
        request: Request,
        seen: Annotated[Seen, needs_in_traject(permission)],
        key: Key,
        body: act.body,  # type: ignore[name-defined]
        if_match: IfMatch = None,
        idempotency_key: IdempotencyKey = None,
        trial: Trial = False,
        cycle: CycleNumber = 0,
    ) -> Response:
        version = seen_version(if_match, trial=trial)

        def make(number: int) -> StepEvent:
            made: StepEvent = body.event(StepAbout.of(OccurrenceKey.read(key), number, version))
            return made

        return perform(
            request, seen, make, cycle=cycle, trial=trial, key=idempotency_key, texts=body.texts, uploads=body.uploads
        )

    post.__name__ = act.body.__name__.lower()
    router.add_api_route(
        f"/trajecten/{{slug}}/{act.on}/{{sleutel}}/{act.collection}",
        post,
        methods=["POST"],
        tags=[act.on],
        operation_id=f"post{act.body.__name__}",
        summary=act.summary,
        description=f"{act.body.__doc__} Met `proef=true` wordt er niets opgeslagen.",
        status_code=201,
        response_model=m.Gedaan,
        route_class_override=FilesRoute if act.takes_files else None,
        responses={200: {"model": m.Gedaan, "description": "Getoond en niet opgeslagen, of al eerder gedaan."}},
    )


for _each in ACTS:
    _add(_each)
