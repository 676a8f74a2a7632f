"""THE ONE DOOR: every event on a traject passes here, from people and from the clock."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from regie.actions.context import Context
from regie.actions.office_hours import next_office_hour
from regie.core.changes import Changes
from regie.core.engine import advance
from regie.core.events import Event, GateDecided, HandedToColleague, StepEvent, StepFinished, StepStarted, Tick
from regie.core.evidence import check_evidence, find_file_id
from regie.core.ids import PersonId
from regie.errors import Conflict
from regie.feeds import feed_key
from regie.plain_text import check_plain, check_texts
from regie.store.feeds import note_traject
from regie.store.files import add_file, check_files
from regie.store.history import HistoryEntry
from regie.store.session import in_transaction, read_scope
from regie.store.trajects import Saved, find_request, load_traject, mark_dirty, save_changes
from regie.uploads import Judged


@dataclass(frozen=True, slots=True)
class Applied:
    """What was decided and saved.

    Args:
        repeated: this request had been answered before, and nothing was done; ``saved`` is what was saved then.
    """

    changes: Changes | None
    saved: Saved | None
    repeated: bool = False


def apply_event(context: Context, traject_id: int, event: Event, now: datetime, *, request_id: str = "") -> Applied:
    """Load, decide, save, in one transaction.

    Args:
        request_id: of one press of one button; the same one twice has one effect.

    Raises:
        Refused: the rules say no, a text holds a ``control-character``, or what is given as evidence cannot be that.
        NotFound: no such traject, cycle, step, anchor or file.
        Conflict: somebody else was first, or ``request-reused``; nothing was changed.
    """
    return in_transaction(
        context.engine, lambda session: apply_in(session, context, traject_id, event, now, request_id)
    )


def apply_in(
    session: Session,
    context: Context,
    traject_id: int,
    event: Event,
    now: datetime,
    request_id: str = "",
    *,
    handed_over: Sequence[tuple[str, Judged]] = (),
) -> Applied:
    """The same inside a transaction that is already open.

    Args:
        handed_over: files that came along with a step event, by id; their bytes stand already.
    """
    check_texts(event)
    check_plain(request_id, "request_id")
    if request_id and (answered := find_request(session, traject_id, request_id)) is not None:
        return _answer_again(answered, event)
    traject = load_traject(session, traject_id, context.shelf, also=_gets_a_step(event))
    changes = advance(traject, event, now)
    for file_id, judged in handed_over:
        assert isinstance(event, StepEvent)  # only those take files; advance found its step
        add_file(session, file_id, traject_id, event.cycle, event.key, judged, now, event.by)
    files = _check_evidence(session, traject_id, event)
    calendar = traject.cycles[-1].definition.calendar
    saved = save_changes(
        session,
        traject,
        changes,
        now,
        ids=context.ids,
        audit_key=context.audit_key,
        request_id=request_id,
        office=lambda moment: next_office_hour(moment, traject.zone, calendar),
        brake_at=context.brake_at,
        files=files,
    )
    if context.link_key and (changes.added or changes.updated or changes.cycles):
        note_traject(session, context.shelf, feed_key(context.link_key), changes.traject, now)
    if changes.wants_runs and not isinstance(event, Tick):
        mark_dirty(session, [traject_id])  # so that the next sweep runs the automated steps
    return Applied(changes, saved)


def _gets_a_step(event: Event) -> tuple[PersonId, ...]:
    return (event.to,) if isinstance(event, HandedToColleague) and event.to is not None else ()


def _answer_again(answered: HistoryEntry, event: Event) -> Applied:
    """Give the first answer to a request once more; a request that asks something else would be lost unseen."""
    if not answered.is_of(event):
        raise Conflict(
            f"request '{answered.request_id}' was answered before, and asked something else then",
            code="request-reused",
            hint="ask again under a new name",
            request=answered.request_id,
        )
    return Applied(None, Saved(answered.payload["notices"], seq=answered.seq), repeated=True)


def _check_evidence(session: Session, traject_id: int, event: Event, coming: Collection[str] = ()) -> Mapping[str, str]:
    """Check what is given as evidence; give the files among it, each with the SHA-256 of what is in it.

    Args:
        coming: ids of files that will be there when the event is saved.
    """
    if not isinstance(event, StepEvent):
        return {}
    given: tuple[str, ...] = ()
    if isinstance(event, StepStarted | StepFinished):
        given = event.evidence
    elif isinstance(event, GateDecided) and event.document:
        given = (event.document,)
    named = [find_file_id(check_evidence(each)) for each in given]
    ids = dict.fromkeys(each for each in named if each is not None and each not in coming)
    return check_files(session, traject_id, event.cycle, event.key, list(ids))


def preview_event(
    context: Context, traject_id: int, event: Event, now: datetime, *, coming: Collection[str] = ()
) -> Changes:
    """Show what an event would lead to. Saves nothing.

    Args:
        coming: ids of files that are not there yet, and will be when it is saved.
    """
    check_texts(event)
    with read_scope(context.engine) as session:
        _check_evidence(session, traject_id, event, coming)
        return advance(
            load_traject(session, traject_id, context.shelf, for_change=False, also=_gets_a_step(event)), event, now
        )
