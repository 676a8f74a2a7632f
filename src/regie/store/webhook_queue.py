"""Put what other programs must hear on its way, in the transaction of the change that it tells of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from regie.core.announcements import Announcement, announce
from regie.core.changes import Changes
from regie.core.traject import Traject
from regie.store.dialects import Reading, Writing
from regie.store.history import canonical
from regie.store.tables import EventStatus, WebhookStatus, webhook, webhook_event

PLACES = 1_000
"""Room for the events of one change in ``position``; the last place is shared by what is more than that."""

_WANTED = Reading(
    select(webhook.c.id, webhook.c.kinds, webhook.c.trajects).where(webhook.c.status != WebhookStatus.REMOVED.value)
)
_ADD = Writing(
    insert(webhook_event),
    (
        "webhook_id", "event_id", "traject_id", "position", "kind", "subject", "facts", "happened_at", "status",
        "attempt", "refusals", "not_before_at", "detail",
    ),
)  # fmt: skip


def queue_events(
    connection: Connection, before: Traject, changes: Changes, seq: int, now: datetime, ids: Callable[[], str]
) -> int:
    """Write the events of one change, for each webhook that wants them; give how many were written.

    A webhook that is paused keeps what happens. Costs one statement when there is no webhook.

    Args:
        seq: number of the change in the history of the traject.
    """
    webhooks = _WANTED.rows(connection, {})
    if not webhooks:
        return 0
    rows: list[dict[str, Any]] = []
    for place, each in enumerate(announce(before, changes)):
        own = _row(before, each, seq * PLACES + min(place, PLACES - 1), now)
        takers = [id_ for id_, kinds, trajects in webhooks if _wants(kinds, trajects, each, before.id)]
        if takers:
            event_id = ids()
            rows += [{**own, "webhook_id": taker, "event_id": event_id} for taker in takers]
    if rows:
        _ADD.run(connection, rows)
    return len(rows)


def _wants(kinds: str, trajects: str, announcement: Announcement, traject_id: int) -> bool:
    is_wanted = not kinds or announcement.kind.value in kinds.split()
    return is_wanted and (not trajects or str(traject_id) in trajects.split())


def _row(traject: Traject, announcement: Announcement, position: int, now: datetime) -> dict[str, Any]:
    key = announcement.key
    facts: dict[str, Any] = {"traject": traject.slug, "doorloop": announcement.cycle}
    if key is not None:
        facts |= {"stap": key.step, "kopie": key.key or None}
    facts |= announcement.facts
    return {
        "traject_id": traject.id,
        "position": position,
        "kind": announcement.kind.value,
        "subject": f"{traject.slug}/{key}" if key is not None else traject.slug,
        "facts": canonical({name: value for name, value in facts.items() if value is not None}),
        "happened_at": now,
        "status": EventStatus.PENDING.value,
        "attempt": 0,
        "refusals": 0,
        "not_before_at": now,
        "detail": "",
    }
