"""The named dates and the growing lists of a traject: what was asked for, what the plan makes of it, what happened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from regie.core.definition import text_in
from regie.core.ids import FIRST_ITEM, AnchorId, ListId, OccurrenceKey
from regie.core.settle import settle
from regie.core.traject import AnchorDates, CycleState, Item
from regie.reports.subject import Subject, say_room, targets
from regie.reports.traject_home import load_for_view
from regie.store.definitions import DefinitionShelf
from regie.store.trajects import find_traject_id
from regie.text.rules import say_cycle, say_step


@dataclass(frozen=True, slots=True)
class AnchorView:
    """A named date.

    Args:
        dates: as they are, to say later what was seen.
        planned_on: where the plan comes out; None when nothing leads to it.
        set_by: the step that makes it happen; ``set_by_key`` its key, when it has a page of its own.
        room: how the target stands, in words; empty when there is none.
        room_days: working days between plan and target; negative is too late.
        is_required: it cannot do without a target.
    """

    id: AnchorId
    title: str
    dates: AnchorDates
    planned_on: date | None
    set_by: str
    set_by_key: str
    room: str
    room_days: int | None
    is_required: bool


@dataclass(frozen=True, slots=True)
class ListView:
    """A growing list.

    Args:
        items: as they are, to say later what was seen.
        rows: the items to change; of an empty list that begins at an anchor, the one that there always is.
        first_on: the anchor that gives the first item its date; empty when none does.
        steps: the titles of the steps that are made for each item.
    """

    id: ListId
    title: str
    items: tuple[Item, ...]
    rows: tuple[Item, ...]
    first_on: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DatesView:
    """Args: version: of the traject, as many things as happened to it."""

    traject_id: int
    traject: str
    traject_title: str
    version: int
    cycle: int
    kind: str
    is_over: bool
    today: date
    anchors: tuple[AnchorView, ...]
    lists: tuple[ListView, ...]

    def find_anchor(self, anchor: str) -> AnchorView | None:
        return next((each for each in self.anchors if each.id == anchor), None)

    def find_list(self, wanted: str) -> ListView | None:
        return next((each for each in self.lists if each.id == wanted), None)


def make_dates_view(
    session: Session, shelf: DefinitionShelf, slug: str, today: date, language: str = "nl", *, cycle: int = 0
) -> DatesView:
    """Gather the named dates and the lists of a traject.

    Args:
        cycle: its number; 0 for the last that runs, or else the last there was.

    Raises:
        NotFound: ``unknown-traject``; ``unknown-cycle``.
    """
    traject = load_for_view(session, shelf, find_traject_id(session, slug), cycle)
    chosen = traject.choose_cycle(cycle)
    settled, plan = settle(chosen, today)
    subject = Subject(traject, settled, plan, today, {}, language)
    return DatesView(
        traject.id,
        traject.slug,
        traject.title,
        traject.version,
        chosen.number,
        say_cycle(chosen.definition, chosen.kind, language),
        chosen.state is CycleState.ENDED,
        today,
        tuple(sorted(_anchors(subject), key=_in_order)),
        tuple(_lists(subject)),
    )


def _in_order(anchor: AnchorView) -> tuple[bool, date]:
    on = anchor.dates.counts or anchor.planned_on
    return on is None, on or date.max


def _anchors(subject: Subject) -> Iterator[AnchorView]:
    definition, cycle, plan = subject.definition, subject.cycle, subject.plan
    asked = {each.anchor: each for each in targets(subject)}
    for each in definition.anchors.values():
        title = text_in(each.title, subject.language)
        dates = cycle.anchors.get(each.id, AnchorDates())
        target = asked.get(each.id) if dates.actual is None else None
        yield AnchorView(
            each.id,
            title,
            dates,
            target.comes_on if target else None if dates.target else plan.anchor_on(each.id),
            say_step(definition, OccurrenceKey(each.set_by), subject.language) if each.set_by else "",
            str(each.set_by) if each.set_by and OccurrenceKey(each.set_by) in cycle.occurrences else "",
            say_room(target, subject.language) if target else "",
            target.slack if target else None,
            each.target_required,
        )


def _lists(subject: Subject) -> Iterator[ListView]:
    definition = subject.definition
    for each in definition.lists.values():
        items = subject.cycle.items.get(each.id, ())
        first_on = definition.anchors[each.first_on] if each.first_on else None
        made: Sequence[str] = [
            text_in(step.title, subject.language) for step in definition.steps.values() if step.for_each == each.id
        ]
        yield ListView(
            each.id,
            text_in(each.title, subject.language),
            items,
            items or ((Item(FIRST_ITEM),) if first_on else ()),
            text_in(first_on.title, subject.language) if first_on else "",
            tuple(made),
        )
