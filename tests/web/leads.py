"""Pages that leads act on: a traject with every kind of step, browsers of people with rights, and the two-page walk."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import Engine
from starlette.responses import Response
from starlette.testclient import TestClient

from regie.core.definition import Anchor, Case, Definition, EvidenceRule, ItemList, Term
from regie.core.ids import AnchorId, ListId, RoleId, StepId
from regie.core.permissions import Right
from regie.core.span import Span
from regie.core.terms import TermKind
from tests.store.world import World
from tests.support import builders as b
from tests.web.conftest import SAME_ORIGIN, Browse
from tests.web.staff import staff_of

START, OPENING = date(2027, 6, 1), date(2027, 9, 1)
SLUG = "de-wilg"
BASE = f"/trajecten/{SLUG}"
Typed = Mapping[str, str | Sequence[str]]


def definition() -> Definition:
    opening = Anchor(AnchorId("opening"), {"nl": "Opening"}, target_required=True, set_by=StepId("open"))
    evaluation = Anchor(AnchorId("evaluatie"), {"nl": "Evaluatie"})
    law = Term(Span.parse("8w"), TermKind.LAW, extension=Span.parse("6w"))
    return b.definition(
        b.step("advies", "5wd", due="10wd after predecessors", responsible=RoleId("other")),
        b.step("bewijs", "5wd", evidence=EvidenceRule.REQUIRED),
        b.step("vergunning", None, terms=(Case(law),)),
        b.step("besluit", "0wd", needs=["advies"], gate=b.gate(go="opens", stop="ends the cycle")),
        b.step("bouw", "20wd", needs=["advies", "bewijs"]),
        b.step("open", "5wd", needs=["besluit", "bouw"], due="on opening"),
        b.step("welkom", "1wd", for_each=ListId("komst"), due="5wd after arrival"),
        anchors={"opening": opening, "evaluatie": evaluation},
        lists={"komst": ItemList(ListId("komst"), {"nl": "Instroom"}, first_on=AnchorId("opening"))},
    )


def new_world(engine: Engine) -> World:
    found = World(engine, definition())
    found.starts(SLUG, start=START, targets={"opening": OPENING})
    found.starts("krap", start=START, targets={"opening": date(2027, 6, 4)})
    return found


def enter(world: World, browse: Browse, name: str, *rights: Right, **settings: object) -> TestClient:
    """Give a browser of an account of this name with these rights."""
    return staff_of(world, browse)(*rights, name=name, **settings)


def fields_of(page: str, action: str) -> dict[str, list[str]]:
    """What a browser would send of the form that acts on a path, without its buttons."""
    form = re.search(rf'<form[^>]*action="{re.escape(html.escape(action))}".*?</form>', page, re.DOTALL)
    assert form is not None, f"no form for {action}"
    found: dict[str, list[str]] = {}
    for tag in re.findall(r"<input\b[^>]*>", form[0]):
        kind, name = re.search(r'type="(\w+)"', tag), re.search(r'name="([^"]+)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if name and kind and kind[1] != "file" and (kind[1] not in ("radio", "checkbox") or " checked" in tag):
            found.setdefault(name[1], []).append(html.unescape(value[1] if value else "on"))
    for name, text in re.findall(r'<textarea\b[^>]*name="([^"]+)"[^>]*>\n(.*?)</textarea>', form[0], re.DOTALL):
        found.setdefault(name, []).append(html.unescape(text))
    for name, options in re.findall(r'<select\b[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form[0], re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found.setdefault(name, []).append(html.unescape(chosen[1]) if chosen else "")
    return found


def press(
    browser: TestClient, page: str, action: str, button: str, typed: Typed | None = None, files: object = None
) -> Response:
    """Fill in the form on a page that was loaded, and press one of its buttons."""
    sent: dict[str, object] = {**fields_of(page, action), **(typed or {}), "doe": button}
    return browser.post(action, data=sent, files=files, headers=SAME_ORIGIN)  # type: ignore[arg-type,return-value]


def weigh(browser: TestClient, action: str, typed: Typed | None = None) -> Response:
    """Load a form, fill it in, and ask for the consequences."""
    page = browser.get(action)
    assert page.status_code == 200, page.text
    return press(browser, page.text, action, "bekijk", typed)


def do(browser: TestClient, action: str, typed: Typed | None = None, files: object = None) -> Response:
    """Walk the two pages: the form, and the consequences; give the answer to what is saved."""
    shown = weigh(browser, action, typed)
    assert shown.status_code == 200, shown.text
    assert "Dit gebeurt er als u opslaat" in shown.text
    return press(browser, shown.text, action, "opslaan", files=files)


def history(world: World, traject_id: int = 1) -> list[tuple[str, str]]:
    """What happened and by whom, without the start."""
    return [(row["event"], row["by"]) for row in world.rows("history") if row["traject_id"] == traject_id][1:]
