"""Which words a language must have: one table per language, all with the same keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from regie.core.definition import Kind, RelationType
from regie.core.span import Unit
from regie.core.traject import State
from regie.core.transitions import Verb


@dataclass(frozen=True, slots=True)
class Words:
    """All words of one language.

    Args:
        units: per unit the word for one and for more.
        each: how a rhythm of one unit is said: ``elke maand``.
        days_off: names of days off and school holidays that the calendars give in Dutch.
        events: what happened, by the name of the event.
        verbs: what may be done to a step, as the text on a button.
        subjects: the subject of a mail about one thing.
        asks: what is asked of the reader, when somebody else leads the traject.
        own_asks: the same, when the reader leads it or nobody does.
        parts: why somebody hears something, after "because you", with ``{this}`` for the step or steps;
            ``their_parts`` after "who".
        groups: headings above several lines in one mail.
        phrases: sentences and parts of sentences, with names between braces.
        chart: words in the picture of the plan.
        columns: what the columns of the same table are called.
    """

    code: str
    months: tuple[str, ...]
    short_months: tuple[str, ...]
    weekdays: tuple[str, ...]
    units: Mapping[Unit, tuple[str, str]]
    each: Mapping[Unit, str]
    days_off: Mapping[str, str]
    states: Mapping[State, str]
    events: Mapping[str, str]
    kinds: Mapping[Kind, str]
    relations: Mapping[RelationType, str]
    verbs: Mapping[Verb, str]
    subjects: Mapping[Kind, str]
    asks: Mapping[Kind, str]
    own_asks: Mapping[Kind, str]
    parts: Mapping[str, str]
    their_parts: Mapping[str, str]
    groups: Mapping[str, str]
    phrases: Mapping[str, str]
    chart: Mapping[str, str]
    columns: Mapping[str, str]
