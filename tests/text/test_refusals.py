"""Every refusal has a Dutch sentence; the sentences are filled from what is really refused."""

from __future__ import annotations

import ast
import re
import socket
import sqlite3
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

import pytest

from regie.actions.start_traject import NewTraject, preview_start, slug_of
from regie.cli.common import find_key
from regie.core import events as e
from regie.core.calendar import EasterDay, FixedDay, WorkCalendar
from regie.core.changes import Changes
from regie.core.definition import Definition
from regie.core.ids import AnchorId, ListId, PersonId, RoleId
from regie.core.opening import open_cycle
from regie.core.span import Span, shift
from regie.core.traject import AnchorDates, Item
from regie.definitions.calendars import load_calendar
from regie.definitions.rehearsal import read_rehearsal
from regie.errors import NotFound, Refused, RegieError
from regie.mailbox import check_email
from regie.notify.channels import ChannelPolicy, check_channel
from regie.plain_text import check_plain
from regie.settings import load_audit_key, load_settings
from regie.store.outbox import retry
from regie.store.people import save_person, set_absence
from regie.store.session import check_schema, create_engine_for, in_transaction, read_scope, upgrade
from regie.store.trajects import create_traject, find_traject_id
from regie.supervise import refuse_taken_port
from regie.text.refusals import Refusal, gaps_of, say_refusal
from regie.text.refusals_nl import REFUSALS, Saying
from tests.support.authoring import compiled
from tests.support.builders import after, at, key, started

ROOT = Path(__file__).parents[2]
START = date(2027, 1, 4)
OPENING = date(2028, 3, 1)

TOWN = """
calendar: nl
legal_calendar: nl-wettelijk
language: nl
anchors:
  opening: {title: {nl: Opening, en: Opening}, target: required, set_by: instroom}
questions:
  plekken: {ask: {nl: Hoeveel plekken?, en: How many places?}, number: {from: 1, to: 500}, default: 80}
  vorm:
    ask: {nl: Welke vorm?, en: Which form?}
    one_of: {tgo: Tijdelijke opvang, vge: Eigen exploitatie}
    default: vge
  bekend: {ask: {nl: Ligt de locatie vast?, en: Is the location fixed?}, yes_no: true, default: false}
lists:
  komst: {title: {nl: Instroommoment, en: Arrival}, first_on: opening}
roles:
  lead: {title: {nl: Projectleider, en: Project lead}}
  ggd: {title: {nl: GGD, en: Public health service}}
phases:
  voor: {title: {nl: Voorbereiden, en: Prepare}}
cycle_kinds:
  improvement: {title: {nl: Verbeteren, en: Improvement}}
notices: {lead: lead}
steps:
  zaak: {title: {nl: Business case, en: Business case}, phase: voor, responsible: lead, takes: 5wd}
  vergunning:
    title: {nl: Vergunning aanvragen, en: Apply for the permit}
    phase: voor
    responsible: lead
    needs: [zaak]
    takes: 5wd
    evidence: required
  besluit:
    title: {nl: Raadsbesluit nemen, en: Decide in council}
    phase: voor
    responsible: lead
    takes: 5wd
    gate: {decided_by: lead, no_go: ends the cycle}
  termijn:
    title: {nl: Vergunning krijgen, en: Get the permit}
    phase: voor
    responsible: lead
    term: {length: 8w, kind: law, article: Omgevingswet 16.64, source: BWBR0037885, after: start}
  oplevering:
    title: {nl: Opleveren, en: Hand over}
    phase: voor
    responsible: lead
    takes: 5wd
    needs: [{finish_to_finish: zaak}]
  instroom:
    title: {nl: Instroom, en: Arrival}
    phase: voor
    responsible: ggd
    takes: 1wd
    for_each: komst
"""


@lru_cache(maxsize=1)
def town() -> Definition:
    return compiled(TOWN)


def traject(*events: e.Event) -> Changes:
    """A traject that started on a Monday, and what happened on the day after."""
    return after(started(town(), START, targets={"opening": OPENING}), START + timedelta(days=1), *events)


def done(step: str) -> e.Event:
    return e.StepFinished(key=key(step), cycle=1, evidence=("zaak/1",))


# --- every code has words ----------------------------------------------------------------------------


