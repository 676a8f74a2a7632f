"""Dutch and English say the same things, in other words."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from string import Formatter

import pytest

from regie.core import events
from regie.core.definition import Kind, RelationType
from regie.core.span import Unit
from regie.core.traject import State
from regie.core.transitions import Verb
from regie.text.phrases import LANGUAGES, say, say_list, words_in
from regie.text.words import Words

TABLES = [
    each.name for each in fields(Words) if each.name not in ("code", "months", "short_months", "weekdays", "days_off")
]


def names_in(phrase: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(phrase) if name}


@pytest.mark.parametrize("table", TABLES)
def test_every_word_is_there_in_both_languages_with_the_same_gaps(table: str) -> None:
    dutch, english = getattr(LANGUAGES["nl"], table), getattr(LANGUAGES["en"], table)

    assert list(dutch) == list(english)
    for name, phrase in dutch.items():
        if isinstance(phrase, str):
            assert names_in(phrase) == names_in(english[name]), name
            assert phrase or name is Kind.DIGEST, name


@pytest.mark.parametrize(
    ("table", "needed"),
    [
        ("states", State),
        ("kinds", Kind),
        ("subjects", Kind),
        ("asks", Kind),
        ("relations", RelationType),
        ("verbs", Verb),
        ("units", Unit),
    ],
)
def test_nothing_that_the_core_can_name_is_without_words(table: str, needed: type[State]) -> None:
    for words in LANGUAGES.values():
        assert set(getattr(words, table)) == set(needed)


def test_no_phrase_was_left_untranslated() -> None:
    dutch, english = LANGUAGES["nl"].phrases, LANGUAGES["en"].phrases
    alike = {name for name, phrase in dutch.items() if phrase == english[name] and has_words(phrase)}

    assert alike == {"column_indicator", "condition_is", "lag_ss", "later", "partner_one", "partner_many"}


def has_words(phrase: str) -> bool:
    """Whether a phrase has words of its own besides what is filled in."""
    return any(letter.isalpha() for text, *_ in Formatter().parse(phrase) for letter in text)


def test_a_language_that_nobody_speaks_is_answered_in_dutch() -> None:
    assert words_in("fy").code == "nl"


@pytest.mark.parametrize(
    ("items", "most", "said"),
    [
        ((), 0, ""),
        (("a",), 0, "a"),
        (("a", "b"), 0, "a en b"),
        (("a", "b", "c"), 3, "a, b en c"),
        (("a", "b", "c", "d"), 3, "a, b en nog 2 andere"),
    ],
)
def test_a_list_ends_in_and_and_a_long_one_is_counted(items: tuple[str, ...], most: int, said: str) -> None:
    assert say_list(items, "nl", most=most) == said


def test_a_title_with_braces_is_said_as_it_is() -> None:
    assert say("out", "nl", said="{geheim}") == "doet niet mee: {geheim}"


def test_importing_sentences_costs_neither_babel_nor_jinja() -> None:
    code = "import sys, regie.text.sentences, regie.text.lines; print([n for n in ('babel', 'jinja2', 'yaml', 'pydantic') if n in sys.modules])"

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert said.strip() == "[]"


def test_every_event_is_called_something_in_each_language() -> None:
    happens = {
        name
        for name, each in vars(events).items()
        if isinstance(each, type) and issubclass(each, events.Event) and each not in (events.Event, events.StepEvent)
    }

    assert all(set(words.events) == happens for words in LANGUAGES.values())
