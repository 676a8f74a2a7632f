"""What can be done to a step in the browser: per act its address, what it asks, and the event that it makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from starlette.datastructures import FormData

from regie.core import events as happened
from regie.core.ids import OccurrenceKey, PersonId, RoleId
from regie.core.permissions import NEEDED, Actor, Permission, may
from regie.core.transitions import Verb
from regie.reports.step_view import StepView
from regie.web.language import N_
from regie.web.pages import FormError

LONGEST = 2_000
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that a form asks. Texts are of the source.

    Args:
        kind: ``date``, ``text``, ``area``, ``number``, ``email``, ``choice``, ``radios``, ``ticks``.
        options: value to text, of what is chosen; texts of the source, or filled in by who knows them.
    """

    name: str
    kind: str
    label: str
    hint: str = ""
    required: bool = True
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def most(self) -> int:
        return LONGEST if self.kind == "area" else LONGEST_NAME


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody filled in, to give back when it cannot be done; per field all that came."""

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    errors: tuple[FormError, ...] = ()

    def text(self, name: str) -> str:
        return next(iter(self.values.get(name, ())), "")

    def all(self, name: str) -> tuple[str, ...]:
        return self.values.get(name, ())

    def with_errors(self, *errors: FormError) -> Typed:
        return replace(self, errors=(*self.errors, *errors))


def read_typed(form: FormData, names: Sequence[str]) -> Typed:
    """Take the texts of these fields out of a form, with the line ends that we keep."""
    values = {
        name: tuple(each.replace("\r\n", "\n") for each in form.getlist(name) if isinstance(each, str))
        for name in names
        if name in form
    }
    return Typed(values)


NO_DAY = N_("Kies een datum.")
NOTHING = N_("Vul dit in.")
TOO_LONG = N_("Dit is te lang. Maak het korter, of verwijs naar een document.")
CHOOSE = N_("Maak een keuze.")
NOT_A_NUMBER = N_("Vul een heel getal in, of niets.")


class Reading:
    """What was typed, as values; what is wrong with it is gathered, so that all of it is said at once."""

    def __init__(self, typed: Typed, words: Callable[[str], str]) -> None:
        self.typed = typed
        self.errors: list[FormError] = []
        self._words = words

    def wrong(self, name: str, message: str) -> None:
        self.errors.append(FormError(name, self._words(message)))

    def text(self, name: str, *, required: bool = False, most: int = LONGEST) -> str:
        found = self.typed.text(name).strip()
        if required and not found:
            self.wrong(name, NOTHING)
        if len(found) > most:
            self.wrong(name, TOO_LONG)
        return found

    def day(self, name: str, *, required: bool = False) -> date | None:
        said = self.typed.text(name).strip()
        if not said and not required:
            return None
        try:
            return date.fromisoformat(said)
        except ValueError:
            self.wrong(name, NO_DAY)
            return None

    def number(self, name: str) -> int | None:
        said = self.typed.text(name).strip()
        if not said:
            return None
        if not (said.isascii() and said.isdigit() and len(said) < 9):
            self.wrong(name, NOT_A_NUMBER)
            return None
        return int(said)

    def choice(self, name: str, options: Mapping[str, str]) -> str:
        found = self.typed.text(name)
        if found not in options:
            self.wrong(name, CHOOSE)
            return ""
        return found


Make = Callable[[Reading, "StepAct"], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class StepAct:
    """One act on a step.

    Args:
        path: what it is called in the address.
        title: what it does, in the words of a button; ``done``: what is said when it is done.
        make: the fields of its event, but for those that every event on a step has.
        when: whether this step has a use for it, besides what its state allows.
        group: where it stands on the page of the step: ``first``, ``dates``, ``who`` or ``other``.
        takes_files: files can be given with it, on the page that shows the consequences.
    """

    path: str
    verb: Verb
    event: type[happened.StepEvent]
    title: str
    done: str
    fields: tuple[Field, ...]
    make: Make
    lead: str = ""
    when: Callable[[StepView], bool] = lambda _: True
    group: str = "other"
    takes_files: bool = False

    @property
    def permission(self) -> Permission:
        return NEEDED[self.event]

    def is_offered(self, view: StepView) -> bool:
        return self.verb in view.may and self.when(view)

    def find(self, name: str) -> Field:
        return next(each for each in self.fields if each.name == name)


_NO_RESIDENTS = N_("Geen namen of gegevens van bewoners.")
_REASON = Field("reden", "area", N_("Waarom?"), N_("Dit komt in de geschiedenis. Geen namen of gegevens van bewoners."))
_WHY_OPTIONAL = replace(_REASON, label=N_("Toelichting"), required=False)
_NOTE = Field("opmerking", "area", N_("Opmerking"), _NO_RESIDENTS, required=False)
_TODAY = N_("Laat u dit leeg, dan is het vandaag.")


def _day(label: str, hint: str = _TODAY, *, required: bool = False) -> Field:
    return Field("datum", "date", label, hint, required)


def _why(reading: Reading) -> str:
    return reading.text("reden", required=True)


def _start(reading: Reading, _: StepAct) -> Mapping[str, Any]:
    return {"on": reading.day("datum"), "note": reading.text("opmerking")}


def _finish(reading: Reading, _: StepAct) -> Mapping[str, Any]:
    evidence = tuple(each.strip() for each in reading.text("bewijs").splitlines() if each.strip())
    return {"on": reading.day("datum"), "evidence": evidence, "note": reading.text("opmerking")}


def _ask(reading: Reading, act: StepAct) -> Mapping[str, Any]:
    return {"role": RoleId(reading.choice("rol", act.find("rol").options)), "note": reading.text("opmerking")}


def _waive(reading: Reading, _: StepAct) -> Mapping[str, Any]:
    return {"reason": _why(reading), "approved_by": reading.text("akkoord", required=True, most=LONGEST_NAME)}


def _reopen(reading: Reading, act: StepAct) -> Mapping[str, Any]:
    known = {name for each in act.fields if each.name == "ook" for name in each.options}
    chosen = [each for each in reading.typed.all("ook") if each in known]
    return {"reason": _why(reading), "also": tuple(map(OccurrenceKey.read, chosen))}


def _pin(reading: Reading, _: StepAct) -> Mapping[str, Any]:
    first, last = reading.day("begin"), reading.day("einde")
    if first is None and last is None and not reading.errors:
        reading.wrong("begin", N_("Kies een begindatum, een einddatum of allebei."))
    return {"start_on": first, "finish_on": last, "reason": _why(reading)}


def _promise(reading: Reading, _: StepAct) -> Mapping[str, Any]:
    return {"on": reading.day("datum", required=True), "reason": reading.text("reden")}


def _hand_over(reading: Reading, act: StepAct) -> Mapping[str, Any]:
    return {
        "to": PersonId(reading.choice("aan", act.find("aan").options)),
        "reason": reading.text("reden"),
    }


def _stop(reading: Reading, act: StepAct) -> Mapping[str, Any]:
    ground, on = reading.choice("grond", act.find("grond").options), reading.day("datum", required=True)
    return {"requested_on" if ground == "aanvulling" else "on": on, "reason": _why(reading)}


def _answer_proposal(reading: Reading, act: StepAct) -> Mapping[str, Any]:
    answer, reason = reading.choice("antwoord", act.find("antwoord").options), reading.text("reden")
    if answer == "nee" and not reason:
        reading.wrong("reden", N_("Zeg waarom de voorgestelde datum niet kan."))
    return {"accepted": answer == "ja", "reason": reason}


def _only_note(reading: Reading, _: StepAct) -> Mapping[str, Any]:
    return {"note": reading.text("opmerking")}


def _only_reason(reading: Reading, act: StepAct) -> Mapping[str, Any]:
    return {"reason": reading.text("reden", required=act.find("reden").required)}


def _has_pin(view: StepView) -> bool:
    return view.occurrence.pinned_start is not None or view.occurrence.pinned_finish is not None


STEP_ACTS: tuple[StepAct, ...] = (
    StepAct(
        "voorstel", Verb.ANSWER_PROPOSAL, happened.ProposalAnswered, N_("Antwoorden op het voorstel"),
        N_("Het antwoord is vastgelegd."),
        (
            Field("antwoord", "radios", N_("Gaat u akkoord met de voorgestelde datum?"), options={
                "ja": N_("Ja, deze datum is afgesproken"), "nee": N_("Nee, deze datum kan niet"),
            }),
            replace(_WHY_OPTIONAL, hint=N_("Verplicht als u niet akkoord gaat. De partner leest dit. Geen namen of gegevens van bewoners.")),
        ),
        _answer_proposal, group="first",
    ),
    StepAct(
        "antwoord", Verb.ANSWER_QUESTION, happened.QuestionAnswered, N_("Antwoorden op de vraag"),
        N_("Het antwoord is vastgelegd."),
        (Field("tekst", "area", N_("Uw antwoord"), N_("Wie het vroeg, leest dit. Geen namen of gegevens van bewoners.")),),
        lambda reading, _: {"text": reading.text("tekst", required=True)}, group="first",
    ),
    StepAct(
        "beginnen", Verb.START, happened.StepStarted, N_("Beginnen"), N_("De stap is begonnen."),
        (_day(N_("Begonnen op")), _NOTE), _start, group="first",
    ),
    StepAct(
        "verdergaan", Verb.RESUME, happened.WorkResumed, N_("Verdergaan"), N_("Het werk gaat verder."), (_NOTE,), _only_note,
        N_("De stap wacht dan niet meer op de partner of het besluit."), group="first",
    ),
    StepAct(
        "afronden", Verb.FINISH, happened.StepFinished, N_("Afronden"), N_("De stap is klaar."),
        (
            _day(N_("Klaar op")),
            Field("bewijs", "area", N_("Bewijs"), N_("Webadressen, of nummers van zaken; elk op een eigen regel. Een bestand kiest u op de volgende pagina."), required=False),
            _NOTE,
        ),
        _finish, group="first", takes_files=True,
    ),
    StepAct(
        "heropenen", Verb.REOPEN, happened.StepReopened, N_("Heropenen"), N_("De stap is weer open."),
        (
            _REASON,
            Field("ook", "ticks", N_("Welke van deze stappen gaan ook weer open?"), N_("Hieraan is begonnen omdat deze stap klaar was. Wat u niet aankruist, blijft zoals het is."), required=False),
        ),
        _reopen, group="first",
    ),
    StepAct(
        "weer-opnemen", Verb.UNWAIVE, happened.StepTakenUpAgain, N_("Weer opnemen"), N_("De stap doet weer mee."),
        (_WHY_OPTIONAL,), _only_reason, group="first",
    ),
    StepAct(
        "toezegging", Verb.PROMISE, happened.DatePromised, N_("Een toezegging vastleggen"),
        N_("De toezegging is vastgelegd."),
        (_day(N_("Toegezegde datum"), N_("De datum die de partner heeft toegezegd."), required=True), _WHY_OPTIONAL),
        _promise, group="dates",
    ),
    StepAct(
        "toezegging-terugnemen", Verb.PROMISE, happened.DatePromised, N_("De toezegging terugnemen"),
        N_("De toezegging is teruggenomen."), (_WHY_OPTIONAL,),
        lambda reading, _: {"on": None, "reason": reading.text("reden")},
        N_("Dan geldt weer de datum van het plan."),
        when=lambda view: view.occurrence.promised_on is not None, group="dates",
    ),
    StepAct(
        "vastzetten", Verb.PIN, happened.DatePinned, N_("Een datum vastzetten"), N_("De datum staat vast."),
        (
            Field("begin", "date", N_("Begint op"), required=False),
            Field("einde", "date", N_("Klaar op"), required=False),
            _REASON,
        ),
        _pin, N_("Een vaste datum blijft staan, ook als andere stappen verschuiven."), group="dates",
    ),
    StepAct(
        "loslaten", Verb.PIN, happened.DatePinned, N_("De vaste datum loslaten"), N_("De datum volgt weer uit het plan."),
        (_NOTE,), _only_note, N_("De datums volgen dan weer uit het plan."), _has_pin, "dates",
    ),
    StepAct(
        "termijn-stilzetten", Verb.STOP_CLOCK, happened.ClockStopped, N_("De wettelijke termijn stilzetten"),
        N_("De termijn staat stil."),
        (
            Field("grond", "radios", N_("Waarom staat de termijn stil?"), options={
                "aanvulling": N_("De aanvrager is gevraagd om de aanvraag aan te vullen"),
                "anders": N_("Een andere grond"),
            }),
            _day(N_("Op welke dag?"), N_("Bij een aanvulling de dag van het verzoek: de termijn staat stil vanaf de dag erna (Awb 4:15). Anders de eerste dag waarop de termijn stilstaat."), required=True),
            replace(_REASON, label=N_("Toelichting")),
        ),
        _stop, group="dates",
    ),
    StepAct(
        "termijn-hervatten", Verb.START_CLOCK, happened.ClockResumed, N_("De termijn weer laten lopen"),
        N_("De termijn loopt weer."),
        (_day(N_("Loopt weer vanaf"), N_("De dag waarop de aanvraag is aangevuld, of waarop de andere grond ophoudt. Laat u dit leeg, dan is het vandaag.")), _NOTE),
        lambda reading, _: {"on": reading.day("datum"), "note": reading.text("opmerking")}, group="dates",
    ),
    StepAct(
        "termijn-verlengen", Verb.EXTEND, happened.TermExtended, N_("De termijn verlengen"), N_("De termijn is verlengd."),
        (_REASON,), _only_reason, N_("Dit gebruikt de verlenging die de wet toestaat. Dat kan één keer."), group="dates",
    ),
    StepAct(
        "partner", Verb.ASK_PARTNER, happened.PartnerAsked, N_("Op een partner wachten"),
        N_("De stap wacht op de partner."),
        (Field("rol", "choice", N_("Op wie wacht u?")), _NOTE), _ask, group="who",
    ),
    StepAct(
        "overdragen", Verb.ASSIGN, happened.HandedToColleague, N_("Overdragen aan een persoon"),
        N_("De stap is overgedragen."),
        (Field("aan", "choice", N_("Aan wie?"), N_("Wie een rol heeft in dit traject, en collega's van wie deze stap doet.")), _WHY_OPTIONAL),
        _hand_over, N_("Deze persoon krijgt de berichten, in plaats van wie de rol heeft."), group="who",
    ),
    StepAct(
        "teruggeven", Verb.ASSIGN, happened.HandedToColleague, N_("Teruggeven aan de rol"),
        N_("De stap is weer van de rol."), (_WHY_OPTIONAL,),
        lambda reading, _: {"to": None, "reason": reading.text("reden")},
        when=lambda view: view.occurrence.assigned_to is not None, group="who",
    ),
    StepAct(
        "overslaan", Verb.WAIVE, happened.StepWaived, N_("Overslaan"), N_("De stap wordt overgeslagen."),
        (_REASON, Field("akkoord", "text", N_("Wie keurt dit goed?"), N_("Een functie of een naam."))),
        _waive, N_("De stap hoeft dan niet. Wie erop wacht, kan verder. U kunt de stap later weer opnemen."),
    ),
    StepAct(
        "intrekken", Verb.WITHDRAW, happened.StepWithdrawn, N_("Intrekken"), N_("De stap is ingetrokken."), (_REASON,),
        _only_reason, N_("De stap vervalt. Wie erop wacht, kan verder. Dit kunt u niet terugdraaien."),
    ),
)  # fmt: skip

BY_PATH: Mapping[str, StepAct] = {each.path: each for each in STEP_ACTS}


def acts_for(view: StepView, actor: Actor) -> Iterator[StepAct]:
    """Give what this reader may do to a step as it stands."""
    for each in STEP_ACTS:
        if each.is_offered(view) and may(actor, each.permission, traject_id=view.traject_id):
            yield each
