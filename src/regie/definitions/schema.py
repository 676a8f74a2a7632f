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

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    model_validator,
)

FORMAT_VERSION = 1
SPAN_PATTERN = r"^[+-]?[0-9]{1,7} ?(wd|d|w|m|y)$"
YEARLY_PATTERN = r"^[0-9]{2}-[0-9]{2}$"
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
        "predecessors', '5wd after arrival', 'on f0-go-besluit', 'before 1 november in even years', 'on 3 juni 2027'."
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
    """Een tekst in twee talen; een enkele tekst is Nederlands."""

    nl: Prose = Field(description="In het Nederlands.")
    en: Prose | None = Field(None, description="In het Engels.")


Words_ = Annotated[Words, BeforeValidator(_one_language, json_schema_input_type=Prose | Words)]


def _many(value: Any) -> Any:
    """One of something may be written without a list around it."""
    return [value] if isinstance(value, str | Mapping) else value


Ids = Annotated[list[Id], BeforeValidator(_many, json_schema_input_type=Id | list[Id])]
Lines = Annotated[list[Line], BeforeValidator(_many, json_schema_input_type=Line | list[Line])]
RoleRefs = Annotated[list[RoleRef], BeforeValidator(_many, json_schema_input_type=RoleRef | list[RoleRef])]
SpanTexts = Annotated[list[SpanText], BeforeValidator(_many, json_schema_input_type=SpanText | list[SpanText])]


class NumberRange(Part):
    """Een heel getal tussen twee grenzen."""

    from_: int = Field(alias="from", default=0, description="Laagste antwoord.")
    to: int = Field(1_000_000, description="Hoogste antwoord.")


class QuestionPart(Part):
    """Een vraag die bij de start van een traject wordt gesteld; voorwaarden verwijzen ernaar."""

    ask: Words_ = Field(description="De vraag zoals de projectleider die leest.")
    why: Words_ | None = Field(None, description="Waarom we dit vragen.")
    number: NumberRange | None = Field(None, description="Het antwoord is een getal: {from: 1, to: 2000}")
    one_of: list[Id] | dict[Id, Words_] | None = Field(None, description="Precies een van deze antwoorden.")
    some_of: list[Id] | dict[Id, Words_] | None = Field(None, description="Een of meer van deze antwoorden.")
    yes_no: Literal[True] | None = Field(None, description="Het antwoord is ja of nee.")
    date: Literal[True] | None = Field(None, description="Het antwoord is een datum.")
    default: bool | int | str | list[Id] | None = Field(None, description="Het antwoord dat wordt voorgesteld.")

    @model_validator(mode="after")
    def _exactly_one_kind(self) -> QuestionPart:
        kinds = [self.number, self.one_of, self.some_of, self.yes_no, self.date]
        if sum(kind is not None for kind in kinds) != 1:
            raise ValueError("a question has exactly one of: number, one_of, some_of, yes_no, date")
        return self


class AnchorPart(Part):
    """Een datum met een naam, waar andere datums aan hangen."""

    title: Words_ = Field(description="Naam van de datum, zoals gebruikers die lezen.")
    target: Literal["required", "optional"] = Field(
        "optional", description="Moet er bij de start een streefdatum zijn?"
    )
    set_by: Id | None = Field(None, description="De stap waardoor deze datum echt wordt.")
    set_by_start_of: Id | None = Field(None, description="De stap waarvan het begin deze datum echt maakt.")


class ListPart(Part):
    """Een lijst die tijdens het traject kan groeien, zoals instroommomenten."""

    title: Words_ = Field(description="Naam van de lijst.")
    first_on: Id | None = Field(None, description="Ankerdatum van het eerste item.")


