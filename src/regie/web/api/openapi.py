"""The OpenAPI document of the API: made from the routes, completed with what every route has. ``make openapi`` writes it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.responses import JSONResponse, Response

from regie.core.permissions import SCOPES, Permission
from regie.web.api import models as m
from regie.web.api import office, planning, steps, trajects
from regie.web.api.access import OPENAPI_PATH, PREFIX
from regie.web.api.problems import MEDIA_TYPE, TITLES
from regie.web.api.version import API_VERSION
from regie.web.deps import ShellNow

RESOURCES: Sequence[APIRouter] = (trajects.router, steps.router, planning.router, office.router)

router = APIRouter()

_ABOUT = """De API van Regie: alles wat een projectleider in de browser kan, voor programma's.

* **Toegang** met een token in `Authorization: Bearer ...`; een beheerder maakt het met `regie token add`. Een token heeft
  bereiken (scopes) en mag nooit meer dan het account waar het bij hoort. Wat vertrouwelijk is, geeft geen enkel bereik.
* **Eerst zien**: elke handeling kan met `proef=true`. Dan staat in het antwoord waartoe zij leidt, en wordt niets opgeslagen.
* **Wie was eerst**: een handeling op een stap, besluit, datum of lijst vraagt `If-Match` met de ETag van wat u zag. Zonder is
  het 428, en als iemand anders u voor was 412, met wat er nu staat.
