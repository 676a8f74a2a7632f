"""The proofs can fail: one story in which all promises hold, and take away any one of their means and they do not.

The same with chance instead of a story: what happened decides everything, on either database.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, bindparam, null, text, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlmodel import Session

from regie.actions import apply_event, start_cycle
from regie.core import engine as core_engine
from regie.core.changes import Changes
from regie.core.events import Event, StepFinished
from regie.core.traject import Cycle, Traject
from regie.errors import Conflict, Refused
from regie.store import brake, cycles, letters, notices, outbox, tables, trajects
from regie.store.dialects import Writing
from regie.store.session import READING, in_transaction
from tests.reliability.model import NEEDS
from tests.reliability.test_machine import Channel, Machine
from tests.store.world import MONDAY, World, at_once
from tests.support import builders as b
from tests.support.databases import KINDS, Databases, engine_on

INVARIANTS = (
    Machine.every_message_stands_where_it_may,
    Machine.every_notice_is_there_once_and_stays,
    Machine.record_is_whole_and_only_grows,
    Machine.steps_stand_where_facts_put_them,
    Machine.every_cycle_follows_the_version_it_started_with,
)

Deed = Callable[[Machine], None]

STORY: tuple[Deed, ...] = (
    Machine.people_move_in,
    lambda town: town.start(4),
    lambda town: town.hand_over(["accepted", "refused"], "accepted"),
    lambda town: town.start(6),
    Machine.channel_never_answers,
    lambda town: town.crash_before_the_commit(0, "a"),
    lambda town: town.finish_by_a_double_press(0, "a"),
    lambda town: town.waive(0, "b"),
    lambda town: town.import_twice(1),
    lambda town: town.rerun_asked_twice(1, 9, 1),
    lambda town: town.hand_over([], "accepted"),
    lambda town: town.start(8),
    lambda town: town.hand_over_and_crash([], "accepted", "after_send"),
    lambda town: town.time_passes(24),
    lambda town: town.hand_over([], "uncertain"),
    lambda town: town.time_passes(24 * 3),
    Machine.sweep,
    lambda town: town.sweep_with_a_clock_that_is_behind(30),
    lambda town: town.nobody_sweeps_for_long(20),
    Machine.administrator_releases,
    lambda town: town.hand_over([], "accepted"),
    Machine.digests,
)


@contextmanager
def a_town(databases: Databases, kind: str) -> Iterator[Machine]:
    url = databases.new(kind)
    try:
        with engine_on(url) as engine:
            town = type("Town", (Machine,), {"databases": databases, "engine": engine})()
            yield town
            town.eyes.close()
    finally:
        databases.drop(url)


def live(town: Machine, deeds: tuple[Deed, ...] = STORY) -> None:
    for deed in deeds:
        deed(town)
        for invariant in INVARIANTS:
            invariant(town)
    town.run_until_quiet()


@pytest.mark.parametrize("kind", KINDS)
def test_all_promises_hold_in_the_story(kind: str, databases: Databases) -> None:
    with a_town(databases, kind) as town:
        live(town)


# --- without one of the means -----------------------------------------------------------------------


def _forgets_what_it_saw(traject: Traject, event: Event, now: datetime) -> Changes:
    return core_engine.advance(replace(traject, checked_at=None), event, now)


def _counts_as_refused(row: Any, now: datetime, detail: str) -> dict[str, Any]:
    return outbox._refused(row, now, detail, permanent=False)


def _opens_another(session: Session, traject_id: int, cycle: Cycle, key: str) -> int:
    return cycles.create_cycle(session, traject_id, cycle, f"{key}-{cycle.number}")


MEANS: dict[str, tuple[Any, str, Any, str]] = {
    "the check at hand-over that a line is still true": (
        letters,
        "still_true",
        lambda line, _cycle, _today: line,
        "False = is_open",
    ),
    "the limit on hand-overs of which nobody knows the end": (outbox, "MOST_UNCERTAIN", 9, "a third time"),
    "the difference between refused and uncertain": (
        outbox,
        "_uncertain",
        _counts_as_refused,
        "nobody knows about two, yet",
    ),
    "the brake": (notices, "must_hold", lambda *_args, **_named: False, "a late sweep did not hold"),
    "the watch for a long silence": (brake, "LATE_AFTER", timedelta(days=9_000), "a late sweep did not hold"),
    "the memory of how late it was": (apply_event, "advance", _forgets_what_it_saw, "clock_went_back"),
    "the memory of requests": (apply_event, "find_request", lambda *_args: None, "it is done"),
    "the memory of what was told": (core_engine, "_remember", lambda cycle, _told: cycle, "a second sweep wrote"),
    "the plan to look again": (core_engine, "next_looks", lambda *_args: (), "a second sweep wrote"),
    "the memory of reruns": (start_cycle, "create_cycle", _opens_another, r"assert \(3, False\) == \(2, True\)"),
    "the record": (trajects, "append_history", lambda *_args, **_named: None, "what='cut'"),
}


@pytest.mark.parametrize("what", MEANS)
def test_without_one_of_its_means_the_story_ends_badly(
    what: str, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, name, instead, badly = MEANS[what]
    monkeypatch.setattr(module, name, instead)

    with a_town(databases, "sqlite") as town, pytest.raises((AssertionError, Refused), match=badly):
        live(town)


def test_without_the_unique_key_of_notices_nothing_is_told_at_all(databases: Databases) -> None:
    with a_town(databases, "sqlite") as town:
        with town.engine.begin() as connection:
            sql = connection.execute(text("SELECT sql FROM sqlite_master WHERE name = 'notice'")).scalar_one()
            connection.execute(text("DROP TABLE notice"))
            start = sql.index("CONSTRAINT uq_notice_once")
            end = sql.index(")", start) + 1
            connection.execute(text(sql[:start].rstrip().rstrip(",") + sql[end:]))

        with pytest.raises(OperationalError, match="ON CONFLICT"):
            live(town)


def most_hand_overs(town: Machine) -> int:
    """Let the process die each time that a message has just left; give how often one of them left."""
    for deed in STORY[:2]:
        deed(town)
    calls: list[str] = []
    for _ in range(60):
        channel = Channel([])
        with town._crash_at("deliver.after_send"):
            town._deliver(channel)
        calls += [message_id for message_id, _ in channel.calls]
        town.now += timedelta(hours=13)
    return max(Counter(calls).values())


def test_without_the_mark_that_its_hand_over_began_a_message_leaves_more_than_twice(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_town(databases, "sqlite") as town:
        assert most_hand_overs(town) == 2

    known = [each for each in outbox._LOST.selected_columns if each.name != "handed_over_at"]
    monkeypatch.setattr(outbox, "_LOST", outbox._LOST.with_only_columns(*known, null().label("handed_over_at")))
    with a_town(databases, "sqlite") as town:
        assert most_hand_overs(town) > 2


# --- nothing but what happened ----------------------------------------------------------------------


def by_chance(seed: int) -> tuple[Deed, ...]:
    """A story of forty deeds, the same for the same seed."""
    chance = random.Random(seed)

    def one() -> Deed:
        number, step = chance.randrange(3), chance.choice(sorted(NEEDS))
        hours, days = chance.choice((1, 3, 24, 72)), chance.randrange(1, 30)
        outcomes = chance.choices(("accepted", "refused", "refused-for-good", "uncertain"), k=4)
        return chance.choice(
            (
                lambda town: town.finish(number, step),
                lambda town: town.finish(number, step),
                lambda town: town.waive(number, "abd"[number]),
                lambda town: town.reopen(number, "abd"[number]),
                lambda town: town.take_up_again(number, "abd"[number]),
                lambda town: town.move_opening(number, days),
                lambda town: town.time_passes(hours),
                lambda town: town.time_passes(hours),
                lambda town: town.hand_over(outcomes, "accepted"),
                lambda town: town.add_or_remove_recipient("ander"),
                lambda town: town.import_twice(number % 2),
                lambda town: town.rerun_asked_twice(number, 5, number % 2),
                Machine.sweep,
                Machine.sweep,
                Machine.digests,
            )
        )

    start = (Machine.people_move_in, *(lambda town, weeks=weeks: town.start(weeks) for weeks in (4, 5, 6)))
    return (*start, *(one() for _ in range(40)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(2))
def test_the_same_deeds_lead_to_the_same_database_down_to_the_last_seal(
    seed: int, kind: str, databases: Databases
) -> None:
    found = []
    for each in ("sqlite", kind):
        with a_town(databases, each) as town:
            live(town, by_chance(seed))
            found.append({name: town._all(name) for name in tables.metadata.tables})

    assert found[0] == found[1]


# --- the guards of the database ---------------------------------------------------------------------


def save_what_was_decided_before_another_was_saved(world: World, slug: str) -> None:
    """Two people load the same traject; both decide; the second saves after the first."""
    traject_id = world.starts(slug)
    seen = world.loads(traject_id)
    first, second = (core_engine.advance(seen, StepFinished(key=b.key(name)), b.at(MONDAY)) for name in ("a", "b"))
    in_transaction(world.engine, lambda session: world.saves(session, seen, first, b.at(MONDAY)))
    in_transaction(world.engine, lambda session: world.saves(session, seen, second, b.at(MONDAY)))


def test_what_was_decided_on_an_older_view_is_a_conflict_because_of_the_version_that_it_saw(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(engine, b.definition(b.step("a"), b.step("b")))
    with pytest.raises(Conflict, match="changed"):
        save_what_was_decided_before_another_was_saved(world, "de-wilg")

    # without the guard only the key of the record is left, which knows nothing of people and words
    unguarded = (
        update(tables.traject)
        .where(tables.traject.c.id == bindparam("own_id"))
        .values(version=bindparam("version"), dirty=False)
    )
    monkeypatch.setattr(trajects, "_PUT_TRAJECT", Writing(unguarded))
    with pytest.raises(IntegrityError):
        save_what_was_decided_before_another_was_saved(world, "de-beuk")


def lost(engine: Engine) -> list[str]:
    """Two at once read a number and then raise it; give what went wrong."""
    both_have_read = threading.Barrier(2)

    def raise_by_one() -> str:
        try:
            with engine.begin() as connection:
                found = connection.execute(text("SELECT version FROM traject")).scalar_one()
                with suppress(threading.BrokenBarrierError):
                    both_have_read.wait(timeout=0.5)  # with a write lock from the start they never both get here
                connection.execute(text("UPDATE traject SET version = :version"), {"version": found + 1})
        except OperationalError as error:
            return str(error.orig)
        return ""

    return [said for said in at_once([raise_by_one, raise_by_one]) if said]


def test_without_a_write_lock_from_the_start_one_of_two_fails_at_once(databases: Databases) -> None:
    with a_town(databases, "sqlite") as town:
        live(town, STORY[:2])

        with town.engine.connect() as connection:
            connection.execute(text("DELETE FROM traject WHERE id > 1")).close()
        assert lost(town.engine) == []
        assert lost(town.engine.execution_options(**{READING: True})) == ["database is locked"]
