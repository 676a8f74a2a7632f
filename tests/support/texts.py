"""Finds the texts in a definition, however deep they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass

from regie.core.definition import Text


def texts_of(part: object, *path: str) -> Iterator[tuple[str, Text]]:
    """All texts inside a part of a definition, with where they stand."""
    match part:
        case Mapping() if "nl" in part or "en" in part:
            yield ".".join(path), part
        case Mapping():
            for key, inner in part.items():
                yield from texts_of(inner, *path, str(key))
        case tuple():
            for place, inner in enumerate(part):
                yield from texts_of(inner, *path, str(place))
        case _ if is_dataclass(part):
            for each in fields(part):
                yield from texts_of(getattr(part, each.name), *path, each.name)
