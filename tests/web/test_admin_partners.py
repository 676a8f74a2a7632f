"""The pages about people and roles: what is kept, what is refused, what another changed meanwhile."""

from __future__ import annotations

import re
from datetime import date
from html import unescape

import pytest
from sqlalchemy.exc import SQLAlchemyError
from starlette.testclient import TestClient

from regie.actions.context import Context
from regie.actions.keep_people import note_absence
from regie.core.definition import HearsWhen
from regie.core.ids import PersonId, RoleId
from regie.core.permissions import Actor, Right, Role
from regie.core.traject import Absence
from regie.store.people import bind_role, get_person, save_person, unbind_role
from regie.store.session import in_transaction, read_scope
from tests.store.world import OPENING, Watched, World
from tests.web.admin_world import Enter, enter, noted, world
from tests.web.conftest import NOW, texts_of
from tests.web.signed_in import send

__all__ = ["enter", "world"]

OTHER = RoleId("other")
FIELDS = {"naam": "Olga Otten", "email": "olga@ggd.example", "organisatie": "GGD", "spreektaal": "nl"}
SCRIPT = '"><script>alert(1)</script>'


@pytest.fixture
def visitor(enter: Enter) -> TestClient:
    return enter(Right(Role.ADMINISTRATOR))


def person(world: World, person_id: str):  # type: ignore[no-untyped-def]
    with read_scope(world.engine) as session:
        return get_person(session, PersonId(person_id))


def hidden(page: str, name: str) -> str:
    return unescape(re.findall(rf'name="{name}" value="([^"]*)"', page)[-1])


def seen(visitor: TestClient, path: str) -> str:
    return hidden(visitor.get(path).text, "gezien")


# --- people --------------------------------------------------------------------------------------------


def test_list_is_narrowed_by_words_of_name_organisation_address_or_role(visitor: TestClient, world: World) -> None:
    in_transaction(world.engine, lambda session: save_person(session, name="Zus", email="", organisation="COA Noord"))

    def found(**query: str) -> list[str]:
        page = visitor.get("/beheer/partners", params=query).text
        return re.findall(r'href="/beheer/partners/p\d+">([^<]+)', page)

    assert found(zoek="coa zus") == ["Zus"]
    assert found(zoek="OTHER@") == ["Naam van other"]
    assert found(zoek="boss") == ["Naam van boss"]
    assert found(**{"zonder-adres": "ja"}) == ["Zus"]
    assert found(zoek=SCRIPT) == []
    assert "<script>alert" not in visitor.get("/beheer/partners", params={"zoek": SCRIPT}).text


def test_somebody_is_added_and_who_did_it_is_noted(visitor: TestClient, world: World) -> None:
    answer = send(visitor, "/beheer/partners/nieuw", {**FIELDS, "ritme": "weekly", "vervanger": world.people["boss"]})

    assert answer.headers["location"] == "/beheer/partners/p5?gedaan=ja"
    made = person(world, "p5")
    assert (made.name, made.email, made.organisation) == ("Olga Otten", "olga@ggd.example", "GGD")
    assert (made.hears, made.deputy) == (HearsWhen.WEEKLY, world.people["boss"])
    assert noted(world, "partner-added") == [(f"account:{visitor.account}", "person:p5")]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("wrong", "field", "says"),
    [
        ({"naam": " "}, "naam", "Deze persoon heeft nog geen naam."),
        ({"naam": "a\x07"}, "naam", "teken"),
        ({"naam": "n" * 300}, "naam", "300"),
        ({"email": "geen adres"}, "email", "adres"),
        ({"email": "OTHER@voorbeeld.nl"}, "email", "Iemand anders heeft dit e-mailadres al."),
        ({"spreektaal": "fr"}, "spreektaal", "Kies iets uit de lijst."),
        ({"ritme": "nooit"}, "ritme", "Kies iets uit de lijst."),
        ({"vervanger": "p99"}, "vervanger", "Er is geen persoon"),
    ],
)
def test_mistake_is_named_at_its_field_and_costs_nothing_that_was_typed(
    visitor: TestClient, world: World, wrong: dict[str, str], field: str, says: str
) -> None:
    before = world.rows("person")

    answer = send(visitor, "/beheer/partners/nieuw", {**FIELDS, "organisatie": SCRIPT, **wrong})
    page = answer.text  # type: ignore[attr-defined]

    assert answer.status_code == 422
    assert re.search(rf'<a class="nl-link" href="#{field}">[^<]*{re.escape(says)}', page)
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert f'id="{field}"' in page
    assert world.rows("person") == before


