"""Send events to other programs, every minute; apart from the post, so that neither waits for the other."""

from __future__ import annotations

import asyncio

from prefect import flow

from flows.setting import current
from regie.actions.deliver_events import deliver_events as deliver_all
from regie.notify.webhook import Names, WebhookSender
from regie.settings import load_settings


@flow(name="deliver-events", flow_run_name="deliver events: {reason}", log_prints=False)
async def deliver_events(reason: str = "schedule") -> dict[str, int]:
    """Send what is due. Retries and back-off are in the queue, not here."""
    setting = await asyncio.to_thread(current)
    settings = load_settings()
    if not settings.cloudevents_source:
        return {"sent": 0, "failed": 0}
    done = await asyncio.to_thread(
        deliver_all,
        setting.context,
        WebhookSender.from_settings(settings),
        Names.from_settings(settings),
        setting.clock,
    )
    return {"sent": done.sent, "failed": done.failed}
