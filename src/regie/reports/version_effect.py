"""What would become of a running traject were it to follow another version; nothing is moved and nothing is saved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from regie.core.checks import find_threats
from regie.core.definition import Definition
from regie.core.findings import PlanFinding
from regie.core.plan import Plan
from regie.core.settle import settle
from regie.core.traject import Cycle
from regie.core.versions import only_days_differ
from regie.text.sentences import explain_finding


@dataclass(frozen=True, slots=True)
class VersionEffect:
    """What would move in one cycle.

    Args:
        is_known: False when the steps differ too: then no answer is given rather than a wrong one.
        later: steps that would be done later; ``earlier`` likewise.
        most_days: the largest move, in working days of the new version; negative is earlier.
        broken: targets and legal dates that hold now and then would not, in sentences; ``mended`` the other way round.
    """

    is_known: bool
    later: int = 0
    earlier: int = 0
    most_days: int = 0
    broken: tuple[str, ...] = ()
    mended: tuple[str, ...] = ()


def effect_of_version(cycle: Cycle, new: Definition, today: date, language: str = "nl") -> VersionEffect:
    """Plan a running cycle with the days of another version, and compare."""
    if not only_days_differ(cycle.definition, new):
        return VersionEffect(is_known=False)
    before, old_plan = settle(cycle, today)
    after, new_plan = settle(replace(cycle, definition=new), today)
    moves = []
    for key, occurrence in after.occurrences.items():
        old = before.occurrences.get(key)
        if old is None or old.planned is None or occurrence.planned is None or not occurrence.state.is_open:
            continue
        if old.planned.early_finish != occurrence.planned.early_finish:
            moves.append(new.calendar.working_days_between(old.planned.early_finish, occurrence.planned.early_finish))
    held, holds = _threats(old_plan), _threats(new_plan)
    return VersionEffect(
        is_known=True,
        later=sum(each > 0 for each in moves),
        earlier=sum(each < 0 for each in moves),
        most_days=max(moves, key=abs, default=0),
        broken=tuple(explain_finding(each, new, language) for key, each in holds.items() if key not in held),
        mended=tuple(
            explain_finding(each, cycle.definition, language) for key, each in held.items() if key not in holds
        ),
    )


def _threats(plan: Plan) -> dict[tuple[str, str, str], PlanFinding]:
    return {(each.code, str(each.key), str(each.anchor)): each for each in find_threats(plan)}
