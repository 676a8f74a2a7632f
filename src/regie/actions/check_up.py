"""What ``regie doctor`` and the page of health look at, one line each: what is so, how bad it is, what to do."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from regie.actions.clean_up_files import compare_files
from regie.actions.context import Context
from regie.errors import RegieError
from regie.settings import AUDIT_KEY_FILE, LINK_KEY_FILE, Settings
from regie.store.brake import find_sweep
from regie.store.definitions import list_legal_dates, list_uses
from regie.store.file_bytes import FileRoom
from regie.store.history import verify
from regie.store.outbox import oldest_pending, outbox_counts
from regie.store.partners import list_people
from regie.store.portfolio import list_players, players_of
from regie.store.session import check_schema, current_revision, read_scope
from regie.text.checkup import say_check
from regie.text.dates import say_moment
from regie.text.phrases import say_list
from regie.text.post import say_counts
from regie.text.refusals import say_refusal

GOOD, WARN, BAD = "goed", "let op", "fout"
FIXED_SQLITE = (3, 51, 3)
PREFECT_WITHIN_SECONDS = 3.0
MAIL_WITHIN_SECONDS = 5.0
LITTLE_DISK_BYTES = 1024**3
_PRAGMAS = {"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at. ``code``: the check that said it, the same in each language."""

    what: str
    verdict: str
    said: str
    advice: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Patient:
    """What is looked at.

    Args:
        opened: None where there is no database: then only what needs none can be looked at.
        asks_others: whether the mail server and Prefect are called; else only how they are set is said.
    """

    opened: Context | None
    settings: Settings
    now: datetime
    language: str = "nl"
    asks_others: bool = True

    @property
    def context(self) -> Context:
        assert self.opened is not None  # a check that needs a database is not asked without one
        return self.opened

    def say(self, key: str, **facts: object) -> str:
        return say_check(key, self.language, **facts)

    def line(self, key: str, verdict: str, said: str, advice: str = "", **facts: object) -> Line:
        return Line(self.say(key, **facts), verdict, said, advice, key)


Check = Callable[[Patient], Iterator[Line]]


def check_up(patient: Patient, checks: Iterable[Check]) -> list[Line]:
    """Look at everything that is asked; one thing that fails hides nothing else."""
    lines: list[Line] = []
    for check in checks:
        try:
            lines += check(patient)
        except RegieError as error:
            lines.append(refused(check.__name__.removeprefix("check_"), error, patient.language))
    return lines


def refused(what: str, error: RegieError, language: str = "nl") -> Line:
    refusal = say_refusal(error, language)
    return Line(what, BAD, refusal.message, refusal.advice, what)


def check_database(at: Patient) -> Iterator[Line]:
    if at.context.engine.dialect.name != "sqlite":
        yield at.line("database", GOOD, at.context.engine.dialect.name)
        return
    with at.context.engine.connect() as connection:
        found = {name: str(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()) for name in _PRAGMAS}
    wrong = [
        at.say("sqlite_is", name=name, found=found[name]) for name, wanted in _PRAGMAS.items() if found[name] != wanted
    ]
    if wrong:
        said = at.say("sqlite_wrong", version=sqlite3.sqlite_version, wrong=say_list(wrong, at.language))
        yield at.line("database", BAD, said, at.say("sqlite_advice"))
    else:
        yield at.line("database", GOOD, at.say("sqlite_good", version=sqlite3.sqlite_version))
    yield from check_sqlite_version(at.settings, at.language)


def check_sqlite_version(settings: Settings, language: str = "nl") -> Iterator[Line]:
    """Say whether the library is one with a known fault; needs no database."""
    if sqlite3.sqlite_version_info >= FIXED_SQLITE:
        return
    what, version = say_check("sqlite_version", language), sqlite3.sqlite_version
    if accepted := settings.sqlite_risk_accepted:
        said = say_check("sqlite_accepted", language, version=version, accepted=accepted)
        yield Line(what, GOOD, said, code="sqlite_version")
        return
    said, advice = say_check("sqlite_old", language, version=version), say_check("sqlite_old_advice", language)
    yield Line(what, WARN, said, advice, "sqlite_version")


def check_revision(at: Patient) -> Iterator[Line]:
    check_schema(at.context.engine)
    yield at.line("schema", GOOD, at.say("schema_good", current=current_revision(at.context.engine)))


