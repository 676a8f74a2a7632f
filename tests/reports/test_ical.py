"""What calendar programs read, whatever a step is called and whenever it is due; and how quickly they get it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlmodel import Session

from regie.actions.keep_agenda import make_agenda
from regie.core.events import DatePromised
from regie.core.ids import PersonId, RoleId
from regie.feeds import feed_key
from regie.reports.ical import CalendarEntry, _write_entry, load_agenda, write_agenda, write_calendar
from regie.store.feeds import find_feed_by_token, note_person
from regie.store.session import in_transaction, read_scope
from regie.store.tables import EntryStatus
from regie.store.trajects import load_traject
from tests.store.world import MONDAY, OPENING, OPENING_ANCHOR, Watched, World
from tests.support import builders as b
from tests.support.agendas import LINK_KEY, body_of, context_of, read_ics

STAMP = datetime(2027, 3, 28, 1, 30, 15, 250, tzinfo=UTC)  # in the hour that the clock skips in Amsterdam
LONG = "Rampenbestrijdingscoördinatieoverlegvoorzitterswisselingsprotocolvaststelling" * 4
words = st.text(st.characters(blacklist_categories=("Cc", "Cs")) | st.sampled_from("\n,;\\:\"'é😀👩‍👩‍👧"), max_size=200)


def entry(**more: object) -> CalendarEntry:
    values: dict[str, object] = {
        "uid": "abc@regie",
        "sequence": 3,
        "changed_at": STAMP,
        "status": EntryStatus.OPEN,
        "on": date(2028, 2, 29),
        "summary": "Startnota",
        "description": "Regel",
    }
    return CalendarEntry(**{**values, **more})  # type: ignore[arg-type]


@given(summary=words, description=words)
@example(summary="a,b;c\nd\\n", description="😀" * 80)
@example(summary=LONG, description=f"{LONG}\n{LONG}")
@example(summary="é" * 75, description="BEGIN:VEVENT\nEND:VCALENDAR")
def test_any_text_is_read_back_as_it_was_from_lines_of_75_octets(summary: str, description: str) -> None:
    body = write_calendar([entry(summary=summary, description=description)], "nl")

    (found,) = read_ics(body).values()
    assert (found.summary, found.description) == (summary, description)


def test_control_characters_are_left_out_and_other_line_ends_become_new_lines() -> None:
    (found,) = read_ics(write_calendar([entry(summary="a\x00b\x07c\r\nd\re")], "nl")).values()

    assert found.summary == "abc\nd\ne"


@pytest.mark.parametrize(
    "day",
    [
        pytest.param(date(2027, 3, 28), id="clock-goes-forward"),
        pytest.param(date(2027, 10, 31), id="clock-goes-back"),
        pytest.param(date(2028, 2, 28), id="day-before-leap-day"),
        pytest.param(date(2028, 2, 29), id="leap-day"),
        pytest.param(date(2027, 12, 31), id="last-day-of-year"),
    ],
)
def test_entry_is_one_whole_day_also_when_that_has_23_or_25_hours(day: date) -> None:
    body = write_calendar([entry(on=day)], "nl")

    (found,) = read_ics(body).values()
    assert found.on == day
    assert f"DTSTART;VALUE=DATE:{day:%Y%m%d}\r\n".encode() in body
    assert f"DTEND;VALUE=DATE:{day + timedelta(days=1):%Y%m%d}\r\n".encode() in body
    assert found.stamp == STAMP.replace(microsecond=0)


def test_feed_says_how_often_to_look_and_what_it_is_called() -> None:
    body = write_calendar([], "nl")

    assert read_ics(body) == {}
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\n" in body
    assert b"X-PUBLISHED-TTL:PT1H\r\n" in body
    assert b"X-WR-CALNAME:Mijn stappen (Regie)\r\n" in body


@pytest.mark.parametrize(
    ("status", "said"),
    [(EntryStatus.OPEN, b"CONFIRMED"), (EntryStatus.DONE, b"CONFIRMED"), (EntryStatus.CANCELLED, b"CANCELLED")],
)
def test_status_of_an_entry(status: EntryStatus, said: bytes) -> None:
    assert b"STATUS:" + said + b"\r\n" in write_calendar([entry(status=status)], "nl")


def test_same_feed_has_the_same_etag_and_a_change_another(engine: Engine) -> None:
    world = small_town(engine)
    context, now = context_of(world), b.at(MONDAY)
    feed = make_agenda(context, world.people["other"], now)

    def etag() -> str:
        with read_scope(engine) as session:
            return load_agenda(session, feed, now).etag

    first = etag()
    assert etag() == first
    world.happens(1, DatePromised(key=b.key("advies"), on=date(2027, 5, 20)), now)
    in_transaction(engine, lambda s: note_person(s, world.shelf, feed_key(LINK_KEY), feed.person, now))
    assert etag() != first


# --- how quickly -------------------------------------------------------------------------------------

TRAJECTS = 200
STEPS = 110


def small_town(engine: Engine, steps: int = 0) -> World:
    more = [b.step(f"s{number}", due=f"{number % 40 + 1}wd before opening") for number in range(1, steps)]
    definition = b.definition(
        b.step("advies", due="5wd before opening", responsible=RoleId("other")), *more, anchors=OPENING_ANCHOR
    )
    world = World(engine, definition)
    world.starts(targets={"opening": OPENING})
    return world


def copy_traject(session: Session, count: int) -> None:
    """The first traject again and again, by the database itself."""
    connection = session.connection()
    for number in range(2, count + 1):
        for table in ("traject", "cycle", "anchor", "occurrence"):
            columns = [row[0] for row in connection.execute(text(f"SELECT * FROM {table} LIMIT 0")).cursor.description]
            changed = {"traject_id": str(number)}
            if table == "traject":
                changed = {"id": str(number), "slug": f"'t{number}'", "title": f"'Opvang {number}'"}
            elif table == "occurrence":
                columns.remove("id")
            values = ", ".join(changed.get(name, f'"{name}"') for name in columns)
            names = ", ".join(f'"{name}"' for name in columns)
            where = "id = 1" if table == "traject" else "traject_id = 1"
            connection.execute(text(f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} WHERE {where}"))


def test_feed_over_200_trajects_takes_as_many_statements_as_over_one(engine: Engine) -> None:
    """Every step of 200 trajects of 110 steps is open; the person has one or five of each, by role and by hand."""
    world = small_town(engine, STEPS)
    context, now, who = context_of(world), b.at(MONDAY), PersonId(world.people["other"])
    in_transaction(
        engine,
        lambda session: session.connection().execute(
            text("UPDATE occurrence SET assigned_to = :who WHERE step IN ('s1', 's2', 's3', 's4')"), {"who": who}
        ),
    )
    feed = make_agenda(context, who, now)

    def ask() -> int:
        with Watched(engine) as watched, read_scope(engine) as session:
            found = find_feed_by_token(session, feed.token, feed_key(LINK_KEY))
            assert found is not None
            write_agenda(session, world.shelf.get, load_agenda(session, found, now))
        return len(watched.reads)

    of_one = ask()
    in_transaction(engine, lambda session: copy_traject(session, TRAJECTS))
    in_transaction(engine, lambda s: note_person(s, world.shelf, feed_key(LINK_KEY), who, now))
    assert len(read_ics(body_of(world, who, now))) == 5 * TRAJECTS

    _write_entry.cache_clear()
    assert (ask(), ask()) == (of_one, of_one)


def test_noting_one_change_among_200_trajects_touches_one_traject_in_as_many_statements(engine: Engine) -> None:
    world = small_town(engine)
    make_agenda(context_of(world), world.people["other"], b.at(MONDAY))

    def note(traject_id: int, day: date) -> int:
        from regie.actions.apply_event import apply_event

        with Watched(engine) as watched:
            event = DatePromised(key=b.key("advies"), on=day)
            apply_event(context_of(world), traject_id, event, b.at(MONDAY, 10))
        return len(watched.reads) + sum(watched.writes.values())

    alone = note(1, date(2027, 5, 20))
    in_transaction(engine, lambda session: copy_traject(session, TRAJECTS))
    in_transaction(
        engine, lambda s: note_person(s, world.shelf, feed_key(LINK_KEY), world.people["other"], b.at(MONDAY))
    )

    assert note(1, date(2027, 5, 21)) == alone
    with read_scope(engine) as session:
        assert load_traject(session, 200, world.shelf, for_change=False).title == "Opvang 200"
