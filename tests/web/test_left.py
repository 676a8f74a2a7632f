"""What left the building, for who keeps it in order: links, messages, webhooks. Only for who may, with words escaped."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from regie import doorbell
from regie.actions.deliver import Postage, deliver
from regie.core.definition import Anchor
from regie.core.ids import AnchorId, PersonId, RoleId
from regie.core.permissions import Right, Role
from regie.feeds import feed_key
from regie.notify.sender import Delivery, DeliveryOutcome, OutgoingMessage
from regie.reports.what_left import _say_kind
from regie.store.brake import hold_everything
from regie.store.feeds import find_feed, open_feed
from regie.store.session import in_transaction, read_scope
from regie.store.webhooks import list_webhooks
from tests.store.world import MONDAY, Watched, World
from tests.support import builders as b
from tests.support.receivers import Receiver
from tests.web.conftest import LINK_KEY, NOW, SAME_ORIGIN, Browse, token_on
from tests.web.signed_in import dump, send
from tests.web.staff import SignIn, staff_of

ADMIN = Right(Role.ADMINISTRATOR)
OWN, OTHER = 1, 2
SCRIPT = '"><script>alert(1)</script>'
HOOKS = "/beheer/webhooks"
SETTINGS: dict[str, Any] = {
    "cloudevents_source": "urn:nld:gemeente-voorbeeldstad.regie",
    "cloudevents_type_prefix": "nl.voorbeeldstad.regie",
    "webhook_hosts": "hooks.voorbeeldstad.nl",
    "webhook_internal_hosts": "127.0.0.1",
}


class Post:
    """A sender that keeps what it gets, or refuses all for good."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.sent: list[OutgoingMessage] = []
        self._refuses = refuses

    def send(self, message: OutgoingMessage) -> Delivery:
        if self._refuses:
            return Delivery(DeliveryOutcome.REFUSED, "the mail server answered 550 no such mailbox", permanent=True)
        self.sent.append(message)
        return Delivery(DeliveryOutcome.ACCEPTED, "accepted")


