"""Whose turn it was on which days, read from the record of a traject: the ball clock of one step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from regie.core.engine import local_day
from regie.core.ids import OccurrenceKey
from regie.core.traject import OUT_STATES, State
from regie.core.turns import Deed, Happened, Stretch, turns_of
from regie.store.history import HistoryEntry

_ASKS = {"DateProposed": "date", "QuestionAsked": "question", "StepDeclined": "declined"}
"""What asks the lead for an answer: each is open until it is answered, however often it is asked."""

_ANSWERS = {
    "ProposalAnswered": ("date",),
    "DatePromised": ("date", "declined"),
    "QuestionAnswered": ("question", "declined"),
    "HandedToColleague": ("declined",),
    "StepStarted": ("declined",),
    "DateProposed": ("declined",),
}
"""What each deed takes away of it, before it asks something itself."""


def ball_clock(
    entries: Iterable[HistoryEntry], cycle: int, key: OccurrenceKey, zone: str, today: date
) -> tuple[Stretch, ...]:
    """Say for each day since a step came to be, up to today, whose turn it was; empty when the record does not know it.

    Args:
        entries: of its traject, oldest first.
        zone: in which days are counted.
    """
    found = list(_deeds(entries, cycle, key, zone))
    return turns_of(found, found[0].on, today) if found else ()


def _deeds(entries: Iterable[HistoryEntry], cycle: int, key: OccurrenceKey, zone: str) -> Iterator[Happened]:
    open_asks: set[str] = set()
    last = date.min
    for each in entries:
        day = last = max(local_day(each.at, zone), last)  # a clock that stepped back turns no day back
        for number, name, before, after, *_ in each.payload["transitions"]:
            if (number, name) == (cycle, str(key)):
                came_from = State(before) if before else None
                for deed in _of_states(came_from, State(after)):
                    if deed is Deed.ENDED:
                        open_asks.clear()
                    yield Happened(day, deed)
        if each.payload["cycle"] == cycle and each.payload["event"].get("key") == list(key):
            for kind in _ANSWERS.get(each.event, ()):
                if kind in open_asks:
                    open_asks.discard(kind)
                    yield Happened(day, Deed.ANSWERED)
            if each.event == "HandedToColleague":
                yield Happened(day, Deed.HANDED_OVER)
            asked = _ASKS.get(each.event)
            if asked is not None and asked not in open_asks:
                open_asks.add(asked)
                yield Happened(day, Deed.ASKED_LEAD)


def _of_states(before: State | None, after: State) -> Iterator[Deed]:
    was_over = before is not None and (before in OUT_STATES or before is State.DONE)
    if after in OUT_STATES or after is State.DONE:
        yield Deed.ENDED
        return
    if was_over:
        yield Deed.REOPENED
    if before is State.FOR_DECISION:
        yield Deed.CAME_BACK
    if after is State.NOT_YET:
        yield Deed.LOCKED
    elif before in (None, State.NOT_YET):
        yield Deed.RELEASED
    if after is State.FOR_DECISION:
        yield Deed.PUT_UP
