"""The plan as a picture and as the same table."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from xml.etree import ElementTree

import pytest

from regie.core.definition import Definition
from regie.reports.gantt import GanttView, gantt_view, render_gantt
from regie.reports.plan_table import plan_rows, say_facts, say_notable
from regie.reports.plan_view import Bar, Look, Mark
from tests.support.builders import key
from tests.text.town import START, cycle_on, fact

D = date.fromisoformat
TODAY = D("2027-02-10")
OPENING = D("2027-09-01")
SVG = "{http://www.w3.org/2000/svg}"


def town(language: str = "nl", *, opening: date = OPENING, title: str = "Opvang De Wilg") -> GanttView:
    """Some weeks on the way: the vision is done, the note is late, the estimate is being made."""
    cycle, plan = cycle_on(
        TODAY,
        fact("visie", started_on=START, finished_on=D("2027-01-20")),
        fact("nota", started_on=D("2027-01-21")),
        fact("raming", started_on=D("2027-01-11")),
        opening=opening,
    )
    return gantt_view(title, cycle, plan, TODAY, language)


def bars(view: GanttView) -> dict[str, Bar]:
    return {str(bar.key): bar for bar in view.bars()}


def parsed(view: GanttView) -> ElementTree.Element:
    return ElementTree.fromstring(render_gantt(view))


def words(svg: ElementTree.Element) -> list[str]:
    return [each.text or "" for each in svg.iter(f"{SVG}text")]


def classes(svg: ElementTree.Element) -> Iterator[str]:
    for each in svg.iter():
        yield each.get("class", "")


# --- the values ---------------------------------------------------------------------------------------


def test_phases_have_windows_that_follow_from_their_steps_and_may_overlap() -> None:
    cycle, plan = cycle_on(START, fact("kader", pinned_finish=D("2027-06-01")))

    before, during = gantt_view("t", cycle, plan, START).phases

    assert (before.title, before.first, before.last) == ("Voorbereiden", START, D("2027-06-01"))
    assert (during.title, during.first) == ("Uitvoeren", D("2027-03-12"))


@pytest.mark.parametrize(
    ("name", "look", "is_late"),
    [
        ("visie", Look.DONE, False),
        ("nota", Look.LATE, True),
        ("raming", Look.BUSY, False),
        ("aanvraag", Look.PLANNED, False),
        ("informeren", Look.LATE, True),
    ],
)
def test_a_step_is_drawn_as_it_stands(name: str, look: Look, is_late: bool) -> None:
    found = bars(town())[name]

    assert (found.look, found.is_late) == (look, is_late)


def test_what_takes_no_part_is_left_out() -> None:
    assert not {"tolken", "opvolgen"} & set(bars(town()))


def test_gates_and_milestones_are_moments() -> None:
    found = bars(town())

    assert (found["besluit"].mark, found["mijlpaal"].mark, found["visie"].mark) == (Mark.GATE, Mark.MILESTONE, Mark.BAR)


def test_the_critical_chain_leads_to_the_opening() -> None:
    view = town()

    critical = {name for name, bar in bars(view).items() if bar.is_critical}
    assert {"nota", "besluit", "vergunning", "inrichten", "mijlpaal", "instroom"} <= critical
    assert not {"raming", "kader", "school@eerste"} & critical
    assert view.critical_to == "Opening"


def test_without_an_anchor_that_needs_a_target_critical_is_what_has_no_slack() -> None:
    cycle, plan = cycle_on(START)
    anchors = {name: replace(anchor, target_required=False) for name, anchor in cycle.definition.anchors.items()}
    definition: Definition = replace(cycle.definition, anchors=anchors)
    plan.network = replace(plan.network, definition=definition)

    view = gantt_view("t", replace(cycle, definition=definition), plan, START)

    assert view.critical_to == ""
    assert {name for name, bar in bars(view).items() if bar.is_critical} == {
        str(activity.key)
        for place, activity in enumerate(plan.network.activities)
        if (planned := plan.planned(place)) and planned.slack_working_days <= 0
    }


def test_once_it_is_open_the_chain_to_the_opening_is_no_longer_critical() -> None:
    cycle, plan = cycle_on(D("2027-09-15"), fact("instroom", started_on=D("2027-09-01"), finished_on=D("2027-09-01")))

    view = gantt_view("t", cycle, plan, D("2027-09-15"))

    assert view.critical_to == ""
    assert not bars(view)["instroom"].is_critical


def test_copies_of_a_step_share_a_lane_and_tracks_stand_together() -> None:
    cycle, plan = cycle_on(D("2027-09-15"), fact("instroom", started_on=D("2027-09-01"), finished_on=D("2027-09-01")))

    view = gantt_view("t", cycle, plan, D("2027-09-15"))

    lanes = {lane.title: lane for phase in view.phases for lane in phase.lanes}
    assert len(lanes["Overleg voeren"].bars) > 1
    for phase in view.phases:
        tracks = [lane.track for lane in phase.lanes]
        assert len([track for number, track in enumerate(tracks) if track != tracks[number - 1] or not number]) == len(
            set(tracks)
        )


def test_an_anchor_that_has_not_happened_is_a_target() -> None:
    found = {anchor.title: (anchor.on, anchor.is_target) for anchor in town().anchors}

    assert found["Opening"] == (D("2027-09-01"), True)
    assert found["Start"] == (START, False)


def test_the_table_says_the_same_as_the_picture() -> None:
    view = town()

    rows = list(plan_rows(view))

    assert [row.bar for row in rows] == list(view.bars())
    note = next(row for row in rows if row.bar.title == "Nota schrijven")
    assert (note.phase, note.track, note.bar.role, note.bar.state) == (
        "Voorbereiden",
        "Bestuur",
        "Projectleider",
        "bezig",
    )
    assert dict(say_facts(note.bar)) == {
        "Plan bij de start": "18 tot en met 22 januari 2027",
        "Plan nu": "21 januari tot en met 10 februari 2027",
        "Werkelijk": "sinds 21 januari 2027",
        "Uiterlijk volgens het plan": "27 januari 2027",
        "Ruimte": "geen speling",
        "Let op": "te laat, kritiek",
    }


# --- the picture --------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_picture_is_one_image_with_a_name_and_a_description(language: str) -> None:
    svg = parsed(town(language))

    assert svg.get("role") == "img"
    assert svg.get("aria-labelledby") == "gantt-title gantt-desc"
    assert svg.findtext(f"{SVG}title") == "Opvang De Wilg"
    assert (
        svg.findtext(f"{SVG}desc")
        == {
            "nl": "Stand op 10 februari 2027. Planning met 14 stappen in 2 fasen. 1 bezig, 1 klaar, 2 te laat. "
            "Kritiek is de langste keten van stappen naar 'Opening'.",
            "en": "As of 10 February 2027. Planning with 14 steps in 2 phases. 1 in progress, 1 done, 2 late. "
            "Critical is the longest chain of steps to 'Opening'.",
        }[language]
    )


def test_the_picture_needs_nothing_that_a_strict_policy_forbids() -> None:
    drawn = render_gantt(town())
    svg = ElementTree.fromstring(drawn)

    assert not {each.tag.removeprefix(SVG) for each in svg.iter()} & {"script", "image", "foreignObject", "use", "a"}
    assert not [
        each for each in svg.iter() if "style" in each.attrib or any(name.startswith("on") for name in each.attrib)
    ]
    assert not re.search(r"(href|@import|url\((?!#))", drawn)


def test_status_shows_in_pattern_and_word_not_in_colour_alone() -> None:
    svg = parsed(town())

    shown = set(classes(svg))
    assert {"done", "busy", "planned", "planned critical", "late critical", "late"} <= shown
    assert {each.get("id") for each in svg.iter(f"{SVG}pattern")} == {"busy", "late", "all"}
    assert "te laat, kritiek" in words(svg)
    assert "bezig" in words(svg)


def test_the_steps_of_a_track_through_all_phases_are_marked() -> None:
    view = town()

    marked = sum(each == "all" for each in classes(parsed(view)))

    lanes = [lane for phase in view.phases for lane in phase.lanes if lane.is_in_all_phases]
    assert marked == len(lanes) + 1  # and once in the legend
    assert "loopt door alle fasen" in words(parsed(view))
    assert "Locatie" in words(parsed(view))


def test_a_target_that_cannot_hold_is_said_above_the_chart() -> None:
    said = words(parsed(town(opening=D("2027-05-03"))))

    assert any(each.startswith("'Opening' op 3 mei 2027 lukt niet: het plan komt uit op ") for each in said)
    assert "Opening, 3 mei 2027 (streefdatum)" in said


def test_months_are_named_in_the_language_of_the_reader_and_today_is_a_line() -> None:
    dutch, english = words(parsed(town())), words(parsed(town("en")))

    assert {"jan", "mrt", "mei"} <= set(dutch)
    assert {"Jan", "Mar", "May"} <= set(english)
    assert "vandaag, 10 februari 2027" in dutch
    assert "today" in list(classes(parsed(town())))


def test_a_plan_of_many_years_is_drawn_by_quarter() -> None:
    cycle, plan = cycle_on(START, fact("visie", pinned_start=D("2033-01-03")))

    said = words(parsed(gantt_view("t", cycle, plan, START)))

    assert {"K1", "K2", "K3", "K4"} <= set(said)
    assert "mrt" not in said


def test_year_names_do_not_run_into_each_other() -> None:
    cycle, plan = cycle_on(D("2033-01-03"), fact("visie", pinned_start=D("2033-02-01")))
    view = gantt_view("t", cycle, plan, D("2033-01-03"))
    early = replace(view, today=D("2026-12-20"))

    svg = parsed(early)

    years = [(float(each.get("x", 0)), each.text) for each in svg.iter(f"{SVG}text") if each.get("class") == "year"]
    places = sorted(x for x, _ in years[::2])
    assert "2026" not in {text for _, text in years}
    assert all(after - before > 30 for before, after in itertools.pairwise(places))


def test_nothing_is_drawn_outside_the_picture() -> None:
    svg = parsed(town())
    wide, high = float(svg.get("width", 0)), float(svg.get("height", 0))

    for each in svg.iter():
        if each.tag in (f"{SVG}rect", f"{SVG}text") and each.get("x"):
            assert 0 <= float(each.get("x", 0)) <= wide
            assert 0 <= float(each.get("y", 0)) <= high
            assert float(each.get("x", 0)) + float(each.get("width", 0)) <= wide


def test_long_sentences_take_more_lines_and_what_is_left_out_shows() -> None:
    view = replace(town(title="Opvang De Wilg " * 40), threats=("Dit lukt niet op tijd. " * 12,))

    drawn = [each for each in parsed(view).iter(f"{SVG}text") if each.get("class") in ("title", "sub", "sub warn")]

    places = [float(each.get("y", 0)) for each in drawn]
    assert all(after - before >= 15 for before, after in itertools.pairwise(places))
    assert max(len(each.text or "") for each in drawn if each.get("class") == "title") <= 132
    assert max(len(each.text or "") for each in drawn if each.get("class") != "title") <= 220
    assert [each.text for each in drawn if each.get("class") == "title"][-1].endswith(" …")  # type: ignore[union-attr]
    assert "".join(each.text or "" for each in drawn if each.get("class") == "sub warn").count("lukt") == 12


@pytest.mark.parametrize("today", [D("2027-01-04"), D("2027-08-20")])
def test_today_stands_clear_of_the_years(today: date) -> None:
    svg = parsed(replace(town(), today=today))

    years = {float(each.get("y", 0)) for each in svg.iter(f"{SVG}text") if each.get("class") == "year"}
    (said,) = [each for each in svg.iter(f"{SVG}text") if (each.text or "").startswith("vandaag, ")]
    assert min(abs(float(said.get("y", 0)) - year) for year in years) > 11


def test_what_was_kept_from_an_earlier_cycle_says_so_and_stretches_nothing() -> None:
    long_ago = fact("visie", started_on=D("2024-01-08"), finished_on=D("2024-02-01"), kept_from=1)
    cycle, plan = cycle_on(TODAY, long_ago)

    view = gantt_view("t", cycle, plan, TODAY)

    assert min(phase.first for phase in view.phases) >= START
    assert [say_notable(bar) for bar in view.bars() if bar.title == "Visie vaststellen"] == ["kritiek, uit doorloop 1"]
    said = words(parsed(view))
    assert "klaar, uit doorloop 1" in said
    assert "2024" not in said


def test_the_picture_prints_on_one_sheet_of_a3() -> None:
    assert "@page{size:A3" in render_gantt(town())


def test_markup_in_a_title_stays_text() -> None:
    svg = parsed(town(title="<script>alert(1)</script> & zo"))

    assert svg.findtext(f"{SVG}title") == "<script>alert(1)</script> & zo"
    assert not list(svg.iter(f"{SVG}script"))


def test_an_empty_plan_says_so() -> None:
    svg = parsed(GanttView("Leeg", TODAY, (), ()))

    assert words(svg) == ["Er zijn nog geen stappen gepland."]


def test_the_same_view_gives_the_same_picture() -> None:
    assert render_gantt(town()) == render_gantt(town())


def test_every_bar_tells_its_dates_and_its_room() -> None:
    svg = parsed(town())

    said = {each.findtext(f"{SVG}title") for each in svg.iter(f"{SVG}g")}

    assert (
        "Visie vaststellen: klaar. Plan bij de start: 4 tot en met 15 januari 2027; Plan nu: 4 tot en met 20 januari 2027; "
        "Werkelijk: 4 tot en met 20 januari 2027; Uiterlijk volgens het plan: 25 januari 2027; Ruimte: geen speling"
    ) in said
    assert str(key("visie")) not in said
