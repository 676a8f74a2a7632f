"""What an event does to the facts of a cycle, or why it is refused.

Only facts change here; what follows from them is for ``settle``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from regie.core import events as happened
from regie.core.definition import Effect, EvidenceRule, Gate, Outcome, Text
from regie.core.holding import find_dependents, find_holding_back_finish, find_holding_back_start
from regie.core.ids import OccurrenceKey
from regie.core.naming import add_titles, find_close
from regie.core.terms import Suspension
from regie.core.traject import AnchorDates, Cycle, CycleState, Occurrence, State
from regie.core.transitions import Verb, next_state
from regie.errors import Conflict, NotFound, Refused, RegieError

ONE_DAY = timedelta(days=1)
_NO_PROPOSAL: Mapping[str, Any] = {"proposed_on": None, "proposal_reason": ""}
_ALL_ANSWERED: Mapping[str, Any] = {**_NO_PROPOSAL, "declined": False, "askers": ()}


def apply_event_to(cycle: Cycle, event: happened.Event, today: date) -> Cycle:
    """Give the cycle with the facts that the event brings.

    Raises:
        Refused: what was asked may not be done now, or misses something.
        NotFound: no such step, anchor or list in this cycle.
        Conflict: ``occurrence-changed``, ``anchor-changed``, ``list-changed``: the person saw it as it no longer is.
    """
    try:
        return _apply(cycle, event, today)
    except RegieError as error:
        for fact, value in _subject(cycle, event).items():
            error.facts.setdefault(fact, value)
        add_titles(error, cycle.definition)
        raise


def _subject(cycle: Cycle, event: happened.Event) -> dict[str, object]:
    """What an event is about, as facts of any refusal of it."""
    match event:
        case happened.StepEvent():
            occurrence = cycle.occurrences.get(event.key)
            planned = occurrence.planned if occurrence else None
            return {"step": str(event.key), "planned_start": planned.early_start if planned else None}
        case happened.AnchorMoved():
            return {"anchor": event.anchor}
        case happened.ItemsChanged():
            return {"list": event.list}
        case _:
            return {}


def _apply(cycle: Cycle, event: happened.Event, today: date) -> Cycle:
    match event:
        case happened.StepReopened():
            return _reopen(cycle, event)
        case happened.StepEvent():
            occurrence = _find(cycle, event)
            changed = _apply_to_step(cycle, occurrence, event, today)
            return _put(cycle, changed)
        case happened.AnchorMoved():
            return _move_anchor(cycle, event, today)
        case happened.ItemsChanged():
            return _change_items(cycle, event)
        case happened.CycleClosed():
            return _close(cycle, event)
        case _:
            raise TypeError(f"no rule for {type(event).__name__}")


def _find(cycle: Cycle, event: happened.StepEvent) -> Occurrence:
    occurrence = cycle.occurrences.get(event.key)
    if occurrence is None:
        known = [str(key) for key in cycle.occurrences if key.step == event.key.step]
        hint = f"it has: {', '.join(known)}" if known else "regie step list shows all steps"
        raise NotFound(
            f"no step '{event.key}' in cycle {cycle.number}",
            code="unknown-step",
            hint=hint,
            step=str(event.key),
            cycle=cycle.number,
            copies=known,
        )
    if event.seen_version is not None and event.seen_version != occurrence.version:
        raise Conflict(
            f"'{event.key}' was changed by somebody else: it is {occurrence.state} now",
            code="occurrence-changed",
            hint="look at it again, then decide",
            step=str(event.key),
            state=occurrence.state.value,
            version=occurrence.version,
        )
    return occurrence


def _put(cycle: Cycle, *changed: Occurrence) -> Cycle:
    return replace(cycle, occurrences={**cycle.occurrences, **{each.key: each for each in changed}})


def _apply_to_step(cycle: Cycle, old: Occurrence, event: happened.StepEvent, today: date) -> Occurrence:
    match event:
        case happened.StepStarted():
            return _start(cycle, old, event, today)
        case happened.StepFinished():
            return _finish(cycle, old, event, today)
        case happened.PartnerAsked():
            if event.role not in cycle.definition.roles:
                close = find_close(event.role, cycle.definition.roles)
                raise NotFound(
                    f"no role '{event.role}'",
                    code="unknown-role",
                    hint=f"did you mean '{close[0]}'?" if close else "",
                    role=event.role,
                    close=close,
                    options={role.id: role.title for role in cycle.definition.roles.values()},
                )
            next_state(old.key, old.state, Verb.ASK_PARTNER)
            return replace(old, started_on=old.started_on or today, waiting_for=event.role, for_decision=False)
        case happened.PutForDecision():
            next_state(old.key, old.state, Verb.PUT_FOR_DECISION)
            return replace(old, started_on=old.started_on or today, for_decision=True, waiting_for=None)
        case happened.WorkResumed():
            next_state(old.key, old.state, Verb.RESUME)
            return replace(old, waiting_for=None, for_decision=False)
        case happened.GateDecided():
            return _decide(cycle, old, event, today)
        case happened.StepWaived():
            next_state(old.key, old.state, Verb.WAIVE)
            reason = _reason(event.reason, old.key)
            if not (approver := event.approved_by.strip()):
                raise Refused(f"who approved that '{old.key}' is waived?", code="approver-missing")
            return replace(old, out_state=State.WAIVED, out=f"{reason} ({approver})", **_ALL_ANSWERED)
        case happened.StepTakenUpAgain():
            next_state(old.key, old.state, Verb.UNWAIVE)
            return replace(old, out_state=None, out="")
        case happened.StepWithdrawn():
            next_state(old.key, old.state, Verb.WITHDRAW)
            return replace(old, out_state=State.WITHDRAWN, out=_reason(event.reason, old.key), **_ALL_ANSWERED)
        case happened.DatePromised():
            next_state(old.key, old.state, Verb.PROMISE)
            if event.on is not None and event.on < today:
                raise Refused(
                    f"cannot promise '{old.key}' for {event.on}: that day is past",
                    code="date-in-the-past",
                    on=event.on,
                    deed="promise",
                )
            return replace(old, promised_on=event.on, declined=False, **_NO_PROPOSAL)
        case happened.DateProposed():
            return _propose(old, event, today)
        case happened.ProposalAnswered():
            return _answer_proposal(old, event, today)
        case happened.HandedToColleague():
            next_state(old.key, old.state, Verb.ASSIGN)
            if event.to == old.assigned_to:
                if event.to is None:
                    raise Refused(f"'{old.key}' was handed to nobody", code="not-assigned")
                raise Refused(f"'{old.key}' is theirs already", code="already-assigned")
            return replace(old, assigned_to=event.to, declined=False)
        case happened.StepDeclined():
            next_state(old.key, old.state, Verb.DECLINE)
            _reason(event.reason, old.key)
            if old.declined:
                raise Refused(f"'{old.key}' was declined already", code="already-declined", hint="the lead has it")
            return replace(old, declined=True)
        case happened.QuestionAsked():
            next_state(old.key, old.state, Verb.ASK_QUESTION)
            _text(event.text, old.key)
            return replace(old, askers=tuple(dict.fromkeys((*old.askers, event.by))))
        case happened.QuestionAnswered():
            next_state(old.key, old.state, Verb.ANSWER_QUESTION)
            if not (old.askers or old.declined):
                raise Refused(f"nobody asked anything about '{old.key}'", code="no-question")
            _text(event.text, old.key)
            return replace(old, askers=(), declined=False)
        case happened.DatePinned():
            return _pin(old, event)
        case happened.ClockStopped():
            return _stop_clock(cycle, old, event, today)
        case happened.ClockResumed():
            return _resume_clock(old, event, today)
        case happened.TermExtended():
            next_state(old.key, old.state, Verb.EXTEND)
            if not any(case.value.extension for case in cycle.definition.steps[old.step].terms):
                raise Refused(f"the term of '{old.key}' has no extension", code="no-extension")
            _reason(event.reason, old.key)
            return replace(old, extended=True)
        case happened.LinkRevoked():
            _reason(event.reason, old.key)
            return old
        case _:
            raise TypeError(f"no rule for {type(event).__name__}")


def _start(cycle: Cycle, old: Occurrence, event: happened.StepStarted, today: date) -> Occurrence:
    _refuse_when_not_ready(cycle, old, Verb.START, today)
    next_state(old.key, old.state, Verb.START)
    started_on = _past(event.on, today, old.key, since=_first_day(cycle))
    return replace(old, started_on=started_on, declined=False, evidence=(*old.evidence, *event.evidence))


def _finish(cycle: Cycle, old: Occurrence, event: happened.StepFinished, today: date) -> Occurrence:
    step = cycle.definition.steps[old.step]
    _refuse_when_not_ready(cycle, old, Verb.FINISH, today)
    if step.gate is not None and old.state.is_open:
        outcomes = ", ".join(step.gate.outcomes)
        raise Refused(
            f"'{old.key}' is a gate: it ends with a decision",
            code="gate-needs-decision",
            hint=f"decide: {outcomes}",
            options=_titles(step.gate),
        )
    next_state(old.key, old.state, Verb.FINISH)
    _refuse_when_held_back(cycle, old, Verb.FINISH, today)
    evidence = (*old.evidence, *event.evidence)
    if step.evidence is EvidenceRule.REQUIRED and not evidence:
        raise Refused(f"'{old.key}' needs evidence", code="evidence-missing", hint="give a link or a document")
    finished_on = _past(event.on, today, old.key, since=_first_day(cycle))
    return replace(
        old,
        started_on=min(old.started_on, finished_on) if old.started_on else None,
        finished_on=finished_on,
        evidence=evidence,
        waiting_for=None,
        for_decision=False,
        promised_on=None,
        **_ALL_ANSWERED,
    )


def _decide(cycle: Cycle, old: Occurrence, event: happened.GateDecided, today: date) -> Occurrence:
    gate = cycle.definition.steps[old.step].gate
    if gate is None:
        raise Refused(f"'{old.key}' is no gate", code="not-a-gate", hint="finish it instead")
    outcome = gate.outcomes.get(event.outcome)
    if outcome is None:
        raise Refused(
            f"'{old.key}' has no outcome '{event.outcome}'",
            code="unknown-outcome",
            hint=f"one of: {', '.join(gate.outcomes)}",
            outcome=event.outcome,
            options=_titles(gate),
        )
    _refuse_when_not_ready(cycle, old, Verb.DECIDE, today)
    next_state(old.key, old.state, Verb.DECIDE)
    if not event.decided_by.strip():
        raise Refused(f"who decided '{old.key}'?", code="decider-missing", hint="name the decider")
    on = _past(event.on, today, old.key, since=_first_day(cycle))
    if outcome.effect in (Effect.WAITS, Effect.STAYS_CLOSED):
        return _hold(old, event, outcome, today)
    _refuse_when_held_back(cycle, old, Verb.DECIDE, today)
    _reason_for(event, outcome, old.key)
    evidence = (*old.evidence, *((event.document,) if event.document else ()))
    return replace(
        old,
        outcome=outcome.id,
        finished_on=on,
        held_until=None,
        for_decision=False,
        waiting_for=None,
        evidence=evidence,
        **_ALL_ANSWERED,
    )


def _hold(old: Occurrence, event: happened.GateDecided, outcome: Outcome, today: date) -> Occurrence:
    _reason_for(event, outcome, old.key)
    if outcome.effect is Effect.WAITS and event.held_until is None:
        raise Refused(f"until when is '{old.key}' held?", code="new-date-missing", hint="give the new date")
    if event.held_until is not None and event.held_until <= today:
        raise Refused(
            f"'{old.key}' cannot be held until {event.held_until}: that day is past",
            code="date-in-the-past",
            on=event.held_until,
            deed="hold",
        )
    return replace(old, outcome=outcome.id, held_until=event.held_until, for_decision=False, waiting_for=None)


def _titles(gate: Gate) -> dict[str, Text]:
    return {outcome.id: outcome.title for outcome in gate.outcomes.values()}


def _reason_for(event: happened.GateDecided, outcome: Outcome, key: OccurrenceKey) -> None:
    if outcome.effect is not Effect.OPENS:
        _reason(event.reason, key)


def _propose(old: Occurrence, event: happened.DateProposed, today: date) -> Occurrence:
    next_state(old.key, old.state, Verb.PROPOSE)
    if event.on < today:
        raise Refused(
            f"cannot propose {event.on} for '{old.key}': that day is past",
            code="date-in-the-past",
            on=event.on,
            deed="propose",
        )
    return replace(old, proposed_on=event.on, proposal_reason=_reason(event.reason, old.key), declined=False)


def _answer_proposal(old: Occurrence, event: happened.ProposalAnswered, today: date) -> Occurrence:
    next_state(old.key, old.state, Verb.ANSWER_PROPOSAL)
    if old.proposed_on is None:
        raise Refused(f"no date was proposed for '{old.key}'", code="no-proposal")
    if not event.accepted:
        _reason(event.reason, old.key)
        return replace(old, **_NO_PROPOSAL)
    if old.proposed_on < today:
        raise Refused(
            f"cannot agree with {old.proposed_on} for '{old.key}': that day is past",
            code="date-in-the-past",
            on=old.proposed_on,
            deed="accept",
        )
    return replace(old, promised_on=old.proposed_on, **_NO_PROPOSAL)


def _text(text: str, key: OccurrenceKey) -> None:
    if not text.strip():
        raise Refused(f"what is said about '{key}'?", code="text-missing", hint="write a question or an answer")


def _pin(old: Occurrence, event: happened.DatePinned) -> Occurrence:
    next_state(old.key, old.state, Verb.PIN)
    if event.start_on and event.finish_on and event.finish_on < event.start_on:
        raise Refused(
            f"'{old.key}' cannot finish {event.finish_on}, before it starts {event.start_on}",
            code="dates-reversed",
            start_on=event.start_on,
            finish_on=event.finish_on,
        )
    if event.start_on and old.started_on:
        raise Refused(
            f"'{old.key}' started on {old.started_on}",
            code="already-started",
            hint="pin the finish instead",
            started_on=old.started_on,
        )
    if event.start_on or event.finish_on:
        _reason(event.reason, old.key)
    elif old.pinned_start is None and old.pinned_finish is None:
        raise Refused(f"no date of '{old.key}' is pinned", code="not-pinned")
    return replace(old, pinned_start=event.start_on, pinned_finish=event.finish_on, pin_reason=event.reason)


def _stop_clock(cycle: Cycle, old: Occurrence, event: happened.ClockStopped, today: date) -> Occurrence:
    next_state(old.key, old.state, Verb.STOP_CLOCK)
    if not cycle.definition.steps[old.step].terms:
        raise Refused(f"'{old.key}' has no statutory term", code="no-term")
    if any(each.ends_on is None for each in old.suspensions):
        raise Refused(f"the term of '{old.key}' stands still already", code="already-suspended")
    if event.on is not None and event.requested_on is not None:
        raise Refused(
            f"does the term of '{old.key}' stand still after a request on {event.requested_on}, or from {event.on} on?",
            code="two-days-said",
            hint="give one of the two days",
            requested_on=event.requested_on,
            on=event.on,
        )
    if event.on is not None:
        begins = _past(event.on, today, old.key)
    else:
        begins = _past(event.requested_on, today, old.key) + ONE_DAY
    return replace(old, suspensions=(*old.suspensions, Suspension(begins, None, _reason(event.reason, old.key))))


def _resume_clock(old: Occurrence, event: happened.ClockResumed, today: date) -> Occurrence:
    next_state(old.key, old.state, Verb.START_CLOCK)
    if not old.suspensions or old.suspensions[-1].ends_on is not None:
        raise Refused(f"the term of '{old.key}' does not stand still", code="not-suspended")
    last = old.suspensions[-1]
    ends = _past(event.on, today, old.key)
    if ends < last.begins_on - ONE_DAY:  # completed on the day of the request itself: it never stood still
        raise Refused(
            f"the term of '{old.key}' stood still from {last.begins_on}",
            code="dates-reversed",
            since=last.begins_on,
            on=ends,
        )
    stood_still = Suspension(last.begins_on, max(ends, last.begins_on), last.reason)
    return replace(old, suspensions=(*old.suspensions[:-1], stood_still))


def _reopen(cycle: Cycle, event: happened.StepReopened) -> Cycle:
    """Reopen a finished step; what depended on it is reopened as the person said.

    Raises:
        Refused: ``dependents-undecided`` names what builds on it when nobody said what to do with that.
    """
    old = _find(cycle, event)
    next_state(old.key, old.state, Verb.REOPEN)
    _reason(event.reason, old.key)
    dependents = find_dependents(cycle, old.key)
    if event.also is None and dependents:
        names = ", ".join(str(key) for key in dependents)
        raise Refused(
            f"'{old.key}' has dependents that were started or finished: {names}",
            code="dependents-undecided",
            hint="say which of them to reopen too; none is an answer",
            dependents=[str(key) for key in dependents],
        )
    also = event.also or ()
    for key in also:
        if key not in dependents:
            raise Refused(f"'{key}' does not depend on '{old.key}'", code="not-a-dependent", other=str(key))
    return _put(cycle, *(_reopened(cycle.occurrences[key]) for key in (old.key, *also)))


def _reopened(old: Occurrence) -> Occurrence:
    return replace(old, finished_on=None, outcome=None, kept_from=None)


def _move_anchor(cycle: Cycle, event: happened.AnchorMoved, today: date) -> Cycle:
    if event.anchor not in cycle.definition.anchors:
        known = ", ".join(cycle.definition.anchors)
        close = find_close(event.anchor, cycle.definition.anchors)
        raise NotFound(
            f"no anchor '{event.anchor}'",
            code="unknown-anchor",
            hint=f"did you mean '{close[0]}'?" if close else f"one of: {known}",
            close=close,
            options={anchor.id: anchor.title for anchor in cycle.definition.anchors.values()},
        )
    dates = cycle.anchors.get(event.anchor, AnchorDates())
    if event.seen is not None and event.seen != dates:
        raise Conflict(
            f"anchor '{event.anchor}' was changed by somebody else: it is on {dates.counts or 'no date'} now",
            code="anchor-changed",
            hint="look at it again, then decide",
            on=dates.counts,
        )
    if dates.actual is not None:
        raise Refused(
            f"anchor '{event.anchor}' happened on {dates.actual}",
            code="anchor-happened",
            happened_on=dates.actual,
        )
    if event.target is not None and event.target == dates.target:
        raise Refused(f"anchor '{event.anchor}' is on {dates.target} already", code="anchor-unmoved", on=dates.target)
    if event.target is None and cycle.definition.anchors[event.anchor].target_required:
        raise Refused(f"anchor '{event.anchor}' needs a target", code="target-missing")
    if event.target is not None and event.target < today and event.anchor != cycle.definition.start_anchor:
        raise Refused(
            f"anchor '{event.anchor}' cannot move to {event.target}: that day is past",
            code="date-in-the-past",
            on=event.target,
        )
    return replace(cycle, anchors={**cycle.anchors, event.anchor: AnchorDates(event.target)})


def _change_items(cycle: Cycle, event: happened.ItemsChanged) -> Cycle:
    if event.list not in cycle.definition.lists:
        raise NotFound(
            f"no list '{event.list}'",
            code="unknown-list",
            hint=f"one of: {', '.join(cycle.definition.lists)}",
            options={each.id: each.title for each in cycle.definition.lists.values()},
        )
    items = cycle.items.get(event.list, ())
    if event.seen is not None and event.seen != items:
        raise Conflict(
            f"list '{event.list}' was changed by somebody else: it has {len(items)} items now",
            code="list-changed",
            hint="look at it again, then decide",
            items=len(items),
        )
    keys = [item.key for item in event.items]
    bad = [key for key in keys if not key or key.isdigit() or keys.count(key) > 1]
    if bad:
        raise Refused(
            f"item key '{bad[0]}' of '{event.list}' is empty, a number or there twice",
            code="bad-item-key",
            item=bad[0],
        )
    return replace(cycle, items={**cycle.items, event.list: event.items})


def _close(cycle: Cycle, event: happened.CycleClosed) -> Cycle:
    """End the cycle; what is open is withdrawn, what was done or decided stays as it is."""
    reason = event.reason.strip()
    if not reason:
        raise Refused(f"say why cycle {cycle.number} ends", code="reason-missing", cycle=cycle.number)
    withdrawn = []
    for each in cycle.occurrences.values():
        if each.is_out or each.is_done:
            continue
        next_state(each.key, each.state, Verb.WITHDRAW)
        withdrawn.append(replace(each, out_state=State.WITHDRAWN, out=reason))
    return replace(_put(cycle, *withdrawn), state=CycleState.ENDED, ended_because=reason)


def _refuse_when_not_ready(cycle: Cycle, old: Occurrence, verb: Verb, today: date) -> None:
    if old.state is not State.NOT_YET:
        return
    waiting = find_holding_back_start(cycle, old.key, today)
    names = ", ".join(str(key) for key in waiting)
    raise Refused(
        f"cannot {verb} '{old.key}' yet",
        code="step-not-ready",
        hint=f"it waits for: {names}" if names else "it opens on a later day",
        verb=verb.value,
        waits_for=[str(key) for key in waiting],
        unfinished=[str(key) for key in waiting if not cycle.occurrences[key].is_done],
    )


def _refuse_when_held_back(cycle: Cycle, old: Occurrence, verb: Verb, today: date) -> None:
    waiting = find_holding_back_finish(cycle, old.key, today)
    if waiting:
        names = ", ".join(str(key) for key in waiting)
        raise Refused(
            f"cannot {verb} '{old.key}' yet",
            code="finish-held-back",
            hint=f"these must finish first: {names}",
            waits_for=[str(key) for key in waiting],
            unfinished=[str(key) for key in waiting if not cycle.occurrences[key].is_done],
        )


def _past(on: date | None, today: date, key: OccurrenceKey, *, since: date | None = None) -> date:
    """A day on which something happened: today when not said, never in the future nor before the cycle began."""
    if on is not None and on > today:
        raise Refused(
            f"'{key}' cannot have happened on {on}: today is {today}",
            code="date-in-the-future",
            on=on,
            today=today,
        )
    if on is not None and since is not None and on < since:
        raise Refused(
            f"'{key}' cannot have happened on {on}: the cycle began on {since}",
            code="date-before-cycle",
            on=on,
            since=since,
        )
    return on or today


def _first_day(cycle: Cycle) -> date | None:
    dates = cycle.anchors.get(cycle.definition.start_anchor, AnchorDates())
    return dates.actual or dates.target


def _reason(reason: str, key: OccurrenceKey) -> str:
    if not reason.strip():
        raise Refused(f"say why, for '{key}'", code="reason-missing")
    return reason.strip()
