"""Where a message stands, in words."""

from __future__ import annotations

import re

import pytest

from regie.store.tables import MessageStatus
from regie.text.post import STATUSES, say_counts, say_detail, say_status

ZONE = "Europe/Amsterdam"


def test_every_status_of_a_message_has_words() -> None:
    assert set(STATUSES) == set(MessageStatus)
    assert say_status("failed", "en") == "failed"


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        ("", ""),
        ("no longer true", "klopt niet meer"),
        ("not sent within 14 days", "is niet binnen 14 dagen verstuurd"),
        (
            "held by beheer at 2027-06-03T07:00:00+00:00: kopie teruggezet",
            "vastgehouden door beheer op 3 juni 2027, 9.00 uur: kopie teruggezet",
        ),
        ("accepted by the mail server: 250 ok", "aangenomen: 250 ok"),
        ("the mail server answered 550 no {0} here", "de mailserver antwoordde: 550 no {0} here"),
        (
            "no connection with the mail server '127.0.0.1:9': Connection refused",
            "geen verbinding met de mailserver '127.0.0.1:9' (Connection refused)",
        ),
        ("something new", "something new"),
    ],
)
def test_what_happened_to_a_message_is_said_in_dutch(detail: str, said: str) -> None:
    assert say_detail(detail, ZONE) == said
    assert say_detail(detail, ZONE, "en") == detail


def test_counts_are_a_sentence_without_what_is_not_there() -> None:
    assert say_counts({"sent": 478, "held": 0, "failed": 1}) == "478 verstuurd, 1 niet verstuurd"
    assert not re.search(r"[{}\[\]]", say_counts({"sent": 1}))
