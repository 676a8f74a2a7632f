"""An administrator keeps accounts, sessions and keys in order, from a page.

Besides the right itself three rules hold, which the command line does not need, for its user can open the database:
nobody takes away the last administrator, nobody changes their own account or rights, and nobody makes a key in the
name of somebody who signs in themselves. Decision: ``docs/adr/0024-what-an-administrator-cannot-do.md``.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlmodel import Session

from regie.actions.context import Context
from regie.actions.sign_in import LINK_PATH, is_loopback, random_secret, sign_out_account
from regie.core.permissions import EVERY_TRAJECT, Actor, Permission, Right, Role, Scope, require
from regie.errors import Conflict, Refused
from regie.settings import Settings
from regie.store.access_log import What, note_access
from regie.store.accounts import (
    Account,
    add_account,
    add_token,
    disable_account,
    enable_account,
    get_account,
    give_right,
    list_accounts,
    list_tokens,
    lock_accounts,
    revoke_token,
    take_right,
)
from regie.store.session import in_transaction
from regie.store.sessions import Chance, end_sessions
from regie.store.sign_in import make_link
from regie.store.tables import AccountKind

MOST_DAYS = 365
NUMBER_LENGTH = 12
"""Of the number by which people call a session."""
_ALL = Right(Role.ADMINISTRATOR, EVERY_TRAJECT)


def seen_account(found: Account) -> list[str]:
    """What a page shows of an account that it can change, to compare later."""
    rights = [f"{each.role.value} {each.traject_id}" for each in sorted(found.rights)]
    return [*rights, "disabled" if found.disabled_at else "open"]


def seen_tokens(tokens: Collection[int]) -> list[str]:
    """Which keys there are, as a page shows them: who loads the answer again makes no second one."""
    return [str(each) for each in sorted(tokens)]


def open_account(context: Context, actor: Actor, *, name: str, email: str, language: str, now: datetime) -> int:
    """Make an account without any right and without a password; give its number.

    Raises:
        Refused: ``not-allowed``, and what ``add_account`` refuses.
    """
    require(actor, Permission.MANAGE_ACCOUNTS)
    return in_transaction(
        context.engine,
        lambda session: add_account(session, name=name, email=email, language=language, by=actor.name, now=now),
    )


def change_right(
    context: Context, actor: Actor, account_id: int, right: Right, *, give: bool, seen: Collection[str], now: datetime
) -> bool:
    """Give or take a right; say whether that changed anything.

    Raises:
        Refused: ``not-allowed``, ``own-account``, ``last-administrator``, ``role-not-for-accounts``.
        NotFound: ``unknown-account``, ``unknown-traject``.
        Conflict: ``seen-changed``.
    """

    def work(session: Session) -> bool:
        _find(session, actor, account_id, seen)
        change = give_right if give else take_right
        done = change(session, account_id, right, actor.name, now)
        if not give and right == _ALL:
            _check_somebody_is_left(session)
        return done

    return in_transaction(context.engine, work)


def close_account(context: Context, actor: Actor, account_id: int, seen: Collection[str], now: datetime) -> int:
    """Let an account in no more; give how many sessions ended. Errors as ``change_right``."""

    def work(session: Session) -> int:
        _find(session, actor, account_id, seen)
        ended = disable_account(session, account_id, actor.name, now)
        _check_somebody_is_left(session)
        return ended

    return in_transaction(context.engine, work)


def reopen_account(context: Context, actor: Actor, account_id: int, seen: Collection[str], now: datetime) -> None:
    """Let an account in again, also when it is locked by wrong passwords. Errors as ``change_right``."""

    def work(session: Session) -> None:
        _find(session, actor, account_id, seen)
        enable_account(session, account_id, actor.name, now)

    in_transaction(context.engine, work)


def can_link(settings: Settings) -> bool:
    """Whether this is a Regie that nobody else can reach, in which links that sign in once are made."""
    return settings.oidc_discovery_url is None and is_loopback(settings.base_url)


def link_for(
    context: Context,
    settings: Settings,
    actor: Actor,
    account_id: int,
    now: datetime,
    chance: Chance = random_secret,
) -> str:
    """Give an address that signs a local account in, once, within ten minutes; on a Regie that nobody else can reach.

    Raises:
        Refused: ``not-allowed``, ``own-account``, ``owner-link-refused``, ``account-not-local``, ``account-closed``.
        NotFound: ``unknown-account``.
    """
    require(actor, Permission.MANAGE_ACCOUNTS)
    if not can_link(settings):
        raise Refused(
            "a one-time link is only for a Regie that nobody else can reach",
            code="owner-link-refused",
            hint="make a local account: regie account add",
            problem="provider" if settings.oidc_discovery_url is not None else "reachable",
        )

    def work(session: Session) -> str:
        found = _find(session, actor, account_id, None)
        if found.kind is not AccountKind.LOCAL:
            raise Refused("this account signs in with the provider", code="account-not-local")
        if found.disabled_at is not None:
            raise Refused("this account is closed", code="account-closed", hint="open it first")
        return make_link(session, account_id, actor.name, now, chance)

    return f"{settings.base_url}{LINK_PATH}/{in_transaction(context.engine, work)}"


# --- sessions ------------------------------------------------------------------------------------------


def end_for(context: Context, actor: Actor, who: str, number: str, now: datetime) -> int:
    """End the sessions of somebody, all or the one with this number; give how many ended.

    Args:
        who: ``account:3`` or ``person:p4``.
        number: empty for all.

    Raises:
        Refused: ``not-allowed``.
    """
    require(actor, Permission.MANAGE_ACCOUNTS)
    return _end(context, actor.name, who, number, now)


def end_own(context: Context, actor: Actor, number: str, now: datetime) -> int:
    """End a session of one's own; give how many ended. Somebody else's number ends nothing."""
    return _end(context, actor.name, actor.name, number, now) if number else 0


def _end(context: Context, by: str, who: str, number: str, now: datetime) -> int:
    kind, _, own = who.partition(":")
    if number and len(number) != NUMBER_LENGTH:
        return 0

    def work(session: Session) -> int:
        if kind == "account" and own.isascii() and own.isdigit():
            return sign_out_account(session, int(own[:15]), by, now, number=number or None)
        ended = end_sessions(session, now, person_id=own, number=number or None)
        if ended:
            note_access(session, by, What.SESSIONS_ENDED, now, about=f"person:{own} sessions:{ended}")
        return ended

    return in_transaction(context.engine, work)


# --- keys ----------------------------------------------------------------------------------------------


def make_token(
    context: Context,
    actor: Actor,
    *,
    account_id: int,
    name: str,
    scopes: Collection[Scope],
    days: int,
    seen: Collection[str],
    now: datetime,
    chance: Chance = random_secret,
) -> tuple[int, str]:
    """Make a key to the API, for oneself or for the account of a program; give its number and the key.

    Args:
        seen: the keys that there were; a second press makes no second key.

    Raises:
        Refused: ``not-allowed``, ``token-for-other``, ``account-closed``, and what ``add_token`` refuses.
        NotFound: ``unknown-account``.
        Conflict: ``seen-changed``.
    """
    require(actor, Permission.MANAGE_TOKENS)

    def work(session: Session) -> tuple[int, str]:
        lock_accounts(session)
        if seen_tokens([each.id for each in list_tokens(session)]) != list(seen):
            raise _changed()
        found = get_account(session, account_id)
        if found.disabled_at is not None:
            raise Refused("this account is closed", code="account-closed", hint="open it first")
        if not may_have_token(actor, found):
            raise Refused("somebody signs in with this account", code="token-for-other", hint="make one for a program")
        return add_token(
            session,
            account_id=account_id,
            name=name,
            scopes=scopes,
            expires_at=now + timedelta(days=days),
            by=actor.name,
            now=now,
            chance=chance,
        )

    return in_transaction(context.engine, work)


def may_have_token(actor: Actor, found: Account) -> bool:
    """Whether somebody may make a key for an account: their own, or one that nobody signs in with."""
    return found.who == actor.name or (found.kind is AccountKind.LOCAL and not found.has_password)


def end_token(context: Context, actor: Actor, number: int, now: datetime) -> bool:
    """End a key at once; say whether it was still open.

    Raises:
        Refused: ``not-allowed``.
        NotFound: ``unknown-token``.
    """
    require(actor, Permission.MANAGE_TOKENS)
    return in_transaction(context.engine, lambda session: revoke_token(session, number, actor.name, now))


# --- inside --------------------------------------------------------------------------------------------


def _find(session: Session, actor: Actor, account_id: int, seen: Collection[str] | None) -> Account:
    """The account as it was seen, when this actor may change it; nobody else changes any until the end."""
    require(actor, Permission.MANAGE_ACCOUNTS)
    lock_accounts(session)
    found = get_account(session, account_id)
    if found.who == actor.name:
        raise Refused("nobody changes their own account", code="own-account", hint="ask another administrator")
    if seen is not None and seen_account(found) != list(seen):
        raise _changed()
    return found


def _check_somebody_is_left(session: Session) -> None:
    if not any(_ALL in each.rights and each.disabled_at is None for each in list_accounts(session)):
        raise Refused(
            "this is the last administrator", code="last-administrator", hint="make somebody else administrator first"
        )


def _changed() -> Conflict:
    return Conflict("somebody else changed this meanwhile", code="seen-changed", hint="look at what it is now")
