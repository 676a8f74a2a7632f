"""Which programs hear what happens, how that goes, and keeping it in order."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Form, Query
from fastapi import Path as InPath
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from regie.actions import keep_webhooks
from regie.actions.deliver_events import send_test
from regie.core.announcements import Announced
from regie.core.permissions import Actor, Permission
from regie.errors import Conflict, Incomplete, NotFound, Refused, RegieError
from regie.notify.webhook import Names, WebhookSender
from regie.text.post import say_detail
from regie.web import left_words
from regie.web.counter import Counter, CounterNow
from regie.web.deps import ContextNow, Now, events_of, needs, slugs_of, webhook_of, webhooks_of
from regie.web.pages import FormError

router = APIRouter()

HERE = "/beheer/webhooks"
ON_A_PAGE = 50
Keeper = Annotated[Actor, needs(Permission.MANAGE_WEBHOOKS)]
_ID = re.compile(r"[0-9a-f]{32}")
_FIELDS = {"webhook-name": "naam", "webhook-kind": "soorten", "unknown-traject": "trajecten"}
WebhookId = Annotated[str, InPath(max_length=100)]


@router.get(HERE)
def show_webhooks(counter: CounterNow, actor: Keeper, weg: str = "") -> Response:
    """All of them, with how it went the last time."""
    found, settings = webhooks_of(counter.session), counter.shell.settings
    return counter.render(
        "left/webhooks.html",
        found=found,
        states=left_words.WEBHOOKS,
        outcomes=left_words.OUTCOMES,
        details={each.id: say_detail(each.last_detail, settings.timezone, counter.language) for each in found},
        hosts=sorted({*settings.webhook_hosts, *settings.webhook_internal_hosts}),
        is_named=bool(settings.cloudevents_source and settings.cloudevents_type_prefix),
        is_gone=weg == "ja",
    )


@router.get(f"{HERE}/nieuw")
def ask_new(counter: CounterNow, actor: Keeper) -> Response:
    """The form for a new one."""
    typed: dict[str, object] = {
        "naam": "",
        "adres": "",
        "soorten": (),
        "trajecten": (),
        "kenmerk": counter.context.ids(),
    }
    return _form(counter, typed, ())


def _form(counter: Counter, typed: dict[str, object], errors: tuple[FormError, ...]) -> Response:
    settings = counter.shell.settings
    return counter.render(
        "left/webhook_new.html",
        422 if errors else 200,
        typed=typed,
        errors=list(errors),
        kinds={each.value: each.value for each in Announced},
        slugs=slugs_of(counter.session, None),
        hosts=sorted({*settings.webhook_hosts, *settings.webhook_internal_hosts}),
    )


@router.post(f"{HERE}/nieuw")
def add_one(
    counter: CounterNow,
    actor: Keeper,
    naam: Annotated[str, Form(max_length=1_000)] = "",
    adres: Annotated[str, Form(max_length=4_000)] = "",
    soorten: Annotated[tuple[str, ...], Form()] = (),
    trajecten: Annotated[tuple[str, ...], Form()] = (),
    kenmerk: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Add one. Its secret stands on the answer, and nowhere after; the same form sent twice adds one."""
    if not _ID.fullmatch(kenmerk):
        raise HTTPException(400)
    typed: dict[str, object] = {
        "naam": naam, "adres": adres, "soorten": soorten, "trajecten": trajecten, "kenmerk": kenmerk,
    }  # fmt: skip
    try:
        new = keep_webhooks.add(
            counter.context,
            counter.shell.settings,
            name=naam,
            url=adres,
            kinds=soorten,
            slugs=trajecten,
            by=actor.name,
            now=counter.now,
            webhook_id=kenmerk,
        )
    except Conflict:
        return RedirectResponse(f"{HERE}/{kenmerk}", 303)
    except (Refused, NotFound, Incomplete) as error:
        field = _FIELDS.get(error.code, "naam" if error.facts.get("field") == "title" else "adres")
        return _form(counter, typed, (counter.wrong(field, error),))
    return _secret(counter, new)


