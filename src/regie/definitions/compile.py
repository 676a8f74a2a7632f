"""From the validated format to ``core.definition.Definition``, or findings.

Checks what values mean together: every id that is named exists, every rule and condition can be read. What
is left out gets its default here. Steps come out in one order, whatever their order in the file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date

from regie.core.calendar import WorkCalendar
from regie.core.conditions import NameKind
from regie.core.definition import (
    Anchor,
    Answer,
    CycleKind,
    Definition,
    HearsWhen,
    ItemList,
    Phase,
    Question,
    QuestionKind,
    Role,
    Text,
    Track,
)
from regie.core.ids import AnchorId, ListId, PhaseId, QuestionId, RoleId, StepId, TrackId
from regie.definitions.bodies import compile_bodies
from regie.definitions.calendars import BadCalendar, base_of, build_calendar, load_calendar
from regie.definitions.draft import DEFAULT_PHASE, START, Draft
from regie.definitions.findings import quote
from regie.definitions.order import find_waits, order_steps
from regie.definitions.policy import compile_policy, longest_first
from regie.definitions.schema import QuestionPart, Words, WorkflowPart
from regie.definitions.steps import compile_step
from regie.errors import NotFound, RegieError

WEEKDAYS = "weekdays"
_YES_NO = {"ja": True, "yes": True, "nee": False, "no": False}


def compile_definition(
    draft: Draft,
    calendars: Mapping[str, WorkCalendar] | None = None,
    automations: Collection[str] | None = None,
) -> Definition:
    """Compile a draft; what is wrong goes to its report, and what can be used is used.

    Only a definition from a draft without errors may be kept.

    Args:
        calendars: calendars by name, looked at before those that are built in.
        automations: the actions that a step may name; None when they are not known here.
    """
    part = draft.part
    steps = {StepId(id_): compile_step(draft, id_, step, automations) for id_, step in part.steps.items()}
    anchors = _anchors(draft)
    ordered = order_steps(find_waits(steps, anchors))
    looping = steps.keys() - ordered
    calendars = {**(calendars or {}), **_own_calendars(draft)}
    calendar = _calendar(draft, calendars, part.calendar, "calendar")
    definition = Definition(
        id=part.id,
        version=part.version,
        title=draft.text(part.title),
        content_hash=content_hash(part),
        steps={step: steps[step] for step in (*ordered, *sorted(looping))},
        phases=_phases(draft),
        tracks={
            TrackId(id_): Track(TrackId(id_), draft.text(track.title), track.in_all_phases)
            for id_, track in part.tracks.items()
        },
        roles=_roles(draft),
        anchors=anchors,
        questions=_questions(draft),
        lists=_lists(draft),
        bodies=compile_bodies(draft, calendar),
        cycle_kinds={id_: CycleKind(id_, draft.text(kind.title)) for id_, kind in part.cycle_kinds.items()},
        policy=compile_policy(draft),
        calendar=calendar,
        legal_calendar=_calendar(draft, calendars, part.legal_calendar, "legal_calendar"),
        language=part.language,
    )
    named = {step.calendar: step.id for step in steps.values() if step.calendar}
    others = {name: _calendar(draft, calendars, name, "steps", step, "calendar") for name, step in named.items()}
    return replace(definition, calendars=others) if others else definition


def content_hash(part: WorkflowPart) -> str:
    """Name a definition by what it says: SHA-256, in hexadecimal.

    Layout, comments, quotes, the division over files, and the order of keys do not count; nor does
    writing a default out. So a later version of Regie that knows more keys gives the same name.
    """
    said = part.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"include"})
    text = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _own_calendars(draft: Draft) -> dict[str, WorkCalendar]:
    """Build the calendars of the definition itself, each after the one that it builds on."""
    parts = draft.part.calendars
    built: dict[str, WorkCalendar] = {}
    for id_ in parts:
        chain = [id_]
        while (base := parts[chain[-1]].based_on) in parts and base not in built and base not in chain:
            chain.append(base)
        for each in reversed(chain):
            if each not in built:
                built[each] = _own_calendar(draft, each, built)
    return built


def _own_calendar(draft: Draft, id_: str, built: Mapping[str, WorkCalendar]) -> WorkCalendar:
    part = draft.part.calendars[id_]
    path = ("calendars", id_)
    if part.based_on in draft.part.calendars and part.based_on not in built:
        mark = draft.places.at(*path, "based_on")
        draft.report.add("RG304", mark, f"calendar {quote(id_)} is based on itself", "base it on nl or weekdays")
        return load_calendar(WEEKDAYS)
    try:
        return build_calendar(id_, part, built.get(part.based_on or "") or base_of(part))
    except BadCalendar as bad:
        draft.report.add("RG304", draft.places.at(*path, bad.key), f"calendar {quote(id_)}: {bad.message}")
    except RegieError as error:
        mark = draft.places.at(*path, "based_on" if isinstance(error, NotFound) else "weekdays")
        draft.report.add("RG304", mark, f"calendar {quote(id_)} cannot be used: {error.message}", error.hint)
    return load_calendar(WEEKDAYS)


def _calendar(draft: Draft, calendars: Mapping[str, WorkCalendar], name: str, *path: str | int) -> WorkCalendar:
    if name in calendars:
        return calendars[name]
    try:
        return load_calendar(name)
    except RegieError as error:
        draft.report.add(
            "RG304",
            draft.places.at(*path),
            f"calendar {quote(name)} cannot be used: {error.message}",
            error.hint,
        )
        return load_calendar(WEEKDAYS)


def _anchors(draft: Draft) -> dict[AnchorId, Anchor]:
    anchors = {AnchorId(START): Anchor(AnchorId(START), {"nl": "Start", "en": "Start"})}
    for id_, part in draft.part.anchors.items():
        path = ("anchors", id_)
        setter = part.set_by or part.set_by_start_of
        key = "set_by" if part.set_by else "set_by_start_of"
        if part.set_by and part.set_by_start_of:
            mark = draft.places.at(*path, "set_by_start_of")
            draft.report.add("RG126", mark, f"anchor {quote(id_)} is set by a finish and by a start", "keep one")
        known = setter is not None and draft.refer("step", setter, *path, key)
        anchors[AnchorId(id_)] = Anchor(
            AnchorId(id_),
            draft.text(part.title),
            target_required=part.target == "required",
            set_by=StepId(setter) if setter and known else None,
            set_by_start=known and part.set_by is None,
        )
    return anchors


def _phases(draft: Draft) -> dict[PhaseId, Phase]:
    if not draft.part.phases:
        return {PhaseId(DEFAULT_PHASE): Phase(PhaseId(DEFAULT_PHASE), {"nl": "Plan", "en": "Plan"})}
    return {
        PhaseId(id_): Phase(PhaseId(id_), draft.text(part.title), draft.text(part.about), part.example)
        for id_, part in draft.part.phases.items()
    }


def _roles(draft: Draft) -> dict[RoleId, Role]:
    return {
        RoleId(id_): Role(
            RoleId(id_),
            draft.text(part.title),
            draft.text(part.does),
            is_group=part.group,
            hears=HearsWhen(part.hears),
            reminded=longest_first(draft.spans(part.remind, "roles", id_, "remind")),
        )
        for id_, part in draft.part.roles.items()
    }


def _lists(draft: Draft) -> dict[ListId, ItemList]:
    return {
        ListId(id_): ItemList(
            ListId(id_),
            draft.text(part.title),
            AnchorId(part.first_on)
            if part.first_on and draft.refer("anchor", part.first_on, "lists", id_, "first_on")
            else None,
        )
        for id_, part in draft.part.lists.items()
    }


def _questions(draft: Draft) -> dict[QuestionId, Question]:
    return {QuestionId(id_): _question(draft, id_, part) for id_, part in draft.part.questions.items()}


def _question(draft: Draft, id_: str, part: QuestionPart) -> Question:
    options = part.one_of if part.one_of is not None else part.some_of
    named: Mapping[str, Words] = options if isinstance(options, dict) else {}
    titles: dict[str, Text] = {option: draft.text(words) for option, words in named.items()}
    if part.number and part.number.from_ > part.number.to:
        mark = draft.places.at("questions", id_, "number")
        draft.report.add("RG125", mark, f"{part.number.from_} to {part.number.to} holds no number", "swap from and to")
    if options is not None and not options:
        mark = draft.places.at("questions", id_, draft.names[id_].kind)
        draft.report.add("RG125", mark, f"question {quote(id_)} has no answers to choose from", "list them")
    return Question(
        QuestionId(id_),
        draft.text(part.ask),
        _KINDS[draft.names[id_].kind],
        options=tuple(dict.fromkeys(options or ())),
        option_titles=titles,
        low=part.number.from_ if part.number else None,
        high=part.number.to if part.number else None,
        default=_default(draft, id_, part),
        why=draft.text(part.why),
    )


_KINDS = {
    NameKind.NUMBER: QuestionKind.NUMBER,
    NameKind.CHOICE: QuestionKind.ONE_OF,
    NameKind.CHOICES: QuestionKind.SOME_OF,
    NameKind.YES_NO: QuestionKind.YES_NO,
    NameKind.DATE: QuestionKind.DATE,
}


def _default(draft: Draft, id_: str, part: QuestionPart) -> Answer | None:
    """Read the default answer to a question, and check that it is one."""
    given = part.default
    if given is None:
        return None
    answer = _as_answer(given, part, draft.names[id_].options)
    if answer is None:
        mark = draft.places.at("questions", id_, "default")
        kind = draft.names[id_].kind
        draft.report.add("RG214", mark, f"{_said(given)} is no answer to question {quote(id_)}", _ASKED[kind])
    return answer


_ASKED = {
    NameKind.NUMBER: "it asks for a number within its range",
    NameKind.CHOICE: "it asks for one of its answers",
    NameKind.CHOICES: "it asks for a list of its answers",
    NameKind.YES_NO: "write: default: true, or: default: false",
    NameKind.DATE: "write a date: 2027-06-03",
}


def _said(given: bool | int | str | list[str]) -> str:
    return quote(", ".join(given) if isinstance(given, list) else given)


def _as_answer(given: bool | int | str | list[str], part: QuestionPart, options: Collection[str]) -> Answer | None:
    match given:
        case bool():
            return given if part.yes_no else None
        case int() if part.number:
            return given if part.number.from_ <= given <= part.number.to else None
        case list() if part.some_of is not None:
            return frozenset(given) if given and set(given) <= set(options) else None
        case str() if part.yes_no:
            return _YES_NO.get(given.lower())
        case str() if part.date:
            return _as_date(given)
        case str() if given in options:
            return given if part.one_of is not None else frozenset({given})
        case _:
            return None


def _as_date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
