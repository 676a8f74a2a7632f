"""Read a list of partners as it comes from a spreadsheet. What is in its cells is judged by ``store.partners``."""

from __future__ import annotations

import codecs
import csv
import io

from regie.errors import Refused
from regie.plain_text import without_guard


def decode_list(content: bytes) -> tuple[str, bool]:
    """Give the text of a file and whether it was in the way of Windows: UTF-8, UTF-16 with its mark, or Windows-1252.

    Raises:
        Refused: ``list-not-text``.
    """
    ways = ["utf-16"] if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else ["utf-8-sig", "cp1252"]
    for way in ways:
        try:
            return content.decode(way), way == "cp1252"
        except UnicodeDecodeError:
            continue
    raise Refused("this file is no text", code="list-not-text", hint="save it as CSV UTF-8")


def read_list(text: str) -> tuple[list[dict[str, str | None]], int]:
    """Give the rows by the names of their columns, and the number of the first as a spreadsheet counts.

    Separated by semicolons, commas or tabs, whichever the row of names has most of. Under no name stands what had no
    column.

    Raises:
        Refused: ``list-unreadable``, ``list-column-twice``.
    """
    first_line, _, rest = text.partition("\n")
    said = first_line.strip().lower()
    if said.startswith("sep=") and len(said) == len("sep=") + 1:  # how Excel is told what separates
        delimiter, text, first = first_line.strip()[-1], rest, 3
    else:
        delimiter, first = max(";,\t", key=first_line.count), 2
    try:
        # read by line feeds only: a text knows more line ends, and those are for the import to refuse
        header, *records = [*csv.reader(io.StringIO(text), delimiter=delimiter)] or [[]]
    except csv.Error as error:
        raise Refused("this does not read as CSV", code="list-unreadable", hint="save it as CSV UTF-8") from error
    names = [name.strip() for name in header]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        listed = ", ".join(each[:40] for each in twice)
        raise Refused(f"these columns are there twice: {listed}", code="list-column-twice", columns=listed)
    rows: list[dict[str, str | None]] = []
    for record in records:
        plain = [without_guard(value) for value in record]
        cells = dict.fromkeys(filter(None, names), "")
        cells.update((name, value) for name, value in zip(names, plain, strict=False) if name)
        loose = [value for place, value in enumerate(plain) if place >= len(names) or not names[place]]
        rows.append({**cells, "": " ".join(loose)} if any(map(str.strip, loose)) else {**cells})
    return rows, first
