"""Send one mail to whoever asks for it, to see that the mail server takes it. Nothing of it stands in the outbox."""

from __future__ import annotations

import html
from collections.abc import Callable
from datetime import datetime

from regie.actions.context import Context
from regie.core.permissions import Actor, Permission, require
from regie.errors import Refused
from regie.notify.outgoing import Delivery, DeliveryOutcome, OutgoingMessage
from regie.notify.sender import AppriseSender, FolderSender, Sender
from regie.settings import Settings
from regie.store.access_log import Outcome, What, note_access
from regie.store.session import in_transaction

_TEXTS = {
    "nl": ("Testmail van Regie", "Dit is een testmail. Leest u dit, dan komt mail van Regie aan. U hoeft niets te doen."),
    "en": ("Test mail of Regie", "This is a test mail. If you read this, mail of Regie arrives. You need not do anything."),
}  # fmt: skip


def choose_sender(settings: Settings, clock: Callable[[], datetime]) -> Sender:
    """The mail server that was set, redirected when that is set; with none, every mail becomes a file."""
    if settings.mail_url is not None:
        return AppriseSender.from_settings(settings, clock)
    return FolderSender(settings.data_dir / "post", settings.mail_from, clock=clock)


def send_test_mail(
    context: Context, actor: Actor, sender: Sender, to: str, now: datetime, *, language: str = "nl", label: str = ""
) -> Delivery:
    """Hand one mail over, and note that.

    Args:
        to: the address of the actor; nobody can send one to another.
        label: of an environment that is no real one.

    Raises:
        Refused: ``not-allowed``; ``address-missing``, the actor has no address.
    """
    require(actor, Permission.SEE_HEALTH)
    if not to:
        raise Refused("your account has no e-mail address", code="address-missing", hint="have one added to it")
    subject, text = _TEXTS.get(language, _TEXTS["nl"])
    if label:
        subject = f"[{label}] {subject}"
    page = f'<!DOCTYPE html><html lang="{language}"><head><title>{html.escape(subject)}</title></head><body><p>{text}</p></body></html>'
    sent = sender.send(OutgoingMessage(context.ids(), 1, to, subject, text, page, language=language))
    outcome = Outcome.OK if sent.outcome is DeliveryOutcome.ACCEPTED else Outcome.REFUSED
    in_transaction(
        context.engine,
        lambda session: note_access(
            session, actor.name, What.MAIL_TESTED, now, about=sent.outcome.value, outcome=outcome
        ),
    )
    return sent
