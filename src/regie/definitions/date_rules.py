"""Dates in words: ``10wd after start``, ``on f0-go-besluit``, ``before 1 november in even years``, ``on 3 juni 2027``.

Reads one rule against the names that a definition declares. Grammar::

    rule = name | date | [length] ("after" | "before") base | "on" base
    base = "predecessors" | "period" | day month ["in even years" | "in odd years" | year] | date | name

``before`` without a length is the working day before. A date is year-month-day. A name is an anchor, a step or a list, looked for in
that order.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date

from regie.core.definition import DateBase, DateRule
from regie.core.span import Span, Unit
from regie.errors import Refused

RESERVED = ("predecessors", "period")

_RULE = re.compile(
    r"\s*(?:(?P<span>[+-]?[0-9]{1,7} ?(?:wd|d|w|m|y))\s+(?=after\b|before\b))?"
    r"(?P<word>after|before|on)\s+(?P<base>\S.*?)\s*"
)
_FIXED_DAY = re.compile(
    r"(?P<day>[0-9]{1,2})\s+(?P<month>[a-z]+)(?:\s+in\s+(?P<years>even|odd)\s+years|\s+(?P<year>[0-9]{4}))?",
    re.IGNORECASE,
)
_ISO_DAY = re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_MONTHS = {
    name: number
    for names in (
        "january february march april may june july august september october november december",
        "januari februari maart april mei juni juli augustus september oktober november december",
    )
    for number, name in enumerate(names.split(), start=1)
}
_LEAP_YEAR = 2024
FIRST_YEAR, LAST_YEAR = 2000, 2100
_EXAMPLE = "like: 10wd after start, 20wd before opening, on f0-go-besluit"


class BadRule(Exception):
    """A date rule that cannot be read; ``at`` is the character where it goes wrong."""

    def __init__(self, at: int, message: str, hint: str = "", *, code: str = "RG301", word: str = "") -> None:
        super().__init__(message)
        self.at = at
        self.message = message
        self.hint = hint
        self.code = code
        self.word = word


def parse_rule(
    text: str, *, anchors: Collection[str], steps: Collection[str] = (), lists: Collection[str] = ()
) -> DateRule:
    """Read a date rule.

    Raises:
        BadRule: it cannot be read, or it counts from a name that nobody declared.
    """
    said = text.strip()
    if _NAME.fullmatch(said):
        return _from_name(said, None, text.index(said), said, anchors, steps, lists)
    if _ISO_DAY.fullmatch(said):
        return _fixed_day(said, text.index(said), None, said)
    match = _RULE.fullmatch(text)
    if match is None:
        raise BadRule(len(text) - len(text.lstrip()), f"cannot read the date rule '{said[:40]}'", _EXAMPLE)
    base, at, word = match["base"], match.start("base"), match["word"]
    offset = _length(match["span"], match.start("span")) if match["span"] else None
    if offset is None and word == "after":
        raise BadRule(match.start("word"), "'after' needs a length", "like: 5wd after ...; or say: on ...")
    if word == "before":
        offset = -offset if offset else Span(-1, Unit.WORKING_DAYS)
    if base == "predecessors":
        return DateRule(DateBase.PREDECESSORS, offset=offset, said=said)
    if base == "period":
        return DateRule(DateBase.PERIOD, offset=offset, said=said)
    if base[0].isdigit():
        return _fixed_day(base, at, offset, said)
    return _from_name(base, offset, at, said, anchors, steps, lists)


def _length(text: str, at: int) -> Span:
    if text[0] in "+-":
        raise BadRule(at, "a date rule counts without a sign", "say before or after")
    try:
        return Span.parse(text)
    except Refused as refusal:
        raise BadRule(at, f"'{text}' is too long a time", refusal.hint) from refusal


def _fixed_day(base: str, at: int, offset: Span | None, said: str) -> DateRule:
    match = _ISO_DAY.fullmatch(base) or _FIXED_DAY.fullmatch(base)
    if match is None:
        hint = "like: 1 november, 1 november in even years, or 1 november 2027"
        raise BadRule(at, f"cannot read the day '{base[:40]}'", hint)
    word, found = match["month"], match.groupdict()
    month = int(word) if word.isdigit() else _MONTHS.get(word.lower())
    if month is None:
        raise BadRule(at + match.start("month"), f"'{word[:40]}' is not a month", "like: 1 november", word=word)
    years, year = found.get("years"), int(found.get("year") or 0)
    if year and not FIRST_YEAR <= year <= LAST_YEAR:
        raise BadRule(at, f"no plan runs in {match['year']}", f"a year from {FIRST_YEAR} to {LAST_YEAR}")
    try:
        # a day that returns must be there in a leap year; in odd years there is none
        date(year or (_LEAP_YEAR - 1 if years == "odd" else _LEAP_YEAR), month, int(match["day"]))
    except ValueError:
        raise BadRule(at, f"there is no day '{base[:40]}'") from None
    return DateRule(
        DateBase.CALENDAR,
        offset=offset,
        month=month,
        day=int(match["day"]),
        years=years.lower() if years else "every",
        year=year,
        said=said,
    )


def _from_name(
    name: str,
    offset: Span | None,
    at: int,
    said: str,
    anchors: Collection[str],
    steps: Collection[str],
    lists: Collection[str],
) -> DateRule:
    if name in anchors:
        return DateRule(DateBase.ANCHOR, ref=name, offset=offset, said=said)
    if name in steps:
        # "before a step" looks at its start: what must be ready before somebody begins
        return DateRule(
            DateBase.STEP,
            ref=name,
            offset=offset,
            of_start=offset is not None and offset.amount < 0,
            said=said,
        )
    if name in lists:
        return DateRule(DateBase.ITEM, ref=name, offset=offset, said=said)
    if not _NAME.fullmatch(name):
        raise BadRule(at, f"cannot read '{name[:40]}'", _EXAMPLE)
    raise BadRule(at, f"there is no anchor, step or list '{name[:80]}'", code="RG302", word=name)
