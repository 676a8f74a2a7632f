"""From YAML text to ``core.definition``: read, check against the schema, compile, lint."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from regie.core.calendar import WorkCalendar
from regie.core.definition import Definition
from regie.definitions.compile import compile_definition
from regie.definitions.draft import Draft
from regie.definitions.findings import Finding, Report, invalid, is_error, sort_findings
from regie.definitions.lint import find_loops_in, lint
from regie.definitions.load import Files, find_files, read_workflow, stored_files
from regie.definitions.order import find_waits
from regie.definitions.places import Places, Table
from regie.definitions.salvage import salvage, told
from regie.definitions.shape import Wrong, validate

__all__ = [
    "CheckResult",
    "check_definition",
    "check_sources",
    "load_definition",
    "load_sources",
    "load_stored",
    "sources_of",
]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What came of a definition: itself, unless there are errors; and all findings, in order of place.

    ``texts`` holds the files by the names that the findings use, to show the lines they are about;
    ``sources`` the same files by their own names, as ``load_sources`` takes them.
    """

    definition: Definition | None
    findings: tuple[Finding, ...]
    texts: Mapping[str, str]
    sources: Mapping[str, str]


def load_definition(
    path: Path | str,
    *,
    calendars: Mapping[str, WorkCalendar] | None = None,
    automations: Collection[str] | None = None,
) -> Definition:
    """Load the definition in a file, in a folder with ``workflow.yaml``, or in ``workflow_defs`` by its id.

    Args:
        calendars: calendars by name, looked at before those that are built in.
        automations: the actions that a step may name; None when they are not known here.

    Raises:
        DefinitionInvalid: with all findings that are errors.
    """
    return _definition_of(check_definition(path, calendars=calendars, automations=automations), str(path))


def load_sources(
    sources: Mapping[str, str],
    *,
    calendars: Mapping[str, WorkCalendar] | None = None,
    automations: Collection[str] | None = None,
) -> Definition:
    """Load a definition from the texts of its files, by name, as ``sources_of`` gives them.

    Raises:
        DefinitionInvalid: with all findings that are errors.
    """
    result = check_sources(sources, calendars=calendars, automations=automations)
    return _definition_of(result, next(iter(sources), "definition"))


def load_stored(sources: Mapping[str, str]) -> Definition:
    """Load a definition that was accepted before: compile it, without asking again what lint finds wrong.

    A rule that became stricter later is for new definitions; a cycle goes on with the one that it began with.

    Raises:
        DefinitionInvalid: the texts cannot be compiled at all, by this version of Regie.
    """
    result = _check(stored_files(sources), Report(), None, None, is_new=False)
    return _definition_of(result, next(iter(sources), "definition"))


def sources_of(path: Path | str) -> Mapping[str, str]:
    """Give the texts of the files of a definition by name, the main one first.

    Raises:
        DefinitionInvalid: a file is missing or cannot be read.
    """
    report = Report()
    files = find_files(path, report)
    texts = read_workflow(files, report).sources if files else {}
    if report.has_errors:
        raise invalid(str(path), report.findings)
    return texts


def check_definition(
    path: Path | str,
    *,
    calendars: Mapping[str, WorkCalendar] | None = None,
    automations: Collection[str] | None = None,
) -> CheckResult:
    """Load a definition and give all findings, warnings too, without raising."""
    report = Report()
    return _check(find_files(path, report), report, calendars, automations)


def check_sources(
    sources: Mapping[str, str],
    *,
    calendars: Mapping[str, WorkCalendar] | None = None,
    automations: Collection[str] | None = None,
) -> CheckResult:
    """Do as ``check_definition``, for texts by name."""
    return _check(stored_files(sources), Report(), calendars, automations)


def _check(
    files: Files | None,
    report: Report,
    calendars: Mapping[str, WorkCalendar] | None,
    automations: Collection[str] | None,
    *,
    is_new: bool = True,
) -> CheckResult:
    if files is None:
        return CheckResult(None, sort_findings(report.findings), {}, {})
    reading = read_workflow(files, report)
    definition = None
    if reading.root is not None:
        part = validate(reading.places, report)
        if isinstance(part, list):
            if reading.is_complete and is_new:
                report.findings += _also_wrong(reading.root, part, calendars, automations)
        elif reading.is_complete:
            # also after errors, so that an author hears everything at once
            draft = Draft(part, reading.places, report)
            definition = compile_definition(draft, calendars, automations)
            if is_new:
                lint(definition, draft)
    findings = sort_findings(report.findings)
    kept = None if any(map(is_error, findings)) else definition
    return CheckResult(kept, findings, reading.shown, reading.sources)


def _also_wrong(
    root: Table,
    wrongs: Sequence[Wrong],
    calendars: Mapping[str, WorkCalendar] | None,
    automations: Collection[str] | None,
) -> list[Finding]:
    """Give the errors beside those of shape, as far as they can be known already."""
    part = salvage(root, wrongs)
    if part is None:
        return []
    draft = Draft(part, Places(root), Report())
    definition = compile_definition(draft, calendars, automations)
    find_loops_in(find_waits(definition.steps, definition.anchors), draft)
    return [finding for finding in told(draft.report.findings, wrongs, draft.places) if is_error(finding)]


def _definition_of(result: CheckResult, name: str) -> Definition:
    if result.definition is None:
        raise invalid(name, result.findings)
    return result.definition
