"""What every action needs and nobody should look up by itself: database, clock-free settings, ids, keys."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine

from regie.store.definitions import DefinitionShelf

OfficeHours = Callable[[datetime, str], datetime]


@dataclass(frozen=True)
class Context:
    """Passed to each action. ``ids`` gives a new unique text at each call; tests give their own."""

    engine: Engine
    audit_key: bytes
    shelf: DefinitionShelf
    ids: Callable[[], str] = field(default=lambda: uuid.uuid4().hex)
    brake_at: int = 200

    @classmethod
    def on(cls, engine: Engine, audit_key: bytes, **others: object) -> Context:
        """Make a context with its own shelf of definitions."""
        return cls(engine, audit_key, DefinitionShelf(engine), **others)  # type: ignore[arg-type]
