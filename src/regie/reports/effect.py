"""What a change leads to, for people to see before they save it: steps, dates, partners, messages, broken dates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from regie.core.changes import Changes, Moved
from regie.core.checks import find_threats
from regie.core.definition import Definition, Kind
from regie.core.findings import PlanFinding
from regie.core.ids import OccurrenceKey, PersonId, RoleId
from regie.core.lines import Urgency
from regie.core.plan import Plan
from regie.core.settle import settle
from regie.core.traject import State, Traject
from regie.text.dates import say_count, say_date
from regie.text.phrases import say, say_list, words_in
from regie.text.rules import say_role, say_step
from regie.text.sentences import explain_finding

BROKEN_LEGAL = "RG352"


@dataclass(frozen=True, slots=True)
class MovedStep:
    """A step whose dates move. ``working_days``: how much later it finishes; negative: earlier."""

    key: OccurrenceKey
    title: str
    role: RoleId | None
    who: str
    start_before: date
    start_after: date
    finish_before: date
    finish_after: date
    due_before: date | None
    due_after: date | None
    working_days: int


@dataclass(frozen=True, slots=True)
class ChangedState:
    key: OccurrenceKey
    title: str
    before: State | None
    after: State


@dataclass(frozen=True, slots=True)
class Told:
    """Somebody who gets a message, or a line in the next digest, and what it is about: kinds and steps."""

    person: PersonId
    name: str
    in_digest: bool
    about: tuple[tuple[Kind, str], ...]


@dataclass(frozen=True, slots=True)
class Effect:
    """All that one change leads to.

    Args:
        roles: those responsible for a step that moves, in order of the plan.
        broken: targets and legal dates that could hold and now cannot; ``mended`` the other way round.
        still_broken: those that could not hold before either, with the new distance.
    """

    moved: tuple[MovedStep, ...]
    states: tuple[ChangedState, ...]
    roles: tuple[tuple[RoleId, str], ...]
    told: tuple[Told, ...]
    broken: tuple[PlanFinding, ...]
    mended: tuple[PlanFinding, ...]
    still_broken: tuple[PlanFinding, ...]


def effect_of(
    before: Traject, changes: Changes, today: date, names: Mapping[PersonId, str], language: str = "nl"
) -> Effect:
    """Compare a traject with what it would become.

    Args:
        changes: of one event, not saved.
        names: of the people who may get a message; who is not in it is called by id.
    """
    number = changes.event.cycle
    cycle = changes.traject.cycle(number)
    if cycle is None:
        return Effect((), (), (), (), (), (), ())
    definition = cycle.definition
    moved = tuple(_moved(each, definition, language) for each in changes.moved if each.cycle == number)
    old = before.cycle(number)
    known = _threats(settle(old, today)[1]) if old is not None else {}
    now = _threats(next((plan for each, plan in changes.plans if each == number), None))
    return Effect(
        moved,
        tuple(
            ChangedState(each.key, say_step(definition, each.key, language), each.before, each.after)
            for each in changes.transitions
            if each.cycle == number
        ),
        tuple({each.role: (each.role, each.who) for each in moved if each.role is not None}.values()),
        tuple(
            Told(
                message.to,
                names.get(message.to, str(message.to)),
                message.urgency is Urgency.DIGEST,
                tuple((line.kind, say_step(definition, line.key, language)) for line in message.lines),
            )
            for message in changes.messages
        ),
        tuple(finding for key, finding in now.items() if key not in known),
        tuple(finding for key, finding in known.items() if key not in now),
        tuple(finding for key, finding in now.items() if key in known),
    )


def _moved(moved: Moved, definition: Definition, language: str) -> MovedStep:
    role = definition.steps[moved.key.step].responsible
    return MovedStep(
        moved.key,
        say_step(definition, moved.key, language),
        role,
        say_role(definition, role, language) if role else "-",
        moved.before.early_start,
        moved.after.early_start,
        moved.finish_before,
        moved.finish_after,
        moved.before.due_on,
        moved.after.due_on,
        definition.calendar.working_days_between(moved.finish_before, moved.finish_after),
    )


def _threats(plan: Plan | None) -> dict[tuple[str, str, str], PlanFinding]:
    found = find_threats(plan) if plan is not None else ()
    return {(each.code, str(each.key), str(each.anchor)): each for each in found}


def say_effect(effect: Effect, definition: Definition, language: str = "nl") -> Iterator[str]:
    """Give the lines that a terminal shows: a sum first, then each thing by name."""
    yield say_sum(effect, language)
    states = words_in(language).states
    for each in effect.states:
        was = states[each.before] if each.before else say("effect_new", language)
        yield f"  {each.title}: {was} → {states[each.after]}"
    for step in effect.moved:
        yield f"  {step.title} ({step.who}): {_dates(step, language)}"
    for told in effect.told:
        phrase = "effect_in_digest" if told.in_digest else "effect_told"
        yield "  " + say(phrase, language, name=told.name, about=say_about(told, language))
    for finding in effect.broken:
        yield "  " + say("effect_broken", language, what=explain_finding(finding, definition, language))
    if not (effect.moved or effect.states or effect.told or effect.broken or effect.mended):
        return  # what could not hold before either is no news of a change that does nothing
    for finding in effect.still_broken:
        yield "  " + say("effect_still_broken", language, what=explain_finding(finding, definition, language))
    for finding in effect.mended:
        yield "  " + say("effect_mended", language, what=say_mended(finding, definition, language))


def say_sum(effect: Effect, language: str = "nl") -> str:
    """Say in one sentence how much a change leads to."""
    if not (effect.moved or effect.states or effect.told or effect.broken or effect.mended):
        return say("effect_nothing", language)
    legal = sum(each.code == BROKEN_LEGAL for each in effect.broken)
    steps, partners = len(effect.moved), _count(len(effect.roles), "partner", language)
    moves = "effect_moves" if effect.moved else "effect_moves_none"
    return say(
        "effect_sum",
        language,
        moves=say(moves, language, steps=_count(steps, "step", language), partners=partners),
        messages=_count(sum(not told.in_digest for told in effect.told), "message", language),
        legal=_count(legal, "legal_term", language),
    )


def say_mended(finding: PlanFinding, definition: Definition, language: str) -> str:
    """Name what can hold again."""
    step = say_step(definition, finding.key, language) if finding.key else ""
    return f"'{step}', {say_date(finding.limit_on, language)}" if finding.limit_on else f"'{step}'"


def _count(count: int, what: str, language: str) -> str:
    return say(f"{what}_one" if count == 1 else f"{what}_many", language, count=count or say("none", language))


def _dates(step: MovedStep, language: str) -> str:
    parts = []
    if step.finish_before != step.finish_after:
        days = say_count(abs(step.working_days), "wd", language)
        way = say("later" if step.finish_after > step.finish_before else "earlier", language)
        parts.append(
            say(
                "effect_finish",
                language,
                old=say_date(step.finish_before, language),
                new=say_date(step.finish_after, language),
                days=days,
                way=way,
            )
        )
    if step.due_before != step.due_after and step.due_after is not None:
        parts.append(say("effect_due", language, new=say_date(step.due_after, language)))
    if not parts:
        old, new = say_date(step.start_before, language), say_date(step.start_after, language)
        parts.append(say("effect_start", language, old=old, new=new))
    return "; ".join(parts)


def say_about(told: Told, language: str) -> str:
    """Say what a message is about."""
    kinds = words_in(language).kinds
    return say_list(
        [f"{kinds[kind]}: {title}" if title else kinds[kind] for kind, title in told.about], language, most=3
    )


def effect_as_data(effect: Effect) -> dict[str, Any]:
    """Give the same as plain values, for JSON."""
    return {
        "moved": [
            {
                "step": str(each.key),
                "title": each.title,
                "responsible": each.role,
                "start_before": each.start_before,
                "start_after": each.start_after,
                "finish_before": each.finish_before,
                "finish_after": each.finish_after,
                "due_before": each.due_before,
                "due_after": each.due_after,
                "working_days": each.working_days,
            }
            for each in effect.moved
        ],
        "transitions": [
            {"step": str(each.key), "before": each.before.value if each.before else None, "after": each.after.value}
            for each in effect.states
        ],
        "partners": [role for role, _ in effect.roles],
        "messages": [
            {
                "to": each.name,
                "in_digest": each.in_digest,
                "about": [{"kind": kind.value, "step": title} for kind, title in each.about],
            }
            for each in effect.told
        ],
        "broken": _findings(effect.broken),
        "still_broken": _findings(effect.still_broken),
        "mended": _findings(effect.mended),
    }


def _findings(found: Sequence[PlanFinding]) -> list[dict[str, Any]]:
    return [
        {
            "code": each.code,
            "step": str(each.key) if each.key else None,
            "on": each.on,
            "limit_on": each.limit_on,
            "working_days": each.working_days,
        }
        for each in found
    ]
