"""Documents that automated steps make, from the traject's own facts: read only, no clock, no database.

The startnota skeleton, the indicator sheet of the baseline, and the report for the steering group.
"""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from regie.core.definition import Definition, Step, text_in
from regie.core.ids import OccurrenceKey, RoleId, StepId
from regie.core.meetings import DecidingBody
from regie.core.plan import Plan
from regie.core.traject import Cycle, Occurrence, State, Traject
from regie.text.phrases import STATES
from regie.text.sentences import explain_chain, explain_finding, say_count, say_date, say_step

Names = Mapping[RoleId, tuple[str, ...]]

SOON = timedelta(days=45)
_THEMES = (
    ("f3-monitoring-bewonerservaring", "Rapportcijfer van bewoners voor veiligheid en eigen regie"),
    ("f3-monitoring-locatie", "Bezetting, storingen en meldingen rond de locatie"),
    ("f3-monitoring-samenwerking", "Aandeel afspraken dat partners nakomen"),
    ("f3-monitoring-meedoen", "Deelname aan taal, vrijwilligerswerk, sport en school"),
    ("f3-monitoring-inburgering", "Weken tot brede intake en PIP; aandeel begonnen in de opvang"),
    ("f3-monitoring-arbeidsmarkt", "Aantal matches, sectoren en duur"),
)


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was made: its name, its media type and its bytes."""

    name: str
    mime: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Subject:
    """What a document is about."""

    traject: Traject
    cycle: Cycle
    plan: Plan
    today: date
    names: Names
    language: str = "nl"

    @property
    def definition(self) -> Definition:
        return self.cycle.definition

    def open_steps(self) -> Iterator[tuple[OccurrenceKey, Occurrence, Step]]:
        for key, occurrence in self.cycle.occurrences.items():
            if occurrence.state.is_open and occurrence.planned is not None:
                yield key, occurrence, self.definition.steps[key.step]

    def holder(self, step: Step) -> str:
        """Who has the ball: the people of the responsible role, else the role."""
        if step.responsible is None:
            return "-"
        names = self.names.get(step.responsible, ())
        role = self.definition.roles.get(step.responsible)
        title = text_in(role.title, self.language) if role else step.responsible
        return f"{', '.join(names)} ({title})" if names else title


def make_startnota(subject: Subject) -> tuple[Document, ...]:
    """The skeleton of the startnota: what is known is filled in, what people must write is asked."""
    definition = subject.definition
    lines = [
        f"# Startnota: {subject.traject.title}",
        "",
        f"Concept van {say_date(subject.today)}, gemaakt door Regie.",
        "",
    ]
    lines += ["## 1. Aanleiding", "", "*Beschrijf hier waarom de gemeente deze opvang opent.*", ""]
    lines += ["## 2. Uitgangspunten en kaders", ""]
    for question in definition.questions.values():
        answer = subject.cycle.answers.get(question.id)
        lines.append(f"- {text_in(question.ask, 'nl')} **{_answer(answer)}**")
    lines += ["", "## 3. Aanpak en besluiten", ""]
    lines += _gate_table(subject, list(_gates(subject)))
    lines += ["", "## 4. Planning", "", "| Fase | Begin | Einde | Stappen |", "|---|---|---|---|"]
    for phase, first, last, count in phase_windows(subject):
        lines.append(f"| {phase} | {say_date(first)} | {say_date(last)} | {count} |")
    lines += ["", "## 5. Partners", "", "| Rol | Wie |", "|---|---|"]
    for role in definition.roles.values():
        who = ", ".join(subject.names.get(role.id, ())) or "*nog niemand*"
        lines.append(f"| {_cell(text_in(role.title, 'nl'))} | {_cell(who)} |")
    lines += ["", "## 6. Risico's die de planning nu laat zien", ""]
    errors = [explain_finding(finding, definition) for finding in subject.plan.findings if finding.severity == "error"]
    lines += [f"- {said}" for said in errors] or ["- Geen: alle streefdatums en wettelijke datums zijn haalbaar."]
    lines += ["", "## 7. Voorbereidingsbudget", "", "*Vul in.*", "", "## 8. Communicatielijn", ""]
    lines += ["*Wie hoort wat, in welke volgorde? De omwonenden horen het voor het openbaar wordt.*", ""]
    return _both("startnota", "Startnota", lines)


def make_indicator_sheet(subject: Subject) -> tuple[Document, ...]:
    """The indicator sheet of the baseline: the six themes of phase 3, with rhythm and owner, to be filled in."""
    header = ["Thema", "Indicator", "Ritme", "Eigenaar", "Bron", "Nulmeting", "Datum"]
    rows = []
    for step_id, indicator in _THEMES:
        step = subject.definition.steps.get(StepId(step_id))
        if step is None:
            continue
        rhythm = (
            say_count(step.repeats[0].every.amount, step.repeats[0].every.unit.value) if step.repeats else "eenmalig"
        )
        rows.append([text_in(step.title, "nl"), indicator, f"elke {rhythm}", subject.holder(step), "", "", ""])
    lines = [
        f"# Indicatorenblad: {subject.traject.title}",
        "",
        f"Gemaakt op {say_date(subject.today)}. Alleen aantallen, nooit",
        "personen. Onder de vijf: schrijf '<5'.",
        "",
    ]
    lines += [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
    lines += [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows]
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([[_harmless(cell) for cell in row] for row in rows])
    sheet = Document("indicatorenblad.csv", "text/csv", out.getvalue().encode("utf-8-sig"))
    return (*_both("indicatorenblad", "Indicatorenblad", lines), sheet)


def make_steering_report(subject: Subject) -> tuple[Document, ...]:
    """One page for the steering group: what threatens the opening, decisions coming up, what is late and who has it."""
    lines = [
        f"# Stand van zaken: {subject.traject.title}",
        "",
        f"{say_date(subject.today)}, doorloop {subject.cycle.number}.",
        "",
    ]
    lines += ["## Wat bedreigt de opening", ""]
    threats = [finding for finding in subject.plan.findings if finding.code in ("RG351", "RG352")]
    for finding in threats:
        lines.append(f"- {explain_finding(finding, subject.definition)}")
    if not threats:
        lines.append("Niets: alle streefdatums en wettelijke datums zijn haalbaar.")
        lines += _longest_chain(subject)
    lines += ["", f"## Besluiten in de komende {SOON.days} dagen", ""]
    soon = [
        each for each in _gates(subject) if each[1].planned and each[1].planned.early_finish <= subject.today + SOON
    ]
    lines += _gate_table(subject, soon) if soon else ["Geen."]
    lines += ["", "## Te laat, en bij wie ligt het", ""]
    late = [
        (key, occurrence, step)
        for key, occurrence, step in subject.open_steps()
        if occurrence.planned and occurrence.planned.due_on and occurrence.planned.due_on < subject.today
        and occurrence.state is not State.NOT_YET
    ]  # fmt: skip
    for key, occurrence, step in late[:12]:
        due = occurrence.planned.due_on if occurrence.planned else None
        lines.append(
            f"- {say_step(subject.definition, key)}: was {say_date(due) if due else '-'}, {subject.holder(step)}"
        )
    lines += [] if late else ["Niets is te laat."]
    lines += ["", "## Voortgang per fase", "", "| Fase | Begin | Einde | Klaar |", "|---|---|---|---|"]
    for phase, first, last, count in phase_windows(subject):
        done = sum(
            each.state is State.DONE
            for key, each in subject.cycle.occurrences.items()
            if text_in(subject.definition.phases[subject.definition.steps[key.step].phase].title, "nl") == phase
        )
        lines.append(f"| {phase} | {say_date(first)} | {say_date(last)} | {done} van {count} |")
    return _both(f"stuurgroep-{subject.today.isoformat()}", "Stand van zaken", lines)


def phase_windows(subject: Subject) -> list[tuple[str, date, date, int]]:
    """Per phase its title, first and last day, and number of steps that take part. Windows may overlap."""
    windows = []
    for phase in subject.definition.phases.values():
        planned = [
            each.planned
            for key, each in subject.cycle.occurrences.items()
            if subject.definition.steps[key.step].phase == phase.id and each.planned and not each.state.is_out
        ]
        if planned:
            first, last = min(each.early_start for each in planned), max(each.early_finish for each in planned)
            windows.append((text_in(phase.title, subject.language), first, last, len(planned)))
    return windows


def _longest_chain(subject: Subject) -> list[str]:
    anchor = next((each for each in subject.definition.anchors.values() if each.target_required and each.set_by), None)
    place = subject.plan.first_places.get(anchor.set_by) if anchor and anchor.set_by else None
    if place is None or not subject.plan.is_planned(place):
        return []
    key = subject.plan.network.activities[place].key
    said = explain_chain(subject.plan.chain_to(key), subject.plan)
    return ["", "De langste keten naar de opening:", "", *(f"{number}. {line}" for number, line in enumerate(said, 1))]


def _gates(subject: Subject) -> Iterator[tuple[OccurrenceKey, Occurrence, Step]]:
    found = [each for each in subject.open_steps() if each[2].gate is not None]
    yield from sorted(found, key=lambda each: each[1].planned.early_finish if each[1].planned else date.max)


def _gate_table(subject: Subject, gates: Sequence[tuple[OccurrenceKey, Occurrence, Step]]) -> list[str]:
    lines = ["| Besluit | Wie besluit | Datum | Stukken uiterlijk | Stand |", "|---|---|---|---|---|"]
    for key, occurrence, step in gates:
        planned = occurrence.planned
        if planned is None or step.gate is None:
            continue
        body = next((each for name, each in subject.definition.bodies.items() if name == step.gate.decided_by), None)
        who = text_in(body.title, "nl") if body else _role(subject, step.gate.decided_by)
        papers = _papers(body, planned.early_finish)
        lines.append(
            f"| {_cell(say_step(subject.definition, key))} | {_cell(who)} | {say_date(planned.early_finish)} | "
            f"{papers} | {STATES['nl'][occurrence.state]} |"
        )
    return lines


def _role(subject: Subject, role: str) -> str:
    found = subject.definition.roles.get(RoleId(role))
    return text_in(found.title, "nl") if found else role


def _papers(body: DecidingBody | None, meets_on: date) -> str:
    meeting = body.next_feasible(meets_on, date.min) if body else None
    return say_date(meeting.papers_due_on) if meeting and meeting.held_on == meets_on else "-"


def _answer(answer: object) -> str:
    if isinstance(answer, bool):
        return "ja" if answer else "nee"
    if isinstance(answer, frozenset):
        return ", ".join(sorted(answer))
    return "-" if answer is None else str(answer)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _both(name: str, title: str, lines: Sequence[str]) -> tuple[Document, Document]:
    markdown = "\n".join(lines) + "\n"
    return (
        Document(f"{name}.md", "text/markdown", markdown.encode()),
        Document(f"{name}.html", "text/html", _page(title, lines).encode()),
    )


_STYLE = """@page{size:A4;margin:18mm}body{font:15px/1.5 Verdana,Arial,sans-serif;max-width:46em;margin:2em auto;
padding:0 1em;color:#1b1b1b}h1{font-size:1.5em}h2{font-size:1.15em;margin-top:1.4em}table{border-collapse:collapse;width:100%}
td,th{border:1px solid #767676;padding:.3em .5em;text-align:left;vertical-align:top}"""


def _page(title: str, lines: Sequence[str]) -> str:
    """The few marks that these documents use, as a printable page."""
    body: list[str] = []
    state = ""
    for line in [*lines, ""]:
        kind = (
            "table" if line.startswith("|") else "ul" if line.startswith("- ") else "ol" if _is_numbered(line) else ""
        )
        if state and kind != state:
            body.append(f"</{state}>")
        if kind and kind != state:
            body.append(f"<{kind}>")
            is_head = kind == "table"
        state = kind
        if kind == "table":
            if not line.startswith("|---"):
                cells = line.strip("|").split(" | ")
                tag = "th" if is_head else "td"
                body.append("<tr>" + "".join(f"<{tag}>{_marked(cell.strip())}</{tag}>" for cell in cells) + "</tr>")
                is_head = False
        elif kind:
            body.append(f"<li>{_marked(line.split(' ', 1)[1])}</li>")
        elif line.startswith("#"):
            level = len(line) - len(line.lstrip("#"))
            body.append(f"<h{level}>{_marked(line[level:].strip())}</h{level}>")
        elif line:
            body.append(f"<p>{_marked(line)}</p>")
    page = "\n".join(body)
    return f'<!doctype html>\n<html lang="nl"><head><meta charset="utf-8"><title>{html.escape(title)}</title><style>{_STYLE}</style></head><body>\n{page}\n</body></html>\n'


def _is_numbered(line: str) -> bool:
    number, dot, _ = line.partition(". ")
    return bool(dot) and number.isdigit()


def _marked(text: str) -> str:
    safe = html.escape(text.replace("\\|", "|"))
    parts = safe.split("**")
    bold = "".join(f"<strong>{part}</strong>" if number % 2 else part for number, part in enumerate(parts))
    return f"<em>{bold[1:-1]}</em>" if bold.startswith("*") and bold.endswith("*") and len(bold) > 2 else bold
