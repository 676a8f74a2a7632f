"""The record of what happened: appended, never changed, and chained with a key, so that tampering shows.

Each row of a traject is sealed together with the seal of the row before. The seal covers ids, dates and
transitions, and of free text only a keyed digest: text may be erased without breaking the chain. A cut of the
newest rows shows by the version of the traject, and by a head that was exported before.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Dialect,
    String,
    TypeDecorator,
    bindparam,
    cast,
    insert,
    or_,
    select,
    type_coerce,
    update,
)
from sqlmodel import Session

from regie.core.changes import Changes, Transition
from regie.core.events import DateProposed, Event
from regie.core.ids import OccurrenceKey, StepId
from regie.core.traject import State
from regie.store.dialects import Writing
from regie.store.tables import history, in_utc, occurrence, traject

WORDS = frozenset({"reason", "note", "document", "evidence", "text"})
"""Fields of events that hold what a person typed, and so perhaps personal data."""

_LAST_MAC = select(history.c.mac).where(history.c.traject_id == bindparam("id"), history.c.seq == bindparam("at_seq"))
_APPEND = Writing(insert(history), ("traject_id", "seq", "at", "by", "event", "payload", "words", "request_id", "mac"))
_CHAIN = select(history).order_by(history.c.traject_id, history.c.seq)
_HEADS = select(traject.c.id, cast(traject.c.version, BigInteger).label("version"))


class _PerhapsMoment(TypeDecorator[datetime]):
    """A moment; none where somebody wrote what is no moment, which SQLite lets them."""

    impl = String
    cache_ok = True

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if isinstance(value, datetime):
            return in_utc(value)
        try:
            return datetime.fromisoformat(value).replace(tzinfo=UTC)
        except (TypeError, ValueError):
            return None


_AS_FOUND: Mapping[str, ColumnElement[Any]] = {
    "traject_id": cast(history.c.traject_id, BigInteger),
    "seq": cast(history.c.seq, BigInteger),
    "at": type_coerce(history.c.at, _PerhapsMoment),
}
_FOUND = select(*[_AS_FOUND.get(each.name, each).label(each.name) for each in history.columns]).order_by(
    history.c.traject_id, history.c.seq
)


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One thing that happened. ``words``: what people typed; empty when it was erased.

    Args:
        payload: the event's own fields under ``event``, ``transitions`` as (cycle, step, from, to, why),
            ``files`` that it gave as evidence, with their SHA-256.
    """

    traject_id: int
    seq: int
    at: datetime
    by: str
    event: str
    payload: Mapping[str, Any]
    words: Mapping[str, Any]
    request_id: str = ""

    def is_of(self, event: Event) -> bool:
        """Whether this is the record of such an event: of the same kind, about the same cycle and step."""
        told = json.loads(canonical(_sort_fields(event)[0]))
        about = (self.payload["cycle"], self.payload["event"].get("key"))
        return (self.event, *about) == (type(event).__name__, event.cycle, told.get("key"))


@dataclass(frozen=True, slots=True)
class Problem:
    """Where the record is not what it was. ``what``: ``missing``, ``changed``, ``cut`` or ``surplus``."""

    traject_id: int
    seq: int
    what: str


def append_history(
    connection: Connection,
    traject_id: int,
    seq: int,
    changes: Changes,
    now: datetime,
    key: bytes,
    *,
    request_id: str,
    new_notices: int,
    files: Mapping[str, str] | None = None,
) -> None:
    """Add the row of one event to the chain of its traject."""
    event = changes.event
    told, words = _sort_fields(event)
    body: dict[str, Any] = {"cycle": event.cycle, "event": told, "notices": new_notices}
    body["transitions"] = [_said(changes, each) for each in changes.transitions]
    touched = {each.cycle for each in changes.transitions} | {event.cycle}
    body["definitions"] = {
        cycle.number: cycle.definition.content_hash for cycle in changes.traject.cycles if cycle.number in touched
    }
    if files:
        body["files"] = dict(files)
    written = canonical(words) if words else None
    if written is not None:
        body["words"] = _seal(key, written)
    payload = canonical(body)
    previous = ""
    if seq > 1:
        previous = connection.scalar(_LAST_MAC, {"id": traject_id, "at_seq": seq - 1}) or ""
    name = type(event).__name__
    row = {
        "traject_id": traject_id,
        "seq": seq,
        "at": now,
        "by": event.by,
        "event": name,
        "payload": payload,
        "words": written,
        "request_id": request_id or None,
        "mac": _chain(key, previous, traject_id, seq, now, event.by, name, payload, request_id),
    }
    _APPEND.run(connection, [row])


