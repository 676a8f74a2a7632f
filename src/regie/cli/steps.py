"""``regie step``, ``gate``, ``date``, ``term``, ``why``: what people do to steps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from regie.cli import completion
from regie.cli.common import (
    BY,
    CYCLE,
    JSON,
    PREVIEW,
    SLUG,
    STEP,
    YES,
    change,
    check_known,
    cycle_number,
    find_key,
    open_town,
    parse_day,
    parse_key,
    parse_state,
    print_json,
    say,
    table,
    who,
)
from regie.cli.files import as_data, opened, say_size

if TYPE_CHECKING:
    from regie.store.files import StoredFile
    from regie.uploads import Upload

step = typer.Typer(help="Stappen: tonen, starten, afronden, overslaan, heropenen.", no_args_is_help=True)
gate = typer.Typer(help="Besluitpoorten.", no_args_is_help=True)
date_group = typer.Typer(help="Datums vastzetten en loslaten.", no_args_is_help=True)
term = typer.Typer(help="Wettelijke termijnen stilzetten, hervatten, verlengen.", no_args_is_help=True)

ON = typer.Option("", "--on", help="Op welke dag; anders vandaag.")
REASON = typer.Option(..., "--reason", help="Waarom; komt in de geschiedenis.")
SEEN = typer.Option(-1, "--seen-version", help="De versie die u zag; weigert als iemand anders eerder was.")


def register(app: typer.Typer) -> None:
    app.add_typer(step, name="step")
    app.add_typer(gate, name="gate")
    app.add_typer(date_group, name="date")
    app.add_typer(term, name="term")
    app.command("why")(why_step)


def _apply(
    slug: str,
    name: str,
    cycle: int,
    by: str,
    make: Any,
    flags: tuple[bool, bool, bool],
    uploads: Sequence[Upload] = (),
) -> None:
    """Find the step, make the event, show what it leads to, save it."""
    found = open_town().traject(slug)
    number = cycle_number(found, cycle)
    event = make(key=find_key(found, number, name), cycle=number, by=who(by))
    yes, preview, as_json = flags
    change(slug, event, yes=yes, preview=preview, as_json=as_json, uploads=uploads)


def _day(text: str) -> Any:
    return parse_day(text, "--on") if text else None


@step.command("list")
def list_steps(
    slug: str = SLUG,
    cycle: int = CYCLE,
    state: str = typer.Option("", "--state", help="Alleen met deze stand, zoals 'klaar' of done."),
    phase: str = typer.Option("", "--phase", help="Alleen van deze fase, zoals fase-1."),
    role: str = typer.Option("", "--role", help="Alleen van deze rol.", autocompletion=completion.roles),
    as_json: bool = JSON,
) -> None:
    """Toon de stappen van een traject."""
    found = open_town().traject(slug, whole=bool(cycle))
    chosen = found.choose_cycle(cycle)
    steps = chosen.definition.steps
    check_known(phase, map(str, chosen.definition.phases), "--phase")
    check_known(role, map(str, chosen.definition.roles), "--role")
    wanted = parse_state(state) if state else None
    rows = [
        _row(each, steps[key.step])
        for key, each in chosen.occurrences.items()
        if (wanted is None or each.state is wanted)
        and (not phase or steps[key.step].phase == phase)
        and (not role or steps[key.step].responsible == role)
    ]
    if as_json:
        print_json(rows)
    else:
        columns = ("step", "responsible", "state", "early_start", "early_finish", "due_on", "slack_working_days")
        names = ("stap", "wie", "stand", "begin", "einde", "vervalt", "speling")
        table(f"Stappen van {slug}", names, (tuple(row[column] for column in columns) for row in rows))


def _row(occurrence: Any, declared: Any) -> dict[str, Any]:
    planned = occurrence.planned
    return {
        "step": str(occurrence.key),
        "title": declared.title.get("nl", ""),
        "phase": declared.phase,
        "responsible": declared.responsible,
        "state": occurrence.state,
        "out": occurrence.out,
        "started_on": occurrence.started_on,
        "finished_on": occurrence.finished_on,
        "outcome": occurrence.outcome,
        "promised_on": occurrence.promised_on,
        "proposed_on": occurrence.proposed_on,
        "proposal_reason": occurrence.proposal_reason,
        "assigned_to": occurrence.assigned_to,
        "declined": occurrence.declined,
        "has_question": bool(occurrence.askers),
        "early_start": planned.early_start if planned else None,
        "early_finish": planned.early_finish if planned else None,
        "late_finish": planned.late_finish if planned else None,
        "due_on": planned.due_on if planned else None,
        "legal_on": planned.legal_on if planned else None,
        "slack_working_days": planned.slack_working_days if planned else None,
        "evidence": list(occurrence.evidence),
        "version": occurrence.version,
    }


@step.command("show")
def show_step(slug: str = SLUG, name: str = STEP, cycle: int = CYCLE, as_json: bool = JSON) -> None:
    """Toon een stap: wat klaar betekent, wie, datums, waarom, bewijs."""
    why_step(slug, name, cycle, as_json)


@step.command("start")
def start(slug: str = SLUG, name: str = STEP, on: str = ON, cycle: int = CYCLE, by: str = BY, seen: int = SEEN, yes: bool = YES, preview: bool = PREVIEW, as_json: bool = JSON) -> None:  # fmt: skip
    """Begin met een stap."""
    from regie.core.events import StepStarted

    _apply(
        slug,
        name,
        cycle,
        by,
        lambda **f: StepStarted(on=_day(on), seen_version=_seen(seen), **f),
        (yes, preview, as_json),
    )


@step.command("complete")
def complete(
    slug: str = SLUG,
    name: str = STEP,
    on: str = ON,
    evidence: list[str] = typer.Option([], "--evidence", help="Link of naam van een document die het bewijst."),
    file: list[Path] = typer.Option([], "--file", help="Bestand dat het bewijst; wordt bewaard. Mag vaker."),
    note: str = typer.Option("", "--note", help="Een opmerking erbij; geen gegevens van bewoners."),
    cycle: int = CYCLE,
    by: str = BY,
    seen: int = SEEN,
    yes: bool = YES,
    preview: bool = PREVIEW,
    as_json: bool = JSON,
) -> None:
    """Rond een stap af, met bewijs als de stap dat vraagt."""
    from regie.core.events import StepFinished

    def make(**facts: Any) -> StepFinished:
        return StepFinished(on=_day(on), evidence=tuple(evidence), note=note, seen_version=_seen(seen), **facts)

    with opened(file) as uploads:
        _apply(slug, name, cycle, by, make, (yes, preview, as_json), uploads)


@step.command("waive")
def waive(slug: str = SLUG, name: str = STEP, reason: str = REASON, approved_by: str = typer.Option(..., "--approved-by", help="Wie het goedkeurt."), cycle: int = CYCLE, by: str = BY, yes: bool = YES, preview: bool = PREVIEW, as_json: bool = JSON) -> None:  # fmt: skip
    """Sla een stap over, met reden en goedkeuring."""
    from regie.core.events import StepWaived

    _apply(
        slug,
        name,
        cycle,
        by,
        lambda **f: StepWaived(reason=reason, approved_by=approved_by, **f),
        (yes, preview, as_json),
    )


@step.command("unwaive")
def unwaive(slug: str = SLUG, name: str = STEP, cycle: int = CYCLE, by: str = BY, yes: bool = YES, preview: bool = PREVIEW, as_json: bool = JSON) -> None:  # fmt: skip
    """Neem een overgeslagen stap weer op."""
    from regie.core.events import StepTakenUpAgain

    _apply(slug, name, cycle, by, lambda **f: StepTakenUpAgain(**f), (yes, preview, as_json))


@step.command("reopen")
def reopen(
    slug: str = SLUG,
    name: str = STEP,
    reason: str = REASON,
    also: list[str] = typer.Option([], "--also", help="Stap die mee heropend wordt.", autocompletion=completion.steps),
    only_this: bool = typer.Option(False, "--only-this", help="Wat erop volgde blijft zoals het is."),
    cycle: int = CYCLE,
    by: str = BY,
    yes: bool = YES,
    preview: bool = PREVIEW,
    as_json: bool = JSON,
) -> None:
    """Heropen een stap; zegt wat erop gebouwd was en vraagt wat daarmee moet."""
    from regie.core.events import StepReopened

    dependents = tuple(parse_key(each) for each in also) if also or only_this else None
    _apply(
        slug, name, cycle, by, lambda **f: StepReopened(reason=reason, also=dependents, **f), (yes, preview, as_json)
    )


@step.command("ask")
def ask(
    slug: str = SLUG,
    name: str = STEP,
    role: str = typer.Option("", "--role", help="Rol waarop u wacht.", autocompletion=completion.roles),
    text: str = typer.Option("", "--text", help="Uw vraag aan de projectleider; geen gegevens van bewoners."),
    cycle: int = CYCLE,
    by: str = BY,
    seen: int = SEEN,
    yes: bool = YES,
    preview: bool = PREVIEW,
    as_json: bool = JSON,
) -> None:
    """Stel de projectleider een vraag (--text), of leg vast dat u op een partner wacht (--role)."""
    from regie.core.events import PartnerAsked, QuestionAsked
    from regie.core.ids import RoleId

    if bool(role) == bool(text):
        raise typer.BadParameter("geef --text of --role")

    def make(**facts: Any) -> PartnerAsked | QuestionAsked:
        if role:
            return PartnerAsked(role=RoleId(role), seen_version=_seen(seen), **facts)
        return QuestionAsked(text=text, seen_version=_seen(seen), **facts)

    _apply(slug, name, cycle, by, make, (yes, preview, as_json))


@step.command("propose")
def propose(slug: str = SLUG, name: str = STEP, on: str = typer.Argument(help="De datum die wel kan."), reason: str = REASON, cycle: int = CYCLE, by: str = BY, seen: int = SEEN, yes: bool = YES, preview: bool = PREVIEW, as_json: bool = JSON) -> None:  # fmt: skip
    """Stel een andere datum voor; de projectleider antwoordt."""
    from regie.core.events import DateProposed

    day = parse_day(on)
    _apply(
        slug,
        name,
        cycle,
        by,
        lambda **f: DateProposed(on=day, reason=reason, seen_version=_seen(seen), **f),
        (yes, preview, as_json),
    )


@step.command("answer")
def answer(
    slug: str = SLUG,
    name: str = STEP,
    accept: bool = typer.Option(False, "--accept", help="Akkoord met de voorgestelde datum."),
    refuse: bool = typer.Option(False, "--refuse", help="Niet akkoord; geef dan --reason."),
    text: str = typer.Option("", "--text", help="Antwoord op een vraag, of aan wie de stap afwees."),
    reason: str = typer.Option("", "--reason", help="Waarom; verplicht bij --refuse."),
    cycle: int = CYCLE,
    by: str = BY,
    seen: int = SEEN,
    yes: bool = YES,
    preview: bool = PREVIEW,
    as_json: bool = JSON,
) -> None:
    """Antwoord op een voorgestelde datum (--accept of --refuse) of op een vraag (--text)."""
    from regie.core.events import ProposalAnswered, QuestionAnswered

    if accept + refuse + bool(text) != 1:
        raise typer.BadParameter("geef --accept, --refuse of --text")

    def make(**facts: Any) -> ProposalAnswered | QuestionAnswered:
        if text:
            return QuestionAnswered(text=text, seen_version=_seen(seen), **facts)
        return ProposalAnswered(accepted=accept, reason=reason, seen_version=_seen(seen), **facts)

    _apply(slug, name, cycle, by, make, (yes, preview, as_json))


@step.command("assign")
def assign(slug: str = SLUG, name: str = STEP, to: str = typer.Argument(help="E-mailadres of nummer van de collega, of 'geen'.", autocompletion=completion.people), reason: str = typer.Option("", "--reason", help="Waarom; komt in de geschiedenis."), cycle: int = CYCLE, by: str = BY, seen: int = SEEN, yes: bool = YES, preview: bool = PREVIEW, as_json: bool = JSON) -> None:  # fmt: skip
    """Draag een stap over aan een collega die in de lijst met partners staat, of geef hem terug aan de rol."""
    from regie.cli.my_steps import find_person_id
    from regie.core.events import HandedToColleague

    person = None if to == "geen" else find_person_id(open_town(), to)
    _apply(
        slug,
        name,
        cycle,
        by,
        lambda **f: HandedToColleague(to=person, reason=reason, seen_version=_seen(seen), **f),
        (yes, preview, as_json),
    )


@step.command("decline")
def decline(slug: str = SLUG, name: str = STEP, reason: str = REASON, cycle: int = CYCLE, by: str = BY, seen: int = SEEN, yes: bool = YES, preview: bool = PREVIEW, as_json: bool = JSON) -> None:  # fmt: skip
    """Zeg dat een stap niet van u is; de projectleider beslist wat er dan gebeurt."""
    from regie.core.events import StepDeclined

    _apply(
        slug,
        name,
        cycle,
        by,
        lambda **f: StepDeclined(reason=reason, seen_version=_seen(seen), **f),
        (yes, preview, as_json),
    )


@step.command("resume")
def resume(slug: str = SLUG, name: str = STEP, cycle: int = CYCLE, by: str = BY, yes: bool = YES, preview: bool = PREVIEW, as_json: bool = JSON) -> None:  # fmt: skip
    """De partner antwoordde: ga verder."""
    from regie.core.events import WorkResumed

    _apply(slug, name, cycle, by, lambda **f: WorkResumed(**f), (yes, preview, as_json))


@step.command("promise")
def promise(slug: str = SLUG, name: str = STEP, on: str = typer.Argument(help="Toegezegde datum, of 'geen'."), cycle: int = CYCLE, by: str = BY, yes: bool = YES, preview: bool = PREVIEW, as_json: bool = JSON) -> None:  # fmt: skip
    """Leg vast wat een partner toezegt."""
    from regie.core.events import DatePromised

    day = None if on == "geen" else parse_day(on)
    _apply(slug, name, cycle, by, lambda **f: DatePromised(on=day, **f), (yes, preview, as_json))


@step.command("withdraw")
def withdraw(slug: str = SLUG, name: str = STEP, reason: str = REASON, cycle: int = CYCLE, by: str = BY, yes: bool = YES, preview: bool = PREVIEW, as_json: bool = JSON) -> None:  # fmt: skip
    """Trek een stap in."""
    from regie.core.events import StepWithdrawn

    _apply(slug, name, cycle, by, lambda **f: StepWithdrawn(reason=reason, **f), (yes, preview, as_json))


@gate.command("list")
def list_gates(slug: str = SLUG, cycle: int = CYCLE, as_json: bool = JSON) -> None:
    """Toon de besluitpoorten: wie besluit, wanneer, met welke uitkomsten."""
    from regie.text.rules import say_body, say_outcome

    found = open_town().traject(slug, whole=bool(cycle))
    chosen = found.choose_cycle(cycle)
    rows: list[dict[str, Any]] = [
        {
            "step": str(key),
            "decided_by": declared.gate.decided_by,
            "outcomes": list(declared.gate.outcomes),
            "state": each.state,
            "outcome": each.outcome,
            "planned": each.planned.early_finish if each.planned else None,
        }
        for key, each in chosen.occurrences.items()
        if (declared := chosen.definition.steps[key.step]).gate is not None
    ]
    if as_json:
        print_json(rows)
    else:
        steps = chosen.definition.steps
        table(
            f"Besluiten van {slug}",
            ("poort", "wie besluit", "uitkomsten", "stand", "besluit", "gepland"),
            (
                (
                    r["step"],
                    say_body(chosen.definition, r["decided_by"]),
                    ", ".join(r["outcomes"]),
                    r["state"],
                    say_outcome(steps[parse_key(r["step"]).step], r["outcome"]) if r["outcome"] else "",
                    r["planned"],
                )
                for r in rows
            ),
        )


@gate.command("decide")
def decide(
    slug: str = SLUG,
    name: str = STEP,
    outcome: str = typer.Argument(
        help="Uitkomst: go, hold, no-go of een eigen uitkomst.", autocompletion=completion.outcomes
    ),
    decided_by: str = typer.Option(..., "--decided-by", help="Wie besloot."),
    reason: str = typer.Option("", "--reason", help="Motivering; verplicht bij aanhouden en no-go."),
    on: str = ON,
    until: str = typer.Option("", "--until", help="Bij aanhouden: tot wanneer."),
    document: str = typer.Option("", "--document", help="Link naar het besluit."),
    cycle: int = CYCLE,
    by: str = BY,
    seen: int = SEEN,
    yes: bool = YES,
    preview: bool = PREVIEW,
    as_json: bool = JSON,
) -> None:
    """Leg een besluit vast."""
    from regie.core.events import GateDecided

    def make(**facts: Any) -> GateDecided:
        return GateDecided(
            outcome=outcome,
            decided_by=decided_by,
            reason=reason,
            on=_day(on),
            document=document,
            held_until=parse_day(until, "--until") if until else None,
            seen_version=_seen(seen),
            **facts,
        )

    _apply(slug, name, cycle, by, make, (yes, preview, as_json))


@date_group.command("pin")
def pin(slug: str = SLUG, name: str = STEP, start_on: str = typer.Option("", "--start", help="Dag waarop de stap begint."), finish_on: str = typer.Option("", "--finish", help="Dag waarop de stap klaar is."), reason: str = REASON, cycle: int = CYCLE, by: str = BY, yes: bool = YES, preview: bool = PREVIEW, as_json: bool = JSON) -> None:  # fmt: skip
    """Zet een datum vast; hij blijft dan staan."""
    from regie.core.events import DatePinned

    def make(**facts: Any) -> DatePinned:
        first = parse_day(start_on, "--start") if start_on else None
        last = parse_day(finish_on, "--finish") if finish_on else None
        if first is None and last is None:
            raise typer.BadParameter("geef --start of --finish")
        return DatePinned(start_on=first, finish_on=last, reason=reason, **facts)

    _apply(slug, name, cycle, by, make, (yes, preview, as_json))


@date_group.command("unpin")
def unpin(slug: str = SLUG, name: str = STEP, cycle: int = CYCLE, by: str = BY, yes: bool = YES, preview: bool = PREVIEW, as_json: bool = JSON) -> None:  # fmt: skip
    """Laat een vastgezette datum los."""
    from regie.core.events import DatePinned

    _apply(slug, name, cycle, by, lambda **f: DatePinned(**f), (yes, preview, as_json))


@term.command("stop")
def stop_clock(
    slug: str = SLUG,
    name: str = STEP,
    reason: str = REASON,
    requested_on: str = typer.Option(
        "",
        "--requested-on",
        help="Dag waarop om aanvulling is gevraagd; anders vandaag. De termijn staat stil vanaf de dag erna (Awb 4:15).",
    ),
    on: str = typer.Option(
        "", "--on", help="Bij een andere grond dan aanvulling: de eerste dag waarop de termijn stilstaat."
    ),
    cycle: int = CYCLE,
    by: str = BY,
    yes: bool = YES,
    preview: bool = PREVIEW,
    as_json: bool = JSON,
) -> None:
    """Zet de wettelijke termijn stil."""
    from regie.core.events import ClockStopped

    if requested_on and on:
        raise typer.BadParameter("geef --requested-on of --on, niet allebei")

    def make(**facts: Any) -> ClockStopped:
        asked = parse_day(requested_on, "--requested-on") if requested_on else None
        return ClockStopped(requested_on=asked, on=_day(on), reason=reason, **facts)

    _apply(slug, name, cycle, by, make, (yes, preview, as_json))


@term.command("resume")
def resume_clock(slug: str = SLUG, name: str = STEP, on: str = typer.Option("", "--on", help="Dag waarop de aanvraag is aangevuld, of de termijn om een andere reden weer loopt; anders vandaag."), cycle: int = CYCLE, by: str = BY, yes: bool = YES, preview: bool = PREVIEW, as_json: bool = JSON) -> None:  # fmt: skip
    """Laat de termijn weer lopen; die dag telt weer mee."""
    from regie.core.events import ClockResumed

    _apply(slug, name, cycle, by, lambda **f: ClockResumed(on=_day(on), **f), (yes, preview, as_json))


@term.command("extend")
def extend(slug: str = SLUG, name: str = STEP, reason: str = REASON, cycle: int = CYCLE, by: str = BY, yes: bool = YES, preview: bool = PREVIEW, as_json: bool = JSON) -> None:  # fmt: skip
    """Gebruik de verlenging die de wet toestaat."""
    from regie.core.events import TermExtended

    _apply(slug, name, cycle, by, lambda **f: TermExtended(reason=reason, **f), (yes, preview, as_json))


def why_step(
    slug: str = SLUG,
    name: str = STEP,
    cycle: int = CYCLE,
    as_json: bool = JSON,
) -> None:
    """Zeg waarom een stap deze datums heeft en waarop hij wacht."""
    from regie.reports.step_view import make_step_view
    from regie.store.session import read_scope
    from regie.text.phrases import words_in
    from regie.text.sentences import say_date

    town = open_town()
    found = town.traject(slug, whole=bool(cycle))
    number = cycle_number(found, cycle)
    key = find_key(found, number, name)
    declared = found.cycle(number).definition.steps[key.step]  # type: ignore[union-attr]
    with read_scope(town.context.engine) as session:
        view = make_step_view(session, town.context.shelf, slug, key, town.today(), cycle=number)
    occurrence = view.occurrence
    waits_start = [str(each.key) for each in view.waits_for(at_start=True)]
    waits_finish = [str(each.key) for each in view.waits_for(at_start=False)]
    if as_json:
        print_json(
            _row(occurrence, declared)
            | {
                "done_when": view.done_when,
                "why": view.why,
                "waits_for": waits_start,
                "held_back_by": waits_finish,
                "chain": view.chain,
                "files": [as_data(each.file) for each in view.evidence if each.file],
                "may": view.may,
            }
        )
        return
    say(f"{view.title} [{key}]: {view.state_said}")
    if view.done_when:
        say(f"  Klaar als: {view.done_when}")
    say(f"  Wie: {declared.responsible or '-'}; eindverantwoordelijk: {declared.accountable or '-'}")
    if occurrence.planned:
        planned = occurrence.planned
        say(
            f"  Begin {say_date(planned.early_start)}, einde {say_date(planned.early_finish)}, speling {planned.slack_working_days} werkdagen"
        )
        if planned.due_on:
            say(f"  Vervaldatum: {say_date(planned.due_on)}")
        if planned.legal_on:
            say(f"  Wettelijke datum: {say_date(planned.legal_on)}")
        if occurrence.promised_on:
            say(f"  Toegezegd: {say_date(occurrence.promised_on)}")
    if occurrence.proposed_on:
        because = f" ({occurrence.proposal_reason})" if occurrence.proposal_reason else ""
        say(f"  Voorgesteld: {say_date(occurrence.proposed_on)}{because}")
    if occurrence.assigned_to:
        say(f"  Overgedragen aan: {town.names().get(occurrence.assigned_to, occurrence.assigned_to)}")
    if occurrence.declined:
        say("  Afgewezen: de rol zegt dat de stap niet van hen is.")
    if occurrence.askers:
        say("  Er wacht een vraag op antwoord.")
    say(f"  Waarom: {view.why}")
    if waits_start and occurrence.state.is_open:
        say(f"  Kan pas beginnen na: {', '.join(waits_start)}")
    if waits_finish and occurrence.state.is_open:
        say(f"  Kan pas klaar zijn na: {', '.join(waits_finish)}")
    for each in view.evidence:
        say(f"  Bewijs: {_say_evidence(each.text, each.file)}")
    for remark in view.remarks:
        say(f"  Opmerking van {remark.name}: {'; '.join(remark.words)}")
    if view.chain:
        say("  De langste keten hierheen:")
        for line in view.chain:
            say(f"    {line}")
    if view.may:
        say(f"  Wat nu kan: {', '.join(words_in('nl').verbs[verb].lower() for verb in view.may)}")


def _say_evidence(text: str, file: StoredFile | None) -> str:
    """A text as it is; of a file what it is called, how large it is, and how to get it."""
    if file is None:
        return text
    if file.removed_at is not None:
        return f"{file.name or file.id} (verwijderd)"
    return f"{file.name or file.id} ({say_size(file.size)}); ophalen: regie file get {file.id} --output MAP"


def _seen(version: int) -> int | None:
    return None if version < 0 else version
