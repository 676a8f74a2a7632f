"""Every page as people meet it: with a screen reader, on a small phone, with large letters, by keyboard, without colour.

Axe finds perhaps a third of what can be wrong; the rest here is what WCAG 2.2 AA asks and a machine can see.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from regie.actions.keep_webhooks import add as add_webhook
from regie.store.definitions import list_definitions
from regie.store.outbox import list_messages
from regie.store.session import read_scope
from regie.web.app import ROUTERS
from tests.browser.conftest import faults
from tests.browser.living import Living
from tests.browser.places import EVERY, NOT_PAGES, PLACES, Place, Who, routes_to_get

Open = Callable[..., None]
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 320, "height": 640}
IN_README = ("actie", "traject", "planning")
MOST_TABS = 15
"""How often Tab is pressed on one page; what comes after it is given the focus without a keyboard, which is ten times as quick."""

every_place = pytest.mark.parametrize("place", EVERY, ids=[each.name for each in EVERY])


@pytest.fixture(scope="session")
def found(still: Living) -> dict[str, str]:
    """What stands between brackets in the addresses: ids that only this municipality has."""
    link = still.hands("f1-zorgafspraken", "ggd").rsplit("/", 1)[1]
    webhook = add_webhook(
        still.context, still.settings, name="Zaaksysteem", url=f"{still.url}/regie", by="cli:x", now=still.clock(),
    )  # fmt: skip
    with read_scope(still.context.engine) as session:
        definition, message = list_definitions(session)[-1], list_messages(session, limit=1)[0]
    return {"link": link, "hash": definition.content_hash, "message": message.id, "webhook": webhook.webhook_id}


@pytest.fixture
def opens(still: Living, staff: int, found: dict[str, str], context: BrowserContext, page: Page) -> Open:
    """Open a place in the browser of who may."""

    def open_place(place: Place, language: str = "nl") -> None:
        if place.who is Who.STAFF:
            still.lets_in(context, account=staff)
        elif place.who is Who.PARTNER:
            still.lets_in(context, person=still.person("ggd"))
        address = place.address.format(**found)
        answer = page.goto(f"{still.url}{address}{'&' if '?' in address else '?'}taal={language}")
        assert answer is not None
        assert page.url.startswith(f"{still.url}{address.partition('?')[0]}"), f"sent on to {page.url}"

    return open_place


def test_every_page_is_known_here() -> None:
    there = {path for router in ROUTERS for path in routes_to_get(router.routes) if not path.startswith("/api/")}

    assert there - NOT_PAGES - set(PLACES) == set()
    assert (set(PLACES) | NOT_PAGES) - there == set()
    assert len({each.name for each in EVERY}) == len(EVERY)


@every_place
def test_page_is_for_everybody(opens: Open, page: Page, place: Place, pictures: Path | None) -> None:
    """One look at a page costs most of the time, so each is opened twice, and everything that is wrong is told at once."""
    page.set_viewport_size(WIDE)
    opens(place, "en")
    english = {"axe, English": faults(page), "language, English": _is_not_in("en", page)}
    opens(place)
    if pictures:
        _take_pictures(page, place.name, pictures)

    assert {what: found for what, found in (english | look(page)).items() if found} == {}


def look(page: Page) -> dict[str, object]:
    """Everything that may be wrong with a page in Dutch, by what it is; what is not wrong is empty."""
    page.set_viewport_size(WIDE)
    wrong: dict[str, object] = {
        "axe": faults(page),
        "language": _is_not_in("nl", page),
        "one heading of the first level": page.get_by_role("heading", level=1).count() != 1,
        "a title": not page.title().strip(" -"),
        "colour says what words do not": _colour_alone(page),
        "by keyboard": _by_keyboard(page),
    }
    page.evaluate("document.documentElement.style.setProperty('font-size', '200%')")
    wrong["letters twice as large: too wide"] = _too_wide(page)
    wrong["letters twice as large: cut off"] = page.evaluate(_CUT_OFF)
    page.evaluate("document.documentElement.style.removeProperty('font-size')")
    page.set_viewport_size(NARROW)
    wrong["small phone: too wide"] = _too_wide(page)
    wrong["small phone: too small to press"] = page.evaluate(_SMALL)
    return wrong


PLANTED = {
    "axe": "main.append(document.createElement('select'))",
    "language": "document.documentElement.lang = 'de'",
    "one heading of the first level": "main.append(document.createElement('h1'))",
    "a title": "document.title = ' - '",
    "colour says what words do not": """main.insertAdjacentHTML('beforeend',
        '<b class="regie-badge regie-badge--late">3</b><b class="regie-badge">3</b>')""",
    "by keyboard": "link.style.outline = 'none'",
    "by keyboard: before its turn": "link.tabIndex = 3",
    "by keyboard: out of view": "link.style.position = 'fixed', link.style.left = '-90rem'",
    "letters twice as large: too wide": "main.style.inlineSize = '60rem'",
    "letters twice as large: cut off": "text.style.overflow = 'hidden', text.style.inlineSize = '20px'",
    "small phone: too wide": "main.style.minInlineSize = '400px'",
    "small phone: too small to press": "link.style.fontSize = link.style.lineHeight = '8px'",
}
"""What can be done to a page that must be found, by what finds it; what stands behind a colon is part of what is said."""


@pytest.mark.parametrize("what", PLANTED)
def test_what_is_wrong_with_a_page_is_found(opens: Open, page: Page, what: str) -> None:
    """Or the looks above would prove nothing."""
    (place,) = [each for each in EVERY if each.name == "toegankelijkheid"]
    opens(place)
    assert not any(look(page).values())

    page.evaluate(
        f"""() => {{
            const main = document.querySelector('main'), text = main.querySelector('p');
            const link = main.appendChild(document.createElement('a'));
            [link.href, link.textContent, link.className] = ['/', 'Verder', 'nl-link regie-touch'];
            {PLANTED[what]};
        }}"""
    )

    found = look(page)
    by, _, words = what.partition(": ") if what.startswith("by") else (what, "", "")
    assert found[by], found
    assert words in str(found[by])


def _take_pictures(page: Page, name: str, folder: Path) -> None:
    page.screenshot(path=folder / f"{name}.png", full_page=True)
    if name in IN_README:
        tall = min(page.evaluate("document.documentElement.scrollHeight"), 1_400)
        page.screenshot(
            path=folder / f"readme-{name}.png",
            full_page=True,
            clip={"x": 0, "y": 0, "width": WIDE["width"], "height": tall},
        )
    page.set_viewport_size(NARROW)
    page.screenshot(path=folder / f"{name}-320.png", full_page=True)


def _is_not_in(language: str, page: Page) -> bool:
    return page.locator("html").get_attribute("lang") != language


def _colour_alone(page: Page) -> dict[str, set[str]]:
    """Marks with the same words and another colour: whoever sees no colour would miss something."""
    marks = page.evaluate(
        "[...document.querySelectorAll('.regie-badge')].map(each => [each.textContent.trim(), each.className])"
    )
    kinds: dict[str, set[str]] = {}
    for words, kind in marks:
        kinds.setdefault(words, set()).add(kind)
    return {words: found for words, found in kinds.items() if len(found) > 1 or not words}


def _by_keyboard(page: Page) -> list[str]:
    """Where the focus is not to be seen, or Tab goes elsewhere than to the next thing on the page.

    Everything that can have the focus is given it; without a tabindex above zero, Tab follows the order of the page.
    """
    wrong: list[str] = page.evaluate(_EACH_IN_FOCUS)
    many = page.evaluate(_IN_ORDER)
    page.evaluate("document.body.tabIndex = -1, document.body.focus()")  # to where the keyboard begins on a new page
    at = -1
    while at + 1 < min(many, MOST_TABS):
        page.keyboard.press("Tab")
        where = page.evaluate(_WHERE)
        if where["wrong"]:
            wrong.append(where["wrong"])
        if where["number"] == at and where["has_parts"]:
            continue  # a date has a day, a month and a year
        if where["number"] != at + 1:
            return [*wrong, f"after {at} comes {where['number']}"]
        at += 1
    return wrong


@pytest.fixture(scope="session")
def pictures() -> Path | None:
    """Where pictures of the pages go, to look at; none are made when nobody asks for them."""
    if not (wanted := os.environ.get("REGIE_PICTURES")):
        return None
    Path(wanted).mkdir(parents=True, exist_ok=True)
    return Path(wanted)


def _too_wide(page: Page) -> list[str]:
    """What sticks out, on a page that has to be moved sideways."""
    if page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"):
        return []
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('main *, header *, footer *')]
            .filter(each => each.getBoundingClientRect().right > document.documentElement.clientWidth + 1
                && !each.closest('.regie-scroll'))
            .slice(0, 5).map(each => each.outerHTML.slice(0, 150))"""
    )
    return found or ["something"]


