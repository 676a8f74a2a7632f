"""What was sent and to whom, what went wrong, and letting it leave again."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Query
from fastapi import Path as InPath
from starlette.responses import RedirectResponse, Response

from regie.actions.keep_deliveries import release, retry_message, retry_since
from regie.core.permissions import Actor, Permission
from regie.errors import Refused
from regie.plain_text import without_control
from regie.reports.what_left import Delivery, get_delivery, list_deliveries, show_message
from regie.text.post import say_detail
from regie.web import left_words
from regie.web.counter import Counter, CounterNow
from regie.web.deps import Bell, ContextNow, Now, message_counts, needs, needs_in_some, slugs_of, traject_in
from regie.web.language import N_
from regie.web.pages import FormError

router = APIRouter()

HERE = "/beheer/verzending"
ON_A_PAGE = 50
_LONGEST_SEARCH = 100
Within = Annotated[frozenset[int] | None, needs_in_some(Permission.SEE_DELIVERIES)]
Sender = Annotated[Actor, needs(Permission.RETRY_DELIVERY)]
MessageId = Annotated[str, InPath(max_length=100)]
Search = Annotated[str, Query(max_length=1_000)]
_LATELY = timedelta(days=7)
_NO_DAY = N_("Kies een dag.")


@router.get(HERE)
def show_deliveries(
    counter: CounterNow,
    within: Within,
    stand: Search = "",
    persoon: Search = "",
    traject: Search = "",
    voor: Annotated[str, Query(max_length=200)] = "",
    opnieuw: Annotated[int | None, Query(ge=0, le=10**9)] = None,
    los: Annotated[int | None, Query(ge=0, le=10**9)] = None,
) -> Response:
    """Messages, the newest first, with their state in words and what they are about."""
    since = (counter.today - _LATELY).isoformat()
    return _list(
        counter, within, state=stand, person=persoon, traject=traject, before=voor, again=opnieuw, released=los, since=since
    )  # fmt: skip


def _list(
    counter: Counter,
    within: frozenset[int] | None,
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
    session, language, zone = counter.session, counter.language, counter.shell.settings.timezone
    slugs = slugs_of(session, within)
    own = traject_in(session, traject) if traject in slugs else None
    person = without_control(person.strip(), _LONGEST_SEARCH)
    state = state if state in left_words.MESSAGES else ""
    found = list_deliveries(
        session,
        counter.context.shelf,
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
    return counter.render(
        "left/deliveries.html",
        422 if errors else 200,
        found=shown,
        more=_write_place(shown[-1]) if len(found) > ON_A_PAGE else "",
        states=left_words.MESSAGES,
        details={each.entry.id: say_detail(each.entry.detail, zone, language) for each in shown},
        slugs=slugs,
        search={"stand": state, "persoon": person, "traject": traject if own else ""},
        counts=message_counts(session) if is_whole else {},
        may_retry=counter.may(Permission.RETRY_DELIVERY),
        since=since,
        errors=list(errors),
        again=again,
        released=released,
    )


@router.post(f"{HERE}/opnieuw")
def retry_all(
    counter: CounterNow,
    actor: Sender,
    within: Within,
    bell: Bell,
    sinds: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Let all leave again that failed since a day."""
    try:
        since = datetime.combine(date.fromisoformat(sinds.strip()), time(), ZoneInfo(counter.shell.settings.timezone))
        since = since.astimezone(UTC)
    except (ValueError, OverflowError):
        wrong = FormError("sinds", counter.words(_NO_DAY))
        return _list(counter, within, since=sinds, errors=(wrong,))
    number = retry_since(counter.context, since, by=actor.name, now=counter.now)
    bell()
    return RedirectResponse(f"{HERE}?opnieuw={number}", 303)


@router.post(f"{HERE}/loslaten")
def release_all(actor: Sender, context: ContextNow, now: Now, bell: Bell) -> Response:
    """Let everything go that was held."""
    held = release(context, by=actor.name, now=now)
    bell()
    return RedirectResponse(f"{HERE}?los={held.messages}", 303)


@router.get(f"{HERE}/{{message_id}}")
def show_delivery(counter: CounterNow, within: Within, message_id: MessageId, gedaan: str = "") -> Response:
    """One message: where it stands, and how it reads."""
    return _one(counter, within, message_id, is_done=gedaan == "ja")


def _one(
    counter: Counter,
    within: frozenset[int] | None,
    message_id: str,
    *,
    is_done: bool = False,
    refused: str = "",
) -> Response:
    session, shelf, settings = counter.session, counter.context.shelf, counter.shell.settings
    found: Delivery = get_delivery(session, shelf, message_id, counter.language, within=within)
    shown = show_message(
        session,
        shelf,
        message_id,
        counter.now,
        within=within,
        sees_confidential=lambda each: counter.may(Permission.SEE_CONFIDENTIAL, each),
        environment=settings.environment_label,
    )
    return counter.render(
        "left/delivery.html",
        409 if refused else 200,
        found=found,
        shown=shown,
        states=left_words.MESSAGES,
        detail=say_detail(found.entry.detail, settings.timezone, counter.language),
        may_retry=counter.may(Permission.RETRY_DELIVERY)
        and found.entry.status.value in ("pending", "failed", "uncertain"),
        is_done=is_done,
        refused=refused,
    )


@router.post(f"{HERE}/{{message_id}}/opnieuw")
def retry_one(counter: CounterNow, actor: Sender, within: Within, message_id: MessageId, bell: Bell) -> Response:
    """Let one message leave again."""
    try:
        retry_message(counter.context, message_id, by=actor.name, now=counter.now)
    except Refused as error:
        return _one(counter, within, message_id, refused=counter.say(error))
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
