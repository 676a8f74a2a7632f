"""All that is needed to write one message to one person, as values.

The store fills it, ``notify.render`` turns it into subject, text and HTML. Holds names and an address, so
it is never logged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from regie.core.definition import Definition
from regie.core.ids import OccurrenceKey, PersonId, RoleId
from regie.core.lines import Line
from regie.core.traject import State


@dataclass(frozen=True, slots=True)
class Addressee:
    id: PersonId
    name: str
    email: str
    language: str = "nl"
    organisation: str = ""


@dataclass(frozen=True, slots=True)
class LetterPart:
    """The lines about one traject, with what the reader must know to understand them."""

    traject_id: int
    traject_slug: str
    traject_title: str
    cycle: int
    cycle_kind: str
    definition: Definition
    lines: tuple[Line, ...]
    states: Mapping[OccurrenceKey, State] = field(default_factory=dict)
    """Where the steps that the lines name stand now."""
    finishes: Mapping[OccurrenceKey, date] = field(default_factory=dict)
    """When those steps are expected to end, or did."""
    people: Mapping[RoleId, tuple[str, ...]] = field(default_factory=dict)
    """Names of who plays each role that the lines name."""
    handed_to: Mapping[OccurrenceKey, str] = field(default_factory=dict)
    """Name of who has a step in place of the people of its role."""
    links: Mapping[OccurrenceKey, str] = field(default_factory=dict)
    """The token of each step on which the reader may act."""
    words: Mapping[str, str] = field(default_factory=dict)
    """What somebody said, by the ``happening`` of the line that brings it; what was erased is not there."""
    lead_name: str = ""
    lead_email: str = ""
    is_hidden: bool = False
    """Whether the message has a confidential line about this traject, perhaps in another part."""


@dataclass(frozen=True, slots=True)
class CodeAsked:
    """A sign-in code that somebody asked. The code itself follows from ``id`` and a key (``store.hashes.code_of``)."""

    id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to one person: at once (one part), a digest (perhaps several), or a sign-in code (none)."""

    message_id: str
    attempt: int
    to: Addressee
    parts: tuple[LetterPart, ...]
    is_digest: bool = False
    deputy_names: Mapping[PersonId, str] = field(default_factory=dict)
    """Names of the people for whom the reader deputises."""
    sign_in: CodeAsked | None = None
