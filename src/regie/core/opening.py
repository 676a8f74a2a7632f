"""Open a cycle: check the answers and the targets, carry over what a rerun keeps.

Every wrong or missing answer is named in one refusal, so that a form has to be filled in once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from regie.core.definition import Answer, Definition, Question, QuestionKind, RerunCode
from regie.core.ids import AnchorId, ListId, OccurrenceKey, QuestionId
from regie.core.outline import FIRST_CYCLE
from regie.core.traject import AnchorDates, Cycle, Item, Occurrence, State
from regie.errors import NotFound, Refused


def open_cycle(
    definition: Definition,
    *,
    start_on: date,
    answers: Mapping[str, object],
    targets: Mapping[AnchorId, date],
    items: Mapping[ListId, tuple[Item, ...]] | None = None,
    number: int = 1,
    kind: str = FIRST_CYCLE,
    parent: Cycle | None = None,
    require_targets: bool = True,
) -> Cycle:
    """Make a cycle that is ready for its ``CycleStarted`` event.

    A rerun drops and keeps occurrences by the rerun codes of the definition; what is redone or lightly checked
    starts anew, what runs on stays in the cycle before.

    Args:
        require_targets: refuse when an anchor that needs a target has none; a plan to look at does without.

    Raises:
        Refused: ``bad-answers`` names every answer and target that is missing or wrong.
        NotFound: ``unknown-cycle-kind``.
    """
    if kind != FIRST_CYCLE and kind not in definition.cycle_kinds:
        known = ", ".join(definition.cycle_kinds)
        raise NotFound(
            f"definition '{definition.id}' has no cycle kind '{kind}'", code="unknown-cycle-kind", hint=known
        )
    checked, problems = check_answers(definition, answers)
    problems += _check_targets(definition, targets, start_on, require_targets)
    if problems:
        raise Refused("; ".join(problems), code="bad-answers", problems=problems)
    anchors = {anchor: AnchorDates(day) for anchor, day in targets.items()}
    anchors[definition.start_anchor] = AnchorDates(start_on)
    return Cycle(
        number,
        kind,
        definition,
        checked,
        anchors,
        occurrences=_carried_over(definition, kind, parent) if parent else {},
        items=dict(items or {}),
        parent=parent.number if parent else None,
    )


def check_answers(definition: Definition, answers: Mapping[str, object]) -> tuple[dict[QuestionId, Answer], list[str]]:
    """Read answers as typed (text, number, list) into what their questions ask; name every problem."""
    problems = [f"unknown question '{name}'" for name in answers if name not in definition.questions]
    checked: dict[QuestionId, Answer] = {}
    for question in definition.questions.values():
        given = answers.get(question.id, question.default)
        if given is None or given == "":
            problems.append(f"'{question.id}' needs an answer: {_ask(question)}")
            continue
        try:
            checked[question.id] = _read(question, given)
        except ValueError as error:
            problems.append(f"'{question.id}': {error}")
    return checked, problems


def _ask(question: Question) -> str:
    options = f" ({', '.join(question.options)})" if question.options else ""
    return next(iter(question.ask.values()), "") + options


def _read(question: Question, given: object) -> Answer:
    match question.kind:
        case QuestionKind.NUMBER:
            return _read_number(question, given)
        case QuestionKind.YES_NO:
            words = {"ja": True, "yes": True, "true": True, "nee": False, "no": False, "false": False}
            if isinstance(given, bool):
                return given
            if (answer := words.get(str(given).lower())) is None:
                raise ValueError(f"say ja or nee, not {given!r}")
            return answer
        case QuestionKind.DATE:
            return given if isinstance(given, date) else date.fromisoformat(str(given))
        case QuestionKind.ONE_OF:
            return _one_of(question, str(given))
        case QuestionKind.SOME_OF:
            parts = given.split(",") if isinstance(given, str) else given
            if not isinstance(parts, list | tuple | set | frozenset):
                raise ValueError(f"give one or more of {', '.join(question.options)}")
            return frozenset(_one_of(question, str(part).strip()) for part in parts if str(part).strip())


def _read_number(question: Question, given: object) -> int:
    if isinstance(given, bool):
        raise ValueError("give a number")
    try:
        number = int(str(given))
    except ValueError:
        raise ValueError(f"{str(given)[:40]!r} is not a whole number") from None
    low, high = question.low, question.high
    if (low is not None and number < low) or (high is not None and number > high):
        raise ValueError(f"{number} is not between {low} and {high}")
    return number


def _one_of(question: Question, given: str) -> str:
    if given not in question.options:
        raise ValueError(f"{given[:40]!r} is none of {', '.join(question.options)}")
    return given


def _check_targets(
    definition: Definition, targets: Mapping[AnchorId, date], start_on: date, required: bool
) -> list[str]:
    problems = [f"unknown anchor '{anchor}'" for anchor in targets if anchor not in definition.anchors]
    for anchor in definition.anchors.values():
        target = targets.get(anchor.id)
        if required and target is None and anchor.target_required and anchor.id != definition.start_anchor:
            problems.append(f"anchor '{anchor.id}' needs a target date")
        if target is not None and target < start_on and anchor.id != definition.start_anchor:
            problems.append(f"anchor '{anchor.id}' on {target} lies before the start on {start_on}")
    return problems


def _carried_over(definition: Definition, kind: str, parent: Cycle) -> dict[OccurrenceKey, Occurrence]:
    """What a rerun drops, and what it keeps as done with the origin and date of the earlier result."""
    carried: dict[OccurrenceKey, Occurrence] = {}
    for step in definition.steps.values():
        code = step.rerun.get(kind, RerunCode.REDO)
        if code is RerunCode.DROP:
            key = OccurrenceKey(step.id)
            carried[key] = Occurrence(key, out_state=State.DROPPED, out=f"{kind}: drop", state=State.DROPPED)
        elif code is RerunCode.KEEP:
            for old in parent.occurrences.values():
                if old.step == step.id and old.is_done:
                    carried[old.key] = replace(
                        old, kept_from=old.kept_from or parent.number, told={}, version=0, state=State.DONE
                    )
    return carried
