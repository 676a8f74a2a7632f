"""Wake a flow now. The only module here that imports Prefect, and only when it is called.

A doorbell that nobody hears costs time, never correctness: the schedules find the work anyway.
"""

from __future__ import annotations

import logging

log = logging.getLogger(__name__)

RECONCILE = "reconcile/reconcile"
DELIVER = "deliver/deliver"


def ring(deployment: str, *, reason: str, api_url: str | None = None) -> bool:
    """Ask for a run of a deployment; say whether Prefect took the request."""
    from prefect.deployments import run_deployment
    from prefect.settings import PREFECT_API_URL, temporary_settings

    try:
        with temporary_settings({PREFECT_API_URL: api_url} if api_url else {}):
            run_deployment(deployment, parameters={"reason": reason}, timeout=0, as_subflow=False)
    except Exception as error:  # noqa: BLE001 - whatever Prefect raises, the schedule finds the work later
        log.warning("doorbell.unheard deployment=%s error=%s", deployment, type(error).__name__)
        return False
    return True
