"""Definitions in the hands of an administrator: read, compared, taken in only when they are right, retired without harm."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable

import pytest
from sqlalchemy import Engine
from starlette.responses import Response
from starlette.testclient import TestClient

from regie.actions.context import Context
from regie.actions.start_traject import NewTraject, start_traject
from regie.core.permissions import Right, Role
from regie.definitions import load_sources
from regie.errors import Refused
from regie.store.definitions import list_definitions
from regie.store.session import read_scope
from tests.store.world import Watched, World
from tests.web.conftest import NOW, SAME_ORIGIN, Browse, texts_of, token_on
from tests.web.order_admin import OPENING, SMALL, START, SignsIn, make_sign_in, make_world
from tests.web.signed_in import send

HERE = "/beheer/stappenplannen"
NEXT = SMALL.replace('"2027.1"', '"2027.2"').replace("takes: 10wd", "takes: 15wd").replace("title: Baas", "title: Chef")
Upload = Callable[..., Response]


@pytest.fixture
def world(sqlite_engine: Engine) -> World:
    found = make_world(sqlite_engine)
    found.starts("de-wilg", start=START, targets={"opening": OPENING})
    return found


@pytest.fixture
def signs_in(world: World, browse: Browse) -> SignsIn:
    return make_sign_in(world, browse)


@pytest.fixture
def visitor(signs_in: SignsIn) -> TestClient:
    return signs_in(Right(Role.ADMINISTRATOR))


@pytest.fixture
def uploads(visitor: TestClient) -> Upload:
    def upload(*files: tuple[str, bytes]) -> Response:
        token = token_on(visitor.get(HERE).text, HERE)
        sent = [("bestanden", (name, body, "application/octet-stream")) for name, body in files]
        return visitor.post(HERE, data={"form_token": token}, files=sent, headers=SAME_ORIGIN)  # type: ignore[return-value]

    return upload


def zipped(*files: tuple[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in files:
            package.writestr(name, text)
    return out.getvalue()


def kept(world: World) -> dict[str, str]:
    with read_scope(world.engine) as session:
        return {each.version: each.status.value for each in list_definitions(session)}


def noted(world: World, what: str) -> list[str]:
    return [row["about"] for row in world.rows("access_log") if row["what"] == what]


def test_who_is_not_signed_in_is_sent_to_sign_in(world: World, browse: Browse) -> None:
    assert browse().get(HERE).headers["location"].startswith("/aanmelden")


def test_list_says_versions_status_and_who_follows_which(visitor: TestClient, world: World) -> None:
    page = visitor.get(HERE).text

    assert re.search(r"Klein plan.*?2027\.1.*?actief.*?>1<", page, re.DOTALL)
    assert "Menswaardige opvang" in page
    assert "Small plan" in visitor.get(f"{HERE}?taal=en").text


def test_version_is_read_by_phase_with_roles_gates_and_terms(visitor: TestClient, world: World) -> None:
    page = visitor.get(f"{HERE}/{world.definition.content_hash}").text

    assert 'href="/trajecten/de-wilg"' in page
    for said in (
        "Nota schrijven",
        "10 werkdagen",
        "Maker",
        "begint na &#39;Nota schrijven&#39;",
        "vertrouwelijk tot Opening",
    ):
        assert said in page
    assert "3 stappen" in page


def test_right_upload_becomes_a_draft_that_no_traject_can_follow_until_it_is_active(
    visitor: TestClient, uploads: Upload, world: World
) -> None:
    answer = uploads(("workflow.yaml", NEXT.encode()))
    new = load_sources({"workflow.yaml": NEXT})
    context, first = Context.on(world.engine, b"k" * 32), NewTraject("Tweede", START, targets={"opening": OPENING})

    assert (answer.status_code, answer.headers["location"]) == (303, f"{HERE}/{new.content_hash}?gedaan=concept")
    assert kept(world) == {"2027.1": "active", "2027.2": "draft"}
    with pytest.raises(Refused) as refused:
        start_traject(context, {"workflow.yaml": NEXT}, new, first, NOW)
    assert refused.value.code == "definition-not-active"

    path = f"{HERE}/{new.content_hash}"
    form = {"naar": "active", "gezien": "draft", "vorige": "ja"}
    assert send(visitor, f"{path}/stand", form, on=path).status_code == 303
    assert kept(world) == {"2027.1": "retired", "2027.2": "active"}
    assert start_traject(context, {"workflow.yaml": NEXT}, new, first, NOW)[0] == 2
    assert noted(world, "definition-activated") == ["definition:klein 2027.2"]


def test_retired_version_starts_nothing_and_what_runs_goes_on(visitor: TestClient, world: World) -> None:
    path = f"{HERE}/{world.definition.content_hash}"
    assert send(visitor, f"{path}/stand", {"naar": "retired"}, on=path).status_code == 303

    with pytest.raises(Refused, match="retired"):
        start_traject(
            Context.on(world.engine, b"k" * 32),
            {"workflow.yaml": SMALL},
            world.definition,
            NewTraject("Tweede", START, targets={"opening": OPENING}),
            NOW,
        )
    world.sweeps(1, START)
    assert "uit gebruik" in visitor.get(path).text


def test_second_of_two_is_told_what_it_is_by_now(visitor: TestClient, uploads: Upload, world: World) -> None:
    path = uploads(("workflow.yaml", NEXT.encode())).headers["location"].partition("?")[0]
    token = token_on(visitor.get(path).text, f"{path}/stand")
    form = {"form_token": token, "naar": "active", "gezien": "draft"}

    first, second = (visitor.post(f"{path}/stand", data=form, headers=SAME_ORIGIN) for _ in range(2))

    assert (first.status_code, second.status_code) == (303, 409)
    assert "Iemand anders was u voor: versie 2027.2 is nu actief." in second.text
    assert visitor.post(f"{path}/stand", data={**form, "naar": "weg"}, headers=SAME_ORIGIN).status_code == 409
    assert kept(world)["2027.2"] == "active"


def test_draft_is_thrown_away_and_the_same_or_another_of_its_version_is_refused(
    visitor: TestClient, uploads: Upload, world: World
) -> None:
    path = uploads(("workflow.yaml", NEXT.encode())).headers["location"].partition("?")[0]

    again, other = (
        uploads(("workflow.yaml", text.encode())) for text in (NEXT, NEXT.replace("takes: 15wd", "takes: 16wd"))
    )
    assert (again.status_code, other.status_code) == (409, 409)
    assert "die er al is" in again.text
    assert "Er is al een andere versie 2027.2 van klein" in other.text
    send(visitor, f"{path}/stand", {"naar": "weg"}, on=path)
    assert kept(world) == {"2027.1": "active"}
    assert noted(world, "definition-discarded") == ["definition:klein 2027.2"]


def test_wrong_upload_is_shown_at_its_lines_and_nothing_is_kept(uploads: Upload, world: World) -> None:
    wrong = NEXT.replace("needs: besluit", "needs: beslut").replace("title: Chef", "title: <script>alert(1)</script>")

    answer = uploads(("workflow.yaml", wrong.encode()))

    assert answer.status_code == 422
    assert texts_of(answer.text, "title")[0].startswith("Fout:")
    line = next(number for number, text in enumerate(wrong.splitlines(), 1) if "beslut" in text)
    shown = re.search(rf'<li id="workflow.yaml-{line}" class="regie-source__wrong">(.*?)</li>', answer.text, re.DOTALL)
    assert shown is not None
    assert "needs: beslut" in shown[1]
    assert f"regel {line}, kolom" in shown[1]
    assert re.search(r'href="/beheer/stappenplannen/codes#(RG\d+)"', shown[1])
    assert "besluit" in shown[1]
    assert kept(world) == {"2027.1": "active"}


def test_script_in_titles_is_text_everywhere(visitor: TestClient, uploads: Upload) -> None:
    hostile = NEXT.replace("Klein plan", "<script>alert(1)</script>").replace(
        "title: Openen", "title: '<img src=x onerror=alert(1)>'"
    )
    path = uploads(("workflow.yaml", hostile.encode())).headers["location"].partition("?")[0]

    for each in (
        HERE,
        path,
        f"{path}/bron",
        f"{path}/verschil",
        f"{path}/gevolgen",
        path.replace("stappenplannen", "kalenders"),
    ):
        page = visitor.get(each).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page


def test_hostile_yaml_is_refused_quickly(uploads: Upload, world: World) -> None:
    bomb = "regie: 1\na: &a [x, x, x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a, *a]\n" for n in range(50))
    deep = "regie: 1\nid: x\ntitle: x\nsteps: " + "[" * 5000

    for body in (
        bomb.encode(),
        deep.encode(),
        b"\xff\xfe\x00r",
        b"regie: 1\n" + b"#" * 1_000_001,
        b"!!python/object:os.system {}\n",
        b"",
    ):
        answer = uploads(("workflow.yaml", body))
        assert answer.status_code == 422
        assert "Er is niets bewaard." in answer.text or "kan niet worden gebruikt" in answer.text
    assert kept(world) == {"2027.1": "active"}


_HOSTILE_PACKAGE_IS_REFUSED_WITH_THE_REAS = [
        ("x.zip", zipped(("../workflow.yaml", NEXT)), "buiten de zip"),
        ("x.zip", zipped(("/workflow.yaml", NEXT)), "buiten de zip"),
        ("x.zip", zipped(("a\\..\\workflow.yaml", NEXT)), "buiten de zip"),
        ("x.zip", zipped(("workflow.yaml", "#" * 50_000_000)), "groter dan 1 MB"),
        ("x.zip", zipped(*((f"m{n}/", "") for n in range(500))), "meer bestanden"),
        ("x.zip", zipped(("a/workflow.yaml", NEXT), ("b/fase.yaml", "steps: {}")), "verschillende mappen"),
        ("x.zip", zipped(("lees.txt", "niets")), "geen YAML-bestand"),
        ("x.zip", b"PK\x03\x04 geen zip", "geen zip die te lezen is"),
        ("x.zip", zipped(("workflow.yaml", NEXT))[:-30], "geen zip die te lezen is"),
        ("../../workflow.exe", NEXT.encode(), "zo heet geen YAML-bestand"),
    ]  # fmt: skip


def test_hostile_package_is_refused_with_the_reason(uploads: Upload, world: World) -> None:
    for name, body, said in _HOSTILE_PACKAGE_IS_REFUSED_WITH_THE_REAS:
        answer = uploads((name, body))

        assert answer.status_code == 422
        assert said in answer.text
        assert kept(world) == {"2027.1": "active"}


def test_nothing_chosen_is_said(uploads: Upload) -> None:
    answer = uploads(("", b""))

    assert answer.status_code in (400, 422)


def test_zip_of_a_folder_with_rehearsals_is_taken_and_comes_back_the_same(
    visitor: TestClient, uploads: Upload, world: World
) -> None:
    body = zipped(("plan/workflow.yaml", NEXT), ("plan/rehearsals/1.yaml", "title: x"), ("plan/lees.txt", "x"))
    path = uploads(("plan.zip", body)).headers["location"].partition("?")[0]

    answer = visitor.get(f"{path}/download")

    with zipfile.ZipFile(io.BytesIO(answer.content)) as package:
        assert {name: package.read(name).decode() for name in package.namelist()} == {"workflow.yaml": NEXT}
    assert answer.headers["content-disposition"] == 'attachment; filename="klein-2027.2.zip"'


def test_difference_is_said_in_sentences_in_both_languages(visitor: TestClient, uploads: Upload, world: World) -> None:
    path = uploads(("workflow.yaml", NEXT.encode())).headers["location"].partition("?")[0]
    address = f"{path}/verschil?met={world.definition.content_hash}"

    dutch, english = visitor.get(address).text, visitor.get(f"{address}&taal=en").text

    assert texts_of(dutch, "li")[-2:] == [
        "Rol &#39;Chef&#39;: titel was &#39;Baas&#39;, wordt &#39;Chef&#39;.",
        "Stap &#39;Nota schrijven&#39;: duur was 10 werkdagen, wordt 15 werkdagen.",
    ]
    assert "Step &#39;Nota schrijven&#39;: duration was 10 working days, becomes 15 working days." in english
    assert "de stappen verschillen ook" in visitor.get(f"{path}/gevolgen").text


def test_shipped_definition_is_taken_over_once(visitor: TestClient, world: World) -> None:
    answers = [send(visitor, f"{HERE}/meegeleverd", {"plan": "opvang"}, on=HERE)]

    assert answers[0].status_code == 303
    assert kept(world)["2026.1"] == "draft"
    assert "Meegeleverd met Regie" not in visitor.get(HERE).text


_VERSION_THAT_IS_NOT_THERE_IS_404 = [f"{HERE}/{'0' * 64}", f"{HERE}/x/bron", f"{HERE}/x/verschil", f"{HERE}/x/gevolgen", f"{HERE}/x/download"]  # fmt: skip


def test_version_that_is_not_there_is_404(visitor: TestClient) -> None:
    for path in _VERSION_THAT_IS_NOT_THERE_IS_404:
        assert visitor.get(path).status_code == 404


def test_pages_ask_no_more_of_the_database_for_more_trajects(visitor: TestClient, world: World) -> None:
    paths = (HERE, f"{HERE}/{world.definition.content_hash}", "/beheer/kalenders")

    def reads() -> list[int]:
        found = []
        for path in paths:
            with Watched(world.engine) as watched:
                assert visitor.get(path).status_code == 200
            found.append(len(watched.reads))
        return found

    reads()
    before = reads()
    for number in range(5):
        world.starts(f"huis-{number}", start=START, targets={"opening": OPENING})
    assert reads() == before
