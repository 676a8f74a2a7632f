"""The ball clock: on which days whose turn it was, from what happened to one step. Values in, values out.

A day belongs to whom the turn was with at its end: who answers on the day that they were asked held nobody up.
The last day of a stretch is the day before the turn went on; the stretch that runs ends today.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple


class Turn(StrEnum):
    """``nobody``: it can not begin yet, or it is over. ``earlier``: of a partner who handed it over since."""

    NOBODY = "nobody"
    EARLIER = "earlier"
    PARTNER = "partner"
    LEAD = "lead"
    DECIDER = "decider"


class Deed(StrEnum):
    """What happened, as far as it gives the turn to somebody.

    ``RELEASED``: what it waits for is there; ``LOCKED``: it has to wait again. ``ASKED_LEAD`` is a proposal, a
    question or "not ours"; ``ANSWERED`` is an answer to one of them. ``HANDED_OVER``: another person does it from
    that day on. ``ENDED``: done, waived or withdrawn.
    """

    RELEASED = "released"
    LOCKED = "locked"
    ASKED_LEAD = "asked the lead"
    ANSWERED = "answered by the lead"
    HANDED_OVER = "handed over"
    PUT_UP = "put up for decision"
    CAME_BACK = "came back without a decision"
    ENDED = "ended"
    REOPENED = "reopened"


class Happened(NamedTuple):
    on: date
    deed: Deed


class Stretch(NamedTuple):
    """First and last day inclusive."""

    begins_on: date
    ends_on: date
    turn: Turn

    @property
    def days(self) -> int:
        return (self.ends_on - self.begins_on).days + 1


class _Standing:
    """How many answers are open, and whether the step can be worked on, is on a table, is over."""

    def __init__(self) -> None:
        self.is_released = self.is_up = self.is_over = False
        self.open_asks = 0

    def hear(self, deed: Deed) -> None:
        match deed:
            case Deed.RELEASED | Deed.LOCKED:
                self.is_released = deed is Deed.RELEASED
            case Deed.ASKED_LEAD:
                self.open_asks += 1
            case Deed.ANSWERED:
                self.open_asks = max(self.open_asks - 1, 0)
            case Deed.PUT_UP | Deed.CAME_BACK:
                self.is_up = deed is Deed.PUT_UP
            case Deed.HANDED_OVER:
                pass
            case Deed.ENDED:
                self.is_over, self.is_up, self.open_asks = True, False, 0
            case Deed.REOPENED:
                self.is_over, self.is_released = False, True

    @property
    def turn(self) -> Turn:
        """A question waits for the lead also before the step can begin; a decider waits for no question."""
        if self.is_over:
            return Turn.NOBODY
        if self.is_up:
            return Turn.DECIDER
        if self.open_asks:
            return Turn.LEAD
        return Turn.PARTNER if self.is_released else Turn.NOBODY


def turns_of(history: Iterable[Happened], begins_on: date, today: date) -> tuple[Stretch, ...]:
    """Say for each day from ``begins_on`` to today, both inclusive, whose turn it was.

    Args:
        history: in the order in which it happened; what is of before ``begins_on`` counts from that day on, what
            is of after today not yet.
        begins_on: the day on which the plan made the step.

    Raises:
        ValueError: the history goes back in time.

    >>> D = date.fromisoformat
    >>> [(str(each.begins_on), each.days, each.turn.value) for each in turns_of(
    ...     [Happened(D("2027-01-06"), Deed.RELEASED), Happened(D("2027-01-08"), Deed.ASKED_LEAD)],
    ...     D("2027-01-04"), D("2027-01-10"))]
    [('2027-01-04', 2, 'nobody'), ('2027-01-06', 2, 'partner'), ('2027-01-08', 3, 'lead')]
    """
    if today < begins_on:
        return ()
    standing = _Standing()
    found: list[tuple[date, Turn]] = [(begins_on, standing.turn)]
    last = date.min
    for each in history:
        if each.on < last:
            raise ValueError(f"the history goes back from {last} to {each.on}")
        last = each.on
        if each.on > today:
            break
        standing.hear(each.deed)
        day = max(each.on, begins_on)
        if found[-1][0] == day:
            found.pop()
        if each.deed is Deed.HANDED_OVER:
            found = [(on, Turn.EARLIER if turn is Turn.PARTNER else turn) for on, turn in found]
        if not found or found[-1][1] is not standing.turn:
            found.append((day, standing.turn))
    ends = [day - timedelta(days=1) for day, _ in found[1:]] + [today]
    return tuple(Stretch(day, end, turn) for (day, turn), end in zip(found, ends, strict=True))


def days_of(stretches: Iterable[Stretch]) -> dict[Turn, int]:
    """Count the calendar days that each had the turn."""
    counts = dict.fromkeys(Turn, 0)
    for each in stretches:
        counts[each.turn] += each.days
    return counts
