"""Sign in with the account of one's work, and out of it: to the identity provider and back.

Going there is a link and no form: browsers hold the answer to a form to ``form-action``, through every redirect that a
provider may make to another. Another site cannot follow the link for somebody: it then leads to the sign-in page.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from regie.actions import sign_in as door
from regie.actions import sign_in_with_provider as walk
from regie.oidc import CALLBACK_PATH, NotLetIn, Provider, ProviderDown
from regie.web import visitor as cookies
from regie.web.deps import Client, Now, PagesNow, Shell, ShellNow
from regie.web.errors import SIGN_IN_PATH
from regie.web.language import N_
from regie.web.pages import Pages
from regie.web.routes.sign_in import enter, session_of

router = APIRouter()

START_PATH = f"{SIGN_IN_PATH}/oidc"
LEAVE_PATH = "/afmelden/werkaccount"
_COOKIE = "oidc"

_SAID: dict[str, tuple[str, str]] = {
    "no-right": (
        N_("U hebt nog geen toegang tot Regie"),
        N_(
            "Uw werkaccount klopt, maar u zit in geen groep die toegang tot Regie geeft. Vraag uw leidinggevende of de "
            "functioneel beheerder van Regie om u in de goede groep te zetten. Meld u daarna opnieuw aan."
        ),
    ),
    "new": (
        N_("U hebt nog geen toegang tot Regie"),
        N_("Er komen nu geen nieuwe accounts bij. Vraag de functioneel beheerder van Regie in uw gemeente om hulp."),
    ),
    "too-many-groups": (
        N_("Regie kan uw groepen niet zien"),
        N_(
            "U zit in zoveel groepen dat uw werkaccount ze niet meer meestuurt. Vraag de functioneel beheerder om rollen "
            "van de toepassing (app roles) te gebruiken in plaats van groepen."
        ),
    ),
    "disabled": (
        N_("Uw account in Regie is gesloten"),
        N_(
            "Een beheerder heeft het gesloten. Klopt dat niet, vraag dan de functioneel beheerder van Regie om het te openen."
        ),
    ),
    "no-mfa": (
        N_("Er is een tweede stap nodig"),
        N_(
            "U meldde zich aan zonder tweede stap, zoals een code op uw telefoon. Stel die in bij uw werkaccount, en meld "
            "u opnieuw aan. Lukt dat niet, vraag dan uw ict-helpdesk."
        ),
    ),
    "said-access_denied": (
        N_("Het aanmelden is afgebroken"),
        N_("Er is niets veranderd. U brak het zelf af, of uw werkaccount mag Regie niet gebruiken."),
    ),
}
_GENERIC = (
    N_("Het aanmelden is niet gelukt"),
    N_(
        "Er is niets veranderd. Meestal duurde het langer dan tien minuten, of stond het aanmelden nog open in een ander "
        "venster. Begin opnieuw."
    ),
)
_DOWN = (
    N_("De aanmelddienst van uw gemeente antwoordt niet"),
    N_(
        "Het ligt niet aan u, en er is niets veranderd. Probeer het over een paar minuten opnieuw. Blijft het zo, bel dan "
        "uw ict-helpdesk."
    ),
)
_NO_LEAVING = (
    N_("U bent afgemeld bij Regie"),
    N_(
        "Uw werkaccount kan Regie niet afmelden. Sluit alle vensters van uw browser als anderen deze computer gebruiken."
    ),
)


@router.get(START_PATH)
def start(
    request: Request,
    pages: PagesNow,
    shell: ShellNow,
    now: Now,
    onwards: Annotated[str, Query(alias="verder", max_length=2000)] = "",
) -> Response:
    """Lead to the identity provider. Changes nothing here but a cookie that lasts ten minutes."""
    provider, onwards = _provider(shell), cookies.own_path(onwards, "")
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        back = f"?{urlencode({'verder': onwards})}" if onwards else ""
        return RedirectResponse(f"{SIGN_IN_PATH}{back}", 303)
    key, begun = shell.context.audit_key, walk.begin(now, onwards)
    try:
        response = RedirectResponse(walk.address_at_provider(provider, key, begun), 303)
    except ProviderDown:
        return _refused(request, pages, _DOWN, 503, onwards)
    name, seconds = cookies.cookie_name(_COOKIE, secure=pages.secure), int(walk.LASTS.total_seconds())
    # Lax, for the way back comes from another site
    response.set_cookie(
        name, walk.seal(key, begun), seconds, path="/", secure=pages.secure, httponly=True, samesite="lax"
    )
    return response


@router.get(CALLBACK_PATH)
def finish(
    request: Request,
    pages: PagesNow,
    shell: ShellNow,
    now: Now,
    client: Client,
    state: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str, Query(max_length=8000)] = "",
    error: Annotated[str, Query(max_length=200)] = "",
    iss: Annotated[str | None, Query(max_length=500)] = None,
) -> Response:
    """Sign somebody in who comes back from the provider. Counts once, and only in the browser that was sent there."""
    provider = _provider(shell)
    door.admit(shell.context, client, now)
    name = cookies.cookie_name(_COOKIE, secure=pages.secure)
    begun = walk.unseal(shell.context.audit_key, request.cookies.get(name, ""), now)
    onwards = begun.onwards if begun is not None else ""
    returned = walk.Returned(state, code, error, iss)
    try:
        session_id = walk.sign_in_with_provider(
            shell.context, provider, shell.settings, begun, returned, now, replaces=session_of(request, pages)
        )
    except NotLetIn as refused:
        response = _refused(request, pages, _SAID.get(refused.reason, _GENERIC), 403, onwards)
    except ProviderDown:
        response = _refused(request, pages, _DOWN, 503, onwards)
    else:
        response = enter(request, shell, session_id, onwards)
    response.delete_cookie(name, path="/", secure=pages.secure, httponly=True, samesite="lax")
    return response


@router.get(LEAVE_PATH)
def leave(request: Request, pages: PagesNow, shell: ShellNow) -> Response:
    """Lead to where somebody signs out at the provider too; their session here has ended by then."""
    back_to = f"{shell.settings.base_url}{SIGN_IN_PATH}"
    try:
        address = _provider(shell).leave_address(back_to)
    except ProviderDown:
        return _refused(request, pages, _DOWN, 503, "")
    return RedirectResponse(address, 303) if address else _refused(request, pages, _NO_LEAVING, 200, "")


def _provider(shell: Shell) -> Provider:
    if shell.provider is None:
        raise HTTPException(404)
    return shell.provider


def _refused(request: Request, pages: Pages, said: tuple[str, str], status: int, onwards: str) -> Response:
    title, advice = (pages.words(request, text) for text in said)
    return pages.render(
        request, "sign_in/refused.html", status=status, title=title, advice=advice, onwards=onwards,
        is_down=status == 503,
    )  # fmt: skip