_FOCUSABLE = """[...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]')]
    .filter(each => !each.disabled && each.tabIndex >= 0 && each.checkVisibility({visibilityProperty: true}) && each.getClientRects().length
        && !(each.type === 'radio' && each !== (document.querySelector(`input[name="${each.name}"]:checked`) || document.querySelector(`input[name="${each.name}"]`))))"""
_IN_ORDER = f"""() => {_FOCUSABLE}.map((each, number) => each.dataset.order = number).length"""
_SEEN = """at => {
    const box = at.getBoundingClientRect(), style = getComputedStyle(at);
    const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
    const inView = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
    return ring && inView ? '' : `${ring ? 'out of view' : 'no ring'}: ${at.outerHTML.slice(0, 150)}`;
}"""
_EACH_IN_FOCUS = f"""() => {_FOCUSABLE}.flatMap(each => {{
    each.focus({{focusVisible: true}});
    return [each.tabIndex > 0 && `before its turn: ${{each.outerHTML.slice(0, 150)}}`, ({_SEEN})(each)].filter(Boolean);
}})"""
_WHERE = f"""() => {{
    const at = document.activeElement;
    return {{number: Number(at.dataset.order), wrong: ({_SEEN})(at), has_parts: at.matches('input[type=date]')}};
}}"""
# the names beside the bars stand whole in the table below them
_CUT_OFF = """() => [...document.querySelectorAll('body *')]
    .filter(each => each.checkVisibility() && !each.closest('.regie-hidden, .regie-skip, .regie-gantt, svg, select, textarea, input')
        && each.childNodes.length && [...each.childNodes].some(node => node.nodeType === 3 && node.data.trim())
        && ['hidden', 'clip'].includes(getComputedStyle(each).overflowX) && each.scrollWidth > each.clientWidth + 1)
    .slice(0, 5).map(each => each.outerHTML.slice(0, 150))"""
_SMALL = """() => [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')]
    .filter(each => each.checkVisibility() && !each.closest('.regie-skip, svg'))
    .filter(each => {
        const box = each.getBoundingClientRect();
        const around = [...each.parentElement.childNodes].some(node => node.nodeType === 3 && /\\w/.test(node.data));
        const inSentence = each.matches('a') && getComputedStyle(each).display === 'inline' && around;
        return !inSentence && (box.width < 24 || box.height < 24);
    })
    .slice(0, 5).map(each => each.outerHTML.slice(0, 150) + ' ' + JSON.stringify(each.getBoundingClientRect()))"""
