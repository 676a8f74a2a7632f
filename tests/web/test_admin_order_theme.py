"""The look: another one is used at once, holds nothing but tokens and shapes, and is measured."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import Engine
from starlette.responses import Response
from starlette.testclient import TestClient

from regie.core.permissions import Right, Role
from regie.web.contrast import colour_of, contrast, measure
from tests.store.world import World
from tests.web.conftest import SAME_ORIGIN, Browse, token_on
from tests.web.order_admin import SignsIn, make_sign_in, make_world

HERE = "/beheer/huisstijl"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle cx="4" cy="4" r="4" fill="#154273"/></svg>'
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20


@pytest.fixture
def world(sqlite_engine: Engine) -> World:
    return make_world(sqlite_engine)


@pytest.fixture
def signs_in(world: World, browse: Browse) -> SignsIn:
    return make_sign_in(world, browse)


@pytest.fixture
def visitor(signs_in: SignsIn) -> TestClient:
    return signs_in(Right(Role.ADMINISTRATOR))


def change(visitor: TestClient, style: str = "", logo: tuple[str, bytes] | None = None, **more: str) -> Response:
    page = visitor.get(HERE).text
    token, more = token_on(page, HERE), {"gezien": seen_on(page), **more}
    files = {"logo": (*logo, "application/octet-stream")} if logo else None
    return visitor.post(  # type: ignore[return-value]
        HERE, data={"form_token": token, "stijl": style, **more}, files=files, headers=SAME_ORIGIN
    )


def seen_on(page: str) -> str:
    found = re.search(r'name="gezien" value="(\w+)"', page)
    assert found
    return found[1]


def look(visitor: TestClient, name: str) -> str:
    """What a page fetches as this file of the look; empty when it fetches none."""
    found = re.search(rf"/static/{name}\.[0-9a-f]+\.\w+", visitor.get("/aanmelden").text)
    return visitor.get(found[0]).text if found else ""


def test_style_and_logo_are_used_at_once_in_every_process(visitor: TestClient, signs_in: SignsIn, world: World) -> None:
    other = signs_in(name="Andere Server")  # an application of its own, on the same folder

    answer = change(
        visitor, "/* van ons */ :root { --basis-color-action-1-color-default: #154273; }", ("logo.svg", SVG)
    )

    assert (answer.status_code, answer.headers["location"]) == (303, f"{HERE}?gedaan=ja")
    for each in (visitor, other):
        assert look(each, "theme") == ".voorbeeld-theme {\n  --basis-color-action-1-color-default: #154273;\n}\n"
        assert look(each, "logo") == SVG.decode()
    assert [row["about"] for row in world.rows("access_log") if row["what"] == "theme-changed"] == ["logo.svg style"]

    change(visitor, logo=("Wapen.PNG", PNG))
    assert 'src="/static/logo.' in visitor.get("/aanmelden").text
    assert ".png" in re.search(r'src="(/static/logo[^"]+)"', visitor.get("/aanmelden").text)[1]  # type: ignore[index]
    change(visitor, terug="ja")
    assert (look(visitor, "theme"), look(other, "logo")) == ("", "")


def test_second_of_two_sees_what_it_is_now_and_loses_nothing(visitor: TestClient, signs_in: SignsIn) -> None:
    other, mine = (
        signs_in(Right(Role.ADMINISTRATOR), name="Bob"),
        ":root { --basis-color-action-1-color-default: #111111; }",
    )
    old = seen_on(visitor.get(HERE).text)
    change(other, ":root { --basis-color-action-1-color-default: #222222; }")

    late = change(visitor, mine, gezien=old)

    assert late.status_code == 409
    assert "Iemand anders veranderde de huisstijl intussen." in late.text
    assert mine in late.text
    assert "--basis-color-action-1-color-default: #222222;" in late.text
    assert "#222222" in look(visitor, "theme")
    assert change(visitor, terug="ja", gezien=old).status_code == 409
    assert change(visitor, mine, gezien=seen_on(late.text)).status_code == 303
    assert "#111111" in look(visitor, "theme")


_STYLE_WITH_ANYTHING_BUT_TOKENS_IS_REFUSE = [
        "body { display: none }", ":root { --a: url(https://elders.nl/x) }", "@import 'https://elders.nl/x.css';",
        ":root { --a: red } .nl-button { --b: 1px }", ":root { --a: \\75rl(x) }", ":root { --a: red; color: red }",
        ":root { --a: expression(alert(1)) }", ":root { --a: </style><script>alert(1)</script> }", ":root { --a: red",
        "} :root { --a: red }", ":root { --a: image-set('x' 1x) }", "--a: red;", ":root { --a: attr(x) }", "@media print { :root { --a: red } }",
        "x" * 199_000,
    ]  # fmt: skip


def test_style_with_anything_but_tokens_is_refused_and_kept_as_typed(visitor: TestClient) -> None:
    for style in _STYLE_WITH_ANYTHING_BUT_TOKENS_IS_REFUSE:
        answer = change(visitor, style)

        assert answer.status_code == 422
        assert "Deze stijl kan niet worden gebruikt" in answer.text
        assert "<script>alert" not in answer.text
        assert look(visitor, "theme") == ""
        assert style[:12].replace("<", "&lt;").replace("'", "&#39;") in answer.text


_LOGO_WITH_MORE_THAN_A_PICTURE_IS_REFUSED = [
        ("a.svg", b"<svg><script>alert(1)</script></svg>"), ("a.svg", b"<svg onload=alert(1)></svg>"),
        ("a.svg", b'<svg><a href="javascript:alert(1)"/></svg>'), ("a.svg", b'<svg><use href="https://elders.nl/x#y"/></svg>'),
        ("a.svg", b"<svg><style>*{background:url(//elders.nl)}</style></svg>"), ("a.svg", b"<html><svg></svg></html>"),
        ("a.svg", b'<!DOCTYPE svg [<!ENTITY x "y">]><svg>&x;</svg>'), ("a.svg", b"<svg><animate onbegin='x'/></svg>"),
        ("a.svg", b'<svg fill="url(https://elders.nl/x)"></svg>'), ("a.svg", b'<svg><image href="data:text/html,x"/></svg>'),
        ("a.png", b"<html>"), ("a.png", SVG), ("a.gif", b"GIF89a"), ("../../x", PNG), ("a.png", PNG + b"\x00" * 200_000),
    ]  # fmt: skip


def test_logo_with_more_than_a_picture_is_refused(visitor: TestClient) -> None:
    for name, body in _LOGO_WITH_MORE_THAN_A_PICTURE_IS_REFUSED:
        answer = change(visitor, logo=(name, body))

        assert answer.status_code == 422
        assert "Dit logo kan niet worden gebruikt" in answer.text
        assert look(visitor, "logo") == ""


def test_nothing_chosen_is_said(visitor: TestClient) -> None:
    assert "Kies een logo of een stijl." in change(visitor).text


def test_logo_that_was_put_in_its_place_on_disk_is_not_shown(visitor: TestClient, tmp_path: Path) -> None:
    change(visitor, logo=("logo.svg", SVG))
    (tmp_path / "huisstijl" / "logo.svg").write_bytes(b"<svg><script>alert(1)</script></svg>")

    assert look(visitor, "logo") == ""


def test_too_little_contrast_is_named(visitor: TestClient) -> None:
    good = visitor.get(HERE).text
    change(visitor, ".voorbeeld-theme { --nl-link-color: #bbb; --nl-button-primary-color: oklch(50% 0.1 20); }")
    poor = visitor.get(HERE).text

    assert "Te weinig contrast" not in good
    assert "Te weinig contrast: links." in poor
    assert "niet te meten" in poor
    assert "niet te meten" not in good


def test_contrast_is_that_of_the_standard() -> None:
    assert round(contrast((0x77, 0x77, 0x77), (255, 255, 255)), 2) == 4.48
    assert contrast((0, 0, 0), (0, 0, 0)) == 1
    assert colour_of("--a", {"--a": "var(--b, #fff)", "--b": "var(--a)"}) is None
    assert colour_of("--a", {"--a": "var(--weg, rgb(1, 2 3))"}) == (1, 2, 3)
    assert {each.ratio for each in measure([""])} == {None}


def test_settings_are_shown_with_the_name_of_each(signs_in: SignsIn) -> None:
    page = signs_in(Right(Role.ADMINISTRATOR), organisation="Gemeente <b>", environment_label="Proef").get(HERE).text

    assert "Gemeente &lt;b&gt; (REGIE_ORGANISATION)" in page
    assert "Dit is Proef: geen echte omgeving." in page
