"""What a change leads to, ready for a page: one sentence, then steps, states, people and broken dates by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from regie.core.changes import Changes
from regie.core.traject import CycleState, Traject
from regie.reports.effect import Effect, MovedStep, effect_of, say_about, say_mended, say_sum
from regie.store.people import full_names
from regie.text.dates import say_count
from regie.text.phrases import say, words_in
from regie.text.rules import say_cycle
from regie.text.sentences import explain_finding


@dataclass(frozen=True, slots=True)
class MovedView:
    """A step that moves.

    Args:
        what: which of its dates stands in ``before`` and ``after``: ``finish``, ``start`` or ``due``.
        difference: how much later or earlier, in working days and words; empty for a due date.
        due_after: the new due date, when it moves along.
    """

    key: str
    title: str
    who: str
    what: str
    before: date | None
    after: date | None
    difference: str
    due_after: date | None


@dataclass(frozen=True, slots=True)
class StateView:
    title: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ToldView:
    """Who gets one message, or a line in the next digest, and what about."""

    name: str
    in_digest: bool
    about: str


@dataclass(frozen=True, slots=True)
class EffectView:
    """All that one change leads to, in words.

    Args:
        sentence: how much of it there is.
        ends_cycle: the cycle stops with it.
        wants_cycle: the kind of next cycle that it asks for, in words.
        still_broken: what could not hold before either; only to read.
    """

    sentence: str
    ends_cycle: bool
    wants_cycle: str
    moved: tuple[MovedView, ...]
    states: tuple[StateView, ...]
    told: tuple[ToldView, ...]
    broken: tuple[str, ...]
    mended: tuple[str, ...]
    still_broken: tuple[str, ...]


def make_effect_view(
    session: Session, before: Traject, changes: Changes, today: date, language: str = "nl"
) -> EffectView:
    """Put in words what an event that was not saved would lead to."""
    names = full_names(session, {message.to for message in changes.messages})
    effect = effect_of(before, changes, today, names, language)
    cycle, was = changes.traject.cycle(changes.event.cycle), before.cycle(changes.event.cycle)
    assert cycle is not None  # the engine found it, or refused
    definition = cycle.definition
    return EffectView(
        say_sum(effect, language),
        cycle.state is CycleState.ENDED and was is not None and was.state is not CycleState.ENDED,
        say_cycle(definition, changes.wants_cycle, language) if changes.wants_cycle else "",
        tuple(_moved(each, language) for each in effect.moved),
        tuple(_states(effect, language)),
        tuple(ToldView(each.name, each.in_digest, say_about(each, language)) for each in effect.told),
        tuple(explain_finding(each, definition, language) for each in effect.broken),
        tuple(say("effect_mended", language, what=say_mended(each, definition, language)) for each in effect.mended),
        tuple(explain_finding(each, definition, language) for each in effect.still_broken),
    )


def _moved(step: MovedStep, language: str) -> MovedView:
    due_after = step.due_after if step.due_after != step.due_before else None
    if step.finish_before != step.finish_after:
        way = say("later" if step.finish_after > step.finish_before else "earlier", language)
        difference = f"{say_count(abs(step.working_days), 'wd', language)} {way}"
        what, old, new = "finish", step.finish_before, step.finish_after
    elif step.start_before != step.start_after:
        what, old, new, difference = "start", step.start_before, step.start_after, ""
    else:
        return MovedView(str(step.key), step.title, step.who, "due", step.due_before, step.due_after, "", None)
    return MovedView(str(step.key), step.title, step.who, what, old, new, difference, due_after)


def _states(effect: Effect, language: str) -> Iterator[StateView]:
    states = words_in(language).states
    for each in effect.states:
        yield StateView(
            each.title, states[each.before] if each.before else say("effect_new", language), states[each.after]
        )
