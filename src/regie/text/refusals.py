"""What a person reads when Regie refuses: what is wrong, and what to do about it.

A refusal carries a code and facts; the sentences are in a table per language. English is what the refusal says itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from string import Formatter

from regie.core.definition import text_in
from regie.core.span import Span
from regie.core.traject import State
from regie.core.transitions import Verb
from regie.errors import RegieError
from regie.text.dates import say_date, say_span
from regie.text.phrases import STATES, say, say_list, words_in
from regie.text.refusals_nl import FIELDS, REFUSALS, TROUBLES, Saying

_MOST_STEPS = 5


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal in the words of its reader.

    Args:
        advice: what to do; empty when that is not known.
    """

    message: str
    advice: str = ""


def say_refusal(error: RegieError, language: str = "nl") -> Refusal:
    """Say an error to people: by the first sentence of its code that its facts can fill.

    English, and an error that has no such sentence, is said in the error's own words.
    """
    if words_in(language).code == "nl":
        facts = _said(error, language)
        for saying in REFUSALS.get(error.code, ()):
            if _fits(saying, error.facts, facts):
                return Refusal(saying.message.format_map(facts), saying.advice.format_map(facts))
    return Refusal(error.message, error.hint)


def gaps_of(saying: Saying) -> frozenset[str]:
    """Give the names of the facts that a sentence and its advice need."""
    parts = [*Formatter().parse(saying.message), *Formatter().parse(saying.advice)]
    return frozenset(name for _, name, _, _ in parts if name)


def _fits(saying: Saying, facts: Mapping[str, object], said: Mapping[str, str]) -> bool:
    return gaps_of(saying) <= said.keys() and all(facts.get(name) == wanted for name, wanted in saying.only.items())


def _said(error: RegieError, language: str) -> dict[str, str]:
    """Every fact that there is, in words."""
    said: dict[str, str] = {}
    for name, fact in error.facts.items():
        words = _WAYS.get(name, _say_value)(fact, error.facts, language) if fact is not None else ""
        if words:
            said[name] = words
    return said


# --- how a fact is said ------------------------------------------------------------------------------


def _say_value(fact: object, facts: Mapping[str, object], language: str) -> str:
    """A date in words, a choice as ``go (Doorgaan) of hold (Aanhouden)``, another refusal as its sentence."""
    if isinstance(fact, date):
        return say_date(fact, language)
    if isinstance(fact, Span):
        return say_span(fact, language)
    if isinstance(fact, RegieError):
        return say_refusal(fact, language).message
    if isinstance(fact, Mapping):
        return say_list([_choice(str(each), title, language) for each, title in fact.items()], language, word="or")
    if isinstance(fact, Sequence) and not isinstance(fact, str):
        parts = [_say_value(each, facts, language) for each in fact]
        if any(isinstance(each, RegieError) for each in fact):
            return " ".join(parts)
        return say_list(parts, language, word="or")
    return str(fact)


def _choice(name: str, title: object, language: str) -> str:
    said = text_in(title, language) if isinstance(title, Mapping) else str(title or "")
    return f"{name} ({said})" if said.lower() not in ("", name) else name


def _say_all(fact: object, facts: Mapping[str, object], language: str) -> str:
    """Things that count together: ``a, b en c``."""
    if isinstance(fact, Sequence) and not isinstance(fact, str):
        return say_list([_say_value(each, facts, language) for each in fact], language)
    return _say_value(fact, facts, language)


def _say_title(fact: object, facts: Mapping[str, object], language: str) -> str:
    """The title of a step, an anchor, a role or a list, when the facts give it; of a copy with what tells it apart."""
    name, _, copy = str(fact).partition("@")
    titles = facts.get("titles")
    found = titles.get(name) if isinstance(titles, Mapping) else None
    if found is None:
        return str(fact)
    title = text_in(found, language)
    if not copy or copy == "1":
        return title
    return say("nth_copy", language, title=title, number=copy) if copy.isdigit() else f"{title} ({copy})"


def _say_steps(fact: object, facts: Mapping[str, object], language: str) -> str:
    named = [fact] if isinstance(fact, str) or not isinstance(fact, Sequence) else fact
    return say_list([f"'{_say_title(each, facts, language)}'" for each in named], language, most=_MOST_STEPS)


def _say_state(fact: object, facts: Mapping[str, object], language: str) -> str:
    del facts
    return STATES[language][State(str(fact))]


def _say_verb(fact: object, facts: Mapping[str, object], language: str) -> str:
    del facts
    return words_in(language).verbs[Verb(str(fact))]


def _say_trouble(fact: object, facts: Mapping[str, object], language: str) -> str:
    """What is wrong with a value, by the kind of trouble that the reader of the file found."""
    del facts, language
    return TROUBLES.get(str(fact), TROUBLES[""])


def _say_field(fact: object, facts: Mapping[str, object], language: str) -> str:
    del facts, language
    return FIELDS.get(str(fact), str(fact))


def _say_text(fact: object, facts: Mapping[str, object], language: str) -> str:
    """A text of a definition, which it may give in more than one language."""
    return text_in(fact, language) if isinstance(fact, Mapping) else _say_value(fact, facts, language)


_WAYS: Mapping[str, Callable[[object, Mapping[str, object], str], str]] = {
    "step": _say_title,
    "other": _say_title,
    "anchor": _say_title,
    "role": _say_title,
    "list": _say_title,
    "waits_for": _say_steps,
    "unfinished": _say_steps,
    "dependents": _say_steps,
    "variables": _say_all,
    "state": _say_state,
    "verb": _say_verb,
    "trouble": _say_trouble,
    "field": _say_field,
    "ask": _say_text,
}
