"""The words of the pages: Dutch in the source, other languages from a catalogue."""

from __future__ import annotations

from functools import lru_cache
from gettext import NullTranslations
from pathlib import Path

from babel.support import Translations

DOMAIN = "regie"
LOCALE = Path(__file__).parent / "locale"
SOURCE = "nl"


def N_(text: str) -> str:
    """Mark a text that is translated where it is shown."""
    return text


@lru_cache(maxsize=8)
def words_of(language: str) -> NullTranslations:
    """The catalogue of a language.

    Raises:
        FileNotFoundError: it was not compiled; ``make catalog`` does.
    """
    if language == SOURCE:
        return NullTranslations()
    with (LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.mo").open("rb") as file:
        return Translations(file, domain=DOMAIN)
