"""The calendar of a person: the feed for their calendar program, and the page that gives its address."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from regie.actions.keep_agenda import make_agenda, stop_agenda
from regie.feeds import feed_address
from regie.reports.ical import CONTENT_TYPE, KEPT_DAYS, load_agenda, write_agenda
from regie.web.deps import ContextNow, Now, PagesNow, PartnerNow, Reading, ShellNow, find_agenda, find_own_agenda

router = APIRouter()
PAGE = "/mijn-stappen/agenda"
_KEPT_SECONDS = 900


@router.get("/agenda/{token}.ics")
def show_feed(request: Request, shell: ShellNow, session: Reading, now: Now, token: str) -> Response:
    """The feed itself. The address is all that it takes; reading it changes nothing and leaves nothing in a browser."""
    feed = find_agenda(shell, session, token)
    if feed is None:
        return Response("Niet gevonden. / Not found.\n", 404, media_type="text/plain")
    agenda = load_agenda(session, feed, now)
    headers = {"ETag": agenda.etag, "Cache-Control": f"private, max-age={_KEPT_SECONDS}"}
    if _has(request.headers.get("if-none-match", ""), agenda.etag):
        return Response(status_code=304, headers=headers)
    body = write_agenda(session, shell.context.shelf.get, agenda)
    named = {"Content-Type": CONTENT_TYPE, "Content-Disposition": 'inline; filename="regie.ics"'}
    return Response(body, headers=headers | named)


def _has(known: str, etag: str) -> bool:
    """Whether a program says that it has this version already (RFC 9110, 13.1.2)."""
    named = [each.strip().removeprefix("W/") for each in known[:2000].split(",")]
    return etag in named or named == ["*"]


@router.get(PAGE)
def show_agenda(
    request: Request,
    pages: PagesNow,
    shell: ShellNow,
    session: Reading,
    partner: PartnerNow,
    stand: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The address of the feed once there is one, how to use it, and how to end it."""
    feed = find_own_agenda(shell, session, partner.id)
    address = feed_address(shell.settings.base_url, feed.token) if feed is not None and feed.token else ""
    return pages.render(
        request,
        "agenda.html",
        page=PAGE,
        address=address,
        webcal=f"webcal:{address.partition(':')[2]}" if address else "",
        made_at=feed.made_at if feed is not None and address else None,
        kept_days=KEPT_DAYS,
        stand=stand,
    )


@router.post(f"{PAGE}/maak")
def make(context: ContextNow, partner: PartnerNow, now: Now) -> Response:
    """Make the feed; pressed twice there is still one."""
    make_agenda(context, partner.id, now)
    return RedirectResponse(f"{PAGE}?stand=gemaakt", 303)


@router.post(f"{PAGE}/vernieuw")
def renew(context: ContextNow, partner: PartnerNow, now: Now) -> Response:
    """End the address and make another: for when somebody else has it."""
    make_agenda(context, partner.id, now, renew=True)
    return RedirectResponse(f"{PAGE}?stand=vernieuwd", 303)


@router.post(f"{PAGE}/stop")
def stop(context: ContextNow, partner: PartnerNow, now: Now) -> Response:
    """End the address, and make none."""
    stop_agenda(context, partner.id, now)
    return RedirectResponse(f"{PAGE}?stand=gestopt", 303)
