"""A definition while it is compiled: what it declares, and the checks that every part of it needs.

Each check reports what is wrong at its place and gives the best that can be used to read on, so that one
pass finds everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from regie.core.conditions import Condition, NameKind, NameType, find_problems, parse
from regie.core.definition import DateBase, DateRule, Text
from regie.core.span import Span, Unit
from regie.definitions.date_rules import BadRule, parse_rule
from regie.definitions.findings import Report, quote
from regie.definitions.places import Path, Places
from regie.definitions.schema import QuestionPart, StepPart, Words, WorkflowPart
from regie.errors import Refused

START = "start"
DEFAULT_PHASE = "plan"
STANDARD_OUTCOMES = ("go", "hold", "no-go")

_UNKNOWN = {
    "step": "RG201",
    "phase": "RG207",
    "track": "RG208",
    "list": "RG209",
    "anchor": "RG302",
    "role": "RG401",
    "cycle kind": "RG216",
}


@dataclass(slots=True)
class Draft:
    """The parts of a definition, their places, and the findings so far."""

    part: WorkflowPart
    places: Places
    report: Report
    declared: Mapping[str, Mapping[str, Any]] = field(init=False)
    """Per kind of thing what is declared, by id."""
    names: Mapping[str, NameType] = field(init=False)
    """What conditions may look at: questions, and gates by the id of their step."""

    def __post_init__(self) -> None:
        part = self.part
        self.declared = {
            "step": part.steps,
            "phase": part.phases or {DEFAULT_PHASE: None},
            "track": part.tracks,
            "list": part.lists,
            "anchor": {START: None, **part.anchors},
            "role": part.roles,
            "cycle kind": part.cycle_kinds,
        }
        questions = {name: _type_of(question) for name, question in part.questions.items()}
        gates = {
            name: NameType(NameKind.CHOICE, tuple(outcome_ids(step))) for name, step in part.steps.items() if step.gate
        }
        self.names = {**gates, **questions}

    def refer(self, kind: str, name: str, *path: str | int) -> bool:
        """Say whether a thing is declared; report it when not."""
        known = self.declared[kind]
        if name in known:
            return True
        otherwise = "" if known else f"declare it under {_SECTION[kind]}"
        mark = self.places.at(*path)
        self.report.add(_UNKNOWN[kind], mark, f"unknown {kind} {quote(name)}", otherwise, word=name, known=known)
        return False

    def span(self, text: str, *path: str | int, least: int | None = None) -> Span:
        """Read a length; with ``least`` report one that is shorter."""
        try:
            span = Span.parse(text)
        except Refused as refusal:
            self.report.add("RG125", self.places.at(*path), f"{quote(text)} is too long a time", refusal.hint)
            return Span(1, Unit.WORKING_DAYS)
        if least is not None and span.amount < least:
            hint = "leave out the minus" if span.amount < 0 else "write a length like 1wd"
            self.report.add("RG309", self.places.at(*path), f"length {quote(text)} cannot be used here", hint)
        return span

    def spans(self, texts: Iterable[str], *path: str | int) -> tuple[Span, ...]:
        return tuple(self.span(text, *path, number, least=0) for number, text in enumerate(texts))

    def condition(self, text: str | None, *path: str | int) -> Condition | None:
        """Read a condition and check it against the questions and gates."""
        if text is None:
            return None
        try:
            condition = parse(text)
        except Refused as refusal:
            at = refusal.facts.get("at", 0)
            mark = self.places.inside(at if isinstance(at, int) else 0, *path)
            self.report.add("RG210", mark, refusal.message, refusal.hint)
            return None
        problems = find_problems(condition, self.names)
        for problem in problems:
            self.report.add("RG211", self.places.inside(problem.at, *path), problem.message, problem.hint)
        return None if problems else condition

    def rule(self, text: str | None, step: StepPart | None, *path: str | int) -> DateRule | None:
        """Read a date rule and check that it fits the step that it stands in."""
        if text is None:
            return None
        try:
            rule = parse_rule(
                text,
                anchors=self.declared["anchor"],
                steps=self.declared["step"],
                lists=self.declared["list"],
            )
        except BadRule as bad:
            known = (name for kind in ("anchor", "step", "list") for name in self.declared[kind])
            mark = self.places.inside(bad.at, *path)
            self.report.add(bad.code, mark, bad.message, bad.hint, word=bad.word, known=known)
            return None
        problem = _misfit(rule, step, path)
        if problem:
            self.report.add("RG303", self.places.at(*path), *problem)
            return None
        return rule

    def text(self, words: Words | None) -> Text:
        """Give a text by language; empty when nothing was written."""
        if words is None:
            return {}
        return {"nl": words.nl, "en": words.en} if words.en else {"nl": words.nl}


_SECTION = {
    "step": "steps",
    "phase": "phases",
    "track": "tracks",
    "list": "lists",
    "anchor": "anchors",
    "role": "roles",
    "cycle kind": "cycle_kinds",
}


def outcome_ids(step: StepPart) -> list[str]:
    """List what may be decided at the gate of a step."""
    gate = step.gate
    if gate is None:
        return []
    standard = ("hold",) if gate.only_own_outcomes else STANDARD_OUTCOMES
    return list(dict.fromkeys([*standard, *(gate.outcomes or {})]))


def _type_of(question: QuestionPart) -> NameType:
    if question.number:
        return NameType(NameKind.NUMBER)
    if question.one_of is not None:
        return NameType(NameKind.CHOICE, tuple(question.one_of))
    if question.some_of is not None:
        return NameType(NameKind.CHOICES, tuple(question.some_of))
    return NameType(NameKind.YES_NO if question.yes_no else NameKind.DATE)


def _misfit(rule: DateRule, step: StepPart | None, path: Path) -> tuple[str, str] | None:
    """Say why a rule makes no sense where it stands."""
    if rule.base is DateBase.ITEM and (step is None or step.for_each != rule.ref):
        return (
            f"{quote(rule.said)} counts from an item of list {quote(rule.ref)}",
            f"add to the step: for_each: {rule.ref}",
        )
    if rule.base is DateBase.PERIOD and (step is None or step.repeats is None):
        return (
            f"{quote(rule.said)} counts from a period, and this step does not repeat",
            "add repeats to the step",
        )
    in_rhythm = "repeats" in path
    if in_rhythm and rule.base in (DateBase.ITEM, DateBase.PERIOD, DateBase.PREDECESSORS):
        return (
            f"a rhythm cannot count from {quote(rule.said)}",
            "count from an anchor, a step or a day of the year",
        )
    if rule.base is DateBase.STEP and path[:2] == ("steps", rule.ref):
        return f"{quote(rule.said)} counts from the step itself", "count from another step or an anchor"
    return None