class RolePart(Part):
    """Een rol die iemand in een traject vervult."""

    title: Words_ = Field(description="Naam van de rol.")
    does: Words_ | None = Field(None, description="Wat deze rol in het plan doet.")
    group: bool = Field(False, description="Belanghebbenden die Regie niet zelf bericht stuurt.")
    hears: Literal["at-once", "daily", "weekly", "biweekly"] = Field(
        "at-once", description="Meteen, of in een overzicht."
    )
    remind: SpanTexts = Field(
        default_factory=list, description="Hoe lang voor de vervaldatum deze rol een herinnering krijgt."
    )


class TrackPart(Part):
    """Een thema dat door de fasen heen loopt."""

    title: Words_ = Field(description="Naam van het thema.")
    in_all_phases: bool = Field(False, description="Komt in alle fasen terug.")


class PhasePart(Part):
    """Een fase: een naam bij stappen, geen slot."""

    title: Words_ = Field(description="Naam van de fase.")
    about: Words_ | None = Field(None, description="Waar de fase over gaat.")
    example: bool = Field(False, description="Voorbeeldinvulling: nog niet door de bron vastgesteld.")


class PeriodPart(Part):
    """Een periode; met alleen maand en dag komt zij ieder jaar terug."""

    name: Line = Field(description="Naam van de periode.")
    from_: date | Annotated[str, StringConstraints(pattern=YEARLY_PATTERN)] = Field(
        alias="from", description="Eerste dag: 2027-07-10, of ieder jaar: 07-10."
    )
    to: date | Annotated[str, StringConstraints(pattern=YEARLY_PATTERN)] = Field(description="Laatste dag.")


class MeetsPart(Part):
    """Een vast vergaderritme."""

    every: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,2}w$")] = Field(
        "1w", description="Om de hoeveel weken: 1w, 2w."
    )
    on: Literal["monday", "tuesday", "wednesday", "thursday", "friday"] = Field("tuesday", description="Vergaderdag.")
    from_: date = Field(alias="from", description="Eerste vergadering; van hieraf wordt geteld.")


class BodyPart(Part):
    """Een orgaan dat besluit op vergaderdagen, met een aanlevertermijn en reces."""

    title: Words_ = Field(description="Naam van het orgaan.")
    meets: MeetsPart | None = Field(None, description="Het ritme waarin het vergadert.")
    dates: list[date] = Field(default_factory=list, description="Vergaderdagen die los zijn vastgesteld.")
    papers: SpanText = Field("0wd", description="Hoe lang voor de vergadering de stukken binnen moeten zijn.")
    recess: list[PeriodPart] = Field(default_factory=list, description="Wanneer het niet vergadert.")


WeekdayName = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class HolidayPart(Part):
    """Een feestdag die ieder jaar terugkomt: op een vaste dag, of zoveel dagen na eerste paasdag."""

    name: Line = Field(description="Naam van de feestdag.")
    day: Annotated[str, StringConstraints(pattern=YEARLY_PATTERN)] | None = Field(
        None, description="Maand en dag: 04-27."
    )
    if_sunday: int = Field(
        0, ge=-6, le=6, description="Zoveel dagen verder als het een zondag is; -1 is de dag ervoor."
    )
    after_easter: int | None = Field(None, ge=-80, le=250, description="Zoveel dagen na eerste paasdag.")


class DayPart(Part):
    """Een dag met de reden waarom hij anders is dan de regel."""

    on: date = Field(description="De dag: 2027-05-07.")
    name: Line = Field(description="Waarom deze dag anders is.")


class HolidaysPart(Part):
    """Een schoolvakantie of reces, van de eerste tot en met de laatste dag."""

    name: Line = Field(description="Naam van de vakantie.")
    first: date = Field(description="Eerste dag.")
    last: date = Field(description="Laatste dag.")
    remark: Line | None = Field(None, description="Toelichting.")


