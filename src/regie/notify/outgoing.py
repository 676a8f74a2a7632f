"""A message on its way out, what became of it, and how it is written as a letter.

Knows headers and parts of a mail. Does not know servers, channels or how a text came about.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from regie.mailbox import Mailbox, check_email

if TYPE_CHECKING:
    from regie.notify.channels import ChannelAddress

LONGEST_SUBJECT = 200
LONGEST_NAME = 100
_ONE_LINE = 70
_ENCODED_LINE = 75
_MEANS_SOMETHING = re.compile(r'[()<>\[\]:;@\\,"]')
_PLAIN_ID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?=[A-Za-z0-9_-])){0,59}")


class _WellFolded(EmailPolicy):
    """Folds a header so that it reads back as it was, and starts it on the line of its name.

    Python leaves that line empty when the text would just not fit, and where it folds between a plain word and one with
    other letters than those of ASCII the reader gets a space too many: such a subject is encoded as a whole.
    """

    def fold_binary(self, name: str, value: str) -> bytes:
        if name.lower() == "subject" and not value.isascii():
            encoded = Header(value, "utf-8", header_name=name, maxlinelen=_ENCODED_LINE).encode(linesep="\r\n")
            return f"{name}: {encoded}\r\n".encode("ascii")
        return re.sub(rb"\A([^:\r\n]+:)\r\n(?=[ \t])", rb"\1", super().fold_binary(name, value))


_LETTER = _WellFolded(linesep="\r\n")


class DeliveryOutcome(StrEnum):
    """What is known after one attempt; never that somebody got it, let alone read it."""

    ACCEPTED = "accepted"  # by the next hop
    REFUSED = "refused"  # certain: nothing was handed over
    UNCERTAIN = "uncertain"  # handed over at least partly, and the answer was lost


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one attempt.

    Args:
        detail: for the administrator; holds no secret and no e-mail address.
        permanent: only for REFUSED: trying again cannot help until somebody changes something.
    """

    outcome: DeliveryOutcome
    detail: str
    permanent: bool = False


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """One message for one recipient.

    Args:
        message_id: Regie's own id, unique over all databases that ever send from this domain: mail
            systems fold two messages with one id into one. At most 60 letters, digits, dots and
        hyphens, or the headers carry a digest of it.
        attempt: counts from 1; all attempts carry the same id.
        to: the e-mail address; not used when there is a channel.
        list_id: stable name of what the message belongs to, so that people can sort their mail.
        attachments: (file name, media type, content), Regie's own documents only.
        channel: where it goes instead of to an e-mail address.
    """

    message_id: str
    attempt: int
    to: str
    subject: str
    text: str
    html: str
    to_name: str = ""
    language: str = "nl"
    list_id: str = ""
    reply_to: str | None = None
    attachments: tuple[tuple[str, str, bytes], ...] = ()
    channel: ChannelAddress | None = None


def clean_header(text: str, longest: int = LONGEST_SUBJECT) -> str:
    """Return text that fits on one header line: no control or invisible signs, and not too long.

    >>> clean_header("Vandaag:\\r\\nBcc: iedereen@example.nl")
    'Vandaag: Bcc: iedereen@example.nl'
    """
    visible = (" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in text)
    # Python decodes what looks like an encoded word, and would write the line end that it hides as a header.
    line = " ".join(re.sub(r"=\?+", "=", "".join(visible)).split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def compose_letter(
    message: OutgoingMessage, mail_from: Mailbox, written_at: datetime, reply_to: str | None = None
) -> EmailMessage:
    """Write a message as a mail with a text part, an HTML part and its attachments.

    Args:
        reply_to: where answers go when the message names nobody.

    Raises:
        Refused: ``address-invalid``, for the recipient or for where answers go.
    """
    letter = EmailMessage(policy=_LETTER)
    letter["From"] = _address(mail_from.address, mail_from.name)
    if message.channel is None:
        letter["To"] = _address(message.to, message.to_name)
    else:
        letter["X-Regie-Channel"] = str(message.channel)
    if answers_to := message.reply_to or reply_to:
        letter["Reply-To"] = _address(answers_to)
    letter["Subject"] = clean_header(message.subject)
    letter["Date"] = format_datetime(written_at)
    plain_id = _plain_id(message.message_id)
    letter["Message-ID"] = f"<{plain_id}@{mail_from.address.rpartition('@')[2]}>"
    letter["X-Regie-Id"] = plain_id
    letter["Auto-Submitted"] = "auto-generated"
    if list_id := re.sub(r"[^A-Za-z0-9.-]+", "-", message.list_id).strip(".-"):
        letter["List-Id"] = f"<{list_id}>"
    letter.set_content(_sendable(message.text), cte="quoted-printable")
    if message.html:
        letter.add_alternative(_sendable(message.html), subtype="html", cte="quoted-printable")
    for name, mime, content in message.attachments:
        maintype, _, subtype = mime.partition("/")
        letter.add_attachment(content, maintype, subtype, filename=clean_header(name, LONGEST_NAME))
    # Last: setting the content takes away what was said about it before.
    letter["Content-Language"] = re.sub(r"[^A-Za-z-]", "", message.language)
    return letter


def _address(address: str, name: str = "") -> Address:
    shown = clean_header(name, LONGEST_NAME)
    if len(f"Reply-To: {shown} <{address}>") > _ONE_LINE:
        # Python forgets the quotes of a name that it folds; what they guarded would become addresses.
        shown = " ".join(_MEANS_SOMETHING.sub(" ", shown).split())
    return Address(display_name=shown, addr_spec=check_email(address))


def _plain_id(message_id: str) -> str:
    # A digest where the id is no short word: a long one would be folded, a strange one would break.
    if _PLAIN_ID.fullmatch(message_id):
        return message_id
    return hashlib.sha256(message_id.encode("utf-8", "replace")).hexdigest()[:40]


def _sendable(text: str) -> str:
    # Half a surrogate pair cannot be sent by anyone; without this the message would fail for ever.
    return text.encode("utf-8", "replace").decode("utf-8")
