"""What happened and who came in, for an auditor: filtered, in pages, in sentences, and as files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse

from regie.core.permissions import Actor, Permission, may
from regie.reports.audit import (
    ACCESS_COLUMNS,
    HISTORY_COLUMNS,
    HistoryLine,
    export_access,
    export_history,
    make_history,
    write_json_lines,
)
from regie.reports.csv_table import MEDIA_TYPE, csv_rows
from regie.text.phrases import words_in
from regie.web.audit_words import WHATS
from regie.web.deps import (
    AccessEntry,
    AuditWanted,
    Now,
    PagesNow,
    Reading,
    ShellNow,
    Today,
    access_page,
    audit_problems,
    count_audit,
    find_audit_actors,
    needs,
    note_export,
    traject_names,
)
from regie.web.language import N_
from regie.web.pages import FormError, Pages

router = APIRouter()

HERE = "/beheer/audit"
ON_A_PAGE = 50
_LONGEST_NAME = 100
ACCESS, HISTORY = "toegang", "geschiedenis"
_BAD_DAY = N_("Schrijf de dag als 2027-06-03.")
_TURNED = N_("De laatste dag ligt voor de eerste.")
_UNKNOWN_KIND = N_("Deze soort kent Regie niet.")

Auditor = Annotated[Actor, needs(Permission.SEE_AUDIT)]
Exporter = Annotated[Actor, needs(Permission.EXPORT_AUDIT)]


@dataclass(frozen=True, slots=True)
class Typed:
    """The filter as it was typed."""

    log: str = HISTORY
    first: str = ""
    last: str = ""
    who: str = ""
    kind: str = ""
    outcome: str = ""
    traject: str = ""

    @property
    def is_narrow(self) -> bool:
        """Whether something is looked for."""
        return any((self.first, self.last, self.who, self.kind, self.outcome, self.traject))

    def query(self, **more: object) -> str:
        """The same as the query of an address."""
        fields = {
            "log": self.log, "van": self.first, "tot": self.last, "wie": self.who, "soort": self.kind,
            "uitkomst": self.outcome, "traject": self.traject,
        }  # fmt: skip
        return urlencode({name: value for name, value in {**fields, **more}.items() if value})


def read_query(
    log: Annotated[str, Query(max_length=20)] = HISTORY,
    van: Annotated[str, Query(max_length=20)] = "",
    tot: Annotated[str, Query(max_length=20)] = "",
    wie: Annotated[str, Query(max_length=_LONGEST_NAME)] = "",
    soort: Annotated[str, Query(max_length=60)] = "",
    uitkomst: Annotated[str, Query(max_length=20)] = "",
    traject: Annotated[str, Query(max_length=20)] = "",
) -> Typed:
    return Typed(log, van.strip(), tot.strip(), wie.strip(), soort, uitkomst, traject)


def read_form(
    log: Annotated[str, Form(max_length=20)] = HISTORY,
    van: Annotated[str, Form(max_length=20)] = "",
    tot: Annotated[str, Form(max_length=20)] = "",
    wie: Annotated[str, Form(max_length=_LONGEST_NAME)] = "",
    soort: Annotated[str, Form(max_length=60)] = "",
    uitkomst: Annotated[str, Form(max_length=20)] = "",
    traject: Annotated[str, Form(max_length=20)] = "",
) -> Typed:
    return Typed(log, van.strip(), tot.strip(), wie.strip(), soort, uitkomst, traject)


@router.get(HERE)
def show_audit(
    request: Request,
    actor: Auditor,
    pages: PagesNow,
    shell: ShellNow,
    session: Reading,
    typed: Annotated[Typed, Depends(read_query)],
    blad: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """A page of one of the two logs, the latest first."""
    if typed.log not in (ACCESS, HISTORY):
        raise HTTPException(404)
    trajects = traject_names(session)
    language = pages.language(request)
    kinds = _kinds(typed, pages, request)
    wanted, errors = _wanted(typed, shell.settings.timezone, pages, request)
    total = 0
    history: tuple[HistoryLine, ...] = ()
    access: tuple[tuple[AccessEntry, str], ...] = ()
    if wanted is not None:
        if typed.who:
            wanted = wanted.of(find_audit_actors(session, typed.who))
        total = count_audit(session, wanted, of_access=typed.log == ACCESS)
        skip = (blad - 1) * ON_A_PAGE
        if typed.log == ACCESS:
            access = access_page(session, wanted.rows, skip, ON_A_PAGE)
        else:
            history = make_history(
                session,
                shell.context.shelf,
                wanted.rows,
                language,
                may_see=lambda traject_id: may(actor, Permission.SEE_CONFIDENTIAL, traject_id=traject_id),
                skip=skip,
                limit=ON_A_PAGE,
            )
    return pages.render(
        request,
        "admin/audit.html",
        status=422 if errors else 200,
        typed=typed,
        errors=errors,
        kinds=kinds,
        trajects={str(number): title for number, (_, title) in trajects.items()},
        history=history,
        access=access,
        total=total,
        sheet=blad,
        sheets=max(1, -(-total // ON_A_PAGE)),
        may_export=may(actor, Permission.EXPORT_AUDIT) and wanted is not None,
    )


@router.get(f"{HERE}/controle")
def show_check(request: Request, actor: Auditor, pages: PagesNow, session: Reading) -> Response:
    """What a check of the history finds, and how much there is to check; it begins at a button, for it takes a while."""
    lines = count_audit(session, AuditWanted(), of_access=False)
    return pages.render(request, "admin/audit_check.html", lines=lines, checked=None, problems=[])


@router.post(f"{HERE}/controle")
def check_record(request: Request, actor: Auditor, pages: PagesNow, shell: ShellNow, session: Reading) -> Response:
    """Check every seal of the history. Changes nothing: the answer is the page itself."""
    names = traject_names(session)
    return pages.render(
        request,
        "admin/audit_check.html",
        lines=0,
        checked=count_audit(session, AuditWanted(), of_access=False),
        problems=[
            (names.get(each.traject_id, ("", str(each.traject_id)))[1], each.seq, each.what)
            for each in audit_problems(shell.context, session)
        ],
    )


@router.post(f"{HERE}/export")
def export_audit(
    request: Request,
    actor: Exporter,
    pages: PagesNow,
    shell: ShellNow,
    session: Reading,
    now: Now,
    today: Today,
    typed: Annotated[Typed, Depends(read_form)],
    vorm: Annotated[str, Form(max_length=10)] = "csv",
) -> Response:
    """Everything that the filter gives, as a file; that it was taken out is noted first."""
    wanted, errors = _wanted(typed, shell.settings.timezone, pages, request)
    if wanted is None or errors or typed.log not in (ACCESS, HISTORY) or vorm not in ("csv", "jsonl"):
        raise HTTPException(400)
    if typed.who:
        wanted = wanted.of(find_audit_actors(session, typed.who))
    note_export(shell.context, actor, now, f"{'access' if typed.log == ACCESS else 'history'} {vorm}")
    context, language = shell.context, pages.language(request)
    if typed.log == ACCESS:
        columns, rows = ACCESS_COLUMNS, export_access(context.engine, wanted.rows)
    else:
        columns, rows = (
            HISTORY_COLUMNS,
            export_history(
                context.engine,
                context.shelf,
                wanted.rows,
                language,
                lambda traject_id: may(actor, Permission.SEE_CONFIDENTIAL, traject_id=traject_id),
            ),
        )
    lines = (
        csv_rows(columns, ([row[each] for each in columns] for row in rows))
        if vorm == "csv"
        else write_json_lines(rows)
    )
    kind = MEDIA_TYPE if vorm == "csv" else "application/x-ndjson; charset=utf-8"
    name = f"regie-{typed.log}-{today.isoformat()}.{vorm}"
    return StreamingResponse(lines, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _kinds(typed: Typed, pages: Pages, request: Request) -> Mapping[str, str]:
    if typed.log == ACCESS:
        return {what: pages.words(request, said) for what, said in WHATS.items()}
    return dict(words_in(pages.language(request)).events)


def _wanted(typed: Typed, zone: str, pages: Pages, request: Request) -> tuple[AuditWanted | None, list[FormError]]:
    """The filter as moments and values; None when something in it makes no sense."""
    errors: list[FormError] = []
    days: dict[str, date | None] = {}
    for field, text in (("van", typed.first), ("tot", typed.last)):
        try:
            days[field] = date.fromisoformat(text) if text else None
        except ValueError:
            errors.append(FormError(field, pages.words(request, _BAD_DAY)))
    first, last = days.get("van"), days.get("tot")
    if first and last and last < first:
        errors.append(FormError("tot", pages.words(request, _TURNED)))
    if typed.kind and typed.kind not in _kinds(typed, pages, request):
        errors.append(FormError("soort", pages.words(request, _UNKNOWN_KIND)))
    if typed.outcome not in ("", "ok", "refused") or not (typed.traject == "" or _is_number(typed.traject)):
        raise HTTPException(400)
    if errors:
        return None, errors
    local = ZoneInfo(zone)
    return (
        AuditWanted(
            since=datetime.combine(first, time(), local) if first else None,
            until=datetime.combine(last + timedelta(days=1), time(), local) if last and last < date.max else None,
            kind=typed.kind or None,
            outcome=typed.outcome or None,
            traject_id=int(typed.traject) if typed.traject and typed.log == HISTORY else None,
        ),
        [],
    )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19
