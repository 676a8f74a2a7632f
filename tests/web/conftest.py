"""The web as a browser meets it: the real application on a real database, a clock that stands still, and pages to try."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi import APIRouter
from sqlalchemy import Engine
from starlette.testclient import TestClient

from regie.actions.context import Context
from regie.clock import VirtualClock
from regie.settings import Settings
from regie.web.app import ROUTERS, create_app
from tests.support.databases import Databases, database_url, databases, empty_database_url, engine

__all__ = ["browse", "clock", "database_url", "databases", "empty_database_url", "engine", "sqlite_engine"]

BASE = "https://regie.voorbeeldstad.nl"
LINK_KEY = b"l" * 32
NOW = datetime(2027, 6, 3, 8, 30, tzinfo=UTC)
SAME_ORIGIN = {"Origin": BASE, "Sec-Fetch-Site": "same-origin"}

Browse = Callable[..., TestClient]


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOW)


@pytest.fixture
def sqlite_engine(databases: Databases) -> Iterator[Engine]:
    """For what has nothing to do with the kind of database."""
    url = databases.new("sqlite")
    with databases.engine_on(url) as engine:
        yield engine
    databases.drop(url)


@pytest.fixture
def browse(sqlite_engine: Engine, clock: VirtualClock, tmp_path: Path) -> Iterator[Browse]:
    """Give a browser on an application with these settings and, besides its own, these routes."""
    opened = ExitStack()

    def start(*routers: APIRouter, engine: Engine = sqlite_engine, **settings: object) -> TestClient:
        chosen = Settings(**{"data_dir": tmp_path, "base_url": BASE, **settings})
        app = create_app(Context.on(engine, b"k" * 32, link_key=LINK_KEY), chosen, clock, routers=(*ROUTERS, *routers))
        browser = TestClient(app, base_url=chosen.base_url, raise_server_exceptions=False, follow_redirects=False)
        # open, it keeps its event loop and its threads from one request to the next, as a server does
        return opened.enter_context(browser)

    with opened:
        yield start


def token_on(page: str, action: str) -> str:
    """The token of the form on a page that acts on a path."""
    form = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', page, re.DOTALL)
    assert form is not None, f"no form for {action}"
    found = re.search(r'name="form_token" value="([^"]+)"', form[0])
    assert found is not None
    return found[1]


def texts_of(page: str, tag: str) -> Sequence[str]:
    return [
        re.sub(r"<[^>]+>", "", each).strip() for each in re.findall(rf"<{tag}\b[^>]*>(.*?)</{tag}>", page, re.DOTALL)
    ]
