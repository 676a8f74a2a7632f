"""Who may do what: every cell of the table, and what somebody may not even know."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta

import pytest

from regie.core import events as happened
from regie.core.changes import Changes
from regie.core.claims import GroupMap, groups_in, rights_from_claims
from regie.core.events import PartnerAsked
from regie.core.ids import OccurrenceKey, PersonId, RoleId, StepId
from regie.core.permissions import (
    ABOUT_ALL,
    ABOUT_OWN_STEP,
    ABOUT_TRAJECT,
    EVERY_TRAJECT,
    IN_ANY_TRAJECT,
    IN_OWN_TRAJECTS,
    MAY,
    NEEDED,
    SCOPES,
    STAFF_ROLES,
    Actor,
    OneStep,
    Permission,
    Right,
    Role,
    Scope,
    StepOf,
    may,
    require,
    step_of,
    trajects_with,
)
from regie.core.traject import Absence, Person
from regie.errors import NotFound, Refused, RegieError
from tests.support import builders as b
from tests.support.authoring import compiled

STEPS = """
calendar: every-day
roles: {maker: {title: Maker}, boss: {title: Boss}}
steps:
  a: {title: A, takes: 5wd, responsible: maker}
"""

P = Permission
OWN, OTHER = 7, 8
KEY = OccurrenceKey(StepId("f1-vergunning"))
STEP = StepOf(OWN, 1, KEY, frozenset({PersonId("p1")}))

CONTENT = {
    P.START_STEP, P.COMPLETE_STEP, P.WAIVE_STEP, P.REOPEN_STEP, P.PIN_STEP, P.DECIDE_GATE, P.MOVE_ANCHOR, P.CHANGE_LIST,
    P.STOP_CLOCK, P.ANSWER_PROPOSAL, P.START_TRAJECT, P.CLOSE_TRAJECT, P.START_CYCLE, P.CHANGE_VERSION,
}  # fmt: skip
"""What changes a plan or records a decision."""

# Written from the brief and not from the table: L lead, M member, R reader, A administrator, P partner (both ways).
WHO = {
    P.SEE_PORTFOLIO: "LMRA",
    P.SEE_TRAJECT: "LMRA",
    P.SEE_CONFIDENTIAL: "LM",
    P.START_STEP: "LM",
    P.COMPLETE_STEP: "LM",
    P.WAIVE_STEP: "L",
    P.REOPEN_STEP: "LM",
    P.PIN_STEP: "L",
    P.DECIDE_GATE: "LM",
    P.MOVE_ANCHOR: "L",
    P.CHANGE_LIST: "LM",
    P.STOP_CLOCK: "LM",
    P.ANSWER_PROPOSAL: "LM",
    P.START_TRAJECT: "L",
    P.CLOSE_TRAJECT: "L",
    P.START_CYCLE: "L",
    P.CHANGE_VERSION: "L",
    P.SEE_OWN_STEP: "P",
    P.ACT_ON_OWN_STEP: "P",
    P.SEE_PARTNERS: "LMA",
    P.MANAGE_PARTNERS: "A",
    P.MANAGE_DEFINITIONS: "A",
    P.MANAGE_CALENDARS: "A",
    P.SEE_DELIVERIES: "LA",
    P.RETRY_DELIVERY: "A",
    P.REVOKE_LINKS: "LA",
    P.SEE_AUDIT: "A",
    P.EXPORT_AUDIT: "A",
    P.SEE_HEALTH: "A",
    P.MANAGE_ACCOUNTS: "A",
    P.MANAGE_TOKENS: "A",
    P.MANAGE_THEME: "A",
    P.MANAGE_WEBHOOKS: "A",
}
LETTER = {
    Role.LEAD: "L",
    Role.MEMBER: "M",
    Role.READER: "R",
    Role.ADMINISTRATOR: "A",
    Role.PARTNER: "P",
    Role.LINK: "P",
}


def actor(role: Role, traject_id: int = EVERY_TRAJECT) -> Actor:
    match role:
        case Role.PARTNER:
            return Actor("person:p1", people=frozenset({PersonId("p1")}))
        case Role.LINK:
            return Actor("link:p1", opens=OneStep(OWN, 1, KEY))
        case _:
            return Actor("account:1", frozenset({Right(role, traject_id)}))


def test_every_permission_is_about_one_thing() -> None:
    assert set(WHO) == set(Permission)
    assert set(Permission) == ABOUT_TRAJECT | ABOUT_OWN_STEP | ABOUT_ALL
    assert ABOUT_TRAJECT.isdisjoint(ABOUT_OWN_STEP)
    assert IN_ANY_TRAJECT <= ABOUT_ALL
    assert set(MAY) == set(Role)


@pytest.mark.parametrize(("role", "permission"), list(itertools.product(Role, Permission)))
def test_every_cell(role: Role, permission: Permission) -> None:
    asked = {"occurrence": STEP} if permission in ABOUT_OWN_STEP else {"traject_id": OWN}

    assert may(actor(role), permission, **asked) is (LETTER[role] in WHO[permission])  # type: ignore[arg-type]


@pytest.mark.parametrize(("role", "permission"), list(itertools.product(STAFF_ROLES, Permission)))
def test_a_right_in_one_traject_gives_nothing_in_another_and_nothing_of_the_whole(
    role: Role, permission: Permission
) -> None:
    somebody = actor(role, OWN)
    held = LETTER[role] in WHO[permission]

    assert may(somebody, permission, traject_id=OWN) is (
        held and permission in ABOUT_TRAJECT | IN_ANY_TRAJECT | IN_OWN_TRAJECTS
    )
    assert may(somebody, permission, traject_id=OTHER) is (held and permission in IN_ANY_TRAJECT)
    assert not may(somebody, permission, traject_id=OWN, occurrence=StepOf(OTHER, 1, KEY))


@pytest.mark.parametrize("permission", sorted(ABOUT_TRAJECT))
def test_what_is_about_a_traject_is_refused_without_one(permission: Permission) -> None:
    assert not may(actor(Role.LEAD), permission)


def test_administrator_and_reader_change_nothing_of_content() -> None:
    assert not MAY[Role.ADMINISTRATOR] & CONTENT
    assert MAY[Role.READER] == {P.SEE_PORTFOLIO, P.SEE_TRAJECT}


def test_who_is_administrator_and_lead_may_both_and_nothing_more() -> None:
    both = Actor("account:1", frozenset({Right(Role.ADMINISTRATOR), Right(Role.LEAD, OWN)}))

    assert may(both, P.DECIDE_GATE, traject_id=OWN)
    assert may(both, P.MANAGE_PARTNERS)
    assert not may(both, P.DECIDE_GATE, traject_id=OTHER)


@pytest.mark.parametrize(
    "step",
    [
        StepOf(OTHER, 1, KEY, STEP.people),
        StepOf(OWN, 2, KEY, STEP.people),
        StepOf(OWN, 1, OccurrenceKey(KEY.step, "2"), STEP.people),
        StepOf(OWN, 1, OccurrenceKey(StepId("f0-startnota")), STEP.people),
    ],
)
def test_a_link_opens_one_step_of_one_recipient(step: StepOf) -> None:
    assert may(actor(Role.LINK), P.ACT_ON_OWN_STEP, occurrence=STEP)
    assert not may(actor(Role.LINK), P.ACT_ON_OWN_STEP, occurrence=step)
    assert not may(actor(Role.LINK), P.SEE_OWN_STEP, occurrence=step)


def test_a_partner_with_a_code_has_the_steps_of_the_own_organisation_in_every_traject() -> None:
    partner = Actor("person:p1", people=frozenset({PersonId("p1"), PersonId("p2")}))

    for traject_id, people, expected in ((OWN, "p1", True), (OTHER, "p2", True), (OWN, "p3", False), (OWN, "", False)):
        step = StepOf(traject_id, 1, KEY, frozenset({PersonId(people)} - {PersonId("")}))
        assert may(partner, P.ACT_ON_OWN_STEP, occurrence=step) is expected
        assert not may(partner, P.COMPLETE_STEP, occurrence=step)


@pytest.mark.parametrize(("scope", "permission"), list(itertools.product(Scope, Permission)))
def test_a_token_may_what_both_its_account_and_its_scope_may(scope: Scope, permission: Permission) -> None:
    rights = frozenset({Right(Role.LEAD), Right(Role.ADMINISTRATOR)})
    token = Actor("token:1", rights, scopes=frozenset({scope}))
    reader = Actor("token:2", frozenset({Right(Role.READER)}), scopes=frozenset(Scope))

    held = permission not in ABOUT_OWN_STEP
    assert may(token, permission, traject_id=OWN) is (held and permission in SCOPES[scope])
    assert may(reader, permission, traject_id=OWN) is (permission in MAY[Role.READER])


def test_no_scope_opens_accounts_and_a_token_without_scope_opens_nothing() -> None:
    given = frozenset().union(*SCOPES.values())

    assert given.isdisjoint({P.MANAGE_ACCOUNTS, P.MANAGE_TOKENS, P.SEE_CONFIDENTIAL})
    assert not may(Actor("token:1", frozenset({Right(Role.LEAD)}), scopes=frozenset()), P.SEE_PORTFOLIO)


def refusal(attempt: Callable[[], None]) -> RegieError:
    with pytest.raises(RegieError) as caught:
        attempt()
    return caught.value


def test_what_somebody_sees_but_may_not_do_is_refused_by_name() -> None:
    error = refusal(lambda: require(actor(Role.READER), P.DECIDE_GATE, traject_id=OWN))

    assert (type(error), error.code, error.facts["permission"]) == (Refused, "not-allowed", "decide-gate")
    require(actor(Role.MEMBER), P.DECIDE_GATE, traject_id=OWN)


@pytest.mark.parametrize(
    "somebody", [actor(Role.LEAD, OTHER), actor(Role.PARTNER), actor(Role.LINK), Actor("account:9")]
)
def test_of_the_traject_of_others_nobody_learns_that_it_is_there(somebody: Actor) -> None:
    there = refusal(lambda: require(somebody, P.SEE_TRAJECT, traject_id=OWN))
    elsewhere = refusal(lambda: require(somebody, P.COMPLETE_STEP, occurrence=StepOf(999, 1, KEY)))

    assert type(there) is type(elsewhere) is NotFound
    assert (str(there), there.code, there.facts) == (str(elsewhere), elsewhere.code, elsewhere.facts)


def test_a_partner_is_refused_more_on_a_step_that_they_see() -> None:
    error = refusal(lambda: require(actor(Role.PARTNER), P.WAIVE_STEP, occurrence=STEP))

    assert error.code == "not-allowed"


def test_lists_are_filtered_by_the_trajects_that_somebody_sees() -> None:
    assert actor(Role.READER).trajects is None
    assert actor(Role.MEMBER, OWN).trajects == {OWN}
    assert actor(Role.PARTNER).trajects == frozenset()
    assert Actor("token:1", frozenset({Right(Role.LEAD)}), scopes=frozenset({Scope.STEPS})).trajects == frozenset()


def test_what_is_done_in_own_trajects_is_listed_and_done_there_only() -> None:
    leads_one = Actor("account:1", frozenset({Right(Role.LEAD, OWN), Right(Role.READER, OTHER)}))

    assert may(leads_one, P.REVOKE_LINKS)
    assert trajects_with(leads_one, P.REVOKE_LINKS) == {OWN}
    assert leads_one.trajects == {OWN, OTHER}
    assert not may(leads_one, P.REVOKE_LINKS, traject_id=OTHER)
    assert not may(actor(Role.READER), P.REVOKE_LINKS)
    assert trajects_with(actor(Role.ADMINISTRATOR), P.REVOKE_LINKS) is None
    assert trajects_with(Actor("token:1", leads_one.rights, scopes=frozenset({Scope.READ})), P.REVOKE_LINKS) == set()


def test_a_step_is_of_who_is_responsible_or_asked_and_of_the_deputy_while_somebody_is_away() -> None:
    whole = compiled(STEPS)
    boss = Person(PersonId("boss"), away=(Absence(b.MONDAY, b.MONDAY + timedelta(days=4)),), deputy=PersonId("deputy"))
    people = {RoleId("maker"): (Person(PersonId("maker")),), RoleId("boss"): (boss,)}
    start = b.started(whole, people=people)
    asked = b.after(start, b.MONDAY, PartnerAsked(key=b.key("a"), role=RoleId("boss")))

    def whose(changes: Changes, days: int) -> set[str]:
        traject = changes.traject
        return set(step_of(traject, traject.cycles[0], b.key("a"), b.MONDAY + timedelta(days=days)).people)

    assert whose(start, 0) == {"maker"}
    assert whose(asked, 0) == {"maker", "boss", "deputy"}
    assert whose(asked, 5) == {"maker", "boss"}
    assert step_of(start.traject, start.traject.cycles[0], b.key("weg"), b.MONDAY).people == frozenset()


# --- from claims to rights ---------------------------------------------------------------------------

MAP = GroupMap(
    "groups", {Role.ADMINISTRATOR: frozenset({"Regie-beheer"}), Role.READER: frozenset({"iedereen", "raad"})}
)


@pytest.mark.parametrize(
    ("claims", "roles"),
    [
        ({}, set()),
        ({"groups": []}, set()),
        ({"groups": ["Regie-beheer"]}, {Role.ADMINISTRATOR}),
        ({"groups": ["raad", "Regie-beheer", "voetbal"]}, {Role.ADMINISTRATOR, Role.READER}),
        ({"groups": "raad"}, {Role.READER}),
        ({"groups": ["regie-beheer", "Regie-beheer "]}, set()),
        ({"groups": {"Regie-beheer": True}}, set()),
        ({"groups": [None, 3, ["raad"], {"raad": 1}]}, set()),
        ({"roles": ["Regie-beheer"]}, set()),
        ({"groups": None}, set()),
    ],
)
def test_only_a_mapped_group_gives_a_right(claims: dict[str, object], roles: set[Role]) -> None:
    assert rights_from_claims(claims, MAP) == {Right(each) for each in roles}


def test_without_a_mapping_nobody_has_a_right() -> None:
    assert rights_from_claims({"groups": ["Regie-beheer", ""]}, GroupMap()) == frozenset()
    assert rights_from_claims({"groups": [""]}, GroupMap(groups={Role.LEAD: frozenset({""})})) == frozenset()


def test_groups_are_found_inwards_and_under_a_name_with_dots() -> None:
    assert groups_in({"realm_access": {"roles": ["a"]}}, "realm_access.roles") == {"a"}
    assert groups_in({"https://gemeente.nl/rollen": ["b"]}, "https://gemeente.nl/rollen") == {"b"}
    assert groups_in({"realm_access": ["roles"]}, "realm_access.roles") == frozenset()


def test_every_event_of_people_names_the_right_that_it_takes() -> None:
    every = {
        each
        for each in vars(happened).values()
        if isinstance(each, type)
        and issubclass(each, happened.Event)
        and each not in (happened.Event, happened.StepEvent)
    }
    by_another_door = {happened.Tick, happened.ClockSetBack, happened.FileRemoved}
    assert every - set(NEEDED) == by_another_door
    assert set(NEEDED.values()) <= ABOUT_TRAJECT | {Permission.REVOKE_LINKS}


def test_a_member_works_and_only_a_lead_moves_what_was_agreed() -> None:
    only_leads = {each for each, right in NEEDED.items() if right in MAY[Role.LEAD] and right not in MAY[Role.MEMBER]}
    assert only_leads == {
        happened.StepWaived, happened.StepTakenUpAgain, happened.StepWithdrawn, happened.DatePinned, happened.AnchorMoved,
        happened.CycleStarted, happened.CycleClosed, happened.LinkRevoked,
    }  # fmt: skip
    assert all(right not in MAY[Role.READER] for right in NEEDED.values())
