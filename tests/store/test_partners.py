from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine

from regie.core.definition import HearsWhen
from regie.core.ids import PersonId, RoleId
from regie.core.traject import Absence
from regie.errors import NotFound, Refused
from regie.failpoints import FailpointReached, set_failpoints
from regie.store.history import verify
from regie.store.outbox import retry
from regie.store.partners import (
    Contact,
    ImportReport,
    bind_role,
    clear_absence,
    erase_person,
    find_person,
    get_person,
    import_people,
    list_people,
    load_people,
    save_person,
    set_absence,
    set_deputy,
    unbind_role,
    unfilled_roles,
)
from regie.store.session import in_transaction, read_scope
from tests.store.world import KEY, MONDAY, PostOffice, World, chain
from tests.support import builders as b

ROLES = (RoleId("projectleider"), RoleId("zorg"), RoleId("politie"))


def row(**more: str | None) -> dict[str, str | None]:
    values: dict[str, str | None] = {"naam": "Anna Berg", "e-mail": "anna@gemeente.nl", "rol": "projectleider"}
    return {**values, **{name.replace("_", "-"): value for name, value in more.items()}}


def imported(engine: Engine, *rows: dict[str, str | None], **more: Any) -> ImportReport:
    return in_transaction(engine, lambda session: import_people(session, rows, roles=ROLES, **more))


def everybody(engine: Engine) -> tuple[Contact, ...]:
    with read_scope(engine) as session:
        return list_people(session)


@pytest.fixture
def _no_failpoints() -> Iterator[None]:
    yield
    set_failpoints({})


# --- a list of partners ---------------------------------------------------------------------------------


def test_a_list_of_partners_is_stored_with_roles_organisations_and_deputies(engine: Engine) -> None:
    report = imported(
        engine,
        row(organisatie="Gemeente  Voorbeeldstad", vervanger="bram@politie.nl"),
        row(naam="Bram Bos", **{"e-mail": "Bram@Politie.nl"}, rol="politie; zorg", taal="en", ritme="wekelijks"),
        row(rol="zorg"),
    )

    assert report == ImportReport(added=2, bound=4)
    anna, bram = everybody(engine)
    assert anna == Contact(
        PersonId("p1"),
        "Anna Berg",
        "anna@gemeente.nl",
        deputy=PersonId("p2"),
        organisation="Gemeente Voorbeeldstad",
        roles=((RoleId("projectleider"), 0), (RoleId("zorg"), 0)),
    )
    assert (bram.email, bram.language, bram.hears) == ("Bram@Politie.nl", "en", HearsWhen.WEEKLY)
    with read_scope(engine) as session:
        assert [each.id for each in load_people(session, 7)[RoleId("zorg")]] == ["p2", "p1"]


def test_importing_twice_changes_nothing(engine: Engine) -> None:
    rows = (row(organisatie="GGD"), row(naam="Bram Bos", **{"e-mail": "bram@politie.nl"}, rol="politie"))
    imported(engine, *rows)
    before = everybody(engine)

    report = imported(engine, *rows)

    assert report == ImportReport(unchanged=2)
    assert everybody(engine) == before


def test_what_the_list_leaves_empty_stays_as_it_is(engine: Engine) -> None:
    imported(engine, row(organisatie="GGD", taal="en", ritme="dagelijks"))

    report = imported(engine, row(naam="Anna Berg-Bos", **{"e-mail": "ANNA@gemeente.nl"}, rol="zorg"))

    assert (report.changed, report.bound) == (1, 1)
    (anna,) = everybody(engine)
    assert (anna.name, anna.organisation, anna.language, anna.hears) == ("Anna Berg-Bos", "GGD", "en", HearsWhen.DAILY)
    assert anna.roles == ((RoleId("projectleider"), 0), (RoleId("zorg"), 0))


