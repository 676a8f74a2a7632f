"""Which programs hear what happens, how that goes, and keeping it in order."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi import Path as InPath
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from regie.actions import keep_webhooks
from regie.actions.deliver_events import send_test
from regie.core.announcements import Announced
from regie.core.permissions import Permission
from regie.errors import Conflict, Incomplete, NotFound, Refused, RegieError
from regie.notify.webhook import Names, WebhookSender
from regie.text.post import say_detail
from regie.web import left_words
from regie.web.deps import (
    ActorNow,
    ContextNow,
    Now,
    PagesNow,
    Reading,
    ShellNow,
    demand,
    events_of,
    slugs_of,
    webhook_of,
    webhooks_of,
)
from regie.web.pages import FormError, refusal_words

router = APIRouter()

HERE = "/beheer/webhooks"
ON_A_PAGE = 50
_RIGHT = Permission.MANAGE_WEBHOOKS
_ID = re.compile(r"[0-9a-f]{32}")
_FIELDS = {"webhook-name": "naam", "webhook-kind": "soorten", "unknown-traject": "trajecten"}
WebhookId = Annotated[str, InPath(max_length=100)]


@router.get(HERE)
def show_webhooks(
    request: Request, actor: ActorNow, pages: PagesNow, context: ContextNow, session: Reading, now: Now, weg: str = ""
) -> Response:
    """All of them, with how it went the last time."""
    demand(context, actor, _RIGHT, now)
    found = webhooks_of(session)
    language = pages.language(request)
    return pages.render(
        request,
        "left/webhooks.html",
        found=found,
        states=left_words.WEBHOOKS,
        outcomes=left_words.OUTCOMES,
        details={each.id: say_detail(each.last_detail, pages.settings.timezone, language) for each in found},
        hosts=sorted({*pages.settings.webhook_hosts, *pages.settings.webhook_internal_hosts}),
        is_named=bool(pages.settings.cloudevents_source and pages.settings.cloudevents_type_prefix),
        is_gone=weg == "ja",
    )


@router.get(f"{HERE}/nieuw")
def ask_new(
    request: Request, actor: ActorNow, pages: PagesNow, context: ContextNow, session: Reading, now: Now
) -> Response:
    """The form for a new one."""
    demand(context, actor, _RIGHT, now)
    typed: dict[str, object] = {"naam": "", "adres": "", "soorten": (), "trajecten": (), "kenmerk": context.ids()}
    return _form(request, pages, session, typed, ())


def _form(
    request: Request, pages: PagesNow, session: Reading, typed: dict[str, object], errors: tuple[FormError, ...]
) -> Response:
    return pages.render(
        request,
        "left/webhook_new.html",
        status=422 if errors else 200,
        typed=typed,
        errors=list(errors),
        kinds={each.value: each.value for each in Announced},
        slugs=slugs_of(session, None),
        hosts=sorted({*pages.settings.webhook_hosts, *pages.settings.webhook_internal_hosts}),
    )


@router.post(f"{HERE}/nieuw")
def add_one(
    request: Request,
    actor: ActorNow,
    pages: PagesNow,
    context: ContextNow,
    session: Reading,
    now: Now,
    naam: Annotated[str, Form(max_length=1_000)] = "",
    adres: Annotated[str, Form(max_length=4_000)] = "",
    soorten: Annotated[tuple[str, ...], Form()] = (),
    trajecten: Annotated[tuple[str, ...], Form()] = (),
    kenmerk: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Add one. Its secret stands on the answer, and nowhere after; the same form sent twice adds one."""
    demand(context, actor, _RIGHT, now)
    if not _ID.fullmatch(kenmerk):
        raise HTTPException(400)
    typed: dict[str, object] = {
        "naam": naam, "adres": adres, "soorten": soorten, "trajecten": trajecten, "kenmerk": kenmerk,
    }  # fmt: skip
    try:
        new = keep_webhooks.add(
            context,
            pages.settings,
            name=naam,
            url=adres,
            kinds=soorten,
            slugs=trajecten,
            by=actor.name,
            now=now,
            webhook_id=kenmerk,
        )
    except Conflict:
        return RedirectResponse(f"{HERE}/{kenmerk}", 303)
    except (Refused, NotFound, Incomplete) as error:
        field = _FIELDS.get(error.code, "naam" if error.facts.get("field") == "title" else "adres")
        return _form(request, pages, session, typed, (FormError(field, refusal_words(error, pages, request)),))
    return _secret(request, pages, new)


