"""The start page, the accessibility statement, and the choice of a language."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from regie.web import visitor
from regie.web.deps import Now, PagesNow, ShellNow, VisitorNow, last_emergency
from regie.web.static_files import PREFIX

router = APIRouter()
_YEAR_SECONDS = 31_536_000


@router.get("/")
def show_home(request: Request, pages: PagesNow, shell: ShellNow, visitor: VisitorNow, now: Now) -> Response:
    """What Regie is, and where to go. Administrators read that somebody came in by an emergency account."""
    return pages.render(request, "home.html", emergency_at=last_emergency(shell, visitor, now))


@router.get("/toegankelijkheid")
def show_accessibility(request: Request, pages: PagesNow) -> Response:
    """How accessible these pages are, and whom to tell when they are not."""
    return pages.render(request, "accessibility.html")


@router.post("/taal")
def choose_language(
    pages: PagesNow, taal: Annotated[str, Form(max_length=8)], next: Annotated[str, Form(max_length=2000)] = "/"
) -> Response:
    """Keep a language in a cookie, and go back to the page."""
    if taal not in visitor.LANGUAGES:
        raise HTTPException(400)
    response = RedirectResponse(visitor.own_path(next), 303)
    name = visitor.cookie_name("language", secure=pages.secure)
    response.set_cookie(name, taal, _YEAR_SECONDS, path="/", secure=pages.secure, httponly=True, samesite="lax")
    return response


@router.get(PREFIX + "{path:path}")
def show_static(request: Request, pages: PagesNow, path: str) -> Response:
    """A file of the look; its name changes with what is in it."""
    file = pages.static.by_path.get(path)
    if file is None:
        raise HTTPException(404)
    headers = {
        "Content-Type": file.kind,
        "Cache-Control": f"public, max-age={_YEAR_SECONDS}, immutable",
        "Vary": "Accept-Encoding",
    }
    if file.packed and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.packed, headers=headers | {"Content-Encoding": "gzip"})
    return Response(file.body, headers=headers)


@router.get("/robots.txt")
def show_robots() -> Response:
    """Nothing here is for search engines."""
    return Response("User-agent: *\nDisallow: /\n", media_type="text/plain")
