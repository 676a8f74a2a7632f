"""The outbox: messages on their way, each in a state that somebody can see.

What may happen to a message; what is not listed is refused by the guards of the statements:

======================  ==========================================  ==================================
from                    by                                          to
======================  ==========================================  ==================================
pending, uncertain (1)  ``claim``, before the call                  sending, attempt + 1
sending                 ``load_letter``, nothing in it is true      withdrawn
sending                 ``load_letter``, too old                    expired
sending, uncertain      ``mark_sent``                               sent
sending                 ``mark_refused``                            pending after a while, then failed
sending                 ``mark_uncertain``, or the lease ended      uncertain (1) once, uncertain (2)
sending                 lease ended before the hand-over began      as ``mark_refused``
failed, uncertain (2)   ``retry``, by a person                      pending
held                    ``brake.release_held``, ``discard_held``    pending, withdrawn
not yet handed over     ``brake.hold_everything``, by a person      held
======================  ==========================================  ==================================

Uncertain (2) asks a person: nobody knows whether one or two were received, so Regie does not send a third.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, bindparam, func, or_, select, update
from sqlmodel import Session

from regie.core.ids import PersonId
from regie.core.lines import Urgency
from regie.errors import NotFound, Refused
from regie.store.brake import Held, discard_held, hold_everything, release_held
from regie.store.dialects import Writing
from regie.store.digests import make_digests
from regie.store.letters import load_letter, preview_letter
from regie.store.tables import MessageStatus, message, notice, person, traject

__all__ = [
    "Claimed",
    "Held",
    "OutboxEntry",
    "OutboxLine",
    "claim",
    "discard_held",
    "hold_everything",
    "list_messages",
    "load_letter",
    "make_digests",
    "mark_refused",
    "mark_sent",
    "mark_uncertain",
    "oldest_pending",
    "outbox_counts",
    "preview_letter",
    "release_held",
    "retry",
    "retry_failed",
]

BACK_OFF = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=4),
    timedelta(hours=12),
)
"""How long to wait after each certain refusal; after one more the message has failed."""

AFTER_UNCERTAIN = timedelta(minutes=15)
MOST_UNCERTAIN = 2

_S = MessageStatus


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that this process may hand over, once; ``attempt`` proves it."""

    id: str
    attempt: int


# --- take --------------------------------------------------------------------------------------------

