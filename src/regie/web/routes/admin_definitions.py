"""Definitions with their versions: read, check, compare, upload, activate, retire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter, File, Form, Query, UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from regie.actions.keep_definitions import activate, discard, keep_draft, retire
from regie.core.permissions import Actor, Permission
from regie.core.versions import compare, only_days_differ
from regie.definitions import check_sources
from regie.definitions.findings import CODES, Finding, is_error, sort_findings
from regie.definitions.package import read_package, write_package
from regie.definitions.yaml_text import MOST_BYTES
from regie.errors import Conflict, Refused
from regie.reports.definition_view import show_source, view_definition
from regie.reports.kept_definitions import (
    get_kept,
    get_shipped,
    list_kept,
    list_shipped,
    read_definition,
    weigh_version,
)
from regie.text.differences import say_difference
from regie.uploads import clean_name
from regie.web.counter import Counter, CounterNow
from regie.web.deps import ContextNow, Now, needs
from regie.web.language import N_
from regie.web.pages import FormError

router = APIRouter()

HERE = "/beheer/stappenplannen"
ON_A_PAGE = 10
MOST_ZIP_BYTES = 10_000_000
Manager = Annotated[Actor, needs(Permission.MANAGE_DEFINITIONS)]
_NOT_CHOSEN = N_("Kies een zip-bestand, of de YAML-bestanden van een stappenplan.")
_HAS_ERRORS = N_("Dit stappenplan heeft fouten. Er is niets bewaard.")
_DONE: Mapping[str, str] = {
    "concept": N_("De versie is bewaard als concept. Kijk haar na, en activeer haar daarna."),
    "actief": N_("De versie is actief: nieuwe trajecten kunnen haar volgen."),
    "uit": N_("De versie is uit gebruik. Trajecten die haar volgen, gaan ermee door."),
    "weg": N_("Het concept is weggegooid."),
}


@router.get(HERE)
def show_definitions(counter: CounterNow, actor: Manager, gedaan: str = "") -> Response:
    """All versions, those that come with Regie, and a form for a new one."""
    return _list(counter, done=gedaan)


@router.post(HERE)
def upload_definition(
    counter: CounterNow,
    actor: Manager,
    bestanden: Annotated[list[UploadFile] | None, File()] = None,
) -> Response:
    """Take a new version in as a draft, or say at which lines it is wrong; then nothing is kept."""
    chosen = [each for each in bestanden or () if each.filename]
    if not chosen:
        return _list(counter, errors=[FormError("bestanden", counter.words(_NOT_CHOSEN))])
    try:
        texts, unread = read_package([(_name(each), each.file.read(_most(each) + 1)) for each in chosen])
    except Refused as error:
        return _list(counter, errors=[counter.wrong("bestanden", error)])
    result = check_sources(texts) if texts else None
    findings = sort_findings([*unread, *(result.findings if result else ())])
    if result is None or result.definition is None or any(map(is_error, unread)):
        wrong = FormError("bestanden", counter.words(_HAS_ERRORS))
        return _list(counter, errors=[wrong], findings=findings, texts=texts)
    try:
        content_hash = keep_draft(counter.context, actor, result.sources, result.definition, counter.now)
    except Conflict as error:
        return _list(counter, errors=[counter.wrong("bestanden", error)], status=409)
    return RedirectResponse(f"{HERE}/{content_hash}?gedaan=concept", 303)


@router.post(f"{HERE}/meegeleverd")
def take_shipped(
    actor: Manager, context: ContextNow, now: Now, plan: Annotated[str, Form(max_length=100)] = ""
) -> Response:
    """Keep a definition that comes with Regie as a draft."""
    found = get_shipped(plan)
    try:
        content_hash = keep_draft(context, actor, found.sources, found.definition, now)
    except Conflict as error:
        if error.code != "definition-known":
            raise
        content_hash = found.definition.content_hash
    return RedirectResponse(f"{HERE}/{content_hash}?gedaan=concept", 303)


@router.get(f"{HERE}/codes")
def show_codes(counter: CounterNow, actor: Manager) -> Response:
    """What each code of a finding stands for."""
    return counter.render("admin/codes.html", codes=sorted(CODES.items()))


@router.get(f"{HERE}/{{content_hash}}")
def show_definition(
    counter: CounterNow,
    actor: Manager,
    content_hash: str,
    gedaan: str = "",
) -> Response:
    """One version: what it says, who follows it, what lint finds, and what can be done with it."""
    return _one(counter, content_hash, done=gedaan)


@router.get(f"{HERE}/{{content_hash}}/bron")
def show_source_file(
    counter: CounterNow,
    actor: Manager,
    content_hash: str,
    bestand: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """A file with line numbers, and the findings at their lines."""
    kept = get_kept(counter.session, counter.context.shelf, content_hash)
    name = bestand or next(iter(kept.sources), "")
    if name not in kept.sources:
        raise HTTPException(404)
    return counter.render(
        "admin/source.html",
        kept=kept,
        name=name,
        file=show_source(name, kept.sources[name], kept.findings, whole=True),
    )


@router.get(f"{HERE}/{{content_hash}}/download")
def download_source(counter: CounterNow, actor: Manager, content_hash: str) -> Response:
    """The files as they were imported, in a zip."""
    kept = get_kept(counter.session, counter.context.shelf, content_hash)
    name = (
        clean_name(f"{kept.stored.id}-{kept.stored.version}.zip").encode("ascii", "replace").decode().replace("?", "_")
    )
    headers = {"Content-Disposition": f'attachment; filename="{name.replace(chr(34), "_")}"'}
    return Response(write_package(kept.sources), media_type="application/zip", headers=headers)


@router.get(f"{HERE}/{{content_hash}}/verschil")
def show_difference(
    counter: CounterNow,
    actor: Manager,
    content_hash: str,
    met: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """What differs between this version and an older one, in sentences."""
    kept = get_kept(counter.session, counter.context.shelf, content_hash)
    older = get_kept(
        counter.session, counter.context.shelf, met or (kept.others[0].content_hash if kept.others else content_hash)
    )
    if kept.definition is None or older.definition is None:
        raise HTTPException(404)
    language = counter.language
    found = compare(older.definition, kept.definition)
    return counter.render(
        "admin/difference.html",
        kept=kept,
        older=older.stored,
        sentences=[say_difference(each, older.definition, kept.definition, language) for each in found],
        only_days=only_days_differ(older.definition, kept.definition),
    )


@router.get(f"{HERE}/{{content_hash}}/gevolgen")
def show_effect(
    counter: CounterNow,
    actor: Manager,
    content_hash: str,
    blad: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """What would move in running trajects if they followed this version."""
    kept = get_kept(counter.session, counter.context.shelf, content_hash)
    if kept.definition is None:
        raise HTTPException(404)
    effects, total = weigh_version(
        counter.session,
        counter.context.shelf,
        kept.definition,
        counter.today,
        counter.language,
        skip=(blad - 1) * ON_A_PAGE,
        limit=ON_A_PAGE,
    )
    return counter.render(
        "admin/effect.html",
        kept=kept,
        effects=effects,
        total=total,
        sheet=blad,
        sheets=max(1, -(-total // ON_A_PAGE)),
    )


@router.post(f"{HERE}/{{content_hash}}/stand")
def change_state(
    counter: CounterNow,
    actor: Manager,
    content_hash: str,
    naar: Annotated[str, Form(max_length=20)] = "",
    gezien: Annotated[str, Form(max_length=20)] = "",
    vorige: Annotated[str, Form(max_length=5)] = "",
) -> Response:
    """Activate, retire or throw away; whoever was second is told what it is by now."""
    try:
        if naar == "active" and gezien in ("draft", "retired"):
            activate(counter.context, actor, content_hash, gezien, counter.now, replaces=vorige == "ja")
        elif naar == "retired":
            retire(counter.context, actor, content_hash, counter.now)
        elif naar == "weg":
            discard(counter.context, actor, content_hash, counter.now)
        else:
            raise HTTPException(400)
    except Conflict as error:
        return _one(counter, content_hash, error=counter.say(error))
    done = {"active": "actief", "retired": "uit", "weg": "weg"}[naar]
    return RedirectResponse(f"{HERE}?gedaan=weg" if naar == "weg" else f"{HERE}/{content_hash}?gedaan={done}", 303)


def _list(
    counter: Counter,
    *,
    done: str = "",
    errors: Sequence[FormError] = (),
    findings: Sequence[Finding] = (),
    texts: Mapping[str, str] | None = None,
    status: int = 422,
) -> Response:
    kept = list_kept(counter.session)
    known = {each.content_hash for each in kept}
    return counter.render(
        "admin/definitions.html",
        status if errors else 200,
        kept=kept,
        shipped=[each for each in list_shipped() if each.definition.content_hash not in known],
        done=counter.words(_DONE[done]) if done in _DONE and not errors else "",
        errors=list(errors),
        findings=findings,
        files=[
            show_source(name, text, findings, whole=False)
            for name, text in (texts or {}).items()
            if any(each.mark.file == name for each in findings)
        ],
    )


def _one(
    counter: Counter,
    content_hash: str,
    *,
    done: str = "",
    error: str = "",
) -> Response:
    kept = get_kept(counter.session, counter.context.shelf, content_hash)
    definition = read_definition(counter.session, counter.context.shelf, content_hash)
    return counter.render(
        "admin/definition.html",
        409 if error else 200,
        kept=kept,
        view=view_definition(definition, counter.language) if definition else None,
        files=[
            show_source(name, text, kept.findings, whole=False)
            for name, text in kept.sources.items()
            if any(each.mark.file == name for each in kept.findings)
        ],
        done=counter.words(_DONE[done]) if done in _DONE and not error else "",
        error=error,
    )


def _name(upload: UploadFile) -> str:
    return upload.filename or ""


def _most(upload: UploadFile) -> int:
    return MOST_ZIP_BYTES if _name(upload).lower().endswith(".zip") else MOST_BYTES
