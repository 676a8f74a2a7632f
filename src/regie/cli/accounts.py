"""``regie account`` and ``token``: who signs in, with which rights, and the keys of programs.

Whoever gives these commands can open the database, and so is the operator: nothing is asked but who it was.
"""

from __future__ import annotations

import secrets
import sys
from typing import TYPE_CHECKING

import typer

from regie.cli import completion
from regie.cli.common import (
    BY,
    JSON,
    YES,
    ask_first,
    check_known,
    count_of,
    is_terminal,
    open_town,
    print_json,
    say,
    table,
    who,
)

if TYPE_CHECKING:
    from regie.cli.common import Town
    from regie.core.permissions import Right
    from regie.store.accounts import Account, ApiToken
    from regie.store.sessions import SignedIn

account = typer.Typer(
    help="Accounts van de gemeente. Wie deze opdrachten kan geven, kan de database openen en mag dus alles.",
    no_args_is_help=True,
)
token = typer.Typer(help="Sleutels voor programma's die de API gebruiken.", no_args_is_help=True)

NAME = typer.Argument(help="Account: het nummer of de naam, zoals in regie account list.")
TRAJECT = typer.Option(
    "", "--traject", help="Alleen voor dit traject; anders voor alle.", autocompletion=completion.trajects
)


def register(app: typer.Typer) -> None:
    app.add_typer(account, name="account")
    app.add_typer(token, name="token")


# --- accounts ----------------------------------------------------------------------------------------


@account.command("add")
def add(
    name: str = typer.Argument(help="Naam waarmee iemand zich aanmeldt, voor noodgevallen of een proef."),
    email: str = typer.Option("", "--email", help="E-mailadres."),
    language: str = typer.Option("nl", "--language", help="nl of en."),
    by: str = BY,
    as_json: bool = JSON,
) -> None:
    """Maak een account van Regie zelf, nog zonder rechten en zonder wachtwoord."""
    from regie.store.accounts import add_account, get_account
    from regie.store.session import in_transaction, read_scope

    town = open_town(create=True)
    made = in_transaction(
        town.context.engine,
        lambda session: add_account(session, name=name, email=email, language=language, by=who(by), now=town.now()),
    )
    if as_json:
        with read_scope(town.context.engine) as session:
            print_json(_account_data(get_account(session, made)))
        return
    say(f"Account {made} is gemaakt. Geef het een wachtwoord met: regie account password {made}")
    say(f"en een recht met: regie account right {made} lead")


@account.command("list")
def list_all(as_json: bool = JSON) -> None:
    """Toon alle accounts en hun rechten."""
    from regie.store.accounts import list_accounts
    from regie.store.session import read_scope

    town = open_town()
    with read_scope(town.context.engine) as session:
        found = list_accounts(session)
    if as_json:
        print_json([_account_data(each) for each in found])
        return
    table("Accounts", ("nr", "naam", "soort", "rechten", "stand"), (
        (each.id, each.name, each.kind.value, ", ".join(map(_say_right, sorted(each.rights))),
         "gesloten" if each.disabled_at else "open")
        for each in found
    ))  # fmt: skip


@account.command("disable")
def disable(name: str = NAME, yes: bool = YES, by: str = BY, as_json: bool = JSON) -> None:
    """Sluit een account: sessies en sleutels eindigen meteen."""
    from regie.store.accounts import disable_account
    from regie.store.session import in_transaction

    town = open_town()
    found = _find(town, name)
    ask_first(f"Account {found.id} ({found.name}) sluiten?", "dit sluit een account: geef --yes", yes=yes)
    ended = in_transaction(
        town.context.engine,
        lambda session: disable_account(session, found.id, who(by), town.now()),
    )
    if as_json:
        print_json({"account": found.id, "sessions_ended": ended})
    else:
        say(f"Account {found.id} is gesloten; {count_of(ended, 'sessie', 'sessies')} beëindigd.")


@account.command("enable")
def enable(name: str = NAME, by: str = BY, as_json: bool = JSON) -> None:
    """Open een account weer, ook als het door foute wachtwoorden op slot zit."""
    from regie.store.accounts import enable_account
    from regie.store.session import in_transaction

    town = open_town()
    found = _find(town, name)
    in_transaction(town.context.engine, lambda session: enable_account(session, found.id, who(by), town.now()))
    if as_json:
        print_json({"account": found.id, "disabled": False})
    else:
        say(f"Account {found.id} is open.")