def _secret(request: Request, pages: PagesNow, new: keep_webhooks.NewSecret) -> Response:
    return pages.render(request, "left/webhook_secret.html", webhook_id=new.webhook_id, secret=new.secret)


@router.get(f"{HERE}/{{webhook_id}}")
def show_one(
    request: Request,
    webhook_id: WebhookId,
    actor: ActorNow,
    pages: PagesNow,
    context: ContextNow,
    session: Reading,
    now: Now,
    voor: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    gedaan: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """One webhook, with its events."""
    demand(context, actor, _RIGHT, now)
    return _one(request, webhook_id, pages, session, now, before=voor, done=gedaan)


def _one(
    request: Request,
    webhook_id: str,
    pages: PagesNow,
    session: Reading,
    now: Now,
    *,
    before: int | None = None,
    done: str = "",
    refused: str = "",
    status: int = 200,
) -> Response:
    found = webhook_of(session, webhook_id)
    events = events_of(session, webhook_id, before, ON_A_PAGE + 1)
    shown = events[:ON_A_PAGE]
    language, zone = pages.language(request), pages.settings.timezone
    return pages.render(
        request,
        "left/webhook.html",
        status=status,
        found=found,
        events=shown,
        more=shown[-1].number if len(events) > ON_A_PAGE else None,
        states=left_words.WEBHOOKS,
        event_states=left_words.EVENTS,
        outcomes=left_words.OUTCOMES,
        details={each.number: say_detail(each.detail, zone, language) for each in shown},
        last=say_detail(found.last_detail, zone, language),
        overlaps=found.old_until is not None and now < found.old_until,
        done=done,
        refused=refused,
    )


@router.post(f"{HERE}/{{webhook_id}}/stil")
def pause(webhook_id: WebhookId, actor: ActorNow, context: ContextNow, now: Now) -> Response:
    """Send nothing there for now."""
    demand(context, actor, _RIGHT, now)
    keep_webhooks.pause(context, webhook_id, by=actor.name, now=now)
    return RedirectResponse(f"{HERE}/{webhook_id}?gedaan=stil", 303)


@router.post(f"{HERE}/{{webhook_id}}/verder")
def resume(webhook_id: WebhookId, actor: ActorNow, context: ContextNow, now: Now) -> Response:
    """Send again, also what had been given up."""
    demand(context, actor, _RIGHT, now)
    keep_webhooks.resume(context, webhook_id, by=actor.name, now=now)
    return RedirectResponse(f"{HERE}/{webhook_id}?gedaan=verder", 303)


@router.post(f"{HERE}/{{webhook_id}}/proef")
def test_one(
    request: Request,
    webhook_id: WebhookId,
    actor: ActorNow,
    pages: PagesNow,
    shell: ShellNow,
    context: ContextNow,
    session: Reading,
    now: Now,
) -> Response:
    """Send a test event now; how it went stands on the page."""
    demand(context, actor, _RIGHT, now)
    try:
        names = Names.from_settings(shell.settings)
        send_test(context, WebhookSender.from_settings(shell.settings), names, webhook_id, now)
    except (Refused, Incomplete) as error:
        said = refusal_words(error, pages, request)
        return _one(request, webhook_id, pages, session, now, refused=said, status=409)
    return RedirectResponse(f"{HERE}/{webhook_id}?gedaan=proef", 303)


@router.post(f"{HERE}/{{webhook_id}}/geheim")
def rotate(
    request: Request,
    webhook_id: WebhookId,
    actor: ActorNow,
    pages: PagesNow,
    context: ContextNow,
    session: Reading,
    now: Now,
    gezien: Annotated[str, Form(max_length=60)] = "",
) -> Response:
    """Make a new secret, and show it once; a form that was sent before, or that is old, makes none."""
    demand(context, actor, _RIGHT, now)
    try:
        new = keep_webhooks.rotate(context, webhook_id, by=actor.name, now=now, seen=gezien)
    except RegieError as error:
        if isinstance(error, NotFound):
            raise
        said = refusal_words(error, pages, request)
        return _one(request, webhook_id, pages, session, now, refused=said, status=409)
    return _secret(request, pages, new)


@router.post(f"{HERE}/{{webhook_id}}/weg")
def remove(webhook_id: WebhookId, actor: ActorNow, context: ContextNow, now: Now) -> Response:
    """Send nothing there any more."""
    demand(context, actor, _RIGHT, now)
    keep_webhooks.remove(context, webhook_id, by=actor.name, now=now)
    return RedirectResponse(f"{HERE}?weg=ja", 303)
