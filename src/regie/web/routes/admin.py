"""For administrators: what there is to keep in order, and what needs attention.

``AREAS`` is the one list of pages under ``/beheer``. An area is shown when the application has its page and the reader
may open it, so that nothing leads nowhere.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Request
from starlette.responses import Response

from regie.core.permissions import Actor, Permission, may, trajects_with
from regie.reports.admin_overview import count_post, list_unfilled, list_unreachable
from regie.web.deps import ActorNow, ContextNow, Now, PagesNow, Reading, demand, look_at_health, needs
from regie.web.language import N_

router = APIRouter()

HERE = "/beheer"


@dataclass(frozen=True, slots=True)
class Area:
    """A page under ``/beheer``: its address, what it is called and for in Dutch, and what one needs to open it."""

    path: str
    title: str
    sentence: str
    permission: Permission


_P = Permission

AREAS: tuple[Area, ...] = (
    Area(
        f"{HERE}/partners",
        N_("Partners"),
        N_("Wie er meedoet, hoe u hen bereikt en wie hen vervangt. Lees hier ook een lijst in."),
        _P.SEE_PARTNERS,
    ),
    Area(f"{HERE}/rollen", N_("Rollen"), N_("Wie welke rol vervult, en welke rol niemand heeft."), _P.SEE_PARTNERS),
    Area(
        f"{HERE}/accounts",
        N_("Accounts"),
        N_("Wie van de gemeente zich mag aanmelden, en met welke rechten."),
        _P.MANAGE_ACCOUNTS,
    ),
    Area(
        f"{HERE}/sessies",
        N_("Sessies"),
        N_("Wie nu is aangemeld. Beëindig een sessie als een apparaat weg is."),
        _P.MANAGE_ACCOUNTS,
    ),
    Area(
        f"{HERE}/tokens",
        N_("Sleutels"),
        N_("Sleutels waarmee programma's de API gebruiken: maken en intrekken."),
        _P.MANAGE_TOKENS,
    ),
    Area(
        f"{HERE}/verzending",
        N_("Verzending"),
        N_("Welke berichten zijn verstuurd, wachten of zijn mislukt."),
        _P.SEE_DELIVERIES,
    ),
    Area(
        f"{HERE}/links",
        N_("Links"),
        N_("Links in mails waarmee partners antwoorden: bekijken en intrekken."),
        _P.REVOKE_LINKS,
    ),
    Area(
        f"{HERE}/webhooks",
        N_("Webhooks"),
        N_("Welke andere systemen een seintje krijgen als er iets gebeurt."),
        _P.MANAGE_WEBHOOKS,
    ),
    Area(
        f"{HERE}/kalenders",
        N_("Kalenders"),
        N_("Feestdagen, sluitingsdagen, vergaderdagen en reces."),
        _P.MANAGE_CALENDARS,
    ),
    Area(
        f"{HERE}/stappenplannen",
        N_("Stappenplannen"),
        N_("Stappenplannen met hun versies, en wat eraan te verbeteren is."),
        _P.MANAGE_DEFINITIONS,
    ),
    Area(f"{HERE}/audit", N_("Vastlegging"), N_("Wie wat wanneer deed: zoeken en uitvoeren."), _P.SEE_AUDIT),
    Area(
        f"{HERE}/gezondheid",
        N_("Gezondheid"),
        N_("Of de database, de rondes en de post het doen."),
        _P.SEE_HEALTH,
    ),
    Area(
        f"{HERE}/huisstijl",
        N_("Huisstijl"),
        N_("Naam, logo en kleuren van uw gemeente."),
        _P.MANAGE_THEME,
    ),
)


def areas_of(actor: Actor, paths: Collection[str]) -> tuple[Area, ...]:
    """The areas that somebody may open, of those that the application has.

    Args:
        paths: the addresses of its pages.
    """
    return tuple(each for each in AREAS if each.path in paths and may(actor, each.permission))


def keeps_anything(actor: Actor) -> bool:
    """Whether there is anything under ``/beheer`` for somebody."""
    return any(may(actor, each.permission) for each in AREAS)


def read_list(text: str) -> list[str]:
    """What a hidden field says that its page showed; nothing when that cannot be read."""
    try:
        found = json.loads(text)
    except ValueError:
        return []
    return [str(each) for each in found] if isinstance(found, list) else []


Looker = Annotated[Actor, needs(Permission.SEE_PARTNERS)]


@router.get(HERE)
def show_overview(
    request: Request, actor: ActorNow, context: ContextNow, pages: PagesNow, session: Reading, now: Now
) -> Response:
    """What this reader may keep in order, and what needs attention."""
    if not keeps_anything(actor):
        demand(context, actor, Permission.SEE_PARTNERS, now)
    areas = areas_of(actor, request.app.state.paths)
    open_to = {each.path for each in areas}
    sees_people, within = may(actor, Permission.SEE_PARTNERS), trajects_with(actor, Permission.SEE_PARTNERS)
    return pages.render(
        request,
        "admin/overview.html",
        areas=areas,
        open_to=open_to,
        unfilled=list_unfilled(session, context.shelf.get, pages.language(request), within) if sees_people else (),
        unreachable=list_unreachable(session, within) if sees_people else (),
        post=count_post(session) if trajects_with(actor, Permission.SEE_DELIVERIES) is None else None,
        health=look_at_health(context.engine, now) if may(actor, Permission.SEE_HEALTH) else None,
    )
