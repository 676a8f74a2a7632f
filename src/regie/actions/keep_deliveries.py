"""Let messages leave again, let what was held go, end a calendar feed; each is noted in the access log."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from regie.actions.context import Context
from regie.core.ids import PersonId
from regie.store.access_log import What, note_access
from regie.store.brake import Held, release_held
from regie.store.feeds import close_feed
from regie.store.outbox import retry, retry_failed
from regie.store.session import in_transaction


def retry_message(context: Context, message_id: str, *, by: str, now: datetime) -> None:
    """Let one message leave again.

    Raises:
        NotFound: ``unknown-message``.
        Refused: ``message-not-waiting``.
    """

    def work(session: Session) -> None:
        retry(session, message_id, by)
        note_access(session, by, What.DELIVERY_RETRIED, now, about=f"message:{message_id}")

    in_transaction(context.engine, work)


def retry_since(context: Context, since: datetime, *, by: str, now: datetime) -> int:
    """Let all leave again that was made since a moment and failed; give how many."""

    def work(session: Session) -> int:
        found = retry_failed(session, since, by)
        if found:
            note_access(session, by, What.DELIVERY_RETRIED, now, about=f"messages:{found}")
        return found

    return in_transaction(context.engine, work)


def release(context: Context, *, by: str, now: datetime) -> Held:
    """Let everything go that the brake or a person held; each message is checked once more when it is handed over."""

    def work(session: Session) -> Held:
        held = release_held(session, now, by=by)
        if held.messages or held.notices:
            note_access(session, by, What.DELIVERY_RELEASED, now, about=f"messages:{held.messages}")
        return held

    return in_transaction(context.engine, work)


def end_feed(context: Context, person_id: PersonId, *, by: str, now: datetime) -> bool:
    """Let the address of a person's calendar stop working; say whether there was one. They can make a new one."""

    def work(session: Session) -> bool:
        ended = close_feed(session, person_id, now)
        if ended:
            note_access(session, by, What.FEED_ENDED, now, about=f"person:{person_id}")
        return ended

    return in_transaction(context.engine, work)
