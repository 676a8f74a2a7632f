"""What a route may ask for. The only module of the web that touches the store."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from fastapi import BackgroundTasks, Depends, Request
from sqlalchemy import Engine, text
from sqlmodel import Session

from regie import doorbell
from regie.actions.context import Context
from regie.actions.sign_in import Visitor, limits_of, who_is
from regie.clock import local_date
from regie.core.changes import Changes
from regie.core.ids import OccurrenceKey, PersonId, RoleId
from regie.core.permissions import EVERY_TRAJECT, Actor, Permission, may, nothing_here, require, trajects_with
from regie.core.traject import Person
from regie.errors import Incomplete, NotFound, Refused, RegieError
from regie.feeds import feed_key
from regie.oidc import Provider
from regie.settings import Settings
from regie.store import audit
from regie.store.access_log import AccessEntry as AccessEntry
from regie.store.access_log import Outcome, What, list_access, note_access
from regie.store.accounts import get_account
from regie.store.brake import find_sweep
from regie.store.feeds import Feed, LiveFeed, find_feed, find_feed_by_token, list_feeds
from regie.store.file_bytes import FileRoom, bytes_missing
from regie.store.files import StoredFile
from regie.store.history import Problem, verify
from regie.store.lately import names_of
from regie.store.outbox import oldest_pending, outbox_counts
from regie.store.partners import ImportReport, import_people, tell_new_players
from regie.store.people import Contact, get_person, list_people, load_people
from regie.store.person_steps import get_group
from regie.store.session import check_schema, create_engine_for, in_transaction, is_there, read_scope
from regie.store.trajects import find_traject_id, list_slugs
from regie.store.webhooks import LoggedEvent, Webhook, get_webhook, list_events, list_webhooks
from regie.uploads import CHUNK, MB
from regie.web.pages import Pages
from regie.web.visitor import cookie_name


@dataclass(frozen=True, slots=True)
class Shell:
    """What the application was made with; ``request.app.state.shell``."""

    context: Context
    settings: Settings
    clock: Callable[[], datetime]
    pages: Pages
    provider: Provider | None = None


def open_database(settings: Settings) -> Engine:
    """Make the engine of the pages; connects to nothing yet, so that pages can say that a database is away.

    Raises:
        Incomplete: ``no-database``; SQLite would make an empty one.
    """
    engine = create_engine_for(settings.database_url.get_secret_value())
    if not is_there(engine):
        raise Incomplete(
            f"there is no database in '{settings.data_dir}'",
            code=_GONE,
            hint="make one with: regie db upgrade",
            folder=str(settings.data_dir),
        )
    return engine


def get_shell(request: Request) -> Shell:
    shell: Shell = request.app.state.shell
    return shell


def get_pages(request: Request) -> Pages:
    return get_shell(request).pages


def get_context(request: Request) -> Context:
    """For an action: it opens its own transaction."""
    return get_shell(request).context


def get_now(request: Request) -> datetime:
    """The moment of this request, by the clock of the application."""
    return get_shell(request).clock()


def read_session(request: Request) -> Iterator[Session]:
    """A session that sees one moment of the database, for as long as the request takes.

    Raises:
        Incomplete: ``database-unreachable``.
    """
    with read_scope(get_shell(request).context.engine) as session:
        yield session


class SignInNeeded(Exception):
    """Nobody is signed in, and the page is for who is. Answered by sending the reader to the sign-in page, and back."""


def find_visitor(shell: Shell, request: Request) -> Visitor | None:
    """Who is signed in with the cookie of a request, looked up once; None when nobody is."""
    session_id = request.cookies.get(cookie_name("session", secure=shell.pages.secure), "")
    if not session_id:
        return None
    if not hasattr(request.state, "visitor"):
        request.state.visitor = who_is(shell.context, session_id, shell.clock(), limits_of(shell.settings))
    found: Visitor | None = request.state.visitor
    return found


def get_visitor(request: Request) -> Visitor | None:
    """Who is signed in with the cookie of this request; None when nobody is."""
    return find_visitor(get_shell(request), request)


def get_actor(visitor: Annotated[Visitor | None, Depends(get_visitor)]) -> Actor:
    """As what the signed-in reader acts; what they may is for ``core.permissions``.

    Raises:
        SignInNeeded: nobody is signed in.
    """
    if visitor is None:
        raise SignInNeeded
    return visitor.actor


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner who signed in with a code."""

    id: PersonId
    actor: Actor


