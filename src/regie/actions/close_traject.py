"""Close a traject: every cycle that runs ends with one reason, all or none."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from regie.actions.apply_event import Applied, apply_in
from regie.actions.context import Context
from regie.core.changes import Changes
from regie.core.engine import advance
from regie.core.events import CycleClosed
from regie.core.traject import Traject
from regie.errors import Refused
from regie.plain_text import check_texts
from regie.store.session import in_transaction, read_scope
from regie.store.trajects import find_request, load_traject


def close_traject(
    context: Context, traject_id: int, reason: str, now: datetime, *, by: str = "regie", request_id: str = ""
) -> tuple[Applied, ...]:
    """End every running cycle; what is open is withdrawn, and who had work in it hears that once.

    Args:
        request_id: of one press of one button; the same one twice has one effect.

    Returns:
        What was applied, per cycle.

    Raises:
        Refused: ``traject-closed``, no cycle runs; ``reason-missing``; ``control-character``.
        NotFound: ``unknown-traject``.
    """

    def work(session: Session) -> tuple[Applied, ...]:
        if request_id and find_request(session, traject_id, request_id):
            return (Applied(None, None, repeated=True),)
        events = _closing(load_traject(session, traject_id, context.shelf), reason, by)
        # the request stands in the record once, with the first of its events
        marks = (request_id, *[""] * (len(events) - 1))
        return tuple(
            apply_in(session, context, traject_id, event, now, mark) for event, mark in zip(events, marks, strict=True)
        )

    return in_transaction(context.engine, work)


def preview_close(
    context: Context, traject_id: int, reason: str, now: datetime, *, by: str = "regie"
) -> tuple[Changes, ...]:
    """Show what closing would lead to, per cycle. Saves nothing."""
    with read_scope(context.engine) as session:
        traject = load_traject(session, traject_id, context.shelf, for_change=False)
    found: list[Changes] = []
    for event in _closing(traject, reason, by):
        check_texts(event)
        found.append(advance(traject, event, now))
        traject = found[-1].traject
    return tuple(found)


def _closing(traject: Traject, reason: str, by: str) -> list[CycleClosed]:
    events = [CycleClosed(cycle=cycle.number, reason=reason, by=by) for cycle in traject.running()]
    if not events:
        last = traject.cycles[-1] if traject.cycles else None
        raise Refused(
            f"traject '{traject.slug}' is closed already" + (f": {last.ended_because}" if last else ""),
            code="traject-closed",
            hint="regie traject list --all shows it; regie cycle start opens a next cycle",
            traject=traject.slug,
        )
    return events
