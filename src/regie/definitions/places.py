"""Plain values that remember where they stood in their files, found by the path that leads to them.

Knows nothing of how a file is read, nor of what the values mean.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NamedTuple

from regie.definitions.findings import Mark

Path = tuple[str | int, ...]
Value = Any
"""A ``Table``, a ``Row``, or a str, int, bool or None."""


_QUOTES = ('"', "'")


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A file by the name that findings use, and its text."""

    name: str
    text: str


class Spot(NamedTuple):
    """Where a key or value stands: line and column from 1, and the characters of the text it takes up."""

    source: Source
    line: int
    column: int
    begin: int
    end: int

    @property
    def mark(self) -> Mark:
        return Mark(self.source.name, self.line, self.column)

    def mark_inside(self, value: str, offset: int) -> Mark:
        """Find the place of a character of a text, through quotes, escapes and folded lines."""
        raw = self.source.text[self.begin : self.end]
        at = self.begin + _offset_in_raw(raw, value, offset)
        before = self.source.text[self.begin : at]
        line_ends = before.count("\n")
        if not line_ends:
            return Mark(self.source.name, self.line, self.column + len(before))
        return Mark(self.source.name, self.line + line_ends, len(before) - before.rfind("\n"))


class Table(dict[str, Value]):
    """A YAML mapping; knows where its keys and values stand."""

    __slots__ = ("key_spots", "spot", "value_spots")

    def __init__(self, spot: Spot) -> None:
        super().__init__()
        self.spot = spot
        self.key_spots: dict[str, Spot] = {}
        self.value_spots: dict[str, Spot] = {}


class Row(list[Value]):
    """A YAML sequence; knows where its items stand."""

    __slots__ = ("item_spots", "spot")

    def __init__(self, spot: Spot) -> None:
        super().__init__()
        self.spot = spot
        self.item_spots: list[Spot] = []


@dataclass(frozen=True, slots=True)
class Places:
    """The values of a definition as they were written, from the root."""

    root: Table

    def at(self, *path: str | int) -> Mark:
        """Give the place of a value; when it was not written, of the nearest thing around it."""
        return self._walk(path)[0].mark

    def at_key(self, *path: str | int) -> Mark:
        """Give the place of a key rather than of its value."""
        parent = self._walk(path[:-1])[1]
        if isinstance(parent, Table) and path[-1] in parent.key_spots:
            return parent.key_spots[str(path[-1])].mark
        return self.at(*path)

    def inside(self, offset: int, *path: str | int) -> Mark:
        """Give the place of a character of a text."""
        spot, value = self._walk(path)
        return spot.mark_inside(value, offset) if isinstance(value, str) else spot.mark

    def value(self, *path: str | int) -> Value:
        """Give what was written there, or the nearest thing around it."""
        return self._walk(path)[1]

    def _walk(self, path: Path) -> tuple[Spot, Value]:
        spot = self.root.spot
        value: Value = self.root
        for number, step in enumerate(path):
            if isinstance(value, Table) and step in value:
                # a group of keys is best pointed at by the key above it, unless it is what was asked for
                key = str(step)
                last = number == len(path) - 1
                inner = value[key]
                spot = value.key_spots[key] if isinstance(inner, Table) and not last else value.value_spots[key]
                value = inner
            elif isinstance(value, Row) and isinstance(step, int) and step < len(value):
                spot, value = value.item_spots[step], value[step]
        return spot, value


def kind_of(value: object) -> str:
    """Name a kind of value in an author's words."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "a yes or no"
        case int():
            return "a number"
        case str():
            return "a text"
        case list():
            return "a list"
        case _:
            return "a group of keys"


_ESCAPE = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)", re.DOTALL)
_BLOCK_HEADER = re.compile(r"[|>][^\n]*\n")


def _offset_in_raw(raw: str, value: str, offset: int) -> int:
    """Find the character of the written text that became character ``offset`` of the value.

    Folding only changes white space, so the characters that are none are counted.
    """
    if raw == value:
        return offset
    wanted = sum(not sign.isspace() for sign in value[:offset])
    quotes = raw[:1] if raw[:1] in _QUOTES else ""
    header = _BLOCK_HEADER.match(raw)
    at = header.end() if header else len(quotes)
    while at < len(raw):
        escape = _ESCAPE.match(raw, at) if quotes == '"' else None
        width = escape.end() - at if escape else 2 if quotes == "'" and raw.startswith("''", at) else 1
        if not (escape[0][1] in "nrte \n" if escape else raw[at].isspace()):
            if wanted == 0:
                return at
            wanted -= 1
        at += width
    return max(0, len(raw) - len(quotes))
