"""Accounts of the municipality's own people, their rights, and the keys that they give to programs.

Partners are no accounts: they are people (``store.people``) who get a link or a code.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, case, delete, insert, or_, select, update
from sqlmodel import Session

from regie.core.ids import PersonId
from regie.core.permissions import EVERY_TRAJECT, STAFF_ROLES, Actor, Right, Role, Scope
from regie.errors import NotFound, Refused
from regie.mailbox import check_email
from regie.plain_text import check_plain, without_control
from regie.store.access_log import What, note_access
from regie.store.hashes import ScryptCost, hash_password, hash_token, nobodys_password
from regie.store.locks import Lock, take_lock
from regie.store.sessions import Chance, end_sessions
from regie.store.tables import AccountKind, RightOrigin, account, account_right, api_token, person, traject

SHORTEST_PASSWORD = 15
"""ASVS 5.0 (6.2.1) advises 15 for a password that stands alone."""
LONGEST_PASSWORD = 128

MOST_WRONG = 5
LOCKED_FOR = timedelta(minutes=15)

HERE = "regie"
"""Issuer of accounts that sign in with Regie itself."""

LONGEST_TOKEN_LIFE = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Account:
    id: int
    name: str
    email: str
    kind: AccountKind
    issuer: str
    subject: str
    language: str
    has_password: bool
    locked_until: datetime | None
    disabled_at: datetime | None
    created_at: datetime
    rights: frozenset[Right] = frozenset()

    @property
    def who(self) -> str:
        return f"account:{self.id}"


@dataclass(frozen=True, slots=True)
class ApiToken:
    id: int
    name: str
    scopes: frozenset[Scope]
    account_id: int
    expires_at: datetime
    revoked_at: datetime | None
    last_used_on: date | None


# --- accounts ----------------------------------------------------------------------------------------


def add_account(
    session: Session,
    *,
    name: str,
    by: str,
    now: datetime,
    email: str = "",
    language: str = "nl",
    issuer: str = HERE,
    subject: str = "",
) -> int:
    """Make an account without any right; give its id.

    Args:
        issuer, subject: how a provider calls somebody; without them it is a local account, called by its name.

    Raises:
        Refused: ``name-missing``, ``account-taken``, ``address-invalid``, ``language-unknown``.
    """
    said = " ".join(check_plain(name, "naam").split())
    if not said:
        raise Refused("an account needs a name", code="name-missing")
    if language not in ("nl", "en"):
        raise Refused(
            f"there is no language '{language[:20]}'", code="language-unknown", hint="nl or en", language=language[:20]
        )
    own = subject if issuer != HERE else said.lower()
    take_lock(session, Lock.ACCOUNTS)
    connection = session.connection()
    if _by_subject(connection, issuer, own) is not None:
        raise Refused(f"there is an account '{said}' already", code="account-taken", name=said)
    row = {
        "name": said,
        "email": check_email(email.strip()) if email.strip() else "",
        "kind": (AccountKind.LOCAL if issuer == HERE else AccountKind.OIDC).value,
        "issuer": issuer,
        "subject": own,
        "password": None,
        "language": language,
        "wrong_passwords": 0,
        "locked_until": None,
        "disabled_at": None,
        "created_at": now,
    }
    made: int = connection.execute(insert(account).returning(account.c.id), row).scalar_one()
    note_access(session, by, What.ACCOUNT_ADDED, now, about=f"account:{made}")
    return made


def find_account(session: Session, name: str) -> Account:
    """Find an account by its number, or by the name of a local one, or by a name that only one has.

    Raises:
        NotFound: ``unknown-account``.
    """
    name = without_control(name, 200)
    same_name = account.c.name == name
    wanted = select(account.c.id).where(
        or_(same_name, and_(account.c.issuer == HERE, account.c.subject == name.strip().lower()))
    )
    if name.isascii() and name.isdigit():
        wanted = select(account.c.id).where(account.c.id == int(name[:15]))
    found = list(session.connection().scalars(wanted))
    if len(found) != 1:
        raise NotFound(
            f"no account '{name[:60]}'" if not found else f"several accounts are called '{name[:60]}'",
            code="unknown-account",
            hint="regie account list shows all, with their numbers",
            account=name[:60],
        )
    return get_account(session, found[0])


def get_account(session: Session, account_id: int) -> Account:
    """Give an account with its rights.

    Raises:
        NotFound: ``unknown-account``.
    """
    found = _accounts(session, account.c.id == account_id)
    if not found:
        raise NotFound(
            f"no account '{account_id}'", code="unknown-account", hint="regie account list", account=str(account_id)
        )
    return found[0]


def list_accounts(session: Session) -> tuple[Account, ...]:
    return _accounts(session, account.c.id > 0)


def lock_accounts(session: Session) -> None:
    """Let nobody else change accounts until this transaction ends: for a rule over all of them."""
    session.connection().execute(select(account.c.id).order_by(account.c.id).with_for_update()).all()


def disable_account(session: Session, account_id: int, by: str, now: datetime) -> int:
    """Let an account in no more; end its sessions and tokens at once. Give how many sessions ended."""
    connection = session.connection()
    connection.execute(
        update(account).where(account.c.id == account_id, account.c.disabled_at.is_(None)).values(disabled_at=now)
    )
    connection.execute(
        update(api_token)
        .where(api_token.c.account_id == account_id, api_token.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    ended = end_sessions(session, now, account_id=account_id)
    note_access(session, by, What.ACCOUNT_DISABLED, now, about=f"account:{account_id} sessions:{ended}")
    return ended


def enable_account(session: Session, account_id: int, by: str, now: datetime) -> None:
    """Let an account in again. Sessions and tokens that ended stay ended."""
    session.connection().execute(
        update(account).where(account.c.id == account_id).values(disabled_at=None, wrong_passwords=0, locked_until=None)
    )
    note_access(session, by, What.ACCOUNT_ENABLED, now, about=f"account:{account_id}")


def set_password(
    session: Session,
    account_id: int,
    password: str,
    salt: bytes,
    by: str,
    now: datetime,
    cost: ScryptCost | None = None,
) -> None:
    """Give a local account a password, and end the sessions that it had.

    Raises:
        Refused: ``password-too-short``, ``password-too-long``, ``account-not-local``.
    """
    check_password_form(password)
    if get_account(session, account_id).kind is not AccountKind.LOCAL:
        raise Refused(
            "this account signs in with the provider of the municipality",
            code="account-not-local",
            hint="make a local account for emergencies",
        )
    session.connection().execute(
        update(account)
        .where(account.c.id == account_id)
        .values(password=hash_password(password, salt, cost or ScryptCost()), wrong_passwords=0, locked_until=None)
    )
    end_sessions(session, now, account_id=account_id)
    note_access(session, by, What.PASSWORD_SET, now, about=f"account:{account_id}")


def check_password_form(password: str) -> None:
    """Refuse a password that is too short or too long; any signs will do.

    Raises:
        Refused: ``password-too-short``, ``password-too-long``.
    """
    if len(password) < SHORTEST_PASSWORD:
        raise Refused(
            f"a password needs at least {SHORTEST_PASSWORD} characters",
            code="password-too-short",
            hint="a sentence of four words or more",
            least=SHORTEST_PASSWORD,
        )
    if len(password) > LONGEST_PASSWORD:
        raise Refused(
            f"a password has at most {LONGEST_PASSWORD} characters", code="password-too-long", most=LONGEST_PASSWORD
        )


# --- rights ------------------------------------------------------------------------------------------


def give_right(session: Session, account_id: int, right: Right, by: str, now: datetime) -> bool:
    """Give an account a role by hand; say whether that is new.

    Raises:
        Refused: ``role-not-for-accounts``.
        NotFound: ``unknown-account``, ``unknown-traject``.
    """
    if right.role not in STAFF_ROLES:
        raise Refused(
            f"'{right.role.value}' is no role of an account", code="role-not-for-accounts", role_name=right.role.value
        )
    held = get_account(session, account_id)
    connection = session.connection()
    if right.traject_id != EVERY_TRAJECT and (
        connection.scalar(select(traject.c.id).where(traject.c.id == right.traject_id)) is None
    ):
        raise NotFound(f"no traject {right.traject_id}", code="unknown-traject", traject=str(right.traject_id))
    if right in _rights(connection, [held.id], RightOrigin.HAND).get(held.id, frozenset()):
        return False
    connection.execute(insert(account_right), _right_row(account_id, right, RightOrigin.HAND))
    note_access(session, by, What.RIGHT_GIVEN, now, about=_about(account_id, right))
    return True


def take_right(session: Session, account_id: int, right: Right, by: str, now: datetime) -> bool:
    """Take a role that was given by hand; say whether there was one. One that a group gives stays until the group goes."""
    done = session.connection().execute(
        delete(account_right).where(*_is_right(account_id, right), account_right.c.origin == RightOrigin.HAND.value)
    )
    if done.rowcount:
        note_access(session, by, What.RIGHT_TAKEN, now, about=_about(account_id, right))
    return bool(done.rowcount)


def sign_in_from_provider(
    session: Session,
    *,
    issuer: str,
    subject: str,
    name: str,
    email: str,
    rights: Collection[Right],
    now: datetime,
    language: str = "nl",
    makes_new: bool = True,
) -> int | None:
    """Bring an account up to date with what the provider says at this sign-in, and make it at the first one.

    Rights from groups become exactly ``rights``; those given by hand stay. Who lost a right is signed out elsewhere.

    Args:
        makes_new: without it only who has an account already comes in.

    Returns:
        The account's id; None when it is disabled, or has no right at all: nobody gets in by existing.
    """
    take_lock(session, Lock.ACCOUNTS)  # the same person may sign in from two browsers at once
    connection = session.connection()
    called = " ".join(without_control(name, 200).split()) or subject
    address = _address_or_none(email)
    known = _by_subject(connection, issuer, subject)
    if known is None:
        if not rights or not makes_new:
            return None
        own = add_account(
            session, name=called, email=address, by="oidc", now=now, issuer=issuer, subject=subject,
            language=language,
        )  # fmt: skip
    else:
        own = known
        connection.execute(update(account).where(account.c.id == own).values(name=called, email=address))
    before = _rights(connection, [own], RightOrigin.GROUP).get(own, frozenset())
    for gone in sorted(before - set(rights)):
        connection.execute(
            delete(account_right).where(*_is_right(own, gone), account_right.c.origin == RightOrigin.GROUP.value)
        )
        note_access(session, "oidc", What.RIGHT_TAKEN, now, about=_about(own, gone))
    for new in sorted(set(rights) - before):
        connection.execute(insert(account_right), _right_row(own, new, RightOrigin.GROUP))
        note_access(session, "oidc", What.RIGHT_GIVEN, now, about=_about(own, new))
    held = get_account(session, own)
    may_enter = held.disabled_at is None and bool(held.rights)
    if not may_enter or before - set(rights):
        ended = end_sessions(session, now, account_id=own)
        if ended:
            note_access(session, "oidc", What.SESSIONS_ENDED, now, about=f"account:{own} sessions:{ended}")
    return own if may_enter else None


def find_by_subject(session: Session, issuer: str, subject: str) -> Account | None:
    """Give the account of somebody as a provider calls them; None when they have none."""
    found = _accounts(session, and_(account.c.issuer == issuer, account.c.subject == subject))
    return found[0] if found else None


# --- actors ------------------------------------------------------------------------------------------


def account_actor(session: Session, account_id: int) -> Actor:
    """Give an account as the one who acts; of one that is disabled without rights."""
    held = get_account(session, account_id)
    rights = held.rights if held.disabled_at is None else frozenset()
    return Actor(held.who, rights, language=held.language)


def person_actor(session: Session, person_id: PersonId) -> Actor:
    """Give a partner who signed in with a code as the one who acts: for themselves and for their organisation.

    Raises:
        NotFound: ``unknown-person``; also of somebody who was erased.
    """
    connection = session.connection()
    found = connection.execute(
        select(person.c.organisation_id, person.c.language).where(
            person.c.id == person_id, person.c.erased_at.is_(None)
        )
    ).first()
    if found is None:
        raise NotFound(f"no person '{person_id[:60]}'", code="unknown-person", person=person_id[:60])
    people = {person_id}
    if found.organisation_id is not None:
        people |= {
            PersonId(each)
            for each in connection.scalars(
                select(person.c.id).where(
                    person.c.organisation_id == found.organisation_id, person.c.erased_at.is_(None)
                )
            )
        }
    return Actor(f"person:{person_id}", people=frozenset(people), language=found.language)


# --- tokens ------------------------------------------------------------------------------------------


def add_token(
    session: Session,
    *,
    account_id: int,
    name: str,
    scopes: Collection[Scope],
    expires_at: datetime,
    by: str,
    now: datetime,
    chance: Chance,
) -> tuple[int, str]:
    """Make a key to the API; give its number and the key itself, which is nowhere else.

    Raises:
        Refused: ``name-missing``, ``scopes-missing``, ``expiry-wrong``.
        NotFound: ``unknown-account``.
    """
    said = " ".join(check_plain(name, "naam").split())
    if not said:
        raise Refused("a token needs a name", code="name-missing")
    if not scopes:
        raise Refused("a token needs a scope", code="scopes-missing", options=[each.value for each in Scope])
    if not now < expires_at <= now + LONGEST_TOKEN_LIFE:
        raise Refused(
            f"a token lasts from a day to {LONGEST_TOKEN_LIFE.days} days",
            code="expiry-wrong",
            most=LONGEST_TOKEN_LIFE.days,
        )
    get_account(session, account_id)
    key = f"regie_{chance()}"
    row = {
        "token_hash": hash_token(key),
        "name": said,
        "scopes": " ".join(sorted(scopes)),
        "account_id": account_id,
        "created_at": now,
        "expires_at": expires_at,
        "revoked_at": None,
        "last_used_on": None,
    }
    made: int = session.connection().execute(insert(api_token).returning(api_token.c.id), row).scalar_one()
    note_access(session, by, What.TOKEN_ADDED, now, about=f"token:{made} account:{account_id}")
    return made, key


def token_actor(session: Session, key: str, now: datetime) -> Actor | None:
    """Give who acts with a key; None when it is unknown, expired or revoked, or its account was disabled.

    Notes the day of use, at the first use of that day.
    """
    connection = session.connection()
    wanted = (
        select(api_token)
        .join(account, account.c.id == api_token.c.account_id)
        .where(
            api_token.c.token_hash == hash_token(key),
            api_token.c.revoked_at.is_(None),
            api_token.c.expires_at > now,
            account.c.disabled_at.is_(None),
        )
    )
    row = connection.execute(wanted).first()
    if row is None:
        return None
    if row.last_used_on != now.date():
        connection.execute(update(api_token).where(api_token.c.id == row.id).values(last_used_on=now.date()))
        note_access(session, f"token:{row.id}", What.TOKEN_USED, now, about=f"account:{row.account_id}")
    held = get_account(session, row.account_id)
    return Actor(f"token:{row.id}", held.rights, scopes=_scopes(row.scopes), language=held.language)


@dataclass(frozen=True, slots=True)
class FoundToken:
    """What a key to the API is worth.

    Args:
        id: 0 when there is no such key.
        actor: who acts with it; None when it does not work.
        trouble: why it does not work, for the access log: ``unknown``, ``revoked``, ``expired`` or ``disabled``.
    """

    id: int
    actor: Actor | None
    last_used_on: date | None = None
    trouble: str = ""


def find_token(session: Session, key: str, now: datetime) -> FoundToken:
    """Look a key up, and write nothing; ``token_actor`` notes that it is used."""
    connection = session.connection()
    wanted = (
        select(api_token, account.c.disabled_at)
        .join(account, account.c.id == api_token.c.account_id)
        .where(api_token.c.token_hash == hash_token(key))
    )
    row = connection.execute(wanted).first()
    if row is None:
        return FoundToken(0, None, trouble="unknown")
    ends = {
        "revoked": row.revoked_at is not None,
        "expired": row.expires_at <= now,
        "disabled": row.disabled_at is not None,
    }
    trouble = next((why for why, holds in ends.items() if holds), "")
    if trouble:
        return FoundToken(row.id, None, row.last_used_on, trouble)
    held = get_account(session, row.account_id)
    actor = Actor(f"token:{row.id}", held.rights, scopes=_scopes(row.scopes), language=held.language)
    return FoundToken(row.id, actor, row.last_used_on)


def list_tokens(session: Session, account_id: int | None = None) -> tuple[ApiToken, ...]:
    wanted = select(api_token).order_by(api_token.c.id)
    if account_id is not None:
        wanted = wanted.where(api_token.c.account_id == account_id)
    return tuple(
        ApiToken(
            row.id, row.name, _scopes(row.scopes), row.account_id, row.expires_at, row.revoked_at, row.last_used_on
        )
        for row in session.connection().execute(wanted)
    )


def revoke_token(session: Session, token_id: int, by: str, now: datetime) -> bool:
    """End a key; say whether it was still open.

    Raises:
        NotFound: ``unknown-token``.
    """
    connection = session.connection()
    if connection.scalar(select(api_token.c.id).where(api_token.c.id == token_id)) is None:
        raise NotFound(f"no token {token_id}", code="unknown-token", hint="regie token list", number=token_id)
    done = connection.execute(
        update(api_token).where(api_token.c.id == token_id, api_token.c.revoked_at.is_(None)).values(revoked_at=now)
    )
    if done.rowcount:
        note_access(session, by, What.TOKEN_REVOKED, now, about=f"token:{token_id}")
    return bool(done.rowcount)


# --- passwords, in two transactions with the work between them -----------------------------------------


@dataclass(frozen=True, slots=True)
class PasswordTry:
    """A password that is about to be tried. ``account_id`` 0: nobody is called so. ``kept``: what to compare with."""

    account_id: int
    kept: str
    is_open: bool


def begin_password(session: Session, name: str, now: datetime, cost: ScryptCost | None = None) -> PasswordTry:
    """Count an attempt before it is judged, so that many at once cannot have more than their number.

    Known, unknown, locked and disabled take the same statements, and afterwards the same work.
    """
    connection = session.connection()
    nobody = nobodys_password(cost or ScryptCost())
    row = connection.execute(
        select(account.c.id, account.c.password, account.c.disabled_at, account.c.locked_until)
        .where(account.c.issuer == HERE, account.c.subject == without_control(name.strip().lower(), 200))
        .with_for_update()
    ).first()
    own = row.id if row is not None else 0
    is_open = (
        row is not None
        and row.password is not None
        and row.disabled_at is None
        and (row.locked_until is None or row.locked_until <= now)
    )
    counted = case((account.c.locked_until.is_not(None), 1), else_=account.c.wrong_passwords + 1)
    connection.execute(
        update(account)
        .where(account.c.id == (own if is_open else 0))
        .values(
            wrong_passwords=counted,
            locked_until=case((counted >= MOST_WRONG, now + LOCKED_FOR), else_=None),
        )
    )
    return PasswordTry(own, row.password if row is not None and row.password is not None else nobody, is_open)


def end_password(session: Session, tried: PasswordTry) -> bool:
    """Forget the wrong ones after a good password; False when the account changed while it was judged."""
    done = session.connection().execute(
        update(account)
        .where(
            account.c.id == tried.account_id,
            account.c.password == tried.kept,
            account.c.disabled_at.is_(None),
        )
        .values(wrong_passwords=0, locked_until=None)
    )
    return done.rowcount == 1


# --- rows --------------------------------------------------------------------------------------------


def _accounts(session: Session, which: ColumnElement[bool]) -> tuple[Account, ...]:
    connection = session.connection()
    rows = connection.execute(select(account).where(which).order_by(account.c.id)).all()
    rights = _rights(connection, [row.id for row in rows])
    return tuple(
        Account(
            row.id,
            row.name,
            row.email,
            AccountKind(row.kind),
            row.issuer,
            row.subject,
            row.language,
            row.password is not None,
            row.locked_until,
            row.disabled_at,
            row.created_at,
            rights.get(row.id, frozenset()),
        )
        for row in rows
    )


def _by_subject(connection: Connection, issuer: str, subject: str) -> int | None:
    found: int | None = connection.scalar(
        select(account.c.id).where(account.c.issuer == issuer, account.c.subject == subject)
    )
    return found


def _rights(
    connection: Connection, accounts: Iterable[int], origin: RightOrigin | None = None
) -> dict[int, frozenset[Right]]:
    wanted = select(account_right).where(account_right.c.account_id.in_(list(accounts)))
    if origin is not None:
        wanted = wanted.where(account_right.c.origin == origin.value)
    found: dict[int, set[Right]] = {}
    for row in connection.execute(wanted):
        found.setdefault(row.account_id, set()).add(Right(Role(row.role), row.traject_id))
    return {each: frozenset(rights) for each, rights in found.items()}


def _address_or_none(email: str) -> str:
    """A provider may send anything; what is no address is left out, and nobody is kept out for it."""
    try:
        return check_email(email.strip())
    except Refused:
        return ""


def _right_row(account_id: int, right: Right, origin: RightOrigin) -> dict[str, object]:
    return {
        "account_id": account_id,
        "role": right.role.value,
        "traject_id": right.traject_id,
        "origin": origin.value,
    }


def _is_right(account_id: int, right: Right) -> tuple[ColumnElement[bool], ...]:
    return (
        account_right.c.account_id == account_id,
        account_right.c.role == right.role.value,
        account_right.c.traject_id == right.traject_id,
    )


def _about(account_id: int, right: Right) -> str:
    return f"account:{account_id} {right.role.value} {right.traject_id or 'all'}"


def _scopes(text: str) -> frozenset[Scope]:
    return frozenset(map(Scope, text.split()))