def test_name_with_script_in_it_stays_a_name(visitor: TestClient, world: World) -> None:
    send(visitor, "/beheer/partners/nieuw", {**FIELDS, "naam": SCRIPT})

    for path in ("/beheer/partners", "/beheer/partners/p5", "/beheer/rollen/other"):
        page = visitor.get(path).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_page_of_a_person_says_which_open_steps_they_hold(visitor: TestClient, world: World) -> None:
    page = visitor.get(f"/beheer/partners/{world.people['other']}").text

    assert "2 stappen zijn nu van deze persoon." in page
    assert 'href="/trajecten/de-wilg/stappen/advies?doorloop=1"' in page
    assert "Deze persoon heeft nu geen open stappen." in visitor.get(f"/beheer/partners/{world.people['lead']}").text


def test_somebody_is_changed_and_the_same_again_is_no_news(visitor: TestClient, world: World) -> None:
    path = f"/beheer/partners/{world.people['other']}"

    answer = send(visitor, path, {**FIELDS, "spreektaal": "en", "gezien": seen(visitor, path)})

    assert answer.status_code == 303
    assert person(world, world.people["other"]).language == "en"
    assert person(world, world.people["other"]).roles == ((OTHER, 0),)


def test_second_of_two_administrators_is_told_what_changed_and_loses_nothing(enter: Enter, world: World) -> None:
    ada, bob = enter(Right(Role.ADMINISTRATOR)), enter(Right(Role.ADMINISTRATOR))
    path = f"/beheer/partners/{world.people['other']}"
    old = seen(ada, path)
    send(bob, path, {**FIELDS, "naam": "Bobs naam", "gezien": old})

    late = send(ada, path, {**FIELDS, "naam": "Adas naam", "email": "", "gezien": old})
    page = late.text  # type: ignore[attr-defined]

    assert late.status_code == 409
    assert person(world, world.people["other"]).name == "Bobs naam"
    assert "was “Naam van other”, is nu “Bobs naam”" in page
    assert "was leeg, is nu “GGD”" in page
    assert 'name="naam" value="Adas naam"' in page
    again = send(ada, path, {**FIELDS, "naam": "Adas naam", "gezien": hidden(page, "gezien")})
    assert again.status_code == 303
    assert person(world, world.people["other"]).name == "Adas naam"


def test_somebody_is_erased_after_what_goes_was_shown(visitor: TestClient, world: World) -> None:
    own = world.people["other"]
    path = f"/beheer/partners/{own}/wissen"
    assert f'href="{path}"' in visitor.get(f"/beheer/partners/{own}").text
    before = world.rows("person")

    page = visitor.get(path).text
    said = re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", page))
    assert "Wilt u de gegevens van Naam van other wissen?" in said
    assert "2 open stappen zijn nu van deze persoon:" in said
    assert "Niemand anders heeft de rol other in elk traject." in said
    assert world.rows("person") == before

    answer = send(visitor, path, {"gezien": hidden(page, "gezien")}, on=path)

    assert answer.headers["location"] == "/beheer/partners?gedaan=gewist"
    assert "De persoon is gewist." in visitor.get(answer.headers["location"]).text
    assert "Naam van other" not in repr(world.everything())
    assert noted(world, "partner-erased") == [(f"account:{visitor.account}", f"person:{own} lines:0 files:0")]  # type: ignore[attr-defined]
    assert visitor.get(path).status_code == 404
    assert "partner gewist" in visitor.get("/beheer/audit?log=toegang").text


