"""What is valid but wrong: one function per rule, each finding with its place.

Rules look at the compiled definition for meaning and at the draft for what was written and where. Dates
have a module of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from regie.core.conditions import Condition
from regie.core.definition import ALL_PARTNERS, Definition, Effect, Step
from regie.core.ids import StepId
from regie.definitions.date_rules import RESERVED
from regie.definitions.draft import START, Draft
from regie.definitions.findings import Mark, quote
from regie.definitions.lint_dates import CHAIN_RULES, DATE_RULES
from regie.definitions.order import Waits, find_knots, find_loops, find_waits, order_steps
from regie.definitions.possible import Possibilities

LONGEST_PATH = 12
RESERVED_WORDS = frozenset({"and", "or", "not", "in", "ja", "yes", "true", "nee", "no", "false"})


def lint(definition: Definition, draft: Draft) -> None:
    """Apply every rule; findings go to the draft's report."""
    waits = find_waits(definition.steps, definition.anchors)
    for rule in (*RULES, *DATE_RULES):
        rule(definition, draft)
    if not find_loops_in(waits, draft):
        order = order_steps(waits)
        for chain_rule in CHAIN_RULES:
            chain_rule(definition, draft, order)


def find_loops_in(waits: Waits, draft: Draft) -> bool:
    """A step never waits for itself, by whatever way round."""
    loops = find_loops(waits)
    for loop in loops:
        draft.report.add(
            "RG204",
            _mark_of_wait(draft, loop[0], loop[1], waits),
            f"step waits for itself: {' -> '.join(_shorten(loop))}",
            "leave out one of these relations",
        )
    return bool(loops)


def _shorten(loop: tuple[StepId, ...]) -> tuple[str, ...]:
    return loop if len(loop) <= LONGEST_PATH else (*loop[: LONGEST_PATH - 1], "...", loop[-1])


def _mark_of_wait(draft: Draft, step: StepId, other: StepId, waits: Waits) -> Mark:
    path = waits[step][other]
    if path[0] == "needs":
        names = [
            need if isinstance(need, str) else next(filter(None, need.model_dump(exclude={"lag"}).values()))
            for need in draft.part.steps[step].needs
        ]
        path = ("needs", names.index(other))
    return draft.places.at("steps", step, *path)


def conditions_can_hold(definition: Definition, draft: Draft) -> None:
    """Every step applies for some answers, and so does every case."""
    ranges = {
        str(question.id): (question.low, question.high)
        for question in definition.questions.values()
        if question.low is not None and question.high is not None
    }
    possible = Possibilities(draft.names, ranges)
    for step in definition.steps.values():
        chain = list(_conditions_of(definition, step))
        if chain and not possible.can_hold(*chain):
            mark = draft.places.at("steps", step.id, "when" if step.when else "only_with")
            said = " and ".join(f"({condition.said})" for condition in chain) if len(chain) > 1 else chain[0].said
            draft.report.add(
                "RG205", mark, f"step {quote(step.id)} can never apply: {said}", "no answers make this true"
            )
            continue
        for key, whens in (
            ("takes", [case.when for case in step.takes]),
            ("due", [case.when for case in step.due]),
            ("term", [case.when for case in step.terms]),
        ):
            for number, when in enumerate(whens):
                if when and not possible.can_hold(*chain, when):
                    mark = draft.places.at("steps", step.id, key, number, "when")
                    draft.report.add("RG220", mark, f"this case is never reached: {when.said}", "leave it out")


def _conditions_of(definition: Definition, step: Step) -> Iterator[Condition]:
    """The conditions of a step and of the steps that it makes sense only with."""
    current: Step | None = step
    for _ in range(LONGEST_PATH):
        if current is None:
            return
        if current.when is not None:
            yield current.when
        current = definition.steps.get(current.only_with) if current.only_with else None


def companions_do_not_chase_each_other(definition: Definition, draft: Draft) -> None:
    """``only_with`` leads to a step that stands by itself."""
    companions: Waits = {
        step.id: {step.only_with: ("only_with",)} if step.only_with and step.only_with in definition.steps else {}
        for step in definition.steps.values()
    }
    for loop in find_loops(companions):
        shown = " -> ".join(_shorten(loop))
        mark = draft.places.at("steps", loop[0], "only_with")
        draft.report.add("RG204", mark, f"step makes sense only with itself: {shown}", "leave out one only_with")


def conditions_look_back(definition: Definition, draft: Draft) -> None:
    """A condition never asks for a decision that waits for the step itself."""
    asked = {
        step.id: [StepId(name) for name in (step.when.names() if step.when else ()) if name in definition.steps]
        for step in definition.steps.values()
    }
    waits = find_waits(definition.steps, definition.anchors)
    knots = find_knots({step: [*waits[step], *asked[step]] for step in definition.steps})
    for knot in (*knots, *({step} for step in asked)):
        for step in knot:
            for gate in knot.intersection(asked[step]):
                mark = draft.places.at("steps", step, "when")
                message = f"step {quote(step)} depends on decision {quote(gate)}, which waits for it"
                draft.report.add("RG212", mark, message, "let one of the two go")


