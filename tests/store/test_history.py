from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from regie.core.events import GateDecided, StepFinished, StepStarted, StepWaived
from regie.store.history import (
    HistoryEntry,
    canonical,
    erase_words,
    export_head,
    list_history,
    verify,
)
from regie.store.session import in_transaction, read_scope
from tests.store.world import KEY, MONDAY, World, chain
from tests.support import builders as b
from tests.support.databases import on_sqlite

NOW = b.at(MONDAY)


@pytest.fixture
def world(engine: Engine) -> World:
    """Two trajects; the first with five rows of history."""
    found = World(engine, chain(4))
    first = found.starts()
    found.starts("de-linde")
    for number in (1, 2):
        key = b.key(f"s{number}")
        found.happens(first, StepStarted(key=key, by="p1"), NOW + timedelta(hours=number))
        note = f"gedaan door Mo Maker, deel {number}"
        found.happens(first, StepFinished(key=key, by="p1", note=note), NOW + timedelta(hours=number, minutes=5))
    return found


def problems(world: World, **more: Any) -> list[tuple[int, int, str]]:
    with read_scope(world.engine) as session:
        return [(each.traject_id, each.seq, each.what) for each in verify(session, KEY, **more)]


def tamper(world: World, statement: str, **values: object) -> None:
    with world.engine.begin() as connection:
        assert connection.execute(text(statement), values).rowcount > 0


def head(world: World) -> dict[str, Any]:
    with read_scope(world.engine) as session:
        return json.loads(json.dumps(export_head(session)))


# --- what is recorded -----------------------------------------------------------------------------------


def test_the_record_says_who_did_what_when_and_what_followed(world: World) -> None:
    with read_scope(world.engine) as session:
        last = list_history(session, 1, after_seq=4)[0]

    assert last == HistoryEntry(
        1,
        5,
        NOW + timedelta(hours=2, minutes=5),
        "p1",
        "StepFinished",
        {
            "cycle": 1,
            "definitions": {"1": world.definition.content_hash},
            "event": {"key": ["s2", ""]},
            "notices": last.payload["notices"],
            "transitions": [[1, "s2", "in progress", "done", ""], [1, "s3", "not yet", "ready", ""]],
            "words": last.payload["words"],
        },
        {"note": "gedaan door Mo Maker, deel 2"},
    )


def test_the_sealed_part_holds_no_words_that_a_person_typed(engine: Engine) -> None:
    world = World(engine, b.definition(b.step("a"), b.step("besluit", "0wd", gate=b.gate(stop="stays closed"))))
    traject_id = world.starts()
    waived = StepWaived(key=b.key("a"), reason="Piet is ziek", approved_by="p3", by="p3", note="sprak Piet")
    decided = GateDecided(
        key=b.key("besluit"), outcome="stop", decided_by="raad", reason="Jan wil niet", document="Jan.pdf", by="p3"
    )

    for event in (waived, decided):
        world.happens(traject_id, event, NOW)

    with read_scope(engine) as session:
        entries = list_history(session, traject_id)[1:]
    assert not [each for each in entries for name in ("Piet", "Jan") if name in canonical(each.payload)]
    assert [each.words for each in entries] == [
        {"reason": "Piet is ziek", "note": "sprak Piet"},
        {"reason": "Jan wil niet", "document": "Jan.pdf"},
    ]


def test_the_record_says_why_a_step_does_not_apply(engine: Engine) -> None:
    world = World(engine, b.definition(b.step("a", "0wd", gate=b.gate(go="opens", stop="ends the cycle")), b.step("b")))
    traject_id = world.starts()
    stop = GateDecided(key=b.key("a"), outcome="stop", decided_by="raad", reason="geen geld", by="p3")

    world.happens(traject_id, stop, NOW)

    with read_scope(engine) as session:
        last = list_history(session, traject_id)[-1]
    assert [1, "b", "ready", "withdrawn", "gate:a: stop"] in last.payload["transitions"]


