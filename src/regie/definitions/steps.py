"""Compile one step: from what its author wrote to ``core.definition.Step``."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeVar

from regie.core.conditions import Condition
from regie.core.definition import (
    ALL_PARTNERS,
    Basis,
    Case,
    DateBase,
    DateRule,
    Duration,
    Effect,
    EvidenceRule,
    Gate,
    Join,
    Outcome,
    Relation,
    RelationType,
    RerunCode,
    Rhythm,
    Step,
    Term,
    Text,
    Window,
)
from regie.core.ids import AnchorId, ListId, PhaseId, RoleId, StepId, TrackId
from regie.core.span import Span, Unit
from regie.core.terms import TermKind
from regie.definitions.draft import Draft
from regie.definitions.findings import quote
from regie.definitions.schema import (
    AtLeast,
    EffectPart,
    EndsSteps,
    GatePart,
    OpensCycle,
    RelationPart,
    RepeatsPart,
    StepPart,
    TermPart,
    ThenPart,
    WindowPart,
)

T = TypeVar("T")

ONE_DAY = Span(1, Unit.WORKING_DAYS)
CONTINUOUS = "continuous"

_STANDARD_TITLES: dict[str, Text] = {
    "go": {"nl": "Go", "en": "Go"},
    "hold": {"nl": "Aanhouden", "en": "On hold"},
    "no-go": {"nl": "No-go", "en": "No-go"},
}
_TYPES = ("finish_to_start", "start_to_start", "finish_to_finish", "start_to_finish")
_COUNTED_BACK = ("before-event",)


def compile_step(draft: Draft, id_: str, part: StepPart, automations: Collection[str] | None) -> Step:
    """Compile a step; what is wrong with it goes to the draft's report and is left out."""
    here = ("steps", id_)
    needs = _needs(draft, id_, part)
    terms = _terms(draft, part, here)
    if part.automation and automations is not None and part.automation not in automations:
        draft.report.add(
            "RG217",
            draft.places.at(*here, "automation"),
            f"unknown automation {quote(part.automation)}",
            "the step has to be finished by hand",
            word=part.automation,
            known=automations,
        )
    if part.only_with == id_:
        draft.report.add("RG204", draft.places.at(*here, "only_with"), f"step waits for itself: {id_} -> {id_}")
    return Step(
        id=StepId(id_),
        title=draft.text(part.title),
        phase=_phase(draft, part, here),
        track=_named(draft, "track", part.track, TrackId, *here, "track"),
        done_when=draft.text(part.done_when),
        evidence=EvidenceRule(part.evidence),
        responsible=_one_role(draft, part.responsible, *here, "responsible"),
        accountable=_one_role(draft, part.accountable, *here, "accountable"),
        consulted=_roles(draft, part.consulted, *here, "consulted"),
        informed=_roles(draft, part.informed, *here, "informed"),
        needs=needs,
        join=_join(draft, part, needs, here),
        takes=_takes(draft, part, terms, here),
        due=_due(draft, part, here),
        window=_window(draft, part.window, part, here),
        when=draft.condition(part.when, *here, "when"),
        only_with=None if part.only_with == id_ else _named(draft, "step", part.only_with, StepId, *here, "only_with"),
        gate=_gate(draft, part.gate, *here, "gate") if part.gate else None,
        terms=terms,
        repeats=_repeats(draft, part.repeats, part, here) if part.repeats else (),
        for_each=_named(draft, "list", part.for_each, ListId, *here, "for_each"),
        confidential_until=_named(draft, "anchor", part.confidential_until, AnchorId, *here, "confidential_until"),
        automation=part.automation,
        rerun={
            kind: RerunCode(code)
            for kind, code in part.rerun.items()
            if draft.refer("cycle kind", kind, *here, "rerun", kind)
        },
        keeps=draft.span(part.keeps, *here, "keeps", least=1) if part.keeps else None,
        avoids=tuple(part.avoid),
        calendar=part.calendar,
        legal_basis=tuple(part.legal_basis),
        remark=draft.text(part.remark),
    )


def _named(draft: Draft, kind: str, name: str | None, as_id: Callable[[str], T], *path: str | int) -> T | None:
    return as_id(name) if name is not None and draft.refer(kind, name, *path) else None


def _phase(draft: Draft, part: StepPart, here: tuple[str, str]) -> PhaseId:
    phases = draft.declared["phase"]
    if part.phase is not None and draft.refer("phase", part.phase, *here, "phase"):
        return PhaseId(part.phase)
    first = next(iter(phases))
    if part.phase is None and len(phases) > 1:
        draft.report.add(
            "RG219",
            draft.places.at_key(*here),
            f"step {quote(here[1])} has no phase",
            f"it is shown under '{first}'",
        )
    return PhaseId(first)