def canonical(value: Any) -> str:
    """Write a value as JSON in the one form that is sealed."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _sort_fields(event: Event) -> tuple[dict[str, Any], dict[str, Any]]:
    """Part the fields of an event in ids and dates, and what a person typed."""
    told: dict[str, Any] = {}
    words: dict[str, Any] = {}
    for field in fields(event):
        name, value = field.name, getattr(event, field.name)
        if name not in ("by", "cycle") and value not in (None, "", ()):
            (words if name in WORDS else told)[name] = value
    return told, words


def _said(changes: Changes, transition: Transition) -> list[Any]:
    cycle = changes.traject.cycle(transition.cycle)
    found = cycle.occurrences[transition.key] if cycle else None
    why = found.out if found and transition.after.is_out else ""
    if transition.after is not State.NOT_APPLICABLE and not why.startswith("gate:"):
        why = ""  # a person's reason, which stands with the words
    before = transition.before.value if transition.before else None
    return [transition.cycle, str(transition.key), before, transition.after.value, why]


def _seal(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _chain(
    key: bytes, previous: str, traject_id: int, seq: int, at: datetime, by: str, event: str, payload: str, request: str
) -> str:
    moment = in_utc(at).isoformat(timespec="microseconds")
    return _seal(key, canonical([previous, traject_id, seq, moment, by, event, payload, request]))


# --- reading -----------------------------------------------------------------------------------------


def list_history(
    session: Session, traject_id: int, *, after_seq: int = 0, limit: int | None = None
) -> tuple[HistoryEntry, ...]:
    """Give what happened to a traject, oldest first."""
    wanted = _CHAIN.where(history.c.traject_id == traject_id, history.c.seq > after_seq).limit(limit)
    return tuple(to_entry(row) for row in session.connection().execute(wanted))


def list_step_history(
    session: Session, traject_id: int, cycle: int, key: OccurrenceKey, limit: int
) -> tuple[HistoryEntry, ...]:
    """Give what was done to one step and what changed its state, the latest first."""
    names = (canonical(list(key)), canonical(str(key)))
    wanted = (
        select(history)
        .where(
            history.c.traject_id == traject_id,
            or_(*(history.c.payload.contains(each, autoescape=True) for each in names)),
        )
        .order_by(history.c.seq.desc())
    )
    found: list[HistoryEntry] = []
    for row in session.connection().execute(wanted):
        entry = to_entry(row)
        if is_about(entry, cycle, key):
            found.append(entry)
        if len(found) == limit:
            break
    return tuple(found)


def is_about(entry: HistoryEntry, cycle: int, key: OccurrenceKey) -> bool:
    """Whether something was done to a step, or changed its state."""
    is_own = entry.payload["cycle"] == cycle and entry.payload["event"].get("key") == list(key)
    return is_own or any(each[:2] == [cycle, str(key)] for each in entry.payload["transitions"])


def list_history_about(session: Session, traject_id: int, step: StepId) -> tuple[HistoryEntry, ...]:
    """Give what happened that names a step, oldest first; perhaps a little more than that."""
    names_it = history.c.payload.contains(f'"{step}', autoescape=True)
    wanted = _CHAIN.where(history.c.traject_id == traject_id, names_it)
    return tuple(to_entry(row) for row in session.connection().execute(wanted))


def find_request(session: Session, traject_id: int, request_id: str) -> HistoryEntry | None:
    """Give what a request led to, when it was answered before."""
    wanted = select(history).where(history.c.traject_id == traject_id, history.c.request_id == request_id)
    row = session.connection().execute(wanted).first()
    return to_entry(row) if row else None


def to_entry(row: Any) -> HistoryEntry:
    """Read a row of the table."""
    words = json.loads(row.words) if row.words else {}
    return HistoryEntry(
        row.traject_id, row.seq, row.at, row.by, row.event, json.loads(row.payload), words, row.request_id or ""
    )


# --- proof -------------------------------------------------------------------------------------------


def verify(
    session: Session, key: bytes, traject_id: int | None = None, *, checkpoint: Mapping[str, Any] | None = None
) -> tuple[Problem, ...]:
    """Find every row that was changed, added, taken out or cut off.

    Args:
        checkpoint: what ``export_head`` gave earlier, kept where this database cannot write; without it, who
            also sets back the version of the traject can cut the newest rows unseen.
    """
    connection = session.connection()
    chain, heads = _FOUND, _HEADS
    if traject_id is not None:
        chain = chain.where(history.c.traject_id == traject_id)
        heads = heads.where(traject.c.id == traject_id)
    versions: dict[int, int] = {row.id: row.version for row in connection.execute(heads)}
    exported = _exported(checkpoint, traject_id)
    problems: list[Problem] = []
    rows = connection.execute(chain.execution_options(yield_per=1000))
    for number, entries in groupby(rows, key=attrgetter("traject_id")):
        problems += _verify_chain(key, number, entries, versions.pop(number, 0), exported.pop(number, None))
    problems += [Problem(number, 1, "cut") for number, version in versions.items() if version > 0]
    cut_whole = {problem.traject_id for problem in problems}
    problems += [Problem(number, 1, "cut") for number in exported if number not in cut_whole]
    return tuple(sorted(problems, key=attrgetter("traject_id", "seq")))


def _exported(checkpoint: Mapping[str, Any] | None, traject_id: int | None) -> dict[int, tuple[int, str]]:
    found = {int(number): (head["seq"], head["mac"]) for number, head in (checkpoint or {}).get("heads", {}).items()}
    return found if traject_id is None else {number: head for number, head in found.items() if number == traject_id}


def _verify_chain(
    key: bytes, traject_id: int, rows: Iterator[Any], version: int, exported: tuple[int, str] | None
) -> Iterator[Problem]:
    previous, expected = "", 1
    for row in rows:
        if row.seq < expected:
            yield Problem(traject_id, row.seq, "surplus")
            continue
        if row.seq > expected:
            yield Problem(traject_id, expected, "missing")
        is_as_exported = exported is None or row.seq != exported[0] or _is_same(exported[1], row.mac)
        # behind a gap nobody knows what the seal should be
        if not is_as_exported or (row.seq == expected and not _is_sealed(key, previous, row)):
            yield Problem(traject_id, row.seq, "changed")
        # go on from what is there, so that one change is reported once
        previous, expected = row.mac, row.seq + 1
    if expected <= max(version, exported[0] if exported else 0):
        yield Problem(traject_id, expected, "cut")
    if expected - 1 > version:
        yield Problem(traject_id, version + 1, "surplus")


def _is_sealed(key: bytes, previous: str, row: Any) -> bool:
    """Whether a row is what was sealed. What was put in its place may be of any kind, and must not end the check."""
    try:
        mac = _chain(
            key, previous, row.traject_id, row.seq, row.at, row.by, row.event, row.payload, row.request_id or ""
        )
        if not _is_same(mac, row.mac):
            return False
        # what people typed is as it was sealed, or was erased
        return row.words is None or _is_same(_seal(key, row.words), json.loads(row.payload).get("words"))
    except (AttributeError, TypeError, ValueError):
        return False


def _is_same(seal: str, found: Any) -> bool:
    return isinstance(found, str) and hmac.compare_digest(seal.encode(), found.encode())


def read_words(connection: Connection, traject_id: int, seqs: Sequence[int]) -> Mapping[str, str]:
    """Give what people said in some rows, by the number of the row as text; what was erased is not among it."""
    if not seqs:
        return {}
    wanted = select(history.c.seq, history.c.words).where(
        history.c.traject_id == traject_id, history.c.seq.in_(seqs), history.c.words.is_not(None)
    )
    found = {str(row.seq): json.loads(row.words) for row in connection.execute(wanted)}
    return {seq: said for seq, words in found.items() if (said := words.get("text") or words.get("reason"))}


def export_head(session: Session) -> dict[str, Any]:
    """Give the newest seal of each traject, to keep where this database cannot write."""
    wanted = (
        select(history.c.traject_id, traject.c.slug, history.c.seq, history.c.mac)
        .join(traject, (traject.c.id == history.c.traject_id) & (traject.c.version == history.c.seq))
        .order_by(history.c.traject_id)
    )
    rows = session.connection().execute(wanted)
    heads = {str(row.traject_id): {"slug": row.slug, "seq": row.seq, "mac": row.mac} for row in rows}
    return {"heads": heads, "count": sum(head["seq"] for head in heads.values())}


def erase_words(session: Session, traject_id: int, seq: int) -> None:
    """Erase what a person typed in one row, also where it stands with a step until it is answered; the chain stays whole."""
    connection = session.connection()
    where = (history.c.traject_id == traject_id) & (history.c.seq == seq)
    row = connection.execute(select(history.c.event, history.c.payload, history.c.words).where(where)).first()
    if row is not None and row.event == DateProposed.__name__ and row.words is not None:
        payload = json.loads(row.payload)
        step, key = payload["event"]["key"]
        place = (occurrence.c.traject_id == traject_id) & (occurrence.c.cycle == payload["cycle"])
        same = (occurrence.c.step == step) & (occurrence.c.key == key)
        said = occurrence.c.proposal_reason == json.loads(row.words).get("reason", "").strip()
        connection.execute(update(occurrence).where(place, same, said).values(proposal_reason=None))
    connection.execute(history.update().where(where).values(words=None))
