"""Plan a definition without a traject, to see what it would look like."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from regie.core.definition import Definition
from regie.core.ids import AnchorId
from regie.core.opening import open_cycle
from regie.core.plan import Plan
from regie.core.settle import settle
from regie.core.traject import Cycle


def plan_definition(
    definition: Definition,
    start_on: date,
    answers: Mapping[str, object],
    targets: Mapping[str, date],
    today: date | None = None,
) -> tuple[Cycle, Plan]:
    """Open a cycle in memory and plan it.

    Args:
        targets: of anchors; one that is missing is planned forwards.
        today: nothing is planned before it; the start when not given.

    Raises:
        Refused: ``bad-answers`` names every answer and target that is missing or wrong.
    """
    cycle = open_cycle(
        definition,
        start_on=start_on,
        answers=answers,
        targets={AnchorId(anchor): day for anchor, day in targets.items()},
        require_targets=False,
    )
    return settle(cycle, today or start_on)
