"""One run per automated step that became ready, so that phase steps show up as Prefect runs."""

from __future__ import annotations

import asyncio

from prefect import flow
from prefect.runtime import flow_run

from flows.artifacts import show_moves, tag_run
from flows.automations import find_run_name, run_automation
from flows.setting import current
from regie.core.traject import State


def _name() -> str:
    given = flow_run.parameters
    setting = current()
    return find_run_name(setting.context, given["traject_id"], given["cycle"], given["step"])


@flow(name="run-step", flow_run_name=_name, log_prints=False)
async def run_step(traject_id: int, cycle: int, step: str, key: str = "") -> str:
    """Run the action of an automated step; done before, or no longer ready: nothing. Gives the document's name."""
    setting = await asyncio.to_thread(current)
    name = await asyncio.to_thread(find_run_name, setting.context, traject_id, cycle, step)
    await tag_run(name.split("/")[0])
    made = await asyncio.to_thread(
        run_automation, setting.context, traject_id, cycle, step, key, setting.clock(), setting.documents
    )
    if made:
        show_moves([(traject_id, f"{step}@{key}" if key else step, State.IN_PROGRESS.value)])
    return made
