"""What staff do to a traject in the browser or over the API: the right first, then the one door."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from regie.actions.apply_event import Applied, apply_event, apply_in, preview_event
from regie.actions.context import Context
from regie.actions.hand_over_files import Proven, hand_over_files, preview_with_files
from regie.core.changes import Changes
from regie.core.events import Event
from regie.core.permissions import NEEDED, Actor, require
from regie.core.traject import Traject
from regie.store.file_bytes import FileRoom
from regie.store.session import in_transaction, read_scope
from regie.store.trajects import find_request, load_traject
from regie.uploads import Upload


@dataclass(frozen=True, slots=True)
class Weighed:
    """What an event would lead to: the traject as it is, and what would change. Nothing was saved."""

    before: Traject
    changes: Changes


def weigh(
    context: Context,
    actor: Actor,
    traject_id: int,
    event: Event,
    now: datetime,
    *,
    room: FileRoom | None = None,
    uploads: Sequence[Upload] = (),
) -> Weighed:
    """Show what an event leads to, to somebody who may do it.

    Args:
        room: where files stay; needed with ``uploads``, which only a step that begins or is done, or a decision, can have.

    Raises:
        Refused: ``not-allowed``, or as ``apply_event``.
        NotFound: ``nothing-here``, or as ``apply_event``.
        Conflict: somebody else changed it since it was seen.
    """
    event = _signed(actor, traject_id, event)
    with read_scope(context.engine) as session:
        before = load_traject(session, traject_id, context.shelf, for_change=False)
    if uploads:
        assert room is not None and isinstance(event, Proven)  # noqa: PT018 - one condition
        return Weighed(before, preview_with_files(context, room, traject_id, event, uploads, now))
    return Weighed(before, preview_event(context, traject_id, event, now))


def act(
    context: Context,
    actor: Actor,
    traject_id: int,
    event: Event,
    now: datetime,
    *,
    request_id: str = "",
    room: FileRoom | None = None,
    uploads: Sequence[Upload] = (),
) -> Applied:
    """Do it, as this actor; the same ``request_id`` twice has one effect. Arguments and errors as ``weigh``."""
    event = _signed(actor, traject_id, event)
    if uploads:
        assert room is not None and isinstance(event, Proven)  # noqa: PT018 - one condition
        return hand_over_files(context, room, traject_id, event, uploads, now, request_id=request_id)
    return apply_event(context, traject_id, event, now, request_id=request_id)


def act_as_seen(
    context: Context,
    actor: Actor,
    traject_id: int,
    event: Event,
    now: datetime,
    check: Callable[[Traject], None],
    *,
    request_id: str = "",
) -> Applied:
    """Do it when what the actor saw is still so: for what has no version of its own, such as an anchor or a list.

    Args:
        check: gets the traject in the transaction of the change, and raises when it is not as it was seen. Not asked of
            a request that was answered before.
    """
    event = _signed(actor, traject_id, event)

    def work(session: Session) -> Applied:
        if not (request_id and find_request(session, traject_id, request_id)):
            check(load_traject(session, traject_id, context.shelf))
        return apply_in(session, context, traject_id, event, now, request_id)

    return in_transaction(context.engine, work)


def _signed(actor: Actor, traject_id: int, event: Event) -> Event:
    """The event with who does it in it, when they may."""
    require(actor, NEEDED[type(event)], traject_id=traject_id)
    return replace(event, by=actor.name)
