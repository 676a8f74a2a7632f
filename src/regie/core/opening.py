"""Open a cycle: check the answers and the targets, carry over what a rerun keeps.

Every wrong or missing answer is named in one refusal, so that a form has to be filled in once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from difflib import get_close_matches

from regie.core.definition import Answer, Definition, Question, QuestionKind, RerunCode, Step, Text
from regie.core.ids import AnchorId, ListId, OccurrenceKey, QuestionId
from regie.core.naming import find_close
from regie.core.outline import FIRST_CYCLE
from regie.core.span import shift
from regie.core.traject import AnchorDates, Cycle, Item, Occurrence, State
from regie.errors import NotFound, Refused, RegieError


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
    earlier: Sequence[Cycle] = (),
    require_targets: bool = True,
) -> Cycle:
    """Make a cycle that is ready for its ``CycleStarted`` event.

    A rerun drops and keeps occurrences by the rerun codes of the definition; what is redone or lightly checked
    starts anew, what runs on stays in the cycle before.

    Args:
        earlier: the other cycles of the traject, in which the line of parents goes on.
        require_targets: refuse when an anchor that needs a target has none; a plan to look at does without.

    Raises:
        Refused: ``bad-answers`` names every answer and target that is missing or wrong.
        NotFound: ``unknown-cycle-kind``.
    """
    if kind != FIRST_CYCLE and kind not in definition.cycle_kinds:
        known = ", ".join(definition.cycle_kinds)
        raise NotFound(
            f"definition '{definition.id}' has no cycle kind '{kind}'",
            code="unknown-cycle-kind",
            hint=known,
            definition=definition.id,
            kind=kind,
            options={name: each.title for name, each in definition.cycle_kinds.items()},
        )
    checked, problems = check_answers(definition, answers)
    problems += _check_targets(definition, targets, start_on, require_targets)
    if problems:
        said = [problem.message for problem in problems]
        raise Refused("; ".join(said), code="bad-answers", problems=said, troubles=problems)
    anchors = {anchor: AnchorDates(day) for anchor, day in targets.items()}
    anchors[definition.start_anchor] = AnchorDates(start_on)
    return Cycle(
        number,
        kind,
        definition,
        checked,
        anchors,
        occurrences=_carried_over(definition, kind, _line_of(parent, earlier), start_on) if parent else {},
        items=dict(items or {}),
        parent=parent.number if parent else None,
    )


def check_answers(
    definition: Definition, answers: Mapping[str, object]
) -> tuple[dict[QuestionId, Answer], list[RegieError]]:
    """Read answers as typed (text, number, list) into what their questions ask; name every problem."""
    problems: list[RegieError] = [
        NotFound(
            f"unknown question '{name}'",
            code="unknown-question",
            question=name,
            close=get_close_matches(name, definition.questions, n=1),
            options=list(definition.questions),
        )
        for name in answers
        if name not in definition.questions
    ]
    checked: dict[QuestionId, Answer] = {}
    for question in definition.questions.values():
        given = answers.get(question.id, question.default)
        if given is None or given == "":
            problems.append(_missing(question))
            continue
        try:
            checked[question.id] = _read(question, given)
        except ValueError as error:
            problems.append(_wrong(question, given, str(error)))
    return checked, problems


def _missing(question: Question) -> Refused:
    options = f" ({', '.join(question.options)})" if question.options else ""
    return Refused(
        f"'{question.id}' needs an answer: {next(iter(question.ask.values()), '')}{options}",
        code="answer-missing",
        question=question.id,
        ask=question.ask,
        options=_options(question),
    )


def _wrong(question: Question, given: object, why: str) -> Refused:
    return Refused(
        f"'{question.id}': {why}",
        code="answer-wrong",
        question=question.id,
        answer=str(given)[:40],
        wanted=question.kind.value,
        low=question.low,
        high=question.high,
        options=_options(question),
    )


def _options(question: Question) -> dict[str, Text]:
    return {each: question.option_titles.get(each, {}) for each in question.options}


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
) -> list[RegieError]:
    titles = {anchor.id: anchor.title for anchor in definition.anchors.values()}
    problems: list[RegieError] = [
        NotFound(
            f"unknown anchor '{anchor}'",
            code="unknown-anchor",
            anchor=anchor,
            close=find_close(anchor, definition.anchors),
            options=titles,
        )
        for anchor in targets
        if anchor not in definition.anchors
    ]
    for anchor in definition.anchors.values():
        target = targets.get(anchor.id)
        if required and target is None and anchor.target_required and anchor.id != definition.start_anchor:
            problems.append(
                Refused(
                    f"anchor '{anchor.id}' needs a target date",
                    code="target-missing",
                    anchor=anchor.id,
                    titles=titles,
                )
            )
        if target is not None and target < start_on and anchor.id != definition.start_anchor:
            problems.append(
                Refused(
                    f"anchor '{anchor.id}' on {target} lies before the start on {start_on}",
                    code="target-before-start",
                    anchor=anchor.id,
                    on=target,
                    start_on=start_on,
                    titles=titles,
                )
            )
    return problems


def _line_of(parent: Cycle, earlier: Sequence[Cycle]) -> Iterator[Cycle]:
    """The cycle before, the one before that, and so on."""
    known = {cycle.number: cycle for cycle in earlier}
    found: Cycle | None = parent
    while found is not None:
        yield found
        found = known.pop(found.parent, None) if found.parent is not None else None


def _carried_over(
    definition: Definition, kind: str, line: Iterator[Cycle], start_on: date
) -> dict[OccurrenceKey, Occurrence]:
    """What a rerun drops, and what it keeps as done with the origin and date of the earlier result.

    The result is that of the latest cycle that took the step up: a cycle between may have dropped it. A result past
    its shelf life is not kept, nor one with a legal basis: the step is done again.
    """
    parents = tuple(line)
    carried: dict[OccurrenceKey, Occurrence] = {}
    for step in definition.steps.values():
        code = step.rerun.get(kind, RerunCode.REDO)
        if code is RerunCode.DROP:
            key = OccurrenceKey(step.id)
            carried[key] = Occurrence(key, out_state=State.DROPPED, out=f"{kind}: drop", state=State.DROPPED)
        elif code is RerunCode.KEEP and not (step.legal_basis or step.terms):
            for old, number in _latest_results(step, parents):
                if _is_still_good(definition, step, old, start_on):
                    carried[old.key] = replace(
                        old, kept_from=old.kept_from or number, told={}, version=0, state=State.DONE
                    )
    return carried


def _latest_results(step: Step, parents: Sequence[Cycle]) -> Iterator[tuple[Occurrence, int]]:
    """The finished copies of a step in the latest cycle that took it up, with the number of that cycle.

    A cycle that dropped the step says nothing about it; one in which it is still open has no result to keep.
    """
    for cycle in parents:
        copies = [each for each in cycle.occurrences.values() if each.step == step.id]
        if any(each.state is not State.DROPPED for each in copies):
            yield from ((each, cycle.number) for each in copies if each.is_done)
            return


def _is_still_good(definition: Definition, step: Step, old: Occurrence, day: date) -> bool:
    """Whether an earlier result has not passed its shelf life on a day."""
    if step.keeps is None or old.finished_on is None:
        return True
    if step.keeps.in_working_days:
        return definition.calendar.add_working_days(old.finished_on, step.keeps.amount) >= day
    return shift(old.finished_on, step.keeps) >= day
