"""What goes in and out of the API, as typed models; the OpenAPI document is made from them. Names are Dutch, lowerCamelCase."""

from __future__ import annotations

import base64
import re
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from regie.core.traject import State

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FIRST_DAY, _LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)


def _read_day(value: object) -> object:
    """Take a date as it is written in RFC 3339, and nothing else."""
    if isinstance(value, date):
        return value
    try:
        day = date.fromisoformat(value) if isinstance(value, str) and _DAY.fullmatch(value) else None
    except ValueError:
        day = None
    if day is None:
        raise PydanticCustomError("date_form", "write a date as 2027-06-03")
    if not _FIRST_DAY <= day <= _LAST_DAY:
        raise PydanticCustomError("date_far", "this date is too far away")
    return day


def _say_moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _not_far(value: datetime) -> datetime:
    """Refuse a moment that no calendar of ours has: in another zone it may fall out of the range of moments altogether."""
    if not _FIRST_DAY.year <= value.year <= _LAST_DAY.year:
        raise PydanticCustomError("date_far", "this moment is too far away")
    return value


def _read_base64(value: object) -> object:
    """Take text in base64 and nothing besides: a line break or a stray character may be half of a file that got lost."""
    try:
        return base64.b64decode(value, validate=True) if isinstance(value, str) else value
    except ValueError:
        raise PydanticCustomError("base64_form", "write the content in base64") from None


AnyMoment = Annotated[AwareDatetime, AfterValidator(_not_far)]
Day = Annotated[date, BeforeValidator(_read_day), WithJsonSchema({"type": "string", "format": "date"})]
Moment = Annotated[
    datetime,
    PlainSerializer(_say_moment, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "description": "In UTC."}),
]
Bytes = Annotated[bytes, BeforeValidator(_read_base64), WithJsonSchema({"type": "string", "contentEncoding": "base64"})]
ShortText = Annotated[str, Field(min_length=1, max_length=200)]
Text = Annotated[str, Field(max_length=10_000)]
Reason = Annotated[str, Field(min_length=1, max_length=10_000, examples=["De aannemer kan pas in mei."])]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9._@-]+$")]
Link = Annotated[str, Field(min_length=1, max_length=2000, examples=["https://zaken.voorbeeldstad.nl/Z-2027-118"])]


class Out(BaseModel):
    """What is answered."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class In(BaseModel):
    """What is sent: nothing but what is named here, and text is text."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=False, extra="forbid", strict=False)


class Stand(StrEnum):
    """Hoe een stap ervoor staat."""

    NOT_YET = "nog-niet"
    READY = "kan-beginnen"
    IN_PROGRESS = "bezig"
    WAITING = "wacht-op-partner"
    FOR_DECISION = "ligt-ter-besluit"
    DONE = "klaar"
    NOT_APPLICABLE = "niet-van-toepassing"
    WAIVED = "overgeslagen"
    DROPPED = "vervallen"
    WITHDRAWN = "ingetrokken"


STANDS: dict[State, Stand] = dict(zip(State, Stand, strict=True))
STATES: dict[Stand, State] = {stand: state for state, stand in STANDS.items()}


def say_state(value: str | State | None) -> Stand | None:
    """The word of the API for a state; None for none."""
    return STANDS[State(value)] if value else None


class Leeg(In):
    """Er hoeft niets bij."""


# --- problems ----------------------------------------------------------------------------------------


class Fout(Out):
    """Wat er in het verzoek niet klopt, en waar."""

    in_: str = Field(alias="in", description="`body`, `query`, `path` of `header`.", examples=["body"])
    location: str = Field(description="JSON Pointer in de inhoud, of de naam van de parameter.", examples=["#/reden"])
    code: str = Field(examples=["missing"])
    detail: str = Field(examples=["Dit ontbreekt."])


class Gebeurd(Out):
    """Iets wat met een stap gebeurde."""

    op: Moment
    door: str
    wat: str


