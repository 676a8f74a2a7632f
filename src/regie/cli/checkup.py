"""What ``regie doctor`` looks at, one line each: what is so, how bad it is, what to do."""

from __future__ import annotations

import http.client
import os
import socket
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from regie.cli.common import Town, open_town
from regie.errors import Incomplete, RegieError
from regie.settings import AUDIT_KEY_FILE, LINK_KEY_FILE, Settings, load_settings
from regie.text.dates import say_moment
from regie.text.phrases import say_list
from regie.text.post import say_counts
from regie.text.refusals import say_refusal

T = TypeVar("T")
GOOD, WARN, BAD = "goed", "let op", "fout"
FIXED_SQLITE = (3, 51, 3)
PREFECT_WITHIN_SECONDS = 3.0
_PRAGMAS = {"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"}


@dataclass(frozen=True, slots=True)
class Line:
    what: str
    verdict: str
    said: str
    advice: str = ""


def check_up() -> list[Line]:
    """Look at everything that can be looked at; one thing that fails hides nothing else, nor is a database made."""
    try:
        settings = load_settings()
        town = open_town()
    except Incomplete as error:
        if error.code != "no-database":
            return [_refused("database", error)]
        refusal = say_refusal(error)
        lines = [Line("database", WARN, refusal.message, refusal.advice), *_sqlite_version(settings)]
        return lines + _look(settings, (_mail, _prefect))
    except RegieError as error:
        return [_refused("database", error)]
    lines = _look(town, (_sqlite, _keys, _calendars, _roles))
    return lines + _look(settings, (_mail, _prefect)) + _look(town, (_post, _sweeps, _record, _files))


def _look(at: T, checks: Iterable[Callable[[T], Iterator[Line]]]) -> list[Line]:
    lines: list[Line] = []
    for check in checks:
        try:
            lines += check(at)
        except RegieError as error:
            lines.append(_refused(check.__name__.strip("_"), error))
    return lines


def _refused(what: str, error: RegieError) -> Line:
    refusal = say_refusal(error)
    return Line(what, BAD, refusal.message, refusal.advice)


def _sqlite(town: Town) -> Iterator[Line]:
    if town.context.engine.dialect.name != "sqlite":
        yield Line("database", GOOD, town.context.engine.dialect.name)
        return
    with town.context.engine.connect() as connection:
        found = {name: str(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()) for name in _PRAGMAS}
    wrong = [f"{name} is {found[name]}" for name, wanted in _PRAGMAS.items() if found[name] != wanted]
    said = f"SQLite {sqlite3.sqlite_version}, " + (say_list(wrong) if wrong else "veilig ingesteld")
    advice = "staat de database op een netwerkschijf? zet haar op een schijf van deze computer" if wrong else ""
    yield Line("database", BAD if wrong else GOOD, said, advice)
    yield from _sqlite_version(town.settings)


def _sqlite_version(settings: Settings) -> Iterator[Line]:
    if sqlite3.sqlite_version_info >= FIXED_SQLITE:
        return
    if accepted := settings.sqlite_risk_accepted:
        yield Line("SQLite-versie", GOOD, f"{sqlite3.sqlite_version}; het risico is aanvaard: {accepted}")
        return
    yield Line(
        "SQLite-versie",
        WARN,
        f"{sqlite3.sqlite_version} heeft een zeldzame fout in WAL, die de database kan beschadigen",
        "gebruik SQLite 3.51.3 of nieuwer, of PostgreSQL; of aanvaard het risico, leg dat vast in"
        " REGIE_SQLITE_RISK_ACCEPTED, en maak dagelijks een kopie",
    )


def _keys(town: Town) -> Iterator[Line]:
    for file, what in ((AUDIT_KEY_FILE, "sleutel van de vastlegging"), (LINK_KEY_FILE, "sleutel van de links")):
        path = Path(town.settings.data_dir) / file
        if not path.exists():
            continue
        private = path.stat().st_mode & 0o077 == 0
        yield Line(
            what,
            GOOD if private else BAD,
            path.name,
            "" if private else f"anderen kunnen de sleutel lezen; doe: chmod 600 {path}",
        )


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
            "kalender",
            WARN,
            f"de feestdagen van {say_list([str(each) for each in sorted(years)])} zijn niet bevestigd",
            "vul workflow_defs/calendars aan",
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
                yield Line(
                    f"rollen van {each.slug}", WARN, f"niemand voor: {say_list(list(empty))}", "regie partner import"
                )
        silent = [contact.id for contact in list_people(session) if not contact.email]
    if silent:
        yield Line("partners", WARN, f"{len(silent)} zonder e-mailadres", "regie partner list")


def _mail(settings: Settings) -> Iterator[Line]:
    if settings.mail_url is None:
        yield Line(
            "mail",
            WARN,
            "er is geen mailserver: mails worden bestanden in de map post",
            "zet REGIE_MAIL_URL en REGIE_MAIL_FROM",
        )
        return
    if "base_url" not in settings.model_fields_set:
        yield Line("links", WARN, "mails hebben geen link: het adres van Regie is niet bekend", "zet REGIE_BASE_URL")
    parts = urlsplit(settings.mail_url.get_secret_value())
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


