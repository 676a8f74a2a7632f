"""The default definition and the domain dossier say the same, field by field."""

from __future__ import annotations

import re
from functools import lru_cache

import pytest

from regie.core.definition import DateBase, DateRule, Definition, RelationType, RerunCode, Step
from regie.core.ids import StepId
from regie.definitions import load_definition
from tests.definitions.dossier import DOSSIER, Row, read_steps

ROWS = read_steps()
CODES = {
    "O": RerunCode.REDO,
    "L": RerunCode.LIGHT,
    "B": RerunCode.KEEP,
    "D": RerunCode.RUNS_ON,
    "-": RerunCode.DROP,
}
ANCHORS = {"S": "start", "G": "go", "O": "opening", "L": "locatie-openbaar", "E": "einde"}

# Durations that the dossier gives as prose, and how the definition says them: each case in order.
LENGTHS = {
    "f1-bekostiging-aanvragen": ["13w"],
    "f1-aanbesteding-of-subsidie": ["90wd", "60wd"],
    "f1-bouw-of-verbouw": ["110wd", "220wd", "90wd"],
    "f1-vergunningbesluit": [],  # the statutory term is its length
    "f1-rechtsmiddelen-bewaken": [],
    "f2-brede-intake-en-pip": [],
    "f2-koppeling-en-huisvesting": ["12w"],  # 10 weeks to find and 2 to move
    "f2-warme-overdracht-en-nazorg": ["65wd"],  # 5 days handover and 60 days aftercare
}
# Statutory lengths in the duration or due cell, marked W.
TERMS = {
    "f1-vergunningbesluit": [("6m", "6w"), ("8w", "6w")],
    "f1-rechtsmiddelen-bewaken": [("6w", None)],
    "f1-gebruiksmelding-brandveilig": [("4w", None)],
    "f1-integriteitstoets-bibob": [("8w", "4w")],
    "f1-dpia-en-verwerkers": [("8w", "6w")],
    "f2-schoolplaatsing": [("2m", None)],
    "f2-welkom-en-intake": [("30d", None)],
    "f2-brede-intake-en-pip": [("10w", None)],
}
TERM_EVENTS = {
    "f1-integriteitstoets-bibob": [("law", "f0-go-besluit")],
    "f1-gebruiksmelding-brandveilig": [("before-event", "opening")],
    "f1-dpia-en-verwerkers": [("eu", "")],
    "f1-vergunningbesluit": [("law", "f1-vergunning-aanvragen"), ("law", "f1-vergunning-aanvragen")],
    "f1-rechtsmiddelen-bewaken": [("law", "f1-vergunningbesluit")],
    "f2-welkom-en-intake": [("eu", "f2-gefaseerde-instroom")],
    "f2-brede-intake-en-pip": [("amvb", "f2-koppeling-en-huisvesting")],
    "f2-schoolplaatsing": [("eu", "f2-welkom-en-intake")],
}
# Due rules that the dossier gives as prose.
DUES = {
    "f0-regionale-afstemming-regietafel": ["before 1 november in even years"],
    "f0-intentieovereenkomst-coa": ["before f0-go-besluit"],
    "f0-krediet-begrotingswijziging": ["on f0-go-besluit"],
    "f0-nulmeting-veiligheid-leefbaarheid": ["before f0-go-besluit"],
    "f1-aanbesteding-of-subsidie": ["130wd before opening", "70wd before opening"],
    "f1-gunning-en-contractering": ["115wd before opening", "50wd before opening"],
    "f1-integriteitstoets-bibob": ["before f1-gunning-en-contractering"],
    "f1-advies-raad-bopa": ["8w after f1-vergunning-aanvragen"],
    "f1-vergunningbesluit": ["8w after f1-vergunning-aanvragen"],
    "f1-rechtsmiddelen-bewaken": ["6w after vergunning"],
    "f1-gebruiksmelding-brandveilig": ["6w before opening"],  # the advice; the law is the term
    "f1-open-dag": [],  # a window
    "f2-gefaseerde-instroom": ["on arrival"],
    "f2-schoolplaatsing": ["20wd after arrival"],
    "f2-koppeling-en-huisvesting": ["12w after koppeling"],
    "f2-brede-intake-en-pip": ["10w after koppeling"],
    "f2-warme-overdracht-en-nazorg": ["65wd after uitstroom"],
    "f2-perspectief-en-vertrek": ["on overplaatsing"],
    "f2-oefening-en-incidentevaluatie": ["10wd after incident"],
}
# Conditions are prose in the dossier: what a cell says, and how the definition says it.
CONDITIONS = {
    "f0-regionale-afstemming-regietafel": (
        "asielzoekers or regional variant",
        "asielzoekers in doelgroepen or regionaal",
    ),
    "f0-intentieovereenkomst-coa": (
        "asielzoekers and gemeentelijke exploitatie",
        "asielzoekers in doelgroepen and opvangvorm in [tgo, dgo, vge]",
    ),
    "f0-krediet-begrotingswijziging": ("not covered by current begroting", "not budget-in-begroting"),
    "f0-locatiezoektocht": ("no locatie fixed yet", "not locatie-bekend"),
    "f0-grondpositie": ("not if own building for own use", "eigendom != eigen-gebruik"),
    "f1-coa-exploitatieovereenkomst": (
        "asielzoekers (at COA-beheer: bestuursovereenkomst only)",
        "asielzoekers in doelgroepen",
    ),
    "f1-bekostiging-aanvragen": (
        "regeling with aanvraag (doorstroomlocatie, ontheemden, OHBA)",
        "opvangvorm in [doorstroomlocatie, ontheemden] or bekostiging-op-aanvraag",
    ),
    "f1-aanbesteding-of-subsidie": ("diensten/werken by third parties", "uitvoering != eigen-team"),
    "f1-integriteitstoets-bibob": (
        "local Bibob-beleid covers the vastgoedtransactie, vergunning, subsidie or opdracht",
        "bibob-beleid",
    ),
    "f1-gunning-en-contractering": ("as f1-aanbesteding-of-subsidie", "uitvoering != eigen-team"),
    "f1-huur-koop-overeenkomst": ("not own property", "eigendom != eigen-gebruik"),
    "f1-vergunning-aanvragen": (
        "bopa, bouw or wijziging gebruik",
        "planologisch in [bopa, bopa-uitgebreid] or gebouw != bestaand",
    ),
    "f1-advies-raad-bopa": ("raad designated this geval (Ow 16.15a/b)", "raadsadvies-bopa"),
    "f1-vergunningbesluit": (
        "as f1-vergunning-aanvragen",
        "planologisch in [bopa, bopa-uitgebreid] or gebouw != bestaand",
    ),
    "f1-rechtsmiddelen-bewaken": (
        "as f1-vergunning-aanvragen",
        "planologisch in [bopa, bopa-uitgebreid] or gebouw != bestaand",
    ),
    "f1-bouw-of-verbouw": ("verbouw, units or nieuwbouw", "gebouw in [verbouw, units, nieuwbouw]"),
    "f1-nutsaansluitingen": ("new or heavier aansluiting", "nieuwe-aansluiting"),
    "f1-gebruiksmelding-brandveilig": (
        "gebruiksfunctie logiesgebouw > 10 p, kamergewijze verhuur, woonfunctie zorg, bijeenkomst > 50 p (Bbl tabel 6.6)",
        "gebruiksfunctie in [logiesgebouw, kamergewijze-verhuur, woonfunctie-zorg, bijeenkomst]",
    ),
    "f1-werving-team": ("own staff or joint team", "uitvoering in [eigen-team, gemengd]"),
    "f1-plaatsingsafspraken": (
        "asielzoekers or statushouders",
        "asielzoekers in doelgroepen or statushouders in doelgroepen",
    ),
    "f1-leefgeld-en-verstrekkingen": ("gemeente pays or hands out verstrekkingen", "gemeente-verstrekt"),
    "f1-onderwijs-en-leerlingenvervoer": ("minderjarigen", "minderjarigen in doelgroepen or amv in doelgroepen"),
    "f1-werkgeversafspraken": ("volwassenen with (coming) access to work", "volwassenen-mogen-werken"),
    "f1-woonafspraken-corporaties": ("statushouders expected", "statushouders in doelgroepen"),
    "f1-amv-voorwaarden": ("amv", "amv in doelgroepen"),
    "f2-einddatum-verlengen-of-afbouwen": ("temporary vergunning, huur or overeenkomst", "tijdelijk"),
    "f2-schoolplaatsing": ("minderjarigen", "minderjarigen in doelgroepen or amv in doelgroepen"),
    "f2-toeleiding-naar-werk": ("volwassenen with access to work", "volwassenen-mogen-werken"),
    "f2-koppeling-en-huisvesting": ("statushouders", "statushouders in doelgroepen"),
    "f2-brede-intake-en-pip": ("statushouders linked to this gemeente", "statushouders in doelgroepen"),
    "f2-warme-overdracht-en-nazorg": (
        "statushouders or ontheemden",
        "statushouders in doelgroepen or ontheemden in doelgroepen",
    ),
    "f2-perspectief-en-vertrek": ("asielzoekers", "asielzoekers in doelgroepen"),
    "f3-monitoring-inburgering": ('statushouders (else report "n.v.t.")', "statushouders in doelgroepen"),
}
EVERY = {"kwartaal": "3m", "maand": "1m", "halfjaar": "6m", "jaar": "1y", "2 weken": "2w", "week": "1w"}


