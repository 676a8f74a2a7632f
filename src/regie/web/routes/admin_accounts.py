"""Who of the municipality may come in and with which rights, who is in now, and the keys of programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, Path, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from regie.actions.context import Context
from regie.actions.keep_accounts import (
    MOST_DAYS,
    can_link,
    change_right,
    close_account,
    end_for,
    end_own,
    end_token,
    link_for,
    make_token,
    may_have_token,
    open_account,
    reopen_account,
    seen_account,
    seen_tokens,
)
from regie.actions.sign_in import limits_of
from regie.core.permissions import STAFF_ROLES, Actor, Permission, Right, Role, Scope, nothing_here
from regie.errors import Conflict, NotFound, Refused
from regie.reports.access import AccountView, make_accounts, make_sessions, make_tokens, traject_titles
from regie.web.counter import Counter, CounterNow
from regie.web.deps import ContextNow, Now, Reading, ShellNow, SignInNeeded, VisitorNow, needs
from regie.web.language import N_
from regie.web.pages import FormError
from regie.web.routes.admin import read_list
from regie.web.visitor import LANGUAGES

router = APIRouter()

ACCOUNTS, SESSIONS, TOKENS, OWN = "/beheer/accounts", "/beheer/sessies", "/beheer/tokens", "/mijn-sessies"
DAYS = 90
Turn = Callable[[Context, Actor, int, Collection[str], datetime], int | None]

Keeper = Annotated[Actor, needs(Permission.MANAGE_ACCOUNTS)]
KeyKeeper = Annotated[Actor, needs(Permission.MANAGE_TOKENS)]
Number = Annotated[int, Path(ge=1, le=2**53)]
Typed = Annotated[str, Form(max_length=3000)]
Short = Annotated[str, Form(max_length=60)]
Seen = Annotated[str, Form(max_length=200_000)]

ROLES: Mapping[Role, str] = {
    Role.ADMINISTRATOR: N_("Beheerder"),
    Role.LEAD: N_("Projectleider"),
    Role.MEMBER: N_("Projectlid"),
    Role.READER: N_("Lezer"),
}
WHAT_FOR: Mapping[Role, str] = {
    Role.ADMINISTRATOR: N_("houdt partners, accounts en instellingen in orde; beslist niets over stappen"),
    Role.LEAD: N_("alles in een traject, ook datums verzetten, overslaan en starten"),
    Role.MEMBER: N_("stappen starten en afronden, besluiten vastleggen, partners antwoorden"),
    Role.READER: N_("alleen kijken, behalve naar wat vertrouwelijk is"),
}
SCOPES: Mapping[Scope, str] = {
    Scope.READ: N_("Trajecten lezen"),
    Scope.STEPS: N_("Stappen veranderen"),
    Scope.DECISIONS: N_("Besluiten vastleggen"),
    Scope.TRAJECTS: N_("Trajecten starten, verzetten en afsluiten"),
    Scope.PARTNERS: N_("Partners lezen en veranderen"),
    Scope.DEFINITIONS: N_("Stappenplannen en kalenders veranderen"),
    Scope.DELIVERIES: N_("Verzending lezen en herhalen"),
    Scope.AUDIT: N_("Vastlegging lezen"),
}
_EVERYWHERE = N_("Alle trajecten")
_CHOOSE = N_("Kies iets uit de lijst.")
_DAYS_WRONG = N_("Vul een aantal dagen in, van 1 tot en met 365.")


# --- accounts ------------------------------------------------------------------------------------------


@router.get(ACCOUNTS)
def show_accounts(counter: CounterNow, actor: Keeper) -> Response:
    """Everybody of the municipality who has an account, with their rights."""
    rows = make_accounts(counter.session, counter.now, limits_of(counter.shell.settings))
    return counter.render("admin/accounts.html", rows=rows, roles=_roles(counter))


@router.get(f"{ACCOUNTS}/nieuw")
def show_new(counter: CounterNow, actor: Keeper) -> Response:
    """An empty form."""
    return _new(counter, {"naam": "", "email": "", "spreektaal": "nl"})


@router.post(f"{ACCOUNTS}/nieuw")
def add(
    counter: CounterNow,
    actor: Keeper,
    naam: Typed = "",
    email: Typed = "",
    spreektaal: Short = "",
) -> Response:
    """Make an account; it has no right and no password yet."""
    typed = {"naam": naam, "email": email, "spreektaal": spreektaal}
    if spreektaal not in LANGUAGES:
        errors = [FormError("spreektaal", counter.words(_CHOOSE))]
        return _new(counter, typed, errors)
    try:
        own = open_account(counter.context, actor, name=naam, email=email, language=spreektaal, now=counter.now)
    except Refused as error:
        field = "email" if error.code == "address-invalid" else "naam"
        return _new(counter, typed, [counter.wrong(field, error)])
    return RedirectResponse(f"{ACCOUNTS}/{own}?gedaan=gemaakt", 303)


@router.get(ACCOUNTS + "/{number}")
def show_account(counter: CounterNow, actor: Keeper, number: Number, gedaan: str = "") -> Response:
    """One account: rights, sessions, and whether it is open."""
    return _account(counter, number, done=gedaan)


@router.post(ACCOUNTS + "/{number}/rechten")
def give(
    counter: CounterNow,
    actor: Keeper,
    number: Number,
    rol: Short = "",
    waar: Short = "",
    gezien: Seen = "",
) -> Response:
    """Give a right."""
    typed = {"rol": rol, "waar": waar}
    words = counter.words(_CHOOSE)
    errors = [FormError("rol", words)] if rol not in [each.value for each in STAFF_ROLES] else []
    errors += [FormError("waar", words)] if not (waar.isascii() and waar.isdigit()) else []
    if errors:
        return _account(counter, number, errors=errors, typed=typed)
    right = Right(Role(rol), int(waar[:15]))
    try:
        change_right(counter.context, actor, number, right, give=True, seen=read_list(gezien), now=counter.now)
    except (Refused, NotFound, Conflict) as error:
        return _refused(counter, number, error, "rol", typed)
    return RedirectResponse(f"{ACCOUNTS}/{number}?gedaan=recht", 303)


@router.post(ACCOUNTS + "/{number}/rechten/weg")
def take(
    counter: CounterNow,
    actor: Keeper,
    number: Number,
    rol: Short = "",
    waar: Short = "",
    gezien: Seen = "",
) -> Response:
    """Take a right that was given by hand."""
    if rol not in [each.value for each in STAFF_ROLES] or not (waar.isascii() and waar.isdigit()):
        raise HTTPException(400)
    right = Right(Role(rol), int(waar[:15]))
    try:
        was_there = change_right(
            counter.context, actor, number, right, give=False, seen=read_list(gezien), now=counter.now
        )
    except (Refused, NotFound, Conflict) as error:
        return _refused(counter, number, error, "rechten")
    return RedirectResponse(f"{ACCOUNTS}/{number}?gedaan={'recht' if was_there else 'groep'}", 303)


@router.post(ACCOUNTS + "/{number}/sluiten")
def close(counter: CounterNow, actor: Keeper, number: Number, gezien: Seen = "") -> Response:
    """Let an account in no more; its sessions and keys end at once."""
    return _turn(counter, number, close_account, gezien, "gesloten")


@router.post(ACCOUNTS + "/{number}/openen")
def reopen(counter: CounterNow, actor: Keeper, number: Number, gezien: Seen = "") -> Response:
    """Let an account in again."""
    return _turn(counter, number, reopen_account, gezien, "geopend")


def _turn(counter: Counter, number: int, turn: Turn, seen: str, done: str) -> Response:
    """Open or close an account as the page showed it."""
    try:
        turn(counter.context, counter.actor, number, read_list(seen), counter.now)
    except (Refused, NotFound, Conflict) as error:
        return _refused(counter, number, error, "toegang")
    return RedirectResponse(f"{ACCOUNTS}/{number}?gedaan={done}", 303)


@router.post(ACCOUNTS + "/{number}/link")
def link(counter: CounterNow, actor: Keeper, number: Number) -> Response:
    """Make a link that signs in once. Shown here and nowhere else; the one before it opens nothing any more."""
    try:
        address = link_for(counter.context, counter.shell.settings, actor, number, counter.now)
    except (Refused, NotFound) as error:
        return _refused(counter, number, error, "toegang")
    return _account(counter, number, address=address)


def _new(counter: Counter, typed: Mapping[str, str], errors: Sequence[FormError] = ()) -> Response:
    status = 422 if errors else 200
    return counter.render("admin/account_new.html", status, typed=typed, errors=list(errors))


def _refused(
    counter: Counter,
    number: int,
    error: Refused | NotFound | Conflict,
    field: str,
    typed: Mapping[str, str] | None = None,
) -> Response:
    """The page with what is wrong at its place; after somebody else's change with how it is now."""
    if error.code == "unknown-account":
        raise nothing_here() from error
    if isinstance(error, Conflict):
        if error.code != "seen-changed":
            raise error
        return _account(counter, number, typed=typed, is_conflict=True)
    errors = [counter.wrong(field, error)]
    return _account(counter, number, errors=errors, typed=typed)


