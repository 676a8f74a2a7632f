"""Each working morning: one message per person with all that could wait."""

from __future__ import annotations

from datetime import datetime

from regie.actions.context import Context
from regie.clock import local_date
from regie.core.calendar import WorkCalendar
from regie.store.outbox import make_digests
from regie.store.session import in_transaction


def make_morning_digests(
    context: Context, now: datetime, calendar: WorkCalendar, *, zone: str = "Europe/Amsterdam"
) -> int:
    """Put what waits for a digest into the outbox; on a day off nothing. Twice on a day adds nothing."""
    today = local_date(now, zone)
    if not calendar.is_working_day(today):
        return 0
    return in_transaction(context.engine, lambda session: make_digests(session, today, now, context.ids))
