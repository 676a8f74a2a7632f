"""Each page of keeping order is for who has the right to it, and a refusal is noted."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from regie.core.permissions import Right, Role
from tests.web.conftest import SAME_ORIGIN, Browse, token_on
from tests.web.order_admin import make_sign_in, make_world

PLANS, CALENDARS = "/beheer/stappenplannen", "/beheer/kalenders"
PAGES = {
    "manage-definitions": (PLANS, f"{PLANS}/codes", f"{PLANS}/*", f"{PLANS}/*/bron", f"{PLANS}/*/verschil", f"{PLANS}/*/gevolgen", f"{PLANS}/*/download"),
    "manage-calendars": (CALENDARS, f"{CALENDARS}/*", f"{CALENDARS}/*/dagen"),
    "see-audit": ("/beheer/audit", "/beheer/audit/controle"),
    "see-health": ("/beheer/gezondheid",),
    "manage-theme": ("/beheer/huisstijl",),
}  # fmt: skip
ACTS = {
    "manage-definitions": (PLANS, f"{PLANS}/meegeleverd", f"{PLANS}/*/stand"),
    "manage-calendars": (f"{CALENDARS}/*/dagen",),
    "export-audit": ("/beheer/audit/export",),
    "see-health": ("/beheer/gezondheid/testmail",),
    "manage-theme": ("/beheer/huisstijl",),
}


@pytest.mark.parametrize("role", [Role.LEAD, Role.MEMBER, Role.READER])
def test_who_keeps_nothing_in_order_sees_and_does_nothing_of_it(
    sqlite_engine: Engine, browse: Browse, role: Role
) -> None:
    world = make_world(sqlite_engine)
    browser = make_sign_in(world, browse)(Right(role))
    own = world.definition.content_hash
    before = world.rows("definition")
    token = token_on(browser.get("/aanmelden").text, "/taal")  # bound to the session, as every form is
    wanted = []
    for right, paths in PAGES.items():
        for path in paths:
            answer = browser.get(path.replace("*", own))
            assert answer.status_code == 403
            assert "Klein plan" not in answer.text
            wanted.append(right)
    for right, paths in ACTS.items():
        for path in paths:
            answer = browser.post(path.replace("*", own), data={"form_token": token}, headers=SAME_ORIGIN)
            assert answer.status_code == 403
            wanted.append(right)

    assert [row["about"] for row in world.rows("access_log") if row["what"] == "not-allowed"] == wanted
    assert world.rows("definition") == before


def test_who_is_not_signed_in_is_sent_to_sign_in(sqlite_engine: Engine, browse: Browse) -> None:
    make_world(sqlite_engine)
    browser = browse()

    for paths in PAGES.values():
        for path in paths:
            assert browser.get(path).headers["location"].startswith("/aanmelden?verder=")


def test_administrator_sees_all_of_it_in_both_languages_and_reading_writes_nothing(
    sqlite_engine: Engine, browse: Browse
) -> None:
    world = make_world(sqlite_engine)
    browser = make_sign_in(world, browse)(Right(Role.ADMINISTRATOR))
    before = {name: world.rows(name) for name in ("definition", "access_log", "history", "message")}

    for paths in PAGES.values():
        for path in paths:
            for language in ("nl", "en"):
                assert (
                    browser.get(f"{path.replace('*', world.definition.content_hash)}?taal={language}").status_code
                    == 200
                )

    assert {name: world.rows(name) for name in before} == before