def _account(
    counter: Counter,
    number: int,
    *,
    errors: Sequence[FormError] = (),
    typed: Mapping[str, str] | None = None,
    is_conflict: bool = False,
    address: str = "",
    done: str = "",
) -> Response:
    view = _find(make_accounts(counter.session, counter.now, limits_of(counter.shell.settings)), number)
    words = counter.words
    return counter.render(
        "admin/account.html",
        409 if is_conflict else 422 if errors else 200,
        view=view,
        account=view.account,
        seen=json.dumps(seen_account(view.account)),
        is_own=view.account.who == counter.actor.name,
        is_locked=view.account.locked_until is not None and view.account.locked_until > counter.now,
        roles=_roles(counter),
        choices={role.value: f"{words(ROLES[role])}: {words(WHAT_FOR[role])}" for role in STAFF_ROLES},
        places={"0": words(_EVERYWHERE)}
        | {str(each): title for each, title in traject_titles(counter.session).items()},
        typed=typed or {"rol": "", "waar": "0"},
        errors=list(errors),
        is_conflict=is_conflict,
        address=address,
        can_link=can_link(counter.shell.settings),
        done=done,
    )


def _find(rows: Sequence[AccountView], number: int) -> AccountView:
    found = next((each for each in rows if each.account.id == number), None)
    if found is None:
        raise nothing_here()
    return found


