"""Lint rules about dates: what can be known to fail before anybody has named a day.

Lengths are compared in working days, and only where the comparison holds for every start: of steps that may
not apply, and of relations that need not all hold, nothing is assumed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from regie.core.definition import Basis, DateBase, DateRule, Definition, Relation, RelationType, Step, Term
from regie.core.ids import AnchorId, StepId
from regie.core.span import Span, Unit
from regie.core.terms import TermKind
from regie.definitions.draft import START, Draft
from regie.definitions.findings import quote

Order = Sequence[StepId]
MOST_ANCHORS = 20
SHOWN_STEPS = 5
_CALENDAR_DAYS = {Unit.DAYS: 1, Unit.WEEKS: 7, Unit.MONTHS: 28, Unit.YEARS: 365}
_STATUTORY = (TermKind.LAW, TermKind.AMVB, TermKind.BEFORE_EVENT, TermKind.REGULATION, TermKind.EU)


class Between(NamedTuple):
    """At least and at most so many working days."""

    least: int
    most: int


def in_working_days(span: Span | None) -> Between:
    """Bound a length in working days, whatever the calendar; months count 28 to 31 days."""
    if span is None:
        return Between(0, 0)
    if span.unit is Unit.WORKING_DAYS:
        return Between(span.amount, span.amount)
    days = abs(span.amount) * _CALENDAR_DAYS[span.unit]
    longest = days * 31 // 28 + 1 if span.unit in (Unit.MONTHS, Unit.YEARS) else days
    # four in seven, less a week of holidays; at most five in seven
    least, most = max(0, days * 4 // 7 - 4), longest * 5 // 7 + 2
    return Between(least, most) if span.amount >= 0 else Between(-most, -least)


def windows_open_before_they_close(definition: Definition, draft: Draft) -> None:
    """A window is long enough for the step."""
    for step in definition.steps.values():
        window = step.window
        if window is None or window.opens is None or window.closes is None:
            continue
        opens, closes = window.opens, window.closes
        if (opens.base, opens.ref, opens.year, opens.month, opens.day) != (
            closes.base,
            closes.ref,
            closes.year,
            closes.month,
            closes.day,
        ):
            continue
        first, last = in_working_days(opens.offset), in_working_days(closes.offset)
        mark = draft.places.at("steps", step.id, "window")
        work = _least_work(step)
        if first.least > last.most or (_same_unit(opens, closes) and first.least > last.least):
            message = f"window closes ({closes.said}) before it opens ({opens.said})"
            draft.report.add("RG305", mark, message, "swap them, or give more room")
        elif opens.base is not DateBase.STEP and last.most - first.least + 1 < work:
            room = last.most - first.least + 1
            message = f"step {quote(step.id)} takes {work}wd and its window holds {room}wd"
            draft.report.add("RG306", mark, message, "widen the window or shorten the step")


def _same_unit(one: DateRule, other: DateRule) -> bool:
    return one.offset is not None and other.offset is not None and one.offset.unit is other.offset.unit


def dues_can_be_met(definition: Definition, draft: Draft, order: Order) -> None:
    """Nothing is due before all that comes before it can be done."""
    for anchor, source, at_start, dues in _dues_by_anchor(definition):
        chains = _earliest(definition, order, source, at_start)
        for step, rule, path in dues:
            chain = chains.get(step.id)
            if chain is not None and chain.finish > in_working_days(rule.offset).most:
                days = chain.finish if source else chain.finish + 1
                via = " -> ".join(_steps_of(chains, step.id, source))
                message = (
                    f"{quote(rule.said)} is before step {quote(step.id)} can be done: "
                    f"that is {days}wd from {anchor} on ({via})"
                )
                hint = "ask it later, or shorten what comes before"
                draft.report.add("RG306", draft.places.at(*path), message, hint)


def dues_leave_room(definition: Definition, draft: Draft, order: Order) -> None:
    """Who finishes on the due date leaves enough days for what comes before the anchor."""
    for anchor, source, at_start, dues in _dues_by_anchor(definition):
        if source is None:
            continue
        latest = _latest(definition, order, source, at_start)
        for step, rule, path in dues:
            last = latest.get(step.id)
            if last is not None and step.id != source and in_working_days(rule.offset).least > last:
                follows = f"what follows step {quote(step.id)} takes {-last}wd"
                message = f"{quote(rule.said)} is too late for {anchor}: {follows}"
                hint = f"ask it {-last}wd before {anchor} or earlier"
                draft.report.add("RG315", draft.places.at(*path), message, hint)


class _Due(NamedTuple):
    """A due rule that counts from an anchor, the step that it stands in, and where."""

    step: Step
    rule: DateRule
    path: tuple[str | int, ...]


class _Asked(NamedTuple):
    """An anchor, the step that makes it happen (none: the start), by its start or else its finish; and dues."""

    anchor: AnchorId
    source: StepId | None
    at_start: bool
    dues: list[_Due]


def _dues_by_anchor(definition: Definition) -> Iterable[_Asked]:
    """Group the due rules of steps that happen once by the anchor that they count from."""
    dues: dict[str, list[_Due]] = {}
    for step in definition.steps.values():
        if step.repeats or step.for_each:
            continue
        closes = step.window.closes if step.window and not step.due else None
        rules = [(case.value, ("due", number, "is")) for number, case in enumerate(step.due)]
        for rule, path in [*rules, *([(closes, ("window", "until"))] if closes else [])]:
            if rule.base is DateBase.ANCHOR:
                dues.setdefault(rule.ref, []).append(_Due(step, rule, ("steps", step.id, *path)))
    for anchor in list(definition.anchors.values())[:MOST_ANCHORS]:
        is_start = anchor.id == START
        if anchor.id in dues and (is_start or anchor.set_by in definition.steps):
            source = None if is_start else anchor.set_by
            yield _Asked(anchor.id, source, anchor.set_by_start, dues[anchor.id])


@dataclass(frozen=True, slots=True)
class _Chain:
    """Earliest start and finish, in working days from an anchor, and the step that caused it."""

    start: int
    finish: int
    cause: StepId | None


def _least_work(step: Step) -> int:
    """The working days that a step takes at least."""
    lengths = [in_working_days(case.value.span).least if case.value.span else 1 for case in step.takes]
    terms = [in_working_days(case.value.length).least for case in step.terms if case.value.before is None]
    return min(lengths or terms or [1])


def _holds_for_sure(step: Step) -> bool:
    return step.when is None and step.only_with is None and not step.repeats and not step.for_each


def _relations_for_sure(step: Step) -> Iterable[Relation]:
    return (relation for relation in step.needs if not step.join.at_least or not relation.type.holds_start)


def _earliest(definition: Definition, order: Order, source: StepId | None, at_start: bool) -> Mapping[StepId, _Chain]:
    """Earliest dates after an anchor of the steps that can be bounded; without a source from the start."""
    chains: dict[StepId, _Chain] = {}
    for id_ in order:
        step = definition.steps[id_]
        work = _least_work(step)
        if id_ == source:
            chains[id_] = _Chain(0, max(work - 1, 0), None) if at_start else _Chain(0, 0, None)
            continue
        start: int | None = 0 if source is None else None
        finish: int | None = None
        cause: StepId | None = None
        for relation in _relations_for_sure(step):
            before = chains.get(relation.predecessor)
            sure = relation.predecessor == source or _holds_for_sure(definition.steps[relation.predecessor])
            if before is None or not sure:
                continue
            base = before.finish if relation.type.from_finish else before.start
            day = base + in_working_days(relation.lag).least
            if relation.type is RelationType.FINISH_TO_START and work > 0:
                day += 1
            if relation.type.holds_start and (start is None or day > start):
                start, cause = day, relation.predecessor
            elif not relation.type.holds_start and (finish is None or day > finish):
                finish, cause = day, relation.predecessor
        known = [day for day in (finish, start + max(work - 1, 0) if start is not None else None) if day is not None]
        if known:
            chains[id_] = _Chain(start if start is not None else -(10**6), max(known), cause)
    return chains


def _steps_of(chains: Mapping[StepId, _Chain], step: StepId, source: StepId | None) -> list[str]:
    path: list[str] = [step]
    current = chains[step].cause
    while current is not None and current != source:
        path.append(current)
        current = chains[current].cause
    path.reverse()
    return path if len(path) <= SHOWN_STEPS else [path[0], "...", *path[-SHOWN_STEPS + 1 :]]


def _latest(definition: Definition, order: Order, source: StepId, at_start: bool) -> Mapping[StepId, int]:
    """Latest finish, in working days from an anchor, of what certainly comes before it."""
    latest: dict[StepId, int] = {source: _least_work(definition.steps[source]) - 1 if at_start else 0}
    for id_ in reversed(order):
        step = definition.steps[id_]
        last = latest.get(id_)
        if last is None or not (id_ == source or _holds_for_sure(step)):
            continue
        work = _least_work(step)
        for relation in _relations_for_sure(step):
            lag = in_working_days(relation.lag).least
            if relation.type is RelationType.FINISH_TO_START:
                limit = last - work - lag if work > 0 else last - lag
            elif relation.type is RelationType.FINISH_TO_FINISH:
                limit = last - lag
            else:
                continue
            latest[relation.predecessor] = min(limit, latest.get(relation.predecessor, limit))
    return latest


def statutory_values_have_a_source(definition: Definition, draft: Draft) -> None:
    """Who reads a term of law can look it up."""
    for step in definition.steps.values():
        for number, case in enumerate(step.terms):
            missing = _missing(case.value) if case.value.kind in _STATUTORY else []
            if missing:
                mark = draft.places.at("steps", step.id, "term", number, "length")
                message = f"statutory term of step {quote(step.id)} has no {' and no '.join(missing)}"
                draft.report.add("RG307", mark, message, f"add {' and '.join(missing)}")
        by_law = any(case.value.basis is Basis.LAW for case in step.takes)
        if by_law and not step.terms and not step.legal_basis:
            mark = draft.places.at("steps", step.id, "basis")
            draft.report.add(
                "RG307", mark, f"step {quote(step.id)} takes what a law says, but which?", "add legal_basis"
            )


def _missing(term: Term) -> list[str]:
    values = {"article": term.article, "source": term.source, "valid_from": term.valid_from}
    return [name for name, value in values.items() if not value]


def anchors_are_set(definition: Definition, draft: Draft) -> None:
    """A date that others hang on is asked for, made by a step, or said to be set by hand."""
    for id_, part in draft.part.anchors.items():
        if id_ != START and not part.model_fields_set & {"target", "set_by", "set_by_start_of"}:
            mark = draft.places.at_key("anchors", id_)
            hint = "add set_by; or target: required or optional, to ask for it at the start"
            draft.report.add("RG311", mark, f"nothing sets anchor {quote(id_)}", hint)


def legal_days_off_are_known(definition: Definition, draft: Draft) -> None:
    """Where terms of law are counted, the legal calendar knows of some year which days are off."""
    if any(step.terms for step in definition.steps.values()) and not definition.legal_calendar.confirmed_years:
        mark = draft.places.at_key("legal_calendar")
        message = f"calendar {quote(definition.legal_calendar.name)} has no confirmed years"
        draft.report.add("RG308", mark, message, "statutory terms need a calendar like nl-wettelijk")


def avoided_periods_exist(definition: Definition, draft: Draft) -> None:
    """A period to avoid is one that the calendar of the step knows."""
    for step in definition.steps.values():
        calendar = definition.calendars.get(step.calendar or "", definition.calendar)
        names = list(dict.fromkeys(period.name for period in calendar.periods))
        for number, avoided in enumerate(step.avoids):
            if not any(avoided in name for name in names):
                mark = draft.places.at("steps", step.id, "avoid", number)
                message = f"calendar {quote(calendar.name)} has no period {quote(avoided)}"
                draft.report.add("RG316", mark, message, word=avoided, known=names)


DATE_RULES: tuple[Callable[[Definition, Draft], None], ...] = (
    windows_open_before_they_close,
    statutory_values_have_a_source,
    anchors_are_set,
    legal_days_off_are_known,
    avoided_periods_exist,
)
CHAIN_RULES: tuple[Callable[[Definition, Draft, Order], None], ...] = (dues_can_be_met, dues_leave_room)
"""Rules that follow chains of steps, so that no step may wait for itself."""
