"""Open the next cycle of a traject: the phases again, to improve or to expand."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

from prefect import flow, tags

from flows.artifacts import show_progress, tag_of, tag_run
from flows.deliver import deliver
from flows.setting import current
from regie.actions.start_cycle import NextCycle, start_cycle
from regie.store.session import read_scope
from regie.store.trajects import find_traject_id


@flow(name="rerun-cycle", flow_run_name="{kind} of {slug}", log_prints=False)
async def rerun_cycle(
    slug: str,
    kind: str,
    start_on: date,
    after: int,
    idempotency_key: str,
    answers: dict[str, Any] | None = None,
    targets: dict[str, date] | None = None,
    by: str = "prefect",
) -> int:
    """Open a cycle by the rerun codes of the definition; the same key twice opens one. Gives its number.

    Args:
        after: the newest cycle that the administrator saw; who asks when there is a newer one is told so.
    """
    setting = await asyncio.to_thread(current)

    def work() -> tuple[int, int]:
        with read_scope(setting.context.engine) as session:
            traject_id = find_traject_id(session, slug)
        new = NextCycle(kind, start_on, idempotency_key, answers or {}, targets or {}, by, after)
        return traject_id, start_cycle(setting.context, traject_id, new, setting.clock())[0]

    await tag_run(slug)
    with tags(tag_of(slug)):
        traject_id, number = await asyncio.to_thread(work)
        await show_progress(traject_id)
        await deliver(reason=f"rerun {slug}")
    return number
