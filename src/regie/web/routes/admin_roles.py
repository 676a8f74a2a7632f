"""Who plays which role, per traject or everywhere; which role nobody has; give one and take one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Form, Path
from starlette.responses import RedirectResponse, Response

from regie.actions.keep_people import leave_role, play_role, players_seen
from regie.core.ids import PersonId, RoleId
from regie.core.permissions import Permission, nothing_here, trajects_with
from regie.errors import Conflict, NotFound
from regie.reports.people import Place, RoleRow, list_places, list_roles
from regie.web.counter import Counter, CounterNow
from regie.web.deps import Bell, contacts_of
from regie.web.language import N_
from regie.web.pages import FormError
from regie.web.routes.admin import Looker, read_list
from regie.web.routes.admin_partners import Keeper

router = APIRouter()

HERE = "/beheer/rollen"
RolePath = Annotated[str, Path(max_length=100)]
Slug = Annotated[str, Form(max_length=200)]
Who = Annotated[str, Form(max_length=60)]
_NOBODY = N_("Kies iemand uit de lijst.")


@router.get(HERE)
def show_roles(counter: CounterNow, actor: Looker, traject: str = "") -> Response:
    """All roles of a traject with who plays them, those that nobody has first in words."""
    places = _places(counter)
    place = places.get(traject) if traject or "" in places else next(iter(places.values()), None)
    if place is None:
        if traject:
            raise nothing_here()
        place = Place(-1, "", "", {})
    rows = list_roles(counter.session, place, counter.today)
    return counter.render(
        "admin/roles.html",
        places=places,
        place=place,
        rows=rows,
        empty=[row for row in rows if not row.players],
        can_keep=counter.may(Permission.MANAGE_PARTNERS),
    )


@router.get(HERE + "/{role}")
def show_role(
    counter: CounterNow,
    actor: Looker,
    role: RolePath,
    traject: str = "",
    gedaan: str = "",
) -> Response:
    """One role in one place: who plays it, and a way to change that."""
    place, row = _find(counter, role, traject)
    return _role(counter, place, row, is_done=bool(gedaan))


@router.post(HERE + "/{role}")
def give(
    counter: CounterNow,
    actor: Keeper,
    role: RolePath,
    bell: Bell,
    traject: Slug = "",
    wie: Who = "",
    gezien: Annotated[str, Form(max_length=100_000)] = "",
) -> Response:
    """Let somebody play the role here."""
    place, row = _find(counter, role, traject)
    if not wie:
        errors = [FormError("wie", counter.words(_NOBODY))]
        return _role(counter, place, row, errors=errors)
    try:
        play_role(counter.context, actor, row.id, PersonId(wie), place.id, read_list(gezien), counter.now)
    except Conflict as error:
        if error.code != "seen-changed":
            raise
        return _role(counter, place, row, wanted=wie, is_conflict=True)
    except NotFound as error:
        errors = [counter.wrong("wie", error)]
        return _role(counter, place, row, errors=errors)
    bell()
    return _back(place, row)


@router.post(HERE + "/{role}/weg")
def take(
    counter: CounterNow,
    actor: Keeper,
    role: RolePath,
    bell: Bell,
    traject: Slug = "",
    wie: Who = "",
    gezien: Annotated[str, Form(max_length=100_000)] = "",
) -> Response:
    """Let somebody play the role here no longer."""
    place, row = _find(counter, role, traject)
    try:
        leave_role(counter.context, actor, row.id, PersonId(wie), place.id, read_list(gezien), counter.now)
    except Conflict as error:
        if error.code != "seen-changed":
            raise
        return _role(counter, place, row, is_conflict=True)
    bell()
    return _back(place, row)


def _back(place: Place, row: RoleRow) -> Response:
    return RedirectResponse(f"{HERE}/{row.id}?traject={place.slug}&gedaan=ja", 303)


def _places(counter: Counter) -> dict[str, Place]:
    within = trajects_with(counter.actor, Permission.SEE_PARTNERS)
    found = list_places(counter.session, counter.context.shelf.get, counter.language, within)
    return {each.slug: each for each in found}


def _find(counter: Counter, role: str, slug: str) -> tuple[Place, RoleRow]:
    place = _places(counter).get(slug)
    if place is None:
        raise nothing_here()
    row = next((each for each in list_roles(counter.session, place, counter.today) if each.id == role), None)
    if row is None:
        raise nothing_here()
    return place, row


def _role(
    counter: Counter,
    place: Place,
    row: RoleRow,
    *,
    errors: Sequence[FormError] = (),
    wanted: str = "",
    is_conflict: bool = False,
    is_done: bool = False,
) -> Response:
    people = contacts_of(counter.session)
    playing = set(players_seen(people, RoleId(row.id), place.id))
    return counter.render(
        "admin/role.html",
        409 if is_conflict else 422 if errors else 200,
        place=place,
        row=row,
        seen=json.dumps(sorted(playing)),
        choices={each.id: each.full_name for each in people if each.id not in playing},
        wanted=wanted,
        errors=list(errors),
        is_conflict=is_conflict,
        is_done=is_done,
        can_keep=counter.may(Permission.MANAGE_PARTNERS),
    )
