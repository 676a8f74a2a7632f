"""Files that were handed over as evidence: to be saved, never shown by the browser as a page of ours."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from regie.web.deps import ActorNow, Now, Reading, ShellNow
from regie.web.handing_out import send_file

router = APIRouter()


@router.get("/bestanden/{file_id}")
def download_file(file_id: str, shell: ShellNow, actor: ActorNow, session: Reading, now: Now) -> Response:
    """Send a file, when the reader may see the step that it proves."""
    return send_file(shell, session, file_id, actor, now)
