"""Empty the outbox: take a message, check that it is still true, write it, hand it over, remember how it went.

The mark that hand-over started is committed before the call, so that a crash can never send a third time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from regie.actions.context import Context
from regie.actions.faults import is_about_the_database, where
from regie.actions.office_hours import next_office_hour
from regie.core.traject import Traject
from regie.failpoints import failpoint
from regie.notify.render import Rendered, render, render_code
from regie.notify.sender import Delivery, DeliveryOutcome, OutgoingMessage, Sender
from regie.settings import Settings
from regie.store.fresh_links import queue_fresh_links
from regie.store.hashes import code_of
from regie.store.outbox import claim, load_letter, mark_refused, mark_sent, mark_uncertain
from regie.store.session import in_transaction
from regie.text.letter import Letter

log = logging.getLogger(__name__)

LEASE_SECONDS = 2_000
"""More than three times the longest that one hand-over can take, which is what ``Timeouts`` allow."""

BATCH = 50


@dataclass(frozen=True, slots=True)
class Delivered:
    """How a batch went. ``sent``: accepted by the next hop; nobody knows whether it was read."""

    sent: int = 0
    refused: int = 0
    uncertain: int = 0
    withdrawn: int = 0

    @property
    def total(self) -> int:
        return self.sent + self.refused + self.uncertain + self.withdrawn

    def __add__(self, other: Delivered) -> Delivered:
        return Delivered(
            self.sent + other.sent,
            self.refused + other.refused,
            self.uncertain + other.uncertain,
            self.withdrawn + other.withdrawn,
        )


@dataclass(frozen=True, slots=True)
class Postage:
    """What the writing of a message needs besides its facts."""

    base_url: str = ""
    reply_to: str | None = None
    environment: str = ""
    redirect_to: str | None = None
    list_id: str = "regie"

    @classmethod
    def from_settings(cls, settings: Settings) -> Postage:
        """Links only where they work for the reader: an operator said where the pages are, or no mail leaves here."""
        is_known = "base_url" in settings.model_fields_set or settings.mail_url is None
        base_url = str(settings.base_url) if is_known else ""
        return cls(base_url=base_url, environment=settings.environment_label or "")


def deliver_batch(
    context: Context,
    sender: Sender,
    now: Callable[[], datetime],
    owner: str,
    postage: Postage,
    *,
    limit: int = BATCH,
) -> Delivered:
    """Hand over what is due, at most ``limit`` messages, one commit per message and step."""
    moment = now()
    in_transaction(
        context.engine,
        lambda session: queue_fresh_links(
            session, context.shelf, moment, ids=context.ids, brake_at=context.brake_at, office=_office_hour
        ),
    )
    claimed = in_transaction(context.engine, lambda session: claim(session, owner, moment, limit, LEASE_SECONDS))
    failpoint("deliver.after_mark_sending")
    result = Delivered()
    # a clock that steps back meanwhile must not make a reminder of today look untrue
    for each in claimed:
        result += _deliver_one(context, sender, lambda: max(moment, now()), each.id, each.attempt, postage)
    return result


def _office_hour(moment: datetime, traject: Traject) -> datetime:
    return next_office_hour(moment, traject.zone, traject.cycles[-1].definition.calendar)


def deliver(context: Context, sender: Sender, now: Callable[[], datetime], owner: str, postage: Postage) -> Delivered:
    """Hand over until nothing is due any more."""
    result = Delivered()
    while (batch := deliver_batch(context, sender, now, owner, postage)).total:
        result += batch
    return result


def _deliver_one(
    context: Context,
    sender: Sender,
    now: Callable[[], datetime],
    message_id: str,
    attempt: int,
    postage: Postage,
) -> Delivered:
    try:
        letter = in_transaction(
            context.engine,
            lambda session: load_letter(
                session,
                message_id,
                context.shelf,
                now(),
                attempt=attempt,
                lease_seconds=LEASE_SECONDS,
                link_key=context.link_key if postage.base_url else b"",
            ),
        )
        if letter is None:
            return Delivered(withdrawn=1)
        code = code_of(context.audit_key, letter.sign_in.id) if letter.sign_in else ""
        outgoing = compose(letter, postage, code=code) if letter.to.email else None
    except Exception as error:  # a message that cannot be written delays only itself
        if is_about_the_database(error):
            raise
        log.error("message.unwritable id=%s error=%s at=%s", message_id, type(error).__name__, where(error))
        detail = f"could not be written: {type(error).__name__}"
        _mark(context, lambda session: mark_refused(session, message_id, attempt, now(), detail))
        return Delivered(refused=1)
    if outgoing is None:
        _mark(
            context,
            lambda session: mark_refused(session, message_id, attempt, now(), "no address", permanent=True),
        )
        return Delivered(refused=1)
    delivery = _send(sender, outgoing)
    failpoint("deliver.after_send")
    log.info("message.%s id=%s attempt=%s", delivery.outcome.value, message_id, attempt)
    match delivery.outcome:
        case DeliveryOutcome.ACCEPTED:
            _mark(context, lambda session: mark_sent(session, message_id, attempt, now()))
            result = Delivered(sent=1)
        case DeliveryOutcome.REFUSED:
            _mark(
                context,
                lambda session: mark_refused(
                    session, message_id, attempt, now(), delivery.detail, permanent=delivery.permanent
                ),
            )
            result = Delivered(refused=1)
        case DeliveryOutcome.UNCERTAIN:
            _mark(context, lambda session: mark_uncertain(session, message_id, attempt, now(), delivery.detail))
            result = Delivered(uncertain=1)
    failpoint("deliver.after_mark")
    return result


def _send(sender: Sender, outgoing: OutgoingMessage) -> Delivery:
    """Hand over; when the sender itself breaks nobody knows how far it came."""
    try:
        return sender.send(outgoing)
    except Exception as error:  # noqa: BLE001 - a channel that breaks on one message must not hold up the others
        log.error("message.sender_broke id=%s error=%s at=%s", outgoing.message_id, type(error).__name__, where(error))
        return Delivery(DeliveryOutcome.UNCERTAIN, f"the sender broke: {type(error).__name__}")


def _mark(context: Context, work: Callable[..., object]) -> None:
    in_transaction(context.engine, work)


def compose(letter: Letter, postage: Postage, *, code: str = "") -> OutgoingMessage:
    """Turn the facts of a message into what leaves the building. ``code``: of a letter that signs its reader in."""
    written: Rendered = (
        render_code(letter, code, environment=postage.environment)
        if letter.sign_in
        else render(letter, base_url=postage.base_url, environment=postage.environment)
    )
    subject = written.subject
    address = letter.to.email
    if postage.redirect_to:
        subject, address = f"[voor {letter.to.email}] {subject}", postage.redirect_to
    return OutgoingMessage(
        message_id=letter.message_id,
        attempt=letter.attempt,
        to=address,
        to_name=letter.to.name,
        subject=subject,
        text=written.text,
        html=written.html,
        language=letter.to.language,
        list_id=postage.list_id,
        reply_to=(letter.parts[0].lead_email or postage.reply_to) if letter.parts else postage.reply_to,
        attachments=(),
    )
