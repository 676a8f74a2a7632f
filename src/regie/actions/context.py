"""What every action needs and nobody should look up by itself: database, clock-free settings, ids, keys."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import Engine

from regie.store.definitions import DefinitionShelf


def random_id() -> str:
    """An id that nobody can guess: 128 random bits in hexadecimal."""
    return secrets.token_hex(16)


@dataclass(frozen=True)
class Context:
    """Passed to each action. ``ids`` gives a new unique text at each call; tests give their own."""

    engine: Engine
    audit_key: bytes
    shelf: DefinitionShelf
    ids: Callable[[], str] = field(default=random_id)
    brake_at: int = 200
    link_key: bytes = b""
    """From which the links in messages are made; without it messages have none."""

    @classmethod
    def on(cls, engine: Engine, audit_key: bytes, **others: object) -> Context:
        """Make a context with its own shelf of definitions."""
        return cls(engine, audit_key, DefinitionShelf(engine), **others)  # type: ignore[arg-type]
