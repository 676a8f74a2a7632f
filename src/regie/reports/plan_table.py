"""The plan as a table: on a page, as CSV and as a spreadsheet. It says what the picture shows, of the same steps."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time

from regie.reports.csv_table import Cell, csv_bytes
from regie.reports.plan_view import Bar, GanttView, Mark, say_slack
from regie.text.dates import say_date, say_period
from regie.text.phrases import words_in

SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_COLUMNS = (
    "cycle", "phase", "track", "step", "key", "kind", "role", "state", "start_first", "start_last", "now_first", "now_last",
    "started", "finished", "due", "promised", "legal", "slack", "is_late", "is_critical", "kept_from",
)  # fmt: skip
_WIDE = {"phase": 28, "track": 24, "step": 48, "key": 26, "role": 28, "state": 22, "kind": 12}


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One step: where it belongs, and the bar of the picture, which has the rest."""

    phase: str
    track: str
    bar: Bar


def plan_rows(view: GanttView) -> Iterator[PlanRow]:
    """The steps of a picture, in its order."""
    for phase in view.phases:
        for lane in phase.lanes:
            for bar in lane.bars:
                yield PlanRow(phase.title, lane.track, bar)


def say_actual(bar: Bar, language: str = "nl") -> str:
    """What really happened: from when to when, or since when; empty when nothing did."""
    words = words_in(language).chart
    if bar.finished_on:
        return say_period(bar.started_on or bar.finished_on, bar.finished_on, language)
    return words["since"].format(date=say_date(bar.started_on, language)) if bar.started_on else ""


def say_notable(bar: Bar, language: str = "nl") -> str:
    """Late, critical, kept from another cycle: in words; empty when it is none of these."""
    words = words_in(language).chart
    said = [words["late"]] if bar.is_late else []
    said += [words["critical"]] if bar.is_critical else []
    said += [words["kept"].format(cycle=bar.kept_from)] if bar.kept_from else []
    return ", ".join(said)


def say_facts(bar: Bar, language: str = "nl") -> Iterator[tuple[str, str]]:
    """All that there is to say about the dates of a step, by what it is called; what there is not is left out."""
    words = words_in(language).columns
    facts = (
        ("at_start", say_period(*bar.at_start, language) if bar.at_start else ""),
        ("now", say_period(bar.first, bar.last, language)),
        ("actual", say_actual(bar, language)),
        ("due", say_date(bar.due_on, language) if bar.due_on else ""),
        ("promised", say_date(bar.promised_on, language) if bar.promised_on else ""),
        ("legal", say_date(bar.legal_on, language) if bar.legal_on else ""),
        ("room", say_slack(bar.slack, language)),
        ("notable", say_notable(bar, language)),
    )
    return ((words[name], said) for name, said in facts if said)


# --- for programs --------------------------------------------------------------------------------------


def plan_csv(view: GanttView) -> bytes:
    """The table as CSV."""
    words = words_in(view.language).columns
    return csv_bytes([words[each] for each in _COLUMNS], _cells(view))


def plan_spreadsheet(view: GanttView) -> bytes:
    """The table as a spreadsheet: dates are dates, text is text whatever it begins with."""
    from xlsxwriter import Workbook  # type: ignore[import-untyped]

    words = words_in(view.language).columns
    out = io.BytesIO()
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with Workbook(out, options) as book:
        # the day that it is about and no moment of making, so that the same plan gives the same file
        book.set_properties({"title": view.title, "created": datetime.combine(view.today, time())})
        bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"})
        sheet = book.add_worksheet(words["sheet"])
        sheet.freeze_panes(1, 0)
        sheet.set_landscape()
        sheet.set_paper(8)  # A3
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        for column, name in enumerate(_COLUMNS):
            sheet.set_column(column, column, _WIDE.get(name, 12))
            sheet.write_string(0, column, words[name], bold)
        last = 0
        for last, cells in enumerate(_cells(view), 1):
            for column, cell in enumerate(cells):
                if isinstance(cell, date):
                    sheet.write_datetime(last, column, datetime.combine(cell, time()), day)
                elif isinstance(cell, int):
                    sheet.write_number(last, column, cell)
                elif cell:
                    sheet.write_string(last, column, str(cell))
        sheet.autofilter(0, 0, last, len(_COLUMNS) - 1)
    return out.getvalue()


def _cells(view: GanttView) -> Iterator[list[Cell]]:
    words = words_in(view.language).chart
    for row in plan_rows(view):
        bar = row.bar
        begins, ends = bar.at_start or (None, None)
        yield [
            bar.cycle,
            row.phase,
            row.track,
            bar.title,
            str(bar.key),
            words["step"] if bar.mark is Mark.BAR else words[bar.mark],
            bar.role,
            bar.state,
            begins,
            ends,
            bar.first,
            bar.last,
            bar.started_on,
            bar.finished_on,
            bar.due_on,
            bar.promised_on,
            bar.legal_on,
            bar.slack,
            words["late"] if bar.is_late else "",
            words["critical"] if bar.is_critical else "",
            bar.kept_from or None,
        ]
