"""Hand out what is not a page: a file that was given as evidence, to who may see the step that it proves; a report."""

from __future__ import annotations

import re
from datetime import datetime

from sqlmodel import Session
from starlette.responses import Response, StreamingResponse

from regie.core.permissions import Actor, Permission
from regie.errors import NotFound, Refused
from regie.reports.evidence_file import find_evidence
from regie.reports.steering import look_for_steering, make_steering_pdf
from regie.reports.subject import Subject
from regie.uploads import download_headers
from regie.web.deps import Shell, note_refusal, open_file

_ID = re.compile(r"[0-9A-Za-z-]{1,64}")


def send_file(
    shell: Shell, session: Session, file_id: str, actor: Actor, now: datetime, *, traject_id: int | None = None
) -> Response:
    """Answer with the bytes of a file, to be saved and never shown as a page of ours.

    Args:
        traject_id: the only traject that it may be of; None for any.

    Raises:
        NotFound, Refused: as ``find_evidence``.
        Incomplete: as ``open_file``.
    """
    try:
        found = find_evidence(session, shell.context.shelf, file_id, actor, now, traject_id=traject_id)
    except (NotFound, Refused) as error:
        if error.code in ("nothing-here", "not-allowed"):
            about = file_id if _ID.fullmatch(file_id) else "-"
            note_refusal(shell.context, actor, now, f"{Permission.SEE_TRAJECT} file:{about}")
        raise
    headers = download_headers(found.name or found.id, found.media_type, found.size)
    return StreamingResponse(open_file(shell, found), headers=dict(headers))


def send_report(session: Session, subject: Subject, now: datetime) -> Response:
    """Answer with the report for the steering group, on one sheet of A4."""
    name = f"stuurgroep-{subject.traject.slug}-{subject.today.isoformat()}"
    document = make_steering_pdf(look_for_steering(session, subject), subject.language, name, now)
    return Response(
        document.content,
        media_type=document.mime,
        headers={
            "Content-Disposition": f'inline; filename="{document.name}"',
            "Content-Language": subject.language,
        },
    )
