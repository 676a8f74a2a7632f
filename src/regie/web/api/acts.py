"""What somebody can do to a step over the API: per act what comes in, and the event that it makes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from regie.core import events as happened
from regie.core.events import StepEvent
from regie.core.ids import OccurrenceKey, PersonId, RoleId
from regie.uploads import MOST_FILES, Upload
from regie.web.api.models import Bytes, Day, In, Link, Name, Reason, ShortText, Text


class Act(In, ABC):
    """What somebody does to a step."""

    @abstractmethod
    def event(self, about: StepAbout) -> StepEvent:
        """The event for this step."""

    @property
    def texts(self) -> Sequence[str]:
        """What was typed."""
        return [each for each in self.__dict__.values() if isinstance(each, str)]

    @property
    def uploads(self) -> Sequence[Upload]:
        """The files that came along."""
        return ()


class Bestand(In):
    """Een bestand dat meekomt. Wat erin zit moet zijn wat de naam zegt: PDF, een foto, of een kantoorbestand zonder macro's."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"naam": "advies.pdf", "inhoud": "JVBERi0xLjcK"}]})

    naam: ShortText
    inhoud: Bytes

    def upload(self) -> Upload:
        """The file as it is taken in."""
        return Upload(self.naam, BytesIO(self.inhoud))


class StepAbout(dict[str, Any]):
    """Which step, in which cycle, as it was seen: the fields that every event of a step has."""

    @classmethod
    def of(cls, key: OccurrenceKey, cycle: int, seen: int | None) -> StepAbout:
        return cls(key=key, cycle=cycle, seen_version=seen)


class Begin(Act):
    """Er wordt aan begonnen."""

    op: Day | None = Field(default=None, description="Op welke dag; anders vandaag.")
    opmerking: Text = ""

    def event(self, about: StepAbout) -> StepEvent:
        return happened.StepStarted(on=self.op, note=self.opmerking, **about)