@lru_cache(maxsize=1)
def opvang() -> Definition:
    return load_definition("opvang")


def steps() -> list[pytest.ParameterSet]:
    return [pytest.param(row, id=row.id) for row in ROWS]


def step_of(row: Row) -> Step:
    return opvang().steps[StepId(row.id)]


def test_numbers_of_the_dossier_hold() -> None:
    definition = opvang()
    relations = [(step, need) for step in definition.steps.values() for need in step.needs]
    per_phase = [sum(step.phase == f"fase-{number}" for step in definition.steps.values()) for number in range(4)]

    assert per_phase == [28, 45, 25, 12]
    assert len(definition.partner_roles()) == 24
    assert [role.id for role in definition.roles.values() if role.is_group] == ["bewoners", "omwonenden"]
    assert len(definition.tracks) == 17
    assert [track.id for track in definition.tracks.values() if track.in_all_phases] == ["locatie", "omgeving"]
    assert sum(step.gate is not None for step in definition.steps.values()) == 12
    assert sum(step.when is not None for step in definition.steps.values()) == 33
    assert len(relations) == 223
    assert sum(need.type is RelationType.FINISH_TO_FINISH for _, need in relations) == 31
    assert sum(step.phase != definition.steps[need.predecessor].phase for step, need in relations) == 87


