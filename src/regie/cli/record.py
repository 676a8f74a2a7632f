"""``regie history`` and ``audit``: what happened, and whether the record of it is whole."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from regie.cli.common import JSON, SLUG, open_town, print_json, say, table, warn
from regie.errors import Refused

if TYPE_CHECKING:
    from regie.core.traject import Traject
    from regie.store.history import HistoryEntry

audit = typer.Typer(help="De vastlegging controleren.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.command("history")(history)
    app.add_typer(audit, name="audit")


def history(
    traject: str = SLUG,
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
    names = _names(town.traject(traject))
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
        (each.seq, say_moment(each.at, zone), each.by, events.get(each.event, each.event), _about(each, names)) for each in found
    ))  # fmt: skip


def _names(traject: Traject) -> dict[str, str]:
    """What steps, anchors, lists and outcomes are called, by their id; an older plan's name gives way to a newer one."""
    from regie.core.definition import text_in

    names: dict[str, str] = {}
    for cycle in traject.cycles:
        plan = cycle.definition
        names |= {anchor.id: text_in(anchor.title, "nl") for anchor in plan.anchors.values()}
        names |= {growing.id: text_in(growing.title, "nl") for growing in plan.lists.values()}
        for step in plan.steps.values():
            names[step.id] = text_in(step.title, "nl")
            for outcome in step.gate.outcomes.values() if step.gate else ():
                names[f"{step.id}:{outcome.id}"] = text_in(outcome.title, "nl")
    return names


def _about(entry: HistoryEntry, names: Mapping[str, str]) -> str:
    """Which step or date it was about, what changed state, and what was said of it."""

    def name(key: str | Sequence[str]) -> str:
        step, copy = key.partition("@")[::2] if isinstance(key, str) else (key[0], "".join(key[1:]))
        return names.get(step, step) + (f" ({copy})" if copy else "")

    what = entry.payload.get("event", {})
    subjects = [name(what[field]) for field in ("key", "anchor", "list") if what.get(field)]
    if what.get("outcome"):
        subjects.append(names.get(f"{what['key'][0]}:{what['outcome']}", what["outcome"]))
    moves = [
        f"{name(step)}: {_state(before)} → {_state(after)}"
        for _, step, before, after, *_ in entry.payload["transitions"]
    ]
    about = [each for each in subjects if not any(move.startswith(f"{each}: ") for move in moves[:3])]
    left = [f"en nog {len(moves) - 3}"] if len(moves) > 3 else []
    words = [
        ", ".join(map(str, said)) if isinstance(said, list) else str(said) for said in entry.words.values() if said
    ]
    return "; ".join([*about, *moves[:3], *left, *words])


def _state(value: str | None) -> str:
    from regie.core.traject import State
    from regie.text.phrases import STATES

    return STATES["nl"][State(value)] if value else "nieuw"


@audit.command("head")
def audit_head(_as_json: bool = JSON) -> None:
    """Geef het laatste zegel van elk traject, om te bewaren waar Regie niet kan schrijven."""
    from regie.store.history import export_head
    from regie.store.session import read_scope

    town = open_town()
    with read_scope(town.context.engine) as session:
        print_json({"at": town.now(), **export_head(session)})


@audit.command("verify")
def verify_audit(
    traject: str = typer.Option("", "--traject"),
    checkpoint: Path | None = typer.Option(
        None, "--checkpoint", help="Wat `regie audit head` eerder gaf: vindt ook wat daarna is weggeknipt."
    ),
    as_json: bool = JSON,
) -> None:
    """Controleer of iemand de vastlegging heeft veranderd."""
    from regie.store.history import verify
    from regie.store.session import read_scope

    town = open_town()
    head = read_head(checkpoint) if checkpoint else None
    with read_scope(town.context.engine) as session:
        number = town.traject_id(traject) if traject else None
        problems = verify(session, town.context.audit_key, number, checkpoint=head)
    if as_json:
        print_json([{"traject_id": p.traject_id, "seq": p.seq, "what": p.what} for p in problems])
    else:
        for problem in problems:
            warn(f"traject {problem.traject_id}, regel {problem.seq}: {problem.what}")
        say("De vastlegging klopt." if not problems else f"{len(problems)} regels kloppen niet.")
    if problems:
        raise typer.Exit(1)


def read_head(file: Path) -> dict[str, Any]:
    """Read back what ``regie audit head`` wrote.

    Raises:
        Refused: ``checkpoint-unreadable``.
    """
    try:
        head = json.loads(file.read_text(encoding="utf-8"))
        whole = all(
            int(number) and type(of["seq"]) is int and type(of["mac"]) is str for number, of in head["heads"].items()
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        whole = False
    if not whole:
        raise Refused(
            f"'{file}' is not what regie audit head wrote",
            code="checkpoint-unreadable",
            hint="give the file in which you kept it",
            file=str(file),
        )
    return dict(head)
