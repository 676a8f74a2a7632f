"""What the shell offers when somebody presses Tab: trajects, their steps, anchors, roles, outcomes, definitions.

Reads the SQLite file directly, and loads nothing else: who presses Tab waits for it. Whatever goes wrong, it offers nothing.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

import typer

Offer = Callable[[typer.Context, str], list[str]]
_WAIT_SECONDS = 0.2


def _offers(find: Callable[[typer.Context], Iterable[str]]) -> Offer:
    """Offer what begins as was typed so far; never raise into somebody's shell."""

    def offer(ctx: typer.Context, incomplete: str) -> list[str]:
        try:
            return [each for each in find(ctx) if each.startswith(incomplete)]
        except Exception:  # noqa: BLE001 - the top: a shell is no place for an error
            return []

    return offer


def _ask(query: str, *values: object) -> list[str]:
    address = os.environ.get("REGIE_DATABASE_URL", "")
    if address and not address.startswith("sqlite:///"):
        return []
    folder = Path(os.environ.get("REGIE_DATA_DIR") or "regie-data").expanduser()
    path = Path(address.removeprefix("sqlite:///").partition("?")[0]) if address else folder / "regie.db"
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_WAIT_SECONDS)) as connection:
        return [str(value) for (value,) in connection.execute(query, values)]


def _of_traject(query: str) -> Offer:
    def find(ctx: typer.Context) -> list[str]:
        return _ask(query, ctx.params.get("slug") or ctx.params.get("traject") or "")

    return _offers(find)


def _definitions(_ctx: typer.Context) -> list[str]:
    from regie.definitions.resources import workflow_defs_dir

    return sorted(path.parent.name for path in workflow_defs_dir().glob("*/workflow.yaml"))


trajects = _offers(lambda _ctx: _ask("SELECT slug FROM traject ORDER BY slug"))
steps = _of_traject(
    "SELECT DISTINCT CASE key WHEN '' THEN step ELSE step || '@' || key END FROM occurrence"
    " JOIN traject ON traject.id = occurrence.traject_id WHERE slug = ? ORDER BY 1"
)
anchors = _of_traject(
    "SELECT DISTINCT anchor FROM anchor JOIN traject ON traject.id = anchor.traject_id WHERE slug = ? ORDER BY 1"
)
roles = _of_traject(
    "SELECT DISTINCT responsible FROM occurrence JOIN traject ON traject.id = occurrence.traject_id"
    " WHERE responsible <> '' AND ? IN (slug, '') ORDER BY 1"
)
people = _offers(lambda _ctx: ["geen", *_ask("SELECT email FROM person WHERE email <> '' ORDER BY email")])
outcomes = _offers(lambda _ctx: ("go", "hold", "no-go"))
definitions = _offers(_definitions)
