"""One run per automated step that became ready, so that phase steps show up as Prefect runs."""

from __future__ import annotations

import asyncio

from prefect import flow, tags
from prefect.runtime import flow_run

from flows.automations import find_run_name, run_automation
from flows.setting import current


def _name() -> str:
    given = flow_run.parameters
    setting = current()
    return find_run_name(setting.context, given["traject_id"], given["cycle"], given["step"])


@flow(name="run-step", flow_run_name=_name, log_prints=False)
async def run_step(traject_id: int, cycle: int, step: str, key: str = "") -> str:
    """Run the action of an automated step; done before, or no longer ready: nothing. Gives the document's name."""
    setting = await asyncio.to_thread(current)
    name = await asyncio.to_thread(find_run_name, setting.context, traject_id, cycle, step)
    with tags(f"traject:{name.split('/')[0]}"):
        return await asyncio.to_thread(
            run_automation, setting.context, traject_id, cycle, step, key, setting.clock(), setting.documents
        )
