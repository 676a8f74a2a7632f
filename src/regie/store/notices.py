"""Put what people must hear in the outbox, each thing once.

The database guarantees once, by the unique key of ``notice``: nothing is looked up first. Only what was withdrawn
before anybody heard it may be told again, when it is true again. What still waits to leave takes along what the same
traject has to say to the same person since, so that nobody gets two mails in one morning.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, exists, insert, select, update

from regie.core.ids import PersonId
from regie.core.lines import Line, Message, Urgency
from regie.store.brake import count_messages, must_hold
from regie.store.dialects import Writing, per_dialect
from regie.store.rows import day_key, line_text
from regie.store.tables import MessageStatus, NoticeState, message, notice

_KEY = ["traject_id", "cycle", "step", "key", "kind", "about", "recipient", "channel", "due_on"]
_MESSAGE_COLUMNS = (
    "id",
    "recipient",
    "channel",
    "urgency",
    "status",
    "not_before_at",
    "attempt",
    "refusals",
    "uncertainties",
    "detail",
    "created_at",
)
_NOTICE_COLUMNS = (*_KEY, "message_id", "rhythm", "payload", "state", "created_at")
_ADD_MESSAGES = Writing(insert(message), _MESSAGE_COLUMNS)
# by way of the notices, of which a traject has some, while thousands of messages may wait for one person
_STILL_WAITING = (
    select(message.c.id)
    .join(notice, notice.c.message_id == message.c.id)
    .where(
        notice.c.traject_id == bindparam("own_traject"),
        notice.c.recipient == bindparam("to"),
        notice.c.state == NoticeState.QUEUED.value,
        notice.c.channel == bindparam("own_channel"),
        message.c.status == MessageStatus.PENDING.value,
        message.c.attempt == 0,
        message.c.digest_on.is_(None),
    )
    .order_by(message.c.id)
    .limit(1)
    # who is taking it now sends it as it is: then another message follows
    .with_for_update(skip_locked=True, of=message)
)
_LEAVES_NOW = (
    update(message)
    .where(message.c.id == bindparam("own_id"), message.c.not_before_at > bindparam("now"))
    .values(not_before_at=bindparam("now"), urgency=Urgency.AT_ONCE.value)
)
_DROP_EMPTY = Writing(
    delete(message).where(message.c.id == bindparam("own_id"), ~exists().where(notice.c.message_id == message.c.id))
)


def _add_notices(insert_: Any) -> Any:
    adding = insert_(notice)
    fresh = {name: adding.excluded[name] for name in ("message_id", "rhythm", "payload", "state", "created_at")}
    return adding.on_conflict_do_update(
        index_elements=_KEY, set_=fresh, where=notice.c.state == NoticeState.WITHDRAWN.value
    )


_ADD_NOTICES = Writing(per_dialect(_add_notices), _NOTICE_COLUMNS)


@dataclass(frozen=True, slots=True)
class Post:
    """How messages go into the outbox.

    Args:
        ids: gives a new unique text at each call.
        office: gives the first moment, from a moment on, at which a message that can wait may leave.
        brake_at: number of messages in 24 hours from which the rest may be held.
        in_sweep: the clock asked for it, not a person.
    """

    ids: Callable[[], str]
    office: Callable[[datetime], datetime]
    channel: str
    brake_at: int
    in_sweep: bool


def queue_messages(
    connection: Connection, traject_id: int, messages: Sequence[Message], now: datetime, post: Post
) -> tuple[int, int]:
    """Write notices and messages; give how many of each were new."""
    leaving = sum(each.urgency is not Urgency.DIGEST for each in messages)
    held = must_hold(connection, leaving, now, post.brake_at, in_sweep=post.in_sweep)
    leaves_at = {Urgency.AT_ONCE: now}
    if leaving:
        leaves_at[Urgency.OFFICE_HOURS] = post.office(now)
    # in office hours nothing waits longer than a minute
    may_wait = not held and leaves_at.get(Urgency.OFFICE_HOURS, now) > now
    message_rows: list[dict[str, Any]] = []
    notice_rows: list[dict[str, Any]] = []
    for each in messages:
        message_id = None
        if each.urgency is not Urgency.DIGEST and may_wait:
            message_id = _join_waiting(connection, traject_id, each, now, post)
        if each.urgency is not Urgency.DIGEST and message_id is None:
            message_id = post.ids()
            message_rows.append(_message_row(message_id, each, now, post, None if held else leaves_at[each.urgency]))
        state = NoticeState.WAITING if message_id is None else NoticeState.QUEUED
        state = NoticeState.HELD if held else state
        notice_rows += [_notice_row(traject_id, line, each, message_id, state, now, post) for line in each.lines]
    if message_rows:
        _ADD_MESSAGES.run(connection, message_rows)
    new_notices = _ADD_NOTICES.run(connection, notice_rows)
    new_messages = len(message_rows)
    if new_notices < len(notice_rows) and message_rows:
        new_messages -= _DROP_EMPTY.run(connection, [{"own_id": row["id"]} for row in message_rows])
    if new_messages and not held:
        count_messages(connection, new_messages, now)
    return new_notices, new_messages


def queue_answer(
    connection: Connection,
    to: PersonId,
    lines: Sequence[tuple[int, Line]],
    now: datetime,
    message_id: str,
    brake_at: int,
    *,
    leaves_at: datetime | None = None,
) -> None:
    """Put one message in the outbox for one reader, about any trajects.

    Args:
        lines: each with its traject; their ``happening`` makes them new.
        leaves_at: not before; None for at once, as an answer to what its reader asked.
    """
    held = must_hold(connection, 1, now, brake_at, in_sweep=False)
    post = Post(lambda: message_id, lambda moment: moment, "email", brake_at, in_sweep=False)
    urgency = Urgency.AT_ONCE if leaves_at is None else Urgency.OFFICE_HOURS
    value = Message(to, tuple(line for _, line in lines), urgency)
    _ADD_MESSAGES.run(connection, [_message_row(message_id, value, now, post, None if held else leaves_at or now)])
    state = NoticeState.HELD if held else NoticeState.QUEUED
    _ADD_NOTICES.run(
        connection, [_notice_row(number, line, value, message_id, state, now, post) for number, line in lines]
    )
    if not held:
        count_messages(connection, 1, now)


def _join_waiting(connection: Connection, traject_id: int, value: Message, now: datetime, post: Post) -> str | None:
    """Find what has yet to leave for the same person about the same traject; what cannot wait makes it leave now."""
    wanted = {"own_channel": post.channel, "to": value.to, "own_traject": traject_id}
    message_id: str | None = connection.scalar(_STILL_WAITING, wanted)
    if message_id is not None and value.urgency is Urgency.AT_ONCE:
        connection.execute(_LEAVES_NOW, {"own_id": message_id, "now": now})
    return message_id


def _message_row(
    message_id: str, value: Message, now: datetime, post: Post, leaves_at: datetime | None
) -> dict[str, Any]:
    held = leaves_at is None
    return {
        "id": message_id,
        "recipient": value.to,
        "channel": post.channel,
        "urgency": value.urgency.value,
        "status": (MessageStatus.HELD if held else MessageStatus.PENDING).value,
        "not_before_at": leaves_at,
        "attempt": 0,
        "refusals": 0,
        "uncertainties": 0,
        "detail": "held by the brake" if held else "",
        "created_at": now,
    }


def _notice_row(
    traject_id: int, line: Line, value: Message, message_id: str | None, state: NoticeState, now: datetime, post: Post
) -> dict[str, Any]:
    return {
        "traject_id": traject_id,
        "cycle": line.cycle,
        "step": line.key.step,
        "key": line.key.key,
        "kind": line.told_as,
        "about": line.happening,
        "recipient": value.to,
        "channel": post.channel,
        "due_on": day_key(line.due_on),
        "message_id": message_id,
        "rhythm": value.rhythm.value,
        "payload": line_text(line),
        "state": state.value,
        "created_at": now,
    }