class Afronding(Act):
    """Het is klaar, met bewijs als de stap dat vraagt."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"op": "2027-06-03", "bewijs": ["https://zaken.voorbeeldstad.nl/Z-2027-118"], "opmerking": ""}]
        }
    )

    op: Day | None = Field(default=None, description="Op welke dag; anders vandaag.")
    bewijs: list[Link] = Field(default_factory=list, max_length=50)
    bestanden: list[Bestand] = Field(default_factory=list, max_length=MOST_FILES)
    opmerking: Text = ""

    @property
    def uploads(self) -> Sequence[Upload]:
        """The files that prove it."""
        return [each.upload() for each in self.bestanden]

    def event(self, about: StepAbout) -> StepEvent:
        return happened.StepFinished(on=self.op, evidence=tuple(self.bewijs), note=self.opmerking, **about)


class Vrijstelling(Act):
    """De stap wordt overgeslagen."""

    reden: Reason
    akkoord_van: ShortText = Field(description="Wie het goedkeurt.", examples=["Wethouder Zorg"])

    def event(self, about: StepAbout) -> StepEvent:
        return happened.StepWaived(reason=self.reden, approved_by=self.akkoord_van, **about)


class Heropname(Act):
    """Een overgeslagen stap doet weer mee."""

    reden: Text = ""

    def event(self, about: StepAbout) -> StepEvent:
        return happened.StepTakenUpAgain(reason=self.reden, **about)


class Intrekking(Act):
    """De stap gaat niet door."""

    reden: Reason

    def event(self, about: StepAbout) -> StepEvent:
        return happened.StepWithdrawn(reason=self.reden, **about)


class Heropening(Act):
    """Een stap die klaar was, gaat weer open. Zonder `ook` volgt een weigering die zegt wat erop gebouwd was."""

    reden: Reason
    ook: list[Name] | None = Field(
        default=None, max_length=500, description="Stappen die mee heropend worden; een lege lijst: geen."
    )

    def event(self, about: StepAbout) -> StepEvent:
        also = None if self.ook is None else tuple(map(OccurrenceKey.read, self.ook))
        return happened.StepReopened(reason=self.reden, also=also, **about)


class Vastzetting(Act):
    """Een datum blijft staan waar hij gezet is."""

    begin_op: Day | None = None
    einde_op: Day | None = None
    reden: Reason

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.begin_op is None and self.einde_op is None:
            raise PydanticCustomError("one_day", "give a first or a last day")
        return self

    def event(self, about: StepAbout) -> StepEvent:
        return happened.DatePinned(start_on=self.begin_op, finish_on=self.einde_op, reason=self.reden, **about)


class Losmaking(Act):
    """Een vastgezette datum gaat weer los."""

    reden: Text = ""

    def event(self, about: StepAbout) -> StepEvent:
        return happened.DatePinned(reason=self.reden, **about)


class Toezegging(Act):
    """Wat een partner toezegt; zonder datum vervalt de toezegging."""

    op: Day | None
    reden: Text = ""

    def event(self, about: StepAbout) -> StepEvent:
        return happened.DatePromised(on=self.op, reason=self.reden, **about)


class Voorstel(Act):
    """Een andere datum, ter beoordeling van de projectleider."""

    op: Day
    reden: Reason

    def event(self, about: StepAbout) -> StepEvent:
        return happened.DateProposed(on=self.op, reason=self.reden, **about)


class Voorstelantwoord(Act):
    """Het antwoord op een voorgestelde datum; een reden is verplicht bij nee."""

    akkoord: bool
    reden: Text = ""

    def event(self, about: StepAbout) -> StepEvent:
        return happened.ProposalAnswered(accepted=self.akkoord, reason=self.reden, **about)


class Vraag(Act):
    """Een vraag aan de projectleider."""

    tekst: Annotated[str, Field(min_length=1, max_length=2000)]

    def event(self, about: StepAbout) -> StepEvent:
        return happened.QuestionAsked(text=self.tekst, **about)


class Vraagantwoord(Act):
    """Het antwoord op een vraag, of aan wie de stap afwees."""

    tekst: Annotated[str, Field(min_length=1, max_length=2000)]

    def event(self, about: StepAbout) -> StepEvent:
        return happened.QuestionAnswered(text=self.tekst, **about)


class Overdracht(Act):
    """De stap krijgt een eigen persoon; zonder persoon gaat hij terug naar de rol."""

    aan: Name | None = Field(description="Kenmerk van de partner.", examples=["p4"])
    reden: Text = ""

    def event(self, about: StepAbout) -> StepEvent:
        to = PersonId(self.aan) if self.aan else None
        return happened.HandedToColleague(to=to, reason=self.reden, **about)


class Afwijzing(Act):
    """De rol zegt dat de stap niet van hen is."""

    reden: Reason

    def event(self, about: StepAbout) -> StepEvent:
        return happened.StepDeclined(reason=self.reden, **about)


class Partnervraag(Act):
    """Er wordt op een partner gewacht."""

    rol: Name

    def event(self, about: StepAbout) -> StepEvent:
        return happened.PartnerAsked(role=RoleId(self.rol), **about)


class Hervatting(Act):
    """De partner antwoordde, of het besluit kwam terug zonder uitkomst: het werk gaat verder."""

    opmerking: Text = ""

    def event(self, about: StepAbout) -> StepEvent:
        return happened.WorkResumed(note=self.opmerking, **about)


class Termijnstop(Act):
    """Een wettelijke termijn staat stil: na een verzoek om aanvulling (Awb 4:15), of op een andere grond vanaf `op`."""

    reden: Reason
    gevraagd_op: Day | None = None
    op: Day | None = None

    def event(self, about: StepAbout) -> StepEvent:
        return happened.ClockStopped(requested_on=self.gevraagd_op, on=self.op, reason=self.reden, **about)


class Termijnhervatting(Act):
    """Een wettelijke termijn loopt weer; die dag telt weer mee."""

    op: Day | None = None

    def event(self, about: StepAbout) -> StepEvent:
        return happened.ClockResumed(on=self.op, **about)


class Termijnverlenging(Act):
    """De verlenging die de wet toestaat, wordt gebruikt."""

    reden: Reason

    def event(self, about: StepAbout) -> StepEvent:
        return happened.TermExtended(reason=self.reden, **about)


class Voorlegging(Act):
    """Het besluit ligt voor bij wie besluit."""

    opmerking: Text = ""

    def event(self, about: StepAbout) -> StepEvent:
        return happened.PutForDecision(note=self.opmerking, **about)


class Uitspraak(Act):
    """Wat er besloten is; een reden is verplicht bij aanhouden en no-go, een dag bij aanhouden."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "uitkomst": "go",
                    "beslotenDoor": "College van B en W",
                    "op": "2027-06-03",
                    "reden": "Draagvlak en dekking zijn er.",
                    "document": "https://zaken.voorbeeldstad.nl/B-2027-31",
                }
            ]
        }
    )

    uitkomst: Name
    besloten_door: ShortText
    reden: Text = ""
    op: Day | None = None
    document: Annotated[str, Field(max_length=2000)] = ""
    bestand: Bestand | None = Field(default=None, description="Het document zelf, in plaats van een link ernaar.")
    aangehouden_tot: Day | None = None

    @property
    def uploads(self) -> Sequence[Upload]:
        """The document, when it came along."""
        return [self.bestand.upload()] if self.bestand else []

    def event(self, about: StepAbout) -> StepEvent:
        return happened.GateDecided(
            outcome=self.uitkomst,
            decided_by=self.besloten_door,
            reason=self.reden,
            on=self.op,
            document=self.document,
            held_until=self.aangehouden_tot,
            **about,
        )


