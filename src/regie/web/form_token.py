"""Form tokens: proof that a form was drawn by Regie for whoever sends it (double submit, bound).

A token is bound to the link that the form acts on, else to the session, else to a cookie of this browser. Whoever
lures somebody to another site knows none of the three, so cannot make a token. Knows no request and no clock.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from hashlib import sha256

FIELD = "form_token"
HEADER = "x-form-token"
_SALT_BYTES = 12


def derive_key(secret: bytes, purpose: str) -> bytes:
    """Make the key of one purpose from the secret of an installation: whoever learns one learns no other."""
    return hmac.digest(secret, b"regie/web/" + purpose.encode(), sha256)


def make_token(key: bytes, bound_to: str) -> str:
    """Make a token for one form; each is different, so that compression of a page gives nothing away."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return base64.urlsafe_b64encode(salt + _seal(key, salt, bound_to)).decode()


def is_token(key: bytes, bound_to: str, token: str) -> bool:
    """Whether a token was made with this key and for this binding."""
    try:
        raw = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except ValueError:
        return False
    salt, seal = raw[:_SALT_BYTES], raw[_SALT_BYTES:]
    return hmac.compare_digest(seal, _seal(key, salt, bound_to))


def _seal(key: bytes, salt: bytes, bound_to: str) -> bytes:
    return hmac.digest(key, salt + bound_to.encode(), sha256)
