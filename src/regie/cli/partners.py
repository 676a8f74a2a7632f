"""Partners and roles: who they are, read from lists, and which role nobody has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from regie.cli import completion, my_steps
from regie.cli.common import (
    BY,
    DEFINITION,
    JSON,
    SLUG,
    YES,
    ask_first,
    count_of,
    open_town,
    print_json,
    say,
    table,
    warn,
    who,
)
from regie.errors import NotFound, Refused

if TYPE_CHECKING:
    from sqlmodel import Session

    from regie.store.partners import ImportReport, RowProblem

partner = typer.Typer(help="Partners: inlezen, tonen.", no_args_is_help=True)
role = typer.Typer(help="Rollen: wie ontbreekt.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    my_steps.register(partner)
    app.add_typer(partner, name="partner")
    app.add_typer(role, name="role")


@partner.command("import")
def import_partners(
    file: Path = typer.Argument(help="CSV of YAML met organisatie, naam, e-mail, rol, taal, ritme, vervanger."),
    traject: str = typer.Option(
        "", "--traject", help="Alleen voor dit traject; anders voor alle.", autocompletion=completion.trajects
    ),
    definition: str = DEFINITION,
    dry_run: bool = typer.Option(False, "--dry-run", help="Alleen controleren."),
    as_json: bool = JSON,
) -> None:
    """Lees partners en hun rollen in. Is een regel fout, dan wordt niets opgeslagen."""
    from regie.definitions import load_definition
    from regie.store.partners import import_people, tell_new_players
    from regie.store.session import in_transaction

    rows, first = _read_rows(file)
    roles = set(load_definition(definition).partner_roles())
    town = open_town(create=not dry_run)
    where = {"traject_id": town.traject_id(traject)} if traject else {}

    def work(session: Session) -> ImportReport:
        report = import_people(session, rows, dry_run=dry_run, roles=roles, first_row=first, **where)
        if report.is_stored:
            tell_new_players(session, report, town.now())
        return report

    report = in_transaction(town.context.engine, work)
    facts = {
        "stored": report.is_stored,
        "added": report.added,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "bound": report.bound,
        "problems": [
            {
                "row": each.row,
                "column": each.column,
                "code": each.error.code,
                "message": str(each.error),
                "message_nl": _say_problem(each, "nl"),
            }
            for each in report.problems
        ],
    }
    if as_json:
        print_json(facts)
    else:
        for problem in report.problems:
            warn(f"{file}, rij {problem.row}, kolom '{problem.column}': {_say_problem(problem, 'nl')}")
        if report.problems:
            say(
                f"Er is niets opgeslagen: verbeter {count_of(len(report.problems), 'punt', 'punten')} en lees opnieuw in."
            )
        else:
            word = "opgeslagen" if report.is_stored else "alles klopt; er is niets opgeslagen"
            say(
                f"{report.added} nieuw, {report.changed} gewijzigd, {report.unchanged} gelijk;"
                f" {count_of(report.bound, 'rol', 'rollen')} gegeven: {word}."
            )
    if report.problems:
        raise typer.Exit(6)


def _say_problem(problem: RowProblem, language: str) -> str:
    from regie.text.refusals import say_refusal

    refusal = say_refusal(problem.error, language)
    return f"{refusal.message} {refusal.advice}".strip()


def _read_rows(file: Path) -> tuple[list[dict[str, str | None]], int]:
    """Read a list; give with it the number of its first row, as a spreadsheet counts."""
    if not file.is_file():
        raise NotFound(f"no file '{file}'", code="unknown-file", file=str(file))
    if file.suffix.lower() in (".yaml", ".yml"):
        from pydantic import Field

        from regie.definitions.plain import read_part
        from regie.definitions.schema import Part

        class PeopleFile(Part):
            partners: list[dict[str, str]] = Field(default_factory=list)

        rows: list[dict[str, str | None]] = [
            dict(each) for each in read_part(file, PeopleFile, "partners-invalid").partners
        ]
        first = 1
    else:
        rows, first = _read_csv(file)
    if not any(any(row.values()) for row in rows):
        raise typer.BadParameter("er staat geen partner in dit bestand; onder de kopregel hoort een regel per partner")
    return rows, first


def _read_csv(file: Path) -> tuple[list[dict[str, str | None]], int]:
    from regie.actions.read_people_list import decode_list, read_list
    from regie.text.refusals import say_refusal

    try:
        text, is_windows = decode_list(file.read_bytes())
        rows = read_list(text)
    except Refused as error:
        said = say_refusal(error, "nl")
        raise typer.BadParameter(f"{said.message[:1].lower()}{said.message[1:]} {said.advice}".strip()) from error
    if is_windows:
        warn("het bestand is geen UTF-8; gelezen als Windows-tekst. Controleer namen met accenten.")
    return rows


@partner.command("list")
def list_partners(traject: str = typer.Option("", "--traject"), as_json: bool = JSON) -> None:
    """Toon partners en hun rollen."""
    from regie.store.partners import list_people
    from regie.store.session import read_scope

    town = open_town()
    with read_scope(town.context.engine) as session:
        people = list_people(session, town.traject_id(traject) if traject else None)
    rows = [
        {
            "id": each.id,
            "name": each.name,
            "email": each.email,
            "organisation": each.organisation,
            "language": each.language,
            "roles": [name for name, _ in each.roles],
            "deputy": each.deputy,
        }
        for each in people
    ]
    if as_json:
        print_json(rows)
    else:
        names = ("naam", "e-mail", "organisatie", "rollen")
        table("Partners", names, ((r["name"], r["email"], r["organisation"], ", ".join(r["roles"])) for r in rows))  # type: ignore[arg-type]


@partner.command("erase")
def erase_partner(person: str = my_steps.PERSON, by: str = BY, yes: bool = YES, as_json: bool = JSON) -> None:
    """Wis de gegevens van een persoon; wat die deed, blijft vastgelegd. Kan niet ongedaan worden gemaakt."""
    from regie.actions import keep_people
    from regie.core.permissions import Actor, Right, Role
    from regie.reports.people import make_farewell
    from regie.store.session import read_scope

    town = open_town()
    own = my_steps.find_person_id(town, person)
    with read_scope(town.context.engine) as session:
        found = make_farewell(session, town.context.shelf.get, own, town.today(), "nl")
    if not as_json:
        say(f"{found.contact.full_name} ({own}) wordt gewist: naam, adres, voorkeuren, rollen, links en agenda.")
        for step in found.steps:
            say(f"- open stap: {step.title}, {step.traject}")
        for each in found.alone:
            say(f"- niemand anders heeft de rol {each.title} ({each.place or 'in elk traject'})")
        for name in found.stands_in_for:
            say(f"- {name} heeft dan geen vervanger meer")
        if found.lines or found.files:
            say(
                f"Ook de tekst van {count_of(found.lines, 'regel', 'regels')} in de geschiedenis"
                f" en de naam van {count_of(found.files, 'bestand', 'bestanden')}, want daar staat deze naam in."
            )
    ask_first("Wissen? Dit kan niet ongedaan worden gemaakt.", "dit verandert iets: geef --yes", yes=yes)
    # who works on this machine may do what an administrator may
    actor = Actor(who(by), frozenset({Right(Role.ADMINISTRATOR)}))
    named = keep_people.erase_partner(town.context, actor, own, keep_people.seen_of(found.contact), town.now())
    town.ring()
    if as_json:
        print_json({"person": own, "lines": len(named.lines), "files": len(named.files)})
    else:
        say("Gewist.")


@role.command("list")
def list_roles(traject: str = SLUG, as_json: bool = JSON) -> None:
    """Toon de rollen van een traject, en welke niemand vervult."""
    from regie.core.definition import text_in
    from regie.store.partners import list_people, unfilled_roles
    from regie.store.session import read_scope

    town = open_town()
    found = town.traject(traject)
    definition = found.cycles[-1].definition
    with read_scope(town.context.engine) as session:
        empty = set(unfilled_roles(session, definition, found.id))
        people = list_people(session, found.id)
    rows = [
        {
            "role": each.id,
            "title": text_in(each.title, "nl"),
            "people": [p.name for p in people if any(name == each.id for name, _ in p.roles)],
            "missing_address": [p.name for p in people if not p.email and any(name == each.id for name, _ in p.roles)],
            "unfilled": each.id in empty,
        }
        for each in definition.roles.values()
        if not each.is_group
    ]
    if as_json:
        print_json(rows)
    else:
        table(
            "Rollen",
            ("rol", "titel", "wie"),
            ((r["role"], r["title"], "NIEMAND" if r["unfilled"] else ", ".join(r["people"])) for r in rows),  # type: ignore[arg-type]
        )
