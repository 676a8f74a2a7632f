"""A file that was handed over, for who may see the step that it proves."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from regie.core.engine import local_day
from regie.core.messages import is_confidential
from regie.core.permissions import Actor, Permission, may, nothing_here, require, step_of
from regie.errors import NotFound
from regie.store.definitions import DefinitionShelf
from regie.store.files import StoredFile, get_file, removed
from regie.store.trajects import load_traject


def find_evidence(
    session: Session,
    shelf: DefinitionShelf,
    file_id: str,
    actor: Actor,
    now: datetime,
    *,
    traject_id: int | None = None,
) -> StoredFile:
    """Give the row of a file.

    Staff see the files of the trajects that they see, and of a step that is confidential still only with the right for
    that. A partner sees those of a step of their own.

    Args:
        traject_id: the only traject that it may be of; None for any.

    Raises:
        NotFound: ``nothing-here``: there is no such file, or it is not for this reader, who cannot tell which.
        Refused: ``not-allowed``: the step is confidential. ``file-removed``: its bytes are gone.
    """
    try:
        found = get_file(session, file_id)
    except NotFound:
        raise nothing_here() from None
    if traject_id not in (None, found.traject_id):
        raise nothing_here()
    traject = load_traject(session, found.traject_id, shelf, for_change=False, whole=True)
    cycle = traject.cycle(found.cycle)
    if cycle is None:
        raise nothing_here()
    own = step_of(traject, cycle, found.key, local_day(now, traject.zone))
    if not may(actor, Permission.SEE_OWN_STEP, occurrence=own):
        require(actor, Permission.SEE_TRAJECT, traject_id=traject.id)
        step = cycle.definition.steps.get(found.key.step)
        if step is None or is_confidential(cycle, step):
            require(actor, Permission.SEE_CONFIDENTIAL, traject_id=traject.id)
    if found.removed_at is not None:
        raise removed(found)
    return found
