"""Take an action link away, and put in the record who did so and why."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from regie.actions.apply_event import apply_in
from regie.actions.context import Context
from regie.core.events import LinkRevoked
from regie.plain_text import check_plain
from regie.store.links import Link, get_link, revoke_link
from regie.store.session import in_transaction


def revoke(context: Context, link_id: int, reason: str, now: datetime, *, by: str) -> Link:
    """Take one link away; asked twice it is done once. The link and its record commit together.

    Of a cycle that has ended the record is closed; then who and why stand with the link alone.

    Raises:
        NotFound: ``unknown-link``.
        Refused: ``reason-missing``, ``control-character``.
    """
    check_plain(reason, "reason", is_long=True)

    def work(session: Session) -> Link:
        found = get_link(session, link_id, now)
        is_new = revoke_link(session, link_id, now, by=by, reason=reason)
        if is_new and found.is_in_running_cycle:
            event = LinkRevoked(cycle=found.cycle, key=found.key, by=by, link=link_id, reason=reason.strip())
            apply_in(session, context, found.traject_id, event, now)
        return get_link(session, link_id, now)

    return in_transaction(context.engine, work)
