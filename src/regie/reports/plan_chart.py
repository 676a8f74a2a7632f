"""The plan as a page draws it: an axis, and per phase a window and a drawing, all on one axis of time.

The names of the steps are no part of the drawings: a page sets them beside it, where they stay in sight. Each row of
names is as high as the row of the drawing, in units of which sixteen go in a letter of the page (``1rem``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from regie.reports.gantt_drawing import (
    PATTERNS,
    Scale,
    Unit,
    band,
    draw_axis,
    draw_bar,
    draw_window,
    legend_of,
    range_of,
    text,
    wide,
)
from regie.reports.plan_view import Bar, GanttView, Lane, PhaseView
from regie.text.dates import say_date
from regie.text.phrases import words_in

ROW, TRACK_ROW, PHASE_ROW, AXIS, FLAG = 28, 24, 36, 40, 14
"""Heights; those of ``regie-gantt`` in the style sheet of the pages are the same."""

_MOST_FLAG_ROWS = 4
_DAY = {Unit.WEEK: 14.0, Unit.MONTH: 4.0, Unit.QUARTER: 1.5}
_SHEET = 1380.0
_LEAST = 640.0


@dataclass(frozen=True, slots=True)
class Drawing:
    """One drawing, as markup that is escaped already, and its size."""

    markup: str
    width: float
    height: float

    @property
    def svg(self) -> str:
        """The same as an element; those who cannot see it have the table, and the names with their links."""
        wide, high = f"{self.width / 16:.4f}".rstrip("0").rstrip("."), f"{self.height / 16:.4f}".rstrip("0").rstrip(".")
        return (
            f'<svg class="gantt" width="{wide}rem" height="{high}rem" viewBox="0 0 {self.width:.0f} {self.height:.0f}" '
            f'aria-hidden="true" focusable="false">{self.markup}</svg>'
        )


@dataclass(frozen=True, slots=True)
class NamedLane:
    """The name of a step beside its row. ``bar``: the copy that its link leads to."""

    title: str
    bar: Bar


@dataclass(frozen=True, slots=True)
class TrackDrawing:
    """The names of the steps of a track in one phase, and their drawing; paper may be cut between two."""

    title: str
    is_in_all_phases: bool
    lanes: tuple[NamedLane, ...]
    rows: Drawing


@dataclass(frozen=True, slots=True)
class PhaseDrawing:
    """A phase: its window, and its tracks."""

    phase: PhaseView
    window: Drawing
    tracks: tuple[TrackDrawing, ...]

    @property
    def count(self) -> int:
        return sum(len(track.lanes) for track in self.tracks)


@dataclass(frozen=True, slots=True)
class Chart:
    """All drawings of a page, each as wide as the axis. ``legend``: per sign its drawing and what it means."""

    axis: Drawing
    phases: tuple[PhaseDrawing, ...]
    legend: tuple[tuple[Drawing, str], ...]


def make_chart(view: GanttView, unit: Unit | None, link: Callable[[Bar], str]) -> Chart:
    """Draw a plan for a page.

    Args:
        unit: how far it is zoomed in; None puts it on one sheet of A3.
        link: gives the address of the page of a step.
    """
    scale, unit = _scale_of(view, unit)
    legend = tuple((Drawing(drawn, 28, 14), said) for drawn, said in legend_of(view))
    return Chart(
        _axis(view, scale, unit), tuple(_phase(view, phase, scale, unit, link) for phase in view.phases), legend
    )


def _scale_of(view: GanttView, unit: Unit | None) -> tuple[Scale, Unit]:
    first, after = range_of(view)
    days = (after - first).days
    if unit is None:
        width, unit = _SHEET, Unit.MONTH if _SHEET / days * 30 >= 24 else Unit.QUARTER
    else:
        width = max(days * _DAY[unit], _LEAST)
    # beside the last day there is room for words
    return Scale(first, after, (width - 90) / days, 0.0, width), unit


def _axis(view: GanttView, scale: Scale, unit: Unit) -> Drawing:
    """The months or weeks with the years above them, and the anchors and today by name."""
    words = words_in(view.language).chart
    named = [
        (
            each.on,
            f"{each.title}, {say_date(each.on, view.language)}" + (f" ({words['target']})" if each.is_target else ""),
        )
        for each in view.anchors
        if scale.shows(each.on)
    ]
    named.append((view.today, f"{words['today']}, {say_date(view.today, view.language)}"))
    taken: list[float] = []
    flags: list[tuple[int, float, str, bool]] = []
    for on, said in sorted(named):
        x, long = scale.x(on), wide(said, 9.5) + 14
        is_before = x + long > scale.edge
        begins = x - long if is_before else x
        row = next((number for number, end in enumerate(taken) if end < begins), len(taken))
        row = min(row, _MOST_FLAG_ROWS - 1)
        taken[row : row + 1] = [begins + long]
        flags.append((row, x, said, is_before))
    height = float(AXIS + FLAG * len(taken))
    return Drawing(PATTERNS + "".join(_draw_axis(view, scale, unit, flags, height)), scale.edge, height)


def _draw_axis(
    view: GanttView, scale: Scale, unit: Unit, flags: list[tuple[int, float, str, bool]], height: float
) -> Iterator[str]:
    yield from draw_axis(view, scale, unit, height - 2, height, below=False)
    today = scale.x(view.today)
    for row, x, said, is_before in flags:
        y, is_today = FLAG * row, x == today and said.startswith(words_in(view.language).chart["today"])
        css = "today" if is_today else "anchor"
        own = ' id="vandaag"' if is_today else ""
        yield f'<path class="{css}"{own} d="M{x:.1f} {y:.1f}V{height:.1f}"/>'
        place = x - 4 if is_before else x + 4
        yield text(
            place, y + 10, said, "small warn halo" if is_today else "small halo", anchor="end" if is_before else ""
        )


def _phase(view: GanttView, phase: PhaseView, scale: Scale, unit: Unit, link: Callable[[Bar], str]) -> PhaseDrawing:
    window = "".join(draw_window(phase.first, phase.last, scale, 6, PHASE_ROW - 12, view.language))
    tracks: list[tuple[str, bool, list[Lane]]] = []
    for lane in phase.lanes:
        if not tracks or tracks[-1][0] != lane.track:
            tracks.append((lane.track, lane.is_in_all_phases, []))
        tracks[-1][2].append(lane)
    drawn = tuple(
        _track(view, title, lanes, scale, unit, link, is_marked=is_marked) for title, is_marked, lanes in tracks
    )
    return PhaseDrawing(phase, Drawing(window, scale.edge, PHASE_ROW), drawn)


def _track(
    view: GanttView,
    title: str,
    lanes: list[Lane],
    scale: Scale,
    unit: Unit,
    link: Callable[[Bar], str],
    *,
    is_marked: bool,
) -> TrackDrawing:
    height = float((TRACK_ROW if title else 0) + ROW * len(lanes))
    rows = "".join((
        *_lines(view, scale, unit, height),
        *_lanes(view, title, lanes, scale, link, is_marked=is_marked),
        *_today(view, scale, height),
    ))  # fmt: skip
    named = tuple(NamedLane(lane.title, _named(lane)) for lane in lanes)
    return TrackDrawing(title, is_marked, named, Drawing(rows, scale.edge, height))


def _named(lane: Lane) -> Bar:
    """Which copy of a step its name leads to: the first that is not done, or else the last."""
    return next((bar for bar in lane.bars if bar.finished_on is None), lane.bars[-1])


def _lines(view: GanttView, scale: Scale, unit: Unit, height: float) -> Iterator[str]:
    """The lines of the axis and the anchors, through the rows."""
    yield '<g class="lines">'
    for drawn in draw_axis(view, scale, unit, 0, height, below=False):
        if drawn.startswith("<path"):
            yield drawn
    for each in view.anchors:
        if scale.shows(each.on):
            yield f'<path class="anchor" d="M{scale.x(each.on):.1f} 0V{height:.0f}"/>'
    yield "</g>"


def _lanes(
    view: GanttView, title: str, lanes: list[Lane], scale: Scale, link: Callable[[Bar], str], *, is_marked: bool
) -> Iterator[str]:
    yield f'<path class="rule" d="M0 0.5H{scale.edge:.0f}"/>'
    y = 0.0
    if title:
        if is_marked:
            yield band(0, 2, scale.edge, TRACK_ROW - 4)
        y += TRACK_ROW
    for lane in lanes:
        for number, bar in enumerate(lane.bars):
            room = scale.x(lane.bars[number + 1].first) if number + 1 < len(lane.bars) else scale.edge
            yield from draw_bar(bar, scale, y, ROW, room, view.today, view.language, link)
        y += ROW


def _today(view: GanttView, scale: Scale, height: float) -> Iterator[str]:
    yield f'<path class="today" d="M{scale.x(view.today):.1f} 0V{height:.0f}"/>'
