"""The dates that a report told, so that the next one can say what moved since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlmodel import Session

from regie.core.ids import OccurrenceKey
from regie.core.traject import Occurrence, Planned
from regie.store.marks import put_mark, read_mark

_DATES = ("early_start", "early_finish", "late_start", "late_finish", "due_on", "legal_on")


def save_reported(
    session: Session, traject_id: int, cycle: int, report: str, on: date, occurrences: Iterable[Occurrence]
) -> None:
    """Keep the dates that a report of this day is about, in place of those of the report before."""
    steps = {str(each.key): _as_data(each.planned) for each in occurrences if each.planned is not None}
    put_mark(session.connection(), _name(traject_id, cycle, report), {"on": on.isoformat(), "steps": steps})


def load_reported(
    session: Session, traject_id: int, cycle: int, report: str
) -> tuple[date | None, Mapping[OccurrenceKey, Planned]]:
    """Give the day of the last report and the dates in it; ``None`` and nothing before the first."""
    found = read_mark(session.connection(), _name(traject_id, cycle, report))
    if found is None:
        return None, {}
    return date.fromisoformat(found["on"]), {
        OccurrenceKey.read(name): _planned(data) for name, data in found["steps"].items()
    }


def _name(traject_id: int, cycle: int, report: str) -> str:
    return f"reported:{traject_id}:{cycle}:{report}"


def _as_data(planned: Planned) -> dict[str, Any]:
    dates = {name: getattr(planned, name) for name in _DATES}
    return {
        **{name: day.isoformat() if day else None for name, day in dates.items()},
        "slack_working_days": planned.slack_working_days,
        "critical": planned.critical,
    }


def _planned(data: Mapping[str, Any]) -> Planned:
    dates: dict[str, Any] = {name: date.fromisoformat(data[name]) if data[name] else None for name in _DATES}
    return Planned(**dates, slack_working_days=data["slack_working_days"], critical=data["critical"])
