"""Register and serve the deployments in one process: ``python -m flows.serve``, a child of ``regie up``."""

from __future__ import annotations

from prefect import serve
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron

from flows.deliver import deliver
from flows.deliver_events import deliver_events
from flows.digest import digest
from flows.reconcile import reconcile
from flows.rerun_cycle import rerun_cycle
from flows.run_step import run_step
from flows.setting import current
from flows.start_traject import start_traject

ZONE = "Europe/Amsterdam"
HOURLY = "0 7-19 * * 1-5"
EVERY_MINUTE = "* * * * *"
EVERY_MORNING = "30 7 * * 1-5"
ONE_AT_A_TIME = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW)


def deployments() -> list[RunnerDeployment]:
    """The deployments, as ``prefect.yaml`` has them."""
    # outside an event loop to_deployment gives a deployment; its type also allows a coroutine
    made = [
        deliver.to_deployment(
            "deliver", schedules=[Cron(EVERY_MINUTE, timezone=ZONE)], concurrency_limit=ONE_AT_A_TIME
        ),
        deliver_events.to_deployment(
            "deliver-events", schedules=[Cron(EVERY_MINUTE, timezone=ZONE)], concurrency_limit=ONE_AT_A_TIME
        ),
        digest.to_deployment("digest", schedules=[Cron(EVERY_MORNING, timezone=ZONE)], concurrency_limit=ONE_AT_A_TIME),
        start_traject.to_deployment("start-traject"),
        rerun_cycle.to_deployment("rerun-cycle"),
        run_step.to_deployment("run-step"),
        # last, because `regie up` says that it runs as soon as this one can be found
        reconcile.to_deployment("reconcile", schedules=[Cron(HOURLY, timezone=ZONE)], concurrency_limit=ONE_AT_A_TIME),
    ]
    return [each for each in made if isinstance(each, RunnerDeployment)]


if __name__ == "__main__":
    current()  # a wrong setting stops here, with its own words
    serve(*deployments(), pause_on_shutdown=False, print_starting_message=False)
