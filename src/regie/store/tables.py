"""The tables and their constraints; no behaviour.

Columns of a unique key are never NULL: both databases hold two NULLs for different, so what is absent has a
word of its own (``none``, or the empty text). Personal data stands in ``person``, ``organisation``,
``account``, ``file.name`` and ``history.words`` only, where it can be erased.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, ClassVar, cast

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    column,
    false,
)
from sqlmodel import Field, SQLModel

from regie.core.acting import ActingAs
from regie.core.definition import HearsWhen
from regie.core.lines import Urgency
from regie.core.permissions import STAFF_ROLES
from regie.core.traject import CycleState, State

NONE = "none"
"""Stands in a key for a date that is absent."""

EVERY_TRAJECT = 0
"""Stands in ``role_binding.traject_id`` for all trajects."""

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class DefinitionStatus(StrEnum):
    DRAFT = "draft"
    ACTIVE = "active"
    RETIRED = "retired"


class NoticeState(StrEnum):
    """``waiting``: for a digest. ``withdrawn``: it was no longer true, and may be told when it is again."""

    WAITING = "waiting"
    QUEUED = "queued"
    HELD = "held"
    WITHDRAWN = "withdrawn"
    DISCARDED = "discarded"


class MessageStatus(StrEnum):
    """Where a message stands; see ``outbox`` for how it gets there."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    UNCERTAIN = "uncertain"
    HELD = "held"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"


class EntryStatus(StrEnum):
    """Where an entry of a calendar stands. ``cancelled``: no longer asked of this person, for whatever reason."""

    OPEN = "open"
    DONE = "done"
    CANCELLED = "cancelled"


class AccountKind(StrEnum):
    """How an account signs in: with the provider of the municipality, or here."""

    OIDC = "oidc"
    LOCAL = "local"


class RightOrigin(StrEnum):
    """Who gave a right: a person, until a person takes it; or a group of the provider, until the next sign-in."""

    HAND = "hand"
    GROUP = "group"


class WebhookStatus(StrEnum):
    """``paused``: what happens is kept, and leaves when it is resumed. ``removed``: the row stays for the record."""

    ACTIVE = "active"
    PAUSED = "paused"
    REMOVED = "removed"


class EventStatus(StrEnum):
    """Where an event for another program stands; see ``webhooks`` for how it gets there."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DEAD = "dead"
    WITHDRAWN = "withdrawn"


def in_utc(moment: datetime) -> datetime:
    """Give a moment in UTC; one without zone would silently take that of the machine."""
    if moment.utcoffset() is None:
        raise ValueError("a moment needs a time zone")
    return moment.astimezone(UTC)


class UTCDateTime(TypeDecorator[datetime]):
    """A moment: written in UTC, read back aware, also on SQLite, which knows no zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment = in_utc(value)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


_BIG = BigInteger().with_variant(Integer(), "sqlite")
_JSON = JSON(none_as_null=True)


class Row(SQLModel):
    metadata: ClassVar[MetaData] = MetaData(naming_convention=NAMING)


def _one_of(name: str, values: Iterable[str]) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{name} IN ({listed})", name=name)


def _cycle_key() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["traject_id", "cycle"], ["cycle.traject_id", "cycle.number"])


def _id() -> Any:
    return Field(default=None, sa_column=Column(_BIG, primary_key=True, autoincrement=True))


def _traject_id(**more: Any) -> Any:
    return Field(sa_column=Column(_BIG, ForeignKey("traject.id"), nullable=False, **more))


class DefinitionRow(Row, table=True):
    """A workflow definition as it was imported, whole, by what it says."""

    __tablename__ = "definition"
    __table_args__ = (_one_of("status", DefinitionStatus),)

    content_hash: str = Field(primary_key=True)
    id: str = Field(index=True)
    version: str
    title: dict[str, str] = Field(sa_type=cast(Any, _JSON))
    sources: dict[str, str] = Field(sa_type=cast(Any, _JSON))
    status: str
    imported_at: datetime = Field(sa_type=cast(Any, UTCDateTime))


