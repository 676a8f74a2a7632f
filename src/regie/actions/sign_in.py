"""Sign in and out: by a code, by the owner's link, by a password. One refusal for every reason.

The session that comes out is a new one each time; a page puts its id in a cookie, and it is kept nowhere else.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlmodel import Session

from regie.actions.context import Context
from regie.core.permissions import Actor, Right, Role
from regie.errors import NotFound, Refused
from regie.settings import Settings
from regie.store.access_log import NOBODY, Outcome, What, count_access, note_access
from regie.store.accounts import (
    LONGEST_PASSWORD,
    account_actor,
    add_account,
    begin_password,
    end_password,
    find_account,
    give_right,
    person_actor,
)
from regie.store.hashes import ScryptCost, check_password, keyed_digest
from regie.store.session import in_transaction, read_scope
from regie.store.sessions import Chance, Limits, SignedIn, end_session, end_sessions, find_session, open_session, touch
from regie.store.sign_in import ask_code, make_link, use_code, use_link

OWNER = "eigenaar"
LINK_PATH = "/aanmelden/eenmalig"
PASSWORDS_PER_MINUTE = 30
"""Wrong passwords for all accounts together, after which nobody's is judged: each costs much memory and time."""


TRIES_PER_CLIENT = 60
"""Codes asked and typed, links and passwords together in ten minutes: a whole office may share one address."""
CLIENT_WINDOW = timedelta(minutes=10)


