"""Who comes to play a role later hears what was asked before they came: once, in one message, and nobody else does."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import Engine

from regie.actions.apply_event import apply_event
from regie.actions.context import Context
from regie.actions.deliver import Postage, deliver
from regie.actions.keep_people import PartnerForm, add_partner, import_list, leave_role, play_role, weigh_list
from regie.actions.reconcile import reconcile
from regie.core.definition import Kind, NoticePolicy
from regie.core.events import HandedToColleague, StepFinished, StepStarted
from regie.core.ids import OccurrenceKey, PersonId, RoleId, StepId
from regie.core.permissions import Actor, Right, Role
from regie.notify.sender import Delivery, DeliveryOutcome, OutgoingMessage
from tests.store.world import MONDAY, World
from tests.support import builders as b

ADMINISTRATOR = Actor("account:7", frozenset({Right(Role.ADMINISTRATOR)}))
MAKER = RoleId("maker")
NOW = b.at(MONDAY)
STEPS = ("STAP-0", "STAP-1", "STAP-2", "STAP-3", "LATER")


class Town(World):
    """Five steps of one role, of which one waits, one is done and one was handed to a colleague; all was told."""

    def __init__(self, engine: Engine, policy: NoticePolicy | None = None) -> None:
        steps = [b.step(f"stap-{each}", due="15wd after start") for each in range(4)]
        super().__init__(engine, b.definition(*steps, b.step("later", needs=["stap-0"]), policy=policy or b.policy()))
        self.context = replace(Context.on(engine, self.key, link_key=b"l" * 32, brake_at=10_000), shelf=self.shelf)
        self.sent: list[OutgoingMessage] = []
        self.starts()
        self.goes_on(NOW)
        apply_event(self.context, 1, StepStarted(key=key(1), by="p1"), NOW)
        apply_event(self.context, 1, StepFinished(key=key(2), by="p1"), NOW)
        apply_event(self.context, 1, HandedToColleague(key=key(3), to=self.people["other"], reason="x", by="p1"), NOW)
        self.goes_on(NOW + timedelta(hours=1))
        self.sent.clear()

    def send(self, message: OutgoingMessage) -> Delivery:
        self.sent.append(message)
        return Delivery(DeliveryOutcome.ACCEPTED, "250")

    def goes_on(self, now: datetime) -> None:
        reconcile(self.context, now)
        deliver(self.context, self, lambda: now, "x", Postage(base_url="https://regie.voorbeeldstad.nl"))

    def joins(self, name: str, role: RoleId = MAKER, seen: tuple[str, ...] = ("p1",), at: datetime = NOW) -> PersonId:
        own = add_partner(self.context, ADMINISTRATOR, PartnerForm(name=name, email=f"{name.lower()}@ggd.example"), at)
        play_role(self.context, ADMINISTRATOR, role, own, 0, seen, at)
        return own

    def told(self) -> dict[str, set[str]]:
        """Which steps stood in the mail to whom, since the last look."""
        found: dict[str, set[str]] = {}
        for each in self.sent:
            assert each.to not in found, "more than one message"
            found[each.to] = {name for name in STEPS if f"'{name}'" in " ".join(each.text.split())}
        self.sent.clear()
        return found


def key(number: int) -> OccurrenceKey:
    return OccurrenceKey(StepId(f"stap-{number}"))


@pytest.fixture
def town(engine: Engine) -> Town:
    return Town(engine)


def test_who_comes_later_hears_once_what_was_asked_of_the_role(town: Town) -> None:
    town.joins("Noor")
    town.goes_on(NOW + timedelta(hours=2))
    assert town.told() == {"noor@ggd.example": {"STAP-0", "STAP-1"}}

    town.goes_on(NOW + timedelta(hours=3))
    town.goes_on(NOW + timedelta(days=1))
    assert town.told() == {}


def test_their_mail_opens_each_step(town: Town) -> None:
    town.joins("Noor")
    town.goes_on(NOW + timedelta(hours=2))

    (mail,) = town.sent

    assert mail.text.count("https://regie.voorbeeldstad.nl/actie/") == 2
    assert [row["person_id"] for row in town.rows("link")][-2:] == ["p5", "p5"]


def test_role_that_nobody_had_is_told_to_the_first_who_plays_it(town: Town) -> None:
    leave_role(town.context, ADMINISTRATOR, MAKER, PersonId("p1"), 0, ["p1"], NOW)
    town.goes_on(NOW + timedelta(hours=2))
    town.sent.clear()

    town.joins("Noor", seen=())
    town.goes_on(NOW + timedelta(hours=3))

    assert town.told() == {"noor@ggd.example": {"STAP-0", "STAP-1"}}


def test_several_roles_at_once_make_one_message_and_what_was_told_is_not_told_again(town: Town) -> None:
    own = town.joins("Noor")
    play_role(town.context, ADMINISTRATOR, RoleId("other"), own, 0, ["p4"], NOW)
    town.goes_on(NOW + timedelta(hours=2))
    assert town.told() == {"noor@ggd.example": {"STAP-0", "STAP-1"}}

    leave_role(town.context, ADMINISTRATOR, MAKER, own, 0, ["p1", own], NOW)
    play_role(town.context, ADMINISTRATOR, MAKER, own, 0, ["p1"], NOW)
    town.goes_on(NOW + timedelta(hours=3))
    assert town.told() == {}


def test_step_that_can_start_since_is_told_by_what_made_it_so_and_not_again(town: Town) -> None:
    town.joins("Noor")
    apply_event(town.context, 1, StepFinished(key=key(0), by="p1"), NOW)
    town.goes_on(NOW + timedelta(hours=2))

    mails = [" ".join(each.text.split()) for each in town.sent if each.to == "noor@ggd.example"]

    assert [("'STAP-1'" in each, "'LATER'" in each) for each in sorted(mails)] in (
        [(True, False), (False, True)],
        [(False, True), (True, False)],
    )
    assert "heeft 'STAP-1' aan u overgedragen" in " ".join(mails)


def test_list_that_is_imported_tells_only_who_is_new_in_a_role(town: Town) -> None:
    listed = "naam,e-mail,rol\nNoor,noor@ggd.example,maker\nNaam van maker,maker@voorbeeld.nl,maker\nKees,kees@x.nl,\n"
    listed = listed.replace("kees@x.nl,", "kees@x.nl,other")
    seal = weigh_list(town.context, ADMINISTRATOR, listed, 0, None).seal

    import_list(town.context, ADMINISTRATOR, listed, 0, None, seal, NOW)
    town.goes_on(NOW + timedelta(hours=2))

    assert town.told() == {"noor@ggd.example": {"STAP-0", "STAP-1"}}


def test_who_is_erased_before_the_mail_leaves_hears_nothing(town: Town) -> None:
    from regie.actions.keep_people import erase_partner, seen_of
    from regie.store.people import get_person
    from regie.store.session import read_scope

    own = town.joins("Noor")
    with read_scope(town.engine) as session:
        seen = seen_of(get_person(session, own))
    erase_partner(town.context, ADMINISTRATOR, own, seen, NOW)
    town.goes_on(NOW + timedelta(hours=2))

    assert town.told() == {}


def test_date_of_the_mail_is_that_of_the_day_it_leaves(town: Town) -> None:
    """Late by then: that is said, and nothing that was true when they came."""
    town.joins("Noor")
    deliver(town.context, town, lambda: b.at(date(2027, 2, 15)), "x", Postage())
    (mail,) = town.sent
    assert "te laat" in mail.text.lower() or "was gevraagd" in mail.text.lower()


def test_what_a_definition_tells_to_nobody_is_not_told_to_who_is_new(engine: Engine) -> None:
    told = {kind: to for kind, to in b.policy().to.items() if kind is not Kind.READY}
    town = Town(engine, replace(b.policy(), to=told))

    town.joins("Noor")
    town.goes_on(NOW + timedelta(hours=2))

    assert town.told() == {"noor@ggd.example": {"STAP-1"}}


def test_at_night_it_waits_for_the_morning(town: Town) -> None:
    """Nobody asked for it, so nobody waits for it; who asks for a link gets it at once."""
    town.joins("Noor")
    town.goes_on(b.at(MONDAY, 22))
    assert town.told() == {}

    town.goes_on(b.at(MONDAY + timedelta(days=1), 9))
    assert town.told() == {"noor@ggd.example": {"STAP-0", "STAP-1"}}
