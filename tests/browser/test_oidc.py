"""Sign in with a work account in a real browser, at a provider that is not ours, and what the pages around it look like."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from regie.store.access_log import What, list_access
from regie.store.accounts import list_accounts
from regie.store.session import read_scope
from tests.browser.conftest import faults
from tests.browser.living import Living, served
from tests.support.provider import OwnProvider
from tests.support.servers import MailServer

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the library that it is made with
    from oidc_provider_mock import User, run_server_in_thread

# the provider is made with a part of its library that is going
pytestmark = pytest.mark.filterwarnings(
    "ignore:get_jwt_config:DeprecationWarning", "ignore::authlib.deprecate.AuthlibDeprecationWarning"
)
CLAIMS = {"name": "Jan de Boer", "email": "jan@voorbeeldstad.nl"}
USERS = [
    User(sub="jan", claims={**CLAIMS, "groups": ["projectleiders"]}),
    User(sub="kees", claims={"name": "Kees", "groups": ["kantine"]}),
]


@pytest.fixture
def town(lived: Path, tmp_path: Path) -> Iterator[Living]:
    """A municipality that signs in with a provider, which goes by the clock of this machine."""
    with (
        run_server_in_thread(user_claims=USERS, require_nonce=True) as provider,
        MailServer() as mail,
        served(
            tmp_path / "regie",
            lived,
            mail,
            now=datetime.now(UTC),
            oidc_discovery_url=f"http://localhost:{provider.server_port}",
            oidc_client_id="regie",
            oidc_client_secret="geheim",
            oidc_group_lead="projectleiders",
        ) as found,
    ):
        yield found


def at_provider(page: Page, who: str) -> None:
    page.get_by_role("button", name=who, exact=True).click()


def test_lead_signs_in_with_the_work_account_and_out_of_both(town: Living, page: Page) -> None:
    page.goto(f"{town.url}/trajecten")
    page.get_by_role("link", name="Aanmelden met uw werkaccount").click()
    at_provider(page, "jan")

    expect(page).to_have_url(f"{town.url}/trajecten")
    expect(page.get_by_text("Aangemeld als Jan de Boer")).to_be_visible()
    (cookie,) = [each for each in page.context.cookies() if each["name"] == "regie-session"]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    assert "regie-oidc" not in {each["name"] for each in page.context.cookies()}
    page.go_back()  # the answer of the provider is not in the history of the browser
    assert "code=" not in page.url
    page.goto(f"{town.url}/trajecten")

    page.get_by_role("button", name="Afmelden").click()
    page.get_by_role("link", name="Meld ook uw werkaccount af").click()
    expect(page).to_have_url(re.compile(r"^http://localhost:\d+/oauth2/end_session\?"))
    page.goto(f"{town.url}/trajecten")
    expect(page).to_have_url(f"{town.url}/aanmelden?verder=%2Ftrajecten")


def test_who_is_in_no_group_of_regie_reads_whom_to_ask(town: Living, page: Page) -> None:
    page.goto(f"{town.url}/aanmelden")
    page.get_by_role("link", name="Aanmelden met uw werkaccount").click()
    at_provider(page, "kees")

    expect(page.get_by_role("heading", level=1)).to_have_text("U hebt nog geen toegang tot Regie")
    assert faults(page) == []
    with read_scope(town.context.engine) as session:
        assert list_accounts(session) == ()
        (entry,) = list_access(session, what=What.SIGN_IN_OIDC)
    assert entry.about == "no-right"


def test_who_says_no_at_the_provider_comes_back_to_a_page_that_says_so(town: Living, page: Page) -> None:
    page.goto(f"{town.url}/aanmelden")
    page.get_by_role("link", name="Aanmelden met uw werkaccount").click()
    at_provider(page, "Deny")

    expect(page.get_by_role("heading", level=1)).to_have_text("Het aanmelden is niet gelukt")


@pytest.mark.parametrize("language", ["nl", "en"])
def test_axe_finds_nothing_on_the_pages_of_signing_in(
    lived: Path, tmp_path: Path, page: Page, context: BrowserContext, language: str
) -> None:
    clock = datetime(2027, 9, 7, 8, tzinfo=UTC)
    with (
        OwnProvider(lambda: clock) as provider,
        MailServer() as mail,
        served(tmp_path / "regie", lived, mail, **provider.settings) as town,
    ):
        provider.broken = {"/.well-known/openid-configuration": 503}
        for path in ("/aanmelden", "/aanmelden?afgemeld=werkaccount", "/aanmelden/medewerker", "/aanmelden/oidc"):
            page.goto(f"{town.url}{path}{'&' if '?' in path else '?'}taal={language}")
            assert faults(page) == [], path
            page.set_viewport_size({"width": 320, "height": 640})
            assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
            page.set_viewport_size({"width": 1280, "height": 800})
