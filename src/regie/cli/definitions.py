"""``regie definition``: check, list, publish the schema, rehearse."""

from __future__ import annotations

from pathlib import Path

import typer

from regie.cli import completion
from regie.cli.common import JSON, count_of, print_json, say, table, warn

group = typer.Typer(help="Stappenplannen: controleren, tonen, oefenen.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="definition")


@group.command("check")
def check(
    file: str = typer.Argument("opvang", help="Bestand, map of naam.", autocompletion=completion.definitions),
    strict: bool = typer.Option(False, "--strict", help="Ook waarschuwingen geven een foutcode."),
    as_json: bool = JSON,
) -> None:
    """Controleer een stappenplan: alle fouten met bestand, regel en kolom."""
    from regie.definitions import check_definition
    from regie.definitions.findings import render

    result = check_definition(file)
    errors = [finding for finding in result.findings if finding.severity.value == "error"]
    if as_json:
        print_json(
            {
                "valid": not errors,
                "findings": [
                    {
                        "code": finding.code,
                        "severity": finding.severity.value,
                        "file": finding.mark.file,
                        "line": finding.mark.line,
                        "column": finding.mark.column,
                        "message": finding.message,
                        "hint": finding.hint,
                    }
                    for finding in result.findings
                ],
            }
        )
    else:
        if result.findings:
            warn(render(result.findings, result.texts))
        steps = len(result.definition.steps) if result.definition else 0
        warnings = len(result.findings) - len(errors)
        said = (
            count_of(len(errors), "fout", "fouten"),
            count_of(warnings, "waarschuwing", "waarschuwingen"),
            count_of(steps, "stap", "stappen"),
        )
        say(f"{', '.join(said)}.".capitalize())
    if errors:
        raise typer.Exit(3)
    if strict and result.findings:
        raise typer.Exit(1)


@group.command("list")
def list_definitions(as_json: bool = JSON) -> None:
    """Toon de stappenplannen die Regie meebrengt."""
    from regie.core.definition import text_in
    from regie.definitions import load_definition
    from regie.definitions.calendars import workflow_defs_dir

    found = []
    for path in sorted(workflow_defs_dir().iterdir()):
        if (path / "workflow.yaml").is_file():
            definition = load_definition(path)
            found.append(
                {
                    "id": definition.id,
                    "version": definition.version,
                    "title": text_in(definition.title, "nl"),
                    "steps": len(definition.steps),
                    "content_hash": definition.content_hash,
                }
            )
    if as_json:
        print_json(found)
    else:
        rows = ((each["id"], each["version"], each["title"], each["steps"]) for each in found)
        table("Stappenplannen", ("id", "versie", "titel", "stappen"), rows)


@group.command("schema")
def schema(
    write: bool = typer.Option(False, "--write", help="Schrijf het schema naar workflow_defs/schema."),
    check_it: bool = typer.Option(False, "--check", help="Zeg of het vastgelegde schema klopt."),
) -> None:
    """Het JSON-schema van het bestandsformaat, voor editors."""
    from regie.definitions.calendars import workflow_defs_dir
    from regie.definitions.schema import schema_json, write_schema

    path = workflow_defs_dir() / "schema" / "workflow-1.json"
    if write:
        say(f"{path.name} {'geschreven' if write_schema(path) else 'was al goed'}")
    elif check_it:
        if not path.is_file() or path.read_text(encoding="utf-8") != schema_json():
            warn("het vastgelegde schema loopt achter; draai: make schema")
            raise typer.Exit(1)
        say("het schema klopt")
    else:
        typer.echo(schema_json(), nl=False)


@group.command("rehearse")
def rehearse(
    definition: str = typer.Argument("opvang", help="Bestand, map of naam van een stappenplan."),
    stories: list[Path] = typer.Argument(None, help="Verhalen; anders alle van het stappenplan."),
    as_json: bool = JSON,
) -> None:
    """Speel verhalen na en zeg wat anders loopt dan verwacht."""
    from regie.definitions import load_definition
    from regie.definitions.calendars import workflow_defs_dir
    from regie.definitions.rehearsal import read_rehearsal, run_rehearsal
    from regie.errors import NotFound

    chosen = load_definition(definition)
    paths = list(stories or [])
    if not paths:
        folder = Path(definition) if Path(definition).is_dir() else workflow_defs_dir() / definition
        paths = sorted((folder / "rehearsals").glob("*.yaml"))
    if not paths:
        raise NotFound(
            f"definition '{definition}' has no rehearsals",
            code="no-rehearsals",
            hint="put them in its folder rehearsals",
            definition=definition,
        )
    results = []
    for path in paths:
        done = run_rehearsal(chosen, read_rehearsal(path))
        results.append((path, done))
        if not as_json:
            say(
                f"{'goed' if done.passed else 'FOUT'}  {path.name}: {done.title} ({done.checks} controles, {done.days} dagen)"
            )
            for failure in done.failures:
                warn(f"      regel {failure.scene}, {failure.on}: {failure.message}")
            if not done.checks:
                warn("      dit verhaal controleert niets")
    if as_json:
        print_json(
            [
                {
                    "file": path.name,
                    "title": done.title,
                    "passed": done.passed,
                    "checks": done.checks,
                    "failures": [{"scene": f.scene, "on": f.on, "message": f.message} for f in done.failures],
                }
                for path, done in results
            ]
        )
    if not all(done.passed for _, done in results):
        raise typer.Exit(1)