def check_keys(at: Patient) -> Iterator[Line]:
    for file, what in ((AUDIT_KEY_FILE, "audit_key"), (LINK_KEY_FILE, "link_key")):
        path = Path(at.settings.data_dir) / file
        if not path.exists():
            continue
        private = path.stat().st_mode & 0o077 == 0
        yield at.line(what, GOOD if private else BAD, path.name, "" if private else at.say("key_open", path=path))


def check_calendars(at: Patient) -> Iterator[Line]:
    with read_scope(at.context.engine) as session:
        found = list_legal_dates(session)
        definitions = {each: at.context.shelf.get(each, session) for each, _ in found}
    years = sorted({day.year for each, day in found if not definitions[each].legal_calendar.is_confirmed(day)})
    if years:
        said = at.say("years_unknown", years=say_list([str(each) for each in years], at.language))
        yield at.line("calendar", WARN, said, at.say("years_advice"))
    else:
        yield at.line("calendar", GOOD, at.say("years_good"))


def check_roles(at: Patient) -> Iterator[Line]:
    with read_scope(at.context.engine) as session:
        running = {each.slug: each for each in list_uses(session) if each.is_running}  # of each traject its last cycle
        players = list_players(session, traject_ids={each.traject_id for each in running.values()})
        definitions = {each.content_hash: at.context.shelf.get(each.content_hash, session) for each in running.values()}
        silent = [contact.id for contact in list_people(session) if not contact.email]
    for slug, use in sorted(running.items()):
        wanted = definitions[use.content_hash].partner_roles()
        empty = [role for role in wanted if not players_of(players, use.traject_id, role)]
        if empty:
            said = at.say("roles_empty", roles=say_list(list(empty), at.language))
            yield at.line("roles", WARN, said, "regie partner import", traject=slug)
    if silent:
        yield at.line("partners", WARN, at.say("silent", count=len(silent)), "regie partner list")


def check_mail(at: Patient) -> Iterator[Line]:
    settings = at.settings
    if settings.mail_url is None:
        yield at.line("mail", WARN, at.say("mail_none"), at.say("mail_set"))
        return
    if "base_url" not in settings.model_fields_set:
        yield at.line("links", WARN, at.say("links_none"), at.say("links_set"))
    parts = urlsplit(settings.mail_url.get_secret_value())
    port = parts.port or (587 if parts.scheme == "mailtos" else 25)
    server = f"{parts.hostname}:{port}"
    if not at.asks_others:
        yield at.line("mail", GOOD, at.say("mail_is_set", server=server))
        return
    try:
        with socket.create_connection((parts.hostname or "", port), timeout=MAIL_WITHIN_SECONDS):
            yield at.line("mail", GOOD, at.say("answers", server=server))
    except OSError as error:
        said = at.say("silent_server", server=server, why=error.strerror or type(error).__name__)
        yield at.line("mail", BAD, said, at.say("mail_advice"))


def check_prefect(at: Patient) -> Iterator[Line]:
    """Asked over plain HTTP: the doctor needs no Prefect to see whether its server answers."""
    is_set = "prefect_api_url" in at.settings.model_fields_set
    address = at.settings.prefect_api_url if is_set else os.environ.get("PREFECT_API_URL", "")
    name = "REGIE_PREFECT_API_URL" if is_set else "PREFECT_API_URL"
    if not address:
        yield at.line("prefect", GOOD, at.say("prefect_none"))
        return
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        yield at.line("prefect", BAD, at.say("prefect_no_address", name=name), at.say("prefect_example"))
        return
    host, path = parts.netloc.rpartition("@")[2], f"{parts.path.rstrip('/')}/health"
    if not at.asks_others:
        yield at.line("prefect", GOOD, at.say("prefect_set", server=host))
        return
    try:
        status = _status_of(parts.scheme, host, path)
    except (OSError, ValueError, http.client.HTTPException) as error:
        said = at.say("silent_server", server=host, why=getattr(error, "strerror", None) or type(error).__name__)
        yield at.line("prefect", BAD, said, at.say("prefect_silent_advice", name=name))
        return
    if status == http.client.OK:
        yield at.line("prefect", GOOD, at.say("answers", server=host))
    else:
        said = at.say("prefect_status", server=host, status=status, path=path)
        yield at.line("prefect", BAD, said, at.say("prefect_status_advice", name=name))


