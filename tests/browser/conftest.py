"""The pages in a real Chromium, served by a real server on loopback, with mail to a real mail server."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from regie.core.permissions import Role
from tests.browser.living import Living, make_database, served
from tests.support.databases import Databases, databases
from tests.support.servers import MailServer

__all__ = ["databases"]

WITH_WEBHOOKS = {
    "webhook_hosts": ("127.0.0.1",),
    "webhook_internal_hosts": ("127.0.0.1",),
    "cloudevents_source": "urn:nld:gemeente-voorbeeldstad.regie",
    "cloudevents_type_prefix": "nl.voorbeeldstad.regie",
}
PATIENCE_MS = 10_000
"""How long a page may take to show something, on a machine that does other things too."""
RULES = {
    "resultTypes": ["violations"],
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
}
# as root Chromium has no sandbox of its own; the others keep it from looking for hosts that no test may reach
expect.set_options(timeout=PATIENCE_MS)
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    # the same browser without a window to draw: a page opens three times as quickly
    found = os.environ.get("REGIE_CHROMIUM") or shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if not found:
        pytest.skip("there is no Chromium; install it or name it in REGIE_CHROMIUM")
    return {**browser_type_launch_args, "executable_path": found, "args": _FLAGS}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_context_args, "locale": "nl-NL", "timezone_id": "Europe/Amsterdam"}


@pytest.fixture(scope="session")
def lived(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of a municipality that has been at work for half a year."""
    return make_database(databases, tmp_path_factory.mktemp("lived"))


@pytest.fixture(scope="session")
def still(lived: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """A municipality for who only looks."""
    with MailServer() as mail, served(tmp_path_factory.mktemp("still"), lived, mail, **WITH_WEBHOOKS) as found:
        yield found


@pytest.fixture(scope="session")
def staff(still: Living) -> int:
    """An account that sees everything of who only looks."""
    return still.account("alles", Role.LEAD, Role.ADMINISTRATOR)


@pytest.fixture
def living(lived: Path, tmp_path: Path) -> Iterator[Living]:
    """A municipality of one's own, to change."""
    with MailServer() as mail, served(tmp_path / "regie", lived, mail) as found:
        yield found


@pytest.fixture
def lead(living: Living, context: BrowserContext) -> int:
    """The browser is that of a project lead."""
    own = living.account("petra", Role.LEAD)
    living.lets_in(context, account=own)
    return own


@pytest.fixture
def administrator(living: Living, context: BrowserContext) -> int:
    """The browser is that of an administrator."""
    own = living.account("ada", Role.ADMINISTRATOR)
    living.lets_in(context, account=own)
    return own


@pytest.fixture(autouse=True)
def nothing_is_refused_or_broken(request: pytest.FixtureRequest) -> Iterator[None]:
    """No page may break the policy on content or throw in a script; the browser says so on its console."""
    if "page" not in request.fixturenames:
        yield
        return
    said: list[str] = []
    page: Page = request.getfixturevalue("page")
    page.set_default_timeout(PATIENCE_MS)
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    yield
    unwanted = [each for each in said if "Failed to load resource" not in each]  # a refusal by status is meant to be
    assert unwanted == []


def faults(page: Page) -> list[str]:
    """What axe finds wrong with a page, by WCAG 2.2 AA and good practice: rule, and the elements."""
    found = Axe().run(page, options=RULES).response["violations"]
    return [
        f"{each['id']}: {each['help']}: " + "; ".join(node["html"][:160] for node in each["nodes"][:5])
        for each in found
    ]
