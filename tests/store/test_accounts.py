"""Accounts, rights from a person and from a group, keys for programs, and who a partner acts for."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from regie.core.permissions import Actor, Permission, Right, Role, Scope, may
from regie.errors import NotFound, RegieError
from regie.store import accounts as a
from regie.store.access_log import What, export_access, list_access, note_access
from regie.store.lately import names_of
from regie.store.people import save_person
from regie.store.session import in_transaction, read_scope
from regie.store.sessions import Limits, list_sessions, open_session
from regie.store.tables import AccountKind
from regie.store.trajects import create_traject

NOW = datetime(2027, 6, 3, 9, 0, tzinfo=UTC)
ISSUER = "https://login.voorbeeldstad.nl"
LEAD, READER = Right(Role.LEAD), Right(Role.READER)


class Hall:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.numbers = itertools.count(1)

    def chance(self) -> str:
        return f"a-long-secret-{next(self.numbers):04}"

    def do(self, work: Callable[..., Any], *given: Any, **more: Any) -> Any:
        return in_transaction(self.engine, lambda session: work(session, *given, **more))

    def add(self, name: str = "Nood", **more: Any) -> int:
        return int(self.do(a.add_account, name=name, by="test", now=NOW, **more))

    def rights(self, account_id: int) -> frozenset[Right]:
        with read_scope(self.engine) as session:
            return a.get_account(session, account_id).rights

    def provider(self, *rights: Right, subject: str = "s-1", name: str = "Jan", at: datetime = NOW) -> int | None:
        found: int | None = self.do(
            a.sign_in_from_provider, issuer=ISSUER, subject=subject, name=name, email="jan@voorbeeldstad.nl",
            rights=rights, now=at,
        )  # fmt: skip
        return found

    def token(self, account_id: int, *scopes: Scope, days: float = 30) -> tuple[int, str]:
        made: tuple[int, str] = self.do(
            a.add_token, account_id=account_id, name="koppeling", scopes=scopes, by="test", now=NOW,
            expires_at=NOW + timedelta(days=days), chance=self.chance,
        )  # fmt: skip
        return made

    def actor(self, key: str, at: datetime = NOW) -> Actor | None:
        found: Actor | None = self.do(a.token_actor, key, at)
        return found


@pytest.fixture
def hall(engine: Engine) -> Hall:
    return Hall(engine)


def code_of(attempt: Callable[[], object]) -> str:
    with pytest.raises(RegieError) as caught:
        attempt()
    return caught.value.code


def test_a_new_account_may_nothing(hall: Hall) -> None:
    own = hall.add("  Jan   de  Boer ", email="jan@voorbeeldstad.nl")

    with read_scope(hall.engine) as session:
        found = a.find_account(session, "jan de boer")
        actor = a.account_actor(session, own)
    assert (found.id, found.name, found.kind, found.has_password) == (own, "Jan de Boer", AccountKind.LOCAL, False)
    assert not any(may(actor, each, traject_id=1) for each in Permission)


def test_a_name_is_there_once_and_a_wrong_one_not_at_all(hall: Hall) -> None:
    hall.add("Nood")

    assert code_of(lambda: hall.add("NOOD")) == "account-taken"
    assert code_of(lambda: hall.add("  ")) == "name-missing"
    assert code_of(lambda: hall.add("x", email="geen adres")) == "address-invalid"
    assert code_of(lambda: hall.add("x", language="fr")) == "language-unknown"
    assert code_of(lambda: hall.add("x\x00")) == "control-character"


def test_an_account_is_found_by_number_or_by_a_name_that_one_has(hall: Hall) -> None:
    own = hall.add("Nood")
    hall.provider(LEAD, subject="s-1", name="Jan")
    hall.provider(LEAD, subject="s-2", name="Jan")

    with read_scope(hall.engine) as session:
        assert a.find_account(session, str(own)).name == "Nood"
        for name in ("Jan", "niemand", "99", "²", ""):
            with pytest.raises(NotFound) as caught:
                a.find_account(session, name)
            assert caught.value.code == "unknown-account"


# --- rights ------------------------------------------------------------------------------------------


def test_a_right_is_given_once_and_taken_once(hall: Hall) -> None:
    own = hall.add()
    traject_id = hall.do(create_traject, slug="de-wilg", title="De Wilg", zone="Europe/Amsterdam", now=NOW)
    here = Right(Role.MEMBER, traject_id)

    assert [hall.do(a.give_right, own, here, "test", NOW) for _ in range(2)] == [True, False]
    assert hall.rights(own) == {here}
    assert [hall.do(a.take_right, own, here, "test", NOW) for _ in range(2)] == [True, False]
    assert hall.rights(own) == frozenset()
    with read_scope(hall.engine) as session:
        acts = [each.what for each in list_access(session)]
    assert acts == [What.RIGHT_TAKEN, What.RIGHT_GIVEN, What.ACCOUNT_ADDED]


def test_a_right_wants_a_role_of_staff_an_account_and_a_traject_that_are_there(hall: Hall) -> None:
    own = hall.add()

    assert code_of(lambda: hall.do(a.give_right, own, Right(Role.PARTNER), "test", NOW)) == "role-not-for-accounts"
    assert code_of(lambda: hall.do(a.give_right, own, Right(Role.LEAD, 7), "test", NOW)) == "unknown-traject"
    assert code_of(lambda: hall.do(a.give_right, own + 1, LEAD, "test", NOW)) == "unknown-account"


def test_a_group_gives_a_right_until_the_sign_in_without_it(hall: Hall) -> None:
    own = hall.provider(LEAD, READER)
    assert own is not None
    assert hall.rights(own) == {LEAD, READER}

    assert hall.provider(READER, name="Jan de Boer") == own

    assert hall.rights(own) == {READER}
    with read_scope(hall.engine) as session:
        found = a.get_account(session, own)
        assert (found.name, found.kind, found.subject) == ("Jan de Boer", AccountKind.OIDC, "s-1")


def test_who_lost_the_last_group_is_refused_and_signed_out(hall: Hall) -> None:
    own = hall.provider(LEAD)
    assert own is not None
    hall.do(open_session, NOW, hall.chance, account_id=own)

    assert hall.provider() is None

    assert hall.rights(own) == frozenset()
    with read_scope(hall.engine) as session:
        assert list_sessions(session, NOW, Limits()) == ()


def test_a_right_by_hand_outlives_the_groups_and_a_group_outlives_the_hand(hall: Hall) -> None:
    own = hall.provider(LEAD)
    assert own is not None
    hall.do(a.give_right, own, LEAD, "test", NOW)

    hall.do(a.take_right, own, LEAD, "test", NOW)
    assert hall.rights(own) == {LEAD}
    hall.do(a.give_right, own, READER, "test", NOW)
    assert hall.provider() == own
    assert hall.rights(own) == {READER}


def test_who_has_no_mapped_group_gets_no_account(hall: Hall) -> None:
    assert hall.provider() is None
    with read_scope(hall.engine) as session:
        assert a.list_accounts(session) == ()


def test_who_is_disabled_stays_out_whatever_the_provider_says(hall: Hall) -> None:
    own = hall.provider(LEAD)
    assert own is not None
    hall.do(a.disable_account, own, "test", NOW)

    assert hall.provider(LEAD) is None
    with read_scope(hall.engine) as session:
        assert a.account_actor(session, own).rights == frozenset()


def test_one_subject_of_two_providers_is_two_accounts_and_a_name_gives_no_way_in(hall: Hall) -> None:
    local = hall.add("Jan")
    here = hall.provider(LEAD, subject="jan")
    there = hall.do(
        a.sign_in_from_provider,
        issuer="https://elders.nl",
        subject="jan",
        name="Jan",
        email="",
        rights=[READER],
        now=NOW,
    )

    assert len({local, here, there}) == 3
    assert code_of(lambda: hall.do(a.set_password, here, "x" * 20, bytes(16), "test", NOW)) == "account-not-local"


# --- tokens ------------------------------------------------------------------------------------------


def test_a_token_acts_for_its_account_within_its_scopes(hall: Hall) -> None:
    own = hall.add()
    hall.do(a.give_right, own, READER, "test", NOW)
    number, key = hall.token(own, Scope.READ, Scope.STEPS)

    actor = hall.actor(key)

    assert actor is not None
    assert (actor.name, actor.rights, actor.scopes) == (f"token:{number}", {READER}, {Scope.READ, Scope.STEPS})
    assert may(actor, Permission.SEE_TRAJECT, traject_id=1)
    assert not may(actor, Permission.COMPLETE_STEP, traject_id=1)
    hall.do(a.take_right, own, READER, "test", NOW)
    emptied = hall.actor(key)
    assert emptied is not None
    assert not may(emptied, Permission.SEE_TRAJECT, traject_id=1)


def test_a_token_ends_by_time_and_by_hand_and_unknown_ones_open_nothing(hall: Hall) -> None:
    number, key = hall.token(hall.add(), Scope.READ, days=1)

    assert hall.actor(key, NOW + timedelta(days=1)) is None
    assert hall.actor(key, NOW + timedelta(hours=23)) is not None
    assert hall.actor(key[:-1]) is None
    assert [hall.do(a.revoke_token, number, "test", NOW) for _ in range(2)] == [True, False]
    assert hall.actor(key) is None
    assert code_of(lambda: hall.do(a.revoke_token, number + 1, "test", NOW)) == "unknown-token"


def test_use_of_a_token_is_noted_once_a_day(hall: Hall) -> None:
    _, key = hall.token(hall.add(), Scope.READ)
    for hours in (0, 1, 2, 24, 25):
        hall.actor(key, NOW + timedelta(hours=hours))

    with read_scope(hall.engine) as session:
        assert len(list_access(session, what=What.TOKEN_USED)) == 2
        assert [each.last_used_on for each in a.list_tokens(session)] == [(NOW + timedelta(days=1)).date()]


def test_looking_a_token_up_writes_nothing_and_says_why_it_does_not_work(hall: Hall) -> None:
    own = hall.add()
    hall.do(a.give_right, own, READER, "test", NOW)
    number, key = hall.token(own, Scope.READ, days=1)

    with read_scope(hall.engine) as session:
        good, late = a.find_token(session, key, NOW), a.find_token(session, key, NOW + timedelta(days=1))
        assert a.find_token(session, key[:-1], NOW) == a.FoundToken(0, None, None, "unknown")
    assert good.actor is not None
    assert (good.actor.name, good.actor.rights, good.last_used_on) == (f"token:{number}", {READER}, None)
    assert (late.id, late.actor, late.trouble) == (number, None, "expired")
    hall.do(a.revoke_token, number, "test", NOW)
    with read_scope(hall.engine) as session:
        assert a.find_token(session, key, NOW).trouble == "revoked"
        assert names_of(session, {f"token:{number}", "token:99"}) == {f"token:{number}": "koppeling", "token:99": "99"}


def test_a_token_wants_a_name_a_scope_and_an_end(hall: Hall) -> None:
    own = hall.add()

    assert code_of(lambda: hall.token(own)) == "scopes-missing"
    assert code_of(lambda: hall.token(own, Scope.READ, days=367)) == "expiry-wrong"
    assert code_of(lambda: hall.token(own, Scope.READ, days=0)) == "expiry-wrong"
    assert code_of(lambda: hall.token(own + 1, Scope.READ)) == "unknown-account"


# --- partners ----------------------------------------------------------------------------------------


def test_a_partner_acts_for_the_own_organisation_and_for_no_other(hall: Hall) -> None:
    people = [
        hall.do(save_person, name=name, email=f"{name}@voorbeeld.nl", organisation=organisation)
        for name, organisation in (("anna", "GGD"), ("bob", "GGD"), ("cas", "Politie"), ("dirk", ""), ("eva", ""))
    ]
    with read_scope(hall.engine) as session:
        acting = [a.person_actor(session, each).people for each in people]
        with pytest.raises(NotFound):
            a.person_actor(session, "p99")  # type: ignore[arg-type]

    assert acting == [{people[0], people[1]}, {people[0], people[1]}, {people[2]}, {people[3]}, {people[4]}]


# --- the log -----------------------------------------------------------------------------------------


def test_the_log_is_read_in_pages_and_exported_whole(hall: Hall) -> None:
    def write(session: Any) -> None:
        for number in range(1_203):
            note_access(session, "nobody", What.SIGN_IN_LINK, NOW + timedelta(seconds=number), about=str(number))

    in_transaction(hall.engine, write)
    with read_scope(hall.engine) as session:
        page = list_access(session, limit=2)
        following = list_access(session, limit=2, before_id=page[-1].id)
        exported = [each.about for each in export_access(session)]
        late = [each.about for each in export_access(session, NOW + timedelta(seconds=1_200))]

    assert [each.about for each in (*page, *following)] == ["1202", "1201", "1200", "1199"]
    assert exported == [str(number) for number in range(1_203)]
    assert late == ["1200", "1201", "1202"]


def test_a_provider_may_send_a_strange_name_and_no_address(hall: Hall) -> None:
    own = hall.do(
        a.sign_in_from_provider, issuer=ISSUER, subject="s-9", name="Jan\x00\n de Boer", email="geen adres", rights=[LEAD],
        now=NOW,
    )  # fmt: skip

    with read_scope(hall.engine) as session:
        found = a.get_account(session, own)
    assert (found.name, found.email) == ("Jan de Boer", "")
