"""``regie webhook``: which programs hear what happens, and how that goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from regie.cli import completion
from regie.cli.common import (
    BY,
    JSON,
    YES,
    ask_first,
    check_known,
    count_of,
    open_town,
    print_json,
    say,
    table,
    who,
)
from regie.errors import DeliveryFailed
from regie.plain_text import check_plain

if TYPE_CHECKING:
    from regie.actions.keep_webhooks import NewSecret
    from regie.store.webhooks import Webhook

webhook = typer.Typer(help="Webhooks: welke programma's horen wat er gebeurt, en hoe dat gaat.", no_args_is_help=True)

NUMBER = typer.Argument(help="Het kenmerk uit 'regie webhook list'.")


def register(app: typer.Typer) -> None:
    app.add_typer(webhook, name="webhook")


@webhook.command("add")
def add(
    name: str = typer.Argument(help="Welk systeem daar luistert, zoals Zaaksysteem."),
    url: str = typer.Argument(help="Adres: https, en de host staat in REGIE_WEBHOOK_HOSTS."),
    kind: list[str] = typer.Option([], "--event", help="Alleen dit soort gebeurtenis, zoals stap-afgerond; mag vaker."),
    traject: list[str] = typer.Option(
        [], "--traject", help="Alleen van dit traject; mag vaker.", autocompletion=completion.trajects
    ),
    by: str = BY,
    as_json: bool = JSON,
) -> None:
    """Stuur vanaf nu gebeurtenissen naar een programma. Het geheim om ze te controleren ziet u maar een keer."""
    from regie.actions import keep_webhooks

    actor = check_plain(who(by), "by")
    town = open_town()
    new = keep_webhooks.add(
        town.context, town.settings, name=name, url=url, kinds=kind, slugs=traject, by=actor, now=town.now()
    )
    _say_secret(new, as_json)


@webhook.command("list")
def list_all(as_json: bool = JSON) -> None:
    """Toon de webhooks, met hoe het de laatste keer ging en wat er nog staat te wachten."""
    from regie.store.session import read_scope
    from regie.store.tables import EventStatus
    from regie.store.webhooks import list_webhooks
    from regie.text.dates import say_moment
    from regie.text.post import EVENT_OUTCOMES, WEBHOOK_STATUSES, say_detail

    town = open_town()
    zone = town.settings.timezone
    with read_scope(town.context.engine) as session:
        found = list_webhooks(session)
    if as_json:
        print_json([_as_json(each) for each in found])
    elif not found:
        say("Er zijn geen webhooks.")
    else:
        table("Webhooks", ("kenmerk", "naam", "host", "stand", "wacht", "opgegeven", "laatst", "hoe dat ging"), (
            (each.id, each.name, each.host, WEBHOOK_STATUSES[each.status.value], each.waiting,
             each.counts.get(EventStatus.DEAD, 0), say_moment(each.tried_at, zone) if each.tried_at else "nog nooit",
             " ".join((EVENT_OUTCOMES[each.last_outcome], say_detail(each.last_detail, zone))).strip())
            for each in found
        ))  # fmt: skip


@webhook.command("pause")
def pause(number: str = NUMBER, by: str = BY, as_json: bool = JSON) -> None:
    """Stuur even niets. Wat er gebeurt, blijft bewaard."""
    from regie.actions import keep_webhooks

    actor = check_plain(who(by), "by")
    town = open_town()
    keep_webhooks.pause(town.context, number, by=actor, now=town.now())
    _say_done(number, {"status": "paused"}, "Staat stil. Wat er gebeurt, gaat mee na 'regie webhook resume'.", as_json)


@webhook.command("resume")
def resume(number: str = NUMBER, by: str = BY, as_json: bool = JSON) -> None:
    """Stuur weer, meteen, ook wat was opgegeven."""
    from regie.actions import keep_webhooks

    actor = check_plain(who(by), "by")
    town = open_town()
    ready = keep_webhooks.resume(town.context, number, by=actor, now=town.now())
    said = f"Loopt weer. {count_of(ready, 'gebeurtenis staat', 'gebeurtenissen staan')} klaar."
    _say_done(number, {"status": "active", "ready": ready}, said, as_json)


@webhook.command("rotate")
def rotate(number: str = NUMBER, by: str = BY, as_json: bool = JSON) -> None:
    """Maak een nieuw geheim. Het oude tekent nog een dag mee, zodat u rustig kunt wisselen."""
    from regie.actions import keep_webhooks

    actor = check_plain(who(by), "by")
    town = open_town()
    _say_secret(keep_webhooks.rotate(town.context, number, by=actor, now=town.now()), as_json)


@webhook.command("remove")
def remove(number: str = NUMBER, yes: bool = YES, by: str = BY, as_json: bool = JSON) -> None:
    """Stuur er niets meer heen, en vergeet adres en geheim. Wat wachtte, vervalt."""
    from regie.actions import keep_webhooks
    from regie.store.session import read_scope
    from regie.store.webhooks import get_webhook

    actor = check_plain(who(by), "by")
    town = open_town()
    with read_scope(town.context.engine) as session:
        found = get_webhook(session, number)
    ask_first(
        f"Webhook '{found.name}' verwijderen?",
        "er is niemand om het aan te vragen; zeg --yes om de webhook te verwijderen",
        yes=yes,
    )
    gone = keep_webhooks.remove(town.context, number, by=actor, now=town.now())
    said = f"Verwijderd. {count_of(gone, 'gebeurtenis is', 'gebeurtenissen zijn')} vervallen."
    _say_done(number, {"status": "removed", "withdrawn": gone}, said, as_json)


@webhook.command("test")
def send_one(number: str = NUMBER, as_json: bool = JSON) -> None:
    """Stuur nu een proefgebeurtenis en toon het antwoord."""
    from regie.actions.deliver_events import send_test
    from regie.notify.webhook import Names, WebhookSender
    from regie.text.post import say_detail

    town = open_town()
    names, sender = Names.from_settings(town.settings), WebhookSender.from_settings(town.settings)
    answer = send_test(town.context, sender, names, number, town.now())
    said = say_detail(answer.detail, town.settings.timezone)
    _say_done(number, {"taken": answer.is_taken, "detail": answer.detail}, f"De andere kant {said}.", as_json)
    if not answer.is_taken:
        raise DeliveryFailed("the test event was not taken", code="webhook-not-taken", hint="look at the answer above")


@webhook.command("log")
def log(
    number: str = NUMBER,
    status: str = typer.Option("", "--status", help="Alleen met deze stand: pending, sent, dead, withdrawn."),
    limit: int = typer.Option(50, "--limit", min=1, help="Hoeveel hoogstens; de nieuwste."),
    as_json: bool = JSON,
) -> None:
    """Toon de gebeurtenissen van een webhook, met stand en laatste antwoord."""
    from dataclasses import asdict

    from regie.store.session import read_scope
    from regie.store.tables import EventStatus
    from regie.store.webhooks import list_events
    from regie.text.dates import say_moment
    from regie.text.post import EVENT_STATUSES, say_detail

    check_known(status, EVENT_STATUSES, "--status")
    town = open_town()
    zone = town.settings.timezone
    wanted = EventStatus(status) if status else None
    with read_scope(town.context.engine) as session:
        found = list_events(session, number, status=wanted, limit=limit)
    if as_json:
        print_json([{**asdict(each), "status": each.status.value} for each in found])
    elif not found:
        say("Er zijn geen gebeurtenissen.")
    else:
        table("Gebeurtenissen", ("kenmerk", "soort", "waarover", "wanneer", "stand", "poging", "antwoord"), (
            (each.event_id, each.kind, each.subject, say_moment(each.happened_at, zone),
             EVENT_STATUSES[each.status.value], each.attempt, say_detail(each.detail, zone))
            for each in found
        ))  # fmt: skip


@webhook.command("deliver")
def deliver_now(as_json: bool = JSON) -> None:
    """Verstuur nu wat klaarstaat, zonder Prefect."""
    from regie.actions.deliver_events import deliver_events
    from regie.clock import system_clock
    from regie.notify.webhook import Names, WebhookSender

    town = open_town()
    names, sender = Names.from_settings(town.settings), WebhookSender.from_settings(town.settings)
    done = deliver_events(town.context, sender, names, system_clock)
    if as_json:
        print_json({"sent": done.sent, "failed": done.failed})
    else:
        say(f"{done.sent} verstuurd, {done.failed} niet aangenomen.")


def _say_secret(new: NewSecret, as_json: bool) -> None:
    if as_json:
        print_json({"id": new.webhook_id, "secret": new.secret})
    else:
        say(f"Webhook {new.webhook_id}\nGeheim: {new.secret}\nBewaar het geheim nu: Regie toont het niet nog eens.")


def _say_done(number: str, facts: dict[str, Any], said: str, as_json: bool) -> None:
    if as_json:
        print_json({"id": number, **facts})
    else:
        say(said)


def _as_json(each: Webhook) -> dict[str, Any]:
    return {
        "id": each.id,
        "name": each.name,
        "host": each.host,
        "status": each.status.value,
        "events": each.kinds,
        "trajects": each.trajects,
        "counts": {status.value: count for status, count in each.counts.items()},
        "created_at": each.created_at,
        "created_by": each.created_by,
        "old_secret_until": each.old_until,
        "tried_at": each.tried_at,
        "last_outcome": each.last_outcome,
        "last_detail": each.last_detail,
    }
