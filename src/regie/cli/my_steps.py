"""``regie partner steps`` and ``regie partner agenda``: what one person has to do, and the feed for their calendar."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from regie.cli.common import JSON, Town, count_of, open_town, print_json, say, table

if TYPE_CHECKING:
    from regie.core.ids import PersonId
    from regie.reports.my_steps import MyStep, MySteps

PERSON = typer.Argument(help="Wie: het e-mailadres, of het nummer uit regie partner list --json.")


def register(partner: typer.Typer) -> None:
    partner.command("steps")(steps)
    partner.command("agenda")(agenda)


def find_person_id(town: Town, text: str) -> PersonId:
    """Find somebody by e-mail address or by id; that there is nobody with that id is said by who looks there."""
    from regie.core.ids import PersonId
    from regie.store.partners import find_person
    from regie.store.session import read_scope

    with read_scope(town.context.engine) as session:
        found = find_person(session, text) if "@" in text else None
    return found or PersonId(text.strip())


def steps(
    person: str = PERSON,
    only_own: bool = typer.Option(False, "--own", help="Zonder de stappen van collega's."),
    as_json: bool = JSON,
) -> None:
    """Toon alle stappen van een partner en de organisatie, over alle trajecten."""
    from regie.reports.my_steps import make_my_steps
    from regie.store.session import read_scope

    town = open_town()
    person_id = find_person_id(town, person)
    with read_scope(town.context.engine) as session:
        found = make_my_steps(
            session, town.context.shelf.get, person_id, town.today(), colleagues=not only_own, language="nl"
        )
    if as_json:
        print_json(my_steps_as_data(found))
        return
    say(f"{found.name} ({found.organisation})" if found.organisation else found.name)
    columns = (
        "stap",
        "traject",
        "stand",
        "aan zet",
        "gepland",
        "gevraagd",
        "toegezegd",
        "wettelijk",
        "wacht op",
        "let op",
    )
    for title, part in (
        ("Nu gevraagd", found.asked),
        ("Wacht op een ander", found.waiting),
        ("Komt nog", found.coming),
        ("Gedaan", found.done),
    ):
        if part:
            say(f"\n{title}")
            table(title, columns, map(_row, part))
    if not (found.open or found.done):
        say("Er is nu niets gevraagd.")


def agenda(
    person: str = PERSON,
    rotate: bool = typer.Option(False, "--rotate", help="Maak een nieuw adres; het oude werkt niet meer."),
    stop: bool = typer.Option(False, "--stop", help="Laat het adres niet meer werken."),
    output: Path | None = typer.Option(None, "--output", "-o", help="Schrijf de agenda naar dit bestand (.ics)."),
    as_json: bool = JSON,
) -> None:
    """Geef het adres van de persoonlijke agenda van een partner; maak het als het er nog niet is."""
    from regie.actions.keep_agenda import make_agenda, stop_agenda
    from regie.feeds import feed_address
    from regie.reports.ical import load_agenda, write_agenda
    from regie.store.partners import get_person
    from regie.store.session import read_scope

    if stop and (rotate or output is not None):
        raise typer.BadParameter("--stop gaat niet samen met --rotate of --output")
    town = open_town()
    person_id = find_person_id(town, person)
    with read_scope(town.context.engine) as session:
        name = get_person(session, person_id).name
    if stop:
        was_there = stop_agenda(town.context, person_id, town.now())
        if as_json:
            print_json({"person": person_id, "stopped": was_there})
        else:
            say(f"De agenda van {name} is gestopt." if was_there else f"{name} heeft geen agenda.")
        return
    feed = make_agenda(town.context, person_id, town.now(), renew=rotate)
    with read_scope(town.context.engine) as session:
        found = load_agenda(session, feed, town.now())
        if output is not None:
            output.write_bytes(write_agenda(session, town.context.shelf.get, found))
    address = feed_address(town.settings.base_url, feed.token)
    if as_json:
        print_json(
            {
                "person": person_id,
                "address": address,
                "number": feed.number,
                "made_at": feed.made_at,
                "entries": len(found.entries),
                "output": output,
            }
        )
        return
    say(f"Agenda van {name}: {count_of(len(found.entries), 'stap', 'stappen')}\n{address}")
    if output is not None:
        say(f"Geschreven naar {output}")
    say("Wie dit adres heeft, kan de stappen zien: geef het alleen aan de partner zelf.")


def _row(step: MyStep) -> tuple[object, ...]:
    waits = ", ".join(f"{each.title} ({each.role})" if each.role else each.title for each in step.waits_for)
    return (
        step.title,
        step.traject_title,
        step.state,
        step.holder,
        step.finished_on or step.planned_on,
        step.due_on,
        step.promised_on,
        step.legal_on,
        waits,
        "te laat" if step.is_late else "",
    )


def my_steps_as_data(found: MySteps) -> dict[str, Any]:
    """The steps as a stable JSON document; dates as ``2027-06-03``."""
    return {
        "person": found.person,
        "name": found.name,
        "organisation": found.organisation,
        "today": found.today,
        **{name: [_step(each) for each in getattr(found, name)] for name in ("asked", "waiting", "coming", "done")},
    }


def _step(step: MyStep) -> dict[str, Any]:
    return {
        "traject": step.traject or None,
        "traject_title": step.traject_title,
        "cycle": step.cycle,
        "step": str(step.key) if not step.is_confidential else str(step.key.step),
        "title": step.title,
        "state": step.state.value,
        "holder": step.holder,
        "planned_on": step.planned_on,
        "due_on": step.due_on,
        "promised_on": step.promised_on,
        "legal_on": step.legal_on,
        "finished_on": step.finished_on,
        "late": step.is_late,
        "confidential": step.is_confidential,
        "mine": step.is_mine,
        "people": list(step.people),
        "waits_for": [asdict(each) for each in step.waits_for],
        "waited_by": [asdict(each) for each in step.waited_by],
    }
