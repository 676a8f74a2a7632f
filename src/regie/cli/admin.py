"""Partners, roles, outbox, sweeps, history, database, doctor, up and demo."""

from __future__ import annotations

import codecs
import csv
import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from regie.cli import completion
from regie.cli.common import (
    BY,
    DEFINITION,
    JSON,
    SLUG,
    STEP,
    check_known,
    make_data_dir,
    no_database,
    open_town,
    print_json,
    say,
    table,
    warn,
    who,
)
from regie.errors import DeliveryFailed, NotFound
from regie.plain_text import check_plain

if TYPE_CHECKING:
    from regie.store.brake import Held
    from regie.store.partners import RowProblem

partner = typer.Typer(help="Partners: inlezen, tonen.", no_args_is_help=True)
role = typer.Typer(help="Rollen: wie ontbreekt.", no_args_is_help=True)
outbox = typer.Typer(help="Berichten: wat staat klaar, wat ging mis.", no_args_is_help=True)
mail = typer.Typer(help="Mail: vooraf bekijken.", no_args_is_help=True)
db = typer.Typer(help="De database.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    for name, group in (
        ("partner", partner),
        ("role", role),
        ("outbox", outbox),
        ("mail", mail),
        ("db", db),
    ):
        app.add_typer(group, name=name)
    app.command("sweep")(sweep)
    app.command("deliver")(deliver_now)
    app.command("doctor")(doctor)
    app.command("up")(up)
    app.command("demo")(demo)


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
    from regie.store.partners import import_people
    from regie.store.session import in_transaction

    rows, first = _read_rows(file)
    roles = set(load_definition(definition).partner_roles())
    town = open_town(create=not dry_run)
    where = {"traject_id": town.traject_id(traject)} if traject else {}
    report = in_transaction(
        town.context.engine,
        lambda session: import_people(session, rows, dry_run=dry_run, roles=roles, first_row=first, **where),
    )
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
                f"Er is niets opgeslagen: verbeter {_count(len(report.problems), 'punt', 'punten')} en lees opnieuw in."
            )
        else:
            word = "opgeslagen" if report.is_stored else "alles klopt; er is niets opgeslagen"
            say(
                f"{report.added} nieuw, {report.changed} gewijzigd, {report.unchanged} gelijk;"
                f" {_count(report.bound, 'rol', 'rollen')} gegeven: {word}."
            )
    if report.problems:
        raise typer.Exit(6)


def _say_problem(problem: RowProblem, language: str) -> str:
    from regie.text.refusals import say_refusal

    refusal = say_refusal(problem.error, language)
    return f"{refusal.message} {refusal.advice}".strip()


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


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
        rows, first = _read_csv(_decode(file.read_bytes()))
    if not any(any(row.values()) for row in rows):
        raise typer.BadParameter("er staat geen partner in dit bestand; onder de kopregel hoort een regel per partner")
    return rows, first


def _read_csv(text: str) -> tuple[list[dict[str, str | None]], int]:
    first_line, _, rest = text.partition("\n")
    said = first_line.strip().lower()
    if said.startswith("sep=") and len(said) == len("sep=") + 1:  # how Excel is told what separates
        delimiter, text, first = first_line.strip()[-1], rest, 3
    else:
        delimiter, first = max(";,\t", key=first_line.count), 2
    try:
        # read by line feeds only: a text knows more line ends, and those are for the import to refuse
        header, *records = [*csv.reader(io.StringIO(text), delimiter=delimiter)] or [[]]
    except csv.Error as error:
        raise typer.BadParameter("dit bestand is niet te lezen als CSV; sla het op als CSV UTF-8") from error
    names = [name.strip() for name in header]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise typer.BadParameter(f"deze kolommen staan er twee keer: {', '.join(twice)}")
    rows: list[dict[str, str | None]] = []
    for record in records:
        cells = dict.fromkeys(filter(None, names), "")
        cells.update((name, value) for name, value in zip(names, record, strict=False) if name)
        loose = [value for place, value in enumerate(record) if place >= len(names) or not names[place]]
        rows.append({**cells, "": " ".join(loose)} if any(map(str.strip, loose)) else {**cells})
    return rows, first


