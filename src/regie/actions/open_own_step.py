"""Somebody who is signed in goes to one of their own steps: they get the link that a message would have given them."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from regie.actions.context import Context
from regie.core.engine import local_day
from regie.core.ids import PersonId
from regie.core.permissions import Actor, OneStep, Permission, nothing_here, require, step_of
from regie.errors import Conflict, NotFound
from regie.store.fresh_links import issue_for
from regie.store.session import in_transaction
from regie.store.trajects import load_traject


def open_own_step(context: Context, actor: Actor, person: PersonId, place: OneStep, now: datetime) -> str:
    """Give the token of a link to a step. A link that is young is given again, so pressing twice makes one.

    Args:
        actor: as what the person is signed in.

    Raises:
        NotFound: ``nothing-here``: there is no such step, or it is of another organisation.
        Conflict: ``no-longer-asked``: it is over, or a colleague's.
    """

    def work(session: Session) -> str | None:
        try:
            traject = load_traject(session, place.traject_id, context.shelf)
        except NotFound:
            raise nothing_here() from None
        cycle = traject.cycle(place.cycle)
        if cycle is None or place.key not in cycle.occurrences:
            raise nothing_here()
        own = step_of(traject, cycle, place.key, local_day(now, traject.zone))
        require(actor, Permission.ACT_ON_OWN_STEP, occurrence=own)
        request_id = f"session:{context.ids()}"
        return issue_for(session, person, place, context.shelf, now, secret=context.link_key, request_id=request_id)

    token = in_transaction(context.engine, work)
    if token is None:
        raise Conflict("nothing can be done on this step", code="no-longer-asked", hint="load your steps again")
    return token