class OwnCalendarPart(Part):
    """Een kalender met de werkdagen van een organisatie."""

    title: Line | None = Field(None, description="Naam van de kalender.")
    based_on: Id | None = Field(None, description="Kalender waarop deze voortbouwt, zoals nl.")
    weekdays: list[WeekdayName] | None = Field(None, description="De dagen waarop wordt gewerkt.")
    holidays: list[HolidayPart] = Field(default_factory=list, description="Feestdagen die ieder jaar terugkomen.")
    days_off: list[DayPart] = Field(default_factory=list, description="Losse vrije dagen, zoals sluitingsdagen.")
    working: list[DayPart] = Field(default_factory=list, description="Toch werkdag.")
    works_on_holidays: list[Line] = Field(
        default_factory=list, description="Feestdagen die hier werkdag zijn, elk jaar."
    )
    periods: list[HolidaysPart] = Field(default_factory=list, description="Schoolvakanties en reces; geen vrije dagen.")
    confirmed_years: list[int] | None = Field(None, description="De jaren waarvan de lijst vaststaat.")
    source: Line | None = Field(None, description="Waar de lijst vandaan komt.")
    valid_from: date | None = Field(None, description="Sinds wanneer de lijst geldt.")


class CycleKindPart(Part):
    """Een soort volgende doorloop, zoals verbeteren of uitbreiden."""

    title: Words_ = Field(description="Naam van de soort doorloop.")


class RelationPart(Part):
    """Een relatie met een andere stap; precies een van de vier soorten."""

    finish_to_start: Id | None = Field(None, description="Begint als deze stap klaar is.")
    start_to_start: Id | None = Field(None, description="Begint niet eerder dan deze stap begint.")
    finish_to_finish: Id | None = Field(None, description="Is niet eerder klaar dan deze stap.")
    start_to_finish: Id | None = Field(None, description="Is niet eerder klaar dan deze stap begint.")
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
    """Een aantal van de relaties is genoeg."""

    at_least: Annotated[int, Field(ge=1, le=1_000)] = Field(description="Zoveel relaties moeten er gelden.")


class DurationCase(Part):
    """Een duur voor een geval; het eerste geval dat geldt telt."""

    when: ConditionText | None = None
    is_: SpanText | Literal["continuous"] = Field(alias="is", description="De duur in dit geval.")


class DueCase(Part):
    """Een vervaldatum voor een geval; het eerste geval dat geldt telt."""

    when: ConditionText | None = None
    is_: DateRuleText = Field(alias="is")


class WindowPart(Part):
    """Een venster waarin de stap moet gebeuren."""

    from_: DateRuleText | None = Field(None, alias="from", description="Niet eerder beginnen dan.")
    until: DateRuleText | None = Field(None, description="Niet later klaar zijn dan.")


class EndsSteps(Part):
    """Laat bepaalde stappen vervallen."""

    ends: Annotated[list[Id], Field(min_length=1)] = Field(description="De stappen die vervallen.")


class OpensCycle(Part):
    """Vraagt om een volgende doorloop."""

    opens_cycle: Id = Field(description="De soort doorloop.")


EffectPart = Literal["opens", "waits", "stays closed", "ends the cycle"] | EndsSteps | OpensCycle


class OutcomePart(Part):
    """Een uitkomst van een besluit."""

    title: Words_ = Field(description="Naam van de uitkomst.")
    does: EffectPart = Field(description="Wat de uitkomst doet.")


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
    kind: Literal["law", "amvb", "before-event", "contract", "regulation", "eu"] = Field(
        "law", description="Waar de termijn op rust; dat bepaalt of zij doorloopt tot een werkdag."
    )
    after: Id | None = Field(None, description="Stap of ankerdatum waarna de termijn loopt; anders de voorganger.")
    before: Id | None = Field(None, description="Ankerdatum waarvan wordt teruggeteld.")
    extension: SpanText | None = Field(None, description="Hoeveel de termijn mag worden verlengd.")
    article: Line | None = Field(None, description="Wet en artikel: Omgevingswet 16.64.")
    source: Line | None = Field(None, description="Waar de tekst staat: BWB-nummer of adres.")
    valid_from: date | None = Field(None, description="Sinds wanneer deze termijn geldt.")


