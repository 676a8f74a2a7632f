"""The token of an action link: made from a secret and the row that it stands for, and told apart by its hash.

A token is 160 bits in 32 small letters and digits, so that it fits a line of a mail and survives a mail program that
touches what looks like punctuation. Nothing keeps it: whoever renders the same message again makes it again.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime

TOKEN_BYTES = 20
TOKEN_LENGTH = 32
LONGEST_READ = 200
"""As much of what somebody typed for a token is looked at; a token is shorter."""

PATH = "actie"
EXAMPLE = "voorbeeld"
"""Stands for a token where no live link may show; it is the hash of no link."""


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """What makes one link another one than any other; ``number`` counts the links of a person for a step."""

    traject_id: int
    cycle: int
    step: str
    key: str
    person: str
    number: int
    purpose: str
    created_at: datetime


def make_token(secret: bytes, facts: LinkFacts) -> str:
    """Give the token of a link. The same secret and facts give the same one, at any time and in any process.

    The moment counts too: after an older copy of the database was put back, the same numbers are given out again.
    """
    told = [
        "regie action link 1",
        facts.traject_id,
        facts.cycle,
        facts.step,
        facts.key,
        facts.person,
        facts.number,
        facts.purpose,
        facts.created_at.astimezone(UTC).isoformat(timespec="microseconds"),
    ]
    written = json.dumps(told, separators=(",", ":"), ensure_ascii=False)
    sealed = hmac.new(secret, written.encode(), hashlib.sha256).digest()[:TOKEN_BYTES]
    return base64.b32encode(sealed).decode("ascii").lower()


def hash_token(token: str) -> str:
    """Give what the database keeps of a token. Whatever is asked, right, wrong or cut, costs one hash.

    >>> hash_token(" ABC ") == hash_token("abc")
    True
    """
    plain = token[:LONGEST_READ].strip().lower()
    return hashlib.sha256(plain.encode("utf-8", "replace")).hexdigest()


def link_address(base_url: str, token: str) -> str:
    """Give the address of the page that a link opens.

    >>> link_address("https://regie.example/", "abc")
    'https://regie.example/actie/abc'
    """
    return f"{base_url.rstrip('/')}/{PATH}/{token}"
