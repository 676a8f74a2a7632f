"""A list of partners: every row is shown before anything is kept, and what is kept is what was shown."""

from __future__ import annotations

import csv
import io
import re
from html import unescape

import pytest
from starlette.responses import Response
from starlette.testclient import TestClient

from regie.actions import keep_people
from regie.core.permissions import Right, Role
from regie.store.people import list_people, save_person, set_deputy
from regie.store.session import in_transaction, read_scope
from tests.store.world import World
from tests.web.admin_world import Enter, enter, noted, world
from tests.web.conftest import SAME_ORIGIN, token_on
from tests.web.signed_in import send

__all__ = ["enter", "world"]

CHECK, STORE = "/beheer/partners/inlezen", "/beheer/partners/inlezen/opslaan"
HEADER = "organisatie;naam;e-mail;rol;taal;ritme;vervanger\n"
GOOD = (
    HEADER
    + "GGD;Zoë Ødegård;zoe@ggd.example;other;en;wekelijks;other@voorbeeld.nl\n"
    + "GGD;Naam van other;other@voorbeeld.nl;other, boss;nl;;\n"
    + ";Naam van boss;boss@voorbeeld.nl;boss;nl;;\n"
)
WRONG = (
    HEADER
    + "GGD;Goed;goed@ggd.example;other;nl;;\n"
    + "GGD;;geen-adres;nergens;fr;vaak;niemand@ggd.example\n"
    + "GGD;Leunt;leunt@ggd.example;other;nl;;fout@ggd.example\n"
    + "GGD;;fout@ggd.example;other;nl;;\n"
)


@pytest.fixture
def visitor(enter: Enter) -> TestClient:
    return enter(Right(Role.ADMINISTRATOR))


def check(visitor: TestClient, text: str = "", traject: str = "", **more: str) -> Response:
    return send(visitor, CHECK, {"tekst": text, "traject": traject, **more})


def upload(visitor: TestClient, content: bytes, name: str = "lijst.csv") -> Response:
    token = token_on(visitor.get(CHECK).text, CHECK)
    return visitor.post(  # type: ignore[return-value]
        CHECK, data={"form_token": token, "traject": ""}, files={"bestand": (name, content)}, headers=SAME_ORIGIN
    )


def store(visitor: TestClient, page: str) -> Response:
    """Press the button as a browser does: it makes two signs of each end of a line."""
    data = {
        name: unescape(re.search(rf'name="{name}" value="([^"]*)"', _form(page))[1])
        for name in ("tekst", "traject", "zegel")
    }  # type: ignore[index]
    data["tekst"] = data["tekst"].replace("\n", "\r\n")
    return visitor.post(  # type: ignore[return-value]
        STORE, data={"form_token": token_on(page, STORE), **data}, headers=SAME_ORIGIN
    )


def _form(page: str) -> str:
    return re.search(rf'<form[^>]*action="{STORE}".*?</form>', page, re.DOTALL)[0]  # type: ignore[index]


def rows_of(page: str, caption: str) -> list[list[str]]:
    table = re.search(rf"<caption[^>]*>{caption}</caption>.*?</table>", page, re.DOTALL)
    assert table is not None
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", table[0], re.DOTALL)[1:]
    return [
        [
            unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", cell))).strip()
            for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL)
        ]
        for row in rows
    ]


def people(world: World) -> dict[str, object]:
    with read_scope(world.engine) as session:
        return {each.email: each for each in list_people(session)}


def test_check_shows_each_row_and_keeps_nothing(visitor: TestClient, world: World) -> None:
    before = world.everything()

    page = check(visitor, GOOD).text  # type: ignore[attr-defined]

    assert rows_of(page, "Personen in de lijst") == [
        [
            "Zoë Ødegård", "2", "nieuw", "zoe@ggd.example",
            "Organisatie: GGD Taal: en Wanneer mail: Eén overzicht per week Vervanger: Naam van other Krijgt de rol: other",
        ],
        ["Naam van other", "3", "gewijzigd", "other@voorbeeld.nl", "Organisatie: GGD Krijgt de rol: boss"],
        ["Naam van boss", "4", "gelijk", "boss@voorbeeld.nl", "niets"],
    ]  # fmt: skip
    assert "1 nieuw, 1 gewijzigd, 1 gelijk; 2 keer een rol." in page
    assert world.everything() == before


