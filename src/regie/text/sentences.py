"""Dates, spans and reasons as sentences, from the same values that the plan was made with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from regie.core.definition import Definition, RelationType, text_in
from regie.core.findings import PlanFinding
from regie.core.ids import OccurrenceKey
from regie.core.plan import Plan
from regie.core.reasons import Cause, Hop, Reason
from regie.core.span import Span
from regie.core.terms import TermEnd, TermRule
from regie.text.phrases import MONTHS, UNITS, WEEKDAYS, WORDS

_RELATIONS = {
    RelationType.FINISH_TO_START: "relation_fs",
    RelationType.START_TO_START: "relation_ss",
    RelationType.FINISH_TO_FINISH: "relation_ff",
    RelationType.START_TO_FINISH: "relation_sf",
}


def say_date(day: date, language: str = "nl") -> str:
    """``3 juni 2027``."""
    return f"{day.day} {MONTHS[language][day.month - 1]} {day.year}"


def say_day(day: date, language: str = "nl") -> str:
    """``donderdag 3 juni 2027``."""
    return f"{WEEKDAYS[language][day.weekday()]} {say_date(day, language)}"


def say_count(count: int, unit: str, language: str = "nl") -> str:
    """``1 werkdag``, ``15 werkdagen``."""
    one, many = UNITS[language][unit]
    return f"{count} {one if abs(count) == 1 else many}"


def say_span(span: Span, language: str = "nl") -> str:
    return say_count(abs(span.amount), span.unit.value, language)


def say_step(definition: Definition, key: OccurrenceKey, language: str = "nl") -> str:
    """The title of a step, with its period or item when it has one."""
    step = definition.steps.get(key.step)
    title = text_in(step.title, language) if step else str(key.step)
    return f"{title} ({key.key})" if key.key else title


def say(word: str, language: str, **facts: object) -> str:
    """A phrase from the table, filled in."""
    return WORDS[language][word].format(**facts)


def say_list(items: Sequence[str], language: str) -> str:
    """``a, b en c``."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {WORDS[language]['and']} {items[-1]}"


def explain(reason: Reason, plan: Plan, language: str = "nl") -> str:
    """Say one reason as part of a sentence: ``wacht op 'Business case', klaar op 12 maart 2027``."""
    on = say_date(reason.on, language) if reason.on else ""
    match reason.cause:
        case Cause.RELATION:
            return _explain_relation(reason, plan, language)
        case Cause.TERM:
            return _explain_term(reason, language)
        case Cause.MEETING if reason.meeting is not None:
            missed = say("missed", language, count=len(reason.meeting.missed)) if reason.meeting.missed else ""
            papers = say_date(reason.meeting.papers_due_on, language)
            return say("meeting", language, date=on, papers=papers, missed=missed)
        case Cause.WORK:
            return say("work", language, span=say_span(reason.span, language) if reason.span else "")
        case Cause.PERIOD | Cause.ITEM:
            return say("period", language, date=say_date(reason.since, language) if reason.since else on)
        case _:
            return say(reason.cause.value, language, date=on, said=reason.said)


def _explain_relation(reason: Reason, plan: Plan, language: str) -> str:
    relation, predecessor = reason.relation, reason.predecessor
    if relation is None or predecessor is None:
        return ""
    place = plan.network.index[predecessor]
    ordinal = plan.finish_ordinal(place) if relation.type.from_finish else plan.start_ordinal(place)
    lag = ""
    if relation.lag is not None and relation.lag.amount:
        lag = say("lag" if relation.lag.amount > 0 else "lead_time", language, span=say_span(relation.lag, language))
    title = say_step(plan.network.definition, predecessor, language)
    return say(
        _RELATIONS[relation.type], language, step=title, date=say_date(date.fromordinal(ordinal), language), lag=lag
    )


def _explain_term(reason: Reason, language: str) -> str:
    since = say_date(reason.since, language) if reason.since else ""
    span = say_span(reason.span, language) if reason.span else ""
    return say("term", language, span=span, since=since, rolled=_explain_steps(reason.term, language))


def _explain_steps(term: TermEnd | None, language: str) -> str:
    said = ""
    for step in term.steps if term else ():
        if step.rule is TermRule.SUSPENDED:
            said += say("suspended", language, days=say_count(step.days, "d", language))
        elif step.rule is TermRule.EXTENDED:
            said += say("extended", language, date=say_date(step.to, language))
        elif step.rule in (TermRule.ROLLED, TermRule.TWO_ORDINARY_DAYS):
            said += say("rolled", language, days=say_list(step.days_off or ("Awt 2",), language))
    return said


def why(plan: Plan, key: OccurrenceKey, language: str = "nl") -> str:
    """One sentence about the dates of an occurrence: why it starts and why it ends then."""
    place = plan.network.index[key]
    starts, finishes = plan.start_reasons(place), plan.finish_reasons(place)
    if starts and starts[0].cause is Cause.OUT:
        return explain(starts[0], plan, language)
    parts = [
        f"{WORDS[language]['starts']}: {say_list([explain(each, plan, language) for each in starts[:2]], language)}"
    ]
    if finishes and finishes != starts:
        said = say_list([explain(each, plan, language) for each in finishes[:2]], language)
        parts.append(f"{WORDS[language]['finishes']}: {said}")
    return "; ".join(parts)


def explain_chain(hops: Sequence[Hop], plan: Plan, language: str = "nl") -> list[str]:
    """The chain step by step: dates, title, and why it starts then."""
    definition = plan.network.definition
    return [
        f"{say_date(hop.start_on, language)} - {say_date(hop.finish_on, language)}: "
        f"{say_step(definition, hop.key, language)} ({explain(hop.reason, plan, language)})"
        for hop in hops
    ]


def explain_finding(finding: PlanFinding, definition: Definition, language: str = "nl") -> str:
    """Say what cannot hold, by how much, and along which steps."""
    anchor = definition.anchors.get(finding.anchor) if finding.anchor else None
    said = say(
        finding.code,
        language,
        step=say_step(definition, finding.key, language) if finding.key else "",
        anchor=text_in(anchor.title, language) if anchor else "",
        on=say_date(finding.on, language) if finding.on else "",
        limit=say_date(finding.limit_on, language) if finding.limit_on else "",
        days=say_count(finding.working_days, "wd", language),
        year=finding.on.year if finding.on else "",
        said=finding.said,
    ).strip()
    if not finding.chain:
        return said
    steps = " > ".join(say_step(definition, hop.key, language) for hop in finding.chain)
    return f"{said} {say('chain', language, steps=steps)}"
