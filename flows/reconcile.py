"""The hourly sweep, and the doorbell: look at every traject that needs a look, chunk by chunk."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime

from prefect import flow, task

from flows.artifacts import show_moves, show_progress
from flows.deliver import deliver
from flows.run_step import run_step
from flows.setting import Setting, current
from regie.actions.reconcile import Swept, close_sweep, find_chunk, open_sweep, reconcile_chunk
from regie.core.changes import WantedRun
from regie.doorbell import Move
from regie.store.session import in_transaction
from regie.store.trajects import mark_dirty

SHOWN_AT_MOST = 20
"""Trajects whose progress is shown per sweep; the server writes some fifty things a second."""

MOST_PASSES = 10
"""How often a sweep looks again; what is left, as after a clock that went back, is for the next one."""

Run = tuple[int, WantedRun]


@task(name="look at a chunk", task_run_name="look at {count} trajects", retries=2, retry_delay_seconds=5)
def look_at_chunk(ids: list[int], count: int, now: datetime) -> Swept:
    """One task per chunk, one transaction per traject; never a task per step or row."""
    del count  # names the run
    return reconcile_chunk(current().context, ids, now)


@flow(name="reconcile", flow_run_name="reconcile: {reason}", log_prints=False)
async def reconcile(reason: str = "schedule", moves: list[Move] | None = None) -> dict[str, int]:
    """Sweep until nothing is left that needs a look; run automated steps; wake delivery.

    A doorbell that rings meanwhile is cancelled, so what it rang for is found by looking again.

    Args:
        moves: what a person just did, by ids, to show in Prefect.
    """
    setting = await asyncio.to_thread(current)
    await asyncio.to_thread(open_sweep, setting.context, setting.clock())
    swept, tried, failed = Swept(), set[Run](), set[Run]()
    for _ in range(MOST_PASSES):
        found = await _look(setting)
        swept += found
        if not found.looked_at:
            break
        wanted = [run for run in found.runs if run not in tried]
        tried.update(wanted)
        # marked first: a run that is lost or cancelled halfway is found by the next sweep
        await _keep_awake(setting, wanted)
        failed.update([run for run in wanted if not await _run(*run)])
    await _keep_awake(setting, failed)
    await asyncio.to_thread(close_sweep, setting.context)
    shown = [*(moves or []), *swept.moves]
    changed = {traject_id for traject_id, _, _ in shown} | {traject_id for traject_id, _ in tried}
    for traject_id in sorted(changed)[:SHOWN_AT_MOST]:
        await show_progress(traject_id)
    show_moves(shown)
    await deliver(reason="reconcile")
    return {
        "looked_at": swept.looked_at,
        "notices": swept.notices,
        "failed": len(swept.failed),
        "failed_runs": len(failed),
    }


async def _look(setting: Setting) -> Swept:
    """Look once at all that need it. What day it is, is asked once: a look over midnight is of one day."""
    now = setting.clock()
    swept, after = Swept(), 0
    while ids := await asyncio.to_thread(find_chunk, setting.context, now, after=after):
        swept += await asyncio.to_thread(look_at_chunk, list(ids), len(ids), now)
        after = ids[-1]
    return swept


async def _run(traject_id: int, run: WantedRun) -> bool:
    """Run an automated step; one that fails is red in Prefect and holds up nobody else."""
    state = await run_step(traject_id, run.cycle, run.key.step, run.key.key, return_state=True)
    return state.is_completed()


async def _keep_awake(setting: Setting, runs: Iterable[Run]) -> None:
    trajects = {traject_id for traject_id, _ in runs}
    if trajects:
        await asyncio.to_thread(
            in_transaction, setting.context.engine, lambda session: mark_dirty(session, sorted(trajects))
        )
