"""Dutch: what Regie refuses, by code. Short sentences; each says what is wrong and then what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from regie.core.transitions import Verb

_ALWAYS: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Saying:
    """One way to say a refusal, with the names of facts between braces.

    Args:
        only: facts that must have these values; of several sayings the first that fits is said.
    """

    message: str
    advice: str
    only: Mapping[str, object] = field(default_factory=lambda: _ALWAYS)


# Kinds of trouble that the reader of a file or a setting can find; the nameless one is said of all others.
TROUBLES: Mapping[str, str] = {
    "": "klopt niet",
    "missing": "ontbreekt",
    "extra_forbidden": "kent Regie niet",
    "int_parsing": "moet een getal zijn",
    "int_type": "moet een getal zijn",
    "bool_type": "moet true of false zijn",
    "bool_parsing": "moet true of false zijn",
    "model_type": "moet een tabel zijn",
    "greater_than_equal": "is een te laag getal",
    "less_than_equal": "is een te hoog getal",
    "string_too_long": "is te lang",
    "string_too_short": "is te kort",
    "string_type": "moet tekst zijn",
    "list_type": "moet een lijst zijn",
    "dict_type": "moet een tabel zijn",
    "date_from_datetime_parsing": "moet een datum zijn, zoals 2027-06-03",
    "date_parsing": "moet een datum zijn, zoals 2027-06-03",
    "date_type": "moet een datum zijn, zoals 2027-06-03",
}

# What a text that was typed is for, by the name that it has in an event; others are said by their own names.
FIELDS: Mapping[str, str] = {
    "by": "wie dit doet",
    "reason": "reden",
    "text": "tekst",
    "note": "notitie",
    "title": "naam van het traject",
    "slug": "korte naam",
    "answers": "antwoorden",
    "evidence": "bewijs",
    "document": "document",
    "decided_by": "wie besloot",
    "approved_by": "wie het goedkeurt",
}

_LOOK_AGAIN = "Kijk wat er is veranderd en probeer het dan opnieuw."
_GIVE_REASON = "Geef een reden. Die komt in de geschiedenis."
_SEE_LOG = "Lees wat er misging in {log}."

REFUSALS: Mapping[str, tuple[Saying, ...]] = {
    # --- steps ---------------------------------------------------------------------------------------
    "step-not-ready": (
        *(
            Saying(
                said + " de stap wacht op {unfinished}.",
                "Ga eerst daarmee verder. Volgens het plan begint '{step}' op {planned_start}.",
                {"verb": verb.value},
            )
            for verb, said in {
                Verb.START: "Stap '{step}' kan nog niet beginnen:",
                Verb.FINISH: "Stap '{step}' kan nog niet klaar zijn:",
                Verb.DECIDE: "Over '{step}' kan nog geen besluit vallen:",
            }.items()
        ),
        Saying(
            "Stap '{step}' is nog niet aan de beurt. {verb} kan nog niet.",
            "Volgens het plan begint de stap op {planned_start}.",
        ),
        Saying(
            "Stap '{step}' is nog niet aan de beurt. {verb} kan nog niet.",
            "Kijk in het plan wanneer de stap begint.",
        ),
    ),
    "finish-held-back": (
        Saying(
            "Stap '{step}' kan nog niet klaar zijn: eerst is nog nodig: {unfinished}.",
            "Ga eerst daarmee verder. Daarna kunt u '{step}' afronden.",
        ),
        Saying(
            "Stap '{step}' kan nog niet klaar zijn: er moet eerst tijd zitten na {waits_for}.",
            "Kijk in het plan op welke dag de stap klaar kan zijn.",
        ),
    ),
    "transition-refused": (
        Saying(
            "Stap '{step}' is al klaar. {verb} kan niet meer.",
            "Klopt er iets niet? Heropen de stap dan eerst.",
            {"state": "done"},
        ),
        Saying(
            "Stap '{step}' is overgeslagen. {verb} kan niet.",
            "Is de stap toch nodig? Neem hem dan eerst weer op.",
            {"state": "waived"},
        ),
        Saying(
            "Stap '{step}' is bij deze antwoorden niet nodig. {verb} kan niet.",
            "U hoeft niets te doen.",
            {"state": "not applicable"},
        ),
        Saying(
            "Stap '{step}' hoort niet bij deze doorloop. {verb} kan niet.",
            "U hoeft niets te doen.",
            {"state": "dropped"},
        ),
        Saying(
            "Stap '{step}' is ingetrokken. {verb} kan niet meer.",
            "Is de stap toch nodig? Dan kan dat in een nieuwe doorloop.",
            {"state": "withdrawn"},
        ),
        Saying(
            "Stap '{step}' is niet overgeslagen. {verb} hoeft dus niet.",
            "Ga gewoon verder met de stap.",
            {"verb": Verb.UNWAIVE.value},
        ),
        Saying(
            "Stap '{step}' is nog niet klaar. {verb} hoeft dus niet.",
            "Ga gewoon verder met de stap.",
            {"verb": Verb.REOPEN.value},
        ),
        Saying(
            "Stap '{step}' is al begonnen. Nog een keer beginnen kan niet.",
            "Ga verder met de stap, of rond hem af.",
            {"verb": Verb.START.value},
        ),
        Saying(
            "Stap '{step}' ligt al voor een besluit. {verb} kan niet.",
            "Leg het besluit vast, of haal de stap eerst terug.",
            {"state": "for decision"},
        ),
        Saying(
            "Stap '{step}' wacht op een partner. {verb} kan niet.",
            "Heeft de partner geantwoord? Leg dat dan eerst vast.",
            {"state": "waiting for partner"},
        ),
        Saying(
            "Stap '{step}' heeft de stand '{state}'. {verb} kan dan niet.",
            "Kijk welke stand de stap eerst moet krijgen.",
        ),
    ),
    "occurrence-changed": (
        Saying(
            "Iemand anders heeft stap '{step}' veranderd. De stand is nu: {state}.",
            _LOOK_AGAIN,
        ),
    ),
    "unknown-step": (
        Saying("Doorloop {cycle} heeft geen stap '{step}'.", "Bedoelde u '{close}'?"),
        Saying("Doorloop {cycle} heeft geen stap '{step}', wel een die erop lijkt.", "Kies uit: {copies}."),
        Saying("Doorloop {cycle} heeft geen stap '{step}'.", "Kies een stap uit de lijst met stappen van het traject."),
        Saying("Deze stap is er niet.", "Kies een stap uit de lijst met stappen van het traject."),
    ),
    "evidence-missing": (
        Saying("Stap '{step}' kan niet klaar zijn zonder bewijs.", "Geef een link of een document op."),
    ),
    "reason-missing": (
        Saying("Bij stap '{step}' staat nog niet waarom.", _GIVE_REASON),
        Saying("U zei nog niet waarom deze berichten niet worden verstuurd.", _GIVE_REASON, {"deed": "discard"}),
        Saying("U zei nog niet waarom alle berichten worden vastgehouden.", _GIVE_REASON, {"deed": "hold"}),
        Saying("U zei nog niet waarom de klok wordt teruggezet.", _GIVE_REASON, {"deed": "set-back"}),
        Saying("U zei nog niet waarom deze link wordt ingetrokken.", _GIVE_REASON, {"deed": "revoke"}),
        Saying("U zei nog niet waarom dit bestand weg moet.", _GIVE_REASON, {"deed": "remove-file"}),
        Saying("U zei nog niet waarom.", _GIVE_REASON),
    ),
    "clock-not-ahead": (Saying("De klok liep niet voor: niets is na nu genoteerd.", "U hoeft niets terug te zetten."),),
    "dependents-undecided": (
        Saying(
            "Op stap '{step}' is al verder gewerkt: {dependents}.",
            "Zeg welke van die stappen ook weer open moeten, of dat alleen deze stap open moet.",
        ),
    ),
    "not-a-dependent": (
        Saying("Stap '{other}' bouwt niet verder op '{step}'.", "Laat die stap weg, of heropen hem apart."),
    ),
    "unknown-role": (
        Saying("Rol '{role}' staat niet in het stappenplan.", "Bedoelde u {close}?"),
        Saying("Rol '{role}' staat niet in het stappenplan.", "Kies uit: {options}."),
        Saying("Rol '{role}' staat niet in het stappenplan.", "Kies een rol uit het stappenplan."),
        Saying("Deze rol staat niet in het stappenplan.", "Kies een rol uit het stappenplan."),
    ),
    # --- evidence and files ----------------------------------------------------------------------------
    "evidence-unsafe": (
        Saying(
            "Dit kan geen bewijs zijn: het is geen gewoon webadres.",
            "Geef een link die begint met https://, of een naam.",
        ),
    ),
    "evidence-empty": (Saying("Een van de bewijzen is leeg.", "Geef een link, een bestand of een naam."),),
    "file-empty": (Saying("Het bestand '{file}' is leeg.", "Sla het opnieuw op en stuur het dan."),),
    "file-too-large": (
        Saying("Het bestand '{file}' is groter dan {most}.", "Stuur een kleiner bestand, of een link ernaar."),
    ),
    "file-kind-unknown": (Saying("Zo een bestand als '{file}' neemt Regie niet aan.", "Stuur het als {options}."),),
    "file-content-differs": (
        Saying(
            "Wat er in '{file}' zit, past niet bij de naam.",
            "Open het bestand, sla het op als de soort die het is, en stuur het dan.",
        ),
    ),
    "file-damaged": (
        Saying("Het bestand '{file}' is niet heel.", "Open het bestand, sla het opnieuw op, en stuur het dan."),
    ),
    "file-encrypted": (
        Saying(
            "Het bestand '{file}' heeft een wachtwoord, of een oude vorm.",
            "Sla het op zonder wachtwoord, in de nieuwe vorm, en stuur het dan.",
        ),
    ),
    "file-has-macros": (
        Saying("In het bestand '{file}' zitten macro's.", "Sla het op zonder macro's of als pdf, en stuur het dan."),
    ),
    "file-unpacks-too-large": (
        Saying("Het bestand '{file}' wordt te groot als het wordt uitgepakt.", "Stuur het als pdf, of stuur een link."),
    ),
    "too-many-files": (
        Saying("U stuurt {number} bestanden tegelijk. Dat kunnen er hoogstens {most} zijn.", "Stuur er minder."),
    ),
    "file-unreadable": (Saying("Het bestand '{file}' is niet te lezen.", "Geef het pad van een bestand."),),
    "no-such-file": (
        Saying("Er is geen bestand '{file}'.", "De bestanden van een traject staan in: regie file list."),
    ),
    "file-removed": (Saying("Het bestand '{file}' is verwijderd.", "Is het nog nodig? Stuur het dan opnieuw."),),
    "file-of-another-step": (
        Saying("Dit bestand is bij een andere stap gegeven.", "Stuur het ook bij deze stap mee."),
    ),
    "file-exists": (Saying("'{file}' is er al.", "Kies met --output een andere naam."),),
    "output-unwritable": (Saying("'{file}' kan niet worden geschreven.", "Kies met --output een andere map."),),
    "file-bytes-missing": (
        Saying("De inhoud van bestand '{file}' is er niet.", "Vraag de beheerder om de kopie van de bestanden."),
    ),
    "file-bytes-differ": (
        Saying(
            "De inhoud van bestand '{file}' is niet meer wat is gestuurd.",
            "Vraag de beheerder om de kopie van de bestanden.",
        ),
    ),
    "files-full": (
        Saying(
            "Er is geen ruimte meer voor bestanden. Er is niets opgeslagen.",
            "Maak ruimte bij '{folder}' en probeer het opnieuw.",
        ),
    ),
    "files-unwritable": (
        Saying(
            "De map met bestanden '{folder}' is niet te gebruiken.",
            "Geef Regie daar lees- en schrijfrecht, of kies met REGIE_FILES_DIR een andere map.",
        ),
    ),
    # --- gates ---------------------------------------------------------------------------------------
    "gate-needs-decision": (
        Saying("Stap '{step}' is pas klaar met een besluit.", "Leg het besluit vast. Kies uit: {options}."),
    ),
    "not-a-gate": (Saying("Stap '{step}' vraagt geen besluit.", "Rond de stap gewoon af."),),
    "unknown-outcome": (Saying("Bij '{step}' bestaat de uitkomst '{outcome}' niet.", "Kies uit: {options}."),),
    "decider-missing": (Saying("Bij '{step}' staat nog niet wie heeft besloten.", "Noem wie het besluit nam."),),
    "approver-missing": (
        Saying("Bij '{step}' staat nog niet wie het overslaan goedkeurt.", "Noem wie het goedkeurt."),
    ),
    "new-date-missing": (
        Saying("Bij '{step}' staat nog niet tot wanneer het besluit wacht.", "Geef de datum waarop de stap terugkomt."),
    ),
    # --- dates and terms -----------------------------------------------------------------------------
    "date-in-the-past": (
        Saying(
            "'{step}' toezeggen voor {on} kan niet: die dag is voorbij.",
            "Kies vandaag of een latere dag.",
            {"deed": "promise"},
        ),
        Saying(
            "'{step}' voorstellen voor {on} kan niet: die dag is voorbij.",
            "Kies vandaag of een latere dag.",
            {"deed": "propose"},
        ),
        Saying(
            "Akkoord gaan met {on} voor '{step}' kan niet meer: die dag is voorbij.",
            "Ga niet akkoord en zeg waarom, of vraag om een nieuw voorstel.",
            {"deed": "accept"},
        ),
        Saying(
            "'{step}' aanhouden tot {on} kan niet: die dag is voorbij of het is vandaag.",
            "Kies een latere dag.",
            {"deed": "hold"},
        ),
        Saying("'{anchor}' verzetten naar {on} kan niet: die dag is voorbij.", "Kies vandaag of een latere dag."),
    ),
    "date-in-the-future": (
        Saying("'{step}' kan niet op {on} gebeurd zijn: het is vandaag {today}.", "Kies vandaag of een eerdere dag."),
    ),
    "dates-reversed": (
        Saying(
            "Stap '{step}' kan niet op {finish_on} klaar zijn en op {start_on} beginnen.",
            "Kies een einddatum op of na de begindatum.",
        ),
        Saying(
            "De termijn van '{step}' kan niet weer lopen op {on}: hij staat pas stil sinds {since}.",
            "Kies een latere dag, of zet eerst met een reden de start van de doorloop op de dag waarop het werk begon.",
        ),
        Saying(
            "Een afwezigheid kan niet eindigen op {ends_on} en beginnen op {begins_on}.",
            "Kies een laatste dag op of na de eerste dag.",
        ),
    ),
    "two-days-said": (
        Saying(
            "Staat de termijn van '{step}' stil na het verzoek van {requested_on}, of vanaf {on}?",
            "Geef een van die twee dagen op.",
        ),
    ),
    "already-started": (
        Saying("Stap '{step}' is al begonnen, op {started_on}.", "Zet in plaats daarvan de einddatum vast."),
    ),
    "no-term": (Saying("Stap '{step}' heeft geen wettelijke termijn.", "Kies een stap die wel een termijn heeft."),),
    "already-suspended": (Saying("De termijn van '{step}' staat al stil.", "Laat de termijn eerst weer lopen."),),
    "not-suspended": (Saying("De termijn van '{step}' staat niet stil. Hij loopt al.", "U hoeft niets te doen."),),
    "no-extension": (
        Saying(
            "De termijn van '{step}' kan niet langer: de wet geeft geen verlenging.",
            "Kies een andere datum of een andere stap.",
        ),
    ),
    "anchor-happened": (
        Saying(
            "'{anchor}' is al gebeurd, op {happened_on}. De streefdatum ligt vast.",
            "U hoeft niets te doen. Klopt de dag niet? Heropen dan de stap die erbij hoort.",
        ),
    ),
    "unknown-anchor": (
        Saying("Er is geen ankerdatum '{anchor}'.", "Bedoelde u '{close}'?"),
        Saying("Er is geen ankerdatum '{anchor}'.", "Kies uit: {options}."),
    ),
    "anchor-unmoved": (
        Saying("'{anchor}' staat al op {on}. Er verandert niets.", "U hoeft niets te doen, of kies een andere datum."),
    ),
    "anchor-changed": (
        Saying("Iemand anders heeft '{anchor}' verzet. De datum is nu: {on}.", _LOOK_AGAIN),
        Saying("Iemand anders heeft de datum van '{anchor}' weggehaald.", _LOOK_AGAIN),
    ),
    "list-changed": (Saying("Iemand anders heeft de lijst '{list}' veranderd.", _LOOK_AGAIN),),
    "no-proposal": (
        Saying(
            "Voor stap '{step}' staat geen voorstel open: er is geen andere datum gevraagd, of er is al geantwoord.",
            "Kijk bij de stap welke datum nu geldt.",
        ),
    ),
    "no-question": (
        Saying(
            "Over stap '{step}' staat geen vraag open: niemand vroeg iets, of er is al geantwoord.",
            "Kijk in de geschiedenis wat er is gezegd.",
        ),
    ),
    "text-missing": (Saying("Bij stap '{step}' staat nog geen tekst.", "Schrijf de vraag of het antwoord op."),),
    "already-declined": (
        Saying(
            "Bij stap '{step}' is al gezegd dat die niet van u is.",
            "De projectleider weet het. U hoeft niets te doen.",
        ),
    ),
    "already-assigned": (Saying("Stap '{step}' is al van deze persoon.", "U hoeft niets te doen."),),
    "not-assigned": (
        Saying("Stap '{step}' is aan niemand overgedragen. Hij is van de rol zelf.", "U hoeft niets te doen."),
    ),
    "not-pinned": (
        Saying("Van stap '{step}' staat geen datum vast. Er valt niets los te laten.", "U hoeft niets te doen."),
    ),
    "date-before-cycle": (
        Saying(
            "'{step}' kan niet op {on} gebeurd zijn: de doorloop begon pas op {since}.",
            "Kies een latere dag, of zet eerst met een reden de start van de doorloop op de dag waarop het werk begon.",
        ),
    ),
    "target-missing": (Saying("'{anchor}' kan niet zonder streefdatum.", "Geef een datum op."),),
    "date-out-of-range": (
        Saying(
            "{span} vanaf {day} ligt buiten de jaren 1 tot en met 9999.", "Kies een andere datum of een kortere tijd."
        ),
        Saying("Deze datum ligt na het jaar 9999.", "Kies een eerdere datum of een kortere tijd."),
    ),
    "bad-span": (
        Saying(
            "'{text}' is geen lengte van tijd.",
            "Schrijf een getal met wd (werkdagen), d (dagen), w (weken), m (maanden) of y (jaren), zoals 15wd.",
        ),
    ),
    "bad-condition": (
        Saying("Een voorwaarde is niet te lezen.", "Schrijf haar bijvoorbeeld zo: plekken >= 100 and vorm = tgo."),
    ),
    "control-character": (
        Saying(
            "In '{field}' staat een teken dat Regie niet kan bewaren ({character}).",
            "Typ de tekst opnieuw. Zo'n teken komt vaak mee als u tekst kopieert.",
        ),
    ),
    "text-too-long": (
        Saying(
            "De tekst bij '{field}' is te lang: {length} tekens, en er passen er {most} in.",
            "Maak de tekst korter. Zet een lang verhaal in een document en geef de link.",
        ),
    ),
    # --- lists ---------------------------------------------------------------------------------------
    "unknown-list": (
        Saying("Er is geen lijst '{list}'.", "Kies uit: {options}."),
        Saying("Er is geen lijst '{list}'.", "Dit stappenplan heeft geen lijsten."),
    ),
    "bad-item-key": (
        Saying(
            "In lijst '{list}' kan '{item}' geen naam zijn.", "Kies een naam die geen getal is en er nog niet staat."
        ),
        Saying("In lijst '{list}' heeft een item geen naam.", "Geef het een korte naam, zoals tweede."),
    ),
    # --- trajects and cycles -------------------------------------------------------------------------
    "unknown-traject": (
        Saying("Er is geen traject '{slug}'.", "Bedoelde u: {close}?"),
        Saying("Er is geen traject '{slug}'.", "Kies een traject uit de lijst met trajecten."),
        Saying("Dit traject is er niet.", "Kies een traject uit de lijst met trajecten."),
    ),
    "traject-changed": (
        Saying("Iemand anders heeft traject '{traject}' net veranderd. Er is niets opgeslagen.", _LOOK_AGAIN),
    ),
    "slug-taken": (Saying("Er is al een traject met de korte naam '{slug}'.", "Kies een andere korte naam."),),
    "start-file-invalid": (
        Saying("Bestand '{file}' klopt nog niet. {faults}", "Verbeter het bestand en probeer het opnieuw."),
        Saying(
            "Bestand '{file}' is niet te lezen: het gaat mis op regel {line}.",
            "Kijk daar naar de inspringing, de aanhalingstekens en vreemde tekens.",
        ),
        Saying("Bestand '{file}' is niet te lezen.", "Controleer of dit een YAML-bestand in UTF-8 is."),
    ),
    "file-fault": (Saying("Regel {line}, bij '{place}': dit {trouble}.", "Verbeter die regel."),),
    "bad-slug": (
        Saying("Van '{title}' is geen korte naam te maken.", "Geef zelf een korte naam op, met letters of cijfers."),
    ),
    "title-missing": (Saying("Het traject heeft nog geen naam.", "Geef de naam van de locatie op."),),
    "unknown-cycle": (
        Saying("Traject '{traject}' heeft geen doorloop {cycle}.", "Kies uit: {options}."),
        Saying("Traject '{traject}' heeft geen doorloop {cycle}.", "Kies een doorloop die er wel is."),
        Saying("Deze doorloop is er niet.", "Kies een doorloop die er wel is."),
    ),
    "cycle-ended": (
        Saying(
            "Doorloop {cycle} is gestopt. Er kan niets meer in veranderen.",
            "Kies een doorloop die nog loopt, of open een nieuwe.",
        ),
        Saying(
            "Deze doorloop is gestopt. Er kan niets meer in veranderen.",
            "Kies een doorloop die nog loopt, of open een nieuwe.",
        ),
    ),
    "traject-closed": (Saying("Traject '{traject}' is al gesloten.", "Wilt u verder? Open dan een nieuwe doorloop."),),
    "cycle-taken": (
        Saying(
            "Iemand anders heeft net doorloop {cycle} geopend.",
            "Bekijk die eerst. Beslis daarna of er nog een nodig is.",
        ),
    ),
    "unknown-cycle-kind": (
        Saying("Stappenplan '{definition}' kent geen doorloop van de soort '{kind}'.", "Kies uit: {options}."),
        Saying(
            "Stappenplan '{definition}' kent geen doorloop van de soort '{kind}'.",
            "Dit stappenplan heeft alleen een eerste doorloop.",
        ),
    ),
    "bad-answers": (Saying("{troubles}", "Verbeter dit en probeer het opnieuw. Er is nog niets opgeslagen."),),
    "unknown-question": (
        Saying("De vraag '{question}' staat niet in het stappenplan.", "Bedoelde u '{close}'?"),
        Saying(
            "De vraag '{question}' staat niet in het stappenplan.", "Laat dit antwoord weg. De vragen zijn: {options}."
        ),
        Saying("De vraag '{question}' staat niet in het stappenplan.", "Laat dit antwoord weg."),
    ),
    "answer-missing": (
        Saying("Er is nog geen antwoord op '{question}' ({ask}). Kies uit: {options}.", "Geef een antwoord."),
        Saying("Er is nog geen antwoord op '{question}' ({ask}).", "Geef een antwoord."),
        Saying("Er is nog geen antwoord op '{question}'.", "Geef een antwoord."),
    ),
    "answer-wrong": (
        Saying("'{answer}' past niet bij '{question}'. Zeg ja of nee.", "Zeg ja of nee.", {"wanted": "yes_no"}),
        Saying(
            "'{answer}' past niet bij '{question}'. Geef een heel getal van {low} tot en met {high}.",
            "Geef een ander getal.",
            {"wanted": "number"},
        ),
        Saying(
            "'{answer}' past niet bij '{question}'. Geef een heel getal, minstens {low}.",
            "Geef een ander getal.",
            {"wanted": "number"},
        ),
        Saying(
            "'{answer}' past niet bij '{question}'. Geef een heel getal, hoogstens {high}.",
            "Geef een ander getal.",
            {"wanted": "number"},
        ),
        Saying("'{answer}' past niet bij '{question}'. Geef een heel getal.", "Geef een getal.", {"wanted": "number"}),
        Saying(
            "'{answer}' past niet bij '{question}'. Schrijf een datum, zoals 2027-06-03.",
            "Schrijf jaar, maand en dag.",
            {"wanted": "date"},
        ),
        Saying("'{answer}' past niet bij '{question}'. Kies uit: {options}.", "Kies een ander antwoord."),
    ),
    "target-before-start": (
        Saying("De streefdatum van '{anchor}' ({on}) ligt voor de eerste dag ({start_on}).", "Kies een latere datum."),
    ),
    # --- definitions and calendars -------------------------------------------------------------------
    "definition-invalid": (
        Saying(
            "Het stappenplan '{definition}' klopt nog niet.", "Verbeter wat hierboven staat en controleer het opnieuw."
        ),
    ),
    "unknown-definition": (
        Saying("Dit stappenplan staat niet in de database.", "Vraag de beheerder om een back-up terug te zetten."),
    ),
    "definition-damaged": (
        Saying("Een stappenplan in de database is beschadigd.", "Vraag de beheerder om een back-up terug te zetten."),
    ),
    "unknown-calendar": (Saying("Er is geen kalender '{calendar}'.", "Kies uit: {options}."),),
    "calendar-invalid": (
        Saying(
            "In kalender '{file}' staat de onbekende feestdag '{unknown_holiday}' bij works_on_holidays.",
            "Gebruik een naam uit de kalender waarop deze voortbouwt.",
        ),
        Saying(
            "In kalender '{file}' is {day} een vrije dag en ook een werkdag.",
            "Kies een van de twee: days_off of working.",
        ),
        Saying(
            "In kalender '{file}' eindigt de periode '{period}' voor zij begint.",
            "Draai de eerste en de laatste dag om.",
        ),
        Saying(
            "In kalender '{file}' klopt de feestdag '{holiday}' niet.",
            "Geef de feestdag of day, of after_easter. Niet allebei.",
        ),
        Saying("In kalender '{file}' klopt een feestdag niet. {because}", "Verbeter dit onder holidays."),
        Saying(
            "Kalender '{file}' bouwt voort op '{unknown_base}', maar die is er niet.",
            "Kies bij based_on uit: {options}.",
        ),
        Saying(
            "Kalender '{file}' bouwt voort op '{base}', en die weer op deze.",
            "Haal een van de twee regels met based_on weg.",
        ),
        Saying(
            "In kalender '{file}' gaat het mis bij '{place}': dit {trouble}.",
            "Verbeter het bestand en probeer het opnieuw.",
        ),
        Saying("Kalender '{file}' is niet te lezen.", "Controleer of dit een YAML-bestand in UTF-8 is."),
    ),
    "calendar-year-missing": (
        Saying(
            "Kalender '{calendar}' begint in {first_year}. Voor {year} is er geen kalender.",
            "Kies een datum in {first_year} of later.",
        ),
    ),
    "calendar-without-working-days": (
        Saying("Kalender '{calendar}' heeft in {year} geen enkele werkdag.", "Haal vrije dagen weg uit de kalender."),
        Saying("Kalender '{calendar}' heeft in de week geen enkele werkdag.", "Noem bij weekdays minstens een dag."),
    ),
    "bad-holiday": (
        Saying(
            "'{holiday}' valt op {day}-{month}. Die dag is er niet elk jaar.",
            "Kies een dag die er elk jaar is.",
            {"problem": "day"},
        ),
        Saying(
            "'{holiday}' schuift naar een ander jaar als het zondag is.",
            "Kies een kleinere verschuiving.",
            {"problem": "sunday"},
        ),
        Saying("'{holiday}' valt buiten het jaar van Pasen.", "Kies een dag dichter bij Pasen."),
    ),
    "rehearsal-invalid": (
        Saying(
            "In verhaal '{file}' gaat het mis bij '{place}': dit {trouble}.",
            "Verbeter het bestand en probeer het opnieuw.",
        ),
        Saying("Verhaal '{file}' is niet te lezen.", "Controleer of dit een YAML-bestand in UTF-8 is."),
    ),
    "rehearsal-too-long": (
        Saying("Een verhaal duurt hoogstens {most} dagen. Dit verhaal duurt langer.", "Maak het verhaal korter."),
    ),
    "no-rehearsals": (
        Saying("Stappenplan '{definition}' heeft geen verhalen.", "Zet ze in de map rehearsals van het stappenplan."),
    ),
    "unknown-file": (
        Saying("Bestand '{file}' is niet te openen.", "Controleer de naam, en of u het bestand mag lezen."),
    ),
    # --- people, addresses and messages --------------------------------------------------------------
    "partners-invalid": (
        Saying("Bestand '{file}' klopt nog niet. {faults}", "Verbeter het bestand en lees het opnieuw in."),
        Saying(
            "Bestand '{file}' is niet te lezen: het gaat mis op regel {line}.",
            "Kijk daar naar de inspringing, de aanhalingstekens en vreemde tekens.",
        ),
        Saying("Bestand '{file}' is niet te lezen.", "Controleer of dit een YAML-bestand in UTF-8 is."),
    ),
    "name-missing": (Saying("Deze persoon heeft nog geen naam.", "Geef een naam op."),),
    "language-unknown": (Saying("De taal '{language}' kent Regie niet.", "Kies nl of en."),),
    "address-taken": (Saying("Iemand anders heeft dit e-mailadres al.", "Geef elke persoon een eigen adres."),),
    "unknown-person": (Saying("Er is geen persoon met nummer '{person}'.", "Kies iemand uit de lijst met partners."),),
    "column-unknown": (
        Saying("Deze kolom kent Regie niet.", "Bedoelde u '{close}'? De kolommen zijn: {options}."),
        Saying("Deze kolom kent Regie niet.", "Haal de kolom weg. De kolommen zijn: {options}."),
    ),
    "column-missing": (Saying("Deze kolom is er niet.", "Voeg de kolom toe, ook aan de kopregel."),),
    "cell-missing": (Saying("Hier staat niets.", "Vul de cel in, of haal de hele rij weg."),),
    "cells-too-many": (
        Saying(
            "In deze rij staat iets onder geen enkele kolom.",
            "Staat er een scheidingsteken in een tekst? Zet die tekst dan tussen aanhalingstekens.",
        ),
    ),
    "cell-not-in-list": (Saying("'{value}' kan hier niet.", "Kies uit: {options}, of laat de cel leeg."),),
    "rows-differ": (
        Saying(
            "Dit is iets anders dan in rij {row}, met hetzelfde e-mailadres.",
            "Maak beide gelijk, of geef elke persoon een eigen adres.",
        ),
    ),
    "deputy-unknown": (
        Saying(
            "Niemand heeft dit e-mailadres.", "Zet de vervanger ook in de lijst, of gebruik het adres van een partner."
        ),
    ),
    "own-deputy": (Saying("Niemand kan zichzelf vervangen.", "Kies iemand anders als vervanger."),),
    "address-invalid": (
        Saying(
            "Dit adres van een kanaal is te lang, of er staan spaties, accenten of vreemde tekens in.",
            "Controleer het adres.",
            {"problem": "signs"},
        ),
        Saying(
            "In dit adres van een kanaal is geen server te vinden.",
            "Controleer de naam van de server en de poort in het adres.",
            {"problem": "host"},
        ),
        Saying(
            "Dit adres van een kanaal heeft niet de goede vorm.",
            "Schrijf het als soort://naam:wachtwoord@server/pad?optie=waarde.",
            {"problem": "form"},
        ),
        Saying(
            "Dit e-mailadres kan Regie niet gebruiken.",
            "Schrijf een adres zoals naam@gemeente.nl, zonder spaties of accenten.",
        ),
    ),
    "channel-scheme": (
        Saying("Een kanaal van de soort '{scheme}' mag hier niet.", "Kies uit: {options}."),
        Saying("Een kanaal van de soort '{scheme}' mag hier niet.", "Vraag de beheerder welke kanalen wel mogen."),
    ),
    "channel-option": (
        Saying("In dit adres mag '{option}' deze waarde niet hebben.", "Verander die waarde, of laat '{option}' weg."),
        Saying("In dit adres staat een optie die niet mag.", "Gebruik alleen: {options}."),
        Saying("In dit adres staat een optie die niet mag.", "Laat alles achter het vraagteken weg."),
    ),
    "channel-host-unknown": (Saying("De computer '{host}' is niet te vinden.", "Controleer de naam in het adres."),),
    "channel-internal-host": (
        Saying(
            "De computer '{host}' staat op een intern netwerk. Daar mag een kanaal niet heen.",
            "De beheerder kan hem toestaan met REGIE_CHANNEL_INTERNAL_HOSTS.",
        ),
    ),
    "link-ended": (Saying("Deze link werkt niet meer.", "Vraag een nieuwe link."),),
    "unknown-link": (Saying("Er is geen link {link}.", "Kies een nummer uit 'regie link list'."),),
    "unknown-webhook": (Saying("Er is geen webhook '{webhook}'.", "Kies een kenmerk uit 'regie webhook list'."),),
    "webhook-name": (Saying("Een webhook heeft een naam nodig.", "Zeg welk systeem daar luistert."),),
    "webhook-kind": (
        Saying(
            "Gebeurtenis '{kind}' bestaat niet.", "Kies een soort die in docs/webhooks.md staat, zoals stap-afgerond."
        ),
    ),
    "webhook-address": (
        Saying(
            "Dit adres kan Regie niet gebruiken.",
            "Schrijf https://, de host en het pad, zonder naam of wachtwoord ervoor.",
        ),
    ),
    "webhook-host": (
        Saying("Host '{host}' staat niet op de lijst.", "Een beheerder kan hem toevoegen aan REGIE_WEBHOOK_HOSTS."),
    ),
    "webhook-host-unknown": (Saying("Host '{host}' is niet te vinden.", "Kijk het adres na, of probeer het later."),),
    "webhook-internal": (
        Saying(
            "Host '{host}' staat op een intern netwerk.",
            "Een beheerder kan hem toestaan in REGIE_WEBHOOK_INTERNAL_HOSTS.",
        ),
    ),
    "webhook-added": (Saying("Deze webhook is al toegevoegd.", "Kijk in de lijst van webhooks."),),
    "webhook-rotated": (
        Saying(
            "Iemand maakte intussen al een nieuw geheim.",
            "Kijk opnieuw. Na twee nieuwe geheimen op een dag telt het eerste niet meer.",
        ),
    ),
    "webhook-not-taken": (
        Saying("De proefgebeurtenis is niet aangenomen.", "Kijk naar het antwoord van de andere kant."),
    ),
    "cloudevents-not-configured": (
        Saying(
            "De gebeurtenissen van deze Regie hebben nog geen naam.",
            "Stel REGIE_CLOUDEVENTS_SOURCE en REGIE_CLOUDEVENTS_TYPE_PREFIX in.",
        ),
    ),
    "sealed-unreadable": (
        Saying(
            "Wat hier is bewaard, is met de sleutel van nu niet te lezen.",
            "Zet de auditsleutel terug, of verwijder de webhook en voeg hem opnieuw toe.",
        ),
    ),
    "unknown-message": (Saying("Er is geen bericht '{message_id}'.", "Kies een bericht uit 'regie outbox list'."),),
    "message-not-waiting": (
        Saying(
            "Bericht '{message_id}' wordt vastgehouden.",
            "Laat het eerst gaan met 'regie outbox release'.",
            {"status": "held"},
        ),
        Saying("Bericht '{message_id}' is al verstuurd.", "U hoeft niets te doen.", {"status": "sent"}),
        Saying(
            "Bericht '{message_id}' wordt op dit moment verstuurd.",
            "Wacht even en kijk dan opnieuw.",
            {"status": "sending"},
        ),
        Saying("Bericht '{message_id}' hoeft niet meer weg: het klopt niet meer.", "U hoeft niets te doen."),
    ),
    "mail-not-configured": (
        Saying(
            "Regie weet nog niet met welke mailserver het moet mailen.", "Vul REGIE_MAIL_URL en REGIE_MAIL_FROM in."
        ),
    ),
    "delivery-failed": (
        Saying(
            "Niet alles is verstuurd.", "Kijk met 'regie outbox list' wat er misging. Regie probeert het later opnieuw."
        ),
    ),
    # --- settings and database -----------------------------------------------------------------------
    "data-dir-unusable": (
        Saying(
            "Regie kan de map '{folder}' niet maken.",
            "Zet in REGIE_DATA_DIR een map waarin Regie mag schrijven.",
        ),
    ),
    "settings-invalid": (
        Saying(
            "Het bestand '{file}' met de sleutel van de links is niet te gebruiken.",
            "Geef Regie het recht om te lezen en te schrijven in die map, of vul REGIE_LINK_KEY in.",
            {"problem": "unusable", "key": "link"},
        ),
        Saying(
            "Het bestand '{file}' met de sleutel van de links is niet heel.",
            "Zet het terug uit een back-up. Of haal het weg: dan komt er een nieuwe sleutel en eindigen alle links.",
            {"problem": "short", "key": "link"},
        ),
        Saying(
            "Het bestand '{file}' met de sleutel van de geschiedenis is niet te gebruiken.",
            "Geef Regie het recht om te lezen en te schrijven in die map, of vul REGIE_AUDIT_KEY in.",
            {"problem": "unusable"},
        ),
        Saying(
            "Het bestand '{file}' met de sleutel van de geschiedenis is niet heel.",
            "Zet het terug uit een back-up. Met een nieuwe sleutel is de oude geschiedenis niet te controleren.",
            {"problem": "short"},
        ),
        Saying("De instellingen kloppen niet. {troubles}", "Verbeter dit en start Regie opnieuw."),
    ),
    "setting-wrong": (
        *(
            Saying(f"{variable} moet {must}.", "Verbeter die waarde.", {"variable": variable})
            for variable, must in {
                "REGIE_BASE_URL": "een webadres zijn dat begint met http:// of https://",
                "REGIE_OIDC_DISCOVERY_URL": "een webadres zijn dat begint met https://",
                "REGIE_PREFECT_API_URL": "een webadres zijn dat begint met http:// of https://",
                "REGIE_TIMEZONE": "een tijdzone zijn, zoals Europe/Amsterdam",
                "REGIE_AUDIT_KEY": "minstens 32 tekens hebben",
                "REGIE_MAIL_FROM": "een e-mailadres zijn, zoals Regie <regie@gemeente.nl>",
                "REGIE_REPLY_TO": "een e-mailadres zijn, zoals naam@gemeente.nl",
                "REGIE_MAIL_REDIRECT_TO": "een e-mailadres zijn, zoals naam@gemeente.nl",
            }.items()
        ),
        Saying("{variable} moet een van deze zijn: {options}.", "Kies een van die waarden."),
        Saying("{variable} werkt alleen samen met {also}.", "Vul beide in."),
        Saying("{variable} {trouble}.", "Verbeter die waarde."),
        Saying("Een instelling {trouble}.", "Loop uw instellingen na."),
    ),
    "request-reused": (
        Saying(
            "Verzoek '{request}' is al beantwoord, en vroeg toen iets anders.",
            "Doe het opnieuw, met een nieuw kenmerk.",
        ),
    ),
    "no-link-key": (
        Saying("Er is geen sleutel om adressen mee te maken.", "Vraag de beheerder om REGIE_LINK_KEY in te stellen."),
    ),
    "no-database": (
        Saying(
            "In de map '{folder}' is nog geen database van Regie.",
            "Begin met 'regie traject start', of wijs met REGIE_DATA_DIR de goede map aan.",
        ),
    ),
    "database-url-invalid": (
        Saying(
            "Met dit adres kan Regie geen database openen.",
            "Vul REGIE_DATABASE_URL in als sqlite:////map/regie.db of postgresql+psycopg://gebruiker:wachtwoord@computer/naam.",
        ),
    ),
    "database-version": (
        Saying(
            "De database heeft versie {found}. Deze Regie heeft {needed} nodig.",
            "Maak een back-up en doe dan: regie db upgrade.",
            {"problem": "older"},
        ),
        Saying(
            "De database heeft versie {found}, van een nieuwere Regie dan deze ({needed}).",
            "Installeer de nieuwere Regie, of zet de back-up van voor die tijd terug.",
            {"problem": "newer"},
        ),
        Saying(
            "De database zegt dat hij versie '{found}' heeft. Die bestaat niet.",
            "Zet een back-up terug.",
            {"problem": "unknown"},
        ),
        Saying("De database is nog leeg.", "Maak de tabellen met: regie db upgrade.", {"problem": "empty"}),
        Saying("'{database}' is geen database van Regie.", "Wijs met REGIE_DATABASE_URL een andere database aan."),
    ),
    "database-locked": (
        Saying(
            "De database '{database}' is nu in gebruik.",
            "Probeer het zo opnieuw. Blijft het zo? Dan houdt een ander programma de database vast.",
        ),
    ),
    "database-full": (Saying("De schijf van database '{database}' is vol.", "Maak ruimte en probeer het opnieuw."),),
    "database-damaged": (Saying("Database '{database}' is beschadigd.", "Zet een back-up terug."),),
    "database-unreachable": (
        Saying(
            "De database '{database}' is niet te bereiken.",
            "Controleer of de database er is, of hij draait en of Regie erin mag schrijven.",
        ),
    ),
    "checkpoint-unreadable": (
        Saying("'{file}' is niet wat regie audit head schreef.", "Geef het bestand waarin u het bewaarde."),
    ),
    "theme-style-unusable": (
        *(
            Saying(
                "Deze stijl kan niet worden gebruikt: " + said,
                "Schrijf alleen tokens, zoals --basis-color-action-1-color-default met een kleur.",
                {"problem": problem},
            )
            for problem, said in (
                ("size", "zij is groter dan 200 kB."),
                ("text", "zij is geen tekst in UTF-8."),
                ("selector", "'{part}' hoort niet in een huisstijl."),
                ("token", "'{part}' is geen token."),
                ("form", "het is geen lijst van tokens."),
            )
        ),
    ),
    "theme-logo-unusable": (
        *(
            Saying(
                "Dit logo kan niet worden gebruikt: " + said,
                "Neem een PNG, een JPEG of een eenvoudige SVG.",
                {"problem": problem},
            )
            for problem, said in (
                ("size", "het is groter dan 200 kB."),
                ("kind", "het is geen PNG, JPEG of SVG."),
                ("script", "er zit meer in dan vormen."),
            )
        ),
    ),
    "theme-unwritable": (
        Saying("De huisstijl kan niet worden bewaard.", "Kijk naar de rechten en de ruimte van de map met gegevens."),
    ),
    "address-missing": (Saying("Uw account heeft geen e-mailadres.", "Laat er een toevoegen."),),
    "definition-not-active": (
        Saying(
            "Versie {version} van {definition} is nog een concept.",
            "Kies een actieve versie, of laat een beheerder deze activeren.",
            {"status": "draft"},
        ),
        Saying(
            "Versie {version} van {definition} is uit gebruik.",
            "Kies een actieve versie, of laat een beheerder deze weer activeren.",
            {"status": "retired"},
        ),
    ),
    "definition-known": (Saying("Dit is versie {version}, die er al is.", "Er is niets bewaard."),),
    "version-taken": (
        Saying("Er is al een andere versie {version} van {definition}.", "Geef de nieuwe versie een ander nummer."),
    ),
    "definition-changed": (
        Saying("Iemand anders was u voor: versie {version} is nu actief.", "Kijk opnieuw.", {"status": "active"}),
        Saying("Iemand anders was u voor: versie {version} is nu uit gebruik.", "Kijk opnieuw.", {"status": "retired"}),
        Saying("Iemand anders was u voor: versie {version} is nu een concept.", "Kijk opnieuw.", {"status": "draft"}),
    ),
    "package-unusable": (
        *(
            Saying(
                "'{file}' kan niet worden gebruikt: " + said,
                "Stuur YAML-bestanden zoals workflow.yaml, of een zip ervan.",
                {"problem": problem},
            )
            for problem, said in (
                ("empty", "er is niets gekozen."),
                ("name", "zo heet geen YAML-bestand van een stappenplan."),
                ("twice", "er zijn twee bestanden met deze naam."),
                ("no-yaml", "er zit geen YAML-bestand in."),
                ("many", "er zitten meer bestanden in dan een stappenplan kan hebben."),
                ("folders", "de YAML-bestanden staan in verschillende mappen."),
                ("damaged", "het is geen zip die te lezen is."),
                ("path", "het wijst naar een plek buiten de zip."),
                ("locked", "er zit een wachtwoord op."),
                ("size", "het is groter dan 1 MB."),
            )
        ),
    ),
    "theme-unusable": (
        *(
            Saying("{variable}: het bestand '{file}' kan niet worden gebruikt: " + said, advice, {"problem": problem})
            for problem, said, advice in (
                (
                    "kind",
                    "het is van een andere soort.",
                    "Neem een CSS-bestand voor de stijl, en PNG, JPEG of SVG zonder script voor het logo.",
                ),
                (
                    "elsewhere",
                    "het haalt iets van elders.",
                    "Haal @import en url( eruit; bij Regie komt alles van het eigen adres.",
                ),
                ("unreadable", "het is er niet, of Regie mag het niet lezen.", "Controleer het pad en de rechten."),
                ("size", "het is groter dan 200 kB.", "Maak het kleiner."),
            )
        ),
    ),
    # --- running everything --------------------------------------------------------------------------
    "port-in-use": (
        Saying("Poort {port} is al in gebruik.", "Stop wat de poort gebruikt, of kies een andere met --port."),
    ),
    "host-unknown": (
        Saying(
            "Deze computer heeft geen netwerkadres '{host}'.",
            "Kies 127.0.0.1 voor alleen deze computer, of 0.0.0.0 voor al zijn netwerken.",
        ),
    ),
    "already-up": (
        Saying(
            "Regie draait al op de map '{folder}'.",
            "Gebruik die, of stop haar eerst met Ctrl-C. Een tweede kan alleen op een andere map (REGIE_DATA_DIR).",
        ),
    ),
    "folder-unwritable": (
        Saying(
            "In de map '{folder}' kan Regie niet schrijven.",
            "Geef Regie daar schrijfrecht, of kies met REGIE_DATA_DIR een andere map.",
        ),
    ),
    "prefect-not-ready": (Saying("De Prefect-server start niet.", _SEE_LOG),),
    "web-not-ready": (Saying("De pagina's starten niet.", _SEE_LOG),),
    "child-keeps-stopping": (Saying("'{child}' stopt steeds opnieuw.", _SEE_LOG),),
    "unknown-automation": (
        Saying(
            "Het stappenplan vraagt om de automatische actie '{automation}'. Die heeft Regie niet.",
            "Verander 'automation' in het stappenplan.",
        ),
    ),
    "folder-not-empty": (Saying("Map '{folder}' is niet leeg.", "Kies een andere map met --folder."),),
    "demo-stuck": (Saying("De demo komt niet tot het einde.", "Meld dit aan de makers van Regie."),),
    # --- who may do what, and who is signed in ---------------------------------------------------------
    "not-allowed": (
        Saying("Dit mag u hier niet doen.", "Vraag de projectleider of de beheerder om het te doen, of om het recht."),
    ),
    "scope-missing": (
        Saying("Dit token heeft hier geen bereik voor.", "Vraag de beheerder om een token met bereik: {scopes}."),
    ),
    "token-refused": (Saying("Dit token werkt niet.", "Vraag de beheerder om een nieuw token."),),
    "resource-changed": (
        Saying(
            "Iemand anders heeft dit intussen veranderd.", "Haal het opnieuw op, kijk wat er nu staat, en beslis dan."
        ),
    ),
    "if-match-missing": (
        Saying("Zeg met If-Match wat u zag.", "Geef de ETag van wat u ophaalde, of * voor hoe het ook staat."),
    ),
    "if-match-wrong": (Saying("Dit is geen ETag van wat hier staat.", "Geef de ETag zoals u hem kreeg."),),
    "traject-not-there": (Saying("Er is geen traject '{traject}'.", "Controleer de korte naam."),),
    "status-unknown": (Saying("Deze stand is er niet.", "Kies uit: {options}."),),
    "host-refused": (Saying("Dit adres is niet van Regie.", "Gebruik het adres dat u van de beheerder kreeg."),),
    "nothing-here": (Saying("Hier is niets.", "Controleer het adres, of vraag de projectleider om de goede link."),),
    "sign-in-refused": (Saying("Aanmelden lukt hiermee niet.", "Probeer het opnieuw, of vraag een nieuwe code aan."),),
    "too-many-passwords": (
        Saying("Er is te vaak een wachtwoord geprobeerd.", "Wacht een minuut en probeer het opnieuw."),
    ),
    "too-many-tries": (
        Saying(
            "Vanaf uw netwerk is te vaak geprobeerd om aan te melden.", "Wacht tien minuten en probeer het opnieuw."
        ),
    ),
    "deputy-elsewhere": (Saying("Een vervanger werkt bij dezelfde organisatie.", "Kies een collega uit de lijst."),),
    "absence-past": (Saying("Deze afwezigheid is al voorbij.", "Kies een laatste dag die nog komt."),),
    "absence-too-long": (Saying("Een afwezigheid duurt hooguit een jaar.", "Kies een eerdere laatste dag."),),
    "absences-too-many": (Saying("U hebt al 20 keer afwezigheid opgegeven.", "Haal er eerst een weg."),),
    "no-longer-asked": (
        Saying(
            "Op deze stap kunt u nu niets doen: hij is klaar, of wordt aan een ander gevraagd.",
            "Laad uw stappen opnieuw, en kijk wat er nu staat.",
        ),
    ),
    "owner-link-refused": (
        Saying(
            "Er is een aanmelddienst ingesteld. Dan geeft Regie geen eenmalige aanmeldlink.",
            "Meld u aan met die dienst, of maak een noodaccount met: regie account add.",
            {"problem": "provider"},
        ),
        Saying(
            "Anderen kunnen deze Regie bereiken. Dan geeft zij geen eenmalige aanmeldlink.",
            "Stel een aanmelddienst in, of maak een noodaccount met: regie account add.",
        ),
    ),
    "list-not-text": (
        Saying("Dit bestand is geen tekst.", "Sla het in het rekenblad op als CSV UTF-8, en kies dat bestand."),
    ),
    "list-unreadable": (
        Saying("Dit is niet te lezen als CSV.", "Sla de lijst in het rekenblad op als CSV UTF-8, en probeer opnieuw."),
    ),
    "list-column-twice": (
        Saying("Deze kolommen staan er twee keer: {columns}.", "Haal de kolom weg die u niet bedoelt."),
    ),
    "list-empty": (
        Saying(
            "Er staat geen partner in deze lijst.",
            "Onder de regel met de namen van de kolommen hoort een regel per partner.",
        ),
    ),
    "list-too-large": (Saying("Deze lijst is te groot: meer dan {most} kB.", "Deel de lijst op in kleinere lijsten."),),
    "list-too-long": (
        Saying("Deze lijst heeft {found} regels; {most} is het meeste dat in een keer kan.", "Deel de lijst op."),
    ),
    "people-changed": (
        Saying(
            "Sinds uw controle is er iets aan de partners veranderd.",
            "Hieronder staat een nieuwe controle. Kijk die na, en kies dan Opslaan.",
        ),
    ),
    "seen-changed": (
        Saying("Iemand anders heeft dit intussen veranderd.", "Kijk wat er nu staat, en pas het daarna opnieuw aan."),
    ),
    "last-administrator": (
        Saying(
            "Dit is de laatste die alles mag beheren.",
            "Geef eerst een ander account het recht beheerder voor alle trajecten.",
        ),
    ),
    "own-account": (Saying("Uw eigen account en rechten verandert u niet zelf.", "Vraag het een andere beheerder."),),
    "token-for-other": (
        Saying(
            "Dit account is van een ander, die zich er zelf mee aanmeldt.",
            "Maak een sleutel voor uzelf, of maak voor het programma een eigen account zonder wachtwoord.",
        ),
    ),
    "account-closed": (Saying("Dit account is gesloten.", "Open het eerst."),),
    "account-taken": (Saying("Er is al een account '{name}'.", "Kies een andere naam."),),
    "account-not-local": (
        Saying(
            "Dit account meldt zich aan met de aanmelddienst van de gemeente. Het heeft hier geen wachtwoord.",
            "Maak voor noodgevallen een apart account met: regie account add.",
        ),
    ),
    "unknown-account": (
        Saying(
            "Er is geen account '{account}', of er zijn er meer.", "Kijk met regie account list, en geef het nummer."
        ),
    ),
    "password-too-short": (
        Saying("Een wachtwoord heeft minstens {least} tekens.", "Neem een zin van vier woorden of meer."),
    ),
    "password-too-long": (Saying("Een wachtwoord heeft hoogstens {most} tekens.", "Neem een kortere zin."),),
    "role-not-for-accounts": (
        Saying("'{role_name}' is geen rol van een account.", "Kies administrator, lead, member of reader."),
    ),
    "scopes-missing": (Saying("Een sleutel heeft een bereik nodig.", "Kies uit: {options}."),),
    "expiry-wrong": (Saying("Een sleutel werkt hoogstens {most} dagen.", "Geef minder dagen, en minstens een."),),
    "unknown-token": (Saying("Er is geen sleutel {number}.", "Kijk met regie token list."),),
    "export-unwritable": (Saying("In '{file}' kan Regie niet schrijven.", "Kies een ander bestand."),),
    "message-secret": (
        Saying(
            "In dit bericht staat een aanmeldcode.",
            "Die ziet alleen wie het bericht krijgt; laat een nieuwe aanvragen.",
        ),
    ),
    "one-document": (Saying("Bij een besluit hoort een document.", "Geef een link of een bestand, niet allebei."),),
    "slug-reserved": (Saying("De korte naam '{slug}' gebruikt Regie zelf.", "Kies een andere korte naam."),),
    "slug-invalid": (
        Saying("'{slug}' kan geen korte naam zijn.", "Gebruik kleine letters, cijfers en streepjes, zoals de-wilg."),
    ),
    "report-does-not-fit": (Saying("Het rapport past niet op een vel.", "Maak de titels in het stappenplan korter."),),
    "definition-not-offered": (
        Saying("Dit stappenplan is er niet, of het is niet meer in gebruik.", "Kies een ander stappenplan."),
    ),
    "provider-down": (
        Saying("Aanmelden met uw werkaccount lukt nu niet.", "Probeer het over een paar minuten opnieuw."),
    ),
    # --- without a code of their own -----------------------------------------------------------------
    "regie-error": (Saying("Dit lukt niet.", "Probeer het opnieuw. Blijft het zo? Vraag dan de beheerder."),),
    "refused": (Saying("Dit mag nu niet.", "Kijk wat er is veranderd en probeer het dan opnieuw."),),
    "not-found": (Saying("Dit is er niet.", "Controleer de naam en probeer het opnieuw."),),
    "conflict": (Saying("Iemand anders was u voor.", _LOOK_AGAIN),),
    "incomplete": (Saying("Er ontbreken gegevens om dit te doen.", "Vraag de beheerder om te kijken wat er mist."),),
}
