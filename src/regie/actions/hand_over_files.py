"""Hand over files and say with them that a step began, is done or was decided: all of it, or nothing.

The bytes come first, before the transaction that names them. What goes wrong after that leaves bytes that no row
names, which ``clean_up_files`` finds; never a row without bytes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from regie.actions.apply_event import Applied, apply_in, preview_event
from regie.actions.context import Context
from regie.core.changes import Changes
from regie.core.events import GateDecided, StepFinished, StepStarted
from regie.core.evidence import file_reference
from regie.errors import Refused, RegieError
from regie.failpoints import failpoint
from regie.store.file_bytes import FileRoom
from regie.store.session import in_transaction
from regie.uploads import Judged, Upload, check_number, check_upload

Proven = StepStarted | StepFinished | GateDecided
"""The events that files can come along with; of a decision one, which is its document."""


def hand_over_files(
    context: Context,
    room: FileRoom,
    traject_id: int,
    event: Proven,
    uploads: Sequence[Upload],
    now: datetime,
    *,
    request_id: str = "",
) -> Applied:
    """Keep files and apply the event that they prove.

    Args:
        event: without the files; they are added to its evidence, in their order. A decision has one document, so that
            a link and a file, or two files, are refused: ``one-document``.
        request_id: of one press of one button; the same one twice keeps the files of the first.

    Raises:
        Refused: a file may not come in (see ``uploads``), or the rules say no; nothing is kept.
        Incomplete: ``files-full``, ``files-unwritable``; nothing is kept.
        NotFound: no such traject, cycle or step.
        Conflict: somebody else was first.
    """
    check_number(uploads)
    kept: list[tuple[str, Judged]] = []
    is_certain = True

    def work(session: Session) -> Applied:
        nonlocal is_certain
        is_certain = True
        whole = _with_files(event, [file_id for file_id, _ in kept])
        applied = apply_in(session, context, traject_id, whole, now, request_id, handed_over=kept)
        is_certain = False  # from here on the database may have it, whatever we hear of the commit
        return applied

    try:
        for upload in uploads:
            file_id = context.ids()
            upload.source.seek(0)
            kept.append((file_id, room.put(file_id, upload)))
        applied = in_transaction(context.engine, work)
    except Exception as error:
        if is_certain:
            _let_go(room, kept)
        raise error
    if applied.repeated:
        _let_go(room, kept)
    failpoint("file.after_commit")
    return applied


def preview_with_files(
    context: Context,
    room: FileRoom,
    traject_id: int,
    event: Proven,
    uploads: Sequence[Upload],
    now: datetime,
) -> Changes:
    """Judge files and show what the event would lead to with them. Keeps and saves nothing.

    Raises:
        Refused: as ``hand_over_files``.
    """
    check_number(uploads)
    coming = [context.ids() for _ in uploads]
    for upload in uploads:
        check_upload(upload, room.most_bytes)
    return preview_event(context, traject_id, _with_files(event, coming), now, coming=coming)


def _with_files(event: Proven, ids: Sequence[str]) -> Proven:
    if isinstance(event, GateDecided):
        if ids and (event.document or len(ids) > 1):
            raise Refused("a decision has one document", code="one-document", hint="give a link or a file")
        return replace(event, document=file_reference(ids[0])) if ids else event
    return replace(event, evidence=(*event.evidence, *map(file_reference, ids)))


def _let_go(room: FileRoom, kept: Sequence[tuple[str, Judged]]) -> None:
    """Take bytes away that no row names; what cannot be taken away now, the clean-up takes."""
    for file_id, _ in kept:
        with contextlib.suppress(RegieError):
            room.take_away(file_id)