def get_partner(
    request: Request,
    visitor: Annotated[Visitor | None, Depends(get_visitor)],
    now: Annotated[datetime, Depends(get_now)],
) -> Partner:
    """The partner who is signed in, for pages about the steps of a person.

    Raises:
        SignInNeeded: nobody is signed in.
        Refused: ``not-allowed``: an account is, which is no partner; noted.
    """
    if visitor is None:
        raise SignInNeeded
    if visitor.session.person_id is None:
        wanted = Permission.SEE_OWN_STEP.value
        note_refusal(get_shell(request).context, visitor.actor, now, wanted)
        raise Refused("these pages are for partners", code="not-allowed", hint="sign in with a code", permission=wanted)
    return Partner(visitor.session.person_id, visitor.actor)


def get_today(request: Request) -> date:
    """The day of this request, by the clock of the municipality."""
    shell = get_shell(request)
    return local_date(shell.clock(), shell.settings.timezone)


def note_refusal(context: Context, actor: Actor, now: datetime, about: str) -> None:
    """Keep in the access log that somebody wanted what they may not have. ``about`` holds ids only."""

    def note(session: Session) -> None:
        note_access(session, actor.name, What.NOT_ALLOWED, now, about=about, outcome=Outcome.REFUSED)

    in_transaction(context.engine, note)


def get_client(request: Request) -> str:
    """The network address of the browser, as told by a proxy that is trusted."""
    return request.client.host if request.client is not None else ""


def get_bell(request: Request, tasks: BackgroundTasks) -> Callable[[], None]:
    """Give what rings the doorbell once the answer is out: nobody waits for it, and it tells nothing by its time."""
    settings = get_shell(request).settings
    return lambda: tasks.add_task(doorbell.ring, settings, reason="doorbell")


def contact_of(session: Session, person_id: PersonId) -> Contact:
    """Give a person with their habits and absences.

    Raises:
        NotFound: ``unknown-person``.
    """
    return get_person(session, person_id)


def contacts_of(session: Session) -> tuple[Contact, ...]:
    """Give everybody who takes part, by name."""
    return list_people(session)


def colleagues_of(session: Session, person_id: PersonId) -> Mapping[PersonId, str]:
    """Give the names of the others of the same organisation."""
    group = get_group(session, person_id)
    return {each: name for each, name in group.names.items() if each != person_id}


PartnerNow = Annotated[Partner, Depends(get_partner)]
Client = Annotated[str, Depends(get_client)]
Bell = Annotated[Callable[[], None], Depends(get_bell)]
ShellNow = Annotated[Shell, Depends(get_shell)]
VisitorNow = Annotated[Visitor | None, Depends(get_visitor)]
ActorNow = Annotated[Actor, Depends(get_actor)]
PagesNow = Annotated[Pages, Depends(get_pages)]
ContextNow = Annotated[Context, Depends(get_context)]
Now = Annotated[datetime, Depends(get_now)]
Reading = Annotated[Session, Depends(read_session)]
Today = Annotated[date, Depends(get_today)]


def get_seen_traject(slug: str, actor: ActorNow, context: ContextNow, session: Reading, now: Now) -> int:
    """The id of the traject in the address, when the reader may see it.

    Raises:
        NotFound: ``nothing-here``; the same for one that is not there and one that is not the reader's.
    """
    try:
        traject_id = find_traject_id(session, slug)
    except NotFound:
        traject_id = None
    if traject_id is None or not may(actor, Permission.SEE_TRAJECT, traject_id=traject_id):
        note_refusal(context, actor, now, f"{Permission.SEE_TRAJECT} traject:{traject_id or '-'}")
        raise nothing_here()
    return traject_id


SeenTraject = Annotated[int, Depends(get_seen_traject)]


def demand(
    context: Context, actor: Actor, permission: Permission, now: datetime, traject_id: int | None = None
) -> None:
    """Refuse what somebody may not do, in one traject or in all of Regie, and note that they wanted it.

    Raises:
        Refused: ``not-allowed``.
        NotFound: ``nothing-here``.
    """
    try:
        require(actor, permission, traject_id=traject_id)
    except RegieError:
        note_refusal(context, actor, now, f"{permission} traject:{traject_id}" if traject_id else permission)
        raise


def needs(permission: Permission) -> Any:
    """Take a right over all of Regie, or one that asks no traject: gives the ``Actor``, and refuses by ``demand``."""

    def check(actor: ActorNow, context: ContextNow, now: Now) -> Actor:
        demand(context, actor, permission, now)
        return actor

    return Depends(check)


def needs_in_traject(permission: Permission) -> Any:
    """Take a right in the traject of the address: gives its id, and refuses by ``demand``."""

    def check(traject_id: SeenTraject, actor: ActorNow, context: ContextNow, now: Now) -> int:
        demand(context, actor, permission, now, traject_id)
        return traject_id

    return Depends(check)


def needs_in_some(permission: Permission) -> Any:
    """Take a right in at least one traject: gives the trajects for which it holds, None for all; else refuses."""

    def check(actor: ActorNow, context: ContextNow, now: Now) -> frozenset[int] | None:
        found = trajects_with(actor, permission)
        if found is not None and not found:
            demand(context, actor, permission, now)
        return found

    return Depends(check)


