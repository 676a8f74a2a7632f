"""Sign in and out. A code for partners, the owner's link of ``regie up``, a local account when nothing else works.

Opening any of these pages changes nothing: a session begins and ends by a button only. All answers to a wrong try are
the same, whatever was wrong with it.
"""

from __future__ import annotations

import secrets
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Path, Query, Request
from starlette.responses import RedirectResponse, Response

from regie.actions import sign_in as door
from regie.actions.sign_in_with_provider import is_of_provider
from regie.errors import Refused
from regie.mailbox import check_email
from regie.web import visitor as cookies
from regie.web.deps import Bell, Client, ContextNow, Now, PagesNow, Shell, ShellNow, VisitorNow
from regie.web.errors import SIGN_IN_PATH, answer
from regie.web.language import N_
from regie.web.pages import FormError, Pages

router = APIRouter()

MY_STEPS = "/mijn-stappen"
_YEAR_SECONDS = 31_536_000
_WRONG_CODE = N_("Deze code opent niets. Kijk hem na, of vraag een nieuwe: een code werkt één keer, tien minuten lang.")
_WRONG_PASSWORD = N_("Deze naam en dit wachtwoord horen niet bij elkaar, of het account is dicht.")
_NO_ADDRESS = N_("Vul uw e-mailadres in, zoals naam@organisatie.nl.")

Onwards = Annotated[str, Query(alias="verder", max_length=2000)]
OnwardsTyped = Annotated[str, Form(alias="verder", max_length=2000)]
Typed = Annotated[str, Form(max_length=1000)]
Token = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,200}$")]


# --- a code ------------------------------------------------------------------------------------------


@router.get(SIGN_IN_PATH)
def show_sign_in(
    request: Request, pages: PagesNow, onwards: Onwards = "", left: Annotated[str, Query(alias="afgemeld")] = ""
) -> Response:
    """Ask for the address of a partner, and lead staff to their own way in."""
    return pages.render(
        request, "sign_in/address.html", onwards=cookies.own_path(onwards, ""), email="", errors=[], has_left=left
    )


@router.post(SIGN_IN_PATH)
def ask_code(
    request: Request,
    pages: PagesNow,
    context: ContextNow,
    now: Now,
    bell: Bell,
    client: Client,
    email: Typed = "",
    onwards: OnwardsTyped = "",
) -> Response:
    """Send a code when a partner has this address, and say the same when nobody has."""
    onwards = cookies.own_path(onwards, "")
    door.admit(context, client, now)
    try:
        check_email(email.strip())
    except Refused:
        errors = [FormError("email", pages.words(request, _NO_ADDRESS))]
        return pages.render(
            request, "sign_in/address.html", status=422, onwards=onwards, email=email, errors=errors, has_left=""
        )
    name = cookies.cookie_name("browser", secure=pages.secure)
    browser = request.cookies.get(name, "") or secrets.token_urlsafe(24)
    door.request_code(context, email, browser, now)
    bell()
    response = RedirectResponse(_with(f"{SIGN_IN_PATH}/code", onwards), 303)
    _set_cookie(response, pages, "browser", browser)
    return response


@router.get(SIGN_IN_PATH + "/code")
def show_code(request: Request, pages: PagesNow, onwards: Onwards = "") -> Response:
    """Ask for the code that was in the mail."""
    return pages.render(request, "sign_in/code.html", onwards=cookies.own_path(onwards, ""), errors=[])


@router.post(SIGN_IN_PATH + "/code")
def use_code(
    request: Request,
    pages: PagesNow,
    shell: ShellNow,
    now: Now,
    client: Client,
    code: Typed = "",
    onwards: OnwardsTyped = "",
) -> Response:
    """Sign a partner in, when this browser asked for the code."""
    door.admit(shell.context, client, now)
    browser = request.cookies.get(cookies.cookie_name("browser", secure=pages.secure), "")
    try:
        session_id = door.sign_in_with_code(shell.context, code, browser, now, replaces=session_of(request, pages))
    except Refused as error:
        if error.code != "sign-in-refused":
            raise
        errors = [FormError("code", pages.words(request, _WRONG_CODE))]
        onwards = cookies.own_path(onwards, "")
        return pages.render(request, "sign_in/code.html", status=422, onwards=onwards, errors=errors)
    return enter(request, shell, session_id, onwards)


# --- staff -------------------------------------------------------------------------------------------


