"""A definition as an administrator reads it: its phases with their steps, its source, and what is found at which line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from regie.core.definition import Definition, Step, text_in
from regie.definitions import CheckResult, check_sources
from regie.definitions.findings import Finding
from regie.text.dates import say_span
from regie.text.phrases import say_list, words_in
from regie.text.rules import say_anchor, say_body, say_condition, say_outcome, say_role, say_rule

AROUND = 2
"""Lines that are shown before and after one that something is wrong with."""


@dataclass(frozen=True, slots=True)
class StepLine:
    """A step, all in words; what it does not have is empty."""

    id: str
    title: str
    track: str
    responsible: str
    accountable: str
    needs: tuple[str, ...]
    takes: str
    due: str
    when: str
    term: str
    decided_by: str
    outcomes: tuple[str, ...]
    confidential_until: str


@dataclass(frozen=True, slots=True)
class PhaseLine:
    id: str
    title: str
    about: str
    steps: tuple[StepLine, ...]


@dataclass(frozen=True, slots=True)
class RoleLine:
    """A role. ``steps``: how many it is responsible for."""

    title: str
    does: str
    is_group: bool
    steps: int


@dataclass(frozen=True, slots=True)
class DefinitionView:
    """What a version says, in one language."""

    phases: tuple[PhaseLine, ...]
    roles: tuple[RoleLine, ...]
    questions: tuple[str, ...]
    anchors: tuple[str, ...]
    steps: int
    gates: int


@dataclass(frozen=True, slots=True)
class SourceLine:
    number: int
    text: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """Lines of a file. ``parts``: stretches that follow each other with a gap between them."""

    name: str
    lines: int
    parts: tuple[tuple[SourceLine, ...], ...]


def view_definition(definition: Definition, language: str = "nl") -> DefinitionView:
    """Say a definition by phase."""
    steps = {phase: [each for each in definition.steps.values() if each.phase == phase] for phase in definition.phases}
    return DefinitionView(
        tuple(
            PhaseLine(
                str(phase.id),
                text_in(phase.title, language),
                text_in(phase.about, language),
                tuple(_step(each, definition, language) for each in steps[phase.id]),
            )
            for phase in definition.phases.values()
        ),
        tuple(
            RoleLine(
                text_in(role.title, language),
                text_in(role.does, language),
                role.is_group,
                sum(each.responsible == role.id for each in definition.steps.values()),
            )
            for role in definition.roles.values()
        ),
        tuple(text_in(each.ask, language) for each in definition.questions.values()),
        tuple(text_in(each.title, language) for each in definition.anchors.values()),
        len(definition.steps),
        sum(each.gate is not None for each in definition.steps.values()),
    )


def _step(step: Step, definition: Definition, language: str) -> StepLine:
    track = definition.tracks.get(step.track) if step.track else None
    relations = words_in(language).relations
    return StepLine(
        str(step.id),
        text_in(step.title, language),
        text_in(track.title, language) if track else "",
        say_role(definition, step.responsible, language) if step.responsible else "",
        say_role(definition, step.accountable, language) if step.accountable else "",
        tuple(
            f"{relations[each.type]} '{text_in(definition.steps[each.predecessor].title, language)}'"
            for each in step.needs
            if each.predecessor in definition.steps
        ),
        say_list([say_span(each.value.span, language) for each in step.takes if each.value.span], language, word="or"),
        say_list([say_rule(each.value, definition, language) for each in step.due], language, word="or"),
        say_condition(step.when, definition, language) if step.when else "",
        say_list([f"{say_span(each.value.length, language)} ({each.value.article})" for each in step.terms], language),
        say_body(definition, step.gate.decided_by, language) if step.gate else "",
        tuple(say_outcome(step, each, language) for each in step.gate.outcomes) if step.gate else (),
        say_anchor(definition, step.confidential_until, language) if step.confidential_until else "",
    )


# --- source ------------------------------------------------------------------------------------------


def check_again(sources: Mapping[str, str]) -> CheckResult:
    """Give what lint says of texts now; the same texts are looked at once."""
    return _check(tuple(sources.items()))


@lru_cache(maxsize=16)
def _check(items: tuple[tuple[str, str], ...]) -> CheckResult:
    return check_sources(dict(items))


def show_source(name: str, text: str, findings: Sequence[Finding], *, whole: bool) -> SourceFile:
    """Number the lines of a file, with the findings at theirs.

    Args:
        whole: every line; else those around findings.
    """
    at: dict[int, list[Finding]] = {}
    rows = text.splitlines() or [""]
    for each in findings:
        if each.mark.file == name:
            at.setdefault(min(max(each.mark.line, 1), len(rows)), []).append(each)
    shown = range(1, len(rows) + 1) if whole else sorted(_around(at, len(rows)))
    lines = [SourceLine(number, rows[number - 1], tuple(at.get(number, ()))) for number in shown]
    return SourceFile(name, len(rows), tuple(_stretches(lines)))


def _around(at: Mapping[int, object], last: int) -> set[int]:
    return {line for each in at for line in range(max(1, each - AROUND), min(last, each + AROUND) + 1)}


def _stretches(lines: Sequence[SourceLine]) -> Iterator[tuple[SourceLine, ...]]:
    found: list[SourceLine] = []
    for line in lines:
        if found and line.number != found[-1].number + 1:
            yield tuple(found)
            found = []
        found.append(line)
    if found:
        yield tuple(found)
