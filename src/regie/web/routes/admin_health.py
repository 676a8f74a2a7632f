"""How Regie is doing, in words, and a mail to see whether mail leaves."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from starlette.responses import Response

from regie.actions.check_up import BAD, OF_THE_PAGE, WARN, Patient, check_up
from regie.actions.send_test_mail import choose_sender, send_test_mail
from regie.core.permissions import Actor, Permission
from regie.errors import RegieError
from regie.notify.outgoing import DeliveryOutcome
from regie.web.deps import Now, PagesNow, Reading, Shell, ShellNow, VisitorNow, address_of, needs
from regie.web.pages import Pages, refusal_words

router = APIRouter()

HERE = "/beheer/gezondheid"
Watcher = Annotated[Actor, needs(Permission.SEE_HEALTH)]


@router.get(HERE)
def show_health(
    request: Request,
    actor: Watcher,
    pages: PagesNow,
    shell: ShellNow,
    visitor: VisitorNow,
    session: Reading,
    now: Now,
    anderen: str = "",
) -> Response:
    """All that can be seen from here; the mail server and Prefect are called when that is asked."""
    return _page(request, pages, shell, now, address_of(session, visitor), asks_others=anderen == "ja")


@router.post(f"{HERE}/testmail")
def send_mail(
    request: Request, actor: Watcher, pages: PagesNow, shell: ShellNow, visitor: VisitorNow, session: Reading, now: Now
) -> Response:
    """Send a mail to the address of whoever asks; shown at once, as sending again does no harm."""
    address = address_of(session, visitor)
    session.close()  # never hold a transaction open across a network call
    language = pages.language(request)
    try:
        sent = send_test_mail(
            shell.context,
            actor,
            choose_sender(shell.settings, shell.clock),
            address,
            now,
            language=language,
            label=shell.settings.environment_label,
        )
    except RegieError as error:
        return _page(request, pages, shell, now, address, error=refusal_words(error, pages, request))
    ok = sent.outcome is DeliveryOutcome.ACCEPTED
    return _page(request, pages, shell, now, address, sent=ok, error="" if ok else sent.detail)


def _page(
    request: Request,
    pages: Pages,
    shell: Shell,
    now: Now,
    address: str,
    *,
    asks_others: bool = False,
    sent: bool = False,
    error: str = "",
) -> Response:
    lines = check_up(Patient(shell.context, shell.settings, now, pages.language(request), asks_others), OF_THE_PAGE)
    return pages.render(
        request,
        "admin/health.html",
        status=422 if error else 200,
        lines=[
            (each, "error" if each.verdict == BAD else "warning" if each.verdict == WARN else "ok") for each in lines
        ],
        asks_others=asks_others,
        address=address,
        sent=sent,
        error=error,
    )
