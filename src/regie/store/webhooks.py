"""Where events are sent, and how each event on its way fares.

What may happen to an event; what is not listed is refused by the guards of the statements:

==================  ================================================  =================================
from                by                                                to
==================  ================================================  =================================
pending             ``claim_event``, before the call                  sending, attempt + 1
sending             ``mark_event_sent``                               sent
sending             ``mark_event_refused``                            pending after a while, then dead
sending             the lease ended: nobody knows what was received   as ``mark_event_refused``, at once
pending, dead       ``resume_webhook``, by a person                   pending
pending, dead       ``remove_webhook``, by a person                   withdrawn
==================  ================================================  =================================

At least once, with the same id each time. Of one traject the next event leaves when the one before it was received or
is dead; only what a person puts back comes after what was received meanwhile, which ``sequence`` shows.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, bindparam, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from regie.core.announcements import Announced
from regie.errors import Conflict, NotFound, Refused
from regie.store.sealed import seal, unseal
from regie.store.tables import EventStatus, WebhookStatus, traject, webhook, webhook_event

BACK_OFF = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""How long to wait after each refusal; after one more, some three days in all, the event is dead."""

OVERLAP = timedelta(hours=24)
"""After a rotation the old secret signs as well for so long."""

SECRET_PREFIX = "whsec_"  # noqa: S105 - how Standard Webhooks writes any secret
_SECRET_BYTES = 32
_S = EventStatus
_ALL_KINDS = frozenset(each.value for each in Announced)


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where events are sent, without what is secret.

    Args:
        kinds: empty for all; ``trajects``: short names, empty for all.
        old_until: until when the secret before this one signs as well.
        counts: how many events stand where.
    """

    id: str
    name: str
    host: str
    kinds: tuple[str, ...]
    trajects: tuple[str, ...]
    status: WebhookStatus
    created_at: datetime
    created_by: str
    old_until: datetime | None
    tried_at: datetime | None
    last_outcome: str
    last_detail: str
    counts: Mapping[EventStatus, int] = field(default_factory=dict)

    @property
    def waiting(self) -> int:
        return self.counts.get(_S.PENDING, 0) + self.counts.get(_S.SENDING, 0)


@dataclass(frozen=True, slots=True)
class Target:
    """Where one event goes, and with what it is signed: the newest secret first. Printing it shows nothing."""

    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class OutgoingEvent:
    """An event that this process may send; ``attempt`` proves it.

    Args:
        sequence: orders the events of a traject, as text.
    """

    row_id: int
    attempt: int
    webhook_id: str
    event_id: str
    kind: str
    subject: str
    sequence: str
    happened_at: datetime
    facts: Mapping[str, Any]


# --- which there are ---------------------------------------------------------------------------------


def add_webhook(
    session: Session,
    key: bytes,
    *,
    webhook_id: str,
    name: str,
    url: str,
    host: str,
    kinds: Iterable[str],
    traject_ids: Iterable[int],
    by: str,
    now: datetime,
    chance: Callable[[int], bytes],
) -> str:
    """Keep where events go from now on; give its secret, which is shown once.

    Args:
        url: already judged; ``host`` is the part of it that may be shown.

    Raises:
        Refused: ``webhook-name``, ``webhook-kind``.
        Conflict: ``webhook-added``; there is one with this id.
    """
    if not name.strip():
        raise Refused("a webhook needs a name", code="webhook-name", hint="say which system listens there")
    wanted = list(dict.fromkeys(kinds))
    unknown = [each for each in wanted if each not in _ALL_KINDS]
    if unknown:
        raise Refused(
            f"there are no events of the kind '{unknown[0][:60]}'",
            code="webhook-kind",
            hint="regie webhook add --help names them",
            kind=unknown[0][:60],
        )
    secret = _new_secret(chance)
    row = {
        "id": webhook_id,
        "name": name.strip(),
        "host": host,
        "address_sealed": seal(key, url, f"webhook.address {webhook_id}", chance),
        "secret_sealed": seal(key, secret, f"webhook.secret {webhook_id}", chance),
        "old_sealed": "",
        "kinds": " ".join(wanted),
        "trajects": " ".join(str(each) for each in dict.fromkeys(traject_ids)),
        "status": WebhookStatus.ACTIVE.value,
        "created_at": now,
        "created_by": by,
        "last_outcome": "",
        "last_detail": "",
    }
    connection = session.connection()
    try:
        with connection.begin_nested():
            connection.execute(insert(webhook), row)
    except IntegrityError:
        raise Conflict("this webhook was added before", code="webhook-added", webhook=webhook_id) from None
    return secret


def list_webhooks(session: Session) -> tuple[Webhook, ...]:
    """Give every webhook that was not removed, the oldest first."""
    connection = session.connection()
    wanted = select(webhook).where(webhook.c.status != WebhookStatus.REMOVED.value)
    return _webhooks(connection, connection.execute(wanted.order_by(webhook.c.created_at, webhook.c.id)).all())


def get_webhook(session: Session, webhook_id: str) -> Webhook:
    """Give one webhook.

    Raises:
        NotFound: ``unknown-webhook``; also when it was removed.
    """
    connection = session.connection()
    return _webhooks(connection, [_find(connection, webhook_id)])[0]


def _find(connection: Connection, webhook_id: str, *, for_change: bool = False) -> Any:
    wanted = select(webhook).where(webhook.c.id == webhook_id, webhook.c.status != WebhookStatus.REMOVED.value)
    row = connection.execute(wanted.with_for_update() if for_change else wanted).first()
    if row is None:
        raise NotFound(
            f"no webhook '{webhook_id[:60]}'",
            code="unknown-webhook",
            hint="regie webhook list shows them",
            webhook=webhook_id[:60],
        )
    return row


def _webhooks(connection: Connection, rows: Iterable[Any]) -> tuple[Webhook, ...]:
    found = list(rows)
    counts: dict[str, dict[EventStatus, int]] = {}
    counted = (
        select(webhook_event.c.webhook_id, webhook_event.c.status, func.count())
        .where(webhook_event.c.webhook_id.in_([row.id for row in found]))
        .group_by(webhook_event.c.webhook_id, webhook_event.c.status)
    )
    for webhook_id, status, number in connection.execute(counted) if found else ():
        counts.setdefault(webhook_id, {})[EventStatus(status)] = number
    ids = {int(each) for row in found for each in row.trajects.split()}
    slugs: dict[int, str] = {}
    if ids:
        named = select(traject.c.id, traject.c.slug).where(traject.c.id.in_(sorted(ids)))
        slugs = {row.id: row.slug for row in connection.execute(named)}
    return tuple(
        Webhook(
            row.id,
            row.name,
            row.host,
            tuple(row.kinds.split()),
            tuple(slugs[int(each)] for each in row.trajects.split()),
            WebhookStatus(row.status),
            row.created_at,
            row.created_by,
            row.old_until,
            row.tried_at,
            row.last_outcome,
            row.last_detail,
            counts.get(row.id, {}),
        )
        for row in found
    )


def pause_webhook(session: Session, webhook_id: str) -> None:
    """Send nothing there until it is resumed; what happens meanwhile is kept.

    Raises:
        NotFound: ``unknown-webhook``.
    """
    _find(session.connection(), webhook_id, for_change=True)
    _put(session.connection(), webhook_id, status=WebhookStatus.PAUSED.value)


def resume_webhook(session: Session, webhook_id: str, now: datetime) -> int:
    """Send again, from now on and without waiting, also what had died; give how many events stand ready.

    Raises:
        NotFound: ``unknown-webhook``.
    """
    connection = session.connection()
    _find(connection, webhook_id, for_change=True)
    _put(connection, webhook_id, status=WebhookStatus.ACTIVE.value)
    waits = webhook_event.c.status.in_([_S.PENDING.value, _S.DEAD.value])
    again = update(webhook_event).where(webhook_event.c.webhook_id == webhook_id, waits)
    return connection.execute(again.values(status=_S.PENDING.value, not_before_at=now, refusals=0)).rowcount


def rotate_webhook(
    session: Session,
    key: bytes,
    webhook_id: str,
    now: datetime,
    chance: Callable[[int], bytes],
    *,
    seen: str | None = None,
) -> str:
    """Give a new secret, which is shown once; the old one signs as well until ``OVERLAP`` is over.

    Args:
        seen: ``old_until`` as somebody saw it, as text.

    Raises:
        Conflict: ``webhook-rotated``; that changed since.
        NotFound: ``unknown-webhook``.
        Refused: ``sealed-unreadable``.
    """
    connection = session.connection()
    row = _find(connection, webhook_id, for_change=True)
    if seen is not None and seen != (row.old_until.isoformat() if row.old_until else ""):
        raise Conflict(
            "somebody made a new secret meanwhile",
            code="webhook-rotated",
            hint="look at the webhook again; with two new secrets in a day the first one counts no more",
            webhook=webhook_id,
        )
    old = unseal(key, row.secret_sealed, f"webhook.secret {webhook_id}")
    secret = _new_secret(chance)
    _put(
        connection,
        webhook_id,
        secret_sealed=seal(key, secret, f"webhook.secret {webhook_id}", chance),
        old_sealed=seal(key, old, f"webhook.old {webhook_id}", chance),
        old_until=now + OVERLAP,
    )
    return secret


def remove_webhook(session: Session, webhook_id: str) -> int:
    """Send nothing there any more, and forget address and secrets; give how many events were withdrawn.

    Raises:
        NotFound: ``unknown-webhook``.
    """
    connection = session.connection()
    _find(connection, webhook_id, for_change=True)
    removed = WebhookStatus.REMOVED.value
    _put(connection, webhook_id, status=removed, address_sealed="", secret_sealed="", old_sealed="", old_until=None)
    waits = webhook_event.c.status.in_([_S.PENDING.value, _S.DEAD.value])
    gone = update(webhook_event).where(webhook_event.c.webhook_id == webhook_id, waits)
    return connection.execute(gone.values(status=_S.WITHDRAWN.value, not_before_at=None)).rowcount


def find_target(session: Session, key: bytes, webhook_id: str, now: datetime) -> Target:
    """Give where a webhook leads and with what it is signed now.

    Raises:
        NotFound: ``unknown-webhook``.
        Refused: ``sealed-unreadable``.
    """
    row = _find(session.connection(), webhook_id)
    secrets = [unseal(key, row.secret_sealed, f"webhook.secret {webhook_id}")]
    if row.old_until is not None and now < row.old_until:
        secrets.append(unseal(key, row.old_sealed, f"webhook.old {webhook_id}"))
    return Target(unseal(key, row.address_sealed, f"webhook.address {webhook_id}"), tuple(secrets))


def note_outcome(session: Session, webhook_id: str, now: datetime, outcome: str, detail: str) -> None:
    """Keep how it went when something was last sent there. ``outcome``: ``ok`` or ``failed``."""
    _put(session.connection(), webhook_id, tried_at=now, last_outcome=outcome, last_detail=detail)


def _put(connection: Connection, webhook_id: str, **values: object) -> None:
    connection.execute(update(webhook).where(webhook.c.id == webhook_id).values(**values))


def _new_secret(chance: Callable[[int], bytes]) -> str:
    return SECRET_PREFIX + base64.b64encode(chance(_SECRET_BYTES)).decode("ascii")


# --- take --------------------------------------------------------------------------------------------

_before = webhook_event.alias("before")
_DUE_WEBHOOKS = (
    select(webhook.c.id)
    .where(
        webhook.c.status == WebhookStatus.ACTIVE.value,
        select(webhook_event.c.id)
        .where(
            webhook_event.c.webhook_id == webhook.c.id,
            or_(
                and_(webhook_event.c.status == _S.PENDING.value, webhook_event.c.not_before_at <= bindparam("now")),
                and_(webhook_event.c.status == _S.SENDING.value, webhook_event.c.lease_until < bindparam("now")),
            ),
        )
        .exists(),
    )
    .order_by(webhook.c.id)
)
_NEXT = (
    select(webhook_event)
    .join(webhook, webhook.c.id == webhook_event.c.webhook_id)
    .where(
        webhook_event.c.webhook_id == bindparam("own_webhook"),
        webhook.c.status == WebhookStatus.ACTIVE.value,
        webhook_event.c.status == _S.PENDING.value,
        webhook_event.c.not_before_at <= bindparam("now"),
        # of one traject the one before it first, also when that waits or is being sent
        ~select(_before.c.id)
        .where(
            _before.c.webhook_id == webhook_event.c.webhook_id,
            _before.c.traject_id == webhook_event.c.traject_id,
            _before.c.status.in_([_S.PENDING.value, _S.SENDING.value]),
            or_(
                _before.c.position < webhook_event.c.position,
                and_(_before.c.position == webhook_event.c.position, _before.c.id < webhook_event.c.id),
            ),
        )
        .exists(),
    )
    .order_by(webhook_event.c.not_before_at, webhook_event.c.id)
    .limit(1)
    .with_for_update(of=webhook_event, skip_locked=True)
)
_LOST = (
    select(webhook_event)
    .where(
        webhook_event.c.webhook_id == bindparam("own_webhook"),
        webhook_event.c.status == _S.SENDING.value,
        webhook_event.c.lease_until < bindparam("now"),
    )
    .with_for_update(skip_locked=True)
)


def due_webhooks(session: Session, now: datetime) -> tuple[str, ...]:
    """Give the webhooks for which something can leave now."""
    return tuple(session.connection().scalars(_DUE_WEBHOOKS, {"now": now}))


def claim_event(session: Session, webhook_id: str, now: datetime, lease: timedelta) -> OutgoingEvent | None:
    """Take the next event for a webhook; None when nothing can leave now.

    Args:
        lease: more than three times the longest that one call can take.
    """
    connection = session.connection()
    for lost in connection.execute(_LOST, {"own_webhook": webhook_id, "now": now}).all():
        _end(connection, lost, now, "the sender stopped while it was sent", waits=False)
    found = connection.execute(_NEXT, {"own_webhook": webhook_id, "now": now}).first()
    if found is None:
        return None
    row: Any = found
    attempt = row.attempt + 1
    connection.execute(
        update(webhook_event)
        .where(webhook_event.c.id == row.id)
        .values(status=_S.SENDING.value, attempt=attempt, lease_until=now + lease)
    )
    number, place = divmod(row.position, 1_000)
    return OutgoingEvent(
        row.id,
        attempt,
        row.webhook_id,
        row.event_id,
        row.kind,
        row.subject,
        f"{number:010d}.{place:03d}",
        row.happened_at,
        json.loads(row.facts),
    )


# --- mark --------------------------------------------------------------------------------------------


def mark_event_sent(session: Session, event: OutgoingEvent, now: datetime, detail: str) -> bool:
    """Note that the other side took an event; say whether this attempt still counted."""
    connection = session.connection()
    done = (
        update(webhook_event)
        .where(
            webhook_event.c.id == event.row_id,
            webhook_event.c.attempt == event.attempt,
            # also when the lease ended meanwhile, as long as nobody took it again: it was received
            webhook_event.c.status.in_([_S.SENDING.value, _S.PENDING.value]),
        )
        .values(status=_S.SENT.value, not_before_at=None, lease_until=None, tried_at=now, detail=detail)
    )
    counted = connection.execute(done).rowcount == 1
    if counted:
        note_outcome(session, event.webhook_id, now, "ok", detail)
    return counted


def mark_event_refused(session: Session, event: OutgoingEvent, now: datetime, detail: str) -> bool:
    """Note that an event was not taken, or that nobody knows; say whether this attempt still counted."""
    connection = session.connection()
    wanted = select(webhook_event).where(
        webhook_event.c.id == event.row_id,
        webhook_event.c.attempt == event.attempt,
        webhook_event.c.status == _S.SENDING.value,
    )
    row = connection.execute(wanted.with_for_update()).first()
    if row is None:
        return False
    _end(connection, row, now, detail)
    note_outcome(session, event.webhook_id, now, "failed", detail)
    return True


def _end(connection: Connection, row: Any, now: datetime, detail: str, *, waits: bool = True) -> None:
    refusals = row.refusals + 1
    is_over = refusals > len(BACK_OFF)
    next_at = None if is_over else now + (BACK_OFF[refusals - 1] if waits else timedelta())
    connection.execute(
        update(webhook_event)
        .where(webhook_event.c.id == row.id)
        .values(
            status=(_S.DEAD if is_over else _S.PENDING).value,
            refusals=refusals,
            not_before_at=next_at,
            lease_until=None,
            tried_at=now,
            detail=detail,
        )
    )


# --- look --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event as an administrator sees it."""

    number: int
    event_id: str
    kind: str
    subject: str
    happened_at: datetime
    status: EventStatus
    attempt: int
    not_before_at: datetime | None
    tried_at: datetime | None
    detail: str


def list_events(
    session: Session,
    webhook_id: str,
    *,
    status: EventStatus | None = None,
    before: int | None = None,
    limit: int = 50,
) -> tuple[LoggedEvent, ...]:
    """Give the events of a webhook, the newest first; ``before`` is the number of the last one of the page before."""
    names = ("event_id", "kind", "subject", "happened_at", "attempt", "not_before_at", "tried_at", "detail")
    wanted = select(webhook_event).where(webhook_event.c.webhook_id == webhook_id)
    if status is not None:
        wanted = wanted.where(webhook_event.c.status == status.value)
    if before is not None:
        wanted = wanted.where(webhook_event.c.id < before)
    rows = session.connection().execute(wanted.order_by(webhook_event.c.id.desc()).limit(limit))
    return tuple(
        LoggedEvent(number=row.id, status=EventStatus(row.status), **{name: getattr(row, name) for name in names})
        for row in rows
    )
