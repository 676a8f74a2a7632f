"""What a message says about one thing, in words: what is asked, why you, by when, what hangs on it.

Used for mails, and for whoever shows the same elsewhere. What is confidential names no traject and no place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from regie.core.definition import Effect, Kind, Step, text_in
from regie.core.ids import BodyId, OccurrenceKey, RoleId
from regie.core.lines import ACCEPTED, MOST_NEIGHBOURS, TALK, WHOLE_CYCLE, Line
from regie.core.told import THREAT
from regie.core.traject import State
from regie.text.dates import say_count, say_date, say_day
from regie.text.letter import Letter, LetterPart
from regie.text.phrases import say, say_list, words_in
from regie.text.rules import say_anchor, say_body, say_cycle, say_outcome, say_role, say_step
from regie.text.sentences import say_cause

ASKING = frozenset({Kind.READY, Kind.DUE_SOON, Kind.DUE, Kind.OVERDUE, Kind.DECISION_NEEDED, Kind.HANDED_OVER})
"""Kinds that ask the reader to do the step; an escalation asks for help."""

ANSWERING = frozenset({Kind.DATE_PROPOSED, Kind.DECLINED, Kind.QUESTION_ASKED})
"""Kinds that ask the reader for an answer."""

ANSWERED = frozenset({Kind.PROPOSAL_ANSWERED, Kind.QUESTION_ANSWERED})
"""Kinds that bring the reader an answer."""

GROUPS = ("threat", "late", "today", "answer", "decide", "soon", "start", "answered", "moved", "know")
"""What is asked of the reader, most urgent first."""

LISTED = ("moved", "know")
"""What asks nothing of the reader: of several such lines a list is enough."""

_GROUP_OF = {
    Kind.ESCALATED: "late",
    Kind.OVERDUE: "late",
    Kind.DUE: "today",
    Kind.DECISION_NEEDED: "decide",
    **dict.fromkeys(ANSWERING, "answer"),
    **dict.fromkeys(ANSWERED, "answered"),
    Kind.DUE_SOON: "soon",
    Kind.READY: "start",
    Kind.HANDED_OVER: "start",
    Kind.DATE_MOVED: "moved",
}
_SAID = {
    **dict.fromkeys(TALK, "said_why"),
    Kind.QUESTION_ASKED: "said_question",
    Kind.QUESTION_ANSWERED: "said_answer",
}
_SAID_OTHERWISE = (Kind.DATE_MOVED, Kind.DATE_PROPOSED, Kind.PROPOSAL_ANSWERED)
"""Kinds whose sentence or facts say which date is which."""

_MOST_IN_BRIEF = 3


@dataclass(frozen=True, slots=True)
class Fact:
    """A label with what it says: one value, or several below each other."""

    label: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """One line of a message, in words.

    Args:
        group: one of ``GROUPS``.
        asks: whether the reader is asked to do something.
        brief: the same as ``ask`` for in a list, when the line is one of several that ask nothing.
        by: by when, as the end of a sentence; empty when there is no date.
        cause: what moved the date, as a sentence of its own.
        why: why this reader hears it; ``why_many`` when that goes for several steps.
    """

    group: str
    kind: str
    title: str
    asks: bool
    ask: str
    brief: str
    by: str
    cause: str
    why: str
    why_many: str
    facts: tuple[Fact, ...]
    is_confidential: bool


def tell(letter: Letter, part: LetterPart, line: Line, language: str, *, is_brief: bool) -> Told:
    """Say one line in words.

    Args:
        is_brief: it is one of several, so lists of neighbours stay short.
    """
    step = part.definition.steps.get(line.key.step)
    return Told(
        group_of(line),
        words_in(language).kinds[line.kind],
        title_of(part, line, language),
        line.kind in ASKING or line.kind in ANSWERING or line.kind is Kind.ESCALATED,
        _ask(letter, part, line, language),
        _brief(part, line, language),
        _by(line, language),
        _moved_by(part, line, language).strip(),
        _why(letter, part, line, "this", language),
        _why(letter, part, line, "these", language),
        tuple(_facts(part, line, step, language, is_brief=is_brief)),
        line.is_confidential,
    )


def asks_to_act(line: Line) -> bool:
    """Whether a line asks for a deed on its step; a threat to a date asks the lead to think."""
    return line.kind in ASKING or (line.kind is Kind.ESCALATED and line.rung != THREAT)


def _by(line: Line, language: str) -> str:
    """By when, after the title of a step; of what is late that the day is past."""
    if line.due_on is None:
        return ""
    phrase = {"late": "by_late", "threat": "by_threat"}.get(group_of(line), "by")
    return say(phrase, language, date=say_day(line.due_on, language))


def group_of(line: Line) -> str:
    return "threat" if line.rung == THREAT else _GROUP_OF.get(line.kind, "know")


def title_of(part: LetterPart, line: Line, language: str) -> str:
    return say_step(part.definition, line.key, language)


def subject_of(part: LetterPart, line: Line, language: str) -> tuple[str, str]:
    """The subject of a mail about one line, as a pattern with ``{title}``, and the title to put in."""
    words = words_in(language)
    step = part.definition.steps.get(line.key.step)
    title = title_of(part, line, language)
    pattern = words.subjects[line.kind]
    if line.rung == THREAT and line.cause.startswith("anchor:"):
        title = say_anchor(part.definition, line.cause.removeprefix("anchor:"), language)
        pattern = words.phrases["subject_threat_anchor"]
    elif line.rung == THREAT:
        pattern = words.phrases["subject_threat_law"]
    elif line.kind is Kind.CYCLE_STARTED:
        title = traject_of(part, language)
    elif line.kind is Kind.ENDED and line.key == WHOLE_CYCLE:
        title, pattern = traject_of(part, language), words.phrases["subject_cycle_ended"]
    elif line.kind is Kind.DECISION_TAKEN and _effect(step, line.outcome) is Effect.WAITS:
        pattern = words.phrases["subject_held"]
    facts = {
        "old": say_date(line.old_on, language) if line.old_on else "?",
        "due": say_date(line.due_on, language) if line.due_on else "?",
    }
    return pattern.format(step="{title}", anchor="{title}", traject="{title}", **facts), title


def traject_of(part: LetterPart, language: str) -> str:
    """The name of a traject; with one confidential line only that it is, in the whole message."""
    return say("confidential", language) if is_hidden(part) else part.traject_title


def is_hidden(part: LetterPart) -> bool:
    """Whether nothing may be said that tells which traject it is."""
    return part.is_hidden or any(line.is_confidential for line in part.lines)


# --- what is asked ------------------------------------------------------------------------------------


def _ask(letter: Letter, part: LetterPart, line: Line, language: str) -> str:
    words = words_in(language)
    step = part.definition.steps.get(line.key.step)
    facts = _ask_facts(part, line, step, language)
    if line.rung == THREAT:
        by_anchor = line.cause.startswith("anchor:")
        return say("ask_threat_anchor" if by_anchor else "ask_threat_law", language, **facts)
    if line.kind is Kind.DECISION_TAKEN and _effect(step, line.outcome) is Effect.WAITS:
        return say("ask_held", language, **facts)
    if line.kind is Kind.ENDED and line.key == WHOLE_CYCLE:
        return say("ask_cycle_ended", language, **facts, kind=say_cycle(part.definition, part.cycle_kind, language))
    if line.kind is Kind.OVERDUE and part.states.get(line.key) is State.NOT_YET:
        return say("ask_waiting", language, **facts)
    if line.kind is Kind.PROPOSAL_ANSWERED:
        return say("ask_accepted" if line.outcome == ACCEPTED else "ask_turned_down", language, **facts)
    if line.kind is Kind.HANDED_OVER and line.cause:  # perhaps by a colleague, and not by the lead
        return words.own_asks[line.kind].format(**facts)
    own = line.kind in words.own_asks and (not part.lead_name or is_own(letter, part) or line.part == "lead")
    return (words.own_asks if own else words.asks)[line.kind].format(**facts)


def is_own(letter: Letter, part: LetterPart) -> bool:
    """Whether the reader leads the traject: nobody is asked something by themselves."""
    return bool(part.lead_email) and part.lead_email == letter.to.email


def _ask_facts(part: LetterPart, line: Line, step: Step | None, language: str) -> dict[str, str]:
    day = say_day(line.due_on, language) if line.due_on else ""
    on = say("on", language, date=day) if day else ""
    return {
        "who": part.lead_name or say("lead", language),
        "step": title_of(part, line, language),
        "traject": traject_of(part, language),
        "anchor": say_anchor(part.definition, line.cause.removeprefix("anchor:"), language),
        "date": day,
        "by": say("by", language, date=day) if day else "",
        "by_then": say("by_then", language, date=day) if day else "",
        "on": on,
        "until": say("until", language, date=day) if day else "",
        "day_in_brackets": say("day_in_brackets", language, date=day) if day else "",
        "partner": _partner(part, line.key, step, language) if step and step.responsible else "?",
        "old": say_date(line.old_on, language) if line.old_on else "?",
        "new_day": day or "?",
        "days": say_count(line.working_days, "wd", language),
        "shift": _shift(line, language),
        "cause": _moved_by(part, line, language),
        "outcome": say_outcome(step, line.outcome, language) or say("outcome_unknown", language),
        "effect": _said_effect(part, step, line, language),
        "cycle": _new_cycle(part, language),
    }


def _brief(part: LetterPart, line: Line, language: str) -> str:
    """A line that asks nothing, for in a list; the cause of a new date is left to the caller."""
    if line.kind is Kind.DONE:
        return say("brief_done", language, step=title_of(part, line, language))
    if line.kind is not Kind.DATE_MOVED:
        return ""
    facts = _ask_facts(part, line, part.definition.steps.get(line.key.step), language)
    way = say("later" if line.due_on and line.old_on and line.due_on > line.old_on else "earlier", language)
    shift = say("brief_shift", language, days=facts["days"], way=way) if line.working_days else "."
    return say("brief_moved", language, **{**facts, "shift": shift, "cause": ""})


def _shift(line: Line, language: str) -> str:
    if line.old_on is None or line.due_on is None or not line.working_days:
        return ""
    way = say("later" if line.due_on > line.old_on else "earlier", language)
    return say("shift", language, days=say_count(line.working_days, "wd", language), way=way)


def _moved_by(part: LetterPart, line: Line, language: str) -> str:
    if line.kind is not Kind.DATE_MOVED or not line.cause or line.cause == str(line.key):
        return ""
    return say_cause(line.cause, part.definition, "cause_step", "cause_anchor", language)


def _effect(step: Step | None, outcome: str) -> Effect | None:
    found = step.gate.outcomes.get(outcome) if step and step.gate else None
    return found.effect if found else None


def _said_effect(part: LetterPart, step: Step | None, line: Line, language: str) -> str:
    found = step.gate.outcomes.get(line.outcome) if step and step.gate else None
    if found is None:
        return ""
    if found.opens_cycle:
        kind = say_cycle(part.definition, found.opens_cycle, language)
        return say("effect_opens_cycle", language, kind=kind)
    match found.effect:
        case Effect.ENDS_CYCLE:
            return say("effect_ends_cycle", language)
        case Effect.ENDS_STEPS:
            count = len(found.ends)
            return say("effect_ends_step" if count == 1 else "effect_ends_steps", language, count=count)
        case Effect.STAYS_CLOSED:
            return say("effect_stays_closed", language)
        case _:
            return ""


def _new_cycle(part: LetterPart, language: str) -> str:
    if part.cycle <= 1:
        return ""
    return say("new_cycle", language, kind=say_cycle(part.definition, part.cycle_kind, language))


# --- why this reader ----------------------------------------------------------------------------------


def _why(letter: Letter, part: LetterPart, line: Line, this: str, language: str) -> str:
    """Why this reader; ``this`` is the phrase for the step or steps that it is about."""
    words, steps = words_in(language), say(this, language)
    role = say_role(part.definition, line.role, language) if line.role else ""
    if line.for_role_without_people:
        return say("why_nobody", language, role=role)
    if line.deputy_for:
        name = letter.deputy_names.get(line.deputy_for, line.deputy_for)
        their_part = words.their_parts.get(line.part, words.their_parts[""]).format(this=steps)
        return say("why_deputy", language, name=name, part=their_part, role=role)
    if line.part == "responsible" and line.key in part.handed_to and _is_own_role(part, line):
        return say("why_handed" if this == "this" else "why_handed_many", language)
    my_part = words.parts.get(line.part, words.parts[""]).format(this=steps)
    return say("why_part" if role else "why_part_no_role", language, part=my_part, role=role)


def _is_own_role(part: LetterPart, line: Line) -> bool:
    step = part.definition.steps.get(line.key.step)
    return step is not None and line.role == step.responsible


# --- what else the reader must know -------------------------------------------------------------------


def _facts(part: LetterPart, line: Line, step: Step | None, language: str, *, is_brief: bool) -> Iterator[Fact]:
    if step is None:
        return
    is_waiting = part.states.get(line.key) is State.NOT_YET
    if line.kind in TALK and not is_hidden(part) and (said := part.words.get(line.happening)):
        yield Fact(say(_SAID[line.kind], language), (said,))
    is_over = line.kind in (Kind.DONE, Kind.DECISION_TAKEN, Kind.ENDED)
    is_stuck = is_waiting and line.kind is Kind.OVERDUE
    if line.kind in ASKING and not is_stuck and (done_when := text_in(step.done_when, language)):
        yield Fact(say("done_when", language), (done_when,))
    if not is_over:
        yield from _dates(part, line, step, language)
    if line.part != "responsible" and line.rung != THREAT and line.kind in (Kind.ESCALATED, Kind.OVERDUE):
        yield Fact(say("holder", language), (_holder(part, step, line.key, language),))
    if is_brief and group_of(line) in LISTED:
        return
    most = _MOST_IN_BRIEF if is_brief else 0
    if not is_over:
        # what was finished since the line was written is not waited for any more
        waits = [key for key in line.waits_for if part.states.get(key, State.NOT_YET).is_open]
        label, shown = ("waits_for", waits) if is_waiting else ("depends_on", line.waits_for)
        yield from _neighbours(say(label, language), part, shown, language, most=most)
    stops = line.kind is Kind.DECISION_TAKEN and _effect(step, line.outcome) is not Effect.OPENS
    if line.rung != THREAT and not stops:
        yield from _neighbours(
            say("goes_on" if is_over else "waited_by", language), part, line.waited_by, language, most=most
        )


def _dates(part: LetterPart, line: Line, step: Step, language: str) -> Iterator[Fact]:
    """By when; of a proposed date beside what was planned and promised; of a new date the sentence itself says it, of a threat only what can not hold."""
    if line.kind is Kind.DATE_PROPOSED:
        for label, day in (("proposed", line.due_on), ("planned", line.old_on), ("promised_day", line.promised_on)):
            if day is not None:
                yield Fact(say(label, language), (say_day(day, language),))
        yield Fact(say("would_move", language), (_would_move(line, language),))
    is_threat = line.rung == THREAT
    legal_on = line.due_on if is_threat and not line.cause else line.legal_on
    if line.due_on and is_threat and line.cause:
        yield Fact(say("target", language), (say_day(line.due_on, language),))
    elif line.due_on and not is_threat and line.kind not in _SAID_OTHERWISE:
        yield Fact(say("due", language), (say_day(line.due_on, language),))
    if legal_on:
        yield Fact(say("legal", language), (_legal(legal_on, step, language),))
    if step.gate is not None and (line.kind in ASKING or line.kind is Kind.DATE_MOVED):
        yield Fact(say("decides", language), (say_body(part.definition, step.gate.decided_by, language),))
        yield from _meeting(part, line, step.gate.decided_by, language)


def _would_move(line: Line, language: str) -> str:
    if not line.moves:
        return say("moves_nothing", language)
    return say("moves_one" if line.moves == 1 else "moves_many", language, count=line.moves)


def _meeting(part: LetterPart, line: Line, decided_by: str, language: str) -> Iterator[Fact]:
    """On which meeting the plan counts, and when its papers must be there."""
    body, meets_on = part.definition.bodies.get(BodyId(decided_by)), part.finishes.get(line.key)
    meeting = body.next_feasible(meets_on, date.min) if body and meets_on else None
    if meeting is not None and meeting.held_on == meets_on:
        day, papers = say_day(meeting.held_on, language), say_day(meeting.papers_due_on, language)
        yield Fact(say("meets", language), (say("meets_papers", language, date=day, papers=papers),))


def _legal(legal_on: date, step: Step, language: str) -> str:
    said = say_day(legal_on, language)
    articles = {case.value.article for case in step.terms}
    # with several terms only the plan knows which one counts
    article = articles.pop() if len(articles) == 1 else ""
    return say("legal_article", language, date=said, article=article) if article else said


def _people(part: LetterPart, key: OccurrenceKey, role: RoleId) -> tuple[str, ...]:
    """Who does a step: who plays its role, or in their place the one to whom it was handed over."""
    return (part.handed_to[key],) if key in part.handed_to else part.people.get(role, ())


def _partner(part: LetterPart, key: OccurrenceKey, step: Step, language: str) -> str:
    """Who speaks: the one person who has the step, by name; when several do, their role."""
    role = step.responsible
    assert role is not None  # the caller looked
    several = key not in part.handed_to and len(part.people.get(role, ())) > 1
    return say_role(part.definition, role, language) if several else _holder(part, step, key, language)


def _holder(part: LetterPart, step: Step, key: OccurrenceKey, language: str) -> str:
    role = step.responsible
    if role is None:
        return say("nobody", language)
    title = say_role(part.definition, role, language)
    people = _people(part, key, role)
    return say("person_in_role", language, people=say_list(people, language), role=title) if people else title


def _neighbours(
    label: str, part: LetterPart, keys: Sequence[OccurrenceKey], language: str, *, most: int
) -> Iterator[Fact]:
    """The steps on either side, with who has them and when they are expected; in brief on one line."""
    if not keys:
        return
    has_more = len(keys) > MOST_NEIGHBOURS
    others = [say("more_others", language)] if has_more else []
    if not most:
        said = [_neighbour(part, key, language) for key in keys[:MOST_NEIGHBOURS]]
        yield Fact(label, (*said, *(f"{say('and', language)} {each}" for each in others)))
        return
    titles = [f"'{say_step(part.definition, key, language)}'" for key in keys]
    # nobody counted how many more there are
    shown = [*titles[: most - 1], *others] if has_more else titles
    yield Fact(label, (say_list(shown, language, most=most),))


def _neighbour(part: LetterPart, key: OccurrenceKey, language: str) -> str:
    step = part.definition.steps.get(key.step)
    people = _people(part, key, step.responsible) if step and step.responsible else ()
    facts = [*people[:1]]
    if key in part.finishes:
        phrase = "done_on" if part.states.get(key) is State.DONE else "expected"
        facts.append(say(phrase, language, date=say_date(part.finishes[key], language)))
    title = say_step(part.definition, key, language)
    return say("neighbour", language, step=title, facts=", ".join(facts)) if facts else title
