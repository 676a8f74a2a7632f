"""What may stand as evidence: a text, a link to a page, or the name of a file that was handed over.

A text is shown as text. Only what is a plain web address is ever shown as a link, and what a browser could run in
place of opening it is no evidence at all.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from regie.errors import Refused

FILE = "bestand:"
"""Stands before the id of a file."""

_FILE_ID = re.compile(r"[0-9A-Za-z-]{1,64}")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)\s*:", re.IGNORECASE)
_RUNS = frozenset({"javascript", "vbscript", "livescript", "data", "blob", "filesystem", "about", "view-source"})
"""Schemes with which a browser runs or shows what stands behind them, wherever it stands."""
_UNSEEN = re.compile(r"[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")


def file_reference(file_id: str) -> str:
    """Give what stands in the evidence of a step for a file."""
    return f"{FILE}{file_id}"


def find_file_id(text: str) -> str | None:
    """Give the id of the file that a piece of evidence stands for; None when it is a text or a link."""
    return text.removeprefix(FILE) if text.startswith(FILE) else None


def find_link(text: str) -> str | None:
    """Give the address when a piece of evidence may be shown as a link; None when it is to be shown as text.

    >>> find_link("https://zaak.voorbeeldstad.nl/12"), find_link("javascript:alert(1)"), find_link("zaak 12")
    ('https://zaak.voorbeeldstad.nl/12', None, None)
    """
    try:
        parts = urlsplit(text)
        is_plain = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    # who it says it is before an @ is not where it goes
    return text if is_plain and "@" not in parts.netloc and not re.search(r"[\s\\]", text) else None


def check_evidence(text: str) -> str:
    """Return a piece of evidence that is safe to keep and to show.

    Raises:
        Refused: ``evidence-unsafe``; ``evidence-empty``.
    """
    if not text.strip():
        raise Refused("a piece of evidence is empty", code="evidence-empty", hint="give a link, a file or a name")
    found = _SCHEME.match(text.lstrip())
    scheme, behind = (found[1].lower(), text.lstrip()[found.end() :].lstrip()) if found else ("", "")
    if text.startswith(FILE):
        is_safe = _FILE_ID.fullmatch(text.removeprefix(FILE)) is not None
    elif scheme in ("http", "https"):
        is_safe = find_link(text) is not None
    else:
        is_safe = scheme not in _RUNS and not behind.startswith("//") and _UNSEEN.search(text) is None
    if not is_safe:
        raise Refused(
            "this cannot stand as evidence: it is no plain web address",
            code="evidence-unsafe",
            hint="give a link that begins with https://, or a name",
        )
    return text
