"""Where in its files each part of a definition stands, found by the path that leads to it."""

from __future__ import annotations

from dataclasses import dataclass

from regie.definitions.findings import Mark
from regie.definitions.yaml_text import Row, Spot, Table, Value

Path = tuple[str | int, ...]


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
