"""The plan on a page and as a file: chart, table, CSV, spreadsheet and picture say the same of the same steps."""

from __future__ import annotations

import csv
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from xml.etree import ElementTree

import pytest
from openpyxl import load_workbook

from regie.core.ids import AnchorId, StepId
from regie.core.traject import CycleState, State
from regie.reports.gantt import render_gantt, render_png
from regie.reports.gantt_drawing import STYLE, Unit
from regie.reports.plan_chart import AXIS, PHASE_ROW, ROW, TRACK_ROW, Chart, Drawing, make_chart
from regie.reports.plan_table import plan_csv, plan_rows, plan_spreadsheet, say_facts
from regie.reports.plan_view import CRITICAL, LATE, OPEN, GanttView, Wanted, choices_of, gantt_view, join_views
from regie.web.static_files import FOLDER
from tests.text.town import START, cycle_on, fact

D = date.fromisoformat
TODAY = D("2027-02-10")
SVG = "{http://www.w3.org/2000/svg}"
FACTS = (
    fact("visie", started_on=START, finished_on=D("2027-01-20")),
    fact("nota", started_on=D("2027-01-21"), promised_on=D("2027-02-24")),
    fact("raming", started_on=D("2027-01-11")),
)


def town(wanted: Wanted = Wanted(), language: str = "nl", **renamed: str) -> GanttView:  # noqa: B008 - frozen
    cycle, plan = cycle_on(TODAY, *FACTS)
    for step, title in renamed.items():
        steps = cycle.definition.steps
        definition = replace(
            cycle.definition, steps={**steps, StepId(step): replace(steps[StepId(step)], title={"nl": title})}
        )
        cycle = replace(cycle, definition=definition)
    return gantt_view("Opvang Dé Wïlg", cycle, plan, TODAY, language, wanted=wanted)


def chart(view: GanttView, unit: Unit | None = Unit.MONTH) -> Chart:
    return make_chart(view, unit, lambda bar: f"/s/{bar.key}?d=1&e=2")


def parsed(drawing: Drawing) -> ElementTree.Element:
    return ElementTree.fromstring(drawing.svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))


def linked(found: Chart) -> Iterator[ElementTree.Element]:
    for phase in found.phases:
        for track in phase.tracks:
            yield from parsed(track.rows).iter(f"{SVG}a")


def csv_of(view: GanttView) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(plan_csv(view).decode("utf-8-sig"), newline=""), delimiter=";"))


# --- what is wanted ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(phase="voor", track="locatie"), {"informeren"}),
        (Wanted(role="ggd"), {"informeren"}),
        (Wanted(state="done"), {"visie"}),
        (Wanted(state=LATE), {"nota", "informeren"}),
        (Wanted(phase="voor", state=CRITICAL), {"nota", "besluit"}),
        (Wanted(phase="voor", role="lead", state=OPEN), {"nota", "kader", "rustig"}),
        (Wanted(track="bestaat-niet"), set()),
    ],
)
def test_steps_are_narrowed_by_phase_track_role_and_state(wanted: Wanted, found: set[str]) -> None:
    assert {str(bar.key) for bar in town(wanted).bars()} == found


def test_choices_are_what_the_steps_have() -> None:
    cycle, _ = cycle_on(TODAY, *FACTS)

    found = choices_of([cycle])

    assert found.total == len(list(town().bars()))
    assert list(found.phases) == ["voor", "uit"]
    assert found.roles["ggd"] == "GGD"
    assert list(found.roles.values()) == sorted(found.roles.values(), key=str.casefold)
    assert list(found.states.items())[:3] == [("open", "nog niet klaar"), ("late", "te laat"), ("critical", "kritiek")]
    assert State.DONE.value in found.states
    assert State.WAITING_FOR_PARTNER.value not in found.states


def test_in_an_ended_cycle_nothing_is_late_any_more() -> None:
    cycle, plan = cycle_on(TODAY, *FACTS)

    view = gantt_view("t", replace(cycle, state=CycleState.ENDED), plan, TODAY)

    assert not [bar for bar in view.bars() if bar.is_late]


def test_two_cycles_stand_below_each_other_by_name() -> None:
    one = town()

    both = join_views("t", [one, replace(one, title="x")], ["Doorloop 1", "Doorloop 2"])

    assert [phase.title for phase in both.phases] == [
        "Doorloop 1: Voorbereiden", "Doorloop 1: Uitvoeren", "Doorloop 2: Voorbereiden", "Doorloop 2: Uitvoeren",
    ]  # fmt: skip
    assert len(list(both.bars())) == 2 * len(list(one.bars()))
    assert both.critical_to == "Opening"


def test_copy_of_a_confidential_step_is_not_called_by_what_people_typed() -> None:
    cycle, plan = cycle_on(TODAY, *FACTS)
    steps = cycle.definition.steps
    secret = replace(steps[StepId("school")], confidential_until=AnchorId("openbaar"))
    cycle = replace(cycle, definition=replace(cycle.definition, steps={**steps, secret.id: secret}))

    def names(*, sees_confidential: bool) -> set[str]:
        view = gantt_view("t", cycle, plan, TODAY, sees_confidential=sees_confidential)
        return {bar.title for bar in view.bars() if bar.key.step == "school"}

    assert names(sees_confidential=False) == {secret.title["nl"]}
    assert names(sees_confidential=True) != {secret.title["nl"]}


