"""The front door of the core: ``advance(traject, event, now) -> Changes``.

Theory of operation. An event changes facts, nothing else: ``applying`` checks it against the table of
``transitions`` and gives the cycle with other facts. Everything else follows from facts and is derived anew
by ``settle``: which steps apply, which occurrences exist, the anchors, the plan, the states. Since all
that is derived from facts alone, the order in which facts arrived can not matter. What then differs from
what was known before is what is saved, told, and shown to people before they save.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from regie.core import events as happened
from regie.core.applying import apply_event_to
from regie.core.changes import Changes, Moved, Transition, WantedRun
from regie.core.definition import Effect
from regie.core.ids import OccurrenceKey
from regie.core.lines import Message
from regie.core.looks import next_looks
from regie.core.messages import decide_messages
from regie.core.plan import Plan
from regie.core.recipients import merge_messages
from regie.core.settle import settle
from regie.core.told import keep_told
from regie.core.traject import Cycle, CycleState, Occurrence, State, Traject
from regie.errors import NotFound, Refused


@dataclass(frozen=True, slots=True)
class _Settled:
    before: Cycle | None
    after: Cycle
    plan: Plan
    messages: tuple[Message, ...]


def advance(traject: Traject, event: happened.Event, now: datetime) -> Changes:
    """Decide everything that follows from one event. Changes nothing: saving is for the store.

    A ``Tick`` looks at every running cycle; any other event at the cycle that it names.

    Args:
        now: an aware moment; its day in the traject's zone is today.

    Raises:
        Refused: the rules say no; the traject is as it was.
        NotFound: there is no such cycle, step, anchor or list.
        Conflict: the person saw an older version of the occurrence.
    """
    today = local_day(now, traject.zone)
    if isinstance(event, happened.Tick):
        is_behind = traject.checked_at is not None and now < traject.checked_at
        if is_behind and not isinstance(event, happened.ClockSetBack):
            return Changes(event, traject, clock_went_back=True)
        pairs: list[tuple[Cycle | None, Cycle]] = [(cycle, cycle) for cycle in traject.running()]
    else:
        pairs = [_apply(traject, event, today)]
    settled = [_settle(traject, before, changed, event, today) for before, changed in pairs]
    return _gather(traject, event, now, today, settled)


def local_day(now: datetime, zone: str) -> date:
    """Give the calendar day of a moment in a zone."""
    return now.astimezone(_zone(zone)).date()


def _apply(traject: Traject, event: happened.Event, today: date) -> tuple[Cycle | None, Cycle]:
    before = traject.get_cycle(event.cycle)
    if isinstance(event, happened.CycleStarted):
        return None, before
    if before.state is CycleState.ENDED:
        why = before.ended_because or "it was closed"
        raise Refused(f"cycle {event.cycle} has ended: {why}", code="cycle-ended", cycle=event.cycle)
    if isinstance(event, happened.HandedToColleague) and event.to is not None and traject.person(event.to) is None:
        raise NotFound(f"no person '{event.to}'", code="unknown-person", person=event.to)
    return before, apply_event_to(before, event, today)


def _settle(traject: Traject, before: Cycle | None, changed: Cycle, event: happened.Event, today: date) -> _Settled:
    after, plan = settle(changed, today)
    by_time = after if isinstance(event, happened.Tick) else _as_time_made_it(traject, before, today)
    after = keep_told(before, by_time, after, today)
    known = before if isinstance(event, happened.Tick) else by_time
    messages, told = decide_messages(traject, known, after, plan, event, today)
    return _Settled(before, _remember(after, told), plan, messages)


def _as_time_made_it(traject: Traject, before: Cycle | None, today: date) -> Cycle | None:
    """The cycle just before somebody did something, so that what only time moved is not laid at their door."""
    if before is None or traject.next_look_on is None or traject.next_look_on > today:
        return before  # safe: until the next look time alone changes nothing
    return settle(before, today)[0]


def _remember(cycle: Cycle, told: Mapping[OccurrenceKey, Mapping[str, str]]) -> Cycle:
    """Keep as facts what has been told, so that nobody hears it twice."""
    if not told:
        return cycle
    occurrences = dict(cycle.occurrences)
    for key, stamps in told.items():
        occurrence = occurrences[key]
        occurrences[key] = replace(occurrence, told={**occurrence.told, **stamps})
    return replace(cycle, occurrences=occurrences)


def _gather(
    traject: Traject, event: happened.Event, now: datetime, today: date, settled: Sequence[_Settled]
) -> Changes:
    added: list[tuple[int, Occurrence]] = []
    updated: list[tuple[int, Occurrence]] = []
    transitions: list[Transition] = []
    moved: list[Moved] = []
    for each in settled:
        number = each.after.number
        known = each.before.occurrences if each.before else {}
        for key, new in each.after.occurrences.items():
            old = known.get(key)
            if old is new:
                continue
            if old is None:
                added.append((number, new))
                transitions.append(Transition(number, key, None, new.state))
                continue
            updated.append((number, new))
            if old.state is not new.state:
                transitions.append(Transition(number, key, old.state, new.state))
            if old.planned and new.planned and _dates_differ(old, new):
                moved.append(Moved(number, key, old.planned, new.planned))
    cycles = {each.after.number: each.after for each in settled}
    looks = _next_look_on(traject, settled, today)
    after = replace(
        traject,
        cycles=tuple(cycles.get(cycle.number, cycle) for cycle in traject.cycles),
        checked_at=now if isinstance(event, happened.ClockSetBack) else max(now, traject.checked_at or now),
        next_look_on=looks,
    )
    return Changes(
        event,
        after,
        transitions=tuple(transitions),
        moved=tuple(moved),
        added=tuple(added),
        updated=tuple(updated),
        cycles=tuple(each.after for each in settled if _cycle_differs(each)),
        messages=merge_messages(message for each in settled for message in each.messages),
        plans=tuple((each.after.number, each.plan) for each in settled),
        next_look_on=looks,
        wants_cycle=_wanted_cycle(event, settled),
        wants_runs=tuple(_wanted_runs(transitions, cycles)),
    )


def _next_look_on(traject: Traject, settled: Sequence[_Settled], today: date) -> date | None:
    """The first day of all; a cycle that was not looked at now keeps the day that was known."""
    running = [each for each in settled if each.after.state is CycleState.RUNNING]
    days = [day for each in running for day in next_looks(each.after, each.plan, today)]
    seen = {each.after.number for each in settled}
    if traject.next_look_on is not None and any(cycle.number not in seen for cycle in traject.running()):
        days.append(traject.next_look_on)
    return min(days, default=None)


def _dates_differ(old: Occurrence, new: Occurrence) -> bool:
    was, is_now = old.planned, new.planned
    if was is None or is_now is None:
        return False
    return (was.early_start, was.early_finish, was.due_on) != (
        is_now.early_start,
        is_now.early_finish,
        is_now.due_on,
    )


def _cycle_differs(each: _Settled) -> bool:
    before, after = each.before, each.after
    if before is None:
        return True
    return (before.state, before.anchors, before.items, before.ended_because) != (
        after.state,
        after.anchors,
        after.items,
        after.ended_because,
    )


def _wanted_cycle(event: happened.Event, settled: Sequence[_Settled]) -> str | None:
    """The kind of cycle that a decision just asked for."""
    if not isinstance(event, happened.GateDecided):
        return None
    gate = settled[0].after.definition.steps[event.key.step].gate
    outcome = gate.outcomes.get(event.outcome) if gate else None
    return outcome.opens_cycle if outcome and outcome.effect is Effect.OPENS else None


def _wanted_runs(transitions: Sequence[Transition], cycles: Mapping[int, Cycle]) -> Iterator[WantedRun]:
    """Automated steps that became ready just now."""
    for transition in transitions:
        step = cycles[transition.cycle].definition.steps[transition.key.step]
        if step.automation and transition.after is State.READY:
            yield WantedRun(transition.cycle, transition.key, step.automation)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
