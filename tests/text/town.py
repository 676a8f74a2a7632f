"""A small municipality with Dutch titles: a definition as an author writes it, its plan, and letters about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Any

from regie.core.definition import Definition, Kind
from regie.core.ids import AnchorId, OccurrenceKey, PersonId, RoleId
from regie.core.lines import Line
from regie.core.opening import open_cycle
from regie.core.plan import Plan
from regie.core.settle import settle
from regie.core.traject import Cycle, Occurrence, Traject
from regie.text.letter import Addressee, Letter, LetterPart
from tests.support.authoring import compiled
from tests.support.builders import key

START = date(2027, 1, 4)
OPENING = date(2027, 9, 1)

TOWN = """
calendar: nl
legal_calendar: nl-wettelijk
language: nl
anchors:
  start: {title: {nl: Start, en: Start}}
  openbaar: {title: {nl: Locatie openbaar, en: Location made public}, set_by: informeren}
  opening: {title: {nl: Opening, en: Opening}, target: required, set_by: instroom}
questions:
  plekken: {ask: {nl: Hoeveel plekken?, en: How many places?}, number: {from: 1, to: 500}, default: 80}
  vorm:
    ask: {nl: Welke vorm?, en: Which form?}
    one_of: {tgo: Tijdelijke opvang, vge: Eigen exploitatie}
    default: vge
  groepen:
    ask: {nl: Voor wie?, en: For whom?}
    some_of: {gezinnen: Gezinnen, amv: Alleenstaande minderjarigen}
    default: [gezinnen]
  bekend: {ask: {nl: Ligt de locatie vast?, en: Is the location fixed?}, yes_no: true, default: false}
lists:
  komst: {title: {nl: Instroommoment, en: Arrival}, first_on: opening}
bodies:
  raad:
    title: {nl: Gemeenteraad, en: Municipal council}
    meets: {every: 4w, on: thursday, from: 2027-01-14}
    papers: 15wd
roles:
  lead: {title: {nl: Projectleider, en: Project lead}}
  beleid: {title: {nl: Beleidsadviseur, en: Policy adviser}}
  wethouder: {title: {nl: Wethouder, en: Alderman}}
  ggd: {title: {nl: GGD, en: Public health service}}
  school: {title: {nl: Schoolbestuur, en: School board}}
tracks:
  bestuur: {title: {nl: Bestuur, en: Governance}}
  locatie: {title: {nl: Locatie, en: Location}, in_all_phases: true}
phases:
  voor: {title: {nl: Voorbereiden, en: Prepare}, about: Alles tot het besluit., example: true}
  uit: {title: {nl: Uitvoeren, en: Operate}}
cycle_kinds:
  improvement: {title: {nl: Verbeteren, en: Improvement}}
notices:
  lead: lead
  to: {ready: responsible, due-soon: responsible, due: responsible, overdue: responsible, done: informed}
steps:
  visie:
    title: {nl: Visie vaststellen, en: Adopt the vision}
    phase: voor
    track: bestuur
    done_when: {nl: Het college stelde de visie vast., en: The executive adopted the vision.}
    responsible: beleid
    accountable: wethouder
    takes: 10wd
    due: 15wd after start
  nota:
    title: {nl: Nota schrijven, en: Write the note}
    phase: voor
    track: bestuur
    responsible: lead
    takes: 5wd
    needs: [visie]
    due: 5wd after predecessors
  raming:
    title: {nl: Raming maken, en: Make the estimate}
    phase: voor
    track: bestuur
    responsible: beleid
    takes: 20wd
    needs: [{start_to_start: visie, lag: 3wd}]
  kader:
    title: {nl: Kader bespreken, en: Discuss the frame}
    phase: voor
    track: bestuur
    responsible: lead
    takes: 2wd
    needs: [nota, {finish_to_finish: raming, lag: 5wd}]
  rustig:
    title: {nl: Rust inbouwen, en: Pause}
    phase: voor
    responsible: lead
    takes: 1wd
    needs: [{finish_to_start: visie, lag: 3wd}]
  besluit:
    title: {nl: Raadsbesluit nemen, en: Decide in council}
    phase: voor
    track: bestuur
    responsible: wethouder
    consulted: [ggd]
    informed: [school]
    needs: [nota]
    takes: 5wd
    due: 40wd after start
    gate: {decided_by: raad, no_go: ends the cycle}
  informeren:
    title: {nl: Omwonenden informeren, en: Inform the neighbours}
    phase: voor
    track: locatie
    done_when: {nl: Iedereen in de eerste ring weet het.}
    responsible: ggd
    confidential_until: openbaar
    needs: [visie]
    takes: 2wd
    due: 20wd after start
  aanvraag:
    title: {nl: Vergunning aanvragen, en: Apply for the permit}
    phase: uit
    track: locatie
    responsible: lead
    needs: [besluit]
    takes: 3wd
  vergunning:
    title: {nl: Vergunning krijgen, en: Get the permit}
    phase: uit
    track: locatie
    responsible: wethouder
    needs: [aanvraag]
    term: {length: 8w, extension: 6w, kind: law, article: Omgevingswet 16.64, source: BWBR0037885, after: aanvraag}
  inrichten:
    title: {nl: Inrichten, en: Furnish}
    phase: uit
    track: locatie
    responsible: lead
    needs: [vergunning, rustig]
    takes: 10wd
    window: {from: 30wd before opening}
  tolken:
    title: {nl: Tolken regelen, en: Arrange interpreters}
    phase: uit
    responsible: ggd
    when: plekken >= 100 and (amv in groepen or vorm = tgo)
    takes: 5wd
  opvolgen:
    title: {nl: Tolken opvolgen, en: Follow up interpreters}
    phase: uit
    responsible: ggd
    only_with: tolken
    takes: 5wd
  mijlpaal:
    title: {nl: Alles staat klaar, en: All is ready}
    phase: uit
    responsible: lead
    needs: [inrichten]
    takes: 0wd
  instroom:
    title: {nl: Eerste bewoners ontvangen, en: Receive the first residents}
    phase: uit
    responsible: lead
    needs: [mijlpaal]
    takes: 1wd
  school:
    title: {nl: Kinderen naar school, en: Children to school}
    phase: uit
    responsible: school
    for_each: komst
    needs: [instroom]
    takes: 15wd
    due: 10wd after komst
  overleg:
    title: {nl: Overleg voeren, en: Hold talks}
    phase: uit
    responsible: lead
    needs: [instroom]
    takes: 1wd
    repeats: {every: 1m, from: opening, until: 1y after opening}