def _roles(counter: Counter) -> dict[str, str]:
    return {role.value: counter.words(text) for role, text in ROLES.items()}


# --- sessions ------------------------------------------------------------------------------------------


@router.get(SESSIONS)
def show_sessions(
    counter: CounterNow,
    actor: Keeper,
    visitor: VisitorNow,
    gedaan: str = "",
) -> Response:
    """Who is signed in now, staff and partners."""
    rows = make_sessions(counter.session, counter.now, limits_of(counter.shell.settings))
    return counter.render(
        "admin/sessions.html",
        rows=rows,
        own=visitor.session.number if visitor else "",
        ended=_count(gedaan),
    )


@router.post(f"{SESSIONS}/beeindigen")
def end_session(actor: Keeper, context: ContextNow, now: Now, wie: Short = "", sessie: Short = "") -> Response:
    """End one session of somebody, or all when none is named."""
    ended = end_for(context, actor, wie, sessie, now)
    return RedirectResponse(f"{SESSIONS}?gedaan={ended}", 303)


@router.get(OWN)
def show_own(
    request: Request, shell: ShellNow, session: Reading, now: Now, visitor: VisitorNow, gedaan: str = ""
) -> Response:
    """Where the reader is signed in."""
    if visitor is None:
        raise SignInNeeded
    rows = make_sessions(session, now, limits_of(shell.settings), visitor.session.who)
    return shell.pages.render(
        request, "admin/own_sessions.html", rows=rows, own=visitor.session.number, ended=_count(gedaan)
    )


