"""Span: an amount of time with its unit; an amount never travels without it."""

from __future__ import annotations

import calendar as month_lengths
import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from regie.errors import Refused

MOST = 1_000_000
_SPAN = re.compile(r"([+-]?[0-9]{1,7}) ?(wd|d|w|m|y)")


class Unit(StrEnum):
    """What an amount of time is counted in; only working days need a calendar."""

    WORKING_DAYS = "wd"
    DAYS = "d"
    WEEKS = "w"
    MONTHS = "m"
    YEARS = "y"


@dataclass(frozen=True, slots=True)
class Span:
    """``15wd``, ``14d``, ``6w``, ``3m``, ``1y``; negative counts back."""

    amount: int
    unit: Unit

    @classmethod
    def parse(cls, text: str) -> Span:
        """Read a span as it is written in a definition.

        Raises:
            Refused: ``bad-span``.
        """
        match = _SPAN.fullmatch(text.strip())
        if match is None or abs(int(match[1])) > MOST:
            raise Refused(
                f"'{text[:40]}' is no length of time",
                code="bad-span",
                text=text[:40],
                hint="a number with wd (working days), d (days), w (weeks), m (months) or y (years): 15wd",
            )
        return cls(int(match[1]), Unit(match[2]))

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}"

    def __neg__(self) -> Span:
        return Span(-self.amount, self.unit)

    @property
    def in_working_days(self) -> bool:
        return self.unit is Unit.WORKING_DAYS


def shift(day: date, span: Span) -> date:
    """Move a date by a span in calendar units.

    Months and years keep the day number, or take the last day of a shorter month.

    Raises:
        Refused: ``date-out-of-range`` outside the years 1-9999.
    """
    assert not span.in_working_days, "working days need a calendar"
    try:
        match span.unit:
            case Unit.DAYS:
                return day + timedelta(days=span.amount)
            case Unit.WEEKS:
                return day + timedelta(weeks=span.amount)
            case Unit.MONTHS:
                return _add_months(day, span.amount)
            case _:
                return _add_months(day, 12 * span.amount)
    except (OverflowError, ValueError):
        raise Refused(
            f"{day} and {span} leads outside the years 1-9999", code="date-out-of-range", day=day, span=span
        ) from None


def _add_months(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = month_lengths.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))