def sees_confidential(actor: ActorNow, traject_id: SeenTraject) -> bool:
    """Whether the reader may see what people typed and handed over in confidential steps of the traject."""
    return may(actor, Permission.SEE_CONFIDENTIAL, traject_id=traject_id)


SeesConfidential = Annotated[bool, Depends(sees_confidential)]


def get_step_key(key: str) -> OccurrenceKey:
    """The step in the address, with its copy when there are more of it: ``f2-instroom@tweede``."""
    return OccurrenceKey.read(key)


StepKey = Annotated[OccurrenceKey, Depends(get_step_key)]


def is_traject(session: Session, slug: str) -> bool:
    """Whether a short name is taken."""
    try:
        find_traject_id(session, slug)
    except NotFound:
        return False
    return True


def people_everywhere(session: Session) -> Mapping[RoleId, tuple[Person, ...]]:
    """Who plays which role in every traject, and so in a new one."""
    return load_people(session, EVERY_TRAJECT)


def file_room(shell: Shell) -> FileRoom:
    """Where files stay that people hand over."""
    return FileRoom(shell.settings.files_dir, shell.settings.file_max_mb * MB)


def open_file(shell: Shell, stored: StoredFile) -> Generator[bytes]:
    """Give the bytes of a file in pieces; that they are there and whole is known before the first goes out.

    Raises:
        Incomplete: ``file-bytes-missing``, ``files-unwritable``.
    """
    room = file_room(shell)
    file = room.open(stored.id)
    if room.size_of(stored.id) != stored.size:
        file.close()
        raise bytes_missing(stored.id)

    def pieces() -> Generator[bytes]:
        with file:
            while piece := file.read(CHUNK):
                yield piece

    return pieces()


def ring(shell: Shell, traject_id: int = 0, changes: Changes | None = None) -> None:
    """Wake the flows, when they run, so that what was saved is carried on within seconds."""
    doorbell.ring_about(shell.settings, traject_id, changes)


_EMERGENCY_SHOWN = timedelta(days=7)


def last_emergency(shell: Shell, visitor: Visitor | None, now: datetime) -> datetime | None:
    """When somebody came in by a password though there is a provider, in the last week; for who may see the log."""
    if shell.provider is None or visitor is None or not may(visitor.actor, Permission.SEE_AUDIT):
        return None
    with read_scope(shell.context.engine) as session:
        since = now - _EMERGENCY_SHOWN
        found = list_access(session, what=What.SIGN_IN_PASSWORD, outcome=Outcome.OK, since=since, limit=1)
    return found[0].at if found else None


# --- calendars ---------------------------------------------------------------------------------------


def find_agenda(shell: Shell, session: Session, token: str) -> Feed | None:
    """The calendar feed of a token; None when there is none, for whatever reason."""
    return find_feed_by_token(session, token, feed_key(shell.context.link_key))


def find_own_agenda(shell: Shell, session: Session, person_id: PersonId) -> Feed | None:
    """The calendar feed that a person has now."""
    return find_feed(session, person_id, feed_key(shell.context.link_key))


# --- what left the building --------------------------------------------------------------------------


def slugs_of(session: Session, within: frozenset[int] | None) -> Mapping[str, str]:
    """Short names of trajects with their titles, to choose from."""
    return list_slugs(session, within)


def traject_in(session: Session, slug: str) -> int:
    """The id of a traject that is there."""
    return find_traject_id(session, slug)


def message_counts(session: Session) -> Mapping[str, int]:
    """How many messages stand in each state."""
    return {status.value: count for status, count in outbox_counts(session).items()}


def feeds_of(session: Session, person_name: str) -> Sequence[LiveFeed]:
    """The calendars of people that work now."""
    return list_feeds(session, person_name=person_name)


def webhooks_of(session: Session) -> Sequence[Webhook]:
    """Every webhook that was not removed."""
    return list_webhooks(session)


def webhook_of(session: Session, webhook_id: str) -> Webhook:
    """One webhook.

    Raises:
        NotFound: ``unknown-webhook``.
    """
    return get_webhook(session, webhook_id)


def events_of(session: Session, webhook_id: str, before: int | None, limit: int) -> Sequence[LoggedEvent]:
    """The newest events of a webhook."""
    return list_events(session, webhook_id, before=before, limit=limit)


