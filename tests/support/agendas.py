"""Calendar feeds as two other programs read them, and a town in which somebody has one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from ical.calendar_stream import IcsCalendarStream
from icalendar import Calendar

from regie.actions.context import Context
from regie.core.ids import PersonId
from regie.feeds import feed_key
from regie.reports.ical import load_agenda, write_agenda
from regie.store.feeds import find_feed
from regie.store.session import read_scope
from tests.store.world import KEY, World

LINK_KEY = b"l" * 32


@dataclass(frozen=True)
class Read:
    """One entry, as a calendar program has it."""

    uid: str
    sequence: int
    status: str
    on: date
    summary: str
    description: str
    stamp: datetime


def read_ics(body: bytes) -> dict[str, Read]:
    """Read a feed with both libraries, which must see the same; by the summary."""
    lines = body.split(b"\r\n")
    assert lines[-1] == b""
    assert all(len(each) <= 75 for each in lines)
    assert b"\n" not in body.replace(b"\r\n", b"")
    assert b"LOCATION" not in body
    calendar = Calendar.from_ical(body)
    other = IcsCalendarStream.calendar_from_ics(body.decode("utf-8"))
    found = []
    for event in calendar.walk("VEVENT"):
        assert not event.errors
        assert event["DTSTART"].params["VALUE"] == "DATE"
        assert event.decoded("DTSTAMP") == event.decoded("LAST-MODIFIED")
        found.append(
            Read(
                str(event["UID"]), int(event["SEQUENCE"]), str(event["STATUS"]), event.decoded("DTSTART"),
                str(event["SUMMARY"]), str(event["DESCRIPTION"]), event.decoded("DTSTAMP"),
            )
        )  # fmt: skip
    seen = [
        (each.uid, each.sequence, each.status.value, each.start, each.summary, each.description, each.dtstamp)
        for each in other.events
    ]
    assert sorted(seen) == sorted(
        (each.uid, each.sequence, each.status, each.on, each.summary, each.description, each.stamp) for each in found
    )
    assert len({each.uid for each in found}) == len(found)
    return {each.summary: each for each in found}


def context_of(world: World, link_key: bytes = LINK_KEY) -> Context:
    return Context(world.engine, KEY, world.shelf, world.new_id, link_key=link_key)


def body_of(world: World, person: PersonId, now: datetime) -> bytes:
    """What the feed of a person gives at a moment."""
    with read_scope(world.engine) as session:
        feed = find_feed(session, person, feed_key(LINK_KEY))
        assert feed is not None
        return write_agenda(session, world.shelf.get, load_agenda(session, feed, now))
