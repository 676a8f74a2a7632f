"""The plan as a picture: one SVG, drawn from the same values as the tables.

Phases are groups with their own window, so that overlap shows. What is done, busy, planned or late differs by
pattern and text, not by colour alone; the critical chain has a heavy outline and the word. Positions are
attributes and colours are classes, so that a strict content policy lets it pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape

from regie.core.definition import text_in
from regie.core.ids import OccurrenceKey
from regie.core.plan import Plan
from regie.core.traject import Cycle, State
from regie.text.phrases import MONTHS, STATES, WORDS
from regie.text.sentences import say_count, say_date, say_step

ROW, LABEL, RIGHT, TOP = 18, 430, 150, 78
DAY = 2.4
_FONT = "font-family:Verdana,Arial,sans-serif"
_STYLE = f"""text{{{_FONT};font-size:11px;fill:#1b1b1b}}.title{{font-size:18px;font-weight:bold}}.head{{font-weight:bold;
font-size:12px}}.month{{font-size:10px;fill:#4a4a4a}}.grid{{stroke:#d8d8d8;stroke-width:1}}.window{{fill:#dce6f2}}
.returns{{fill:#fff3b0}}.planned{{fill:#ffffff;stroke:#154273;stroke-width:1}}.busy{{fill:url(#busy);stroke:#154273}}
.done{{fill:#154273;stroke:#154273}}.late{{fill:url(#late);stroke:#8a1c00;stroke-width:1.5}}.critical{{stroke:#8a1c00;
stroke-width:2.5}}.today{{stroke:#c8102e;stroke-width:2;stroke-dasharray:6 3}}.flag{{stroke:#0b6e4f;stroke-width:2}}
.slack{{stroke:#767676;stroke-dasharray:2 2}}.small{{font-size:9.5px;fill:#4a4a4a}}"""


@dataclass(frozen=True, slots=True)
class Bar:
    """One step in the picture, and the same as a row of a table."""

    key: OccurrenceKey
    title: str
    phase: str
    track: str
    returns: bool
    first: date
    last: date
    slack: int
    is_critical: bool
    is_gate: bool
    look: str
    state: str


@dataclass(frozen=True, slots=True)
class GanttView:
    """All that is drawn, as plain values."""

    title: str
    today: date
    bars: tuple[Bar, ...]
    anchors: tuple[tuple[str, date], ...]
    language: str = "nl"

    def phases(self) -> Iterator[tuple[str, tuple[Bar, ...]]]:
        for phase in dict.fromkeys(bar.phase for bar in self.bars):
            yield phase, tuple(bar for bar in self.bars if bar.phase == phase)


def gantt_view(title: str, cycle: Cycle, plan: Plan, today: date, language: str = "nl") -> GanttView:
    """Gather what the picture shows. The critical chain is the longest chain to the anchor that needs a target."""
    definition = cycle.definition
    critical = set(_critical_chain(plan))
    bars = []
    for phase in definition.phases.values():
        for key, occurrence in cycle.occurrences.items():
            step = definition.steps[key.step]
            planned = occurrence.planned
            if step.phase != phase.id or planned is None or occurrence.state.is_out:
                continue
            track = definition.tracks.get(step.track) if step.track else None
            bars.append(
                Bar(
                    key,
                    say_step(definition, key, language),
                    text_in(phase.title, language),
                    text_in(track.title, language) if track else "",
                    bool(track and track.in_all_phases),
                    planned.early_start,
                    planned.early_finish,
                    planned.slack_working_days,
                    key in critical,
                    step.gate is not None,
                    _look(occurrence.state, planned.due_on, today),
                    STATES[language][occurrence.state],
                )
            )
    order = {text_in(phase.title, language): place for place, phase in enumerate(definition.phases.values())}
    bars.sort(key=lambda bar: (order[bar.phase], bar.first, bar.last))
    anchors = tuple(
        (text_in(anchor.title, language), on)
        for anchor in definition.anchors.values()
        if (on := plan.anchor_on(anchor.id))
    )
    return GanttView(title, today, tuple(bars), anchors, language)


def render_gantt(view: GanttView) -> str:
    """Draw the picture; it needs nothing from elsewhere."""
    if not view.bars:
        return '<svg xmlns="http://www.w3.org/2000/svg" role="img" width="400" height="60"><title>-</title></svg>'
    first = min(min(bar.first for bar in view.bars), view.today) - timedelta(days=7)
    last = max(max(bar.last for bar in view.bars), view.today) + timedelta(days=7)
    width = LABEL + (last - first).days * DAY + RIGHT
    rows = len(view.bars) + 2 * len(list(view.phases()))
    height = TOP + rows * ROW + 40
    body = [*_axis(view, first, last, height), *_rows(view, first), *_flags(view, first, height)]
    desc = f"{len(view.bars)} stappen, {say_date(first, view.language)} - {say_date(last, view.language)}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="t d" width="{width:.0f}" height="{height}" '
        f'viewBox="0 0 {width:.0f} {height}"><title id="t">{escape(view.title)}</title><desc id="d">{escape(desc)}</desc>'
        f"<style>{_STYLE}</style><defs>"
        '<pattern id="busy" width="6" height="6" patternUnits="userSpaceOnUse"><rect width="6" height="6" fill="#a9c4e4"/>'
        '<path d="M0 6L6 0" stroke="#154273"/></pattern>'
        '<pattern id="late" width="6" height="6" patternUnits="userSpaceOnUse"><rect width="6" height="6" fill="#f7d9d0"/>'
        '<path d="M0 0L6 6M0 6L6 0" stroke="#8a1c00"/></pattern></defs>'
        f'<rect width="{width:.0f}" height="{height}" fill="#ffffff"/>'
        f'<text class="title" x="12" y="28">{escape(view.title)}</text>{"".join(body)}{_legend(view, height)}</svg>\n'
    )


def _x(day: date, first: date) -> float:
    return LABEL + (day - first).days * DAY


def _axis(view: GanttView, first: date, last: date, height: int) -> Iterator[str]:
    month = date(first.year, first.month, 1)
    while month <= last:
        following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
        x = max(_x(month, first), LABEL)
        yield f'<line class="grid" x1="{x:.1f}" y1="{TOP - 16}" x2="{x:.1f}" y2="{height - 30}"/>'
        name = MONTHS[view.language][month.month - 1]
        label = f"{name[:3]} {month.year}" if month.month == 1 or x == LABEL else name[:3]
        yield f'<text class="month" x="{x + 3:.1f}" y="{TOP - 22}">{label}</text>'
        month = following


def _rows(view: GanttView, first: date) -> Iterator[str]:
    y = TOP
    for phase, bars in view.phases():
        begins, ends = min(bar.first for bar in bars), max(bar.last for bar in bars)
        yield f'<text class="head" x="12" y="{y + 13}">{escape(phase)}</text>'
        wide = max((ends - begins).days + 1, 1) * DAY
        yield f'<rect class="window" x="{_x(begins, first):.1f}" y="{y + 2}" width="{wide:.1f}" height="14"/>'
        window = f"{say_date(begins, view.language)} - {say_date(ends, view.language)}"
        yield f'<text class="small" x="{_x(begins, first) + 4:.1f}" y="{y + 13}">{window}</text>'
        y += ROW
        for bar in bars:
            yield from _bar(view, bar, first, y)
            y += ROW
        y += ROW


def _bar(view: GanttView, bar: Bar, first: date, y: int) -> Iterator[str]:
    x, wide = _x(bar.first, first), max((bar.last - bar.first).days + 1, 1) * DAY
    if bar.returns:
        yield f'<rect class="returns" x="8" y="{y + 1}" width="{LABEL - 16}" height="{ROW - 3}"/>'
    mark = f" [{bar.track}]" if bar.returns else ""
    title = bar.title if len(bar.title) + len(mark) < 62 else f"{bar.title[: 59 - len(mark)]}..."
    yield f'<text x="22" y="{y + 13}">{escape(title + mark)}</text>'
    said = f"{bar.title}: {say_date(bar.first, view.language)} - {say_date(bar.last, view.language)}, {bar.state}"
    slack = WORDS[view.language]["slack"].format(days=say_count(bar.slack, "wd", view.language))
    chosen = f"{bar.look} critical" if bar.is_critical else bar.look
    yield f"<g><title>{escape(said)}, {slack}</title>"
    if bar.is_gate:
        middle, half = x + wide, 7
        yield f'<line class="slack" x1="{x:.1f}" y1="{y + 9}" x2="{middle:.1f}" y2="{y + 9}"/>'
        points = f"{middle:.1f},{y + 9 - half} {middle + half:.1f},{y + 9} {middle:.1f},{y + 9 + half} {middle - half:.1f},{y + 9}"
        yield f'<polygon class="{chosen}" points="{points}"/>'
        wide += half
    else:
        yield f'<rect class="{chosen}" x="{x:.1f}" y="{y + 3}" width="{wide:.1f}" height="12"/>'
    word = {"late": "te laat", "busy": bar.state}.get(bar.look, "")
    label = ", ".join(each for each in (word, "kritiek" if bar.is_critical else "") if each)
    if label:
        yield f'<text class="small" x="{x + wide + 5:.1f}" y="{y + 12}">{escape(label)}</text>'
    yield "</g>"


def _flags(view: GanttView, first: date, height: int) -> Iterator[str]:
    x = _x(view.today, first)
    yield f'<line class="today" x1="{x:.1f}" y1="{TOP - 10}" x2="{x:.1f}" y2="{height - 30}"/>'
    yield f'<text class="small" x="{x + 3:.1f}" y="{height - 18}">vandaag, {say_date(view.today, view.language)}</text>'
    for number, (title, on) in enumerate(sorted(view.anchors, key=lambda each: each[1])):
        if on < first:
            continue
        x, y = _x(on, first), TOP - 34 - 11 * (number % 2)
        yield f'<line class="flag" x1="{x:.1f}" y1="{y}" x2="{x:.1f}" y2="{height - 30}"/>'
        yield f'<text class="small" x="{x + 3:.1f}" y="{y + 4}">{escape(title)} {on.day}-{on.month}-{on.year}</text>'


def _legend(view: GanttView, height: int) -> str:
    del view
    parts, x = [], 12
    for look, said in (
        ("done", "klaar"),
        ("busy", "bezig"),
        ("planned", "gepland"),
        ("late", "te laat"),
        ("planned critical", "kritiek"),
    ):
        parts.append(f'<rect class="{look}" x="{x}" y="{height - 24}" width="22" height="11"/>')
        parts.append(f'<text class="small" x="{x + 27}" y="{height - 15}">{said}</text>')
        x += 85
    return "".join(parts)


def _look(state: State, due_on: date | None, today: date) -> str:
    if state is State.DONE:
        return "done"
    if due_on is not None and due_on < today and state is not State.NOT_YET:
        return "late"
    return "busy" if state in (State.IN_PROGRESS, State.WAITING_FOR_PARTNER, State.FOR_DECISION) else "planned"


def _critical_chain(plan: Plan) -> Iterator[OccurrenceKey]:
    for anchor in plan.network.definition.anchors.values():
        place = plan.first_places.get(anchor.set_by) if anchor.set_by and anchor.target_required else None
        if place is not None and plan.is_planned(place):
            yield from (hop.key for hop in plan.chain_to(plan.network.activities[place].key))
    if not any(anchor.target_required for anchor in plan.network.definition.anchors.values()):
        for place, activity in enumerate(plan.network.activities):
            planned = plan.planned(place)
            if planned is not None and planned.critical:
                yield activity.key
