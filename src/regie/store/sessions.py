"""Who is signed in: sessions of accounts and of partners, each with an idle and an absolute end.

The id of a session is known to its browser only; here stands its hash. Source: OWASP ASVS 5.0, 7.2-7.4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, or_, select, update
from sqlmodel import Session

from regie.core.ids import PersonId
from regie.store.hashes import hash_token
from regie.store.tables import account, person, signed_in

Chance = Callable[[], str]
"""Gives a new text of at least 256 random bits, as ``secrets.token_urlsafe`` does."""

TOUCH_EVERY = timedelta(minutes=1)
"""As often is it noted that a session is in use; more would cost a write per page."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a session lasts: without use, and at all."""

    idle: timedelta = timedelta(minutes=30)
    absolute: timedelta = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Whose session it is: an account's or a person's. ``number`` names it to people; it opens nothing."""

    number: str
    account_id: int | None
    person_id: PersonId | None
    created_at: datetime
    seen_at: datetime
    name: str = ""
    """What they are called; only of a session that was looked up."""

    @property
    def who(self) -> str:
        return f"account:{self.account_id}" if self.account_id is not None else f"person:{self.person_id}"


def open_session(
    session: Session,
    now: datetime,
    chance: Chance,
    *,
    account_id: int | None = None,
    person_id: str | None = None,
    replaces: str = "",
) -> str:
    """Sign somebody in; give the new id, which is nowhere else.

    Args:
        replaces: the id that the browser had until now; it ends, whoever's it was.
    """
    if replaces:
        end_session(session, replaces, now)
    own = chance()
    row = {
        "id_hash": hash_token(own),
        "account_id": account_id,
        "person_id": person_id,
        "created_at": now,
        "seen_at": now,
        "revoked_at": None,
    }
    session.connection().execute(insert(signed_in), row)
    return own


def find_session(session: Session, session_id: str, now: datetime, limits: Limits) -> SignedIn | None:
    """Give whose session an id is; None when it ended, or its account was disabled or its person erased."""
    wanted = (
        select(signed_in, func.coalesce(account.c.name, person.c.name).label("called"))
        .outerjoin(account, account.c.id == signed_in.c.account_id)
        .outerjoin(person, person.c.id == signed_in.c.person_id)
        .where(
            signed_in.c.id_hash == hash_token(session_id),
            signed_in.c.revoked_at.is_(None),
            signed_in.c.seen_at > now - limits.idle,
            signed_in.c.created_at > now - limits.absolute,
            account.c.disabled_at.is_(None),
            person.c.erased_at.is_(None),
        )
    )
    row = session.connection().execute(wanted).first()
    return None if row is None else replace(_signed_in(row), name=row.called)


def touch(session: Session, session_id: str, now: datetime, limits: Limits) -> bool:
    """Note that a session is in use, at most once a minute, and never of one that ended; say whether that was written."""
    changed = session.connection().execute(
        update(signed_in)
        .where(
            signed_in.c.id_hash == hash_token(session_id),
            signed_in.c.revoked_at.is_(None),
            signed_in.c.seen_at > now - limits.idle,
            signed_in.c.seen_at <= now - TOUCH_EVERY,
        )
        .values(seen_at=now)
    )
    return changed.rowcount == 1


def end_session(session: Session, session_id: str, now: datetime) -> bool:
    """Sign out; say whether there was anything to end."""
    own = signed_in.c.id_hash == hash_token(session_id)
    done = session.connection().execute(
        update(signed_in).where(own, signed_in.c.revoked_at.is_(None)).values(revoked_at=now)
    )
    return done.rowcount == 1


def end_sessions(
    session: Session,
    now: datetime,
    *,
    account_id: int | None = None,
    person_id: str | None = None,
    number: str | None = None,
) -> int:
    """End the sessions of an account or a person, all or the one with this number; give how many ended."""
    whose = signed_in.c.account_id == account_id if account_id is not None else signed_in.c.person_id == person_id
    ending = update(signed_in).where(whose, signed_in.c.revoked_at.is_(None)).values(revoked_at=now)
    if number is not None:
        ending = ending.where(signed_in.c.id_hash.startswith(number, autoescape=True))
    return session.connection().execute(ending).rowcount


def list_sessions(
    session: Session,
    now: datetime,
    limits: Limits,
    *,
    account_id: int | None = None,
    person_id: str | None = None,
) -> tuple[SignedIn, ...]:
    """Give the sessions that are open, the newest first; without account or person everybody's."""
    wanted = (
        select(signed_in)
        .where(
            signed_in.c.revoked_at.is_(None),
            signed_in.c.seen_at > now - limits.idle,
            signed_in.c.created_at > now - limits.absolute,
        )
        .order_by(signed_in.c.created_at.desc(), signed_in.c.id_hash)
    )
    if account_id is not None or person_id is not None:
        wanted = wanted.where(or_(signed_in.c.account_id == account_id, signed_in.c.person_id == person_id))
    return tuple(_signed_in(row) for row in session.connection().execute(wanted))


def _signed_in(row: Any) -> SignedIn:
    id_hash, account_id, person_id, created_at, seen_at, *_ = row
    return SignedIn(
        id_hash[:12], account_id, PersonId(person_id) if person_id is not None else None, created_at, seen_at
    )
