"""What ``regie doctor`` looks at, one line each: what is so, how bad it is, what to do."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from regie.cli.common import Town, open_town
from regie.errors import RegieError

GOOD, WARN, BAD = "goed", "let op", "fout"
FIXED_SQLITE = (3, 51, 3)


@dataclass(frozen=True, slots=True)
class Line:
    what: str
    verdict: str
    said: str
    advice: str = ""


def check_up() -> list[Line]:
    """Look at everything that can be looked at; one thing that fails hides nothing else."""
    try:
        town = open_town()
    except RegieError as error:
        return [Line("database", BAD, error.message, error.hint)]
    lines: list[Line] = []
    for check in (_sqlite, _audit_key, _calendars, _roles, _mail, _post, _sweeps, _record):
        try:
            lines += check(town)
        except RegieError as error:
            lines.append(Line(check.__name__.strip("_"), BAD, error.message, error.hint))
    return lines


def _sqlite(town: Town) -> Iterator[Line]:
    if town.context.engine.dialect.name != "sqlite":
        yield Line("database", GOOD, town.context.engine.dialect.name)
        return
    with town.context.engine.connect() as connection:
        found = {
            name: str(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    right = found == {"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"}
    yield Line("database", GOOD if right else BAD, f"SQLite {sqlite3.sqlite_version}, {found}")
    if sqlite3.sqlite_version_info < FIXED_SQLITE:
        yield Line(
            "SQLite-versie",
            WARN,
            f"{sqlite3.sqlite_version} heeft een zeldzame fout in WAL",
            "gebruik 3.51.3 of nieuwer, of PostgreSQL; maak dagelijks een kopie",
        )


def _audit_key(town: Town) -> Iterator[Line]:
    path = Path(town.settings.data_dir) / "audit.key"
    if path.exists():
        private = path.stat().st_mode & 0o077 == 0
        yield Line("sleutel van de vastlegging", GOOD if private else BAD, path.name, "" if private else "chmod 600")


def _calendars(town: Town) -> Iterator[Line]:
    from regie.store.overview import list_trajects
    from regie.store.session import read_scope

    with read_scope(town.context.engine) as session:
        slugs = [each.slug for each in list_trajects(session, town.today()) if each.is_running]
    years: set[int] = set()
    for slug in slugs:
        for cycle in town.traject(slug).running():
            legal = cycle.definition.legal_calendar
            planned = (each.planned for each in cycle.occurrences.values() if each.state.is_open and each.planned)
            years |= {p.legal_on.year for p in planned if p.legal_on and not legal.is_confirmed(p.legal_on)}
    if years:
        yield Line(
            "kalender", WARN, f"feestdagen van {sorted(years)} zijn niet bevestigd", "vul workflow_defs/calendars aan"
        )
    else:
        yield Line("kalender", GOOD, "alle wettelijke datums vallen in bevestigde jaren")


def _roles(town: Town) -> Iterator[Line]:
    from regie.store.overview import list_trajects
    from regie.store.partners import list_people, unfilled_roles
    from regie.store.session import read_scope

    with read_scope(town.context.engine) as session:
        for each in list_trajects(session, town.today()):
            if not each.is_running:
                continue
            definition = town.traject(each.slug).cycles[-1].definition
            empty = unfilled_roles(session, definition, each.id)
            if empty:
                yield Line(f"rollen van {each.slug}", WARN, f"niemand voor: {', '.join(empty)}", "regie partner import")
        silent = [contact.id for contact in list_people(session) if not contact.email]
    if silent:
        yield Line("partners", WARN, f"{len(silent)} zonder e-mailadres", "regie partner list")


def _mail(town: Town) -> Iterator[Line]:
    if town.settings.mail_url is None:
        yield Line(
            "mail",
            WARN,
            "er is geen mailserver: mails worden bestanden in de map post",
            "zet REGIE_MAIL_URL en REGIE_MAIL_FROM",
        )
        return
    parts = urlsplit(town.settings.mail_url.get_secret_value())
    port = parts.port or (587 if parts.scheme == "mailtos" else 25)
    try:
        with socket.create_connection((parts.hostname or "", port), timeout=5):
            yield Line("mail", GOOD, f"{parts.hostname}:{port} antwoordt")
    except OSError as error:
        yield Line(
            "mail",
            BAD,
            f"{parts.hostname}:{port} antwoordt niet: {error.strerror or type(error).__name__}",
            "controleer REGIE_MAIL_URL",
        )


def _post(town: Town) -> Iterator[Line]:
    from regie.store.outbox import oldest_pending, outbox_counts
    from regie.store.session import read_scope

    with read_scope(town.context.engine) as session:
        counts = {each.value: count for each, count in outbox_counts(session).items() if count}
        oldest = oldest_pending(session)
    bad = counts.get("failed", 0) + counts.get("held", 0) + counts.get("uncertain", 0)
    verdict = WARN if bad else GOOD
    yield Line("berichten", verdict, str(counts) if counts else "geen", "regie outbox list" if bad else "")
    if oldest is not None and town.now() - oldest > timedelta(hours=1):
        yield Line("oudste bericht", WARN, f"wacht sinds {oldest:%Y-%m-%d %H:%M}", "draait regie up?")


def _sweeps(town: Town) -> Iterator[Line]:
    from regie.store.brake import find_sweep
    from regie.store.session import read_scope

    with read_scope(town.context.engine) as session:
        last = find_sweep(session)
    if last is None:
        yield Line("laatste ronde", WARN, "nog nooit", "start regie up, of draai regie sweep")
    else:
        late = town.now() - last.began_at > timedelta(days=4)
        yield Line(
            "laatste ronde",
            WARN if late else GOOD,
            f"{last.began_at:%Y-%m-%d %H:%M} UTC",
            "draait regie up?" if late else "",
        )


def _record(town: Town) -> Iterator[Line]:
    from regie.store.history import verify
    from regie.store.session import read_scope

    with read_scope(town.context.engine) as session:
        problems = verify(session, town.context.audit_key)
    yield Line(
        "vastlegging", BAD if problems else GOOD, f"{len(problems)} regels kloppen niet" if problems else "klopt"
    )