def test_phases_zero_to_two_are_marked_as_example() -> None:
    assert [phase.is_example for phase in opvang().phases.values()] == [True, True, True, False]


def test_three_steps_are_automated() -> None:
    automated = {step.id: step.automation for step in opvang().steps.values() if step.automation}

    assert sorted(automated.values()) == ["indicatorenblad", "startnota-skelet", "stuurgroeprapport"]


@pytest.mark.parametrize("row", steps())
def test_step_has_the_title_place_and_people_of_its_row(row: Row) -> None:
    step = step_of(row)

    assert step.title["nl"] == row.title
    assert step.title["en"]
    assert (step.phase, step.track) == (row.phase, row.track)
    assert (step.responsible, step.accountable) == (row.responsible, row.accountable)
    assert (step.consulted, step.informed) == (row.consulted, row.informed)
    assert step.done_when["nl"]


@pytest.mark.parametrize("row", steps())
def test_step_waits_for_what_its_row_says(row: Row) -> None:
    needs = tuple((need.type.value, need.predecessor) for need in step_of(row).needs)

    assert needs == row.needs
    assert all(need.lag is None for need in step_of(row).needs)


@pytest.mark.parametrize("row", steps())
def test_step_takes_as_long_as_its_row_says(row: Row) -> None:
    lengths = [str(case.value.span) if case.value.span else "continuous" for case in step_of(row).takes]
    plain = re.match(r"^(\d+) wd e", row.duration)

    if row.id in LENGTHS:
        assert lengths == LENGTHS[row.id]
    elif plain:
        assert lengths == [f"{plain[1]}wd"]
    else:
        assert (row.duration, lengths) == ("D", ["continuous"])


@pytest.mark.parametrize("row", steps())
def test_step_is_due_when_its_row_says(row: Row) -> None:
    step = step_of(row)
    said = [case.value.said for case in step.due]

    if row.id in DUES:
        assert said == DUES[row.id]
    elif row.due.startswith("R ") or (step.repeats and not step.due):
        assert step.repeats
    else:
        assert [shape(case.value) for case in step.due] == [plain_due(row.due)]


