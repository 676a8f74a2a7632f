"""``regie portfolio``: all trajects that run on one screen, the most threatened first."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from regie.cli.common import JSON, open_town, print_json, say, table

if TYPE_CHECKING:
    from regie.reports.portfolio import PortfolioRow


def register(app: typer.Typer) -> None:
    app.command("portfolio")(portfolio)


def portfolio(as_json: bool = JSON) -> None:
    """Toon alle trajecten die lopen: volgend besluit, opening, wat te laat is en wie aan zet is."""
    from regie.reports.portfolio import make_portfolio
    from regie.store.session import read_scope

    town = open_town()
    with read_scope(town.context.engine) as session:
        rows = make_portfolio(session, town.context.shelf.get, town.today())
    if as_json:
        print_json([asdict(row) for row in rows])
    elif not rows:
        say("Er loopt geen traject.")
    else:
        columns = (
            "traject",
            "volgend besluit",
            "op",
            "streefdatum",
            "gepland",
            "ruimte",
            "te laat",
            "wacht",
            "aan zet",
        )
        table("Portfolio", columns, map(_row, rows))


def _row(row: PortfolioRow) -> tuple[object, ...]:
    decision, opening, ball = row.next_decision, row.opening, row.ball
    name = row.traject if row.cycle == 1 else f"{row.traject} ({row.cycle})"
    return (
        name,
        decision.title if decision else "",
        decision.on if decision else None,
        opening.target_on if opening else None,
        opening.planned_on if opening else None,
        f"{opening.room} wd" if opening and opening.room is not None else "",
        row.late,
        row.waiting,
        f"{', '.join(ball.people) or ball.role}: {ball.title}" if ball else "",
    )
