"""Who came in, who was refused, and what administrators did: ids only, rows that are added and never changed.

Holds no secret, no address and no name that somebody typed: ``nobody`` stands for who is not known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import func, insert, select
from sqlmodel import Session

from regie.store.tables import access_log

NOBODY = "nobody"
_AT_A_TIME = 500


class What(StrEnum):
    """What somebody did or tried."""

    SIGN_IN_PASSWORD = "sign-in-password"  # noqa: S105 - the name of an act
    SIGN_IN_CODE = "sign-in-code"
    SIGN_IN_LINK = "sign-in-link"
    SIGN_IN_OIDC = "sign-in-oidc"
    SIGN_IN_TRIED = "sign-in-tried"
    SIGN_OUT = "sign-out"
    CODE_ASKED = "code-asked"
    LINK_MADE = "link-made"
    TOKEN_USED = "token-used"  # noqa: S105 - the name of an act
    NOT_ALLOWED = "not-allowed"
    ACCOUNT_ADDED = "account-added"
    ACCOUNT_DISABLED = "account-disabled"
    ACCOUNT_ENABLED = "account-enabled"
    RIGHT_GIVEN = "right-given"
    RIGHT_TAKEN = "right-taken"
    PASSWORD_SET = "password-set"  # noqa: S105 - the name of an act
    SESSIONS_ENDED = "sessions-ended"
    TOKEN_ADDED = "token-added"  # noqa: S105 - the name of an act
    TOKEN_REVOKED = "token-revoked"  # noqa: S105 - the name of an act
    WEBHOOK_ADDED = "webhook-added"
    WEBHOOK_PAUSED = "webhook-paused"
    WEBHOOK_RESUMED = "webhook-resumed"
    WEBHOOK_ROTATED = "webhook-rotated"
    WEBHOOK_REMOVED = "webhook-removed"
    DELIVERY_RETRIED = "delivery-retried"
    DELIVERY_RELEASED = "delivery-released"
    FEED_ENDED = "feed-ended"
    PARTNER_ADDED = "partner-added"
    PARTNER_CHANGED = "partner-changed"
    PARTNER_ERASED = "partner-erased"
    PARTNERS_IMPORTED = "partners-imported"
    ROLE_BOUND = "role-bound"
    ROLE_UNBOUND = "role-unbound"
    DEFINITION_ADDED = "definition-added"
    DEFINITION_ACTIVATED = "definition-activated"
    DEFINITION_RETIRED = "definition-retired"
    DEFINITION_DISCARDED = "definition-discarded"
    AUDIT_EXPORTED = "audit-exported"
    MAIL_TESTED = "mail-tested"
    THEME_CHANGED = "theme-changed"


class Outcome(StrEnum):
    """``refused``: with the reason in ``about``, which who was refused does not hear."""

    OK = "ok"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class AccessEntry:
    id: int
    at: datetime
    who: str
    what: What
    about: str
    outcome: Outcome


def note_access(
    session: Session, who: str, what: What, now: datetime, *, about: str = "", outcome: Outcome = Outcome.OK
) -> None:
    """Add a row. ``about`` holds ids and reasons only."""
    row = {"at": now, "who": who, "what": what.value, "about": about, "outcome": outcome.value}
    session.connection().execute(insert(access_log), row)


def count_access(session: Session, what: What, since: datetime, *, about: str | None = None) -> int:
    """Give how often something was done or tried after a moment, by whomever; or only what was about this."""
    wanted = select(func.count()).where(access_log.c.what == what.value, access_log.c.at > since)
    if about is not None:
        wanted = wanted.where(access_log.c.about == about)
    return int(session.connection().scalar(wanted) or 0)


def list_access(
    session: Session,
    *,
    who: str | None = None,
    what: What | None = None,
    outcome: Outcome | None = None,
    since: datetime | None = None,
    before_id: int | None = None,
    limit: int = 100,
) -> tuple[AccessEntry, ...]:
    """Give rows, the newest first; ``before_id`` for the next page."""
    wanted = select(access_log).order_by(access_log.c.id.desc()).limit(limit)
    for column, value in ((access_log.c.who, who), (access_log.c.what, what), (access_log.c.outcome, outcome)):
        if value is not None:
            wanted = wanted.where(column == str(value))
    if since is not None:
        wanted = wanted.where(access_log.c.at >= since)
    if before_id is not None:
        wanted = wanted.where(access_log.c.id < before_id)
    return tuple(_entry(row) for row in session.connection().execute(wanted))


def export_access(session: Session, since: datetime | None = None) -> Iterator[AccessEntry]:
    """Give every row, the oldest first, a few hundred at a time."""
    after = 0
    while True:
        wanted = select(access_log).where(access_log.c.id > after).order_by(access_log.c.id).limit(_AT_A_TIME)
        if since is not None:
            wanted = wanted.where(access_log.c.at >= since)
        rows = session.connection().execute(wanted).all()
        yield from map(_entry, rows)
        if len(rows) < _AT_A_TIME:
            return
        after = rows[-1].id


def _entry(row: Any) -> AccessEntry:
    id_, at, who, what, about, outcome = row
    return AccessEntry(id_, at, who, What(what), about, Outcome(outcome))