def sources() -> Iterator[tuple[Path, ast.Module]]:
    for folder in ("src/regie", "flows"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def texts_in(node: ast.AST) -> set[str]:
    return {each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and isinstance(each.value, str)}


def texts_of_names(node: ast.Assign | ast.AnnAssign) -> list[str]:
    return [ast.unparse(each) for each in (node.targets if isinstance(node, ast.Assign) else [node.target])]


def branches(node: ast.expr, tree: ast.Module) -> set[str]:
    """The texts that a ``code=`` can be: a text, either side of a choice, or what its name was given."""
    match node:
        case ast.Constant(value=str(text)):
            return {text}
        case ast.IfExp(body=body, orelse=orelse):
            return branches(body, tree) | branches(orelse, tree)
        case ast.Name(id=name):
            given = [
                each.value
                for each in ast.walk(tree)
                if isinstance(each, ast.Assign) and any(ast.unparse(target) == name for target in each.targets)
            ]
            return {text for value in given if not isinstance(value, ast.Name) for text in branches(value, tree)}
        case _:
            return set()


def codes_in_the_tree() -> dict[str, str]:
    """Every code of an error, with a place where it is given."""
    trees = list(sources())
    takes_a_code = {
        each.name: [argument.arg for argument in each.args.args].index("code")
        for _, tree in trees
        for each in ast.walk(tree)
        if isinstance(each, ast.FunctionDef) and "code" in [argument.arg for argument in each.args.args]
    }
    found: dict[str, str] = {}
    for path, tree in trees:
        for node in ast.walk(tree):
            given: set[str] = set()
            if isinstance(node, ast.Call):
                name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                given = {text for each in node.keywords if each.arg == "code" for text in branches(each.value, tree)}
                if name in takes_a_code and len(node.args) > takes_a_code[name]:
                    given |= branches(node.args[takes_a_code[name]], tree)
            elif isinstance(node, ast.Assign | ast.AnnAssign) and "default_code" in texts_of_names(node):
                given = texts_in(node)
            found |= {code: f"{path.relative_to(ROOT)}:{node.lineno}" for code in given if is_code(code)}
    return found


def is_code(text: str) -> bool:
    """Findings in a definition have codes of their own, as RG302, and words of their own."""
    return bool(re.fullmatch(r"[a-z]+(-[a-z]+)*", text)) and len(text) > 2


def test_the_walk_through_the_sources_finds_codes_in_every_form() -> None:
    found = codes_in_the_tree()

    assert {"evidence-missing", "transition-refused", "calendar-invalid", "delivery-failed", "demo-stuck"} <= set(found)
    assert len(found) > 80


def test_every_code_that_is_refused_with_has_a_dutch_sentence() -> None:
    assert {code: place for code, place in codes_in_the_tree().items() if code not in REFUSALS} == {}


def test_no_sentence_is_left_of_a_code_that_nobody_gives() -> None:
    assert set(REFUSALS) - set(codes_in_the_tree()) == set()


SAYINGS = [(code, saying) for code, sayings in REFUSALS.items() for saying in sayings]


@pytest.mark.parametrize(("code", "saying"), SAYINGS)
def test_sentence_is_short_whole_and_says_what_to_do(code: str, saying: Saying) -> None:
    said = f"{saying.message} {saying.advice}"

    assert saying.advice.endswith((".", "?")), code
    assert saying.message.endswith((".", "?", "}")), code
    assert all(len(sentence.split()) <= 22 for sentence in re.split(r"(?<=[.?:]) ", said)), code


def test_a_sentence_that_fits_always_comes_behind_those_that_ask_more() -> None:
    for code, sayings in REFUSALS.items():
        for place, earlier in enumerate(sayings):
            for later in sayings[place + 1 :]:
                hides = gaps_of(earlier) <= gaps_of(later) and earlier.only.items() <= later.only.items()
                assert not hides, (code, later.message)


# --- what is really refused --------------------------------------------------------------------------


def unknown_copy() -> None:
    find_key(traject().traject, 1, "zak")


def unknown_cycle_of_a_command() -> None:
    find_key(traject().traject, 7, "zaak")


def cycle_that_ended() -> None:
    stopped = e.GateDecided(key=key("besluit"), cycle=1, outcome="no-go", decided_by="raad", reason="te duur")
    traject(stopped, done("zaak"))


def start_traject(**more: object) -> None:
    given = {"title": "De Wilg", "start_on": START, "targets": {"opening": OPENING}, **more}
    preview_start(town(), NewTraject(**given), at(START))  # type: ignore[arg-type]


def accepts_too_late() -> None:
    proposed = traject(e.DateProposed(key=key("zaak"), cycle=1, on=START + timedelta(days=2), reason="ziek"))
    after(proposed, START + timedelta(days=3), e.ProposalAnswered(key=key("zaak"), cycle=1, accepted=True))


def stale_version() -> None:
    traject(done("zaak"), e.StepWithdrawn(key=key("zaak"), cycle=1, reason="x", seen_version=99))


def taken_port() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refuse_taken_port(taken.getsockname()[1])


def in_a_channel(url: str) -> None:
    check_channel(url, ChannelPolicy(frozenset({"ntfys", "mailtos"}), resolve=lambda host: ("10.0.0.1",)))


# What is refused, its code, and the sentence; without one only that there is a whole Dutch sentence is asked.
CORE: list[tuple[Callable[[], object], str, str]] = [
    (
        lambda: traject(done("vergunning")),
        "step-not-ready",
        "Stap 'Vergunning aanvragen' kan nog niet klaar zijn: de stap wacht op 'Business case'.",
    ),
    (
        lambda: traject(e.StepStarted(key=key("vergunning"), cycle=1)),
        "step-not-ready",
        "Stap 'Vergunning aanvragen' kan nog niet beginnen: de stap wacht op 'Business case'.",
    ),
    (
        lambda: traject(e.PartnerAsked(key=key("vergunning"), cycle=1, role=RoleId("ggd"))),
        "step-not-ready",
        "Stap 'Vergunning aanvragen' is nog niet aan de beurt. Op een partner wachten kan nog niet.",
    ),
    (
        lambda: traject(done("oplevering")),
        "finish-held-back",
        "Stap 'Opleveren' kan nog niet klaar zijn: eerst is nog nodig: 'Business case'.",
    ),
    (
        lambda: traject(done("zaak"), done("zaak")),
        "transition-refused",
        "Stap 'Business case' is al klaar. Afronden kan niet meer.",
    ),
    (
        lambda: traject(*[e.StepStarted(key=key("zaak"), cycle=1)] * 2),
        "transition-refused",
        "Stap 'Business case' is al begonnen. Nog een keer beginnen kan niet.",
    ),
    (
        lambda: traject(e.StepTakenUpAgain(key=key("zaak"), cycle=1)),
        "transition-refused",
        "Stap 'Business case' is niet overgeslagen. Weer opnemen hoeft dus niet.",
    ),
    (
        lambda: traject(
            e.StepWaived(key=key("zaak"), cycle=1, reason="is er al", approved_by="wethouder"), done("zaak")
        ),
        "transition-refused",
        "Stap 'Business case' is overgeslagen. Afronden kan niet.",
    ),
    (
        lambda: traject(e.StepWithdrawn(key=key("zaak"), cycle=1, reason="vervalt"), done("zaak")),
        "transition-refused",
        "Stap 'Business case' is ingetrokken. Afronden kan niet meer.",
    ),
    (
        lambda: traject(done("zaak"), e.DateProposed(key=key("zaak"), cycle=1, on=OPENING, reason="ziek")),
        "transition-refused",
        "Stap 'Business case' is al klaar. Een andere datum voorstellen kan niet meer.",
    ),
    (
        lambda: traject(e.DateProposed(key=key("zaak"), cycle=1, on=START, reason="ziek")),
        "date-in-the-past",
        "'Business case' voorstellen voor 4 januari 2027 kan niet: die dag is voorbij.",
    ),
    (
        accepts_too_late,
        "date-in-the-past",
        "Akkoord gaan met 6 januari 2027 voor 'Business case' kan niet meer: die dag is voorbij.",
    ),
    (
        lambda: traject(e.DateProposed(key=key("zaak"), cycle=1, on=OPENING, reason=" ")),
        "reason-missing",
        "Bij stap 'Business case' staat nog niet waarom.",
    ),
    (
        lambda: traject(e.ProposalAnswered(key=key("zaak"), cycle=1, accepted=True)),
        "no-proposal",
        "Voor stap 'Business case' staat geen voorstel open: er is geen andere datum gevraagd, of er is al geantwoord.",
    ),
    (
        lambda: traject(e.QuestionAnswered(key=key("zaak"), cycle=1, text="ja")),
        "no-question",
        "Over stap 'Business case' staat geen vraag open: niemand vroeg iets, of er is al geantwoord.",
    ),
    (
        lambda: traject(e.QuestionAsked(key=key("zaak"), cycle=1, text="  ")),
        "text-missing",
        "Bij stap 'Business case' staat nog geen tekst.",
    ),
    (
        lambda: traject(*[e.StepDeclined(key=key("zaak"), cycle=1, reason="van de GGD")] * 2),
        "already-declined",
        "Bij stap 'Business case' is al gezegd dat die niet van u is.",
    ),
    (
        lambda: traject(*[e.HandedToColleague(key=key("zaak"), cycle=1, to=PersonId("maker"))] * 2),
        "already-assigned",
        "Stap 'Business case' is al van deze persoon.",
    ),
    (
        lambda: traject(e.HandedToColleague(key=key("zaak"), cycle=1, to=None)),
        "not-assigned",
        "Stap 'Business case' is aan niemand overgedragen. Hij is van de rol zelf.",
    ),
    (
        lambda: traject(e.HandedToColleague(key=key("zaak"), cycle=1, to=PersonId("p99"))),
        "unknown-person",
        "Er is geen persoon met nummer 'p99'.",
    ),
    (stale_version, "occurrence-changed", "Iemand anders heeft stap 'Business case' veranderd. De stand is nu: klaar."),
    (lambda: traject(done("zak")), "unknown-step", "Doorloop 1 heeft geen stap 'zak'."),
    (unknown_copy, "unknown-step", "Doorloop 1 heeft geen stap 'zak'."),
    (
        lambda: traject(done("instroom@derde")),
        "unknown-step",
        "Doorloop 1 heeft geen stap 'Instroom (derde)', wel een die erop lijkt.",
    ),
    (unknown_cycle_of_a_command, "unknown-cycle", "Traject 'test' heeft geen doorloop 7."),
    (
        lambda: traject(e.StepFinished(key=key("zaak"), cycle=7)),
        "unknown-cycle",
        "",
    ),
    (cycle_that_ended, "cycle-ended", ""),
    (
        lambda: traject(done("zaak"), e.StepFinished(key=key("vergunning"), cycle=1)),
        "evidence-missing",
        "Stap 'Vergunning aanvragen' kan niet klaar zijn zonder bewijs.",
    ),
    (
        lambda: traject(e.StepWithdrawn(key=key("zaak"), cycle=1, reason=" ")),
        "reason-missing",
        "Bij stap 'Business case' staat nog niet waarom.",
    ),
    (
        lambda: traject(done("zaak"), done("vergunning"), e.StepReopened(key=key("zaak"), cycle=1, reason="fout")),
        "dependents-undecided",
        "Op stap 'Business case' is al verder gewerkt: 'Vergunning aanvragen'.",
    ),
    (
        lambda: traject(done("zaak"), e.StepReopened(key=key("zaak"), cycle=1, reason="x", also=(key("besluit"),))),
        "not-a-dependent",
        "Stap 'Raadsbesluit nemen' bouwt niet verder op 'Business case'.",
    ),
    (
        lambda: traject(e.PartnerAsked(key=key("zaak"), cycle=1, role=RoleId("school"))),
        "unknown-role",
        "Rol 'school' staat niet in het stappenplan.",
    ),
    (
        lambda: traject(done("besluit")),
        "gate-needs-decision",
        "Stap 'Raadsbesluit nemen' is pas klaar met een besluit.",
    ),
    (
        lambda: traject(e.GateDecided(key=key("zaak"), cycle=1, outcome="go", decided_by="raad")),
        "not-a-gate",
        "Stap 'Business case' vraagt geen besluit.",
    ),
    (
        lambda: traject(e.GateDecided(key=key("besluit"), cycle=1, outcome="ja", decided_by="raad")),
        "unknown-outcome",
        "Bij 'Raadsbesluit nemen' bestaat de uitkomst 'ja' niet.",
    ),
    (
        lambda: traject(e.GateDecided(key=key("besluit"), cycle=1, outcome="go", decided_by=" ")),
        "decider-missing",
        "Bij 'Raadsbesluit nemen' staat nog niet wie heeft besloten.",
    ),
    (
        lambda: traject(e.StepWaived(key=key("zaak"), cycle=1, reason="dubbel", approved_by=" ")),
        "approver-missing",
        "Bij 'Business case' staat nog niet wie het overslaan goedkeurt.",
    ),
    (
        lambda: traject(e.GateDecided(key=key("besluit"), cycle=1, outcome="hold", decided_by="raad", reason="later")),
        "new-date-missing",
        "Bij 'Raadsbesluit nemen' staat nog niet tot wanneer het besluit wacht.",
    ),
    (
        lambda: traject(
            e.GateDecided(
                key=key("besluit"), cycle=1, outcome="hold", decided_by="raad", reason="later", held_until=START
            )
        ),
        "date-in-the-past",
        "'Raadsbesluit nemen' aanhouden tot 4 januari 2027 kan niet: die dag is voorbij of het is vandaag.",
    ),
    (
        lambda: traject(e.DatePromised(key=key("zaak"), cycle=1, on=START)),
        "date-in-the-past",
        "'Business case' toezeggen voor 4 januari 2027 kan niet: die dag is voorbij.",
    ),
    (
        lambda: traject(e.AnchorMoved(cycle=1, anchor=AnchorId("opening"), target=START)),
        "date-in-the-past",
        "'Opening' verzetten naar 4 januari 2027 kan niet: die dag is voorbij.",
    ),
    (
        lambda: traject(e.StepFinished(key=key("zaak"), cycle=1, on=OPENING)),
        "date-in-the-future",
        "'Business case' kan niet op 1 maart 2028 gebeurd zijn: het is vandaag 5 januari 2027.",
    ),
    (
        lambda: traject(e.DatePinned(key=key("zaak"), cycle=1, start_on=OPENING, finish_on=START, reason="zaal bezet")),
        "dates-reversed",
        "Stap 'Business case' kan niet op 4 januari 2027 klaar zijn en op 1 maart 2028 beginnen.",
    ),
    (
        lambda: traject(
            e.StepStarted(key=key("zaak"), cycle=1),
            e.DatePinned(key=key("zaak"), cycle=1, start_on=OPENING, reason="zaal bezet"),
        ),
        "already-started",
        "Stap 'Business case' is al begonnen, op 5 januari 2027.",
    ),
    (
        lambda: traject(e.ClockStopped(key=key("zaak"), cycle=1, reason="stukken")),
        "no-term",
        "Stap 'Business case' heeft geen wettelijke termijn.",
    ),
    (
        lambda: traject(*[e.ClockStopped(key=key("termijn"), cycle=1, reason="stukken")] * 2),
        "already-suspended",
        "De termijn van 'Vergunning krijgen' staat al stil.",
    ),
    (
        lambda: traject(e.ClockResumed(key=key("termijn"), cycle=1)),
        "not-suspended",
        "De termijn van 'Vergunning krijgen' staat niet stil. Hij loopt al.",
    ),
    (
        lambda: traject(e.TermExtended(key=key("termijn"), cycle=1, reason="druk")),
        "no-extension",
        "De termijn van 'Vergunning krijgen' kan niet langer: de wet geeft geen verlenging.",
    ),
    (
        lambda: traject(e.AnchorMoved(cycle=1, anchor=AnchorId("feest"), target=OPENING)),
        "unknown-anchor",
        "Er is geen ankerdatum 'feest'.",
    ),
    (
        lambda: traject(e.AnchorMoved(cycle=1, anchor=AnchorId("opening"), target=None)),
        "target-missing",
        "'Opening' kan niet zonder streefdatum.",
    ),
    (
        lambda: traject(done("instroom@eerste"), e.AnchorMoved(cycle=1, anchor=AnchorId("opening"), target=OPENING)),
        "anchor-happened",
        "'Opening' is al gebeurd, op 5 januari 2027. De streefdatum ligt vast.",
    ),
    (
        lambda: traject(
            e.AnchorMoved(cycle=1, anchor=AnchorId("opening"), target=OPENING, seen=AnchorDates(START)),
        ),
        "anchor-changed",
        "Iemand anders heeft 'Opening' verzet. De datum is nu: 1 maart 2028.",
    ),
    (
        lambda: traject(e.ItemsChanged(cycle=1, list=ListId("komst"), items=(), seen=(Item("tweede", OPENING),))),
        "list-changed",
        "Iemand anders heeft de lijst 'Instroommoment' veranderd.",
    ),
    (
        lambda: traject(e.ItemsChanged(cycle=1, list=ListId("feest"), items=())),
        "unknown-list",
        "Er is geen lijst 'feest'.",
    ),
    (
        lambda: traject(e.ItemsChanged(cycle=1, list=ListId("komst"), items=(Item("2", OPENING),))),
        "bad-item-key",
        "In lijst 'Instroommoment' kan '2' geen naam zijn.",
    ),
    (lambda: start_traject(title=" "), "title-missing", "Het traject heeft nog geen naam."),
    (lambda: slug_of("???"), "bad-slug", "Van '???' is geen korte naam te maken."),
    (lambda: start_traject(targets={}), "bad-answers", "'Opening' kan niet zonder streefdatum."),
    (
        lambda: start_traject(answers={"kleur": "rood", "plekken": "900", "vorm": "tent", "bekend": "wie weet"}),
        "bad-answers",
        "De vraag 'kleur' staat niet in het stappenplan. "
        "'900' past niet bij 'plekken'. Geef een heel getal van 1 tot en met 500. "
        "'tent' past niet bij 'vorm'. Kies uit: tgo (Tijdelijke opvang) of vge (Eigen exploitatie). "
        "'wie weet' past niet bij 'bekend'. Zeg ja of nee.",
    ),
    (
        lambda: start_traject(answers={"vorm": ""}),
        "bad-answers",
        "Er is nog geen antwoord op 'vorm' (Welke vorm?). "
        "Kies uit: tgo (Tijdelijke opvang) of vge (Eigen exploitatie).",
    ),
    (
        lambda: start_traject(targets={"opening": START - timedelta(days=1)}),
        "bad-answers",
        "De streefdatum van 'Opening' (3 januari 2027) ligt voor de eerste dag (4 januari 2027).",
    ),
    (
        lambda: open_cycle(town(), start_on=START, kind="feest", answers={}, targets={}),
        "unknown-cycle-kind",
        "Stappenplan 'voorbeeld' kent geen doorloop van de soort 'feest'.",
    ),
    (
        lambda: start_traject(start_on=date(1950, 1, 2)),
        "calendar-year-missing",
        "Kalender 'nl' begint in 1990. Voor 1950 is er geen kalender.",
    ),
    (
        lambda: shift(date(9999, 12, 1), Span.parse("3m")),
        "date-out-of-range",
        "3 maanden vanaf 1 december 9999 ligt buiten de jaren 1 tot en met 9999.",
    ),
    (
        lambda: WorkCalendar(name="nl").add_working_days(date(9999, 12, 1), 500),
        "date-out-of-range",
        "Deze datum ligt na het jaar 9999.",
    ),
    (lambda: Span.parse("veel"), "bad-span", "'veel' is geen lengte van tijd."),
    (
        lambda: WorkCalendar(name="leeg", weekdays=frozenset()),
        "calendar-without-working-days",
        "Kalender 'leeg' heeft in de week geen enkele werkdag.",
    ),
    (
        lambda: FixedDay(2, 29, "Schrikkeldag"),
        "bad-holiday",
        "'Schrikkeldag' valt op 29-2. Die dag is er niet elk jaar.",
    ),
    (lambda: EasterDay(300, "Ver"), "bad-holiday", "'Ver' valt buiten het jaar van Pasen."),
    (lambda: load_calendar("mars"), "unknown-calendar", "Er is geen kalender 'mars'."),
    (lambda: read_rehearsal(Path("weg.yaml")), "unknown-file", "Bestand 'weg.yaml' is niet te openen."),
    (lambda: check_email("geen adres"), "address-invalid", "Dit e-mailadres kan Regie niet gebruiken."),
    (
        lambda: in_a_channel("jsons://example.nl"),
        "channel-scheme",
        "Een kanaal van de soort 'jsons' mag hier niet.",
    ),
    (
        lambda: in_a_channel("ntfys://ntfy.example.nl/regie"),
        "channel-internal-host",
        "De computer 'ntfy.example.nl' staat op een intern netwerk. Daar mag een kanaal niet heen.",
    ),
    (
        lambda: in_a_channel("ntfys://ntfy.example.nl/regie?attach=file"),
        "channel-option",
        "In dit adres staat een optie die niet mag.",
    ),
    (taken_port, "port-in-use", ""),
    (
        lambda: check_plain("a\x00b", "reason"),
        "control-character",
        "In 'reden' staat een teken dat Regie niet kan bewaren (U+0000).",
    ),
    (
        lambda: load_settings(language="fy", brake_messages_per_day=0, base_url="regie.nl"),
        "settings-invalid",
        "De instellingen kloppen niet. REGIE_BASE_URL moet een webadres zijn dat begint met http:// of https://. "
        "REGIE_LANGUAGE moet een van deze zijn: nl of en. REGIE_BRAKE_MESSAGES_PER_DAY is een te laag getal.",
    ),
    (
        lambda: load_settings(mail_url="mailto://127.0.0.1:25"),
        "settings-invalid",
        "De instellingen kloppen niet. REGIE_MAIL_URL werkt alleen samen met REGIE_MAIL_FROM.",
    ),
]


def refusal_of(attempt: Callable[[], object], code: str) -> Refusal:
    with pytest.raises(RegieError) as refused:
        attempt()
    assert refused.value.code == code
    assert code in REFUSALS
    refusal = say_refusal(refused.value)
    assert refusal.message != refused.value.message
    check_dutch(refusal)
    return refusal


ENGLISH = re.compile(
    r"\b(the|a step|cannot|could|not|needs?|there|this|with|was|were|has|have|does|one of|choose|unknown|already|"
    r"until|before|finish|decide|give|try|again|and|date|somebody|None|nothing)\b"
)


def check_dutch(refusal: Refusal) -> None:
    said = f"{refusal.message} {refusal.advice}"
    assert "{" not in said
    assert "[]" not in said
    # what somebody typed or named is quoted or in brackets, and may be in any language
    own_words = re.sub(r"'[^']*'|\([^)]*\)|(go|hold|no-go)\b|\b[a-z]+_[a-z_]+\b", "", said)
    assert ENGLISH.findall(own_words) == []
    assert refusal.advice


@pytest.mark.parametrize(("attempt", "code", "says"), CORE, ids=[f"{code}-{n}" for n, (_, code, _) in enumerate(CORE)])
def test_refusal_is_said_in_dutch_with_what_to_do(attempt: Callable[[], object], code: str, says: str) -> None:
    refusal = refusal_of(attempt, code)

    assert says in (refusal.message, "")


def test_step_that_is_too_early_says_what_comes_first_and_when() -> None:
    refusal = refusal_of(lambda: traject(done("vergunning")), "step-not-ready")

    assert refusal.advice == (
        "Ga eerst daarmee verder. Volgens het plan begint 'Vergunning aanvragen' op 11 januari 2027."
    )


def test_step_that_waits_for_time_alone_is_not_said_to_wait_for_what_is_done() -> None:
    town_that_rests = compiled(TOWN.replace("needs: [zaak]", "needs: [{finish_to_start: zaak, lag: 20wd}]"))
    changes = started(town_that_rests, START, targets={"opening": OPENING})

    early = refusal_of(lambda: after(changes, START, done("zaak"), done("vergunning")), "step-not-ready")

    assert early.message == "Stap 'Vergunning aanvragen' is nog niet aan de beurt. Afronden kan nog niet."
    assert early.advice == "Volgens het plan begint de stap op 2 februari 2027."


def test_choices_are_given_as_they_are_typed_with_their_titles() -> None:
    asked = e.GateDecided(key=key("besluit"), cycle=1, outcome="ja", decided_by="raad")

    assert refusal_of(lambda: traject(asked), "unknown-outcome").advice == "Kies uit: go, hold (Aanhouden) of no-go."
    assert refusal_of(unknown_copy, "unknown-step").advice == "Bedoelde u 'zaak'?"


# --- files and databases -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("calendar: k\ntitle: K\nholidays: [{name: Feest}]\n", "klopt de feestdag 'Feest' niet."),
        (
            "calendar: k\ntitle: K\nholidays: [{name: Feest, day: 02-30}]\n",
            "'Feest' valt op 30-2. Die dag is er niet elk jaar.",
        ),
        ("calendar: k\ntitle: K\nbased_on: mars\n", "bouwt voort op 'mars', maar die is er niet."),
        ("calendar: k\ntitle: K\nbased_on: eigen\n", "bouwt voort op 'eigen', en die weer op deze."),
        ("calendar: k\ntitle: K\nworks_on_holidays: [Feest]\n", "de onbekende feestdag 'Feest' bij works_on_holidays."),
        ("calendar: k\ntitle: K\nfeesten: []\n", "gaat het mis bij 'feesten': dit kent Regie niet."),
        (
            "calendar: k\ntitle: K\nperiods: [{name: Zomer, first: 2027-08-01, last: 2027-07-01}]\n",
            "eindigt de periode 'Zomer' voor zij begint.",
        ),
        (
            "calendar: k\ntitle: K\ndays_off: [{on: 2027-08-02, name: Brug}]\nworking: [{on: 2027-08-02, name: Brug}]\n",
            "is 2 augustus 2027 een vrije dag en ook een werkdag.",
        ),
        ("calendar: [", "is niet te lezen."),
    ],
)
def test_calendar_file_is_refused_with_its_name_and_the_place(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "eigen.yaml"
    file.write_text(text, encoding="utf-8")

    refusal = refusal_of(lambda: load_calendar(file), "calendar-invalid")

    assert refusal.message.endswith(says)
    assert str(file) in refusal.message


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "regie.db"
    engine = create_engine_for(f"sqlite:///{path}")
    upgrade(engine)
    engine.dispose()
    return path


@pytest.mark.parametrize(
    ("version", "says"),
    [
        ("9999", "De database heeft versie 9999, van een nieuwere Regie dan deze"),
        ("0001", "De database heeft versie 0001. Deze Regie heeft"),
        ("abc", "De database zegt dat hij versie 'abc' heeft. Die bestaat niet."),
    ],
)
def test_database_of_another_version_says_which(database: Path, version: str, says: str) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (version,))
    connection.close()

    refusal = refusal_of(lambda: check_schema(create_engine_for(f"sqlite:///{database}")), "database-version")

    assert refusal.message.startswith(says)