# --- proof ----------------------------------------------------------------------------------------------


def test_an_untouched_record_is_whole(world: World) -> None:
    assert problems(world) == []
    assert problems(world, checkpoint=head(world)) == []
    assert problems(world, traject_id=1, checkpoint=head(world)) == []


def test_a_checkpoint_of_earlier_still_holds_when_more_has_happened(world: World) -> None:
    earlier = head(world)

    world.happens(1, StepStarted(key=b.key("s3"), by="p1"), NOW + timedelta(hours=9))

    assert problems(world, checkpoint=earlier) == []


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        pytest.param("UPDATE history SET by = 'p2' WHERE traject_id = 1 AND seq = 3", (1, 3, "changed"), id="who"),
        pytest.param(
            "UPDATE history SET event = 'StepWaived' WHERE traject_id = 1 AND seq = 3", (1, 3, "changed"), id="what"
        ),
        pytest.param(
            "UPDATE history SET at = '2027-01-03 10:00:00' WHERE traject_id = 1 AND seq = 3",
            (1, 3, "changed"),
            id="when",
        ),
        pytest.param(
            "UPDATE history SET payload = replace(payload, 'done', 'ready') WHERE traject_id = 1 AND seq = 3",
            (1, 3, "changed"),
            id="what-followed",
        ),
        pytest.param(
            "UPDATE history SET words = replace(words, 'Mo', 'Bo') WHERE traject_id = 1 AND seq = 3",
            (1, 3, "changed"),
            id="words",
        ),
        pytest.param(
            "UPDATE history SET words = '{}' WHERE traject_id = 1 AND seq = 2", (1, 2, "changed"), id="words-added"
        ),
        pytest.param(
            "UPDATE history SET request_id = 'x' WHERE traject_id = 1 AND seq = 3", (1, 3, "changed"), id="request"
        ),
        pytest.param(
            "UPDATE history SET payload = 'no' WHERE traject_id = 1 AND seq = 3", (1, 3, "changed"), id="junk"
        ),
        pytest.param("DELETE FROM history WHERE traject_id = 1 AND seq = 3", (1, 3, "missing"), id="row-taken-out"),
        pytest.param("DELETE FROM history WHERE traject_id = 1 AND seq = 1", (1, 1, "missing"), id="first-row"),
        pytest.param("DELETE FROM history WHERE traject_id = 1 AND seq = 5", (1, 5, "cut"), id="last-row"),
        pytest.param("DELETE FROM history WHERE traject_id = 2", (2, 1, "cut"), id="all-of-a-traject"),
    ],
)
def test_tampering_is_found_at_its_place(world: World, statement: str, found: tuple[int, int, str]) -> None:
    tamper(world, statement)

    assert problems(world) == [found]


@on_sqlite
@pytest.mark.parametrize(
    ("statement", "found"),
    [
        pytest.param("mac = 'é' || mac WHERE seq = 5", (1, 5, "changed"), id="seal-of-other-letters"),
        pytest.param("mac = x'00ff' WHERE seq = 5", (1, 5, "changed"), id="seal-of-bytes"),
        pytest.param("payload = x'00ff' WHERE seq = 3", (1, 3, "changed"), id="bytes"),
        pytest.param("payload = '[]' WHERE seq = 3", (1, 3, "changed"), id="a-list"),
        pytest.param("words = x'00ff' WHERE seq = 3", (1, 3, "changed"), id="words-of-bytes"),
        pytest.param("at = 'gisteren' WHERE seq = 3", (1, 3, "changed"), id="no-moment"),
        pytest.param("seq = -1 WHERE seq = 5", (1, -1, "surplus"), id="below-the-first"),
        pytest.param("seq = 'vijf' WHERE seq = 5", (1, 0, "surplus"), id="no-number"),
    ],
)
def test_what_is_of_another_kind_is_found_and_does_not_end_the_check(
    world: World, statement: str, found: tuple[int, int, str]
) -> None:
    """SQLite holds anything in any column; who writes nonsense in one row must not hide the others."""
    tamper(world, f"UPDATE history SET {statement} AND traject_id = 1")
    tamper(world, "UPDATE history SET by = 'p2' WHERE traject_id = 2 AND seq = 1")

    assert {found, (2, 1, "changed")} <= set(problems(world))
    assert len(problems(world)) <= 3


