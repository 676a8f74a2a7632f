"""The report for the steering group on a page and as a PDF of one sheet of A4: the same sentences, cut to fit.

The PDF is tagged, and PDF/UA-1 unless a text has signs that no font of ours has. Its fonts are those that typst
carries, never those of the machine. All texts reach typst as data: no title can be markup.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from sqlmodel import Session

from regie.errors import Incomplete
from regie.reports.status import SteeringFacts, gather_steering_facts
from regie.reports.subject import Document, Row, Subject
from regie.store.reported import load_reported
from regie.text.phrases import say

if TYPE_CHECKING:
    from typst import Fonts

REPORT = "stuurgroeprapport"
"""The name under which the automated report keeps the dates that it told."""


@dataclass(frozen=True, slots=True)
class Section:
    """A question with its answer.

    Args:
        bold: sentences that matter most; ``sentences`` the others.
        caption: what the rows are, where a table needs a name of its own.
        widths: of the columns, in relation to each other.
        numbers: the columns with numbers, counted from 0.
        more: what does not stand here, in words; empty when all does.
    """

    heading: str
    bold: tuple[str, ...] = ()
    sentences: tuple[str, ...] = ()
    caption: str = ""
    columns: tuple[str, ...] = ()
    widths: tuple[int, ...] = ()
    numbers: tuple[int, ...] = ()
    rows: tuple[Row, ...] = ()
    more: str = ""


@dataclass(frozen=True, slots=True)
class Paper:
    title: str
    about: str
    language: str
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of each may stand in a report; ``signs`` is the length of a text."""

    rooms: int
    laws: int
    hops: int
    gates: int
    stuck: int
    moved: int
    phases: int
    signs: int


ON_SCREEN = Limits(20, 20, 4, 30, 40, 20, 20, 500)
_ON_PAPER = (
    Limits(5, 4, 4, 10, 14, 8, 8, 160),
    Limits(4, 3, 4, 8, 10, 6, 8, 160),
    Limits(4, 3, 4, 6, 8, 5, 6, 160),
    Limits(4, 3, 4, 5, 6, 4, 6, 110),
    Limits(3, 2, 3, 4, 5, 3, 5, 80),
    Limits(2, 2, 2, 3, 3, 2, 4, 70),
    Limits(1, 1, 1, 2, 2, 1, 0, 60),
)
"""From much to little; the first that fits on one sheet is taken."""


def look_for_steering(session: Session, subject: Subject) -> SteeringFacts:
    """Gather what the report says, with what moved since the last one that was made."""
    earlier_on, earlier = load_reported(session, subject.traject.id, subject.cycle.number, REPORT)
    return gather_steering_facts(replace(subject, earlier=earlier, earlier_on=earlier_on))


def make_steering_paper(found: SteeringFacts, language: str, limits: Limits = ON_SCREEN) -> Paper:
    """Put the facts in sections, no more of each than the limits give."""
    kind = f" ({found.kind})" if found.kind else ""
    about = say(
        "steering_about", language, today=found.today, cycle=found.cycle, kind=kind, done=found.done, count=found.count
    )
    paper = Paper(
        say("steering_title", language, title=found.title), about, language, tuple(_sections(found, language, limits))
    )
    return _shortened(paper, limits.signs)


def make_steering_pdf(found: SteeringFacts, language: str, name: str, now: datetime) -> Document:
    """Write the report on one sheet of A4.

    Args:
        name: of the file, without what follows the dot.
        now: what the PDF says of when it was made.

    Raises:
        Incomplete: ``report-does-not-fit``; the shortest there is takes more than one sheet.
    """
    for limits in _ON_PAPER:
        data = json.dumps(asdict(make_steering_paper(found, language, limits)), ensure_ascii=True)
        if _count_pages(data) == 1:
            return Document(f"{name}.pdf", "application/pdf", _compile(data, now))
    raise Incomplete("the report does not fit on one sheet", code="report-does-not-fit", hint="shorten the titles")