def test_what_is_stored_is_what_was_shown(visitor: TestClient, world: World) -> None:
    page = check(visitor, GOOD).text  # type: ignore[attr-defined]

    answer = store(visitor, page)

    assert answer.status_code == 303
    assert "1 nieuw, 1 gewijzigd, 1 gelijk, 2 keer een rol gegeven" in visitor.get(answer.headers["location"]).text
    made = people(world)["zoe@ggd.example"]
    assert (made.name, made.language, made.deputy) == ("Zoë Ødegård", "en", world.people["other"])  # type: ignore[attr-defined]
    assert noted(world, "partners-imported") == [
        (f"account:{visitor.account}", "added:1 changed:1 bound:2 traject:all")  # type: ignore[attr-defined]
    ]
    assert [row["dirty"] for row in world.rows("traject")] == [True]
    again = check(visitor, GOOD).text  # type: ignore[attr-defined]
    assert "Alles in deze lijst is al zo." in again
    assert f'action="{STORE}"' not in again


def test_change_shows_what_it_was_and_what_it_becomes(visitor: TestClient) -> None:
    page = check(visitor, "naam;e-mail;rol\nOlga;other@voorbeeld.nl;other\n").text  # type: ignore[attr-defined]

    (row,) = rows_of(page, "Personen in de lijst")
    assert row[4] == "Naam: Naam van other → Olga"


def test_every_wrong_row_is_named_with_its_column_and_nothing_is_stored(visitor: TestClient, world: World) -> None:
    before = world.everything()

    answer = check(visitor, WRONG)
    page = answer.text  # type: ignore[attr-defined]

    assert answer.status_code == 422
    assert [(row, column) for row, column, _ in rows_of(page, "Wat er fout is, met de regel en de kolom")] == [
        ("3", "naam"), ("3", "e-mail"), ("3", "taal"), ("3", "ritme"), ("3", "rol"), ("4", "vervanger"), ("5", "naam"),
    ]  # fmt: skip
    assert [row[0] for row in rows_of(page, "Personen in de lijst")] == ["Goed"]
    assert f'action="{STORE}"' not in page
    assert "leunt@ggd.example" in page  # the list is still there to be mended
    assert world.everything() == before


def test_nobody_stores_a_list_with_a_wrong_row_by_sending_it_anyway(visitor: TestClient, world: World) -> None:
    page = check(visitor, GOOD).text  # type: ignore[attr-defined]
    before = world.everything()
    data = {"form_token": token_on(page, STORE), "tekst": WRONG, "traject": "", "zegel": "0" * 64}

    answer = visitor.post(STORE, data=data, headers=SAME_ORIGIN)

    assert answer.status_code == 409
    assert "Goed" in answer.text
    assert world.everything() == before


@pytest.mark.parametrize("what", ["person", "deputy", "text", "place"])
def test_what_would_do_something_else_by_now_is_shown_anew_and_not_stored(
    visitor: TestClient, world: World, what: str
) -> None:
    page = check(visitor, GOOD).text  # type: ignore[attr-defined]
    if what == "person":
        in_transaction(world.engine, lambda session: save_person(session, name="Zoë", email="zoe@ggd.example"))
    elif what == "deputy":
        in_transaction(world.engine, lambda s: set_deputy(s, world.people["boss"], world.people["maker"]))
    elif what == "text":
        page = page.replace("GGD;Zoë Ødegård;", "COA;Zoë Ødegård;")
    else:
        page = page.replace('name="traject" value=""', 'name="traject" value="de-wilg"')
    before = world.everything()

    answer = store(visitor, page)

    assert answer.status_code == 409
    assert "Er is niets opgeslagen" in answer.text  # type: ignore[attr-defined]
    assert world.everything() == before
    assert store(visitor, answer.text).status_code == 303  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(GOOD.encode(), id="utf-8"),
        pytest.param(b"\xef\xbb\xbf" + GOOD.encode(), id="utf-8-with-mark"),
        pytest.param(GOOD.encode("cp1252"), id="windows-1252"),
        pytest.param(GOOD.encode("utf-16"), id="utf-16"),
        pytest.param(GOOD.replace("\n", "\r\n").encode(), id="windows-lines"),
        pytest.param(
            GOOD.replace(", boss", " boss").replace(";", ",").replace("other boss", '"other, boss"').encode(),
            id="commas",
        ),
    ],
)
def test_file_is_read_as_spreadsheets_write_it(visitor: TestClient, world: World, content: bytes) -> None:
    page = upload(visitor, content).text  # type: ignore[attr-defined]

    assert "Zoë Ødegård" in page
    assert ("gelezen als tekst van Windows" in page) == (content == GOOD.encode("cp1252"))
    assert store(visitor, page).status_code == 303
    assert people(world)["zoe@ggd.example"].name == "Zoë Ødegård"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b"\x81\x8d\x00\xff", "Dit bestand is geen tekst.", id="no-text"),
        pytest.param(b"naam;naam;rol\n", "Deze kolommen staan er twee keer: naam.", id="column-twice"),
        pytest.param(HEADER.encode(), "Er staat geen partner in deze lijst.", id="only-names"),
        pytest.param(b"x" * 600_000, "te groot", id="too-large"),
        pytest.param(HEADER.encode() + b"a;b;c@d.nl;other;;;\n" * 2_001, "2001 regels", id="too-many-rows"),
        pytest.param(b'naam;e-mail;rol\n"' + b"a" * 140_000, "niet te lezen als CSV", id="endless-cell"),
    ],
)
def test_what_is_no_list_is_refused_in_words(visitor: TestClient, content: bytes, says: str) -> None:
    answer = upload(visitor, content)

    assert answer.status_code == 422
    assert re.search(rf'href="#bestand">[^<]*{says}', answer.text)  # type: ignore[attr-defined]


