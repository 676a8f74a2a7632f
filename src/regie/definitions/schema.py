"""The file format of a workflow definition, as Pydantic models.

The only schema: the JSON Schema for editors is generated from it. It checks the shape of each value;
what values mean together (ids that exist, loops, dates that hold) is for ``compile`` and ``lint``.
Descriptions are in Dutch: they show in the author's editor.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, TypeAdapter, model_validator

FORMAT_VERSION = 1
SPAN_PATTERN = r"^[+-]?[0-9]{1,7} ?(wd|d|w|m|y)$"
ID_PATTERN = r"^[A-Za-z][A-Za-z0-9_]*(-[A-Za-z0-9_]+)*$"

Id = Annotated[str, StringConstraints(pattern=ID_PATTERN, max_length=80)]
SpanText = Annotated[
    str,
    StringConstraints(pattern=SPAN_PATTERN),
    Field(description="Lengte met eenheid: 15wd (werkdagen), 14d (dagen), 6w (weken), 3m (maanden), 1y (jaren)."),
]
Line = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Prose = Annotated[str, StringConstraints(min_length=1, max_length=4_000)]
ConditionText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=1_000),
    Field(description="Voorwaarde, bijvoorbeeld: gebouw in [verbouw, units] and plekken >= 100"),
]
DateRuleText = Annotated[
    str,
    StringConstraints(min_length=2, max_length=200),
    Field(
        description="Datum in woorden: '10wd after start', '20wd before opening', 'on opening', '15wd after "
        "predecessors', '5wd after arrival', 'on f0-go-besluit', 'before 1 november in even years'."
    ),
]
RoleRef = Annotated[Id, Field(description="Rol-id; all-partners staat voor alle partnerrollen.")]


class Part(BaseModel):
    """Every part of the format refuses keys that it does not know."""

    # The reader makes a number only of what looks the same as a text, so 2026 may be a version.
    # Only the whole is built: its parts come with it, and are not used by themselves.
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True, defer_build=True)


def _one_language(value: Any) -> Any:
    return {"nl": value} if isinstance(value, str) else value


class Words(Part):
    nl: Prose
    en: Prose | None = None


Words_ = Annotated[Words, BeforeValidator(_one_language, json_schema_input_type=Prose | Words)]


def _many(value: Any) -> Any:
    """One of something may be written without a list around it."""
    return [value] if isinstance(value, str | Mapping) else value


Ids = Annotated[list[Id], BeforeValidator(_many, json_schema_input_type=Id | list[Id])]
Lines = Annotated[list[Line], BeforeValidator(_many, json_schema_input_type=Line | list[Line])]
RoleRefs = Annotated[list[RoleRef], BeforeValidator(_many, json_schema_input_type=RoleRef | list[RoleRef])]
SpanTexts = Annotated[list[SpanText], BeforeValidator(_many, json_schema_input_type=SpanText | list[SpanText])]


class NumberRange(Part):
    from_: int = Field(alias="from", default=0)
    to: int = 1_000_000


class QuestionPart(Part):
    """Een vraag die bij de start van een traject wordt gesteld; voorwaarden verwijzen ernaar."""

    ask: Words_ = Field(description="De vraag zoals de projectleider die leest.")
    why: Words_ | None = Field(None, description="Waarom we dit vragen.")
    number: NumberRange | None = None
    one_of: list[Id] | dict[Id, Words_] | None = Field(None, description="Precies een van deze antwoorden.")
    some_of: list[Id] | dict[Id, Words_] | None = Field(None, description="Een of meer van deze antwoorden.")
    yes_no: Literal[True] | None = None
    date: Literal[True] | None = None
    default: bool | int | str | list[Id] | None = None

    @model_validator(mode="after")
    def _exactly_one_kind(self) -> QuestionPart:
        kinds = [self.number, self.one_of, self.some_of, self.yes_no, self.date]
        if sum(kind is not None for kind in kinds) != 1:
            raise ValueError("a question has exactly one of: number, one_of, some_of, yes_no, date")
        return self


class AnchorPart(Part):
    """Een datum met een naam, waar andere datums aan hangen."""

    title: Words_
    target: Literal["required", "optional"] = Field("optional", description="Moet er bij de start een streefdatum zijn?")
    set_by: Id | None = Field(None, description="De stap waardoor deze datum echt wordt.")
    set_by_start_of: Id | None = Field(None, description="De stap waarvan het begin deze datum echt maakt.")


class ListPart(Part):
    """Een lijst die tijdens het traject kan groeien, zoals instroommomenten."""

    title: Words_
    first_on: Id | None = Field(None, description="Ankerdatum van het eerste item.")


class RolePart(Part):
    title: Words_
    does: Words_ | None = Field(None, description="Wat deze rol in het plan doet.")
    group: bool = Field(False, description="Belanghebbenden die Regie niet zelf bericht stuurt.")
    hears: Literal["at-once", "daily", "weekly", "biweekly"] = Field("at-once", description="Meteen, of in een overzicht.")
    remind: SpanTexts = Field(
        default_factory=list, description="Hoe lang voor de vervaldatum deze rol een herinnering krijgt."
    )


class TrackPart(Part):
    title: Words_
    in_all_phases: bool = False


class PhasePart(Part):
    title: Words_
    about: Words_ | None = None
    example: bool = Field(False, description="Voorbeeldinvulling: nog niet door de bron vastgesteld.")


class PeriodPart(Part):
    """Een periode; met alleen maand en dag komt zij ieder jaar terug."""

    name: Line
    from_: date | Annotated[str, StringConstraints(pattern=r"^[0-9]{2}-[0-9]{2}$")] = Field(alias="from")
    to: date | Annotated[str, StringConstraints(pattern=r"^[0-9]{2}-[0-9]{2}$")]


class MeetsPart(Part):
    every: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,2}w$")] = "1w"
    on: Literal["monday", "tuesday", "wednesday", "thursday", "friday"] = "tuesday"
    from_: date = Field(alias="from", description="Eerste vergadering; van hieraf wordt geteld.")


class BodyPart(Part):
    """Een orgaan dat besluit op vergaderdagen, met een aanlevertermijn en reces."""

    title: Words_
    meets: MeetsPart | None = None
    dates: list[date] = Field(default_factory=list)
    papers: SpanText = Field("0wd", description="Hoe lang voor de vergadering de stukken binnen moeten zijn.")
    recess: list[PeriodPart] = Field(default_factory=list)


class CycleKindPart(Part):
    title: Words_


class RelationPart(Part):
    """Een relatie met een andere stap; precies een van de vier soorten."""

    finish_to_start: Id | None = None
    start_to_start: Id | None = None
    finish_to_finish: Id | None = None
    start_to_finish: Id | None = None
    lag: SpanText | None = Field(None, description="Wachttijd; negatief is een voorsprong.")

    @model_validator(mode="after")
    def _exactly_one_type(self) -> RelationPart:
        types = [self.finish_to_start, self.start_to_start, self.finish_to_finish, self.start_to_finish]
        if sum(each is not None for each in types) != 1:
            raise ValueError("a relation has exactly one type")
        return self


Relations = Annotated[
    list[Id | RelationPart],
    BeforeValidator(_many, json_schema_input_type=Id | RelationPart | list[Id | RelationPart]),
]


class AtLeast(Part):
    at_least: Annotated[int, Field(ge=1, le=1_000)]


class DurationCase(Part):
    when: ConditionText | None = None
    is_: SpanText | Literal["continuous"] = Field(alias="is")


class DueCase(Part):
    when: ConditionText | None = None
    is_: DateRuleText = Field(alias="is")


class WindowPart(Part):
    from_: DateRuleText | None = Field(None, alias="from")
    until: DateRuleText | None = None


class EndsSteps(Part):
    ends: Annotated[list[Id], Field(min_length=1)]


class OpensCycle(Part):
    opens_cycle: Id


EffectPart = Literal["opens", "waits", "stays closed", "ends the cycle"] | EndsSteps | OpensCycle


class OutcomePart(Part):
    title: Words_
    does: EffectPart


class GatePart(Part):
    """Een besluitpoort. Zonder eigen uitkomsten gelden go, aanhouden (hold) en no-go."""

    decided_by: Id = Field(description="Orgaan of rol die besluit.")
    no_go: EffectPart = Field("stays closed", description="Wat een no-go doet.")
    outcomes: dict[Id, OutcomePart] | None = Field(None, description="Eigen uitkomsten naast go, hold en no-go.")
    only_own_outcomes: bool = Field(False, description="Alleen de eigen uitkomsten en hold gelden.")


class TermPart(Part):
    """Een wettelijke termijn, met bron."""

    when: ConditionText | None = None
    length: SpanText
    kind: Literal["law", "amvb", "before-event", "contract", "regulation", "eu"] = "law"
    after: Id | None = Field(None, description="Stap of ankerdatum waarna de termijn loopt; anders de voorganger.")
    before: Id | None = Field(None, description="Ankerdatum waarvan wordt teruggeteld.")
    extension: SpanText | None = None
    article: Line | None = None
    source: Line | None = None
    valid_from: date | None = None


class ThenPart(Part):
    every: SpanText
    until: DateRuleText | Id | None = None


class RepeatsPart(Part):
    """Herhaling: elke periode, vanaf een datum, tot een datum."""

    every: SpanText
    from_: DateRuleText | Id | None = Field(None, alias="from", description="Begin van de eerste periode.")
    first: DateRuleText | None = Field(None, description="Vervaldatum van de eerste keer, in plaats van from.")
    until: DateRuleText | Id | None = None
    then: ThenPart | list[ThenPart] | None = Field(None, description="Daarna een ander ritme.")


RerunText = Literal["redo", "light", "keep", "runs-on", "drop"]


class StepPart(Part):
    title: Words_
    phase: Id | None = None
    track: Id | None = None
    done_when: Words_ | None = Field(None, description="Wanneer de stap klaar is.")
    evidence: Literal["required", "optional", "none"] = "optional"
    responsible: RoleRef | None = None
    accountable: RoleRef | None = None
    consulted: RoleRefs = Field(default_factory=list)
    informed: RoleRefs = Field(default_factory=list)
    needs: Relations = Field(default_factory=list)
    join: Literal["all", "any"] | AtLeast = "all"
    takes: SpanText | Literal["continuous"] | list[DurationCase] | None = None
    basis: Literal["estimate", "norm", "law"] = Field("estimate", description="Waar de duur op rust.")
    due: DateRuleText | list[DueCase] | None = None
    window: WindowPart | None = None
    when: ConditionText | None = None
    only_with: Id | None = Field(None, description="Heeft alleen zin samen met deze stap.")
    gate: GatePart | None = None
    term: TermPart | list[TermPart] | None = None
    repeats: RepeatsPart | None = None
    for_each: Id | None = Field(None, description="Een exemplaar per item van deze lijst.")
    confidential_until: Id | None = None
    automation: Id | None = None
    rerun: dict[Id, RerunText] = Field(default_factory=dict)
    keeps: SpanText | None = Field(None, description="Hoe lang het resultaat houdbaar is.")
    avoid: Lines = Field(
        default_factory=list, description="Periodes om te vermijden, zoals zomervakantie."
    )
    calendar: Id | None = None
    legal_basis: Lines = Field(default_factory=list)
    remark: Words_ | None = None


class RungPart(Part):
    after: SpanText
    to: Ids


class NoticesPart(Part):
    """Wie hoort wat. Per soort: responsible, accountable, consulted, informed, lead of een rol-id."""

    lead: RoleRef | None = Field(None, description="De rol van de projectleider.")
    to: dict[str, Ids] = Field(default_factory=dict)
    remind: SpanTexts = Field(default_factory=lambda: ["5wd"])
    ladder: list[RungPart] = Field(default_factory=list)
    moved_at_least: SpanText = "1wd"


class WorkflowPart(Part):
    """Een stappenplan voor Regie."""

    regie: Literal[1] = Field(description="Versie van het bestandsformaat.")
    id: Id
    title: Words_
    steps: dict[Id, StepPart] = Field(default_factory=dict)
    include: list[Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+\.yaml$")]] = Field(
        default_factory=list, description="Bestanden in dezelfde map met meer stappen."
    )
    version: Annotated[str, StringConstraints(min_length=1, max_length=40)] = "0"
    language: Literal["nl", "en"] = "nl"
    calendar: Id = "nl"
    legal_calendar: Id = "nl-wettelijk"
    questions: dict[Id, QuestionPart] = Field(default_factory=dict)
    anchors: dict[Id, AnchorPart] = Field(default_factory=dict)
    lists: dict[Id, ListPart] = Field(default_factory=dict)
    roles: dict[Id, RolePart] = Field(default_factory=dict)
    tracks: dict[Id, TrackPart] = Field(default_factory=dict)
    phases: dict[Id, PhasePart] = Field(default_factory=dict)
    bodies: dict[Id, BodyPart] = Field(default_factory=dict)
    cycle_kinds: dict[Id, CycleKindPart] = Field(default_factory=dict)
    notices: NoticesPart = Field(default_factory=NoticesPart)


class IncludedPart(Part):
    """Een bestand met alleen stappen, dat door een stappenplan wordt ingelezen."""

    steps: dict[Id, StepPart]


def schema_json() -> str:
    """Give the JSON Schema for editors: a definition, or a file with steps that one includes."""
    whole = TypeAdapter(WorkflowPart | IncludedPart).json_schema(by_alias=True, mode="validation")
    definitions = whole.pop("$defs")
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Stappenplan voor Regie, bestandsformaat {FORMAT_VERSION}",
        **whole,
        "$defs": definitions,
    }
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def write_schema(path: Path) -> bool:
    """Write the JSON Schema; say whether that changed the file."""
    text = schema_json()
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return True