class TrajectRow(Row, table=True):
    """``version`` is the number of its history rows. ``running``: at least one cycle runs."""

    __tablename__ = "traject"
    __table_args__ = (
        Index("ix_traject_sweep", "running", "zone", "next_look_on"),
        Index(
            "ix_traject_dirty",
            "id",
            sqlite_where=column("dirty", Boolean).is_(True),
            postgresql_where=column("dirty", Boolean).is_(True),
        ),
    )

    id: int | None = _id()
    slug: str = Field(unique=True)
    title: str
    zone: str
    version: int
    running: bool
    next_look_on: date | None = None
    dirty: bool
    checked_at: datetime | None = Field(default=None, sa_type=cast(Any, UTCDateTime))
    created_at: datetime = Field(sa_type=cast(Any, UTCDateTime))


class CycleRow(Row, table=True):
    __tablename__ = "cycle"
    __table_args__ = (
        _one_of("state", CycleState),
        UniqueConstraint("traject_id", "idempotency_key"),
    )

    traject_id: int = _traject_id(primary_key=True)
    number: int = Field(primary_key=True)
    kind: str
    parent: int | None = None
    definition_hash: str = Field(foreign_key="definition.content_hash")
    answers: dict[str, Any] = Field(sa_type=cast(Any, _JSON))
    state: str
    ended_because: str
    idempotency_key: str


class AnchorRow(Row, table=True):
    __tablename__ = "anchor"
    __table_args__ = (_cycle_key(),)

    traject_id: int = Field(sa_column=Column(_BIG, primary_key=True, autoincrement=False))
    cycle: int = Field(primary_key=True)
    anchor: str = Field(primary_key=True)
    target: date | None = None
    actual: date | None = None


class ItemRow(Row, table=True):
    """``position``: place in its list, from 0."""

    __tablename__ = "item"
    __table_args__ = (_cycle_key(),)

    traject_id: int = Field(sa_column=Column(_BIG, primary_key=True, autoincrement=False))
    cycle: int = Field(primary_key=True)
    list: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    happens_on: date | None = None
    number: int | None = None
    position: int


class OccurrenceRow(Row, table=True):
    """Facts first, then what followed from them. In order of ``id``: the order in which they came to be.

    ``responsible`` is the role that the definition names, for lists that open no definition.
    ``suspensions``, ``askers``, ``evidence`` and ``told`` are JSON as text, and absent when empty: most are, and a hundred
    rows are read at a time.
    """

    __tablename__ = "occurrence"
    __table_args__ = (
        _cycle_key(),
        UniqueConstraint("traject_id", "cycle", "step", "key"),
        _one_of("state", State),
        Index(
            "ix_occurrence_due",
            "due_on",
            sqlite_where=column("is_open", Boolean).is_(True) & column("due_on").is_not(None),
            postgresql_where=column("is_open", Boolean).is_(True) & column("due_on").is_not(None),
        ),
    )

    id: int | None = _id()
    traject_id: int = Field(sa_column=Column(_BIG, nullable=False))
    cycle: int
    step: str
    key: str
    responsible: str | None = None

    started_on: date | None = None
    finished_on: date | None = None
    waiting_for: str | None = None
    for_decision: bool
    outcome: str | None = None
    held_until: date | None = None
    out_state: str | None = None
    out: str
    kept_from: int | None = None
    pinned_start: date | None = None
    pinned_finish: date | None = None
    pin_reason: str
    promised_on: date | None = None
    proposed_on: date | None = None
    proposal_reason: str | None = None
    assigned_to: str | None = None
    declined: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=false()))
    askers: str | None = Field(default=None, sa_type=cast(Any, Text))
    suspensions: str | None = Field(default=None, sa_type=cast(Any, Text))
    extended: bool
    evidence: str | None = Field(default=None, sa_type=cast(Any, Text))
    told: str | None = Field(default=None, sa_type=cast(Any, Text))

    state: str
    is_open: bool
    early_start: date | None = None
    early_finish: date | None = None
    late_start: date | None = None
    late_finish: date | None = None
    slack_working_days: int | None = None
    critical: bool | None = None
    due_on: date | None = None
    legal_on: date | None = None
    version: int