def test_nothing_to_read_is_said_at_the_field_and_the_place_is_kept(visitor: TestClient) -> None:
    nothing, nowhere = check(visitor, " ", "de-wilg"), check(visitor, GOOD, "weg")

    assert (nothing.status_code, nowhere.status_code) == (422, 422)
    assert 'value="de-wilg" selected' in nothing.text  # type: ignore[attr-defined]
    assert 'href="#traject"' in nowhere.text  # type: ignore[attr-defined]
    assert "zoe@ggd.example" in nowhere.text  # type: ignore[attr-defined]


def test_script_in_a_list_is_text(visitor: TestClient) -> None:
    script = '"<script>alert(1)</script>"'
    good = check(visitor, f"naam;e-mail;rol\n{script};a@b.example;other\n").text  # type: ignore[attr-defined]
    wrong = check(visitor, f"naam;e-mail;rol;{script}\n{script};a@b.example;{script};{script}\n").text  # type: ignore[attr-defined]

    for page in (good, wrong):
        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page


def test_example_can_be_imported_as_it_is(visitor: TestClient) -> None:
    example = visitor.get("/beheer/partners/voorbeeld.csv")

    assert example.headers["content-disposition"] == 'attachment; filename="partners-voorbeeld.csv"'
    assert "2 nieuw, 0 gewijzigd, 0 gelijk" in upload(visitor, example.content).text  # type: ignore[attr-defined]


def test_download_is_the_same_list_and_no_cell_of_it_is_a_formula(visitor: TestClient, world: World) -> None:
    names = ["=1+1", "+31 6", "-2", "@SUM(A1)", "a;=1", 'b",=1']

    def join(session):  # type: ignore[no-untyped-def]
        for number, name in enumerate(names):
            own = save_person(session, name=name, email=f"n{number}@x.example", organisation=f"={number}")
            keep_people.bind_role(session, keep_people.RoleId("other"), own)

    in_transaction(world.engine, join)

    content = visitor.get("/beheer/partners/lijst.csv").content
    text = content.decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(text), delimiter=";") for cell in row]

    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert "'=1+1" in cells
    assert all(line.startswith('"') for line in text.splitlines())  # with another separator it is one cell as well
    assert "0 nieuw, 0 gewijzigd, 10 gelijk" in _counts(upload(visitor, content).text)  # type: ignore[attr-defined]


def _counts(page: str) -> str:
    return re.search(r"\d+ nieuw, \d+ gewijzigd, \d+ gelijk", page)[0]  # type: ignore[index]


def test_list_for_one_project_gives_the_roles_there_only(visitor: TestClient, world: World) -> None:
    page = check(visitor, "naam;e-mail;rol\nOlga;olga@x.example;other\n", "de-wilg").text  # type: ignore[attr-defined]

    assert "Rollen gelden voor: Opvang De Wilg." in page
    store(visitor, page)
    assert people(world)["olga@x.example"].roles == (("other", 1),)  # type: ignore[attr-defined]


def test_page_says_which_roles_a_list_can_name(visitor: TestClient, world: World) -> None:
    page = visitor.get(CHECK).text

    assert set(re.findall(r"<li><code>([^<]+)</code>", page)) == set(world.definition.partner_roles())
