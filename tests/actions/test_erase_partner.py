"""Somebody is erased: nothing in the database names them any more, the record is whole, and the work goes on; T29."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from regie.actions.apply_event import apply_event
from regie.actions.context import Context
from regie.actions.deliver import Postage, deliver
from regie.actions.hand_over_files import hand_over_files
from regie.actions.keep_agenda import make_agenda
from regie.actions.keep_people import PartnerForm, add_partner, erase_partner, play_role, seen_of
from regie.actions.reconcile import reconcile
from regie.actions.sign_in import request_code
from regie.core.events import DateProposed, HandedToColleague, StepFinished, StepStarted
from regie.core.ids import OccurrenceKey, PersonId, RoleId, StepId
from regie.core.permissions import Actor, Right, Role
from regie.errors import Conflict, NotFound, Refused
from regie.notify.sender import Delivery, DeliveryOutcome, OutgoingMessage
from regie.reports.people import list_held_steps, make_farewell
from regie.store.file_bytes import FileRoom
from regie.store.history import verify
from regie.store.lately import names_of, names_of_people
from regie.store.mentions import find_mentions
from regie.store.people import get_person, save_person, set_absence, set_deputy
from regie.store.session import in_transaction, read_scope
from regie.store.sessions import open_session
from regie.uploads import Upload
from tests.store.world import MONDAY, World
from tests.support import builders as b
from tests.support.documents import PDF

NAME, EMAIL = "Marja Klaassen-Özdemir", "marja.klaassen@ggd.example"
ADMINISTRATOR = Actor("account:7", frozenset({Right(Role.ADMINISTRATOR)}))
STEPS = 40
NOW = b.at(MONDAY)


class Post:
    """Takes every message, and says the address in its answer, as some mail servers do."""

    def __init__(self) -> None:
        self.to: list[str] = []

    def send(self, message: OutgoingMessage) -> Delivery:
        self.to.append(message.to)
        return Delivery(DeliveryOutcome.ACCEPTED, f"250 2.1.5 <{message.to}> accepted")


class Town(World):
    """Forty steps are of one person, who worked at them, was written about, and has all that somebody can have."""

    def __init__(self, engine: Engine, room: FileRoom) -> None:
        super().__init__(engine, b.definition(*[b.step(f"s{each}", due="5wd after start") for each in range(STEPS)]))
        self.context = replace(Context.on(engine, self.key, link_key=b"l" * 32, brake_at=10_000), shelf=self.shelf)
        self.who, self.boss = self.people["maker"], self.people["boss"]
        self.post = Post()
        in_transaction(engine, self._name)
        self.traject_id = self.starts()
        self.goes_on(NOW)
        self._works(room)

    def _name(self, session: Session) -> None:
        save_person(session, person_id=self.who, name=NAME, email=EMAIL, organisation="GGD")
        set_absence(session, self.who, date(2027, 8, 2), date(2027, 8, 20))
        set_deputy(session, self.who, self.boss)
        set_deputy(session, self.boss, self.who)

    def goes_on(self, now: datetime) -> None:
        reconcile(self.context, now)
        deliver(self.context, self.post, lambda: now, "x", Postage(base_url="https://regie.voorbeeldstad.nl"))

    def _works(self, room: FileRoom) -> None:
        def key(number: int) -> OccurrenceKey:
            return OccurrenceKey(StepId(f"s{number}"))

        for number in range(20):
            apply_event(self.context, 1, StepStarted(key=key(number), note="begonnen", by=self.who), NOW)
        finished = StepFinished(key=key(0), by=self.boss, note=f"Overgenomen van {NAME.upper()}, dank!")
        upload = Upload("Advies_marja klaassen-özdemir_def.pdf", io.BytesIO(PDF))
        hand_over_files(self.context, room, 1, finished, [upload], NOW)
        apply_event(
            self.context, 1, StepFinished(key=key(1), by=self.who, evidence=(f"mailto:{EMAIL}",), note="klaar"), NOW
        )
        proposed = DateProposed(key=key(2), on=date(2027, 6, 1), reason=f"{NAME} is dan pas terug", by=self.boss)
        apply_event(self.context, 1, proposed, NOW)
        apply_event(self.context, 1, HandedToColleague(key=key(3), to=self.who, reason="weet ervan", by="lead"), NOW)
        make_agenda(self.context, self.who, NOW)
        request_code(self.context, EMAIL, "browser", NOW)
        in_transaction(self.engine, lambda session: open_session(session, NOW, lambda: "s" * 43, person_id=self.who))
        self.goes_on(NOW + timedelta(hours=1))

    def seen(self) -> dict[str, str]:
        with read_scope(self.engine) as session:
            return dict(seen_of(get_person(session, self.who)))

    def erases(self) -> None:
        erase_partner(self.context, ADMINISTRATOR, self.who, self.seen(), NOW + timedelta(hours=2))

    def dump(self) -> str:
        return repr(self.everything()).casefold()


@pytest.fixture
def town(engine: Engine, tmp_path: Path) -> Town:
    return Town(engine, FileRoom(tmp_path / "bestanden", 1_000_000))


def test_t29_given_forty_steps_files_and_messages_then_nothing_names_who_was_erased(town: Town, tmp_path: Path) -> None:
    before = town.dump()
    assert before.count(NAME.casefold()) + before.count(EMAIL) > 4
    assert town.post.to.count(EMAIL) > 1

    town.erases()

    dump = town.dump()
    for part in (NAME.casefold(), EMAIL, "klaassen"):
        assert part not in dump, dump[dump.index(part) - 200 : dump.index(part) + 50]
    assert not [path for path in tmp_path.rglob("*") if "klaassen" in path.name.casefold()]
    with read_scope(town.engine) as session:
        assert verify(session, town.key) == ()
        assert names_of(session, [town.who]) == names_of_people(session, [town.who]) == {town.who: town.who}
    (noted,) = [row for row in town.rows("access_log") if row["what"] == "partner-erased"]
    assert (noted["who"], noted["about"]) == ("account:7", f"person:{town.who} lines:3 files:1")


def test_work_of_who_was_erased_is_of_the_role_again(town: Town) -> None:
    town.erases()
    town.post.to.clear()
    town.goes_on(NOW + timedelta(hours=3))
    assert EMAIL not in town.post.to

    noor = add_partner(town.context, ADMINISTRATOR, PartnerForm(name="Noor", email="noor@ggd.example"), NOW)
    play_role(town.context, ADMINISTRATOR, RoleId("maker"), noor, 0, [], NOW)
    town.goes_on(NOW + timedelta(hours=4))

    assert "noor@ggd.example" in town.post.to
    with read_scope(town.engine) as session:
        theirs = {each.key for each in list_held_steps(session, town.shelf.get, noor, MONDAY, "nl")}
    assert theirs == {f"s{each}" for each in range(2, STEPS)}  # also what was handed to who is gone


def test_step_that_was_handed_to_them_goes_back_to_its_role_who_hears_it(town: Town) -> None:
    other = add_partner(town.context, ADMINISTRATOR, PartnerForm(name="Noor", email="noor@ggd.example"), NOW)
    key = OccurrenceKey(StepId("s5"))
    apply_event(town.context, 1, HandedToColleague(key=key, to=other, by="lead"), NOW)
    town.goes_on(NOW + timedelta(hours=2))
    town.post.to.clear()

    with read_scope(town.engine) as session:
        seen = seen_of(get_person(session, other))
    erase_partner(town.context, ADMINISTRATOR, other, seen, NOW + timedelta(hours=3))
    town.goes_on(NOW + timedelta(hours=4))

    assert town.loads(1).cycles[0].occurrences[key].assigned_to is None
    assert town.post.to == [EMAIL]
    last = town.rows("history")[-1]
    assert (last["event"], last["by"]) == ("HandedToColleague", "account:7")


def test_what_goes_and_what_it_means_is_said_first_and_nothing_changes(town: Town) -> None:
    before = town.everything()

    with read_scope(town.engine) as session:
        found = make_farewell(session, town.shelf.get, town.who, MONDAY, "nl")

    assert (found.lines, found.files, len(found.steps)) == (3, 1, STEPS - 2)
    assert [(each.id, each.slug) for each in found.alone] == [("maker", "")]
    assert found.stands_in_for == ("Naam van boss",)
    assert town.everything() == before


def test_who_changed_meanwhile_is_not_erased_and_who_was_is_not_erased_again(town: Town) -> None:
    seen = town.seen()
    in_transaction(
        town.engine, lambda session: save_person(session, person_id=town.who, name="Marja Nieuw", email=EMAIL)
    )
    before = town.everything()
    with pytest.raises(Conflict, match="meanwhile"):
        erase_partner(town.context, ADMINISTRATOR, town.who, seen, NOW)
    with pytest.raises(Refused, match="manage-partners"):
        erase_partner(town.context, Actor("account:8", frozenset({Right(Role.LEAD)})), town.who, seen, NOW)
    assert town.everything() == before

    town.erases()
    with pytest.raises(NotFound, match="no person"):
        erase_partner(town.context, ADMINISTRATOR, town.who, seen, NOW)
    with pytest.raises(NotFound, match="no person"):
        erase_partner(town.context, ADMINISTRATOR, PersonId("p99"), seen, NOW)


@pytest.mark.parametrize(
    ("name", "email", "lines"),
    [
        ("Marja", "", 3),
        ("Marj", "", 0),
        ("klaar", "", 1),
        ("", EMAIL, 1),
        ("aar", "", 0),
        ("", "", 0),
        (".*", "", 0),
    ],
)
def test_only_a_whole_name_or_address_is_a_mention(town: Town, name: str, email: str, lines: int) -> None:
    with read_scope(town.engine) as session:
        assert len(find_mentions(session, name, email).lines) == lines
