"""Whether letters can be read on their background: tokens of a style resolved to colours, and measured.

Source:
    WCAG 2.2, 1.4.3 and 1.4.11, relative luminance and contrast ratio.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_DECLARATION = re.compile(r"(--[A-Za-z0-9_-]+)\s*:\s*([^;{}]+)")
_VAR = re.compile(r"var\(\s*(--[A-Za-z0-9_-]+)\s*(?:,\s*(.*))?\)", re.DOTALL)
_HEX = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})\s*\)")
_NAMES = {"white": (255, 255, 255), "black": (0, 0, 0)}
_MOST_HOPS = 20

Colour = tuple[int, int, int]

LETTERS, SHAPES = 4.5, 3.0
"""What is asked of letters, and of what is no letter."""

PAIRS: tuple[tuple[str, str, str, float], ...] = (
    ("text", "--basis-color-default-color-document", "--basis-color-default-bg-document", LETTERS),
    ("link", "--nl-link-color", "--basis-color-default-bg-document", LETTERS),
    ("button", "--nl-button-primary-color", "--nl-button-primary-background-color", LETTERS),
    ("second-button", "--nl-button-secondary-color", "--basis-color-default-bg-document", LETTERS),
    ("field", "--utrecht-textbox-color", "--utrecht-textbox-background-color", LETTERS),
    ("border", "--utrecht-textbox-border-color", "--basis-color-default-bg-document", SHAPES),
    ("error", "--utrecht-alert-error-color", "--utrecht-alert-error-background-color", LETTERS),
    ("warning", "--utrecht-alert-warning-color", "--utrecht-alert-warning-background-color", LETTERS),
    ("footer", "--basis-color-default-color-document", "--basis-color-default-bg-subtle", LETTERS),
)
"""What is measured: a name, the token in front, the token behind, the ratio that is asked."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One pair. ``ratio`` is None when a colour is said in a way that is not measured here."""

    name: str
    front: str
    back: str
    ratio: float | None
    wanted: float

    @property
    def is_enough(self) -> bool | None:
        return None if self.ratio is None else self.ratio >= self.wanted


def measure(styles: Iterable[str]) -> tuple[Measured, ...]:
    """Measure every pair; a later style goes before an earlier one."""
    tokens: dict[str, str] = {}
    for style in styles:
        tokens |= {name: value.strip() for name, value in _DECLARATION.findall(_COMMENT.sub(" ", style))}
    found = []
    for name, front, back, wanted in PAIRS:
        letters, behind = colour_of(front, tokens), colour_of(back, tokens)
        ratio = contrast(letters, behind) if letters and behind else None
        found.append(Measured(name, front, back, ratio, wanted))
    return tuple(found)


def colour_of(token: str, tokens: Mapping[str, str]) -> Colour | None:
    """Follow a token to a colour; None when it leads to none, or to itself."""
    value = tokens.get(token, "")
    for _ in range(_MOST_HOPS):
        found = _VAR.fullmatch(value.strip())
        if found is None:
            return _read(value.strip())
        value = tokens.get(found[1], found[2] or "")
    return None


def contrast(one: Colour, other: Colour) -> float:
    """The ratio of two colours, from 1 to 21.

    >>> contrast((0, 0, 0), (255, 255, 255))
    21.0
    """
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _read(value: str) -> Colour | None:
    if _HEX.fullmatch(value):
        digits = value[1:] if len(value) == len("#112233") else "".join(2 * each for each in value[1:])
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
    if found := _RGB.fullmatch(value):
        red, green, blue = (min(int(each), 255) for each in found.groups())
        return red, green, blue
    return _NAMES.get(value.lower())


def _luminance(colour: Colour) -> float:
    red, green, blue = (_linear(each / 255) for each in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
