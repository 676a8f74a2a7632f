"""What differs between two versions of a definition, as sentences: by title and not by id, old and new beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from regie.core.calendar import EasterDay, FixedDay, NamedPeriod
from regie.core.conditions import Condition
from regie.core.definition import (
    Basis,
    Case,
    DateRule,
    Definition,
    Duration,
    EvidenceRule,
    Gate,
    Join,
    Relation,
    RerunCode,
    Term,
    Window,
    text_in,
)
from regie.core.definition import Rhythm as Recurrence
from regie.core.ids import StepId
from regie.core.meetings import Rhythm as Meets
from regie.core.meetings import YearlyPeriod
from regie.core.span import Span
from regie.core.versions import Difference, How, Part
from regie.text.dates import say_date, say_every, say_period, say_span
from regie.text.phrases import say_list, words_in
from regie.text.rules import say_condition, say_rule

_LONGEST = 300


@dataclass(frozen=True, slots=True)
class _Words:
    parts: Mapping[Part, str]
    fields: Mapping[str, str]
    values: Mapping[StrEnum, str]
    added: str
    dropped: str
    changed: str
    became: str
    renamed_calendar: Mapping[str, str]
    nothing: str
    yes: str
    no: str
    when: str
    runs_on: str
    meets: str
    until_year: str


_NL = _Words(
    parts={
        Part.HEADER: "Stappenplan", Part.QUESTION: "Vraag", Part.ANCHOR: "Ankerdatum", Part.LIST: "Lijst", Part.ROLE: "Rol",
        Part.TRACK: "Thema", Part.PHASE: "Fase", Part.BODY: "Orgaan", Part.CALENDAR: "Kalender",
        Part.CYCLE_KIND: "Soort doorloop", Part.NOTICES: "Berichten", Part.STEP: "Stap",
    },
    fields={
        "title": "titel", "language": "taal", "ask": "vraag", "kind": "soort", "options": "antwoorden",
        "option_titles": "namen van antwoorden", "low": "laagste", "high": "hoogste", "default": "voorstel", "why": "uitleg",
        "target_required": "streefdatum verplicht", "set_by": "gezet door", "set_by_start": "gezet door het begin",
        "first_on": "eerste item op", "does": "wat de rol doet", "is_group": "groep", "hears": "ritme", "reminded": "herinnering",
        "in_all_phases": "in alle fasen", "about": "omschrijving", "is_example": "voorbeeld", "rhythm": "vergaderritme",
        "papers": "aanlevertermijn", "dates": "vergaderdag", "recess": "reces", "weekdays": "werkdagen in de week",
        "rules": "feestdagen", "confirmed_years": "bevestigde jaren", "source": "bron", "days_off": "vrije dag",
        "working": "toch werkdag", "periods": "vakantie", "to": "wie het hoort", "remind": "herinnering", "ladder": "ladder",
        "moved_at_least": "gemeld vanaf", "lead": "projectleider", "phase": "fase", "track": "thema", "done_when": "klaar als",
        "evidence": "bewijs", "responsible": "verantwoordelijk", "accountable": "eindverantwoordelijk",
        "consulted": "geraadpleegd", "informed": "geïnformeerd", "needs": "hangt af van", "join": "hoeveel voorgangers",
        "takes": "duur", "due": "uiterlijk", "window": "venster", "when": "voorwaarde", "only_with": "alleen samen met",
        "gate": "besluit", "terms": "wettelijke termijn", "repeats": "komt terug", "for_each": "per item van",
        "confidential_until": "vertrouwelijk tot", "automation": "gaat vanzelf", "rerun": "bij een volgende doorloop",
        "keeps": "houdbaar", "avoids": "te vermijden", "calendar": "eigen kalender", "legal_basis": "grondslag",
        "remark": "toelichting", "id": "id",
    },
    values={
        EvidenceRule.REQUIRED: "verplicht", EvidenceRule.OPTIONAL: "mag", EvidenceRule.NONE: "geen", Basis.ESTIMATE: "schatting",
        Basis.NORM: "norm", Basis.LAW: "wet", RerunCode.REDO: "opnieuw", RerunCode.LIGHT: "licht", RerunCode.KEEP: "blijft staan",
        RerunCode.RUNS_ON: "loopt door", RerunCode.DROP: "vervalt",
    },
    added="{what} is nieuw.", dropped="{what} vervalt.", changed="{what}: {field} was {before}, wordt {after}.",
    became="{what}: {field} {said}",
    renamed_calendar={"calendar": "werkdagen van de organisatie", "legal_calendar": "wettelijke kalender"},
    nothing="niets", yes="ja", no="nee", when="{value} als {condition}", runs_on="loopt door",
    meets="om de {weeks} weken op {day}, vanaf {first}", until_year="{first} tot en met {last}",
)  # fmt: skip
_EN = _Words(
    parts={
        Part.HEADER: "Definition", Part.QUESTION: "Question", Part.ANCHOR: "Anchor", Part.LIST: "List", Part.ROLE: "Role",
        Part.TRACK: "Track", Part.PHASE: "Phase", Part.BODY: "Body", Part.CALENDAR: "Calendar",
        Part.CYCLE_KIND: "Kind of cycle", Part.NOTICES: "Notices", Part.STEP: "Step",
    },
    fields={
        "title": "title", "language": "language", "ask": "question", "kind": "kind", "options": "answers",
        "option_titles": "names of answers", "low": "lowest", "high": "highest", "default": "suggestion", "why": "explanation",
        "target_required": "target required", "set_by": "set by", "set_by_start": "set by the start",
        "first_on": "first item on", "does": "what the role does", "is_group": "group", "hears": "rhythm", "reminded": "reminder",
        "in_all_phases": "in all phases", "about": "description", "is_example": "example", "rhythm": "rhythm of meetings",
        "papers": "papers due", "dates": "meeting day", "recess": "recess", "weekdays": "working days of the week",
        "rules": "holidays", "confirmed_years": "confirmed years", "source": "source", "days_off": "day off",
        "working": "worked after all", "periods": "holidays", "to": "who hears it", "remind": "reminder", "ladder": "ladder",
        "moved_at_least": "told from", "lead": "project lead", "phase": "phase", "track": "track", "done_when": "done when",
        "evidence": "evidence", "responsible": "responsible", "accountable": "accountable", "consulted": "consulted",
        "informed": "informed", "needs": "depends on", "join": "how many predecessors", "takes": "duration", "due": "due",
        "window": "window", "when": "condition", "only_with": "only together with", "gate": "decision",
        "terms": "statutory term", "repeats": "returns", "for_each": "for each item of", "confidential_until": "confidential until",
        "automation": "goes by itself", "rerun": "in a next cycle", "keeps": "keeps", "avoids": "to avoid",
        "calendar": "calendar of its own", "legal_basis": "legal basis", "remark": "remark", "id": "id",
    },
    values={
        EvidenceRule.REQUIRED: "required", EvidenceRule.OPTIONAL: "optional", EvidenceRule.NONE: "none",
        Basis.ESTIMATE: "estimate", Basis.NORM: "norm", Basis.LAW: "law", RerunCode.REDO: "redo", RerunCode.LIGHT: "light",
        RerunCode.KEEP: "keep", RerunCode.RUNS_ON: "runs on", RerunCode.DROP: "drop",
    },
    added="{what} is new.", dropped="{what} is dropped.", changed="{what}: {field} was {before}, becomes {after}.",
    became="{what}: {field} {said}",
    renamed_calendar={"calendar": "working days of the organisation", "legal_calendar": "legal calendar"},
    nothing="nothing", yes="yes", no="no", when="{value} if {condition}", runs_on="runs on",
    meets="every {weeks} weeks on {day}, from {first}", until_year="{first} to {last}",
)  # fmt: skip
_WORDS = {"nl": _NL, "en": _EN}
_TABLES = {
    Part.QUESTION: "questions", Part.ANCHOR: "anchors", Part.LIST: "lists", Part.ROLE: "roles", Part.TRACK: "tracks",
    Part.PHASE: "phases", Part.BODY: "bodies", Part.CYCLE_KIND: "cycle_kinds", Part.STEP: "steps",
}  # fmt: skip
_REFERS = {
    "set_by": "steps", "first_on": "anchors", "lead": "roles", "phase": "phases", "track": "tracks", "responsible": "roles",
    "accountable": "roles", "consulted": "roles", "informed": "roles", "only_with": "steps", "for_each": "lists",
    "confidential_until": "anchors",
}  # fmt: skip


def say_difference(found: Difference, before: Definition, after: Definition, language: str = "nl") -> str:
    """Say one difference: ``Stap 'Startnota': duur was 15 werkdagen, wordt 20 werkdagen``."""
    words = _WORDS.get(language, _NL)
    what = _what(found, before, after, language)
    field = words.fields.get(found.field, found.field)
    if not found.field:
        return (words.added if found.how is How.ADDED else words.dropped).format(what=what)
    if found.how is How.CHANGED:
        old = _value(found.before, found.field, before, language)
        new = _value(found.after, found.field, after, language)
        return words.changed.format(what=what, field=field, before=old, after=new)
    is_new = found.how is How.ADDED
    value = _value(found.after if is_new else found.before, found.field, after if is_new else before, language)
    said = (words.added if is_new else words.dropped).format(what=value)
    return words.became.format(what=what, field=field, said=said)


def _what(found: Difference, before: Definition, after: Definition, language: str) -> str:
    words = _WORDS.get(language, _NL)
    part = words.parts[found.part]
    if not found.id:
        return part
    if found.part is Part.CALENDAR:
        return f"{part} ({words.renamed_calendar.get(found.id, found.id)})"
    return f"{part} '{_title(found.part, found.id, after if found.how is not How.DROPPED or found.field else before, language)}'"


def _title(part: Part, id_: str, definition: Definition, language: str) -> str:
    thing = getattr(definition, _TABLES[part]).get(id_)
    text = getattr(thing, "title", None) or getattr(thing, "ask", None)
    return text_in(text, language) if text else id_


def _value(value: object, field: str, definition: Definition, language: str) -> str:
    said = _say(value, field, definition, language)
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…"


def _say(value: object, field: str, definition: Definition, language: str) -> str:
    words = _WORDS.get(language, _NL)

    def of(other: object) -> str:
        return _say(other, field, definition, language)

    match value:
        case None | "":
            return words.nothing
        case bool():
            return words.yes if value else words.no
        case date():
            return say_date(value, language)
        case Span():
            return str(value) if value.amount < 0 else say_span(value, language)
        case StrEnum():
            return words.values.get(value, str(value))
        case Case():
            said = of(value.value)
            if value.when is None:
                return said
            return words.when.format(value=said, condition=say_condition(value.when, definition, language))
        case Condition():
            return say_condition(value, definition, language)
        case DateRule():
            return say_rule(value, definition, language)
        case Duration():
            return of(value.span) if value.span else words.runs_on
        case Relation():
            relation, step = words_in(language).relations[value.type], definition.steps.get(value.predecessor)
            title = text_in(step.title, language) if step else str(value.predecessor)
            return f"{relation} '{title}'" + (f" ({value.lag})" if value.lag else "")
        case Join():
            return of(value.at_least) if value.at_least else "*"
        case Window():
            return " - ".join(of(each) for each in (value.opens, value.closes) if each)
        case Term():
            return ", ".join(filter(None, (say_span(value.length, language), value.article, str(value.kind))))
        case Gate():
            outcomes = [text_in(each.title, language) for each in value.outcomes.values()]
            body = definition.bodies.get(value.decided_by)  # type: ignore[call-overload]
            return f"{text_in(body.title, language) if body else value.decided_by}: {say_list(outcomes, language)}"
        case Recurrence():
            return say_every(value.every, language)
        case Meets():
            day = words_in(language).weekdays[value.first_on.weekday()]
            return words.meets.format(weeks=value.every_weeks, day=day, first=say_date(value.first_on, language))
        case NamedPeriod():
            return f"'{value.name}', {say_period(value.first, value.last, language)}"
        case YearlyPeriod():
            months = words_in(language).months
            (first, begins), (last, ends) = value.first, value.last
            said = words.until_year.format(first=f"{begins} {months[first - 1]}", last=f"{ends} {months[last - 1]}")
            return f"'{value.name}', {said}"
        case FixedDay() | EasterDay():
            return value.name
        case Mapping() if value.keys() <= {"nl", "en"}:
            return f"'{text_in({str(name): str(text) for name, text in value.items()}, language)}'"
        case Mapping():
            return ", ".join(f"{name}: {of(each)}" for name, each in value.items()) or words.nothing
        case frozenset():
            return _many(value, field, language)
        case (date() as day, str() as name):
            return f"{say_date(day, language)} ({name})"
        case Sequence() if not isinstance(value, str):
            return ", ".join(of(each) for each in value) or words.nothing
        case _:
            return _named(str(value), field, definition, language)


def _many(values: frozenset[object], field: str, language: str) -> str:
    if field == "weekdays":
        return ", ".join(
            words_in(language).weekdays[each] for each in sorted(each for each in values if isinstance(each, int))
        )
    return ", ".join(sorted(map(str, values))) or _WORDS.get(language, _NL).nothing


def _named(said: str, field: str, definition: Definition, language: str) -> str:
    """An id by the title of what it refers to; any other text as it is, between quotes when it is long."""
    if table := _REFERS.get(field):
        thing = getattr(definition, table).get(StepId(said))
        return f"'{text_in(thing.title, language)}'" if thing else said
    return f"'{said}'" if " " in said else said
