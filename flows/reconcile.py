"""The hourly sweep, and the doorbell: look at every traject that needs a look, chunk by chunk."""

from __future__ import annotations

import asyncio

from prefect import flow, task
from prefect.events import emit_event

from flows.artifacts import show_progress
from flows.deliver import deliver
from flows.run_step import run_step
from flows.setting import current
from regie.actions.reconcile import Swept, find_chunk, open_sweep, reconcile_chunk

SHOWN_AT_MOST = 20
"""Trajects whose progress is shown per sweep; the server writes some fifty things a second."""


@task(name="look at a chunk", task_run_name="look at {count} trajects", retries=2, retry_delay_seconds=5)
def look_at_chunk(ids: list[int], count: int) -> Swept:
    """One task per chunk, one transaction per traject; never a task per step or row."""
    del count  # names the run
    setting = current()
    return reconcile_chunk(setting.context, ids, setting.clock())


@flow(name="reconcile", flow_run_name="reconcile: {reason}", log_prints=False)
async def reconcile(reason: str = "schedule") -> dict[str, int]:
    """Sweep until nothing is left that needs a look; then run automated steps and wake delivery."""
    setting = await asyncio.to_thread(current)
    await asyncio.to_thread(open_sweep, setting.context, setting.clock())
    swept, after = Swept(), 0
    while ids := await asyncio.to_thread(find_chunk, setting.context, setting.clock(), after=after):
        swept += await asyncio.to_thread(look_at_chunk, list(ids), len(ids))
        after = ids[-1]
    for traject_id, run in swept.runs:
        await run_step(traject_id, run.cycle, run.key.step, run.key.key)
    for traject_id in swept.changed[:SHOWN_AT_MOST]:
        await show_progress(traject_id)
    for traject_id, step, state in swept.moves:
        emit_event(
            event=f"regie.step.{state.replace(' ', '-')}",
            resource={"prefect.resource.id": f"regie.traject.{traject_id}.{step}"},
            payload={"traject": traject_id, "step": step},
        )
    if swept.notices:
        await deliver(reason="reconcile")
    return {"looked_at": swept.looked_at, "notices": swept.notices, "failed": len(swept.failed)}
