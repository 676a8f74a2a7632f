"""What signs in once: a code in a mail for a partner, and the owner's link on a laptop.

A code goes out through the outbox like any message, and the row of that message says nothing: the code follows
from the id of its row here and a key outside the database, once when it is handed over and once when it is typed.

Every function takes the same statements and the same digests whether the address, the browser or the code is known
or not. None of them raises: what was counted must stay counted.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, func, insert, literal, select, update
from sqlmodel import Session

from regie.core.ids import PersonId
from regie.core.lines import Urgency
from regie.plain_text import without_control
from regie.store.access_log import NOBODY, Outcome, What, note_access
from regie.store.dialects import per_dialect, said_for
from regie.store.hashes import CODE_DIGITS, code_of, hash_token, keyed_digest, same
from regie.store.sessions import Chance
from regie.store.tables import MessageStatus, account, message, person, sign_in_code

CODE_LASTS = timedelta(minutes=10)
LINK_LASTS = timedelta(minutes=10)
MOST_ATTEMPTS = 5
MOST_PER_ADDRESS = 3
"""Codes an hour for one address, known or not."""
MOST_IN_ALL = 500
"""Codes an hour for everybody together."""
FORGOTTEN_AFTER = timedelta(days=1)

_HOUR = timedelta(hours=1)
_LONGEST_ADDRESS = 254

_MAIL = insert(message).from_select(
    [
        "id", "recipient", "channel", "urgency", "status", "not_before_at", "attempt", "refusals", "uncertainties",
        "detail", "created_at",
    ],
    select(
        bindparam("message_id", type_=message.c.id.type),
        person.c.id,
        literal("email"),
        literal(Urgency.AT_ONCE.value),
        literal(MessageStatus.PENDING.value),
        bindparam("now", type_=message.c.not_before_at.type),
        literal(0),
        literal(0),
        literal(0),
        literal(""),
        bindparam("now", type_=message.c.created_at.type),
    ).where(person.c.id == bindparam("recipient")),
)  # fmt: skip


def ask_code(session: Session, address: str, browser: str, key: bytes, now: datetime, chance: Chance) -> None:
    """Send a code to the address on file of whoever has this address; of nobody, do the same without a mail.

    Args:
        browser: a secret of at least 128 random bits, in a cookie of the browser that asks.
        key: not in the database.
    """
    connection = session.connection()
    said = without_control(address.strip().lower(), _LONGEST_ADDRESS)
    asked_for = keyed_digest(key, "address", said)
    connection.execute(delete(sign_in_code).where(sign_in_code.c.created_at < now - FORGOTTEN_AFTER))
    # locked, so that of two requests at once the second counts the first
    found = connection.scalar(
        select(person.c.id)
        .where(person.c.address_key == said, person.c.email != "", person.c.erased_at.is_(None))
        .with_for_update()
    )
    recent = sign_in_code.c.created_at > now - _HOUR
    of_address = connection.scalar(select(func.count()).where(sign_in_code.c.asked_for == asked_for, recent)) or 0
    in_all = connection.scalar(select(func.count()).where(recent, sign_in_code.c.asked_for != "")) or 0
    who = f"person:{found}" if found is not None else NOBODY
    if of_address >= MOST_PER_ADDRESS or in_all >= MOST_IN_ALL:
        note_access(session, who, What.CODE_ASKED, now, about="too-many", outcome=Outcome.REFUSED)
        return
    own, message_id = chance(), chance()
    connection.execute(_MAIL, {"message_id": message_id, "recipient": found or "", "now": now})
    row = {
        "id": own,
        "asked_for": asked_for,
        "person_id": found,
        "account_id": None,
        "browser_hash": hash_token(browser),
        "message_id": message_id if found is not None else None,
        "attempts": 0,
        "created_at": now,
        "expires_at": now + CODE_LASTS,
        "used_at": None,
    }
    connection.execute(insert(sign_in_code), row)
    note_access(session, who, What.CODE_ASKED, now)


def use_code(session: Session, code: str, browser: str, key: bytes, now: datetime) -> PersonId | None:
    """Give whose code this is, once, to the browser that asked last; None for every reason why not.

    An attempt is counted before it is judged: many at once have no more than their number.
    """
    connection = session.connection()
    row = connection.execute(
        select(sign_in_code.c.id, sign_in_code.c.person_id)
        .where(sign_in_code.c.browser_hash == hash_token(browser))
        .order_by(sign_in_code.c.created_at.desc(), sign_in_code.c.id)
        .limit(1)
    ).first()
    own, whose = (row.id, row.person_id) if row is not None else ("", None)
    is_open = (
        sign_in_code.c.used_at.is_(None),
        sign_in_code.c.expires_at > now,
        sign_in_code.c.attempts < MOST_ATTEMPTS,
    )
    counted = connection.execute(
        update(sign_in_code).where(sign_in_code.c.id == own, *is_open).values(attempts=sign_in_code.c.attempts + 1)
    ).rowcount
    typed = "".join(code[: 4 * CODE_DIGITS].split()).replace("-", "")
    is_right = same(typed, code_of(key, own))
    is_good = bool(counted) and is_right and whose is not None
    used = connection.execute(
        update(sign_in_code)
        .where(sign_in_code.c.id == (own if is_good else ""), sign_in_code.c.used_at.is_(None))
        .values(used_at=now)
    ).rowcount
    if used and whose is not None:
        note_access(session, f"person:{whose}", What.SIGN_IN_CODE, now)
        return PersonId(whose)
    reason = "no-code" if row is None else "closed" if not counted else "wrong"
    who = f"person:{whose}" if whose is not None else NOBODY
    note_access(session, who, What.SIGN_IN_CODE, now, about=reason, outcome=Outcome.REFUSED)
    return None


def make_link(session: Session, account_id: int, by: str, now: datetime, chance: Chance) -> str:
    """Make a link that signs an account in, once, within ten minutes; give its token, which is nowhere else.

    An earlier one that was not used opens nothing any more.
    """
    connection = session.connection()
    connection.execute(
        update(sign_in_code)
        .where(sign_in_code.c.account_id == account_id, sign_in_code.c.used_at.is_(None))
        .values(used_at=now)
    )
    token = chance()
    row = {
        "id": hash_token(token),
        "asked_for": "",
        "person_id": None,
        "account_id": account_id,
        "browser_hash": "",
        "message_id": None,
        "attempts": 0,
        "created_at": now,
        "expires_at": now + LINK_LASTS,
        "used_at": None,
    }
    connection.execute(insert(sign_in_code), row)
    note_access(session, by, What.LINK_MADE, now, about=f"account:{account_id}")
    return token


def use_link(session: Session, token: str, now: datetime) -> int | None:
    """Give the account that a link signs in, once; None for every reason why not."""
    connection = session.connection()
    own = hash_token(token)
    used = connection.execute(
        update(sign_in_code)
        .where(
            sign_in_code.c.id == own,
            sign_in_code.c.account_id.is_not(None),
            sign_in_code.c.used_at.is_(None),
            sign_in_code.c.expires_at > now,
        )
        .values(used_at=now)
    ).rowcount
    found: int | None = connection.scalar(
        select(account.c.id)
        .join(sign_in_code, sign_in_code.c.account_id == account.c.id)
        .where(sign_in_code.c.id == own, account.c.disabled_at.is_(None))
    )
    if used and found is not None:
        note_access(session, f"account:{found}", What.SIGN_IN_LINK, now)
        return found
    note_access(session, NOBODY, What.SIGN_IN_LINK, now, outcome=Outcome.REFUSED)
    return None


_ONCE = per_dialect(lambda insert: insert(sign_in_code).on_conflict_do_nothing())


def use_once(session: Session, secret: str, now: datetime) -> bool:
    """Note that what came back from the identity provider was used; False when it was before, by whomever."""
    connection = session.connection()
    connection.execute(delete(sign_in_code).where(sign_in_code.c.created_at < now - FORGOTTEN_AFTER))
    row = {
        "id": hash_token(secret),
        "asked_for": "",
        "person_id": None,
        "account_id": None,
        "browser_hash": "",
        "message_id": None,
        "attempts": 0,
        "created_at": now,
        "expires_at": now,
        "used_at": now,
    }
    return connection.execute(said_for(connection, _ONCE), row).rowcount == 1
