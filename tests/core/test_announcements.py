"""What other programs hear of a change: every state, nothing that was typed, nothing confidential."""

from __future__ import annotations

import json

from regie.core import events as e
from regie.core.announcements import _INTO, Announced, announce
from regie.core.definition import Anchor, Definition
from regie.core.ids import AnchorId, PersonId, RoleId
from regie.core.traject import Person, State
from tests.support import builders as b

OPENING = AnchorId("opening")


def town() -> Definition:
    return b.definition(
        b.step("a"),
        b.step("b", needs=["a"]),
        b.step("geheim", confidential_until=OPENING),
        anchors={OPENING: Anchor(OPENING, {"nl": "Opening"})},
    )


def heard(before, changes):  # type: ignore[no-untyped-def]
    return [(each.kind, str(each.key) if each.key else None, dict(each.facts)) for each in announce(before, changes)]


def test_every_state_has_its_name() -> None:
    assert set(_INTO) == set(State)
    assert len(set(_INTO.values())) == len(State)


def test_finishing_a_step_tells_that_it_is_done_and_what_came_up() -> None:
    start = b.started(town())

    done = b.after(
        start, b.MONDAY, e.StepFinished(key=b.key("a"), note="Jan Jansen belde", evidence=("brief van Jan",))
    )

    assert heard(start.traject, done) == [
        (Announced.STEP_FINISHED, "a", {"toestand": "done", "vorigeToestand": "ready"}),
        (Announced.STEP_CAME_UP, "b", {"toestand": "ready", "vorigeToestand": "not yet"}),
    ]


def test_a_cycle_that_begins_tells_so_and_of_its_steps_only_what_is_to_be_done() -> None:
    start = b.started(town())

    assert [(kind, key) for kind, key, _ in heard(start.traject, start)] == [
        (Announced.CYCLE_STARTED, None),
        (Announced.STEP_CAME_UP, "a"),
    ]


def test_of_a_confidential_step_nothing_is_told_before_its_anchor() -> None:
    start = b.started(town())

    done = b.after(start, b.MONDAY, e.StepFinished(key=b.key("geheim")))

    assert done.transitions
    assert heard(start.traject, done) == []


def test_a_cycle_that_ends_is_told_by_whatever_it_ended() -> None:
    start = b.started(town())

    closed = b.after(start, b.MONDAY, e.CycleClosed(reason="geen locatie"))

    told = heard(start.traject, closed)
    assert (Announced.CYCLE_ENDED, None) in [(kind, key) for kind, key, _ in told]
    assert "geen locatie" not in json.dumps(told, default=str)


def test_what_people_type_and_who_they_are_is_in_no_announcement() -> None:
    start = b.started(town(), people={RoleId("maker"): (Person(PersonId("p77")),)})
    typed = "Jan Jansen, 06-12345678"
    tried = [
        e.StepWaived(key=b.key("a"), reason=typed, approved_by=typed, by="person:p77"),
        e.StepDeclined(key=b.key("a"), reason=typed, by="person:p77"),
        e.QuestionAsked(key=b.key("a"), text=typed, by="person:p77"),
        e.DateProposed(key=b.key("a"), on=b.MONDAY, reason=typed, by="person:p77"),
        e.HandedToColleague(key=b.key("a"), to=PersonId("p77"), reason=typed),
        e.AnchorMoved(anchor=OPENING, target=b.MONDAY, reason=typed),
    ]

    told = [heard(start.traject, b.after(start, b.MONDAY, each)) for each in tried]

    assert sum(map(len, told)) >= 5
    assert "Jansen" not in json.dumps(told, default=str)
    assert "p77" not in json.dumps(told, default=str)