def _one_role(draft: Draft, role: str | None, *path: str | int) -> RoleId | None:
    if role is None:
        return None
    if role == ALL_PARTNERS:
        mark = draft.places.at(*path)
        draft.report.add("RG403", mark, f"{quote(role)} cannot be {path[-1]}", "name one role; all of them is nobody")
        return None
    if not draft.refer("role", role, *path):
        return None
    if draft.part.roles[role].group:
        mark = draft.places.at(*path)
        draft.report.add("RG403", mark, f"group {quote(role)} cannot be {path[-1]}", "nobody acts for a group in Regie")
        return None
    return RoleId(role)


def _roles(draft: Draft, roles: Collection[str], *path: str | int) -> tuple[RoleId, ...]:
    known = [
        role for number, role in enumerate(roles) if role == ALL_PARTNERS or draft.refer("role", role, *path, number)
    ]
    return tuple(RoleId(role) for role in dict.fromkeys(known))


def _needs(draft: Draft, id_: str, part: StepPart) -> tuple[Relation, ...]:
    relations: dict[tuple[str, RelationType], Relation] = {}
    for number, need in enumerate(part.needs):
        type_, predecessor = _predecessor(need)
        key = type_.value.replace("-", "_")
        path = ("steps", id_, "needs", number, key)
        mark = draft.places.at(*path)
        lag = need.lag if isinstance(need, RelationPart) else None
        if predecessor == id_:
            draft.report.add("RG204", mark, f"step waits for itself: {id_} -> {id_}", "leave this relation out")
        elif not draft.refer("step", predecessor, *path):
            continue
        elif (predecessor, type_) in relations:
            draft.report.add("RG202", mark, f"{type_.value} with {quote(predecessor)} stands here twice", "keep one")
        else:
            span = draft.span(lag, *path[:-1], "lag") if lag else None
            relations[predecessor, type_] = Relation(StepId(predecessor), type_, span)
    return tuple(relations.values())


def _predecessor(need: str | RelationPart) -> tuple[RelationType, str]:
    if isinstance(need, str):
        return RelationType.FINISH_TO_START, need
    key, step = next((key, step) for key in _TYPES if (step := getattr(need, key)) is not None)
    return RelationType(key.replace("_", "-")), step


def _join(draft: Draft, part: StepPart, needs: tuple[Relation, ...], here: tuple[str, str]) -> Join:
    if part.join == "all":
        return Join()
    count = part.join.at_least if isinstance(part.join, AtLeast) else 1
    there = sum(relation.type.holds_start for relation in needs)
    if count > there and len(needs) == len(part.needs):
        what = f"asks {count} of {there} relations that hold back its start"
        draft.report.add(
            "RG203",
            draft.places.at(*here, "join"),
            f"step {quote(here[1])} {what}",
            "add needs, or ask fewer",
        )
    return Join(count)


def _takes(
    draft: Draft, part: StepPart, terms: tuple[Case[Term], ...], here: tuple[str, str]
) -> tuple[Case[Duration], ...]:
    basis = Basis(part.basis)
    if part.takes is None:
        # the plan lets a step without a length of its own take its statutory term
        return () if any(case.value.before is None for case in terms) else (Case(Duration(ONE_DAY, basis)),)
    if isinstance(part.takes, str):
        return (Case(_duration(draft, part.takes, basis, *here, "takes")),)
    _report_dead_cases(draft, [case.when for case in part.takes], *here, "takes")
    return tuple(
        Case(
            _duration(draft, case.is_, basis, *here, "takes", number, "is"),
            draft.condition(case.when, *here, "takes", number, "when"),
        )
        for number, case in enumerate(part.takes)
    )


def _duration(draft: Draft, text: str, basis: Basis, *path: str | int) -> Duration:
    return Duration(None if text == CONTINUOUS else draft.span(text, *path, least=0), basis)


def _report_dead_cases(draft: Draft, conditions: list[str | None], *path: str | int) -> None:
    """Report the cases that come after one without a condition."""
    first = next((number for number, when in enumerate(conditions) if when is None), len(conditions))
    for number in range(first + 1, len(conditions)):
        mark = draft.places.at(*path, number)
        draft.report.add("RG220", mark, "this case is never reached", "the case without 'when' goes last")


def _due(draft: Draft, part: StepPart, here: tuple[str, str]) -> tuple[Case[DateRule], ...]:
    if part.due is None:
        return ()
    if isinstance(part.due, str):
        rule = draft.rule(part.due, part, *here, "due")
        return (Case(rule),) if rule else ()
    _report_dead_cases(draft, [case.when for case in part.due], *here, "due")
    cases = []
    for number, case in enumerate(part.due):
        condition = draft.condition(case.when, *here, "due", number, "when")
        rule = draft.rule(case.is_, part, *here, "due", number, "is")
        if rule:
            cases.append(Case(rule, condition))
    return tuple(cases)


def _window(draft: Draft, window: WindowPart | None, part: StepPart, here: tuple[str, str]) -> Window | None:
    if window is None:
        return None
    return Window(
        draft.rule(window.from_, part, *here, "window", "from"),
        draft.rule(window.until, part, *here, "window", "until"),
    )


