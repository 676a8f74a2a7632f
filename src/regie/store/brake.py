"""The brake: a clock that jumps ahead, a flood, or a database put back from a backup is held until a person has looked.

Counts per hour what was put in the outbox, so that looking costs the same on a quiet day and on a busy one.
Digests are not counted and not held: a person gets one a day at most.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any

from sqlalchemy import Connection, Engine, and_, bindparam, delete, func, or_, select, update
from sqlmodel import Session

from regie.errors import Refused
from regie.store.dialects import Writing, per_dialect
from regie.store.marks import put_mark, read_mark
from regie.store.session import in_transaction, read_scope
from regie.store.tables import MessageStatus, NoticeState, in_utc, message, notice, tally

LATE_AFTER = timedelta(days=14)
"""After a silence of more than this, all that the first sweep wants to say is held."""

ONE_SWEEP = timedelta(hours=1)
"""Sweeps that begin within this time of each other count as one."""

_LONGEST_LEASE = timedelta(days=1)
_WINDOW = timedelta(hours=24)
_TIMES_MEDIAN = 5
_LOOK_BACK_WEEKS = 4
_SWEEP = "sweep"

_COUNTED = select(func.coalesce(func.sum(tally.c.messages), 0)).where(tally.c.hour > bindparam("since"))
_PER_HOUR = select(tally.c.hour, tally.c.messages).where(tally.c.hour >= bindparam("since"))


def _add_tally(insert: Any) -> Any:
    adding = insert(tally)
    return adding.on_conflict_do_update(
        index_elements=["hour"], set_={"messages": tally.c.messages + adding.excluded.messages}
    )


_ADD_TALLY = Writing(per_dialect(_add_tally), ("hour", "messages"))


# --- sweeps ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sweep:
    """When the sweep of now began, and the one before it.

    Args:
        holds: somebody asked that what this sweep says is held.
        next_holds: the same of the sweep that comes.
        is_done: it came to its end; of one that holds that is noted, so that the next one goes on when it died.
    """

    began_at: datetime
    before_at: datetime | None = None
    holds: bool = False
    next_holds: bool = False
    is_done: bool = False

    @property
    def must_hold(self) -> bool:
        is_late = self.before_at is not None and self.began_at - self.before_at > LATE_AFTER
        return self.holds or is_late


def begin_sweep(engine: Engine, now: datetime) -> Sweep:
    """Note that a sweep begins. Writes at most once an hour, and nothing when the clock went back."""
    with read_scope(engine) as session:
        last = find_sweep(session)
    if last is not None and now < last.began_at + (timedelta() if last.next_holds else ONE_SWEEP):
        return last
    if last is None:
        sweep = Sweep(now)
    elif last.must_hold and not last.is_done:
        sweep = Sweep(now, last.before_at, holds=True)  # what it did not come to is as late as what it did
    else:
        sweep = Sweep(now, last.began_at, holds=last.next_holds)
    in_transaction(engine, lambda session: _save_sweep(session, sweep))
    return sweep


def end_sweep(engine: Engine) -> None:
    """Note that a sweep that holds came to its end. Writes nothing of any other."""

    def work(session: Session) -> None:
        last = find_sweep(session)
        if last is not None and last.must_hold and not last.is_done:
            _save_sweep(session, replace(last, is_done=True))

    with read_scope(engine) as session:
        last = find_sweep(session)
    if last is not None and last.must_hold and not last.is_done:
        in_transaction(engine, work)


def set_back(session: Session, now: datetime) -> None:
    """Forget what was noted by a clock that stood ahead of now, so that sweeps and messages go on.

    What it made wait for a day to come leaves now: each message is checked once more when it is handed over.
    """
    connection = session.connection()
    last = _sweep_of(connection)
    if last is not None and last.began_at > now:
        _save_sweep(session, Sweep(now, next_holds=last.next_holds))
    connection.execute(delete(tally).where(tally.c.hour > now))
    waits = message.c.status.in_([MessageStatus.PENDING.value, MessageStatus.UNCERTAIN.value])
    connection.execute(
        update(message)
        .where(waits, message.c.created_at > now, message.c.not_before_at > now)
        .values(not_before_at=now)
    )
    connection.execute(
        update(message)
        .where(message.c.status == MessageStatus.SENDING.value, message.c.lease_until > now + _LONGEST_LEASE)
        .values(lease_until=now)
    )


def find_sweep(session: Session) -> Sweep | None:
    """Give the last sweep that was noted; None when there was none yet."""
    return _sweep_of(session.connection())


def _sweep_of(connection: Connection) -> Sweep | None:
    value = read_mark(connection, _SWEEP)
    if value is None or value["at"] is None:
        return None
    before = value.get("before")
    return Sweep(
        datetime.fromisoformat(value["at"]),
        datetime.fromisoformat(before) if before else None,
        holds=value.get("holds", False),
        next_holds=value.get("next_holds", False),
        is_done=value.get("is_done", False),
    )


def _save_sweep(session: Session, sweep: Sweep) -> None:
    value = {
        "at": in_utc(sweep.began_at).isoformat(),
        "before": in_utc(sweep.before_at).isoformat() if sweep.before_at else None,
        "holds": sweep.holds,
        "next_holds": sweep.next_holds,
        "is_done": sweep.is_done,
    }
    put_mark(session.connection(), _SWEEP, value)


# --- holding -----------------------------------------------------------------------------------------


def must_hold(connection: Connection, new: int, now: datetime, brake_at: int, *, in_sweep: bool) -> bool:
    """Whether so many new messages, now, are too many; or come from the first sweep after a long silence."""
    if in_sweep and (sweep := _sweep_of(connection)) is not None and sweep.must_hold:
        return True
    if new == 0:
        return False
    counted = int(connection.scalar(_COUNTED, {"since": now - _WINDOW}) or 0)
    if counted + new <= brake_at:
        return False
    return counted + new > _TIMES_MEDIAN * _median_working_day(connection, now)


def count_messages(connection: Connection, new: int, now: datetime) -> None:
    """Add messages to the count of this hour."""
    hour = in_utc(now).replace(minute=0, second=0, microsecond=0)
    _ADD_TALLY.run(connection, [{"hour": hour, "messages": new}])


def _median_working_day(connection: Connection, now: datetime) -> float:
    """Messages on the middle one of the last twenty days from Monday to Friday; days without count as 0."""
    today = in_utc(now).date()
    first = today - timedelta(weeks=_LOOK_BACK_WEEKS)
    days = [first + timedelta(days=number) for number in range((today - first).days)]
    per_day: dict[date, int] = dict.fromkeys((day for day in days if day.weekday() < 5), 0)
    since = datetime(first.year, first.month, first.day, tzinfo=UTC)
    for hour, messages in connection.execute(_PER_HOUR, {"since": since}):
        if hour.date() in per_day:
            per_day[hour.date()] += messages
    return median(per_day.values())


@dataclass(frozen=True, slots=True)
class Held:
    """What an administrator held, let go or threw away."""

    messages: int
    notices: int


def hold_everything(session: Session, now: datetime, *, by: str, reason: str) -> Held:
    """Hold all that did not leave yet, and all that the next sweep will want to say.

    For a database that was put back from a backup: it does not know what was sent since.

    Raises:
        Refused: ``reason-missing``.
    """
    if not reason.strip():
        raise Refused("say why everything is held", code="reason-missing", deed="hold")
    connection = session.connection()
    last = _sweep_of(connection) or Sweep(now)
    _save_sweep(session, replace(last, next_holds=True))
    moment = in_utc(now).isoformat(timespec="seconds")
    # what is in the hands of a sender now is left to it: held, it would be sent twice
    unsent = or_(
        message.c.status == MessageStatus.PENDING.value,
        and_(message.c.status == MessageStatus.UNCERTAIN.value, message.c.not_before_at.is_not(None)),
        and_(message.c.status == MessageStatus.SENDING.value, message.c.lease_until <= now),
    )
    queued = and_(
        notice.c.state == NoticeState.QUEUED.value, notice.c.message_id.in_(select(message.c.id).where(unsent))
    )
    waits = or_(notice.c.state == NoticeState.WAITING.value, queued)
    notices = connection.execute(update(notice).where(waits).values(state=NoticeState.HELD.value)).rowcount
    messages = connection.execute(
        update(message)
        .where(unsent)
        .values(
            status=MessageStatus.HELD.value,
            not_before_at=None,
            detail=f"held by {by} at {moment}: {reason.strip()}",
        )
    ).rowcount
    return Held(messages, notices)


def release_held(session: Session, now: datetime, *, by: str) -> Held:
    """Let everything leave that was held. Each message is checked once more when it is handed over."""
    changes = {"status": MessageStatus.PENDING.value, "not_before_at": now, "detail": f"released by {by}"}
    return _end_holding(session, changes, NoticeState.QUEUED, NoticeState.WAITING)


def discard_held(session: Session, now: datetime, *, by: str, reason: str) -> Held:
    """Throw away everything that was held; it is not told later either.

    Raises:
        Refused: ``reason-missing``.
    """
    if not reason.strip():
        raise Refused("say why these messages are not sent", code="reason-missing", deed="discard")
    moment = in_utc(now).isoformat(timespec="seconds")
    changes = {"status": MessageStatus.WITHDRAWN.value, "detail": f"discarded by {by} at {moment}: {reason.strip()}"}
    return _end_holding(session, changes, NoticeState.DISCARDED, NoticeState.DISCARDED)


def _end_holding(
    session: Session, changes: Mapping[str, Any], with_message: NoticeState, without_message: NoticeState
) -> Held:
    connection = session.connection()
    held = notice.c.state == NoticeState.HELD.value
    own = connection.execute(
        update(notice).where(held, notice.c.message_id.is_not(None)).values(state=with_message.value)
    ).rowcount
    waiting = connection.execute(
        update(notice).where(held, notice.c.message_id.is_(None)).values(state=without_message.value)
    ).rowcount
    messages = connection.execute(
        update(message).where(message.c.status == MessageStatus.HELD.value).values(**changes)
    ).rowcount
    return Held(messages, own + waiting)
