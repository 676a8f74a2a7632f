"""Reads the tables of the domain dossier, so that a test can compare the definition with them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

DOSSIER = Path(__file__).resolve().parents[2] / "docs" / "domain" / "DOSSIER.md"
_HEADING = re.compile(r"^#### Fase (\d) - track `([a-z-]+)`")


@dataclass(frozen=True)
class Row:
    """One row of section 1: a step as the dossier has it, cells unread."""

    id: str
    phase: str
    track: str
    title: str
    done_when: str
    responsible: str
    accountable: str
    consulted: tuple[str, ...]
    informed: tuple[str, ...]
    needs: tuple[tuple[str, str], ...]
    duration: str
    due: str
    condition: str
    is_gate: bool
    expansion: tuple[str, str]
    improvement: str


def read_steps() -> tuple[Row, ...]:
    """Read the rows of all step tables, in the order of the dossier."""
    rows: list[Row] = []
    phase = track = ""
    for line in DOSSIER.read_text(encoding="utf-8").splitlines():
        if heading := _HEADING.match(line):
            phase, track = f"fase-{heading[1]}", heading[2]
        elif line.startswith("| `f") and track:
            rows.append(_row(phase, track, [cell.strip() for cell in line.strip().strip("|").split(" | ")]))
        elif line.startswith("### 1.8"):
            break
    return tuple(rows)


def _row(phase: str, track: str, cells: list[str]) -> Row:
    assert len(cells) == 14, cells[0]
    return Row(
        cells[0].strip("`"),
        phase,
        track,
        cells[1],
        cells[2],
        cells[3],
        cells[4],
        _names(cells[5]),
        _names(cells[6]),
        tuple(_relation(each) for each in cells[7].split("<br>") if each != "-"),
        cells[8],
        cells[9],
        cells[10],
        cells[11] == "JA",
        _both(cells[12]),
        cells[13],
    )


def _both(cell: str) -> tuple[str, str]:
    same, slash, other = cell.partition("/")
    return (same, other) if slash else (same, same)


def _names(cell: str) -> tuple[str, ...]:
    return tuple(
        name.strip().replace("all partners", "all-partners") for name in cell.split(",") if name.strip() != "-"
    )


def _relation(text: str) -> tuple[str, str]:
    return ("finish-to-finish", text[3:]) if text.startswith("ff:") else ("finish-to-start", text)