def _gate(draft: Draft, part: GatePart, *path: str | int) -> Gate:
    known = {**draft.part.bodies, **draft.part.roles}
    if part.decided_by not in known:
        draft.report.add(
            "RG215",
            draft.places.at(*path, "decided_by"),
            f"there is no body or role {quote(part.decided_by)} to decide",
            "" if known else "declare it under bodies",
            word=part.decided_by,
            known=known,
        )
    effects: dict[str, EffectPart] = {"go": "opens", "hold": "waits", "no-go": part.no_go}
    if part.only_own_outcomes:
        effects = {"hold": "waits"}
    outcomes = {
        name: _outcome(draft, name, _STANDARD_TITLES[name], effect, *path, "no_go") for name, effect in effects.items()
    }
    for name, own in (part.outcomes or {}).items():
        outcomes[name] = _outcome(draft, name, draft.text(own.title), own.does, *path, "outcomes", name, "does")
    return Gate(part.decided_by, outcomes)


def _outcome(draft: Draft, name: str, title: Text, effect: EffectPart, *path: str | int) -> Outcome:
    if isinstance(effect, OpensCycle):
        known = draft.refer("cycle kind", effect.opens_cycle, *path, "opens_cycle")
        return Outcome(name, title, Effect.OPENS, opens_cycle=effect.opens_cycle if known else None)
    if isinstance(effect, EndsSteps):
        ends = [
            StepId(step) for number, step in enumerate(effect.ends) if draft.refer("step", step, *path, "ends", number)
        ]
        return Outcome(name, title, Effect.ENDS_STEPS, ends=tuple(dict.fromkeys(ends)))
    return Outcome(name, title, Effect(effect))


def _terms(draft: Draft, part: StepPart, here: tuple[str, str]) -> tuple[Case[Term], ...]:
    if part.term is None:
        return ()
    if isinstance(part.term, TermPart):
        term, when = _term(draft, part.term, *here, "term")
        return (Case(term, when),)
    _report_dead_cases(draft, [term.when for term in part.term], *here, "term")
    cases = []
    for number, each in enumerate(part.term):
        term, when = _term(draft, each, *here, "term", number)
        cases.append(Case(term, when))
    return tuple(cases)


def _term(draft: Draft, part: TermPart, *path: str | int) -> tuple[Term, Condition | None]:
    mark = draft.places.at(*path, "kind")
    if part.kind in _COUNTED_BACK and part.before is None:
        draft.report.add("RG303", mark, "a term before an event needs that event", "like: before: opening")
    if part.before is not None and part.after is not None:
        draft.report.add("RG303", mark, "a term counts from one side", "keep either after or before")
    term = Term(
        length=draft.span(part.length, *path, "length", least=1),
        kind=TermKind(part.kind),
        after=_event(draft, part.after, *path, "after"),
        before=_event(draft, part.before, *path, "before"),
        extension=draft.span(part.extension, *path, "extension", least=1) if part.extension else None,
        article=part.article or "",
        source=part.source or "",
        valid_from=part.valid_from,
    )
    return term, draft.condition(part.when, *path, "when")


def _event(draft: Draft, name: str | None, *path: str | int) -> DateRule | None:
    """Read the event of a term: an anchor or the finish of a step."""
    rule = draft.rule(name, None, *path)
    if rule is not None and rule.base not in (DateBase.ANCHOR, DateBase.STEP):
        draft.report.add("RG303", draft.places.at(*path), f"a term cannot count from {quote(rule.said)}")
        return None
    return rule


def _repeats(draft: Draft, repeats: RepeatsPart, part: StepPart, here: tuple[str, str]) -> tuple[Rhythm, ...]:
    path = (*here, "repeats")
    if repeats.from_ is None and repeats.first is None:
        draft.report.add(
            "RG310",
            draft.places.at_key(*path),
            "this rhythm has no beginning",
            "add: from: opening, or first: 5wd after opening",
        )
    rhythms = [
        Rhythm(
            draft.span(repeats.every, *path, "every", least=1),
            draft.rule(repeats.from_, part, *path, "from"),
            draft.rule(repeats.first, part, *path, "first"),
            draft.rule(repeats.until, part, *path, "until"),
        )
    ]
    then = [repeats.then] if isinstance(repeats.then, ThenPart) else repeats.then or []
    for number, next_ in enumerate(then):
        there = (*path, "then", number) if isinstance(repeats.then, list) else (*path, "then")
        if rhythms[-1].until is None and (repeats if number == 0 else then[number - 1]).until is None:
            draft.report.add(
                "RG310", draft.places.at(*there), "the rhythm before this one never ends", "give it an until"
            )
        rhythms.append(
            Rhythm(
                draft.span(next_.every, *there, "every", least=1),
                until=draft.rule(next_.until, part, *there, "until"),
            )
        )
    return tuple(rhythms)