class Huidig(Out):
    """Hoe een stap er nu voor staat, en wat er het laatst mee gebeurde."""

    versie: int
    stand: Stand
    laatst: list[Gebeurd]


class Probleem(Out):
    """Waarom een verzoek niet lukte (RFC 9457)."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Ongeldig verzoek"])
    status: int = Field(examples=[400])
    detail: str = Field(examples=["Het verzoek klopt niet; kijk in 'errors' wat er moet veranderen."])
    instance: str = Field(description="Nummer van het verzoek.", examples=["urn:regie:request:8c1f0f2a9b3d4e5f"])
    code: str = Field(description="Vaste code; verandert nooit.", examples=["request-invalid"])
    hint: str | None = Field(default=None, description="Wat u eraan kunt doen.")
    errors: list[Fout] | None = None
    huidig: Huidig | None = Field(default=None, description="Bij 412 op een stap: wat er nu staat.")


class Paginering(Out):
    """Waar deze pagina staat in het geheel."""

    pagina: int
    pagina_grootte: int
    totaal: int = Field(description="Hoeveel er in alle pagina's samen zijn.")


# --- trajects ----------------------------------------------------------------------------------------


class VolgendBesluit(Out):
    """Het eerste besluit dat nog komt."""

    stap: str
    titel: str
    besluit_door: str
    op: date


class Opening(Out):
    """De datum waar het traject voor is."""

    titel: str
    streefdatum: date | None
    gepland_op: date | None
    ruimte_werkdagen: int | None = Field(description="Negatief is te laat.")


class AanZet(Out):
    """Wie nu iets moet doen."""

    stap: str
    titel: str
    rol: str
    mensen: list[str]
    vervalt_op: date | None


class TrajectRegel(Out):
    """Een doorloop van een traject in het overzicht, de meest bedreigde eerst."""

    slug: str
    titel: str
    doorloop: int
    soort: str
    volgend_besluit: VolgendBesluit | None
    opening: Opening | None
    open: int
    te_laat: int
    wachtend: int
    na_vervaldatum: int
    na_wettelijke_datum: int
    aan_zet: AanZet | None


class Trajecten(Out):
    """Een pagina van het overzicht."""

    trajecten: list[TrajectRegel]
    paginering: Paginering


class Dreiging(Out):
    """Een datum die niet gehaald kan worden, en de keten die ertoe leidt."""

    zin: str
    keten: list[str]


class Streefdatum(Out):
    """Een streefdatum die nog niet voorbij is."""

    titel: str
    streefdatum: date
    gepland_op: date
    ruimte_werkdagen: int
    zin: str


class OpenStap(Out):
    """Een stap die te laat is, of gauw klaar moet zijn."""

    stap: str
    titel: str
    aan_zet: str
    stand: str
    vervalt_op: date


class KomendBesluit(Out):
    """Een besluit dat eraan komt, met de dag waarop de stukken er moeten zijn."""

    stap: str
    titel: str
    besluit_door: str
    op: date
    stukken_uiterlijk: date | None
    stukken_te_laat: bool
    stand: str


class Bericht(Out):
    """Wat iemand te horen kreeg, of liet weten."""

    op: Moment
    naam: str
    wat: str
    stap: str
    titel: str


class Fase(Out):
    """Een fase met haar venster; vensters overlappen."""

    titel: str
    eerste_dag: date
    laatste_dag: date
    stappen: int
    klaar: int


class Traject(Out):
    """Hoe een doorloop van een traject er vandaag voor staat."""

    slug: str
    titel: str
    doorloop: int
    doorlopen: list[int]
    soort: str
    is_afgelopen: bool
    vandaag: date
    stappen: int
    klaar: int
    wachtend: int
    dreigingen: list[Dreiging]
    streefdatums: list[Streefdatum]
    te_laat: list[OpenStap]
    deze_week: list[OpenStap]
    besluiten: list[KomendBesluit]
    meer_besluiten: int
    verteld: list[Bericht]
    gezegd: list[Bericht]
    fasen: list[Fase]


class Doorloop(Out):
    """Een keer door de fasen."""

    nummer: int
    soort: str
    soort_tekst: str
    is_afgelopen: bool
    beeindigd_omdat: str
    vorige_doorloop: int | None
    stappenplan: str
    stappenplan_versie: str
    antwoorden: dict[str, bool | int | str | list[str]]


class Doorlopen(Out):
    """De doorlopen van een traject."""

    doorlopen: list[Doorloop]


Answer = bool | int | Annotated[str, Field(max_length=2000)] | list[Annotated[str, Field(max_length=200)]]
Answers = Annotated[dict[Name, Answer], Field(max_length=200)]
Targets = Annotated[dict[Name, Day], Field(max_length=50)]


class NieuwTraject(In):
    """Een traject om te starten."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "titel": "Opvang De Wilg",
                    "stappenplan": "opvang",
                    "beginOp": "2027-06-07",
                    "antwoorden": {"plekken": 120},
                    "streefdatums": {"opening": "2028-03-01"},
                }
            ]
        }
    )

    titel: ShortText
    stappenplan: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)] = "opvang"
    slug: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)] | None = None
    begin_op: Day | None = Field(default=None, description="Eerste dag; anders vandaag.")
    antwoorden: Answers = Field(default_factory=dict)
    streefdatums: Targets = Field(default_factory=dict)


