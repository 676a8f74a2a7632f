"""Whole stories, each over months, as the people in them would tell them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date

from regie.core.events import DatePinned, GateDecided, StepFinished
from regie.core.ids import OccurrenceKey, StepId
from regie.core.traject import State
from tests.scenarios.conftest import Story

Tell = Callable[[str], Story]


def key(step: str) -> OccurrenceKey:
    return OccurrenceKey(StepId(step))


def test_given_a_forgotten_step_when_weeks_pass_then_the_ladder_is_climbed_once(tell: Tell) -> None:
    story = tell(
        "steps:\n  visie: {title: Visie, takes: 3wd, responsible: maker, accountable: baas, due: 20wd after start}\n"
    )
    story.starts()

    story.lives_until(date(2027, 3, 1))

    assert [subject for _, subject in story.mail_to("maker")][1:] == [
        "Bijna tijd: Visie",
        "Vandaag: Visie",
        "Te laat: Visie",
    ]
    assert story.mail_to("baas") == [("2027-02-04", "Vraagt uw aandacht: Visie")]
    assert story.mail_to("lead") == [("2027-02-11", "Vraagt uw aandacht: Visie")]


PERMIT = """
anchors: {opening: {title: Opening, target: required, set_by: open}}
steps:
  aanvraag: {title: Aanvraag, takes: 5wd, responsible: maker}
  vergunning: {title: Vergunning, takes: 40wd, responsible: ander, needs: aanvraag}
  inrichten: {title: Inrichten, takes: 20wd, responsible: baas, needs: vergunning}
  open: {title: Open, takes: 0wd, responsible: maker, needs: inrichten}
"""


def test_given_a_permit_that_slips_when_it_is_moved_then_who_waits_for_it_hears_once_and_the_lead_what_it_threatens(
    tell: Tell,
) -> None:
    story = tell(PERMIT)
    story.starts(opening=date(2027, 4, 30))
    story.lives_until(date(2027, 1, 8))
    story.happens(StepFinished(key=key("aanvraag"), by="maker"))
    before = len(story.post.mail)

    story.happens(DatePinned(key=key("vergunning"), finish_on=date(2027, 5, 3), reason="bezwaar", by="maker"))
    moved = story.post.mail[before:]
    story.lives_until(date(2027, 2, 1))

    assert Counter(to for _, to, _ in moved) == {"ander": 1, "baas": 1, "lead": 1, "maker": 1}
    assert any("Opening" in subject for _, to, subject in moved if to == "lead")
    assert story.mail_to("baas")[-1][0] == "2027-01-08"


GATE = """
steps:
  stuk: {title: Stuk, takes: 5wd, responsible: maker}
  besluit: {title: Besluit, takes: 0wd, responsible: baas, needs: stuk, due: 15wd after start,
            gate: {decided_by: baas, no_go: ends the cycle}}
  bouwen: {title: Bouwen, takes: 10wd, responsible: ander, needs: besluit}
"""


def test_given_a_gate_that_is_held_when_its_new_day_comes_then_it_is_asked_again_and_its_go_opens_the_rest(
    tell: Tell,
) -> None:
    story = tell(GATE)
    story.starts()
    story.lives_until(date(2027, 1, 11))
    story.happens(StepFinished(key=key("stuk"), by="maker"))
    story.lives_until(date(2027, 1, 20))
    decided = {"key": key("besluit"), "decided_by": "college", "by": "lead"}
    until = date(2027, 3, 1)
    story.happens(GateDecided(outcome="hold", reason="vragen van de raad", held_until=until, **decided))  # type: ignore[arg-type]
    held = len(story.post.mail)
    story.lives_until(until)
    asked = story.post.mail[held:]
    story.happens(GateDecided(outcome="go", **decided))  # type: ignore[arg-type]
    story.lives_until(date(2027, 3, 5))

    assert {(to, subject) for day, to, subject in asked if day == "2027-03-01"} == {
        ("baas", "Vandaag: Besluit - De Wilg"),
        ("lead", "Vandaag: Besluit - De Wilg"),
    }
    assert not [each for each in asked if each[2].startswith(("Te laat", "Vraagt"))]
    assert [subject for day, subject in story.mail_to("ander") if day >= "2027-03-01"] == ["U kunt beginnen: Bouwen"]


RERUN = """
steps:
  beleid: {title: Beleid, takes: 5wd, responsible: maker, rerun: {verbeteren: keep}}
  zorg: {title: Zorg, takes: 10wd, responsible: ander, needs: beleid, due: 10wd after predecessors}
"""


def test_given_a_first_cycle_that_still_runs_when_the_phases_run_again_then_both_go_on_and_nobody_gets_two_mails_a_day(
    tell: Tell,
) -> None:
    story = tell(RERUN)
    story.starts()
    story.lives_until(date(2027, 1, 8))
    story.happens(StepFinished(key=key("beleid"), by="maker"))
    story.lives_until(date(2027, 1, 11))
    first = story.cycle().occurrences

    second = story.reruns("verbeteren")
    story.lives_until(date(2027, 2, 19))

    assert {str(name): each.state for name, each in story.cycle(second).occurrences.items()} == {
        "beleid": State.DONE,
        "zorg": State.READY,
    }
    assert story.cycle().occurrences[key("beleid")] == first[key("beleid")]
    late = Counter(day for day, _ in story.mail_to("ander") if day > "2027-01-11")
    assert late
    assert max(late.values()) == 1