def random_secret() -> str:
    """A text that nobody can guess: 256 random bits, fit for a cookie and an address."""
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is signed in, and as what they act."""

    session: SignedIn
    actor: Actor


def limits_of(settings: Settings) -> Limits:
    return Limits(timedelta(minutes=settings.session_idle_minutes), timedelta(hours=settings.session_hours))


def who_is(context: Context, session_id: str, now: datetime, limits: Limits) -> Visitor | None:
    """Give who a session is of, and note that it is in use; None when nobody is signed in with it."""
    with read_scope(context.engine) as session:
        found = find_session(session, session_id, now, limits)
        if found is None:
            return None
        if found.account_id is not None:
            actor = account_actor(session, found.account_id)
        else:
            assert found.person_id is not None  # the table holds one of the two
            actor = person_actor(session, found.person_id)
    if now - found.seen_at >= timedelta(minutes=1):
        in_transaction(context.engine, lambda writing: touch(writing, session_id, now, limits))
    return Visitor(found, actor)


def admit(context: Context, client: str, now: datetime) -> None:
    """Count one try to sign in from a network address. Counted in the database: several processes may serve the pages.

    The address itself is not kept, but a keyed digest of it; of IPv6 that of the network, for one customer has as many
    addresses as they like.

    Raises:
        Refused: ``too-many-tries``.
    """
    about = f"client:{keyed_digest(context.audit_key, 'client', _network(client))[:16]}"

    def count(session: Session) -> bool:
        tried = count_access(session, What.SIGN_IN_TRIED, now - CLIENT_WINDOW, about=about)
        if tried <= TRIES_PER_CLIENT:  # the first that is refused is written down; a flood of others is not
            outcome = Outcome.OK if tried < TRIES_PER_CLIENT else Outcome.REFUSED
            note_access(session, NOBODY, What.SIGN_IN_TRIED, now, about=about, outcome=outcome)
        return tried < TRIES_PER_CLIENT

    if not in_transaction(context.engine, count):
        raise Refused("too many tries to sign in from here", code="too-many-tries", hint="wait ten minutes")


def request_code(context: Context, address: str, browser: str, now: datetime, chance: Chance = random_secret) -> None:
    """Send a sign-in code, when a partner has this address. Says nothing about whether one has."""
    in_transaction(context.engine, lambda session: ask_code(session, address, browser, context.audit_key, now, chance))


def sign_in_with_code(
    context: Context, code: str, browser: str, now: datetime, chance: Chance = random_secret, *, replaces: str = ""
) -> str:
    """Sign a partner in; give the id of the session.

    Raises:
        Refused: ``sign-in-refused``.
    """

    def enter(session: Session) -> str | None:
        person = use_code(session, code, browser, context.audit_key, now)
        return None if person is None else open_session(session, now, chance, person_id=person, replaces=replaces)

    return _entered(in_transaction(context.engine, enter))


def sign_in_with_link(
    context: Context, token: str, now: datetime, chance: Chance = random_secret, *, replaces: str = ""
) -> str:
    """Sign the owner in; give the id of the session.

    Raises:
        Refused: ``sign-in-refused``.
    """

    def enter(session: Session) -> str | None:
        account = use_link(session, token, now)
        return None if account is None else open_session(session, now, chance, account_id=account, replaces=replaces)

    return _entered(in_transaction(context.engine, enter))


def sign_in_with_password(
    context: Context,
    name: str,
    password: str,
    now: datetime,
    chance: Chance = random_secret,
    *,
    replaces: str = "",
    cost: ScryptCost | None = None,
) -> str:
    """Sign a local account in; give the id of the session.

    The hash is computed between two transactions: it takes a third of a second, and nobody should wait for it.

    Raises:
        Refused: ``sign-in-refused``; ``too-many-passwords``, before anything is looked up.
    """
    with read_scope(context.engine) as session:
        recent = count_access(session, What.SIGN_IN_PASSWORD, now - timedelta(minutes=1))
    if recent >= PASSWORDS_PER_MINUTE:
        raise Refused("too many passwords were tried", code="too-many-passwords", hint="wait a minute")
    tried = in_transaction(context.engine, lambda session: begin_password(session, name, now, cost))
    is_right = check_password(password[: LONGEST_PASSWORD + 1], tried.kept)

    def enter(session: Session) -> str | None:
        if tried.is_open and is_right and end_password(session, tried):
            note_access(session, f"account:{tried.account_id}", What.SIGN_IN_PASSWORD, now)
            return open_session(session, now, chance, account_id=tried.account_id, replaces=replaces)
        who = f"account:{tried.account_id}" if tried.account_id else NOBODY
        reason = "wrong" if tried.is_open else "closed"
        note_access(session, who, What.SIGN_IN_PASSWORD, now, about=reason, outcome=Outcome.REFUSED)
        return None

    return _entered(in_transaction(context.engine, enter))


def sign_out(context: Context, session_id: str, now: datetime, who: str) -> None:
    def leave(session: Session) -> None:
        if end_session(session, session_id, now):
            note_access(session, who, What.SIGN_OUT, now)

    in_transaction(context.engine, leave)


def sign_out_account(session: Session, account_id: int, by: str, now: datetime, *, number: str | None = None) -> int:
    """End the sessions of an account, all or the one with this number; give how many ended."""
    ended = end_sessions(session, now, account_id=account_id, number=number)
    note_access(session, by, What.SESSIONS_ENDED, now, about=f"account:{account_id} sessions:{ended}")
    return ended


def owner_link(
    context: Context, settings: Settings, by: str, now: datetime, chance: Callable[[], str] = random_secret
) -> str:
    """Give an address with which whoever runs Regie on this computer signs in, once, within ten minutes.

    The account is made at the first time, and is administrator and lead of every traject.

    Raises:
        Refused: ``owner-link-refused``: a provider is set, or others can reach this Regie.
    """
    if settings.oidc_discovery_url is not None or not is_loopback(settings.base_url):
        problem = "provider" if settings.oidc_discovery_url is not None else "reachable"
        raise Refused(
            "a one-time link is only for a Regie that nobody else can reach",
            code="owner-link-refused",
            hint="make a local account: regie account add",
            problem=problem,
        )

    def make(session: Session) -> str:
        try:
            owner = find_account(session, OWNER).id
        except NotFound:
            owner = add_account(session, name=OWNER, by=by, now=now, language=settings.language)
            for role in (Role.ADMINISTRATOR, Role.LEAD):
                give_right(session, owner, Right(role), by, now)
        return make_link(session, owner, by, now, chance)

    return f"{settings.base_url}{LINK_PATH}/{in_transaction(context.engine, make)}"


def is_loopback(address: str) -> bool:
    """Say whether an address leads to this computer only."""
    host = urlsplit(address).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _network(client: str) -> str:
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client[:100]
    if isinstance(address, ipaddress.IPv6Address):
        return str(address.ipv4_mapped or ipaddress.ip_network((int(address), 64), strict=False))
    return str(address)


def _entered(session_id: str | None) -> str:
    if session_id is None:
        raise Refused("this does not sign in", code="sign-in-refused", hint="try again, or ask for a new code")
    return session_id
