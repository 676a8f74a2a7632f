"""A mail server, a sender that uses it, and one message, for whoever asks for them."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from regie.clock import VirtualClock
from regie.mailbox import Mailbox
from regie.notify.channels import ChannelPolicy
from regie.notify.sender import AppriseSender, OutgoingMessage, Timeouts
from tests.support.servers import MailServer

OPENING_DAY = datetime(2027, 6, 3, 7, 30, tzinfo=UTC)
TOWN = Mailbox("regie@voorbeeldstad.nl", "Regie Voorbeeldstad")
IMPATIENT = Timeouts(connect_seconds=2.0, answer_seconds=0.4)


def a_message(**changes: object) -> OutgoingMessage:
    facts: dict[str, object] = {
        "message_id": "b1946ac9-2f4c",
        "attempt": 1,
        "to": "an@partner.nl",
        "to_name": "An van Dijk",
        "subject": "Vandaag: Startnota opstellen",
        "text": "Beste An,\n\nVandaag verwachten wij de startnota.\n\nhttps://regie.example/a/x1\n",
        "html": '<html><body><p>Hallo</p><a href="https://regie.example/a/x1">Naar de stap</a></body></html>',
    }
    return OutgoingMessage(**(facts | changes))  # type: ignore[arg-type]


def sender_for(url: str, *, policy: ChannelPolicy | None = None, reply_to: str | None = None) -> AppriseSender:
    clock = VirtualClock(OPENING_DAY)
    return AppriseSender(url, TOWN, policy=policy, reply_to=reply_to, clock=clock, timeouts=IMPATIENT)


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


@pytest.fixture
def all_logs() -> Iterator[Callable[[], str]]:
    """Everything any logger says at any level, as text; Apprise's lowest level is below DEBUG."""
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(1)
    yield said.getvalue
    root.setLevel(before)
    root.removeHandler(handler)
