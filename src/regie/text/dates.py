"""Days, periods and lengths of time in words: ``donderdag 3 juni 2027``, ``15 werkdagen``."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from regie.core.span import Span, Unit
from regie.text.phrases import say, words_in


def say_date(day: date, language: str = "nl") -> str:
    """``3 juni 2027``."""
    return f"{day.day} {words_in(language).months[day.month - 1]} {day.year}"


def say_moment(moment: datetime, zone: str, language: str = "nl") -> str:
    """``3 juni 2027, 9.05 uur``, by the clock of a zone."""
    local = moment.astimezone(ZoneInfo(zone))
    return say("moment", language, day=say_date(local.date(), language), hour=local.hour, minute=local.minute)


def say_day(day: date, language: str = "nl") -> str:
    """``donderdag 3 juni 2027``."""
    return f"{words_in(language).weekdays[day.weekday()]} {say_date(day, language)}"


def say_period(first: date, last: date, language: str = "nl") -> str:
    """``3 juni 2027``, ``3 tot en met 9 juni 2027``, or with both months or years when they differ."""
    if first == last:
        return say_date(first, language)
    months = words_in(language).months
    if (first.year, first.month) == (last.year, last.month):
        said = str(first.day)
    elif first.year == last.year:
        said = f"{first.day} {months[first.month - 1]}"
    else:
        said = say_date(first, language)
    return say("period", language, first=said, last=say_date(last, language))


def say_count(count: int, unit: Unit | str, language: str = "nl") -> str:
    """``1 werkdag``, ``15 werkdagen``."""
    one, many = words_in(language).units[Unit(unit)]
    return f"{count} {one if abs(count) == 1 else many}"


def say_span(span: Span, language: str = "nl") -> str:
    """A length of time without its direction: ``15 werkdagen`` for ``-15wd`` too."""
    return say_count(abs(span.amount), span.unit, language)


def say_every(span: Span, language: str = "nl") -> str:
    """A rhythm: ``elke maand``, ``elke 3 maanden``."""
    if span.amount == 1:
        return words_in(language).each[span.unit]
    return say("every", language, span=say_span(span, language))
