"""Tokens and names of feeds: the same from the same facts, another from any other, and telling nothing."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from regie.feeds import feed_key, make_feed_token, make_uid
from regie.links import LinkFacts, make_token

KEY = feed_key(b"l" * 32)
MADE = datetime(2027, 6, 3, 8, 30, tzinfo=UTC)


def test_token_follows_from_key_person_number_and_moment() -> None:
    token = make_feed_token(KEY, "p4", 1, MADE)

    assert re.fullmatch(r"[a-z2-7]{32}", token)
    assert token == make_feed_token(KEY, "p4", 1, MADE)
    others = {
        make_feed_token(feed_key(b"m" * 32), "p4", 1, MADE),
        make_feed_token(KEY, "p5", 1, MADE),
        make_feed_token(KEY, "p4", 2, MADE),
        make_feed_token(KEY, "p4", 1, MADE + timedelta(microseconds=1)),
    }
    assert len(others | {token}) == 5


def test_key_of_feeds_is_not_that_of_links() -> None:
    assert feed_key(b"l" * 32) != b"l" * 32
    assert feed_key(b"") == b""
    link = make_token(b"l" * 32, LinkFacts(1, 1, "a", "", "p4", 1, "act", MADE))
    assert link != make_feed_token(KEY, "p4", 1, MADE)


def test_name_of_an_entry_differs_with_every_fact_and_shows_none() -> None:
    facts = (1, 2, "f0-startnota", "2027-03-01", "p4")
    uid = make_uid(KEY, *facts)
    others = [(9, *facts[1:]), (1, 9, *facts[2:]), (1, 2, "x", *facts[3:]), (*facts[:3], "x", "p4"), (*facts[:4], "p5")]

    assert re.fullmatch(r"[0-9a-f]{40}@regie", uid)
    assert len({make_uid(KEY, *each) for each in others} | {uid, make_uid(feed_key(b"m" * 32), *facts)}) == 7  # type: ignore[arg-type]