class DecisionRow(Row, table=True):
    """The record of what was decided at gates; rows are added, never changed."""

    __tablename__ = "decision"
    __table_args__ = (_cycle_key(), Index("ix_decision_traject", "traject_id", "cycle"))

    id: int | None = _id()
    traject_id: int = Field(sa_column=Column(_BIG, nullable=False))
    cycle: int
    step: str
    key: str
    outcome: str
    decided_by: str
    decided_on: date
    reason: str
    document: str
    held_until: date | None = None
    recorded_at: datetime = Field(sa_type=cast(Any, UTCDateTime))
    recorded_by: str


class OrganisationRow(Row, table=True):
    __tablename__ = "organisation"

    id: int | None = _id()
    name: str = Field(unique=True)


class PersonRow(Row, table=True):
    """Somebody who plays roles. The id says nothing about who it is; erasing leaves only the id.

    ``address_key`` is the e-mail address in lower case, or for who has none the id: nobody is there twice.
    """

    __tablename__ = "person"
    __table_args__ = (_one_of("hears", HearsWhen), CheckConstraint("deputy_id <> id", name="deputy"))

    id: str = Field(primary_key=True)
    name: str
    email: str
    address_key: str = Field(unique=True)
    language: str
    hears: str | None = None
    deputy_id: str | None = Field(default=None, foreign_key="person.id")
    organisation_id: int | None = Field(
        default=None, sa_column=Column(_BIG, ForeignKey("organisation.id"), nullable=True)
    )
    erased_at: datetime | None = Field(default=None, sa_type=cast(Any, UTCDateTime))


class AbsenceRow(Row, table=True):
    """First and last day inclusive."""

    __tablename__ = "absence"
    __table_args__ = (CheckConstraint("ends_on >= begins_on", name="order"),)

    person_id: str = Field(primary_key=True, foreign_key="person.id")
    begins_on: date = Field(primary_key=True)
    ends_on: date


class RoleBindingRow(Row, table=True):
    """Who plays a role: in one traject, or everywhere (``EVERY_TRAJECT``). Lowest position first."""

    __tablename__ = "role_binding"

    traject_id: int = Field(sa_column=Column(_BIG, primary_key=True, autoincrement=False))
    role: str = Field(primary_key=True)
    person_id: str = Field(primary_key=True, foreign_key="person.id", index=True)
    position: int


class MessageRow(Row, table=True):
    """The outbox: one recipient, one channel, one hand-over at a time.

    Args:
        attempt: counts every time the message was taken, and never goes back: the fence against a sender
            that lost its lease.
        refusals: attempts since the last release or retry that came to nothing for certain.
        uncertainties: attempts of which nobody knows how they ended; two are the most there can be.
        not_before_at: absent when the message waits for a person.
        handed_over_at: when the last hand-over began; absent when it did not begin in this lease.
        digest_on: the day of a digest; a person gets one a day.
    """

    __tablename__ = "message"
    __table_args__ = (
        _one_of("status", MessageStatus),
        _one_of("urgency", Urgency),
        UniqueConstraint("recipient", "channel", "digest_on"),
        Index("ix_message_queue", "status", "not_before_at"),
    )

    id: str = Field(primary_key=True)
    recipient: str = Field(foreign_key="person.id")
    channel: str
    urgency: str
    status: str
    not_before_at: datetime | None = Field(default=None, sa_type=cast(Any, UTCDateTime))
    attempt: int
    refusals: int
    uncertainties: int
    owner: str | None = None
    lease_until: datetime | None = Field(default=None, sa_type=cast(Any, UTCDateTime))
    handed_over_at: datetime | None = Field(default=None, sa_type=cast(Any, UTCDateTime))
    digest_on: date | None = None
    detail: str
    created_at: datetime = Field(sa_type=cast(Any, UTCDateTime), index=True)
    sent_at: datetime | None = Field(default=None, sa_type=cast(Any, UTCDateTime))


