"""From what went wrong to an answer: a page that a citizen understands, or ``problem+json`` under ``/api``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from regie.errors import RegieError
from regie.text.refusals import say_refusal
from regie.web.api.problems import make_problem, wrong_parts
from regie.web.api.problems import status_of as api_status_of
from regie.web.deps import SignInNeeded
from regie.web.language import N_
from regie.web.pages import Pages, here

SIGN_IN_PATH = "/aanmelden"

STATUSES: Mapping[str, int] = {
    "refused": 422,
    "not-found": 404,
    "conflict": 409,
    "incomplete": 503,
    "delivery-failed": 503,
    "definition-invalid": 422,
    "error": 500,
}
"""Which status each family of errors gets; a family that is not here is a fault of ours."""

_OWN_STATUS = {"database-locked": 503, "not-allowed": 403, "too-many-passwords": 429, "too-many-tries": 429}
"""Codes whose status says more than that of their family."""
RETRY_AFTER_SECONDS = {"too-many-passwords": 60, "too-many-tries": 600}
_SAID: Mapping[int, tuple[str, str]] = {
    400: (
        N_("Deze vraag begrijpen we niet"),
        N_("Het adres of het formulier klopt niet. Ga terug, en probeer het opnieuw."),
    ),
    401: (
        N_("U bent niet aangemeld"),
        N_("Er is niets veranderd. Meld u aan, en doe het daarna opnieuw."),
    ),
    403: (
        N_("Dit mag niet vanaf deze pagina"),
        N_(
            "Er is niets veranderd. Meestal stond de pagina lang open, of weigert uw browser cookies. "
            "Ga terug, laad de pagina opnieuw, en verstuur het formulier nog een keer."
        ),
    ),
    404: (
        N_("Deze pagina is er niet"),
        N_(
            "Controleer het adres, of ga naar de startpagina. Kwam u hier door een link in een mail, vraag dan een nieuwe."
        ),
    ),
    405: (
        N_("Dit adres werkt anders"),
        N_("Er is niets veranderd. Open de pagina opnieuw, en gebruik de knoppen op de pagina."),
    ),
    409: (
        N_("Iemand anders was u voor"),
        N_("Er is niets veranderd. Ga terug, laad de pagina opnieuw, en kijk wat er nu staat."),
    ),
    413: (
        N_("Dit is te groot"),
        N_("Er is niets veranderd. Kies een kleiner bestand, of verwijs naar een plek waar het staat."),
    ),
    422: (
        N_("Dit kan zo niet"),
        N_("Er is niets veranderd. Ga terug, en kijk na wat u hebt ingevuld."),
    ),
    429: (
        N_("Dit was te vaak achter elkaar"),
        N_("Er is niets veranderd. Wacht een kwartier, en probeer het opnieuw."),
    ),
    500: (
        N_("Er ging bij ons iets mis"),
        N_("Het ligt niet aan u. Probeer het straks opnieuw, en geef anders het nummer hieronder door."),
    ),
    503: (
        N_("Regie is even niet bereikbaar"),
        N_("Er is niets veranderd. Probeer het over een paar minuten opnieuw."),
    ),
}


def status_of(error: RegieError) -> int:
    return _OWN_STATUS.get(error.code) or STATUSES.get(error.family, 500)


def is_for_machines(path: str) -> bool:
    return path == "/api" or path.startswith("/api/")


def answer(
    pages: Pages,
    request: Request,
    status: int,
    error: RegieError | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    asks_who: bool = True,
    errors: Sequence[Mapping[str, str]] = (),
) -> Response:
    """Give the answer to what went wrong.

    Args:
        error: what it says is for the reader, unless the trouble is on our side: then it may name a machine.
        asks_who: whether the database may be asked who reads it; not on the event loop, nor when it may be what broke.
        errors: under ``/api``, each part of the request that is wrong.
    """
    if status >= 500:
        error, asks_who = None, False
    if is_for_machines(request.url.path):
        return make_problem(
            status, request_id(request), error, language=pages.language(request), headers=headers, errors=errors
        )
    if error is not None and (wait := RETRY_AFTER_SECONDS.get(error.code)):
        headers = {**(headers or {}), "Retry-After": str(wait)}
    title, advice = _SAID.get(status, _SAID[400 if status < 500 else 500])
    refusal = say_refusal(error, pages.language(request)) if error is not None else None
    return pages.render(
        request,
        "error.html",
        status=status,
        headers=headers,
        asks_who=asks_who,
        title=pages.words(request, title),
        message=refusal.message if refusal else "",
        advice=(refusal.advice if refusal else "") or pages.words(request, advice),
        number=request_id(request) if status >= 500 else "",
    )


def request_id(request: Request) -> str:
    return str(request.scope.get("state", {}).get("request_id", ""))


def install(app: FastAPI, pages: Pages) -> None:
    """Give every error of a route its answer. What nobody foresaw is caught by ``access_log``, outside of this."""

    def of_regie(request: Request, error: Exception) -> Response:
        assert isinstance(error, RegieError)
        status = api_status_of(error) if is_for_machines(request.url.path) else status_of(error)
        return answer(pages, request, status, error)

    def of_nobody(request: Request, error: Exception) -> Response:
        if is_for_machines(request.url.path):
            return answer(pages, request, 401)
        back = "" if request.method not in ("GET", "HEAD") else f"?{urlencode({'verder': here(request)})}"
        return RedirectResponse(f"{SIGN_IN_PATH}{back}", 303)

    def of_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return answer(pages, request, error.status_code, headers=error.headers)

    def of_input(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        if is_for_machines(request.url.path):
            return answer(pages, request, 400, errors=list(wrong_parts(error.errors())))
        in_path = any(each["loc"][0] == "path" for each in error.errors())
        return answer(pages, request, 404 if in_path else 400)

    app.add_exception_handler(RegieError, of_regie)
    app.add_exception_handler(SignInNeeded, of_nobody)
    app.add_exception_handler(HTTPException, of_http)
    app.add_exception_handler(RequestValidationError, of_input)