def test_a_list_for_one_traject_binds_in_that_traject(engine: Engine) -> None:
    imported(engine, row(), traject_id=3)

    assert everybody(engine)[0].roles == ((RoleId("projectleider"), 3),)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        pytest.param(row(naam=""), "row 3, naam: is missing", id="no-name"),
        pytest.param(row(**{"e-mail": None}), "row 3, e-mail: is missing", id="no-address"),
        pytest.param(row(rol=" "), "row 3, rol: is missing", id="no-role"),
        pytest.param(row(**{"e-mail": "anna@"}), "row 3, e-mail: this is not an e-mail address", id="bad-address"),
        pytest.param(row(**{"e-mail": "a@b.nl\nBcc: c@d.nl"}), "row 3, e-mail: this is not", id="two-lines"),
        pytest.param(row(rol="projectlieder"), "did you mean 'projectleider'", id="role-misspelt"),
        pytest.param(row(rol="zorg, brandweer"), "row 3, rol: there is no role 'brandweer'", id="one-role-unknown"),
        pytest.param(row(taal="fries"), "row 3, taal: 'fries' is not one of nl, en", id="language"),
        pytest.param(row(ritme="soms"), "row 3, ritme: 'soms' is not one of direct", id="rhythm"),
        pytest.param(row(vervanger="weg@gemeente.nl"), "row 3, vervanger: there is nobody", id="deputy-unknown"),
        pytest.param(row(vervanger="anna@gemeente.nl"), "row 3, vervanger: nobody is their own", id="own-deputy"),
        pytest.param(row(telefoon="06"), "row 3, telefoon: there is no such column", id="column"),
        pytest.param(
            row(naam="Iemand Anders", **{"e-mail": "bram@politie.nl"}),
            "row 3, naam: differs from row 2, with the same address",
            id="one-address-two-names",
        ),
    ],
)
def test_one_bad_row_is_named_and_nothing_is_stored(engine: Engine, wrong: dict[str, str | None], said: str) -> None:
    good = row(naam="Bram Bos", **{"e-mail": "bram@politie.nl"}, rol="politie")

    report = imported(engine, good, wrong, first_row=2)

    assert len(report.problems) == 1
    assert said in str(report.problems[0])
    assert not report.is_stored
    assert everybody(engine) == ()


def test_all_bad_rows_are_named_in_one_go_without_repeating_who_they_are_about(engine: Engine) -> None:
    report = imported(engine, row(naam="Piet Geheim", **{"e-mail": "piet@"}, rol="x"), row(naam=""), row())

    assert [each.row for each in report.problems] == [1, 1, 2]
    assert "piet" not in " ".join(map(str, report.problems)).lower()


def test_a_rehearsal_tells_what_would_be_stored_and_stores_nothing(engine: Engine) -> None:
    report = imported(engine, row(), row(rol="zorg"), dry_run=True)

    assert report == ImportReport(added=1, bound=2, is_dry_run=True)
    assert not report.is_stored
    assert everybody(engine) == ()


@pytest.mark.usefixtures("_no_failpoints")
def test_an_import_that_breaks_off_stores_nothing(engine: Engine) -> None:
    set_failpoints({"import.mid": "raise"})

    with pytest.raises(FailpointReached):
        imported(engine, row(), row(naam="Bram Bos", **{"e-mail": "bram@politie.nl"}))

    assert everybody(engine) == ()


# --- one person -----------------------------------------------------------------------------------------


@pytest.fixture
def anna(engine: Engine) -> PersonId:
    return in_transaction(
        engine, lambda session: save_person(session, name="Anna Berg", email="anna@gemeente.nl", organisation="GGD")
    )


def test_a_known_address_is_the_same_person(engine: Engine, anna: PersonId) -> None:
    again = in_transaction(engine, lambda session: save_person(session, name="A. Berg", email="Anna@Gemeente.nl"))

    assert again == anna
    assert [each.name for each in everybody(engine)] == ["A. Berg"]


def test_people_without_an_address_are_kept_apart(engine: Engine) -> None:
    ids = {in_transaction(engine, lambda session: save_person(session, name="Nog Onbekend")) for _ in range(2)}

    assert len(ids) == 2


@pytest.mark.parametrize(
    ("values", "code"),
    [
        pytest.param({"name": " "}, "name-missing", id="name"),
        pytest.param({"language": "fy"}, "language-unknown", id="language"),
        pytest.param({"email": "geen adres"}, "address-invalid", id="address"),
        pytest.param({"email": "bram@politie.nl"}, "address-taken", id="address-of-somebody-else"),
        pytest.param({"deputy": "p1"}, "own-deputy", id="own-deputy"),
        pytest.param({"deputy": "p99"}, "unknown-person", id="deputy"),
        pytest.param({"person_id": "p99"}, "unknown-person", id="person"),
    ],
)
def test_what_cannot_be_is_refused(engine: Engine, anna: PersonId, values: dict[str, Any], code: str) -> None:
    in_transaction(engine, lambda session: save_person(session, name="Bram", email="bram@politie.nl"))
    person = {"name": "Anna", "email": "anna@gemeente.nl", "person_id": anna}
    if code == "unknown-person" and "person_id" in values:
        person["email"] = "nieuw@gemeente.nl"

    with pytest.raises((Refused, NotFound)) as error:
        in_transaction(engine, lambda session: save_person(session, **{**person, **values}))

    assert error.value.code == code


