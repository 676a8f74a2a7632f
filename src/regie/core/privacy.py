"""What in free text looks like data about a resident: warn, never block. Knows no field and no form."""

from __future__ import annotations

import re

_NINE_DIGITS = re.compile(r"(?<![\d.])\d(?:[ .-]?\d){8}(?![\d])")
_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2, -1)


def has_citizen_number(text: str) -> bool:
    """Say whether nine digits in a text pass the elfproef of the burgerservicenummer.

    One in eleven of other numbers of nine digits passes too; that is why it is a warning.

    >>> has_citizen_number("BSN 123456782"), has_citizen_number("zaak 123456789")
    (True, False)
    """
    for found in _NINE_DIGITS.finditer(text):
        digits = [int(each) for each in found.group() if each.isdigit()]
        if any(digits) and sum(weight * digit for weight, digit in zip(_WEIGHTS, digits, strict=True)) % 11 == 0:
            return True
    return False