class NieuweDoorloop(In):
    """Een doorloop om te openen; wat niet gegeven is, blijft als in de vorige."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"soort": "improvement", "naDoorloop": 1, "beginOp": "2028-09-04"}]}
    )

    soort: Name
    na_doorloop: int = Field(ge=1, le=100_000, description="De laatste doorloop die u zag.")
    begin_op: Day | None = None
    antwoorden: Answers = Field(default_factory=dict)
    streefdatums: Targets = Field(default_factory=dict)


class Afsluiting(In):
    """Waarom een traject stopt."""

    reden: Reason


# --- what follows --------------------------------------------------------------------------------------


class VerschovenStap(Out):
    """Een stap waarvan datums verschuiven."""

    stap: str
    titel: str
    verantwoordelijk: str | None
    begin_was: date
    begin_wordt: date
    einde_was: date
    einde_wordt: date
    vervalt_was: date | None
    vervalt_wordt: date | None
    werkdagen: int = Field(description="Hoeveel later de stap klaar is; negatief is eerder.")


class Overgang(Out):
    """Een stap die een andere stand krijgt; zonder `van` als hij er nog niet was."""

    stap: str
    van: Stand | None
    naar: Stand


class Onderwerp(Out):
    """Waar een bericht over gaat."""

    soort: str
    titel: str


class VerwachtBericht(Out):
    """Wie er bericht van krijgt: een bericht per persoon."""

    aan: str
    in_overzicht: bool
    over: list[Onderwerp]


class Bevinding(Out):
    """Een datum die niet houdt, of waar iemand naar moet kijken."""

    code: str
    stap: str | None
    op: date | None
    grens: date | None
    werkdagen: int
    tekst: str


class Gevolgen(Out):
    """Waartoe een handeling leidt."""

    doorloop: int
    samenvatting: list[str]
    verschoven: list[VerschovenStap]
    overgangen: list[Overgang]
    partners: list[str] = Field(description="Rollen met een stap die verschuift.")
    berichten: list[VerwachtBericht]
    niet_meer_haalbaar: list[Bevinding]
    nog_steeds_niet_haalbaar: list[Bevinding]
    weer_haalbaar: list[Bevinding]


class Gedaan(Out):
    """Wat er met een handeling gebeurde."""

    opgeslagen: bool = Field(description="Onwaar bij `proef=true`.")
    herhaald: bool = Field(description="Dit verzoek was al eerder beantwoord.")
    volgnummer: int | None = Field(description="Nummer in de geschiedenis.")
    waarschuwingen: list[str]
    gevolgen: list[Gevolgen]


class GestartTraject(Gedaan):
    """Het traject dat is gestart, of gestart zou worden."""

    slug: str
    stappen: int
    niet_van_toepassing: int
    klaar_op: date | None
    bevindingen: list[Bevinding]


class GeopendeDoorloop(Gedaan):
    """De doorloop die is geopend, of geopend zou worden."""

    nummer: int
    stappen: int
    overgenomen: int = Field(description="Stappen met een uitkomst uit een eerdere doorloop.")
    klaar_op: date | None
    bevindingen: list[Bevinding]


# --- steps -------------------------------------------------------------------------------------------


class StapRegel(Out):
    """Een stap met zijn datums. `sleutel` staat in het adres; `exemplaar` houdt kopieen uit elkaar."""

    sleutel: str
    exemplaar: str
    titel: str
    fase: str
    thema: str | None
    verantwoordelijk: str | None
    eindverantwoordelijk: str | None
    is_besluit: bool
    stand: Stand
    is_te_laat: bool
    is_kritiek: bool
    begonnen_op: date | None
    klaar_op: date | None
    begin_op: date | None
    einde_op: date | None
    uiterlijk_begin_op: date | None
    uiterlijk_einde_op: date | None
    speling_werkdagen: int | None
    vervalt_op: date | None
    wettelijk_op: date | None
    toegezegd_op: date | None
    voorgesteld_op: date | None
    versie: int


class Stappen(Out):
    """Een pagina van de stappen van een doorloop."""

    doorloop: int
    stappen: list[StapRegel]
    paginering: Paginering


class Deelnemer(Out):
    """Wie welk deel in een stap heeft: `responsible`, `accountable`, `consulted` of `informed`."""

    deel: str
    rol: str
    mensen: list[str]


class VerwanteStap(Out):
    """Een stap die hiervoor of hierna komt."""

    stap: str
    titel: str
    verband: str
    tussentijd: str
    stand: Stand
    houdt: bool = Field(description="Aan het verband is voldaan.")
    bij_begin: bool
    op: date | None


class Bewijs(Out):
    """Een bewijsstuk."""

    tekst: str
    adres: str
    bestand: str | None


class StapGeschiedenis(Out):
    """Wat er met een stap gebeurde; `woorden` is leeg als het gewist of vertrouwelijk is."""

    op: Moment
    door: str
    wat: str
    van: str | None
    naar: str | None
    woorden: list[str]


class Stap(StapRegel):
    """Een stap met alles wat erover te weten is."""

    doorloop: int
    klaar_als: str
    toelichting: str
    fase_titel: str
    thema_titel: str
    aan_zet: str
    overgedragen_aan: str
    is_afgewezen: bool
    heeft_vraag: bool
    reden_voorstel: str
    is_vertrouwelijk: bool
    besluit_door: str
    uitkomst: str
    uitkomsten: list[str]
    bewijs_verplicht: bool
    waarom: str
    waarom_begin: str
    waarom_einde: str
    keten: list[str]
    mensen: list[Deelnemer]
    ervoor: list[VerwanteStap]
    erna: list[VerwanteStap]
    bewijs: list[Bewijs]
    geschiedenis: list[StapGeschiedenis]
    wat_kan: list[str]


# --- gates, anchors, lists, plan, record ----------------------------------------------------------------


class BesluitRegel(Out):
    """Een besluit van een doorloop."""

    sleutel: str
    titel: str
    besluit_door: str
    uitkomsten: list[str]
    stand: Stand
    uitkomst: str | None
    gepland_op: date | None
    stukken_uiterlijk: date | None
    versie: int


class Besluiten(Out):
    """De besluiten van een doorloop."""

    doorloop: int
    besluiten: list[BesluitRegel]


class Datum(Out):
    """Een ankerdatum: wat gevraagd is, wat gebeurde, en waar het plan uitkomt."""

    anker: str
    titel: str
    streefdatum: date | None
    gebeurd_op: date | None
    gepland_op: date | None
    doorloop: int


class Datums(Out):
    """De ankerdatums van een doorloop."""

    datums: list[Datum]


class Verzetting(In):
    """Een nieuwe streefdatum, en waarom."""

    naar: Day
    reden: Reason


class Item(Out):
    """Een item van een lijst: een dag en een aantal, nooit een naam."""

    sleutel: str
    op: date | None
    aantal: int | None


class NieuwItem(In):
    """Een item van een lijst."""

    sleutel: Annotated[str, Field(min_length=1, max_length=40)]
    op: Day | None = None
    aantal: int | None = Field(default=None, ge=0, le=1_000_000)


class Lijst(Out):
    """Een lijst die groeit terwijl het traject loopt."""

    lijst: str
    titel: str
    doorloop: int
    items: list[Item]


class Lijsten(Out):
    """De lijsten van een doorloop."""

    lijsten: list[Lijst]


class NieuweItems(In):
    """De items van een lijst, zoals ze voortaan zijn."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"items": [{"sleutel": "eerste"}, {"sleutel": "tweede", "op": "2028-04-03"}]}]}
    )

    items: list[NieuwItem] = Field(max_length=500)


