"""The shapes that a plan is drawn with: the same for the picture that is downloaded and for the page.

Positions are attributes and colours are classes: no script, no style attribute. What is done, busy, planned or late
differs by pattern and by text, not by colour alone; the critical chain has a heavy outline and the word.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from html import escape

from regie.reports.plan_table import say_facts
from regie.reports.plan_view import Bar, GanttView, Look, Mark
from regie.text.dates import say_period
from regie.text.phrases import words_in

BAR = 11
# the average width of a letter in parts of its size; generous for Arial, so that a wider face fits too
_LETTER = 0.58
STYLE = (
    ".gantt text{font-family:Arial,'Liberation Sans',Helvetica,'Libertinus Serif',sans-serif;font-size:11px;fill:#1b1b1b}"
    ".gantt .title{font-size:20px;font-weight:bold}.gantt .sub{font-size:12px}"
    ".gantt .head{font-size:12.5px;font-weight:bold}.gantt .small{font-size:9.5px}"
    ".gantt .track{font-size:10px;font-weight:bold}.gantt .year{font-weight:bold}"
    ".gantt .page{fill:#fff}.gantt .band{fill:#f3f5f7}.gantt .grid{stroke:#e1e4e8}.gantt .quarter{stroke:#aab2bd}"
    ".gantt .rule{stroke:#c4cad2}.gantt .window{fill:#dce6f2;stroke:#154273}.gantt .planned{fill:#fff;stroke:#154273}"
    ".gantt .busy{stroke:#154273}.gantt .done{fill:#154273;stroke:#154273}.gantt .late{stroke:#8a1c00}"
    ".gantt .critical{stroke:#8a1c00;stroke-width:2.5}.gantt .lead{stroke:#154273;stroke-width:2}"
    ".gantt .worked{fill:#154273}.gantt .at-start{fill:#6b7480}.gantt .all{stroke:#9a7b00;stroke-dasharray:4 2}"
    ".gantt .today{stroke:#c8102e;stroke-width:1.5;stroke-dasharray:6 3;fill:none}"
    ".gantt .anchor{stroke:#0b6e4f;stroke-width:1.5}.gantt .flag{fill:#0b6e4f}"
    ".gantt .promised{fill:#fff;stroke:#5b2a86;stroke-width:1.5}.gantt .legal{stroke:#8a1c00;stroke-width:2.5;fill:none}"
    ".gantt .warn{fill:#8a1c00;font-weight:bold}.gantt .halo{paint-order:stroke;stroke:#fff;stroke-width:3px}"
)
"""How every class is drawn; also served to browsers as a file of its own."""

PATTERNS = (
    '<defs><pattern id="busy" width="6" height="6" patternUnits="userSpaceOnUse"><rect width="6" height="6" fill="#c5d8ee"/>'
    '<path d="M-1 1L1 -1M0 6L6 0M5 7L7 5" stroke="#154273" stroke-width="1.2"/></pattern>'
    '<pattern id="late" width="6" height="6" patternUnits="userSpaceOnUse"><rect width="6" height="6" fill="#fbe3db"/>'
    '<path d="M0 0L6 6M0 6L6 0" stroke="#8a1c00"/></pattern>'
    '<pattern id="all" width="7" height="7" patternUnits="userSpaceOnUse"><rect width="7" height="7" fill="#fff4c2"/>'
    '<path d="M3.5 0V7" stroke="#e3c95c"/></pattern></defs>'
)
# an attribute, for an address in a style sheet of its own need not be looked up in the page
_FILLS = {Look.BUSY: ' fill="url(#busy)"', Look.LATE: ' fill="url(#late)"', "all": ' fill="url(#all)"'}


class Unit(StrEnum):
    """By what the axis is divided; the value is how it stands in an address."""

    WEEK = "week"
    MONTH = "maand"
    QUARTER = "kwartaal"


@dataclass(frozen=True, slots=True)
class Scale:
    """From a day to a place in the picture.

    Args:
        last: the first day that is no longer in it.
        day: width of a day.
        left: where the first day begins.
        edge: what nothing may be drawn beyond.
    """

    first: date
    last: date
    day: float
    left: float
    edge: float

    @property
    def right(self) -> float:
        return self.x(self.last)

    def x(self, day: date) -> float:
        return self.left + (day - self.first).days * self.day

    def shows(self, day: date) -> bool:
        return self.first <= day <= self.last


def range_of(view: GanttView) -> tuple[date, date]:
    """The months that hold all that is shown, from the first day of the first to the first day after the last."""
    # what was kept was done in another cycle; its dates would squeeze this one to the side
    days = [day for bar in view.bars() if not bar.kept_from for day in bar.moments]
    return first_of_month(min([*days, view.today])), next_month(max([*days, view.today]))


def draw_axis(view: GanttView, scale: Scale, unit: Unit, top: float, bottom: float, *, below: bool) -> Iterator[str]:
    """Lines and their names, with the years above them.

    Args:
        top: where the names stand; the years stand above it.
        below: the names are said again under the chart.
    """
    words = words_in(view.language)
    rows = (top - 4, bottom + 13) if below else (top - 4,)
    for day, name, is_heavy in _ticks(scale, unit, words.short_months, words.chart):
        x = scale.x(day)
        css = "quarter" if is_heavy else "grid"
        until = bottom + 28 if below else bottom
        yield f'<path class="{css}" d="M{x:.1f} {top - 30:.1f}V{until:.1f}" stroke="#aab2bd"/>'
        for y in rows:
            if name:
                yield text(x + 3, y, name, "small")
    month = scale.first
    while month < scale.last:
        x, by_week = scale.x(month), unit is Unit.WEEK
        next_year = scale.x(date(month.year + 1, 1, 1))
        said = f"{words.months[month.month - 1]} {month.year}" if by_week else str(month.year)
        if by_week or month.month == 1 or (month == scale.first and next_year - x > wide("2027", 11) + 6):
            yield text(x + 3, top - 18, said, "year")
            if below:
                yield text(x + 3, bottom + 27, said, "year")
        month = next_month(month)


def _ticks(
    scale: Scale, unit: Unit, months: tuple[str, ...], words: Mapping[str, str]
) -> Iterator[tuple[date, str, bool]]:
    """Per line of the axis its day, what it is called, and whether a quarter begins there (of weeks: a month)."""
    if unit is Unit.WEEK:
        day = scale.first + timedelta(days=-scale.first.weekday() % 7)
        while day < scale.last:
            yield day, words["week"].format(number=day.isocalendar().week), day.day <= 7
            day += timedelta(days=7)
        return
    month = scale.first
    while month < scale.last:
        is_quarter = month.month % 3 == 1
        if unit is Unit.MONTH:
            yield month, months[month.month - 1], is_quarter
        else:
            yield month, words["quarter"].format(number=month.month // 3 + 1) if is_quarter else "", is_quarter
        month = next_month(month)


def draw_window(first: date, last: date, scale: Scale, y: float, row: float, language: str) -> Iterator[str]:
    """From when to when a phase lasts, said in it or beside it."""
    x = scale.x(first)
    long = scale.x(last) + scale.day - x
    said = say_period(first, last, language)
    middle = y + row / 2 + 3.5
    yield rect(x, y + 2, long, row - 4, "window")
    if wide(said, 9.5) + 8 < long:
        yield text(x + 4, middle, said, "small")
    elif x + long + 6 + wide(said, 9.5) < scale.edge:
        yield text(x + long + 5, middle, said, "small")
    else:
        yield text(x - 5, middle, said, "small", anchor="end")


def draw_bar(
    bar: Bar,
    scale: Scale,
    y: float,
    row: float,
    room: float,
    today: date,
    language: str,
    link: Callable[[Bar], str] | None = None,
) -> Iterator[str]:
    """One step: its bar or diamond, the plan at the start, what was promised and what the law allows, and words.

    Args:
        room: up to where its words may come.
        link: gives the address of its page.
    """
    words = words_in(language).chart
    said = f"{bar.title}: {bar.state}. " + "; ".join(f"{name}: {what}" for name, what in say_facts(bar, language))
    begins, ends = (f'<a href="{escape(link(bar))}" tabindex="-1">', "</a>") if link else ("<g>", "</g>")
    yield f"{begins}<title>{escape(said)}</title>"
    if bar.kept_from:
        kept = f"{bar.state}, {words['kept'].format(cycle=bar.kept_from)}"
        yield text(scale.left + 3, y + row / 2 + 3.5, kept, "small halo")
        yield ends
        return
    end = yield from _body(bar, scale, y, row, today)
    marks = sorted(scale.x(day) + scale.day for day in (bar.promised_on, bar.legal_on) if day)
    if bar.promised_on:
        at = scale.x(bar.promised_on) + scale.day
        yield f'<path class="promised" d="M{at - 4:.1f} {y + 1:.1f}h8l-4 7z"/>'
    if bar.legal_on:
        at = scale.x(bar.legal_on) + scale.day
        yield f'<path class="legal" d="M{at - 4:.1f} {y + 1.5:.1f}h4V{y + row - 1.5:.1f}h-4"/>'
    label = ", ".join(_labels(bar, words))
    place, long = end + 5, wide(label, 9.5)
    for mark in marks:
        if place - 6 < mark < place + long + 4:
            place = mark + 8
    if label and place + long < room:
        yield text(place, y + row / 2 + 3.5, label, "small warn" if bar.is_late or bar.is_critical else "small")
    yield ends


def _body(bar: Bar, scale: Scale, y: float, row: float, today: date) -> Generator[str, None, float]:
    """Draw the bar itself; give where it ends."""
    x, end = scale.x(bar.first), scale.x(bar.last) + scale.day
    css = f"{bar.look} critical" if bar.is_critical else str(bar.look)
    middle = y + row / 2
    if bar.at_start and bar.at_start != (bar.first, bar.last):
        begun, over = scale.x(bar.at_start[0]), scale.x(bar.at_start[1]) + scale.day
        yield rect(begun, middle + BAR / 2 + 0.5, max(over - begun, 2), 2.5, "at-start")
    if bar.mark is Mark.BAR:
        yield rect(x, middle - BAR / 2, max(end - x, 2), BAR, css, _FILLS.get(bar.look, ""))
        if bar.started_on and not bar.finished_on and bar.started_on < today:
            until = min(scale.x(today), end)
            yield rect(x, middle - 1.5, max(until - x, 1), 3, "worked")
        return end
    if end - x > 8:
        yield f'<path class="lead" d="M{x:.1f} {middle:.1f}H{end:.1f}" stroke="#154273"/>'
    yield diamond(end, middle, 6.5 if bar.mark is Mark.GATE else 4.5, css, _FILLS.get(bar.look, ""))
    return end + 6


def _labels(bar: Bar, words: Mapping[str, str]) -> Iterator[str]:
    if bar.mark is Mark.GATE:
        yield bar.title
    if bar.is_late:
        yield words["late"]
    elif bar.look is Look.BUSY:
        yield bar.state
    if bar.is_critical:
        yield words["critical"]


def legend_of(view: GanttView) -> Iterator[tuple[str, str]]:
    """Per sign that is used how it is drawn, in a place of 28 by 14, and what it means."""
    words = words_in(view.language).chart
    for look in Look:
        yield rect(2, 1.5, 24, BAR, look, _FILLS.get(look, "")), words[look]
    yield rect(2, 1.5, 24, BAR, "planned critical"), words["critical"]
    yield rect(2, 5.5, 24, 3, "worked"), words["actual"]
    yield rect(2, 6, 24, 2.5, "at-start"), words["at_start"]
    yield diamond(14, 7, 6.5, "planned"), words["gate"]
    yield diamond(14, 7, 4.5, "planned"), words["milestone"]
    if any(bar.promised_on for bar in view.bars()):
        yield '<path class="promised" d="M10 3h8l-4 7z"/>', words["promised"]
    if any(bar.legal_on for bar in view.bars()):
        yield '<path class="legal" d="M10 1h4V13h-4"/>', words["legal"]
    yield rect(2, 1.5, 24, BAR, "window"), words["window"]
    if any(lane.is_in_all_phases for phase in view.phases for lane in phase.lanes):
        yield rect(2, 1.5, 24, BAR, "all", _FILLS["all"]), words["all_phases"]


# --- shapes -------------------------------------------------------------------------------------------


def text(x: float, y: float, said: str, css: str = "", *, anchor: str = "") -> str:
    attributes = f' class="{css}"' if css else ""
    attributes += f' text-anchor="{anchor}"' if anchor else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{attributes}>{escape(said)}</text>'


def rect(x: float, y: float, long: float, high: float, css: str, fill: str = "") -> str:
    return f'<rect class="{css}" x="{x:.1f}" y="{y:.1f}" width="{long:.1f}" height="{high:.1f}"{fill}/>'


def band(x: float, y: float, long: float, high: float) -> str:
    """Behind what runs through all phases."""
    return rect(x, y, long, high, "all", _FILLS["all"])


def diamond(x: float, y: float, size: float, css: str, fill: str = "") -> str:
    points = f"{x:.1f},{y - size:.1f} {x + size:.1f},{y:.1f} {x:.1f},{y + size:.1f} {x - size:.1f},{y:.1f}"
    return f'<polygon class="{css}" points="{points}"{fill}/>'


def wide(said: str, size: float) -> float:
    """About how wide a text is in a size."""
    return len(said) * size * _LETTER


def short(said: str, room: float, size: float) -> str:
    """A text that fits, with a sign that some was left out."""
    most = int(room / (size * _LETTER))
    return said if len(said) <= most else f"{said[: most - 1].rstrip()}…"


def first_of_month(day: date) -> date:
    return day.replace(day=1)


def next_month(day: date) -> date:
    return first_of_month(first_of_month(day) + timedelta(days=32))
