"""Who plays which role, per traject or everywhere; which role nobody has; give one and take one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Form, Path, Request
from starlette.responses import RedirectResponse, Response

from regie.actions.keep_people import leave_role, play_role, players_seen
from regie.core.ids import PersonId, RoleId
from regie.core.permissions import Actor, Permission, may, nothing_here
from regie.errors import Conflict, NotFound
from regie.reports.people import Place, RoleRow, list_places, list_roles
from regie.web.deps import Bell, Now, Reading, Shell, ShellNow, Today, contacts_of
from regie.web.language import N_
from regie.web.pages import FormError
from regie.web.routes.admin import Looker
from regie.web.routes.admin_partners import Keeper, say_error

router = APIRouter()

HERE = "/beheer/rollen"
RolePath = Annotated[str, Path(max_length=100)]
Slug = Annotated[str, Form(max_length=200)]
Who = Annotated[str, Form(max_length=60)]
_NOBODY = N_("Kies iemand uit de lijst.")


@router.get(HERE)
def show_roles(
    request: Request, actor: Looker, shell: ShellNow, session: Reading, today: Today, traject: str = ""
) -> Response:
    """All roles of a traject with who plays them, those that nobody has first in words."""
    places = _places(request, shell, session, actor)
    place = places.get(traject) if traject or "" in places else next(iter(places.values()), None)
    if place is None:
        if traject:
            raise nothing_here()
        place = Place(-1, "", "", {})
    rows = list_roles(session, place, today)
    return shell.pages.render(
        request,
        "admin/roles.html",
        places=places,
        place=place,
        rows=rows,
        empty=[row for row in rows if not row.players],
        can_keep=may(actor, Permission.MANAGE_PARTNERS),
    )


@router.get(HERE + "/{role}")
def show_role(
    request: Request,
    actor: Looker,
    role: RolePath,
    shell: ShellNow,
    session: Reading,
    today: Today,
    traject: str = "",
    gedaan: str = "",
) -> Response:
    """One role in one place: who plays it, and a way to change that."""
    place, row = _find(request, shell, session, actor, today, role, traject)
    return _role(request, shell, session, actor, place, row, is_done=bool(gedaan))


@router.post(HERE + "/{role}")
def give(
    request: Request,
    actor: Keeper,
    role: RolePath,
    shell: ShellNow,
    session: Reading,
    now: Now,
    today: Today,
    bell: Bell,
    traject: Slug = "",
    wie: Who = "",
    gezien: Annotated[str, Form(max_length=100_000)] = "",
) -> Response:
    """Let somebody play the role here."""
    place, row = _find(request, shell, session, actor, today, role, traject)
    if not wie:
        errors = [FormError("wie", shell.pages.words(request, _NOBODY))]
        return _role(request, shell, session, actor, place, row, errors=errors)
    try:
        play_role(shell.context, actor, row.id, PersonId(wie), place.id, _read_seen(gezien), now)
    except Conflict as error:
        if error.code != "seen-changed":
            raise
        return _role(request, shell, session, actor, place, row, wanted=wie, is_conflict=True)
    except NotFound as error:
        errors = [FormError("wie", say_error(error, shell.pages, request))]
        return _role(request, shell, session, actor, place, row, errors=errors)
    bell()
    return _back(place, row)


@router.post(HERE + "/{role}/weg")
def take(
    request: Request,
    actor: Keeper,
    role: RolePath,
    shell: ShellNow,
    session: Reading,
    now: Now,
    today: Today,
    bell: Bell,
    traject: Slug = "",
    wie: Who = "",
    gezien: Annotated[str, Form(max_length=100_000)] = "",
) -> Response:
    """Let somebody play the role here no longer."""
    place, row = _find(request, shell, session, actor, today, role, traject)
    try:
        leave_role(shell.context, actor, row.id, PersonId(wie), place.id, _read_seen(gezien), now)
    except Conflict as error:
        if error.code != "seen-changed":
            raise
        return _role(request, shell, session, actor, place, row, is_conflict=True)
    bell()
    return _back(place, row)


def _back(place: Place, row: RoleRow) -> Response:
    return RedirectResponse(f"{HERE}/{row.id}?traject={place.slug}&gedaan=ja", 303)


def _places(request: Request, shell: Shell, session: Reading, actor: Actor) -> dict[str, Place]:
    found = list_places(session, shell.context.shelf.get, shell.pages.language(request), actor.trajects)
    return {each.slug: each for each in found}


def _find(
    request: Request, shell: Shell, session: Reading, actor: Actor, today: Today, role: str, slug: str
) -> tuple[Place, RoleRow]:
    place = _places(request, shell, session, actor).get(slug)
    if place is None:
        raise nothing_here()
    row = next((each for each in list_roles(session, place, today) if each.id == role), None)
    if row is None:
        raise nothing_here()
    return place, row


def _role(
    request: Request,
    shell: Shell,
    session: Reading,
    actor: Actor,
    place: Place,
    row: RoleRow,
    *,
    errors: Sequence[FormError] = (),
    wanted: str = "",
    is_conflict: bool = False,
    is_done: bool = False,
) -> Response:
    people = contacts_of(session)
    playing = set(players_seen(people, RoleId(row.id), place.id))
    return shell.pages.render(
        request,
        "admin/role.html",
        status=409 if is_conflict else 422 if errors else 200,
        place=place,
        row=row,
        seen=json.dumps(sorted(playing)),
        choices={
            each.id: f"{each.name} ({each.organisation})" if each.organisation else each.name
            for each in people
            if each.id not in playing
        },
        wanted=wanted,
        errors=list(errors),
        is_conflict=is_conflict,
        is_done=is_done,
        can_keep=may(actor, Permission.MANAGE_PARTNERS),
    )


def _read_seen(text: str) -> list[str]:
    """Who a form says that its page showed; nobody when that cannot be read."""
    try:
        found = json.loads(text)
    except ValueError:
        return []
    return [str(each) for each in found] if isinstance(found, list) else []
