"""Remove the bytes of a file: its row and its seal stay, and the record says who did it and why."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from regie.actions.context import Context
from regie.actions.office_hours import next_office_hour
from regie.core.changes import Changes
from regie.core.events import FileRemoved
from regie.errors import Refused
from regie.failpoints import failpoint
from regie.plain_text import check_plain
from regie.store.file_bytes import FileRoom
from regie.store.files import StoredFile, erase_file_name, get_file, mark_removed, removed
from regie.store.session import in_transaction
from regie.store.trajects import load_traject, mark_dirty, save_changes


def remove_file(
    context: Context,
    room: FileRoom,
    file_id: str,
    now: datetime,
    *,
    by: str,
    reason: str,
    erase_name: bool = False,
) -> StoredFile:
    """Remove the bytes of a file, also of a cycle that has ended.

    The row goes first: what a crash leaves then is bytes that may go, and never a file that seems to be there.

    Args:
        erase_name: erase what it was called too, because that names a person; also when its bytes went before.

    Raises:
        NotFound: ``no-such-file``.
        Refused: ``reason-missing``, ``file-removed``.
        Incomplete: ``files-unwritable``: it is removed, and its bytes are left for the clean-up.
    """
    check_plain(by, "by")
    check_plain(reason, "reason", is_long=True)
    if not reason.strip():
        raise Refused("why is this file removed?", code="reason-missing", hint="give a reason", deed="remove-file")

    def work(session: Session) -> StoredFile:
        found = get_file(session, file_id)
        traject = load_traject(session, found.traject_id, context.shelf)  # locks it: of two removals one is first
        found = get_file(session, file_id)
        if found.removed_at is not None:
            if not (erase_name and found.name):
                raise removed(found)
            erase_file_name(session, file_id)
        else:
            mark_removed(session, file_id, now, by, erase_name=erase_name)
        event = FileRemoved(
            by=by, cycle=found.cycle, key=found.key, file=file_id, sha256=found.sha256, reason=reason.strip()
        )
        calendar = traject.cycles[-1].definition.calendar
        save_changes(
            session,
            traject,
            # no rule looks at it, so that it can be done when the cycle is over
            Changes(event, traject, next_look_on=traject.next_look_on),
            now,
            ids=context.ids,
            audit_key=context.audit_key,
            office=lambda moment: next_office_hour(moment, traject.zone, calendar),
            brake_at=context.brake_at,
        )
        mark_dirty(session, [traject.id])  # a look that was asked for is still owed
        return get_file(session, file_id)

    done = in_transaction(context.engine, work)
    failpoint("file.after_removed")
    room.take_away(file_id)
    return done
