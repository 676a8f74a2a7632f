"""An e-mail address, checked, with or without a name.

Knows the shape that mail servers take, not whether anybody reads there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from regie.errors import Refused

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"(?P<local>{_ATOM}(?:\.{_ATOM})*)@{_LABEL}(?:\.{_LABEL})+")
_NAMED = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]*)>")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Where mail comes from or goes to: an address, and the name shown with it."""

    address: str
    name: str = ""


def check_email(address: str) -> str:
    """Return an e-mail address that is safe to put in a header and on the wire.

    Line breaks, control characters, lists, quoted and non-ASCII forms are refused. The error does
    not repeat the address, because errors end up in logs.

    Raises:
        Refused: ``address-invalid``.
    """
    found = _ADDRESS.fullmatch(address)
    # "=?" opens an encoded word: what it hides would only show on the wire
    if found is None or len(address) > 254 or len(found["local"]) > 64 or "=?" in address:
        raise Refused(
            "this is not an e-mail address Regie can use",
            code="address-invalid",
            hint="write one address, such as naam@gemeente.nl, without spaces or accents",
        )
    return address


def parse_mailbox(text: str) -> Mailbox:
    """Read ``Naam <adres>`` or a bare address.

    Raises:
        Refused: ``address-invalid``.

    >>> parse_mailbox("Regie Voorbeeldstad <regie@voorbeeldstad.nl>")
    Mailbox(address='regie@voorbeeldstad.nl', name='Regie Voorbeeldstad')
    """
    named = _NAMED.fullmatch(text.strip())
    if named is None:
        return Mailbox(check_email(text.strip()))
    return Mailbox(check_email(named["address"].strip()), named["name"].strip().strip('"').strip())