_DUE = (
    select(message.c.id, message.c.attempt)
    .where(
        message.c.status.in_([_S.PENDING.value, _S.UNCERTAIN.value]),
        message.c.not_before_at <= bindparam("now"),
    )
    .order_by(message.c.not_before_at, message.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_TAKE = Writing(
    update(message)
    .where(
        message.c.id == bindparam("own_id"),
        message.c.attempt == bindparam("seen"),
        # no IN: its list is filled in at execution, which many rows at once do not allow
        or_(message.c.status == _S.PENDING.value, message.c.status == _S.UNCERTAIN.value),
    )
    .values(
        status=_S.SENDING.value,
        attempt=bindparam("attempt"),
        owner=bindparam("owner"),
        lease_until=bindparam("lease_until"),
        handed_over_at=None,
    )
)
_LOST = (
    select(
        message.c.id,
        message.c.attempt,
        message.c.refusals,
        message.c.uncertainties,
        message.c.handed_over_at,
    )
    .where(message.c.status == _S.SENDING.value, message.c.lease_until < bindparam("now"))
    .with_for_update(skip_locked=True)
)
_END_ATTEMPT = (
    update(message)
    .where(
        message.c.id == bindparam("own_id"),
        message.c.attempt == bindparam("seen"),
        message.c.status == _S.SENDING.value,
    )
    .values(
        status=bindparam("status"),
        not_before_at=bindparam("not_before_at"),
        refusals=bindparam("refusals"),
        uncertainties=bindparam("uncertainties"),
        detail=bindparam("detail"),
        owner=None,
        lease_until=None,
    )
)


def claim(session: Session, owner: str, now: datetime, limit: int, lease_seconds: int) -> tuple[Claimed, ...]:
    """Take messages that are due, oldest first, and those of a process that lost its lease.

    They are ``sending`` from the moment that this commits, so that no crash can hide a hand-over.

    Args:
        owner: names the process, and is new each time that it starts.
        lease_seconds: more than three times the longest that one hand-over can take.
    """
    connection = session.connection()
    _rescue(connection, now)
    found = connection.execute(_DUE, {"now": now, "most": limit}).all()
    if not found:
        return ()
    lease = {"owner": owner, "lease_until": now + timedelta(seconds=lease_seconds)}
    rows = [{"own_id": id_, "seen": attempt, "attempt": attempt + 1, **lease} for id_, attempt in found]
    taken = _TAKE.run(connection, rows)
    assert taken == len(rows)  # they are locked, or we are the only writer
    return tuple(Claimed(id_, attempt + 1) for id_, attempt in found)


def _rescue(connection: Connection, now: datetime) -> None:
    """Take messages from a process that stopped: what it had not begun to hand over is certain, the rest is not."""
    for row in connection.execute(_LOST, {"now": now}).all():
        if row.handed_over_at is None:
            _end_attempt(connection, row, _refused(row, now, "the sender stopped before it was handed over", False))
        else:
            _end_attempt(connection, row, _uncertain(row, now, "the sender stopped while it was handed over"))


# --- mark --------------------------------------------------------------------------------------------

_ATTEMPT = (
    select(message.c.id, message.c.attempt, message.c.refusals, message.c.uncertainties)
    .where(message.c.id == bindparam("own_id"), message.c.attempt == bindparam("seen"))
    .where(message.c.status == _S.SENDING.value)
    .with_for_update()
)
_SENT = (
    update(message)
    .where(
        message.c.id == bindparam("own_id"),
        message.c.attempt == bindparam("seen"),
        message.c.status.in_([_S.SENDING.value, _S.UNCERTAIN.value]),
    )
    .values(
        status=_S.SENT.value,
        sent_at=bindparam("sent_at"),
        not_before_at=None,
        owner=None,
        lease_until=None,
        detail="",
    )
)


def mark_sent(session: Session, message_id: str, attempt: int, now: datetime) -> bool:
    """Note that the channel accepted a message; say whether this attempt still counted.

    Also when the lease ended meanwhile, as long as nobody else took the message: it was sent.
    """
    values = {"own_id": message_id, "seen": attempt, "sent_at": now}
    return session.connection().execute(_SENT, values).rowcount == 1


def mark_refused(
    session: Session, message_id: str, attempt: int, now: datetime, detail: str, *, permanent: bool = False
) -> bool:
    """Note that a message was certainly not handed over; say whether this attempt still counted.

    Args:
        permanent: trying again cannot help until somebody changes something.
    """
    return _mark(session, message_id, attempt, lambda row: _refused(row, now, detail, permanent))


def mark_uncertain(session: Session, message_id: str, attempt: int, now: datetime, detail: str) -> bool:
    """Note that nobody knows whether a message was handed over; say whether this attempt still counted."""
    return _mark(session, message_id, attempt, lambda row: _uncertain(row, now, detail))


def _mark(session: Session, message_id: str, attempt: int, outcome: Callable[[Any], dict[str, Any]]) -> bool:
    connection = session.connection()
    row = connection.execute(_ATTEMPT, {"own_id": message_id, "seen": attempt}).first()
    if row is None:
        return False
    _end_attempt(connection, row, outcome(row))
    return True


def _end_attempt(connection: Connection, row: Any, outcome: Mapping[str, Any]) -> None:
    connection.execute(_END_ATTEMPT, {"own_id": row.id, "seen": row.attempt, **outcome})


def _refused(row: Any, now: datetime, detail: str, permanent: bool) -> dict[str, Any]:
    refusals = row.refusals + 1
    is_over = permanent or refusals > len(BACK_OFF)
    return {
        "status": (_S.FAILED if is_over else _S.PENDING).value,
        "not_before_at": None if is_over else now + BACK_OFF[refusals - 1],
        "refusals": refusals,
        "uncertainties": row.uncertainties,
        "detail": detail,
    }


def _uncertain(row: Any, now: datetime, detail: str) -> dict[str, Any]:
    uncertainties = row.uncertainties + 1
    return {
        "status": _S.UNCERTAIN.value,
        "not_before_at": None if uncertainties >= MOST_UNCERTAIN else now + AFTER_UNCERTAIN,
        "refusals": row.refusals,
        "uncertainties": uncertainties,
        "detail": detail,
    }


_RETRY = (
    update(message)
    .where(
        message.c.id == bindparam("own_id"),
        message.c.status.in_([_S.PENDING.value, _S.FAILED.value, _S.UNCERTAIN.value]),
    )
    # any moment that is past will do
    .values(
        status=_S.PENDING.value,
        not_before_at=message.c.created_at,
        refusals=0,
        uncertainties=0,
        detail=bindparam("detail"),
    )
)


def retry(session: Session, message_id: str, by: str) -> None:
    """Let a message leave again, now, because a person asked for it.

    Raises:
        NotFound: ``unknown-message``.
        Refused: ``message-not-waiting``; it was sent, withdrawn, or is being sent at this moment.
    """
    connection = session.connection()
    if connection.execute(_RETRY, {"own_id": message_id, "detail": f"retried by {by}"}).rowcount == 1:
        return
    status = connection.scalar(select(message.c.status).where(message.c.id == message_id))
    if status is None:
        raise NotFound(f"no message '{message_id[:60]}'", code="unknown-message", message_id=message_id[:60])
    raise Refused(
        f"message '{message_id}' cannot be sent again: it is {status}",
        code="message-not-waiting",
        hint="release it first" if status == _S.HELD.value else "only what failed, waits or is uncertain can",
        message_id=message_id,
        status=status,
    )


# --- look --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OutboxLine:
    """What a message is about, in ids."""

    traject: str
    cycle: int
    step: str
    key: str
    kind: str


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """A message as an administrator sees it. ``needs_a_person``: Regie does nothing more by itself."""

    id: str
    recipient: PersonId
    name: str
    channel: str
    urgency: Urgency
    status: MessageStatus
    not_before_at: datetime | None
    attempt: int
    detail: str
    created_at: datetime
    sent_at: datetime | None
    is_digest: bool
    lines: tuple[OutboxLine, ...]

    @property
    def needs_a_person(self) -> bool:
        if self.status is MessageStatus.UNCERTAIN:
            return self.not_before_at is None
        return self.status in (MessageStatus.FAILED, MessageStatus.HELD)


def list_messages(
    session: Session,
    *,
    status: MessageStatus | str | None = None,
    traject_id: int | None = None,
    recipient: str | None = None,
    limit: int = 100,
    message_id: str | None = None,
    within: Collection[int] | None = None,
    person_name: str = "",
    before: tuple[datetime, str] | None = None,
) -> tuple[OutboxEntry, ...]:
    """Give messages, the newest first.

    Args:
        within: only messages about one of these trajects, and of those only what is about these.
        person_name: only to who has this in their name.
        before: moment and id of the last one of the page before.
    """
    connection = session.connection()
    wanted = select(message, person.c.name).join(person, person.c.id == message.c.recipient)
    if status is not None:
        wanted = wanted.where(message.c.status == MessageStatus(status).value)
    if recipient is not None:
        wanted = wanted.where(message.c.recipient == recipient)
    if message_id is not None:
        wanted = wanted.where(message.c.id == message_id)
    if person_name:
        wanted = wanted.where(func.lower(person.c.name).contains(person_name.lower(), autoescape=True))
    if before is not None:
        at, last = before
        wanted = wanted.where(or_(message.c.created_at < at, and_(message.c.created_at == at, message.c.id > last)))
    if within is not None:
        of_theirs = notice.c.traject_id.in_(sorted(within))
        wanted = wanted.where(select(notice.c.id).where(notice.c.message_id == message.c.id, of_theirs).exists())
    if traject_id is not None:
        about = select(notice.c.id).where(notice.c.message_id == message.c.id, notice.c.traject_id == traject_id)
        wanted = wanted.where(about.exists())
    rows = connection.execute(wanted.order_by(message.c.created_at.desc(), message.c.id).limit(limit)).all()
    lines = _lines_of(connection, [row.id for row in rows], within)
    return tuple(
        OutboxEntry(
            row.id,
            PersonId(row.recipient),
            row.name,
            row.channel,
            Urgency(row.urgency),
            MessageStatus(row.status),
            row.not_before_at,
            row.attempt,
            row.detail,
            row.created_at,
            row.sent_at,
            row.digest_on is not None,
            tuple(lines.get(row.id, ())),
        )
        for row in rows
    )


def _lines_of(
    connection: Connection, ids: Sequence[str], within: Collection[int] | None = None
) -> Mapping[str, Sequence[OutboxLine]]:
    found: dict[str, list[OutboxLine]] = {}
    wanted = (
        select(notice.c.message_id, traject.c.slug, notice.c.cycle, notice.c.step, notice.c.key, notice.c.kind)
        .join(traject, traject.c.id == notice.c.traject_id)
        .where(notice.c.message_id.in_(ids))
        .order_by(notice.c.id)
    )
    if within is not None:
        wanted = wanted.where(notice.c.traject_id.in_(sorted(within)))
    for message_id, *about in connection.execute(wanted) if ids else ():
        found.setdefault(message_id, []).append(OutboxLine(*about))
    return found


def outbox_counts(session: Session) -> Mapping[MessageStatus, int]:
    """Give how many messages stand in each status; those with none are left out."""
    rows = session.connection().execute(select(message.c.status, func.count()).group_by(message.c.status))
    return {MessageStatus(status): count for status, count in rows}


def retry_failed(session: Session, since: datetime, by: str) -> int:
    """Let all leave again, now, that was made since a moment and failed; give how many.

    What is uncertain stays: of each of those a person decides, for it may have been received.
    """
    failed = (message.c.status == _S.FAILED.value, message.c.created_at >= since)
    again = update(message).where(*failed)
    values = {"status": _S.PENDING.value, "not_before_at": message.c.created_at, "refusals": 0, "uncertainties": 0}
    return session.connection().execute(again.values(**values, detail=f"retried by {by}")).rowcount


def oldest_pending(session: Session) -> datetime | None:
    """Give since when the longest waiting message could have left; None when nothing waits."""
    wanted = select(func.min(message.c.not_before_at)).where(message.c.status == _S.PENDING.value)
    found: datetime | None = session.connection().scalar(wanted)
    return found
