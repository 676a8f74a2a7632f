"""A list of partners: check it, look at every row, and then store exactly what was shown. And the list to download."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Request, UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from regie.actions.keep_people import (
    MOST_LIST_BYTES,
    MOST_LIST_ROWS,
    ImportedPerson,
    Weighed,
    import_list,
    seen_of,
    weigh_list,
)
from regie.actions.read_people_list import decode_list
from regie.core.ids import RoleId
from regie.errors import Conflict, Refused
from regie.reports.csv_table import MEDIA_TYPE
from regie.reports.people import Place, example_csv, list_places, people_csv
from regie.web.deps import Bell, Now, Reading, Shell, ShellNow, contacts_of
from regie.web.language import N_
from regie.web.pages import FormError, refusal_words
from regie.web.routes.admin_partners import HERE, LABELS, RHYTHMS, Keeper

router = APIRouter()

IMPORT = f"{HERE}/inlezen"
_NO_LIST = N_("Kies een bestand, of plak de lijst in het vak.")
_NEW_ROLES = N_("Krijgt de rol")
_NO_PLACE = N_("Kies waar deze rollen gelden.")


@dataclass(frozen=True, slots=True)
class Line:
    """A person of the list, as the page shows them.

    Args:
        kind: ``new``, ``changed`` or ``same``.
        changes: label, what it was, what it becomes.
    """

    rows: str
    kind: str
    name: str
    email: str
    changes: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Wrong:
    """Something that is wrong with a row."""

    row: int
    column: str
    reason: str


@router.get(IMPORT)
def show_import(
    request: Request, actor: Keeper, shell: ShellNow, session: Reading, traject: str = "", gedaan: str = ""
) -> Response:
    """Ask for a list."""
    return _page(request, shell, _places(request, shell, session), traject, "", counts=_counts(gedaan))


@router.post(IMPORT)
def check(
    request: Request,
    actor: Keeper,
    shell: ShellNow,
    session: Reading,
    bestand: UploadFile | None = None,
    tekst: Annotated[str, Form()] = "",
    traject: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Say what every row would do; nothing is stored."""
    pages = shell.pages
    places = _places(request, shell, session)
    place = places.get(traject)
    errors = [] if place is not None else [FormError("traject", pages.words(request, _NO_PLACE))]
    is_windows, field = False, "tekst"
    try:
        if bestand is not None and bestand.filename:
            field = "bestand"
            tekst, is_windows = decode_list(bestand.file.read(2 * MOST_LIST_BYTES + 4))
        text = _plain_lines(tekst)
        if not text.strip():
            errors.append(FormError("bestand", pages.words(request, _NO_LIST)))
        if errors or place is None:
            return _page(request, shell, places, traject, text, errors=errors)
        weighed = weigh_list(shell.context, actor, text, place.id, _known(place))
    except Refused as error:
        errors = [FormError(field, refusal_words(error, pages, request))]
        # what is no list is not given back in the field: it may be anything
        return _page(request, shell, places, traject, tekst if field == "tekst" else "", errors=errors)
    return _checked(request, shell, session, places, place, text, weighed, is_windows=is_windows)


