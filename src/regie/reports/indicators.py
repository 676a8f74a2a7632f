"""The indicator sheet of the baseline: what is measured in phase 3, by whom and how often, with room to fill in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from regie.core.definition import Text, text_in
from regie.core.ids import OccurrenceKey, StepId
from regie.core.traject import Occurrence
from regie.reports import csv_table
from regie.reports.paper import write
from regie.reports.subject import Document, Row, Subject
from regie.text.dates import say_date, say_every
from regie.text.phrases import say
from regie.text.rules import say_role


@dataclass(frozen=True, slots=True)
class Indicator:
    """What is counted, and where the number comes from. Numbers of people only, never persons."""

    what: Text
    source: Text


def _indicator(nl: str, en: str, source_nl: str, source_en: str) -> Indicator:
    return Indicator({"nl": nl, "en": en}, {"nl": source_nl, "en": source_en})


_REGISTERED = ("registratie, alleen aantallen", "registration, counts only")
_SURVEY = ("bewonersmeting, anoniem en in eigen taal", "survey of residents, anonymous, in their own language")

# Per theme of phase 3; what is measured follows what the step calls done.
INDICATORS: Mapping[StepId, tuple[Indicator, ...]] = {
    StepId("f3-monitoring-bewonerservaring"): (
        _indicator("Rapportcijfer voor veiligheid op de locatie", "Mark for safety at the location", *_SURVEY),
        _indicator("Aandeel dat zelf keuzes kan maken", "Share that can make own choices", *_SURVEY),
    ),
    StepId("f3-monitoring-locatie"): (
        _indicator("Bezetting: bewoners per plek", "Occupancy: residents per place", *_REGISTERED),
        _indicator(
            "Dagen tot een storing is verholpen", "Days until a fault is mended", "onderhoudslijst", "maintenance list"
        ),
        _indicator(
            "Meldingen uit de buurt per maand",
            "Reports from the neighbourhood per month",
            "contactpunt omwonenden",
            "contact point for neighbours",
        ),
    ),
    StepId("f3-monitoring-samenwerking"): (
        _indicator("Aandeel afspraken dat op tijd klaar was", "Share of agreements kept in time", "Regie", "Regie"),
        _indicator(
            "Rapportcijfer van partners voor de regie",
            "Mark of partners for the direction",
            "partnermeting",
            "survey of partners",
        ),
    ),
    StepId("f3-monitoring-meedoen"): (
        _indicator("Aandeel volwassenen met taalles", "Share of adults with language lessons", *_REGISTERED),
        _indicator(
            "Aantal bewoners in vrijwilligerswerk of sport", "Residents in voluntary work or sports", *_REGISTERED
        ),
        _indicator("Aandeel leerplichtigen op school", "Share of pupils at school", *_REGISTERED),
    ),
    StepId("f3-monitoring-inburgering"): (
        _indicator("Weken van koppeling tot brede intake", "Weeks from linking to broad intake", *_REGISTERED),
        _indicator("Weken van brede intake tot PIP", "Weeks from broad intake to integration plan", *_REGISTERED),
        _indicator("Aandeel dat in de opvang begint", "Share that starts in reception", *_REGISTERED),
    ),
    StepId("f3-monitoring-arbeidsmarkt"): (
        _indicator("Aantal matches, per sector", "Matches, per sector", *_REGISTERED),
        _indicator("Aandeel dat na zes maanden nog werkt", "Share still at work after six months", *_REGISTERED),
        _indicator("Rapportcijfer van werkgevers", "Mark of employers", "werkgeversmeting", "survey of employers"),
    ),
}
_COLUMNS = (
    "column_theme", "column_indicator", "column_source", "column_rhythm", "column_owner", "column_first",
    "column_baseline", "column_baseline_on", "column_target", "column_signal",
)  # fmt: skip
_TO_FILL_IN = 4


def make_indicator_sheet(subject: Subject) -> tuple[Document, ...]:
    """Write the sheet as Markdown, as a page to print, and as a table for a spreadsheet."""
    language = subject.language
    columns = [say(column, language) for column in _COLUMNS]
    rows = list(_rows(subject))
    facts: dict[str, object] = {
        "title": subject.traject.title,
        "today": say_date(subject.today, language),
        "columns": columns,
        "rows": rows,
    }
    title = say("document_indicators", language, title=subject.traject.title)
    pages = write("indicatorenblad", title, "indicatoren", language, facts, is_wide=True)
    return (
        *pages,
        Document("indicatorenblad.csv", csv_table.MEDIA_TYPE, csv_table.csv_bytes(columns, _on_one_line(rows))),
    )


def _rows(subject: Subject) -> Iterator[Row]:
    language = subject.language
    for step_id, indicators in INDICATORS.items():
        step = subject.definition.steps.get(step_id)
        if step is None:
            continue
        first = _first(subject, step_id)
        if first is not None and first.state.is_out:
            rhythm, owner, on = say("not_needed", language), "-", "-"
        else:
            rhythm = say_every(step.repeats[0].every, language) if step.repeats else say("once", language)
            owner = say_role(subject.definition, step.responsible, language) if step.responsible else "-"
            on = subject.say_date(first.planned.early_finish if first and first.planned else None)
        for indicator in indicators:
            yield (
                text_in(step.title, language),
                text_in(indicator.what, language),
                text_in(indicator.source, language),
                rhythm,
                owner,
                on,
                *("",) * _TO_FILL_IN,
            )


def _first(subject: Subject, step: StepId) -> Occurrence | None:
    """The first time that a theme is measured, when it exists already."""
    occurrences = subject.cycle.occurrences
    return occurrences.get(OccurrenceKey(step, "1")) or occurrences.get(OccurrenceKey(step))


def _on_one_line(rows: Iterable[Row]) -> Iterator[Row]:
    return (tuple(" ".join(cell.split()) for cell in row) for row in rows)
