"""Small definitions, cycles and trajects in a few words, for tests of the core.

Relations are written as ``a`` (finish-to-start), ``ss:a+2wd``, ``ff:a``, ``sf:a-1d``, ``fs:a+14d``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from regie.core.calendar import EasterDay, FixedDay, WorkCalendar
from regie.core.changes import Changes
from regie.core.conditions import parse
from regie.core.definition import (
    Anchor,
    Case,
    CycleKind,
    DateBase,
    DateRule,
    Definition,
    Duration,
    Effect,
    Gate,
    HearsWhen,
    ItemList,
    Join,
    Kind,
    NoticePolicy,
    Outcome,
    Phase,
    Relation,
    RelationType,
    Role,
    Rung,
    Step,
)
from regie.core.engine import advance
from regie.core.events import CycleStarted, Event
from regie.core.ids import AnchorId, ListId, OccurrenceKey, PersonId, PhaseId, RoleId, StepId
from regie.core.network import build_network
from regie.core.opening import open_cycle
from regie.core.plan import Plan, PlanInput, make_plan
from regie.core.span import Span
from regie.core.traject import AnchorDates, Cycle, Occurrence, Person, Traject

ZONE = ZoneInfo("Europe/Amsterdam")
LEGAL_RULES = (
    FixedDay(1, 1, "Nieuwjaarsdag"),
    EasterDay(-2, "Goede Vrijdag"),
    EasterDay(1, "Tweede paasdag"),
    FixedDay(4, 27, "Koningsdag", -1),
    FixedDay(5, 5, "Bevrijdingsdag"),
    EasterDay(39, "Hemelvaartsdag"),
    EasterDay(50, "Tweede pinksterdag"),
    FixedDay(12, 25, "Eerste kerstdag"),
    FixedDay(12, 26, "Tweede kerstdag"),
)
LEGAL = WorkCalendar(
    name="nl-wettelijk",
    rules=LEGAL_RULES,
    days_off={date(2026, 1, 2): "besluit", date(2026, 5, 15): "besluit", date(2027, 5, 7): "besluit"},
    confirmed_years=frozenset({2026, 2027, 2028}),
)
WEEKDAYS = WorkCalendar(name="weekdays")
MONDAY = date(2027, 1, 4)

_TYPES = {
    "fs": RelationType.FINISH_TO_START,
    "ss": RelationType.START_TO_START,
    "ff": RelationType.FINISH_TO_FINISH,
    "sf": RelationType.START_TO_FINISH,
}
_RELATION = re.compile(r"^(?:(fs|ss|ff|sf):)?([a-z][a-z0-9-]*?)([+-]\d+(?:wd|d|w|m|y))?$")


def key(text: str) -> OccurrenceKey:
    step, _, copy = text.partition("@")
    return OccurrenceKey(StepId(step), copy)


def relation(text: str) -> Relation:
    match = _RELATION.match(text)
    assert match, text
    return Relation(StepId(match[2]), _TYPES[match[1] or "fs"], Span.parse(match[3]) if match[3] else None)


def rule(text: str) -> DateRule:
    """``20wd before opening``, ``3m after opening``, ``on opening``, ``15wd after predecessors``."""
    words = text.split()
    offset = None if words[0] == "on" else Span.parse(words[0])
    if offset is not None and words[1] == "before":
        offset = -offset
    ref = words[-1]
    base = {"predecessors": DateBase.PREDECESSORS, "period": DateBase.PERIOD, "arrival": DateBase.ITEM}.get(
        ref, DateBase.ANCHOR
    )
    return DateRule(base, ref if base is DateBase.ANCHOR else "", offset, said=text)


def gate(**effects: str) -> Gate:
    """``gate(go="opens", hold="waits", no_go="ends the cycle")``."""
    effects = effects or {"go": "opens", "hold": "waits", "no_go": "stays closed"}
    outcomes = {
        name.replace("_", "-"): Outcome(name.replace("_", "-"), {"nl": name}, Effect(effect))
        for name, effect in effects.items()
    }
    return Gate("lead", outcomes)


def step(name: str, takes: str | None = "1wd", needs: Sequence[str] = (), **more: Any) -> Step:
    """A step; ``due``, ``when`` and ``join`` may be given as text and number."""
    if isinstance(more.get("due"), str):
        more["due"] = (Case(rule(more["due"])),)
    if isinstance(more.get("when"), str):
        more["when"] = parse(more["when"])
    if isinstance(more.get("join"), int):
        more["join"] = Join(more["join"])
    more.setdefault("responsible", RoleId("maker"))
    durations = () if takes is None else (Case(Duration(None if takes == "continuous" else Span.parse(takes))),)
    return Step(
        StepId(name),
        {"nl": name.upper()},
        more.pop("phase", PhaseId("plan")),
        more.pop("track", None),
        takes=durations,
        needs=tuple(relation(each) for each in needs),
        **more,
    )


def policy(**more: Any) -> NoticePolicy:
    told = {
        Kind.READY: ("responsible",),
        Kind.DUE_SOON: ("responsible",),
        Kind.DUE: ("responsible",),
        Kind.OVERDUE: ("responsible",),
        Kind.DATE_MOVED: ("responsible",),
        Kind.DONE: ("informed",),
        Kind.DECISION_NEEDED: ("responsible",),
        Kind.DECISION_TAKEN: ("responsible", "informed"),
        Kind.CYCLE_STARTED: ("responsible",),
    }
    values: dict[str, Any] = {
        "to": told,
        "remind": (Span.parse("5wd"),),
        "ladder": (Rung(Span.parse("3wd"), ("accountable",)), Rung(Span.parse("8wd"), ("lead",))),
        "moved_at_least": Span.parse("1wd"),
        "lead": RoleId("lead"),
    }
    return NoticePolicy(**{**values, **more})


def definition(*steps: Step, calendar: WorkCalendar = WEEKDAYS, **more: Any) -> Definition:
    """A definition of these steps, in this order, with roles ``maker``, ``boss`` and ``lead``."""
    roles = [Role(RoleId(name), {"nl": name}) for name in ("maker", "boss", "lead", "other")]
    anchors: Mapping[str, Anchor] = more.pop("anchors", {})
    lists: Mapping[str, ItemList] = more.pop("lists", {})
    phases = {each.phase: Phase(each.phase, {"nl": each.phase}) for each in steps}
    values: dict[str, Any] = {
        "id": "test",
        "version": "1",
        "title": {"nl": "Test"},
        "content_hash": str(hash(tuple(each.id for each in steps))),
        "steps": {each.id: each for each in steps},
        "phases": phases,
        "tracks": {},
        "roles": {role.id: role for role in roles},
        "anchors": {AnchorId(name): anchor for name, anchor in anchors.items()},
        "questions": {},
        "lists": {ListId(name): each for name, each in lists.items()},
        "bodies": {},
        "cycle_kinds": {"improvement": CycleKind("improvement", {"nl": "Verbeteren"})},
        "policy": policy(),
        "calendar": calendar,
        "legal_calendar": LEGAL,
    }
    return Definition(**{**values, **more})


def plan_of(
    *steps: Step,
    start: date = MONDAY,
    today: date | None = None,
    facts: Sequence[Occurrence] = (),
    targets: Mapping[str, date] | None = None,
    calendar: WorkCalendar = WEEKDAYS,
    **more: Any,
) -> Plan:
    """Plan steps that exist once each."""
    whole = definition(*steps, calendar=calendar, **more)
    keys = [OccurrenceKey(each.id) for each in steps]
    occurrences = {each: Occurrence(each) for each in keys} | {fact.key: fact for fact in facts}
    anchors = {AnchorId(name): AnchorDates(day) for name, day in (targets or {}).items()}
    return make_plan(PlanInput(build_network(whole, {}, keys), start, today or start, occurrences, anchors, {}))


def at(day: date, hour: int = 9) -> datetime:
    return datetime.combine(day, time(hour), ZONE).astimezone(UTC)


PEOPLE = {RoleId(name): (Person(PersonId(name)),) for name in ("maker", "boss", "lead", "other")}


def started(
    whole: Definition,
    start: date = MONDAY,
    *,
    people: Mapping[RoleId, tuple[Person, ...]] | None = None,
    targets: Mapping[str, date] | None = None,
    answers: Mapping[str, object] | None = None,
) -> Changes:
    """Start a traject and give what that leads to."""
    cycle = open_cycle(
        whole,
        start_on=start,
        answers=answers or {},
        targets={AnchorId(name): day for name, day in (targets or {}).items()},
    )
    traject = Traject(1, "test", "Test", (cycle,), PEOPLE if people is None else people)
    return advance(traject, CycleStarted(cycle=1), at(start))


def after(changes: Changes, day: date, *events: Event) -> Changes:
    """Let events happen on a day, after what happened before."""
    for event in events:
        changes = advance(changes.traject, event, at(day))
    return changes


def only_cycle(changes: Changes) -> Cycle:
    return changes.traject.cycles[0]


def occurrence(changes: Changes, name: str) -> Occurrence:
    return only_cycle(changes).occurrences[key(name)]


def calm(person: Person) -> Person:
    """The same person with a daily digest."""
    return replace(person, hears=HearsWhen.DAILY)


def contents(definition: Definition) -> dict[str, Any]:
    """All that is in a definition, to compare two of them."""
    return {each.name: getattr(definition, each.name) for each in fields(definition)}
