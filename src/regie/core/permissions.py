"""Who may do what: one table for pages, API and command line alike. Does not know how somebody signed in.

Sources: OWASP ASVS 5.0, 8.2.1-3 and 8.4.1. Choices: ``docs/adr/0015-who-may-do-what.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from regie.core import events as happened
from regie.core.acting import players
from regie.core.ids import OccurrenceKey, PersonId
from regie.core.recipients import present
from regie.core.traject import Cycle, Traject
from regie.errors import NotFound, Refused

EVERY_TRAJECT = 0
"""Stands in a right for all trajects."""


class Role(StrEnum):
    """What somebody is to Regie. ``link`` and ``partner``: an outsider, by one link or by a sign-in code."""

    ADMINISTRATOR = "administrator"
    LEAD = "lead"
    MEMBER = "member"
    READER = "reader"
    PARTNER = "partner"
    LINK = "link"


STAFF_ROLES = (Role.ADMINISTRATOR, Role.LEAD, Role.MEMBER, Role.READER)
"""What an account can be given; the others follow from how somebody came in."""


class Permission(StrEnum):
    """What can be done, by the name that pages, API and command line have for it."""

    SEE_PORTFOLIO = "see-portfolio"
    SEE_TRAJECT = "see-traject"
    SEE_CONFIDENTIAL = "see-confidential"
    START_STEP = "start-step"
    COMPLETE_STEP = "complete-step"
    WAIVE_STEP = "waive-step"
    REOPEN_STEP = "reopen-step"
    PIN_STEP = "pin-step"
    DECIDE_GATE = "decide-gate"
    MOVE_ANCHOR = "move-anchor"
    CHANGE_LIST = "change-list"
    STOP_CLOCK = "stop-clock"
    ANSWER_PROPOSAL = "answer-proposal"
    START_TRAJECT = "start-traject"
    CLOSE_TRAJECT = "close-traject"
    START_CYCLE = "start-cycle"
    CHANGE_VERSION = "change-version"
    SEE_OWN_STEP = "see-own-step"
    ACT_ON_OWN_STEP = "act-on-own-step"
    SEE_PARTNERS = "see-partners"
    MANAGE_PARTNERS = "manage-partners"
    MANAGE_DEFINITIONS = "manage-definitions"
    MANAGE_CALENDARS = "manage-calendars"
    SEE_DELIVERIES = "see-deliveries"
    RETRY_DELIVERY = "retry-delivery"
    REVOKE_LINKS = "revoke-links"
    SEE_AUDIT = "see-audit"
    EXPORT_AUDIT = "export-audit"
    SEE_HEALTH = "see-health"
    MANAGE_ACCOUNTS = "manage-accounts"
    MANAGE_TOKENS = "manage-tokens"
    MANAGE_THEME = "manage-theme"
    MANAGE_WEBHOOKS = "manage-webhooks"


_P = Permission

ABOUT_TRAJECT = frozenset({
    _P.SEE_TRAJECT, _P.SEE_CONFIDENTIAL, _P.START_STEP, _P.COMPLETE_STEP, _P.WAIVE_STEP, _P.REOPEN_STEP, _P.PIN_STEP,
    _P.DECIDE_GATE, _P.MOVE_ANCHOR, _P.CHANGE_LIST, _P.STOP_CLOCK, _P.ANSWER_PROPOSAL, _P.CLOSE_TRAJECT, _P.START_CYCLE,
    _P.CHANGE_VERSION,
})  # fmt: skip
"""Asked of one traject; a right for another traject counts for nothing."""

ABOUT_OWN_STEP = frozenset({_P.SEE_OWN_STEP, _P.ACT_ON_OWN_STEP})
"""Asked of one step, and given to who that step is of."""

ABOUT_ALL = frozenset(_P) - ABOUT_TRAJECT - ABOUT_OWN_STEP
"""Asked of the whole of Regie. Only a right for every traject gives these, but for ``IN_ANY_TRAJECT``."""

IN_ANY_TRAJECT = frozenset({_P.SEE_PORTFOLIO, _P.SEE_PARTNERS})
"""Given by a right for whichever traject: what is shown is no more than the trajects of that right."""

IN_OWN_TRAJECTS = frozenset({_P.SEE_DELIVERIES, _P.REVOKE_LINKS})
"""Given by a right for a traject as far as that traject goes; asked without a traject: whether there is any."""

_READS = frozenset({_P.SEE_PORTFOLIO, _P.SEE_TRAJECT})
_WORKS = _READS | {
    _P.SEE_CONFIDENTIAL, _P.START_STEP, _P.COMPLETE_STEP, _P.REOPEN_STEP, _P.DECIDE_GATE, _P.CHANGE_LIST, _P.STOP_CLOCK,
    _P.ANSWER_PROPOSAL, _P.SEE_PARTNERS,
}  # fmt: skip
_LEADS = _WORKS | {
    _P.WAIVE_STEP, _P.PIN_STEP, _P.MOVE_ANCHOR, _P.START_TRAJECT, _P.CLOSE_TRAJECT, _P.START_CYCLE, _P.CHANGE_VERSION,
    _P.SEE_DELIVERIES, _P.REVOKE_LINKS,
}  # fmt: skip
_KEEPS_IN_ORDER = _READS | {
    _P.SEE_PARTNERS, _P.MANAGE_PARTNERS, _P.MANAGE_DEFINITIONS, _P.MANAGE_CALENDARS, _P.SEE_DELIVERIES,
    _P.RETRY_DELIVERY, _P.REVOKE_LINKS, _P.SEE_AUDIT, _P.EXPORT_AUDIT, _P.SEE_HEALTH, _P.MANAGE_ACCOUNTS,
    _P.MANAGE_TOKENS, _P.MANAGE_THEME, _P.MANAGE_WEBHOOKS,
}  # fmt: skip

MAY: Mapping[Role, frozenset[Permission]] = {
    Role.ADMINISTRATOR: _KEEPS_IN_ORDER,
    Role.LEAD: _LEADS,
    Role.MEMBER: _WORKS,
    Role.READER: _READS,
    Role.PARTNER: ABOUT_OWN_STEP,
    Role.LINK: ABOUT_OWN_STEP,
}
"""The whole of it: what is not here is refused. An administrator decides nothing of content (ADR 15)."""

NEEDED: Mapping[type[happened.Event], Permission] = {
    happened.StepStarted: _P.START_STEP,
    happened.PartnerAsked: _P.START_STEP,
    happened.WorkResumed: _P.START_STEP,
    happened.HandedToColleague: _P.START_STEP,
    happened.StepDeclined: _P.START_STEP,
    happened.QuestionAsked: _P.START_STEP,
    happened.StepFinished: _P.COMPLETE_STEP,
    happened.PutForDecision: _P.DECIDE_GATE,
    happened.GateDecided: _P.DECIDE_GATE,
    happened.StepWaived: _P.WAIVE_STEP,
    happened.StepTakenUpAgain: _P.WAIVE_STEP,
    happened.StepWithdrawn: _P.WAIVE_STEP,
    happened.StepReopened: _P.REOPEN_STEP,
    happened.DatePinned: _P.PIN_STEP,
    happened.DatePromised: _P.ANSWER_PROPOSAL,
    happened.DateProposed: _P.ANSWER_PROPOSAL,
    happened.ProposalAnswered: _P.ANSWER_PROPOSAL,
    happened.QuestionAnswered: _P.ANSWER_PROPOSAL,
    happened.ClockStopped: _P.STOP_CLOCK,
    happened.ClockResumed: _P.STOP_CLOCK,
    happened.TermExtended: _P.STOP_CLOCK,
    happened.LinkRevoked: _P.REVOKE_LINKS,
    happened.AnchorMoved: _P.MOVE_ANCHOR,
    happened.ItemsChanged: _P.CHANGE_LIST,
    happened.CycleStarted: _P.START_CYCLE,
    happened.CycleClosed: _P.CLOSE_TRAJECT,
}
"""What staff need for an event; one that is not here is not for people to ask: time does it, or another door."""


class Scope(StrEnum):
    """What a token of the API may be given; never more than its account has."""

    READ = "read"
    STEPS = "steps"
    DECISIONS = "decisions"
    TRAJECTS = "trajects"
    PARTNERS = "partners"
    DEFINITIONS = "definitions"
    DELIVERIES = "deliveries"
    AUDIT = "audit"


SCOPES: Mapping[Scope, frozenset[Permission]] = {
    Scope.READ: _READS,
    Scope.STEPS: frozenset({
        _P.START_STEP, _P.COMPLETE_STEP, _P.WAIVE_STEP, _P.REOPEN_STEP, _P.PIN_STEP, _P.CHANGE_LIST, _P.STOP_CLOCK,
        _P.ANSWER_PROPOSAL,
    }),
    Scope.DECISIONS: frozenset({_P.DECIDE_GATE}),
    Scope.TRAJECTS: frozenset({
        _P.START_TRAJECT, _P.CLOSE_TRAJECT, _P.START_CYCLE, _P.CHANGE_VERSION, _P.MOVE_ANCHOR,
    }),
    Scope.PARTNERS: frozenset({_P.SEE_PARTNERS, _P.MANAGE_PARTNERS}),
    Scope.DEFINITIONS: frozenset({_P.MANAGE_DEFINITIONS, _P.MANAGE_CALENDARS}),
    Scope.DELIVERIES: frozenset({_P.SEE_DELIVERIES, _P.RETRY_DELIVERY, _P.REVOKE_LINKS}),
    Scope.AUDIT: frozenset({_P.SEE_AUDIT, _P.EXPORT_AUDIT}),
}  # fmt: skip
"""No scope gives accounts, tokens, theme or what is confidential: those want a person who signed in."""


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """A role in one traject, or with ``EVERY_TRAJECT`` in all."""

    role: Role
    traject_id: int = EVERY_TRAJECT


@dataclass(frozen=True, slots=True)
class StepOf:
    """One step as far as rights go.

    Args:
        people: whose step it is; ``step_of`` works it out.
    """

    traject_id: int
    cycle: int
    key: OccurrenceKey
    people: frozenset[PersonId] = frozenset()


@dataclass(frozen=True, slots=True)
class OneStep:
    """What a link in a message opens: one step of one recipient."""

    traject_id: int
    cycle: int
    key: OccurrenceKey


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts.

    Args:
        name: ``account:3``, ``person:p4``, ``link:p4``, ``token:2`` or ``cli:user``; what history and log call them.
        rights: of an account.
        people: of a partner with a sign-in code: themselves, and the others of their organisation.
        opens: of a partner with a link: all that it opens.
        scopes: of a token; None for somebody who signed in.
    """

    name: str
    rights: frozenset[Right] = frozenset()
    people: frozenset[PersonId] = frozenset()
    opens: OneStep | None = None
    scopes: frozenset[Scope] | None = None
    language: str = "nl"

    @property
    def trajects(self) -> frozenset[int] | None:
        """The trajects that this actor may see; None for all of them: the filter of every list."""
        seeing = {each.traject_id for each in self.rights if _P.SEE_TRAJECT in MAY[each.role]}
        if self.scopes is not None and not _scoped(self, _P.SEE_TRAJECT):
            return frozenset()
        return None if EVERY_TRAJECT in seeing else frozenset(seeing)


