"""Who asks, what they may, and whether they saw what is there now: before any route of the API does its work.

A key is looked at before the request is read any further, so that a stranger learns nothing of it. Every route says with
``needs`` which right it takes; a test walks all routes and refuses one that says nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header, HTTPException, Path, Query, Request
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from regie.actions.use_token import use_token
from regie.core.permissions import EVERY_TRAJECT, MAY, SCOPES, Actor, Permission, may, nothing_here
from regie.errors import Conflict, Refused
from regie.web.deps import demand, find_slug, get_client, get_shell, note_refusal

PREFIX = "/api/v1"
OPENAPI_PATH = f"{PREFIX}/openapi.json"
MOST_ROWS = 100
MOST_PAGES = 1000
MOST_BYTES = 1_000_000
"""Of what is sent, where no files come along."""

_BEARER = re.compile(r"[Bb]earer +([\x21-\x7e]{1,200})")
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_TAG = re.compile(r'"(?:(\d{1,9}|[0-9a-f]{16})-)?[0-9a-f]{16}"')


class ApiRoute(APIRoute):
    """A route that looks at the key, and at the kind and the size of what was sent, before anything is read of it."""

    takes_files = False

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            request.state.api_actor = await run_in_threadpool(_identify, request)
            kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            if request.method in _WITH_BODY and kind != "application/json":
                raise HTTPException(415, headers={"Accept-Post": "application/json"})
            if not self.takes_files and len(await request.body()) > MOST_BYTES:
                raise HTTPException(413)
            return await handle(request)

        return guarded


class FilesRoute(ApiRoute):
    """A route with files in what is sent: as large as the guard before all routes allows."""

    takes_files = True


def _identify(request: Request) -> Actor:
    """Give who asks.

    Raises:
        HTTPException: 401, no key.
        Refused: ``token-refused``, ``too-many-tries``.
    """
    found = _BEARER.fullmatch(request.headers.get("authorization", "").strip())
    if found is None:
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
    shell = get_shell(request)
    return use_token(shell.context, found[1], get_client(request), shell.clock())


# --- rights ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Seen:
    """A traject that the caller may see.

    Args:
        sees_confidential: whether what is confidential is shown; no token has that.
    """

    actor: Actor
    traject_id: int
    slug: str
    sees_confidential: bool


Slug = Annotated[
    str,
    Path(
        description="Korte naam van het traject.",
        pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$",
        max_length=200,
        openapi_examples={"wilg": {"value": "opvang-de-wilg"}},
    ),
]


def needs(permission: Permission) -> Any:
    """Take a right about the whole of Regie; gives the ``Actor``."""

    def find(request: Request) -> Actor:
        actor, shell = _scoped(request, permission), get_shell(request)
        demand(shell.context, actor, permission, shell.clock())
        return actor

    find.permission = permission  # type: ignore[attr-defined]
    return Depends(find)


def needs_in_traject(permission: Permission) -> Any:
    """Take a right about the traject in the address; gives ``Seen``. What is of others is not there."""

    def find(request: Request, slug: Slug) -> Seen:
        actor = _scoped(request, permission)
        shell = get_shell(request)
        traject_id = find_slug(shell.context, slug)
        # whether it may be seen is asked of the account: that a scope is missing was said above
        seeing = Actor(actor.name, actor.rights)
        if traject_id is None or not may(seeing, Permission.SEE_TRAJECT, traject_id=traject_id):
            _note(request, actor, f"{permission} traject:{traject_id or '-'}")
            raise nothing_here()
        if not (may(actor, permission, traject_id=traject_id) or may_in_some(actor, permission, traject_id)):
            demand(shell.context, actor, permission, shell.clock(), traject_id)
        sees = may(actor, Permission.SEE_CONFIDENTIAL, traject_id=traject_id)
        return Seen(actor, traject_id, slug, sees)

    find.permission = permission  # type: ignore[attr-defined]
    return Depends(find)


def may_in_some(actor: Actor, permission: Permission, traject_id: int) -> bool:
    """Whether a right that is about all may be used for one traject, because it was given for that one."""
    return may(actor, permission) and any(
        permission in MAY[each.role] and each.traject_id in (EVERY_TRAJECT, traject_id) for each in actor.rights
    )


def _scoped(request: Request, permission: Permission) -> Actor:
    """Give who asks, when the key has a scope for it. This says nothing about any object."""
    actor: Actor = request.state.api_actor
    fitting = [each.value for each, gives in SCOPES.items() if permission in gives]
    if actor.scopes is not None and not any(each.value in fitting for each in actor.scopes):
        _note(request, actor, permission.value)
        raise Refused(
            f"this token has no scope for '{permission.value}'",
            code="scope-missing",
            hint="ask an administrator for a token that has it",
            scopes=fitting,
        )
    return actor


def _note(request: Request, actor: Actor, about: str) -> None:
    shell = get_shell(request)
    note_refusal(shell.context, actor, shell.clock(), about)


# --- what is asked along --------------------------------------------------------------------------------

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        description="ETag van wat u zag, of `*` voor hoe het ook staat. Verplicht, behalve met `proef=true`.",
        max_length=100,
    ),
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Uw kenmerk van dit verzoek. Hetzelfde kenmerk nog eens doet niets meer, en geeft het eerste antwoord.",
        pattern=r"^[A-Za-z0-9._:-]{8,64}$",
        openapi_examples={"uuid": {"value": "7f3d1c1e-6a5b-4c0e-9d5e-2f1f6d0f8a11"}},
    ),
]
Trial = Annotated[bool, Query(alias="proef", description="Alleen tonen waartoe dit leidt; er wordt niets opgeslagen.")]
CycleNumber = Annotated[
    int, Query(alias="doorloop", ge=0, le=100_000, description="Nummer van de doorloop; 0 voor de laatste die loopt.")
]
Page = Annotated[int, Query(alias="pagina", ge=1, le=MOST_PAGES, description="Welke pagina, vanaf 1.")]
PerPage = Annotated[
    int, Query(alias="paginaGrootte", ge=1, le=MOST_ROWS, description=f"Hoeveel per pagina, hoogstens {MOST_ROWS}.")
]


def own_request(actor: Actor, key: str | None) -> str:
    """The name of a request in the record: of this key of the API alone, so that nobody gets the answer of another."""
    return f"{actor.name}:{key}" if key else ""


# --- who was first ------------------------------------------------------------------------------------


def mark_of(content: object) -> str:
    """A mark for what a change is measured by, where that has no version of its own."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _tag_of(content: object, mark: object = None) -> str:
    """The ETag of something: before the line what a change is measured by, behind it all that is shown.

    What is shown also follows from the day; that alone holds up nobody's change.
    """
    return f'"{mark_of(content)}"' if mark is None else f'"{mark}-{mark_of(content)}"'


