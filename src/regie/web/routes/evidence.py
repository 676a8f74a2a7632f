"""Files that were handed over as evidence: to be saved, never shown by the browser as a page of ours."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response, StreamingResponse

from regie.core.permissions import Permission
from regie.errors import NotFound, Refused
from regie.reports.evidence_file import find_evidence
from regie.uploads import download_headers
from regie.web.deps import ActorNow, Now, Reading, ShellNow, note_refusal, open_file

router = APIRouter()


@router.get("/bestanden/{file_id}")
def download_file(file_id: str, shell: ShellNow, actor: ActorNow, session: Reading, now: Now) -> Response:
    """Send a file, when the reader may see the step that it proves."""
    try:
        found = find_evidence(session, shell.context.shelf, file_id, actor, now)
    except (NotFound, Refused) as error:
        if error.code in ("nothing-here", "not-allowed"):
            about = (
                f"file:{file_id}"
                if file_id.isascii() and file_id.replace("-", "").isalnum() and len(file_id) <= 64
                else "file:-"
            )
            note_refusal(shell.context, actor, now, f"{Permission.SEE_TRAJECT} {about}")
        raise
    name = found.name or found.id
    return StreamingResponse(
        open_file(shell, found),
        headers=dict(download_headers(name, found.media_type, found.size)),
    )
