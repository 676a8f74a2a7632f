"""Calendars from files: what comes with Regie, what an administrator may write, and what is refused."""

from __future__ import annotations

import importlib.util
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from regie.core.calendar import EVERY_DAY, WEEKDAYS, NamedPeriod
from regie.definitions import resources
from regie.definitions.calendars import load_calendar
from regie.errors import Incomplete, NotFound, Refused

D = date.fromisoformat


def written(folder: Path, text: str, name: str = "purmerend.yaml") -> Path:
    """A calendar file; ``text`` follows the two keys that every calendar has."""
    path = folder / name
    path.write_text(f"calendar: purmerend\ntitle: Werkdagen van Purmerend\n{text}", encoding="utf-8")
    return path


def test_built_in_calendars_are_found_by_name() -> None:
    assert load_calendar("weekdays") is WEEKDAYS
    assert load_calendar("every-day") is EVERY_DAY
    assert [load_calendar(name).name for name in ("nl", "nl-wettelijk")] == ["nl", "nl-wettelijk"]


def test_legal_calendar_names_its_source_and_the_years_that_are_official() -> None:
    legal = load_calendar("nl-wettelijk")

    assert legal.confirmed_years == frozenset({2026, 2027, 2028})
    assert "Algemene termijnenwet" in legal.source
    assert legal.valid_from == D("2010-10-10")
    assert sorted(legal.days_off) == [
        D(day) for day in ("2026-01-02", "2026-05-15", "2027-05-07", "2028-04-28", "2028-05-26")
    ]


def test_calendar_of_the_organisation_has_the_legal_days_off_until_someone_edits_it() -> None:
    legal, office = load_calendar("nl-wettelijk"), load_calendar("nl")
    days = [date(2026, 1, 1) + timedelta(days=offset) for offset in range(5 * 366)]

    assert [office.day_off_name(day) for day in days] == [legal.day_off_name(day) for day in days]
    assert office.confirmed_years == legal.confirmed_years


@pytest.mark.parametrize(
    ("day", "names"),
    [
        pytest.param("2027-07-09", [], id="the-day-before-summer"),
        pytest.param("2027-07-10", ["zomervakantie Noord"], id="first-day-in-the-north"),
        pytest.param("2027-08-22", [f"zomervakantie {each}" for each in ("Noord", "Midden", "Zuid")], id="everywhere"),
        pytest.param("2027-09-05", ["zomervakantie Zuid"], id="last-day-in-the-south"),
        pytest.param("2027-10-24", ["herfstvakantie Noord en Midden", "herfstvakantie Zuid"], id="autumn-overlaps"),
        pytest.param("2028-01-09", ["kerstvakantie"], id="christmas-into-the-next-year"),
        pytest.param("2028-02-29", ["voorjaarsvakantie Midden en Zuid"], id="leap-day"),
        pytest.param("2028-09-04", [], id="the-day-after-summer"),
    ],
)
def test_school_holidays_are_those_of_the_dossier(day: str, names: list[str]) -> None:
    assert [period.name for period in load_calendar("nl").periods_on(D(day))] == names


