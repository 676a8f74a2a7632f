"""What other programs hear of a change: kinds, ids and states. Pure, and without a word that a person typed.

The names are those of the CloudEvents that leave the building, so they are Dutch, in the past tense, and for ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from regie.core import events as happened
from regie.core.changes import Changes
from regie.core.ids import OccurrenceKey
from regie.core.messages import is_secret
from regie.core.traject import CycleState, State, Traject


class Announced(StrEnum):
    """What can be heard. What is not here stays inside: remarks, links, files, people."""

    CYCLE_STARTED = "doorloop-begonnen"
    CYCLE_ENDED = "doorloop-beeindigd"
    STEP_SET_BACK = "stap-teruggezet"
    STEP_CAME_UP = "stap-aan-de-beurt-gekomen"
    STEP_STARTED = "stap-begonnen"
    PARTNER_ASKED = "stap-aan-partner-gevraagd"
    PUT_FOR_DECISION = "stap-ter-besluit-voorgelegd"
    STEP_FINISHED = "stap-afgerond"
    STEP_NOT_APPLICABLE = "stap-niet-van-toepassing-geworden"
    STEP_WAIVED = "stap-overgeslagen"
    STEP_DROPPED = "stap-vervallen"
    STEP_WITHDRAWN = "stap-ingetrokken"
    GATE_DECIDED = "besluit-genomen"
    DATE_PROPOSED = "datum-voorgesteld"
    PROPOSAL_ANSWERED = "datumvoorstel-beantwoord"
    DATE_PROMISED = "datum-toegezegd"
    DATE_PINNED = "datum-vastgezet"
    STEP_HANDED_OVER = "stap-overgedragen"
    STEP_DECLINED = "stap-afgewezen"
    TERM_STOPPED = "termijn-opgeschort"
    TERM_RESUMED = "termijn-hervat"
    TERM_EXTENDED = "termijn-verlengd"
    ANCHOR_MOVED = "ankerdatum-verzet"
    LIST_CHANGED = "lijst-gewijzigd"


@dataclass(frozen=True, slots=True)
class Announcement:
    """One thing to tell.

    Args:
        key: the step that it is about; None when it is about the traject.
        facts: ids, states, dates and numbers, as they go out.
    """

    kind: Announced
    cycle: int
    key: OccurrenceKey | None = None
    facts: Mapping[str, object] = field(default_factory=dict)


_INTO: Mapping[State, Announced] = {
    State.NOT_YET: Announced.STEP_SET_BACK,
    State.READY: Announced.STEP_CAME_UP,
    State.IN_PROGRESS: Announced.STEP_STARTED,
    State.WAITING_FOR_PARTNER: Announced.PARTNER_ASKED,
    State.FOR_DECISION: Announced.PUT_FOR_DECISION,
    State.DONE: Announced.STEP_FINISHED,
    State.NOT_APPLICABLE: Announced.STEP_NOT_APPLICABLE,
    State.WAIVED: Announced.STEP_WAIVED,
    State.DROPPED: Announced.STEP_DROPPED,
    State.WITHDRAWN: Announced.STEP_WITHDRAWN,
}


def announce(before: Traject, changes: Changes) -> tuple[Announcement, ...]:
    """Give what a change has other programs hear, in order: what was done first, then what followed.

    Of a step that is confidential until an anchor nothing is told before that anchor: what is heard leaves the building.
    A step that comes to be, and does not take part or waits for its turn, is no news.
    """
    return tuple(each for each in _all(before, changes) if not _stays_inside(changes.traject, each))


def _all(before: Traject, changes: Changes) -> Iterator[Announcement]:
    event = changes.event
    if isinstance(event, happened.CycleStarted):
        yield Announcement(Announced.CYCLE_STARTED, event.cycle)
    own = _of_event(event)
    if own is not None:
        yield own
    for each in changes.transitions:
        is_quiet = each.before is None and each.after in (State.NOT_YET, State.NOT_APPLICABLE, State.DROPPED)
        if not is_quiet:
            facts = {"toestand": each.after.value, "vorigeToestand": each.before.value if each.before else None}
            yield Announcement(_INTO[each.after], each.cycle, each.key, facts)
    for passed in changes.cycles:
        old = before.cycle(passed.number)
        if old is not None and old.state is CycleState.RUNNING and passed.state is not CycleState.RUNNING:
            yield Announcement(Announced.CYCLE_ENDED, passed.number, facts={"toestand": passed.state.value})


def _of_event(event: happened.Event) -> Announcement | None:
    """What somebody did that no change of state tells."""
    told: tuple[Announced, dict[str, object]] | None = None
    match event:
        case happened.GateDecided():
            told = Announced.GATE_DECIDED, {"uitkomst": event.outcome, "aangehoudenTot": event.held_until}
        case happened.DateProposed():
            told = Announced.DATE_PROPOSED, {"datum": event.on}
        case happened.ProposalAnswered():
            told = Announced.PROPOSAL_ANSWERED, {"akkoord": event.accepted}
        case happened.DatePromised():
            told = Announced.DATE_PROMISED, {"datum": event.on}
        case happened.DatePinned():
            told = Announced.DATE_PINNED, {"begin": event.start_on, "einde": event.finish_on}
        case happened.HandedToColleague():
            told = Announced.STEP_HANDED_OVER, {"terugNaarRol": event.to is None}
        case happened.StepDeclined():
            told = Announced.STEP_DECLINED, {}
        case happened.ClockStopped():
            told = Announced.TERM_STOPPED, {}
        case happened.ClockResumed():
            told = Announced.TERM_RESUMED, {}
        case happened.TermExtended():
            told = Announced.TERM_EXTENDED, {}
        case happened.AnchorMoved():
            return Announcement(
                Announced.ANCHOR_MOVED, event.cycle, facts={"anker": event.anchor, "datum": event.target}
            )
        case happened.ItemsChanged():
            facts = {"lijst": event.list, "aantal": len(event.items)}
            return Announcement(Announced.LIST_CHANGED, event.cycle, facts=facts)
        case _:
            return None
    assert isinstance(event, happened.StepEvent)  # all that are left are about a step
    return Announcement(told[0], event.cycle, event.key, told[1])


def _stays_inside(traject: Traject, announcement: Announcement) -> bool:
    cycle = traject.cycle(announcement.cycle)
    if cycle is None or announcement.key is None:
        return False
    step = cycle.definition.steps.get(announcement.key.step)
    return step is not None and is_secret(step, cycle.anchors)
