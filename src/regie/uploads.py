"""What may come in as a file, judged by what is in it and by what it is called; never by what a browser says of it.

Reads a file in pieces, keeps none of it, unpacks nothing to disk. Does not know where files stay, nor of what step
they are.
"""

from __future__ import annotations

import hashlib
import io
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, NoReturn
from urllib.parse import quote

from regie.errors import Refused

CHUNK = 64 * 1024
MB = 1024 * 1024
LONGEST_NAME = 120
"""Characters; also ``LONGEST_NAME_BYTES`` bytes in UTF-8, which every file system takes."""
LONGEST_NAME_BYTES = 200
MOST_FILES = 10
"""Files with one act."""

MOST_ENTRIES = 5_000
MOST_DIRECTORY_BYTES = 1024 * 1024
MOST_UNPACKED_BYTES = 200 * 1024 * 1024
MOST_RATIO = 200
"""Of unpacked to packed; a document of little more than repetition is let through below ``RATIO_FROM_BYTES``."""
RATIO_FROM_BYTES = 8 * 1024 * 1024
MOST_MANIFEST_BYTES = 1024 * 1024

_OOXML = "application/vnd.openxmlformats-officedocument."
_ODF = "application/vnd.oasis.opendocument."
PDF, PNG, JPEG = "application/pdf", "image/png", "image/jpeg"
KINDS: Mapping[str, str] = {
    "pdf": PDF,
    "png": PNG,
    "jpg": JPEG,
    "jpeg": JPEG,
    "docx": f"{_OOXML}wordprocessingml.document",
    "xlsx": f"{_OOXML}spreadsheetml.sheet",
    "pptx": f"{_OOXML}presentationml.presentation",
    "odt": f"{_ODF}text",
    "ods": f"{_ODF}spreadsheet",
}
"""What may come in: the media type that each extension must turn out to be."""

_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])", re.IGNORECASE)
_AWKWARD = re.compile(r'[<>:"|?*]')
# what makes a browser take a file for a page, were it ever to guess
_MARKUP = re.compile(rb"<(?:!doctype|html|head|body|script|svg|iframe|meta|\?php|%)[\s>/!]", re.IGNORECASE)
_HEAD = 1500
_TAIL = 65_557  # an end record with the longest remark that it may have
_END_RECORD = b"PK\x05\x06"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PNG_END = b"\x00\x00\x00\x00IEND\xaeB`\x82"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that somebody hands over: what they call it, and where it can be read from, and read again."""

    name: str
    source: BinaryIO


@dataclass(frozen=True, slots=True)
class Judged:
    """What came in: a name that harms nobody, the media type of what is in it, its size in bytes and its SHA-256."""

    name: str
    media_type: str
    size: int
    sha256: str


# --- names -------------------------------------------------------------------------------------------


def clean_name(name: str) -> str:
    """Make of any name one that is only a name: no folder, no control or direction character, not too long.

    >>> clean_name("..\\\\..\\\\x/Besluit\\u202efdp.pdf")
    'Besluitfdp.pdf'
    >>> clean_name("CON.pdf"), clean_name("")
    ('_CON.pdf', 'bestand')
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    # controls, format and direction marks, halves of pairs, private and unassigned characters; all else is kept
    seen = "".join(" " if each in "\t\n\u2028\u2029" else each for each in last)
    kept = "".join(each for each in seen if unicodedata.category(each)[0] != "C")
    plain = " ".join(_AWKWARD.sub("_", kept).split()).strip(". ")
    stem, dot, extension = plain.rpartition(".")
    if not dot or len(extension) > 10:
        stem, dot, extension = plain, "", ""
    stem = _cut(
        stem.rstrip(". "), LONGEST_NAME - len(dot + extension), LONGEST_NAME_BYTES - len((dot + extension).encode())
    )
    if _RESERVED.fullmatch(stem.split(".")[0].rstrip()):
        stem = f"_{stem}"
    return f"{stem}{dot}{extension}" if stem else "bestand"