* **Nog eens proberen** mag met dezelfde `Idempotency-Key`: dan gebeurt het een keer.
* **Fouten** zijn `application/problem+json` met een vaste `code`; bij 400 noemt `errors` alle fouten met hun plaats.
* **Tijd**: momenten in UTC, dagen als datum. **Taal**: Nederlands, of Engels met `Accept-Language: en`.
* **Versies**: binnen v1 komt er alleen bij. Wat verdwijnt, staat een half jaar eerder in de lijst van wijzigingen.
"""
_TAGS = (
    ("trajecten", "Wat er loopt, hoe het ervoor staat, starten en afsluiten."),
    ("doorlopen", "De keren dat een traject door de fasen gaat."),
    ("stappen", "De stappen van een doorloop, en wat ermee gedaan wordt."),
    ("besluiten", "Besluiten: voorleggen en vastleggen."),
    ("datums", "Ankerdatums, en wat er meeschuift als ze verzet worden."),
    ("lijsten", "Lijsten die groeien terwijl een traject loopt."),
    ("planning", "Het plan van een doorloop."),
    ("geschiedenis", "Wat er gebeurde."),
    ("partners", "Partners en hun rollen."),
    ("stappenplannen", "Waarmee een traject gestart kan worden."),
    ("bezorgingen", "Berichten, en hoe het ermee staat."),
    ("links", "Links in mails, en ze intrekken."),
    ("toegang", "Wie binnenkwam en wie geweigerd werd."),
    ("beschrijving", "Deze beschrijving."),
)
_CONTACT = {
    "name": "Beheer van Regie",
    "url": "https://regie.voorbeeldstad.nl",
    "email": "regie@voorbeeldstad.nl",
}
"""In the document that comes along; an installation puts its own in the place of these."""

_ALWAYS = ("400", "401", "403", "404", "429", "500", "503")
_BODY = ("409", "413", "415")
_LOCKED = ("412", "428")


@router.get(OPENAPI_PATH, include_in_schema=False)
def show_document(shell: ShellNow) -> Response:
    """The document itself, with who to turn to here; for everybody."""
    settings, made = shell.settings, json.loads(document_text())
    contact = made["info"]["contact"]
    contact |= {"name": settings.organisation or contact["name"], "url": settings.base_url}
    if settings.reply_to or settings.mail_from:
        contact["email"] = settings.reply_to or settings.mail_from.address  # type: ignore[union-attr]
    return JSONResponse(made)


@cache
def document_text() -> str:
    """The document as it is served and committed."""
    return json.dumps(make_document(), ensure_ascii=False, indent=2) + "\n"


def routes() -> Iterator[APIRoute]:
    """All routes of the API that take a right."""
    for each in RESOURCES:
        yield from (route for route in each.routes if isinstance(route, APIRoute))


def permission_of(route: APIRoute) -> Permission:
    """The right that a route takes.

    Raises:
        LookupError: it takes none, or more than one.
    """
    found = set(_permissions(route.dependant))
    if len(found) != 1:
        raise LookupError(f"route {route.path} names {len(found)} rights")
    return found.pop()


def _permissions(dependant: Dependant) -> Iterator[Permission]:
    for each in dependant.dependencies:
        if hasattr(each.call, "permission"):
            yield each.call.permission  # type: ignore[union-attr]
        yield from _permissions(each)


def make_document() -> dict[str, Any]:
    """Make the document anew from the routes."""
    made = get_openapi(
        title="Regie",
        version=API_VERSION,
        summary="Trajecten, stappen en besluiten van Regie",
        description=_ABOUT,
        routes=list(routes()),
        tags=[{"name": name, "description": about} for name, about in _TAGS],
        servers=[{"url": PREFIX, "description": "Deze installatie"}],
        license_info={"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        separate_input_output_schemas=False,
    )
    rights = {(route.path, method): permission_of(route) for route in routes() for method in route.methods or ()}
    paths: dict[str, Any] = {}
    for path, item in made["paths"].items():
        for method, operation in item.items():
            _complete(operation, rights[path, method.upper()], has_body=method in ("post", "put"))
        paths[path.removeprefix(PREFIX)] = item
    paths["/openapi.json"] = {"get": _own_operation()}
    made["paths"] = dict(sorted(paths.items()))
    components = made["components"]
    for unused in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(unused, None)
    problem = m.Probleem.model_json_schema(by_alias=True, ref_template="#/components/schemas/{model}")
    components["schemas"] |= problem.pop("$defs", {}) | {"Probleem": problem}
    components["schemas"] = dict(sorted(components["schemas"].items()))
    components["securitySchemes"] = {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "description": "Een token van `regie token add`. Bereiken: "
            + ", ".join(each.value for each in SCOPES)
            + ".",
        }
    }
    components["headers"] = {
        "ApiVersie": {
            "description": "Volledige versie van de API.",
            "required": True,
            "schema": {"type": "string", "examples": [API_VERSION]},
        },
        "Etag": {"description": "Wat u bij een wijziging als If-Match meegeeft.", "schema": {"type": "string"}},
        "Plaats": {
            "description": "Waar staat wat er gebeurde.",
            "schema": {"type": "string", "format": "uri-reference"},
        },
    }
    components["responses"] = {
        f"Probleem{status}": {
            "description": title,
            "headers": {"API-Version": {"$ref": "#/components/headers/ApiVersie"}},
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Probleem"}}},
        }
        for status, title in TITLES.items()
    }
    made["info"]["contact"] = dict(_CONTACT)
    made["security"] = [{"token": []}]
    _tidy(made)
    return made


def _complete(operation: dict[str, Any], permission: Permission, *, has_body: bool) -> None:
    """Add to an operation what all of them have: the version header, the problems, the scopes that fit."""
    said = operation["responses"]
    said.pop("422", None)
    locked = any(each["name"] == "If-Match" for each in operation.get("parameters", ()))
    for status in (*_ALWAYS, *(_BODY if has_body else ()), *(_LOCKED if locked else ())):
        said[status] = {"$ref": f"#/components/responses/Probleem{status}"}
    for status, response in said.items():
        if not status.startswith("2"):
            continue
        response["headers"] = {"API-Version": {"$ref": "#/components/headers/ApiVersie"}}
        if status == "201":
            response["description"] = "Opgeslagen."
            response["headers"]["Location"] = {"$ref": "#/components/headers/Plaats"}
        elif response["description"] == "Successful Response":
            response["description"] = "Gelukt."
    operation["responses"] = dict(sorted(said.items()))
    scopes = [each.value for each, gives in SCOPES.items() if permission in gives]
    operation["description"] = (
        f"{operation.get('description', '').strip()}\n\nBereik: {' of '.join(f'`{each}`' for each in scopes)}."
    ).strip()
    operation["x-recht"] = permission.value
    summary = operation["description"].split("\n")[0].split(". ")[0].rstrip(".")
    operation["summary"] = operation["summary"] if has_body and " " in operation["summary"] else summary


def _own_operation() -> dict[str, Any]:
    return {
        "tags": ["beschrijving"],
        "operationId": "toonBeschrijving",
        "summary": "Geef deze beschrijving",
        "description": "Geef deze beschrijving. Voor iedereen.",
        "security": [],
        "responses": {
            "200": {
                "description": "Gelukt.",
                "headers": {"API-Version": {"$ref": "#/components/headers/ApiVersie"}},
                "content": {"application/json": {"schema": {"type": "object"}}},
            },
            "500": {"$ref": "#/components/responses/Probleem500"},
        },
    }


def _tidy(part: Any) -> None:
    """Take out the English titles that are made from names: they say nothing that the name does not."""
    if isinstance(part, dict):
        for name, value in part.items():
            if name == "properties" and isinstance(value, dict):
                for each in value.values():
                    each.pop("title", None)
            elif name in ("schema", "items") and isinstance(value, dict):
                value.pop("title", None)
            _tidy(value)
    elif isinstance(part, list):
        for value in part:
            _tidy(value)