def _status_of(scheme: str, host: str, path: str) -> int:
    kind = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
    connection = kind(host, timeout=PREFECT_WITHIN_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def check_post(at: Patient) -> Iterator[Line]:
    with read_scope(at.context.engine) as session:
        counts = {each.value: count for each, count in outbox_counts(session).items() if count}
        oldest = oldest_pending(session)
    bad = counts.get("failed", 0) + counts.get("held", 0) + counts.get("uncertain", 0)
    said = say_counts(counts, at.language) or at.say("none")
    yield at.line("messages", WARN if bad else GOOD, said, at.say("messages_advice") if bad else "")
    if oldest is not None and at.now - oldest > timedelta(hours=1):
        since = say_moment(oldest, at.settings.timezone, at.language)
        yield at.line("oldest", WARN, at.say("waits_since", moment=since), at.say("is_up"))


def check_brake(at: Patient) -> Iterator[Line]:
    with read_scope(at.context.engine) as session:
        held = sum(count for each, count in outbox_counts(session).items() if each.value == "held")
    if held:
        yield at.line("brake", WARN, at.say("brake_on", count=held), at.say("brake_advice"))
    else:
        yield at.line("brake", GOOD, at.say("brake_off", most=at.context.brake_at))


def check_sweeps(at: Patient) -> Iterator[Line]:
    with read_scope(at.context.engine) as session:
        last = find_sweep(session)
    if last is None:
        yield at.line("sweep", WARN, at.say("never"), at.say("sweep_advice"))
    elif last.began_at > at.now + timedelta(hours=1):
        said = at.say("sweep_ahead", moment=f"{last.began_at:%Y-%m-%d %H:%M}")
        yield at.line("sweep", BAD, said, at.say("sweep_ahead_advice"))
    else:
        late = at.now - last.began_at > timedelta(days=4)
        said = say_moment(last.began_at, at.settings.timezone, at.language)
        yield at.line("sweep", WARN if late else GOOD, said, at.say("is_up") if late else "")


def check_record(at: Patient) -> Iterator[Line]:
    """Every seal of the history: of a large one this takes a while."""
    with read_scope(at.context.engine) as session:
        problems = verify(session, at.context.audit_key)
    said = at.say("record_bad", count=len(problems)) if problems else at.say("record_good")
    yield at.line("record", BAD if problems else GOOD, said, "regie audit verify" if problems else "")


def check_files(at: Patient) -> Iterator[Line]:
    """Rows and bytes by number and size; ``regie file get`` looks at what is in one."""
    room = FileRoom(at.settings.files_dir, at.settings.file_max_mb * 1024 * 1024)
    compared = compare_files(at.context, room)
    wrong = [*compared.missing, *compared.differing]
    if wrong:
        key = "files_bad_one" if len(wrong) == 1 else "files_bad_many"
        said = at.say(key, count=len(wrong), files=say_list(wrong, at.language, most=5))
        yield at.line("files", BAD, said, at.say("files_advice", folder=room.folder))
    else:
        key = "files_good_one" if compared.files == 1 else "files_good_many"
        yield at.line("files", GOOD, at.say(key, count=compared.files))
    if compared.orphans:
        key = "rests_one" if len(compared.orphans) == 1 else "rests_many"
        said = at.say(key, count=len(compared.orphans), size=sum(each.size for each in compared.orphans))
        yield at.line("rests", WARN, said, at.say("rests_advice"))


def check_disk(at: Patient) -> Iterator[Line]:
    try:
        used = shutil.disk_usage(at.settings.data_dir)
    except OSError:
        yield at.line("disk", BAD, at.say("disk_unknown"))
        return
    said = at.say("disk_free", free=used.free // 1024**3, total=used.total // 1024**3)
    is_little = used.free < LITTLE_DISK_BYTES
    yield at.line("disk", WARN if is_little else GOOD, said, at.say("disk_advice") if is_little else "")


def check_environment(at: Patient) -> Iterator[Line]:
    label, to = at.settings.environment_label, at.settings.mail_redirect_to
    yield at.line("environment", GOOD, at.say("environment_test", label=label) if label else at.say("environment_real"))
    yield at.line("redirect", WARN if to else GOOD, at.say("redirect_on", address=to) if to else at.say("redirect_off"))


OF_THE_DOCTOR: tuple[Check, ...] = (
    check_database, check_keys, check_calendars, check_roles, check_mail, check_prefect, check_post, check_sweeps,
    check_record, check_files,
)  # fmt: skip
"""In the order in which ``regie doctor`` says them."""

OF_THE_PAGE: tuple[Check, ...] = (
    check_database, check_revision, check_sweeps, check_post, check_brake, check_calendars, check_roles, check_keys,
    check_files, check_disk, check_mail, check_prefect, check_environment,
)  # fmt: skip
"""What the page looks at: no check of every seal, which has a page of its own."""
