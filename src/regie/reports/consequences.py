"""What a change leads to, in groups of sentences for a page: the same lines as a terminal shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice

from sqlmodel import Session

from regie.core.changes import Changes
from regie.core.traject import CycleState, Traject
from regie.reports.effect import effect_of, say_effect
from regie.store.people import list_people
from regie.text.rules import say_cycle


@dataclass(frozen=True, slots=True)
class Consequences:
    """What one change leads to, in sentences.

    Args:
        sum: all of it in one sentence.
        broken: new problems; ``still_broken`` those that there were; ``mended`` those that are gone.
        ends_cycle: the cycle stops by it.
        wants_cycle: the kind of next cycle that it asks for, in words.
    """

    sum: str
    states: tuple[str, ...]
    moved: tuple[str, ...]
    told: tuple[str, ...]
    broken: tuple[str, ...]
    still_broken: tuple[str, ...]
    mended: tuple[str, ...]
    ends_cycle: bool
    wants_cycle: str


def weigh_consequences(
    session: Session, before: Traject, changes: Changes, today: date, language: str = "nl"
) -> Consequences:
    """Say what a change of one event, not saved, leads to."""
    people = list_people(session) if changes.messages else ()
    names = {each.id: f"{each.name} ({each.organisation})" if each.organisation else each.name for each in people}
    effect = effect_of(before, changes, today, names, language)
    number = changes.event.cycle
    cycle, was = changes.traject.cycle(number), before.cycle(number)
    assert cycle is not None  # an event is of a cycle that there is
    lines: Iterator[str] = iter([each.strip() for each in say_effect(effect, cycle.definition, language)])
    total = next(lines)

    def take(found: tuple[object, ...]) -> tuple[str, ...]:
        return tuple(islice(lines, len(found)))

    return Consequences(
        total,
        take(effect.states),
        take(effect.moved),
        take(effect.told),
        take(effect.broken),
        take(effect.still_broken),
        take(effect.mended),
        cycle.state is CycleState.ENDED and was is not None and was.state is CycleState.RUNNING,
        say_cycle(cycle.definition, changes.wants_cycle, language) if changes.wants_cycle else "",
    )
