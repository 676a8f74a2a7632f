"""What Regie promises, in plain dicts and sets: written from the promises, knowing nothing of how they are kept.

It says which steps can be worked on, at which stage a step is on a day, what may be told in a sweep, and which
message may be handed over. Working days are Monday to Friday.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

NEEDS = {"a": (), "b": ("a",), "c": ("b",), "d": (), "e": ("c", "d")}
RESPONSIBLE = {"a": "maker", "b": "ander", "c": "baas", "d": "ander", "e": "maker"}
GATES = frozenset({"c"})
KEPT_IN_A_RERUN = frozenset({"a"})
DROPPED_IN_A_RERUN = frozenset({"d"})
REMIND_WORKING_DAYS = 5
LATE_SWEEP = timedelta(days=14)
STAGES = frozenset({"ready", "due-soon", "decision-needed", "due", "overdue"})

ENDED = frozenset({"sent", "withdrawn", "expired"})
"""Of these no message ever comes back."""


def working_days(day: date, amount: int) -> date:
    """Move a day by an amount of working days, one at a time."""
    one = timedelta(days=1 if amount > 0 else -1)
    while amount:
        day += one
        if day.weekday() < 5:
            amount -= 1 if one.days > 0 else -1
    return day


@dataclass
class Said:
    """What was said of one step and not answered, and to whom it was handed over: nothing of it moves a date."""

    proposed: date | None = None
    declined: bool = False
    asked: bool = False
    handed_to: str | None = None

    def is_over(self) -> None:
        """The step is done or left out: nothing waits for an answer any more; whose it was stays known."""
        self.proposed, self.declined, self.asked = None, False, False


@dataclass
class Work:
    """One cycle of a traject: what people did and decided, nothing that follows from it."""

    start: date
    opening: date
    done: dict[str, date] = field(default_factory=dict)
    waived: set[str] = field(default_factory=set)
    dropped: frozenset[str] = frozenset()
    follows: str = ""
    seen: dict[str, str] = field(default_factory=dict)
    rounds: dict[str, date] = field(default_factory=dict)
    said: dict[str, Said] = field(default_factory=lambda: {step: Said() for step in NEEDS})

    def note_rounds(self, today: date) -> None:
        """Note of each step on which day it last began anew: it is open again, or has to wait again."""
        for step in NEEDS:
            was, is_now = self.seen.get(step, ""), self.state(step)
            if (was == "ready" and is_now == "not yet") or (was in ("done", "waived") and self.is_open(step)):
                self.rounds[step] = today
            self.seen[step] = is_now

    def rerun(self, start: date, opening: date, follows: str) -> Work:
        """The next cycle: what is kept counts as done when it was done, what is dropped is left out."""
        kept = {step: day for step, day in self.done.items() if step in KEPT_IN_A_RERUN}
        return Work(start, opening, kept, dropped=DROPPED_IN_A_RERUN, follows=follows)

    def is_ready(self, step: str) -> bool:
        return self.is_open(step) and not any(self.is_open(need) for need in NEEDS[step])

    def is_open(self, step: str) -> bool:
        return step not in self.done and step not in self.waived and step not in self.dropped

    def state(self, step: str) -> str:
        if step in self.done:
            return "done"
        if step in self.waived:
            return "waived"
        if step in self.dropped:
            return "dropped"
        return "ready" if self.is_ready(step) else "not yet"

    def due(self, step: str) -> date:
        match step:
            case "a":
                return working_days(self.start, 5)
            case "b":
                return working_days(self.start, 20)
            case "c":
                return working_days(self.opening, -3)
            case "d":
                return working_days(self.opening, -10)
            case _:
                return self.opening

    def stage(self, step: str, today: date) -> str:
        """The one thing that is true of an open step on a day."""
        due = self.due(step)
        if today > due:
            return "overdue"
        if today == due:
            return "due"
        if today >= working_days(due, -REMIND_WORKING_DAYS):
            return "decision-needed" if step in GATES else "due-soon"
        return "ready"

    def may_be_told_in_a_sweep(self, step: str, kind: str, asked_on: set[date], today: date) -> bool:
        """Whether a sweep may tell this of a step.

        Args:
            asked_on: the days before, on which it was told that it can start.
        """
        if not self.is_open(step):
            return False
        if not self.is_ready(step):
            return kind == "overdue" == self.stage(step, today)
        if kind == "ready" and today >= self.due(step):
            # who did not hear in this round that it can start, hears that first, also when its date has come
            return not any(day >= self.rounds.get(step, self.start) for day in asked_on)
        return kind in (self.stage(step, today), "ready")

    def says_enough(self, step: str, told: set[tuple[str, str, date]], today: date) -> bool:
        """Whether of a step that can be worked on its stage of today was told, about the date of today.

        Args:
            told: kind, due date, and the day on which it was told.
        """
        stage, due = self.stage(step, today), self.due(step)
        if any((kind, about) == (stage, due.isoformat()) for kind, about, _ in told):
            return True
        escalated = any(kind.startswith("escalated") and about == due.isoformat() for kind, about, _ in told)
        if stage == "overdue" and escalated and self.said[step].declined:
            return True  # the lead hears it in place of the role, and of two things about one step the stronger
        if stage in ("due", "overdue"):
            # who first hears that it can start when its date has come, hears that, and the date with it
            return any((kind, about) == ("ready", due.isoformat()) and day >= due for kind, about, day in told)
        return stage in ("ready", "due-soon") and any(kind == "ready" for kind, _, _ in told)


@dataclass
class Letter:
    """One message: how its hand-overs ended, since a person last said that it may leave."""

    status: str = "pending"
    accepted: bool = False
    in_doubt: int = 0
    gone: bool = False
    was_held: bool = False

    def hand_over(self, outcome: str) -> None:
        """The channel was called: it must have been allowed.

        Args:
            outcome: ``accepted``, ``refused``, ``refused-for-good``, ``uncertain``, or ``lost``: the process
                died before it had noted how it went.
        """
        assert not self.accepted, "handed over again after it was accepted"
        assert self.in_doubt < 2, "handed over a third time while nobody knows about two"
        assert not self.gone, "handed over after a refusal for good"
        assert self.status not in ENDED | {"held"}, f"handed over while {self.status}"
        self.accepted = outcome == "accepted"
        self.gone = outcome == "refused-for-good"
        self.in_doubt += outcome in ("uncertain", "lost")

    def consent(self) -> None:
        """A person said that it may leave again."""
        self.accepted, self.in_doubt, self.gone = False, 0, False

    def becomes(self, status: str) -> None:
        """It is found in a state: it must be one that it may come to."""
        assert self.status not in ENDED or status == self.status, f"was {self.status}, is {status}"
        assert status != "held" or self.status == "held", "held after it was on its way"
        if self.accepted:
            assert status == "sent", f"accepted, yet {status}"
        else:
            assert status != "sent", "sent, yet never accepted"
        if self.gone:
            assert status == "failed", f"refused for good, yet {status}"
        if self.in_doubt == 2:
            assert status in ("uncertain", "sending", "failed"), f"nobody knows about two, yet {status}"
        if status == "uncertain":
            assert self.in_doubt, "uncertain, yet it was never handed over"
        self.status = status


@dataclass
class Model:
    """Everything that is remembered between two looks at the database."""

    works: dict[tuple[int, int], Work] = field(default_factory=dict)
    definitions: set[str] = field(default_factory=set)
    letters: dict[str, Letter] = field(default_factory=dict)
    notice_keys: set[tuple[object, ...]] = field(default_factory=set)
    history: dict[tuple[int, int], str] = field(default_factory=dict)
    last_sweep: datetime | None = None

    def trajects(self) -> list[int]:
        return sorted({traject_id for traject_id, _ in self.works})

    def last_cycle(self, traject_id: int) -> int:
        return max(number for owner, number in self.works if owner == traject_id)

    def sweep_is_late(self, now: datetime) -> bool:
        return self.last_sweep is not None and now - self.last_sweep > LATE_SWEEP

    def swept(self, now: datetime) -> None:
        self.last_sweep = max(now, self.last_sweep or now)
