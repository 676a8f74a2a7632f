"""``regie link``: which links stand out, whether they still work, and taking one away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from regie.cli.common import BY, JSON, open_town, print_json, say, table, who
from regie.plain_text import check_plain

if TYPE_CHECKING:
    from regie.store.links import Link

link = typer.Typer(help="Links in mails: wie kan waarmee iets doen, en intrekken.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(link, name="link")


@link.command("list")
def list_all(
    traject: str = typer.Option("", "--traject", help="Alleen van dit traject."),
    step: str = typer.Option("", "--step", help="Alleen van deze stap."),
    person: str = typer.Option("", "--person", help="Alleen van deze persoon: het nummer, of het e-mailadres."),
    limit: int = typer.Option(50, "--limit", min=1, help="Hoeveel hoogstens; de nieuwste."),
    as_json: bool = JSON,
) -> None:
    """Toon links, of ze nog werken, en waarom niet meer. De link zelf staat nergens."""
    from regie.store.links import list_links
    from regie.store.partners import find_person
    from regie.store.session import read_scope
    from regie.text.dates import say_moment

    town = open_town()
    number = town.traject_id(traject) if traject else None
    with read_scope(town.context.engine) as session:
        own = (find_person(session, person) if "@" in person else None) or person
        found = list_links(
            session, town.now(), traject_id=number, step=step or None, person_id=own or None, limit=limit
        )
    if as_json:
        print_json([_as_json(each) for each in found])
    elif not found:
        say("Er zijn geen links.")
    else:
        zone = town.settings.timezone
        table("Links", ("nummer", "traject", "stap", "voor", "gemaakt", "werkt tot", "stand"), (
            (each.id, each.slug, each.key, each.person_name or each.person, say_moment(each.created_at, zone),
             say_moment(each.expires_at, zone), _stand(each))
            for each in found
        ))  # fmt: skip


@link.command("show")
def show(number: int = typer.Argument(help="Het nummer uit 'regie link list'."), as_json: bool = JSON) -> None:
    """Toon een link: voor wie, waarvoor, of hij werkt, en wat ermee gebeurde."""
    from regie.store.links import get_link
    from regie.store.session import read_scope
    from regie.text.dates import say_moment
    from regie.text.phrases import STATES

    town = open_town()
    zone = town.settings.timezone
    with read_scope(town.context.engine) as session:
        found = get_link(session, number, town.now())
    if as_json:
        print_json(_as_json(found))
        return
    say(f"Link {found.id}: {_stand(found)}")
    say(f"Traject: {found.slug}, doorloop {found.cycle}\nStap: {found.key}")
    say(f"Voor: {found.person_name or found.person}, als {found.role}")
    say(f"Gemaakt: {say_moment(found.created_at, zone)}\nWerkt tot: {say_moment(found.expires_at, zone)}")
    if found.used_at:
        say(f"Laatst gebruikt: {say_moment(found.used_at, zone)}")
    if found.revoked_at:
        say(f"Ingetrokken: {say_moment(found.revoked_at, zone)} door {found.revoked_by}: {found.revoked_because}")
    if found.settled:
        done = found.settled
        say(f"Stap is {STATES['nl'][done.state]}: {say_moment(done.at, zone)} door {done.by}")


@link.command("revoke")
def revoke_one(
    number: int = typer.Argument(help="Het nummer uit 'regie link list'."),
    reason: str = typer.Option(..., "--reason", help="Waarom; komt in de geschiedenis."),
    by: str = BY,
    as_json: bool = JSON,
) -> None:
    """Trek een link in: wie hem heeft, kan er niets meer mee."""
    from regie.actions.revoke_link import revoke

    actor = check_plain(who(by), "by")
    town = open_town()
    found = revoke(town.context, number, reason, town.now(), by=actor)
    if as_json:
        print_json(_as_json(found))
    else:
        say(f"Link {found.id} is ingetrokken.")


def _stand(each: Link) -> str:
    from regie.text.post import LINK_ENDS

    return LINK_ENDS[each.ended.value] if each.ended else "werkt"


def _as_json(each: Link) -> dict[str, Any]:
    settled = each.settled
    return {
        "id": each.id,
        "traject": each.slug,
        "cycle": each.cycle,
        "step": str(each.key),
        "number": each.number,
        "person": each.person,
        "role": each.role,
        "acts_as": each.acts_as.value,
        "deputy_for": each.deputy_for,
        "created_at": each.created_at,
        "expires_at": each.expires_at,
        "used_at": each.used_at,
        "revoked_at": each.revoked_at,
        "revoked_by": each.revoked_by,
        "revoked_because": each.revoked_because,
        "is_live": each.is_live,
        "ended": each.ended.value if each.ended else None,
        "settled": {"state": settled.state.value, "outcome": settled.outcome, "at": settled.at, "by": settled.by}
        if settled
        else None,
    }
