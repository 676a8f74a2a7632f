"""``regie history`` and ``audit``: what happened, and whether the record of it is whole."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterable, Mapping
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import typer

from regie.cli.common import (
    JSON,
    SLUG,
    check_known,
    count_of,
    open_town,
    parse_day,
    print_json,
    say,
    table,
    warn,
)
from regie.errors import Refused

if TYPE_CHECKING:
    from regie.store.access_log import AccessEntry

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
    from regie.reports.audit import names_in, say_about
    from regie.store.history import list_history
    from regie.store.session import read_scope
    from regie.text.dates import say_moment
    from regie.text.phrases import words_in

    town = open_town()
    with read_scope(town.context.engine) as session:
        found = list_history(session, town.traject_id(traject))[-limit:]
    names: dict[str, str] = {}
    for cycle in town.traject(traject).cycles:  # an older plan's name gives way to a newer one
        names |= names_in(cycle.definition)
    names |= {str(each): name for each, name in town.names().items()}
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
        (each.seq, say_moment(each.at, zone), each.by, events.get(each.event, each.event), say_about(each, names)) for each in found
    ))  # fmt: skip


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


@audit.command("access")
def list_access_log(
    since: str = typer.Option("", "--since", help="Vanaf deze dag, zoals 2027-06-03."),
    who: str = typer.Option("", "--who", help="Alleen van deze, zoals account:3 of nobody."),
    what: str = typer.Option("", "--what", help="Alleen deze handeling, zoals sign-in-password."),
    outcome: str = typer.Option("", "--outcome", help="Alleen ok, of alleen refused."),
    limit: int = typer.Option(50, "--limit", min=1, help="Hoeveel hoogstens; de laatste."),
    export: str = typer.Option("", "--export", help="Schrijf alles als JSON-regels in dit bestand; - voor stdout."),
    as_json: bool = JSON,
) -> None:
    """Toon wie zich aanmeldde, wie werd geweigerd en wat beheerders deden."""
    from regie.store.access_log import Outcome, What, export_access, list_access
    from regie.store.session import read_scope
    from regie.text.dates import say_moment

    check_known(what, [each.value for each in What], "--what")
    check_known(outcome, [each.value for each in Outcome], "--outcome")
    town = open_town()
    zone = ZoneInfo(town.settings.timezone)
    begin = datetime.combine(parse_day(since, "--since"), time(), zone) if since else None
    with read_scope(town.context.engine) as session:
        if export:
            number = write_lines(export, map(_as_data, export_access(session, begin)))
            if export != "-":
                say(f"{count_of(number, 'regel', 'regels')} geschreven in {export}.")
            return
        found = list_access(
            session,
            who=who or None,
            what=What(what) if what else None,
            outcome=Outcome(outcome) if outcome else None,
            since=begin,
            limit=limit,
        )
    if as_json:
        print_json([_as_data(each) for each in found])
        return
    table("Toegang", ("wanneer", "wie", "wat", "waarover", "uitkomst"), (
        (say_moment(each.at, town.settings.timezone), each.who, each.what.value, each.about, each.outcome.value)
        for each in found
    ))  # fmt: skip


def _as_data(entry: AccessEntry) -> dict[str, object]:
    return {
        "id": entry.id,
        "at": entry.at.isoformat(),
        "who": entry.who,
        "what": entry.what.value,
        "about": entry.about,
        "outcome": entry.outcome.value,
    }


def write_lines(name: str, rows: Iterable[Mapping[str, object]]) -> int:
    """Write a JSON document a line; give how many.

    Raises:
        Refused: ``export-unwritable``.
    """
    number = 0
    try:
        with contextlib.ExitStack() as stack:
            file = sys.stdout if name == "-" else stack.enter_context(Path(name).open("w", encoding="utf-8"))
            for row in rows:
                number += 1
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
    except OSError as error:
        if name == "-":
            raise
        raise Refused(
            f"'{name}' cannot be written: {error.strerror}",
            code="export-unwritable",
            hint="choose another file",
            file=name,
        ) from error
    return number


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
