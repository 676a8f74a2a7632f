"""What happened and who came in, in sentences and as files for an auditor.

What people typed at a step that is confidential still is left out for who may not see it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session

from regie.core.definition import Definition, text_in
from regie.core.ids import StepId
from regie.core.traject import State
from regie.errors import RegieError
from regie.reports.csv_table import Cell
from regie.store.access_log import AccessEntry
from regie.store.audit import (
    Wanted,
    happened_anchors,
    list_all_history,
    list_traject_names,
    next_access,
    next_history,
)
from regie.store.definitions import DefinitionShelf
from regie.store.history import HistoryEntry
from regie.store.lately import names_of
from regie.store.session import read_scope
from regie.text.dates import say_date
from regie.text.phrases import STATES, words_in

_SHOWN_MOVES = 3
_ANSWERS = {"nl": ("akkoord", "niet akkoord"), "en": ("agreed", "not agreed")}
_HANDED = {"nl": ("aan {name}", "terug naar de rol"), "en": ("to {name}", "back to the role")}
_NEW = {"nl": "nieuw", "en": "new"}
_MORE = {"nl": "en nog {count}", "en": "and {count} more"}
HIDDEN = {"nl": "(vertrouwelijk)", "en": "(confidential)"}

MaySee = Callable[[int], bool]
"""Whether what is confidential in a traject may be seen."""


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One thing that happened, in words. ``who``: a name, or the id of whom nobody knows any more."""

    at: datetime
    traject: str
    slug: str
    seq: int
    who: str
    by: str
    event: str
    what: str
    about: str


# --- in sentences ------------------------------------------------------------------------------------


def names_in(definition: Definition, language: str = "nl") -> Mapping[str, str]:
    """What steps, anchors, lists and outcomes of a definition are called, by their id."""
    names: dict[str, str] = {}
    names |= {anchor.id: text_in(anchor.title, language) for anchor in definition.anchors.values()}
    names |= {growing.id: text_in(growing.title, language) for growing in definition.lists.values()}
    for step in definition.steps.values():
        names[step.id] = text_in(step.title, language)
        for outcome in step.gate.outcomes.values() if step.gate else ():
            names[f"{step.id}:{outcome.id}"] = text_in(outcome.title, language)
    return names


def say_about(entry: HistoryEntry, names: Mapping[str, str], language: str = "nl", *, hides_words: bool = False) -> str:
    """Which step or date it was about, what changed state, and what was said of it."""

    def name(key: str | Sequence[str]) -> str:
        step, copy = key.partition("@")[::2] if isinstance(key, str) else (key[0], "".join(key[1:]))
        return names.get(step, step) + (f" ({copy})" if copy else "")

    what = entry.payload.get("event", {})
    subjects = [name(what[field]) for field in ("key", "anchor", "list") if what.get(field)]
    if what.get("outcome"):
        subjects.append(names.get(f"{what['key'][0]}:{what['outcome']}", what["outcome"]))
    moves = [
        f"{name(step)}: {_state(before, language)} → {_state(after, language)}"
        for _, step, before, after, *_ in entry.payload["transitions"]
    ]
    about = [each for each in subjects if not any(move.startswith(f"{each}: ") for move in moves[:_SHOWN_MOVES])]
    more = len(moves) - _SHOWN_MOVES
    left = [_MORE.get(language, _MORE["nl"]).format(count=more)] if more > 0 else []
    words = [
        ", ".join(map(str, said)) if isinstance(said, list) else str(said) for said in entry.words.values() if said
    ]
    if hides_words and words:
        words = [HIDDEN.get(language, HIDDEN["nl"])]
    said = [_said(entry, what, names, language)] if entry.event in _SAYS_MORE else []
    return "; ".join([*about, *said, *moves[:_SHOWN_MOVES], *left, *words])


_SAYS_MORE = ("DateProposed", "ProposalAnswered", "HandedToColleague")


def _said(entry: HistoryEntry, what: Mapping[str, Any], names: Mapping[str, str], language: str) -> str:
    """Which date was asked for, how that was answered, or who got the step."""
    if entry.event == "DateProposed":
        return say_date(date.fromisoformat(what["on"]), language)
    if entry.event == "ProposalAnswered":
        return _ANSWERS.get(language, _ANSWERS["nl"])[0 if what["accepted"] else 1]
    handed, back = _HANDED.get(language, _HANDED["nl"])
    return handed.format(name=names.get(what["to"], what["to"])) if what.get("to") else back


def _state(value: str | None, language: str) -> str:
    return STATES[language][State(value)] if value else _NEW.get(language, _NEW["nl"])