class GeplandeStap(Out):
    """Een stap in het plan."""

    sleutel: str
    titel: str
    fase: str
    stand: Stand
    begin_op: date
    einde_op: date
    uiterlijk_begin_op: date
    uiterlijk_einde_op: date
    speling_werkdagen: int
    is_kritiek: bool
    vervalt_op: date | None
    wettelijk_op: date | None
    waarom: str


class Planning(Out):
    """Het plan van een doorloop, zoals het vandaag uitkomt."""

    doorloop: int
    vandaag: date
    eerste_dag: date
    laatste_dag: date
    stappen: list[GeplandeStap]
    fasen: list[Fase]
    bevindingen: list[Bevinding]


class Gebeurtenis(Out):
    """Iets wat gebeurde; `woorden` is leeg als het gewist of vertrouwelijk is."""

    volgnummer: int
    op: Moment
    doorloop: int
    soort: str
    wat: str
    door: str
    stap: str | None
    overgangen: list[Overgang]
    woorden: dict[str, str]


class Geschiedenis(Out):
    """Een pagina van de geschiedenis, de oudste eerst."""

    gebeurtenissen: list[Gebeurtenis]
    volgende: int | None = Field(description="Geef dit als `na` voor de volgende pagina; leeg als er niet meer is.")


# --- people, deliveries, access --------------------------------------------------------------------------


