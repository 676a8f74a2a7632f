"""Every page that there is, with an address to open it at and who may; a route that is not here is found by a test."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from fastapi.routing import APIRoute

from tests.browser.living import SLUG

STEP, LATE_STEP, GATE = "f0-grondpositie", "f1-zorgafspraken", "f0-go-besluit"


class Who(StrEnum):
    """Whose browser it is."""

    NOBODY = "nobody"
    STAFF = "staff"
    PARTNER = "partner"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Place:
    """One page. ``{link}`` in the address stands for a link to a step."""

    name: str
    address: str
    who: Who = Who.STAFF


OPEN, OWN, LINK = Who.NOBODY, Who.PARTNER, Who.LINK
PLACES: Mapping[str, tuple[Place, ...]] = {
    "/": (Place("start", "/", OPEN), Place("start-aangemeld", "/")),
    "/toegankelijkheid": (Place("toegankelijkheid", "/toegankelijkheid", OPEN),),
    "/aanmelden": (Place("aanmelden", "/aanmelden", OPEN),),
    "/aanmelden/code": (Place("aanmelden-code", "/aanmelden/code", OPEN),),
    "/aanmelden/medewerker": (Place("aanmelden-medewerker", "/aanmelden/medewerker", OPEN),),
    "/aanmelden/eenmalig/{token}": (Place("aanmelden-eenmalig", "/aanmelden/eenmalig/x", OPEN),),
    "/actie/{token}": (Place("actie", "/actie/{link}", LINK), Place("actie-onbekend", "/actie/weg", OPEN)),
    "/actie/{token}/{act}": tuple(
        Place(f"actie-{act}", f"/actie/{{link}}/{act}", LINK)
        for act in ("andere-datum", "collega", "niet-van-ons", "vraag")
    ),
    "/mijn-stappen": (Place("mijn-stappen", "/mijn-stappen", OWN),),
    "/mijn-stappen/voorkeuren": (Place("voorkeuren", "/mijn-stappen/voorkeuren", OWN),),
    "/mijn-stappen/agenda": (Place("agenda", "/mijn-stappen/agenda", OWN),),
    "/trajecten": (Place("trajecten", "/trajecten"),),
    "/trajecten/{slug}": (Place("traject", f"/trajecten/{SLUG}"), Place("niets-hier", "/trajecten/weg")),
    "/trajecten/{slug}/stappen/{key}": (
        Place("stap", f"/trajecten/{SLUG}/stappen/{STEP}"),
        Place("stap-te-laat", f"/trajecten/{SLUG}/stappen/{LATE_STEP}"),
    ),
}

NOT_PAGES = {
    "/static/{path:path}",
    "/robots.txt",
    "/_healthz",
    "/_healthz/livez",
    "/_healthz/readyz",
    "/.well-known/security.txt",
    "/agenda/{token}.ics",
}
"""What a browser can get that is no page for people."""

EVERY = tuple(place for places in PLACES.values() for place in places)


def routes_to_get(routes: Iterable[object]) -> Iterator[str]:
    """Give the pattern of each address that a browser can open."""
    for route in routes:
        if isinstance(route, APIRoute):
            if "GET" in route.methods:
                yield route.path
        else:
            inner = getattr(route, "original_router", None) or getattr(route, "app", None)
            yield from routes_to_get(getattr(inner, "routes", ()))