def _decode(content: bytes) -> str:
    """Read a list as it comes from a spreadsheet: UTF-8, UTF-16 with its mark, or what Excel on Windows writes."""
    ways = ["utf-16"] if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else ["utf-8-sig", "cp1252"]
    for way in ways:
        try:
            text = content.decode(way)
        except UnicodeDecodeError:
            continue
        if way == "cp1252":
            warn("het bestand is geen UTF-8; gelezen als Windows-tekst. Controleer namen met accenten.")
        return text
    raise typer.BadParameter("dit bestand is geen tekst; sla het op als CSV UTF-8")


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


@outbox.command("list")
def list_outbox(
    status: str = typer.Option("", "--status", help="Alleen met deze stand, zoals vastgehouden (held)."),
    limit: int = typer.Option(50, "--limit", min=1, help="Hoeveel hoogstens."),
    as_json: bool = JSON,
) -> None:
    """Toon berichten met hun stand: klaar, verstuurd, onzeker, mislukt, vastgehouden."""
    from regie.store.outbox import list_messages, outbox_counts
    from regie.store.session import read_scope
    from regie.text.dates import say_moment
    from regie.text.post import STATUSES, say_counts, say_detail, say_status

    status = next((code for code, said in STATUSES.items() if said == status.strip().lower()), status)
    check_known(status, STATUSES, "--status")
    town = open_town()
    with read_scope(town.context.engine) as session:
        found = list_messages(session, status=status or None, limit=limit)
        counts = {each.value: count for each, count in outbox_counts(session).items()}
    rows = [
        {
            "id": each.id,
            "to": each.name,
            "status": each.status.value,
            "attempt": each.attempt,
            "created_at": each.created_at,
            "sent_at": each.sent_at,
            "detail": each.detail,
            "needs_a_person": each.needs_a_person,
            "lines": len(each.lines),
        }
        for each in found
    ]
    if as_json:
        print_json({"counts": counts, "messages": rows})
    else:
        zone = town.settings.timezone
        if found:
            table("Berichten", ("kenmerk", "aan", "stand", "poging", "gemaakt", "verstuurd", "toelichting"),
                  ((each.id, each.name, say_status(each.status.value), each.attempt, say_moment(each.created_at, zone),
                    say_moment(each.sent_at, zone) if each.sent_at else "", say_detail(each.detail, zone))
                   for each in found))  # fmt: skip
        say(say_counts(counts) or "Er zijn geen berichten.")


@outbox.command("show")
def show_message(message_id: str, as_json: bool = JSON) -> None:
    """Toon een bericht zoals het nu verstuurd zou worden."""
    from regie.actions.deliver import Postage
    from regie.notify.render import render
    from regie.store.outbox import preview_letter
    from regie.store.session import read_scope

    town = open_town()
    with read_scope(town.context.engine) as session:
        letter = preview_letter(session, message_id, town.context.shelf, town.now())
    if letter is None and as_json:
        print_json(None)
        return
    if letter is None:
        say("Niets in dit bericht klopt nog; het wordt niet verstuurd.")
        return
    written = render(letter, base_url=Postage.from_settings(town.settings).base_url)
    if as_json:
        print_json({"to": letter.to.email, "subject": written.subject, "text": written.text})
    else:
        say(f"Aan: {letter.to.name} <{letter.to.email}>\nOnderwerp: {written.subject}\n\n{written.text}")


@outbox.command("retry")
def retry_message(message_id: str, by: str = BY, as_json: bool = JSON) -> None:
    """Laat een mislukt of onzeker bericht opnieuw vertrekken."""
    from regie.store.outbox import retry
    from regie.store.session import in_transaction

    actor = check_plain(who(by), "by")
    town = open_town()
    in_transaction(town.context.engine, lambda session: retry(session, message_id, actor))
    if as_json:
        print_json({"id": message_id, "status": "pending"})
    else:
        say("Het bericht staat weer klaar.")


@outbox.command("release")
def release(by: str = BY, as_json: bool = JSON) -> None:
    """Laat vastgehouden berichten gaan."""
    from regie.store.outbox import release_held
    from regie.store.session import in_transaction

    actor = check_plain(who(by), "by")
    town = open_town()
    held = in_transaction(town.context.engine, lambda session: release_held(session, town.now(), by=actor))
    _say_held("Losgelaten", "released", held, as_json)


