"""The compiled workflow definition: what a plan is made from, checked and frozen.

Knows nothing of YAML or files; ``regie.definitions.compile`` makes it. Everything that a step may say
has one home here. Texts that users read are ``Text``: a language code to a sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, TypeVar

from regie.core.conditions import Condition
from regie.core.ids import AnchorId, BodyId, ListId, PhaseId, QuestionId, RoleId, StepId, TrackId
from regie.core.span import Span
from regie.core.terms import TermKind

if TYPE_CHECKING:
    from regie.core.calendar import WorkCalendar
    from regie.core.meetings import DecidingBody

T = TypeVar("T")
Text = Mapping[str, str]
Answer = bool | int | str | date | frozenset[str]
Answers = Mapping[QuestionId, Answer]

ALL_PARTNERS = RoleId("all-partners")
"""Stands for every partner role of the traject, in consulted and informed."""


def text_in(text: Text, language: str) -> str:
    """Give ``text`` in a language; fall back to Dutch, then to whatever there is."""
    return text.get(language) or text.get("nl") or next(iter(text.values()), "")


class RelationType(StrEnum):
    FINISH_TO_START = "finish-to-start"
    START_TO_START = "start-to-start"
    FINISH_TO_FINISH = "finish-to-finish"
    START_TO_FINISH = "start-to-finish"

    @property
    def holds_start(self) -> bool:
        """Whether it holds back the start of the successor (else: the finish)."""
        return self in (RelationType.FINISH_TO_START, RelationType.START_TO_START)

    @property
    def from_finish(self) -> bool:
        """Whether it looks at the predecessor's finish (else: its start)."""
        return self in (RelationType.FINISH_TO_START, RelationType.FINISH_TO_FINISH)


@dataclass(frozen=True, slots=True)
class Relation:
    """What a step waits for. ``lag`` is negative for a lead."""

    predecessor: StepId
    type: RelationType = RelationType.FINISH_TO_START
    lag: Span | None = None


class DateBase(StrEnum):
    """What a due rule, a window or a recurrence counts from."""

    ANCHOR = "anchor"
    PREDECESSORS = "predecessors"
    STEP = "step"
    ITEM = "item"
    PERIOD = "period"
    CALENDAR = "calendar"


@dataclass(frozen=True, slots=True)
class DateRule:
    """A date said in words: ``20wd before opening``, ``before 1 november in even years``.

    Args:
        base: what it counts from.
        ref: id of the anchor, step or list; empty for the other bases.
        offset: distance from the base; negative is before. None means on the day itself.
        month: of a fixed calendar date, 1-12; ``day`` likewise.
        day: see ``month``.
        years: which years a fixed calendar date returns in.
        year: the one year of a calendar date that does not return; 0 when it does.
        of_start: with ``STEP``, count from the step's planned start instead of its finish.
        said: the rule as the author wrote it.
    """

    base: DateBase
    ref: str = ""
    offset: Span | None = None
    month: int = 0
    day: int = 0
    years: str = "every"  # every | even | odd
    year: int = 0
    of_start: bool = False
    said: str = ""


@dataclass(frozen=True, slots=True)
class Case(Generic[T]):
    """One of several possibilities; the first whose condition holds counts."""

    value: T
    when: Condition | None = None


@dataclass(frozen=True, slots=True)
class Window:
    opens: DateRule | None = None
    closes: DateRule | None = None


class Basis(StrEnum):
    """Where a duration comes from."""

    ESTIMATE = "estimate"
    NORM = "norm"
    LAW = "law"


@dataclass(frozen=True, slots=True)
class Duration:
    """How long a step takes. ``span`` None: it runs on until its period ends."""

    span: Span | None
    basis: Basis = Basis.ESTIMATE


@dataclass(frozen=True, slots=True)
class Term:
    """A statutory term: data with its source, never code.

    ``after`` counts from the finish of a step (or anchor), ``before`` back from an anchor.
    """

    length: Span
    kind: TermKind
    after: DateRule | None = None
    before: DateRule | None = None
    extension: Span | None = None
    article: str = ""
    source: str = ""
    valid_from: date | None = None