def test_a_row_before_the_first_is_found(world: World) -> None:
    tamper(
        world,
        "INSERT INTO history (traject_id, seq, at, by, event, payload, mac) "
        "SELECT traject_id, 0, at, by, event, payload, mac FROM history WHERE traject_id = 1 AND seq = 5",
    )

    assert problems(world) == [(1, 0, "surplus")]


def test_a_row_that_was_put_in_is_found(world: World) -> None:
    tamper(
        world,
        "INSERT INTO history (traject_id, seq, at, by, event, payload, mac) "
        "SELECT traject_id, 6, at, by, event, payload, mac FROM history WHERE traject_id = 1 AND seq = 5",
    )

    assert problems(world) == [(1, 6, "changed"), (1, 6, "surplus")]


def test_a_row_that_was_moved_to_another_traject_is_found(world: World) -> None:
    tamper(
        world,
        "INSERT INTO history (traject_id, seq, at, by, event, payload, words, mac) "
        "SELECT 2, 2, at, by, event, payload, words, mac FROM history WHERE traject_id = 1 AND seq = 2",
    )
    tamper(world, "UPDATE traject SET version = 2 WHERE id = 2")

    assert problems(world) == [(2, 2, "changed")]


def test_rows_that_were_sealed_anew_without_the_key_are_found(world: World) -> None:
    """An unkeyed chain could be computed anew by anybody who can write to the database."""
    tamper(world, "DELETE FROM history WHERE traject_id = 1 AND seq = 5")
    tamper(world, "UPDATE traject SET version = 4 WHERE id = 1")
    world.key = b"a key that the forger made up himself"
    world.happens(1, StepFinished(key=b.key("s3"), by="p2"), NOW + timedelta(hours=5))

    assert problems(world) == [(1, 5, "changed")]


def test_a_cut_that_hides_its_traces_is_found_with_the_checkpoint(world: World) -> None:
    checkpoint = head(world)
    tamper(world, "DELETE FROM history WHERE traject_id = 1 AND seq > 3")
    tamper(world, "UPDATE traject SET version = 3 WHERE id = 1")

    assert problems(world) == []
    assert problems(world, checkpoint=checkpoint) == [(1, 4, "cut")]
    assert problems(world, checkpoint=checkpoint, traject_id=2) == []


def test_a_record_that_was_cut_and_written_anew_is_found_with_the_checkpoint(world: World) -> None:
    checkpoint = head(world)
    tamper(world, "DELETE FROM history WHERE traject_id = 1 AND seq = 5")
    tamper(world, "UPDATE traject SET version = 4 WHERE id = 1")
    world.happens(1, StepFinished(key=b.key("s3"), by="p2"), NOW + timedelta(hours=5))

    assert problems(world) == []
    assert problems(world, checkpoint=checkpoint) == [(1, 5, "changed")]


def test_words_can_be_erased_and_the_record_stays_whole(world: World) -> None:
    in_transaction(world.engine, lambda session: erase_words(session, 1, 3))

    with read_scope(world.engine) as session:
        entry = list_history(session, 1)[2]
    assert entry.words == {}
    assert problems(world) == []


def test_the_exported_head_names_each_traject_with_its_newest_seal(world: World) -> None:
    exported = head(world)

    seals = {(row["traject_id"], row["seq"]): row["mac"] for row in world.rows("history")}
    assert exported == {
        "heads": {
            "1": {"slug": "de-wilg", "seq": 5, "mac": seals[1, 5]},
            "2": {"slug": "de-linde", "seq": 1, "mac": seals[2, 1]},
        },
        "count": 6,
    }
