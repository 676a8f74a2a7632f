"""Read the plan of a traject for a page or a file: the cycles that were asked for, narrowed to what is wanted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from regie.core.settle import settle
from regie.reports.plan_view import Choices, GanttView, Wanted, choices_of, gantt_view, join_views
from regie.reports.traject_home import load_for_view, without_secrets
from regie.store.definitions import DefinitionShelf
from regie.store.trajects import find_traject_id
from regie.text.phrases import say
from regie.text.rules import say_cycle


@dataclass(frozen=True, slots=True)
class PlanPage:
    """A plan, and what can be asked of it.

    Args:
        cycle: the number that was asked for; 0 for those that run.
        cycles: the numbers of all cycles, with their kind in words.
        shown: the numbers of those in the view.
    """

    traject: str
    title: str
    cycle: int
    cycles: tuple[tuple[int, str], ...]
    shown: tuple[int, ...]
    view: GanttView
    choices: Choices


def make_plan_page(
    session: Session,
    shelf: DefinitionShelf,
    slug: str,
    today: date,
    language: str = "nl",
    *,
    cycle: int = 0,
    wanted: Wanted,
    sees_confidential: bool = True,
) -> PlanPage:
    """Read a plan, made anew for today.

    Args:
        cycle: its number; 0 for all that run, or else the last there was.
        sees_confidential: else what people typed for confidential steps is left out.

    Raises:
        NotFound: ``unknown-traject``; ``unknown-cycle``.
    """
    traject = load_for_view(session, shelf, find_traject_id(session, slug), cycle)
    chosen = [traject.choose_cycle(cycle)] if cycle or not traject.running() else list(traject.running())
    plans = [settle(each if sees_confidential else without_secrets(each), today) for each in chosen]
    kinds = {each.number: say_cycle(each.definition, each.kind, language) for each in traject.cycles}
    views = [
        gantt_view(traject.title, settled, plan, today, language, wanted=wanted, sees_confidential=sees_confidential)
        for settled, plan in plans
    ]
    choices = choices_of([settled for settled, _ in plans], language)
    called = [say("cycle_number", language, number=settled.number) for settled, _ in plans]
    return PlanPage(
        traject.slug,
        traject.title,
        cycle,
        tuple(kinds.items()),
        tuple(settled.number for settled, _ in plans),
        join_views(traject.title, views, called),
        choices,
    )
