"""What should be so, in plain dicts: written from the promises, not from the code.

Three steps in a row (a, b, c), working days only in weekdays, due dates fixed. Knows nothing of plans.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

ORDER = ("a", "b", "c")
DUE = {"a": date(2027, 1, 11), "b": date(2027, 2, 1), "c": None}


@dataclass
class Model:
    """The state of each step, what was told about lateness, and how often the record grew."""

    today: date
    done: set[str] = field(default_factory=set)
    waived: set[str] = field(default_factory=set)
    busy: set[str] = field(default_factory=set)
    records: int = 1
    requests: set[str] = field(default_factory=set)

    def is_open(self, step: str) -> bool:
        before = ORDER[: ORDER.index(step)][-1:]
        return all(each in self.done or each in self.waived for each in before)

    def state(self, step: str) -> str:
        if step in self.waived:
            return "waived"
        if step in self.done:
            return "done"
        if step in self.busy:
            return "in progress"
        return "ready" if self.is_open(step) else "not yet"

    def may_finish(self, step: str) -> bool:
        return self.state(step) in ("ready", "in progress")

    def finish(self, step: str) -> None:
        self.done.add(step)
        self.records += 1

    def dependents(self, step: str) -> set[str]:
        after = ORDER[ORDER.index(step) + 1 :]
        return {each for each in after if each not in self.waived and (each in self.done or each in self.busy)}

    def reopen(self, step: str) -> None:
        self.done.discard(step)
        self.records += 1

    def pass_days(self, days: int) -> None:
        self.today += timedelta(days=days)
