"""The report for the steering group: a page, and a PDF of one sheet."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from regie.reports.steering import look_for_steering, make_steering_paper
from regie.reports.step_view import look_at
from regie.reports.subject import Subject
from regie.web.deps import ContextNow, Now, PagesNow, Reading, SeesConfidential, Today
from regie.web.handing_out import send_report
from regie.web.routes.trajects import CycleNumber

router = APIRouter()


def get_subject(
    request: Request, slug: str, sees: SeesConfidential, pages: PagesNow, context: ContextNow,
    session: Reading, today: Today, doorloop: CycleNumber = 0,
) -> Subject:  # fmt: skip
    return look_at(
        session, context.shelf, slug, today, pages.language(request), cycle=doorloop,
        sees_confidential=sees,
    )  # fmt: skip


SubjectNow = Annotated[Subject, Depends(get_subject)]


@router.get("/trajecten/{slug}/stuurgroep")
def show_report(request: Request, subject: SubjectNow, pages: PagesNow, session: Reading) -> Response:
    """How a traject stands, for who steers it."""
    paper = make_steering_paper(look_for_steering(session, subject), subject.language)
    return pages.render(
        request, "steering.html", paper=paper, traject=subject.traject.slug, traject_title=subject.traject.title,
        cycle=subject.cycle.number,
    )  # fmt: skip


@router.get("/trajecten/{slug}/stuurgroep.pdf")
def give_report(subject: SubjectNow, session: Reading, now: Now) -> Response:
    """The same on one sheet of A4."""
    return send_report(session, subject, now)