@router.get(SIGN_IN_PATH + "/medewerker")
def show_password(request: Request, pages: PagesNow, onwards: Onwards = "") -> Response:
    """Ask for the name and password of a local account."""
    return pages.render(request, "sign_in/password.html", onwards=cookies.own_path(onwards, ""), name="", errors=[])


@router.post(SIGN_IN_PATH + "/medewerker")
def use_password(
    request: Request,
    pages: PagesNow,
    shell: ShellNow,
    now: Now,
    client: Client,
    naam: Typed = "",
    wachtwoord: Typed = "",
    onwards: OnwardsTyped = "",
) -> Response:
    """Sign a local account in."""
    door.admit(shell.context, client, now)
    replaces = session_of(request, pages)
    try:
        session_id = door.sign_in_with_password(shell.context, naam, wachtwoord, now, replaces=replaces)
    except Refused as error:
        if error.code != "sign-in-refused":
            raise
        errors = [FormError("naam", pages.words(request, _WRONG_PASSWORD))]
        onwards = cookies.own_path(onwards, "")
        return pages.render(request, "sign_in/password.html", status=422, onwards=onwards, name=naam, errors=errors)
    return enter(request, shell, session_id, onwards)


@router.get(door.LINK_PATH + "/{token}")
def show_owner_link(request: Request, pages: PagesNow, token: Token) -> Response:
    """Show a button. Whether the link still works is not looked up: a scanner learns nothing, and uses nothing up."""
    return pages.render(request, "sign_in/once.html", action=f"{door.LINK_PATH}/{token}", is_refused=False)


@router.post(door.LINK_PATH + "/{token}")
def use_owner_link(
    request: Request, pages: PagesNow, shell: ShellNow, now: Now, client: Client, token: Token
) -> Response:
    """Sign the owner in, once."""
    door.admit(shell.context, client, now)
    replaces = session_of(request, pages)
    try:
        session_id = door.sign_in_with_link(shell.context, token, now, replaces=replaces)
    except Refused as error:
        if error.code != "sign-in-refused":
            raise
        action = f"{door.LINK_PATH}/{token}"
        return pages.render(request, "sign_in/once.html", status=422, action=action, is_refused=True)
    return enter(request, shell, session_id, "")


# --- out ---------------------------------------------------------------------------------------------


@router.post("/afmelden")
def sign_out(request: Request, pages: PagesNow, context: ContextNow, now: Now, visitor: VisitorNow) -> Response:
    """End the session; also of a browser whose session ended already."""
    how = "ja"
    if visitor is not None:
        door.sign_out(context, session_of(request, pages), now, visitor.session.who)
        if visitor.session.account_id is not None and is_of_provider(context, visitor.session.account_id):
            how = "werkaccount"
    response = RedirectResponse(f"{SIGN_IN_PATH}?afgemeld={how}", 303)
    name = cookies.cookie_name("session", secure=pages.secure)
    response.delete_cookie(name, path="/", secure=pages.secure, httponly=True, samesite="lax")
    return response


def enter(request: Request, shell: Shell, session_id: str, onwards: str) -> Response:
    """Give the browser its session, and lead on: to the own page that was asked for, or to where this reader begins.

    A language that the browser did not choose becomes that of whoever signed in.
    """
    pages = shell.pages
    visitor = door.who_is(shell.context, session_id, shell.clock(), door.limits_of(shell.settings))
    if visitor is None:  # disabled or erased in this very moment
        return answer(pages, request, 401)
    begins = MY_STEPS if visitor.session.person_id is not None else "/"
    response = RedirectResponse(cookies.own_path(onwards, begins), 303)
    _set_cookie(response, pages, "session", session_id)
    if not request.cookies.get(cookies.cookie_name("language", secure=pages.secure)):
        _set_cookie(response, pages, "language", visitor.actor.language, _YEAR_SECONDS)
    return response


def session_of(request: Request, pages: Pages) -> str:
    return request.cookies.get(cookies.cookie_name("session", secure=pages.secure), "")


def _set_cookie(response: Response, pages: Pages, name: str, value: str, seconds: int | None = None) -> None:
    own = cookies.cookie_name(name, secure=pages.secure)
    response.set_cookie(own, value, seconds, path="/", secure=pages.secure, httponly=True, samesite="lax")


def _with(path: str, onwards: str) -> str:
    return f"{path}?{urlencode({'verder': onwards})}" if onwards else path
