"""Sweep, database, doctor, up and demo."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import typer

from regie.cli.common import (
    BY,
    JSON,
    count_of,
    is_terminal,
    make_data_dir,
    no_database,
    open_town,
    print_json,
    say,
    who,
)
from regie.errors import RegieError

if TYPE_CHECKING:
    from regie.settings import Settings

db = typer.Typer(help="De database.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(db, name="db")
    app.command("sweep")(sweep)
    app.command("doctor")(doctor)
    app.command("up")(up)
    app.command("web")(web)
    app.command("demo")(demo)


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
        looked_at, notices = (
            count_of(swept.looked_at, "traject", "trajecten"),
            count_of(swept.notices, "regel", "regels"),
        )
        failed = count_of(len(swept.failed), "traject", "trajecten")
        say(f"Bekeken: {looked_at}. Klaargezet voor berichten: {notices}. Mislukt: {failed}.")
    if swept.failed:
        raise typer.Exit(1)


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


def up(
    port: int = typer.Option(4200, "--port", help="Poort van Prefect, alleen op deze computer."),
    web_port: int | None = typer.Option(
        None, "--web-port", min=1, max=65535, help="Poort van de pagina's; anders REGIE_WEB_PORT."
    ),
) -> None:
    """Start alles op deze computer; Ctrl-C stopt alles."""
    from regie.settings import load_settings
    from regie.supervise import up as run_all

    settings = load_settings()
    run_all(settings, say, port=port, web_port=web_port, welcome=lambda address: welcome(settings, address, sys.stdout))


def welcome(settings: Settings, address: str, out: TextIO | None) -> str:
    """Say how the owner signs in: with a one-time link, when that is allowed and only they will read it.

    A terminal shows it to whoever started Regie, who can open its database anyway. Standard output that goes to a file,
    a journal or the log of a container is read by others: there the link is not even made. The children write to logs of
    their own, which never get it, and the pages log the pattern of a route, not its path.
    """
    from regie.actions.sign_in import is_loopback, owner_link
    from regie.clock import system_clock

    if not is_terminal(out):
        return ""
    if not (settings.web_host == "localhost" or is_loopback(f"http://{_in_address(settings.web_host)}")):
        return ""  # the pages are served to a network, whatever the address says
    try:
        town = open_town()
        here = settings.model_copy(update={"base_url": address})
        link = owner_link(town.context, here, who(""), system_clock())
    except RegieError as error:
        return "" if error.code == "owner-link-refused" else f"Aanmelden kan niet: {error.code}"
    return f"Aanmelden (een keer, binnen tien minuten): {link}"


def _in_address(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def web(
    host: str | None = typer.Option(None, "--host", help="Netwerkadres; anders REGIE_WEB_HOST."),
    port: int | None = typer.Option(None, "--port", min=1, max=65535, help="Poort; anders REGIE_WEB_PORT."),
) -> None:
    """Geef alleen de pagina's uit, bij een Regie die elders draait; Ctrl-C stopt."""
    from regie.settings import load_settings
    from regie.supervise import address_of, refuse_taken_port, web_command

    settings = load_settings()
    open_town()  # says what is wrong with the database before anything is served
    own_host, own_port = host or settings.web_host, port or settings.web_port
    refuse_taken_port(own_port, own_host)
    say(f"Regie: {address_of(settings.model_copy(update={'web_host': own_host}), own_port)}  Stoppen: Ctrl-C")
    sys.stdout.flush()
    command = web_command(own_host, own_port)
    # in place of this process, so that Ctrl-C reaches the server alone, and the web loads where it runs
    os.execv(command[0], command)  # noqa: S606


def demo(folder: Path = typer.Option(Path("demo-uit"), "--folder", help="Map voor wat de demo achterlaat.")) -> None:
    """Leef in ongeveer een minuut een heel traject door, met echte mail en een echte Prefect-server."""
    sys.stdout.flush()
    # in place of this process, so that Ctrl-C reaches the demo alone and it can stop its server
    os.execv(sys.executable, [sys.executable, "-m", "flows.demo", "--folder", str(folder)])  # noqa: S606
