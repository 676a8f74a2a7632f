"""A traject that is closed: what was open is withdrawn, nobody hears of it, and the record says why."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, event

from regie.actions.apply_event import apply_event
from regie.actions.close_traject import close_traject, preview_close
from regie.actions.context import Context
from regie.actions.reconcile import reconcile
from regie.actions.start_cycle import NextCycle, start_cycle
from regie.core.events import StepFinished
from regie.core.traject import CycleState, State
from regie.errors import NotFound, Refused
from regie.store.history import list_history, verify
from regie.store.session import read_scope
from tests.store.world import KEY, MONDAY, OPENING, OPENING_ANCHOR, PostOffice, World
from tests.support import builders as b

TUESDAY = MONDAY + timedelta(days=1)
NOW = b.at(TUESDAY)
WHY = "de eigenaar verkoopt niet"


@pytest.fixture
def world(engine: Engine) -> World:
    """A traject of which one step is done, and the next one is ready and told."""
    found = World(engine, b.definition(b.step("a"), b.step("b", needs=["a"], due="5wd after start"), anchors=OPENING_ANCHOR))  # fmt: skip
    found.starts(targets={"opening": OPENING})
    found.happens(1, StepFinished(key=b.key("a"), by="p1"), b.at(MONDAY))
    return found


@pytest.fixture
def context(world: World) -> Context:
    return Context(world.engine, KEY, world.shelf, world.new_id)


def rerun(context: Context) -> None:
    start_cycle(context, 1, NextCycle("improvement", MONDAY, "k2"), b.at(MONDAY))


def test_every_running_cycle_ends_with_the_reason(world: World, context: Context) -> None:
    rerun(context)

    applied = close_traject(context, 1, WHY, NOW, by="p3")

    assert len(applied) == 2
    traject = world.loads(1, whole=True)
    assert [(each.state, each.ended_because) for each in traject.cycles] == [(CycleState.ENDED, WHY)] * 2
    assert {each.state for cycle in traject.cycles for each in cycle.occurrences.values()} <= {
        State.DONE,
        State.WITHDRAWN,
        State.DROPPED,
        State.NOT_APPLICABLE,
    }
    assert traject.cycles[0].occurrences[b.key("a")].state is State.DONE
    assert traject.cycles[0].occurrences[b.key("b")].out == WHY
    (row,) = world.rows("traject")
    assert (row["running"], row["next_look_on"]) == (False, None)


def test_closing_stands_in_the_history_and_the_seal_holds(world: World, context: Context) -> None:
    close_traject(context, 1, WHY, NOW, by="p3")

    with read_scope(world.engine) as session:
        last = list_history(session, 1)[-1]
        assert verify(session, KEY) == ()
    assert (last.event, last.by, last.words) == ("CycleClosed", "p3", {"reason": WHY})
    assert [1, "b", "ready", "withdrawn", ""] in last.payload["transitions"]
    assert WHY not in str(last.payload)


def test_messages_that_wait_about_open_steps_are_never_sent(world: World, context: Context) -> None:
    assert [row["status"] for row in world.rows("message")].count("pending") > 0

    close_traject(context, 1, WHY, NOW)

    told = [line for letter in PostOffice(world).delivers(NOW) for part in letter.parts for line in part.lines]
    assert [line for line in told if line.key == b.key("b")] == []
    notices = len(world.rows("notice"))
    reconcile(context, b.at(TUESDAY + timedelta(days=60)))
    assert len(world.rows("notice")) == notices


def test_traject_is_closed_once(world: World, context: Context) -> None:
    close_traject(context, 1, WHY, NOW)
    before = world.everything()

    for again in (close_traject, preview_close):
        with pytest.raises(Refused, match=f"closed already: {WHY}") as refused:
            again(context, 1, "nog eens", NOW)
        assert refused.value.code == "traject-closed"

    assert world.everything() == before


def test_same_press_of_the_button_closes_once_and_is_no_refusal(world: World, context: Context) -> None:
    rerun(context)
    close_traject(context, 1, WHY, NOW, request_id="druk-1")
    before = world.everything()

    (again,) = close_traject(context, 1, WHY, NOW, request_id="druk-1")

    assert again.repeated
    assert world.everything() == before


def test_preview_says_what_would_be_withdrawn_and_saves_nothing(world: World, context: Context) -> None:
    rerun(context)
    before = world.everything()

    first, second = preview_close(context, 1, WHY, NOW)

    assert {str(each.key): each.after for each in first.transitions} == {"b": State.WITHDRAWN}
    assert second.event.cycle == 2
    assert not second.traject.running()
    assert world.everything() == before


@pytest.mark.parametrize(
    ("reason", "code"),
    [pytest.param("  ", "reason-missing", id="empty"), pytest.param("x\x00", "control-character", id="nul")],
)
def test_reason_that_says_nothing_or_cannot_be_kept_closes_nothing(
    world: World, context: Context, reason: str, code: str
) -> None:
    rerun(context)
    before = world.everything()

    for attempt in (close_traject, preview_close):
        with pytest.raises(Refused) as refused:
            attempt(context, 1, reason, NOW)
        assert refused.value.code == code

    assert world.everything() == before


def test_all_cycles_end_in_one_transaction(world: World, context: Context) -> None:
    rerun(context)
    commits: list[object] = []
    event.listen(world.engine, "commit", commits.append)

    close_traject(context, 1, WHY, NOW)

    assert len(commits) == 1


def test_traject_that_is_not_there_is_not_closed(context: Context) -> None:
    with pytest.raises(NotFound):
        close_traject(context, 9, WHY, NOW)


def test_next_cycle_can_be_opened_after_all(world: World, context: Context) -> None:
    close_traject(context, 1, WHY, NOW)

    rerun(context)

    assert [each.number for each in world.loads(1).running()] == [2]
    apply_event(context, 1, StepFinished(key=b.key("a"), cycle=2), NOW)
