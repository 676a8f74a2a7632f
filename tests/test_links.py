"""A token is made from a secret and a row, fits a line of a mail, and its address never shows in a log."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from regie.links import EXAMPLE, TOKEN_LENGTH, LinkFacts, hash_token, link_address, make_token
from regie.notify.redact import redact

SECRET = b"a key of at least thirty-two letters"
FACTS = LinkFacts(1, 1, "visie", "", "p1", 1, "act", datetime(2027, 1, 4, 8, 30, tzinfo=UTC))


def test_the_same_row_gives_the_same_token_whatever_the_zone_of_its_moment() -> None:
    amsterdam = FACTS.created_at.astimezone(timezone(timedelta(hours=1)))

    assert make_token(SECRET, FACTS) == make_token(SECRET, replace(FACTS, created_at=amsterdam))


@pytest.mark.parametrize(
    "other",
    [
        {"traject_id": 2},
        {"cycle": 2},
        {"step": "nota"},
        {"key": "2027-01-01"},
        {"person": "p2"},
        {"number": 2},
        {"purpose": "feed"},
        {"created_at": FACTS.created_at + timedelta(microseconds=1)},
    ],
)
def test_everything_in_the_row_counts(other: dict[str, Any]) -> None:
    assert make_token(SECRET, FACTS) != make_token(SECRET, replace(FACTS, **other))


def test_another_key_gives_another_token() -> None:
    assert make_token(SECRET, FACTS) != make_token(SECRET + b"!", FACTS)


def test_fields_do_not_run_into_each_other() -> None:
    assert make_token(SECRET, replace(FACTS, step="a", key="bc")) != make_token(
        SECRET, replace(FACTS, step="ab", key="c")
    )


def test_a_token_has_at_least_128_bits_and_its_address_fits_a_line() -> None:
    token = make_token(SECRET, FACTS)

    assert re.fullmatch(r"[a-z2-7]{32}", token)
    assert (len(token), TOKEN_LENGTH * 5) == (TOKEN_LENGTH, 160)
    assert len(link_address("https://regie.gemeente.example", token)) <= 72


@pytest.mark.parametrize("typed", ["", " ", "a" * 1_000_000, "\ud800", EXAMPLE, "é\x00"])
def test_whatever_is_typed_for_a_token_has_a_hash(typed: str) -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", hash_token(typed))
    assert hash_token(typed) != hash_token(make_token(SECRET, FACTS))


@pytest.mark.parametrize("number", range(1, 30))
def test_no_log_shows_a_link_whatever_its_token_looks_like(number: int) -> None:
    token = make_token(SECRET, replace(FACTS, number=number))

    for said in (
        f"GET {link_address('https://regie.example', token)} 200",
        f'127.0.0.1 - "POST /actie/{token}/klaar HTTP/1.1" 303',
        f"GET /ACTIE/{token.upper()}",
        f"next=%2Factie%2F{token}",
        f"/actie/{token[:9]}",
        f"no page at actie/{token}",
    ):
        assert token[:9] not in redact(said).lower()


def test_a_log_line_still_says_which_page_it_was() -> None:
    assert redact(f'"GET /actie/{"a" * 32}/vraag HTTP/1.1"') == '"GET /actie/***/vraag HTTP/1.1"'
    assert redact("2 acties gedaan; transactie/3 bleef") == "2 acties gedaan; transactie/3 bleef"