def test_somebody_can_be_away_and_back_again(engine: Engine, anna: PersonId) -> None:
    def plan(session: Any) -> None:
        set_absence(session, anna, date(2027, 7, 1), date(2027, 7, 9))
        set_absence(session, anna, date(2027, 7, 1), date(2027, 7, 20))
        set_absence(session, anna, date(2027, 8, 1), date(2027, 8, 2))
        assert clear_absence(session, anna, date(2027, 8, 1))
        assert not clear_absence(session, anna, date(2027, 8, 1))

    in_transaction(engine, plan)

    assert everybody(engine)[0].away == (Absence(date(2027, 7, 1), date(2027, 7, 20)),)


def test_an_absence_that_ends_before_it_begins_is_refused(engine: Engine, anna: PersonId) -> None:
    with pytest.raises(Refused, match="cannot end on 2027-06-01") as error:
        in_transaction(engine, lambda session: set_absence(session, anna, date(2027, 7, 1), date(2027, 6, 1)))

    assert error.value.code == "dates-reversed"


def test_a_role_is_bound_once_and_can_be_taken_back(engine: Engine, anna: PersonId) -> None:
    def bind(session: Any) -> list[bool]:
        return [
            bind_role(session, RoleId("zorg"), anna),
            bind_role(session, RoleId("zorg"), anna),
            unbind_role(session, RoleId("zorg"), anna),
            unbind_role(session, RoleId("zorg"), anna),
        ]

    assert in_transaction(engine, bind) == [True, False, True, False]


def test_roles_that_nobody_plays_are_named(engine: Engine) -> None:
    world = World(engine, chain(1))
    in_transaction(engine, lambda session: unbind_role(session, RoleId("boss"), world.people["boss"]))

    with read_scope(engine) as session:
        assert unfilled_roles(session, world.definition, 1) == (RoleId("boss"),)


def test_people_of_one_traject_are_listed_with_those_of_all_trajects(engine: Engine, anna: PersonId) -> None:
    def bind(session: Any) -> None:
        bind_role(session, RoleId("zorg"), anna, 1)
        bind_role(session, RoleId("politie"), anna, 2)
        everywhere = save_person(session, name="Zed", email="zed@gemeente.nl")
        bind_role(session, RoleId("zorg"), everywhere)
        save_person(session, name="Zonder rol", email="zonder@gemeente.nl")

    in_transaction(engine, bind)

    with read_scope(engine) as session:
        here = list_people(session, 1)
    assert [(each.name, each.roles) for each in here] == [
        ("Anna Berg", ((RoleId("zorg"), 1),)),
        ("Zed", ((RoleId("zorg"), 0),)),
    ]


def test_of_who_was_erased_only_the_id_is_left(engine: Engine) -> None:
    world = World(engine, chain(2))
    traject_id = world.starts()
    maker = world.people["maker"]
    in_transaction(engine, lambda session: set_deputy(session, world.people["boss"], maker))
    in_transaction(engine, lambda session: set_absence(session, maker, date(2027, 7, 1), date(2027, 7, 9)))

    in_transaction(engine, lambda session: erase_person(session, maker, b.at(MONDAY)))

    stored = str(world.everything()).lower()
    assert "naam van maker" not in stored
    assert "maker@voorbeeld.nl" not in stored
    with read_scope(engine) as session:
        assert verify(session, KEY) == ()
        assert find_person(session, "maker@voorbeeld.nl") is None
        assert RoleId("maker") not in load_people(session, traject_id)
        with pytest.raises(NotFound):
            get_person(session, maker)
    (letter,) = PostOffice(world).delivers(b.at(MONDAY))
    assert (letter.to.name, letter.to.email) == ("", "")
    new = in_transaction(engine, lambda session: save_person(session, name="Nieuw", email="maker@voorbeeld.nl"))
    assert new not in world.people.values()


def test_an_unknown_person_is_not_found(engine: Engine) -> None:
    for act in (
        lambda session: get_person(session, PersonId("p9")),
        lambda session: bind_role(session, RoleId("zorg"), PersonId("p9")),
        lambda session: set_deputy(session, PersonId("p9"), None),
        lambda session: set_absence(session, PersonId("p9"), MONDAY, MONDAY),
        lambda session: erase_person(session, PersonId("p9"), b.at(MONDAY)),
    ):
        with pytest.raises(NotFound, match="no person 'p9'"):
            in_transaction(engine, act)
    with pytest.raises(NotFound):
        in_transaction(engine, lambda session: retry(session, "m1", "p9"))