def test_own_calendar_adds_closing_days_and_works_on_good_friday(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
based_on: nl
works_on_holidays: [Goede Vrijdag]
days_off:
  - {on: 2027-04-26, name: brugdag}
working:
  - {on: 2027-05-07, name: gewone werkdag}
  - {on: 2027-03-06, name: open zaterdag}
periods:
  - {name: carnaval, first: 2027-02-06, last: 2027-02-09}
""",
    )

    town = load_calendar(path)

    assert town.name == "purmerend"
    assert town.day_off_name(D("2027-04-26")) == "brugdag"
    assert town.day_off_name(D("2027-04-27")) == "Koningsdag"
    assert all(town.is_working_day(D(day)) for day in ("2027-03-26", "2028-04-14", "2027-05-07", "2027-03-06"))
    assert town.periods_on(D("2027-02-06")) == (NamedPeriod("carnaval", D("2027-02-06"), D("2027-02-09")),)
    assert [period.name for period in town.periods_on(D("2027-07-10"))] == ["zomervakantie Noord"]
    assert town.confirmed_years == frozenset({2026, 2027, 2028})


def test_own_calendar_never_moves_the_legal_one(tmp_path: Path) -> None:
    load_calendar(written(tmp_path, "based_on: nl-wettelijk\ndays_off: [{on: 2027-03-01, name: dicht}]\n"))

    assert load_calendar("nl-wettelijk").is_working_day(D("2027-03-01"))


def test_calendar_on_its_own_has_a_week_and_nothing_else(tmp_path: Path) -> None:
    town = load_calendar(written(tmp_path, "weekdays: [tuesday, saturday]\n"))

    assert town.weekdays == frozenset({1, 5})
    assert town.is_working_day(D("2027-12-25"))
    assert town.is_confirmed(D("2035-01-01"))


def test_day_that_the_base_says_is_worked_can_be_closed_again(tmp_path: Path) -> None:
    written(tmp_path, "working: [{on: 2027-03-06, name: open zaterdag}]\n", "streek.yaml")

    town = load_calendar(written(tmp_path, "based_on: streek\ndays_off: [{on: 2027-03-06, name: toch dicht}]\n"))

    assert town.day_off_name(D("2027-03-06")) == "toch dicht"


def test_edited_calendar_is_read_again(tmp_path: Path) -> None:
    path = written(tmp_path, "")
    assert load_calendar(path).is_working_day(D("2027-03-01"))

    written(tmp_path, "days_off: [{on: 2027-03-01, name: dicht}]\n")

    assert not load_calendar(path).is_working_day(D("2027-03-01"))


def test_edit_of_the_base_is_seen_in_what_is_based_on_it(tmp_path: Path) -> None:
    written(tmp_path, "", "streek.yaml")
    path = written(tmp_path, "based_on: streek\n")
    assert load_calendar(path).is_working_day(D("2027-03-01"))

    written(tmp_path, "days_off: [{on: 2027-03-01, name: dicht}]\n", "streek.yaml")

    assert not load_calendar(path).is_working_day(D("2027-03-01"))


def test_unchanged_calendar_is_the_same_one_twice(tmp_path: Path) -> None:
    path = written(tmp_path, "based_on: nl-wettelijk\n")

    assert load_calendar(path) is load_calendar(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("holiday: []", "holiday: Extra inputs", id="unknown-key"),
        pytest.param("days_off: [{on: 2027-02-30, name: x}]", "days_off.0.on: ", id="no-such-date"),
        pytest.param("days_off: [{on: 2027-02-03}]", "days_off.0.name: Field required", id="day-without-a-reason"),
        pytest.param("weekdays: [maandag]", "weekdays.0: ", id="weekday-in-dutch"),
        pytest.param("based_on: nergens", "based_on: no calendar 'nergens'", id="unknown-base"),
        pytest.param("works_on_holidays: [Pasen]", "works_on_holidays: no holiday 'Pasen'", id="unknown-holiday"),
        pytest.param(
            "holidays: [{name: x}]", "holidays: 'x' has either day or after_easter", id="holiday-without-a-day"
        ),
        pytest.param(
            "holidays: [{name: x, day: 01-01, after_easter: 1}]",
            "holidays: 'x' has either day or after_easter",
            id="holiday-with-two-days",
        ),
        pytest.param("holidays: [{name: x, day: 02-29}]", "holidays: 'x' is on 02-29", id="holiday-on-leap-day"),
        pytest.param("holidays: [{name: x, day: 13-01}]", "holidays: 'x' is on 13-01", id="thirteenth-month"),
        pytest.param("holidays: [{name: x, after_easter: 251}]", "holidays.0.after_easter: ", id="far-from-easter"),
        pytest.param(
            "holidays: [{name: x, day: 01-01, if_sunday: -1}]",
            "holidays: 'x' moves into another year",
            id="holiday-that-moves-out-of-its-year",
        ),
        pytest.param(
            "periods: [{name: x, first: 2027-02-02, last: 2027-02-01}]",
            "periods: 'x' ends before it begins",
            id="period-the-wrong-way-round",
        ),
        pytest.param(
            "days_off: [{on: 2027-02-03, name: x}]\nworking: [{on: 2027-02-03, name: x}]",
            "working: 2027-02-03 is under days_off as well",
            id="both-worked-and-off",
        ),
        pytest.param("title: nog een", "3:1 RG110", id="same-key-twice"),
        pytest.param("weekdays: [monday", "RG106", id="broken-yaml"),
        pytest.param("days_off: !!python/object:os.system {}", "RG1", id="hostile-yaml"),
    ],
)
def test_wrong_calendar_is_refused_with_file_and_key(tmp_path: Path, text: str, said: str) -> None:
    path = written(tmp_path, text)

    with pytest.raises(Refused, match=r"purmerend\.yaml") as caught:
        load_calendar(path)

    assert caught.value.code == "calendar-invalid"
    assert str(path) in caught.value.message
    assert said in caught.value.message


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("weekdays: []", id="no-day-in-the-week"),
        pytest.param(
            "days_off:\n"
            + "".join(
                f"  - {{on: {date(2030, 1, 1) + timedelta(days=offset)}, name: dicht}}\n" for offset in range(365)
            ),
            id="a-year-closed-throughout",
        ),
    ],
)
def test_calendar_without_working_days_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(Incomplete, match="'purmerend' has no working day") as caught:
        load_calendar(written(tmp_path, text))

    assert caught.value.code == "calendar-without-working-days"


@pytest.mark.parametrize(
    "loop",
    [
        pytest.param({"a": "a"}, id="on-itself"),
        pytest.param({"a": "b", "b": "c", "c": "a"}, id="in-a-ring"),
        pytest.param({"a": "b", "b": "c", "c": "b"}, id="in-a-ring-further-on"),
    ],
)
def test_calendar_that_is_based_on_itself_is_refused(tmp_path: Path, loop: dict[str, str]) -> None:
    for name, base in loop.items():
        written(tmp_path, f"based_on: {base}\n", f"{name}.yaml")

    with pytest.raises(Refused, match="is based on this one itself") as caught:
        load_calendar(tmp_path / "a.yaml")

    assert caught.value.code == "calendar-invalid"


@pytest.mark.parametrize("name", ["nergens", "nergens.yaml", "/tmp", "../..", "x" * 300, "nul\0"])
def test_unknown_calendar_is_not_found_and_the_known_ones_are_named(name: str) -> None:
    with pytest.raises(NotFound, match="no calendar") as caught:
        load_calendar(name)

    assert caught.value.code == "unknown-calendar"
    assert "every-day, nl, nl-wettelijk, weekdays" in caught.value.hint


def test_definitions_are_found_in_the_source_tree() -> None:
    assert resources.workflow_defs_dir() == Path(__file__).parents[2] / "workflow_defs"
    assert (resources.workflow_defs_dir() / "calendars" / "nl.yaml").is_file()


def test_definitions_of_an_installed_package_go_before_the_source_tree(tmp_path: Path) -> None:
    installed = tmp_path / "site-packages" / "regie"
    (installed / "definitions").mkdir(parents=True)
    (installed / "_data" / "workflow_defs").mkdir(parents=True)
    copy = Path(shutil.copy(resources.__file__, installed / "definitions"))

    spec = importlib.util.spec_from_file_location("installed_resources", copy)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    assert module.workflow_defs_dir() == installed / "_data" / "workflow_defs"