def gates_can_pass(definition: Definition, draft: Draft) -> None:
    """A gate has an outcome that opens what comes after it."""
    for step in definition.steps.values():
        if step.gate and not any(outcome.effect is Effect.OPENS for outcome in step.gate.outcomes.values()):
            mark = draft.places.at("steps", step.id, "gate")
            draft.report.add(
                "RG206",
                mark,
                f"gate {quote(step.id)} has no outcome that opens",
                "give an outcome: does: opens",
            )


def names_can_be_used(definition: Definition, draft: Draft) -> None:
    """What conditions ask for has a name, and answers, that a condition can say."""
    for question in definition.questions.values():
        words: list[tuple[str, tuple[str, ...]]] = [(question.id, ("questions", question.id))]
        words += [(option, ("questions", question.id, question.kind.value, option)) for option in question.options]
        for word, path in words:
            if word in RESERVED_WORDS:
                hint = "use yes_no for yes and no" if word not in ("and", "or", "not", "in") else "choose another word"
                draft.report.add(
                    "RG213",
                    _mark_of_word(draft, word, path),
                    f"{quote(word)} means something in conditions",
                    hint,
                )
        step = definition.steps.get(StepId(question.id))
        if step is not None and step.gate is not None:
            mark = draft.places.at_key("questions", question.id)
            draft.report.add("RG213", mark, f"{quote(question.id)} is a question and a gate", "rename one of them")


def _mark_of_word(draft: Draft, word: str, path: tuple[str, ...]) -> Mark:
    around = draft.places.value(*path[:-1])
    if isinstance(around, list) and word in around:
        return draft.places.at(*path[:-1], around.index(word))
    return draft.places.at_key(*path)


def names_mean_one_thing(definition: Definition, draft: Draft) -> None:
    """In date rules an anchor, a step and a list go by different names."""
    taken = {START: "anchor", **dict.fromkeys(RESERVED, "word of date rules")}
    for kind, section in (
        ("anchor", definition.anchors),
        ("step", definition.steps),
        ("list", definition.lists),
    ):
        for name in section:
            other = taken.setdefault(str(name), kind)
            if other != kind:
                mark = draft.places.at_key(f"{kind}s", name)
                message = f"{kind} {quote(name)} has the name of {_a(other)}"
                draft.report.add("RG314", mark, message, f"date rules mean the {other}")


def _a(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def steps_say_when_they_are_done(definition: Definition, draft: Draft) -> None:
    """Someone who finishes a step can read what done means."""
    silent = [id_ for id_, part in draft.part.steps.items() if part.done_when is None]
    _report_steps(draft, silent, "RG218", "does not say when it is done", "says when it is done", "add done_when")


def steps_have_someone(definition: Definition, draft: Draft) -> None:
    """Each step has somebody to do it."""
    orphans = [id_ for id_, part in draft.part.steps.items() if part.responsible is None]
    _report_steps(draft, orphans, "RG402", "has nobody responsible", "has somebody responsible", "add responsible")


def _report_steps(draft: Draft, steps: list[str], code: str, says: str, otherwise: str, hint: str) -> None:
    """Report steps one by one, but a definition that leaves something out altogether only once."""
    if len(steps) == len(draft.part.steps) > 1:
        draft.report.add(code, draft.places.at_key("steps"), f"no step {otherwise}", hint)
        return
    for id_ in steps:
        draft.report.add(code, draft.places.at_key("steps", id_), f"step {quote(id_)} {says}", hint)


def roles_are_used(definition: Definition, draft: Draft) -> None:
    """Each role does, decides or hears something."""
    used: set[str] = {definition.policy.lead} if definition.policy.lead else set()
    for step in definition.steps.values():
        used.update(role for role in (step.responsible, step.accountable) if role)
        used.update(step.consulted, step.informed)
        if step.gate:
            used.add(step.gate.decided_by)
    for recipients in (*definition.policy.to.values(), *(rung.to for rung in definition.policy.ladder)):
        used.update(recipients)
    if ALL_PARTNERS in used:
        used.update(definition.partner_roles())
    for role in definition.roles:
        if role not in used:
            draft.report.add(
                "RG404",
                draft.places.at_key("roles", role),
                f"role {quote(role)} is never used",
                "leave it out",
            )


def somebody_leads(definition: Definition, draft: Draft) -> None:
    """Where notices go to the lead, there is one."""
    policy = definition.policy
    asked = any("lead" in to for to in (*policy.to.values(), *(rung.to for rung in policy.ladder)))
    if definition.roles and asked and policy.lead is None and draft.part.notices.lead is None:
        mark = draft.places.at_key("notices") if draft.part.notices.model_fields_set else draft.places.at_key("roles")
        draft.report.add(
            "RG406",
            mark,
            "nobody leads, so nobody hears what has been silent longest",
            "set notices: {lead: ...}",
        )


RULES: tuple[Callable[[Definition, Draft], None], ...] = (
    conditions_can_hold,
    companions_do_not_chase_each_other,
    conditions_look_back,
    gates_can_pass,
    names_can_be_used,
    names_mean_one_thing,
    steps_say_when_they_are_done,
    steps_have_someone,
    roles_are_used,
    somebody_leads,
)
