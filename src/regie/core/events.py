"""What can happen to a traject: by people, by partners, by the clock. All in the past tense.

Each event says in which cycle and who did it; days are local dates of the traject. ``seen_version`` is the
version of the occurrence that the person saw: when it is given and stale, the event is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from regie.core.ids import AnchorId, ListId, OccurrenceKey, PersonId, RoleId
from regie.core.traject import AnchorDates, Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Args: by: id of the person or process; ``note``: free remark for the record."""

    by: str = "regie"
    cycle: int = 1
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEvent(Event):
    key: OccurrenceKey
    seen_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted(StepEvent):
    """``evidence``: what there is from the start, such as a document that was made for it."""

    on: date | None = None
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFinished(StepEvent):
    """``evidence``: links or file names that prove it."""

    on: date | None = None
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerAsked(StepEvent):
    role: RoleId


@dataclass(frozen=True, slots=True, kw_only=True)
class PutForDecision(StepEvent):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkResumed(StepEvent):
    """The partner answered, or the gate came back from the table without a decision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateDecided(StepEvent):
    """A decision, with what the record needs: outcome, who decided, when, why, and the document."""

    outcome: str
    decided_by: str
    reason: str = ""
    on: date | None = None
    document: str = ""
    held_until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepWaived(StepEvent):
    reason: str
    approved_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTakenUpAgain(StepEvent):
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepWithdrawn(StepEvent):
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepReopened(StepEvent):
    """``also``: dependents that are reopened with it; None when nobody was asked yet."""

    reason: str
    also: tuple[OccurrenceKey, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatePromised(StepEvent):
    """A partner said when; None takes the promise back."""

    on: date | None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DateProposed(StepEvent):
    """A partner asks for another date; nothing is promised until the lead agrees."""

    on: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalAnswered(StepEvent):
    """The lead agrees with the proposed date, which is promised from then on, or does not and says why."""

    accepted: bool
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedToColleague(StepEvent):
    """A step gets a person of its own, who hears what its role would; None gives it back to the role."""

    to: PersonId | None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDeclined(StepEvent):
    """A partner says that the step is not theirs; it stays where it is until the lead acts."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAsked(StepEvent):
    """A partner asks the lead something about the step; the text stands in the record only."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAnswered(StepEvent):
    """The lead answers whoever asked, and whoever said that the step was not theirs."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DatePinned(StepEvent):
    """A date is put where it must stay; both None takes the pin away."""

    start_on: date | None = None
    finish_on: date | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockStopped(StepEvent):
    """A statutory term stands still.

    ``requested_on``: the day on which the applicant was asked to complete the application; it stands still from
    the day after, and when neither day is said that request is of today. ``on``: for any other ground, the first
    day on which it stands still.

    Source:
        Algemene wet bestuursrecht, art. 4:15, first paragraph.
    """

    requested_on: date | None = None
    on: date | None = None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockResumed(StepEvent):
    """``on``: the first day on which the term runs again, such as the day on which the application was completed."""

    on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TermExtended(StepEvent):
    """The extension that the law allows was used."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRevoked(StepEvent):
    """The link by which somebody could act on the step was taken away; the step itself stays as it is."""

    link: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRemoved(StepEvent):
    """The bytes of a file are gone; what it proved stays proven. Only recorded: no rule looks at it.

    ``sha256``: of what was in it, so that the record says what is gone.
    """

    file: str
    sha256: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorMoved(Event):
    """``seen``: the dates that the person saw; when given and stale, the event is refused."""

    anchor: AnchorId
    target: date | None
    reason: str = ""
    seen: AnchorDates | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsChanged(Event):
    """The items of a growing list, as they are from now on.

    ``seen``: the items that the person saw; when given and stale, the event is refused.
    """

    list: ListId
    items: tuple[Item, ...]
    seen: tuple[Item, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleStarted(Event):
    """A cycle was opened; the engine makes its occurrences and tells who starts."""

    answers: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleClosed(Event):
    """A cycle was ended by a person: what was open in it is done no more."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick(Event):
    """Time went by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSetBack(Tick):
    """A look that was taken by a clock that stood too far ahead counts no more; it is looked at by the time of now."""

    reason: str
