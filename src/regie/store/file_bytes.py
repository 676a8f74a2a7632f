"""The bytes of files, in a folder, each under its own random id: written, made lasting and named in that order.

Knows no row and no step. Bytes are put here before the transaction that names them commits, so that what a crash
leaves is at most an orphan; ``list_ids`` finds those.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from regie.errors import Incomplete, RegieError
from regie.failpoints import failpoint
from regie.uploads import CHUNK, Judged, Upload, check_name, judge, pieces

DRAFT = ".draft"
"""How the name of a file ends of which the bytes are not whole yet."""

_ID = re.compile(r"[0-9A-Za-z-]{3,64}")
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True, slots=True)
class Found:
    """Bytes that stand in the folder. ``written_at``: when they were last written, by the clock of the disk."""

    id: str
    size: int
    written_at: datetime
    is_draft: bool


@dataclass(frozen=True)
class FileRoom:
    """A folder for files.

    Args:
        most_bytes: the largest file that is taken.
        make_lasting: writes to disk what is in a file or folder, by its descriptor.
        rename: puts one path in the place of another, at once.
        write: puts a piece in a file.
    """

    folder: Path
    most_bytes: int
    make_lasting: Callable[[int], None] = os.fsync
    rename: Callable[[Path, Path], object] = os.replace
    write: Callable[[BinaryIO, bytes], object] = lambda file, piece: file.write(piece)

    def path_of(self, file_id: str) -> Path:
        """Say where the bytes of a file stand: spread over folders, so that none grows endlessly."""
        if not _ID.fullmatch(file_id):
            raise ValueError("an id of letters and digits")  # never from outside: rows are looked up first
        return self.folder / file_id[-2:] / file_id

    def put(self, file_id: str, upload: Upload) -> Judged:
        """Take in the bytes of a file, judge them, and keep them under an id; nothing is kept of what is refused.

        Raises:
            Refused: as ``uploads.pieces``, ``check_name`` and ``judge``.
            Incomplete: ``files-full``, ``files-unwritable``.
        """
        name = check_name(upload.name)
        path = self.path_of(file_id)
        draft = path.with_name(path.name + DRAFT)
        ours: list[Path] = []
        try:
            self._make_folders(path.parent)
            if path.exists():
                raise FileExistsError(errno.EEXIST, "another file has this id")
            with os.fdopen(os.open(draft, _NEW, 0o600), "wb") as file:
                ours.append(draft)
                judged = self._take_in(upload, name, file, draft)
                file.flush()
                failpoint("file.after_write")
                self.make_lasting(file.fileno())
            self.rename(draft, path)
            ours.append(path)
            self._make_lasting(path.parent)
        except (OSError, RegieError) as error:
            for each in ours:
                with contextlib.suppress(OSError):
                    each.unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise self._plain_error(error) from error
            raise
        failpoint("file.after_rename")
        return judged

    def _take_in(self, upload: Upload, name: str, file: BinaryIO, draft: Path) -> Judged:
        counted, size = hashlib.sha256(), 0
        for piece in pieces(upload.source, name, self.most_bytes, counted):
            self.write(file, piece)
            size += len(piece)
        file.flush()
        with draft.open("rb") as written:
            return Judged(name, judge(written, name), size, counted.hexdigest())

    def open(self, file_id: str) -> BinaryIO:
        """Open the bytes of a file for reading.

        Raises:
            Incomplete: ``file-bytes-missing``, ``files-unwritable``.
        """
        try:
            return self.path_of(file_id).open("rb")
        except FileNotFoundError:
            raise bytes_missing(file_id) from None
        except OSError as error:
            raise self._plain_error(error) from error

    def read(self, file_id: str) -> Iterator[bytes]:
        """Give the bytes of a file, a piece at a time."""
        with self.open(file_id) as file:
            while piece := file.read(CHUNK):
                yield piece

    def size_of(self, file_id: str) -> int | None:
        """Give how many bytes of a file stand there; None when there are none."""
        try:
            return self.path_of(file_id).stat().st_size
        except OSError:
            return None

    def take_away(self, file_id: str, *, is_draft: bool = False) -> bool:
        """Take away the bytes of a file, or what was left of an unfinished one; say whether there were any."""
        path = self.path_of(file_id)
        try:
            (path.with_name(path.name + DRAFT) if is_draft else path).unlink()
            self._make_lasting(path.parent)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise self._plain_error(error) from error
        return True

    def list_found(self) -> Iterator[Found]:
        """Give everything in the folder that looks like the bytes of a file, whole or not; in no order."""
        for each in self.folder.glob("??/*"):
            name = each.name.removesuffix(DRAFT)
            if _ID.fullmatch(name) and name[-2:] == each.parent.name:
                with contextlib.suppress(FileNotFoundError):
                    seen = each.lstat()
                    written_at = datetime.fromtimestamp(seen.st_mtime, UTC)
                    yield Found(name, seen.st_size, written_at, each.name != name)

    def _make_folders(self, folder: Path) -> None:
        if folder.is_dir():
            return
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        self._make_lasting(self.folder)

    def _make_lasting(self, folder: Path) -> None:
        """A new name in a folder outlives a power cut only when the folder itself was written."""
        handle = os.open(folder, os.O_RDONLY)
        try:
            self.make_lasting(handle)
        finally:
            os.close(handle)

    def _plain_error(self, error: OSError) -> Incomplete:
        if error.errno in _NO_ROOM:
            return Incomplete(
                f"there is no room for files in '{self.folder}'",
                code="files-full",
                hint="make room, then retry",
                folder=str(self.folder),
            )
        return Incomplete(
            f"the folder with files '{self.folder}' cannot be used: {error.strerror}",
            code="files-unwritable",
            hint="may Regie read and write there? see REGIE_FILES_DIR",
            folder=str(self.folder),
        )


def bytes_missing(file_id: str) -> Incomplete:
    """Say that what a row names does not stand in the folder, or not all of it."""
    return Incomplete(
        f"the bytes of file '{file_id}' are not there",
        code="file-bytes-missing",
        hint="put back a backup of the folder with files",
        file=file_id,
    )
