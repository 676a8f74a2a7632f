"""Gather all that one message needs, and check once more that it is still true.

The check stands here, at hand-over, because a message may have waited for the night, a digest, a server or a
person. What is no longer true is withdrawn and forgotten, so that it is told when it becomes true again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, bindparam, select, update
from sqlmodel import Session

from regie.core.acting import ActingAs, acts_as, players
from regie.core.definition import Kind
from regie.core.engine import local_day
from regie.core.ids import OccurrenceKey, PersonId, StepId
from regie.core.lines import TALK, WHOLE_CYCLE, Line
from regie.core.recipients import ASKS_THE_ROLE
from regie.core.traject import Cycle, Traject
from regie.errors import NotFound, Refused
from regie.failpoints import failpoint
from regie.links import EXAMPLE
from regie.store.definitions import DefinitionShelf
from regie.store.history import read_words
from regie.store.links import Wanted, issue_link
from regie.store.rows import day_key, to_line, told_text
from regie.store.tables import (
    MessageStatus,
    NoticeState,
    message,
    notice,
    occurrence,
    organisation,
    person,
    sign_in_code,
)
from regie.store.trajects import load_cycles, mark_dirty
from regie.store.validity import as_one_move, only_current, still_true
from regie.text.letter import Addressee, CodeAsked, Letter, LetterPart
from regie.text.lines import asks_to_act

EXPIRES_AFTER = timedelta(days=30)
"""Older than this a message helps nobody; it is not sent any more."""

_MESSAGE = select(
    message.c.id,
    message.c.attempt,
    message.c.status,
    message.c.recipient,
    message.c.digest_on,
    message.c.created_at,
    message.c.lease_until,
).where(message.c.id == bindparam("own_id"))
_NOTICES = (
    select(
        notice.c.id, notice.c.traject_id, notice.c.cycle, notice.c.step, notice.c.key, notice.c.about, notice.c.payload
    )
    .where(notice.c.message_id == bindparam("own_id"), notice.c.state != NoticeState.WITHDRAWN.value)
    .order_by(notice.c.traject_id, notice.c.cycle, notice.c.id)
)
_ADDRESSEE = (
    select(person.c.id, person.c.name, person.c.email, person.c.language, organisation.c.name.label("organisation"))
    .outerjoin(organisation, organisation.c.id == person.c.organisation_id)
    .where(person.c.id == bindparam("own_id"))
)
_CODE = (
    select(sign_in_code.c.id, sign_in_code.c.person_id, sign_in_code.c.expires_at)
    .where(sign_in_code.c.message_id == bindparam("own_id"), sign_in_code.c.used_at.is_(None))
    .limit(1)
)
_BEGIN = (
    update(message)
    .where(
        message.c.id == bindparam("own_id"),
        message.c.attempt == bindparam("seen"),
        message.c.status == MessageStatus.SENDING.value,
    )
    .values(handed_over_at=bindparam("handed_over_at"), lease_until=bindparam("new_lease"))
)
_END = (
    update(message)
    .where(
        message.c.id == bindparam("own_id"),
        message.c.attempt == bindparam("seen"),
        message.c.status == MessageStatus.SENDING.value,
    )
    .values(
        status=bindparam("status"),
        detail=bindparam("detail"),
        not_before_at=None,
        owner=None,
        lease_until=None,
    )
)
_WITHDRAW = update(notice).where(notice.c.id == bindparam("own_id")).values(state=NoticeState.WITHDRAWN.value)
_TOLD = (
    update(occurrence)
    .where(
        occurrence.c.traject_id == bindparam("own_traject"),
        occurrence.c.cycle == bindparam("own_cycle"),
        occurrence.c.step == bindparam("own_step"),
        occurrence.c.key == bindparam("own_key"),
    )
    .values(told=bindparam("told"))
)


@dataclass(frozen=True, slots=True)
class _Told:
    """A line as it was stored, and as it is true now; None when it no longer is, or is ``for_another``."""

    notice_id: int
    stored: Line
    now: Line | None
    for_another: bool = False


def load_letter(
    session: Session,
    message_id: str,
    shelf: DefinitionShelf,
    now: datetime,
    *,
    attempt: int | None = None,
    lease_seconds: int = 600,
    link_key: bytes = b"",
) -> Letter | None:
    """Give a message that was claimed, as it is true now, and note that its hand-over begins.

    Args:
        attempt: the one that was claimed; a message that somebody else took since is left alone.
        lease_seconds: the lease begins anew, however long the messages before this one took.
        link_key: each line on which the reader may act gets a link, made from this; without it none does.

    Returns:
        None when it must not be sent: nothing in it is true any more, it is too old, or the lease was lost.
    """
    connection = session.connection()
    row = connection.execute(_MESSAGE.with_for_update(), {"own_id": message_id}).first()
    if row is None:
        raise NotFound(f"no message '{message_id[:60]}'", code="unknown-message", message_id=message_id[:60])
    if row.status != MessageStatus.SENDING.value or attempt not in (None, row.attempt):
        return None
    own = {"own_id": row.id, "seen": row.attempt}
    if now - row.created_at > EXPIRES_AFTER:
        ended = {"status": MessageStatus.EXPIRED.value, "detail": f"not sent within {EXPIRES_AFTER.days} days"}
        connection.execute(_END, {**own, **ended})
        return None
    judged = _judge(session, row, shelf, now, for_change=True)
    for traject, cycle, told in judged:
        _withdraw(connection, traject, cycle, told)
        if any(each.for_another for each in told):
            mark_dirty(session, [traject.id])  # it is still to be asked, and the day of a next look may be far
    issuing = _issuing(session, row.id, link_key, now) if link_key else None
    letter = _write(connection, row, judged, issuing) or _write_code(connection, row, now)
    if letter is None:
        ended = {"status": MessageStatus.WITHDRAWN.value, "detail": "no longer true"}
        connection.execute(_END, {**own, **ended})
        return None
    failpoint("deliver.after_issue")
    connection.execute(_BEGIN, {**own, "handed_over_at": now, "new_lease": now + timedelta(seconds=lease_seconds)})
    return letter


def preview_letter(session: Session, message_id: str, shelf: DefinitionShelf, now: datetime) -> Letter | None:
    """Give a message in any status as it would be handed over now; None when nothing in it is true. Changes nothing.

    Its links are examples that open nothing: who looks at a message of somebody else must not be able to act for them.

    Raises:
        NotFound: ``unknown-message``.
        Refused: ``message-secret``; it holds a sign-in code, which is for who gets it.
    """
    connection = session.connection()
    row = connection.execute(_MESSAGE, {"own_id": message_id}).first()
    if row is None:
        raise NotFound(f"no message '{message_id[:60]}'", code="unknown-message", message_id=message_id[:60])
    if connection.execute(_CODE, {"own_id": row.id}).first() is not None:
        raise Refused("this message holds a sign-in code", code="message-secret", hint="only its reader may see it")
    return _write(connection, row, _judge(session, row, shelf, now, for_change=False), lambda _: EXAMPLE)


_Links = Callable[[Wanted], str]


def _issuing(session: Session, message_id: str, link_key: bytes, now: datetime) -> _Links:
    return lambda wanted: issue_link(session, wanted, link_key, message_id, now)


def letter_about(session: Session, traject: Traject, cycle: Cycle, line: Line, to: PersonId) -> Letter:
    """Give what a message about one line would be made of, for who shows the same elsewhere. It is no message."""
    connection = session.connection()
    return _addressed(connection, "", 1, to, (_part(connection, traject, cycle, (line,)),))


_Judged = Sequence[tuple[Traject, Cycle, Sequence[_Told]]]


def _judge(session: Session, letter: Any, shelf: DefinitionShelf, now: datetime, *, for_change: bool) -> _Judged:
    """Read the lines of a message with their trajects, and look whether each is true today.

    The trajects are locked in order of id, so that two letters never wait for each other.
    """
    rows = session.connection().execute(_NOTICES, {"own_id": letter.id}).all()
    judged: list[tuple[Traject, Cycle, Sequence[_Told]]] = []
    for traject_id, of_traject in groupby(rows, key=lambda row: int(row.traject_id)):
        notices = list(of_traject)
        numbers = {row.cycle for row in notices}
        traject = load_cycles(session, traject_id, shelf, numbers, for_change=for_change)
        today = local_day(now, traject.zone)
        for number, of_cycle in groupby(notices, key=lambda row: int(row.cycle)):
            cycle = traject.cycle(number)
            assert cycle is not None  # the notice was written with it
            told = _judge_lines(list(of_cycle), cycle, today)
            judged.append((traject, cycle, [_for_reader(each, traject, cycle, letter.recipient) for each in told]))
    return judged


def _judge_lines(rows: Sequence[Any], cycle: Cycle, today: date) -> Sequence[_Told]:
    stored = [_read_line(row) for row in rows]
    return [
        _Told(row.id, line, still_true(merged, cycle, today))
        for row, line, merged in zip(rows, stored, as_one_move(stored), strict=True)
    ]


def _for_reader(told: _Told, traject: Traject, cycle: Cycle, to: PersonId) -> _Told:
    """Take out what asks somebody for a step that was handed to another since, or that they said is not theirs."""
    line = told.now
    found = cycle.occurrences.get(line.key) if line is not None else None
    if line is None or found is None or (found.assigned_to is None and not found.declined):
        return told
    step, lead = cycle.definition.steps[line.key.step], cycle.definition.policy.lead
    asks_role = line.role == step.responsible and line.part in ("responsible", line.role)
    if not asks_role or line.for_role_without_people or line.kind not in (*ASKS_THE_ROLE, Kind.HANDED_OVER):
        return told
    is_declined = found.declined and line.kind in ASKS_THE_ROLE and lead not in (None, step.responsible)
    has_it = players(step, found, line.role, traject.people, traject.person)
    is_theirs = found.assigned_to is None or any(each.id == (line.deputy_for or to) for each in has_it)
    return told if is_theirs and not is_declined else replace(told, now=None, for_another=True)


def _read_line(row: Any) -> Line:
    """Read a line; one that brings what somebody said knows where in the record that stands."""
    line = to_line(row.payload, row.cycle, OccurrenceKey(StepId(row.step), row.key))
    return replace(line, happening=row.about) if line.kind in TALK else line


def _withdraw(connection: Connection, traject: Traject, cycle: Cycle, told: Iterable[_Told]) -> None:
    """Take back what is no longer true, and let the traject forget that it was told."""
    gone = [each for each in told if each.now is None]
    if not gone:
        return
    connection.execute(_WITHDRAW, [{"own_id": each.notice_id} for each in gone])
    stamps: dict[OccurrenceKey, dict[str, str]] = {}
    for each in gone:
        key, name = each.stored.key, each.stored.told_as
        if key == WHOLE_CYCLE or key not in cycle.occurrences:
            continue
        left = stamps.setdefault(key, dict(cycle.occurrences[key].told))
        planned = cycle.occurrences[key].planned
        # the day that it was told for, or the one to which that day crept
        if left.get(name) in (day_key(each.stored.due_on), day_key(planned.due_on if planned else None)):
            del left[name]
    rows = [
        {
            "own_traject": traject.id,
            "own_cycle": cycle.number,
            "own_step": key.step,
            "own_key": key.key,
            "told": told_text(left),
        }
        for key, left in stamps.items()
        if left != cycle.occurrences[key].told
    ]
    if rows:
        connection.execute(_TOLD, rows)


def _write(connection: Connection, row: Any, judged: _Judged, links: _Links | None) -> Letter | None:
    parts = []
    for traject, cycle, told in judged:
        lines = only_current(each.now for each in told if each.now is not None)
        if lines:
            part = _part(connection, traject, cycle, lines)
            tokens = _tokens(traject, cycle, lines, PersonId(row.recipient), links) if links else {}
            parts.append(replace(part, links=tokens))
    if not parts:
        return None
    letter = _addressed(connection, row.id, row.attempt, PersonId(row.recipient), tuple(parts))
    return replace(letter, is_digest=row.digest_on is not None)


def _addressed(
    connection: Connection, message_id: str, attempt: int, recipient: PersonId, parts: tuple[LetterPart, ...]
) -> Letter:
    to = connection.execute(_ADDRESSEE, {"own_id": recipient}).one()
    absent = {line.deputy_for for part in parts for line in part.lines if line.deputy_for is not None}
    return Letter(
        message_id,
        attempt,
        Addressee(PersonId(to.id), to.name, to.email, to.language, to.organisation or ""),
        parts,
        deputy_names={each: name for each, (name, _) in _contacts(connection, absent).items()},
    )


def _write_code(connection: Connection, row: Any, now: datetime) -> Letter | None:
    """A sign-in code, as long as it opens something, to whom it was made for."""
    code = connection.execute(_CODE, {"own_id": row.id}).first()
    if code is None or code.expires_at <= now or code.person_id != row.recipient:
        return None
    to = connection.execute(_ADDRESSEE, {"own_id": row.recipient}).one()
    return Letter(
        row.id,
        row.attempt,
        Addressee(PersonId(to.id), to.name, to.email, to.language, to.organisation or ""),
        (),
        sign_in=CodeAsked(code.id, code.expires_at),
    )


def _tokens(
    traject: Traject, cycle: Cycle, lines: Sequence[Line], to: PersonId, links: _Links
) -> Mapping[OccurrenceKey, str]:
    """The links of the lines on which the reader may act; what only informs has none."""
    tokens: dict[OccurrenceKey, str] = {}
    for line in lines:
        occurrence_ = cycle.occurrences.get(line.key)
        if occurrence_ is None or not asks_to_act(line) or line.for_role_without_people:
            continue
        step = cycle.definition.steps[line.key.step]
        part = acts_as(step, occurrence_, line.role)
        playing = players(step, occurrence_, line.role, traject.people, traject.person)
        if part is ActingAs.RESPONSIBLE and all(each.id != (line.deputy_for or to) for each in playing):
            continue  # somebody else of the role has it now; the link would open nothing
        if part is not None and line.key not in tokens:
            wanted = Wanted(traject.id, cycle.number, line.key, to, line.role, part, line.deputy_for)
            tokens[line.key] = links(wanted)
    return tokens


def _part(connection: Connection, traject: Traject, cycle: Cycle, lines: tuple[Line, ...]) -> LetterPart:
    named = {key for line in lines for key in (line.key, *line.waits_for, *line.waited_by)}
    known = {key: found for key in named if (found := cycle.occurrences.get(key)) is not None}
    handed = {
        key: assigned.id
        for key, each in known.items()
        if each.assigned_to is not None and (assigned := traject.person(each.assigned_to)) is not None
    }
    everybody = {each.id for people in traject.people.values() for each in people} | set(handed.values())
    contacts = _contacts(connection, everybody)
    lead = cycle.definition.policy.lead
    leads = traject.people.get(lead, ()) if lead is not None else ()
    lead_name, lead_email = contacts[leads[0].id] if leads else ("", "")
    return LetterPart(
        traject.id,
        traject.slug,
        traject.title,
        cycle.number,
        cycle.kind,
        cycle.definition,
        lines,
        states={key: each.state for key, each in known.items()},
        finishes={
            key: day
            for key, each in known.items()
            if (day := each.finished_on or (each.planned.early_finish if each.planned else None)) is not None
        },
        people={role: tuple(contacts[each.id][0] for each in people) for role, people in traject.people.items()},
        handed_to={key: contacts[each][0] for key, each in handed.items()},
        lead_name=lead_name,
        lead_email=lead_email,
        words=read_words(connection, traject.id, [int(each.happening) for each in lines if each.kind in TALK]),
    )


def _contacts(connection: Connection, ids: Iterable[PersonId]) -> Mapping[PersonId, tuple[str, str]]:
    wanted = select(person.c.id, person.c.name, person.c.email).where(person.c.id.in_(sorted(ids)))
    return {PersonId(row.id): (row.name, row.email) for row in connection.execute(wanted)}