@router.post(f"{OWN}/beeindigen")
def end_one_of_own(context: ContextNow, now: Now, visitor: VisitorNow, sessie: Short = "") -> Response:
    """End a session of the reader's own; a number of somebody else ends nothing."""
    if visitor is None:
        raise SignInNeeded
    ended = end_own(context, visitor.actor, sessie, now)
    return RedirectResponse(f"{OWN}?gedaan={ended}", 303)


def _count(text: str) -> int | None:
    return int(text[:6]) if text.isascii() and text.isdigit() else None


# --- keys ----------------------------------------------------------------------------------------------


@router.get(TOKENS)
def show_tokens(counter: CounterNow, actor: KeyKeeper, gedaan: str = "") -> Response:
    """The keys that programs use."""
    return _tokens(counter, is_done=bool(gedaan))


@router.post(TOKENS)
def add_token(
    counter: CounterNow,
    actor: KeyKeeper,
    naam: Typed = "",
    account: Short = "",
    mag: Annotated[list[str] | None, Form()] = None,
    dagen: Short = "",
    gezien: Seen = "",
) -> Response:
    """Make a key, and show it once."""
    typed: dict[str, str | Sequence[str]] = {"naam": naam, "account": account, "mag": mag or [], "dagen": dagen}
    words = counter.words
    days = int(dagen) if dagen.strip().isascii() and dagen.strip().isdigit() and len(dagen) < 6 else 0
    errors = []
    if not (account.isascii() and account.isdigit()):
        errors.append(FormError("account", words(_CHOOSE)))
    if not mag or not set(mag) <= {each.value for each in Scope}:
        errors.append(FormError("mag", words(_CHOOSE)))
    if not 1 <= days <= MOST_DAYS:
        errors.append(FormError("dagen", words(_DAYS_WRONG)))
    if errors:
        return _tokens(counter, typed=typed, errors=errors)
    try:
        number, key = make_token(
            counter.context,
            actor,
            account_id=int(account[:15]),
            name=naam,
            scopes={Scope(each) for each in mag or ()},
            days=days,
            seen=read_list(gezien),
            now=counter.now,
        )
    except Conflict as error:
        if error.code != "seen-changed":
            raise
        return _tokens(counter, typed=typed, is_conflict=True)
    except (Refused, NotFound) as error:
        field = "account" if error.code in ("token-for-other", "account-closed", "unknown-account") else "naam"
        errors = [counter.wrong(field, error)]
        return _tokens(counter, typed=typed, errors=errors)
    return counter.render("admin/token_made.html", number=number, key=key, name=naam, days=days)


@router.post(TOKENS + "/{number}/intrekken")
def revoke(actor: KeyKeeper, context: ContextNow, now: Now, number: Number) -> Response:
    """End a key at once; twice is once."""
    end_token(context, actor, number, now)
    return RedirectResponse(f"{TOKENS}?gedaan=ja", 303)


def _tokens(
    counter: Counter,
    *,
    typed: Mapping[str, str | Sequence[str]] | None = None,
    errors: Sequence[FormError] = (),
    is_conflict: bool = False,
    is_done: bool = False,
) -> Response:
    rows = make_tokens(counter.session, counter.now)
    accounts = [each.account for each in make_accounts(counter.session, counter.now, limits_of(counter.shell.settings))]
    return counter.render(
        "admin/tokens.html",
        409 if is_conflict else 422 if errors else 200,
        rows=rows,
        seen=json.dumps(seen_tokens([each.token.id for each in rows])),
        accounts={
            str(each.id): each.name
            for each in accounts
            if each.disabled_at is None and may_have_token(counter.actor, each)
        },
        scopes={scope.value: counter.words(text) for scope, text in SCOPES.items()},
        typed=typed or {"naam": "", "account": "", "mag": [], "dagen": str(DAYS)},
        errors=list(errors),
        is_conflict=is_conflict,
        is_done=is_done,
        most_days=MOST_DAYS,
    )
