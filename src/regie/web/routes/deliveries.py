"""What was sent and to whom, what went wrong, and letting it leave again."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Query, Request
from fastapi import Path as InPath
from starlette.responses import RedirectResponse, Response

from regie.actions.keep_deliveries import release, retry_message, retry_since
from regie.core.permissions import Actor, Permission, may
from regie.errors import Refused
from regie.plain_text import without_control
from regie.reports.what_left import Delivery, get_delivery, list_deliveries, show_message
from regie.text.post import say_detail
from regie.web import left_words
from regie.web.deps import (
    ActorNow,
    Bell,
    ContextNow,
    Now,
    PagesNow,
    Reading,
    Today,
    demand,
    message_counts,
    seen_trajects,
    slugs_of,
    traject_in,
)
from regie.web.language import N_
from regie.web.pages import FormError, refusal_words

router = APIRouter()

HERE = "/beheer/verzending"
ON_A_PAGE = 50
_LONGEST_SEARCH = 100
_SEES, _RETRIES = Permission.SEE_DELIVERIES, Permission.RETRY_DELIVERY
MessageId = Annotated[str, InPath(max_length=100)]
Search = Annotated[str, Query(max_length=1_000)]
_LATELY = timedelta(days=7)
_NO_DAY = N_("Kies een dag.")


@router.get(HERE)
def show_deliveries(
    request: Request,
    actor: ActorNow,
    pages: PagesNow,
    context: ContextNow,
    session: Reading,
    now: Now,
    today: Today,
    stand: Search = "",
    persoon: Search = "",
    traject: Search = "",
    voor: Annotated[str, Query(max_length=200)] = "",
    opnieuw: Annotated[int | None, Query(ge=0, le=10**9)] = None,
    los: Annotated[int | None, Query(ge=0, le=10**9)] = None,
) -> Response:
    """Messages, the newest first, with their state in words and what they are about."""
    return _list(
        request, actor, pages, context, session, now,
        state=stand, person=persoon, traject=traject, before=voor, again=opnieuw, released=los, since=(today - _LATELY).isoformat(),
    )  # fmt: skip


def _list(
    request: Request,
    actor: Actor,
    pages: PagesNow,
    context: ContextNow,
    session: Reading,
    now: datetime,
    *,
    state: str = "",
    person: str = "",
    traject: str = "",
    before: str = "",
    again: int | None = None,
    released: int | None = None,
    since: str = "",
    errors: tuple[FormError, ...] = (),
) -> Response:
    within = seen_trajects(context, actor, _SEES, now)
    slugs = slugs_of(session, within)
    own = traject_in(session, traject) if traject in slugs else None
    person = without_control(person.strip(), _LONGEST_SEARCH)
    state = state if state in left_words.MESSAGES else ""
    language = pages.language(request)
    found = list_deliveries(
        session,
        context.shelf,
        language,
        within=within,
        status=state,
        person_name=person,
        traject_id=own,
        before=_read_place(before),
        limit=ON_A_PAGE + 1,
    )
    shown = found[:ON_A_PAGE]
    is_whole = within is None
    return pages.render(
        request,
        "left/deliveries.html",
        status=422 if errors else 200,
        found=shown,
        more=_write_place(shown[-1]) if len(found) > ON_A_PAGE else "",
        states=left_words.MESSAGES,
        details={each.entry.id: say_detail(each.entry.detail, pages.settings.timezone, language) for each in shown},
        slugs=slugs,
        search={"stand": state, "persoon": person, "traject": traject if own else ""},
        counts=message_counts(session) if is_whole else {},
        may_retry=may(actor, _RETRIES),
        since=since,
        errors=list(errors),
        again=again,
        released=released,
    )


@router.post(f"{HERE}/opnieuw")
def retry_all(
    request: Request,
    actor: ActorNow,
    pages: PagesNow,
    context: ContextNow,
    session: Reading,
    now: Now,
    bell: Bell,
    sinds: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Let all leave again that failed since a day."""
    demand(context, actor, _RETRIES, now)
    try:
        since = datetime.combine(date.fromisoformat(sinds.strip()), time(), ZoneInfo(pages.settings.timezone))
        since = since.astimezone(UTC)
    except (ValueError, OverflowError):
        wrong = FormError("sinds", pages.words(request, _NO_DAY))
        return _list(request, actor, pages, context, session, now, since=sinds, errors=(wrong,))
    number = retry_since(context, since, by=actor.name, now=now)
    bell()
    return RedirectResponse(f"{HERE}?opnieuw={number}", 303)


@router.post(f"{HERE}/loslaten")
def release_all(actor: ActorNow, context: ContextNow, now: Now, bell: Bell) -> Response:
    """Let everything go that was held."""
    demand(context, actor, _RETRIES, now)
    held = release(context, by=actor.name, now=now)
    bell()
    return RedirectResponse(f"{HERE}?los={held.messages}", 303)


@router.get(f"{HERE}/{{message_id}}")
def show_delivery(
    request: Request,
    message_id: MessageId,
    actor: ActorNow,
    pages: PagesNow,
    context: ContextNow,
    session: Reading,
    now: Now,
    gedaan: str = "",
) -> Response:
    """One message: where it stands, and how it reads."""
    return _one(request, message_id, actor, pages, context, session, now, is_done=gedaan == "ja")


def _one(
    request: Request,
    message_id: str,
    actor: Actor,
    pages: PagesNow,
    context: ContextNow,
    session: Reading,
    now: datetime,
    *,
    is_done: bool = False,
    refused: str = "",
) -> Response:
    within = seen_trajects(context, actor, _SEES, now)
    language = pages.language(request)
    found: Delivery = get_delivery(session, context.shelf, message_id, language, within=within)
    shown = show_message(
        session,
        context.shelf,
        message_id,
        now,
        within=within,
        sees_confidential=lambda each: may(actor, Permission.SEE_CONFIDENTIAL, traject_id=each),
        environment=pages.settings.environment_label,
    )
    return pages.render(
        request,
        "left/delivery.html",
        status=409 if refused else 200,
        found=found,
        shown=shown,
        states=left_words.MESSAGES,
        detail=say_detail(found.entry.detail, pages.settings.timezone, language),
        may_retry=may(actor, _RETRIES) and found.entry.status.value in ("pending", "failed", "uncertain"),
        is_done=is_done,
        refused=refused,
    )


@router.post(f"{HERE}/{{message_id}}/opnieuw")
def retry_one(
    request: Request,
    message_id: MessageId,
    actor: ActorNow,
    pages: PagesNow,
    context: ContextNow,
    session: Reading,
    now: Now,
    bell: Bell,
) -> Response:
    """Let one message leave again."""
    demand(context, actor, _RETRIES, now)
    try:
        retry_message(context, message_id, by=actor.name, now=now)
    except Refused as error:
        said = refusal_words(error, pages, request)
        return _one(request, message_id, actor, pages, context, session, now, refused=said)
    bell()
    return RedirectResponse(f"{HERE}/{message_id}?gedaan=ja", 303)


def _write_place(last: Delivery) -> str:
    return f"{last.entry.created_at.isoformat()}~{last.entry.id}"


def _read_place(text: str) -> tuple[datetime, str] | None:
    moment, _, last = text.partition("~")
    try:
        at = datetime.fromisoformat(moment.replace(" ", "+"))
    except ValueError:
        return None
    return (at, without_control(last, 100)) if at.tzinfo is not None else None