class ThenPart(Part):
    """Een volgend ritme, dat begint waar het vorige ophoudt."""

    every: SpanText
    until: DateRuleText | Id | None = Field(None, description="Tot wanneer.")


class RepeatsPart(Part):
    """Herhaling: elke periode, vanaf een datum, tot een datum."""

    every: SpanText
    from_: DateRuleText | Id | None = Field(None, alias="from", description="Begin van de eerste periode.")
    first: DateRuleText | None = Field(None, description="Vervaldatum van de eerste keer, in plaats van from.")
    until: DateRuleText | Id | None = Field(None, description="Vanaf deze datum begint er geen periode meer.")
    then: ThenPart | list[ThenPart] | None = Field(None, description="Daarna een ander ritme.")


RerunText = Literal["redo", "light", "keep", "runs-on", "drop"]


class StepPart(Part):
    """Een stap in het plan."""

    title: Words_ = Field(description="Wat er gebeurt, als opdracht.")
    phase: Id | None = Field(None, description="De fase waar de stap bij hoort.")
    track: Id | None = Field(None, description="Het thema waar de stap bij hoort.")
    done_when: Words_ | None = Field(None, description="Wanneer de stap klaar is.")
    evidence: Literal["required", "optional", "none"] = Field(
        "optional", description="Moet er bewijs bij het afronden?"
    )
    responsible: RoleRef | None = Field(None, description="Wie het doet.")
    accountable: RoleRef | None = Field(None, description="Wie ervoor instaat.")
    consulted: RoleRefs = Field(default_factory=list, description="Wie vooraf wordt gevraagd.")
    informed: RoleRefs = Field(default_factory=list, description="Wie het hoort als het klaar is.")
    needs: Relations = Field(default_factory=list, description="Waar de stap op wacht.")
    join: Literal["all", "any"] | AtLeast = Field("all", description="Hoeveel van needs er klaar moeten zijn.")
    takes: SpanText | Literal["continuous"] | list[DurationCase] | None = Field(
        None, description="Hoe lang de stap duurt; 0wd is een mijlpaal, continuous loopt door."
    )
    basis: Literal["estimate", "norm", "law"] = Field("estimate", description="Waar de duur op rust.")
    due: DateRuleText | list[DueCase] | None = Field(None, description="Wanneer de stap klaar moet zijn.")
    window: WindowPart | None = Field(None, description="Het venster waarin de stap moet gebeuren.")
    when: ConditionText | None = Field(None, description="Wanneer de stap van toepassing is.")
    only_with: Id | None = Field(None, description="Heeft alleen zin samen met deze stap.")
    gate: GatePart | None = Field(None, description="De stap eindigt in een besluit.")
    term: TermPart | list[TermPart] | None = Field(None, description="De wettelijke termijn.")
    repeats: RepeatsPart | None = Field(None, description="De stap komt terug.")
    for_each: Id | None = Field(None, description="Een exemplaar per item van deze lijst.")
    confidential_until: Id | None = Field(None, description="Vertrouwelijk tot deze ankerdatum.")
    automation: Id | None = Field(None, description="Handeling die Regie zelf uitvoert.")
    rerun: dict[Id, RerunText] = Field(
        default_factory=dict, description="Wat een volgende doorloop met de stap doet, per soort."
    )
    keeps: SpanText | None = Field(None, description="Hoe lang het resultaat houdbaar is.")
    avoid: Lines = Field(default_factory=list, description="Periodes om te vermijden, zoals zomervakantie.")
    calendar: Id | None = Field(None, description="Een eigen kalender voor deze stap.")
    legal_basis: Lines = Field(default_factory=list, description="Wet of regeling waar de stap op rust.")
    remark: Words_ | None = Field(None, description="Toelichting.")


class RungPart(Part):
    """Een trede van de ladder: wie hoort het als het zo lang stil blijft."""

    after: SpanText = Field(description="Hoe lang na de vervaldatum.")
    to: Ids = Field(description="Wie het dan hoort.")