def test_who_changed_meanwhile_is_shown_again_before_they_are_erased(enter: Enter, world: World) -> None:
    ada, bob = enter(Right(Role.ADMINISTRATOR)), enter(Right(Role.ADMINISTRATOR))
    own = f"/beheer/partners/{world.people['other']}"
    old = hidden(ada.get(f"{own}/wissen").text, "gezien")
    send(bob, own, {**FIELDS, "naam": "Bobs naam", "gezien": seen(bob, own)})

    late = send(ada, f"{own}/wissen", {"gezien": old}, on=f"{own}/wissen")

    assert late.status_code == 409
    assert "Er is niets gewist." in late.text  # type: ignore[attr-defined]
    assert person(world, world.people["other"]).name == "Bobs naam"
    again = {"gezien": hidden(late.text, "gezien")}  # type: ignore[attr-defined]
    assert send(ada, f"{own}/wissen", again, on=f"{own}/wissen").status_code == 303


@pytest.mark.parametrize("forged", ["", "geen json", "[]", '{"naam": 1}'])
def test_form_that_does_not_say_what_it_showed_changes_nothing(visitor: TestClient, world: World, forged: str) -> None:
    before = world.rows("person")

    answer = send(visitor, f"/beheer/partners/{world.people['other']}", {**FIELDS, "gezien": forged})

    assert answer.status_code == 409
    assert world.rows("person") == before


def test_absence_is_noted_and_taken_back(visitor: TestClient, world: World) -> None:
    own = world.people["other"]
    path = f"/beheer/partners/{own}"
    noting = {"eerste": "2027-07-01", "laatste": "2027-07-14"}

    assert send(visitor, f"{path}/afwezig", noting, on=path).status_code == 303
    page = visitor.get(path).text
    assert person(world, own).away == (Absence(date(2027, 7, 1), date(2027, 7, 14)),)
    assert "1 juli 2027 tot en met 14 juli 2027" in page
    assert "Niemand vervangt deze persoon." in page
    assert send(visitor, f"{path}/terug", {"eerste": "2027-07-01"}, on=path).status_code == 303
    assert person(world, own).away == ()


def test_absence_that_cannot_be_put_in_the_record_is_not_noted_either(world: World) -> None:
    actor = Actor("account:1", frozenset({Right(Role.ADMINISTRATOR)}))
    context = Context.on(world.engine, b"k" * 32)
    with world.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE access_log RENAME TO gone")

    with pytest.raises(SQLAlchemyError):
        note_absence(context, actor, PersonId("p1"), date(2027, 7, 1), date(2027, 7, 9), NOW, date(2027, 6, 3))

    assert world.rows("absence") == []


@pytest.mark.parametrize(
    ("first", "last", "says"),
    [("", "", "Kies een dag."), ("2027-07-14", "2027-07-01", "voor"), ("2027-01-01", "2027-01-02", "voorbij")],
)
def test_absence_that_cannot_be_is_given_back_as_typed(
    visitor: TestClient, world: World, first: str, last: str, says: str
) -> None:
    path = f"/beheer/partners/{world.people['other']}"

    answer = send(visitor, f"{path}/afwezig", {"eerste": first, "laatste": last}, on=path)

    assert answer.status_code == 422
    assert says in answer.text  # type: ignore[attr-defined]
    assert f'name="eerste" value="{first}"' in answer.text  # type: ignore[attr-defined]
    assert world.rows("absence") == []


@pytest.mark.parametrize("path", ["/beheer/partners/p99", "/beheer/partners/x1", "/beheer/rollen/nergens"])
def test_who_or_what_is_not_there_is_not_found(visitor: TestClient, path: str) -> None:
    assert visitor.get(path).status_code == 404


def test_lead_of_one_project_sees_who_plays_there_and_changes_nothing(enter: Enter, world: World) -> None:
    second = world.starts("elders", targets={"opening": OPENING})

    def bind(session):  # type: ignore[no-untyped-def]
        own = save_person(session, name="Van elders", email="elders@voorbeeld.nl")
        bind_role(session, OTHER, own, second)

    in_transaction(world.engine, bind)
    lead = enter(Right(Role.LEAD, 1))

    page = lead.get("/beheer/partners").text
    assert "Naam van other" in page
    assert "Van elders" not in page
    assert lead.get("/beheer/partners/p5").status_code == 404
    one = lead.get(f"/beheer/partners/{world.people['other']}").text
    assert 'name="naam"' not in one
    assert lead.get("/beheer/rollen?traject=elders").status_code == 404
    assert "Van elders" not in lead.get("/beheer/rollen?traject=de-wilg").text


