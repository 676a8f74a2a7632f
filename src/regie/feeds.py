"""The secret part of a calendar feed's address, and the names of its entries: both made from one key, neither kept bare.

A feed is known by a token of 160 bits, made again whenever its owner looks. The key is one of its own: whoever learns a
feed learns no action link, and the other way round.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

from regie.links import hash_token

__all__ = ["feed_address", "feed_key", "hash_token", "make_feed_token", "make_uid"]

PATH = "agenda"
_BYTES = 20


def feed_key(link_key: bytes) -> bytes:
    """The key of feeds, from that of links; empty when there is none, and then there are no feeds."""
    return hmac.digest(link_key, b"regie/agenda", hashlib.sha256) if link_key else b""


def make_feed_token(key: bytes, person: str, number: int, made_at: datetime) -> str:
    """Give the token of the ``number``-th feed of a person. The same facts give the same one.

    The moment counts too: after an older copy of the database was put back, the same numbers are given out again.
    """
    moment = made_at.astimezone(UTC).isoformat(timespec="microseconds")
    return base64.b32encode(_seal(key, "regie feed 1", person, number, moment)).decode("ascii").lower()


def make_uid(key: bytes, traject_id: int, cycle: int, step: str, copy: str, person: str) -> str:
    """Give the name of an entry for calendar programs. It tells nothing, also not to who can guess what is in it."""
    return f"{_seal(key, 'regie entry 1', traject_id, cycle, step, copy, person).hex()}@regie"


def feed_address(base_url: str, token: str) -> str:
    """Give the address to put in a calendar program.

    >>> feed_address("https://regie.example/", "abc")
    'https://regie.example/agenda/abc.ics'
    """
    return f"{base_url.rstrip('/')}/{PATH}/{token}.ics"


def _seal(key: bytes, *facts: str | int) -> bytes:
    written = json.dumps(facts, separators=(",", ":"), ensure_ascii=False)
    return hmac.digest(key, written.encode(), hashlib.sha256)[:_BYTES]
