"""For machines that watch Regie: does it live, can it work, is everything up to date. And whom to tell of a weakness."""

from __future__ import annotations

from datetime import UTC, timedelta

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse, Response

from regie.web.deps import Now, ShellNow, is_answering, look_at_health

router = APIRouter()
_GOOD_FOR = timedelta(days=180)


@router.get("/_healthz/livez")
def show_live() -> Response:
    """The process answers; touches nothing else."""
    return JSONResponse({"status": "ok"})


@router.get("/_healthz/readyz")
def show_ready(shell: ShellNow) -> Response:
    """The database answers too."""
    works = is_answering(shell.context.engine)
    return JSONResponse({"status": "ok" if works else "unavailable"}, 200 if works else 503)


@router.get("/_healthz")
def show_health(shell: ShellNow, now: Now) -> Response:
    """All of it. Sweeps that stay away give ``behind`` with 200: starting the pages again would not help."""
    health = look_at_health(shell.context.engine, now)
    status = "unavailable" if not health.works else "behind" if health.is_behind else "ok"
    body = {
        "status": status,
        "database": health.database,
        "lastSweepSeconds": _seconds(health.sweep_age),
        "oldestPendingSeconds": _seconds(health.waiting_for),
    }
    return JSONResponse(body, 200 if health.works else 503)


def _seconds(age: timedelta | None) -> int | None:
    return None if age is None else int(age.total_seconds())


@router.get("/.well-known/security.txt")
def show_security_contact(shell: ShellNow, now: Now) -> Response:
    """RFC 9116: whom to tell, and until when that holds."""
    if not shell.settings.security_contact:
        raise HTTPException(404)
    expires = (now + _GOOD_FOR).astimezone(UTC).replace(microsecond=0)
    lines = [
        f"Contact: {shell.settings.security_contact}",
        f"Expires: {expires.isoformat().replace('+00:00', 'Z')}",
        "Preferred-Languages: nl, en",
        f"Canonical: {shell.settings.base_url}/.well-known/security.txt",
    ]
    return PlainTextResponse("\n".join(lines) + "\n")
