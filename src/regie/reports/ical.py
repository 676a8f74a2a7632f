"""The calendar feed of a person as iCalendar (RFC 5545, RFC 7986): what was noted, in words, byte for byte the same each time.

Every entry is a whole day, so that no clock change moves it. No entry names a place that is confidential.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from icalendar import Calendar, Event
from sqlmodel import Session

from regie import __version__
from regie.core.definition import Definition, text_in
from regie.store.feeds import Entry, Feed, list_entries
from regie.store.tables import EntryStatus
from regie.text.dates import say_day
from regie.text.phrases import say
from regie.text.rules import say_step

KEPT_DAYS = 90
"""For how long, in calendar days, what was done or cancelled stays in a feed."""

CONTENT_TYPE = "text/calendar; charset=utf-8"
_REFRESH = timedelta(hours=1)
_PRODUCT = "-//Regie//Agenda//NL"

Shelf = Callable[[str, Session], Definition]
"""Gives a definition by its content hash, such as ``DefinitionShelf.get``."""


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """One day in a calendar, in words.

    Args:
        on: the day that counts: promised, else due, else legal.
    """

    uid: str
    sequence: int
    changed_at: datetime
    status: EntryStatus
    on: date
    summary: str
    description: str
    is_confidential: bool = False


@dataclass(frozen=True, slots=True)
class Agenda:
    """A feed as it is at one moment, not yet written out.

    Args:
        etag: the same as long as the bytes are, with its quotes.
    """

    language: str
    entries: tuple[Entry, ...]
    etag: str


def load_agenda(session: Session, feed: Feed, now: datetime) -> Agenda:
    """Read what a feed shows, in one statement. What ended ``KEPT_DAYS`` ago is left out."""
    entries = list_entries(session, feed.person, now - timedelta(days=KEPT_DAYS))
    facts = [(each.uid, each.sequence, each.status.value, each.shown, each.changed_at.isoformat()) for each in entries]
    written = json.dumps([__version__, feed.language, facts], separators=(",", ":"))
    return Agenda(feed.language, entries, f'"{hashlib.sha256(written.encode()).hexdigest()[:32]}"')


def write_agenda(session: Session, shelf: Shelf, agenda: Agenda) -> bytes:
    """Give the feed as a file; the definitions of its steps are compiled once."""
    return write_calendar((say_entry(each, session, shelf) for each in agenda.entries), agenda.language)


def say_entry(entry: Entry, session: Session, shelf: Shelf) -> CalendarEntry:
    """Put the facts of an entry in words, in the language in which it was noted."""
    _, language, definition_hash, title, is_secret, due, promised, legal = json.loads(entry.shown)
    definition = shelf(definition_hash, session)
    step = definition.steps[entry.key.step]
    said = text_in(step.title, language) if is_secret else say_step(definition, entry.key, language)
    if entry.status is not EntryStatus.OPEN:
        said = say(f"agenda_{entry.status.value}", language, step=said)
    lines = [
        f"{say('traject', language)}: {say('confidential', language) if is_secret else title}",
        *(
            f"{say(f'agenda_{name}', language)}: {say_day(date.fromisoformat(day), language)}"
            for name, day in (("promised", promised), ("due", due), ("legal", legal))
            if day
        ),
    ]
    if step.done_when and not is_secret and entry.status is EntryStatus.OPEN:
        lines.append(f"{say('done_when', language)}: {text_in(step.done_when, language)}")
    lines.append(say("agenda_keeps_itself", language))
    return CalendarEntry(
        entry.uid,
        entry.sequence,
        entry.changed_at,
        entry.status,
        date.fromisoformat(promised or due or legal),
        said if is_secret else f"{said} - {title}",
        "\n".join(lines),
        is_secret,
    )


def write_calendar(entries: Iterable[CalendarEntry], language: str) -> bytes:
    """Write entries as an iCalendar file; lines of at most 75 octets, ended by CR LF."""
    calendar = Calendar()
    name = say("agenda_name", language)
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", _REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    head, end = calendar.to_ical().split(b"END:VCALENDAR")
    return b"".join((head, *map(_write_entry, entries), b"END:VCALENDAR", end))


@lru_cache(maxsize=8192)
def _write_entry(entry: CalendarEntry) -> bytes:
    """Most entries are read again and again without having changed: the same entry is the same bytes."""
    event = Event()
    event.add("uid", entry.uid)
    event.add("dtstamp", entry.changed_at.astimezone(UTC).replace(microsecond=0))
    event.add("last-modified", entry.changed_at.astimezone(UTC).replace(microsecond=0))
    event.add("sequence", entry.sequence)
    event.add("dtstart", entry.on)
    event.add("dtend", entry.on + timedelta(days=1))
    event.add("summary", _plain(entry.summary))
    event.add("description", _plain(entry.description))
    event.add("status", "CANCELLED" if entry.status is EntryStatus.CANCELLED else "CONFIRMED")
    event.add("transp", "TRANSPARENT")  # a day on which something is due is no appointment
    event.add("class", "CONFIDENTIAL" if entry.is_confidential else "PRIVATE")
    written: bytes = event.to_ical()
    return written


def _plain(text: str) -> str:
    """Leave out what may not stand in an iCalendar text: control characters other than a new line."""
    joined = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(each for each in joined if each == "\n" or unicodedata.category(each) not in ("Cc", "Cs"))
