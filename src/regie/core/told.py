"""What was told about an occurrence, as a fact of it: when that still holds, and when it is to be told anew.

A date that creeps with the days takes along what was told of it: nobody did anything, so nobody hears it again.
What begins anew, such as a step that was reopened, is told anew, as another round; not when it was asked that same
day, for then somebody took back a mistake. Does not know who hears what.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from regie.core.definition import Kind
from regie.core.ids import OccurrenceKey
from regie.core.traject import Cycle, Occurrence, State

ASKED_ON = "asked-on"
"""Under which name an occurrence remembers the day on which somebody was told that it can start."""

ROUND = "round"
"""Under which name an occurrence remembers the day on which it last began anew, and so is told about anew."""

THREAT = 99
"""The rung of a line that is about no silence, but about a target or a legal date that cannot hold."""

_STAGES = tuple(
    each.value for each in (Kind.READY, Kind.DUE_SOON, Kind.DECISION_NEEDED, Kind.DUE, Kind.OVERDUE, Kind.ESCALATED)
)


def keep_told(before: Cycle | None, by_time: Cycle | None, after: Cycle, today: date) -> Cycle:
    """Let what was told before an event hold after it, as far as it does.

    Args:
        before: as it was stored; ``by_time`` as time alone had made it when the event came.
    """
    if before is None or by_time is None:
        return after
    changed: dict[OccurrenceKey, Occurrence] = {}
    for key, old in before.occurrences.items():
        new = after.occurrences[key]
        if new is old or not new.told:
            continue
        if _begins_anew(old.state, new.state):
            changed[key] = replace(new, told=_another_round(old.told, today))
        elif (told := _crept(new.told, _due_on(old), _due_on(by_time.occurrences[key]))) is not new.told:
            changed[key] = replace(new, told=told)
    return replace(after, occurrences={**after.occurrences, **changed}) if changed else after


def _begins_anew(old: State, new: State) -> bool:
    """Whether what was over is open again, or what could start has to wait again."""
    return new.is_open and (not old.is_open or (new is State.NOT_YET and old is not State.NOT_YET))


def _another_round(told: Mapping[str, str], today: date) -> Mapping[str, str]:
    if told.get(ASKED_ON) == today.isoformat():
        return {name: told[name] for name in (ROUND, ASKED_ON) if name in told}
    return {ROUND: today.isoformat()}


def _crept(told: Mapping[str, str], was: date | None, is_now: date | None) -> Mapping[str, str]:
    if was is None or is_now is None or was == is_now:
        return told
    stale, fresh = was.isoformat(), is_now.isoformat()
    return {name: fresh if day == stale and is_of_stage(name) else day for name, day in told.items()}


def is_of_stage(name: str) -> bool:
    """Whether something that was told is about how near a due date is; a date that cannot hold is another thing."""
    return name.startswith(_STAGES) and not name.startswith(f"{Kind.ESCALATED.value}-{THREAT}")


def _due_on(occurrence: Occurrence) -> date | None:
    return occurrence.planned.due_on if occurrence.planned else None