class NoticesPart(Part):
    """Wie hoort wat. Per soort: responsible, accountable, consulted, informed, lead of een rol-id."""

    lead: RoleRef | None = Field(None, description="De rol van de projectleider.")
    to: dict[str, Ids] = Field(default_factory=dict, description="Per soort bericht wie het hoort.")
    remind: SpanTexts = Field(
        default_factory=lambda: ["5wd"], description="Hoe lang voor de vervaldatum er een herinnering komt."
    )
    ladder: list[RungPart] = Field(default_factory=list, description="Wie het hoort als het stil blijft.")
    moved_at_least: SpanText = Field("1wd", description="Een kleinere verschuiving wordt niet gemeld.")


class WorkflowPart(Part):
    """Een stappenplan voor Regie."""

    regie: Literal[1] = Field(description="Versie van het bestandsformaat.")
    id: Id = Field(description="Vaste naam van dit stappenplan.")
    title: Words_ = Field(description="Titel van dit stappenplan.")
    steps: dict[Id, StepPart] = Field(default_factory=dict, description="De stappen, op id.")
    include: list[Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+\.yaml$")]] = Field(
        default_factory=list, description="Bestanden in dezelfde map met meer stappen."
    )
    version: Annotated[str, StringConstraints(min_length=1, max_length=40)] = Field(
        "0", description="Versie die mensen lezen; Regie kent een plan aan zijn inhoud."
    )
    language: Literal["nl", "en"] = Field("nl", description="Taal van de berichten.")
    calendar: Id = Field("nl", description="Kalender met de werkdagen van de organisatie.")
    legal_calendar: Id = Field("nl-wettelijk", description="Kalender voor wettelijke termijnen.")
    calendars: dict[Id, OwnCalendarPart] = Field(default_factory=dict, description="Eigen kalenders.")
    questions: dict[Id, QuestionPart] = Field(default_factory=dict, description="Vragen bij de start.")
    anchors: dict[Id, AnchorPart] = Field(default_factory=dict, description="Ankerdatums.")
    lists: dict[Id, ListPart] = Field(default_factory=dict, description="Lijsten die kunnen groeien.")
    roles: dict[Id, RolePart] = Field(default_factory=dict, description="Rollen en groepen.")
    tracks: dict[Id, TrackPart] = Field(default_factory=dict, description="Thema's.")
    phases: dict[Id, PhasePart] = Field(default_factory=dict, description="Fasen.")
    bodies: dict[Id, BodyPart] = Field(default_factory=dict, description="Organen die besluiten.")
    cycle_kinds: dict[Id, CycleKindPart] = Field(default_factory=dict, description="Soorten volgende doorlopen.")
    notices: NoticesPart = Field(default_factory=lambda: NoticesPart.model_validate({}), description="Wie wat hoort.")


class IncludedPart(Part):
    """Een bestand met alleen stappen, dat door een stappenplan wordt ingelezen."""

    steps: dict[Id, StepPart] = Field(description="De stappen, op id.")


def schema_json() -> str:
    """Give the JSON Schema for editors: a definition, or a file with steps that one includes."""
    whole = TypeAdapter(WorkflowPart | IncludedPart).json_schema(by_alias=True, mode="validation")
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Stappenplan voor Regie, bestandsformaat {FORMAT_VERSION}",
        **_for_editors(whole),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _for_editors(schema: Any) -> Any:
    """Leave out titles that Pydantic makes from names, and say that keys which are no ids are wrong."""
    if isinstance(schema, list):
        return [_for_editors(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    # a property that is called title is a schema, not a text
    kept = {key: value for key, value in schema.items() if not (key == "title" and isinstance(value, str))}
    closed = {"additionalProperties": False} if "patternProperties" in kept else {}
    return {key: _for_editors(value) for key, value in kept.items()} | closed


def write_schema(path: Path) -> bool:
    """Write the JSON Schema; say whether that changed the file."""
    text = schema_json()
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return True