class NoticeRow(Row, table=True):
    """One thing that one person must hear, once: the key that makes it so, and the facts of the line.

    Args:
        kind: ``core.messages.Line.told_as``.
        about: what else tells two notices apart: ``core.messages.Line.happening``.
        due_on: a date, or ``none``.
        message_id: absent while it waits for a digest.
    """

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint(
            "traject_id",
            "cycle",
            "step",
            "key",
            "kind",
            "about",
            "recipient",
            "channel",
            "due_on",
            name="uq_notice_once",
        ),
        _one_of("state", NoticeState),
        Index(
            "ix_notice_waiting",
            "recipient",
            sqlite_where=column("message_id").is_(None),
            postgresql_where=column("message_id").is_(None),
        ),
    )

    id: int | None = _id()
    traject_id: int = _traject_id()
    cycle: int
    step: str
    key: str
    kind: str
    about: str
    recipient: str = Field(foreign_key="person.id")
    channel: str
    due_on: str
    message_id: str | None = Field(default=None, foreign_key="message.id", index=True)
    rhythm: str
    payload: str = Field(sa_type=cast(Any, Text))
    state: str
    created_at: datetime = Field(sa_type=cast(Any, UTCDateTime))


class HistoryRow(Row, table=True):
    """What happened, chained by ``mac``. ``payload`` and ``mac`` are sealed; ``words`` may be erased.

    Both are canonical JSON as text: a seal is over letters, not over what a database makes of them.
    """

    __tablename__ = "history"
    __table_args__ = (UniqueConstraint("traject_id", "request_id"),)

    traject_id: int = _traject_id(primary_key=True)
    seq: int = Field(primary_key=True)
    at: datetime = Field(sa_type=cast(Any, UTCDateTime))
    by: str
    event: str
    payload: str = Field(sa_type=cast(Any, Text))
    words: str | None = Field(default=None, sa_type=cast(Any, Text))
    request_id: str | None = None
    mac: str


class LinkRow(Row, table=True):
    """An action link: one step of one person. Of its token only the hash is kept.

    Whether it still works follows from the facts (``store.links``); here stands only what somebody did to it.

    Args:
        role: for which the person may act, ``acts_as`` as what; ``deputy_for`` in whose place.
        message_id: the message for which it was made; a message that leaves twice has one link.
    """

    __tablename__ = "link"
    __table_args__ = (
        _one_of("acts_as", ActingAs),
        ForeignKeyConstraint(
            ["traject_id", "cycle", "step", "key"],
            ["occurrence.traject_id", "occurrence.cycle", "occurrence.step", "occurrence.key"],
        ),
        UniqueConstraint("traject_id", "cycle", "step", "key", "person_id", "number"),
    )

    id: int | None = _id()
    traject_id: int = Field(sa_column=Column(_BIG, nullable=False))
    cycle: int
    step: str
    key: str
    person_id: str = Field(foreign_key="person.id", index=True)
    number: int
    purpose: str
    token_hash: str = Field(unique=True)
    role: str
    acts_as: str
    deputy_for: str | None = None
    message_id: str
    created_at: datetime = Field(sa_type=cast(Any, UTCDateTime))
    expires_at: datetime = Field(sa_type=cast(Any, UTCDateTime))
    used_at: datetime | None = Field(default=None, sa_type=cast(Any, UTCDateTime))
    revoked_at: datetime | None = Field(default=None, sa_type=cast(Any, UTCDateTime))
    revoked_by: str | None = None
    revoked_because: str