@dataclass(frozen=True, slots=True)
class ActRoute:
    """One thing that can be done to a step: the collection that it is added to, what is sent, and the event of it."""

    collection: str
    body: type[Act]
    event: type[StepEvent]
    summary: str
    on: str = "stappen"

    @property
    def takes_files(self) -> bool:
        """Whether files can come along."""
        return self.body.uploads is not Act.uploads


ACTS = (
    ActRoute("begin-meldingen", Begin, happened.StepStarted, "Meld dat er aan een stap begonnen is"),
    ActRoute("afrondingen", Afronding, happened.StepFinished, "Rond een stap af"),
    ActRoute("vrijstellingen", Vrijstelling, happened.StepWaived, "Sla een stap over"),
    ActRoute("heropnames", Heropname, happened.StepTakenUpAgain, "Neem een overgeslagen stap weer op"),
    ActRoute("intrekkingen", Intrekking, happened.StepWithdrawn, "Trek een stap in"),
    ActRoute("heropeningen", Heropening, happened.StepReopened, "Heropen een stap"),
    ActRoute("vastzettingen", Vastzetting, happened.DatePinned, "Zet een datum vast"),
    ActRoute("losmakingen", Losmaking, happened.DatePinned, "Maak een vastgezette datum los"),
    ActRoute("toezeggingen", Toezegging, happened.DatePromised, "Leg vast wat een partner toezegt"),
    ActRoute("voorstellen", Voorstel, happened.DateProposed, "Stel een andere datum voor"),
    ActRoute("voorstelantwoorden", Voorstelantwoord, happened.ProposalAnswered, "Antwoord op een voorgestelde datum"),
    ActRoute("vragen", Vraag, happened.QuestionAsked, "Stel de projectleider een vraag"),
    ActRoute("vraagantwoorden", Vraagantwoord, happened.QuestionAnswered, "Antwoord op een vraag of een afwijzing"),
    ActRoute("overdrachten", Overdracht, happened.HandedToColleague, "Draag een stap over aan een persoon"),
    ActRoute("afwijzingen", Afwijzing, happened.StepDeclined, "Leg vast dat een rol de stap afwijst"),
    ActRoute("partnervragen", Partnervraag, happened.PartnerAsked, "Leg vast dat er op een partner gewacht wordt"),
    ActRoute("hervattingen", Hervatting, happened.WorkResumed, "Ga verder na een antwoord"),
    ActRoute("termijnstops", Termijnstop, happened.ClockStopped, "Zet een wettelijke termijn stil"),
    ActRoute("termijnhervattingen", Termijnhervatting, happened.ClockResumed, "Laat een termijn weer lopen"),
    ActRoute("termijnverlengingen", Termijnverlenging, happened.TermExtended, "Verleng een wettelijke termijn"),
    ActRoute("voorleggingen", Voorlegging, happened.PutForDecision, "Leg een besluit voor", "besluiten"),
    ActRoute("uitspraken", Uitspraak, happened.GateDecided, "Leg vast wat er besloten is", "besluiten"),
)
"""Every act on a step; the right that it takes follows from its event."""
