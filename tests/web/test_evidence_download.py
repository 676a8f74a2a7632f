"""Files as evidence go out to be saved, to who may see the step that they prove, and to nobody else."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import Engine
from sqlmodel import Session
from starlette.testclient import TestClient

from regie import doorbell
from regie.actions.hand_over_files import hand_over_files
from regie.actions.remove_file import remove_file
from regie.core.definition import Anchor
from regie.core.events import StepFinished
from regie.core.ids import AnchorId, RoleId
from regie.core.permissions import Right, Role
from regie.store.partners import save_person
from regie.store.session import in_transaction
from regie.store.sessions import open_session
from regie.uploads import Upload
from regie.web.deps import file_room
from tests.store.world import World
from tests.support import builders as b
from tests.support.documents import PDF
from tests.web.conftest import NOW, Browse
from tests.web.signed_in import SESSION
from tests.web.staff import staff_of

OTHER = RoleId("other")
Enter = Callable[..., TestClient]


@pytest.fixture
def world(sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(doorbell, "ring", lambda settings, reason: True)
    definition = b.definition(
        b.step("advies", responsible=OTHER),
        b.step("toets", responsible=RoleId("maker")),
        b.step("geheim", responsible=RoleId("maker"), confidential_until=AnchorId("opening")),
        anchors={"opening": Anchor(AnchorId("opening"), {"nl": "Opening"})},
    )
    found = World(sqlite_engine, definition)
    found.starts("de-wilg", start=date.fromisoformat("2027-06-01"))

    def join(session):  # type: ignore[no-untyped-def]
        save_person(
            session, person_id=found.people["other"], name="Olga", email="other@voorbeeld.nl", organisation="GGD"
        )
        found.people["an"] = save_person(session, name="An", email="an@voorbeeld.nl", organisation="GGD")
        found.people["vreemd"] = save_person(session, name="Vera", email="vera@voorbeeld.nl", organisation="Politie")

    in_transaction(sqlite_engine, join)
    return found


@pytest.fixture
def enter(browse: Browse, world: World) -> Enter:
    """Give a browser of an account with some rights, or of a person with a code."""
    staff = staff_of(world, browse)

    def start(*rights: Right, person: str = "") -> TestClient:
        if not person:
            return staff(*rights)
        browser = browse()
        browser.app.state.shell.context.shelf.put(world.definition)  # type: ignore[attr-defined]

        def make(session: Session) -> str:
            return open_session(session, NOW, lambda: f"{person:s<43}", person_id=world.people[person])

        browser.cookies.set(SESSION, in_transaction(world.engine, make))
        return browser

    return start


def hands_over(browser: TestClient, step: str, name: str = "advies.pdf") -> str:
    """Finish a step with a file; give the id of the file."""
    shell = browser.app.state.shell  # type: ignore[attr-defined]
    event = StepFinished(key=b.key(step), by="p4")
    hand_over_files(shell.context, file_room(shell), 1, event, [Upload(name, io.BytesIO(PDF))], NOW)
    with shell.context.engine.connect() as connection:
        return str(connection.exec_driver_sql("SELECT id FROM file ORDER BY uploaded_at DESC, id DESC").scalar())


def refusals(world: World) -> list[str]:
    return [row["about"] for row in world.rows("access_log") if row["outcome"] == "refused"]


def test_file_comes_whole_to_be_saved_and_not_shown(enter: Enter) -> None:
    browser = enter(Right(Role.LEAD))
    own = hands_over(browser, "advies", "coördinatie “één”.pdf")

    answer = browser.get(f"/bestanden/{own}")

    assert (answer.status_code, answer.content) == (200, PDF)
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-length"] == str(len(PDF))
    assert answer.headers["content-disposition"].startswith("attachment; ")
    assert "filename*=UTF-8''co%C3%B6rdinatie" in answer.headers["content-disposition"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["cache-control"] == "private, no-store"


def test_step_page_leads_to_the_file(enter: Enter) -> None:
    browser = enter(Right(Role.READER))
    own = hands_over(browser, "advies")

    assert f'href="/bestanden/{own}" download>advies.pdf</a>' in browser.get("/trajecten/de-wilg/stappen/advies").text


@pytest.mark.parametrize(
    ("right", "step", "status"),
    [
        (Right(Role.READER), "toets", 200),
        (Right(Role.MEMBER, 1), "toets", 200),
        (Right(Role.ADMINISTRATOR), "toets", 200),
        (Right(Role.LEAD, 2), "toets", 404),
        (Right(Role.LEAD), "geheim", 200),
        (Right(Role.READER), "geheim", 403),
        (Right(Role.ADMINISTRATOR), "geheim", 403),
    ],
)
def test_staff_get_files_of_trajects_that_they_see_and_of_confidential_steps_by_a_right_of_its_own(
    enter: Enter, world: World, right: Right, step: str, status: int
) -> None:
    world.starts("ander", start=date.fromisoformat("2027-06-01"))
    browser = enter(right)
    own = hands_over(browser, step)

    answer = browser.get(f"/bestanden/{own}")

    assert answer.status_code == status
    assert (PDF in answer.content) == (status == 200)
    assert refusals(world) == ([] if status == 200 else [f"see-traject file:{own}"])


@pytest.mark.parametrize(
    ("person", "step", "status"),
    [("other", "advies", 200), ("an", "advies", 200), ("vreemd", "advies", 404), ("other", "toets", 404), ("maker", "geheim", 200)],
)  # fmt: skip
def test_partner_gets_what_proves_a_step_of_their_organisation(
    enter: Enter, person: str, step: str, status: int
) -> None:
    browser = enter(person=person)

    assert browser.get(f"/bestanden/{hands_over(browser, step)}").status_code == status


def test_unknown_file_and_that_of_others_cannot_be_told_apart(enter: Enter) -> None:
    browser = enter(person="vreemd")
    own = hands_over(browser, "advies")

    others, unknown = browser.get(f"/bestanden/{own}"), browser.get("/bestanden/01ARZ3NDEKTSV4RRFFQ69G5FAV")

    assert (others.status_code, unknown.status_code) == (404, 404)
    assert [each for each in others.text.split() if "<h1" in each] == [
        each for each in unknown.text.split() if "<h1" in each
    ]


def test_without_session_one_is_sent_to_sign_in(enter: Enter, browse: Browse) -> None:
    own = hands_over(enter(Right(Role.LEAD)), "advies")

    answer = browse().get(f"/bestanden/{own}")

    assert (answer.status_code, answer.headers["location"]) == (303, f"/aanmelden?verder=%2Fbestanden%2F{own}")


@pytest.mark.parametrize(
    "wanted", ["..%2f..%2fregie.db", "%2e%2e", "a%00b", "x" * 3_000, "'; DROP TABLE file; --", "bestand:1"]
)
def test_nothing_but_an_id_of_a_file_leads_anywhere(enter: Enter, world: World, wanted: str) -> None:
    assert enter(Right(Role.LEAD)).get(f"/bestanden/{wanted}").status_code in (400, 404)
    assert {"see-traject file:-"} >= set(refusals(world))


def test_removed_file_says_so(enter: Enter) -> None:
    browser = enter(Right(Role.LEAD))
    own = hands_over(browser, "advies")
    shell = browser.app.state.shell  # type: ignore[attr-defined]
    remove_file(shell.context, file_room(shell), own, NOW, by="cli:x", reason="verkeerd bestand")

    answer = browser.get(f"/bestanden/{own}")

    assert answer.status_code == 422
    assert "is verwijderd" in answer.text
    assert f"/bestanden/{own}" not in browser.get("/trajecten/de-wilg/stappen/advies").text


@pytest.mark.parametrize("cut", [True, False])
def test_bytes_that_are_gone_or_cut_off_are_a_fault_and_no_half_file(enter: Enter, cut: bool) -> None:
    browser = enter(Right(Role.LEAD))
    own = hands_over(browser, "advies")
    path = file_room(browser.app.state.shell).path_of(own)  # type: ignore[attr-defined]
    if cut:
        path.write_bytes(PDF[:10])
    else:
        path.unlink()

    answer = browser.get(f"/bestanden/{own}")

    assert answer.status_code in (500, 503)
    assert PDF[:10] not in answer.content
