"""One cycle of the traject in the address, planned for today: what most of what the API shows is read from."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from regie.core.permissions import Permission
from regie.reports.step_view import look_at_cycle
from regie.reports.subject import Subject
from regie.web.api.access import CycleNumber, Seen, needs_in_traject
from regie.web.deps import PagesNow, Reading, ShellNow, Today

SeesTraject = Annotated[Seen, needs_in_traject(Permission.SEE_TRAJECT)]


def get_subject(
    request: Request, seen: SeesTraject, session: Reading, shell: ShellNow, pages: PagesNow, today: Today,
    cycle: CycleNumber = 0,
) -> Subject:  # fmt: skip
    """The cycle, as far as the caller may see it.

    Raises:
        NotFound: ``unknown-cycle``.
    """
    return look_at_cycle(
        session, shell.context.shelf, seen.traject_id, today, pages.language(request), cycle=cycle,
        sees_confidential=seen.sees_confidential,
    )  # fmt: skip


SubjectNow = Annotated[Subject, Depends(get_subject)]