def test_empty_and_foreign_databases_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "brief.db").write_text("geen database, maar een brief die lang genoeg is om er een te lijken" * 20)

    empty = refusal_of(lambda: check_schema(create_engine_for(f"sqlite:///{tmp_path}/leeg.db")), "database-version")
    foreign = refusal_of(lambda: check_schema(create_engine_for(f"sqlite:///{tmp_path}/brief.db")), "database-version")

    assert empty.message == "De database is nog leeg."
    assert foreign.message.endswith("brief.db' is geen database van Regie.")


def test_locked_database_says_to_try_again(database: Path) -> None:
    held = sqlite3.connect(database, isolation_level=None)
    held.execute("BEGIN IMMEDIATE")
    engine = create_engine_for(f"sqlite:///{database}", busy_timeout_ms=50)

    refusal = refusal_of(
        lambda: in_transaction(engine, lambda session: create_traject(session, slug="a", title="A", now=at(START))),
        "database-locked",
    )

    held.close()
    assert refusal.message == f"De database 'sqlite:///{database}' is nu in gebruik."


def test_what_is_not_in_the_database_is_named(database: Path) -> None:
    engine = create_engine_for(f"sqlite:///{database}")
    nobody = PersonId("p99")

    with read_scope(engine) as session:
        for attempt, code, says in (
            (lambda: retry(session, "x1", "an"), "unknown-message", "Er is geen bericht 'x1'."),
            (lambda: find_traject_id(session, "de-wilg"), "unknown-traject", ""),
            (
                lambda: set_absence(session, nobody, OPENING, START),
                "dates-reversed",
                "Een afwezigheid kan niet eindigen op 4 januari 2027 en beginnen op 1 maart 2028.",
            ),
            (
                lambda: set_absence(session, nobody, START, OPENING),
                "unknown-person",
                "Er is geen persoon met nummer 'p99'.",
            ),
            (
                lambda: save_person(session, name="An", email="", language="fy"),
                "language-unknown",
                "De taal 'fy' kent Regie niet.",
            ),
        ):
            assert says in (refusal_of(attempt, code).message, ""), code


