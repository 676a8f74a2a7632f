"""Live one whole traject through, on a virtual clock: ``regie demo``.

Everything is real but time: a Prefect server, the flows, a SQLite file, an SMTP server on loopback. Every working
day somebody works, a sweep looks, and post goes out; every eighth Monday the sweep and the post are Prefect runs.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import socket
import sys
import time
import urllib.request
from pathlib import Path

from flows.demo_story import START, play
from flows.demo_town import Demo, Postbox, morning_of
from regie.actions.context import Context
from regie.actions.deliver import Postage
from regie.clock import VirtualClock
from regie.core.definition import Definition
from regie.core.traject import State
from regie.definitions import load_definition, sources_of
from regie.definitions.calendars import load_calendar
from regie.errors import RegieError
from regie.mailbox import Mailbox
from regie.notify.sender import AppriseSender
from regie.settings import load_audit_key, load_link_key, load_settings
from regie.store.outbox import outbox_counts
from regie.store.partners import bind_role, save_person
from regie.store.session import create_engine_for, read_scope, upgrade, write_scope
from regie.store.trajects import load_traject
from regie.supervise import Child, prefect_environment, server_command, wait_until_ready
from regie.text.dates import say_date
from regie.text.post import STATUSES
from regie.text.refusals import say_refusal
from regie.text.sentences import say_count

MARK = "demo-van-regie"


def prepare(folder: Path) -> Path:
    """Make an empty folder; one that holds something else than an earlier demo is left alone."""
    mark = folder / f".{MARK}"
    if folder.exists() and any(folder.iterdir()) and not mark.exists():
        raise RegieError(
            f"folder '{folder}' is not empty",
            code="folder-not-empty",
            hint="choose another with --folder",
            folder=str(folder),
        )
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "post").mkdir(parents=True)
    mark.touch()
    return folder


def settle_people(context: Context, definition: Definition) -> None:
    with write_scope(context.engine) as session:
        for role in definition.partner_roles():
            person = save_person(
                session, name=f"Contact {role}", email=f"{role}@partner.example", organisation=str(role)
            )
            bind_role(session, role, person)


def summarise(demo: Demo, flow_runs: int) -> None:
    with read_scope(demo.context.engine) as session:
        counts = outbox_counts(session)
        traject = load_traject(session, demo.traject_id, demo.context.shelf, for_change=False, whole=True)
    done = sum(each.state is State.DONE for cycle in traject.cycles for each in cycle.occurrences.values())
    print()
    print(
        f"  {done} stappen klaar in {len(traject.cycles)} doorlopen; {demo.post.count} mails aan {len(demo.post.readers)} mensen;"
    )
    print(
        f"  {flow_runs} Prefect-runs; {say_count((demo.today - START).days, 'd')} geleefd in {time.monotonic() - demo.began:.0f} seconden."
    )
    print("  Mails: " + ", ".join(f"{count}x {kind}" for kind, count in demo.post.subjects.most_common(8)))
    print("  Post: " + ", ".join(f"{count} {STATUSES[status.value]}" for status, count in counts.items() if count))
    print()
    print(f"  Bekijk het in {demo.folder}:")
    print("    post/*.eml             de mails, zoals partners ze kregen")
    print("    plan.svg               het plan met de fasen, vandaag en de kritieke keten")
    print("    plan-bij-opening.svg   hetzelfde rond de opening: fase 1, 2 en 3 door elkaar")
    print("    documenten/            startnota, indicatorenblad en stuurgroeprapport, door Regie gemaakt")
    print("    regie.db               de database")
    print()
    regie = f"REGIE_DATA_DIR={demo.folder} {_command()}"
    print(f"  Verder:  {regie} traject show de-wilg")
    print(f"           {regie} up")
    print("           Terwijl regie up draait, openen de knoppen in de mails hun pagina.")
    print(
        f"           De demo leeft op {say_date(demo.today)}; tot die dag laat regie up alles zien en verandert er vanzelf niets."
    )


def run(folder: Path) -> int:
    from aiosmtpd.controller import Controller

    print("Regie leeft een traject door: van startnota tot uitbreiding.\n", flush=True)
    began = time.monotonic()
    folder = prepare(folder.resolve())
    (folder / "prefect").mkdir()
    port = _free_port()
    environment = prefect_environment(folder / "prefect", port)
    server = Child("prefect-server", server_command(port), environment, folder / "prefect-server.log")
    post = Postbox(folder / "post")
    mail = Controller(post, hostname="127.0.0.1", port=_free_port())
    try:
        server.start()
        mail.start()
        os.environ.update(environment)
        os.environ["PREFECT_API_SSL_CERT_FILE"] = str(_one_authority(folder / "prefect"))
        # Prefect takes seconds to import: meanwhile its server starts
        from flows.setting import Setting, use

        clock = VirtualClock(morning_of(START))
        engine = create_engine_for(f"sqlite:///{folder / 'regie.db'}")
        upgrade(engine)
        settings = load_settings(data_dir=folder)
        context = Context.on(
            engine,
            load_audit_key(settings).get_secret_value().encode(),
            brake_at=100_000,
            link_key=load_link_key(settings).get_secret_value().encode(),
        )
        postage = Postage.from_settings(settings)
        definition = load_definition("opvang")
        settle_people(context, definition)
        sender = AppriseSender(
            f"mailto://127.0.0.1:{mail.port}", Mailbox("regie@gemeente.example", "Regie Voorbeeldstad"), clock=clock
        )
        use(Setting(context, clock, sender, postage, folder / "documenten", load_calendar("nl"), owner="demo"))
        sources_of("opvang")
        wait_until_ready(port, server)
        print(f"  Prefect-server, mailserver en database draaien ({time.monotonic() - began:.0f} s)\n", flush=True)
        demo = Demo(folder, context, definition, clock, sender, postage, post, began)
        asyncio.run(play(demo))
        summarise(demo, _count_runs(environment["PREFECT_API_URL"]))
    finally:
        mail.stop(no_assert=True)
        server.stop()
    return 0


def _one_authority(folder: Path) -> Path:
    """One certificate for Prefect's clients: they read all of them anew for each run, and speak to loopback only."""
    import certifi

    mark = "-----END CERTIFICATE-----"
    path = folder / "authority.pem"
    path.write_text(certifi.contents().partition(mark)[0] + mark + "\n", encoding="ascii", errors="ignore")
    return path


def _count_runs(api_url: str) -> int:
    request = urllib.request.Request(f"{api_url}/flow_runs/count", b"{}", {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - the server of this demo
        return int(answer.read())


def _command() -> str:
    """How whoever watches calls ``regie``: by its path, unless it is on the search path."""
    here = Path(sys.executable).with_name("regie")
    if shutil.which("regie") or not here.exists():
        return "regie"
    return str(here.relative_to(Path.cwd())) if here.is_relative_to(Path.cwd()) else str(here)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> int:
    """Run the demo; errors in one line."""
    parser = argparse.ArgumentParser(
        prog="regie demo", description="Leef een heel traject door in ongeveer een minuut."
    )
    parser.add_argument("--folder", type=Path, default=Path("demo-uit"))
    try:
        return run(parser.parse_args().folder)
    except RegieError as error:
        refusal = say_refusal(error)
        print(f"fout [{error.code}]: {refusal.message} {refusal.advice}".rstrip(), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("gestopt; niets is half opgeslagen", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