def seen_version(if_match: str | None, *, trial: bool) -> int | None:
    """Read which version the caller saw; None for whichever there is.

    Raises:
        Refused: ``if-match-missing``, ``if-match-wrong``.
    """
    found = _read_tag(if_match, trial=trial)
    if found is None:
        return None
    if found[1] is None or len(found[1]) > 9:
        raise _wrong_tag()
    return int(found[1])


def check_mark(if_match: str | None, now: str, *, trial: bool) -> None:
    """Refuse when something is no longer as the caller saw it.

    Raises:
        Refused: ``if-match-missing``, ``if-match-wrong``.
        Conflict: ``resource-changed``.
    """
    found = _read_tag(if_match, trial=trial)
    if found is not None and found[1] != now:
        raise Conflict("this was changed meanwhile", code="resource-changed", hint="look at it again, then decide")


def _read_tag(if_match: str | None, *, trial: bool) -> re.Match[str] | None:
    if if_match is None and not trial:
        raise Refused(
            "say with If-Match what you saw", code="if-match-missing", hint="give the ETag, or * for whatever there is"
        )
    if if_match is None or if_match.strip() == "*":
        return None
    found = _TAG.fullmatch(if_match.strip())
    if found is None:
        raise _wrong_tag()
    return found


def _wrong_tag() -> Refused:
    return Refused("this is no ETag of this resource", code="if-match-wrong", hint="use the ETag as it was given")


def answer_tagged(request: Request, body: BaseModel, mark: object = None) -> Response:
    """Answer with an ETag; with 304 when the caller has this already.

    Args:
        mark: what a change is measured by: a version, or of ``mark_of``.
    """
    content = body.model_dump(mode="json", by_alias=True)
    tag = _tag_of(content, mark)
    known = {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if tag in known:
        return Response(status_code=304, headers=headers)
    return JSONResponse(content, headers=headers)


def answer_done(body: BaseModel, place: str, *, is_saved: bool) -> Response:
    """Answer an act: 201 with where its record stands, or 200 when nothing new was saved."""
    headers: Mapping[str, str] = {"Location": place} if place else {}
    return JSONResponse(body.model_dump(mode="json", by_alias=True), 201 if is_saved else 200, headers=dict(headers))