def make_history(
    session: Session,
    shelf: DefinitionShelf,
    wanted: Wanted,
    language: str,
    *,
    may_see: MaySee,
    skip: int = 0,
    limit: int = 50,
) -> tuple[HistoryLine, ...]:
    """Give a page of the history of all trajects in words, the latest first."""
    return say_history(session, shelf, list_all_history(session, wanted, skip=skip, limit=limit), language, may_see)


def say_history(
    session: Session, shelf: DefinitionShelf, entries: Sequence[HistoryEntry], language: str, may_see: MaySee
) -> tuple[HistoryLine, ...]:
    """Put rows in words; names and what is confidential are asked once for all of them."""
    trajects = list_traject_names(session)
    handed = {str(to) for each in entries if (to := each.payload.get("event", {}).get("to"))}
    called = names_of(session, {each.by for each in entries} | handed)
    happened = happened_anchors(session, {each.traject_id for each in entries})
    lines = []
    for entry in entries:
        definition = _definition_of(session, shelf, entry)
        names = {**(_names(definition, language) if definition else {}), **{each: called[each] for each in handed}}
        slug, title = trajects.get(entry.traject_id, ("", str(entry.traject_id)))
        hides = not may_see(entry.traject_id) and _is_secret(entry, definition, happened)
        lines.append(
            HistoryLine(
                entry.at,
                title,
                slug,
                entry.seq,
                called.get(entry.by) or entry.by,
                entry.by,
                entry.event,
                words_in(language).events.get(entry.event, entry.event),
                say_about(entry, names, language, hides_words=hides),
            )
        )
    return tuple(lines)


@lru_cache(maxsize=64)
def _names(definition: Definition, language: str) -> Mapping[str, str]:
    return names_in(definition, language)


def _definition_of(session: Session, shelf: DefinitionShelf, entry: HistoryEntry) -> Definition | None:
    """The definition that the cycle followed; None when it cannot be read any more."""
    hashes = entry.payload.get("definitions") or {}
    content_hash = hashes.get(str(entry.payload.get("cycle"))) or next(iter(hashes.values()), "")
    try:
        return shelf.get(content_hash, session) if content_hash else None
    except RegieError:
        return None


def _is_secret(entry: HistoryEntry, definition: Definition | None, happened: frozenset[Any]) -> bool:
    """Whether somebody typed at a step that is confidential still; of what is not known, that it is."""
    key = entry.payload.get("event", {}).get("key")
    if not key or not entry.words:
        return False
    step = definition.steps.get(StepId(key[0])) if definition else None
    if step is None:
        return True
    until = step.confidential_until
    return until is not None and (entry.traject_id, entry.payload.get("cycle"), until) not in happened


# --- as files ----------------------------------------------------------------------------------------

HISTORY_COLUMNS = ("at", "traject", "seq", "by", "event", "about")
ACCESS_COLUMNS = ("id", "at", "who", "what", "about", "outcome")


def export_history(
    engine: Engine, shelf: DefinitionShelf, wanted: Wanted, language: str, may_see: MaySee
) -> Iterator[Mapping[str, Cell]]:
    """Give every row as plain values, in the order in which they are sealed, some hundreds in a transaction."""
    after = (0, 0)
    while True:
        with read_scope(engine) as session:
            entries = next_history(session, wanted, after)
            lines = say_history(session, shelf, entries, language, may_see)
        for line in lines:
            yield {
                "at": _utc(line.at),
                "traject": line.slug,
                "seq": line.seq,
                "by": line.by,
                "event": line.event,
                "about": line.about,
            }
        if not entries:
            return
        after = (entries[-1].traject_id, entries[-1].seq)


def export_access(engine: Engine, wanted: Wanted) -> Iterator[Mapping[str, Cell]]:
    """Give every row of the access log as plain values, the oldest first."""
    after = 0
    while True:
        with read_scope(engine) as session:
            entries = next_access(session, wanted, after)
        yield from map(access_as_data, entries)
        if not entries:
            return
        after = entries[-1].id


def access_as_data(entry: AccessEntry) -> Mapping[str, Cell]:
    return {
        "id": entry.id,
        "at": _utc(entry.at),
        "who": entry.who,
        "what": entry.what.value,
        "about": entry.about,
        "outcome": entry.outcome.value,
    }


def write_json_lines(rows: Iterable[Mapping[str, Cell]]) -> Iterator[str]:
    for row in rows:
        yield json.dumps(row, ensure_ascii=False) + "\n"


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
