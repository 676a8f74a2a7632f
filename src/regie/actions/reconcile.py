"""The sweep: look at every traject that is dirty or whose next look has come, one transaction each."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from regie.actions.apply_event import apply_event
from regie.actions.context import Context
from regie.actions.faults import is_about_the_database, where
from regie.actions.keep_agenda import refresh_agendas
from regie.core.changes import WantedRun
from regie.core.events import Tick
from regie.core.traject import State, Traject
from regie.errors import RegieError
from regie.failpoints import failpoint
from regie.store.brake import begin_sweep, end_sweep
from regie.store.session import read_scope
from regie.store.trajects import claim_due

log = logging.getLogger(__name__)

CHUNK = 200


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did.

    Args:
        runs: automated steps that are ready to run, by traject.
        changed: trajects in which a step changed state; ``moves`` says which step, and to what.
        failed: trajects that could not be looked at; they delay only themselves.
    """

    looked_at: int = 0
    notices: int = 0
    runs: tuple[tuple[int, WantedRun], ...] = ()
    changed: tuple[int, ...] = ()
    moves: tuple[tuple[int, str, str], ...] = ()
    failed: tuple[int, ...] = ()
    clock_went_back: int = 0

    def __add__(self, other: Swept) -> Swept:
        return Swept(
            self.looked_at + other.looked_at,
            self.notices + other.notices,
            self.runs + other.runs,
            self.changed + other.changed,
            self.moves + other.moves,
            self.failed + other.failed,
            self.clock_went_back + other.clock_went_back,
        )


def open_sweep(context: Context, now: datetime) -> None:
    """Note that a sweep begins, and warn once when the clock is behind the one before it. Brings calendar feeds up to date."""
    sweep = begin_sweep(context.engine, now)
    if now < sweep.began_at:
        log.warning("sweep.clock_went_back seconds=%s", int((sweep.began_at - now).total_seconds()))
    refresh_agendas(context, now)


def close_sweep(context: Context) -> None:
    """Note that a sweep came to its end: one that died half-way leaves its silence to the next."""
    end_sweep(context.engine)


def find_chunk(context: Context, now: datetime, *, after: int = 0) -> tuple[int, ...]:
    """Give the next trajects that need a look, at most a chunk, in order of id."""
    with read_scope(context.engine) as session:
        found = tuple(claim_due(session, now, CHUNK, after_id=after))
    failpoint("sweep.after_select")
    return found


def reconcile_chunk(context: Context, ids: Sequence[int], now: datetime) -> Swept:
    """Look at each traject, one transaction each; one that fails is logged and delays nobody else."""
    swept = Swept()
    for traject_id in ids:
        try:
            applied = apply_event(context, traject_id, Tick(), now)
        except RegieError as error:
            if is_about_the_database(error):
                raise  # the next traject would fare no better
            log.warning("sweep.failed traject=%s code=%s", traject_id, error.code)
            swept += Swept(failed=(traject_id,))
            continue
        except Exception as error:  # noqa: BLE001 - one damaged row must not keep all others from their reminders
            log.error("sweep.failed traject=%s error=%s at=%s", traject_id, type(error).__name__, where(error))
            swept += Swept(failed=(traject_id,))
            continue
        changes, saved = applied.changes, applied.saved
        if changes is None or saved is None:  # a sweep has no request id, so it is never a repetition
            continue
        moves = tuple((traject_id, str(each.key), each.after.value) for each in changes.transitions)
        swept += Swept(
            1,
            saved.new_notices,
            tuple((traject_id, run) for run in find_runs(changes.traject)),
            (traject_id,) if moves else (),
            moves,
            clock_went_back=int(changes.clock_went_back),
        )
    if swept.clock_went_back:
        log.warning("sweep.clock_went_back trajects=%s", swept.clock_went_back)
    return swept


def reconcile(context: Context, now: datetime) -> Swept:
    """Sweep until nothing is left that needs a look now."""
    open_sweep(context, now)
    swept, after = Swept(), 0
    while chunk := find_chunk(context, now, after=after):
        swept += reconcile_chunk(context, chunk, now)
        after = chunk[-1]
    close_sweep(context)
    return swept


def find_runs(traject: Traject) -> tuple[WantedRun, ...]:
    """The automated steps that are ready and have not begun: asked of what is, not of what just happened."""
    return tuple(
        WantedRun(cycle.number, key, action)
        for cycle in traject.running()
        for key, occurrence in cycle.occurrences.items()
        if occurrence.state is State.READY and (action := cycle.definition.steps[key.step].automation)
    )
