"""Compare the rows of files with their bytes, and take away the bytes that no row names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from regie.actions.context import Context
from regie.store.file_bytes import FileRoom, Found
from regie.store.files import list_living
from regie.store.session import read_scope

OLD_AFTER = timedelta(days=1)
"""Younger bytes may be of somebody whose transaction is under way."""


@dataclass(frozen=True, slots=True)
class Compared:
    """How rows and bytes agree.

    Args:
        files: number of files of which the bytes should be there.
        missing: ids of those that have none; ``differing``: of those that have another number of bytes.
        orphans: bytes that no row names, whole or not.
    """

    files: int
    missing: tuple[str, ...]
    differing: tuple[str, ...]
    orphans: tuple[Found, ...]


def compare_files(context: Context, room: FileRoom) -> Compared:
    """Look whether each file has its bytes and all bytes have their file. Reads no byte of what is in them."""
    # first the bytes, then the rows: what is handed over meanwhile has its row by then
    found = tuple(room.list_found())
    with read_scope(context.engine) as session:
        living = list_living(session)
    sizes = {file_id: room.size_of(file_id) for file_id in living}
    return Compared(
        len(living),
        tuple(sorted(file_id for file_id, size in sizes.items() if size is None)),
        tuple(sorted(file_id for file_id, size in sizes.items() if size not in (None, living[file_id]))),
        tuple(sorted((each for each in found if each.is_draft or each.id not in living), key=lambda each: each.id)),
    )


def clean_up_files(context: Context, room: FileRoom, now: datetime) -> tuple[Found, ...]:
    """Take away orphans that were written more than a day ago; give what was taken away.

    Raises:
        Incomplete: ``files-unwritable``.
    """
    old = [each for each in compare_files(context, room).orphans if now - each.written_at > OLD_AFTER]
    return tuple(each for each in old if room.take_away(each.id, is_draft=each.is_draft))
