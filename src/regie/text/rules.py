"""Steps, date rules and conditions of a definition in words, as a reader knows them: by title, not by id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from regie.core.conditions import Both, Compare, Condition, Either, Has, Node, Not, OneOf, Value
from regie.core.definition import DateBase, DateRule, Definition, Step, Text, text_in
from regie.core.ids import FIRST_ITEM, AnchorId, BodyId, ListId, OccurrenceKey, QuestionId, RoleId, StepId
from regie.core.outline import FIRST_CYCLE
from regie.text.dates import say_date, say_span
from regie.text.phrases import say, say_list, words_in

_OPPOSITES = {"=": "!=", "!=": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_COMPARED = {
    "=": "condition_is",
    "!=": "condition_is_not",
    "<": "condition_less",
    "<=": "condition_at_most",
    ">": "condition_more",
    ">=": "condition_at_least",
}


def say_step(definition: Definition, key: OccurrenceKey, language: str = "nl") -> str:
    """The title of a step; of a copy with the item or the number that tells it apart."""
    step = definition.steps.get(key.step)
    title = text_in(step.title, language) if step else str(key.step)
    if not key.key:
        return title
    if key.key.isdigit() or step is None or step.for_each is None:
        # a step that repeats: its first copy needs no number
        return title if key.key == "1" else say("nth_copy", language, title=title, number=key.key)
    said = _lower(text_in(definition.lists[step.for_each].title, language))
    return say("first_copy" if key.key == FIRST_ITEM else "item_copy", language, title=title, list=said, item=key.key)


def say_role(definition: Definition, role: RoleId | str, language: str = "nl") -> str:
    found = definition.roles.get(RoleId(role))
    return text_in(found.title, language) if found else str(role)


def say_body(definition: Definition, decided_by: str, language: str = "nl") -> str:
    """Who decides: the name of a deciding body, else of a role."""
    body = definition.bodies.get(BodyId(decided_by))
    return text_in(body.title, language) if body else say_role(definition, decided_by, language)


def say_anchor(definition: Definition, anchor: str, language: str = "nl") -> str:
    found = definition.anchors.get(AnchorId(anchor))
    return text_in(found.title, language) if found else anchor


def say_cycle(definition: Definition, kind: str, language: str = "nl") -> str:
    """The name of a kind of cycle."""
    found = definition.cycle_kinds.get(kind)
    if found is not None:
        return text_in(found.title, language)
    return say("first_cycle", language) if kind == FIRST_CYCLE else kind


def say_outcome(step: Step | None, outcome: str, language: str = "nl") -> str:
    """The name of what was decided at a gate."""
    found = step.gate.outcomes.get(outcome) if step and step.gate else None
    return text_in(found.title, language) if found else outcome


def say_answer(definition: Definition, question: str, answer: object, language: str = "nl") -> str:
    """An answer in the words of its question: the name of an option, ``ja`` or ``nee``, a date in words."""
    found = definition.questions.get(QuestionId(question))
    titles: Mapping[str, Text] = found.option_titles if found else {}
    if isinstance(answer, frozenset | set | tuple | list):
        known = [each for each in titles if each in answer]
        return say_list([_option(titles, each, language) for each in known or sorted(answer)], language)
    return _option(titles, answer, language)


def say_rule(rule: DateRule, definition: Definition, language: str = "nl") -> str:
    """A date rule: ``20 werkdagen voor 'Opening'``, ``voor 1 november in even jaren``."""
    base = _base(rule, definition, language)
    offset = rule.offset
    if rule.base is DateBase.CALENDAR:
        base = base if rule.years == "every" else say(f"rule_years_{rule.years}", language, said=base)
        if offset is None or offset.amount == 0:
            return say("rule_on_calendar", language, base=base)
        if str(offset) in ("-1d", "-1wd"):
            return say("rule_before_calendar", language, base=base)
    if offset is None or offset.amount == 0:
        return say("rule_on", language, base=base)
    return say(
        "rule_after" if offset.amount > 0 else "rule_before", language, span=say_span(offset, language), base=base
    )


def say_condition(condition: Condition, definition: Definition, language: str = "nl") -> str:
    """A condition in the words of its questions: ``'Hoeveel plekken?' is minstens 100``."""
    return _node(condition.node, definition, language, is_true=True)


def _base(rule: DateRule, definition: Definition, language: str) -> str:
    match rule.base:
        case DateBase.ANCHOR:
            return f"'{say_anchor(definition, rule.ref, language)}'"
        case DateBase.STEP:
            title = f"'{say_step(definition, OccurrenceKey(StepId(rule.ref)), language)}'"
            return say("rule_start_of", language, base=title) if rule.of_start else title
        case DateBase.ITEM:
            found = definition.lists.get(ListId(rule.ref))
            return f"'{text_in(found.title, language) if found else rule.ref}'"
        case DateBase.PREDECESSORS:
            return say("rule_predecessors", language)
        case DateBase.PERIOD:
            return say("rule_period", language)
        case DateBase.CALENDAR:
            if rule.year:
                return say_date(date(rule.year, rule.month, rule.day), language)
            return say("rule_calendar", language, day=rule.day, month=words_in(language).months[rule.month - 1])


def _node(node: Node, definition: Definition, language: str, *, is_true: bool) -> str:
    """Say a condition, or with ``is_true`` false its opposite."""
    match node:
        case Not():
            return _node(node.operand, definition, language, is_true=not is_true)
        case Both() | Either():
            # not (a and b) is: not a, or not b
            word = "and" if isinstance(node, Both) is is_true else "or"
            parts = [_part(each, definition, language, is_true=is_true) for each in node.operands]
            return f", {say(word, language)} ".join(parts)
        case Has():
            phrase = "condition_has" if is_true else "condition_has_not"
            value = _values(definition, node.name, (node.value,), language)
            return say(phrase, language, ask=_ask(definition, node.name, language), value=value)
        case OneOf():
            phrase = "condition_is" if is_true else "condition_is_not"
            value = _values(definition, node.name, node.values, language)
            return say(phrase, language, ask=_ask(definition, node.name, language), value=value)
        case Compare():
            operator = node.operator if is_true else _OPPOSITES[node.operator]
            value = _values(definition, node.name, (node.value,), language)
            return say(_COMPARED[operator], language, ask=_ask(definition, node.name, language), value=value)


def _part(node: Node, definition: Definition, language: str, *, is_true: bool) -> str:
    said = _node(node, definition, language, is_true=is_true)
    return f"({said})" if isinstance(node, Both | Either) else said


def _ask(definition: Definition, name: str, language: str) -> str:
    question = definition.questions.get(QuestionId(name))
    if question is not None:
        return text_in(question.ask, language)
    return say_step(definition, OccurrenceKey(StepId(name)), language)


def _values(definition: Definition, name: str, values: Sequence[Value], language: str) -> str:
    """The values of a comparison; the outcomes of a gate by their titles."""
    question = definition.questions.get(QuestionId(name))
    step = definition.steps.get(StepId(name)) if question is None else None
    if step is not None:
        return say_list([f"'{say_outcome(step, str(each), language)}'" for each in values], language, word="or")
    titles: Mapping[str, Text] = question.option_titles if question else {}
    said = [_option(titles, each, language) for each in values]
    quoted = [f"'{text}'" if isinstance(each, str) else text for each, text in zip(values, said, strict=True)]
    return say_list(quoted, language, word="or")


def _option(titles: Mapping[str, Text], answer: object, language: str) -> str:
    if isinstance(answer, bool):
        return say("yes" if answer else "no", language)
    if isinstance(answer, date):
        return say_date(answer, language)
    title = titles.get(str(answer))
    return text_in(title, language) if title else str(answer)


def _lower(title: str) -> str:
    """A title inside a sentence; an abbreviation keeps its capitals."""
    return title if title[1:2].isupper() else title[:1].lower() + title[1:]
