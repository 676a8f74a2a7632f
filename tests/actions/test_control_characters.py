"""What holds a control character is refused at every door, before a row is written."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Engine

from regie.actions.apply_event import apply_event, preview_event
from regie.actions.context import Context
from regie.actions.start_cycle import NextCycle, start_cycle
from regie.actions.start_traject import NewTraject, preview_start, start_traject
from regie.core.definition import Definition, ItemList
from regie.core.events import (
    AnchorMoved,
    Event,
    GateDecided,
    ItemsChanged,
    StepFinished,
    StepReopened,
    StepStarted,
    StepWaived,
)
from regie.core.ids import AnchorId, ListId
from regie.core.traject import Item
from regie.errors import Refused
from regie.store.history import list_history
from regie.store.partners import import_people
from regie.store.session import in_transaction, read_scope
from tests.store.world import KEY, MONDAY, OPENING, OPENING_ANCHOR, World
from tests.support import builders as b

NUL = "\x00"
NOW = b.at(MONDAY)


@pytest.fixture
def definition() -> Definition:
    return b.definition(
        b.step("a"),
        b.step("besluit", "0wd", gate=b.gate()),
        b.step("instroom", for_each=ListId("arrival")),
        anchors=OPENING_ANCHOR,
        lists={ListId("arrival"): ItemList(ListId("arrival"), {"nl": "Instroom"})},
    )


@pytest.fixture
def world(engine: Engine, definition: Definition) -> World:
    found = World(engine, definition)
    found.starts(targets={"opening": OPENING})
    return found


@pytest.fixture
def context(world: World) -> Context:
    return Context(world.engine, KEY, world.shelf, world.new_id)


def refused_without_a_trace(world: World, work: Callable[[], object]) -> Refused:
    before = world.everything()
    with pytest.raises(Refused) as refused:
        work()
    assert refused.value.code == "control-character"
    assert world.everything() == before
    return refused.value


@pytest.mark.parametrize(
    ("event", "field"),
    [
        pytest.param(StepStarted(key=b.key("a"), note=f"opm{NUL}erking"), "note", id="remark"),
        pytest.param(StepStarted(key=b.key("a"), by=f"anna{NUL}"), "by", id="who-does-it"),
        pytest.param(StepFinished(key=b.key("a"), evidence=("zaak/1", f"zaak/2{NUL}")), "evidence", id="evidence"),
        pytest.param(StepWaived(key=b.key("a"), reason=f"te laat{NUL}", approved_by="lead"), "reason", id="reason"),
        pytest.param(StepWaived(key=b.key("a"), reason="te laat", approved_by=NUL), "approved_by", id="who-approves"),
        pytest.param(StepReopened(key=b.key("a"), reason=NUL), "reason", id="reason-before-the-rules-are-asked"),
        pytest.param(
            GateDecided(key=b.key("besluit"), outcome="go", decided_by=f"raad{NUL}"), "decided_by", id="decider"
        ),
        pytest.param(
            GateDecided(key=b.key("besluit"), outcome="go", decided_by="raad", document=f"d{NUL}"),
            "document",
            id="document",
        ),
        pytest.param(AnchorMoved(anchor=AnchorId("opening"), target=OPENING, reason=NUL), "reason", id="anchor"),
        pytest.param(ItemsChanged(list=ListId("arrival"), items=(Item(f"bus{NUL}"),)), "key", id="item-key"),
    ],
)
def test_event_is_refused_and_leaves_no_trace(world: World, context: Context, event: Event, field: str) -> None:
    error = refused_without_a_trace(world, lambda: apply_event(context, 1, event, NOW))

    assert error.facts["field"] == field
    with pytest.raises(Refused, match=f"'{field}'"):
        preview_event(context, 1, event, NOW)


def test_mark_of_a_request_is_refused(world: World, context: Context) -> None:
    event = StepStarted(key=b.key("a"))

    refused_without_a_trace(world, lambda: apply_event(context, 1, event, NOW, request_id=NUL))


def test_remark_over_lines_is_kept_as_it_was_written(world: World, context: Context) -> None:
    apply_event(context, 1, StepStarted(key=b.key("a"), note="eerst dit\n\tdan dat"), NOW)

    assert world.loads(1).cycles[0].occurrences[b.key("a")].started_on == MONDAY
    with read_scope(world.engine) as session:
        assert "eerst dit\n\tdan dat" in list_history(session, 1)[-1].words.values()


@pytest.mark.parametrize(
    ("more", "field"),
    [
        pytest.param({"title": f"De Wilg{NUL}"}, "title", id="title"),
        pytest.param({"title": "De\nWilg"}, "title", id="title-over-two-lines"),
        pytest.param({"slug": f"de-wilg{NUL}"}, "slug", id="slug"),
        pytest.param({"answers": {"gebouw": NUL}}, "answers gebouw", id="answer"),
        pytest.param({"targets": {NUL: OPENING}}, "targets", id="name-of-an-anchor"),
        pytest.param({"items": {ListId("arrival"): (Item(NUL),)}}, "key", id="item-key"),
        pytest.param({"by": NUL}, "by", id="who-starts-it"),
    ],
)
def test_traject_is_not_started(
    world: World, context: Context, definition: Definition, more: dict[str, object], field: str
) -> None:
    facts = {"title": "De Linde", "start_on": MONDAY, "targets": {"opening": OPENING}}
    new = NewTraject(**{**facts, **more})  # type: ignore[arg-type]

    error = refused_without_a_trace(
        world, lambda: start_traject(context, {"workflow.yaml": "regie: 1"}, definition, new, NOW)
    )

    assert error.facts["field"] == field
    with pytest.raises(Refused, match="cannot be kept"):
        preview_start(definition, new, NOW)


@pytest.mark.parametrize(
    "new",
    [
        pytest.param(NextCycle(f"first{NUL}", MONDAY, "k"), id="kind"),
        pytest.param(NextCycle("first", MONDAY, f"k{NUL}"), id="mark-of-the-request"),
        pytest.param(NextCycle("first", MONDAY, "k", {"gebouw": NUL}), id="answer"),
    ],
)
def test_next_cycle_is_not_opened(world: World, context: Context, new: NextCycle) -> None:
    refused_without_a_trace(world, lambda: start_cycle(context, 1, new, NOW))


@pytest.mark.parametrize("column", ["naam", "organisatie", "rol", "e-mail", "vervanger"])
def test_list_of_partners_is_taken_by_nobody(world: World, column: str) -> None:
    good = {"naam": "Bram", "e-mail": "bram@ggd.example", "rol": "maker", "organisatie": "GGD"}
    before = world.everything()

    for character in (NUL, "\x1f"):
        bad = {**good, column: good.get(column, "") + character}
        report = in_transaction(world.engine, lambda session, bad=bad: import_people(session, [good, bad]))

        assert not report.is_stored
        assert report.problems[0].row == 2
        assert report.problems[0].column == column
        assert "control-character" in report.problems[0].reason
    assert world.everything() == before


def test_cell_over_two_lines_is_taken_as_one(world: World) -> None:
    row = {"naam": "Bram\nde Boer", "e-mail": "bram@ggd.example", "rol": "maker\t"}

    in_transaction(world.engine, lambda session: import_people(session, [row]))

    assert "Bram de Boer" in [each["name"] for each in world.rows("person")]
