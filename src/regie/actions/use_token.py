"""Somebody comes with a key to the API: who they are, or why not, which only the access log says."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from regie.actions.context import Context
from regie.actions.sign_in import admit
from regie.core.permissions import Actor
from regie.errors import Refused
from regie.store.access_log import NOBODY, Outcome, What, note_access
from regie.store.accounts import find_token, token_actor
from regie.store.session import in_transaction, read_scope

LONGEST_KEY = 200


def use_token(context: Context, key: str, client: str, now: datetime) -> Actor:
    """Give who acts with a key. Use is noted once a day; a key that does not fit is counted per network address.

    Good keys are never held up by wrong ones from the same network: nobody guesses 256 bits, and a whole office may
    share one address.

    Args:
        client: the network address that it comes from.

    Raises:
        Refused: ``token-refused``, whatever is wrong with it; ``too-many-tries``.
    """
    with read_scope(context.engine) as session:
        found = find_token(session, key[:LONGEST_KEY], now)
    if found.actor is not None:
        if found.last_used_on != now.date():
            in_transaction(context.engine, lambda writing: token_actor(writing, key, now))
        return found.actor
    admit(context, client, now)

    def note(session: Session) -> None:
        who = f"token:{found.id}" if found.id else NOBODY
        note_access(session, who, What.TOKEN_USED, now, about=found.trouble, outcome=Outcome.REFUSED)

    in_transaction(context.engine, note)
    raise Refused("this token does not work", code="token-refused", hint="ask an administrator for a new one")
