"""``regie cycle``, ``anchor``, ``item``: what a traject goes through, its named dates, its growing lists."""

from __future__ import annotations

from typing import Any

import typer

from regie.cli import completion
from regie.cli.common import (
    BY,
    CYCLE,
    JSON,
    PREVIEW,
    SLUG,
    YES,
    ask_first,
    change,
    check_known,
    cycle_number,
    open_town,
    parse_day,
    parse_pairs,
    print_json,
    say,
    table,
    who,
)

ANCHOR = typer.Argument(help="Ankerdatum, zoals opening.", autocompletion=completion.anchors)

LIST = typer.Argument(help="Lijst, zoals arrival.")

cycle_group = typer.Typer(help="Doorlopen: de fasen opnieuw.", no_args_is_help=True)
anchor = typer.Typer(help="Ankerdatums: tonen, verzetten.", no_args_is_help=True)
item = typer.Typer(help="Instroommomenten en andere lijsten die groeien.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(cycle_group, name="cycle")
    app.add_typer(anchor, name="anchor")
    app.add_typer(item, name="item")


@cycle_group.command("start")
def start_next(
    slug: str = SLUG,
    kind: str = typer.Argument(help="Soort doorloop: improvement, expansion-here, ..."),
    start_on: str = typer.Option("", "--start", help="Eerste dag; anders vandaag."),
    answers: list[str] = typer.Option([], "--set", help="Antwoord op een vraag: plekken=120."),
    anchors: list[str] = typer.Option([], "--anchor", help="Streefdatum: opening=2028-03-01."),
    key: str = typer.Option("", "--key", help="Kenmerk van dit verzoek; hetzelfde kenmerk opent maar een doorloop."),
    by: str = BY,
    yes: bool = YES,
    as_json: bool = JSON,
) -> None:
    """Open de volgende doorloop volgens de regels van het stappenplan."""
    from regie.actions.start_cycle import NextCycle, start_cycle

    town = open_town()
    seen = town.traject(slug).cycles[-1].number
    ask_first(f"Doorloop '{kind}' openen voor {slug}?", "dit opent een doorloop: geef --yes", yes=yes)
    new = NextCycle(
        kind,
        parse_day(start_on, "--start") if start_on else town.today(),
        key or town.context.ids(),
        parse_pairs(answers, "--set"),
        {name: parse_day(day, "--anchor") for name, day in parse_pairs(anchors, "--anchor").items()},
        who(by),
        seen,
    )
    traject_id = town.traject_id(slug)
    number, applied = start_cycle(town.context, traject_id, new, town.now())
    if as_json:
        print_json({"cycle": number, "repeated": applied.repeated})
    else:
        say(f"Doorloop {number} {'was al geopend' if applied.repeated else 'is geopend'}.")
    town.ring(traject_id, applied.changes)


@anchor.command("list")
def list_anchors(slug: str = SLUG, cycle: int = CYCLE, as_json: bool = JSON) -> None:
    """Toon de ankerdatums met streefdatum en wat er gebeurde."""
    from regie.core.definition import text_in
    from regie.core.traject import AnchorDates

    town = open_town()
    found = town.traject(slug)
    chosen = found.choose_cycle(cycle)
    rows = [
        {"anchor": str(a.id), "title": text_in(a.title, "nl"), "target": dates.target, "actual": dates.actual}
        for a in chosen.definition.anchors.values()
        for dates in [chosen.anchors.get(a.id, AnchorDates())]
    ]
    if as_json:
        print_json(rows)
    else:
        table("Ankerdatums", ("anker", "titel", "streefdatum", "gebeurd"), (tuple(row.values()) for row in rows))


@anchor.command("move")
def move_anchor(
    slug: str = SLUG,
    name: str = ANCHOR,
    to: str = typer.Argument(help="Nieuwe streefdatum."),
    reason: str = typer.Option(..., "--reason", help="Waarom."),
    cycle: int = CYCLE,
    by: str = BY,
    yes: bool = YES,
    preview: bool = PREVIEW,
    as_json: bool = JSON,
) -> None:
    """Verzet een streefdatum; toont eerst wie en wat meeschuift."""
    from regie.core.events import AnchorMoved
    from regie.core.ids import AnchorId

    number = cycle_number(open_town().traject(slug), cycle)
    event = AnchorMoved(anchor=AnchorId(name), target=parse_day(to), reason=reason, cycle=number, by=who(by))
    change(slug, event, yes=yes, preview=preview, as_json=as_json)


@item.command("add")
def add_item(
    slug: str = SLUG,
    list_name: str = LIST,
    key: str = typer.Argument(help="Korte naam van het item, zoals tweede."),
    on: str = typer.Option(..., "--on", help="Datum."),
    number: int = typer.Option(None, "--number", min=0, help="Aantal personen; nooit namen."),
    cycle: int = CYCLE,
    by: str = BY,
    yes: bool = YES,
    preview: bool = PREVIEW,
    as_json: bool = JSON,
) -> None:
    """Voeg een item toe aan een lijst, of wijzig zijn datum."""
    from regie.core.traject import Item

    _change_items(slug, list_name, lambda items: [*(i for i in items if i.key != key), Item(key, parse_day(on), number)],
                  cycle, by, yes=yes, preview=preview, as_json=as_json)  # fmt: skip


@item.command("remove")
def remove_item(
    slug: str = SLUG,
    list_name: str = LIST,
    key: str = typer.Argument(help="Korte naam van het item, zoals tweede."),
    cycle: int = CYCLE,
    by: str = BY,
    yes: bool = YES,
    preview: bool = PREVIEW,
    as_json: bool = JSON,
) -> None:
    """Haal een item van een lijst; zijn open stappen vervallen."""

    def without(items: list[Any]) -> list[Any]:
        check_known(key, [each.key for each in items], "KEY")
        return [each for each in items if each.key != key]

    _change_items(slug, list_name, without, cycle, by, yes=yes, preview=preview, as_json=as_json)


def _change_items(
    slug: str, list_name: str, make: Any, cycle: int, by: str, *, yes: bool, preview: bool, as_json: bool
) -> None:
    from regie.core.events import ItemsChanged
    from regie.core.ids import FIRST_ITEM, ListId
    from regie.core.traject import Item

    found = open_town().traject(slug)
    number = cycle_number(found, cycle)
    chosen = found.cycle(number)
    seen = chosen.items.get(ListId(list_name), ()) if chosen else ()
    items = list(seen)
    declared = chosen.definition.lists.get(ListId(list_name)) if chosen else None
    if not items and chosen is not None and declared is not None and declared.first_on is not None:
        items = [Item(FIRST_ITEM)]  # without a day of its own it stays on the anchor, also when that moves
    event = ItemsChanged(list=ListId(list_name), items=tuple(make(items)), seen=seen, cycle=number, by=who(by))
    change(slug, event, yes=yes, preview=preview, as_json=as_json)
