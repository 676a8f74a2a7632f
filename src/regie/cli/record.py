"""``regie history`` and ``audit``: what happened, and whether the record of it is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from regie.cli.common import JSON, open_town, print_json, say, table, warn

if TYPE_CHECKING:
    from regie.store.history import HistoryEntry

audit = typer.Typer(help="De vastlegging controleren.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.command("history")(history)
    app.add_typer(audit, name="audit")


def history(
    traject: str,
    limit: int = typer.Option(50, "--limit", min=1, help="Hoeveel hoogstens; de laatste."),
    as_json: bool = JSON,
) -> None:
    """Toon wat er met een traject gebeurde: wie, wanneer, wat."""
    from regie.store.history import list_history
    from regie.store.session import read_scope
    from regie.text.dates import say_moment
    from regie.text.phrases import words_in

    town = open_town()
    with read_scope(town.context.engine) as session:
        found = list_history(session, town.traject_id(traject))[-limit:]
    if as_json:
        print_json(
            [
                {
                    "seq": each.seq,
                    "at": each.at,
                    "by": each.by,
                    "event": each.event,
                    "payload": dict(each.payload),
                    "words": dict(each.words),
                }
                for each in found
            ]
        )
        return
    zone = town.settings.timezone
    events = words_in("nl").events
    table("Geschiedenis", ("nr", "wanneer", "wie", "wat", "waarover"), (
        (each.seq, say_moment(each.at, zone), each.by, events.get(each.event, each.event), _about(each)) for each in found
    ))  # fmt: skip


def _about(entry: HistoryEntry) -> str:
    """Which step or date it was about, what changed state, and what was said of it."""
    what = entry.payload.get("event", {})
    key = what.get("key")
    about = (
        [str(key[0]) + (f"@{key[1]}" if key[1:] and key[1] else "") if isinstance(key, list) else str(key)]
        if key
        else []
    )
    about += [str(what[name]) for name in ("anchor", "list", "outcome") if what.get(name)]
    moves = [
        f"{step}: {_state(before)} → {_state(after)}" for _, step, before, after, *_ in entry.payload["transitions"]
    ]
    left = [f"en nog {len(moves) - 3}"] if len(moves) > 3 else []
    return "; ".join([*about, *moves[:3], *left, *map(str, filter(None, entry.words.values()))])


def _state(value: str | None) -> str:
    from regie.core.traject import State
    from regie.text.phrases import STATES

    return STATES["nl"][State(value)] if value else "nieuw"


@audit.command("verify")
def verify_audit(traject: str = typer.Option("", "--traject"), as_json: bool = JSON) -> None:
    """Controleer of iemand de vastlegging heeft veranderd."""
    from regie.store.history import verify
    from regie.store.session import read_scope

    town = open_town()
    with read_scope(town.context.engine) as session:
        problems = verify(session, town.context.audit_key, town.traject_id(traject) if traject else None)
    if as_json:
        print_json([{"traject_id": p.traject_id, "seq": p.seq, "what": p.what} for p in problems])
    else:
        for problem in problems:
            warn(f"traject {problem.traject_id}, regel {problem.seq}: {problem.what}")
        say("De vastlegging klopt." if not problems else f"{len(problems)} regels kloppen niet.")
    if problems:
        raise typer.Exit(1)
