"""Which workflow definitions a traject can be started with: those in use in the database, and those that come along."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from sqlmodel import Session

from regie.core.definition import Definition, text_in
from regie.definitions import load_definition, sources_of
from regie.definitions.resources import workflow_defs_dir
from regie.errors import Incomplete, NotFound, RegieError
from regie.store.definitions import DefinitionShelf, get_sources, list_definitions
from regie.store.tables import DefinitionStatus


@dataclass(frozen=True, slots=True)
class Offer:
    """A definition to start with.

    Args:
        hash: what it is chosen by.
        is_stored: it was used or imported before; else it comes along with Regie.
        in_use: how many cycles follow it.
    """

    hash: str
    id: str
    version: str
    title: str
    is_stored: bool
    in_use: int


def list_offers(session: Session, language: str = "nl") -> tuple[Offer, ...]:
    """Give what can be chosen: by title, of one title the newest first. One that was retired is not offered."""
    stored = list_definitions(session)
    found = [
        Offer(each.content_hash, each.id, each.version, text_in(each.title, language), True, each.in_use)
        for each in stored
        if each.status is DefinitionStatus.ACTIVE
    ]
    known = {each.content_hash for each in stored}
    found += [
        Offer(each.content_hash, each.id, each.version, text_in(each.title, language), False, 0)
        for each, _ in _shipped().values()
        if each.content_hash not in known
    ]
    return tuple(sorted(found, key=lambda each: each.title))


def get_offer(session: Session, shelf: DefinitionShelf, content_hash: str) -> tuple[Definition, Mapping[str, str]]:
    """Give a definition that can be chosen, with the texts of its files.

    Raises:
        NotFound: ``definition-not-offered``.
    """
    stored = {each.content_hash: each for each in list_definitions(session)}
    if content_hash in stored and stored[content_hash].status is DefinitionStatus.ACTIVE:
        return shelf.get(content_hash), get_sources(session, content_hash)
    if content_hash in stored or content_hash not in _shipped():
        raise NotFound(
            f"definition '{content_hash[:12]}' is not offered",
            code="definition-not-offered",
            hint="choose another one",
        )
    return _shipped()[content_hash]


def find_successor(session: Session, content_hash: str) -> str:
    """Give what is offered in the place of a definition that no longer is: the newest of the same name.

    Returns:
        Its content hash; empty when there is none, or when nothing was ever known by the hash that was given.
    """
    stored = list_definitions(session)
    own = next((each.id for each in stored if each.content_hash == content_hash), None)
    return next((each.hash for each in list_offers(session) if each.id == own), "")


@lru_cache(maxsize=1)
def _shipped() -> Mapping[str, tuple[Definition, Mapping[str, str]]]:
    """What comes along with Regie, by content hash; it cannot change while Regie runs."""
    return {definition.content_hash: (definition, sources) for definition, sources in _load_shipped()}


def _load_shipped() -> Iterator[tuple[Definition, Mapping[str, str]]]:
    folder = workflow_defs_dir()
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if (path / "workflow.yaml").is_file():
            try:
                yield load_definition(path), sources_of(path)
            except RegieError as error:  # what comes along was checked when it was built
                raise Incomplete(
                    f"the definition in '{path.name}' that comes along is damaged", code="definition-damaged"
                ) from error
