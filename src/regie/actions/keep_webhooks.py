"""Add, pause, resume, rotate and remove webhooks; each is noted in the access log."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from regie.actions.context import Context
from regie.notify.webhook import Names, WebhookSender
from regie.plain_text import check_plain
from regie.settings import Settings
from regie.store.access_log import What, note_access
from regie.store.session import in_transaction
from regie.store.trajects import find_traject_id
from regie.store.webhooks import add_webhook, pause_webhook, remove_webhook, resume_webhook, rotate_webhook

Chance = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class NewSecret:
    """The secret of a webhook, to show once. Printing it shows nothing."""

    webhook_id: str
    secret: str = field(repr=False)


def add(
    context: Context,
    settings: Settings,
    *,
    name: str,
    url: str,
    kinds: Sequence[str] = (),
    slugs: Sequence[str] = (),
    by: str,
    now: datetime,
    webhook_id: str = "",
    chance: Chance = secrets.token_bytes,
) -> NewSecret:
    """Keep where events go from now on.

    Args:
        slugs: trajects, by their short names; empty for all.
        webhook_id: of one form; the same one twice adds one.

    Raises:
        Refused: ``webhook-name``, ``webhook-kind``, ``webhook-address``, ``webhook-host``, ``webhook-host-unknown``,
            ``webhook-internal``, ``control-character``, ``text-too-long``.
        NotFound: ``unknown-traject``.
        Incomplete: ``cloudevents-not-configured``.
        Conflict: ``webhook-added``; this form was sent before.
    """
    check_plain(name, "title")
    Names.from_settings(settings)  # without names nothing could leave
    host = WebhookSender.from_settings(settings).check(url.strip())
    webhook_id = webhook_id or context.ids()

    def work(session: Session) -> str:
        own = add_webhook(
            session,
            context.audit_key,
            webhook_id=webhook_id,
            name=name,
            url=url.strip(),
            host=host,
            kinds=kinds,
            traject_ids=[find_traject_id(session, each) for each in slugs],
            by=by,
            now=now,
            chance=chance,
        )
        note_access(session, by, What.WEBHOOK_ADDED, now, about=f"webhook:{webhook_id}")
        return own

    return NewSecret(webhook_id, in_transaction(context.engine, work))


def pause(context: Context, webhook_id: str, *, by: str, now: datetime) -> None:
    """Send nothing there until it is resumed.

    Raises:
        NotFound: ``unknown-webhook``.
    """

    def work(session: Session) -> None:
        pause_webhook(session, webhook_id)
        note_access(session, by, What.WEBHOOK_PAUSED, now, about=f"webhook:{webhook_id}")

    in_transaction(context.engine, work)


def resume(context: Context, webhook_id: str, *, by: str, now: datetime) -> int:
    """Send again, also what had died; give how many events stand ready.

    Raises:
        NotFound: ``unknown-webhook``.
    """

    def work(session: Session) -> int:
        ready = resume_webhook(session, webhook_id, now)
        note_access(session, by, What.WEBHOOK_RESUMED, now, about=f"webhook:{webhook_id}")
        return ready

    return in_transaction(context.engine, work)


def rotate(
    context: Context,
    webhook_id: str,
    *,
    by: str,
    now: datetime,
    seen: str | None = None,
    chance: Chance = secrets.token_bytes,
) -> NewSecret:
    """Give a new secret; the old one signs as well for a day.

    Args:
        seen: until when the former secret signed when somebody looked, empty for none; when that changed since,
            somebody made a new secret meanwhile.

    Raises:
        Conflict: ``webhook-rotated``.
        NotFound: ``unknown-webhook``.
        Refused: ``sealed-unreadable``.
    """

    def work(session: Session) -> str:
        own = rotate_webhook(session, context.audit_key, webhook_id, now, chance, seen=seen)
        note_access(session, by, What.WEBHOOK_ROTATED, now, about=f"webhook:{webhook_id}")
        return own

    return NewSecret(webhook_id, in_transaction(context.engine, work))


def remove(context: Context, webhook_id: str, *, by: str, now: datetime) -> int:
    """Send nothing there any more; give how many events were withdrawn.

    Raises:
        NotFound: ``unknown-webhook``.
    """

    def work(session: Session) -> int:
        gone = remove_webhook(session, webhook_id)
        note_access(session, by, What.WEBHOOK_REMOVED, now, about=f"webhook:{webhook_id}")
        return gone

    return in_transaction(context.engine, work)