@pytest.fixture
def world(sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> World:
    """Two trajects, each with a step that somebody must do, and a mail about it that has not left."""
    monkeypatch.setattr(doorbell, "ring", lambda settings, reason: True)
    found = World(
        sqlite_engine,
        b.definition(
            b.step("advies", "5wd", responsible=RoleId("other")),
            b.step("geheim", "5wd", confidential_until=AnchorId("opening")),
            anchors={AnchorId("opening"): Anchor(AnchorId("opening"), {"nl": "Opening"})},
        ),
    )
    day = NOW.date() - timedelta(days=2)
    found.starts("de-wilg", start=day)
    found.starts("de-es", start=day)
    return found


@pytest.fixture
def signs_in(world: World, browse: Browse) -> SignIn:
    return staff_of(world, browse, **SETTINGS)


def posts(browser: TestClient, world: World, *, refuses: bool = False, at: datetime = NOW) -> Post:
    """Send what stands ready."""
    post = Post(refuses=refuses)
    context = browser.app.state.shell.context  # type: ignore[attr-defined]
    deliver(context, post, lambda: at, "post", Postage(base_url="https://regie.voorbeeldstad.nl"))
    return post


def rows(page: str) -> list[str]:
    body = re.search(r"<tbody.*?</tbody>", page, re.DOTALL)
    return re.findall(r'scope="row">.*?</tr>', body[0], re.DOTALL) if body else []


def links_of(post: Post) -> list[str]:
    return [found for each in post.sent for found in re.findall(r"/actie/[a-z0-9]+", each.text)]


# --- who may -----------------------------------------------------------------------------------------

PATHS = ["/beheer/links", "/beheer/links/1", "/beheer/verzending", "/beheer/verzending/m00001", HOOKS, f"{HOOKS}/nieuw",
         f"{HOOKS}/x"]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("rights", [(Right(Role.READER),), (Right(Role.MEMBER),), ()])
def test_who_may_not_gets_no_page_and_that_is_noted(
    signs_in: SignIn, world: World, path: str, rights: tuple[Right, ...]
) -> None:
    browser = signs_in(*rights)
    posts(browser, world)

    answer = browser.get(path)

    assert answer.status_code == 403
    assert "Naam van" not in answer.text
    assert [row["outcome"] for row in world.rows("access_log")][-1] == "refused"


@pytest.mark.parametrize("path", PATHS)
def test_who_is_not_signed_in_is_sent_to_sign_in(world: World, browse: Browse, path: str) -> None:
    assert browse().get(path).status_code == 303


@pytest.mark.parametrize(
    "path",
    ["/beheer/links/1", "/beheer/links/agenda", "/beheer/verzending/opnieuw", "/beheer/verzending/loslaten",
     "/beheer/verzending/m00001/opnieuw", f"{HOOKS}/nieuw", f"{HOOKS}/x/stil", f"{HOOKS}/x/verder", f"{HOOKS}/x/proef",
     f"{HOOKS}/x/geheim", f"{HOOKS}/x/weg"],
)  # fmt: skip
def test_who_may_not_changes_nothing(signs_in: SignIn, world: World, path: str) -> None:
    browser = signs_in(Right(Role.READER))
    posts(browser, world)
    token = token_on(browser.get("/").text, "/afmelden")
    before = {name: found for name, found in dump(world.engine).items() if name != "access_log"}

    answer = browser.post(
        path, data={"form_token": token, "reden": "zomaar", "persoon": "p1", "sinds": "2027-01-01"}, headers=SAME_ORIGIN
    )

    assert answer.status_code == 403
    assert {name: found for name, found in dump(world.engine).items() if name != "access_log"} == before


def test_a_lead_sees_and_ends_links_and_sees_messages_of_the_own_traject_only(signs_in: SignIn, world: World) -> None:
    lead = signs_in(Right(Role.LEAD, OWN), Right(Role.READER, OTHER))
    posts(lead, world)
    numbers = {row["traject_id"]: row["id"] for row in world.rows("link") if row["step"] == "advies"}
    messages = {row["traject_id"]: row["message_id"] for row in world.rows("notice") if row["step"] == "advies"}

    links, mail = lead.get("/beheer/links").text, lead.get("/beheer/verzending").text
    assert f"/beheer/links/{numbers[OWN]}" in links
    assert f"/beheer/links/{numbers[OTHER]}" not in links
    assert f"/beheer/verzending/{messages[OWN]}" in mail
    assert f"/beheer/verzending/{messages[OTHER]}" not in mail or messages[OWN] == messages[OTHER]
    assert "Zet weer klaar" not in mail
    assert "de-es" not in links + mail
    assert lead.get(f"/beheer/links/{numbers[OTHER]}").status_code in (403, 404)
    token = token_on(lead.get(f"/beheer/links/{numbers[OWN]}").text, f"/beheer/links/{numbers[OWN]}")
    other = lead.post(
        f"/beheer/links/{numbers[OTHER]}", data={"form_token": token, "reden": "weg ermee"}, headers=SAME_ORIGIN
    )
    assert other.status_code in (403, 404)
    own = send(lead, f"/beheer/links/{numbers[OWN]}", {"reden": "niet meer nodig"})
    assert own.status_code == 303
    revoked = {row["id"] for row in world.rows("link") if row["revoked_at"] is not None}
    assert revoked == {numbers[OWN]}


# --- links -------------------------------------------------------------------------------------------


def test_a_link_is_revoked_with_a_reason_and_its_page_says_so(signs_in: SignIn, world: World) -> None:
    admin = signs_in(ADMIN)
    path = links_of(posts(admin, world))[0]
    assert admin.get(path).status_code == 200
    number = next(row["id"] for row in world.rows("link"))
    here = f"/beheer/links/{number}"

    empty = send(admin, here, {"reden": "  "})
    wrong = send(admin, here, {"reden": f"{SCRIPT}\x00"})
    assert (empty.status_code, wrong.status_code) == (422, 422)
    assert "Zeg waarom u deze link intrekt." in empty.text
    assert "<script>alert" not in wrong.text
    assert "&lt;script&gt;alert(1)" in wrong.text
    assert all(row["revoked_at"] is None for row in world.rows("link"))

    done = send(admin, here, {"reden": f"Vertrokken {SCRIPT}"})
    page = admin.get(done.headers["location"]).text
    assert done.status_code == 303
    assert "De link is ingetrokken." in page
    assert "Vertrokken &#34;&gt;&lt;script&gt;" in page
    assert "account:" in page
    first = next(row for row in world.rows("link") if row["id"] == number)
    assert first["revoked_at"] is not None
    assert [row["event"] for row in world.rows("history") if row["traject_id"] == first["traject_id"]][
        -1
    ] == "LinkRevoked"
    assert f'href="{here}"' not in admin.get("/beheer/links").text
    assert f'href="{here}"' in admin.get("/beheer/links?alle=ja").text
    again = admin.post(
        here, data={"form_token": token_on(admin.get("/").text, "/afmelden"), "reden": "nog eens"}, headers=SAME_ORIGIN
    )
    assert again.status_code == 303
    assert next(row for row in world.rows("link") if row["id"] == number)["revoked_because"].startswith("Vertrokken")


def test_links_are_found_by_person_step_and_traject(signs_in: SignIn, world: World) -> None:
    admin = signs_in(ADMIN)
    posts(admin, world)

    assert len(rows(admin.get("/beheer/links").text)) == len(world.rows("link"))
    assert len(rows(admin.get("/beheer/links?persoon=NAAM van oth").text)) == 2
    assert len(rows(admin.get("/beheer/links?persoon=other&traject=de-es").text)) == 1
    assert len(rows(admin.get("/beheer/links?stap=advies").text)) == 2
    nothing = admin.get("/beheer/links", params={"persoon": SCRIPT}).text
    assert rows(nothing) == []
    assert "<script>alert" not in nothing
    assert admin.get("/beheer/links", params={"persoon": "%", "stap": "\x00"}).status_code == 200


def test_the_calendar_of_somebody_is_ended_by_who_keeps_all(signs_in: SignIn, world: World) -> None:
    key, person = feed_key(LINK_KEY), world.people["other"]
    in_transaction(world.engine, lambda session: open_feed(session, PersonId(person), key, NOW))
    lead, admin = signs_in(Right(Role.LEAD, OWN)), signs_in(ADMIN)

    assert "Agenda-adressen" not in lead.get("/beheer/links").text
    token = token_on(lead.get("/").text, "/afmelden")
    refused = lead.post("/beheer/links/agenda", data={"form_token": token, "persoon": person}, headers=SAME_ORIGIN)
    assert refused.status_code == 403
    done = send(admin, "/beheer/links/agenda", {"persoon": person}, on="/beheer/links")

    assert done.status_code == 303
    assert "werkt niet meer" in admin.get(done.headers["location"]).text
    with read_scope(world.engine) as session:
        assert find_feed(session, PersonId(person), key) is None


# --- messages ----------------------------------------------------------------------------------------


def test_messages_are_shown_with_state_person_and_what_they_are_about(signs_in: SignIn, world: World) -> None:
    admin = signs_in(ADMIN)
    post = posts(admin, world)

    page = admin.get("/beheer/verzending").text
    assert len(rows(page)) == len(post.sent) > 0
    assert "verstuurd" in page
    assert "ADVIES" in page
    assert "Opvang De Wilg" in page
    assert rows(admin.get("/beheer/verzending?stand=failed").text) == []
    assert len(rows(admin.get("/beheer/verzending?persoon=other").text)) >= 1
    strange = admin.get(
        "/beheer/verzending", params={"persoon": SCRIPT, "stand": SCRIPT, "traject": SCRIPT, "voor": "x~y"}
    )
    assert strange.status_code == 200
    assert "<script>alert" not in strange.text


def test_one_message_reads_as_its_reader_got_it_without_a_link_that_opens_anything(
    signs_in: SignIn, world: World
) -> None:
    admin = signs_in(ADMIN)
    post = posts(admin, world)
    tokens = {each.removeprefix("/actie/") for each in links_of(post)}
    own = next(row["message_id"] for row in world.rows("notice") if row["step"] == "advies")

    page = admin.get(f"/beheer/verzending/{own}").text

    assert '<pre class="regie-letter">' in page
    assert "ADVIES" in page
    assert tokens
    assert not any(each in page for each in tokens)
    assert admin.get("/beheer/verzending/weg").status_code == 404


def test_an_administrator_reads_nothing_confidential_and_a_lead_does(signs_in: SignIn, world: World) -> None:
    admin, lead = signs_in(ADMIN), signs_in(Right(Role.LEAD))
    posts(admin, world)
    own = next(row["message_id"] for row in world.rows("notice") if row["step"] == "geheim")

    hidden, shown = (each.get(f"/beheer/verzending/{own}").text for each in (admin, lead))

    assert "Dit bericht gaat over iets vertrouwelijks." in hidden
    assert '<pre class="regie-letter">' not in hidden
    assert '<pre class="regie-letter">' in shown


def test_what_failed_leaves_again_one_by_one_or_all_since_a_day(signs_in: SignIn, world: World) -> None:
    admin = signs_in(ADMIN)
    posts(admin, world, refuses=True)
    failed = [row["id"] for row in world.rows("message") if row["status"] == "failed"]
    page = admin.get("/beheer/verzending?stand=failed").text
    assert len(rows(page)) == len(failed) >= 2
    assert "de mailserver antwoordde: 550 no such mailbox" in page

    one = send(admin, f"/beheer/verzending/{failed[0]}/opnieuw", on=f"/beheer/verzending/{failed[0]}")
    assert one.status_code == 303
    assert "Het bericht staat weer klaar." in admin.get(one.headers["location"]).text
    wrong = send(admin, "/beheer/verzending/opnieuw", {"sinds": "gisteren"}, on="/beheer/verzending")
    assert wrong.status_code == 422
    assert 'value="gisteren"' in wrong.text
    future = send(admin, "/beheer/verzending/opnieuw", {"sinds": "2028-01-01"}, on="/beheer/verzending")
    assert future.headers["location"].endswith("?opnieuw=0")
    rest = send(admin, "/beheer/verzending/opnieuw", {"sinds": "2027-01-01"}, on="/beheer/verzending")
    assert rest.headers["location"].endswith(f"?opnieuw={len(failed) - 1}")
    assert len(posts(admin, world).sent) == len(failed)
    assert {row["status"] for row in world.rows("message")} == {"sent"}
    sent = admin.post(
        f"/beheer/verzending/{failed[0]}/opnieuw",
        data={"form_token": token_on(admin.get("/").text, "/afmelden")},
        headers=SAME_ORIGIN,
    )
    assert sent.status_code == 409
    assert "is al verstuurd" in sent.text


def test_the_brake_is_shown_and_released(signs_in: SignIn, world: World) -> None:
    admin = signs_in(ADMIN)
    held = in_transaction(world.engine, lambda session: hold_everything(session, NOW, by="cli:x", reason="kopie"))
    assert "De rem" in admin.get("/beheer/verzending").text
    assert posts(admin, world).sent == []

    done = send(admin, "/beheer/verzending/loslaten", on="/beheer/verzending")

    assert done.headers["location"] == f"/beheer/verzending?los={held.messages}"
    assert len(posts(admin, world).sent) == held.messages > 0
    assert "De rem" not in admin.get("/beheer/verzending").text


@pytest.mark.parametrize(
    ("told_as", "said"),
    [
        ("ready", "kan beginnen"),
        ("escalated-1", ""),
        ("escalated-99 anchor:opening", ""),
        ("iets-anders", "iets-anders"),
    ],
)
def test_what_a_message_is_about_is_said_in_words(told_as: str, said: str) -> None:
    found = _say_kind(told_as, "nl")

    assert said in found
    assert "escalated" not in found


@pytest.mark.parametrize("path", ["/beheer/links", "/beheer/verzending"])
def test_a_row_more_costs_no_statement_more(signs_in: SignIn, world: World, path: str) -> None:
    admin = signs_in(ADMIN)
    posts(admin, world)
    admin.get(path)

    with Watched(world.engine) as few:
        before = len(rows(admin.get(path).text))
    for number in range(5):
        world.starts(f"locatie-{number}", start=NOW.date() - timedelta(days=1))
    posts(admin, world)
    with Watched(world.engine) as many:
        after = len(rows(admin.get(path).text))

    assert after > before
    assert len(many.reads) == len(few.reads)


def test_pages_follow_each_other_without_a_gap_or_a_double(
    signs_in: SignIn, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = signs_in(ADMIN)
    posts(admin, world)
    for path, module in (("/beheer/links", "kept_links"), ("/beheer/verzending", "deliveries")):
        monkeypatch.setattr(f"regie.web.routes.{module}.ON_A_PAGE", 1)
        seen: list[str] = []
        here: str | None = path
        while here:
            page = admin.get(here).text
            seen += re.findall(rf'scope="row"><a class="nl-link" href="({path}/[^"?]+)"', page)
            found = re.search(rf'href="({path}\?[^"]*voor=[^"]*)"', page)
            here = found[1].replace("&amp;", "&") if found else None
        table = "link" if path == "/beheer/links" else "message"
        assert len(seen) == len(set(seen)) == len(world.rows(table)) > 1


# --- webhooks ----------------------------------------------------------------------------------------


def new_form(browser: TestClient) -> dict[str, str]:
    page = browser.get(f"{HOOKS}/nieuw").text
    found = re.search(r'name="kenmerk" value="([0-9a-f]{32})"', page)
    assert found is not None
    return {"kenmerk": found[1]}


def test_a_webhook_is_added_shown_once_tested_paused_and_removed(signs_in: SignIn, world: World) -> None:
    admin = signs_in(ADMIN)
    with Receiver() as receiver:
        form = {**new_form(admin), "naam": f"Zaken {SCRIPT}", "adres": receiver.url(path="/geheim-pad")}
        added = send(admin, f"{HOOKS}/nieuw", form)
        secret = re.search(r"whsec_[A-Za-z0-9+/=]+", added.text)
        assert added.status_code == 200
        assert secret is not None
        assert "no-store" in added.headers["cache-control"]
        twice = send(admin, f"{HOOKS}/nieuw", form)
        assert twice.headers["location"] == f"{HOOKS}/{form['kenmerk']}"
        here = f"{HOOKS}/{form['kenmerk']}"
        with read_scope(world.engine) as session:
            assert len(list_webhooks(session)) == 1
        tested = send(admin, f"{here}/proef", on=here)
        page = admin.get(tested.headers["location"]).text
        assert "antwoordde met 204" in page
        assert len(receiver.calls) == 1
    for shown in (page, admin.get(HOOKS).text):
        assert "<script>alert" not in shown
        assert secret[0] not in shown
        assert "geheim-pad" not in shown
    assert send(admin, f"{here}/stil", on=here).status_code == 303
    assert "staat stil" in admin.get(here).text
    assert send(admin, f"{here}/verder", on=here).status_code == 303
    old = admin.get(here).text
    rotated = send(admin, f"{here}/geheim", {"gezien": ""}, on=here)
    assert "whsec_" in rotated.text
    assert secret[0] not in rotated.text
    stale = admin.post(
        f"{here}/geheim", data={"form_token": token_on(old, f"{here}/geheim"), "gezien": ""}, headers=SAME_ORIGIN
    )
    assert stale.status_code == 409
    assert "whsec_" not in stale.text
    assert send(admin, f"{here}/weg", on=here).headers["location"] == f"{HOOKS}?weg=ja"
    assert admin.get(here).status_code == 404


@pytest.mark.parametrize(
    ("typed", "field", "says"),
    [
        ({"adres": "https://elders.example/x"}, "adres", "staat niet op de lijst"),
        ({"adres": f"https://{SCRIPT}"}, "adres", "Dit adres kan Regie niet gebruiken"),
        ({"naam": "  "}, "naam", "heeft een naam nodig"),
        ({"naam": "x" * 500}, "naam", "500"),
        ({"soorten": "stap-gedanst"}, "soorten", "bestaat niet"),
        ({"trajecten": "weg"}, "trajecten", "weg"),
    ],
)
def test_a_webhook_that_cannot_be_keeps_what_was_typed_and_says_where(
    signs_in: SignIn, world: World, typed: dict[str, str], field: str, says: str
) -> None:
    admin = signs_in(ADMIN)
    form = {**new_form(admin), "naam": "Zaaksysteem", "adres": "http://127.0.0.1:9/haak", **typed}

    answer = send(admin, f"{HOOKS}/nieuw", form)

    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert says in answer.text
    assert "<script>alert" not in answer.text
    if "naam" not in typed:
        assert 'value="Zaaksysteem"' in answer.text
    assert world.rows("webhook") == []


def test_the_events_of_a_webhook_stand_on_its_page(signs_in: SignIn, world: World) -> None:
    admin = signs_in(ADMIN)
    form = {
        **new_form(admin),
        "naam": "Zaken",
        "adres": "http://127.0.0.1:9/haak",
        "soorten": "stap-aan-de-beurt-gekomen",
    }
    assert send(admin, f"{HOOKS}/nieuw", form).status_code == 200
    world.starts("de-beuk", start=MONDAY)

    page = admin.get(f"{HOOKS}/{form['kenmerk']}").text

    assert len(rows(page)) == 1
    assert "de-beuk/advies" in page
    assert "geheim" not in "".join(rows(page))
