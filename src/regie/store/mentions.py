"""Where somebody is named in what others typed: remarks in the history, links as evidence, names of files. To be erased too."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import and_, select, update
from sqlmodel import Session

from regie.store.files import ERASED, erase_file_name
from regie.store.history import erase_words
from regie.store.tables import file, history, occurrence

_PLACE = (occurrence.c.traject_id, occurrence.c.cycle, occurrence.c.step, occurrence.c.key)


@dataclass(frozen=True, slots=True)
class Mentions:
    """Where a name or an address stands.

    Args:
        lines: of the history, by traject and number.
        files: by id.
        steps: by traject, cycle, step and copy, each with the evidence that is left without what names somebody.
    """

    lines: tuple[tuple[int, int], ...] = ()
    files: tuple[str, ...] = ()
    steps: tuple[tuple[tuple[int, int, str, str], str | None], ...] = ()


def find_mentions(session: Session, name: str, email: str) -> Mentions:
    """Find where a name or an e-mail address stands whole, in capitals or not.

    Half a name, or a name that was misspelt, is not found: nobody can say whose that is.
    """
    wanted = [re.escape(" ".join(each.split())) for each in (name, email) if each.strip()]
    if not wanted:
        return Mentions()
    # an underscore parts the words in the name of a file
    pattern = re.compile(rf"(?<![^\W_])(?:{'|'.join(wanted)})(?![^\W_])", re.IGNORECASE)

    def names(text: str) -> bool:
        return bool(pattern.search(re.sub(r"[_\s]+", " ", text)) or pattern.search(text))

    connection = session.connection()
    lines = select(history.c.traject_id, history.c.seq, history.c.words).where(history.c.words.is_not(None))
    files = select(file.c.id, file.c.name).where(file.c.name != ERASED)
    proofs = select(*_PLACE, occurrence.c.evidence).where(occurrence.c.evidence.is_not(None))
    return Mentions(
        tuple(
            (traject_id, seq)
            for traject_id, seq, words in connection.execute(lines.order_by(history.c.traject_id, history.c.seq))
            if any(map(names, _texts(json.loads(words))))
        ),
        tuple(file_id for file_id, called in connection.execute(files.order_by(file.c.id)) if names(called)),
        tuple(
            ((traject_id, cycle, step, key), json.dumps(left) if left else None)
            for traject_id, cycle, step, key, evidence in connection.execute(proofs)
            if len(left := [each for each in json.loads(evidence) if not names(each)]) < len(json.loads(evidence))
        ),
    )


def erase_mentions(session: Session, found: Mentions) -> None:
    """Erase words, links and names of files; the record stays whole, for it seals a digest of words only."""
    for traject_id, seq in found.lines:
        erase_words(session, traject_id, seq)
    for file_id in found.files:
        erase_file_name(session, file_id)
    for place, left in found.steps:
        own = and_(*(column == value for column, value in zip(_PLACE, place, strict=True)))
        session.connection().execute(update(occurrence).where(own).values(evidence=left))


def _texts(part: object) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict):
        for value in part.values():
            yield from _texts(value)
    elif isinstance(part, list):
        for value in part:
            yield from _texts(value)
