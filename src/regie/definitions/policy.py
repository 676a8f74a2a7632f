"""Compile who hears what: the author's choices over sensible defaults."""

from __future__ import annotations

from collections.abc import Mapping

from regie.core.definition import Kind, NoticePolicy, Rung
from regie.core.ids import RoleId
from regie.core.span import Span, Unit
from regie.definitions.draft import Draft
from regie.definitions.findings import quote

PARTS = ("responsible", "accountable", "consulted", "informed", "lead")
"""The parts in a step that a notice may name, beside roles."""

DEFAULT_TO: Mapping[Kind, tuple[str, ...]] = {
    Kind.READY: ("responsible",),
    Kind.DUE_SOON: ("responsible",),
    Kind.DUE: ("responsible",),
    Kind.OVERDUE: ("responsible",),
    Kind.DATE_MOVED: ("responsible",),
    Kind.DONE: ("informed",),
    Kind.DECISION_NEEDED: ("responsible", "accountable"),
    Kind.DECISION_TAKEN: ("responsible", "consulted", "informed"),
    Kind.HANDED_OVER: ("responsible", "lead"),
    Kind.DATE_PROPOSED: ("lead",),
    Kind.PROPOSAL_ANSWERED: ("responsible",),
    Kind.DECLINED: ("lead",),
    Kind.QUESTION_ASKED: ("lead",),
    Kind.CYCLE_STARTED: ("responsible",),
}
DEFAULT_LADDER = (
    Rung(Span(3, Unit.WORKING_DAYS), ("accountable",)),
    Rung(Span(8, Unit.WORKING_DAYS), ("lead",)),
)
# the ladder says who hears of an escalation, an answer goes to who asked, and a digest holds what its reader would hear anyway
_SETTABLE = {
    kind.value: kind for kind in Kind if kind not in (Kind.ESCALATED, Kind.ENDED, Kind.DIGEST, Kind.QUESTION_ANSWERED)
}


def compile_policy(draft: Draft) -> NoticePolicy:
    """Compile the notices of a definition; a kind set to an empty list is told to nobody."""
    part = draft.part.notices
    to = dict(DEFAULT_TO)
    for name, recipients in part.to.items():
        kind = _SETTABLE.get(name)
        if kind is None:
            draft.report.add(
                "RG405",
                draft.places.at_key("notices", "to", name),
                f"unknown kind of notice {quote(name)}",
                "use ladder for escalations" if name == Kind.ESCALATED else "",
                word="" if name == Kind.ESCALATED else name,
                known=_SETTABLE,
            )
        known = _recipients(draft, recipients, "notices", "to", name)
        if kind is not None:
            to[kind] = known
    ladder = tuple(
        Rung(
            draft.span(rung.after, "notices", "ladder", number, "after", least=0),
            _recipients(draft, rung.to, "notices", "ladder", number, "to"),
        )
        for number, rung in enumerate(part.ladder)
    )
    lead = part.lead if part.lead and draft.refer("role", part.lead, "notices", "lead") else None
    return NoticePolicy(
        to=to,
        remind=longest_first(draft.spans(part.remind, "notices", "remind")),
        ladder=ladder if "ladder" in part.model_fields_set else DEFAULT_LADDER,
        moved_at_least=draft.span(part.moved_at_least, "notices", "moved_at_least", least=0),
        lead=RoleId(lead) if lead else None,
    )


def longest_first(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    """Order reminders by the days that they come before the due date."""
    return tuple(sorted(spans, key=lambda span: span.amount * _DAYS[span.unit], reverse=True))


_DAYS = {
    Unit.WORKING_DAYS: 1.4,
    Unit.DAYS: 1.0,
    Unit.WEEKS: 7.0,
    Unit.MONTHS: 30.4,
    Unit.YEARS: 365.25,
}


def _recipients(draft: Draft, names: list[str], *path: str | int) -> tuple[str, ...]:
    known = {**dict.fromkeys(PARTS), **draft.part.roles}
    for number, name in enumerate(names):
        if name not in known:
            mark = draft.places.at(*path, number)
            message = f"unknown recipient {quote(name)}"
            draft.report.add("RG401", mark, message, word=name, known=known)
    return tuple(dict.fromkeys(name for name in names if name in known))
