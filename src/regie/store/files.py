"""The rows of files: of which step, what it was called, what is in it, who handed it over; not their bytes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, insert, select, update
from sqlmodel import Session

from regie.core.ids import OccurrenceKey, StepId
from regie.errors import NotFound, Refused
from regie.store.tables import file, traject
from regie.uploads import Judged

ERASED = ""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that somebody handed over.

    Args:
        name: empty when it was erased.
        size: in bytes.
        removed_at: since when its bytes are gone; None while they are there.
    """

    id: str
    traject_id: int
    traject: str
    cycle: int
    key: OccurrenceKey
    name: str
    media_type: str
    size: int
    sha256: str
    uploaded_at: datetime
    uploaded_by: str
    removed_at: datetime | None = None
    removed_by: str | None = None


_FILES = select(file, traject.c.slug).join(traject, traject.c.id == file.c.traject_id)


def add_file(
    session: Session,
    file_id: str,
    traject_id: int,
    cycle: int,
    key: OccurrenceKey,
    judged: Judged,
    now: datetime,
    by: str,
) -> None:
    """Write the row of a file of which the bytes already stand."""
    row = {
        "id": file_id,
        "traject_id": traject_id,
        "cycle": cycle,
        "step": key.step,
        "key": key.key,
        "name": judged.name,
        "media_type": judged.media_type,
        "size_bytes": judged.size,
        "sha256": judged.sha256,
        "uploaded_at": now,
        "uploaded_by": by,
    }
    session.connection().execute(insert(file), [row])


def get_file(session: Session, file_id: str) -> StoredFile:
    """Give a file, also one that was removed.

    Raises:
        NotFound: ``no-such-file``.
    """
    found = _read(session, _FILES.where(file.c.id == file_id))
    if not found:
        raise _unknown(file_id)
    return found[0]


def list_files(
    session: Session, traject_id: int, *, cycle: int | None = None, key: OccurrenceKey | None = None
) -> tuple[StoredFile, ...]:
    """Give the files of a traject, or of one cycle or step of it, oldest first, then by name."""
    wanted = _FILES.where(file.c.traject_id == traject_id).order_by(file.c.uploaded_at, file.c.name, file.c.id)
    if cycle is not None:
        wanted = wanted.where(file.c.cycle == cycle)
    if key is not None:
        wanted = wanted.where(file.c.step == key.step, file.c.key == key.key)
    return _read(session, wanted)


def find_files(session: Session, ids: Collection[str]) -> Mapping[str, StoredFile]:
    """Give the files that there are among some ids, in the order of those."""
    found = {each.id: each for each in _read(session, _FILES.where(file.c.id.in_(list(ids))))} if ids else {}
    return {file_id: found[file_id] for file_id in ids if file_id in found}


def check_files(
    session: Session, traject_id: int, cycle: int, key: OccurrenceKey, ids: Collection[str]
) -> Mapping[str, str]:
    """Give the SHA-256 of files that may prove a step.

    Raises:
        NotFound: ``no-such-file``, also for one of another traject: who may not see it does not learn of it.
        Refused: ``file-of-another-step``, ``file-removed``.
    """
    found = find_files(session, ids)
    for file_id in ids:
        each = found.get(file_id)
        if each is None or each.traject_id != traject_id:
            raise _unknown(file_id)
        if (each.cycle, each.key) != (cycle, key):
            raise Refused(
                f"file '{file_id}' was handed over for another step",
                code="file-of-another-step",
                hint="send it along with this step",
                file=file_id,
            )
        if each.removed_at is not None:
            raise removed(each)
    return {file_id: found[file_id].sha256 for file_id in ids}


def removed(each: StoredFile) -> Refused:
    """Say that the bytes of a file are gone."""
    return Refused(
        f"file '{each.id}' was removed",
        code="file-removed",
        hint="send it again",
        file=each.name or each.id,
    )


def mark_removed(session: Session, file_id: str, now: datetime, by: str, *, erase_name: bool = False) -> bool:
    """Note that the bytes of a file go; say whether that is news."""
    changes: dict[str, Any] = {"removed_at": now, "removed_by": by}
    if erase_name:
        changes["name"] = ERASED
    done = session.connection().execute(
        update(file).where(file.c.id == file_id, file.c.removed_at.is_(None)).values(**changes)
    )
    return done.rowcount == 1


def erase_file_name(session: Session, file_id: str) -> None:
    """Erase what somebody called a file: it may name a person. The file stays what it is."""
    session.connection().execute(update(file).where(file.c.id == file_id).values(name=ERASED))


def list_living(session: Session) -> Mapping[str, int]:
    """Give every file of which the bytes must be there, with how many there must be."""
    rows = session.connection().execute(select(file.c.id, file.c.size_bytes).where(file.c.removed_at.is_(None)))
    return {row.id: row.size_bytes for row in rows}


def _read(session: Session, wanted: Select[Any]) -> tuple[StoredFile, ...]:
    return tuple(_files(session.connection().execute(wanted)))


def _files(rows: Iterable[Any]) -> Iterable[StoredFile]:
    for row in rows:
        yield StoredFile(
            row.id,
            row.traject_id,
            row.slug,
            row.cycle,
            OccurrenceKey(StepId(row.step), row.key),
            row.name,
            row.media_type,
            row.size_bytes,
            row.sha256,
            row.uploaded_at,
            row.uploaded_by,
            row.removed_at,
            row.removed_by,
        )


def _unknown(file_id: str) -> NotFound:
    return NotFound(
        f"no file '{file_id[:64]}'",
        code="no-such-file",
        hint="regie file list shows the files of a traject",
        file=file_id[:64],
    )