class LinkRequestRow(Row, table=True):
    """Somebody asked for a fresh link; the same row whether or not anybody has the address.

    Args:
        address_seal: of the address, keyed: what a stranger typed is not kept. For who did not ask, but is new in a role,
            ``people.NEW_IN_A_ROLE``.
        person_id: who has the address; absent when nobody has.
    """

    __tablename__ = "link_request"
    __table_args__ = (Index("ix_link_request_address_seal", "address_seal", "asked_at"),)

    id: int | None = _id()
    address_seal: str
    person_id: str | None = None
    link_id: int | None = Field(default=None, sa_column=Column(_BIG, nullable=True))
    asked_at: datetime = Field(sa_type=cast(Any, UTCDateTime), index=True)
    handled_at: datetime | None = Field(default=None, sa_type=cast(Any, UTCDateTime))


class FeedRow(Row, table=True):
    """A calendar feed of a person; of its token only the hash is kept. At most one of a person has not ended.

    ``is_stale``: the roles or the language of the person changed, so the next sweep looks at all their steps.
    """

    __tablename__ = "feed"
    __table_args__ = (
        Index(
            "ix_feed_live",
            "person_id",
            unique=True,
            sqlite_where=column("ended_at").is_(None),
            postgresql_where=column("ended_at").is_(None),
        ),
    )

    person_id: str = Field(primary_key=True, foreign_key="person.id")
    number: int = Field(primary_key=True)
    token_hash: str = Field(unique=True)
    made_at: datetime = Field(sa_type=cast(Any, UTCDateTime))
    ended_at: datetime | None = Field(default=None, sa_type=cast(Any, UTCDateTime))
    is_stale: bool


class FeedEntryRow(Row, table=True):
    """What the calendar of a person shows of one step. Rows stay, so that ``sequence`` never falls.

    Args:
        shown: facts, not words, as canonical JSON; see ``store.feeds``.
        changed_at: when what is shown last changed; ``ended_at`` when it was done or cancelled.
    """

    __tablename__ = "feed_entry"
    __table_args__ = (_cycle_key(), _one_of("status", EntryStatus), Index("ix_feed_entry_traject", "traject_id"))

    person_id: str = Field(primary_key=True, foreign_key="person.id")
    traject_id: int = Field(sa_column=Column(_BIG, primary_key=True, autoincrement=False))
    cycle: int = Field(primary_key=True)
    step: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    uid: str = Field(unique=True)
    status: str
    sequence: int
    shown: str = Field(sa_type=cast(Any, Text))
    changed_at: datetime = Field(sa_type=cast(Any, UTCDateTime))
    ended_at: datetime | None = Field(default=None, sa_type=cast(Any, UTCDateTime))


class FileRow(Row, table=True):
    """A file that somebody handed over for a step; its bytes stand in a folder, under its id.

    Of what was removed the row stays, with the seal of what was in it. ``name`` is what its sender called it, made
    harmless; it may be personal data, and is empty when it was erased.
    """

    __tablename__ = "file"
    __table_args__ = (_cycle_key(), Index("ix_file_step", "traject_id", "cycle", "step", "key"))

    id: str = Field(primary_key=True)
    traject_id: int = Field(sa_column=Column(_BIG, nullable=False))
    cycle: int
    step: str
    key: str
    name: str
    media_type: str
    size_bytes: int = Field(sa_column=Column(_BIG, nullable=False))
    sha256: str
    uploaded_at: datetime = Field(sa_type=cast(Any, UTCDateTime))
    uploaded_by: str
    removed_at: datetime | None = Field(default=None, sa_type=cast(Any, UTCDateTime))
    removed_by: str | None = None


class MarkRow(Row, table=True):
    """A named value that must outlive the process, such as when the last sweep was."""

    __tablename__ = "mark"

    name: str = Field(primary_key=True)
    value: dict[str, Any] = Field(sa_type=cast(Any, _JSON))


class TallyRow(Row, table=True):
    """How many messages were put in the outbox per hour: what the brake looks at."""

    __tablename__ = "tally"

    hour: datetime = Field(primary_key=True, sa_type=cast(Any, UTCDateTime))
    messages: int