def _cut(text: str, characters: int, size: int) -> str:
    cut = text[:characters].encode()[:size].decode(errors="ignore")
    return cut.rstrip(". ")


def extension_of(name: str) -> str:
    """Give the extension of a name, in small letters; empty when it has none."""
    stem, dot, extension = name.rpartition(".")
    return extension.lower() if stem and dot else ""


def download_headers(name: str, media_type: str, size: int) -> Mapping[str, str]:
    """Give the headers with which a file goes out: saved and not shown, and not taken for something else.

    Source:
        RFC 6266; ASVS 5.0, 3.2.1 and 5.4.
    """
    called = clean_name(name)
    plain = re.sub(r"[^A-Za-z0-9 ._()-]", "_", unicodedata.normalize("NFKD", called).encode("ascii", "ignore").decode())
    return {
        "Content-Type": media_type if media_type in KINDS.values() else "application/octet-stream",
        "Content-Length": str(size),
        "Content-Disposition": f"attachment; filename=\"{plain or 'bestand'}\"; filename*=UTF-8''{quote(called, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "private, no-store",
    }


# --- what comes in -----------------------------------------------------------------------------------


def check_name(name: str) -> str:
    """Clean a name; refuse a kind of file that is not taken.

    Raises:
        Refused: ``file-kind-unknown``.
    """
    called = clean_name(name)
    if extension_of(called) not in KINDS:
        raise Refused(
            f"'{called}' is of a kind that is not taken",
            code="file-kind-unknown",
            hint=f"one of: {', '.join(KINDS)}",
            file=called,
            options=list(KINDS),
        )
    return called


def check_number(uploads: Sequence[object]) -> None:
    """Refuse more files at once than anybody means to send.

    Raises:
        Refused: ``too-many-files``.
    """
    if len(uploads) > MOST_FILES:
        raise Refused(
            f"{len(uploads)} files at once, more than {MOST_FILES}",
            code="too-many-files",
            hint="send some, then the others",
            number=len(uploads),
            most=MOST_FILES,
        )


def pieces(source: BinaryIO, name: str, most_bytes: int, counted: hashlib._Hash) -> Iterator[bytes]:
    """Read a file from where it stands, a piece at a time, counting it in; stop as soon as it is too large.

    Raises:
        Refused: ``file-too-large``, ``file-empty``.
    """
    size = 0
    while piece := source.read(CHUNK):
        size += len(piece)
        if size > most_bytes:
            raise Refused(
                f"'{name}' is larger than {most_bytes} bytes",
                code="file-too-large",
                hint="send a smaller file, or a link to it",
                file=name,
                most=_in_words(most_bytes),
            )
        counted.update(piece)
        yield piece
    if not size:
        raise Refused(f"'{name}' is empty", code="file-empty", hint="save it again, then send it", file=name)


def check_upload(upload: Upload, most_bytes: int) -> Judged:
    """Judge a file without keeping it; it is left at its beginning, ready to be read again.

    Raises:
        Refused: as ``pieces``, ``check_name`` and ``judge``.
    """
    name = check_name(upload.name)
    upload.source.seek(0)
    counted, size = hashlib.sha256(), 0
    for piece in pieces(upload.source, name, most_bytes, counted):
        size += len(piece)
    media_type = judge(upload.source, name)
    upload.source.seek(0)
    return Judged(name, media_type, size, counted.hexdigest())


def judge(file: BinaryIO, name: str) -> str:
    """Give the media type of what is in a file; it must be what its name says.

    Args:
        file: can be read anywhere; is not read into memory.
        name: as ``check_name`` gave it.

    Raises:
        Refused: ``file-content-differs``, ``file-damaged``, ``file-encrypted``, ``file-has-macros``,
            ``file-unpacks-too-large``.
    """
    expected = KINDS[extension_of(name)]
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    head = file.read(_HEAD)
    file.seek(max(0, size - _TAIL))
    tail = file.read(_TAIL)
    if head.startswith(b"PK\x03\x04"):
        found = _judge_package(file, name, size, tail)
    elif head.startswith(_OLE) and expected not in (PDF, PNG, JPEG):
        raise Refused(
            f"'{name}' is locked with a password, or saved in an old form",
            code="file-encrypted",
            hint="save it without password in the new form, then send it",
            file=name,
        )
    else:
        found = _judge_plain(head, tail, name)
    if found != expected:
        _differs(name)
    return found


