"""Gather what can wait into one message per person, each in the rhythm of the person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, or_, select, update
from sqlmodel import Session

from regie.core.definition import HearsWhen
from regie.core.lines import Urgency
from regie.store.dialects import per_dialect, said_for
from regie.store.tables import MessageStatus, NoticeState, message, notice

_ADD_DIGESTS = per_dialect(
    lambda insert: insert(message).on_conflict_do_nothing(index_elements=["recipient", "channel", "digest_on"])
)
_ATTACH = (
    update(notice)
    .where(notice.c.id == bindparam("own_id"), notice.c.state == NoticeState.WAITING.value)
    .values(message_id=bindparam("digest"), state=NoticeState.QUEUED.value)
)


def make_digests(session: Session, today: date, now: datetime, ids: Callable[[], str], channel: str = "email") -> int:
    """Put what waits in one message per person; give how many were made.

    Daily: all that waits. Weekly: on Monday all that waits, and on a later day, when there was no digest on
    Monday, what waited by then; the same every other week, on the Mondays of even weeks. Nobody gets two on a day.
    """
    connection = session.connection()
    waiting: dict[str, list[int]] = {}
    for number, recipient in connection.execute(_waiting(today, channel)):
        waiting.setdefault(recipient, []).append(number)
    if not waiting:
        return 0
    made = [_digest_row(ids(), recipient, channel, today, now) for recipient in waiting]
    connection.execute(said_for(connection, _ADD_DIGESTS), made)
    mine = select(message.c.id).where(message.c.created_at == now, message.c.digest_on == today)
    stored = set(connection.scalars(mine))
    new = [row for row in made if row["id"] in stored]
    attach = [{"own_id": number, "digest": row["id"]} for row in new for number in waiting[row["recipient"]]]
    if attach:
        connection.execute(_ATTACH, attach)
    return len(new)


def _waiting(today: date, channel: str) -> Any:
    rhythm, created_at = notice.c.rhythm, notice.c.created_at
    due: list[ColumnElement[bool]] = [rhythm.in_([HearsWhen.DAILY.value, HearsWhen.AT_ONCE.value])]
    monday = today - timedelta(days=today.weekday())
    even_monday = monday if monday.isocalendar().week % 2 == 0 else monday - timedelta(weeks=1)
    for name, day in ((HearsWhen.WEEKLY, monday), (HearsWhen.BIWEEKLY, even_monday)):
        if day == today:
            due.append(rhythm == name.value)
        else:
            midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
            due.append(and_(rhythm == name.value, created_at < midnight))
    return (
        select(notice.c.id, notice.c.recipient)
        .where(
            notice.c.message_id.is_(None),
            notice.c.state == NoticeState.WAITING.value,
            notice.c.channel == channel,
            or_(*due),
        )
        .order_by(notice.c.recipient, notice.c.id)
        .with_for_update(skip_locked=True)
    )


def _digest_row(message_id: str, recipient: str, channel: str, today: date, now: datetime) -> dict[str, Any]:
    return {
        "id": message_id,
        "recipient": recipient,
        "channel": channel,
        "urgency": Urgency.DIGEST.value,
        "status": MessageStatus.PENDING.value,
        "not_before_at": now,
        "attempt": 0,
        "refusals": 0,
        "uncertainties": 0,
        "digest_on": today,
        "detail": "",
        "created_at": now,
    }