class RolVan(Out):
    """Een rol die iemand heeft; zonder traject in alle."""

    rol: str
    overal: bool


class Partner(Out):
    """Iemand die in Regie staat."""

    kenmerk: str
    naam: str
    e_mail: str
    organisatie: str
    taal: str
    vervanger: str | None
    rollen: list[RolVan]


class Partners(Out):
    """Een pagina van de partners, op naam."""

    partners: list[Partner]
    paginering: Paginering


class PartnerRij(In):
    """Een regel van een lijst met partners; `rol` mag er meer noemen, met een komma ertussen."""

    organisatie: Annotated[str, Field(max_length=200)] = ""
    naam: Annotated[str, Field(max_length=200)]
    e_mail: Annotated[str, Field(max_length=320, examples=["b.bakker@voorbeeld.nl"])]
    rol: Annotated[str, Field(max_length=2000)]
    taal: Annotated[str, Field(max_length=40)] = ""
    ritme: Annotated[str, Field(max_length=40)] = ""
    vervanger: Annotated[str, Field(max_length=320)] = ""

    def row(self) -> dict[str, str | None]:
        """The same under the names of the columns of a list."""
        return {**self.model_dump(exclude={"e_mail"}), "e-mail": self.e_mail}


class PartnerImport(In):
    """Een lijst met partners: alles of niets."""

    rijen: list[PartnerRij] = Field(min_length=1, max_length=2000)
    traject: Annotated[str, Field(max_length=200, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")] | None = Field(
        default=None, description="Alleen voor dit traject; anders voor alle."
    )
    stappenplan: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)] = Field(
        default="opvang", description="Waaruit de rollen komen, als er geen traject gegeven is."
    )