def step_of(traject: Traject, cycle: Cycle, key: OccurrenceKey, today: date) -> StepOf:
    """Give a step with whose it is: who plays its responsible role, or the role that it waits for, and their deputies.

    To whom it was handed over stands in the place of its role. Who is away keeps their right; the deputy has it too, as long as that lasts.
    """
    step, occurrence = cycle.definition.steps.get(key.step), cycle.occurrences.get(key)
    roles = {step.responsible if step else None, occurrence.waiting_for if occurrence else None}
    if step is None or occurrence is None:
        named = [each for role in roles if role is not None for each in traject.people.get(role, ())]
    else:
        wanted = [role for role in roles if role is not None]
        named = [each for role in wanted for each in players(step, occurrence, role, traject.people, traject.person)]
    people = {each.id for each in named} | {present(each, traject.person, today)[0].id for each in named}
    return StepOf(traject.id, cycle.number, key, frozenset(people))


def may(
    actor: Actor, permission: Permission, *, traject_id: int | None = None, occurrence: StepOf | None = None
) -> bool:
    """Say whether somebody may do something.

    Args:
        traject_id: which traject it is about; needed for what is in ``ABOUT_TRAJECT``.
        occurrence: which step; needed for what is in ``ABOUT_OWN_STEP``.
    """
    if not _scoped(actor, permission):
        return False
    if permission in ABOUT_OWN_STEP:
        return occurrence is not None and _is_own(actor, permission, occurrence)
    about = occurrence.traject_id if occurrence is not None else traject_id
    if occurrence is not None and traject_id not in (None, about):
        return False
    roles = [each for each in actor.rights if permission in MAY[each.role]]
    if permission in ABOUT_TRAJECT:
        return about is not None and any(each.traject_id in (EVERY_TRAJECT, about) for each in roles)
    if permission in IN_OWN_TRAJECTS:
        return any(about is None or each.traject_id in (EVERY_TRAJECT, about) for each in roles)
    return any(each.traject_id == EVERY_TRAJECT or permission in IN_ANY_TRAJECT for each in roles)


