"""``regie plan``: plan a definition without a database. Imports no SQL and no Prefect."""

from __future__ import annotations

from datetime import date
from typing import Any

import typer

from regie.cli import completion
from regie.cli.common import JSON, parse_day, parse_pairs, print_json, say, table

# What a row has for the table only; the JSON has what was promised, no more.
FOR_PEOPLE = ("title", "phase")


def register(app: typer.Typer) -> None:
    app.command("plan")(plan)


def plan(
    file: str = typer.Argument(
        help="Bestand, map of naam van een stappenplan, zoals opvang.", autocompletion=completion.definitions
    ),
    start: str = typer.Option("", "--start", help="Eerste dag; anders vandaag."),
    answers: list[str] = typer.Option([], "--set", help="Antwoord op een vraag: plekken=120."),
    anchors: list[str] = typer.Option([], "--anchor", help="Streefdatum: opening=2028-03-01."),
    today: str = typer.Option("", "--today", help="Alsof het deze dag is; anders de eerste dag."),
    language: str = typer.Option("nl", "--language", help="nl of en."),
    as_json: bool = JSON,
) -> None:
    """Toon van elke stap de datums, de speling en waarom."""
    from regie.clock import local_date, system_clock
    from regie.core.preview import plan_definition
    from regie.definitions import load_definition

    if language not in ("nl", "en"):
        raise typer.BadParameter("nl of en", param_hint="--language")
    definition = load_definition(file)
    start_on = parse_day(start, "--start") if start else local_date(system_clock())
    seen_on = parse_day(today, "--today") if today else start_on
    targets = {name: parse_day(day, "--anchor") for name, day in parse_pairs(anchors, "--anchor").items()}
    given: dict[str, object] = dict(parse_pairs(answers, "--set").items())
    if definition.start_anchor in targets and not start:
        start_on = targets[definition.start_anchor]
        seen_on = parse_day(today, "--today") if today else start_on
    targets.pop(definition.start_anchor, None)
    cycle, made = plan_definition(definition, start_on, given, targets, seen_on)
    rows = plan_rows(definition, cycle, made, language)
    if as_json:
        findings = [_finding(finding, definition, language) for finding in made.findings]
        steps = [{name: value for name, value in row.items() if name not in FOR_PEOPLE} for row in rows]
        print_json({"start": made.start_on, "finish": made.finish_on, "steps": steps, "findings": findings})
        return
    _show(definition, rows, made, language)


def plan_rows(definition: Any, cycle: Any, made: Any, language: str) -> list[dict[str, Any]]:
    """One row per occurrence, in the order of the plan; steps that have none yet say so."""
    from regie.core.definition import text_in
    from regie.text.sentences import say, why

    rows = []
    for activity in made.network.activities:
        occurrence = cycle.occurrences[activity.key]
        planned = made.planned(made.network.index[activity.key])
        rows.append(
            {
                "step": str(activity.key.step),
                "key": activity.key.key,
                "title": text_in(activity.step.title, language),
                "phase": str(activity.step.phase),
                "early_start": planned.early_start if planned else None,
                "early_finish": planned.early_finish if planned else None,
                "late_start": planned.late_start if planned else None,
                "late_finish": planned.late_finish if planned else None,
                "slack_working_days": planned.slack_working_days if planned else None,
                "critical": planned.critical if planned else False,
                "due_on": planned.due_on if planned else None,
                "legal_on": planned.legal_on if planned else None,
                "state": occurrence.state.value,
                "why": why(made, activity.key, language),
            }
        )
    known = {row["step"] for row in rows}
    for step in definition.steps.values():
        if step.id not in known:
            empty = dict.fromkeys(
                ("early_start", "early_finish", "late_start", "late_finish", "slack_working_days", "due_on", "legal_on")
            )
            rows.append(
                {"step": str(step.id), "key": "", "title": text_in(step.title, language), "phase": str(step.phase)}
                | empty
                | {"critical": False, "state": "not yet", "why": say("not_yet_item", language)}
            )
    return rows


def _finding(finding: Any, definition: Any, language: str) -> dict[str, Any]:
    from regie.text.sentences import explain_finding

    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "step": str(finding.key) if finding.key else None,
        "on": finding.on,
        "limit_on": finding.limit_on,
        "working_days": finding.working_days,
        "chain": [str(hop.key) for hop in finding.chain],
        "message": explain_finding(finding, definition, language),
    }


def short(day: date | None) -> str:
    months = ("jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec")
    return f"{day.day} {months[day.month - 1]} {day.year}" if day else ""


def _show(definition: Any, rows: list[dict[str, Any]], made: Any, language: str) -> None:
    from regie.core.definition import text_in
    from regie.core.traject import State
    from regie.text.phrases import STATES
    from regie.text.sentences import explain_finding

    for phase in definition.phases.values():
        chosen = [row for row in rows if row["phase"] == phase.id]
        if chosen:
            table(
                text_in(phase.title, language),
                ("stap", "begin", "einde", "uiterlijk", "speling", "stand", "waarom"),
                (
                    (
                        row["step"] + (f"@{row['key']}" if row["key"] else ""),
                        short(row["early_start"]),
                        short(row["early_finish"]),
                        short(row["late_finish"]),
                        "" if row["slack_working_days"] is None else row["slack_working_days"],
                        STATES[language][State(row["state"])],
                        row["why"],
                    )
                    for row in chosen
                ),
            )
    say(f"Van {short(made.start_on)} tot en met {short(made.finish_on)}.")
    for finding in made.findings:
        say(f"{finding.code} {explain_finding(finding, definition, language)}")
