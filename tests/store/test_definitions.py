from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, update

from regie.core.definition import Definition
from regie.core.ids import StepId
from regie.definitions import load_definition, load_sources, load_stored, sources_of
from regie.errors import Conflict, DefinitionInvalid, Incomplete, NotFound, Refused
from regie.store import tables
from regie.store.definitions import (
    DefinitionShelf,
    change_status,
    check_may_start,
    discard_draft,
    get_definition,
    get_sources,
    list_definitions,
    list_legal_dates,
    list_uses,
    retire_definition,
    save_definition,
)
from regie.store.session import in_transaction, read_scope, write_scope
from regie.store.tables import DefinitionStatus
from tests.store.world import MONDAY, World, at_once, chain
from tests.support import builders as b

TEXT = """\
regie: 1
id: klein
version: "1"
title: {nl: Klein plan}
steps:
  een: {title: Eén, takes: 2wd}
  twee: {title: Twee, takes: 1wd, needs: [een]}
"""
SOURCES = {"klein.yaml": TEXT}
NOW = b.at(MONDAY)


@pytest.fixture
def small() -> Definition:
    return load_sources(SOURCES)


def test_a_definition_comes_back_as_it_was_imported(engine: Engine, small: Definition) -> None:
    content_hash = in_transaction(engine, lambda session: save_definition(session, SOURCES, small, NOW))

    found = DefinitionShelf(engine).get(content_hash)

    assert b.contents(found) == b.contents(small)
    with read_scope(engine) as session:
        assert get_sources(session, content_hash) == SOURCES


def test_a_shelf_gives_the_same_object_each_time_also_to_threads(engine: Engine, small: Definition) -> None:
    content_hash = in_transaction(engine, lambda session: save_definition(session, SOURCES, small, NOW))
    shelf = DefinitionShelf(engine)

    found = at_once([lambda: shelf.get(content_hash)] * 3)

    assert {id(each) for each in found} == {id(shelf.get(content_hash))}


def test_a_definition_is_found_in_the_transaction_that_stores_it(engine: Engine, small: Definition) -> None:
    shelf = DefinitionShelf(engine)

    with write_scope(engine) as session:
        content_hash = save_definition(session, SOURCES, small, NOW)

        assert b.contents(shelf.get(content_hash, session)) == b.contents(small)


def test_importing_the_same_definition_twice_changes_nothing(engine: Engine, small: Definition) -> None:
    for hours in (9, 10):
        in_transaction(
            engine, lambda session, hours=hours: save_definition(session, SOURCES, small, b.at(MONDAY, hours))
        )

    with read_scope(engine) as session:
        (stored,) = list_definitions(session)
    assert (stored.id, stored.version, stored.title, stored.imported_at) == (
        "klein",
        "1",
        {"nl": "Klein plan"},
        b.at(MONDAY, 9),
    )
    assert (stored.status, stored.in_use) == (DefinitionStatus.ACTIVE, 0)


def test_a_definition_that_was_changed_in_the_database_is_not_used(engine: Engine, small: Definition) -> None:
    content_hash = in_transaction(engine, lambda session: save_definition(session, SOURCES, small, NOW))
    changed = {"klein.yaml": TEXT.replace("2wd", "3wd")}
    with engine.begin() as connection:
        connection.execute(update(tables.definition).values(sources=changed))

    with pytest.raises(Incomplete, match="not what was imported") as error:
        DefinitionShelf(engine).get(content_hash)

    assert error.value.code == "definition-damaged"


def test_a_stored_definition_is_not_refused_by_a_rule_that_came_later(engine: Engine) -> None:
    late = {"klein.yaml": TEXT.replace("twee: {", "twee: {due: 1wd after start, ")}
    with pytest.raises(DefinitionInvalid, match="RG306"):
        load_sources(late)  # the rule of today
    content_hash = in_transaction(engine, lambda session: save_definition(session, late, load_stored(late), NOW))

    found = DefinitionShelf(engine).get(content_hash)

    assert list(found.steps) == ["een", "twee"]
    assert found.steps[StepId("twee")].due