@outbox.command("hold")
def hold(
    reason: str = typer.Option(..., "--reason", help="Waarom, voor wie ze later nakijkt."),
    by: str = BY,
    as_json: bool = JSON,
) -> None:
    """Houd alles vast wat nog niet vertrok, en wat de volgende ronde wil zeggen: na het terugzetten van een kopie."""
    from regie.store.outbox import hold_everything
    from regie.store.session import in_transaction

    actor = check_plain(who(by), "by")
    check_plain(reason, "reason", is_long=True)
    town = open_town()
    held = in_transaction(
        town.context.engine, lambda session: hold_everything(session, town.now(), by=actor, reason=reason)
    )
    if as_json:
        _say_held("Vastgehouden", "held", held, as_json)
        return
    said = _count(held.messages, "bericht", "berichten")
    say(f"Vastgehouden: {said}. Wat de volgende ronde wil zeggen, wordt ook vastgehouden.")
    say("Laat alles gaan met: regie outbox release. Of gooi het weg met: regie outbox discard.")


@outbox.command("discard")
def discard(
    reason: str = typer.Option(..., "--reason", help="Waarom; komt in de geschiedenis."),
    by: str = BY,
    as_json: bool = JSON,
) -> None:
    """Gooi vastgehouden berichten weg, met reden."""
    from regie.store.outbox import discard_held
    from regie.store.session import in_transaction

    actor = check_plain(who(by), "by")
    check_plain(reason, "reason", is_long=True)
    town = open_town()
    held = in_transaction(
        town.context.engine, lambda session: discard_held(session, town.now(), by=actor, reason=reason)
    )
    _say_held("Weggegooid", "discarded", held, as_json)


def _say_held(said: str, name: str, held: Held, as_json: bool) -> None:
    if as_json:
        print_json({name: {"messages": held.messages, "notices": held.notices}})
    else:
        messages, notices = _count(held.messages, "bericht", "berichten"), _count(held.notices, "regel", "regels")
        say(
            f"{said}: {messages}, met samen {notices}."
            if held.notices or held.messages
            else "Er werd niets vastgehouden."
        )


@mail.command("preview")
def preview_mail(
    traject: str = SLUG,
    step: str = STEP,
    kind: str = typer.Argument("ready", help="Soort: ready, due-soon, due, overdue, date-moved, ..."),
    language: str = typer.Option("nl", "--language"),
    as_json: bool = JSON,
) -> None:
    """Toon de mail die een partner over een stap zou krijgen."""
    from regie.actions.deliver import Postage
    from regie.cli.common import cycle_number, find_key
    from regie.core.definition import Kind
    from regie.core.ids import PersonId, RoleId
    from regie.core.lines import Line
    from regie.notify.render import render
    from regie.text.letter import Addressee, Letter, LetterPart

    check_known(language, ("nl", "en"), "--language")
    check_known(kind, [each.value for each in Kind], "KIND")
    town = open_town()
    found = town.traject(traject)
    number = cycle_number(found, 0)
    key = find_key(found, number, step)
    cycle = found.cycle(number) or found.cycles[-1]
    planned = cycle.occurrences[key].planned
    responsible = cycle.definition.steps[key.step].responsible or RoleId("")
    line = Line(
        Kind(kind), number, key, responsible, "responsible",
        due_on=planned.due_on if planned else None, legal_on=planned.legal_on if planned else None,
        old_on=planned.due_on if planned else None,
    )  # fmt: skip
    part = LetterPart(found.id, found.slug, found.title, number, cycle.kind, cycle.definition, (line,))
    letter = Letter(
        "voorbeeld", 1, Addressee(PersonId("voorbeeld"), "Voorbeeld", "voorbeeld@gemeente.example", language), (part,)
    )
    written = render(letter, base_url=Postage.from_settings(town.settings).base_url)
    if as_json:
        print_json({"subject": written.subject, "text": written.text, "html": written.html})
    else:
        say(f"Onderwerp: {written.subject}\n\n{written.text}")


