"""Send events to other programs: take one, sign it, send it, remember how it went.

Apart from the post, so that no slow receiver holds up a mail; each webhook on a thread of its own, so that it holds up
no other. What was sent when the process stopped is sent again, under the same id.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from regie.actions.context import Context
from regie.actions.faults import is_about_the_database, where
from regie.errors import NotFound, Refused
from regie.failpoints import failpoint
from regie.notify.webhook import Answer, Names, SendEvent, sign, write_event
from regie.store.session import in_transaction, read_scope
from regie.store.webhooks import (
    OutgoingEvent,
    claim_event,
    due_webhooks,
    find_target,
    mark_event_refused,
    mark_event_sent,
    note_outcome,
)

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=90)
"""More than three times the longest that one call can take, which is what ``Patience`` allows."""

ONE_WALK = timedelta(seconds=60)
"""After so long a webhook lets the others have their turn; the next walk goes on."""

AT_ONCE = 8
TEST_KIND = "webhook-getest"


class SendsEvents(Protocol):
    """What hands an event over, once."""

    @property
    def send(self) -> SendEvent: ...


@dataclass(frozen=True, slots=True)
class EventsSent:
    """How a walk went."""

    sent: int = 0
    failed: int = 0

    def __add__(self, other: EventsSent) -> EventsSent:
        return EventsSent(self.sent + other.sent, self.failed + other.failed)


def deliver_events(context: Context, sender: SendsEvents, names: Names, now: Callable[[], datetime]) -> EventsSent:
    """Send what is due; a webhook that fails gets no more in this walk."""
    with read_scope(context.engine) as session:
        due = due_webhooks(session, now())
    if not due:
        return EventsSent()
    with ThreadPoolExecutor(min(len(due), AT_ONCE), thread_name_prefix="webhook") as pool:
        return sum(pool.map(lambda each: _walk(context, sender, names, now, each), due), EventsSent())


def _walk(
    context: Context, sender: SendsEvents, names: Names, now: Callable[[], datetime], webhook_id: str
) -> EventsSent:
    done, until = EventsSent(), now() + ONE_WALK
    while done.failed == 0 and now() < until:
        event = in_transaction(context.engine, lambda session: claim_event(session, webhook_id, now(), LEASE))
        if event is None:
            break
        done += _deliver_one(context, sender, names, now, event)
    return done


def _deliver_one(
    context: Context, sender: SendsEvents, names: Names, now: Callable[[], datetime], event: OutgoingEvent
) -> EventsSent:
    answer = _send(context, sender, names, now(), event)
    failpoint("webhook.after_send")
    log.info(
        "webhook.%s webhook=%s event=%s attempt=%s detail=%s",
        "sent" if answer.is_taken else "refused", event.webhook_id, event.event_id, event.attempt, answer.detail,
    )  # fmt: skip
    mark = mark_event_sent if answer.is_taken else mark_event_refused
    in_transaction(context.engine, lambda session: mark(session, event, now(), answer.detail))
    return EventsSent(sent=1) if answer.is_taken else EventsSent(failed=1)


def _send(context: Context, sender: SendsEvents, names: Names, at: datetime, event: OutgoingEvent) -> Answer:
    try:
        with read_scope(context.engine) as session:
            target = find_target(session, context.audit_key, event.webhook_id, at)
    except (Refused, NotFound) as error:
        return Answer(False, error.message)
    body = write_event(
        names,
        event_id=event.event_id,
        kind=event.kind,
        subject=event.subject,
        at=event.happened_at,
        sequence=event.sequence,
        facts=event.facts,
    )
    try:
        return sender.send(target.url, body, sign(target.secrets, event.event_id, at, body))
    except Exception as error:  # a receiver that breaks us on one event must not hold up the others
        if is_about_the_database(error):
            raise
        log.error("webhook.sender_broke event=%s error=%s at=%s", event.event_id, type(error).__name__, where(error))
        return Answer(False, f"the sender broke: {type(error).__name__}")


def send_test(context: Context, sender: SendsEvents, names: Names, webhook_id: str, now: datetime) -> Answer:
    """Send an event that tells nothing, at once, also to a webhook that is paused; it is not queued and not repeated.

    Raises:
        NotFound: ``unknown-webhook``.
        Refused: ``sealed-unreadable``.
    """
    with read_scope(context.engine) as session:
        target = find_target(session, context.audit_key, webhook_id, now)
    event_id = context.ids()
    body = write_event(
        names, event_id=event_id, kind=TEST_KIND, subject="webhook", at=now, sequence="", facts={"webhook": webhook_id}
    )
    answer = sender.send(target.url, body, sign(target.secrets, event_id, now, body))
    outcome = "ok" if answer.is_taken else "failed"
    in_transaction(context.engine, lambda session: note_outcome(session, webhook_id, now, outcome, answer.detail))
    return answer
