"""The plan as a picture: one SVG that needs nothing from elsewhere, drawn from the same values as the table.

Every phase is a group with its own window, so that overlap shows. What is done, busy, planned or late differs
by pattern and by text, not by colour alone; the critical chain has a heavy outline and the word. Positions are
attributes and colours are classes: no script, no style attribute.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape
from textwrap import wrap

from regie.reports.plan_view import Bar, GanttView, Lane, Look, Mark, PhaseView, gantt_view, say_slack
from regie.text.dates import say_date, say_period
from regie.text.phrases import words_in

__all__ = ["GanttView", "gantt_view", "render_gantt"]

MARGIN, TRACK, TITLE, CHART, RIGHT = 12, 168, 372, 900, 110
LEFT = MARGIN + TRACK + TITLE
WIDTH = LEFT + CHART + RIGHT
ROW, BAR, FLAG, AXIS = 17, 11, 13, 34
_MOST_FLAG_ROWS = 5
_MOST_THREATS = 3
_MOST_ROWS = 4
# the average width of a letter in parts of its size; generous for Arial, so that a wider face fits too
_LETTER = 0.58
_STYLE = (
    "text{font-family:Arial,'Liberation Sans',Helvetica,sans-serif;font-size:11px;fill:#1b1b1b}"
    ".title{font-size:20px;font-weight:bold}.sub{font-size:12px}.head{font-size:12.5px;font-weight:bold}"
    ".small{font-size:9.5px}.track{font-size:10px;font-weight:bold}.year{font-weight:bold}"
    ".page{fill:#fff}.band{fill:#f3f5f7}.grid{stroke:#e1e4e8}.quarter{stroke:#aab2bd}.rule{stroke:#c4cad2}"
    ".window{fill:#dce6f2;stroke:#154273}.all{fill:#ffe97f}"
    ".planned{fill:#fff;stroke:#154273}.busy{fill:url(#busy);stroke:#154273}.done{fill:#154273;stroke:#154273}"
    ".late{fill:url(#late);stroke:#8a1c00}.critical{stroke:#8a1c00;stroke-width:2.5}"
    ".lead{stroke:#154273;stroke-width:2}.today{stroke:#c8102e;stroke-width:1.5;stroke-dasharray:6 3}"
    ".anchor{stroke:#0b6e4f;stroke-width:1.5}.flag{fill:#0b6e4f}.warn{fill:#8a1c00;font-weight:bold}"
    ".halo{paint-order:stroke;stroke:#fff;stroke-width:3px}"
    "@page{size:A3;margin:8mm}@media print{svg{width:100%;height:100%}}"
)
_PATTERNS = (
    '<pattern id="busy" width="6" height="6" patternUnits="userSpaceOnUse"><rect width="6" height="6" fill="#c5d8ee"/>'
    '<path d="M-1 1L1 -1M0 6L6 0M5 7L7 5" stroke="#154273" stroke-width="1.2"/></pattern>'
    '<pattern id="late" width="6" height="6" patternUnits="userSpaceOnUse"><rect width="6" height="6" fill="#fbe3db"/>'
    '<path d="M0 0L6 6M0 6L6 0" stroke="#8a1c00"/></pattern>'
)


class _Scale:
    """From a day to a place in the picture."""

    def __init__(self, view: GanttView) -> None:
        # what was kept was done in another cycle; its dates would squeeze this one to the side
        days = [day for bar in view.bars() if not bar.kept_from for day in (bar.first, bar.last)]
        self.first = _month(min([*days, view.today]))
        self.last = _next_month(max([*days, view.today]))
        self.day = CHART / (self.last - self.first).days

    def x(self, day: date) -> float:
        return LEFT + (day - self.first).days * self.day

    def shows(self, day: date) -> bool:
        return self.first <= day <= self.last


def render_gantt(view: GanttView) -> str:
    """Draw the picture."""
    if not view.phases:
        empty = escape(words_in(view.language).chart["empty"])
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="500" height="60"><title>{escape(view.title)}</title>'
            f'<desc>{empty}</desc><text x="12" y="34" font-family="Arial, sans-serif">{empty}</text></svg>\n'
        )
    scale = _Scale(view)
    flags = list(_flags(view, scale))
    flag_rows = max((flag.row for flag in flags), default=0) + 1
    heading, legend = _heading(view)
    flags_top = legend + 18
    overview = flags_top + flag_rows * FLAG + AXIS
    top = overview + (len(view.phases) + 1) * ROW + 10
    lanes = sum(len(phase.lanes) for phase in view.phases)
    bottom = top + (lanes + 2 * len(view.phases)) * ROW
    height = bottom + AXIS + 24
    parts = [
        *heading,
        *_legend(view, legend),
        *_axis(view, scale, overview, bottom),
        *_draw_flags(flags, flags_top, bottom),
        *_overview(view, scale, overview),
        *_groups(view, scale, top),
        *_today(view, scale, overview - AXIS, bottom),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="gantt-title gantt-desc" lang="{view.language}" '
        f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}">'
        f'<title id="gantt-title">{escape(view.title)}</title><desc id="gantt-desc">{escape(_described(view))}</desc>'
        f"<style>{_STYLE}</style><defs>{_PATTERNS}</defs>"
        f'<rect class="page" width="{WIDTH}" height="{height}" fill="#ffffff"/>{"".join(parts)}</svg>\n'
    )


# --- above the chart ----------------------------------------------------------------------------------


def _heading(view: GanttView) -> tuple[list[str], int]:
    """What stands above the chart, each sentence on as many lines as it needs, and where the legend comes."""
    sentences = [(view.title, "title", 20.0), (_described(view), "sub", 12.0)]
    sentences += [(said, "sub warn", 12.5) for said in view.threats[:_MOST_THREATS]]
    drawn, y = [], 4
    for said, css, size in sentences:
        high = 24 if css == "title" else 16
        room = int((WIDTH - 2 * MARGIN) / (size * _LETTER))
        for row in wrap(said, room, max_lines=_MOST_ROWS, placeholder=" …"):
            y += high
            drawn.append(_text(MARGIN, y, row, css))
        y += 2
    return drawn, y + 18


def _described(view: GanttView) -> str:
    words = words_in(view.language).chart
    bars = list(view.bars())
    counts = {look: sum(bar.look is look for bar in bars) for look in Look}
    said = [
        words["as_of"].format(date=say_date(view.today, view.language)) + ".",
        words["described"].format(
            steps=len(bars),
            phases=len(view.phases),
            busy=counts[Look.BUSY],
            done=counts[Look.DONE],
            late=counts[Look.LATE],
        ),
        words["critical_is"].format(anchor=view.critical_to) if view.critical_to else words["critical_own"],
    ]
    return " ".join(said)


def _legend(view: GanttView, y: float) -> Iterator[str]:
    words = words_in(view.language).chart
    x = float(MARGIN)
    for look in Look:
        yield _rect(x, y - 9, 24, BAR, look)
        yield _text(x + 29, y, words[look], "small")
        x += 40 + _wide(words[look], 9.5)
    yield _rect(x, y - 9, 24, BAR, "planned critical")
    yield _text(x + 29, y, words["critical"], "small")
    x += 40 + _wide(words["critical"], 9.5)
    for size, name in ((6.5, "gate"), (4.5, "milestone")):
        yield _diamond(x + 7, y - 4, size, "planned")
        yield _text(x + 19, y, words[name], "small")
        x += 30 + _wide(words[name], 9.5)
    yield _rect(x, y - 9, 24, BAR, "window")
    yield _text(x + 29, y, words["window"], "small")
    x += 40 + _wide(words["window"], 9.5)
    if any(lane.is_in_all_phases for phase in view.phases for lane in phase.lanes):
        yield _rect(x, y - 9, 24, BAR, "all")
        yield _text(x + 29, y, words["all_phases"], "small")


@dataclass(frozen=True, slots=True)
class _Flag:
    """An anchor: its line, and its name in a row of its own; ``is_before`` its line when there is no room behind."""

    row: int
    x: float
    label: str
    is_before: bool


def _flags(view: GanttView, scale: _Scale) -> Iterator[_Flag]:
    """Give each anchor a row in which its name runs into no other."""
    taken: list[float] = []
    target = words_in(view.language).chart["target"]
    for anchor in view.anchors:
        if not scale.shows(anchor.on):
            continue
        x, label = scale.x(anchor.on), f"{anchor.title}, {say_date(anchor.on, view.language)}"
        label += f" ({target})" if anchor.is_target else ""
        wide = _wide(label, 9.5) + 10
        is_before = x + wide > WIDTH
        begins = x - wide if is_before else x
        row = next((number for number, end in enumerate(taken) if end < begins), len(taken))
        row = min(row, _MOST_FLAG_ROWS - 1)
        taken[row : row + 1] = [begins + wide]
        yield _Flag(row, x, label, is_before)


def _draw_flags(flags: Sequence[_Flag], top: int, bottom: int) -> Iterator[str]:
    for flag in flags:
        y = top + flag.row * FLAG
        yield f'<path class="anchor" d="M{flag.x:.1f} {y - 8}V{bottom}" stroke="#0b6e4f"/>'
        if flag.is_before:
            yield f'<path class="flag" d="M{flag.x:.1f} {y - 8}l-6 4l6 4z"/>'
            yield _text(flag.x - 9, y, flag.label, "small halo", anchor="end")
        else:
            yield f'<path class="flag" d="M{flag.x:.1f} {y - 8}l6 4l-6 4z"/>'
            yield _text(flag.x + 9, y, flag.label, "small halo")


def _axis(view: GanttView, scale: _Scale, top: int, bottom: int) -> Iterator[str]:
    """Months when there is room for their names, else quarters; above and below the chart."""
    words = words_in(view.language)
    month, by_month = scale.first, scale.day * 30 >= 24
    while month < scale.last:
        following, x = _next_month(month), scale.x(month)
        is_quarter = month.month % 3 == 1
        if by_month or is_quarter:
            css = "quarter" if is_quarter else "grid"
            yield f'<path class="{css}" d="M{x:.1f} {top - AXIS + 4}V{bottom + AXIS - 6}" stroke="#aab2bd"/>'
        for y in (top - 4, bottom + 13):
            if by_month:
                yield _text(x + 3, y, words.short_months[month.month - 1], "small")
            elif is_quarter:
                yield _text(x + 3, y, words.chart["quarter"].format(number=month.month // 3 + 1), "small")
        next_year = scale.x(date(month.year + 1, 1, 1))
        if month.month == 1 or (month == scale.first and next_year - x > _wide("2027", 11) + 6):
            yield _text(x + 3, top - 18, str(month.year), "year")
            yield _text(x + 3, bottom + 27, str(month.year), "year")
        month = following


def _today(view: GanttView, scale: _Scale, top: int, bottom: int) -> Iterator[str]:
    x = scale.x(view.today)
    said = f"{words_in(view.language).chart['today']}, {say_date(view.today, view.language)}"
    yield f'<path class="today" d="M{x:.1f} {top}V{bottom + 44}" stroke="#c8102e"/>'
    # below the years, so that the two never run into each other
    if x < LEFT + CHART / 2:
        yield _text(x + 4, bottom + 42, said, "small warn")
    else:
        yield _text(x - 4, bottom + 42, said, "small warn", anchor="end")


# --- the chart ----------------------------------------------------------------------------------------


def _overview(view: GanttView, scale: _Scale, top: int) -> Iterator[str]:
    """All phases below each other, so that their overlap is seen at a glance."""
    yield _text(MARGIN, top + 12, words_in(view.language).chart["phases"], "head")
    for number, phase in enumerate(view.phases):
        y = top + (number + 0.1) * ROW
        yield _text(MARGIN + TRACK - 40, y + 12, _short(phase.title, TITLE + 30, 11))
        yield from _window(view, phase, scale, y)


def _window(view: GanttView, phase: PhaseView, scale: _Scale, y: float) -> Iterator[str]:
    x = scale.x(phase.first)
    wide = scale.x(phase.last) + scale.day - x
    said = say_period(phase.first, phase.last, view.language)
    yield _rect(x, y + 2, wide, ROW - 4, "window")
    inside = _wide(said, 9.5) + 8 < wide
    fits_right = x + wide + 6 + _wide(said, 9.5) < WIDTH
    if inside:
        yield _text(x + 4, y + 12, said, "small")
    elif fits_right:
        yield _text(x + wide + 5, y + 12, said, "small")
    else:
        yield _text(x - 5, y + 12, said, "small", anchor="end")


def _groups(view: GanttView, scale: _Scale, top: int) -> Iterator[str]:
    y = float(top)
    for phase in view.phases:
        yield _rect(0, y, WIDTH, ROW, "band")
        yield _text(MARGIN, y + 13, _short(phase.title, LEFT - 2 * MARGIN, 12.5), "head")
        yield from _window(view, phase, scale, y)
        y += ROW
        track = None
        for lane in phase.lanes:
            yield from _lane(view, lane, scale, y, is_first=lane.track != track)
            track = lane.track
            y += ROW
        y += ROW


def _lane(view: GanttView, lane: Lane, scale: _Scale, y: float, *, is_first: bool) -> Iterator[str]:
    if lane.is_in_all_phases:
        yield _rect(MARGIN - 4, y + 1, LEFT - MARGIN - 2, ROW - 2, "all")
    if is_first:
        yield f'<path class="rule" d="M{MARGIN - 4} {y:.1f}H{LEFT + CHART}" stroke="#c4cad2"/>'
        yield _text(MARGIN, y + 12, _short(lane.track, TRACK - 8, 10), "track")
    yield _text(MARGIN + TRACK, y + 12, _short(lane.title, TITLE - 10, 11))
    for number, bar in enumerate(lane.bars):
        room = scale.x(lane.bars[number + 1].first) if number + 1 < len(lane.bars) else float(WIDTH)
        yield from _bar(view, bar, scale, y, room)


def _bar(view: GanttView, bar: Bar, scale: _Scale, y: float, room: float) -> Iterator[str]:
    words = words_in(view.language).chart
    x, end = scale.x(bar.first), scale.x(bar.last) + scale.day
    look = f"{bar.look} critical" if bar.is_critical else str(bar.look)
    said = f"{bar.title}: {say_period(bar.first, bar.last, view.language)}. {bar.state}, {say_slack(bar.slack, view.language)}"
    if bar.kept_from:
        kept = words["kept"].format(cycle=bar.kept_from)
        yield f"<g><title>{escape(said)}, {escape(kept)}</title>{_text(LEFT + 3, y + 12, f'{bar.state}, {kept}', 'small halo')}</g>"
        return
    yield f"<g><title>{escape(said)}</title>"
    middle = y + ROW / 2
    if bar.mark is Mark.BAR:
        yield _rect(x, y + (ROW - BAR) / 2, max(end - x, 2), BAR, look)
    else:
        if end - x > 8:
            yield f'<path class="lead" d="M{x:.1f} {middle:.1f}H{end:.1f}" stroke="#154273"/>'
        yield _diamond(end, middle, 6.5 if bar.mark is Mark.GATE else 4.5, look)
        end += 6
    label = ", ".join(_labels(bar, words))
    if label and end + 5 + _wide(label, 9.5) < room:
        yield _text(end + 5, y + 12, label, "small warn" if bar.is_late or bar.is_critical else "small")
    yield "</g>"


def _labels(bar: Bar, words: Mapping[str, str]) -> Iterator[str]:
    if bar.is_late:
        yield words["late"]
    elif bar.look is Look.BUSY:
        yield bar.state
    if bar.is_critical:
        yield words["critical"]


# --- shapes -------------------------------------------------------------------------------------------


def _text(x: float, y: float, said: str, css: str = "", *, anchor: str = "") -> str:
    attributes = f' class="{css}"' if css else ""
    attributes += f' text-anchor="{anchor}"' if anchor else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{attributes}>{escape(said)}</text>'


def _rect(x: float, y: float, wide: float, high: float, css: str) -> str:
    return f'<rect class="{css}" x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}"/>'


def _diamond(x: float, y: float, size: float, css: str) -> str:
    points = f"{x:.1f},{y - size:.1f} {x + size:.1f},{y:.1f} {x:.1f},{y + size:.1f} {x - size:.1f},{y:.1f}"
    return f'<polygon class="{css}" points="{points}"/>'


def _wide(said: str, size: float) -> float:
    return len(said) * size * _LETTER


def _short(said: str, room: float, size: float) -> str:
    most = int(room / (size * _LETTER))
    return said if len(said) <= most else f"{said[: most - 1].rstrip()}…"


def _month(day: date) -> date:
    return day.replace(day=1)


def _next_month(day: date) -> date:
    return _month(_month(day) + timedelta(days=32))
