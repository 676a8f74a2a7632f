"""The plan as a picture: one SVG that needs nothing from elsewhere, drawn from the same values as the table.

Every phase is a group with its own window, so that overlap shows. It goes on one sheet of A3, and becomes a PNG on
the server.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from textwrap import wrap

from regie.reports.gantt_drawing import (
    PATTERNS,
    STYLE,
    Scale,
    Unit,
    band,
    draw_axis,
    draw_bar,
    draw_window,
    legend_of,
    range_of,
    rect,
    short,
    text,
    wide,
)
from regie.reports.plan_view import GanttView, Lane, Look, gantt_view
from regie.text.dates import say_date
from regie.text.phrases import words_in

__all__ = ["GanttView", "gantt_view", "render_gantt", "render_png"]

MARGIN, TRACK, TITLE, CHART, RIGHT = 12, 168, 372, 900, 110
LEFT = MARGIN + TRACK + TITLE
WIDTH = LEFT + CHART + RIGHT
ROW, FLAG, AXIS = 17, 13, 34
_MOST_FLAG_ROWS = 5
_MOST_THREATS = 3
_MOST_ROWS = 4
_PRINT = "@page{size:A3;margin:8mm}@media print{.gantt{width:100%;height:100%}}"
_PAGE = b'#set page(width: auto, height: auto, margin: 0pt)\n#image(bytes(sys.inputs.plan), format: "svg")'
_MOST_DOTS = 12_000_000
_DOTS_PER_INCH = 144


def render_gantt(view: GanttView) -> str:
    """Draw the picture."""
    if not view.phases:
        empty = escape(words_in(view.language).chart["empty"])
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="500" height="60"><title>{escape(view.title)}</title>'
            f'<desc>{empty}</desc><text x="12" y="34" font-family="Arial, sans-serif">{empty}</text></svg>\n'
        )
    first, after = range_of(view)
    day = CHART / (after - first).days
    scale = Scale(first, after, day, LEFT, WIDTH)
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
        *draw_axis(view, scale, Unit.MONTH if day * 30 >= 24 else Unit.QUARTER, overview, bottom, below=True),
        *_draw_flags(flags, flags_top, bottom),
        *_overview(view, scale, overview),
        *_groups(view, scale, top),
        *_today(view, scale, overview - AXIS, bottom),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="gantt" role="img" aria-labelledby="gantt-title gantt-desc" lang="{view.language}" '
        f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}">'
        f'<title id="gantt-title">{escape(view.title)}</title><desc id="gantt-desc">{escape(_described(view))}</desc>'
        f"<style>{STYLE}{_PRINT}</style>{PATTERNS}"
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
        room = int((WIDTH - 2 * MARGIN) / wide("m", size))
        for row in wrap(said, room, max_lines=_MOST_ROWS, placeholder=" …"):
            y += high
            drawn.append(text(MARGIN, y, row, css))
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
    x = float(MARGIN)
    for drawn, said in legend_of(view):
        yield f'<g transform="translate({x:.1f} {y - 10.5:.1f})">{drawn}</g>'
        yield text(x + 31, y, said, "small")
        x += 42 + wide(said, 9.5)


@dataclass(frozen=True, slots=True)
class _Flag:
    """An anchor: its line, and its name in a row of its own; ``is_before`` its line when there is no room behind."""

    row: int
    x: float
    label: str
    is_before: bool


def _flags(view: GanttView, scale: Scale) -> Iterator[_Flag]:
    """Give each anchor a row in which its name runs into no other."""
    taken: list[float] = []
    target = words_in(view.language).chart["target"]
    for anchor in view.anchors:
        if not scale.shows(anchor.on):
            continue
        x, label = scale.x(anchor.on), f"{anchor.title}, {say_date(anchor.on, view.language)}"
        label += f" ({target})" if anchor.is_target else ""
        long = wide(label, 9.5) + 10
        is_before = x + long > WIDTH
        begins = x - long if is_before else x
        row = next((number for number, end in enumerate(taken) if end < begins), len(taken))
        row = min(row, _MOST_FLAG_ROWS - 1)
        taken[row : row + 1] = [begins + long]
        yield _Flag(row, x, label, is_before)


def _draw_flags(flags: Sequence[_Flag], top: int, bottom: int) -> Iterator[str]:
    for flag in flags:
        y = top + flag.row * FLAG
        yield f'<path class="anchor" d="M{flag.x:.1f} {y - 8}V{bottom}" stroke="#0b6e4f"/>'
        if flag.is_before:
            yield f'<path class="flag" d="M{flag.x:.1f} {y - 8}l-6 4l6 4z"/>'
            yield text(flag.x - 9, y, flag.label, "small halo", anchor="end")
        else:
            yield f'<path class="flag" d="M{flag.x:.1f} {y - 8}l6 4l-6 4z"/>'
            yield text(flag.x + 9, y, flag.label, "small halo")


def _today(view: GanttView, scale: Scale, top: int, bottom: int) -> Iterator[str]:
    x = scale.x(view.today)
    said = f"{words_in(view.language).chart['today']}, {say_date(view.today, view.language)}"
    yield f'<path class="today" d="M{x:.1f} {top}V{bottom + 44}" stroke="#c8102e"/>'
    # below the years, so that the two never run into each other
    if x < LEFT + CHART / 2:
        yield text(x + 4, bottom + 42, said, "small warn")
    else:
        yield text(x - 4, bottom + 42, said, "small warn", anchor="end")


# --- the chart ----------------------------------------------------------------------------------------


def _overview(view: GanttView, scale: Scale, top: int) -> Iterator[str]:
    """All phases below each other, so that their overlap is seen at a glance."""
    yield text(MARGIN, top + 12, words_in(view.language).chart["phases"], "head")
    for number, phase in enumerate(view.phases):
        y = top + (number + 0.1) * ROW
        yield text(MARGIN + TRACK - 40, y + 12, short(phase.title, TITLE + 30, 11))
        yield from draw_window(phase.first, phase.last, scale, y, ROW, view.language)


def _groups(view: GanttView, scale: Scale, top: int) -> Iterator[str]:
    y = float(top)
    for phase in view.phases:
        yield rect(0, y, WIDTH, ROW, "band")
        yield text(MARGIN, y + 13, short(phase.title, LEFT - 2 * MARGIN, 12.5), "head")
        yield from draw_window(phase.first, phase.last, scale, y, ROW, view.language)
        y += ROW
        track = None
        for lane in phase.lanes:
            yield from _lane(view, lane, scale, y, is_first=lane.track != track)
            track = lane.track
            y += ROW
        y += ROW


def _lane(view: GanttView, lane: Lane, scale: Scale, y: float, *, is_first: bool) -> Iterator[str]:
    if lane.is_in_all_phases:
        yield band(MARGIN - 4, y + 1, LEFT - MARGIN - 2, ROW - 2)
    if is_first:
        yield f'<path class="rule" d="M{MARGIN - 4} {y:.1f}H{LEFT + CHART}" stroke="#c4cad2"/>'
        yield text(MARGIN, y + 12, short(lane.track, TRACK - 8, 10), "track")
    yield text(MARGIN + TRACK, y + 12, short(lane.title, TITLE - 10, 11))
    for number, bar in enumerate(lane.bars):
        room = scale.x(lane.bars[number + 1].first) if number + 1 < len(lane.bars) else float(WIDTH)
        yield from draw_bar(bar, scale, y, ROW, room, view.today, view.language)


def render_png(view: GanttView) -> bytes:
    """Draw the picture in dots: with the letters that come with typst, so that it looks the same on every machine."""
    import typst

    drawn = render_gantt(view)
    found = re.search(r'width="(\d+)" height="(\d+)"', drawn)
    assert found is not None  # it was drawn above
    inches = int(found[1]) / 96 * int(found[2]) / 96
    sharp = min(_DOTS_PER_INCH, int((_MOST_DOTS / inches) ** 0.5))
    made = typst.compile(_PAGE, format="png", ppi=float(sharp), ignore_system_fonts=True, sys_inputs={"plan": drawn})
    assert isinstance(made, bytes)  # a list only of more pages than one
    return made