def plain_due(cell: str) -> tuple[str, int]:
    match = re.match(r"^(S|G|O|L|I|E|na)([+-])(\d+)wd", cell)
    assert match, cell
    base = {"na": "predecessors", "I": "arrival"}.get(match[1]) or ANCHORS[match[1]]
    return base, int(match[2] + match[3])


def shape(rule: DateRule) -> tuple[str, int]:
    base = {DateBase.PREDECESSORS: "predecessors", DateBase.ITEM: "arrival"}.get(rule.base, rule.ref)
    return base, rule.offset.amount if rule.offset else 0


@pytest.mark.parametrize(
    "row", [pytest.param(row, id=row.id) for row in ROWS if "R " in row.due and row.id != "f1-open-dag"]
)
def test_recurring_step_repeats_in_the_rhythm_of_its_row(row: Row) -> None:
    step = step_of(row)
    words = re.search(r"R (2 weken|week|maand|kwartaal|halfjaar|jaar)", row.due)
    assert words, row.due

    assert str(step.repeats[0].every) == EVERY[words[1]]
    first = re.search(r"first O\+(\d+)wd", row.due)
    if first:
        assert step.repeats[0].first is not None
        assert step.repeats[0].first.said == f"{first[1]}wd after opening"
    then = re.search(r"then (maand|kwartaal)", row.due)
    assert [str(rhythm.every) for rhythm in step.repeats[1:]] == ([EVERY[then[1]]] if then else [])


def test_every_step_that_repeats_in_the_dossier_repeats_and_no_other() -> None:
    repeating = {row.id for row in ROWS if re.search(r"(^|[ ;,])R (2 |week|maand|kwartaal|half|jaar)", row.due)}

    assert {step.id for step in opvang().steps.values() if step.repeats} == repeating


@pytest.mark.parametrize("row", steps())
def test_step_has_the_terms_of_law_that_its_row_names(row: Row) -> None:
    step = step_of(row)
    terms = [
        (str(case.value.length), str(case.value.extension) if case.value.extension else None) for case in step.terms
    ]

    assert terms == TERMS.get(row.id, [])
    for case in step.terms:
        assert case.value.article
        assert case.value.source
        assert case.value.valid_from


@pytest.mark.parametrize("row", steps())
def test_step_has_a_condition_and_a_gate_exactly_where_its_row_has(row: Row) -> None:
    step = step_of(row)

    assert (step.when is None) == row.condition.startswith("altijd")
    assert (step.gate is not None) == row.is_gate


@pytest.mark.parametrize("row", [pytest.param(row, id=row.id) for row in ROWS if row.id in CONDITIONS])
def test_condition_says_what_its_row_says(row: Row) -> None:
    when = step_of(row).when

    assert when is not None
    assert (row.condition, when.said) == CONDITIONS[row.id]


def test_shelf_lives_are_those_of_section_3_2() -> None:
    kept = {step.id: str(step.keeps) for step in opvang().steps.values() if step.keeps}

    assert kept == {
        "f0-participatieverslag": "2y",
        "f1-integriteitstoets-bibob": "5y",
        "f1-vog-en-screening": "3y",
        "f1-dpia-en-verwerkers": "3y",
    }


def test_reminders_are_the_working_days_of_section_2() -> None:
    text = DOSSIER.read_text(encoding="utf-8")
    section = text[text.index("## 2. Partner roles") : text.index("Notification principles")]
    wishes = dict(re.findall(r"^\| ([a-z-]+) \|.*\| ([^|]+) \|$", section, flags=re.MULTILINE))

    for role in opvang().roles.values():
        named = [
            f"{days}wd"
            for group in re.findall(r"(\d+(?: and \d+)?) wd before|^(\d+) wd", wishes[role.id])
            for days in re.findall(r"\d+", " ".join(group))
        ]
        assert not named or [str(span) for span in role.reminded] == named, role.id


@pytest.mark.parametrize("row", steps())
def test_terms_count_from_the_event_and_by_the_kind_that_the_law_gives(row: Row) -> None:
    kinds = [(case.value.kind.value, (case.value.after or case.value.before)) for case in step_of(row).terms]

    assert [(kind, rule.said if rule else "") for kind, rule in kinds] == TERM_EVENTS.get(row.id, [])


