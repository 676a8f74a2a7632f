"""The main menu: where this reader may go from any page. Shows no more than the application has and the reader may see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fastapi import APIRouter
from fastapi.routing import APIRoute

from regie.actions.sign_in import Visitor
from regie.core.permissions import Actor, Permission, may
from regie.web.language import N_
from regie.web.pages import Place
from regie.web.routes.admin import HERE as ADMIN
from regie.web.routes.admin import keeps_anything
from regie.web.routes.my_steps import HERE as MY_STEPS

PORTFOLIO = "/trajecten"


def paths_of(routers: Sequence[APIRouter]) -> frozenset[str]:
    """The addresses of pages that routers have."""
    return frozenset(
        route.path
        for router in routers
        for route in router.routes
        if isinstance(route, APIRoute) and "GET" in (route.methods or ())
    )


def places_of(reader: Visitor | None, path: str) -> tuple[Place, ...]:
    """The entries for who reads a page, with the one that it belongs to marked."""
    if reader is None:
        return ()
    return tuple(
        Place(own, title, "page" if path == own else "true" if path.startswith(f"{own}/") else "")
        for own, title in _open_to(reader.actor, is_partner=reader.session.person_id is not None)
    )


def _open_to(actor: Actor, *, is_partner: bool) -> Iterator[tuple[str, str]]:
    if may(actor, Permission.SEE_PORTFOLIO):
        yield PORTFOLIO, N_("Trajecten")
    if is_partner:
        yield MY_STEPS, N_("Mijn stappen")
    if keeps_anything(actor):
        yield ADMIN, N_("Beheer")
