"""Texts that people typed or pasted: without characters that nobody sees and that no database keeps.

PostgreSQL takes no NUL, no encoding takes half a surrogate pair, and what moves a cursor is at home in no letter
and no log. So a text that comes in is refused as it is: a text that was cleaned says something else than its writer.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import fields, is_dataclass

from regie.errors import Refused

LONG_TEXTS = frozenset({"note", "reason", "text"})
"""What people write at length, in which a new line and a tab are at home."""

LONGEST: Mapping[str, int] = {
    **dict.fromkeys(("title", "slug", "by", "decided_by", "approved_by", "naam", "organisatie"), 200),
    **dict.fromkeys(LONG_TEXTS, 10_000),
}
"""How many characters a text may have, by the name of its field; a table of figures is no remark."""
LONGEST_OTHER = 2_000

_IN_NAME = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_IN_LONG_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def check_plain(text: str, what: str, *, is_long: bool = False) -> str:
    """Return a text that holds no control character and is not too long for what it is.

    Args:
        what: the field that it is for; the error names it, and never repeats the text.
        is_long: whether it may have lines and tabs.

    Raises:
        Refused: ``control-character``, ``text-too-long``.
    """
    most = LONGEST.get(what, LONGEST_OTHER)
    if len(text) > most:
        raise Refused(
            f"'{what[:40]}' holds {len(text)} characters, more than {most}",
            code="text-too-long",
            hint="put what is long in a document and give its link",
            field=what[:40],
            length=len(text),
            most=most,
        )
    found = (_IN_LONG_TEXT if is_long else _IN_NAME).search(text)
    if found is not None:
        character = f"U+{ord(found[0]):04X}"
        raise Refused(
            f"'{what}' holds a character that cannot be kept: {character} at place {found.start() + 1}",
            code="control-character",
            hint="type the text anew; such a character comes along with copied text",
            field=what,
            character=character,
        )
    return text


def without_control(text: str, most: int) -> str:
    """Return what can be kept of a text from a stranger, for a search in which anything strange finds nothing."""
    return _IN_NAME.sub("", text)[:most]


# full-width signs too: spreadsheet programs read them as the plain ones
_COMPUTES = re.compile(r"[\s\x00-\x20\u200b\ufeff'\"]*[=+\-@|\uff1d\uff0b\uff0d\uff20\u2212]|'*[\t\r\n]")
_DROPPED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def harmless(text: str) -> str:
    """Give a text that no spreadsheet program takes for a formula; what is harmless stays what it is.

    What begins with a sign that makes such a program compute gets an apostrophe before it; ``without_guard`` takes
    that off again.

    >>> harmless("=1+1"), harmless("-"), harmless("Nota, versie 2")
    ("'=1+1", '-', 'Nota, versie 2')

    Source:
        OWASP, "CSV Injection"; ASVS 5.0, 1.2.10. A tab as the sign before is unsafe itself (CVE-2021-41270).
    """
    kept = _DROPPED.sub("", text)
    if kept == "-":  # stands for nothing, and computes nothing
        return kept
    return f"'{kept}" if _COMPUTES.match(kept) else kept


def without_guard(text: str) -> str:
    """Give what ``harmless`` was given.

    >>> without_guard("'=1+1"), without_guard("'t Hart")
    ('=1+1', "'t Hart")
    """
    return text[1:] if text.startswith("'") and _COMPUTES.match(text, 1) else text


def check_texts(value: object, what: str = "") -> None:
    """Check every text in a value, however deep, by the name of the field that it is in.

    Args:
        value: a text, or a dataclass, mapping or collection that holds texts; anything else holds none.

    Raises:
        Refused: ``control-character``, ``text-too-long``.
    """
    match value:
        case str():
            check_plain(value, what, is_long=what in LONG_TEXTS)
        case Mapping():
            for name, each in value.items():
                check_texts(name, what)
                check_texts(each, f"{what} {name}")
        case Collection() if not isinstance(value, bytes):
            for each in value:
                check_texts(each, what)
        case _ if is_dataclass(value):
            for field in fields(value):
                check_texts(getattr(value, field.name), field.name)
        case _:
            pass