def _secret(counter: Counter, new: keep_webhooks.NewSecret) -> Response:
    return counter.render("left/webhook_secret.html", webhook_id=new.webhook_id, secret=new.secret)


@router.get(f"{HERE}/{{webhook_id}}")
def show_one(
    counter: CounterNow,
    actor: Keeper,
    webhook_id: WebhookId,
    voor: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    gedaan: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """One webhook, with its events."""
    return _one(counter, webhook_id, before=voor, done=gedaan)


def _one(
    counter: Counter,
    webhook_id: str,
    *,
    before: int | None = None,
    done: str = "",
    refused: str = "",
) -> Response:
    found = webhook_of(counter.session, webhook_id)
    events = events_of(counter.session, webhook_id, before, ON_A_PAGE + 1)
    shown = events[:ON_A_PAGE]
    language, zone = counter.language, counter.shell.settings.timezone
    return counter.render(
        "left/webhook.html",
        409 if refused else 200,
        found=found,
        events=shown,
        more=shown[-1].number if len(events) > ON_A_PAGE else None,
        states=left_words.WEBHOOKS,
        event_states=left_words.EVENTS,
        outcomes=left_words.OUTCOMES,
        details={each.number: say_detail(each.detail, zone, language) for each in shown},
        last=say_detail(found.last_detail, zone, language),
        overlaps=found.old_until is not None and counter.now < found.old_until,
        done=done,
        refused=refused,
    )


@router.post(f"{HERE}/{{webhook_id}}/stil")
def pause(webhook_id: WebhookId, actor: Keeper, context: ContextNow, now: Now) -> Response:
    """Send nothing there for now."""
    keep_webhooks.pause(context, webhook_id, by=actor.name, now=now)
    return RedirectResponse(f"{HERE}/{webhook_id}?gedaan=stil", 303)


@router.post(f"{HERE}/{{webhook_id}}/verder")
def resume(webhook_id: WebhookId, actor: Keeper, context: ContextNow, now: Now) -> Response:
    """Send again, also what had been given up."""
    keep_webhooks.resume(context, webhook_id, by=actor.name, now=now)
    return RedirectResponse(f"{HERE}/{webhook_id}?gedaan=verder", 303)


@router.post(f"{HERE}/{{webhook_id}}/proef")
def test_one(counter: CounterNow, actor: Keeper, webhook_id: WebhookId) -> Response:
    """Send a test event now; how it went stands on the page."""
    settings = counter.shell.settings
    try:
        names = Names.from_settings(settings)
        send_test(counter.context, WebhookSender.from_settings(settings), names, webhook_id, counter.now)
    except (Refused, Incomplete) as error:
        return _one(counter, webhook_id, refused=counter.say(error))
    return RedirectResponse(f"{HERE}/{webhook_id}?gedaan=proef", 303)


@router.post(f"{HERE}/{{webhook_id}}/geheim")
def rotate(
    counter: CounterNow,
    actor: Keeper,
    webhook_id: WebhookId,
    gezien: Annotated[str, Form(max_length=60)] = "",
) -> Response:
    """Make a new secret, and show it once; a form that was sent before, or that is old, makes none."""
    try:
        new = keep_webhooks.rotate(counter.context, webhook_id, by=actor.name, now=counter.now, seen=gezien)
    except RegieError as error:
        if isinstance(error, NotFound):
            raise
        return _one(counter, webhook_id, refused=counter.say(error))
    return _secret(counter, new)


@router.post(f"{HERE}/{{webhook_id}}/weg")
def remove(webhook_id: WebhookId, actor: Keeper, context: ContextNow, now: Now) -> Response:
    """Send nothing there any more."""
    keep_webhooks.remove(context, webhook_id, by=actor.name, now=now)
    return RedirectResponse(f"{HERE}?weg=ja", 303)