def _judge_plain(head: bytes, tail: bytes, name: str) -> str:
    """A PDF or picture, from its first byte on, and nothing besides: no page, no archive behind it."""
    if _MARKUP.search(head) or _ends_as_archive(tail):
        _differs(name)
    # the header and nothing else on its line: a page can hide behind it
    if re.match(rb"%PDF-[12]\.\d[ \t]*[\r\n]", head):
        if b"%%EOF" not in tail[-2048:]:
            _damaged(name)
        return PDF
    if head.startswith(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"):
        if not tail.endswith(_PNG_END):
            _damaged(name)
        return PNG
    if head.startswith(b"\xff\xd8\xff"):
        # a telephone may put more behind the picture, so its end is somewhere near the end
        if b"\xff\xd9" not in tail:
            _damaged(name)
        return JPEG
    _differs(name)


def _ends_as_archive(tail: bytes) -> bool:
    at = tail.rfind(_END_RECORD)
    if at < 0 or len(tail) - at < 22:
        return False
    return at + 22 + int.from_bytes(tail[at + 20 : at + 22], "little") == len(tail)


# --- packages: the office formats --------------------------------------------------------------------


def _judge_package(file: BinaryIO, name: str, size: int, tail: bytes) -> str:
    _check_end_record(name, size, tail)
    try:
        with zipfile.ZipFile(file) as package:
            entries = package.infolist()
            _check_entries(file, name, size, entries)
            return _kind_of(file, name, {entry.filename: entry for entry in entries})
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, ValueError, EOFError, LookupError):
        _damaged(name)


def _check_end_record(name: str, size: int, tail: bytes) -> None:
    """Look at how long the list of entries is before anything reads that list: it is held in memory."""
    at = tail.rfind(_END_RECORD)
    if not _ends_as_archive(tail):
        _damaged(name)
    if tail[max(0, at - 20) : at].startswith(b"PK\x06\x07"):  # the form for what is larger than we take
        _damaged(name)
    entries = int.from_bytes(tail[at + 10 : at + 12], "little")
    directory = int.from_bytes(tail[at + 12 : at + 16], "little")
    if entries > MOST_ENTRIES or directory > MOST_DIRECTORY_BYTES:
        _too_large_inside(name)
    if directory + int.from_bytes(tail[at + 16 : at + 20], "little") != size - (len(tail) - at):
        _damaged(name)


def _check_entries(file: BinaryIO, name: str, size: int, entries: list[zipfile.ZipInfo]) -> None:
    names = [entry.filename.casefold() for entry in entries]
    if len(entries) > MOST_ENTRIES:
        _too_large_inside(name)
    packed = sum(entry.compress_size for entry in entries)
    if len(set(names)) != len(names) or packed > size:  # entries that lie over each other
        _damaged(name)
    if any(entry.flag_bits & 0x41 for entry in entries):
        _encrypted(name)
    if any(_is_macro(each) for each in names):
        _has_macros(name)
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > MOST_UNPACKED_BYTES or (unpacked > RATIO_FROM_BYTES and unpacked > MOST_RATIO * packed):
        _too_large_inside(name)
    for entry in entries:
        for _ in _unpacked(file, name, entry):
            pass  # what an entry says of its size must be so


def _is_macro(entry: str) -> bool:
    last = entry.rsplit("/", 1)[-1]
    return last in ("vbaproject.bin", "vbadata.xml") or entry.startswith(("basic/", "scripts/"))