def test_the_open_day_has_the_window_of_its_row() -> None:
    window = opvang().steps[StepId("f1-open-dag")].window

    assert window is not None
    rules = [rule.said for rule in (window.opens, window.closes) if rule]
    assert rules == ["10wd before opening", "3wd before opening"]


@pytest.mark.parametrize("row", steps())
def test_step_is_rerun_as_its_row_says(row: Row) -> None:
    assert step_of(row).rerun == {
        "improvement": CODES[row.improvement],
        "expansion-here": CODES[row.expansion[0]],
        "expansion-elsewhere": CODES[row.expansion[1]],
    }


def test_roles_are_those_of_the_dossier() -> None:
    text = DOSSIER.read_text(encoding="utf-8")
    section = text[text.index("## 2. Partner roles") : text.index("Notification principles")]
    named = re.findall(r"^\| ([a-z-]+) \|", section, flags=re.MULTILINE)

    assert sorted(opvang().roles) == sorted(name for name in named if name != "id")


def test_tracks_are_those_of_the_dossier() -> None:
    text = DOSSIER.read_text(encoding="utf-8")
    section = text[text.index("### 1.2 Tracks") : text.index("`locatie` and `omgeving` have work")]

    assert sorted(opvang().tracks) == sorted(re.findall(r"`([a-z-]+)`", section))


@pytest.mark.parametrize(
    ("gate", "outcome", "effect"),
    [
        ("f0-collegebesluit-startnota", "no-go", "ends the cycle"),
        ("f0-go-besluit", "no-go", "ends the cycle"),
        ("f0-krediet-begrotingswijziging", "no-go", "stays closed"),
        ("f1-coa-exploitatieovereenkomst", "no-go", "stays closed"),
        ("f1-advies-raad-bopa", "no-go", "ends steps"),
        ("f1-amv-voorwaarden", "no-go", "stays closed"),
        ("f1-oplevering-en-schouw", "gedeeltelijk", "opens"),
        ("f1-openingsbesluit", "hold", "waits"),
        ("f3-bijsturen", "doorgaan", "opens"),
    ],
)
def test_gate_does_what_section_1_8_says(gate: str, outcome: str, effect: str) -> None:
    found = opvang().steps[StepId(gate)].gate
    assert found is not None

    assert found.outcomes[outcome].effect.value == effect


def test_only_improving_and_expanding_open_a_next_cycle() -> None:
    gate = opvang().steps[StepId("f3-bijsturen")].gate
    assert gate is not None

    opens = {name: outcome.opens_cycle for name, outcome in gate.outcomes.items() if outcome.opens_cycle}
    assert opens == {"verbeteren": "improvement", "uitbreiden": "expansion-here"}


def test_durations_differ_by_the_cases_that_the_dossier_names() -> None:
    cases = {
        step.id: [case.when.said if case.when else "" for case in step.takes]
        for step in opvang().steps.values()
        if len(step.takes) > 1
    }

    assert cases == {
        "f1-aanbesteding-of-subsidie": ["soort-aanbesteding = eu-openbaar", ""],
        "f1-bouw-of-verbouw": ["gebouw = units", "gebouw = nieuwbouw", ""],
    }


def test_gates_are_decided_by_whom_section_1_8_names() -> None:
    deciders = {step.id: step.gate.decided_by for step in opvang().steps.values() if step.gate}

    # the permit is decided for the college by those who stand apart from the project
    assert deciders == {
        "f0-collegebesluit-startnota": "college",
        "f0-go-besluit": "raad-besluit",
        "f0-krediet-begrotingswijziging": "raad-besluit",
        "f1-coa-exploitatieovereenkomst": "college",
        "f1-advies-raad-bopa": "raad-besluit",
        "f1-vergunningbesluit": "vergunningen",
        "f1-amv-voorwaarden": "zorg-jeugd",
        "f1-dpia-en-verwerkers": "college",
        "f1-oplevering-en-schouw": "projectleider",
        "f1-openingsbesluit": "bestuurder",
        "f2-einddatum-verlengen-of-afbouwen": "college",
        "f3-bijsturen": "bestuurder",
    }