def test_database_that_cannot_be_reached_and_a_wrong_address_say_where_to_look(tmp_path: Path) -> None:
    nowhere = create_engine_for(f"sqlite:///{tmp_path}/weg/regie.db")

    unreachable = refusal_of(lambda: check_schema(nowhere), "database-unreachable")
    wrong = refusal_of(lambda: create_engine_for("oracle://db"), "database-url-invalid")

    assert unreachable.message == f"De database 'sqlite:///{tmp_path}/weg/regie.db' is niet te bereiken."
    assert "REGIE_DATABASE_URL" in wrong.advice


def test_damaged_audit_key_says_to_put_it_back(tmp_path: Path) -> None:
    (tmp_path / "audit.key").write_text("half")

    refusal = refusal_of(lambda: load_audit_key(load_settings(data_dir=tmp_path)), "settings-invalid")

    assert refusal.message == f"Het bestand '{tmp_path}/audit.key' met de sleutel van de geschiedenis is niet heel."


# --- what is left as it is ---------------------------------------------------------------------------


def test_english_is_what_the_refusal_says_itself() -> None:
    with pytest.raises(Refused) as refused:
        traject(done("zaak"), e.StepFinished(key=key("vergunning"), cycle=1))

    assert say_refusal(refused.value, "en") == Refusal("'vergunning' needs evidence", "give a link or a document")


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(NotFound("no such bird", code="unknown-bird", hint="look up"), id="code-without-words"),
        pytest.param(Refused("no such bird", code="no-term", hint="look up"), id="fact-that-is-missing"),
        pytest.param(Refused("no such bird", code="no-term", hint="look up", step=None), id="fact-that-is-not-known"),
    ],
)
def test_what_cannot_be_said_in_dutch_is_said_in_english(error: RegieError) -> None:
    assert say_refusal(error) == Refusal("no such bird", "look up")


def test_braces_in_what_somebody_typed_are_said_as_they_are() -> None:
    error = NotFound("x", code="unknown-anchor", anchor="{geheim}", options=["{step}"])

    assert say_refusal(error) == Refusal("Er is geen ankerdatum '{geheim}'.", "Kies uit: {step}.")


def test_many_steps_are_counted() -> None:
    waiting = [f"s{number}" for number in range(9)]
    error = Refused("x", code="finish-held-back", step="a", waits_for=waiting, unfinished=waiting)

    assert say_refusal(error).message.endswith("nodig: 's0', 's1', 's2', 's3' en nog 5 andere.")


def test_copy_of_a_step_is_told_apart_by_its_number() -> None:
    error = Refused("x", code="no-term", step="overleg@3", titles={"overleg": {"nl": "Overleg voeren"}})

    assert say_refusal(error).message == "Stap 'Overleg voeren (3e keer)' heeft geen wettelijke termijn."
