"""Open the next cycle of a traject: the phases again, to improve or to expand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from sqlmodel import Session

from regie.actions.apply_event import Applied, apply_in
from regie.actions.context import Context
from regie.core.changes import Changes
from regie.core.definition import Definition
from regie.core.engine import advance
from regie.core.events import CycleStarted
from regie.core.ids import AnchorId
from regie.core.opening import open_cycle
from regie.core.traject import Cycle, Traject
from regie.plain_text import check_texts
from regie.store.cycles import cycle_taken, find_cycle
from regie.store.definitions import check_may_start, save_definition
from regie.store.session import in_transaction, read_scope
from regie.store.trajects import create_cycle, load_traject


@dataclass(frozen=True, slots=True)
class NextCycle:
    """What an administrator says about a rerun. Answers that are not given are those of the cycle before.

    Args:
        after: the newest cycle that the administrator saw; of two who ask at once the second is told of the first.
    """

    kind: str
    start_on: date
    idempotency_key: str
    answers: Mapping[str, object] = field(default_factory=dict)
    targets: Mapping[str, date] = field(default_factory=dict)
    by: str = "regie"
    after: int | None = None


def start_cycle(
    context: Context,
    traject_id: int,
    new: NextCycle,
    now: datetime,
    *,
    definition: Definition | None = None,
    sources: Mapping[str, str] | None = None,
) -> tuple[int, Applied]:
    """Open a cycle by the rerun codes of the definition; asking twice with the same key opens one.

    Args:
        definition: the newest version, with its ``sources``; without it the cycle before is followed.

    Raises:
        Refused: ``bad-answers``, ``control-character``, ``definition-not-active``.
        NotFound: unknown kind or traject.
        Conflict: ``cycle-taken``, somebody else opened a cycle meanwhile.
    """
    check_texts(new)

    def work(session: Session) -> tuple[int, Applied]:
        traject = load_traject(session, traject_id, context.shelf, whole=True)
        opened = find_cycle(session, traject_id, new.idempotency_key)
        if opened is not None:
            return opened, Applied(None, None, repeated=True)
        parent = traject.cycles[-1]
        if new.after not in (None, parent.number):
            raise cycle_taken(parent.number)
        if definition is not None and sources is not None:
            check_may_start(session, save_definition(session, sources, definition, now))
        follows = definition or parent.definition
        cycle = _next_cycle(traject, new, follows)
        number = create_cycle(session, traject_id, cycle, new.idempotency_key)
        event = CycleStarted(by=new.by, cycle=number)
        return number, apply_in(session, context, traject_id, event, now)

    return in_transaction(context.engine, work)


def preview_cycle(context: Context, traject_id: int, new: NextCycle, now: datetime) -> Changes:
    """Show what a next cycle, on the definition of the one before, would lead to. Saves nothing; errors as ``start_cycle``."""
    check_texts(new)
    with read_scope(context.engine) as session:
        traject = load_traject(session, traject_id, context.shelf, for_change=False, whole=True)
    parent = traject.cycles[-1]
    if new.after not in (None, parent.number):
        raise cycle_taken(parent.number)
    cycle = _next_cycle(traject, new, parent.definition)
    opened = replace(traject, cycles=(*traject.cycles, cycle))
    return advance(opened, CycleStarted(by=new.by, cycle=cycle.number), now)


def _next_cycle(traject: Traject, new: NextCycle, follows: Definition) -> Cycle:
    parent = traject.cycles[-1]
    answers: dict[str, object] = {name: answer for name, answer in parent.answers.items() if name in follows.questions}
    return open_cycle(
        follows,
        start_on=new.start_on,
        answers=answers | dict(new.answers),
        targets={AnchorId(anchor): day for anchor, day in new.targets.items()},
        number=parent.number + 1,
        kind=new.kind,
        parent=parent,
        earlier=traject.cycles,
    )
