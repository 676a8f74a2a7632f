"""Rehearsals: given-when-then stories in YAML with which an author proves what a definition does.

A rehearsal lives in memory on a virtual clock: every day that passes is swept once, so what it says about
messages and dates is what a running traject would do. See ``docs/rehearsals.md`` for the words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, StringConstraints

from regie.core import events as happened
from regie.core.changes import Changes
from regie.core.definition import Definition
from regie.core.engine import advance
from regie.core.ids import AnchorId, ListId, OccurrenceKey, PersonId, StepId
from regie.core.lines import Line
from regie.core.opening import open_cycle
from regie.core.traject import Cycle, CycleState, Item, Person, State, Traject
from regie.definitions.diligence import next_deed
from regie.definitions.plain import read_part
from regie.definitions.schema import Part
from regie.errors import Refused, RegieError

ZONE = ZoneInfo("Europe/Amsterdam")
NINE = time(9, 0)
MOST_DAYS = 4_000
StepRef = Annotated[str, StringConstraints(min_length=1, max_length=160)]


class GivenPart(Part):
    start: date
    answers: dict[str, bool | int | str | list[str] | date] = Field(default_factory=dict)
    anchors: dict[str, date] = Field(default_factory=dict)
    nobody_for: list[str] = Field(default_factory=list)


class DecidePart(Part):
    gate: StepRef
    outcome: str
    by: str = "college"
    reason: str = "besproken"
    until: date | None = None


class PinPart(Part):
    step: StepRef
    start: date | None = None
    finish: date | None = None
    reason: str = "afgesproken"


class PromisePart(Part):
    step: StepRef
    on: date


class WaivePart(Part):
    step: StepRef
    reason: str
    by: str = "bestuurder"


class ReopenPart(Part):
    step: StepRef
    reason: str
    also: list[StepRef] | None = None


class MovePart(Part):
    anchor: str
    to: date
    reason: str = "nieuwe datum"


class ItemPart(Part):
    list: str
    key: str
    on: date
    number: int | None = None


class ClockPart(Part):
    step: StepRef
    reason: str = "aanvulling gevraagd"


class RerunPart(Part):
    kind: str
    anchors: dict[str, date] = Field(default_factory=dict)


class OnTimePart(Part):
    """Everybody works on the planned day, until a date or until a step can start or is done."""

    until: date | None = None
    until_ready: StepRef | None = None
    until_done: StepRef | None = None
    except_for: list[StepRef] = Field(default_factory=list)


class DatesPart(Part):
    early_start: date | None = None
    early_finish: date | None = None
    late_start: date | None = None
    late_finish: date | None = None
    due_on: date | None = None
    legal_on: date | None = None


class ToldPart(Part):
    to: str
    kind: str
    step: StepRef | None = None
    times: int = 1


class ExpectPart(Part):
    states: dict[StepRef, str] = Field(default_factory=dict)
    dates: dict[StepRef, DatesPart] = Field(default_factory=dict)
    told: list[ToldPart] = Field(default_factory=list)
    not_told: list[ToldPart] = Field(default_factory=list)
    findings: list[str] = Field(default_factory=list)
    no_findings: list[str] = Field(default_factory=list)
    anchors: dict[str, date] = Field(default_factory=dict)
    happened: dict[str, date] = Field(default_factory=dict)
    cycle: Literal["running", "ended"] | None = None
    wants_cycle: str | None = None
    overlap: list[str] = Field(default_factory=list)


class ScenePart(Part):
    """One line of a story: a day, what happens on it, what must be true then."""

    on: date | None = None
    start: StepRef | None = None
    finish: StepRef | None = None
    decide: DecidePart | None = None
    waive: WaivePart | None = None
    reopen: ReopenPart | None = None
    promise: PromisePart | None = None
    pin: PinPart | None = None
    move_anchor: MovePart | None = None
    add_item: ItemPart | None = None
    stop_clock: ClockPart | None = None
    resume_clock: ClockPart | None = None
    extend_term: ClockPart | None = None
    on_time: OnTimePart | None = None
    rerun: RerunPart | None = None
    refused: str | None = None
    expect: ExpectPart | None = None


class RehearsalPart(Part):
    """Een verhaal dat laat zien wat een stappenplan doet."""

    rehearsal: str
    about: str = ""
    given: GivenPart
    story: list[ScenePart]


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that was not as the story says. ``scene`` counts from 1."""

    scene: int
    on: date
    message: str


@dataclass
class Rehearsed:
    """How a rehearsal went."""

    title: str
    failures: tuple[Failure, ...] = ()
    checks: int = 0
    days: int = 0

    @property
    def passed(self) -> bool:
        return not self.failures and self.checks > 0


def read_rehearsal(path: Path) -> RehearsalPart:
    """Read a story from a file.

    Raises:
        NotFound: ``unknown-file``.
        Refused: ``rehearsal-invalid`` with the place in the file.
    """
    return read_part(path, RehearsalPart, "rehearsal-invalid")