def _sections(found: SteeringFacts, language: str, limits: Limits) -> Iterator[Section]:
    def word(name: str) -> str:
        return say(f"steering_{name}", language)

    def words(*names: str) -> tuple[str, ...]:
        return tuple(map(word, names))

    def more(*cut: tuple[Sequence[object], int]) -> str:
        left = sum(max(len(every) - most, 0) for every, most in cut)
        return say("steering_more", language, count=left) if left else ""

    is_long = len(found.longest) > 0
    chain = say("steering_chain", language, target=found.chain_to, hops=found.hops) if is_long else ""
    yield Section(
        word("dates"),
        bold=(*found.rooms[: limits.rooms], *found.laws[: limits.laws]) or words("no_dates"),
        sentences=tuple(each for each in (more((found.rooms, limits.rooms), (found.laws, limits.laws)), chain) if each),
        caption=word("longest"),
        columns=words("step", "when", "days", "who") if is_long else (),
        widths=(5, 6, 2, 4),
        numbers=(2,),
        rows=found.longest[: limits.hops],
    )
    yield Section(
        word("gates"),
        sentences=() if found.gates else words("no_gates"),
        caption=word("gate_list"),
        columns=words("gate", "decider", "date", "papers", "state") if found.gates else (),
        widths=(5, 4, 3, 3, 3),
        rows=found.gates[: limits.gates],
        more=more((found.gates, limits.gates)),
    )
    yield Section(
        word("stuck"),
        sentences=() if found.stuck else words("none_stuck"),
        caption=word("stuck_list"),
        columns=words("step", "due", "state", "ball") if found.stuck else (),
        widths=(6, 3, 3, 4),
        rows=found.stuck[: limits.stuck],
        more=more((found.stuck, limits.stuck)),
    )
    if found.earlier_on:
        yield Section(
            say("steering_moved", language, day=found.earlier_on),
            sentences=found.moved[: limits.moved] or words("none_moved"),
            more=more((found.moved, limits.moved)),
        )
    if limits.phases:
        yield Section(
            word("phases"),
            caption=word("phase_list"),
            columns=words("phase", "period", "steps", "done"),
            widths=(6, 6, 2, 2),
            numbers=(2, 3),
            rows=found.phases[: limits.phases],
            more=more((found.phases, limits.phases)),
        )


def _shortened(paper: Paper, most: int) -> Paper:
    """Cut texts that are too long for where they stand; a cell of a table has room for half of a sentence."""

    def cut(text: str, most: int) -> str:
        return text if len(text) <= most else text[: most - 1].rstrip() + "…"

    half = math.ceil(most / 2)
    return replace(
        paper,
        title=cut(paper.title, most),
        about=cut(paper.about, 2 * most),
        sections=tuple(
            replace(
                each,
                bold=tuple(cut(said, 2 * most) for said in each.bold),
                sentences=tuple(cut(said, 2 * most) for said in each.sentences),
                rows=tuple(
                    tuple(cut(cell, half if most < ON_SCREEN.signs else most) for cell in row) for row in each.rows
                ),
            )
            for each in paper.sections
        ),
    )


# --- typst -------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _template() -> bytes:
    return files("regie.reports").joinpath("templates/stuurgroep.typ").read_bytes()


@lru_cache(maxsize=1)
def _fonts() -> Fonts:
    from typst import Fonts

    return Fonts(include_system_fonts=False)


def _given(data: str) -> dict[str, Any]:
    return {"font_paths": _fonts(), "ignore_system_fonts": True, "sys_inputs": {"data": data}}


def _count_pages(data: str) -> int:
    import typst

    return int(typst.query(_template(), "<pages>", field="value", one=True, **_given(data)))


def _compile(data: str, now: datetime) -> bytes:
    import typst

    def compiled(standards: list[Any]) -> bytes:
        made: bytes = typst.compile(
            _template(), format="pdf", timestamp=int(now.timestamp()), pdf_standards=standards, **_given(data)
        )
        return made

    try:
        return compiled(["ua-1"])
    except typst.TypstError:
        # a sign that none of the fonts has: it shows as a box and is still there to copy and to read aloud
        return compiled([])
