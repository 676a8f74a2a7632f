"""The documents of automated steps: what is known is filled in, and nothing breaks out of its cell."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from typing import Any

import pytest

from regie.core.definition import Rhythm
from regie.core.ids import RoleId, StepId
from regie.core.span import Span
from regie.core.traject import Occurrence, State
from regie.definitions import load_definition
from regie.reports.documents import (
    Document,
    Subject,
    make_indicator_sheet,
    make_startnota,
    make_steering_report,
    phase_windows,
)
from regie.reports.indicators import INDICATORS
from regie.reports.paper import escape_markdown
from tests.support.builders import key
from tests.text.town import NAMES, OPENING, START, cycle_on, fact, traject

D = date.fromisoformat
PEOPLE = {RoleId(role): (name,) for role, name in NAMES.items()}
MAKERS = (make_startnota, make_indicator_sheet, make_steering_report)


def subject(
    today: str = "2027-02-10",
    *facts: Occurrence,
    opening: date = OPENING,
    language: str = "nl",
    title: str = "Opvang De Wilg",
    **more: Any,
) -> Subject:
    cycle, plan = cycle_on(D(today), *facts, opening=opening)
    return Subject(traject(cycle, title=title), cycle, plan, D(today), PEOPLE, language, **more)


def on_the_way(**more: Any) -> Subject:
    """The vision is done, the note is late, the estimate is being made."""
    return subject(
        "2027-02-10",
        fact("visie", started_on=START, finished_on=D("2027-01-20")),
        fact("nota", started_on=D("2027-01-21")),
        fact("raming", started_on=D("2027-01-11"), waiting_for=RoleId("ggd")),
        **more,
    )


def text(documents: tuple[Document, ...], ending: str = ".md") -> str:
    return next(each for each in documents if each.name.endswith(ending)).content.decode("utf-8-sig")


def table_after(markdown: str, heading: str) -> list[list[str]]:
    """The rows of the first table below a heading, without its head."""
    below = markdown.split(f"{heading}\n", 1)[1]
    rows = re.search(r"(?:^\|.*\n?)+", below, re.MULTILINE)
    assert rows is not None, heading
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows[0].splitlines()[2:]]


class Page(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.said = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.said += data


# --- the report for the steering group ----------------------------------------------------------------


def test_the_report_says_whether_the_opening_holds_and_where_the_time_goes() -> None:
    markdown = text(make_steering_report(on_the_way(opening=D("2027-05-03"))))

    assert (
        "- **'Opening' op 3 mei 2027 lukt niet: het plan komt uit op 27 mei 2027, 14 werkdagen te laat.**" in markdown
    )
    assert table_after(markdown, "## Halen we de datums?") == [
        ["Raadsbesluit nemen", "11 februari tot en met 11 maart 2027", "21", "Henk de Boer"],
        ["Vergunning aanvragen", "12 tot en met 16 maart 2027", "3", "Fatma Yildiz"],
        ["Vergunning krijgen", "17 maart tot en met 11 mei 2027", "34", "Henk de Boer"],
        ["Inrichten", "12 tot en met 26 mei 2027", "10", "Fatma Yildiz"],
    ]


def test_the_report_says_how_much_room_there_is() -> None:
    markdown = text(make_steering_report(on_the_way()))

    assert re.search(
        r"'Opening' op 1 september 2027 lukt: het plan komt uit op .+ 2027, met \d+ werkdagen speling\.", markdown
    )


def test_the_report_names_decisions_with_who_decides_and_when_papers_are_due() -> None:
    markdown = text(make_steering_report(on_the_way()))

    assert table_after(markdown, "## Welke besluiten komen eraan?") == [
        ["Raadsbesluit nemen", "Gemeenteraad", "11 maart 2027", "18 februari 2027", "nog niet"]
    ]


def test_the_report_says_what_is_stuck_and_who_has_the_ball() -> None:
    markdown = text(make_steering_report(on_the_way()))

    assert table_after(markdown, "## Wat is te laat of wacht, en bij wie ligt de bal?") == [
        ["Nota schrijven", "27 januari 2027", "bezig", "Fatma Yildiz"],
        ["Omwonenden informeren", "1 februari 2027", "kan beginnen", "Marieke Smit"],
        ["Raming maken", "-", "wacht op een partner", "Marieke Smit"],
    ]


def test_of_a_late_step_that_cannot_start_the_ball_lies_with_who_is_before_it() -> None:
    markdown = text(make_steering_report(subject("2027-03-10")))

    rows = {row[0]: row for row in table_after(markdown, "## Wat is te laat of wacht, en bij wie ligt de bal?")}
    assert rows["Raadsbesluit nemen"] == ["Raadsbesluit nemen", "1 maart 2027", "nog niet", "Fatma Yildiz"]
    assert rows["Visie vaststellen"][3] == "Joost van Dam"


def test_the_report_says_what_moved_since_the_one_before() -> None:
    earlier = {each.key: each.planned for each in subject("2027-01-04").cycle.occurrences.values() if each.planned}

    markdown = text(make_steering_report(on_the_way(earlier=earlier, earlier_on=D("2027-01-04"))))

    assert "## Wat is verschoven sinds 4 januari 2027?" in markdown
    assert (
        "- 'Nota schrijven' is klaar op 10 februari 2027 in plaats van 22 januari 2027: 13 werkdagen later." in markdown
    )
    assert "Visie vaststellen' is klaar" not in markdown  # what is done is done


def test_a_first_report_compares_with_nothing() -> None:
    assert "verschoven" not in text(make_steering_report(on_the_way()))


def test_a_quiet_project_has_a_quiet_report() -> None:
    markdown = text(make_steering_report(subject("2027-01-04")))

    assert "Niets is te laat en niemand wacht op een ander." in markdown


def test_the_report_counts_per_phase() -> None:
    markdown = text(make_steering_report(on_the_way()))

    assert table_after(markdown, "## Hoe ver zijn we?") == [
        ["Voorbereiden", "4 januari tot en met 11 maart 2027", "7", "1"],
        ["Uitvoeren", "12 maart tot en met 1 september 2027", "7", "0"],
    ]


def test_lists_are_cut_so_that_it_stays_one_page() -> None:
    names = ["visie", "nota", "raming", "kader", "rustig", "informeren", "besluit", "aanvraag"]
    given = subject("2027-02-10", *(fact(name, waiting_for=RoleId("ggd")) for name in names))

    markdown = text(make_steering_report(given))

    assert len(table_after(markdown, "## Wat is te laat of wacht, en bij wie ligt de bal?")) == 6
    assert "En nog 2 andere." in markdown


def test_the_report_is_named_after_its_day() -> None:
    names = [each.name for each in make_steering_report(on_the_way())]

    assert names == ["stuurgroep-2027-02-10.md", "stuurgroep-2027-02-10.html"]


# --- the startnota ------------------------------------------------------------------------------------


def test_the_startnota_has_the_chapters_that_its_step_asks_for() -> None:
    markdown = text(make_startnota(on_the_way()))

    assert re.findall(r"^## (.+)$", markdown, re.MULTILINE) == [
        "Gevraagd besluit",
        "1. Aanleiding",
        "2. Uitgangspunten",
        "3. Beleidskaders",
        "4. Aanpak",
        "5. Planning",
        "6. Voorbereidingsbudget",
        "7. Communicatielijn",
    ]


def test_the_startnota_fills_in_the_answers_and_what_they_make_needless() -> None:
    markdown = text(make_startnota(on_the_way()))

    assert table_after(markdown, "## 2. Uitgangspunten") == [
        ["Hoeveel plekken?", "80"],
        ["Welke vorm?", "Eigen exploitatie"],
        ["Voor wie?", "Gezinnen"],
        ["Ligt de locatie vast?", "nee"],
    ]
    assert "- Tolken opvolgen: hoort bij 'Tolken regelen', en die stap doet niet mee." in markdown


def test_the_startnota_lists_decisions_partners_terms_and_milestones() -> None:
    markdown = text(make_startnota(on_the_way()))

    assert ["Vergunning krijgen", "Omgevingswet 16.64", "11 mei 2027", "11 mei 2027"] in table_after(
        markdown, "## 3. Beleidskaders"
    )
    assert table_after(markdown, "### Besluiten")[0][:3] == ["Raadsbesluit nemen", "Gemeenteraad", "11 maart 2027"]
    assert ["Schoolbestuur", "nog niemand", "1", "5 augustus 2027"] in table_after(markdown, "### Partners")
    milestones = markdown.split("| Mijlpaal |")[1]
    assert "| Start | 4 januari 2027 | gebeurd |" in milestones
    assert "| Opening | 1 september 2027 | streefdatum |" in milestones
    assert "| Locatie openbaar |" in milestones


def test_the_startnota_names_the_risks_that_the_plan_shows() -> None:
    markdown = text(make_startnota(on_the_way(opening=D("2027-05-03"))))

    assert (
        "- **'Opening' op 3 mei 2027 lukt niet: het plan komt uit op 27 mei 2027, 14 werkdagen te laat.**" in markdown
    )
    assert re.search(r"^\d+\. .+: Raadsbesluit nemen \(Gemeenteraad vergadert op 11 maart 2027", markdown, re.MULTILINE)


def test_the_startnota_says_until_when_the_location_is_confidential() -> None:
    assert "- Tot 'Locatie openbaar' (" in text(make_startnota(on_the_way()))

    public = subject("2027-02-10", fact("informeren", started_on=D("2027-02-01"), finished_on=D("2027-02-02")))
    assert "vertrouwelijk" not in text(make_startnota(public))


def test_the_startnota_marks_example_content() -> None:
    assert "- **Voorbereiden.** Alles tot het besluit. *(Voorbeeldinvulling: pas aan.)*" in text(
        make_startnota(on_the_way())
    )


# --- the indicator sheet ------------------------------------------------------------------------------


def themed(**more: Any) -> Subject:
    """The town with one of the six themes of monitoring."""
    given = on_the_way(**more)
    theme = replace(
        given.definition.steps[StepId("overleg")],
        id=StepId("f3-monitoring-locatie"),
        title={"nl": "=Monitoring: locatie"},
        repeats=(Rhythm(Span.parse("3m")),),
    )
    definition = replace(given.definition, steps={**given.definition.steps, theme.id: theme})
    return replace(given, cycle=replace(given.cycle, definition=definition))


def rows_of(documents: tuple[Document, ...]) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text(documents, ".csv")), delimiter=";"))


def test_the_sheet_has_a_row_per_indicator_with_owner_rhythm_and_room_to_fill_in() -> None:
    header, *rows = rows_of(make_indicator_sheet(themed()))

    assert header == [
        "Thema", "Indicator", "Bron", "Hoe vaak", "Eigenaar", "Eerste meting", "Nulmeting", "Gemeten op", "Doel", "Signaal",
    ]  # fmt: skip
    assert [row[1] for row in rows] == [
        "Bezetting: bewoners per plek",
        "Dagen tot een storing is verholpen",
        "Meldingen uit de buurt per maand",
    ]
    assert {tuple(row[3:5]) for row in rows} == {("elke 3 maanden", "Projectleider")}
    assert {tuple(row[6:]) for row in rows} == {("", "", "", "")}


def test_no_cell_is_a_formula() -> None:
    _, *rows = rows_of(make_indicator_sheet(themed()))

    assert rows[0][0] == "'=Monitoring: locatie"


def test_a_definition_without_these_themes_says_so() -> None:
    documents = make_indicator_sheet(on_the_way())

    assert "geen stappen voor de zes thema's" in text(documents)
    assert len(rows_of(documents)) == 1


def test_a_theme_that_is_not_needed_says_so() -> None:
    given = themed()
    out = Occurrence(key("f3-monitoring-locatie@1"), state=State.NOT_APPLICABLE, out_state=State.NOT_APPLICABLE)
    given = replace(given, cycle=replace(given.cycle, occurrences={**given.cycle.occurrences, out.key: out}))

    assert rows_of(make_indicator_sheet(given))[1][3:6] == ["niet nodig", "-", "-"]


def test_the_six_themes_are_those_of_the_default_definition() -> None:
    steps = load_definition("opvang").steps
    themes = {relation.predecessor for relation in steps[StepId("f3-monitoring-uitvoering")].needs}

    assert set(INDICATORS) == themes


# --- all documents ------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("make", MAKERS)
def test_every_document_is_there_to_edit_and_to_print_in_both_languages(make: Any, language: str) -> None:
    documents = make(themed(language=language))

    assert {each.mime.split(";")[0] for each in documents} >= {"text/markdown", "text/html"}
    page = text(documents, ".html")
    assert page.startswith(f'<!doctype html>\n<html lang="{language}">')
    assert "@page { size: A4" in page
    assert not re.search(r"\{\{|\{%|None|Undefined", text(documents))


@pytest.mark.parametrize("make", MAKERS)
def test_no_title_brings_markup_of_its_own(make: Any) -> None:
    nasty = "<script>alert(1)</script> | [klik](javascript:x) *a* `b`\n# kop"

    documents = make(themed(title=nasty))

    page = Page(text(documents, ".html"))
    assert not {"script", "img", "a", "code"} & set(page.tags)
    assert not page.links
    assert "<script>alert(1)</script> | [klik](javascript:x) *a* `b` # kop" in " ".join(page.said.split())
    assert text(documents).splitlines()[0].startswith("# ")
    assert "\n# kop" not in text(documents)


@pytest.mark.parametrize(
    ("said", "escaped"),
    [
        ("3 juni 2027", "3 juni 2027"),
        ("a | b", "a \\| b"),
        ("**vet**", "\\*\\*vet\\*\\*"),
        ("een\n\nalinea", "een alinea"),
        ("`code` <b> [x]", "\\`code\\` \\<b> \\[x\\]"),
        ("_De Wilg_ en de_wilg", "\\_De Wilg\\_ en de_wilg"),
        ("R&D &amp; B&B", "R&D \\&amp; B&B"),
        ("# 3", "\\# 3"),
        ("- 3", "\\- 3"),
        ("---", "\\---"),
        ("-", "-"),
        ("> 3", "\\> 3"),
        ("12. De Wilg", "12\\. De Wilg"),
        ("1.5 fte", "1.5 fte"),
    ],
)
def test_text_means_itself_in_markdown(said: str, escaped: str) -> None:
    assert escape_markdown(said) == escaped


@pytest.mark.parametrize(
    "nasty", ["_De Wilg_", "R &lt; D", "# kop", "- punt", "---", "+ punt", "> citaat", "1. eerste", "~~~"]
)
def test_a_name_that_looks_like_markup_is_shown_as_it_is(nasty: str) -> None:
    people = {**PEOPLE, RoleId("ggd"): (nasty,)}

    page = Page(text(make_startnota(replace(on_the_way(), names=people)), ".html"))

    assert nasty in page.said
    assert page.tags.count("h1") == 1
    assert not {"hr", "blockquote"} & set(page.tags)


@pytest.mark.parametrize("make", MAKERS)
def test_every_table_can_scroll_by_itself_on_a_narrow_screen(make: Any) -> None:
    page = text(make(themed()), ".html")

    assert page.count("<table>") == page.count('<div class="wide" tabindex="0"><table>') > 0


@pytest.mark.parametrize("make", MAKERS)
def test_a_document_is_the_same_each_time_it_is_made(make: Any) -> None:
    assert make(on_the_way()) == make(on_the_way())


def test_dates_are_not_broken_over_two_lines_in_print() -> None:
    assert "1&nbsp;september&nbsp;2027" in text(make_steering_report(on_the_way()), ".html")


def test_windows_of_phases_are_given_with_their_count() -> None:
    assert phase_windows(subject("2027-01-04"))[0] == ("Voorbereiden", START, D("2027-03-11"), 7)


def test_what_was_kept_from_an_earlier_cycle_does_not_stretch_the_window_of_its_phase() -> None:
    long_ago = fact("visie", started_on=D("2024-01-08"), finished_on=D("2024-02-01"), kept_from=1)

    title, first, _, count = phase_windows(subject("2027-01-04", long_ago))[0]

    assert (title, first >= START, count) == ("Voorbereiden", True, 7)


def test_themes_in_a_sentence_are_told_apart() -> None:
    assert "Deze thema's lopen door alle fasen: 'Locatie'." in text(make_startnota(on_the_way()))