@account.command("right")
def right(
    name: str = NAME,
    role: str = typer.Argument(help="administrator, lead, member of reader."),
    traject: str = TRAJECT,
    take: bool = typer.Option(False, "--take", help="Neem het recht in plaats van het te geven."),
    by: str = BY,
    as_json: bool = JSON,
) -> None:
    """Geef een account een recht, of neem het."""
    from regie.core.permissions import EVERY_TRAJECT, STAFF_ROLES, Right, Role
    from regie.store.accounts import get_account, give_right, take_right
    from regie.store.session import in_transaction, read_scope

    check_known(role, [each.value for each in STAFF_ROLES], "ROLE")
    town = open_town()
    found = _find(town, name)
    wanted = Right(Role(role), town.traject_id(traject) if traject else EVERY_TRAJECT)
    change = take_right if take else give_right
    changed = in_transaction(
        town.context.engine, lambda session: change(session, found.id, wanted, who(by), town.now())
    )
    with read_scope(town.context.engine) as session:
        now = get_account(session, found.id)
    if as_json:
        print_json({"changed": changed, **_account_data(now)})
        return
    if not changed:
        say("Dit was al zo; er is niets veranderd.")
    still = wanted in now.rights and take
    say(f"Account {found.id} heeft nu: {', '.join(map(_say_right, sorted(now.rights))) or 'geen rechten'}.")
    if still:
        say("Let op: een groep van de aanmelddienst geeft dit recht nog.")


@account.command("password")
def password(name: str = NAME, by: str = BY, as_json: bool = JSON) -> None:
    """Geef een account een wachtwoord: Regie vraagt erom, of leest een regel van stdin."""
    from regie.store.accounts import check_password_form, set_password
    from regie.store.hashes import SALT_BYTES
    from regie.store.session import in_transaction

    town = open_town()
    found = _find(town, name)
    if is_terminal(sys.stdin):
        typed = str(typer.prompt("Wachtwoord", hide_input=True, confirmation_prompt="Nog een keer", err=True))
    else:
        typed = sys.stdin.readline().rstrip("\r\n")
    check_password_form(typed)
    salt = secrets.token_bytes(SALT_BYTES)
    in_transaction(
        town.context.engine, lambda session: set_password(session, found.id, typed, salt, who(by), town.now())
    )
    if as_json:
        print_json({"account": found.id, "password_set": True})
    else:
        say(f"Account {found.id} heeft een nieuw wachtwoord; sessies die open waren, zijn beëindigd.")


@account.command("sessions")
def sessions(name: str = typer.Argument("", help="Account; anders van iedereen."), as_json: bool = JSON) -> None:
    """Toon wie nu is aangemeld."""
    from regie.actions.sign_in import limits_of
    from regie.store.session import read_scope
    from regie.store.sessions import list_sessions
    from regie.text.dates import say_moment

    town = open_town()
    own = _find(town, name).id if name else None
    with read_scope(town.context.engine) as session:
        found = list_sessions(session, town.now(), limits_of(town.settings), account_id=own)
    if as_json:
        print_json([_session_data(each) for each in found])
        return
    zone = town.settings.timezone
    table("Sessies", ("sessie", "van", "sinds", "laatst gezien"), (
        (each.number, each.who, say_moment(each.created_at, zone), say_moment(each.seen_at, zone)) for each in found
    ))  # fmt: skip


@account.command("sign-out")
def sign_out(
    name: str = NAME,
    number: str = typer.Option("", "--session", help="Alleen deze sessie, zoals in regie account sessions."),
    by: str = BY,
    as_json: bool = JSON,
) -> None:
    """Meld een account overal af, of beëindig een sessie."""
    from regie.actions.sign_in import sign_out_account
    from regie.store.session import in_transaction

    town = open_town()
    found = _find(town, name)
    ended = in_transaction(
        town.context.engine,
        lambda session: sign_out_account(session, found.id, who(by), town.now(), number=number or None),
    )
    if as_json:
        print_json({"account": found.id, "sessions_ended": ended})
    else:
        say(f"{count_of(ended, 'sessie', 'sessies')} beëindigd.")


