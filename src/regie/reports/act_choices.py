"""What can be chosen when something is done to a step: partners to wait for, colleagues, steps that follow along."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlmodel import Session

from regie.core.definition import text_in
from regie.core.holding import find_dependents
from regie.core.ids import OccurrenceKey
from regie.reports.traject_home import load_for_view, role_names
from regie.store.definitions import DefinitionShelf
from regie.store.people import list_people
from regie.store.portfolio import list_players
from regie.text.dates import say_date
from regie.text.rules import say_step


def list_roles(
    session: Session, shelf: DefinitionShelf, traject_id: int, cycle: int, language: str = "nl"
) -> Mapping[str, str]:
    """Give the roles of a traject with who plays them, by id, in the order of the definition."""
    definition = load_for_view(session, shelf, traject_id, cycle).choose_cycle(cycle).definition
    names = role_names(list_players(session, traject_ids={traject_id}), definition, traject_id)
    found = {}
    for role, declared in definition.roles.items():
        people = ", ".join(names.get(role, ()))
        title = text_in(declared.title, language)
        found[str(role)] = f"{title}: {people}" if people and people != title else title
    return found


def list_colleagues(
    session: Session, shelf: DefinitionShelf, traject_id: int, cycle: int, key: OccurrenceKey
) -> Mapping[str, str]:
    """Give whom a step can be handed to, by id, in order of name with their organisation.

    Those are the people with a role in the traject, and the colleagues of who is responsible for the step.
    """
    chosen = load_for_view(session, shelf, traject_id, cycle).choose_cycle(cycle)
    step = chosen.definition.steps.get(key.step)
    players = list_players(session, traject_ids={traject_id})
    in_traject = {
        person for (_, role), people in players.items() if role in chosen.definition.roles for person, _ in people
    }
    everyone = list_people(session)
    own = {each.organisation for each in everyone if step and any(role == step.responsible for role, _ in each.roles)}
    found = {
        str(each.id): each.full_name for each in everyone if each.id in in_traject or each.organisation in own - {""}
    }
    return dict(sorted(found.items(), key=lambda each: each[1].lower()))


def list_dependents(
    session: Session,
    shelf: DefinitionShelf,
    traject_id: int,
    cycle: int,
    key: OccurrenceKey,
    language: str = "nl",
) -> Mapping[str, str]:
    """Give what was started or finished because of a step, by key, with the day on which that was."""
    chosen = load_for_view(session, shelf, traject_id, cycle).choose_cycle(cycle)
    found = {}
    for each in find_dependents(chosen, key) if key in chosen.occurrences else ():
        fact = chosen.occurrences[each]
        on: date | None = fact.finished_on or fact.started_on
        assert on is not None  # or it would not be a dependent
        found[str(each)] = f"{say_step(chosen.definition, each, language)} ({say_date(on, language)})"
    return found
