"""Prefect's own scheduler plans the runs: with a library that it cannot work with, it plans none and says so only in a log."""

from __future__ import annotations

import asyncio
import time

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import DeploymentFilter, FlowRunFilter
from prefect.client.schemas.objects import StateType

from flows.serve import deployments

pytestmark = pytest.mark.prefect


async def planned(names: set[str], within: float = 60) -> set[str]:
    """The deployments that have a run planned."""
    found: set[str] = set()
    ends = time.monotonic() + within
    async with get_client() as client:
        while found != names and time.monotonic() < ends:
            await asyncio.sleep(0.5)
            found = {
                name
                for name in names
                if await client.read_flow_runs(
                    deployment_filter=DeploymentFilter(name={"any_": [name]}),  # type: ignore[arg-type]
                    flow_run_filter=FlowRunFilter(state={"type": {"any_": [StateType.SCHEDULED]}}),  # type: ignore[arg-type]
                    limit=1,
                )
            }
    return found


@pytest.mark.usefixtures("prefect_api")
def test_sweep_delivery_and_digest_are_planned_by_the_server() -> None:
    for each in deployments():
        each.apply()

    assert asyncio.run(planned({"reconcile", "deliver", "deliver-events", "digest"})) == {
        "reconcile",
        "deliver",
        "deliver-events",
        "digest",
    }
