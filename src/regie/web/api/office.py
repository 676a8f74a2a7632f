"""``/partners``, ``/stappenplannen``, ``/bezorgingen`` and ``/toegangsregels``: what administrators keep in order."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import JSONResponse, Response

from regie.actions.keep_deliveries import retry_message
from regie.actions.revoke_link import revoke
from regie.core.definition import text_in
from regie.core.permissions import EVERY_TRAJECT, MAY, Actor, Permission, trajects_with
from regie.errors import NotFound, Refused
from regie.reports.api_views import (
    STATUSES,
    MailLink,
    find_definition,
    get_mail_link,
    list_deliveries,
    list_mail_links,
    list_partners,
    list_visits,
    read_traject,
)
from regie.text.post import say_detail
from regie.text.refusals import say_refusal
from regie.web.api import models as m
from regie.web.api.access import MOST_ROWS, PREFIX, ApiRoute, Page, PerPage, Trial, answer_tagged, may_in_some, needs
from regie.web.api.problems import make_problem, number_of, pointer
from regie.web.deps import (
    Bell,
    ContextNow,
    Now,
    PagesNow,
    Reading,
    ShellNow,
    find_slug,
    note_refusal,
    reading,
    save_partners,
)

router = APIRouter(prefix=PREFIX, route_class=ApiRoute)

_COLUMNS = {"e-mail": "eMail"}
TrajectFilter = Annotated[
    str | None,
    Query(
        alias="traject",
        max_length=200,
        pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$",
        description="Alleen van dit traject, met zijn korte naam.",
    ),
]


@router.get("/partners", tags=["partners"], operation_id="lijstPartners", response_model=m.Partners)
def list_people(
    actor: Annotated[Actor, needs(Permission.SEE_PARTNERS)],
    session: Reading,
    context: ContextNow,
    traject: TrajectFilter = None,
    page: Page = 1,
    size: PerPage = 50,
) -> m.Partners:
    """Geef de partners en hun rollen, op naam; van de trajecten waar u over gaat."""
    mine = {each.traject_id for each in actor.rights if Permission.SEE_PARTNERS in MAY[each.role]}
    within = None if EVERY_TRAJECT in mine else mine
    if traject is not None:
        wanted = find_slug(context, traject)
        is_theirs = wanted is not None and may_in_some(actor, Permission.SEE_PARTNERS, wanted)
        within = {wanted} if is_theirs and wanted is not None else set()
    found = list_partners(session, within) if within is None or within else ()
    return m.Partners(
        partners=[
            m.Partner(
                kenmerk=each.id,
                naam=each.name,
                e_mail=each.email,
                organisatie=each.organisation,
                taal=each.language,
                vervanger=each.deputy,
                rollen=[m.RolVan(rol=role, overal=place == EVERY_TRAJECT) for role, place in each.roles],
            )
            for each in found[(page - 1) * size : page * size]
        ],
        paginering=m.Paginering(pagina=page, pagina_grootte=size, totaal=len(found)),
    )


@router.post(
    "/partner-importen",
    tags=["partners"],
    operation_id="postPartnerImport",
    response_model=m.Ingelezen,
    status_code=200,
)
def import_list(
    request: Request,
    actor: Annotated[Actor, needs(Permission.MANAGE_PARTNERS)],
    body: m.PartnerImport,
    shell: ShellNow,
    trial: Trial = False,
) -> Response:
    """Lees een lijst met partners en hun rollen in: alles of niets. Nog eens inlezen verandert niets."""
    language = shell.pages.language(request)
    traject_id = None
    with reading(shell) as session:
        if body.traject is not None:
            traject_id = find_slug(shell.context, body.traject)
            if traject_id is None:
                raise Refused("there is no such traject", code="traject-not-there", traject=body.traject)
            definition = read_traject(session, shell.context.shelf, traject_id).cycles[-1].definition
        else:
            definition, _ = find_definition(session, shell.context.shelf, body.stappenplan)
    report = save_partners(
        shell,
        [each.row() for each in body.rijen],
        dry_run=trial,
        traject_id=traject_id or EVERY_TRAJECT,
        roles=set(definition.partner_roles()),
    )
    if report.problems:
        errors = [
            {
                "in": "body",
                "location": pointer(["rijen", each.row - 1, _COLUMNS.get(each.column, each.column)]),
                "code": each.error.code,
                "detail": say_refusal(each.error, language).message,
            }
            for each in report.problems
        ]
        return make_problem(400, number_of(request), language=language, errors=errors)
    answer = m.Ingelezen(
        opgeslagen=report.is_stored,
        nieuw=report.added,
        gewijzigd=report.changed,
        gelijk=report.unchanged,
        rollen_gegeven=report.bound,
    )
    return JSONResponse(answer.model_dump(mode="json", by_alias=True))


@router.get(
    "/stappenplannen/{naam}", tags=["stappenplannen"], operation_id="toonStappenplan", response_model=m.Stappenplan
)
def show_definition(
    request: Request,
    actor: Annotated[Actor, needs(Permission.SEE_PORTFOLIO)],
    name: Annotated[
        str,
        Path(
            alias="naam",
            max_length=60,
            pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$",
            openapi_examples={"opvang": {"value": "opvang"}},
        ),
    ],
    session: Reading,
    context: ContextNow,
    pages: PagesNow,
) -> Response:
    """Geef wat een stappenplan vraagt om ermee te starten: vragen, verplichte streefdatums, soorten doorloop."""
    definition, _ = find_definition(session, context.shelf, name)
    language = pages.language(request)
    body = m.Stappenplan(
        naam=definition.id,
        versie=definition.version,
        titel=text_in(definition.title, language),
        vragen=[
            m.Vraagstelling(
                naam=each.id,
                vraag=text_in(each.ask, language),
                soort=each.kind.value,
                keuzes=list(each.options),
                van=each.low,
                tot=each.high,
            )
            for each in definition.questions.values()
        ],
        streefdatums=[
            m.Soort(naam=each.id, titel=text_in(each.title, language))
            for each in definition.anchors.values()
            if each.target_required and each.id != definition.start_anchor
        ],
        soorten_doorloop=[
            m.Soort(naam=each.id, titel=text_in(each.title, language)) for each in definition.cycle_kinds.values()
        ],
    )
    return answer_tagged(request, body)


# --- deliveries --------------------------------------------------------------------------------------


@router.get("/bezorgingen", tags=["bezorgingen"], operation_id="lijstBezorgingen", response_model=m.Bezorgingen)
def list_posts(
    actor: Annotated[Actor, needs(Permission.SEE_DELIVERIES)],
    session: Reading,
    shell: ShellNow,
    status: Annotated[
        str | None,
        Query(description=f"Alleen met deze stand: {', '.join(STATUSES)}.", json_schema_extra={"enum": [*STATUSES]}),
    ] = None,
    traject: TrajectFilter = None,
    page: Annotated[int, Query(alias="pagina", ge=1, le=100, description="Welke pagina, vanaf 1.")] = 1,
    size: PerPage = 50,
) -> m.Bezorgingen:
    """Geef berichten met hoe het ermee staat, de nieuwste eerst."""
    if status is not None and status not in STATUSES:
        raise Refused("there is no such status", code="status-unknown", options=list(STATUSES))
    within = trajects_with(actor, Permission.SEE_DELIVERIES)
    traject_id = find_slug(shell.context, traject) if traject is not None else None
    if traject is not None and (traject_id is None or (within is not None and traject_id not in within)):
        return m.Bezorgingen(bezorgingen=[], pagina=page, is_laatste=True)
    found = list_deliveries(session, within=within, status=status, traject_id=traject_id, limit=page * size + 1)
    zone = shell.settings.timezone
    return m.Bezorgingen(
        bezorgingen=[
            m.Bezorging(
                kenmerk=each.id,
                aan=each.recipient,
                naam=each.name,
                kanaal=each.channel.partition(":")[0],
                status=each.status.value,
                poging=each.attempt,
                toelichting=say_detail(each.detail, zone),
                gemaakt_op=each.created_at,
                verstuurd_op=each.sent_at,
                wacht_op_mens=each.needs_a_person,
                regels=[
                    m.BezorgRegel(
                        traject=line.traject,
                        doorloop=line.cycle,
                        stap=f"{line.step}@{line.key}" if line.key else line.step,
                        soort=line.kind,
                    )
                    for line in each.lines
                ],
            )
            for each in found[(page - 1) * size : page * size]
        ],
        pagina=page,
        is_laatste=len(found) <= page * size,
    )


@router.post(
    "/bezorgingen/{kenmerk}/herkansingen",
    tags=["bezorgingen"],
    operation_id="postHerkansing",
    status_code=201,
    response_model=m.Herkansing,
)
def retry(
    actor: Annotated[Actor, needs(Permission.RETRY_DELIVERY)],
    message: Annotated[str, Path(alias="kenmerk", max_length=64, pattern=r"^[A-Za-z0-9_-]+$")],
    body: m.Leeg,
    shell: ShellNow,
    now: Now,
    bell: Bell,
) -> m.Herkansing:
    """Laat een mislukt of onzeker bericht opnieuw vertrekken."""
    retry_message(shell.context, message, by=actor.name, now=now)
    bell()
    return m.Herkansing(kenmerk=message, status="pending")


# --- links -------------------------------------------------------------------------------------------


@router.get("/links", tags=["links"], operation_id="lijstLinks", response_model=m.Links)
def list_all_links(
    actor: Annotated[Actor, needs(Permission.REVOKE_LINKS)],
    session: Reading,
    shell: ShellNow,
    now: Now,
    traject: TrajectFilter = None,
    only_open: Annotated[bool, Query(alias="alleenOpen", description="Zonder wat is ingetrokken of verlopen.")] = False,
    before: Annotated[
        int | None, Query(alias="voor", ge=1, le=2_000_000_000, description="Ga verder voor dit nummer.")
    ] = None,
    size: PerPage = 50,
) -> m.Links:
    """Geef de links in mails van uw trajecten, met wie ze heeft, de nieuwste eerst."""
    within = trajects_with(actor, Permission.REVOKE_LINKS)
    wanted = find_slug(shell.context, traject) if traject is not None else None
    if traject is not None and (wanted is None or (within is not None and wanted not in within)):
        return m.Links(links=[], volgende=None)
    found = list_mail_links(
        session, now, within=within, traject_id=wanted, only_open=only_open, before=before, limit=size + 1
    )
    shown = found[:size]
    return m.Links(links=[_link(each) for each in shown], volgende=shown[-1].id if len(found) > size else None)


def _own_link(
    actor: Annotated[Actor, needs(Permission.REVOKE_LINKS)],
    number: Annotated[int, Path(alias="nummer", ge=1, le=2_000_000_000)],
    session: Reading,
    context: ContextNow,
    now: Now,
) -> tuple[Actor, MailLink]:
    """Who asks, and a link that they may take away; before the body is read, so that it tells nothing."""
    try:
        return actor, get_mail_link(session, number, now, trajects_with(actor, Permission.REVOKE_LINKS))
    except NotFound:
        note_refusal(context, actor, now, f"{Permission.REVOKE_LINKS} link:{number}")
        raise


@router.post(
    "/links/{nummer}/intrekkingen",
    tags=["links"],
    operation_id="postLinkIntrekking",
    status_code=201,
    response_model=m.LinkRegel,
)
def revoke_link(
    own: Annotated[tuple[Actor, MailLink], Depends(_own_link)],
    body: m.LinkIntrekking,
    context: ContextNow,
    now: Now,
    bell: Bell,
) -> m.LinkRegel:
    """Laat een link niet meer werken. Twee keer vragen is een keer doen."""
    actor, found = own
    revoked = revoke(context, found.id, body.reden, now, by=actor.name)
    bell()
    return _link(revoked)


def _link(link: MailLink) -> m.LinkRegel:
    return m.LinkRegel(
        nummer=link.id,
        traject=link.slug,
        doorloop=link.cycle,
        stap=str(link.key),
        van=link.person_name,
        rol=link.role,
        gemaakt_op=link.created_at,
        vervalt_op=link.expires_at,
        gebruikt_op=link.used_at,
        ingetrokken_op=link.revoked_at,
        reden_intrekking=link.revoked_because,
        werkt=link.is_live,
    )


# --- access ------------------------------------------------------------------------------------------


@router.get("/toegangsregels", tags=["toegang"], operation_id="lijstToegangsregels", response_model=m.Toegangen)
def list_access(
    actor: Annotated[Actor, needs(Permission.SEE_AUDIT)],
    session: Reading,
    before: Annotated[
        int | None, Query(alias="voor", ge=1, le=2_000_000_000, description="Ga verder voor dit nummer.")
    ] = None,
    since: Annotated[m.AnyMoment | None, Query(alias="vanaf", description="Vanaf dit moment, in elke zone.")] = None,
    size: Annotated[
        int, Query(alias="paginaGrootte", ge=1, le=MOST_ROWS, description=f"Hoeveel per pagina, hoogstens {MOST_ROWS}.")
    ] = 50,
) -> m.Toegangen:
    """Geef wie binnenkwam, wie geweigerd werd, en wat beheerders deden, de nieuwste eerst. Alleen kenmerken."""
    found = list_visits(session, before=before, since=since, limit=size + 1)
    rows: list[Any] = [*found[:size]]
    return m.Toegangen(
        toegangsregels=[
            m.Toegang(
                nummer=each.id,
                op=each.at,
                wie=each.who,
                wat=each.what.value,
                waarover=each.about,
                geweigerd=each.outcome.value == "refused",
            )
            for each in rows
        ],
        volgende=rows[-1].id if len(found) > size else None,
    )