class AccountRow(Row, table=True):
    """Somebody of the municipality who signs in. ``subject``: how the provider calls them; of a local account its name.

    Args:
        name: what a local account signs in with, and what lists show.
        password: a hash with its parameters; absent for who signs in with a provider or a one-time link.
        wrong_passwords: since the last good one, or since the lock ended.
        checked_at: when a password was last tried.
    """

    __tablename__ = "account"
    __table_args__ = (_one_of("kind", AccountKind), UniqueConstraint("issuer", "subject"))

    id: int | None = _id()
    name: str
    email: str
    kind: str
    issuer: str
    subject: str
    password: str | None = None
    language: str
    wrong_passwords: int
    locked_until: datetime | None = Field(default=None, sa_type=cast(Any, UTCDateTime))
    disabled_at: datetime | None = Field(default=None, sa_type=cast(Any, UTCDateTime))
    created_at: datetime = Field(sa_type=cast(Any, UTCDateTime))


class AccountRightRow(Row, table=True):
    """A role of an account, in one traject or everywhere. ``origin``: a person gave it, or a group of the provider."""

    __tablename__ = "account_right"
    __table_args__ = (_one_of("role", STAFF_ROLES), _one_of("origin", RightOrigin))

    account_id: int = Field(sa_column=Column(_BIG, ForeignKey("account.id"), primary_key=True, autoincrement=False))
    role: str = Field(primary_key=True)
    traject_id: int = Field(sa_column=Column(_BIG, primary_key=True, autoincrement=False))
    origin: str = Field(primary_key=True)


class SignedInRow(Row, table=True):
    """A session: of an account or of a person, never both. Of its id only a hash is kept."""

    __tablename__ = "session"
    __table_args__ = (CheckConstraint("(account_id IS NULL) <> (person_id IS NULL)", name="whose"),)

    id_hash: str = Field(primary_key=True)
    account_id: int | None = Field(
        default=None, sa_column=Column(_BIG, ForeignKey("account.id"), nullable=True, index=True)
    )
    person_id: str | None = Field(default=None, foreign_key="person.id", index=True)
    created_at: datetime = Field(sa_type=cast(Any, UTCDateTime))
    seen_at: datetime = Field(sa_type=cast(Any, UTCDateTime))
    revoked_at: datetime | None = Field(default=None, sa_type=cast(Any, UTCDateTime))


class SignInCodeRow(Row, table=True):
    """Something that signs in once: a code in a mail, or the owner's link.

    Of a code stands here only ``id``, from which it follows together with a key that is not in the database.

    Args:
        id: of a link the hash of its token.
        asked_for: keyed digest of the address that was typed, known or not.
        person_id: absent when nobody has that address, and of a link.
        browser_hash: of the browser that asked; empty for a link.
    """

    __tablename__ = "sign_in_code"
    __table_args__ = (
        Index("ix_sign_in_code_asked", "asked_for", "created_at"),
        Index("ix_sign_in_code_browser", "browser_hash", "created_at"),
    )

    id: str = Field(primary_key=True)
    asked_for: str
    person_id: str | None = Field(default=None, foreign_key="person.id", index=True)
    account_id: int | None = Field(default=None, sa_column=Column(_BIG, ForeignKey("account.id"), nullable=True))
    browser_hash: str
    message_id: str | None = Field(default=None, foreign_key="message.id", index=True)
    attempts: int
    created_at: datetime = Field(sa_type=cast(Any, UTCDateTime))
    expires_at: datetime = Field(sa_type=cast(Any, UTCDateTime))
    used_at: datetime | None = Field(default=None, sa_type=cast(Any, UTCDateTime))


class ApiTokenRow(Row, table=True):
    """A key to the API, of an account. Of the key only a hash is kept. ``scopes``: names with a space between them."""

    __tablename__ = "api_token"

    id: int | None = _id()
    token_hash: str = Field(unique=True)
    name: str
    scopes: str
    account_id: int = Field(sa_column=Column(_BIG, ForeignKey("account.id"), nullable=False, index=True))
    created_at: datetime = Field(sa_type=cast(Any, UTCDateTime))
    expires_at: datetime = Field(sa_type=cast(Any, UTCDateTime))
    revoked_at: datetime | None = Field(default=None, sa_type=cast(Any, UTCDateTime))
    last_used_on: date | None = None


