"""Every page that there is, with an address to open it at and who may; a route that is not here is found by a test."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from fastapi.routing import APIRoute

from tests.browser.living import SLUG

HOME = f"/trajecten/{SLUG}"
STEP, OWN_STEP, DONE, GATE = "f1-zorgafspraken", "f1-zorgafspraken", "f0-startnota", "f0-go-besluit"
PROPOSED, ASKED = "f1-functies-rooster-formatie", "f1-nutsaansluitingen"
"""Steps of which a partner asked another date, and something else."""


class Who(StrEnum):
    """Whose browser it is."""

    NOBODY = "nobody"
    STAFF = "staff"
    PARTNER = "partner"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Place:
    """One page. What stands between brackets in the address is filled in by ``test_pages.found``."""

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
    "/mijn-sessies": (Place("mijn-sessies", "/mijn-sessies"),),
    "/trajecten": (Place("trajecten", "/trajecten"), Place("trajecten-leeg", "/trajecten?zoek=bestaat-niet")),
    "/trajecten/nieuw": (
        Place("traject-kiezen", "/trajecten/nieuw"),
        Place("traject-nieuw", "/trajecten/nieuw?plan={hash}"),
    ),
    "/trajecten/{slug}": (Place("traject", HOME), Place("niets-hier", "/trajecten/weg")),
    "/trajecten/{slug}/planning": (
        Place("planning", f"{HOME}/planning"),
        Place("planning-week", f"{HOME}/planning?schaal=week&fase=fase-1&thema=locatie"),
        Place("planning-blad", f"{HOME}/planning?schaal=blad"),
    ),
    "/trajecten/{slug}/stappen/{key}": (
        Place("stap", f"{HOME}/stappen/{STEP}"),
        Place("stap-voorgesteld", f"{HOME}/stappen/{PROPOSED}"),
        Place("stap-besluit", f"{HOME}/stappen/{GATE}"),
    ),
    "/trajecten/{slug}/stappen/{key}/{daad}": (
        *(
            Place(f"stap-{act}", f"{HOME}/stappen/{OWN_STEP}/{act}")
            for act in (
                "beginnen",
                "afronden",
                "toezegging",
                "vastzetten",
                "partner",
                "overdragen",
                "overslaan",
                "intrekken",
            )
        ),
        Place("stap-voorstel", f"{HOME}/stappen/{PROPOSED}/voorstel"),
        Place("stap-antwoord", f"{HOME}/stappen/{ASKED}/antwoord"),
        Place("stap-heropenen", f"{HOME}/stappen/{DONE}/heropenen"),
    ),
    "/trajecten/{slug}/datums": (Place("datums", f"{HOME}/datums"),),
    "/trajecten/{slug}/datums/{anker}": (Place("datum", f"{HOME}/datums/opening"),),
    "/trajecten/{slug}/datums/lijst/{lijst}": (Place("lijst", f"{HOME}/datums/lijst/arrival"),),
    "/trajecten/{slug}/besluiten": (Place("besluiten", f"{HOME}/besluiten"),),
    "/trajecten/{slug}/besluiten/{key}": (Place("besluit", f"{HOME}/besluiten/{GATE}"),),
    "/trajecten/{slug}/besluiten/{key}/{act}": (
        Place("besluit-vastleggen", f"{HOME}/besluiten/{GATE}/besluit"),
        Place("besluit-voorleggen", f"{HOME}/besluiten/{GATE}/voorleggen"),
    ),
    "/trajecten/{slug}/stuurgroep": (Place("stuurgroep", f"{HOME}/stuurgroep"),),
    "/trajecten/{slug}/doorloop/nieuw": (Place("doorloop-nieuw", f"{HOME}/doorloop/nieuw"),),
    "/trajecten/{slug}/afsluiten": (Place("afsluiten", f"{HOME}/afsluiten"),),
    "/beheer": (Place("beheer", "/beheer"),),
    "/beheer/partners": (Place("partners", "/beheer/partners"),),
    "/beheer/partners/nieuw": (Place("partner-nieuw", "/beheer/partners/nieuw"),),
    "/beheer/partners/inlezen": (Place("partners-inlezen", "/beheer/partners/inlezen"),),
    "/beheer/partners/{person_id}": (Place("partner", "/beheer/partners/p1"),),
    "/beheer/partners/{person_id}/wissen": (Place("partner-wissen", "/beheer/partners/p1/wissen"),),
    "/beheer/rollen": (Place("rollen", f"/beheer/rollen?traject={SLUG}"),),
    "/beheer/rollen/{role}": (Place("rol", "/beheer/rollen/ggd"),),
    "/beheer/accounts": (Place("accounts", "/beheer/accounts"),),
    "/beheer/accounts/nieuw": (Place("account-nieuw", "/beheer/accounts/nieuw"),),
    "/beheer/accounts/{number}": (Place("account", "/beheer/accounts/1"),),
    "/beheer/sessies": (Place("sessies", "/beheer/sessies"),),
    "/beheer/tokens": (Place("sleutels", "/beheer/tokens"),),
    "/beheer/verzending": (Place("verzending", "/beheer/verzending"),),
    "/beheer/verzending/{message_id}": (Place("bericht", "/beheer/verzending/{message}"),),
    "/beheer/links": (Place("links", "/beheer/links"),),
    "/beheer/links/{number}": (Place("link", "/beheer/links/1"),),
    "/beheer/webhooks": (Place("webhooks", "/beheer/webhooks"),),
    "/beheer/webhooks/nieuw": (Place("webhook-nieuw", "/beheer/webhooks/nieuw"),),
    "/beheer/webhooks/{webhook_id}": (Place("webhook", "/beheer/webhooks/{webhook}"),),
    "/beheer/stappenplannen": (Place("stappenplannen", "/beheer/stappenplannen"),),
    "/beheer/stappenplannen/codes": (Place("codes", "/beheer/stappenplannen/codes"),),
    "/beheer/stappenplannen/{content_hash}": (Place("stappenplan", "/beheer/stappenplannen/{hash}"),),
    "/beheer/stappenplannen/{content_hash}/bron": (Place("bron", "/beheer/stappenplannen/{hash}/bron"),),
    "/beheer/stappenplannen/{content_hash}/verschil": (Place("verschil", "/beheer/stappenplannen/{hash}/verschil"),),
    "/beheer/stappenplannen/{content_hash}/gevolgen": (Place("gevolgen", "/beheer/stappenplannen/{hash}/gevolgen"),),
    "/beheer/kalenders": (Place("kalenders", "/beheer/kalenders"),),
    "/beheer/kalenders/{content_hash}": (
        Place("kalender", "/beheer/kalenders/{hash}?jaar=2027&dag=2027-05-05&van=2027-05-03&aantal=10"),
    ),
    "/beheer/kalenders/{content_hash}/dagen": (Place("dagen", "/beheer/kalenders/{hash}/dagen"),),
    "/beheer/audit": (
        Place("geschiedenis", "/beheer/audit?log=geschiedenis"),
        Place("toegang", "/beheer/audit?log=toegang"),
        Place("audit-fout", "/beheer/audit?van=gisteren"),
    ),
    "/beheer/audit/controle": (Place("controle", "/beheer/audit/controle"),),
    "/beheer/gezondheid": (Place("gezondheid", "/beheer/gezondheid"),),
    "/beheer/huisstijl": (Place("huisstijl", "/beheer/huisstijl"),),
}

NOT_PAGES = {
    "/static/{path:path}",
    "/robots.txt",
    "/_healthz",
    "/_healthz/livez",
    "/_healthz/readyz",
    "/.well-known/security.txt",
    "/agenda/{token}.ics",
    "/aanmelden/oidc",
    "/auth/oidc/callback",
    "/afmelden/werkaccount",
    "/bestanden/{file_id}",
    "/trajecten/{slug}/planning.{kind}",
    "/trajecten/{slug}/stuurgroep.pdf",
    "/beheer/partners/lijst.csv",
    "/beheer/partners/voorbeeld.csv",
    "/beheer/stappenplannen/{content_hash}/download",
}
"""What a browser can get that is no page for people; the pages of a provider have their own tests."""

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
