"""The skeleton of the startnota: what is known is filled in, what people must write is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from regie.core.definition import text_in
from regie.core.findings import PlanFinding, Severity
from regie.core.ids import OccurrenceKey, RoleId, TrackId
from regie.core.traject import State
from regie.reports.paper import write
from regie.reports.subject import Document, Row, Subject, anchor_rows, gates, phase_rows, say_room, targets
from regie.text.dates import say_date, say_period
from regie.text.phrases import say, say_list
from regie.text.rules import say_anchor, say_answer, say_role
from regie.text.sentences import explain_chain, explain_finding, why

_TALKING = (TrackId("communicatie"), TrackId("omgeving"))
_MOST_WARNINGS = 6
_MOST_TALKS = 10


def make_startnota(subject: Subject) -> tuple[Document, ...]:
    """Write the skeleton of the startnota, as Markdown and as a page to print."""
    language, definition = subject.language, subject.definition
    opening = _opening_day(subject)
    phases = phase_rows(subject)
    warnings = _warnings(subject)
    chain_key = _chain_end(subject)
    facts: dict[str, object] = {
        "title": subject.traject.title,
        "today": subject.say_date(subject.today),
        "opening": subject.say_date(opening[1]) if opening else "",
        "opening_title": opening[0] if opening else "",
        "answers": list(_answers(subject)),
        "left_out": list(_left_out(subject)),
        "terms": list(_terms(subject)),
        "count": sum(1 for _ in subject.planned_steps()),
        "abouts": [
            (text_in(phase.title, language), text_in(phase.about, language), phase.is_example)
            for phase in definition.phases.values()
        ],
        "through": say_list(
            [f"'{text_in(track.title, language)}'" for track in definition.tracks.values() if track.in_all_phases],
            language,
        ),
        "gates": [row for _, row in gates(subject)],
        "partners": list(_partners(subject)),
        "phases": phases,
        "anchors": anchor_rows(subject),
        "rooms": [say_room(target, language) for target in targets(subject)],
        "chain": explain_chain(subject.plan.chain_to(chain_key), subject.plan, language) if chain_key else [],
        "chain_to": subject.say_step(chain_key) if chain_key else "",
        "errors": [
            explain_finding(replace(finding, chain=()), definition, language)
            for finding in subject.plan.findings
            if finding.severity is Severity.ERROR
        ],
        "warnings": [explain_finding(finding, definition, language) for finding in warnings[:_MOST_WARNINGS]],
        "more_warnings": max(len(warnings) - _MOST_WARNINGS, 0),
        "secrets": list(_secrets(subject)),
        "talks": list(_talks(subject))[:_MOST_TALKS],
    }
    title = say("document_startnota", language, title=subject.traject.title)
    return write("startnota", title, "startnota", language, facts)


def _opening_day(subject: Subject) -> tuple[str, date] | None:
    """The first date that was asked for and must be reached."""
    for anchor in subject.definition.anchors.values():
        dates = subject.cycle.anchors.get(anchor.id)
        if anchor.target_required and dates is not None and dates.target is not None:
            return text_in(anchor.title, subject.language), dates.target
    return None


def _chain_end(subject: Subject) -> OccurrenceKey | None:
    return next((target.key for target in targets(subject)), None)


def _answers(subject: Subject) -> Iterator[Row]:
    for question in subject.definition.questions.values():
        answer = subject.cycle.answers.get(question.id)
        said = say_answer(subject.definition, question.id, answer, subject.language) if answer is not None else "-"
        yield text_in(question.ask, subject.language), said


def _left_out(subject: Subject) -> Iterator[Row]:
    """Steps that these answers make needless, with the reason as a clause."""
    for key, occurrence in subject.cycle.occurrences.items():
        if occurrence.state is State.NOT_APPLICABLE and not key.key and key in subject.plan.network.index:
            said = why(subject.plan, key, subject.language).rstrip(".")
            yield subject.say_step(key), said[:1].lower() + said[1:]


def _terms(subject: Subject) -> Iterator[Row]:
    for place, activity in enumerate(subject.plan.network.activities):
        legal_on = subject.plan.legal_on(place) if subject.plan.is_planned(place) else None
        if activity.term is None or legal_on is None:
            continue
        finish = date.fromordinal(subject.plan.finish_ordinal(place))
        article = activity.term.article or "-"
        yield subject.say_step(activity.key), article, subject.say_date(legal_on), subject.say_date(finish)


def _partners(subject: Subject) -> Iterator[Row]:
    """Each role that has steps: who plays it, how many steps, and when the first begins."""
    counts: Counter[RoleId] = Counter()
    firsts: dict[RoleId, date] = {}
    for _, _, step, planned in subject.planned_steps():
        if step.responsible is not None:
            counts[step.responsible] += 1
            first = firsts.get(step.responsible, planned.early_start)
            firsts[step.responsible] = min(first, planned.early_start)
    for role in subject.definition.roles:
        if not counts[role]:
            continue
        people = say_list(subject.names.get(role, ()), subject.language) or say("nobody", subject.language)
        title = say_role(subject.definition, role, subject.language)
        yield title, people, str(counts[role]), subject.say_date(firsts[role])


def _warnings(subject: Subject) -> list[PlanFinding]:
    """What needs a look, the largest first."""
    found = [finding for finding in subject.plan.findings if finding.severity is Severity.WARNING]
    return sorted(found, key=lambda finding: -finding.working_days)


def _secrets(subject: Subject) -> Iterator[Row]:
    """Until when something is confidential; once it is public there is nothing to say."""
    found = dict.fromkeys(step.confidential_until for step in subject.definition.steps.values())
    for anchor in found:
        dates = subject.cycle.anchors.get(anchor) if anchor else None
        on = subject.plan.anchor_on(anchor) if anchor else None
        if anchor is not None and on is not None and (dates is None or dates.actual is None):
            yield say_anchor(subject.definition, anchor, subject.language), say_date(on, subject.language)


def _talks(subject: Subject) -> Iterator[Row]:
    """Open steps in which people outside hear something, in order of time."""
    found = [
        (planned.early_start, planned.early_finish, key, step)
        for key, _, step, planned in subject.open_steps()
        if step.track in _TALKING and not step.repeats
    ]
    for first, last, key, step in sorted(found, key=lambda each: (each[0], each[1])):
        yield say_period(first, last, subject.language), subject.say_step(key), subject.people_in(step.responsible)