class AccessLogRow(Row, table=True):
    """Who came in, who was refused, and what administrators did. Rows are added, never changed; ids only.

    Args:
        who: ``account:3``, ``person:p4``, ``cli:user``, or ``nobody`` for who is not known.
        about: ids, such as ``account:4 lead 0``.
    """

    __tablename__ = "access_log"

    id: int | None = _id()
    at: datetime = Field(sa_type=cast(Any, UTCDateTime), index=True)
    who: str
    what: str
    about: str
    outcome: str


class WebhookRow(Row, table=True):
    """Where events of Regie are sent. Address and secrets are sealed with a key that is not in the database.

    Args:
        kinds: names of ``core.announcements.Announced`` with a space between them; empty for all.
        trajects: ids with a space between them; empty for all.
        old_sealed: the secret before this one, which also signs until ``old_until``.
        tried_at: when something was last sent there, and how that went: ``last_outcome``, ``last_detail``.
    """

    __tablename__ = "webhook"
    __table_args__ = (_one_of("status", WebhookStatus),)

    id: str = Field(primary_key=True)
    name: str
    host: str
    address_sealed: str
    secret_sealed: str
    old_sealed: str
    old_until: datetime | None = Field(default=None, sa_type=cast(Any, UTCDateTime))
    kinds: str
    trajects: str
    status: str = Field(index=True)
    created_at: datetime = Field(sa_type=cast(Any, UTCDateTime))
    created_by: str
    tried_at: datetime | None = Field(default=None, sa_type=cast(Any, UTCDateTime))
    last_outcome: str
    last_detail: str


class WebhookEventRow(Row, table=True):
    """One event on its way to one webhook. Ids, states and dates only.

    Args:
        event_id: the same at each attempt, and for each webhook.
        position: orders the events of a traject: the number in its history times a thousand, and the place in that change.
        facts: canonical JSON.
        attempt: counts every time that it was taken; the fence against a sender that lost its lease.
        refusals: attempts since somebody last asked to try again.
    """

    __tablename__ = "webhook_event"
    __table_args__ = (
        _one_of("status", EventStatus),
        UniqueConstraint("webhook_id", "event_id"),
        Index("ix_webhook_event_queue", "webhook_id", "status", "traject_id", "position"),
    )

    id: int | None = _id()
    webhook_id: str = Field(foreign_key="webhook.id")
    event_id: str
    traject_id: int = _traject_id()
    position: int = Field(sa_column=Column(_BIG, nullable=False))
    kind: str
    subject: str
    facts: str = Field(sa_type=cast(Any, Text))
    happened_at: datetime = Field(sa_type=cast(Any, UTCDateTime))
    status: str
    attempt: int
    refusals: int
    not_before_at: datetime | None = Field(default=None, sa_type=cast(Any, UTCDateTime))
    lease_until: datetime | None = Field(default=None, sa_type=cast(Any, UTCDateTime))
    tried_at: datetime | None = Field(default=None, sa_type=cast(Any, UTCDateTime))
    detail: str


metadata = Row.metadata


def _table(name: str) -> Table:
    return metadata.tables[name]


definition = _table("definition")
traject = _table("traject")
cycle = _table("cycle")
anchor = _table("anchor")
item = _table("item")
occurrence = _table("occurrence")
decision = _table("decision")
organisation = _table("organisation")
person = _table("person")
absence = _table("absence")
role_binding = _table("role_binding")
message = _table("message")
notice = _table("notice")
history = _table("history")
link = _table("link")
link_request = _table("link_request")
feed = _table("feed")
feed_entry = _table("feed_entry")
file = _table("file")
mark = _table("mark")
tally = _table("tally")
account = _table("account")
account_right = _table("account_right")
signed_in = _table("session")
sign_in_code = _table("sign_in_code")
api_token = _table("api_token")
access_log = _table("access_log")
webhook = _table("webhook")
webhook_event = _table("webhook_event")
