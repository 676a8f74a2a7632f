"""A table that a spreadsheet program opens as it is, and in which nothing computes."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime

import pytest

from regie.plain_text import harmless, without_guard
from regie.reports.csv_table import BOM, csv_bytes, csv_rows

DANGEROUS = [
    '=HYPERLINK("https://kwaad.example";"klik")',
    "+31612345678",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(A1:A9)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "  =1+1",
    '"=1+1',
    "'=1+1",
    "\u200b=1+1",
    "\x00=1+1",
    "\uff1d1+1",
    "\u22122",
]


def read(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=";"))


@pytest.mark.parametrize("text", DANGEROUS)
def test_a_cell_that_would_compute_is_made_harmless(text: str) -> None:
    _, (cell,) = read(csv_bytes(["Wat"], [[text]]))

    assert cell.startswith("'")
    assert cell[1:] == text.replace("\x00", "")


@pytest.mark.parametrize("text", ["Nota, versie 2", "a=b", "1-2", "-", "", "café “één”", "een; twee", 'zei "ja"'])
def test_what_is_harmless_stays_what_it_is(text: str) -> None:
    assert read(csv_bytes(["Wat"], [[text]])) == [["Wat"], [text]]


@pytest.mark.parametrize("text", DANGEROUS)
@pytest.mark.parametrize("before", ["x;", 'x";"', "x\r\n", 'x"\r\n"', "x,"])
def test_nothing_breaks_out_of_its_cell(text: str, before: str) -> None:
    """Behind a separator or a quote it is still one cell."""
    found = read(csv_bytes(["Wat", "Meer"], [[before + text, "eind"]]))

    assert found[1:] == [[(before + text).replace("\x00", ""), "eind"]]


def test_headers_are_cells_too() -> None:
    assert read(csv_bytes(["=1+1"], [])) == [["'=1+1"]]


def test_values_are_written_for_machines() -> None:
    moment = datetime(2027, 6, 3, 8, 30, tzinfo=UTC)

    written = csv_bytes(["a", "b", "c", "d", "e", "f"], [[date(2027, 6, 3), moment, -5, 1.5, None, True]])

    assert written.decode() == (
        f'{BOM}"a";"b";"c";"d";"e";"f"\r\n"2027-06-03";"2027-06-03T08:30:00+00:00";-5;1.5;"";1\r\n'
    )


def test_a_long_table_comes_a_row_at_a_time() -> None:
    asked: list[int] = []

    def rows():  # type: ignore[no-untyped-def]
        for number in range(3):
            asked.append(number)
            yield [number]

    given = csv_rows(["n"], rows())

    assert (next(given), asked) == (f'{BOM}"n"\r\n', [])
    assert (next(given), asked) == ("0\r\n", [0])


def test_another_separator_may_be_asked_for() -> None:
    assert csv_bytes(["a", "b"], [], delimiter=",").decode() == f'{BOM}"a","b"\r\n'


def test_what_stands_for_nothing_computes_nothing() -> None:
    assert harmless("-") == "-"
    assert harmless("--") == "'--"


@pytest.mark.parametrize("text", [*DANGEROUS, "'\tx", "''\tx", "'t Hart", "-", "'-", "Nota, versie 2", "|calc"])
def test_a_guard_comes_off_again(text: str) -> None:
    kept = without_guard(harmless(text))

    assert kept == text.replace("\x00", "")