@router.post(f"{IMPORT}/opslaan")
def store(
    request: Request,
    actor: Keeper,
    shell: ShellNow,
    session: Reading,
    now: Now,
    bell: Bell,
    tekst: Annotated[str, Form()] = "",
    traject: Annotated[str, Form(max_length=200)] = "",
    zegel: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Store exactly what was shown; when it would do something else by now, show that instead."""
    places = _places(request, shell, session)
    place, text = places.get(traject), _plain_lines(tekst)
    if place is None:
        raise HTTPException(400)
    try:
        report = import_list(shell.context, actor, text, place.id, _known(place), zegel, now)
    except Conflict as error:
        if error.code != "people-changed":
            raise
        weighed = weigh_list(shell.context, actor, text, place.id, _known(place))
        return _checked(request, shell, session, places, place, text, weighed, conflict=error)
    bell()
    said = f"{report.added}-{report.changed}-{report.unchanged}-{report.bound}"
    return RedirectResponse(f"{IMPORT}?gedaan={said}&traject={place.slug}", 303)


@router.get(f"{HERE}/lijst.csv")
def download(request: Request, actor: Keeper, shell: ShellNow, session: Reading, traject: str = "") -> Response:
    """The people there are, as a list that can be imported again."""
    place = _places(request, shell, session).get(traject)
    if place is None:
        raise HTTPException(404)
    return _csv(people_csv(contacts_of(session), place.id), "partners.csv")


@router.get(f"{HERE}/voorbeeld.csv")
def example(request: Request, actor: Keeper, shell: ShellNow, session: Reading) -> Response:
    """A list to start from, with roles that there are here."""
    place = _places(request, shell, session)[""]
    return _csv(example_csv(list(place.roles)), "partners-voorbeeld.csv")


# --- pages ---------------------------------------------------------------------------------------------


def _page(
    request: Request,
    shell: Shell,
    places: Mapping[str, Place],
    slug: str,
    text: str,
    *,
    errors: Sequence[FormError] = (),
    counts: tuple[int, ...] = (),
) -> Response:
    return shell.pages.render(
        request,
        "admin/import.html",
        status=422 if errors else 200,
        places=places,
        slug=slug if slug in places else "",
        text=text,
        errors=list(errors),
        counts=counts,
        most_kb=MOST_LIST_BYTES // 1000,
        most_rows=MOST_LIST_ROWS,
    )


def _checked(
    request: Request,
    shell: Shell,
    session: Reading,
    places: Mapping[str, Place],
    place: Place,
    text: str,
    weighed: Weighed,
    *,
    is_windows: bool = False,
    conflict: Conflict | None = None,
) -> Response:
    pages, report = shell.pages, weighed.report
    names: dict[str, str] = {each.id: each.name for each in contacts_of(session)}
    names |= {each.after.id: each.after.name for each in weighed.people}
    lines = [_line(request, shell, each, names, place) for each in weighed.people]
    return pages.render(
        request,
        "admin/import_check.html",
        status=409 if conflict is not None else 422 if report.problems else 200,
        place=place,
        places=places,
        text=text,
        seal=weighed.seal,
        lines=lines,
        wrong=[Wrong(each.row, each.column, refusal_words(each.error, pages, request)) for each in report.problems],
        report=report,
        is_windows=is_windows,
        conflict=refusal_words(conflict, pages, request) if conflict is not None else "",
        errors=[],
    )


def _line(request: Request, shell: Shell, each: ImportedPerson, names: Mapping[str, str], place: Place) -> Line:
    pages = shell.pages

    def said(name: str, value: str) -> str:
        if name == "vervanger":
            return names.get(value, value)
        return pages.words(request, RHYTHMS[value]) if name == "ritme" and value else value

    before, after = (seen_of(each.before) if each.before else {}), seen_of(each.after)
    changes = [
        (pages.words(request, LABELS[name]), said(name, before.get(name, "")), said(name, value))
        for name, value in after.items()
        if (before.get(name, "") != value if each.before else value and name not in ("naam", "e-mail"))
    ]
    had = set(each.before.roles) if each.before else set()
    added = [place.roles.get(role, role) for role, bound_in in each.after.roles if (role, bound_in) not in had]
    if added:
        changes.append((pages.words(request, _NEW_ROLES), "", ", ".join(added)))
    kind = "new" if each.before is None else "changed" if changes else "same"
    return Line(", ".join(map(str, each.rows)), kind, each.after.name, each.after.email, tuple(changes))


def _places(request: Request, shell: Shell, session: Reading) -> dict[str, Place]:
    """Where a list can hold, by the short name of a traject; under no name: everywhere."""
    found = list_places(session, shell.context.shelf.get, shell.pages.language(request))
    return {each.slug: each for each in found}


def _known(place: Place) -> list[RoleId] | None:
    return list(place.roles) or None


def _plain_lines(text: str) -> str:
    """With line feeds only: a browser makes two signs of each end of a line."""
    return text.replace("\r\n", "\n")


def _counts(text: str) -> tuple[int, ...]:
    parts = text.split("-")
    return (
        tuple(map(int, parts)) if len(parts) == 4 and all(each.isascii() and each.isdigit() for each in parts) else ()
    )


def _csv(content: bytes, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return Response(content, media_type=MEDIA_TYPE, headers=headers)