"""

NAMES = {"lead": "Fatma Yildiz", "beleid": "Joost van Dam", "wethouder": "Henk de Boer", "ggd": "Marieke Smit"}


@lru_cache(maxsize=1)
def town_definition() -> Definition:
    return compiled(TOWN)


def cycle_on(today: date, *facts: Occurrence, opening: date = OPENING, **answers: object) -> tuple[Cycle, Plan]:
    """The town's first cycle as it stands on a day, with what is known by then."""
    cycle = open_cycle(town_definition(), start_on=START, answers=answers, targets={AnchorId("opening"): opening})
    settled, _ = settle(replace(cycle, occurrences={fact.key: fact for fact in facts}), today)
    return settle(settled, today)


def fact(name: str, **more: Any) -> Occurrence:
    return Occurrence(key(name), **more)


def traject(*cycles: Cycle, title: str = "Opvang De Wilg") -> Traject:
    return Traject(1, "de-wilg", title, cycles)


def line(
    kind: Kind, name: str, *, due: str = "2027-02-04", part: str = "responsible", role: str = "beleid", **more: Any
) -> Line:
    return Line(kind, 1, key(name), RoleId(role), part, due_on=date.fromisoformat(due) if due else None, **more)


TOKEN = "mfrggzdfmztwq2lkmfrggzdfmztwq2lk"


def part(*lines: Line, definition: Definition | None = None, **more: Any) -> LetterPart:
    """What a message says about one traject, led by Fatma Yildiz."""
    values: dict[str, Any] = {
        "traject_id": 1,
        "traject_slug": "de-wilg",
        "traject_title": "Opvang De Wilg",
        "cycle": 1,
        "cycle_kind": "first",
        "definition": definition or town_definition(),
        "lines": lines,
        "people": {RoleId(role): (name,) for role, name in NAMES.items()},
        "links": {each.key: TOKEN for each in lines},
        "lead_name": "Fatma Yildiz",
        "lead_email": "fatma@gemeente.example",
    }
    return LetterPart(**{**values, **more})


def letter(
    *parts: LetterPart,
    language: str = "nl",
    name: str = "Joost van Dam",
    email: str = "joost@gemeente.example",
    is_digest: bool = False,
    deputy_names: Mapping[PersonId, str] | None = None,
) -> Letter:
    to = Addressee(PersonId("p1"), name, email, language)
    return Letter("7f3a-21", 1, to, parts, is_digest=is_digest, deputy_names=deputy_names or {})


def keys(*names: str) -> tuple[OccurrenceKey, ...]:
    return tuple(key(name) for name in names)


def days(days: Mapping[str, str]) -> Mapping[OccurrenceKey, date]:
    return {key(name): date.fromisoformat(day) for name, day in days.items()}


def paragraphs(text: str) -> Sequence[str]:
    """The paragraphs of a text, each on one line."""
    return [" ".join(block.split()) for block in text.split("\n\n")]