# --- roles ---------------------------------------------------------------------------------------------


def test_roles_say_who_plays_them_and_which_nobody_does(visitor: TestClient, world: World) -> None:
    in_transaction(world.engine, lambda session: unbind_role(session, OTHER, world.people["other"]))

    page = visitor.get("/beheer/rollen?traject=de-wilg").text

    assert "1 rol heeft niemand." in page
    assert "Naam van boss" in page
    assert page.count('scope="row"') == len(world.definition.partner_roles())


def test_role_is_given_in_one_project_in_the_place_of_who_plays_it_everywhere(
    visitor: TestClient, world: World
) -> None:
    path = "/beheer/rollen/other"
    form = {"traject": "de-wilg", "wie": world.people["boss"]}
    before = visitor.get(f"{path}?traject=de-wilg").text

    answer = send(visitor, path, {**form, "gezien": hidden(before, "gezien")}, on=f"{path}?traject=de-wilg")
    page = visitor.get(f"{path}?traject=de-wilg").text

    assert answer.headers["location"] == f"{path}?traject=de-wilg&gedaan=ja"
    assert "hoort in dit traject alleen die persoon" in before
    assert "In plaats van Naam van other" in page
    assert ("other", 1) in person(world, world.people["boss"]).roles
    assert [row["dirty"] for row in world.rows("traject")] == [True]
    assert noted(world, "role-bound")[0][1] == f"person:{world.people['boss']} role:other traject:1"
    gone = send(visitor, f"{path}/weg", {**form, "gezien": hidden(page, "gezien")}, on=f"{path}?traject=de-wilg")
    assert gone.status_code == 303
    assert ("other", 1) not in person(world, world.people["boss"]).roles


def test_role_that_somebody_else_changed_meanwhile_is_shown_as_it_is_now(visitor: TestClient, world: World) -> None:
    path = "/beheer/rollen/other"
    old = seen(visitor, path)
    in_transaction(world.engine, lambda session: bind_role(session, OTHER, world.people["boss"]))

    answer = send(visitor, path, {"wie": world.people["lead"], "gezien": old})

    assert answer.status_code == 409
    assert "Naam van boss" in answer.text  # type: ignore[attr-defined]
    assert f'value="{world.people["lead"]}" selected' in answer.text  # type: ignore[attr-defined]
    assert (OTHER, 0) not in person(world, world.people["lead"]).roles


@pytest.mark.parametrize(("who", "says"), [("", "Kies iemand uit de lijst."), ("p99", "Er is geen persoon")])
def test_role_for_nobody_is_refused_at_its_field(visitor: TestClient, who: str, says: str) -> None:
    path = "/beheer/rollen/other"

    answer = send(visitor, path, {"wie": who, "gezien": seen(visitor, path)})

    assert answer.status_code == 422
    assert re.search(rf'href="#wie">{says}', answer.text)  # type: ignore[attr-defined]


def test_pages_ask_no_more_of_the_database_for_more_people(visitor: TestClient, world: World) -> None:
    paths = (
        "/beheer",
        "/beheer/partners",
        "/beheer/rollen?traject=de-wilg",
        f"/beheer/partners/{world.people['other']}",
    )
    before = [_reads(world, visitor, path) for path in paths]

    def join(session):  # type: ignore[no-untyped-def]
        for number in range(30):
            own = save_person(session, name=f"N{number}", email=f"n{number}@x.example", organisation=f"O{number}")
            bind_role(session, OTHER, own, number % 2)

    in_transaction(world.engine, join)

    assert [_reads(world, visitor, path) for path in paths] == before
    assert len(texts_of(visitor.get("/beheer/partners").text, "tr")) == 1 + 34


def _reads(world: World, visitor: TestClient, path: str) -> int:
    with Watched(world.engine) as watched:
        assert visitor.get(path).status_code == 200
    assert not watched.writes
    return len(watched.reads)