# --- chart and table -----------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", [*Unit, None])
@pytest.mark.parametrize("language", ["nl", "en"])
def test_chart_and_table_show_the_same_steps_with_the_same_dates(unit: Unit | None, language: str) -> None:
    view = town(language=language)

    drawn = [(each.get("href"), each.findtext(f"{SVG}title")) for each in linked(chart(view, unit))]

    rows = [row.bar for row in plan_rows(view)]
    assert [href for href, _ in drawn] == [f"/s/{bar.key}?d=1&e=2" for bar in rows]
    for (_, said), bar in zip(drawn, rows, strict=True):
        facts = "; ".join(f"{name}: {what}" for name, what in say_facts(bar, language))
        assert said == f"{bar.title}: {bar.state}. {facts}"


@pytest.mark.parametrize("unit", [*Unit, None])
def test_every_bar_stands_where_its_dates_are(unit: Unit | None) -> None:
    view = town()
    found = chart(view, unit)
    days = [day for bar in view.bars() for day in bar.moments]
    first, after = min(days).replace(day=1), D("2027-09-01") if max(days) < D("2027-09-01") else D("2027-10-01")
    day = (found.axis.width - 90) / (after - first).days

    shown = {each.get("href"): each for each in linked(found)}

    checked = 0
    for bar in view.bars():
        element = shown[f"/s/{bar.key}?d=1&e=2"]
        rects = [each for each in element.iter(f"{SVG}rect") if each.get("class") not in ("worked", "at-start")]
        if rects:
            assert float(rects[0].get("x", 0)) == pytest.approx((bar.first - first).days * day, abs=0.1)
            assert float(rects[0].get("width", 0)) == pytest.approx(((bar.last - bar.first).days + 1) * day, abs=0.1)
            checked += 1
        (begun,) = [each for each in element.iter(f"{SVG}rect") if each.get("class") == "at-start"] or [None]
        assert (begun is not None) == (bar.at_start is not None and bar.at_start != (bar.first, bar.last))
        if begun is not None and bar.at_start:
            assert float(begun.get("x", 0)) == pytest.approx((bar.at_start[0] - first).days * day, abs=0.1)
    assert checked > 5


def test_zoom_makes_the_same_plan_wider() -> None:
    widths = [chart(town(), unit).axis.width for unit in (Unit.QUARTER, Unit.MONTH, Unit.WEEK)]

    assert widths == sorted(widths)
    assert len(set(widths)) == 3


def test_rows_of_names_are_as_high_as_those_of_the_drawing() -> None:
    found = chart(town())

    css = (FOLDER / "regie.css").read_text(encoding="utf-8")
    for part, height in (("name", ROW), ("track", TRACK_ROW), ("head", PHASE_ROW)):
        assert re.search(rf"\.regie-gantt__{part} {{[^}}]*block-size: {height / 16:g}rem", css), part
    for phase in found.phases:
        for track in phase.tracks:
            assert track.rows.height == (TRACK_ROW if track.title else 0) + ROW * len(track.lanes)
            assert track.rows.width == found.axis.width == phase.window.width
    assert found.axis.height >= AXIS


def test_what_runs_through_all_phases_is_marked_with_a_pattern() -> None:
    for phase in chart(town()).phases:
        for track in phase.tracks:
            bands = [each for each in parsed(track.rows).iter(f"{SVG}rect") if each.get("class") == "all"]
            assert [each.get("fill") for each in bands] == (["url(#all)"] if track.is_in_all_phases else [])
            assert track.is_in_all_phases == (track.title == "Locatie")


def test_promised_and_legal_dates_and_gates_are_signs_with_words() -> None:
    found = chart(town())
    signs = {str(each.get("href")): [part.get("class") for part in each.iter(f"{SVG}path")] for each in linked(found)}
    words = [each.text for each in linked(found) for each in each.iter(f"{SVG}text")]

    assert "promised" in signs["/s/nota?d=1&e=2"]
    assert "legal" in signs["/s/vergunning?d=1&e=2"]
    assert "Raadsbesluit nemen, kritiek" in words
    assert [said for _, said in found.legend if said in ("toegezegd", "uiterlijk volgens de wet")] == [
        "toegezegd",
        "uiterlijk volgens de wet",
    ]


def test_weeks_have_their_number() -> None:
    said = [each.text for each in parsed(chart(town(), Unit.WEEK).axis).iter(f"{SVG}text")]

    assert {"wk 1", "wk 6", "januari 2027", "vandaag, 10 februari 2027"} <= set(said)


