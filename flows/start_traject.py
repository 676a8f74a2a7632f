"""Start a traject, from the command line, the web or Prefect's own pages."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

from prefect import flow, tags

from flows.artifacts import show_progress, tag_of, tag_run
from flows.deliver import deliver
from flows.setting import current
from regie.actions.start_traject import NewTraject, slug_of
from regie.actions.start_traject import start_traject as start
from regie.definitions import load_definition, sources_of


@flow(name="start-traject", flow_run_name="start {title}", log_prints=False)
async def start_traject(
    title: str,
    start_on: date,
    definition: str = "opvang",
    answers: dict[str, Any] | None = None,
    targets: dict[str, date] | None = None,
    slug: str = "",
    by: str = "prefect",
    request_id: str = "",
) -> int:
    """Validate, create the traject and its first cycle, plan it, tell partners. Gives the traject's number."""
    setting = await asyncio.to_thread(current)
    chosen = await asyncio.to_thread(load_definition, definition)
    sources = await asyncio.to_thread(sources_of, definition)
    new = NewTraject(
        title, start_on, answers or {}, targets or {}, slug=slug or slug_of(title), zone=setting.zone, by=by
    )
    await tag_run(new.slug)
    with tags(tag_of(new.slug)):
        traject_id, _ = await asyncio.to_thread(
            start, setting.context, sources, chosen, new, setting.clock(), request_id=request_id
        )
        await show_progress(traject_id)
        await deliver(reason=f"start {new.slug}")
    return traject_id
