"""Set back what was noted by a clock that stood far ahead: until that date no sweep would do anything."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session

from regie.actions.apply_event import apply_event
from regie.actions.context import Context
from regie.core.events import ClockSetBack
from regie.errors import Refused
from regie.plain_text import check_texts
from regie.store.brake import find_sweep, set_back
from regie.store.session import in_transaction, read_scope
from regie.store.tables import traject


def set_clock_back(context: Context, now: datetime, *, by: str, reason: str) -> int:
    """Let every traject be looked at by the time of now, with a record in each; give how many there were.

    The mark of the sweep goes last: when this is broken off, it can be asked again and goes on.

    Raises:
        Refused: ``clock-not-ahead``, nothing was noted after now; ``reason-missing``; ``control-character``.
    """
    event = ClockSetBack(by=by, reason=reason.strip())
    check_texts(event)
    if not event.reason:
        raise Refused("say why the clock is set back", code="reason-missing", deed="set-back")
    with read_scope(context.engine) as session:
        ahead, last = _ahead(session, now), find_sweep(session)
    if not ahead and (last is None or last.began_at <= now):
        raise Refused("nothing was noted after now: the clock did not stand ahead", code="clock-not-ahead")
    for traject_id in ahead:
        apply_event(context, traject_id, event, now)
    in_transaction(context.engine, lambda session: set_back(session, now))
    return len(ahead)


def _ahead(session: Session, now: datetime) -> tuple[int, ...]:
    wanted = select(traject.c.id).where(traject.c.checked_at > now).order_by(traject.c.id)
    return tuple(session.connection().scalars(wanted))
