"""The report for the steering group: one sheet, tagged, readable back, and whatever a title holds is only text."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from pypdf import PdfReader
from sqlalchemy import Engine
from starlette.testclient import TestClient

from regie.clock import VirtualClock
from regie.core.permissions import Right, Role
from regie.core.preview import plan_definition
from regie.core.traject import Traject
from regie.definitions import load_definition
from regie.errors import Incomplete
from regie.reports.status import SteeringFacts, gather_steering_facts
from regie.reports.steering import REPORT, make_steering_paper, make_steering_pdf
from regie.reports.subject import Subject
from regie.store.reported import save_reported
from regie.store.session import write_scope
from tests.web.conftest import Browse
from tests.web.desk import Desk, make_desk, said

NOW = datetime(2027, 11, 1, 9, tzinfo=UTC)
PAGE, PDF = "/trajecten/de-wilg/stuurgroep", "/trajecten/de-wilg/stuurgroep.pdf"


@pytest.fixture(scope="module")
def opvang() -> Subject:
    """The definition of 110 steps five months after its start, with nothing done: as late as can be."""
    definition = load_definition("opvang")
    answers = {each.id: each.default for each in definition.questions.values()}
    today = NOW.date()
    cycle, plan = plan_definition(definition, date(2027, 6, 1), answers, {"opening": date(2028, 6, 1)}, today)
    people = dict.fromkeys(definition.roles, ("Anna-Margaretha van den Heuvel-de Wit", "Bo Jansen"))
    return Subject(Traject(1, "wilg", "Opvang De Wilg", (cycle,)), cycle, plan, today, people)


def pdf(found: SteeringFacts, language: str = "nl") -> PdfReader:
    return PdfReader(io.BytesIO(make_steering_pdf(found, language, "x", NOW).content))


def text(reader: PdfReader) -> str:
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def is_tagged(reader: PdfReader) -> bool:
    catalog = reader.trailer["/Root"]
    return bool(catalog["/MarkInfo"]["/Marked"]) and "/StructTreeRoot" in catalog


def is_ua(reader: PdfReader) -> bool:
    return b"pdfuaid:part" in reader.trailer["/Root"]["/Metadata"].get_data()


@pytest.mark.parametrize("language", ["nl", "en"])
def test_110_steps_fit_on_one_tagged_sheet_with_title_and_language(opvang: Subject, language: str) -> None:
    found = gather_steering_facts(replace(opvang, language=language))
    found = replace(found, stuck=found.stuck * 10)  # more than a sheet has room for

    reader = pdf(found, language)

    assert len(reader.pages) == 1
    assert (round(reader.pages[0].mediabox.width), round(reader.pages[0].mediabox.height)) == (595, 842)
    assert reader.trailer["/Root"]["/Lang"] == language
    assert "Opvang De Wilg" in str(reader.metadata.title)  # type: ignore[union-attr]
    assert is_tagged(reader)
    assert is_ua(reader)
    words = text(reader)
    for each in (found.rooms[0][:40], found.gates[0][0], found.today):
        assert each in words, each
    assert ("En nog " if language == "nl" else "And ") in words.partition(found.stuck[0][0])[2]


def test_what_does_not_fit_is_counted(opvang: Subject) -> None:
    found = gather_steering_facts(opvang)
    paper = make_steering_paper(found, "nl", limits=replace_limits(stuck=2))

    (stuck,) = [each for each in paper.sections if each.heading.startswith("Wat is te laat")]

    assert len(stuck.rows) == 2
    assert stuck.more == f"En nog {len(found.stuck) - 2}."


def replace_limits(**more: int):  # type: ignore[no-untyped-def]
    from regie.reports.steering import ON_SCREEN

    return replace(ON_SCREEN, **more)


@pytest.mark.parametrize(
    ("title", "ua"),
    [
        ('#import "/etc/passwd": *  #read("x") = kop', True),
        ("$ sum $ @ref <label> <script>alert(1)</script> `raw` _a_ *b* [c] \\ // weg /* ook */", True),
        ("\"aan\" 'halen' “tekens”", True),
        ("مأوى الصفصاف", True),
        ("Opvang 😀 漢字", False),
    ],
)
def test_a_hostile_title_is_only_text(opvang: Subject, title: str, ua: bool) -> None:
    found = gather_steering_facts(opvang)
    rows = tuple((title, *row[1:]) for row in found.stuck)

    reader = pdf(replace(found, title=title, stuck=rows, rooms=(title,)))

    assert len(reader.pages) == 1
    assert is_tagged(reader)
    assert is_ua(reader) is ua
    assert title in str(reader.metadata.title)  # type: ignore[union-attr]
    if title.isascii():
        assert title.replace(" ", "") in text(reader).replace(" ", "")


def test_very_long_titles_everywhere_still_give_one_sheet(opvang: Subject) -> None:
    found, long = gather_steering_facts(opvang), "Een onmogelijk lange titel die maar doorgaat " * 40
    row = (long,) * 5
    worst = replace(
        found, title=long, rooms=(long,) * 30, laws=(long,) * 30, gates=(row,) * 60, stuck=(row[:4],) * 110,
        longest=(row[:4],) * 4, moved=(long,) * 110, phases=(row[:4],) * 30, earlier_on="1 mei 2027",
        today=long, kind=long, chain_to=long,
    )  # fmt: skip

    assert len(pdf(worst).pages) == 1


def test_a_word_that_never_ends_is_refused_or_fits(opvang: Subject) -> None:
    found = gather_steering_facts(opvang)

    assert len(pdf(replace(found, title="W" * 5_000, stuck=(("W" * 5_000,) * 4,) * 50)).pages) == 1


def test_when_even_the_shortest_does_not_fit_it_says_so(opvang: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regie.reports.steering._count_pages", lambda _: 2)

    with pytest.raises(Incomplete, match="does not fit"):
        make_steering_pdf(gather_steering_facts(opvang), "nl", "x", NOW)


def test_the_fonts_are_those_that_come_along(opvang: Subject) -> None:
    reader = pdf(gather_steering_facts(opvang))
    fonts = reader.pages[0]["/Resources"]["/Font"].values()  # type: ignore[index]

    names = {str(each.get_object()["/BaseFont"]).partition("+")[2] for each in fonts}

    assert names <= {"LibertinusSerif-Regular", "LibertinusSerif-Bold"} or all(
        each.startswith("LibertinusSerif") for each in names
    )


def test_the_same_facts_give_the_same_bytes(opvang: Subject) -> None:
    found = gather_steering_facts(opvang)

    first, second = (make_steering_pdf(found, "nl", "x", NOW).content for _ in range(2))

    assert first == second


# --- the pages -------------------------------------------------------------------------------------------


@pytest.fixture
def desk(sqlite_engine: Engine, clock: VirtualClock, browse: Browse) -> Desk:
    return make_desk(sqlite_engine, clock, browse)


@pytest.fixture
def lead(desk: Desk) -> TestClient:
    return desk.signs_in()


def test_page_and_pdf_say_the_same(lead: TestClient) -> None:
    page, sheet = lead.get(PAGE), lead.get(PDF)

    assert (page.status_code, sheet.status_code) == (200, 200)
    assert sheet.headers["content-type"] == "application/pdf"
    assert sheet.headers["content-disposition"] == 'inline; filename="stuurgroep-de-wilg-2027-06-03.pdf"'
    words, read = said(page), text(PdfReader(io.BytesIO(sheet.content)))
    for each in ("Stand van zaken De Wilg", "Halen we de datums?", "Go-besluit nemen", "College", "29 juni 2027"):
        assert each in words, each
        assert each in read, each


def test_what_moved_since_the_last_report_is_there(desk: Desk, lead: TestClient) -> None:
    steps = [
        replace(each, planned=each.planned._replace(early_finish=date(2027, 6, 8)) if each.planned else None)
        for each in desk.traject().cycles[0].occurrences.values()
    ]
    with write_scope(desk.context.engine) as session:
        save_reported(session, desk.traject_id, 1, REPORT, date(2027, 6, 1), steps)

    assert "Wat is verschoven sinds 1 juni 2027?" in said(lead.get(PAGE))


def test_english_reader_gets_english(lead: TestClient) -> None:
    sheet = PdfReader(io.BytesIO(lead.get(f"{PDF}?taal=en").content))

    assert "Will we keep the dates?" in said(lead.get(f"{PAGE}?taal=en"))
    assert "Will we keep the dates?" in text(sheet)
    assert sheet.trailer["/Root"]["/Lang"] == "en"


@pytest.mark.parametrize("path", [PAGE, PDF])
def test_reader_may_have_it_and_others_get_nothing(desk: Desk, path: str) -> None:
    assert desk.signs_in(Right(Role.READER)).get(path).status_code == 200
    assert desk.signs_in(Right(Role.READER, 1), name="Ria Rest").get(path.replace("wilg", "eik")).status_code == 404
    assert desk.browse().get(path).status_code == 303
