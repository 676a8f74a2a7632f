"""Files for browsers, under a name that changes with what is in them, so that browsers may keep them for a year.

Read once at the start, so that a path can only be one of these: nothing is looked up on disk afterwards.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

PREFIX = "/static/"
FOLDER = Path(__file__).parent / "static"
_KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file as it is sent. ``packed`` is empty when packing does not help."""

    kind: str
    body: bytes
    packed: bytes


@dataclass(frozen=True, slots=True)
class StaticFiles:
    """All files: by the path in an address, and the address of each by its plain name."""

    by_path: Mapping[str, StaticFile]
    addresses: Mapping[str, str]

    def url(self, name: str) -> str:
        """The address of a file, such as ``/static/regie.0a1b2c3d.css``. An unknown name is a mistake of ours."""
        return self.addresses[name]


def read_static(extra: Mapping[str, bytes] | None = None) -> StaticFiles:
    """Read what is shipped, and ``extra`` files of the installation by the name they get."""
    contents = {
        path.relative_to(FOLDER).as_posix(): path.read_bytes()
        for path in sorted(FOLDER.rglob("*"))
        if path.suffix in _KINDS
    }
    contents |= extra or {}
    by_path, addresses = {}, {}
    for name, body in contents.items():
        stem, dot, kind = name.rpartition(".")
        path = f"{stem}.{hashlib.sha256(body).hexdigest()[:12]}{dot}{kind}"
        by_path[path] = StaticFile(_KINDS[dot + kind], body, _pack(dot + kind, body))
        addresses[name] = PREFIX + path
    return StaticFiles(by_path, addresses)


@lru_cache(maxsize=32)
def _pack(kind: str, body: bytes) -> bytes:
    """Pack what packing helps, once for as long as it is the same: the look is read again when it changes."""
    return b"" if kind in (".png", ".jpg", ".jpeg") else gzip.compress(body, mtime=0)
