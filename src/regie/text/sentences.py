"""Why a date is what it is, what can not hold and what changed: sentences from the plan's own reasons.

Nothing is worked out here; a sentence says what a value of the core holds, in the titles that readers know.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from regie.core.changes import Moved
from regie.core.definition import Definition, Relation, RelationType
from regie.core.findings import PlanFinding
from regie.core.ids import OccurrenceKey, StepId
from regie.core.meetings import Meeting
from regie.core.plan import Plan
from regie.core.reasons import Cause, Hop, Reason
from regie.core.recurrence import Period
from regie.core.terms import TermEnd, TermRule
from regie.core.traject import Occurrence, Planned, State
from regie.text.dates import say_count, say_date, say_day, say_every, say_period, say_span
from regie.text.phrases import say, say_list, start_with_capital, words_in
from regie.text.rules import (
    say_anchor,
    say_answer,
    say_body,
    say_condition,
    say_cycle,
    say_outcome,
    say_role,
    say_rule,
    say_step,
)

__all__ = [
    "explain_chain", "explain_change", "explain_finding", "explain_finish", "explain_start", "say", "say_anchor",
    "say_answer", "say_body", "say_cause", "say_count", "say_cycle", "say_date", "say_day", "say_every", "say_list",
    "say_outcome", "say_period", "say_role", "say_rule", "say_span", "say_step", "why",
]  # fmt: skip

_SHORT = {
    RelationType.FINISH_TO_START: "fs",
    RelationType.START_TO_START: "ss",
    RelationType.FINISH_TO_FINISH: "ff",
    RelationType.START_TO_FINISH: "sf",
}
_WEEKEND = ("zaterdag", "zondag")
_MOST_TITLES = 3
_MOST_HOPS = 5
# What a hop says besides its dates; that it follows the hop before goes without saying.
_TELLING = (Cause.MEETING, Cause.TERM, Cause.PINNED, Cause.PROMISED, Cause.HELD)


# --- why a date is what it is -------------------------------------------------------------------------


def why(plan: Plan, key: OccurrenceKey, language: str = "nl") -> str:
    """One or two short sentences: why an occurrence starts when it does, and why it is done when it is.

    Raises:
        KeyError: the plan has no such occurrence.
    """
    place = plan.network.index[key]
    starts = _clauses(plan, place, _reasons(plan, place, "start"), "start", language)
    finishes = _clauses(plan, place, _reasons(plan, place, "finish"), "finish", language)
    said = [starts] if finishes == starts or not finishes else [starts, finishes]
    return " ".join(f"{start_with_capital(each)}." for each in said if each)


def explain_start(plan: Plan, key: OccurrenceKey, language: str = "nl") -> str:
    """Say when an occurrence starts, and why not earlier."""
    return _explain(plan, plan.network.index[key], "start", language)


def explain_finish(plan: Plan, key: OccurrenceKey, language: str = "nl") -> str:
    """Say when an occurrence is done, and why not earlier."""
    return _explain(plan, plan.network.index[key], "finish", language)


def _reasons(plan: Plan, place: int, side: str) -> tuple[Reason, ...]:
    """What determined a date; what takes no part has no dates, only a reason for that."""
    if not plan.is_planned(place):
        return (Reason(Cause.OUT),)
    return plan.start_reasons(place) if side == "start" else plan.finish_reasons(place)


def _explain(plan: Plan, place: int, side: str, language: str) -> str:
    reasons = _reasons(plan, place, side)
    said = _clauses(plan, place, reasons, side, language)
    if not reasons or reasons[0].cause in (Cause.OUT, Cause.HAPPENED):
        return f"{start_with_capital(said)}." if said else ""
    if side == "start":
        return say("starts_on", language, date=_on(plan.start_ordinal(place), language), why=said)
    return say("finishes_on", language, date=_on(plan.finish_ordinal(place), language), why=said)


def _clauses(plan: Plan, place: int, reasons: Sequence[Reason], side: str, language: str) -> str:
    """Join what each reason says; steps that are waited for in the same way share one clause."""
    groups: dict[tuple[object, ...], list[Reason]] = {}
    for reason in reasons:
        groups.setdefault(_same_way(plan, reason), []).append(reason)
    said: list[str] = []
    for alike in groups.values():
        if alike[0].cause is Cause.RELATION:
            said.append(_relation(plan, alike, language))
        else:
            said += [_clause(plan, place, reason, side, language) for reason in alike]
    joined = f"; {say('and', language)} "
    return joined.join(dict.fromkeys(each for each in said if each))


def _same_way(plan: Plan, reason: Reason) -> tuple[object, ...]:
    if reason.cause is not Cause.RELATION or reason.relation is None or reason.predecessor is None:
        return (reason.cause, id(reason))
    other = plan.network.index[reason.predecessor]
    return (reason.relation.type, reason.relation.lag, _other_day(plan, reason.relation, other), _is_done(plan, other))


def _clause(plan: Plan, place: int, reason: Reason, side: str, language: str) -> str:
    definition = plan.network.definition
    activity = plan.network.activities[place]
    on = say_date(reason.on, language) if reason.on else ""
    match reason.cause:
        case Cause.TERM:
            return _term(reason, language)
        case Cause.MEETING if reason.meeting is not None:
            body = say_body(definition, str(activity.body.id), language) if activity.body else ""
            return _meeting(reason.meeting, body, language)
        case Cause.WORK:
            return say("work", language, span=say_span(reason.span, language)) if reason.span else ""
        case Cause.PERIOD if reason.since is not None:
            return say("period_opens", language, date=say_date(reason.since, language))
        case Cause.PERIOD | Cause.ITEM:
            return _period_end(plan.period(place), reason.on, language)
        case Cause.WINDOW:
            rule = activity.step.window.opens if activity.step.window else None
            said = say_rule(rule, definition, language) if rule else reason.said
            return say("window", language, rule=said, date=on)
        case Cause.PINNED:
            return say("pinned", language, date=on, said=f": {reason.said}" if reason.said else "")
        case Cause.TODAY | Cause.HAPPENED:
            return say(f"{reason.cause}_{side}", language, date=on)
        case Cause.OUT:
            fact = plan.facts.get(place)
            return _out(fact, definition, language) if fact else reason.said
        case _:
            return say(reason.cause.value, language, date=on)


def _period_end(period: Period | None, on: date | None, language: str) -> str:
    if period is None:
        return say("period_endless", language)
    is_over = on is not None and period.closes_on < on
    return say("period_over" if is_over else "period_closes", language, date=say_date(period.closes_on, language))


def _relation(plan: Plan, reasons: Sequence[Reason], language: str) -> str:
    relation = reasons[0].relation
    others = [plan.network.index[reason.predecessor] for reason in reasons if reason.predecessor is not None]
    if relation is None or not others:
        return ""
    name = _SHORT[relation.type]
    lag = ""
    if relation.lag is not None and relation.lag.amount:
        kind = "lag" if relation.lag.amount > 0 else "lead"
        lag = say(f"{kind}_{name}", language, span=say_span(relation.lag, language))
    titles = dict.fromkeys(
        f"'{say_step(plan.network.definition, plan.network.activities[other].key, language)}'" for other in others
    )
    done = "_done" if _is_done(plan, others[0]) else ""
    return say(
        f"relation_{name}{done}",
        language,
        steps=say_list(list(titles), language, most=_MOST_TITLES),
        date=_on(_other_day(plan, relation, others[0]), language),
        lag=lag,
    )


def _other_day(plan: Plan, relation: Relation, other: int) -> int:
    return plan.finish_ordinal(other) if relation.type.from_finish else plan.start_ordinal(other)


def _is_done(plan: Plan, place: int) -> bool:
    fact = plan.facts.get(place)
    return fact is not None and fact.finished_on is not None


def _term(reason: Reason, language: str) -> str:
    steps = reason.term.steps if reason.term else ()
    is_back = any(step.rule is TermRule.COUNTED_BACK for step in steps)
    return say(
        "term_back" if is_back else "term",
        language,
        span=say_span(reason.span, language) if reason.span else "",
        since=say_date(reason.since, language) if reason.since else "",
        steps="".join(_term_steps(reason.term, language)) if reason.term else "",
    )


def _term_steps(term: TermEnd, language: str) -> Iterator[str]:
    for step in term.steps:
        match step.rule:
            case TermRule.SUSPENDED:
                yield say("term_suspended", language, span=say_count(step.days, "d", language))
            case TermRule.EXTENDED:
                yield say("term_extended", language, date=say_date(step.to, language))
            case TermRule.ROLLED:
                yield say("term_rolled", language, days=_days_off(step.days_off, language))
            case TermRule.TWO_ORDINARY_DAYS:
                yield say("term_two_days", language)
            case TermRule.COUNTED_BACK if step.days_off:
                yield say("term_counted_back", language, days=_days_off(step.days_off, language))
            case _:
                pass


def _days_off(names: Sequence[str], language: str) -> str:
    """Names of days off; Saturday and Sunday together are the weekend, named last."""
    if all(day in names for day in _WEEKEND):
        names = [*(name for name in names if name not in _WEEKEND), "weekend"]
    known = words_in(language).days_off
    said = [say("weekend", language) if name == "weekend" else known.get(name, name) for name in names]
    return say_list(said, language)


def _meeting(meeting: Meeting, body: str, language: str) -> str:
    missed = ""
    if len(meeting.missed) == 1:
        missed = say("missed_one", language, date=say_date(meeting.missed[0], language))
    elif meeting.missed:
        missed = say("missed_more", language, count=len(meeting.missed))
    return say(
        "meeting" if body else "meeting_nameless",
        language,
        body=body,
        date=say_date(meeting.held_on, language),
        papers=say_date(meeting.papers_due_on, language),
        missed=missed,
    )


def _out(fact: Occurrence, definition: Definition, language: str) -> str:
    """Why an occurrence takes no part; what the engine noted in its own terms is said in titles."""
    step = definition.steps.get(fact.step)
    word, _, rest = fact.out.partition(" ")
    match fact.out_state:
        case State.WAIVED | State.WITHDRAWN if not fact.out.startswith("gate:"):
            return say(f"out_{fact.out_state}", language, said=fact.out)
        case State.DROPPED:
            return say("out_dropped", language, cycle=say_cycle(definition, fact.out.split(":")[0], language))
        case State.NOT_APPLICABLE if step is not None and step.when is not None and step.when.said == fact.out:
            return say("out_condition", language, condition=say_condition(step.when, definition, language))
        case State.NOT_APPLICABLE if word == "only_with":
            return say("out_only_with", language, step=say_step(definition, OccurrenceKey(StepId(rest)), language))
        case State.NOT_APPLICABLE if word in ("item", "period"):
            return say(f"out_{word}", language)
    if fact.out.startswith("gate:"):
        gate, _, outcome = fact.out.removeprefix("gate:").partition(": ")
        decided = OccurrenceKey.read(gate)
        said = say_outcome(definition.steps.get(decided.step), outcome, language)
        return say("out_gate", language, outcome=said, step=say_step(definition, decided, language))
    return say("out", language, said=fact.out)


# --- chains and findings ------------------------------------------------------------------------------


def explain_chain(hops: Sequence[Hop], plan: Plan, language: str = "nl") -> list[str]:
    """Say a chain step by step: when each is done, and what besides the step before decides that.

    Every line is complete by itself, so that it may be numbered or not.
    """
    return [_hop(hop, hops[number - 1] if number else None, plan, language) for number, hop in enumerate(hops)]


def _hop(hop: Hop, before: Hop | None, plan: Plan, language: str) -> str:
    place = plan.network.index[hop.key]
    said = []
    if before is None or hop.reason.predecessor != before.key or hop.reason.relation != Relation(before.key.step):
        said.append(_clauses(plan, place, [hop.reason], "finish" if _is_done(plan, place) else "start", language))
    telling = [reason for reason in plan.finish_reasons(place) if reason.cause in _TELLING]
    said.append(_clauses(plan, place, telling, "finish", language))
    reasons = "; ".join(each for each in said if each)
    return say(
        "hop",
        language,
        period=say_period(hop.start_on, hop.finish_on, language),
        step=say_step(plan.network.definition, hop.key, language),
        why=say("hop_why", language, why=reasons) if reasons else "",
    )


def explain_finding(finding: PlanFinding, definition: Definition, language: str = "nl") -> str:
    """Say what cannot hold, by how much, and along which steps; of a long chain both ends."""
    step = definition.steps.get(finding.key.step) if finding.key else None
    said = finding.said
    if finding.code == "RG352" and said:
        said = f" ({said})"
    elif finding.code == "RG356":
        said = words_in(language).days_off.get(said, said)
    body = say_body(definition, step.gate.decided_by, language) if step and step.gate else ""
    sentence = say(
        finding.code,
        language,
        step=say_step(definition, finding.key, language) if finding.key else "",
        anchor=say_anchor(definition, finding.anchor, language) if finding.anchor else "",
        on=say_date(finding.on, language) if finding.on else "",
        limit=say_date(finding.limit_on, language) if finding.limit_on else "",
        days=say_count(finding.working_days, "wd", language),
        year=finding.on.year if finding.on else "",
        said=said,
        body=say("RG357_body", language, body=body) if body else "",
    )
    if not finding.chain:
        return sentence
    return sentence + say("chain", language, steps=" > ".join(_titles(finding.chain, definition, language)))


def _titles(chain: Sequence[Hop], definition: Definition, language: str) -> list[str]:
    titles = [say_step(definition, hop.key, language) for hop in chain]
    if len(titles) <= _MOST_HOPS:
        return titles
    left = say("chain_more", language, count=len(titles) - _MOST_HOPS + 1)
    return [*titles[:2], left, *titles[-(_MOST_HOPS - 3) :]]


# --- what changed -------------------------------------------------------------------------------------


def explain_change(moved: Moved, definition: Definition, language: str = "nl", *, cause: str = "") -> str:
    """Say how an occurrence moved: old and new date, how many working days, and by what.

    Args:
        cause: id of the step or ``anchor:<id>`` that moved it, as a line of a message has it.
    """
    changed = _changed(moved.before, moved.after)
    facts: dict[str, object] = {
        "step": say_step(definition, moved.key, language),
        "cause": say_cause(cause, definition, "moved_cause", "moved_anchor", language) if cause else "",
    }
    if changed is None:
        old, new = moved.before.slack_working_days, moved.after.slack_working_days
        facts |= {"old": say_count(old, "wd", language), "new": say_count(new, "wd", language)}
        return say("moved_slack", language, **facts)
    phrase, was, is_now = changed
    days = abs(definition.calendar.working_days_between(was, is_now))
    return say(
        phrase,
        language,
        **facts,
        old=say_date(was, language),
        new=say_date(is_now, language),
        days=say_count(days, "wd", language),
        way=say("later" if is_now > was else "earlier", language),
    )


def _changed(before: Planned, after: Planned) -> tuple[str, date, date] | None:
    """What a reader notices first: the end, else the beginning, else a date that was asked for."""
    for phrase, was, is_now in (
        ("moved_finish", before.early_finish, after.early_finish),
        ("moved_start", before.early_start, after.early_start),
        ("moved_due", before.due_on, after.due_on),
        ("moved_legal", before.legal_on, after.legal_on),
    ):
        if was is not None and is_now is not None and was != is_now:
            return phrase, was, is_now
    return None


def say_cause(cause: str, definition: Definition, by_step: str, by_anchor: str, language: str = "nl") -> str:
    """Fill in a phrase with the step or the anchor that moved a date."""
    if cause.startswith("anchor:"):
        return say(by_anchor, language, cause=say_anchor(definition, cause.removeprefix("anchor:"), language))
    return say(by_step, language, cause=say_step(definition, OccurrenceKey.read(cause), language))


def _on(ordinal: int, language: str) -> str:
    return say_date(date.fromordinal(ordinal), language)
