"""Hand one message to the next hop: by mail or channel through Apprise, or into a folder.

Knows no outbox and no retries: one call is one attempt, and its answer says what is certain.
Apprise itself is imported on the first attempt only, because that costs two seconds.
"""

from __future__ import annotations

import hashlib
import html
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from regie.clock import Clock, system_clock
from regie.errors import Incomplete, Refused
from regie.mailbox import Mailbox, check_email
from regie.notify.channels import MAIL_SCHEMES, ChannelPolicy, check_channel, check_mail_url
from regie.notify.outgoing import Delivery, DeliveryOutcome, OutgoingMessage, clean_header, compose_letter

if TYPE_CHECKING:
    from regie.settings import Settings

__all__ = [
    "AppriseSender",
    "Delivery",
    "DeliveryOutcome",
    "FolderSender",
    "OutgoingMessage",
    "Sender",
    "Timeouts",
    "redirect_message",
]

_MEANT_FOR = {
    "nl": "Proefomgeving {label}: dit bericht was bedoeld voor {recipient}.",
    "en": "Test environment {label}: this message was meant for {recipient}.",
}
_REFERENCE = {"nl": "Kenmerk: {message_id}", "en": "Reference: {message_id}"}


class Sender(Protocol):
    """Hands over one message, once."""

    def send(self, message: OutgoingMessage) -> Delivery:
        """Try once; never raises for a message or a server that is not right."""
        ...


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long a server may be silent. One attempt waits at most ten times in a row."""

    connect_seconds: float = 15.0
    answer_seconds: float = 60.0


class AppriseSender:
    """Sends for real: mail by the municipality's own server, channels as the policy allows.

    Args:
        mail_url: Apprise address of the mail server, ``mailto://`` or ``mailtos://``.
        reply_to: where answers go when a message names nobody.
        redirect_to: in an environment that is not production: where everything goes instead.
        policy: which channels may be used; None for mail only.

    Raises:
        Refused: an address that cannot be used, see ``channels.check_mail_url``.
    """

    def __init__(
        self,
        mail_url: str,
        mail_from: Mailbox,
        *,
        reply_to: str | None = None,
        redirect_to: str | None = None,
        environment_label: str = "",
        policy: ChannelPolicy | None = None,
        clock: Clock = system_clock,
        timeouts: Timeouts | None = None,
    ) -> None:
        check_email(mail_from.address)
        self._mail_server = check_mail_url(mail_url)
        self._mail_from = mail_from
        self._reply_to = reply_to and check_email(reply_to)
        self._redirect_to = redirect_to and check_email(redirect_to)
        self._environment_label = environment_label
        self._policy = policy or ChannelPolicy(frozenset())
        self._clock = clock
        self._timeouts = timeouts or Timeouts()

    @classmethod
    def from_settings(cls, settings: Settings, clock: Clock) -> AppriseSender:
        """Build the sender that the administrator configured.

        Raises:
            Incomplete: ``mail-not-configured``.
        """
        if settings.mail_url is None or settings.mail_from is None:
            raise Incomplete(
                "no mail server is configured",
                code="mail-not-configured",
                hint="set REGIE_MAIL_URL and REGIE_MAIL_FROM",
            )
        return cls(
            settings.mail_url.get_secret_value(),
            settings.mail_from,
            reply_to=settings.reply_to,
            redirect_to=settings.mail_redirect_to,
            environment_label=settings.environment_label,
            policy=ChannelPolicy.from_settings(settings),
            clock=clock,
        )

    def send(self, message: OutgoingMessage) -> Delivery:
        if self._redirect_to:
            message = redirect_message(message, self._redirect_to, self._environment_label)
        try:
            return self._send(message)
        except Refused as refusal:
            # A host that cannot be found today may be back tomorrow; the other refusals stay.
            permanent = refusal.code != "channel-host-unknown"
            return Delivery(DeliveryOutcome.REFUSED, str(refusal), permanent)

    def _send(self, message: OutgoingMessage) -> Delivery:
        from regie.notify import mail

        server = self._mail_server
        if message.channel is not None:
            channel = check_channel(message.channel.url, self._policy)  # its name may point elsewhere by now
            if channel.scheme not in MAIL_SCHEMES:
                reference = _in_language(_REFERENCE, message, message_id=message.message_id)
                title, body = clean_header(message.subject), f"{message.text}\n\n{reference}"
                return mail.hand_over_channel(channel, title, body, self._timeouts)
            server, message = channel, replace(message, channel=None)
        letter = compose_letter(message, self._mail_from, self._clock(), self._reply_to)
        return mail.hand_over_letter(server, letter, self._mail_from.address, message.to, self._timeouts)


class FolderSender:
    """Writes each message as an ``.eml`` file, for rehearsals and for a first look.

    The name of a file says when, which message and which attempt; sending an attempt again at the
    same time writes the same file.
    """

    def __init__(
        self,
        folder: Path,
        mail_from: Mailbox | None = None,
        *,
        reply_to: str | None = None,
        clock: Clock = system_clock,
    ) -> None:
        self._folder = folder
        self._mail_from = mail_from or Mailbox("regie@regie.invalid", "Regie")
        self._reply_to = reply_to
        self._clock = clock

    def send(self, message: OutgoingMessage) -> Delivery:
        written_at = self._clock()
        try:
            letter = compose_letter(message, self._mail_from, written_at, self._reply_to)
        except Refused as refusal:
            return Delivery(DeliveryOutcome.REFUSED, str(refusal), permanent=True)
        name = f"{written_at:%Y%m%dT%H%M%S}-{_file_part(message.message_id)}-{message.attempt}.eml"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            draft = self._folder / f".{name}.part"
            draft.write_bytes(letter.as_bytes())
            draft.replace(self._folder / name)
        except OSError as error:
            return Delivery(DeliveryOutcome.REFUSED, f"the folder cannot be written: {error.strerror}")
        return Delivery(DeliveryOutcome.ACCEPTED, f"written to {name}")


def redirect_message(message: OutgoingMessage, to: str, environment_label: str) -> OutgoingMessage:
    """Address a message to somebody else, and say in it whom it was meant for."""
    recipient = str(message.channel) if message.channel else message.to
    note = _in_language(_MEANT_FOR, message, label=environment_label, recipient=recipient)
    paragraph = f"<p>{html.escape(note)}</p>"
    body_tag = re.search(r"(?i)<body\b[^>]*>", message.html)
    place = body_tag.end() if body_tag else 0
    return replace(
        message,
        to=to,
        to_name="",
        channel=None,
        subject=f"[{environment_label}: {recipient}] {message.subject}",
        text=f"{note}\n\n{message.text}",
        html=message.html[:place] + paragraph + message.html[place:],
    )


def _in_language(sentences: dict[str, str], message: OutgoingMessage, **facts: str) -> str:
    return sentences.get(message.language, sentences["nl"]).format(**facts)


def _file_part(message_id: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9-]+", "-", message_id).strip("-")[:60]
    if plain == message_id:
        return plain
    return f"{plain}-{hashlib.sha256(message_id.encode('utf-8', 'replace')).hexdigest()[:8]}".strip("-")