def run_rehearsal(definition: Definition, story: RehearsalPart) -> Rehearsed:
    """Live a story through and check what it expects; all failures, not only the first."""
    stage = Stage(definition, story.given)
    failures: list[Failure] = []
    checks = 0
    for number, scene in enumerate(story.story, start=1):
        for message in stage.play(scene):
            failures.append(Failure(number, stage.today, message))
        checks += stage.checked
        stage.checked = 0
    return Rehearsed(story.rehearsal, tuple(failures), checks, stage.days)


@dataclass
class Stage:
    """A traject in memory and a calendar that turns."""

    definition: Definition
    given: GivenPart
    today: date = date.min
    days: int = 0
    checked: int = 0
    told: list[tuple[date, str, Line]] = field(default_factory=list)
    last: Changes | None = None
    traject: Traject = field(init=False)
    number: int = 1

    def __post_init__(self) -> None:
        self.today = self.given.start
        targets = {AnchorId(anchor): day for anchor, day in self.given.anchors.items()}
        cycle = open_cycle(self.definition, start_on=self.given.start, answers=self.given.answers, targets=targets)
        people = {
            role.id: (Person(PersonId(role.id)),)
            for role in self.definition.roles.values()
            if not role.is_group and role.id not in self.given.nobody_for
        }
        self.traject = Traject(1, "rehearsal", "Rehearsal", (cycle,), people)
        self.do(happened.CycleStarted(cycle=1))

    @property
    def cycle(self) -> Cycle:
        return self.traject.cycles[self.number - 1]

    @property
    def now(self) -> datetime:
        return datetime.combine(self.today, NINE, ZONE).astimezone(UTC)

    def do(self, event: happened.Event) -> None:
        """Let something happen, today."""
        self.last = advance(self.traject, event, self.now)
        self.traject = self.last.traject
        for message in self.last.messages:
            self.told += [(self.today, message.to, line) for line in message.lines]

    def pass_days(self, until: date) -> None:
        """Let days go by, each swept once."""
        while self.today < until:
            self.next_day()

    def next_day(self) -> None:
        if self.days >= MOST_DAYS:
            raise Refused(f"a rehearsal takes at most {MOST_DAYS} days", code="rehearsal-too-long", most=MOST_DAYS)
        self.days += 1
        self.today += timedelta(days=1)
        if self.traject.next_look_on is not None and self.traject.next_look_on <= self.today:
            self.do(happened.Tick())

    def work_on_time(self, part: OnTimePart) -> None:
        """Let everybody do their work on the planned day."""
        untouched = frozenset(StepId(step) for step in part.except_for)
        while not self._reached(part):
            deed = next_deed(self.cycle, self.today, except_for=untouched)
            if deed is not None:
                self.do(deed)
            elif part.until is not None and self.today >= part.until:
                return
            else:
                self.next_day()

    def _reached(self, part: OnTimePart) -> bool:
        if part.until_ready is not None:
            return self._state(part.until_ready) not in (State.NOT_YET, None)
        if part.until_done is not None:
            return self._state(part.until_done) is State.DONE
        return False

    def _state(self, step: str) -> State | None:
        occurrence = self.cycle.occurrences.get(self._key(step))
        return occurrence.state if occurrence else None

    def _key(self, text: str) -> OccurrenceKey:
        found = OccurrenceKey.read(text)
        if not found.key and found not in self.cycle.occurrences:
            copies = [each for each in self.cycle.occurrences if each.step == found.step]
            return copies[0] if copies else found
        return found

    def play(self, scene: ScenePart) -> Iterator[str]:
        """Play one scene; give what went otherwise than the story says."""
        try:
            if scene.on is not None:
                if scene.on < self.today:
                    yield f"the story goes back in time: {scene.on} is before {self.today}"
                    return
                self.pass_days(scene.on)
            for event in self._events(scene):
                self.do(event)
            if scene.on_time is not None:
                self.work_on_time(scene.on_time)
            if scene.rerun is not None:
                self._rerun(scene.rerun)
        except RegieError as error:
            self.checked += 1
            if scene.refused != error.code:
                yield f"refused with {error.code}: {error}"
            return
        if scene.refused is not None:
            self.checked += 1
            yield f"was not refused, the story expects {scene.refused}"
        if scene.expect is not None:
            yield from self._check(scene.expect)
            self.told = []

    def _rerun(self, part: RerunPart) -> None:
        parent = self.cycle
        cycle = open_cycle(
            self.definition,
            start_on=self.today,
            answers=dict(parent.answers.items()),
            targets={AnchorId(anchor): day for anchor, day in part.anchors.items()},
            number=self.number + 1,
            kind=part.kind,
            parent=parent,
            earlier=self.traject.cycles,
        )
        self.traject = replace(self.traject, cycles=(*self.traject.cycles, cycle))
        self.number += 1
        self.do(happened.CycleStarted(cycle=self.number))

    def _events(self, scene: ScenePart) -> Iterator[happened.Event]:
        cycle = self.number
        if scene.start:
            yield happened.StepStarted(key=self._key(scene.start), cycle=cycle)
        if scene.finish:
            yield happened.StepFinished(
                key=self._key(scene.finish), cycle=cycle, evidence=("https://dossier.example/bewijs",)
            )
        if (part := scene.decide) is not None:
            yield happened.GateDecided(
                key=self._key(part.gate),
                cycle=cycle,
                outcome=part.outcome,
                decided_by=part.by,
                reason=part.reason,
                held_until=part.until,
            )
        if scene.waive is not None:
            yield happened.StepWaived(
                key=self._key(scene.waive.step), cycle=cycle, reason=scene.waive.reason, approved_by=scene.waive.by
            )
        if (again := scene.reopen) is not None:
            also = None if again.also is None else tuple(self._key(step) for step in again.also)
            yield happened.StepReopened(key=self._key(again.step), cycle=cycle, reason=again.reason, also=also)
        if scene.promise is not None:
            yield happened.DatePromised(key=self._key(scene.promise.step), cycle=cycle, on=scene.promise.on)
        if (pin := scene.pin) is not None:
            yield happened.DatePinned(
                key=self._key(pin.step), cycle=cycle, start_on=pin.start, finish_on=pin.finish, reason=pin.reason
            )
        if (moved := scene.move_anchor) is not None:
            yield happened.AnchorMoved(anchor=AnchorId(moved.anchor), cycle=cycle, target=moved.to, reason=moved.reason)
        if (item := scene.add_item) is not None:
            name = ListId(item.list)
            known = self.cycle.items.get(name, ())
            yield happened.ItemsChanged(list=name, cycle=cycle, items=(*known, Item(item.key, item.on, item.number)))
        if scene.stop_clock is not None:
            yield happened.ClockStopped(
                key=self._key(scene.stop_clock.step), cycle=cycle, reason=scene.stop_clock.reason
            )
        if scene.resume_clock is not None:
            yield happened.ClockResumed(key=self._key(scene.resume_clock.step), cycle=cycle)
        if scene.extend_term is not None:
            yield happened.TermExtended(
                key=self._key(scene.extend_term.step), cycle=cycle, reason=scene.extend_term.reason
            )

    # --- then --------------------------------------------------------------------------------------

    def _check(self, expect: ExpectPart) -> Iterator[str]:
        yield from self._check_occurrences(expect)
        yield from self._check_told(expect)
        yield from self._check_cycle(expect)

    def _check_occurrences(self, expect: ExpectPart) -> Iterator[str]:
        for step, wanted in expect.states.items():
            self.checked += 1
            state = self._state(step)
            if state is None or state.value != wanted:
                yield f"{step} is {state.value if state else 'not there'}, the story expects {wanted}"
        for step, dates in expect.dates.items():
            occurrence = self.cycle.occurrences.get(self._key(step))
            for name, day in dates.model_dump(exclude_none=True).items():
                self.checked += 1
                found = getattr(occurrence.planned, name) if occurrence and occurrence.planned else None
                if found != day:
                    yield f"{name} of {step} is {found}, the story expects {day}"

    def _check_told(self, expect: ExpectPart) -> Iterator[str]:
        for wanted in expect.told:
            self.checked += 1
            times = self._times(wanted)
            if times != wanted.times:
                yield f"{_about(wanted)} {times} times, not {wanted.times}"
        for unwanted in expect.not_told:
            self.checked += 1
            if times := self._times(unwanted):
                yield f"{_about(unwanted)} {times} times, not at all"

    def _times(self, wanted: ToldPart) -> int:
        key = self._key(wanted.step) if wanted.step else None
        return sum(
            to == wanted.to and line.kind.value == wanted.kind and (key is None or line.key == key)
            for _, to, line in self.told
        )

    def _check_cycle(self, expect: ExpectPart) -> Iterator[str]:
        codes = {finding.code for finding in self.last.findings} if self.last else set()
        for code in expect.findings:
            self.checked += 1
            if code not in codes:
                yield f"finding {code} is missing, there are: {', '.join(sorted(codes)) or 'none'}"
        for code in expect.no_findings:
            self.checked += 1
            if code in codes:
                yield f"finding {code} should not be there"
        for anchor, day in (*expect.anchors.items(), *expect.happened.items()):
            self.checked += 1
            dates = self.cycle.anchors.get(AnchorId(anchor))
            found = (dates.actual if anchor in expect.happened else dates.counts) if dates else None
            if found != day:
                yield f"anchor {anchor} is {found}, the story expects {day}"
        if expect.cycle is not None:
            self.checked += 1
            if self.cycle.state is not CycleState(expect.cycle):
                yield f"the cycle is {self.cycle.state.value}, the story expects {expect.cycle}"
        if expect.wants_cycle is not None:
            self.checked += 1
            asked = self.last.wants_cycle if self.last else None
            if asked != expect.wants_cycle:
                yield f"the decision asked for cycle {asked}, not {expect.wants_cycle}"
        if expect.overlap:
            self.checked += 1
            busy = {
                self.definition.steps[key.step].phase
                for key, each in self.cycle.occurrences.items()
                if each.state in (State.READY, State.IN_PROGRESS)
            }
            missing = [phase for phase in expect.overlap if phase not in busy]
            if missing:
                yield f"no work is going on in {', '.join(missing)}"


def _about(told: ToldPart) -> str:
    return f"{told.to} heard {told.kind} about {told.step or 'anything'}"
