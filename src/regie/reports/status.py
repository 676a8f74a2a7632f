"""The report for the steering group, on one page: what threatens the dates and why, decisions, what is stuck."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import timedelta

from regie.core.changes import Moved
from regie.core.ids import OccurrenceKey
from regie.core.outline import FIRST_CYCLE
from regie.core.reasons import Hop
from regie.core.traject import State
from regie.reports.paper import write
from regie.reports.subject import Document, Row, Subject, gates, phase_rows, say_room, targets
from regie.text.dates import say_period
from regie.text.phrases import STATES, say
from regie.text.rules import say_cycle
from regie.text.sentences import explain_change, explain_finding

# So much fits on one page.
_MOST_HOPS, _MOST_GATES, _MOST_STUCK, _MOST_MOVED = 4, 5, 6, 4


@dataclass(frozen=True, slots=True)
class SteeringFacts:
    """All that a report for the steering group may say, in words; whoever shows it cuts it to fit.

    Args:
        kind: of the cycle, in words; empty for the first.
        rooms: per target how it stands; ``laws`` what the law allows and cannot hold.
        hops: how many steps the chain to ``chain_to`` has; ``longest`` those in which most time is left.
        gates: (decision, who decides, date, papers by, state); ``stuck`` (step, was due, state, who has the ball).
        earlier_on: day of the report before; empty when there was none.
    """

    title: str
    today: str
    cycle: str
    kind: str
    count: int
    done: int
    rooms: tuple[str, ...]
    laws: tuple[str, ...]
    chain_to: str
    hops: int
    longest: tuple[Row, ...]
    gates: tuple[Row, ...]
    stuck: tuple[Row, ...]
    earlier_on: str
    moved: tuple[str, ...]
    phases: tuple[Row, ...]


def gather_steering_facts(subject: Subject) -> SteeringFacts:
    """Gather what a steering group wants to know."""
    language = subject.language
    found = targets(subject)
    # what is missed most is explained; else what comes first
    worst = min(found, key=lambda target: (min(target.slack, 0), target.on), default=None)
    chain = subject.plan.chain_to(worst.key) if worst else ()
    states = [occurrence.state for _, occurrence, _, _ in subject.planned_steps()]
    return SteeringFacts(
        title=subject.traject.title,
        today=subject.say_date(subject.today),
        cycle=str(subject.cycle.number),
        kind="" if subject.cycle.kind == FIRST_CYCLE else say_cycle(subject.definition, subject.cycle.kind, language),
        count=len(states),
        done=states.count(State.DONE),
        rooms=tuple(say_room(target, language) for target in found),
        laws=tuple(
            explain_finding(replace(finding, chain=()), subject.definition, language)
            for finding in subject.plan.findings
            if finding.code == "RG352"
        ),
        chain_to=worst.title if worst else "",
        hops=len(chain),
        longest=tuple(_longest(subject, chain)),
        gates=tuple(row for _, row in gates(subject)),
        stuck=tuple(_stuck(subject)),
        earlier_on=subject.say_date(subject.earlier_on) if subject.earlier_on else "",
        moved=tuple(_moved(subject)),
        phases=tuple(phase_rows(subject)),
    )


def make_steering_report(subject: Subject) -> tuple[Document, ...]:
    """Write the report, as Markdown and as a page to print on one sheet of A4."""
    found, language = gather_steering_facts(subject), subject.language
    facts: dict[str, object] = {
        **asdict(found),
        "gates": found.gates[:_MOST_GATES],
        "stuck": found.stuck[:_MOST_STUCK],
        "more_stuck": max(len(found.stuck) - _MOST_STUCK, 0),
        "moved": found.moved[:_MOST_MOVED],
        "more_moved": max(len(found.moved) - _MOST_MOVED, 0),
    }
    title = say("document_status", language, title=subject.traject.title)
    return write(f"stuurgroep-{subject.today.isoformat()}", title, "stuurgroep", language, facts)


def _longest(subject: Subject, chain: tuple[Hop, ...]) -> Iterator[Row]:
    """The links of a chain in which most time is left, in their own order; what is done can not be hurried."""
    calendar = subject.definition.calendar
    spans: dict[OccurrenceKey, int] = {}
    last = None
    for hop in chain:
        # two links may run side by side: a link costs what it adds to the one before
        begins = max(hop.start_on, subject.today, last or hop.start_on)
        ends = hop.finish_on + timedelta(days=1)
        spans[hop.key] = max(calendar.working_days_between(begins, ends), 0) if ends > begins else 0
        last = ends
    chosen = sorted(spans, key=lambda key: -spans[key])[:_MOST_HOPS]
    for hop in chain:
        if hop.key in chosen and spans[hop.key]:
            yield (
                subject.say_step(hop.key),
                say_period(hop.start_on, hop.finish_on, subject.language),
                str(spans[hop.key]),
                subject.people_in(subject.definition.steps[hop.key.step].responsible),
            )


def _stuck(subject: Subject) -> Iterator[Row]:
    """What is late, longest first, and what waits for somebody else."""
    waiting = (State.WAITING_FOR_PARTNER, State.FOR_DECISION)
    found = []
    for key, occurrence, _, planned in subject.open_steps():
        is_late = planned.due_on is not None and planned.due_on < subject.today
        if is_late or occurrence.state in waiting:
            found.append((not is_late, planned.due_on or planned.early_finish, key, occurrence, planned))
    for _, _, key, occurrence, planned in sorted(found, key=lambda each: each[:2]):
        yield (
            subject.say_step(key),
            subject.say_date(planned.due_on),
            STATES[subject.language][occurrence.state],
            subject.holder(key),
        )


def _moved(subject: Subject) -> Iterator[str]:
    """Open steps that end on another day than the earlier report said, what moved most first."""
    calendar = subject.definition.calendar
    found = []
    for key, _, _, planned in subject.open_steps():
        before = subject.earlier.get(key)
        if before is not None and before.early_finish != planned.early_finish:
            days = abs(calendar.working_days_between(before.early_finish, planned.early_finish))
            found.append((days, str(key), Moved(subject.cycle.number, key, before, planned)))
    for _, _, moved in sorted(found, key=lambda each: (-each[0], each[1])):
        yield explain_change(moved, subject.definition, subject.language)
