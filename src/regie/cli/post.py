"""Messages: what waits, what went wrong, what a mail would look like; deliver now."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

from regie.cli.common import (
    BY,
    JSON,
    SLUG,
    STEP,
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
    from regie.store.brake import Held

outbox = typer.Typer(help="Berichten: wat staat klaar, wat ging mis.", no_args_is_help=True)
mail = typer.Typer(help="Mail: vooraf bekijken.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(outbox, name="outbox")
    app.add_typer(mail, name="mail")
    app.command("deliver")(deliver_now)


@outbox.command("list")
def list_outbox(
    status: str = typer.Option("", "--status", help="Alleen met deze stand, zoals vastgehouden (held)."),
    limit: int = typer.Option(50, "--limit", min=1, help="Hoeveel hoogstens."),
    as_json: bool = JSON,
) -> None:
    """Toon berichten met hun stand: klaar, verstuurd, onzeker, mislukt, vastgehouden."""
    from regie.store.outbox import list_messages, outbox_counts
    from regie.store.session import read_scope
    from regie.text.dates import say_moment
    from regie.text.post import STATUSES, say_counts, say_detail, say_status

    status = next((code for code, said in STATUSES.items() if said == status.strip().lower()), status)
    check_known(status, STATUSES, "--status")
    town = open_town()
    with read_scope(town.context.engine) as session:
        found = list_messages(session, status=status or None, limit=limit)
        counts = {each.value: count for each, count in outbox_counts(session).items()}
    rows = [
        {
            "id": each.id,
            "to": each.name,
            "status": each.status.value,
            "attempt": each.attempt,
            "created_at": each.created_at,
            "sent_at": each.sent_at,
            "detail": each.detail,
            "needs_a_person": each.needs_a_person,
            "lines": len(each.lines),
        }
        for each in found
    ]
    if as_json:
        print_json({"counts": counts, "messages": rows})
    else:
        zone = town.settings.timezone
        if found:
            table("Berichten", ("kenmerk", "aan", "stand", "poging", "gemaakt", "verstuurd", "toelichting"),
                  ((each.id, each.name, say_status(each.status.value), each.attempt, say_moment(each.created_at, zone),
                    say_moment(each.sent_at, zone) if each.sent_at else "", say_detail(each.detail, zone))
                   for each in found))  # fmt: skip
        say(say_counts(counts) or "Er zijn geen berichten.")


@outbox.command("show")
def show_message(message_id: str, as_json: bool = JSON) -> None:
    """Toon een bericht zoals het nu verstuurd zou worden; de links erin zijn voorbeelden die niets openen."""
    from regie.actions.deliver import Postage
    from regie.notify.render import render
    from regie.store.outbox import preview_letter
    from regie.store.session import read_scope

    town = open_town()
    with read_scope(town.context.engine) as session:
        letter = preview_letter(session, message_id, town.context.shelf, town.now())
    if letter is None and as_json:
        print_json(None)
        return
    if letter is None:
        say("Niets in dit bericht klopt nog; het wordt niet verstuurd.")
        return
    written = render(letter, base_url=Postage.from_settings(town.settings).base_url)
    if as_json:
        print_json({"to": letter.to.email, "subject": written.subject, "text": written.text})
    else:
        say(f"Aan: {letter.to.name} <{letter.to.email}>\nOnderwerp: {written.subject}\n\n{written.text}")


@outbox.command("retry")
def retry_message(message_id: str, by: str = BY, as_json: bool = JSON) -> None:
    """Laat een mislukt of onzeker bericht opnieuw vertrekken."""
    from regie.store.outbox import retry
    from regie.store.session import in_transaction

    actor = check_plain(who(by), "by")
    town = open_town()
    in_transaction(town.context.engine, lambda session: retry(session, message_id, actor))
    if as_json:
        print_json({"id": message_id, "status": "pending"})
    else:
        say("Het bericht staat weer klaar.")


@outbox.command("release")
def release(by: str = BY, as_json: bool = JSON) -> None:
    """Laat vastgehouden berichten gaan."""
    from regie.store.outbox import release_held
    from regie.store.session import in_transaction

    actor = check_plain(who(by), "by")
    town = open_town()
    held = in_transaction(town.context.engine, lambda session: release_held(session, town.now(), by=actor))
    _say_held("Losgelaten", "released", held, as_json)


@outbox.command("hold")
def hold(
    reason: str = typer.Option(..., "--reason", help="Waarom, voor wie ze later nakijkt."),
    by: str = BY,
    as_json: bool = JSON,
) -> None:
    """Houd alles vast wat nog niet vertrok, en wat de volgende ronde wil zeggen: na het terugzetten van een kopie."""
    from regie.store.outbox import hold_everything

    held = _do_with_held(hold_everything, by, reason)
    if as_json:
        _say_held("Vastgehouden", "held", held, as_json)
        return
    said = count_of(held.messages, "bericht", "berichten")
    say(f"Vastgehouden: {said}. Wat de volgende ronde wil zeggen, wordt ook vastgehouden.")
    say("Laat alles gaan met: regie outbox release. Of gooi het weg met: regie outbox discard.")


@outbox.command("discard")
def discard(
    reason: str = typer.Option(..., "--reason", help="Waarom; komt in de geschiedenis."),
    by: str = BY,
    as_json: bool = JSON,
) -> None:
    """Gooi vastgehouden berichten weg, met reden."""
    from regie.store.outbox import discard_held

    _say_held("Weggegooid", "discarded", _do_with_held(discard_held, by, reason), as_json)


def _do_with_held(work: Callable[..., Held], by: str, reason: str) -> Held:
    """Hold or discard, for a reason that is kept."""
    from regie.store.session import in_transaction

    actor = check_plain(who(by), "by")
    check_plain(reason, "reason", is_long=True)
    town = open_town()
    return in_transaction(town.context.engine, lambda session: work(session, town.now(), by=actor, reason=reason))


def _say_held(said: str, name: str, held: Held, as_json: bool) -> None:
    if as_json:
        print_json({name: {"messages": held.messages, "notices": held.notices}})
    else:
        messages, notices = count_of(held.messages, "bericht", "berichten"), count_of(held.notices, "regel", "regels")
        say(
            f"{said}: {messages}, met samen {notices}."
            if held.notices or held.messages
            else "Er werd niets vastgehouden."
        )


@mail.command("preview")
def preview_mail(
    traject: str = SLUG,
    step: str = STEP,
    kind: str = typer.Argument("ready", help="Soort: ready, due-soon, due, overdue, date-moved, ..."),
    language: str = typer.Option("nl", "--language"),
    as_json: bool = JSON,
) -> None:
    """Toon de mail die een partner over een stap zou krijgen; de link erin is een voorbeeld dat niets opent."""
    from regie.actions.deliver import Postage
    from regie.cli.common import cycle_number, find_key
    from regie.core.definition import Kind
    from regie.core.ids import PersonId, RoleId
    from regie.core.lines import Line
    from regie.links import EXAMPLE
    from regie.notify.render import render
    from regie.text.letter import Addressee, Letter, LetterPart

    check_known(language, ("nl", "en"), "--language")
    check_known(kind, [each.value for each in Kind], "KIND")
    town = open_town()
    found = town.traject(traject)
    number = cycle_number(found, 0)
    key = find_key(found, number, step)
    cycle = found.cycle(number) or found.cycles[-1]
    planned = cycle.occurrences[key].planned
    responsible = cycle.definition.steps[key.step].responsible or RoleId("")
    line = Line(
        Kind(kind), number, key, responsible, "responsible",
        due_on=planned.due_on if planned else None, legal_on=planned.legal_on if planned else None,
        old_on=planned.due_on if planned else None,
    )  # fmt: skip
    part = LetterPart(
        found.id, found.slug, found.title, number, cycle.kind, cycle.definition, (line,), links={key: EXAMPLE}
    )
    letter = Letter(
        "voorbeeld", 1, Addressee(PersonId("voorbeeld"), "Voorbeeld", "voorbeeld@gemeente.example", language), (part,)
    )
    written = render(letter, base_url=Postage.from_settings(town.settings).base_url)
    if as_json:
        print_json({"subject": written.subject, "text": written.text, "html": written.html})
    else:
        say(f"Onderwerp: {written.subject}\n\n{written.text}")


def deliver_now(as_json: bool = JSON) -> None:
    """Verstuur nu wat klaarstaat, zonder Prefect."""
    from regie.actions.deliver import Postage, deliver
    from regie.clock import system_clock
    from regie.notify.sender import AppriseSender

    town = open_town()
    sender = AppriseSender.from_settings(town.settings, system_clock)
    postage = Postage.from_settings(town.settings)
    done = deliver(town.context, sender, system_clock, f"cli-{town.context.ids()}", postage)
    if as_json:
        print_json(
            {"sent": done.sent, "refused": done.refused, "uncertain": done.uncertain, "withdrawn": done.withdrawn}
        )
    else:
        say(
            f"{done.sent} aangeboden, {done.refused} geweigerd, {done.uncertain} onzeker, {done.withdrawn} niet meer waar."
        )
    if done.refused or done.uncertain:
        raise DeliveryFailed(
            "not everything was sent", hint="regie outbox list shows what went wrong; it is tried again by itself"
        )
