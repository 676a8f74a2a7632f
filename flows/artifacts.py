"""Progress per traject on Prefect's pages: a table and a bar with fixed keys. Ids only, no names of people."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable

from prefect import get_client
from prefect.artifacts import acreate_progress_artifact, acreate_table_artifact
from prefect.events import emit_event
from prefect.runtime import flow_run

from flows.setting import Setting, current
from regie.core.traject import State, Traject
from regie.doorbell import Move
from regie.store.session import read_scope
from regie.store.trajects import load_traject


def tag_of(slug: str) -> str:
    return f"traject:{slug}"


async def tag_run(slug: str) -> None:
    """Tag the run that this is called in; ``prefect.tags`` reaches only what a run starts itself."""
    async with get_client() as client:
        await client.update_flow_run(flow_run.id, tags={*flow_run.tags, tag_of(slug)})


def show_moves(moves: Iterable[Move]) -> None:
    """Tell Prefect which steps came in which state, as events ``regie.step.<state>``."""
    for traject_id, step, state in moves:
        emit_event(
            event=f"regie.step.{state.replace(' ', '-')}",
            resource={"prefect.resource.id": f"regie.traject.{traject_id}.{step}"},
            payload={"traject": traject_id, "step": step},
        )


async def show_progress(traject_id: int) -> None:
    """Renew the table and the bar of a traject."""
    setting = await asyncio.to_thread(current)
    traject = await asyncio.to_thread(_load, setting, traject_id)
    rows, share = progress_of(traject)
    key = f"traject-{traject_id}"
    await acreate_table_artifact(key=f"{key}-fasen", table=rows, description=f"traject {traject.slug}")
    await acreate_progress_artifact(progress=share, key=f"{key}-voortgang", description=f"traject {traject.slug}")


def progress_of(traject: Traject) -> tuple[list[dict[str, str | int]], float]:
    """Per running cycle and phase: open, busy, done and not needed; and the share that is done, 0-100."""
    rows: list[dict[str, str | int]] = []
    done = total = 0
    for cycle in traject.running():
        phases: dict[str, Counter[str]] = {phase: Counter() for phase in cycle.definition.phases}
        for key, occurrence in cycle.occurrences.items():
            phases[cycle.definition.steps[key.step].phase][_group(occurrence.state)] += 1
        for phase, counts in phases.items():
            row: dict[str, str | int] = {"cycle": cycle.number, "phase": phase}
            row.update({name: counts[name] for name in ("not yet", "open", "done", "not needed")})
            rows.append(row)
            done += counts["done"]
            total += counts["not yet"] + counts["open"] + counts["done"]
    return rows, round(100 * done / total, 1) if total else 100.0


def _group(state: State) -> str:
    if state.is_out:
        return "not needed"
    if state in (State.DONE, State.NOT_YET):
        return state.value
    return "open"


def _load(setting: Setting, traject_id: int) -> Traject:
    with read_scope(setting.context.engine) as session:
        return load_traject(session, traject_id, setting.context.shelf, for_change=False)