class Ingelezen(Out):
    """Wat een lijst met partners deed, of zou doen."""

    opgeslagen: bool
    nieuw: int
    gewijzigd: int
    gelijk: int
    rollen_gegeven: int


class BezorgRegel(Out):
    """Waar een bericht over gaat."""

    traject: str
    doorloop: int
    stap: str
    soort: str


class Bezorging(Out):
    """Een bericht en hoe het ermee staat."""

    kenmerk: str
    aan: str
    naam: str
    kanaal: str
    status: str
    poging: int
    toelichting: str
    gemaakt_op: Moment
    verstuurd_op: Moment | None
    wacht_op_mens: bool
    regels: list[BezorgRegel]


class LinkRegel(Out):
    """Een link in een mail waarmee iemand zonder account op een stap antwoordt; de link zelf staat nergens."""

    nummer: int
    traject: str
    doorloop: int
    stap: str
    van: str = Field(description="Wie de link heeft.")
    rol: str
    gemaakt_op: Moment
    vervalt_op: Moment
    gebruikt_op: Moment | None
    ingetrokken_op: Moment | None
    reden_intrekking: str
    werkt: bool


class Links(Out):
    """Een pagina van de links, de nieuwste eerst."""

    links: list[LinkRegel]
    volgende: int | None = Field(description="Geef dit als `voor` voor de pagina hierna; leeg als dit alles was.")


class LinkIntrekking(In):
    """De link werkt niet meer; de stap blijft zoals zij is."""

    reden: Reason


class Bezorgingen(Out):
    """Een pagina van de berichten, de nieuwste eerst."""

    bezorgingen: list[Bezorging]
    pagina: int
    is_laatste: bool


class Herkansing(Out):
    """Een bericht dat opnieuw vertrekt."""

    kenmerk: str
    status: str


class Toegang(Out):
    """Wie binnenkwam, wie geweigerd werd, en wat beheerders deden; alleen kenmerken."""

    nummer: int
    op: Moment
    wie: str
    wat: str
    waarover: str
    geweigerd: bool


class Toegangen(Out):
    """Een pagina van het toegangslog, de nieuwste eerst."""

    toegangsregels: list[Toegang]
    volgende: int | None = Field(description="Geef dit als `voor` voor de volgende pagina; leeg als er niet meer is.")


class Vraagstelling(Out):
    """Een vraag van een stappenplan."""

    naam: str
    vraag: str
    soort: str
    keuzes: list[str]
    van: int | None
    tot: int | None


class Rol(Out):
    """Een rol in een traject, en wie haar vervult."""

    rol: str
    titel: str
    mensen: list[str]
    zonder_adres: list[str]
    is_leeg: bool


class Rollen(Out):
    """De rollen van een traject; wat niemand vervult, heeft `isLeeg`."""

    rollen: list[Rol]


class Soort(Out):
    """Een soort doorloop."""

    naam: str
    titel: str


class Stappenplan(Out):
    """Wat een stappenplan vraagt om ermee te starten."""

    naam: str
    versie: str
    titel: str
    vragen: list[Vraagstelling]
    streefdatums: list[Soort] = Field(description="De streefdatums die verplicht zijn.")
    soorten_doorloop: list[Soort]