def test_a_stored_text_that_is_no_definition_at_all_is_still_refused() -> None:
    with pytest.raises(DefinitionInvalid, match="RG121"):
        load_stored({"klein.yaml": TEXT + "onzin: 1\n"})


def test_an_unknown_definition_is_not_found(engine: Engine) -> None:
    with pytest.raises(NotFound, match="no definition 'abc'") as error:
        DefinitionShelf(engine).get("abc")

    assert error.value.code == "unknown-definition"
    with pytest.raises(NotFound):
        in_transaction(engine, lambda session: retire_definition(session, "abc"))


def test_a_retired_definition_goes_on_for_the_cycles_that_follow_it(engine: Engine) -> None:
    world = World(engine, chain(2))
    traject_id = world.starts()

    in_transaction(engine, lambda session: retire_definition(session, world.definition.content_hash))

    with read_scope(engine) as session:
        (stored,) = list_definitions(session)
    assert (stored.status, stored.in_use) == (DefinitionStatus.RETIRED, 1)
    assert world.loads(traject_id).cycles[0].definition is world.definition


def test_a_draft_starts_nothing_until_it_is_active_and_of_two_who_change_it_the_second_is_told(
    engine: Engine, small: Definition
) -> None:
    draft, active = DefinitionStatus.DRAFT, DefinitionStatus.ACTIVE
    own = in_transaction(engine, lambda session: save_definition(session, SOURCES, small, NOW, draft))
    assert in_transaction(engine, lambda session: save_definition(session, SOURCES, small, NOW)) == own

    with read_scope(engine) as session:
        assert get_definition(session, own).status is draft
        with pytest.raises(Refused) as refused:
            check_may_start(session, own)
        assert refused.value.code == "definition-not-active"
    in_transaction(engine, lambda session: change_status(session, own, draft, active))
    with read_scope(engine) as session:
        check_may_start(session, own)
    with pytest.raises(Conflict, match="is active by now"):
        in_transaction(engine, lambda session: change_status(session, own, draft, active))
    with pytest.raises(Conflict):
        in_transaction(engine, lambda session: discard_draft(session, own))
    with pytest.raises(NotFound):
        in_transaction(engine, lambda session: discard_draft(session, "weg"))


def test_a_draft_that_nothing_follows_is_thrown_away(engine: Engine, small: Definition) -> None:
    own = in_transaction(engine, lambda s: save_definition(s, SOURCES, small, NOW, DefinitionStatus.DRAFT))

    in_transaction(engine, lambda session: discard_draft(session, own))

    with read_scope(engine) as session:
        assert list_definitions(session) == ()


def test_uses_say_who_follows_what_and_how_far_its_legal_dates_go(engine: Engine) -> None:
    world = World(engine, chain(2))
    world.starts("de-wilg")
    world.starts("de-iep")
    occurrence = tables.occurrence
    far = update(occurrence).where(occurrence.c.traject_id == 2).values(legal_on=MONDAY.replace(year=2031))
    with write_scope(engine) as session:
        session.connection().execute(far)

    with read_scope(engine) as session:
        uses, dates = list_uses(session), list_legal_dates(session)

    assert [(each.slug, each.cycle, each.is_running, each.legal_through) for each in uses] == [
        ("de-iep", 1, True, MONDAY.replace(year=2031)),
        ("de-wilg", 1, True, None),
    ]
    assert dates == {(world.definition.content_hash, MONDAY.replace(year=2031))}


def test_the_default_definition_survives_the_database(engine: Engine) -> None:
    folder = Path(__file__).parents[2] / "workflow_defs" / "opvang"
    default = load_definition(folder)

    content_hash = in_transaction(engine, lambda session: save_definition(session, sources_of(folder), default, NOW))

    assert b.contents(DefinitionShelf(engine).get(content_hash)) == b.contents(default)
