"""What happened to a traject since somebody looked at it: who, when, what. Not what was typed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from regie.core.definition import text_in
from regie.core.ids import AnchorId, ListId, OccurrenceKey
from regie.core.traject import State
from regie.reports.traject_home import key_of, load_for_view, say_event
from regie.store.definitions import DefinitionShelf
from regie.store.history import HistoryEntry, is_about, list_history
from regie.store.lately import names_of
from regie.text.phrases import STATES, say
from regie.text.rules import say_step

MOST = 200
"""So many of the things that happened since are looked through; of those ``MOST_SHOWN`` are shown."""
MOST_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that somebody else did.

    Args:
        about: the step, date or list that it was done to; empty when it was to none.
        move: (from, to) states of the step that was looked at, in words, when they changed.
    """

    at: datetime
    name: str
    what: str
    about: str
    move: tuple[str, str] | None


def list_changed_since(
    session: Session,
    shelf: DefinitionShelf,
    traject_id: int,
    seq: int,
    language: str = "nl",
    *,
    cycle: int = 0,
    key: OccurrenceKey | None = None,
    other: str = "",
) -> tuple[Happened, ...]:
    """Give what happened since, the latest first: what was done to what was looked at, or else all of it.

    Args:
        seq: how many things had happened when it was looked at; the version of the traject.
        key: the step that was looked at.
        other: the anchor or the list that was looked at.
    """
    traject = load_for_view(session, shelf, traject_id, cycle)
    chosen = traject.choose_cycle(cycle)
    entries = list_history(session, traject_id, after_seq=seq, limit=MOST)
    if key is not None:
        own = [each for each in entries if is_about(each, chosen.number, key)]
    else:
        own = [
            each
            for each in entries
            if other in (each.payload["event"].get("anchor"), each.payload["event"].get("list"))
        ]
    shown = (own or list(entries))[-MOST_SHOWN:][::-1]
    names = names_of(session, {each.by for each in shown})

    def about(entry: HistoryEntry) -> str:
        done_to = key_of(entry)
        definition = chosen.definition
        if done_to is not None:
            return say_step(definition, done_to, language) if done_to.step in definition.steps else str(done_to)
        event = entry.payload["event"]
        declared = definition.anchors.get(AnchorId(event.get("anchor", ""))) or definition.lists.get(
            ListId(event.get("list", ""))
        )
        return text_in(declared.title, language) if declared else ""

    def happened() -> Iterator[Happened]:
        for each in shown:
            found = [move for move in each.payload["transitions"] if key and move[:2] == [chosen.number, str(key)]]
            move = (_state(found[0][2], language), _state(found[0][3], language)) if found else None
            yield Happened(each.at, names[each.by], say_event(each.event, language), about(each), move)

    return tuple(happened())


def _state(value: str | None, language: str) -> str:
    return STATES[language][State(value)] if value else say("effect_new", language)
