"""Texts that a database keeps but cannot read: encrypted with a key that is not in it.

AES-GCM; what a text belongs to is bound to it, so that a sealed text put in another row does not open.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable

from regie.errors import Refused

_NONCE_BYTES = 12
_LABEL = b"regie/sealed 1"


def seal(key: bytes, text: str, about: str, chance: Callable[[int], bytes]) -> str:
    """Give what can be kept of a text.

    Args:
        about: what it belongs to, such as the table, column and id.
        chance: gives so many random bytes, other ones each time.
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = chance(_NONCE_BYTES)
    closed = AESGCM(_own(key)).encrypt(nonce, text.encode(), about.encode())
    return base64.b64encode(nonce + closed).decode("ascii")


def unseal(key: bytes, sealed: str, about: str) -> str:
    """Give the text back.

    Raises:
        Refused: ``sealed-unreadable``; made with another key, for another row, or changed since.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        whole = base64.b64decode(sealed, validate=True)
        return AESGCM(_own(key)).decrypt(whole[:_NONCE_BYTES], whole[_NONCE_BYTES:], about.encode()).decode()
    except (ValueError, InvalidTag):
        raise Refused(
            "what was kept here cannot be read with the key that there is now",
            code="sealed-unreadable",
            hint="put back the audit key, or remove the webhook and add it again",
        ) from None


def _own(key: bytes) -> bytes:
    return hmac.digest(key, _LABEL, hashlib.sha256)