def trajects_with(actor: Actor, permission: Permission) -> frozenset[int] | None:
    """The trajects in which somebody may do something; None for all of them: the filter of a list of what can be done."""
    if not _scoped(actor, permission):
        return frozenset()
    found = {each.traject_id for each in actor.rights if permission in MAY[each.role]}
    return None if EVERY_TRAJECT in found else frozenset(found)


def require(
    actor: Actor, permission: Permission, *, traject_id: int | None = None, occurrence: StepOf | None = None
) -> None:
    """Refuse what somebody may not do; of what they may not even know, say that it is not there.

    Raises:
        NotFound: ``nothing-here``; the traject or step exists or not, and this actor cannot tell which.
        Refused: ``not-allowed``.
    """
    if may(actor, permission, traject_id=traject_id, occurrence=occurrence):
        return
    if not _knows(actor, traject_id, occurrence):
        raise nothing_here()
    raise Refused(
        f"this asks for the right '{permission.value}'",
        code="not-allowed",
        hint="ask an administrator or the project lead",
        permission=permission.value,
    )


def nothing_here() -> NotFound:
    """What is said of an object that is not there, and of one that this actor may not know of."""
    return NotFound("there is nothing here", code="nothing-here", hint="check the address")


def _scoped(actor: Actor, permission: Permission) -> bool:
    return actor.scopes is None or any(permission in SCOPES[each] for each in actor.scopes)


def _is_own(actor: Actor, permission: Permission, occurrence: StepOf) -> bool:
    if actor.opens is not None:
        opens = OneStep(occurrence.traject_id, occurrence.cycle, occurrence.key)
        return actor.opens == opens and permission in MAY[Role.LINK]
    return bool(actor.people & occurrence.people) and permission in MAY[Role.PARTNER]


def _knows(actor: Actor, traject_id: int | None, occurrence: StepOf | None) -> bool:
    if occurrence is not None and may(actor, _P.SEE_OWN_STEP, occurrence=occurrence):
        return True
    about = occurrence.traject_id if occurrence is not None else traject_id
    return about is None or may(actor, _P.SEE_TRAJECT, traject_id=about)