class Effect(StrEnum):
    """What the outcome of a gate does."""

    OPENS = "opens"
    WAITS = "waits"
    STAYS_CLOSED = "stays closed"
    ENDS_CYCLE = "ends the cycle"
    ENDS_STEPS = "ends steps"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What may be decided at a gate, and what it does.

    Args:
        ends: steps that are withdrawn; only with ``ENDS_STEPS``.
        opens_cycle: kind of the next cycle that this outcome asks for.
    """

    id: str
    title: Text
    effect: Effect
    ends: tuple[StepId, ...] = ()
    opens_cycle: str | None = None


@dataclass(frozen=True, slots=True)
class Gate:
    decided_by: str
    """Id of a deciding body or of a role."""
    outcomes: Mapping[str, Outcome]


@dataclass(frozen=True, slots=True)
class Rhythm:
    """A stretch of a recurrence: every so long, from a date, until another.

    Args:
        every: length of a period.
        opens: first day of the first period; or else
        first: last day of the first period. A rhythm with neither goes on where the one before it ended.
        until: no period opens on or after this date.
    """

    every: Span
    opens: DateRule | None = None
    first: DateRule | None = None
    until: DateRule | None = None


@dataclass(frozen=True, slots=True)
class Join:
    """How many start relations must hold. 0: all of them."""

    at_least: int = 0


class EvidenceRule(StrEnum):
    REQUIRED = "required"
    OPTIONAL = "optional"
    NONE = "none"


class RerunCode(StrEnum):
    """What a next cycle does with a step."""

    REDO = "redo"
    LIGHT = "light"
    KEEP = "keep"
    RUNS_ON = "runs-on"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Step:
    id: StepId
    title: Text
    phase: PhaseId
    track: TrackId | None
    done_when: Text = field(default_factory=dict)
    evidence: EvidenceRule = EvidenceRule.OPTIONAL
    responsible: RoleId | None = None
    accountable: RoleId | None = None
    consulted: tuple[RoleId, ...] = ()
    informed: tuple[RoleId, ...] = ()
    needs: tuple[Relation, ...] = ()
    join: Join = Join()
    takes: tuple[Case[Duration], ...] = ()
    due: tuple[Case[DateRule], ...] = ()
    window: Window | None = None
    when: Condition | None = None
    only_with: StepId | None = None
    gate: Gate | None = None
    terms: tuple[Case[Term], ...] = ()
    repeats: tuple[Rhythm, ...] = ()
    for_each: ListId | None = None
    confidential_until: AnchorId | None = None
    automation: str | None = None
    rerun: Mapping[str, RerunCode] = field(default_factory=dict)
    keeps: Span | None = None
    avoids: tuple[str, ...] = ()
    calendar: str | None = None
    legal_basis: tuple[str, ...] = ()
    remark: Text = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Anchor:
    """A named date. ``set_by`` names the step whose start or finish makes it happen."""

    id: AnchorId
    title: Text
    target_required: bool = False
    set_by: StepId | None = None
    set_by_start: bool = False


class QuestionKind(StrEnum):
    NUMBER = "number"
    ONE_OF = "one_of"
    SOME_OF = "some_of"
    YES_NO = "yes_no"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Question:
    id: QuestionId
    ask: Text
    kind: QuestionKind
    options: tuple[str, ...] = ()
    option_titles: Mapping[str, Text] = field(default_factory=dict)
    low: int | None = None
    high: int | None = None
    default: Answer | None = None
    why: Text = field(default_factory=dict)


class HearsWhen(StrEnum):
    """A role's rhythm: a message at once, or a digest."""

    AT_ONCE = "at-once"
    DAILY = "daily"
    WEEKLY = "weekly"
    BIWEEKLY = "biweekly"


@dataclass(frozen=True, slots=True)
class Role:
    """A part that people play. ``is_group``: consulted and informed, but not written to by Regie."""

    id: RoleId
    title: Text
    does: Text = field(default_factory=dict)
    is_group: bool = False
    hears: HearsWhen = HearsWhen.AT_ONCE
    reminded: tuple[Span, ...] = ()
    """How long before a due date this role is reminded, longest first."""


@dataclass(frozen=True, slots=True)
class Track:
    id: TrackId
    title: Text
    in_all_phases: bool = False


@dataclass(frozen=True, slots=True)
class Phase:
    id: PhaseId
    title: Text
    about: Text = field(default_factory=dict)
    is_example: bool = False


@dataclass(frozen=True, slots=True)
class ItemList:
    """A list that may grow while a traject runs. ``first_on``: anchor that gives the first item its date."""

    id: ListId
    title: Text
    first_on: AnchorId | None = None


@dataclass(frozen=True, slots=True)
class CycleKind:
    id: str
    title: Text


class Kind(StrEnum):
    """Why somebody hears something."""

    READY = "ready"
    DUE_SOON = "due-soon"
    DUE = "due"
    OVERDUE = "overdue"
    ESCALATED = "escalated"
    DATE_MOVED = "date-moved"
    DONE = "done"
    DECISION_NEEDED = "decision-needed"
    DECISION_TAKEN = "decision-taken"
    HANDED_OVER = "handed-over"
    DATE_PROPOSED = "date-proposed"
    PROPOSAL_ANSWERED = "proposal-answered"
    DECLINED = "declined"
    QUESTION_ASKED = "question-asked"
    QUESTION_ANSWERED = "question-answered"
    CYCLE_STARTED = "cycle-started"
    ENDED = "ended"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung of the ladder of silence: so long after the due date, these hear it."""

    after: Span
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NoticePolicy:
    """Who hears what. ``to`` names ``responsible``, ``accountable``, ``consulted``, ``informed``, ``lead``
    or a role id; a kind that is absent is told to nobody."""

    to: Mapping[Kind, tuple[str, ...]]
    remind: tuple[Span, ...]
    """How long before the due date, when the role has no rhythm of its own; longest first."""
    ladder: tuple[Rung, ...]
    moved_at_least: Span
    """A date that moves less than this is not told."""
    lead: RoleId | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """A whole workflow definition; ``content_hash`` identifies it, not ``version``.

    One object equals only itself: what is worked out once for a definition is found again without comparing
    all its steps. A shelf gives the same object each time.
    """

    id: str
    version: str
    title: Text
    content_hash: str
    steps: Mapping[StepId, Step]
    phases: Mapping[PhaseId, Phase]
    tracks: Mapping[TrackId, Track]
    roles: Mapping[RoleId, Role]
    anchors: Mapping[AnchorId, Anchor]
    questions: Mapping[QuestionId, Question]
    lists: Mapping[ListId, ItemList]
    bodies: Mapping[BodyId, DecidingBody]
    cycle_kinds: Mapping[str, CycleKind]
    policy: NoticePolicy
    calendar: WorkCalendar
    legal_calendar: WorkCalendar
    calendars: Mapping[str, WorkCalendar] = field(default_factory=dict)
    """Other calendars that steps name."""
    language: str = "nl"

    @property
    def start_anchor(self) -> AnchorId:
        return AnchorId("start")

    def partner_roles(self) -> tuple[RoleId, ...]:
        """The roles that people fill; groups are left out."""
        return tuple(role.id for role in self.roles.values() if not role.is_group)