def test_drawing_has_no_style_or_script_and_no_stop_for_the_keyboard() -> None:
    found = chart(town(nota='<script>alert("1")</script>'))

    for drawing in (found.axis, *(track.rows for phase in found.phases for track in phase.tracks)):
        assert not re.search(r'style=|<style|<script| on\w+="', drawing.svg)
        assert 'aria-hidden="true"' in drawing.svg
    assert {each.get("tabindex") for each in linked(found)} == {"-1"}


def test_each_class_of_a_drawing_is_drawn() -> None:
    view = town()
    drawn = (
        render_gantt(view) + chart(view).axis.svg + "".join(t.rows.svg for p in chart(view).phases for t in p.tracks)
    )

    used = {name for each in re.findall(r'class="([^"]+)"', drawn) for name in each.split()}

    assert {name for name in used if f".{name}{{" not in STYLE} <= {"gantt", "lines"}


# --- CSV and spreadsheet -------------------------------------------------------------------------------


def test_csv_has_a_row_per_step_with_iso_dates() -> None:
    rows = csv_of(town())

    assert [row["Code"] for row in rows] == [str(bar.key) for bar in town().bars()]
    note = next(row for row in rows if row["Code"] == "nota")
    assert (note["Plan nu: begin"], note["Plan nu: einde"], note["Begonnen"], note["Klaar"]) == (
        "2027-01-21", "2027-02-24", "2027-01-21", "",
    )  # fmt: skip
    assert (note["Toegezegd"], note["Te laat"], note["Speling in werkdagen"]) == ("2027-02-24", "te laat", "0")


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t=", "\r="])
def test_no_title_becomes_a_formula(sign: str) -> None:
    view = town(nota=f"{sign}HYPERLINK(1)")

    (row,) = [row for row in csv_of(view) if row["Code"] == "nota"]
    sheet = load_workbook(io.BytesIO(plan_spreadsheet(view))).active
    cells = [cell for cell in sheet["D"] if "HYPERLINK" in str(cell.value)]

    assert row["Stap"].startswith("'")
    assert [(cell.data_type, cell.hyperlink) for cell in cells] == [("s", None)]


def test_spreadsheet_says_the_same_as_the_csv_with_real_dates() -> None:
    view = town(nota="https://kwaad.example/")

    sheet = load_workbook(io.BytesIO(plan_spreadsheet(view))).active
    header, *rows = [[cell.value for cell in row] for row in sheet.iter_rows()]

    as_text = [
        [
            each.date().isoformat() if isinstance(each, datetime) else str(each or (each if each == 0 else ""))
            for each in row
        ]
        for row in rows
    ]
    assert as_text == [[value or "" for value in row.values()] for row in csv_of(view)]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == f"A1:U{len(rows) + 1}"
    assert header[3] == "Stap"
    assert {sheet.cell(2, 11).number_format, type(sheet.cell(2, 11).value)} == {"yyyy-mm-dd", datetime}
    assert not [cell for row in sheet.iter_rows() for cell in row if cell.hyperlink or cell.data_type == "f"]


def test_spreadsheet_of_nothing_is_a_header() -> None:
    sheet = load_workbook(io.BytesIO(plan_spreadsheet(town(Wanted(phase="weg"))))).active

    assert sheet.max_row == 1


def test_same_plan_gives_the_same_spreadsheet() -> None:
    def contents() -> dict[str, bytes]:
        with zipfile.ZipFile(io.BytesIO(plan_spreadsheet(town()))) as packed:
            return {name: packed.read(name) for name in packed.namelist()}

    assert contents() == contents()


# --- the picture in dots -------------------------------------------------------------------------------


def pixels(png: bytes) -> tuple[int, int, set[int]]:
    """Width, height, and the values that bytes in it take."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, high = struct.unpack(">II", png[16:24])
    place, packed = 8, b""
    while place < len(png):
        length, kind = struct.unpack(">I4s", png[place : place + 8])
        packed += png[place + 8 : place + 8 + length] if kind == b"IDAT" else b""
        place += 12 + length
    return width, high, set(zlib.decompress(packed))


def test_picture_in_dots_is_made_without_letters_of_the_machine() -> None:
    view = town(Wanted(phase="voor", track="locatie"))

    width, high, values = pixels(render_png(view))

    drawn = re.search(r'width="(\d+)" height="(\d+)"', render_gantt(view))
    assert drawn is not None
    assert width / high == pytest.approx(int(drawn[1]) / int(drawn[2]), rel=0.01)
    assert width >= int(drawn[1])
    assert len(values) > 50


def test_letters_with_accents_are_drawn_and_differ_from_those_without() -> None:
    wanted = Wanted(phase="voor", track="locatie")

    plain = render_png(replace(town(wanted), title="Een"))

    assert plain == render_png(replace(town(wanted), title="Een"))
    assert plain != render_png(replace(town(wanted), title="Eén"))
    assert render_png(replace(town(wanted), title="Eén")) != render_png(replace(town(wanted), title="E\ufffdn"))


def test_picture_of_no_steps_is_a_picture_too() -> None:
    width, _, _ = pixels(render_png(town(Wanted(phase="weg"))))

    assert width > 100
