"""A table as CSV that a Dutch spreadsheet program opens as it is, and in which no cell is a formula.

Every cell of text stands between quotes, so that no part of it starts a cell of its own, and is made ``harmless``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime

from regie.plain_text import harmless

MEDIA_TYPE = "text/csv; charset=utf-8"
BOM = "\ufeff"
"""Without it Excel reads the text as Windows-1252."""

Cell = str | int | float | date | datetime | bool | None


def csv_rows(header: Sequence[str], rows: Iterable[Sequence[Cell]], *, delimiter: str = ";") -> Iterator[str]:
    """Give the text of a table, a row at a time, for a table that is too long to hold.

    Dates are ISO 8601; moments too, with their offset. A number stays a number, with a decimal point.
    """
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n", quoting=csv.QUOTE_NONNUMERIC)
    out.write(BOM)
    writer.writerow([harmless(each) for each in header])
    yield _taken(out)
    for cells in rows:
        writer.writerow([_cell(each) for each in cells])
        yield _taken(out)


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[Cell]], *, delimiter: str = ";") -> bytes:
    """Give a whole table as a file."""
    return "".join(csv_rows(header, rows, delimiter=delimiter)).encode()


def _cell(value: Cell) -> str | int | float:
    if value is None:
        return ""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float):
        return value
    return value.isoformat() if isinstance(value, date) else harmless(value)


def _taken(out: io.StringIO) -> str:
    text = out.getvalue()
    out.seek(0)
    out.truncate()
    return text
