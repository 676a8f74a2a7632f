"""What the next cycle of a traject would look like, saving nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from regie.actions.context import Context
from regie.actions.start_cycle import NextCycle
from regie.core.changes import Changes
from regie.core.engine import advance
from regie.core.events import CycleStarted
from regie.core.ids import AnchorId
from regie.core.opening import open_cycle
from regie.core.traject import Traject
from regie.plain_text import check_texts
from regie.store.cycles import cycle_taken
from regie.store.session import read_scope
from regie.store.trajects import load_traject


def preview_cycle(context: Context, traject_id: int, new: NextCycle, now: datetime) -> tuple[Traject, Changes]:
    """Plan the next cycle; give the traject as it is, and what would change. Arguments and errors as ``start_cycle``."""
    check_texts(new)
    with read_scope(context.engine) as session:
        before = load_traject(session, traject_id, context.shelf, whole=True, for_change=False)
    parent = before.cycles[-1]
    if new.after not in (None, parent.number):
        raise cycle_taken(parent.number)
    answers: dict[str, object] = {str(name): answer for name, answer in parent.answers.items()}
    cycle = open_cycle(
        parent.definition,
        start_on=new.start_on,
        answers=answers | dict(new.answers),
        targets={AnchorId(anchor): day for anchor, day in new.targets.items()},
        number=parent.number + 1,
        kind=new.kind,
        parent=parent,
        earlier=before.cycles,
    )
    opened = replace(before, cycles=(*before.cycles, cycle))
    return opened, advance(opened, CycleStarted(by=new.by, cycle=cycle.number), now)
