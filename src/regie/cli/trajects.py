"""``regie traject`` and ``due``: start, list, show, close."""

from __future__ import annotations

import sys
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from regie.cli import completion
from regie.cli.common import (
    BY,
    CYCLE,
    DEFINITION,
    JSON,
    PREVIEW,
    SLUG,
    YES,
    ask,
    ask_first,
    is_terminal,
    open_town,
    parse_day,
    parse_pairs,
    print_json,
    say,
    table,
    warn,
    warn_private,
    who,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regie.core.changes import Changes
    from regie.core.definition import Definition, Question
    from regie.core.findings import PlanFinding
    from regie.core.traject import Cycle

PAGE = 100
"""How many trajects people see at once, when they ask for no other number."""

MOST_ALIKE = 3
"""How many warnings of one kind people see when they start a traject."""

traject = typer.Typer(help="Trajecten: starten, tonen, afsluiten.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(traject, name="traject")
    app.command("due")(due)


@traject.command("start")
def start(
    title: str = typer.Option("", "--title", help="Naam van de locatie."),
    definition: str = DEFINITION,
    start_on: str = typer.Option("", "--start", help="Eerste dag; anders vandaag."),
    answers: list[str] = typer.Option([], "--set", help="Antwoord op een vraag: plekken=120."),
    anchors: list[str] = typer.Option([], "--anchor", help="Streefdatum: opening=2028-03-01."),
    file: Path | None = typer.Option(None, "--file", help="YAML met title, start, answers en anchors."),
    slug: str = typer.Option("", "--slug", help="Korte naam; anders uit de titel."),
    by: str = BY,
    yes: bool = YES,
    preview: bool = PREVIEW,
    as_json: bool = JSON,
) -> None:
    """Start een traject: vraag wat ontbreekt, toon het plan, sla het dan op."""
    from regie.actions.start_traject import NewTraject, preview_start, start_traject
    from regie.clock import local_date, system_clock
    from regie.definitions import load_definition, sources_of
    from regie.settings import load_settings
    from regie.text.sentences import explain_finding, say_date

    given = _read_file(file) if file else {}
    chosen = load_definition(str(given.get("definition", definition)))
    facts: dict[str, Any] = {**given.get("answers", {}), **parse_pairs(answers, "--set")}
    targets = {name: _day(day) for name, day in given.get("anchors", {}).items()}
    targets |= {name: parse_day(day, "--anchor") for name, day in parse_pairs(anchors, "--anchor").items()}
    title = title or str(given.get("title", ""))
    slug = slug or str(given.get("slug", ""))
    zone = load_settings().timezone
    today = local_date(system_clock(), zone)
    first = parse_day(start_on, "--start") if start_on else _day(given["start"]) if "start" in given else today
    if is_terminal(sys.stdin) and not yes:
        title, facts, targets = _ask_what_misses(chosen, title, slug, facts, targets, first)
    warn_private(title)
    new = NewTraject(title, first, facts, targets, slug=slug, zone=zone, by=who(by))
    changes = preview_start(chosen, new, system_clock())
    seen = changes.traject.cycles[0]
    errors = [finding for finding in changes.findings if finding.severity.value == "error"]
    summary: dict[str, Any] = {
        "slug": changes.traject.slug,
        "steps": sum(not each.state.is_out for each in seen.occurrences.values()),
        "not_applicable": sum(each.state.is_out for each in seen.occurrences.values()),
        "finish": changes.plans[0][1].finish_on,
        "impossible": [explain_finding(finding, chosen) for finding in errors],
        "warnings": _say_warnings(changes.findings, chosen),
    }
    if not as_json:
        say(
            f"{summary['steps']} stappen, {summary['not_applicable']} niet van toepassing; klaar op {say_date(summary['finish'])}."
        )
        for text in summary["impossible"]:
            warn(f"  lukt niet: {text}")
        for text in summary["warnings"]:
            warn(f"  let op: {text}")
    if preview:
        if as_json:
            print_json({"saved": False, **summary})
        return
    ask_first("Traject starten?", "dit start een traject: geef --yes, of --preview om alleen te kijken", yes=yes)
    town = open_town(create=True)
    traject_id, applied = start_traject(
        town.context, sources_of(str(given.get("definition", definition))), chosen, new, town.now()
    )
    messages = applied.saved.new_messages if applied.saved else 0
    if as_json:
        print_json({"saved": True, "id": traject_id, "messages": messages, **summary})
    else:
        say(f"Traject '{changes.traject.slug}' is gestart; {messages} berichten staan klaar.")
    town.ring(traject_id, applied.changes)


def _say_warnings(findings: Sequence[PlanFinding], definition: Definition) -> list[str]:
    """What in a plan needs a look: all years in one line, and of the same kind only the first few."""
    from regie.text.phrases import say_list
    from regie.text.sentences import explain_finding

    by_code: dict[str, list[PlanFinding]] = {}
    for each in findings:
        if each.severity.value == "warning":
            by_code.setdefault(each.code, []).append(each)
    years = sorted({each.on.year for each in by_code.pop("RG354", ()) if each.on})
    said = []
    if years:
        dates = "datums in dat jaar" if len(years) == 1 else "datums in die jaren"
        listed = say_list([str(each) for each in years])
        said.append(f"De vrije dagen van {listed} staan nog niet vast; {dates} kunnen veranderen.")
    for alike in by_code.values():
        said += [explain_finding(each, definition) for each in alike[:MOST_ALIKE]]
        if len(alike) > MOST_ALIKE:
            said.append(f"Zo zijn er nog {len(alike) - MOST_ALIKE}; regie plan toont ze alle.")
    return said


def _read_file(path: Path) -> dict[str, Any]:
    from pydantic import Field

    from regie.definitions.plain import read_part
    from regie.definitions.schema import Part

    class StartFile(Part):
        title: str = ""
        slug: str = ""
        definition: str = "opvang"
        start: date | None = None
        answers: dict[str, bool | int | str | list[str]] = Field(default_factory=dict)
        anchors: dict[str, date] = Field(default_factory=dict)

    return read_part(path, StartFile, "start-file-invalid").model_dump(exclude_unset=True)


def _day(value: object) -> date:
    return value if isinstance(value, date) else parse_day(str(value))


def _ask_what_misses(
    definition: Definition,
    title: str,
    slug: str,
    facts: dict[str, Any],
    targets: dict[str, date],
    first: date,
) -> tuple[str, dict[str, Any], dict[str, date]]:
    """Ask for all that was not given; an answer that cannot be is asked again at once, with what is wrong with it."""
    from regie.core.definition import text_in
    from regie.core.opening import check_answers

    def fits(name: str, typed: str) -> str:
        problems = check_answers(definition, {name: typed})[1]
        if own := [each for each in problems if each.facts.get("question") == name]:
            raise own[0]
        return typed

    def lies_ahead(typed: str) -> date:
        day = parse_day(typed)
        if day < first:
            raise typer.BadParameter("Deze dag ligt voor de eerste dag van het traject. Kies een latere.")
        return day

    title = title or ask("Naam van de locatie", lambda typed: _check_title(typed, slug))
    for question in definition.questions.values():
        if question.id not in facts:
            default = question.default
            if isinstance(default, frozenset):
                default = ",".join(sorted(default))
            elif isinstance(default, bool):
                default = "ja" if default else "nee"
            asked = f"{text_in(question.ask, 'nl')}{_choices(question)}"
            facts[question.id] = ask(asked, partial(fits, question.id), default=default)
    for each in definition.anchors.values():
        if each.target_required and each.id not in targets and each.id != definition.start_anchor:
            targets[each.id] = ask(f"{text_in(each.title, 'nl')}: op welke dag? (zoals 2028-03-01)", lies_ahead)
    return title, facts, targets


def _check_title(title: str, slug: str) -> str:
    """Refuse a name that would be refused only after all other questions."""
    from regie.actions.start_traject import slug_of
    from regie.errors import Conflict, Incomplete, NotFound
    from regie.plain_text import check_plain

    short = slug or slug_of(check_plain(title, "title"))
    try:
        open_town().traject_id(short)
    except (NotFound, Incomplete):
        return title
    raise Conflict(f"there is a traject '{short}' already", code="slug-taken", slug=short)


def _choices(question: Question) -> str:
    """What can be answered, behind the question."""
    from regie.core.definition import QuestionKind, text_in

    if question.options:
        titles = {each: text_in(question.option_titles.get(each, {}), "nl") for each in question.options}
        several = "; kies een of meer, met een komma ertussen" if question.kind is QuestionKind.SOME_OF else ""
        listed = "".join(f"\n  {each}" + (f": {title}" if title else "") for each, title in titles.items())
        return f"{several}{listed}\n "
    if question.kind is QuestionKind.YES_NO:
        return " (ja of nee)"
    if question.low is not None and question.high is not None:
        return f" ({question.low} tot en met {question.high})"
    return ""


@traject.command("list")
def list_all(
    everything: bool = typer.Option(False, "--all", help="Ook trajecten die zijn afgesloten of gestopt."),
    limit: int | None = typer.Option(
        None, "--limit", min=1, help=f"Hoeveel hoogstens; anders {PAGE}, en met --json allemaal."
    ),
    after: str = typer.Option("", "--after", help="Ga verder na dit traject: het laatste van de vorige lijst."),
    as_json: bool = JSON,
) -> None:
    """Toon de trajecten die lopen, met wat te laat is en wat eerst komt."""
    from regie.store.overview import list_trajects
    from regie.store.session import read_scope

    most = limit or (None if as_json else PAGE)
    town = open_town()
    with read_scope(town.context.engine) as session:
        # one more than is shown, to know whether there are more
        ask = None if most is None else most + 1
        found = list_trajects(session, town.today(), limit=ask, after=after, running_only=not everything)
    rows = []
    for each in found[:most]:
        last = each.cycles[-1] if each.cycles else None
        opening = next((d.counts for a, d in last.anchors.items() if a == "opening"), None) if last else None
        rows.append(
            {
                "slug": each.slug,
                "title": each.title,
                "cycle": last.number if last else None,
                "kind": last.kind if last else None,
                "running": each.is_running,
                "opening": opening,
                "late": last.late if last else 0,
                "next_due_on": last.next_due_on if last else None,
                "states": {state.value: count for state, count in last.counts.items()} if last else {},
            }
        )
    if as_json:
        print_json(rows)
    elif not rows:
        say(f"Er zijn geen trajecten in {town.settings.data_dir}. Begin er een met: regie traject start")
    else:
        table(
            "Trajecten",
            ("traject", "titel", "doorloop", "opening", "te laat", "eerstvolgend"),
            ((r["slug"], r["title"], r["cycle"], r["opening"], r["late"], r["next_due_on"]) for r in rows),
        )
        if len(found) > len(rows):
            warn(f"Er zijn er meer: regie traject list{' --all' if everything else ''} --after {rows[-1]['slug']}")


@traject.command("close")
def close(
    slug: str = SLUG,
    reason: str = typer.Option(..., "--reason", help="Waarom; komt in de geschiedenis."),
    by: str = BY,
    yes: bool = YES,
    preview: bool = PREVIEW,
    as_json: bool = JSON,
) -> None:
    """Sluit een traject af: wat nog open staat, wordt ingetrokken, en niemand hoort er nog over."""
    from regie.actions.close_traject import close_traject, preview_close

    town = open_town()
    traject_id = town.traject_id(slug)
    cycles = [_closing(each) for each in preview_close(town.context, traject_id, reason, town.now(), by=who(by))]
    document = {"slug": slug, "cycles": cycles}
    if not as_json:
        for each in cycles:
            say(
                f"Doorloop {each['cycle']} stopt: {len(each['withdrawn'])} open stappen worden ingetrokken,"
                f" {each['kept']} blijven zoals ze zijn."
            )
            if each["under_way"]:
                say(f"  Hieraan wordt al gewerkt: {', '.join(each['under_way'])}")
    if preview:
        if as_json:
            print_json({"saved": False, **document})
        return
    ask_first("Traject afsluiten?", "dit sluit een traject af: geef --yes, of --preview om alleen te kijken", yes=yes)
    close_traject(town.context, traject_id, reason, town.now(), by=who(by))
    if as_json:
        print_json({"saved": True, **document})
    else:
        say(f"Traject '{slug}' is afgesloten; regie traject list --all toont het nog.")
    town.ring(traject_id)


def _closing(changes: Changes) -> dict[str, Any]:
    """What the end of one cycle does to its steps."""
    from regie.core.traject import State

    withdrawn = [each for each in changes.transitions if each.after is State.WITHDRAWN]
    waited = (State.NOT_YET, State.READY)
    return {
        "cycle": changes.event.cycle,
        "withdrawn": [str(each.key) for each in withdrawn],
        "under_way": [str(each.key) for each in withdrawn if each.before not in waited],
        "kept": len(changes.traject.cycle(changes.event.cycle).occurrences) - len(withdrawn),  # type: ignore[union-attr]
    }


@traject.command("show")
def show(slug: str = SLUG, cycle: int = CYCLE, as_json: bool = JSON) -> None:
    """Toon een traject: wat de opening bedreigt, besluiten, wat te laat is."""
    from regie.cli.plan import plan_rows
    from regie.core.settle import settle
    from regie.core.traject import CycleState
    from regie.reports.documents import Subject, phase_windows
    from regie.text.rules import say_anchor, say_cycle
    from regie.text.sentences import explain_chain, explain_finding, say_date

    town = open_town()
    found = town.traject(slug, whole=bool(cycle))
    chosen = found.choose_cycle(cycle)
    settled, plan = settle(chosen, town.today())
    definition = settled.definition
    if as_json:
        print_json(
            {
                "slug": found.slug,
                "title": found.title,
                "cycle": chosen.number,
                "kind": settled.kind,
                "state": settled.state.value,
                "anchors": {a: {"target": d.target, "actual": d.actual} for a, d in settled.anchors.items()},
                "findings": [explain_finding(each, definition) for each in plan.findings],
                "steps": plan_rows(definition, settled, plan, "nl"),
            }
        )
        return
    is_over = f", afgesloten: {_say_end(settled)}" if settled.state is CycleState.ENDED else ""
    say(f"{found.title} - doorloop {chosen.number}: {say_cycle(definition, settled.kind)}{is_over}")
    for name, dates in settled.anchors.items():
        say(
            f"  {say_anchor(definition, name)}: {say_date(dates.actual) + ' (gebeurd)' if dates.actual else say_date(dates.target) if dates.target else '-'}"
        )
    if settled.state is CycleState.ENDED:
        return
    threats = [each for each in plan.findings if each.code in ("RG351", "RG352")]
    say("Wat bedreigt de datums:" if threats else "Alle streefdatums en wettelijke datums zijn haalbaar.")
    for each in threats:
        say(f"  {explain_finding(each, definition)}")
        for line in explain_chain(each.chain, plan):
            say(f"    {line}")
    subject = Subject(found, settled, plan, town.today(), {})
    rows = ((phase, say_date(first), say_date(last), count) for phase, first, last, count in phase_windows(subject))
    table("Fasen", ("fase", "begin", "einde", "stappen"), rows)


@traject.command("home")
def home(slug: str = SLUG, cycle: int = CYCLE, as_json: bool = JSON) -> None:
    """Toon het overzicht van een traject: wat dreigt, wat moet, besluiten, wat is verteld en gezegd."""
    from dataclasses import asdict

    from regie.reports.traject_home import LATELY_DAYS, make_traject_home
    from regie.store.session import read_scope
    from regie.text.dates import say_moment
    from regie.text.sentences import say_date

    town = open_town()
    with read_scope(town.context.engine) as session:
        found = make_traject_home(session, town.context.shelf, slug, town.today(), town.now(), cycle=cycle)
    if as_json:
        print_json(asdict(found))
        return
    over = ", afgelopen" if found.is_over else ""
    say(f"{found.title} - doorloop {found.cycle}: {found.kind}{over}; {found.done} van {found.steps} stappen klaar")
    for threat in found.threats:
        say(f"  Dreigt: {threat.sentence}")
        for line in threat.chain:
            say(f"    {line}")
    for aim in found.aims:
        say(f"  {aim.sentence}")
        if not found.threats:
            for line in aim.chain:
                say(f"    {line}")
    names = ("stap", "wie", "stand", "vervalt")
    for title, steps in (("Te laat", found.late), (f"Tot en met {say_date(found.due_until)}", found.due)):
        if steps:
            table(title, names, ((each.title, each.holder, each.state, each.due_on) for each in steps))
    if found.decisions:
        table(
            "Besluiten die eraan komen",
            ("besluit", "wie besluit", "op", "stukken uiterlijk", "stand"),
            (
                (
                    each.title,
                    each.decided_by,
                    each.on,
                    _papers(each.papers_due_on, is_late=each.papers_late),
                    each.state,
                )
                for each in found.decisions
            ),
        )
    zone = town.settings.timezone
    for title, counts, lines in (
        ("Verteld", found.told_counts, [(each.at, each.name, each.what, each.title) for each in found.told]),
        ("Gezegd", found.said_counts, [(each.at, each.name, each.what, each.title) for each in found.said]),
    ):
        counted = "; ".join(f"{what}: {count}" for what, count in counts) or "niets"
        say(f"{title} in {LATELY_DAYS} dagen: {counted}.")
        if lines:
            rows = ((say_moment(at, zone), *rest) for at, *rest in lines)
            table(f"{title}, het laatst", ("wanneer", "wie", "wat", "stap"), rows)
    rows = (
        (each.title, say_date(each.first_on), say_date(each.last_on), f"{each.done} van {each.steps}")
        for each in found.phases
    )
    table("Fasen", ("fase", "begin", "einde", "klaar"), rows)


def _papers(due_on: date | None, *, is_late: bool) -> str:
    from regie.text.sentences import say_date

    return (say_date(due_on) + (" (voorbij)" if is_late else "")) if due_on else ""


def _say_end(cycle: Cycle) -> str:
    """Why a cycle ended: the reason that a person gave, or the decision in words."""
    from regie.cli.common import parse_key
    from regie.text.rules import say_outcome, say_step

    name, mark, outcome = cycle.ended_because.partition(": ")
    gate = cycle.definition.steps.get(parse_key(name).step)
    if not mark or gate is None or gate.gate is None or outcome not in gate.gate.outcomes:
        return cycle.ended_because
    return f"{say_step(cycle.definition, parse_key(name))}: {say_outcome(gate, outcome)}"


def due(
    until: str = typer.Option("", "--until", help="Tot en met deze dag; anders twee weken vooruit."),
    role: str = typer.Option("", "--role", help="Alleen van deze rol.", autocompletion=completion.roles),
    as_json: bool = JSON,
) -> None:
    """Toon over alle trajecten wat te laat is en wat binnenkort moet."""
    from regie.core.ids import RoleId
    from regie.store.overview import list_due_steps
    from regie.store.session import read_scope
    from regie.text.dates import say_date

    town = open_town()
    last = parse_day(until, "--until") if until else town.today() + timedelta(days=14)
    with read_scope(town.context.engine) as session:
        found = list_due_steps(session, town.today(), last, RoleId(role) if role else None)
    rows = [
        {
            "traject": each.traject,
            "cycle": each.cycle,
            "step": str(each.key),
            "role": each.role,
            "state": each.state,
            "due_on": each.due_on,
            "legal_on": each.legal_on,
            "late": each.is_late,
        }
        for each in found
    ]
    if as_json:
        print_json(rows)
    elif not rows:
        say(f"Er is niets te laat, en tot en met {say_date(last)} hoeft er niets klaar te zijn.")
    else:
        table(
            "Wat moet",
            ("traject", "stap", "rol", "stand", "vervalt", "te laat"),
            ((r["traject"], r["step"], r["role"], r["state"], r["due_on"], "ja" if r["late"] else "") for r in rows),
        )
