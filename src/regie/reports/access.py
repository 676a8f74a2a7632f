"""Who may come in and who is in: accounts with their rights in words, sessions and keys. Read only, without secrets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from regie.core.permissions import EVERY_TRAJECT, Right, Role
from regie.store.accounts import Account, ApiToken, list_accounts, list_tokens
from regie.store.overview import list_trajects
from regie.store.people import list_people
from regie.store.sessions import Limits, SignedIn, list_sessions


@dataclass(frozen=True, slots=True)
class HeldRight:
    """A right; ``where`` is the title of its traject, and empty for all."""

    right: Right
    where: str

    @property
    def role(self) -> Role:
        return self.right.role


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account, its rights in order, and how many of its sessions are open."""

    account: Account
    rights: tuple[HeldRight, ...]
    sessions: int


@dataclass(frozen=True, slots=True)
class SessionView:
    """An open session. ``name`` is what its owner is called."""

    session: SignedIn
    name: str
    is_staff: bool


@dataclass(frozen=True, slots=True)
class TokenView:
    """A key of the API. ``is_open``: it works now."""

    token: ApiToken
    account: str
    is_open: bool


def traject_titles(session: Session) -> Mapping[int, str]:
    """Give the titles of all trajects by id, those that run first."""
    return {each.id: each.title for each in list_trajects(session)}


def make_accounts(session: Session, now: datetime, limits: Limits) -> tuple[AccountView, ...]:
    """Give every account; a few queries, however many there are."""
    titles = traject_titles(session)
    open_ = [each.account_id for each in list_sessions(session, now, limits)]
    return tuple(
        AccountView(
            each,
            tuple(
                HeldRight(right, "" if right.traject_id == EVERY_TRAJECT else titles.get(right.traject_id, "?"))
                for right in sorted(each.rights)
            ),
            open_.count(each.id),
        )
        for each in list_accounts(session)
    )


def make_sessions(session: Session, now: datetime, limits: Limits, who: str = "") -> tuple[SessionView, ...]:
    """Give the open sessions, the newest first; with ``who`` only those of ``account:3`` or ``person:p4``."""
    found: Sequence[SignedIn] = [each for each in list_sessions(session, now, limits) if not who or each.who == who]
    accounts = {each.who: each.name for each in list_accounts(session)}
    people = {f"person:{each.id}": each.name for each in list_people(session)}
    return tuple(
        SessionView(each, accounts.get(each.who) or people.get(each.who, ""), each.account_id is not None)
        for each in found
    )


def make_tokens(session: Session, now: datetime) -> tuple[TokenView, ...]:
    """Give every key that there ever was, the newest first."""
    names = {each.id: (each.name, each.disabled_at is None) for each in list_accounts(session)}
    return tuple(
        TokenView(
            each,
            names[each.account_id][0],
            each.revoked_at is None and each.expires_at > now and names[each.account_id][1],
        )
        for each in reversed(list_tokens(session))
    )
