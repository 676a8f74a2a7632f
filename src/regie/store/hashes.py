"""How secrets are kept: never themselves. Pure; whoever needs chance gives it.

A token of 256 random bits is kept as its SHA-256, for which ASVS 5.0 (6.5.2) asks 112 bits. A code that people
type is far too short for that: it follows from a random id and a key that is not in the database. A password
gets scrypt, with its parameters in the hash, so that they can rise later.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass

CODE_DIGITS = 8
"""26 bits; ASVS 5.0 (6.5.4) asks 20 of a code that counts for minutes and a few attempts."""

SALT_BYTES = 16
_KEY_BYTES = 32
_LABEL = b"regie sign-in 1\0"


@dataclass(frozen=True, slots=True)
class ScryptCost:
    """What a guess costs: ``2 ** log_n`` rounds of ``r`` blocks, ``p`` times. The OWASP row N=2^15, r=8, p=3: 32 MiB."""

    log_n: int = 15
    r: int = 8
    p: int = 3


def hash_token(token: str) -> str:
    """Give what is kept of a long random token."""
    return hashlib.sha256(_bytes(token)).hexdigest()


def keyed_digest(key: bytes, *parts: str) -> str:
    """Give a digest that cannot be made, nor guessed back, without the key."""
    own = hmac.digest(key, _LABEL, "sha256")
    return hmac.new(own, _bytes("\0".join(parts)), "sha256").hexdigest()


def code_of(key: bytes, code_id: str) -> str:
    """Give the code that belongs to an id: digits, of which a database without the key says nothing."""
    number = int(keyed_digest(key, "code", code_id), 16)  # 256 bits over 10 ** 8: no digit is likelier than another
    return f"{number % 10**CODE_DIGITS:0{CODE_DIGITS}}"


def same(one: str, other: str) -> bool:
    """Compare two secrets in a time that says nothing about where they differ."""
    return hmac.compare_digest(_bytes(one), _bytes(other))


def hash_password(password: str, salt: bytes, cost: ScryptCost) -> str:
    """Give ``scrypt$log_n$r$p$salt$key``."""
    key = _scrypt(password, salt, cost)
    return f"scrypt${cost.log_n}${cost.r}${cost.p}${_text(salt)}${_text(key)}"


def check_password(password: str, kept: str) -> bool:
    """Say whether a password is the one of a hash; every hash with the same parameters takes the same work."""
    _, log_n, r, p, salt, key = kept.split("$")
    cost = ScryptCost(int(log_n), int(r), int(p))
    return hmac.compare_digest(_scrypt(password, base64.b64decode(salt), cost), base64.b64decode(key))


def nobodys_password(cost: ScryptCost) -> str:
    """A hash that no password has, for who is not known: the work is the same."""
    return f"scrypt${cost.log_n}${cost.r}${cost.p}${_text(bytes(SALT_BYTES))}${_text(bytes(_KEY_BYTES))}"


def _scrypt(password: str, salt: bytes, cost: ScryptCost) -> bytes:
    n = 2**cost.log_n
    memory = 128 * n * cost.r + 128 * cost.r * cost.p + 2**20
    return hashlib.scrypt(_bytes(password), salt=salt, n=n, r=cost.r, p=cost.p, maxmem=memory, dklen=_KEY_BYTES)


def _bytes(text: str) -> bytes:
    # what a stranger sends may be half a character; that is a wrong secret, not a fault of ours
    return text.encode("utf-8", "replace")


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
