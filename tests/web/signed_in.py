"""Helpers for pages that want somebody who is signed in: everything goes through the pages, as a browser does it."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Engine, select
from starlette.responses import Response
from starlette.testclient import TestClient

from regie.store.hashes import code_of
from regie.store.session import read_scope
from regie.store.tables import metadata, sign_in_code
from tests.web.conftest import SAME_ORIGIN, token_on

SESSION = "__Host-regie-session"
KEY = b"k" * 32
"""Of the application that ``browse`` makes."""


def send(browser: TestClient, path: str, data: Mapping[str, object] | None = None, *, on: str = "") -> Response:
    """Send the form on a page that acts on a path; ``on`` is the page, when it is another."""
    page = browser.get(on or path)
    return browser.post(  # type: ignore[return-value]
        path, data={"form_token": token_on(page.text, path), **(data or {})}, headers=SAME_ORIGIN
    )


def newest_code(engine: Engine) -> str:
    """The code that was asked last, whether or not a mail goes out with it."""
    with read_scope(engine) as session:
        wanted = select(sign_in_code.c.id).order_by(sign_in_code.c.created_at.desc(), sign_in_code.c.id).limit(1)
        return code_of(KEY, session.connection().scalar(wanted) or "")


def codes(engine: Engine) -> list[str]:
    with read_scope(engine) as session:
        return [code_of(KEY, each) for each in session.connection().scalars(select(sign_in_code.c.id))]


def sign_in(browser: TestClient, engine: Engine, address: str) -> Response:
    """Sign a partner in by a code."""
    before = set(codes(engine))
    send(browser, "/aanmelden", {"email": address})
    (code,) = set(codes(engine)) - before
    return send(browser, "/aanmelden/code", {"code": code})


def dump(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """All that stands in the database."""
    with read_scope(engine) as session:
        return {
            name: sorted((tuple(row) for row in session.connection().execute(select(table))), key=repr)
            for name, table in metadata.tables.items()
        }