def sweep(
    set_clock_back: bool = typer.Option(
        False, "--set-clock-back", help="Eerst vergeten wat een klok die voorliep noteerde; met --reason."
    ),
    reason: str = typer.Option("", "--reason", help="Waarom de klok wordt teruggezet; komt in de geschiedenis."),
    by: str = BY,
    as_json: bool = JSON,
) -> None:
    """Kijk nu naar alle trajecten die een blik nodig hebben, zonder Prefect."""
    from regie.actions.reconcile import reconcile
    from regie.actions.set_clock_back import set_clock_back as set_back

    if reason and not set_clock_back:
        raise typer.BadParameter("hoort bij --set-clock-back", param_hint="--reason")
    town = open_town()
    if set_clock_back:
        number = set_back(town.context, town.now(), by=who(by), reason=reason)
        if not as_json:
            say(f"Klok teruggezet voor {number} trajecten.")
    swept = reconcile(town.context, town.now())
    if as_json:
        print_json({"looked_at": swept.looked_at, "notices": swept.notices, "failed": list(swept.failed)})
    else:
        looked_at, notices = _count(swept.looked_at, "traject", "trajecten"), _count(swept.notices, "regel", "regels")
        say(f"{looked_at} bekeken, {notices} voor berichten klaargezet, {len(swept.failed)} mislukt.")
    if swept.failed:
        raise typer.Exit(1)


def deliver_now(as_json: bool = JSON) -> None:
    """Verstuur nu wat klaarstaat, zonder Prefect."""
    from regie.actions.deliver import Postage, deliver
    from regie.clock import system_clock
    from regie.notify.sender import AppriseSender

    town = open_town()
    sender = AppriseSender.from_settings(town.settings, system_clock)
    postage = Postage.from_settings(town.settings)
    done = deliver(town.context, sender, system_clock, f"cli-{town.context.ids()}", postage)
    if as_json:
        print_json(
            {"sent": done.sent, "refused": done.refused, "uncertain": done.uncertain, "withdrawn": done.withdrawn}
        )
    else:
        say(
            f"{done.sent} aangeboden, {done.refused} geweigerd, {done.uncertain} onzeker, {done.withdrawn} niet meer waar."
        )
    if done.refused or done.uncertain:
        raise DeliveryFailed(
            "not everything was sent", hint="regie outbox list shows what went wrong; it is tried again by itself"
        )


@db.command("upgrade")
def upgrade_database(as_json: bool = JSON) -> None:
    """Breng de database naar deze versie."""
    from regie.settings import load_settings
    from regie.store.session import create_engine_for, upgrade

    settings = load_settings()
    make_data_dir(settings.data_dir)
    revision = upgrade(create_engine_for(settings.database_url.get_secret_value()))
    if as_json:
        print_json({"current": revision})
    else:
        say(f"De database is op versie {revision}.")


@db.command("status")
def database_status(as_json: bool = JSON) -> None:
    """Zeg welke versie de database heeft en welke Regie wil."""
    from regie.settings import load_settings
    from regie.store.session import create_engine_for, current_revision, head_revision, is_there

    settings = load_settings()
    engine = create_engine_for(settings.database_url.get_secret_value())
    if not is_there(engine):
        raise no_database(settings)
    current, head = current_revision(engine), head_revision()
    if as_json:
        print_json({"current": current, "wanted": head, "up_to_date": current == head})
    else:
        say(
            f"database: {current or 'leeg'}; gewenst: {head}; {'goed' if current == head else 'draai regie db upgrade'}"
        )
    if current != head:
        raise typer.Exit(1)


def doctor(as_json: bool = JSON) -> None:
    """Onderzoek of alles klopt, en zeg wat te doen."""
    from regie.cli.checkup import check_up

    lines = check_up()
    if as_json:
        print_json(
            [{"what": line.what, "verdict": line.verdict, "said": line.said, "advice": line.advice} for line in lines]
        )
    else:
        for line in lines:
            say(f"{line.verdict:5} {line.what}: {line.said}" + (f"\n      {line.advice}" if line.advice else ""))
    if any(line.verdict == "fout" for line in lines):
        raise typer.Exit(1)


def up(port: int = typer.Option(4200, "--port", help="Poort van Prefect, alleen op deze computer.")) -> None:
    """Start alles op deze computer; Ctrl-C stopt alles."""
    from regie.settings import load_settings
    from regie.supervise import up as run_all

    run_all(load_settings(), say, port=port)


def demo(folder: Path = typer.Option(Path("demo-uit"), "--folder", help="Map voor wat de demo achterlaat.")) -> None:
    """Leef in ongeveer een minuut een heel traject door, met echte mail en een echte Prefect-server."""
    sys.stdout.flush()
    # in place of this process, so that Ctrl-C reaches the demo alone and it can stop its server
    os.execv(sys.executable, [sys.executable, "-m", "flows.demo", "--folder", str(folder)])  # noqa: S606
