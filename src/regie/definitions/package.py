"""Files that somebody hands over as one definition: YAML files, or a zip of them; judged before anything is unpacked.

Knows nothing of what is in them: that is for ``check_sources``.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence

from regie.definitions.findings import Finding, Report, sort_findings
from regie.definitions.load import MOST_FILES
from regie.definitions.yaml_text import MOST_BYTES, decode
from regie.errors import Refused

MOST_ENTRIES = 2 * MOST_FILES
"""Of a zip, with its folders and what is passed over."""

_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}\.ya?ml")
_MOST_DIRECTORY_BYTES = 64 * 1024
_END_RECORD, _END_RECORD_64 = b"PK\x05\x06", b"PK\x06\x07"
_TAIL = 65_557  # an end record with the longest remark that it may have


def read_package(files: Sequence[tuple[str, bytes]]) -> tuple[Mapping[str, str], tuple[Finding, ...]]:
    """Give the texts by name, and what is wrong with files that are no text.

    Of a zip, its YAML files count, directly in it or in one folder; what lies deeper, such as rehearsals, is passed over.

    Raises:
        Refused: ``package-unusable``, with the kind of ``problem`` and the name of the file.
    """
    if not files:
        raise _unusable("empty", "")
    found: dict[str, bytes] = {}
    for name, content in files:
        parts = _unpack(name, content) if name.lower().endswith(".zip") else [(name, content)]
        for own, body in parts:
            if not _NAME.fullmatch(own):
                raise _unusable("name", own)
            own = own.removesuffix(".yml").removesuffix(".yaml") + ".yaml"
            if own in found:
                raise _unusable("twice", own)
            found[own] = body
    if not found:
        raise _unusable("no-yaml", files[0][0])
    if len(found) > MOST_FILES + 1:
        raise _unusable("many", files[0][0])
    report = Report()
    read = {name: decode(name, body, report) for name, body in found.items()}
    return {name: source.text for name, source in read.items() if source}, sort_findings(report.findings)


def write_package(sources: Mapping[str, str]) -> bytes:
    """Give the files of a definition as a zip that is the same each time."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in sources.items():
            package.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _unpack(name: str, content: bytes) -> list[tuple[str, bytes]]:
    _check_directory(name, content)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            entries = [each for each in package.infolist() if not each.is_dir()]
            for entry in entries:
                _check_entry(entry)
            wanted = [each for each in entries if each.filename.lower().endswith((".yaml", ".yml"))]
            folders = {each.filename.rpartition("/")[0] for each in wanted}
            top = min(folders, key=lambda each: (each.count("/") + bool(each), each), default="")
            if len({each for each in folders if each.count("/") == top.count("/") and bool(each) == bool(top)}) > 1:
                raise _unusable("folders", name)
            return [
                (each.filename.rpartition("/")[2], _read(package, each))
                for each in wanted
                if each.filename.rpartition("/")[0] == top
            ]
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, ValueError, EOFError, OverflowError):
        raise _unusable("damaged", name) from None


def _check_directory(name: str, content: bytes) -> None:
    """Look how long the list of entries says it is before anything reads it: it is held in memory."""
    tail = content[-_TAIL:]
    at = tail.rfind(_END_RECORD)
    if at < 0 or len(tail) - at < 22 or tail[max(0, at - 20) : at].startswith(_END_RECORD_64):
        raise _unusable("damaged", name)
    entries, size = int.from_bytes(tail[at + 10 : at + 12], "little"), int.from_bytes(tail[at + 12 : at + 16], "little")
    if entries > MOST_ENTRIES or size > _MOST_DIRECTORY_BYTES:
        raise _unusable("many", name)


def _check_entry(entry: zipfile.ZipInfo) -> None:
    path = entry.filename
    if path.startswith("/") or "\\" in entry.orig_filename or ":" in path or ".." in path.split("/") or "\0" in path:
        raise _unusable("path", path)
    if entry.flag_bits & 0x41:
        raise _unusable("locked", path)


def _read(package: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """Unpack one file, no further than a definition may be long, whatever it says of itself."""
    if entry.file_size > MOST_BYTES:
        raise _unusable("size", entry.filename)
    with package.open(entry) as file:
        body = file.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        raise _unusable("size", entry.filename)
    return body


_SAID = {
    "empty": "no file was chosen",
    "name": "it has another name than a YAML file of a definition can have",
    "twice": "there are two files of this name",
    "no-yaml": "it holds no YAML file",
    "many": "it holds more files than a definition can have",
    "folders": "its YAML files lie in more than one folder",
    "damaged": "it is no zip that can be read",
    "path": "it names a place outside the zip",
    "locked": "it is locked with a password",
    "size": "it is larger than 1 MB",
}


def _unusable(problem: str, file: str) -> Refused:
    shown = "".join(each if each.isprintable() else "?" for each in file)[:80]
    return Refused(
        f"'{shown}' cannot be used: {_SAID[problem]}" if shown else _SAID[problem],
        code="package-unusable",
        hint="send YAML files such as workflow.yaml, or one zip of them",
        file=shown or "-",
        problem=problem,
    )
