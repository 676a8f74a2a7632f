"""Files as people send them, and as nobody should: made on the fly, small."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping

PDF = (
    b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Type/Catalog>>\nendobj\ntrailer\n<</Root 1 0 R>>\nstartxref\n9\n%%EOF\n"
)
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00" + b"\x55" * 300 + b"\xff\xd9"
_PACKAGE = "application/vnd.openxmlformats-officedocument."


def pdf_of(size: int) -> bytes:
    """A PDF of exactly so many bytes."""
    head, tail = PDF[:15], PDF[15:]
    return head + b"%" * (size - len(PDF)) + tail


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


PNG = (
    b"\x89PNG\r\n\x1a\n"
    + _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    + _chunk(b"IDAT", zlib.compress(b"\x00\x00"))
    + _chunk(b"IEND", b"")
)


def package(entries: Mapping[str, bytes], *, stored: tuple[str, ...] = ()) -> bytes:
    """A package of entries, compressed but for some."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, body in entries.items():
            opened.writestr(name, body, zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED)
    return made.getvalue()


def office(kind: str = "docx", **more: bytes) -> bytes:
    """A document of an office program; ``more`` are extra parts, by their path with ``__`` for a slash."""
    main, part = {
        "docx": ("wordprocessingml.document", "word/document.xml"),
        "xlsx": ("spreadsheetml.sheet", "xl/workbook.xml"),
        "pptx": ("presentationml.presentation", "ppt/presentation.xml"),
    }[kind]
    types = f'<Types><Override PartName="/{part}" ContentType="{_PACKAGE}{main}.main+xml"/></Types>'
    extra = {name.replace("__", "/").replace("_dot_", "."): body for name, body in more.items()}
    return package({"[Content_Types].xml": types.encode(), "_rels/.rels": b"<r/>", part: b"<x/>" * 50, **extra})


def open_document(kind: str = "odt", *, manifest: bytes = b"<manifest/>", **more: bytes) -> bytes:
    said = {"odt": b"text", "ods": b"spreadsheet", "odg": b"graphics"}[kind]
    extra = {name.replace("__", "/").replace("_dot_", "."): body for name, body in more.items()}
    return package(
        {
            "mimetype": b"application/vnd.oasis.opendocument." + said,
            "content.xml": b"<office/>",
            "META-INF/manifest.xml": manifest,
            **extra,
        },
        stored=("mimetype",),
    )


def locked(made: bytes) -> bytes:
    """A package of which every entry says that it is encrypted."""
    found = bytearray(made)
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = found.find(mark)
        while start >= 0:
            found[start + at] |= 1
            start = found.find(mark, start + 4)
    return bytes(found)


def lying(made: bytes, said: int) -> bytes:
    """A package of which the last entry says that it unpacks to another number of bytes than it does."""
    found = bytearray(made)
    at = found.rfind(b"PK\x01\x02")
    found[at + 24 : at + 28] = struct.pack("<I", said)
    return bytes(found)


def overlapping(times: int) -> bytes:
    """A package in which many entries are the same bytes."""
    made = office()
    at = made.rfind(b"PK\x01\x02")
    end = made.rfind(b"PK\x05\x06")
    last = made[at:end]
    copies = b"".join(last.replace(b"word/document.xml", b"word/doc%06d.xml" % number) for number in range(times))
    directory_at = int.from_bytes(made[end + 16 : end + 20], "little")
    count = int.from_bytes(made[end + 10 : end + 12], "little") + times
    directory = made[directory_at:end] + copies
    record = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, count, count, len(directory), directory_at, 0)
    return made[:directory_at] + directory + record
