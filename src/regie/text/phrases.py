"""Look up words by language; a language that we do not speak is answered in Dutch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from regie.core.traject import State
from regie.text.en import EN
from regie.text.nl import NL
from regie.text.words import Words

LANGUAGES: Mapping[str, Words] = {NL.code: NL, EN.code: EN}
STATES: Mapping[str, Mapping[State, str]] = {code: words.states for code, words in LANGUAGES.items()}


def words_in(language: str) -> Words:
    """Give the words of a language; Dutch when it is another than we speak."""
    return LANGUAGES.get(language, NL)


def say(phrase: str, language: str = "nl", **facts: object) -> str:
    """Fill in a phrase from the table."""
    return words_in(language).phrases[phrase].format(**facts)


def say_list(items: Sequence[str], language: str = "nl", *, word: str = "and", most: int = 0) -> str:
    """``a, b en c``; with ``most`` the rest is counted: ``a, b en nog 3 andere``."""
    shown = list(items)
    if most and len(shown) > most:
        left = len(shown) - most + 1
        shown = [*shown[: most - 1], say("others", language, count=left)]
    if len(shown) < 2:
        return "".join(shown)
    return f"{', '.join(shown[:-1])} {say(word, language)} {shown[-1]}"


def start_with_capital(sentence: str) -> str:
    """Make the first letter a capital; also behind an opening quote it stays as it is."""
    return sentence[:1].upper() + sentence[1:]
