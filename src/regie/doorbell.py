"""Wake the sweep now, so that what somebody just did is carried on within seconds.

Speaks to Prefect's API with the standard library: importing Prefect would cost a command a second and more.
A doorbell that nobody hears costs time, never correctness: the schedules find the work anyway.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from regie.core.changes import Changes
from regie.core.traject import State
from regie.settings import Settings

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 10
BUSY = 503
"""What Prefect says when its own database is busy: that it can be asked again."""
PAUSES_SECONDS = (0.2, 0.6, 1.2)
"""How long to wait before each time that it is asked again."""
DOORBELL = "deployments/name/reconcile/reconcile"
ADDRESS_FILE = "prefect-api"
"""In the data folder while ``regie up`` runs: where its Prefect answers."""

Move = tuple[int, str, str]
"""Traject, step, and the state that it came in. Ids only."""


def find_api(settings: Settings) -> str | None:
    """Where a Prefect listens for us: as was set, or the one of ``regie up`` on this data folder; None without."""
    if "prefect_api_url" in settings.model_fields_set:
        return settings.prefect_api_url
    try:
        return (settings.data_dir / ADDRESS_FILE).read_text(encoding="ascii").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def hang_up(folder: Path, api_url: str) -> None:
    """Let commands on this data folder find the Prefect that runs now."""
    (folder / ADDRESS_FILE).write_text(api_url + "\n", encoding="ascii")


def take_down(folder: Path) -> None:
    (folder / ADDRESS_FILE).unlink(missing_ok=True)


def ring(settings: Settings, *, reason: str, moves: Iterable[Move] = ()) -> bool:
    """Ask for a sweep, which also wakes delivery; say whether Prefect took the request."""
    api_url = find_api(settings)
    if api_url is None:
        return False
    try:
        deployment = _ask(f"{api_url}/{DOORBELL}")
        wanted = {"parameters": {"reason": reason, "moves": list(moves)}, "state": {"type": "SCHEDULED"}}
        _ask(f"{api_url}/deployments/{deployment['id']}/create_flow_run", wanted)
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.info("doorbell.unheard error=%s", type(error).__name__)
        return False
    return True


def ring_about(settings: Settings, traject_id: int = 0, changes: Changes | None = None) -> bool:
    """Ring for what somebody just did: steps that came to another state, or to be ready."""
    moved = [each for each in changes.transitions if each.before or each.after is State.READY] if changes else []
    return ring(settings, reason="doorbell", moves=[(traject_id, str(each.key), each.after.value) for each in moved])


def _ask(url: str, body: object = None) -> Any:
    headers = {"Content-Type": "application/json"}
    if secret := os.environ.get("PREFECT_API_AUTH_STRING"):
        headers["Authorization"] = "Basic " + base64.b64encode(secret.encode()).decode()
    sent = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, sent, headers)  # noqa: S310 - set by the operator, or by regie up
    for pause in (*PAUSES_SECONDS, 0):
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code != BUSY or not pause:
                raise
            time.sleep(pause)
    raise AssertionError  # the last pause is none