def _prefect(settings: Settings) -> Iterator[Line]:
    """Asked over plain HTTP: the doctor needs no Prefect to see whether its server answers."""
    is_set = "prefect_api_url" in settings.model_fields_set
    address = settings.prefect_api_url if is_set else os.environ.get("PREFECT_API_URL", "")
    name = "REGIE_PREFECT_API_URL" if is_set else "PREFECT_API_URL"
    if not address:
        yield Line(
            "Prefect", GOOD, "niet ingesteld: regie up start een eigen server, regie sweep en deliver doen zonder"
        )
        return
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        yield Line("Prefect", BAD, f"{name} is geen webadres", "schrijf bijvoorbeeld http://127.0.0.1:4200/api")
        return
    host = parts.netloc.rpartition("@")[2]
    try:
        status = _status_of(parts.scheme, host, f"{parts.path.rstrip('/')}/health")
    except (OSError, ValueError, http.client.HTTPException) as error:
        said = f"{host} antwoordt niet: {getattr(error, 'strerror', None) or type(error).__name__}"
        yield Line("Prefect", BAD, said, f"draait regie up? controleer anders {name}")
        return
    if status == http.client.OK:
        yield Line("Prefect", GOOD, f"{host} antwoordt")
    else:
        said = f"{host} antwoordt met {status} op {parts.path.rstrip('/')}/health"
        yield Line("Prefect", BAD, said, f"staat in {name} het adres van een Prefect-API, met /api aan het eind?")


def _status_of(scheme: str, host: str, path: str) -> int:
    kind = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
    connection = kind(host, timeout=PREFECT_WITHIN_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def _post(town: Town) -> Iterator[Line]:
    from regie.store.outbox import oldest_pending, outbox_counts
    from regie.store.session import read_scope

    with read_scope(town.context.engine) as session:
        counts = {each.value: count for each, count in outbox_counts(session).items() if count}
        oldest = oldest_pending(session)
    bad = counts.get("failed", 0) + counts.get("held", 0) + counts.get("uncertain", 0)
    verdict = WARN if bad else GOOD
    yield Line("berichten", verdict, say_counts(counts) or "geen", "regie outbox list" if bad else "")
    if oldest is not None and town.now() - oldest > timedelta(hours=1):
        yield Line(
            "oudste bericht", WARN, f"wacht sinds {say_moment(oldest, town.settings.timezone)}", "draait regie up?"
        )


def _sweeps(town: Town) -> Iterator[Line]:
    from regie.store.brake import find_sweep
    from regie.store.session import read_scope

    with read_scope(town.context.engine) as session:
        last = find_sweep(session)
    if last is None:
        yield Line("laatste ronde", WARN, "nog nooit", "start regie up, of draai regie sweep")
    else:
        if last.began_at > town.now() + timedelta(hours=1):
            yield Line(
                "laatste ronde",
                BAD,
                f"{last.began_at:%Y-%m-%d %H:%M} UTC, dat moet nog komen: de klok liep voor, en tot dan gebeurt er niets",
                "zet de klok van de computer goed, en draai regie sweep --set-clock-back --reason WAAROM",
            )
            return
        late = town.now() - last.began_at > timedelta(days=4)
        yield Line(
            "laatste ronde",
            WARN if late else GOOD,
            say_moment(last.began_at, town.settings.timezone),
            "draait regie up?" if late else "",
        )


def _record(town: Town) -> Iterator[Line]:
    from regie.store.history import verify
    from regie.store.session import read_scope

    with read_scope(town.context.engine) as session:
        problems = verify(session, town.context.audit_key)
    yield Line(
        "vastlegging",
        BAD if problems else GOOD,
        f"{len(problems)} regels kloppen niet" if problems else "klopt",
        "regie audit verify" if problems else "",
    )


def _files(town: Town) -> Iterator[Line]:
    """Rows and bytes by number and size; ``regie file get`` looks at what is in one."""
    from regie.actions.clean_up_files import compare_files
    from regie.cli.common import count_of

    room = town.files()
    compared = compare_files(town.context, room)
    wrong = len(compared.missing) + len(compared.differing)
    if wrong:
        named = [*compared.missing, *compared.differing]
        yield Line(
            "bestanden",
            BAD,
            f"van {count_of(wrong, 'bestand', 'bestanden')} is de inhoud weg of niet heel: {say_list(named, most=5)}",
            f"zet de kopie van {room.folder} terug; wat er niet in zit, is verwijderd: regie file remove",
        )
    else:
        yield Line("bestanden", GOOD, f"{count_of(compared.files, 'bestand', 'bestanden')}, allemaal met hun inhoud")
    if compared.orphans:
        size = sum(each.size for each in compared.orphans)
        yield Line(
            "resten van bestanden",
            WARN,
            f"{count_of(len(compared.orphans), 'rest', 'resten')} zonder bestand, samen {size} bytes",
            "regie file clean-up",
        )
