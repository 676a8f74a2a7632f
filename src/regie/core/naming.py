"""The titles of what a refusal names, so that nobody needs to know ids to understand it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Protocol, TypeVar

from regie.core.definition import Definition, Text
from regie.errors import RegieError

K = TypeVar("K", bound=str)

# Facts that name something of a definition, and the part of the definition that they are in.
_PARTS: Mapping[str, str] = {
    "step": "steps",
    "waits_for": "steps",
    "unfinished": "steps",
    "dependents": "steps",
    "other": "steps",
    "anchor": "anchors",
    "role": "roles",
    "list": "lists",
}


def add_titles(error: RegieError, definition: Definition) -> None:
    """Add to the facts of an error, as ``titles``, how people call the steps and anchors that it names."""
    titles: dict[str, Text] = {}
    for fact, part in _PARTS.items():
        named = error.facts.get(fact)
        for each in named if isinstance(named, Sequence) and not isinstance(named, str) else [named]:
            own = str(each).partition("@")[0]  # a copy has the title of its step
            found = getattr(definition, part).get(own)
            if found is not None:
                titles[own] = found.title
    error.facts.setdefault("titles", titles)


class _Titled(Protocol):
    @property
    def title(self) -> Text: ...


def find_close(name: str, known: Mapping[K, _Titled]) -> list[str]:
    """Find what somebody may have meant who typed an id wrong, or the title instead; none or one."""
    by_title = {title.lower(): each for each, part in known.items() for title in part.title.values()}
    by_name = {str(each).lower(): each for each in known}
    names = {**by_title, **by_name}
    return [str(names[close]) for close in get_close_matches(name.strip().lower(), names, n=1)]