def _unpacked(file: BinaryIO, name: str, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """Unpack an entry piece by piece, no further than it says it goes."""
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        _damaged(name)
    file.seek(entry.header_offset)
    header = file.read(30)
    if len(header) < 30 or not header.startswith(b"PK\x03\x04"):
        _damaged(name)
    if (
        int.from_bytes(header[8:10], "little") != entry.compress_type
    ):  # one reader would see another thing than the next
        _damaged(name)
    file.seek(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"), io.SEEK_CUR)
    packer = zlib.decompressobj(-zlib.MAX_WBITS) if entry.compress_type == zipfile.ZIP_DEFLATED else None
    left, given, check, packed = entry.compress_size, 0, 0, b""
    while left or packed:
        packed = packed or file.read(min(CHUNK, left))
        if not packed:
            _damaged(name)
        if packer is None:
            piece, left, packed = packed, left - len(packed), b""
        else:
            left -= 0 if packer.unconsumed_tail else len(packed)
            piece = packer.decompress(packed, CHUNK)
            packed = packer.unconsumed_tail
            if packer.eof and (left or packed or packer.unused_data):
                _damaged(name)
        given, check = given + len(piece), zlib.crc32(piece, check)
        if given > entry.file_size:
            _damaged(name)
        yield piece
    rest = packer.flush() if packer else b""
    if given + len(rest) != entry.file_size or zlib.crc32(rest, check) != entry.CRC or (packer and not packer.eof):
        _damaged(name)
    yield rest


def _read(file: BinaryIO, name: str, entry: zipfile.ZipInfo) -> bytes:
    if entry.file_size > MOST_MANIFEST_BYTES:
        _damaged(name)
    return b"".join(_unpacked(file, name, entry))


def _kind_of(file: BinaryIO, name: str, entries: Mapping[str, zipfile.ZipInfo]) -> str:
    if "mimetype" in entries:
        kind = _read(file, name, entries["mimetype"]).decode("ascii", "replace").strip()
        manifest = entries.get("META-INF/manifest.xml")
        if manifest is None or "content.xml" not in entries:
            _damaged(name)
        if b"encryption-data" in _read(file, name, manifest):
            _encrypted(name)
        return kind
    types = entries.get("[Content_Types].xml")
    if types is None:
        _differs(name)
    said = _read(file, name, types)
    if b"macroEnabled" in said or b"vbaProject" in said:
        _has_macros(name)
    for kind, part in (("wordprocessingml.document", "word"), ("spreadsheetml.sheet", "xl"), ("presentationml.presentation", "ppt")):  # fmt: skip
        is_there = any(entry.startswith(f"{part}/") for entry in entries)
        if is_there and f"{_OOXML}{kind}.main+xml".encode() in said:
            return f"{_OOXML}{kind}"
    _differs(name)


# --- refusals ----------------------------------------------------------------------------------------


def _differs(name: str) -> NoReturn:
    raise Refused(
        f"what is in '{name}' is not what its name says",
        code="file-content-differs",
        hint="open it, save it as the kind that it is, then send it",
        file=name,
    )


def _damaged(name: str) -> NoReturn:
    raise Refused(f"'{name}' is not whole", code="file-damaged", hint="open it, save it again, then send it", file=name)


def _encrypted(name: str) -> NoReturn:
    raise Refused(
        f"'{name}' is locked with a password", code="file-encrypted", hint="save it without password", file=name
    )


def _has_macros(name: str) -> NoReturn:
    raise Refused(f"'{name}' holds macros", code="file-has-macros", hint="save it without macros, or as PDF", file=name)


def _too_large_inside(name: str) -> NoReturn:
    raise Refused(
        f"'{name}' unpacks to more than is taken",
        code="file-unpacks-too-large",
        hint="send it as PDF, or a link to it",
        file=name,
    )


def _in_words(size: int) -> str:
    return f"{size // MB} MB" if size >= MB else f"{size} bytes"