# --- administration ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AuditWanted:
    """What is looked for in the two logs, in plain values; ``rows`` is the same for the store."""

    since: datetime | None = None
    until: datetime | None = None
    actors: frozenset[str] | None = None
    kind: str | None = None
    outcome: str | None = None
    traject_id: int | None = None

    def of(self, actors: frozenset[str]) -> AuditWanted:
        return replace(self, actors=actors)

    @property
    def rows(self) -> audit.Wanted:
        outcome = Outcome(self.outcome) if self.outcome else None
        return audit.Wanted(self.since, self.until, self.actors, self.kind, outcome, self.traject_id)


def count_audit(session: Session, wanted: AuditWanted, *, of_access: bool) -> int:
    return (audit.count_all_access if of_access else audit.count_history)(session, wanted.rows)


def access_page(session: Session, rows: audit.Wanted, skip: int, limit: int) -> tuple[tuple[AccessEntry, str], ...]:
    """A page of the access log, each row with the name of who it was."""
    found = audit.list_all_access(session, rows, skip=skip, limit=limit)
    names = names_of(session, {each.who for each in found})
    return tuple((each, names.get(each.who) or each.who) for each in found)


def find_audit_actors(session: Session, text: str) -> frozenset[str]:
    return audit.find_actors(session, text)


def traject_names(session: Session) -> Mapping[int, tuple[str, str]]:
    return audit.list_traject_names(session)


def audit_problems(context: Context, session: Session) -> tuple[Problem, ...]:
    """Every row of the history that is not what was sealed."""
    return verify(session, context.audit_key)


def note_export(context: Context, actor: Actor, now: datetime, about: str) -> None:
    """Note that somebody took a log out."""
    in_transaction(
        context.engine, lambda session: note_access(session, actor.name, What.AUDIT_EXPORTED, now, about=about)
    )


def note_theme(context: Context, actor: Actor, now: datetime, about: str) -> None:
    """Note that somebody changed the look."""
    in_transaction(
        context.engine, lambda session: note_access(session, actor.name, What.THEME_CHANGED, now, about=about)
    )


def address_of(session: Session, visitor: Visitor | None) -> str:
    """The e-mail address of the account that is signed in; empty when it has none."""
    if visitor is None or visitor.session.account_id is None:
        return ""
    return get_account(session, visitor.session.account_id).email or ""


# --- health ------------------------------------------------------------------------------------------

_BEHIND_AFTER = timedelta(days=4)  # sweeps and post rest at the weekend, and at Easter
_GONE = "no-database"


@dataclass(frozen=True, slots=True)
class Health:
    """How Regie is doing, without names of machines.

    Args:
        database: ``ok``, or the code of what is wrong with it.
        sweep_age: since the last sweep began; None when there never was one.
        waiting_for: how long the oldest message could have left; None when none waits.
    """

    database: str
    sweep_age: timedelta | None = None
    waiting_for: timedelta | None = None

    @property
    def works(self) -> bool:
        return self.database == "ok"

    @property
    def is_behind(self) -> bool:
        """Whether nobody sweeps or sends any more, though the pages work."""
        return any(each is not None and each > _BEHIND_AFTER for each in (self.sweep_age, self.waiting_for))


def is_answering(engine: Engine) -> bool:
    """Whether the database answers a question."""
    if not is_there(engine):  # SQLite would make one
        return False
    try:
        with read_scope(engine) as session:
            session.connection().execute(text("SELECT 1"))
    except RegieError:
        return False
    return True


def look_at_health(engine: Engine, now: datetime) -> Health:
    """Look at the database, its version, the sweeps and the post."""
    if not is_there(engine):
        return Health(_GONE)
    try:
        check_schema(engine)
        with read_scope(engine) as session:
            sweep, waiting_since = find_sweep(session), oldest_pending(session)
    except RegieError as error:
        return Health(error.code)
    age = max(now - sweep.began_at, timedelta()) if sweep else None
    waiting = max(now - waiting_since, timedelta()) if waiting_since else None
    return Health("ok", age, waiting)


# --- the API -----------------------------------------------------------------------------------------


def find_slug(context: Context, slug: str) -> int | None:
    """The id of the traject of this short name; None when there is none."""
    with read_scope(context.engine) as session:
        try:
            return find_traject_id(session, slug)
        except NotFound:
            return None


@contextmanager
def reading(shell: Shell) -> Iterator[Session]:
    """A read-only session for part of a request, where the rest of it writes."""
    with read_scope(shell.context.engine) as session:
        yield session


def save_partners(
    shell: Shell,
    rows: Sequence[Mapping[str, str | None]],
    *,
    dry_run: bool,
    traject_id: int,
    roles: Collection[RoleId],
) -> ImportReport:
    """Store a list of partners, all of it or nothing."""

    def work(session: Session) -> ImportReport:
        report = import_people(session, rows, dry_run=dry_run, traject_id=traject_id, roles=roles)
        if report.is_stored:
            tell_new_players(session, report, shell.clock())
        return report

    return in_transaction(shell.context.engine, work)