# --- tokens ------------------------------------------------------------------------------------------


@token.command("add")
def add_key(
    name: str = typer.Argument(help="Waar de sleutel voor is."),
    account: str = typer.Option(..., "--account", help="Account waarvan de sleutel is: nummer of naam."),
    scope: list[str] = typer.Option(..., "--scope", help="Wat de sleutel mag; mag vaker."),
    days: int = typer.Option(90, "--days", min=1, help="Hoeveel dagen de sleutel werkt."),
    by: str = BY,
    as_json: bool = JSON,
) -> None:
    """Maak een sleutel. U ziet hem een keer: Regie bewaart hem niet."""
    from datetime import timedelta

    from regie.actions.sign_in import random_secret
    from regie.core.permissions import Scope
    from regie.store.accounts import add_token
    from regie.store.session import in_transaction

    for each in scope:
        check_known(each, [known.value for known in Scope], "--scope")
    town = open_town()
    found = _find(town, account)
    now = town.now()
    expires_at = now + timedelta(days=days)
    number, key = in_transaction(
        town.context.engine,
        lambda session: add_token(
            session, account_id=found.id, name=name, scopes={Scope(each) for each in scope}, expires_at=expires_at,
            by=who(by), now=now, chance=random_secret,
        ),
    )  # fmt: skip
    if as_json:
        print_json({"token": number, "account": found.id, "expires_at": expires_at.isoformat(), "key": key})
        return
    say(f"Sleutel {number}, werkt {days} dagen. U ziet hem alleen nu:")
    say(key)


@token.command("list")
def list_keys(as_json: bool = JSON) -> None:
    """Toon de sleutels: van wie, wat zij mogen, wanneer laatst gebruikt."""
    from regie.store.accounts import list_tokens
    from regie.store.session import read_scope
    from regie.text.dates import say_moment

    town = open_town()
    with read_scope(town.context.engine) as session:
        found = list_tokens(session)
    if as_json:
        print_json([_token_data(each) for each in found])
        return
    table("Sleutels", ("nr", "naam", "account", "bereik", "werkt tot", "laatst gebruikt"), (
        (each.id, each.name, each.account_id, ", ".join(sorted(each.scopes)),
         "ingetrokken" if each.revoked_at else say_moment(each.expires_at, town.settings.timezone), each.last_used_on)
        for each in found
    ))  # fmt: skip


@token.command("revoke")
def revoke(
    number: int = typer.Argument(help="Nummer, zoals in regie token list."), by: str = BY, as_json: bool = JSON
) -> None:
    """Trek een sleutel in; hij werkt meteen niet meer."""
    from regie.store.accounts import revoke_token
    from regie.store.session import in_transaction

    town = open_town()
    ended = in_transaction(town.context.engine, lambda session: revoke_token(session, number, who(by), town.now()))
    if as_json:
        print_json({"token": number, "revoked": ended})
    else:
        say(f"Sleutel {number} is ingetrokken." if ended else f"Sleutel {number} was al ingetrokken.")


# --- as data -----------------------------------------------------------------------------------------


def _find(town: Town, name: str) -> Account:
    from regie.store.accounts import find_account
    from regie.store.session import read_scope

    with read_scope(town.context.engine) as session:
        return find_account(session, name)


def _say_right(right: Right) -> str:
    return f"{right.role.value} (traject {right.traject_id})" if right.traject_id else right.role.value


def _account_data(found: Account) -> dict[str, object]:
    return {
        "id": found.id,
        "name": found.name,
        "email": found.email,
        "kind": found.kind.value,
        "language": found.language,
        "has_password": found.has_password,
        "locked_until": found.locked_until,
        "disabled_at": found.disabled_at,
        "rights": [{"role": each.role.value, "traject_id": each.traject_id} for each in sorted(found.rights)],
    }


def _session_data(found: SignedIn) -> dict[str, object]:
    return {"session": found.number, "who": found.who, "created_at": found.created_at, "seen_at": found.seen_at}


def _token_data(found: ApiToken) -> dict[str, object]:
    return {
        "id": found.id,
        "name": found.name,
        "account": found.account_id,
        "scopes": sorted(found.scopes),
        "expires_at": found.expires_at,
        "revoked_at": found.revoked_at,
        "last_used_on": found.last_used_on,
    }
