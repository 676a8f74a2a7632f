"""What every page for staff has at hand: who asks, when, in which language, and how to answer them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlmodel import Session
from starlette.responses import Response

from regie.actions.context import Context
from regie.core.permissions import Actor, Permission, may
from regie.errors import RegieError
from regie.web.deps import ActorNow, Now, Reading, Shell, ShellNow, Today, demand
from regie.web.pages import FormError, refusal_words


@dataclass(frozen=True, slots=True)
class Counter:
    """One request of somebody of the municipality."""

    request: Request
    shell: Shell
    session: Session
    actor: Actor
    now: datetime
    today: date

    @property
    def context(self) -> Context:
        return self.shell.context

    @property
    def language(self) -> str:
        return self.shell.pages.language(self.request)

    def may(self, permission: Permission, traject_id: int | None = None) -> bool:
        return may(self.actor, permission, traject_id=traject_id)

    def demand(self, permission: Permission, traject_id: int | None = None) -> None:
        """Refuse what this reader may not do, and write it down.

        Raises:
            Refused: ``not-allowed``.
            NotFound: ``nothing-here``.
        """
        demand(self.context, self.actor, permission, self.now, traject_id)

    def words(self, text: str) -> str:
        return self.shell.pages.words(self.request, text) if text else ""

    def say(self, error: RegieError) -> str:
        """What is wrong, and what can be done about it, in the language of the reader."""
        return refusal_words(error, self.shell.pages, self.request)

    def wrong(self, field: str, error: RegieError) -> FormError:
        return FormError(field, self.say(error))

    def render(self, template: str, status: int = 200, **data: Any) -> Response:
        return self.shell.pages.render(self.request, template, status=status, today=self.today, **data)


def get_counter(
    request: Request, shell: ShellNow, session: Reading, actor: ActorNow, now: Now, today: Today
) -> Counter:
    return Counter(request, shell, session, actor, now, today)


CounterNow = Annotated[Counter, Depends(get_counter)]
