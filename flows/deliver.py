"""Empty the outbox, every minute or woken by a doorbell."""

from __future__ import annotations

import asyncio

from prefect import flow

from flows.setting import current
from regie.actions.deliver import deliver as deliver_all


@flow(name="deliver", flow_run_name="deliver: {reason}", log_prints=False)
async def deliver(reason: str = "schedule") -> dict[str, int]:
    """Hand over what is due. Retries and back-off are in the outbox, not here: a run never repeats a message."""
    setting = await asyncio.to_thread(current)
    done = await asyncio.to_thread(
        deliver_all, setting.context, setting.sender, setting.clock, setting.owner, setting.postage
    )
    return {"sent": done.sent, "refused": done.refused, "uncertain": done.uncertain, "withdrawn": done.withdrawn}
