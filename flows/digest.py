"""Each working morning: one message per person with what could wait."""

from __future__ import annotations

import asyncio

from prefect import flow

from flows.setting import current
from regie.actions.digest import make_morning_digests


@flow(name="digest", flow_run_name="digest: {reason}", log_prints=False)
async def digest(reason: str = "schedule") -> int:
    """Put the digests of today into the outbox. Twice on a day adds nothing."""
    setting = await asyncio.to_thread(current)
    return await asyncio.to_thread(
        make_morning_digests, setting.context, setting.clock(), setting.calendar, zone=setting.zone
    )
